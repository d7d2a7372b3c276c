"""Writing into a tensor that may have a history.

``x.add_(y)`` computes ``x + y``, copies the values into x's memory, stamps the write, and makes the new node x's history.
Writing into a view also rewrites the history of its base: the base's new node is ``CopySlices``, which runs the write's
node on the view's part of the gradient, and every other view of the base takes its history from there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .autograd.conform import conform_array, conform_tensor
from .autograd.engine import check_versions, short_name
from .autograd.grad_mode import get_mode
from .autograd.node import AccumulateGrad, Error, Node, next_sequence_number
from .autograd.version import LAST_WRITE, stamp_write
from .dtypes import can_cast_result, from_numpy_dtype
from .errstate import quiet
from .ops.view_region import Region, insert_region, take_region


def write_values(tensor: Any, values: Any) -> None:
    """Copy ``values`` (which broadcast) into the tensor's memory and note the write."""
    target = tensor._array
    check_memory(target)
    with quiet():
        np.copyto(target, values, casting="unsafe")
    stamp_write(target)


def check_memory(target: np.ndarray) -> None:
    """Refuse to write into memory that is read-only, or that several elements share."""
    if not target.flags.writeable:
        raise RuntimeError("the tensor's memory is read-only: clone() the tensor before writing to it")
    if 0 in target.strides and _overlaps_itself(target):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )


def _overlaps_itself(array: np.ndarray) -> bool:
    return any(stride == 0 and n > 1 for stride, n in zip(array.strides, array.shape, strict=True)) and array.size > 0


def check_in_place(tensor: Any) -> None:
    """Refuse to write where that would falsify a gradient."""
    if tensor.__dict__ and tensor.is_inference() and get_mode() is not None:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
            "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if not get_mode():
        return
    if "_made_by" in tensor.__dict__:
        raise refuse_view(*tensor.__dict__["_made_by"])
    if type(tensor._node) is AccumulateGrad:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    base = tensor._base
    if base is not None and type(base._node) is AccumulateGrad:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")


_VIEWS = {
    "custom": "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to "
    "handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. "
    "This behavior is forbidden. You can fix this by cloning the output of the custom Function.",
    "several": "This view is the output of a function that returns multiple views. Such functions do not allow the output views "
    "to be modified inplace. You should replace the inplace operation by an out-of-place one.",
    "no_grad": "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case "
    "is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both "
    "inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be "
    "tracked).",
    "inference": "A view was created in inference mode and is being modified inplace in normal mode. Given that this use case is "
    "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both "
    "inside the inference_mode block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to "
    "be tracked).",
}


def refuse_view(maker: Any, index: int, way: str, change: str = "is being modified inplace") -> RuntimeError:
    """Some views must not be written to: a write could not be told to whatever made them."""
    start = f"Output {index} of {short_name(maker)} is a view and {change}. " if maker is not None else ""
    return RuntimeError(start + _VIEWS[way])


def write_result(tensor: Any, result: Any) -> Any:
    """Make ``tensor`` hold ``result`` (a fresh Tensor), values and history."""
    target, values = tensor._array, result._array
    if not can_cast_result(values.dtype, target.dtype):
        raise RuntimeError(
            f"result type {from_numpy_dtype(values.dtype).legacy_name} can't be cast to the desired output type "
            f"{from_numpy_dtype(target.dtype).legacy_name}"
        )
    if values.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(values.shape)}"
        )
    write_values(tensor, values)
    node = result._node
    if node is not None:
        _point_saved_result_at(node, values, target)
        node.shape, node.dtype = target.shape, target.dtype
        set_history(tensor, node)
    elif tensor._node is not None and get_mode():
        raise RuntimeError("the derivative of this in-place operation is not implemented")
    return tensor


def _point_saved_result_at(node: Node, values: np.ndarray, target: np.ndarray) -> None:
    """A saved result is the tensor's own memory now, so that later writes to it are noticed.

    The write itself must not count against it; but it does count against a saved input with the same memory.
    """
    if not isinstance(node.saved, tuple) or not any(each is values for each in node.saved):
        return
    overwritten = any(isinstance(each, np.ndarray) and each is target for each in node.saved)
    node.saved = tuple(target if each is values else each for each in node.saved)
    if not overwritten:
        node.seq = next_sequence_number()


def set_history(tensor: Any, node: Node) -> None:
    """Make ``node`` the history of ``tensor``, of its base, and of the base's other views."""
    base = tensor._base
    if base is None:
        base = tensor
        move_retained_gradient(tensor, node)
        tensor._node = node
    else:
        base._node = CopySlices(base, tensor, node)
    views = base.__dict__.get("_views")
    if views:
        for reference in views:
            view = reference()
            if view is not None:
                made_by = view.__dict__.get("_made_by")
                if made_by is not None and made_by[2] == "several":
                    error = refuse_view(*made_by, "its base or another view of its base has been modified inplace")
                    view._node = Error(str(error), (base._node,), view._array)
                else:
                    region = Region.of(base._array, view._array)
                    view._node = take_region.function(base, region)._node


def move_retained_gradient(tensor: Any, node: Node) -> None:
    """``retain_grad`` follows the tensor to its new history."""
    old = tensor._node
    if old is not None and old.hooks is not None and old.hooks.retain is not None and old.hooks.retain() is tensor:
        node.ensure_hooks().retain = old.hooks.retain
        old.hooks.retain = None


class CopySlices(Node):
    """The history of a base of which a view was written to: ``next`` is the base's old history, then the write's inputs."""

    __slots__ = ("region", "write")

    def __init__(self, base: Any, view: Any, write: Node) -> None:
        self.next = (base._node, *write.next[1:])
        self.region, self.write = Region.of(base._array, view._array), write
        self.saved, self.hooks = (), None
        self.seq = next_sequence_number()
        self.shape, self.dtype = base._array.shape, base._array.dtype

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        self._check()
        grads = self.write.apply_arrays(take_region.kernel(grad, self.region))
        rest = None
        if self.next[0] is not None:
            part = grads[0] if grads[0] is not None else np.zeros(self.write.shape, self.dtype)
            rest = insert_region.kernel(grad, conform_array(part, self.write), self.region)
        return (rest, *grads[1:])

    def apply_tensors(self, grad: Any) -> tuple[Any, ...]:
        self._check()
        grads = self.write.apply_tensors(take_region(grad, self.region))
        rest = None
        if self.next[0] is not None:
            part = grads[0]
            if part is None:
                part = take_region(grad, self.region) * 0
            rest = insert_region(grad, conform_tensor(part, self.write), self.region)
        return (rest, *grads[1:])

    def _check(self) -> None:
        if self.write.seq < LAST_WRITE[0]:
            check_versions(self.write)


def in_place(function: Any, name: str) -> Any:
    """``x.name_(...)`` from ``name(x, ...)``."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_in_place(self)
        return write_result(self, function(self, *args, **kwargs))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place version of :func:`{name[:-1]}`."
    return method
