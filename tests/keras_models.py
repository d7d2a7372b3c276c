"""What the tests of ``tinygrad_edu.keras`` share: data, a small model, and a fresh start for each of them."""

import numpy as np
import pytest

from tinygrad_edu import keras
from tinygrad_edu.keras import layers


@pytest.fixture(autouse=True)
def fresh():
    """Names are counted from the start, numbers drawn from one seed."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def data(rng, n=60):
    x = rng.normal(size=(n, 4)).astype(np.float32)
    return x, (x @ np.array([[1.0], [-2.0], [0.5], [0.0]], np.float32) + 1.0)


def regression(optimizer="sgd", metrics=()):
    model = keras.Sequential([layers.Dense(8, activation="tanh", input_dim=4), layers.Dense(1)])
    model.compile(optimizer=optimizer, loss="mse", metrics=list(metrics))
    return model
