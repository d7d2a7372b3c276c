"""The gamma function's family, and the inverse of the error function."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import op
from .choosing import where
from .elementwise import as_half, cos, exp, from_half, sin

__all__ = ["digamma", "erfinv", "lgamma", "polygamma", "sinc"]


def _in_double(function, x):
    """``function`` of the numbers in double precision, in the dtype of ``x``."""
    return np.asarray(function(x.astype(np.float64))).astype(x.dtype)


@op("LgammaBackward0", x=lambda grad, x: grad * digamma(x), promote="float", formula=("lgamma(x)", "digamma(x)"))
def lgamma(x):
    """``log |gamma(x)|``."""
    values = np.fromiter(map(_lgamma, x.reshape(-1).tolist()), np.float64, x.size)
    return values.reshape(x.shape).astype(x.dtype)


def _lgamma(value):
    try:
        return math.lgamma(value)
    except (ValueError, OverflowError):  # a pole; beyond the largest double
        return math.inf


@op(
    "DigammaBackward0",
    x=lambda grad, x: grad * polygamma(x, 1),
    promote="float",
    formula=("digamma(x)", "polygamma(1, x)"),
)
def digamma(x):
    """The derivative of :func:`lgamma`: upwards by the recurrence, then the asymptotic series."""
    return _in_double(_digamma, x)


def _digamma(x):
    reflected = x < 0
    z = np.where(reflected, 1 - x, x)
    shift = np.zeros(x.shape)
    for _ in range(10):
        small = z < 10
        shift = np.where(small, shift - 1 / z, shift)
        z = np.where(small, z + 1, z)
    w = 1 / (z * z)
    series = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132 - w * (691 / 32760 - w / 12))))))
    value = np.log(z) - 0.5 / z - series + shift
    fraction = x - np.floor(x)
    value = np.where(reflected, value - np.pi / np.tan(np.pi * fraction), value)
    value = np.where(reflected & (x == np.floor(x)), np.nan, value)
    return np.where(x == 0, np.copysign(np.inf, -x), np.where(np.isposinf(x), np.inf, value))


@op(
    "PolygammaBackward0",
    x=lambda grad, x, n: grad * polygamma(x, n + 1),
    promote="float",
    formula=("polygamma(n, x)", "polygamma(n + 1, x)"),
)
def polygamma(x, n):
    """The ``n``-th derivative of :func:`digamma`: ``(-1)^(n+1) n! zeta(n + 1, x)``."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return _in_double(_digamma, x)
    if n == 1:
        return _in_double(_trigamma, x)
    sign = 1.0 if n % 2 else -1.0
    return _in_double(lambda z: sign * math.factorial(n) * _hurwitz(np.asarray(n + 1.0), z), x)


def _trigamma(x):
    """With PyTorch's few terms (nine digits)."""
    reflected = x < 0.5
    sine = np.where(reflected, np.sin(np.pi * x), 1.0)
    start, z = np.where(reflected, -(np.pi**2) / (sine * sine), 0.0), np.where(reflected, 1 - x, x)
    for _ in range(6):
        start, z = start + 1 / (z * z), z + 1
    w = 1 / (z * z)
    value = start + (1 + 1 / (2 * z) + w * (1 / 6 - w * (1 / 30 - w / 42))) / z
    return np.where(reflected, -value, value)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
_TERMS = 12


def _hurwitz(s, q):
    """Hurwitz's zeta function for real ``s`` > 1: some terms, then the formula of Euler and Maclaurin."""
    poles = (q <= 0) & (q == np.floor(q))
    nowhere = np.isposinf(q) | ((q <= 0) & ~poles & (s != np.floor(s))) | np.isnan(s)
    s, ends = np.where(s > 1, s, 2.0), s
    q = np.where(poles | nowhere | np.isinf(q), 1.0, q)
    count = _TERMS + math.ceil(-min(float(np.fmin.reduce(q, axis=None, initial=0.0)), 0.0))
    total = np.zeros(np.broadcast_shapes(s.shape, q.shape))
    for k in range(count):
        total = total + (q + k) ** -s
    a, s = q + count, np.minimum(s, 1e4)  # whose rest is nothing
    total = total + a ** (1.0 - s) / (s - 1) + 0.5 * a**-s
    factor, power = s, a ** -(s + 1.0)
    for k, bernoulli in enumerate(_BERNOULLI):
        total = total + bernoulli * factor / math.factorial(2 * k + 2) * power
        factor = factor * ((s + 2 * k + 1) * (s + 2 * k + 2))
        power = power / (a * a)
    total = np.where(poles, np.inf, np.where(nowhere, np.nan, total))
    return np.where(ends == 1, np.inf, np.where(ends < 1, np.nan, total))


# ---- others ----------------------------------------------------------------------------------------------------------

_HALF_ROOT_OF_PI = math.sqrt(math.pi) / 2
_CENTRAL = ((-0.140543331, 0.914624893, -1.645349621, 0.886226899), (0.012229801, -0.329097515, 1.442710462, -2.118377725, 1.0))
_TAIL = ((1.641345311, 3.429567803, -1.624906493, -1.970840454), (1.637067800, 3.543889200, 1.0))


@op(
    "ErfinvBackward0",
    x=lambda grad, out: grad * (_HALF_ROOT_OF_PI * exp(out * out)),
    promote="float",
    formula=("erfinv(x)", "√π / 2 · exp(out²)"),
)
def erfinv(x):
    """The inverse of :func:`erf`: rational approximations, then two of Newton's steps."""
    return _in_double(_erfinv, x)


def _erfinv(x):
    from .special import erf

    size = np.minimum(np.abs(x), 1 - 1e-17)
    square = x * x
    central = x * np.polyval(_CENTRAL[0], square) / np.polyval(_CENTRAL[1], square)
    root = np.sqrt(-np.log((1 - np.where(size < 1, size, 0.5)) / 2))
    tail = np.copysign(np.polyval(_TAIL[0], root) / np.polyval(_TAIL[1], root), x)
    y = np.where(np.abs(x) <= 0.7, central, tail)
    for _ in range(2):
        y = y - (erf.forward(y) - x) / (2 / math.sqrt(math.pi) * np.exp(-y * y))
    y = np.where(np.abs(x) == 1, np.copysign(np.inf, x), y)
    return np.where(np.abs(x) > 1, np.nan, y)


@op(
    "SincBackward0",
    x=lambda grad, x: _sinc_rule(grad, x),
    promote="float",
    formula=("sin(π · x) / (π · x)", "cos(π · x) / x − sin(π · x) / (π · x²)"),
)
def sinc(x):
    """``sin(pi x) / (pi x)``, and 1 at 0."""
    z = from_half(x)
    product = z * z.dtype.type(math.pi)
    return as_half(np.where(z == 0, z.dtype.type(1), np.sin(product) / np.where(z == 0, z.dtype.type(1), product)), x)


def _sinc_rule(grad, x):
    """``(pi x cos(pi x) - sin(pi x)) / (pi x^2)``, and 0 at 0."""
    product = x * math.pi
    return where(product * x == 0, 0.0, grad * ((product * cos(product) - sin(product)) / (product * x)))
