"""The notation of formulas: read, written in a call's words, and as LaTeX."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from formula_values import Scope, evaluate
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.autograd.op import ALL_OPS, Op
from tinygrad_edu.visualize.formulas.latex import escape, latex, name_latex
from tinygrad_edu.visualize.formulas.notation import Term, chosen, parse, shown
from tinygrad_edu.visualize.formulas.writing import text_of, written


def every_text() -> list[str]:
    """All formulas, with all that stands in braces and with none of it."""
    texts = []
    for each in ALL_OPS:
        for text in each.formula:
            texts += [chosen(text, {}), chosen(text, {**dict.fromkeys(each.params), **each.defaults})]
    return sorted({each for each in texts if each})


def test_formulas_are_read_and_written_alike() -> None:
    for text in every_text():
        assert text_of(parse(text_of(parse(text)))) == text_of(parse(text)), text


@pytest.mark.parametrize("text", ["x +", "x · · y", "(x", "1[x > 0", "x y", "", "x ? y", "|x", "f(x,", "√"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


TERMS = st.recursive(
    st.sampled_from([Term("name", (each,)) for each in "xy"] + [Term("number", (each,)) for each in ("2", "3", "0.5")]),
    lambda terms: st.one_of(
        st.builds(lambda kind, x, y: Term(kind, (x, y)), st.sampled_from("+−·⊙/"), terms, terms),
        st.builds(lambda x: Term("^", (x, Term("number", ("2",)))), terms),
        st.builds(lambda kind, x: Term(kind, (x,)), st.sampled_from(["negative", "abs", "floor"]), terms),
        st.builds(lambda x: Term("call", ("sin", False, None, (x,))), terms),
        st.builds(lambda x: Term("call", ("exp", False, None, (Term("call", ("sin", False, None, (x,))),))), terms),
        st.builds(lambda sign, x, y: Term("indicator", (Term("compare", (x, sign, y)),)), st.sampled_from("<≥"), terms, terms),
        st.builds(lambda x, y: Term("call", ("max", False, None, (x, y))), terms, terms),
    ),
    max_leaves=12,
)


@given(TERMS)
def test_what_is_written_means_what_was_meant(term: Term) -> None:
    """No parenthesis too few: a formula's text, read again, has the value of its tree."""
    scope = Scope({"x": np.array(0.7), "y": np.array(-1.3)}, ())
    with np.errstate(all="ignore"):
        want, got = evaluate(term, scope), evaluate(parse(text_of(term)), scope)
    assert np.allclose(got, want, equal_nan=True), text_of(term)
    assert_sound(latex(term))


def op_named(name: str) -> Op:
    return next(each for each in ALL_OPS if each.__name__ == name)


@pytest.mark.parametrize(
    ("name", "arguments", "names", "value", "rules"),
    [
        ("multiply", {}, {"x": "a", "y": "fc1.weight"}, "a · fc1.weight", ["fc1.weight", "a"]),
        ("multiply", {"y": -3.0}, {"x": "y"}, "y · (−3)", ["−3", "y"]),
        ("subtract", {}, {"x": "a", "y": "−b"}, "a − (−b)", ["1", "−1"]),
        ("divide", {}, {"x": "a + b", "y": "c"}, "(a + b) / c", ["1 / c", "−(a + b) / c²"]),
        ("power", {"exponent": 2}, {"x": "d"}, "d²", ["2 · d"]),
        ("power", {"exponent": -1}, {"x": "d"}, "d⁻¹", ["−d⁻²"]),
        ("power", {"exponent": 0.5}, {"x": "d"}, "d^0.5", ["0.5 · d^(−0.5)"]),
        ("addmm", {}, {"x": "b", "mat1": "h", "mat2": "W"}, "b + h · W", ["G", "G · Wᵀ", "hᵀ · G"]),
        ("softmax", {"dim": 1}, {"x": "logits", "out": "p"}, "softmax₁(logits)", ["p ⊙ (G − Σ₁ (p ⊙ G))"]),
        ("sum", {"dim": (0, -1)}, {"x": "h"}, "Σ₀ ₋₁ h", ["G"]),
        ("sum", {"dim": None}, {"x": "h"}, "Σ h", ["G"]),
        ("clamp", {"min": 0}, {"x": "y"}, "max(y, 0)", ["1[0 ≤ y]"]),
        ("clamp", {"min": -1.0, "max": 1.0}, {"x": "y"}, "min(max(y, −1), 1)", ["1[−1 ≤ y ≤ 1]"]),
        ("mse_loss", {"reduction": "sum"}, {"x": "o", "y": "t"}, "Σ (o − t)²", ["2 · (o − t) ⊙ G", "2 · (t − o) ⊙ G"]),
        ("reshape", {"shape": (2, -1)}, {"x": "h"}, "h shaped (2, −1)", ["G shaped like h"]),
        ("where", {}, {"condition": "mask", "x": "where", "y": "at"}, "where where mask, else at", ["1[mask]", "1[not mask]"]),
        ("vector_norm", {"p": np.inf}, {"x": "v", "out": "n"}, "max(|v|)", ["G ⊙ sign(v) ⊙ 1[|v| = n] / Σ 1[|v| = n]"]),
        ("select", {"dim": 0, "index": 2}, {"x": "v"}, "v[2]", ["G at [2], else 0"]),
        ("slice", {"dim": 1, "start": 0, "stop": 4, "step": 2}, {"x": "v"}, "v[0:4:2] along axis 1",
         ["G at [0:4:2] along axis 1, else 0"]),
    ],
)  # fmt: skip
def test_formulas_in_the_words_of_a_call(name: str, arguments: Any, names: Any, value: str, rules: list[str]) -> None:
    formula = written(op_named(name), {**dict.fromkeys(names, True), **arguments}, names)
    assert formula.value == value
    assert [text for text, _ in formula.rules.values()] == rules


def test_braces_choose() -> None:
    assert chosen("{p=2:two}{p=∞:all}{else:{q:q of }others}", {"p": 2, "q": 1}) == "two"
    assert chosen("{p=2:two}{p=∞:all}{else:{q:q of }others}", {"p": np.inf}) == "all"
    assert chosen("{p=2:two}{p=∞:all}{else:{q:q of }others}", {"p": 3, "q": 1}) == "q of others"
    assert chosen("{p=2:two}{p=∞:all}{else:{q:q of }others}", {"p": 3, "q": None}) == "others"
    assert chosen("{a,b=1:both} {b≠1:not one}", {"a": True, "b": 2}) == " not one"
    with pytest.raises(ValueError, match="no closing brace"):
        chosen("{a:b", {})


def test_values_of_arguments_are_shown_as_people_write_them() -> None:
    values = (1e-5, -0.5, 3, -np.inf, True, (2, -1), slice(None, 3), (slice(None), 0), ...)
    assert [shown(each) for each in values] == ["1e−5", "−0.5", "3", "−∞", "True", "(2, −1)", ":3", ":, 0", "…"]


# ---- LaTeX ---------------------------------------------------------------------------------------------------------------


def assert_sound(text: str) -> None:
    """Braces and \\left \\right match, and nothing is left that LaTeX does not know."""
    assert text.isascii(), text
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, text
    assert depth == 0, text
    assert text.count(r"\left") == text.count(r"\right"), text
    assert not re.search(r"(?<!\\)[#$%&~]", text), text
    outside = re.sub(r"\\text\{[^{}]*\}|\\operatorname\{[^{}]*\}", "", text.replace(r"\_", ""))
    assert not re.search(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}", outside), text  # a word in italics would read as a product


def test_latex_of_every_formula() -> None:
    for text in every_text():
        assert_sound(latex(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x · y", r"x \cdot y"),
        ("−x / y²", r"-\frac{x}{y^{2}}"),
        ("1[x > 0]", r"\mathbf{1}[x > 0]"),
        ("out · (1 − out)", r"\text{out} \cdot (1 - \text{out})"),
        ("G · mat2ᵀ", r"G \cdot \text{mat}_{2}^{\top}"),
        ("√(x² + y²)", r"\sqrt{x^{2} + y^{2}}"),
        ("out ⊙ (G − Σ_dim (out ⊙ G))", r"\text{out} \odot \left(G - \sum_{\text{dim}} (\text{out} \odot G)\right)"),
        ("exp(−x²)", r"\exp(-x^{2})"),
        ("σ(x)", r"\sigma(x)"),
        ("|x| < ∞", r"\left| x \right| < \infty"),
        ("(x / y) / y", r"\frac{x}{y} / y"),
        ("1 where x > 0, else negative_slope", r"1 \text{ where } x > 0 \text{, else } \text{negative\_slope}"),
        ("arctan2(x, y)", r"\operatorname{arctan2}(x, y)"),
        ("x^(y − 1)", r"x^{y - 1}"),
    ],
)
def test_latex(text: str, expected: str) -> None:
    assert latex(text) == expected


NAMES = ["x", "W₁", "W1", "fc1.weight", "a_b", "50%", "x{", "\\", "é", "ß", "ж", "名", "alpha", "h2ᵀ", "a#&~^$", "0.weight"]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_latex(name: str) -> None:
    assert_sound(name_latex(name))
    assert "\n" not in escape(name + "\n")
