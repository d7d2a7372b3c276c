"""What the step-through page says, step by step, without a browser: frames, when numbers appear, paths, files."""

import html
import os
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import card_page, fan_out_page, mlp_trace

import tinygrad_edu as torch
from tinygrad_edu.visualize import page, record, trace
from tinygrad_edu.visualize.formulas.formula import Formula
from tinygrad_edu.visualize.pages import paths
from tinygrad_edu.visualize.pages.frames import frames, reveals
from tinygrad_edu.visualize.trace import Trace


def seen(function, **leaves):
    """The trace of ``function`` of scalars with these values, after its backward pass."""
    tensors = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in leaves.items()}
    with record():
        loss = function(**tensors)
        loss.backward()
    return trace(loss, names=tensors)


def words(frame):
    return html.unescape(re.sub(r"<[^>]+>", " ", frame.body))


# ---- frames


@pytest.mark.parametrize(
    "made", [mlp_trace, lambda: seen(lambda x, y: torch.exp(x * y) + x, x=0.5, y=2.0)], ids=["mlp", "scalars"]
)
def test_each_step_has_its_frames_in_order(made):
    found = made()
    walk = frames(found)
    forward = [each.step for each in walk if each.phase == "forward"]
    backward = [each.step for each in walk if each.phase == "backward"]
    assert walk[0].phase == "start"
    assert forward == [step.id for step in found.steps]
    assert backward == [None, *reversed(forward)]
    for each in walk[1:]:
        if each.step is not None:
            assert each.focus == f"s{each.step}"
            assert {edge.rpartition("-")[0] for edge in each.edges if not edge.startswith("ef")} == {f"e{each.step}"}


def test_fan_out_edges_move_when_the_sum_is_complete():
    walk = frames(seen(lambda x: x * torch.exp(x) + x, x=1.0))
    assert [each.title for each in walk if any(edge.startswith("ef") for edge in each.edges)] == [walk[-1].title]


def test_without_a_backward_pass_the_walk_ends_with_the_value():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record():
        loss = (x * x).sum()
    walk = frames(trace(loss))
    assert [each.phase for each in walk] == ["start", "forward", "forward"]
    assert "backward has not run" in words(walk[0])
    assert "backward has not run" in walk[0].say


def test_graph_that_was_not_recorded():
    x = torch.tensor(2.0, requires_grad=True)
    loss = torch.exp(x * x)
    loss.backward()
    found = trace(loss)
    walk = frames(found)
    assert [each.phase for each in walk] == ["start", "forward", "forward"]
    assert "the way back was not recorded, only the gradients at its end are known" in words(walk[0])
    assert reveals(found)["v0"]["b"] == 2  # the leaf's gradient, on the last frame
    page(loss)


def test_steps_that_a_partial_pass_left_out_have_no_backward_frame():
    x, w = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    with record():
        y = x * x * w
        torch.autograd.grad(y, w)
    assert [each.phase for each in frames(trace(y))] == ["start", "forward", "forward", "backward", "backward"]


def test_first_nan_is_told_where_it_is_made():
    walk = frames(seen(lambda x: torch.log(x) * 2, x=-1.0))
    assert [("first NaN" in words(each)) for each in walk if each.phase == "forward"] == [True, False]
    assert "The first NaN or infinity is made here" in walk[1].say


def test_cuts_say_that_the_gradient_stops():
    walk = frames(seen(lambda x: x * x.detach(), x=3.0))
    assert "detach: the gradient will stop here" in words(walk[1])
    assert walk[-1].title.startswith("through ×")


def test_both_gradients_of_a_square_come_one_after_the_other():
    told = " ".join(words(frames(seen(lambda x: x * x, x=3.0))[-1]).split())
    first, second = "x.grad accumulates: 3.00 (1 more to come)", "x.grad accumulates: 3.00 + 3.00 = 6.00 ✓ complete"
    assert told.index(first) < told.index(second)


def test_one_gradient_of_many_terms_is_shortened():
    def chain(x):
        y = x
        for _ in range(30):
            y = y + x
        return y

    told = words(frames(seen(chain, x=1.0))[-1])
    assert "… (27 more) …" in told
    assert "= 31.0 ✓ complete" in told


def test_numbers_in_words_are_those_of_the_engine():
    known = Formula("z = (x*y + max(y, 0)) * sigmoid(x)").compute({"x": 2.0, "y": -3.0})
    known["z"].backward()
    assert [round(known[name].grad.item(), 2) for name in "xy"] == [-3.27, 1.76]
    source = card_page().html
    assert "x.grad accumulates: −0.630 + −2.64 = −3.27 ✓ complete" in source
    assert "y.grad accumulates: 0 + 1.76 = 1.76 ✓ complete" in source


def test_names_are_whole_words_in_formulas():
    def squares(x, y):
        return (x**2 - y) * x

    told = [words(each) for each in frames(seen(squares, x=-2.0, y=-1.0)) if each.phase == "forward"]
    assert "= (−2.00)² = 4.00" in " ".join(told[0].split())
    assert "= 4.00 − (−1.00) = 5.00" in " ".join(told[1].split())


def test_operands_of_a_rule_are_shown_beside_it():
    a, w = torch.ones(2, 3), torch.ones(3, 2, requires_grad=True)
    with record():
        loss = (a @ w).sum()
        loss.backward()
    walk = frames(trace(loss, names={"a": a, "w": w, "loss": loss}))
    told = " ".join(words(walk[-1]).split())
    assert "∇w = aᵀ · G" in told
    assert "local a (2, 3)" in told
    assert "upstream G = ∂loss/∂" in " ".join(words(walk[-2]).split())


# ---- when numbers appear


def test_values_come_with_their_step_and_gradients_on_the_way_back():
    found = seen(lambda x, y: (x * y + torch.relu(y)) * torch.sigmoid(x), x=2.0, y=-3.0)
    when, count = reveals(found), len(found.steps)
    for place, step in enumerate(found.steps, start=1):
        card = when[f"s{step.id}"]
        assert card["f"] == place
        assert count < card["u"] <= card["b"] - 1  # a gradient arrives before it is sent on
        for taken in step.inputs:
            maker = found.values[taken.value].made_by
            if maker is not None:
                assert when[f"s{maker}"]["u"] >= card["b"]
    for value in found.values:
        if value.made_by is None:
            assert when[f"v{value.id}"]["f"] == 0
            assert when[f"v{value.id}"]["b"] == max(when[f"f{value.id}"]["t"])


def test_terms_of_a_sum_appear_as_they_arrive():
    found = seen(lambda x: x * torch.exp(x) + torch.sin(x), x=1.0)
    times = reveals(found)["f0"]["t"]
    assert len(times) == 3
    assert times == sorted(times)


# ---- paths


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "mul", "sin", "exp", "sub"]), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=9,
    )
)
def test_paths_add_up_to_every_leafs_gradient(program):
    x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.7, -0.4))
    with record():
        made = [x, y]
        for name, a, b in program:
            left, right = made[a % len(made)], made[b % len(made)]
            made.append({
                "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "sub": lambda a, b: a - b,
                "sin": lambda a, b: torch.sin(a), "exp": lambda a, b: torch.exp(a * 0.1),
            }[name](left, right))  # fmt: skip
        loss = made[-1]
        loss.backward()
    found = trace(loss, names={"x": x, "y": y})
    reached = paths.leaves(found)
    assert {leaf.name for leaf in reached} == {name for name, leaf in (("x", x), ("y", y)) if leaf.grad is not None}
    for leaf in reached:
        listed = list(paths.all_paths(found, leaf))
        assert len(listed) == paths.count_paths(found, leaf)
        assert sum(way.product for way in listed) == pytest.approx(leaf.grad.item(), rel=1e-9, abs=1e-12)
        for way in listed:
            assert found.steps[way.uses[0][0]].inputs[way.uses[0][1]].value == leaf.id
            assert found.root in found.steps[way.uses[-1][0]].outputs


def test_paths_are_counted_without_being_walked_and_the_rest_is_told():
    def doubled(x):
        for _ in range(60):
            x = x + x
        return x

    found = seen(doubled, x=1.0)
    (leaf,) = paths.leaves(found)
    assert paths.count_paths(found, leaf) == 2**60
    source = page(found).html
    assert f"of {2**60:,} paths; the others add 1.15e18" in source


def test_no_numpy_warning_and_no_complaint_about_odd_numbers():
    def overflows(x):
        return x * 3e38 + x * 3e38 + 1 / (x - 1)

    x = torch.tensor(1.0, requires_grad=True)
    c = torch.tensor(2.0 + 1.0j, requires_grad=True)
    with record():
        large, complex_ = overflows(x), (c * c.conj() * c).abs()
        large.backward()
        complex_.backward()
    with np.errstate(all="raise"):
        assert "∞" in page(large).html
        assert "i</" in page(complex_).html  # complex numbers
    assert paths.leaves(trace(complex_)) == []


def test_no_paths_where_there_are_arrays_or_no_gradients():
    assert paths.leaves(mlp_trace()) == []
    x = torch.tensor(1.0, requires_grad=True)
    with record():
        loss = x * x
    assert paths.leaves(trace(loss)) == []
    assert 'id="ways"' not in page(trace(loss)).html


def test_a_gradient_that_was_given_is_a_factor_of_every_path():
    x = torch.tensor(3.0, requires_grad=True)
    with record():
        y = x * x
        y.backward(torch.tensor(10.0))
    found = trace(y)
    (leaf,) = paths.leaves(found)
    assert sum(way.product for way in paths.all_paths(found, leaf)) == leaf.grad.item() == 60.0


# ---- quiz


def test_answers_are_the_engines_and_their_slack_is_the_shown_digits():
    for source in (card_page().html, fan_out_page().html):
        asked = re.findall(r'data-answer="([^"]*)" data-slack="([^"]*)"[^>]*><b class=backward>([^<]*)</b>', source)
        assert len(asked) >= 4
        for answer, slack, shown in asked:
            typed = float(shown.replace("−", "-").replace("∞", "inf"))
            assert abs(typed - float(answer)) <= float(slack)  # what is shown is accepted
            if float(answer):
                assert abs(-typed - float(answer)) > float(slack)
                assert 0 < float(slack) < 0.6 * abs(float(answer)) + 0.02


# ---- files


def test_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("old")
    made = card_page()

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        made.write(path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
    monkeypatch.undo()
    assert made.write(str(path)) == path
    assert path.read_text(encoding="utf-8") == made.html
    assert path.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_page_of_a_path_a_title_and_names(tmp_path):
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        z = x * x
        z.backward()
    made = page(z, tmp_path / "z.html", names={"height": x, "area": z}, title="an <area>")
    assert (tmp_path / "z.html").read_text(encoding="utf-8") == made.html
    assert "<h1>an &lt;area&gt;</h1>" in made.html
    assert "∂area" in made.html
    assert "∂height" in made.html
    assert "<h1>Backward from area</h1>" in page(z, names={"area": z}).html
    assert re.fullmatch(r"Page\([\d,]+ bytes of HTML\)", repr(made))


def test_page_of_a_trace_that_was_read_back():
    found = mlp_trace()
    assert page(Trace.from_json(found.to_json())).html == page(found).html
    brief = page(Trace.from_json(found.to_json(max_elements=4))).html
    assert "<b>fc1.weight</b> <span>(3, 4) </span></figcaption><p class=stats>12 numbers: μ" in brief


def test_trace_is_left_as_it_is():
    found = mlp_trace()
    before = [None if value.data is None else value.data.copy() for value in found.values]
    page(found)
    for value, data in zip(found.values, before, strict=True):
        assert (value.data is None) == (data is None)
        assert data is None or np.array_equal(value.data, data)
