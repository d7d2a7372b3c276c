"""What a picture calls its values and modules: the user's names, module paths, else a, b, c in execution order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from ...nn.module import Module
from ...tensor import Tensor

__all__ = ["letters", "module_prefixes", "named_modules", "named_tensors"]


def letters() -> Iterator[str]:
    """a, b, ..., z, a1, ..., z1, a2, ..."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    for number in itertools.count():
        for letter in alphabet:
            yield letter + (str(number) if number else "")


def _entries(names: Any) -> list[tuple[str, Any]]:
    """Names with what they stand for; of two names for one thing a public one comes first."""
    if names is None:
        return []
    if not isinstance(names, Mapping):
        raise TypeError(f"names must be a dictionary such as locals(), not {type(names).__name__}")
    entries = [(str(name), value) for name, value in names.items()]
    return sorted(entries, key=lambda entry: entry[0].startswith("_"))


def named_tensors(names: Any, kind: Any = Tensor) -> list[tuple[str, Any]]:
    """The tensors among ``names``, and those in its lists and tuples: ``hidden[0]``."""
    found, inside = [], []
    for name, value in _entries(names):
        if isinstance(value, kind):
            found.append((name, value))
        elif type(value) in (list, tuple):
            inside += [(f"{name}[{i}]", each) for i, each in enumerate(value) if isinstance(each, kind)]
    return found + inside


def named_modules(names: Any, kind: Any = Module) -> list[tuple[str, Any]]:
    """The modules among ``names``."""
    return [(name, value) for name, value in _entries(names) if isinstance(value, kind)]


def module_prefixes(recording: Any, names: Any) -> list[str]:
    """For each outermost module what its paths begin with.

    One model's paths need no prefix. A layer that stands alone, or one of several models, has its name in ``names``, else
    the name of its class.
    """
    modules = recording.modules
    given = {id(module): name for name, module in reversed(named_modules(names, recording.module_class))}
    places = [modules.places[i] for i in modules.roots]
    composite = [modules.composite(i) for i in modules.roots]
    used: dict[str, int] = {}
    prefixes = []
    for place, has_children in zip(places, composite, strict=True):
        if has_children and composite.count(True) == 1:
            prefixes.append("")
            continue
        name = given.get(id(place.reference()), place.kind)
        used[name] = used.get(name, 0) + 1
        prefixes.append(name if used[name] == 1 else f"{name}{used[name]}")
    return prefixes
