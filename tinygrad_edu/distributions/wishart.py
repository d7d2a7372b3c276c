"""Random positive definite matrices."""

from __future__ import annotations

import math
import warnings
from numbers import Number
from typing import Any

import tinygrad_edu as torch

from ..size import Size
from . import constraints
from .chi2 import Chi2
from .exp_family import ExponentialFamily
from .multivariate_normal import factor_of, inverse_of_product, log_diagonal, one_matrix, solved
from .utils import lazy_property

__all__ = ["Wishart"]


class Wishart(ExponentialFamily):
    """The sum of ``df`` products x xᵀ of normal vectors of mean 0.

    Args:
        df: degrees of freedom, more than the matrices have rows less one.
        covariance_matrix, precision_matrix, scale_tril: exactly one, as for :class:`MultivariateNormal`.
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0
    _unexpanded = ("_unbroadcasted_scale_tril",)

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = one_matrix(AssertionError, covariance_matrix, precision_matrix, scale_tril)
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        p = matrix.shape[-1]
        df = torch.tensor(df, dtype=matrix.dtype) if isinstance(df, Number) else df
        shape = torch.broadcast_shapes(matrix.shape[:-2], df.shape)
        self.df = df.expand(shape)
        if self.df.le(p - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {p - 1}.")
        setattr(self, name, matrix.expand(*shape, -1, -1))
        if self.df.lt(p).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.", stacklevel=2
            )
        super().__init__(shape, matrix.shape[-2:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = factor_of(name, matrix)
        self._dist_chi2 = Chi2(self.df.unsqueeze(-1) - torch.arange(p, dtype=matrix.dtype).expand(*shape, -1))

    @property
    def arg_constraints(self) -> Any:
        matrix = constraints.positive_definite
        return {
            "covariance_matrix": matrix,
            "precision_matrix": matrix,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def _matrices(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower triangular factor of the covariance matrix."""
        return self._matrices(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The vectors' covariance."""
        return self._matrices(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """Its inverse."""
        return self._matrices(inverse_of_product(self._unbroadcasted_scale_tril))

    mean = property(lambda self: self.df[..., None, None] * self.covariance_matrix)

    @property
    def mode(self) -> Any:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        return factor.masked_fill(factor <= 0, math.nan)[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Any:
        v = self.covariance_matrix
        diagonal = v.diagonal(dim1=-2, dim2=-1)
        return self.df[..., None, None] * (v.pow(2) + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))

    def _bartlett(self, sample_shape: Any) -> Any:
        """M. S. Bartlett's decomposition: chi numbers on the diagonal, normal ones below it."""
        p = self._event_shape[-1]
        chi = self._dist_chi2.rsample(sample_shape).sqrt()
        noise = chi.clamp(min=torch.finfo(chi.dtype).eps).diag_embed(dim1=-2, dim2=-1)
        i, j = torch.tril_indices(p, p, offset=-1)
        shape = (*sample_shape, *self._batch_shape, p * (p - 1) // 2)
        noise[..., i, j] = torch.randn(shape, dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: Any = None) -> Any:
        # PyTorch takes the matrices that are in the support for singular ones, and so draws them again: its numbers
        # are what the rest of the world prints.
        sample_shape = Size(sample_shape)
        sample = self._bartlett(sample_shape)
        again = self.support.check(sample)
        axes = [-(i + 1) for i in range(len(self._batch_shape))]
        again = again.amax(axes) if axes else again
        if again.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(10 if max_try_correction is None else max_try_correction):
                new = self._bartlett(again[again].shape)
                sample[again] = new
                still = ~self.support.check(new)
                again[again.clone()] = still.amax(axes) if axes else still
                if not again.any():
                    break
        return sample

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        nu, p, factor = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        norm = -nu * (p * math.log(2) / 2 + log_diagonal(factor)) - torch.mvlgamma(nu / 2, p=p)
        inner = solved(factor, solved(factor, value).mT)  # L⁻¹ V L⁻ᵀ, of the trace of (L Lᵀ)⁻¹ V
        trace = inner.diagonal(dim1=-2, dim2=-1).sum(-1)
        return norm + (nu - p - 1) / 2 * torch.linalg.slogdet(value).logabsdet - trace / 2

    def entropy(self) -> Any:
        nu, p = self.df, self._event_shape[-1]
        digammas = torch.digamma((nu / 2).unsqueeze(-1) - torch.arange(p, dtype=nu.dtype) / 2).sum(-1)
        scale = (p + 1) * (p * math.log(2) / 2 + log_diagonal(self._unbroadcasted_scale_tril))
        return scale + torch.mvlgamma(nu / 2, p=p) - (nu - p - 1) / 2 * digammas + nu * p / 2

    @property
    def _natural_params(self) -> Any:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        p = self._event_shape[-1]
        size = y + (p + 1) / 2
        return size * (-torch.linalg.slogdet(-2 * x).logabsdet + math.log(2) * p) + torch.mvlgamma(size, p=p)
