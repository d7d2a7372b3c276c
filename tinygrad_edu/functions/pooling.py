"""Pooling: the forms in which its arguments may come, and PyTorch's checks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import not_implemented
from ..ops import pooling as _pooling
from ..ops.pooling import adaptive_windows, sliding_windows
from ..ops.reduction import mean
from ..ops.shape import squeeze_one, unsqueeze
from ..tensor import Tensor
from .arguments import ints_for_axes, ints_of, require_tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool3d",
]

_WORDS = {2: "two ints", 3: "three ints"}
_AXES = {2: ("H", "W"), 3: ("T", "H", "W")}


def _per_axis(function: str, name: str, position: int, value: Any, n: int) -> tuple[int, ...]:
    """One int for each axis."""
    ints = ints_for_axes(function, name, position, value, n)
    if len(ints) == 1:
        ints *= n
    if len(ints) != n:
        must = {"dilation": "must be either", "stride": "must either be omitted,"}.get(name, "must either be")
        raise RuntimeError(f"{function}: {name} {must} a single int, or a tuple of {_WORDS[n]}")
    return ints


def _geometry(function: str, n: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    kernel = _per_axis(function, "kernel_size", 2, kernel_size, n)
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    steps = _per_axis(function, "stride", 3, stride, n) if given else kernel
    pads, dilations = _per_axis(function, "padding", 4, padding, n), _per_axis(function, "dilation", 5, dilation, n)
    if min(steps) < 1:
        raise RuntimeError("stride should not be zero")
    if min(kernel) < 1:
        raise RuntimeError(f"kernel size should be greater than zero, but got {_named('k', n, kernel)}")
    if min(dilations) < 1:
        raise RuntimeError(f"dilation should be greater than zero, but got {_named('dilation', n, dilations)}")
    for k, p, d in zip(kernel, pads, dilations, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and dilation={d}"
            )
    return [kernel, steps, pads, dilations]


def _named(word: str, n: int, values: Any) -> str:
    return " ".join(f"{word}{axis}: {value}" for axis, value in zip(_AXES[n], values, strict=True))


def _counts(sizes: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> list[int]:
    """How many windows there are along each axis; in ceil mode the last may reach over the end, but must begin inside."""
    counts = []
    for size, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        span = size + 2 * p - d * (k - 1) - 1
        count = (span + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (count - 1) * s >= size + p:
            count -= 1
        counts.append(count)
    return counts


def _check_shape(shape: Any, n: int, kind: str) -> None:
    if len(shape) not in (n + 1, n + 2) or (n == 3 and 0 in shape[-n - 1 :]):
        raise RuntimeError(f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input")
    if 0 in shape[len(shape) - n - 1 :]:
        raise RuntimeError(
            f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got:{list(shape)}"
        )


def _check_counts(shape: Any, n: int, counts: Any) -> None:
    if min(counts) < 1:
        before, after = (f"({'x'.join(map(str, (shape[-n - 1], *each)))})" for each in (shape[-n:], counts))
        raise RuntimeError(f"Given input size: {before}. Calculated output size: {after}. Output size is too small")


# ---- maximum -------------------------------------------------------------------------------------------------------


def _max_pool(
    n: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any, return_indices: Any
) -> Any:
    name = f"max_pool{n}d"
    require_tensor(name, input)
    geometry = _geometry(name, n, kernel_size, stride, padding, dilation)
    shape = input._array.shape
    _check_shape(shape, n, name)
    kernel, steps, pads, dilations = geometry
    counts = _counts(shape[-n:], kernel, steps, pads, dilations, ceil_mode)
    _check_counts(shape, n, counts)
    windows = tuple(map(sliding_windows, shape[-n:], counts, *geometry))
    alone, with_indices = _pooling.MAX_POOLS[n]
    return with_indices.function(input, windows) if return_indices else alone.function(input, windows)


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window of a signal (N, C, L) or (C, L); the arguments are those of :func:`max_pool2d`."""
    name = "max_pool1d"
    require_tensor(name, input)
    values = [
        ints_for_axes(name, word, i, value, 1)
        for i, (word, value) in enumerate(
            (("kernel_size", kernel_size), ("stride", kernel_size if stride is None else stride), ("padding", padding),
             ("dilation", dilation)), 2,
        )
    ]  # fmt: skip
    values[1] = values[1] or values[0]
    shape = input._array.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            f"{name}: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:{list(shape)}"
        )
    for word, value in zip(("kernel_size", "stride", "padding", "dilation"), values, strict=True):
        if len(value) != 1:
            raise RuntimeError(
                f"{name}() {word} must be an int, list of ints or tuple of ints of size 1 but got size {len(value)}"
            )
    (kernel,), (step,), (pad,), (spacing,) = values
    for word, number in (("kernel_size", kernel), ("stride", step)):
        if number < 1:
            raise RuntimeError(f"{name}() {word} must be greater than zero, but got {number}")
    if return_indices:
        _geometry(name, 1, kernel, step, pad, spacing)  # as max_pool2d says it, which PyTorch calls for indices
    if pad < 0:
        raise RuntimeError(f"{name}() padding must be non-negative, but got {pad}")
    if pad > kernel // 2:
        raise RuntimeError(
            f"{name}() padding should be at most half of kernel size, but got padding={pad} and kernel_size={kernel}"
        )
    if spacing < 1:
        raise RuntimeError(f"{name}() dilation must be greater than zero, but got {spacing}")
    (count,) = _counts(shape[-1:], (kernel,), (step,), (pad,), (spacing,), ceil_mode)
    if count < 1:
        raise RuntimeError(f"{name}() Invalid computed output size: {count}")
    if input._array.dtype.kind != "f" and not return_indices:
        raise not_implemented("max_pool1d_impl", input._array.dtype)
    windows = sliding_windows(1, 1, 1, 1, 0, 1), sliding_windows(shape[-1], count, kernel, step, pad, spacing)
    image = unsqueeze.function(input, -2)
    alone, with_indices = _pooling.MAX_POOLS[2]
    if return_indices:
        return tuple(squeeze_one.function(each, -2) for each in with_indices.function(image, windows))
    return squeeze_one.function(alone.function(image, windows), -2)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window of images (N, C, H, W) or (C, H, W).

    Args:
        input: the images.
        kernel_size, stride, padding, dilation: numbers, or one for each axis; ``stride`` is ``kernel_size`` if None.
        ceil_mode: whether a last window may reach over the end.
        return_indices: whether to return the places of the maxima in the flattened image too, for ``max_unpool2d``.
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window of volumes (N, C, D, H, W); the arguments are those of :func:`max_pool2d`."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """:func:`max_pool1d` and the places of the maxima."""
    return max_pool1d(input, kernel_size, stride or None, padding, dilation, ceil_mode, True)


def _adaptive_max_pool(n: int, input: Any, output_size: Any, return_indices: Any) -> Any:
    name = f"adaptive_max_pool{n}d"
    require_tensor(name, input)
    shape = input._array.shape
    sizes = _output_size(name, output_size, shape, n)
    if len(sizes) != n:
        raise RuntimeError(f"{name}(): internal error: output_size.size() must be {n}")
    _check_adaptive(name, shape, n, ", but got: ")
    if min(sizes) < 0:
        result = [*shape[:-n], *sizes]
        raise RuntimeError(f"Trying to create tensor with negative dimension {next(s for s in sizes if s < 0)}: {result}")
    if input._array.dtype.kind != "f":
        raise not_implemented(name, input._array.dtype)
    windows = tuple(map(adaptive_windows, shape[-n:], sizes))
    out, indices = _pooling.ADAPTIVE_MAX_POOLS[n].function(input, windows)
    return (out, indices) if return_indices else out


def _braces(sizes: Any) -> str:
    return "{" + ", ".join(map(str, sizes)) + "}"


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` windows that cover a signal (N, C, L) evenly."""
    name = "adaptive_max_pool1d"
    require_tensor(name, input)
    shape = input._array.shape
    size = _one_size(name, output_size)
    if len(shape) not in (2, 3):
        raise RuntimeError(f"{name}(): Expected 2D or 3D tensor, but got {list(shape)}")
    out, indices = _adaptive_max_pool(2, unsqueeze.function(input, -2), (1, size), True)
    out, indices = squeeze_one.function(out, -2), squeeze_one.function(indices, -2)
    return (out, indices) if return_indices else out


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of windows that cover images (N, C, H, W) evenly; None in ``output_size`` keeps a size."""
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of windows that cover volumes (N, C, D, H, W) evenly; None in ``output_size`` keeps a size."""
    return _adaptive_max_pool(3, input, output_size, return_indices)


def _one_size(name: str, output_size: Any) -> int:
    sizes = ints_for_axes(name, "output_size", 2, output_size, 1)
    if len(sizes) != 1:
        raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(sizes)})")
    return sizes[0]


def _output_size(name: str, output_size: Any, shape: Any, n: int) -> tuple[int, ...]:
    """The sizes asked for; None stands for the input's."""
    if not isinstance(output_size, (tuple, list)):
        return ints_for_axes(name, "output_size", 2, output_size, n)
    if len(output_size) >= len(shape):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    kept = shape[len(shape) - len(output_size) :]
    chosen = tuple(m if each is None else each for each, m in zip(output_size, kept, strict=True))
    return ints_of(name, "output_size", 2, chosen)


def _check_adaptive(name: str, shape: Any, n: int, but: str = ", but got ") -> None:
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"{name}(): Expected {n + 1}D or {n + 2}D tensor{but}{list(shape)}")
    for axis in range(len(shape) - n, len(shape)):
        if not shape[axis]:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                f"{list(shape)} with dimension {axis} being empty"
            )


# ---- mean ----------------------------------------------------------------------------------------------------------


def _avg_pool(
    n: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: Any, count_include_pad: Any, divisor: Any
) -> Any:
    name = f"avg_pool{n}d"
    require_tensor(name, input)
    kernel, steps, pads, dilation = _geometry(name, n, kernel_size, stride, padding, 1)
    if divisor is not None and divisor == 0:
        raise RuntimeError("divisor must be not zero")
    shape = input._array.shape
    if n == 2 and len(shape) < 3:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-len(shape)}, {len(shape) - 1}], but got -3)")
    _check_shape(shape, n, name)
    counts = _counts(shape[-n:], kernel, steps, pads, dilation, ceil_mode)
    if n == 3 and any(size < k for size, k in zip(shape[-n:], kernel, strict=True)):
        sizes = " ".join(f"{axis}: {m}" for axis, m in zip(_AXES[3], shape[-n:], strict=True))
        raise RuntimeError(f"input image ({sizes}) smaller than kernel size ({_named('k', 3, kernel)})")
    _check_counts(shape, n, counts)
    windows = tuple(map(sliding_windows, shape[-n:], counts, kernel, steps, pads, dilation))
    if divisor is None:
        divisor = _divisor(windows, kernel, steps, pads, count_include_pad)
    return _pooling.AVG_POOLS[n].function(input, windows, divisor)


def _divisor(windows: Any, kernel: Any, stride: Any, padding: Any, count_include_pad: bool) -> Any:
    """How many elements each window has: with the padding, but not what is beyond it, or without; a number if all agree."""
    total: Any = 1
    for one, k, p in zip(windows, kernel, padding, strict=True):
        if one.whole:
            lengths: Any = k
        elif count_include_pad:
            lengths = np.minimum(one.starts + k, one.size + p) - one.starts
        else:
            lengths = np.minimum(one.starts + k, one.size) - np.maximum(one.starts, 0)
        total = np.multiply.outer(total, lengths) if isinstance(lengths, np.ndarray) else _times(total, lengths)
    return total


def _times(total: Any, number: int) -> Any:
    return np.multiply.outer(total, [number]) if isinstance(total, np.ndarray) else total * number


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of a signal (N, C, L) or (C, L); the arguments are those of :func:`avg_pool2d`."""
    name = "avg_pool1d"
    require_tensor(name, input)
    values = []
    for i, (word, value) in enumerate((("kernel_size", kernel_size), ("stride", stride or ()), ("padding", padding)), 2):
        ints = ints_for_axes(name, word, i, value, 1)
        if len(ints) != 1 and (word != "stride" or ints):
            raise RuntimeError(f"{name}() argument '{word}' should contain one int (got {len(ints)})")
        values.append(ints)
    ndim = input._array.ndim
    if ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {ndim}-dimensional tensor for argument #1 'self' (while checking arguments "
            f"for {name})"
        )
    kernel, step, pad = values
    image, step = unsqueeze.function(input, -2), (1, *(step or kernel))
    pooled = _avg_pool(2, image, (1, *kernel), step, (0, *pad), ceil_mode, count_include_pad, None)
    return squeeze_one.function(pooled, -2)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of images (N, C, H, W) or (C, H, W).

    Args:
        input: the images.
        kernel_size, stride, padding: numbers, or one for each axis; ``stride`` is ``kernel_size`` if None.
        ceil_mode: whether a last window may reach over the end.
        count_include_pad: whether the zeros of the padding count.
        divisor_override: what to divide each sum by, instead of the number of elements.
    """
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of volumes (N, C, D, H, W); the arguments are those of :func:`avg_pool2d`."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _adaptive_avg_pool(n: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_avg_pool{n}d"
    require_tensor(name, input)
    shape = input._array.shape
    sizes = _output_size(name, output_size, shape, n)
    if len(sizes) != n:
        raise RuntimeError(f"{name}: output_size must be {n}")
    if min(sizes) < 0:
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0 but received {_braces(sizes)}")
    _check_adaptive(name, shape, n)
    if input._array.dtype.kind != "f" and math.prod(sizes) != 1:
        raise not_implemented(name, input._array.dtype)
    if math.prod(sizes) == 1:
        return mean.function(input, tuple(range(-n, 0)), True)
    windows = tuple(map(adaptive_windows, shape[-n:], sizes))
    divisor: Any = 1
    for one, size in zip(windows, sizes, strict=True):
        ends = -(-np.arange(1, size + 1) * one.size // max(size, 1))
        divisor = np.multiply.outer(divisor, ends - one.starts)
    if divisor.size and (divisor == divisor.flat[0]).all():
        divisor = int(divisor.flat[0])
    return _pooling.ADAPTIVE_AVG_POOLS[n].function(input, windows, divisor)


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of ``output_size`` windows that cover a signal (N, C, L) evenly."""
    name = "adaptive_avg_pool1d"
    require_tensor(name, input)
    size = _one_size(name, output_size)
    if input._array.ndim not in (2, 3):
        raise RuntimeError(f"{name}(): Expected 2D or 3D tensor, but got {list(input._array.shape)}")
    return squeeze_one.function(_adaptive_avg_pool(2, unsqueeze.function(input, -2), (1, size)), -2)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that cover images (N, C, H, W) evenly; None in ``output_size`` keeps a size."""
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that cover volumes (N, C, D, H, W) evenly; None in ``output_size`` keeps a size."""
    return _adaptive_avg_pool(3, input, output_size)
