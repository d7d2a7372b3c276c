"""Poisson random numbers, by PyTorch's draws (``aten/src/ATen/native/Distributions.cpp``)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import not_implemented, type_name
from ..ops.random import DRAWN
from ..random import engine_of
from ..tensor import Tensor

__all__ = ["poisson"]


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """For each element a number drawn from the Poisson distribution with this rate; its gradient is 0."""
    if not isinstance(input, Tensor):
        raise TypeError(f"poisson(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    rates = input._array
    if rates.dtype.kind != "f":
        raise not_implemented("poisson_cpu", rates.dtype)
    engine = engine_of(generator, "poisson")
    drawn = np.empty(rates.shape, rates.dtype)
    drawn.reshape(-1)[...] = [_draw(rate, lambda: float(engine._doubles(1)[0])) for rate in rates.reshape(-1).tolist()]
    return DRAWN["PoissonBackward0"].function(input, drawn)


def _draw(rate: float, uniform: Any) -> float:
    if not rate >= 0:
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    if rate >= 10:
        return _by_rejection(rate, uniform)
    if rate == 0:
        return 0
    count, product, limit = 0, uniform(), math.exp(-rate)  # Knuth: how many uniforms until their product is small
    while product > limit:
        count += 1
        product *= uniform()
    return count


def _by_rejection(rate: float, uniform: Any) -> float:
    """W. Hoermann, "The transformed rejection method for generating Poisson random variables" (1993)."""
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    accepted = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= accepted:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + k * math.log(rate) - math.lgamma(k + 1):
            return k
