"""The regularised lower incomplete gamma function, the cdf of gamma numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_edu as torch

from ..autograd.function import Function
from ..errstate import quiet
from ..ops.gamma import lgamma

__all__ = ["incomplete_gamma"]

_STEPS = 500


class IncompleteGamma(Function):
    """P(a, x); its derivative with respect to x is the density, that with respect to a PyTorch does not have either."""

    @staticmethod
    def forward(ctx: Any, a: Any, x: Any) -> Any:
        ctx.save_for_backward(a, x)
        with quiet():
            values = _regularised(*np.broadcast_arrays(a._array.astype(np.float64), x._array.astype(np.float64)))
        return torch.from_numpy(np.asarray(values).astype(np.result_type(a._array, x._array)))

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        a, x = ctx.saved_tensors
        if ctx.needs_input_grad[0]:
            raise RuntimeError("the derivative for 'igamma: input' is not implemented.")
        return None, grad * torch.exp((a - 1) * x.log() - x - torch.lgamma(a))


def incomplete_gamma(a: Any, x: Any) -> Any:
    """P(a, x), the probability that a gamma number of concentration ``a`` and rate 1 is at most ``x``."""
    return IncompleteGamma.apply(a, x)


def _regularised(a: Any, x: Any) -> Any:
    """The power series below a + 1, the continued fraction (by Lentz's method) above."""
    front = np.exp(a * np.log(x) - x - lgamma.forward(a))
    small = x < a + 1
    near = np.where(small, x, 1.0)
    term = total = 1 / a
    for n in range(1, _STEPS):
        term = term * (near / (a + n))
        total = total + term
        if np.all(np.abs(term) <= np.abs(total) * 1e-17):
            break
    far = np.where(small, a + 2, x)
    b = far + 1 - a
    c, d = np.full_like(b, 1e300), 1 / b
    fraction = d
    for n in range(1, _STEPS):
        step = -n * (n - a)
        b = b + 2
        d, c = 1 / (step * d + b), b + step / c
        fraction = fraction * (d * c)
        if np.all(np.abs(d * c - 1) < 1e-16):
            break
    value = np.where(small, front * total, 1 - front * fraction)
    return np.where(x == 0, 0.0, np.where(np.isposinf(x), 1.0, value))
