"""Adagrad: each weight's step divided by the root of the sum of its squared gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from .checks import check_lr, check_not_negative, check_options
from .formula import as_scalar, count, number, with_decay
from .optimizer import Optimizer

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    r"""Adagrad.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        s &\leftarrow s + g^2 \\
        w &\leftarrow w - \frac{\gamma}{1 + (t - 1) \eta} \frac{g}{\sqrt{s} + \epsilon}

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        lr_decay: :math:`\eta`.
        weight_decay: :math:`\lambda`.
        initial_accumulator_value: :math:`s` before the first step.
        eps: :math:`\epsilon`.
        maximize: climb instead of descend.
        foreach, fused: accepted; they choose among PyTorch's implementations.

    Source: Duchi et al., "Adaptive subgradient methods for online learning and stochastic optimization" (2011),
    https://jmlr.org/papers/v12/duchi11a.html; https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adagrad.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        check_options(foreach, differentiable, fused)
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:  # before the first step already
            for param in group["params"]:
                self.state[param] = {name: wrap(each) for name, each in _start(param._array, group).items()}

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(_start(w, group))
        step, s = state["step"], state["sum"]
        step += 1
        grad = with_decay(grad, w, group["weight_decay"])
        s += grad * grad
        denominator = np.sqrt(s)
        denominator += as_scalar(group["eps"], w)
        change = grad / denominator
        change *= as_scalar(number(group["lr"]) / (1 + (float(step) - 1) * group["lr_decay"]), w)
        w -= change


def _start(w: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
    value = group["initial_accumulator_value"]
    return {"step": count(), "sum": np.full_like(w, complex(value, value) if w.dtype.kind == "c" else value)}
