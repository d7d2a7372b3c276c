"""Arithmetic and elementary functions, element by element.

Broadcasting and promotion are not mentioned in any rule: the engine undoes both.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.errors import bool_minus, c_name, not_implemented
from ..autograd.op import op

# ---- arithmetic ----------------------------------------------------------------------------------------------------

add = op(
    "AddBackward0", x=lambda grad: grad, y=lambda grad: grad, promote="common", formula=("x + y", "1", "1"), symbol="+"
)(np.add)
sub = op(
    "SubBackward0",
    x=lambda grad: grad,
    y=lambda grad: -grad,
    promote="no bool",
    public="sub",
    formula=("x − y", "1", "−1"),
    symbol="−",
)(np.subtract)
mul = op(
    "MulBackward0",
    x=lambda grad, y: grad * y,
    y=lambda grad, x: grad * x,
    promote="common",
    public="mul",
    formula=("x · y", "y", "x"),
    symbol="×",
)(np.multiply)
div = op(
    "DivBackward0",
    x=lambda grad, y: grad / y,
    y=lambda grad, x, y: -grad * ((x / y) / y),
    promote="float",
    public="div",
    formula=("x / y", "1 / y", "−x / y²"),
    symbol="÷",
)(np.true_divide)
neg = op("NegBackward0", x=lambda grad: -grad, public="neg", formula=("−x", "−1"), symbol="−")(np.negative)


@op(
    "AddBackward0",
    x=lambda grad: grad,
    y=lambda grad, alpha: grad * alpha,
    promote="common",
    public="add",
    formula=("x + alpha · y", "1", "alpha"),
    symbol="+",
)
def add_scaled(x, y, *, alpha=1):
    return np.add(x, _times(y, alpha))


@op(
    "SubBackward0",
    x=lambda grad: grad,
    y=lambda grad, alpha: -grad * alpha,
    promote="no bool",
    public="sub",
    formula=("x − alpha · y", "1", "−alpha"),
    symbol="−",
)
def sub_scaled(x, y, *, alpha=1):
    return _minus(x, y, alpha)


def _declare_rsub(name):
    """``y - alpha * x``; the node is called RsubBackward0 where y is a tensor, RsubBackward1 where it is a number."""

    @op(
        name,
        x=lambda grad, alpha: -grad * alpha,
        y=lambda grad: grad,
        promote="no bool",
        numbers="second",
        formula=("y − alpha · x", "−alpha", "1"),
        symbol="−",
    )
    def rsub(x, y, *, alpha=1):
        return _minus(y, x, alpha)

    return rsub


rsub_tensor, rsub = _declare_rsub("RsubBackward0"), _declare_rsub("RsubBackward1")


def _minus(x, y, alpha):
    if y.dtype == bool:
        raise bool_minus([y.dtype, y.dtype])
    return np.subtract(x, _times(y, alpha))


def _times(x, alpha):
    """``alpha * x``, where the number must not widen the dtype."""
    if isinstance(alpha, bool) and x.dtype != bool:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and x.dtype.kind not in "fc":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return x if alpha == 1 else x * _number(alpha, x)


def _number(value, x):
    """A Python number in the dtype of ``x``, cut off or wrapped around as C does."""
    return np.asarray(value).astype(x.dtype)


@op(
    "DivBackward2",
    x=lambda grad: zeros_like(grad),
    y=lambda grad: zeros_like(grad),
    promote="common",
    public="div",
    formula=("{rounding_mode=floor:⌊x / y⌋}{else:trunc(x / y)}", "0", "0"),
    symbol="÷",
)
def div_rounded(x, y, *, rounding_mode):
    """The quotient rounded: ``floor`` towards minus infinity, ``trunc`` towards zero. Piecewise constant."""
    if rounding_mode == "floor":
        return _floor_divide(x, y)
    _refuse_integer_zero(x, y, "div_trunc_cpu")
    if x.dtype.kind == "f":
        return np.trunc(np.true_divide(x, y))
    quotient = np.floor_divide(x, y)
    return quotient + ((quotient < 0) & (quotient * y != x)).astype(quotient.dtype)


@op(
    "NotImplemented",
    x=lambda grad: _no_derivative("floor_divide"),
    y=lambda grad: _no_derivative("floor_divide"),
    promote="common",
    formula=("⌊x / y⌋", "undefined", "undefined"),
    symbol="÷",
)
def floor_divide(x, y):
    """The quotient rounded towards minus infinity. PyTorch gives it no derivative: the backward pass raises."""
    return _floor_divide(x, y)


def _no_derivative(name):
    raise RuntimeError(f"derivative for aten::{name} is not implemented")


def _floor_divide(x, y):
    _refuse_integer_zero(x, y, "div_floor_cpu")
    if x.dtype.kind != "f":
        return np.floor_divide(x, y)
    return np.where(np.equal(y, 0), np.true_divide(x, y), np.floor_divide(x, y))


def _refuse_integer_zero(x, y, name):
    if x.dtype.kind in "bc":
        raise not_implemented(name, x.dtype)
    if x.dtype.kind in "iu" and np.any(np.equal(y, 0)) and np.broadcast(x, y).size:
        raise RuntimeError("ZeroDivisionError")


def _remainder(x, y):
    """NumPy's, but a remainder of 0 keeps the sign of ``x``, as PyTorch's does; NumPy gives it the divisor's."""
    if x.dtype.kind != "f":
        return np.remainder(x, y)
    rest = np.fmod(x, y)
    return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


def _declare_modulo(number, name, forward, rounding_mode, quotient, numbers):
    """The node's number is 1 where the divisor is a tensor, 0 where it is a number."""

    @op(
        f"{name.capitalize()}Backward{number}",
        x=lambda grad: grad,
        y=lambda grad, x, y: -grad * div_rounded(x, y, rounding_mode=rounding_mode),
        promote="common",
        numbers=numbers,
        public=name,
        formula=(f"x − y · {quotient}", "1", f"−{quotient}"),
        symbol="mod",
    )
    def modulo(x, y):
        """What is left of ``x`` after division by ``y``: ``remainder`` (Python's %) with the sign of y, ``fmod`` of x."""
        _refuse_integer_zero(x, y, f"{name}_cpu")
        return forward(x, y)

    return modulo


remainder, remainder_number = (_declare_modulo(i, "remainder", _remainder, "floor", "⌊x / y⌋", True) for i in (1, 0))
fmod, fmod_number = (_declare_modulo(i, "fmod", np.fmod, "trunc", "trunc(x / y)", "second") for i in (1, 0))


@op(
    "AddcmulBackward0",
    x=lambda grad: grad,
    tensor1=lambda grad, tensor2, value: grad * (tensor2 * value),
    tensor2=lambda grad, tensor1, value: grad * (tensor1 * value),
    promote="common",
    numbers=False,
    formula=("x + value · tensor1 · tensor2", "1", "value · tensor2", "value · tensor1"),
)
def addcmul(x, tensor1, tensor2, *, value=1):
    """``x + value * tensor1 * tensor2``."""
    if x.dtype == bool:
        raise not_implemented("addcmul_cpu_out", x.dtype)
    return x + tensor1 * _number(value, x) * tensor2


@op(
    "AddcdivBackward0",
    x=lambda grad: grad,
    tensor1=lambda grad, tensor2, value: grad * (value / tensor2),
    tensor2=lambda grad, tensor1, tensor2, value: -grad * (value * tensor1 / (tensor2 * tensor2)),
    promote="common",
    numbers=False,
    formula=("x + value · tensor1 / tensor2", "1", "value / tensor2", "−value · tensor1 / tensor2²"),
)
def addcdiv(x, tensor1, tensor2, *, value=1):
    """``x + value * tensor1 / tensor2``."""
    return x + value * tensor1 / tensor2


@op(
    "LerpBackward0",
    x=lambda grad, weight: grad * (1 - weight),
    end=lambda grad, weight: grad * weight,
    public="lerp",
    formula=("x + weight · (end − x)", "1 − weight", "weight"),
)
def lerp_number(x, end, weight):
    """``x + weight * (end - x)`` for a number ``weight``."""
    return _lerp(x, end, x.dtype.type(weight), "lerp_kernel_scalar")


@op(
    "LerpBackward1",
    x=lambda grad, weight: grad * (1 - weight),
    end=lambda grad, weight: grad * weight,
    weight=lambda grad, x, end: grad * (end - x),
    public="lerp",
    formula=("x + weight · (end − x)", "1 − weight", "weight", "end − x"),
)
def lerp_tensor(x, end, weight):
    """``x + weight * (end - x)``."""
    return _lerp(x, end, weight, "lerp_kernel_tensor")


def _lerp(x, end, weight, name):
    for word, each in (("end", end), ("weight", weight)):
        if each.dtype != x.dtype:
            raise RuntimeError(f"expected dtype {c_name(x.dtype)} for `{word}` but got dtype {c_name(each.dtype)}")
    if x.dtype.kind not in "fc":
        raise not_implemented(name, x.dtype)
    step = end - x
    return np.where(np.abs(weight) < 0.5, x + weight * step, end - step * (1 - weight)).astype(x.dtype, copy=False)


# ---- elementary functions ------------------------------------------------------------------------------------------


@op("ConjBackward0", x=lambda grad: conj(grad), formula=("conj(x)", "conj(G)"))
def conj(x):
    """The complex conjugate; a real tensor is its own."""
    return np.conj(x) if x.dtype.kind == "c" else x.copy()


def _elementary(name, forward, value, local, *, x, **options):
    """A function of one tensor with floating point results: its formula, its local factor, its rule."""
    public = forward.__name__.replace("arc", "a")
    return op(name, x=x, promote="float", public=public, formula=(value, local), **options)(forward)


def _mirrored(slope, x):
    """``slope(x)``; of a complex x, which rules get conjugated, the conjugate of what it is on the other side.

    That is the same, but on the cut of a root, where a conjugate of 0 does not tell the side.
    """
    return conj(slope(conj(x))) if x.dtype.kind == "c" else slope(x)


exp = _elementary("ExpBackward0", np.exp, "exp(x)", "out", x=lambda grad, out: grad * out)
log = _elementary("LogBackward0", np.log, "log(x)", "1 / x", x=lambda grad, x: grad / x)
log1p = _elementary("Log1PBackward0", np.log1p, "log(1 + x)", "1 / (1 + x)", x=lambda grad, x: grad / (x + 1))
log2 = _elementary(
    "Log2Backward0", np.log2, "log(x) / log(2)", "1 / (x · log(2))", x=lambda grad, x: grad / (x * math.log(2))
)
log10 = _elementary(
    "Log10Backward0", np.log10, "log(x) / log(10)", "1 / (x · log(10))", x=lambda grad, x: grad / (x * math.log(10))
)
expm1 = _elementary("Expm1Backward0", np.expm1, "exp(x) − 1", "out + 1", x=lambda grad, out: grad * (out + 1))
exp2 = _elementary("Exp2Backward0", np.exp2, "2^x", "out · log(2)", x=lambda grad, out: grad * out * math.log(2))
sqrt = _elementary("SqrtBackward0", np.sqrt, "√x", "1 / (2 · out)", x=lambda grad, out: grad / (2 * out), symbol="√")
sin = _elementary("SinBackward0", np.sin, "sin(x)", "cos(x)", x=lambda grad, x: grad * cos(x))
cos = _elementary("CosBackward0", np.cos, "cos(x)", "−sin(x)", x=lambda grad, x: -grad * sin(x))
tan = _elementary("TanBackward0", np.tan, "tan(x)", "1 + out²", x=lambda grad, out: grad * (1 + out * out))
sinh = _elementary("SinhBackward0", np.sinh, "sinh(x)", "cosh(x)", x=lambda grad, x: grad * cosh(x))
cosh = _elementary("CoshBackward0", np.cosh, "cosh(x)", "sinh(x)", x=lambda grad, x: grad * sinh(x))
tanh = _elementary(
    "TanhBackward0", np.tanh, "tanh(x)", "1 − out²", x=lambda grad, out: grad * (1 - out * out), family="activation"
)
asin = _elementary(
    "AsinBackward0",
    np.arcsin,
    "arcsin(x)",
    "1 / √(1 − x²)",
    x=lambda grad, x: grad * _mirrored(lambda z: rsqrt(1 - z * z), x),
)
acos = _elementary(
    "AcosBackward0",
    np.arccos,
    "arccos(x)",
    "−1 / √(1 − x²)",
    x=lambda grad, x: -grad * _mirrored(lambda z: rsqrt(1 - z * z), x),
)
atan = _elementary("AtanBackward0", np.arctan, "arctan(x)", "1 / (x² + 1)", x=lambda grad, x: grad / (x * x + 1))
asinh = _elementary(
    "AsinhBackward0",
    np.arcsinh,
    "arsinh(x)",
    "1 / √(x² + 1)",
    x=lambda grad, x: grad * _mirrored(lambda z: rsqrt(z * z + 1), x),
)
acosh = _elementary(
    "AcoshBackward0",
    np.arccosh,
    "arcosh(x)",
    "1 / (√(x − 1) · √(x + 1))",
    x=lambda grad, x: grad * _mirrored(lambda z: rsqrt(z - 1) * rsqrt(z + 1) if z.dtype.kind == "c" else rsqrt(z * z - 1), x),
)
atanh = _elementary("AtanhBackward0", np.arctanh, "artanh(x)", "1 / (1 − x²)", x=lambda grad, x: grad / (1 - x * x))


@op(
    "ReciprocalBackward0",
    x=lambda grad, out: -grad * (out * out),
    promote="float",
    formula=("1 / x", "−out²"),
    symbol="1/x",
)
def reciprocal(x):
    """``1 / x``."""
    return np.divide(1, x)


@op(
    "RsqrtBackward0",
    x=lambda grad, out: -0.5 * grad * (out * out * out),
    promote="float",
    formula=("1 / √x", "−out³ / 2"),
    symbol="1/√",
)
def rsqrt(x):
    """``1 / sqrt(x)``."""
    return np.divide(1, np.sqrt(x))


@op(
    "SigmoidBackward0",
    x=lambda grad, out: grad * ((1 - out) * out),
    promote="float",
    formula=("σ(x)", "out · (1 − out)"),
    symbol="σ",
    family="activation",
)
def sigmoid(x):
    """The logistic function ``1 / (1 + exp(-x))``, which overflows to 0, not to nan."""
    return as_half(np.divide(1, 1 + np.exp(-from_half(x))), x)


def from_half(x):
    """Half precision as single: what takes several steps takes them in single precision and rounds once."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 and x.dtype.kind == "f" else x


def as_half(result, x):
    """The result of steps that began with :func:`from_half`, in the dtype of ``x``."""
    return result.astype(np.float16) if x.dtype.itemsize == 2 and x.dtype.kind == "f" else result


def _declare_rounding(name, forward, value):
    @op(f"{name.capitalize()}Backward0", x=lambda grad: zeros_like(grad), public=name, formula=(value, "0"))
    def rounded(x):
        if x.dtype == bool:
            raise not_implemented(f"{name}_vml_cpu", x.dtype)
        return forward(x) if x.dtype.kind == "f" else x.copy()

    return rounded


floor = _declare_rounding("floor", np.floor, "⌊x⌋")
ceil = _declare_rounding("ceil", np.ceil, "⌈x⌉")
trunc = _declare_rounding("trunc", np.trunc, "trunc(x)")
round_half_even = _declare_rounding("round", np.rint, "round(x)")


@op("RoundBackward1", x=lambda grad: zeros_like(grad), public="round", formula=("round(x, decimals)", "0"))
def round_decimals(x, *, decimals):
    """The nearest number with ``decimals`` digits after the point, halves to even."""
    if x.dtype.kind != "f":
        raise not_implemented("round_cpu", x.dtype)
    scale = x.dtype.type(10.0 ** abs(decimals))
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


@op("FracBackward0", x=lambda grad: grad, formula=("x − trunc(x)", "1"))
def frac(x):
    """The part after the point, with the sign of ``x``."""
    if x.dtype.kind != "f":
        raise not_implemented("frac_cpu", x.dtype)
    return x - np.trunc(x)


# ---- copies and conversions ----------------------------------------------------------------------------------------


@op("CloneBackward0", x=lambda grad: grad, formula=("x", "1"), family="shape")
def clone(x):
    """A copy with memory of its own, through which gradients flow."""
    return x.copy()


@op("ToCopyBackward0", x=lambda grad: grad, formula=("x as dtype", "1"), symbol="to", family="shape")
def convert(x, dtype):
    """A copy in another dtype. Its gradient comes back in the input's."""
    return x.astype(dtype)


@op("CopyBackwards", x=lambda grad: zeros_like(grad), y=lambda grad: grad, public="copy_", formula=("y", "0", "1"))
def copy_from(x, y):
    """``y`` in ``x``'s shape and dtype: what ``x.copy_(y)`` and ``x[index] = y`` leave behind."""
    return np.broadcast_to(y, x.shape).astype(x.dtype)


@op(None, x=None, formula=("0",))
def zeros_like(x):
    return np.zeros_like(x)
