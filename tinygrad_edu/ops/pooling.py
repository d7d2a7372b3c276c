"""Pooling: the maximum or the mean of windows, one axis after the other.

A window along one axis is described by *pieces*: (offset in the window, which outputs, the inputs that they read), the
last two as slices. An operation goes through the axes of ``windows``, one tuple of pieces for each of the last axes of x,
from the last to the first; so ties are won by the first element of a window, row by row.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .elementwise import as_half, from_half
from .masking import kept_where
from .repeated import add_at_positions


class Windows(NamedTuple):
    """The windows along one axis.

    Attributes:
        size: the number of inputs.
        outputs: the number of windows.
        pieces: (offset, outputs, inputs).
        starts, step: the place of a window's element is starts[output] + step * offset.
        first: the first offset inside the input, for each window.
        whole: whether every offset reads an input for every output.
        apart: whether no input is in two windows.
        covers: whether, beyond that, every input is in one.
    """

    size: int
    outputs: int
    pieces: tuple
    starts: np.ndarray
    step: int
    first: np.ndarray
    whole: bool
    apart: bool
    covers: bool


@lru_cache(256)
def sliding_windows(size, count, kernel, stride, padding, dilation):
    """Windows of ``kernel`` elements, ``dilation`` apart, that begin ``stride`` apart, the first ``padding`` before 0."""
    starts = np.arange(count) * stride - padding
    pieces = []
    for i in range(kernel):
        shift = i * dilation - padding  # output o reads the input o * stride + shift
        low, high = max(0, -(shift // stride)), min(count, (size - 1 - shift) // stride + 1)
        if low < high:
            begin = low * stride + shift
            pieces.append((i, slice(low, high), slice(begin, (high - 1) * stride + shift + 1, stride)))
    whole = len(pieces) == kernel and all(outputs == slice(0, count) for _, outputs, _ in pieces)
    first = -(np.minimum(starts, 0) // dilation)
    apart = stride >= (kernel - 1) * dilation + 1
    covers = apart and sum(len(range(count)[outputs]) for _, outputs, _ in pieces) == size
    return Windows(size, count, tuple(pieces), starts, dilation, first, whole, apart, covers)


@lru_cache(256)
def adaptive_windows(size, count):
    """``count`` windows that cover the axis as evenly as possible."""
    if count and size % count == 0:
        return sliding_windows(size, count, size // count, size // count, 0, 1)
    pieces, starts = [], np.array([o * size // count for o in range(count)], np.int64)
    for o, start in enumerate(starts.tolist()):
        stop = -(-(o + 1) * size // count)
        pieces += [(i, slice(o, o + 1), slice(start + i, start + i + 1)) for i in range(stop - start)]
    return Windows(size, count, tuple(pieces), starts, 1, np.zeros(count, np.int64), False, False, False)


def _along(axis, part):
    """The index that takes ``part`` along ``axis``, counted from the end."""
    return (..., part, *(slice(None),) * (-1 - axis))


def _column(vector, axis):
    """A vector lined up with ``axis``, counted from the end."""
    return vector.reshape(-1, *(1,) * (-1 - axis))


def _zeros(x, axis, windows):
    """What the windows of ``x`` are spread into; not zeros where every place will be written to."""
    make = np.empty if windows.covers else np.zeros
    return make(_shape_with(x.shape, axis, windows.size), x.dtype)


def _shape_with(shape, axis, n):
    shape = list(shape)
    shape[axis] = n
    return shape


# ---- maximum -------------------------------------------------------------------------------------------------------


def _axis_maximum(x, windows, axis, careful):
    """The maximum of each window along one axis, and the offset of the element that it is.

    The first of equal elements wins, and the last nan; nan is only looked for if ``careful``.
    """
    if windows.whole and len(windows.pieces) == 2 and not careful:  # two elements: the offset is a bool
        first, second = (x[_along(axis, inputs)] for _, _, inputs in windows.pieces)
        best = np.maximum(first, second)
        return best, best != first
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    best = np.full(_shape_with(x.shape, axis, windows.outputs), lowest, x.dtype)
    offsets = np.empty(best.shape, np.uint8 if len(windows.pieces) < 256 else np.int64)
    offsets[...] = _column(windows.first, axis)
    for i, outputs, inputs in windows.pieces:
        here, value = _along(axis, outputs), x[_along(axis, inputs)]
        wins = value > best[here]
        if careful:
            wins |= value != value
        np.copyto(offsets[here], i, where=wins, casting="unsafe")
        np.maximum(best[here], value, out=best[here])
    return best, offsets


def _is_offset(offsets, i):
    if offsets.dtype == bool:
        return offsets if i else ~offsets
    return offsets == i


def _maximum(x, windows):
    """The maxima, and the winning offsets along each axis."""
    if x.dtype == bool:
        raise not_implemented(f"max_pool{len(windows)}d", x.dtype)
    for careful in (False, True):
        result, places = x, []
        for axis in range(-1, -1 - len(windows), -1):
            result, offsets = _axis_maximum(result, windows[axis], axis, careful)
            places.append(offsets)
        if x.dtype.kind != "f" or not result.size or not np.isnan(np.maximum.reduce(result, axis=None)):
            break
    return np.ascontiguousarray(result), places


def _flat_indices(windows, places):
    """The winners as places in the flattened last axes of x."""
    total, size = None, 1
    for axis, offsets in zip(range(-1, -1 - len(windows), -1), places, strict=True):
        one = windows[axis]
        here = _column(one.starts, axis) + offsets.astype(np.int64) * one.step
        total = here * size if total is None else np.take_along_axis(total, here, axis) + here * size
        size *= one.size
    return total


def _maximum_rule(grad, windows, places):
    return spread_winners(grad, windows, places)


def _maximum_pool(x, windows):
    """The maximum of each window."""
    result, places = _maximum(x, windows)
    return result, places


def _maximum_pool_and_indices(x, windows):
    """The maximum of each window, and its place among the (flattened) axes that are pooled."""
    result, places = _maximum(x, windows)
    return (result, _flat_indices(windows, places)), places


def _declare_maximum(name, public, indices):
    options = {"results": 2, "diff_results": 1} if indices else {}
    forward = _maximum_pool_and_indices if indices else _maximum_pool
    value = "max(x) in each window, its place" if indices else "max(x) in each window"
    formula = (value, "G added at each winner")
    return op(name, x=_maximum_rule, keeps=("places",), public=public, formula=formula, symbol="max pool", **options)(forward)


MAX_POOLS = {
    n: tuple(_declare_maximum(f"MaxPool{n}DWithIndicesBackward0", f"max_pool{n}d", each) for each in (False, True))
    for n in (2, 3)
}
"""By the number of axes: the maxima alone, and with their indices."""
ADAPTIVE_MAX_POOLS = {n: _declare_maximum(f"AdaptiveMaxPool{n}DBackward0", f"adaptive_max_pool{n}d", True) for n in (2, 3)}


@op(
    "MaxPoolBackwardBackward0",
    x=lambda grad, windows, places: take_winners(grad, windows, places),
    public="max_pool",
    formula=("x added at each winner", "G at each winner"),
)
def spread_winners(x, windows, places):
    """Each element in the place of its window's winner, and zeros: the gradient of the maximum."""
    for axis in range(-len(windows), 0):
        one, offsets = windows[axis], places[-1 - axis]
        result = _zeros(x, axis, one)
        for i, outputs, inputs in one.pieces:
            won = kept_where(x[_along(axis, outputs)], _is_offset(offsets[_along(axis, outputs)], i))
            target = result[_along(axis, inputs)]
            if one.apart:
                target[...] = won
            else:
                target += won
        x = result
    return x


@op(
    "MaxPoolBackward0",
    x=lambda grad, windows, places: spread_winners(grad, windows, places),
    public="max_pool",
    formula=("x at each winner", "G added at each winner"),
)
def take_winners(x, windows, places):
    """The element in the place of each window's winner."""
    for axis in range(-1, -1 - len(windows), -1):
        one, offsets = windows[axis], places[-1 - axis]
        result = np.zeros(_shape_with(x.shape, axis, one.outputs), x.dtype)
        for i, outputs, inputs in one.pieces:
            wins = _is_offset(offsets[_along(axis, outputs)], i)
            np.copyto(result[_along(axis, outputs)], x[_along(axis, inputs)], where=wins)
        x = result
    return x


# ---- sum and mean --------------------------------------------------------------------------------------------------


def _sums(x, windows):
    """The sum of each window."""
    for axis in range(-1, -1 - len(windows), -1):
        one = windows[axis]
        if one.whole:
            total = x[_along(axis, one.pieces[0][2])]
            for k, (_, _, inputs) in enumerate(one.pieces[1:]):
                total = np.add(total, x[_along(axis, inputs)], out=total if k else None)
            x = total
            continue
        total = np.zeros(_shape_with(x.shape, axis, one.outputs), x.dtype)
        for _, outputs, inputs in one.pieces:
            total[_along(axis, outputs)] += x[_along(axis, inputs)]
        x = total
    return x


def _spread(x, windows):
    """Each element in all places of its window, added up where windows overlap."""
    for axis in range(-len(windows), 0):
        one = windows[axis]
        result = _zeros(x, axis, one)
        for _, outputs, inputs in one.pieces:
            target = result[_along(axis, inputs)]
            if one.apart:
                target[...] = x[_along(axis, outputs)]
            else:
                target += x[_along(axis, outputs)]
        x = result
    return x


def _divided(x, divisor):
    """``x / divisor``; integers stay integers, rounded towards zero."""
    if x.dtype.kind in "fc":
        return np.divide(x, np.asarray(divisor, x.dtype))
    return np.trunc(x / divisor).astype(x.dtype)


def _mean_rule(grad, windows, divisor):
    return spread_means(grad, windows, divisor)


def _mean_pool(x, windows, divisor):
    """The sum of each window, divided by ``divisor``: a number, or an array of one for each window."""
    if x.dtype.kind in "iub" and x.dtype != np.int64:
        raise not_implemented(f"avg_pool{len(windows)}d", x.dtype)
    return as_half(_divided(_sums(from_half(x), windows), divisor), x)


def _declare_mean(name, public):
    formula = ("mean(x) in each window", "G / N added in each window")
    return op(name, x=_mean_rule, public=public, formula=formula, symbol="mean pool")(_mean_pool)


AVG_POOLS = {n: _declare_mean(f"AvgPool{n}DBackward0", f"avg_pool{n}d") for n in (2, 3)}
ADAPTIVE_AVG_POOLS = {n: _declare_mean(f"AdaptiveAvgPool{n}DBackward0", f"adaptive_avg_pool{n}d") for n in (2, 3)}


@op(
    "AvgPoolBackwardBackward0",
    x=lambda grad, windows, divisor: mean_again(grad, windows, divisor),
    public="avg_pool",
    formula=("x / N added in each window", "mean(G) in each window"),
)
def spread_means(x, windows, divisor):
    """Each element divided among the places of its window: the gradient of the mean."""
    return as_half(_spread(_divided(from_half(x), divisor), windows), x)


mean_again = _declare_mean("AvgPoolBackward0", "avg_pool")


# ---- back to the places of the maxima ------------------------------------------------------------------------------


def _unpool_rule(grad, index, sizes):
    return take_flat(grad, index, len(sizes))


def _unpool(x, index, sizes):
    """Zeros of (..., *sizes) with ``x`` at the flat indices that a maximum pool returned."""
    lead = x.shape[: x.ndim - len(sizes)]
    result = np.zeros((*lead, math.prod(sizes)), x.dtype)
    np.put_along_axis(result, index.reshape(*lead, -1), x.reshape(*lead, -1), -1)
    return result.reshape(*lead, *sizes)


def _declare_unpool(name, public):
    formula = ("put(x, index) in each channel", "take(G, index) in each channel")
    return op(name, x=_unpool_rule, index=None, public=public, formula=formula)(_unpool)


MAX_UNPOOLS = {n: _declare_unpool(f"MaxUnpool{n}DBackward0", f"max_unpool{n}d") for n in (2, 3)}


@op(
    "MaxUnpoolBackwardBackward0",
    x=lambda grad, x_shape, index, n: unpool_again(grad, index, x_shape[-n:]),
    index=None,
    formula=("take(x, index) in each channel", "put(G, index) in each channel"),
)
def take_flat(x, index, n):
    """The elements at flat indices of the last ``n`` axes."""
    lead = x.shape[: x.ndim - n]
    return np.take_along_axis(x.reshape(*lead, -1), index.reshape(*lead, -1), -1).reshape(index.shape)


@op(
    "MaxUnpoolBackward0",
    x=_unpool_rule,
    index=None,
    public="max_unpool",
    formula=("Σ put(x, index) in each channel", "take(G, index) in each channel"),
)
def unpool_again(x, index, sizes):
    """Zeros of (..., *sizes) to which ``x`` is added at flat indices, which may repeat: the gradient of :func:`take_flat`."""
    lead = x.shape[: x.ndim - len(sizes)]
    channels = np.arange(math.prod(lead)).reshape(-1, 1) * math.prod(sizes)
    result = np.zeros((*lead, *sizes), x.dtype)
    add_at_positions(result, channels + index.reshape(math.prod(lead), -1), x.reshape(math.prod(lead), -1))
    return result
