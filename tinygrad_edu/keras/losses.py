"""Losses by name (https://keras.io/api/losses): a number for each sample, then the mean over the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..nn import functional as F
from ..tensor import Tensor
from .names import by_name

__all__ = [
    "BinaryCrossentropy", "CategoricalCrossentropy", "Hinge", "Huber", "KLDivergence", "MeanAbsoluteError",
    "MeanSquaredError", "SparseCategoricalCrossentropy", "get",
]  # fmt: skip

EPSILON = 1e-7
"""Probabilities are kept this far from 0 and 1."""


def _per_sample(each: Tensor) -> Tensor:
    """The mean over the last axis, and over any others but the first."""
    return each.reshape(each.shape[0], -1).mean(1) if each.dim() > 1 else each


def _same_shape(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """``y_true`` as floats in the shape of ``y_pred``; a last axis of length 1 may be missing in either.

    Raises:
        ValueError: the shapes differ otherwise.
    """
    if y_true.shape != y_pred.shape:
        if y_true.shape != (*y_pred.shape, 1) and (*y_true.shape, 1) != y_pred.shape:
            raise ValueError(
                f"The targets have shape {tuple(y_true.shape)}, the predictions {tuple(y_pred.shape)}; they must be equal."
            )
        y_true = y_true.reshape(y_pred.shape)
    return y_true.to(y_pred.dtype)


def _labels(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """``y_true`` as integers, one for each row of ``y_pred``; a last axis of length 1 may be there.

    Raises:
        ValueError: the shapes are others.
    """
    if y_true.shape not in (y_pred.shape[:-1], (*y_pred.shape[:-1], 1)):
        raise ValueError(f"The labels have shape {tuple(y_true.shape)}, the predictions {tuple(y_pred.shape)}.")
    return y_true.reshape(y_pred.shape[:-1]).long()


class Loss:
    """The base of all losses; calling one gives the mean over the batch."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each sample."""
        raise NotImplementedError

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.call(y_true, y_pred).mean()


class MeanSquaredError(Loss):
    """``mean((y_true - y_pred)²)``."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return _per_sample((_same_shape(y_true, y_pred) - y_pred) ** 2)


class MeanAbsoluteError(Loss):
    """``mean(|y_true - y_pred|)``."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return _per_sample((_same_shape(y_true, y_pred) - y_pred).abs())


class Huber(Loss):
    """``d² / 2`` where ``|d| <= delta``, else ``delta (|d| - delta / 2)``, of the difference d."""

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = delta

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return _per_sample(F.huber_loss(y_pred, _same_shape(y_true, y_pred), reduction="none", delta=self.delta))


class Hinge(Loss):
    """``mean(max(1 - y_true y_pred, 0))``; labels 0 and 1 are taken for -1 and 1."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        signs = _same_shape(y_true, y_pred)
        if bool(((signs == 0) | (signs == 1)).all()):
            signs = 2 * signs - 1
        return _per_sample(F.relu(1 - signs * y_pred))


class KLDivergence(Loss):
    """``sum(y_true log(y_true / y_pred))``."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        p, q = _same_shape(y_true, y_pred).clamp(EPSILON, 1), y_pred.clamp(EPSILON, 1)
        return (p * (p / q).log()).sum(-1)


class BinaryCrossentropy(Loss):
    """``-mean(y_true log(y_pred) + (1 - y_true) log(1 - y_pred))``.

    Args:
        from_logits: whether ``y_pred`` has not been through a sigmoid.
        label_smoothing: how far targets are moved towards 1/2.
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.from_logits, self.label_smoothing = from_logits, label_smoothing

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        target = _same_shape(y_true, y_pred) * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        if self.from_logits:
            return _per_sample(F.binary_cross_entropy_with_logits(y_pred, target, reduction="none"))
        p = y_pred.clamp(EPSILON, 1 - EPSILON)
        return _per_sample(-(target * p.log() + (1 - target) * (1 - p).log()))


class CategoricalCrossentropy(Loss):
    """``-sum(y_true log(y_pred))`` over the classes, the last axis; targets are one-hot or probabilities.

    Args:
        from_logits: whether ``y_pred`` has not been through a softmax.
        label_smoothing: how far targets are moved towards equal probabilities.
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.from_logits, self.label_smoothing = from_logits, label_smoothing

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        classes = y_pred.shape[-1]
        target = _same_shape(y_true, y_pred) * (1 - self.label_smoothing) + self.label_smoothing / classes
        return -(target * _log_probabilities(y_pred, self.from_logits)).sum(-1)


class SparseCategoricalCrossentropy(Loss):
    """``-log(y_pred[y_true])``; targets are integers.

    Args:
        from_logits: whether ``y_pred`` has not been through a softmax.
    """

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        labels = _labels(y_true, y_pred)
        log_p = _log_probabilities(y_pred, self.from_logits)
        return -log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1)


def _log_probabilities(y_pred: Tensor, from_logits: bool) -> Tensor:
    if from_logits:
        return F.log_softmax(y_pred, dim=-1)
    return (y_pred / y_pred.sum(-1, keepdim=True)).clamp(EPSILON, 1 - EPSILON).log()


LOSSES: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "hinge": Hinge,
    "kl_divergence": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}


def get(identifier: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of that name. A function of (targets, predictions) may give one number or one for each sample."""
    found = by_name("loss", identifier, LOSSES)
    if isinstance(found, type):
        found = found()
    if isinstance(found, Loss):
        return found
    return lambda y_true, y_pred: found(y_true, y_pred).mean()
