"""The graph's switches on a tensor: ``backward``, ``detach``, ``retain_grad``, hooks."""

from __future__ import annotations

from typing import Any

from ..autograd.grad_mode import WATCHERS
from ..autograd.node import AccumulateGrad
from ..autograd.passes import backward as run
from ..tensor import Tensor, new_leaf


def backward(
    self: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any =
    None
) -> None:  # fmt: skip
    """Compute the gradient of this tensor with respect to the leaves of its graph, and add it to their ``grad``.

    Args:
        gradient: the gradient with respect to this tensor; may be left out for a scalar.
        retain_graph: keep what the graph saved, for another pass (default: as ``create_graph``).
        create_graph: record the pass itself, for higher derivatives.
        inputs: the leaves to compute for; all by default.
    """
    run(self, gradient, retain_graph, create_graph, inputs=inputs)


def detach(self: Tensor) -> Tensor:
    """The same memory without history."""
    made: Tensor = new_leaf(Tensor, self._array)
    if self.__dict__ and self.is_inference():
        made.__dict__["_inference"] = True
    if WATCHERS:
        for each in tuple(WATCHERS):
            each.detached(made, self)
    return made


def detach_(self: Tensor) -> Tensor:
    """Cut this tensor from its history in place: it becomes a leaf."""
    if self._is_view():
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
            "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
            "detach_() cannot be called on these gradients. To fix this error, please refer to the "
            "Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
        )
    self._node = None
    return self


def retain_grad(self: Tensor) -> None:
    """Keep this non-leaf's gradient in ``grad`` after a backward pass."""
    import weakref

    if self._node is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if not isinstance(self._node, AccumulateGrad):
        self._node.ensure_hooks().retain = weakref.ref(self)


def register_hook(self: Tensor, hook: Any) -> Any:
    """Run ``hook(grad)`` when this tensor's gradient is computed; a returned tensor replaces it. Returns a handle."""
    from ..utils.hooks import add_hook

    if self._node is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    return add_hook(self._node.ensure_hooks().tensor_pre, hook)


def register_post_accumulate_grad_hook(self: Tensor, hook: Any) -> Any:
    """Run ``hook(self)`` after this leaf's gradient has been stored. Returns a handle."""
    from ..utils.hooks import add_hook

    if self._node is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if not isinstance(self._node, AccumulateGrad):
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return add_hook(self._node.ensure_hooks().accumulated, hook)


