"""``torch.fft``, windows, ``stft`` and ``istft``: complex inputs, errors, ``out=``, and what no sample reaches."""

from __future__ import annotations

import importlib
import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as T

pytestmark = pytest.mark.filterwarnings("ignore:A window was not provided:UserWarning")
RNG = np.random.default_rng(11)
Z = RNG.standard_normal((3, 4)) + 1j * RNG.standard_normal((3, 4))
COMPLEX = ("fft", "ifft", "irfft", "hfft", "fft2", "ifft2", "irfft2", "hfft2", "fftn", "ifftn", "irfftn", "hfftn")
NORMS = (None, "backward", "ortho", "forward")


def _gradients(library: Any, call: Any, value: np.ndarray) -> list[np.ndarray]:
    """The result, its gradient and the gradient of the gradient's size."""
    z = library.tensor(value, requires_grad=True)
    result = call(library, z)
    upstream = library.tensor(np.cos(np.arange(result.numel())).reshape(tuple(result.shape)) * (1 + 0.5j))
    upstream = upstream if result.is_complex() else upstream.real
    [slope] = library.autograd.grad((result * upstream * result).abs().sum(), z, create_graph=True)
    [second] = library.autograd.grad((slope * slope.conj()).real.sum(), z)
    return [each.detach().resolve_conj().numpy() for each in (result, slope, second)]


@pytest.mark.oracle
@pytest.mark.parametrize("name", COMPLEX)
def test_complex_inputs_and_both_gradients_like_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    sizes: dict[str, Any] = {"s": (2, 5)} if name.endswith(("2", "n")) else {"n": 5}
    for norm, size in itertools.product(NORMS, ({}, sizes)):
        call = lambda library, z, norm=norm, size=size: getattr(library.fft, name)(z, norm=norm, **size)  # noqa: E731
        for ours, theirs in zip(_gradients(T, call, Z), _gradients(torch, call, Z), strict=True):
            assert ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("norm", NORMS)
def test_transforms_undo_each_other(norm: str | None) -> None:
    x, z = T.tensor(Z.real), T.tensor(Z)
    F = T.fft
    for there, back, value in ((F.fft, F.ifft, z), (F.fft2, F.ifft2, z), (F.fftn, F.ifftn, z)):
        assert np.allclose(back(there(value, norm=norm), norm=norm).numpy(), value.numpy())
    for there, back in ((F.rfft, F.irfft), (F.rfft2, F.irfft2), (F.rfftn, F.irfftn), (F.ihfft, F.hfft), (F.ihfftn, F.hfftn)):
        assert np.allclose(back(there(x, norm=norm), norm=norm).numpy(), x.numpy())
    for n in range(1, 6):
        assert np.array_equal(F.ifftshift(F.fftshift(T.arange(n))).numpy(), np.arange(n))


def test_precisions() -> None:
    for dtype, made in ((T.float32, T.complex64), (T.float64, T.complex128), (T.int64, T.complex64), (T.bool, T.complex64)):
        x = T.ones(4, dtype=dtype)
        assert T.fft.fft(x).dtype is T.fft.rfft(x).dtype is T.fft.ihfftn(x).dtype is made
    assert T.fft.irfft(T.ones(3, dtype=T.complex64)).dtype is T.float32
    assert T.fft.hfft(T.ones(3, dtype=T.float64)).dtype is T.float64


BAD: list[Any] = [
    lambda t, x, z: t.fft.rfft(z), lambda t, x, z: t.fft.fft(x, norm="a"), lambda t, x, z: t.fft.fft(x, n=0),
    lambda t, x, z: t.fft.fft(x.half()), lambda t, x, z: t.fft.fft(x[0, 0]), lambda t, x, z: t.fft.fft(x, dim=3),
    lambda t, x, z: t.fft.fftn(x, s=(1, 2, 3)), lambda t, x, z: t.fft.fftn(x, s=(1, 2), dim=(0,)),
    lambda t, x, z: t.fft.fftn(x, dim=(0, 0)), lambda t, x, z: t.fft.rfftn(z), lambda t, x, z: t.fft.rfftn(x[0, 0]),
    lambda t, x, z: t.fft.irfftn(x[0, 0]), lambda t, x, z: t.fft.fft(5), lambda t, x, z: t.fft.fft(x, n=2.0),
    lambda t, x, z: t.fft.fft(x, norm=3), lambda t, x, z: t.fft.fft(x, out=x.clone()),
    lambda t, x, z: t.fft.irfft(x, out=z.clone()), lambda t, x, z: t.fft.irfft(x[:, :1]), lambda t, x, z: t.fft.ihfftn(z),
    lambda t, x, z: t.fft.ihfft(z), lambda t, x, z: t.fft.fftfreq(4, dtype=t.int64), lambda t, x, z: t.fft.fftfreq(4.0),
    lambda t, x, z: t.hann_window(-1), lambda t, x, z: t.hann_window(3.0), lambda t, x, z: t.hann_window(3, dtype=t.int64),
    lambda t, x, z: t.signal.windows.hann(-1), lambda t, x, z: t.signal.windows.hann(3, dtype=t.float16),
    lambda t, x, z: t.signal.windows.gaussian(3, std=0), lambda t, x, z: t.signal.windows.exponential(3, center=1.0),
    lambda t, x, z: t.stft(x, 2), lambda t, x, z: t.stft(x, 2, 0, return_complex=True),
    lambda t, x, z: t.stft(x, 9, center=False, return_complex=True), lambda t, x, z: t.stft(z, 4, onesided=True),
    lambda t, x, z: t.stft(x, 2, win_length=3, return_complex=True),
    lambda t, x, z: t.stft(x, 2, window=t.ones(3), return_complex=True),
    lambda t, x, z: t.stft(x[None], 2, return_complex=True),
    lambda t, x, z: t.istft(x, 4), lambda t, x, z: t.istft(z, 9), lambda t, x, z: t.istft(z, 4, hop_length=9),
    lambda t, x, z: t.istft(z, 4, win_length=9), lambda t, x, z: t.istft(z, 4, window=t.ones(3)),
    lambda t, x, z: t.istft(z, 4, window=t.zeros(4)), lambda t, x, z: t.istft(z, 4, return_complex=True),
    lambda t, x, z: t.istft(z[None, None], 4), lambda t, x, z: t.istft(z[:, :0], 4),
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("call", BAD)
def test_errors_in_pytorchs_words(call: Any) -> None:
    said = []
    for name in ("tinygrad_edu", pytest.importorskip("torch").__name__):
        library = importlib.import_module(name)
        with pytest.raises(Exception) as caught:
            call(library, library.tensor(Z.real).float(), library.tensor(Z).to(library.complex64))
        said.append((type(caught.value).__name__, str(caught.value).split("\nException raised")[0]))
    assert said[0] == said[1]


def test_out_is_written() -> None:
    x = T.tensor([1.0, 2.0, 3.0, 4.0])
    made = T.empty(0, dtype=T.complex64)
    assert T.fft.fft(x, out=made) is made and made.tolist() == T.fft.fft(x).tolist()
    frequencies = T.empty(4)
    assert T.fft.fftfreq(4, out=frequencies) is frequencies and frequencies.tolist() == [0.0, 0.25, -0.5, -0.25]
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        T.fft.fft(x.clone().requires_grad_(), out=made)


def test_numpys_names() -> None:
    x = T.tensor(Z.real)
    assert np.allclose(T.fft.fft(x, axis=0).numpy(), np.fft.fft(Z.real, axis=0))


def test_stft_and_back() -> None:
    signal = T.tensor(RNG.standard_normal((2, 64)))
    for size in (16, 12):
        window = T.hann_window(size, dtype=T.float64)
        shown = T.stft(signal, 16, 4, size, window, return_complex=True)
        again = T.istft(shown, 16, 4, size, window, length=64)
        assert shown.shape == (2, 9, 17) and np.allclose(again.numpy(), signal.numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="A window was not provided"):
            T.stft(signal, 16, return_complex=True)
        with pytest.raises(UserWarning, match="shorter than the length parameter"):
            T.istft(shown, 16, 4, window=T.ones(16, dtype=T.float64), length=80)
