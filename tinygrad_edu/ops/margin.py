"""Losses that ask for a distance between the right and the wrong, and are content beyond it."""

from __future__ import annotations

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import where
from .elementwise import exp
from .loss import reduce, reduced_formula, scale
from .reduction import sum as sum_
from .shape import reshape


def _for_rows(grad, x, reduction):
    """The gradient of each row's loss, beside the rows, from the gradient of their reduction."""
    if reduction == "mean" and len(x.shape) == 2:
        grad = grad / x.shape[0]
    return reshape(grad, (x.shape[0], 1)) if len(x.shape) == 2 and reduction == "none" else grad


def _multi_margin_rule(grad, x, reduction, p, margin, chosen, active):
    """Of h = max(0, margin - x[y] + x[i])^p, the slope goes to x[i] and its negative to x[y]."""
    slopes = active
    if p == 2:
        right = sum_(where(chosen, x, 0.0), -1, True)
        slopes = where(active != 0, active * (margin + x - right) * 2, 0.0)
    return _for_rows(grad, x, reduction) * where(chosen, -sum_(slopes, -1, True), slopes)


@op(
    "MultiMarginLossBackward0",
    x=_multi_margin_rule,
    target=None,
    weight=None,
    keeps=("chosen", "active"),
    formula=(
        "{reduction=mean:mean(h)}{reduction=sum:Σ h}{else:h} with h = {weight:weight[target] ⊙ }"
        "mean_i(max(0, margin − x[target] + x){p=2:²})",
        "G{reduction=mean: / N} ⊙ (s − (Σ s at [target])) with s = {weight:weight[target] ⊙ }{p=2:2 · h ⊙ }1[h > 0] / C, "
        "h = margin − x[target] + x",
    ),
    symbol="margin",
)
def multi_margin_loss(x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    """The mean over classes i of ``weight[y] max(0, margin - x[y] + x[i])^p``, the right class y left out.

    Kept: the places of the right classes, and the weight of each element where its loss is not 0.
    """
    _require_rows(x)
    rows, classes = (x.shape[0] if x.ndim == 2 else 1), (x.shape[-1] if x.ndim else 1)
    if target.ndim > 1 or target.size != rows:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
            f"Expected target size [{rows}], but got {list(target.shape)}. Input has shape {list(x.shape)}."
        )
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    _require_dtypes(x, target, "multi_margin_loss_cpu_kernel")
    if weight is not None and weight.dtype != x.dtype:
        raise _scalar_type(x.dtype, weight.dtype)
    if target.size and not 0 <= target.min() <= target.max() < classes:
        raise RuntimeError("target out of range")
    z, y = x.reshape(rows, classes), target.reshape(rows, 1)
    chosen = np.arange(classes) == y
    h = margin - np.take_along_axis(z, y, 1) + z
    factor = x.dtype.type(1 / classes) if weight is None else weight[y] / x.dtype.type(classes)
    active = np.where((h > 0) & ~chosen, factor, x.dtype.type(0))
    losses = np.where(active == 0, 0, (h if p == 1 else h * h) * active).sum(1)
    result = _per_row(losses, reduction, x.ndim < 2 and target.ndim == 0)
    return result, chosen.reshape(x.shape), active.reshape(x.shape)


@op(
    "MultilabelMarginLossBackward0",
    x=lambda grad, x, reduction, slopes: _for_rows(grad, x, reduction) * slopes,
    target=None,
    keeps=("slopes",),
    formula=(
        "{reduction=mean:mean(h)}{reduction=sum:Σ h}{else:h} with h = Σ max(0, 1 − x[target] + x) / N",
        "G{reduction=mean: / N} ⊙ (1[h > 0] − count(h > 0) at [target]) / N with h = 1 − x[target] + x",
    ),
    symbol="margin",
)
def multilabel_margin_loss(x, target, reduction="mean"):
    """The sum over right classes y and wrong ones i of ``max(0, 1 - x[y] + x[i])``, over the number of classes.

    The right classes stand in front of the first -1. Kept: the derivatives.
    """
    _require_rows(x)
    if target.shape != x.shape and not (x.ndim < 2 and target.size == x.size and target.ndim < 2):
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(x.shape)}")
    _require_dtypes(x, target, "multilabel_margin_loss_forward_out_frame")
    rows, classes = (x.shape[0] if x.ndim == 2 else 1), (x.shape[-1] if x.ndim else 1)
    if target.size and not -1 <= target.min() <= target.max() < classes:
        raise RuntimeError("argument #2 'target' is out of range")
    z, y = x.reshape(rows, classes), target.reshape(rows, classes)
    counted = np.logical_and.accumulate(y >= 0, 1)
    right = np.zeros((rows, classes), bool)
    np.logical_or.at(right, (np.arange(rows)[:, np.newaxis], np.where(counted, y, 0)), counted)
    h = 1 - np.take_along_axis(z, np.where(counted, y, 0), 1)[:, :, np.newaxis] + z[:, np.newaxis]
    pairs = (h > 0) & counted[:, :, np.newaxis] & ~right[:, np.newaxis]
    losses = np.where(pairs, h, 0).sum((1, 2)) / x.dtype.type(classes)
    slopes = pairs.sum(1).astype(x.dtype)
    np.subtract.at(slopes, (np.arange(rows)[:, np.newaxis], np.where(counted, y, 0)), pairs.sum(2).astype(x.dtype))
    return _per_row(losses, reduction, x.ndim < 2), (slopes / x.dtype.type(classes)).reshape(x.shape)


def _per_row(losses, reduction, single):
    """The losses of the rows, their sum or mean (0 if there are none); without a dimension where there is but one row."""
    if reduction == "none":
        return losses.reshape(()) if single else losses
    total = np.add.reduce(losses, axis=None)
    return total / (losses.size or 1) if reduction == "mean" else total


def _require_rows(x):
    if x.ndim > 2 or (x.ndim and x.shape[-1] == 0):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(x.shape)}")


def _require_dtypes(x, target, name):
    if x.dtype.kind != "f":
        raise not_implemented(name, x.dtype)
    if target.dtype != np.int64:
        raise _scalar_type(np.dtype(np.int64), target.dtype)


def _scalar_type(wanted, given):
    from ..dtypes import from_numpy_dtype

    names = (from_numpy_dtype(each).legacy_name for each in (wanted, given))
    return RuntimeError("expected scalar type {} but found {}".format(*names))


@op(
    "SoftMarginLossBackward0",
    x=lambda grad, x, y, reduction: _soft_margin_rule(scale(grad, x, reduction), y, exp(-y * x)),
    y=None,
    promote="common",
    formula=reduced_formula("log(1 + exp(−y ⊙ x))", "−y ⊙ exp(−y ⊙ x) / (1 + exp(−y ⊙ x))"),
    symbol="soft margin",
)
def soft_margin_loss(x, y, reduction="mean"):
    """``log(1 + exp(-y x))`` for y of -1 or 1."""
    return reduce(np.log1p(np.exp(-y * x)), reduction)


def _soft_margin_rule(grad, y, z):
    return grad * (-y * z / (z + 1))
