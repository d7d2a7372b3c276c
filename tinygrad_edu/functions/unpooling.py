"""Pooling by norms, and maxima back to the places that they came from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import not_implemented
from ..dtypes import from_numpy_dtype
from ..ops import pooling as _pooling
from ..ops.shape import squeeze_one, unsqueeze
from ..tensor import Tensor
from .pooling import avg_pool1d, avg_pool2d, avg_pool3d

__all__ = ["lp_pool1d", "lp_pool2d", "lp_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d"]


def _norm_pool(n: int, input: Any, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: bool) -> Any:
    kernel = (kernel_size,) * n if isinstance(kernel_size, int) else tuple(kernel_size)
    pool = (avg_pool1d, avg_pool2d, avg_pool3d)[n - 1]
    mean = pool(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return (mean.sign() * mean.abs().relu()).mul(math.prod(kernel)).pow(1.0 / norm_type)


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of a signal, p = ``norm_type``."""
    return _norm_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of images, p = ``norm_type``."""
    return _norm_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of volumes, p = ``norm_type``."""
    return _norm_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def _max_unpool(n: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    kernel, steps, pads = (
        (value,) * n if isinstance(value, int) else tuple(value)
        for value in (kernel_size, kernel_size if stride is None else stride, padding)
    )
    shape = input._array.shape
    sizes = _unpooled_size(shape, kernel, steps, pads, output_size)
    if indices._array.dtype != np.int64:
        name = from_numpy_dtype(indices._array.dtype)
        raise RuntimeError(f"elements in indices should be type int64 but got: {name.legacy_name}")
    if indices._array.shape != shape:
        seen, other = ([*each, 1] if n == 1 else list(each) for each in (shape, indices._array.shape))
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({seen}) but got indices tensor with "
            f"shape: {other}"
        )
    if input._array.dtype.kind != "f":
        raise not_implemented(f"max_unpool{max(n, 2)}d", input._array.dtype)
    outside = indices._array[(indices._array < 0) | (indices._array >= math.prod(sizes))]
    if outside.size:
        high, wide = sizes[-2:] if n > 1 else (1, sizes[-1])
        raise RuntimeError(
            f"Found an invalid max index: {outside.flat[0]} (output volumes are of size {high}x{wide}"
            + (")" if n < 3 else f"x{sizes[-3]})")
        )
    if n > 1:
        return _pooling.MAX_UNPOOLS[n].function(input, indices, tuple(sizes))
    image, places = unsqueeze.function(input, -2), unsqueeze.function(indices, -2)
    return squeeze_one.function(_pooling.MAX_UNPOOLS[2].function(image, places, (1, *sizes)), -2)


def _unpooled_size(shape: Any, kernel: Any, stride: Any, padding: Any, output_size: Any) -> list[int]:
    n = len(kernel)
    usual = [(m - 1) * s + k - 2 * p for m, s, k, p in zip(shape[-n:], stride, kernel, padding, strict=True)]
    if output_size is None:
        return usual
    chosen = list(output_size)
    if len(chosen) == n + 2:
        chosen = chosen[2:]
    if len(chosen) != n:
        raise ValueError(
            f"output_size should be a sequence containing {n} or {n + 2} elements, but it has a length of '{len(chosen)}'"
        )
    for d, (wanted, m, s) in enumerate(zip(chosen, usual, stride, strict=True)):
        if not m - s < wanted < m + s:
            raise ValueError(f'invalid output_size "{output_size}" (dim {d} must be between {m - s} and {m + s})')
    return chosen


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with the maxima of :func:`max_pool1d` where they came from."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with the maxima of :func:`max_pool2d` where they came from."""
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with the maxima of :func:`max_pool3d` where they came from."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)
