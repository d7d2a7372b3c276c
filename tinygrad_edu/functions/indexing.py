"""Elements by index and by mask: scatter, masks, diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..ops import indexing as ops
from ..tensor import Tensor
from .subscript import _part

# ---- functions -----------------------------------------------------------------------------------------------------


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


def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Tensor:
    """``input`` with elements of ``src`` (a tensor or a number) put at ``index`` along ``dim``."""
    source = value if src is None else src
    if source is None:
        raise TypeError("scatter() missing 1 required positional arguments: \"src\"")
    if not isinstance(index, Tensor):
        raise TypeError(f"scatter(): argument 'index' (position 3) must be Tensor, not {type_name(index)}")
    if reduce is not None:
        return _scatter_by(input, dim, index, source, reduce)
    if isinstance(source, Tensor):
        if source._array.dtype != input._array.dtype:
            raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
        return ops.scatter_src.function(input, dim, index, source)
    return ops.scatter_value.function(input, dim, index, source)


def _scatter_by(input: Tensor, dim: int, index: Tensor, source: Any, reduce: str) -> Tensor:
    if not isinstance(source, Tensor):
        source = wrap(np.full(index._array.shape, source, input._array.dtype))
    if reduce == "add":
        return ops.scatter_add.function(input, dim, index, source)
    if reduce != "multiply":
        raise RuntimeError("reduce argument must be either add or multiply.")
    if input.requires_grad or source.requires_grad:
        raise RuntimeError("the derivative for 'scatter with reduce=\"multiply\"' is not implemented")
    result = input._array.copy()
    ops._check_index(result, dim % max(result.ndim, 1), index._array, "scatter", source._array)
    part = source._array[tuple(slice(n) for n in index._array.shape)]
    np.multiply.at(result, ops._along(dim % max(result.ndim, 1), index._array), part)
    return wrap(result)


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value`` (a number or 0-d tensor) where ``mask`` is true."""
    if isinstance(value, Tensor):
        return ops.masked_fill_tensor.function(input, mask, value)
    return ops.masked_fill_number.function(input, mask, value)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """``input`` with the slices of ``source`` (times ``alpha``) added at ``index`` along ``dim``."""
    axis = dim % max(input._array.ndim, 1)
    chosen = (*(slice(None),) * axis, index._array)
    return ops.index_put.function(input, chosen, source if alpha == 1 else source * alpha, True)


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``input`` with ``values`` at (or added at) the tuple of index tensors."""
    return ops.index_put.function(input, tuple(_part(each) for each in indices), values, accumulate)


def take(input: Tensor, index: Tensor) -> Tensor:
    """Elements at ``index`` of the flattened tensor, in the shape of ``index``."""
    return ops.index.function(input.reshape(-1), (index._array,))


def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Each element repeated ``repeats`` times in place, along ``dim`` or flattened."""
    if dim is None:
        input, dim = input.reshape(-1), 0
    counts = repeats._array if isinstance(repeats, Tensor) else repeats
    chosen = np.repeat(np.arange(input._array.shape[dim]), counts)
    return ops.index_select.function(input, dim, wrap(chosen))


__all__ = [
    "argwhere", "index_add", "index_put", "masked_fill", "nonzero", "repeat_interleave", "scatter", "take",
]  # fmt: skip
