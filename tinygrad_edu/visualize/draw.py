"""``draw``: the picture of a pass."""

from __future__ import annotations

from .engines import graphviz_layout
from .graph import Graph, build, runs_across
from .layout import Layout
from .legend import make_legend
from .svg import svg_text
from .trace import Trace


class Drawing:
    """A trace, laid out once, that can be written as SVG."""

    def __init__(self, trace: Trace, depth: int | None = None, title: str | None = None, direction: str | None = None) -> None:
        self.trace = trace
        self.title = trace.values[trace.root].name if title is None else title
        across = runs_across(trace) if direction is None else direction == "LR"
        self.graph: Graph = build(trace, across)
        self.layout: Layout = graphviz_layout(self.graph)

    def svg(self, header: bool = True) -> str:
        """The picture; without its title and legend where ``header`` is false."""
        legend = make_legend(self.trace, self.graph, self.title, self.layout.width) if header else None
        return svg_text(self.graph, self.layout, legend)
