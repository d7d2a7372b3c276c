"""Elements by index: fancy indexing, gather and scatter, masks."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .elementwise import where, zeros_like
from .shape import axis_of


def add_at(target, index, values):
    """``target[index] += values`` where indices may repeat.

    ``np.add.at`` is slow; along one integer axis a sort and ``np.add.reduceat`` do the same, and without repetition a
    plain assignment does.
    """
    if isinstance(index, tuple) and len(index) == 1:
        index = index[0]
    if isinstance(index, np.ndarray) and index.dtype.kind == "b":
        target[index] += values
        return
    if isinstance(index, np.ndarray) and index.dtype.kind in "iu":
        flat = index.reshape(-1) % max(target.shape[0], 1)
        rows = np.broadcast_to(values, (*index.shape, *target.shape[1:])).reshape(flat.size, *target.shape[1:])
        if flat.size == 0:
            return
        order = np.argsort(flat, kind="stable")
        ordered = flat[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        target[ordered[starts]] += np.add.reduceat(rows[order], starts, axis=0) if len(starts) != len(flat) else rows[order]
        return
    np.add.at(target, index, values)


# ---- x[index] with arrays in the index -----------------------------------------------------------------------------


@op("IndexBackward0", x=lambda grad, x_shape, index: index_put_zeros(grad, x_shape, index), public="index")
def index(x, index):
    """Elements at integer or boolean arrays, NumPy's rules for their place in the result."""
    return x[index]


@op("IndexPutBackward0", x=lambda grad, index: index_kernel(grad, index), public="index_put")
def index_put_zeros(x, shape, index):
    """Zeros of ``shape`` with ``x`` added at ``index``."""
    result = np.zeros(shape, x.dtype)
    add_at(result, index, x)
    return result


def index_kernel(grad, where_):
    return index(grad, where_)


@op(
    "IndexPutBackward0",
    x=lambda grad, index, accumulate: grad if accumulate else index_fill_zero(grad, index),
    values=lambda grad, index: index_kernel(grad, index),
    public="index_put",
)
def index_put(x, index, values, accumulate=False):
    """``x`` with ``values`` at ``index`` (added there if ``accumulate``)."""
    result = x.copy()
    if accumulate:
        add_at(result, index, values)
    else:
        result[index] = values
    return result


@op("IndexFillBackward0", x=lambda grad, index: index_fill_zero(grad, index))
def index_fill_zero(x, index):
    result = x.copy()
    result[index] = 0
    return result


# ---- along one axis ------------------------------------------------------------------------------------------------


def _check_index(x, dim, indices, name, source=None):
    if indices.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if max(x.ndim, 1) != max(indices.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as " + ("input" if name == "gather" else "self") + " tensor")
    limit = x if source is None else source
    for d in range(indices.ndim):
        if source is None and d != dim and indices.shape[d] > limit.shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(indices.shape)} to be no larger than self "
                f"{list(x.shape)} apart from dimension {dim}"
            )
        if source is not None and (indices.shape[d] > source.shape[d] or (d != dim and indices.shape[d] > x.shape[d])):
            raise RuntimeError(
                f"Expected index {list(indices.shape)} to be no larger than self {list(x.shape)} apart from dimension {dim} "
                f"and to be no larger size than src {list(source.shape)}"
            )
    size = x.shape[dim] if x.ndim else 1
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        bad = int(indices[(indices < 0) | (indices >= size)].reshape(-1)[0])
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {size}")


def _along(dim, indices):
    """The open grid that ``indices`` along ``dim`` means."""
    shape = indices.shape
    grid = list(np.ix_(*(np.arange(n) for n in shape)))
    grid[dim] = indices
    return tuple(grid)


@op("GatherBackward0", x=lambda grad, x_shape, dim, index: scatter_zeros(grad, x_shape, dim, index), index=None)
def gather(x, dim, index, *, sparse_grad=False):
    """``out[i][j] = x[index[i][j]][j]`` for ``dim=0``: one element along ``dim`` for each index."""
    dim = axis_of(dim, x.ndim)
    _check_index(x, dim, index, "gather")
    if not index.ndim or not x.ndim:
        return x.reshape(-1)[index.reshape(index.shape)] if not x.ndim else x[index]
    return x[_along(dim, index)]


@op("ScatterAddBackward0", x=lambda grad, dim, index: gather(grad, dim, index), index=None)
def scatter_zeros(x, shape, dim, index):
    """Zeros of ``shape`` with ``x`` added at ``index`` along ``dim``."""
    result = np.zeros(shape, x.dtype)
    _add_along(result, dim, index, x)
    return result


def _add_along(result, dim, index, source):
    if not result.ndim:
        result[...] += source.sum()
        return
    source = source[tuple(slice(n) for n in index.shape)]
    if index.shape[dim] == 1:
        result[_along(dim, index)] += source  # one index along the axis cannot repeat
    else:
        np.add.at(result, _along(dim, index), source)


@op("ScatterAddBackward0", x=lambda grad: grad, index=None, src=lambda grad, dim, index: gather(grad, dim, index))
def scatter_add(x, dim, index, src):
    """``x`` with each element of ``src`` added at ``index`` along ``dim``."""
    dim = axis_of(dim, x.ndim)
    _check_index(x, dim, index, "scatter_add", src)
    result = x.copy()
    _add_along(result, dim, index, src)
    return result


@op(
    "ScatterBackward0",
    x=lambda grad, dim, index: scatter_value(grad, dim, index, 0),
    index=None,
    src=lambda grad, dim, index: gather(grad, dim, index),
    public="scatter",
)
def scatter_src(x, dim, index, src):
    dim = axis_of(dim, x.ndim)
    _check_index(x, dim, index, "scatter", src)
    result = x.copy()
    if result.ndim:
        result[_along(dim, index)] = src[tuple(slice(n) for n in index.shape)]
    else:
        result[...] = src.reshape(-1)[-1] if index.size else result
    return result


@op("ScatterBackward1", x=lambda grad, dim, index: scatter_value(grad, dim, index, 0), index=None, public="scatter")
def scatter_value(x, dim, index, value):
    dim = axis_of(dim, x.ndim)
    _check_index(x, dim, index, "scatter")
    result = x.copy()
    if result.ndim:
        result[_along(dim, index)] = value
    elif index.size:
        result[...] = value
    return result


@op("IndexSelectBackward0", x=lambda grad, x_shape, dim, index: _unselect(grad, x_shape, dim, index), index=None)
def index_select(x, dim, index):
    """The slices at ``index`` (one dimension) along ``dim``."""
    dim = axis_of(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if not x.ndim:
        return x.copy()
    if index.size and (index.min() < 0 or index.max() >= x.shape[dim]):
        raise IndexError("index out of range in self")
    return np.take(x, index.reshape(-1), axis=dim)


def _unselect(grad, x_shape, dim, index):
    if not len(x_shape):
        return grad
    return select_add(grad, x_shape, dim, index)


@op("IndexAddBackward0", x=lambda grad, dim, index: index_select(grad, dim, index), index=None)
def select_add(x, shape, dim, index):
    """Zeros of ``shape`` with the slices of ``x`` added at ``index`` along ``dim``."""
    result = np.zeros(shape, x.dtype)
    axis = dim % len(shape)
    add_at(np.moveaxis(result, axis, 0), index.reshape(-1), np.moveaxis(x, axis, 0))
    return result


# ---- masks ---------------------------------------------------------------------------------------------------------


@op("MaskedFillBackward0", x=lambda grad, mask: where(mask, 0.0, grad), mask=None, public="masked_fill")
def masked_fill_number(x, mask, value):
    """``value`` where ``mask`` is true."""
    if mask.dtype != bool:
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype " + _dtype_name(mask))
    return np.where(mask, x.dtype.type(value), x)


@op(
    "MaskedFillBackward1",
    x=lambda grad, mask: where(mask, 0.0, grad),
    mask=None,
    value=lambda grad, mask: where(mask, grad, zeros_like(grad)),
    public="masked_fill",
)
def masked_fill_tensor(x, mask, value):
    if value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    return np.where(mask, value.astype(x.dtype), x)


def _dtype_name(x):
    from ..dtypes import from_numpy_dtype

    return {"Byte": "unsigned char", "Long": "long int", "Float": "float", "Int": "int", "Double": "double"}.get(
        from_numpy_dtype(x.dtype).legacy_name, from_numpy_dtype(x.dtype).legacy_name
    )


@op("MaskedSelectBackward0", x=lambda grad, x_shape, mask: _unmask(grad, x_shape, mask), mask=None)
def masked_select(x, mask):
    """The elements where ``mask`` (which broadcasts) is true, as a vector."""
    if mask.dtype != bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    x, mask = np.broadcast_arrays(x, mask)
    return x[mask]


def _unmask(grad, x_shape, mask):
    shape = np.broadcast_shapes(tuple(x_shape), mask.shape)
    return index_put_zeros(grad, shape, (np.broadcast_to(mask, shape),))


# ---- orderings ------------------------------------------------------------------------------------------------------


@op(None, x=None)
def argsort(x, dim=-1, descending=False, stable=False):
    """The indices that sort ``x`` along ``dim``; equal elements keep their order."""
    return sort_order(x, dim, descending)


def sort_order(x, dim, descending):
    axis = axis_of(dim, x.ndim)
    if not x.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    backwards = np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
    return x.shape[axis] - 1 - backwards


def _declare_order(node, public):
    @op(node, x=lambda grad, x_shape, dim, order: _unsort(grad, x_shape, dim, order), order=None, public=public)
    def take_order(x, order, dim):
        """``x`` along ``dim`` in the order of the indices."""
        return np.take_along_axis(x, order, axis_of(dim, x.ndim)) if x.ndim else x.copy()

    return take_order


take_sorted, take_sorted_stably = _declare_order("SortBackward0", "sort"), _declare_order("SortBackward1", "sort")
take_largest = _declare_order("TopkBackward0", "topk")


def _unsort(grad, x_shape, dim, order):
    return scatter_zeros(grad, x_shape, dim % len(x_shape), order) if len(x_shape) else grad


@op("TrilBackward0", x=lambda grad, diagonal: tril(grad, diagonal))
def tril(x, diagonal=0):
    """The elements on and below the diagonal; zeros elsewhere."""
    return np.tril(x, diagonal)


@op("TriuBackward0", x=lambda grad, diagonal: triu(grad, diagonal))
def triu(x, diagonal=0):
    """The elements on and above the diagonal; zeros elsewhere."""
    return np.triu(x, diagonal)
