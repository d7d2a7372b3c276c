"""``(x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()`` (https://keras.io/api/datasets)."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["fashion_mnist", "mnist"]

_HOME = os.path.join("~", ".keras", "datasets")


class _Images(ModuleType):
    """A module, so that it can be imported from."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(f"{__name__}.{name}", f"Images from {kind}'s IDX files.")
        self.kind = kind
        sys.modules[self.__name__] = self

    def load_data(self, path: Any = None) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """The training and the test images (uint8, 28 x 28) with their labels.

        Args:
            path: the folder of the files (``~/.keras/datasets``); what is missing is downloaded.
        """
        from .. import datasets

        root = os.path.expanduser(_HOME if path is None else path)
        parts = [getattr(datasets, self.kind)(root, train=train, download=True) for train in (True, False)]
        train, test = ((part.data.numpy(), part.targets.numpy().astype(np.uint8)) for part in parts)
        return train, test


mnist = _Images("mnist", "MNIST")
fashion_mnist = _Images("fashion_mnist", "FashionMNIST")
