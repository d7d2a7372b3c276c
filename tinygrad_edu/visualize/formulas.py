"""A declaration's formula in a pass's names."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

__all__ = ["formula_of", "mentions", "plain", "rule_of"]

_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def mentions(text: str, name: str) -> bool:
    """Whether ``name`` is one of the names in a formula."""
    return any(word == name for word in _WORD.findall(text))


def _named(text: str, names: dict[str, str]) -> str:
    return _WORD.sub(lambda match: names.get(match[0], match[0]), text)


def _latex(text: str) -> str:
    try:
        from .latex import latex
    except ImportError:
        return ""
    return latex(text)


def _words(op: Any, names: dict[str, str], outputs: list[str], options: dict[str, Any]) -> dict[str, str]:
    words = {name: number(value) for name, value in options.items() if isinstance(value, (bool, int, float))}
    for name, default in (op.defaults if op is not None else {}).items():
        if isinstance(default, (int, float)):
            words.setdefault(name, number(default))
    words.update(names)
    if len(outputs) == 1:
        words["out"] = outputs[0]
    return words


def number(value: Any) -> str:
    """A Python number in a formula."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("-", "−")


def formula_of(op: Any, public: str, names: dict[str, str], outputs: list[str], options: dict[str, Any]) -> tuple[str, str]:
    """What a step computes, as text and in LaTeX: ``a = x · y``, or without a formula the call: ``a = softmax(x, dim=1)``."""
    result = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
    formula = getattr(op, "formula", None)
    if formula:
        text = _named(formula if isinstance(formula, str) else formula[0], _words(op, names, outputs, options))
        return f"{result} = {text}", _latex(f"{result} = {text}")
    given = list(names.values()) + [f"{name}={plain(value)}" for name, value in options.items()]
    return f"{result} = {public}({', '.join(given)})", ""


def rule_of(op: Any, param: str, names: dict[str, str], outputs: list[str], options: dict[str, Any]) -> tuple[str, str]:
    """The rule for one input, as text and in LaTeX."""
    formula = getattr(op, "formula", None)
    if not formula or isinstance(formula, str):
        return "", ""
    base = param.partition("[")[0]
    place = 0 if op.sequence else op.differentiable.index(base)
    if place + 1 >= len(formula):
        return "", ""
    text = _named(formula[place + 1], _words(op, names, outputs, options))
    return text, _latex(text)


def plain(value: Any) -> Any:
    """An option as a plain value that JSON can hold."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, complex):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    if isinstance(value, slice):
        return f"{'' if value.start is None else value.start}:{'' if value.stop is None else value.stop}"
    if isinstance(value, np.dtype):
        return value.name
    return type(value).__name__
