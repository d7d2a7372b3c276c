"""Parameters that step together.

A NumPy call costs 0.3 to 0.5 microseconds before it touches a number, so for small parameters a formula costs as many calls
as it has operations. Those of a group that are at the same point (of one dtype, with the same kinds of state and equal
counts of steps) therefore keep their state side by side in one array: their gradients are gathered, the formula runs once
for all, and the new values go back where they belong. Each parameter's state is a view of its part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.version import stamp_write, storage_of
from ..tensor import Tensor

SMALL = 8192
"""Elements of a parameter above which a call is dear for what it computes, and gathering would double the memory traffic."""

COUNTS = frozenset(("step", "mu_product", "eta", "mu"))
"""State that is one number for a parameter of any size."""


PART = 32768
"""Elements of a large parameter that are updated at a time: what a formula computes in between then stays in the cache."""


def update_in_parts(optimizer: Any, w: np.ndarray, grad: np.ndarray, state: dict[str, np.ndarray], group: Any) -> None:
    """``optimizer.update``, a part of a large parameter at a time, where the memory is in one piece."""
    like_w = [name for name in state if name not in COUNTS]
    if not all(each.flags.c_contiguous for each in (w, grad, *(state[name] for name in like_w))):
        optimizer.update(w, grad, state, group)
        return
    w, grad = w.reshape(-1), grad.reshape(-1)
    flat = {name: each.reshape(-1) if name in like_w else each for name, each in state.items()}
    for start in range(0, w.size, PART):
        part = slice(start, start + PART)
        last = start + PART >= w.size  # before, the counts do not go on
        now = {name: each[part] if name in like_w else each if last else each.copy() for name, each in flat.items()}
        optimizer.update(w[part], grad[part], now, group)


class Together:
    """Small parameters whose state lies side by side.

    Attributes:
        w, grad: arrays of one dimension into which parameters and gradients are gathered.
        state: the arrays that a formula changes; counts as those of the first parameter, all being equal.
    """

    __slots__ = ("_counts", "_parts", "_w", "arrays", "grad", "params", "state", "w")

    def __init__(self, params: list[Tensor], states: list[dict[str, Tensor]]) -> None:
        self.params, self.arrays = params, [param._array for param in params]
        self._w = [array.reshape(-1) for array in self.arrays]
        self.w = np.empty(sum(array.size for array in self.arrays), self.arrays[0].dtype)
        self.grad = np.empty_like(self.w)
        ends = np.cumsum([array.size for array in self.arrays])[:-1]
        self._parts = np.split(self.w, ends)
        self._counts, self.state = [], {}
        for name in states[0]:
            old = [state[name]._array for state in states]
            if name in COUNTS:
                joined = np.array(old)
                parts: Any = [joined[i : i + 1].reshape(()) for i in range(len(old))]
                self._counts.append(joined)
                self.state[name] = parts[0]
            else:
                joined = np.concatenate([array.reshape(-1) for array in old])
                parts = [part.reshape(array.shape) for part, array in zip(np.split(joined, ends), old, strict=True)]
                self.state[name] = joined
            for state, part in zip(states, parts, strict=True):
                state[name]._array = part

    def in_step(self) -> bool:
        """Whether nobody else has changed a count."""
        return all((counts == counts[0]).all() for counts in self._counts)

    def update(self, formula: Callable[..., None], group: dict[str, Any]) -> None:
        """Run a formula for all."""
        np.concatenate(self._w, out=self.w)
        np.concatenate([param._grad._array.reshape(-1) for param in self.params], out=self.grad)  # type: ignore[union-attr]
        formula(self.w, np.negative(self.grad, out=self.grad) if group["maximize"] else self.grad, self.state, group)
        for counts in self._counts:
            counts[1:] = counts[0]
        for w, part in zip(self._w, self._parts, strict=True):
            w[:] = part
        stamp_write(*self.arrays)


class Plan:
    """Which parameters of a group step together and which alone; it holds as long as :meth:`fits`."""

    def __init__(self, params: list[Tensor], states: Any) -> None:
        kinds: dict[Any, list[Tensor]] = {}
        roots: set[int] = set()
        for param in params:
            kinds.setdefault(_kind(param, states.get(param), roots), []).append(param)
        self.alone = kinds.pop(None, [])
        self.together = []
        for kind in kinds.values():
            if len(kind) == 1:
                self.alone += kind
            else:
                self.together.append(Together(kind, [states[param] for param in kind]))
        self._kept = self._parts(params, states)  # what is alive keeps its id
        self._ids = [*map(id, self._kept)]

    def fits(self, params: list[Tensor], states: Any) -> bool:
        """Whether these are the same parameters, with the same arrays as values and state."""
        return [*map(id, self._parts(params, states))] == self._ids and all(each.in_step() for each in self.together)

    @staticmethod
    def _parts(params: list[Tensor], states: Any) -> list[Any]:
        parts: list[Any] = [param._array for param in params]
        for param in params:
            state = states.get(param)
            if state:
                parts += [each._array if each.__class__ is Tensor else each for each in state.values()]
        return parts


def _kind(param: Tensor, state: dict[str, Any] | None, roots: set[int]) -> Any:
    """What parameters that step together have in common; None for one that steps alone."""
    array = param._array
    root = id(storage_of(array))
    if not state or array.size > SMALL or array.dtype.kind != "f" or not array.flags.c_contiguous or root in roots:
        return None
    roots.add(root)  # two parameters of one memory must see each other's steps
    counts = []
    for name, each in state.items():
        if each.__class__ is not Tensor or each._array.shape != (() if name in COUNTS else array.shape):
            return None
        counts.append((name, each._array.dtype, each._array.item() if name in COUNTS else None))
    return array.dtype, *counts
