"""Adamax: Adam with the largest gradient so far for the root of the mean square."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check_betas, check_lr, check_not_negative, check_options
from .formula import as_scalar, count, move_towards, number, with_decay
from .optimizer import Optimizer

__all__ = ["Adamax"]


class Adamax(Optimizer):
    r"""Adamax.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        u &\leftarrow \max(\beta_2 u, |g| + \epsilon) \\
        w &\leftarrow w - \frac{\gamma}{1 - \beta_1^t} \frac{m}{u}

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        betas: :math:`(\beta_1, \beta_2)`.
        eps: :math:`\epsilon`.
        weight_decay: :math:`\lambda`.
        maximize: climb instead of descend.
        foreach, capturable: accepted; they choose among PyTorch's implementations.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), https://arxiv.org/abs/1412.6980;
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adamax.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        check_options(foreach, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(step=count(), exp_avg=np.zeros_like(w), exp_inf=np.zeros_like(w))
        step, m, u = state["step"], state["exp_avg"], state["exp_inf"]
        step += 1
        beta1, beta2 = group["betas"]
        grad = with_decay(grad, w, group["weight_decay"])
        move_towards(m, grad, 1 - beta1)
        u *= as_scalar(beta2, w)
        size = np.abs(grad)
        size += as_scalar(group["eps"], w)
        np.maximum(u, size, out=u)
        change = m / u
        change *= as_scalar(number(group["lr"]) / (1 - beta1 ** float(step)), w)
        w -= change
