"""What an operation was called with, read from the call itself.

Operations tell an observer of the node (:class:`~tinygrad_edu.autograd.grad_mode.Observer`) or a watcher of the bare result
that they made. Their compiled functions (:mod:`tinygrad_edu.autograd.template`) hold every argument in a local variable of
the declaration's name, so that nothing has to be kept for a recording while none runs.
"""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np

from ..autograd.function import Function
from ..autograd.node import Node, Output
from ..autograd.op import Op
from ..autograd.runtime import NUMBERS, Number, several_results
from ..autograd.template import public_name
from ..tensor import Tensor

__all__ = ["Argument", "Call", "Result", "bare_call", "read_call"]


class Argument(NamedTuple):
    """A tensor among the arguments."""

    param: str
    array: np.ndarray | None  # None where only its node is known
    node: Node | None
    place: int | None  # its place in the node's ``next``; None: its gradient is never asked for


class Result(NamedTuple):
    """A tensor that was made."""

    array: np.ndarray | None
    node: Node | None
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Call(NamedTuple):
    """One executed operation."""

    op: Op | None  # None for a user-defined Function and for what in-place writes leave behind
    public: str
    node_name: str
    arguments: list[Argument]
    results: list[Result]
    options: dict[str, Any]
    saved: list[tuple[str, Any]]


def read_call(frame: Any, node: Node | None, made: Any) -> Call | None:
    """The call that made the Tensor ``made`` and ``node`` (None: unrecorded); ``frame`` is the caller of the observer.

    None where the frame is none of an operation, or one that has been told of already.
    """
    tensors = (made,)
    if frame.f_code is several_results.__code__:
        tensors = frame.f_locals["tensors"]
        if made is not tensors[0]:
            return None
        frame = frame.f_back
    op = frame.f_globals.get("OP")
    if isinstance(op, Op):
        return _compiled_call(op, frame.f_locals, node, tensors)
    if frame.f_code is Function.apply.__func__.__code__ and node is not None:  # type: ignore[attr-defined]
        return _function_call(frame.f_locals, node)
    return None


def _compiled_call(op: Op, local: dict[str, Any], node: Node | None, tensors: tuple[Any, ...]) -> Call:
    arguments: list[Argument] = []
    options: dict[str, Any] = {}
    for param in op.params:
        if op.sequence and param == op.tensors[0]:
            pairs = zip(local[param], local["nodes"], strict=True)
            arguments += [Argument(f"{param}[{i}]", array, each, i) for i, (array, each) in enumerate(pairs)]
        elif param in op.tensors:
            _read_tensor(op, param, local, arguments, options)
        else:
            _read_option(op, param, local[param], arguments, options)
    saved: list[tuple[str, Any]] = []
    if node is not None:
        values = node.saved if type(node.saved) is tuple else tuple(_saved_value(name, local) for name in op.saved)
        saved = list(zip(op.saved, values, strict=True))
    results = [Result(each._array, each._node, each._array.shape, each._array.dtype) for each in tensors]
    return Call(op, op.public, op.name or "", arguments, results, options, saved)


def _read_tensor(op: Op, param: str, local: dict[str, Any], arguments: list[Argument], options: dict[str, Any]) -> None:
    array = local.get(param)
    given = local.get(public_name(param)) if public_name(param) != param else None
    node = local.get(f"{param}_node")
    place = op.differentiable.index(param) if param in op.differentiable else None
    if isinstance(given, Tensor):
        arguments.append(Argument(param, given._array, given._node, place))
    elif isinstance(given, NUMBERS):
        options[param] = given
    elif isinstance(array, Number):
        options[param] = array.value
    elif isinstance(array, np.ndarray):
        arguments.append(Argument(param, array, node, place))
    elif array is not None:
        options[param] = array


def _read_option(op: Op, param: str, value: Any, arguments: list[Argument], options: dict[str, Any]) -> None:
    if isinstance(value, np.ndarray):
        arguments.append(Argument(param, value, None, None))
        return
    if isinstance(value, (tuple, list)) and any(isinstance(each, np.ndarray) for each in value):  # an index
        arrays = [each for each in value if isinstance(each, np.ndarray)]
        names = [param] if len(arrays) == 1 else [f"{param}[{i}]" for i in range(len(arrays))]
        arguments += [Argument(name, each, None, None) for name, each in zip(names, arrays, strict=True)]
        return
    if param not in op.defaults or not _same(value, op.defaults[param]):
        options[param] = value


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


def _saved_value(name: str, local: dict[str, Any]) -> Any:
    """What a node saves under this name, where something has taken the place of the saved tuple."""
    if name == "out":
        return local.get("result")
    if name in local:
        return local[name]
    array = local.get(name.removesuffix("_shape"))
    return [each.shape for each in array] if isinstance(array, list) else getattr(array, "shape", None)


def _function_call(local: dict[str, Any], node: Any) -> Call:
    """A user-defined Function."""
    cls, given, made = local["cls"], local["args"], local["results"]
    names = _parameter_names(cls, len(given), local["separate"])
    arguments, options = [], {}
    for name, value in zip(names, given, strict=True):
        if isinstance(value, Tensor):
            place = len(arguments)
            arguments.append(Argument(name, value._array, node.next[place], place))
        else:
            options[name] = value
    results = []
    for each in made:
        if isinstance(each, Tensor):
            own = each._node if each._node is node or (type(each._node) is Output and each._node.next[0] is node) else None
            results.append(Result(each._array, own, each._array.shape, each._array.dtype))
    return Call(None, cls.__name__, node.name(), arguments, results, options, _saved_by_context(node.ctx))


def _parameter_names(cls: Any, count: int, separate: bool) -> list[str]:
    names = [
        parameter.name
        for parameter in inspect.signature(cls.forward).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    names = names[:count] if separate else names[1 : count + 1]
    return names + [f"input{i}" for i in range(len(names), count)]


def _saved_by_context(ctx: Any) -> list[tuple[str, Any]]:
    saved = []
    for i, each in enumerate(ctx._saved):
        if each is not None:
            array = each.array if hasattr(each, "array") else each.tensor._array
            saved.append((f"saved_tensors[{i}]", array))
    return saved


def bare_call(node: Any) -> Call:
    """What a node tells of itself: its inputs' nodes, and what it saved."""
    op = node.op
    if op is None:
        return _call_without_op(node)
    released = type(node.saved) is not tuple
    saved = {} if released else dict(zip(op.saved, node.saved, strict=True))
    arguments: list[Argument] = []
    options: dict[str, Any] = {}
    for param in op.params:
        value = saved.get(param)
        if op.sequence and param == op.tensors[0]:
            arguments += [Argument(f"{param}[{i}]", None, each, i) for i, each in enumerate(node.next)]
        elif param in op.differentiable:
            place = op.differentiable.index(param)
            following = node.next[place]
            if following is not None or (isinstance(value, np.ndarray) and value.ndim):
                arguments.append(Argument(param, value, following, place))
            elif isinstance(value, np.ndarray):
                options[param] = value.item()  # a Python number, as far as one can tell
        elif param in saved and value is not None:
            _read_option(op, param, value, arguments, options)
    if node.outputs == 1:
        results = [Result(saved.get("out"), node, node.shape, node.dtype)]
    else:
        results = [Result(None, None, shape, node.dtype) for shape in node.shape]
    return Call(op, op.public, op.name or "", arguments, results, options, [*saved.items()])


def _call_without_op(node: Any) -> Call:
    name = node.name().removeprefix("torch::autograd::")
    write = node.saved[1] if name == "CopySlices" and type(node.saved) is tuple else None
    params = ["base"] + (write.op.differentiable[1:] if write is not None and write.op is not None else [])
    ctx = getattr(node, "ctx", None)
    if ctx is not None:
        params = _parameter_names(ctx._forward_cls, len(node.next), True)
    arguments = [
        Argument(params[i] if i < len(params) else f"input{i}", None, following, i)
        for i, following in enumerate(node.next)
        if following is not None
    ]
    if node.outputs == 1:
        results = [Result(None, node, node.shape, node.dtype)]
    else:
        results = [Result(None, None, () if shape is None else shape, node.dtype) for shape in node.shape]
    saved = [] if ctx is None else _saved_by_context(ctx)
    public = ctx._forward_cls.__name__ if ctx is not None else _public_of_write(write) or name
    return Call(None, public, name, arguments, results, {}, saved)


def _public_of_write(write: Any) -> str:
    """A write to a part of a tensor is named after the method that wrote: ``mul_``."""
    if write is None or write.op is None:
        return ""
    return write.op.public.rstrip("_") + "_"
