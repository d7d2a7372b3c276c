"""Differences, rows cut to a length, sums of products, and numbers taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..autograd.runtime import wrap
from ..ops import reduction
from ..ops.choosing import where
from ..ops.linalg import bmm
from ..ops.shape import axis_of
from ..tensor import Tensor
from .arguments import is_int, require_tensor
from .matrices import matrix_norm, vector_norm
from .out import with_out
from .shape import cat, chunk, split

__all__ = [
    "addbmm", "frexp", "frobenius_norm", "gradient", "nuclear_norm", "renorm", "unsafe_chunk", "unsafe_split",
    "unsafe_split_with_sizes",
]  # fmt: skip


# ---- differences -------------------------------------------------------------------------------------------------------


def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The slopes along each of ``dim``: differences of the neighbours, and at the ends of the first two or three elements.

    Args:
        spacing: how far the elements are apart: a number, one for each axis, or a tensor of coordinates for each.
        dim: an axis or several; by default all.
        edge_order: 1 or 2, how exact the slopes at the ends are.
    """
    require_tensor("gradient", input)
    if input._array.dtype == np.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = range(input.ndim) if dim is None else (dim,) if is_int(dim) else tuple(dim)
    axes = [axis_of(d, input.ndim) for d in dims]
    for position, axis in enumerate(axes):
        if axis in axes[:position]:
            raise RuntimeError(f"dim {axis} appears multiple times in the list of dims")
    steps = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing] * len(axes)
    if len(steps) != len(axes):
        given = "dim argument was not given" if dim is None else "given dim argument"
        wanted = f"'self.dim() = {len(axes)}', since {given}" if dim is None else f"number of dims = {len(axes)}"
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to {wanted}, but got a "
            f"list of length {len(steps)}"
        )
    if any(input.shape[axis] < edge_order + 1 for axis in axes if input.ndim):
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(_slopes(input, axis, step, edge_order) for axis, step in zip(axes, steps, strict=True))


def _slopes(x: Tensor, axis: int, step: Any, edge_order: int) -> Tensor:
    """Three-point formulas for steps a and b to the left and to the right, which may differ from place to place."""
    n = x.shape[axis]
    if isinstance(step, Tensor) and step.ndim:
        gaps = step[1:] - step[:-1]
    else:
        step = step.item() if isinstance(step, Tensor) else step
        gaps = x.new_full((n - 1,), step, dtype=x.dtype if x._array.dtype.kind in "fc" else None)
        if gaps._array.dtype.kind not in "fc":
            gaps = gaps.float() if not isinstance(step, float) else wrap(np.full(n - 1, step, np.float32))
    gaps = gaps.reshape([-1 if d == axis else 1 for d in range(x.ndim)])
    part = lambda y, start, length: y.narrow(axis, start, length)  # noqa: E731
    pieces = []
    first = (part(x, 1, 1) - part(x, 0, 1)) / part(gaps, 0, 1)
    last = (part(x, n - 1, 1) - part(x, n - 2, 1)) / part(gaps, n - 2, 1)
    if n > 2:
        a, b = part(gaps, 0, n - 2), part(gaps, 1, n - 2)
        left, middle, right = (part(x, k, n - 2) for k in range(3))
        pieces = [left * (-b / (a * (a + b))) + middle * ((b - a) / (a * b)) + right * (a / (b * (a + b)))]
    if edge_order == 2:
        first, last = _edge(x, gaps, axis, n, False), _edge(x, gaps, axis, n, True)
    return cat([first, *pieces, last], axis)


def _edge(x: Tensor, gaps: Tensor, axis: int, n: int, at_end: bool) -> Tensor:
    """The slope at an end of the parabola through three elements."""
    places, steps = ((n - 1, n - 2, n - 3), (n - 2, n - 3)) if at_end else ((0, 1, 2), (0, 1))
    p, q, r = (x.narrow(axis, k, 1) for k in places)
    a, b = (gaps.narrow(axis, k, 1) for k in steps)
    slope = p * (-(a + a + b) / (a * (a + b))) + q * ((a + b) / (a * b)) + r * (-a / (b * (a + b)))
    return -slope if at_end else slope


# ---- lengths, products -------------------------------------------------------------------------------------------------


@with_out
def renorm(input: Tensor, p: float, dim: int, maxnorm: float, *, out: Any = None) -> Tensor:
    """Every slice along ``dim`` whose p-norm is above ``maxnorm`` is made shorter, to that."""
    require_tensor("renorm", input)
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    axis = axis_of(dim, input.ndim)
    input = input.clone() if input.requires_grad else input  # what is kept for the gradient, renorm_ would write over
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{input.dtype.legacy_name}"
        )
    length = reduction.vector_norm.function(input, p, tuple(d for d in range(input.ndim) if d != axis), True)
    return input * where.function(length > maxnorm, maxnorm / (length + 1e-7), 1.0)


@with_out
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1, out: Any = None
) -> Tensor:
    """``beta * input + alpha *`` the sum of the products of a batch of matrices; ``input`` broadcasts."""
    for position, (name, each) in enumerate((("input", input), ("batch1", batch1), ("batch2", batch2)), 1):
        require_tensor("addbmm", each, name, position)
    for name, each in (("batch1", batch1), ("batch2", batch2)):
        if each.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    if batch1.shape[0] != batch2.shape[0]:
        raise RuntimeError(
            f"batch1 and batch2 must have same number of batches, got {batch1.shape[0]} and {batch2.shape[0]}"
        )
    if batch1.shape[2] != batch2.shape[1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for bmm ({batch1.shape[1]}x{batch1.shape[2]} and {batch2.shape[1]}x{batch2.shape[2]})"
        )
    product = bmm.function(batch1, batch2).sum(0, dtype=batch1.dtype)
    start = input.expand(product.shape)
    product = product if alpha == 1 else product * alpha
    return product + (start if beta == 1 else start * beta) if beta != 0 else product


@with_out
def frexp(input: Tensor, *, out: Any = None) -> Any:
    """Numbers from 1/2 to 1 and the powers of 2 that make the input of them: (mantissa, exponent)."""
    require_tensor("frexp", input)
    if input._array.dtype.kind != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    exponent = np.asarray(np.frexp(input._array)[1], np.int32)
    half = -exponent // 2  # in two steps, as 2 to the whole may be no number
    kind = input._array.dtype
    mantissa = input * wrap(np.ldexp(kind.type(1), half)) * wrap(np.ldexp(kind.type(1), -exponent - half))
    return return_types.frexp((mantissa, wrap(exponent)))


def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False, *, out: Any = None) -> Tensor:
    """The sum of a matrix's singular values."""
    return matrix_norm(input, "nuc", tuple(dim), keepdim, out=out)


def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False, *, out: Any = None) -> Tensor:
    """The root of the sum of squares over ``dim``."""
    return vector_norm(input, 2, dim, keepdim, out=out)


# ---- parts -------------------------------------------------------------------------------------------------------------


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> Any:
    """:func:`chunk`; here both are safe to write to."""
    return chunk(input, chunks, dim)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> Any:
    """:func:`split`; here both are safe to write to."""
    return split(input, split_size, dim)


def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> Any:
    """:func:`split` with a list of sizes; here both are safe to write to."""
    return split(input, list(split_sizes), dim)
