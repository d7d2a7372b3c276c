"""NAdam: Adam that looks ahead by its momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check_betas, check_lr, check_not_negative, check_options
from .formula import add_square, as_scalar, count, move_towards, number, with_decay
from .optimizer import Optimizer

__all__ = ["NAdam"]


class NAdam(Optimizer):
    r"""NAdam, Adam with Nesterov's momentum.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        \mu_t &= \beta_1 (1 - \tfrac{1}{2} 0.96^{t \psi}) \qquad \bar\mu_t = \textstyle\prod_{i \le t} \mu_i \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        w &\leftarrow w - \gamma \left(\frac{1 - \mu_t}{1 - \bar\mu_t} g + \frac{\mu_{t+1}}{1 - \bar\mu_{t+1}} m\right)
            / \left(\sqrt{v / (1 - \beta_2^t)} + \epsilon\right)

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        betas: :math:`(\beta_1, \beta_2)`.
        eps: :math:`\epsilon`.
        weight_decay: :math:`\lambda`.
        momentum_decay: :math:`\psi`.
        decoupled_weight_decay: shrink :math:`w` by :math:`\gamma \lambda` instead of adding to the gradient.
        maximize: climb instead of descend.
        foreach, capturable: accepted; they choose among PyTorch's implementations.

    Source: Dozat, "Incorporating Nesterov momentum into Adam" (2016), https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ;
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.NAdam.html
    """

    _capturable = "params, mu_products and state_steps"

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        check_options(foreach, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, decay = number(group["lr"]), group["weight_decay"]
        beta1, beta2 = group["betas"]
        if not state:
            state.update(step=count(), mu_product=count(1.0), exp_avg=np.zeros_like(w), exp_avg_sq=np.zeros_like(w))
        step, product, m, v = state["step"], state["mu_product"], state["exp_avg"], state["exp_avg_sq"]
        step += 1
        t = float(step)
        if not group["decoupled_weight_decay"]:
            grad = with_decay(grad, w, decay)
        elif decay:
            w *= as_scalar(1 - lr * decay, w)
        mu, mu_next = (beta1 * (1.0 - 0.5 * 0.96 ** (i * group["momentum_decay"])) for i in (t, t + 1))
        product *= mu
        move_towards(m, grad, 1 - beta1)
        add_square(v, grad, beta2)
        denominator = np.sqrt(v / as_scalar(1 - beta2**t, w))
        denominator += as_scalar(group["eps"], w)
        w -= as_scalar(lr * (1.0 - mu) / (1.0 - float(product)), w) * grad / denominator
        w -= as_scalar(lr * mu_next / (1.0 - float(product) * mu_next), w) * m / denominator
