"""Embeddings: the forms in which their arguments may come, and PyTorch's checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.version import stamp_write
from ..dtypes import from_numpy_dtype
from ..ops import embedding as _embedding
from ..tensor import Tensor
from .arguments import require_tensor

__all__ = ["embedding"]


def table_lookup(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """``torch.embedding``: the rows of ``weight`` at ``indices``."""
    require_tensor("embedding", weight, "weight", 1)
    require_tensor("embedding", indices, "indices", 2)
    if weight._array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    index = _checked_indices("embedding", indices)
    if index.size and (np.minimum.reduce(index, axis=None) < 0 or np.maximum.reduce(index, axis=None) >= len(weight._array)):
        raise IndexError("index out of range in self")
    if sparse:
        raise NotImplementedError("sparse gradients are not supported: use embedding(..., sparse=False)")
    return _embedding.rows.function(weight, indices, padding_idx, scale_grad_by_freq)


def _checked_indices(function: str, indices: Any) -> np.ndarray:
    index: np.ndarray = indices._array
    if index.dtype not in (np.int64, np.int32):
        name = from_numpy_dtype(index.dtype).legacy_name
        given = "CPUBoolType" if index.dtype == bool else f"torch.{name}Tensor"
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{given} instead (while checking arguments for {function})"
        )
    return index


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` at the indices ``input``: shape (*, D) for input (*) and weight (V, D).

    Args:
        input: indices, int64 or int32.
        weight: the table.
        padding_idx: a row that has no gradient.
        max_norm: if given, rows that are used and longer are first shortened, in place.
        norm_type: the p of the norm that measures them.
        scale_grad_by_freq: whether a row's gradient is divided by the number of times that it occurs in ``input``.
        sparse: not supported.
    """
    if padding_idx is None:
        padding_idx = -1
    else:
        count = weight._array.shape[0]
        if not -count <= padding_idx < max(count, 1):
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx = padding_idx + count if padding_idx < 0 else padding_idx
    if max_norm is not None:
        _shorten(weight._array, np.unique(_checked_indices("embedding_renorm_", input)), max_norm, norm_type)
    return table_lookup(weight, input, padding_idx, scale_grad_by_freq, sparse)


def _shorten(weight: np.ndarray, index: np.ndarray, max_norm: float, norm_type: float) -> None:
    """Rows that are longer than ``max_norm`` become that long."""
    if index.size and (index[0] < 0 or index[-1] >= len(weight)):
        raise IndexError("index out of range in self")
    lengths = np.linalg.norm(weight[index], norm_type, 1)
    long = lengths > max_norm
    if long.any():
        factors = max_norm / (lengths[long].astype(np.float64) + 1e-7)
        weight[index[long]] *= factors[:, None].astype(weight.dtype)
    stamp_write(weight)
