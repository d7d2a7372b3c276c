"""Masks, and whole slices chosen by a vector of indices."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .choosing import where
from .elementwise import zeros_like
from .indexing import index_put_zeros
from .reduction import sum as sum_
from .repeated import add_at
from .scatter import type_of, vector
from .shape import axis_of, by_rows, reshape, zeros

# ---- index_select and its kin: slices along one axis -----------------------------------------------------------------


def _slices(x, dim, index):
    """The index of the slices at ``index`` along ``dim``."""
    return (*(slice(None),) * axis_of(dim, x.ndim), vector(index))


def _check_range(index, size, dim, kind=IndexError, words="index {} is out of bounds for dimension {} with size {}", low=0):
    outside = vector(index)[(vector(index) < low) | (vector(index) >= size)]
    if outside.size:
        raise kind(words.format(outside[0], dim, size))


_ADDED = "{} added at [index] along axis dim"
_READ = "G[index] along axis dim"
_CLEARED = "G but 0 at [index] along axis dim"


@op(
    "IndexSelectBackward0",
    x=lambda grad, x_shape, dim, index: select_add(grad, x_shape, dim, index),
    index=None,
    formula=("x[index] along axis dim", _ADDED.format("G")),
)
def index_select(x, dim, index):
    """The slices at ``index`` (one dimension) along ``dim``."""
    dim = axis_of(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if not x.ndim:
        return x.copy()
    _check_range(index, x.shape[dim], dim, words="index out of range in self")
    return np.take(x, vector(index), axis=dim)


@op(
    "IndexAddBackward0",
    x=lambda grad, dim, index: index_select(grad, dim, index),
    index=None,
    formula=(_ADDED.format("x"), _READ),
)
def select_add(x, shape, dim, index):
    """Zeros of ``shape`` with the slices of ``x`` added at ``index`` along ``dim``."""
    if not len(shape):
        return x.copy()
    result = np.zeros(shape, x.dtype)
    axis = dim % len(shape)
    add_at(np.moveaxis(result, axis, 0), vector(index), np.moveaxis(x, axis, 0))
    return result


@op(
    "IndexAddBackward0",
    x=lambda grad: grad,
    index=None,
    source=lambda grad, dim, index, source_shape, alpha: reshape(index_select(grad, dim, index), source_shape) * alpha,
    formula=("x + (alpha · source added at [index] along axis dim)", "G", "alpha · G[index] along axis dim"),
)
def index_add(x, dim, index, source, *, alpha=1):
    """``x`` with the slices of ``source`` (times ``alpha``) added at ``index`` along ``dim``."""
    dim = axis_of(dim, x.ndim)
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"index_add_(): Expected dtype int32/int64 for index but got: {type_of(index)}")
    if index.ndim > 1:
        raise IndexError(
            f"index_add_(): Index is supposed to be a vector, but got dim: {index.ndim} with type: {type_of(index)} and size: "
            f"{list(index.shape)}"
        )
    if x.dtype != source.dtype:
        raise RuntimeError(
            f"index_add_(): self ({type_of(x)}) and source ({type_of(source)}) must have the same scalar type"
        )
    _check_slices(x, dim, index, source)
    _check_range(index, vector(x).shape[dim], dim, RuntimeError)
    result = x.copy()
    added = vector(source) * np.asarray(alpha).astype(x.dtype)
    add_at(np.moveaxis(vector(result), dim, 0), vector(index), np.moveaxis(added, dim, 0))
    return result


def _check_slices(x, dim, index, source):
    others = [tuple(n for d, n in enumerate(each.shape) if d != dim) for each in (x, source)]
    if x.ndim != source.ndim or others[0] != others[1]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(x.shape)} source.shape = {list(source.shape)}"
        )
    size = vector(source).shape[dim]
    if index.size != size:
        raise RuntimeError(
            f"index_add_(): Number of indices ({index.size}) should be equal to source.size(dim): ({size}), for dim: {dim}"
        )


def _fill(x, dim, index, value):
    dim = axis_of(dim, x.ndim)
    if index.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    result = x.copy()
    size = vector(result).shape[dim]
    _check_range(index, size, dim, low=-size)
    vector(result)[_slices(vector(result), dim, index)] = value
    return result


@op(
    "IndexFillBackward0",
    x=lambda grad, dim, index: index_fill_number(grad, dim, index, 0),
    index=None,
    public="index_fill",
    formula=("x but value at [index] along axis dim", _CLEARED),
)
def index_fill_number(x, dim, index, value):
    """``value`` in the slices at ``index`` along ``dim``."""
    return _fill(x, dim, index, value)


@op(
    "IndexFillBackward1",
    x=lambda grad, dim, index: index_fill_number(grad, dim, index, 0),
    index=None,
    value=lambda grad, dim, index: sum_(index_select(grad, dim, np.unique(index)), None, False),
    public="index_fill",
    formula=("x but value at [index] along axis dim", _CLEARED, "Σ (G[index] along axis dim)"),
)
def index_fill_tensor(x, dim, index, value):
    if value.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    return _fill(x, dim, index, value)


@op(
    "IndexCopyBackward0",
    x=lambda grad, dim, index: index_fill_number(grad, dim, index, 0),
    index=None,
    source=lambda grad, dim, index, source_shape: reshape(index_select(grad, dim, index), source_shape),
    formula=("x but source at [index] along axis dim", _CLEARED, _READ),
)
def index_copy(x, dim, index, source):
    """``x`` with the slices at ``index`` along ``dim`` replaced by those of ``source``."""
    dim = axis_of(dim, x.ndim)
    if index.dtype != np.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {type_of(index)}")
    if x.dtype != source.dtype:
        raise RuntimeError(
            f"index_copy_(): self and source expected to have the same dtype, but got (self) {type_of(x)} and (source) "
            f"{type_of(source)}"
        )
    if index.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index.ndim})")
    slices = [tuple(n for d, n in enumerate(each.shape) if d != dim) for each in (x, source)]
    if slices[0] != slices[1]:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, slices[0]))} at dimension {dim} and source slice shape: {' '.join(map(str, slices[1]))} at "
            "dimension 0."
        )
    if vector(source).shape[dim] != index.size:
        raise IndexError(
            f"index_copy_(): Number of indices ({index.size}) should be equal to source.size(dim) ({vector(source).shape[dim]})"
        )
    result = x.copy()
    _check_range(
        index, vector(result).shape[dim], dim, words="index_copy_(): index {} is out of bounds for dimension {} with size {}"
    )
    vector(result)[_slices(vector(result), dim, index)] = vector(source)
    return result


# ---- masks ---------------------------------------------------------------------------------------------------------


def _check_mask(mask):
    if mask.dtype != bool:
        names = {"Byte": "unsigned char", "Char": "signed char", "Double": "double", "Float": "float", "Half": "c10::Half"}
        names |= {"Int": "int", "Long": "long int", "Short": "short int"}
        name = names.get(type_of(mask), type_of(mask))
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype " + name)


@op(
    "MaskedFillBackward0",
    x=lambda grad, mask: where(mask, 0.0, grad),
    mask=None,
    public="masked_fill",
    formula=("value where mask, else x", "1[not mask]"),
)
def masked_fill_number(x, mask, value):
    """``value`` where ``mask`` is true."""
    _check_mask(mask)
    return by_rows(np.where(mask, x.dtype.type(value), x))


@op(
    "MaskedFillBackward1",
    x=lambda grad, mask: where(mask, 0.0, grad),
    mask=None,
    value=lambda grad, mask: where(mask, grad, zeros_like(grad)),
    public="masked_fill",
    formula=("value where mask, else x", "1[not mask]", "1[mask]"),
)
def masked_fill_tensor(x, mask, value):
    if value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    _check_mask(mask)
    return by_rows(np.where(mask, value.astype(x.dtype), x))


@op(
    "MaskedSelectBackward0",
    x=lambda grad, x_shape, mask: _unmask(grad, x_shape, mask),
    mask=None,
    formula=("x[mask]", "G at [mask], else 0"),
)
def masked_select(x, mask):
    """The elements where ``mask`` (which broadcasts) is true, as a vector."""
    if mask.dtype != bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    x, mask = np.broadcast_arrays(x, mask)
    return x[mask]


def _unmask(grad, x_shape, mask):
    shape = np.broadcast_shapes(tuple(x_shape), mask.shape)
    return index_put_zeros(grad, shape, (np.broadcast_to(mask, shape),))


@op(
    "MaskedScatterBackward0",
    x=lambda grad, mask: where(mask, 0.0, grad),
    mask=None,
    source=lambda grad, mask, source_shape: _unscatter(grad, mask, source_shape),
    formula=("x but source at [mask]", "G but 0 at [mask]", "G[mask], else 0"),
)
def masked_scatter(x, mask, source):
    """``x`` with the first elements of ``source`` where ``mask`` is true, in order."""
    if x.dtype != source.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got{type_of(x)} and {type_of(source)}"
        )
    if mask.dtype != bool:
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {type_of(mask)}")
    shape = np.broadcast_shapes(x.shape, mask.shape)
    result, mask = np.array(np.broadcast_to(x, shape)), np.broadcast_to(mask, shape)
    count = np.count_nonzero(mask)
    if count > source.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    result[mask] = source.reshape(-1)[:count]
    return result


def _unscatter(grad, mask, source_shape):
    """The gradients at the mask, then zeros for the elements of the source that were not used."""
    from .joining import cat

    used = masked_select(grad, mask)
    size = 1
    for n in source_shape:
        size *= n
    rest = zeros(grad, (size - used.shape[0],))
    return reshape(cat([used, rest], 0), source_shape)
