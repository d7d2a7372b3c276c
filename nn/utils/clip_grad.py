"""Gradients kept from growing too large, in place."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...autograd.runtime import wrap
from ...autograd.version import stamp_write
from ...creation import tensor
from ...errstate import quiet
from ...ops.reduction import vector_norm
from ...tensor import Tensor

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

Tensors = Tensor | Iterable[Tensor]


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all elements of the tensors together.

    Args:
        tensors: one or many.
        norm_type: the order; ``inf`` is the largest absolute value.
        error_if_nonfinite: whether a norm that is nan or infinite is an error.
        foreach: accepted; it chooses among PyTorch's implementations.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.get_total_norm.html
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return tensor(0.0)
    with quiet():
        total = _total([each._array for each in tensors], norm_type)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(np.asarray(total))


def _total(arrays: list[np.ndarray], order: float) -> Any:
    """The norm of the norms."""
    if order == 2 and all(array.dtype.char in "fd" for array in arrays):
        flat = [array.reshape(-1) for array in arrays]
        return np.sqrt(np.add.reduce([each.dot(each) for each in flat]))
    norms = [vector_norm.kernel(array, order) for array in arrays]
    return norms[0] if len(norms) == 1 and order else vector_norm.kernel(np.array(norms), order)


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply the gradients by ``max_norm / (total_norm + 1e-6)``, if that is less than 1.

    Args:
        parameters: one or many; their gradients are changed in place.
        max_norm: the norm that the gradients have afterwards at most.
        total_norm: the norm that they have, from :func:`get_total_norm`.
        foreach: accepted; it chooses among PyTorch's implementations.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.clip_grads_with_norm_.html
    """
    grads, max_norm = _grads(parameters), float(max_norm)
    with quiet():
        factor = np.asarray(np.minimum(max_norm / (total_norm._array + 1e-6), 1.0))
        for grad in grads:
            np.multiply(grad, factor if factor.dtype == grad.dtype else factor.astype(grad.dtype), out=grad)
            stamp_write(grad)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients so that the norm of all together is at most ``max_norm``.

    Args:
        parameters: one or many; their gradients are changed in place.
        max_norm: the largest norm.
        norm_type: its order; ``inf`` is the largest absolute value.
        error_if_nonfinite: whether a norm that is nan or infinite is an error.
        foreach: accepted; it chooses among PyTorch's implementations.

    Returns:
        the norm before.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.clip_grad_norm_.html
    """
    if not isinstance(parameters, Tensor):
        given, parameters = parameters, list(parameters)
        if not parameters and isinstance(given, types.GeneratorType):
            warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    grads = [grad for each in _listed(parameters) if (grad := each.grad) is not None]
    total = get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The old name of :func:`clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Bring the elements of the gradients between ``-clip_value`` and ``clip_value``.

    Args:
        parameters: one or many; their gradients are changed in place.
        clip_value: the largest absolute value.
        foreach: accepted; it chooses among PyTorch's implementations.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.clip_grad_value_.html
    """
    bound, dtype = float(clip_value), None
    with quiet():
        for grad in _grads(parameters):
            if grad.dtype is not dtype:
                dtype = grad.dtype
                low, high = np.array(-bound, dtype), np.array(bound, dtype)
            np.minimum(np.maximum(grad, low, out=grad), high, out=grad)
            stamp_write(grad)


def _listed(parameters: Tensors) -> Iterable[Tensor]:
    return [parameters] if isinstance(parameters, Tensor) else parameters


def _grads(parameters: Tensors) -> list[np.ndarray]:
    return [each._grad._array for each in _listed(parameters) if each.grad is not None]  # type: ignore[union-attr]
