"""Helpers (https://keras.io/api/utils)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..random import manual_seed
from .names import clear_names

__all__ = ["clear_session", "plot_model", "set_random_seed", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Integers as rows of zeros with a single one."""
    labels = np.asarray(x, dtype=np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    n = int(labels.max()) + 1 if num_classes is None else num_classes
    if labels.size and (labels.min() < 0 or labels.max() >= n):
        raise ValueError(f"labels lie between {labels.min()} and {labels.max()}, which {n} classes do not hold")
    return np.eye(n)[labels]


def set_random_seed(seed: int) -> None:
    """Seed the weights, the shuffling and the dropout that are to come, and NumPy."""
    manual_seed(seed)
    np.random.seed(seed)


def clear_session() -> None:
    """Number layers and models from the start again."""
    clear_names()


def plot_model(model: Any, to_file: str | None = "model.png", show_shapes: bool = False, **options: Any) -> Any:
    """The layers as a picture, with their shapes: :func:`tinygrad_edu.visualize.plot_model`."""
    from ..visualize import plot_model as draw

    return draw(model, to_file=to_file, show_shapes=show_shapes, **options)
