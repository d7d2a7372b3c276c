"""Products of tensors of any dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..ops import linalg as ops
from ..ops.shape import squeeze_one, unsqueeze, view
from ..ops.shape import t_unseen as _t
from ..tensor import Tensor

_addmm = ops.addmm


def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The matrix product: of vectors a dot product, of matrices a product, of more dimensions a batch of products."""
    for position, each in enumerate((input, other)):
        if not isinstance(each, Tensor):
            name = ("input", "other")[position]
            raise TypeError(f"matmul(): argument '{name}' (position {position + 1}) must be Tensor, not {type_name(each)}")
    a, b = input._array.ndim, other._array.ndim
    if a == 2 and b == 2:
        return ops.mm.function(input, other, out=out)
    if a == 1 and b == 1:
        return ops.dot.function(input, other, out=out)
    if a == 2 and b == 1:
        return ops.mv.function(input, other, out=out)
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == 1 and b == 2:
        return squeeze_one.function(ops.mm.function(unsqueeze.function(input, 0), other), 0)
    if b == 1:
        return squeeze_one.function(_batched(input, unsqueeze.function(other, 1)), -1)
    if a == 1:
        return squeeze_one.function(_batched(unsqueeze.function(input, 0), other), -2)
    return _batched(input, other)


def _batched(x: Tensor, y: Tensor) -> Tensor:
    """More than two dimensions: fold the batch into the rows where the right side is one matrix, else broadcast."""
    if y._array.ndim == 2 and x._array.ndim > 2:
        rows = x._array.shape[:-1]
        flat = x.reshape(-1, x._array.shape[-1])
        return view.function(ops.mm.function(flat, y), (*rows, y._array.shape[1]))
    if x._array.ndim == 3 and y._array.ndim == 3 and x._array.shape[0] == y._array.shape[0]:
        return ops.bmm.function(x, y)
    return ops.batched_mm.function(x, y)


def outer(input: Tensor, vec2: Tensor, *, out: Any = None) -> Tensor:
    """Every element of one vector times every element of the other."""
    for each in (input, vec2):
        if each._array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {'self' if each is input else 'vec2'}, but got {each._array.ndim}-D")
    return unsqueeze.function(input, 1) * vec2


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``."""
    return ops.addmm.function(input, mat1, mat2, beta=beta, alpha=alpha, out=out)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: input (..., in), weight (out, in), bias (out), result (..., out)."""
    if bias is not None and input._array.ndim == 2 and weight._array.ndim == 2:
        return _addmm.function(bias, input, _t.function(weight))
    if not isinstance(input, Tensor):
        raise TypeError(f"linear(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if weight._array.ndim == 1:
        result = matmul(input, weight)
        return result if bias is None else result + bias
    features = weight._array.shape[1] if weight._array.ndim == 2 else 0
    shape = input._array.shape
    if not shape or shape[-1] != features:
        rows = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{shape[-1] if shape else 1} and "
            f"{features}x{weight._array.shape[0]})"
        )
    flat = input if len(shape) == 2 else input.reshape(-1, shape[-1])
    transposed = _t.function(weight)
    if bias is None:
        result = ops.mm.function(flat, transposed)
    else:
        result = ops.addmm.function(bias, flat, transposed)
    return result if len(shape) == 2 else view.function(result, (*shape[:-1], weight._array.shape[0]))


__all__ = ["addmm", "matmul", "outer"]
