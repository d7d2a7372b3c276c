"""Backward hooks of modules: how the gradients of a module's inputs and outputs are caught.

Both ends of the module get an identity node. The gradient of the outputs is complete when the node after the module
runs, the gradient of the inputs when the node before it runs, and then the user's hooks are called with both.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from ..autograd.function import Function
from ..autograd.grad_mode import is_grad_enabled
from ..tensor import Tensor

_DOCS = "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook"


class BackwardHookFunction(Function):
    """The identity on several tensors, as one node."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        ctx.mark_non_differentiable(*(arg for arg in args if not arg.requires_grad))
        return args

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads


class BackwardHook:
    """The full backward hooks of one call of a module."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs: Any = None

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments to call ``forward`` with."""
        args, node, self.input_places = _through_node(args)
        self.n_inputs = len(args)
        if node is not None:
            node.register_hook(self._inputs_done)
        return args

    def watch_outputs(self, result: Any) -> Any:
        """The result to return to the module's caller."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                f"but received {type(result)}",
                stacklevel=5,
            )
        results, node, self.output_places = _through_node(result if isinstance(result, tuple) else (result,))
        self.n_outputs = len(results)
        if node is not None:
            node.register_hook(self._outputs_done)
        return results if isinstance(result, tuple) else results[0]

    def _outputs_done(self, _: Any, grads: Sequence[Any]) -> tuple[Any, ...]:
        grad_outputs = _spread(self.output_places, grads, self.n_outputs)
        for hook in self.pre_hooks:
            replaced = hook(self.module, grad_outputs)
            if replaced is not None:
                _check_length("Backward pre hook", "grad_output", replaced, grad_outputs)
                grad_outputs = replaced
        if self.input_places is None:
            self._call_without_grad_inputs(grad_outputs)
        else:
            self.grad_outputs = grad_outputs
        return tuple(grad_outputs[i] for i in self.output_places or ())

    def _call_without_grad_inputs(self, grad_outputs: Any) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            f"require gradients. See {_DOCS} for more details.",
            stacklevel=5,
        )
        for hook in self.hooks:
            replaced = hook(self.module, (None,) * self.n_inputs, grad_outputs)
            if replaced is not None and not (isinstance(replaced, tuple) and all(each is None for each in replaced)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None "
                    "for all gradients."
                )

    def _inputs_done(self, grads: Sequence[Any], _: Any) -> tuple[Any, ...] | None:
        if self.grad_outputs is None:
            return None  # the backward pass did not come through this module's outputs
        assert self.input_places is not None
        grad_inputs = _spread(self.input_places, grads, self.n_inputs)
        for hook in self.hooks:
            replaced = hook(self.module, grad_inputs, self.grad_outputs)
            if replaced is not None:
                _check_length("Backward hook", "grad_input", replaced, grad_inputs)
                grad_inputs = replaced
        self.grad_outputs = None
        return tuple(grad_inputs[i] for i in self.input_places)


def _through_node(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any, list[int] | None]:
    """The values with their tensors passed through one identity node, the node, and the places of the tensors."""
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not (is_grad_enabled() and any(values[i].requires_grad for i in places)):
        return values, None, None
    passed = BackwardHookFunction.apply(*(values[i] for i in places))
    node = next(tensor.grad_fn for tensor in passed if tensor.grad_fn is not None)
    new = list(values)
    for i, tensor in zip(places, passed, strict=True):
        new[i] = tensor
    return tuple(new) if type(values) is tuple else type(values)(*new), node, places


def _spread(places: Iterable[int] | None, values: Sequence[Any], size: int) -> tuple[Any, ...]:
    spread: list[Any] = [None] * size
    for i, value in zip(places or (), values, strict=True):
        spread[i] = value
    return tuple(spread)


def _check_length(hook: str, what: str, got: Sequence[Any], expected: Sequence[Any]) -> None:
    if len(got) != len(expected):
        raise RuntimeError(f"{hook} returned an invalid number of {what}, got {len(got)}, but expected {len(expected)}")


def hook_last_node(module: Any, hooks: list[Any], args: Any, result: Any) -> None:
    """Non-full backward hooks, kept for old code: they see the gradients of the module's last operation only."""
    first = result
    while not isinstance(first, Tensor):
        first = next(v for v in first.values() if isinstance(v, Tensor)) if isinstance(first, dict) else first[0]
    node = first.grad_fn
    if node is None:
        return
    reference = weakref.ref(module)
    for hook in hooks:
        node.register_hook(lambda grad_input, grad_output, hook=hook: hook(reference(), grad_input, grad_output))
    if (missing := _what_is_missed(args, result, node)) is not None:
        warnings.warn(f"Using {missing}", FutureWarning, stacklevel=5)


def _what_is_missed(args: Any, result: Any, node: Any) -> str | None:
    """PyTorch's words for what a non-full backward hook does not see, or None."""
    instead = "Please use register_full_backward_hook to get the documented behavior."
    future = "is deprecated and will be removed in future versions. This hook will be missing some"
    results = (result,) if isinstance(result, Tensor) else result
    if not (isinstance(results, tuple) and all(isinstance(each, Tensor) for each in results)):
        returns = "non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors"
        return f"{returns} {future} of the grad_output. {instead}"
    if not all(isinstance(each, Tensor) for each in args):
        takes = "non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of Tensors"
        return f"{takes} {future} of the grad_input. {instead}"
    nodes = {each.grad_fn for each in results if each.grad_fn is not None}
    if len(nodes) > 1:
        generated = "a non-full backward hook when outputs are generated by different autograd Nodes"
        return f"{generated} {future} grad_output. {instead}"
    if {each.grad_fn for each in args if each.grad_fn is not None} != {edge[0] for edge in node.next_functions}:
        several = "a non-full backward hook when the forward contains multiple autograd Nodes"
        return f"{several} {future} grad_input. {instead}"
    return None
