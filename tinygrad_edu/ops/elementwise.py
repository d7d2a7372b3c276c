"""Arithmetic and elementary functions, element by element.

Broadcasting and promotion are not mentioned in any rule: the engine undoes both.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import op

# ---- arithmetic ----------------------------------------------------------------------------------------------------

add = op("AddBackward0", x=lambda grad: grad, y=lambda grad: grad, promote="common")(np.add)
sub = op("SubBackward0", x=lambda grad: grad, y=lambda grad: -grad, promote="common", public="sub")(np.subtract)
mul = op("MulBackward0", x=lambda grad, y: grad * y, y=lambda grad, x: grad * x, promote="common", public="mul")(np.multiply)
div = op(
    "DivBackward0",
    x=lambda grad, y: grad / y,
    y=lambda grad, x, y: -grad * ((x / y) / y),
    promote="float",
    public="div",
)(np.true_divide)
neg = op("NegBackward0", x=lambda grad: -grad, public="neg")(np.negative)


@op(
    "AddBackward0",
    x=lambda grad: grad,
    y=lambda grad, alpha: grad * alpha,
    promote="common",
    public="add",
)
def add_scaled(x, y, *, alpha=1):
    return np.add(x, np.multiply(y, alpha, dtype=x.dtype))


@op("SubBackward0", x=lambda grad: grad, y=lambda grad, alpha: -grad * alpha, promote="common", public="sub")
def sub_scaled(x, y, *, alpha=1):
    return np.subtract(x, np.multiply(y, alpha, dtype=x.dtype))


@op("RsubBackward1", x=lambda grad, alpha: -grad * alpha, y=lambda grad: grad, promote="common")
def rsub(x, y, *, alpha=1):
    return np.subtract(y, x) if alpha == 1 else np.subtract(y, np.multiply(x, alpha, dtype=x.dtype))


@op("DivBackward1", x=lambda grad: zeros_like(grad), y=lambda grad: zeros_like(grad), promote="common", public="div")
def div_rounded(x, y, *, rounding_mode):
    """The quotient rounded: ``floor`` towards minus infinity, ``trunc`` towards zero. Piecewise constant."""
    if rounding_mode == "floor":
        return _floor_divide(x, y)
    if x.dtype.kind == "f":
        return np.trunc(np.true_divide(x, y))
    _refuse_integer_zero(x, y)
    quotient = np.floor_divide(x, y)
    return quotient + ((quotient < 0) & (quotient * y != x)).astype(quotient.dtype)


@op(None, x=None, y=None, promote="common")
def floor_divide(x, y):
    """The quotient rounded towards minus infinity. It has no derivative in PyTorch."""
    return _floor_divide(x, y)


def _floor_divide(x, y):
    _refuse_integer_zero(x, y)
    if x.dtype.kind == "f":
        quotient = np.floor_divide(x, y)
        return np.where(np.equal(y, 0), np.true_divide(x, y), quotient)
    return np.floor_divide(x, y)


def _refuse_integer_zero(x, y):
    if x.dtype.kind in "iu" and np.any(np.equal(y, 0)):
        raise RuntimeError("ZeroDivisionError")


@op(
    "RemainderBackward0",
    x=lambda grad: grad,
    y=lambda grad, x, y: -grad * div_rounded(x, y, rounding_mode="floor"),
    promote="common",
)
def remainder(x, y):
    """Python's ``%``: the remainder takes the sign of the divisor."""
    _refuse_integer_zero(x, y)
    return np.remainder(x, y)


@op(
    "FmodBackward0",
    x=lambda grad: grad,
    y=lambda grad, x, y: -grad * div_rounded(x, y, rounding_mode="trunc"),
    promote="common",
)
def fmod(x, y):
    """C's ``fmod``: the remainder takes the sign of the dividend."""
    _refuse_integer_zero(x, y)
    return np.fmod(x, y)


# A power of a tensor to a number, to a tensor, and of a number to a tensor are three nodes in PyTorch.


@op("PowBackward0", x=lambda grad, x, exponent: zeros_like(grad) if exponent == 0 else grad * (exponent * power(x, exponent - 1)))
def power(x, exponent):
    """``x`` to a number."""
    if exponent == 2:
        return np.multiply(x, x)
    if exponent == 0.5 and x.dtype.kind == "f":
        return np.sqrt(x)
    return np.power(x, exponent)


@op(
    "PowBackward1",
    x=lambda grad, x, y: where(y == 0, 0.0, grad * (y * tensor_power(x, y - 1))),
    y=lambda grad, x, y, out: where((x == 0) & (y >= 0), 0.0, grad * (out * log(x))),
    promote="common",
    public="pow",
)
def tensor_power(x, y):
    """A tensor to the power of a tensor."""
    return np.power(x, y)


@op("PowBackward2", y=lambda grad, base, out: grad * (out * _log_number(base)), public="pow")
def exponential(base, y):
    """A number to the power of a tensor."""
    return np.power(y.dtype.type(base), y)


def _log_number(base):
    return math.log(base) if base > 0 else (0.0 if base == 0 else math.nan)


# ---- elementary functions ------------------------------------------------------------------------------------------

exp = op("ExpBackward0", x=lambda grad, out: grad * out, promote="float", public="exp")(np.exp)
log = op("LogBackward0", x=lambda grad, x: grad / x, promote="float", public="log")(np.log)
log1p = op("Log1PBackward0", x=lambda grad, x: grad / (x + 1), promote="float", public="log1p")(np.log1p)
log2 = op("Log2Backward0", x=lambda grad, x: grad / (x * math.log(2)), promote="float", public="log2")(np.log2)
log10 = op("Log10Backward0", x=lambda grad, x: grad / (x * math.log(10)), promote="float", public="log10")(np.log10)
expm1 = op("Expm1Backward0", x=lambda grad, out: grad * (out + 1), promote="float", public="expm1")(np.expm1)
exp2 = op("Exp2Backward0", x=lambda grad, out: grad * out * math.log(2), promote="float", public="exp2")(np.exp2)
sqrt = op("SqrtBackward0", x=lambda grad, out: grad / (2 * out), promote="float", public="sqrt")(np.sqrt)
sin = op("SinBackward0", x=lambda grad, x: grad * cos(x), promote="float", public="sin")(np.sin)
cos = op("CosBackward0", x=lambda grad, x: -grad * sin(x), promote="float", public="cos")(np.cos)
tan = op("TanBackward0", x=lambda grad, out: grad * (1 + out * out), promote="float", public="tan")(np.tan)
sinh = op("SinhBackward0", x=lambda grad, x: grad * cosh(x), promote="float", public="sinh")(np.sinh)
cosh = op("CoshBackward0", x=lambda grad, x: grad * sinh(x), promote="float", public="cosh")(np.cosh)
asin = op("AsinBackward0", x=lambda grad, x: grad / sqrt(1 - x * x), promote="float", public="asin")(np.arcsin)
acos = op("AcosBackward0", x=lambda grad, x: -grad / sqrt(1 - x * x), promote="float", public="acos")(np.arccos)
atan = op("AtanBackward0", x=lambda grad, x: grad / (1 + x * x), promote="float", public="atan")(np.arctan)
tanh = op("TanhBackward0", x=lambda grad, out: grad * (1 - out * out), promote="float", public="tanh")(np.tanh)


@op("ReciprocalBackward0", x=lambda grad, out: -grad * (out * out), promote="float")
def reciprocal(x):
    """``1 / x``."""
    return np.divide(1, x)


@op("RsqrtBackward0", x=lambda grad, out: -0.5 * grad * (out * out * out), promote="float")
def rsqrt(x):
    """``1 / sqrt(x)``."""
    return np.divide(1, np.sqrt(x))


@op("PowBackward0", x=lambda grad, x: grad * (2 * x))
def square(x):
    """``x * x``."""
    return np.multiply(x, x)


@op("SigmoidBackward0", x=lambda grad, out: grad * ((1 - out) * out), promote="float")
def sigmoid(x):
    """The logistic function ``1 / (1 + exp(-x))``, computed so that nothing overflows to nan."""
    return np.divide(1, 1 + np.exp(-x))


abs_ = op("AbsBackward0", x=lambda grad, x: grad * sign(x), public="abs")(np.absolute)
sign = op("SignBackward0", x=lambda grad: zeros_like(grad), public="sign")(np.sign)


@op("FloorBackward0", x=lambda grad: zeros_like(grad))
def floor(x):
    """The largest integer not above each element."""
    return np.floor(x) if x.dtype.kind == "f" else x.copy()


@op("CeilBackward0", x=lambda grad: zeros_like(grad))
def ceil(x):
    """The smallest integer not below each element."""
    return np.ceil(x) if x.dtype.kind == "f" else x.copy()


@op("TruncBackward0", x=lambda grad: zeros_like(grad))
def trunc(x):
    """The integer part."""
    return np.trunc(x) if x.dtype.kind == "f" else x.copy()


@op("RoundBackward0", x=lambda grad: zeros_like(grad))
def round(x, *, decimals=0):
    """The nearest integer, halves to even; ``decimals`` keeps that many digits."""
    if x.dtype.kind != "f":
        return x.copy()
    if decimals == 0:
        return np.rint(x)
    scale = x.dtype.type(10.0 ** builtins_abs(decimals))
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


builtins_abs = abs

# ---- choosing ------------------------------------------------------------------------------------------------------

maximum = op(
    "MaximumBackward0",
    x=lambda grad, x, y: grad * _share(x, y, x > y),
    y=lambda grad, x, y: grad * _share(x, y, y > x),
    promote="common",
    public="maximum",
)(np.maximum)
minimum = op(
    "MinimumBackward0",
    x=lambda grad, x, y: grad * _share(x, y, x < y),
    y=lambda grad, x, y: grad * _share(x, y, y < x),
    promote="common",
    public="minimum",
)(np.minimum)


def _share(x, y, wins):
    """1 where the operand wins, a half where both are equal, else 0."""
    return where(x == y, 0.5, where(wins, 1.0, 0.0))


@op(
    "WhereBackward0",
    condition=None,
    x=lambda grad, condition: where(condition, grad, 0.0),
    y=lambda grad, condition: where(condition, 0.0, grad),
)
def where(condition, x, y):
    """``x`` where ``condition`` holds, else ``y``."""
    return np.where(condition, x, y)


@op("ClampBackward1", x=lambda grad, x, min, max: where(_inside(x, min, max), grad, 0.0), public="clamp")
def clamp(x, min=None, max=None):
    """Elements below ``min`` become ``min`` and elements above ``max`` become ``max``."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if max is not None and min is not None:
        return np.minimum(np.maximum(x, min), max)
    return np.minimum(x, max) if min is None else np.maximum(x, min)


def _inside(x, min, max):
    if min is None:
        return x <= max
    if max is None:
        return x >= min
    return (x >= min) & (x <= max)


@op(
    "ClampBackward0",
    x=lambda grad, x, low, high: where(_inside(x, low, high), grad, 0.0),
    low=lambda grad, x, low, high: where(_under(x, low, high), grad, 0.0),
    high=lambda grad, x, low, high: where(_over(x, low, high), grad, 0.0),
    promote="common",
    public="clamp",
)
def clamp_tensor(x, low=None, high=None):
    """Clamp with tensors as bounds."""
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _under(x, low, high):
    below = x < low
    return below if high is None else below & (low < high)


def _over(x, low, high):
    above = x > high
    return above if low is None else above | (high < low)


@op(None, x=None)
def zeros_like(x):
    return np.zeros_like(x)


# ---- copies and conversions ----------------------------------------------------------------------------------------


@op("CloneBackward0", x=lambda grad: grad)
def clone(x):
    """A copy with memory of its own, through which gradients flow."""
    return x.copy()


@op("ToCopyBackward0", x=lambda grad: grad)
def convert(x, dtype):
    """A copy in another dtype. Its gradient comes back in the input's."""
    return x.astype(dtype)


@op("CopyBackwards", x=lambda grad: zeros_like(grad), y=lambda grad: grad, public="copy_")
def copy_from(x, y):
    """``y`` in ``x``'s shape and dtype: what ``x.copy_(y)`` and ``x[index] = y`` leave behind."""
    return np.broadcast_to(y, x.shape).astype(x.dtype)
