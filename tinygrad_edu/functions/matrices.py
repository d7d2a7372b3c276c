"""Linear algebra: ``torch.linalg``, and the names that ``torch`` itself has for parts of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..autograd.errors import not_implemented
from ..autograd.runtime import wrap
from ..ops import decompositions as ops
from ..ops import reduction
from ..ops.choosing import where
from ..ops.indexing import tril, triu
from ..ops.shape import axis_of
from ..tensor import Tensor
from .linalg import matmul
from .out import with_out
from .reduction import _as_dtype, _title
from .shape import cat, reshape

__all__ = [
    "cdist", "chain_matmul", "cholesky", "cross", "det", "inverse", "logdet", "matrix_exp", "matrix_power", "pinverse", "qr",
    "slogdet", "svd",
]  # fmt: skip


# ---- inverse, determinant, solution ------------------------------------------------------------------------------------


def inverse(input: Tensor, *, out: Any = None) -> Tensor:
    """The inverse of a square matrix, or of each of a batch.

    Raises:
        RuntimeError: the matrix is not square, or has no inverse.
    """
    return ops.inv.function(input, out=out)


inv = inverse


def det(input: Tensor, *, out: Any = None) -> Tensor:
    """The determinant of a square matrix."""
    return ops.det.function(input, out=out)


@with_out
def slogdet(input: Tensor, *, out: Any = None) -> Any:
    """The sign of the determinant, and the logarithm of its size: (sign, logabsdet)."""
    return return_types.slogdet(ops.slogdet.function(input))


@with_out
def linalg_slogdet(A: Tensor, *, out: Any = None) -> Any:
    """The sign of the determinant, and the logarithm of its size: (sign, logabsdet)."""
    return return_types.linalg_slogdet(ops.slogdet.function(A))


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant: nan if that is negative, -inf if it is 0."""
    sign, size = ops.slogdet.function(input)
    if sign.is_complex():
        return sign.log() + size
    return where.function(sign < 0, float("nan"), size)


@with_out
def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Any = None) -> Tensor:
    """The ``X`` with ``A @ X = B`` (``X @ A = B`` for ``left=False``); B may be a vector, or a batch of vectors.

    Raises:
        RuntimeError: A is not square or singular, or B does not fit to it.
    """
    ops._require_matrices(A._array, "linalg.solve")
    is_vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and tuple(B.shape) == tuple(A.shape[:-1]))
    right = B.unsqueeze(-1) if is_vector else B
    if not left:
        return solve(A.mT, right.mT).mT if not is_vector else solve(A.mT, B)
    if A._array.dtype != B._array.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {_title(A)} and B of type {_title(B)} "
            "instead"
        )
    if right.shape[-2] != A.shape[-1]:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B ({A.shape[-2]}x{A.shape[-1]} and "
            f"{right.shape[-2]}x{right.shape[-1]})"
        )
    result = ops.solve.function(A, right)
    return result.squeeze(-1) if is_vector else result


@with_out
def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Any = None
) -> Tensor:
    """:func:`solve` for a triangular A, of which the other triangle (and, if ``unitriangular``, the diagonal) is not read."""
    if A._array.dtype.kind not in "fc":
        raise not_implemented("triangular_solve_cpu", A._array.dtype)
    triangle = (triu if upper else tril).function(A, int(unitriangular) * (1 if upper else -1))
    if unitriangular:
        triangle = triangle + wrap(np.eye(A.shape[-1], dtype=A._array.dtype))
    return solve(triangle, B, left=left)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse."""
    return ops.pinv.function(input, rcond)


@with_out
def pinv(
    A: Tensor,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    hermitian: bool = False,
    rcond: float | None = None,
    out: Any = None,
) -> Tensor:
    """The pseudo-inverse; singular values up to ``max(atol, rtol * the largest)`` count as 0."""
    tolerance = _relative(A, atol, rtol if rcond is None else rcond)
    return ops.pinv.function(A, tolerance, hermitian)


def _relative(A: Tensor, atol: Any, rtol: Any) -> float:
    """The tolerance relative to the largest singular value."""
    if rtol is None:
        rtol = 0.0 if atol else float(np.finfo(A._array.dtype).eps) * max(A.shape[-2:])
    if not atol:
        return float(rtol)
    largest = float(np.linalg.svd(A._array, compute_uv=False).max(initial=0.0))
    return max(float(rtol), float(atol) / largest if largest else 0.0)


@with_out
def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Tensor:
    """How many singular values are above the tolerance, which may be one for each of a batch."""
    values = np.linalg.svd(_symmetric(A)._array if hermitian else A._array, compute_uv=False)
    absolute, relative = (
        each._array[..., None] if isinstance(each, Tensor) else each for each in (tol if atol is None else atol, rtol)
    )
    absolute = 0.0 if absolute is None else absolute
    if relative is None:
        relative = np.where(np.asarray(absolute) > 0, 0.0, np.finfo(A._array.dtype).eps * max(A.shape[-2:]))
    largest = values.max(-1, initial=0.0, keepdims=True)
    return wrap(np.asarray((values > np.maximum(absolute, relative * largest)).sum(-1)))


def _symmetric(A: Tensor) -> Tensor:
    """The matrix of which only the lower triangle is read."""
    lower = tril.function(A)
    return lower + tril.function(A, -1).mH


@with_out
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None, out: Any = None) -> Any:
    """The ``X`` that makes ``A @ X - B`` least: (solution, residuals, rank, singular_values).

    What the ``driver`` of LAPACK does not compute is empty: "gelsy", which is the default, tells no residuals and no singular
    values, "gels" no rank and no singular values.
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    if A.ndim < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if B.ndim < 1:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if A._array.dtype != B._array.dtype:
        raise RuntimeError(
            "torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's dtype "
            f"{_title(A)} and other's dtype {_title(B)}"
        )
    is_vector = B.ndim == A.ndim - 1
    right = B.unsqueeze(-1) if is_vector else B
    if right.shape[-2] != A.shape[-2]:
        raise RuntimeError("torch.linalg.lstsq: input.size(-2) should match other.size(-2)")
    solution = matmul(pinv(A, rtol=rcond), right)
    rank, nothing = matrix_rank(A, rtol=rcond), A.real.new_empty(0)
    full = driver == "gels" or (driver in ("gelsd", "gelss") and bool((rank._array == A.shape[-1]).all()))
    residuals = (matmul(A, solution) - right).abs().square().sum(-2) if full and A.shape[-2] > A.shape[-1] else nothing
    values = svdvals(A.detach()) if driver in ("gelsd", "gelss") else nothing
    if driver == "gels":  # does not look for the rank: it takes it to be full
        rank = rank[..., None].reshape(-1)[:0]
    return return_types.linalg_lstsq((solution.squeeze(-1) if is_vector else solution, residuals, rank, values))


# ---- factors -----------------------------------------------------------------------------------------------------------


@with_out
def cholesky(input: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """The lower triangular ``L`` with ``L @ L.T = input`` (its transpose for ``upper``)."""
    factor = ops.cholesky.function(input)
    return factor.mH if upper else factor


@with_out
def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix: (eigenvalues, eigenvectors)."""
    return return_types.linalg_eigh(ops.eigh.function(A, UPLO))


@with_out
def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Tensor:
    """The eigenvalues of a symmetric matrix, ascending."""
    return ops.eigh.function(A, UPLO)[0]


@with_out
def eig(A: Tensor, *, out: Any = None) -> Any:
    """Complex eigenvalues, and eigenvectors of length 1: (eigenvalues, eigenvectors)."""
    return return_types.linalg_eig(ops.eig.function(A))


@with_out
def eigvals(A: Tensor, *, out: Any = None) -> Tensor:
    """Complex eigenvalues."""
    return ops.eig.function(A, "linalg.eigvals")[0]


@with_out
def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None) -> Any:
    """``U``, the singular values, and ``Vh``, with ``U @ diag(S) @ Vh = A``: (U, S, Vh)."""
    return return_types.linalg_svd(ops.svd.function(A, full_matrices))


@with_out
def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """``U``, the singular values, and ``V``, with ``U @ diag(S) @ V.T = input``: (U, S, V)."""
    u, s, vh = ops.svd.function(input, not some)
    if not compute_uv:
        u, vh = (each.new_zeros(*each.shape[:-2], n, n) for each, n in ((u, input.shape[-2]), (vh, input.shape[-1])))
    return return_types.svd((u, s, vh.mH))


@with_out
def svdvals(A: Tensor, *, driver: str | None = None, out: Any = None) -> Tensor:
    """The singular values, descending."""
    return ops.svd.function(A, False)[1]


def _factors(A: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    rows, columns = A.shape[-2:] if A.ndim > 1 else (0, 0)
    if mode == "complete" and rows > columns:
        return tuple(ops.qr.function(A, mode))  # type: ignore[return-value]
    if columns <= rows or A.ndim < 2:
        return tuple(ops.qr.function(A))  # type: ignore[return-value]
    q, r = ops.qr.function(A[..., :rows])  # the other columns are what Q makes of them
    return q, cat([r, matmul(q.mH, A[..., rows:])], -1)


@with_out
def linalg_qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Orthonormal columns ``Q`` and an upper triangular ``R``, with ``Q @ R = A``: (Q, R)."""
    if mode not in ("reduced", "complete", "r"):
        expected = "'reduced' (default), 'r', or 'complete'"
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of {expected}")
    q, r = _factors(A, mode)
    return return_types.linalg_qr((A.new_empty(0) if mode == "r" else q, r))


@with_out
def qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """Orthonormal columns ``Q`` and an upper triangular ``R``, with ``Q @ R = input``: (Q, R)."""
    return return_types.qr(_factors(input, "reduced" if some else "complete"))


# ---- products and powers -----------------------------------------------------------------------------------------------


def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of a square matrix."""
    return ops.matrix_exp.function(input)


@with_out
def matrix_power(input: Tensor, n: int, *, out: Any = None) -> Tensor:
    """A square matrix times itself, ``n`` factors; of the inverse for a negative ``n``."""
    ops._require_matrices(input._array, "linalg.matrix_power")
    if n == 0:
        return input.clone().copy_(wrap(np.eye(input.shape[-1], dtype=input._array.dtype)))
    factor, result = (inverse(input), None) if n < 0 else (input, None)
    n = abs(n)
    if n == 1:
        return factor.clone()
    while n:
        if n & 1:
            result = factor if result is None else matmul(result, factor)
        n >>= 1
        factor = matmul(factor, factor) if n else factor
    assert result is not None
    return result


@with_out
def multi_dot(tensors: Any, *, out: Any = None) -> Tensor:
    """The product of several matrices (the first and the last may be vectors), in the order that costs least."""
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    parts = list(tensors)
    while len(parts) > 2:  # the dearest inner dimension is summed away first
        widest = max(range(len(parts) - 1), key=lambda i: parts[i].shape[-1])
        parts[widest : widest + 2] = [matmul(parts[widest], parts[widest + 1])]
    return matmul(*parts)


@with_out
def chain_matmul(*matrices: Tensor, out: Any = None) -> Tensor:
    """The product of several matrices."""
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


def cross(input: Tensor, other: Tensor, dim: int | None = None, *, out: Any = None) -> Tensor:
    """The vector product of three-dimensional vectors along ``dim`` (by default the first axis of length 3)."""
    if dim is None:
        dim = next((d for d, n in enumerate(input.shape) if n == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    return linalg_cross(input, other, dim=dim, out=out)


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Any = None) -> Tensor:
    """The vector product of three-dimensional vectors along ``dim``."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis_of(dim, input.ndim)
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    return ops.cross.function(input, other, dim, out=out)


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm distances between the rows of two matrices."""
    for name, each in (("X1", x1), ("X2", x2)):
        if each.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {each.ndim}D")
        if each._array.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {_title(each)}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    return reduction.vector_norm.function(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


# ---- norms -----------------------------------------------------------------------------------------------------------


def vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Tensor:
    """``(sum |x|^ord)^(1/ord)`` of all elements or over ``dim``."""
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {_title(x)}")
    return reduction.vector_norm.function(_as_dtype(x, dtype, "linalg_vector_norm"), ord, dim, keepdim, out=out)


@with_out
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Tensor:
    """The norm of matrices: "fro", "nuc", 2 and -2 (singular values), 1 and -1 (columns), inf and -inf (rows)."""
    A = _as_dtype(A, dtype, "linalg_matrix_norm")
    ops._require_matrices(A._array, "linalg.matrix_norm", square=False, half=ord not in ("nuc", 2, -2))
    rows, columns = (d % A.ndim for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return reduction.vector_norm.function(A, 2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        result = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        return result.unsqueeze(min(rows, columns)).unsqueeze(max(rows, columns)) if keepdim else result
    if ord not in (1, -1, float("inf"), -float("inf")):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = A.abs().sum(inner, keepdim=True)
    result = sums.amax(outer, keepdim=True) if ord > 0 else sums.amin(outer, keepdim=True)
    return result if keepdim else result.squeeze((rows, columns))


@with_out
def norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, out: Any = None, dtype: Any = None
) -> Tensor:
    """:func:`vector_norm`, or :func:`matrix_norm` for two axes (or a matrix) and an order."""
    if ord is not None and (dim is not None and not isinstance(dim, int) and len(dim) == 2):
        return matrix_norm(A, ord, dim, keepdim, dtype=dtype)
    if ord is not None and dim is None:
        if A.ndim not in (1, 2):
            raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
                               f"{A.ndim}D.")  # fmt: skip
        if A.ndim == 2 or isinstance(ord, str):
            return matrix_norm(A, ord, (0, 1), keepdim, dtype=dtype)
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


@with_out
def cond(A: Tensor, p: Any = None, *, out: Any = None) -> Tensor:
    """The condition number: the norm of a matrix times that of its inverse, by default of largest and least singular value."""
    if p in (None, 2, -2):
        values = svdvals(A)
        high, low = values[..., 0], values[..., -1]
        return low / high if p == -2 else high / low
    return matrix_norm(A, p) * matrix_norm(inverse(A), p)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of the last two axes."""
    return A.diagonal(offset, dim1, dim2)


def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Vandermonde's matrix with increasing powers."""
    count = x.shape[-1] if N is None and x.ndim else N
    if count is None or count <= 1:
        raise RuntimeError("N must be greater than 1.")
    if x._array.dtype == bool:
        raise RuntimeError("linalg.vander supports floating point, complex, and integer tensors, but got Bool")
    x = x if x._array.dtype.kind in "fc" else x.long()
    x = x if x.ndim else reshape(x, 1)
    factors = x.unsqueeze(-1).expand(*x.shape, count - 1).cumprod(-1)
    return cat([x.new_ones((*x.shape, 1)), factors], -1)
