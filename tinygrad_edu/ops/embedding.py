"""Rows of a table by index, and bags of them."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .repeated import add_at

_ADDED = "{{scale_grad_by_freq:{} / N}}{{else:{}}} added at [index]{{padding_idx≠−1: but 0 at [padding_idx]}}"
_READ = "{}[index]{{scale_grad_by_freq: / N}}{{padding_idx≠−1: but 0 where index = padding_idx}}"


@op(
    "EmbeddingBackward0",
    weight=lambda grad, weight_shape, index, padding_idx, scale_grad_by_freq: rows_back(
        grad, index, weight_shape[0], padding_idx, scale_grad_by_freq
    ),
    index=None,
    public="embedding",
    formula=("weight[index]", _ADDED.format("G", "G")),
)
def rows(weight, index, padding_idx=-1, scale_grad_by_freq=False):
    """The rows of ``weight`` at ``index``; the row ``padding_idx`` has no gradient."""
    try:
        return np.take(weight, index, 0)
    except IndexError:
        raise IndexError("index out of range in self") from None


def _factors(index, count, padding_idx, scale_grad_by_freq):
    """What each row's gradient is multiplied by, or None: 0 for the padding, 1 / frequency."""
    factors = None
    if scale_grad_by_freq:
        factors = 1 / np.bincount(index.reshape(-1), minlength=count)[index]
    if padding_idx >= 0:
        kept = index != padding_idx
        factors = kept.astype(np.float32) if factors is None else factors * kept
    return factors


def _scaled(x, factors):
    return x if factors is None else x * factors[..., None].astype(x.dtype)


@op(
    "EmbeddingDenseBackward0",
    x=lambda grad, index, padding_idx, scale_grad_by_freq: scaled_rows(grad, index, padding_idx, scale_grad_by_freq),
    index=None,
    formula=(_ADDED.format("x", "x"), _READ.format("G")),
)
def rows_back(x, index, count, padding_idx=-1, scale_grad_by_freq=False):
    """A table of ``count`` rows in which each row of ``x`` is added at its index: the gradient of :func:`rows`."""
    result = np.zeros((count, *x.shape[index.ndim :]), x.dtype)
    if index.size:
        add_at(result, np.atleast_1d(index), _scaled(x, _factors(index, count, padding_idx, scale_grad_by_freq)))
    return result


@op(
    "EmbeddingBackward0",
    x=lambda grad, x_shape, index, padding_idx, scale_grad_by_freq: rows_back(
        grad, index, x_shape[0], padding_idx, scale_grad_by_freq
    ),
    index=None,
    formula=(_READ.format("x"), _ADDED.format("G", "G")),
)
def scaled_rows(x, index, padding_idx=-1, scale_grad_by_freq=False):
    """The rows at ``index``, 0 for the padding, divided by their frequencies: the gradient of :func:`rows_back`."""
    return _scaled(x[index], _factors(index, len(x), padding_idx, scale_grad_by_freq))
