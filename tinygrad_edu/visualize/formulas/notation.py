"""The formulas of declarations, read: from text to a tree.

:mod:`tinygrad_edu.autograd.formula` describes the notation; :mod:`.writing` makes text of a tree again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...autograd.formula import FUNCTIONS, WORDS
from ..numbers import MINUS, number

__all__ = ["Term", "chosen", "parse", "shown"]


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
    if isinstance(value, np.dtype):
        return value.name
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
                return self._with(_phrase([*parts, words] if words else parts))
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
