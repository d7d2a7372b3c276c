"""Tensors made larger at their edges, and windows as columns.

``pads`` is PyTorch's list: before and after along the last axis, then along the last but one, and so on. A negative number
cuts off.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..autograd.errors import not_implemented
from ..autograd.op import op


def _axes(pads, ndim):
    """(axis, before, after) for each padded axis."""
    return [(ndim - 1 - i // 2, pads[i], pads[i + 1]) for i in range(0, len(pads), 2)]


@op(
    "ConstantPadNdBackward0",
    x=lambda grad, pads: constant_pad(grad, tuple(-n for n in pads), 0),
    formula=("pad(x{value≠0:, value})", "crop(G)"),
    symbol="pad",
)
def constant_pad(x, pads, value=0):
    """``x`` between ``value``s."""
    shape, source, target = list(x.shape), [slice(None)] * x.ndim, [slice(None)] * x.ndim
    for axis, before, after in _axes(pads, x.ndim):
        n = x.shape[axis]
        shape[axis] = n + before + after
        source[axis] = slice(max(-before, 0), n - max(-after, 0))
        target[axis] = slice(max(before, 0), shape[axis] - max(after, 0))
    result = np.zeros(shape, x.dtype) if value == 0 else np.full(shape, value, x.dtype)
    result[tuple(target)] = x[tuple(source)]
    return result


# ---- padding with the tensor's own elements --------------------------------------------------------------------------


def _sources(n, before, after, mode):
    """For each place along the padded axis, the place along the axis of length n that it is a copy of."""
    places = np.arange(-before, n + after)
    if mode == "replicate":
        return places.clip(0, n - 1)
    if mode == "circular":  # what is cut off does not come round
        cut = max(-before, 0)
        return (places - cut) % (n - cut + min(after, 0)) + cut
    return n - 1 - np.abs(n - 1 - np.abs(places))


def _declare_edge_pad(name, mode):
    kernel_name = {"reflect": "reflection_pad", "replicate": "replication_pad"}.get(mode)

    @op(
        name,
        x=lambda grad, x_shape, pads: edges_back(grad, x_shape, pads, mode),
        public="pad",
        formula=("pad(x)", "Σ each copy in G"),
    )
    def edge_pad(x, pads):
        """``x`` between copies of its own elements."""
        if x.dtype == bool and kernel_name:
            raise not_implemented(f"{kernel_name}{len(pads) // 2}d", x.dtype)
        return padded_edges(x, pads, mode)

    return edge_pad


def padded_edges(x, pads, mode):
    for axis, before, after in _axes(pads, x.ndim):
        if before or after:
            x = np.take(x, _sources(x.shape[axis], before, after, mode), axis)
    return np.ascontiguousarray(x)


EDGE_PADS = {
    (mode, n): _declare_edge_pad(f"{word}Pad{n}DBackward0", mode)
    for mode, word in (("reflect", "Reflection"), ("replicate", "Replication"))
    for n in (1, 2, 3)
}
"""The operation for each mode and number of padded axes."""
EDGE_PADS.update(dict.fromkeys([("circular", n) for n in (1, 2, 3)], _declare_edge_pad("CopySlices", "circular")))


@op(
    "PadBackwardBackward0",
    x=lambda grad, pads, padding_mode: padded_again(grad, pads, padding_mode),
    public="pad",
    formula=("Σ each copy in x", "pad(G)"),
)
def edges_back(x, shape, pads, padding_mode):
    """The gradient of an edge pad of a tensor of ``shape``: what was copied to several places is added up."""
    for axis, before, after in _axes(pads, x.ndim):
        if not (before or after):
            continue
        n, lead = shape[axis], (slice(None),) * axis
        sources = _sources(n, before, after, padding_mode)
        left, right = max(before, 0), n + min(after, 0) - max(-before, 0)
        total = np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)
        total[(*lead, slice(max(-before, 0), n + min(after, 0)))] = x[(*lead, slice(left, left + right))]
        for place in (*range(left), *range(left + right, x.shape[axis])):
            total[(*lead, sources[place])] += x[(*lead, place)]
        x = total
    return x if x.shape == tuple(shape) and x.flags.owndata else x.copy()


@op(
    "PadBackward0",
    x=lambda grad, x_shape, pads, padding_mode: edges_back(grad, x_shape, pads, padding_mode),
    public="pad",
    formula=("pad(x)", "Σ each copy in G"),
)
def padded_again(x, pads, padding_mode):
    return padded_edges(x, pads, padding_mode)


# ---- windows as columns ----------------------------------------------------------------------------------------------


def block_counts(sizes, kernel, dilation, padding, stride):
    """How many windows fit along each axis."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in zip(sizes, kernel, dilation, padding, stride, strict=True)
    )


@op(
    "Im2ColBackward0",
    x=lambda grad, x_shape, kernel_size, dilation, padding, stride: col2im(
        grad, x_shape[-2:], kernel_size, dilation, padding, stride
    ),
    public="unfold",
    formula=("unfold(x)", "fold(G)"),
)
def im2col(x, kernel_size, dilation, padding, stride):
    """The windows of images (..., C, H, W) as columns: (..., C * kH * kW, number of windows)."""
    if x.dtype.kind in "iu":
        raise not_implemented("im2col_out_cpu", x.dtype)
    *lead, channels = x.shape[:-2]
    counts = block_counts(x.shape[-2:], kernel_size, dilation, padding, stride)
    x = constant_pad(x, (padding[1], padding[1], padding[0], padding[0])) if any(padding) else x
    steps = x.strides[-2:]
    windows = as_strided(
        x,
        (*lead, channels, *kernel_size, *counts),
        (
            *x.strides[:-2], *(s * d for s, d in zip(steps, dilation, strict=True)),
            *(s * t for s, t in zip(steps, stride, strict=True)),
        ),
    )  # fmt: skip
    return windows.reshape(*lead, channels * kernel_size[0] * kernel_size[1], counts[0] * counts[1]).copy()


@op(
    "Col2ImBackward0",
    x=lambda grad, kernel_size, dilation, padding, stride: im2col(grad, kernel_size, dilation, padding, stride),
    public="fold",
    formula=("fold(x)", "unfold(G)"),
)
def col2im(x, output_size, kernel_size, dilation, padding, stride):
    """The inverse of :func:`im2col`, except that elements in several windows are added up."""
    if x.dtype.kind in "iu":
        raise not_implemented("col2im_out_cpu", x.dtype)
    counts = block_counts(output_size, kernel_size, dilation, padding, stride)
    lead = (*x.shape[:-2], x.shape[-2] // (kernel_size[0] * kernel_size[1]))
    windows = x.reshape(*lead, *kernel_size, *counts)
    result = np.zeros((*lead, *(n + 2 * p for n, p in zip(output_size, padding, strict=True))), x.dtype)
    for i, j in itertools.product(*map(range, kernel_size)):
        rows, columns = (
            slice(at * d, at * d + (m - 1) * s + 1, s) for at, d, m, s in zip((i, j), dilation, counts, stride, strict=True)
        )
        result[..., rows, columns] += windows[..., i, j, :, :]
    (top, left), (height, width) = padding, output_size
    return np.ascontiguousarray(result[..., top : top + height, left : left + width])


# ---- channels and pixels exchanged -----------------------------------------------------------------------------------


@op(
    "PixelShuffleBackward0",
    x=lambda grad, upscale_factor: pixel_unshuffle(grad, upscale_factor),
    formula=("pixel_shuffle(x, upscale_factor)", "pixel_shuffle⁻¹(G, upscale_factor)"),
)
def pixel_shuffle(x, upscale_factor):
    """(*, C r², H, W) as (*, C, H r, W r)."""
    r = upscale_factor
    *batch, channels, height, width = x.shape
    split = x.reshape(*batch, channels // (r * r), r, r, height, width)
    moved = np.moveaxis(split, (-4, -3), (-3, -1))
    return np.ascontiguousarray(moved).reshape(*batch, channels // (r * r), height * r, width * r)


@op(
    "PixelUnshuffleBackward0",
    x=lambda grad, downscale_factor: pixel_shuffle(grad, downscale_factor),
    formula=("pixel_shuffle⁻¹(x, downscale_factor)", "pixel_shuffle(G, downscale_factor)"),
)
def pixel_unshuffle(x, downscale_factor):
    """(*, C, H r, W r) as (*, C r², H, W)."""
    r = downscale_factor
    *batch, channels, height, width = x.shape
    split = x.reshape(*batch, channels, height // r, r, width // r, r)
    moved = np.moveaxis(split, (-3, -1), (-4, -3))
    return np.ascontiguousarray(moved).reshape(*batch, channels * r * r, height // r, width // r)


@op(
    "ChannelShuffleBackward0",
    x=lambda grad, x_shape, groups: channel_shuffle(grad, x_shape[1] // groups),
    formula=("channel_shuffle(x, groups)", "channel_shuffle⁻¹(G, groups)"),
)
def channel_shuffle(x, groups):
    """Channels g k + i become k-th of i: the groups are dealt out."""
    n, channels = x.shape[:2]
    split = x.reshape(n, groups, channels // groups, *x.shape[2:]).swapaxes(1, 2)
    return np.ascontiguousarray(split).reshape(x.shape)
