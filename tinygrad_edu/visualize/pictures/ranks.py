"""What the built-in layout works on: cards and pieces of long edges, each in a rank, and links between neighbouring ranks."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from .graph import Graph

__all__ = ["Item", "Link", "Plan", "plan"]


@dataclass(slots=True)
class Item:
    """A card, a long edge's place in a rank, or a module's place in a rank where none of its cards is."""

    key: str  # of the card; "" for the others
    rank: int
    wide: float  # along its rank
    tall: float
    chain: tuple[str, ...]  # the modules around it, from the outermost
    serial: float  # its turn in the program

    @property
    def thin(self) -> bool:
        return not self.key


@dataclass(slots=True, frozen=True)
class Link:
    """One end's view of a piece of an edge. ``here`` and ``there`` are how far from the items' middles its ends are."""

    other: int
    here: float
    there: float
    weight: float


@dataclass(slots=True)
class Plan:
    items: list[Item]
    ranks: list[list[int]]
    into: list[list[Link]]
    out: list[list[Link]]
    weights: list[float]  # of all links of an item
    chains: list[list[int]]  # for each edge its items from tail to head
    parents: dict[str, str] = field(default_factory=dict)  # of modules, the outer before the inner
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)  # their first and last rank


def plan(graph: Graph) -> Plan:
    """Everything in ranks."""
    keys = list(graph.nodes)
    number = {key: i for i, key in enumerate(keys)}
    ranks = assign_ranks(graph, keys, number)
    items = []
    for i, key in enumerate(keys):
        card = graph.nodes[key].card
        wide, tall = (card.height, card.width) if graph.across else (card.width, card.height)
        items.append(Item(key, ranks[i], wide, tall, chain_of(graph, graph.nodes[key].group), float(i)))
    made = Plan(items, [], [], [], [], [])
    pieces: list[tuple[int, int, float, float, float]] = []
    for edge in graph.edges:
        tail, head = number[edge.tail], number[edge.head]
        chain = [tail]
        around = common(items[tail].chain, items[head].chain)
        for rank in range(ranks[tail] + 1, ranks[head]):
            chain.append(len(items))
            items.append(Item("", rank, max(edge.width, 2.0), 0.0, around, (items[tail].serial + items[head].serial) / 2))
        chain.append(head)
        made.chains.append(chain)
        for a, b in pairwise(chain):
            here = offset(graph, edge.tail, edge.tail_port) if a == tail else 0.0
            there = offset(graph, edge.head, edge.head_port) if b == head else 0.0
            weight = (
                8.0
                if a != tail and b != head
                else 3.0
                if len(chain) > 2
                else 0.5
                if edge.dashed
                else 6.0
                if edge.tail[0] == "s"
                else 1.0
            )
            pieces.append((a, b, here, there, weight))
    add_fillers(made, graph)
    made.into = [[] for _ in items]
    made.out = [[] for _ in items]
    for a, b, here, there, weight in pieces:
        made.out[a].append(Link(b, here, there, weight))
        made.into[b].append(Link(a, there, here, weight))
    made.weights = [0.1 + sum(link.weight for link in made.into[i] + made.out[i]) for i in range(len(items))]
    made.ranks = [[] for _ in range(max(item.rank for item in items) + 1)]
    for i, item in enumerate(items):
        made.ranks[item.rank].append(i)
    return made


def assign_ranks(graph: Graph, keys: list[str], number: dict[str, int]) -> list[int]:
    """The longest path from a source; then sources, and the sums beside them, move next to their first use."""
    heads: list[list[int]] = [[] for _ in keys]
    tails: list[list[int]] = [[] for _ in keys]
    for edge in graph.edges:
        heads[number[edge.tail]].append(number[edge.head])
        tails[number[edge.head]].append(number[edge.tail])
    waiting = [len(entries) for entries in tails]
    turn = [i for i, count in enumerate(waiting) if not count]
    ranks = [0] * len(keys)
    for i in turn:  # grows as it is read
        for head in heads[i]:
            ranks[head] = max(ranks[head], ranks[i] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                turn.append(head)
    for i in reversed(turn):
        if heads[i] and all(not tails[tail] for tail in tails[i]) and (not tails[i] or len(heads[i]) > 1):
            ranks[i] = min(ranks[head] for head in heads[i]) - 1
    lowest = min(ranks)
    return [rank - lowest for rank in ranks]


def chain_of(graph: Graph, path: str) -> tuple[str, ...]:
    chain = []
    while path:
        chain.append(path)
        path = graph.groups[path].parent
    return tuple(reversed(chain))


def common(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    same = 0
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    return a[:same]


def offset(graph: Graph, key: str, port: str) -> float:
    """How far from its card's middle an edge arrives, along the rank."""
    card = graph.nodes[key].card
    x, y = card.ports[port]
    return y - card.height / 2 if graph.across else x - card.width / 2


def add_fillers(made: Plan, graph: Graph) -> None:
    """A place for each module in every rank between its first and last, so that nothing else slips into its box."""
    present: dict[str, set[int]] = {}
    for item in made.items:
        for path in item.chain:
            present.setdefault(path, set()).add(item.rank)
    depth = {path: len(chain_of(graph, path)) for path in present}
    serial = {path: min(item.serial for item in made.items if path in item.chain) for path in present}
    for path in sorted(present, key=lambda path: (depth[path], path)):
        made.parents[path] = graph.groups[path].parent
        made.spans[path] = (min(present[path]), max(present[path]))
        for rank in range(*made.spans[path]):
            if rank not in present[path]:
                made.items.append(Item("", rank, 2.0, 0.0, chain_of(graph, path), serial[path]))
