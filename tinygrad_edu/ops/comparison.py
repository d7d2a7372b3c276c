"""Comparisons, logic and bits: results without derivatives."""

from __future__ import annotations

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op


def _compare(ufunc, public, value, numbers="second"):
    """A comparison: operands meet in their common dtype."""
    return op(None, x=None, y=None, promote="common", numbers=numbers, public=public, formula=(value,))(ufunc)


eq = _compare(np.equal, "eq", "x = y")
ne = _compare(np.not_equal, "ne", "x ≠ y")
bitwise_and = _compare(np.bitwise_and, "bitwise_and", "x and y, bit by bit", numbers=True)
bitwise_or = _compare(np.bitwise_or, "bitwise_or", "x or y, bit by bit", numbers=True)
bitwise_xor = _compare(np.bitwise_xor, "bitwise_xor", "x xor y, bit by bit", numbers=True)


def _order(ufunc, public, value):
    """A comparison that complex numbers do not have."""

    def ordered(x, y):
        if x.dtype.kind == "c":
            raise not_implemented(f"{public}_cpu", x.dtype)
        return ufunc(x, y)

    return op(None, x=None, y=None, promote="common", numbers="second", public=public, formula=(value,))(ordered)


lt, le = _order(np.less, "lt", "x < y"), _order(np.less_equal, "le", "x ≤ y")
gt, ge = _order(np.greater, "gt", "x > y"), _order(np.greater_equal, "ge", "x ≥ y")

# Logic asks of each operand whether it is zero, in whatever dtype it comes.
logical_and = op(None, x=None, y=None, formula=("x and y",))(np.logical_and)
logical_or = op(None, x=None, y=None, formula=("x or y",))(np.logical_or)
logical_xor = op(None, x=None, y=None, formula=("x xor y",))(np.logical_xor)
logical_not = op(None, x=None, formula=("not x",))(np.logical_not)

bitwise_not = op(None, x=None, public="bitwise_not", formula=("not x, bit by bit",))(np.invert)
isinf = op(None, x=None, formula=("|x| = ∞",))(np.isinf)
isnan = op(None, x=None, formula=("x ≠ x",))(np.isnan)


def _declare_shift(name, forward, value):
    @op(None, x=None, y=None, promote="common", public=f"bitwise_{name}_shift", formula=(value,))
    def shift(x, y):
        """Bits shifted by ``y`` places. A negative number of places, or as many as there are bits, shifts all of them out."""
        if x.dtype.kind not in "iu":
            raise not_implemented(f"{name[0]}shift_cpu", x.dtype)
        bits = 8 * x.dtype.itemsize
        out = (y < 0) | (y >= bits) if y.dtype.kind == "i" else y >= bits
        gone = forward(x, bits - 1) if name == "right" else x.dtype.type(0)
        return np.where(out, gone, forward(x, np.where(out, x.dtype.type(0), y)))

    return shift


bitwise_left_shift = _declare_shift("left", np.left_shift, "x · 2^y")
bitwise_right_shift = _declare_shift("right", np.right_shift, "⌊x / 2^y⌋")


@op(None, x=None, formula=("x = ∞",))
def isposinf(x):
    """Whether each element is positive infinity."""
    return np.equal(x, np.inf)


@op(None, x=None, formula=("x = −∞",))
def isneginf(x):
    """Whether each element is negative infinity."""
    return np.equal(x, -np.inf)


@op(None, x=None, formula=("x < 0 or 1 / x < 0",))
def signbit(x):
    """Whether each element is negative (-0.0 is)."""
    return np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0)


@op(None, x=None, y=None, formula=("|x − y| ≤ atol + rtol · |y|",))
def isclose(x, y, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether ``|x - y| <= atol + rtol * |y|``, element by element."""
    if x.dtype != y.dtype:
        raise RuntimeError(f"{_name(x)} did not match {_name(y)}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value}")
    return np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)


def _name(x):
    from ..dtypes import from_numpy_dtype

    return from_numpy_dtype(x.dtype).legacy_name
