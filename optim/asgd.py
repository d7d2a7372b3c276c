"""ASGD: descent that also keeps the average of where it has been."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check_lr, check_not_negative, check_options
from .formula import as_scalar, count, move_towards, number, with_decay
from .optimizer import Optimizer

__all__ = ["ASGD"]


class ASGD(Optimizer):
    r"""Averaged stochastic gradient descent.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        w &\leftarrow (1 - \ell \eta) w - \eta g \\
        \bar{w} &\leftarrow \bar{w} + \mu (w - \bar{w}) \\
        \eta &\leftarrow \gamma / (1 + \ell \gamma t)^\alpha \qquad \mu \leftarrow 1 / \max(1, t - t_0)

    The average :math:`\bar{w}` is ``state[param]["ax"]``.

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`, and :math:`\eta` in the first step.
        lambd: :math:`\ell`.
        alpha: :math:`\alpha`.
        t0: :math:`t_0`, the step at which averaging starts.
        weight_decay: :math:`\lambda`.
        maximize: climb instead of descend.
        foreach, capturable: accepted; they choose among PyTorch's implementations.

    Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992),
    https://doi.org/10.1137/0330046; https://docs.pytorch.org/docs/2.13/generated/torch.optim.ASGD.html
    """

    _capturable = "params, mus, etas, and state_steps"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(weight_decay=weight_decay)
        check_options(foreach, differentiable)
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, lambd = number(group["lr"]), group["lambd"]
        if not state:
            state.update(step=count(), eta=count(lr), mu=count(1.0), ax=np.zeros_like(w))
        step, eta, mu, average = state["step"], state["eta"], state["mu"], state["ax"]
        step += 1
        grad = with_decay(grad, w, group["weight_decay"])
        w *= as_scalar(1 - lambd * float(eta), w)
        w -= as_scalar(float(eta), w) * grad
        if mu == 1:
            average[...] = w
        else:
            move_towards(average, w, float(mu))
        t = float(step)
        eta[...] = count(lr / (1 + lambd * lr * t) ** group["alpha"])  # rounded as PyTorch's, whatever eta's dtype
        mu[...] = count(1 / max(1, t - group["t0"]))
