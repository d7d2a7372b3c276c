"""A model's layers as one forward pass meets them: their order, shapes, parameters, and what feeds which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ...autograd.grad_mode import no_grad
from ...creation import zeros
from ...dtypes import int64
from ...nn.module import Module
from ...nn.sparse import Embedding, EmbeddingBag
from ...tensor import Tensor
from ..recording.record import record
from ..recording.recording import Recording

__all__ = ["Layer", "Run", "run_model"]

Shape = tuple[int, ...]


@dataclass
class Layer:
    """One call of a module that is shown as a whole, or (``kind`` "") an operation between them, or an input."""

    name: str
    kind: str
    inputs: list[Shape]
    outputs: list[Shape]
    module: Any = None
    sources: list[int] = field(default_factory=list)  # the layers that made its inputs
    family: str = "other"  # of an operation


@dataclass
class Run:
    """One forward pass. ``shapes`` has the results' shapes of every module that was called, by its path."""

    layers: list[Layer]
    shapes: dict[str, list[Shape]]
    batch: bool  # whether the first axis is a batch of any size


def run_model(
    model: Any, input_size: Any = None, input: Any = None, depth: int | None = None, caller: str = "plot_model"
) -> Run:
    """Run ``model`` once, unrecorded and in evaluation mode, on ``input`` or on zeros of ``input_size``.

    The zeros are whole numbers for a model whose first parameter is an embedding's: it takes indices.
    A model that does not take zeros of that size gets a batch of one: some tools ask for the shape of a sample.
    """
    if not isinstance(model, Module):
        raise TypeError(f"{caller}(): argument 'model' must be Module, not {type(model).__name__}")
    given, batch = _inputs(model, input_size, input, caller)
    try:
        return _run(model, given, depth, batch)
    except (RuntimeError, ValueError, IndexError, AssertionError):
        if input_size is None or input is not None:
            raise
        try:
            return _run(model, [each.unsqueeze(0) for each in given], depth, True)
        except Exception:
            pass
        raise


def _run(model: Any, given: list[Any], depth: int | None, batch: bool) -> Run:
    walk = _Walk(model, depth)
    with no_grad(), _evaluating(model), record() as walk.recording:
        walk.begin(given)
        handles = [each.register_forward_pre_hook(walk.enter) for each in model.modules()]
        handles += [each.register_forward_hook(walk.leave) for each in model.modules()]
        try:
            result = model(*given)
        finally:
            for handle in handles:
                handle.remove()
        walk.end(result)
    return Run(walk.layers, walk.shapes, batch)


def _inputs(model: Any, input_size: Any, input: Any, caller: str) -> tuple[list[Any], bool]:
    if input is not None:
        return (list(input) if isinstance(input, (tuple, list)) else [input]), False
    known = getattr(model, "input_shape", None)  # a Keras model knows the shape of a sample
    if input_size is None and known is not None:
        return [zeros((1, *known))], True
    if input_size is None:
        raise ValueError(f"{caller}() needs the shape of an input: input_size=(batch, ...), or the input itself: input=x")
    several = bool(input_size) and all(isinstance(each, (tuple, list)) for each in input_size)
    sizes = input_size if several else [input_size]
    for size in sizes:
        if not all(type(n) is int and n >= 0 for n in size):
            raise TypeError(f"{caller}(): argument 'input_size' must be a tuple of ints or a list of them, got {input_size!r}")
    first = next((each for each in model.modules() if each._parameters), None)
    dtype = int64 if isinstance(first, (Embedding, EmbeddingBag)) else None
    return [zeros(tuple(size), dtype=dtype) for size in sizes], False


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """The model in evaluation mode, so that no statistics move and no random numbers are drawn; then as it was."""
    modes = [(each, each.training) for each in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for each, training in modes:
            each.training = training


def is_unit(module: Any, depth: int | None, level: int) -> bool:
    """Whether a module is shown as a whole: it has none inside, or says so, or lies deep enough."""
    if getattr(module, "shown_whole", False) or not any(True for _ in module.children()):
        return True
    return depth is not None and level >= depth


class _Walk:
    """The hooks' notes."""

    recording: Recording

    def __init__(self, model: Any, depth: int | None) -> None:
        self.layers: list[Layer] = []
        self.shapes: dict[str, list[Shape]] = {}
        self.paths = {each: path for path, each in model.named_modules()}
        self.units = {
            each for each, path in self.paths.items() if is_unit(each, depth, len(path.split(".")) if path else 0)
        }  # fmt: skip
        self.model = model
        self.producer: dict[int, int] = {}  # by value
        self.inside: list[Any] = []  # units that run
        self.waiting: list[tuple[list[int], list[Shape]]] = []
        self.alive: list[Any] = []  # tensors whose arrays tell values apart

    def begin(self, given: list[Any]) -> None:
        for each in given:
            if isinstance(each, Tensor):
                self.add(Layer("input", "Input", [tuple(each.shape)], [tuple(each.shape)]), [each])

    def end(self, result: Any) -> None:
        for each in _tensors(result):
            self.source(each)

    def add(self, layer: Layer, made: Sequence[Any]) -> int:
        self.layers.append(layer)
        for each in made:
            self.alive.append(each)
            self.producer[self.recording.value_of(each._array, each._node)] = len(self.layers) - 1
        return len(self.layers) - 1

    def enter(self, module: Any, args: Any) -> None:
        if self.inside or module not in self.units:
            return
        self.inside.append(module)
        given = _tensors(args)
        sources = [source for each in given if (source := self.source(each)) is not None]
        self.waiting.append((sources, [tuple(each.shape) for each in given]))

    def leave(self, module: Any, args: Any, result: Any) -> None:
        made = _tensors(result)
        path = self.paths[module]
        self.shapes.setdefault(path, []).extend(tuple(each.shape) for each in made)
        if self.inside and self.inside[-1] is module:
            self.inside.pop()
            sources, inputs = self.waiting.pop()
            outputs = [tuple(each.shape) for each in made]
            name = path.rpartition(".")[2] if getattr(module, "shown_whole", False) else path
            self.add(Layer(name, type(module).__name__, inputs, outputs, module, list(dict.fromkeys(sources))), made)

    def source(self, tensor: Any) -> int | None:
        """The layer that made a tensor; operations between layers become layers of their own."""
        recording = self.recording
        value = recording.value_of(tensor._array, tensor._node)
        self.alive.append(tensor)
        order, waiting, seen = [], [value], set()
        while waiting:
            each = waiting.pop()
            step = recording.values[each].step
            if each in self.producer or step is None or step in seen:
                continue
            seen.add(step)
            order.append(step)
            waiting += [given for given, _, _ in recording.steps[step].inputs]
        for index in sorted(order):
            self._add_operation(index)
        return self.producer.get(value)

    def _add_operation(self, index: int) -> None:
        recording = self.recording
        step = recording.steps[index]
        given = [value for value, _, _ in step.inputs]
        sources = list(dict.fromkeys(self.producer[value] for value in given if value in self.producer))
        if not sources:
            return  # of parameters and constants alone
        # detach and user-defined functions have no declaration
        symbol, family = (step.public, "other") if step.op is None else (step.op.symbol, step.op.family)
        shapes = [tuple(recording.values[value].shape) for value in given if value in self.producer]
        outputs = [tuple(recording.values[value].shape) for value in step.outputs]
        self.layers.append(Layer(symbol, "", shapes, outputs, None, sources, family))
        self.producer.update(dict.fromkeys(step.outputs, len(self.layers) - 1))


def _tensors(values: Any) -> list[Any]:
    """The tensors in a tensor, or in tuples, lists and dictionaries of them."""
    found, waiting = [], [values]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, (tuple, list)):
            waiting += reversed(each)
        elif isinstance(each, dict):
            waiting += reversed(list(each.values()))
    return found
