"""The backward pass.

The nodes run in the reverse order of their creation, which is a topological order: a node's inputs are older than the
node, so when the youngest waiting node runs, all gradients of its output have come. Its rules answer with the gradients
of its inputs; each is conformed to the node it goes to (broadcasting and promotion undone) and added there. The leaves
store their gradients at the end, or, where some leaf has hooks, as soon as the last part has come. Nothing here recurses.

The rules run on arrays, or, under ``create_graph``, on Tensors that record themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar
from heapq import heappop, heappush, heapreplace
from operator import attrgetter
from typing import Any

import numpy as np

from ..errstate import QUIET, RESTORE, SILENCE
from .conform import conform_array, conform_tensor
from .grad_mode import recording_mode, reset_mode, set_mode
from .node import LEAF_HOOKS, UNDEFINED, AccumulateGrad, Node, Output, Placed, output_name
from .runtime import wrap
from .version import LAST_WRITE, first_changed, producer_of, stamp_write, version_of, writes_since

_by_age = attrgetter("seq")
_getrefcount = sys.getrefcount


class Recorder:
    """What watches backward passes (anomaly detection, drawings)."""

    tells_forward = False
    """Whether it says, when a node fails, which forward operation that belongs to."""

    def begins(self, running: _Pass) -> Sequence[Recorder]:
        """A pass begins; answer who is called around every node of it."""
        return (self,)

    def before(self, node: Node, grad: Any) -> None: ...

    def after(self, node: Node, grads: tuple[Any, ...]) -> None: ...

    def arrived(self, leaf: AccumulateGrad, grad: Any) -> None:
        """All of a leaf's gradient has come; the leaf's hooks have run."""

    def failed(self, node: Node, error: Exception) -> None:
        """The node has failed, perhaps before it has begun."""


RECORDERS: list[Recorder] = []

_running: ContextVar[_Pass | None] = ContextVar("backward_pass", default=None)
current_pass = _running.get
"""The pass that is running, for hooks that look at it."""


def run_backward(
    roots: list[Node],
    grads: list[Any],
    *,
    retain_graph: bool,
    create_graph: bool,
    captures: dict[Node, Any] | None = None,
    accumulate: bool = True,
) -> None:
    """Propagate ``grads`` (arrays, or Tensors under ``create_graph``) from ``roots`` to the leaves.

    ``captures`` (node: slot) asks for the gradients that arrive at nodes: each is put into ``captures[node]``. Then only
    the paths to those nodes run, and leaves store a gradient only where ``accumulate`` is set and they are among them.
    """
    token = set_mode(recording_mode() if create_graph else False)
    errors = SILENCE(QUIET)
    try:
        needed = None if captures is None else _needed(roots, captures)
        pass_ = _Pass(roots, needed, captures, retain_graph, create_graph, accumulate)
        outer = _running.set(pass_)
        try:
            pass_.run(roots, grads)
        finally:
            _running.reset(outer)
    finally:
        RESTORE(errors)
        reset_mode(token)


def reachable(roots: list[Node]) -> list[Node]:
    """The nodes behind ``roots``, each once."""
    order = list(dict.fromkeys(roots))
    seen: set[Node | None] = {None, *order}
    for node in order:  # grows while it is walked
        for following in node.next:
            if following not in seen:
                seen.add(following)
                order.append(following)  # type: ignore[arg-type]
    return order


def _needed(roots: list[Node], captures: dict[Node, Any]) -> set[Node | None]:
    """The nodes on a path to a captured one."""
    needed: set[Node | None] = set(captures)
    for node in sorted(reachable(roots), key=_by_age):  # inputs before what uses them
        if node not in needed and not needed.isdisjoint(node.next):
            needed.add(node)
    return needed


def _leaf_uses(roots: list[Node]) -> dict[Node, int]:
    """How many gradients each leaf will receive: a leaf's hooks run as soon as the last has come."""
    uses: dict[Node, int] = dict.fromkeys((root for root in roots if type(root) is AccumulateGrad), 1)
    for node in reachable(roots):
        for following in node.next:
            if type(following) is AccumulateGrad:
                uses[following] = uses.get(following, 0) + 1
    return uses


class _Pass:
    """One backward pass: the gradients on their way.

    ``pending`` holds what has come to each node so far, ``waiting`` (a heap) the nodes to run, youngest first. ``own`` are
    the nodes whose pending gradient is an array that this pass made, hence may add to in place.
    """

    __slots__ = (
        "__weakref__", "accumulate", "captures", "create_graph", "needed", "own", "pending", "retain_graph", "roots",
        "undefined", "uses", "waiting", "watchers",
    )  # fmt: skip

    def __init__(
        self, roots: Any, needed: Any, captures: Any, retain_graph: bool, create_graph: bool, accumulate: bool
    ) -> None:
        self.roots, self.needed, self.captures = roots, needed, captures
        self.retain_graph, self.create_graph, self.accumulate = retain_graph, create_graph, accumulate
        self.pending: dict[Node, Any] = {}
        self.waiting: list[tuple[int, Node]] = []
        self.own: set[Node] = set()
        self.uses = _leaf_uses(roots) if LEAF_HOOKS else None
        self.watchers = [each for recorder in RECORDERS for each in recorder.begins(self)] if RECORDERS else ()

    def run(self, roots: list[Node], grads: list[Any]) -> None:
        """Deliver the roots' gradients, run the nodes, store what has come to the leaves."""
        self.undefined = any(grad is UNDEFINED for grad in grads)
        self.deliver(tuple(roots), grads)
        pending, waiting = self.pending, self.waiting
        if self.needed is None and self.uses is None and not (self.create_graph or self.undefined or self.watchers):
            del grads
            self.run_plain()
            return
        run = self.run_watched if self.watchers else self.run_node
        while waiting:
            node = heappop(waiting)[1]
            run(node, pending.pop(node))
        for leaf in tuple(pending):
            self.finish_leaf(leaf)

    def run_plain(self) -> None:
        """The pass of ``loss.backward()``, in which nobody asks for more: most of what a backward pass costs is here."""
        pending, waiting, own, release = self.pending, self.waiting, self.own, not self.retain_graph
        last_write = LAST_WRITE
        while waiting:
            node = heappop(waiting)[1]
            grad = pending.pop(node)
            while True:  # down a chain, without the heap
                if node.hooks is not None:
                    self.run_node(node, grad)
                    break
                if node.seq < last_write[0]:
                    check_versions(node)
                ready = node.propagate(grad, pending, waiting, own, release)
                if ready is None:
                    break
                node, grad = ready
                if waiting and waiting[0][0] < -node.seq:  # a younger one is first
                    pending[node] = grad
                    node = heapreplace(waiting, (-node.seq, node))[1]
                    grad = pending.pop(node)
        if LEAF_HOOKS:  # a hook may have given hooks to leaves
            for leaf in tuple(pending):
                self.finish_leaf(leaf)
        while pending:
            leaf, grad = pending.popitem()
            variable = leaf._variable()  # type: ignore[attr-defined]
            if variable is not None:
                store_gradient(variable, grad)  # from a variable, as _is_unshared counts

    def run_watched(self, node: Node, grad: Any) -> None:
        """One node, for those who want to know of failures."""
        try:
            self.run_node(node, grad)
        except Exception as error:
            for watcher in self.watchers:
                watcher.failed(node, error)
            raise

    def run_node(self, node: Node, grad: Any) -> None:
        """One node with all that may be asked of it: hooks, captures, watchers, a recorded pass."""
        captures = self.captures
        if node.hooks is not None:
            grad = self.run_tensor_hooks(node, grad)
        if captures is not None and node in captures:
            captures[node] = None if grad is UNDEFINED else grad
            if self.needed.isdisjoint(node.next):
                return
        if self.undefined and not node.runs_on_none and (grad is UNDEFINED or Placed.is_empty(grad)):
            count = len(node.next)
            self.deliver(node.next, (Placed.empty(node),) if type(node) is Output else (UNDEFINED,) * count)
            return
        if node.seq < LAST_WRITE[0]:
            check_versions(node)
        # The results get no name here: a leaf may take over an array that nobody else holds.
        if node.hooks is not None or self.watchers:
            self.deliver(node.next, self.run_hooked(node, grad))
        elif self.create_graph:
            self.deliver(node.next, node.apply_tensors(grad))
        else:
            self.deliver(node.next, node.apply_arrays(grad))
        if not self.retain_graph and node.releases:
            node.release()

    def deliver(self, following: tuple[Node | None, ...], grads: Any) -> None:
        """Add each gradient to what has come to its node; store a leaf's when it is complete."""
        pending, uses, needed = self.pending, self.uses, self.needed
        complete = []
        for node, grad in zip(following, grads):  # noqa: B905 (a rule may answer for fewer inputs)
            if node is None or (needed is not None and node not in needed):
                continue
            if grad is None and self.undefined:
                grad = UNDEFINED
            if grad is not None:
                before = pending.get(node)
                if node.outputs != 1:
                    grad = Placed.into(before, grad)
                elif grad is UNDEFINED:
                    pass
                elif self.create_graph:
                    grad = conform_tensor(grad, node)
                elif grad.dtype is not node.dtype or grad.shape != node.shape:
                    grad = conform_array(grad, node)
                if before is not None:
                    pending[node] = grad if node.outputs != 1 else before + grad
                else:
                    pending[node] = grad
                    if node.__class__ is not AccumulateGrad:
                        heappush(self.waiting, (-node.seq, node))
            if uses is not None and node.__class__ is AccumulateGrad:
                uses[node] -= 1
                if not uses[node]:
                    complete.append(node)
        grads = grad = None
        for leaf in complete:
            self.finish_leaf(leaf)

    def finish_leaf(self, leaf: Any) -> None:
        grad = self.pending.pop(leaf, None)
        if leaf.hooks is not None:
            grad = self.run_tensor_hooks(leaf, grad)
        if grad is None or grad is UNDEFINED:
            return
        for watcher in self.watchers:
            watcher.arrived(leaf, grad)
        if self.captures is not None and not self.accumulate:
            self.captures[leaf] = grad
            return
        variable = leaf.variable
        if variable is None:
            return
        if self.create_graph:
            before = variable._grad
            variable._grad = grad.clone() if before is None else before + grad
        else:
            store_gradient(variable, grad)
        if leaf.hooks is not None:
            for hook in tuple(leaf.hooks.accumulated.values()):
                hook(variable)

    def will_reach(self) -> Any:
        """A test: whether the gradient of a node's output is part of this pass."""
        nodes = set(reachable(self.roots))
        return (nodes if self.needed is None else nodes & self.needed).__contains__

    # ---- hooks

    def run_tensor_hooks(self, node: Node, grad: Any) -> Any:
        """The hooks on the tensor that ``node`` produced, then its ``retain_grad``."""
        hooks = node.hooks
        assert hooks is not None
        if grad is None or not (hooks.tensor_pre or hooks.retain):
            return grad
        if grad is UNDEFINED:
            for hook in tuple(hooks.tensor_pre.values()):
                hook(None)
            return grad
        tensor = self.as_tensor(grad)
        for hook in tuple(hooks.tensor_pre.values()):
            answer = hook(tensor)
            if answer is not None:
                tensor = check_hook_result(answer, tensor, hook)
        if hooks.retain is not None and (kept := hooks.retain()) is not None:
            before = kept._grad
            if before is None:
                kept._grad = tensor if self.create_graph else wrap(tensor._array.copy())
            else:
                kept._grad = before + tensor
        return tensor if self.create_graph else tensor._array

    def run_hooked(self, node: Node, grad: Any) -> tuple[Any, ...]:
        """Run a node that has hooks of its own, or that somebody watches."""
        hooks, several = node.hooks, node.outputs != 1
        if hooks is not None and hooks.pre:
            outputs = tuple(map(self.as_tensor, grad)) if several else (self.as_tensor(grad),)
            for hook in tuple(hooks.pre.values()):
                answer = hook(outputs)
                if answer is not None:
                    outputs = tuple(answer) if isinstance(answer, (tuple, list)) else (answer,)
            given = tuple(map(self.from_tensor, outputs))
            grad = list(given) if several else given[0]
        for watcher in self.watchers:
            watcher.before(node, grad)
        results = node.apply_tensors(grad) if self.create_graph else node.apply_arrays(grad)
        for watcher in self.watchers:
            watcher.after(node, results)
        if hooks is not None and hooks.post:
            outputs = tuple(map(self.as_tensor, grad)) if several else (self.as_tensor(grad),)
            inputs = tuple(map(self.as_tensor, results))
            for hook in tuple(hooks.post.values()):
                answer = hook(inputs, outputs)
                if answer is not None:
                    inputs = tuple(answer) if isinstance(answer, (tuple, list)) else (answer,)
            results = tuple(map(self.from_tensor, inputs))
        return results

    def as_tensor(self, grad: Any) -> Any:
        return grad if grad is None or self.create_graph else wrap(grad)

    def from_tensor(self, grad: Any) -> Any:
        return grad if grad is None or self.create_graph else grad._array


def check_hook_result(answer: Any, before: Any, hook: Any) -> Any:
    """A hook's replacement must be a gradient of the same kind."""
    from ..tensor import Tensor

    if not isinstance(answer, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(answer).__name__}'")
    name = getattr(hook, "__name__", type(hook).__name__)
    if answer._array.shape != before._array.shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value")
    if answer._array.dtype != before._array.dtype:
        raise RuntimeError(f"hook '{name}' has changed the type of value (was {before.type()} got {answer.type()})")
    return answer


def check_versions(node: Node) -> None:
    """Refuse to use a saved array that has been written to since the node was made."""
    saved = node.saved
    if saved.__class__ is tuple and (changed := first_changed(saved, node.seq)) is not None:
        position, array = changed
        raise RuntimeError(modified_message(node, position, array, writes_since(array, node.seq)))


def modified_message(node: Node, position: int, value: np.ndarray, writes: int) -> str:
    name = node.op.saved[position] if node.op is not None else None
    producer = None
    if name == "out":
        producer = node
    elif name is not None and name in node.op.differentiable and not node.op.sequence:
        producer = node.next[node.op.differentiable.index(name)]
    version = version_of(value)
    latest = producer_of(value) if producer is not node else None  # the write may have changed the saved tensor's history
    return modified_words(value, latest or producer, version, version - writes)


def modified_words(value: np.ndarray, producer: Node | None, found: int, expected: int) -> str:
    """PyTorch's complaint that ``value``, which ``producer`` made, was saved in another version."""
    from ..tensor import type_string

    described = f"[{type_string(value)} {list(value.shape)}]"
    if producer is not None and not isinstance(producer, AccumulateGrad):
        described += f", which is output {output_name(producer)},"
    if any(each.tells_forward for each in RECORDERS):
        hint = (
            "the backtrace further above shows the operation that failed to compute its gradient. The variable in "
            "question was changed in there or anywhere later. Good luck!"
        )
    else:
        hint = (
            "enable anomaly detection to find the operation that failed to compute its gradient, with "
            "torch.autograd.set_detect_anomaly(True, check_nan=False)."
        )
    return (
        f"one of the variables needed for gradient computation has been modified by an inplace operation: {described} "
        f"is at version {found}; expected version {expected} instead. Hint: {hint}"
    )


def _is_unshared(array: np.ndarray) -> bool:
    """Whether the caller's variable is the only owner of ``array``'s memory (as PyTorch asks ``use_count``)."""
    if _getrefcount(array) > _UNSHARED:
        return False
    base = array.base
    return base is None or (type(base) is np.ndarray and base.base is None and _getrefcount(base) <= _UNSHARED_BASE)


def _calibrate() -> tuple[int, int]:
    """The reference counts that :func:`_is_unshared` sees for an array that only its caller holds."""
    seen: list[int] = []

    def look(array: np.ndarray) -> None:
        seen.append(_getrefcount(array))
        base = array.base
        if base is not None:
            seen.append(_getrefcount(base))

    def store(array: np.ndarray) -> None:
        look(array)

    def finish() -> None:
        array = np.empty(2).reshape(1, 2)
        store(array)

    finish()
    return seen[0], seen[1]


_UNSHARED, _UNSHARED_BASE = _calibrate()
_OWN_GRADIENT = 3
"""References to a gradient's array that only its Tensor holds: the Tensor's, a local variable's, a call's."""


def store_gradient(variable: Any, grad: Any) -> None:
    """Add ``grad`` to ``variable.grad``. What is stored is owned, dense and never shared with another tensor."""
    before = variable._grad
    if before is not None:
        target = before._array
        target += grad
        if _getrefcount(target) > _OWN_GRADIENT:
            stamp_write(target)  # somebody else holds it: a graph, perhaps
        return
    if type(grad) is not np.ndarray:
        grad = np.array(grad)
    elif not (grad.flags.c_contiguous and _is_unshared(grad)):
        grad = np.array(grad, order="C")
    variable._grad = wrap(grad)


def call_node(node: Node, grads: tuple[Any, ...]) -> Any:
    """``grad_fn(grad)``: the rules of one node on Tensors, nothing propagated further."""
    check_versions(node)
    if isinstance(node, AccumulateGrad):
        variable = node.variable
        if variable is not None and grads[0] is not None:
            store_gradient(variable, grads[0]._array.copy())
        return None
    results = tuple(node.apply_tensors(grads[0] if node.outputs == 1 else list(grads)))
    return results[0] if len(results) == 1 else results
