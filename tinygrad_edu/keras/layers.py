"""Layers that learn their input's shape when they first see it, and have Keras's defaults (https://keras.io/api/layers).

A layer holds the nn module that does the work. Shapes are written without the batch axis; channels come last.
"""

from __future__ import annotations

import math
from typing import Any

from .. import nn
from ..nn import functional as F
from ..tensor import Tensor
from . import activations, initializers
from .layer import Layer, Shape, Weights
from .names import unique_name
from .recurrent import LSTM, SimpleRNN

__all__ = [
    "LSTM", "Activation", "BatchNormalization", "Conv2D", "Dense", "Dropout", "Embedding", "Flatten", "Input", "InputLayer",
    "Layer", "MaxPooling2D", "SimpleRNN",
]  # fmt: skip


class InputLayer(Layer):
    """Says the shape of a sample."""

    def __init__(self, shape: Any = None, *, input_shape: Any = None, name: str | None = None) -> None:
        super().__init__(name=name or unique_name("input"), input_shape=shape if input_shape is None else input_shape)
        if self.given_shape is None:
            raise ValueError("InputLayer needs a shape.")

    def call(self, inputs: Tensor) -> Tensor:
        return inputs


def Input(shape: Any = None, *, name: str | None = None) -> InputLayer:
    """The shape of a sample, as a model's first element."""
    return InputLayer(shape, name=name)


class Dense(Layer):
    """``activation(x · kernel + bias)`` along the last axis: ``nn.Linear``.

    Args:
        units: the size of the result.
        activation: a name, a function, or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: names or functions.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not isinstance(units, int) or units <= 0:
            raise ValueError(f"Received an invalid value for `units`, expected a positive integer. Received: units={units}")
        self.units, self.use_bias, self.activation = units, use_bias, activations.get(activation)
        self.fill_kernel, self.fill_bias = initializers.get(kernel_initializer), initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> Shape:
        self.linear = nn.Linear(input_shape[-1], self.units, bias=self.use_bias)
        self.fill_kernel(self.linear.weight)
        if self.use_bias:
            self.fill_bias(self.linear.bias)
        return (*input_shape[:-1], self.units)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(self.linear(inputs))

    def _weights(self) -> Weights:
        if not self.built:
            return []
        return [(self.linear.weight, (1, 0)), *([(self.linear.bias, None)] if self.use_bias else [])]


class Flatten(Layer):
    """All axes of a sample as one: ``nn.Flatten``."""

    def build(self, input_shape: Shape) -> Shape:
        self.flatten = nn.Flatten()
        return (math.prod(input_shape),)

    def call(self, inputs: Tensor) -> Tensor:
        return self.flatten(inputs)  # type: ignore[no-any-return]


class Dropout(Layer):
    """In training, each element is zeroed with probability ``rate``: ``nn.Dropout``."""

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= rate <= 1:
            raise ValueError(f"Invalid value received for argument `rate`. Expected a float between 0 and 1. Received: {rate}")
        self.dropout = nn.Dropout(rate)

    def call(self, inputs: Tensor) -> Tensor:
        return self.dropout(inputs)  # type: ignore[no-any-return]


class Activation(Layer):
    """An activation as a layer."""

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(inputs)


def _pair(value: Any, what: str) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or not all(isinstance(n, int) and n > 0 for n in pair):
        raise ValueError(f"`{what}` must be a positive integer or a pair of them. Received: {value}")
    return pair


class _Windowed(Layer):
    """What slides a window over two axes; ``padding`` is "valid", or "same" as TensorFlow understands it."""

    def __init__(self, size: tuple[int, int], strides: tuple[int, int], padding: str, options: Any) -> None:
        super().__init__(**options)
        if padding.lower() not in ("valid", "same"):
            raise ValueError(f"`padding` must be 'valid' or 'same'. Received: {padding}")
        self.size, self.strides, self.padding = size, strides, padding.lower()

    def _window(self, input_shape: Shape) -> Shape:
        """Note how much is to be padded; return the height and width of the result."""
        if len(input_shape) != 3:
            raise ValueError(f"Layer {self.name} takes samples of shape (height, width, channels). Received: {input_shape}")
        lengths: list[int] = []
        self.pads: list[int] = []
        for n, k, s in zip(input_shape[:2], self.size, self.strides, strict=True):
            length = -(-n // s) if self.padding == "same" else (n - k) // s + 1
            missing = max((length - 1) * s + k - n, 0) if self.padding == "same" else 0
            if length < 1:
                raise ValueError(f"Layer {self.name}: a window of {self.size} does not fit into an input of {input_shape}.")
            self.pads = [missing // 2, missing - missing // 2, *self.pads]  # F.pad begins with the last axis
            lengths.append(length)
        return tuple(lengths)

    def _channels_first(self, inputs: Tensor, fill: float) -> Tensor:
        x = inputs.permute(0, 3, 1, 2)
        return F.pad(x, self.pads, value=fill) if any(self.pads) else x


class Conv2D(_Windowed):
    """A two-dimensional convolution over (height, width, channels): ``nn.Conv2d``.

    Args:
        filters: the number of channels of the result.
        kernel_size, strides: integers or pairs.
        padding: ``"valid"``, or ``"same"`` as TensorFlow pads.
        activation, use_bias, kernel_initializer, bias_initializer: as :class:`Dense`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(_pair(kernel_size, "kernel_size"), _pair(strides, "strides"), padding, options)
        self.filters, self.use_bias, self.activation = filters, use_bias, activations.get(activation)
        self.fill_kernel, self.fill_bias = initializers.get(kernel_initializer), initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> Shape:
        lengths = self._window(input_shape)
        self.conv = nn.Conv2d(input_shape[-1], self.filters, self.size, self.strides, bias=self.use_bias)
        self.fill_kernel(self.conv.weight)
        if self.use_bias:
            self.fill_bias(self.conv.bias)
        return (*lengths, self.filters)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(self.conv(self._channels_first(inputs, 0.0)).permute(0, 2, 3, 1))

    def _weights(self) -> Weights:
        if not self.built:
            return []
        return [(self.conv.weight, (2, 3, 1, 0)), *([(self.conv.bias, None)] if self.use_bias else [])]


class MaxPooling2D(_Windowed):
    """The maximum of each window over (height, width, channels): ``nn.MaxPool2d``."""

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", **options: Any) -> None:
        size = _pair(pool_size, "pool_size")
        super().__init__(size, size if strides is None else _pair(strides, "strides"), padding, options)
        self.pool = nn.MaxPool2d(self.size, self.strides)

    def build(self, input_shape: Shape) -> Shape:
        return (*self._window(input_shape), input_shape[-1])

    def call(self, inputs: Tensor) -> Tensor:
        return self.pool(self._channels_first(inputs, -math.inf)).permute(0, 2, 3, 1)  # type: ignore[no-any-return]


class BatchNormalization(Layer):
    """Each channel (the last axis) with mean 0 and variance 1 over the batch, then scaled and shifted: ``nn.BatchNorm1d``.

    Args:
        momentum: how much of the moving mean and variance a step keeps (PyTorch counts the other way round).
        epsilon: added to the variance.

    The moving variance follows the unbiased variance of the batches, as PyTorch's and TensorFlow's fused one do.
    """

    def __init__(self, momentum: float = 0.99, epsilon: float = 1e-3, **options: Any) -> None:
        super().__init__(**options)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape: Shape) -> Shape:
        self.norm = nn.BatchNorm1d(input_shape[-1], self.epsilon, 1 - self.momentum)
        return input_shape

    def call(self, inputs: Tensor) -> Tensor:
        return self.norm(inputs.reshape(-1, inputs.shape[-1])).reshape(inputs.shape)  # type: ignore[no-any-return]

    def _weights(self) -> Weights:
        if not self.built:
            return []
        return [(w, None) for w in (self.norm.weight, self.norm.bias, self.norm.running_mean, self.norm.running_var)]


class Embedding(Layer):
    """A row of a table for each integer: ``nn.Embedding``.

    Args:
        input_dim: how many rows there are.
        output_dim: how long they are.
        embeddings_initializer: a name or function.
    """

    takes_integers = True

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "random_uniform", *, input_length: Any = None,
        name: str | None = None, input_shape: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, input_shape=(input_length,) if input_length else input_shape)
        self.embedding = nn.Embedding(input_dim, output_dim)
        initializers.get(embeddings_initializer)(self.embedding.weight)

    def build(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.embedding.embedding_dim)

    def call(self, inputs: Tensor) -> Tensor:
        return self.embedding(inputs.long())  # type: ignore[no-any-return]

    def _weights(self) -> Weights:
        return [(self.embedding.weight, None)]
