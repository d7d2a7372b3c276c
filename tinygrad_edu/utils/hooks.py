"""The handle that every ``register_*_hook`` returns (https://docs.pytorch.org/docs/2.13/notes/autograd.html#hooks)."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

__all__ = ["RemovableHandle"]


class HookDict(OrderedDict[int, Any]):
    """Hooks in the order in which they run."""


class RemovableHandle:
    """Removes one hook from the dictionary that holds it.

    It keeps neither alive, so the dictionary must allow weak references, which ``dict`` does not. Used as a context
    manager, it removes the hook at the end of the block.

    Args:
        hooks_dict: the hooks by ``id``; the caller stores its hook there under ``handle.id``.
        extra_dict: a dictionary, or several, in which the same ``id`` marks options of the hook.
    """

    next_id: int = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        extra = [] if extra_dict is None else [extra_dict] if isinstance(extra_dict, dict) else extra_dict
        self._refer_to([hooks_dict, *extra])

    def _refer_to(self, dicts: Iterable[Any]) -> None:
        self._dicts = tuple(weakref.ref(each) for each in dicts)

    def remove(self) -> None:
        """Remove the hook; doing so again, or after its owner has gone, does nothing."""
        for ref in self._dicts:
            if (hooks := ref()) is not None:
                hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()

    def __getstate__(self) -> tuple[int, list[Any]]:
        return self.id, [ref() for ref in self._dicts]

    def __setstate__(self, state: tuple[int, list[Any]]) -> None:
        self.id, dicts = state
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)
        self._refer_to(HookDict() if each is None else each for each in dicts)


def add_hook(
    hooks: HookDict, hook: Any, *, prepend: bool = False, extra_dict: Any = None
) -> RemovableHandle:
    """Store ``hook`` after the others (before them with ``prepend``) and return the handle that removes it."""
    handle = RemovableHandle(hooks, extra_dict=extra_dict)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
