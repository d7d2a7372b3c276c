"""Which module an operation runs in: hooks of all modules, while a recording is open."""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import Any

from ..nn.hooks import register_module_forward_hook, register_module_forward_pre_hook

__all__ = ["MODULE_STACK", "ModuleTable", "watch_modules"]

MODULE_STACK: ContextVar[tuple[Any, ...]] = ContextVar("module_stack", default=())
"""The modules whose ``forward`` runs, the innermost last."""

_handles: list[Any] = []


def _enter(module: Any, args: Any) -> None:
    MODULE_STACK.set((*MODULE_STACK.get(), module))


def _leave(module: Any, args: Any, output: Any) -> None:
    stack = MODULE_STACK.get()
    if module in stack:  # not where the recording began inside it
        MODULE_STACK.set(stack[: len(stack) - 1 - stack[::-1].index(module)])


def watch_modules(on: bool) -> None:
    """Follow the calls of all modules, or no longer."""
    if on:
        _handles.append(register_module_forward_pre_hook(_enter))
        _handles.append(register_module_forward_hook(_leave, always_call=True))
    else:
        while _handles:
            _handles.pop().remove()


class Place:
    """A module by its outermost module and its path in there."""

    __slots__ = ("kind", "path", "reference", "root", "text")

    def __init__(self, module: Any, root: int, path: str) -> None:
        self.reference, self.root, self.path = weakref.ref(module), root, path
        self.kind, self.text = type(module).__name__, _one_line(module)


class ModuleTable:
    """The modules that a recording has met. It keeps none of them alive."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.roots: list[int] = []  # the places of modules that were called from outside
        self.parameters: list[tuple[Any, int, str]] = []  # weak reference, root, name in there
        self._known: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def innermost(self) -> int | None:
        """The place of the module that runs."""
        stack = MODULE_STACK.get()
        if not stack:
            return None
        known = self._known.get(stack[-1])
        return self._meet(stack) if known is None else known

    def _meet(self, stack: tuple[Any, ...]) -> int:
        for module in stack:
            if module not in self._known:
                self.add_root(module)
        return self._known[stack[-1]]

    def knows(self, module: Any) -> bool:
        """Whether this is one of them."""
        return module in self._known

    def add_root(self, module: Any) -> int:
        """Know ``module`` and what is in it."""
        root = len(self.roots)
        self.roots.append(len(self.places))
        for path, each in module.named_modules():
            if each not in self._known:
                self._known[each] = len(self.places)
                self.places.append(Place(each, root, path))
        self.parameters += [(weakref.ref(each), root, name) for name, each in module.named_parameters()]
        self.parameters += [(weakref.ref(each), root, name) for name, each in module.named_buffers()]
        return root

    def composite(self, place: int) -> bool:
        """Whether there are modules in this one."""
        mine = self.places[place]
        return any(each.root == mine.root and each is not mine for each in self.places)


def _one_line(module: Any) -> str:
    """The module as it prints itself, without what is in it."""
    if any(True for _ in module.children()):
        return f"{type(module).__name__}(...)"
    return repr(module)
