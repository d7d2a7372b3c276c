"""The normal distribution's functions, incomplete gamma functions, and Hurwitz's zeta function."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from . import coefficients as c
from .choosing import where
from .elementwise import exp, log
from .gamma import _hurwitz, _in_double, lgamma
from .special import _of_each, _require_float, erfc

__all__ = ["entr", "erfcx", "igamma", "igammac", "log_ndtr", "ndtri", "xlog1py", "zeta"]


def _require_single(x, name):
    if x.dtype.itemsize == 2:
        raise not_implemented(name, x.dtype)


@op(
    "SpecialEntrBackward0",
    x=lambda grad, x: grad * (-1.0 - log(x)),
    promote="float",
    public="special_entr",
    symbol="entr",
    formula=("−x · log(x)", "−1 − log(x)"),
)
def entr(x):
    """``-x log(x)``, 0 at 0 and -inf below."""
    inside = np.where(x > 0, x, x.dtype.type(1))
    outside = np.where(x == 0, x.dtype.type(0), x.dtype.type(-np.inf))
    return np.where(np.isnan(x), x, np.where(x > 0, -x * np.log(inside), outside))


# ---- the normal distribution -------------------------------------------------------------------------------------------


@op(
    "SpecialErfcxBackward0",
    x=lambda grad, x, out: grad * (2.0 * x * out - 2 / math.sqrt(math.pi)),
    promote="float",
    public="special_erfcx",
    symbol="erfcx",
    formula=("exp(x²) · (1 − erf(x))", "2 · x · out − 2 / √π"),
)
def erfcx(x):
    """``exp(x^2) erfc(x)``, which erfc alone would lose in zeros."""
    _require_single(x, "erfcx_cpu")
    return _in_double(_erfcx, x)


def _erfcx(x):
    near = np.clip(np.nan_to_num(x), -30.0, 26.0)
    high = np.round(near * 2.0**20) / 2.0**20  # its square has no rounding
    value = np.exp(high * high) * np.exp((near - high) * (near + high)) * _of_each(math.erfc, near)
    w = 0.5 / np.maximum(x, 26.0) ** 2
    series = 1 - w * (1 - 3 * w * (1 - 5 * w * (1 - 7 * w * (1 - 9 * w * (1 - 11 * w)))))
    far = series / (np.maximum(x, 26.0) * math.sqrt(math.pi))
    return np.where(np.isnan(x), x, np.where(x > 26, far, np.where(x < -27, np.inf, value)))


@op(
    "SpecialLogNdtrBackward0",
    x=lambda grad, x: grad * math.sqrt(2 / math.pi) / erfcx(-x / math.sqrt(2)),
    promote="float",
    public="special_log_ndtr",
    symbol="log Φ",
    formula=("log(Φ(x))", "φ(x) / Φ(x)"),
)
def log_ndtr(x):
    """The logarithm of the area under the normal distribution's curve up to x."""
    _require_single(x, "log_ndtr_cpu")
    return _in_double(_log_ndtr, x)


def _log_ndtr(x):
    t = x * math.sqrt(0.5)
    left = np.minimum(t, 0.0)
    return np.where(x < -1, np.log(_erfcx(-left) / 2) - left * left, np.log1p(-_of_each(math.erfc, t) / 2))


@op(
    "SpecialNdtriBackward0",
    x=lambda grad, out: grad * (math.sqrt(2 * math.pi) * exp(out * out / 2.0)),
    promote="float",
    public="special_ndtri",
    symbol="Φ⁻¹",
    formula=("√2 · erfinv(2 · x − 1)", "1 / φ(out)"),
)
def ndtri(x):
    """The x up to which the area under the normal distribution's curve is this."""
    _require_single(x, "ndtri_cpu")
    return _in_double(_ndtri, x)


def _ndtri(p):
    inside = np.where((p > 0) & (p < 1), p, 0.5)
    tail = math.exp(-2)
    upper = inside > 1 - tail
    y = np.where(upper, 1 - inside, inside)
    middle = y > tail
    centre = np.where(middle, y, 0.5) - 0.5
    w = centre * centre
    value = (centre + centre * (w * np.polyval(c.NDTRI_P0, w) / np.polyval(c.NDTRI_Q0, w))) * math.sqrt(2 * math.pi)
    x = np.sqrt(-2 * np.log(np.where(middle, tail, y)))
    z = 1 / x
    near = z * np.polyval(c.NDTRI_P1, z) / np.polyval(c.NDTRI_Q1, z)
    far = z * np.polyval(c.NDTRI_P2, z) / np.polyval(c.NDTRI_Q2, z)
    end = x - np.log(x) / x - np.where(x < 8, near, far)
    value = np.where(middle, value, np.where(upper, end, -end))
    value = np.where(p == 0, -np.inf, np.where(p == 1, np.inf, value))
    return np.where((p < 0) | (p > 1) | np.isnan(p), np.nan, value)


# ---- two variables -----------------------------------------------------------------------------------------------------


@op(
    "SpecialXlog1PyBackward0",
    x=lambda grad, x, y: where((x == 0) & (y <= -1), 0.0, xlog1py(grad, y)),
    y=lambda grad, x, y: grad * x / (y + 1),
    promote="float",
    public="special_xlog1py",
    symbol="xlog1py",
    formula=("x · log(1 + y)", "log(1 + y)", "x / (y + 1)"),
)
def xlog1py(x, y):
    """``x log(1 + y)``, and 0 where x is 0."""
    _require_float(x, "xlog1py_cpu")
    return np.where(np.isnan(y), y, np.where(np.equal(x, 0), x.dtype.type(0), x * np.log1p(y)))


def _unknown(name):
    raise NotImplementedError(f"the derivative for '{name}' is not implemented.")


@op(
    "SpecialZetaBackward0",
    x=lambda grad: _unknown("zeta"),
    q=lambda grad, x, q: grad * -x * zeta(x + 1, q),
    promote="float",
    public="special_zeta",
    symbol="ζ",
    formula=("zeta(x, q)", "undefined", "−x · zeta(x + 1, q)"),
)
def zeta(x, q):
    """Hurwitz's zeta function: the sum of ``(k + q)^-x`` over k from 0 on."""
    _require_single(x, "zeta_cpu")
    return np.asarray(_hurwitz(x.astype(np.float64), q.astype(np.float64))).astype(x.dtype)


def _declare_incomplete(name, upper, formula, words):
    @op(
        f"{name.title()}Backward0",
        x=lambda grad: _unknown(f"{name}: input"),
        y=lambda grad, x, y: grad * (_SIGN[name] * exp((x - 1) * log(y) - y - lgamma(x))),
        promote="common",
        numbers=False,
        public=name,
        formula=formula,
    )
    def incomplete(x, y):
        _require_float(x, f"{name}_cpu")
        return np.asarray(_incomplete(*np.broadcast_arrays(x.astype(np.float64), y.astype(np.float64)), upper)).astype(x.dtype)

    incomplete.__doc__ = words
    return incomplete


_SIGN = {"igamma": 1.0, "igammac": -1.0}


def _incomplete(a, x, upper):
    """The part of the gamma function's integral below x, or above: a series, a continued fraction, or, near a large ``a``,
    N. M. Temme's uniform expansion. (Source: Cephes, as in PyTorch.)"""
    with np.errstate(all="ignore"):
        regular = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
        b, z = np.where(regular, a, 1.0), np.where(regular, x, 1.0)
        near = (b > 200) & (np.abs(z - b) / b < 4.5 / np.sqrt(b))
        below = z <= np.maximum(b, 1.0)
        lower = _series(b, z, ~near & below)
        above = _fraction(b, z, ~near & ~below)
        p = np.where(below, lower, 1 - above) if not upper else np.where(below, 1 - lower, above)
        if upper:  # where the difference would lose digits
            small = below & (z <= 1.1) & ~near
            p = np.where(small & ~np.where(z <= 0.5, -0.4 / np.log(np.minimum(z, 0.5)) < b, z * 1.1 < b), _small(b, z), p)
        p = np.where(near, _temme(b, z, upper), p)
        high, low = (0.0, 1.0) if upper else (1.0, 0.0)
        p = np.where(np.isnan(a) | np.isnan(x), np.nan, p)
        p = np.where(np.isinf(x), high, p)
        p = np.where(np.isinf(a), np.where(np.isinf(x), np.nan, low), p)
        p = np.where(x == 0, low, p)
        p = np.where(a == 0, np.where(x > 0, high, np.nan), p)
        return np.where((x < 0) | (a < 0), np.nan, p)


_LANCZOS_G = 6.024680040776729583740234375 - 0.5


def _factor(a, x):
    """``x^a exp(-x) / gamma(a)``, by Lanczos' approximation where x is near a."""
    plain = np.exp(a * np.log(x) - x - lgamma(a))
    shifted = a + _LANCZOS_G
    scale = np.sqrt(shifted / math.e) / (np.polyval(c.LANCZOS_P, a) / np.polyval(c.LANCZOS_Q, a))
    share = (x - shifted) / shifted
    close = np.where(
        (a < 200) & (x < 200),
        np.exp(a - x) * (x / shifted) ** a,
        np.exp(a * (np.log1p(share) - share) + x * -_LANCZOS_G / shifted),
    )
    return np.where(np.abs(a - x) > 0.4 * np.abs(a), plain, scale * close)


def _series(a, x, wanted):
    term = total = np.where(wanted, 1.0, 0.0)
    for k in range(1, 2001):
        term = term * (x / (a + k))
        total = total + term
        if not (term > 1e-17 * total).any():
            break
    return total * _factor(a, x) / a


def _fraction(a, x, wanted):
    """The continued fraction by Lentz's method."""
    x = np.where(wanted, x, 1e3)
    a = np.where(wanted, a, 1.0)
    b = x + 1 - a
    c_, d = np.full(a.shape, 1e300), 1 / b
    value = d
    for k in range(1, 2001):
        step = -k * (k - a)
        b = b + 2
        d, c_ = 1 / (step * d + b), b + step / c_
        change = d * c_
        value = value * change
        if not (np.abs(change - 1) > 1e-16).any():
            break
    return value * _factor(a, x)


def _small(a, x):
    """The upper part for small numbers, without subtracting from 1."""
    factor, total = np.ones(a.shape), np.zeros(a.shape)
    for n in range(1, 60):
        factor = factor * (-x / n)
        total = total + factor / (a + n)
    return -np.expm1(a * np.log(x) - lgamma(1 + a)) - np.exp(a * np.log(x) - lgamma(a)) * total


_TEMME = [getattr(c, f"TEMME_{k}")[::-1] for k in range(9)]


def _temme(a, x, upper):
    share = np.clip((x - a) / a, -0.5, 0.5)
    eta = np.sign(share) * np.sqrt(np.maximum(-2 * (np.log1p(share) - share), 0.0))
    sign = 1.0 if upper else -1.0
    total, power = np.zeros(a.shape), np.ones(a.shape)
    for row in _TEMME:
        total, power = total + np.polyval(row, eta) * power, power / a
    value = 0.5 * erfc(sign * eta * np.sqrt(a / 2))
    return value + sign * np.exp(-0.5 * a * eta * eta) * total / np.sqrt(2 * math.pi * a)


igamma = _declare_incomplete(
    "igamma", False, ("igamma(x, y)", "undefined", "exp((x − 1) · log(y) − y − lgamma(x))"),
    "The lower incomplete gamma function: of the integral from 0 to ``other``, which part of the whole.",
)  # fmt: skip
igammac = _declare_incomplete(
    "igammac", True, ("1 − igamma(x, y)", "undefined", "−exp((x − 1) · log(y) − y − lgamma(x))"),
    "The upper incomplete gamma function, ``1 - igamma``.",
)  # fmt: skip
