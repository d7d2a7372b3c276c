"""Derivatives of functions: ``jacobian``, ``hessian``, and the products ``vjp``, ``jvp``, ``vhp``, ``hvp``.

All of them call ``func`` on fresh tensors that share the inputs' memory, so that tensors which ``func`` captures are
not mistaken for its arguments. Results are nested like inputs and outputs: a Tensor where a Tensor was given, a tuple
where a tuple was.

After PyTorch's ``torch/autograd/functional.py``. There is no forward mode and no vmap here: ``vectorize=True`` and
``strategy="forward-mode"`` compute the same values row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..functions.shape import reshape, stack
from ..tensor import Tensor
from .grad_mode import enable_grad, is_grad_enabled, set_grad_enabled
from .passes import grad
from .runtime import wrap

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Any, ...]


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``(func(inputs), v^T J)``: the product of a vector with the Jacobian, by one backward pass.

    Args:
        v: of the outputs' shapes; may be left out for a single output of one element.
        create_graph: record the result, for derivatives of it.
        strict: refuse outputs that do not depend on an input, instead of answering zeros.

    Raises:
        RuntimeError: ``v`` does not fit the outputs, or ``strict`` is violated.
        TypeError: an input or output is no Tensor.
    """
    with enable_grad():
        inputs_are_tuple, args = _as_tuple(inputs, "inputs", "vjp")
        args = _fresh(args, create_graph, True)
        outputs_are_tuple, outputs = _outputs(func(*args), "vjp", strict)
        if v is not None:
            vectors = _vectors(v, "vjp", create_graph, outputs, outputs_are_tuple)
        elif len(outputs) == 1 and outputs[0]._array.size == 1:
            vectors = None
        else:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
    with set_grad_enabled(create_graph or is_grad_enabled()):
        products = _fill_in(_grads(outputs, args, vectors, create_graph), args, strict, create_graph, "back")
    return _result(outputs, outputs_are_tuple, create_graph), _result(products, inputs_are_tuple, create_graph)


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``(func(inputs), J v)``: the product of the Jacobian with a vector.

    Two backward passes: ``J^T w`` is linear in ``w``, and its derivative with respect to ``w`` is ``J``.

    Args:
        v: of the inputs' shapes; may be left out for a single input of one element.
        create_graph, strict: as for :func:`vjp`.
    """
    with enable_grad():
        inputs_are_tuple, args = _as_tuple(inputs, "inputs", "jvp")
        args = _fresh(args, create_graph, True)
        if v is not None:
            vectors = _vectors(v, "jvp", create_graph, args, inputs_are_tuple)
        elif len(args) == 1 and args[0]._array.size == 1:
            vectors = None
        else:
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a single Tensor with a "
                "single element."
            )
        outputs_are_tuple, outputs = _outputs(func(*args), "jvp", strict)
        w = tuple(_zeros(each) for each in outputs)
        transposed = _grads(outputs, args, w, True)
        _require_grad(transposed, "grad_inputs", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _grads(transposed, w, vectors, create_graph)
        products = _fill_in(found, outputs, strict, create_graph, "back_trick")
    return _result(outputs, outputs_are_tuple, create_graph), _result(products, outputs_are_tuple, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian, of shape ``output.shape + input.shape``, by one backward pass for each element of the output.

    Returns:
        For a tuple of outputs a tuple of Jacobians, and for a tuple of inputs each of them a tuple again.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more '
            'outputs than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use '
            '"reverse-mode".'
        )
    if strategy == "forward-mode":
        _check_forward_mode(create_graph, strict, vectorize)
    with enable_grad():
        inputs_are_tuple, args = _as_tuple(inputs, "inputs", "jacobian")
        args = _fresh(args, create_graph, True)
        outputs_are_tuple, outputs = _outputs(func(*args), "jacobian", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        blocks = tuple(_jacobian_rows(i, out, args, create_graph, strict) for i, out in enumerate(outputs))
    jacobians = tuple(_result(each, inputs_are_tuple, create_graph) for each in blocks)
    return jacobians if outputs_are_tuple else jacobians[0]


def _check_forward_mode(create_graph: bool, strict: bool, vectorize: bool) -> None:
    """The combinations that PyTorch refuses."""
    if create_graph:
        raise NotImplementedError(
            "torch.autograd.functional.jacobian: `create_graph=True` and `strategy=\"forward-mode\"` are not supported "
            'together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
        )
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported '
            'together (yet). Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )


def _jacobian_rows(i: int, out: Any, args: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """The Jacobians of one output with respect to each input."""
    rows: list[list[Any]] = [[] for _ in args]
    for j in range(out._array.size):
        found = _grads((out.reshape(-1)[j],), args, None, create_graph, retain_graph=True)
        for k, (row, each) in enumerate(zip(rows, found, strict=True)):
            if each is None and strict:
                raise RuntimeError(
                    f"Output {i} of the user-provided function is independent of input {k}. This is not allowed in "
                    "strict mode."
                )
            if each is not None and strict and create_graph and not each.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {i}. This is not allowed in "
                    "strict mode when create_graph=True."
                )
            row.append(wrap(np.zeros_like(args[k]._array)) if each is None else each)
    return tuple(
        reshape(stack(row), out.shape + arg.shape) if row else wrap(np.zeros(out.shape + arg.shape, arg._array.dtype))
        for row, arg in zip(rows, args, strict=True)
    )


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of second derivatives of a scalar function, of shape ``input.shape + input.shape``.

    For a tuple of inputs, a tuple of tuples: ``hessian[i][j]`` belongs to inputs i and j.
    """
    inputs_are_tuple, args = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def scalar(*args: Any) -> Any:
        return _scalar_output(func(*args), "hessian", strict).squeeze()

    def gradient(*args: Any) -> Tensors:
        if outer_jacobian_strategy == "forward-mode":
            args = tuple(each.requires_grad_() for each in args)
        rows = jacobian(scalar, args, create_graph=True)
        _require_grad(rows, "jacobian", strict)
        return rows

    blocks = jacobian(gradient, args, create_graph, strict, vectorize, outer_jacobian_strategy)
    return blocks if inputs_are_tuple else blocks[0][0]


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``(func(inputs), v^T H)`` for a scalar function, by two backward passes: the derivative of ``v . grad``."""
    with enable_grad():
        inputs_are_tuple, args, vectors = _hessian_arguments(inputs, v, "vhp", create_graph)
        output = _scalar_output(func(*args), "vhp", strict)
        gradient = _grads((output,), args, None, True)
        _require_grad(gradient, "jacobian", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _grads(gradient, args, vectors, create_graph)
        products = _fill_in(found, args, strict, create_graph, "double_back")
    return _result((output,), False, create_graph), _result(products, inputs_are_tuple, create_graph)


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``(func(inputs), H v)`` for a scalar function, by three backward passes; :func:`vhp` needs two and is the same
    where the Hessian is symmetric."""
    with enable_grad():
        inputs_are_tuple, args, vectors = _hessian_arguments(inputs, v, "hvp", create_graph)
        output = _scalar_output(func(*args), "hvp", strict)
        gradient = _grads((output,), args, None, True)
        _require_grad(gradient, "jacobian", strict)
        w = tuple(_zeros(each) for each in args)
        transposed = _grads(gradient, args, w, True)
        _require_grad(gradient, "hessian", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _grads(transposed, w, vectors, create_graph)
        products = _fill_in(found, args, strict, create_graph, "double_back_trick")
    return _result((output,), False, create_graph), _result(products, inputs_are_tuple, create_graph)


# ---- arguments ------------------------------------------------------------------------------------------------------


def _as_tuple(value: Any, name: str, function: str) -> tuple[bool, Tensors]:
    """Whether ``value`` was a tuple, and its Tensors."""
    is_tuple = isinstance(value, tuple)
    for i, each in enumerate(value if is_tuple else (value,)):
        if not isinstance(each, Tensor):
            found = f"value at index {i}" if is_tuple else f"given {name}"
            raise TypeError(
                f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but the {found} has "
                f"type {type(each)}."
            )
    return is_tuple, value if is_tuple else (value,)


def _fresh(tensors: Tensors, create_graph: bool, differentiate: bool) -> Tensors:
    """New tensors over the same memory: with history if it is wanted, else leaves."""
    return tuple(
        each.view_as(each) if create_graph and each.requires_grad else each.detach().requires_grad_(differentiate)
        for each in tensors
    )


def _outputs(value: Any, function: str, strict: bool) -> tuple[bool, Tensors]:
    is_tuple, outputs = _as_tuple(value, "outputs of the user-provided function", function)
    _require_grad(outputs, "outputs", strict)
    return is_tuple, outputs


def _scalar_output(value: Any, function: str, strict: bool) -> Any:
    is_tuple, outputs = _outputs(value, function, strict)
    if is_tuple:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0]._array.size != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {function} should contain a single element")
    return outputs[0]


def _hessian_arguments(inputs: Any, v: Any, function: str, create_graph: bool) -> tuple[bool, Tensors, Tensors | None]:
    is_tuple, args = _as_tuple(inputs, "inputs", function)
    args = _fresh(args, create_graph, True)
    if v is not None:
        return is_tuple, args, _vectors(v, function, create_graph, args, is_tuple)
    if len(args) == 1 and args[0]._array.size == 1:
        return is_tuple, args, None
    raise RuntimeError(
        "The vector v can only be None if the input to the user-provided function is a single Tensor with a single "
        "element."
    )


def _vectors(v: Any, function: str, create_graph: bool, like: Tensors, like_is_tuple: bool) -> Tensors:
    """``v``, checked against the tensors whose shapes it must have."""
    vectors = _fresh(_as_tuple(v, "v", function)[1], create_graph, False)
    if len(vectors) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vectors)}."
            if like_is_tuple
            else "The given v should contain a single Tensor."
        )
    for i, (vector, each) in enumerate(zip(vectors, like, strict=True)):
        if vector.shape != each.shape:
            entry = f"Entry {i} in " if like_is_tuple else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {each.shape} but got {vector.shape}.")
    return vectors


def _zeros(tensor: Any) -> Any:
    return wrap(np.zeros_like(tensor._array)).requires_grad_()


# ---- passes ---------------------------------------------------------------------------------------------------------


def _grads(
    outputs: tuple[Any, ...], inputs: Tensors, vectors: Any, create_graph: bool, retain_graph: bool | None = None
) -> tuple[Any, ...]:
    """``grad`` that passes over outputs without history, and answers None for inputs that none depends on."""
    vectors = (None,) * len(outputs) if vectors is None else vectors
    pairs = [(o, v) for o, v in zip(outputs, vectors, strict=True) if o is not None and o.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    differentiable, cotangents = zip(*pairs, strict=True)
    return grad(differentiable, inputs, cotangents, retain_graph, create_graph, allow_unused=True)


def _fill_in(
    found: tuple[Any, ...], like: Tensors, strict: bool, create_graph: bool, stage: str
) -> Tensors:
    """The gradients, zeros for those that are None; ``strict`` refuses them."""
    results = []
    for i, (each, tensor) in enumerate(zip(found, like, strict=True)):
        if strict and each is None:
            raise RuntimeError(_INDEPENDENT[stage].format(i))
        if strict and create_graph and not each.requires_grad:
            what = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {i}. This is not allowed in strict "
                "mode when create_graph=True."
            )
        results.append(wrap(np.zeros_like(tensor._array)) if each is None else each)
    return tuple(results)


_INDEPENDENT = {
    "back": "The output of the user-provided function is independent of input {}. This is not allowed in strict mode.",
    "back_trick": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using "
    "the double backward trick to compute forward mode gradients. This is not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. "
    "This is not allowed in strict mode as it prevents from using the double backward trick to replace forward mode "
    "AD.",
}

_NOT_DIFFERENTIABLE = {
    "outputs": "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
    "differentiable manner from the input when running in strict mode.",
    "grad_inputs": "The gradient with respect to input {} is independent of the inputs of the user-provided function. "
    "This is not allowed in strict mode.",
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided function with respect to "
    "input {} is independent of the input. This is not allowed in strict mode. You should ensure that your "
    "function is twice differentiable and that the jacobian depends on the inputs (this would be violated by a "
    "linear function for example).",
    "hessian": "The hessian of the user-provided function with respect to input {} is independent of the input. This "
    "is not allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
    "depends on the inputs.",
}


def _require_grad(tensors: tuple[Any, ...], what: str, strict: bool) -> None:
    """In strict mode all of ``tensors`` must have a history."""
    for i, each in enumerate(tensors if strict else ()):
        if each is None:
            raise RuntimeError(_INDEPENDENT["back"].format(i))
        if not each.requires_grad:
            raise RuntimeError(_NOT_DIFFERENTIABLE[what].format(i))


def _result(tensors: Tensors, is_tuple: bool, create_graph: bool) -> Any:
    """A tuple as its user gave it, without history unless that is wanted."""
    tensors = tensors if create_graph else tuple(each.detach() for each in tensors)
    return tensors if is_tuple else tensors[0]
