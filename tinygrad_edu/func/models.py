"""Modules as functions of their parameters; the parameters of several models as one batch."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..functions.shape import stack
from ..nn.utils.stateless import _functional_call

__all__ = ["functional_call", "stack_module_state"]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with other tensors in place of its parameters and buffers, which stay as they are.

    Args:
        parameter_and_buffer_dicts: tensors by name (``"0.weight"``), or several such dictionaries.
        args: the arguments, or a single one that is no tuple.
        tie_weights: a tensor that the module has under several names is replaced under all of them.
        strict: refuse missing and unknown names.
    """
    if not isinstance(parameter_and_buffer_dicts, dict):
        parameter_and_buffer_dicts = _merged(parameter_and_buffer_dicts)
    return _functional_call(module, parameter_and_buffer_dicts, args, kwargs, tie_weights=tie_weights, strict=strict)


def _merged(dicts: Any) -> dict[str, Any]:
    if not isinstance(dicts, (list, tuple)):
        raise ValueError(f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(dicts)}")
    if not all(isinstance(each, dict) for each in dicts):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    repeated = [name for name, count in Counter(name for each in dicts for name in each).items() if count > 1]
    if repeated:
        raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
    return {name: value for each in dicts for name, value in each.items()}


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of models of one class, each stacked along a new first axis, for :func:`vmap`."""
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({model.training for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(model.named_parameters()) for model in models]
    buffers = [dict(model.named_buffers()) for model in models]
    return _stacked(parameters), _stacked(buffers)


def _stacked(dicts: list[dict[str, Any]]) -> dict[str, Any]:
    result = {}
    for name in dicts[0]:
        tensors = [each[name] for each in dicts]
        wanted = {tensor.requires_grad for tensor in tensors}
        if len(wanted) > 1:
            raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
        result[name] = stack(tensors).detach().requires_grad_() if wanted == {True} else stack(tensors)
    return result
