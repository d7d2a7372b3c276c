"""Discrete Fourier transforms (``torch.fft``): of which three operations they are made, in PyTorch's way.

Every function takes the size to which an axis is cut or padded with zeros (``n``, ``s``), the axes (``dim``) and by what is
divided (``norm``: "backward", the default, "ortho" or "forward"). Integers are transformed as floats, float32 becomes complex64
and float64 complex128. All are differentiable to any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..creation import check_options, chosen_dtype, out_or_new
from ..dtypes import default_numpy_dtype
from ..ops import fft as ops
from ..ops.complex import conj_physical
from ..ops.elementwise import conj, convert
from ..ops.padding import constant_pad
from ..ops.shape import axis_of
from ..tensor import Tensor
from .arguments import ints_of, is_int, require_tensor
from .out import put_out
from .reduction import _title
from .shape import narrow, roll

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

# ---- arguments ---------------------------------------------------------------------------------------------------------


def _divisor(norm: Any, name: str) -> str:
    if norm is None:
        return "backward"
    if not isinstance(norm, str):
        raise TypeError(f"fft_{name}(): argument 'norm' must be str, not {type_name(norm)}")
    if norm not in ("backward", "ortho", "forward"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm


def _inverse_divisor(norm: Any, name: str) -> str:
    """The divisor as the operations know it, which all name it as for a forward transform."""
    return ops._OPPOSITE[_divisor(norm, name)]


def _floats(x: Tensor, to_complex: bool = False) -> Tensor:
    """The numbers as floats, or as complex numbers of their precision."""
    dtype = x._array.dtype
    wanted = dtype if dtype.kind in "fc" else default_numpy_dtype()
    if wanted.itemsize == 2 or wanted.name == "bfloat16":
        raise RuntimeError(f"Unsupported dtype {_title(x)}")
    if to_complex and wanted.kind == "f":
        wanted = np.dtype(np.complex128 if wanted.itemsize == 8 else np.complex64)
    return x if dtype == wanted else convert.function(x, wanted)


def _resized(x: Tensor, dims: tuple[int, ...], sizes: tuple[int, ...]) -> Tensor:
    """``x`` cut, or padded with zeros, to these sizes."""
    widths = [0] * (2 * x.ndim)
    for dim, size in zip(dims, sizes, strict=True):
        if x.shape[dim] > size:
            x = narrow(x, dim, 0, size)
        widths[2 * (x.ndim - 1 - dim) + 1] = size - x.shape[dim]
    return constant_pad.function(x, tuple(widths), 0) if any(widths) else x


def _axis(x: Tensor, dim: Any, name: str) -> int:
    if not is_int(dim):
        raise TypeError(f"fft_{name}(): argument 'dim' must be int, not {type_name(dim)}")
    return _axis_of(dim, x.ndim)


def _axis_of(dim: int, ndim: int) -> int:
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return axis_of(dim, ndim)


def _one(x: Tensor, name: str, n: Any, dim: Any, missing: Any = None) -> tuple[int, int]:
    """The axis and how many points it has: ``n``, if it is given."""
    axis = _axis(x, dim, name)
    if n is not None and not is_int(n):
        raise TypeError(f"fft_{name}(): argument 'n' must be int, not {type_name(n)}")
    size = n if n is not None else missing(x.shape[axis]) if missing else x.shape[axis]
    if size < 1:
        raise RuntimeError(f"Invalid number of data points ({size}) specified")
    return axis, int(size)


def _several(x: Tensor, name: str, s: Any, dim: Any, some: bool = False) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes and how many points each has; ``some``, at least one axis."""
    dims = sizes = None
    if dim is not None:
        dims = (dim,) if is_int(dim) else ints_of(f"fft_{name}", "dim", 3, dim)
        dims = tuple(_axis_of(d, x.ndim) for d in dims)
        if len(set(dims)) != len(dims):
            raise RuntimeError("FFT dims must be unique")
    if s is not None:
        sizes = (s,) if is_int(s) else ints_of(f"fft_{name}", "s", 2, s)
        if dims is not None and len(dims) != len(sizes):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
        if len(sizes) > x.ndim:
            raise RuntimeError(f"Got shape with {len(sizes)} values but input tensor only has {x.ndim} dimensions.")
        dims = tuple(range(x.ndim - len(sizes), x.ndim)) if dims is None else dims
        sizes = tuple(x.shape[d] if n == -1 else n for d, n in zip(dims, sizes, strict=True))
    dims = tuple(range(x.ndim)) if dims is None else dims
    sizes = tuple(x.shape[d] for d in dims) if sizes is None else sizes
    for size in sizes:
        if size <= 0:
            raise RuntimeError(f"Invalid number of data points ({size}) specified")
    if some and not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    return dims, sizes


def _halved(x: Tensor, name: str, s: Any, dim: Any) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """The axes, how many points of each are read, and how many the last has when its mirrored half is added."""
    dims, sizes = _several(x, name, s, dim, some=True)
    given = () if s is None else (s,) if is_int(s) else tuple(s)
    last = sizes[-1] if given and given[-1] != -1 else 2 * (x.shape[dims[-1]] - 1)
    if last < 1:
        raise RuntimeError(f"Invalid number of data points ({last}) specified")
    return dims, (*sizes[:-1], last // 2 + 1), last


def _require(x: Any, name: str, real_words: str = "", out: Any = None, real_result: bool = False) -> None:
    require_tensor(f"fft_{name}", x)
    if real_words and x._array.dtype.kind == "c":
        raise RuntimeError(real_words.format(_title(x)))
    if isinstance(out, Tensor) and (out._array.dtype.kind != ("f" if real_result else "c")):
        kind = "floating point" if real_result else "complex"
        raise RuntimeError(f"{name} expects a {kind} output tensor, but got {_title(out)}")


def _done(name: str, out: Any, result: Tensor) -> Tensor:
    return result if out is None else put_out(name, out, result)


# ---- one axis ----------------------------------------------------------------------------------------------------------


def _transform(name: str, input: Tensor, n: Any, dim: Any, norm: str, out: Any, forward: bool) -> Tensor:
    _require(input, name, out=out)
    x = _floats(input)
    axis, size = _one(x, name, n, dim)
    x = _resized(x, (axis,), (size,))
    if x._array.dtype.kind == "c":
        return _done(name, out, ops.fft_c2c.function(x, (axis,), norm, forward))
    result = ops.fft_r2c.function(x, (axis,), norm, False)
    return _done(name, out, result if forward else conj.function(result))


def fft(input: Tensor, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Tensor:
    """The Fourier transform ``X[k] = sum of x[j] exp(-2 pi i j k / n)`` over ``dim``, complex."""
    return _transform("fft", input, n, dim, _divisor(norm, "fft"), out, True)


def ifft(input: Tensor, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Tensor:
    """The inverse of :func:`fft`."""
    return _transform("ifft", input, n, dim, _inverse_divisor(norm, "ifft"), out, False)


def rfft(input: Tensor, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Tensor:
    """:func:`fft` of real numbers without the half that mirrors the other: ``n // 2 + 1`` complex numbers."""
    _require(input, "rfft", "rfft expects a real input tensor, but got {}", out)
    x = _floats(input)
    axis, size = _one(x, "rfft", n, dim)
    return _done("rfft", out, ops.fft_r2c.function(_resized(x, (axis,), (size,)), (axis,), _divisor(norm, "rfft"), True))


def ihfft(input: Tensor, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Tensor:
    """:func:`ifft` of real numbers without the half that mirrors the other: the inverse of :func:`hfft`."""
    _require(input, "ihfft", "ihfft expects a real input tensor, but got {}", out)
    x = _floats(input)
    axis, size = _one(x, "ihfft", n, dim)
    half = ops.fft_r2c.function(_resized(x, (axis,), (size,)), (axis,), _inverse_divisor(norm, "ihfft"), True)
    return _done("ihfft", out, conj.function(half))


def _to_real(name: str, input: Tensor, n: Any, dim: Any, norm: str, out: Any, mirror: bool) -> Tensor:
    _require(input, name, out=out, real_result=True)
    x = _floats(input, to_complex=True)
    axis, size = _one(x, name, n, dim, lambda length: 2 * (length - 1))
    if n is not None:
        x = _resized(x, (axis,), (size // 2 + 1,))
    x = conj.function(x) if mirror else x
    return _done(name, out, ops.fft_c2r.function(x, (axis,), norm, size))


def irfft(input: Tensor, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Tensor:
    """The inverse of :func:`rfft`: ``n`` real numbers, by default ``2 * (length - 1)``."""
    return _to_real("irfft", input, n, dim, _inverse_divisor(norm, "irfft"), out, False)


def hfft(input: Tensor, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Tensor:
    """:func:`fft` of numbers whose second half mirrors the first, given as the first: real."""
    return _to_real("hfft", input, n, dim, _divisor(norm, "hfft"), out, True)


# ---- several axes ------------------------------------------------------------------------------------------------------


def _transforms(name: str, input: Tensor, s: Any, dim: Any, norm: str, out: Any, forward: bool) -> Tensor:
    _require(input, name, out=out)
    dims, sizes = _several(input, name, s, dim)
    x = _resized(_floats(input, to_complex=True), dims, sizes)
    return _done(name, out, ops.fft_c2c.function(x, dims, norm, forward))


def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Tensor:
    """:func:`fft` over several axes, by default over all, or the last ``len(s)``."""
    return _transforms("fftn", input, s, dim, _divisor(norm, "fftn"), out, True)


def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Tensor:
    """The inverse of :func:`fftn`."""
    return _transforms("ifftn", input, s, dim, _inverse_divisor(norm, "ifftn"), out, False)


def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Tensor:
    """:func:`fftn` of real numbers without the half of the last axis that mirrors the other."""
    _require(input, "rfftn", "rfftn expects a real-valued input tensor, but got {}", out)
    dims, sizes = _several(input, "rfftn", s, dim, some=True)
    x = _resized(_floats(input), dims, sizes)
    return _done("rfftn", out, ops.fft_r2c.function(x, dims, _divisor(norm, "rfftn"), True))


def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Tensor:
    """The inverse of :func:`rfftn`: real."""
    _require(input, "irfftn", out=out, real_result=True)
    dims, sizes, last = _halved(input, "irfftn", s, dim)
    x = _resized(_floats(input, to_complex=True), dims, sizes)
    return _done("irfftn", out, ops.fft_c2r.function(x, dims, _inverse_divisor(norm, "irfftn"), last))


def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Tensor:
    """:func:`fftn` of numbers whose second half along the last axis mirrors the first: real."""
    _require(input, "hfftn", out=out, real_result=True)
    dims, sizes, last = _halved(input, "hfftn", s, dim)
    x, divisor = _resized(_floats(input, to_complex=True), dims, sizes), _divisor(norm, "hfftn")
    if len(dims) > 1:
        x = ops.fft_c2c.function(x, dims[:-1], divisor, True)
    return _done("hfftn", out, ops.fft_c2r.function(conj_physical.function(x), dims[-1:], divisor, last))


def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Tensor:
    """:func:`ifftn` of real numbers without the half of the last axis that mirrors the other: the inverse of :func:`hfftn`."""
    _require(input, "ihfftn", "Only supports floating-point dtypes, but found: {}", out)
    dims, sizes = _several(input, "ihfftn", s, dim, some=True)
    x, divisor = _resized(_floats(input), dims, sizes), _inverse_divisor(norm, "ihfftn")
    half = conj_physical.function(ops.fft_r2c.function(x, dims[-1:], divisor, True))
    return _done("ihfftn", out, ops.fft_c2c.function(half, dims[:-1], divisor, False) if len(dims) > 1 else half)


def _over_two_axes(function: Any) -> Any:
    def planar(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: Any = None, *, out: Any = None) -> Tensor:
        return function(input, s, dim, norm, out=out)

    planar.__name__ = planar.__qualname__ = f"{function.__name__[:-1]}2"
    planar.__doc__ = f":func:`{function.__name__}` over two axes, by default the last."
    return planar


fft2, ifft2, rfft2, irfft2, hfft2, ihfft2 = map(_over_two_axes, (fftn, ifftn, rfftn, irfftn, hfftn, ihfftn))

# ---- frequencies, order ------------------------------------------------------------------------------------------------


def _frequencies(name: str, n: Any, d: float, half: bool, out: Any, options: Any) -> Tensor:
    if not is_int(n):
        raise TypeError(f"fft_{name}(): argument 'n' (position 1) must be int, not {type_name(n)}")
    dtype, device, layout, requires_grad = options
    check_options(name, device, layout)
    kind = chosen_dtype(dtype, device, name) if out is None or dtype is not None else out._array.dtype
    if kind.kind not in "fc":
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    places = np.arange(int(n / 2) + 1 if half else n)
    places = places if half else np.where(places < (n + 1) // 2, places, places - n)
    with np.errstate(all="ignore"):
        found = places.astype(kind) * kind.type(np.divide(1.0, n * d))
    return out_or_new(out, found, requires_grad, f"fft_{name}", dtype)


def fftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of :func:`fft` for ``n`` samples that are ``d`` apart: 0, the positive ones, the negative ones."""
    return _frequencies("fftfreq", n, d, False, out, (dtype, device, layout, requires_grad))


def rfftfreq(
    n: int, d: float = 1.0, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of :func:`rfft` for ``n`` samples that are ``d`` apart."""
    return _frequencies("rfftfreq", n, d, True, out, (dtype, device, layout, requires_grad))


def _shifted(name: str, input: Tensor, dim: Any, more: int) -> Tensor:
    require_tensor(f"fft_{name}", input)
    dims = tuple(range(input.ndim)) if dim is None else (dim,) if is_int(dim) else ints_of(f"fft_{name}", "dim", 2, dim)
    return roll(input, tuple((input.shape[axis_of(d, input.ndim)] + more) // 2 for d in dims), dims)


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The spectrum with the zero frequency in the middle, along ``dim``, by default along all axes."""
    return _shifted("fftshift", input, dim, 0)


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of :func:`fftshift`."""
    return _shifted("ifftshift", input, dim, 1)
