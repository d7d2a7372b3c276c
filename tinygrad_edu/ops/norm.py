"""Normalisation over a batch, and over the features of each example.

What belongs to a channel (axis 1) has the shape (C,) beside (N, C), or (C, 1, ...) beside (N, C, ...).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ..autograd.conform import filled, sum_axes, sum_rows
from ..autograd.op import op
from .activation import require_float
from .elementwise import as_half, from_half, rsqrt, sqrt
from .reduction import sum
from .shape import expand, reshape


def _columns(vector, shape):
    """A vector of channels, lined up with axis 1 of ``shape``."""
    return vector if len(shape) == 2 else reshape(vector, (shape[1], *(1,) * (len(shape) - 2)))


def _vector(columns):
    return columns if len(columns.shape) == 1 else reshape(columns, (columns.shape[0],))


def _number(n, like):
    """A number for arithmetic with ``like``: NumPy is three times as fast with a 0-d array."""
    return filled((), n, like.dtype) if isinstance(like, np.ndarray) else n


def _values(shape):
    """How many values each channel has."""
    return shape[0] if len(shape) == 2 else shape[0] * math.prod(shape[2:])


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
        return sum_rows(x)
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
        shape = centred.shape
        slope = s if weight is None else s * _columns(weight, shape)
        if batch:
            n = _number(_values(shape), grad)
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
    writes=("moving",),
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
    n = _values(x.shape)
    shares, kept, fresh, unbiased, tiny = _numbers(n, momentum, eps, x.dtype)
    if x.ndim != 2:
        shares = None
        weight, bias, mean, var = (each if each is None else _columns(each, x.shape) for each in (weight, bias, mean, var))
    out = None
    if mean is None:
        mean = sum_batch(x) / n if shares is None else shares.dot(x)
        centred = x - mean
        out = centred * centred
        var = sum_batch(out) / n if shares is None else shares.dot(out)
        if moving is not None and n:  # a batch of nothing moves nothing
            moving_mean, moving_var = moving
            moving_mean *= kept
            moving_mean += _vector(mean * fresh)
            moving_var *= kept
            moving_var += _vector(var * unbiased)
        var += tiny
    else:
        centred = x - mean
        var = var + tiny
    np.sqrt(var, var)
    s = np.divide(1.0, var, var)
    out = np.multiply(centred, s if weight is None else s * weight, out)
    if bias is not None:
        out += bias
    return out, centred, s


@lru_cache(512)
def _numbers(n, momentum, eps, dtype):
    """What a batch norm of ``n`` values per channel multiplies with and adds, as arrays: NumPy needs three times as long
    for Python numbers. The first, ``n`` times 1/n, averages the rows of a small matrix.
    """
    shares = filled(n, 1 / n, dtype) if 0 < n <= 256 and dtype.itemsize > 2 else None
    numbers = (1 - momentum, momentum, momentum * n / max(n - 1, 1), eps)
    return shares, *(filled((), number, dtype) for number in numbers)


# ---- over the features of each example -----------------------------------------------------------------------------
#
# Layer and group normalisation see x as rows, each of which has a mean and a variance.


def _size(shape):
    n = 1
    for length in shape:
        n *= length
    return n


def _normalised(x, shape, eps):
    """z, the rows of ``x`` in this shape with mean 0 and variance 1, and s = 1 / sqrt(variance + eps), through operations."""
    x = reshape(x, shape)
    centred = x - sum(x, 1, True) / shape[1]
    s = rsqrt(sum(centred * centred, 1, True) / shape[1] + eps)
    return centred * s, s


def _normalise_rows(x, shape, eps):
    """The same on arrays."""
    x, n = x.reshape(shape), np.array(shape[1], x.dtype)
    z = x - sum_axes(x, (1,), True) / n
    s = np.divide(1.0, np.sqrt(sum_axes(z * z, (1,), True) / n + np.array(eps, z.dtype)))
    z *= s
    return z, s


def _rows_rule(grad, z, s):
    """dx = s (grad - mean(grad) - z mean(grad z)), with the means over each row."""
    n = _number(z.shape[1], grad)
    return s * (grad - sum(grad, 1, True) / n - z * (sum(grad * z, 1, True) / n))


def _row_formula(row, others):
    """The formulas where mean and variance are those of a ``row``, and weights are shared by the ``others``."""
    z = f"z = (x − mean_{row}(x)) / √(var_{row}(x) + eps)"
    return (
        f"{{weight:weight ⊙ }}z{{bias: + bias}} with {z}",
        f"(H − mean_{row}(H) − z ⊙ mean_{row}(H ⊙ z)) / √(var_{row}(x) + eps) with H = {{weight:weight ⊙ }}G, {z}",
        f"Σ_{others} (G ⊙ z) with {z}",
        f"Σ_{others} G",
    )


def _layer_rows(x_shape, dims):
    """Rows of the last ``dims`` axes."""
    return _size(x_shape[: len(x_shape) - dims]), _size(x_shape[len(x_shape) - dims :])


def _layer_norm_rule(grad, x_shape, weight, dims, z, s, needs):
    """With z the normalised x: dx as above for grad weight; dweight = sum(grad z), dbias = sum(grad) over the rows."""
    need_x, need_weight, need_bias = needs
    dx = dweight = dbias = None
    features = x_shape[len(x_shape) - dims :]
    grad = reshape(grad, z.shape)
    if need_weight:
        dweight = reshape(sum(grad * z, 0), features)
    if need_bias:
        dbias = reshape(sum(grad, 0), features)
    if need_x:
        slope = grad if weight is None else grad * reshape(weight, (z.shape[1],))
        dx = reshape(_rows_rule(slope, z, s), x_shape)
    return dx, dweight, dbias


@op(
    "NativeLayerNormBackward0",
    x=None,
    weight=None,
    bias=None,
    joint=_layer_norm_rule,
    keeps=("z", "s"),
    again=lambda x, dims, eps: _normalised(x, _layer_rows(x.shape, dims), eps),
    formula=_row_formula("row", "rows"),
)
def layer_norm(x, weight=None, bias=None, dims=1, eps=1e-5):
    """``(x - mean) / sqrt(var + eps) * weight + bias``, with mean and variance over the last ``dims`` axes."""
    require_float(x, "LayerNormKernelImpl")
    z, s = _normalise_rows(from_half(x), _layer_rows(x.shape, dims), eps)
    out = z.copy() if weight is None else z * from_half(weight).reshape(-1)
    if bias is not None:
        out += from_half(bias).reshape(-1)
    return as_half(out.reshape(x.shape), x), z, s


def _group_rows(x_shape, groups):
    """Rows of a group of channels of one example."""
    return x_shape[0] * groups, x_shape[1] // groups * _size(x_shape[2:])


def _group_norm_rule(grad, x_shape, weight, z, s, needs):
    """As for layers, but weight and bias belong to channels, of which a row has several."""
    need_x, need_weight, need_bias = needs
    dx = dweight = dbias = None
    images = (x_shape[0], x_shape[1], _size(x_shape[2:]))
    grad = reshape(grad, images)
    if need_weight:
        dweight = sum(grad * reshape(z, images), (0, 2))
    if need_bias:
        dbias = sum(grad, (0, 2))
    if need_x:
        slope = grad if weight is None else grad * reshape(weight, (images[1], 1))
        dx = reshape(_rows_rule(reshape(slope, z.shape), z, s), x_shape)
    return dx, dweight, dbias


@op(
    "NativeGroupNormBackward0",
    x=None,
    weight=None,
    bias=None,
    joint=_group_norm_rule,
    keeps=("z", "s"),
    again=lambda x, groups, eps: _normalised(x, _group_rows(x.shape, groups), eps),
    formula=_row_formula("group", "batch"),
)
def group_norm(x, weight=None, bias=None, groups=1, eps=1e-5):
    """``(x - mean) / sqrt(var + eps) * weight + bias``: mean and variance of groups of channels, weight per channel."""
    require_float(x, "GroupNormKernelImpl")
    z, s = _normalise_rows(from_half(x), _group_rows(x.shape, groups), eps)
    out = z.reshape(x.shape).copy()
    for each, combine in ((weight, np.multiply), (bias, np.add)):
        if each is not None:
            combine(out, from_half(each).reshape(-1, *(1,) * (x.ndim - 2)), out)
    return as_half(out, x), z, s


# ---- weights as a length and a direction -----------------------------------------------------------------------------


def _axes_but(shape, dim):
    return tuple(axis for axis in range(len(shape)) if axis != dim)


def _slice_norms(v, dim):
    """The length of each slice of ``v`` along ``dim``, through operations."""
    axes = _axes_but(v.shape, dim)
    return sqrt(sum(v * v, axes, True) if axes else v * v)


def _weight_norm_rule(grad, v, g, norms, dim):
    """With n = |v| and d = sum(grad v): dv = g / n (grad - v d / n²), dg = d / n."""
    axes, products = _axes_but(v.shape, dim), grad * v
    d = sum(products, axes, True) if axes else products
    return g / norms * (grad - v * (d / (norms * norms))), d / norms


@op(
    "WeightNormInterfaceBackward0",
    v=None,
    g=None,
    joint=_weight_norm_rule,
    keeps=("norms",),
    again=lambda v, dim: (_slice_norms(v, dim),),
    public="_weight_norm",
    formula=(
        "g / n ⊙ v with n = √(Σ_slice (v²))",
        "g / n ⊙ (G − v ⊙ Σ_slice (G ⊙ v) / n²) with n = √(Σ_slice (v²))",
        "Σ_slice (G ⊙ v) / n with n = √(Σ_slice (v²))",
    ),
    symbol="weight norm",
)
def weight_norm(v, g, dim=0):
    """``g v / |v|``, with the length of each slice along ``dim``; ``g`` has the shape of these lengths."""
    axes = _axes_but(v.shape, dim)
    norms = np.sqrt(sum_axes(v * v, axes, True)) if axes else np.abs(v)
    return v * (g / norms), norms
