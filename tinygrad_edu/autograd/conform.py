"""Broadcasting and promotion undone: a gradient takes the shape and dtype of the value it belongs to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_BLOCK = 256
_SMALL = 1 << 16
"""Up to so many elements BLAS sums a matrix in half the time that NumPy takes."""


@lru_cache(512)
def filled(shape: int | tuple[int, ...], value: float, dtype: np.dtype[Any]) -> np.ndarray:
    """An array full of ``value``. It is shared, hence read-only."""
    array = np.full(shape, value, dtype)
    array.flags.writeable = False
    return array


def sum_axes(x: Any, axes: tuple[int, ...], keepdims: bool = False) -> np.ndarray:
    """The sum over ``axes`` with an error that grows with the logarithm of their length.

    NumPy adds pairwise only along the fastest axis. Over an outer axis it adds row after row, so a float32 sum of n
    rows loses up to n roundings: there, blocks of rows are summed first, then the sums.
    """
    dtype = x.dtype
    if x.ndim == 2 and x.size <= _SMALL and len(axes) == 1 and dtype.kind == "f" and dtype.itemsize > 2:
        if axes[0] == 0:
            total = filled(len(x), 1.0, dtype).dot(x)
            return total.reshape(1, -1) if keepdims else total
        total = x.dot(filled(x.shape[1], 1.0, dtype))
        return total.reshape(-1, 1) if keepdims else total
    if x.ndim > 1 and axes and dtype.itemsize <= 4 and dtype.kind == "f":
        for axis in axes:
            if axis == x.ndim - 1:
                continue
            if x.shape[axis] > 2 * _BLOCK:
                x = _sum_in_blocks(x, axis)
            elif len(axes) > 1 and x.size > _SMALL:  # one axis after the other, not all rows in one go
                x = np.add.reduce(x, axis=axis, keepdims=True)
    return np.add.reduce(x, axis=axes, keepdims=keepdims)  # type: ignore[call-overload]


def sum_rows(x: Any) -> np.ndarray:
    """The sum over the first axis of a matrix: what a bias and a normalised feature ask for in every step."""
    dtype = x.dtype
    if (dtype is _FLOAT32 or dtype is _FLOAT64) and x.size <= _SMALL:
        return filled(len(x), 1.0, dtype).dot(x)
    return sum_axes(x, (0,))


def _sum_in_blocks(x: Any, axis: int) -> Any:
    """The sum over one axis, which stays as an axis of length 1."""
    n, before = x.shape[axis], (slice(None),) * axis
    whole = n // _BLOCK * _BLOCK
    blocks = x[(*before, slice(whole))].reshape(*x.shape[:axis], -1, _BLOCK, *x.shape[axis + 1 :])
    rest = np.add.reduce(x[(*before, slice(whole, n))], axis=axis, keepdims=True)
    return sum_axes(np.add.reduce(blocks, axis=axis + 1), (axis,), True) + rest


def broadcast_axes(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """How many leading axes broadcasting ``target`` to ``shape`` added, and all axes along which it repeated."""
    lead = len(shape) - len(target)
    repeated = tuple(i + lead for i, n in enumerate(target) if n == 1 and shape[i + lead] != 1)
    return lead, tuple(range(lead)) + repeated


def conform_array(grad: Any, node: Any) -> Any:
    """``grad`` (an array or NumPy scalar) in the shape and dtype of the value that ``node`` produced."""
    target = node.shape
    if grad.shape != target:
        if grad.ndim == 2 and grad.shape[1:] == target:  # a bias: much the most frequent
            grad = sum_rows(grad)
        elif grad.ndim < len(target):
            grad = np.broadcast_to(grad, target)
        else:
            lead, axes = broadcast_axes(grad.shape, target)
            keep = lead != len(axes)
            grad = sum_axes(grad, axes, keep)
            if keep:
                grad = grad.reshape(target)
            if grad.shape != target:
                grad = np.broadcast_to(grad, target)
    dtype = node.dtype
    if grad.dtype is not dtype:
        if grad.dtype.kind == "c" and dtype.kind != "c":
            grad = grad.real
        grad = grad.astype(dtype)
    return grad


def conform_tensor(grad: Any, node: Any) -> Any:
    """The same through recorded operations."""
    array = grad._array
    target = node.shape
    if array.shape != target:
        if array.ndim < len(target):
            grad = grad.expand(target)
        else:
            lead, axes = broadcast_axes(array.shape, target)
            grad = grad.sum(axes, keepdim=lead != len(axes))
            if grad._array.shape != target:
                grad = grad.reshape(target) if grad._array.size == _size(target) else grad.expand(target)
    if grad._array.dtype != node.dtype:
        from ..dtypes import from_numpy_dtype

        if grad._array.dtype.kind == "c" and node.dtype.kind != "c":
            grad = grad.real
        grad = grad.to(from_numpy_dtype(node.dtype))
    return grad


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
