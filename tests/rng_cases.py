"""What the tests of the random engine share."""

import numpy as np


def empty(*shape, dtype="float32"):
    return np.empty(shape, dtype)


def same_bits(actual, expected):
    return actual.dtype == expected.dtype and actual.shape == expected.shape and actual.tobytes() == expected.tobytes()
