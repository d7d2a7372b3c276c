"""What a step computes and what its rules are, in the pass's names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from .numbers import MINUS

__all__ = ["LINEAR", "Words", "in_words", "plain"]


class Words(NamedTuple):
    """A step's formula and its rules by argument, each as text and as LaTeX."""

    formula: str
    formula_latex: str
    rules: dict[str, tuple[str, str]]


LINEAR = SimpleNamespace(
    public="linear",
    formula=("input · weightᵀ{bias: + bias}", "G · weight", "Gᵀ · input", "G"),
    defaults={"bias": None},
    differentiable=["input", "weight", "bias"],
    sequence=False,
)
"""A linear layer, which transposes its weight on the way, as one declaration."""


def in_words(op: Any, public: str, names: dict[str, str], outputs: list[str], options: dict[str, Any]) -> Words:
    """The declaration's formula with ``names`` for its tensors, else the call itself: ``a = softmax(x, dim=1)``."""
    result = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
    if op is None or not op.formula or not _HAVE:
        given = [*names.values(), *(f"{name}={_shown(value)}" for name, value in options.items())]
        return Words(f"{result} = {public}({', '.join(given)})", "", {})
    from .latex import name_latex
    from .notation import written

    if op.sequence:
        names = {op.tensors[0]: ", ".join(names.values()), **names}
    found = written(op, {**options, **names}, {**names, **({"out": result} if len(outputs) == 1 else {})})
    left = name_latex(result) if len(outputs) == 1 else rf"({', '.join(map(name_latex, outputs))})"
    return Words(f"{result} = {found.value}", f"{left} = {found.value_latex}", found.rules)


def _shown(value: Any) -> str:
    value = plain(value)
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("-", MINUS) if isinstance(value, (int, float)) else text


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


try:
    from . import notation  # noqa: F401

    _HAVE = True
except ImportError:  # until the formulas are there
    _HAVE = False
