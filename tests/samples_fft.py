"""Samples of Fourier transforms. Complex results are shown as pairs of real numbers, which finite differences can judge."""

from __future__ import annotations

import operator
from typing import Any

from sampling import N, P, Sample, row, s

PAIRS = "ViewAsRealBackward0"
FLAGS = {"dtypes": False, "nonfinite": False}


def pairs(name: str, *args: Any, **kwargs: Any) -> Sample:
    def call(torch: Any, *given: Any) -> Any:
        return torch.view_as_real(operator.attrgetter(name)(torch)(*given, **kwargs).resolve_conj())

    return s(*args, _call=call, node="any", **FLAGS)


for _name in ("fft", "ifft", "rfft", "ihfft"):
    _full = f"fft.{_name}"
    row(_full, pairs(_full, N(2, 5)), pairs(_full, N(4), 6), pairs(_full, N(3, 2), dim=0, norm="ortho"),
        pairs(_full, N(5), n=3, norm="forward"), pairs(_full, N(1)))  # fmt: skip
for _name in ("irfft", "hfft"):
    row(f"fft.{_name}", s(N(2, 4)), s(N(4), 5), s(N(4), 6, norm="ortho"), s(N(3, 2), dim=0, norm="forward"), s(N(5), n=3),
        s(N(1), 1), node="any", **FLAGS)  # fmt: skip
for _name in ("fft", "ifft", "rfft", "ihfft"):
    for _end in ("2", "n"):
        _full = f"fft.{_name}{_end}"
        row(_full, pairs(_full, N(2, 3)), pairs(_full, N(2, 3), (3, 2)), pairs(_full, N(2, 2, 3), dim=(0, 2), norm="ortho"),
            pairs(_full, N(2, 3), s=(-1, 4), norm="forward"), pairs(_full, N(3, 4), dim=(1,)))  # fmt: skip
for _name in ("irfft", "hfft"):
    for _end in ("2", "n"):
        row(f"fft.{_name}{_end}", s(N(2, 3)), s(N(2, 3), (3, 2)), s(N(2, 2, 3), dim=(0, 2), norm="ortho"),
            s(N(2, 3), s=(2, 5), norm="forward"), node="any", **FLAGS)  # fmt: skip
for _name in ("fft", "ifft"):
    row(f"fft.{_name}", s(N(3), fixed=(0,), _call=lambda torch, x, name=_name: abs(getattr(torch.fft, name)(x + 0j, n=4))),
        dtypes=False)  # fmt: skip
row("fft.fftn", s(N(2, 3), _call=lambda torch, x: torch.fft.fftn(x, dim=()).real, node="any"), dtypes=False)
for _name in ("fftshift", "ifftshift"):
    row(f"fft.{_name}", s(N(5)), s(N(4, 3)), s(N(4, 3), 0), s(N(4, 3), dim=(1, 0)), s(N(4, 3), -1))
row("fft.fftfreq fft.rfftfreq", s(5), s(6, 0.1), s(1), s(4, d=2.0))

row("bartlett_window blackman_window hamming_window hann_window kaiser_window", s(7), s(8), s(7, False), s(8, periodic=False),
    s(1), s(2), s(0))  # fmt: skip
row("hamming_window", s(6, True, 0.3, 0.2))
row("kaiser_window", s(6, False, 5.0), s(5, True, beta=0.0))
for _name in ("bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann", "kaiser", "nuttall"):
    row(f"signal.windows.{_name}", s(7), s(8), s(7, sym=False), s(8, sym=False), s(1), s(2), s(0))
row("signal.windows.general_cosine", s(5, a=[0.4, 0.3, 0.2]), s(4, a=[1.0], sym=False))
row("signal.windows.general_hamming", s(5, alpha=0.7), s(4))
row("signal.windows.kaiser", s(6, beta=3.0))
row("signal.windows.exponential", s(6, center=1.0, tau=2.0, sym=False))
row("signal.windows.gaussian", s(6, std=2.0))
for _given in (
    {}, {"center": False}, {"hop_length": 3}, {"win_length": 6}, {"normalized": True}, {"onesided": False},
    {"pad_mode": "constant"},
    {"center": False, "align_to_window": True, "win_length": 6},
):  # fmt: skip
    row("stft", pairs("stft", N(20), 8, return_complex=True, **_given))
row("stft", s(N(2, 20), 8, 2, 8, P(8), return_complex=False, node="any", **FLAGS),
    s(N(20), 8, 4, 4, P(4), fixed=(0, 4), return_complex=True, node="any", **FLAGS))  # fmt: skip


def _inverse(**given: Any) -> Any:
    return lambda torch, x, window: torch.istft(torch.complex(x, x * 0.5), 8, window=window, **given)


for _given in ({}, {"hop_length": 3}, {"length": 20}, {"length": 12}, {"normalized": True}, {"center": True, "length": 40}):
    row("istft", s(N(2, 5, 7), P(8), _call=_inverse(**_given), node="any", **FLAGS))
row("istft", s(N(5, 7), P(6), _call=_inverse(win_length=6), node="any", **FLAGS), s(N(8, 7), P(8), _call=_inverse(
    onesided=False), node="any", **FLAGS))  # fmt: skip
