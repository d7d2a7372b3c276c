"""Layers as functions (https://docs.pytorch.org/docs/2.13/nn.functional.html)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..functions import dropout as _dropout
from ..functions.conv import *
from ..functions.embedding import *
from ..functions.feature_dropout import *
from ..functions.linalg import bilinear as bilinear
from ..functions.linalg import linear as linear
from ..functions.loss import nll, probability_target, refuse_gradient, same_size, smoothed_target, weighted_reduction
from ..functions.norm import *
from ..functions.padding import *
from ..functions.pooling import *
from ..functions.reduction import log_softmax as _log_softmax
from ..functions.reduction import softmax as _softmax
from ..functions.resize import *
from ..functions.shape import broadcast_shapes
from ..functions.unpooling import *
from ..inplace import in_place
from ..ops import activation as _activation
from ..ops import elementwise as _elementwise
from ..ops import loss as _loss
from ..ops import smooth as _smooth
from ..tensor import Tensor
from ._reduction import legacy_get_string

_REDUCTIONS = frozenset(("none", "mean", "sum"))


# ---- activations ---------------------------------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(0, x), element by element."""
    return _relu_(input) if inplace else _activation.relu.function(input)


def relu_(input: Tensor) -> Tensor:
    """In-place version of :func:`relu`."""
    return _relu_(input)


_relu_ = in_place(lambda input: _activation.relu.function(input), "relu_")


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), element by element."""
    return _elementwise.sigmoid.function(input)


def tanh(input: Tensor) -> Tensor:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), element by element."""
    return _elementwise.tanh.function(input)


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(xᵢ) / Σⱼ exp(xⱼ) along ``dim``; computed in ``dtype`` if given."""
    if dim is None:
        dim = _implicit_dim("softmax", input, _stacklevel)
    return _softmax(input, dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(exp(xᵢ) / Σⱼ exp(xⱼ)) along ``dim``; computed in ``dtype`` if given."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input, _stacklevel)
    return _log_softmax(input, dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """:func:`softmax` of -x."""
    if dim is None:
        dim = _implicit_dim("softmin", input, _stacklevel)
    return _softmax(_elementwise.neg.function(input), dim, dtype)


def _implicit_dim(name: str, input: Tensor, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input._array.ndim in (0, 1, 3) else 1


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + exp(-x))), element by element."""
    return _activation.log_sigmoid.function(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``negative_slope`` · x."""
    return (_leaky_relu_ if inplace else _smooth.leaky_relu.function)(input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``alpha`` · (exp(x) - 1)."""
    return (_elu_ if inplace else _smooth.elu.function)(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """:func:`elu` with the alpha, and times the scale, that keep mean 0 and variance 1 (https://arxiv.org/abs/1706.02515)."""
    return (_elu_ if inplace else _smooth.elu.function)(input, 1.6732632423543772, 1.0507009873554805)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x · Φ(x) with Φ the normal distribution function, or its approximation by tanh."""
    return _smooth.gelu.function(input, approximate=approximate)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(``beta`` · x)) / ``beta``; x itself where ``beta`` · x is above ``threshold``."""
    return _smooth.softplus.function(input, beta, threshold)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x, but not below ``min_val`` and not above ``max_val``."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return (_hardtanh_ if inplace else _smooth.hardtanh.function)(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(0, x), 6), element by element."""
    return hardtanh(input, 0.0, 6.0, inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x), element by element."""
    return (_silu_ if inplace else _smooth.silu.function)(input)


_leaky_relu_ = in_place(lambda *args: _smooth.leaky_relu.function(*args), "leaky_relu_")
_elu_ = in_place(lambda *args: _smooth.elu.function(*args), "elu_")
_hardtanh_ = in_place(lambda *args: _smooth.hardtanh.function(*args), "hardtanh_")
_silu_ = in_place(lambda input: _smooth.silu.function(input), "silu_")


# ---- dropout, normalisation ----------------------------------------------------------------------------------------


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, sets each element to zero with probability ``p`` and multiplies the others by 1 / (1 - p)."""
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return _dropout.dropout_(input, p, training) if inplace else _dropout.dropout(input, p, training)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """x / max(‖x‖ₚ, eps) along ``dim``."""
    length: Any = input.norm(p, dim, keepdim=True).clamp_min(eps)
    return _elementwise.div.function(input, length.expand_as(input), out=out)


# ---- losses --------------------------------------------------------------------------------------------------------


def _reduction(size_average: Any, reduce: Any, reduction: Any) -> str:
    """``reduction``, in its old spelling or the new one, if there is such a one."""
    if size_average is not None or reduce is not None:
        return legacy_get_string(size_average, reduce)
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3)
        return "mean"
    if not isinstance(reduction, str) or reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _require_tensors(function: str, **arguments: Any) -> None:
    """PyTorch's error for an argument that is neither a tensor nor (but for the first two) None."""
    for position, (name, each) in enumerate(arguments.items()):
        if not isinstance(each, Tensor) and (each is not None or position < 2):
            raise TypeError(
                f"{function}(): argument '{name}' (position {position + 1}) must be Tensor, not {type_name(each)}"
            )


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-weight[y] · log softmax(x)[y], the cross entropy between logits x and class y.

    Shapes: x (N, C), (C,) or (N, C, d₁, ...); target the same without C, class indices, or as x, probabilities of the
    classes. With ``label_smoothing`` that part of the target is spread evenly over all classes.
    """
    if size_average is not None or reduce is not None or reduction not in ("mean", "sum", "none"):
        reduction = _reduction(size_average, reduce, reduction)
    if not (isinstance(input, Tensor) and isinstance(target, Tensor) and (weight is None or isinstance(weight, Tensor))):
        _require_tensors("cross_entropy_loss", input=input, target=target, weight=weight)
    if not isinstance(label_smoothing, (int, float)):
        kind = type_name(label_smoothing)
        raise TypeError(f"cross_entropy_loss(): argument 'label_smoothing' (position 6) must be float, not {kind}")
    x, y = input._array, target._array
    dim = 0 if x.ndim == 1 else 1
    if x.shape == y.shape:
        return probability_target(input, target, weight, ignore_index, reduction, label_smoothing, dim)
    if label_smoothing > 0.0:
        return smoothed_target(input, target, weight, ignore_index, reduction, label_smoothing, dim)
    return nll(_activation.log_softmax.function(input, dim), target, weight, ignore_index, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight[y] · x[y], the negative log-likelihood of class y, from log-probabilities x.

    Shapes: x (N, C), (C,) or (N, C, d₁, ...); target the same without C. The mean is weighted too, and targets equal to
    ``ignore_index`` do not count.
    """
    if size_average is not None or reduce is not None or reduction not in ("mean", "sum", "none"):
        reduction = _reduction(size_average, reduce, reduction)
    if not (isinstance(input, Tensor) and isinstance(target, Tensor) and (weight is None or isinstance(weight, Tensor))):
        _require_tensors("nll_loss_nd", input=input, target=target, weight=weight)
    if type(ignore_index) is not int:
        kind = type_name(ignore_index)
        raise TypeError(f"nll_loss_nd(): argument 'ignore_index' (position 5) must be int, not {kind}")
    return nll(input, target, weight, ignore_index, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x - y)², the squared error of each element."""
    a, b = same_size(input, target)
    if weight is None:
        if size_average is not None or reduce is not None or reduction not in ("mean", "sum", "none"):
            reduction = _reduction(size_average, reduce, reduction)
        return _loss.mse_loss.function(a, b, reduction)
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    return weighted_reduction((a - b).pow(2), weight, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x - y|, the absolute error of each element."""
    a, b = same_size(input, target)
    losses = (a - b).abs()
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    if weight is not None:
        if weight.shape != input.shape:
            raise ValueError("Weights and input must have the same size.")
        return weighted_reduction(losses, weight, reduction)
    reduction = _reduction(None, None, reduction)
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """(x - y)² / (2 beta) where |x - y| is below ``beta``, else |x - y| - beta / 2."""
    a, b = same_size(input, target)
    reduction = _reduction(size_average, reduce, reduction)
    return l1_loss(a, b, reduction=reduction) if beta == 0.0 else _loss.smooth_l1_loss.function(a, b, reduction, beta)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """(x - y)² / 2 where |x - y| is at most ``delta``, else ``delta`` · (|x - y| - delta / 2)."""
    a, b = same_size(input, target)
    if weight is None:
        return _loss.huber_loss.function(a, b, _reduction(None, None, reduction), delta)
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    losses = _loss.huber_loss.function(a, b, "none", delta)
    if reduction == "mean":
        return (losses * weight).mean()
    return weighted_reduction(losses, weight, reduction)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight · (y log x + (1 - y) log(1 - x)) for probabilities x and y; the logarithms are at least -100."""
    if size_average is not None or reduce is not None or reduction not in ("mean", "sum", "none"):
        reduction = _reduction(size_average, reduce, reduction)
    if target._array.shape != input._array.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(broadcast_shapes(target.shape, weight.shape))
        refuse_gradient("binary_cross_entropy", weight=weight)
    return _loss.binary_cross_entropy.function(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-weight · (pos_weight · y log s + (1 - y) log(1 - s)) with s = sigmoid(x), without overflow."""
    if size_average is not None or reduce is not None or reduction not in ("mean", "sum", "none"):
        reduction = _reduction(size_average, reduce, reduction)
    if target._array.shape != input._array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if input._array.dtype.kind == "f" and target._array.dtype.kind != "f":
        kind = target.dtype.legacy_name
        raise RuntimeError(f"result type {input.dtype.legacy_name} can't be cast to the desired output type {kind}")
    if weight is not None or pos_weight is not None:
        refuse_gradient("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    return _loss.binary_cross_entropy_with_logits.function(input, target, weight, pos_weight, reduction)


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """For each class index a vector with 1 in its place and 0 elsewhere: shape (*, C), int64."""
    if not isinstance(input, Tensor):
        raise TypeError(f"one_hot(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if isinstance(num_classes, (bool, float)) or not hasattr(num_classes, "__index__"):
        raise TypeError(f"one_hot(): argument 'num_classes' (position 2) must be int, not {type_name(num_classes)}")
    classes, indices = num_classes.__index__(), input._array
    if indices.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not indices.size:
        if classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wrap(np.empty((*indices.shape, classes), np.int64))
    if indices.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    largest = int(indices.max())
    if classes == -1:
        classes = largest + 1
    elif classes <= largest:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wrap((indices[..., np.newaxis] == np.arange(classes)).astype(np.int64))
