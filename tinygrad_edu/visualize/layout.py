"""Where things stand: the result of a layout, whichever engine made it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .graph import Graph
from .text import text_width

__all__ = ["GROUP_TITLE", "Layout", "Point", "crossings", "group_title_width"]

Point = tuple[float, float]
GROUP_TITLE = 20.0  # the height of a module's title


@dataclass(slots=True)
class Layout:
    """Upper left corners of cards, routes of edges (cubic Bézier: start, then threes), boxes of modules (x, y, width, height)."""

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
        (1 - t) ** 3 * points[i] + 3 * (1 - t) ** 2 * t * points[i + 1] + 3 * (1 - t) * t**2 * points[i + 2] + t**3 * points[i + 3]
        for i in range(0, len(points) - 1, 3)
    ]
    return np.concatenate([curve if i == 0 else curve[1:] for i, curve in enumerate(curves)])


def crossings(graph: Graph, layout: Layout) -> int:
    """How many pairs of edges cross; edges that share an end do not count."""
    ends, starts, stops, owner = [], [], [], []
    for place, edge in enumerate(graph.edges):
        points = sample(layout.routes[edge.key])
        ends.append((edge.tail, edge.head))
        starts.append(points[:-1])
        stops.append(points[1:])
        owner.append(np.full(len(points) - 1, place))
    if not ends:
        return 0
    p, q, who = np.concatenate(starts), np.concatenate(stops), np.concatenate(owner)
    found = set()
    for i in range(len(p)):
        a, b = p[i], q[i]
        rest = slice(i + 1, None)
        c, d = p[rest], q[rest]
        near = (np.minimum(c, d) <= np.maximum(a, b)).all(1) & (np.maximum(c, d) >= np.minimum(a, b)).all(1) & (who[rest] != who[i])
        for j in np.flatnonzero(near) + i + 1:
            first, second = ends[who[i]], ends[who[j]]
            if set(first).isdisjoint(second) and turn(a, b, p[j]) * turn(a, b, q[j]) < 0 and turn(p[j], q[j], a) * turn(p[j], q[j], b) < 0:
                found.add((who[i], who[j]))
    return len(found)


def turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
