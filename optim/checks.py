"""What optimisers require of their options, in PyTorch's words."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def check_lr(lr: Any) -> None:
    """A learning rate is a number or a tensor of one element, not negative."""
    if isinstance(lr, Tensor) and lr._array.size != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not 0.0 <= lr:  # noqa: SIM300 -- the order is in the words of Python's error for text
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_negative(**values: Any) -> None:
    """PyTorch's error for an option that is negative, or nan."""
    for name, value in values.items():
        if not 0.0 <= value:  # noqa: SIM300
            raise ValueError(f"Invalid {name} value: {value}")


def check_betas(betas: Any) -> None:
    """Weights of running means are in [0, 1)."""
    for i in (0, 1):
        if not 0.0 <= betas[i] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")


def check_options(foreach: bool | None, differentiable: bool, fused: bool | None = None) -> None:
    """The options that choose among PyTorch's implementations: there is one here, so they choose nothing.

    Raises:
        RuntimeError: PyTorch refuses the combination, or ``differentiable`` asks for a recorded step.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise RuntimeError("differentiable=True is not supported: a step works on arrays and is not recorded")
