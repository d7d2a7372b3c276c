"""Triangular factors of matrices."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .decompositions import _mh, solve
from .indexing import tril, triu
from .linalg import batched_mm

__all__ = ["triangles"]


@op(
    "LinalgLuBackward0",
    x=lambda grad, out: _triangles_rule(grad, out),
    holomorphic=False,
    results=2,
    diff_results=2,
    symbol="LU",
    formula=(
        "lu(x)",
        "inv(Lᵀ) · (tril(Lᵀ · G₁) + triu(G₂ · Uᵀ)) · inv(Uᵀ) with L = out[0], U = out[1]",
    ),
)
def triangles(x):
    """The lower triangle, with ones on its diagonal, and the upper one, whose product a square matrix is."""
    u = x.copy()
    lower = np.zeros_like(x) + np.eye(x.shape[-1], dtype=x.dtype)
    for k in range(x.shape[-1]):
        pivot = u[..., k, k, None]
        share = np.where(pivot == 0, 0, u[..., k + 1 :, k] / np.where(pivot == 0, 1, pivot))
        lower[..., k + 1 :, k] = share
        u[..., k + 1 :, :] -= share[..., None] * u[..., k, None, :]
        u[..., k + 1 :, k] = 0
    return lower, u


def _triangles_rule(grads, out):
    (of_lower, of_upper), (lower, upper) = grads, out
    inner = 0.0
    if of_lower is not None:
        inner = inner + tril(batched_mm(_mh(lower), of_lower), -1)
    if of_upper is not None:
        inner = inner + triu(batched_mm(of_upper, _mh(upper)))
    return _mh(solve(upper, _mh(solve(_mh(lower), inner))))
