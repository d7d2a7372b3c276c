"""Normalisation: the checks, and the running statistics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import not_implemented, type_name
from ..autograd.runtime import wrap
from ..autograd.version import stamp_write
from ..ops import norm as _norm
from ..ops.activation import require_float
from ..tensor import Tensor
from .arguments import ints_of, require_tensor
from .loss import refuse_gradient
from .padding import pad
from .pooling import avg_pool2d, avg_pool3d

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x - mean) / √(variance + eps) · weight + bias, for each channel of x (N, C, ...).

    In training mean and (biased) variance are the batch's own and, if there are running ones, these move towards the
    batch's mean and (unbiased) variance, in place: running = (1 - momentum) · running + momentum · batch. Otherwise the
    running ones are used.

    Source: Ioffe & Szegedy, "Batch normalization", 2015 (https://arxiv.org/abs/1502.03167).
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"batch_norm(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    x = input._array
    if training and (x.ndim < 2 or x.size <= x.shape[1]):
        _require_several_values(x)
    if eps <= 0.0 and (training or eps < 0.0):
        wanted = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {wanted}, but got {eps}")
    if momentum is None or isinstance(momentum, str):
        raise TypeError(f"batch_norm(): argument 'momentum' (position 7) must be float, not {type_name(momentum)}")
    # Weight and bias are as long as x has channels, or the operation would broadcast them.
    channels = x.shape[1:2]
    for each in (weight, bias, running_mean, running_var):
        if each is not None and (
            not isinstance(each, Tensor) or each._array.shape != channels or each._array.dtype is not x.dtype
        ):
            _check_statistics(x, weight, bias, running_mean, running_var)
            weight, bias = (each if each is None else each.reshape(channels) for each in (weight, bias))
            break
    if running_mean is None or running_var is None:
        if (running_mean is None) is not (running_var is None):
            raise ValueError("running_mean and running_var must either both be None or neither be None")
        if not training:
            raise RuntimeError("running_mean must be defined in evaluation mode")
        return _norm.batch_norm.function(input, weight, bias, eps=eps)
    if running_mean._node is not None or running_var._node is not None:
        refuse_gradient("native_batch_norm", running_mean=running_mean, running_var=running_var)
    mean, var = running_mean._array, running_var._array
    if not training:
        return _norm.batch_norm.function(input, weight, bias, mean, var, eps=eps)
    # As in PyTorch, no version counter notices this write.
    return _norm.batch_norm.function(input, weight, bias, moving=(mean, var), momentum=momentum, eps=eps)


def _require_several_values(x: np.ndarray) -> None:
    values = x.shape[0] if x.ndim else 0
    for n in x.shape[2:]:
        values *= n
    if values == 1:
        size = wrap(x).shape
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def _check_statistics(x: np.ndarray, weight: Any, bias: Any, running_mean: Any, running_var: Any) -> None:
    """PyTorch's conditions on what batch_norm is given for each channel."""
    given = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    for position, (name, each) in enumerate(given.items()):
        if each is not None and not isinstance(each, Tensor):
            raise TypeError(f"batch_norm(): argument '{name}' (position {position + 2}) must be Tensor, not {type_name(each)}")
    channels = x.shape[1] if x.ndim > 1 else 0
    for name in ("running_mean", "running_var", "weight", "bias"):
        if given[name] is not None and given[name]._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {given[name]._array.size}")
    require_float(x, "batch_norm")
    for each in given.values():
        if each is not None and each._array.dtype != x.dtype and x.dtype.itemsize > 2:
            if x.dtype == np.float32:
                raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


# ---- over the features of each example -----------------------------------------------------------------------------


def _check_parameters(function: str, input: Any, weight: Any, bias: Any) -> None:
    require_tensor(function, input)
    for position, (name, each) in enumerate((("weight", weight), ("bias", bias)), 3):
        if each is not None:
            require_tensor(function, each, name, position)


def _check_dtypes(x: np.ndarray, weight: Any, bias: Any) -> None:
    """Parameters have the dtype of the input; beside half precision they may have single precision."""
    for each in (weight, bias):
        if each is not None and each._array.dtype != x.dtype and x.dtype.kind == "f":
            if x.dtype.itemsize == 2 and each._array.dtype == np.float32:
                continue
            if x.dtype == np.float32 or x.dtype.itemsize == 2:
                raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


def _check_normalized(shape: Any, normalized: tuple[int, ...], weight: Any, bias: Any, star: str = "*, ") -> None:
    if not normalized:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and each._array.shape != normalized:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(each._array.shape)} and normalized_shape = {list(normalized)}"
            )
    if len(shape) < len(normalized) or shape[len(shape) - len(normalized) :] != normalized:
        raise RuntimeError(
            f"Given normalized_shape={list(normalized)}, expected input with shape [{star}{', '.join(map(str, normalized))}], "
            f"but got input of size{list(shape)}"
        )


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """y = (x - mean) / √(variance + eps) · weight + bias, with the mean and (biased) variance of each example's features.

    ``normalized_shape`` are the last dimensions of x, over which mean and variance are taken; weight and bias have it.

    Source: Ba, Kiros & Hinton, "Layer normalization", 2016 (https://arxiv.org/abs/1607.06450).
    """
    normalized = ints_of("layer_norm", "normalized_shape", 2, normalized_shape)
    _check_parameters("layer_norm", input, weight, bias)
    x = input._array
    _check_normalized(x.shape, normalized, weight, bias)
    _check_dtypes(x, weight, bias)
    return _norm.layer_norm.function(input, weight, bias, len(normalized), eps)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """y = (x - mean) / √(variance + eps) · weight + bias, with the mean and variance of each group of channels.

    Source: Wu & He, "Group normalization", 2018 (https://arxiv.org/abs/1803.08494).
    """
    _check_parameters("group_norm", input, weight, bias)
    x = input._array
    shape = x.shape
    if x.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {x.ndim}")
    if shape[0] * shape[1] // num_groups * math.prod(shape[2:]) == 1:
        size = [shape[0] * shape[1] // num_groups, num_groups, *shape[2:]]
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")
    if num_groups <= 0:
        raise RuntimeError("Expected num groups to be greater than 0, got " + str(num_groups))
    if shape[1] % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and "
            f"num_groups={num_groups}"
        )
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and each._array.shape != shape[1:2]:
            given = list((each if weight is None else weight)._array.shape)  # PyTorch shows the weight's shape for both
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape "
                f"{given} and input of shape {list(shape)}"
            )
    _check_dtypes(x, weight, bias)
    return _norm.group_norm.function(input, weight, bias, num_groups, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x - mean) / √(variance + eps) · weight + bias, for each channel of each example of x (N, C, ...).

    As in PyTorch it is batch normalisation of one example with N · C channels.

    Source: Ulyanov, Vedaldi & Lempitsky, "Instance normalization", 2016 (https://arxiv.org/abs/1607.08022).
    """
    require_tensor("instance_norm", input)
    shape = input._array.shape
    if use_input_stats and math.prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    n, channels = shape[:2]
    mean, var, w, b = (each if each is None else each.repeat(n) for each in (running_mean, running_var, weight, bias))
    flat = input.contiguous().view(1, n * channels, *shape[2:])
    out = batch_norm(flat, mean, var, w, b, use_input_stats, momentum, eps)
    for each, repeated in ((running_mean, mean), (running_var, var)):
        if each is not None and repeated is not None:
            each._array[...] = repeated._array.reshape(n, channels).mean(0)
            stamp_write(each._array)
    return out.view(shape)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """y = x / √(mean(x²) + eps) · weight, with the mean over the last dimensions, which are ``normalized_shape``.

    ``eps`` is the dtype's machine epsilon if None.

    Source: Zhang & Sennrich, "Root mean square layer normalization", 2019 (https://arxiv.org/abs/1910.07467).
    """
    normalized = ints_of("rms_norm", "normalized_shape", 2, normalized_shape)
    _check_parameters("rms_norm", input, weight, None)
    x = input._array
    _check_normalized(x.shape, normalized, weight, None, "*")
    if x.dtype.kind not in "fc":
        raise not_implemented("rms_norm", x.dtype)
    wide = input.float() if x.dtype.itemsize == 2 else input
    if eps is None:
        eps = float(np.finfo(wide._array.dtype).eps)
    dims = tuple(range(-len(normalized), 0))
    out = wide * (wide.pow(2).mean(dims, keepdim=True) + eps).rsqrt()
    if weight is not None:
        out = out * weight
    return out.type_as(input)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha · mean(x²))^beta, with the mean over ``size`` neighbouring channels.

    Source: Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
    """
    shape = input._array.shape
    if len(shape) < 3:
        spaces = " " * 25
        raise ValueError(f"Expected 3D or higher dimensionality {spaces}input (got {len(shape)} dimensions)")
    if not input._array.size:
        return input
    squares = input.mul(input)
    before, after = size // 2, (size - 1) // 2
    if len(shape) == 3:
        padded = pad(squares.unsqueeze(1), (0, 0, before, after))
        means = avg_pool2d(padded, (size, 1), stride=1).squeeze(1)
    else:
        volumes = squares.view(shape[0], 1, shape[1], shape[2], -1)
        padded = pad(volumes, (0, 0, 0, 0, before, after))
        means = avg_pool3d(padded, (size, 1, 1), stride=1).squeeze(1).view(shape)
    return input / means.mul(alpha).add(k).pow(beta)


# ---- as functions of the package, in the order of PyTorch's kernels ------------------------------------------------
#
# ``cudnn_enabled`` is accepted and means nothing on a CPU.


def torch_layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """:func:`layer_norm`."""
    return layer_norm(input, normalized_shape, weight, bias, eps)


def torch_group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """:func:`group_norm`."""
    return group_norm(input, num_groups, weight, bias, eps)


def torch_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """:func:`batch_norm`, its arguments in another order."""
    return batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def torch_instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """:func:`instance_norm`, its arguments in another order."""
    return instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm of order ``pow`` of each slice of ``v`` along ``dim``, whose other axes are kept with length 1; of all of it
    if ``dim`` is -1.
    """
    if dim == -1:
        return v.norm(pow)
    rows: Any = v if dim == 0 else v.transpose(0, dim)
    norms = rows.reshape(rows.shape[0], -1).norm(pow, 1).view(-1, *(1,) * (v.dim() - 1))
    return norms if dim == 0 else norms.transpose(0, dim)


def weight_norm_(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """g · v / ‖v‖, with the length of each slice along ``dim``, or of all of ``v`` if ``dim`` is -1."""
    if dim in (0, v.dim() - 1):
        return _norm.weight_norm.function(v, g, dim)
    return v * (g / norm_except_dim(v, 2, dim))
