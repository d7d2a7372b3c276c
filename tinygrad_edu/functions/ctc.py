"""Connectionist temporal classification: the checks, and the lengths
(https://docs.pytorch.org/docs/2.13/generated/torch.nn.CTCLoss.html)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from ..ops import ctc as _ctc
from ..overloads import combination_error
from ..tensor import Tensor
from .loss import reduced, reduction_of

__all__ = ["ctc_loss"]

_REDUCTIONS = ("none", "mean", "sum")
_WHERE = "(while checking arguments for ctc_loss_allocate_outputs)"


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log p(target | input), where an input's probability of a target is that of all alignments of the two.

    Shapes: log_probs (T, N, C), or (T, C) of one sequence; targets (N, S), or all of them one after the other; lengths (N,),
    as a tensor or a tuple. ``"mean"`` divides each loss by the length of its target first. The gradient is that of logits
    of which ``log_probs`` are the log-softmax.

    Args:
        blank: the class that is no label.
        zero_infinity: whether infinite losses, of inputs too short for their target, and their gradients are zero.

    Source: Graves et al., "Connectionist temporal classification", 2006 (https://www.cs.toronto.edu/~graves/icml_2006.pdf).
    """
    reduction = reduction_of(None, None, reduction)
    return _ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)


def torch_ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int = 1,
    zero_infinity: bool = False,
) -> Tensor:
    """:func:`ctc_loss` with a number for the reduction: 0 for none, 1 for the mean, 2 for the sum."""
    return _ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _REDUCTIONS[reduction], zero_infinity)


def _ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int, reduction: str, zero_infinity: bool
) -> Any:
    given = (input_lengths, target_lengths)
    as_tensors = all(isinstance(each, Tensor) for each in given)
    if (
        not all(isinstance(each, Tensor) for each in (log_probs, targets))
        or not (as_tensors or all(isinstance(each, (tuple, list)) for each in given))
        or not isinstance(blank, int)
    ):
        args = (log_probs, targets, *given, blank, _REDUCTIONS.index(reduction), zero_infinity)
        raise combination_error("ctc_loss", args, {})
    if as_tensors:
        for name, each in zip(("input_lengths", "target_lengths"), given, strict=True):
            if each.is_floating_point() or each.is_complex():
                raise RuntimeError(f"{name} must be integral")
    batched = log_probs.dim() == 3
    x = log_probs if batched else log_probs.unsqueeze(1)
    inputs, lengths = (np.asarray(each._array if as_tensors else each, np.int64).reshape(-1) for each in given)
    labels = _labels(x, targets, inputs, lengths, blank)
    losses = _ctc.ctc_loss.function(x, wrap(labels), wrap(inputs), wrap(lengths), bool(zero_infinity))
    if zero_infinity:
        losses = losses.new_zeros(()).where(losses == float("inf"), losses)
    if reduction == "mean":
        return (losses / wrap(np.maximum(lengths, 1).astype(losses._array.dtype))).mean()
    losses = reduced(losses, reduction)
    return losses if batched or reduction != "none" else losses.squeeze(0)


def _labels(x: Any, targets: Any, inputs: np.ndarray, lengths: np.ndarray, blank: int) -> np.ndarray:
    """The states of each sequence: its labels between blanks, padded with blanks."""
    shape, places = x._array.shape, targets._array.shape
    if not x._array.size:
        raise RuntimeError("log_probs tensor must not be empty")
    if len(shape) != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {len(shape)}-dimensional tensor for argument #1 'log_probs' {_WHERE}"
        )
    if len(places) not in (1, 2):
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {len(places)}-dimensional tensor for argument #2 'targets' {_WHERE}"
        )
    steps, batch, classes = shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    for name, each in (("input", inputs), ("target", lengths)):
        if len(each) != batch:
            raise RuntimeError(f"{name}_lengths must be of size batch_size")
    for name, each in (("target", lengths), ("input", inputs)):
        if (each < 0).any():
            raise RuntimeError(
                f"Expected {name}_lengths to have value at least 0, but got value {int(each[each < 0][0])} {_WHERE}"
            )
    longest, total = int(lengths.max()), int(lengths.sum())
    wanted = total if len(places) == 1 else batch
    if places[0] != wanted:
        raise RuntimeError(
            f"Expected tensor to have size {wanted} at dimension 0, but got size {places[0]} for argument #2 'targets' {_WHERE}"
        )
    if len(places) == 2 and places[1] < longest:
        raise RuntimeError(
            f"Expected tensor to have size at least {longest} at dimension 1, but got size {places[1]} for argument #2 "
            f"'targets' {_WHERE}"
        )
    if (inputs > steps).any():
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {int(inputs[inputs > steps][0])} {_WHERE}"
        )
    counted = np.arange(longest) < lengths[:, np.newaxis]
    array = targets._array
    chosen = array if len(places) == 1 else array[:, :longest][counted]
    chosen = chosen.astype(np.int64)
    outside = (chosen < 0) | (chosen >= classes)
    if outside.any():  # PyTorch reads there whatever lies in memory
        raise IndexError(f"Target {int(chosen[outside][0])} is out of bounds.")
    labels = np.full((batch, 2 * longest + 1), blank, np.int64)
    labels[:, 1::2][counted] = chosen
    return labels
