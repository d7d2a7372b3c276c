"""``backward`` and ``grad``: what PyTorch lets its users ask of a backward pass, checked and handed to the engine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..dtypes import from_numpy_dtype
from ..size import Size
from ..tensor import Tensor
from .engine import run_backward, store_gradient
from .node import AccumulateGrad, GradientEdge, Node
from .runtime import wrap

__all__ = ["backward", "grad"]

_CYCLE_WARNING = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
    "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you "
    "have to use this function, make sure to reset the .grad fields of your parameters to None after use to break "
    "the cycle and avoid the leak."
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

    Args:
        tensors: a Tensor or GradientEdge, or a sequence of them.
        inputs: the tensors (or edges) whose ``grad`` is wanted; all leaves by default.

    Raises:
        RuntimeError: an output is no scalar and has no gradient given, does not require grad, or its graph has been
        freed.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    if inputs is not None:
        inputs = _inputs(inputs, "backward")
    outputs = _as_tuple(tensors)
    grads = _given_gradients(outputs, grad_tensors, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    roots = _roots(outputs)
    if create_graph:
        warnings.warn(_CYCLE_WARNING, UserWarning, stacklevel=3)
    if inputs is None:
        run_backward(roots, grads, retain_graph=retain, create_graph=create_graph)
        return
    captures: dict[Node, Any] = {}
    targets = {}
    for each in inputs:
        if not isinstance(each, GradientEdge) and each._node is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        targets[_node_behind(each, roots)] = each
    captures.update(dict.fromkeys(targets))
    run_backward(roots, grads, retain_graph=retain, create_graph=create_graph, captures=captures)
    for node, each in targets.items():
        grad = captures[node]
        if grad is not None and not isinstance(node, AccumulateGrad) and not isinstance(each, GradientEdge):
            _store_capture(each, grad, create_graph)


def _store_capture(tensor: Any, grad: Any, create_graph: bool) -> None:
    """Add a captured gradient to the ``grad`` of a non-leaf in ``inputs=``, unless ``retain_grad`` has done it."""
    if tensor.retains_grad:
        return
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
) -> Any:
    """The gradients of the sum of ``outputs`` with respect to ``inputs``, returned and not stored.

    Args:
        outputs, inputs: a Tensor or GradientEdge, or a sequence of them; ``inputs`` may be a dictionary, and the result
            then is one.
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
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    outputs, wanted = _as_tuple(outputs), _inputs(inputs, "grad")
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        found = _grad_of_batch(outputs, wanted, grad_outputs, retain, create_graph)
    else:
        found = _captured(outputs, wanted, _given_gradients(outputs, grad_outputs, create_graph), retain, create_graph)
    results = []
    for index, (target, gradient) in enumerate(zip(wanted, found, strict=True)):
        if gradient is not None:
            results.append(gradient)
        elif materialize_grads:
            if isinstance(target, GradientEdge):
                raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
            results.append(wrap(np.zeros_like(target._array)).requires_grad_(create_graph))
        elif not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {index} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        else:
            results.append(None)
    return dict(zip(inputs, results, strict=True)) if isinstance(inputs, dict) else tuple(results)


def _captured(outputs: Any, inputs: Any, grads: list[Any], retain: bool, create_graph: bool) -> list[Any]:
    """One pass: the gradient of each input as a Tensor, None where none has come."""
    roots = _roots(outputs)
    nodes = []
    for each in inputs:
        if not isinstance(each, GradientEdge) and each._node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        nodes.append(_node_behind(each, roots))
    captures: dict[Node, Any] = dict.fromkeys(nodes)
    run_backward(roots, grads, retain_graph=retain, create_graph=create_graph, captures=captures, accumulate=False)
    found = [captures[node] for node in nodes]
    return found if create_graph else [None if each is None else wrap(np.array(each)) for each in found]


def _grad_of_batch(outputs: Any, inputs: Any, grad_outputs: Any, retain: bool, create_graph: bool) -> list[Any]:
    """One pass for each vector of the batch, stacked."""
    from ..functions.shape import stack

    batches: tuple[Any, ...] = (None,) * len(outputs) if grad_outputs is None else _as_tuple(grad_outputs)
    sizes = [len(each) for each in batches if each is not None and each._array.ndim]
    if len(sizes) < len(outputs):
        raise ValueError("is_grads_batched=True needs a batch of vectors for each of the outputs")
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    for i, (out, batch) in enumerate(zip(outputs, batches, strict=False)):
        if batch._array.shape[1:] != _facts(out)[0]:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch "
                "dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding "
                f"output, but a mismatch was detected: grad_output[{i}] has a shape of {Size(batch.shape[2:])} and "
                f"output[{i}] has a shape of {Size(_facts(out)[0])}. If you only want some tensors in `grad_output` "
                "to be considered batched, consider using vmap."
            )
    rows = []
    for i in range(sizes[0]):
        vectors = _given_gradients(outputs, tuple(each[i] for each in batches), create_graph)
        rows.append(_captured(outputs, inputs, vectors, retain or i < sizes[0] - 1, create_graph))
    return [None if column[0] is None else stack(list(column)) for column in zip(*rows, strict=True)]


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, (Tensor, GradientEdge)) or tensors is None else tuple(tensors)


def _inputs(inputs: Any, name: str) -> tuple[Any, ...]:
    """The tensors and edges of an ``inputs`` argument."""
    if type(inputs) is dict:
        inputs = tuple(inputs.values())
    elif isinstance(inputs, Mapping):
        raise TypeError(
            f"`inputs` argument to `{name}()` must be a dict, not {type(inputs).__name__}. Other Mapping types are not "
            "supported."
        )
    inputs = _as_tuple(inputs)
    if not inputs:
        raise RuntimeError(f"`inputs` argument to `{name}()` cannot be empty.")
    for each in inputs:
        if not isinstance(each, (Tensor, GradientEdge)):
            raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(each).__name__}")
    return inputs


def _node_behind(target: Any, roots: Sequence[Node] = ()) -> Any:
    if not isinstance(target, GradientEdge):
        return target._node
    from .graph import node_behind

    return node_behind(target, roots)


def _roots(outputs: tuple[Any, ...]) -> list[Node]:
    roots = list(map(_node_behind, outputs))
    for i, node in enumerate(roots):
        if node is None:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
    return roots


def _facts(out: Any) -> tuple[tuple[int, ...], Any, bool]:
    """The shape and dtype of an output, and whether it requires grad."""
    if isinstance(out, GradientEdge):
        node = _node_behind(out)
        return node.shape, node.dtype, True
    if not isinstance(out, Tensor):
        raise AssertionError("Expected output to be a torch.Tensor")
    return out._array.shape, out._array.dtype, out._node is not None


def _given_gradients(outputs: tuple[Any, ...], given: Any, create_graph: bool) -> list[Any]:
    """The gradient of each output, checked: what was given, or 1 for a scalar."""
    vectors: Sequence[Any] = (None,) * len(outputs) if given is None else _as_tuple(given)
    if len(vectors) < len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(vectors)} gradients")
    grads: list[Any] = []
    for i, (out, vector) in enumerate(zip(outputs, vectors, strict=False)):
        shape, dtype, requires_grad = _facts(out)
        if vector is None:
            if requires_grad:
                if shape and any(n != 1 for n in shape):
                    raise RuntimeError("grad can be implicitly created only for scalar outputs")
                if dtype.kind != "f":
                    raise RuntimeError(
                        f"grad can be implicitly created only for real scalar outputs but got {from_numpy_dtype(dtype)}"
                    )
            ones = np.ones(shape, dtype) if shape else np.array(1, dtype)  # five times as fast
            grads.append(wrap(ones) if create_graph else ones)
            continue
        if not isinstance(vector, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(vector).__name__}")
        if vector._array.shape != shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {vector.shape} and output[{i}] has a shape of "
                f"{Size(shape)}."
            )
        if (vector._array.dtype.kind == "c") != (dtype.kind == "c"):
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{i}] has a dtype of {vector.dtype} and output[{i}] has a dtype of "
                f"{from_numpy_dtype(dtype)}."
            )
        grads.append(vector if create_graph else vector._array)
    return grads
