"""Convolutions as modules (https://docs.pytorch.org/docs/2.13/nn.html#convolution-layers)."""

from __future__ import annotations

import math
from typing import Any

from ..creation import empty
from . import functional as F
from . import init
from ._tuples import ntuple
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_PADDINGS = {"same", "valid"}
_PADDING_MODES = {"zeros", "reflect", "replicate", "circular"}


class _ConvNd(Module):
    kernel_size: Any
    stride: Any
    padding: Any
    dilation: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: str | tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in _PADDINGS:
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {_PADDINGS}")
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {_PADDING_MODES}, but got padding_mode='{padding_mode}'")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._as_pad_takes_it()
        outer, inner = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        self.weight = Parameter(empty((outer, inner // groups, *kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _as_pad_takes_it(self) -> Any:
        """The padding before and after each axis, the last axis first: what F.pad needs for modes other than zeros."""
        axes = list(zip(self.dilation, self.kernel_size, strict=True))
        if self.padding == "valid":
            return [0, 0] * len(axes)
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in reversed(axes)]
            return [n for total in totals for n in (total // 2, total - total // 2)]
        return [n for each in reversed(self.padding) for n in (each, each)]

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # the gain that makes the bound 1/√fan_in
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        words = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        n = len(self.kernel_size)
        for name, usual in (("padding", (0,) * n), ("dilation", (1,) * n), ("output_padding", (0,) * n), ("groups", 1)):
            if getattr(self, name) != usual:
                words.append(f"{name}={getattr(self, name)}")
        if self.bias is None:
            words.append("bias=False")
        if self.padding_mode != "zeros":
            words.append(f"padding_mode={self.padding_mode}")
        return ", ".join(words)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not hasattr(self, "padding_mode"):
            self.padding_mode = "zeros"


class _Convolution(_ConvNd):
    """What the convolutions share; ``_axes`` and ``_function`` are their number of axes and their function."""

    _axes: int
    _function: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        n = self._axes
        pads = padding if isinstance(padding, str) else ntuple(padding, n)
        sizes = ntuple(kernel_size, n), ntuple(stride, n), pads, ntuple(dilation, n)
        nothing = (0,) * n
        super().__init__(in_channels, out_channels, *sizes, False, nothing, groups, bias, padding_mode, device, dtype)

    def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = (0,) * self._axes
        return self._function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Any) -> Any:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Convolution):
    """The sums of products of kernels with the windows of a signal; the arguments are those of :class:`Conv2d`.

    Shapes: input (N, C, L) or (C, L); weight (out_channels, in_channels / groups, kernel_size).

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv1d.html
    """

    _axes = 1
    _function = staticmethod(F.conv1d)


class Conv2d(_Convolution):
    """The sums of products of kernels with the windows of images.

    Args:
        in_channels, out_channels: C of the input and of the output.
        kernel_size, stride, padding, dilation: numbers, or one for each axis; padding also "same" or "valid".
        groups: the number of parts into which channels are divided, each convolved for itself.
        bias: whether a number is added to each channel.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Shapes: input (N, C, H, W) or (C, H, W), output with H = (H + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1.

    Attributes:
        weight: shape (out_channels, in_channels / groups, kH, kW), drawn from U(-√k, √k), where
            k = groups / (in_channels · kH · kW).
        bias: shape (out_channels,), drawn from the same distribution.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv2d.html
    """

    _axes = 2
    _function = staticmethod(F.conv2d)


class Conv3d(_Convolution):
    """The sums of products of kernels with the windows of volumes; the arguments are those of :class:`Conv2d`.

    Shapes: input (N, C, D, H, W) or (C, D, H, W); weight (out_channels, in_channels / groups, kD, kH, kW).

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv3d.html
    """

    _axes = 3
    _function = staticmethod(F.conv3d)


class _ConvTransposeNd(_ConvNd):
    """What the transposed convolutions share."""

    _axes: int
    _function: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        n = self._axes
        sizes = ntuple(kernel_size, n), ntuple(stride, n), ntuple(padding, n), ntuple(dilation, n)
        extra = ntuple(output_padding, n)
        super().__init__(in_channels, out_channels, *sizes, True, extra, groups, bias, padding_mode, device, dtype)

    def _output_padding(self, input: Any, output_size: Any) -> Any:
        """What to add at one end so that the result has ``output_size``, which several inputs' sizes share."""
        if output_size is None:
            return self.output_padding
        n = self._axes
        leading = 2 if input.dim() == n + 2 else 1
        if len(output_size) == leading + n:
            output_size = output_size[leading:]
        if len(output_size) != n:
            raise ValueError(
                f"ConvTranspose{n}D: for {input.dim()}D input, output_size must have {n} or {leading + n} elements (got "
                f"{len(output_size)})"
            )
        smallest = [
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, s, p, d, k in zip(
                input.shape[leading:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        largest = [m + s - 1 for m, s in zip(smallest, self.stride, strict=True)]
        if any(not low <= size <= high for low, size, high in zip(smallest, output_size, largest, strict=True)):
            raise ValueError(
                f"requested an output size of {output_size}, but valid sizes range from {smallest} to {largest} (for an "
                f"input of {input.size()[2:]})"
            )
        return [size - m for size, m in zip(output_size, smallest, strict=True)]

    def forward(self, input: Any, output_size: Any = None) -> Any:
        extra = self._output_padding(input, output_size)
        return self._function(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of :class:`Conv1d`; the arguments are those of :class:`ConvTranspose2d`.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose1d.html
    """

    _axes = 1
    _function = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of :class:`Conv2d` as a linear map: each pixel is spread over a window, weighted by the kernel.

    Args:
        in_channels, out_channels: C of the input and of the output.
        kernel_size, stride, padding, dilation: of the convolution of which this is the transpose.
        output_padding: what is added to the output's size at one end, since convolutions of several sizes have one size.
        groups: the number of parts into which channels are divided.
        bias: whether a number is added to each channel.

    Shapes: input (N, C, H, W) or (C, H, W), output with
    H = (H - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1.

    Attributes:
        weight: shape (in_channels, out_channels / groups, kH, kW), drawn from U(-√k, √k), where
            k = groups / (out_channels · kH · kW).
        bias: shape (out_channels,), drawn from the same distribution.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose2d.html
    """

    _axes = 2
    _function = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of :class:`Conv3d`; the arguments are those of :class:`ConvTranspose2d`.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose3d.html
    """

    _axes = 3
    _function = staticmethod(F.conv_transpose3d)
