"""Reductions whose signature covers several operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..autograd.errors import explain, not_implemented, type_name
from ..autograd.real_only import refuse_complex
from ..autograd.runtime import wrap
from ..dtypes import to_numpy_dtype
from ..ops import activation, choosing, cumulative, elementwise, indexing
from ..ops import reduction as ops
from ..ops.shape import axis_of
from ..overloads import combination_error
from ..tensor import Tensor
from .out import put_out

_sum_all, _sum = ops.sum_all, ops.sum


def _check_dim(input: Any, dim: Any, name: str) -> None:
    """``dim`` must be an int or several; bools are none."""
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    if any(isinstance(each, bool) or not hasattr(each, "__index__") for each in dims):
        raise combination_error(name, (input, dim), {})


def _as_dtype(input: Any, dtype: Any, name: str) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if dtype is None or input._array.dtype == to_numpy_dtype(dtype):
        return input
    return elementwise.convert.function(input, to_numpy_dtype(dtype))


def sum(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: Any = None,
) -> Tensor:
    """The sum of all elements, or over ``dim`` (an int or several). Bools and integers add up in int64."""
    if dtype is not None:
        return _accumulated(sum, input, dtype, out, dim, keepdim, axis=axis, keepdims=keepdims)
    if dim is None and axis is None and not keepdim and not keepdims:
        return _sum_all.function(input, out=out)
    if type(dim) is not int and dim is not None:
        _check_dim(input, dim, "sum")
    return _sum.function(input, dim, keepdim, out=out, axis=axis, keepdims=keepdims)


def mean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: Any = None,
) -> Tensor:
    """The mean of all elements, or over ``dim`` (an int or several)."""
    if dtype is not None:
        input = _as_dtype(input, dtype, "mean")
        if input._array.dtype.kind not in "fc":
            raise RuntimeError(
                "mean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. Got: "
                f"{_title(input)}"
            )
    if dim is None and axis is None and not keepdim and not keepdims:
        return ops.mean_all.function(input, out=out)
    if type(dim) is not int and dim is not None:
        _check_dim(input, dim, "mean")
    return ops.mean.function(input, dim, keepdim, out=out, axis=axis, keepdims=keepdims)


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None) -> Tensor:
    """The sum with nan counted as 0."""
    return ops.nansum.function(_as_dtype(input, dtype, "nansum"), dim, keepdim, out=out)


def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None) -> Tensor:
    """The mean of what is not nan."""
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {_title(input)}")
    counted = sum(~input.isnan(), dim, keepdim)
    return elementwise.div.function(nansum(input, dim, keepdim, dtype=dtype), counted, out=out)


def _spread(operation: Any, name: str) -> Any:
    """``torch.var`` and its like: which correction is meant, and a warning where nothing is left to divide by."""

    def spread(
        input: Tensor,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: bool = False,
        *,
        correction: Any = None,
        out: Any = None,
        axis: Any = None,
        keepdims: Any = None,
    ) -> Any:
        dim = dim if axis is None else axis
        if isinstance(dim, bool):  # var(x, False) means unbiased=False
            dim, unbiased = None, dim
        if correction is None:
            correction = 1 if unbiased in (None, True) else 0
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
        _warn_no_freedom(input._array.shape, dim, correction, name)
        options = {} if out is None else {"out": out}
        keepdim = keepdim if keepdims is None else keepdims
        return operation.function(input, dim, correction=correction, keepdim=keepdim, **options)

    spread.__name__ = spread.__qualname__ = name
    spread.__doc__ = operation.__doc__
    return spread


def _warn_no_freedom(shape: tuple[int, ...], dim: Any, correction: Any, name: str) -> None:
    axes = range(len(shape)) if dim is None or dim == () else ((dim,) if isinstance(dim, int) else dim)
    n = 1
    for axis in axes:
        if -len(shape) <= axis < len(shape):
            n *= shape[axis]
    if n - correction <= 0:
        import warnings

        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input "
            "numel divided by output numel).",
            UserWarning,
            stacklevel=3,
        )


var, std = _spread(ops.var, "var"), _spread(ops.std, "std")
var_mean, std_mean = _spread(ops.var_mean, "var_mean"), _spread(ops.std_mean, "std_mean")


# ---- extrema: over everything, over one axis with indices, or of two tensors ----------------------------------------


def _extremum(name: str, all_op: Any, choose_op: Any, pair_op: Any) -> Any:
    """``torch.max`` and ``torch.min``, which differ in the direction alone."""

    def extremum(
        input: Tensor,
        dim: Any = None,
        keepdim: bool = False,
        *,
        other: Any = None,
        out: Any = None,
        axis: Any = None,
        keepdims: Any = None,
    ) -> Any:
        dim = dim if axis is None else axis
        keepdim = keepdim if keepdims is None else keepdims
        if not isinstance(input, Tensor):
            if dim is not None:
                raise combination_error(name, (input, dim), {})
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
        if isinstance(dim, Tensor) or other is not None:
            return pair_op.function(input, dim if other is None else other, out=out)
        if dim is None:
            return all_op.function(input, out=out)
        if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)):
            raise combination_error(name, (input, dim), {})
        indices = wrap(_indices(input._array, int(dim), keepdim, name))
        return _named(name, choose_op.function(input, indices, int(dim), keepdim), indices, out)

    extremum.__name__ = extremum.__qualname__ = name
    largest = "largest" if name == "max" else "smallest"
    extremum.__doc__ = (
        f"The {largest} element; with ``dim``, a named tuple (values, indices) over that axis; with a second tensor, the "
        f"elementwise {name}imum."
    )
    return extremum


def _named(name: str, values: Tensor, indices: Tensor, out: Any = None) -> Any:
    result = getattr(return_types, name)((values, indices))
    return result if out is None else put_out(name, out, result)


def _indices(array: np.ndarray, dim: int, keepdim: bool, name: str) -> np.ndarray:
    """Where along ``dim`` the first extremum is, in PyTorch's words where that cannot be."""
    try:
        return np.asarray(ops.index_of_extreme(array, dim, keepdim, name))
    except np.exceptions.AxisError as error:
        raise explain(ops.max_all, error, (array,)) from None


max = _extremum("max", ops.max_all, ops.choose_max, choosing.maximum)
min = _extremum("min", ops.min_all, ops.choose_min, choosing.minimum)


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None, *, out: Any = None) -> Any:
    """The elements in order along ``dim``, and where they were: (values, indices)."""
    order = wrap(indexing.sort_order(input._array, dim, descending))
    operation = indexing.take_sorted if stable is None else indexing.take_sorted_stably
    return _named("sort", operation.function(input, order, dim), order, out)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None) -> Any:
    """The ``k`` largest (or smallest) elements along ``dim``, in order: (values, indices)."""
    if input._array.dtype == bool:
        raise RuntimeError("topk does not support bool dtypes on CPU")
    axis = axis_of(dim, input._array.ndim)
    length = input._array.shape[axis] if input._array.ndim else 1
    if not 0 <= k <= length:
        raise RuntimeError("selected index k out of range")
    order = indexing.sort_order(input._array, dim, largest)
    order = order[(*(slice(None),) * axis, slice(k))] if order.ndim else order
    indices = wrap(np.ascontiguousarray(order).reshape(order.shape))
    return _named("topk", indexing.take_largest.function(input, indices, dim), indices, out)


def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None) -> Tensor:
    """The p-norm ``(sum |x|^p)^(1/p)`` of all elements or over ``dim``; ``"fro"`` is the 2-norm."""
    if not isinstance(input, Tensor):
        raise TypeError(f"norm(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if input._array.dtype.kind not in "fc":
        raise RuntimeError("linalg.vector_norm: Expected a floating point or complex tensor as input. Got " + _title(input))
    if p in ("fro", None):
        p = 2
    if isinstance(p, str):
        from .matrices import matrix_norm

        return matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim, dtype=dtype, out=out)
    return ops.vector_norm.function(_as_dtype(input, dtype, "norm"), p, dim, keepdim, out=out)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of ``input - other``."""
    return norm(input - other, p)


def _title(input: Tensor) -> str:
    return input.type().removeprefix("torch.").removesuffix("Tensor")


def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None) -> Tensor:
    """The product of all elements or over ``dim``."""
    if dtype is not None:
        return _accumulated(prod, input, dtype, out, dim, keepdim)
    if not isinstance(input, Tensor):
        raise TypeError(f"prod(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if dim is None:
        return cumulative.prod_all.function(input, out=out)
    if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)):
        raise combination_error("prod", (input, dim), {})
    return cumulative.prod.function(input, int(dim), keepdim, out=out)


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not 0."""
    return sum(input != 0, dim)


def cumsum(input: Tensor, dim: int, *, dtype: Any = None, out: Any = None) -> Tensor:
    """Running sums along ``dim``."""
    if dtype is not None:
        if to_numpy_dtype(dtype).kind == "b":
            raise not_implemented("cumsum_out_cpu", np.dtype(bool))
        return _accumulated(cumsum, input, dtype, out, dim)
    return cumulative.cumsum.function(input, dim, out=out)


def cumprod(input: Tensor, dim: int, *, dtype: Any = None, out: Any = None) -> Tensor:
    """Running products along ``dim``."""
    if dtype is not None:
        return _accumulated(cumprod, input, dtype, out, dim)
    return cumulative.cumprod.function(input, dim, out=out)


def _accumulated(function: Any, input: Tensor, dtype: Any, out: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Sums or products in ``dtype``: in that of small integers, for which it is asked here, they wrap around."""
    name = function.__name__
    result = function(_as_dtype(input, dtype, name), *args, **kwargs, out=out)
    return result if out is not None else _as_dtype(result, dtype, name)


def _checked_dim(dim: Any, name: str) -> int:
    """An int, or what PyTorch takes for one."""
    if isinstance(dim, (bool, float)) or not hasattr(dim, "__index__"):
        raise TypeError(f"{name}(): argument 'dim' (position 2) must be int, not {type_name(dim)}")
    return int(dim.__index__())


def softmax(input: Tensor, dim: int, dtype: Any = None, *, out: Any = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` over ``dim``."""
    if type(dim) is not int:
        dim = _checked_dim(dim, "softmax")
    if dtype is not None:
        input = _as_dtype(input, dtype, "softmax")
    return activation.softmax.function(input, dim, out=out)


def log_softmax(input: Tensor, dim: int, dtype: Any = None, *, out: Any = None) -> Tensor:
    """``log(softmax(x))`` over ``dim``."""
    if type(dim) is not int:
        dim = _checked_dim(dim, "log_softmax")
    if dtype is not None:
        input = _as_dtype(input, dtype, "log_softmax")
    return activation.log_softmax.function(input, dim, out=out)


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower median of all elements, or (values, indices) over ``dim``."""
    if dim is None:
        return ops.median_all.function(input)
    axis = axis_of(dim, input._array.ndim)
    order = indexing.sort_order(input._array, dim, False)
    if order.ndim:
        order = np.take(order, [(order.shape[axis] - 1) // 2], axis)
        unordered = np.isnan(input._array)
        first = np.argmax(unordered, axis, keepdims=True)
        order = np.where(unordered.any(axis, keepdims=True), first, order)
        order = order if keepdim else order.squeeze(axis)
    indices = wrap(np.asarray(order))
    return return_types.median((ops.choose_median.function(input, indices, dim, keepdim), indices))


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each non-negative integer occurs (or the sum of its weights)."""
    refuse_complex("bincount", input._array)
    if input._array.dtype.kind == "f":
        raise not_implemented("bincount_cpu", input._array.dtype)
    if input._array.ndim != 1 or input._array.dtype.kind not in "biu" or (input._array.size and input._array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    return wrap(np.bincount(input._array, None if weights is None else weights._array, minlength))


def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """The distinct elements in order; with the places of the elements among them, and their counts, if asked."""
    refuse_complex("unique" if dim is None else "unique_dim", input._array)
    parts = np.unique(input._array, return_inverse=True, return_counts=True, axis=dim)
    wanted = (True, return_inverse, return_counts)
    shapes = (parts[0], parts[1].reshape(input._array.shape if dim is None else -1), parts[2])
    results = tuple(wrap(np.asarray(part, order="C")) for part, want in zip(shapes, wanted, strict=True) if want)
    return results if len(results) > 1 else results[0]


__all__ = [
    "bincount", "count_nonzero", "cumprod", "cumsum", "dist", "log_softmax", "max", "mean", "median", "min", "nanmean",
    "nansum", "norm", "prod", "softmax", "sort", "std", "std_mean", "sum", "topk", "unique", "var", "var_mean",
]  # fmt: skip
