"""Products of matrices and vectors, one operation for each kind as in PyTorch, so that every rule is one line."""

from __future__ import annotations

import numpy as np

from ..autograd.op import op
from .shape import t, transpose, unsqueeze


_FLOAT32 = np.dtype("float32")


def _require(condition, message):
    if not condition:
        raise RuntimeError(message)


def _same_dtype(a, b):
    if a.dtype is not b.dtype and a.dtype != b.dtype:
        from ..dtypes import from_numpy_dtype

        names = [_c_name(from_numpy_dtype(each.dtype)) for each in (a, b)]
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}")


_C_NAMES = {"float64": "double", "float16": "c10::Half", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
            "float32": "float", "int64": "long long", "int32": "int", "int16": "short", "int8": "signed char",
            "uint8": "unsigned char", "bool": "bool"}  # fmt: skip


def _c_name(dtype):
    name = repr(dtype).removeprefix("torch.")
    return _C_NAMES.get(name, name)


def _product(a, b):
    """``a @ b``. Half precision is summed in single precision, and bools by logic, as PyTorch does."""
    if a.dtype.itemsize == 2 and a.dtype.kind == "f":
        return np.matmul(a, b, dtype=np.float32).astype(a.dtype)
    if a.ndim == 2 and a.dtype.kind == "f":
        return a.dot(b)
    return np.matmul(a, b)


@op("MmBackward0", x=lambda grad, mat2: mm(grad, t(mat2)), mat2=lambda grad, x: _left_transposed(x, grad))
def mm(x, mat2):
    """The product of two matrices: (n, m) by (m, p) is (n, p)."""
    if x.dtype is mat2.dtype is _FLOAT32 and x.ndim == mat2.ndim == 2 and x.shape[1] == mat2.shape[0]:
        return x.dot(mat2)
    _require(x.ndim == 2, "self must be a matrix")
    _require(mat2.ndim == 2, "mat2 must be a matrix")
    _require(
        x.shape[1] == mat2.shape[0],
        f"mat1 and mat2 shapes cannot be multiplied ({x.shape[0]}x{x.shape[1]} and {mat2.shape[0]}x{mat2.shape[1]})",
    )
    _same_dtype(x, mat2)
    return _product(x, mat2)


def _left_transposed(x, grad):
    """``x.T @ grad``, computed so that its transpose lies densely in memory: Linear's weight is transposed once more."""
    return t(mm(t(grad), x))


@op(
    "AddmmBackward0",
    x=lambda grad, beta: grad if beta == 1 else grad * beta,
    mat1=lambda grad, mat2, alpha: _scaled(mm(grad, t(mat2)), alpha),
    mat2=lambda grad, mat1, alpha: _scaled(_left_transposed(mat1, grad), alpha),
)
def addmm(x, mat1, mat2, *, beta=1, alpha=1):
    """``beta * x + alpha * (mat1 @ mat2)``; ``x`` broadcasts."""
    if beta == alpha == 1 and x.dtype is mat1.dtype is mat2.dtype is _FLOAT32 and mat1.ndim == mat2.ndim == 2:
        if mat1.shape[1] == mat2.shape[0] and x.shape == mat2.shape[1:]:
            product = mat1.dot(mat2)
            product += x
            return product
    _require(mat1.ndim == 2 and mat2.ndim == 2, "mat1 must be a matrix, got " + f"{mat1.ndim}-D tensor")
    _require(
        mat1.shape[1] == mat2.shape[0],
        f"mat1 and mat2 shapes cannot be multiplied ({mat1.shape[0]}x{mat1.shape[1]} and {mat2.shape[0]}x{mat2.shape[1]})",
    )
    _same_dtype(mat1, mat2)
    product = _product(mat1, mat2)
    if alpha != 1:
        product *= alpha
    if beta == 0:
        return product
    if x.ndim > 2 or any(n not in (1, m) for n, m in zip(reversed(x.shape), reversed(product.shape))):  # noqa: B905
        _expand_error(x, product.shape)
    if x.dtype is not product.dtype and x.dtype != product.dtype:
        raise RuntimeError("self and mat2 must have the same dtype, but got " + " and ".join(_title(e) for e in (x, mat2)))
    product += x if beta == 1 else x * beta
    return product


def _title(x):
    from ..dtypes import from_numpy_dtype

    return from_numpy_dtype(x.dtype).legacy_name


def _expand_error(x, shape):
    from .shape import expand

    expand.kernel(x, shape)


def _scaled(grad, alpha):
    return grad if alpha == 1 else grad * alpha


@op("BmmBackward0", x=lambda grad, mat2: bmm(grad, transpose(mat2, 1, 2)), mat2=lambda grad, x: bmm(transpose(x, 1, 2), grad))
def bmm(x, mat2):
    """Products of two batches of matrices: (b, n, m) by (b, m, p) is (b, n, p)."""
    _require(x.ndim == 3 and mat2.ndim == 3, "batch1 must be a 3D tensor" if x.ndim != 3 else "batch2 must be a 3D tensor")
    b, _, m = x.shape
    _require(
        mat2.shape[:2] == (b, m),
        f"Expected size for first two dimensions of batch2 tensor to be: [{b}, {m}] but got: [{mat2.shape[0]}, "
        f"{mat2.shape[1]}].",
    )
    _same_bmm_dtype(x, mat2)
    return _product(x, mat2)


def _same_bmm_dtype(a, b):
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected scalar type {_title(a)} but found {_title(b)}")


@op("MvBackward0", x=lambda grad, vec: outer(grad, vec), vec=lambda grad, x: mv(t(x), grad))
def mv(x, vec):
    """The product of a matrix (n, m) and a vector (m)."""
    _require(x.ndim == 2 and vec.ndim == 1, f"vector + matrix @ vector expected, got 1, {x.ndim}, {vec.ndim}")
    _require(
        x.shape[1] == vec.shape[0],
        f"size mismatch, got input ({x.shape[0]}), mat ({x.shape[0]}x{x.shape[1]}), vec ({vec.shape[0]})",
    )
    _same_bmm_dtype(x, vec)
    return _product(x, vec)


@op("DotBackward0", x=lambda grad, y: grad * y, y=lambda grad, x: grad * x)
def dot(x, y):
    """The inner product of two vectors of one length."""
    _require(
        x.ndim == 1 and y.ndim == 1,
        f"1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors",
    )
    _require(
        x.shape == y.shape,
        f"inconsistent tensor size, expected tensor [{x.shape[0]}] and src [{y.shape[0]}] to have the same number of "
        f"elements, but got {x.shape[0]} and {y.shape[0]} elements respectively",
    )
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {_title(x)} and {_title(y)}"
        )
    return _product(x, y)


def outer(x, y):
    """Every element of one vector times every element of the other."""
    return unsqueeze(x, 1) * y


@op(
    "BmmBackward0",
    x=lambda grad, y: batched_mm(grad, transpose(y, -1, -2)),
    y=lambda grad, x: batched_mm(transpose(x, -1, -2), grad),
    public="matmul",
)
def batched_mm(x, y):
    _require(
        x.shape[-1] == y.shape[-2],
        f"Expected size for first two dimensions of batch2 tensor to be: [{_rows(x)}, {x.shape[-1]}] but got: [{_rows(y)}, "
        f"{y.shape[-2]}].",
    )
    _same_bmm_dtype(x, y)
    return _product(x, y)


def _rows(x):
    size = 1
    for n in x.shape[:-2]:
        size *= n
    return size
