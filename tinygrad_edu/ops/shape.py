"""Other shapes of the same elements. What can be a view is one, as in PyTorch."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..autograd.errors import dimension_error
from ..autograd.op import op


def axis_of(dim, ndim):
    """``dim`` counted from 0; a 0-d tensor takes -1 and 0."""
    span = max(ndim, 1)
    if not -span <= dim < span:
        raise dimension_error(dim, ndim)
    return dim % span


def by_rows(x):
    """``x``, a new array, in the order of its rows, where ``view`` can take it: NumPy keeps the order of what it reads."""
    return x if x.ndim < 2 or x.flags.c_contiguous else x.copy()


def _infer(shape, size):
    """``shape`` with its one -1 replaced so that it holds ``size`` elements."""
    shape, known, unknown = tuple(shape), 1, None
    for i, n in enumerate(shape):
        if n == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif n < 0:
            raise RuntimeError(f"invalid shape dimension {n} at index {i} of shape {list(shape)}")
        else:
            known *= n
    if unknown is None:
        if known != size:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
        return shape
    if known == 0 and size == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 can "
            "be any value and is ambiguous"
        )
    if known == 0 or size % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return (*shape[:unknown], size // known, *shape[unknown + 1 :])


_RESHAPED = ("x shaped shape", "G shaped like x")


@op("ViewBackward0", x=lambda grad, x_shape: reshape(grad, x_shape), view=True, formula=_RESHAPED)
def view(x, shape):
    """The same memory in another shape; raises where that is impossible."""
    shape = _infer(shape, x.size)
    result = x.view()
    try:
        result.shape = shape
    except AttributeError:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        ) from None
    return result


@op("ViewBackward0", x=lambda grad, x_shape: reshape(grad, x_shape), view="possibly", formula=_RESHAPED)
def reshape(x, shape):
    """The same elements in another shape: a view where possible, else a copy. For rules."""
    return x.reshape(_infer(shape, x.size))


# What ``torch.reshape`` does is told apart by the node's name: a view of dense memory (ViewBackward0), a view of strided
# memory, or a copy.

reshape_alias = op(
    "ReshapeAliasBackward0", x=lambda grad, x_shape: reshape(grad, x_shape), view=True, public="reshape", formula=_RESHAPED
)(view.forward)


@op("UnsafeViewBackward0", x=lambda grad, x_shape: reshape(grad, x_shape), public="reshape", formula=_RESHAPED)
def unsafe_view(x, shape):
    """A copy in another shape; or, for a result that nobody else holds, its memory, not counted as a view."""
    return x.reshape(_infer(shape, x.size))


def is_viewable(x, shape):
    """Whether the memory of ``x`` can be seen in another shape."""
    try:
        view.forward(x, shape)
    except RuntimeError as error:
        if "view size is not compatible" in str(error):
            return False
        raise
    return True


@op(
    "TransposeBackward0",
    x=lambda grad, dim0, dim1: transpose(grad, dim0, dim1),
    view=True,
    formula=("swap(x, dim0, dim1)", "swap(G, dim0, dim1)"),
)
def transpose(x, dim0, dim1):
    """The axes ``dim0`` and ``dim1`` exchanged."""
    a, b = axis_of(dim0, x.ndim), axis_of(dim1, x.ndim)
    return x.swapaxes(a, b) if x.ndim else x.view()


@op("TBackward0", x=lambda grad: t(grad), view=True, formula=("xᵀ", "Gᵀ"), symbol="ᵀ")
def t(x):
    """The transpose of a matrix; tensors of fewer dimensions stay as they are."""
    if x.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {x.ndim}D")
    return x.T


t_unseen = op("TBackward0", x=lambda grad: t(grad), formula=("xᵀ", "Gᵀ"), symbol="ᵀ")(t.forward)
"""The transpose inside ``linear``: nobody can write to it, so nobody need remember that it is a view."""


@op(
    "PermuteBackward0",
    x=lambda grad, dims: permute(grad, _inverse(dims)),
    view=True,
    formula=("permute(x, dims)", "permute⁻¹(G, dims)"),
)
def permute(x, dims):
    """The axes in the order ``dims``."""
    if dims == (1, 0) and x.ndim == 2:
        return x.T
    if len(dims) != x.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {x.ndim} is not equal to len(dims) = {len(dims)}"
        )
    axes = tuple(axis_of(d, x.ndim) for d in dims)
    if len(set(axes)) != len(axes):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return x.transpose(axes)


def _inverse(dims):
    inverse = [0] * len(dims)
    for i, d in enumerate(dims):
        inverse[d % len(dims)] = i
    return tuple(inverse)


@op(
    "UnsqueezeBackward0",
    x=lambda grad, dim: squeeze_one(grad, dim),
    view=True,
    formula=("unsqueeze(x, dim)", "squeeze(G, dim)"),
)
def unsqueeze(x, dim):
    """A new axis of length 1 at ``dim``."""
    span = x.ndim + 1
    if not -span <= dim < span:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")
    return x[(*(slice(None),) * (dim % span), None, ...)]


@op(
    "SqueezeBackward0",
    x=lambda grad, x_shape: reshape(grad, x_shape),
    view=True,
    public="squeeze",
    formula=("squeeze(x)", "G shaped like x"),
)
def squeeze_all(x):
    return x.squeeze() if x.ndim else x.view()


@op(
    "SqueezeBackward1",
    x=lambda grad, x_shape: reshape(grad, x_shape),
    view=True,
    public="squeeze",
    formula=("squeeze(x, dim)", "G shaped like x"),
)
def squeeze_one(x, dim):
    axis = axis_of(dim, x.ndim)
    return x.squeeze(axis) if x.ndim and x.shape[axis] == 1 else x.view()


@op(
    "SqueezeBackward4",
    x=lambda grad, dim: unsqueeze(grad, dim),
    public="squeeze_",
    formula=("squeeze(x, dim)", "unsqueeze(G, dim)"),
)
def drop_axis(x, dim):
    """The axis ``dim``, of length 1, taken from a result that nobody else holds."""
    return x.squeeze(dim)


@op(
    "SqueezeBackward2",
    x=lambda grad, x_shape: reshape(grad, x_shape),
    view=True,
    public="squeeze",
    formula=("squeeze(x, dim)", "G shaped like x"),
)
def squeeze_several(x, dim):
    named = [axis_of(d, x.ndim) for d in dim]
    for i, a in enumerate(named):
        if a in named[:i]:
            raise RuntimeError(f"dim {a} appears multiple times in the list of dims")
    axes = tuple(a for a in named if x.ndim and x.shape[a] == 1)
    return x.squeeze(axes) if axes else x.view()


@op("ExpandBackward0", x=lambda grad: grad, view=True, formula=("expand(x, shape)", "G"))
def expand(x, shape):
    """Axes of length 1 repeated to ``shape`` without copying; -1 keeps a length. The engine sums the gradient back."""
    shape = tuple(shape)
    if len(shape) < x.ndim:
        raise RuntimeError(
            f"expand(torch.{_type(x)}{{{list(x.shape)}}}, size={list(shape)}): the number of sizes provided "
            f"({len(shape)}) must be greater or equal to the number of dimensions in the tensor ({x.ndim})"
        )
    lead = len(shape) - x.ndim
    full = []
    for i, n in enumerate(shape):
        have = x.shape[i - lead] if i >= lead else 1
        if n == -1:
            if i < lead:
                raise RuntimeError(
                    f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing dimension {i}"
                )
            n = have
        elif have not in (n, 1):
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at non-singleton dimension "
                f"{i}.  Target sizes: {list(shape)}.  Tensor sizes: {list(x.shape)}"
            )
        full.append(n)
    strides = (0,) * lead + tuple(s if have == n else 0 for s, have, n in zip(x.strides, x.shape, full[lead:], strict=True))
    if x.flags.c_contiguous and x.size:  # as_strided does the same in ten times the time
        return np.ndarray(tuple(full), x.dtype, x, 0, strides)
    return as_strided(x, full, strides)


_DENSE_BELOW = 8192


@op("ExpandBackward0", x=lambda grad: grad, formula=("expand(x, shape)", "G"), symbol="expand")
def spread_dense(x, shape):
    """``x`` repeated to ``shape``, for the gradients of reductions.

    A small result is written out: NumPy's loops over arrays that do not step through memory cost as much again as the
    whole operation. A large one stays a view.
    """
    size = 1
    for n in shape:
        size *= n
    if size > _DENSE_BELOW:
        return expand(x, shape)
    result = np.empty(shape, x.dtype)
    result[...] = x
    return result


def _type(x):
    from ..dtypes import from_numpy_dtype

    return from_numpy_dtype(x.dtype).legacy_name + "Tensor"


@op("AliasBackward0", x=lambda grad: grad, view=True, formula=("x", "1"))
def alias(x):
    """The same tensor once more: ``x[...]``."""
    return x.view()


# ---- parts ---------------------------------------------------------------------------------------------------------


@op(
    "SelectBackward0",
    x=lambda grad, x_shape, dim, index: place(grad, x_shape, _at(dim, index)),
    view=True,
    formula=("x[index]{dim≠0: along axis dim}", "G at [index]{dim≠0: along axis dim}, else 0"),
    symbol="x[i]",
)
def select(x, dim, index):
    """The slice at ``index`` along ``dim``, without that axis."""
    if not x.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    if dim == 0 and -len(x) <= index < len(x):
        return x[index, ...]
    axis = axis_of(dim, x.ndim)
    if not -x.shape[axis] <= index < x.shape[axis]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(x.shape)} at dimension {axis}")
    return x[(*(slice(None),) * axis, index, ...)]


def _at(dim, part):
    """The index that takes ``part`` along ``dim``."""
    return (*(slice(None),) * dim, part) if dim >= 0 else (..., part, *(slice(None),) * (-1 - dim))


@op(
    "SliceBackward0",
    x=lambda grad, x_shape, dim, start, stop, step: place(grad, x_shape, _at(dim, slice(start, stop, step))),
    view=True,
    formula=(
        "x[start:stop{step≠1::step}]{dim≠0: along axis dim}",
        "G at [start:stop{step≠1::step}]{dim≠0: along axis dim}, else 0",
    ),
    symbol="x[i:j]",
)
def slice_(x, dim, start, stop, step):
    """``start:stop:step`` along ``dim``."""
    if dim == 0:
        return x[start:stop:step]
    return x[(*(slice(None),) * dim, slice(start, stop, step))]


@op("PlaceBackward0", x=lambda grad, index: take(grad, index), formula=("x at [index], else 0", "G[index]"))
def place(x, shape, index):
    """Zeros of ``shape``, with ``x`` at ``index``: what taking a part means backwards."""
    result = np.zeros(shape, x.dtype)
    result[index] = x
    return result


@op(
    "TakePartBackward0",
    x=lambda grad, x_shape, index: place(grad, x_shape, index),
    formula=("x[index]", "G at [index], else 0"),
)
def take(x, index):
    """A copy of the part at a basic index."""
    return x[index].copy() if isinstance(x[index], np.ndarray) else np.asarray(x[index])


@op(
    "RepeatBackward0",
    x=lambda grad, x_shape, repeats: _unrepeat(grad, x_shape, repeats),
    formula=("repeat(x, repeats)", "Σ each piece of G"),
)
def repeat(x, repeats):
    """The whole tensor repeated ``repeats[i]`` times along each axis i (leading axes may be added)."""
    if len(repeats) < x.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    return np.tile(x, repeats)


def _unrepeat(grad, x_shape, repeats):
    """Each copy's gradient on an axis of its own, then the sum over those axes."""
    if 0 in repeats or not repeats:
        return reshape(grad, x_shape) if not repeats else zeros(grad, x_shape)
    shape = (1,) * (len(repeats) - len(x_shape)) + tuple(x_shape)
    split = tuple(n for pair in zip(repeats, shape, strict=True) for n in pair)
    return reshape(reshape(grad, split).sum(tuple(range(0, 2 * len(repeats), 2))), x_shape)


@op(None, x=None, formula=("0",))
def zeros(x, shape):
    """Zeros of ``shape`` in the dtype of ``x``."""
    return np.zeros(shape, x.dtype)


@op(
    "RollBackward0",
    x=lambda grad, shifts, dims: roll(grad, tuple(-s for s in shifts), dims),
    formula=("roll(x, shifts, dims)", "roll⁻¹(G, shifts, dims)"),
)
def roll(x, shifts, dims):
    """Elements shifted along ``dims`` (or along the flattened tensor), those pushed out come in at the other end."""
    return np.roll(x, shifts, dims or None).copy() if dims else np.roll(x, sum(shifts))
