"""What is recorded of a pass: plain data.

Copies of arrays, numbers, indices. A node refers to the recordings that know it, never the other way round, so that nothing is
kept alive.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..autograd.context import FunctionNode
from ..autograd.grad_mode import get_mode
from ..autograd.node import RELEASED, AccumulateGrad, Node, Output
from ..autograd.version import version_of
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..tensor import Tensor
from .calls import Call, bare_call
from .modules import Line, ModuleTable, Where
from .passes import Pass

__all__ = ["BareGraph", "RawInput", "RawStep", "RawValue", "Recording"]

_metadata = Node.__dict__["_metadata"].__get__
"""A node's metadata, where the recordings that know it have its place; AttributeError where there are none. Quicker than to ask
the node."""

_serial = itertools.count()


class RawValue:
    """A tensor as it was when it was first seen."""

    __slots__ = ("data", "dtype", "kind", "output", "shape", "step", "used")

    def __init__(self, kind: str, shape: Any, dtype: Any, data: Any, step: int | None = None, output: int = 0) -> None:
        self.kind = kind
        self.shape = shape
        self.dtype = dtype
        self.data = data
        self.step = step
        self.output = output
        self.used = False


RawInput = tuple[int, str, "int | None"]
"""An argument: the value's index, its name, and its place in the node's ``next`` (None: its gradient is not asked for)."""


class RawStep:
    """An operation, with all that its rules need to be run again."""

    __slots__ = (
        "cut", "depth", "dtype", "inputs", "line", "module", "names", "needs", "node_name", "op", "options", "outputs",
        "public", "saved", "shape",
    )  # fmt: skip

    op: Any
    public: str
    node_name: str
    inputs: list[RawInput]
    outputs: list[int]
    options: dict[str, Any]
    needs: tuple[bool, ...]  # for each place of the node's ``next``, whether there is a node
    names: Sequence[str]  # of what the node saved
    saved: tuple[Any, ...] | None  # copies of that; None where they are not known
    shape: Any
    dtype: Any
    line: Line | None
    module: int | None
    depth: int  # 0: of the forward pass; 1: of a backward pass under create_graph; 2: of that one's own ...
    cut: str


class Recording:
    """What was recorded. :meth:`trace` shows it as a :class:`~tinygrad_edu.visualize.trace.Trace`."""

    tensor_class: Any = Tensor
    module_class: Any = Module
    """What names may stand for."""

    def __init__(self) -> None:
        self.values: list[RawValue] = []
        self.steps: list[RawStep] = []
        self.passes: list[Pass] = []
        self.modules = ModuleTable()
        self.serial = next(_serial)
        self._leaves: dict[int, tuple[Any, list[int]]] = {}  # by id: weak reference, values
        self._arrays: dict[int, tuple[Any, int, int]] = {}  # by id: weak reference, version, value

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
        if node is None:  # a constant, or what a GradientTape watched while it recorded
            nodes = ((reference(), versions) for reference, versions in self._leaves.values())
            was = next((versions for node, versions in nodes if versions and node and node.variable is tensor), None)
            return was[-1] if was else self._known_array(tensor._array)
        if type(node) is AccumulateGrad:
            versions = self.states_of(node)
            return versions[-1] if versions else None
        return self.place(node)

    def states(self, tensor: Any) -> list[int]:
        """The values that stand for ``tensor``, one for each state that a leaf was seen in."""
        if type(tensor._node) is AccumulateGrad:
            return self.states_of(tensor._node)
        found = self.find(tensor)
        return [] if found is None else [found]

    def place(self, node: Any) -> int | None:
        """The index of the node's value, of its step if it has several outputs; None: not known here."""
        try:
            return _metadata(node).get(self)  # type: ignore[no-any-return]
        except AttributeError:
            return None

    def _remember(self, node: Any, place: int) -> None:
        try:
            _metadata(node)[self] = place
        except AttributeError:
            node._metadata = {self: place}

    def value_of(self, array: Any, node: Node | None) -> int:
        """The value of an argument or root, which is new unless a recorded step has made it."""
        if node is None:
            found = self._known_array(array)
            return self._new_array(array, "data") if found is None else found
        if type(node) is AccumulateGrad:
            return self._leaf(node, array)
        known = self.place(node)
        if known is None:
            known = self.adopt(node)
            if array is not None and self.values[known].data is None:
                self.values[known].data = array.copy("K")
        return known

    def _leaf(self, node: Any, array: Any) -> int:
        versions = self.states_of(node)
        variable = node._variable()
        if array is None and variable is not None:
            array = variable._array
        if versions:
            before = self.values[versions[-1]].data
            if array is None or (before is not None and _same_values(before, array)):
                return versions[-1]
        kind = "parameter" if isinstance(variable, Parameter) else "leaf"
        data = None if array is None else array.copy("K")
        value = len(self.values)
        self.values.append(RawValue(kind, node.shape, node.dtype, data))
        versions.append(value)
        return value

    def states_of(self, node: Any) -> list[int]:
        """The values of a leaf, one for each time that it had changed."""
        entry = self._leaves.get(id(node))
        if entry is None or entry[0]() is not node:
            entry = self._leaves[id(node)] = (weakref.ref(node), [])
        return entry[1]

    def _known_array(self, array: np.ndarray) -> int | None:
        reference, version, value = self._arrays.get(id(array), (None, 0, 0))
        if reference is None or reference() is not array or version != version_of(array):
            return None
        return value if _same_values(self.values[value].data, array) else None  # it may be NumPy's too

    def _new_array(self, array: np.ndarray, kind: str, step: int | None = None, output: int = 0) -> int:
        value = self._add(RawValue(kind, array.shape, array.dtype, array.copy("K"), step, output))
        self._arrays[id(array)] = (weakref.ref(array), version_of(array), value)
        return value

    def _data_now(self, value: RawValue, array: np.ndarray) -> np.ndarray:
        """The copy of an array, renewed if something has written to it that autograd does not see (``y.data.clamp_()``)."""
        data = value.data
        if data is None or not _same_values(data, array):
            data = array.copy("K")
            if not value.used:  # what nobody has used is shown as it is now
                value.data = data
        value.used = True
        return data

    def _add(self, value: RawValue) -> int:
        self.values.append(value)
        return len(self.values) - 1

    # ---- the forward pass

    def note(self, call: Call, node: Any, where: Where, depth: int, alone: bool) -> None:
        """Keep an operation that has just run, ``where`` :func:`around` says; ``alone``: nobody else is told of it."""
        values = self.values
        known: dict[int, Any] = {}  # what is copied already, by the array's id
        inputs: list[RawInput] = []
        for param, array, made_by, place in call.arguments:
            if made_by is None:
                index = self.value_of(array, None)
                known[id(array)] = values[index].data
                inputs.append((index, param, None))
                continue
            if made_by.__class__ is AccumulateGrad:
                index = self._leaf(made_by, array)
                known[id(array)] = values[index].data
            else:
                try:
                    index = _metadata(made_by)[self]
                except (AttributeError, KeyError):
                    index = self.value_of(array, made_by)
                known[id(array)] = self._data_now(values[index], array)
            inputs.append((index, param, None if node is None else place))
        step = RawStep()
        step.inputs = inputs
        step.line = where[0]
        step.module = self.modules.innermost(where)
        step.depth = depth
        step.cut = ""
        if node is None:
            cut_off = any(made_by is not None and place is not None for _, _, made_by, place in call.arguments)
            if cut_off and call.op is not None and call.op.name and not get_mode():
                step.cut = "no_grad"
            step.needs, step.saved = (), None
            self._finish(step, call, None, known)
            return
        step.needs = tuple([each is not None for each in node.next])
        step.shape = node.shape
        step.dtype = node.dtype
        self._finish(step, call, node, known, alone)
        step.saved = tuple([_copied(value, known) for value in call.saved])

    def _finish(self, step: RawStep, call: Call, node: Any, known: dict[int, Any], alone: bool = False) -> None:
        index = len(self.steps)
        self.steps.append(step)
        step.op = call.op
        step.public = call.public
        step.node_name = call.node_name
        step.options = call.options
        step.names = call.names
        step.outputs = outputs = []
        kind = "cut" if step.cut else "result"
        for place, (array, made_by, shape, dtype) in enumerate(call.results):
            if made_by is None and array is not None:
                value = self._new_array(array, kind, index, place)
                known[id(array)] = self.values[value].data
            else:
                data = None if array is None else array.copy("K")
                value = len(self.values)
                self.values.append(RawValue(kind, shape, dtype, data, index, place))
                if alone:  # nobody has written to the new node's metadata, and to look takes a while
                    made_by._metadata = {self: value}  # type: ignore[union-attr,dict-item]
                elif made_by is not None:
                    self._remember(made_by, value)
                known[id(array)] = data
            outputs.append(value)
        if node is not None and node.outputs != 1:
            self._remember(node, index)

    def detached(self, made: Any, source: Any, where: Where, depth: int) -> None:
        """Keep the place where ``made`` was cut off from ``source``."""
        value = self.value_of(source._array, source._node)
        step = RawStep()
        step.inputs, step.needs, step.saved, step.cut = [(value, "x", None)], (), None, "detach"
        step.line, step.depth, step.module = where[0], depth, self.modules.innermost(where)
        made_one = (made._array, None, made._array.shape, made._array.dtype)
        self._finish(step, Call(None, "detach", "", [], [made_one], {}, (), ()), None, {})

    # ---- nodes that were not told of: made before the recording began, or by writing in place

    def adopt(self, root: Any) -> int:
        """Take up the graph behind ``root`` as far as it is not known; return the place of ``root``."""
        found: dict[Any, None] = {}
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node is None or node in found or type(node) is AccumulateGrad or self.place(node) is not None:
                continue
            found[node] = None
            waiting.extend(node.next)
        for node in sorted(found, key=lambda each: each.seq):
            if type(node) is Output:
                owner = self.place(node.next[0])
                assert owner is not None
                self._remember(node, self.steps[owner].outputs[node.index])
            else:
                self._adopt(node)
        place = self.place(root)
        assert place is not None
        return place

    def _adopt(self, node: Any) -> None:
        call = bare_call(node)
        step = RawStep()
        step.inputs = []
        for param, array, made_by, place in call.arguments:
            value = self.value_of(array, made_by)
            if array is not None and self.values[value].data is None:
                self.values[value].data = array.copy("K")
            step.inputs.append((value, param, None if made_by is None else place))
        step.needs = tuple(each is not None for each in node.next)
        known = call.op is None or len(call.saved) == len(call.op.saved)
        step.saved = tuple(_copied(value, {}) for value in call.saved) if known else None
        step.shape, step.dtype, step.line, step.module = node.shape, node.dtype, None, None
        step.depth, step.cut = 0, ""
        self._finish(step, call, node, {})

    def depth_of(self, node: Any) -> int:
        """In how many derivatives ``node`` was made."""
        known = self.place(node)
        step = known if node.outputs != 1 or known is None else self.values[known].step
        return 0 if step is None else self.steps[step].depth


def _copied(value: Any, known: dict[int, Any]) -> Any:
    if value.__class__ is np.ndarray:
        found = known.get(id(value))
        return value.copy("K") if found is None else found
    if value.__class__ is tuple or value.__class__ is list:
        return value.__class__([_copied(each, known) for each in value])
    return value


def _same_values(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.nbytes < 65536 or not (a.flags.c_contiguous and b.flags.c_contiguous):
        order: Literal["A", "C"] = "A" if a.strides == b.strides else "C"  # as they lie in memory, if they do so alike
        return a.tobytes(order) == b.tobytes(order)
    return np.array_equal(a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8))


class BareGraph(Recording):
    """What a graph tells of itself that nobody recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.ran = False
        self.gradients: dict[int, np.ndarray] = {}
        self._places: dict[Any, int] = {}

    def place(self, node: Any) -> int | None:
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
        for reference, values in self._leaves.values():
            grad = getattr(reference().variable, "_grad", None)
            if grad is not None:
                self.gradients[values[-1]] = grad._array.copy("K")
            complete = complete and grad is not None
        for node, place in self._places.items():
            kept = node.hooks.retain() if node.hooks is not None and node.hooks.retain is not None else None
            if kept is not None and kept._grad is not None and node.outputs == 1:
                self.gradients[place] = kept._grad._array.copy("K")
        self.ran = self.ran or (complete and bool(self._leaves))
