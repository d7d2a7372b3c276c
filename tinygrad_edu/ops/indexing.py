"""Elements by index, and their orderings."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .repeated import add_at
from .scatter import scatter_zeros, type_of
from .shape import axis_of, by_rows, reshape, zeros

# ---- x[index] with arrays in the index -----------------------------------------------------------------------------


@op(
    "IndexBackward0",
    x=lambda grad, x_shape, index: index_put_zeros(grad, x_shape, index),
    public="index",
    formula=("x[index]", "G added at [index]"),
    symbol="x[i]",
)
def index(x, index):
    """Elements at integer or boolean arrays, NumPy's rules for their place in the result."""
    return by_rows(x[index])


@op(
    "IndexPutBackward0",
    x=lambda grad, index: index_kernel(grad, index),
    public="index_put",
    formula=("x added at [index]", "G[index]"),
)
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
    formula=(
        "{accumulate:x + (values added at [index])}{else:x but values at [index]}",
        "{accumulate:G}{else:G but 0 at [index]}",
        "G[index]",
    ),
)
def index_put(x, index, values, accumulate=False):
    """``x`` with ``values`` at ``index`` (added there if ``accumulate``)."""
    result = x.copy()
    if accumulate:
        add_at(result, index, values)
    else:
        result[index] = values
    return result


@op(
    "IndexPutBackward0",
    x=lambda grad, index: index_fill_zero(grad, index),
    public="index_put",
    formula=("x but 0 at [index]", "G but 0 at [index]"),
)
def index_fill_zero(x, index):
    """``x`` with zeros at ``index``."""
    result = x.copy()
    result[index] = 0
    return result


# ---- indices into the flattened tensor -------------------------------------------------------------------------------


def _check_flat(x, index, name):
    if index.dtype != np.int64:
        raise RuntimeError(f"{name}(): Expected a long tensor for index, but got {type_of(index)}")
    outside = index[(index < -x.size) | (index >= x.size)]
    if outside.size:
        raise IndexError(f"out of range: tried to access index {outside.reshape(-1)[0]} on a tensor of {x.size} elements.")


@op(
    "TakeBackward0",
    x=lambda grad, x_shape, index: put_zeros(grad, x_shape, index),
    index=None,
    public="take",
    formula=("take(x, index)", "put(G, index)"),
)
def take_elements(x, index):
    """Elements at ``index`` of the flattened tensor, in the shape of ``index``."""
    _check_flat(x, index, "take")
    return np.take(x, index)


@op(
    "PutBackward0",
    x=lambda grad, index: take_elements(grad, index),
    index=None,
    public="put",
    formula=("put(x, index)", "take(G, index)"),
)
def put_zeros(x, shape, index):
    """Zeros of ``shape`` with ``x`` added at ``index`` of the flattened tensor."""
    result = np.zeros(shape, x.dtype)
    add_at(result.reshape(-1), index, x)
    return result


@op(
    "PutBackward0",
    x=lambda grad, index, source_shape, accumulate: grad if accumulate else put(grad, index, zeros(grad, source_shape)),
    index=None,
    source=lambda grad, index, source_shape: reshape(take_elements(grad, index), source_shape),
    formula=(
        "{accumulate:x + put(source, index)}{else:flat(x) but flat(source) at [index]}",
        "{accumulate:G}{else:flat(G) but 0 at [index]}",
        "take(G, index)",
    ),
)
def put(x, index, source, accumulate=False):
    """``x`` with the elements of ``source`` at (or added at) ``index`` of the flattened tensor."""
    _check_flat(x, index, "put_")
    if x.dtype != source.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {type_of(x)} and source.dtype = "
            f"{type_of(source)}"
        )
    if index.size != source.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.size}, index.numel() = {index.size}"
        )
    result = np.array(x, order="C")
    if accumulate:
        add_at(result.reshape(-1), index.reshape(-1), source.reshape(-1))
    else:
        result.reshape(-1)[index.reshape(-1)] = source.reshape(-1)
    return result


# ---- orderings ------------------------------------------------------------------------------------------------------


@op(None, x=None, formula=("argsort_dim(x)",))
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
    @op(
        node,
        x=lambda grad, x_shape, dim, order: _unsort(grad, x_shape, dim, order),
        order=None,
        public=public,
        formula=("x[order] along axis dim", "G at [order] along axis dim, else 0"),
    )
    def take_order(x, order, dim):
        """``x`` along ``dim`` in the order of the indices."""
        return np.take_along_axis(x, order, axis_of(dim, x.ndim)) if x.ndim else x.copy()

    return take_order


take_sorted, take_sorted_stably = _declare_order("SortBackward0", "sort"), _declare_order("SortBackward1", "sort")
take_largest = _declare_order("TopkBackward0", "topk")


def _unsort(grad, x_shape, dim, order):
    return scatter_zeros(grad, x_shape, dim % len(x_shape), order) if len(x_shape) else grad


@op(
    "TrilBackward0",
    x=lambda grad, diagonal: tril(grad, diagonal),
    formula=("tril(x{diagonal≠0:, diagonal})", "tril(G{diagonal≠0:, diagonal})"),
)
def tril(x, diagonal=0):
    """The elements on and below the diagonal; zeros elsewhere."""
    if x.ndim < 2:
        raise RuntimeError("tril: input tensor must have at least 2 dimensions")
    return np.tril(x, diagonal)


@op(
    "TriuBackward0",
    x=lambda grad, diagonal: triu(grad, diagonal),
    formula=("triu(x{diagonal≠0:, diagonal})", "triu(G{diagonal≠0:, diagonal})"),
)
def triu(x, diagonal=0):
    """The elements on and above the diagonal; zeros elsewhere."""
    if x.ndim < 2:
        raise RuntimeError("triu: input tensor must have at least 2 dimensions")
    return np.triu(x, diagonal)
