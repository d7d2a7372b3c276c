"""Adadelta: steps in proportion to those before them, and so without a scale of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check_lr, check_not_negative, check_options
from .formula import add_square, as_scalar, count, with_decay
from .optimizer import Optimizer

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    r"""Adadelta.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        v &\leftarrow \rho v + (1 - \rho) g^2 \\
        \Delta &\leftarrow \frac{\sqrt{u + \epsilon}}{\sqrt{v + \epsilon}} g \\
        u &\leftarrow \rho u + (1 - \rho) \Delta^2 \\
        w &\leftarrow w - \gamma \Delta

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        rho: :math:`\rho`.
        eps: :math:`\epsilon`.
        weight_decay: :math:`\lambda`.
        maximize: climb instead of descend.
        foreach, capturable: accepted; they choose among PyTorch's implementations.

    Source: Zeiler, "ADADELTA: an adaptive learning rate method" (2012), https://arxiv.org/abs/1212.5701;
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adadelta.html
    """

    _devices = ("cuda", "xpu", "hpu", "privateuseone")

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        check_options(foreach, differentiable)
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(step=count(), square_avg=np.zeros_like(w), acc_delta=np.zeros_like(w))
        step, v, u = state["step"], state["square_avg"], state["acc_delta"]
        step += 1
        rho, eps = group["rho"], as_scalar(group["eps"], w)
        grad = with_decay(grad, w, group["weight_decay"])
        add_square(v, grad, rho)
        delta = np.sqrt(u + eps)
        delta /= np.sqrt(v + eps)
        delta *= grad
        add_square(u, delta, rho)
        delta *= as_scalar(group["lr"], w)
        w -= delta
