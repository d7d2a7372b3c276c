"""NumPy's complaints in PyTorch's words.

A forward computes first and complains later: when NumPy raises, :func:`explain` looks at the operands and says what
PyTorch would have said. Checking first would cost every correct call.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .template import public_name


def explain(op: Any, error: Exception, operands: Any) -> Exception:
    """PyTorch's exception for what NumPy raised. What a forward itself raised in PyTorch's words passes."""
    if isinstance(error, np.exceptions.AxisError):
        match = re.search(r"axis (-?\d+) is out of bounds for array of dimension (\d+)", str(error))
        if match:
            return dimension_error(int(match[1]), int(match[2]))
    if isinstance(error, ValueError) and not isinstance(error, np.exceptions.AxisError):
        shapes = [each.shape for each in operands if isinstance(each, np.ndarray)]
        mismatch = broadcast_error(shapes) if "broadcast" in str(error) else None
        if mismatch is not None:
            return mismatch
    if isinstance(error, TypeError) and ("ufunc" in str(error) or "numpy boolean" in str(error)):
        dtypes = [each.dtype for each in operands if isinstance(each, np.ndarray)]
        if op.public in ("sub", "rsub", "neg") and any(dtype.kind == "b" for dtype in dtypes):
            return bool_minus(dtypes)
        return not_implemented(f"{op.public}_cpu", dtypes[0])
    return error


def dimension_error(dim: int, ndim: int) -> IndexError:
    """``dim`` is out of range for a tensor of ``ndim`` dimensions (a 0-d tensor takes -1 and 0)."""
    span = max(ndim, 1)
    return IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")


def broadcast_error(shapes: list[tuple[int, ...]]) -> RuntimeError | None:
    """The first pair of sizes that do not broadcast, from the right, as PyTorch finds it."""
    if len(shapes) < 2:
        return None
    seen = shapes[0]
    for shape in shapes[1:]:
        for i in range(1, min(len(seen), len(shape)) + 1):
            a, b = seen[-i], shape[-i]
            if a != b and 1 not in (a, b):
                return RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension "
                    f"{max(len(seen), len(shape)) - i}"
                )
        seen = np.broadcast_shapes(seen, shape)
    return None


def bool_minus(dtypes: list[Any]) -> RuntimeError:
    """``-`` with bools: all operands, or some."""
    if len(dtypes) == 2 and dtypes[0] == dtypes[1]:
        return RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator "
            "instead."
        )
    name = "Subtraction" if len(dtypes) == 2 else "Negation"
    article = "with" if len(dtypes) == 2 else "on"
    return RuntimeError(
        f"{name}, the `-` operator, {article} a bool tensor is not supported. If you are trying to invert a mask, use the `~` "
        "or `logical_not()` operator instead."
    )


def not_implemented(name: str, dtype: np.dtype[Any]) -> NotImplementedError:
    """What PyTorch's kernel called ``name`` says to a dtype that it was not compiled for."""
    from ..dtypes import from_numpy_dtype

    return NotImplementedError(f"\"{name}\" not implemented for '{from_numpy_dtype(dtype).legacy_name}'")


_C_NAMES = {
    "float64": "double", "float32": "float", "float16": "c10::Half", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>", "int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char",
    "uint8": "unsigned char", "bool": "bool",
}  # fmt: skip


def c_name(dtype: np.dtype[Any]) -> str:
    """The C++ type's name, which some of PyTorch's messages use."""
    return _C_NAMES.get(dtype.name, dtype.name)


class _Missing:
    """An argument that was not given, where another name of it may have been."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<required>"


MISSING = _Missing()


def missing_arguments(name: str, **arguments: Any) -> TypeError:
    """PyTorch's words (and its plurals) for required arguments of which some are missing."""
    missing = [f'"{each}"' for each, value in arguments.items() if value is MISSING]
    words = "positional arguments" if len(missing) == 1 else "positional argument"
    return TypeError(f"{name}() missing {len(missing)} required {words}: {', '.join(missing)}")


def argument_error(op: Any, index: int, value: Any, expected: str = "Tensor") -> TypeError:
    """``exp(): argument 'input' (position 1) must be Tensor, not str``; of a function with overloads, all of them."""
    from ..overloads import OVERLOADS, overload_error

    if op.public in OVERLOADS and len(op.tensors) == 2:
        return overload_error(op.public, f"Tensor, {type_name(value)}" if index else f"{type_name(value)}, Tensor")
    param = op.tensors[index]
    position = op.params.index(param) + 1
    return TypeError(
        f"{op.public}(): argument '{public_name(param)}' (position {position}) must be {expected}, not {type_name(value)}"
    )


def type_name(value: Any) -> str:
    kind = type(value)
    if kind.__module__ == "numpy":
        return f"numpy.{kind.__name__}"
    if kind.__class__.__name__ == "TorchName":  # dtype, device, ...
        return f"torch.{kind.__name__}"
    return kind.__name__
