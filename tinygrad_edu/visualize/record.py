"""Recording a pass as it happens.

>>> with record() as recording:
...     loss = criterion(model(x), y)
...     loss.backward()
>>> recording.trace(names=locals())

While a recording is open, an observer is told of every operation and a recorder of every node of a backward pass; they tell the
:class:`Recording`. While none is open, none of this exists.
"""

from __future__ import annotations

import sys
import threading
from contextvars import ContextVar
from typing import Any

from ..autograd.engine import RECORDERS, Recorder
from ..autograd.grad_mode import OBSERVERS, WATCHERS, Observer, Watcher, observe, renew_mode, unobserve
from .calls import read_call
from .modules import around
from .passes import DEPTH, DepthKeeper, PassRecorder
from .recording import Recording

__all__ = ["record", "recordings_of"]

_open: ContextVar[tuple[Recording, ...]] = ContextVar("recordings", default=())
"""The recordings that are open in this thread or task, the outermost first."""

_THE_CALLER = 3
"""How many frames up an operation was called: beyond this file, who tells all observers, and the operation itself."""

class _Forward(Observer, Watcher):
    """Tells the open recordings of operations."""

    def created(self, node: Any, made: Any, call: Any) -> None:
        if recordings := _open.get():
            read, where, depth = read_call(call, node, made), around(sys._getframe(_THE_CALLER)), DEPTH.get()
            alone = len(recordings) == len(OBSERVERS) == 1
            for each in recordings:
                each.note(read, node, where, depth, alone)

    def unrecorded(self, made: Any, call: Any) -> None:
        if call is not None:
            self.created(None, made, call)

    def detached(self, tensor: Any, source: Any) -> None:
        if (recordings := _open.get()) and source._node is not None:
            where = around(sys._getframe(_THE_CALLER))
            for each in recordings:
                each.detached(tensor, source, where, DEPTH.get())


class _Backward(Recorder):
    """Has the open recordings watch a backward pass."""

    def begins(self, running: Any) -> list[Recorder]:
        watchers: list[Recorder] = [PassRecorder(each, running) for each in _open.get()]
        if watchers and running.create_graph:
            watchers.append(DepthKeeper(_open.get()[0]))
        return watchers


_forward, _backward = _Forward(), _Backward()
_switches: list[Any] = []
"""One for every open recording of any thread; the observers are there while it is not empty."""
_lock = threading.Lock()


class record:
    """Record the operations and backward passes of the block: ``with record() as recording: ...``.

    Also of functions that the block calls and of tasks that it starts, not of other threads. Blocks may be nested: each
    records on its own. Arrays are copied, so a recorded pass takes about as much memory again as its values and gradients,
    which is free as soon as the recording and the tensors made in the block are gone.
    """

    def __enter__(self) -> Recording:
        self._recording = recording = Recording()
        with _lock:
            if not _switches:
                WATCHERS.append(_forward)
                RECORDERS.append(_backward)
                observe(_forward, first=True)
            _switches.append(self)
        renew_mode()
        self._opened = _open.set((*_open.get(), recording))
        return recording

    def __exit__(self, *exc: Any) -> None:
        _open.reset(self._opened)
        with _lock:
            _switches.remove(self)
            if not _switches:
                unobserve(_forward)
                WATCHERS.remove(_forward)
                RECORDERS.remove(_backward)


def recordings_of(tensor: Any) -> list[Recording]:
    """The recordings that know ``tensor``, the oldest first."""
    node = tensor._node
    known = [] if node is None else [each for each in node.metadata if isinstance(each, Recording)]
    here = [each for each in _open.get() if each not in known and each.find(tensor) is not None]
    return sorted([*known, *here], key=lambda each: each.serial)
