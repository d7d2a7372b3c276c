"""Formulas as text: what is computed, what is refused, and where the caret stands."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import output_of

import tinygrad_edu as torch
from tinygrad_edu.visualize.formulas.formula import FUNCTIONS, Formula, FormulaError, read_value


def result(text, **values):
    return list(Formula(text).compute(values).values())[-1]


def refused(text, **values):
    """The message of the error, and the text above its carets."""
    with pytest.raises(FormulaError) as caught:
        Formula(text).compute(values)
    lines = str(caught.value).split("\n")
    if len(lines) == 1:
        return lines[0], None
    message, shown, carets = lines
    start, end = carets.index("^"), len(carets)
    assert set(carets[2:].strip()) == {"^"}
    return message, shown[start:end]


# ---- what is computed


def test_card_formula():
    known = Formula("z = (x*y + max(y, 0)) * sigmoid(x)").compute({"x": 2.0, "y": -3.0})
    known["z"].backward()
    assert list(known) == ["x", "y", "z"]
    assert known["z"].item() == pytest.approx(-5.2848, abs=1e-4)
    assert known["x"].grad.item() == pytest.approx(-3.2724, abs=1e-4)
    assert known["y"].grad.item() == pytest.approx(1.7616, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("a = x*y; b = a + 1; b/2", {"x": 3.0, "y": 4.0}, 6.5),
        ("x**2 - -x", {"x": 3.0}, 12),
        ("2**x", {"x": 3.0}, 8),
        ("x ** -1", {"x": 4.0}, 0.25),
        ("-x**2", {"x": 3.0}, -9),
        ("+x", {"x": 3.0}, 3),
        ("max(x, y, 2)", {"x": 1.0, "y": -5.0}, 2),
        ("max(0, x) + min(x, 3)", {"x": 5.0}, 8),
        ("max(x)", {"x": [1.0, 4.0, 2.0]}, 4),
        ("sum(x * [1, 2, 3])", {"x": [1.0, 1.0, 1.0]}, 6),
        ("mean([x, y, 3])", {"x": 1.0, "y": 2.0}, 2),
        ("sum(W @ v)", {"W": [[1.0, 2.0], [3.0, 4.0]], "v": [1.0, 1.0]}, 10),
        ("dot(v, v)", {"v": [3.0, 4.0]}, 25),
        ("W[1, 0] + W[0][1]", {"W": [[1.0, 2.0], [3.0, 4.0]]}, 5),
        ("x[-1]", {"x": [1.0, 2.0]}, 2),
        ("x + pi + e", {"x": 0.0}, math.pi + math.e),
        ("e * x", {"x": 2.0, "e": 3.0}, 6),
        ("σ(x) − 2×x·1 ÷ 1", {"x": 0.0}, 0.5),
        ("x + exp(0) + log(1) + sqrt(4)", {"x": 0.0}, 3),
        ("sum(softmax([x, 1, 2]))", {"x": 1.0}, 1),
        ("pow(x, 3)", {"x": 2.0}, 8),
        ("  x*1_000.5  ", {"x": 2.0}, 2001),
        ("변수 + é", {"변수": 1.0, "é": 2.0}, 3),
    ],
)
def test_computes(text, values, expected):
    found = result(text, **values)
    assert found.requires_grad
    assert found.item() == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_computes_and_has_a_gradient(name):
    _, fewest, _ = FUNCTIONS[name]
    if name in ("dot", "matmul", "transpose", "softmax", "log_softmax", "mean", "sum", "prod"):
        x = [[0.3, 0.7], [0.2, 0.5]] if name in ("matmul", "transpose") else [0.3, 0.7]
        text = f"sum({name}({', '.join(['x'] * fewest)}) * 1)"
    else:
        x, text = 0.6, f"{name}({', '.join(['x', '2'][:fewest])}) * 1"
    known = Formula(text).compute({"x": x})
    known["result"].backward()
    assert torch.isfinite(known["x"].grad).all()


def test_relu_is_what_the_notes_call_max_with_0():
    for text in ("max(x, 0)", "max(0, x)", "max(x, 0.0)"):
        assert result(text, x=1.0).grad_fn.name() == "ReluBackward0"
    assert result("max(x, 1)", x=1.0).grad_fn.name() == "MaximumBackward0"


def test_names_in_the_order_of_use():
    assert Formula("b = z*y; c = b + a*z; max(c, pi)").names == ["z", "y", "a"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("z=(x*y+max(y,0))*sigmoid(x)", "z = (x · y + max(y, 0)) · σ(x)"),
        ("x**2-3*x**10", "x² − 3 · x¹⁰"),
        ("x**y; x**2.5", "x^y; x^2.5"),
    ],
)
def test_title(text, title):
    assert Formula(text).title == title


# ---- what is refused


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("z = x*foo(x)", "no function foo", "foo"),
        ("z = x*sigmod(x)", "did you mean sigmoid?", "sigmod"),
        ("x.grad", "nothing can be looked up", "x.grad"),
        ("x.__class__.__mro__", "nothing can be looked up", "x.__class__.__mro__"),
        ("__import__('os').system('true')", "no function that", "__import__('os').system"),
        ("__import__('os')", "no function __import__", "__import__"),
        ("eval('1')*x", "no function eval", "eval"),
        ("open(x)", "no function open", "open"),
        ("x^2", "a power is written **", "x^2"),
        ("x % 2", "expected + - * / ** or @", "x % 2"),
        ("x // 2", "expected + - * / ** or @", "x // 2"),
        ("x < 2", "comparisons", "x < 2"),
        ("not x", "expected a sign", "not x"),
        ("x and x", "expected numbers, names", "x and x"),
        ("x if x else x", "expected numbers, names", "x if x else x"),
        ("[x for x in x]", "expected numbers, names", "[x for x in x]"),
        ("lambda: x", "functions cannot be made", "lambda: x"),
        ("(y := x)", "expected numbers, names", "y := x"),
        ("f'{x}'", "expected numbers, names", "f'{x}'"),
        ("'a' * x", "expected a number", "'a'"),
        ("True * x", "expected a number", "True"),
        ("None", "expected a number", "None"),
        ("... * x", "expected a number", "..."),
        ("2j * x", "expected a number", "2j"),
        ("{x}", "expected numbers, names", "{x}"),
        ("x, x", "square brackets", "x, x"),
        ("sum(*x)", "expected numbers, names", "*x"),
        ("max(x, key=x)", "without names", "key=x"),
        ("x[0:1]", "expected numbers, names", "0:1"),
        ("x[x]", "expected a whole number", "x"),
        ("x[0.5]", "expected a whole number", "0.5"),
        ("x[3]", "index", "x[3]"),
        ("max", "max is a function", "max"),
        ("max = x", "max is a function", "max"),
        ("a = x; a = x", "a has been given already", "a"),
        ("a = b = x", "expected one name", "b"),
        ("a, b = x", "expected one name", "a, b"),
        ("x[0] = x", "expected one name", "x[0]"),
        ("a += x", "expected name = formula", "a += x"),
        ("import os", "expected name = formula", "import os"),
        ("del x", "expected name = formula", "del x"),
        ("def f(): pass", "expected name = formula", "def f(): pass"),
        ("while x: pass", "expected name = formula", "while x: pass"),
        ("x + q", "q has no value", "q"),
        ("(x", "was never closed", "("),
        ("x)", "unmatched ')'", ")"),
        ("z = x/(1-1)*2 + 1/0", "division by zero", "1/0"),
        ("log(-1) * x", "not a number", "log(-1)"),
        ("(-8)**0.5 * x", "no real number", "(-8)**0.5"),
        ("1e999 * x", "too large", "1e999"),
        ("x ** 101", "larger than 100", "101"),
        ("9**9**9 * x", "larger than 100", "9**9"),
        ("exp(1000) * x", "too large", "exp(1000)"),
        ("sum()", "sum takes 1 value, not 0", "sum()"),
        ("dot(x)", "dot takes 2 values, not 1", "dot(x)"),
        ("max(" + ",".join("x" * 21) + ")", "max takes 1 to 20 values, not 21", "max(" + ",".join("x" * 21) + ")"),
        ("sum([[1, 2], [3]]) * x", "different lengths", "[[1, 2], [3]]"),
        ("[] * x", "at least one number", "[]"),
        ("x * [1, 2]", "begins at one number", "x * [1, 2]"),
        ("[1, 2] @ [1, 2, 3] * x", "", "[1, 2] @ [1, 2, 3]"),
        ("3 + 4", "nothing to differentiate", "3 + 4"),
        ("  é + foo(x)", "no function foo", "foo"),
        ("变 + foo(x)", "no function foo", "foo"),
    ],
)
def test_refuses_and_shows_where(text, words, marked):
    names = [name for name in ("x", "é", "变") if re.search(rf"\b{name}\b", text)]
    message, found = refused(text, **dict.fromkeys(names, 2.0))
    assert words in message
    if "变" in text:  # two columns wide
        assert found == "oo("
    else:
        assert (found or " ") == marked


@pytest.mark.parametrize(
    "text",
    ["", "   ", ";", "x\ny", "x\x00", "\x1b[31mx", "x" * 3000, "(" * 500 + "x" + ")" * 500, "-" * 1500 + "x",
     "x" + "+x" * 400, "1" * 1999, "[" * 150 + "x" + "]" * 150, "sum([" + "1," * 290 + "x])@[1]"],
    ids=lambda text: ascii(text)[:20],
)  # fmt: skip
def test_limits_and_unprintable_text(text):
    message, _ = refused(text, x=1.0)
    assert message
    assert "Traceback" not in message


def test_sizes_are_limited():
    values = {"v": [1.0] * 40, "w": [[1.0]] * 40}
    message, marked = refused("sum(v * w)", **values)
    assert (message, marked) == ("1,600 numbers; 1,000 are the most", "v * w")


@pytest.mark.parametrize("text", ["x +", "x x", "x = ", "1x", "max(x,, 2)", "x ** * 2", "if x", "x =="])
def test_what_python_cannot_read(text):
    message, marked = refused(text, x=1.0)
    assert message.startswith("cannot be read: ")
    assert marked is not None


def test_values_that_do_not_belong():
    assert refused("x * 2", x=1.0, y=1.0)[0] == "y has a value, but stands nowhere in the formula"
    assert refused("a = x; a * 2", x=1.0, a=1.0)[0] == "a has a value, and the formula computes it as well"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-3", -3.0),
        ("2/4", 0.5),
        ("−1e-3", -0.001),
        ("[1, 2]", [1.0, 2.0]),
        ("[[1,2],[3,4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ("pi", math.pi),
    ],
)
def test_read_value(text, value):
    assert read_value(text) == value


@pytest.mark.parametrize("text", ["", "x", "1;2", "a=1", "'1'", "[1", "1 2", "open"])
def test_read_value_refuses(text):
    with pytest.raises(FormulaError):
        read_value(text)


@given(st.text(max_size=60) | st.text("xy0123456789.+-*/()[], ;=@", max_size=60))
def test_any_text_is_computed_or_refused(text):
    try:
        known = Formula(text).compute(dict.fromkeys(Formula(text).names, 0.5))
    except FormulaError as error:
        assert str(error)
    else:
        assert list(known.values())[-1].numel() == 1


WATCHED = """
import sys
from tinygrad_edu.visualize.formulas.formula import Formula, FormulaError

def watch(event, arguments):
    if event in ("exec", "import", "open", "code.__new__") or event.partition(".")[0] in ("os", "subprocess", "socket"):
        raise AssertionError((event, arguments))

for text in sys.argv[1:]:  # once to load what the first call loads
    for watched in (False, True):
        if watched and text == sys.argv[1]:
            sys.addaudithook(watch)
        try:
            Formula(text).compute({"x": 2.0, "y": -3.0})
        except FormulaError as error:
            str(error)
print("done")
"""


def test_nothing_is_executed_imported_or_opened():
    texts = [
        "z = (x*y + max(y, 0)) * sigmoid(x)",
        "__import__('os').getcwd() + x*y",
        "exec('1')",
        "open('/etc/passwd') * x + y",
    ]
    assert output_of("-c", WATCHED, *texts) == "done\n"
