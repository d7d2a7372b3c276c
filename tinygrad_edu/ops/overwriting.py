"""The histories of what is written over a tensor: the old values' gradient is zero."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .elementwise import zeros_like


def _zeros(grad):
    return zeros_like(grad)


@op("FillBackward2", x=_zeros, public="fill_", formula=("value", "0"))
def fill_number(x, value):
    """A number everywhere."""
    return np.full(x.shape, value, x.dtype)


@op("FillBackward3", x=_zeros, value=lambda grad: grad, public="fill_", formula=("value", "0", "1"))
def fill_tensor(x, value):
    """The value of a 0-d tensor everywhere; the engine sums its gradient."""
    return np.full(x.shape, value, x.dtype)


@op("ZeroBackward0", x=_zeros, public="zero_", formula=("0", "0"))
def zero(x):
    """Zeros everywhere."""
    return np.zeros(x.shape, x.dtype)


def _comparison(name, ufunc, number, sign):
    def compare(x, y):
        return ufunc(x, y).astype(x.dtype)

    compare.__name__ = f"{name}_in_place"
    formula = (f"1[x {sign} y]", "0")
    return op(f"{name.capitalize()}Backward{number}", x=_zeros, public=f"{name}_", formula=formula)(compare)


_UFUNCS = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
_SIGNS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"}

_ALIASES = {"not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}

COMPARISONS = {name: tuple(_comparison(name, ufunc, i, _SIGNS[name]) for i in (0, 1)) for name, ufunc in _UFUNCS.items()}
COMPARISONS.update({alias: COMPARISONS[name] for alias, name in _ALIASES.items()})
"""What ``x.eq_(y)`` and its siblings leave behind in a floating point tensor, for a number and for a tensor ``y``."""

_LONG_NAMES = {"not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
COMPARISONS |= {long: COMPARISONS[short] for long, short in _LONG_NAMES.items()}
