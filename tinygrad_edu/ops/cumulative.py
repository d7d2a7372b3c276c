"""Running sums, products, and what turns the order of elements round."""

from __future__ import annotations

import itertools

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import where
from .elementwise import as_half, exp, from_half, zeros_like
from .indexing import scatter_zeros
from .joining import cat
from .reduction import axes_of, keep_axes, sum
from .shape import axis_of, by_rows, reshape, slice_
from .special import logaddexp

__all__ = [
    "choose_running_max", "choose_running_min", "cumprod", "cumsum", "flip", "logcumsumexp", "prod", "prod_all", "rot90",
]  # fmt: skip


def _wide(x):
    """The dtype in which integers accumulate."""
    return x.dtype if x.dtype.kind in "fc" else np.dtype(np.int64)


def _run(ufunc, x, dim):
    if not x.ndim:
        return x.astype(_wide(x))
    return by_rows(ufunc.accumulate(x, axis=axis_of(dim, x.ndim), dtype=_wide(x)))


@op(
    "CumsumBackward0",
    x=lambda grad, dim: _reverse_cumsum(grad, dim),
    formula=("cumsum_dim(x)", "cumsum_dim(G) backwards"),
)
def cumsum(x, dim):
    """Running sums along ``dim``."""
    return _run(np.add, x, dim)


def _reverse_cumsum(grad, dim):
    """Each element contributes to all later sums: the running sum from the end."""
    return flip(cumsum(flip(grad, (dim,)), dim), (dim,)) if len(grad.shape) else grad


@op("FlipBackward0", x=lambda grad, dims: flip(grad, dims), formula=("flip_dims(x)", "flip_dims(G)"))
def flip(x, dims):
    """The order of elements reversed along ``dims``."""
    return np.flip(x, axes_of(dims, x.ndim)).copy()


@op("Rot90Backward0", x=lambda grad, k, dims: rot90(grad, -k, dims), formula=("rot90(x, k, dims)", "rot90(G, −k, dims)"))
def rot90(x, k, dims):
    """Rotated ``k`` times by 90 degrees, from the first of ``dims`` towards the second."""
    return np.rot90(x, k, dims).copy()


# ---- products --------------------------------------------------------------------------------------------------------


def _prod_rule(grad, x, out, dim, keepdim):
    """``out / x``; where some element is 0, the product of all the others without a division."""
    if not len(x.shape):
        return grad
    if not (x == 0).any():
        return keep_axes(grad * out, x.shape, dim, keepdim) / x
    if dim is None:
        return grad * reshape(_others(reshape(x, (-1,)), 0), x.shape)
    return keep_axes(grad, x.shape, dim, keepdim) * _others(x, dim % len(x.shape))


def _others(x, axis):
    """For each element the product of all others along ``axis``: those of its half, times the other half.

    Multiplications alone, so that derivatives of every order are right at zeros.
    """
    n = x.shape[axis]
    if n <= 1:
        return zeros_like(x) + 1.0
    left, right = slice_(x, axis, 0, n // 2, 1), slice_(x, axis, n // 2, n, 1)
    return cat([_others(left, axis) * prod(right, axis, True), _others(right, axis) * prod(left, axis, True)], axis)


@op(
    "ProdBackward0",
    x=lambda grad, x, out: _prod_rule(grad, x, out, None, False),
    public="prod",
    formula=("Π x", "G · out / x"),
    symbol="Π",
)
def prod_all(x):
    """The product of all elements."""
    return _prod(x, None, False)


@op(
    "ProdBackward1",
    x=lambda grad, x, out, dim, keepdim: _prod_rule(grad, x, out, dim, keepdim),
    formula=("Π_dim x", "G ⊙ out / x"),
    symbol="Π",
)
def prod(x, dim, keepdim=False):
    """The product over ``dim``."""
    return _prod(x, axes_of(dim, x.ndim), keepdim)


def _prod(x, axes, keepdim):
    z = from_half(x)
    return as_half(by_rows(np.multiply.reduce(z, axis=axes, keepdims=keepdim, dtype=_wide(z))), x)


@op(
    "CumprodBackward0",
    x=lambda grad, x, out, dim: _cumprod_rule(grad, x, out, dim),
    formula=("cumprod_dim(x)", "(cumsum_dim(G ⊙ out) backwards) / x"),
)
def cumprod(x, dim):
    """Running products along ``dim``."""
    return _run(np.multiply, x, dim)


def _cumprod_rule(grad, x, out, dim):
    """The sum over all later products, each divided by x; or, with zeros, each without its factor x."""
    if not len(x.shape):
        return grad
    if not (x == 0).any():
        return _reverse_cumsum(grad * out, dim) / x
    axis = dim % len(x.shape)
    n, columns = x.shape[axis], []
    for k in range(n):
        before = prod(slice_(x, axis, 0, k, 1), axis, True)
        later = cumprod(cat([zeros_like(before) + 1.0, slice_(x, axis, k + 1, n, 1)], axis), axis)
        columns.append(sum(slice_(grad, axis, k, n, 1) * (before * later), axis, True))
    return cat(columns, axis)


# ---- running extrema -------------------------------------------------------------------------------------------------


def running_order(x, dim, ufunc):
    """Where along ``dim`` the last of the greatest (or least) elements so far is; where the latest nan is, after one."""
    if not x.ndim:
        return np.zeros((), np.int64)
    axis = axis_of(dim, x.ndim)
    attained = (x == ufunc.accumulate(x, axis)) | (x != x)
    places = np.arange(x.shape[axis]).reshape([-1 if d == axis else 1 for d in range(x.ndim)])
    return np.maximum.accumulate(np.where(attained, places, 0), axis)


def _declare_running(name, public):
    @op(
        name,
        x=lambda grad, x_shape, indices, dim: scatter_zeros(grad, x_shape, dim, indices),
        indices=None,
        public=public,
        formula=("x[indices] along axis dim", "G added at [indices] along axis dim"),
    )
    def running(x, indices, dim):
        return by_rows(np.take_along_axis(x, indices, dim % x.ndim)) if x.ndim else x.copy()

    return running


choose_running_max = _declare_running("CummaxBackward0", "cummax")
choose_running_min = _declare_running("CumminBackward0", "cummin")


@op(
    "LogcumsumexpBackward0",
    x=lambda grad, x, out, dim: _logcumsumexp_rule(grad, x, out, dim),
    formula=("log(cumsum_dim(exp(x)))", "exp(x) ⊙ (cumsum_dim(G ⊙ exp(−out)) backwards)"),
)
def logcumsumexp(x, dim):
    """``log(cumsum(exp(x)))``."""
    if x.dtype.kind not in "fc":
        raise not_implemented("logcumsumexp_out_cpu", x.dtype)
    if not x.ndim:
        return x.copy()
    if x.dtype.kind == "c":
        rows = itertools.accumulate(np.moveaxis(x, axis_of(dim, x.ndim), 0), logaddexp)
        return np.stack([*rows], axis_of(dim, x.ndim)) if x.size else x.copy()
    z = from_half(x)
    return as_half(by_rows(np.logaddexp.accumulate(z, axis_of(dim, x.ndim))), x)


def _logcumsumexp_rule(grad, x, out, dim):
    """``exp(x_i - out_i) r_i`` with ``r_i = grad_i + exp(out_i - out_{i+1}) r_{i+1}``: no exponent is above 0."""
    if not len(x.shape):
        return grad
    axis = dim % len(x.shape)
    parts, r = [], 0.0
    for i in range(x.shape[axis] - 1, -1, -1):
        here = slice_(out, axis, i, i + 1, 1)
        r = slice_(grad, axis, i, i + 1, 1) + r
        parts.append(_share(slice_(x, axis, i, i + 1, 1), here) * r)
        if i:
            r = _share(slice_(out, axis, i - 1, i, 1), here) * r
    return cat(parts[::-1], axis) if parts else zeros_like(x)


def _share(x, total):
    """``exp(x - total)``, and 1 where both are the same infinity."""
    return exp(where(x == total, 0.0, x - total))
