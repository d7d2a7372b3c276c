"""Where things stand: the result of a layout, whichever engine made it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ..text import text_width
from .graph import Graph

__all__ = [
    "GROUP_TITLE",
    "Layout",
    "Point",
    "crossings",
    "group_title_width",
    "ink",
    "label_place",
    "sample",
    "spread",
    "straighten",
]

Point = tuple[float, float]
TURN = 130.0  # pixels after which a route shows which way it goes
NEARLY = 18.0  # straight, in pixels
GROUP_TITLE = 20.0  # the height of a module's title


@dataclass(slots=True)
class Layout:
    """Upper left corners of cards, routes of edges (Bézier: start, then threes), boxes of modules (x, y, width, height)."""

    width: float
    height: float
    at: dict[str, Point] = field(default_factory=dict)
    routes: dict[str, list[Point]] = field(default_factory=dict)
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)


def group_title_width(path: str, title: str) -> float:
    """How wide the title of a module's box is."""
    return text_width(path, 13, True) + 8 + text_width(title, 11) + 16


def sample(route: list[Point], pieces: int = 6) -> np.ndarray:
    """Points along a route."""
    points = np.asarray(route, float)
    t = np.linspace(0, 1, pieces + 1)[:, None]
    curves = [
        (1 - t) ** 3 * points[i]
        + 3 * (1 - t) ** 2 * t * points[i + 1]
        + 3 * (1 - t) * t**2 * points[i + 2]
        + t**3 * points[i + 3]
        for i in range(0, len(points) - 1, 3)
    ]
    return np.concatenate([curve if i == 0 else curve[1:] for i, curve in enumerate(curves)])


def crossings(layout: Layout) -> int:
    """How many pairs of edges cross."""
    pieces = [sample(route, 4) for route in layout.routes.values()]
    if not pieces:
        return 0
    p, q = np.concatenate([points[:-1] for points in pieces]), np.concatenate([points[1:] for points in pieces])
    who = np.repeat(np.arange(len(pieces)), [len(points) - 1 for points in pieces])
    low, high = np.minimum(p, q), np.maximum(p, q)
    found = set()
    for i in range(len(p)):
        rest = slice(i + 1, None)
        near = (low[rest] <= high[i]).all(1) & (high[rest] >= low[i]).all(1) & (who[rest] != who[i])
        for j in np.flatnonzero(near) + i + 1:
            a, b, c, d = p[i], q[i], p[j], q[j]
            if turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0:
                found.add((who[i], who[j]))
    return len(found)


def ink(layout: Layout) -> float:
    """How long all edges are together, and how large the picture: what a layout should have little of."""
    lengths = sum(float(np.hypot(*np.diff(sample(route, 4), axis=0).T).sum()) for route in layout.routes.values())
    return lengths + layout.width + layout.height


def spread(graph: Graph, layout: Layout) -> None:
    """Ends of edges that share a place on a card's rim move apart along it, in the order in which they come."""
    shared: dict[tuple[str, str], list[tuple[float, str, bool]]] = {}
    along = 1 if graph.across else 0
    for edge in graph.edges:
        points = sample(layout.routes[edge.key])
        shared.setdefault((edge.tail, edge.tail_port), []).append((at_distance(points, along), edge.key, True))
        shared.setdefault((edge.head, edge.head_port), []).append((at_distance(points[::-1], along), edge.key, False))
    for (key, _), ends in shared.items():
        if len(ends) < 2:
            continue
        card = graph.nodes[key].card
        side = card.height if graph.across else card.width
        step = min(13.0, (side - 20) / len(ends))
        for place, (_, edge_key, first) in enumerate(sorted(ends)):
            move = (place - (len(ends) - 1) / 2) * step
            route = layout.routes[edge_key]
            side = route[0 if first else -1][along]
            last = len(route) - 1
            for i in range(last - 1) if first else range(last, 1, -1):
                if abs(route[i][along] - side) > 0.01:  # with all that goes straight on from there
                    break
                x, y = route[i]
                route[i] = (x, y + move) if graph.across else (x + move, y)


def at_distance(points: np.ndarray, along: int) -> float:
    """Which way a route goes: where it is after some of its length, or half of it."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    return float(np.interp(min(TURN, lengths[-1] / 2), lengths, points[:, along]))


def straighten(graph: Graph, layout: Layout) -> None:
    """An edge that is all but straight becomes straight: it leaves its card a little to the side of the middle."""
    along, onward = (1, 0) if graph.across else (0, 1)
    ends = Counter((edge.tail, edge.tail_port) for edge in graph.edges)
    sizes = {key: (node.card.width, node.card.height) for key, node in graph.nodes.items()}
    corners = np.array([layout.at[key] for key in sizes]).reshape(-1, 2)
    spans = np.array(list(sizes.values())).reshape(-1, 2)
    for edge in graph.edges:
        route = layout.routes[edge.key]
        side = route[-1][along]
        room = min(NEARLY, sizes[edge.tail][along] / 2 - 12)
        if ends[edge.tail, edge.tail_port] > 1 or max(abs(point[along] - side) for point in route) > room:
            continue
        start, stop = route[0][onward], route[-1][onward]
        hit = (np.abs(corners[:, along] + spans[:, along] / 2 - side) < spans[:, along] / 2 + 4) & (
            (corners[:, onward] < stop - 1) & (corners[:, onward] + spans[:, onward] > start + 1)
        )
        if not hit.any():
            layout.routes[edge.key] = [(x, side) if graph.across else (side, y) for x, y in route]


def label_place(graph: Graph, layout: Layout, route: list[Point], wide: float) -> Point:
    """A point on the route, near its middle, where a word of this width covers no card."""
    points = sample(route, 12)
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    places = [
        tuple(points[int(np.searchsorted(lengths, lengths[-1] * share))]) for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
    ]
    for x, y in places:
        if not any(
            ax - wide / 2 < x < ax + graph.nodes[key].card.width + wide / 2
            and ay - 8 < y < ay + graph.nodes[key].card.height + 8
            for key, (ax, ay) in layout.at.items()
        ):
            return float(x), float(y)
    return float(places[0][0]), float(places[0][1])


def turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
