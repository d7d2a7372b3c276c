"""Special functions and functions of two variables, element by element."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import where
from .elementwise import _no_derivative, as_half, exp, exp2, from_half, reciprocal, zeros_like

__all__ = [
    "atan2", "copysign", "deg2rad", "erf", "erfc", "gcd", "heaviside", "hypot", "lcm", "ldexp", "logaddexp",
    "logaddexp2", "logit", "nextafter", "rad2deg", "xlogy",
]  # fmt: skip


@op("Deg2RadBackward0", x=lambda grad: grad * (math.pi / 180), promote="float", formula=("x · π / 180", "π / 180"))
def deg2rad(x):
    """Degrees as radians."""
    return x * x.dtype.type(math.pi / 180)


@op("Rad2DegBackward0", x=lambda grad: grad * (180 / math.pi), promote="float", formula=("x · 180 / π", "180 / π"))
def rad2deg(x):
    """Radians as degrees."""
    return x * x.dtype.type(180 / math.pi)


@op(
    "LogitBackward0",
    x=lambda grad, x, eps: _logit_rule(grad, x, eps),
    promote="float",
    formula=(
        "{eps:log(z / (1 − z)) with z = clamp(x, eps, 1 − eps)}{else:log(x / (1 − x))}",
        "{eps:1[eps ≤ x ≤ 1 − eps] / (x · (1 − x))}{else:1 / (x · (1 − x))}",
    ),
)
def logit(x, eps=None):
    """``log(x / (1 - x))``, the inverse of the sigmoid; with ``eps``, x is first clamped to [eps, 1 - eps]."""
    z = from_half(x)
    if eps is not None:
        z = np.clip(z, z.dtype.type(eps), z.dtype.type(1 - eps))
    return as_half(np.log(z / (1 - z)), x)


def _logit_rule(grad, x, eps):
    """``1 / (x (1 - x))`` inside; outside nan, or 0 where ``eps`` clamped."""
    low, outside = (0.0, math.nan) if eps is None else (eps, 0.0)
    return where((x >= low) & (x <= 1 - low), grad / (x * (1 - x)), outside)


# ---- the error function ---------------------------------------------------------------------------------------------

_SLOPE = 2 / math.sqrt(math.pi)


@op(
    "ErfBackward0",
    x=lambda grad, x: grad * (_SLOPE * exp(-(x * x))),
    promote="float",
    formula=("erf(x)", "2 / √π · exp(−x²)"),
)
def erf(x):
    """The error function ``2 / sqrt(pi) * integral of exp(-t^2) from 0 to x``."""
    return _of_each(math.erf, x)


@op(
    "ErfcBackward0",
    x=lambda grad, x: grad * (-_SLOPE * exp(-(x * x))),
    promote="float",
    formula=("1 − erf(x)", "−2 / √π · exp(−x²)"),
)
def erfc(x):
    """``1 - erf(x)``, exact also where erf is nearly 1."""
    return _of_each(math.erfc, x)


def _of_each(function, x):
    """NumPy has no error function. A map over Python numbers takes about 60 ns for each element."""
    values = np.fromiter(map(function, x.reshape(-1).tolist()), np.float64, x.size)
    return values.reshape(x.shape).astype(x.dtype)


# ---- two variables ---------------------------------------------------------------------------------------------------


def _inverse_square(x, y):
    """``1 / (x^2 + y^2)``, and 0 at the origin."""
    square = x * x + y * y
    return where(square == 0, 0.0, reciprocal(square))


@op(
    "Atan2Backward0",
    x=lambda grad, x, y: grad * y * _inverse_square(x, y),
    y=lambda grad, x, y: grad * -x * _inverse_square(x, y),
    promote="float",
    numbers=False,
    formula=("arctan2(x, y)", "y / (x² + y²)", "−x / (x² + y²)"),
)
def atan2(x, y):
    """The angle of the point (``other``, ``input``), from -pi to pi."""
    return np.arctan2(x, y)


@op(
    "HypotBackward0",
    x=lambda grad, x, out: grad * (x / out),
    y=lambda grad, y, out: grad * (y / out),
    promote="common",
    numbers=False,
    formula=("√(x² + y²)", "x / out", "y / out"),
)
def hypot(x, y):
    """``sqrt(x^2 + y^2)`` without overflow."""
    _require_float(x, "hypot_cpu")
    return np.hypot(x, y)


def _require_float(x, name):
    if x.dtype.kind != "f":
        raise not_implemented(name, x.dtype)


@op(
    "LogaddexpBackward0",
    x=lambda grad, x, y: grad / (1 + exp(y - x)),
    y=lambda grad, x, y: grad / (1 + exp(x - y)),
    promote="common",
    numbers=False,
    formula=("log(exp(x) + exp(y))", "σ(x − y)", "σ(y − x)"),
)
def logaddexp(x, y):
    """``log(exp(x) + exp(y))``."""
    if x.dtype.kind != "c":
        _require_float(x, "logaddexp_cpu")
        return np.logaddexp(x, y)
    large = np.where(x.real < y.real, y, x)
    return large + np.log1p(np.exp(np.where(x.real < y.real, x, y) - large))


@op(
    "XlogyBackward0",
    x=lambda grad, x, y: where((x == 0) & (y <= 0), 0.0, xlogy(grad, y)),
    y=lambda grad, x, y: grad * x / y,
    promote="float",
    formula=("x · log(y)", "log(y)", "x / y"),
)
def xlogy(x, y):
    """``x * log(y)``, and 0 where x is 0."""
    _require_float(x, "xlogy_cpu")
    return np.where(np.isnan(y), y, np.where(np.equal(x, 0), x.dtype.type(0), x * np.log(y)))


@op(
    "Logaddexp2Backward0",
    x=lambda grad, x, y: grad / (1 + exp2(y - x)),
    y=lambda grad, x, y: grad / (1 + exp2(x - y)),
    promote="common",
    numbers=False,
    formula=("log(2^x + 2^y) / log(2)", "1 / (1 + 2^(y − x))", "1 / (1 + 2^(x − y))"),
)
def logaddexp2(x, y):
    """``log2(2^x + 2^y)``."""
    _require_float(x, "logaddexp2_cpu")
    return np.logaddexp2(x, y)


@op(
    "LdexpBackward0",
    x=lambda grad, y: grad * exp2(y),
    y=lambda grad, out: grad * out * math.log(2),
    promote="float",
    numbers=False,
    formula=("x · 2^y", "2^y", "out · log(2)"),
)
def ldexp(x, y):
    """``x * 2^y``."""
    return x * np.exp2(y)


def _declare_copysign(name):
    """The node is called CopysignBackward0 where the sign is a tensor's, CopysignBackward1 where it is a number's."""

    @op(
        name,
        x=lambda grad, x, out: where(x == 0, 0.0, grad * (out / x)),
        y=lambda grad: zeros_like(grad),
        promote="float",
        numbers="second",
        public="copysign",
        formula=("copysign(x, y)", "out / x", "0"),
    )
    def copysign(x, y):
        """The size of ``x`` with the sign of ``y``."""
        return np.copysign(x, y)

    return copysign


copysign, copysign_number = _declare_copysign("CopysignBackward0"), _declare_copysign("CopysignBackward1")


@op(
    "NotImplemented",
    x=lambda grad: _no_derivative("heaviside"),
    values=lambda grad: _no_derivative("heaviside"),
    formula=("1[x > 0] + values · 1[x = 0]", "undefined", "undefined"),
)
def heaviside(x, values):
    """0 below 0, 1 above, and ``values`` at 0."""
    if x.dtype != values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    kind = x.dtype.type
    return np.where(x == 0, values, np.where(x < 0, kind(0), kind(1)))


@op(
    "NextafterBackward0",
    x=lambda grad: grad,
    y=lambda grad: zeros_like(grad),
    promote="common",
    numbers=False,
    formula=("nextafter(x, y)", "1", "0"),
)
def nextafter(x, y):
    """The next floating point number after ``x`` towards ``y``."""
    _require_float(x, "nextafter_cpu")
    return np.nextafter(x, y)


def _declare_divisor(name, ufunc, words):
    @op(None, x=None, y=None, promote="common", numbers=False, public=name, formula=(f"{name}(x, y)",))
    def divisor(x, y):
        if x.dtype.kind not in "iu":
            raise not_implemented(f"{name}_cpu", x.dtype)
        return ufunc(x, y)

    divisor.__doc__ = words
    return divisor


gcd = _declare_divisor("gcd", np.gcd, "The greatest common divisor of integers.")
lcm = _declare_divisor("lcm", np.lcm, "The least common multiple of integers.")
