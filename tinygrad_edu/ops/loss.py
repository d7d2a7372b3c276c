"""Loss functions: one number from predictions and targets.

``reduction`` is ``"mean"``, ``"sum"`` or ``"none"`` throughout.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ..autograd.conform import filled
from ..autograd.errors import broadcast_error
from ..autograd.op import op
from .activation import log_sigmoid, require_float
from .choosing import where
from .elementwise import log, sigmoid

_INT64 = np.dtype(np.int64)
_MANY = 8192


def reduce(losses, reduction):
    """The losses themselves, their sum or their mean (nan if there are none)."""
    if reduction == "none":
        return losses
    if losses.dtype.itemsize == 2:
        return reduce(losses.astype(np.float32), reduction).astype(losses.dtype)
    total = np.add.reduce(losses, axis=None)
    return total if reduction == "sum" else total / losses.size


def scale(grad, x, reduction):
    """The gradient of each of the losses (of ``x``'s shape) from the gradient of their reduction."""
    return grad / _size(x) if reduction == "mean" else grad


def _size(x):
    size = 1
    for n in x.shape:
        size *= n
    return size


def _weighted(grad, weight):
    return grad if weight is None else grad * weight


def _weigh(losses, weight):
    """``losses *= weight``, which must broadcast to them."""
    if weight is not None:
        shape = _broadcast(losses, weight)
        if shape != losses.shape:
            raise RuntimeError(f"output with shape {list(losses.shape)} doesn't match the broadcast shape {list(shape)}")
        losses = np.asarray(losses)  # one loss is a scalar of NumPy's by now
        np.multiply(losses, weight, out=losses, casting="same_kind")
    return losses


def _broadcast(x, y):
    """The shape that both broadcast to."""
    mismatch = broadcast_error([x.shape, y.shape])
    if mismatch is not None:
        raise mismatch
    return np.broadcast_shapes(x.shape, y.shape)


def reduced_formula(loss, *slopes, weight=""):
    """The formula of a reduced loss, from the loss of one element and its derivatives."""
    value = f"{{reduction=mean:mean({weight}{loss})}}{{reduction=sum:Σ ({weight}{loss})}}{{else:{weight}{loss}}}"
    return value, *(f"{weight}{slope} ⊙ G{{reduction=mean: / N}}" for slope in slopes)


# ---- squared error -------------------------------------------------------------------------------------------------


def _mse_scale(grad, x, reduction):
    return grad * (2 / (_size(x) or 1)) if reduction == "mean" else grad * 2


@op(
    "MseLossBackward0",
    x=lambda grad, x, y, reduction: _mse_scale(grad, x, reduction) * (x - y),
    y=lambda grad, x, y, reduction: _mse_scale(grad, x, reduction) * (y - x),
    promote="common",
    formula=reduced_formula("(x − y)²", "2 · (x − y)", "2 · (y − x)"),
    symbol="MSE",
)
def mse_loss(x, y, reduction="mean"):
    """The squared error ``(x - y) ** 2`` of two tensors of the same shape."""
    require_float(x, "mse_cpu")
    d = x - y
    d *= d
    return reduce(d, reduction)


# ---- negative log-likelihood ---------------------------------------------------------------------------------------


def _weights(x, target, weight, ignore_index):
    """Which targets count, their places among the elements of x (any, if they do not), and their weights (0)."""
    shape = x.shape
    classes = shape[1 if x.ndim > 1 else 0]
    _check_target(x, target, weight, classes)
    counted = target != ignore_index
    bad = counted & ((target < 0) | (target >= classes))
    if bad.any():
        raise IndexError(f"Target {int(target[bad].reshape(-1)[0])} is out of bounds.")
    chosen = np.where(counted, target, 0).astype(np.int64)
    places = chosen
    if x.ndim > 1:
        pixels = np.arange(math.prod(shape[2:])).reshape(shape[2:])
        rows = np.arange(shape[0]).reshape(-1, *(1,) * (x.ndim - 2))
        places = (rows * classes + chosen) * pixels.size + pixels
    if weight is None:
        return counted, places, counted.astype(x.dtype)
    return counted, places, np.where(counted, weight[chosen] if classes else 0, x.dtype.type(0))


@lru_cache(64)
def _rows(n):
    """0 ... n - 1. The array is shared, hence read-only."""
    rows = np.arange(n)
    rows.flags.writeable = False
    return rows


def _check_target(x, target, weight, classes):
    """PyTorch's conditions on a target of class indices."""
    from ..dtypes import from_numpy_dtype

    images = x.ndim > 2
    require_float(x, "nll_loss2d_forward_out_frame" if images else "nll_loss_out_frame")
    if target.dtype != np.int64 and (images or target.dtype != np.uint8):
        name = from_numpy_dtype(target.dtype).legacy_name
        if images and target.dtype == np.uint8:
            raise RuntimeError(f"expected scalar type Long but found {name}")
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {name}")
    if weight is None:
        return
    if weight.shape != (classes,):
        wanted = "all" if images else f"all {classes} classes"
        given = "" if images else f" but got weight tensor of shape: {list(weight.shape)}"
        raise RuntimeError(f"weight tensor should be defined either for {wanted} or no classes{given}")
    if weight.dtype != x.dtype:
        names = from_numpy_dtype(x.dtype).legacy_name, from_numpy_dtype(weight.dtype).legacy_name
        raise RuntimeError("expected scalar type {} but found {}".format(*names))


def _nll_loss(x, target, weight=None, reduction="mean", ignore_index=-100):
    """``-weight[target] x[target]`` along the classes; the mean is weighted too.

    Shapes: x (N, C), (C,) or (N, C, d1, ...), log-probabilities; target the same without C; weight (C,). Targets equal to
    ``ignore_index`` do not count.

    Kept: the places of the chosen among the elements of x, and the factors by which they enter the result.
    """
    if weight is None and x.ndim == 2 and target.dtype is _INT64 and not -1 < ignore_index < x.shape[1]:
        # No target is ignored if every one is a class, which NumPy finds out.
        n, dtype = len(x), x.dtype
        if 0 < n <= _MANY and target.shape == (n,) and dtype.kind == "f" and dtype.itemsize > 2:
            try:
                places = np.ravel_multi_index((_rows(n), target), x.shape)
            except ValueError:
                pass
            else:
                factors = filled(n, -1 / n if reduction == "mean" else -1, dtype)
                chosen = x.reshape(-1)[places]
                return chosen * factors if reduction == "none" else chosen.dot(factors), places, factors
    counted, places, weights = _weights(x, target, weight, ignore_index)
    total = np.add.reduce(weights, axis=None) if reduction == "mean" else 1
    zero = x.dtype.type(0)
    losses = np.where(counted, -nll_gather(x, places) * weights, zero)
    factors = np.where(counted, -weights / total, zero)
    return (losses if reduction == "none" else reduce(losses, "sum") / total), places, factors


def _nll_rule(grad, x_shape, places, factors):
    return nll_spread(grad * factors, places, x_shape)


_NLL = {
    "x": _nll_rule,
    "target": None,
    "weight": None,
    "keeps": ("places", "factors"),
    "public": "nll_loss_nd",
    "formula": (
        "{reduction=none,weight=None:−x[target]}{reduction=none,weight:−weight[target] ⊙ x[target]}"
        "{reduction=sum,weight=None:−Σ x[target]}{reduction=sum,weight:−Σ (weight[target] ⊙ x[target])}"
        "{reduction=mean,weight=None:−mean(x[target])}"
        "{reduction=mean,weight:−Σ (weight[target] ⊙ x[target]) / Σ weight[target]}",
        "−{weight:weight[target] ⊙ }G{reduction=mean,weight=None: / N}{reduction=mean,weight: / Σ weight[target]}"
        " at [target], else 0",
    ),
    "symbol": "NLL",
}
nll_loss = op("NllLossBackward0", **_NLL)(_nll_loss)
nll_loss2d = op("NllLoss2DBackward0", **_NLL)(_nll_loss)


@op(
    "NllLossBackwardBackward0",
    x=lambda grad, places: nll_gather(grad, places),
    places=None,
    formula=("put(x, places)", "take(G, places)"),
)
def nll_spread(x, places, shape):
    """Zeros of ``shape`` but for the elements of ``x`` in their places."""
    result = np.zeros(shape, x.dtype)
    if result.size:
        result.reshape(-1)[places] = x
    return result


@op(
    "NllLossBackwardBackward0",
    x=lambda grad, x_shape, places: nll_spread(grad, places, x_shape),
    places=None,
    formula=("take(x, places)", "put(G, places)"),
)
def nll_gather(x, places):
    """The elements in these places."""
    return x.reshape(-1)[places] if x.size else np.zeros(places.shape, x.dtype)


# ---- binary cross-entropy ------------------------------------------------------------------------------------------


@op(
    "BinaryCrossEntropyBackward0",
    x=lambda grad, x, y, weight, reduction: (
        _weighted(scale(grad, x, reduction), weight) * ((x - y) / _at_least((1 - x) * x, _EPSILON))
    ),
    y=lambda grad, x, weight, reduction: _weighted(scale(grad, x, reduction), weight) * (log(1 - x) - log(x)),
    weight=None,
    formula=reduced_formula(
        "(−y · log(x) − (1 − y) · log(1 − x))",
        "(x − y) / (x · (1 − x))",
        "log((1 − x) / x)",
        weight="{weight:weight ⊙ }",
    ),
    symbol="BCE",
)
def binary_cross_entropy(x, y, weight=None, reduction="mean"):
    """``-(y log x + (1 - y) log(1 - x))``, each logarithm not below -100."""
    require_float(x, "binary_cross_entropy")
    if y.dtype != x.dtype:
        from ..dtypes import from_numpy_dtype

        names = from_numpy_dtype(y.dtype).legacy_name, from_numpy_dtype(x.dtype).legacy_name
        raise RuntimeError("Found dtype {} but expected {}".format(*names))
    losses = (y - 1) * np.maximum(np.log1p(-x), -100)
    losses -= y * np.maximum(np.log(x), -100)
    result = reduce(_weigh(losses, weight), reduction)
    # A logarithm of what is no probability is nan: only then the inputs are worth a look.
    if np.isnan(result if reduction == "mean" else np.add.reduce(losses, axis=None)):
        _require_probabilities(x, "input")
    _require_probabilities(y, "target")
    return result


def _require_probabilities(x, name):
    if x.size and not (np.minimum.reduce(x, axis=None) >= 0 and np.maximum.reduce(x, axis=None) <= 1):
        raise RuntimeError(f"all elements of {name} should be between 0 and 1")


_EPSILON = float(np.float32(1e-12))
"""PyTorch's bound is a C float."""


def _at_least(x, least):
    return where(~(x < least), x, least)  # nan stays


@op(
    "BinaryCrossEntropyWithLogitsBackward0",
    x=lambda grad, x, y, weight, pos_weight, reduction: (
        _weighted(scale(grad, x, reduction), weight) * _logits_slope(x, y, pos_weight)
    ),
    y=lambda grad, x, weight, pos_weight, reduction: (
        _weighted(scale(grad, x, reduction), weight)
        * (-x if pos_weight is None else log_sigmoid(-x) - pos_weight * log_sigmoid(x))
    ),
    weight=None,
    pos_weight=None,
    formula=reduced_formula(
        "((1 − y) · x − {pos_weight:(1 + (pos_weight − 1) · y) · }log(σ(x)))",
        "({pos_weight:(pos_weight · y + 1 − y) · }σ(x) − {pos_weight:pos_weight · }y)",
        "({pos_weight:log(σ(−x)) − pos_weight · log(σ(x))}{else:−x})",
        weight="{weight:weight ⊙ }",
    ),
    symbol="BCE",
)
def binary_cross_entropy_with_logits(x, y, weight=None, pos_weight=None, reduction="mean"):
    """Sigmoid and binary cross-entropy in one: ``(1 - y) x - log(sigmoid(x))``, without overflow."""
    require_float(x, "log_sigmoid_cpu")
    log_s = np.minimum(x, 0)
    log_s -= np.log1p(np.exp(-np.abs(x)))
    if pos_weight is not None:
        _broadcast(pos_weight, y)
        log_s = _weigh(log_s, (pos_weight - 1) * y + 1)
    losses = 1 - y
    losses *= x
    losses -= log_s
    return reduce(_weigh(losses, weight), reduction)


def _logits_slope(x, y, pos_weight):
    if pos_weight is None:
        return sigmoid(x) - y
    positive = pos_weight * y
    return (positive + 1 - y) * sigmoid(x) - positive


# ---- absolute and squared error joined -----------------------------------------------------------------------------


def _smooth_l1_slope(x, y, beta):
    return _clipped((x - y) / beta, 1)


def _huber_slope(x, y, delta):
    return _clipped(x - y, delta)


def _clipped(d, bound):
    return where(~(d > bound), where(~(d < -bound), d, -bound), bound)  # nan stays


@op(
    "SmoothL1LossBackward0",
    x=lambda grad, x, y, reduction, beta: scale(grad, x, reduction) * _smooth_l1_slope(x, y, beta),
    y=lambda grad, x, y, reduction, beta: scale(grad, x, reduction) * -_smooth_l1_slope(x, y, beta),
    promote="common",
    formula=reduced_formula(
        "(x − y)² / (2 · beta) where |x − y| < beta, else |x − y| − beta / 2",
        "clamp((x − y) / beta, −1, 1)",
        "clamp((y − x) / beta, −1, 1)",
    ),
    symbol="smooth L1",
)
def smooth_l1_loss(x, y, reduction="mean", beta=1.0):
    """``(x - y)² / (2 beta)`` where that error is below ``beta``, else ``|x - y| - beta / 2``."""
    require_float(x, "smooth_l1_cpu")
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    d = np.abs(x - y)
    return reduce(np.where(d < beta, d * d / (2 * beta), d - beta / 2), reduction)


@op(
    "HuberLossBackward0",
    x=lambda grad, x, y, reduction, delta: scale(grad, x, reduction) * _huber_slope(x, y, delta),
    y=lambda grad, x, y, reduction, delta: scale(grad, x, reduction) * -_huber_slope(x, y, delta),
    formula=reduced_formula(
        "(x − y)² / 2 where |x − y| ≤ delta, else delta · (|x − y| − delta / 2)",
        "clamp(x − y, −delta, delta)",
        "clamp(y − x, −delta, delta)",
    ),
    symbol="Huber",
)
def huber_loss(x, y, reduction="mean", delta=1.0):
    """``(x - y)² / 2`` where that error is at most ``delta``, else ``delta (|x - y| - delta / 2)``."""
    require_float(x, "huber_cpu")
    if not delta > 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    d = np.abs(x - y.astype(x.dtype))
    return reduce(np.where(d <= delta, d * d / 2, delta * (d - delta / 2)), reduction)
