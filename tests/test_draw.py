"""Pictures of passes: what stands on the cards, that names cannot break them, and that no binary is needed."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import traces
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SVG, by_id, needs_dot, own_layout, parsed, recorded, shapes_program, value_of, words

import tinygrad_edu as torch
from tinygrad_edu.visualize import draw, engines, record
from tinygrad_edu.visualize.draw import Drawing
from tinygrad_edu.visualize.numbers import number

DATA = Path(__file__).parent / "data"
OPERATIONS = ["add", "sub", "mul", "tanh", "sigmoid", "sin", "relu"]
HOSTILE = [
    "<script>alert(1)</script>", 'a"b\'c', "x & y", "p|q{r}", "line\nbreak\r\n", "back\\slash\\N", "]]>", "--><b>", "",
    "\u202egnp.x", "שלום עולם", "\x00\x07\x1b[31m", "\ud800", "&lt;", "漢字かな", "é" * 400, "</title></svg>",
]  # fmt: skip


@pytest.fixture
def no_graphviz(monkeypatch):
    """A machine without dot and without pygraphviz."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines, "pygraphviz_module", lambda: None)


# -- the card is the equation ------------------------------------------------------------------------------------------------


def assert_rows_are_equations(picture: Drawing) -> None:
    """Every row of every card: what stands left of "=" is the product of what stands right of it, and the engine's number."""
    elements = by_id(parsed(picture))
    for step in picture.trace.steps:
        rows: dict[str, list[str]] = {}
        for text in elements[f"s{step.id}"].iter(f"{SVG}text"):
            rows.setdefault(text.get("y"), []).append(text.text)
        read = [row for row in rows.values() if row[0] == "∇"]
        entries = [entry for entry in step.inputs if entry.needs_grad]
        assert len(read) == len(entries)
        for row, entry in zip(read, entries, strict=True):
            _, down, equals, local, *blocked, times, up = row
            assert (equals, times) == ("=", "×") and blocked in ([], ["blocked"])
            assert value_of(down) == pytest.approx(value_of(local) * value_of(up), rel=0.016)
            assert (down, local) == (number(entry.downstream), number(entry.local))


def test_a_row_reads_downstream_equals_local_times_upstream():
    assert_rows_are_equations(Drawing(traces.formula_trace()))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0), st.integers(0)), min_size=1, max_size=12))
def test_rows_are_equations_in_any_program(program):
    made = [torch.tensor(value, requires_grad=True) for value in (0.7, -1.3, 2.1)]
    with record():
        for name, i, j in program:
            operation = getattr(torch, name)
            x, y = made[i % len(made)], made[j % len(made)]
            made.append(operation(x, y) if name in ("add", "sub", "mul") else operation(x))
        made[-1].backward()
    picture = draw(made[-1])
    assert_rows_are_equations(picture)
    for key, node in picture.graph.nodes.items():
        if key[0] == "f":
            value = picture.trace.values[int(key[1:])]
            terms = [picture.trace.steps[step].inputs[place].downstream for step, place in value.used_by]
            assert sum(terms) == pytest.approx(value.grad, rel=1e-5)
            assert words(by_id(parsed(picture))[key])[-1] == number(value.grad) and node.card.family == "sum"


def test_a_graph_that_was_not_recorded_draws_what_is_known():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    loss = torch.tanh(x * 3.0).sum()
    assert "backward has not run" in " ".join(words(parsed(draw(loss, {"x": x}))))
    loss.backward()
    picture = draw(loss, {"x": x})
    assert "record() a pass to see all its numbers" in " ".join(words(parsed(picture)))
    assert words(by_id(parsed(picture))["v0"])[-2:] == [number(value) for value in x.grad.tolist()]


def test_a_sum_card_adds_up_to_the_gradient():
    elements = by_id(parsed(Drawing(traces.formula_trace())))
    assert "".join(words(elements["f0"])) == "Σxis used 2×: its gradients add−0.630+−2.64=−3.27"
    assert words(elements["v0"])[-1] == "−3.27"
    assert "".join(words(elements["f1"])).endswith("0+1.76=1.76")


def test_values_are_forward_and_gradients_backward():
    card = by_id(parsed(Drawing(traces.formula_trace())))["s0"]
    marks = {text.text: text.get("class").split() for text in card.iter(f"{SVG}text")}
    assert "forward" in marks["−6.00"] and "backward" in marks["−2.64"] and "backward" in marks["0.881"]
    assert not {"forward", "backward"} & set(marks["a = x · y"])


def test_a_blocked_edge_says_so_and_is_dashed():
    picture = Drawing(traces.formula_trace())
    elements = by_id(parsed(picture))
    assert elements["e1-0"].get("stroke-dasharray") and not elements["e0-0"].get("stroke-dasharray")
    labels = [words(element) for element in parsed(picture).iter(f"{SVG}g") if element.get("class") == "label"]
    assert labels == [["blocked"]]


def test_wider_edges_have_larger_gradients():
    picture = Drawing(traces.formula_trace())
    edges = sorted((edge for edge in picture.graph.edges if edge.size), key=lambda edge: edge.size)
    assert all(a.width <= b.width for a, b in itertools.pairwise(edges)) and edges[0].width < edges[-1].width


def test_before_backward_nothing_claims_a_gradient():
    picture = Drawing(traces.formula_trace(backward=False))
    root = parsed(picture)
    assert "backward has not run" in " ".join(words(root))
    gradients = {text.text for text in root.iter(f"{SVG}text") if "backward" in text.get("class").split()}
    assert gradients <= {"–", "=", "×", "backward has not run"}


def test_networks_run_down_and_numbers_run_across():
    assert Drawing(traces.formula_trace()).graph.across and not Drawing(traces.mlp_trace()).graph.across
    assert (
        Drawing(traces.mlp_trace(), direction="LR").graph.across
        and not Drawing(traces.formula_trace(), direction="TB").graph.across
    )
    with pytest.raises(ValueError, match="direction"):
        draw(traces.formula_trace(), direction="down")


def test_softmax_with_cross_entropy_shows_p_minus_y():
    card = by_id(parsed(Drawing(traces.mlp_trace())))["s3"]
    shown = words(card)
    assert "∇ = (p − y) / N" in shown and ") / 2  =" in shown


def test_shapes_of_products_and_closed_gates():
    elements = by_id(parsed(Drawing(traces.mlp_trace())))
    assert "(2, 4) · (3, 4)ᵀ + (3,) → (2, 3)" in words(elements["s0"])
    assert "summed over axis 0" in words(elements["s0"])
    assert any("gates closed" in word for word in words(elements["s1"]))


def test_winners_and_entries_taken():
    picture = Drawing(recorded(shapes_program))
    shown = " ".join(words(parsed(picture)))
    assert re.search(r"taken: 2 of 6", shown)
    assert "detach: no gradient goes further back" in shown and "no_grad: no gradient goes further back" in shown


def test_the_first_nan_is_pointed_out():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    with record():
        loss = (torch.log(x) * x).sum()
        loss.backward()
    root = parsed(draw(loss, {"x": x}))
    bad = [element for element in root.iter(f"{SVG}g") if "bad" in element.get("class", "").split()]
    (first,) = [words(element) for element in bad if "first NaN is made here" in words(element)]
    assert first[first.index("first NaN is made here") + 1].startswith("test_draw.py:")


def test_infinities_and_nan_are_drawn_without_a_warning():
    logits = torch.tensor([[1000.0, -1000.0, 0.0], [float("inf"), 1e30, 1e-30]], requires_grad=True)
    with record():
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([1, 0])) + (logits * logits.detach()).sum()
        loss.backward()
    with np.errstate(all="raise"):
        shown = words(parsed(draw(loss, {"logits": logits})))
    assert "NaN" in shown and "∞" in shown


def test_the_graph_of_a_gradient_draws():
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        y = x**3
        (slope,) = torch.autograd.grad(y, x, create_graph=True)
        slope.backward()
    picture = draw(slope, {"x": x})
    assert "the graph of a gradient" in " ".join(words(parsed(picture)))
    assert words(by_id(parsed(picture))["v0"])[-1] == "12.0"


# -- the same bytes, and nothing that breaks them ------------------------------------------------------------------------------


def test_long_formulas_and_rules_go_on_below():
    lstm = torch.nn.LSTM(3, 4)
    with record():
        loss = lstm(torch.randn(5, 2, 3))[0].sum()
        loss.backward()
    shown = words(parsed(draw(loss, names={"lstm": lstm})))
    assert any(line.endswith(" = σ(split(z)[3]) ⊙ tanh(k)") for line in shown)
    assert sum(line.endswith(" = (G backwards through time)") for line in shown) == 4
    assert sum(line.startswith("with k = σ(split(z)[1])") for line in shown) == 1
    assert any(line.endswith("at each time)") for line in shown)


def test_long_loops_are_folded_and_short_ones_are_not():
    def cards(turns):
        weights = [torch.tensor(float(i), requires_grad=True) for i in range(turns)]
        total = weights[0]
        with record():
            for each in weights:
                total = total + each * each
            total.backward()
        return len(re.findall('class="step', draw(total).svg()))

    assert cards(30) == 60 and cards(31) < 10


def test_snapshots():
    for name, found in (("formula", traces.formula_trace()), ("mlp", traces.mlp_trace())):
        picture = own_layout(Drawing(found, title=name))
        for suffix, text in (("svg", picture.svg()), ("dot", picture.source)):
            path = DATA / f"draw_{name}.{suffix}"
            if os.environ.get("UPDATE_SNAPSHOTS"):
                path.write_text(text, encoding="utf-8")
            assert path.read_text(encoding="utf-8") == text, (
                f"{path.name} differs; look at it, then run with UPDATE_SNAPSHOTS=1"
            )


PROGRAM = """
import tinygrad_edu as torch
from tinygrad_edu.visualize import draw, record
torch.manual_seed(0)
x, w = torch.randn(3, 4), torch.randn(4, 2, requires_grad=True)
with record():
    loss = torch.tanh(x @ w).pow(2).mean()
    loss.backward()
picture = draw(loss, {"w": w, "x": x})
import hashlib
print(hashlib.sha256((picture.source + picture.svg()).encode()).hexdigest())
"""


def test_the_same_program_gives_the_same_bytes():
    seen = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(torch.__file__).parents[1])}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
        seen.add(done.stdout)
    assert len(seen) == 1


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_change_nothing_but_text(name):
    found = traces.mlp_trace()
    plain = {element.tag for element in parsed(Drawing(found)).iter()}
    for value in found.values:
        value.name = name
    for step in found.steps:
        step.formula, step.note, step.symbol, step.module = name, name, name, step.module and f"{name}.{step.module}"
        step.source.text, step.source.file = name, name
        step.options = {name: name}
        for entry in step.inputs:
            entry.rule = name
    for module in found.modules:
        module.path, module.text = module.path and f"{name}.{module.path}", name
    picture = own_layout(Drawing(found, title=name))
    root = parsed(picture)
    assert {element.tag for element in root.iter()} <= plain
    picture.source.encode()
    assert not re.search("[\u202a-\u202e\x00-\x08]", picture.source + picture.svg())
    if shutil.which("dot"):
        done = subprocess.run(["dot", "-Tjson0"], input=picture.source.encode(), capture_output=True, check=False)
        assert done.returncode == 0 and not done.stderr.replace(b"Warning: no value for width of non-ASCII", b"").count(
            b"rror"
        ), done.stderr


# -- formats and notebooks ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_graphviz")
def test_svg_needs_no_graphviz_and_png_says_what_to_install(tmp_path):
    picture = draw(traces.mlp_trace(), path=tmp_path / "deep" / "net.svg")
    assert ET.parse(tmp_path / "deep" / "net.svg").getroot().tag == f"{SVG}svg"
    assert picture.source.startswith("digraph")
    with pytest.raises(RuntimeError, match=r"^drawing PNG needs Graphviz: pip install tinygrad-edu\[viz\]"):
        draw(traces.formula_trace(), path=tmp_path / "net.png")
    assert not (tmp_path / "net.png").exists()


@pytest.mark.parametrize("answer", [b"", b"{", b'{"bb": "0,0,9,9"}', b'{"bb": "0,0,9,9", "objects": [{"name": "s0"}]}'])
def test_a_graphviz_that_fails_is_done_without(monkeypatch, answer):
    monkeypatch.setattr(engines, "render", lambda source, form: answer or None)
    assert parsed(draw(traces.formula_trace())) is not None


@needs_dot
@pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_graphviz_draws_the_same_cards(tmp_path, form, magic):
    path = tmp_path / f"net.{form}"
    assert draw(traces.mlp_trace(), path=path).format == form
    assert path.read_bytes().startswith(magic)


def test_pygraphviz_serves_where_dot_is_missing(monkeypatch):
    pytest.importorskip("pygraphviz")
    monkeypatch.setenv("PATH", "")
    assert draw(traces.formula_trace(), format="png").pipe().startswith(b"\x89PNG")


def test_it_is_a_digraph(tmp_path):
    import graphviz

    picture = draw(traces.formula_trace(), title="f")
    assert isinstance(picture, graphviz.Digraph)
    assert picture.pipe(encoding="utf-8") == picture.svg() and picture.pipe("dot") == picture.source.encode()
    assert picture.copy().source == picture.source
    written = picture.render("f", tmp_path, cleanup=True)
    assert [path.name for path in tmp_path.iterdir()] == ["f.svg"] and Path(written).read_text(
        encoding="utf-8"
    ) == picture.svg()
    assert Path(picture.save(directory=tmp_path)).read_text(encoding="utf-8") == picture.source


def test_notebooks_show_the_picture():
    picture = draw(traces.formula_trace())
    bundle = picture._repr_mimebundle_()
    assert bundle["image/svg+xml"] == picture._repr_svg_() == picture.svg() and picture.svg() in bundle["text/html"]
    assert picture._repr_mimebundle_(include={"image/svg+xml"}).keys() == {"image/svg+xml"}


def test_importing_the_library_draws_nothing():
    code = "import sys, tinygrad_edu; print([m for m in sys.modules if 'visualize' in m or m == 'graphviz'])"
    environment = {**os.environ, "PYTHONPATH": str(Path(torch.__file__).parents[1])}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
