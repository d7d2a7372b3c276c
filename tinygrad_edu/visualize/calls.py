"""What an operation was called with, read from the call itself.

Operations tell an observer of the node (:class:`~tinygrad_edu.autograd.grad_mode.Observer`) or a watcher of the bare result
that they made, and what they were called with (:func:`~tinygrad_edu.autograd.template.call_record`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.node import Node, Output
from ..autograd.op import Op
from ..autograd.runtime import NUMBERS, Number
from ..autograd.template import call_record
from ..tensor import Tensor

__all__ = ["Call", "bare_call", "read_call"]


Argument = tuple[str, Any, "Node | None", "int | None"]
"""A tensor among the arguments: the declaration's name, the array (None where only the node is known), the node, and its place
in the new node's ``next`` (None: its gradient is never asked for). A plain tuple: these are made at every operation."""

Result = tuple[Any, "Node | None", tuple[int, ...], Any]
"""A tensor that was made: its array (None where it is not known), node, shape and dtype."""


class Call(NamedTuple):
    """One executed operation."""

    op: Op | None  # None for a user-defined Function and for what in-place writes leave behind
    public: str
    node_name: str
    arguments: list[Argument]
    results: list[Result]
    options: dict[str, Any]
    names: Sequence[str]  # of what was saved
    saved: tuple[Any, ...]


def read_call(call: tuple[Any, ...], node: Node | None, made: Any) -> Call:
    """The call that an observer was told of, which made the Tensor (or Tensors) ``made`` and ``node`` (None: unrecorded)."""
    made = made if made.__class__ is tuple else (made,)
    return _compiled_call(call, node, made) if call[0].__class__ is Op else _function_call(call, node, made)


@functools.cache
def _plan(op: Op) -> list[tuple[str, str, int, int | None, Any]]:
    """For each parameter its name, how it is told and where in the record, its place in the node's ``next``, its default."""
    plan, at = [], 1
    for param, kind, words in call_record(op):
        place = op.differentiable.index(param) if param in op.differentiable else None
        plan.append((param, kind, at, place, op.defaults.get(param, ...)))
        at += len(words)
    return plan


_NO_OPTIONS: dict[str, Any] = {}
"""Shared, hence not written to."""


def _compiled_call(call: tuple[Any, ...], node: Node | None, made: tuple[Any, ...]) -> Call:
    op: Op = call[0]
    arguments: list[Argument] = []
    options: dict[str, Any] = {}
    for param, kind, at, place, default in _plan(op):
        value = call[at]
        if kind == "operand":
            if isinstance(value, Tensor):
                arguments.append((param, value._array, value._node, place))
            elif isinstance(value, NUMBERS):
                options[param] = value
            elif isinstance(value, np.ndarray):
                arguments.append((param, value, None, place))
        elif kind == "option":
            if value is not default:
                _read_option(param, value, default, arguments, options)
        elif kind == "tensor":
            if isinstance(value, np.ndarray):
                arguments.append((param, value, call[at + 1], place))
            elif value is not None:
                options[param] = value.value if isinstance(value, Number) else value
        else:
            pairs = zip(value, call[at + 1], strict=True)
            arguments += [(f"{param}[{i}]", array, each, i) for i, (array, each) in enumerate(pairs)]
    results = [(array := each._array, each._node, array.shape, array.dtype) for each in made]
    saved = () if node is None else node.saved
    facts = (op, op.public, op.name or "", arguments, results, options or _NO_OPTIONS, op.saved, saved)
    return tuple.__new__(Call, facts)  # at half the price


def _read_option(param: str, value: Any, default: Any, arguments: list[Argument], options: dict[str, Any]) -> None:
    if isinstance(value, np.ndarray):
        arguments.append((param, value, None, None))
    elif isinstance(value, (tuple, list)) and any(isinstance(each, np.ndarray) for each in value):  # an index
        arrays = [each for each in value if isinstance(each, np.ndarray)]
        names = [param] if len(arrays) == 1 else [f"{param}[{i}]" for i in range(len(arrays))]
        arguments += [(name, each, None, None) for name, each in zip(names, arrays, strict=True)]
    elif type(value) is not type(default) or value != default:
        options[param] = value


def _function_call(call: tuple[Any, ...], node: Any, made: tuple[Any, ...]) -> Call:
    """A user-defined Function."""
    cls, given, separate = call
    names = _parameter_names(cls, len(given), separate)
    arguments: list[Argument] = []
    options: dict[str, Any] = {}
    for name, value in zip(names, given, strict=True):
        if isinstance(value, Tensor):
            place = len(arguments)
            arguments.append((name, value._array, node.next[place], place))
        else:
            options[name] = value
    results = []
    for each in made:
        own = each._node if each._node is node or (type(each._node) is Output and each._node.next[0] is node) else None
        results.append((each._array, own, each._array.shape, each._array.dtype))
    return Call(None, cls.__name__, node.name(), arguments, results, options, *_saved_by_context(node.ctx))


def _parameter_names(cls: Any, count: int, separate: bool) -> list[str]:
    names = [
        parameter.name
        for parameter in inspect.signature(cls.forward).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    names = names[:count] if separate else names[1 : count + 1]
    return names + [f"input{i}" for i in range(len(names), count)]


def _saved_by_context(ctx: Any) -> tuple[list[str], tuple[Any, ...]]:
    """The names and the arrays of what a user-defined Function saved."""
    arrays = [each.array if hasattr(each, "array") else each.tensor._array for each in ctx._saved if each is not None]
    return [f"saved_tensors[{i}]" for i, each in enumerate(ctx._saved) if each is not None], tuple(arrays)


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
            arguments += [(f"{param}[{i}]", None, each, i) for i, each in enumerate(node.next)]
        elif param in op.differentiable:
            place = op.differentiable.index(param)
            following = node.next[place]
            if following is not None or (isinstance(value, np.ndarray) and value.ndim):
                arguments.append((param, value, following, place))
            elif isinstance(value, np.ndarray):
                options[param] = value.item()  # a Python number, as far as one can tell
        elif param in saved and value is not None:
            _read_option(param, value, op.defaults.get(param), arguments, options)
    if node.outputs == 1:
        results = [(saved.get("out"), node, node.shape, node.dtype)]
    else:
        results = [(None, None, shape, node.dtype) for shape in node.shape]
    return Call(op, op.public, op.name or "", arguments, results, options, list(saved), tuple(saved.values()))


def _call_without_op(node: Any) -> Call:
    name = node.name().removeprefix("torch::autograd::")
    write = node.saved[1] if name == "CopySlices" and type(node.saved) is tuple else None
    params = ["base"] + (write.op.differentiable[1:] if write is not None and write.op is not None else [])
    ctx = getattr(node, "ctx", None)
    if ctx is not None:
        params = _parameter_names(ctx._forward_cls, len(node.next), True)
    arguments: list[Argument] = [
        (params[i] if i < len(params) else f"input{i}", None, following, i)
        for i, following in enumerate(node.next)
        if following is not None
    ]
    if node.outputs == 1:
        results = [(None, node, node.shape, node.dtype)]
    else:
        results = [(None, None, () if shape is None else shape, node.dtype) for shape in node.shape]
    names, saved = ([], ()) if ctx is None else _saved_by_context(ctx)
    public = ctx._forward_cls.__name__ if ctx is not None else _public_of_write(write) or name
    return Call(None, public, name, arguments, results, {}, names, saved)


def _public_of_write(write: Any) -> str:
    """A write to a part of a tensor is named after the method that wrote: ``mul_``."""
    if write is None or write.op is None:
        return ""
    return write.op.public.rstrip("_") + "_"
