"""Writing into a tensor that may have a history.

``x.add_(y)`` computes ``x + y``, copies the values into x's memory, stamps the write, and makes the new node x's history.
Writing into a view also rewrites the history of its base: the base's new node is ``CopySlices``, which runs the write's
node on the view's part of the gradient, and every view of the base takes its history from there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .autograd.conform import conform_array, conform_tensor
from .autograd.engine import check_versions
from .autograd.grad_mode import get_mode
from .autograd.inference import INFERENCE_MEMORY
from .autograd.node import AccumulateGrad, Node, PlainNode, next_sequence_number, output_name
from .autograd.runtime import BarredView, new
from .autograd.version import LAST_WRITE, note_producer, stamp_write, storage_of
from .dtypes import can_cast_result, from_numpy_dtype
from .errstate import quiet
from .ops.elementwise import copy_from
from .ops.overwriting import COMPARISONS
from .ops.view_region import IndexedRegion, Region, clear_region, insert_region, take_region
from .tensor import Tensor

# ---- what is refused -----------------------------------------------------------------------------------------------

_BARRED = {
    "several": " This view is the output of a function that returns multiple views. Such functions do not allow the output "
    "views to be modified inplace. You should replace the inplace operation by an out-of-place one.",
    "no_grad": " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving "
    "both the view and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both "
    "outside (if you want the inplace to be tracked).",
    "inference": " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving "
    "both the view and the inplace either both inside the inference_mode block (if you don't want the inplace to be tracked) "
    "or both outside (if you want the inplace to be tracked).",
    "function": " This view was created inside a custom Function (or because an input was returned as-is) and the autograd "
    "logic to handle view+inplace would override the custom backward associated with the custom Function, leading to "
    "incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.",
}


def check_in_place(tensor: Any, *sources: Any, part: bool = False) -> None:
    """Refuse to write (to a part of the tensor only?) where that would falsify a gradient; ``sources`` is what is written."""
    mode = get_mode()
    if INFERENCE_MEMORY and mode is not None and tensor.is_inference():
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
            "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if not mode:
        return
    family = tensor._family
    if family.__class__ is BarredView and (tensor.requires_grad or any(map(_requires_grad, sources))):
        node = tensor._node
        made_by = node.before if isinstance(node, BarredHistory) else node
        raise RuntimeError(_barred_message(made_by, family.reason, "is being"))
    if tensor._node is not None or family is not None:
        base = tensor._base
        if base is not None and base.is_leaf and tensor.requires_grad:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
        if type(tensor._node) is AccumulateGrad:
            if part:
                raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def _requires_grad(value: Any) -> bool:
    return isinstance(value, Tensor) and value._node is not None


def _barred_message(node: Node | None, reason: str, modified: str) -> str:
    name = None if node is None or isinstance(node, AccumulateGrad) else f"Output {output_name(node)} is a view"
    if reason in ("no_grad", "inference") or name is None:
        made = f"{name} of a view which was created in" if name else "A view was created in"
        if reason == "inference":
            message = f"{made} inference mode and {modified} modified inplace in normal mode."
        else:
            message = f"{made} no_grad mode and {modified} modified inplace with grad mode enabled."
    else:
        message = f"{name} and {modified} modified inplace."
    return message + _BARRED[reason]


def check_memory(target: np.ndarray) -> None:
    """Refuse to write into memory that is read-only, or that several elements share."""
    if not target.flags.writeable:
        raise RuntimeError("the tensor's memory is read-only: clone() the tensor before writing to it")
    if 0 in target.strides and target.size and _repeats(target):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )


def _repeats(array: np.ndarray) -> bool:
    return any(stride == 0 and n > 1 for stride, n in zip(array.strides, array.shape, strict=True))


def check_overlap(target: np.ndarray, source: np.ndarray, elementwise: bool = True) -> None:
    """Refuse to read from memory that is written to, unless every element is read where it is written."""
    if _overlap(target, source, elementwise):
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )


def _overlap(target: np.ndarray, source: np.ndarray, elementwise: bool) -> bool:
    if source is target:
        return not elementwise
    if (target.base is None and source.base is None) or storage_of(target) is not storage_of(source):
        return False
    if not (target.size and source.size and _is_dense(target) and _is_dense(source)):
        return False  # as in PyTorch: too hard to tell
    (a, b), (c, d) = np.lib.array_utils.byte_bounds(target), np.lib.array_utils.byte_bounds(source)
    if (a, b) == (c, d) and target.shape == source.shape and _steps(target) == _steps(source):
        return not elementwise
    return a < d and c < b


def _steps(array: np.ndarray) -> list[int]:
    return [stride for stride, n in zip(array.strides, array.shape, strict=True) if n > 1]


def _is_dense(array: np.ndarray) -> bool:
    """Whether the elements fill a stretch of memory without gaps or repetition."""
    step = array.itemsize
    for stride, n in sorted(zip(array.strides, array.shape, strict=True)):
        if n > 1:
            if stride != step:
                return False
            step *= n
    return True


def _check_result(values: np.ndarray, target: np.ndarray) -> None:
    if values.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(values.shape)}"
        )
    if values.dtype is not target.dtype and not can_cast_result(values.dtype, target.dtype):
        raise RuntimeError(
            f"result type {from_numpy_dtype(values.dtype).legacy_name} can't be cast to the desired output type "
            f"{from_numpy_dtype(target.dtype).legacy_name}"
        )


# ---- values --------------------------------------------------------------------------------------------------------


def copy_values(target: np.ndarray, values: np.ndarray) -> None:
    """Copy and convert without NumPy's warnings."""
    if values.dtype is target.dtype:
        np.copyto(target, values)
    else:
        with quiet():
            np.copyto(target, values, casting="unsafe")


def write_values(tensor: Any, values: Any) -> None:
    """Copy ``values`` (which broadcast) into the tensor's memory and note the write."""
    target = tensor._array
    check_memory(target)
    with quiet():
        np.copyto(target, values, casting="unsafe")
    finish_write(tensor)


def write_result(tensor: Any, result: Any) -> Any:
    """Make ``tensor`` hold ``result`` (a fresh Tensor), values and history."""
    target, values, node = tensor._array, result._array, result._node
    if values.shape != target.shape or values.dtype is not target.dtype:
        _check_result(values, target)
    if node is not None:
        overlapping = _keep_what_was_saved(node, values, target)
    copy_values(target, values)
    if node is None:
        finish_write(tensor)
        return tensor
    stamp_write(target)
    if not overlapping:
        node.seq = next_sequence_number()  # the write does not count against what this node saved
    node.shape, node.dtype = target.shape, target.dtype
    set_history(tensor, node)
    return tensor


def _keep_what_was_saved(node: Node, values: np.ndarray, target: np.ndarray) -> bool:
    """Prepare what ``node`` saved for the write; say whether the write spoils some of it.

    A saved result is the tensor's own memory from now on, so that later writes to it are noticed. The tensor itself as it
    was before is saved as a copy, as PyTorch does. Anything else that shares its memory (``x.mul_(x)``) is spoiled.
    """
    saved, op = node.saved, node.op
    if not saved or not isinstance(saved, tuple) or op is None:
        return False
    overlapping, kept = False, []
    for name, each in zip(op.saved, saved, strict=True):
        if each is values:
            each = target
        elif isinstance(each, np.ndarray) and storage_of(each) is storage_of(target):
            if each is target and op.tensors and name == op.tensors[0]:
                each = each.copy()
            else:
                overlapping = True
        kept.append(each)
    node.saved = tuple(kept)
    return overlapping


def assign(tensor: Any, values: np.ndarray, values_node: Node | None, index: Any = None, op: Any = copy_from) -> None:
    """Copy ``values`` into the part of the tensor at a basic ``index`` (all of it if None), and record that as ``op``."""
    target = tensor._array if index is None else tensor._array[index]
    if values is not target:
        check_memory(target)
        if op is copy_from:
            check_overlap(target, values)
        copy_values(target, values)
    if (values_node is None and tensor._node is None) or not get_mode():
        finish_write(tensor)
        return
    stamp_write(target)
    if index is None:
        set_history(tensor, make_node(op, (tensor._node, values_node), target))
    else:
        set_history_of_part(tensor, make_node(op, (None, values_node), target), target, index)


def finish_write(tensor: Any) -> None:
    """Note an unrecorded write."""
    stamp_write(tensor._array)
    if tensor._family is not None:
        _renew_family(tensor if tensor._base is None else tensor._base)


# ---- histories -----------------------------------------------------------------------------------------------------


def make_node(op: Any, following: tuple[Node | None, ...], result: np.ndarray, **saved: Any) -> Node:
    """The node that ``op`` would have recorded, for a result that was computed in place."""
    node: Any = new(op.node_class_of(result.dtype))
    node.next, node.hooks, node.seq = following, None, next_sequence_number()
    node.saved = tuple(saved[name] for name in op.saved)
    node.shape, node.dtype = result.shape, result.dtype
    return node


def set_history(tensor: Any, node: Node) -> None:
    """Make ``node`` the history of ``tensor``, of its base, and of the base's other views."""
    base = tensor._base
    if base is None or storage_of(base._array) is not storage_of(tensor._array):
        _move_retained_gradient(tensor, node)
        tensor._node = node
        note_producer(tensor)
        if base is None:
            _renew_family(tensor)
    else:
        _rewrite(base, Region.of(base._array, tensor._array), node)


def set_history_of_part(tensor: Any, write: Node, part: np.ndarray, index: Any) -> None:
    """Record that ``write`` made ``part``, which lies at a basic ``index`` of the tensor."""
    base = tensor._base
    if base is None:
        _rewrite(tensor, IndexedRegion(part.shape, tensor._array.shape, index), write)
    else:
        _rewrite(base, Region.of(base._array, part), write)


def _rewrite(base: Any, region: Region, write: Node) -> None:
    node = CopySlices(base, region, write)
    _move_retained_gradient(base, node)
    base._node = node
    note_producer(base)
    _renew_family(base)


def _renew_family(base: Any) -> None:
    """After a write to the base's memory its views take their history from its present node."""
    if base._family is None or base._node is None:
        return
    memory = storage_of(base._array)
    for reference in tuple(base._family):
        view = reference()
        if view is None or storage_of(view._array) is not memory:
            continue
        if view._family.__class__ is BarredView:
            view._node = BarredHistory(base, view)
        else:
            node = make_node(take_region, (base._node,), view._array, region=Region.of(base._array, view._array))
            _move_retained_gradient(view, node)
            view._node = node
            note_producer(view)


def _move_retained_gradient(tensor: Any, node: Node) -> None:
    """``retain_grad`` follows the tensor to its new history; other hooks stay with the value they were put on."""
    old = tensor._node
    if old is not None and old.hooks is not None and old.hooks.retain is not None and old.hooks.retain() is tensor:
        node.ensure_hooks().retain = old.hooks.retain
        old.hooks.retain = None


class CopySlices(PlainNode):
    """The history of a base of which a part was written to.

    ``next`` is the base's old history, then the other inputs of the write; ``saved`` the part and the write's own node.
    """

    __slots__ = ()

    def __init__(self, base: Any, region: Region, write: Node) -> None:
        self.next = (base._node, *write.next[1:])
        self.saved, self.hooks = (region, write), None
        self.seq = next_sequence_number()
        self.shape, self.dtype = base._array.shape, base._array.dtype

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        region, write = self._checked()
        grads = write.apply_arrays(region.take(grad))
        rest = None
        if self.next[0] is not None:
            part = grads[0]
            rest = clear_region.kernel(grad, region) if part is None else region.insert(grad, conform_array(part, write))
        return (rest, *grads[1:])

    def apply_tensors(self, grad: Any) -> tuple[Any, ...]:
        region, write = self._checked()
        grads = write.apply_tensors(take_region(grad, region))
        rest = None
        if self.next[0] is not None:
            part = grads[0]
            rest = clear_region(grad, region) if part is None else insert_region(grad, conform_tensor(part, write), region)
        return (rest, *grads[1:])

    def _checked(self) -> tuple[Region, Node]:
        region, write = self.saved
        if write.seq < LAST_WRITE[0]:
            check_versions(write)
        return region, write


class BarredHistory(PlainNode):
    """The history of a barred view after its base was written to: there is none, and asking for it is the error."""

    __slots__ = ("before", "message")

    before: Node | None

    def __init__(self, base: Any, view: Any) -> None:
        node = view._node
        self.before = node.before if isinstance(node, BarredHistory) else node
        self.message = _barred_message(self.before, view._family.reason, "its base or another view of its base has been")
        self.next, self.saved, self.hooks = (base._node,), (), None
        self.seq = next_sequence_number()
        self.shape, self.dtype = view._array.shape, view._array.dtype

    @property
    def public(self) -> Any:
        raise RuntimeError(self.message)

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        raise RuntimeError(self.message)

    apply_tensors = apply_arrays


# ---- methods -------------------------------------------------------------------------------------------------------

_MAY_REPEAT = frozenset(("fill_", "index_fill_", "index_put_", "masked_fill_", "zero_"))
"""Methods whose result does not depend on how often they write an element."""


def in_place(function: Any, name: str, ufunc: Any = None) -> Any:
    """``x.name_(...)`` from ``name(x, ...)``; with ``ufunc``, which computes the same, without a detour where possible."""
    comparison = COMPARISONS.get(name.removesuffix("_"))
    elementwise = name not in _MAY_REPEAT

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        target = self._array
        if self._node is not None or self._family is not None or INFERENCE_MEMORY:
            check_in_place(self, *args, *kwargs.values())
        if ufunc is not None and len(args) == 1 and not kwargs and _computes_in_place(self, target, args[0]):
            check_memory(target)
            other = args[0]
            with quiet():
                ufunc(target, other._array if isinstance(other, Tensor) else other, target)
            finish_write(self)
            return self
        if elementwise:
            check_memory(target)
            for each in args:
                if isinstance(each, Tensor):
                    check_overlap(target, each._array)
        result = function(self, *args, **kwargs)
        if result is NotImplemented or result is self:
            return result
        if result._node is None and self._node is not None and get_mode():
            result._node = _history_without_gradient(self, name, comparison, args)
        elif result._node is not None and (result._node.next[0] is not self._node or any(result is each for each in args)):
            result = copy_from.function(self, result)  # a composite function: only its result belongs to the write
        return write_result(self, result)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place version of :func:`{name[:-1]}`."
    return method


def _history_without_gradient(tensor: Any, name: str, comparison: Any, args: tuple[Any, ...]) -> Node:
    if comparison is None:
        return Underivable(tensor, name)
    by_tensor = bool(args) and isinstance(args[0], Tensor)
    return make_node(comparison[by_tensor], (tensor._node,), tensor._array)


def _computes_in_place(tensor: Any, target: np.ndarray, other: Any) -> bool:
    """Whether the plain computation into the target's memory is all there is to do: no history, conversion or shapes."""
    kind = target.dtype.kind
    if isinstance(other, Tensor):
        array = other._array
        if array.dtype is not target.dtype or array.shape != target.shape or kind not in "fc":
            return False
        if (array is not target and array.base is not None) or target.base is not None:
            return False  # memory may overlap
        return (tensor._node is None and other._node is None) or not get_mode()
    number = type(other) is float or type(other) is int
    return number and kind == "f" and -6e4 < other < 6e4 and (tensor._node is None or not get_mode())


class Underivable(PlainNode):
    """The history that an operation without derivative leaves behind."""

    __slots__ = ("method",)

    def __init__(self, tensor: Any, method: str) -> None:
        self.next, self.saved, self.hooks, self.method = (tensor._node,), (), None, method
        self.seq = next_sequence_number()
        self.shape, self.dtype = tensor._array.shape, tensor._array.dtype

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        raise RuntimeError(f"derivative for aten::{self.method} is not implemented")

    apply_tensors = apply_arrays


Underivable.__name__ = "NotImplemented"  # as PyTorch prints it
