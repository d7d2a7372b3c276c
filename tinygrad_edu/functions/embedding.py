"""Embeddings: the forms in which their arguments may come, and PyTorch's checks."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from ..autograd.version import stamp_write
from ..dtypes import from_numpy_dtype
from ..ops import embedding as _embedding
from ..tensor import Tensor
from .arguments import require_tensor

__all__ = ["embedding", "embedding_bag"]

_NO_SPARSE = "sparse gradients are not supported: use {}(..., sparse=False)"


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
        raise NotImplementedError(_NO_SPARSE.format("embedding"))
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


# ---- bags ------------------------------------------------------------------------------------------------------------


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of ``weight`` in each bag of indices: shape (B, D) for weight (V, D).

    Args:
        input: indices, shape (B, N), or (N,) with
        offsets: where each bag begins; the last is where the last bag ends if ``include_last_offset``.
        weight: the table.
        mode: ``"sum"``, ``"mean"`` or ``"max"``; an empty bag gives zeros.
        per_sample_weights: factors of the rows, for the sum; of the shape of ``input``.
        padding_idx: a row that is in no bag.
        max_norm, norm_type, scale_grad_by_freq, sparse: as for :func:`embedding`.
    """
    if weight._array.dtype == np.int64 and input._array.dtype.kind == "f":
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same shape "
            f"as the input ({input.shape})"
        )
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    starts = _bag_starts(input, offsets, include_last_offset)
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    index = _checked_indices("embedding_bag", input).reshape(-1)
    if max_norm is not None:
        _shorten(weight._array, np.unique(index), max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}'). Please open a feature request on GitHub."
        )
    rows = len(weight._array)
    outside = np.flatnonzero((index < 0) | (index >= rows))
    if outside.size:
        place = outside[0]
        raise RuntimeError(f"Index {place} of input takes value {index[place]} which is not in the valid range [0, {rows})")
    if sparse:
        raise NotImplementedError(_NO_SPARSE.format("embedding_bag"))
    bags = np.searchsorted(starts, np.arange(len(index)), "right") - 1
    factors = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    if padding_idx is not None:
        kept = np.flatnonzero(index != (padding_idx + rows if padding_idx < 0 else padding_idx))
        index, bags = index[kept], bags[kept]
        factors = None if factors is None else factors[wrap(kept)]
    if mode == "max":
        return _embedding.bag_maxima.function(weight, wrap(index), bags, len(starts))
    if mode == "mean":
        sizes = np.maximum(np.bincount(bags, minlength=len(starts)), 1)
        factors = wrap((1 / sizes).astype(weight._array.dtype)[bags])
    return _embedding.bag_sums.function(
        weight, wrap(index), factors, bags=bags, count=len(starts), scale_grad_by_freq=scale_grad_by_freq
    )


def _bag_starts(input: Any, offsets: Any, include_last_offset: bool) -> np.ndarray:
    """Where each bag begins among the flattened indices."""
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                f"However, found offsets of type {type(offsets)}"
            )
        return np.arange(input._array.shape[0]) * input._array.shape[1]
    if input.dim() != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    starts: np.ndarray = offsets._array
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got "
            f"{starts[0]}\n[ torch.LongTensor{{}} ]"
        )
    if starts.size and starts[-1] > input._array.size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {input._array.size} but got offsets[-1] of {starts[-1]}"
        )
    return starts[:-1] if include_last_offset else starts
