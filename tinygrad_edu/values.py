"""Python's numbers as arrays, by PyTorch's reading of them: dtypes, overflow, and the words for what is no number.

Nested lists of plain numbers, the common case, go through NumPy at once. Everything else (NumPy's scalars and arrays,
tensors, other sequences among the numbers) is read item by item, as PyTorch reads it
(``torch/csrc/utils/tensor_new.cpp``), and so every mistake is found where, and named as, PyTorch names it.
"""

from __future__ import annotations

import functools
import math
import operator
import warnings
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from .autograd.errors import type_name
from .dtypes import default_numpy_dtype, from_numpy_dtype, promote_numpy, scalar_dtype
from .errstate import quiet
from .tensor import Tensor

__all__ = ["array_of", "checked_scalar", "native_dtype", "number_of"]

_NUMBERS = frozenset((bool, int, float, complex))
_INT64 = np.dtype("int64")
_MAX_DIMS = 64  # NumPy's limit; PyTorch stops at 128


def array_of(data: Any, dtype: np.dtype[Any] | None) -> np.ndarray:
    """A new array of a number or of nested sequences of numbers, in ``dtype`` or in the dtype that they imply."""
    kind = type(data)
    if kind is list or kind is tuple:
        shape, leaves = _regular(data)
    elif kind in _NUMBERS:
        shape, leaves = (), [data]
    else:
        shape, leaves = (), None
    if leaves is not None:
        kinds = set(map(type, leaves))
        if kinds <= _NUMBERS:
            try:
                array = _stored(leaves, kinds, _implied_dtype(kinds) if dtype is None else dtype)
            except Exception:
                return _read_item_by_item(data, dtype)  # which names the first number that does not fit
            return array if len(shape) == 1 else array.reshape(shape)
        if kinds == {np.ndarray} and (dtype is None or dtype.kind in "fc") and _alike(leaves):
            _warn_of_arrays(stacklevel=4)
            target = dtype or functools.reduce(promote_numpy, map(native_dtype, leaves))
            with quiet():
                return np.array(leaves).astype(target).reshape(shape + leaves[0].shape)
    return _read_item_by_item(data, dtype)


def _alike(arrays: list[np.ndarray]) -> bool:
    """Whether arrays of real numbers can be stacked."""
    first = arrays[0].shape
    return len(first) > 0 and all(each.shape == first and each.dtype.kind in "biuf" for each in arrays)


def _warn_of_arrays(stacklevel: int) -> None:
    warnings.warn(
        "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a "
        "single numpy.ndarray with numpy.array() before converting to a tensor.",
        UserWarning,
        stacklevel=stacklevel + 1,
    )


def _regular(data: Any) -> tuple[tuple[int, ...], Any]:
    """The shape and the innermost items of nested lists and tuples; None for the items if they are not regular."""
    shape, level = [len(data)], data
    while level:
        kinds = set(map(type, level)) if type(level[0]) in (list, tuple) else ()
        if not kinds:
            break
        if not kinds <= {list, tuple} or len(set(map(len, level))) > 1 or len(shape) == _MAX_DIMS:
            return (), None
        shape.append(len(level[0]))
        level = list(chain.from_iterable(level))
    return tuple(shape), level


def _implied_dtype(kinds: set[type]) -> np.dtype[Any]:
    if complex in kinds:
        return scalar_dtype(1j)
    if float in kinds or not kinds:
        return default_numpy_dtype()
    return _INT64 if int in kinds else np.dtype("bool")


def _stored(numbers: Any, kinds: set[type], dtype: np.dtype[Any]) -> np.ndarray:
    """Plain numbers as a vector of this dtype, or PyTorch's complaint that one does not fit."""
    if dtype.kind in "iu":
        return _stored_integers(numbers, kinds, dtype)
    if dtype.kind == "f" and complex in kinds:
        raise TypeError("must be real number, not complex")
    with quiet():
        return np.array(numbers, dtype)


def _stored_integers(numbers: Any, kinds: set[type], dtype: np.dtype[Any]) -> np.ndarray:
    if complex in kinds:
        raise TypeError("'complex' object cannot be interpreted as an integer")
    if dtype.name == "uint64":
        if float in kinds:
            raise TypeError("an integer is required")
        try:
            return np.array(numbers, dtype)
        except OverflowError:
            words = "can't convert negative int to unsigned" if min(numbers) < 0 else "int too big to convert"
            raise OverflowError(words) from None
    low, high = limits(dtype)
    if float in kinds:
        if not all(type(each) is not float or low <= each <= high for each in numbers):
            raise _overflow(dtype)
        numbers = [int(each) for each in numbers]
    try:
        array = np.array(numbers, _INT64)
    except OverflowError:
        raise (_overflow(dtype) if float in kinds else ValueError("Overflow when unpacking long long")) from None
    if dtype == _INT64:
        return array
    # PyTorch lets a negative number wrap around in an unsigned type.
    low = -high if dtype.kind == "u" else low
    if array.size and not (low <= array.min() and array.max() <= high):
        raise _overflow(dtype)
    return array.astype(dtype)


def _overflow(dtype: np.dtype[Any]) -> RuntimeError:
    return RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")


# ---- item by item --------------------------------------------------------------------------------------------------


def _read_item_by_item(data: Any, dtype: np.dtype[Any] | None) -> np.ndarray:
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type_name(data)}'")
    shape = _shape_of(data)
    if dtype is None:
        dtype = _inferred_dtype(data)
    if 0 in shape:  # PyTorch does not look into what is empty
        return np.empty(shape, dtype)
    try:
        numbers = [_plain(each, dtype.kind) for each in _leaves(data, shape, 0)]
        return _stored(numbers, set(map(type, numbers)), dtype).reshape(shape)
    except Exception:
        for each in _leaves(data, shape, 0):  # which is the first that is wrong?
            number = _plain(each, dtype.kind)
            _stored([number], {type(number)}, dtype)
        raise


def _is_sequence(data: Any) -> bool:
    """As C's ``PySequence_Check``: anything with ``__getitem__`` except dictionaries and what only maps, as tensors."""
    if isinstance(data, str):  # NumPy's among them
        return True
    return hasattr(type(data), "__getitem__") and not isinstance(data, (dict, np.generic, Tensor))


def _shape_of(data: Any) -> tuple[int, ...]:
    """The shape that the first item at each depth announces."""
    shape: list[int] = []
    while _is_sequence(data):
        if isinstance(data, (str, bytes)) or len(shape) == _MAX_DIMS:
            name = "str" if isinstance(data, str) else type(data).__name__
            raise ValueError(f"too many dimensions '{name}'")
        shape.append(len(data))
        if not shape[-1]:
            break
        try:
            data = data[0]
        except Exception:
            raise ValueError(f"could not determine the shape of object type '{type(data).__name__}'") from None
    return tuple(shape)


def _inferred_dtype(data: Any) -> np.dtype[Any]:
    """The dtype in which all the numbers meet."""
    if type(data) in _NUMBERS:
        return scalar_dtype(data)
    if isinstance(data, (Tensor, np.ndarray, np.generic)) and not isinstance(data, (np.str_, np.bytes_)):
        if isinstance(data, np.ndarray):
            _warn_of_arrays(stacklevel=5)
        return data._array.dtype if isinstance(data, Tensor) else native_dtype(data)
    if isinstance(data, (bool, int, float, complex)):
        return scalar_dtype(data)
    if isinstance(data, str):
        raise TypeError(f"new(): invalid data type '{type_name(data)}'")
    if not _is_sequence(data):
        raise RuntimeError(f"Could not infer dtype of {type_name(data)}")
    found: np.dtype[Any] | None = None
    for item in data:
        if item is data:
            raise TypeError("new(): self-referential lists are incompatible")
        dtype = _inferred_dtype(item)
        found = dtype if found is None else promote_numpy(found, dtype)
        if found.name == "complex128":  # nothing is wider; PyTorch looks no further
            break
    return default_numpy_dtype() if found is None else found


def _leaves(data: Any, shape: tuple[int, ...], depth: int) -> Iterator[Any]:
    """The items at the last depth; every sequence's length is checked on the way."""
    if depth == len(shape):
        yield data
        return
    if not (_is_sequence(data) or isinstance(data, Tensor)):
        raise TypeError("not a sequence")
    if len(data) != shape[depth]:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
    for item in data:
        yield from _leaves(item, shape, depth + 1)


def _plain(leaf: Any, kind: str) -> Any:
    """One item as a Python number that fits a dtype of this kind, or Python's complaint about its type."""
    if type(leaf) in _NUMBERS:
        return leaf
    if isinstance(leaf, np.bool_):
        if kind in "iu":
            raise TypeError("'numpy.bool' object cannot be interpreted as an integer")
        return bool(leaf)
    if isinstance(leaf, (float, complex)):  # NumPy's float64 and complex128 among them
        return float(leaf) if isinstance(leaf, float) else complex(leaf)
    if kind in "iub":
        return operator.index(leaf)
    if isinstance(leaf, np.complexfloating) or (kind == "c" and isinstance(leaf, Tensor)):
        return complex(leaf)
    return math.ldexp(leaf, 0)  # a float, or "must be real number, not str"


# ---- numbers as arguments ------------------------------------------------------------------------------------------


def number_of(value: Any, caller: str, argument: str, position: int) -> Any:
    """The Python number given as an argument: a number, NumPy's scalar, or a tensor without dimensions or history."""
    if type(value) in _NUMBERS:
        return value
    if isinstance(value, Tensor):
        if not value._array.ndim and value._node is None:
            return value._array.item()
    elif isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return float(value) if value.dtype.kind == "b" else value.item()
    elif isinstance(value, (bool, int, float, complex)):
        return value
    raise TypeError(f"{caller}(): argument '{argument}' (position {position}) must be Number, not {type_name(value)}")


_C_NAMES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t", "uint16": "uint16_t",
    "uint32": "uint32_t", "uint64": "uint64_t", "float16": "c10::Half", "float32": "float", "float64": "double",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


@functools.cache
def limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The least and the greatest number that a dtype can hold."""
    info: Any = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    number = int if dtype.kind in "iu" else float
    return number(info.min), number(info.max)


def checked_scalar(value: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number as PyTorch's ``Scalar::to`` gives it in this dtype, or the complaint that it does not fit."""
    kind = dtype.kind
    if kind == "b":
        return bool(value)
    low, high = limits(dtype)
    if (kind == "f" or type(value) is int) and type(value) is not complex and low <= value <= high:
        return value
    if isinstance(value, complex) and kind != "c":
        if value.imag:
            raise _unfit(dtype)
        value = value.real
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError("int too big to convert")
    if kind in "iu":
        low = -high if kind == "u" else low  # PyTorch lets a negative number wrap around
        if not (math.isfinite(value) and low <= int(value) <= high):
            raise _unfit(dtype)
        return int(value) & high if kind == "u" else int(value)
    for part in (value.real, value.imag):
        if math.isfinite(part) and abs(part) > high:
            raise _unfit(dtype)
    return value


NUMBERS = (bool, int, float, complex, np.generic)


def given_scalar(value: Any, dtype: np.dtype[Any], name: str, *args: Any) -> Any:
    """:func:`checked_scalar` of what function ``name`` was given among ``args``; no overload of it takes anything else."""
    if not isinstance(value, NUMBERS):
        from .overloads import combination_error

        raise combination_error(name, args, {})
    return checked_scalar(value, dtype)


def _unfit(dtype: np.dtype[Any]) -> RuntimeError:
    return RuntimeError(f"value cannot be converted to type {_C_NAMES[dtype.name]} without overflow")


def native_dtype(array: Any) -> np.dtype[Any]:
    """The dtype of an array in this machine's byte order; raises for what tensors cannot hold."""
    return from_numpy_dtype(array.dtype).numpy
