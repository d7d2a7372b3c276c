"""``Variable``: a tensor with a value that is replaced, for code written in TensorFlow's style.

After https://www.tensorflow.org/api_docs/python/tf/Variable. (``torch.autograd.Variable`` is another thing, an old name of
Tensor, in :mod:`tinygrad_edu.autograd.variable`.)
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import Any

import numpy as np

from .creation import as_tensor, tensor
from .tensor import Tensor

__all__ = ["Variable"]

VARIABLES: weakref.WeakSet[Variable] = weakref.WeakSet()
"""The trainable ones; a tape watches all of them unless told not to."""

recording_tapes: ContextVar[tuple[Any, ...]] = ContextVar("recording_tapes", default=())
"""The tapes that record, the outermost first."""


class Variable(Tensor):
    """A tensor that a :class:`GradientTape` watches by itself.

    Args:
        initial_value: an array-like, a Tensor, or a function without arguments that returns one. It is copied.
        trainable: whether tapes watch it.
        name: shown by ``repr``.
        dtype: of the value; by default PyTorch's for ``initial_value``.

    >>> x = Variable(1.0)
    >>> x.assign_add(2.0)
    <Variable 'Variable:0' shape=() dtype=float32, numpy=3.0>

    Raises:
        ValueError: no initial value; a value of another shape is assigned.
    """

    name: str
    trainable: bool

    def __new__(cls, initial_value: Any = None, trainable: bool = True, name: str = "Variable", dtype: Any = None) -> Any:
        if initial_value is None:
            raise ValueError("The `initial_value` arg to `Variable` cannot be None.")
        value = initial_value() if callable(initial_value) else initial_value
        value = value.detach() if isinstance(value, Tensor) else tensor(value)
        made = object.__new__(cls)
        made._array = np.array(value.to(dtype)._array if dtype is not None else value._array)
        made._node = made._grad = made._family = None
        made.name, made.trainable = name, trainable
        if trainable and made._array.dtype.kind == "f":
            VARIABLES.add(made)
            for tape in recording_tapes.get():
                if tape.watches_variables:
                    tape.take(made)
        return made

    def assign(self, value: Any) -> Variable:
        """Replace the value; what a tape has recorded keeps the old one."""
        array = as_tensor(value, dtype=self.dtype).detach()._array
        if array.shape != self._array.shape:
            raise ValueError(
                f"Cannot assign value to variable '{self.name}:0': Shape mismatch. The variable shape "
                f"{self._array.shape}, and the assigned value shape {array.shape} are incompatible."
            )
        self._array = np.array(array)
        return self

    def assign_add(self, delta: Any) -> Variable:
        """Add to the value."""
        return self.assign(self.value() + as_tensor(delta, dtype=self.dtype).detach())

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract from the value."""
        return self.assign(self.value() - as_tensor(delta, dtype=self.dtype).detach())

    def value(self) -> Tensor:
        """The value of now, as a tensor that later assignments leave alone."""
        return self.detach()

    def detach(self) -> Tensor:
        """The value as a plain tensor without history."""
        return as_tensor(self._array)

    read_value = value

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The value as an array."""
        return self._array.copy()

    def __repr__(self) -> str:  # type: ignore[override]
        dtype = str(self.dtype).removeprefix("torch.")
        shown = self._array.item() if self._array.ndim == 0 else repr(self._array)
        return f"<Variable '{self.name}:0' shape={self._array.shape} dtype={dtype}, numpy={shown}>"
