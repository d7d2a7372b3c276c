"""The distribution of a yes or no."""

from __future__ import annotations

from functools import cached_property
from numbers import Number
from typing import Any

from ..nn.functional import binary_cross_entropy_with_logits
from ..tensor import Tensor
from .distribution import Distribution
from .parameters import broadcast, clamped, exactly_one

__all__ = ["Bernoulli"]


class Bernoulli(Distribution):
    """Draws 1 with probability ``probs``, else 0.

    Args:
        probs: probabilities.
        logits: log(probs / (1 - probs)); exactly one of both is given.
    """

    _parameters = ("probs", "logits")

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        exactly_one(probs, logits)
        given = probs if logits is None else logits
        (value,) = broadcast(given)
        setattr(self, "probs" if logits is None else "logits", value)
        super().__init__(() if isinstance(given, Number) else value.shape, validate_args=validate_args)
        if logits is None:
            self._require("probs", lambda p: (p >= 0) & (p <= 1), "Interval(lower_bound=0.0, upper_bound=1.0)")
        else:
            self._require("logits", lambda x: x == x, "Real()")

    @cached_property
    def probs(self) -> Tensor:
        """The probabilities of 1."""
        done: Tensor = self.logits.sigmoid()
        return done

    @cached_property
    def logits(self) -> Tensor:
        """log(probs / (1 - probs))."""
        p: Any = clamped(self.probs)
        done: Tensor = p.log() - (-p).log1p()
        return done

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def variance(self) -> Tensor:
        done: Tensor = self.probs * (1 - self.probs)
        return done

    def sample(self, sample_shape: Any = ()) -> Tensor:
        drawn: Tensor = self.probs.detach().expand(self._extended_shape(sample_shape)).bernoulli()
        return drawn

    def log_prob(self, value: Any) -> Tensor:
        self._require_value(value, lambda x: (x == 0) | (x == 1), "Boolean()")
        logits, value = broadcast(self.logits, value)
        done: Tensor = -binary_cross_entropy_with_logits(logits, value, reduction="none")
        return done

    def entropy(self) -> Tensor:
        done: Tensor = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return done
