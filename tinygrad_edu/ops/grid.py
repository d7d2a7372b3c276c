"""Images read at any place between their elements: what a spatial transformer needs (M. Jaderberg et al., 2015).

A place is n numbers from -1 to 1, the last axis of the image first. Along each axis it falls between a few elements, its
*taps*; a value is the sum over all combinations of taps of the elements there, weighted by the products of their weights.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .linalg import batched_mm
from .masks import index_select
from .repeated import add_at
from .shape import reshape, select, transpose

__all__ = ["affine_grid_generator", "grid_sample_2d", "grid_sample_3d"]


class _Tap(NamedTuple):
    """An element that each place reads along one axis.

    Attributes:
        element: its index.
        series: its weight and the derivatives of that by the coordinate, as many as are not 0.
        origin: the coordinate.
    """

    element: np.ndarray
    series: tuple
    origin: np.ndarray

    @property
    def weight(self):
        return self.series[0]


def _cubic(t):
    """Keys's (1981) convolution kernel at the distances 1 + t, t, 1 - t, 2 - t, each with its derivatives by t."""
    a = -0.75
    third = np.full_like(t, 6 * a)

    def near(s):
        c = a + 2
        return ((c * s - c - 1) * s * s + 1, (3 * c * s - 2 * c - 2) * s, 6 * c * s - 2 * c - 2, third * (c / a))

    def far(s):
        return (((s - 5) * s + 8) * s - 4) * a, ((3 * s - 10) * s + 8) * a, (6 * s - 10) * a, third

    def backwards(series):
        return tuple(value * (-1) ** k for k, value in enumerate(series))

    return far(1 + t), near(t), backwards(near(1 - t)), backwards(far(2 - t))


def _brought_inside(place, size, padding_mode, align_corners):
    """Places beyond the edge moved to it ("border") or mirrored at it ("reflection"), and the derivative of that."""
    slope = np.ones_like(place)
    if padding_mode == "zeros":
        return place, slope
    if padding_mode == "reflection":
        low, span = (0.0, size - 1) if align_corners else (-0.5, size)
        if span == 0:
            return np.zeros_like(place), np.zeros_like(place)
        distance = np.abs(place - low)
        rest = np.fmod(distance, span)
        odd = np.floor(distance / span) % 2 == 1
        slope = np.where((place < low) != odd, -1, 1).astype(place.dtype)
        place = np.where(odd, span - rest, rest) + place.dtype.type(low)
    slope = np.where((place > 0) & (place < size - 1), slope, 0)
    return np.fmin(np.fmax(place, 0), size - 1), slope


def _taps(coordinate, size, mode, padding_mode, align_corners):
    """The taps along an axis of ``size`` elements for coordinates from -1 to 1."""
    scale = (size - 1) / 2 if align_corners else size / 2
    place = (coordinate + 1) / 2 * (size - 1) if align_corners else ((coordinate + 1) * size - 1) / 2
    if mode == "bicubic":
        first = np.floor(place)
        found = [
            (_brought_inside(first + shift, size, padding_mode, align_corners)[0], [w * scale**k for k, w in enumerate(series)])
            for shift, series in zip((-1, 0, 1, 2), _cubic(place - first), strict=True)
        ]
    else:
        place, inner = _brought_inside(place, size, padding_mode, align_corners)
        if mode == "nearest":
            found = [(np.rint(place), [np.ones_like(place), np.zeros_like(place)])]
        else:
            first, slope = np.floor(place), inner * scale
            found = [(first, [first + 1 - place, -slope]), (first + 1, [place - first, slope])]
    taps = []
    for index, series in found:
        inside = (index >= 0) & (index < size)
        whole = np.where(inside, index, 0).astype(np.int64)
        taps.append(_Tap(whole, tuple((each * inside).astype(place.dtype) for each in series), coordinate))
    return taps


def _combinations(shape, grid, mode, padding_mode, align_corners):
    """All combinations of taps, one for each axis: the rows of the image that they mean, and the taps."""
    batch, sizes = shape[0], shape[2:]
    axes = [
        _taps(grid[..., len(sizes) - 1 - d], size, mode, padding_mode, align_corners) for d, size in enumerate(sizes)
    ]
    start = np.arange(batch).reshape(-1, *(1,) * len(sizes)) * math.prod(sizes)
    found = []
    for taps in itertools.product(*axes):
        place = 0
        for tap, size in zip(taps, sizes, strict=True):
            place = place * size + tap.element
        found.append(((start + place).reshape(-1), taps))
    return found


def _rows(x):
    """The channels of every element of the image, as rows."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _image(rows, batch, sizes):
    return np.ascontiguousarray(np.moveaxis(rows.reshape(batch, *sizes, rows.shape[-1]), -1, 1))


def _product(factors):
    return math.prod(factors).reshape(-1, 1)


def _grid_sample_rule(grad, x, found):
    """The upstream gradient spread over the rows by the weights; and, for each axis, weighted by the derivatives."""
    upstream, rows, n = _rows(grad), _rows(x), len(x.shape) - 2
    of_rows = np.zeros_like(rows)
    of_grid = np.zeros((x.shape[0], *grad.shape[2:], n), x.dtype)
    for places, taps in found:
        add_at(of_rows, places, upstream * _product(tap.weight for tap in taps))
        along = np.einsum("pc,pc->p", upstream, rows[places]).reshape(of_grid.shape[:-1])
        for d in range(n):
            of_grid[..., n - 1 - d] += along * math.prod(tap.series[e == d] for e, tap in enumerate(taps))
    return _image(of_rows, x.shape[0], x.shape[2:]), of_grid


def _weight(coordinate, tap):
    """A tap's weight as the polynomial of the coordinate that it is there."""
    step, power, total = coordinate - tap.origin, 1.0, 0.0
    for k, value in enumerate(tap.series):
        total = total + value * power
        power = power * step / (k + 1)
    return total


def _composed(x, grid, found):
    """The same through other operations: what second derivatives need."""
    batch, channels, n = x.shape[0], x.shape[1], len(x.shape) - 2
    rows = reshape(transpose(reshape(x, (batch, channels, -1)), 1, 2), (-1, channels))
    total = 0.0
    for places, taps in found:
        weight = 1.0
        for d, tap in enumerate(taps):
            weight = weight * _weight(select(grid, -1, n - 1 - d), tap)
        total = total + index_select(rows, 0, places) * reshape(weight, (-1, 1))
    image = transpose(reshape(total, (batch, -1, channels)), 1, 2)
    return reshape(image, (batch, channels, *grid.shape[1:-1]))


def _declare_grid_sample(n):
    @op(
        f"GridSampler{n}DBackward0",
        x=None,
        grid=None,
        joint=lambda grad, x, found: _grid_sample_rule(grad, x, found),
        composed=lambda x, grid, found: _composed(x, grid, found),
        keeps=("found",),
        public=f"grid_sampler_{n}d",
        formula=("resize(x, grid)", "transposed_resize(G, grid)", "resize(x, grid, G)"),
    )
    def grid_sample(x, grid, mode, padding_mode, align_corners):
        """The image ``x`` (N, C, *sizes) at the places ``grid`` (N, *outputs, n), which are numbers from -1 to 1."""
        if x.dtype.kind != "f":
            raise not_implemented(f"grid_sampler_{n}d_cpu" + "_kernel_impl" * (n == 2), x.dtype)
        rows, found = _rows(x), _combinations(x.shape, grid, mode, padding_mode, align_corners)
        total = np.zeros((math.prod(grid.shape[:-1]), x.shape[1]), x.dtype)
        for places, taps in found:
            total += rows[places] * _product(tap.weight for tap in taps)
        return _image(total, x.shape[0], grid.shape[1:-1]), found

    return grid_sample


grid_sample_2d, grid_sample_3d = _declare_grid_sample(2), _declare_grid_sample(3)


def _base_grid(sizes, align_corners, dtype):
    """The homogeneous coordinates (x, y, ..., 1) of every element of an image, one row for each."""
    axes = []
    for size in sizes:
        line = np.linspace(-1, 1, size, dtype=dtype) if size > 1 else np.zeros(1, dtype)
        axes.append(line if align_corners else line * dtype.type((size - 1) / size))
    mesh = np.meshgrid(*axes, indexing="ij")
    return np.stack([*reversed(mesh), np.ones_like(mesh[0])], -1).reshape(1, -1, len(sizes) + 1)


def _affine_grid_rule(grad, sizes, base):
    return transpose(batched_mm(transpose(base, 1, 2), reshape(grad, (grad.shape[0], -1, len(sizes)))), 1, 2)


@op(
    "AffineGridGeneratorBackward0",
    theta=lambda grad, sizes, base: _affine_grid_rule(grad, sizes, base),
    keeps=("base",),
    formula=("theta at each place", "G added at each place"),
)
def affine_grid_generator(theta, sizes, align_corners):
    """The places that an affine map ``theta`` (N, n, n + 1) sends the elements of an image to: (N, *sizes, n)."""
    base = _base_grid(sizes, align_corners, theta.dtype)
    places = np.matmul(base, np.swapaxes(theta, 1, 2))
    return places.reshape(theta.shape[0], *sizes, len(sizes)), base
