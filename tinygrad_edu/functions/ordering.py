"""What follows from the order of elements: order statistics, running extrema, searches, histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..autograd.errors import not_implemented
from ..autograd.real_only import refuse_complex
from ..autograd.runtime import wrap
from ..dtypes import from_numpy_dtype
from ..ops import cumulative, indexing
from ..ops import order as ops
from ..ops.choosing import where
from ..ops.shape import axis_of
from ..overloads import combination_error
from ..tensor import Tensor
from .out import with_out
from .reduction import _named, median

__all__ = [
    "aminmax", "bucketize", "cummax", "cummin", "histc", "histogram", "isin", "kthvalue", "mode", "nanmedian", "nanquantile",
    "quantile", "searchsorted", "unique_consecutive",
]  # fmt: skip


def _chosen(operation: Any, input: Tensor, places: np.ndarray, dim: int, keepdim: bool, name: str, out: Any = None) -> Any:
    """The named tuple of the elements at ``places`` (one along ``dim``) and the places."""
    axis = axis_of(dim, input._array.ndim)
    indices = wrap(np.asarray(places if keepdim or not places.ndim else places.squeeze(axis)))
    return _named(name, operation.function(input, indices, dim, keepdim), indices, out)


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The ``k``-th smallest element along ``dim``, and where it is: (values, indices)."""
    axis, array = axis_of(dim, input._array.ndim), input._array
    if not 1 <= k <= (array.shape[axis] if array.ndim else 1):
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(axis))
    if array.dtype == bool:
        raise not_implemented("kthvalue_cpu", array.dtype)
    order = indexing.sort_order(array, dim, False)
    places = np.take(order, [k - 1], axis) if order.ndim else order
    return _chosen(ops.choose_kth, input, places, dim, keepdim, "kthvalue", out)


def mode(input: Tensor, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The most frequent element along ``dim`` (the smallest of several), and where it is last: (values, indices)."""
    axis, array = axis_of(dim, input._array.ndim), input._array
    if not array.ndim:
        return _chosen(ops.choose_mode, input, np.zeros((), np.int64), dim, keepdim, "mode", out)
    if array.shape[axis] == 0:
        raise IndexError(f"mode(): Expected reduction dim {axis} to have non-zero size.")
    order = indexing.sort_order(array, dim, False)
    sorted_ = np.take_along_axis(array, order, axis)
    places = np.arange(array.shape[axis]).reshape([-1 if d == axis else 1 for d in range(array.ndim)])
    first = np.ones(array.shape, bool)
    later = tuple(slice(1, None) if d == axis else slice(None) for d in range(array.ndim))
    first[later] = sorted_[later] != np.roll(sorted_, 1, axis)[later]
    run = places - np.maximum.accumulate(np.where(first, places, 0), axis)
    last = np.argmax(run, axis, keepdims=True)
    return _chosen(ops.choose_mode, input, np.take_along_axis(order, last, axis), dim, keepdim, "mode", out)


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower median of what is not nan: of all elements, or (values, indices) over ``dim``."""
    array = input._array
    if dim is None:
        return ops.nanmedian_all.function(input)
    if array.dtype.kind != "f" or not array.ndim:
        places = median(input, dim, True).indices._array
    else:
        axis = axis_of(dim, array.ndim)
        order = indexing.sort_order(array, dim, False)  # nan comes last
        count = np.count_nonzero(~np.isnan(array), axis, keepdims=True)
        places = np.take_along_axis(order, np.maximum(count - 1, 0) // 2, axis)
    return _chosen(ops.choose_nanmedian, input, places, dim, keepdim, "nanmedian")


@with_out
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """The smallest and the largest element, of all or along ``dim``: (min, max)."""
    if dim is None and input._array.size == 0:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    return return_types.aminmax(ops.aminmax.function(input, () if dim is None else dim, keepdim))


# ---- running extrema -------------------------------------------------------------------------------------------------


def cummax(input: Tensor, dim: int, *, out: Any = None) -> Any:
    """The largest element so far along ``dim``, and where it is: (values, indices)."""
    indices = wrap(cumulative.running_order(input._array, dim, np.maximum))
    return _named("cummax", cumulative.choose_running_max.function(input, indices, dim), indices, out)


def cummin(input: Tensor, dim: int, *, out: Any = None) -> Any:
    """The smallest element so far along ``dim``, and where it is: (values, indices)."""
    indices = wrap(cumulative.running_order(input._array, dim, np.minimum))
    return _named("cummin", cumulative.choose_running_min.function(input, indices, dim), indices, out)


# ---- quantiles -------------------------------------------------------------------------------------------------------

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@with_out
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Tensor:
    """The elements below which the fractions ``q`` of all, or of those along ``dim``, lie; nan where there is a nan.

    ``interpolation`` says what lies between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
    """
    return _quantile(input, q, dim, keepdim, interpolation, False)


@with_out
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Tensor:
    """:func:`quantile` of what is not nan."""
    return _quantile(input, q, dim, keepdim, interpolation, True)


def _quantile(input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool) -> Tensor:
    x = input
    if x._array.dtype.name not in ("float32", "float64"):
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    fractions = q if isinstance(q, Tensor) else wrap(np.asarray(q, x._array.dtype))
    if not isinstance(q, Tensor) and not 0 <= q <= 1:
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    if fractions._array.ndim > 1:
        raise RuntimeError("quantile() q must be a scalar or 1D tensor")
    if fractions._array.dtype != x._array.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    if not ((fractions._array >= 0) & (fractions._array <= 1)).all():
        raise RuntimeError("quantile() q values must be in the range [0, 1]")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got " + interpolation
        )
    axis = 0 if dim is None else axis_of(dim, x._array.ndim)
    if x._array.size == 0:
        raise RuntimeError("quantile() input tensor must be non-empty")
    kept = [1] * x._array.ndim if dim is None else [1 if d == axis else n for d, n in enumerate(x.shape)]
    lines = (x.reshape(-1) if dim is None else x.unsqueeze(0) if not x.ndim else x.movedim(axis, -1)).sort(dim=-1).values
    n, array = lines.shape[-1], lines._array
    nans = np.isnan(array).sum(-1, keepdims=True)
    last = np.maximum(n - nans - 1, 0) if skip else np.full_like(nans, n - 1)
    rank = fractions.reshape(-1) * wrap(last.astype(array.dtype))
    if not skip and nans.any():  # one nan is the quantile
        rank = where.function(wrap(nans > 0), float(n - 1), rank)
    below, above = rank.floor(), rank.ceil()
    if interpolation == "lower":
        result = lines.gather(-1, below.long())
    elif interpolation in ("higher", "nearest"):
        result = lines.gather(-1, (above if interpolation == "higher" else rank.round()).long())
    else:
        weight = wrap(np.full_like(rank._array, 0.5)) if interpolation == "midpoint" else rank - below
        result = lines.gather(-1, below.long()).lerp(lines.gather(-1, above.long()), weight)
    result = result.movedim(-1, 0)
    shape = kept if keepdim else [size for d, size in enumerate(kept) if dim is not None and d != axis]
    return result.reshape((*fractions.shape, *shape))


# ---- searches --------------------------------------------------------------------------------------------------------


@with_out
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
    out: Any = None,
) -> Tensor:
    """Where in the sorted last axis each element would be put: before equal elements, or, with ``right``, behind them."""
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if sorted_sequence._array.dtype.kind in "bc":
        raise not_implemented("searchsorted_out_cpu", sorted_sequence._array.dtype)
    where: Any = "right" if right or side == "right" else "left"
    sequence = sorted_sequence._array
    if sorter is not None:
        sequence = np.take_along_axis(sequence, sorter._array, -1)
    values = input._array if isinstance(input, Tensor) else np.asarray(input)
    refuse_complex("searchsorted", values)
    if sequence.ndim == 1:
        found = np.searchsorted(sequence, values, where)
    elif values.ndim != sequence.ndim or values.shape[:-1] != sequence.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
            f"and input value tensor must match, but we got boundaries tensor {list(sequence.shape)} and input value tensor "
            f"{list(values.shape)}"
        )
    else:
        rows, queries = sequence.reshape(-1, sequence.shape[-1]), values.reshape(-1, values.shape[-1])
        found = np.array([np.searchsorted(a, v, where) for a, v in zip(rows, queries, strict=True)]).reshape(values.shape)
    return wrap(np.asarray(found).astype(np.int32 if out_int32 else np.int64))


@with_out
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Tensor:
    """Which of the intervals between sorted ``boundaries`` each element lies in; their upper ends belong to them."""
    if boundaries._array.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._array.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@with_out
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False, out: Any = None
) -> Tensor:
    """Whether each element is among ``test_elements``."""
    if not all(isinstance(each, (Tensor, bool, int, float)) for each in (elements, test_elements)):
        raise combination_error("isin", (elements, test_elements), {})
    for each in (elements, test_elements):
        if isinstance(each, Tensor) and each._array.dtype.kind in "bc":
            title = from_numpy_dtype(each._array.dtype).legacy_name
            raise RuntimeError(f"Unsupported input type encountered for isin(): {title}")
    among, wanted = (each._array if isinstance(each, Tensor) else np.asarray(each) for each in (elements, test_elements))
    refuse_complex("isin", among)
    return wrap(np.asarray(np.isin(among, wanted, assume_unique=assume_unique, invert=invert)))


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements (or slices along ``dim``) without those equal to the one before; with places and counts, if asked."""
    refuse_complex("unique" if dim is None else "unique_dim", input._array)
    array = input._array.reshape(-1) if dim is None else np.moveaxis(input._array, axis_of(dim, input._array.ndim), 0)
    rows = array.reshape(len(array), -1)
    first = np.ones(len(array), bool)
    first[1:] = (rows[1:] != rows[:-1]).any(1)
    starts = np.flatnonzero(first)
    chosen = array[starts] if dim is None else np.moveaxis(array[starts], 0, axis_of(dim, input._array.ndim))
    inverse = np.cumsum(first) - 1
    inverse = inverse.reshape(input._array.shape) if dim is None else inverse
    counts = np.diff(np.append(starts, len(array)))
    parts = (chosen, inverse if return_inverse else None, counts if return_counts else None)
    results = tuple(wrap(np.asarray(part, order="C")) for part in parts if part is not None)
    return results if len(results) > 1 else results[0]


# ---- histograms ------------------------------------------------------------------------------------------------------


def _edges(array: np.ndarray, bins: int, low: float, high: float, name: str) -> np.ndarray:
    if array.dtype.kind != "f":
        raise not_implemented("histogram_cpu", array.dtype)
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:
        margin = 1.0 if name == "histc" else 0.5
        low, high = low - margin, high + margin
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.{name}: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.{name}{'' if name == 'histc' else '()'}: max must be larger than min")
    return np.linspace(low, high, bins + 1).astype(array.dtype)


@with_out
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None) -> Tensor:
    """How many elements lie in each of ``bins`` equal intervals from ``min`` to ``max`` (by default those of the elements)."""
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    array = input._array
    refuse_complex("histc", array)
    edges = _edges(array, bins, float(min), float(max), "histc")
    return wrap(np.histogram(array[np.isfinite(array)], edges)[0].astype(array.dtype))


@with_out
def histogram(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False, out: Any = None
) -> Any:
    """How many elements (or how much weight) lie in each interval: (hist, bin_edges).

    ``bins`` is the number of equal intervals, from ``range``, or the tensor of their edges.
    """
    array = input._array
    if array.dtype.kind != "f":
        raise not_implemented("histogram_cpu" if isinstance(bins, Tensor) else "histogramdd", array.dtype)
    if isinstance(bins, Tensor):
        edges = bins._array
    else:
        low, high = (0.0, 0.0) if range is None else range
        edges = _edges(array, bins, low, high, "histogram")
    weights = None if weight is None else weight._array.reshape(-1)
    counts = np.histogram(array.reshape(-1), edges, weights=weights, density=density)[0]
    return return_types.histogram((wrap(counts.astype(array.dtype)), wrap(np.array(edges))))
