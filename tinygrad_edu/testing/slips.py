"""The slips that people make when they derive a backward pass, tried one step after the other.

A slip changes what one step of the chain answers. The gradients nearest to the loss are explained first, and an
explanation is kept while the next is sought, so that several slips in one derivation are found as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.engine import reachable
from ..autograd.grad_mode import enable_grad
from ..autograd.node import AccumulateGrad, Output

__all__ = ["Slip", "find_slips"]

Change = Callable[[tuple[Any, ...], Any], tuple[Any, ...]]
"""What a slip makes of a step's results, given the gradient that the step was handed."""

_MOST_STEPS = 150


@dataclass
class Slip:
    """A slip at one step: ``node`` of the backward graph, what its result is called, and what was done there."""

    node: Any
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.node.name()}{self.name and f' (of {self.name})'}: {self.what}"


def find_slips(
    loss: Any,
    targets: Mapping[Any, np.ndarray],
    names: Mapping[Any, str],
    propagate: Callable[..., dict[Any, Any]],
    equal: Callable[[Any, Any], bool],
) -> list[Slip]:
    """The slips that turn the engine's gradients into ``targets`` (leaf: gradient), or none if not all are explained.

    ``names`` are what nodes' results are called. Every step costs a few passes, so only short chains are searched.
    """
    steps = [node for node in reachable([loss._node]) if type(node) not in (AccumulateGrad, Output)]
    if len(steps) > _MOST_STEPS:
        return []
    found: list[Slip] = []
    change: dict[Any, Change] = {}

    def explained(changes: dict[Any, Change]) -> set[Any]:
        arrived = propagate(loss, change=changes)
        return {leaf for leaf, target in targets.items() if equal(target, arrived.get(leaf, np.zeros(leaf.shape)))}

    done = explained(change)
    while len(done) < len(targets):
        best: tuple[set[Any], Slip, Change] | None = None
        for node in steps:
            for what, altered in _slips_at(node, steps, names) if node not in change else ():
                now = explained({**change, node: altered})
                if now > done and (best is None or len(now) > len(best[0])):
                    best = now, Slip(node, names.get(node, ""), what), altered
        if best is None:
            return []
        done, slip, altered = best
        found.append(slip)
        change[slip.node] = altered
    return sorted(found, key=lambda slip: -slip.node.seq)


def _slips_at(node: Any, steps: list[Any], names: Mapping[Any, str]) -> Iterator[tuple[str, Change]]:
    """What may be done wrong at one step, the likeliest first."""
    local = _local_factor(node)
    if local is not None:
        yield "its derivative is left out", lambda results, grad: (grad,)
        yield "its derivative is applied twice", _times(local)
        at_result = _local_factor_at_result(node)
        if at_result is not None:
            yield "its derivative is taken at its result instead of its argument", _instead(at_result)
        for other in steps:
            if other is not node and type(other) is type(node) and (factor := _local_factor(other)) is not None:
                if np.broadcast_shapes(factor.shape, node.shape) != node.shape:
                    continue
                whose = names.get(other) or f"another step's result of shape {other.shape}"
                yield f"its derivative is taken at the argument that belongs to {whose}", _instead(factor)
    yield "the sign is wrong", _times(np.float64(-1))
    ratio = _reduction(node)
    if ratio > 1:
        yield f"a sum is taken for a mean, or the other way round (a factor {ratio:g} too many)", _times(np.float64(ratio))
        yield f"a sum is taken for a mean, or the other way round (a factor {ratio:g} missing)", _times(np.float64(1 / ratio))
    yield "a factor 2 too many", _times(np.float64(2))
    yield "a factor 2 is missing", _times(np.float64(0.5))


def _times(factor: Any) -> Change:
    return lambda results, grad: tuple(None if each is None else each * factor for each in results)


def _instead(factor: np.ndarray) -> Change:
    return lambda results, grad: (grad * factor,)


def _local_factor(node: Any) -> np.ndarray | None:
    """What a step that works element by element on one input multiplies the gradient by; None for other steps."""
    if node.op is None or len(node.next) != 1 or node.outputs != 1 or node.next[0].shape != node.shape:
        return None
    ones = np.ones(node.shape)
    probe = 1 + np.arange(ones.size).reshape(node.shape) / (ones.size + 1)
    factor = np.asarray(node.apply_arrays(ones)[0])
    answer = np.asarray(node.apply_arrays(probe)[0])
    return factor if answer.shape == node.shape and np.allclose(answer, factor * probe, rtol=1e-12) else None


def _local_factor_at_result(node: Any) -> np.ndarray | None:
    """The same factor where somebody has put the function's result in place of its argument."""
    op = node.op
    if op.params != ["x"]:
        return None
    saved = dict(zip(op.saved, node.saved, strict=True))
    out = saved["out"] if "out" in saved else op.kernel(saved["x"]) if "x" in saved else None
    if out is None:
        return None
    from ..creation import tensor

    with enable_grad():
        again = op.function(tensor(out, requires_grad=True))
    return np.asarray(again._node.apply_arrays(np.ones(node.shape))[0])


def _reduction(node: Any) -> float:
    """How many elements a step's result stands for."""
    if len(node.next) != 1 or node.next[0] is None or node.outputs != 1:
        return 1
    return math.prod(node.next[0].shape) / max(1, math.prod(node.shape))
