"""User-defined differentiable functions: ``Function`` and its context.

>>> class Square(torch.autograd.Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save_for_backward(x)
...         return x * x
...     @staticmethod
...     def backward(ctx, grad):
...         (x,) = ctx.saved_tensors
...         return 2 * x * grad
>>> y = Square.apply(x)

``forward`` runs unrecorded; what it returns is attached to one :class:`FunctionNode`, whose rule is the user's
``backward``. The context that both receive is also the public ``y.grad_fn``. It is an object of its own beside the
node, because users store what they like on it (``ctx.shape = x.shape``), under names that the engine needs too. The node
owns the context; the context refers back weakly, so that the two form no cycle.

After PyTorch's ``torch/autograd/function.py`` and ``torch/csrc/autograd/python_function.cpp``.
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .engine import modified_words
from .errors import type_name
from .grad_mode import get_mode, is_grad_enabled, no_grad, reset_mode, set_mode
from .inference import refuse_saving
from .node import SECOND_TIME, UNDEFINED, AccumulateGrad, Error, Node, Output, edge, next_sequence_number
from .runtime import bar_view, wrap
from .version import stamp_write, version_of

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]

F = TypeVar("F", bound=Callable[..., Any])


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
            if each is not None and not _is_tensor(each):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs ``forward`` has written to. All of them must be returned."""
        self.dirty_tensors = args

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Deprecated; shared memory is noticed by itself."""
        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. Note that calls "
            "to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no gradient (indices, say). ``backward`` still gets a gradient for them: zeros."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (the default) or None for outputs that no gradient has reached."""
        if not isinstance(value, bool):
            raise TypeError("set_materialize_grads received an invalid combination of arguments - got (), but expected (bool)")
        self.materialize_grads = value


class BackwardCFunction(FunctionCtx):
    """The context of one call of a Function, which is also the ``grad_fn`` of its results."""

    _forward_cls: Any
    needs_input_grad: tuple[bool, ...]
    """For each argument of ``forward``, whether it is a tensor that requires grad."""

    _node_ref: Callable[[], FunctionNode | None] = staticmethod(lambda: None)
    _next: tuple[Node | None, ...] = ()
    _is_tensor_input: tuple[bool, ...] = ()
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
                    "autograd.Function. Either access saved_tensors only once, or set clear_saved_tensors_on_access=False."
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
        cls = self._forward_cls
        rule = cls.backward
        if cls.vjp is not Function.vjp:
            if rule is not Function.backward:
                raise RuntimeError(
                    "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                    "implement one of them."
                )
            rule = cls.vjp
        return rule(self, list(grads)) if cls.boxed_grads_call else rule(self, *grads)

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
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got {len(results)})"
            )
        kept = []
        for position, (grad, is_tensor_input) in enumerate(zip(results, self._is_tensor_input, strict=True)):
            if is_tensor_input:
                if grad is not None and not _is_tensor(grad):
                    raise RuntimeError(f"expected Variable or None (got {type_name(grad)})")
                kept.append(grad)
            elif grad is not None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {position + 1}, but the "
                    "corresponding forward input was not a Variable"
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
                "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, but got "
                "false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)"
            )


def _expands_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    if len(shape) > len(target):
        return False
    return all(a in (1, b) for a, b in zip(reversed(shape), reversed(target), strict=False))


class FunctionNode(Node):
    """The engine's node for one call of a Function; what the user sees of it is ``ctx``."""

    __slots__ = ("ctx", "outputs")

    runs_on_none = True

    def __init__(self, ctx: BackwardCFunction, following: tuple[Node | None, ...]) -> None:
        self.ctx, self.next, self.hooks, self.outputs = ctx, following, None, 1
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


class _SavedInput:
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


class _SavedOutput:
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


class FunctionMeta(type):
    """Gives every Function its class of contexts, named ``<name>Backward``."""

    _backward_cls: type[BackwardCFunction]

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> None:
        super().__init__(name, bases, body)
        # PyTorch's notes and error messages print this module's name.
        cls._backward_cls = type(
            f"{name}Backward", (BackwardCFunction,), {"_forward_cls": cls, "__module__": "torch.autograd.function"}
        )


class Function(FunctionCtx, metaclass=FunctionMeta):
    """Base class of user-defined differentiable functions: override ``forward`` and ``backward``, call ``apply``.

    ``forward`` takes the context first, or, where ``setup_context`` is overridden, only the inputs. ``backward`` returns
    one gradient (or None) for each input of ``forward``. Gradients of gradients work where ``backward`` itself uses
    differentiable operations on ``ctx.saved_tensors``.
    """

    clear_saved_tensors_on_access = False
    """Whether the saved tensors are dropped when ``backward`` first reads them."""

    boxed_grads_call = False
    """Whether ``backward`` gets one list of gradients, which it may empty, instead of an argument for each."""

    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should invoke "
            "them on the class itself. Instantiating an autograd function will raise an error in a future version of "
            "PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function "
            "with static forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs: ``forward(ctx, *inputs)``, or ``forward(*inputs)`` beside :meth:`setup_context`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save on ``ctx`` what ``backward`` needs, after a ``forward`` that takes no context."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs, from those of the outputs. ``vjp`` is another name for it."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward "
            "mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """For forward-mode differentiation, which this package does not have."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """For ``torch.vmap``, which this package does not have."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` on the arguments and record the call for the backward pass."""
        separate = cls.setup_context is not Function.setup_context
        if separate or kwargs:
            args = _positional(cls.forward, args, kwargs, separate)
        ctx = cls._backward_cls()
        ctx._is_tensor_input = tuple(map(_is_tensor, args))
        inputs = [each for each in args if _is_tensor(each)]
        nodes = tuple(each._node for each in inputs)
        ctx.needs_input_grad = tuple(_is_tensor(each) and each._node is not None for each in args)
        mode = get_mode()
        recorded = mode and any(node is not None for node in nodes)
        node = FunctionNode(ctx, nodes if recorded else ())
        token = set_mode(mode and False)
        try:
            if separate:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
        finally:
            reset_mode(token)
        outputs = output if isinstance(output, tuple) else (output,)
        results = _attach(ctx, node if recorded else None, inputs, outputs, separate)
        if recorded and mode is not True:
            mode.created(node, next((each for each in results if _is_tensor(each)), None))
        return results if outputs is output else results[0]


class InplaceFunction(Function):
    """Kept for old code: a Function with an ``inplace`` flag."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def _is_tensor(value: Any) -> bool:
    from ..tensor import Tensor

    return isinstance(value, Tensor)


def _positional(forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any], separate: bool) -> tuple[Any, ...]:
    """The arguments of ``apply`` in the order of ``forward``'s parameters, its defaults filled in beside ``setup_context``."""
    signature = inspect.signature(forward)
    if separate:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        args, kwargs = bound.args, bound.kwargs
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, parameter in signature.parameters.items() if parameter.kind in kinds][0 if separate else 1 :]
    for name in kwargs:
        if name not in names:
            raise TypeError(f"forward() got an unexpected keyword argument '{name}'")
        if name in names[: len(args)]:
            raise TypeError(f"forward() got multiple values for argument '{name}'")
    last = max((names.index(name) for name in kwargs), default=-1)
    for position in range(len(args), last + 1):
        if names[position] not in kwargs:
            raise TypeError(f"forward() missing required argument: '{names[position]}' (position {position})")
        args += (kwargs[names[position]],)
    return args


# ---- making the results part of the graph ---------------------------------------------------------------------------


def _attach(
    ctx: BackwardCFunction, node: FunctionNode | None, inputs: list[Any], outputs: tuple[Any, ...], separate: bool
) -> tuple[Any, ...]:
    """The outputs as results of ``node`` (None: unrecorded), and what is to be saved with their new histories."""
    dirty = _marked(ctx.dirty_tensors, "mark_dirty can only accept variables, but argument ")
    constant = _marked(ctx.non_differentiable, "mark_non_differentiable only accepts variable arguments, but got ")
    to_save = _to_save(ctx.to_save)
    ctx.dirty_tensors = ctx.non_differentiable = ctx.to_save = None
    for each in dirty:
        stamp_write(each._array)
    if not all(_contains(outputs, each) for each in dirty):
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
            "modified inplace must all be outputs of the Function."
        )
    if node is not None:
        _describe(ctx, node, outputs)
    results: list[Any] = []
    made: dict[int, Any] = {}
    for index, output in enumerate(outputs):
        if not _is_tensor(output):
            results.append(output)
            continue
        modified, given = _contains(dirty, output), _contains(inputs, output)
        learns = node is not None and output._array.dtype.kind in "fc" and not _contains(constant, output)
        if given and not modified and separate and _contains(to_save, output):
            raise RuntimeError(
                "An input that has been returned as-is as output is being saved for backward. This is not supported if you "
                "override setup_context. You should return and save a view of the input instead, e.g. with x.view_as(x) or "
                "setup ctx inside the forward function itself."
            )
        if learns:
            result = made[index] = _with_history(ctx, node, index, output, given, modified, len(outputs))
        else:
            result = _without_history(output, given, modified)
        if result._base is not None and not (given and modified):
            bar_view(result, "function")
        results.append(result)
    if len(made) > 1:
        for result in results:
            if _is_tensor(result) and result._base is not None:
                bar_view(result, "several")
    if node is not None:
        ctx._saved = tuple(None if each is None else _saved(each, made) for each in to_save)
    return tuple(results)


def _describe(ctx: BackwardCFunction, node: FunctionNode, outputs: tuple[Any, ...]) -> None:
    """Tell the node what it produced; it is as old as its results, so that writes inside ``forward`` are older."""
    ctx._blanks = tuple((each._array.shape, each._array.dtype) if _is_tensor(each) else None for each in outputs)
    node.outputs = len(outputs)
    node.seq = next_sequence_number()
    if len(outputs) == 1:
        node.shape, node.dtype = ctx._blanks[0] or ((), np.dtype("float32"))
    else:
        ctx._outputs = {}
        node.shape, node.dtype = [blank and blank[0] for blank in ctx._blanks], np.dtype("float32")


def _with_history(
    ctx: BackwardCFunction, node: Any, index: int, output: Any, given: bool, modified: bool, count: int
) -> Any:
    own: Node = node
    if count > 1:
        own = Output(node, index, output._array)
        ctx._outputs[index] = weakref.ref(own)
    if modified:
        if type(output._node) is AccumulateGrad:
            raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
        if not given:
            warnings.warn(
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should "
                "be passed to ctx.mark_dirty().",
                stacklevel=4,
            )
        if output._base is not None and count > 1:
            raise RuntimeError(
                "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return "
                "more than one Tensor. This is not supported by the current autograd engine. You should either make sure the "
                "input is not a view (using .clone() for example) or make your Function only return one Tensor (potentially "
                "splitting it into two Functions: one doing the inplace that returns a single Tensor and a second one that "
                "does the other operations). You can ask on the forum https://discuss.pytorch.org/ if you need help to do "
                "this change."
            )
        from ..inplace import set_history

        set_history(output, own)
        return output
    if given:
        output = _view_of(output)
    output._node = own
    return output


def _without_history(output: Any, given: bool, modified: bool) -> Any:
    """An output that has no gradient: never the caller's own tensor, unless that was written to."""
    if output._node is None:
        return _view_of(output) if given and not modified else output
    if given:
        return output.detach()
    if output._base is None:
        output._node = None
    return output


def _view_of(tensor: Any) -> Any:
    with no_grad():
        return tensor.view_as(tensor)


def _marked(tensors: Any, complaint: str) -> tuple[Any, ...]:
    for each in tensors or ():
        if not _is_tensor(each):
            raise RuntimeError(complaint)
    return tensors or ()


def _to_save(tensors: Any) -> tuple[Any, ...]:
    for i, each in enumerate(tensors or ()):
        if each is not None and not _is_tensor(each):
            raise TypeError(f"save_for_backward can only save variables, but argument {i} is of type {type_name(each)}")
    return tensors or ()


def _contains(tensors: Any, tensor: Any) -> bool:
    return any(each is tensor for each in tensors)


def _saved(tensor: Any, made: dict[int, Any]) -> Any:
    """A tensor as the context keeps it; ``made`` are the results that belong to the node, by their index."""
    for index, result in made.items():
        if result is tensor:
            return _SavedOutput(tensor, index)
    return _SavedInput(tensor)


# ---- once differentiable --------------------------------------------------------------------------------------------


def once_differentiable(fn: F) -> F:
    """Decorate a ``backward`` that computes outside the graph: differentiating its results raises an error."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with no_grad():
            outputs = fn(ctx, *args, **kwargs)
        if not is_grad_enabled() or not any(_is_tensor(each) and each._node is not None for each in args):
            return outputs
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        refused = []
        for each in results:
            if each is not None:
                each = each.detach()
                source = each.detach().requires_grad_()
                each._node = Error(
                    "trying to differentiate twice a function that was marked with @once_differentiable",
                    (source._node,),
                    each._array,
                )
            refused.append(each)
        return tuple(refused) if results is outputs else refused[0]

    return wrapper  # type: ignore[return-value]

