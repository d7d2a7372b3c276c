"""The memory behind tensors, as code looks at it: ``tensor.storage()[0]``, ``tensor.untyped_storage().data_ptr()``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from .autograd.version import storage_of
from .creation import from_numpy
from .devices import device
from .dtypes import dtype, from_numpy_dtype
from .tensor import Tensor

__all__ = ["TypedStorage", "UntypedStorage", "storage", "untyped_storage"]


class _Storage:
    """The memory that a tensor and its views share, as one row of elements. Writes to it are not noticed by autograd."""

    __slots__ = ("_array", "_elements")

    def __init__(self, array: np.ndarray, kind: np.dtype[Any]) -> None:
        self._array, self._elements = array, array.reshape(-1, order="A").view(kind)

    @property
    def device(self) -> device:
        """Where the memory is."""
        return device("cpu")

    is_cuda = is_sparse = False

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._array.ctypes.data if self._array.size else 0

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._array.nbytes

    def element_size(self) -> int:
        """The bytes of one element."""
        return self._elements.itemsize

    def size(self) -> int:
        """The number of elements."""
        return self._elements.size

    __len__ = size

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return self._elements.tolist()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def is_shared(self) -> bool:
        """Whether other processes see the memory too."""
        return False

    def _place(self, index: int) -> int:
        if not -self.size() <= index < self.size():
            raise IndexError(f"index {index} out of range for storage of size {self.size()}")
        return index

    def _checked(self, index: Any) -> Any:
        if isinstance(index, slice):
            return index
        if not isinstance(index, int):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        return self._place(index)

    def __getitem__(self, index: Any) -> Any:
        return self._elements[self._checked(index)].item()

    def __setitem__(self, index: Any, value: Any) -> None:
        from_numpy(self._elements)[self._checked(index)] = value

    def fill_(self, value: Any) -> Any:
        """Write ``value`` into every element."""
        from_numpy(self._elements).fill_(value)
        return self

    def copy_(self, source: Any, non_blocking: bool | None = None) -> Any:
        """Write the elements of another storage into this one."""
        from_numpy(self._elements).copy_(from_numpy(source._elements))
        return self

    def clone(self) -> Any:
        """A copy with memory of its own."""
        return type(self)(self._elements.copy(), self._elements.dtype)

    def cpu(self) -> Any:
        """The storage itself: it is on the CPU."""
        return self

    def _rows(self) -> str:
        return " " + "\n ".join(map(str, self.tolist()))


class UntypedStorage(_Storage):
    """The bytes that a tensor and its views share."""

    __slots__ = ()

    def __init__(self, array: np.ndarray, kind: Any = np.uint8) -> None:
        super().__init__(array, kind)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return UntypedStorage(self._elements[index])
        return super().__getitem__(index)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, UntypedStorage) and other._array is self._array

    def __hash__(self) -> int:
        return id(self._array)

    def __repr__(self) -> str:
        return f"{self._rows()}\n[torch.storage.UntypedStorage(device=cpu) of size {self.size()}]"


class TypedStorage(_Storage):
    """The elements that a tensor and its views share, one after the other as they lie in memory."""

    __slots__ = ()

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return from_numpy_dtype(self._elements.dtype)

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(self._array)

    def type(self) -> str:
        """The name that the class once had."""
        return f"torch.{self.dtype.legacy_name}Storage"

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return super().__getitem__(index)

    def __repr__(self) -> str:
        return f"{self._rows()}\n[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {self.size()}]"


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that this tensor shows all or a part of."""
    return UntypedStorage(storage_of(self._array))


def storage(self: Tensor) -> TypedStorage:
    """The memory that this tensor shows all or a part of, in its dtype. Deprecated in PyTorch."""
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage "
        "class. This should only matter to you if you are using storages directly.  To access UntypedStorage directly, "
        "use tensor.untyped_storage() instead of tensor.storage()",
        UserWarning,
        stacklevel=2,
    )
    return TypedStorage(storage_of(self._array), self._array.dtype)
