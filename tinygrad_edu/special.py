"""``torch.special``: special functions under the names of SciPy's (https://docs.pytorch.org/docs/2.13/special.html)."""

# ruff: noqa: F822 -- most operations are compiled, and bound, when they are first used

from typing import Any as _Any

from . import methods as _methods
from . import ops as _ops
from .functions.combining import mvlgamma as multigammaln
from .functions.combining import polygamma
from .functions.probability import ndtr

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "chebyshev_polynomial_t", "chebyshev_polynomial_u",
    "chebyshev_polynomial_v", "chebyshev_polynomial_w", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2",
    "expit", "expm1", "gammainc", "gammaincc", "gammaln", "hermite_polynomial_h", "hermite_polynomial_he", "i0", "i0e",
    "i1", "i1e", "laguerre_polynomial_l", "legendre_polynomial_p", "log1p", "log_ndtr", "log_softmax", "logit",
    "logsumexp", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "multigammaln",
    "ndtr", "ndtri", "polygamma", "psi", "round", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w", "sinc", "softmax", "spherical_bessel_j0", "xlog1py", "xlogy", "zeta",
]  # fmt: skip


def _function(name: str) -> _Any:
    value = _methods.FUNCTIONS[name]
    return getattr(value, "function", value)


log_softmax, softmax = map(_function, ("log_softmax", "softmax"))
digamma = psi = _function("digamma")
gammaln, expit = _function("lgamma"), _function("sigmoid")
gammainc, gammaincc, i0 = map(_function, ("igamma", "igammac", "i0"))
erf, erfc, erfinv, exp2, expm1 = map(_function, ("erf", "erfc", "erfinv", "exp2", "expm1"))
log1p, logit, logsumexp, round, sinc, xlogy = map(_function, ("log1p", "logit", "logsumexp", "round", "sinc", "xlogy"))


def __getattr__(name: str) -> _Any:
    """Operations that only this module has are compiled when they are first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function = globals()[name] = getattr(_ops, name).function
    return function
