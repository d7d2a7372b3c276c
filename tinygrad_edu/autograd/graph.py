"""Tools on the backward graph: gradient edges, hooks on several gradients, hooks on what is saved.

After PyTorch's ``torch/autograd/graph.py``.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..utils.hooks import RemovableHandle
from ..values import NUMBERS
from . import node as nodes
from .context import BackwardCFunction
from .engine import current_pass, reachable
from .grad_mode import Observer, no_grad, observe, unobserve
from .node import GradientEdge, Withheld
from .runtime import wrap
from .template import call_record
from .version import stamp_write

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class Node(abc.ABC):  # noqa: B024 (a name to test against)
    """What every ``grad_fn`` is an instance of: ``name()``, ``next_functions``, ``metadata``, ``register_hook``."""


Node.register(nodes.Node)
Node.register(BackwardCFunction)


# ---- edges ----------------------------------------------------------------------------------------------------------


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The edge of ``tensor``, which need not be kept for it.

    Raises:
        RuntimeError: the tensor does not require grad.
    """
    own = tensor._node
    if own is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    public, index = nodes.edge(own)
    return GradientEdge(public, index, None if own is public else own)


def node_behind(target: Any, roots: Sequence[Any] = ()) -> nodes.Node:
    """The engine's node for a tensor (None if it has none) or an edge, looked for behind ``roots`` if need be."""
    if not isinstance(target, GradientEdge):
        return target._node
    if target.ownership_token is not None:
        return target.ownership_token
    owner = target.node._node() if isinstance(target.node, BackwardCFunction) else target.node
    if owner.outputs == 1:
        return owner
    for each in reachable(list(roots)):
        if type(each) is nodes.Output and each.next[0] is owner and each.index == target.output_nr:
            return each
    return nodes.Output(owner, target.output_nr, np.broadcast_to(np.float32(0), owner.shape[target.output_nr]))


# ---- hooks on several gradients -------------------------------------------------------------------------------------


class _MultiHandle(RemovableHandle):
    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Remove the hook from all its tensors."""
        for each in self.handles:
            each.remove()


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Call ``fn`` once in each backward pass with the gradients of ``tensors``.

    ``mode="all"``: when all that the pass computes have come, with a list of them (None for the others).
    ``mode="any"``: with the first gradient that comes.

    Raises:
        ValueError: another ``mode``.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of {('all', 'any')} but got {mode}")
    if mode == "any":
        first = _first_of_pass(fn)
        return _MultiHandle(tuple(each.register_hook(first) for each in tensors if each.requires_grad))
    targets = [each._node for each in tensors]
    arrived: weakref.WeakKeyDictionary[Any, _Arrived] = weakref.WeakKeyDictionary()

    def hook(index: int, grad: Any) -> None:
        running: Any = current_pass()
        state = arrived.get(running)
        if state is None:
            state = arrived[running] = _Arrived(len(targets), sum(map(running.will_reach(), targets)))
        state.grads[index] = grad
        state.missing -= 1
        if state.missing == 0:
            del arrived[running]
            fn(state.grads)

    return _MultiHandle(tuple(each.register_hook(functools.partial(hook, i)) for i, each in enumerate(tensors)))


class _Arrived:
    def __init__(self, count: int, missing: int) -> None:
        self.grads: list[Any] = [None] * count
        self.missing = missing


def _first_of_pass(fn: Callable[[Any], None]) -> Callable[[Any], None]:
    seen: weakref.WeakSet[Any] = weakref.WeakSet()

    @functools.wraps(fn)
    def hook(grad: Any) -> None:
        running = current_pass()
        if running not in seen:
            seen.add(running)
            fn(grad)

    return hook


# ---- what is saved --------------------------------------------------------------------------------------------------


def increment_version(tensor: Any) -> None:
    """Note a write to the memory of a tensor (or of each of several) that was made behind the engine's back."""
    from ..tensor import Tensor

    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        if not each.is_inference():
            stamp_write(each._array)


_saving: ContextVar[saved_tensors_hooks | None] = ContextVar("saved_tensors_hooks", default=None)
_disabled: ContextVar[str | None] = ContextVar("disabled_saved_tensors_hooks", default=None)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside the block, :class:`saved_tensors_hooks` raise a RuntimeError with this message."""
    if _saving.get() is not None:
        raise RuntimeError(error_message)
    token = _disabled.set(error_message)
    try:
        yield
    finally:
        _disabled.reset(token)


class saved_tensors_hooks:
    """Inside the block, what operations save goes through ``pack_hook``, and back through ``unpack_hook``.

    What a user-defined Function saves does not. ``pack_hook(tensor)`` may return anything from which ``unpack_hook``
    makes a tensor of the same values. Of nested blocks the innermost counts. Writes to packed tensors are not noticed.
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        reason = _disabled.get()
        if reason is not None:
            raise RuntimeError(reason)
        self._token = _saving.set(self)
        observe(_packer)

    def __exit__(self, *exc: Any) -> None:
        unobserve(_packer)
        _saving.reset(self._token)

    def pack(self, value: Any, node: Any) -> Any:
        """An array as the graph keeps it."""
        tensor = wrap(value, node)
        version = tensor._version
        with no_grad():
            packed = self.pack_hook(tensor)
        if tensor._version != version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be "
                "modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you "
                "need to perform in-place operations on the input to a pack hook."
            )
        return packed

    def unpack(self, packed: Any) -> Any:
        """The array again."""
        from ..tensor import Tensor

        tensor = self.unpack_hook(packed)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(tensor).__name__}"
            )
        return tensor._array


class save_on_cpu(saved_tensors_hooks):
    """Save tensors on the CPU, where they already are."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.detach(), lambda tensor: tensor)


def _packed(hooks: saved_tensors_hooks, values: list[tuple[bool, Any]]) -> Withheld:
    """What stands for ``node.saved``: unpacked whenever it is read."""

    def unpack(index: int) -> Any:
        packed, value = values[index]
        return hooks.unpack(value) if packed else value

    return Withheld(unpack, len(values))


def _numbers(op: Any, call: tuple[Any, ...]) -> set[str]:
    """The operands that were given as numbers: PyTorch saves no tensor of them."""
    words = iter(call[1:])
    told = [(param, how, [next(words) for _ in places]) for param, how, places in call_record(op)]
    return {param for param, how, (given, *_) in told if how == "operand" and isinstance(given, NUMBERS)}


class _Packer(Observer):
    def created(self, node: Any, made: Any, call: Any) -> None:
        hooks = _saving.get()
        if hooks is None or node.op is None or not node.saved or isinstance(node.saved, Withheld):
            return
        names: Iterable[str] = node.op.saved
        numbers = _numbers(node.op, call)
        producers = dict(zip(node.op.differentiable, node.next, strict=False))
        values = []
        for name, value in zip(names, node.saved, strict=True):
            is_tensor = isinstance(value, np.ndarray) and name not in numbers
            values.append((is_tensor, hooks.pack(value, producers.get(name)) if is_tensor else value))
        node.saved = _packed(hooks, values)


_packer = _Packer()
