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
        if op.promote:
            mismatch = broadcast_error(shapes)
            if mismatch is not None:
                return mismatch
    if isinstance(error, TypeError) and "ufunc" in str(error):
        bool_minus = op.public in ("sub", "rsub", "neg") and any(getattr(each, "dtype", None) == bool for each in operands)
        if bool_minus:
            return RuntimeError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
                "use the `~` or `logical_not()` operator instead."
                if op.public != "neg"
                else "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
                "use the `~` or `logical_not()` operator instead."
            )
        from ..dtypes import from_numpy_dtype

        for each in operands:
            if isinstance(each, np.ndarray):
                name = from_numpy_dtype(each.dtype).legacy_name
                return RuntimeError(f'"{op.public}_cpu" not implemented for \'{name}\'')
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


def argument_error(op: Any, index: int, value: Any, expected: str = "Tensor") -> TypeError:
    """``exp(): argument 'input' (position 1) must be Tensor, not str``."""
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
