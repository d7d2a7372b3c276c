"""Elements by index and by mask: scatter, masks, diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..ops import indexing as ops
from ..ops import masks
from ..ops import scatter as scatters
from ..ops.shape import axis_of, unsqueeze
from ..tensor import Tensor
from ..values import given_scalar
from .out import with_out
from .shape import broadcast_shapes, expand, reshape
from .subscript import check_put, index_part, put_matches, without_leading_ones

# ---- functions -----------------------------------------------------------------------------------------------------


@with_out
def nonzero(input: Tensor, *, as_tuple: bool = False, out: Any = None) -> Any:
    """The indices of elements that are not zero: rows of a matrix, or one tensor for each axis."""
    places = np.nonzero(input._array) if input._array.ndim else (np.zeros(int(bool(input._array)), np.int64),)
    if as_tuple:
        return tuple(wrap(each) for each in places)
    if not input._array.ndim:
        return wrap(np.empty((places[0].size, 0), np.int64))
    return wrap(np.stack(places, 1))


def argwhere(input: Tensor) -> Tensor:
    """The indices of elements that are not zero, as rows."""
    return nonzero(input)


@with_out
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None, out: Any = None
) -> Tensor:
    """``input`` with elements of ``src`` (a tensor or a number) put at ``index`` along ``dim``.

    ``reduce`` ("add" or "multiply") combines them with what is there; :func:`scatter_reduce` has gradients.
    """
    source = value if src is None else src
    if source is None:
        raise TypeError("scatter() missing 1 required positional arguments: \"src\"")
    if not isinstance(index, Tensor):
        raise TypeError(f"scatter(): argument 'index' (position 3) must be Tensor, not {type_name(index)}")
    if reduce is None:
        form = scatters.scatter_src if isinstance(source, Tensor) else scatters.scatter_value
        return form.function(input, dim, index, source)
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    if not isinstance(source, Tensor):
        source = wrap(np.full(index._array.shape, source, input._array.dtype))
    return scatters.scatter_by.function(input, dim, index, source, reduce)


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None, *, out: Tensor | None = None) -> Tensor:
    """The elements at ``indices`` along ``dim``; both broadcast in the other axes. Without ``dim``, of the flattened tensor."""
    chosen = indices._array
    if chosen.dtype != np.int64:
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {scatters.type_of(chosen)}")
    if dim is None:
        return scatters.gather.function(reshape(input, -1), 0, wrap(chosen.reshape(-1)), out=out)
    if chosen.ndim != input._array.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input._array.ndim} dimensions for input, and {chosen.ndim} dimensions for indices"
        )
    axis = axis_of(dim, chosen.ndim)
    shape = list(broadcast_shapes(_without(input._array.shape, axis), _without(chosen.shape, axis)))
    wide = expand(input, (*shape[:axis], input._array.shape[axis], *shape[axis:]))
    chosen = np.where(chosen < 0, chosen + input._array.shape[axis], chosen)
    index = np.broadcast_to(chosen, (*shape[:axis], chosen.shape[axis], *shape[axis:]))
    return scatters.gather.function(wide, axis, wrap(index), out=out)


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value`` (a number or 0-d tensor) where ``mask`` is true."""
    if isinstance(value, Tensor):
        return masks.masked_fill_tensor.function(input, mask, value)
    return masks.masked_fill_number.function(
        input, mask, given_scalar(value, input._array.dtype, "masked_fill", mask, value)
    )


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """``value`` (a number or 0-d tensor) in the slices at ``index`` along ``dim``."""
    if isinstance(value, Tensor):
        return masks.index_fill_tensor.function(input, dim, index, value)
    return masks.index_fill_number.function(
        input, dim, index, given_scalar(value, input._array.dtype, "index_fill", dim, index, value)
    )


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``input`` with ``values`` at (or added at) the tuple of index tensors."""
    chosen = tuple(index_part(each) for each in indices)
    put_matches(input._array, values._array)
    values = wrap(*without_leading_ones(values._array, values._node))
    try:
        return ops.index_put.function(input, chosen, values, accumulate)
    except (IndexError, TypeError, ValueError, RuntimeError):
        if len(chosen) > input._array.ndim:
            raise IndexError(f"too many indices for tensor of dimension {input._array.ndim} (got {len(chosen)})") from None
        check_put(input._array, chosen, values._array)
        raise


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element repeated ``repeats`` times in place, along ``dim`` or flattened; with ``repeats`` alone, its indices."""
    if repeats is None:
        return wrap(np.repeat(np.arange(input._array.size), input._array))
    if dim is None:
        input, dim = input.reshape(-1), 0
    axis = axis_of(dim, input._array.ndim)
    size = input._array.shape[axis]
    if isinstance(repeats, int) and repeats >= 0:
        wide = unsqueeze.function(input, axis + 1)
        wide = expand(wide, (*wide._array.shape[: axis + 1], repeats, *wide._array.shape[axis + 2 :]))
        return wide.clone().view(*wide._array.shape[:axis], size * repeats, *wide._array.shape[axis + 2 :])
    counts = repeats._array if isinstance(repeats, Tensor) else np.asarray(repeats)
    if np.any(counts < 0):
        raise RuntimeError("Repeats must be non-negative")
    if counts.size not in (1, size):
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got "
            f"repeats.size(0) = {counts.size} and input.size({dim}) = {size}"
        )
    chosen = np.repeat(np.arange(input._array.shape[dim]), counts)
    return masks.index_select.function(input, dim, wrap(chosen))


@with_out
def msort(input: Tensor, *, out: Any = None) -> Tensor:
    """``input`` sorted along its first axis."""
    from .reduction import sort

    return sort(input, 0)[0]


__all__ = [
    "argwhere", "index_fill", "index_put", "masked_fill", "msort", "nonzero", "repeat_interleave", "scatter", "take_along_dim",
]  # fmt: skip
