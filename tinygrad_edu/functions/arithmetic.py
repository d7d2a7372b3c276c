"""Arithmetic whose signature covers several operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import integer_scalar, wrap
from ..dtypes import common_dtype, from_numpy_dtype
from ..ops import choosing, powers
from ..ops import elementwise as ops
from ..ops.comparison import bitwise_not, isclose
from ..ops.complex import abs_
from ..overloads import combination_error
from ..tensor import Tensor
from ..values import NUMBERS, checked_scalar

_add, _sub, _mul, _div = ops.add, ops.sub, ops.mul, ops.div


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input + alpha * other``."""
    if alpha == 1 and alpha is not True:
        return _add.function(input, other, out=out)
    return ops.add_scaled.function(input, other, alpha=alpha, out=out)


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input - alpha * other``."""
    if alpha == 1 and alpha is not True:
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
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    return ops.div_rounded.function(input, other, rounding_mode=rounding_mode, out=out)


divide = div


def true_divide(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """``input / other``; integers are divided as floats."""
    return _div.function(input, other, out=out)


def reversed_divide(self: Tensor, other: Any) -> Tensor:
    """``other / self``, which PyTorch computes as ``self.reciprocal() * other``."""
    if not isinstance(other, (Tensor, np.ndarray, *NUMBERS)):
        return NotImplemented  # type: ignore[no-any-return]
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
    return abs_.function(input, out=out)


abs = absolute


def pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """``input`` to the power of ``exponent``; either may be a number."""
    if isinstance(input, Tensor) and (type(exponent) is int or type(exponent) is float) and input._array.dtype.kind == "f":
        return powers.power.function(input, exponent, out=out)  # what follows would come to the same
    if isinstance(input, Tensor) and isinstance(exponent, Tensor):
        return powers.tensor_power.function(input, exponent, out=out)
    base, power = number_of(input), number_of(exponent)
    if isinstance(input, Tensor) and isinstance(power, (bool, int, float, complex)):
        _refuse_negative_power(input._array, power)
        input = _as_common(input, power)
        return powers.power.function(input, checked_scalar(power, input._array.dtype), out=out)
    if isinstance(exponent, Tensor) and isinstance(base, (bool, int, float, complex)):
        return powers.exponential.function(base, _as_common(exponent, base), out=out)
    raise combination_error("pow", (input, exponent), {})


def _refuse_negative_power(x: np.ndarray, exponent: Any) -> None:
    if x.dtype.kind in "biu" and isinstance(exponent, int) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")


def reversed_power(self: Tensor, other: Any) -> Tensor:
    """``other ** self``."""
    return pow(other, self)


def inverted(self: Tensor) -> Tensor:
    """``~self``: the logical not of bools, the bitwise not of integers."""
    if self._array.dtype.kind not in "biu":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not.function(self)


def reversed_operator(function: Any) -> Any:
    """``other op self`` for a number ``other``, which widens the dtype only as numbers do."""

    def operator(self: Tensor, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return function(other, self)
        number = number_of(other)
        if not isinstance(number, (bool, int, float, complex)):
            raise combination_error(function.__name__, (other, self), {})
        return function(wrap(np.asarray(number, common_dtype(self._array, number))), self)

    return operator


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
    return choosing.where.function(condition, input, other, out=out)


def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``other - alpha * input``."""
    operation = ops.rsub_tensor if isinstance(other, Tensor) else ops.rsub
    return operation.function(input, other, alpha=alpha)


def remainder(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """Python's ``input % other``: the result has the sign of ``other``."""
    operation = ops.remainder if isinstance(other, Tensor) else ops.remainder_number
    return operation.function(input, other, out=out)


def fmod(input: Tensor, other: Any, *, out: Any = None) -> Tensor:
    """C's ``fmod``: the remainder that has the sign of ``input``."""
    operation = ops.fmod if isinstance(other, Tensor) else ops.fmod_number
    return operation.function(input, other, out=out)


def round(input: Tensor, *, decimals: int = 0, out: Any = None) -> Tensor:
    """The nearest integers, halves to even; with ``decimals``, the nearest numbers with so many digits after the point."""
    if decimals == 0:
        return ops.round_half_even.function(input, out=out)
    return ops.round_decimals.function(input, decimals=decimals, out=out)


def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor:
    """Elements below ``min`` become ``min``, elements above ``max`` become ``max``; bounds are numbers or tensors."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return _clamp(input, min, max, out, choosing.clamp, choosing.clamp_tensor)


def _clamp(input: Tensor, min: Any, max: Any, out: Any, by_numbers: Any, by_tensors: Any) -> Tensor:
    tensors = [isinstance(bound, Tensor) for bound in (min, max) if bound is not None]
    given = tuple(each for each in (input, min, max) if each is not None)
    if not isinstance(input, Tensor) or (any(tensors) and not all(tensors)):
        raise combination_error(by_numbers.public, given, {})
    if tensors[0]:
        return by_tensors.function(input, min, max, out=out)
    bounds = [number_of(bound) for bound in (min, max)]
    if any(bound is not None and not isinstance(bound, (bool, int, float)) for bound in bounds):
        raise combination_error(by_numbers.public, given, {})
    input = _as_common(input, *(bound for bound in bounds if bound is not None))
    if input._array.dtype.kind in "iu":
        bounds = [bound if bound is None else integer_scalar(bound, input._array.dtype) for bound in bounds]
    return by_numbers.function(input, *bounds, out=out)


clip = clamp


def clamp_min(input: Tensor, min: Any, *, out: Any = None) -> Tensor:
    """:func:`clamp` with a lower bound alone."""
    return _clamp(input, min, None, out, choosing.clamp_min, choosing.clamp_min_tensor)


def clamp_max(input: Tensor, max: Any, *, out: Any = None) -> Tensor:
    """:func:`clamp` with an upper bound alone."""
    return _clamp(input, None, max, out, choosing.clamp_max, choosing.clamp_max_tensor)


def number_of(value: Any) -> Any:
    """NumPy's scalars as Python's numbers."""
    return value.item() if isinstance(value, np.generic) else value


def _as_common(input: Tensor, *numbers: Any) -> Tensor:
    """``input`` in the dtype in which it meets these numbers."""
    dtype = common_dtype(input._array, *numbers)
    return input if dtype == input._array.dtype else ops.convert.function(input, dtype)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Any = None) -> Tensor:
    """``input + value * tensor1 / tensor2``."""
    if all(isinstance(each, Tensor) and each._array.dtype.kind in "biu" for each in (tensor1, tensor2)):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true "
            "division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * "
            "torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) "
            "for float inputs. The future addcdiv behavior is just the latter implementation: (input + value * tensor1 / "
            "tensor2), for all dtypes."
        )
    return ops.addcdiv.function(input, tensor1, tensor2, value=value, out=out)


def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Any = None) -> Tensor:
    """``input + weight * (end - input)``."""
    operation = ops.lerp_tensor if isinstance(weight, Tensor) else ops.lerp_number
    return operation.function(input, end, weight, out=out)


def float_power(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """:func:`pow` in double precision."""
    numbers = (bool, int, float, complex, np.number)
    if not any(isinstance(each, Tensor) for each in (input, exponent)) or not all(
        isinstance(each, (Tensor, *numbers)) for each in (input, exponent)
    ):
        raise combination_error("float_power", (input, exponent), {})

    def in_double(operand: Any) -> Any:
        if not isinstance(operand, Tensor):
            return operand if isinstance(operand, complex) else float(operand)
        return ops.convert.function(operand, np.dtype("complex128" if operand.is_complex() else "float64"))

    return pow(in_double(input), in_double(exponent), out=out)


def nan_to_num(
    input: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None, *, out: Any = None
) -> Tensor:
    """nan and infinities replaced by numbers (0, and the largest and smallest of the dtype, if not given)."""
    if input._array.dtype.kind not in "fc":
        return ops.clone.function(input, out=out)
    return choosing.nan_to_num.function(input, 0.0 if nan is None else nan, posinf, neginf, out=out)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements satisfy ``|input - other| <= atol + rtol * |other|``."""
    return bool(isclose.function(input, other, rtol, atol, equal_nan)._array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same size and elements."""
    for position, each in enumerate((input, other)):
        if not isinstance(each, Tensor):
            name = ("input", "other")[position]
            raise TypeError(f"equal(): argument '{name}' (position {position + 1}) must be Tensor, not {type_name(each)}")
    return input._array.shape == other._array.shape and bool(np.array_equal(input._array, other._array))


__all__ = [
    "abs", "absolute", "add", "addcdiv", "allclose", "clamp", "clamp_max", "clamp_min", "clip", "div", "divide", "equal",
    "float_power", "fmod", "lerp", "multiply", "nan_to_num", "negative", "positive", "pow", "remainder", "round", "rsub",
    "square", "sub", "subtract", "true_divide", "where",
]  # fmt: skip
