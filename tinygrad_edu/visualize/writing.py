"""The tree of a formula as text, with the pass's names and numbers in it.

>>> from tinygrad_edu.ops import mul
>>> written(mul, {}, {"x": "a", "y": "w"}).value
'a · w'
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from .notation import Term, chosen, parse, shown
from .numbers import MINUS

__all__ = ["Written", "conjugated", "joined", "level", "put", "subscript_of", "text_of", "written"]

# ---- names, numbers, and what goes without saying ------------------------------------------------------------------------


def put(term: Any, names: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    """``term`` with names and values in place of arguments, and simplified where that made numbers meet."""
    if isinstance(term, tuple) and not isinstance(term, Term):
        return tuple(put(each, names, values) for each in term)
    if not isinstance(term, Term):
        return term
    if term.kind == "name":
        name = term.parts[0]
        if name in names:
            return Term("given", (names[name], None))
        if name in values:
            return Term("given", (shown(values[name]), _Value(values[name])))
        return term
    return _simplified(Term(term.kind, tuple(put(each, names, values) for each in term.parts)))


class _Value:
    """An argument's value inside a tree; arrays have no equality of their own."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _number_of(term: Any) -> float | int | None:
    """The number that a term is, if a reader would compute with it: ``2 − 1`` is 1, but ``1 / 3`` stays."""
    if not isinstance(term, Term):
        return None
    if term.kind == "given" and term.parts[1] is not None:
        value = term.parts[1].value
        value = value.item() if isinstance(value, (np.number, np.ndarray)) and np.size(value) == 1 else value
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if term.kind == "number" and term.parts[0] not in "π∞":
        return float(term.parts[0]) if "." in term.parts[0] else int(term.parts[0])
    if term.kind == "negative" and (inner := _number_of(term.parts[0])) is not None:
        return -inner
    return None


def _as_number(value: float | int) -> Term:
    return Term("given", (shown(value), _Value(value)))


def _simplified(term: Term) -> Term:
    """What goes without saying left out: 1 · x, x / 1, x¹, and sums and products of numbers."""
    kind, parts = term
    if kind == "negative" and (inner := _number_of(parts[0])) is not None and parts[0].kind == "given":
        return _as_number(-inner)
    if kind not in ("+", MINUS, "·", "⊙", "/", "^"):
        return term
    left, right = map(_number_of, parts)
    if not any(part.kind == "given" for part in parts):
        return term  # as it was declared
    if left is not None and right is not None and kind != "/" and math.isfinite(left) and math.isfinite(right):
        if kind != "^":
            return _as_number(left + right if kind == "+" else left - right if kind == MINUS else left * right)
        return term
    if kind in "·⊙/^" and right == 1:
        return parts[0]
    if kind in "·⊙" and left == 1:
        return parts[1]
    if kind in "·⊙" and left == -1:
        return Term("negative", (parts[1],))
    return term


# ---- from a tree to text --------------------------------------------------------------------------------------------------

_LEVEL = {
    "with": 0, "phrase": 0, "tuple": 0, "or": 1, "xor": 1, "and": 2, "not": 3, "compare": 4, "+": 5, MINUS: 5, "·": 6,
    "⊙": 6, "/": 6, "negative": 7, "sum": 7, "product": 7, "root": 8, "^": 9, "transposed": 9, "index": 9,
}  # fmt: skip
_ATOM = 10
_LETTERS = {"sum": "Σ", "product": "Π"}


def level(term: Term) -> int:
    """How tightly a term holds together: what stands inside one that holds more tightly needs parentheses."""
    if term.kind == "given":
        text = term.parts[0]
        if term.parts[1] is None:
            return _ATOM if re.fullmatch(r"[\w.⁰¹²³⁴-⁹ᵀ\[\]]*", text) else 0
        return 5 if text.startswith(MINUS) else _ATOM
    return _LEVEL.get(term.kind, _ATOM)


def text_of(term: Term) -> str:
    """The formula as Unicode text."""
    kind, parts = term
    if kind in ("name", "number", "given"):
        return str(parts[0])
    if kind in ("+", MINUS, "·", "⊙", "/"):
        own = level(term)
        return f"{_inside(parts[0], own)} {kind} {_inside(parts[1], own + (kind in (MINUS, '/')))}"
    if kind == "negative":
        return MINUS + _inside(parts[0], 6)
    if kind in _LETTERS:
        return f"{_LETTERS[kind]}{_subscript_text(parts[0])} {_inside(parts[1], 8)}"
    if kind == "root":
        return "√" + _inside(parts[0], 9)
    if kind == "^":
        return _inside(parts[0], 9) + _superscript(parts[1])
    if kind == "transposed":
        return _inside(parts[0], 9) + "ᵀ"
    if kind in ("abs", "floor", "ceil"):
        left, right = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}[kind]
        return left + text_of(parts[0]) + right
    if kind == "norm":
        return f"‖{text_of(parts[0])}‖{_subscript_text(parts[1])}"
    if kind == "indicator":
        return f"1[{text_of(parts[0])}]"
    if kind == "not":
        return f"not {_inside(parts[0], 4)}"
    if kind in ("and", "or", "xor"):
        return f" {kind} ".join(_inside(each, level(term)) for each in parts)
    if kind == "compare":
        return " ".join(each if isinstance(each, str) else _inside(each, 5) for each in parts)
    if kind == "call":
        function, inverse, subscript, arguments = parts
        power = "⁻¹" if inverse else ""
        return f"{function}{power}{_subscript_text(subscript)}({', '.join(map(text_of, arguments))})"
    if kind == "index":
        return f"{_inside(parts[0], 9)}[{', '.join(map(text_of, parts[1]))}]"
    if kind == "list":
        return f"[{', '.join(map(text_of, parts[0]))}]"
    if kind == "slice":
        bounds = ["" if each is None else text_of(each) for each in parts]
        return ":".join(bounds[: 2 if parts[2] is None else 3])
    if kind == "tuple":
        return ", ".join(map(text_of, parts))
    if kind == "with":
        pairs = zip(parts[1::2], parts[2::2], strict=True)
        return f"{text_of(parts[0])} with " + ", ".join(f"{name} = {_inside(meaning, 1)}" for name, meaning in pairs)
    return joined([each if isinstance(each, str) else _inside(each, 1) for each in parts])


def joined(words: list[str]) -> str:
    """Words with a space between them, but none before a comma."""
    return " ".join(words).replace(" ,", ",")


def _inside(term: Term, least: int) -> str:
    text = text_of(term)
    return text if level(term) >= least else f"({text})"


_RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_LOWERED = str.maketrans("0123456789−", "₀₁₂₃₄₅₆₇₈₉₋")


def _superscript(term: Term) -> str:
    text = text_of(term)
    if re.fullmatch("−?[0-9]+", text):
        return text.translate(_RAISED)
    return "^" + (text if re.fullmatch(r"\w+(\.\d+)?", text, re.ASCII) else f"({text})")


def subscript_of(term: Term | None) -> str:
    """A subscript in plain letters: ``dim``, ``1``, ``0,2``; nothing where all dimensions are meant."""
    text = "" if term is None else text_of(term).strip("()").rstrip(",").replace(" ", "")
    return "" if text == "None" else text


def _subscript_text(term: Term | None) -> str:
    text = subscript_of(term)
    if re.fullmatch("[0-9−,]*", text):
        return text.replace(",", " ").translate(_LOWERED)
    return f"_{text}"


# ---- a step's formula ------------------------------------------------------------------------------------------------------


class Written(NamedTuple):
    """The formula of one call: of its value, and a derivative for each differentiable argument, as text and as LaTeX."""

    value: str
    value_latex: str
    rules: dict[str, tuple[str, str]]


def conjugated(term: Any, names: Collection[str]) -> Any:
    """A derivative as it is for a complex result: what was saved (``names``) stands conjugated; see autograd's holomorphic."""
    if isinstance(term, tuple) and not isinstance(term, Term):
        return tuple(conjugated(each, names) for each in term)
    if not isinstance(term, Term):
        return term
    if term.kind == "name":
        return Term("call", ("conj", False, None, (term,))) if term.parts[0] in names else term
    return Term(term.kind, tuple(conjugated(each, names) for each in term.parts))


def written(
    op: Any,
    arguments: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    complex_names: Collection[str] = (),
) -> Written:
    """The declared formula of ``op`` in the words of one call.

    ``arguments`` are the call's arguments by the declaration's names, tensors among them (anything that is not None will do
    for one); those that are missing have their defaults. ``names`` tells which of them, and ``"out"``, have a name in the
    picture. Other arguments show their value, and what that makes trivial is left out: ``beta · x + alpha · mat1 · mat2`` is
    ``b + h · W`` for a call without factors. Without ``arguments`` the formula is that of a call that
    gives all of them. ``complex_names`` are those of arguments (and ``"out"``) that the derivatives conjugate.
    """
    from .latex import latex

    if not op.formula:
        return Written("", "", {})
    names = names or {}
    defaults = {name: value for name, value in op.defaults.items() if arguments is not None or value is not None}
    known = {**defaults, **(arguments or {})}
    values = {name: value for name, value in known.items() if name not in names and _is_shown(value)}
    value, *rules = (parse(chosen(text, known)) for text in op.formula)
    trees = [put(each, names, values) for each in (value, *conjugated(tuple(rules), complex_names))]
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
