"""Parts of the formulas of several optimisers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import float64, get_default_dtype
from ..tensor import Tensor


def number(value: Any) -> float:
    """A hyper-parameter that may be a 0-d tensor, as a number."""
    return value.item() if isinstance(value, Tensor) else value


def as_scalar(value: Any, w: np.ndarray) -> np.ndarray:
    """A hyper-parameter as a 0-d array of ``w``'s dtype: NumPy takes three times as long for a Python number."""
    return np.array(value if value.__class__ is float else number(value), w.dtype)


def count(value: float = 0.0) -> np.ndarray:
    """A number kept as state, such as the count of steps."""
    return np.array(value, np.float64 if get_default_dtype() is float64 else np.float32)


def with_decay(grad: np.ndarray, w: np.ndarray, decay: Any) -> np.ndarray:
    """The gradient with that of ``decay / 2 * w ** 2``."""
    return grad + as_scalar(decay, w) * w if decay else grad


def move_towards(mean: np.ndarray, value: np.ndarray, weight: float) -> None:
    """``mean += weight * (value - mean)`` in place: one step of a running mean."""
    step = value - mean
    step *= as_scalar(weight, mean)
    mean += step


def add_square(mean: np.ndarray, value: np.ndarray, weight: float) -> None:
    """``mean = weight * mean + (1 - weight) * value ** 2`` in place."""
    mean *= as_scalar(weight, mean)
    square = value * value
    square *= as_scalar(1 - weight, mean)
    mean += square
