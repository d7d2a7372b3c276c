"""Activation functions beside relu, sigmoid, tanh and softmax."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import op
from .activation import require_float
from .elementwise import as_half, exp, from_half, sigmoid, tanh, where, zeros_like
from .special import erf


@op(
    "MulBackward1",
    x=lambda grad, number: grad * number,
    public="mul",
    formula=("x · number", "number"),
    symbol="×",
    family="arithmetic",
)
def mul_number(x, number):
    """``x`` times a Python number: what PyTorch's own C++ code calls where Python's ``x * 2`` is MulBackward0."""
    return x * number


@op(
    "DivBackward1",
    x=lambda grad, number: grad / number,
    public="div",
    formula=("x / number", "1 / number"),
    symbol="÷",
    family="arithmetic",
)
def div_number(x, number):
    """``x`` divided by a Python number."""
    return x / number


@op(
    "LeakyReluBackwardBackward0",
    x=lambda grad, y, negative_slope: leaky_relu_backward(grad, y, negative_slope),
    y=lambda grad: zeros_like(grad),
    formula=("x where y > 0, else negative_slope · x", "1 where y > 0, else negative_slope", "0"),
)
def leaky_relu_backward(x, y, negative_slope):
    """``x`` where ``y`` is positive, else ``negative_slope x``."""
    return np.where(y > 0, x, x * negative_slope)


@op(
    "LeakyReluBackward0",
    x=lambda grad, x, negative_slope: leaky_relu_backward(grad, x, negative_slope),
    formula=("x where x > 0, else negative_slope · x", "1 where x > 0, else negative_slope"),
    symbol="leaky ReLU",
)
def leaky_relu(x, negative_slope=0.01):
    """``x`` where it is positive, else ``negative_slope x``."""
    require_float(x, "leaky_relu_cpu")
    return np.where(x > 0, x, x * negative_slope)


@op(
    "EluBackward0",
    x=lambda grad, x, alpha, scale, input_scale: where(
        x <= 0, grad * (alpha * scale * input_scale) * exp(x * input_scale), grad * scale
    ),
    formula=(
        "scale · x where x > 0, else scale · alpha · (exp(input_scale · x) − 1)",
        "scale where x > 0, else scale · alpha · input_scale · exp(input_scale · x)",
    ),
    symbol="ELU",
)
def elu(x, alpha=1.0, scale=1.0, input_scale=1.0):
    """``scale x`` where x is positive, else ``scale alpha (exp(input_scale x) - 1)``."""
    require_float(x, "elu_cpu")
    return np.where(x > 0, x * scale, np.expm1(x * input_scale) * (alpha * scale))


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
    return np.minimum(np.maximum(x, min_val), max_val)


@op(
    "SiluBackward0",
    x=lambda grad, x: grad * (sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
    formula=("x · σ(x)", "σ(x) · (1 + x · (1 − σ(x)))"),
    symbol="SiLU",
)
def silu(x):
    """``x sigmoid(x)`` (Elfwing et al., 2018; https://arxiv.org/abs/1702.03118)."""
    require_float(x, "silu_cpu")
    return x * sigmoid(x)


def _softplus_slope(grad, x, beta, threshold):
    return where(x * beta > threshold, grad, grad * sigmoid(x * beta))


@op(
    "SoftplusBackward0",
    x=_softplus_slope,
    formula=(
        "x where beta · x > threshold, else log(1 + exp(beta · x)) / beta",
        "1 where beta · x > threshold, else σ(beta · x)",
    ),
)
def softplus(x, beta=1.0, threshold=20.0):
    """``log(1 + exp(beta x)) / beta``, and ``x`` itself where ``beta x`` is above ``threshold``."""
    require_float(x, "softplus_cpu")
    z = from_half(x)
    scaled = z * beta
    return as_half(np.where(scaled > threshold, z, np.log1p(np.exp(np.minimum(scaled, threshold))) / beta), x)


def _gelu_rule(grad, x, approximate):
    if approximate == "none":
        return grad * (0.5 * (1 + erf(x * math.sqrt(0.5))) + x * exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)))
    inner = _gelu_inner(x)
    t = tanh(inner)
    slope = (1 + x * x * (3 * 0.044715)) * math.sqrt(2 / math.pi)
    return grad * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)


def _gelu_inner(x):
    return (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)


@op(
    "GeluBackward0",
    x=_gelu_rule,
    formula=(
        "{approximate=tanh:x / 2 · (1 + tanh(u)) with u = √(2 / π) · (x + 0.044715 · x³)}{else:x · Φ(x)}",
        "{approximate=tanh:(1 + t) / 2 + x / 2 · (1 − t²) · √(2 / π) · (1 + 0.134145 · x²) "
        "with t = tanh(√(2 / π) · (x + 0.044715 · x³))}{else:Φ(x) + x · φ(x)}",
    ),
    symbol="GELU",
)
def gelu(x, *, approximate="none"):
    """``x Φ(x)`` with the normal distribution's Φ, or its approximation by ``tanh`` (https://arxiv.org/abs/1606.08415)."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    require_float(x, "GeluKernelImpl")
    z = from_half(x)
    gate = erf(z * math.sqrt(0.5)) if approximate == "none" else tanh(_gelu_inner(z))
    return as_half(0.5 * z * (1 + gate), x)
