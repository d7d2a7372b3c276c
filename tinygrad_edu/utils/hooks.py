"""The handle that every ``register_*_hook`` returns."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

_next_id = itertools.count().__next__


class HookDict(dict[int, Any]):
    """A dictionary of hooks that a handle can refer to weakly."""

    __slots__ = ("__weakref__",)


class RemovableHandle:
    """Removes one hook from the dictionary that holds it. It keeps neither alive."""

    def __init__(self, hooks: HookDict) -> None:
        self.id = _next_id()
        self._hooks = weakref.ref(hooks)

    def remove(self) -> None:
        """Remove the hook; once is enough."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.remove()


def add_hook(hooks: HookDict, hook: Any) -> RemovableHandle:
    """Store ``hook`` after the others and return the handle that removes it."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle
