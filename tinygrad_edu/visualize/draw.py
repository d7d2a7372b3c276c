"""``draw``: the picture of a pass, as a :class:`graphviz.Digraph` that draws itself without Graphviz."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import graphviz

from .build import build
from .dot import dot_body
from .engines import graphviz_layout, render
from .graph import Graph
from .layered import layered_layout
from .layout import Layout, crossings, ink, spread, straighten
from .legend import make_legend
from .svg import svg_text
from .trace import Trace
from .tracing import trace

__all__ = ["Drawing", "draw"]

PathLike = str | os.PathLike[str]

DIRECTIONS = ("LR", "TB")
OURS = ("svg", "dot", "gv")  # formats that are text of our own
LEGEND_WIDTH = 620.0
SMALL = 60  # nodes: up to it several layouts are tried
NO_GRAPHVIZ = (
    "drawing {} needs Graphviz: pip install tinygrad-edu[viz] (or install Graphviz so that dot is on the PATH); "
    "SVG and DOT need nothing: use format='svg'"
)


class Drawing(graphviz.Digraph):
    """The picture of a trace.

    It is a :class:`graphviz.Digraph`: ``source`` is its DOT text, ``save``, ``render`` and ``pipe`` write it. SVG is our own
    and needs no Graphviz, in a notebook too; other formats are Graphviz's, from ``dot`` on the PATH or from pygraphviz.
    """

    def __init__(
        self,
        trace: Trace,
        depth: int | None = None,
        format: str | None = None,
        title: str | None = None,
        direction: str | None = None,
    ) -> None:
        if direction not in (None, *DIRECTIONS):
            raise ValueError(f"draw(): direction must be 'LR' or 'TB', but got {direction!r}")
        super().__init__("pass", format=format or "svg")
        self.trace = trace
        self.title = f"Backward from {trace.values[trace.root].name}" if title is None else title
        self.graph: Graph = build(trace, depth, direction)
        self._made_with = (trace, depth, format, title, direction)
        self.body = dot_body(self.graph, make_legend(trace, self.graph, self.title, LEGEND_WIDTH))

    @cached_property
    def layout(self) -> Layout:
        """Where everything stands: by Graphviz where it is, else by our own layout."""
        return best_layout(self.graph)

    def copy(self) -> Drawing:
        """The same picture anew."""
        return Drawing(*self._made_with)

    def svg(self, header: bool = True) -> str:
        """The picture as SVG; without its title and legend where ``header`` is false."""
        legend = make_legend(self.trace, self.graph, self.title, max(self.layout.width, LEGEND_WIDTH)) if header else None
        return svg_text(self.graph, self.layout, legend)

    def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **kwargs: Any) -> Any:
        """The picture's bytes in a format (text, where an ``encoding`` is given)."""
        form = (format or self.format).lower()
        if form in OURS:
            data: bytes | None = (self.svg() if form == "svg" else self.source).encode()
        else:
            data = render(self.source, form)
        if data is None:
            raise RuntimeError(NO_GRAPHVIZ.format(form.upper()))
        return data.decode(encoding) if encoding else data

    def render(
        self, filename: PathLike | None = None, directory: PathLike | None = None, view: bool = False, cleanup: bool = False,
        format: str | None = None, *args: Any, outfile: PathLike | None = None, **kwargs: Any,
    ) -> str:  # fmt: skip
        """Write the DOT text and, beside it, the picture; the picture's path."""
        if outfile is not None:
            target = Path(outfile)
            data = self.pipe(format or target.suffix[1:])
        else:
            data = self.pipe(format)
            source = Path(self.save(filename, directory=directory))
            target = source.with_name(f"{source.name}.{format or self.format}")
            if cleanup:
                source.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        if view:
            graphviz.view(str(target))
        return str(target)

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_html_(self) -> str:
        return f'<div style="overflow:auto">{self.svg()}</div>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        bundle = {"image/svg+xml": self._repr_svg_, "text/html": self._repr_html_}
        wanted = [kind for kind in bundle if (not include or kind in include) and kind not in (exclude or ())]
        return {kind: bundle[kind]() for kind in wanted}


def best_layout(graph: Graph) -> Layout:
    """The layout with the fewest crossings of a few: Graphviz's, where it is, and our own. Of a large graph the first."""
    small = len(graph.nodes) <= SMALL
    found = [graphviz_layout(graph)]
    if small and found[0] is not None:
        found.append(graphviz_layout(graph, lambda items: items[::-1]))
    if small or found[0] is None:
        found.append(layered_layout(graph))
    layouts = [layout for layout in found if layout is not None]
    for layout in layouts:
        spread(graph, layout)
        straighten(graph, layout)
    return min(layouts, key=lambda layout: (crossings(layout), ink(layout))) if len(layouts) > 1 else layouts[0]


def draw(
    loss: Any,
    names: Mapping[str, Any] | None = None,
    depth: int | None = None,
    format: str | None = None,
    path: PathLike | None = None,
    title: str | None = None,
    direction: str | None = None,
) -> Drawing:
    """The picture of a forward and backward pass: values, gradients, and what each operation multiplies them with.

    Args:
        loss: the tensor that was differentiated, or a :class:`Trace` of it.
        names: what tensors are called, such as ``locals()``; otherwise modules' paths, then a, b, c in the order of execution.
        depth: how many levels of modules are opened; deeper ones are one card each. Above about 150 operations the depth is
            chosen, and what repeats is folded, a long loop even above 60, so that the picture stays readable.
        format: ``"svg"`` (the default), or a format of Graphviz's such as ``"png"`` and ``"pdf"``, which needs Graphviz.
        path: a file to write, in the format that its suffix names.
        title: the picture's title; the name of the loss is part of it otherwise.
        direction: ``"LR"``, from left to right, which suits numbers, or ``"TB"``, from top to bottom, which suits tensors.

    Returns:
        a :class:`graphviz.Digraph` whose ``source`` is DOT, and that a notebook shows. The same program gives the same bytes.

    Raises:
        RuntimeError: for a format that needs Graphviz where there is none.
    """
    found = loss if isinstance(loss, Trace) else trace(loss, names)
    suffix = Path(path).suffix[1:].lower() if path is not None else ""
    picture = Drawing(found, depth, format or suffix or None, title, direction)
    if path is not None:
        picture.render(outfile=path, format=format or suffix or "svg")
    return picture
