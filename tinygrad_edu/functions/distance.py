"""How far apart vectors are, and how much they point the same way."""

from __future__ import annotations

from typing import Any

from ..autograd.errors import type_name
from ..autograd.grad_mode import no_grad
from ..dtypes import promote_types
from ..ops import reduction as _reduction
from ..tensor import Tensor
from .loss import plus, require_tensors
from .shape import broadcast_tensors

__all__ = ["cosine_similarity", "pairwise_distance"]


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` over the last dimension.

    Shapes: (N, D) or (D,), which may be broadcast; the result (N,) or (), or with ``keepdim`` (N, 1) or (1,).
    """
    require_tensors("pairwise_distance", x1=x1, x2=x2)
    x = plus(x1 - x2, eps)
    return _reduction.norm_over.function(x, p, x.ndim - 1 if x.ndim else None, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x₁ · x₂ / (max(‖x₁‖, eps) max(‖x₂‖, eps)) over ``dim``; the shapes may be broadcast."""
    require_tensors("cosine_similarity", x1=x1, x2=x2)
    if isinstance(eps, bool) or not isinstance(eps, (int, float)):
        raise TypeError(f"cosine_similarity(): argument 'eps' must be float, not {type_name(eps)}")
    dtype = promote_types(x1.dtype, x2.dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {dtype.legacy_name}")
    x1, x2 = (each if each.dtype is dtype else each.to(dtype) for each in (x1, x2))
    if x1._array.shape != x2._array.shape:
        x1, x2 = broadcast_tensors(x1, x2)
    product: Any = _unit(x1, dim, eps) * _unit(x2, dim, eps)
    return product.sum(dim)


def _unit(x: Any, dim: int, eps: float) -> Any:
    """x / ‖x‖, where eps is the least length, of which no gradient knows."""
    length = _reduction.vector_norm.function(x, 2, dim, True).clone()
    with no_grad():
        length.clamp_min_(eps)
    return x / length
