"""Fractional max pooling: windows at places of their own in each plane.

Source: Graham, "Fractional max-pooling", 2015 (https://arxiv.org/abs/1412.6071).
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import op
from .scatter import scatter_zeros
from .shape import reshape


def _elements(shape, starts, kernel):
    """The places of the elements of each window in its flattened plane: (..., outputs, window)."""
    n = len(kernel)
    places, lead = 0, starts[0].ndim - 1
    for axis in range(n):
        rows = starts[axis][..., np.newaxis] + np.arange(kernel[axis])  # (..., outputs, window) along this axis
        spread = [1] * (2 * n)
        spread[axis], spread[n + axis] = rows.shape[-2:]
        places = places * shape[axis - n] + rows.reshape(*rows.shape[:lead], *spread)
    outputs = tuple(each.shape[-1] for each in starts)
    return places.reshape(*places.shape[:lead], math.prod(outputs), math.prod(kernel)), outputs


def _flat(shape, n):
    """``shape`` with the last ``n`` axes as one."""
    return (*shape[:-n], math.prod(shape[-n:]))


def _winners(windows):
    """Which element of each window is its maximum: the first, but the last nan if there is one."""
    found = windows.argmax(-1)
    if windows.dtype.kind == "f":
        undefined = np.isnan(windows)
        if undefined.any():
            last = windows.shape[-1] - 1 - undefined[..., ::-1].argmax(-1)
            found = np.where(undefined.any(-1), last, found)
    return found


def _declare(n):
    @op(
        f"FractionalMaxPool{n}DBackward0",
        x=lambda grad, x_shape, places: reshape(
            scatter_zeros(reshape(grad, places.shape), _flat(x_shape, n), places.ndim - 1, places),
            x_shape,
        ),
        keeps=("places",),
        results=2,
        diff_results=1,
        public=f"fractional_max_pool{n}d",
        formula=("max(x) in each window, its place", "G added at each winner"),
        symbol="max pool",
    )
    def fractional_max_pool(x, starts, sizes):
        """The maximum of each window, and its place in the flattened plane.

        Shapes: x (..., plane); ``starts``, for each axis, where the windows begin: (..., windows); ``sizes``, theirs.
        """
        elements, outputs = _elements(x.shape, starts, sizes)
        flat = x.reshape(_flat(x.shape, n))
        if not elements.shape[-1]:
            places = np.broadcast_to(np.zeros(1, np.int64), elements.shape[:-1])
            result = np.full(places.shape, -np.inf, x.dtype)
        else:
            lead = elements.shape[:-2]
            order = elements.reshape(*lead, math.prod(elements.shape[-2:]))
            windows = np.take_along_axis(flat, order, -1).reshape(elements.shape)
            won = _winners(windows)[..., np.newaxis]
            result = np.take_along_axis(windows, won, -1)[..., 0]
            places = np.take_along_axis(elements, won, -1)[..., 0]
        shape = (*x.shape[:-n], *outputs)
        return (np.ascontiguousarray(result).reshape(shape), places.reshape(shape).copy()), places

    return fractional_max_pool


FRACTIONAL_MAX_POOLS = {n: _declare(n) for n in (2, 3)}
