"""What is drawn: cards, the edges between them, and the modules around them. Layouts place these; nothing here knows where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .boxes import Table
from .card import Card
from .style import UNUSED

__all__ = ["Edge", "Graph", "Group", "Node", "nested", "set_ports"]


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
    cut: bool = False  # by detach or no_grad
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
