"""Writing objects as PyTorch's pickles: under PyTorch's names, with the elements of tensors left to the archive."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import numpy as np

from ..copying import place_in_storage
from ..devices import device
from ..dtypes import dtype, from_numpy_dtype
from ..size import Size
from ..tensor import Tensor, new_leaf

__all__ = ["TorchPickler", "elements"]


class _Global:
    """A name that a pickle mentions, such as ``torch._utils._rebuild_tensor_v2``; there need be no such thing here."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, *args: Any) -> Any:
        """A pickler wants what it writes as a function to be callable."""
        raise NotImplementedError(f"{self.module}.{self.name} is a name in a file")


class _StorageReference:
    """What a tensor's pickle says in the place of its storage."""

    def __init__(self, persistent_id: tuple[Any, ...]) -> None:
        self.persistent_id = persistent_id


_SIZE, _DEVICE, _UNTYPED = _Global("torch", "Size"), _Global("torch", "device"), _Global("torch.storage", "UntypedStorage")
_TYPED = _Global("torch._tensor", "_rebuild_from_type_v2")
_REBUILD = {
    name: _Global("torch._utils", f"_rebuild_{name}")
    for name in ("tensor_v2", "tensor_v3", "parameter", "parameter_with_state")
}
_STORAGES: dict[dtype, _Global] = {}


_Pickler: Any = pickle._Pickler  # what it offers to subclasses is not in the type stubs


class TorchPickler(_Pickler):
    """Pickles one object into ``file``; ``storages`` then has the arrays that are to be written beside it, by key.

    Python's own pickler in C insists that the functions it names can be imported; the one in Python can be told.

    Args:
        file: gets the pickle.
        protocol: of the pickle.
        legacy: whether the ids of storages are those of the old format.
    """

    def __init__(self, file: Any, protocol: int, legacy: bool = False) -> None:
        super().__init__(file, protocol)
        self.legacy = legacy
        self.storages: dict[str, np.ndarray] = {}
        self._keys: dict[int, tuple[str, dtype]] = {}

    def persistent_id(self, obj: Any) -> Any:
        return obj.persistent_id if type(obj) is _StorageReference else None

    def reducer_override(self, obj: Any) -> Any:
        """How an object is made again, as a function's name and arguments, where that is for us to say."""
        if isinstance(obj, Tensor):
            return self._tensor(obj)
        if isinstance(obj, Size):
            return _SIZE, (tuple(obj),)
        if isinstance(obj, dtype):
            return repr(obj)  # a name
        if isinstance(obj, device):
            return _DEVICE, (obj.type,) if obj.index is None else (obj.type, obj.index)
        return obj.name if type(obj) is _Global else NotImplemented

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write a name: one of PyTorch's as it stands, any other if it can be imported."""
        if isinstance(obj, dtype) or obj is Tensor:
            module, name = "torch", "Tensor" if obj is Tensor else repr(obj).removeprefix("torch.")
        elif type(obj) is _Global:
            module, name = obj.module, obj.name
        else:
            super().save_global(obj, name)
            return
        self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        self.memoize(obj)

    # ---- tensors

    def _tensor(self, tensor: Tensor) -> Any:
        from ..nn.parameter import Parameter

        state = {name: value for name, value in tensor.__dict__.items() if name != "_inference"}
        if type(tensor) is Parameter:
            plain: Any = new_leaf(Tensor, tensor._array)
            arguments: tuple[Any, ...] = (plain, tensor.requires_grad, OrderedDict())
            return (_REBUILD["parameter_with_state"], (*arguments, state)) if state else (_REBUILD["parameter"], arguments)
        function, arguments = self._plain(tensor)
        if type(tensor) is Tensor and not state:
            return function, arguments
        return _TYPED, (function, type(tensor), arguments, state)

    def _plain(self, tensor: Tensor) -> tuple[_Global, tuple[Any, ...]]:
        array = tensor._array
        place = place_in_storage(array)
        if place is None:  # memory with gaps, such as NumPy's
            array = array.copy()
            place = array, 0
        storage, offset = place
        kind = from_numpy_dtype(array.dtype)
        strides = tuple(step // array.itemsize for step in array.strides)
        reference = self._reference(storage, kind)
        hooks: dict[int, Any] = OrderedDict()  # are not saved
        arguments = (reference, offset // array.itemsize, tuple(array.shape), strides, tensor.requires_grad, hooks)
        return (_REBUILD["tensor_v3"], (*arguments, kind)) if _has_no_storage_type(kind) else (_REBUILD["tensor_v2"], arguments)

    def _reference(self, storage: np.ndarray, kind: dtype) -> _StorageReference:
        key, first = self._keys.setdefault(id(storage), (str(len(self._keys)), kind))
        if first is not kind and storage.size:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        self.storages[key] = storage
        if _has_no_storage_type(kind):
            numel, name = storage.nbytes, _UNTYPED
        else:
            numel = storage.nbytes // kind.itemsize
            name = _STORAGES.setdefault(kind, _Global("torch", f"{kind.legacy_name}Storage"))
        return _StorageReference(("storage", name, key, "cpu", numel, *((None,) if self.legacy else ())))

    def itemsize(self, key: str) -> int:
        """The bytes of one element of a storage."""
        return next(kind.itemsize for each, kind in self._keys.values() if each == key)


def _has_no_storage_type(kind: dtype) -> bool:
    return kind.legacy_name.startswith("UInt")


def elements(storage: np.ndarray) -> np.ndarray:
    """The bytes of a storage, as they lie in memory."""
    flat: np.ndarray = storage.reshape(-1, order="A").view(np.uint8)
    return flat
