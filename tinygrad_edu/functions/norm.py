"""Normalisation over a batch: the checks, and the running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..ops import norm as _norm
from ..ops.activation import require_float
from ..tensor import Tensor
from .loss import refuse_gradient


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x - mean) / √(variance + eps) · weight + bias, for each channel of x (N, C, ...).

    In training mean and (biased) variance are the batch's own and, if there are running ones, these move towards the
    batch's mean and (unbiased) variance, in place: running = (1 - momentum) · running + momentum · batch. Otherwise the
    running ones are used.

    Source: Ioffe & Szegedy, "Batch normalization", 2015 (https://arxiv.org/abs/1502.03167).
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"batch_norm(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    x = input._array
    if training and (x.ndim < 2 or x.size <= x.shape[1]):
        _require_several_values(x)
    if eps <= 0.0 and (training or eps < 0.0):
        wanted = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {wanted}, but got {eps}")
    if momentum is None or isinstance(momentum, str):
        raise TypeError(f"batch_norm(): argument 'momentum' (position 7) must be float, not {type_name(momentum)}")
    # Weight and bias are as long as x has channels, or the operation would broadcast them.
    channels = x.shape[1:2]
    for each in (weight, bias, running_mean, running_var):
        if each is not None and (
            not isinstance(each, Tensor) or each._array.shape != channels or each._array.dtype is not x.dtype
        ):
            _check_statistics(x, weight, bias, running_mean, running_var)
            weight, bias = (each if each is None else each.reshape(channels) for each in (weight, bias))
            break
    if running_mean is None or running_var is None:
        if (running_mean is None) is not (running_var is None):
            raise ValueError("running_mean and running_var must either both be None or neither be None")
        if not training:
            raise RuntimeError("running_mean must be defined in evaluation mode")
        return _norm.batch_norm.function(input, weight, bias, eps=eps)
    if running_mean._node is not None or running_var._node is not None:
        refuse_gradient("native_batch_norm", running_mean=running_mean, running_var=running_var)
    mean, var = running_mean._array, running_var._array
    if not training:
        return _norm.batch_norm.function(input, weight, bias, mean, var, eps=eps)
    # As in PyTorch, no version counter notices this write.
    return _norm.batch_norm.function(input, weight, bias, moving=(mean, var), momentum=momentum, eps=eps)


def _require_several_values(x: np.ndarray) -> None:
    values = x.shape[0] if x.ndim else 0
    for n in x.shape[2:]:
        values *= n
    if values == 1:
        size = wrap(x).shape
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def _check_statistics(x: np.ndarray, weight: Any, bias: Any, running_mean: Any, running_var: Any) -> None:
    """PyTorch's conditions on what batch_norm is given for each channel."""
    given = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    for position, (name, each) in enumerate(given.items()):
        if each is not None and not isinstance(each, Tensor):
            raise TypeError(
                f"batch_norm(): argument '{name}' (position {position + 2}) must be Tensor, not {type_name(each)}"
            )
    channels = x.shape[1] if x.ndim > 1 else 0
    for name in ("running_mean", "running_var", "weight", "bias"):
        if given[name] is not None and given[name]._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {given[name]._array.size}")
    require_float(x, "batch_norm")
    for each in given.values():
        if each is not None and each._array.dtype != x.dtype and x.dtype.itemsize > 2:
            if x.dtype == np.float32:
                raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
