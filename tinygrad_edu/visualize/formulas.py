"""A declaration's formula in a pass's names.

>>> from tinygrad_edu.ops import mul
>>> written(mul, {}, {"x": "a", "y": "w"}).value
'a · w'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .latex import latex, name_latex
from .notation import chosen, parse
from .writing import put, text_of

__all__ = ["Written", "formula_of", "plain", "rule_of", "written"]


class Written(NamedTuple):
    """The formula of one call: of its value, and a derivative for each differentiable argument, as text and as LaTeX."""

    value: str
    value_latex: str
    rules: dict[str, tuple[str, str]]


def written(op: Any, arguments: Mapping[str, Any] | None = None, names: Mapping[str, str] | None = None) -> Written:
    """The declared formula of ``op`` in the words of one call.

    ``arguments`` are the call's arguments by the declaration's names, tensors among them (anything that is not None will do
    for one); those that are missing have their defaults. ``names`` tells which of them, and ``"out"``, have a name in the
    picture. Other arguments show their value, and what that makes trivial is left out: ``beta · x + alpha · mat1 · mat2`` is
    ``b + h · W`` for a call without factors. Without ``arguments`` the formula is that of a call that gives all of them.
    """
    if not op.formula:
        return Written("", "", {})
    names = names or {}
    defaults = {name: value for name, value in op.defaults.items() if arguments is not None or value is not None}
    known = {**defaults, **(arguments or {})}
    values = {name: value for name, value in known.items() if name not in names and _is_shown(value)}
    trees = [put(parse(chosen(text, known)), names, values) for text in op.formula]
    pairs = [(text_of(tree), latex(tree)) for tree in trees]
    return Written(*pairs[0], dict(zip(op.differentiable, pairs[1:], strict=True)))


def _is_shown(value: Any) -> bool:
    """Whether a value says more in a formula than its argument's name."""
    if isinstance(value, np.ndarray):
        return not value.ndim
    if isinstance(value, (tuple, list)):
        return all(each is Ellipsis or _is_shown(each) or each is None for each in value)
    return value is None or isinstance(value, (bool, int, float, str, slice, np.number, np.dtype))


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
