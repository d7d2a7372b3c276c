"""Optimisers by name with Keras's defaults (https://keras.io/api/optimizers), over :mod:`tinygrad_edu.optim`.

Where Keras and PyTorch write a formula differently (whether epsilon is inside the root, say), it is PyTorch's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import optim
from ..tensor import Tensor
from .names import by_name

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Nadam", "Optimizer", "RMSprop", "get"]


class Optimizer:
    """The base: options now, the parameters when the model is compiled and built."""

    def __init__(self, kind: Any, **options: Any) -> None:
        self.kind, self.options = kind, options
        self.inner: Any = None

    def build(self, parameters: Iterable[Tensor]) -> None:
        """Take the parameters over."""
        self.inner = self.kind(list(parameters), **self.options)

    @property
    def learning_rate(self) -> float:
        return float(self.options["lr"] if self.inner is None else self.inner.param_groups[0]["lr"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.options["lr"] = float(value)
        for group in () if self.inner is None else self.inner.param_groups:
            group["lr"] = float(value)

    lr = learning_rate

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Tensor]]) -> None:
        """One step with the given gradients, as after :meth:`GradientTape.gradient`; a variable without one stays.

        Raises:
            ValueError: none has a gradient, or one is not among the variables of the first call (or of the model).
        """
        pairs = list(grads_and_vars)
        if all(grad is None for grad, _ in pairs):
            raise ValueError("No gradients provided for any variable.")
        if self.inner is None:
            self.build(variable for _, variable in pairs)
        grads: dict[int, Tensor | None] = {id(variable): grad for grad, variable in pairs}
        own = [variable for group in self.inner.param_groups for variable in group["params"]]
        if not grads.keys() <= set(map(id, own)):
            raise ValueError("The optimizer was built for other variables. Make a new optimizer for a new set of variables.")
        before = [variable.grad for variable in own]
        try:
            for variable in own:
                grad = grads.get(id(variable))
                variable.grad = None if grad is None else grad.detach()
            self.inner.step()
        finally:
            for variable, old in zip(own, before, strict=True):
                variable.grad = old


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for: ``optim.SGD``."""

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(optim.SGD, lr=learning_rate, momentum=momentum, nesterov=nesterov)


class Adam(Optimizer):
    """``optim.Adam``."""

    kind_of_adam: Any = optim.Adam

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, **options: Any
    ) -> None:
        super().__init__(self.kind_of_adam, lr=learning_rate, betas=(beta_1, beta_2), eps=epsilon, **options)


class AdamW(Adam):
    """``optim.AdamW``."""

    kind_of_adam = optim.AdamW

    def __init__(self, learning_rate: float = 0.001, weight_decay: float = 0.004, **options: Any) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)


class Adamax(Adam):
    """``optim.Adamax``."""

    kind_of_adam = optim.Adamax


class Nadam(Adam):
    """``optim.NAdam`` with the momentum's schedule of Keras and of the paper, 0.96^t."""

    kind_of_adam = optim.NAdam

    def __init__(self, learning_rate: float = 0.001, **options: Any) -> None:
        super().__init__(learning_rate, momentum_decay=1.0, **options)


class RMSprop(Optimizer):
    """``optim.RMSprop``."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
    ) -> None:
        super().__init__(optim.RMSprop, lr=learning_rate, alpha=rho, momentum=momentum, eps=epsilon, centered=centered)


class Adagrad(Optimizer):
    """``optim.Adagrad``."""

    def __init__(self, learning_rate: float = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7) -> None:
        start = initial_accumulator_value
        super().__init__(optim.Adagrad, lr=learning_rate, initial_accumulator_value=start, eps=epsilon)


class Adadelta(Optimizer):
    """``optim.Adadelta``."""

    def __init__(self, learning_rate: float = 0.001, rho: float = 0.95, epsilon: float = 1e-7) -> None:
        super().__init__(optim.Adadelta, lr=learning_rate, rho=rho, eps=epsilon)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    each.__name__.lower(): each for each in (SGD, Adam, AdamW, Adamax, Nadam, RMSprop, Adagrad, Adadelta)
}


def get(identifier: Any) -> Optimizer:
    """The optimiser of that name with its defaults."""
    found = by_name("optimizer", identifier.lower() if isinstance(identifier, str) else identifier, OPTIMIZERS)
    found = found() if isinstance(found, type) else found
    if not isinstance(found, Optimizer):
        raise ValueError(f"An optimizer is a name or one of keras.optimizers; received: {identifier!r}")
    return found
