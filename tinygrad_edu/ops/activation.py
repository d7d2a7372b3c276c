"""Activation functions."""

from __future__ import annotations

import numpy as np

from ..autograd.conform import sum_axes
from ..autograd.op import op
from .elementwise import exp, sigmoid, zeros_like
from .masking import kept_where
from .reduction import sum
from .shape import axis_of, by_rows


def require_float(x, kernel):
    """PyTorch's error for a dtype that is not floating point."""
    if x.dtype.kind != "f":
        from ..dtypes import from_numpy_dtype

        raise NotImplementedError(f"\"{kernel}\" not implemented for '{from_numpy_dtype(x.dtype).legacy_name}'")


@op(
    "ThresholdBackwardBackward0",
    x=lambda grad, y: threshold_backward(grad, y),
    y=lambda grad: zeros_like(grad),
    formula=("x · 1[y > 0]", "1[y > 0]", "0"),
)
def threshold_backward(x, y):
    """0 where ``y``, a result of :func:`relu`, is 0, else ``x`` (also where y is nan)."""
    return kept_where(x, y != 0.0)


@op("ReluBackward0", x=lambda grad, out: threshold_backward(grad, out), formula=("max(x, 0)", "1[x > 0]"), symbol="ReLU")
def relu(x):
    """``max(x, 0)``. The gradient passes where the result is positive."""
    if x.dtype.kind in "bc":
        if x.dtype.kind == "c":
            raise NotImplementedError("clamp is not supported for complex types")
        raise RuntimeError("Boolean inputs not supported for relu")
    return np.maximum(0.0 if x.dtype.kind == "f" and x.dtype.itemsize > 2 else 0, x)  # in this order -0.0 stays


def _shifted(x, dim, name):
    """``x`` less its maximum over ``dim``, so that nothing overflows, and the axis as :func:`sum_axes` takes it."""
    axis = axis_of(dim, x.ndim)
    if x.dtype.kind != "f":
        require_float(x, f"{name}_lastdim_kernel_impl" if axis == max(x.ndim - 1, 0) else f"{name}_kernel_impl")
    if x.ndim and x.size:
        return by_rows(x - np.maximum.reduce(x, axis, None, None, True)), (axis,)
    return (x.copy(), (axis,)) if x.ndim else (np.asarray(x - x), ())


@op(
    "SoftmaxBackward0",
    x=lambda grad, out, dim: out * (grad - sum(grad * out, dim, True)),
    formula=("softmax_dim(x)", "out ⊙ (G − Σ_dim (out ⊙ G))"),
)
def softmax(x, dim):
    """``exp(x) / sum(exp(x))`` over ``dim``, shifted by the maximum so that nothing overflows."""
    e, axis = _shifted(x, dim, "softmax")
    np.exp(e, e)
    e /= sum_axes(e, axis, True)
    return e


@op(
    "LogSoftmaxBackward0",
    x=lambda grad, out, dim: grad - exp(out) * sum(grad, dim, True),
    formula=("log(softmax_dim(x))", "G − softmax_dim(x) ⊙ Σ_dim G"),
)
def log_softmax(x, dim):
    """``log(softmax(x))``, computed without leaving the logarithm."""
    shifted, axis = _shifted(x, dim, "log_softmax")
    shifted -= np.log(sum_axes(np.exp(shifted), axis, True))
    return shifted


@op("LogSigmoidBackward0", x=lambda grad, x: grad * sigmoid(-x), formula=("log(σ(x))", "σ(−x)"))
def log_sigmoid(x):
    """``log(1 / (1 + exp(-x)))``, without overflow."""
    require_float(x, "log_sigmoid_cpu")
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
