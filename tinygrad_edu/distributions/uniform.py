"""The uniform distribution."""

from __future__ import annotations

from numbers import Number
from typing import Any

from ..tensor import Tensor
from .distribution import Distribution
from .parameters import broadcast

__all__ = ["Uniform"]


class Uniform(Distribution):
    """p(x) = 1 / (high - low) where low <= x < high."""

    has_rsample = True
    _parameters = ("low", "high")

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        numbers = isinstance(low, Number) and isinstance(high, Number)
        self.low, self.high = broadcast(low, high)
        super().__init__(() if numbers else self.low.shape, validate_args=validate_args)
        top = f"LessThan(upper_bound={self.high})"
        self._require("low", lambda low: low < self.high, top)

    @property
    def mean(self) -> Tensor:
        done: Tensor = (self.high + self.low) / 2
        return done

    @property
    def variance(self) -> Tensor:
        done: Tensor = (self.high - self.low).pow(2) / 12
        return done

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """low + (high - low) · u, u drawn from [0, 1)."""
        import tinygrad_edu as torch

        drawn: Tensor = torch.rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + drawn * (self.high - self.low)

    def log_prob(self, value: Any) -> Tensor:
        inside = self.low.le(value).type_as(self.low) * self.high.gt(value).type_as(self.low)
        done: Tensor = inside.log() - (self.high - self.low).log()
        return done

    def entropy(self) -> Tensor:
        done: Tensor = (self.high - self.low).log()
        return done
