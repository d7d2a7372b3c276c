"""Activation functions."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .elementwise import exp, where
from .reduction import sum
from .shape import axis_of


@op("ReluBackward0", x=lambda grad, out: where(out > 0, grad, 0.0))
def relu(x):
    """``max(x, 0)``. The gradient passes where the result is positive."""
    if x.dtype == bool:
        raise RuntimeError("Boolean inputs not supported for relu")
    return np.maximum(x, 0)


def _normalised_exp(x, dim):
    """``exp(x - max)`` and its sum over ``dim``."""
    axis = axis_of(dim, x.ndim) if x.ndim else None
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf))
    return e, np.add.reduce(e, axis=axis, keepdims=True)


@op("SoftmaxBackward0", x=lambda grad, out, dim: out * (grad - sum(grad * out, dim, True)))
def softmax(x, dim):
    """``exp(x) / sum(exp(x))`` over ``dim``, shifted by the maximum so that nothing overflows."""
    _require_float(x, "softmax_lastdim_kernel_impl")
    axis_of(dim, x.ndim)
    e, total = _normalised_exp(x, dim)
    e /= total
    return e


@op("LogSoftmaxBackward0", x=lambda grad, out, dim: grad - exp(out) * sum(grad, dim, True))
def log_softmax(x, dim):
    """``log(softmax(x))``, computed without leaving the logarithm."""
    _require_float(x, "log_softmax_lastdim_kernel_impl")
    axis = axis_of(dim, x.ndim) if x.ndim else None
    shifted = x - np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
    shifted -= np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))
    return shifted


def _require_float(x, name):
    if x.dtype.kind != "f":
        from ..dtypes import from_numpy_dtype

        raise RuntimeError(f"\"{name}\" not implemented for '{from_numpy_dtype(x.dtype).legacy_name}'")
