"""The walk through a pass as text."""

from __future__ import annotations

import io
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traces import formula_trace, mlp_trace

import tinygrad_edu as torch
from tinygrad_edu.visualize import explain, record
from tinygrad_edu.visualize.explain import cells, wrapped

FORMULA = """\
Forward: the values
───────────────────
  x              = 2.00        leaf
  y              = −3.00       leaf
  a = x · y      = −6.00
  b = max(y, 0)  = 0           gate closed
  c = a + b      = −6.00
  d = σ(x)       = 0.881
  z = c · d      = −5.28

Backward: upstream × local = downstream
───────────────────────────────────────
It starts at z with ∂z/∂z = 1.00.

through ×:  z = c · d                                               notes.py:14
          local         upstream     downstream
    to c  d = 0.881  ×  1.00      =  0.881
    to d  c = −6.00  ×  1.00      =  −6.00

through σ:  d = σ(x)                                                notes.py:13
          local                   upstream     downstream
    to x  d · (1 − d) = 0.105  ×  −6.00     =  −0.630

through +:  c = a + b                                               notes.py:12
          local     upstream     downstream
    to a  1      ×  0.881     =  0.881
    to b  1      ×  0.881     =  0.881

through max:  b = max(y, 0)  (gate closed)                          notes.py:11
          local            upstream     downstream
    to y  1[y > 0] = 0  ×  0.881     =  0

through ×:  a = x · y                                               notes.py:10
          local         upstream     downstream
    to x  y = −3.00  ×  0.881     =  −2.64
    to y  x = 2.00   ×  0.881     =  1.76

x is used 2 times: its gradients add: −0.630 + −2.64 = −3.27

y is used 2 times: its gradients add: 0 + 1.76 = 1.76

The gradients of the leaves
───────────────────────────
  x.grad  = −3.27
  y.grad  = 1.76"""


def test_the_formula_of_the_notes() -> None:
    assert explain(formula_trace(), width=79) == FORMULA


def test_a_recorded_formula() -> None:
    with record():
        x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
        z = (x * y + torch.relu(y)) * torch.sigmoid(x)
        z.backward()
    text = explain(z, names={"x": x, "y": y, "z": z})
    ours = re.sub(r" +\S+\.py:\d+$", "", text, flags=re.M)
    assert ours == re.sub(r" +\S+\.py:\d+$", "", FORMULA, flags=re.M).replace("through max", "through ReLU")


def test_before_backward() -> None:
    text = explain(formula_trace(backward=False))
    assert "Backward has not run" in text
    assert "Call z.backward()" in text
    assert "    to d  c = −6.00  ×  ?         =  ?" in text  # local factors are known already
    assert ".grad" not in text


def test_matrices() -> None:
    text = explain(mlp_trace())
    assert "through linear:  o = a · fc2.weightᵀ + fc2.bias" in text
    assert "to fc2.weight (3, 3):  downstream = Gᵀ · a" in text
    assert "to fc2.bias (3,):  downstream = G, summed over axis 0" in text
    assert re.search(r"to h \(2, 3\):  local 1\[h > 0\]\n      local +upstream +downstream\n +[01]  [01]  [01]  ×", text)
    assert re.search(r"gates closed\) +act, notes.py:\d+\n", text)
    assert text.index("through NLL") < text.index("through linear:  o") < text.index("through ReLU")
    trace = mlp_trace()
    for value in trace.values:
        if value.kind == "parameter":
            block = text[text.index(f"{value.name}.grad") :]
            numbers = re.findall(r"−?\d+\.?\d*(?:e−?\d+)?", block.partition("= ")[2])
            given_ = [float(each.replace("−", "-")) for each in numbers[: value.grad.size]]
            assert np.allclose(given_, value.grad.ravel(), rtol=6e-3)


def test_points_stand_below_each_other() -> None:
    x = torch.tensor([[1.0, -20.5], [300.25, 0.0]], requires_grad=True)
    with record():
        loss = (x * 2).sum()
        loss.backward()
    assert "      1.00  −20.5\n    300       0\n" in explain(loss, names={"x": x}).replace("      300", "    300")


def test_large_arrays_are_told_by_their_statistics() -> None:
    x = torch.ones(30, 40, requires_grad=True)
    with record():
        loss = (x * 3.0).mean()
        loss.backward()
    text = explain(loss, names={"x": x})
    assert "x  (30, 40)  leaf\n      mean 1.00  σ 0  ‖·‖ 34.6\n" in text
    assert "x.grad  = (30, 40)  mean 0.00250  σ 0  ‖·‖ 0.0866" in text
    assert max(map(cells, text.splitlines())) <= 88


def test_terms_of_matrices_add() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record():
        loss = (x * 3 + x.exp()).sum()
        loss.backward()
    text = explain(loss, names={"x": x})
    assert "x is used 2 times: its gradients add\n    2.72  7.39  +  3.00  3.00  =  5.72  10.4\n" in text


def test_several_results_and_cuts() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    with record():
        a, b = x.unbind(0)
        h = a * b + a.detach()
        loss = h.sum()
        loss.backward()
    text = explain(loss, names={"x": x, "a": a, "b": b, "h": h, "loss": loss})
    assert "upstream G₁ (2,)\n" in text and "upstream G₂ (2,)\n" in text
    assert "detach: the gradient goes no further" in text
    assert "downstream = stack(G) along axis 0" in text
    assert "  (a, b) = unbind(x) along axis 0  (2,)\n" in text and "  b, beside a  (2,)\n" in text


def test_results_that_were_not_used() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    with record():
        a, _ = x.unbind(0)
        unused = x.exp()
        loss = a.sum()
        loss.backward()
    text = explain(loss, names={"x": x, "a": a})
    assert "upstream G₂ (2,)\n      none\n" in text
    assert unused.requires_grad and "through exp" not in text


def test_summaries_of_a_trace_from_json() -> None:
    from tinygrad_edu.visualize.trace import Trace

    found = mlp_trace()
    text = explain(Trace.from_json(found.to_json(max_elements=4)))
    [line] = [each for each in text.splitlines() if each.startswith("  fc1.weight.grad")]
    whole = next(each for each in found.values if each.name == "fc1.weight").grad
    mean, norm = whole.mean(), np.linalg.norm(whole)
    assert "(3, 4)" in line
    told = dict(zip(["mean", "σ", "‖·‖"], re.findall(r"−?\d\.\d+", line), strict=True))
    assert float(told["mean"].replace("−", "-")) == pytest.approx(mean, rel=6e-3)
    assert float(told["‖·‖"]) == pytest.approx(norm, rel=6e-3)


def test_the_origin_of_nan_is_told() -> None:
    x = torch.tensor(-1.0, requires_grad=True)
    with record():
        a = torch.sqrt(x)
        loss = a * 2
        loss.backward()
    text = explain(loss, names={"x": x, "a": a})
    assert "a = √x" in text and "the first NaN or infinity" in text
    assert "NaN" in text.split("Backward")[0]


def test_nodes_beyond_the_limit() -> None:
    text = explain(formula_trace(), max_nodes=2)
    assert text.count("through ") == 2
    assert text.count("… 3 more nodes") == 2
    assert "through ×:  z" in text and "through σ" in text  # those nearest to the loss
    assert "… 1 more node\n" in explain(formula_trace(), max_nodes=4)
    assert "more node" not in explain(formula_trace(), max_nodes=5)


def test_precision() -> None:
    text = explain(formula_trace(), precision=5)
    assert "−3.2724" in text and "0.88080" in text
    assert "−3\n" in explain(formula_trace(), precision=1)


@settings(deadline=None, max_examples=60)
@given(st.integers(40, 130), st.sampled_from([1, 3, 6]), st.booleans(), st.booleans())
def test_no_line_is_longer_than_the_width(width: int, precision: int, backward: bool, matrices: bool) -> None:
    trace = (mlp_trace if matrices else formula_trace)(backward)
    for line in explain(trace, width=width, precision=precision).splitlines():
        assert cells(line) <= width, line
        assert line == line.rstrip()


@given(st.text(max_size=60), st.integers(20, 60))
def test_wrapping_keeps_the_words(text: str, width: int) -> None:
    lines = list(wrapped(text, width, "  "))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cells(line) <= width for line in lines)


def test_names_cannot_break_the_text() -> None:
    trace = formula_trace()
    trace.values[0].name = "x\n\x1b[31m\u202eevil"
    trace.steps[0].formula = "a = x\r\n · y"
    text = explain(trace)
    assert "\x1b" not in text and "\u202e" not in text and "\r" not in text
    trace.values[0].name = "入力" * 30
    assert all(cells(line) <= 88 for line in explain(trace).splitlines())


def test_it_is_text_that_shows_itself() -> None:
    text = explain(formula_trace())
    assert isinstance(text, str) and repr(text) == str(text)
    file = io.StringIO()
    assert explain(formula_trace(), file=file) + "\n" == file.getvalue() == text + "\n"
    assert explain(formula_trace()) == explain(formula_trace())


@pytest.mark.parametrize(
    ("option", "complaint"), [({"width": 39}, "width"), ({"precision": 0}, "precision"), ({"max_nodes": 0}, "max_nodes")]
)
def test_what_cannot_be_shown_is_refused(option: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=f"explain\\(\\): {complaint} must be at least"):
        explain(formula_trace(), **option)
    with pytest.raises(TypeError, match="must be Tensor"):
        explain(math.pi)


def test_a_pass_that_was_not_recorded() -> None:
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    y.backward(retain_graph=True)
    text = explain(y, names={"x": x, "y": y})
    assert "It was not recorded: inside `with record():` every step is told." in text
    assert "x.grad  = 6.00" in text and "No gradient came" not in text


def test_long_chains_are_no_problem() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    with record():
        y = x
        for _ in range(3000):
            y = y + 1
        y.backward()
    text = explain(y, names={"x": x}, max_nodes=3)
    assert "… 2997 more nodes" in text
    assert len(text.splitlines()) < 40
