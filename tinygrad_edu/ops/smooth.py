"""Smooth activation functions beside sigmoid, tanh and softmax."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import op
from .activation import require_float
from .choosing import where
from .elementwise import as_half, exp, from_half, sigmoid, tanh
from .joining import cat
from .piecewise import refuse_negative_slope
from .shape import axis_of, slice_
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


@op("AddBackward1", x=lambda grad: grad, public="add", formula=("x + number", "1"), symbol="+", family="arithmetic")
def add_number(x, number):
    """``x`` plus a Python number."""
    return x + number


@op("SubBackward1", x=lambda grad: grad, public="sub", formula=("x − number", "1"), symbol="−", family="arithmetic")
def sub_number(x, number):
    """``x`` less a Python number."""
    return x - number


def _elu_slope(grad, x, alpha, scale, input_scale):
    return where(x <= 0, grad * (alpha * scale * input_scale) * exp(x * input_scale), grad * scale)


def _elu_slope_of_result(grad, out, alpha, scale, input_scale):
    if alpha < 0:
        raise refuse_negative_slope("elu")
    return where(out <= 0, grad * (out + alpha * scale) * input_scale, grad * scale)


def _elu(x, alpha=1.0, scale=1.0, input_scale=1.0):
    """``scale x`` where x is positive, else ``scale alpha (exp(input_scale x) - 1)``."""
    require_float(x, "elu_cpu")
    return np.where(x > 0, x * scale, np.expm1(x * input_scale) * (alpha * scale))


_ELU = {
    "formula": (
        "scale · x where x > 0, else scale · alpha · (exp(input_scale · x) − 1)",
        "scale where x > 0, else scale · alpha · input_scale · exp(input_scale · x)",
    ),
    "symbol": "ELU",
}
# In place the input is gone, so the derivative is one of the result: nodes of their own, as in PyTorch.
elu = op(
    "EluBackward0",
    x=lambda grad, x, alpha, scale, input_scale: _elu_slope(grad, x, alpha, scale, input_scale),
    public="elu",
    **_ELU,
)(_elu)
elu_ = op(
    "EluBackward1",
    x=lambda grad, out, alpha, scale, input_scale: _elu_slope_of_result(grad, out, alpha, scale, input_scale),
    public="elu_",
    **_ELU,
)(_elu)


def _celu(x, alpha=1.0):
    """``x`` where it is positive, else ``alpha (exp(x / alpha) - 1)`` (https://arxiv.org/abs/1704.07483)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _elu(x, alpha, 1, 1 / alpha)


def _inverse(alpha):
    """``1 / alpha`` as PyTorch's derivative has it, of a C float."""
    return 1 / float(np.float32(alpha))


_CELU = {
    "formula": ("x where x > 0, else alpha · (exp(x / alpha) − 1)", "1 where x > 0, else exp(x / alpha)"),
    "symbol": "CELU",
}
celu = op(
    "CeluBackward0", x=lambda grad, x, alpha: _elu_slope(grad, x, alpha, 1, _inverse(alpha)), public="celu", **_CELU
)(_celu)
celu_ = op(
    "CeluBackward1",
    x=lambda grad, out, alpha: _elu_slope_of_result(grad, out, alpha, 1, _inverse(alpha)),
    public="celu_",
    **_CELU,
)(_celu)


@op(
    "SiluBackward0",
    x=lambda grad, x: grad * (sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
    formula=("x · σ(x)", "σ(x) · (1 + x · (1 − σ(x)))"),
    symbol="SiLU",
)
def silu(x):
    """``x sigmoid(x)`` (Elfwing et al., 2018; https://arxiv.org/abs/1702.03118)."""
    if x.dtype.kind != "c":
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


def _mish_rule(grad, x):
    t = tanh(softplus(x))
    return grad * (t + x * sigmoid(x) * (1 - t * t))


@op(
    "MishBackward0",
    x=_mish_rule,
    formula=("x · tanh(log(1 + exp(x)))", "t + x · σ(x) · (1 − t²) with t = tanh(log(1 + exp(x)))"),
)
def mish(x):
    """``x tanh(softplus(x))`` (Misra, 2019; https://arxiv.org/abs/1908.08681)."""
    require_float(x, "mish_cpu")
    z = from_half(x)
    return as_half(z * np.tanh(softplus(z)), x)


def _glu_rule(grad, x, dim):
    a, b = halves(x, dim)
    s = sigmoid(b)
    return cat([grad * s, grad * a * (s * (1 - s))], dim)


@op(
    "GluBackward0",
    x=_glu_rule,
    formula=(
        "a · σ(b) with a = (piece 1 of x) with b = (piece 2 of x)",
        "cat_dim(G · σ(b), G · a · σ(b) · (1 − σ(b))) with a = (piece 1 of x) with b = (piece 2 of x)",
    ),
    symbol="GLU",
)
def glu(x, dim=-1):
    """``a sigmoid(b)``, where a and b are the halves of ``x`` along ``dim`` (https://arxiv.org/abs/1612.08083)."""
    axis = axis_of(dim, x.ndim)
    if x.shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {x.shape[axis]}")
    require_float(x, "glu_cpu")
    a, b = halves(x, axis)
    return a * sigmoid(b)


def halves(x, dim):
    """The two halves along ``dim``."""
    axis = dim % len(x.shape)
    n = x.shape[axis] // 2
    return slice_(x, axis, 0, n, 1), slice_(x, axis, n, 2 * n, 1)
