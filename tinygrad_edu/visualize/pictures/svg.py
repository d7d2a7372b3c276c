"""A laid out graph as SVG. The same graph gives the same bytes.

Elements have ids by which the page and other tools find them: ``s3`` a step's card, ``v0`` a value's, ``f0`` the sum of a
value's gradients, ``u7`` the steps from 7 on in one card, ``m1`` a module's box, ``e3-0`` the edge to step 3's first input (its
path runs from what made the value to the step), ``ef0`` the edge from a sum to its value. What a :class:`Run` is marked with,
``forward`` or ``backward`` and more, are classes of its text.
"""

from __future__ import annotations

import math

from ..text import text_width, xml
from .boxes import Line, Run, coordinate, element
from .graph import Edge, Graph
from .layout import Layout, Point, label_place
from .legend import Legend
from .style import PAPER, style_sheet

__all__ = ["svg_text"]

MARGIN = 16.0


def svg_text(graph: Graph, layout: Layout, legend: Legend | None = None) -> str:
    """The whole picture."""
    head = legend.height if legend else 0.0
    width = max(layout.width, legend.width if legend else 0.0) + 2 * MARGIN
    height = layout.height + 2 * MARGIN + head
    size = f'width="{coordinate(width)}" height="{coordinate(height)}" viewBox="0 0 {coordinate(width)} {coordinate(height)}"'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" class="pass" {size} role="img">', f"<style>{style_sheet()}</style>"]
    out.append(f'<rect class="paper" width="100%" height="100%" fill="{PAPER}"/>')
    if legend:
        out.insert(1, f"<title>{xml(legend.title)}</title>")
        legend.svg(out, MARGIN, MARGIN, width - 2 * MARGIN)
    left = MARGIN + (width - 2 * MARGIN - layout.width) / 2
    out.append(f'<g class="graph" transform="translate({coordinate(left)},{coordinate(MARGIN + head)})">')
    for path, group in graph.groups.items():
        if path in layout.boxes:
            x, y, wide, tall = layout.boxes[path]
            out.append(f'<g id="{group.key}" class="module">')
            out.append(element("rect", x=x, y=y, width=wide, height=tall, rx=10))
            out.append("</g>")
    out.append('<g class="edges">')
    for edge in sorted(graph.edges, key=lambda edge: -edge.width):  # thin ones above thick ones
        edge_svg(out, edge, layout.routes[edge.key])
    out.append("</g>")
    for path, (x, y, _, _) in layout.boxes.items():
        group = graph.groups[path]
        title = Line([Run(group.name, 13, "indigo", True), Run(group.title, 11, "grey", gap=8)])
        out.append('<g class="title">')
        title.svg(out, x + 9, y + 4, title.width)
        out.append("</g>")
    for key, node in graph.nodes.items():
        out.append(node.card.svg(*layout.at[key]))
    for edge in graph.edges:
        if edge.label:
            label_svg(out, edge, graph, layout)
    out.append("</g>\n</svg>\n")
    return "\n".join(out)


def edge_svg(out: list[str], edge: Edge, route: list[Point]) -> None:
    """The curve, and the arrowhead as a shape of its own, for a marker could not take the edge's colour everywhere."""
    points = list(route)
    length = 7.0 + 1.6 * edge.width
    place, inner = (0, 1) if edge.arrow == "tail" else (-1, -2)
    tip, handle = points[place], points[inner]
    away = math.hypot(handle[0] - tip[0], handle[1] - tip[1]) or 1.0
    ux, uy = (handle[0] - tip[0]) / away, (handle[1] - tip[1]) / away
    base = (tip[0] + ux * length, tip[1] + uy * length)
    points[place] = (tip[0] + ux * length * 0.8, tip[1] + uy * length * 0.8)
    points[inner] = (handle[0] + ux * length * 0.5, handle[1] + uy * length * 0.5)
    path = f"M{pair(points[0])}C" + " ".join(pair(point) for point in points[1:])
    tip_text = f"<title>{xml(edge.tip)}</title>" if edge.tip else None
    dashes = "5 4" if edge.dashed else None
    out.append(
        element(
            "path",
            tip_text,
            id=edge.key,
            class_="edge",
            d=path,
            stroke=edge.colour,
            stroke_width=edge.width,
            stroke_dasharray=dashes,
        )
    )
    half = 2.4 + 0.8 * edge.width
    side = (-uy * half, ux * half)
    corners = (tip, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1]))
    out.append(element("path", class_="arrow", d="M" + "L".join(pair(corner) for corner in corners) + "z", fill=edge.colour))


def label_svg(out: list[str], edge: Edge, graph: Graph, layout: Layout) -> None:
    """The edge's word near its middle, on a patch of paper; with two strokes where the gradient was cut off."""
    bars = 12 if edge.cut else 0
    wide = text_width(edge.label, 9) + 6 + bars
    x, y = label_place(graph, layout, layout.routes[edge.key], wide)
    out.append(f'<g class="label" data-edge="{edge.key}">')
    out.append(element("rect", x=x - wide / 2, y=y - 7, width=wide, height=13, rx=3, fill=PAPER, fill_opacity=".9"))
    if edge.cut:
        out.append(element("path", class_="cut", d="".join(f"M{pair((x - wide / 2 + dx, y + 4))}l4 -8" for dx in (2, 6))))
    out.append(element("text", xml(edge.label), x=x + bars / 2, y=y + 3, class_="t9 c-warn n"))
    out.append("</g>")


def pair(point: Point) -> str:
    return f"{coordinate(point[0])} {coordinate(point[1])}"
