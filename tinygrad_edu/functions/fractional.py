"""Fractional max pooling: the random places of the windows, and PyTorch's checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.fractional import FRACTIONAL_MAX_POOLS
from ..random import rand
from ..tensor import Tensor

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

_AXES = {2: ("height", "width"), 3: ("time", "height", "width")}
_WORDS = {2: "Ints", 3: "three Ints"}


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The maxima of windows of images (N, C, H, W) at random places, as many as ``output_size`` says.

    The windows of an image's channel begin at ⌊α (i + u)⌋ - ⌊α u⌋, with α = (size - kernel) / (outputs - 1) and a random u.

    Args:
        kernel_size: the size of a window.
        output_size: the size of the result.
        output_ratio: the same as a part of the input's.
        return_indices: whether to return also where the maxima are.

    Source: Graham, "Fractional max-pooling", 2015 (https://arxiv.org/abs/1412.6071).
    """
    found = _pool(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """As :func:`fractional_max_pool2d`, of volumes (N, C, T, H, W)."""
    found = _pool(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """:func:`fractional_max_pool2d` with ``return_indices``."""
    return _pool(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """:func:`fractional_max_pool3d` with ``return_indices``."""
    return _pool(3, input, kernel_size, output_size, output_ratio, _random_samples)


def _ints(name: str, argument: str, value: Any, n: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(values) not in (1, n):
        raise RuntimeError(f"{name}: {argument} must either be a single Int or tuple of {_WORDS[n]}")
    return values * n if len(values) == 1 else values


def _pool(n: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any) -> Any:
    name = f"fractional_max_pool{n}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        if n == 2 and len(output_ratio) > 2:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        ratios = tuple(output_ratio) if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * n
        output_size = [int(input.size(axis - n) * ratios[axis]) for axis in range(n)]
    batch, channels = 1 if input.dim() == n + 1 else input.size(0), input.size(-n - 1)
    if samples is None:
        samples = rand(batch, channels, n, dtype=input.dtype)
    kernel, outputs = _ints(name, "kernel_size", kernel_size, n), _ints(name, "output_size", output_size, n)
    x, drawn = input._array, samples._array
    for axis in range(input.dim() - n - 1, input.dim()):
        if not x.shape[axis]:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but got{list(x.shape)} with "
                f"dimension {axis} being empty."
            )
    if drawn.dtype != x.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if drawn.ndim != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {drawn.ndim}")
    if drawn.shape[0] < batch:
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    for word, size, width, count in zip(_AXES[n], x.shape[-n:], kernel, outputs, strict=True):
        if count + width - 1 > size - (n == 3):  # PyTorch wants one to spare of volumes
            called = name if n == 2 else f"{name}_out"
            raise RuntimeError(f"{called}(): pool {word} {width} too large relative to input {word} {size}")
    drawn = drawn[0] if input.dim() == n + 1 else drawn[:batch]
    order = (1, 0) if n == 2 else (0, 1, 2)  # PyTorch draws the width of an image first
    starts = [
        _starts(drawn[..., which], size, count, width)
        for which, size, count, width in zip(order, x.shape[-n:], outputs, kernel, strict=True)
    ]
    return FRACTIONAL_MAX_POOLS[n].function(input, starts, kernel)


def _starts(u: np.ndarray, size: int, count: int, width: int) -> np.ndarray:
    """Where the windows along one axis begin; the last ends where the axis does."""
    starts = np.zeros((*u.shape, count), np.int64)
    if count > 1:
        step = u.dtype.type((size - width) / u.dtype.type(count - 1))
        places = (np.arange(count - 1, dtype=u.dtype) + u[..., np.newaxis]) * step
        starts[..., :-1] = places.astype(np.int64) - (u * step).astype(np.int64)[..., np.newaxis]
    starts[..., -1:] = size - width
    return starts
