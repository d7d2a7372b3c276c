"""Convolutions: the forms in which their arguments may come, and the checks."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.errors import type_name
from ..ops import conv as _conv
from ..ops.complex import complex_
from ..ops.conv import output_sizes
from ..ops.shape import squeeze_one, unsqueeze
from ..overloads import combination_error
from ..tensor import Tensor
from .padding import constant_pad

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

_NAMES = ("stride", "padding", "dilation", "groups")


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The sums of products of a kernel with the windows of a signal; the arguments are those of :func:`conv2d`."""
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The sums of products of a kernel with the windows of an image.

    Shapes: input (N, C, H, W) or (C, H, W), weight (O, C / groups, kH, kW), bias (O). ``stride``, ``padding`` and
    ``dilation`` are numbers or one for each axis; padding "same" gives a result of the input's size, "valid" is 0.
    """
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The sums of products of a kernel with the windows of a volume; the arguments are those of :func:`conv2d`."""
    return _convolution("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The transpose of :func:`conv1d`; the arguments are those of :func:`conv_transpose2d`."""
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The transpose of :func:`conv2d` as a linear map: each pixel is spread over a window, weighted by the kernel.

    Shapes: input (N, C, H, W) or (C, H, W), weight (C, O / groups, kH, kW), bias (O). ``output_padding`` is added to the
    result's size at one end.
    """
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The transpose of :func:`conv3d`; the arguments are those of :func:`conv_transpose2d`."""
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _convolution(
    name: str, n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    if not (_are_tensors(input, weight, bias) and type(groups) is int and _are_ints(stride, dilation)) or not (
        isinstance(padding, str) or _are_ints(padding)
    ):
        raise _complaint(name, (input, weight, bias), zip(_NAMES, (stride, padding, dilation, groups), strict=True))
    unbatched = _is_unbatched(name, n, input)
    if unbatched:
        input = unsqueeze.function(input, 0)
    dims = _spatial_dims(weight)
    if padding == "same" and dims != n:
        raise _rank_error(input._array.shape, weight._array.shape, "weight")
    stride, dilation = _expanded("stride", stride, dims, n), _expanded("dilation", dilation, dims, n)
    _check_dilation(dilation)
    if isinstance(padding, str):
        input, pads = _named_padding(padding, input, weight._array.shape[2:], stride, dilation)
    else:
        pads = _expanded("padding", padding, dims, n)
    _check(input._array.shape, weight._array.shape, bias, stride, pads, dilation, groups)
    geometry = {"stride": stride, "padding": pads, "dilation": dilation, "groups": groups}
    result = _run(_conv.convolution.function, input, weight, bias, geometry)
    return squeeze_one.function(result, 0) if unbatched else result


def _transposed(
    name: str, n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any, groups: Any,
    dilation: Any,
) -> Tensor:  # fmt: skip
    for position, (argument, each) in enumerate((("input", input), ("weight", weight), ("bias", bias)), 1):
        if not isinstance(each, Tensor) and (each is not None or position < 3):
            raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type_name(each)}")
    geometry = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    for argument, value in geometry.items():
        if not _are_ints(value):
            raise TypeError(f"{name}(): argument '{argument}' must be tuple of ints, not {type_name(value)}")
    if type(groups) is not int:
        raise TypeError(f"{name}(): argument 'groups' must be int, not {type_name(groups)}")
    unbatched = _is_unbatched(name, n, input)
    if unbatched:
        input = unsqueeze.function(input, 0)
    dims = _spatial_dims(weight)
    stride, padding, output_padding, dilation = (_expanded(each, value, dims, n) for each, value in geometry.items())
    _check_dilation(dilation)
    if min(output_padding) < 0 and min(padding) >= 0:
        raise RuntimeError("negative output_padding is not supported")
    _check(input._array.shape, weight._array.shape, bias, stride, padding, dilation, groups, transposed=True)
    if any(extra >= s and extra >= d for extra, s, d in zip(output_padding, stride, dilation, strict=True)):
        axes = ("depth", "height", "width")[-n:] if n > 1 else ("height", "width")
        given = (("output_padding", output_padding), ("stride", stride), ("dilation", dilation))
        listed = " ".join(
            f"{what}_{axis}: {value}"
            for what, values in given
            for axis, value in zip(axes, values if n > 1 else (0 if what == "output_padding" else 1, *values), strict=True)
        )
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {listed}")
    sizes, kernel = input._array.shape[2:], weight._array.shape[2:]
    outputs = [
        (m - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for m, k, s, p, d, extra in zip(sizes, kernel, stride, padding, dilation, output_padding, strict=True)
    ]
    if min(outputs) < 1:
        raise RuntimeError(
            f"Given input size per channel: {_by(sizes)}. Calculated output size per channel: {_by(outputs)}. Output size is "
            "too small"
        )
    geometry |= {"padding": padding, "stride": stride, "output_padding": output_padding, "dilation": dilation}
    result = _run(_conv.conv_transpose.function, input, weight, bias, {**geometry, "groups": groups})
    return squeeze_one.function(result, 0) if unbatched else result


def _run(function: Any, input: Any, weight: Any, bias: Any, geometry: dict[str, Any]) -> Any:
    """The operation; of complex numbers, as in PyTorch, three of real ones."""
    if input._array.dtype.kind != "c" or weight._array.dtype.kind != "c":
        return function(input, weight, bias, **geometry)
    real, both = (None, None) if bias is None else (bias.real, bias.real + bias.imag)
    a = function(input.real, weight.real, real, **geometry)
    b = function(input.imag, weight.imag, None, **geometry)
    c = function(input.real + input.imag, weight.real + weight.imag, both, **geometry)
    return complex_.function(a - b, c - a - b)


def _are_tensors(input: Any, weight: Any, bias: Any) -> bool:
    return isinstance(input, Tensor) and isinstance(weight, Tensor) and (bias is None or isinstance(bias, Tensor))


def _are_ints(*values: Any) -> bool:
    """Whether each is an int or a sequence of ints."""
    for value in values:
        if type(value) is int:
            continue
        for each in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(each, (bool, float, str)) or not hasattr(each, "__index__"):
                return False
    return True


def _complaint(name: str, tensors: Any, keywords: Any) -> TypeError:
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    changed = {key: value for key, value in keywords if type(value) is not int or value != usual[key]}
    given = tensors if tensors[2] is not None else tensors[:2]
    return combination_error(name, given, changed)


def _is_unbatched(name: str, n: int, input: Any) -> bool:
    ndim = input._array.ndim
    if ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input._array.shape)}"
        )
    return ndim == n + 1


def _spatial_dims(weight: Any) -> int:
    if weight._array.ndim < 3:
        raise RuntimeError("weight should have at least three dimensions")
    return weight._array.ndim - 2


def _expanded(name: str, value: Any, dims: int, n: int) -> tuple[int, ...]:
    """One int for each of the kernel's axes."""
    if type(value) is int:
        value = (value,) * n
    elif not isinstance(value, (tuple, list)):
        value = (value.__index__(),) * n
    if len(value) == 1:
        return tuple(map(int, value)) * dims
    if len(value) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the convolution dimensions, "
            f"but got {name}={list(value)}"
        )
    return tuple(map(int, value))


def _named_padding(padding: str, input: Any, kernel: Any, stride: Any, dilation: Any) -> tuple[Any, tuple[int, ...]]:
    """``"valid"`` and ``"same"`` in numbers; where "same" is odd, the input is padded by one more at the end."""
    if padding == "valid":
        return input, (0,) * len(kernel)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if any(each % 2 for each in total):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the input be "
            "created (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/Convolution.cpp:1101.)",
            stacklevel=5,
        )
        input = constant_pad(input, [n for each in reversed(total) for n in (0, each % 2)], 0)
    return input, tuple(each // 2 for each in total)


def _by(sizes: Any) -> str:
    return f"({' x '.join(map(str, sizes))})"


def _check_dilation(dilation: Any) -> None:
    if min(dilation) < 0:
        raise RuntimeError("dilation should be greater than zero")


def _rank_error(shape: Any, weight: Any, words: str) -> RuntimeError:
    return RuntimeError(
        f"Expected {len(weight)}-dimensional input for {len(weight)}-dimensional {words}{list(weight)}, but got "
        f"{len(shape)}-dimensional input of size {list(shape)} instead"
    )


def _check(
    shape: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, transposed: bool = False
) -> None:
    """PyTorch's conditions on shapes."""
    for negative, message in (
        (groups < 1, "non-positive groups"), (min(padding) < 0, "negative padding"), (min(stride) < 1, "non-positive stride"),
        (min(dilation) < 1, "non-positive dilation"),
    ):  # fmt: skip
        if negative:
            raise RuntimeError(f"{message} is not supported")
    if len(weight) != len(shape):
        raise _rank_error(shape, weight, "weight ")
    if weight[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(weight)} instead"
        )
    if weight[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size "
            f"[{list(weight)}] instead"
        )
    given = "transposed=1" if transposed else f"groups={groups}"
    channels = weight[0] if transposed else weight[1] * groups
    if shape[1] != channels:
        raise RuntimeError(
            f"Given {given}, weight of size {list(weight)}, expected input{list(shape)} to have {channels} channels, but got "
            f"{shape[1]} channels instead"
        )
    results = weight[1] * groups if transposed else weight[0]
    if bias is not None and bias._array.shape != (results,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {list(weight)}, expected bias to be 1-dimensional "
            f"with {results} elements, but got bias of size {list(bias._array.shape)} instead"
        )
    if not transposed and min(output_sizes(shape[2:], weight[2:], stride, padding, dilation)) < 1:
        padded = [n + 2 * p for n, p in zip(shape[2:], padding, strict=True)]
        reach = [d * (k - 1) + 1 for k, d in zip(weight[2:], dilation, strict=True)]
        raise RuntimeError(
            f"Calculated padded input size per channel: {_by(padded)}. Kernel size: {_by(reach)}. Kernel size can't be greater "
            "than actual input size"
        )
    if 0 in weight[2:]:
        raise RuntimeError(f"kernel size should be greater than zero, but got weight of size {list(weight)}")
