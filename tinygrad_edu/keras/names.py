"""How Keras finds an object by its name, and names an object of which there are several."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["by_name", "clear_names", "snake_case", "unique_name"]

_used: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """``MaxPooling2D`` as ``max_pooling2d``."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


def unique_name(kind: str) -> str:
    """``dense``, then ``dense_1``, ``dense_2``, ..."""
    count = _used[kind]
    _used[kind] += 1
    return f"{kind}_{count}" if count else kind


def clear_names() -> None:
    """Count from the start again."""
    _used.clear()


def by_name(what: str, identifier: Any, known: Mapping[str, Any]) -> Any:
    """What ``identifier`` names, or itself if it is no string.

    Raises:
        ValueError: nothing has that name.
    """
    if not isinstance(identifier, str):
        return identifier
    found = known.get(identifier, known.get(snake_case(identifier)))
    if found is None:
        raise ValueError(f"Unknown {what}: '{identifier}'. There are {', '.join(sorted(known))}.")
    return found
