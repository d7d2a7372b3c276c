"""Samples of factors of matrices and what is solved by them, of differences, and of numbers taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from sampling import A, N, P, Z, row, s

FLAGS: dict[str, Any] = {"dtypes": False, "nonfinite": False, "node": "any"}
_matrix = lambda n, *batch: N(*batch, n, n) + 3 * np.eye(n)  # noqa: E731
SHAPES = [_matrix(3), _matrix(2, 2), N(4, 2), N(2, 4), N(2, 3, 2)]

row("linalg.lu linalg.lu_factor linalg.lu_factor_ex lu", *[s(x) for x in SHAPES], **FLAGS)
row("lu_unpack", *[s(x, _call=lambda torch, x: torch.lu_unpack(*torch.linalg.lu_factor(x))) for x in SHAPES], **FLAGS)
for _flags in ({}, {"left": False}, {"adjoint": True}, {"left": False, "adjoint": True}):
    row("linalg.lu_solve", s(_matrix(3), N(3, 3), _call=lambda torch, x, b, flags=_flags: torch.linalg.lu_solve(
        *torch.linalg.lu_factor(x), b, **flags)), **FLAGS)  # fmt: skip
row("lu_solve", s(_matrix(2, 2), N(2, 2, 3), _call=lambda torch, x, b: torch.lu_solve(b, *torch.linalg.lu_factor(x))), **FLAGS)
row("linalg.inv_ex", s(_matrix(3)), s(_matrix(2, 2)), **FLAGS)
row("linalg.solve_ex", s(_matrix(3), N(3, 2)), s(_matrix(2, 2), N(2, 2, 1)), **FLAGS)
row("linalg.cholesky_ex", s(_matrix(3), _call=lambda torch, x: torch.linalg.cholesky_ex(x @ x.mT, upper=True)), **FLAGS)
row("linalg.cholesky_ex", s(A([[1.0, 2.0], [2.0, 1.0]]), fixed=(0,), _call=lambda torch, x: torch.linalg.cholesky_ex(x)[1]),
    **FLAGS)  # fmt: skip
# PyTorch gives a gradient also to the triangle that is not read.
row("cholesky_solve", s(N(3, 2), _matrix(3), _call=lambda torch, b, x: torch.cholesky_solve(b, x.tril())), s(N(3, 2),
    _matrix(3), _call=lambda torch, b, x: torch.cholesky_solve(b, x.triu(), True)), **FLAGS)  # fmt: skip
row("cholesky_inverse", s(_matrix(3), _call=lambda torch, x: torch.cholesky_inverse(x.tril())), s(_matrix(2, 2),
    _call=lambda torch, x: torch.cholesky_inverse(x.triu(), upper=True)), **FLAGS)  # fmt: skip
row("triangular_solve", s(N(3, 2), _matrix(3)), s(N(3, 2), _matrix(3), upper=False), s(N(3, 2), _matrix(3), transpose=True),
    s(N(3, 2), _matrix(3), unitriangular=True), **FLAGS)  # fmt: skip
row("linalg.tensorinv", s(_matrix(4).reshape(2, 2, 4)), s(_matrix(4).reshape(4, 2, 2), ind=1), **FLAGS)
row("linalg.tensorsolve", s(_matrix(4).reshape(2, 2, 4), N(2, 2)), s(_matrix(4).reshape(2, 4, 2), N(2, 2), dims=(1,)), **FLAGS)
row("linalg.vecdot", s(N(2, 3), N(2, 3)), s(N(2, 3), N(3)), s(N(2, 3), N(2, 3), dim=0), **FLAGS)
row("nuclear_norm", s(N(3, 2)), s(N(2, 3, 2), (0, 1), True), **FLAGS)
row("frobenius_norm", s(N(3, 2), (0, 1)), s(N(3, 2), 1, True), **FLAGS)

row("gradient", s(N(4)), s(N(3, 4)), s(N(3, 4), spacing=2.0), s(N(3, 4), spacing=[1.0, 0.5]), s(N(3, 4), dim=1, edge_order=2),
    s(N(3, 4), dim=(1, 0), spacing=[0.5, 2.0]), s(N(2)), s(Z(4)), s(N(3, 3), edge_order=2, spacing=0.5), **FLAGS)  # fmt: skip
row("gradient", *[s(N(4), A([0.0, 1.0, 3.0, 3.5]), fixed=(1,), _call=lambda torch, x, at, order=order: torch.gradient(x,
    spacing=(at,), edge_order=order)) for order in (1, 2)], **FLAGS)  # fmt: skip
row("renorm", s(N(2, 3), 2, 0, 1.0), s(N(2, 3), 1, -1, 2.0), s(N(2, 3, 2), 2.5, 1, 0.5), s(N(2, 3), 2, 0, 1e3), **FLAGS)
row("addbmm", s(N(3, 5), N(2, 3, 4), N(2, 4, 5)), s(N(3, 5), N(2, 3, 4), N(2, 4, 5), beta=0.5, alpha=2.0),
    s(N(3, 5), N(2, 3, 4), N(2, 4, 5), beta=0), **FLAGS)  # fmt: skip
row("frexp", s(N(2, 3)), s(A([0.0, 1.0, -8.0, 1e-310, 1e300]), smooth=False), s(P(3)), **FLAGS)
row("unsafe_chunk unsafe_split", s(N(5), 2), s(N(2, 4), 2, 1), **FLAGS)
row("unsafe_split_with_sizes", s(N(5), [2, 3]), **FLAGS)
