"""The part of a base that a view shows, and the operations that take it out and put it back.

They serve the history of views after an in-place write (:mod:`tinygrad_edu.autograd.inplace`).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..autograd.op import op


class Region:
    """For every element of a view, its position among the base's elements (in the base's row-major order)."""

    __slots__ = ("base_shape", "positions")

    def __init__(self, base_shape, positions):
        self.base_shape, self.positions = base_shape, positions

    @classmethod
    def of(cls, base, view):
        """Read the positions off the two arrays' memory layouts."""
        item = base.itemsize
        extent = 1 + sum((n - 1) * s for n, s in zip(base.shape, base.strides, strict=True)) // item if base.size else 0
        memory = np.zeros(extent, np.intp)
        number = memory.itemsize
        as_strided(memory, base.shape, [s // item * number for s in base.strides])[...] = np.arange(base.size).reshape(
            base.shape
        )
        offset = (view.ctypes.data - base.ctypes.data) // item if view.size else 0
        shown = as_strided(memory[offset:], view.shape, [s // item * number for s in view.strides])
        return cls(base.shape, shown.copy())


@op("AsStridedBackward0", x=lambda grad, region: spread_region(grad, region), public="as_strided")
def take_region(x, region):
    """The elements that a view shows."""
    return x.reshape(-1)[region.positions]


@op("AsStridedScatterBackward0", x=lambda grad, region: take_region(grad, region), public="as_strided_scatter")
def spread_region(x, region):
    """Zeros of the base's shape with ``x`` added where the view shows it."""
    size = 1
    for n in region.base_shape:
        size *= n
    result = np.zeros(size, x.dtype)
    np.add.at(result, region.positions, x)
    return result.reshape(region.base_shape)


@op(
    "AsStridedScatterBackward0",
    x=lambda grad, region: insert_region(grad, zeros_part(grad, region), region),
    part=lambda grad, region: take_region(grad, region),
    public="as_strided_scatter",
)
def insert_region(x, part, region):
    """``x`` with the elements that the view shows replaced by ``part``."""
    result = x.reshape(-1).copy()
    result[region.positions] = part
    return result.reshape(region.base_shape)


@op(None, x=None)
def zeros_part(x, region):
    return np.zeros(region.positions.shape, x.dtype)
