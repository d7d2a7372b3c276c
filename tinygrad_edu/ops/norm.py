"""Normalisation over a batch.

What belongs to a channel (axis 1) has the shape (C,) beside (N, C), or (C, 1, ...) beside (N, C, ...).
"""

from __future__ import annotations

import numpy as np

from ..autograd.conform import filled, sum_axes
from ..autograd.op import op
from .elementwise import rsqrt
from .shape import expand, reshape


def _columns(vector, shape):
    """A vector of channels, lined up with axis 1 of ``shape``."""
    return vector if len(shape) == 2 else reshape(vector, (shape[1], *(1,) * (len(shape) - 2)))


def _vector(columns):
    return columns if len(columns.shape) == 1 else reshape(columns, (columns.shape[0],))


def _number(n, like):
    """A number for arithmetic with ``like``; NumPy takes three times as long for a Python number as for a 0-d array."""
    return np.array(n, like.dtype) if isinstance(like, np.ndarray) else n


def _values(shape):
    """How many values each channel has."""
    n = shape[0]
    for length in shape[2:]:
        n *= length
    return n


@op(
    "SumBackward1",
    x=lambda grad, x_shape: expand(grad, x_shape),
    public="sum",
    formula=("Σ_batch x", "G"),
    symbol="Σ",
    family="reduction",
)
def sum_batch(x):
    """The sum of each channel."""
    if x.ndim == 2:
        return sum_axes(x, (0,))
    return sum_axes(x, (0, *range(2, x.ndim)), True)[0]


def _centred(x, mean, var, eps):
    """x - mean and s = 1 / sqrt(var + eps), through operations; ``mean`` None stands for the batch's own."""
    if mean is None:
        n = _values(x.shape)
        centred = x - sum_batch(x) / n
        var = sum_batch(centred * centred) / n
    else:
        centred, var = x - _columns(mean, x.shape), _columns(var, x.shape)
    return centred, rsqrt(var + eps)


def _batch_norm_rule(grad, centred, s, weight, mean, needs):
    """With s = 1 / sqrt(var + eps) and z = s centred, the normalised x:

    dx = weight s (grad - sum(grad) / n - z sum(grad z) / n), and weight s grad if mean and variance are constants;
    dweight = sum(grad z), dbias = sum(grad).
    """
    need_x, need_weight, need_bias = needs
    batch = need_x and mean is None
    dx = dweight = dbias = None
    if need_weight or batch:
        dweight = sum_batch(grad * centred) * s
    if need_bias or batch:
        dbias = sum_batch(grad)
    if need_x:
        slope = s if weight is None else s * _columns(weight, centred.shape)
        if batch:
            n = _number(_values(centred.shape), grad)
            dx = slope * (grad - dbias / n - centred * (dweight * s / n))
        else:
            dx = slope * grad
    return dx, _vector(dweight) if need_weight else None, _vector(dbias) if need_bias else None


@op(
    "NativeBatchNormBackward0",
    x=None,
    weight=None,
    bias=None,
    joint=_batch_norm_rule,
    keeps=("centred", "s"),
    again=_centred,
    formula=(
        "{weight:weight ⊙ }z{bias: + bias} with z = {mean:(x − mean) / √(var + eps)}"
        "{mean=None:(x − mean_batch(x)) / √(var_batch(x) + eps)}",
        "{weight:weight ⊙ }{mean:G / √(var + eps)}"
        "{mean=None:(G − mean_batch(G) − z ⊙ mean_batch(G ⊙ z)) / √(var_batch(x) + eps)"
        " with z = (x − mean_batch(x)) / √(var_batch(x) + eps)}",
        "Σ_batch (G ⊙ z) with z = {mean:(x − mean) / √(var + eps)}{else:(x − mean_batch(x)) / √(var_batch(x) + eps)}",
        "Σ_batch G",
    ),
)
def batch_norm(x, weight=None, bias=None, mean=None, var=None, moving=None, momentum=0.1, eps=1e-5):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel (axis 1).

    ``mean`` and ``var`` are arrays; without them the batch's own mean and (biased) variance serve, and ``moving``, two
    arrays, move towards the batch's mean and (unbiased) variance.
    """
    shape, dtype = x.shape, x.dtype
    out = None
    if mean is None:
        n = _values(shape)
        m = _mean_batch(x, n)
        centred = x - m
        out = centred * centred
        v = _mean_batch(out, n)
        if moving is not None:
            fresh, kept = np.array(momentum, dtype), np.array(1 - momentum, dtype)
            for old, new in ((moving[0], m * fresh), (moving[1], v * np.array(momentum * n / max(n - 1, 1), dtype))):
                old *= kept
                old += new if new.ndim == 1 else new.reshape(-1)
        v += np.array(eps, dtype)
    else:
        centred = x - _columns(mean, shape)
        v = _columns(var, shape) + np.array(eps, dtype)
    np.sqrt(v, v)
    s = np.divide(1.0, v, v)
    out = np.multiply(centred, s if weight is None else s * _columns(weight, shape), out)
    if bias is not None:
        out += _columns(bias, shape)
    return out, centred, s


def _mean_batch(x, n):
    """The mean of each channel."""
    if x.ndim == 2 and 0 < n <= 256 and x.dtype.itemsize > 2:
        return filled(n, 1 / n, x.dtype).dot(x)
    total = sum_batch(x)
    total /= n
    return total
