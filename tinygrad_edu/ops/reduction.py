"""Sums, means, extrema, variances: many elements into one."""

from __future__ import annotations

import builtins
import math

import numpy as np

from ..autograd.conform import sum_axes
from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import where
from .complex import sgn
from .elementwise import as_half, exp, from_half, zeros_like
from .indexing import scatter_zeros
from .shape import axis_of, by_rows, reshape, spread_dense


def _axes(x, dim):
    """``dim`` as a tuple of axes from 0, or None for all. PyTorch reads an empty tuple as all."""
    if dim is None or dim == () or dim == []:
        return None
    return axes_of(dim, x.ndim)


def axes_of(dim, ndim):
    """``dim`` (an int or several) as axes from 0, none twice. A 0-d tensor has no axis, though its axis 0 may be named."""
    if isinstance(dim, int):
        axes = (axis_of(dim, ndim),)
    else:
        axes = tuple(axis_of(each, ndim) for each in dim)
        for i, axis in enumerate(axes):
            if axis in axes[:i]:
                raise RuntimeError(f"dim {axis} appears multiple times in the list of dims")
    return axes if ndim else ()


def spread(grad, x_shape, dim, keepdim):
    """A reduction's gradient, given back its reduced axes and repeated along them."""
    return spread_dense(keep_axes(grad, x_shape, dim, keepdim), x_shape)


def keep_axes(grad, x_shape, dim, keepdim):
    """``grad`` with the reduced axes as axes of length 1."""
    if keepdim or not len(x_shape):
        return grad
    if dim is None or dim == () or dim == []:
        return reshape(grad, (1,) * len(x_shape))
    axes = axes_of(dim, len(x_shape))
    return reshape(grad, tuple(1 if i in axes else n for i, n in enumerate(x_shape)))


def _count(x_shape, dim):
    """How many elements make one."""
    axes = range(len(x_shape)) if dim is None or dim == () or dim == [] else axes_of(dim, len(x_shape))
    count = 1
    for axis in axes:
        count *= x_shape[axis]
    return count


@op("SumBackward0", x=lambda grad, x_shape: spread_dense(grad, x_shape), public="sum", formula=("Σ x", "G"), symbol="Σ")
def sum_all(x):
    return _sum(x, None, False)


@op(
    "SumBackward1",
    x=lambda grad, x_shape, dim, keepdim: spread(grad, x_shape, dim, keepdim),
    formula=("Σ_dim x", "G"),
    symbol="Σ",
)
def sum(x, dim=None, keepdim=False):
    """The sum over ``dim`` (an int, several, or None for all). Integers add up in int64."""
    total = _sum(x, _axes(x, dim), keepdim)
    return total if x.ndim < 3 else by_rows(total)


def _sum(x, axes, keepdim):
    """Half precision adds up in single precision, integers in int64."""
    kind = x.dtype.kind
    if kind == "f":
        if x.dtype.itemsize == 2:
            return _sum(x.astype(np.float32), axes, keepdim).astype(np.float16)
        if axes and (x.ndim == 2 or x.ndim - 1 not in axes or x.shape[axes[0]] > 512):
            return sum_axes(x, axes, keepdim)
        return np.add.reduce(x, axis=axes, keepdims=keepdim)
    return np.add.reduce(x, axis=axes, keepdims=keepdim, dtype=None if kind == "c" else np.int64)


@op(
    "NansumBackward0",
    x=lambda grad, x, dim, keepdim: spread(grad, x.shape, dim, keepdim) * (x == x),
    formula=("Σ_dim x where x = x", "G ⊙ 1[x = x]"),
)
def nansum(x, dim=None, keepdim=False):
    """The sum over ``dim`` with nan counted as 0."""
    return by_rows(_sum(np.where(np.isnan(x), x.dtype.type(0), x), _axes(x, dim), keepdim))


def _require_float(x, name):
    if x.dtype.kind not in "fc":
        from ..dtypes import from_numpy_dtype

        raise RuntimeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{from_numpy_dtype(x.dtype).legacy_name}"
        )


def _mean(x, axes, keepdim):
    """The mean; half precision is rounded once, at the end."""
    z = from_half(x)
    return as_half(np.divide(_sum(z, axes, keepdim), z.dtype.type(_count(x.shape, axes))), x)


@op(
    "MeanBackward0",
    x=lambda grad, x_shape: spread_dense(grad / _count(x_shape, None), x_shape),
    public="mean",
    formula=("mean(x)", "G / N"),
)
def mean_all(x):
    if x.dtype.kind == "f" and x.dtype.itemsize > 2:
        return np.divide(np.add.reduce(x, axis=None), x.dtype.type(x.size))
    _require_float(x, "mean")
    return _mean(x, None, False)


@op(
    "MeanBackward1",
    x=lambda grad, x_shape, dim, keepdim: spread(grad / _count(x_shape, dim), x_shape, dim, keepdim),
    formula=("mean_dim(x)", "G / N"),
)
def mean(x, dim=None, keepdim=False):
    """The mean over ``dim``."""
    _require_float(x, "mean")
    average = _mean(x, _axes(x, dim), keepdim)
    return average if x.ndim < 3 else by_rows(average)


# ---- variance --------------------------------------------------------------------------------------------------------


def _variance(x, dim, correction, keepdim, name="std and var"):
    """Two passes: the mean, then the squared deviations from it."""
    if x.dtype.kind not in "fc":
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    axes = _axes(x, dim)
    deviation = x - _mean(x, axes, True)
    square = deviation.real**2 + deviation.imag**2 if x.dtype.kind == "c" else deviation * deviation
    freedom = builtins.max(_count(x.shape, axes) - correction, 0)
    return by_rows(np.divide(_sum(square, axes, keepdim), square.dtype.type(freedom)))


def _variance_rule(grad, x, dim, correction, keepdim):
    """``2 (x - mean) / (n - correction)``: the derivative of the sum of squared deviations, divided by the freedom."""
    freedom = _count(x.shape, dim) - correction
    grad = keep_axes(grad, x.shape, dim, keepdim)
    if freedom <= 0 and (dim is None or not len(x.shape)):
        return grad * where(x == mean(x, None, True), math.nan, math.inf)
    return (2 / freedom if freedom else math.inf) * grad * (x - mean(x, dim, True))


def _deviation_rule(grad, x, out, dim, correction, keepdim):
    """The root's derivative ``1 / (2 std)``, 0 where the deviation is 0, times the variance's."""
    return _variance_rule(where(out == 0, 0.0, grad / (2 * out)), x, dim, correction, keepdim)


@op(
    "VarBackward0",
    x=lambda grad, x, dim, correction, keepdim: _variance_rule(grad, x, dim, correction, keepdim),
    formula=("Σ_dim (x − mean_dim(x))² / (N − correction)", "2 · G ⊙ (x − mean_dim(x)) / (N − correction)"),
)
def var(x, dim=None, *, correction=1, keepdim=False):
    """The variance over ``dim``: squared deviations from the mean, divided by n - ``correction``."""
    return as_half(_variance(from_half(x), dim, correction, keepdim), x)


@op(
    "StdBackward0",
    x=lambda grad, x, out, dim, correction, keepdim: _deviation_rule(grad, x, out, dim, correction, keepdim),
    formula=(
        "√(Σ_dim (x − mean_dim(x))² / (N − correction))",
        "G ⊙ (x − mean_dim(x)) / ((N − correction) · out)",
    ),
)
def std(x, dim=None, *, correction=1, keepdim=False):
    """The standard deviation over ``dim``: the square root of :func:`var`."""
    return as_half(np.sqrt(_variance(from_half(x), dim, correction, keepdim)), x)


def _with_mean(rule, grads, x, dim, keepdim):
    """The gradients of a pair (spread, mean), of which one may be unused."""
    of_spread, of_mean = grads
    total = None if of_spread is None else rule(of_spread)
    if of_mean is not None:
        share = spread(of_mean / _count(x.shape, dim), x.shape, dim, keepdim)
        total = share if total is None else total + share
    return total


@op(
    "VarMeanBackward0",
    x=lambda grad, x, dim, correction, keepdim: _with_mean(
        lambda g: _variance_rule(g, x, dim, correction, keepdim), grad, x, dim, keepdim
    ),
    formula=(
        "Σ_dim (x − mean_dim(x))² / (N − correction), mean_dim(x)",
        "2 · G₁ ⊙ (x − mean_dim(x)) / (N − correction) + G₂ / N",
    ),
    results=2,
    diff_results=2,
)
def var_mean(x, dim=None, *, correction=1, keepdim=False):
    """:func:`var` and :func:`mean` as a pair."""
    return as_half(_variance(from_half(x), dim, correction, keepdim, "var_mean"), x), mean(x, dim, keepdim)


@op(
    "StdMeanBackward0",
    x=lambda grad, x, dim, correction, keepdim: _with_mean(
        lambda g: _deviation_rule(g, x, std(x, dim, correction=correction, keepdim=keepdim), dim, correction, keepdim),
        grad,
        x,
        dim,
        keepdim,
    ),
    formula=(
        "s, mean_dim(x) with s = √(Σ_dim (x − mean_dim(x))² / (N − correction))",
        "G₁ ⊙ (x − mean_dim(x)) / ((N − correction) · s) + G₂ / N "
        "with s = √(Σ_dim (x − mean_dim(x))² / (N − correction))",
    ),
    results=2,
    diff_results=2,
)
def std_mean(x, dim=None, *, correction=1, keepdim=False):
    """:func:`std` and :func:`mean` as a pair."""
    return as_half(np.sqrt(_variance(from_half(x), dim, correction, keepdim, "std_mean")), x), mean(x, dim, keepdim)


# ---- extrema -------------------------------------------------------------------------------------------------------


def _even_rule(grad, x, out):
    """The gradient shared evenly among all elements that attain the value (nan attains nan)."""
    attained = (x == out) | ((x != x) & (out != out))
    return attained * (grad / attained.sum())


def _extremum_rule(grad, x, out, dim, keepdim):
    """The same over ``dim``."""
    attained = x == keep_axes(out, x.shape, dim, keepdim)
    return keep_axes(grad, x.shape, dim, keepdim) * attained / sum(attained, dim, True)


def _extreme(reduce, x, dim, keepdim, name):
    axes = _axes(x, dim)
    if x.size == 0:
        _refuse_empty(x, axes, dim, name)
    return by_rows(reduce(x, axis=axes, keepdims=keepdim))


def _refuse_empty(x, axes, dim, name):
    if axes is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            "'dim' argument."
        )
    for axis in axes:
        if x.shape[axis] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


_WINNER = "G · 1[x = out] / Σ 1[x = out]"
_WINNERS = "G ⊙ 1[x = out] / Σ_dim 1[x = out]"


@op("MaxBackward1", x=lambda grad, x, out: _even_rule(grad, x, out), public="max", formula=("max(x)", _WINNER))
def max_all(x):
    return _extreme(np.maximum.reduce, x, None, False, "max")


@op("MinBackward1", x=lambda grad, x, out: _even_rule(grad, x, out), public="min", formula=("min(x)", _WINNER))
def min_all(x):
    return _extreme(np.minimum.reduce, x, None, False, "min")


@op(
    "AmaxBackward0",
    x=lambda grad, x, out, dim, keepdim: _extremum_rule(grad, x, out, dim, keepdim),
    formula=("max_dim(x)", _WINNERS),
)
def amax(x, dim=(), keepdim=False):
    """The largest element over ``dim`` (several allowed). Elements that tie share the gradient."""
    return _extreme(np.maximum.reduce, x, dim, keepdim, "amax")


@op(
    "AminBackward0",
    x=lambda grad, x, out, dim, keepdim: _extremum_rule(grad, x, out, dim, keepdim),
    formula=("min_dim(x)", _WINNERS),
)
def amin(x, dim=(), keepdim=False):
    """The smallest element over ``dim`` (several allowed). Elements that tie share the gradient."""
    return _extreme(np.minimum.reduce, x, dim, keepdim, "amin")


@op(None, x=None, formula=("argmax_dim(x)",))
def argmax(x, dim=None, keepdim=False):
    """The index of the largest element (the first of equals), over ``dim`` or over the flattened tensor."""
    return _index_of_extreme(x, dim, keepdim, np.argmax, "argmax")


@op(None, x=None, formula=("argmin_dim(x)",))
def argmin(x, dim=None, keepdim=False):
    """The index of the smallest element (the first of equals), over ``dim`` or over the flattened tensor."""
    return _index_of_extreme(x, dim, keepdim, np.argmin, "argmin")


def _index_of_extreme(x, dim, keepdim, find, name):
    if x.dtype == bool:
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None:
        if x.size == 0:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        return np.asarray(find(x)).reshape((1,) * x.ndim if keepdim else ())
    return _index_along(x, dim, keepdim, find, name)


def _index_along(x, dim, keepdim, find, name):
    axis = axis_of(dim, x.ndim)
    if x.size == 0:
        _refuse_empty(x, (axis,), dim, name)
    if not x.ndim:
        return np.zeros((), np.int64)
    return find(x, axis=axis, keepdims=True) if keepdim else getattr(x, find.__name__)(axis)


def index_of_extreme(x, dim, keepdim, name):
    """Where along ``dim`` the first of the largest elements (of the smallest, for ``"min"``) is."""
    return _index_along(x, dim, keepdim, np.argmin if name == "min" else np.argmax, name)


def declare_choice(node, public):
    """The elements at indices that were found along ``dim``; the gradient goes to them alone."""

    @op(
        node,
        x=lambda grad, x_shape, indices, dim, keepdim: scatter_zeros(
            _kept(grad, x_shape, dim, keepdim), x_shape, dim, _kept(indices, x_shape, dim, keepdim)
        ),
        indices=None,
        public=public,
        formula=(f"{public}_dim(x)", "G at [indices] along axis dim, else 0"),
    )
    def choose(x, indices, dim, keepdim):
        if x.dtype == bool and public == "median":
            raise not_implemented("median_out", x.dtype)
        if not x.ndim:
            return x.copy()
        axis = dim % x.ndim
        if x.ndim == 2 and axis == 1 and not keepdim:  # the best class of each row: a tenth of take_along_axis's time
            return x[np.arange(len(x)), indices]
        values = np.take_along_axis(x, indices if keepdim else np.expand_dims(indices, axis), axis)
        return values if keepdim else np.squeeze(values, axis)

    return choose


def _kept(grad, x_shape, dim, keepdim):
    """``grad`` with ``dim`` as an axis of length 1."""
    if keepdim or not len(x_shape):
        return grad
    axis = dim % len(x_shape)
    return reshape(grad, (*grad.shape[:axis], 1, *grad.shape[axis:]))


choose_max = declare_choice("MaxBackward0", "max")
choose_min = declare_choice("MinBackward0", "min")
choose_median = declare_choice("MedianBackward1", "median")


@op("MedianBackward0", x=lambda grad, x, out: _even_rule(grad, x, out), public="median", formula=("median(x)", _WINNER))
def median_all(x):
    """The lower median of all elements, nan if there is one."""
    if x.dtype == bool:
        raise not_implemented("median_cpu", x.dtype)
    if not x.size:
        return np.full((), np.nan, x.dtype)
    return np.partition(x, (x.size - 1) // 2, axis=None)[(x.size - 1) // 2] if not _has_nan(x) else np.full((), np.nan, x.dtype)


def _has_nan(x):
    return x.dtype.kind == "f" and bool(np.isnan(x).any())


# ---- logical, cumulative -------------------------------------------------------------------------------------------


def _declare_test(name, reduce):
    @op(None, x=None, public=name, formula=(f"{name}_dim(x)",))
    def test(x, dim=None, keepdim=False):
        """Whether all (or any) elements over ``dim`` are true. uint8 answers in uint8."""
        axes = None if dim is None else axes_of(dim, x.ndim)
        result = by_rows(reduce(x, axis=axes, keepdims=keepdim)) if axes != () else x
        return np.asarray(result, bool).astype(np.uint8 if x.dtype == np.uint8 else bool)

    return test


all_, any_ = _declare_test("all", np.logical_and.reduce), _declare_test("any", np.logical_or.reduce)


# ---- logarithms of sums, norms ---------------------------------------------------------------------------------------


@op(
    "LogsumexpBackward0",
    x=lambda grad, x, dim, keepdim, out: (
        keep_axes(grad, x.shape, dim, keepdim) * exp(x - keep_axes(out, x.shape, dim, keepdim))
    ),
    promote="float",
    formula=("log(Σ_dim exp(x))", "G ⊙ exp(x − out)"),
)
def logsumexp(x, dim, keepdim=False):
    """``log(sum(exp(x)))`` over ``dim``, computed around the maximum."""
    axes, z = _axes(x, dim), from_half(x)
    top = np.maximum.reduce(z.real, axis=axes, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    result = np.log(_sum(np.exp(z - top), axes, True)) + top
    return as_half(by_rows(result if keepdim else np.squeeze(result, axes)), x)


def _norm_rule(grad, x, out, p, dim, keepdim):
    """``sign(x) (|x| / norm)^(p-1)``, and 0 where the norm is 0."""
    out, grad = keep_axes(out, x.shape, dim, keepdim), keep_axes(grad, x.shape, dim, keepdim)
    if p == 0:
        return zeros_like(x)
    if p == 1:
        return grad * sgn(x)
    if p == 2:
        return where(out == 0, 0.0, x * (grad / out))
    if math.isinf(p):
        attained = (abs(x) == out) | ((x != x) & (out != out))
        return sgn(x) * attained * (grad / sum(attained, dim, True))
    if p < 1:
        return where(x == 0, 0.0, sgn(x) * abs(x) ** (p - 1)) * grad * out ** (1 - p)
    slope = sgn(x) * abs(x) ** (p - 1) if p < 2 else x * abs(x) ** (p - 2)
    return slope * where(out == 0, 0.0, grad / out ** (p - 1))


_NORM = {
    "x": lambda grad, x, out, p, dim, keepdim: _norm_rule(grad, x, out, p, dim, keepdim),
    "formula": (
        "{p=0:Σ_dim 1[x ≠ 0]}{p=1:Σ_dim |x|}{p=2:√(Σ_dim x²)}{p=∞:max_dim(|x|)}{p=−∞:min_dim(|x|)}"
        "{else:(Σ_dim |x|^p)^(1 / p)}",
        "{p=0:0 · G}{p=1:G ⊙ sign(x)}{p=2:G ⊙ x / out}"
        "{p=∞:G ⊙ sign(x) ⊙ 1[|x| = out] / Σ_dim 1[|x| = out]}{p=−∞:G ⊙ sign(x) ⊙ 1[|x| = out] / Σ_dim 1[|x| = out]}"
        "{else:G ⊙ sign(x) ⊙ (|x| / out)^(p − 1)}",
    ),
    "symbol": "‖x‖",
}


@op("LinalgVectorNormBackward0", **_NORM)
def vector_norm(x, p=2, dim=None, keepdim=False):
    """``(sum |x|^p)^(1/p)`` over ``dim``; how many are not 0 for p = 0, the largest or smallest ``|x|`` for p = inf, -inf."""
    return by_rows(_norm(x, p, dim, keepdim))


def _norm(x, p, dim, keepdim):
    axes, z = _axes(x, dim), np.abs(from_half(x))
    if p < 0 or math.isinf(p):
        _require_elements(x, p, axes)
    if math.isinf(p):
        return as_half((np.maximum if p > 0 else np.minimum).reduce(z, axis=axes, keepdims=keepdim), x)
    if p == 0:
        return as_half(_sum((x != 0).astype(z.dtype), axes, keepdim), x)
    if p == 1:
        return as_half(_sum(z, axes, keepdim), x)
    if p == 2:
        return as_half(np.sqrt(_sum(z * z, axes, keepdim)), x)
    return as_half(_sum(z**p, axes, keepdim) ** (1 / p), x)


norm_over = op("NormBackward1", **_NORM, public="norm")(vector_norm.forward)


def _require_elements(x, p, axes):
    """Orders below 0 and infinite have no value for nothing."""
    empty = [axis for axis in (axes or ()) if x.shape[axis] == 0]
    if axes is None and x.size == 0:
        what = "an empty tensor "
    elif empty:
        what = f"the dimension {empty[0]}because this dimension is empty and "
    else:
        return
    reason = "because the operation does not have an identity" if axes is None else "the operation does not have an identity"
    raise RuntimeError(f"linalg.vector_norm cannot compute the {p:g} norm on {what}{reason}")
