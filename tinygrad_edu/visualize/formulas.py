"""A declaration's formula in a pass's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from .latex import name_latex
from .notation import Written, written

__all__ = ["formula_of", "plain", "rule_of"]


def _written(op: Any, names: dict[str, str], outputs: list[str], options: dict[str, Any]) -> Written:
    """``names`` are those of the arguments that are tensors; several of one argument are called ``tensors[0]`` and so on."""
    words: dict[str, str] = {}
    for param, name in names.items():
        base, several, _ = param.partition("[")
        words[base] = f"{words[base]}, {name}" if several and base in words else name
    if len(outputs) == 1:
        words["out"] = outputs[0]
    return written(op, {**dict.fromkeys(words, True), **options}, words)


def formula_of(op: Any, public: str, names: dict[str, str], outputs: list[str], options: dict[str, Any]) -> tuple[str, str]:
    """What a step computes, as text and in LaTeX: ``a = x · y``, or without a formula the call: ``a = softmax(x, dim=1)``."""
    result = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
    if op is not None and op.formula:
        formula = _written(op, names, outputs, options)
        made = ", ".join(map(name_latex, outputs))
        return f"{result} = {formula.value}", f"{made if len(outputs) == 1 else f'({made})'} = {formula.value_latex}"
    given = list(names.values()) + [f"{name}={plain(value)}" for name, value in options.items()]
    return f"{result} = {public}({', '.join(given)})", ""


def rule_of(op: Any, param: str, names: dict[str, str], outputs: list[str], options: dict[str, Any]) -> tuple[str, str]:
    """The rule for one input, as text and in LaTeX."""
    if op is None or not op.formula:
        return "", ""
    return _written(op, names, outputs, options).rules[param.partition("[")[0]]


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
