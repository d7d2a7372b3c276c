"""Tensors made inside ``inference_mode``: they stay out of every graph, also later.

PyTorch refuses to save such a tensor for a backward pass. Here operations save arrays, and ask nothing: while inference
tensors are alive, a guard observes the nodes that are made, looks at what they have saved, and goes when the last of
those tensors is gone.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from .grad_mode import INFERENCE, OBSERVERS, Observer, Watcher, get_mode, observe, unobserve
from .version import storage_of

__all__ = ["INFERENCE_MEMORY", "MARKER", "guard_tensors", "mark_inference", "refuse_saving"]

INFERENCE_MEMORY: dict[int, weakref.ref[Any]] = {}
"""The memory of the inference tensors that are alive."""


class _Marker(Watcher):
    def unrecorded(self, made: Any, call: Any) -> None:
        """Mark what was just made inside ``inference_mode``, unless it shows an ordinary tensor's memory."""
        if get_mode() is INFERENCE:
            for each in made if made.__class__ is tuple else (made,):
                if each._base is None or each._base.is_inference():
                    mark_inference(each)


MARKER = _Marker()
"""Watches while any thread is inside ``inference_mode``."""


def mark_inference(tensor: Any) -> None:
    """Make ``tensor`` an inference tensor."""
    tensor.__dict__["_inference"] = True
    root = storage_of(tensor._array)
    key = id(root)
    if key not in INFERENCE_MEMORY:
        INFERENCE_MEMORY[key] = weakref.ref(root, lambda _: INFERENCE_MEMORY.pop(key, None))


def refuse_saving() -> RuntimeError:
    return RuntimeError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
        "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use "
        "it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
    )


class _Guard(Observer):
    def created(self, node: Any, made: Any, call: Any) -> None:
        if not INFERENCE_MEMORY:
            unobserve(self)
        elif isinstance(node.saved, tuple):
            for each in node.saved:
                if isinstance(each, np.ndarray) and id(storage_of(each)) in INFERENCE_MEMORY:
                    raise refuse_saving()


_guard = _Guard()


def guard_tensors() -> None:
    """Watch over the inference tensors that have outlived ``inference_mode``."""
    if INFERENCE_MEMORY and _guard not in OBSERVERS:
        observe(_guard)
