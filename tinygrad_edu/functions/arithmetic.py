"""Arithmetic whose signature covers several operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import integer_scalar
from ..dtypes import common_dtype, from_numpy_dtype
from ..ops import elementwise as ops
from ..tensor import Tensor

_add, _sub, _mul, _div = ops.add, ops.sub, ops.mul, ops.div


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input + alpha * other``."""
    if alpha == 1:
        return _add.function(input, other, out=out)
    return ops.add_scaled.function(input, other, alpha=alpha, out=out)


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input - alpha * other``."""
    if alpha == 1:
        return _sub.function(input, other, out=out)
    return ops.sub_scaled.function(input, other, alpha=alpha, out=out)


subtract = sub


def multiply(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """``input * other``."""
    return _mul.function(input, other, out=out)


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """``input / other``; ``rounding_mode`` is None (true division), ``"trunc"`` or ``"floor"``."""
    if rounding_mode is None:
        return _div.function(input, other, out=out)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return ops.div_rounded.function(input, other, rounding_mode=rounding_mode, out=out)


divide = div


def true_divide(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """``input / other``; integers are divided as floats."""
    return _div.function(input, other, out=out)


def reversed_divide(self: Tensor, other: Any) -> Tensor:
    """``other / self``, which PyTorch computes as ``self.reciprocal() * other``."""
    return ops.reciprocal.function(self) * other


def negative(input: Tensor, *, out: Any = None) -> Tensor:
    """``-input``."""
    return ops.neg.function(input, out=out)


def positive(input: Tensor) -> Tensor:
    """The input itself."""
    if input._array.dtype == bool:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def absolute(input: Tensor, *, out: Any = None) -> Tensor:
    """The absolute value."""
    return ops.abs_.function(input, out=out)


abs = absolute


def pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """``input`` to the power of ``exponent``; either may be a number."""
    if isinstance(exponent, np.generic):
        exponent = exponent.item()
    if isinstance(input, Tensor):
        if isinstance(exponent, Tensor):
            _refuse_negative_power(input._array, exponent._array)
            return ops.tensor_power.function(input, exponent, out=out)
        if isinstance(exponent, (bool, int, float, complex)):
            return _power(input, exponent, out)
        raise TypeError(f"pow(): argument 'exponent' (position 2) must be Tensor, not {type_name(exponent)}")
    if isinstance(exponent, Tensor) and isinstance(input, (bool, int, float, complex, np.generic)):
        base = input.item() if isinstance(input, np.generic) else input
        dtype = common_dtype(exponent._array, base)
        if dtype != exponent._array.dtype:
            exponent = ops.convert.function(exponent, dtype)
        return ops.exponential.function(base, exponent, out=out)
    raise TypeError(f"pow(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")


def _power(input: Tensor, exponent: Any, out: Any) -> Tensor:
    array = input._array
    if array.dtype.kind != "f":
        _refuse_negative_power(array, exponent)
        dtype = common_dtype(array, exponent)
        if dtype != array.dtype:
            input = ops.convert.function(input, dtype)
    return ops.power.function(input, exponent, out=out)


def _refuse_negative_power(x: np.ndarray, exponent: Any) -> None:
    integers = x.dtype.kind in "biu" and (
        exponent.dtype.kind in "biu" if isinstance(exponent, np.ndarray) else isinstance(exponent, int)
    )
    if integers and np.any(np.less(exponent, 0)):
        raise RuntimeError("Integers to negative integer powers are not allowed.")


def reversed_power(self: Tensor, other: Any) -> Tensor:
    """``other ** self``."""
    return pow(other, self)


def square(input: Tensor, *, out: Any = None) -> Tensor:
    """``input ** 2``."""
    return pow(input, 2, out=out)


def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """``input`` where ``condition`` holds, else ``other``; with the condition alone, the indices where it holds."""
    if input is None and other is None:
        from .indexing import nonzero

        return nonzero(condition, as_tuple=True)
    if isinstance(condition, Tensor) and condition._array.dtype not in (np.bool_, np.uint8):
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{from_numpy_dtype(condition._array.dtype).legacy_name}"
        )
    return ops.where.function(condition, input, other, out=out)


def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor:
    """Elements below ``min`` become ``min``, elements above ``max`` become ``max``; bounds are numbers or tensors."""
    if not isinstance(input, Tensor):
        raise TypeError(f"clamp(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        return ops.clamp_tensor.function(input, min, max, out=out)
    bounds = [each for each in (min, max) if each is not None]
    if input._array.dtype.kind != "f" and bounds:
        dtype = common_dtype(input._array, *bounds)
        if dtype != input._array.dtype:
            input = ops.convert.function(input, dtype)
        elif dtype.kind in "iu":
            min, max = (each if each is None else integer_scalar(each, dtype) for each in (min, max))
    return ops.clamp.function(input, min, max, out=out)


clip = clamp


def clamp_min(input: Tensor, min: Any, *, out: Any = None) -> Tensor:
    """:func:`clamp` with a lower bound alone."""
    return clamp(input, min=min, out=out)


def clamp_max(input: Tensor, max: Any, *, out: Any = None) -> Tensor:
    """:func:`clamp` with an upper bound alone."""
    return clamp(input, max=max, out=out)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Any = None) -> Tensor:
    """``input + value * tensor1 * tensor2``."""
    return add(input, tensor1 * tensor2, alpha=value, out=out)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Any = None) -> Tensor:
    """``input + value * tensor1 / tensor2``."""
    return add(input, tensor1 / tensor2, alpha=value, out=out)


def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Any = None) -> Tensor:
    """``input + weight * (end - input)``."""
    return add(input, (end - input) * weight, out=out)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements satisfy ``|input - other| <= atol + rtol * |other|``."""
    from ..ops.comparison import isclose

    return bool(isclose.function(input, other, rtol, atol, equal_nan)._array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same size and elements."""
    for position, each in enumerate((input, other)):
        if not isinstance(each, Tensor):
            name = ("input", "other")[position]
            raise TypeError(f"equal(): argument '{name}' (position {position + 1}) must be Tensor, not {type_name(each)}")
    return input._array.shape == other._array.shape and bool(np.array_equal(input._array, other._array))


def nan_to_num(input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """nan and infinities replaced by numbers (the largest and smallest of the dtype, if not given)."""
    if input._array.dtype.kind != "f":
        return input.clone()
    info = np.finfo(input._array.dtype)
    posinf = float(info.max) if posinf is None else posinf
    neginf = float(info.min) if neginf is None else neginf
    result = where(input != input, nan, input)  # noqa: PLR0124 (nan is not itself)
    result = where(result == float("inf"), posinf, result)
    return where(result == -float("inf"), neginf, result)


__all__ = [
    "abs", "absolute", "add", "addcdiv", "addcmul", "allclose", "clamp", "clamp_max", "clamp_min", "clip", "div", "divide",
    "equal", "lerp", "multiply", "nan_to_num", "negative", "positive", "pow", "square", "sub", "subtract", "true_divide",
    "where",
]  # fmt: skip

