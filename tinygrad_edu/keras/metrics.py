"""Metrics by name (https://keras.io/api/metrics): means over all samples since the last reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..tensor import Tensor
from . import losses
from .names import by_name, snake_case

__all__ = [
    "BinaryAccuracy", "CategoricalAccuracy", "Mean", "MeanAbsoluteError", "MeanMetric", "MeanSquaredError", "Metric",
    "RootMeanSquaredError", "SparseCategoricalAccuracy", "get",
]  # fmt: skip


class Metric:
    """The base of all metrics."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all samples."""
        self.total, self.count = 0.0, 0.0

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The metric of each sample."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Count the samples of a batch."""
        with no_grad():
            values = self.values(_tensor(y_true), _tensor(y_pred))
        self.total += float(values.double().sum())
        self.count += values.numel()

    def result(self) -> float:
        """The mean so far."""
        return self.total / self.count if self.count else 0.0

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        self.update_state(y_true, y_pred)
        return self.result()


def _tensor(value: Any) -> Tensor:
    from ..creation import as_tensor

    return value if isinstance(value, Tensor) else as_tensor(np.asarray(value))


class Mean(Metric):
    """The mean of the numbers that it is told."""

    def update_state(self, values: Any, weight: float = 1.0) -> None:
        array = np.asarray(values, np.float64)
        self.total += float(array.sum()) * weight
        self.count += array.size * weight


class MeanMetric(Metric):
    """The mean of a function of (targets, predictions) that gives a number for each sample."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], name: str | None = None) -> None:
        super().__init__(name or getattr(function, "__name__", "metric"))
        self.values = function  # type: ignore[method-assign, assignment]


class BinaryAccuracy(Metric):
    """How often ``y_pred > threshold`` is ``y_true``."""

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_pred.gt(self.threshold).float() == losses._same_shape(y_true, y_pred)


class CategoricalAccuracy(Metric):
    """How often the largest prediction stands where the largest target stands."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return losses._same_shape(y_true, y_pred).argmax(-1) == y_pred.argmax(-1)


class SparseCategoricalAccuracy(Metric):
    """How often the largest prediction stands at the place that the target names."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return losses._labels(y_true, y_pred) == y_pred.argmax(-1)


class Accuracy(Metric):
    """What "accuracy" means depends on the shapes: binary, sparse or one-hot."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        if y_pred.shape[-1] == 1 or y_pred.dim() == 1:
            return BinaryAccuracy().values(y_true, y_pred)
        kind = CategoricalAccuracy if y_true.shape == y_pred.shape else SparseCategoricalAccuracy
        return kind().values(y_true, y_pred)


class MeanSquaredError(Metric):
    """``mean((y_true - y_pred)²)``."""

    loss: type[losses.Loss] = losses.MeanSquaredError

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.loss().call(y_true, y_pred)


class MeanAbsoluteError(MeanSquaredError):
    """``mean(|y_true - y_pred|)``."""

    loss = losses.MeanAbsoluteError


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean squared error."""

    def result(self) -> float:
        return float(super().result() ** 0.5)


METRICS: dict[str, type[Metric]] = {
    "accuracy": Accuracy,
    "acc": Accuracy,
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "mse": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "root_mean_squared_error": RootMeanSquaredError,
}


def get(identifier: Any) -> Metric:
    """The metric of that name, called as it was asked for; a loss's name or a function is its mean."""
    if isinstance(identifier, str):
        if identifier in losses.LOSSES and identifier not in METRICS:
            return MeanMetric(losses.LOSSES[identifier]().call, identifier)
        return by_name("metric", identifier, METRICS)(identifier)  # type: ignore[no-any-return]
    return identifier if isinstance(identifier, Metric) else MeanMetric(identifier)
