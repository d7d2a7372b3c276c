"""Recurrent layers with Keras's defaults over ``nn.RNN`` and ``nn.LSTM``."""

from __future__ import annotations

from typing import Any

from .. import nn
from ..autograd import no_grad
from ..tensor import Tensor
from . import activations, initializers
from .layer import Layer, Shape, Weights

__all__ = ["LSTM", "SimpleRNN"]


class _Recurrent(Layer):
    """A layer over sequences: samples have shape (steps, features).

    PyTorch's modules add two biases, Keras one: the second stays zero and is none of the layer's weights.
    """

    def __init__(
        self, units: int, return_sequences: bool, use_bias: bool, kernel: Any, recurrent: Any, bias: Any, options: Any
    ) -> None:
        super().__init__(**options)
        if not isinstance(units, int) or units <= 0:
            raise ValueError(f"Received an invalid value for `units`, expected a positive integer. Received: units={units}")
        self.units, self.return_sequences, self.use_bias = units, return_sequences, use_bias
        self.fillers = [initializers.get(each) for each in (kernel, recurrent, bias)]

    def _make(self, features: int) -> Any:
        raise NotImplementedError

    def build(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2:
            raise ValueError(f"Layer {self.name} takes samples of shape (steps, features). Received: {input_shape}")
        self.rnn = self._make(input_shape[-1])
        fill_kernel, fill_recurrent, fill_bias = self.fillers
        fill_kernel(self.rnn.weight_ih_l0)
        fill_recurrent(self.rnn.weight_hh_l0)
        if self.use_bias:
            fill_bias(self.rnn.bias_ih_l0)
            nn.init.zeros_(self.rnn.bias_hh_l0)
            self.rnn.bias_hh_l0.requires_grad_(False)
        return (*input_shape[:1], self.units) if self.return_sequences else (self.units,)

    def call(self, inputs: Tensor) -> Tensor:
        outputs, _ = self.rnn(inputs)
        return outputs if self.return_sequences else outputs[:, -1]  # type: ignore[no-any-return]

    def _weights(self) -> Weights:
        if not self.built:
            return []
        biases: Weights = [(self.rnn.bias_ih_l0, None)] if self.use_bias else []
        return [(self.rnn.weight_ih_l0, (1, 0)), (self.rnn.weight_hh_l0, (1, 0)), *biases]


class SimpleRNN(_Recurrent):
    """``h = activation(x · kernel + h · recurrent_kernel + bias)``, step after step: ``nn.RNN``.

    Args:
        units: the size of the state.
        activation: "tanh" or "relu", which ``nn.RNN`` has.
        return_sequences: whether the result is the state after every step or only the last.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer: as :class:`Dense`.
    """

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        return_sequences: bool = False,
        **options: Any,
    ) -> None:
        fillers = (kernel_initializer, recurrent_initializer, bias_initializer)
        super().__init__(units, return_sequences, use_bias, *fillers, options)
        self.nonlinearity = getattr(activations.get(activation), "__name__", "")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"SimpleRNN's activation is 'tanh' or 'relu', not {activation!r}.")

    def _make(self, features: int) -> Any:
        return nn.RNN(features, self.units, nonlinearity=self.nonlinearity, bias=self.use_bias, batch_first=True)


class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): ``nn.LSTM``. The gates come as i, f, c, o.

    Args:
        units: the size of the state.
        unit_forget_bias: whether the forget gate's bias starts at 1.
        return_sequences: whether the result is the state after every step or only the last.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer: as :class:`Dense`.
    """

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        return_sequences: bool = False,
        **options: Any,
    ) -> None:
        fillers = (kernel_initializer, recurrent_initializer, bias_initializer)
        super().__init__(units, return_sequences, use_bias, *fillers, options)
        if (activation, recurrent_activation) != ("tanh", "sigmoid"):
            raise ValueError("LSTM's activations are 'tanh' and 'sigmoid'.")
        self.unit_forget_bias = unit_forget_bias

    def _make(self, features: int) -> Any:
        return nn.LSTM(features, self.units, bias=self.use_bias, batch_first=True)

    def build(self, input_shape: Shape) -> Shape:
        shape = super().build(input_shape)
        if self.use_bias and self.unit_forget_bias:
            with no_grad():
                self.rnn.bias_ih_l0[self.units : 2 * self.units] = 1.0
        return shape
