"""L-BFGS: Newton's method with the inverse Hessian estimated from the last gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.grad_mode import enable_grad
from ..autograd.runtime import wrap
from ..autograd.version import stamp_write
from ..errstate import quiet
from ..tensor import Tensor
from .checks import check_lr
from .formula import number
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    r"""L-BFGS, heavily inspired by minFunc (https://www.cs.ubc.ca/~schmidtm/Software/minFunc.html).

    .. math::
        d &\leftarrow -H g \qquad
        H \leftarrow (1 - \rho s y^\top) H (1 - \rho y s^\top) + \rho s s^\top \qquad \rho = 1 / y^\top s \\
        w &\leftarrow w + t d

    with :math:`y` the changes of the gradient and :math:`s = t d` those of the parameters. A step is several of these
    iterations and needs a closure. There is one group of parameters.

    Args:
        params: parameters.
        lr: the step length :math:`t` (where the line search begins).
        max_iter: iterations in a step.
        max_eval: evaluations of the closure in a step; by default ``max_iter * 5 // 4``.
        tolerance_grad: no element of the gradient is larger at the end.
        tolerance_change: smaller changes of loss and parameters end the step.
        history_size: how many pairs of :math:`y` and :math:`s` are kept.
        line_search_fn: None or ``"strong_wolfe"``.

    Source: Nocedal and Wright, "Numerical optimization" (2006), chapter 7;
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.LBFGS.html
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Iterate.

        Args:
            closure: evaluates the model again and returns the loss of before, which ``step`` then returns.
        """
        if len(self.param_groups) != 1:
            raise AssertionError(f"Expected exactly one param_group, but got {len(self.param_groups)}")
        group = self.param_groups[0]
        with quiet():
            return self._iterate(enable_grad()(closure), group, group["params"])

    def _iterate(self, closure: Callable[[], Any], group: dict[str, Any], params: list[Tensor]) -> Any:
        lr, change, history_size = number(group["lr"]), group["tolerance_change"], group["history_size"]
        state = self.state[params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        loss, grad = _value(first_loss), _flat_grad(params)
        evaluations = 1
        state["func_evals"] += 1
        if _is_flat(grad, group):
            return first_loss
        memory = _Memory(state)
        d, t, previous = (_array(state.get(name)) for name in ("d", "t", "prev_flat_grad"))
        previous_loss = state.get("prev_loss")

        for i in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                memory = _Memory({})
                d = -grad
                t = min(1.0, 1.0 / np.abs(grad).sum()) * lr
            else:
                memory.add(grad - previous, d * t, history_size)
                d = memory.direction(grad, state, history_size)
                t = lr
            previous, previous_loss = grad.copy(), loss
            slope = grad.dot(d)
            if slope > -change:
                break

            evaluated, small = 0, False
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                start = [param._array.copy() for param in params]

                def evaluate(t: Any, d: np.ndarray = d, start: list[np.ndarray] = start) -> Point:
                    _move(params, t, d)
                    loss, grad = _value(closure()), _flat_grad(params)
                    for param, array in zip(params, start, strict=True):
                        param._array[...] = array
                        stamp_write(param._array)
                    return Point(t, loss, grad, grad.dot(d))

                here, size = Point(0, loss, grad, slope), np.abs(d).max()
                found, evaluated = strong_wolfe(evaluate, here, t, size, group["max_eval"] - evaluations)
                t, loss, grad = found.t, found.loss, found.grad
                _move(params, t, d)
                small = _is_flat(grad, group)
            else:
                _move(params, t, d)
                if i != group["max_iter"]:  # in the last iteration, nobody would look at it
                    loss, grad = _value(closure()), _flat_grad(params)
                    evaluated, small = 1, _is_flat(grad, group)
            evaluations += evaluated
            state["func_evals"] += evaluated
            if evaluations >= group["max_eval"] or small or np.abs(d * t).max() <= change or abs(loss - previous_loss) < change:
                break

        state.update(d=_tensor(d), t=_tensor(t))
        memory.save(state)
        state.update(prev_flat_grad=_tensor(previous), prev_loss=previous_loss)
        return first_loss


class _Memory:
    """The last changes of the gradient (``y``) and of the parameters (``s``), and with them the inverse Hessian."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.y, self.s, self.rho = ([*map(_array, state.get(name) or ())] for name in ("old_dirs", "old_stps", "ro"))
        self.scale = _array(state.get("H_diag", 1))

    def save(self, state: dict[str, Any]) -> None:
        for name, values in (("old_dirs", self.y), ("old_stps", self.s), ("ro", self.rho)):
            state[name] = [*map(_tensor, values)]
        state["H_diag"] = _tensor(self.scale)

    def add(self, y: np.ndarray, s: np.ndarray, size: int) -> None:
        ys = y.dot(s)
        if ys > 1e-10:
            if len(self.y) == size:
                del self.y[0], self.s[0], self.rho[0]
            self.y.append(y)
            self.s.append(s)
            self.rho.append(1.0 / ys)
            self.scale = ys / y.dot(y)

    def direction(self, grad: np.ndarray, state: dict[str, Any], size: int) -> np.ndarray:
        """``-H grad``, by the two loops over the memory."""
        factors: list[Any] = state.setdefault("al", [None] * size)
        d = -grad
        for i in reversed(range(len(self.y))):
            a = self.s[i].dot(d) * self.rho[i]
            d -= a * self.y[i]
            factors[i] = _tensor(a)
        d *= self.scale
        for i in range(len(self.y)):
            d += (_array(factors[i]) - self.y[i].dot(d) * self.rho[i]) * self.s[i]
        return d


def _tensor(value: Any) -> Any:
    """What is kept as a tensor: arrays and NumPy's numbers."""
    return wrap(np.asarray(value)) if isinstance(value, (np.ndarray, np.generic)) else value


def _array(value: Any) -> Any:
    return value._array[()] if isinstance(value, Tensor) else value


def _value(loss: Any) -> float:
    return float(number(loss))


def _flat_grad(params: list[Tensor]) -> np.ndarray:
    """All gradients side by side in new memory, complex ones as pairs of numbers; zeros where there is none."""
    return np.concatenate([
        (np.zeros(param._array.size, param._array.dtype) if param._grad is None else param._grad._array.flatten())
        .view(param._array.real.dtype)
        for param in params
    ])  # fmt: skip


def _move(params: list[Tensor], t: Any, d: np.ndarray) -> None:
    """``w += t * d``."""
    step, start = t * d, 0
    for param in params:
        array = param._array
        end = start + array.size * (2 if array.dtype.kind == "c" else 1)
        array += step[start:end].view(array.dtype).reshape(array.shape)
        stamp_write(array)
        start = end


def _is_flat(grad: np.ndarray, group: dict[str, Any]) -> bool:
    return bool(np.abs(grad).max() <= group["tolerance_grad"])
