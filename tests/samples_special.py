"""Samples of Bessel functions, orthogonal polynomials, and the functions of probability."""

from __future__ import annotations

import numpy as np
from sampling import A, N, P, U, Z, row, s

row("i0 special.i0", s(N(2, 3)), s(N()), s(A([0.0, 12.0, -9.5]), dtypes=False), s(Z(4)), s(N(0)))
row("special.i0e", s(N(2, 3)), s(A([12.0, -9.5]), dtypes=False), s(A([0.0]), smooth=False, twice=False), s(Z(4)), s(N(0)),
    nonfinite=False)  # fmt: skip
row("special.i1 special.i1e", s(N(2, 3)), s(A([12.0, -9.5]), dtypes=False), s(A([0.0]), smooth=False, twice=False), s(Z(4)),
    s(N(0)), nonfinite=False, dtypes=False)  # fmt: skip
_BESSEL = [s(P(2, 3) + 0.1), s(A([0.0, 1e-7, 7.0, 30.0])), s(A([-1.0, -8.0, 5.0, 2.0])), s(A([1, 3, 9]), dtypes=False), s(N(0))]
row("""special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1 special.modified_bessel_i0
    special.modified_bessel_i1 special.modified_bessel_k0 special.modified_bessel_k1 special.scaled_modified_bessel_k0
    special.scaled_modified_bessel_k1 special.spherical_bessel_j0""", *_BESSEL, fixed=(0,), nonfinite=False)  # fmt: skip

for _name in ("chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w"):  # fmt: skip
    row(f"special.{_name}", s(N(2, 3), A([0, 3, 7], np.int64)), s(U(4), 12), s(A([1.0, -1.0, 0.0, 2.5]), 9), s(N(3), -1),
        s(U(3), A([1.0, 2.5, 10.0])), s(0.3, A([1.0, 2.0, 5.0])), fixed=(0, 1), dtypes=False, nonfinite=False)  # fmt: skip
row("special.entr", s(P(2, 3)), s(A([0.0, -1.0]), smooth=False), s(Z(3)))
row("special.erfcx", s(N(2, 3)), s(A([-5.0, 8.0, 40.0])), s(Z(3)), dtypes=False)
row("special.log_ndtr", s(N(2, 3)), s(A([-30.0, -1.0, 9.0])), s(Z(3)), dtypes=False, nonfinite=False)
row("special.ndtr", s(N(2, 3)), s(A([-30.0, -1.0, 9.0])), s(Z(3)), node="any", nonfinite=False)
row("special.ndtri", s(U(2, 3)), s(A([0.0, 1.0, 2.0]), smooth=False), s(A([1e-3, 1e-20, 0.999]), twice=False, smooth=False),
    dtypes=False)  # fmt: skip
row("special.xlog1py", s(N(2, 3), U(3)), s(A([0.0, 0.0, 1.0]), A([-1.0, 2.0, 0.5]), smooth=False), s(Z(3), Z(3, low=0)),
    s(N(3), 2.0, node="SpecialXlog1PyBackward0"), s(2.0, P(3), node="SpecialXlog1PyBackward0"))  # fmt: skip
row("special.zeta", s(P(2, 3) + 1, P(3), fixed=(0,)), s(A([3, 2], np.int64), P(2)), s(A([1.0, 0.5, 2.0, 2.0]),
    A([1.0, 1.0, -1.0, -1.5]), fixed=(0, 1)), s(A([2.0, 3.5]), 2.0, fixed=(0,)),
    s(2.0, P(3), node="SpecialZetaBackward0"), dtypes=False, nonfinite=False)  # fmt: skip
row("igamma igammac special.gammainc special.gammaincc", s(P(2, 3), P(3), fixed=(0,)), s(A([0.5, 5.0, 15.0]),
    A([9.0, 0.1, 16.0]), fixed=(0,)), s(A([0.0, 1.0, -1.0, 0.0]), A([1.0, 0.0, 1.0, 0.0]), fixed=(0, 1)),
    dtypes=False, nonfinite=False)  # fmt: skip
