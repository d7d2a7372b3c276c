"""Nested lists, tuples and dictionaries, taken apart and put together again (dictionaries in the order of their keys)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["flatten", "rebuild"]


def flatten(structure: Any) -> Iterator[Any]:
    """The leaves of a structure, one after the other."""
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    if not isinstance(structure, (list, tuple)):
        yield structure
        return
    for each in structure:
        yield from flatten(each)


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """A structure of the same form with other leaves, in the order in which :func:`flatten` gives them."""
    if isinstance(structure, dict):
        values = {key: rebuild(structure[key], leaves) for key in sorted(structure)}
        return type(structure)((key, values[key]) for key in structure)
    if not isinstance(structure, (list, tuple)):
        return next(leaves)
    made = [rebuild(each, leaves) for each in structure]
    kind: Any = type(structure)
    return kind(*made) if hasattr(structure, "_fields") else kind(made)
