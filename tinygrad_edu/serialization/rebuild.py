"""What the functions that a file names do here: tensors over storages, parameters, and NumPy's arrays.

The names are those of ``torch/_utils.py``, so that each file calls what it expects. Everything that a file says about
memory (sizes, strides, offsets) is checked before it is believed.
"""

from __future__ import annotations

import math
import operator
import warnings
from pickle import UnpicklingError
from typing import Any

import numpy as np

from ..dtypes import DTYPES, dtype
from ..tensor import Tensor, new_leaf

__all__ = ["FUNCTIONS", "STORAGE_TYPES", "Storage", "StorageType"]


class StorageType:
    """One of PyTorch's classes of storages, ``torch.FloatStorage``: the dtype of its elements, and its name."""

    __slots__ = ("dtype", "name")

    def __init__(self, name: str, dtype: dtype) -> None:
        self.name, self.dtype = name, dtype

    def __repr__(self) -> str:
        return f"<class 'torch.{self.name}'>"


STORAGE_TYPES = {
    f"{each.legacy_name}Storage": StorageType(f"{each.legacy_name}Storage", each)
    for each in DTYPES.values()
    if each.legacy_name not in ("UInt16", "UInt32", "UInt64", "ComplexHalf")
}
STORAGE_TYPES["UntypedStorage"] = StorageType("UntypedStorage", DTYPES["uint8"])
"""Each class by its name."""

_BFLOAT16 = DTYPES["bfloat16"]


class Storage:
    """The elements that tensors of a file share: one array of one dimension.

    bfloat16, which NumPy does not have, is read as float32, which holds every one of its numbers.
    """

    __slots__ = ("array", "dtype", "numel")

    def __init__(self, dtype: dtype, numel: int) -> None:
        self.dtype, self.numel = dtype, numel
        stored = DTYPES["float32"] if dtype is _BFLOAT16 else dtype
        self.array = np.empty(numel, stored.numpy)
        if dtype is _BFLOAT16:
            warnings.warn(
                "the file holds bfloat16 tensors; NumPy has no such type, so they are loaded as float32",
                UserWarning,
                stacklevel=2,
            )

    @property
    def nbytes(self) -> int:
        """How many bytes of a file it takes."""
        return self.numel * self.dtype.itemsize

    def part(self, offset: int, numel: int) -> Storage:
        """``numel`` elements from ``offset`` on, as a storage that shares them; the old format has such."""
        if not 0 <= offset <= offset + numel <= self.numel:
            raise RuntimeError(f"a storage of {self.numel} elements has no part [{offset}:{offset + numel}]")
        made = object.__new__(Storage)
        made.dtype, made.numel, made.array = self.dtype, numel, self.array[offset : offset + numel]
        return made

    def fill(self, read_into: Any, swap: bool) -> None:
        """Read the elements.

        Args:
            read_into: fills a buffer of :attr:`nbytes` bytes.
            swap: whether the file has the other byte order.
        """
        raw = np.empty(self.numel, np.uint16) if self.dtype is _BFLOAT16 else self.array
        if raw.size:
            read_into(raw.view(np.uint8).data)
        if swap:
            raw.byteswap(inplace=True)
        if raw is not self.array:
            np.left_shift(raw, 16, out=self.array.view(np.uint32), dtype=np.uint32)


# ---- tensors ---------------------------------------------------------------------------------------------------------


def _over(storage: Storage, kind: Any, offset: Any, size: Any, stride: Any) -> np.ndarray:
    """The array in ``storage`` at an offset, with sizes and strides, all counted in elements of ``kind``."""
    if not isinstance(storage, Storage):
        raise TypeError(f"a tensor's storage cannot be {type(storage).__name__}")
    shape, strides = tuple(map(operator.index, size)), tuple(map(operator.index, stride))
    flat = storage.array if kind is None else storage.array.view(kind.numpy)
    if len(shape) != len(strides):
        raise RuntimeError(
            f"mismatch in length of strides and shape: {len(shape)} sizes, {len(strides)} strides"
        )
    if min((offset, *shape, *strides)) < 0:
        raise RuntimeError(f"sizes {list(shape)}, strides {list(strides)} and offset {offset} must not be negative")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True)) + 1
    if math.prod(shape) and last > flat.size:
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {offset}, and itemsize "
            f"{flat.itemsize} requiring a storage size of {last * flat.itemsize} are out of bounds for storage of size "
            f"{flat.nbytes}"
        )
    if not math.prod(shape):
        return flat[:0].reshape(shape)
    bytewise = tuple(step * flat.itemsize for step in strides)
    return np.ndarray(shape, flat.dtype, flat, offset * flat.itemsize, bytewise)


def _leaf(array: np.ndarray, requires_grad: Any, metadata: Any) -> Tensor:
    for name, apply in (("conj", np.conjugate), ("neg", np.negative)):
        if metadata and metadata.get(name):  # bits that postpone these in PyTorch
            array = apply(array)
    made: Tensor = new_leaf(Tensor, array)
    made.requires_grad = requires_grad
    return made


def _rebuild_tensor(storage: Any, storage_offset: Any, size: Any, stride: Any) -> Tensor:
    return _leaf(_over(storage, None, storage_offset, size, stride), False, None)


def _rebuild_tensor_v2(
    storage: Any, storage_offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any, metadata: Any = None
) -> Tensor:
    return _leaf(_over(storage, None, storage_offset, size, stride), requires_grad, metadata)


def _rebuild_tensor_v3(
    storage: Any, storage_offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any, kind: Any,
    metadata: Any = None,
) -> Tensor:  # fmt: skip
    """For dtypes without a class of storages: the storage has bytes."""
    if not isinstance(kind, dtype):
        raise TypeError(f"a tensor's dtype cannot be {type(kind).__name__}")
    return _leaf(_over(storage, kind, storage_offset, size, stride), requires_grad, metadata)


def new_parameter(data: Any = None, requires_grad: Any = True) -> Any:
    """``torch.nn.Parameter``."""
    from ..nn.parameter import Parameter

    return Parameter(data, requires_grad)


def _rebuild_parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Any:
    return new_parameter(data, requires_grad)


def _rebuild_parameter_with_state(data: Any, requires_grad: Any, backward_hooks: Any, state: Any) -> Any:
    return _with_state(new_parameter(data, requires_grad), state)


def rebuild_from_type_v2(function: Any, new_type: Any, args: Any, state: Any) -> Any:
    """A tensor of a subclass, or with attributes."""
    if function not in FUNCTIONS:
        raise UnpicklingError(f"Trying to call reduce for unrecognized function {function}")
    made = function(*args)
    if new_type is not Tensor:
        if not (isinstance(new_type, type) and issubclass(new_type, Tensor)):
            raise TypeError(f"a tensor's class cannot be {new_type}")
        plain, made = made, new_leaf(new_type, made._array)
        made.requires_grad_(plain.requires_grad)
    return _with_state(made, state)


def _with_state(made: Any, state: Any) -> Any:
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    made.__dict__.update(attributes or {})
    for name, value in (slots or {}).items():
        setattr(made, name, value)
    return made


FUNCTIONS = (
    _rebuild_tensor, _rebuild_tensor_v2, _rebuild_tensor_v3, _rebuild_parameter, _rebuild_parameter_with_state,
)  # fmt: skip
"""The functions of ``torch._utils`` that files call."""


# ---- NumPy's arrays --------------------------------------------------------------------------------------------------


def numpy_dtype(*given: Any) -> Any:
    """The dtype that a code such as ``f8`` or ``U10`` names; never one that holds Python objects."""
    found = np.dtype(given[0]) if given and isinstance(given[0], str) else None
    if found is None or found.hasobject or found.kind not in "biufcSUmM":
        raise UnpicklingError(f"NumPy arrays of {given[0] if given else 'nothing'!r} are not loaded: only numbers and strings")
    return found


def check_dtype_state(state: Any) -> None:
    """Whether the state of a dtype is that of a plain one in this machine's byte order."""
    if not (isinstance(state, tuple) and len(state) >= 5 and state[1] in ("<", "=", "|") and state[2:5] == (None, None, None)):
        raise UnpicklingError(f"NumPy arrays of structured or big-endian dtypes are not loaded (their state is {state!r})")


def empty_array(kind: Any, shape: Any, code: Any) -> np.ndarray:
    """``numpy._core.multiarray._reconstruct``: an array that gets its state by :func:`fill_array`."""
    if kind is not np.ndarray:
        raise UnpicklingError(f"NumPy arrays of class {kind} are not loaded")
    return np.empty(0, np.uint8)


def fill_array(array: np.ndarray, state: Any) -> None:
    """Give an array its shape, dtype and elements."""
    _, shape, kind, fortran, data = state
    if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(data, bytes):
        raise UnpicklingError("NumPy arrays of Python objects are not loaded")
    array.__setstate__((1, shape, kind, fortran, data))  # type: ignore[attr-defined]


def numpy_scalar(kind: Any, data: Any) -> Any:
    """``numpy._core.multiarray.scalar``."""
    if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(data, bytes):
        raise UnpicklingError("NumPy scalars that are Python objects are not loaded")
    return np.frombuffer(data, kind, 1)[0]


def array_of_bytes(data: Any, kind: Any, shape: Any, order: Any, *axes: Any) -> np.ndarray:
    """``numpy._core.numeric._frombuffer``."""
    if not isinstance(kind, np.dtype) or kind.hasobject:
        raise UnpicklingError("NumPy arrays of Python objects are not loaded")
    return np.frombuffer(bytearray(data), kind).reshape(shape, order=order)
