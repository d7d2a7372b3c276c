"""Bessel functions, Airy's function: approximations of Cephes with PyTorch's coefficients (:mod:`.coefficients`).

They are computed in double precision. PyTorch differentiates the four ``i0 i0e i1 i1e``; the others have no gradient there.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from . import coefficients as c
from .choosing import where
from .complex import abs_, sgn
from .elementwise import reciprocal
from .gamma import _in_double

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "i0", "i0e", "i1", "i1e", "modified_bessel_i0",
    "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1", "spherical_bessel_j0",
]  # fmt: skip


def _chebyshev(y, table):
    """The sum of Chebyshev polynomials, by Clenshaw's recurrence."""
    current = previous = before = np.zeros(y.shape)
    for each in table:
        current, previous, before = y * current - previous + each, current, previous
    return 0.5 * (current - before)


# ---- modified, of the first kind ---------------------------------------------------------------------------------------


def _scaled_i0(x):
    x = np.abs(x)
    near, far = np.minimum(x, 8.0), np.maximum(x, 8.0)
    return np.where(x <= 8, _chebyshev(near / 2 - 2, c.I0E_SMALL), _chebyshev(32 / far - 2, c.I0E_LARGE) / np.sqrt(far))


def _scaled_i1(x):
    size = np.abs(x)
    near, far = np.minimum(size, 8.0), np.maximum(size, 8.0)
    large = _chebyshev(32 / far - 2, c.I1E_LARGE) / np.sqrt(far)
    return np.copysign(np.where(size <= 8, near * _chebyshev(near / 2 - 2, c.I1E_SMALL), large), x)


def _unscaled(scaled):
    return lambda x: np.exp(np.abs(x)) * scaled(x)


_i0, _i1 = _unscaled(_scaled_i0), _unscaled(_scaled_i1)
_EPS = {2: 2.0**-10, 4: 2.0**-23, 8: 2.0**-52}


def _ratio(x, value, at_zero):
    """``value(x')`` away from zero, where it is ``at_zero``; it divides by x'."""
    eps = _EPS[x.dtype.itemsize]
    away = abs_(x) > eps
    return where(away, value(where(away, x, eps)), at_zero)


@op("I0Backward0", x=lambda grad, x: grad * i1(x), promote="float", formula=("I0(x)", "I1(x)"), symbol="i0")
def i0(x):
    """The modified Bessel function of the first kind of order 0."""
    return _in_double(_i0, x)


@op(
    "SpecialI0EBackward0",
    x=lambda grad, x, out: grad * (i1e(x) - sgn(x) * out),
    promote="float",
    public="special_i0e",
    symbol="i0e",
    formula=("exp(−|x|) · I0(x)", "exp(−|x|) · I1(x) − sign(x) · out"),
)
def i0e(x):
    """``exp(-|x|) i0(x)``."""
    return _in_double(_scaled_i0, x)


@op(
    "SpecialI1Backward0",
    x=lambda grad, x, out: grad * _ratio(x, lambda z: i0(z) - out * reciprocal(z), 0.5),
    promote="float",
    public="special_i1",
    symbol="i1",
    formula=("I1(x)", "I0(x) − out / x"),
)
def i1(x):
    """The modified Bessel function of the first kind of order 1."""
    return _in_double(_i1, x)


@op(
    "SpecialI1EBackward0",
    x=lambda grad, x, out: grad * _ratio(x, lambda z: i0e(z) - out * (sgn(z) + reciprocal(z)), 0.5),
    promote="float",
    public="special_i1e",
    symbol="i1e",
    formula=("exp(−|x|) · I1(x)", "exp(−|x|) · I0(x) − out · (sign(x) + 1 / x)"),
)
def i1e(x):
    """``exp(-|x|) i1(x)``."""
    return _in_double(_scaled_i1, x)


# ---- without gradients -------------------------------------------------------------------------------------------------


def _declare(name, function, words):
    @op(None, x=None, promote="float", public=f"special_{name}", symbol=name, formula=(f"{_LETTERS[name]}(x)",))
    def bessel_function(x):
        if x.dtype.itemsize == 2:
            raise not_implemented(f"{name}_cpu", x.dtype)
        return _in_double(function, x)

    bessel_function.__doc__ = words
    return bessel_function


_LETTERS = {
    "airy_ai": "Ai", "bessel_j0": "J0", "bessel_j1": "J1", "bessel_y0": "Y0", "bessel_y1": "Y1",
    "modified_bessel_i0": "I0", "modified_bessel_i1": "I1", "modified_bessel_k0": "K0", "modified_bessel_k1": "K1",
    "scaled_modified_bessel_k0": "exp(x) · K0", "scaled_modified_bessel_k1": "exp(x) · K1", "spherical_bessel_j0": "j0",
}  # fmt: skip
_TWO_OVER_PI = 0.636619772367581343075535053490057448


def _wave(x, tables, phase, second):
    """Beyond 5: a wave with this phase whose height falls, ``second`` a quarter of a period later."""
    pp, pq, qp, qq = (np.polyval(each, 25 / (x * x)) for each in tables)
    along, across = (np.sin, np.cos) if second else (np.cos, np.sin)
    sign = 1.0 if second else -1.0
    wave = pp / pq * along(x - phase) + sign * (5 / x * (qp / qq) * across(x - phase))
    return wave * math.sqrt(2 / math.pi) / np.sqrt(x)


_J0_WAVE, _J1_WAVE = (c.J0_PP, c.J0_PQ, c.J0_QP, c.J0_QQ), (c.J1_PP, c.J1_PQ, c.J1_QP, c.J1_QQ)


def _j0(x):
    x = np.abs(x)
    w = np.minimum(x, 5.0) ** 2
    near = (w - 5.78318596294678452118) * (w - 30.4712623436620863991) * np.polyval(c.J0_RP, w) / np.polyval(c.J0_RQ, w)
    near = np.where(x < 1e-5, 1 - w / 4, near)
    return np.where(x <= 5, near, _wave(np.maximum(x, 5.0), _J0_WAVE, math.pi / 4, False))


def _j1(x):
    size = np.abs(x)
    z = np.minimum(size, 5.0)
    w = z * z
    near = np.polyval(c.J1_RP, w) / np.polyval(c.J1_RQ, w) * z * (w - 14.6819706421238932572) * (w - 49.2184563216946036703)
    return np.sign(x) * np.where(size <= 5, near, _wave(np.maximum(size, 5.0), _J1_WAVE, 3 * math.pi / 4, False))


def _y0(x):
    z = np.clip(x, 1e-300, 5.0)
    w = z * z
    near = np.polyval(c.Y0_YP, w) / np.polyval(c.Y0_YQ, w) + _TWO_OVER_PI * np.log(z) * _j0(z)
    return _right_of_zero(x, np.where(x <= 5, near, _wave(np.maximum(x, 5.0), _J0_WAVE, math.pi / 4, True)), -np.inf)


def _y1(x):
    z = np.clip(x, 1e-300, 5.0)
    w = z * z
    near = z * (np.polyval(c.Y1_YP, w) / np.polyval(c.Y1_YQ, w)) + _TWO_OVER_PI * (_j1(z) * np.log(z) - 1 / z)
    return _right_of_zero(x, np.where(x <= 5, near, _wave(np.maximum(x, 5.0), _J1_WAVE, 3 * math.pi / 4, True)), -np.inf)


def _right_of_zero(x, value, at_zero):
    return np.where(x == 0, at_zero, np.where(x < 0, np.nan, value))


def _modified_second(small, large, first, factor):
    """The modified functions of the second kind: ``factor(x, near, far)`` puts the two approximations together."""

    def function(x):
        near, far = np.clip(x, 1e-300, 2.0), np.maximum(x, 2.0)
        logarithm = np.log(0.5 * near) * first(near)
        value = np.where(x <= 2, factor(near, logarithm, _chebyshev(near * near - 2, small)), 0.0)
        tail = _chebyshev(8 / far - 2, large) / np.sqrt(far)
        return value, tail

    return function


_k0_parts = _modified_second(c.K0_SMALL, c.K0_LARGE, _i0, lambda x, logarithm, series: series - logarithm)
_k1_parts = _modified_second(c.K1_SMALL, c.K1_LARGE, _i1, lambda x, logarithm, series: logarithm + series / x)


def _modified(parts, scaled):
    def function(x):
        near, far = parts(x)
        if scaled:
            near = near * np.exp(np.minimum(x, 2.0))
        else:
            far = far * np.exp(-np.maximum(x, 2.0))
        return np.where(np.isnan(x), x, _right_of_zero(x, np.where(x <= 2, near, far), np.inf))

    return function


def _spherical_j0(x):
    w = np.minimum(np.abs(x), 0.5) ** 2
    series = 1 - w / 6 * (1 - w / 20 * (1 - w / 42 * (1 - w / 72 * (1 - w / 110 * (1 - w / 156)))))
    far = np.where(np.abs(x) < 0.5, 1.0, np.where(np.isinf(x), 1.0, x))
    return np.where(np.isinf(x), 0.0, np.where(np.abs(x) < 0.5, series, np.sin(far) / far))


def _airy(x):
    left, right = np.minimum(x, -2.09), np.clip(x, 2.09, 110.0)
    z = 1 / (-2 * left * np.sqrt(-left) / 3)
    w, t = z * z, 1 / z + math.pi / 4
    afn, afd, agn, agd = (np.polyval(each, w) for each in (c.AIRY_AFN, c.AIRY_AFD, c.AIRY_AGN, c.AIRY_AGD))
    wave = np.sin(t) * (1 + w * afn / afd) - np.cos(t) * (z * agn / agd)
    waves = 1 / math.sqrt(math.pi) / np.sqrt(np.sqrt(-left)) * wave
    zeta = 2 * right * np.sqrt(right) / 3
    ratio = np.polyval(c.AIRY_AN, 1 / zeta) / np.polyval(c.AIRY_AD, 1 / zeta)
    tail = 1 / math.sqrt(math.pi) * ratio / (2 * np.sqrt(np.sqrt(right)) * np.exp(zeta))
    value = np.where(x < -2.09, waves, np.where(x >= 2.09, tail, _airy_series(np.clip(x, -2.09, 2.09))))
    return np.where(np.isinf(x), np.nan, np.where(x > 103.892, 0.0, value))


def _airy_series(x):
    f, g, m, n, cube = 1.0, x, 1.0, x, x**3
    for k in range(2, 44, 3):
        m, n = m * cube / (k * (k + 1)), n * cube / ((k + 1) * (k + 2))
        f, g = f + m, g + n
    return 0.355028053887817239260 * f - 0.258819403792806798405 * g


airy_ai = _declare("airy_ai", _airy, "Airy's function Ai.")
bessel_j0 = _declare("bessel_j0", _j0, "The Bessel function of the first kind of order 0.")
bessel_j1 = _declare("bessel_j1", _j1, "The Bessel function of the first kind of order 1.")
bessel_y0 = _declare("bessel_y0", _y0, "The Bessel function of the second kind of order 0.")
bessel_y1 = _declare("bessel_y1", _y1, "The Bessel function of the second kind of order 1.")
modified_bessel_i0 = _declare("modified_bessel_i0", _i0, "The modified Bessel function of the first kind of order 0.")
modified_bessel_i1 = _declare("modified_bessel_i1", _i1, "The modified Bessel function of the first kind of order 1.")
modified_bessel_k0 = _declare(
    "modified_bessel_k0", _modified(_k0_parts, False), "The modified Bessel function of the second kind of order 0."
)
modified_bessel_k1 = _declare(
    "modified_bessel_k1", _modified(_k1_parts, False), "The modified Bessel function of the second kind of order 1."
)
scaled_modified_bessel_k0 = _declare(
    "scaled_modified_bessel_k0", _modified(_k0_parts, True), "``exp(x) modified_bessel_k0(x)``."
)
scaled_modified_bessel_k1 = _declare(
    "scaled_modified_bessel_k1", _modified(_k1_parts, True), "``exp(x) modified_bessel_k1(x)``."
)
spherical_bessel_j0 = _declare(
    "spherical_bessel_j0", _spherical_j0, "The spherical Bessel function of the first kind of order 0."
)
