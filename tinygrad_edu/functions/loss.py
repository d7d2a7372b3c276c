"""Parts of the loss functions of :mod:`tinygrad_edu.nn.functional`: the kinds of targets, sizes, weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.grad_mode import get_mode
from ..ops import activation as _activation
from ..ops import loss as _loss
from ..ops import smooth as _smooth
from ..tensor import Tensor
from .shape import broadcast_tensors

_REDUCTIONS = frozenset(("none", "mean", "sum"))


def legacy_get_string(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """The ``reduction`` that ``size_average`` and ``reduce`` stand for; each counts as True when None."""
    reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
    if emit_warning:
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=2,
        )
    return reduction


def reduction_of(size_average: Any, reduce: Any, reduction: Any) -> str:
    """``reduction``, in its old spelling or the new one, if there is such a one."""
    if size_average is not None or reduce is not None:
        return legacy_get_string(size_average, reduce)
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3)
        return "mean"
    if not isinstance(reduction, str) or reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(losses: Any, reduction: str) -> Any:
    """The losses, their sum or their mean."""
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()


def plus(x: Any, number: float) -> Any:
    """``x + number``, recorded as where PyTorch's own C++ code adds."""
    return _smooth.add_number.function(x, number) if x._array.dtype.kind == "f" else x + number


def require_tensors(function: str, **arguments: Any) -> None:
    """PyTorch's error for an argument that is neither a tensor nor (but for the first two) None."""
    for position, (name, each) in enumerate(arguments.items()):
        if not isinstance(each, Tensor) and (each is not None or position < 2):
            raise TypeError(
                f"{function}(): argument '{name}' (position {position + 1}) must be Tensor, not {type_name(each)}"
            )


def refuse_gradient(function: str, **arguments: Tensor | None) -> None:
    """PyTorch's error for an argument that requires grad where there is no gradient."""
    for name, each in arguments.items():
        if getattr(each, "_node", None) is not None and get_mode():
            raise RuntimeError(
                f"The function '{function}' is not differentiable with respect to argument '{name}'. This input cannot have "
                "requires_grad True."
            )


def _check_smoothing(label_smoothing: float) -> None:
    if label_smoothing > 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")


def probability_target(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float, dim: int
) -> Any:
    """-Σ weight · y · log softmax(x), summed over the classes."""
    if target._array.dtype.kind != "f":
        name = target.dtype.legacy_name
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {name}")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    shape = input._array.shape
    classes = shape[dim] if shape else 1
    if weight is not None and weight._array.shape != (classes,):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or no classes but got weight "
            f"tensor of shape: {list(weight._array.shape)}"
        )
    logs = _activation.log_softmax.function(input, dim)
    if smoothing > 0.0:
        _check_smoothing(smoothing)
        target = _smooth.mul_number.function(target, 1 - smoothing) + smoothing / classes
    product = logs * target
    if weight is not None:
        product = product * (weight if len(shape) == 1 else weight.view(1, classes, *(1,) * (len(shape) - 2)))
    if reduction == "none":
        return -product.sum(dim)
    total = -product.sum()
    if reduction == "sum":
        return total
    if not input._array.size:
        return total.fill_(float("nan"))
    return _smooth.div_number.function(total, input._array.size // classes)


def smoothed_target(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float, dim: int) -> Any:
    """(1 - smoothing) · nll + smoothing / C · (the sum of the nll of all classes)."""
    _check_smoothing(smoothing)
    logs = _activation.log_softmax.function(input, dim)
    likelihood = nll(logs, target, weight, ignore_index, reduction)
    shape = logs._array.shape
    classes = shape[dim]
    weighted = logs
    if weight is not None:
        weighted = logs * weight.view(*(classes if axis == dim else 1 for axis in range(len(shape))))
    ignored = target == ignore_index
    smooth = (-weighted.sum(dim)).masked_fill_(ignored, 0.0)
    if reduction == "mean":
        counted = ~ignored if weight is None else weight.gather(0, target.masked_select(~ignored).flatten())
        smooth = smooth.sum() / counted.sum()
    elif reduction == "sum":
        smooth = smooth.sum()
    times = _smooth.mul_number.function
    return times(likelihood, 1 - smoothing) + times(smooth, smoothing / classes)


def nll(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    """As PyTorch: a matrix, an image, or what can be viewed as an image of height 1."""
    shape, places = input._array.shape, target._array.shape
    if weight is not None and weight._node is not None:
        refuse_gradient("nll_loss_forward", weight=weight)
    if len(shape) == 2 and len(places) == 1 and places[0] == shape[0]:
        return _loss.nll_loss.function(input, target, weight, reduction, ignore_index)
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if len(shape) > 1 and shape[0] != (places[0] if places else 1):
        raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({places[0] if places else 1}).")
    if len(shape) <= 2:
        if len(places) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if len(shape) == 1 and places not in ((), (1,)):
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {places[0]}")
        if len(shape) == 1 and places:
            target = target.squeeze(0)
        return _loss.nll_loss.function(input, target, weight, reduction, ignore_index)
    wanted = (shape[0], *shape[2:])
    if places != wanted:
        if len(shape) == 4 and len(places) == 3:
            raise RuntimeError(f"size mismatch (got input: {list(shape)} , target: {list(places)}")
        if len(shape) == 4:
            raise RuntimeError(
                f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(places)}"
            )
        raise RuntimeError(f"Expected target size {list(wanted)}, got {list(places)}")
    if len(shape) == 4:
        return _loss.nll_loss2d.function(input, target, weight, reduction, ignore_index)
    pixels = int(np.prod(shape[2:]))
    image = input.contiguous().view(shape[0], shape[1], 1, pixels)
    result = _loss.nll_loss2d.function(image, target.contiguous().view(shape[0], 1, pixels), weight, reduction, ignore_index)
    return result.view(wanted) if reduction == "none" else result


def same_size(input: Any, target: Any) -> tuple[Any, Any]:
    """Both tensors in their common size, with PyTorch's warning where it is not the size of each."""
    if target._array.shape != input._array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        shape = broadcast_tensors(input, target)[0]._array.shape
        input, target = (each if each._array.shape == shape else each.expand(shape) for each in (input, target))
    return input, target


def weighted_reduction(losses: Any, weight: Any, reduction: str) -> Any:
    """The weighted losses, their sum, or their sum divided by that of the weights."""
    losses = losses * weight
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.sum() / weight.sum()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
