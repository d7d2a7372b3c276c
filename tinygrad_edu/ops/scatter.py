"""Gather and scatter: one element along an axis for each index."""

from __future__ import annotations

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import maximum, where
from .elementwise import zeros_like
from .repeated import add_at_positions
from .shape import axis_of, place


def type_of(x):
    """A dtype as PyTorch's messages name it: Float."""
    from ..dtypes import from_numpy_dtype

    return from_numpy_dtype(x.dtype).legacy_name


def vector(x):
    """A 0-d array as a vector of one element (a view)."""
    return x if x.ndim else x.reshape(1)


def check_dtype(x, source, name):
    if x.dtype != source.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")


def check_along(x, dim, indices, name, source=None):
    """Whether ``indices`` along ``dim`` fit the shapes of ``x`` and of the source (vectors at least), and are in range."""
    if indices.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if x.ndim != indices.ndim:
        tensor = "input" if name == "gather" else "self"
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {tensor} tensor")
    if not indices.size:
        return
    others = [d for d in range(x.ndim) if d != dim]
    if source is None:
        for d in others:
            if indices.shape[d] > x.shape[d]:
                raise RuntimeError(
                    f"Size does not match at dimension {d} expected index {list(indices.shape)} to be no larger than self "
                    f"{list(x.shape)} apart from dimension {dim}"
                )
    elif source.ndim != x.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    elif any(indices.shape[d] > x.shape[d] for d in others) or any(
        n > m for n, m in zip(indices.shape, source.shape, strict=True)
    ):
        raise RuntimeError(
            f"Expected index {list(indices.shape)} to be no larger than self {list(x.shape)} apart from dimension {dim} "
            f"and to be no larger size than src {list(source.shape)}"
        )
    outside = indices[(indices < 0) | (indices >= x.shape[dim])]
    if outside.size:
        raise RuntimeError(f"index {outside[0]} is out of bounds for dimension {dim} with size {x.shape[dim]}")


def along(dim, indices):
    """The open grid that ``indices`` along ``dim`` mean."""
    grid = list(np.ix_(*(np.arange(n) for n in indices.shape)))
    grid[dim] = indices
    return tuple(grid)


def _corner(source, indices):
    """The part of the source that the indices speak of."""
    return source[tuple(slice(n) for n in indices.shape)]


def _in_corner(grad, shape):
    """The gradient of a source of which only the corner was used: zeros elsewhere."""
    return grad if grad.shape == tuple(shape) else place(grad, shape, tuple(slice(n) for n in grad.shape))


_TAKEN = "x[index] along axis dim"
_ADDED = "{} added at [index] along axis dim"
_READ = "G[index] along axis dim"


@op(
    "GatherBackward0",
    x=lambda grad, x_shape, dim, index: scatter_zeros(grad, x_shape, dim, index),
    index=None,
    formula=(_TAKEN, _ADDED.format("G")),
)
def gather(x, dim, index, *, sparse_grad=False):
    """``out[i][j] = x[index[i][j]][j]`` for ``dim=0``: one element along ``dim`` for each index."""
    dim = axis_of(dim, x.ndim)
    x, indices = vector(x), vector(index)
    check_along(x, dim, indices, "gather")
    return x[along(dim, indices)].reshape(index.shape)


@op(
    "ScatterAddBackward0",
    x=lambda grad, dim, index: gather(grad, dim, index),
    index=None,
    formula=(_ADDED.format("x"), _READ),
)
def scatter_zeros(x, shape, dim, index):
    """Zeros of ``shape`` with ``x`` added at ``index`` along ``dim``."""
    result = np.zeros(shape, x.dtype)
    _add_along(result, axis_of(dim, result.ndim), index, x)
    return result


def _add_along(result, dim, index, source):
    result, indices, source = vector(result), vector(index), vector(source)
    source = _corner(source, indices)
    if indices.shape[dim] == 1:
        result[along(dim, indices)] += source  # one index along the axis cannot repeat
    elif indices.size:
        positions = np.ravel_multi_index(along(dim, indices), result.shape)
        add_at_positions(result, positions, source)


@op(
    "ScatterAddBackward0",
    x=lambda grad: grad,
    index=None,
    src=lambda grad, dim, index, src_shape: _in_corner(gather(grad, dim, index), src_shape),
    formula=("x + (src added at [index] along axis dim)", "G", _READ),
)
def scatter_add(x, dim, index, src):
    """``x`` with each element of ``src`` added at ``index`` along ``dim``."""
    dim = axis_of(dim, x.ndim)
    check_dtype(x, src, "scatter")
    check_along(vector(x), dim, vector(index), "scatter", vector(src))
    result = x.copy()
    _add_along(result, dim, index, src)
    return result


@op(
    "ScatterBackward0",
    x=lambda grad, dim, index: scatter_value(grad, dim, index, 0),
    index=None,
    src=lambda grad, dim, index, src_shape: _in_corner(gather(grad, dim, index), src_shape),
    public="scatter",
    formula=("x but src at [index] along axis dim", "G but 0 at [index] along axis dim", _READ),
)
def scatter_src(x, dim, index, src):
    dim = axis_of(dim, x.ndim)
    check_dtype(x, src, "scatter")
    result, indices, src = x.copy(), vector(index), vector(src)
    check_along(vector(result), dim, indices, "scatter", src)
    vector(result)[along(dim, indices)] = _corner(src, indices)
    return result


@op(
    "ScatterBackward1",
    x=lambda grad, dim, index: scatter_value(grad, dim, index, 0),
    index=None,
    public="scatter",
    formula=("x but value at [index] along axis dim", "G but 0 at [index] along axis dim"),
)
def scatter_value(x, dim, index, value):
    dim = axis_of(dim, x.ndim)
    result, indices = x.copy(), vector(index)
    check_along(vector(result), dim, indices, "scatter")
    vector(result)[along(dim, indices)] = value
    return result


def _underivable(grad):
    raise RuntimeError("derivative for aten::scatter is not implemented")


@op(
    "NotImplemented",
    x=_underivable,
    index=None,
    src=_underivable,
    public="scatter",
    formula=("reduce(x, src) at [index] along axis dim", "undefined", "undefined"),
)
def scatter_by(x, dim, index, src, reduce):
    """``x`` with elements of ``src`` added to, or multiplied with, those at ``index``; PyTorch has no derivative for it."""
    dim = axis_of(dim, x.ndim)
    check_dtype(x, src, "scatter")
    result, indices, src = x.copy(), vector(index), vector(src)
    check_along(vector(result), dim, indices, "scatter", src)
    ufunc = np.add if reduce == "add" else np.multiply
    ufunc.at(vector(result), along(dim, indices), _corner(src, indices))
    return result


# ---- scatter_reduce ------------------------------------------------------------------------------------------------

_UFUNCS = {"sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum}
_NEUTRAL = {"sum": 0, "mean": 0, "prod": 1}


def _limits(dtype):
    """The smallest and the largest value of a dtype."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return (False, True) if dtype.kind == "b" else (-np.inf, np.inf)


def _derivatives(grad, x, dim, index, src, out, reduce, include_self):
    """The gradients of ``x`` and of the used corner of ``src``."""
    if reduce == "sum":
        x_grad, src_grad = grad, gather(grad, dim, index)
    elif reduce == "mean":
        x_grad = grad / scatter_counts(x, dim, index, include_self)
        src_grad = gather(x_grad, dim, index)
    elif reduce == "prod":
        x_grad, src_grad = _product_derivatives(grad, x, dim, index, src, out, include_self)
    else:  # the winners share; PyTorch counts x among them even if it was not included
        wins, src_wins = equal_as_numbers(x, out), equal_as_numbers(take_corner(src, index), gather(out, dim, index))
        share = grad / maximum(scatter_add(wins, dim, index, src_wins), wins)
        x_grad, src_grad = share * wins, gather(share, dim, index) * src_wins
    return (x_grad if include_self else scatter_value(x_grad, dim, index, 0)), src_grad


def _product_derivatives(grad, x, dim, index, src, out, include_self):
    """The product of the other factors, also where a factor is zero: of ``x`` and for a zero that is alone in ``src``."""
    used = take_corner(src, index)
    x_zero, src_zero = equal_as_numbers(x, zeros_like(x)), equal_as_numbers(used, zeros_like(used))
    without_x = scatter_reduce(x + x_zero, dim, index, src, "prod", include_self=include_self)
    without_zeros = scatter_reduce(x, dim, index, used + src_zero, "prod", include_self=include_self)
    alone = gather(equal_as_numbers(scatter_zeros(src_zero, x.shape, dim, index), ones_like(x)), dim, index)
    of_zeros = gather(grad * without_zeros, dim, index) * alone
    return grad * without_x / (x + x_zero), where(src_zero > 0, of_zeros, gather(grad * out, dim, index) / used)


@op(
    "ScatterReduceBackward0",
    x=lambda grad, x, dim, index, src, out, reduce, include_self: _derivatives(
        grad, x, dim, index, src, out, reduce, include_self
    )[0],
    index=None,
    src=lambda grad, x, dim, index, src, out, reduce, include_self: _in_corner(
        _derivatives(grad, x, dim, index, src, out, reduce, include_self)[1], src.shape
    ),
    formula=(
        "reduce(x, src) at [index] along axis dim",
        "{reduce=sum:G}{reduce=mean:G / N}{reduce=prod:G ⊙ out / x}{else:G ⊙ 1[x = out] / N}"
        "{include_self=False: but 0 at [index] along axis dim}",
        "{reduce=sum:G[index]}{reduce=mean:(G / N)[index]}{reduce=prod:(G ⊙ out)[index] / src}"
        "{else:(G / N)[index] ⊙ 1[src = out[index]]} along axis dim",
    ),
)
def scatter_reduce(x, dim, index, src, reduce, *, include_self=True):
    """``x`` with the elements of ``src`` at each index reduced to their sum, prod, mean, amax or amin (with ``x``'s own)."""
    if reduce not in _UFUNCS:
        raise RuntimeError(f"Expected 'reduce' to be one of 'sum', 'prod', 'mean', 'amax', 'amin' but got {reduce}.")
    dim = axis_of(dim, x.ndim)
    check_dtype(x, src, "scatter")
    if reduce == "mean" and x.dtype == bool:
        raise not_implemented("scatter_gather_tensor_cpu_reduce_mean", x.dtype)
    result, indices, used = np.array(x, order="C"), vector(index), vector(src)
    check_along(vector(result), dim, indices, "scatter", used)
    target, places = vector(result), along(dim, indices)
    if not include_self:
        lowest, highest = _limits(x.dtype)
        target[places] = _NEUTRAL.get(reduce, lowest if reduce == "amax" else highest)
    _UFUNCS[reduce].at(target, places, _corner(used, indices))
    if reduce == "mean":
        counts = scatter_counts(x, dim, index, include_self)
        result = result / counts if x.dtype.kind == "f" else result // counts.astype(x.dtype)
    return result


@op(None, x=None, index=None, formula=("count(index)",))
def scatter_counts(x, dim, index, include_self):
    """How many elements met at each place, at least 1."""
    counts = np.full(x.shape, 1 if include_self else 0, x.dtype if x.dtype.kind == "f" else np.int64)
    _add_along(counts, axis_of(dim, x.ndim), index, np.ones(index.shape, counts.dtype))
    return np.maximum(counts, 1)


@op(None, x=None, formula=("1",))
def ones_like(x):
    return np.ones_like(x)


@op(None, x=None, y=None, formula=("1[x = y]",))
def equal_as_numbers(x, y):
    """1 where both are equal, else 0; in their dtype."""
    return np.equal(x, y).astype(x.dtype)


@op(
    "TakePartBackward0",
    x=lambda grad, x_shape: _in_corner(grad, x_shape),
    index=None,
    formula=("corner of x shaped like index", "G at its corner, else 0"),
)
def take_corner(x, index):
    """The part of ``x`` that ``index`` speaks of."""
    return _corner(vector(x), vector(index)).reshape(index.shape)
