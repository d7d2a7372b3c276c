"""Normalisation over a batch."""

from __future__ import annotations

import numpy as np

from ..autograd.conform import sum_axes
from ..autograd.op import op
from .elementwise import rsqrt
from .reduction import mean, sum
from .shape import reshape


def _axes_but_channel(ndim):
    return (0, *range(2, ndim))


def _columns(x_shape):
    """The shape that lines a vector of channels up with axis 1."""
    return (1, x_shape[1], *(1,) * (len(x_shape) - 2))


def _batch_norm_rule(grad, x, weight, running_mean, running_var, training, eps, needs):
    """With m = mean, s = 1 / sqrt(var + eps) and z = (x - m) s:

    dx = weight s (grad - mean(grad) - z mean(grad z)) in training, weight s grad in evaluation;
    dweight = sum(grad z), dbias = sum(grad).

    m and s depend on x, so they are computed again here rather than saved: second derivatives pass through them.
    """
    axes, columns = _axes_but_channel(len(x.shape)), _columns(x.shape)
    if training:
        centred = x - mean(x, axes, True)
        scale = rsqrt(mean(centred * centred, axes, True) + eps)
    else:
        centred = x - reshape(running_mean, columns)
        scale = rsqrt(reshape(running_var, columns) + eps)
    z = centred * scale
    need_x, need_weight, need_bias = needs
    dx = dweight = dbias = None
    grad_z = sum(grad * z, axes, True) if need_weight or (need_x and training) else None
    grad_1 = sum(grad, axes, True) if need_bias or (need_x and training) else None
    if need_x:
        slope = scale if weight is None else scale * reshape(weight, columns)
        n = 1
        for axis in axes:
            n *= x.shape[axis]
        dx = slope * (grad - (grad_1 + z * grad_z) / n) if training else slope * grad
    if need_weight:
        dweight = reshape(grad_z, (x.shape[1],))
    if need_bias:
        dbias = reshape(grad_1, (x.shape[1],))
    return dx, dweight, dbias


@op(
    "NativeBatchNormBackward0",
    x=None,
    weight=None,
    bias=None,
    joint=_batch_norm_rule,
)
def batch_norm(x, weight=None, bias=None, running_mean=None, running_var=None, training=True, momentum=0.1, eps=1e-5):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel (axis 1).

    In training the batch's own mean and (biased) variance serve, and the running ones (arrays) move towards it.
    """
    axes, columns = _axes_but_channel(x.ndim), _columns(x.shape)
    if training:
        n = x.size // x.shape[1]
        m = sum_axes(x, axes, True)
        m /= n
        centred = x - m
        v = sum_axes(centred * centred, axes, True)
        v /= n
        if running_mean is not None:
            running_mean *= 1 - momentum
            running_mean += momentum * m.reshape(-1)
        if running_var is not None:
            running_var *= 1 - momentum
            running_var += (momentum * n / max(n - 1, 1)) * v.reshape(-1)
    else:
        centred = x - running_mean.reshape(columns)
        v = running_var.reshape(columns)
    scale = 1 / np.sqrt(v + x.dtype.type(eps))
    if weight is not None:
        scale = scale * weight.reshape(columns)
    centred *= scale
    if bias is not None:
        centred += bias.reshape(columns)
    return centred
