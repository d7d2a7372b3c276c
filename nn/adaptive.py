"""Softmax over very many classes
(https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from . import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probabilities of the targets, and their negative mean."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """log p(target), for classes in the order of how frequent they are, of which the rare ones share a head.

    The head gives the log-probabilities of the classes below the first cutoff and of the clusters; a cluster gives those of
    its classes, through a projection to in_features / div_value^(its number) features.

    Args:
        in_features: the number of features.
        n_classes: the number of classes; 0 is the most frequent.
        cutoffs: where the clusters begin.
        div_value: how much narrower each cluster's projection is than the one before.
        head_bias: whether the head has a bias.

    Shapes: input (N, in_features), target (N,) or one of each. Returns ``output`` (N,) and ``loss``.

    Source: Grave et al., "Efficient softmax approximation for GPUs", 2016 (https://arxiv.org/abs/1609.04309).
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if len(cutoffs) == 0:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(set(cutoffs))
            or min(cutoffs) <= 0
            or max(cutoffs) > n_classes - 1
            or any(int(each) != each for each in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where "
                "each value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        kind = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **kind)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            width = int(in_features // div_value ** (i + 1))
            first = Linear(in_features, width, bias=False, **kind)
            self.tail.append(Sequential(first, Linear(width, high - low, bias=False, **kind)))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        self.head.reset_parameters()
        pairs: Any = self.tail
        for first, second in pairs:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> _ASMoutput:
        self._check_target(input_, target_)
        batched = target_.dim() > 0
        input, target = (input_, target_) if batched else (input_.unsqueeze(0), target_.unsqueeze(0))
        output, places, used = input.new_zeros(target.size(0)), target.new_empty(target.size(0)), 0
        for i, (low, high) in enumerate(itertools.pairwise([0, *self.cutoffs])):
            chosen = (target >= low) & (target < high)
            rows = chosen.nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            if i == 0:
                places.index_copy_(0, rows, target[chosen])
            else:
                places.index_fill_(0, rows, self.shortlist_size + i - 1)
                logs = F.log_softmax(self.tail[i - 1](input.index_select(0, rows)), dim=1)
                output.index_copy_(0, rows, logs.gather(1, (target[chosen] - low).unsqueeze(1)).squeeze(1))
            used += rows.numel()
        if used != target.size(0):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], "
                f"but values in range [{target.min().item()}, {target.max().item()}] were found. "
            )
        output += F.log_softmax(self.head(input), dim=1).gather(1, places.unsqueeze(1)).squeeze()
        loss = (-output).mean()
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    @staticmethod
    def _check_target(input: Any, target: Any) -> None:
        if target.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if target.dim() == 1 and input.size(0) != target.size(0):
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input.dim() != target.dim() + 1:
            raise RuntimeError(
                f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, "
                f"but found inputs with size {input.size()}"
            )

    def _get_full_log_prob(self, input: Any, head_output: Any) -> Any:
        logs, size = F.log_softmax(head_output, dim=1), self.shortlist_size
        out = input.new_empty((head_output.size(0), self.n_classes))
        out[:, :size] = logs[:, :size]
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            out[:, low:high] = F.log_softmax(self.tail[i](input), dim=1) + logs[:, size + i].unsqueeze(1)
        return out

    def log_prob(self, input: Any) -> Any:
        """The log-probabilities of all classes, (N, n_classes)."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: Any) -> Any:
        """The most likely classes, (N,): as ``log_prob(input).argmax(1)``, but clusters are asked only where one wins."""
        head = self.head(input)
        output = head.argmax(dim=1)
        rare = output >= self.shortlist_size
        if rare.any():
            output[rare] = self._get_full_log_prob(input[rare], head[rare]).argmax(dim=1)
        return output
