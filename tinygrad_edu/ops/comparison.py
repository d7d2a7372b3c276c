"""Comparisons, logic and bits: results without derivatives."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op


def _declare(ufunc, public, promote="common", binary=True):
    tensors = {"x": None, "y": None} if binary else {"x": None}
    return op(None, **tensors, promote=promote, public=public)(ufunc)


eq = _declare(np.equal, "eq")
ne = _declare(np.not_equal, "ne")
lt = _declare(np.less, "lt")
le = _declare(np.less_equal, "le")
gt = _declare(np.greater, "gt")
ge = _declare(np.greater_equal, "ge")
logical_and = _declare(np.logical_and, "logical_and")
logical_or = _declare(np.logical_or, "logical_or")
logical_xor = _declare(np.logical_xor, "logical_xor")
logical_not = _declare(np.logical_not, "logical_not", None, False)
bitwise_and = _declare(np.bitwise_and, "bitwise_and")
bitwise_or = _declare(np.bitwise_or, "bitwise_or")
bitwise_xor = _declare(np.bitwise_xor, "bitwise_xor")
bitwise_not = _declare(np.invert, "bitwise_not", None, False)
bitwise_left_shift = _declare(np.left_shift, "bitwise_left_shift")
bitwise_right_shift = _declare(np.right_shift, "bitwise_right_shift")
isinf = _declare(np.isinf, "isinf", None, False)
isnan = _declare(np.isnan, "isnan", None, False)
signbit = _declare(np.signbit, "signbit", None, False)


@op(None, x=None, y=None)
def isclose(x, y, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether ``|x - y| <= atol + rtol * |y|``, element by element."""
    if x.dtype != y.dtype:
        raise RuntimeError(f"{_name(x)} did not match {_name(y)}")
    return np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)


def _name(x):
    from ..dtypes import from_numpy_dtype

    return from_numpy_dtype(x.dtype).legacy_name
