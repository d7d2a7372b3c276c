"""Attention: values averaged with weights that come from how well queries and keys agree."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import c_name
from ..autograd.runtime import wrap
from ..tensor import Tensor
from .dropout import dropout

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(Q Kᵀ · ``scale`` + mask) V, with dropout on the weights.

    Args:
        query, key, value: shapes (..., L, E), (..., S, E) and (..., S, Eᵥ); the result is (..., L, Eᵥ).
        attn_mask: broadcasts to (..., L, S); bool, True where attention is allowed, or numbers that are added.
        dropout_p: the probability of dropout, which is applied whenever it is not 0.
        is_causal: whether a position attends only to itself and those before it.
        scale: 1 / √E by default.
        enable_gqa: whether fewer heads (the third dimension from the end) of key and value each serve several of query.

    A query that may attend to nothing gets zeros.

    Source: Vaswani et al., "Attention is all you need", 2017 (https://arxiv.org/abs/1706.03762).
    """
    _check(query, key, value, attn_mask)
    if enable_gqa:
        key, value = (each.repeat_interleave(query.size(-3) // each.size(-3), -3) for each in (key, value))
    factor = 1 / math.sqrt(query.size(-1)) if scale is None else scale
    scores: Any = (query * factor) @ key.transpose(-2, -1)
    if is_causal:
        later = np.triu(np.ones(scores.shape[-2:], bool), 1)
        scores = scores.masked_fill(wrap(later), -math.inf)
    if attn_mask is not None and attn_mask._array.dtype == bool:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    nothing = np.isneginf(scores._array).all(-1, keepdims=True)
    if nothing.any():  # softmax would make nan of these rows, and of their gradients
        weights = scores.masked_fill(wrap(nothing), 0.0).softmax(-1).masked_fill(wrap(nothing), 0.0)
    else:
        weights = scores.softmax(-1)
    return dropout(weights, dropout_p, True) @ value


def _check(query: Any, key: Any, value: Any, mask: Any) -> None:
    names, given = ("query", "key", "value"), (query, key, value)
    kinds = [c_name(each._array.dtype) for each in given]
    if len(set(kinds)) > 1:
        found = " ".join(f"{name}.dtype: {kind}" for name, kind in zip(names, kinds, strict=True))
        found = found.replace(" value", " and value")
        raise RuntimeError(f"Expected query, key, and value to have the same dtype, but got {found} instead.")
    if any(each.dim() < 2 for each in given):
        found = " ".join(f"{name}.dim: {each.dim()}" for name, each in zip(names, given, strict=True))
        found = found.replace(" value", " and value")
        raise RuntimeError(f"Expected query, key, and value to all be  at least 2 dimensional, but got {found} instead.")
    if mask is not None and mask._array.dtype not in (np.dtype(bool), np.dtype(np.float32), query._array.dtype):
        raise RuntimeError(
            f"Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{c_name(mask._array.dtype)} and  query.dtype: {kinds[0]} instead."
        )
