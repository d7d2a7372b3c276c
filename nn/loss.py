"""Loss functions as modules (https://docs.pytorch.org/docs/2.13/nn.html#loss-functions).

``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``; ``size_average`` and ``reduce`` are its deprecated spelling.
"""

from __future__ import annotations

from typing import Any

from . import functional as F
from ._reduction import legacy_get_string
from .module import Module

__all__ = ["BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "MSELoss", "NLLLoss"]


class _Loss(Module):
    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        legacy = size_average is not None or reduce is not None
        self.reduction = legacy_get_string(size_average, reduce) if legacy else reduction


class _WeightedLoss(_Loss):
    def __init__(
        self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """(x - y)², the squared error of each element.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MSELoss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        return F.mse_loss(input, target, reduction=self.reduction)


class NLLLoss(_WeightedLoss):
    """-weight[y] · x[y], the negative log-likelihood of class y, from log-probabilities x.

    Args:
        weight: shape (C,), a factor for each class; the mean is weighted with it.
        ignore_index: a target that does not count.

    Shapes: input (N, C), (C,) or (N, C, d₁, ...); target the same without C, class indices.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.NLLLoss.html
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        return F.nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(_WeightedLoss):
    """-weight[y] · log softmax(x)[y], the cross entropy between logits x and class y.

    Args:
        weight: shape (C,), a factor for each class; the mean is weighted with it.
        ignore_index: a target that does not count.
        label_smoothing: the part of the target that is spread evenly over all classes, between 0 and 1.

    Shapes: input (N, C), (C,) or (N, C, d₁, ...); target the same without C, class indices, or as the input,
    probabilities.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(_WeightedLoss):
    """-weight · (y log x + (1 - y) log(1 - x)), the binary cross entropy between probabilities x and targets y.

    ``weight`` is a factor for each element of a batch. The logarithms are at least -100.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCELoss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """-weight · (pos_weight · y log s + (1 - y) log(1 - s)), s = sigmoid(x): binary cross entropy of logits x.

    Args:
        weight: a factor for each element of a batch.
        pos_weight: a factor for the positive examples of each class.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCEWithLogitsLoss.html
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )
