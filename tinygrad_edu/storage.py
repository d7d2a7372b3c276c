"""The memory behind tensors, as far as code looks at it: ``tensor.untyped_storage().data_ptr()``."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .autograd.version import storage_of
from .tensor import Tensor

__all__ = ["UntypedStorage", "storage", "untyped_storage"]


class UntypedStorage:
    """The bytes that a tensor and its views share."""

    __slots__ = ("_array",)

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._array.ctypes.data if self._array.size else 0

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._array.nbytes

    size = __len__ = nbytes

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, UntypedStorage) and other._array is self._array

    def __hash__(self) -> int:
        return id(self._array)


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that this tensor shows all or a part of."""
    return UntypedStorage(storage_of(self._array))


def storage(self: Tensor) -> UntypedStorage:
    """Deprecated in PyTorch: :func:`untyped_storage`."""
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage "
        "class. This should only matter to you if you are using storages directly.  To access UntypedStorage directly, "
        "use tensor.untyped_storage() instead of tensor.storage()",
        UserWarning,
        stacklevel=2,
    )
    return untyped_storage(self)
