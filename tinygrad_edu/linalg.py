"""``torch.linalg``: linear algebra under NumPy's names (https://docs.pytorch.org/docs/2.13/linalg.html)."""

from .functions import matrices as _matrices
from .functions.factors import cholesky_ex, inv_ex, lu_factor, lu_factor_ex, solve_ex, tensorinv, tensorsolve
from .functions.factors import linalg_lu as lu
from .functions.factors import linalg_lu_solve as lu_solve
from .functions.factors import vecdot as _vecdot
from .functions.linalg import matmul
from .functions.matrices import (
    cholesky,
    cond,
    det,
    diagonal,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    inv,
    lstsq,
    matrix_exp,
    matrix_power,
    matrix_rank,
    multi_dot,
    pinv,
    solve,
    solve_triangular,
    svdvals,
)
from .functions.matrices import linalg_qr as qr
from .functions.matrices import linalg_slogdet as slogdet
from .functions.matrices import linalg_svd as svd
from .functions.matrices import linalg_vander as vander
from .functions.naming import with_numpy_names as _with_numpy_names
from .ops.decompositions import _LinAlgError as LinAlgError

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "inv", "inv_ex", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm",
    "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_ex", "solve_triangular",
    "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot", "vector_norm",
]  # fmt: skip

cross, matrix_norm, norm, vecdot, vector_norm = map(
    _with_numpy_names, (_matrices.linalg_cross, _matrices.matrix_norm, _matrices.norm, _vecdot, _matrices.vector_norm)
)
