"""Formulas as LaTeX (of amsmath), derived from the text beside the declaration."""

from __future__ import annotations

import re
import unicodedata

from ..numbers import MINUS
from .notation import Term, parse
from .writing import joined, level, subscript_of

__all__ = ["escape", "is_derived", "latex", "latex_number", "name_latex"]

_SIGNS = {
    "+": "+", MINUS: "-", "·": r"\cdot", "⊙": r"\odot", "/": "/", "=": "=", "≠": r"\neq", "<": "<", ">": ">",
    "≤": r"\leq", "≥": r"\geq", "and": r"\land", "or": r"\lor", "xor": r"\oplus",
}  # fmt: skip
_UPRIGHT = frozenset(
    ["exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "arcsin", "arccos", "arctan"]
)
"""Functions that LaTeX knows by name; others are set upright by ``\\operatorname``."""
_SYMBOLS = {
    "σ": r"\sigma", "Φ": r"\Phi", "φ": r"\varphi", "π": r"\pi", "∞": r"\infty", "∂": r"\partial", "∇": r"\nabla",
    "Σ": r"\sum",
}  # fmt: skip
_GREEK = {"alpha", "beta", "gamma", "delta", "lambda", "mu", "sigma", "theta", "eta", "rho", "tau", "phi", "psi", "omega"}
_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "^": r"\textasciicircum{}",
    "_": r"\_", "~": r"\textasciitilde{}", "%": r"\%", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip
_COMMANDS = frozenset(
    """
    alpha beta cdot delta dots eta exp frac gamma geq infty lambda land left leq lfloor lceil lnot log lor mathbf max min mu
    nabla neq odot omega operatorname oplus partial phi Phi pi prod psi quad rceil rfloor rho right sigma sin sinh cos cosh
    sqrt sum tan tanh tau text textasciicircum textasciitilde textbackslash textgreater textless theta times top varphi
    arcsin arccos arctan Sigma { } | ; _ $ & # % , ` ' ^ ~ " c r v ss ae AE o O oe aa AA l
    """.split()  # noqa: SIM905
)
"""What occurs in LaTeX that was derived here."""
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", "01234567890123456789")
_ATOM = 10


def escape(text: str) -> str:
    """Any text, for LaTeX's text mode: nothing in it is a command, and what no font has becomes a question mark."""
    plain = text.translate(_DIGITS).replace(MINUS, "-").replace("…", "...").replace("→", "->").replace("·", "*")
    return "".join(_ESCAPES.get(char, char if char.isascii() and char.isprintable() else _in_text(char)) for char in plain)


_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0327": "c", "\u030a": "r", "\u030c": "v",
}  # fmt: skip
_LETTERS = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "å": "aa", "Å": "AA", "ł": "l"}


def _in_text(char: str) -> str:
    if symbol := {"ᵀ": r"^{\top}", "×": r"\times", "Σ": r"\Sigma"}.get(char) or _SYMBOLS.get(char):
        return f"${symbol}$"
    if char in _LETTERS:
        return rf"\{_LETTERS[char]}{{}}"
    base, *marks = list(unicodedata.normalize("NFD", char))
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii():
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return " " if char.isspace() else "?"


def name_latex(name: str) -> str:
    """A variable: a letter in italics, a word upright, digits at its end (W1, W₁) below the line."""
    transposed = name.endswith("ᵀ")
    core = name.removesuffix("ᵀ")
    match = re.fullmatch(r"(.*?[^\d_₀-₉])_?([\d₀-₉]+)", core)
    stem, index = match.groups() if match and "." not in core else (core, "")
    if stem in _SYMBOLS:
        text = _SYMBOLS[stem]
    elif stem in _GREEK:
        text = f"\\{stem}"
    elif len(stem) == 1 and stem.isascii() and stem.isalpha():
        text = stem
    else:
        text = rf"\text{{{escape(stem)}}}"
    text += f"_{{{index.translate(_DIGITS)}}}" if index else ""
    return text + (r"^{\top}" if transposed else "")


def latex(formula: str | Term) -> str:
    """The LaTeX of a formula (without braces), for math mode.

    >>> latex("−x / y²"), latex("1[x > 0]"), latex("G · mat2ᵀ")
    ('-\\\\frac{x}{y^{2}}', '\\\\mathbf{1}[x > 0]', 'G \\\\cdot \\\\text{mat}_{2}^{\\\\top}')
    """
    return _of(parse(formula) if isinstance(formula, str) else formula)


def _of(term: Term) -> str:
    kind, parts = term
    if kind == "name":
        return name_latex(parts[0])
    if kind == "number":
        return _SYMBOLS.get(parts[0], parts[0])
    if kind == "given":
        return latex_number(parts[0]) if parts[1] is not None else name_latex(parts[0])
    if kind == "/" and _is_fraction(term):
        top, bottom = parts
        sign = ""
        while top.kind == "negative":
            sign, top = ("" if sign else "-"), top.parts[0]
        return rf"{sign}\frac{{{_of(top)}}}{{{_of(bottom)}}}"
    if kind in ("+", MINUS, "·", "⊙", "/"):
        own = level(term)
        return f"{_inside(parts[0], own)} {_SIGNS[kind]} {_inside(parts[1], own + (kind in (MINUS, '/')))}"
    if kind == "negative":
        return "-" + _inside(parts[0], 6)
    if kind in ("sum", "product"):
        sign = r"\sum" if kind == "sum" else r"\prod"
        return f"{sign}{_below(parts[0])} {_inside(parts[1], 8)}"
    if kind == "root":
        return rf"\sqrt{{{_of(parts[0])}}}"
    if kind == "^":
        return f"{_inside(parts[0], _ATOM)}^{{{_of(parts[1])}}}"
    if kind == "transposed":
        return _inside(parts[0], _ATOM) + r"^{\top}"
    if kind in ("abs", "floor", "ceil"):
        left, right = {"abs": ("|", "|"), "floor": (r"\lfloor", r"\rfloor"), "ceil": (r"\lceil", r"\rceil")}[kind]
        return rf"\left{left} {_of(parts[0])} \right{right}"
    if kind == "norm":
        return rf"\left\| {_of(parts[0])} \right\|{_below(parts[1])}"
    if kind == "indicator":
        return rf"\mathbf{{1}}[{_of(parts[0])}]"
    if kind == "not":
        return rf"\lnot {_inside(parts[0], _ATOM)}"
    if kind in ("and", "or", "xor"):
        return f" {_SIGNS[kind]} ".join(_inside(each, level(term)) for each in parts)
    if kind == "compare":
        return " ".join(_SIGNS[each] if isinstance(each, str) else _inside(each, 5) for each in parts)
    if kind == "call":
        function, inverse, subscript, arguments = parts
        raised = "^{-1}" if inverse else ""
        return f"{_function(function)}{raised}{_below(subscript)}{_parenthesised(', '.join(map(_of, arguments)))}"
    if kind == "index":
        return f"{_inside(parts[0], 9)}[{', '.join(map(_of, parts[1]))}]"
    if kind == "list":
        return f"[{', '.join(map(_of, parts[0]))}]"
    if kind == "slice":
        bounds = ["" if each is None else _of(each) for each in parts]
        return "{:}".join(bounds[: 2 if parts[2] is None else 3])
    if kind == "tuple":
        return r",\; ".join(map(_of, parts))
    if kind == "with":
        pairs = zip(parts[1::2], parts[2::2], strict=True)
        meanings = [f"{name_latex(name)} = {_inside(meaning, 1)}" for name, meaning in pairs]
        return rf"{_of(parts[0])} \quad " + r",\; ".join(meanings)
    words = [rf"\text{{ {each} }}" if isinstance(each, str) else _inside(each, 1) for each in parts]
    text = joined(words).replace(r"\text{ ,", r"\text{,")
    return r"\text{" + text.removeprefix(r"\text{ ") if isinstance(parts[0], str) else text


def _inside(term: Term, least: int) -> str:
    text = _of(term)
    return text if level(term) >= least else _parenthesised(text)


def _parenthesised(text: str) -> str:
    """In parentheses, which grow with what is tall."""
    tall = any(each in text for each in (r"\frac", r"\sum", r"\prod", r"\sqrt"))
    return rf"\left({text}\right)" if tall else f"({text})"


def _function(name: str) -> str:
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    return f"\\{name}" if name in _UPRIGHT else r"\operatorname{" + name.replace("_", r"\,") + "}"


def _below(subscript: Term | None) -> str:
    text = subscript_of(subscript)
    if not text:
        return ""
    return f"_{{{text.replace(MINUS, '-')}}}" if re.fullmatch("[0-9−,]+", text) else rf"_{{\text{{{escape(text)}}}}}"


def _is_fraction(term: Term) -> bool:
    """Whether a quotient is set as a fraction: neither side holds another one, nor words."""
    return not any(_holds(part, ("/", "phrase", "with")) for part in term.parts)


def _holds(term: object, kinds: tuple[str, ...]) -> bool:
    if isinstance(term, Term):
        return term.kind in kinds or any(_holds(part, kinds) for part in term.parts)
    return isinstance(term, tuple) and any(_holds(part, kinds) for part in term)


def latex_number(text: str) -> str:
    """A number as :func:`~tinygrad_edu.visualize.numbers.number` writes it, for math mode."""
    if match := re.fullmatch("(−?[0-9.]+)e(−?[0-9]+)", text):
        digits, power = (each.replace(MINUS, "-") for each in match.groups())
        return rf"10^{{{power}}}" if digits == "1" else rf"{digits} \cdot 10^{{{power}}}"
    if re.fullmatch(r"[\d−∞.,:… ()]*", text):
        return text.replace(MINUS, "-").replace("∞", r"\infty").replace("…", r"\dots")
    return rf"\text{{{escape(text)}}}"


def is_derived(text: str) -> bool:
    """Whether ``text`` may be one of this module's: a trace that was read from a file may hold any command."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text.replace(r"\\", "")):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return not depth and text.isascii() and all(each in _COMMANDS for each in re.findall(r"\\([A-Za-z]+|.|$)", text))
