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
            n = 1.0
            for axis in axes:
                n = n * z.shape[axis]
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
    columns, dtype = _columns(x.shape), x.dtype
    if mean is None:
        axes = _axes_but_channel(x.ndim)
        n = x.size // x.shape[1]
        share = np.array(1 / n, dtype)  # numbers as 0-d arrays: NumPy takes three times as long for Python's
        m = sum_axes(x, axes, True)
        m *= share
        z = x - m
        v = sum_axes(z * z, axes, True)
        if moving is not None:
            keep, new = np.array(1 - momentum, dtype), np.array(momentum, dtype)
            unbiased = np.array(momentum / max(n - 1, 1), dtype)
            running_mean, running_var = moving
            running_mean *= keep
            running_mean += (new * m).reshape(-1)
            running_var *= keep
            running_var += (unbiased * v).reshape(-1)
        v *= share
        v += np.array(eps, dtype)
    else:
        z = x - mean.reshape(columns)
        v = var.reshape(columns) + np.array(eps, dtype)
    s = np.sqrt(v, out=v if mean is None else None)
    s = np.divide(1.0, s, out=s)
    z *= s
    out = z.copy() if weight is None else z * (weight if x.ndim == 2 else weight.reshape(columns))  # z is kept
    if bias is not None:
        out += bias if x.ndim == 2 else bias.reshape(columns)
    return out, z, s
