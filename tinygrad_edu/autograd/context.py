"""The context of a user-defined function, and the engine's node for it.

The context is what ``forward`` and ``backward`` receive, and what ``y.grad_fn`` shows. It is an object of its own
beside the node, because users store what they like on it (``ctx.shape = x.shape``), under names that the engine needs
too. The node owns the context; the context refers back weakly, so that the two form no cycle.

After PyTorch's ``torch/csrc/autograd/python_function.cpp``.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor
from .engine import modified_words
from .errors import type_name
from .inference import refuse_saving
from .node import SECOND_TIME, UNDEFINED, Node, Output, edge, next_sequence_number
from .runtime import wrap
from .version import version_of

__all__ = ["BackwardCFunction", "FunctionCtx", "FunctionNode", "SavedInput", "SavedOutput", "is_tensor"]


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a Tensor."""
    return isinstance(value, Tensor)


class FunctionCtx:
    """What ``forward`` tells about itself, and ``backward`` asks for."""

    to_save: Any = None
    dirty_tensors: Any = None
    non_differentiable: Any = None
    saved_for_forward: Any = None
    materialize_grads: bool = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (inputs, outputs, others, or None) for ``backward``, where they are ``ctx.saved_tensors``.

        Unlike plain attributes they are freed after the backward pass, checked for in-place writes, and keep their
        history for gradients of gradients.
        """
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for ``jvp``. Accepted for compatibility: there is no forward mode here."""
        for each in tensors:
            if each is not None and not is_tensor(each):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes "
                    "on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs ``forward`` has written to. All of them must be returned."""
        self.dirty_tensors = args

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Deprecated; shared memory is noticed by itself."""
        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. Note that "
            "calls to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no gradient (indices, say). ``backward`` still gets a gradient for them: zeros."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (the default) or None for outputs that no gradient has reached."""
        if not isinstance(value, bool):
            raise TypeError(f"set_materialize_grads received {type(value).__name__}, but expected (bool)")
        self.materialize_grads = value


class BackwardCFunction(FunctionCtx):
    """The context of one call of a Function, which is also the ``grad_fn`` of its results."""

    _forward_cls: Any
    needs_input_grad: tuple[bool, ...]
    """For each argument of ``forward``, whether it is a tensor that requires grad."""

    _node_ref: Callable[[], FunctionNode | None] = staticmethod(lambda: None)
    _next: tuple[Node | None, ...] = ()
    _is_tensor_input: Sequence[bool] = ()
    _blanks: tuple[Any, ...] = ()
    """Shape and dtype of each output, for gradients that have not come; None for an output that is no tensor."""
    _outputs: dict[int, weakref.ref[Output]]
    """The nodes of the several outputs, for as long as their tensors live."""
    _saved: tuple[Any, ...] = ()
    _freed = _accessed = False

    # ---- the saved tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was given to :meth:`save_for_backward`.

        Raises:
            RuntimeError: they have been freed, or written to in place since.
        """
        if self._forward_cls.clear_saved_tensors_on_access:
            if self._accessed:
                raise RuntimeError(
                    "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the "
                    "autograd.Function. Either access saved_tensors only once, or set "
                    "clear_saved_tensors_on_access=False."
                )
            saved, self._saved, self._accessed = self._unpack(), (), bool(self._saved)
            return saved
        return self._unpack()

    def _unpack(self) -> tuple[Any, ...]:
        if self._freed:
            raise RuntimeError(SECOND_TIME)
        return tuple(None if each is None else each.unpack(self) for each in self._saved)

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """Deprecated; :attr:`saved_tensors`."""
        warnings.warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2)
        return self.saved_tensors

    def _release(self) -> None:
        self._saved, self._freed = (), True

    # ---- what a node of the graph shows

    def name(self) -> str:
        """The function's name in the backward graph."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """For each tensor among the inputs, the node that made it and the index among that node's outputs."""
        return tuple(edge(node) for node in self._next)

    @property
    def requires_grad(self) -> bool:
        return any(node is not None for node in self._next)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for notes about this node."""
        return self._node().metadata

    def _sequence_nr(self) -> int:
        return self._node().seq

    def register_hook(self, hook: Any) -> Any:
        """Run ``hook(grad_inputs, grad_outputs)`` after this node; a returned tuple replaces ``grad_inputs``."""
        return self._node().register_hook(hook)

    def register_prehook(self, hook: Any) -> Any:
        """Run ``hook(grad_outputs)`` before this node; a returned tuple replaces ``grad_outputs``."""
        return self._node().register_prehook(hook)

    def _node(self) -> FunctionNode:
        node = self._node_ref()
        if node is None:
            raise RuntimeError(f"the graph of this {self.name()} is gone: no tensor that it returned is alive")
        return node

    def _output_node(self, index: int) -> Node | None:
        """The node behind output ``index``, which a saved output is wrapped with again."""
        owner = self._node_ref()
        if owner is None or owner.outputs == 1:
            return owner
        made = self._outputs[index]()
        if made is None:
            shape, dtype = self._blanks[index]
            made = Output(owner, index, np.broadcast_to(np.empty((), dtype), shape))
            self._outputs[index] = weakref.ref(made)
        return made

    # ---- running backward

    def apply(self, *grads: Any) -> Any:
        """Call the user's ``backward`` (or ``vjp``) with the gradients of the outputs."""
        rule = self._forward_cls._rule()
        return rule(self, list(grads)) if self._forward_cls.boxed_grads_call else rule(self, *grads)

    def _input_gradients(self, grads: list[Any]) -> list[Any]:
        """The checked gradients of the tensors among the inputs, from those of the outputs."""
        if self.materialize_grads:
            grads = [
                wrap(np.zeros(*blank)) if grad is None and blank is not None else grad
                for grad, blank in zip(grads, self._blanks, strict=True)
            ]
        results = self.apply(*grads)
        if not isinstance(results, tuple):
            results = (results,)
        expected = len(self._is_tensor_input)
        if len(results) > expected and all(each is None for each in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                f"{len(results)})"
            )
        kept = []
        for position, (grad, is_tensor_input) in enumerate(zip(results, self._is_tensor_input, strict=True)):
            if is_tensor_input:
                if grad is not None and not is_tensor(grad):
                    raise RuntimeError(f"expected Variable or None (got {type_name(grad)})")
                kept.append(grad)
            elif grad is not None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {position + 1}, but "
                    "the corresponding forward input was not a Variable"
                )
        for index, (grad, node) in enumerate(zip(kept, self._next, strict=True)):
            if grad is not None and node is not None:
                self._check_gradient(index, grad._array, node)
        return kept

    def _check_gradient(self, index: int, grad: np.ndarray, node: Node) -> None:
        """The engine sums a gradient down to its input's shape, but never repeats it."""
        if grad.shape != node.shape and not _expands_to(node.shape, grad.shape):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {index} - got {list(grad.shape)} but "
                f"expected shape compatible with {list(node.shape)}"
            )
        if grad.dtype.kind == "c" and node.dtype.kind != "c":
            raise RuntimeError(
                "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, "
                "but got false.  (Could this error message be improved?  If so, please report an enhancement request "
                "to PyTorch.)"
            )


def _expands_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    if len(shape) > len(target):
        return False
    return all(a in (1, b) for a, b in zip(reversed(shape), reversed(target), strict=False))


class FunctionNode(Node):
    """The engine's node for one call of a Function; what the user sees of it is ``ctx``."""

    __slots__ = ("ctx", "next", "outputs")

    runs_on_none = True

    def __init__(self, ctx: BackwardCFunction, following: tuple[Node | None, ...]) -> None:
        self.ctx, self.next, self.hooks, self.outputs = ctx, following, None, 1  # type: ignore[misc]
        self.seq = next_sequence_number()
        ctx._node_ref, ctx._next = weakref.ref(self), following

    @property
    def saved(self) -> Any:  # type: ignore[override]
        """The context. It answers for itself when its tensors have been freed or written to."""
        return self.ctx

    @saved.setter
    def saved(self, value: None) -> None:
        self.ctx._release()

    @property
    def public(self) -> Any:
        return self.ctx

    def name(self) -> str:
        return self.ctx.name()

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        grads = [each if each is None else wrap(each) for each in self._per_output(grad)]
        return tuple(each if each is None else each._array for each in self.ctx._input_gradients(grads))

    def apply_tensors(self, grad: Any) -> tuple[Any, ...]:
        return tuple(self.ctx._input_gradients(self._per_output(grad)))

    def _per_output(self, grad: Any) -> list[Any]:
        if self.outputs == 1:
            return [None if grad is UNDEFINED else grad]
        return [None] * self.outputs if grad is None else list(grad)


class SavedInput:
    """A saved tensor that the function did not make: the tensor itself, and its version."""

    __slots__ = ("tensor", "version")

    def __init__(self, tensor: Any) -> None:
        if tensor.is_inference():
            raise refuse_saving()
        self.tensor, self.version = tensor, version_of(tensor._array)

    def unpack(self, ctx: BackwardCFunction) -> Any:
        tensor = self.tensor
        _check_version(tensor._array, self.version, None if tensor.is_leaf else tensor._node)
        return tensor


class SavedOutput:
    """A saved result: its memory and place. The tensor itself would own the node that keeps it."""

    __slots__ = ("array", "index", "version")

    def __init__(self, tensor: Any, index: int) -> None:
        self.array, self.index, self.version = tensor._array, index, version_of(tensor._array)

    def unpack(self, ctx: BackwardCFunction) -> Any:
        node = ctx._output_node(self.index)
        _check_version(self.array, self.version, node)
        return wrap(self.array, node)


def _check_version(array: np.ndarray, expected: int, producer: Node | None) -> None:
    if (found := version_of(array)) != expected:
        raise RuntimeError(modified_words(array, producer, found, expected))
