"""Samples of special functions, order statistics, what is put together and taken apart, and linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np
from sampling import A, B, N, P, U, Z, row, s

# ---- special functions -------------------------------------------------------------------------------------------------

row("lgamma digamma", s(P(2, 3)), s(P()), s(P(0, 2)), s(A([-0.5, -1.5, 3.0]), dtypes=False),
    s(A([0.0, -1.0]), smooth=False, dtypes=False),
    s(Z(3, low=1)), twice=False)  # fmt: skip
row("erfinv", s(U(2, 3)), s(-U(3)), s(A([1.0, -1.0, 0.0]), smooth=False), s(A([1.5]), smooth=False), s(U()))
row("sinc", s(N(2, 3)), s(A([0.0, 1.0]), smooth=False, twice=False), s(Z(3)), s(N()))
row("polygamma", s(2, P(3), twice=False), s(0, P(3), twice=False), s(1, P(2)), dtypes=False, nonfinite=False)
row("mvlgamma", s(P(3) + 2, 3), s(P(2, 2) + 1, 1), dtypes=False, nonfinite=False, twice=False, node="any")
row("logaddexp2", s(N(2, 3), N(3)), s(N(), N(2)), s(A([1000.0, -np.inf]), A([1000.0, -np.inf]), smooth=False))
row("copysign", s(N(2, 3), N(3)), s(N(3), -1.0), s(A([0.0, 1.0]), A([-0.0, -2.0]), smooth=False), s(Z(3), N(3)),
    nonfinite=False)  # fmt: skip
row("heaviside", s(A([-1.0, 0.0, 2.0]), N(3), smooth=False), s(Z(4), Z(4)), dtypes=False, fixed=(0, 1), nonfinite=False)
row("nextafter", s(N(3), N(3)), dtypes=False)
row("gcd lcm", s(Z(5), Z(5)), s(A([12, 0], np.int32), A([18, 5], np.int32)))
row("ldexp", s(N(3), A([1, 2, 3], np.int64)), s(N(3), N(3)), dtypes=False)

row("isreal", s(N(3)), s(A([1 + 2j, 3.0], np.complex128)), dtypes=False)
row(".sum_to_size", s(N(2, 3), 3), s(N(2, 3), (2, 1)), s(N(2, 3), 2, 3), s(N(2, 3, 2), 1, 1), dtypes=False, node="any",
    view=False)  # fmt: skip

# ---- order -------------------------------------------------------------------------------------------------------------

row("kthvalue", s(N(5), 2), s(N(2, 4), 3, 1), s(N(2, 4), 1, dim=0, keepdim=True), s(N(), 1),
    dtypes=False, nonfinite=False)  # fmt: skip
row("mode", s(A([3.0, 1.0, 3.0, 1.0, 2.0]), smooth=False), s(N(2, 3), 1), s(A([[1, 2, 2], [3, 3, 1]], np.int64), dim=1,
    keepdim=True), s(N()), dtypes=False, nonfinite=False)  # fmt: skip
row("nanmedian", s(N(5)), s(N(2, 3), dim=1), s(A([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]), 1, smooth=False),
    s(A([1.0, np.nan]), smooth=False, node="any"), s(N(2, 3), 0, True), nonfinite=False, dtypes=False)  # fmt: skip
row("aminmax", s(N(2, 3)), s(N(2, 3), dim=1), s(N(2, 3), dim=0, keepdim=True), s(A([1.0, 1.0, 3.0]), smooth=False), s(N()),
    dtypes=False, nonfinite=False)  # fmt: skip
row("cummax cummin", *[s(N(2, 3), d) for d in (0, 1, -1)], s(N(), 0), s(A([1.0, 3.0, 3.0, 2.0, 3.0]), 0, smooth=False),
    s(A([1.0, np.nan, 0.0, np.nan]), 0, smooth=False), s(Z(4), 0), s(N(0), 0))  # fmt: skip
row("logcumsumexp", *[s(N(2, 3), d) for d in (0, 1)], s(N(), 0), s(A([1000.0, 1000.0, -1000.0]), 0), s(N(0), 0),
    dtypes=False, nonfinite=False)  # fmt: skip
for _name in ("quantile", "nanquantile"):
    row(_name, s(N(7), 0.3), s(N(2, 5), 0.5, dim=1), s(N(2, 5), 0.25, 0, True), s(N(5), 1.0), s(N(5), 0.0), s(N(), 0.5),
        s(N(2, 3), 0.6, keepdim=True), *[s(N(6), 0.37, interpolation=how) for how in ("lower", "higher", "midpoint",
        "nearest")],
        s(N(6), A([0.1, 0.5, 0.9]), fixed=(1,)), s(N(2, 4), A([0.2, 0.7]), dim=1, fixed=(1,)),
        s(A([[1.0, np.nan, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]), 0.4, dim=1, smooth=False), dtypes=False, nonfinite=False,
        node="any")  # fmt: skip
_EDGES = A([1.0, 3.0, 5.0, 7.0])
row("searchsorted", s(_EDGES, A([0.0, 3.0, 6.0, 9.0])), s(_EDGES, A([[3.0, 5.0]]), right=True), s(_EDGES, 5.0), s(_EDGES, 5.0,
    side="right"), s(A([[1.0, 2.0], [3.0, 4.0]]), A([[1.5], [9.0]])), s(_EDGES, A([2.0]), out_int32=True), fixed=(0, 1),
    dtypes=False, nonfinite=False)  # fmt: skip
row("bucketize", s(A([0.0, 3.0, 6.0, 9.0]), _EDGES), s(A([[3.0, 5.0]]), _EDGES, right=True), s(5.0, _EDGES), fixed=(0, 1),
    dtypes=False, nonfinite=False)  # fmt: skip
row("isin", s(Z(2, 3), A([1, 2], np.int64)), s(Z(5), 2), s(2, Z(5)), s(Z(5), Z(2), invert=True), dtypes=False)
row("unique_consecutive", s(A([1, 1, 2, 2, 1], np.int64)), s(A([1.0, 1.0, 2.0]), True, True, fixed=(0,)),
    s(A([[1, 1, 2], [1, 1, 2]], np.int64), dim=0), s(A([[1, 1, 2], [3, 3, 2]], np.int64), dim=1, return_inverse=True,
    return_counts=True), dtypes=False, nonfinite=False)  # fmt: skip
row("histc", s(N(20), 5), s(N(20), 4, -1, 1), s(A([2.0, 2.0]), bins=3), s(N(6), bins=2, min=0, max=2), fixed=(0,), dtypes=False,
    nonfinite=False)  # fmt: skip
row("histogram", s(N(20), 5), s(N(20), 4, range=(-1.0, 1.0)), s(N(10), A([-1.0, 0.0, 2.0])), s(N(10), 3, density=True),
    s(N(4), 2, weight=None), fixed=(0, 1), dtypes=False, nonfinite=False)  # fmt: skip

# ---- put together, taken apart -------------------------------------------------------------------------------------------

row("cartesian_prod", s(N(2), N(3)), s(N(3)), s(N(2), N(1), N(2)), dtypes=False, node="any")
row("combinations", s(N(4)), s(N(4), 3), s(N(3), 2, True), s(N(2), 3), s(N(3), r=1), dtypes=False, node="any")
row("kron", s(N(2, 3), N(3, 2)), s(N(2), N(3)), s(N(), N(2)), s(N(2, 2), N(3)), node="any")
row("block_diag", s(N(2, 3), N(1, 2)), s(N(2), N(2, 2)), s(N(), N(2)), dtypes=False, node="any")
row("vander", s(N(3)), s(N(3), 2), s(N(3), 4, increasing=True), s(N(3), N=0), fixed=(0,),
    dtypes=False, node="any", nonfinite=False, twice=False)  # fmt: skip
row("vdot", s(N(3), N(3)))
row("tensor_split", s(N(7), 3), s(N(7), [1, 4]), s(N(2, 5), 2, dim=1), s(N(2), 4), s(N(3), (1, 9)), dtypes=False, node="any")
row("hsplit", s(N(4), 2), s(N(2, 4), [1, 3]), dtypes=False, node="any")
row("vsplit", s(N(4, 2), 2), dtypes=False, node="any")
row("dsplit", s(N(1, 2, 4), 2), dtypes=False, node="any")
row("narrow_copy", s(N(5), 0, 1, 3), dtypes=False, node="any")
row("diagflat", s(N(3)), s(N(2, 2), 1), s(N()), dtypes=False, node="any")
row("as_strided", s(N(6), (2, 2), (1, 2)), s(N(6), (2, 3), (2, 1), 1), s(N(2, 3), (3,), (0,)), s(N(5), (3, 3), (1, 1)))
row(".unfold", s(N(7), 0, 3, 2), s(N(2, 5), 1, 2, 1), s(N(5), -1, 5, 1), s(N(), 0, 1, 1), s(N(4, 3).T, 1, 2, 2))
row("unravel_index", s(A([3, 5], np.int64), (2, 3)), s(A([[7]], np.int64), (2, 2, 2)), view=False)
row("diff", s(N(5)), s(N(2, 4), 2), s(N(3, 2), dim=0), s(B(4)), s(N(3), n=5), s(N(3), n=0), dtypes=False, node="any",
    nonfinite=False)  # fmt: skip
row("trapezoid trapz", s(N(5)), s(N(2, 4), dim=0), s(N(4), dx=0.5), s(N(3), A([0.0, 1.0, 3.0])), s(N(2, 3), N(2, 3)),
    node="any",
    dtypes=False)  # fmt: skip
row("cumulative_trapezoid", s(N(5)), s(N(2, 4), dx=2.0), s(N(3), A([0.0, 1.0, 3.0])), node="any", dtypes=False)
# Their gradients run through a mean, where all cancels but rounding: tests/test_namespaces.py
row("cov", s(N(2, 5)), s(N(4)), s(N(3, 4), correction=0), node="any", dtypes=False, nonfinite=False, fixed=(0,))
row("cov", s(N(2, 3), A([1, 2, 1], np.int64), P(3), node="any", dtypes=False, nonfinite=False, fixed=(0, 2),
    _call=lambda torch, x, f, a: torch.cov(x, fweights=f, aweights=a)))  # fmt: skip
row("corrcoef", s(N(3, 5)), s(N(4)), node="any", dtypes=False, nonfinite=False, fixed=(0,))
for _name in ("tril_indices", "triu_indices"):
    row(_name, s(3, 4), s(2, 5, -1), s(3, 2, offset=1), s(0, 2))

# ---- linear algebra --------------------------------------------------------------------------------------------------------


def _matrix(n: int, batch: tuple[int, ...] = ()) -> np.ndarray:
    """A matrix that is far from singular."""
    return N(*batch, n, n) + 3 * np.eye(n)


def _symmetric(torch: Any, x: Any) -> Any:
    return x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype)


SQUARE = [s(_matrix(3)), s(_matrix(2, (2,))), s(_matrix(1)), s(N(0, 0))]
row("inverse linalg.inv", *SQUARE, nonfinite=False, dtypes=False)
row("det linalg.det slogdet linalg.slogdet logdet", *SQUARE[:3], nonfinite=False, dtypes=False, view=False, node="any")
row("logdet", s(-np.eye(1), smooth=False, twice=False, nonfinite=False, dtypes=False, node="any"))
row("linalg.solve", s(_matrix(3), N(3, 2)), s(_matrix(3), N(3)), s(_matrix(2, (2,)), N(2, 2, 1)), s(_matrix(2, (2,)), N(2, 2)),
    s(_matrix(3), N(2, 3), left=False),
    nonfinite=False, node="any", dtypes=False)  # fmt: skip
row("linalg.solve_triangular", *[s(_matrix(3), N(3, 2), upper=up, unitriangular=unit) for up in (True, False) for unit in
    (True, False)], nonfinite=False, node="any", dtypes=False)  # fmt: skip
for _name in ("cholesky", "linalg.cholesky"):
    row(_name, *[s(_matrix(3, batch), _call=lambda torch, x, name=_name: _namespaced(torch, name)(_symmetric(torch, x)))
        for batch in ((), (2,))], nonfinite=False, dtypes=False, node="any")  # fmt: skip


def _namespaced(torch: Any, name: str) -> Any:
    import operator

    return operator.attrgetter(name)(torch)


row("linalg.eigh", s(_matrix(3), _call=lambda torch, x: torch.linalg.eigh(x + x.mT)[0]),
    s(_matrix(3), _call=lambda torch, x: abs(torch.linalg.eigh(x + x.mT)[1]), node="AbsBackward0"),
    s(_matrix(2, (2,)), _call=lambda torch, x: torch.linalg.eigvalsh(x + x.mT, UPLO="U")), nonfinite=False,
        dtypes=False)  # fmt: skip
row("linalg.eigvals", s(_matrix(3), _call=lambda torch, x: abs(torch.linalg.eigvals(x)).sort()[0]), dtypes=False,
    nonfinite=False)  # fmt: skip
row("linalg.eig", s(_matrix(3), _call=lambda torch, x: (lambda e: abs(e[1] @ torch.diag(e[0]) @ torch.linalg.inv(e[1])))(
    torch.linalg.eig(x))), fixed=(0,), dtypes=False, nonfinite=False)  # fmt: skip
RECTANGLES = [N(3, 3), N(4, 2), N(2, 4), N(2, 3, 2)]
row("svd linalg.svdvals", *[s(x, _call=lambda torch, x: torch.svd(x)[1]) for x in RECTANGLES], dtypes=False, nonfinite=False)
row("linalg.svd", *[s(x, _call=lambda torch, x: (lambda f: abs(f[0]) * f[1].unsqueeze(-2))(torch.linalg.svd(x,
    full_matrices=False)))
    for x in RECTANGLES], *[s(x, _call=lambda torch, x: abs(torch.linalg.svd(x, full_matrices=False)[2])) for x in RECTANGLES],
    dtypes=False, nonfinite=False)  # fmt: skip
row("linalg.svd", s(N(2, 3), fixed=(0,), _call=lambda torch, x: abs(torch.linalg.svd(x)[2][:2])), dtypes=False, nonfinite=False)
for _name in ("qr", "linalg.qr"):
    row(_name, *[s(x, _call=lambda torch, x, name=_name: _namespaced(torch, name)(x)) for x in RECTANGLES], dtypes=False,
        nonfinite=False, node="any")  # fmt: skip
row("linalg.qr", s(N(3, 2), mode="r", fixed=(0,)), s(N(3, 2), mode="complete", fixed=(0,)), dtypes=False, nonfinite=False)
row("pinverse linalg.pinv", *[s(x) for x in RECTANGLES], dtypes=False, nonfinite=False, node="any")
row("linalg.matrix_rank", s(N(3, 2)), s(A([[1.0, 2.0], [2.0, 4.0]])), s(N(2, 3, 3)), s(np.diag([1.0, 1e-3]), atol=1e-2),
    fixed=(0,), dtypes=False, nonfinite=False)  # fmt: skip
row("linalg.lstsq", s(N(4, 2), N(4, 3), _call=lambda torch, a, b: torch.linalg.lstsq(a, b).solution), dtypes=False,
    nonfinite=False, node="any", twice=False)  # fmt: skip
row("matrix_exp linalg.matrix_exp", s(N(3, 3)), s(N(2, 2, 2)), s(10 * N(2, 2)), dtypes=False, nonfinite=False, node="any")
row("matrix_power linalg.matrix_power", s(_matrix(2), 3), s(_matrix(2), 0, fixed=(0,)), s(_matrix(2), -2),
    s(_matrix(2), 1), s(_matrix(2), 6),
    dtypes=False, nonfinite=False, node="any", view=False)  # fmt: skip
row("linalg.multi_dot", s(N(2, 3), N(3, 4), N(4, 1), _call=lambda torch, *x: torch.linalg.multi_dot(x)), node="any",
    dtypes=False)  # fmt: skip
row("chain_matmul", s(N(2, 3), N(3, 4), N(4, 1)), s(N(2, 3)), node="any", dtypes=False)
row("cross", s(N(2, 3), N(2, 3)), s(N(3, 2), N(3, 2), 0), s(N(3), N(3)), s(N(2, 3), N(1, 3), dim=1))
row("linalg.cross", s(N(3, 2), N(3, 2), dim=0), s(N(2, 3), N(1, 3)))
row("cdist", s(N(2, 3), N(4, 3)), s(N(2, 2, 3), N(2, 1, 3), 1.0), s(N(2, 3), N(2, 3), p=3.0), dtypes=False, nonfinite=False,
    node="any", twice=False)  # fmt: skip
row("linalg.vector_norm", s(N(2, 3)), s(N(2, 3), 1, 1), s(N(2, 3), np.inf, dim=(0, 1), keepdim=True), dtypes=False)
row("linalg.matrix_norm", *[s(N(3, 2), order) for order in ("fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf)], s(N(2, 3,
    2), 2, (0, 2),
    True), s(N(2, 3, 2), 1, dim=(2, 0)), dtypes=False, nonfinite=False, node="any")  # fmt: skip
row("linalg.norm", s(N(2, 3)), s(N(4), 3), s(N(2, 3), 2), s(N(2, 3), "nuc"), s(N(2, 3), dim=1), s(N(2, 3), 1, dim=(0, 1)),
    dtypes=False, nonfinite=False, node="any")  # fmt: skip
row("linalg.cond", s(_matrix(3)), s(N(3, 2)), s(_matrix(2), -2), dtypes=False, nonfinite=False,
    node="any", twice=False)  # fmt: skip
row("linalg.diagonal", s(N(2, 3, 3)), s(N(3, 3), offset=1), dtypes=False)
row("linalg.vander", s(N(3)), dtypes=False, node="any", nonfinite=False, twice=False)

# ---- views as copies -------------------------------------------------------------------------------------------------------

row("alias_copy detach_copy", s(N(2, 3)), dtypes=False, node="any")
row("as_strided_copy", s(N(6), (2, 2), (1, 2)), dtypes=False, node="any")
row("diagonal_copy", s(N(3, 3)), s(N(2, 3, 3), 1, 1, 2), dtypes=False, node="any")
row("expand_copy view_copy", s(N(2, 3), (2, 3)), dtypes=False, node="any")
row("permute_copy", s(N(2, 3), (1, 0)), dtypes=False, node="any")
row("select_copy", s(N(2, 3), 1, 2), dtypes=False, node="any")
row("slice_copy", s(N(5)), s(N(2, 5), 1, 1, 4, 2), s(N(5), 0, -3), dtypes=False, node="any")
row("split_copy", s(N(5), 2), s(N(2, 4), 2, dim=1), dtypes=False, node="any")
row("split_with_sizes_copy", s(N(5), [2, 3]), dtypes=False, node="any")
row("squeeze_copy", s(N(1, 3)), s(N(1, 3), 0), dtypes=False, node="any")
row("t_copy", s(N(2, 3)), dtypes=False, node="any")
row("transpose_copy", s(N(2, 3), 0, 1), dtypes=False, node="any")
row("unbind_copy", s(N(2, 3)), s(N(2, 3), 1), dtypes=False, node="any")
row("unfold_copy", s(N(7), 0, 3, 2), dtypes=False, node="any")
row("unsqueeze_copy", s(N(3), 0), dtypes=False, node="any")
row("select_scatter", s(N(2, 3), N(2), 1, 2), s(N(2, 3), N(3), 0, -1), node="any", dtypes=False)
row("slice_scatter", s(N(5), N(2), 0, 1, 3), s(N(2, 5), N(2, 2), 1, 0, 4, 2), s(N(3), N(3)), node="any", dtypes=False)
row("diagonal_scatter", s(N(3, 3), N(3)), s(N(3, 4), N(3), 1), node="any", dtypes=False)
# Of what is written over PyTorch gives the gradient to the wrong elements: as_strided_scatter_backward
row("as_strided_scatter", s(N(6), N(2, 2), (2, 2), (1, 2)), node="any", dtypes=False, fixed=(0,))
