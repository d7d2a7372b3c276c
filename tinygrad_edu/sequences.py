"""Tensors that count: ``arange``, ``linspace``, ``logspace``, ``eye``."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .autograd.errors import type_name
from .creation import check_options, out_or_new
from .dtypes import default_numpy_dtype, from_numpy_dtype, to_numpy_dtype
from .errstate import quiet
from .overloads import combination_error
from .tensor import Tensor
from .values import checked_scalar, number_of

__all__ = ["arange", "eye", "linspace", "logspace", "range"]

_INT64 = np.dtype("int64")
_FLOAT64 = np.dtype("float64")


def _refuse_kinds(numpy_dtype: np.dtype[Any], kernel: str, refused: str) -> None:
    if numpy_dtype.kind in refused or (numpy_dtype.kind == "u" and numpy_dtype.itemsize > 1):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{from_numpy_dtype(numpy_dtype).legacy_name}'")


# ---- counting by a step --------------------------------------------------------------------------------------------


def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """``start, start + step, ...`` below ``end``; int64 if all three are integers.

    ``arange(end)`` starts at 0.
    """
    if device is not None or layout is not None or pin_memory:
        check_options("arange", device, layout, pin_memory)
    if end is None:
        start, end = 0, number_of(start, "arange", "end", 1)
    else:
        start = 0 if start is None else number_of(start, "arange", "start", 1)
        end, step = number_of(end, "arange", "end", 2), number_of(step, "arange", "step", 3)
    if dtype is not None:
        numpy_dtype = to_numpy_dtype(dtype, "arange")
    elif isinstance(out, Tensor):
        numpy_dtype = out._array.dtype
    else:
        whole = isinstance(start, int) and isinstance(end, int) and isinstance(step, int)
        numpy_dtype = _INT64 if whole else default_numpy_dtype()
    _refuse_kinds(numpy_dtype, "arange_cpu", "bc")
    plain = numpy_dtype is _INT64 and type(start) is type(end) is type(step) is int and -(2**62) < start < 2**62
    if plain and step and 0 <= (end - start) * step < 2**62:
        values = np.arange(start, end, step)
    else:
        values = _counted(start, end, step, numpy_dtype)
    if out is not None and isinstance(out, Tensor) and out._array.size not in (0, values.size):
        warnings.warn(
            f"The number of elements in the out tensor of shape {list(out._array.shape)} is {out._array.size} which "
            f"does not match the computed number of elements {values.size}. Note that this may occur as a result of "
            f"rounding error. The out tensor will be resized to a tensor of shape ({values.size},).",
            UserWarning,
            stacklevel=2,
        )
    return out_or_new(out, values, requires_grad, "arange", dtype)


def _counted(start: Any, end: Any, step: Any, numpy_dtype: np.dtype[Any]) -> np.ndarray:
    """The values, computed as PyTorch does: integers in int64, floats in double precision and then rounded."""
    if not step:
        raise RuntimeError("step must be nonzero")
    first, by = _bounds(start, end, step, numpy_dtype)
    if numpy_dtype is _INT64:
        if not by:
            raise ValueError("step must be nonzero")
        count = max(-((first - checked_scalar(end, _INT64)) // by), 0)
        if count * by >= 2**63:
            raise RuntimeError("invalid size, possible overflow?")
        return np.arange(first, first + count * by, by) if count else np.empty(0, _INT64)
    count = math.ceil((float(end) - float(start)) / float(step))
    if count * numpy_dtype.itemsize >= 2**63:
        raise RuntimeError("invalid size, possible overflow?")
    if numpy_dtype.kind in "iu":
        return (first + np.arange(count) * by).astype(numpy_dtype)
    return _progression(first, by, count, numpy_dtype)


def _progression(first: float, by: float, count: int, numpy_dtype: np.dtype[Any]) -> np.ndarray:
    """``first + i by``, rounded where PyTorch rounds on a processor with AVX2.

    Whole blocks of two vectors are computed vector by vector: the vector's first element, rounded, plus the lane's
    share.
    """
    lanes = max(32 // numpy_dtype.itemsize, 1)
    whole = count // (2 * lanes) * (2 * lanes)
    i = np.arange(count)
    values = _fused(first, by, i, numpy_dtype)
    if whole and numpy_dtype.itemsize >= 4:
        heads = np.repeat(values[:whole:lanes], lanes)
        values[:whole] = _fused(heads, by, i[:whole] % lanes, numpy_dtype)
    return values


def _fused(a: Any, by: Any, i: np.ndarray, numpy_dtype: np.dtype[Any], wide: Any = np.longdouble) -> np.ndarray:
    """``a + i by``, rounded once as a fused multiply-add does: in a wider type (where long doubles are wider), then down."""
    with quiet():
        values = np.asarray(a, wide) + wide(by) * i
        if wide is np.longdouble:
            values = values.astype(np.float64)
        return values.astype(numpy_dtype)


def _bounds(start: Any, end: Any, step: Any, numpy_dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The first value and the step in the arithmetic of the dtype, after checks of all three numbers as floats."""
    first, last, by = (float(checked_scalar(each, _FLOAT64)) for each in (start, end, step))
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first:g} -> {last:g}")
    if (last - first) * by < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if numpy_dtype.kind in "iu":
        return checked_scalar(start, _INT64), checked_scalar(step, _INT64)
    return first, by


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None, device:
    Any = None, requires_grad: bool = False
) -> Tensor:  # fmt: skip
    """Deprecated in PyTorch: like :func:`arange`, of floats, with ``end`` included."""
    if end is None:
        raise TypeError('range() missing 1 required positional arguments: "end"')
    check_options("range", device, layout)
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    numpy_dtype = default_numpy_dtype() if dtype is None else to_numpy_dtype(dtype, "range")
    start, end = number_of(start, "range", "start", 1), number_of(end, "range", "end", 2)
    step = number_of(step, "range", "step", 3)
    if not step:
        raise RuntimeError("step must be nonzero")
    first, by = _bounds(start, end, step, numpy_dtype)
    count = math.floor((float(end) - float(start)) / float(step)) + 1
    values = _progression(first, by, count, numpy_dtype) if numpy_dtype.kind == "f" else first + np.arange(count) * by
    return out_or_new(out, values.astype(numpy_dtype, copy=False), requires_grad, "range", dtype)


# ---- a number of steps ---------------------------------------------------------------------------------------------


def linspace(
    start: Any = None, end: Any = None, steps: Any = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False
) -> Tensor:  # fmt: skip
    """``steps`` values evenly spaced from ``start`` to ``end``, both included."""
    if device is not None or layout is not None:
        check_options("linspace", device, layout)
    start, end, count = _span("linspace", start, end, steps)
    numpy_dtype = _spaced_dtype(start, end, dtype, out, "linspace")
    return out_or_new(out, _spaced(start, end, count, numpy_dtype), requires_grad, "linspace", dtype)


def logspace(
    start: Any = None, end: Any = None, steps: Any = None, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:  # fmt: skip
    """``base`` to the powers that :func:`linspace` gives."""
    check_options("logspace", device, layout)
    start, end, count = _span("logspace", start, end, steps)
    numpy_dtype = _spaced_dtype(start, end, dtype, out, "logspace")
    powers = _spaced(start, end, count, np.dtype("complex128") if numpy_dtype.kind == "c" else _FLOAT64)
    with quiet():
        values = (float(base) ** powers).astype(numpy_dtype)
    return out_or_new(out, values, requires_grad, "logspace", dtype)


def _span(name: str, start: Any, end: Any, steps: Any) -> tuple[Any, Any, int]:
    """The three arguments as numbers."""
    try:
        count = steps.__index__()
    except (AttributeError, TypeError):
        raise combination_error(name, tuple(each for each in (start, end, steps) if each is not None), {}) from None
    ends = []
    for each in (start, end):
        if isinstance(each, Tensor):
            if each._array.ndim:
                found = _dimensions(start, end)
                raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got {found}.")
            each = each._array.item()
        elif not isinstance(each, (bool, int, float, complex, np.number)):
            raise combination_error(name, tuple(each for each in (start, end, steps) if each is not None), {})
        ends.append(each)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")
    return ends[0], ends[1], count


def _dimensions(start: Any, end: Any) -> str:
    given = {"start": start, "end": end}
    tensors = {name: each._array for name, each in given.items() if isinstance(each, Tensor)}
    return " and ".join(f"{name} with {array.ndim} dimension(s)" for name, array in tensors.items())


def _spaced_dtype(start: Any, end: Any, dtype: Any, out: Any, name: str) -> np.dtype[Any]:
    if dtype is not None:
        chosen = to_numpy_dtype(dtype, name)
    elif isinstance(out, Tensor):
        chosen = out._array.dtype
    else:
        chosen = default_numpy_dtype()
        if isinstance(start, complex) or isinstance(end, complex):
            chosen = np.dtype("complex128" if chosen.itemsize == 8 else "complex64")
    _refuse_kinds(chosen, f"{name}_cpu", "b")
    return chosen


def _spaced(start: Any, end: Any, count: int, numpy_dtype: np.dtype[Any]) -> np.ndarray:
    """PyTorch counts from both ends, in the dtype's arithmetic: ``start + i step``, then ``end - (n - 1 - i) step``."""
    start, end = (checked_scalar(each, numpy_dtype) for each in (start, end))
    if count < 2:
        return np.full(count, start, numpy_dtype)
    halfway, i = count // 2, np.arange(count)
    if numpy_dtype.kind == "c":
        first, last = numpy_dtype.type(start), numpy_dtype.type(end)
        step = (last - first) / (count - 1)
        return np.where(i < halfway, first + i * step, last - (count - 1 - i) * step).astype(numpy_dtype)
    arithmetic = numpy_dtype if numpy_dtype.kind == "f" else _FLOAT64
    kind = arithmetic.type
    step = (kind(end) - kind(start)) / kind(count - 1)
    wide = np.longdouble if arithmetic is _FLOAT64 else np.float64
    up = _fused(kind(start), step, i[:halfway], arithmetic, wide)
    down = _fused(kind(end), -step, i[count - halfway - 1 :: -1], arithmetic, wide)
    return np.concatenate([up, down]).astype(numpy_dtype, copy=False)


# ---- the identity --------------------------------------------------------------------------------------------------


def eye(
    n: Any = None, m: Any = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an ``n`` by ``m`` matrix of zeros."""
    if device is not None or layout is not None or pin_memory:
        check_options("eye", device, layout, pin_memory)
    if n is None:
        raise combination_error("eye", (), {})
    rows = _side(n, "n", 1)
    columns = rows if m is None else _side(m, "m", 2)
    numpy_dtype = default_numpy_dtype() if dtype is None else to_numpy_dtype(dtype, "eye")
    array = np.zeros((rows, columns), numpy_dtype)
    array.reshape(-1)[: min(rows, columns) * columns : columns + 1] = 1
    return out_or_new(out, array, requires_grad, "eye", dtype)


def _side(length: Any, name: str, position: int) -> int:
    try:
        n: int = length.__index__()
    except (AttributeError, TypeError):
        kind = type_name(length)
        raise TypeError(f"eye(): argument '{name}' (position {position}) must be int, not {kind}") from None
    if n < 0:
        raise RuntimeError(f"{name} must be greater or equal to 0, got {n}")
    return n
