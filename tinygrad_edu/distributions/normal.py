"""The normal distribution."""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

from ..autograd.grad_mode import no_grad
from ..tensor import Tensor
from .distribution import Distribution
from .parameters import broadcast

__all__ = ["Normal"]


class Normal(Distribution):
    """p(x) = exp(-(x - loc)² / (2 scale²)) / (scale √(2π)).

    Args:
        loc: the mean.
        scale: the standard deviation, positive.
    """

    has_rsample = True
    _parameters = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        numbers = isinstance(loc, Number) and isinstance(scale, Number)
        self.loc, self.scale = broadcast(loc, scale)
        super().__init__(() if numbers else self.loc.shape, validate_args=validate_args)
        self._require("loc", lambda loc: loc == loc, "Real()")
        self._require("scale", lambda scale: scale > 0, "GreaterThan(lower_bound=0.0)")

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        import tinygrad_edu as torch

        shape = self._extended_shape(sample_shape)
        with no_grad():
            drawn: Tensor = torch.normal(self.loc.expand(shape), self.scale.expand(shape))
        return drawn

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + scale · ε, ε drawn from the standard normal distribution."""
        import tinygrad_edu as torch

        shape = self._extended_shape(sample_shape)
        zeros, ones = (make(shape, dtype=self.loc.dtype) for make in (torch.zeros, torch.ones))
        drawn: Tensor = self.loc + torch.normal(zeros, ones) * self.scale
        return drawn

    def log_prob(self, value: Any) -> Tensor:
        self._require_value(value, lambda x: x == x, "Real()")
        done: Tensor = -((value - self.loc) ** 2) / (2 * self.variance) - self.scale.log() - math.log(math.sqrt(2 * math.pi))
        return done

    def cdf(self, value: Any) -> Tensor:
        """The probability of at most ``value``."""
        self._require_value(value, lambda x: x == x, "Real()")
        done: Tensor = 0.5 * (1 + ((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)).erf())
        return done

    def entropy(self) -> Tensor:
        done: Tensor = 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()
        return done
