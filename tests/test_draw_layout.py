"""Where cards stand: nothing overlaps, text fits, numbers are read back, and large graphs fold."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import traces
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import PROGRAMS, SVG, block_program, by_id, loop_program, needs_dot, own_layout, parsed, recorded, value_of, words

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.visualize import record, trace
from tinygrad_edu.visualize.numbers import edge_width, number, rms, sign_colour, size_text, stats
from tinygrad_edu.visualize.pictures.boxes import Line, Run
from tinygrad_edu.visualize.pictures.card import Card, Section
from tinygrad_edu.visualize.pictures.draw import Drawing
from tinygrad_edu.visualize.pictures.fold import fold
from tinygrad_edu.visualize.pictures.graph import Edge, Graph, Group, Node, set_ports
from tinygrad_edu.visualize.pictures.layered import layered_layout
from tinygrad_edu.visualize.text import clip, one_line, text_width

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


# -- layout ------------------------------------------------------------------------------------------------------------------


def frames(picture: Drawing) -> list[tuple[float, float, float, float]]:
    return [(*picture.layout.at[key], node.card.width, node.card.height) for key, node in picture.graph.nodes.items()]


def assert_apart(boxes) -> None:
    for (x, y, w, h), (u, v, p, q) in itertools.combinations(boxes, 2):
        assert x + w <= u + 0.5 or u + p <= x + 0.5 or y + h <= v + 0.5 or v + q <= y + 0.5


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
