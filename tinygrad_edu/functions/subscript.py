"""``x[index]`` and ``x[index] = value``.

Like PyTorch, an index is worked off in two steps: ints, slices, None and the ellipsis make views (select, slice,
unsqueeze); then the tensors, lists and arrays that remain are one advanced index, with NumPy's rule for the place of its
result.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.grad_mode import get_mode
from ..autograd.inference import INFERENCE_MEMORY
from ..autograd.runtime import BarredView, wrap
from ..autograd.version import stamp_write
from ..dtypes import from_numpy_dtype
from ..inplace import assign, check_in_place, check_overlap, finish_write, make_node, set_history, set_history_of_part
from ..ops import indexing as ops
from ..ops.elementwise import copy_from
from ..ops.overwriting import fill_tensor
from ..ops.shape import alias, reshape, select, slice_, unsqueeze
from ..tensor import Tensor
from ..values import checked_scalar
from .overwriting import check_expand

_FLOAT32 = np.dtype("float32")
_WHOLE = slice(None)
_AXIS = np.zeros(1, np.int64)
_NO_AXIS = np.zeros(0, np.int64)

_INVALID = (
    "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {})"
)
_NOT_A_TUPLE = (
    "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
    "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, x[torch.tensor(seq)], which "
    "will result either in an error or a different result"
)

# ---- reading and writing -------------------------------------------------------------------------------------------


def getitem(self: Tensor, index: Any) -> Tensor:
    """``self[index]``: a view for ints, slices, None and ``...``; a copy for tensors, lists and arrays."""
    shape = self._array.shape
    if type(index) is int:
        if not shape:
            raise _no_dimension()
        if not -shape[0] <= index < shape[0]:
            raise _out_of_bounds(index, 0, shape[0])
        return select.function(self, 0, index)
    if type(index) is slice:
        if not shape:
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        start, stop, step = _ends(index, shape[0])
        return slice_.function(self, 0, start, stop, step)
    part: Tensor = self
    if type(index) is tuple and 0 < len(index) <= len(shape):  # x[i, j] without more ado
        for each, n in zip(index, shape, strict=False):
            if type(each) is not int or not -n <= each < n:
                break
        else:
            for each in index:
                part = select.function(part, 0, each)
            return part
    basic, advanced = resolve(index, shape)
    axis = 0
    for each in basic:
        if type(each) is int:
            part = select.function(part, axis, each)
            continue
        if each is None:
            part = unsqueeze.function(part, axis)
        elif each is not _WHOLE:
            part = slice_.function(part, axis, each.start, each.stop, each.step)
        axis += 1
    if advanced is None:
        return alias.function(part) if part is self else part
    try:
        return ops.index.function(part, advanced)
    except IndexError:
        _check_advanced(part._array.shape, advanced)
        raise


def delitem(self: Tensor, index: Any) -> None:
    """A tensor keeps its shape: nothing can be taken out of it."""
    raise TypeError("Tensor does not support deleting items")


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``: writes into the memory of ``self`` and its views."""
    array = self._array
    values, values_node = _value(self, value)
    basic: Any
    advanced: Any
    if type(index) is int and array.ndim and -len(array) <= index < len(array):
        basic, advanced = (index,), None
        place: Any = (index, ...)
    else:
        basic, advanced = resolve(index, array.shape)
        place = None if all(each is _WHOLE for each in basic) else (*basic, ...)
    if advanced is None:
        shape = array.shape if place is None else array[place].shape
        if values.shape != shape and values.ndim:
            values, values_node = without_leading_ones(values, values_node)
            check_expand(shape, values)
            if values.shape != shape:
                values = np.broadcast_to(values, shape)  # repeats elements: it may overlap what is written
        _check_part(self, basic, place, value)
        assign(self, values, values_node, place, copy_from if values.ndim or not shape else fill_tensor)
        return
    _check_part(self, basic, place, value)
    values, values_node = without_leading_ones(values, values_node)
    target = array if place is None else array[place]
    check_overlap(target, values, elementwise=False)
    if values.dtype != target.dtype:
        values = _converted(values, target, advanced)
    _put(target, advanced, values)
    if (values_node is None and self._node is None) or not get_mode():
        finish_write(self)
        return
    stamp_write(target)
    base = self if place is None or self._base is None else self._base
    write = make_node(ops.index_put, (base._node, values_node), target, index=advanced, accumulate=False)
    if place is None:
        set_history(self, write)
    else:
        set_history_of_part(self, write, target, place)


def _check_part(tensor: Tensor, basic: list[Any], place: Any, value: Any) -> None:
    """Whether the part may be written to; where not, PyTorch names the last view that leads to it."""
    if tensor._node is None and tensor._family is None and not INFERENCE_MEMORY:
        return
    if tensor._family.__class__ is BarredView and place is not None:
        check_in_place(getitem(tensor, tuple(basic)), value)
    check_in_place(tensor, value, part=place is not None)


def _value(tensor: Tensor, value: Any) -> tuple[np.ndarray, Any]:
    """The array to be written, and its history."""
    if isinstance(value, Tensor):
        return value._array, value._node
    dtype = tensor._array.dtype
    if type(value) is float and (dtype is _FLOAT32 and -3e38 < value < 3e38):
        return np.array(value, dtype), None
    if isinstance(value, (bool, int, float, complex, np.integer)):
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError("Overflow when unpacking long long")
        return np.asarray(checked_scalar(value, dtype), dtype), None
    raise TypeError(f"can't assign a {type_name(value)} to a {tensor.type()}")


def _converted(values: np.ndarray, target: np.ndarray, advanced: tuple[Any, ...]) -> np.ndarray:
    """``index_put_`` converts nothing; a 0-d value written through one mask goes another way in PyTorch."""
    if not values.ndim and [each.dtype for each in advanced if each is not _WHOLE] == [np.bool_]:
        return values.astype(target.dtype)
    return put_matches(target, values)


def put_matches(target: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``values``, if they have the dtype of ``target``."""
    if values.dtype == target.dtype:
        return values
    raise RuntimeError(
        "Index put requires the source and destination dtypes match, got "
        f"{from_numpy_dtype(target.dtype).legacy_name} for the destination and {from_numpy_dtype(values.dtype).legacy_name} "
        "for the source."
    )


def without_leading_ones(values: np.ndarray, node: Any) -> tuple[np.ndarray, Any]:
    """What is written without its leading axes of length 1, of which there may be more than the target has, and its history."""
    shape = values.shape
    if not shape or shape[0] != 1:
        return values, node
    while shape and shape[0] == 1:
        shape = shape[1:]
    stripped = reshape.function(wrap(values, node), shape)
    return stripped._array, stripped._node


def _put(target: np.ndarray, advanced: tuple[Any, ...], values: np.ndarray) -> None:
    try:
        target[advanced] = values
    except (IndexError, TypeError, ValueError):
        target[advanced] = check_put(target, advanced, values)


def check_put(target: np.ndarray, advanced: tuple[Any, ...], values: np.ndarray) -> np.ndarray:
    """``values`` in the shape of ``target[advanced]``, or what is wrong with them or with the index."""
    _check_advanced(target.shape, advanced)
    shape = target[advanced].shape
    stripped, _ = without_leading_ones(values, None)
    lead = len(shape) - stripped.ndim
    if lead < 0 or any(n not in (1, shape[i + lead]) for i, n in enumerate(stripped.shape)):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(stripped.shape)} cannot be broadcast to indexing result of shape "
            f"{list(shape)}"
        ) from None
    return np.broadcast_to(stripped, shape)


# ---- what an index means -------------------------------------------------------------------------------------------


def resolve(index: Any, shape: tuple[int, ...]) -> tuple[list[Any], tuple[Any, ...] | None]:
    """An index as NumPy's basic index, and the advanced index (or None) of the view that it makes.

    In the basic index a slice that takes everything is ``_WHOLE`` itself.
    """
    if type(index) is not tuple:
        index = index if isinstance(index, tuple) or _means_tuple(index) else (index,)
    parts = [each if type(each) is int or each is None else index_part(each) for each in index]
    used = sum(map(_width, parts))
    if used > len(shape):
        if len(parts) == 1 and type(parts[0]) is int:
            raise _no_dimension()
        if type(index[0]) is slice and len(parts) == 1:
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic: list[Any] = []
    advanced: list[Any] = []
    axis, found = 0, False
    for position, part in enumerate(parts):
        if type(part) is int:
            if not -shape[axis] <= part < shape[axis]:
                raise _out_of_bounds(part, position, shape[axis])
            basic.append(part)
            axis += 1
        elif part is None:
            basic.append(None)
            advanced.append(_WHOLE)
        elif part is Ellipsis:
            whole = [_WHOLE] * (len(shape) - used)
            used = len(shape)  # a second ellipsis stands for nothing
            basic += whole
            advanced += whole
            axis += len(whole)
        elif type(part) is slice:
            start, stop, step = _ends(part, shape[axis])
            entire = part.start in (None, 0) and stop == shape[axis] and step == 1  # not -n:, as in PyTorch
            basic.append(_WHOLE if entire else slice(start, stop, step))
            advanced.append(_WHOLE)
            axis += 1
        elif type(part) is bool:
            basic.append(None)
            advanced.append(_AXIS if part else _NO_AXIS)
            found = True
        else:
            width = _width(part)
            basic += [_WHOLE] * width
            advanced.append(part)
            axis += width
            found = True
    return basic, tuple(advanced) if found else None


def _width(part: Any) -> int:
    """How many axes of the tensor a part of the index uses up."""
    if part is None or part is Ellipsis or type(part) is bool:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1


def _means_tuple(index: Any) -> bool:
    """A short list with sequences, slices, None or tensors in it is read as the tuple of its elements, as NumPy once did."""
    if not isinstance(index, list) or len(index) >= 32:
        return False
    nested = any(isinstance(each, (list, tuple, range, slice, Tensor, np.ndarray)) or each in (None, ...) for each in index)
    if nested:
        warnings.warn(_NOT_A_TUPLE, UserWarning, stacklevel=4)
    return nested


def index_part(part: Any) -> Any:
    """A part of an index as an int, a bool, a slice, None, Ellipsis, or an array of int64 or bool."""
    if isinstance(part, (slice, bool)) or part is Ellipsis:
        return part
    if isinstance(part, Tensor):
        return _array_part(part._array)
    if isinstance(part, np.ndarray):
        return _array_part(part.copy())
    if isinstance(part, (list, tuple, range)):
        return _array_part(_from_sequence(part))
    if isinstance(part, str):
        raise TypeError(f"new(): invalid data type '{type_name(part)}'")
    if hasattr(part, "__index__") and not isinstance(part, np.bool_):
        return part.__index__()
    raise IndexError(_INVALID.format(type_name(part)))


def _array_part(array: np.ndarray) -> Any:
    if array.dtype == np.uint8 and array.ndim:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
            UserWarning,
            stacklevel=6,
        )
        return array.astype(bool)
    if not array.ndim and array.dtype.kind in "biu":
        return bool(array) if array.dtype in (np.bool_, np.uint8) else int(array)
    if array.dtype not in (np.bool_, np.int64, np.int32):
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return array


def _from_sequence(part: Any) -> np.ndarray:
    """What PyTorch makes of a sequence: int64, unless it holds bools; floats are cut off."""
    items = [np.asarray(_from_sequence(each)) if isinstance(each, (list, tuple, range)) else each for each in part]
    items = [each._array if isinstance(each, Tensor) else each for each in items]
    for each in items:
        if isinstance(each, str):
            raise TypeError(f"new(): invalid data type '{type_name(each)}'")
    array = np.array(items) if items else _NO_AXIS
    if array.dtype == object:
        raise ValueError("Overflow when unpacking long long")
    return array if array.dtype == bool else array.astype(np.int64)


def _ends(part: slice, size: int) -> tuple[int, int, int]:
    """A slice's start, stop and step for an axis of the given size, none of them negative."""
    if part.step is not None and int(part.step) < 0:
        raise ValueError("step must be greater than zero")
    start, stop, step = part.indices(size)
    return start, max(stop, start), step


# ---- PyTorch's words -----------------------------------------------------------------------------------------------


def _no_dimension() -> IndexError:
    return IndexError(
        "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor "
        "to a number"
    )


def _out_of_bounds(index: int, axis: int, size: int) -> Exception:
    if not -(2**63) <= index < 2**63:
        return ValueError("Overflow when unpacking long long")
    return IndexError(f"index {index} is out of bounds for dimension {axis} with size {size}")


def _check_advanced(shape: tuple[int, ...], advanced: tuple[Any, ...]) -> None:
    """Raise what is wrong with an advanced index that NumPy refused."""
    axis, shapes = 0, []
    for each in advanced:
        if type(each) is slice:
            axis += 1
        elif each.dtype == bool:
            for i, n in enumerate(each.shape):
                if n != shape[axis + i]:
                    raise IndexError(
                        f"The shape of the mask {list(each.shape)} at index {i} does not match the shape of the indexed tensor "
                        f"{list(shape)} at index {axis + i}"
                    )
            axis += each.ndim
            shapes += [(int(np.count_nonzero(each)),)] * each.ndim
        else:
            axis += 1
            shapes.append(each.shape)
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(str(list(each)) for each in shapes)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}"
        ) from None
    axis = position = 0  # PyTorch counts the indices, not the axes
    for each in advanced:
        if type(each) is slice:
            axis += 1
            continue
        if each.dtype != bool:
            size = shape[axis]
            outside = each[(each < -size) | (each >= size)]
            if outside.size:
                raise _out_of_bounds(int(outside[0]), position, size)
        width = each.ndim if each.dtype == bool else 1
        axis, position = axis + width, position + width
