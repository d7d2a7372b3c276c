"""How a module keeps its parameters, buffers and submodules: in dictionaries that are mirrored in its attributes."""

from __future__ import annotations

import weakref
from collections.abc import MutableMapping
from typing import Any

_MISSING = object()


class Members(dict[str, Any]):
    """The parameters, buffers or submodules of a module, by name, each of which is also an attribute of the module.

    ``self.weight`` is then an ordinary attribute, found by Python's own fast path, where PyTorch goes through
    ``Module.__getattr__``. What is written here, by whatever method, is written there too.

    The owner is referred to weakly, so that a tree of modules has no reference cycle. There is more than one owner
    only after ``copy.copy(module)``: the copy shares these dictionaries with the original, as in PyTorch.
    """

    __slots__ = ("_owners",)

    def __init__(self, *owners: Any) -> None:
        self._owners = [weakref.ref(owner) for owner in owners]

    def bind(self, module: Any) -> None:
        """Make ``module`` an owner: every member becomes its attribute."""
        others = [owner for owner in self._living_owners() if owner is not module]
        self._owners = [weakref.ref(owner) for owner in (*others, module)]
        for name, value in self.items():
            show(module, name, value)

    def unbind(self, module: Any) -> None:
        """The converse of :meth:`bind`."""
        self._owners = [weakref.ref(owner) for owner in self._living_owners() if owner is not module]
        for name, value in self.items():
            _hide(module, name, value)

    def _living_owners(self) -> list[Any]:
        return [owner for ref in self._owners if (owner := ref()) is not None]

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        for owner in self._living_owners():
            show(owner, name, value)

    def __delitem__(self, name: str) -> None:
        value = self[name]
        super().__delitem__(name)
        for owner in self._living_owners():
            _hide(owner, name, value)

    def popitem(self) -> tuple[str, Any]:
        if not self:
            raise KeyError("popitem(): dictionary is empty")
        name = next(reversed(self))
        return name, self.pop(name)

    def __ior__(self, other: Any) -> Members:  # type: ignore[override,misc]
        self.update(other)
        return self

    def pop(self, name: str, *default: Any) -> Any:
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    # dict's own versions of these would bypass the methods above
    clear = MutableMapping.clear
    update = MutableMapping.update  # type: ignore[assignment]
    __copy__ = dict.copy

    def __reduce__(self) -> tuple[Any, ...]:
        """A copied or unpickled owner is remembered before its dictionaries are rebuilt, so they find it."""
        return type(self), tuple(self._living_owners()), None, None, iter(self.items())

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()


def show(module: Any, name: str, value: Any) -> None:
    """Make ``value`` an attribute of ``module``, whatever ``Module.__setattr__`` would do."""
    if not isinstance(name, str):
        return  # ``self._modules[block] = block``, of old tutorials: a member that is no attribute
    if hasattr(type(module), name):
        vars(module)[name] = value  # the class may have a property of this name, whose setter must not run
    else:
        object.__setattr__(module, name, value)  # unlike ``vars`` this keeps Python's compact instance layout


def _hide(module: Any, name: str, value: Any) -> None:
    if vars(module).get(name, _MISSING) is value:
        del vars(module)[name]
