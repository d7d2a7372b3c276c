"""From a trace to a graph: which cards are drawn, where they stand, and what lies between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..numbers import edge_colour, edge_share, edge_width, rms
from ..text import clip
from ..trace import Input, Trace, Value
from .arrays import is_scalar
from .cards import fan_out_card, step_card, value_card
from .fold import Unit, fold
from .folded import unit_card
from .graph import Edge, Graph, Group, set_ports
from .style import BLOCKED

__all__ = ["build"]


def build(trace: Trace, depth: int | None = None, direction: str | None = None) -> Graph:
    """The graph of a trace: every step a card, unless :func:`fold` put many into one."""
    across = runs_across(trace) if direction is None else direction == "LR"
    with np.errstate(all="ignore"):  # infinities and NaN are drawn, not reported
        return _Builder(trace, fold(trace, depth), across).graph


def runs_across(trace: Trace) -> bool:
    """Graphs of single numbers run from left to right, networks from top to bottom."""
    return all(is_scalar(value.data, value.shape) for value in trace.values)


class _Builder:
    """One graph in the making."""

    def __init__(self, trace: Trace, units: Sequence[Unit], across: bool) -> None:
        self.trace = trace
        self.graph = Graph(across=across)
        self.unit_of: list[Unit] = [unit for unit in units for _ in range(unit.start, unit.stop)]
        self.add_groups()
        self.hidden = {value.id for value in trace.values if self.is_inside(value)}
        leaves = [value for value in trace.values if value.made_by is None and value.id not in self.hidden]
        for value in leaves:
            if value.used_by or value.id == trace.root:
                self.graph.add(value_card(trace, value), self.home(value))
        for unit in units:
            if unit.folded:
                self.graph.add(unit_card(trace, unit), self.known(unit.parent))
            else:
                self.graph.add(step_card(trace, trace.steps[unit.start], across), self.known(trace.steps[unit.start].module))
        self.fans = {value.id for value in trace.values if len(self.gradient_edges(value)) > 1}
        for number in sorted(self.fans):
            self.add_sum(trace.values[number])
        self.add_uses()
        shown = [value for value in leaves if value.used_by] + [
            trace.values[n] for u in units if not u.folded for n in trace.steps[u.start].outputs
        ]
        self.graph.grids = any(value.data is not None and value.data.size > 1 for value in shown)
        colour_edges(self.graph)
        drop_empty_groups(self.graph)
        set_ports(self.graph)

    # -- where things stand ---------------------------------------------------------------------------------------------------

    def add_groups(self) -> None:
        paths = [step.module for step in self.trace.steps]
        calls = Counter(path for path, before in zip(paths, ["", *paths], strict=False) if path != before)
        parents = {module.parent for module in self.trace.modules}
        for place, module in enumerate(self.trace.modules):
            # A layer that is called here and there (one ReLU for all) would stretch its box over what lies between.
            if module.path and (calls[module.path] < 2 or module.path in parents):
                title = short_title(module.text)
                title = "" if title == module.path.rpartition(".")[2] else title
                self.graph.groups[module.path] = Group(f"m{place}", module.path, title, module.parent)
        for group in self.graph.groups.values():
            group.parent = self.known(group.parent)

    def known(self, path: str) -> str:
        """The innermost module around ``path`` that has a box."""
        while path and path not in self.graph.groups:
            path = path.rpartition(".")[0]
        return path

    def home(self, value: Value) -> str:
        """The module in which a leaf stands: the only one that uses it, where it is its parameter or buffer."""
        paths = {
            self.unit_of[step].parent if self.unit_of[step].folded else self.trace.steps[step].module
            for step, _ in value.used_by
        }
        path = self.known(paths.pop()) if len(paths) == 1 else ""
        return path if value.kind == "parameter" or value.name.startswith(path + ".") else ""

    def is_inside(self, value: Value) -> bool:
        """Whether a value is a leaf that only one folded unit uses: then it is not drawn but counted."""
        units = {id(self.unit_of[step]) for step, _ in value.used_by}
        return value.made_by is None and len(units) == 1 and self.unit_of[value.used_by[0][0]].folded

    # -- edges ----------------------------------------------------------------------------------------------------------------

    def node_of(self, step: int) -> str:
        unit = self.unit_of[step]
        return f"u{unit.start}" if unit.folded else f"s{step}"

    def maker(self, value: Value) -> tuple[str, str]:
        """The card that a value comes from, and its port."""
        if value.made_by is None:
            return f"v{value.id}", "o"
        key = self.node_of(value.made_by)
        return (key, "o") if key[0] == "u" else (key, f"o{value.output}")

    def gradient_edges(self, value: Value) -> set[tuple[str, int]]:
        """The different edges along which gradients come back to a value's card."""
        if value.id in self.hidden:
            return set()
        source = self.maker(value)[0]
        found = set()
        for step, place in value.used_by:
            head = self.node_of(step)
            if head != source and self.trace.steps[step].inputs[place].needs_grad and not self.trace.steps[step].cut:
                found.add((head, 0 if head[0] == "u" else place))
        return found

    def add_sum(self, value: Value) -> None:
        card = fan_out_card(self.trace, value)
        paths = [self.graph.nodes[self.node_of(step)].group for step, _ in value.used_by]
        self.graph.add(card, self.known(shared_path([*paths, self.graph.nodes[self.maker(value)[0]].group])))
        edge = Edge(f"ef{value.id}", self.maker(value)[0], card.key, self.maker(value)[1], "i")
        self.size(edge, value.grad, any(self.trace.steps[step].ran for step, _ in value.used_by))
        self.graph.edges.append(edge)

    def add_uses(self) -> None:
        """An edge for every use; uses by a folded unit are one edge for each value, and from a folded unit one edge in all."""
        merged: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
        for step in self.trace.steps:
            head = self.node_of(step.id)
            for place, entry in enumerate(step.inputs):
                value = self.trace.values[entry.value]
                tail = self.maker(value)[0]
                if value.id in self.hidden or head == tail:
                    continue
                if head[0] == "s":
                    self.add_use([(step.id, place)])
                else:
                    alone = tail[0] != "u" or value.id in self.fans
                    merged.setdefault((tail, head, value.id if alone else -1), []).append((step.id, place))
        for uses in merged.values():
            self.add_use(uses)

    def add_use(self, uses: list[tuple[int, int]]) -> None:
        step, place = self.trace.steps[uses[0][0]], uses[0][1]
        value = self.trace.values[step.inputs[place].value]
        entries = [(self.trace.steps[number], self.trace.steps[number].inputs[at]) for number, at in uses]
        wanted = [entry for user, entry in entries if entry.needs_grad and not user.cut]
        head = self.node_of(step.id)
        tail, port = (f"f{value.id}", "o") if value.id in self.fans and wanted else self.maker(value)
        edge = Edge(f"e{step.id}-{place}", tail, head, port, f"i{place}" if head[0] == "s" else "i")
        self.graph.edges.append(edge)
        if wanted:
            self.size(edge, joined(wanted), any(user.ran for user, _ in entries))
            return
        edge.dashed, edge.arrow = True, "head"
        edge.label, edge.cut = (step.cut, True) if step.cut and len(uses) == 1 else ("", False)
        edge.tip = f"{step.cut}: the gradient ends here" if step.cut else f"{value.name}: no gradient needed"

    def size(self, edge: Edge, gradient: np.ndarray | None, reached: bool) -> None:
        """``reached``: whether the backward pass came along it, known or not."""
        if gradient is None:
            edge.tip = "not recorded" if reached else "no gradient came" if self.trace.ran else "backward has not run"
            edge.colour, edge.width, edge.dashed = BLOCKED, 1.3, self.trace.ran and not reached
            return
        edge.size = rms(gradient)
        if edge.size == 0:
            edge.colour, edge.width, edge.dashed = BLOCKED, 1.3, True
            edge.label, edge.tip = ("blocked", "the gradient is exactly zero") if gradient.size else ("", "no elements")


def joined(entries: list[Input]) -> np.ndarray | None:
    """What comes back along several uses: the sum for each value, all of them side by side."""
    sums: dict[int, np.ndarray] = {}
    for entry in entries:
        if entry.downstream is not None:
            sums[entry.value] = sums[entry.value] + entry.downstream if entry.value in sums else entry.downstream
    return np.concatenate([array.ravel() for array in sums.values()]) if sums else None


def short_title(text: str) -> str:
    """A module's printed form with what matters: ``Linear(4 → 3)``."""
    first, _, more = text.partition("\n")
    first = re.sub(r"in_\w+=(\d+), out_\w+=(\d+)", r"\1 → \2", first)
    first = re.sub(r"^(Conv\w*)\((\d+), (\d+), ", r"\1(\2 → \3, ", first)
    first = re.sub(
        r"(, |(?<=\())(inplace|bias|affine|elementwise_affine|track_running_stats|ceil_mode)=(True|False)", "", first
    )
    first = re.sub(r", (padding=0|dilation=1|eps=1e-05|momentum=0\.1)(?=[,)])", "", first)
    return clip(first.rstrip("(") if more else first.removesuffix("(...)"), 240, 11)


def shared_path(paths: list[str]) -> str:
    """The innermost module that has all of ``paths`` in it."""
    parts = [path.split(".") if path else [] for path in paths]
    same = 0
    while all(len(part) > same and part[same] == parts[0][same] for part in parts):
        same += 1
    return ".".join(parts[0][:same])


def colour_edges(graph: Graph) -> None:
    """Width and colour of each edge show the logarithm of its gradient's RMS."""
    sizes = [edge.size for edge in graph.edges if edge.size and np.isfinite(edge.size)]
    if sizes:
        graph.low, graph.high = min(sizes), max(sizes)
    for edge in graph.edges:
        if edge.size:
            share = edge_share(edge.size, graph.low, graph.high)
            edge.colour, edge.width = edge_colour(share), edge_width(share)


def drop_empty_groups(graph: Graph) -> None:
    used = {node.group for node in graph.nodes.values()}
    for path in list(used):
        while path:
            path = graph.groups[path].parent
            used.add(path)
    graph.groups = {path: group for path, group in graph.groups.items() if path in used}
