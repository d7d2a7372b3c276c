"""The part of a base that a view shows, and the operations that take it out and put it back.

They serve the history of views after an in-place write (:mod:`tinygrad_edu.inplace`).
"""

from __future__ import annotations

import numpy as np

from ..autograd.op import op


class Region:
    """Where in its base's memory a view lies: shapes and strides, counted in elements from the base's first.

    Where one of the two is complex and the other shows its parts, both are counted in parts; ``pairs`` says which
    is complex.
    """

    __slots__ = ("base_shape", "base_strides", "extent", "offset", "pairs", "plain", "shape", "strides")

    def __init__(self, base_shape, base_strides, shape, strides, offset, pairs=""):
        self.pairs = pairs
        self.base_shape, self.base_strides = base_shape, base_strides
        self.shape, self.strides, self.offset = shape, strides, offset
        self.extent = max(1 + sum((n - 1) * s for n, s in zip(base_shape, base_strides, strict=True)), 0)
        self.plain = base_strides == _row_major(base_shape)

    @classmethod
    def of(cls, base, view):
        """Read the region off the two arrays."""
        pairs = ""
        if base.dtype != view.dtype:
            pairs = "base" if base.dtype.kind == "c" else "view"
            base, view = _parts(base), _parts(view)
        item = base.itemsize
        offset = 0
        if view.size:
            offset = (view.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // item
        return cls(base.shape, _in_elements(base), view.shape, _in_elements(view), offset, pairs)

    def _memory(self, array):
        """A copy of ``array`` that lies in memory as the base does."""
        if self.plain:
            return np.array(array, order="C").reshape(-1)
        memory = np.zeros(self.extent, array.dtype)
        self._base_in(memory)[...] = array
        return memory

    def _base_in(self, memory):
        return _as_strided(memory, self.base_shape, self.base_strides, 0)

    def _part_in(self, memory):
        return _as_strided(memory, self.shape, self.strides, self.offset)

    def take(self, array):
        """The elements that the view shows."""
        part = self._part_in(self._memory(_parts(array) if self.pairs else array)).copy()
        return _numbers(part) if self.pairs == "view" else part

    def spread(self, part):
        """Zeros of the base's shape with ``part`` added where the view shows it."""
        if self.pairs:
            part = _parts(part)
        memory = np.zeros(self.extent, part.dtype)
        return self._put(memory, part)

    def insert(self, array, part):
        """A copy of ``array`` with what the view shows replaced by ``part`` (an array, or 0)."""
        if self.pairs:
            array, part = _parts(array), _parts(part)
        memory = self._memory(array)
        if self._overlaps():
            self._part_in(memory)[...] = 0
        return self._put(memory, part)

    def _put(self, memory, part):
        if self._overlaps():
            np.add.at(memory, self._part_in(np.arange(self.extent)), part)
        else:
            self._part_in(memory)[...] = part
        base = self._base_in(memory)
        return _numbers(base) if self.pairs == "base" else base

    def _overlaps(self):
        """Whether the view shows an element more than once."""
        reached = 1
        for stride, n in sorted(zip(self.strides, self.shape, strict=True)):
            if n > 1:
                if stride < reached:
                    return True
                reached += stride * (n - 1)
        return False


class IndexedRegion(Region):
    """The part at a basic index: what ``x[index] = y`` writes to."""

    __slots__ = ("index",)

    def __init__(self, shape, base_shape, index):
        self.shape, self.base_shape, self.index = shape, base_shape, index

    def take(self, array):
        return np.array(array[self.index])

    def spread(self, part):
        return self._put(np.zeros(self.base_shape, part.dtype), part)

    def insert(self, array, part):
        return self._put(np.array(array), part)

    def _put(self, memory, part):
        memory[self.index] = part
        return memory


def _parts(array):
    """The two parts of complex numbers along a last axis; anything else as it is."""
    array = np.asarray(array)
    if array.dtype.kind != "c":
        return array
    return array[..., np.newaxis].view(array.real.dtype)


def _numbers(parts):
    """Complex numbers of what :func:`_parts` makes."""
    return parts.view(np.result_type(parts.dtype, np.complex64))[..., 0]


def _in_elements(array):
    item = array.itemsize
    return tuple(s // item for s in array.strides)


def _row_major(shape):
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def _as_strided(memory, shape, strides, offset):
    if 0 in shape:
        return np.empty(shape, memory.dtype)
    item = memory.itemsize
    return np.ndarray(shape, memory.dtype, memory, offset * item, tuple(s * item for s in strides))


@op(
    "AsStridedBackward0",
    x=lambda grad, region: spread_region(grad, region),
    public="as_strided",
    formula=("view(x)", "G there, else 0"),
)
def take_region(x, region):
    """The elements that a view shows."""
    return region.take(x)


@op(
    "AsStridedScatterBackward0",
    x=lambda grad, region: take_region(grad, region),
    public="as_strided_scatter",
    formula=("x there, else 0", "view(G)"),
)
def spread_region(x, region):
    """Zeros of the base's shape with ``x`` added where the view shows it."""
    return region.spread(x)


@op(
    "AsStridedScatterBackward0",
    x=lambda grad, region: clear_region(grad, region),
    part=lambda grad, region: take_region(grad, region),
    public="as_strided_scatter",
    formula=("x but part there", "G but 0 there", "view(G)"),
)
def insert_region(x, part, region):
    """``x`` with the elements that the view shows replaced by ``part``."""
    return region.insert(x, part)


@op(
    "AsStridedScatterBackward0",
    x=lambda grad, region: clear_region(grad, region),
    public="as_strided_scatter",
    formula=("x but 0 there", "G but 0 there"),
)
def clear_region(x, region):
    """``x`` with zeros where the view shows it."""
    return region.insert(x, 0)
