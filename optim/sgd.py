"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from .optimizer import Optimizer, as_scalar, check_lr, check_options

__all__ = ["SGD"]


class SGD(Optimizer):
    r"""Stochastic gradient descent.

    .. math::
        g &\leftarrow \nabla f(w) + \lambda w \\
        b &\leftarrow \mu b + (1 - \tau) g \qquad (b \leftarrow g \text{ at the first step}) \\
        w &\leftarrow w - \gamma b \qquad (w - \gamma (g + \mu b) \text{ with Nesterov's momentum})

    Args:
        params: parameters or groups of parameters.
        lr: the learning rate :math:`\gamma`.
        momentum: :math:`\mu`.
        dampening: :math:`\tau`.
        weight_decay: :math:`\lambda`.
        nesterov: look ahead by the momentum; needs a momentum and no dampening.
        maximize: climb instead of descend.
        foreach, fused: accepted; they choose among PyTorch's implementations.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013);
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.SGD.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_options(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        decay, mu = group["weight_decay"], group["momentum"]
        if decay:
            grad = grad + as_scalar(decay, w) * w
        if mu:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = wrap(grad.copy())
            else:
                b = buffer._array
                b *= as_scalar(mu, w)
                b += as_scalar(1 - group["dampening"], w) * grad
            grad = grad + as_scalar(mu, w) * buffer._array if group["nesterov"] else buffer._array
        w -= as_scalar(group["lr"], w) * grad
