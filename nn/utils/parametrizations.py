"""Parametrizations of weights: orthogonal, of norm one, a length and a direction
(https://docs.pytorch.org/docs/2.13/nn.html#utilities)."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from ...autograd.grad_mode import no_grad
from ...autograd.runtime import wrap
from ...creation import zeros_like
from ...functions.arithmetic import allclose
from ...functions.matrices import matrix_exp, solve
from ...functions.norm import norm_except_dim, weight_norm_
from ...functions.shape import cat
from ...random import randn
from ...sequences import eye
from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .parametrize import register_parametrization
from .spectral_norm import output_dim, rows_of

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _tensor_of(module: Module, name: str) -> Any:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


# ---- orthogonal matrices -----------------------------------------------------------------------------------------------


class _OrthMaps(enum.Enum):
    matrix_exp = enum.auto()
    cayley = enum.auto()
    householder = enum.auto()


def _is_orthogonal(q: Any) -> bool:
    n, k = q.shape[-2:]
    identity = eye(k, dtype=q.dtype)
    return allclose(q.mH @ q, identity.expand(*q.shape[:-2], k, k), atol=10.0 * n * float(np.finfo(q._array.dtype).eps))


def _make_orthogonal(a: Any) -> Any:
    """The Q of A = Q R with a diagonal of R that is real and not negative; A is a tall matrix."""
    q, r = np.linalg.qr(a._array)
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    return wrap((q * np.sign(diagonal)[..., np.newaxis, :]).astype(a._array.dtype, copy=False))


def _reflectors(q: Any) -> Any:
    """A tall matrix as Householder reflectors: below the diagonal their vectors, on it 1 or -1."""
    raw, tau = np.linalg.qr(q._array, mode="raw")
    a = np.swapaxes(raw, -2, -1).astype(q._array.dtype)
    i = np.arange(a.shape[-1])
    a[..., i, i] = np.where(tau == 0, -1, 1) * np.sign(a[..., i, i])  # LAPACK's 0 says: no reflection
    return wrap(a)


def _product_of_reflectors(a: Any) -> Any:
    """The first columns of (I - t₁ v₁ v₁ᵀ) (I - t₂ v₂ v₂ᵀ) ..., where v are the columns of ``a`` below a diagonal of 1 and
    t = 2 / ‖v‖².

    It is I - V T Vᵀ, where T⁻¹ is triangular: vᵢᵀ vⱼ above the diagonal, 1 / t on it.

    Source: Schreiber & Van Loan, "A storage-efficient WY representation for products of Householder transformations", 1989.
    """
    n, k = a.shape[-2:]
    identity = eye(n, k, dtype=a.dtype)
    v = a.tril(-1) + identity
    products = v.mT @ v
    inverse = products.triu(1) + (products.diagonal(dim1=-2, dim2=-1) / 2).diag_embed()
    return identity - v @ solve(inverse, v[..., :k, :].mT)


class _Orthogonal(Module):
    """A matrix with orthonormal columns (rows, if it is wide) from any matrix."""

    base: Any

    def __init__(self, weight: Any, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map is _OrthMaps.householder:
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        n, k = X.size(-2), X.size(-1)
        transposed = n < k
        if transposed:
            X, n, k = X.mT, k, n
        if self.orthogonal_map is _OrthMaps.householder:
            Q = _product_of_reflectors(X)
            Q = Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)  # integers: the signs are not trained
        else:
            X = X.tril()
            if n != k:  # part of a square matrix
                X = cat([X, X.new_zeros(n, n - k).expand(*X.shape[:-2], -1, -1)], dim=-1)
            A = X - X.mH
            if self.orthogonal_map is _OrthMaps.matrix_exp:
                Q = matrix_exp(A)
            else:
                identity = eye(n, dtype=A.dtype)
                Q = solve(identity - A * 0.5, identity + A * 0.5)
            if n != k:
                Q = Q[..., :k]
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if transposed else Q

    @no_grad()
    def right_inverse(self, Q: Any) -> Any:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        given = Q
        n, k = Q.size(-2), Q.size(-1)
        transposed = n < k
        if transposed:
            Q, n, k = Q.mT, k, n
        if not hasattr(self, "base"):
            if self.orthogonal_map is not _OrthMaps.householder:
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential "
                    "or the Cayley parametrizations when use_trivialization=False."
                )
            A = _reflectors(Q)
            return A.mT if transposed else A
        if n != k:  # complete it to a square matrix
            missing = randn(*Q.size()[:-2], n, n - k, dtype=Q.dtype)
            Q = _make_orthogonal(cat([Q, missing], dim=-1))
        else:
            Q = Q.clone() if _is_orthogonal(Q) else _make_orthogonal(Q)
        self.base = Q
        negative: Any = zeros_like(given)
        negative.diagonal(dim1=-2, dim2=-1).fill_(-1.0)  # what the Householder map makes the identity of, and the others
        return negative


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Parametrize a matrix, or a batch of matrices, so that it stays orthogonal: Qᴴ Q = I, or Q Qᴴ = I if it is wide.

    With A skew-symmetric, made of the original's lower triangle, Q is ``exp(A)`` (``"matrix_exp"``) or
    ``(I + A/2) (I - A/2)⁻¹`` (``"cayley"``), or a product of Householder reflections (``"householder"``).

    Args:
        module: the module, which is changed and returned.
        name: the name of its parameter or buffer.
        orthogonal_map: one of the three; ``"matrix_exp"`` for a square or complex matrix, else ``"householder"``, if None.
        use_trivialization: whether Q is multiplied by a fixed orthogonal matrix, ``parametrizations.weight[0].base``, so
            that training begins at the present weight, made orthogonal if it is not.

    Raises:
        ValueError: if there is no such tensor, it is a vector, or there is no such map.

    Source: Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds", 2019
    (https://arxiv.org/abs/1909.09501).
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    chosen = getattr(_OrthMaps, orthogonal_map, None)
    if chosen is None:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    parametrization = _Orthogonal(weight, chosen, use_trivialization=use_trivialization)
    register_parametrization(module, name, parametrization, unsafe=True)
    return module


# ---- length and direction ----------------------------------------------------------------------------------------------


class _WeightNorm(Module):
    """g · v / ‖v‖"""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_norm_(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> Any:
        return norm_except_dim(weight, 2, self.dim), weight


class _OldNames:
    """Renames what an old state dict calls ``weight_g`` and ``weight_v``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{self.name}_{letter}" for letter in "gv"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{self.name}.original{i}"] = state_dict.pop(key)


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """w = g · v / ‖v‖: a weight as a length g and a direction v, which are trained in its place.

    They are ``module.parametrizations.weight.original0`` and ``original1``.

    Args:
        module: the module, which is changed and returned.
        name: the name of its parameter.
        dim: the axis along which each slice has a length of its own; None for one length of all.

    Source: Salimans & Kingma, "Weight normalization", 2016 (https://arxiv.org/abs/1602.07868).
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_OldNames(name))
    return module


# ---- norm one ------------------------------------------------------------------------------------------------------------


class _SpectralNorm(Module):
    """W / (uᵀ W v), with u and v near the singular vectors of the largest singular value."""

    _u: Any
    _v: Any

    def __init__(self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if dim >= ndim or dim < -ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = rows_of(weight, self.dim)
            height, width = matrix.size()
            u = matrix.new_empty(height).normal_(0, 1)
            v = matrix.new_empty(width).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    @no_grad()
    def _power_method(self, matrix: Any, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u = F.normalize(matrix.mv(self._v), dim=0, eps=self.eps, out=self._u)
            self._v = F.normalize(matrix.mH.mv(self._u), dim=0, eps=self.eps, out=self._v)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = rows_of(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # the backward pass of this forward pass needs them after the next one has changed them
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """W / σ(W): a weight divided by its largest singular value σ(W) = max ‖W h‖ / ‖h‖.

    σ is approximated by the power method, which continues whenever the weight is read in training. A weight of more than
    two axes is seen as a matrix; a vector is divided by its length.

    Args:
        module: the module, which is changed and returned.
        name: the name of its parameter.
        n_power_iterations: how many steps of the power method each reading does.
        eps: keeps the vectors' lengths away from zero.
        dim: the axis that counts the outputs: 0, but 1 of a transposed convolution, if None.

    Source: Miyato et al., "Spectral normalization for GANs", 2018 (https://arxiv.org/abs/1802.05957).
    """
    weight = _tensor_of(module, name)
    parametrization = _SpectralNorm(weight, n_power_iterations, output_dim(module, dim), eps)
    register_parametrization(module, name, parametrization)
    return module
