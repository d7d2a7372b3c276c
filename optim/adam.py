"""Adam: steps scaled by running moments of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import check_lr, check_not_negative, check_options
from .formula import add_square, as_scalar, count, move_towards, number, with_decay
from .optimizer import Optimizer

__all__ = ["Adam"]


class Adam(Optimizer):
    r"""Adam.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        w &\leftarrow w - \gamma \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        betas: :math:`(\beta_1, \beta_2)`.
        eps: :math:`\epsilon`.
        weight_decay: :math:`\lambda`.
        amsgrad: use the largest :math:`v` so far.
        maximize: climb instead of descend.
        decoupled_weight_decay: shrink :math:`w` by :math:`\gamma \lambda` instead of adding to the gradient (AdamW).
        foreach, capturable, fused: accepted; they choose among PyTorch's implementations.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), https://arxiv.org/abs/1412.6980;
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adam.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        separately = foreach and not capturable  # PyTorch's foreach cannot read a tensor at each step
        if separately and isinstance(lr, Tensor):
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_lr(lr)
        check_not_negative(epsilon=eps)
        for i, beta in enumerate(betas[:2]):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        check_not_negative(weight_decay=weight_decay)
        if not any(isinstance(betas[0], kind) and isinstance(betas[1], kind) for kind in (float, Tensor)):
            raise ValueError("betas must be either both floats or both Tensors")
        for i, beta in enumerate(betas[:2]):
            if isinstance(beta, Tensor) and separately:
                raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
            if isinstance(beta, Tensor) and beta.numel() != 1:
                raise ValueError(f"Tensor betas[{i}] must be 1-element")
        betas = (_squeezed(betas[0]), _squeezed(betas[1]))
        check_options(foreach, differentiable, fused)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, decay = number(group["lr"]), group["weight_decay"]
        beta1, beta2 = map(number, group["betas"])
        if not state:
            state.update(step=count(), exp_avg=np.zeros_like(w), exp_avg_sq=np.zeros_like(w))
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = np.zeros_like(w)
        if not group["decoupled_weight_decay"]:
            grad = with_decay(grad, w, decay)
        elif decay:
            w *= as_scalar(1 - lr * decay, w)
        step, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
        step += 1
        t = float(step)
        move_towards(m, grad, 1 - beta1)
        add_square(v, grad, beta2)
        if group["amsgrad"]:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        denominator = np.sqrt(v)
        denominator /= as_scalar((1 - beta2**t) ** 0.5, w)
        denominator += as_scalar(group["eps"], w)
        change = m / denominator
        change *= as_scalar(lr / (1 - beta1**t), w)
        w -= change


def _squeezed(beta: Any) -> Any:
    return beta.squeeze() if isinstance(beta, Tensor) else beta
