"""The distribution of a choice among several."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..size import Size
from ..tensor import Tensor
from .distribution import Distribution
from .parameters import clamped, exactly_one

__all__ = ["Categorical"]


class Categorical(Distribution):
    """Draws the numbers 0 … K - 1, k with probability ``probs[..., k]``.

    Args:
        probs: shape (..., K), not negative; divided by their sum.
        logits: their logarithms, up to a constant; exactly one of both is given.
    """

    _parameters = ("probs", "logits")

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        exactly_one(probs, logits)
        given = probs if logits is None else logits
        if given.dim() < 1:
            raise ValueError(f"`{'probs' if logits is None else 'logits'}` parameter must be at least one-dimensional.")
        if logits is None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)
        if logits is None:
            self._require("probs", lambda p: (p >= 0).all(-1) & ((p.sum(-1) - 1).abs() < 1e-6), "Simplex()")
        else:
            self._require("logits", lambda x: x == x, "IndependentConstraint(Real(), 1)")

    @cached_property
    def probs(self) -> Tensor:
        """The probabilities, of sum 1."""
        done: Tensor = self.logits.softmax(-1)
        return done

    @cached_property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return clamped(self.probs).log()

    @property
    def param_shape(self) -> Size:
        """The shape of ``probs``."""
        return Size((*self._batch_shape, self._num_events))

    @property
    def mean(self) -> Tensor:
        """nan: choices have no mean."""
        done: Tensor = self.probs.new_full(self._extended_shape(), np.nan)
        return done

    @property
    def variance(self) -> Tensor:
        """nan: choices have no variance."""
        return self.mean

    @property
    def mode(self) -> Tensor:
        """The most probable choice."""
        done: Tensor = self.probs.argmax(-1)
        return done

    def sample(self, sample_shape: Any = ()) -> Tensor:
        flat = self.probs.detach().reshape(-1, self._num_events)
        drawn: Tensor = flat.multinomial(Size(sample_shape).numel(), True).T
        return drawn.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Tensor:
        n = self._num_events
        self._require_value(value, lambda k: (k % 1 == 0) & (k >= 0) & (k < n), f"IntegerInterval(lower_bound=0, "
                            f"upper_bound={n - 1})")  # fmt: skip
        import tinygrad_edu as torch

        value, logits = torch.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        done: Tensor = logits.gather(-1, value[..., :1]).squeeze(-1)
        return done

    def entropy(self) -> Tensor:
        lowest = float(np.finfo(self.logits._array.dtype).min)
        done: Tensor = -(self.logits.clamp(min=lowest) * self.probs).sum(-1)
        return done

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All choices, shape (K,) + batch_shape; with ones for the batch unless ``expand``."""
        import tinygrad_edu as torch

        values: Tensor = torch.arange(self._num_events).view(-1, *(1,) * len(self._batch_shape))
        return values.expand(-1, *self._batch_shape) if expand else values
