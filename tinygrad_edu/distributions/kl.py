"""KL(p ‖ q), the expected value under p of log p - log q, by the classes of p and q."""

from __future__ import annotations

import warnings
from typing import Any

from .distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

_RULES: dict[tuple[type, type], Any] = {}


def register_kl(type_p: type, type_q: type) -> Any:
    """Decorate a function of two distributions of these classes (or of subclasses) that computes their divergence."""

    def register(rule: Any) -> Any:
        _RULES[type_p, type_q] = rule
        return rule

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """KL(p ‖ q), shape ``batch_shape``.

    Raises:
        NotImplementedError: there is no formula for these two.
    """
    rule = _rule(type(p), type(q))
    if rule is None:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}")
    return rule(p, q)


def _rule(p: type, q: type) -> Any:
    """The rule of the nearest classes; with a warning, that of p's nearest where q's nearest is another."""
    pairs = [(a, b) for a, b in _RULES if issubclass(p, a) and issubclass(q, b)]
    if not pairs:
        return None
    left = min(pairs, key=lambda pair: (p.__mro__.index(pair[0]), q.__mro__.index(pair[1])))
    right = min(pairs, key=lambda pair: (q.__mro__.index(pair[1]), p.__mro__.index(pair[0])))
    if _RULES[left] is not _RULES[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({p.__name__}, {q.__name__}). Please register_kl({left[0].__name__}, {right[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _RULES[left]
