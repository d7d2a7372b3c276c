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


# ---- several tensors -----------------------------------------------------------------------------------------------


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
