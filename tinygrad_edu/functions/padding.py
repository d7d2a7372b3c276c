"""Padding, windows as columns, pixels and channels exchanged: PyTorch's forms and checks."""

from __future__ import annotations

from typing import Any

from ..autograd.errors import type_name
from ..ops import padding as _padding
from ..tensor import Tensor
from .arguments import int_pair, ints_of, require_tensor

__all__ = ["channel_shuffle", "fold", "pad", "pixel_shuffle", "pixel_unshuffle", "unfold"]

_EDGE_MODES = {"reflect": "reflection", "replicate": "replication", "circular": "circular"}


def constant_pad(input: Any, pads: Any, value: Any) -> Any:
    """``input`` between ``value``s; the clone that PyTorch makes where there is nothing to add keeps the node's name."""
    return _padding.constant_pad.function(input, tuple(pads), value)


def constant_pad_nd(input: Tensor, pad: Any, value: float = 0) -> Tensor:
    """``input`` between ``value``s: ``pad`` is before and after along the last axis, then the last but one, ..."""
    require_tensor("constant_pad_nd", input)
    pads = ints_of("constant_pad_nd", "pad", 2, pad)
    shape = input._array.shape
    if len(pads) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pads)}")
    if len(pads) > 2 * len(shape):
        raise RuntimeError(
            f"Length of pad should be no more than twice the number of dimensions of the input. Pad length is {len(pads)} "
            f"while the input has {len(shape)} dimensions."
        )
    _check_lengths(shape, pads)
    return constant_pad(input, pads, value)


def _check_lengths(shape: Any, pads: Any) -> None:
    for i in range(0, len(pads), 2):
        n, before, after = shape[-1 - i // 2], pads[i], pads[i + 1]
        if n + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        if n + before + after < 0:
            axis = len(shape) - 1 - i // 2
            raise RuntimeError(
                f"The input size {n}, plus negative padding {before} and {after}, resulted in a negative output size, which "
                f"is invalid. Check dimension {axis} of your input."
            )


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """``input`` made larger (or smaller, by negative numbers) at its edges.

    Args:
        input: any tensor; for other modes than constant, with one or two axes before those that are padded.
        pad: before and after along the last axis, then along the last but one, and so on.
        mode: ``"constant"``, ``"reflect"`` (without repeating the edge), ``"replicate"`` or ``"circular"``.
        value: what is put there in constant mode (0).
    """
    require_tensor("pad", input)
    pads = ints_of("pad", "pad", 2, pad)
    shape = input._array.shape
    if len(pads) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pads) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pads)} and input of dimension {len(shape)}"
        )
    if mode == "constant":
        _check_lengths(shape, pads)
        return constant_pad(input, pads, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    n = len(pads) // 2
    if n not in (1, 2, 3) or len(shape) not in (n + 1, n + 2):
        if mode not in _EDGE_MODES:
            raise NotImplementedError(f"Unrecognised padding mode {mode}")
        raise NotImplementedError(
            f"Padding size {len(pads)} is not supported for {len(shape)}D input tensor.\nSupported combinations for "
            "non-constant padding:\n  - 2D or 3D input: padding size = 2 (pads last dimension)\n  - 3D or 4D input: padding "
            "size = 4 (pads last 2 dimensions)\n  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    if mode not in _EDGE_MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    _check_edges(shape, pads, mode, n)
    return _padding.EDGE_PADS[mode, n].function(input, pads)


def _check_edges(shape: Any, pads: Any, mode: str, n: int) -> None:
    if mode != "circular" and 0 in shape[len(shape) - n - 1 :]:
        raise RuntimeError(
            f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
            f"input, but got: {list(shape)}"
        )
    for i in range(0, len(pads), 2):
        axis = len(shape) - 1 - i // 2
        size, before, after = shape[axis], pads[i], pads[i + 1]
        if mode == "reflect" and (before >= size or after >= size):
            raise RuntimeError(
                f"Argument #{4 + i}: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {axis} of input {list(shape)}"
            )
        if mode == "circular" and (before > size or after > size):
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if mode == "circular" and size + before + after < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
        if size + before + after < 1 and mode != "circular":
            raise RuntimeError(f"input (W: {size}) is too small. Calculated output W: {size + before + after}")


# ---- windows as columns ----------------------------------------------------------------------------------------------


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The windows of images (N, C, H, W) or (C, H, W) as columns: (N, C * kH * kW, number of windows)."""
    require_tensor("im2col", input)
    kernel, steps, pads, stride = _geometry("im2col", kernel_size, dilation, padding, stride)
    _check_geometry(kernel, steps, pads, stride)
    shape = input._array.shape
    if len(shape) < 3:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-len(shape)}, {len(shape) - 1}], but got 2)")
    if len(shape) > 4 or 0 in shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but "
            f"got: {list(shape)}"
        )
    counts = _padding.block_counts(shape[-2:], kernel, steps, pads, stride)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {_words(shape[-2:])}, kernel_size={_words(kernel)}, dilation={_words(steps)}, "
            f"padding={_words(pads)}, calculated shape of the array of sliding blocks as {_words(counts)}, but its components "
            "must be at least one."
        )
    return _padding.im2col.function(input, kernel, steps, pads, stride)


def fold(input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The inverse of :func:`unfold`, except that elements in several windows are added up."""
    require_tensor("col2im", input)
    sizes = int_pair("col2im", "output_size", 2, output_size)
    kernel, steps, pads, stride = _geometry("col2im", kernel_size, dilation, padding, stride)
    _check_geometry(kernel, steps, pads, stride)
    shape = input._array.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, "
            f"but got: {list(shape)}"
        )
    first = len(shape) - 2
    if shape[first] % (kernel[0] * kernel[1]):
        raise RuntimeError(
            f"Expected size of input's dimension {first} to be divisible by the product of kernel_size, but got "
            f"input.size({first})={shape[first]} and kernel_size={_words(kernel)}."
        )
    counts = _padding.block_counts(sizes, kernel, steps, pads, stride)
    if shape[-1] != counts[0] * counts[1]:
        raise RuntimeError(
            f"Given output_size={_words(sizes)}, kernel_size={_words(kernel)}, dilation={_words(steps)}, "
            f"padding={_words(pads)}, stride={_words(stride)}, expected size of input's dimension {first + 1} to match the "
            f"calculated number of sliding blocks {counts[0]} * {counts[1]} = {counts[0] * counts[1]}, but got "
            f"input.size({first + 1})={shape[-1]}."
        )
    return _padding.col2im.function(input, sizes, kernel, steps, pads, stride)


def _geometry(name: str, *values: Any) -> list[Any]:
    words = ("kernel_size", "dilation", "padding", "stride")
    return [int_pair(name, word, i, value) for i, (word, value) in enumerate(zip(words, values, strict=True), 2)]


def _check_geometry(kernel: Any, dilation: Any, padding: Any, stride: Any) -> None:
    given = (("kernel size", kernel), ("dilation", dilation), ("padding", padding), ("stride", stride))
    for word, (high, wide) in given:
        if word == "padding":
            if min(high, wide) < 0:
                raise RuntimeError(f"padding should be non-negative, but got pad_height: {high} pad_width: {wide}")
        elif min(high, wide) < 1:
            short = word.partition(" ")[0]
            raise RuntimeError(f"{word} should be greater than zero, but got {short}_height: {high} {short}_width: {wide}")


def _words(sizes: Any) -> str:
    return f"({', '.join(map(str, sizes))})"


# ---- channels and pixels ---------------------------------------------------------------------------------------------


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(*, C r², H, W) as (*, C, H r, W r): channels become pixels (https://arxiv.org/abs/1609.05158)."""
    shape = _pixels("pixel_shuffle", input)
    if upscale_factor <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {upscale_factor}")
    if shape[-3] % upscale_factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={shape[-3]} is not divisible by {upscale_factor**2}"
        )
    return _padding.pixel_shuffle.function(input, upscale_factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(*, C, H r, W r) as (*, C r², H, W): the inverse of :func:`pixel_shuffle`."""
    shape = _pixels("pixel_unshuffle", input)
    if downscale_factor <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {downscale_factor}")
    for word, axis in (("height", -2), ("width", -1)):
        if shape[axis] % downscale_factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {word} to be divisible by downscale_factor, but input.size({axis})={shape[axis]} is "
                f"not divisible by {downscale_factor}"
            )
    return _padding.pixel_unshuffle.function(input, downscale_factor)


def _pixels(name: str, input: Any) -> Any:
    require_tensor(name, input)
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(f"{name} expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)")
    return shape


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels (g, C / g) dealt out as (C / g, g)."""
    require_tensor("channel_shuffle", input)
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if type(groups) is not int:
        raise TypeError(f"channel_shuffle(): argument 'groups' (position 2) must be int, not {type_name(groups)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if shape[1] % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups.")
    return _padding.channel_shuffle.function(input, groups)
