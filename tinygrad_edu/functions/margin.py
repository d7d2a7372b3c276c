"""Losses that ask for a distance between the right and the wrong, and are content beyond it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from ..ops import activation as _activation
from ..ops import choosing as _choosing
from ..ops import margin as _margin
from ..ops import smooth as _smooth
from ..tensor import Tensor
from .distance import pairwise_distance
from .loss import legacy_get_string, plus, reduced, reduction_of, refuse_gradient, require_tensors

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes i ≠ y of ``weight[y]`` · max(0, ``margin`` - x[y] + x[i])ᵖ; p is 1 or 2.

    Shapes: x (N, C) or (C,); target (N,) or (), class indices; weight (C,).
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    require_tensors("multi_margin_loss", input=input, target=target, weight=weight)
    refuse_gradient("multi_margin_loss", weight=weight)
    return _margin.multi_margin_loss.function(input, target, p, margin, weight, reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum over right classes y and wrong ones i of max(0, 1 - x[y] + x[i]), over the number of classes.

    Shapes: x (N, C) or (C,); target the same, class indices of which those in front of the first -1 count.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    require_tensors("multilabel_margin_loss", input=input, target=target)
    return _margin.multilabel_margin_loss.function(input, target, reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-y · x)) for targets y of -1 or 1."""
    reduction = reduction_of(size_average, reduce, reduction)
    require_tensors("soft_margin_loss", input=input, target=target)
    refuse_gradient("soft_margin_loss", target=target)
    if input._array.dtype.kind not in "fc":
        kind = input.dtype.legacy_name
        raise RuntimeError(f"result type Float can't be cast to the desired output type {kind}")
    if target.dtype is not input.dtype:
        target = target.to(input.dtype)
    return _margin.soft_margin_loss.function(input, target, reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-``weight`` · (y · log s(x) + (1 - y) · log s(-x)) with the logistic function s, the mean over the classes.

    Shapes: x (N, C) or (C,); target the same, 0 or 1; weight (C,).
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    log_sigmoid = _activation.log_sigmoid.function
    losses: Any = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
    if weight is not None:
        losses = losses * weight
    dim = input.dim() - 1
    losses = losses.sum(dim=dim) / input.size(dim)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    return reduced(losses, reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where y is 1, max(0, ``margin`` - x) where y is -1: for distances x of similar and dissimilar pairs."""
    reduction = reduction_of(size_average, reduce, reduction)
    require_tensors("hinge_embedding_loss", input=input, target=target)
    gap = (_number(margin, input) - input).clamp_min(0)  # type: ignore[operator]
    return reduced(_where(target != 1, gap) + _where(target != -1, input), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -y · (x₁ - x₂) + ``margin``): x₁ ought to be the larger where y is 1, the smaller where it is -1."""
    reduction = reduction_of(size_average, reduce, reduction)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    difference = input1 - input2
    return reduced(plus(-target * difference, float(margin)).clamp_min(0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x₁, x₂) where y is 1, max(0, cos(x₁, x₂) - ``margin``) where y is -1.

    Shapes: x₁ and x₂ (N, D) with target (N,), or (D,) with ().
    """
    reduction = reduction_of(size_average, reduce, reduction)
    require_tensors("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    dim = target.dim()
    if dim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.dim() != dim + 1:
        raise RuntimeError(
            f"{dim}D target tensor expects {dim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    product: Any = (input1 * input2).sum(dim)
    lengths = [plus((each * each).sum(dim), 1e-12) for each in (input1, input2)]
    cosine = product / (lengths[0] * lengths[1]).sqrt()
    alike, apart = _number(1, cosine) - cosine, _smooth.sub_number.function(cosine, margin).clamp_min(0)
    return reduced(_where(target == 1, alike) + _where(target == -1, apart), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, ``margin`` + d(a, p) - d(a, n)) with d the :func:`pairwise_distance`.

    With ``swap``, d(p, n) stands for d(a, n) where it is smaller. Shapes: (N, D) or (D,).
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    require_tensors("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)

    near, far = _distances(anchor, positive, negative, lambda x, y: pairwise_distance(x, y, p, eps), swap)
    return reduced((plus(near, margin) - far).clamp_min(0), reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """:func:`triplet_margin_loss` with a distance of one's own."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    near, far = _distances(anchor, positive, negative, distance_function or pairwise_distance, swap)
    return reduced((margin + near - far).clamp_min(0), reduction)


def _distances(anchor: Tensor, positive: Tensor, negative: Tensor, distance: Any, swap: bool) -> tuple[Any, Any]:
    """The distances of the positive and the negative example."""
    a, p, n = anchor.dim(), positive.dim(), negative.dim()
    if not a == p == n:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {a}D, positive {p}D, and negative {n}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = _choosing.minimum.function(far, distance(positive, negative))
    return near, far


def _number(value: float, like: Any) -> Any:
    """A number as a tensor, for ``number - tensor`` as PyTorch records it."""
    return wrap(np.array(value, like._array.dtype))


def _where(condition: Any, x: Any) -> Any:
    """x where the condition holds, else 0."""
    return _choosing.where.function(condition, x, wrap(np.zeros_like(x._array)))
