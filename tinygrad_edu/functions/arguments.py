"""The checks of arguments that layers share: tensors, ints, and ints or one for each axis."""

from __future__ import annotations

from typing import Any

from ..autograd.errors import type_name
from ..tensor import Tensor


def require_tensor(function: str, value: Any, name: str = "input", position: int = 1) -> None:
    """PyTorch's error for an argument that is no tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{function}(): argument '{name}' (position {position}) must be Tensor, not {type_name(value)}")


def is_int(value: Any) -> bool:
    """Whether PyTorch takes it for an int: an int, or what counts as one, but no bool."""
    return type(value) is int or (not isinstance(value, (bool, float, str)) and hasattr(value, "__index__"))


def ints_of(function: str, name: str, position: int, value: Any) -> tuple[int, ...]:
    """A sequence of ints as a tuple."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{function}(): argument '{name}' (position {position}) must be tuple of ints, not {type_name(value)}")
    for i, each in enumerate(value):
        if not is_int(each):
            raise TypeError(
                f"{function}(): argument '{name}' (position {position}) must be tuple of ints, but found element of type "
                f"{type_name(each)} at pos {i}"
            )
    return tuple(each.__index__() for each in value)


def ints_for_axes(function: str, name: str, position: int, value: Any, n: int) -> tuple[int, ...]:
    """An int for all ``n`` axes, or a sequence of ints as it is."""
    if type(value) is int:
        return (value,) * n
    if is_int(value):
        return (value.__index__(),) * n
    return ints_of(function, name, position, value)


def int_pair(function: str, name: str, position: int, value: Any) -> tuple[int, int]:
    """One int for both axes, or one for each."""
    pair = ints_for_axes(function, name, position, value, 2)
    if len(pair) == 1:
        pair *= 2
    if len(pair) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(pair)}")
    return pair  # type: ignore[return-value]
