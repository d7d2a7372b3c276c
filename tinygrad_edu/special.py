"""``torch.special``: special functions under the names of SciPy's (https://docs.pytorch.org/docs/2.13/special.html)."""

from . import methods as _methods
from .functions.combining import mvlgamma as multigammaln
from .functions.combining import polygamma

__all__ = [
    "digamma", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "gammaln", "log1p", "log_softmax", "logit", "logsumexp",
    "multigammaln", "polygamma", "psi", "round", "sinc", "softmax", "xlogy",
]  # fmt: skip


def _function(name):  # type: ignore[no-untyped-def]
    value = _methods.FUNCTIONS[name]
    return getattr(value, "function", value)


log_softmax, softmax = map(_function, ("log_softmax", "softmax"))
digamma = psi = _function("digamma")
gammaln, expit = _function("lgamma"), _function("sigmoid")
erf, erfc, erfinv, exp2, expm1 = map(_function, ("erf", "erfc", "erfinv", "exp2", "expm1"))
log1p, logit, logsumexp, round, sinc, xlogy = map(_function, ("log1p", "logit", "logsumexp", "round", "sinc", "xlogy"))
