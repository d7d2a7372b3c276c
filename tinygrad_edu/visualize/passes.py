"""Backward passes as they are recorded."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

import numpy as np

from ..autograd.context import FunctionNode
from ..autograd.engine import Recorder
from ..autograd.node import Output

__all__ = ["DEPTH", "DepthKeeper", "Pass", "PassRecorder"]


class Pass:
    """A backward pass."""

    def __init__(self, roots: list[int]) -> None:
        self.roots = roots
        self.arrived: dict[int, np.ndarray] = {}  # by value
        self.sent: dict[int, list[np.ndarray | None]] = {}
        """By step, as they ran: what it sent to each place of ``next``, before broadcasting was undone."""


class PassRecorder(Recorder):
    """Keeps one pass for one recording."""

    def __init__(self, recording: Any, running: Any) -> None:
        self.recording, self.needed, self.step = recording, running.needed, None
        kept = Pass([recording.value_of(None, node) for node in running.roots])
        self.gradients, self.sent = kept.arrived, kept.sent
        recording.passes.append(kept)

    def before(self, node: Any, grad: Any) -> None:
        recording = self.recording
        known = recording.place(node)
        if known is None:
            known = recording.adopt(node)
        if node.outputs != 1:
            self.step = known  # each of its outputs has run
            return
        self.step = None if node.__class__ is Output else recording.values[known].step
        self.gradients[known] = _array_of(grad, copy=node.hooks is not None or node.__class__ is FunctionNode)

    def after(self, node: Any, grads: Any) -> None:
        if self.step is None:
            return
        needed = self.needed
        self.sent[self.step] = [
            None
            if following is None or grad is None or (needed is not None and following not in needed)
            else _array_of(grad)
            for following, grad in zip(node.next, grads)  # noqa: B905 (a rule may answer for fewer inputs)
        ]

    def arrived(self, leaf: Any, grad: Any) -> None:
        values = self.recording.states_of(leaf) or [self.recording.value_of(None, leaf)]
        for value in values:
            self.gradients[value] = _array_of(grad)


def _array_of(grad: Any, copy: bool = False) -> Any:
    """A gradient's array. The engine's own is not written to again: it is kept as it is, and leaves then copy theirs.

    A Tensor's is copied: its owner may write to it.
    """
    if grad.__class__ is np.ndarray:
        return grad.copy() if copy else grad
    if isinstance(grad, np.generic):
        return np.asarray(grad)
    array = getattr(grad, "_array", None)
    return None if array is None else array.copy()


DEPTH: ContextVar[int] = ContextVar("depth", default=0)
"""How deep in derivatives an operation is that runs now: 1 inside the rule of an ordinary graph's node."""


class DepthKeeper(Recorder):
    """Sets :data:`DEPTH` while rules run that record themselves."""

    def __init__(self, recording: Any) -> None:
        self.recording = recording
        self.token: Token[int] | None = None

    def before(self, node: Any, grad: Any) -> None:
        self.token = DEPTH.set(1 + self.recording.depth_of(node))

    def after(self, node: Any, grads: Any) -> None:
        if self.token is not None:
            DEPTH.reset(self.token)
        self.token = None

    def failed(self, node: Any, error: Exception) -> None:
        self.after(node, None)
