"""Every path from a leaf to the loss: the chain rule without its order.

In a graph of single numbers the gradient of a leaf is a sum over the paths from it to the loss; a path's term is the
product of the local factors along it. The backward pass adds the same terms without ever walking a path twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..trace import Summary, Trace, Value

__all__ = ["MOST_PATHS", "Path", "all_paths", "count_paths", "leaves", "local_factor"]

MOST_PATHS = 24
"""The paths of one leaf that are listed. Their number doubles with every fan-out."""


@dataclass(slots=True)
class Path:
    """One way from a leaf to the loss: its uses as (step, place among its inputs), in forward order."""

    uses: list[tuple[int, int]]
    factors: list[float]
    product: float


def local_factor(trace: Trace, step: int, place: int) -> float | None:
    """∂out/∂input of a step on single numbers; None where it is not known or not a single real number."""
    made, taken = trace.steps[step], trace.steps[step].inputs[place]
    if len(made.outputs) != 1 or taken.downstream is None or taken.downstream.size != 1:
        return None
    if isinstance(taken.downstream, Summary) or np.iscomplexobj(taken.downstream):
        return None
    if trace.values[made.outputs[0]].dtype.startswith("complex"):
        return None
    if taken.local is not None:
        return float(taken.local.item()) if taken.local.size == 1 else None
    upstream = trace.values[made.outputs[0]].grad
    if upstream is None or upstream.size != 1 or not upstream.item():
        return None
    return float(taken.downstream.item()) / float(upstream.item())


def leaves(trace: Trace) -> list[Value]:
    """The leaves whose every path to the loss is known number by number; none in a graph of arrays."""
    if not trace.ran or trace.values[trace.root].grad is None:
        return []
    uses = _uses(trace)
    known: set[int] = {trace.root}  # values from which every path is known
    for value in reversed(trace.values):
        if value.id != trace.root and value.id in uses:
            ways = uses[value.id]
            if all(local_factor(trace, *use) is not None and trace.steps[use[0]].outputs[0] in known for use in ways):
                known.add(value.id)
    return [value for value in trace.values if value.kind in ("leaf", "parameter") and value.id in known & uses.keys()]


def count_paths(trace: Trace, leaf: Value) -> int:
    """How many paths there are, without walking them."""
    uses, ways = _uses(trace), {trace.root: 1}
    for value in reversed(trace.values):
        if value.id != trace.root:
            ways[value.id] = sum(ways[trace.steps[step].outputs[0]] for step, _ in uses.get(value.id, ()))
    return ways[leaf.id]


def all_paths(trace: Trace, leaf: Value) -> Iterator[Path]:
    """The paths of a leaf, one after the other; take as many as needed."""
    uses = _uses(trace)
    waiting: list[list[tuple[int, int]]] = [[use] for use in reversed(uses.get(leaf.id, ()))]
    root_grad = trace.values[trace.root].grad
    assert root_grad is not None
    while waiting:
        path = waiting.pop()
        end = trace.steps[path[-1][0]].outputs[0]
        if end != trace.root:
            waiting += [[*path, use] for use in reversed(uses.get(end, ()))]
            continue
        factors = [local_factor(trace, *use) or 0.0 for use in path]
        product = float(root_grad.item())
        for factor in factors:
            product *= factor
        yield Path(path, factors, product)


def _uses(trace: Trace) -> dict[int, list[tuple[int, int]]]:
    """Of each value the uses along which a gradient came back."""
    uses: dict[int, list[tuple[int, int]]] = {}
    for step in trace.steps:
        for place, taken in enumerate(step.inputs):
            if step.ran and taken.needs_grad and taken.downstream is not None:
                uses.setdefault(taken.value, []).append((step.id, place))
    return uses
