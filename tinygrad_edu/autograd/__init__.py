"""Automatic differentiation: ``backward``, ``grad``, and the switches around them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .engine import run_backward
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .node import AccumulateGrad, Node

__all__ = [
    "Function", "Variable", "backward", "detect_anomaly", "enable_grad", "functional", "grad", "gradcheck", "gradgradcheck",
    "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_detect_anomaly", "set_grad_enabled",
]  # fmt: skip

_CYCLE_WARNING = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient which can "
    "cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you have to use this "
    "function, make sure to reset the .grad fields of your parameters to None after use to break the cycle and avoid the leak."
)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of ``tensors`` (their sum, weighted by ``grad_tensors``) to the leaves' ``grad``.

    Raises:
        RuntimeError: an output is no scalar and has no gradient given, does not require grad, or its graph has been freed.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError("`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only use `grad_tensors`.")  # fmt: skip
        grad_tensors = grad_variables
    if inputs is not None:
        inputs = _as_tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    outputs = _as_tuple(tensors)
    grads = _given_gradients(outputs, grad_tensors, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    if create_graph:
        warnings.warn(_CYCLE_WARNING, UserWarning, stacklevel=3)
    roots = _roots(outputs)
    if inputs is None:
        run_backward(roots, grads, retain_graph=retain, create_graph=create_graph)
        return
    captures: dict[Node, Any] = {}
    for each in inputs:
        if each._node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        captures[each._node] = None
    run_backward(roots, grads, retain_graph=retain, create_graph=create_graph, captures=captures)
    for each in inputs:
        grad = captures[each._node]
        if grad is not None and not isinstance(each._node, AccumulateGrad):
            store_capture(each, grad, create_graph)


def store_capture(tensor: Any, grad: Any, create_graph: bool) -> None:
    """Add a captured gradient to the ``grad`` of a non-leaf named in ``inputs=``."""
    from .engine import store_gradient

    if not create_graph:
        store_gradient(tensor, np.array(grad))
    else:
        tensor._grad = grad if tensor._grad is None else tensor._grad + grad


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of ``outputs`` with respect to ``inputs``, returned and not stored.

    Args:
        grad_outputs: the "vector" of the vector-Jacobian product, one for each output (None for a scalar).
        allow_unused: answer None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: the first axis of each of ``grad_outputs`` is a batch of vectors.
        materialize_grads: zeros instead of None for unused inputs.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other "
            "parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    outputs, inputs = _as_tuple(outputs), _as_tuple(inputs)
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _grad_of_batch(outputs, inputs, grad_outputs, retain, create_graph, allow_unused, materialize_grads)
    grads = _given_gradients(outputs, grad_outputs, create_graph)
    roots = _roots(outputs)
    captures: dict[Node, Any] = {}
    for each in inputs:
        if each._node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        captures[each._node] = None
    run_backward(roots, grads, retain_graph=retain, create_graph=create_graph, captures=captures, accumulate=False)
    return tuple(
        _returned(each, captures[each._node], create_graph, allow_unused, materialize_grads) for each in inputs
    )


def _returned(tensor: Any, grad: Any, create_graph: bool, allow_unused: bool, materialize: bool) -> Any:
    from .runtime import wrap

    if grad is None:
        if materialize:
            return wrap(np.zeros_like(tensor._array))
        if not allow_unused:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if this "
                "is the desired behavior."
            )
        return None
    return grad if create_graph else wrap(np.array(grad))


def _grad_of_batch(outputs: Any, inputs: Any, grad_outputs: Any, retain: bool, create: bool, unused: bool, zeros: bool) -> tuple[Any, ...]:  # fmt: skip
    """One pass for each vector of the batch, stacked."""
    from ..functions.shape import stack

    batches = _as_tuple(grad_outputs)
    count = next(each.shape[0] for each in batches if each is not None)
    rows = []
    for i in range(count):
        vectors = tuple(None if each is None else each[i] for each in batches)
        last = i == count - 1
        rows.append(grad(outputs, inputs, vectors, retain or not last, create, True, unused, False, zeros))
    return tuple(None if column[0] is None else stack(list(column)) for column in zip(*rows, strict=True))


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    from ..tensor import Tensor

    return (tensors,) if isinstance(tensors, Tensor) or tensors is None else tuple(tensors)


def _roots(outputs: tuple[Any, ...]) -> list[Node]:
    for i, each in enumerate(outputs):
        if each._node is None:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
    return [each._node for each in outputs]


def _given_gradients(outputs: tuple[Any, ...], given: Any, create_graph: bool) -> list[Any]:
    """The gradient of each output, checked: what was given, or 1 for a scalar."""
    from ..tensor import Tensor
    from .runtime import wrap

    vectors: Sequence[Any] = (None,) * len(outputs) if given is None else _as_tuple(given)
    if len(vectors) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(vectors)} gradients")
    grads = []
    for i, (out, vector) in enumerate(zip(outputs, vectors, strict=True)):
        array = out._array
        if vector is None:
            if out._node is not None:
                if array.size != 1:
                    raise RuntimeError("grad can be implicitly created only for scalar outputs")
                if array.dtype.kind not in "f":
                    raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {out.dtype}")
            ones = np.ones(array.shape, array.dtype)
            grads.append(wrap(ones) if create_graph else ones)
            continue
        if not isinstance(vector, Tensor):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(vector).__name__}"
            )
        if vector._array.shape != array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {vector.shape} and output[{i}] has a shape of "
                f"{out.shape}."
            )
        if (vector._array.dtype.kind == "c") != (array.dtype.kind == "c"):
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: "
                f"grad_output[{i}] has a dtype of {vector.dtype} and output[{i}] has a dtype of {out.dtype}."
            )
        grads.append(vector if create_graph else vector._array)
    return grads


def __getattr__(name: str) -> Any:
    """What is imported when it is used: user-defined functions, checks, anomaly detection."""
    homes = {
        "Function": "function", "detect_anomaly": "anomaly", "set_detect_anomaly": "anomaly", "gradcheck": "gradcheck",
        "gradgradcheck": "gradcheck", "Variable": "variable",
    }  # fmt: skip
    import importlib

    if name in homes:
        value = getattr(importlib.import_module(f".{homes[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in ("functional", "function", "anomaly", "variable", "graph"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
