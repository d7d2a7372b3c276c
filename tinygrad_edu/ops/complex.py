"""Absolute values, signs and angles; complex numbers, their parts, and what is made of parts."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import where
from .elementwise import conj, cos, sin, zeros_like

__all__ = [
    "abs_", "angle", "complex_", "conj", "conj_physical", "imag", "polar", "real", "sgn", "sign", "view_as_complex",
    "view_as_real",
]  # fmt: skip

# ---- absolute value, sign, angle ---------------------------------------------------------------------------------------


@op("AbsBackward0", x=lambda grad, x: grad * sgn(x), public="abs", formula=("|x|", "sign(x)"), symbol="|x|")
def abs_(x):
    """The absolute value. Its derivative at 0 is 0."""
    if x.dtype == bool:
        raise not_implemented("abs_cpu", x.dtype)
    return np.absolute(x)


@op("SignBackward0", x=lambda grad: zeros_like(grad), formula=("sign(x)", "0"))
def sign(x):
    """-1, 0 or 1 (the input itself for bools, 0 for nan)."""
    if x.dtype.kind == "c":
        raise NotImplementedError(
            "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
        )
    return _sign(x)


def _sign(x):
    if x.dtype.kind == "f":
        return np.sign(np.where(np.isnan(x), x.dtype.type(0), x))
    return x.copy() if x.dtype == bool else np.sign(x)


@op(
    "SgnBackward0",
    x=lambda grad, x, out: _sgn_rule(grad, x, out),
    formula=("sign(x)", "(G − out · Re(G · conj(out))) / |x|"),
    holomorphic=False,
)
def sgn(x):
    """:func:`sign`, and of a complex number the one of absolute value 1 in its direction (0 of 0)."""
    return _sign(x)


def _sgn_rule(grad, x, out):
    """The part of the gradient that turns the direction, over the size; a real number's does not turn."""
    if x.dtype.kind != "c":
        return zeros_like(grad)
    nowhere = x == 0
    turn = grad - out * real(grad * conj(out))
    return where(nowhere, 0.0, turn / where(nowhere, 1.0, abs_(x)))


@op(
    "AngleBackward0",
    x=lambda grad, x: _angle_rule(grad, x),
    promote="float",
    formula=("arctan2(Im(x), Re(x))", "i · x / |x|²"),
)
def angle(x):
    """The angle of a complex number, from -pi to pi: of a real one 0, or pi if it is negative."""
    if x.dtype.kind == "c":
        return np.angle(x).astype(x.real.dtype, copy=False)
    return np.where(x < 0, x.dtype.type(math.pi), np.where(np.isnan(x), x, x.dtype.type(0)))


def _angle_rule(grad, x):
    if x.dtype.kind != "c":
        return zeros_like(grad)
    nowhere = x == 0
    return where(nowhere, 0.0, grad * x * 1j / where(nowhere, 1.0, real(x * conj(x))))


# ---- parts -------------------------------------------------------------------------------------------------------------


@op("RealBackward0", view=True, x=lambda grad: grad, formula=("Re(x)", "G"))
def real(x):
    """The real part, as a view."""
    return x.real


@op("ImagBackward0", view=True, x=lambda grad: grad * 1j, formula=("Im(x)", "i · G"))
def imag(x):
    """The imaginary part, as a view."""
    if x.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return x.imag


@op("ConjPhysicalBackward0", x=lambda grad: conj_physical(grad), formula=("conj(x)", "conj(G)"))
def conj_physical(x):
    """The complex conjugate; a real tensor is its own."""
    return np.conj(x) if x.dtype.kind == "c" else x.copy()


@op(
    "ComplexBackward0",
    x=lambda grad: real(grad),
    y=lambda grad: imag(grad),
    public="complex",
    formula=("x + i · y", "Re(G)", "Im(G)"),
)
def complex_(x, y):
    """Complex numbers from their real and imaginary parts."""
    return _assembled(x, y, "complex")


@op(
    "PolarBackward0",
    x=lambda grad, y: real(grad) * cos(y) + imag(grad) * sin(y),
    y=lambda grad, x, y: (imag(grad) * cos(y) - real(grad) * sin(y)) * x,
    formula=(
        "x · exp(i · y)",
        "Re(G) · cos(y) + Im(G) · sin(y)",
        "(Im(G) · cos(y) − Re(G) · sin(y)) · x",
    ),
)
def polar(x, y):
    """Complex numbers from their absolute values and angles."""
    return _assembled(x * np.cos(y), x * np.sin(y), "polar")


def _assembled(x, y, name):
    if x.dtype.kind != "f" or y.dtype.kind != "f":
        from ..dtypes import from_numpy_dtype

        kinds = " and ".join(from_numpy_dtype(each.dtype).legacy_name for each in (x, y))
        raise RuntimeError(f"Expected both inputs to be Half, Float or Double tensors but got {kinds}")
    if x.dtype != y.dtype:
        from ..dtypes import from_numpy_dtype

        kinds = [from_numpy_dtype(each.dtype).legacy_name for each in (x, y)]
        words = "Expected object of scalar type {} but got scalar type {} for second argument"
        raise RuntimeError(words.format(*kinds))
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), "complex128" if x.dtype.itemsize == 8 else "complex64")
    out.real, out.imag = x, y
    return out


@op(
    "ViewAsRealBackward0",
    view=True,
    x=lambda grad: view_as_complex(grad),
    formula=("stack(Re(x), Im(x))", "G[…, 0] + i · G[…, 1]"),
)
def view_as_real(x):
    """The two parts of each number along a new last axis, as a view."""
    if x.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return x[..., np.newaxis].view(x.real.dtype)


@op(
    "ViewAsComplexBackward0",
    view=True,
    x=lambda grad: view_as_real(grad),
    formula=("x[…, 0] + i · x[…, 1]", "stack(Re(G), Im(G))"),
)
def view_as_complex(x):
    """The last axis, of length 2, read as the two parts of a complex number, as a view."""
    if x.dtype.kind != "f":
        raise RuntimeError("view_as_complex is only supported for half, float and double tensors")
    if not x.ndim or x.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    x = x if x.strides[-1] == x.itemsize else x.copy()
    return x.view("complex128" if x.dtype.itemsize == 8 else "complex64")[..., 0]
