"""A graph in Graphviz's language, with the same cards as the SVG. It is text: nothing here needs a binary."""

from __future__ import annotations

from ..text import dot_string
from .boxes import COLOURS, Line, Run
from .graph import Edge, Graph, nested
from .legend import Legend
from .style import GROUP_BORDER, GROUP_FILL, UNUSED

__all__ = ["dot_body"]

DOT_FONT = "Helvetica,Arial,sans-serif"


def dot_body(graph: Graph, legend: Legend | None = None) -> list[str]:
    """The lines between the braces of ``digraph { }``."""
    label = f"label=<{heading(legend)}>" if legend else 'label=""'
    lines = [
        f"graph [rankdir={'LR' if graph.across else 'TB'} nodesep=0.36 ranksep={0.62 if graph.across else 0.5} "
        f'fontname="{DOT_FONT}" labelloc=t labeljust=l tooltip=" " {label}]',
        f'node [shape=plain fontname="{DOT_FONT}" fontcolor="{COLOURS["ink"]}"]',
        f'edge [fontname="{DOT_FONT}" fontsize=9 fontcolor="{COLOURS["warn"]}" color="{UNUSED}" arrowsize=0.7]',
    ]
    depth = 0
    for path, members in nested(graph):
        if members is None:
            depth -= 1
            lines.append("  " * depth + "}")
            continue
        if path:
            group = graph.groups[path]
            title = Line([Run(group.name, 13, "indigo", True), Run(group.title, 11, "grey", gap=8)]).html()
            style = f'style="rounded,filled" fillcolor="{GROUP_FILL}" color="{GROUP_BORDER}" margin=12 labeljust=l'
            lines.append("  " * depth + f"subgraph cluster_{group.key} {{ graph [id={group.key} {style} label=<{title}>]")
            depth += 1
        lines += ["  " * depth + node.card.dot() for node in members]
    lines += [edge_line(graph, edge) for edge in graph.edges]
    return [line + "\n" for line in lines]


def heading(legend: Legend) -> str:
    rows = [
        legend.heading(),
        legend.below(),
        [run for item in legend.items if item.kind == "text" for run in spaced(item.line)],
    ]
    cells = "".join(f'<TR><TD ALIGN="LEFT">{Line(runs).html()}</TD></TR>' for runs in rows if any(run.text for run in runs))
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{cells}</TABLE>'


def spaced(line: Line) -> list[Run]:
    return [*line.runs, Run("    ", 11)]


def edge_line(graph: Graph, edge: Edge) -> str:
    out, into = ("e", "w") if graph.across else ("s", "n")
    named = graph.nodes[edge.head].card.inputs is not None
    head = f"{edge.head}:{edge.head_port}:{into}" if named else f"{edge.head}:{into}"
    facts = [f'id="{edge.key}"', f'color="{edge.colour}"', f"penwidth={edge.width:g}"]
    facts.append("dir=back" if edge.arrow == "tail" else "dir=forward")
    if edge.dashed:
        facts.append("style=dashed")
    if edge.label:
        facts.append(f"xlabel={dot_string(edge.label)}")
    if edge.tip:
        facts.append(f"tooltip={dot_string(edge.tip)}")
    return f"{edge.tail}:{out} -> {head} [{' '.join(facts)}]"
