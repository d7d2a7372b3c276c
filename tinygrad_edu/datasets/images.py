"""What the transforms do to images, of each kind that there is: tensors, arrays, and Pillow's.

A tensor has its rows and columns last, (..., H, W); an array has them first, H x W or H x W x C, as Pillow's images do.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..creation import from_numpy
from ..tensor import Tensor

__all__ = ["center_crop", "crop", "flip", "grayscale", "pad", "resize", "size_of", "to_pil", "to_tensor", "without_scaling"]


def is_pillow(image: Any) -> bool:
    """Whether this is one of Pillow's images; Pillow is not imported to find out."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def size_of(image: Any) -> tuple[int, int]:
    """Height and width."""
    if is_pillow(image):
        return image.size[1], image.size[0]
    if isinstance(image, Tensor):
        _check(image)
        return image.shape[-2], image.shape[-1]
    _check(image)
    return image.shape[0], image.shape[1]


def _check(image: Any) -> None:
    if isinstance(image, Tensor):
        if image.ndim < 2:
            raise TypeError("Tensor is not a torch image.")
    elif not isinstance(image, np.ndarray):
        raise TypeError(f"Unexpected type {type(image)}")
    elif image.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {image.ndim} dimensions.")


def _on_array(image: Any, function: Any) -> Any:
    """Apply a function of arrays whose rows and columns are its first two axes."""
    if isinstance(image, Tensor):
        moved = np.moveaxis(image.detach()._array, (-2, -1), (0, 1))
        return from_numpy(np.ascontiguousarray(np.moveaxis(function(moved), (0, 1), (-2, -1))))
    if is_pillow(image):
        return to_pil(function(np.asarray(image)), image.mode)
    return function(image)


# ---- kinds -----------------------------------------------------------------------------------------------------------


def to_tensor(picture: Any) -> Tensor:
    """A picture as a tensor C x H x W; of bytes, as floats from 0 to 1."""
    tensor = without_scaling(picture)
    if tensor._array.dtype != np.uint8:
        return tensor
    from ..dtypes import default_numpy_dtype

    dtype = default_numpy_dtype()
    return from_numpy(tensor._array.astype(dtype) / dtype.type(255))


def without_scaling(picture: Any) -> Tensor:
    """A picture as a tensor C x H x W of its own dtype."""
    if is_pillow(picture):
        kinds = {"I": np.int32, "I;16": np.int16, "I;16B": np.int16, "F": np.float32}
        array = np.array(picture, kinds.get(picture.mode, np.uint8))
        array = array * np.uint8(255) if picture.mode == "1" else array
    elif isinstance(picture, np.ndarray):
        _check(picture)
        array = picture
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(picture)}")
    array = array[:, :, None] if array.ndim == 2 else array
    return from_numpy(np.array(array.transpose(2, 0, 1), order="C"))


def to_pil(picture: Any, mode: str | None = None) -> Any:
    """A tensor C x H x W (floats from 0 to 1) or an array H x W x C as one of Pillow's images."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("Pillow's images need Pillow: run `pip install tinygrad-edu[data]`, or use arrays") from None
    if isinstance(picture, Tensor):
        if picture.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {picture.ndim} dimensions.")
        array = picture.detach()._array
        array = np.moveaxis(array, 0, -1) if array.ndim == 3 else array
        if array.dtype.kind == "f" and mode != "F":
            array = (array * 255).astype(np.uint8)
    elif isinstance(picture, np.ndarray):
        _check(picture)
        array = picture
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(picture)}.")
    array = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if array.ndim == 3 and array.shape[2] not in (2, 3, 4):
        raise ValueError(f"pic should not have > 4 channels. Got {array.shape[2]} channels.")
    made = Image.fromarray(np.ascontiguousarray(array))
    return made if mode in (None, made.mode) else made.convert(mode)


# ---- cutting, turning, framing -----------------------------------------------------------------------------------------


def crop(image: Any, top: int, left: int, height: int, width: int) -> Any:
    """The rectangle at (``top``, ``left``); what lies outside the image is 0."""
    h, w = size_of(image)
    missing = [max(-left, 0), max(-top, 0), max(left + width - w, 0), max(top + height - h, 0)]
    if any(missing):
        image, top, left = pad(image, missing), max(top, 0), max(left, 0)
    if is_pillow(image):
        return image.crop((left, top, left + width, top + height))
    if isinstance(image, Tensor):
        return image[..., top : top + height, left : left + width]
    return image[top : top + height, left : left + width]


def center_crop(image: Any, size: tuple[int, int]) -> Any:
    """The middle of the image, framed by 0 where it is too small."""
    (h, w), (height, width) = size_of(image), size
    if height > h or width > w:
        dx, dy = max(width - w, 0), max(height - h, 0)
        image = pad(image, [dx // 2, dy // 2, (dx + 1) // 2, (dy + 1) // 2])
        h, w = size_of(image)
    return crop(image, round((h - height) / 2.0), round((w - width) / 2.0), height, width)


def flip(image: Any, axis: int) -> Any:
    """Mirrored upside down (axis 0) or left to right (1)."""
    return _on_array(image, lambda array: np.ascontiguousarray(np.flip(array, axis)))


def pad(image: Any, padding: Any, fill: Any = 0, mode: str = "constant") -> Any:
    """Framed: on each side, on (left and right, top and bottom), or on (left, top, right, bottom)."""
    given: list[int] = [int(padding)] if isinstance(padding, (int, float)) else list(padding)
    left, top, right, bottom = {1: given * 4, 2: given * 2, 4: given}[len(given)]
    how: Any = mode  # NumPy's names of the modes are the same

    def framed(array: np.ndarray) -> np.ndarray:
        inside = array[max(-top, 0) : array.shape[0] - max(-bottom, 0), max(-left, 0) : array.shape[1] - max(-right, 0)]
        sides: Any = [(max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))] + [(0, 0)] * (array.ndim - 2)
        if mode != "constant":
            return np.pad(inside, sides, how)
        frame = np.empty([n + sum(side) for n, side in zip(inside.shape, sides, strict=True)], array.dtype)
        frame[...] = np.asarray(fill).astype(array.dtype)
        frame[sides[0][0] : sides[0][0] + inside.shape[0], sides[1][0] : sides[1][0] + inside.shape[1]] = inside
        return frame

    return _on_array(image, framed)


def grayscale(image: Any, channels: int) -> Any:
    """Luminance, in 1 or 3 equal channels, by the weights of ITU-R 601."""
    if channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if is_pillow(image):
        grey = image.convert("L")
        return grey if channels == 1 else to_pil(np.stack([np.asarray(grey)] * 3, 2), "RGB")
    if isinstance(image, Tensor):
        array = image.detach()._array
        if array.shape[-3] == 3:  # one channel is grey already
            red, green, blue = np.moveaxis(array, -3, 0)
            grey = (0.2989 * red + 0.587 * green + 0.114 * blue).astype(array.dtype)
            array = np.stack([grey] * channels, -3)
        return from_numpy(array)
    if image.ndim == 3:  # in Pillow's whole numbers
        red, green, blue = np.moveaxis(image.astype(np.uint32), -1, 0)
        image = ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16).astype(np.uint8)
    return image if channels == 1 else np.stack([image] * 3, -1)


# ---- another size --------------------------------------------------------------------------------------------------------


def resized_size(size: tuple[int, int], wanted: Sequence[int], max_size: int | None) -> tuple[int, int]:
    """The height and width that ``Resize(wanted)`` gives an image of this size."""
    if len(wanted) == 2:
        return wanted[0], wanted[1]
    height, width = size
    short, long = min(size), max(size)
    new_short, new_long = wanted[0], int(wanted[0] * long / short)
    if max_size is not None:
        if max_size <= new_short:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = "
                f"{list(wanted)}"
            )
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if width <= height else (new_short, new_long)


def resize(image: Any, size: tuple[int, int], mode: str, antialias: bool) -> Any:
    """The image in another size, by the filter ``mode``: "nearest", "nearest-exact", "bilinear" or "bicubic".

    Each new pixel is a weighted mean of the old ones around its place, rows and columns apart. With ``antialias`` the filter
    grows with the reduction, as Pillow's always does.
    """
    if size == size_of(image):
        return image
    if is_pillow(image):
        from PIL import Image

        filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
        return image.resize((size[1], size[0]), filters.get(mode, Image.Resampling.NEAREST))
    is_tensor = isinstance(image, Tensor)

    def made(array: np.ndarray) -> np.ndarray:
        if mode.startswith("nearest"):
            middle = 0.5 if mode == "nearest-exact" or not is_tensor else 0.0
            rows, columns = (
                np.minimum(((np.arange(new) + middle) * (old / new)).astype(int), old - 1)
                for new, old in zip(size, array.shape, strict=False)
            )
            return array[rows][:, columns]
        result = array.astype(np.float64)
        in_bytes = not is_tensor and array.dtype == np.uint8
        passes = [1, 0]  # Pillow changes the width first, unless only the height shrinks
        for axis in passes[::-1] if size[0] < array.shape[0] and size[1] > array.shape[1] else passes:
            weights = _weights(array.shape[axis], size[axis], mode, antialias)
            result = np.moveaxis(np.tensordot(weights, result, (1, axis)), 0, axis)
            if in_bytes:  # and rounds twice; PyTorch rounds once
                result = _rounded(result, array.dtype).astype(np.float64)
        return _rounded(result, array.dtype)

    return _on_array(image, made)


def _rounded(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    if dtype.kind == "f":
        return values.astype(dtype)
    info = np.iinfo(dtype)
    return np.clip(np.floor(values + 0.5), info.min, info.max).astype(dtype)


def _weights(old: int, new: int, mode: str, antialias: bool) -> np.ndarray:
    """The matrix new x old by which a line of pixels is resized: each row the filter, centred, cut off, summing to 1."""
    scale = old / new
    stretch = max(scale, 1.0) if antialias else 1.0
    centers = (np.arange(new) + 0.5) * scale
    if not antialias:  # what lies beyond the edge repeats it
        reach = {"bilinear": 1, "bicubic": 2}[mode]
        first = np.floor(centers - 0.5).astype(int)
        matrix = np.zeros((new, old))
        for k in range(1 - reach, reach + 1):
            weight = _filter(first + k + 0.5 - centers, mode, -0.75)
            np.add.at(matrix, (np.arange(new), np.clip(first + k, 0, old - 1)), weight)
        return matrix
    matrix = _filter((np.arange(old) + 0.5 - centers[:, None]) / stretch, mode, -0.5)
    normalized: np.ndarray = matrix / matrix.sum(1, keepdims=True)
    return normalized


def _filter(x: np.ndarray, mode: str, a: float) -> np.ndarray:
    """The triangle, or Keys's cubic with the parameter ``a`` (R. Keys, 1981)."""
    x = np.abs(x)
    if mode == "bilinear":
        return np.maximum(1 - x, 0)
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def as_pair(size: Any, words: str) -> tuple[int, int]:
    """``(size, size)`` of a number or of a sequence of one, else the sequence of two."""
    if isinstance(size, (int, float)):
        return int(size), int(size)
    if len(size) not in (1, 2) or not math.isfinite(sum(size)):
        raise ValueError(words)
    return (size[0], size[-1])
