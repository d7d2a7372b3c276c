"""RMSprop: steps divided by the root of a running mean of the squared gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check_lr, check_not_negative, check_options
from .formula import add_square, as_scalar, count, move_towards, with_decay
from .optimizer import Optimizer

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    r"""RMSprop.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        v &\leftarrow \alpha v + (1 - \alpha) g^2 \\
        b &\leftarrow \mu b + \frac{g}{\sqrt{v} + \epsilon} \\
        w &\leftarrow w - \gamma b

    Centred, :math:`v - m^2` stands for :math:`v`, with :math:`m` the running mean of :math:`g`.

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        alpha: :math:`\alpha`.
        eps: :math:`\epsilon`.
        weight_decay: :math:`\lambda`.
        momentum: :math:`\mu`.
        centered: divide by the standard deviation of the gradient instead.
        maximize: climb instead of descend.
        foreach, capturable: accepted; they choose among PyTorch's implementations.

    Source: Hinton, Lecture 6 of "Neural networks for machine learning" (2012),
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf;
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.RMSprop.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        check_options(foreach, differentiable)
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        alpha, mu, centered = group["alpha"], group["momentum"], group["centered"]
        if not state:
            state.update(step=count(), square_avg=np.zeros_like(w))
            if mu > 0:
                state["momentum_buffer"] = np.zeros_like(w)
            if centered:
                state["grad_avg"] = np.zeros_like(w)
        step, v = state["step"], state["square_avg"]
        step += 1
        grad = with_decay(grad, w, group["weight_decay"])
        add_square(v, grad, alpha)
        if centered:
            m = state["grad_avg"]
            move_towards(m, grad, 1 - alpha)
            v = v - m * m
        denominator = np.sqrt(v)
        denominator += as_scalar(group["eps"], w)
        change = grad / denominator
        if mu > 0:
            b = state["momentum_buffer"]
            b *= as_scalar(mu, w)
            b += change
            change = b
        w -= as_scalar(group["lr"], w) * change
