"""Powers."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import where
from .complex import imag, real
from .elementwise import log, zeros_like

__all__ = ["exponential", "power", "tensor_power"]

# A power of a tensor to a number, to a tensor, and of a number to a tensor are three nodes in PyTorch.


@op(
    "PowBackward0",
    x=lambda grad, x, exponent: zeros_like(grad) if exponent == 0 else grad * (exponent * power(x, exponent - 1)),
    public="pow",
    formula=("x^exponent", "exponent · x^(exponent − 1)"),
    symbol="xⁿ",
)
def power(x, exponent):
    """``x`` to a number."""
    if exponent == 2:
        return np.multiply(x, x)
    if exponent == 1:
        return x.copy()
    if x.dtype.kind == "f":
        if exponent == 0.5:
            return np.sqrt(x)
        if exponent == -0.5:
            return np.divide(1, np.sqrt(x))
        if exponent == 3:
            return x * x * x
    return np.power(x, x.dtype.type(exponent))


@op(
    "PowBackward1",
    x=lambda grad, x, y: where(y == 0, 0.0, grad * (y * tensor_power(x, y - 1))),
    y=lambda grad, x, y, out: grad * where((x == 0) & _not_negative(y), 0.0, out * log(x)),
    promote="common",
    public="pow",
    formula=("x^y", "y · x^(y − 1)", "out · log(x)"),
    symbol="xʸ",
)
def tensor_power(x, y):
    """A tensor to the power of a tensor."""
    if x.dtype == bool:
        raise not_implemented("pow", x.dtype)
    if x.dtype.kind == "i" and np.any(y < 0):
        return _inverse_power(x, y)
    return np.power(x, y)


def _not_negative(y):
    return (imag(y) == 0) & (real(y) >= 0) if y.dtype.kind == "c" else y >= 0


def _inverse_power(x, y):
    """Integer powers, of which some are negative: 1 and -1 have them, other numbers are cut off to 0."""
    inverse = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (y & 1), 0))
    return np.where(y < 0, inverse, np.power(x, np.maximum(y, 0))).astype(x.dtype)


@op(
    "PowBackward2",
    y=lambda grad, base, y, out: _exponential_rule(grad, base, y, out),
    public="pow",
    formula=("base^y", "out · log(base)"),
    symbol="aʸ",
)
def exponential(base, y):
    """A number to the power of a tensor."""
    if y.dtype == bool:
        raise not_implemented("pow", y.dtype)
    x = np.asarray(base, y.dtype)
    return _inverse_power(x, y) if y.dtype.kind == "i" else np.power(x, y)


def _exponential_rule(grad, base, y, out):
    """``out * log(base)``; for base 0 nothing where the power is 0 or 1."""
    if base == 0:
        return grad * where(_not_negative(y), 0.0, out * -math.inf)
    if y.dtype.kind == "c":  # a complex base comes conjugated; the conjugate of a real one's logarithm is below the cut
        return grad * (out * complex(np.log(base if isinstance(base, complex) else complex(base, -0.0))))
    return grad * (out * (math.log(base) if base > 0 else math.nan))
