"""Places and routes from Graphviz: from ``dot`` on the path, else from pygraphviz in this process.

Graphviz only sees empty boxes of our sizes, with the places where edges arrive; no text, so that its fonts do not matter.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .graph import Graph, Node, nested
from .layout import GROUP_TITLE, Layout, Point, group_title_width

__all__ = ["graphviz_layout", "render"]


PLAIN = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'


@lru_cache(maxsize=1)
def pygraphviz_module() -> Any:
    try:
        import pygraphviz
    except ImportError:
        return None
    return pygraphviz


def with_dot(source: str, form: str) -> bytes | None:
    program = shutil.which("dot")
    if program is None:
        return None
    try:
        done = subprocess.run([program, f"-T{form}"], input=source.encode(), capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


def with_pygraphviz(source: str, form: str) -> bytes | None:
    module = pygraphviz_module()
    if module is None:
        return None
    try:
        return module.AGraph(string=source).draw(format=form, prog="dot")
    except (OSError, ValueError, RuntimeError):
        return None


def render(source: str, form: str) -> bytes | None:
    """``source`` drawn by the first Graphviz that is there; None without any."""
    return with_dot(source, form) or with_pygraphviz(source, form)


def graphviz_layout(graph: Graph, order: Callable[[list], list] = list) -> Layout | None:
    """Graphviz's layout of the nodes in this order; None without Graphviz, or where it did not place everything."""
    answer = render(skeleton(graph, order), "json0")
    try:
        return read(graph, json.loads(answer)) if answer is not None else None
    except (KeyError, ValueError):
        return None


def skeleton(graph: Graph, order: Callable[[list], list] = list) -> str:
    """The graph for Graphviz: boxes of fixed size with ports."""
    lines = [
        "digraph {",
        f"rankdir={'LR' if graph.across else 'TB'} nodesep=0.36 ranksep={0.62 if graph.across else 0.5} charset=utf8",
        "node [shape=plain margin=0] edge [arrowhead=none]",
    ]
    aliases: dict[tuple[str, str], str] = {}
    for path, members in nested(graph, order):
        if members is None:
            lines.append("}")
            continue
        if path:
            group = graph.groups[path]
            size = f'WIDTH="{group_title_width(group.name, group.title):.0f}" HEIGHT="{GROUP_TITLE:.0f}"'
            label = f'<<TABLE {PLAIN} FIXEDSIZE="TRUE" {size}><TR><TD></TD></TR></TABLE>>'
            lines.append(f"subgraph cluster_{group.key} {{ margin=12 labeljust=l label={label}")
        lines += [box(node, graph.across, aliases) for node in members]
    out, into = ("e", "w") if graph.across else ("s", "n")
    for edge in order(graph.edges):
        tail, head = aliases[edge.tail, edge.tail_port], aliases[edge.head, edge.head_port]
        weight = 1 if edge.dashed or edge.tail.startswith("v") else 8
        lines.append(f"{edge.tail}:{tail}:{out} -> {edge.head}:{head}:{into} [id={json.dumps(edge.key)} weight={weight}]")
    return "\n".join([*lines, "}"])


def box(node: Node, across: bool, aliases: dict[tuple[str, str], str]) -> str:
    """An empty table: slices along one side, thin ones where edges arrive."""
    card = node.card
    length, other = (card.height, card.width) if across else (card.width, card.height)
    cells, at = [], 0
    marks: dict[int, list[str]] = {}
    for name, (x, y) in card.ports.items():
        place = min(max(round(y if across else x), 2), round(length) - 2)
        marks.setdefault(place - place % 2, []).append(name)
    for place in sorted(marks):
        for name in marks[place]:
            aliases[node.key, name] = marks[place][0]
        if place - 1 > at:
            cells.append((place - 1 - at, ""))
        cells.append((2, marks[place][0]))
        at = place + 1
    cells.append((round(length) - at, ""))
    made = []
    for size, port in cells:
        wide, tall = (other, size) if across else (size, other)
        made.append(
            f'<TD FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{tall:.0f}" PORT="{port}"></TD>'
            if port
            else f'<TD FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{tall:.0f}"></TD>'
        )
    rows = "".join(f"<TR>{cell}</TR>" for cell in made) if across else f"<TR>{''.join(made)}</TR>"
    return f"{node.key} [label=<<TABLE {PLAIN}>{rows}</TABLE>>]"


def read(graph: Graph, answer: dict[str, Any]) -> Layout:
    """Graphviz's answer in our coordinates: y grows downwards."""
    _, _, width, height = map(float, answer["bb"].split(","))
    layout = Layout(width, height)
    groups = {f"cluster_{group.key}": path for path, group in graph.groups.items()}
    for item in answer.get("objects", ()):
        if item["name"] in groups and "bb" in item:
            left, bottom, right, top = map(float, item["bb"].split(","))
            layout.boxes[groups[item["name"]]] = (left, height - top, right - left, top - bottom)
        elif item["name"] in graph.nodes:
            x, y = map(float, item["pos"].split(","))
            card = graph.nodes[item["name"]].card
            layout.at[item["name"]] = (x - card.width / 2, height - y - card.height / 2)
    paths = {item["id"]: item["pos"] for item in answer.get("edges", ())}
    for edge in graph.edges:
        points = [tuple(map(float, point.split(","))) for point in paths[edge.key].split() if point[0] not in "se"]
        route = [(x, height - y) for x, y in points]
        layout.routes[edge.key] = snapped(
            route, port_place(graph, layout, edge.tail, edge.tail_port), port_place(graph, layout, edge.head, edge.head_port)
        )
    return layout


def port_place(graph: Graph, layout: Layout, key: str, port: str) -> Point:
    x, y = layout.at[key]
    dx, dy = graph.nodes[key].card.ports[port]
    return x + dx, y + dy


def snapped(route: list[Point], start: Point, end: Point) -> list[Point]:
    """The route with its ends moved, and their handles with them, to exactly where they belong."""
    for place, handle, target in ((0, 1, start), (-1, -2, end)):
        dx, dy = target[0] - route[place][0], target[1] - route[place][1]
        route[handle] = (route[handle][0] + dx, route[handle][1] + dy)
        route[place] = target
    return route
