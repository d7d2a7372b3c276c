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

``forward`` runs unrecorded; what it returns is attached to one node (:mod:`.attach`), whose rule is the user's
``backward``. The context that both receive (:mod:`.context`) is also the public ``y.grad_fn``.

After PyTorch's ``torch/autograd/function.py``.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from .attach import attach
from .context import BackwardCFunction, FunctionCtx, FunctionNode, is_tensor
from .grad_mode import get_mode, is_grad_enabled, no_grad, reset_mode, set_mode
from .node import Error

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]

F = TypeVar("F", bound=Callable[..., Any])


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

    ``forward`` takes the context first, or, where ``setup_context`` is overridden, only the inputs. ``backward``
    returns one gradient (or None) for each input of ``forward``. Gradients of gradients work where ``backward`` itself
    uses differentiable operations on ``ctx.saved_tensors``.
    """

    clear_saved_tensors_on_access = False
    """Whether the saved tensors are dropped when ``backward`` first reads them."""

    boxed_grads_call = False
    """Whether ``backward`` gets one list of gradients, which it may empty, instead of an argument for each."""

    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
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
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
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
    def _rule(cls) -> Any:
        """The user's ``backward``, under whichever of its two names."""
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return cls.vjp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` on the arguments and record the call for the backward pass."""
        separate = cls.setup_context is not Function.setup_context
        if separate or kwargs:
            args = _positional(cls.forward, args, kwargs, separate)
        ctx = cls._backward_cls()
        ctx._is_tensor_input = kinds = [is_tensor(each) for each in args]
        inputs = args if all(kinds) else [each for each in args if is_tensor(each)]
        nodes = tuple([each._node for each in inputs])
        ctx.needs_input_grad = tuple([k and each._node is not None for k, each in zip(kinds, args, strict=True)])
        mode: Any = get_mode()
        recorded = mode and nodes.count(None) < len(nodes)
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
        results = attach(ctx, node if recorded else None, inputs, outputs, separate)
        if recorded and mode is not True:
            mode.created(node, tuple([each for each in results if is_tensor(each)]), (cls, args, separate))
        return results if outputs is output else results[0]


class InplaceFunction(Function):
    """Kept for old code: a Function with an ``inplace`` flag."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def _positional(forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any], separate: bool) -> tuple[Any, ...]:
    """The arguments of ``apply`` in the order of ``forward``'s parameters; with ``separate``, also its defaults."""
    signature = inspect.signature(forward)
    if separate:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        args, kwargs = bound.args, bound.kwargs
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, parameter in signature.parameters.items() if parameter.kind in kinds]
    names = names if separate else names[1:]
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


def once_differentiable(fn: F) -> F:
    """Decorate a ``backward`` that computes outside the graph: differentiating its results raises an error."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with no_grad():
            outputs = fn(ctx, *args, **kwargs)
        if not is_grad_enabled() or not any(is_tensor(each) and each._node is not None for each in args):
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
