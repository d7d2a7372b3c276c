"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.version import stamp_write
from ..tensor import Tensor
from .checks import check_lr, check_options
from .formula import as_scalar, with_decay
from .optimizer import Optimizer

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
        if isinstance(lr, Tensor):
            check_lr(lr)
        elif lr < 0.0:  # PyTorch lets nan through here
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_options(foreach, differentiable, fused)
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update_group(self, group: dict[str, Any]) -> None:
        if group["momentum"]:
            super().update_group(group)
            return
        decay, maximize, dtype = group["weight_decay"], group["maximize"], None
        written = []
        for param in group["params"]:  # there is no state to look for, and too little to compute to gather them
            if param._grad is not None:
                w, grad = param._array, param._grad._array
                if w.dtype is not dtype:
                    dtype, lr = w.dtype, as_scalar(group["lr"], w)
                w -= lr * with_decay(-grad if maximize else grad, w, decay) if decay or maximize else lr * grad
                written.append(w)
        stamp_write(*written)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        mu = as_scalar(group["momentum"], w)
        grad = with_decay(grad, w, group["weight_decay"])
        b = state.get("momentum_buffer")
        if b is None:
            b = state["momentum_buffer"] = grad.copy()
        else:
            b *= mu
            b += as_scalar(1 - group["dampening"], w) * grad
        w -= as_scalar(group["lr"], w) * (grad + mu * b if group["nesterov"] else b)
