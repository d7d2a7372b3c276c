"""``torch.special``: special functions under the names of SciPy's (https://docs.pytorch.org/docs/2.13/special.html)."""

from . import methods as _methods
from .functions.combining import mvlgamma as multigammaln
from .functions.combining import polygamma
from .ops import bessel as _bessel

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "digamma", "erf", "erfc", "erfinv", "exp2", "expit",
    "expm1", "gammaln", "i0", "i0e", "i1", "i1e", "log1p", "log_softmax", "logit", "logsumexp", "modified_bessel_i0",
    "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "multigammaln", "polygamma", "psi", "round",
    "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "sinc", "softmax", "spherical_bessel_j0", "xlogy",
]  # fmt: skip


def _function(name):  # type: ignore[no-untyped-def]
    value = _methods.FUNCTIONS[name]
    return getattr(value, "function", value)


log_softmax, softmax = map(_function, ("log_softmax", "softmax"))
digamma = psi = _function("digamma")
gammaln, expit = _function("lgamma"), _function("sigmoid")
erf, erfc, erfinv, exp2, expm1 = map(_function, ("erf", "erfc", "erfinv", "exp2", "expm1"))
log1p, logit, logsumexp, round, sinc, xlogy = map(_function, ("log1p", "logit", "logsumexp", "round", "sinc", "xlogy"))

i0, i0e, i1, i1e = (each.function for each in (_bessel.i0, _bessel.i0e, _bessel.i1, _bessel.i1e))
airy_ai, spherical_bessel_j0 = _bessel.airy_ai.function, _bessel.spherical_bessel_j0.function
bessel_j0, bessel_j1 = _bessel.bessel_j0.function, _bessel.bessel_j1.function
bessel_y0, bessel_y1 = _bessel.bessel_y0.function, _bessel.bessel_y1.function
modified_bessel_i0, modified_bessel_i1 = _bessel.modified_bessel_i0.function, _bessel.modified_bessel_i1.function
modified_bessel_k0, modified_bessel_k1 = _bessel.modified_bessel_k0.function, _bessel.modified_bessel_k1.function
scaled_modified_bessel_k0 = _bessel.scaled_modified_bessel_k0.function
scaled_modified_bessel_k1 = _bessel.scaled_modified_bessel_k1.function
