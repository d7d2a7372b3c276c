"""Images in another size: where each output lies among the inputs, and PyTorch's checks."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from ..ops import resize as _resize
from ..ops.resize import Resampling
from ..tensor import Tensor
from .arguments import is_int
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

_NEEDS = {"linear": 3, "bilinear": 4, "trilinear": 5}
_CUBIC = -0.75
"""The slope of the cubic convolution kernel at distance 1 (Keys, 1981)."""


@lru_cache(64)
def _resampling(mode: str, size: int, count: int, factor: float | None, align_corners: bool, dtype: Any) -> Resampling:
    """Which inputs make each of the ``count`` outputs; computed in ``dtype``, as PyTorch's kernels do."""
    real = dtype.type
    outputs = np.arange(count).astype(dtype)
    if align_corners:
        scale = real(size - 1) / real(count - 1) if count > 1 else real(0)
    else:
        scale = real(1.0 / factor) if factor else real(size) / real(count)
    # PyTorch's shortcuts, which differ from the formula where a scale factor was rounded to a size.
    if count == size and mode in ("nearest", "linear", "bilinear", "trilinear"):
        return Resampling(size, ((np.arange(count), None),))
    if count == 2 * size and mode == "nearest":
        return Resampling(size, ((np.arange(count) // 2, None),))
    if mode in ("nearest", "nearest-exact"):
        middle = real(0.5) if mode == "nearest-exact" else real(0)
        places = np.floor((outputs + middle) * scale).astype(np.int64)
        return Resampling(size, ((np.minimum(places, size - 1), None),))
    source = outputs * scale if align_corners else (outputs + real(0.5)) * scale - real(0.5)
    if mode == "bicubic":
        first = np.floor(source)
        t = np.minimum(np.maximum(source - first, 0), 1)
        weights = _near(t + 1, far=True), _near(t), _near(1 - t), _near(2 - t, far=True)
        places = (first.astype(np.int64) + shift for shift in (-1, 0, 1, 2))
        return Resampling(size, tuple((p.clip(0, size - 1), w) for p, w in zip(places, weights, strict=True)))
    source = np.maximum(source, 0)
    low = np.minimum(source.astype(np.int64), size - 1)
    high = np.minimum(low + 1, size - 1)
    upper = np.minimum(np.maximum(source - low.astype(dtype), 0), 1).astype(dtype)
    return Resampling(size, ((low, 1 - upper), (high, upper)))


def _near(t: Any, far: bool = False) -> Any:
    """The cubic convolution kernel at a distance up to 1, or (``far``) between 1 and 2."""
    if far:
        return ((_CUBIC * t - 5 * _CUBIC) * t + 8 * _CUBIC) * t - 4 * _CUBIC
    return ((_CUBIC + 2) * t - (_CUBIC + 3)) * t * t + 1


def _per_axis(name: str, value: Any, sizes: Any) -> list[Any]:
    if not isinstance(value, (tuple, list)):
        return [value] * len(sizes)
    if len(value) == len(sizes):
        return list(value)
    if name == "size":
        words = ("output", "and output size of", "output size in (o1, o2, ...,oK)")
    else:
        words = ("scale_factor", "and scale_factor of shape", "scale_factor in (s1, s2, ...,sK)")
    raise ValueError(
        f"Input and {words[0]} must have the same number of spatial dimensions, but got input with spatial dimensions of "
        f"{list(sizes)} {words[1]} {value}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and {words[2]} format."
    )


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """A signal (N, C, L), images (N, C, H, W) or volumes (N, C, D, H, W) in another size.

    Args:
        input: what is resized.
        size: the new size, or
        scale_factor: what to multiply the old size by.
        mode: ``"nearest"``, ``"nearest-exact"``, ``"linear"``, ``"bilinear"``, ``"trilinear"``, ``"bicubic"`` or ``"area"``.
        align_corners: whether the centres of the outermost pixels stay in place, or (the default) their outer edges.
        recompute_scale_factor: whether the scale is that of the sizes, not ``scale_factor``.
        antialias: not supported.
    """
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    ndim = input.dim()
    old = input._array.shape[2:]
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    factors: list[Any] = [None] * len(old)
    if size is not None:
        sizes = _per_axis("size", size, old)
        if isinstance(size, (tuple, list)) and not all(map(is_int, sizes)):
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size with "
                f"types {[type(each) for each in sizes]}"
            )
    elif scale_factor is not None:
        factors = _per_axis("scale_factor", scale_factor, old)
        sizes = [int(n * factor) for n, factor in zip(old, factors, strict=True)]
    else:
        raise ValueError("either size or scale_factor should be defined")
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if recompute_scale_factor:
        factors = [None] * len(old)
    if antialias:
        if mode not in ("bilinear", "bicubic", "lanczos") or ndim != 4:
            raise ValueError(
                "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
            )
        raise NotImplementedError("interpolate: antialias=True is not supported")
    if mode == "area" and ndim in (3, 4, 5):
        pool = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[ndim - 3]
        return pool(input, sizes)
    resize = _resize.RESIZES.get((mode, ndim - 2))
    if resize is None:
        if mode in _NEEDS and ndim in (3, 4, 5):
            raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {_NEEDS[mode]}D input")
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: nearest | linear | bilinear "
            f"| bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    if min(*old, *sizes, 1) < 1:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {_sizes(old)} and output {_sizes(sizes)}"
        )
    # Nearest neighbours are found in single precision, whatever the dtype.
    double = input._array.dtype == np.float64 and not mode.startswith("nearest")
    dtype = np.dtype(np.float64 if double else np.float32)
    axes = tuple(
        _resampling(mode, n, m.__index__(), None if f is None else float(f), bool(align_corners), dtype)
        for n, m, f in zip(old, sizes, factors, strict=True)
    )
    return resize.function(input, axes)


def _sizes(sizes: Any) -> str:
    return f"({', '.join(f'{axis}: {n}' for axis, n in zip('DHW'[-len(sizes) :], sizes, strict=True))})"


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """The old name of :func:`interpolate`."""
    _deprecated("upsample", "nn.functional.interpolate")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """:func:`interpolate` with mode "nearest"."""
    _deprecated("upsample_nearest", "nn.functional.interpolate")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """:func:`interpolate` with mode "bilinear" and aligned corners."""
    _deprecated("upsample_bilinear", "nn.functional.interpolate")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _deprecated(name: str, instead: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `{instead}` instead.", stacklevel=3)
