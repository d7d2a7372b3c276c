"""The handle that every ``register_*_hook`` returns."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

_next_id = itertools.count().__next__


class RemovableHandle:
    """Removes one hook from the dictionary that holds it. It keeps neither alive."""

    def __init__(self, hooks_dict: Any) -> None:
        self.id = _next_id()
        self._hooks = weakref.WeakMethod(hooks_dict.pop)

    def remove(self) -> None:
        pass


def add_hook(hooks: dict[int, Any], hook: Any) -> RemovableHandle:
    """Store ``hook`` after the others and return the handle that removes it."""
    raise NotImplementedError
