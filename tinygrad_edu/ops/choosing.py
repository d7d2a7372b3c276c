"""Choosing among numbers, element by element: the larger, the one where a condition holds, the one within bounds."""

from __future__ import annotations

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op


def _ordered(ufunc):
    """``ufunc`` for dtypes that have an order, which complex numbers do not."""

    def ordered(x, y):
        if x.dtype.kind == "c":
            raise not_implemented(f"{ufunc.__name__}_cpu", x.dtype)
        return ufunc(x, y)

    return ordered


maximum = op(
    "MaximumBackward0",
    x=lambda grad, x, y: where(x == y, grad / 2, where(x < y, 0.0, grad)),
    y=lambda grad, x, y: where(x == y, grad / 2, where(x > y, 0.0, grad)),
    promote="common",
    numbers=False,
    public="maximum",
    formula=("max(x, y)", "1[x > y] + 1[x = y] / 2", "1[y > x] + 1[x = y] / 2"),
    symbol="max",
)(_ordered(np.maximum))
minimum = op(
    "MinimumBackward0",
    x=lambda grad, x, y: where(x == y, grad / 2, where(x > y, 0.0, grad)),
    y=lambda grad, x, y: where(x == y, grad / 2, where(x < y, 0.0, grad)),
    promote="common",
    numbers=False,
    public="minimum",
    formula=("min(x, y)", "1[x < y] + 1[x = y] / 2", "1[y < x] + 1[x = y] / 2"),
    symbol="min",
)(_ordered(np.minimum))
fmax = op(
    "FmaxBackward0",
    x=lambda grad, x, y: where((x >= y) | (y != y), grad, 0.0),
    y=lambda grad, x, y: where((x >= y) | (y != y), 0.0, grad),
    promote="common",
    numbers=False,
    public="fmax",
    formula=("max(x, y)", "1[x ≥ y]", "1[x < y]"),
)(_ordered(np.fmax))
fmin = op(
    "FminBackward0",
    x=lambda grad, x, y: where((x <= y) | (y != y), grad, 0.0),
    y=lambda grad, x, y: where((x <= y) | (y != y), 0.0, grad),
    promote="common",
    numbers=False,
    public="fmin",
    formula=("min(x, y)", "1[x ≤ y]", "1[x > y]"),
)(_ordered(np.fmin))


@op(
    "WhereBackward0",
    condition=None,
    x=lambda grad, condition: where(condition, grad, 0.0),
    y=lambda grad, condition: where(condition, 0.0, grad),
    promote="common",
    formula=("x where condition, else y", "1[condition]", "1[not condition]"),
    family="shape",
)
def where(condition, x, y):
    """``x`` where ``condition`` holds, else ``y``."""
    return np.where(condition, x, y)


# Bounds that are numbers and bounds that are tensors are two nodes in PyTorch, for each of clamp, clamp_min and clamp_max.


def _declare_clamp(name, public):
    @op(
        name,
        x=lambda grad, x, min, max: where(_inside(x, min, max), grad, 0.0),
        public=public,
        formula=("{max:min(}{min:max(}x{min:, min)}{max:, max)}", "1[{min:min ≤ }x{max: ≤ max}]"),
    )
    def clamp(x, min=None, max=None):
        """Elements below ``min`` become ``min`` and elements above ``max`` become ``max``."""
        return _clamp(x, min, max)

    return clamp


def _declare_clamp_tensor(name, public):
    @op(
        name,
        x=lambda grad, x, low, high: where(_inside(x, low, high), grad, 0.0),
        low=lambda grad, x, low, high: where(_under(x, low, high), grad, 0.0),
        high=lambda grad, x, low, high: where(_over(x, low, high), grad, 0.0),
        promote="common",
        public=public,
        formula=(
            "{high:min(}{low:max(}x{low:, low)}{high:, high)}",
            "1[{low:low ≤ }x{high: ≤ high}]",
            "1[x < low{high: and low < high}]",
            "1[x > high{low: or high < low}]",
        ),
    )
    def clamp_tensor(x, low=None, high=None):
        """Clamp with tensors as bounds."""
        if x.dtype == bool and low is not None and high is not None:
            raise not_implemented("clamp_cpu", x.dtype)
        return _clamp(x, low, high)

    return clamp_tensor


def _clamp(x, low, high):
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _inside(x, low, high):
    if low is None:
        return x <= high
    return x >= low if high is None else (x >= low) & (x <= high)


def _under(x, low, high):
    return x < low if high is None else (x < low) & (low < high)


def _over(x, low, high):
    return x > high if low is None else (x > high) | (high < low)


clamp, clamp_tensor = _declare_clamp("ClampBackward1", "clamp"), _declare_clamp_tensor("ClampBackward0", "clamp")
clamp_min, clamp_min_tensor = (
    _declare_clamp("ClampMinBackward0", "clamp_min"),
    _declare_clamp_tensor("ClampMinBackward1", "clamp_min"),
)
clamp_max, clamp_max_tensor = (
    _declare_clamp("ClampMaxBackward0", "clamp_max"),
    _declare_clamp_tensor("ClampMaxBackward1", "clamp_max"),
)


@op(
    "NanToNumBackward0",
    x=lambda grad, x: where(isfinite(x), grad, 0.0),
    formula=("x where |x| < ∞, else nan, posinf, neginf", "1[|x| < ∞]"),
)
def nan_to_num(x, nan, posinf, neginf):
    """nan and the infinities replaced by numbers."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


isfinite = op(None, x=None, public="isfinite", formula=("|x| < ∞",))(np.isfinite)
