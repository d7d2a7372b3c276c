"""What a file's pickle may name: PyTorch's allow-list, and what the user adds to it.

Nothing here imports a name out of a file. The list says for each name what it stands for, and for each of these whether
it may be called, made anew, or given a state.
"""

from __future__ import annotations

import argparse
import collections
import sys
import types
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

from ..devices import _NamedConstant, device
from ..dtypes import DTYPES
from ..size import Size
from ..tensor import Tensor
from . import rebuild

__all__ = ["AllowList", "add_safe_globals", "clear_safe_globals", "get_safe_globals", "safe_globals"]

# ---- what the user trusts --------------------------------------------------------------------------------------------

_user: list[Any] = []


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Mark functions and classes as safe for :func:`torch.load`: they are called when a file names them.

    Args:
        safe_globals: the functions and classes, or pairs of one and the full name by which files know it.
    """
    _user.extend(each for each in safe_globals if each not in _user)


def get_safe_globals() -> list[Any]:
    """What :func:`add_safe_globals` has been given."""
    return list(_user)


def clear_safe_globals() -> None:
    """Forget what :func:`add_safe_globals` has been given."""
    _user.clear()


class safe_globals:
    """``with safe_globals([MyClass]):`` marks functions and classes as safe inside the block."""

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exc: Any) -> None:
        _user[:] = [each for each in _user if each not in self.safe_globals]


def _user_allowed() -> dict[str, Any]:
    named: dict[str, Any] = {}
    for each in _user:
        if not isinstance(each, tuple):
            named[f"{each.__module__}.{each.__qualname__}"] = each
            continue
        if len(each) != 2:
            raise ValueError(
                f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(each)}"
            )
        if type(each[1]) is not str:
            raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(each[1])}")
        named[each[1]] = each[0]
    return named


# ---- what is always allowed ------------------------------------------------------------------------------------------


def _encode(text: str, encoding: str = "utf-8") -> bytes:
    """``_codecs.encode``, by which Python 2's protocol spells bytes; for latin-1 and utf-8 only."""
    if not isinstance(text, str) or encoding not in ("latin1", "utf-8"):
        raise UnpicklingError(f"_codecs.encode is for text in latin1 or utf-8, not {encoding!r}")
    return text.encode(encoding)


def _no_bytes() -> bytes:
    """``bytes()``, by which Python 2's protocol spells ``b""``."""
    return b""


def _bytearray(data: Any = b"", encoding: str = "latin1") -> bytearray:
    if not isinstance(data, (bytes, str)):  # a number would reserve so much memory
        raise UnpicklingError(f"bytearray is for bytes or text, not {type(data).__name__}")
    return bytearray(data if isinstance(data, bytes) else _encode(data, encoding))


def _of_items(cls: Any) -> Any:
    """``cls``, for what lies in the file: the items of a range would have to be made first."""

    def make(*items: Any) -> Any:
        if not all(isinstance(each, (list, tuple, dict, set, str)) for each in items):
            raise UnpicklingError(f"{cls.__name__} is for lists and the like, not {[type(each).__name__ for each in items]}")
        return cls(*items)

    return make


def _defaultdict(factory: Any = None, *items: Any) -> Any:
    if factory not in (None, *_FACTORIES):
        raise UnpicklingError(f"defaultdict is for the factories {', '.join(each.__name__ for each in _FACTORIES)}")
    return collections.defaultdict(factory, *items)


def _names() -> dict[str, Any]:
    named: dict[str, Any] = {
        "collections.OrderedDict": collections.OrderedDict,
        "collections.Counter": collections.Counter,
        "_codecs.encode": _encode,
        "builtins.bytes": _no_bytes,
        "builtins.bytearray": bytearray,
        "builtins.set": set,
        "builtins.complex": complex,
        "torch.Size": Size,
        "torch.device": device,
        "torch.Tensor": Tensor,
        "torch.serialization._get_layout": _layout,
        "torch._tensor._rebuild_from_type_v2": rebuild.rebuild_from_type_v2,
        "torch.nn.parameter.Parameter": rebuild.new_parameter,
    }
    named.update({f"torch.{name}": dtype for name, dtype in DTYPES.items() if repr(dtype) == f"torch.{name}"})
    named.update({f"torch.{name}": kind for name, kind in rebuild.STORAGE_TYPES.items()})
    named["torch.storage.UntypedStorage"] = rebuild.STORAGE_TYPES["UntypedStorage"]
    named.update({f"torch._utils.{function.__name__}": function for function in rebuild.FUNCTIONS})
    return named


def _layout(name: str) -> Any:
    from .. import devices

    found = getattr(devices, str(name).removeprefix("torch."), None)
    if not isinstance(found, _NamedConstant):
        raise UnpicklingError(f"there is no layout {name!r}")
    return found


_ALLOWED = _names()
_MADE = (collections.OrderedDict, collections.Counter)
_CALLS: dict[Any, Callable[..., Any]] = {
    each: each
    for each in (*rebuild.FUNCTIONS, rebuild.rebuild_from_type_v2, _encode, _layout, _no_bytes, Size, device, complex)
}
_CALLS[bytearray] = _bytearray
for _class in (*_MADE, set):
    _CALLS[_class] = _of_items(_class)

# Harmless too, but PyTorch has them run only under ``weights_only=False``: Python's and NumPy's plain data.
_FACTORIES = (dict, float, int, list, set, tuple, str, bool)
_PLAIN: dict[str, Any] = {f"builtins.{each.__name__}": each for each in (*_FACTORIES, frozenset, range, slice)}
_PLAIN |= {
    "collections.defaultdict": collections.defaultdict,
    "argparse.Namespace": argparse.Namespace,
    "numpy.dtype": np.dtype,
    "numpy.ndarray": np.ndarray,
}
for _package in ("numpy.core", "numpy._core"):
    _PLAIN[f"{_package}.multiarray._reconstruct"] = rebuild.empty_array
    _PLAIN[f"{_package}.multiarray.scalar"] = rebuild.numpy_scalar
    _PLAIN[f"{_package}.numeric._frombuffer"] = rebuild.array_of_bytes
_PLAIN_CALLS: dict[Any, Callable[..., Any]] = {
    each: each for each in (rebuild.empty_array, rebuild.numpy_scalar, rebuild.array_of_bytes, range, slice)
}
_PLAIN_CALLS |= {frozenset: _of_items(frozenset), np.dtype: rebuild.numpy_dtype, collections.defaultdict: _defaultdict}

_PACKAGE = __name__.partition(".")[0]
_FUNCTIONS = (_PACKAGE, f"{_PACKAGE}.nn.functional")
_BLOCKED = ("sys", "os", "posix", "nt")


def _is_layer(value: Any) -> bool:
    """Whether ``value`` is a class of layers. Where the program has imported none, there is none."""
    layers = sys.modules.get(f"{_PACKAGE}.nn.module")
    return layers is not None and isinstance(value, type) and issubclass(value, layers.Module)


def _is_members(value: Any) -> bool:
    """Whether ``value`` is the class of dictionaries in which a layer keeps its parameters, buffers and layers."""
    members = sys.modules.get(f"{_PACKAGE}.nn.members")
    return members is not None and value is members.Members


def _part_of_a_model(module: str, name: str) -> Any:
    """A class of layers, or one of our functions on layers, that the program itself has loaded; None for anything else.

    A layer is made without a call of its ``__init__``, and a function is not called: a file can give layers their state only.
    """
    value: Any = sys.modules.get(module)
    for part in name.split("."):
        value = getattr(value, "__dict__", {}).get(part)
    if _is_layer(value) or _is_members(value):
        return value
    if module in _FUNCTIONS or module.startswith(f"{_PACKAGE}.functions."):
        function = getattr(sys.modules.get(module), name, None)
        return function if isinstance(function, types.FunctionType) and function.__module__ == module else None
    return None


class AllowList:
    """What one file's pickle may name.

    Args:
        weights_only: PyTorch's list; False adds plain data of Python and NumPy, and the layers whose classes the program has
            loaded. Code out of the file is never run for either.
    """

    def __init__(self, weights_only: bool) -> None:
        self.weights_only = weights_only
        self._user = _user_allowed()
        self._names = _ALLOWED if weights_only else _ALLOWED | _PLAIN
        self._calls = _CALLS if weights_only else _CALLS | _PLAIN_CALLS
        self._made = _MADE if weights_only else (*_MADE, argparse.Namespace)

    def _is_users(self, value: Any) -> bool:
        return any(value is each for each in self._user.values())

    def _is_layer(self, value: Any) -> bool:
        return not self.weights_only and _is_layer(value)

    def find(self, module: str, name: str) -> Any:
        """What a name stands for."""
        path = f"{module}.{name}"
        if module in _BLOCKED:
            raise UnpicklingError(f"Trying to load unsupported GLOBAL {path} whose module {module} is blocked.")
        if path in self._names:
            return self._names[path]
        if path in self._user:
            return self._user[path]
        if not self.weights_only:
            part = _part_of_a_model(module, name)
            if part is not None:
                return part
        path = path.removeprefix("builtins.")
        raise UnpicklingError(
            f"Unsupported global: GLOBAL {path} was not an allowed global by default. Please use "
            f"`torch.serialization.add_safe_globals([{path}])` or the `torch.serialization.safe_globals([{path}])` "
            "context manager to allowlist this global if you trust this class/function."
        )

    def call(self, function: Any, arguments: Any) -> Any:
        """What a function that the file named makes of arguments."""
        if not isinstance(arguments, tuple):
            raise TypeError(f"the arguments of a call must be a tuple, not {type(arguments).__name__}")
        try:
            called = self._calls.get(function)
        except TypeError:  # no function, and not hashable
            called = None
        if called is None:
            if not self._is_users(function) and (self.weights_only or not _is_members(function)):
                raise UnpicklingError(f"Trying to call reduce for unrecognized function {function}")
            called = function
        return called(*arguments)

    def new(self, cls: Any, arguments: Any, keywords: Any) -> Any:
        """An object of a class that the file named, not initialised."""
        if cls is rebuild.new_parameter:
            return cls(*arguments)
        if not (self._is_users(cls) or self._is_layer(cls)) and not any(cls is each for each in self._made):
            raise UnpicklingError(
                "Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got "
                f"{cls}"
            )
        return cls.__new__(cls, *arguments, **keywords)

    def is_mapping(self, value: Any) -> bool:
        """Whether items may be set in ``value``, which is no dictionary of PyTorch's list."""
        kind = type(value)
        return self._is_users(kind) or (not self.weights_only and (kind is collections.defaultdict or _is_members(kind)))

    def build(self, made: Any, state: Any) -> None:
        """Give an object its state."""
        kind = type(made)
        if kind is collections.OrderedDict or (kind is argparse.Namespace and not self.weights_only):
            made.__dict__.update(state)
        elif kind is np.ndarray and not self.weights_only:
            rebuild.fill_array(made, state)
        elif isinstance(made, np.dtype) and not self.weights_only:
            rebuild.check_dtype_state(state)
        elif not self._is_users(kind) and not self._is_layer(kind):
            raise UnpicklingError(
                f"Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but got {kind}"
            )
        elif hasattr(made, "__setstate__"):
            made.__setstate__(state)
        else:
            attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
            made.__dict__.update(attributes or {})
            for name, value in (slots or {}).items():
                setattr(made, name, value)
