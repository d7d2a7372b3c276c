"""Tensors put together and taken apart: products of all pairs, blocks, windows, differences, statistics of variables."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from ..autograd.version import storage_of
from ..creation import as_tensor
from ..dtypes import from_numpy_dtype, to_numpy_dtype
from ..ops import gamma, special, windows
from ..ops import linalg as products
from ..ops.complex import complex_
from ..ops.shape import axis_of
from ..ops.view_region import Region
from ..size import Size
from ..tensor import Tensor
from .out import with_out
from .shape import cat, flatten, meshgrid, reshape, stack

__all__ = [
    "as_strided", "block_diag", "cartesian_prod", "combinations", "copysign", "corrcoef", "cov", "cumulative_trapezoid",
    "diagflat", "diff", "dsplit", "hsplit", "isreal", "kron", "mvlgamma", "narrow_copy", "polygamma", "tensor_split",
    "trapezoid", "trapz", "tril_indices", "triu_indices", "unravel_index", "vander", "vdot", "vsplit",
]  # fmt: skip


# ---- of all pairs ----------------------------------------------------------------------------------------------------


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every way to take one element of each vector, as rows."""
    for each in tensors:
        if each.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(each.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([flatten(each) for each in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every way to take ``r`` elements of a vector, in their order, as rows."""
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wrap(np.empty(0, input._array.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)
    return stack([input.index_select(0, wrap(column)) for column in rows.T], 1)


@with_out
def kron(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """Kronecker's product: each element of ``input`` times all of ``other``."""
    n = max(input.ndim, other.ndim)
    a, b = ((1,) * (n - each.ndim) + tuple(each.shape) for each in (input, other))
    left = reshape(input, [size for length in a for size in (length, 1)])
    right = reshape(other, [size for length in b for size in (1, length)])
    return reshape(left * right, [x * y for x, y in zip(a, b, strict=True)])


def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along a diagonal, zeros elsewhere; vectors count as rows."""
    parts = []
    for i, each in enumerate(tensors):
        if each.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {each.ndim} dimensions"
            )
        parts.append(reshape(each, (1,) * (2 - each.ndim) + tuple(each.shape)))
    if not parts:
        return wrap(np.empty((1, 0), np.float32))
    columns, before, rows = sum(each.shape[1] for each in parts), 0, []
    for each in parts:
        height, width = each.shape
        sides = [each.new_zeros(height, before), each, each.new_zeros(height, columns - before - width)]
        rows.append(cat(sides, 1))
        before += width
    return cat(rows, 0)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde's matrix: the powers of each element, as rows."""
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = len(x) if N is None else N
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    powers_ = range(n) if increasing else range(n - 1, -1, -1)
    return stack([x**k for k in powers_], 1) if n else x.new_empty(len(x), 0)


def vdot(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The inner product of two vectors, the first conjugated."""
    if input.is_complex():
        return products.dot.function(input.conj(), other, out=out)
    return products.vdot.function(input, other, out=out)


# ---- taken apart -----------------------------------------------------------------------------------------------------


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Nearly equal parts along ``dim``, or the parts between indices."""
    if not input.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    axis = axis_of(dim, input.ndim)
    size, given = input.shape[axis], indices_or_sections
    if isinstance(given, Tensor):
        given = given.tolist()
    if isinstance(given, int):
        if given <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {given}")
        edges = [i * (size // given) + min(i, size % given) for i in range(given + 1)]
    else:
        edges = [0, *given, size]
    index = (slice(None),) * axis
    return tuple(input[(*index, slice(a, b))] for a, b in itertools.pairwise(edges))


def _declare_split(name: str, least: int, dim: int) -> Any:
    def split(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        if input.ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {input.ndim} "
                "dimensions!"
            )
        axis = 0 if name == "hsplit" and input.ndim == 1 else dim
        given = indices_or_sections
        if isinstance(given, int) and (given <= 0 or input.shape[axis] % given):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {axis}, but the size of the dimension {input.shape[axis]} is "
                f"not divisible by the split_size {given}!"
            )
        return tensor_split(input, given, axis)

    split.__name__ = split.__qualname__ = name
    split.__doc__ = f"Equal parts along axis {dim}, or the parts between indices."
    return split


hsplit, vsplit, dsplit = _declare_split("hsplit", 1, 1), _declare_split("vsplit", 2, 0), _declare_split("dsplit", 3, 2)


@with_out
def narrow_copy(input: Tensor, dim: int, start: int, length: int, *, out: Any = None) -> Tensor:
    """A copy of :func:`narrow`."""
    return input.narrow(dim, start, length).clone()


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """All elements on a diagonal, zeros elsewhere."""
    return reshape(input, -1).diag_embed(offset)


def as_strided(self: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The storage shown with other sizes and strides, counted in elements."""
    sizes, strides = tuple(size), tuple(stride)
    offset = self.storage_offset() if storage_offset is None else storage_offset
    if len(sizes) != len(strides):
        raise RuntimeError("mismatch in length of strides and shape")
    storage = storage_of(self._array)
    last = offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True)) + 1
    if math.prod(sizes) and last * self.element_size() > storage.nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(sizes)}, strides {list(strides)}, storage offset {offset}, and itemsize "
            f"{self.element_size()} requiring a storage size of {last * self.element_size()} are out of bounds for storage of "
            f"size {storage.nbytes}"
        )
    view = windows.restrided.forward(self._array, None, sizes, strides, offset)
    return windows.restrided.function(self, Region.of(self._array, view), sizes, strides, offset)


def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of ``size`` elements along ``dimension``, ``step`` apart; they become the last axis."""
    return windows.unfold.function(self, dimension, size, step)


# ---- indices ---------------------------------------------------------------------------------------------------------


def _triangle(find: Any, row: int, col: int, offset: int, dtype: Any) -> Tensor:
    if row < 0 or col < 0:
        name, value = ("row", row) if row < 0 else ("col", col)
        raise RuntimeError(f"{name} must be non-negative, got{value}")
    kind = np.dtype(np.int64) if dtype is None else to_numpy_dtype(dtype)
    return wrap(np.stack(find(row, offset, col)).astype(kind))


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of a matrix's elements on and below a diagonal: two rows."""
    return _triangle(np.tril_indices, row, col, offset, dtype)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of a matrix's elements on and above a diagonal: two rows."""
    return _triangle(np.triu_indices, row, col, offset, dtype)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """For each index into the flattened tensor, the index along each axis."""
    if not isinstance(indices, Tensor):
        raise TypeError(f"Expected 'indices' to be a tensor, but got {type(indices)}")
    sizes = tuple(Size([shape]) if isinstance(shape, int) else Size(shape))
    numbers, found = indices._array.astype(np.int64), []
    for i in range(len(sizes)):
        rest = math.prod(sizes[i + 1 :])
        found.append(wrap(np.floor_divide(numbers, rest) % sizes[i] if rest else np.zeros_like(numbers)))
    return tuple(found)


# ---- differences and areas ---------------------------------------------------------------------------------------------


@with_out
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None, *, out: Any = None
) -> Tensor:
    """The differences of neighbours along ``dim``, ``n`` times over."""
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = axis_of(dim, input.ndim)
    if n == 0:
        return input.new_zeros(input.shape).copy_(input)
    parts = [each for each in (prepend, input, append) if each is not None]
    result = cat(parts, axis) if len(parts) > 1 else input
    for _ in range(min(n, result.shape[axis])):
        size = result.shape[axis]
        later, earlier = result.narrow(axis, 1, size - 1), result.narrow(axis, 0, size - 1)
        result = later ^ earlier if result._array.dtype == bool else later - earlier
    return result


def _areas(y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Tensor:
    """The areas under the segments between neighbours."""
    axis = axis_of(dim, y.ndim)
    size = y.shape[axis]
    both = y.narrow(axis, 1, size - 1) + y.narrow(axis, 0, size - 1)
    if x is None:
        return both * (dx / 2) if not isinstance(dx, Tensor) else both * dx / 2
    if x.ndim == 1:
        if x.shape[0] != size:
            raise RuntimeError("trapezoid: There must be one `x` value for each sample point")
        widths = diff(x).reshape([-1 if d == axis else 1 for d in range(y.ndim)])
    else:
        widths = diff(x, dim=dim)
    return both * widths / 2


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The area under the points, by trapezoids: ``x`` are their places, or ``dx`` their distance."""
    if x is not None:
        return _areas(y, x, dx, dim).sum(dim)
    if y.shape[axis_of(dim, y.ndim)] == 0:
        return y.sum(dim)
    return (y.sum(dim) - (y.select(dim, 0) + y.select(dim, -1)) * 0.5) * dx


trapz = trapezoid


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The running areas of :func:`trapezoid`."""
    return _areas(y, x, dx, dim).cumsum(dim)


# ---- statistics ------------------------------------------------------------------------------------------------------


def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariances of variables, which are rows, over observations, which are columns."""
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if input._array.dtype == bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.ndim == 2 else input.reshape(1, -1)
    weights, n = None, x.shape[1]
    for name, each in (("fweights", fweights), ("aweights", aweights)):
        if each is not None:
            _check_weights(name, each, n)
            weights = each if weights is None else weights * each
    total = wrap(np.array(n)) if weights is None else weights.sum()
    if weights is not None and total._array == 0:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    mean = (x if weights is None else x * weights).sum(1) / total
    freedom = total - correction
    if weights is not None and aweights is not None and correction:
        freedom = total - correction * (weights * aweights).sum() / total
    if freedom._array <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            stacklevel=2,
        )
        freedom = freedom * 0
    centred = x - mean.unsqueeze(1)
    return (centred @ (centred if weights is None else centred * weights).t().conj() / freedom).squeeze()


def _check_weights(name: str, weights: Tensor, observations: int) -> None:
    """Whether ``weights`` are a number, not negative, for each observation: whole if frequencies, else floating point."""
    array = weights._array
    kind, words = ("iu", "integral") if name == "fweights" else ("f", "floating point")
    if array.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {array.ndim} dimensions"
        )
    if array.dtype.kind not in kind:
        title = from_numpy_dtype(array.dtype).legacy_name
        raise RuntimeError(f"cov(): expected {name} to have {words} dtype but got {name} with {title} dtype")
    if array.size != observations:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got {array.size} != "
            f"{observations}"
        )
    if (array < 0).any():
        raise RuntimeError(f"cov(): {name} cannot be negative")


def corrcoef(input: Tensor) -> Tensor:
    """The correlations of variables, which are rows."""
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    covariances = cov(input)
    if not covariances.ndim:
        return covariances / covariances
    deviation = covariances.diagonal().sqrt()
    correlations = covariances / deviation.view(-1, 1) / deviation.view(1, -1)
    if not input.is_complex():
        return correlations.clamp(-1, 1)
    return complex_.function(correlations.real.clamp(-1, 1), correlations.imag.clamp(-1, 1))


def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The sum over the axes along which ``size`` broadcasts to the tensor's shape."""
    wanted = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    shape = tuple(self.shape)
    lead = len(shape) - len(wanted)
    if not wanted:
        return self.sum()
    if lead < 0 or any(n not in (1, m) for n, m in zip(wanted, shape[lead:], strict=True)):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    axes = [*range(lead), *(d + lead for d, n in enumerate(wanted) if n == 1 != shape[d + lead])]
    total = self.sum(axes, keepdim=True) if axes else self
    return reshape(total, wanted) if lead else total


# ---- elementwise -----------------------------------------------------------------------------------------------------


def isreal(input: Tensor) -> Tensor:
    """Whether each element's imaginary part is 0."""
    return input.imag == 0 if input.is_complex() else wrap(np.ones(input._array.shape, bool))


def copysign(input: Tensor, other: Any, *, out: Any = None) -> Tensor:
    """The size of ``input`` with the sign of ``other``."""
    operation = special.copysign if isinstance(other, Tensor) else special.copysign_number
    return operation.function(input, other, out=out)


def polygamma(n: int, input: Tensor, *, out: Any = None) -> Tensor:
    """The ``n``-th derivative of :func:`digamma`."""
    return gamma.polygamma.function(input, n, out=out)


@with_out
def mvlgamma(input: Tensor, p: int, *, out: Any = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension ``p``."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    x = input if input.is_floating_point() else input.to(as_tensor(0.0).dtype)
    steps = as_tensor([-j / 2 for j in range(p)], dtype=x.dtype)
    return gamma.lgamma.function(x.unsqueeze(-1) + steps).sum(-1) + p * (p - 1) / 4 * math.log(math.pi)
