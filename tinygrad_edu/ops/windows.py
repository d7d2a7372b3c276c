"""Views that show memory in another way: with any strides, and as windows that overlap."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from ..autograd.version import storage_of
from .shape import axis_of
from .view_region import spread_region

__all__ = ["restrided", "unfold"]


@op(
    "AsStridedBackward0",
    x=lambda grad, region: spread_region(grad, region),
    view=True,
    public="as_strided",
    formula=("view(x)", "G there, else 0"),
)
def restrided(x, region, size, stride, offset):
    """The storage of ``x`` shown with these sizes and strides, from ``offset`` on; ``region`` is where that is in ``x``."""
    flat, item = storage_of(x).reshape(-1, order="A"), x.itemsize
    return np.ndarray(size, x.dtype, flat, offset * item, [step * item for step in stride])


@op(
    "UnfoldBackward0",
    x=lambda grad, x_shape, dimension, size, step: _fold(grad, x_shape, dimension, size, step),
    view=True,
    formula=("unfold(x)", "fold(G)"),
)
def unfold(x, dimension, size, step):
    """Windows of ``size`` elements along ``dimension``, ``step`` apart; they become the last axis."""
    return _windows(x, dimension, size, step)


def _windows(x, dimension, size, step):
    axis = axis_of(dimension, x.ndim)
    length, stride = (x.shape[axis], x.strides[axis]) if x.ndim else (1, 0)
    if size < 0 or size > length:
        most = f"maximum size for tensor at dimension {axis} is {length} but size is {size}"
        raise RuntimeError(f"size is {size} but must be >= 0" if size < 0 else most)
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    shape, strides = list(x.shape), list(x.strides)
    if x.ndim:
        shape[axis], strides[axis] = (length - size) // step + 1, stride * step
    return np.lib.stride_tricks.as_strided(x, (*shape, size), (*strides, stride))


@op(
    "UnfoldBackwardBackward0",
    x=lambda grad, dim, size, step: _unfold_copy(grad, dim, size, step),
    public="unfold_backward",
    formula=("fold(x)", "unfold(G)"),
)
def _fold(x, shape, dim, size, step):
    """Windows added up where they overlap."""
    result = np.zeros(shape, x.dtype)
    if not len(shape):
        return result + x.sum(-1)
    axis = dim % len(shape)
    count = x.shape[axis]
    for k in range(size):
        result[(*(slice(None),) * axis, slice(k, k + (count - 1) * step + 1, step))] += x[..., k]
    return result


@op(
    "UnfoldBackward0",
    x=lambda grad, x_shape, dim, size, step: _fold(grad, x_shape, dim, size, step),
    public="unfold_copy",
    formula=("unfold(x)", "fold(G)"),
)
def _unfold_copy(x, dim, size, step):
    return _windows(x, dim, size, step).copy()
