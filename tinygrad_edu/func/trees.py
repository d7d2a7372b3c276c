"""The structure of nested tuples, lists and dictionaries."""

from __future__ import annotations

from typing import Any

__all__ = ["shown", "spread", "structure"]


def structure(tree: Any) -> str:
    """The structure as PyTorch's messages show it."""
    if isinstance(tree, dict):
        keys, children = str(sorted(tree)), [tree[key] for key in sorted(tree)]
    elif isinstance(tree, (tuple, list)):
        keys, children = "None", list(tree)
    else:
        return "*"
    return f"TreeSpec({type(tree).__name__}, {keys}, [{(',' + chr(10) + '  ').join(map(structure, children))}])"


def shown(tree: Any) -> str:
    """The structure in Python's own notation, as other messages show it."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {shown(tree[key])}" for key in sorted(tree)) + "}"
    if isinstance(tree, tuple):
        return f"({', '.join(map(shown, tree))}{',' if len(tree) == 1 else ''})"
    return f"[{', '.join(map(shown, tree))}]" if isinstance(tree, list) else "*"


def spread(prefix: Any, tree: Any) -> list[Any] | None:
    """For each leaf of ``tree`` the value that ``prefix``, a tree that may stop earlier, has for it; None if none fits."""
    if isinstance(tree, dict):
        children: list[Any] = [tree[key] for key in sorted(tree)]
    elif isinstance(tree, (tuple, list)):
        children = list(tree)
    else:
        return None if isinstance(prefix, (tuple, list, dict)) else [prefix]
    if isinstance(prefix, dict):
        if not isinstance(tree, dict) or prefix.keys() != tree.keys():
            return None
        prefixes: list[Any] = [prefix[key] for key in sorted(prefix)]
    elif isinstance(prefix, (tuple, list)):
        if type(prefix) is not type(tree) or len(prefix) != len(children):
            return None
        prefixes = list(prefix)
    else:
        prefixes = [prefix] * len(children)
    parts = [spread(each, child) for each, child in zip(prefixes, children, strict=True)]
    return None if None in parts else [value for part in parts for value in part or ()]
