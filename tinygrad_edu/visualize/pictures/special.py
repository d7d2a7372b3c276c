"""What only some cards show: softmax before cross-entropy, winners of a maximum, entries taken, the shapes in a product."""

from __future__ import annotations

import re

import numpy as np

from ..numbers import shape_text
from ..text import clip
from ..trace import Input, Step, Trace
from ..tracing.looks import GATES
from .arrays import array_box, labelled
from .boxes import Box, Line, Run, Table

__all__ = ["shape_algebra", "special_section"]

MOST_CELLS = 96
PICKING = frozenset(
    """
    select index slice narrow getitem gather index_select take take_along_dim masked_select diagonal tril triu
    """.split()  # noqa: SIM905
)


def special_section(trace: Trace, step: Step) -> Box | None:
    """The extra part of a step's card; None for most."""
    if step.cut or not trace.ran:
        return None
    return softmax_section(trace, step) or mask_section(trace, step)


def softmax_section(trace: Trace, step: Step) -> Box | None:
    """``(p − y) / N``: what softmax and cross-entropy send back together, shown where the two meet."""
    entry = step.inputs[0] if step.inputs else None
    out = trace.values[step.outputs[0]]
    if step.op != "log_softmax" or entry is None or entry.downstream is None or out.data is None or out.data.ndim != 2:
        return None
    if len(out.used_by) != 1 or out.data.size > MOST_CELLS:
        return None
    user = trace.steps[out.used_by[0][0]]
    loss = trace.values[user.outputs[0]]
    targets = [trace.values[other.value].data for other in user.inputs if other.value != out.id]
    places = next(
        (array for array in targets if array is not None and array.dtype.kind in "iu" and array.shape == out.shape[:1]), None
    )
    if places is None or loss.grad is None or loss.grad.size != 1 or not ((places >= 0) & (places < out.shape[1])).all():
        return None
    p = np.exp(out.data)
    one_hot = np.zeros(out.shape, np.int64)
    one_hot[np.arange(len(places)), places] = 1
    if not np.allclose((p - one_hot) / len(places) * loss.grad, entry.downstream, rtol=1e-4, atol=1e-7):
        return None  # class weights, another reduction: then the rule above says it all
    name = trace.values[entry.value].name
    row: list[Box | None] = [
        Line([Run("(", 15, "grey", mark="backward")]), labelled("p = softmax", "forward", array_box(p, "forward")), _sign("−"),
        labelled("y, one-hot", "grey", array_box(one_hot, "forward")), _sign(f") / {len(places)}  ="),
        labelled(clip(f"∇ {name}", 120, 9), "backward", array_box(entry.downstream, "backward")),
    ]  # fmt: skip
    title = Line([Run("with cross-entropy: ", 9, "grey"), Run("∇ = (p − y) / N", 11, "ink", True)])
    return Table([[title], [Table([row], "c", gap_x=6)]], "c", gap_y=3)


def mask_section(trace: Trace, step: Step) -> Box | None:
    """Where the gradient goes: the winners of a maximum, the entries that an index took."""
    wanted = [entry for entry in step.inputs if entry.needs_grad and entry.downstream is not None]
    if not wanted or not (step.op in GATES or step.op in PICKING) or step.op == "index_put":
        return None
    rows: list[Box | None] = []
    for entry in wanted[:2]:
        value = trace.values[entry.value]
        mask = mask_of(step, entry)
        if mask is None or not 1 < mask.size <= MOST_CELLS or mask.all():
            continue
        word = "taken" if step.op in PICKING else "winners" if len(wanted) == 1 else "where it wins"
        label = f"{word}: {int(mask.sum())} of {mask.size}"
        rows.append(labelled(clip(f"{value.name}  {label}", 200, 9), "grey", array_box(mask.astype(np.int64), "forward")))
    return Table([rows], "c", gap_x=14) if rows else None


def mask_of(step: Step, entry: Input) -> np.ndarray | None:
    """Which elements of an input got the gradient; None where the card shows that already."""
    if entry.local is not None and entry.downstream is not None and entry.local.shape == entry.downstream.shape:
        wanted = sum(other.needs_grad for other in step.inputs)
        return entry.local != 0 if wanted > 1 else None
    return None if entry.downstream is None else entry.downstream != 0


def shape_algebra(trace: Trace, step: Step) -> str:
    """``(2, 4) · (3, 4)ᵀ + (3,) → (2, 3)``: a product's formula with shapes in the place of names; "" for other operations."""
    if step.family not in ("linear", "conv") or "pool" in step.op or "=" not in step.formula or " with " in step.formula:
        return ""
    shapes = {trace.values[entry.value].name: shape_text(trace.values[entry.value].shape) for entry in step.inputs}
    names = sorted(shapes, key=len, reverse=True)
    if not names:
        return ""
    pattern = r"(?<![\w.])(" + "|".join(re.escape(name) for name in names) + r")(?![A-Za-z0-9_.])"
    right, count = re.subn(pattern, lambda match: shapes[match[1]], step.formula.split("=", 1)[1].strip())
    return f"{right} → {shape_text(trace.values[step.outputs[0]].shape)}" if count else ""


def _sign(text: str) -> Line:
    return Line([Run(text, 13, "grey", mark="backward")])
