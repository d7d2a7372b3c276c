"""The head of a picture: its title, what was drawn, and what colours and lines mean."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..numbers import NEGATIVE, POSITIVE, ZERO, edge_colour, edge_width, number
from ..text import clip
from ..trace import Trace
from .boxes import Line, Run, coordinate, element
from .graph import Graph
from .style import BLOCKED

__all__ = ["Legend", "make_legend"]

ROW = 20.0
SCALE_STEPS = 12


@dataclass(slots=True)
class Item:
    """A piece of the legend: a drawing of some width, then words."""

    kind: str  # "text", "scale", "dashed", "signs"
    line: Line
    art: float = 0.0

    @property
    def width(self) -> float:
        return self.art + self.line.width


@dataclass(slots=True)
class Legend:
    """Title, subtitle and items, broken into rows that fit the picture."""

    title: str
    subtitle: str
    items: list[Item]
    room: float
    rows: list[list[Item]] = field(init=False)
    width: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        self.rows = [[]]
        room = max(self.room, max((item.width for item in self.items), default=0.0))
        used = 0.0
        for item in self.items:
            if self.rows[-1] and used + item.width > room:
                self.rows.append([])
                used = 0.0
            self.rows[-1].append(item)
            used += item.width + 20
        self.width = max(room, Line(self.heading()).width, Line(self.below()).width)
        self.height = 26 + (16 if self.subtitle else 0) + ROW * len(self.rows) + 10

    def heading(self) -> list[Run]:
        return [Run(clip(self.title, max(self.room, 320.0), 18, True), 18, "ink", True)]

    def below(self) -> list[Run]:
        return [Run(self.subtitle, 11, "grey")]

    def svg(self, out: list[str], x: float, y: float, width: float) -> None:
        out.append('<g class="legend">')
        heading = Line(self.heading())
        heading.svg(out, x, y, heading.width)
        y += 26
        if self.subtitle:
            Line(self.below()).svg(out, x, y, width)
            y += 16
        for row in self.rows:
            left = x
            for item in row:
                self.item_svg(out, item, left, y)
                left += item.width + 20
            y += ROW
        out.append("</g>")

    def item_svg(self, out: list[str], item: Item, x: float, y: float) -> None:
        middle = y + 8
        if item.kind == "scale":
            step = (item.art - 6) / SCALE_STEPS
            for i in range(SCALE_STEPS):
                share = i / (SCALE_STEPS - 1)
                tall = edge_width(share) * 1.6
                place = {"x": x + i * step, "y": middle - tall / 2, "width": step + 0.2, "height": tall}
                out.append(element("rect", **place, fill=edge_colour(share)))
        elif item.kind == "dashed":
            path = f"M{coordinate(x)} {coordinate(middle)}h{coordinate(item.art - 6)}"
            out.append(element("path", d=path, stroke=BLOCKED, stroke_width=1.4, stroke_dasharray="5 4"))
        elif item.kind == "signs":
            for i, colour in enumerate((NEGATIVE, ZERO, POSITIVE)):
                place = {"x": x + i * 14, "y": middle - 6, "width": 14, "height": 12}
                out.append(element("rect", **place, fill=colour, stroke="#d3d9e2", stroke_width=0.8))
        item.line.svg(out, x + item.art, middle - item.line.height / 2, item.line.width)


def make_legend(trace: Trace, graph: Graph, title: str, room: float) -> Legend:
    """The legend for a picture that is ``room`` wide. What does not occur in it is not explained."""
    steps, leaves = len(trace.steps), sum(value.kind in ("leaf", "parameter") for value in trace.values)
    parts = [f"{steps} operation{'s' * (steps != 1)}", f"{leaves} {'leaf' if leaves == 1 else 'leaves'}"]
    if trace.order > 1:
        parts.append("the graph of a gradient")
    parts.append("forward and backward" if trace.ran else "backward has not run: gradients are not known yet")
    if any(value.data is None and value.kind == "result" for value in trace.values):
        parts.append("record() a pass to see all its numbers")
    forward, backward = ("→", "←") if graph.across else ("↓", "↑")
    items = [Item("text", words(("value", "forward"), (f"{forward} forward", "grey")))]
    if trace.ran:
        items.append(Item("text", words(("gradient ∇", "backward"), (f"{backward} backward", "grey"))))
        items.append(Item("text", words(("∇ downstream", "backward"), ("= local ×", "ink"), ("∇ upstream", "backward"))))
    if graph.high > graph.low > 0:
        items.append(Item("scale", words((f"RMS of ∇: {number(graph.low)} to {number(graph.high)}", "grey")), 96))
    if any(edge.dashed for edge in graph.edges):
        items.append(Item("dashed", words(("no gradient, or exactly zero", "grey")), 40))
    if graph.grids:
        items.append(Item("signs", words(("negative, 0, positive", "grey")), 48))
    return Legend(title, " · ".join(parts), items, room)


def words(*parts: tuple[str, str]) -> Line:
    """A line of (text, colour); the colours of meaning are bold."""
    return Line(
        [Run(text, 11, colour, colour in ("forward", "backward"), gap=4 if i else 0) for i, (text, colour) in enumerate(parts)]
    )
