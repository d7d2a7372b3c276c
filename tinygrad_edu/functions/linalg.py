"""Products of tensors of any dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import write_out
from ..ops import linalg as ops
from ..ops import shape as shapes
from ..ops.elementwise import mul
from ..ops.shape import axis_of
from ..tensor import Tensor
from .shape import reshape

_affine, _t = ops.affine, shapes.t_unseen


def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The matrix product: of vectors a dot product, of matrices a product, of more dimensions a batch of products."""
    for position, each in enumerate((input, other)):
        if not isinstance(each, Tensor):
            name = ("input", "other")[position]
            raise TypeError(f"matmul(): argument '{name}' (position {position + 1}) must be Tensor, not {type_name(each)}")
    result = _matmul(input, other)
    return result if out is None else write_out(ops.mm, out, result._array, (result._node,))


def _matmul(input: Tensor, other: Tensor) -> Tensor:
    """The operations, and hence the nodes, are those that PyTorch splits the product into."""
    a, b = input._array.ndim, other._array.ndim
    if a == 2 and b == 2:
        return ops.mm.function(input, other)
    if a == 1 and b == 1:
        return ops.dot.function(input, other)
    if a == 2 and b == 1:
        return ops.mv.function(input, other)
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == 1 and b == 2:
        return shapes.drop_axis.function(ops.mm.function(shapes.unsqueeze.function(input, 0), other), 0)
    if b <= 2:  # one matrix or vector for all: the batch becomes rows
        rows = input._array.shape[:-1]
        flat = reshape(input, -1 if input._array.size else int(np.prod(rows)), input._array.shape[-1])
        product = ops.mm.function(flat, other) if b == 2 else ops.mv.function(flat, other)
        return shapes.unsafe_view.function(product, (*rows, *other._array.shape[1:]))
    left = shapes.unsqueeze.function(input, 0) if a == 1 else input
    product = ops.bmm.function(left, other) if _same_batch(left, other) else ops.batched_mm.function(left, other)
    shape = product._array.shape
    return shapes.unsafe_view.function(product, (*shape[:-2], *shape[-2 + (a == 1) :]))


def _same_batch(x: Tensor, y: Tensor) -> bool:
    return x._array.ndim == y._array.ndim == 3 and x._array.shape[0] == y._array.shape[0]


def outer(input: Tensor, vec2: Tensor, *, out: Any = None) -> Tensor:
    """Every element of one vector times every element of the other."""
    for each in (input, vec2):
        if each._array.ndim != 1:
            raise RuntimeError(
                f"outer: Expected 1-D argument {'self' if each is input else 'vec2'}, but got {each._array.ndim}-D"
            )
    return mul.function(
        shapes.view.function(input, (-1, 1)) if input._array.flags.c_contiguous else shapes.unsqueeze.function(input, 1),
        vec2,
        out=out,
    )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: input (..., in), weight (out, in), bias (out), result (..., out)."""
    if bias is not None and isinstance(input, Tensor) and input._array.ndim == 2 == weight._array.ndim:
        return _affine.function(bias, input, _t.function(weight))
    if not isinstance(input, Tensor):
        raise TypeError(f"linear(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if not isinstance(weight, Tensor):
        raise TypeError(f"linear(): argument 'weight' (position 2) must be Tensor, not {type_name(weight)}")
    shape = input._array.shape
    if not shape or not weight._array.ndim:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {len(shape)}D and {weight._array.ndim}D"
        )
    transposed = _t.function(weight)
    if bias is None:
        return _matmul(input, transposed)
    product = _affine.function(bias, reshape(input, -1, shape[-1]), transposed)
    return shapes.view.function(product, (*shape[:-1], weight._array.shape[0]))


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x1.T @ A @ x2 + b``: input1 (..., in1), input2 (..., in2), weight (out, in1, in2), bias (out), result (..., out)."""
    one, two, shape = input1._array.shape, input2._array.shape, weight._array.shape
    if len(one) != len(two):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(one)} and {len(two)}")
    for i, (n, m) in enumerate(zip(one[:-1], two[:-1], strict=True)):
        if n != m:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {n} and {m}")
    for i, given in enumerate((one, two), 1):
        if given[-1] != shape[i]:
            raise RuntimeError(f"bilinear(): input{i} size does not match weight size: got {given[-1]} but expected {shape[i]}")
    if bias is not None and bias._array.shape[0] != shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias._array.shape[0]} but expected {shape[0]}"
        )
    pairs = reshape(shapes.unsqueeze.function(input1, -1) * shapes.unsqueeze.function(input2, -2), -1, shape[1] * shape[2])
    product = _matmul(pairs, _t.function(reshape(weight, shape[0], -1)))
    result = shapes.view.function(product, (*one[:-1], shape[0]))
    return result if bias is None else result + bias


def inner(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """Products summed over the last axis of both."""
    if not input._array.ndim or not other._array.ndim:
        return mul.function(input, other, out=out)
    return tensordot(input, other, ([-1], [-1]), out=out)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Any = None) -> Tensor:
    """Products summed over pairs of axes: the last ``dims`` of ``a`` with the first of ``b``, or two lists of axes."""
    n, m = a._array.ndim, b._array.ndim
    if a._array.dtype != b._array.dtype:
        raise RuntimeError("both inputs should have same dtype")
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        pairs: Any = (range(-dims, 0), range(dims))
    else:
        pairs = dims.tolist() if isinstance(dims, Tensor) else dims
    left, right = [axis_of(d, n) for d in pairs[0]], [axis_of(d, m) for d in pairs[1]]
    if len(left) != len(right):
        raise RuntimeError("both dimension lists should have same length")
    for x, y in zip(*pairs, strict=True):
        if a._array.shape[x] == 1:  # a single element meets all the others: their sum
            b = b.sum(y, keepdim=True, dtype=b.dtype)
        elif b._array.shape[y] == 1:
            a = a.sum(x, keepdim=True, dtype=a.dtype)
        elif a._array.shape[x] != b._array.shape[y]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a._array.shape[x]} in dim {x} and second has size "
                f"{b._array.shape[y]} in dim {y}"
            )
    rows, columns = [d for d in range(n) if d not in left], [d for d in range(m) if d not in right]
    shape = (*(a._array.shape[d] for d in rows), *(b._array.shape[d] for d in columns))
    inner_size = int(np.prod([a._array.shape[d] for d in left]))
    first = reshape(a.permute(*rows, *left), -1 if inner_size else int(np.prod(shape[: len(rows)])), inner_size)
    second = reshape(b.permute(*right, *columns), inner_size, -1 if inner_size else int(np.prod(shape[len(rows) :])))
    result = shapes.view.function(ops.mm.function(first, second), shape)
    return result if out is None else write_out(ops.mm, out, result._array, (result._node,))


__all__ = ["inner", "matmul", "outer", "tensordot"]
