"""Adafactor: Adam's running mean of squares as a product of one for the rows and one for the columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .formula import as_scalar, count, move_towards, number
from .optimizer import Optimizer

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    r"""Adafactor.

    .. math::
        \beta &= 1 - t^{\tau} \qquad \rho = \min(\gamma, 1 / \sqrt{t}) \qquad
            \alpha = \max(\epsilon_2, \operatorname{RMS}(w)) \rho \\
        w &\leftarrow (1 - \gamma \lambda) w \\
        r &\leftarrow \beta r + (1 - \beta) \operatorname{mean}_{columns}(g^2) \qquad
            c \leftarrow \beta c + (1 - \beta) \operatorname{mean}_{rows}(g^2) \\
        v &= r c / \max(\operatorname{mean}(r), \epsilon_1) \\
        u &= g / \sqrt{\max(v, \epsilon_1^2)} \\
        w &\leftarrow w - \alpha u / \max(1, \operatorname{RMS}(u) / d)

    A vector has a running mean :math:`v` of its squares.

    Args:
        params: parameters or groups of parameters.
        lr: :math:`\gamma`, the largest step in proportion to the parameter.
        beta2_decay: :math:`\tau`.
        eps: :math:`(\epsilon_1, \epsilon_2)`; None stands for the dtype's precision.
        d: steps with a larger root mean square are clipped.
        weight_decay: :math:`\lambda`.
        foreach: accepted; it chooses among PyTorch's implementations.
        maximize: climb instead of descend.

    Source: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost" (2018),
    https://arxiv.org/abs/1804.04235; https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adafactor.html
    """

    _elementwise = False

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:  # noqa: SIM300 -- the order is in the words of Python's error for text
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _update_alone(self, param: Tensor, group: dict[str, Any]) -> None:
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        super()._update_alone(param, group)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not w.size:  # has no root mean square
            return
        lr = number(group["lr"])
        eps1, eps2 = group["eps"]
        eps1 = float(np.finfo(w.dtype).eps) if eps1 is None else eps1
        if not state:
            state["step"] = count()
            if w.ndim > 1:
                state["row_var"] = np.zeros((*w.shape[:-1], 1), w.dtype)
                state["col_var"] = np.zeros((*w.shape[:-2], 1, w.shape[-1]), w.dtype)
            else:
                state["variance"] = np.zeros_like(w)
        step = state["step"]
        step += 1
        t = float(step)
        alpha = max(eps2, _root_mean_square(w)) * min(lr, 1 / t**0.5)
        if group["weight_decay"]:
            w *= as_scalar(1 - lr * group["weight_decay"], w)
        squares, weight = grad * grad, t ** group["beta2_decay"]
        if w.ndim > 1:
            r, c = state["row_var"], state["col_var"]
            move_towards(r, _mean(squares, -1), weight)
            move_towards(c, _mean(squares, -2), weight)
            v = r @ c / np.maximum(_mean(r, -2), as_scalar(eps1, w))
        else:
            v = state["variance"]
            move_towards(v, squares, weight)
        u = grad / np.sqrt(np.maximum(v, as_scalar(eps1 * eps1, w)))
        w -= as_scalar(alpha / max(1.0, _root_mean_square(u) / group["d"]), w) * u


def _mean(x: np.ndarray, axis: int) -> Any:
    total = np.add.reduce(x, axis=axis, keepdims=True)
    total /= as_scalar(x.shape[axis], x)
    return total


def _root_mean_square(x: Any) -> float:
    flat = x.reshape(-1)
    return float(flat.dot(flat)) ** 0.5 / x.size**0.5
