"""What ``Function.apply`` does with the results of ``forward``: they become outputs of one node.

After PyTorch's ``torch/csrc/autograd/custom_function.cpp``.
"""

from __future__ import annotations

import warnings
import weakref
from typing import Any

import numpy as np

from .context import BackwardCFunction, FunctionNode, SavedInput, SavedOutput, is_tensor
from .errors import type_name
from .grad_mode import no_grad
from .node import AccumulateGrad, Node, Output, next_sequence_number
from .runtime import bar_view
from .version import stamp_write

__all__ = ["attach"]


def attach(
    ctx: BackwardCFunction, node: FunctionNode | None, inputs: Any, outputs: tuple[Any, ...], separate: bool
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
        if not is_tensor(output):
            results.append(output)
            continue
        modified, given = _contains(dirty, output), _contains(inputs, output)
        learns = node is not None and output._array.dtype.kind in "fc" and not _contains(constant, output)
        if given and not modified and separate and _contains(to_save, output):
            raise RuntimeError(
                "An input that has been returned as-is as output is being saved for backward. This is not supported "
                "if you override setup_context. You should return and save a view of the input instead, e.g. with "
                "x.view_as(x) or setup ctx inside the forward function itself."
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
            if is_tensor(result) and result._base is not None:
                bar_view(result, "several")
    if node is not None:
        ctx._saved = tuple(None if each is None else _saved(each, made) for each in to_save)
    return tuple(results)


def _describe(ctx: BackwardCFunction, node: FunctionNode, outputs: tuple[Any, ...]) -> None:
    """Tell the node what it produced; it is as old as its results, so that writes inside ``forward`` are older."""
    ctx._blanks = tuple((each._array.shape, each._array.dtype) if is_tensor(each) else None for each in outputs)
    node.outputs = len(outputs)  # type: ignore[misc]
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
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated "
                "should be passed to ctx.mark_dirty().",
                stacklevel=4,
            )
        if output._base is not None and count > 1:
            raise RuntimeError(
                "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot "
                "return more than one Tensor. This is not supported by the current autograd engine. You should "
                "either make sure the input is not a view (using .clone() for example) or make your Function only "
                "return one Tensor (potentially splitting it into two Functions: one doing the inplace that returns "
                "a single Tensor and a second one that does the other operations). You can ask on the forum "
                "https://discuss.pytorch.org/ if you need help to do this change."
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
        if not is_tensor(each):
            raise RuntimeError(complaint)
    return tensors or ()


def _to_save(tensors: Any) -> tuple[Any, ...]:
    for i, each in enumerate(tensors or ()):
        if each is not None and not is_tensor(each):
            raise TypeError(f"save_for_backward can only save variables, but argument {i} is of type {type_name(each)}")
    return tensors or ()


def _contains(tensors: Any, tensor: Any) -> bool:
    for each in tensors:  # noqa: SIM110 (twice as fast as a generator expression)
        if each is tensor:
            return True
    return False


def _saved(tensor: Any, made: dict[int, Any]) -> Any:
    """A tensor as the context keeps it; ``made`` are the results that belong to the node, by their index."""
    for index, result in made.items():
        if result is tensor:
            return SavedOutput(tensor, index)
    return SavedInput(tensor)
