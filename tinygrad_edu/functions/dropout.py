"""Dropout: elements set to zero at random (Srivastava et al., 2014)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..dtypes import from_numpy_dtype
from ..inplace import in_place
from ..ops.elementwise import mul
from ..random import default_generator
from ..tensor import Tensor

__all__ = ["dropout", "dropout_"]


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """In training, ``input`` times a mask that is 0 with probability ``p`` and else 1 / (1 - p); otherwise ``input`` itself."""
    mask = dropout_mask(input, p, train)
    return input if mask is None else mul.function(input, mask)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place version of :func:`dropout`."""
    mask = dropout_mask(input, p, train)
    return input if mask is None else _mul_(input, mask)


_mul_ = in_place(lambda input, mask: mul.function(input, mask), "dropout_")


def dropout_mask(input: Any, p: Any, train: bool, shape_of: Any = None) -> Tensor | None:
    """The factors, or None where dropout changes nothing. p = 1 draws nothing.

    Their shape is ``shape_of(input)``, if it is not the input's.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"dropout(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if not isinstance(p, (int, float)) and not getattr(p, "ndim", 1) == 0:
        raise TypeError(f"dropout(): argument 'p' (position 2) must be float, not {type_name(p)}")
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {float(p):g}")
    array = input._array
    if p == 0 or not train or not array.size:
        return None
    if p == 1:
        return wrap(np.zeros((), array.dtype))
    if array.dtype.kind in "biu":
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {from_numpy_dtype(array.dtype).legacy_name}"
        )
    mask = np.empty_like(array) if shape_of is None else np.empty(shape_of(input), array.dtype)
    return wrap(default_generator._engine.dropout_mask(mask, float(p)))
