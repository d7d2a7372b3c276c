"""Layers as functions (https://docs.pytorch.org/docs/2.13/nn.functional.html)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..functions import dropout as _dropout
from ..functions.activation import *
from ..functions.attention import scaled_dot_product_attention as scaled_dot_product_attention
from ..functions.conv import *
from ..functions.ctc import *
from ..functions.divergence import *
from ..functions.embedding import *
from ..functions.feature_dropout import *
from ..functions.fractional import *
from ..functions.grid import *
from ..functions.linalg import bilinear as bilinear
from ..functions.linalg import linear as linear
from ..functions.loss import (
    legacy_get_string,
    nll,
    probability_target,
    reduction_of,
    refuse_gradient,
    require_tensors,
    same_size,
    smoothed_target,
    weighted_reduction,
)
from ..functions.margin import *
from ..functions.multihead import *
from ..functions.norm import *
from ..functions.padding import *
from ..functions.pooling import *
from ..functions.resize import *
from ..functions.shape import broadcast_shapes
from ..functions.unpooling import *
from ..methods import FUNCTIONS as _FUNCTIONS
from ..ops import activation as _activation
from ..ops import elementwise as _elementwise
from ..ops import loss as _loss
from ..tensor import Tensor

cosine_similarity = _FUNCTIONS["cosine_similarity"].function
pairwise_distance = _FUNCTIONS["pairwise_distance"].function

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
        reduction = reduction_of(size_average, reduce, reduction)
    if not (isinstance(input, Tensor) and isinstance(target, Tensor) and (weight is None or isinstance(weight, Tensor))):
        require_tensors("cross_entropy_loss", input=input, target=target, weight=weight)
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
        reduction = reduction_of(size_average, reduce, reduction)
    if not (isinstance(input, Tensor) and isinstance(target, Tensor) and (weight is None or isinstance(weight, Tensor))):
        require_tensors("nll_loss_nd", input=input, target=target, weight=weight)
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
            reduction = reduction_of(size_average, reduce, reduction)
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
    reduction = reduction_of(None, None, reduction)
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
    reduction = reduction_of(size_average, reduce, reduction)
    return l1_loss(a, b, reduction=reduction) if beta == 0.0 else _loss.smooth_l1_loss.function(a, b, reduction, beta)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """(x - y)² / 2 where |x - y| is at most ``delta``, else ``delta`` · (|x - y| - delta / 2)."""
    a, b = same_size(input, target)
    if weight is None:
        return _loss.huber_loss.function(a, b, reduction_of(None, None, reduction), delta)
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
        reduction = reduction_of(size_average, reduce, reduction)
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
        reduction = reduction_of(size_average, reduce, reduction)
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
