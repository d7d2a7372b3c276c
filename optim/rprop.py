"""Rprop: steps that grow while the gradient keeps its sign and shrink when it changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check_lr, check_options
from .formula import as_scalar, count, number
from .optimizer import Optimizer

__all__ = ["Rprop"]


class Rprop(Optimizer):
    r"""Resilient backpropagation, for gradients of whole data sets.

    .. math::
        \Delta &\leftarrow \Delta \cdot
            \begin{cases} \eta^+ & g g' > 0 \\ \eta^- & g g' < 0 \\ 1 & \text{else} \end{cases}
            \quad \text{within } [\Delta_{\min}, \Delta_{\max}] \\
        g &\leftarrow 0 \text{ where } g g' < 0 \\
        w &\leftarrow w - \Delta \operatorname{sign}(g)

    with :math:`g` the gradient and :math:`g'` that of the step before.

    Args:
        params: parameters or groups of parameters.
        lr: the first :math:`\Delta`.
        etas: :math:`(\eta^-, \eta^+)`.
        step_sizes: :math:`(\Delta_{\min}, \Delta_{\max})`.
        maximize: climb instead of descend.
        foreach, capturable: accepted; they choose among PyTorch's implementations.

    Source: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm" (1993),
    https://doi.org/10.1109/ICNN.1993.298623; https://docs.pytorch.org/docs/2.13/generated/torch.optim.Rprop.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        check_options(foreach, differentiable)
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            size = np.full_like(w, number(group["lr"]))
            state.update(step=count(), prev=np.zeros_like(w), step_size=size)
        step, previous, size = state["step"], state["prev"], state["step_size"]
        step += 1
        shrink, grow = group["etas"]
        agreement = grad * previous
        reversed_ = agreement < 0
        np.multiply(size, as_scalar(grow, w), out=size, where=agreement > 0)
        np.multiply(size, as_scalar(shrink, w), out=size, where=reversed_)
        lowest, highest = group["step_sizes"]
        np.clip(size, as_scalar(lowest, w), as_scalar(highest, w), out=size)
        previous[...] = grad
        previous[reversed_] = 0
        np.subtract(w, size, out=w, where=previous > 0)
        np.add(w, size, out=w, where=previous < 0)
