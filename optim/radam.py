"""RAdam: Adam that begins without scaling, until the running mean of squares is worth its name."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check_betas, check_lr, check_not_negative, check_options
from .formula import add_square, as_scalar, count, move_towards, number, with_decay
from .optimizer import Optimizer

__all__ = ["RAdam"]


class RAdam(Optimizer):
    r"""RAdam, rectified Adam.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \rho_\infty &= 2 / (1 - \beta_2) - 1 \qquad \rho = \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t) \\
        r &= \sqrt{\frac{(\rho - 4) (\rho - 2) \rho_\infty}{(\rho_\infty - 4) (\rho_\infty - 2) \rho}} \\
        w &\leftarrow w - \gamma \frac{m}{1 - \beta_1^t} \cdot
            \begin{cases} r \sqrt{1 - \beta_2^t} / (\sqrt{v} + \epsilon) & \rho > 5 \\ 1 & \text{else} \end{cases}

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        betas: :math:`(\beta_1, \beta_2)`.
        eps: :math:`\epsilon`.
        weight_decay: :math:`\lambda`.
        decoupled_weight_decay: shrink :math:`w` by :math:`\gamma \lambda` instead of adding to the gradient.
        maximize: climb instead of descend.
        foreach, capturable: accepted; they choose among PyTorch's implementations.

    Source: Liu et al., "On the variance of the adaptive learning rate and beyond" (2020), https://arxiv.org/abs/1908.03265;
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.RAdam.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        check_options(foreach, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, decay = number(group["lr"]), group["weight_decay"]
        beta1, beta2 = group["betas"]
        if not state:
            state.update(step=count(), exp_avg=np.zeros_like(w), exp_avg_sq=np.zeros_like(w))
        step, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
        step += 1
        t = float(step)
        if not group["decoupled_weight_decay"]:
            grad = with_decay(grad, w, decay)
        elif decay:
            w *= as_scalar(1 - lr * decay, w)
        move_towards(m, grad, 1 - beta1)
        add_square(v, grad, beta2)
        change = m / as_scalar(1 - beta1**t, w)
        change *= as_scalar(lr, w)
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / (1 - beta2**t)  # of the running mean of squares
        if length > 5.0:
            rectified = ((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)) ** 0.5
            denominator = np.sqrt(v)
            denominator += as_scalar(group["eps"], w)
            change *= as_scalar((1 - beta2**t) ** 0.5, w) / denominator
            change *= as_scalar(rectified, w)
        w -= change
