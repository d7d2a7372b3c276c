"""Products of matrices and vectors, one operation for each kind as in PyTorch, so that every rule is one line."""

from __future__ import annotations

import numpy as np

from ..autograd.errors import broadcast_error, c_name, not_implemented
from ..autograd.op import op
from .elementwise import _number
from .shape import expand, t, transpose, unsqueeze

_FLOAT32 = np.dtype("float32")


def _require(condition, message):
    if not condition:
        raise RuntimeError(message)


def _title(x):
    from ..dtypes import from_numpy_dtype

    return from_numpy_dtype(x.dtype).legacy_name


def _product(a, b, name):
    """``a @ b``. Half precision is summed in single precision."""
    if a.dtype == bool:
        raise not_implemented(name, a.dtype)
    if a.dtype.itemsize == 2 and a.dtype.kind == "f":
        return np.matmul(a, b, dtype=np.float32).astype(a.dtype)
    if a.ndim == 2 and b.ndim <= 2 and a.dtype.kind == "f":
        return a.dot(b)
    return np.matmul(a, b)


def _require_fit(mat1, mat2):
    _require(
        mat1.shape[1] == mat2.shape[0],
        f"mat1 and mat2 shapes cannot be multiplied ({mat1.shape[0]}x{mat1.shape[1]} and {mat2.shape[0]}x{mat2.shape[1]})",
    )


@op(
    "MmBackward0",
    x=lambda grad, mat2: mm(grad, t(mat2)),
    mat2=lambda grad, x: _left_transposed(x, grad),
    formula=("x · mat2", "G · mat2ᵀ", "xᵀ · G"),
    symbol="matmul",
)
def mm(x, mat2):
    """The product of two matrices: (n, m) by (m, p) is (n, p)."""
    if x.dtype is mat2.dtype is _FLOAT32 and x.ndim == mat2.ndim == 2 and x.shape[1] == mat2.shape[0]:
        return x.dot(mat2)
    _require(x.ndim == 2, "self must be a matrix")
    _require(mat2.ndim == 2, "mat2 must be a matrix")
    _require_fit(x, mat2)
    _require(
        x.dtype == mat2.dtype,
        f"expected m1 and m2 to have the same dtype, but got: {c_name(x.dtype)} != {c_name(mat2.dtype)}",
    )
    return _product(x, mat2, "addmm_impl_cpu_")


def _left_transposed(x, grad):
    """``x.T @ grad``, computed so that its transpose lies densely in memory: Linear's weight is transposed once more."""
    return t(mm(t(grad), x))


def _scaled(grad, number):
    return grad if number == 1 else grad * number


@op(
    "AddmmBackward0",
    x=lambda grad: grad,
    mat1=lambda grad, mat2: mm(grad, t(mat2)),
    mat2=lambda grad, mat1: _left_transposed(mat1, grad),
    public="addmm",
    formula=("mat1 · mat2 + x", "G", "G · mat2ᵀ", "mat1ᵀ · G"),
    symbol="linear",
)
def affine(x, mat1, mat2):
    """``x + mat1 @ mat2``: :func:`addmm` without its factors, which is what every Linear layer runs."""
    single = x.dtype is mat1.dtype is mat2.dtype is _FLOAT32 and mat1.ndim == mat2.ndim == 2
    if single and mat1.shape[1] == mat2.shape[0] and x.shape == mat2.shape[1:]:
        product = mat1.dot(mat2)
        product += x
        return product
    return addmm(x, mat1, mat2)


@op(
    "AddmmBackward0",
    x=lambda grad, beta: _scaled(grad, beta),
    mat1=lambda grad, mat2, alpha: _scaled(mm(grad, t(mat2)), alpha),
    mat2=lambda grad, mat1, alpha: _scaled(_left_transposed(mat1, grad), alpha),
    formula=("beta · x + alpha · mat1 · mat2", "beta · G", "alpha · G · mat2ᵀ", "alpha · mat1ᵀ · G"),
)
def addmm(x, mat1, mat2, *, beta=1, alpha=1):
    """``beta * x + alpha * (mat1 @ mat2)``; ``x`` broadcasts."""
    for name, each in (("mat1", mat1), ("mat2", mat2)):
        _require(each.ndim == 2, f"{name} must be a matrix, got {each.ndim}-D tensor")
    _require_fit(mat1, mat2)
    for name, each in (("self", x), ("mat1", mat1)):
        _require(
            each.dtype == mat2.dtype,
            f"{name} and mat2 must have the same dtype, but got {_title(each)} and {_title(mat2)}",
        )
    return _add_product(x, _product(mat1, mat2, "addmm_impl_cpu_"), beta, alpha)


def _add_product(x, product, beta, alpha):
    """``beta * x + alpha * product``; what ``x`` holds does not matter where beta is 0."""
    if alpha != 1:
        product *= _number(alpha, product)
    x = expand(x, product.shape)
    if beta != 0:
        product += x if beta == 1 else x * _number(beta, product)
    return product


@op(
    "BmmBackward0",
    x=lambda grad, mat2: bmm(grad, transpose(mat2, 1, 2)),
    mat2=lambda grad, x: bmm(transpose(x, 1, 2), grad),
    formula=("x · mat2", "G · mat2ᵀ", "xᵀ · G"),
    symbol="matmul",
)
def bmm(x, mat2):
    """Products of two batches of matrices: (b, n, m) by (b, m, p) is (b, n, p)."""
    _require_batches(x, mat2)
    return _product(x, mat2, "bmm")


def _require_batches(x, mat2):
    _require(x.ndim == 3, "batch1 must be a 3D tensor")
    _require(mat2.ndim == 3, "batch2 must be a 3D tensor")
    _require_rows(x, mat2, x.shape[0], mat2.shape[0])


def _require_rows(x, y, count, other_count):
    _require(
        (count, x.shape[-1]) == (other_count, y.shape[-2]),
        f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {x.shape[-1]}] but got: [{other_count}, "
        f"{y.shape[-2]}].",
    )
    _require(x.dtype == y.dtype, f"expected scalar type {_title(x)} but found {_title(y)}")


@op(
    "BaddbmmBackward0",
    x=lambda grad, beta: _scaled(grad, beta),
    batch1=lambda grad, batch2, alpha: _scaled(bmm(grad, transpose(batch2, 1, 2)), alpha),
    batch2=lambda grad, batch1, alpha: _scaled(bmm(transpose(batch1, 1, 2), grad), alpha),
    formula=("beta · x + alpha · batch1 · batch2", "beta · G", "alpha · G · batch2ᵀ", "alpha · batch1ᵀ · G"),
)
def baddbmm(x, batch1, batch2, *, beta=1, alpha=1):
    """``beta * x + alpha * bmm(batch1, batch2)``; ``x`` broadcasts."""
    _require_batches(batch1, batch2)
    return _add_product(x, _product(batch1, batch2, "baddbmm"), beta, alpha)


@op(
    "MvBackward0",
    x=lambda grad, vec: outer(grad, vec),
    vec=lambda grad, x: mv(t(x), grad),
    formula=("x · vec", "G · vecᵀ", "xᵀ · G"),
    symbol="matmul",
)
def mv(x, vec):
    """The product of a matrix (n, m) and a vector (m)."""
    _require(x.ndim == 2 and vec.ndim == 1, f"vector + matrix @ vector expected, got 1, {x.ndim}, {vec.ndim}")
    _require_vector_fits(x, vec)
    _require(
        x.dtype == vec.dtype,
        f"addmv input tensors must have the same dtype, but got {_title(vec)}, {_title(x)}, and {_title(vec)}",
    )
    return _product(x, vec, "addmv_impl_cpu")


def _require_vector_fits(mat, vec):
    rows, columns = mat.shape
    _require(
        columns == vec.shape[0],
        f"size mismatch, got input ({rows}), mat ({rows}x{columns}), vec ({vec.shape[0]})",
    )


@op(
    "AddmvBackward0",
    x=lambda grad, beta: _scaled(grad, beta),
    mat=lambda grad, vec, alpha: _scaled(outer(grad, vec), alpha),
    vec=lambda grad, mat, alpha: _scaled(mv(t(mat), grad), alpha),
    formula=("beta · x + alpha · mat · vec", "beta · G", "alpha · G · vecᵀ", "alpha · matᵀ · G"),
)
def addmv(x, mat, vec, *, beta=1, alpha=1):
    """``beta * x + alpha * (mat @ vec)``; ``x`` broadcasts."""
    _require(mat.ndim == 2 and vec.ndim == 1, f"vector + matrix @ vector expected, got {x.ndim}, {mat.ndim}, {vec.ndim}")
    _require_vector_fits(mat, vec)
    return _add_product(x, _product(mat, vec, "addmv_impl_cpu"), beta, alpha)


@op(
    "AddrBackward0",
    x=lambda grad, beta: _scaled(grad, beta),
    vec1=lambda grad, vec2, alpha: _scaled(mv(grad, vec2), alpha),
    vec2=lambda grad, vec1, alpha: _scaled(mv(t(grad), vec1), alpha),
    formula=("beta · x + alpha · vec1 · vec2ᵀ", "beta · G", "alpha · G · vec2", "alpha · Gᵀ · vec1"),
)
def addr(x, vec1, vec2, *, beta=1, alpha=1):
    """``beta * x + alpha * outer(vec1, vec2)``; ``x`` broadcasts."""
    _require(vec1.ndim == 1, f"addr: Expected 1-D argument vec1, but got {vec1.ndim}-D")
    _require(vec2.ndim == 1, f"addr: Expected 1-D argument vec2, but got {vec2.ndim}-D")
    return _add_product(x, np.multiply.outer(vec1, vec2), beta, alpha)


@op(
    "DotBackward0",
    x=lambda grad, tensor: grad * tensor,
    tensor=lambda grad, x: grad * x,
    formula=("xᵀ · tensor", "G · tensor", "G · x"),
)
def dot(x, tensor):
    """The inner product of two vectors of one length."""
    _require(x.ndim == 1 and tensor.ndim == 1, f"1D tensors expected, but got {x.ndim}D and {tensor.ndim}D tensors")
    _require(
        x.dtype == tensor.dtype,
        f"dot : expected both vectors to have same dtype, but found {_title(x)} and {_title(tensor)}",
    )
    n, m = x.size, tensor.size
    _require(
        n == m,
        f"inconsistent tensor size, expected tensor [{n}] and src [{m}] to have the same number of elements, but got {n} "
        f"and {m} elements respectively",
    )
    return _product(x, tensor, "dot")


@op(
    "VdotBackward0",
    x=lambda grad, tensor: grad * tensor,
    tensor=lambda grad, x: grad * x,
    formula=("xᵀ · tensor", "G · tensor", "G · x"),
)
def vdot(x, tensor):
    """:func:`dot` for real vectors."""
    return dot(x, tensor)


def outer(x, y):
    """Every element of one vector times every element of the other."""
    return unsqueeze(x, 1) * y


@op(
    "BmmBackward0",
    x=lambda grad, y: batched_mm(grad, transpose(y, -1, -2)),
    y=lambda grad, x: batched_mm(transpose(x, -1, -2), grad),
    public="matmul",
    formula=("x · y", "G · yᵀ", "xᵀ · G"),
)
def batched_mm(x, y):
    """Matrix products of batches that broadcast. The engine sums the gradients of what was repeated."""
    try:
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise broadcast_error([x.shape[:-2], y.shape[:-2]]) from None
    count = int(np.prod(batch))
    _require_rows(x, y, count, count)
    return _product(x, y, "bmm")
