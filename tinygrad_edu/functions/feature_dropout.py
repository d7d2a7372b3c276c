"""Dropout of whole channels, and dropout that keeps mean and variance."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from ..inplace import in_place
from ..ops.elementwise import add, mul
from ..tensor import Tensor
from .dropout import dropout_mask

__all__ = ["alpha_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

_ALPHA = 1.7580993408473766
"""Minus the value to which SELU goes for very negative numbers."""


def _channels(input: Any) -> tuple[int, ...]:
    """The shape of one factor for each channel of each example."""
    shape: tuple[int, ...] = input._array.shape
    if len(shape) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return (*shape[:2], *(1,) * (len(shape) - 2))


def _dropped(input: Tensor, p: float, train: bool, inplace: bool) -> Tensor:
    """``input`` times one factor for each channel."""
    mask = dropout_mask(input, p, train, _channels)
    return input if mask is None else (_mul_ if inplace else mul.function)(input, mask)


def _dropped_to_alpha(input: Tensor, p: float, train: bool, inplace: bool, shape_of: Any = None) -> Tensor:
    """``input`` with elements (or what a factor of shape ``shape_of(input)`` stands for) set to -alpha, then scaled to the
    old mean and variance.
    """
    mask = dropout_mask(input, p, train, shape_of)
    times, plus = (_mul_, _add_) if inplace else (mul.function, add.function)
    if mask is None:
        return input
    if p == 1:
        return times(input, mask)
    kept = np.asarray(mask._array != 0, mask._array.dtype)
    a = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    shift = (kept - 1) * kept.dtype.type(_ALPHA * a)
    shift += kept.dtype.type(_ALPHA * a * p)
    kept *= kept.dtype.type(a)
    return plus(times(input, wrap(kept)), wrap(shift))


_mul_ = in_place(lambda input, other: mul.function(input, other), "mul_")
_add_ = in_place(lambda input, other: add.function(input, other), "add_")


def _declare(drop: Any, name: str, summary: str) -> tuple[Any, Any]:
    """``torch.name`` and ``torch.name_``."""

    def dropped(input: Tensor, p: float, train: bool) -> Tensor:
        return drop(input, p, train, False)

    def dropped_(input: Tensor, p: float, train: bool) -> Tensor:
        return drop(input, p, train, True)

    for function, doc in ((dropped, summary), (dropped_, f"In-place version of :func:`{name}`.")):
        function.__name__ = function.__qualname__ = name + "_" * (function is dropped_)
        function.__doc__ = doc
    return dropped, dropped_


feature_dropout, feature_dropout_ = _declare(
    _dropped, "feature_dropout", "In training, whole channels set to zero with probability ``p``, the others scaled."
)
torch_alpha_dropout, torch_alpha_dropout_ = _declare(
    _dropped_to_alpha, "alpha_dropout", "In training, elements set to -alpha with probability ``p``, then all scaled."
)
torch_feature_alpha_dropout, torch_feature_alpha_dropout_ = _declare(
    lambda input, p, train, inplace: _dropped_to_alpha(input, p, train, inplace, _channels),
    "feature_alpha_dropout",
    "In training, whole channels set to -alpha with probability ``p``, then all scaled.",
)


def _check_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """In training, sets elements to -alpha with probability ``p``, then scales to the old mean and variance, for SELU.

    Source: Klambauer et al., "Self-normalizing neural networks", 2017 (https://arxiv.org/abs/1706.02515).
    """
    _check_probability(p)
    return _dropped_to_alpha(input, p, training, inplace)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """:func:`alpha_dropout` of whole channels."""
    _check_probability(p)
    return _dropped_to_alpha(input, p, training, inplace, _channels)


def _takes(name: str, n: int, unbatched: str) -> str:
    dims = "dimension" if n == 1 else "dimensions"
    return (
        f"Note that {name} exists to provide channel-wise dropout on inputs with {n} spatial {dims}, a channel dimension, "
        f"and an optional batch dimension (i.e. {unbatched} inputs)."
    )


def _unbatched(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """One example as a batch."""
    if inplace:
        return _dropped(input.unsqueeze_(0), p, training, True).squeeze_(0)
    return _dropped(input.unsqueeze(0), p, training, False).squeeze(0)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, sets whole channels of (N, C, L) or (C, L) to zero with probability ``p`` and scales the others."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. " + _takes("dropout1d", 1, "2D or 3D")
        )
    return _dropped(input, p, training, inplace) if ndim == 3 else _unbatched(input, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, sets whole channels of (N, C, H, W) to zero with probability ``p`` and scales the others."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (3, 4):
        _warn_of_dims("dropout2d", ndim, 2, "3D or 4D")
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - "
            "input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future "
            "release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D "
            "channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _dropped(input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, sets whole channels of (N, C, D, H, W) to zero with probability ``p`` and scales the others."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (4, 5):
        _warn_of_dims("dropout3d", ndim, 3, "4D or 5D")
    return _dropped(input, p, training, inplace) if ndim == 5 else _unbatched(input, p, training, inplace)


def _warn_of_dims(name: str, ndim: int, n: int, unbatched: str) -> None:
    warnings.warn(
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an error in a future release. "
        "To retain the behavior and silence this warning, please use dropout instead. " + _takes(name, n, unbatched),
        stacklevel=3,
    )
