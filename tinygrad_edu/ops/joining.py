"""Several tensors as one, and one as several."""

from __future__ import annotations

import numpy as np

from ..autograd.errors import dimension_error
from ..autograd.op import op
from .shape import _at, axis_of, by_rows, reshape, take, zeros


def _pieces(grad, shapes, dim, needs):
    """The gradient cut where the inputs were joined."""
    pieces, start, ndim = [], 0, len(grad.shape)
    axis = dim % ndim
    for shape, needed in zip(shapes, needs, strict=True):
        if len(shape) == 1 and shape[0] == 0 and ndim != 1:
            pieces.append(take(reshape(grad, (-1,)), slice(0, 0)) if needed else None)
            continue
        stop = start + shape[axis]
        pieces.append(take(grad, _at(axis, slice(start, stop))) if needed else None)
        start = stop
    return pieces


@op(
    "CatBackward0",
    tensors=lambda grad, tensors_shape, dim, needs: _pieces(grad, tensors_shape, dim, needs),
    sequence=True,
    formula=("cat(tensors) along axis dim", "its piece of G along axis dim"),
)
def cat(tensors, dim=0):
    """The tensors joined along ``dim``; their other lengths must agree."""
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    parts = [each for each in tensors if each.shape != (0,)]
    if not parts:
        return tensors[0].copy()
    first = parts[0]
    for i, each in enumerate(tensors):
        if not each.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    axis = axis_of(dim, first.ndim)
    for i, each in enumerate(tensors):
        if each.shape == (0,):
            continue
        if each.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {each.ndim}")
        for d in range(first.ndim):
            if d != axis and each.shape[d] != first.shape[d]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {first.shape[d]} but got size "
                    f"{each.shape[d]} for tensor number {i} in the list."
                )
    return by_rows(np.concatenate(_same_dtype(parts, tensors), axis))


def _same_dtype(parts, tensors):
    from ..dtypes import common_dtype

    dtype = tensors[0].dtype
    if all(each.dtype is dtype for each in tensors):
        return parts
    dtype = common_dtype(*tensors)
    return [each.astype(dtype) for each in parts]


def _slices(grad, dim, needs):
    """The gradient's slices along the axis on which the inputs were stacked."""
    axis = dim % len(grad.shape)
    return [take(grad, _at(axis, i)) if needed else None for i, needed in enumerate(needs)]


@op(
    "StackBackward0",
    tensors=lambda grad, dim, needs: _slices(grad, dim, needs),
    sequence=True,
    formula=("stack(tensors) along axis dim", "its piece of G along axis dim"),
)
def stack(tensors, dim=0):
    """The tensors, of one shape, side by side along a new axis ``dim``."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = tensors[0].shape
    for i, each in enumerate(tensors):
        if each.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and {list(each.shape)} at "
                f"entry {i}"
            )
    span = len(shape) + 1
    if not -span <= dim < span:
        raise dimension_error(dim, span)
    return by_rows(np.stack(_same_dtype(tensors, tensors), dim))


def _declare_split(name):
    """The node's name tells whether one size was given or several."""

    @op(
        name,
        x=lambda grad, x_shape, sizes, dim: _joined(grad, x_shape, sizes, dim),
        view=True,
        results=2,
        diff_results=-1,
        formula=("split(x, sizes) along axis dim", "cat(G) along axis dim"),
        symbol="split",
    )
    def split_sizes(x, sizes, dim=0):
        """Views of consecutive parts of the given lengths along ``dim``."""
        return _split(x, sizes, dim)

    return split_sizes


split_evenly, split_sizes = _declare_split("SplitBackward0"), _declare_split("SplitWithSizesBackward0")
unsafe_split = _declare_split("UnsafeSplitBackward0")  # what PyTorch's own recurrent cells call


def _split(x, sizes, dim):
    axis, start, parts = axis_of(dim, x.ndim), 0, []
    if sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {x.shape[axis]} (input tensor's size at dimension "
            f"{axis}), but got split_sizes={list(sizes)}"
        )
    for n in sizes:
        parts.append(x[(*(slice(None),) * axis, slice(start, start + n))])
        start += n
    return parts


def _joined(grads, x_shape, sizes, dim):
    """The parts' gradients side by side, zeros where a part was not used."""
    axis = dim % len(x_shape)
    example = next(g for g in grads if g is not None)
    parts = [
        zeros(example, (*x_shape[:axis], n, *x_shape[axis + 1 :])) if g is None else g
        for g, n in zip(grads, sizes, strict=True)
    ]
    return cat(parts, axis)


@op(
    "UnbindBackward0",
    x=lambda grad, x_shape, dim: _rejoined(grad, x_shape, dim),
    view=True,
    results=2,
    diff_results=-1,
    formula=("unbind(x) along axis dim", "stack(G) along axis dim"),
)
def unbind(x, dim=0):
    """Views of the slices along ``dim``, which disappears."""
    axis = axis_of(dim, x.ndim)
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return [x[(*(slice(None),) * axis, i, ...)] for i in range(x.shape[axis])]


def _rejoined(grads, x_shape, dim):
    axis = dim % len(x_shape)
    example = next(g for g in grads if g is not None)
    return stack([zeros(example, example.shape) if g is None else g for g in grads], axis)


@op(
    "FanoutBackward0",
    x=lambda grad: _fanout_sum(grad),
    view=True,
    results=2,
    diff_results=-1,
    public="fanout",
    formula=("x", "Σ each G"),
)
def fanout(x, n):
    """``n`` views of ``x``: one value used n times, as a node of its own. Backward, the n upstream gradients add up."""
    return [x.view() for _ in range(n)]


def _fanout_sum(grads):
    total = None
    for grad in grads:
        if grad is not None:
            total = grad if total is None else total + grad
    return total
