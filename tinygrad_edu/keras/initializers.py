"""Initialisers by name (https://keras.io/api/layers/initializers). Each fills a weight in PyTorch's layout in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..nn import init
from ..tensor import Tensor
from .names import by_name

__all__ = ["get"]

_TRUNCATED = 0.87962566103423978
"""The standard deviation of a normal distribution that is cut off at two."""


def _scaled(scale: float, mode: str, normal: bool) -> Callable[[Tensor], Tensor]:
    """A weight of variance ``scale / n``, where n is the number of inputs, or the mean of inputs and outputs."""

    def fill(weight: Tensor) -> Tensor:
        fan_in, fan_out = init._calculate_fan_in_and_fan_out(weight)
        n = fan_in if mode == "in" else (fan_in + fan_out) / 2
        std = (scale / max(1, n)) ** 0.5
        if not normal:
            return init.uniform_(weight, -(3**0.5) * std, 3**0.5 * std)
        std /= _TRUNCATED
        return init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)

    return fill


def _normal(weight: Tensor) -> Tensor:
    return init.normal_(weight, std=0.05)


def _uniform(weight: Tensor) -> Tensor:
    return init.uniform_(weight, -0.05, 0.05)


INITIALIZERS: dict[str, Callable[[Tensor], Tensor]] = {
    "zeros": init.zeros_,
    "ones": init.ones_,
    "random_normal": _normal,
    "normal": _normal,
    "random_uniform": _uniform,
    "uniform": _uniform,
    "truncated_normal": lambda weight: init.trunc_normal_(weight, std=0.05, a=-0.1, b=0.1),
    "glorot_uniform": _scaled(1, "mean", normal=False),
    "glorot_normal": _scaled(1, "mean", normal=True),
    "he_uniform": _scaled(2, "in", normal=False),
    "he_normal": _scaled(2, "in", normal=True),
    "lecun_uniform": _scaled(1, "in", normal=False),
    "lecun_normal": _scaled(1, "in", normal=True),
    "orthogonal": init.orthogonal_,
}


def get(identifier: Any) -> Callable[[Tensor], Tensor]:
    """The initialiser of that name; a function is itself."""
    return by_name("initializer", identifier, INITIALIZERS)  # type: ignore[no-any-return]
