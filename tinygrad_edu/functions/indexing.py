"""``x[index]`` and ``x[index] = value``, gather and scatter in all their forms.

Like PyTorch, an index is worked off in two steps: ints, slices, None and the ellipsis become views (select, slice,
unsqueeze); then the tensors and lists that remain are one advanced index.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..inplace import check_in_place, write_result
from ..ops import indexing as ops
from ..ops.elementwise import copy_from
from ..ops.shape import select, slice_, unsqueeze
from ..tensor import Tensor

_INVALID = (
    "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {})"
)


def getitem(self: Tensor, index: Any) -> Tensor:
    """``self[index]``: a view for ints, slices, None and ``...``; a copy for tensors, lists and arrays."""
    if type(index) is int:
        if not self._array.ndim:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
                "0-dim tensor to a number"
            )
        if not -len(self._array) <= index < len(self._array):
            raise IndexError(f"index {index} is out of bounds for dimension 0 with size {len(self._array)}")
        return select.function(self, 0, index)
    part, advanced = _view_part(self, index)
    if advanced is not None:
        return ops.index.function(part, _checked(part, advanced))
    if part is self:
        return slice_.function(self, 0, None, None, None) if self._array.ndim else self.view(())
    return part


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``: writes into the memory of ``self`` and its views."""
    check_in_place(self)
    part, advanced = _view_part(self, index)
    if not isinstance(value, Tensor):
        if isinstance(value, (int, float, complex, np.generic)):
            value = wrap(np.asarray(value).astype(self._array.dtype))
        else:
            raise TypeError(f"can't assign a {type_name(value)} to a {self.type()}")
    if advanced is None:
        _check_value_shape(part._array.shape, value._array.shape)
        values = value
        while values._array.ndim > part._array.ndim:  # leading axes of length 1 do not count
            values = select.function(values, 0, 0)
        write_result(part, copy_from.function(part, values))
        return
    chosen = _checked(part, advanced)
    shape = part._array[chosen].shape
    _check_broadcast(value._array.shape, shape)
    values = value.to(part.dtype) if value._array.dtype != part._array.dtype else value
    write_result(part, ops.index_put.function(part, chosen, values))


def _check_value_shape(target: tuple[int, ...], given: tuple[int, ...]) -> None:
    stripped = given
    while len(stripped) > len(target) and stripped[0] == 1:
        stripped = stripped[1:]
    _check_expand(target, stripped)


def _check_expand(target: tuple[int, ...], given: tuple[int, ...]) -> None:
    lead = len(target) - len(given)
    if lead < 0:
        raise RuntimeError(
            f"The expanded size of the tensor ({target[0] if target else 1}) must match the existing size ({given[0]}) at "
            f"non-singleton dimension 0.  Target sizes: {list(target)}.  Tensor sizes: {list(given)}"
        )
    for i, n in enumerate(given):
        if n not in (1, target[i + lead]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[i + lead]}) must match the existing size ({n}) at non-singleton "
                f"dimension {i + lead}.  Target sizes: {list(target)}.  Tensor sizes: {list(given)}"
            )


def _check_broadcast(given: tuple[int, ...], target: tuple[int, ...]) -> None:
    lead = len(target) - len(given)
    if lead < 0 or any(n not in (1, target[i + lead]) for i, n in enumerate(given)):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(given)} cannot be broadcast to indexing result of shape "
            f"{list(target)}"
        )


def _view_part(tensor: Tensor, index: Any) -> tuple[Tensor, tuple[Any, ...] | None]:
    """Work off the view part of an index; what is left is an advanced index with a full slice for every other axis."""
    parts = _as_parts(index)
    used = sum(_width(part) for part in parts)
    if used > tensor._array.ndim:
        raise IndexError(f"too many indices for tensor of dimension {tensor._array.ndim}")
    axis, advanced, result, seen_ellipsis = 0, [], tensor, False
    for part in parts:
        if part is Ellipsis:
            count = 0 if seen_ellipsis else tensor._array.ndim - used
            seen_ellipsis = True
            axis += count
            advanced.extend([None] * count)
        elif part is None:
            result = unsqueeze.function(result, axis)
            axis += 1
            advanced.append(None)
        elif isinstance(part, slice):
            if part != slice(None):
                result = _slice(result, axis, part)
            axis += 1
            advanced.append(None)
        elif isinstance(part, bool):
            result = unsqueeze.function(result, axis)
            advanced.append(np.array([part]))
            axis += 1
        elif isinstance(part, np.ndarray):
            advanced.append(part)
            axis += _width(part)
        else:
            size = result._array.shape[axis]
            if not -size <= part < size:
                raise IndexError(f"index {part} is out of bounds for dimension {axis} with size {size}")
            result = select.function(result, axis, part)
    if all(each is None for each in advanced):
        return result, None
    return result, tuple(slice(None) if each is None else each for each in advanced)


def _width(part: Any) -> int:
    """How many axes of the tensor an index part uses up."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    if isinstance(part, np.ndarray) and part.dtype == bool:
        return part.ndim
    return 1


def _as_parts(index: Any) -> list[Any]:
    """The index as a list of ints, bools, slices, None, Ellipsis and arrays."""
    if not isinstance(index, tuple):
        index = (index,)
    return [_as_part(each) for each in index]


def _as_part(part: Any) -> Any:
    if part is None or part is Ellipsis or isinstance(part, (bool, int)):
        return part
    if isinstance(part, slice):
        return _slice_of_ints(part)
    if isinstance(part, np.generic):
        return part.item() if part.dtype.kind in "biu" else _refuse(part)
    if isinstance(part, Tensor):
        array = part._array
        if array.dtype == np.uint8:
            array = array.astype(bool)
        if not array.ndim and array.dtype.kind in "iu":
            return int(array)
        if array.dtype.kind not in "biu":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return array
    if isinstance(part, (list, tuple, range, np.ndarray)):
        array = np.asarray([np.asarray(each) if isinstance(each, Tensor) else each for each in part])
        if array.size == 0:
            array = array.astype(np.int64)
        if array.dtype.kind not in "biu":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return array
    if hasattr(part, "__index__"):
        return part.__index__()
    return _refuse(part)


def _refuse(part: Any) -> Any:
    raise IndexError(_INVALID.format(type_name(part)))


def _slice_of_ints(part: slice) -> slice:
    ends = []
    for end in (part.start, part.stop, part.step):
        if end is not None and type(end) is not int:
            if not hasattr(end, "__index__"):
                raise TypeError("slice indices must be integers or None or have an __index__ method")
            end = end.__index__()
        ends.append(end)
    if ends[2] is not None and ends[2] <= 0:
        raise ValueError("step must be greater than zero")
    return slice(*ends)


def _slice(tensor: Tensor, axis: int, part: slice) -> Tensor:
    start, stop, step = part.indices(tensor._array.shape[axis])
    return slice_.function(tensor, axis, start, max(stop, start), step)


def _checked(tensor: Tensor, advanced: tuple[Any, ...]) -> tuple[Any, ...]:
    """An advanced index after PyTorch's checks of its bounds and masks."""
    axis = 0
    shape = tensor._array.shape
    for each in advanced:
        if isinstance(each, slice):
            axis += 1
        elif each.dtype == bool:
            for i, n in enumerate(each.shape):
                if n != shape[axis + i]:
                    raise IndexError(
                        f"The shape of the mask {list(each.shape)} at index {i} does not match the shape of the indexed tensor "
                        f"{list(shape)} at index {axis + i}"
                    )
            axis += each.ndim
        else:
            if each.size:
                low, high, size = int(each.min()), int(each.max()), shape[axis]
                if low < -size or high >= size:
                    bad = low if low < -size else high
                    raise IndexError(f"index {bad} is out of bounds for dimension {axis} with size {size}")
            axis += 1
    arrays = [each for each in advanced if not isinstance(each, slice) and each.dtype != bool]
    if len(arrays) > 1:
        try:
            np.broadcast_shapes(*(each.shape for each in arrays))
        except ValueError:
            shapes = ", ".join(str(list(each.shape)) for each in arrays)
            raise IndexError(
                f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
            ) from None
    return advanced


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
    return ops.index_put.function(input, tuple(_as_part(each) for each in indices), values, accumulate)


def take(input: Tensor, index: Tensor) -> Tensor:
    """Elements at ``index`` of the flattened tensor, in the shape of ``index``."""
    return ops.index.function(input.reshape(-1), (index._array,))


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A matrix with the vector on its diagonal, or the diagonal of a matrix."""
    if input._array.ndim == 2:
        rows = np.arange(input._array.shape[0])
        keep = (rows + diagonal >= 0) & (rows + diagonal < input._array.shape[1])
        return ops.index.function(input, (rows[keep], rows[keep] + diagonal))
    if input._array.ndim != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    n = input._array.size
    rows = np.arange(n) + max(-diagonal, 0)
    size = n + abs(diagonal)
    return ops.index_put_zeros.function(input, (size, size), (rows, np.arange(n) + max(diagonal, 0)))


def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    return diag(input).sum()


def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Each element repeated ``repeats`` times in place, along ``dim`` or flattened."""
    if dim is None:
        input, dim = input.reshape(-1), 0
    counts = repeats._array if isinstance(repeats, Tensor) else repeats
    chosen = np.repeat(np.arange(input._array.shape[dim]), counts)
    return ops.index_select.function(input, dim, wrap(chosen))


__all__ = [
    "argwhere", "diag", "index_add", "index_put", "masked_fill", "nonzero", "repeat_interleave", "scatter", "take", "trace",
]  # fmt: skip
