"""Gamma, Dirichlet and binomial numbers, draw by draw PyTorch's, and the gradients of the first two.

After ``aten/src/ATen/native/Distributions.h``: the gradients are those of the implicit reparameterisation, by series and
rational approximations.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinygrad_edu as torch

from ..autograd.errors import not_implemented
from ..autograd.function import Function, once_differentiable
from ..errstate import quiet
from ..generator import default_generator
from ..ops.gamma import digamma

__all__ = ["binomial", "dirichlet", "standard_gamma"]

_THIRD, _SQUEEZE = float(np.float32(1) / np.float32(3)), float(np.float32(0.0331))


def _uniform() -> float:
    return float(default_generator._engine._doubles(1)[0])


def _normal() -> float:
    return float(default_generator._engine._normals(1, 0.0, 1.0)[0])


def _gamma(alpha: Any) -> float:
    """G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables" (2000). ``alpha`` is of its dtype."""
    kind, scale = type(alpha), 1.0
    if alpha < 1:
        if alpha == 0:
            return 0.0
        scale = (1 - _uniform()) ** float(kind(1) / alpha)
        alpha = alpha + kind(1)
    d = float(alpha - kind(_THIRD))
    c = 1 / math.sqrt(9 * d)
    while True:
        y = 0.0
        while y <= 0:
            x = _normal()
            y = 1 + c * x
        v, u, xx = y * y * y, 1 - _uniform(), x * x
        if u < 1 - _SQUEEZE * xx * xx or math.log(u) < 0.5 * xx + d * (1 - v + math.log(v)):
            return scale * d * v


class StandardGamma(Function):
    """Gamma numbers of rate 1."""

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        alpha = concentration._array
        if alpha.dtype.kind != "f":
            raise not_implemented("gamma", alpha.dtype)
        with quiet():
            drawn = np.array([_gamma(each) for each in alpha.reshape(-1)]).astype(alpha.dtype).reshape(alpha.shape)
        result = torch.from_numpy(np.maximum(drawn, np.finfo(alpha.dtype).tiny))
        ctx.save_for_backward(concentration, result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        alpha, x = ctx.saved_tensors
        return grad * _through(_gamma_slope, alpha, x)


class _Dirichlet(Function):
    """Points of the simplex: gamma numbers, in double precision, over their sum."""

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        alpha = concentration._array
        info = np.finfo(alpha.dtype)
        with quiet():
            drawn = np.array([_gamma(each) for each in alpha.astype(np.float64).reshape(-1)]).reshape(alpha.shape)
            drawn = np.maximum(drawn, np.finfo(np.float64).tiny)
            share = (drawn / drawn.sum(-1, keepdims=True)).astype(alpha.dtype)
        below_one = np.nextafter(alpha.dtype.type(1), alpha.dtype.type(0))
        result = torch.from_numpy(np.minimum(np.maximum(share, info.tiny), below_one))
        ctx.save_for_backward(result, concentration)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        x, alpha = ctx.saved_tensors
        slope = _through(_beta_slope, x, alpha, alpha.sum(-1, True).expand_as(alpha))
        return slope * (grad - (x * grad).sum(-1, True))


def standard_gamma(concentration: Any) -> Any:
    """Gamma numbers of rate 1; gradients flow to the concentration."""
    return StandardGamma.apply(concentration)


def dirichlet(concentration: Any) -> Any:
    """Points of the simplex along the last axis; gradients flow to the concentration."""
    return _Dirichlet.apply(concentration)


def _through(slope: Any, *tensors: Any) -> Any:
    """A function of numbers in double precision, element by element."""
    arrays = [each._array.astype(np.float64) for each in tensors]
    with quiet():
        values = slope(*arrays)
    return torch.from_numpy(np.asarray(values).astype(tensors[0]._array.dtype))


# ---- gradients -------------------------------------------------------------------------------------------------------


def _gamma_slope(alpha: Any, x: Any) -> Any:
    """dx/dα of a gamma number x: -(∂ cdf/∂α) / pdf."""
    near = (0.9 * alpha <= x) & (x <= 1.1 * alpha)
    large = np.where(near, _gamma_at_mean(alpha, x), _gamma_saddle(alpha, x))
    return np.where(x < 0.8, _gamma_series(alpha, x), np.where(alpha > 8, large, _gamma_rational(alpha, x)))


def _gamma_series(alpha: Any, x: Any) -> Any:
    numer, denom = np.ones_like(x), alpha
    first, second = numer / denom, numer / (denom * denom)
    for i in range(1, 6):
        numer, denom = numer * (-x / i), denom + 1
        first, second = first + numer / denom, second + numer / (denom * denom)
    power = x**alpha
    slope = (np.log(x) - digamma.forward(alpha)) * (power * first) - power * second
    return np.nan_to_num(-slope / (x ** (alpha - 1) * np.exp(-x)), nan=0.0, posinf=np.inf, neginf=-np.inf)


def _gamma_at_mean(a: Any, x: Any) -> Any:
    one = 1 + 24 * a * (1 + 12 * a)
    two = 1440 * (a * a) + 6 * x * (53 - 120 * x) - 65 * x * x / a + a * (107 + 3600 * x)
    return one * two / (1244160 * (a * a) * (a * a))


def _gamma_saddle(a: Any, x: Any) -> Any:
    """S. O. Rice's saddle point expansion."""
    denom, ratio = np.sqrt(8 * a), np.log(x / a)
    two, three = denom / (a - x), np.abs(x - a - a * ratio) ** -1.5
    one = ratio * np.where(x < a, two - three, two + three) - np.sqrt(2 / a) * (a + x) / ((a - x) * (a - x))
    return -(1 + 1 / (12 * a) * (1 + 1 / (24 * a))) * (x * one) / denom


_UV = np.array([
    [0.16009398, -0.094634809, 0.025146376, -0.0030648343, 1, 0.32668115, 0.10406089, 0.0014179084],
    [0.53487893, 0.1298071, 0.065735949, -0.0015649758, 0.16639465, 0.020070113, -0.0035938915, -0.00058392623],
    [0.040121004, -0.0065914022, -0.0026286047, -0.0013441777, 0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-07],
])  # fmt: skip


def _gamma_rational(a: Any, x: Any) -> Any:
    u, v = np.log(x / a), np.log(a)
    c = [low + u * (mid + u * high) for low, mid, high in _UV.T]
    p, q = (c[i] + v * (c[i + 1] + v * (c[i + 2] + v * c[i + 3])) for i in (0, 4))
    return np.exp(p / q)


def _beta_slope(x: Any, alpha: Any, total: Any) -> Any:
    """-(∂ cdf/∂α) / pdf / (1 - x) of a beta number x, β = total - α."""
    beta, edge = total - alpha, total * x * (1 - x)
    inner = np.where((alpha > 6) & (beta > 6), _beta_saddle(x, alpha, beta), _beta_rational(x, alpha, total))
    inner = np.where((x >= 0.5) & (edge < 0.75), -_beta_near_one(1 - x, beta, alpha), inner)
    return np.where((x <= 0.5) & (edge < 2.5), _beta_near_zero(x, alpha, beta), inner)


def _beta_near_zero(x: Any, alpha: Any, beta: Any) -> Any:
    factor = digamma.forward(alpha) - digamma.forward(alpha + beta) - np.log(x)
    numer = np.ones_like(x)
    series = numer / alpha * (factor + 1 / alpha)
    for i in range(1, 11):
        numer, denom = numer * ((i - beta) * x / i), alpha + i
        series = series + numer / denom * (factor + 1 / denom)
    return np.nan_to_num(x * (1 - x) ** -beta * series, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _beta_near_one(x: Any, alpha: Any, beta: Any) -> Any:
    factor = digamma.forward(alpha + beta) - digamma.forward(beta)
    numer, betas, slopes = np.ones_like(x), np.ones_like(x), np.zeros_like(x)
    series = factor / alpha
    for i in range(1, 9):
        numer, slopes = numer * (-x / i), slopes * (beta - i) + betas
        betas = betas * (beta - i)
        series = series + numer / (alpha + i) * (slopes + factor * betas)
    return np.nan_to_num(-((1 - x) ** (1 - beta)) * series, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _beta_saddle(x: Any, a: Any, b: Any) -> Any:
    total = a + b
    mean, std = a / total, np.sqrt(a * b / (total + 1)) / total
    inner = 3 * (59 + 180 * b - 90 * x) * (b * b)
    inner = inner + a * ((453 + 1620 * b * (1 - x) - 455 * x) * b + a * (8 * (1 - x) * (135 * b - 11)))
    poly = 47 * x * (b * b) * (b * b) + a * ((43 + 20 * (16 + 27 * b) * x) * (b * b) * b + a * inner)
    numer = (1 + 12 * a) * (1 + 12 * b) / (total * total)
    at_mean = numer / (1 - x) * poly / (12960 * a * a * a * b * b * (1 + 12 * total))
    stirling = _stirling(a) * _stirling(b) / _stirling(total)
    shift = a * (x - 1) + b * x
    one = 2 * (a * a) * (x - 1) + a * b * (x - 1) - x * (b * b)
    one = one / (np.sqrt(2 * a / b) * total**1.5 * shift * shift)
    two, three = 0.5 * np.log(a / (total * x)), np.sqrt(8 * a * b / total) / shift
    four = np.abs(b * np.log(b / (total * (1 - x))) + a * np.log(a / (total * x))) ** -1.5
    away = stirling * (-x / np.sqrt(2 * a * b / total)) * (one + two * (three + np.where(x < mean, four, -four)))
    return np.where((mean - 0.1 * std <= x) & (x <= mean + 0.1 * std), at_mean, away)


def _stirling(n: Any) -> Any:
    return 1 + 1 / (12 * n) + 1 / (288 * n * n)


_P = np.array([
    [[1.003668233, -0.01061107488, -0.0657888334, 0.01201642863],
     [0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033],
     [-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013]],
    [[0.221950385, -0.3187676331, 0.01799915743, 0.01074823814],
     [-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057],
     [0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05]],
    [[-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565],
     [0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181],
     [0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05]],
])  # fmt: skip
_Q = np.array([
    [[1, -0.02924021934, -0.04438342661, 0.007285809825],
     [0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521],
     [-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149]],
    [[0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273],
     [0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956],
     [-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05]],
    [[0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05],
     [0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05],
     [-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06]],
])  # fmt: skip


def _beta_rational(x: Any, alpha: Any, total: Any) -> Any:
    u = np.log(x)
    a = np.log(alpha) - u
    b = np.log(total) - a
    powers = [np.stack([np.ones_like(each), each, each * each]) for each in (u, a)]
    cubic = np.stack([np.ones_like(b), b, b * b, b * b * b])
    p, q = (np.einsum("ijk,i...,j...,k...->...", c, *powers, cubic) for c in (_P, _Q))
    return p / q * x * (digamma.forward(total) - digamma.forward(alpha)) / (total - alpha)


# ---- binomial numbers ------------------------------------------------------------------------------------------------


def binomial(count: Any, prob: Any) -> Any:
    """How many of ``count`` trials of probability ``prob`` succeed."""
    pairs = zip(count._array.reshape(-1), prob._array.reshape(-1), strict=True)
    with quiet():
        drawn = np.array([_binomial(n, p) for n, p in pairs], dtype=count._array.dtype)
    return torch.from_numpy(drawn.reshape(count._array.shape))


def _binomial(count: Any, prob: Any) -> Any:
    if count <= 0 or prob <= 0:
        return 0
    if prob >= 1:
        return count
    if prob > 0.5:
        return count - _binomial_below_half(count, type(prob)(1 - float(prob)))
    return _binomial_below_half(count, prob) if prob <= 0.5 else math.nan


def _binomial_below_half(count: Any, prob: Any) -> float:
    if count * prob >= 10:
        return _binomial_by_rejection(float(count), float(prob))
    sum_of_waits, successes, kind = type(prob)(0), 0, type(prob)
    log_failure = np.log1p(-prob)
    while True:  # the waits between successes are geometric
        sum_of_waits = sum_of_waits + np.ceil(np.log(kind(_uniform())) / log_failure)
        if sum_of_waits > count:
            return successes
        successes += 1


_TAIL = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def _tail(k: float) -> float:
    """What Stirling's formula leaves of log k!."""
    if k <= 9:
        return _TAIL[int(k)]
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _binomial_by_rejection(n: float, p: float) -> float:
    """W. Hörmann, "The generation of binomial random variates" (1993)."""
    deviation = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c, accepted, odds = n * p + 0.5, 0.92 - 4.2 / b, p / (1 - p)
    alpha, m = (2.83 + 5.1 / b) * deviation, math.floor((n + 1) * p)
    while True:
        u, v = _uniform() - 0.5, _uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c) if us else -1
        if us >= 0.07 and v <= accepted:
            return k
        if k < 0 or k > n:
            continue
        bound = (m + 0.5) * math.log((m + 1) / (odds * (n - m + 1))) + (n + 1) * math.log((n - m + 1) / (n - k + 1))
        bound += (k + 0.5) * math.log(odds * (n - k + 1) / (k + 1))
        bound += _tail(m) + _tail(n - m) - _tail(k) - _tail(n - k)
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return k
