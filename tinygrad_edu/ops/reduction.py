"""Sums, means, extrema, variances: many elements into one."""

from __future__ import annotations

import builtins

import numpy as np

from ..autograd.conform import sum_axes
from ..autograd.errors import dimension_error
from ..autograd.op import op
from .elementwise import exp, where
from .shape import reshape, spread_dense


def _axes(x, dim):
    """``dim`` as a tuple of axes from 0, or None for all. PyTorch reads an empty tuple as all."""
    if dim is None or dim == ():
        return None
    if isinstance(dim, int):
        return (_axis(dim, x.ndim),)
    axes = tuple(_axis(each, x.ndim) for each in dim)
    if len(set(axes)) != len(axes):
        repeated = next(a for i, a in enumerate(axes) if a in axes[:i])
        raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims")
    return tuple(sorted(axes))


def _axis(dim, ndim):
    if not -builtins.max(ndim, 1) <= dim < builtins.max(ndim, 1):
        raise dimension_error(dim, ndim)
    return dim % ndim if ndim else 0


def _real_axes(x, axes):
    """A 0-d tensor has no axis to reduce, though PyTorch lets one name its axis 0."""
    return axes if x.ndim else None


def spread(grad, x_shape, dim, keepdim):
    """A reduction's gradient, given back its reduced axes and repeated along them."""
    return spread_dense(keep_axes(grad, x_shape, dim, keepdim), x_shape)


def keep_axes(grad, x_shape, dim, keepdim):
    """``grad`` with the reduced axes as axes of length 1."""
    if keepdim or not len(x_shape):
        return grad
    if dim is None or dim == ():
        return reshape(grad, (1,) * len(x_shape))
    axes = {d % len(x_shape) for d in ((dim,) if isinstance(dim, int) else dim)}
    return reshape(grad, tuple(1 if i in axes else n for i, n in enumerate(x_shape)))


def _count(x_shape, dim):
    axes = range(len(x_shape)) if dim is None or dim == () else ((dim,) if isinstance(dim, int) else dim)
    count = 1
    for axis in axes:
        count *= x_shape[axis] if x_shape else 1
    return count


@op("SumBackward0", x=lambda grad, x_shape: spread_dense(grad, x_shape), public="sum")
def sum_all(x):
    return _sum(x, None, False)


@op("SumBackward1", x=lambda grad, x_shape, dim, keepdim: spread(grad, x_shape, dim, keepdim))
def sum(x, dim=None, keepdim=False):
    """The sum over ``dim`` (an int, several, or None for all). Integers add up in int64."""
    return _sum(x, _real_axes(x, _axes(x, dim)), keepdim)


def _sum(x, axes, keepdim):
    kind = x.dtype.kind
    if kind == "f":
        if axes is not None and x.shape[axes[0]] > 512:
            return sum_axes(x, axes, keepdim)
        if x.dtype.itemsize == 2:
            return np.add.reduce(x, axis=axes, keepdims=keepdim, dtype=np.float32).astype(np.float16)
        return np.add.reduce(x, axis=axes, keepdims=keepdim)
    return np.add.reduce(x, axis=axes, keepdims=keepdim, dtype=None if kind == "c" else np.int64)


def _require_float(x, name):
    if x.dtype.kind not in "fc":
        from ..dtypes import from_numpy_dtype

        raise RuntimeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{from_numpy_dtype(x.dtype).legacy_name}"
        )


@op("MeanBackward0", x=lambda grad, x_shape: spread_dense(grad / _count(x_shape, None), x_shape), public="mean")
def mean_all(x):
    _require_float(x, "mean")
    return np.divide(_sum(x, None, False), x.dtype.type(x.size)) if x.size else np.full((), np.nan, x.dtype)


@op(
    "MeanBackward1",
    x=lambda grad, x_shape, dim, keepdim: spread(grad / _count(x_shape, dim), x_shape, dim, keepdim),
)
def mean(x, dim=None, keepdim=False):
    """The mean over ``dim``."""
    _require_float(x, "mean")
    axes = _real_axes(x, _axes(x, dim))
    return np.divide(_sum(x, axes, keepdim), x.dtype.type(_count(x.shape, axes)))


def _moments(x, dim, correction):
    axes = _real_axes(x, _axes(x, dim))
    n = x.size if axes is None else _count(x.shape, axes)
    deviation = x - np.divide(_sum(x, axes, True), x.dtype.type(builtins.max(n, 1)))
    return deviation, axes, builtins.max(n - correction, 0)


def _variance(x, dim, correction, keepdim):
    _require_float(x, "std and var only support floating point and complex dtypes")
    deviation, axes, freedom = _moments(x, dim, correction)
    square = deviation.real**2 + deviation.imag**2 if x.dtype.kind == "c" else deviation * deviation
    return np.divide(_sum(square, axes, keepdim), square.dtype.type(freedom))


def _deviation_rule(grad, x, dim, correction, keepdim):
    """The derivative of a sum of squared deviations, divided by the degrees of freedom: 2 (x - mean) / (n - correction)."""
    n = _count(x.shape, dim)
    freedom = n - correction
    scale = 2.0 / freedom if freedom > 0 else float("nan" if freedom == 0 else "inf")
    return keep_axes(grad, x.shape, dim, keepdim) * scale * (x - mean(x, dim, True))


@op(
    "VarBackward0",
    x=lambda grad, x, dim, correction, keepdim: _deviation_rule(grad, x, dim, correction, keepdim),
)
def var(x, dim=None, *, correction=1, keepdim=False):
    """The variance over ``dim``: squared deviations from the mean, divided by n - ``correction``."""
    return _variance(x, dim, correction, keepdim)


@op(
    "StdBackward0",
    x=lambda grad, x, dim, correction, keepdim, out: _deviation_rule(
        where(out == 0, 0.0, grad / (2 * out)), x, dim, correction, keepdim
    ),
)
def std(x, dim=None, *, correction=1, keepdim=False):
    """The standard deviation over ``dim``: the square root of :func:`var`."""
    return np.sqrt(_variance(x, dim, correction, keepdim))


# ---- extrema -------------------------------------------------------------------------------------------------------


def _extremum_rule(grad, x, out, dim, keepdim):
    """The gradient shared evenly among the elements that attain the extremum."""
    best = keep_axes(out, x.shape, dim, keepdim)
    attained = (x == best) | ((x != x) & (best != best))
    share = where(attained, 1.0, 0.0)
    return keep_axes(grad, x.shape, dim, keepdim) * (share / sum(share, dim, True))


def _extreme(reduce, x, dim, keepdim, name):
    axes = _real_axes(x, _axes(x, dim))
    if x.size == 0:
        _refuse_empty(x, axes, dim, name)
    return reduce(x, axis=axes, keepdims=keepdim)


def _refuse_empty(x, axes, dim, name):
    if axes is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            "'dim' argument."
        )
    for axis in axes:
        if x.shape[axis] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


@op("MaxBackward1", x=lambda grad, x, out: _extremum_rule(grad, x, out, None, False), public="max")
def max_all(x):
    return _extreme(np.maximum.reduce, x, None, False, "max")


@op("MinBackward1", x=lambda grad, x, out: _extremum_rule(grad, x, out, None, False), public="min")
def min_all(x):
    return _extreme(np.minimum.reduce, x, None, False, "min")


@op("AmaxBackward0", x=lambda grad, x, out, dim, keepdim: _extremum_rule(grad, x, out, dim, keepdim))
def amax(x, dim=(), keepdim=False):
    """The largest element over ``dim`` (several allowed). Elements that tie share the gradient."""
    return _extreme(np.maximum.reduce, x, dim, keepdim, "amax")


@op("AminBackward0", x=lambda grad, x, out, dim, keepdim: _extremum_rule(grad, x, out, dim, keepdim))
def amin(x, dim=(), keepdim=False):
    """The smallest element over ``dim`` (several allowed). Elements that tie share the gradient."""
    return _extreme(np.minimum.reduce, x, dim, keepdim, "amin")


@op(None, x=None)
def argmax(x, dim=None, keepdim=False):
    """The index of the largest element (the first of equals), over ``dim`` or over the flattened tensor."""
    return _index_of_extreme(x, dim, keepdim, np.argmax, "argmax")


@op(None, x=None)
def argmin(x, dim=None, keepdim=False):
    """The index of the smallest element (the first of equals), over ``dim`` or over the flattened tensor."""
    return _index_of_extreme(x, dim, keepdim, np.argmin, "argmin")


def _index_of_extreme(x, dim, keepdim, find, name):
    axes = None if dim is None else (_axis(dim, x.ndim),)
    if x.size == 0:
        _refuse_empty(x, axes, dim, name)
    if dim is None:
        return np.asarray(find(x)).reshape((1,) * x.ndim if keepdim else ())
    if not x.ndim:
        return np.zeros((), np.int64)
    return find(x, axis=axes[0], keepdims=keepdim)


def _select_rule(grad, x_shape, indices, dim, keepdim):
    """All of the gradient to the element that was chosen."""
    from .indexing import scatter_zeros

    if not len(x_shape):
        return grad
    if not keepdim:
        grad = grad.reshape(_with_axis(grad.shape, dim, len(x_shape)))
        indices = indices.reshape(_with_axis(indices.shape, dim, len(x_shape)))
    return scatter_zeros(grad, x_shape, dim, indices)


def _with_axis(shape, dim, ndim):
    axis = dim % ndim
    return (*shape[:axis], 1, *shape[axis:])


@op("MaxBackward0", x=lambda grad, x_shape, indices, dim, keepdim: _select_rule(grad, x_shape, indices, dim, keepdim), public="max")
def choose_max(x, indices, dim, keepdim):
    return _chosen(x, indices, dim, keepdim)


@op("MinBackward0", x=lambda grad, x_shape, indices, dim, keepdim: _select_rule(grad, x_shape, indices, dim, keepdim), public="min")
def choose_min(x, indices, dim, keepdim):
    return _chosen(x, indices, dim, keepdim)


def _chosen(x, indices, dim, keepdim):
    if not x.ndim:
        return x.copy()
    axis = dim % x.ndim
    full = indices if keepdim else np.expand_dims(indices, axis)
    values = np.take_along_axis(x, full, axis)
    return values if keepdim else np.squeeze(values, axis)


# ---- logical, cumulative -------------------------------------------------------------------------------------------


@op(None, x=None, public="all")
def all_(x, dim=None, keepdim=False):
    """Whether all elements (over ``dim``) are true. uint8 answers in uint8."""
    result = np.logical_and.reduce(x, axis=_real_axes(x, _axes(x, dim)), keepdims=keepdim)
    return np.asarray(result, np.uint8 if x.dtype == np.uint8 else bool)


@op(None, x=None, public="any")
def any_(x, dim=None, keepdim=False):
    """Whether any element (over ``dim``) is true. uint8 answers in uint8."""
    result = np.logical_or.reduce(x, axis=_real_axes(x, _axes(x, dim)), keepdims=keepdim)
    return np.asarray(result, np.uint8 if x.dtype == np.uint8 else bool)


@op("CumsumBackward0", x=lambda grad, dim: _reverse_cumsum(grad, dim))
def cumsum(x, dim):
    """Running sums along ``dim``."""
    axis = _axis(dim, x.ndim)
    if not x.ndim:
        return x.copy()
    return np.add.accumulate(x, axis=axis, dtype=None if x.dtype.kind in "fc" else np.int64)


def _reverse_cumsum(grad, dim):
    """Each element contributes to all later sums: the running sum from the end."""
    if not len(grad.shape):
        return grad
    return flip(cumsum(flip(grad, (dim,)), dim), (dim,))


@op("FlipBackward0", x=lambda grad, dims: flip(grad, dims))
def flip(x, dims):
    """The order of elements reversed along ``dims``."""
    return np.flip(x, _axes(x, tuple(dims))).copy() if x.ndim else x.copy()


def _prod_rule(grad, x, dim, keepdim, out):
    """The product of all other elements: the quotient where it is safe, and an explicit product where an element is zero."""
    zeros = sum(where(x == 0, 1.0, 0.0), dim, True)
    others = where(x == 0, 1.0, x)
    rest = keep_axes(_product(others, dim), x.shape, dim, False)
    direct = where(zeros == 0, rest / others, where((zeros == 1) & (x == 0), rest, 0.0))
    return keep_axes(grad, x.shape, dim, keepdim) * direct


def _product(x, dim):
    return prod(x, dim, False)


@op("ProdBackward0", x=lambda grad, x, dim, keepdim, out: _prod_rule(grad, x, dim, keepdim, out))
def prod(x, dim=None, keepdim=False):
    """The product over ``dim``, or of all elements."""
    axes = _real_axes(x, _axes(x, dim))
    return np.multiply.reduce(x, axis=axes, keepdims=keepdim, dtype=None if x.dtype.kind in "fc" else np.int64)


@op(
    "LogsumexpBackward0",
    x=lambda grad, x, dim, keepdim, out: keep_axes(grad, x.shape, dim, keepdim)
    * exp(x - keep_axes(out, x.shape, dim, keepdim)),
    promote="float",
)
def logsumexp(x, dim, keepdim=False):
    """``log(sum(exp(x)))`` over ``dim``, computed around the maximum."""
    axes = _real_axes(x, _axes(x, dim))
    top = np.maximum.reduce(x, axis=axes, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    result = np.log(_sum(np.exp(x - top), axes, True)) + top
    return result if keepdim or axes is None and not x.ndim else np.squeeze(result, axes if axes is not None else tuple(range(x.ndim)))


def _norm_rule(grad, x, p, dim, keepdim, out):
    """``x |x|^(p-2) / norm^(p-1)``, and 0 where the norm is 0."""
    total = keep_axes(out, x.shape, dim, keepdim)
    grad = keep_axes(grad, x.shape, dim, keepdim)
    safe = where(total == 0, 1.0, total)
    if p == 2:
        return where(total == 0, 0.0, grad * x / safe)
    magnitude = where(x == 0, 1.0, where(x > 0, x, -x))
    slope = where(x == 0, 0.0, x * magnitude ** (p - 2))
    return where(total == 0, 0.0, grad * slope / safe ** (p - 1))


@op("LinalgVectorNormBackward0", x=lambda grad, x, p, dim, keepdim, out: _norm_rule(grad, x, p, dim, keepdim, out))
def vector_norm(x, p=2, dim=None, keepdim=False):
    """``(sum |x|^p)^(1/p)`` over ``dim``."""
    axes = _real_axes(x, _axes(x, dim))
    if p == 2:
        return np.sqrt(_sum(x * x, axes, keepdim))
    return _sum(np.abs(x) ** p, axes, keepdim) ** (1 / p)
