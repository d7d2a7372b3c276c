"""Discrete Fourier transforms: of complex numbers, of real ones, and back to real ones.

``norm`` says by what the sum is divided: "backward" by nothing, "ortho" by the root of how many numbers there are, "forward"
by their number. Adjoint to a transform is its inverse with the same divisor, and gradients are adjoints in PyTorch's
convention as they are (:mod:`..autograd.holomorphic`): a real transform forgets the half of the spectrum that mirrors the
other, whose gradients are therefore zeros, and one back to real numbers counts that half twice.

Source: ``torch/csrc/autograd/FunctionsManual.cpp`` (``fft_r2c_backward``, ``fft_c2r_backward``).
"""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .complex import real
from .elementwise import mul
from .padding import constant_pad

__all__ = ["fft_c2c", "fft_c2r", "fft_r2c"]

_OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


@op(
    "FftC2CBackward0",
    x=lambda grad, dim, norm, forward: fft_c2c(grad, dim, norm, not forward),
    holomorphic=False,
    symbol="fft",
    formula=("{forward=True:fft(x)}{else:ifft(x)}", "{forward=True:ifft(G)}{else:fft(G)}"),
)
def fft_c2c(x, dim, norm, forward):
    """The transform of complex numbers over the axes ``dim``, or the inverse one."""
    if not dim or not x.size:
        return x.copy()
    if forward:
        return np.fft.fftn(x, axes=dim, norm=norm)
    return np.fft.ifftn(x, axes=dim, norm=_OPPOSITE[norm])


@op(
    "FftR2CBackward0",
    x=lambda grad, x_shape, dim, norm, onesided: _to_complex_rule(grad, x_shape, dim, norm),
    holomorphic=False,
    symbol="rfft",
    formula=("{onesided=True:rfft(x)}{else:fft(x)}", "Re(ifft(G))"),
)
def fft_r2c(x, dim, norm, onesided):
    """The transform of real numbers; ``onesided``, without the half of the last axis that mirrors the other."""
    size = x.shape[dim[-1]] // 2 + 1 if onesided else x.shape[dim[-1]]
    if not x.size:
        kind = np.complex128 if x.dtype.itemsize == 8 else np.complex64
        return np.empty([size if d == dim[-1] else n for d, n in enumerate(x.shape)], kind)
    return np.fft.rfftn(x, axes=dim, norm=norm) if onesided else np.fft.fftn(x, axes=dim, norm=norm)


def _to_complex_rule(grad, shape, dim, norm):
    missing = shape[dim[-1]] - grad.shape[dim[-1]]
    if missing:
        widths = [0, 0] * len(shape)
        widths[2 * (len(shape) - 1 - dim[-1]) + 1] = missing
        grad = constant_pad(grad, widths)
    return real(fft_c2c(grad, dim, norm, False))


@op(
    "FftC2RBackward0",
    x=lambda grad, x_shape, dim, norm, size: _to_real_rule(grad, x_shape, dim, norm, size),
    holomorphic=False,
    symbol="irfft",
    formula=("irfft(x)", "rfft(G), mirrored twice"),
)
def fft_c2r(x, dim, norm, size):
    """The inverse transform of half a spectrum, of which the other half mirrors it: ``size`` real numbers on the last axis."""
    if not x.size:
        kind = np.float64 if x.dtype.itemsize == 16 else np.float32
        return np.empty([size if d == dim[-1] else n for d, n in enumerate(x.shape)], kind)
    return np.fft.irfftn(x, [*(x.shape[d] for d in dim[:-1]), size], dim, _OPPOSITE[norm])


def _to_real_rule(grad, shape, dim, norm, size):
    last = dim[-1]
    times = np.ones([shape[last] if d == last else 1 for d in range(len(shape))], f"f{grad.dtype.itemsize}")
    times[(*(slice(None),) * last, slice(1, 1 + size - shape[last]))] = 2
    return mul(fft_r2c(grad, dim, norm, True), times)
