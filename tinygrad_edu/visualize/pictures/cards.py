"""The cards of a trace: one for each step, for each value that no step made, and for each sum of gradients."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..numbers import norm, number, shape_text, size_text
from ..text import clip, one_line, wrap
from ..trace import Input, Step, Trace, Value
from .arrays import array_box, heat_box, is_scalar, labelled, scalar_run
from .boxes import Box, Line, Run, Table
from .card import Card, Section
from .special import shape_algebra, special_section
from .style import FAMILIES

__all__ = ["fan_out_card", "gradient_terms", "step_card", "value_card"]

NAME_WIDTH, FORMULA_WIDTH, RULE_WIDTH, NOTE_WIDTH = 150.0, 300.0, 200.0, 320.0
FORMULA_LINES, RULE_LINES = 3, 5
MOST_TERMS, MOST_CELLS = 6, 96
KINDS = {
    "parameter": "parameter",
    "leaf": "leaf",
    "data": "data · no gradient",
    "cut": "cut off",
    "result": "made before recording",
}


def name_run(name: str, size: int = 13, colour: str = "ink") -> Run:
    return Run(clip(name, NAME_WIDTH, size, True), size, colour, True)


def sized(shape: tuple[int, ...]) -> Run:
    """The shape, small; nothing for a number."""
    return Run(shape_text(shape) if shape else "", 9, "grey", gap=4)


# -- values that no step made ------------------------------------------------------------------------------------------------


def value_card(trace: Trace, value: Value) -> Card:
    """A leaf with its gradient, or data."""
    colour = FAMILIES[value.kind if value.kind in FAMILIES else "data"][2]
    head = Line([name_run(value.name, 15, colour), sized(value.shape), Run(KINDS[value.kind], 9, "grey", gap=6)])
    wants = value.kind in ("leaf", "parameter")
    size = 15 if wants else 13
    boxes: list[Box] = [labelled("value", "forward", array_box(value.data, "forward", size))]
    if wants:
        late = "∇ grad" if trace.ran else "∇ not yet"
        boxes.append(
            labelled(late, "backward" if trace.ran else "pale", array_box(value.grad if trace.ran else None, "backward", size))
        )
    body = Table([boxes], "c", gap_x=14)
    tip = f"{value.name}: {KINDS[value.kind]}, shape {shape_text(value.shape)}, {value.dtype}"
    family = value.kind if value.kind in FAMILIES else "data"
    card = Card(f"v{value.id}", family, [Section(head, pad_y=4, align="l"), Section(body, pad_y=4, line=False)], tip, "value")
    card.ports = {"o": (card.width, card.height / 2)}
    return card


# -- sums of gradients -------------------------------------------------------------------------------------------------------


def gradient_terms(trace: Trace, value: Value) -> list[Input]:
    """The edges along which gradients come back to ``value``, in the order in which they arrive."""
    uses = sorted(value.used_by, key=lambda use: (-use[0], use[1]))
    found = [trace.steps[step].inputs[place] for step, place in uses if not trace.steps[step].cut]
    return [entry for entry in found if entry.needs_grad]


def fan_out_card(trace: Trace, value: Value) -> Card:
    """``x is used 2×: its gradients add: −0.630 + −2.64 = −3.27``."""
    terms = gradient_terms(trace, value)
    head = Line([
        Run("Σ", 13, "violet", True), Run(clip(value.name, NAME_WIDTH, 11, True), 11, "violet", True, gap=5),
        Run(f"is used {len(terms)}×: its gradients add", 11, "violet", gap=3),
    ])  # fmt: skip
    arrays = [term.downstream for term in terms]
    return Card(f"f{value.id}", "sum", [Section(head, pad_y=4), Section(sum_box(trace, value, arrays), pad_y=4, line=False)],
                f"{value.name} is used {len(terms)} times, so its gradients add", "sum")  # fmt: skip


def sum_box(trace: Trace, value: Value, arrays: Sequence[np.ndarray | None]) -> Box:
    known = [array for array in arrays if array is not None]
    if not trace.ran or len(known) < len(arrays) or not known:
        arrived = "backward has not run" if not trace.ran else f"{len(known)} of {len(arrays)} gradients arrived"
        return Line([Run(arrived, 9, "pale", mark="backward")])
    small = is_scalar(value.data, value.shape)
    if not small and (len(known) > MOST_TERMS or known[0].size > MOST_CELLS):
        sizes = ", ".join(f"‖{number(norm(array))}‖" for array in known[:MOST_TERMS]) + (
            ", …" if len(known) > MOST_TERMS else ""
        )
        text = Line([Run(f"sizes {sizes}", 9, "grey", mark="backward")])
        return Table([[text, labelled("sum", "backward", array_box(value.grad, "backward"))]], "c", gap_x=10)
    shown = known if len(known) <= MOST_TERMS else known[: MOST_TERMS - 2]
    # many tensors: the terms as heat maps, the sum with its numbers
    plain = not small and (len(known) > 3 or known[0].size > 20)
    row: list[Box] = []
    for place, array in enumerate(shown):  # the page shows each term, and the sign before it, when it arrives
        mark = f"backward term{place}"
        box = heat_box(array, mark) if plain else array_box(array, mark, bold=not small)
        row += [box, _sign("+", f"term{place + 1}")]
    if len(shown) < len(known):
        rest = np.sum([np.asarray(array, np.float64) for array in known[len(shown) :]], axis=0).astype(known[0].dtype)
        more = [Run(f"{len(known) - len(shown)} more:", 9, "grey"), Run(number(rest), 13, "backward", mark="backward", gap=4)]
        row += [Line(more), _sign("+")]
    row[-1] = _sign("=")
    return Table([[*row, array_box(value.grad, "backward", 15)]], "c", gap_x=7)


# -- steps -------------------------------------------------------------------------------------------------------------------


Parts = tuple[list[Section], Section | None, list[tuple[int, int]]]
"""A card's sections, the one with its inputs, and the rows of each input in it."""


def step_card(trace: Trace, step: Step, across: bool) -> Card:
    """The card of an operation: an equation to be read along its rows when the graph runs ``across``, else a stack."""
    sections, inputs, rows = _equation(trace, step) if across else _stack(trace, step)
    if step.id in (trace.bad, trace.bad_backward):
        sections.insert(0 if across else sections.index(inputs) + 2 if inputs else 1, Section(_origin(trace, step), pad_y=4))
    special = special_section(trace, step)
    if special is not None:
        sections.append(Section(special, pad_y=5))
    foot = _foot(step)
    if foot is not None:
        sections.append(Section(foot, pad_y=3, align="l", line=across))
    family = "cut" if step.cut else step.family if step.family in FAMILIES else "other"
    bad = step.id in (trace.bad, trace.bad_backward)
    if inputs is not None:
        cells = [(last, 0) for _, last in rows] if across else [(0, place) for place in range(len(step.inputs))]
        inputs.box.ports = {cell: f"i{place}" for place, cell in enumerate(cells)}  # type: ignore[attr-defined]
    return Card(f"s{step.id}", family, sections, _tip(step), "step", bad, inputs=inputs, input_rows=rows)


def _head(trace: Trace, step: Step, value: bool, width: float = FORMULA_WIDTH) -> Box:
    """``ReLU  y = max(x, 0)``; a long formula goes on below."""
    family = step.family if step.family in FAMILIES else "other"
    out = trace.values[step.outputs[0]]
    first, *more = wrap(step.formula, width, 13, FORMULA_LINES)
    runs = [Run(clip(step.symbol, NAME_WIDTH, 15, True), 15, FAMILIES[family][2], True), Run(first, 13, "ink", gap=10)]
    if value:
        runs += [Run("=", 13, "grey", gap=6), scalar_run(out.data, "forward", 15)]
        runs[-1].gap = 6
    else:
        runs.append(sized(out.shape))
    return Table([[Line(runs)], *([Line([Run(line, 13, "ink")])] for line in more)], "c", gap_y=1) if more else Line(runs)


def _equation(trace: Trace, step: Step) -> Parts:
    """``∇ downstream = local × upstream``, a pair of rows for each input, all on the same columns."""
    outs = [trace.values[number_] for number_ in step.outputs]
    scalar = all(is_scalar(out.data, out.shape) for out in outs)
    sections = [Section(_head(trace, step, scalar and len(outs) == 1), pad_y=4, align="l")]
    if step.cut:
        return [*sections, Section(Line([Run(_cut_text(step), 11, "warn")]), pad_y=4, align="l")], None, []
    rows: list[list[Box | None]] = []
    spans: list[tuple[int, int]] = []
    inputs = None
    nabla, up = Line([Run("∇", 13, "backward" if trace.ran else "pale")]), array_box(outs[0].grad, "backward upstream", 15)
    for entry in step.inputs:
        value = trace.values[entry.value]
        top: list[Box | None] = [Line([name_run(value.name)]), array_box(value.data, "forward", 13)]
        if not entry.needs_grad:
            spans.append((len(rows), len(rows)))
            rows.append([*top, None, Line([Run("no gradient", 9, "pale")])])
            continue
        blocked = entry.local is not None and entry.downstream is not None and not np.any(entry.local)
        rule = clip(entry.rule, RULE_WIDTH, 9)
        down = array_box(entry.downstream, "backward", 15)
        first = not any(len(row) > 4 for row in rows)
        upstream = Line([Run("upstream ∇", 9, "backward" if trace.ran else "pale")]) if first else None
        if entry.local is not None or is_factor(entry.rule):
            worded = is_factor(entry.rule) and not is_constant(entry.rule)
            top += [None, Line([Run(rule if worded else "", 9, "grey")]), None, upstream]
            local: Box = array_box(entry.local, "local", 13)
            if blocked and scalar:
                local = Line([scalar_run(np.zeros(()), "local", 13), Run("blocked", 9, "warn", mark="local", gap=4)])
            row: list[Box | None] = [nabla, down, _sign("="), local, _sign("×"), up]
        else:
            top += [None, None, None, upstream]
            row = [nabla, down, _sign("="), Line([Run(clip(entry.rule, RULE_WIDTH, 11), 11)]), _sign("G ="), up]
        spans.append((len(rows), len(rows) + 1))
        rows += [top, row]
    if rows:
        inputs = Section(Table(rows, "lrccccl", gap_x=7, gap_y=1 if scalar else 5), pad_y=5, align="l")
        sections.append(inputs)
    if len(outs) > 1:
        sections.append(Section(_outputs(trace, outs), pad_y=5))
    elif not scalar:
        made = labelled(f"value {clip(outs[0].name, 90, 9)}", "forward", array_box(outs[0].data, "forward"))
        sections.append(Section(made, pad_y=5))
    if step.note and not any(entry.blocked for entry in step.inputs):
        note = Run(clip(step.note, NOTE_WIDTH, 9), 9, "warn", mark="forward")
        sections.append(Section(Line([note]), pad_y=3, align="l", line=False))
    return sections, inputs, spans


def _sign(text: str, place: str = "") -> Line:
    return Line([Run(text, 13, "grey", mark=f"backward {place}".strip())])


def is_factor(rule: str) -> bool:
    """Whether a rule is a local factor: one that does not name ``G``, the upstream gradient."""
    return bool(rule) and not re.search(r"(?<![A-Za-z0-9_.])G(?![A-Za-z0-9_.])", rule)


def is_constant(rule: str) -> bool:
    """Whether the rule's text says no more than its number: ``1``, ``−1``."""
    return re.fullmatch(r"[−-]?[\d.]+", rule) is not None


def _stack(trace: Trace, step: Step) -> Parts:
    """Inputs above, the operation in the middle, value and upstream gradient below."""
    sections = []
    outs = [trace.values[number_] for number_ in step.outputs]
    inputs = None
    if step.inputs:
        inputs = Section(
            Table([[_compartment(trace, step, entry) for entry in step.inputs]], "c", gap_x=16, ruled=True), pad_x=8, pad_y=4
        )
        sections.append(inputs)
    room = FORMULA_WIDTH if inputs is None else max(FORMULA_WIDTH, inputs.width - NAME_WIDTH)
    sections.append(Section(_head(trace, step, False, room), pad_y=4))
    if step.note and not step.cut:
        sections.append(Section(Line([Run(clip(step.note, NOTE_WIDTH, 9), 9, "warn", mark="forward")]), pad_y=2, line=False))
    algebra = shape_algebra(trace, step)
    if algebra:
        sections.append(Section(Line([Run(clip(algebra, NOTE_WIDTH, 9), 9, "grey")]), pad_y=2, line=False))
    if step.cut:
        sections.append(Section(Line([Run(_cut_text(step), 11, "warn")]), pad_y=4))
    else:
        sections.append(Section(_outputs(trace, outs, step), pad_y=5))
    return sections, inputs, []


def _outputs(trace: Trace, outs: list[Value], step: Step | None = None) -> Table:
    """Value, local factor where it is one grid, and upstream gradient of every output."""
    shown, rows = outs[:4], []
    late = "upstream ∇" if trace.ran else "∇ not yet"
    for out in shown:
        row: list[Box] = [labelled(f"value {clip(out.name, 90, 9)}", "forward", array_box(out.data, "forward"))]
        gate = _gate(step)
        if gate is not None:
            row.append(labelled("local " + clip(gate.rule, 90, 9), "grey", array_box(gate.local, "local")))
        if step is None or any(entry.needs_grad for entry in step.inputs):
            upstream = array_box(out.grad if trace.ran else None, "backward upstream")
            row.append(labelled(late, "backward" if trace.ran else "pale", upstream))
        rows.append(row)
    if len(outs) > len(shown):
        rows.append([Line([Run(f"… {len(outs) - len(shown)} more outputs", 9, "grey")])])
    return Table(rows, "c", gap_x=14, gap_y=5)


def _gate(step: Step | None) -> Input | None:
    """The one input whose local factor deserves a grid of its own: it differs from place to place."""
    if step is None:
        return None
    wanted = [entry for entry in step.inputs if entry.needs_grad]
    if len(wanted) != 1 or wanted[0].local is None or wanted[0].local.size < 2 or not is_factor(wanted[0].rule):
        return None
    local = wanted[0].local
    return wanted[0] if local.size <= 96 and bool(np.any(local != local.flat[0])) else None


def _compartment(trace: Trace, step: Step, entry: Input) -> Box:
    """``W (3, 4)`` over ``∇ = Gᵀ · x  ‖1.60‖``."""
    value = trace.values[entry.value]
    head = Line([name_run(value.name), sized(value.shape)])
    if not entry.needs_grad:
        return Table([[head], [Line([Run("no gradient", 9, "pale")])]], "c", gap_y=1)
    rule = entry.rule if not is_factor(entry.rule) else "G" if entry.rule == "1" else f"{bracketed(entry.rule)} × G"
    first, *more = wrap(rule, RULE_WIDTH, 11, RULE_LINES)
    runs = [Run("∇ =", 11, "backward" if trace.ran else "pale"), Run(first, 11, "ink", gap=4)]
    if entry.downstream is not None:
        if entry.downstream.size == 1:
            runs.append(Run("= " + number(entry.downstream), 11, "backward", True, "backward", gap=6))
        else:
            runs.append(Run(f"‖{number(norm(entry.downstream))}‖", 11, "backward", True, "backward", gap=7))
    rows: list[list[Box | None]] = [[head], [Line(runs)]]
    rows += [[Line([Run(line, 11, "ink")])] for line in more]
    notes = []
    if entry.summed:
        axes = ", ".join(map(str, entry.summed))
        notes.append(f"summed over {'axes' if len(entry.summed) > 1 else 'axis'} {axes}")
    if entry.blocked and entry.downstream is not None and not step.note:
        notes.append("blocked" if entry.blocked >= value_size(value) else f"{entry.blocked} of {value_size(value)} blocked")
    if notes:
        rows.append([Line([Run(" · ".join(notes), 9, "warn")])])
    return Table(rows, "c", gap_y=1)


def value_size(value: Value) -> int:
    return int(np.prod(value.shape))


def bracketed(rule: str) -> str:
    """In brackets where it is a sum."""
    depth = 0
    for place, char in enumerate(rule):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and place and char in "+−-" and rule[place - 1] == " ":
            return f"({rule})"
    return rule


def _cut_text(step: Step) -> str:
    return f"{step.cut}: no gradient goes further back"


def _origin(trace: Trace, step: Step) -> Line:
    """Where the first NaN or infinity came from."""
    outs = [trace.values[number_].data for number_ in step.outputs]
    forward = step.id == trace.bad
    arrays = outs if forward else [entry.downstream for entry in step.inputs]
    what = (
        "NaN"
        if any(array is not None and array.dtype.kind in "fc" and np.isnan(array).any() for array in arrays)
        else "infinity"
    )
    where = f"{step.source.file}:{step.source.line}  {step.source.text}" if step.source else ""
    return Line([Run(f"first {what} {'' if forward else 'of the gradients '}is made here", 11, "backward", True),
                 Run(clip(where, NOTE_WIDTH, 9), 9, "ink", gap=8)])  # fmt: skip


def _foot(step: Step) -> Line | None:
    """What it saved, and the line of the program."""
    runs = []
    if step.saved:
        names = ", ".join(saved.name for saved in step.saved)
        runs.append(Run(clip(f"saves {names} · {size_text(sum(saved.bytes for saved in step.saved))}", 160, 9), 9, "pale"))
    if step.source is not None:
        runs.append(Run(clip(f"{step.source.file}:{step.source.line}", 120, 9), 9, "pale", gap=10 if runs else 0))
    return Line(runs) if runs else None


def _tip(step: Step) -> str:
    lines = [f"{step.node}: {step.formula}"]
    if step.source is not None:
        lines.append(f"{step.source.file}:{step.source.line}  {step.source.text}")
    lines += [f"saved {saved.name} {shape_text(saved.shape)} {saved.dtype}, {size_text(saved.bytes)}" for saved in step.saved]
    if step.module:
        lines.append(f"in {step.module}")
    if step.options:
        lines.append(", ".join(f"{key}={value!r}" for key, value in step.options.items()))
    return "\n".join(one_line(line)[:300] for line in lines)
