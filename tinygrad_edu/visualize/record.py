"""Recording a pass as it happens.

>>> with record() as recording:
...     loss = criterion(model(x), y)
...     loss.backward()
>>> recording.trace(names=locals())

While a recording is open, an observer is told of every operation, a recorder of every node of a backward pass, and hooks of
all modules of where one is. Everything they keep is plain data: copies of arrays, numbers, indices. A node refers to the
recordings that know it, never the other way round, so that nothing is kept alive. While none is open, none of this exists.
"""

from __future__ import annotations

import itertools
import sys
import weakref
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..autograd.conform import broadcast_axes, conform_array
from ..autograd.context import FunctionNode
from ..autograd.engine import RECORDERS, Recorder, current_pass
from ..autograd.grad_mode import OBSERVED, WATCHERS, Observer, Watcher, get_mode, observe, unobserve
from ..autograd.node import RELEASED, AccumulateGrad, Node, Output
from ..autograd.version import version_of
from ..nn.parameter import Parameter
from .calls import Call, Result, bare_call, read_call
from .modules import MODULE_STACK, ModuleTable, watch_modules

__all__ = ["BareGraph", "Pass", "RawInput", "RawStep", "RawValue", "Recording", "record", "recordings_of"]

_open: ContextVar[tuple[Recording, ...]] = ContextVar("recordings", default=())
"""The recordings that are open in this thread or task, the outermost first."""

_KNOWN = "recordings_"
"""Where a node's metadata have the recordings that know it: ``{recording: index of its value (its step, if several)}``."""


def _known(node: Any) -> dict[Recording, int]:
    return getattr(node, "_metadata", {}).get(_KNOWN, {})

_serial = itertools.count()


class RawValue:
    """A tensor as it was when it was first seen."""

    __slots__ = ("data", "dtype", "kind", "output", "shape", "step")

    def __init__(self, kind: str, shape: Any, dtype: Any, data: Any, step: int | None = None, output: int = 0) -> None:
        self.kind, self.shape, self.dtype, self.data, self.step, self.output = kind, shape, dtype, data, step, output


class RawInput:
    """An argument: the value's index, and its place in the node's ``next`` (None: none is asked for its gradient)."""

    __slots__ = ("param", "place", "value")

    def __init__(self, value: int, param: str, place: int | None) -> None:
        self.value, self.param, self.place = value, param, place


class RawStep:
    """An operation, with all that its rules need to be run again."""

    __slots__ = (
        "call", "cut", "depth", "dtype", "inputs", "line", "module", "needs", "outputs", "saved", "shape",
    )  # fmt: skip

    call: Call  # without arrays and nodes
    inputs: list[RawInput]
    outputs: list[int]
    needs: tuple[bool, ...]  # for each place of the node's ``next``, whether there is a node
    saved: tuple[Any, ...] | None  # copies; None where they are not known
    shape: Any
    dtype: Any
    line: tuple[str, int] | None
    module: int | None
    depth: int  # 0: of the forward pass; 1: of a backward pass under create_graph; 2: of that one's own ...
    cut: str


class Pass:
    """A backward pass."""

    def __init__(self, roots: list[int]) -> None:
        self.roots = roots
        self.arrived: dict[int, np.ndarray] = {}  # by value
        self.sent: dict[tuple[int, int], tuple[np.ndarray, tuple[int, ...]]] = {}  # by step and place: what, summed over
        self.order: list[int] = []  # the steps as they ran


class Recording:
    """What was recorded. :meth:`trace` shows it as a :class:`~tinygrad_edu.visualize.trace.Trace`."""

    def __init__(self) -> None:
        self.values: list[RawValue] = []
        self.steps: list[RawStep] = []
        self.passes: list[Pass] = []
        self.modules = ModuleTable()
        self.serial = next(_serial)
        self._leaves: weakref.WeakKeyDictionary[Node, list[int]] = weakref.WeakKeyDictionary()
        self._arrays: dict[int, tuple[Any, int, int]] = {}  # by id: weak reference, version, value
        self._running: weakref.WeakKeyDictionary[Any, Pass] = weakref.WeakKeyDictionary()

    def trace(self, root: Any = None, names: Any = None) -> Any:
        """The pass as a :class:`~tinygrad_edu.visualize.trace.Trace`.

        Args:
            root: the tensor that was differentiated; by default that of the last backward pass, or else the last result.
            names: names of tensors and modules, as ``locals()`` gives them.
        """
        from .tracing import build

        return build(self, self._root(root), names)

    def _root(self, tensor: Any) -> int:
        if tensor is not None:
            found = self.find(tensor)
            return self.value_of(tensor._array, tensor._node) if found is None else found
        if self.passes:
            return self.passes[-1].roots[0]
        for i in range(len(self.values) - 1, -1, -1):
            step = self.values[i].step
            if step is not None and any(self.steps[step].needs):
                return i
        raise ValueError("nothing was recorded: no operation on a tensor that requires grad ran inside record()")

    # ---- values

    def find(self, tensor: Any) -> int | None:
        """The value that stands for ``tensor`` now, if there is one."""
        node = tensor._node
        if node is None:
            return self._known_array(tensor._array)
        if type(node) is AccumulateGrad:
            return self._leaves.get(node, [None])[-1]
        return self._place(node)

    def _place(self, node: Any) -> int | None:
        """The index of the node's value, of its step if it has several outputs; None: not known here."""
        return _known(node).get(self)

    def _remember(self, node: Any, place: int) -> None:
        node.metadata.setdefault(_KNOWN, {})[self] = place

    def value_of(self, array: Any, node: Node | None) -> int:
        """The value of an argument or root, which is new unless a recorded step has made it."""
        if node is None:
            found = self._known_array(array)
            return self._new_array(array, "data") if found is None else found
        if type(node) is AccumulateGrad:
            return self._leaf(node, array)
        known = self._place(node)
        if known is None:
            known = self.adopt(node)
            if array is not None and self.values[known].data is None:
                self.values[known].data = array.copy()
        return known

    def _leaf(self, node: Any, array: Any) -> int:
        versions = self._leaves.setdefault(node, [])
        variable = node.variable
        if array is None and variable is not None:
            array = variable._array
        if versions:
            before = self.values[versions[-1]].data
            if array is None or (before is not None and _same_values(before, array)):
                return versions[-1]
        kind = "parameter" if isinstance(variable, Parameter) else "leaf"
        data = None if array is None else array.copy()
        versions.append(self._add(RawValue(kind, node.shape, node.dtype, data)))
        return versions[-1]

    def _known_array(self, array: np.ndarray) -> int | None:
        reference, version, value = self._arrays.get(id(array), (None, 0, 0))
        if reference is None or reference() is not array or version != version_of(array):
            return None
        return value

    def _new_array(self, array: np.ndarray, kind: str, step: int | None = None, output: int = 0) -> int:
        value = self._add(RawValue(kind, array.shape, array.dtype, array.copy(), step, output))
        self._arrays[id(array)] = (weakref.ref(array), version_of(array), value)
        return value

    def _add(self, value: RawValue) -> int:
        self.values.append(value)
        return len(self.values) - 1

    # ---- the forward pass

    def note(self, call: Call, node: Any, line: tuple[str, int] | None, depth: int) -> None:
        """Keep an operation that has just run."""
        inputs = [RawInput(self.value_of(each.array, each.node), each.param, each.place) for each in call.arguments]
        step = RawStep()
        if node is None:
            cut_off = [each for each in call.arguments if each.node is not None and each.place is not None]
            step.cut = "no_grad" if cut_off and call.op is not None and call.op.name and not get_mode() else ""
            for each in inputs:
                each.place = None
            step.needs, step.saved = (), None
        else:
            step.cut = ""
            step.needs = tuple(each is not None for each in node.next)
            step.saved = self._copies(call)
            step.shape, step.dtype = node.shape, node.dtype
            for each in inputs:
                if each.place is not None and not step.needs[each.place]:
                    each.place = None
        step.inputs, step.line, step.depth = inputs, line, depth
        step.module = self.modules.innermost()
        self._finish(step, call, node, "cut" if step.cut else "result")

    def _finish(self, step: RawStep, call: Call, node: Any, kind: str) -> None:
        index = len(self.steps)
        self.steps.append(step)
        step.outputs = []
        for place, result in enumerate(call.results):
            if result.node is not None or result.array is None:
                data = None if result.array is None else result.array.copy()
                value = self._add(RawValue(kind, result.shape, result.dtype, data, index, place))
                if result.node is not None:
                    self._remember(result.node, value)
            else:
                value = self._new_array(result.array, kind, index, place)
            step.outputs.append(value)
        if node is not None and node.outputs != 1:
            self._remember(node, index)
        step.call = call._replace(
            arguments=[],
            results=[],
            saved=[(name, _Facts(value)) for name, value in call.saved if isinstance(value, np.ndarray)],
        )

    def _copies(self, call: Call) -> tuple[Any, ...]:
        """What the step saved, as it is now. Arrays that are values are there already."""
        known = {}
        for each in (*call.arguments, *call.results):
            if each.array is not None:
                found = self._known_array(each.array) if each.node is None else None
                if found is not None and self.values[found].data is not None:
                    known[id(each.array)] = self.values[found].data
        return tuple(_copied(value, known) for _, value in call.saved)

    def detached(self, made: Any, source: Any, line: tuple[str, int] | None) -> None:
        """Keep the place where ``made`` was cut off from ``source``."""
        value = self.value_of(source._array, source._node)
        step = RawStep()
        step.inputs, step.needs, step.saved, step.cut = [RawInput(value, "x", None)], (), None, "detach"
        step.line, step.depth, step.module = line, _depth(), self.modules.innermost()
        made_one = Result(made._array, None, made._array.shape, made._array.dtype)
        self._finish(step, Call(None, "detach", "", [], [made_one], {}, []), None, "cut")

    # ---- nodes that were not told of: made before the recording began, or by writing in place

    def adopt(self, root: Any) -> int:
        """Take up the graph behind ``root`` as far as it is not known; return the place of ``root``."""
        found: dict[Any, None] = {}
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node is None or node in found or type(node) is AccumulateGrad or self._place(node) is not None:
                continue
            found[node] = None
            waiting.extend(node.next)
        for node in sorted(found, key=lambda each: each.seq):
            if type(node) is Output:
                owner = self._place(node.next[0])
                assert owner is not None
                self._remember(node, self.steps[owner].outputs[node.index])
            else:
                self._adopt(node)
        place = self._place(root)
        assert place is not None
        return place

    def _adopt(self, node: Any) -> None:
        call = bare_call(node)
        step = RawStep()
        step.inputs = [RawInput(self.value_of(each.array, each.node), each.param, each.place) for each in call.arguments]
        for each, argument in zip(step.inputs, call.arguments, strict=True):
            if argument.node is None:
                each.place = None
            elif self.values[each.value].data is None and argument.array is not None:
                self.values[each.value].data = argument.array.copy()
        step.needs = tuple(each is not None for each in node.next)
        known = call.op is not None and len(call.saved) == len(call.op.saved)
        step.saved = tuple(_copied(value, {}) for _, value in call.saved) if known else None
        step.shape, step.dtype, step.line, step.module = node.shape, node.dtype, None, None
        step.depth, step.cut = 0, ""
        self._finish(step, call, node, "result")

    # ---- the backward pass

    def depth_of(self, node: Any) -> int:
        """In how many derivatives ``node`` was made."""
        known = self._place(node)
        step = known if node.outputs != 1 or known is None else self.values[known].step
        return 0 if step is None else self.steps[step].depth

    def before(self, node: Any, grad: Any) -> None:
        """A node is about to run."""
        running = self._running_pass()
        if type(node) is not Output and node.outputs != 1:
            return  # each of its outputs has run
        known = self._place(node)
        if known is None:
            known = self.adopt(node)
        running.arrived[known] = _array_of(grad, copy=True)

    def after(self, node: Any, grads: Any) -> None:
        """A node has run."""
        if type(node) is Output:
            return
        running, current = self._running_pass(), current_pass()
        known = self._place(node)
        assert known is not None
        step = known if node.outputs != 1 else self.values[known].step
        assert step is not None
        running.order.append(step)
        needed = None if current is None else current.needed
        for place, (following, grad) in enumerate(zip(node.next, grads)):  # noqa: B905 (a rule may answer for fewer inputs)
            if following is None or grad is None or (needed is not None and following not in needed):
                continue
            array = _array_of(grad)
            if array is None:
                continue
            axes: tuple[int, ...] = ()
            if array.shape != following.shape and array.ndim >= len(following.shape):
                axes = broadcast_axes(array.shape, following.shape)[1]
            running.sent[step, place] = (np.array(conform_array(array, following)), axes)

    def arrived(self, leaf: Any, grad: Any) -> None:
        """A leaf's gradient is complete."""
        if leaf not in self._leaves:
            self._leaf(leaf, None)
        running = self._running_pass()
        for value in self._leaves[leaf]:
            running.arrived[value] = _array_of(grad, copy=True)

    def _running_pass(self) -> Pass:
        current = current_pass()
        running = self._running.get(current)
        if running is None:
            roots = [self.value_of(None, node) for node in current.roots]  # type: ignore[union-attr]
            running = self._running[current] = Pass(roots)
            self.passes.append(running)
        return running


class BareGraph(Recording):
    """What a graph tells of itself that nobody recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.ran = False
        self.gradients: dict[int, np.ndarray] = {}
        self._places: dict[Any, int] = {}

    def _place(self, node: Any) -> int | None:
        return self._places.get(node)

    def _remember(self, node: Any, place: int) -> None:
        self._places[node] = place

    def _adopt(self, node: Any) -> None:
        super()._adopt(node)
        if node.op is not None:
            self.ran = self.ran or node.saved is RELEASED
        elif isinstance(node, FunctionNode):
            self.ran = self.ran or node.ctx._freed

    def note_gradients(self) -> None:
        """What the leaves, and tensors that retain theirs, hold as ``grad``. All leaves have one: a pass has run."""
        complete = True
        for node, values in self._leaves.items():
            grad = getattr(node.variable, "_grad", None)  # type: ignore[attr-defined]
            if grad is not None:
                self.gradients[values[-1]] = grad._array.copy()
            complete = complete and grad is not None
        for node, place in self._places.items():
            kept = node.hooks.retain() if node.hooks is not None and node.hooks.retain is not None else None
            if kept is not None and kept._grad is not None and node.outputs == 1:
                self.gradients[place] = kept._grad._array.copy()
        self.ran = self.ran or (complete and bool(self._leaves))


class _Facts:
    """A saved array without its numbers."""

    __slots__ = ("dtype", "nbytes", "shape")

    def __init__(self, array: np.ndarray) -> None:
        self.shape, self.dtype, self.nbytes = array.shape, array.dtype, array.nbytes


def _copied(value: Any, known: dict[int, np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        found = known.get(id(value))
        return value.copy() if found is None else found
    if type(value) in (tuple, list):
        return type(value)(_copied(each, known) for each in value)
    return value


def _same_values(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _array_of(grad: Any, copy: bool = False) -> Any:
    array = getattr(grad, "_array", grad)
    if isinstance(array, np.generic):
        array = np.asarray(array)
    if not isinstance(array, np.ndarray):
        return None
    return array.copy() if copy else array


_depths: ContextVar[tuple[int, ...]] = ContextVar("depths", default=())
"""For each node whose rule runs, how deep in derivatives an operation is that it calls: 1 in an ordinary graph's rule."""


def _depth() -> int:
    return _depths.get()[-1] if _depths.get() else 0


# ---- the observers -------------------------------------------------------------------------------------------------


class _Forward(Observer, Watcher):
    """Tells the open recordings of operations."""

    def created(self, node: Any, tensor: Any) -> None:
        if recordings := _open.get():
            frame = sys._getframe(1)
            if frame.f_code is _TELLS:
                frame = frame.f_back  # type: ignore[assignment]
            call = read_call(frame, node, tensor)
            if call is not None:
                line, depth = user_line(frame), _depth()
                for each in recordings:
                    each.note(call, node, line, depth)

    def unrecorded(self, tensor: Any) -> None:
        if (recordings := _open.get()) and tensor._node is None:
            frame = sys._getframe(2)
            call = read_call(frame, None, tensor)
            if call is not None:
                line, depth = user_line(frame), _depth()
                for each in recordings:
                    each.note(call, None, line, depth)

    def detached(self, tensor: Any, source: Any) -> None:
        if (recordings := _open.get()) and source._node is not None:
            line = user_line(sys._getframe(2))
            for each in recordings:
                each.detached(tensor, source, line)


_TELLS = type(OBSERVED).created.__code__


class _Backward(Recorder):
    """Tells the open recordings of backward passes."""

    def before(self, node: Any, grad: Any) -> None:
        if recordings := _open.get():
            for each in recordings:
                each.before(node, grad)
            _depths.set((*_depths.get(), 1 + recordings[0].depth_of(node)))

    def after(self, node: Any, grads: Any) -> None:
        if recordings := _open.get():
            _depths.set(_depths.get()[:-1])
            for each in recordings:
                each.after(node, grads)

    def failed(self, node: Any, error: Exception) -> None:
        _depths.set(_depths.get()[:-1])

    def arrived(self, leaf: Any, grad: Any) -> None:
        for each in _open.get():
            each.arrived(leaf, grad)


_forward, _backward = _Forward(), _Backward()
_switches: list[Any] = []
"""One for every open recording of any thread; the observers are there while it is not empty."""


class record:
    """Record the operations and backward passes of the block: ``with record() as recording: ...``.

    Also of functions that the block calls and of tasks that it starts, not of other threads. Blocks may be nested: each
    records on its own. Arrays are copied, so a recorded pass takes about as much memory again as its values and gradients,
    which is free as soon as the recording and the tensors made in the block are gone.
    """

    def __enter__(self) -> Recording:
        self._recording = recording = Recording()
        if not _switches:
            WATCHERS.append(_forward)
            RECORDERS.append(_backward)
            watch_modules(True)
        _switches.append(self)
        observe(_forward)
        self._tokens = (_open.set((*_open.get(), recording)), MODULE_STACK.set(MODULE_STACK.get()))
        return recording

    def __exit__(self, *exc: Any) -> None:
        opened, stack = self._tokens
        _open.reset(opened)
        MODULE_STACK.reset(stack)
        unobserve(_forward)
        _switches.remove(self)
        if not _switches:
            WATCHERS.remove(_forward)
            RECORDERS.remove(_backward)
            watch_modules(False)


def recordings_of(tensor: Any) -> list[Recording]:
    """The recordings that know ``tensor``, the oldest first."""
    node = tensor._node
    known = {} if node is None else _known(node)
    here = [each for each in _open.get() if each not in known and each.find(tensor) is not None]
    return sorted([*known, *here], key=lambda each: each.serial)


# ---- where in the user's program -------------------------------------------------------------------------------------

_PACKAGE = __name__.partition(".")[0]
_EXAMPLES = (f"{_PACKAGE}.demo",)


def user_line(frame: Any) -> tuple[str, int] | None:
    """The innermost line that is not this package's: (file, line)."""
    while frame is not None:
        name = frame.f_globals.get("__name__")
        ours = name is None or name == _PACKAGE or name.startswith(f"{_PACKAGE}.")
        if (not ours and frame.f_code.co_filename[:1] != "<frozen") or name in _EXAMPLES:
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None
