"""Data sets and comparisons that the tests of loading share."""

import collections
import collections.abc


def plain(value):
    """Tensors as (dtype, shape, values), inside of whatever holds them: comparable between two libraries."""
    if hasattr(value, "dtype") and hasattr(value, "tolist") and hasattr(value, "grad_fn"):
        return str(value.dtype), tuple(value.shape), value.tolist()
    if isinstance(value, collections.abc.Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(item) for item in value]
    return value


# Collation

Point = collections.namedtuple("Point", "x y")
