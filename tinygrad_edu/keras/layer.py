"""The base of all layers: a name, and weights that come to be when the input's shape is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..tensor import Tensor
from .names import snake_case, unique_name

__all__ = ["Layer", "Shape", "Weights", "arrays_of", "set_arrays"]

Shape = tuple[int, ...]
Weights = list[tuple[Tensor, tuple[int, ...] | None]]
"""Keras's weights in Keras's order, each with the permutation from PyTorch's layout to Keras's."""


def arrays_of(weights: Weights) -> list[np.ndarray]:
    """Copies of weights in Keras's layout."""
    return [np.array(w.detach().numpy() if order is None else w.detach().numpy().transpose(order)) for w, order in weights]


def set_arrays(weights: Weights, arrays: list[Any], owner: str) -> None:
    """Set weights from arrays in Keras's layout; all, or none if one does not fit."""
    given = [np.asarray(each) for each in arrays]
    shapes, found = [each.shape for each in arrays_of(weights)], [each.shape for each in given]
    if found != shapes:
        raise ValueError(f"{owner} has weights of shapes {shapes}, given were {found}.")
    for (weight, order), array in zip(weights, given, strict=True):
        weight.data.copy_(Tensor(np.ascontiguousarray(array if order is None else array.transpose(np.argsort(order)))))


class Layer(nn.Module):
    """The base of all layers.

    Args:
        name: ``dense``, ``dense_1``, ... if it is not given.
        input_shape: the shape of one sample; ``input_dim=n`` says ``input_shape=(n,)``. The first layer of a model may be
            told it, so that the model is built at once.

    A layer of one's own makes its modules in :meth:`build` and uses them in :meth:`call`.
    """

    shown_whole = True
    """Pictures show the layer, not the modules in it."""
    takes_integers = False
    """Whether :meth:`call` is given integers as they are; otherwise they come as float32."""

    def __init__(self, *, name: str | None = None, input_shape: Any = None, input_dim: int | None = None) -> None:
        super().__init__()
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.given_shape: Shape | None = (input_dim,) if input_dim is not None else input_shape and tuple(input_shape)
        self.output_shape: Shape | None = None

    @property
    def built(self) -> bool:
        return self.output_shape is not None

    def build(self, input_shape: Shape) -> Shape:
        """Make the weights for samples of this shape; return the shape of a result."""
        return input_shape

    def call(self, inputs: Tensor) -> Tensor:
        """The layer's result for a batch."""
        raise NotImplementedError

    def ensure_built(self, input_shape: Shape) -> Shape:
        """Build the layer if it is not built; return the shape of a result."""
        if self.output_shape is None:
            self.output_shape = self.build(input_shape)
            self.train(self.training)  # the new modules too
        return self.output_shape

    def forward(self, inputs: Tensor) -> Tensor:
        self.ensure_built(tuple(inputs.shape[1:]))
        return self.call(inputs if self.takes_integers or inputs.is_floating_point() else inputs.float())

    def _weights(self) -> Weights:
        """Keras's weights in Keras's order, each with the permutation from PyTorch's layout to Keras's."""
        return []

    @property
    def weights(self) -> list[Tensor]:
        """The weights, in PyTorch's layout."""
        return [weight for weight, _ in self._weights()]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that have a gradient."""
        return [weight for weight in self.weights if weight.requires_grad]

    trainable_variables = trainable_weights

    def count_params(self) -> int:
        """How many numbers the weights have."""
        return sum(weight.numel() for weight in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights in Keras's layout: ``Dense``'s kernel has shape (inputs, units)."""
        return arrays_of(self._weights())

    def set_weights(self, weights: list[Any]) -> None:
        """Set the weights from arrays in Keras's layout.

        Raises:
            ValueError: there are more or fewer than the layer has, or one has another shape. Nothing is changed then.
        """
        set_arrays(self._weights(), weights, f"Layer {self.name}")
