"""``torch.signal.windows``: symmetric windows, or periodic ones (``sym=False``), as SciPy's.

All take ``dtype`` (float32 or float64), ``layout``, ``device`` and ``requires_grad``. Source:
``torch/signal/windows/windows.py`` of PyTorch 2.13, whose operations these are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from ..creation import chosen_dtype, empty, ones, tensor
from ..devices import strided as _strided
from ..dtypes import from_numpy_dtype
from ..ops.bessel import i0
from ..sequences import arange, linspace
from ..tensor import Tensor

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming", "hann",
    "kaiser", "nuttall",
]  # fmt: skip


def _options(name: str, M: int, dtype: Any, layout: Any, device: Any, requires_grad: bool) -> dict[str, Any]:
    """The arguments of what makes tensors, after PyTorch's checks."""
    dtype = from_numpy_dtype(chosen_dtype(dtype, device, name))
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not _strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if str(dtype) not in ("torch.float32", "torch.float64"):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    return {"dtype": dtype, "device": device, "requires_grad": requires_grad}


def _short(M: int, options: dict[str, Any]) -> Tensor:
    return ones(1, **options) if M else empty(0, **options)


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = _strided,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``exp(-|n - center| / tau)``."""
    options = _options("exponential", M, dtype, layout, device, requires_grad)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    if M == 0:
        return _short(M, options)
    if center is None:
        center = (M if not sym and M > 1 else M - 1) / 2.0
    return (-linspace(-center / tau, (-center + (M - 1)) / tau, M, **options).abs()).exp()


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``sin(pi (n + 1/2) / M)``."""
    options = _options("cosine", M, dtype, layout, device, requires_grad)
    if M == 0:
        return _short(M, options)
    constant = math.pi / (M + 1 if not sym and M > 1 else M)
    return linspace(0.5 * constant, (0.5 + (M - 1)) * constant, M, **options).sin()


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``exp(-(n / std)^2 / 2)`` around the middle."""
    options = _options("gaussian", M, dtype, layout, device, requires_grad)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    if M == 0:
        return _short(M, options)
    start = -(M if not sym and M > 1 else M - 1) / 2.0
    constant = 1 / (std * math.sqrt(2))
    return (-(linspace(start * constant, (start + (M - 1)) * constant, M, **options) ** 2)).exp()


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``I0(beta sqrt(1 - (2 n / (M - 1) - 1)^2)) / I0(beta)``, with the modified Bessel function I0."""
    options = _options("kaiser", M, dtype, layout, device, requires_grad)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M <= 1:
        return _short(M, options)
    top = np.asarray(beta, chosen_dtype(options["dtype"]))
    end = np.minimum(top, -top + (M - 1) * (2.0 * top / (M if not sym else M - 1)))
    k = linspace(-float(top), float(end), M, **options)
    return i0.function((wrap(top * top) - k.pow(2)).sqrt()) / i0.function(wrap(top))


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A triangle: ``1 - |2 n / (M - 1) - 1|``."""
    options = _options("bartlett", M, dtype, layout, device, requires_grad)
    if M <= 1:
        return _short(M, options)
    return 1 - linspace(-1, -1 + (M - 1) * (2 / (M if not sym else M - 1)), M, **options).abs()


def general_cosine(
    M: int, *, a: Any, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``sum of (-1)^i a[i] cos(2 pi i n / (M - 1))``."""
    options = _options("general_cosine", M, dtype, layout, device, requires_grad)
    if M <= 1:
        return _short(M, options)
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    k = linspace(0, (M - 1) * (2 * math.pi / (M if not sym else M - 1)), M, **options)
    signed = tensor([(-1) ** i * w for i, w in enumerate(a)], **options)
    i = arange(signed.shape[0], **options)
    return (signed.unsqueeze(-1) * (i.unsqueeze(-1) * k).cos()).sum(0)


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``alpha - (1 - alpha) cos(2 pi n / (M - 1))``."""
    return general_cosine(
        M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def hamming(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``0.54 - 0.46 cos(2 pi n / (M - 1))``."""
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``sin(pi n / (M - 1))^2``."""
    return general_hamming(M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def blackman(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """:func:`general_cosine` with Blackman's coefficients."""
    _options("blackman", M, dtype, layout, device, requires_grad)
    options = {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad}
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **options)


def nuttall(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = _strided, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """:func:`general_cosine` with Nuttall's coefficients."""
    options = {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad}
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, **options)
