"""Axes of the batch taken as axes of one draw."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .distribution import Distribution

__all__ = ["Independent", "sum_rightmost"]


class Independent(Distribution):
    """One distribution whose draws are those of ``base_distribution`` along the last axes of its batch.

    A normal distribution with a vector of means is a batch; ``Independent(Normal(loc, scale), 1)`` is one distribution of
    vectors, whose ``log_prob`` is one number for a vector: the sum.

    Args:
        base_distribution: the batch.
        reinterpreted_batch_ndims: how many of the last axes of its batch become axes of a draw.
    """

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{reinterpreted_batch_ndims} vs {len(batch)}"
            )
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        kept = len(batch) - reinterpreted_batch_ndims
        super().__init__(batch[:kept], batch[kept:] + base_distribution.event_shape, validate_args=validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the base distribution has."""
        return self.base_dist.has_rsample

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        return self.base_dist.mode  # type: ignore[attr-defined, no-any-return]

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Tensor:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Tensor:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"


def sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """The sum over the last ``dims`` axes."""
    return value.reshape(*value.shape[: value.dim() - dims], -1).sum(-1) if dims else value
