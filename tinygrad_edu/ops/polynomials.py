"""Orthogonal polynomials by their recurrences, without gradients, as in PyTorch: ``n``, the degree, may be a tensor.

Source: ``aten/src/ATen/native/Math.h`` of PyTorch 2.13.
"""

from __future__ import annotations

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op

__all__ = [
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]  # fmt: skip


def _recurrence(x, n, first, step, most=np.inf):
    """1, ``first``, then ``step(k, q, p)`` from the last two; 0 for a negative degree, nan for one beyond ``most``."""
    kind = x.dtype.type
    p, q = np.ones_like(x), first
    result = np.where(n < 0, kind(0), np.where(n == 0, p, first))
    large = np.minimum(n, most).max(initial=0)
    for k in range(1, int(large)):
        p, q = q, step(kind(k), q, p)
        result = np.where(n == k + 1, q, result)
    return np.where(n > most, kind(np.nan), result)


def _declare(name, letter, evaluate, words):
    @op(
        None,
        x=None,
        n=None,
        promote="float",
        public=f"special_{name}",
        symbol=name,
        formula=(f"{letter}(n, x)",),
    )
    def polynomial(x, n):
        if x.dtype.itemsize == 2:
            raise not_implemented(f"{name}_cpu", x.dtype)
        x, n = np.broadcast_arrays(x, n)
        return evaluate(x, np.trunc(n))

    polynomial.__doc__ = words
    return polynomial


# ---- Chebyshev's -------------------------------------------------------------------------------------------------------


def _chebyshev(first, ends, waves):
    """``ends``: the value at 1 and at -1 of the degree n; ``waves``: the value between, for large degrees."""

    def evaluate(x, n):
        twice = x + x
        small = _recurrence(x, np.where(n > 8, 0, n), first(x), lambda k, q, p: twice * q - p)
        inside = np.abs(x) < 1
        if (n > 8).any():
            outside = _recurrence(np.where(inside, x.dtype.type(1), x), n, first(x), lambda k, q, p: twice * q - p)
            small = np.where(n > 8, np.where(inside, waves(np.arccos(np.where(inside, x, 0)), n), outside), small)
        high, low = ends(n, np.where(np.fmod(n, 2) == 0, 1, -1))
        at_ends = np.where(n < 0, 0, np.where(x == 1, high, low))
        return np.where(np.abs(x) == 1, at_ends, small).astype(x.dtype)

    return evaluate


_T = _chebyshev(lambda x: x, lambda n, sign: (1, sign), lambda t, n: np.cos(n * t))
_U = _chebyshev(lambda x: x + x, lambda n, sign: (n + 1, sign * (n + 1)), lambda t, n: np.sin((n + 1) * t) / np.sin(t))
_V = _chebyshev(
    lambda x: x + x - 1,
    lambda n, sign: (1, sign * (n + n + 1)),
    lambda t, n: np.cos((n + 0.5) * t) / np.cos(t / 2),
)
_W = _chebyshev(
    lambda x: x + x + 1,
    lambda n, sign: (n + n + 1, sign),
    lambda t, n: np.sin((n + 0.5) * t) / np.sin(t / 2),
)


def _shifted(evaluate):
    return lambda x, n: evaluate(x + x - x.dtype.type(1), n)


# ---- others ------------------------------------------------------------------------------------------------------------


def _most(x):
    """The highest degree that PyTorch computes."""
    return 512 if x.dtype.itemsize == 8 else 128


def _hermite_h(x, n):
    twice = x + x
    return _recurrence(x, n, twice, lambda k, q, p: twice * q - (k + k) * p, _most(x))


def _hermite_he(x, n):
    return _recurrence(x, n, x.copy(), lambda k, q, p: x * q - k * p, _most(x))


def _laguerre(x, n):
    return _recurrence(x, n, 1 - x, lambda k, q, p: ((k + k + (1 - x)) * q - k * p) / (k + 1))


def _legendre(x, n):
    return _recurrence(x, n, x.copy(), lambda k, q, p: ((k + k + 1) * x * q - k * p) / (k + 1))


chebyshev_polynomial_t = _declare("chebyshev_polynomial_t", "T", _T, "Chebyshev's polynomial of the first kind.")
chebyshev_polynomial_u = _declare("chebyshev_polynomial_u", "U", _U, "Chebyshev's polynomial of the second kind.")
chebyshev_polynomial_v = _declare("chebyshev_polynomial_v", "V", _V, "Chebyshev's polynomial of the third kind.")
chebyshev_polynomial_w = _declare("chebyshev_polynomial_w", "W", _W, "Chebyshev's polynomial of the fourth kind.")
shifted_chebyshev_polynomial_t = _declare("shifted_chebyshev_polynomial_t", "T", _shifted(_T), "T at ``2 x - 1``.")
shifted_chebyshev_polynomial_u = _declare("shifted_chebyshev_polynomial_u", "U", _shifted(_U), "U at ``2 x - 1``.")
shifted_chebyshev_polynomial_v = _declare("shifted_chebyshev_polynomial_v", "V", _shifted(_V), "V at ``2 x - 1``.")
shifted_chebyshev_polynomial_w = _declare("shifted_chebyshev_polynomial_w", "W", _shifted(_W), "W at ``2 x - 1``.")
hermite_polynomial_h = _declare("hermite_polynomial_h", "H", _hermite_h, "The physicists' Hermite polynomial.")
hermite_polynomial_he = _declare("hermite_polynomial_he", "He", _hermite_he, "The statisticians' Hermite polynomial.")
laguerre_polynomial_l = _declare("laguerre_polynomial_l", "L", _laguerre, "Laguerre's polynomial.")
legendre_polynomial_p = _declare("legendre_polynomial_p", "P", _legendre, "Legendre's polynomial.")
