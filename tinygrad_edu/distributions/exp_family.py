"""Distributions whose density is exp(⟨t(x), θ⟩ - F(θ) + k(x))."""

from __future__ import annotations

from typing import Any

from ..autograd import grad
from .distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Natural parameters θ and the log normaliser F say the entropy, through F's gradient."""

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError

    def entropy(self) -> Any:
        """F(θ) - ⟨θ, ∇F(θ)⟩ less the mean of the carrier measure k."""
        result = -self._mean_carrier_measure
        params = [each.detach().requires_grad_() for each in self._natural_params]
        normalizer = self._log_normalizer(*params)
        result = result + normalizer
        for each, g in zip(params, grad(normalizer.sum(), params, create_graph=True), strict=True):
            result = result - (each * g).reshape((*self._batch_shape, -1)).sum(-1)
        return result
