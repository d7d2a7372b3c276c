"""What a step computes and what its rules are, in the pass's names."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from .latex import name_latex
from .notation import shown
from .writing import written

__all__ = ["LINEAR", "Words", "for_people", "in_words", "plain"]


class Words(NamedTuple):
    """A step's formula and its rules by argument, each as text and as LaTeX."""

    formula: str
    formula_latex: str
    rules: dict[str, tuple[str, str]]


LINEAR = SimpleNamespace(
    formula=("input · weightᵀ{bias: + bias}", "G · weight", "Gᵀ · input", "G"),
    defaults={"bias": None},
    differentiable=["input", "weight", "bias"],
    family="linear",
    symbol="linear",
    holomorphic=True,
)
"""A linear layer, which transposes its weight on the way, as if it were one declaration."""


def in_words(
    op: Any,
    public: str,
    names: dict[str, str],
    outputs: list[str],
    options: dict[str, Any],
    complex_names: Collection[str] = (),
) -> Words:
    """The declaration's formula with ``names`` for its tensors, else the call itself: ``a = softmax(x, dim=1)``.

    Several tensors of one argument are called ``tensors[0]`` and so on. The rules conjugate those in ``complex_names``.
    """
    result = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
    if op is None or not op.formula:
        given = [*names.values(), *(f"{name}={shown(value)}" for name, value in options.items())]
        return Words(f"{result} = {public}({', '.join(given)})", "", {})
    known: dict[str, str] = {}
    for param, name in names.items():
        base, several, _ = param.partition("[")
        known[base] = f"{known[base]}, {name}" if several and base in known else name
    if len(outputs) == 1:
        known["out"] = result
    found = written(op, {**dict.fromkeys(known, True), **options}, known, complex_names)
    left = ", ".join(map(name_latex, outputs))
    left = left if len(outputs) == 1 else f"({left})"
    return Words(f"{result} = {found.value}", f"{left} = {found.value_latex}", found.rules)


def plain(value: Any) -> Any:
    """An option as a plain value that JSON can hold."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.item()) if value.size == 1 else plain(value.tolist())
    if isinstance(value, complex):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    if isinstance(value, slice):
        ends = [("" if each is None else str(each)) for each in (value.start, value.stop, value.step)]
        return ":".join(ends[: 2 if value.step in (None, 1) else 3])
    if value is Ellipsis:
        return "..."
    return str(value) if isinstance(value, np.dtype) else type(value).__name__


def for_people(value: Any) -> bool:
    """Whether an option says something outside this package: regions and windows that were worked out do not."""
    if isinstance(value, (tuple, list)):
        return not hasattr(value, "_fields") and all(map(for_people, value))
    kinds = (bool, int, float, complex, str, np.generic, np.ndarray, slice, np.dtype, type(Ellipsis))
    return value is None or isinstance(value, kinds)
