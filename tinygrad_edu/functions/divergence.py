"""Losses that are negative log-likelihoods or divergences of distributions."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..autograd.grad_mode import no_grad
from ..autograd.real_only import refuse_complex
from ..creation import ones_like
from ..ops import special as _special
from ..tensor import Tensor
from .loss import legacy_get_string, plus, reduced, reduction_of, require_tensors

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """y · (log y - x), the Kullback-Leibler divergence of probabilities y from log-probabilities x.

    ``reduction`` may also be ``"batchmean"``, the sum divided by the size of the batch, which is the divergence as
    mathematics defines it. With ``log_target`` the target holds logarithms too.
    """
    if size_average is not None or reduce is not None:
        chosen = legacy_get_string(size_average, reduce)
    else:
        if reduction == "mean":
            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support size."
                "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
                "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
                stacklevel=2,
            )
        chosen = "sum" if reduction == "batchmean" else reduction_of(None, None, reduction)
    require_tensors("kl_div", input=input, target=target)
    if input._array.dtype.kind in "iub" or target._array.dtype.kind in "iub":
        raise RuntimeError("kl_div: Integral inputs not supported.")
    refuse_complex("kl_div", input._array)
    divergence = _divergence_of_logarithms if log_target else _divergence
    result = reduced(divergence(input, target), chosen)
    return result / input.size()[0] if reduction == "batchmean" and input.dim() != 0 else result


def _divergence(x: Any, y: Any) -> Any:
    return _special.xlogy.function(y, y) - y * x


def _divergence_of_logarithms(x: Any, y: Any) -> Any:
    return y.exp() * (y - x)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - y · x for logarithms x of rates and counts y; x - y · log(x + eps) for rates (``log_input=False``).

    With ``full``, Stirling's approximation of log(y!) is added where y > 1.
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not a valid value for reduction")
    require_tensors("poisson_nll_loss", input=input, target=target)
    losses: Any = input.exp() - target * input if log_input else input - target * plus(input, eps).log()
    if full:
        stirling: Any = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        losses += stirling.masked_fill(target.le(1), 0)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """(log v + (x - y)² / v) / 2 with v = max(var, eps), the variance; with ``full``, log(2π) / 2 is added.

    ``var`` has the shape of the input, or a last dimension of 1, or none.
    """
    wrong = ValueError("var has negative entry/entries")
    if isinstance(var, float):
        if var < 0:
            raise wrong
        var = var * ones_like(input)
    elif var.lt(0).any():
        raise wrong
    if var.size() != input.size():
        differing = [n for m, n in zip(input.size(), var.size(), strict=False) if m != n]
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif input.ndim != var.ndim or sum(differing) != 1:  # of several dimensions, one may be 1 and the others 0
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    losses: Any = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        losses += 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)
