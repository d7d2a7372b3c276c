"""Normalisation over a batch."""

from __future__ import annotations

import numpy as np

from ..autograd.conform import sum_axes
from ..autograd.op import op
from .elementwise import rsqrt
from .reduction import mean as mean_over
from .reduction import sum
from .shape import reshape


def _axes_but_channel(ndim):
    return (0, *range(2, ndim))


def _columns(shape):
    """The shape that lines a vector of channels up with axis 1."""
    return (1, shape[1], *(1,) * (len(shape) - 2))


def _normalised(x, mean, var, eps):
    """z = (x - mean) s and s = 1 / sqrt(var + eps), through operations; ``mean`` None stands for the batch's own."""
    columns = _columns(x.shape)
    if mean is None:
        axes = _axes_but_channel(len(x.shape))
        centred = x - mean_over(x, axes, True)
        var = mean_over(centred * centred, axes, True)
    else:
        centred, var = x - reshape(mean, columns), reshape(var, columns)
    s = rsqrt(var + eps)
    return centred * s, s


def _batch_norm_rule(grad, z, s, weight, mean, needs):
    """With z = (x - mean) s and s = 1 / sqrt(var + eps):

    dx = weight s (grad - (sum(grad) + z sum(grad z)) / n), and weight s grad if mean and variance are constants;
    dweight = sum(grad z), dbias = sum(grad).
    """
    axes, channels = _axes_but_channel(len(z.shape)), (z.shape[1],)
    need_x, need_weight, need_bias = needs
    batch = need_x and mean is None
    grad_z = sum(grad * z, axes, True) if need_weight or batch else None
    grad_1 = sum(grad, axes, True) if need_bias or batch else None
    dx = None
    if need_x:
        slope = s if weight is None else s * reshape(weight, _columns(z.shape))
        if batch:
            n = 1
            for axis in axes:
                n *= z.shape[axis]
            dx = slope * (grad - (z * grad_z + grad_1) / n)
        else:
            dx = slope * grad
    return dx, reshape(grad_z, channels) if need_weight else None, reshape(grad_1, channels) if need_bias else None


@op(
    "NativeBatchNormBackward0",
    x=None,
    weight=None,
    bias=None,
    joint=_batch_norm_rule,
    keeps=("z", "s"),
    again=_normalised,
)
def batch_norm(x, weight=None, bias=None, mean=None, var=None, moving=None, momentum=0.1, eps=1e-5):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel (axis 1).

    ``mean`` and ``var`` are arrays; without them the batch's own mean and (biased) variance serve, and ``moving``, two
    arrays, move towards the batch's mean and (unbiased) variance.
    """
    columns = _columns(x.shape)
    if mean is None:
        axes = _axes_but_channel(x.ndim)
        n = x.size // x.shape[1]
        m = sum_axes(x, axes, True)
        m /= n
        z = x - m
        v = sum_axes(z * z, axes, True)
        if moving is not None:
            for old, new in zip(moving, (m * momentum, v * (momentum / max(n - 1, 1))), strict=True):
                old *= 1 - momentum
                old += new.reshape(-1)
        v /= n
        v += eps
    else:
        z = x - mean.reshape(columns)
        v = var.reshape(columns) + eps
    s = 1 / np.sqrt(v)
    z *= s
    out = z.copy() if weight is None else z * weight.reshape(columns)  # z is kept, and out may be written to
    if bias is not None:
        out += bias.reshape(columns)
    return out, z, s
