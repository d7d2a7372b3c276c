"""Multi-head attention (https://docs.pytorch.org/docs/2.13/generated/torch.nn.MultiheadAttention.html)."""

from __future__ import annotations

from typing import Any

from ..creation import empty
from ..functions.multihead import canonical_mask
from . import functional as F
from . import init
from .linear import NonDynamicallyQuantizableLinear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Concat(head₁, ..., headₕ) Wᴼ, where headᵢ = softmax(Q Wᵢᑫ (K Wᵢᵏ)ᵀ / √d) V Wᵢᵛ.

    Args:
        embed_dim: E, the size of the embeddings; each head has E / ``num_heads`` of it.
        num_heads: the number of heads.
        dropout: the probability of dropout on the weights, in training.
        bias: whether the projections have a bias.
        add_bias_kv: whether there is one more, learnt, position of keys and values.
        add_zero_attn: whether there is one more position of zeros.
        kdim, vdim: sizes of the keys and values; E by default.
        batch_first: whether inputs are (N, L, E) instead of (L, N, E).

    Attributes:
        in_proj_weight, in_proj_bias: the three input projections below each other, (3E, E) and (3E,). With sizes of their
            own there are q_proj_weight, k_proj_weight and v_proj_weight instead.
        out_proj: the layer behind the heads.

    Source: Vaswani et al., "Attention is all you need", 2017 (https://arxiv.org/abs/1706.03762).
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        kind = {"device": device, "dtype": dtype}
        apart = {
            "q_proj_weight": (embed_dim, embed_dim),
            "k_proj_weight": (embed_dim, self.kdim),
            "v_proj_weight": (embed_dim, self.vdim),
        }
        if self._qkv_same_embed_dim:
            self.in_proj_weight = Parameter(empty((3 * embed_dim, embed_dim), **kind))
        for name, shape in apart.items():
            self.register_parameter(name, None if self._qkv_same_embed_dim else Parameter(empty(shape, **kind)))
        if not self._qkv_same_embed_dim:
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", Parameter(empty(3 * embed_dim, **kind)) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **kind)
        self.bias_k = Parameter(empty((1, 1, embed_dim), **kind)) if add_bias_kv else None
        self.bias_v = Parameter(empty((1, 1, embed_dim), **kind)) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        if self._qkv_same_embed_dim:
            init.xavier_uniform_(self.in_proj_weight)
        else:
            for weight in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        """The output and None or the weights.

        The arguments are those of :func:`torch.nn.functional.multi_head_attention_forward`.
        """
        key_padding_mask = canonical_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
        attn_mask = canonical_mask(attn_mask, "attn_mask", query.dtype)
        turned = self.batch_first and query.dim() == 3
        if turned:  # what is one tensor stays one
            given = {id(each): each.transpose(1, 0) for each in (query, key, value)}
            query, key, value = given[id(query)], given[id(key)], given[id(value)]
        out, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (out.transpose(1, 0) if turned else out), weights
