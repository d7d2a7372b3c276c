"""Rows of a table by index, and bags of them."""

from __future__ import annotations

import itertools

import numpy as np

from ..autograd.op import op
from .elementwise import as_half, from_half
from .reduction import sum
from .repeated import add_at
from .scatter import scatter_zeros
from .shape import unsqueeze

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


# ---- bags of rows ----------------------------------------------------------------------------------------------------


def _times(x, factors):
    return x if factors is None else x * unsqueeze(factors, 1)


@op(
    "EmbeddingBagBackward0",
    weight=lambda grad, weight_shape, index, factors, bags, scale_grad_by_freq: rows_back(
        _times(rows(grad, bags), factors), index, weight_shape[0], -1, scale_grad_by_freq
    ),
    index=None,
    factors=lambda grad, weight, index, bags: sum(rows(weight, index) * rows(grad, bags), 1),
    public="embedding_bag",
    formula=(
        "Σ weight[index]{factors: · factors} in each piece",
        "each G{factors: · factors}{scale_grad_by_freq: / N} added at [index]",
        "Σ (weight[index] · G) in each piece",
    ),
)
def bag_sums(weight, index, factors=None, *, bags, count, scale_grad_by_freq=False):
    """The sums of the rows of ``weight`` at ``index``, times ``factors``, in each of ``count`` bags: row i is in bags[i]."""
    result = np.zeros((count, weight.shape[1]), from_half(weight[:0]).dtype)
    if index.size:
        add_at(result, bags, _times(from_half(weight[index]), None if factors is None else from_half(factors)))
    return as_half(result, weight)


def _bag_maxima_rule(grad, weight_shape, winners, filled):
    return scatter_zeros(grad * filled, weight_shape, 0, winners)


@op(
    "EmbeddingBagBackward0",
    weight=_bag_maxima_rule,
    index=None,
    keeps=("winners", "filled"),
    public="embedding_bag",
    formula=("max(weight[index]) in each piece", "G added at each winner"),
)
def bag_maxima(weight, index, bags, count):
    """The maxima, element by element, of the rows of ``weight`` at ``index`` in each of ``count`` bags; 0 if it is empty.

    Kept: the row from which each element comes, and whether there is one.
    """
    shape = (count, weight.shape[1])
    winners, filled = np.zeros(shape, np.int64), np.zeros(shape, weight.dtype)
    ends = np.searchsorted(bags, np.arange(count), "right")
    for bag, (start, end) in enumerate(itertools.pairwise((0, *ends))):
        if start < end:
            chosen = index[start:end]
            winners[bag] = chosen[weight[chosen].argmax(0)]
            filled[bag] = 1
    if not len(weight):
        return np.zeros(shape, weight.dtype), winners, filled
    return np.where(filled > 0, np.take_along_axis(weight, winners, 0), weight.dtype.type(0)), winners, filled
