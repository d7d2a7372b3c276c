"""In-place methods that are more than the in-place form of a function: overwriting, ``x += y``, axes exchanged in place."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from ..autograd.errors import broadcast_error, type_name
from ..autograd.grad_mode import get_mode
from ..autograd.node import AccumulateGrad
from ..autograd.runtime import wrap
from ..dtypes import from_numpy_dtype
from ..inplace import assign, check_in_place, check_memory, check_overlap, finish_write, in_place, make_node, set_history
from ..ops import overwriting as ops
from ..ops import shape as shape_ops
from ..ops.diagonal import diagonal
from ..tensor import Tensor
from ..values import NUMBERS, given_scalar
from . import arithmetic, combining, shape

# ---- overwriting ---------------------------------------------------------------------------------------------------


def fill_(self: Tensor, value: Any) -> Tensor:
    """Write ``value``, a number or a 0-d tensor, into every element."""
    check_in_place(self, value)
    target = self._array
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
            )
        target[...] = value._array.astype(target.dtype)
        node, op = value._node, ops.fill_tensor
    else:
        target[...] = given_scalar(value, target.dtype, "fill_", value)
        node, op = None, ops.fill_number
    finish_write(self)
    if (self._node is not None or node is not None) and get_mode():
        set_history(self, make_node(op, (self._node, node)[: len(op.differentiable)], target))
    return self


def zero_(self: Tensor) -> Tensor:
    """Write zeros into every element."""
    check_in_place(self)
    target = self._array
    target[...] = 0
    finish_write(self)
    if self._node is not None and get_mode():
        set_history(self, make_node(ops.zero, (self._node,), target))
    return self


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Copy the elements of ``src``, which broadcasts, and is converted to the dtype of ``self``."""
    if isinstance(src, NUMBERS):
        src = wrap(np.asarray(src))
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type_name(src)}")
    check_in_place(self, src)
    if src._array.shape != self._array.shape:
        check_memory(self._array)
        check_overlap(self._array, src._array)
        check_broadcast(self._array.shape, src._array.shape)
    assign(self, src._array, src._node)
    return self


def check_broadcast(target: tuple[int, ...], source: tuple[int, ...]) -> None:
    """Whether a result of broadcasting with ``target`` keeps that shape."""
    mismatch = broadcast_error([target, source])
    if mismatch is not None:
        raise mismatch
    shape = np.broadcast_shapes(target, source)
    if shape != target:
        raise RuntimeError(f"output with shape {list(target)} doesn't match the broadcast shape {list(shape)}")


def check_expand(target: tuple[int, ...], source: np.ndarray) -> None:
    """Whether ``source`` can be expanded to the shape ``target``."""
    given = source.shape
    lead = len(target) - len(given)
    if lead < 0:
        from ..tensor import type_string

        name = type_string(source)
        raise RuntimeError(
            f"expand({name}{{{list(given)}}}, size={list(target)}): the number of sizes provided ({len(target)}) must be "
            f"greater or equal to the number of dimensions in the tensor ({len(given)})"
        )
    for i, n in reversed(list(enumerate(given))):
        if n not in (1, target[i + lead]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[i + lead]}) must match the existing size ({n}) at non-singleton "
                f"dimension {i + lead}.  Target sizes: {list(target)}.  Tensor sizes: {list(given)}"
            )


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write a number into the main diagonal: the elements whose indices are all equal."""
    shape = self._array.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) == 2 and not wrap:
        diagonal.function(self).fill_(fill_value)
        return self
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    end = self._array.size if wrap else min(shape) * step
    self.view(-1)[: min(end, self._array.size) : step].fill_(fill_value)
    return self


# ---- operators -----------------------------------------------------------------------------------------------------


def augmented(method: str, name: str) -> Any:
    """``x += y`` from ``x.add_(y)``: NotImplemented where the method complains of a type."""

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return getattr(self, method)(other)
        except TypeError:
            return NotImplemented

    operator.__name__ = operator.__qualname__ = name
    return operator


# ---- axes ----------------------------------------------------------------------------------------------------------

_NAMES = {
    "TBackward0": "TBackward1", "TransposeBackward0": "TransposeBackward1", "UnsqueezeBackward0": "UnsqueezeBackward1",
    "SqueezeBackward0": "SqueezeBackward3", "SqueezeBackward1": "SqueezeBackward4", "SqueezeBackward2": "SqueezeBackward5",
    "AsStridedBackward0": "AsStridedBackward1",
}  # fmt: skip
_classes: dict[type, type] = {}


def _in_place_class(kind: type) -> type:
    """The class of the same node under the name that PyTorch gives the in-place form."""
    if kind not in _classes:
        _classes[kind] = types.new_class(_NAMES[kind.__name__], (kind,), {}, lambda body: body.update(__slots__=()))
    return _classes[kind]


def _axes_(function: Any, name: str) -> Any:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_in_place(self)
        result = function(self, *args, **kwargs)
        self._array, node = result._array, self._node
        if result._node is not None:
            result._node.__class__ = _in_place_class(type(result._node))
            self._node = node = result._node
        elif type(node) is AccumulateGrad:
            node.describe(self._array)
        finish_write(self)  # the other views take their history from the base
        self._node = node
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place version of :func:`{name[:-1]}`."
    return method


_float_power_ = in_place(arithmetic.float_power, "float_power_")


def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """In-place version of :func:`float_power`, for tensors of double precision."""
    if self._array.dtype != np.float64 and self._array.dtype.kind != "c":
        title = from_numpy_dtype(self._array.dtype).legacy_name
        raise RuntimeError(
            f"the base given to float_power_ has dtype {title} but the operation's result requires dtype Double"
        )
    power: Tensor = _float_power_(self, exponent)
    return power


METHODS = {
    "float_power_": float_power_, "as_strided_": _axes_(combining.as_strided, "as_strided_"),
    "fill_": fill_, "fill_diagonal_": fill_diagonal_, "zero_": zero_, "copy_": copy_,
    "t_": _axes_(shape_ops.t, "t_"), "unsqueeze_": _axes_(shape_ops.unsqueeze, "unsqueeze_"),
    "squeeze_": _axes_(shape.squeeze, "squeeze_"), "transpose_": _axes_(shape.transpose, "transpose_"),
    "swapaxes_": _axes_(shape.transpose, "swapaxes_"), "swapdims_": _axes_(shape.transpose, "swapdims_"),
}  # fmt: skip
"""By name; and for each of Python's augmented assignments the method that it calls:"""

METHODS.update({
    f"__i{symbol}__": augmented(f"{name}_", f"__i{symbol}__")
    for symbol, name in {
        "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder",
        "pow": "pow", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
        "rshift": "bitwise_right_shift",
    }.items()
})  # fmt: skip
