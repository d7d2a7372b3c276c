"""Samples of Bessel functions, orthogonal polynomials, and the functions of probability."""

from __future__ import annotations

from sampling import A, N, P, Z, row, s

row("i0 special.i0", s(N(2, 3)), s(N()), s(A([0.0, 12.0, -9.5]), dtypes=False), s(Z(4)), s(N(0)))
row("special.i0e", s(N(2, 3)), s(A([12.0, -9.5]), dtypes=False), s(A([0.0]), smooth=False, twice=False), s(Z(4)), s(N(0)),
    nonfinite=False)  # fmt: skip
row("special.i1 special.i1e", s(N(2, 3)), s(A([12.0, -9.5]), dtypes=False), s(A([0.0]), smooth=False, twice=False), s(Z(4)),
    s(N(0)), nonfinite=False, dtypes=False)  # fmt: skip
_BESSEL = [s(P(2, 3) + 0.1), s(A([0.0, 1e-7, 7.0, 30.0])), s(A([-1.0, -8.0, 5.0, 2.0])), s(A([1, 3, 9]), dtypes=False), s(N(0))]
row("""special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1 special.modified_bessel_i0
    special.modified_bessel_i1 special.modified_bessel_k0 special.modified_bessel_k1 special.scaled_modified_bessel_k0
    special.scaled_modified_bessel_k1 special.spherical_bessel_j0""", *_BESSEL, fixed=(0,), nonfinite=False)  # fmt: skip
