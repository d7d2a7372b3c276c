"""The card of many steps that are drawn as one: what goes in and out, parameters, and how large the gradients are."""

from __future__ import annotations

import math

from ..numbers import norm, number, shape_text
from ..text import clip
from ..trace import Trace, Value
from .boxes import Box, Line, Run, Table
from .card import Card, Section
from .fold import Unit

__all__ = ["unit_card"]

WIDTH = 320.0


def unit_card(trace: Trace, unit: Unit) -> Card:
    """``fc1  Linear × 12``, shapes, parameters, gradient norms."""
    steps = trace.steps[unit.start : unit.stop]
    inside = range(unit.start, unit.stop)
    kinds = {module.path: module.kind for module in trace.modules}
    count = (unit.stop - unit.start) // unit.repeats
    if unit.path:
        name = unit.path if unit.last_path == unit.path else f"{unit.path} … {unit.last_path}"
        runs = [Run(clip(name, WIDTH, 15, True), 15, "indigo", True), Run(kinds.get(unit.path, ""), 11, "grey", gap=8)]
    else:
        runs = [Run(f"{count} operation{'s' * (count != 1)}", 15, "indigo", True)]
    if unit.repeats > 1:
        runs.append(Run(f"× {unit.repeats}", 15, "violet", True, gap=8))
    symbols = " · ".join(step.symbol for step in steps[: min(count, 12)]) + (" · …" if count > 12 else "")
    sections = [Section(Line(runs), pad_y=4), Section(Line([Run(clip(symbols, WIDTH, 11), 11, "slate")]), pad_y=3, line=False)]
    taken = unique(trace, [entry.value for step in steps for entry in step.inputs])
    parameters = [value for value in taken if value.kind in ("parameter", "leaf") and value.made_by is None]
    coming = [value for value in taken if value.made_by is not None and value.made_by not in inside and value.kind != "data"]
    data = [value for value in taken if value.made_by is None and value.kind == "data"]
    going = [
        trace.values[out] for step in steps for out in step.outputs
        if out == trace.root or any(user not in inside for user, _ in trace.values[out].used_by)
    ]  # fmt: skip
    rows: list[list[Box | None]] = []
    rows.append([_word("shapes"), Line([Run(f"{_shapes(coming or data)} → {_shapes(going)}", 11)])])
    if parameters:
        total = sum(math.prod(value.shape) for value in parameters)
        grads = [norm(value.grad) for value in parameters if value.grad is not None]
        runs = [Run(f"{total:,}", 11, "ink", True)]
        if grads:
            runs.append(Run(f"‖∇‖ {number(math.hypot(*grads))}", 11, "backward", True, "backward", gap=10))
        rows.append([_word("parameters"), Line(runs)])
    if trace.ran:
        down = [norm(v.grad) for v in coming if v.grad is not None]
        up = [norm(v.grad) for v in going if v.grad is not None]
        runs = [Run(f"‖{number(math.hypot(*up))}‖" if up else "none", 11, "backward", bool(up), "backward")]
        if down:
            runs += [
                Run("→", 11, "grey", gap=5),
                Run(f"‖{number(math.hypot(*down))}‖", 11, "backward", True, "backward", gap=5),
            ]
        rows.append([_word("∇ upstream → downstream" if down else "∇ upstream"), Line(runs)])
    sections.append(Section(Table(rows, "rl", gap_x=8, gap_y=1), pad_y=5))
    bad = next((place for place in (trace.bad, trace.bad_backward) if place is not None and place in inside), None)
    if bad is not None:
        source = trace.steps[bad].source
        where = f"{source.file}:{source.line}" if source else trace.steps[bad].symbol
        text = clip(f"the first NaN or infinity is made in here: {where}", WIDTH, 11, True)
        sections.insert(0, Section(Line([Run(text, 11, "backward", True)]), pad_y=4))
    tip = f"{unit.stop - unit.start} operations, folded; a larger depth opens modules"
    return Card(f"u{unit.start}", "folded", sections, tip, "step unit", bad is not None)


def unique(trace: Trace, numbers: list[int]) -> list[Value]:
    return [trace.values[number_] for number_ in dict.fromkeys(numbers)]


def _word(text: str) -> Line:
    return Line([Run(text, 9, "grey")])


def _shapes(values: list[Value]) -> str:
    shapes = list(dict.fromkeys(shape_text(value.shape) for value in values))
    return ", ".join(shapes[:3]) + (", …" if len(shapes) > 3 else "") if shapes else "()"
