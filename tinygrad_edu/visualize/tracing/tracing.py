"""A recording as a Trace: what belongs to one root, with names, formulas and local factors."""

from __future__ import annotations

import linecache
import math
import os
from collections import Counter
from typing import Any

import numpy as np

from ...autograd.conform import broadcast_axes, conform_array
from ...autograd.node import Node
from ...autograd.runtime import new
from ...dtypes import from_numpy_dtype
from ...errstate import quiet
from ...ops.linalg import affine, mm
from ...ops.shape import t_unseen
from ...tensor import Tensor
from ..recording.modules import Line, line_number
from ..recording.passes import Pass
from ..recording.record import recordings_of
from ..recording.recording import BareGraph, RawInput, RawStep, RawValue, Recording
from ..trace import Input, Module, Saved, Source, Step, Trace, Value
from .bridge import TorchGraph, is_torch_tensor
from .formulas import LINEAR, Words, for_people, in_words, plain
from .looks import GATES, WINNERS
from .names import letters, module_prefixes, named_modules, named_tensors

__all__ = ["build", "local_factor", "trace"]

_PRODUCTS = (affine, mm)
_OF_MM = {"x": "input", "mat2": "weight"}
_OF_AFFINE = {"x": "bias", "mat1": "input", "mat2": "weight"}
"""The arguments of a linear layer's product, and what they are to the layer."""


def trace(loss: Any, names: Any = None) -> Trace:
    """The pass that made ``loss``, with its backward pass if that has run.

    Everything is known of what ran inside :class:`record`. Of a graph that was made outside, the trace shows the nodes,
    their shapes, what they saved, and the leaves with their gradients: before ``backward()`` also values and local factors.

    Args:
        loss: a Tensor, the root of the graph: of any shape, and any tensor inside a graph. A tensor of real PyTorch will do:
            :mod:`.bridge` says what is known of it.
        names: names of tensors and modules, as ``locals()`` gives them. Without a name a parameter has its path in the
            model, and another value is called a, b, c, ... in the order in which they were made.

    Raises:
        TypeError: ``loss`` is no Tensor.
    """
    if is_torch_tensor(loss):
        theirs = TorchGraph(loss)
        return build(theirs, theirs.root, names)
    if not isinstance(loss, Tensor):
        raise TypeError(f"trace(): argument 'loss' must be Tensor, not {type(loss).__name__}")
    known = recordings_of(loss)
    if not known:
        graph = BareGraph()
        root = graph.value_of(loss._array, loss._node)
        graph.note_gradients()
        return build(graph, root, names)
    with_pass = [each for each in known if _pass_of(each, each.find(loss)) is not None]
    recording = (with_pass or known)[-1]
    return build(recording, recording.find(loss), names)  # type: ignore[arg-type]


def _pass_of(recording: Recording, root: int | None) -> Pass | None:
    """The last backward pass that came through ``root``."""
    return next((each for each in reversed(recording.passes) if root in each.roots or root in each.arrived), None)


def build(recording: Recording, root: int, names: Any) -> Trace:
    """The part of ``recording`` that lies behind the value ``root``."""
    return _Builder(recording, root, names).trace()


class _Builder:
    def __init__(self, recording: Recording, root: int, names: Any) -> None:
        self.recording, self.root, self.names = recording, root, names
        self.pass_ = _pass_of(recording, root)
        self.kept_steps, self.kept_values = self._behind_root()
        self.transposed = self._transposed_weights()
        self.value_ids = {raw: i for i, raw in enumerate(self.kept_values)}
        self.step_ids = {raw: i for i, raw in enumerate(self.kept_steps)}
        self.looked_up = isinstance(recording, (BareGraph, TorchGraph)) and recording.ran  # a pass that nobody watched
        self.ran = set() if self.pass_ is None else self.pass_.sent.keys()

    def _behind_root(self) -> tuple[list[int], list[int]]:
        values, steps = {self.root}, set()
        waiting = [self.root]
        while waiting:
            step = self.recording.values[waiting.pop()].step
            if step is None or step in steps:
                continue
            steps.add(step)
            raw = self.recording.steps[step]
            for value in (*raw.outputs, *(value for value, _, _ in raw.inputs)):
                if value not in values:
                    values.add(value)
                    waiting.append(value)
        return sorted(steps), sorted(values)

    def _transposed_weights(self) -> dict[int, int]:
        """The value of each weight that a linear layer has transposed, with the step; these steps become part of it."""
        steps = self.recording.steps
        made = {steps[raw].outputs[0]: raw for raw in self.kept_steps if steps[raw].op is t_unseen}
        uses = Counter(value for raw in self.kept_steps for value, _, _ in steps[raw].inputs)
        linear = {
            value: made[value]
            for raw in self.kept_steps
            for value, param, _ in steps[raw].inputs
            if value in made and uses[value] == 1 and steps[raw].op in _PRODUCTS and param == "mat2"
        }
        self.kept_steps = [raw for raw in self.kept_steps if raw not in linear.values()]
        self.kept_values = [raw for raw in self.kept_values if raw not in linear or raw == self.root]
        return linear

    def trace(self) -> Trace:
        recording = self.recording
        self._meet_modules()
        self.prefixes = module_prefixes(recording, self.names)
        self._name_values()
        values = [self._value(raw) for raw in self.kept_values]
        self.values = values
        steps = [self._step(raw) for raw in self.kept_steps]
        for step in steps:
            for place, each in enumerate(step.inputs):
                values[each.value].used_by.append((step.id, place))
        self._fill_gradients(values, steps)
        depth = max((recording.steps[raw].depth for raw in self.kept_steps), default=0)
        return Trace(
            values=values,
            steps=steps,
            modules=self._modules(steps),
            root=self.value_ids[self.root],
            ran=self.pass_ is not None or self.looked_up,
            order=1 + depth,
            bad=_first_bad(values, steps),
            bad_backward=self._first_bad_gradient(steps),
        )

    # ---- values

    def _meet_modules(self) -> None:
        """Modules among the names whose parameters take part, although nobody saw them called."""
        for _, module in named_modules(self.names, self.recording.module_class):
            if not self.recording.modules.knows(module):
                found = (self.recording.find(each) for each in module.parameters())
                if not self.value_ids.keys().isdisjoint(found):
                    self.recording.modules.add_root(module)

    def _name_values(self) -> None:
        recording = self.recording
        self.value_names: dict[int, str] = {}
        for name, tensor in named_tensors(self.names, recording.tensor_class):
            self._give_name(tensor, name)
        for tensor, root, path in recording.modules.tensors():
            prefix = self.prefixes[root]
            self._give_name(tensor, f"{prefix}.{path}" if prefix else path)
        taken, free = set(self.value_names.values()), letters()
        for raw in self.kept_values:
            if raw not in self.value_names:
                self.value_names[raw] = next(name for name in free if name not in taken)

    def _give_name(self, tensor: Any, name: str) -> None:
        """Name what stands for ``tensor``: a leaf that changed meanwhile has a value for each of its states."""
        for raw in self.recording.states(tensor):
            if raw in self.value_ids and raw not in self.value_names:
                self.value_names[raw] = name
                name += "′"

    def _value(self, raw: int) -> Value:
        value = self.recording.values[raw]
        return Value(
            id=self.value_ids[raw],
            name=self.value_names[raw],
            kind=value.kind,
            shape=tuple(value.shape),
            dtype=str(from_numpy_dtype(value.dtype)).removeprefix("torch."),
            data=value.data,
            grad=self._gradient(raw),
            made_by=None if value.step is None else self.step_ids[value.step],
            output=value.output,
        )

    def _gradient(self, raw: int) -> Any:
        if self.looked_up:
            return self.recording.gradients.get(raw)  # type: ignore[attr-defined]
        return None if self.pass_ is None else self.pass_.arrived.get(raw)

    def _fill_gradients(self, values: list[Value], steps: list[Step]) -> None:
        """A value whose own node did not run (the target of ``autograd.grad``) has the sum of what was sent to it."""
        for value in values:
            if value.grad is None:
                parts = [steps[step].inputs[place].downstream for step, place in reversed(value.used_by)]
                given = [each for each in parts if each is not None]
                if given:
                    with quiet():
                        value.grad = np.asarray(sum(given[1:], start=given[0]))

    # ---- steps

    def _step(self, raw: int) -> Step:
        step = self.recording.steps[raw]
        params, raw_inputs = self._edges(raw, step)
        is_linear = "weight" in params and step.op in _PRODUCTS
        names = {param: self.value_names[value] for param, (_, (value, _, _)) in zip(params, raw_inputs, strict=True)}
        outputs = [self.value_names[each] for each in step.outputs]
        public = "linear" if is_linear else step.public
        op = LINEAR if is_linear else step.op
        words = in_words(op, public, names, outputs, step.options, self._conjugated(op, step, params, raw_inputs))
        inputs = [self._input(step, param, *each, words) for param, each in zip(params, raw_inputs, strict=True)]
        return Step(
            id=self.step_ids[raw],
            op=public,
            node=step.node_name,
            family="other" if op is None else op.family,
            symbol=public if op is None else op.symbol,
            formula=words.formula,
            formula_latex=words.formula_latex,
            inputs=inputs,
            outputs=[self.value_ids[each] for each in step.outputs],
            options={name: plain(value) for name, value in step.options.items() if for_people(value)},
            module=self._path(step.module),
            source=_source(step.line),
            saved=[
                Saved(name, each.shape, each.dtype.name, each.nbytes)
                for name, each in zip(step.names, step.saved or (), strict=False)  # names without values: they are released
                if isinstance(each, np.ndarray)
            ],
            ran=self.pass_ is not None and raw in self.ran,
            cut=step.cut,
            note=_note(public, inputs, names, self.values),
        )

    def _conjugated(self, op: Any, step: RawStep, params: list[str], raw_inputs: list[tuple[int, RawInput]]) -> list[str]:
        """The arguments that the step's rules conjugate: of a holomorphic operation, the complex ones."""
        results = [self.recording.values[each].dtype.kind for each in step.outputs]
        if op is None or not op.holomorphic or results[0] != "c":
            return []
        values = (self.recording.values[value] for _, (value, _, _) in raw_inputs)
        return ["out", *(param for param, value in zip(params, values, strict=True) if value.dtype.kind == "c")]

    def _edges(self, raw: int, step: RawStep) -> tuple[list[str], list[tuple[int, RawInput]]]:
        """The arguments' names, and the inputs, each with the step that sends its gradient on."""
        steps, through = self.recording.steps, self.transposed
        if not any(value in through for value, _, _ in step.inputs):
            return [param for _, param, _ in step.inputs], [(raw, each) for each in step.inputs]
        roles = _OF_MM if step.op is mm else _OF_AFFINE
        edges: dict[str, tuple[int, RawInput]] = {}
        for each in step.inputs:
            value, param, _ = each
            edges[roles[param]] = (through[value], steps[through[value]].inputs[0]) if value in through else (raw, each)
        params = sorted(edges, key=["input", "weight", "bias"].index)
        return params, [edges[param] for param in params]

    def _input(self, step: RawStep, param: str, sender: int, given: RawInput, words: Words) -> Input:
        raw, _, place = given
        value = self.value_ids[raw]
        if place is None:
            return Input(value, param, False, None, None, "", "")
        downstream: Any = None
        summed: tuple[int, ...] = ()
        target = self.recording.values[raw]
        if self.pass_ is not None and place < len(sent := self.pass_.sent.get(sender, ())):
            downstream = sent[place]
            if downstream is not None:
                summed = _summed(downstream, target)
                with quiet():
                    downstream = np.asarray(conform_array(downstream, target))
        rule, latex = words.rules.get(param.partition("[")[0], ("", ""))
        local = self._local(step, place, downstream) if sender in self.step_ids else None
        summed = (local is not None and _summed(local, target)) or summed
        blocked = None
        if step.public in GATES and step.saved is not None and len(step.outputs) == 1:
            through = local_factor(step, place) if local is None else local
            blocked = None if through is None else int((through == 0).sum())
        return Input(value, param, True, downstream, local, rule, latex, summed, blocked)

    def _local(self, step: RawStep, place: int, downstream: Any) -> Any:
        """The local factor, if the step works element by element or has one number as its result."""
        if len(step.outputs) != 1:
            return None
        shape = self.recording.values[step.outputs[0]].shape
        single = math.prod(shape) == 1
        if step.op is None or step.saved is None:
            grad = None if self.pass_ is None else self.pass_.arrived.get(step.outputs[0])
            if single and grad is not None and downstream is not None and grad.item() != 0 and np.isfinite(grad).all():
                with quiet():
                    return np.asarray(downstream / grad.reshape(()))  # the gradient is linear in a single number
            return None
        if not step.op.elementwise and (not single or step.dtype.kind == "c"):  # a rule may conjugate
            return None
        local = local_factor(step, place)
        return local if local is None or single or local.shape == shape else None

    # ---- modules

    def _path(self, place: int | None) -> str:
        if place is None:
            return ""
        module = self.recording.modules.places[place]
        prefix = self.prefixes[module.root]
        return f"{prefix}.{module.path}" if prefix and module.path else prefix or module.path

    def _modules(self, steps: list[Step]) -> list[Module]:
        """The modules in which steps ran, and those around them."""
        places = {self._path(i): each for i, each in reversed(list(enumerate(self.recording.modules.places)))}
        used: dict[str, None] = {}
        for step in steps:
            path = step.module
            while path:
                used[path] = None
                path = _parent(path, places)
        ordered = [path for path in reversed(places) if path in used]
        return [Module(path, places[path].kind, places[path].text, _parent(path, places)) for path in ordered]

    def _first_bad_gradient(self, steps: list[Step]) -> int | None:
        if self.pass_ is None:
            return None
        for raw in self.pass_.sent:
            if raw in self.step_ids:
                step = steps[self.step_ids[raw]]
                arrived = [self.values[each].grad for each in step.outputs]
                if all(map(_finite, arrived)) and not all(_finite(each.downstream) for each in step.inputs):
                    return step.id
        return None


def _summed(array: np.ndarray, target: RawValue) -> tuple[int, ...]:
    """The axes of ``array`` that are summed over to get the shape of ``target``."""
    if array.shape == target.shape or array.ndim < len(target.shape):
        return ()
    return broadcast_axes(array.shape, target.shape)[1]


def _parent(path: str, places: Any) -> str:
    """The innermost module around the one at ``path``."""
    while "." in path:
        path = path.rpartition(".")[0]
        if path in places:
            return path
    return ""


def local_factor(step: RawStep, place: int) -> Any:
    """The step's rule for one input, run on ones; None where there is no derivative."""
    twin: Any = new(step.op.node_class_of(step.dtype))
    twin.next = tuple(Node if needed else None for needed in step.needs)
    twin.hooks, twin.seq, twin.shape, twin.dtype = None, 0, step.shape, step.dtype
    twin.saved = step.saved
    try:
        with quiet():
            local = twin.apply_arrays(np.ones(step.shape, step.dtype))[place]
    except RuntimeError:  # an operation without a derivative
        return None
    return None if local is None else np.array(local)


def _source(line: Line | None) -> Source | None:
    if line is None:
        return None
    file, number = line[0].co_filename, line_number(line)
    return Source(os.path.basename(file), number, linecache.getline(file, number).strip())


def _finite(array: Any) -> bool:
    return array is None or array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _first_bad(values: list[Value], steps: list[Step]) -> int | None:
    for step in steps:
        given, made = [values[each.value] for each in step.inputs], [values[each] for each in step.outputs]
        if all(_finite(each.data) for each in given) and not all(_finite(each.data) for each in made):
            return step.id
    return None


def _note(public: str, inputs: list[Input], names: dict[str, str], values: list[Value]) -> str:
    """What a gate did: how many elements it closed, or who won."""
    gated = [each for each in inputs if each.blocked is not None]
    if len(gated) == 1:
        closed, total = gated[0].blocked, math.prod(values[gated[0].value].shape)
        assert closed is not None
        if public in WINNERS:
            return f"{total - closed} of {total} {'wins' if total - closed == 1 else 'win'}"
        if total == 1:
            return "gate closed" if closed else "gate open"
        return f"{closed} of {total} gates closed"
    if len(gated) == 2 and all(each.local is not None and each.local.size == 1 for each in gated):
        winners = [names[each.param] for each in gated if not each.blocked]
        if len(winners) == 1:
            return f"winner: {winners[0]}"
    return ""
