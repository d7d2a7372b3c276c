"""A layer and the batch norm after it as one layer, for evaluation
(https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.fuse_conv_bn_eval.html)."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ...creation import ones_like, zeros_like
from ..parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]

_M = TypeVar("_M")


def _check(layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")


def _statistics(bn: Any) -> Any:
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    return bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias


def fuse_conv_bn_eval(conv: _M, bn: Any, transpose: bool = False) -> _M:
    """A convolution that does what ``conv`` and then ``bn`` do in evaluation.

    Args:
        conv: a convolution.
        bn: a batch norm with running statistics.
        transpose: whether the convolution is a transposed one.

    Raises:
        AssertionError: if one of them is in training mode.
    """
    _check(conv, bn)
    fused: Any = copy.deepcopy(conv)
    mean, var, eps, weight, bias = _statistics(bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, mean, var, eps, weight, bias, transpose)
    return fused


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any, transpose: bool = False
) -> tuple[Parameter, Parameter]:
    """W · γ / √(variance + eps), and (b - mean) · γ / √(variance + eps) + β, as parameters.

    Args:
        conv_w, conv_b: weight and bias (or None) of the convolution.
        bn_rm, bn_rv, bn_eps: running mean and variance, and eps, of the batch norm.
        bn_w, bn_b: γ and β, its weight and bias (or None).
        transpose: whether the convolution is a transposed one.
    """
    kinds = conv_w.dtype, conv_w.dtype if conv_b is None else conv_b.dtype
    conv_b = zeros_like(bn_rm) if conv_b is None else conv_b
    bn_w = ones_like(bn_rm) if bn_w is None else bn_w
    bn_b = zeros_like(bn_rm) if bn_b is None else bn_b
    factor = (bn_rv + bn_eps).rsqrt()
    shape = [1, 1] + [1] * (conv_w.dim() - 2)
    shape[1 if transpose else 0] = -1
    weight = (conv_w * (bn_w * factor).reshape(shape)).to(dtype=kinds[0])
    bias = ((conv_b - bn_rm) * factor * bn_w + bn_b).to(dtype=kinds[1])
    return Parameter(weight, conv_w.requires_grad), Parameter(bias, conv_b.requires_grad)


def fuse_linear_bn_eval(linear: _M, bn: Any) -> _M:
    """A linear layer that does what ``linear`` and then ``bn`` do in evaluation.

    Raises:
        AssertionError: if one of them is in training mode, or their sizes do not fit.
    """
    _check(linear, bn)
    fused: Any = copy.deepcopy(linear)
    if fused.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, "
            f"got linear.out_features={fused.out_features} and bn.num_features={bn.num_features}"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, *_statistics(bn))
    return fused


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """As :func:`fuse_conv_bn_weights`, for a linear layer."""
    kinds = linear_w.dtype, linear_w.dtype if linear_b is None else linear_b.dtype
    linear_b = zeros_like(bn_rm) if linear_b is None else linear_b
    scale = bn_w * (bn_rv + bn_eps).rsqrt()
    weight = linear_w * scale.unsqueeze(-1).to(dtype=kinds[0])
    bias = ((linear_b - bn_rm) * scale + bn_b).to(dtype=kinds[1])
    return Parameter(weight, linear_w.requires_grad), Parameter(bias, linear_b.requires_grad)
