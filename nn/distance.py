"""Distances and similarities as modules (https://docs.pytorch.org/docs/2.13/nn.html#distance-functions)."""

from __future__ import annotations

from typing import Any

from . import functional as F
from .module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    """‖x₁ - x₂ + eps‖ₚ over the last dimension.

    Shapes: (N, D) or (D,); the result (N,) or (), or with ``keepdim`` (N, 1) or (1,).

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.PairwiseDistance.html
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """x₁ · x₂ / (max(‖x₁‖, eps) max(‖x₂‖, eps)) over ``dim``.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.CosineSimilarity.html
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
