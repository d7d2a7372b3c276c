"""KL(p ‖ q), the expected value under p of log p - log q."""

from __future__ import annotations

import math
from typing import Any

from ..nn.functional import softplus
from ..tensor import Tensor
from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution
from .independent import Independent, sum_rightmost
from .normal import Normal
from .uniform import Uniform

__all__ = ["kl_divergence"]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p ‖ q) of two distributions of one kind, shape ``batch_shape``."""
    for kind, rule in _RULES.items():
        if isinstance(p, kind) and isinstance(q, kind):
            done: Tensor = rule(p, q)
            return done
    raise NotImplementedError(f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}")


def _normals(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    distance = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + distance - 1 - ratio.log())


def _categoricals(p: Any, q: Any) -> Any:
    parts = p.probs * (p.logits - q.logits)
    parts = parts.masked_fill((q.probs == 0).expand_as(parts), math.inf)
    return parts.masked_fill((p.probs == 0).expand_as(parts), 0.0).sum(-1)


def _bernoullis(p: Any, q: Any) -> Any:
    yes = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    no = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return yes + no


def _independents(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


def _uniforms(p: Any, q: Any) -> Any:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return result.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


_RULES: dict[Any, Any] = {
    Normal: _normals, Categorical: _categoricals, Bernoulli: _bernoullis, Uniform: _uniforms, Independent: _independents,
}  # fmt: skip
