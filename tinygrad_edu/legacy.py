"""PyTorch's old names: ``torch.FloatTensor`` and its siblings, ``Tensor(2, 3)``, ``set_default_tensor_type``."""

from __future__ import annotations

import copyreg
import warnings
from typing import Any

import numpy as np

from .autograd.errors import type_name
from .creation import finish, shared, size_of
from .devices import TorchName, device
from .dtypes import DTYPES, c_name, default_numpy_dtype, dtype, from_numpy_dtype, set_default_dtype
from .tensor import Tensor, new_leaf
from .values import array_of

__all__ = ["LEGACY_TYPES", "LegacyType", "dtype_of_type", "legacy_array", "set_default_tensor_type"]


def legacy_array(numpy_dtype: np.dtype[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> np.ndarray:
    """The array behind ``FloatTensor(2, 3)``, ``FloatTensor([1, 2])``, ``FloatTensor(tensor)``, ``FloatTensor()``."""
    _check_keywords(args, kwargs)
    if not args:
        return np.empty(0, numpy_dtype)
    first = args[0]
    if len(args) > 1 or isinstance(first, np.integer) or type(first) is int or type(first).__name__ == "Size":
        if isinstance(first, (list, tuple)) and len(args) > 1:
            raise _combination_error(args, kwargs)
        return np.empty(size_of(args, "new"), numpy_dtype)
    if isinstance(first, Tensor):
        if first._array.dtype != numpy_dtype:
            raise TypeError(f"expected {_options(numpy_dtype)} (got {_options(first._array.dtype)})")
        return first._array
    if isinstance(first, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(first, np.ndarray) and first.ndim:
        array = shared(first)
        return array if array.dtype == numpy_dtype else array.astype(numpy_dtype)
    if not hasattr(type(first), "__getitem__") or isinstance(first, (dict, np.generic)):
        raise TypeError(f"new(): data must be a sequence (got {type_name(first)})")
    return array_of(first, numpy_dtype)


def _check_keywords(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    place = kwargs.get("device")
    if kwargs.keys() - {"device"} or (place is not None and not isinstance(place, (str, device))):
        raise _combination_error(args, kwargs)
    if place is not None and device(place).type != "cpu":
        asked = device(place).type
        raise RuntimeError(f"legacy constructor expects device type: cpu but device type: {asked} was passed")


def _combination_error(args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
    given = [type_name(each) for each in args] + [f"{name}={type_name(value)}" for name, value in kwargs.items()]
    # PyTorch leaves a comma behind when all arguments have names.
    return TypeError(
        "new() received an invalid combination of arguments - got "
        f"({', '.join(given)}{', ' if kwargs and not args else ''})"
    )


def _options(numpy_dtype: np.dtype[Any]) -> str:
    return (
        f"TensorOptions(dtype={c_name(numpy_dtype)}, device=cpu, layout=Strided, requires_grad=false (default), "
        "pinned_memory=false (default), memory_format=(nullopt))"
    )


class LegacyType(TorchName):
    """The class of ``FloatTensor`` and its siblings: they make tensors, and ``isinstance`` asks for the dtype."""

    dtype: dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance._array.dtype is cls.dtype.numpy

    def __call__(cls, *args: Any, **kwargs: Any) -> Tensor:
        return finish(legacy_array(cls.dtype.numpy, args, kwargs))


LEGACY_TYPES = {
    f"{each.legacy_name}Tensor": LegacyType(f"{each.legacy_name}Tensor", (), {"dtype": each, "__module__": "torch"})
    for each in dict.fromkeys(DTYPES.values())
}
"""``FloatTensor`` and its siblings by name."""


def _legacy_type(name: str) -> LegacyType:
    return LEGACY_TYPES[name]


copyreg.pickle(LegacyType, lambda cls: (_legacy_type, (cls.__name__,)))  # type: ignore[arg-type]


def legacy_tensor(cls: type[Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """``Tensor(...)``, of the default dtype; a tensor given keeps its own."""
    given = args[0] if len(args) == 1 else None
    numpy_dtype = given._array.dtype if isinstance(given, Tensor) else default_numpy_dtype()
    made: Tensor = new_leaf(cls, legacy_array(numpy_dtype, args, kwargs))
    return made


def new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The legacy constructor in this tensor's dtype."""
    return finish(legacy_array(self._array.dtype, args, kwargs))


def dtype_of_type(given: Any) -> dtype:
    """The dtype that ``Tensor.type`` is given: as itself, ``torch.FloatTensor``, its name, or ``torch.Tensor``."""
    if isinstance(given, dtype):
        return given
    if isinstance(given, LegacyType):
        return given.dtype
    if given is Tensor:
        return from_numpy_dtype(default_numpy_dtype())
    if isinstance(given, type):
        given = given.__name__ if given.__module__ == "builtins" else f"{given.__module__}.{given.__name__}"
    if not isinstance(given, str):
        raise TypeError("dtype must be a type, str, or dtype object")
    found = LEGACY_TYPES.get(given.removeprefix("torch.")) if given.startswith("torch.") else None
    if found is None:
        if given.startswith("torch.cuda."):
            raise TypeError(f"type {given} not available. Torch not compiled with CUDA enabled.")
        raise ValueError(f"invalid type: '{given}'")
    return found.dtype


def set_default_tensor_type(t: Any) -> None:
    """Deprecated in PyTorch: :func:`set_default_dtype` by legacy type or its name."""
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
        "torch.set_default_device() as alternatives.",
        UserWarning,
        stacklevel=2,
    )
    if isinstance(t, (LegacyType, str)):
        chosen = dtype_of_type(t)
        if not chosen.is_floating_point:
            raise TypeError("only floating-point types are supported as the default type")
        set_default_dtype(chosen)
    elif t is not Tensor:
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
