"""The nodes of the backward graph.

A node stands for one executed operation. It holds what the operation's rules need (``saved``) and the nodes that
produced the operation's inputs (``next``), never tensors, so that a graph has no reference cycle and falls to pieces
by reference counting. Both read as tuples; a declared operation's node keeps their items in slots of its own, because
every tuple is one more object for Python's cyclic collector to walk. ``shape`` and ``dtype`` describe the value that the
node produced; the engine conforms every gradient to them, which undoes broadcasting and promotion in one place.
"""

from __future__ import annotations

import itertools
import re
import weakref
from collections.abc import Callable, Iterator
from heapq import heappush
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

from ..utils.hooks import HookDict, add_hook
from .conform import conform_array

next_sequence_number = itertools.count(1).__next__
"""One clock for the creation of nodes and for in-place writes: a node that is older than a write may have saved
what the write changed (:mod:`tinygrad_edu.autograd.version`)."""

LEAF_HOOKS: list[Any] = []
"""Not empty once any leaf has had a hook: then leaves are finished in PyTorch's order, which takes counting."""

SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)


class Withheld:
    """What stands in place of ``Node.saved`` where its items must be asked for: ``unpack(index)`` is each of ``count``."""

    __slots__ = ("count", "unpack")

    def __init__(self, unpack: Callable[[int], Any], count: int) -> None:
        self.unpack, self.count = unpack, count

    def __getitem__(self, index: int) -> Any:
        return self.unpack(index)

    def __iter__(self) -> Iterator[Any]:
        return map(self.unpack, range(self.count))


def _refuse_second_time(index: int) -> Any:
    raise RuntimeError(SECOND_TIME)


RELEASED: Any = Withheld(_refuse_second_time, 1)
"""What ``Node.saved`` becomes when a backward pass has used it up: unpacking it is the error."""


class _Undefined:
    """A gradient that has not come, in a pass where that is told to everybody (``gradcheck``): it adds nothing."""

    __array_ufunc__ = None

    def __add__(self, other: Any) -> Any:
        return other

    __radd__ = __add__


UNDEFINED: Any = _Undefined()


class Hooks:
    """The hooks of one node, kept apart because most nodes have none.

    ``tensor_pre`` run on the gradient of the node's output, ``retain`` stores it on a tensor, ``pre`` and ``post`` are the
    node's own hooks, ``accumulated`` run after a leaf's gradient has been stored.
    """

    __slots__ = ("accumulated", "post", "pre", "retain", "tensor_pre")

    def __init__(self) -> None:
        self.tensor_pre = HookDict()
        self.retain: weakref.ref[Any] | None = None
        self.pre = HookDict()
        self.post = HookDict()
        self.accumulated = HookDict()


_OF_THE_ENGINE = frozenset(("AccumulateGrad", "CopyBackwards", "CopySlices", "NotImplemented"))


def _full_name(kind: str) -> str:
    return f"torch::autograd::{kind}" if kind in _OF_THE_ENGINE else kind


class Node:
    """A node of the backward graph; its class is named after the operation, as in PyTorch (``MulBackward0``)."""

    __slots__ = ("__weakref__", "_metadata", "dtype", "hooks", "seq", "shape")

    next: tuple[Node | None, ...]
    saved: Any
    seq: int
    shape: Any
    dtype: Any
    hooks: Hooks | None

    op: ClassVar[Any] = None
    outputs: ClassVar[int] = 1
    releases: ClassVar[bool] = True
    """Whether a backward pass uses up what the node saved. Shapes and numbers stay, and with them the node works again."""
    runs_on_none: ClassVar[bool] = False
    """Whether the node's rule is to run even if no gradient has come, in a pass that tells."""

    @property
    def public(self) -> Any:
        """What users see in this node's place: the node itself, except for user-defined functions."""
        return self

    def name(self) -> str:
        """The operation's name in the backward graph, with PyTorch's prefix for the nodes that its engine makes itself."""
        return _full_name(type(self).__name__)

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """For each input of the operation, the node that made it and the index among that node's outputs."""
        return tuple(edge(node) for node in self.next)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's (and anomaly mode's) notes about this node."""
        try:
            return self._metadata
        except AttributeError:
            self._metadata: dict[str, Any] = {}
            return self._metadata

    @property
    def requires_grad(self) -> bool:
        return True

    def _sequence_nr(self) -> int:
        return self.seq

    def ensure_hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks

    def register_hook(self, hook: Any) -> Any:
        """Run ``hook(grad_inputs, grad_outputs)`` after this node; a returned tuple replaces ``grad_inputs``."""
        return add_hook(self.ensure_hooks().post, hook)

    def register_prehook(self, hook: Any) -> Any:
        """Run ``hook(grad_outputs)`` before this node; a returned tuple replaces ``grad_outputs``."""
        return add_hook(self.ensure_hooks().pre, hook)

    def propagate(self, grad: Any, pending: Any, waiting: Any, own: Any, release: bool) -> tuple[Node, Any] | None:
        """Run on arrays and add the results to ``pending``; push the nodes that now wait, but for one, if there is any:
        return it with its gradient, for most graphs are chains, and a dictionary that changes all the time is slow.

        Declared operations have this compiled, with the loop unrolled; see :mod:`tinygrad_edu.autograd.template`.
        """
        ready = None
        for following, g in zip(self.next, self.apply_arrays(grad)):  # noqa: B905 (a rule may answer for fewer inputs)
            if following is None or g is None:
                continue
            before = pending.get(following)
            if following.outputs != 1:
                pending[following] = Placed.into(before, g)
            else:
                if g.dtype is not following.dtype or g.shape != following.shape:
                    g = conform_array(g, following)
                pending[following] = g if before is None else before + g
            if before is None and following.__class__ is not AccumulateGrad:
                if ready is None:
                    ready = following
                else:
                    heappush(waiting, (-following.seq, following))
        if release and self.releases:
            self.release()
        return None if ready is None else (ready, pending.pop(ready))

    def release(self) -> None:
        """Let go of what was saved: a pass has used it up."""
        if self.saved:
            self.saved = RELEASED

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        """The gradients of the inputs as arrays, from the gradient of the output."""
        raise NotImplementedError

    def apply_tensors(self, grad: Any) -> tuple[Any, ...]:
        """The same with Tensors, recorded, for gradients of gradients."""
        raise NotImplementedError

    def __call__(self, *grads: Any) -> Any:
        """Run this node alone on gradients of its outputs (Tensors), as PyTorch's ``grad_fn(grad)``."""
        from .engine import call_node

        return call_node(self, grads)

    def __getattr__(self, name: str) -> Any:
        """PyTorch's ``_saved_self``, ``_saved_result``, ...: what the operation kept for its rules."""
        if name.startswith("_saved_") and self.op is not None:
            return self.op.saved_value(self, name[len("_saved_") :])
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


class PlainNode(Node):
    """A node that keeps ``next`` and ``saved`` as the tuples they are."""

    __slots__ = ("next", "saved")


def slotted_node(next_slots: tuple[str, ...], saved_slots: tuple[str, ...]) -> dict[str, Any]:
    """The body of a node class that keeps the items of ``next`` and ``saved`` in the slots of these names."""

    read_items = _slots_reader(saved_slots)

    def read_saved(node: Any) -> Any:
        values = read_items(node)
        return values[0] if values and values[0].__class__ is Withheld else values

    def write_saved(node: Any, values: Any) -> None:
        if values.__class__ is Withheld:
            values = (values, *(None,) * (len(saved_slots) - 1))
        _write_slots(node, saved_slots, values)

    def release(node: Any) -> None:
        value = RELEASED
        for slot in saved_slots:
            setattr(node, slot, value)
            value = None

    return {
        "release": release,
        "__slots__": (*next_slots, *saved_slots),
        "next": property(_slots_reader(next_slots), lambda node, values: _write_slots(node, next_slots, values)),
        "saved": property(read_saved, write_saved),
    }


def _slots_reader(slots: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if not slots:
        return lambda node: ()
    read = attrgetter(*slots)  # in C
    return read if len(slots) > 1 else lambda node: (read(node),)


def _write_slots(node: Any, slots: tuple[str, ...], values: Any) -> None:
    for slot, value in zip(slots, values, strict=True):
        setattr(node, slot, value)


class AccumulateGrad(PlainNode):
    """The end of a path: adds the gradient to ``variable.grad``.

    The leaf owns this node; the node refers back weakly, so the two form no cycle.
    """

    __slots__ = ("_variable",)

    def __init__(self, variable: Any) -> None:
        self._variable = weakref.ref(variable)
        self.next, self.saved, self.hooks = (), (), None
        self.seq = next_sequence_number()
        self.describe(variable._array)

    def ensure_hooks(self) -> Hooks:
        if not LEAF_HOOKS:
            LEAF_HOOKS.append(True)
        return super().ensure_hooks()

    def describe(self, array: Any) -> None:
        self.shape, self.dtype = array.shape, array.dtype

    @property
    def variable(self) -> Any:
        """The leaf tensor, or None when it is gone."""
        return self._variable()


class Output(PlainNode):
    """One output of a node that has several: it passes its gradient on to its place among them."""

    __slots__ = ("index",)

    def __init__(self, owner: Node, index: int, array: Any) -> None:
        self.next, self.saved, self.hooks, self.index = (owner,), (), None, index
        self.seq = next_sequence_number()
        self.shape, self.dtype = array.shape, array.dtype

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        return (Placed(self.index, len(self.next[0].shape), grad),)  # type: ignore[union-attr]

    apply_tensors = apply_arrays


class Error(PlainNode):
    """The history of what must not be differentiated."""

    __slots__ = ("message",)

    def __init__(self, message: str, following: tuple[Node | None, ...], array: Any) -> None:
        self.message, self.next, self.saved, self.hooks = message, following, (), None
        self.seq = next_sequence_number()
        self.shape, self.dtype = array.shape, array.dtype

    def name(self) -> str:
        return "torch::autograd::Error"

    def apply_arrays(self, grad: Any) -> tuple[Any, ...]:
        raise RuntimeError(self.message)

    apply_tensors = apply_arrays

    def __repr__(self) -> str:
        return f"<Error object at {id(self):#x}>"


class Placed(list[Any]):
    """The gradients of a node's several outputs, None where none has come."""

    __slots__ = ()

    def __init__(self, index: int, count: int, grad: Any) -> None:
        super().__init__([None] * count)
        self[index] = grad

    @classmethod
    def empty(cls, output: Output) -> Placed:
        """What an output delivers to which no gradient has come."""
        return cls(output.index, len(output.next[0].shape), None)  # type: ignore[union-attr]

    @staticmethod
    def is_empty(grad: Any) -> bool:
        return type(grad) is Placed and all(each is None for each in grad)

    @staticmethod
    def into(before: Placed | None, arrived: Placed) -> Placed:
        """Two partial sets as one. An output delivers once, and once more where a rule used the saved result."""
        if before is None:
            return arrived
        for i, grad in enumerate(arrived):
            if grad is not None:
                before[i] = grad if before[i] is None else before[i] + grad
        return before


def output_name(node: Node | type) -> str:
    """How PyTorch's errors name the value that ``node`` (or a node of that class) produced: ``0 of Mul``, ``0 of Pow1``."""
    if isinstance(node, type):
        name, index = _full_name(node.__name__), 0
    else:
        owner, index = edge(node)
        name = owner.name()
    return f"{index} of " + re.sub(r"Backward(\d*)$", lambda match: match[1].lstrip("0"), name)


def edge(node: Node | None) -> tuple[Any, int]:
    """PyTorch's (node, output index) for the node that a tensor or an edge refers to."""
    if node is None:
        return None, 0
    if type(node) is Output:
        return node.next[0].public, node.index  # type: ignore[union-attr]
    return node.public, 0


def grad_fn_of(node: Node | None) -> Any:
    """The public ``grad_fn``: None for leaves, the operation itself for one of several outputs."""
    return None if type(node) is AccumulateGrad else edge(node)[0]


class GradientEdge(NamedTuple):
    """The place in the graph where a tensor's gradient arrives: output ``output_nr`` of ``node``.

    It may stand for the tensor in :func:`torch.autograd.grad` and :func:`torch.autograd.backward`.
    """

    node: Any
    output_nr: int
    ownership_token: Any = None
    """The engine's own node, where the public one does not keep the graph alive."""
