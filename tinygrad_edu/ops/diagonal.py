"""Diagonals: taken out, put in, added up."""

from __future__ import annotations

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .shape import axis_of

__all__ = ["diag_embed", "diagonal", "diagonal_copy", "spread_diagonal", "trace"]


@op(
    "DiagonalBackward0",
    x=lambda grad, x_shape, offset, dim1, dim2: spread_diagonal(grad, x_shape, offset, dim1, dim2),
    view=True,
    formula=("diagonal(x{offset≠0:, offset})", "diag(G{offset≠0:, offset})"),
)
def diagonal(x, offset=0, dim1=0, dim2=1):
    """The elements whose index along ``dim2`` is that along ``dim1`` plus ``offset``, as the last axis."""
    a, b = axis_of(dim1, x.ndim), axis_of(dim2, x.ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return _writeable_diagonal(x, offset, a, b)


def _writeable_diagonal(x, offset, a, b):
    """NumPy's is read-only, because it plans to make it a copy."""
    length = max(min(x.shape[a], x.shape[b] - offset) if offset >= 0 else min(x.shape[a] + offset, x.shape[b]), 0)
    rest = [d for d in range(x.ndim) if d not in (a, b)]
    start = [0] * x.ndim
    if length:
        start[a], start[b] = max(-offset, 0), max(offset, 0)
    corner = x[tuple(slice(s, None) if d in (a, b) else slice(None) for d, s in enumerate(start))]
    shape, strides = [x.shape[d] for d in rest], [x.strides[d] for d in rest]
    return np.lib.stride_tricks.as_strided(corner, (*shape, length), (*strides, x.strides[a] + x.strides[b]))


@op(
    "DiagonalBackwardBackward0",
    x=lambda grad, offset, dim1, dim2: diagonal_copy(grad, offset, dim1, dim2),
    public="diagonal_backward",
    formula=("diag(x{offset≠0:, offset})", "diagonal(G{offset≠0:, offset})"),
)
def spread_diagonal(x, shape, offset, dim1, dim2):
    """Zeros of ``shape`` with ``x`` on the diagonal."""
    result = np.zeros(shape, x.dtype)
    _writeable_diagonal(result, offset, dim1 % len(shape), dim2 % len(shape))[...] = x
    return result


@op(
    "DiagonalBackward0_copy",
    x=lambda grad, x_shape, offset, dim1, dim2: spread_diagonal(grad, x_shape, offset, dim1, dim2),
    public="diag",
    formula=("diagonal(x{offset≠0:, offset})", "diag(G{offset≠0:, offset})"),
)
def diagonal_copy(x, offset=0, dim1=0, dim2=1):
    """A copy of the diagonal."""
    return _writeable_diagonal(x, offset, dim1 % x.ndim, dim2 % x.ndim).copy()


@op(
    "DiagEmbedBackward0",
    x=lambda grad, offset, dim1, dim2: diagonal_copy(grad, offset, dim1, dim2),
    formula=("diag(x{offset≠0:, offset})", "diagonal(G{offset≠0:, offset})"),
)
def diag_embed(x, offset=0, dim1=-2, dim2=-1):
    """Matrices (axes ``dim1`` and ``dim2``) with the last axis of ``x`` on their diagonal, zeros elsewhere."""
    a, b = axis_of(dim1, x.ndim + 1), axis_of(dim2, x.ndim + 1)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = x.shape[-1] + abs(offset)
    rest = iter(x.shape[:-1])
    result = np.zeros([n if d in (a, b) else next(rest) for d in range(x.ndim + 1)], x.dtype)
    _writeable_diagonal(result, offset, a, b)[...] = x
    return result


@op("TraceBackward0", x=lambda grad, x_shape: diag_embed_like(grad, x_shape), formula=("Σ diagonal(x)", "G · I"))
def trace(x):
    """The sum of a matrix's diagonal."""
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x.ndim}")
    if x.dtype == bool:
        raise not_implemented("trace", x.dtype)
    return np.trace(x, dtype=x.dtype if x.dtype.kind in "fc" else np.int64)


def diag_embed_like(grad, shape):
    """Zeros of ``shape`` with one number on the whole diagonal."""
    return spread_diagonal(grad, shape, 0, 0, 1)
