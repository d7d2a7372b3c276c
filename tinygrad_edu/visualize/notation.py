"""The formulas of declarations, read: from text to a tree, and back with the pass's names and numbers in it.

:mod:`tinygrad_edu.autograd.formula` describes the notation. :func:`written` is what a recorded step shows:

>>> from tinygrad_edu.ops import mul
>>> written(mul, {}, {"x": "a", "y": "w"}).value
'a · w'
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..autograd.formula import FUNCTIONS, WORDS
from .numbers import MINUS, number

__all__ = ["Term", "Written", "chosen", "parse", "shown", "text_of", "written"]


class Term(NamedTuple):
    """A node of a formula's tree. Its ``parts`` are Terms, strings and tuples of them, by ``kind``:

    ``name`` (text), ``given`` (an argument's text, an argument's value or None), ``number`` (text); ``+ − · ⊙ / ^`` (two
    Terms), ``negative``, ``transposed``, ``root``, ``abs``, ``norm`` (and a subscript), ``floor``, ``ceil``, ``indicator``,
    ``not``; ``compare`` (Terms with signs between them), ``and or xor`` (two); ``sum`` and ``product`` (a subscript, a Term);
    ``call`` (the function, whether inverse, a subscript, arguments); ``index`` (a Term, indices); ``list`` (indices);
    ``slice`` (three Terms or None); ``tuple``; ``phrase`` (strings and Terms); ``with`` (a Term, a name, its meaning).
    """

    kind: str
    parts: tuple[Any, ...]


# ---- what depends on the call -------------------------------------------------------------------------------------------

def chosen(text: str, arguments: Mapping[str, Any]) -> str:
    """``text`` with its braces replaced by what they hold if their condition is met; an unknown argument counts as given."""
    before, brace, rest = text.partition("{")
    if not brace:
        return text
    parts, kept = [before], False
    while brace:
        condition, content, rest = _fragment(rest)
        if condition == "else":
            holds, kept = not kept, False
        else:
            holds = all(_holds(each, arguments) for each in condition.split(","))
            kept = kept or holds
        if holds:
            parts.append(chosen(content, arguments))
        between, brace, rest = rest.partition("{")
        kept = kept and not between  # a text between two fragments ends the choice among them
        parts.append(between)
    return "".join(parts)


def _fragment(text: str) -> tuple[str, str, str]:
    """What stands behind an opening brace: the condition, its content, and the text behind the closing brace."""
    condition, _, rest = text.partition(":")
    open_braces = 1
    for place, char in enumerate(rest):
        open_braces += {"{": 1, "}": -1}.get(char, 0)
        if not open_braces:
            return condition, rest[:place], rest[place + 1 :]
    raise ValueError(f"no closing brace in {text!r}")


def _holds(condition: str, arguments: Mapping[str, Any]) -> bool:
    name, sign, value = re.split("([=≠])", condition) if re.search("[=≠]", condition) else (condition, "", "")
    actual = arguments.get(name, True)
    if not sign:
        return actual is not None and actual is not False
    return (shown(actual) == value) is (sign == "=")


def shown(value: Any) -> str:
    """An argument's value as a formula shows it: ``0.5``, ``−∞``, ``mean``, ``(2, 3)``, ``0:2, :``."""
    if isinstance(value, (tuple, list)):
        inner = ", ".join(map(shown, value))
        return inner if any(isinstance(each, (slice, np.ndarray)) or each is Ellipsis for each in value) else f"({inner})"
    if isinstance(value, slice):
        bounds = [("" if each is None else shown(each)) for each in (value.start, value.stop, value.step)]
        return ":".join(bounds[: 2 if value.step in (None, 1) else 3])
    if value is Ellipsis:
        return "…"
    if isinstance(value, np.ndarray) and value.ndim:
        return "[…]"
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        return str(value)
    if isinstance(value, (int, float, np.number, np.ndarray)):
        value = value.item() if isinstance(value, (np.number, np.ndarray)) else value
        if isinstance(value, float) and math.isfinite(value):
            digits, _, power = f"{value:.4g}".partition("e")
            return (digits + (f"e{int(power)}" if power else "")).replace("-", MINUS)
        return number(value)
    return str(value)


# ---- from text to a tree --------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|[π∞])|(?P<name>(?:G[₁₂₃₄]|[A-Za-z]\w*))|(?P<greek>[σΦφ])"
    r"|(?P<big>[ΣΠ](?:_\w+)?)|(?P<sign>⁻¹|‖_|[^\s\w]|[²³ᵀ]))",
    re.ASCII,
)
_COMPARE = ("=", "≠", "<", ">", "≤", "≥")
_SUPERSCRIPTS = {"²": "2", "³": "3"}


@lru_cache(maxsize=4096)
def parse(text: str) -> Term:
    """The tree of a formula without braces; ValueError says where it cannot be read."""
    reader = _Reader(text)
    term = reader.phrase()
    if reader.kind:
        raise reader.error("nothing more")
    return term


class _Reader:
    """One formula, read from left to right, one method for each level of precedence."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.place)
        if match is None:
            if self.text[self.place :].strip():
                raise ValueError(f"cannot read {self.text[self.place :]!r} in {self.text!r}")
            self.kind, self.token = "", ""
            return
        self.kind, self.token = str(match.lastgroup), match.group(str(match.lastgroup))
        self.start, self.place = match.start(str(match.lastgroup)), match.end()
        if self.kind == "name" and self.token in WORDS and not self.text.startswith("(", self.place):
            self.kind = "word"

    def error(self, wanted: str) -> ValueError:
        return ValueError(f"{self.token!r} where {wanted} was expected, in {self.text!r}")

    def take(self, *tokens: str) -> str:
        """The token if it is one of these, read; else nothing."""
        if self.kind and self.kind != "word" and self.token in tokens:
            token = self.token
            self.advance()
            return token
        return ""

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self.error(repr(token))

    def phrase(self) -> Term:
        """Formulas with words, or commas, between them."""
        parts: list[Any] = []
        words = ""
        while self.kind and self.token not in (")", "]"):
            if self.token == "with":
                return self._with(_phrase(parts))
            if (self.kind == "word" and self.token != "not") or self.token == ",":
                words += self.token if self.token == "," else f" {self.token}" if words else self.token
                self.advance()
                continue
            if words:
                parts.append(words)
                words = ""
            elif parts:
                raise self.error("an operator or a word")
            parts.append(self.alternatives())
        if words:
            parts.append(words)
        if not parts:
            raise self.error("a formula")
        return _phrase(parts)

    def _with(self, term: Term) -> Term:
        definitions: list[Any] = []
        while self.kind and self.token in ("with", ","):
            self.advance()
            name = self.token
            self.advance()
            self.need("=")
            definitions += [name, self.sum()]
        return Term("with", (term, *definitions))

    def alternatives(self) -> Term:
        term = self.conjunction()
        while self.kind == "word" and self.token in ("or", "xor"):
            word = self.token
            self.advance()
            term = Term(word, (term, self.conjunction()))
        return term

    def conjunction(self) -> Term:
        term = self.negation()
        while self.kind == "word" and self.token == "and":
            self.advance()
            term = Term("and", (term, self.negation()))
        return term

    def negation(self) -> Term:
        if self.kind == "word" and self.token == "not":
            self.advance()
            return Term("not", (self.negation(),))
        return self.comparison()

    def comparison(self) -> Term:
        parts: list[Any] = [self.sum()]
        while sign := self.take(*_COMPARE):
            parts += [sign, self.sum()]
        return parts[0] if len(parts) == 1 else Term("compare", tuple(parts))

    def sum(self) -> Term:
        term = self.product()
        while sign := self.take("+", MINUS):
            term = Term(sign, (term, self.product()))
        return term

    def product(self) -> Term:
        term = self.unary()
        while sign := self.take("·", "⊙", "/"):
            term = Term(sign, (term, self.unary()))
        return term

    def unary(self) -> Term:
        if self.take(MINUS):
            return Term("negative", (self.unary(),))
        if self.take("√"):
            return Term("root", (self.power(),))
        if self.kind == "big":
            kind, subscript = ("sum" if self.token[0] == "Σ" else "product"), _subscript(self.token[2:])
            self.advance()
            if self.kind == "word":
                return Term("name", ("Σ",))
            return Term(kind, (subscript, self.unary()))
        return self.power()

    def power(self) -> Term:
        term = self.atom()
        while True:
            if digit := self.take("²", "³"):
                term = Term("^", (term, Term("number", (_SUPERSCRIPTS[digit],))))
            elif self.take("ᵀ"):
                term = Term("transposed", (term,))
            elif self.take("^"):
                term = Term("^", (term, self.atom()))
            elif self.kind == "sign" and self.token == "[":
                term = Term("index", (term, self.indices()))
            else:
                return term

    def indices(self) -> tuple[Term, ...]:
        self.need("[")
        found = []
        while True:
            found.append(self.one_index())
            if not self.take(","):
                break
        self.need("]")
        return tuple(found)

    def one_index(self) -> Term:
        bounds: list[Term | None] = []
        while True:
            bounds.append(None if self.token in (":", ",", "]") else self.sum())
            if not self.take(":"):
                break
        if len(bounds) == 1 and bounds[0] is not None:
            return bounds[0]
        return Term("slice", (*bounds, *(None,) * (3 - len(bounds))))

    def atom(self) -> Term:
        kind, token = self.kind, self.token
        if kind in ("number", "name", "greek"):
            self.advance()
            if token == "1" and self.kind == "sign" and self.token == "[":
                self.advance()
                condition = self.alternatives()
                self.need("]")
                return Term("indicator", (condition,))
            if kind == "number":
                return Term("number", (token,))
            return self._name_or_call(token, kind)
        if kind == "sign" and token == "[":
            return Term("list", (self.indices(),))
        if self.take("…"):
            return Term("name", ("…",))
        if self.take("("):
            term = self.phrase()
            self.need(")")
            return term
        for left, right, name in (("|", "|", "abs"), ("⌊", "⌋", "floor"), ("⌈", "⌉", "ceil"), ("‖", "‖", "norm")):
            if self.take(left):
                term = self.sum()
                if name == "norm" and self.take("‖_"):
                    subscript = self.token
                    self.advance()
                    return Term("norm", (term, _subscript(subscript)))
                self.need(right)
                return Term(name, (term, None)) if name == "norm" else Term(name, (term,))
        raise self.error("a formula")

    def _name_or_call(self, token: str, kind: str) -> Term:
        inverse = bool(self.take("⁻¹"))
        if self.token != "(" or self.kind != "sign":
            return Term("name", (token,))
        subscript = None
        if kind == "name" and token not in FUNCTIONS:
            token, _, rest = token.partition("_")
            subscript = _subscript(rest)
        self.advance()
        inner = self.phrase()
        self.need(")")
        return Term("call", (token, inverse, subscript, inner.parts if inner.kind == "tuple" else (inner,)))


def _phrase(parts: list[Any]) -> Term:
    if len(parts) == 1 and isinstance(parts[0], Term):
        return parts[0]
    if all(isinstance(each, Term) or each == "," for each in parts):
        return Term("tuple", tuple(each for each in parts if each != ","))
    return Term("phrase", tuple(parts))


def _subscript(name: str) -> Term | None:
    return Term("name", (name,)) if name else None


# ---- names, numbers, and what goes without saying ------------------------------------------------------------------------


def _put(term: Any, names: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    """``term`` with names and values in place of arguments, and simplified where that made numbers meet."""
    if isinstance(term, tuple) and not isinstance(term, Term):
        return tuple(_put(each, names, values) for each in term)
    if not isinstance(term, Term):
        return term
    if term.kind == "name":
        name = term.parts[0]
        if name in names:
            return Term("given", (names[name], None))
        if name in values:
            return Term("given", (shown(values[name]), _Value(values[name])))
        return term
    return _simplified(Term(term.kind, tuple(_put(each, names, values) for each in term.parts)))


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
    """What goes without saying left out: 1 · x, x / 1, x + 0, x¹, and sums and products of numbers."""
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
    if (kind in "·⊙/^" and right == 1) or (kind in ("+", MINUS) and right == 0):
        return parts[0]
    if (kind in "·⊙" and left == 1) or (kind == "+" and left == 0):
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
        left, right = {"abs": "||", "floor": "⌊⌋", "ceil": "⌈⌉"}[kind]
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
        return f"{text_of(parts[0])} with " + ", ".join(f"{name} = {text_of(meaning)}" for name, meaning in pairs)
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


# ---- a step's formula -------------------------------------------------------------------------------------------------------


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
    from .latex import latex

    if not op.formula:
        return Written("", "", {})
    names = names or {}
    defaults = {name: value for name, value in op.defaults.items() if arguments is not None or value is not None}
    known = {**defaults, **(arguments or {})}
    values = {name: value for name, value in known.items() if name not in names and _is_shown(value)}
    trees = [_put(parse(chosen(text, known)), names, values) for text in op.formula]
    pairs = [(text_of(tree), latex(tree)) for tree in trees]
    return Written(*pairs[0], dict(zip(op.differentiable, pairs[1:], strict=True)))


def _is_shown(value: Any) -> bool:
    """Whether a value says more in a formula than its argument's name."""
    if isinstance(value, np.ndarray):
        return not value.ndim
    if isinstance(value, (tuple, list)):
        return all(each is Ellipsis or _is_shown(each) or each is None for each in value)
    return value is None or isinstance(value, (bool, int, float, str, slice, np.number))
