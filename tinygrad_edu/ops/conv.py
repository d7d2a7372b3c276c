"""Convolution in any number of dimensions, and its two adjoints.

With y = convolution(x, w): x is (N, C, *sizes), w is (O, C / groups, *kernel), y is (N, O, *outputs). It is linear in x and
in w, so three operations are closed under differentiation: ``convolution`` itself, ``conv_input`` (the gradient with
respect to x, which is also what a transposed convolution computes) and ``conv_weight``.

Each is a product of matrices over *rows* of the image. ``_columns`` copies the windows along all spatial axes but the
first next to each other, so that the windows along the first are overlapping pieces of contiguous memory: they need no
copy (for dilation 1), and the copy is ``kernel[0]`` times smaller than im2col's.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..autograd.errors import c_name, not_implemented
from ..autograd.op import op
from .elementwise import as_half, from_half
from .reduction import sum

# ---- rows of windows -----------------------------------------------------------------------------------------------


def _padded(x, padding):
    """``x`` between zeros: ``padding`` of them at both ends of each spatial axis."""
    if not any(padding):
        return x
    sizes = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    result = np.zeros((*x.shape[:2], *sizes), x.dtype)
    result[(..., *(slice(p, p + n) for n, p in zip(x.shape[2:], padding, strict=True)))] = x
    return result


def _columns(x, kernel, stride, padding, dilation, groups, outputs):
    """The windows of ``x`` for each of the outputs: shape (groups, outputs[0], C / groups * prod(kernel), N * outputs[1:])."""
    x = _padded(x, padding)
    n, channels = x.shape[:2]
    channels //= groups
    steps = x.strides
    copied = np.empty((groups, x.shape[2], channels, *kernel[1:], n, *outputs[1:]), x.dtype)
    copied[...] = as_strided(
        x,
        copied.shape,
        (
            steps[1] * channels, steps[2], steps[1], *(s * d for s, d in zip(steps[3:], dilation[1:], strict=True)), steps[0],
            *(s * t for s, t in zip(steps[3:], stride[1:], strict=True)),
        ),
    )  # fmt: skip
    rows, columns = channels * math.prod(kernel[1:]), n * math.prod(outputs[1:])
    row = rows * columns * x.itemsize
    windows = as_strided(
        copied,
        (groups, outputs[0], kernel[0], rows, columns),
        (copied.strides[0], row * stride[0], row * dilation[0], columns * x.itemsize, x.itemsize),
    )
    return windows.reshape(groups, outputs[0], kernel[0] * rows, columns)


def _as_rows(y, groups):
    """(N, O, H, *rest) as (groups, H, O / groups, N * rest)."""
    n, channels, height = y.shape[:3]
    split = y.reshape(n, groups, channels // groups, height, math.prod(y.shape[3:]))
    rows = np.ascontiguousarray(split.transpose(1, 3, 2, 0, 4))
    return rows.reshape(groups, height, channels // groups, n * split.shape[4])


def _from_rows(rows, n, sizes, bias=None):
    """The inverse, into memory of its own; ``bias`` is added to each channel."""
    groups, height, channels = rows.shape[:3]
    rest = math.prod(sizes[1:])
    split = rows.reshape(groups, height, channels, n, rest).transpose(3, 0, 2, 1, 4)
    result = np.empty((n, groups, channels, height, rest), rows.dtype)
    if bias is None:
        result[...] = split
    else:
        np.add(split, bias.reshape(groups, channels, 1, 1), result)
    return result.reshape(n, groups * channels, *sizes)


def _weight_rows(weight, groups):
    """(O, C, H, *rest) as (groups, O / groups, H, C * rest): in the order of the columns."""
    out, channels, height = weight.shape[:3]
    split = weight.reshape(groups, out // groups, channels, height, math.prod(weight.shape[3:]))
    return np.ascontiguousarray(split.transpose(0, 1, 3, 2, 4)).reshape(
        groups, out // groups, height, channels * split.shape[4]
    )


def _as_image(stride, padding, dilation, groups):
    """The geometry of a convolution of signals as one of images of height 1: then all windows make one product."""
    return {"stride": (1, *stride), "padding": (0, *padding), "dilation": (1, *dilation), "groups": groups}


def output_sizes(sizes, kernel, stride, padding, dilation):
    """How many windows fit along each axis."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True)
    )


# ---- the three operations ------------------------------------------------------------------------------------------


def _convolution_rule(grad, x, weight, stride, padding, dilation, groups, needs):
    """dx = the grads spread over their windows by the weights; dw = the windows weighted by the grads; db = sum(grad)."""
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    need_x, need_weight, need_bias = needs
    return (
        conv_input(grad, weight, x.shape, **geometry) if need_x else None,
        conv_weight(grad, x, weight.shape, **geometry) if need_weight else None,
        _sum_channels(grad) if need_bias else None,
    )


def _sum_channels(grad):
    return sum(grad, (0, *range(2, len(grad.shape))))


@op(
    "ConvolutionBackward0",
    x=None,
    weight=None,
    bias=None,
    joint=_convolution_rule,
    formula=("conv(x, weight){bias: + bias}", "transposed_conv(G, weight)", "correlate(x, G)", "Σ_batch G"),
    symbol="conv",
)
def convolution(x, weight, bias=None, *, stride, padding, dilation, groups, outputs=None):
    """Each output is the sum of products of a window of ``x`` with the kernel of its channel, plus ``bias``.

    Shapes: x (N, C, *sizes), weight (O, C / groups, *kernel), bias (O) or None; the result is (N, O, *outputs) with
    outputs = (sizes + 2 padding - dilation (kernel - 1) - 1) // stride + 1, or the first ``outputs`` of them.
    """
    _check_dtypes(x, weight, bias)
    if x.dtype.kind in "iub" and (x.dtype == bool or (x.dtype != np.int64 and max(dilation) > 1)):
        raise not_implemented("slow_conv2d_cpu" if max(dilation) == 1 else "slow_conv_dilated<>", x.dtype)
    if outputs is None:
        outputs = output_sizes(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    if x.ndim == 3:
        image = _as_image(stride, padding, dilation, groups)
        return convolution(x[:, :, None], weight[:, :, None], bias, outputs=(1, *outputs), **image)[:, :, 0]
    columns = _columns(from_half(x), weight.shape[2:], stride, padding, dilation, groups, outputs)
    kernels = _weight_rows(from_half(weight), groups)
    rows = np.matmul(kernels.reshape(groups, 1, kernels.shape[1], columns.shape[2]), columns)
    return as_half(_from_rows(rows, len(x), outputs, None if bias is None else from_half(bias)), x)


@op(
    "ConvolutionBackwardBackward0",
    x=lambda grad, weight, x_shape, stride, padding, dilation, groups: convolution(
        grad, weight, stride=stride, padding=padding, dilation=dilation, groups=groups, outputs=x_shape[2:]
    ),
    weight=lambda grad, x, weight_shape, stride, padding, dilation, groups: conv_weight(
        x, grad, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    formula=("transposed_conv(x, weight)", "conv(G, weight)", "correlate(G, x)"),
)
def conv_input(x, weight, shape, *, stride, padding, dilation, groups):
    """The gradient of a convolution with respect to its input of ``shape``, from that (``x``) of its result."""
    if x.ndim == 3:
        image = _as_image(stride, padding, dilation, groups)
        return conv_input(x[:, :, None], weight[:, :, None], (*shape[:2], 1, shape[2]), **image)[:, :, 0]
    kernel, height, n = weight.shape[2:], shape[2], shape[0]
    outputs = x.shape[2:]
    rows, kernels = _as_rows(from_half(x), groups), _weight_rows(from_half(weight), groups)
    # along the first axis
    full = max((outputs[0] - 1) * stride[0] + dilation[0] * (kernel[0] - 1) + 1, padding[0] + height)
    columns = np.zeros((groups, full, kernels.shape[3], rows.shape[3]), rows.dtype)
    piece = np.empty((groups, outputs[0], kernels.shape[3], rows.shape[3]), rows.dtype)
    for i in range(kernel[0]):
        start = i * dilation[0]
        part = columns[:, start : start + (outputs[0] - 1) * stride[0] + 1 : stride[0]]
        part += np.matmul(kernels[:, :, i].swapaxes(1, 2)[:, None], rows, out=piece)
    columns = columns[:, padding[0] : padding[0] + height]
    # along the others
    channels = weight.shape[1]
    columns = columns.reshape(groups, height, channels, *kernel[1:], n, *outputs[1:])
    if math.prod(kernel[1:]) == 1 and outputs[1:] == tuple(shape[3:]) and not any(padding[1:]):
        return as_half(_from_rows(columns.reshape(groups, height, channels, n * math.prod(outputs[1:])), n, shape[2:]), x)
    sizes = [
        max((m - 1) * s + d * (k - 1) + 1, p + size)
        for m, s, d, k, p, size in zip(outputs[1:], stride[1:], dilation[1:], kernel[1:], padding[1:], shape[3:], strict=True)
    ]
    spread = np.zeros((groups, height, channels, n, *sizes), rows.dtype)
    for offsets in itertools.product(*map(range, kernel[1:])):
        places = (
            slice(i * d, i * d + (m - 1) * s + 1, s)
            for i, d, m, s in zip(offsets, dilation[1:], outputs[1:], stride[1:], strict=True)
        )
        spread[(..., *places)] += columns[(slice(None),) * 3 + offsets]
    inner = tuple(slice(p, p + size) for p, size in zip(padding[1:], shape[3:], strict=True))
    spread = np.moveaxis(spread[(..., *inner)], 3, 0).swapaxes(2, 3)
    return as_half(np.ascontiguousarray(spread).reshape(shape), x)


@op(
    "ConvolutionBackwardBackward0",
    x=lambda grad, y, x_shape, stride, padding, dilation, groups: convolution(
        y, grad, stride=stride, padding=padding, dilation=dilation, groups=groups, outputs=x_shape[2:]
    ),
    y=lambda grad, x, y_shape, stride, padding, dilation, groups: conv_input(
        x, grad, y_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    formula=("correlate(y, x)", "conv(y, G)", "transposed_conv(x, G)"),
)
def conv_weight(x, y, shape, *, stride, padding, dilation, groups):
    """The gradient of a convolution of ``y`` with respect to its weight of ``shape``, from that (``x``) of its result."""
    if x.ndim == 3:
        image = _as_image(stride, padding, dilation, groups)
        return conv_weight(x[:, :, None], y[:, :, None], (*shape[:2], 1, shape[2]), **image)[:, :, 0]
    rows = _as_rows(from_half(x), groups)
    columns = _columns(from_half(y), shape[2:], stride, padding, dilation, groups, x.shape[2:])
    total = np.add.reduce(np.matmul(rows, columns.swapaxes(2, 3)), 1)
    split = total.reshape(shape[0], shape[2], shape[1], math.prod(shape[3:]))
    return as_half(np.ascontiguousarray(split.swapaxes(1, 2)).reshape(shape), x)


# ---- transposed ----------------------------------------------------------------------------------------------------


def _transposed_rule(grad, x, weight, stride, padding, dilation, groups, needs):
    """A transposed convolution is linear in x and w as well: dx is the convolution of grad, dw as of a convolution."""
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    need_x, need_weight, need_bias = needs
    return (
        convolution(grad, weight, outputs=tuple(x.shape[2:]), **geometry) if need_x else None,
        conv_weight(x, grad, weight.shape, **geometry) if need_weight else None,
        _sum_channels(grad) if need_bias else None,
    )


@op(
    "ConvolutionBackward0",
    x=None,
    weight=None,
    bias=None,
    joint=_transposed_rule,
    public="conv_transpose",
    formula=("transposed_conv(x, weight){bias: + bias}", "conv(G, weight)", "correlate(G, x)", "Σ_batch G"),
)
def conv_transpose(x, weight, bias=None, *, stride, padding, output_padding, groups, dilation):
    """What :func:`conv_input` computes, as a layer: each input is spread over a window, weighted by the kernel.

    Shapes: x (N, C, *sizes), weight (C, O / groups, *kernel), bias (O) or None; the result is (N, O, *outputs) with
    outputs = (sizes - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1.
    """
    _check_dtypes(x, weight, bias)
    if x.dtype.kind in "iub" and x.dtype != np.int64:
        raise not_implemented("slow_conv_transpose2d_out_cpu", x.dtype)
    outputs = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for n, k, s, p, d, extra in zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding, strict=True)
    )
    shape = (len(x), weight.shape[1] * groups, *outputs)
    result = conv_input(x, weight, shape, stride=stride, padding=padding, dilation=dilation, groups=groups)
    if bias is not None:
        result += bias.reshape(-1, *(1,) * len(outputs))
    return result


def _check_dtypes(x, weight, bias):
    """PyTorch's words for operands of different dtypes."""
    from ..dtypes import from_numpy_dtype

    if x.dtype != weight.dtype:
        names = [from_numpy_dtype(each.dtype).legacy_name for each in (x, weight)]
        if x.dtype != np.float32:
            raise RuntimeError("expected scalar type {} but found {}".format(*names))
        given = "CPUBoolType" if weight.dtype == bool else f"torch.{names[1]}Tensor"
        raise RuntimeError(
            f"Input type (torch.{names[0]}Tensor) and weight type ({given}) should be the same or input should be a MKLDNN "
            "tensor and weight is a dense tensor"
        )
    if bias is not None and bias.dtype != x.dtype:
        raise RuntimeError(f"Input type ({c_name(x.dtype)}) and bias type ({c_name(bias.dtype)}) should be the same")
