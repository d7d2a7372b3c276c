"""Activation functions that are pieced together, mostly of straight lines."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .activation import require_float
from .choosing import where
from .elementwise import as_half, from_half, zeros_like


def refuse_negative_slope(name, further=""):
    """PyTorch's error: with a negative slope the sign of the result does not tell the sign of the input."""
    return RuntimeError(
        f"In-place {name} backward calculation is triggered with a negative slope which is not supported. This is caused by "
        "calling in-place forward function with a negative slope, please call out-of-place version instead." + further
    )


@op(
    "LeakyReluBackwardBackward0",
    x=lambda grad, y, negative_slope: leaky_relu_backward(grad, y, negative_slope),
    y=lambda grad: zeros_like(grad),
    formula=("x where y > 0, else negative_slope · x", "1 where y > 0, else negative_slope", "0"),
)
def leaky_relu_backward(x, y, negative_slope):
    """``x`` where ``y`` is positive, else ``negative_slope x``."""
    return np.where(y > 0, x, x * negative_slope)


def _leaky_slope_of_result(grad, out, negative_slope):
    if negative_slope < 0:
        raise refuse_negative_slope(
            "leakyReLu", " File an issue at https://github.com/pytorch/pytorch if you do require supporting in-place leakRelu "
            "backward calculation with negative slope"
        )
    return leaky_relu_backward(grad, out, negative_slope)


def _leaky_relu(x, negative_slope=0.01):
    """``x`` where it is positive, else ``negative_slope x``."""
    require_float(x, "leaky_relu_cpu")
    return np.where(x > 0, x, x * negative_slope)


# In place the input is gone, so the derivative is one of the result: nodes of their own, as in PyTorch.
_LEAKY = {"formula": ("x where x > 0, else negative_slope · x", "1 where x > 0, else negative_slope"), "symbol": "leaky ReLU"}
leaky_relu = op(
    "LeakyReluBackward0",
    x=lambda grad, x, negative_slope: leaky_relu_backward(grad, x, negative_slope),
    public="leaky_relu",
    **_LEAKY,
)(_leaky_relu)
leaky_relu_ = op(
    "LeakyReluBackward1",
    x=lambda grad, out, negative_slope: _leaky_slope_of_result(grad, out, negative_slope),
    public="leaky_relu_",
    **_LEAKY,
)(_leaky_relu)


def _rrelu(x, noise=None, slope=0.0):
    """``x`` times ``noise``, the slopes that were drawn; without them as :func:`leaky_relu` with their mean ``slope``."""
    if noise is None:
        return _leaky_relu(x, slope)
    return x * noise


_RANDOM_LEAKY = {
    "formula": ("{noise:x ⊙ noise}{else:x where x > 0, else slope · x}", "{noise:noise}{else:1 where x > 0, else slope}"),
    "symbol": "RReLU",
}
rrelu_with_noise = op(
    "RreluWithNoiseBackward0",
    x=lambda grad, x, noise, slope: leaky_relu_backward(grad, x, slope) if noise is None else grad * noise,
    noise=None,
    public="rrelu",
    **_RANDOM_LEAKY,
)(_rrelu)
rrelu_with_noise_ = op(
    "RreluWithNoiseBackward1",
    x=lambda grad, out, noise, slope: _leaky_slope_of_result(grad, out, slope) if noise is None else grad * noise,
    noise=None,
    public="rrelu_",
    **_RANDOM_LEAKY,
)(_rrelu)


@op(
    "PreluKernelBackward0",
    x=lambda grad, x, slope: where(x > 0, grad, slope * grad),
    slope=lambda grad, x: where(x > 0, 0.0, x * grad),
    formula=("x where x > 0, else slope · x", "1 where x > 0, else slope", "0 where x > 0, else x"),
    symbol="PReLU",
)
def prelu_kernel(x, slope):
    """``x`` where it is positive, else ``slope x`` (He et al., 2015; https://arxiv.org/abs/1502.01852)."""
    require_float(x, "prelu_cpu")
    return np.where(x > 0, x, slope * x)


def _threshold(x, threshold, value):
    """``x`` where it is above ``threshold``, else ``value``."""
    if x.dtype.kind == "b":
        require_float(x, "threshold_cpu")
    if x.dtype.kind in "iu":
        threshold, value = int(threshold), int(value)
    return np.where(from_half(x) <= threshold, x.dtype.type(value), x)


# Two nodes of the same derivative in PyTorch: the result does not tell whether ``value`` was put in.
threshold, threshold_ = (
    op(
        f"ThresholdBackward{i}",
        x=lambda grad, x, threshold: where(x <= threshold, 0.0, grad),
        public=name,
        formula=("x where x > threshold, else value", "1[x > threshold]"),
    )(_threshold)
    for i, name in enumerate(("threshold", "threshold_"))
)


@op(
    "HardtanhBackwardBackward0",
    x=lambda grad, y, min_val, max_val: hardtanh_backward(grad, y, min_val, max_val),
    y=lambda grad: zeros_like(grad),
    formula=("x · 1[min_val < y < max_val]", "1[min_val < y < max_val]", "0"),
)
def hardtanh_backward(x, y, min_val, max_val):
    """0 where ``y`` is at a bound or beyond, else ``x`` (also where y is nan)."""
    return np.where((y <= min_val) | (y >= max_val), 0.0, x)


@op(
    "HardtanhBackward0",
    x=lambda grad, x, min_val, max_val: hardtanh_backward(grad, x, min_val, max_val),
    formula=("min(max(x, min_val), max_val)", "1[min_val < x < max_val]"),
)
def hardtanh(x, min_val=-1.0, max_val=1.0):
    """``x``, but not below ``min_val`` and not above ``max_val``."""
    if x.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if x.dtype.kind in "iu":
        min_val, max_val = int(min_val), int(max_val)
        if x.dtype.kind == "u" and (min_val < 0 or max_val < 0):
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return np.minimum(np.maximum(x, min_val), max_val)


_SIXTH = float(np.float32(1 / 6))
"""PyTorch's factor is a C float."""


@op(
    "HardsigmoidBackward0",
    x=lambda grad, x: where((x > -3) & (x < 3), grad * _SIXTH, 0.0),
    formula=("min(max(x + 3, 0), 6) / 6", "1[−3 < x < 3] / 6"),
)
def hardsigmoid(x):
    """``x / 6 + 1 / 2``, but not below 0 and not above 1."""
    require_float(x, "hardsigmoid_cpu")
    return as_half(np.minimum(np.maximum(from_half(x) + 3, 0), 6) / 6, x)


@op(
    "HardswishBackward0",
    x=lambda grad, x: where(x <= -3, 0.0, where(x < 3, grad * (x / 3 + 0.5), grad)),
    formula=("x · min(max(x + 3, 0), 6) / 6", "1[x ≥ 3] + 1[−3 < x < 3] · (x / 3 + 1 / 2)"),
)
def hardswish(x):
    """``x hardsigmoid(x)`` (Howard et al., 2019; https://arxiv.org/abs/1905.02244)."""
    require_float(x, "hardswish_cpu")
    z = from_half(x)
    return as_half(z * np.minimum(np.maximum(z + 3, 0), 6) / 6, x)


@op(
    "HardshrinkBackward0",
    x=lambda grad, x, lambd: where((x >= -lambd) & (x <= lambd), 0.0, grad),
    formula=("x · 1[|x| > lambd]", "1[|x| > lambd]"),
)
def hardshrink(x, lambd=0.5):
    """``x`` outside [-lambd, lambd], 0 inside."""
    require_float(x, "hardshrink_cpu")
    return np.where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x)


@op(
    "SoftshrinkBackward0",
    x=lambda grad, x, lambd: where((x >= -lambd) & (x <= lambd), 0.0, grad),
    formula=("sign(x) · max(|x| − lambd, 0)", "1[|x| > lambd]"),
)
def softshrink(x, lambd=0.5):
    """``x`` moved towards 0 by ``lambd``, and 0 inside [-lambd, lambd]."""
    require_float(x, "softshrink_check")
    largest = np.finfo(x.dtype).max
    if not 0 <= lambd <= largest:
        from ..dtypes import from_numpy_dtype

        name = from_numpy_dtype(x.dtype).legacy_name
        raise RuntimeError(f"lambda must be in range [0, {largest:g}] for input dtype {name}, but found {lambd:g}")
    return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, x * 0))
