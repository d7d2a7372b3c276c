"""Inverses, determinants, solutions and factors of matrices, and of batches of them.

Where a rule needs a factor, it factors again: so derivatives of every order are those of the formula. Sources: M. Giles, "An
extended collection of matrix derivative results" (2008); PyTorch's notes in ``torch/csrc/autograd/FunctionsManual.cpp``.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import op
from .choosing import where
from .complex import conj, imag, real
from .diagonal import diag_embed, diagonal
from .indexing import tril, triu
from .joining import cat
from .linalg import batched_mm
from .reduction import sum as sum_
from .shape import slice_, transpose, unsqueeze, zeros

__all__ = ["cholesky", "cross", "det", "eig", "eigh", "inv", "matrix_exp", "pinv", "qr", "slogdet", "solve", "svd"]


def _mt(x):
    return transpose(x, -1, -2)


def _mh(x):
    """The matrix transposed, and complex numbers conjugated: for the rules of factors, which are not holomorphic."""
    return _mt(conj(x) if x.dtype.kind == "c" else x)


def _require_matrices(x, name, square=True, half=False):
    if x.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if square and x.shape[-1] != x.shape[-2]:
        sizes = f"{x.shape[-2]} by {x.shape[-1]}"
        raise RuntimeError(f"{name}: A must be batches of square matrices, but they are {sizes} matrices")
    if x.dtype.kind not in "fc":
        from ..dtypes import from_numpy_dtype

        title = from_numpy_dtype(x.dtype).legacy_name
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {title}")
    if x.dtype.itemsize == 2 and not half:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got Half")


# ---- inverse, determinant, solution ------------------------------------------------------------------------------------


@op(
    "LinalgInvExBackward0",
    x=lambda grad, out: -batched_mm(batched_mm(_mt(out), grad), _mt(out)),
    formula=("inv(x)", "−outᵀ · G · outᵀ"),
)
def inv(x):
    """The inverse matrix."""
    _require_matrices(x, "linalg.inv")
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        words = "The diagonal element {} is zero, the inversion could not be completed because the input matrix is singular."
        raise _LinAlgError(_first_singular("linalg.inv", words, x)) from None


class _LinAlgError(RuntimeError):
    """``torch.linalg.LinAlgError``."""


_LinAlgError.__name__ = _LinAlgError.__qualname__ = "_LinAlgError"
_LinAlgError.__module__ = "torch._C"


def _first_singular(name, words, x):
    """The first matrix of a batch without an inverse, and the first zero on its diagonal after elimination."""
    batch = x.reshape(-1, *x.shape[-2:])
    first = next(i for i, each in enumerate(batch) if np.linalg.det(each) == 0)
    which = f"(Batch element {first}): " if x.ndim > 2 else ""
    return f"{name}: {which}{words.format(_zero_pivot(batch[first]))}"


def _zero_pivot(x):
    """Gaussian elimination with row exchanges, as far as it goes."""
    x = x.copy()
    for k in range(len(x)):
        p = k + int(np.argmax(np.abs(x[k:, k])))
        if x[p, k] == 0:
            return k + 1
        x[[k, p]] = x[[p, k]]
        x[k + 1 :] -= np.multiply.outer(x[k + 1 :, k] / x[k, k], x[k])
    return len(x)


@op(
    "LinalgDetBackward0",
    x=lambda grad, x: unsqueeze(unsqueeze(grad, -1), -1) * cofactors(x),
    formula=("det(x)", "unsqueeze(unsqueeze(G ⊙ out, −1), −1) ⊙ inv(x)ᵀ"),
)
def det(x):
    """The determinant."""
    _require_matrices(x, "linalg.det")
    return np.asarray(np.linalg.det(x))


@op(
    "LinalgDetBackward0",
    x=lambda grad, x, out: _cofactor_rule(grad, x, out),
    formula=(
        "unsqueeze(unsqueeze(det(x), −1), −1) ⊙ inv(x)ᵀ",
        "(Σ_matrix (G ⊙ inv(x)ᵀ)) ⊙ out − inv(x)ᵀ · Gᵀ · out",
    ),
)
def cofactors(x):
    """The derivatives of the determinant, ``det(x) * inv(x).T``, from singular values: for singular matrices too."""
    u, s, vh = np.linalg.svd(x)
    n = s.shape[-1]
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(n)], -1) if n else s
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return np.conj(u * (others * np.conj(sign)[..., None])[..., None, :] @ vh)


def _cofactor_rule(grad, x, out):
    inverse = _mt(inv(x))
    scale = sum_(grad * inverse, (-2, -1), True)
    size = unsqueeze(unsqueeze(det(x), -1), -1)
    return scale * out - size * batched_mm(batched_mm(inverse, _mt(grad)), inverse)


def _slogdet_rule(grads, x, out):
    of_sign, total = grads
    if of_sign is not None and x.dtype.kind == "c":  # elsewhere the sign is constant
        turn = imag(of_sign * conj(out[0])) * 1j
        total = turn if total is None else total + turn
    return x * 0.0 if total is None else unsqueeze(unsqueeze(total, -1), -1) * _mh(inv(x))


@op(
    "LinalgSlogdetBackward0",
    x=lambda grad, x, out: _slogdet_rule(grad, x, out),
    holomorphic=False,
    results=2,
    diff_results=2,
    formula=("sign(det(x)), log(|det(x)|)", "unsqueeze(unsqueeze(G₂, −1), −1) ⊙ inv(x)ᵀ"),
)
def slogdet(x):
    """The sign of the determinant, and the logarithm of its size."""
    _require_matrices(x, "linalg.slogdet")
    sign, log = np.linalg.slogdet(x)
    return np.asarray(sign), np.asarray(log)


@op(
    "LinalgSolveExBackward0",
    x=lambda grad, x, out: -batched_mm(solve(_mt(x), grad), _mt(out)),
    b=lambda grad, x: solve(_mt(x), grad),
    formula=("inv(x) · b", "−inv(x)ᵀ · G · outᵀ", "inv(x)ᵀ · G"),
)
def solve(x, b):
    """The solution ``y`` of ``x @ y = b``, for a batch of right sides that are matrices."""
    try:
        return np.linalg.solve(x, b)
    except np.linalg.LinAlgError:
        words = "The solver failed because the input matrix is singular."
        raise _LinAlgError(_first_singular("torch.linalg.solve", words, x)) from None


# ---- factors -----------------------------------------------------------------------------------------------------------


@op(
    "LinalgCholeskyExBackward0",
    x=lambda grad, out: _cholesky_rule(grad, out),
    holomorphic=False,
    formula=(
        "cholesky(x)",
        "inv(out)ᵀ · (tril(P) + tril(P, −1)ᵀ) · inv(out) / 2 with P = outᵀ · G",
    ),
)
def cholesky(x):
    """The lower triangular matrix ``L`` with ``L @ L.T = x``, for a symmetric positive definite ``x``."""
    _require_matrices(x, "linalg.cholesky")
    try:
        return np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        batch = x.reshape(-1, *x.shape[-2:])
        first = next(i for i, each in enumerate(batch) if _leading_minor(each))
        which = f"(Batch element {first}): " if x.ndim > 2 else ""
        raise _LinAlgError(
            f"linalg.cholesky: {which}The factorization could not be completed because the input is not positive-definite (the "
            f"leading minor of order {_leading_minor(batch[first])} is not positive-definite)."
        ) from None


def _leading_minor(x):
    """The order of the first leading minor that is not positive definite; 0 if all are."""
    for n in range(1, len(x) + 1):
        try:
            np.linalg.cholesky(x[:n, :n])
        except np.linalg.LinAlgError:
            return n
    return 0


def _cholesky_rule(grad, out):
    """``L^-T P L^-1``, where P is the symmetric part of the lower triangle of ``L^T grad``."""
    product = batched_mm(_mh(out), grad)
    part = (tril(product) + _mh(tril(product, -1))) * 0.5
    inverse = inv(out)
    return batched_mm(batched_mm(_mh(inverse), part), inverse)


def _eigh_rule(grads, out):
    """``V (diag(dw) + (T - T^T) / 2 / (w_j - w_i)) V^T`` with ``T = V^T dV``."""
    of_values, of_vectors = grads
    values, vectors = out
    total = 0.0 if of_values is None else batched_mm(vectors * unsqueeze(of_values, -2), _mh(vectors))
    if of_vectors is not None:
        turn = batched_mm(_mh(vectors), of_vectors)
        _refuse_phase(turn, "linalg_eigh_backward: The eigenvectors", "quantity, so it is")
        gaps = _reciprocal_gaps(unsqueeze(values, -2) - unsqueeze(values, -1))
        total = total + batched_mm(batched_mm(vectors, (turn - _mh(turn)) * 0.5 * gaps), _mh(vectors))
    return total


def _refuse_phase(turn, what, which):
    """Complex vectors may be turned by any angle: a loss that such a turn would change has no derivative."""
    if turn.dtype.kind != "c" or not turn.shape[-1]:
        return
    phases = imag(diagonal(turn, 0, -2, -1))
    if (abs(phases) > 1e-2).any():
        raise RuntimeError(
            f"{what} in the complex case are specified up to multiplication by e^{{i phi}}. The specified loss function "
            f"depends on this {which} ill-defined."
        )


def _reciprocal_gaps(gaps):
    """``1 / gaps``, and 0 on the diagonal."""
    n = gaps.shape[-1]
    on_diagonal = np.eye(n, dtype=bool)
    return where(on_diagonal, 0.0, 1 / where(on_diagonal, 1.0, gaps))


@op(
    "LinalgEighBackward0",
    x=lambda grad, out: _eigh_rule(grad, out),
    holomorphic=False,
    results=2,
    diff_results=2,
    formula=("eigh(x)", "eigh(x, G₁, G₂)"),
)
def eigh(x, UPLO="L"):
    """Eigenvalues in ascending order, and eigenvectors as columns, of a symmetric matrix, of which one triangle is read."""
    _require_matrices(x, "linalg.eigh")
    values, vectors = np.linalg.eigh(x, UPLO.upper())
    return values, vectors


def _eig_rule(grads, out):
    """``V^-T (diag(dw) + (T - V^T V diag(Re T)) / (w_j - w_i)) V^T`` with ``T = V^T dV``: vectors keep the length 1."""
    of_values, of_vectors = grads
    values, vectors = out
    turned = _mh(vectors)
    total = 0.0 if of_values is None else unsqueeze(of_values, -1) * turned
    if of_vectors is not None:
        turn = batched_mm(turned, of_vectors)
        _refuse_phase(turn, "linalg_eig_backward: The eigenvectors", "quantity, so it is")
        lengths = batched_mm(turned, vectors * unsqueeze(real(diagonal(turn, 0, -2, -1)), -2))
        gaps = _reciprocal_gaps(conj(unsqueeze(values, -2) - unsqueeze(values, -1)))
        total = total + batched_mm((turn - lengths) * gaps, turned)
    return solve(turned, total)


@op(
    "LinalgEigBackward0",
    x=lambda grad, out: _eig_rule(grad, out),
    holomorphic=False,
    results=2,
    diff_results=2,
    formula=("eig(x)", "eig(x, G₁, G₂)"),
)
def eig(x, name="linalg.eig"):
    """Complex eigenvalues, and eigenvectors of length 1 as columns."""
    _require_matrices(x, name)
    values, vectors = np.linalg.eig(x)
    kind = np.result_type(x.dtype, np.complex64)
    return values.astype(kind), vectors.astype(kind)


def _svd_rule(grads, out):
    """``U ((T - T^T) ⊙ E diag(s) + diag(s) (R - R^T) ⊙ E + diag(ds)) V^T``, and what leaves the spans of U and of V.

    ``T = U^T dU``, ``R = V^T dV``, ``E = 1 / (s_j^2 - s_i^2)``.
    """
    of_u, of_s, of_vh = grads
    u, s, vh = out
    k, axis = s.shape[-1], len(s.shape) - 1
    u, vh = slice_(u, axis + 1, 0, k, 1), slice_(vh, axis, 0, k, 1)  # the columns beyond are arbitrary
    total = 0.0 if of_s is None else batched_mm(u * unsqueeze(of_s, -2), vh)
    if of_u is None and of_vh is None:
        return total
    gaps, inner = _reciprocal_gaps(unsqueeze(s * s, -2) - unsqueeze(s * s, -1)), 0.0
    turn_u = turn_v = None
    if of_u is not None:
        of_u = slice_(of_u, axis + 1, 0, k, 1)
        turn_u = batched_mm(_mh(u), of_u)
        inner = inner + (turn_u - _mh(turn_u)) * gaps * unsqueeze(s, -2)
    if of_vh is not None:
        of_vh = slice_(of_vh, axis, 0, k, 1)
        turn_v = batched_mm(vh, _mh(of_vh))
        inner = inner + unsqueeze(s, -1) * ((turn_v - _mh(turn_v)) * gaps)
    if u.dtype.kind == "c":
        phase = turn_u if turn_v is None else turn_v if turn_u is None else turn_u + turn_v
        _refuse_phase(phase, "svd_backward: The singular vectors", "phase term, making it")
        if turn_u is not None and turn_v is not None:  # both may turn, if they do together
            inner = inner + diag_embed(imag(diagonal(turn_u, 0, -2, -1)) / s) * 1j
    total = total + batched_mm(batched_mm(u, inner), vh)
    if of_u is not None and u.shape[-2] > k:
        rest = of_u - batched_mm(u, turn_u)
        total = total + batched_mm(rest / unsqueeze(s, -2), vh)
    if of_vh is not None and vh.shape[-1] > k:
        rest = of_vh - batched_mm(batched_mm(of_vh, _mh(vh)), vh)
        total = total + batched_mm(u / unsqueeze(s, -2), rest)
    return total


@op(
    "LinalgSvdBackward0",
    x=lambda grad, out: _svd_rule(grad, out),
    holomorphic=False,
    results=3,
    diff_results=3,
    formula=("svd(x)", "svd(x, G₁, G₂, G₃)"),
)
def svd(x, full_matrices=True):
    """``U``, the singular values in descending order, and ``Vh``, with ``U @ diag(S) @ Vh = x``."""
    _require_matrices(x, "linalg.svd", square=False)
    u, s, vh = np.linalg.svd(x, full_matrices=full_matrices)
    return u, s, vh


def _qr_rule(grads, out):
    """``(dQ + Q (T + T^T - diag T)) R^-T``, where T is the upper triangle of ``dR R^T - Q^T dQ``."""
    of_q, of_r = grads
    q, r = out
    inner = 0.0 if of_r is None else batched_mm(of_r, _mh(r))
    if of_q is not None:
        inner = inner - batched_mm(_mh(q), of_q)
    twice = triu(inner) + triu(inner, 1)
    total = batched_mm(q, (twice + _mh(twice)) * 0.5)
    total = total if of_q is None else total + of_q
    return _mh(solve(r, _mh(total)))


@op(
    "LinalgQrBackward0",
    x=lambda grad, out: _qr_rule(grad, out),
    holomorphic=False,
    results=2,
    diff_results=2,
    formula=("qr(x)", "qr(x, G₁, G₂)"),
)
def qr(x, mode="reduced"):
    """Orthonormal columns ``Q`` and an upper triangular ``R`` with ``Q @ R = x``."""
    _require_matrices(x, "linalg.qr", square=False)
    q, r = np.linalg.qr(x, mode)
    return q, r


def _pinv_rule(grad, x, out):
    """G. Golub and V. Pereyra's derivative (1973), for a constant rank."""
    turned, back = _mh(out), _mh(grad)
    k = batched_mm(back, out)
    shared = batched_mm(k, turned)
    total = shared - _mh(batched_mm(out, k)) - batched_mm(batched_mm(x, out), shared)
    return total + batched_mm(batched_mm(turned, out), back - batched_mm(k, x))


@op(
    "LinalgPinvBackward0",
    x=lambda grad, x, out: _pinv_rule(grad, x, out),
    holomorphic=False,
    formula=(
        "pinv(x)",
        "K · outᵀ − (out · K)ᵀ − x · out · K · outᵀ + outᵀ · out · (Gᵀ − K · x) with K = Gᵀ · out",
    ),
)
def pinv(x, rtol, hermitian=False):
    """Moore's and Penrose's pseudo-inverse; singular values up to ``rtol`` of the largest count as 0.

    Of a ``hermitian`` matrix only the lower triangle is read.
    """
    _require_matrices(x, "linalg.pinv", square=False)
    return np.linalg.pinv(x, rcond=rtol, hermitian=hermitian)


# ---- others ------------------------------------------------------------------------------------------------------------


@op(
    "LinalgMatrixExpBackward0",
    x=lambda grad, x: _matrix_exp_rule(grad, x),
    formula=("matrix_exp(x)", "matrix_exp(x, G)"),
)
def matrix_exp(x):
    """The exponential series of a matrix: a power of two less, eighteen terms, squared as often again; in double precision."""
    _require_matrices(x, "linalg.matrix_exp")
    norm = np.abs(x).sum(-2).max(initial=0.0)
    squarings = max(math.ceil(math.log2(norm)) + 1, 0) if np.isfinite(norm) and norm > 0 else 0
    z = x.astype(np.result_type(x, np.float64)) / 2.0**squarings
    term = result = np.broadcast_to(np.eye(x.shape[-1], dtype=z.dtype), x.shape)
    for k in range(1, 19):
        term = term @ z / k
        result = result + term
    for _ in range(squarings):
        result = result @ result
    return result.astype(x.dtype)


def _matrix_exp_rule(grad, x):
    """The upper right block of ``exp([[x^T, grad], [0, x^T]])``."""
    n, rows, turned = x.shape[-1], len(x.shape) - 2, _mt(x)
    block = cat([cat([turned, grad], -1), cat([zeros(grad, x.shape), turned], -1)], -2)
    return slice_(slice_(matrix_exp(block), rows, 0, n, 1), rows + 1, n, 2 * n, 1)


@op(
    "LinalgCrossBackward0",
    x=lambda grad, y, dim: cross(y, grad, dim),
    y=lambda grad, x, dim: cross(grad, x, dim),
    promote="common",
    numbers=False,
    public="cross",
    formula=("cross(x, y)", "cross(y, G)", "cross(G, x)"),
)
def cross(x, y, dim=-1):
    """The vector product of three-dimensional vectors along ``dim``."""
    x, y = np.broadcast_arrays(x, y)
    return np.ascontiguousarray(np.cross(x, y, axis=dim))
