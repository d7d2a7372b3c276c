"""``GradientTape``: TensorFlow's way to ask for gradients, over the same engine.

After https://www.tensorflow.org/api_docs/python/tf/GradientTape. A tape is a stretch of time during which certain tensors
require gradients: watching one makes it a leaf of the backward graph, and when the tape stops it is an ordinary tensor
again. The graph itself is the engine's.
"""

from __future__ import annotations

import contextlib
import enum
import warnings
from collections.abc import Iterator
from typing import Any

from .autograd import grad as engine_grad
from .autograd.grad_mode import Observer, no_grad, observe, unobserve
from .autograd.node import AccumulateGrad, next_sequence_number
from .sequences import eye
from .tensor import Tensor
from .utils.nested import flatten, rebuild
from .variable import VARIABLES, Variable, recording_tapes

__all__ = ["GradientTape", "UnconnectedGradients"]


class UnconnectedGradients(enum.Enum):
    """What stands for the gradient of a source that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


class _Reader(Observer):
    """Sees which variables are read, and marks results: their ``numpy()`` works although they have a history."""

    def __init__(self) -> None:
        self.read: dict[int, Variable] = {}

    def created(self, node: Any, made: Any, call: Any) -> None:
        for each in made if made.__class__ is tuple else (made,):
            each.__dict__["_taped"] = True
        for each in node.next:
            if each.__class__ is AccumulateGrad and isinstance(variable := each.variable, Variable):
                self.read.setdefault(id(variable), variable)


class GradientTape:
    """Record operations for automatic differentiation.

    Trainable :class:`Variable` objects are watched by themselves, other tensors when :meth:`watch` is told so. Parameters
    of modules may be sources as well. A tape around a tape differentiates gradients.

    Args:
        persistent: whether gradients may be asked for more than once.
        watch_accessed_variables: whether variables are watched by themselves.

    >>> x = torch.tensor(3.0)
    >>> with torch.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x)
    tensor(6.)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent, self.watches_variables = persistent, watch_accessed_variables
        self._clear()

    def _clear(self) -> None:
        self._watched: dict[int, tuple[Tensor, Any]] = {}  # tensors and the leaves that stand for them in the graph
        self._reader, self._used = _Reader(), False
        self._end = float("inf")  # in the engine's time

    def __enter__(self) -> GradientTape:
        if self in recording_tapes.get():
            raise ValueError("Tape is already recording.")
        recording_tapes.set((*recording_tapes.get(), self))
        observe(self._reader)
        self._end = float("inf")
        if self.watches_variables:
            for variable in tuple(VARIABLES):
                self.take(variable)
        return self

    def __exit__(self, *exc: Any) -> None:
        if self in recording_tapes.get():
            self._stop()

    def _stop(self) -> None:
        """Stop recording: what this tape watches is no leaf any more, unless another tape watches it."""
        others = tuple(each for each in recording_tapes.get() if each is not self)
        recording_tapes.set(others)
        unobserve(self._reader)
        self._end = next_sequence_number()
        for key, (tensor, node) in self._watched.items():
            if tensor._node is node and not any(key in other._watched for other in others):
                tensor._node = None

    def take(self, tensor: Tensor) -> None:
        """Make a tensor a leaf for as long as this tape records, unless it has a history, or is a leaf, of its own."""
        if tensor._node is None:
            tensor._node = AccumulateGrad(tensor)
        elif not any(id(tensor) in other._watched for other in recording_tapes.get()):
            return
        self._watched.setdefault(id(tensor), (tensor, tensor._node))

    def watch(self, tensor: Any) -> None:
        """Record what happens to a tensor (or to all in a nested structure) from here on."""
        for each in _tensors(tensor):
            if not each.is_floating_point():
                warnings.warn(f"The dtype of the watched tensor must be floating, got {each.dtype}", stacklevel=2)
                continue
            self.take(each)
            if isinstance(each, Variable):
                self._reader.read.setdefault(id(each), each)

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that the tape has seen read, in the order in which they were read first."""
        return tuple(self._reader.read.values())

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Operations in this block are not recorded, by no tape."""
        if self not in recording_tapes.get():
            raise ValueError("Tape is not recording.")
        with no_grad():
            yield

    def reset(self) -> None:
        """Forget everything, as if a new tape had just been started."""
        if recording := self in recording_tapes.get():
            self._stop()
        self._clear()
        if recording:
            self.__enter__()

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Any = UnconnectedGradients.NONE
    ) -> Any:
        """The gradients of the sum of ``target`` with respect to ``sources``, in the structure of ``sources``.

        Args:
            target, sources: tensors, or nested lists, tuples or dictionaries of them.
            output_gradients: what to multiply each target's gradient by, in the structure of ``target``; ones by default.
            unconnected_gradients: "none" or "zero", for a source that no target depends on.

        Raises:
            RuntimeError: a second call on a tape that is not persistent.
        """
        targets = _tensors(target)
        weights = [None] * len(targets) if output_gradients is None else list(flatten(output_gradients))
        if len(weights) != len(targets):
            raise ValueError(f"`output_gradients` has {len(weights)} tensors, `target` has {len(targets)}.")
        weights = [t.new_ones(t.shape) if weight is None else weight for t, weight in zip(targets, weights, strict=True)]
        return self._differentiate(targets, sources, weights, (), unconnected_gradients)

    def jacobian(self, target: Tensor, sources: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The Jacobian of ``target``: for each source a tensor of shape ``target.shape + source.shape``."""
        (target,) = _tensors(target)
        rows = eye(target.numel(), dtype=target.dtype).reshape(-1, *target.shape)
        return self._differentiate([target], sources, [rows], tuple(target.shape), unconnected_gradients, batched=True)

    def _differentiate(
        self, targets: list[Tensor], sources: Any, weights: list[Any], lead: Any, unconnected: Any, batched: bool = False
    ) -> Any:
        """One pass, recorded if a tape is there to see it. ``lead`` comes before the sources' shapes in the results'."""
        zero, flat = UnconnectedGradients(unconnected) is UnconnectedGradients.ZERO, _tensors(sources)
        if self._used:
            raise RuntimeError("A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)")
        self._used = not self._persistent
        if self._used and self in recording_tapes.get():
            self._stop()
        before = [(tensor, tensor._node) for tensor, _ in self._watched.values()]
        for tensor, node in self._watched.values():  # for the length of the pass they are the leaves that they were
            tensor._node = node
        try:
            pairs = [pair for pair in zip(targets, weights, strict=True) if pair[0]._node and pair[0]._node.seq < self._end]
            known = {i: t for i, t in enumerate(flat) if t._node and (id(t) in self._watched or not isinstance(t, Variable))}
            if pairs and known:
                options: Any = {"retain_graph": True, "create_graph": bool(recording_tapes.get()), "is_grads_batched": batched}
                outputs, vectors = zip(*pairs, strict=True)
                known = engine_grad(outputs, known, vectors, allow_unused=True, **options)
            else:
                known = {}
        finally:
            for tensor, node in before:
                tensor._node = node
        grads: list[Any] = [known.get(i) for i in range(len(flat))]
        for i, (source, grad) in enumerate(zip(flat, grads, strict=True)):
            shape = (*lead, *source.shape)
            grads[i] = (source.new_zeros(shape) if zero else None) if grad is None else grad.reshape(shape) if batched else grad
        return rebuild(sources, iter(grads))


def _tensors(structure: Any) -> list[Tensor]:
    flat = list(flatten(structure))
    if wrong := [each for each in flat if not isinstance(each, Tensor)]:
        raise ValueError(f"Passed in object {wrong[0]!r} of type {type(wrong[0]).__name__!r}, not Tensor or Variable.")
    return flat
