"""Attention in several heads, with the projections before and behind it."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..creation import zeros, zeros_like
from ..dtypes import DTYPES
from ..tensor import Tensor
from .attention import scaled_dot_product_attention
from .combining import cat
from .dropout import dropout
from .linalg import linear
from .padding import pad

__all__ = ["multi_head_attention_forward"]


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Concat(head₁, ..., headₕ) Wᴼ, where headᵢ = softmax(Qᵢ Kᵢᵀ / √d + mask) Vᵢ and Qᵢ, Kᵢ, Vᵢ are projections.

    Args:
        query: shape (L, N, E), or (L, E) without a batch.
        key, value: shapes (S, N, Eₖ) and (S, N, Eᵥ).
        embed_dim_to_check: E.
        in_proj_weight, in_proj_bias: the three projections below each other, shapes (3E, E) and (3E,).
        bias_k, bias_v: one more position of key and value, shape (1, 1, E).
        add_zero_attn: whether to add one more position of zeros.
        key_padding_mask: shape (N, S) or (S,); bool, True where no query may attend, or numbers that are added.
        need_weights: whether the weights are returned too.
        attn_mask: shape (L, S) or (N · num_heads, L, S); as ``key_padding_mask``.
        use_separate_proj_weight: whether the projections are ``q_proj_weight`` (E, E), ``k_proj_weight`` (E, Eₖ) and
            ``v_proj_weight`` (E, Eᵥ) instead.
        static_k, static_v: the projected keys and values, shape (N · num_heads, S, E / num_heads).
        average_attn_weights: return the mean over the heads of the weights.
        is_causal: a hint that ``attn_mask`` lets a position attend only to itself and those before it.

    Returns:
        The output, shaped as ``query``, and None or the weights, (N, L, S), or (N, num_heads, L, S) if not averaged.

    Source: Vaswani et al., "Attention is all you need", 2017 (https://arxiv.org/abs/1706.03762).
    """
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, n, embed_dim = query.shape
    padding = canonical_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        mask = None  # the hint alone is enough
    else:
        mask = canonical_mask(attn_mask, "attn_mask", query.dtype)
        is_causal = is_causal and padding is None
    _require(embed_dim == embed_dim_to_check, f"was expecting embedding dimension of {embed_dim_to_check}, but got {embed_dim}")
    size = embed_dim // num_heads
    _require(size * num_heads == embed_dim, f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        found = f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        _require(key.shape[:2] == value.shape[:2], found)
        weights = {"q": q_proj_weight, "k": k_proj_weight, "v": v_proj_weight}
        for name, weight in weights.items():
            _require(weight is not None, f"use_separate_proj_weight is True but {name}_proj_weight is None")
        q, k, v = _projected_apart(query, key, value, weights, in_proj_bias)
    else:
        _require(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
        _require(in_proj_weight is not None, "use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias)
    if mask is not None:
        mask = _with_heads(mask, length, key.shape[0], n * num_heads)

    added = 0
    if bias_k is not None and bias_v is not None:
        _require(static_k is None, "bias cannot be added to static key.")
        _require(static_v is None, "bias cannot be added to static value.")
        k, v = cat([k, bias_k.repeat(1, n, 1)]), cat([v, bias_v.repeat(1, n, 1)])
        added += 1
    _require(bias_k is None or bias_v is not None, "bias_k is set but bias_v is None")
    _require(bias_v is None or bias_k is not None, "bias_v is set but bias_k is None")
    q = q.view(length, n * num_heads, size).transpose(0, 1)
    k = _heads("static_k", static_k, k, n * num_heads, size)
    v = _heads("static_v", static_v, v, n * num_heads, size)
    if add_zero_attn:
        nothing = zeros((n * num_heads, 1, size), dtype=k.dtype)
        k, v = cat([k, nothing], 1), cat([v, nothing], 1)
        added += 1
    if added:  # to what was added, every query may attend
        mask = None if mask is None else pad(mask, (0, added))
        padding = None if padding is None else pad(padding, (0, added))
    sources = k.size(1)
    if padding is not None:
        for dim, expected in enumerate((n, sources)):
            found = f"Expected key_padded_mask.shape[{dim}] to be {expected}, but got {padding.shape[dim]}"
            _require(padding.shape[dim] == expected, found)
        padding = padding.view(n, 1, 1, sources).expand(-1, num_heads, -1, -1).reshape(n * num_heads, 1, sources)
        mask = padding if mask is None else mask + padding
    if not training:
        dropout_p = 0.0

    if not need_weights:
        if mask is not None:
            mask = mask.unsqueeze(0) if mask.size(0) == 1 else mask.view(n, num_heads, -1, sources)
        q, k, v = (each.view(n, num_heads, -1, size) for each in (q, k, v))
        out = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
        out = out.permute(2, 0, 1, 3).reshape(n * length, embed_dim)
        out = linear(out, out_proj_weight, out_proj_bias)
        out = out.view(length, n, out.size(1))
        return (out if batched else out.squeeze(1)), None

    _require(not is_causal or mask is not None, "FIXME: is_causal not implemented for need_weights")
    q = q * math.sqrt(1.0 / size)
    scores = q.bmm(k.transpose(-2, -1)) if mask is None else mask.baddbmm(q, k.transpose(-2, -1))
    attention = scores.softmax(-1)
    if dropout_p > 0.0:
        attention = dropout(attention, dropout_p)
    out = attention.bmm(v).transpose(0, 1).reshape(length * n, embed_dim)
    out = linear(out, out_proj_weight, out_proj_bias)
    out = out.view(length, n, out.size(1))
    attention = attention.view(n, num_heads, length, sources)
    if average_attn_weights:
        attention = attention.mean(1)
    return (out, attention) if batched else (out.squeeze(1), attention.squeeze(0))


def canonical_mask(mask: Any, name: str, dtype: Any, other: Any = None, other_name: str = "") -> Any:
    """The numbers that a mask adds to the scores: -∞ where a bool mask is True.

    Warns where the dtype is not that of ``other``, a second mask.
    """
    if mask is None:
        return None
    floating = mask.is_floating_point()
    _require(floating or mask.dtype == DTYPES["bool"], f"only bool and floating types of {name} are supported")
    if other is not None and mask.dtype != other.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.", stacklevel=3
        )
    return mask if floating else zeros_like(mask, dtype=dtype).masked_fill_(mask, -math.inf)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _is_batched(query: Any, key: Any, value: Any, padding: Any, mask: Any, num_heads: int) -> bool:
    dims = query.dim()
    if dims not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor")
    start = f"For {'batched' if dims == 3 else 'unbatched'} ({dims}-D) `query`, expected"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"{start} `key` and `value` to be {dims}-D but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != dims - 1:
        raise AssertionError(
            f"{start} `key_padding_mask` to be `None` or {dims - 1}-D but found {padding.dim()}-D tensor instead"
        )
    if mask is not None:
        if mask.dim() not in (2, 3):
            raise AssertionError(f"{start} `attn_mask` to be `None`, 2-D or 3-D but found {mask.dim()}-D tensor instead")
        expected = (num_heads, query.shape[0], key.shape[0])
        if dims == 2 and mask.dim() == 3 and mask.shape != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {mask.shape}")
    return dims == 3


def _with_heads(mask: Any, length: int, sources: int, heads: int) -> Any:
    dims = mask.dim()
    expected = (length, sources) if dims == 2 else (heads, length, sources)
    if mask.shape != expected:
        raise RuntimeError(f"The shape of the {dims}D attn_mask is {mask.shape}, but should be {expected}.")
    return mask.unsqueeze(0) if dims == 2 else mask


def _heads(name: str, static: Any, projected: Any, heads: int, size: int) -> Any:
    if static is None:
        return projected.view(projected.shape[0], heads, size).transpose(0, 1)
    for dim, expected in ((0, heads), (2, size)):
        found = f"expecting {name}.size({dim}) of {expected}, but got {static.size(dim)}"
        _require(static.size(dim) == expected, found)
    return static


def _projected(query: Any, key: Any, value: Any, weight: Any, bias: Any) -> Any:
    """Q, K and V by one product where the inputs are the same tensor, which is how PyTorch saves work."""
    size = query.size(-1)
    if key is not value:
        biases = (None,) * 3 if bias is None else bias.chunk(3)
        return [linear(x, w, b) for x, w, b in zip((query, key, value), weight.chunk(3), biases, strict=True)]
    if query is key:
        return _split(linear(query, weight, bias), 3, size)
    w_q, w_kv = weight.split([size, size * 2])
    b_q, b_kv = (None, None) if bias is None else bias.split([size, size * 2])
    return linear(query, w_q, b_q), *_split(linear(key, w_kv, b_kv), 2, size)


def _split(packed: Any, parts: int, size: int) -> list[Any]:
    packed = packed.unflatten(-1, (parts, size)).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
    return [packed[i] for i in range(parts)]


def _projected_apart(query: Any, key: Any, value: Any, weights: dict[str, Any], bias: Any) -> list[Any]:
    size = query.size(-1)
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    names = ("query", "key", "value")
    inputs = list(zip(names, (query, key, value), weights.values(), biases, strict=True))
    for name, x, weight, _ in inputs:
        expected = (size, x.size(-1))
        _require(weight.shape == expected, f"expecting {name} weights shape of {expected}, but got {weight.shape}")
    for name, _, _, b in inputs:
        if b is not None:
            _require(b.shape == (size,), f"expecting {name} bias shape of {(size,)}, but got {b.shape}")
    return [linear(x, weight, b) for _, x, weight, b in inputs]
