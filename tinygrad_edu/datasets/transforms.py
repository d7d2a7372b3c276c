"""Transforms of images, with torchvision's names, arguments, printed forms and random draws.

``from torchvision import transforms`` becomes ``from tinygrad_edu.datasets import transforms``. Images are tensors
(..., H, W), uint8 arrays H x W or H x W x C, or Pillow's images; what comes out is of the kind that went in.

See https://docs.pytorch.org/vision/stable/transforms.html
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

from ..creation import as_tensor
from ..nn import Module
from ..random import rand, randint
from ..tensor import Tensor
from . import images

__all__ = [
    "CenterCrop", "Compose", "Grayscale", "InterpolationMode", "Lambda", "Normalize", "PILToTensor", "Pad", "RandomApply",
    "RandomCrop", "RandomHorizontalFlip", "RandomVerticalFlip", "Resize", "ToPILImage", "ToTensor",
]  # fmt: skip


class InterpolationMode(enum.Enum):
    """How :class:`Resize` weighs pixels."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


_PILLOWS_NUMBERS = {0: InterpolationMode.NEAREST, 2: InterpolationMode.BILINEAR, 3: InterpolationMode.BICUBIC}


def _listed(name: str, lines: Sequence[Any]) -> str:
    return "".join([f"{name}(", *(f"\n    {line}" for line in lines), "\n)"])


class Compose:
    """Several transforms, one after the other.

    Args:
        transforms: the list of them.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    @property
    def takes_arrays(self) -> bool:
        """Whether an array of bytes gives the same result as Pillow's image of it."""
        return bool(self.transforms) and getattr(self.transforms[0], "takes_arrays", False)

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class _OfPicture:
    """A transform from a picture, without options."""

    takes_arrays = True

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToTensor(_OfPicture):
    """A Pillow image or an array H x W x C as a tensor C x H x W; bytes become floats from 0 to 1."""

    def __call__(self, pic: Any) -> Tensor:
        return images.to_tensor(pic)


class PILToTensor(_OfPicture):
    """A Pillow image (or an array H x W x C) as a tensor C x H x W of the same dtype."""

    def __call__(self, pic: Any) -> Tensor:
        return images.without_scaling(pic)


class ToPILImage:
    """A tensor C x H x W, or an array H x W x C, as a Pillow image.

    Args:
        mode: Pillow's name of the colour space; by default what the channels and the dtype suggest.

    Raises:
        ImportError: Pillow is not installed.
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return images.to_pil(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class Lambda:
    """A function of the user's as a transform.

    Raises:
        TypeError: ``lambd`` is not callable.
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomApply(Module):
    """The transforms in a list, all of them with probability ``p``, else none."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        if self.p < rand(1).item():
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _listed(type(self).__name__, [f"p={self.p}", *self.transforms])


class Normalize(Module):
    """``(channel - mean[channel]) / std[channel]`` of a float tensor (..., C, H, W).

    Args:
        mean, std: one number for each channel, or one for all.
        inplace: write the result into the tensor.

    Raises:
        TypeError: no tensor, or not of floats.
        ValueError: fewer than three dimensions, or a ``std`` of zero.
    """

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Any) -> Tensor:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
        if not tensor.is_floating_point():
            raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
        if tensor.ndim < 3:
            raise ValueError(
                f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.size()}"
            )
        mean, std = as_tensor(self.mean, dtype=tensor.dtype), as_tensor(self.std, dtype=tensor.dtype)
        if (std == 0).any():
            raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
        mean, std = (each.view(-1, 1, 1) if each.ndim == 1 else each for each in (mean, std))
        return (tensor if self.inplace else tensor.clone()).sub_(mean).div_(std)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Resize(Module):
    """Another size.

    Args:
        size: (height, width), or the length of the shorter side, which keeps the proportions.
        interpolation: how pixels are weighed.
        max_size: the most that the longer side may have, where ``size`` is one number.
        antialias: whether reductions of tensors and arrays are smoothed, as Pillow's always are.

    Raises:
        TypeError: ``size`` is neither a number nor a sequence.
        ValueError: it has more than two numbers, or ``max_size`` does not fit to it.
    """

    def __init__(
        self,
        size: Any,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        if isinstance(interpolation, int):
            interpolation = _PILLOWS_NUMBERS[interpolation]
        if not isinstance(interpolation, InterpolationMode):
            raise TypeError(
                "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant"
            )
        self.size = size
        self.interpolation = interpolation
        self.max_size = max_size
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        wanted = [self.size] if isinstance(self.size, int) else list(self.size)
        if self.max_size is not None and len(wanted) != 1:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, i.e. size should be an "
                "int or a sequence of length 1 in torchscript mode."
            )
        size = images.resized_size(images.size_of(img), wanted, self.max_size)
        return images.resize(img, size, self.interpolation.value, bool(self.antialias))

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, interpolation={self.interpolation.value}, max_size={self.max_size}, "
            f"antialias={self.antialias})"
        )


_TWO = "Please provide only two dimensions (h, w) for size."


class CenterCrop(Module):
    """The middle of the image; where the image is smaller, it is framed by 0.

    Args:
        size: (height, width), or one number for both.
    """

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = images.as_pair(size, _TWO)

    def forward(self, img: Any) -> Any:
        return images.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(Module):
    """A frame around the image.

    Args:
        padding: its width: on every side, (left and right, top and bottom), or (left, top, right, bottom).
        fill: the number that fills it.
        padding_mode: "constant", or "edge", "reflect", "symmetric", which repeat the image.
    """

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        if not isinstance(padding, (int, float, tuple, list)):
            raise TypeError("Got inappropriate padding arg")
        if not isinstance(fill, (int, float, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple")
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        return images.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class RandomCrop(Module):
    """A rectangle of the image, at random.

    Args:
        size: (height, width), or one number for both.
        padding, fill, padding_mode: the frame that the image first gets, as of :class:`Pad`.
        pad_if_needed: frame an image that is too small; otherwise it raises a ValueError.
    """

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant"
    ) -> None:
        super().__init__()
        self.size = images.as_pair(size, _TWO)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, height and width of the rectangle, drawn at random."""
        (h, w), (height, width) = images.size_of(img), output_size
        if h < height or w < width:
            raise ValueError(f"Required crop size {(height, width)} is larger than input image size {(h, w)}")
        if (h, w) == (height, width):
            return 0, 0, h, w
        top = int(randint(0, h - height + 1, size=(1,)).item())
        return top, int(randint(0, w - width + 1, size=(1,)).item()), height, width

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = images.pad(img, self.padding, self.fill, self.padding_mode)
        (h, w), (height, width) = images.size_of(img), self.size
        if self.pad_if_needed and w < width:
            img = images.pad(img, [width - w, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and h < height:
            img = images.pad(img, [0, height - h], self.fill, self.padding_mode)
        return images.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class _RandomFlip(Module):
    _axis: int

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return images.flip(img, self._axis) if rand(1).item() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(_RandomFlip):
    """The image mirrored left to right with probability ``p``."""

    _axis = 1


class RandomVerticalFlip(_RandomFlip):
    """The image mirrored upside down with probability ``p``."""

    _axis = 0


class Grayscale(Module):
    """Luminance.

    Args:
        num_output_channels: 1, or 3 equal ones.
    """

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return images.grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"
