"""``check_backward``: where does a backward pass that was derived by hand go wrong?

The gradients of the parameters say *that* something is wrong. Two questions say *where*. For intermediate values whose
gradients are given too: is each one right, **given the gradients that were handed to it**? An error is then seen once, at
the step that made it, and not again everywhere behind. For what is left, the usual slips are tried at every step of the
chain (:mod:`tinygrad_edu.testing.slips`): the one that reproduces the given numbers is the explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.conform import conform_array
from ..autograd.engine import reachable
from ..autograd.node import AccumulateGrad, Output, Placed
from ..creation import tensor
from ..errstate import quiet
from ..tensor import Tensor
from .slips import Change, Slip, find_slips

__all__ = ["BackwardReport", "Fault", "check_backward"]

_SHOWN = 4
"""So many wrong entries are printed for each fault."""


@dataclass
class Fault:
    """One gradient that is not what it should be.

    Attributes:
        name: the parameter or intermediate value.
        given, expected: its gradient as derived by hand, and as it follows from the gradients handed to its step.
        steps: the operations that sent it.
        hint: what the difference looks like, if it looks like anything.
    """

    name: str
    given: np.ndarray
    expected: np.ndarray
    wrong: np.ndarray
    steps: list[str]
    hint: str = ""

    def __str__(self) -> str:
        through = " and ".join(self.steps) or "no operation: it does not reach the loss"
        error = np.abs(self.given - self.expected) if self.given.shape == self.expected.shape else None
        lines = [f"{self.name}, whose gradient comes from {through}"]
        if error is None:
            lines.append(f"  its shape is {self.given.shape}, it should be {self.expected.shape}")
        else:
            lines.append(f"  {int(self.wrong.sum())} of {self.wrong.size} entries, by up to {error.max():.4g}")
            places = np.argwhere(self.wrong)
            for place in map(tuple, places[:_SHOWN]):
                at = f"[{', '.join(map(str, place))}]" if place else ""
                lines.append(f"  {self.name}{at}: given {self.given[place]:.6g}, right {self.expected[place]:.6g}")
            if len(places) > _SHOWN:
                lines.append(f"  ... and {len(places) - _SHOWN} more")
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


@dataclass
class BackwardReport:
    """The result of :func:`check_backward`. It is true if every gradient is right.

    Attributes:
        right: the parameters whose gradients are right.
        wrong: the parameters whose gradients are wrong, with the right ones.
        faults: where gradients of intermediate values were given, the values whose gradients do not follow from those
            handed to their steps, in the order of the backward pass.
        slips: the slips that explain the given gradients, from the loss downwards; empty where none were found.
    """

    right: list[str] = field(default_factory=list)
    wrong: list[Fault] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)

    def __bool__(self) -> bool:
        return not self.faults and not self.wrong

    @property
    def first(self) -> Fault | Slip | None:
        """What departs first on the way from the loss to the parameters, if that is known."""
        departures: list[Fault | Slip] = [*self.faults, *self.slips]
        return departures[0] if departures else None

    def __str__(self) -> str:
        if self:
            return f"all gradients are right: {', '.join(self.right)}"
        lines = [f"right: {', '.join(self.right) or 'none'}", f"wrong: {', '.join(each.name for each in self.wrong) or 'none'}"]
        if self.faults:
            lines.append(f"\nThe first to depart, given what was handed to its step:\n{self.faults[0]}")
        else:
            lines += [f"\n{each}" for each in self.wrong]
        if len(self.faults) > 1:
            lines.append("\nDeparting later, for reasons of their own:")
            lines += map(str, self.faults[1:])
        if self.slips:
            count = "these slips make" if len(self.slips) > 1 else "one slip makes"
            lines.append(f"\nThe given gradients are exactly what {count}:")
            lines += (f"  {each}" for each in self.slips)
        return "\n".join(lines)

    __repr__ = __str__


def check_backward(
    forward: Callable[..., Any],
    gradients: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> BackwardReport:
    """Hold a hand-derived backward pass against the forward pass that it belongs to.

    Args:
        forward: called as ``forward(**parameters)`` with float64 tensors; returns the loss (a scalar), or the loss and a
            dictionary of intermediate values (``return loss, locals()`` will do).
        gradients: the hand-derived gradients by name: of all parameters, and of as many intermediate values as were
            derived. Arrays, tensors or nested lists.
        parameters: their values by name.
        rtol, atol: entries are wrong that differ by more than ``atol + rtol * abs(right)``.

    Returns:
        A report that is true if all is right and prints which parameter is wrong, in which entries, by how much, and
        which single step of the chain departs first.

    Raises:
        ValueError: a gradient that belongs to nothing, or the gradient of a parameter is missing.

    >>> x = torch.tensor([1.0, 2.0])
    >>> report = check_backward(lambda w: torch.sigmoid(w * x).sum(), {"w": [0.1, 0.2]}, {"w": [0.5, 0.5]})
    >>> bool(report)
    False
    """
    leaves = {name: _leaf(value) for name, value in parameters.items()}
    if missing := [name for name in leaves if name not in gradients]:
        raise ValueError(f"no gradient was given for {', '.join(missing)}")
    result = forward(**leaves)
    loss, named = result if isinstance(result, tuple) and len(result) == 2 else (result, {})
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        what = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ValueError(f"forward must return a scalar loss (and a dictionary of intermediate values), but returned {what}")
    values = {name: each for name, each in named.items() if isinstance(each, Tensor)} | leaves
    if unknown := [name for name in gradients if name not in values]:
        raise ValueError(f"gradients were given for {', '.join(unknown)}, which the forward pass does not have")
    if loss._node is None:
        raise ValueError("the loss does not depend on the parameters")

    def differs(given: np.ndarray, right: np.ndarray) -> np.ndarray:
        if given.shape != right.shape:
            return np.ones(right.shape, bool)
        return np.asarray(~np.isclose(given, right, rtol, atol, equal_nan=True))

    given = {name: _array(value) for name, value in gradients.items()}
    places: dict[Any, str] = {values[name]._node: name for name in given if values[name]._node is not None}
    report = BackwardReport()

    def fault(name: str, expected: np.ndarray) -> Fault | None:
        wrong = differs(given[name], expected)
        if not wrong.any():
            return None
        node = values[name]._node
        return Fault(name, given[name], expected, wrong, came_from.get(node, []), _likeness(given[name], expected))

    came_from: dict[Any, list[str]] = {}
    with quiet():
        right = propagate(loss, came_from=came_from)
        for name, leaf in leaves.items():
            if found := fault(name, right.get(leaf._node, np.zeros(leaf.shape))):
                report.wrong.append(found)
            else:
                report.right.append(name)
        if len(places) > len(leaves):
            arrived = propagate(loss, {node: given[name] for node, name in places.items()})
            for node in sorted(places, key=lambda node: (type(node) is AccumulateGrad, -node.seq)):
                if found := fault(places[node], arrived.get(node, np.zeros(node.shape))):
                    report.faults.append(found)
        if report.wrong:
            targets = {leaf._node: given[name] for name, leaf in leaves.items()}
            names = {each._node: name for name, each in values.items() if each._node is not None}
            report.slips = find_slips(loss, targets, names, propagate, lambda a, b: not differs(a, b).any())
    return report


def propagate(
    loss: Tensor,
    replaced: Mapping[Any, np.ndarray] | None = None,
    *,
    change: Mapping[Any, Change] | None = None,
    came_from: dict[Any, list[str]] | None = None,
) -> dict[Any, Any]:
    """A backward pass on arrays that leaves no trace: what arrives at each node.

    ``replaced`` are gradients that are passed on in place of what arrived, ``change`` alters what nodes answer,
    ``came_from`` is told the names of the operations that sent something.
    """
    arrived: dict[Any, Any] = {loss._node: np.ones(loss.shape)}
    root: Any = loss._node
    for node in sorted(reachable([root]), key=lambda node: -node.seq):
        if node not in arrived or type(node) is AccumulateGrad:
            continue
        grad = arrived[node] if not replaced or node is loss._node else replaced.get(node, arrived[node])
        results = node.apply_arrays(grad)
        if change and node in change:
            results = change[node](results, grad)
        for following, result in zip(node.next, results, strict=False):
            if following is None or result is None:
                continue
            before = arrived.get(following)
            if following.outputs != 1:
                arrived[following] = Placed.into(before, result)
                continue
            result = conform_array(result, following)
            arrived[following] = result if before is None else before + result
            if came_from is not None:
                owner: Any = node.next[0] if type(node) is Output else node
                came_from.setdefault(following, []).append(owner.name())
    return arrived


def _leaf(value: Any) -> Tensor:
    array = np.array(value.detach()._array if isinstance(value, Tensor) else value, np.float64)
    return tensor(array, requires_grad=True)


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach()._array if isinstance(value, Tensor) else value, np.float64)


def _likeness(given: np.ndarray, right: np.ndarray) -> str:
    """What two gradients that differ have to do with each other: a factor, a transposition."""
    if given.shape != right.shape:
        if given.ndim == 2 and given.T.shape == right.shape and np.allclose(given.T, right):
            return "it is transposed"
        return ""
    used = right != 0
    if not used.any() or (given[~used] != 0).any():
        return ""
    ratios = given[used] / right[used]
    if not np.allclose(ratios, ratios.flat[0]) or ratios.flat[0] == 0:
        return "" if ratios.any() else "it is zero"
    factor = float(ratios.flat[0])
    inverse = 1 / factor
    named = "-1" if np.isclose(factor, -1) else f"1/{inverse:.6g}" if abs(factor) < 1 else f"{factor:.6g}"
    return f"every entry is {named} times the right one"
