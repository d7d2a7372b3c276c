"""Normal vectors."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_edu as torch

from . import constraints
from .distribution import Distribution
from .utils import lazy_property, standard_normal

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """Vectors loc + L ε, ε of standard normal numbers.

    Args:
        loc: the mean.
        covariance_matrix, precision_matrix, scale_tril: exactly one: L Lᵀ, its inverse, or L, lower triangular.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    _unexpanded = ("_unbroadcasted_scale_tril",)

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = one_matrix(ValueError, covariance_matrix, precision_matrix, scale_tril)
        if matrix.dim() < 2:
            raise ValueError(
                f"{name}{' matrix' if name == 'scale_tril' else ''} must be at least two-dimensional, with optional "
                "leading batch dimensions"
            )
        shape = torch.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(*shape, -1, -1))
        self.loc = loc.expand(*shape, -1)
        super().__init__(shape, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = factor_of(name, matrix)

    def _matrices(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower triangular factor of the covariance matrix."""
        return self._matrices(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """L Lᵀ."""
        return self._matrices(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance matrix."""
        return self._matrices(inverse_of_product(self._unbroadcasted_scale_tril))

    mean = property(lambda self: self.loc)
    mode = mean

    @property
    def variance(self) -> Any:
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + times(self._unbroadcasted_scale_tril, eps)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        distance = mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        half_log_det = log_diagonal(self._unbroadcasted_scale_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half_log_det

    def entropy(self) -> Any:
        half_log_det = log_diagonal(self._unbroadcasted_scale_tril)
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det
        return entropy.expand(self._batch_shape)


def one_matrix(error: Any, covariance_matrix: Any, precision_matrix: Any, scale_tril: Any) -> Any:
    """The name and value of the one that is given."""
    named = {"covariance_matrix": covariance_matrix, "scale_tril": scale_tril, "precision_matrix": precision_matrix}
    given = [(name, matrix) for name, matrix in named.items() if matrix is not None]
    if len(given) != 1:
        raise error("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
    return given[0]


def factor_of(name: str, matrix: Any) -> Any:
    """The lower triangular L of the covariance L Lᵀ."""
    if name == "scale_tril":
        return matrix
    if name == "covariance_matrix":
        return torch.linalg.cholesky(matrix)
    flipped = torch.linalg.cholesky(matrix.flip(-2, -1)).flip(-2, -1).mT
    return torch.linalg.solve_triangular(flipped, torch.eye(matrix.shape[-1], dtype=matrix.dtype), upper=False)


def times(matrix: Any, vector: Any) -> Any:
    """Matrices times vectors, both in batches."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def inverse_of_product(factor: Any) -> Any:
    """(L Lᵀ)⁻¹."""
    inverse = torch.linalg.solve_triangular(factor, torch.eye(factor.shape[-1], dtype=factor.dtype), upper=False)
    return inverse.mT @ inverse


def log_diagonal(factor: Any) -> Any:
    """The sum of the logarithms of the diagonal: half of log det L Lᵀ."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def solved(factor: Any, matrix: Any) -> Any:
    """L⁻¹ M, both in batches, which broadcast."""
    batch = torch.broadcast_shapes(factor.shape[:-2], matrix.shape[:-2])
    factor, matrix = factor.expand(*batch, -1, -1), matrix.expand(*batch, -1, -1)
    return torch.linalg.solve_triangular(factor, matrix, upper=False)


def mahalanobis(factor: Any, x: Any) -> Any:
    """xᵀ (L Lᵀ)⁻¹ x = ‖L⁻¹ x‖²."""
    return solved(factor, x.unsqueeze(-1)).squeeze(-1).pow(2).sum(-1)
