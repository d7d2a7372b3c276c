"""Shapes: sizes given one by one or as a sequence, and what is made of several operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import broadcast_error, type_name
from ..dtypes import dtype as _dtype
from ..ops import joining
from ..ops import shape as ops
from ..ops.cumulative import flip as _flip
from ..ops.cumulative import rot90 as _rot90
from ..ops.diagonal import diag_embed, diagonal_copy
from ..ops.elementwise import clone as _clone
from ..ops.shape import axis_of
from ..overloads import combination_error
from ..size import Size
from ..tensor import Tensor


def ints(values: tuple[Any, ...], name: str = "view", argument: str = "size") -> tuple[int, ...]:
    """The ints of ``f(2, 3)`` and of ``f((2, 3))``."""
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        values = tuple(values[0])
    if all(type(n) is int for n in values):
        return values
    for i, n in enumerate(values):
        if isinstance(n, (bool, float, str)) or not hasattr(n, "__index__"):
            raise TypeError(f"{name}(): argument '{argument}' (position {i + 1}) must be tuple of ints, not {type_name(n)}")
    return tuple(n.__index__() for n in values)


def sizes_of(values: tuple[Any, ...], given: Any, name: str, argument: str) -> tuple[int, ...]:
    """The same for ``f(2, 3)`` and ``f((2, 3))``, or for the keyword ``f(size=(2, 3))``."""
    if given is None:
        if not values:
            raise TypeError(f'{name}() missing 1 required positional arguments: "{argument}"')
        return ints(values, name, argument)
    if values:
        raise TypeError(f"{name}() got multiple values for argument '{argument}'")
    return ints((given,), name, argument)


def _require_tensor(input: Any, name: str) -> None:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")


def view(self: Tensor, *shape: Any, dtype: Any = None, size: Any = None) -> Tensor:
    """The same memory in another shape (one length may be -1), or with its bytes read as another dtype."""
    if dtype is not None or (len(shape) == 1 and isinstance(shape[0], _dtype)):
        from .conversion import view_dtype

        return view_dtype(self, shape[0] if dtype is None else dtype)
    if not shape and size is None:
        raise combination_error("view", (), {})
    return ops.view.function(self, sizes_of(shape, size, "view", "size"))


def reshape(input: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """The same elements in another shape: a view where memory allows, else a copy."""
    _require_tensor(input, "reshape")
    sizes, array = sizes_of(sizes, shape, "reshape", "shape"), input._array
    if array.flags.c_contiguous:
        return ops.view.function(input, sizes)
    return (ops.reshape_alias if ops.is_viewable(array, sizes) else ops.unsafe_view).function(input, sizes)


def view_as(self: Tensor, other: Tensor) -> Tensor:
    """``self`` viewed in the shape of ``other``."""
    return ops.view.function(self, other._array.shape)


def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """``self`` reshaped to the shape of ``other``."""
    return reshape(self, other._array.shape)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """The axes ``dim0`` and ``dim1`` exchanged."""
    return ops.transpose.function(input, dim0, dim1)


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """The axes ``axis0`` and ``axis1`` exchanged."""
    return ops.transpose.function(input, axis0, axis1)


swapdims = transpose


def adjoint(input: Tensor) -> Tensor:
    """The last two axes exchanged (and the conjugate of complex numbers)."""
    return ops.transpose.function(input, -2, -1)


def permute(input: Tensor, *axes: Any, dims: Any = None) -> Tensor:
    """The axes in the order ``dims``."""
    return ops.permute.function(input, sizes_of(axes, dims, "permute", "dims"))


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """The axes ``source`` moved to ``destination``, the others in their order."""
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    n = input._array.ndim
    if len(sources) != len(targets):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should contain the same number of "
            f"dims as destination ({list(targets)} dims)"
        )
    origins, places = [axis_of(s, n) for s in sources], [axis_of(d, n) for d in targets]
    for name, given, axes in (("source", sources, origins), ("destination", targets, places)):
        if len(set(axes)) < len(axes):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    order = [d for d in range(n) if d not in origins]
    for place, origin in sorted(zip(places, origins, strict=True)):
        order.insert(place, origin)
    return ops.permute.function(input, tuple(order))


moveaxis = movedim


def squeeze(input: Tensor, dim: Any = None, *, axis: Any = None) -> Tensor:
    """The axes of length 1 removed: all, or those named."""
    dim = dim if axis is None else axis
    if dim is None:
        return ops.squeeze_all.function(input)
    if isinstance(dim, (tuple, list)):
        return ops.squeeze_several.function(input, tuple(dim))
    return ops.squeeze_one.function(input, dim)


def expand(self: Tensor, *sizes: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """Axes of length 1 repeated to ``sizes`` without copying; -1 keeps a length."""
    return ops.expand.function(self, sizes_of(sizes, size, "expand", "size"))


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """:func:`expand` to the shape of ``other``."""
    return ops.expand.function(self, other._array.shape)


def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """:func:`expand` as a function."""
    return ops.expand.function(input, ints((size,), "broadcast_to"))


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape; those that have it are returned themselves."""
    shapes = [each._array.shape for each in tensors]
    mismatch = broadcast_error(shapes)
    if mismatch is not None:
        raise mismatch
    shape = tuple(np.broadcast_shapes(*shapes))
    return tuple(each if own == shape else ops.expand.function(each, shape) for each, own in zip(tensors, shapes, strict=True))


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that operands of these shapes broadcast to."""
    try:
        return tuple.__new__(Size, np.broadcast_shapes(*shapes))
    except ValueError:
        common = [1] * max(map(len, shapes))
        for index, shape in enumerate(shapes):
            for i in range(-1, -len(shape) - 1, -1):
                if 1 != shape[i] != common[i] != 1:
                    raise RuntimeError(
                        f"Attempting to broadcast a dimension of length {shape[i]} at {i}! Mismatching argument at index "
                        f"{index} had {shape}; but expected shape should be broadcastable to {common}"
                    ) from None
                common[i] = shape[i] if common[i] == 1 else common[i]
        raise


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from ``start_dim`` to ``end_dim`` as one."""
    shape = input._array.shape
    start, end = axis_of(start_dim, len(shape)), axis_of(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, 1)
    if start == end:
        return input
    return reshape(input, (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """One dimension, contiguous."""
    return ops.view.function(input if input._array.flags.c_contiguous else _clone.function(input), (-1,))


def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """The axis ``dim`` split into ``sizes``."""
    shape = input._array.shape
    axis = axis_of(dim, len(shape))
    sizes = tuple(sizes)
    known = int(np.prod([n for n in sizes if n != -1]))
    if -1 in sizes and known and shape[axis] % known == 0:
        sizes = tuple(shape[axis] // known if n == -1 else n for n in sizes)
    if int(np.prod(sizes)) != shape[axis]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {axis} ({shape[axis]}) in the input "
            "tensor"
        )
    return view(input, (*shape[:axis], *sizes, *shape[axis + 1 :]))


def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself if its memory is row-major (or in ``memory_format``), else a copy that is."""
    if memory_format is not None:
        from .conversion import in_memory_format

        return in_memory_format(self, memory_format)
    return self if self._array.flags.c_contiguous else _clone.function(self)


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own, through which gradients flow."""
    return _clone.function(input)


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along ``dim``: of the given size (the last may be smaller), or of the given sizes."""
    if isinstance(split_size_or_sections, (tuple, list)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    size = int(split_size_or_sections)
    if not tensor._array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    length = tensor._array.shape[axis_of(dim, tensor._array.ndim)]
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}")
    count = max(-(-length // size), 1) if size else 1
    sizes = [size] * (count - 1) + [length - size * (count - 1)]
    return joining.split_evenly.function(tensor, sizes, dim)


def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts of the given sizes along ``dim``."""
    return joining.split_sizes.function(input, list(split_sizes), dim)


def chunk(input: Tensor, chunks: int, dim: int = 0, *, axis: Any = None) -> tuple[Tensor, ...]:
    """At most ``chunks`` parts of equal size along ``dim``; the last may be smaller."""
    dim = dim if axis is None else axis
    if chunks <= 0:
        raise RuntimeError("chunk expects `chunks` to be greater than 0, got: " + str(chunks))
    length = input._array.shape[axis_of(dim, input._array.ndim)]
    return split(input, max(-(-length // chunks), 1), dim)


def unbind(input: Tensor, dim: int = 0, *, axis: Any = None) -> tuple[Tensor, ...]:
    """The slices along ``dim``, which disappears."""
    return joining.unbind.function(input, dim if axis is None else axis)


def fanout(input: Tensor, n: int) -> tuple[Tensor, ...]:
    """``n`` copies of one value, as a node of its own whose backward pass adds its ``n`` upstream gradients.

    Using ``input`` n times does the same without a node. This makes the sum visible: ``FanoutBackward0``.
    """
    if n < 1:
        raise RuntimeError(f"fanout expects n to be at least 1, got: {n}")
    return joining.fanout.function(input, n)


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """``length`` elements from ``start`` along ``dim``, as a view."""
    if not input._array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = axis_of(dim, input._array.ndim)
    size = input._array.shape[axis]
    if isinstance(start, Tensor) and (start._array.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    start = int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [-{size}, {size}], but got {start})")
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return ops.slice_.function(input, axis, start, start + length, 1)


def repeat(self: Tensor, *times: Any, repeats: Any = None) -> Tensor:
    """The whole tensor repeated along each axis."""
    return ops.repeat.function(self, sizes_of(times, repeats, "repeat", "repeats"))


def tile(input: Tensor, *times: Any, dims: Any = None) -> Tensor:
    """:func:`repeat`, with missing leading repeats taken as 1."""
    times = sizes_of(times, dims, "tile", "dims")
    return ops.repeat.function(input, (1,) * (input._array.ndim - len(times)) + times)


def flip(input: Tensor, *axes: Any, dims: Any = None) -> Tensor:
    """The order of elements reversed along ``dims``."""
    return _flip.function(input, sizes_of(axes, dims, "flip", "dims"))


def fliplr(input: Tensor) -> Tensor:
    """The columns reversed."""
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return _flip.function(input, (1,))


def flipud(input: Tensor) -> Tensor:
    """The rows reversed."""
    if not input._array.ndim:
        raise RuntimeError("Input must be >= 1-d.")
    return _flip.function(input, (0,))


def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Rotated ``k`` times by 90 degrees, from the first of ``dims`` towards the second."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input._array.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input._array.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == input._array.ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return _rot90.function(input, k, tuple(axis_of(d, input._array.ndim) for d in dims))


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements shifted along ``dims``; those pushed out come in at the other end."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if not shifts:
        raise RuntimeError("`shifts` required")
    if dims and not input._array.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    if len(shifts) != len(dims) and (dims or len(shifts) != 1):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return ops.roll.function(input, shifts, dims)


def cat(tensors: Any, dim: int = 0, *, out: Any = None, axis: Any = None) -> Tensor:
    """The tensors joined along ``dim``."""
    return _into(out, joining.cat.function(tensors, dim if axis is None else axis))


concat = concatenate = cat


def stack(tensors: Any, dim: int = 0, *, out: Any = None, axis: Any = None) -> Tensor:
    """The tensors side by side along a new axis."""
    return _into(out, joining.stack.function(tensors, dim if axis is None else axis))


def _into(out: Tensor | None, result: Tensor) -> Tensor:
    if out is None:
        return result
    from ..autograd.runtime import write_out

    return write_out(joining.cat, out, result._array, (result._node,))


def hstack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors joined along axis 1 (vectors along axis 0)."""
    parts = atleast_1d(_sequence("hstack", tensors))
    return cat(parts, 0 if parts[0]._array.ndim == 1 else 1, out=out)


def vstack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors joined along axis 0, vectors as rows."""
    return cat(atleast_2d(_sequence("vstack", tensors)), 0, out=out)


row_stack = vstack


def dstack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors joined along axis 2, vectors and matrices with axes of length 1 added."""
    return cat(atleast_3d(_sequence("dstack", tensors)), 2, out=out)


def column_stack(tensors: Any, *, out: Any = None) -> Tensor:
    """Vectors as columns, beside matrices."""
    parts = [
        reshape(each, each._array.size, 1) if each._array.ndim < 2 else each for each in _sequence("column_stack", tensors)
    ]
    return cat(parts, 1, out=out)


def _sequence(name: str, tensors: Any) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type_name(tensors)}")
    for i, each in enumerate(tensors):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type_name(each)}")
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return list(tensors)


def _at_least(name: str, add_axes: Any) -> Any:
    def at_least(*tensors: Any) -> Any:
        """Tensors of fewer dimensions with axes of length 1 added: one tensor for one, a tuple for several."""
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return add_axes(tensors[0])
        return tuple(map(add_axes, tensors[0] if len(tensors) == 1 else tensors))

    at_least.__name__ = at_least.__qualname__ = name
    return at_least


def _two_dimensional(x: Tensor) -> Tensor:
    return reshape(x, 1, -1) if x._array.ndim < 2 else x


def _three_dimensional(x: Tensor) -> Tensor:
    return ops.unsqueeze.function(_two_dimensional(x), 2) if x._array.ndim < 3 else x


atleast_1d = _at_least("atleast_1d", lambda x: x if x._array.ndim else reshape(x, 1))
atleast_2d = _at_least("atleast_2d", _two_dimensional)
atleast_3d = _at_least("atleast_3d", _three_dimensional)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of the grid that the vectors span (``indexing`` "ij" or "xy")."""
    vectors = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if indexing is None:
        import warnings

        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=2,
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    order = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        order[0], order[1] = 1, 0
    lengths = tuple(each._array.size for each in vectors)
    shape = tuple(lengths[i] for i in order)
    grids = []
    for i, each in enumerate(vectors):
        place = order.index(i)
        grids.append(expand(reshape(each, (1,) * place + (-1,) + (1,) * (len(vectors) - 1 - place)), shape))
    return tuple(grids)


def diag(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    """A matrix with the vector on its diagonal, or a copy of the diagonal of a matrix."""
    _require_tensor(input, "diag")
    if input._array.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    return (diag_embed if input._array.ndim == 1 else diagonal_copy).function(input, diagonal, out=out)


def numel(input: Tensor) -> int:
    """How many elements there are."""
    return input._array.size


__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_shapes", "broadcast_tensors", "broadcast_to", "cat",
    "chunk", "clone", "column_stack", "concat", "concatenate", "diag", "dstack", "fanout", "flatten", "flip", "fliplr",
    "flipud",
    "hstack", "meshgrid", "moveaxis", "movedim", "narrow", "numel", "permute", "ravel", "reshape", "roll", "rot90",
    "row_stack", "split", "split_with_sizes", "squeeze", "stack", "swapaxes", "swapdims", "tile", "transpose", "unbind",
    "unflatten", "vstack",
]  # fmt: skip
