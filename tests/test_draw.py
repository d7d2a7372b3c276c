"""Pictures of passes: what stands on the cards, that text fits, that names cannot break them, and that no binary is needed."""

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

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.visualize import draw, engines, record, trace
from tinygrad_edu.visualize.boxes import Line, Run
from tinygrad_edu.visualize.card import Card, Section
from tinygrad_edu.visualize.draw import Drawing
from tinygrad_edu.visualize.fold import fold
from tinygrad_edu.visualize.graph import Edge, Graph, Group, Node, set_ports
from tinygrad_edu.visualize.layered import layered_layout
from tinygrad_edu.visualize.numbers import edge_width, number, rms, sign_colour, size_text, stats
from tinygrad_edu.visualize.text import clip, one_line, text_width

SVG = "{http://www.w3.org/2000/svg}"
DATA = Path(__file__).parent / "data"
HOSTILE = [
    "<script>alert(1)</script>", 'a"b\'c', "x & y", "p|q{r}", "line\nbreak\r\n", "back\\slash\\N", "]]>", "--><b>", "",
    "\u202egnp.x", "שלום עולם", "\x00\x07\x1b[31m", "\ud800", "&lt;", "漢字かな", "é" * 400, "</title></svg>",
]  # fmt: skip
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's dot is not installed")


@pytest.fixture
def no_graphviz(monkeypatch):
    """A machine without dot and without pygraphviz."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines, "pygraphviz_module", lambda: None)


def parsed(picture: Drawing) -> ET.Element:
    return ET.fromstring(picture.svg())


def by_id(root: ET.Element) -> dict[str, ET.Element]:
    found = [element for element in root.iter() if "id" in element.attrib]
    assert len({element.get("id") for element in found}) == len(found)
    return {element.get("id"): element for element in found}


def words(element: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


def value_of(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


def recorded(program):
    """The trace of a function that returns a loss and the names of its tensors."""
    torch.manual_seed(0)
    with record():
        loss, names = program()
        loss.backward()
    return trace(loss, names)


def block_program():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(4, 6), nn.Linear(6, 4)

        def forward(self, x):
            return x + self.down(torch.relu(self.up(x)))

    x = torch.randn(3, 4, requires_grad=True)
    net = nn.Sequential(Block(), Block())
    loss = nn.functional.cross_entropy(net(x), torch.tensor([0, 1, 3]))
    return loss, {"x": x, "loss": loss}


def shapes_program():
    x, w = torch.randn(40, 30, requires_grad=True), torch.randn(30, requires_grad=True)
    h = (x * w).reshape(6, 200)
    a, b = h.split(100, dim=1)
    best = torch.maximum(a, b).max(dim=1).values
    with torch.no_grad():
        frozen = best * 2
    loss = (best[1:3] * best.detach()[1:3]).sum() + torch.log(frozen.abs()).sum() + x[[0, 2], 1].prod()
    return loss, {"x": x, "w": w, "loss": loss}


def loop_program():
    w, h = torch.tensor(0.9, requires_grad=True), torch.tensor(0.5)
    for _ in range(100):
        h = torch.tanh(h * w)
    return h, {"w": w}


PROGRAMS = [block_program, shapes_program, loop_program]


# -- numbers and text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.63, "−0.630"), (2.0, "2.00"), (3, "3"), (0.0, "0"), (-0.0, "0"), (float("nan"), "NaN"), (-np.inf, "−∞"),
        (12345.678, "12346"), (123456.0, "1.23e5"), (1e-5, "1.00e−5"), (9.999, "10.0"), (99.96, "100"), (999.6, "1000"),
        (0.00099999, "1.00e−3"), (0.000999, "9.99e−4"),
        (0.00123, "0.00123"), (True, "1"), (np.float32(0.1), "0.100"), (np.int64(-7), "−7"), (1 - 2j, "1.00−2.00i"),
        (5e-324, "4.94e−324"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value) == text


@given(st.floats(-1e308, 1e308))
def test_a_number_is_read_back_to_three_digits(value):
    assert value_of(number(value)) == pytest.approx(value, rel=5.01e-3, abs=5e-324)


def test_statistics_of_arrays():
    assert rms(np.array([3e-200, 4e-200])) == pytest.approx(12.5**0.5 * 1e-200)
    assert rms(np.zeros((0, 3))) == 0 and rms(np.array([np.inf, 1.0])) == np.inf
    assert stats(np.array([1, 2, 3, 6])) == (3.0, pytest.approx(3.5**0.5))
    assert [size_text(n) for n in (0, 1023, 1536, 3 << 20)] == ["0 B", "1023 B", "1.50 KB", "3.00 MB"]


def test_signs_have_colours():
    assert sign_colour(0.0, 1.0) == "#ffffff"
    assert sign_colour(-1.0, 1.0) == "#5b93f5" and sign_colour(-np.inf, 0.0) == "#5b93f5"
    assert sign_colour(1.0, 1.0) == "#f5a62b"
    assert edge_width(0.0) < edge_width(0.5) < edge_width(1.0)


@given(st.text(), st.floats(20, 200), st.sampled_from([9, 11, 13, 15]), st.booleans())
def test_clipped_text_fits(text, width, size, bold):
    clipped = clip(text, width, size, bold)
    assert text_width(clipped, size, bold) <= width + 1e-9
    assert clipped == one_line(text) or clipped.endswith("…")


# -- the card is the equation ------------------------------------------------------------------------------------------------


def test_a_row_reads_downstream_equals_local_times_upstream():
    picture = Drawing(traces.formula_trace())
    elements = by_id(parsed(picture))
    for step in picture.trace.steps:
        rows: dict[str, list[str]] = {}
        for text in elements[f"s{step.id}"].iter(f"{SVG}text"):
            rows.setdefault(text.get("y"), []).append(text.text)
        read = [row for row in rows.values() if row[0] == "∇"]
        assert len(read) == len(step.inputs)
        for row, entry in zip(read, step.inputs, strict=True):
            _, down, equals, local, *blocked, times, up = row
            assert (equals, times) == ("=", "×") and blocked in ([], ["blocked"])
            assert value_of(down) == pytest.approx(value_of(local) * value_of(up), rel=0.01)
            assert down == number(entry.downstream) and local == number(entry.local)


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


def test_the_graph_of_a_gradient_draws():
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        y = x**3
        (slope,) = torch.autograd.grad(y, x, create_graph=True)
        slope.backward()
    picture = draw(slope, {"x": x})
    assert "the graph of a gradient" in " ".join(words(parsed(picture)))
    assert words(by_id(parsed(picture))["v0"])[-1] == "12.0"


# -- layout ------------------------------------------------------------------------------------------------------------------


def frames(picture: Drawing) -> list[tuple[float, float, float, float]]:
    return [(*picture.layout.at[key], node.card.width, node.card.height) for key, node in picture.graph.nodes.items()]


def assert_apart(boxes) -> None:
    for (x, y, w, h), (u, v, p, q) in itertools.combinations(boxes, 2):
        assert x + w <= u + 0.5 or u + p <= x + 0.5 or y + h <= v + 0.5 or v + q <= y + 0.5


def own_layout(picture: Drawing) -> Drawing:
    picture.__dict__["layout"] = layered_layout(picture.graph)
    return picture


@pytest.mark.parametrize("ours", [True, pytest.param(False, marks=needs_dot)])
@pytest.mark.parametrize("program", [*PROGRAMS, traces.formula_trace, traces.mlp_trace], ids=lambda program: program.__name__)
def test_text_fits_its_card_and_cards_stand_apart(program, ours):
    picture = Drawing(recorded(program) if program in PROGRAMS else program())
    if ours:
        own_layout(picture)
    root = parsed(picture)
    for key, element in by_id(root).items():
        if key not in picture.graph.nodes:
            continue
        card = picture.graph.nodes[key].card
        for text in element.iter(f"{SVG}text"):
            classes = text.get("class").split()
            size = next(int(name[1:]) for name in classes if re.fullmatch(r"t\d+", name))
            wide = text_width(text.text, size, "b" in classes)
            left = float(text.get("x")) - (wide / 2 if "n" in classes else 0)
            assert left >= 4 and left + wide <= card.width - 4
            assert size < float(text.get("y")) < card.height
    assert_apart(frames(picture))
    width, height = float(root.get("width")), float(root.get("height"))
    for x, y, w, h in frames(picture):
        assert x >= -0.5 and y >= -0.5 and x + w <= width and y + h <= height


def test_numbers_fit_their_cells():
    root = parsed(Drawing(traces.mlp_trace()))
    checked = 0
    for grid in root.iter(f"{SVG}g"):
        if "grid" not in grid.get("class", "").split():
            continue
        cells = [(float(rect.get("x")), float(rect.get("width"))) for rect in grid.iter(f"{SVG}rect")]
        for text in grid.iter(f"{SVG}text"):
            middle, wide = float(text.get("x")), text_width(text.text, 9)
            assert any(left + 2 <= middle - wide / 2 and middle + wide / 2 <= left + width - 2 for left, width in cells)
            checked += 1
    assert checked > 50


def card_of(key: str, width: int, height: int) -> Card:
    return Card(key, "other", [Section(Line([Run("", 11)]), width / 2, height / 2)])


@st.composite
def graphs(draw):
    """Graphs without circles, with cards of many sizes, some of them in nested modules."""
    graph = Graph(across=draw(st.booleans()))
    paths = ["", "a", "a.b", "c"]
    for number_, path in enumerate(paths[1:]):
        graph.groups[path] = Group(f"m{number_}", path, "Linear(3 → 4)", path.rpartition(".")[0])
    count = draw(st.integers(1, 14))
    for i in range(count):
        card = card_of(f"s{i}", draw(st.integers(20, 300)), draw(st.integers(20, 120)))
        graph.nodes[card.key] = Node(card, draw(st.sampled_from(paths)))
    for i in range(1, count):
        for tail in draw(st.lists(st.integers(0, i - 1), max_size=3)):
            graph.edges.append(Edge(f"e{len(graph.edges)}", f"s{tail}", f"s{i}"))
    set_ports(graph)
    return graph


@settings(deadline=None)
@given(graphs())
def test_the_built_in_layout_keeps_everything_apart(graph):
    layout = layered_layout(graph)
    cards = {key: (*layout.at[key], node.card.width, node.card.height) for key, node in graph.nodes.items()}
    assert_apart(cards.values())
    for path, (x, y, w, h) in layout.boxes.items():
        for key, node in graph.nodes.items():
            left, top, wide, tall = cards[key]
            if node.group == path or node.group.startswith(path + "."):
                assert x <= left and y <= top and left + wide <= x + w + 0.01 and top + tall <= y + h + 0.01
            else:
                assert_apart([(x, y, w, h), cards[key]])
    for edge in graph.edges:
        route = layout.routes[edge.key]
        assert len(route) % 3 == 1
        for (x, y), key, port in ((route[0], edge.tail, "o"), (route[-1], edge.head, "i")):
            dx, dy = graph.nodes[key].card.ports[port]
            assert (x, y) == pytest.approx((layout.at[key][0] + dx, layout.at[key][1] + dy))
            assert layout.width >= x >= 0 and layout.height >= y >= 0


def test_a_deep_chain_needs_no_deep_stack():
    x = torch.tensor(1.0, requires_grad=True)
    with record():
        y = x
        for _ in range(1500):
            y = y * 1.0
    picture = own_layout(Drawing(trace(y), depth=9))
    assert len(picture.graph.nodes) == 1501
    assert parsed(picture) is not None


# -- large graphs ------------------------------------------------------------------------------------------------------------


def chain_of_blocks(count: int):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(3, 5), nn.Linear(5, 3)

        def forward(self, x):
            return x + self.down(torch.tanh(self.up(x)))

    def program():
        net = nn.Sequential(nn.Linear(2, 3), *[Block() for _ in range(count)])
        loss = net(torch.ones(4, 2)).sum()
        return loss, {"loss": loss}

    return program


def test_large_graphs_fold_what_repeats():
    found = recorded(chain_of_blocks(60))
    picture = Drawing(found)
    units = fold(found, None)
    assert [unit.start for unit in units] == [0, *(unit.stop for unit in units[:-1])] and units[-1].stop == len(found.steps)
    assert max(unit.repeats for unit in units) == 60
    shown = words(parsed(picture))
    assert "1 … 60" in shown and "× 60" in shown
    size = 60 * (3 * 5 + 5 + 5 * 3 + 3)
    assert f"{size:,}" in shown


def test_depth_opens_modules():
    found = recorded(block_program)
    kinds = ["".join(key[0] for key in Drawing(found, depth=depth).graph.nodes if key[0] in "su") for depth in range(3)]
    assert kinds == ["uuss", "ususususss", "s" * 10]


def test_thousands_of_operations_without_modules_stay_readable():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record():
        y = x
        for i in range(1700):
            y = (torch.sin(y), torch.exp(y * 0.1), y * x)[(i * i // 3 + i // 7) % 3]
        loss = y.sum()
        loss.backward()
    picture = Drawing(trace(loss, {"x": x}))
    units = [key for key in picture.graph.nodes if key[0] in "su"]
    assert len(units) <= 151
    between = [(edge.tail, edge.head) for edge in picture.graph.edges if edge.tail[0] == edge.head[0] == "u"]
    assert between and len(set(between)) == len(between)
    assert parsed(picture) is not None
    loop = Drawing(recorded(loop_program))
    assert "× 98" in words(parsed(loop))


# -- the same bytes, and nothing that breaks them ------------------------------------------------------------------------------


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
