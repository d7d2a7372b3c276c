"""Activations by name (https://keras.io/api/layers/activations)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..nn import functional as F
from ..tensor import Tensor
from .names import by_name

__all__ = ["get"]


def linear(x: Tensor) -> Tensor:
    """``x`` itself."""
    return x


def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``."""
    return F.relu(x)


def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return F.sigmoid(x)


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return F.tanh(x)


def softmax(x: Tensor) -> Tensor:
    """``exp(x) / sum(exp(x))`` along the last axis."""
    return F.softmax(x, dim=-1)


def log_softmax(x: Tensor) -> Tensor:
    """The logarithm of :func:`softmax`."""
    return F.log_softmax(x, dim=-1)


def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))``."""
    return F.softplus(x)


def softsign(x: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return x / (1 + x.abs())


def elu(x: Tensor) -> Tensor:
    """``x`` where it is positive, else ``exp(x) - 1``."""
    return F.elu(x)


def selu(x: Tensor) -> Tensor:
    """The scaled :func:`elu` of self-normalising networks."""
    return F.selu(x)


def gelu(x: Tensor) -> Tensor:
    """``x`` times the normal distribution function of ``x``."""
    return F.gelu(x)


def silu(x: Tensor) -> Tensor:
    """``x sigmoid(x)``."""
    return F.silu(x)


def leaky_relu(x: Tensor) -> Tensor:
    """``x`` where it is positive, else ``0.2 x``: Keras's slope, not PyTorch's."""
    return F.leaky_relu(x, 0.2)


def relu6(x: Tensor) -> Tensor:
    """``min(max(x, 0), 6)``."""
    return F.relu6(x)


def hard_sigmoid(x: Tensor) -> Tensor:
    """``relu6(x + 3) / 6``."""
    return F.hardsigmoid(x)


def mish(x: Tensor) -> Tensor:
    """``x tanh(softplus(x))``."""
    return F.mish(x)


def exponential(x: Tensor) -> Tensor:
    """``exp(x)``."""
    return x.exp()


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    each.__name__: each
    for each in (
        linear, relu, sigmoid, tanh, softmax, log_softmax, softplus, softsign, elu, selu, gelu, silu, leaky_relu, exponential,
        relu6, hard_sigmoid, mish,
    )
} | {"swish": silu}  # fmt: skip


def get(identifier: Any) -> Callable[[Tensor], Tensor]:
    """The activation of that name; None is :func:`linear`, a function is itself."""
    return linear if identifier is None else by_name("activation", identifier, ACTIVATIONS)  # type: ignore[no-any-return]
