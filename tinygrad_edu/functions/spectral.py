"""Windows, and the short-time Fourier transform of what they cut out of a signal.

Source: ``aten/src/ATen/native/SpectralOps.cpp`` and ``TensorFactories.cpp`` of PyTorch 2.13.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..creation import check_options, chosen_dtype, finish
from ..ops import fft as ops
from ..ops.bessel import i0
from ..ops.complex import view_as_real
from ..ops.windows import _fold
from ..tensor import Tensor
from .arguments import is_int, require_tensor
from .padding import pad

__all__ = [
    "bartlett_window", "blackman_window", "hamming_window", "hann_window", "istft", "kaiser_window", "stft",
]  # fmt: skip

# ---- windows -----------------------------------------------------------------------------------------------------------


def _window(name: str, length: Any, periodic: Any, shape: Any, *options: Any) -> Any:
    """A window of ``length``: ``shape`` of the numbers from 0 to the last; a periodic one is the start of a longer one."""
    dtype, layout, device, pin_memory, requires_grad = options
    if not is_int(length):
        raise TypeError(f"{name}(): argument 'window_length' (position 1) must be int, not {type_name(length)}")
    check_options(name, device, layout, pin_memory)
    kind = chosen_dtype(dtype, device, name)
    if kind.kind not in "fc":
        long = {"int64": "long int", "int32": "int", "int16": "short int", "bool": "bool", "uint8": "unsigned char"}
        raise RuntimeError(
            f"{name} expects floating point dtypes, got: TensorOptions(dtype={long.get(kind.name, 'signed char')}, device=cpu, "
            "layout=Strided (default), requires_grad=false (default), pinned_memory=false, memory_format=(nullopt))"
        )
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    if length <= 1:
        return finish(np.ones(length, kind), requires_grad, name)
    last = length if periodic else length - 1
    return finish(shape(np.arange(length, dtype=kind), kind.type, last), requires_grad, name)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``sin(pi n / (N - 1))^2`` for ``window_length`` numbers, one more and without the last if ``periodic``."""
    shape = _raised_cosine(0.5, 0.5)
    return _window("hann_window", window_length, periodic, shape, dtype, layout, device, pin_memory, requires_grad)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``alpha - beta cos(2 pi n / (N - 1))``."""
    shape = _raised_cosine(alpha, beta)
    return _window("hamming_window", window_length, periodic, shape, dtype, layout, device, pin_memory, requires_grad)


def _raised_cosine(alpha: float, beta: float) -> Any:
    return lambda n, kind, last: np.cos(n * kind(2 * math.pi / last)) * kind(-beta) + kind(alpha)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``0.42 - 0.5 cos(2 pi n / (N - 1)) + 0.08 cos(4 pi n / (N - 1))``."""

    def shape(n: Any, kind: Any, last: int) -> Any:
        n = n * kind(math.pi / last)
        return np.cos(n * kind(4)) * kind(0.08) - np.cos(n * kind(2)) * kind(0.5) + kind(0.42)

    return _window("blackman_window", window_length, periodic, shape, dtype, layout, device, pin_memory, requires_grad)


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A triangle: ``1 - |2 n / (N - 1) - 1|``."""

    def shape(n: Any, kind: Any, last: int) -> Any:
        rising = n * kind(2 / last)
        return np.where(np.arange(len(n)) <= last // 2, rising, kind(2) - rising)

    return _window("bartlett_window", window_length, periodic, shape, dtype, layout, device, pin_memory, requires_grad)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``I0(beta sqrt(1 - (2 n / (N - 1) - 1)^2)) / I0(beta)``, with the modified Bessel function I0."""

    def shape(n: Any, kind: Any, last: int) -> Any:
        place = n * kind(2 / last) - kind(1)
        inside = np.sqrt(np.maximum(kind(1) - place * place, kind(0)))
        return i0.kernel(kind(beta) * inside) / i0.kernel(np.asarray(beta, n.dtype))

    return _window("kaiser_window", window_length, periodic, shape, dtype, layout, device, pin_memory, requires_grad)


# ---- short-time Fourier transform --------------------------------------------------------------------------------------


def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transform of windows of ``n_fft`` numbers, ``hop_length`` (a quarter of that) apart.

    Shapes: input (L,) or (B, L), real or complex; window (win_length,), in the middle of ``n_fft``; the result (n_fft // 2 + 1,
    windows), or (n_fft, windows) if it is not ``onesided``, as it is for real numbers by default. ``center`` pads the signal by
    half a window at both ends, as ``pad_mode`` says. ``return_complex=False`` shows real and imaginary parts as a last axis.

    Raises:
        RuntimeError: the lengths do not fit together; a real signal without ``return_complex``.
    """
    require_tensor("stft", input)
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    ndim = input.ndim
    if center:
        half = n_fft // 2
        input = pad(input.view(*[1] * (3 - ndim), *input.shape), [half, half], pad_mode)
        input = input.view(input.shape[-ndim:]) if ndim else input
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    words = (
        f"stft({_type_words(input)}{list(input.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={size}, "
        f"window={_window_words(window)}, normalized={_flag(normalized)}, onesided={_flag(onesided)}, "
        f"return_complex={_flag(return_complex)}, align_to_window={_flag(align_to_window)}) "
    )
    if window is None:
        warnings.warn(
            "A window was not provided. A rectangular window will be applied,which is known to cause spectral leakage. Other "
            "windows such as torch.hann_window or torch.hamming_window are recommended to reduce spectral leakage.To suppress "
            "this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`.",
            stacklevel=2,
        )
    is_complex = input.is_complex() or (window is not None and window.is_complex())
    if not return_complex:
        if return_complex is None and not is_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future PyTorch release."
            )
        if return_complex is None:
            return_complex = True
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(f"{words}: expected a tensor of floating point or complex values")
    if not 1 <= input.ndim <= 2:
        raise RuntimeError(f"{words}: expected a 1D or 2D tensor")
    x = input.unsqueeze(0) if input.ndim == 1 else input
    if not center and align_to_window:
        left = (n_fft - size) // 2
        x = pad(x, [left, left])
    length = x.shape[1]
    if not 0 < n_fft <= length:
        raise RuntimeError(f"{words}: expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"{words}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < size <= n_fft:
        raise RuntimeError(f"{words}: expected 0 < win_length <= n_fft, but got win_length={size}")
    if window is not None and tuple(window.shape) != (size,):
        raise RuntimeError(
            f"{words}: expected a 1D window tensor of size equal to win_length={size}, but got window with size "
            f"{list(window.shape)}"
        )
    x = x.unfold(1, n_fft, hop)
    if window is not None or size < n_fft:
        x = x * _widened(window, size, n_fft, x._array.real.dtype)
    if onesided is None:
        onesided = not is_complex
    norm = "ortho" if normalized else "backward"
    if x.is_complex():
        if onesided:
            raise RuntimeError("Cannot have onesided output if window or input is complex")
        result = ops.fft_c2c.function(x, (2,), norm, True)
    else:
        result = ops.fft_r2c.function(x, (2,), norm, bool(onesided))
    result = result.transpose(1, 2)
    result = result.squeeze(0) if ndim == 1 else result
    return result if return_complex else view_as_real.function(result)


def _widened(window: Tensor | None, size: int, n_fft: int, dtype: Any) -> Tensor:
    """The window with zeros around it, ``n_fft`` long; ones where none is given."""
    window = wrap(np.ones(size, dtype)) if window is None else window
    left = (n_fft - size) // 2
    return pad(window, [left, n_fft - size - left]) if size < n_fft else window


def _type_words(x: Tensor) -> str:
    kind = x.dtype.legacy_name
    return f"CPU{kind}Type" if x.is_complex() else f"torch.{kind}Tensor"


def _window_words(window: Tensor | None) -> str:
    return "None" if window is None else f"{_type_words(window)}{{{list(window.shape)}}}"


def _flag(value: Any) -> Any:
    return value if value is None else int(value)


def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The inverse of :func:`stft`: windows are added where they overlap, and divided by the sum of the squared windows.

    Shapes: input (frequencies, windows) or (B, frequencies, windows), complex; the result (L,) or (B, L).

    Raises:
        RuntimeError: the lengths do not fit together; the squared windows add up to nothing somewhere.
    """
    require_tensor("istft", input)
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    words = (
        f"istft({_type_words(input)}{list(input.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={size}, "
        f"window={_window_words(window)}, center={_flag(center)}, normalized={_flag(normalized)}, onesided={_flag(onesided)}, "
        f"length={length}, return_complex={_flag(return_complex)}) "
    )
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    ndim = input.ndim
    if not input.numel():
        raise RuntimeError(f"{words}: input tensor cannot be empty.")
    if ndim not in (2, 3):
        raise RuntimeError(f"{words}: expected a tensor with 3 or 4 dimensions, but got {ndim + 1}")
    points, frames = input.shape[-2:]
    if onesided is None:
        onesided = n_fft != points
    expected = n_fft // 2 + 1 if onesided else n_fft
    if points != expected:
        wanted = "n_fft / 2 + 1" if onesided else "n_fft"
        raise RuntimeError(
            f"{words}: expected the frequency dimension (3rd to the last) of the input tensor to match {wanted} when "
            f"onesided={onesided}, but got {points}"
        )
    if not 0 < hop <= size:
        raise RuntimeError(f"{words}: expected 0 < hop_length <= win_length")
    if not 0 < size <= n_fft:
        raise RuntimeError(f"{words}: expected 0 < win_length <= n_fft")
    if window is not None and tuple(window.shape) != (size,):
        raise RuntimeError(f"{words}: Invalid window shape. window has to be 1D and length of `win_length`")
    real_dtype = input._array.real.dtype
    around = _widened(window, size, n_fft, real_dtype)
    spectra = (input.unsqueeze(0) if ndim == 2 else input).transpose(1, 2)
    norm = "ortho" if normalized else "backward"
    if return_complex:
        if onesided:
            raise RuntimeError("Cannot have onesided output if window or input is complex")
        pieces = ops.fft_c2c.function(spectra, (2,), ops._OPPOSITE[norm], False)
    else:
        if window is not None and window.is_complex():
            raise RuntimeError("Complex windows are incompatible with return_complex=False")
        spectra = spectra if onesided else spectra[..., : n_fft // 2 + 1]
        pieces = ops.fft_c2r.function(spectra, (2,), ops._OPPOSITE[norm], n_fft)
    pieces = pieces * around.view(1, 1, n_fft)
    whole = n_fft + hop * (frames - 1)
    signal = _fold.function(pieces, (pieces.shape[0], whole), 1, n_fft, hop)
    squares = around.square().expand(1, frames, n_fft)
    envelope = _fold.function(squares, (1, whole), 1, n_fft, hop)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else whole - n_fft // 2 if center else whole
    signal, envelope = signal[:, start:end], envelope[:, start:end]
    lowest = np.abs(envelope._array).min(initial=np.inf)
    if lowest < 1e-11:
        raise RuntimeError(f"{words}window overlap add min: 1\n[ CPUBoolType{{}} ]")
    signal = signal / envelope
    signal = signal.squeeze(0) if ndim == 2 else signal
    if end > whole:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. Please "
            "check your center and hop_length settings.",
            stacklevel=2,
        )
        signal = pad(signal, [0, end - whole])
    return signal
