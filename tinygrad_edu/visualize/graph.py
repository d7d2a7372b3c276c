"""What is drawn: cards, the edges between them, and the modules around them. Layouts place these; nothing here knows where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from .arrays import is_scalar
from .boxes import Table
from .card import Card
from .cards import fan_out_card, gradient_terms, step_card, value_card
from .numbers import edge_colour, edge_share, edge_width, rms
from .style import BLOCKED, UNUSED
from .text import clip
from .trace import Step, Trace, Value

__all__ = ["Edge", "Graph", "Group", "Node", "build", "nested", "runs_across"]


@dataclass(slots=True)
class Node:
    """A card, and the module in which it stands."""

    card: Card
    group: str = ""

    @property
    def key(self) -> str:
        return self.card.key


@dataclass(slots=True)
class Edge:
    """From what made a value (``tail``) to what used it (``head``). Gradients run the other way."""

    key: str
    tail: str
    head: str
    tail_port: str = "o"
    head_port: str = "i"
    colour: str = UNUSED
    width: float = 1.0
    dashed: bool = False
    arrow: str = "tail"  # the end that has the arrowhead: "tail" for gradients, "head" for data
    label: str = ""
    tip: str = ""
    size: float | None = None  # the gradient's RMS


@dataclass(slots=True)
class Group:
    """A module's box."""

    key: str  # the element's id: "m0"
    path: str
    title: str
    parent: str  # a path; "" outside every box

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


@dataclass(slots=True)
class Graph:
    """A picture before it is laid out."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    across: bool = False
    low: float = 0.0  # the smallest and largest RMS of the gradients on its edges
    high: float = 0.0
    grids: bool = False  # whether any number stands on the sign map

    def add(self, card: Card, group: str = "") -> None:
        self.nodes[card.key] = Node(card, group if group in self.groups else "")


def nested(graph: Graph, order: Callable[[list], list] = list) -> Iterator[tuple[str, list[Node] | None]]:
    """The modules with the nodes that stand in them, from the outermost, ``""``, inwards; (path, None) where a module ends."""
    children: dict[str, list[str]] = {}
    for group in graph.groups.values():
        children.setdefault(group.parent, []).append(group.path)
    members: dict[str, list[Node]] = {}
    for node in graph.nodes.values():
        members.setdefault(node.group, []).append(node)
    waiting = [("", True)]
    while waiting:
        path, begins = waiting.pop()
        if not begins:
            yield path, None
            continue
        yield path, order(members.get(path, []))
        if path:
            waiting.append((path, False))
        waiting += [(child, True) for child in reversed(order(children.get(path, [])))]


def runs_across(trace: Trace) -> bool:
    """Graphs of single numbers run from left to right, networks from top to bottom."""
    return all(is_scalar(value.data, value.shape) for value in trace.values)


def build(trace: Trace, across: bool) -> Graph:
    """The graph of a trace, every step a card."""
    graph = Graph(across=across)
    for place, module in enumerate(trace.modules):
        if module.path:
            graph.groups[module.path] = Group(f"m{place}", module.path, short_title(module.text), module.parent)
    for value in trace.values:
        if value.made_by is None and (value.used_by or value.id == trace.root):
            graph.add(value_card(trace, value), home(trace, value))
    for step in trace.steps:
        graph.add(step_card(trace, step, across), step.module)
    fans = {}
    for value in trace.values:
        if len(gradient_terms(trace, value)) > 1:
            fans[value.id] = fan_out_card(trace, value)
            graph.add(fans[value.id], home(trace, value) if value.made_by is None else trace.steps[value.made_by].module)
            graph.edges.append(sum_edge(trace, value))
    for step in trace.steps:
        for place, entry in enumerate(step.inputs):
            value = trace.values[entry.value]
            graph.edges.append(use_edge(trace, step, place, value, value.id in fans))
    graph.grids = any(value.data is not None and value.data.size > 1 for value in trace.values)
    colour_edges(graph)
    drop_empty_groups(graph)
    set_ports(graph)
    return graph


def drop_empty_groups(graph: Graph) -> None:
    used = {node.group for node in graph.nodes.values()}
    for path in list(used):
        while path:
            path = graph.groups[path].parent
            used.add(path)
    graph.groups = {path: group for path, group in graph.groups.items() if path in used}


def short_title(text: str) -> str:
    """A module's printed form with what matters: ``Linear(4 → 3)``."""
    text = re.sub(r"in_\w+=(\d+), out_\w+=(\d+)", r"\1 → \2", text.partition("\n")[0])
    text = re.sub(r"^(Conv\w*)\((\d+), (\d+), ", r"\1(\2 → \3, ", text)
    return clip(re.sub(r", (?:bias|inplace)=(?:True|False)|\((?:inplace)=(?:True|False)(?=\))", lambda m: "(" if m[0][0] == "(" else "", text), 240, 11)


def home(trace: Trace, value: Value) -> str:
    """The module a leaf stands in: the one that uses it, where it is only one and the leaf is its parameter."""
    paths = {trace.steps[step].module for step, _ in value.used_by}
    return paths.pop() if len(paths) == 1 and value.kind == "parameter" else ""


def maker(value: Value) -> tuple[str, str]:
    """The card that a value comes from, and its port."""
    if value.made_by is None:
        return f"v{value.id}", "o"
    return f"s{value.made_by}", f"o{value.output}"


def sum_edge(trace: Trace, value: Value) -> Edge:
    tail, port = maker(value)
    edge = Edge(f"ef{value.id}", tail, f"f{value.id}", port, "i")
    size_edge(edge, trace, value.grad)
    return edge


def use_edge(trace: Trace, step: Step, place: int, value: Value, fanned: bool) -> Edge:
    entry = step.inputs[place]
    tail, port = (f"f{value.id}", "o") if fanned and entry.needs_grad and not step.cut else maker(value)
    edge = Edge(f"e{step.id}-{place}", tail, f"s{step.id}", port, f"i{place}")
    if step.cut:
        edge.dashed, edge.arrow, edge.label, edge.tip = True, "head", step.cut, f"{step.cut}: the gradient ends here"
    elif not entry.needs_grad:
        edge.dashed, edge.arrow, edge.tip = True, "head", f"{value.name}: no gradient needed"
    else:
        size_edge(edge, trace, entry.downstream)
    return edge


def size_edge(edge: Edge, trace: Trace, gradient: np.ndarray | None) -> None:
    if gradient is None:
        edge.tip = "no gradient came" if trace.ran else "backward has not run"
        edge.colour, edge.width = BLOCKED, 1.3
        edge.dashed = trace.ran
        return
    edge.size = rms(gradient)
    if edge.size == 0:
        edge.colour, edge.width, edge.dashed, edge.label, edge.tip = BLOCKED, 1.3, True, "blocked", "the gradient is exactly zero"


def colour_edges(graph: Graph) -> None:
    """Width and colour of each edge show the logarithm of its gradient's RMS."""
    sizes = [edge.size for edge in graph.edges if edge.size and np.isfinite(edge.size)]
    if sizes:
        graph.low, graph.high = min(sizes), max(sizes)
    for edge in graph.edges:
        if edge.size:
            share = edge_share(edge.size, graph.low, graph.high)
            edge.colour, edge.width = edge_colour(share), edge_width(share)


def set_ports(graph: Graph) -> None:
    """Where edges meet the cards: at the row of an input, at its column, or in the middle of a side."""
    for node in graph.nodes.values():
        card = node.card
        ins, outs = input_places(card, graph.across), output_count(graph, card.key)
        for i, place in enumerate(ins):
            card.ports[f"i{i}"] = place
        card.ports["i"] = (0.0, card.height / 2) if graph.across else (card.width / 2, 0.0)
        for i in range(outs):
            share = (i + 1) / (outs + 1)
            card.ports[f"o{i}"] = (card.width, card.height * share) if graph.across else (card.width * share, card.height)
        card.ports["o"] = (card.width, card.height / 2) if graph.across else (card.width / 2, card.height)


def output_count(graph: Graph, key: str) -> int:
    return 1 + max((int(edge.tail_port[1:]) for edge in graph.edges if edge.tail == key and edge.tail_port != "o"), default=0)


def input_places(card: Card, across: bool) -> list[tuple[float, float]]:
    """The place of each input on the rim, taken from the table that shows the inputs."""
    for section, left, top, wide in card.places():
        if section is card.inputs:
            table = section.box
            assert isinstance(table, Table)
            if across:
                return [(0.0, float(round(top + table.middle(first, last)))) for first, last in card.input_rows]
            return [(float(round(x + width / 2)), 0.0) for x, width in table.columns(left, wide)]
    return []
