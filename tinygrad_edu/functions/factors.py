"""LU and Cholesky factors, and solutions by them; factorizations that tell of failure in an ``info`` instead of raising."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import return_types
from ..autograd.runtime import wrap
from ..ops import decompositions as ops
from ..ops.choosing import where
from ..ops.factors import triangles
from ..ops.indexing import tril, triu
from ..tensor import Tensor
from .linalg import matmul
from .matrices import cholesky, inverse, solve, solve_triangular
from .out import with_out
from .reduction import _title
from .shape import cat, reshape

__all__ = ["cholesky_inverse", "cholesky_solve", "lu", "lu_solve", "lu_unpack", "triangular_solve"]


def _require_matrices(A: Tensor, name: str) -> None:
    if A.ndim < 2:
        raise RuntimeError(f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")


# ---- LU ----------------------------------------------------------------------------------------------------------------


def _row_order(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """LAPACK's row exchanges, counted from 1, and the order of rows that they make, for each of a batch."""
    batch, (rows, columns) = x.shape[:-2], x.shape[-2:]
    work = x.reshape(-1, rows, columns).copy()
    count, each = min(rows, columns), np.arange(len(work))
    exchanges = np.zeros((len(work), count), np.int32)
    order = np.tile(np.arange(rows), (len(work), 1))
    for k in range(count):
        place = k + np.abs(work[:, k:, k]).argmax(1)
        exchanges[:, k] = place + 1
        for table in (work, order):
            table[each, k], table[each, place] = table[each, place], table[each, k].copy()
        pivot = work[:, k, k, None]
        share = np.where(pivot == 0, 0, work[:, k + 1 :, k] / np.where(pivot == 0, 1, pivot))
        work[:, k + 1 :] -= share[..., None] * work[:, k, None, :]
    return exchanges.reshape(*batch, count), order.reshape(*batch, rows)


def _triangles(A: Tensor) -> tuple[Tensor, Tensor, np.ndarray, np.ndarray]:
    """(L, U, row exchanges, order of rows): the factors of a square part, and what they make of the other rows or columns."""
    with np.errstate(all="ignore"):
        exchanges, order = _row_order(A._array)
    rows, columns = A.shape[-2:]
    x = A.take_along_dim(wrap(order[..., None]), -2) if A.numel() else A
    size = min(rows, columns)
    lower, upper = triangles.function(x[..., :size, :size])
    if rows > columns:
        below = solve_triangular(upper, x[..., size:, :], upper=True, left=False)
        lower = cat([lower, below], -2)
    elif columns > rows:
        upper = cat([upper, solve_triangular(lower, x[..., size:], upper=False, unitriangular=True)], -1)
    return lower, upper, exchanges, order


def _info(upper: Tensor) -> np.ndarray:
    """The first 0 on the diagonal, counted from 1; 0 if there is none."""
    zeros = np.diagonal(upper._array, axis1=-2, axis2=-1) == 0
    return np.asarray(np.where(zeros.any(-1), zeros.argmax(-1) + 1 if zeros.shape[-1] else 0, 0), np.int32)


def _permutation(order: np.ndarray, dtype: Any) -> Tensor:
    eye = np.eye(order.shape[-1], dtype=dtype)
    return wrap(np.ascontiguousarray(np.swapaxes(eye[order], -1, -2)))


def _check_pivot(pivot: bool, name: str) -> None:
    if not pivot:
        raise RuntimeError(f"linalg.{name}: LU without pivoting is not implemented on the CPU")


@with_out
def linalg_lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """A permutation ``P``, a lower and an upper triangular matrix, with ``P @ L @ U = A``: (P, L, U)."""
    _require_matrices(A, "linalg.lu")
    _check_pivot(pivot, "lu_factor")
    lower, upper, _, order = _triangles(A)
    return return_types.linalg_lu((_permutation(order, A._array.dtype), lower, upper))


def _packed(A: Tensor, name: str, pivot: bool) -> tuple[Tensor, Tensor, Tensor]:
    _require_matrices(A, name)
    _check_pivot(pivot, "lu_factor")
    lower, upper, exchanges, _ = _triangles(A)
    rows, columns = A.shape[-2:]
    if rows > columns:
        upper_rows = cat([upper, upper.new_zeros(*upper.shape[:-2], rows - columns, columns)], -2)
        packed = tril.function(lower, -1) + upper_rows
    else:
        square = tril.function(lower, -1) + upper[..., :rows]
        packed = cat([square, upper[..., rows:]], -1) if columns > rows else square
    return packed, wrap(exchanges), wrap(_info(upper))


@with_out
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """:func:`lu_factor` with the place of the first 0 on the diagonal of U, or 0: (LU, pivots, info)."""
    result = _packed(A, "torch.linalg.lu_factor_ex", pivot)
    if check_errors:
        _require_nonzero(result[2], "torch.linalg.lu_factor_ex")
    return return_types.linalg_lu_factor_ex(result)


def _require_nonzero(info: Tensor, name: str) -> None:
    first = next((int(each) for each in info._array.reshape(-1) if each), 0)
    if first:
        raise RuntimeError(
            f"{name}: U[{first},{first}] is zero and using it on lu_solve would result in a division by zero. If you still "
            "want to perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )


@with_out
def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """L below the diagonal and U on and above it, and LAPACK's row exchanges: (LU, pivots)."""
    packed, exchanges, info = _packed(A, "torch.linalg.lu_factor", pivot)
    _require_nonzero(info, "torch.linalg.lu_factor")
    return return_types.linalg_lu_factor((packed, exchanges))


@with_out
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, *, out: Any = None) -> Any:
    """:func:`torch.linalg.lu_factor` that does not raise where U has a 0 on its diagonal: (LU, pivots), and then info."""
    result = tuple(lu_factor_ex(A, pivot=pivot))
    return result if get_infos else result[:2]


@with_out
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True, *, out: Any = None
) -> Any:
    """The permutation and the triangles that :func:`lu_factor` packs: (P, L, U)."""
    rows, columns = LU_data.shape[-2:]
    size, nothing = min(rows, columns), LU_data.new_empty(0)
    permutation = lower = upper = nothing
    if unpack_pivots:
        if LU_pivots._array.dtype != np.int32:
            raise RuntimeError(
                "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
                "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor"
            )
        permutation = _permutation(_order_of(LU_pivots._array, rows), LU_data._array.dtype)
    if unpack_data:
        lower = tril.function(LU_data[..., :size], -1) + wrap(np.eye(rows, size, dtype=LU_data._array.dtype))
        upper = triu.function(LU_data[..., :size, :])
    return return_types.lu_unpack((permutation, lower, upper))


def _order_of(exchanges: np.ndarray, rows: int) -> np.ndarray:
    flat = exchanges.reshape(-1, exchanges.shape[-1])
    order, each = np.tile(np.arange(rows), (len(flat), 1)), np.arange(len(flat))
    for k in range(flat.shape[1]):
        place = flat[:, k] - 1
        order[each, k], order[each, place] = order[each, place], order[each, k].copy()
    return order.reshape(*exchanges.shape[:-1], rows)


@with_out
def linalg_lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False, out: Any = None
) -> Tensor:
    """The ``X`` with ``A @ X = B`` by the factors of A (``X @ A = B`` for ``left=False``; of A's adjoint if ``adjoint``)."""
    if not left:
        return linalg_lu_solve(LU, pivots, B.mH, adjoint=not adjoint).mH
    permutation, lower, upper = lu_unpack(LU, pivots)
    if adjoint:
        inner = solve_triangular(upper.mH, B, upper=False)
        return matmul(permutation, solve_triangular(lower.mH, inner, upper=True, unitriangular=True))
    inner = solve_triangular(lower, matmul(permutation.mT, B), upper=False, unitriangular=True)
    return solve_triangular(upper, inner, upper=True)


@with_out
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Any = None) -> Tensor:
    """The ``x`` with ``A @ x = b`` by the factors of A."""
    return linalg_lu_solve(LU_data, LU_pivots, b)


# ---- Cholesky ----------------------------------------------------------------------------------------------------------


@with_out
def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """The ``X`` with ``A @ X = input`` by the Cholesky factor of A."""
    lower = L.mH if upper else L
    return solve_triangular(lower.mH, solve_triangular(lower, input, upper=False), upper=True)


@with_out
def cholesky_inverse(L: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """The inverse of A by its Cholesky factor."""
    ops._require_matrices(L._array, "cholesky_inverse")
    eye = wrap(np.eye(L.shape[-1], dtype=L._array.dtype)).expand(L.shape)
    return cholesky_solve(eye, L, upper)


@with_out
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False, *, out: Any = None
) -> Any:
    """:func:`torch.linalg.solve_triangular`, and a copy of A: (solution, cloned_coefficient)."""
    matrix = A.mT if transpose else A
    solution = solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    return return_types.triangular_solve((solution, A.clone()))


# ---- with info ---------------------------------------------------------------------------------------------------------


def _told(function: Any, A: Tensor, info: np.ndarray, check_errors: bool, name: str) -> tuple[Tensor, Tensor]:
    """``function(A)`` and an ``info`` of zeros; if it fails, what ``info`` says, and nan for those matrices of the batch."""
    try:
        result = function(A)
        return result, wrap(np.zeros(info.shape, np.int32))
    except ops._LinAlgError as error:
        if check_errors:
            words = str(error)
            raise ops._LinAlgError(f"{name}{words[words.index(':') :]}") from None
    failed = np.asarray(info != 0)
    unit = wrap(np.eye(A.shape[-1], dtype=A._array.dtype))
    result = function(where.function(wrap(failed[..., None, None]), unit, A))
    nan = wrap(np.array(np.nan, result._array.dtype))
    return where.function(wrap(failed.reshape(*failed.shape, *(1,) * (result.ndim - failed.ndim))), nan, result), wrap(info)


@with_out
def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverse, and where it fails the place of the first 0 on U's diagonal: (inverse, info)."""
    ops._require_matrices(A._array, "linalg.inv_ex")
    return return_types.linalg_inv_ex(_told(inverse, A, _singular(A), check_errors, "linalg.inv_ex"))


def _singular(A: Tensor) -> np.ndarray:
    from ..autograd.grad_mode import no_grad

    with no_grad():
        return _info(_triangles(A)[1])


@with_out
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """The Cholesky factor, and where it fails the order of the first minor that is not positive-definite: (L, info)."""
    ops._require_matrices(A._array, "linalg.cholesky_ex")
    info = np.array([_first_minor(each) for each in A._array.reshape(-1, *A.shape[-2:])], np.int32).reshape(A.shape[:-2])
    made = _told(lambda matrix: cholesky(matrix, upper), A, info, check_errors, "linalg.cholesky_ex")
    return return_types.linalg_cholesky_ex(made)


def _first_minor(x: np.ndarray) -> int:
    for k in range(1, len(x) + 1):
        try:
            np.linalg.cholesky(x[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return 0


@with_out
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """The solution, and where it fails the place of the first 0 on U's diagonal: (result, info)."""
    ops._require_matrices(A._array, "linalg.solve_ex")
    made = _told(lambda matrix: solve(matrix, B, left=left), A, _singular(A), check_errors, "torch.linalg.solve_ex")
    return return_types.linalg_solve_ex(made)


# ---- tensors as matrices -----------------------------------------------------------------------------------------------


@with_out
def tensorinv(A: Tensor, ind: int = 2, *, out: Any = None) -> Tensor:
    """The inverse of A read as a matrix from its axes after the first ``ind`` to those."""
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    rows, columns = math.prod(A.shape[:ind]), math.prod(A.shape[ind:])
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{columns} != {rows}"
        )
    return reshape(inverse(reshape(A, rows, columns)), *A.shape[ind:], *A.shape[:ind])


@with_out
def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Any = None) -> Tensor:
    """The ``X`` with ``tensordot(A, X, X.ndim) = B``; ``dims`` of A are first moved to its end."""
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    rows, columns = math.prod(A.shape[: B.ndim]), math.prod(A.shape[B.ndim :])
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
            f"{columns} != {rows}"
        )
    return reshape(solve(reshape(A, rows, columns), reshape(B, -1)), *A.shape[B.ndim :])


@with_out
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Any = None) -> Tensor:
    """The dot products of vectors along ``dim``, of which the first is conjugated."""
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {_title(x)}")
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            f"linalg.vecdot: Expected x and y to have the same dtype, but found x of type {_title(x)} and y of type "
            f"{_title(y)} instead"
        )
    return ((x.conj() if x.is_complex() else x) * y).sum(dim)
