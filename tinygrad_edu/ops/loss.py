"""Loss functions: one number from predictions and targets.

``reduction`` is ``"mean"``, ``"sum"`` or ``"none"`` throughout.
"""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .elementwise import exp, where



def _reduce(losses, reduction):
    if reduction == "none":
        return losses
    total = np.add.reduce(losses, axis=None)
    return total if reduction == "sum" else total / losses.dtype.type(losses.size)


def _scale(grad, size, reduction):
    return grad / size if reduction == "mean" else grad


@op(
    "MseLossBackward0",
    x=lambda grad, x, y, reduction: _scale(grad, _size(x, y), reduction) * (2 * (x - y)),
    y=lambda grad, x, y, reduction: _scale(grad, _size(x, y), reduction) * (2 * (y - x)),
    promote="common",
)
def mse_loss(x, y, reduction="mean"):
    """The squared error ``(x - y) ** 2``."""
    d = x - y
    d *= d
    return _reduce(d, reduction)


def _size(x, y):
    size = 1
    for n in np.broadcast_shapes(tuple(x.shape), tuple(y.shape)):
        size *= n
    return size


# ---- negative log-likelihood ---------------------------------------------------------------------------------------


def _nll_weights(x_shape, target, weight, ignore_index, dtype):
    """Which targets count, their class (0 where they do not), and their weight."""
    counted = target != ignore_index
    classes = np.where(counted, target, 0)
    if weight is None:
        return counted, classes, counted.astype(dtype)
    return counted, classes, np.where(counted, weight[classes], weight.dtype.type(0))


def _check_classes(target, ignore_index, classes):
    bad = (target != ignore_index) & ((target < 0) | (target >= classes))
    if bad.any():
        raise IndexError(f"Target {int(target[bad].reshape(-1)[0])} is out of bounds.")


@op(
    "NllLossBackward0",
    x=lambda grad, x_shape, target, weight, reduction, ignore_index: nll_spread(
        grad, x_shape, target, weight, reduction, ignore_index
    ),
    target=None,
    weight=None,
)
def nll_loss(x, target, weight=None, reduction="mean", ignore_index=-100):
    """``-weight[target] * x[..., target, ...]``, classes on axis 1 (or 0 of a vector); the mean divides by the weights."""
    _check_classes(target, ignore_index, x.shape[1 if x.ndim > 1 else 0])
    if x.ndim == 2 and weight is None and not (target == ignore_index).any():
        losses = -x[np.arange(x.shape[0]), target]
        return _reduce(losses, reduction) if reduction != "mean" or losses.size else np.full((), np.nan, x.dtype)
    counted, classes, weights = _nll_weights(x.shape, target, weight, ignore_index, x.dtype)
    if x.ndim == 1:
        chosen = x[classes]
    else:
        chosen = np.take_along_axis(x, np.expand_dims(classes, 1), 1).squeeze(1)
    losses = np.where(counted, -chosen * weights, x.dtype.type(0))
    if reduction == "mean":
        return np.add.reduce(losses, axis=None) / np.add.reduce(weights, axis=None)
    return _reduce(losses, reduction)


@op("NllLossBackwardBackward0", x=lambda grad, target, weight, reduction, ignore_index: nll_gather(grad, target, weight, reduction, ignore_index), public="nll_loss_backward")
def nll_spread(x, x_shape, target, weight, reduction, ignore_index):
    """The gradient of the chosen log-probabilities, put in their places."""
    counted, classes, weights = _nll_weights(x_shape, target, weight, ignore_index, x.dtype)
    result = np.zeros(x_shape, x.dtype)
    values = np.where(counted, -weights * x, x.dtype.type(0))
    if reduction == "mean":
        values = values / np.add.reduce(weights, axis=None)
    if len(x_shape) == 1:
        result[classes] = values
    else:
        np.put_along_axis(result, np.expand_dims(classes, 1), np.expand_dims(values, 1), 1)
    return result


@op("NllGatherBackward0", x=lambda grad, x_shape, target, weight, reduction, ignore_index: nll_spread(grad, x_shape, target, weight, reduction, ignore_index), public="nll_loss")
def nll_gather(x, target, weight, reduction, ignore_index):
    """The linear map of :func:`nll_loss` without its check: the transpose of :func:`nll_spread`."""
    return nll_loss(x, target, weight, reduction, ignore_index)


# ---- binary cross-entropy ------------------------------------------------------------------------------------------


@op(
    "BinaryCrossEntropyBackward0",
    x=lambda grad, x, y, weight, reduction: _weighted(_scale(grad, x_size(x), reduction), weight)
    * ((x - y) / where((1 - x) * x < 1e-12, 1e-12, (1 - x) * x)),
    y=lambda grad, x, y, weight, reduction: _weighted(_scale(grad, x_size(x), reduction), weight)
    * (_log_clamped(1 - x) - _log_clamped(x)),
    weight=None,
)
def binary_cross_entropy(x, y, weight=None, reduction="mean"):
    """``-(y log x + (1 - y) log(1 - x))``, each logarithm not below -100."""
    if x.size and (x.min() < 0 or x.max() > 1):
        raise RuntimeError("all elements of input should be between 0 and 1")
    losses = (y - 1) * np.maximum(np.log1p(-x), -100) - y * np.maximum(np.log(x), -100)
    if weight is not None:
        losses = losses * weight
    return _reduce(losses, reduction)


def x_size(x):
    size = 1
    for n in x.shape:
        size *= n
    return size


def _weighted(grad, weight):
    return grad if weight is None else grad * weight


@op("ClampedLogBackward0", x=lambda grad, x: where(x > 0, grad / x, 0.0))
def _log_clamped(x):
    return np.maximum(np.log(x), -100)


@op(
    "BinaryCrossEntropyWithLogitsBackward0",
    x=lambda grad, x, y, weight, pos_weight, reduction: _weighted(_scale(grad, x_size(x), reduction), weight)
    * _logits_slope(x, y, pos_weight),
    y=lambda grad, x, y, weight, pos_weight, reduction: _weighted(_scale(grad, x_size(x), reduction), weight)
    * (-x if pos_weight is None else _log_sigmoid(-x) - pos_weight * _log_sigmoid(x)),
    weight=None,
    pos_weight=None,
)
def binary_cross_entropy_with_logits(x, y, weight=None, pos_weight=None, reduction="mean"):
    """Sigmoid and binary cross-entropy in one: ``(1 - y) x + log(1 + exp(-x))``, without overflow."""
    soft = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)
    factor = 1 if pos_weight is None else 1 + (pos_weight - 1) * y
    losses = (1 - y) * x + factor * soft
    if weight is not None:
        losses = losses * weight
    return _reduce(losses, reduction)


def _logits_slope(x, y, pos_weight):
    if pos_weight is None:
        return 1 / (1 + exp(-x)) - y
    factor = pos_weight * y + (1 - y)
    return factor / (1 + exp(-x)) - pos_weight * y


@op("LogSigmoidBackward0", x=lambda grad, x: grad / (1 + exp(x)))
def _log_sigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


