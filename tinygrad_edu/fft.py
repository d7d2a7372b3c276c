"""``torch.fft``: discrete Fourier transforms (https://docs.pytorch.org/docs/2.13/fft.html)."""

from .functions import fft as _fft
from .functions.fft import fftfreq, rfftfreq
from .functions.naming import with_numpy_names as _with_numpy_names

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

fft, ifft, rfft, irfft, hfft, ihfft = (
    _with_numpy_names(getattr(_fft, name)) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
)
fft2, ifft2, rfft2, irfft2, hfft2, ihfft2 = (
    _with_numpy_names(getattr(_fft, name)) for name in ("fft2", "ifft2", "rfft2", "irfft2", "hfft2", "ihfft2")
)
fftn, ifftn, rfftn, irfftn, hfftn, ihfftn = (
    _with_numpy_names(getattr(_fft, name)) for name in ("fftn", "ifftn", "rfftn", "irfftn", "hfftn", "ihfftn")
)
fftshift, ifftshift = map(_with_numpy_names, (_fft.fftshift, _fft.ifftshift))
