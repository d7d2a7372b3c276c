"""The formula beside a declaration: what it may say, checked when the declaration is read.

``formula=("x · y", "y", "x")`` is the value, then one derivative for each differentiable input (one for a sequence of
inputs). Where the operation works element by element, a derivative is the *local factor* of upstream × local = downstream.
Elsewhere it is the whole rule and names ``G``, the upstream gradient (``G₁``, ``G₂`` ... of several results). ``N`` is how
many elements a sum or mean runs over.

The notation (:mod:`tinygrad_edu.visualize.formulas` reads it): ``+ − · / ^ ² ³ √x |x| ⌊x⌋ ⌈x⌉ ‖x‖``, ``⊙`` an elementwise
product where ``·`` would be a matrix product, ``xᵀ``, ``Σ_dim x``, functions as ``mean_dim(x)``, ``1[x > 0]`` (1 where it
holds, else 0), ``x[index]``, and the few :data:`WORDS`. What stands in braces depends on the call: ``{weight: weight · }``
is there if ``weight`` is given, ``{reduction=mean: / N}`` if the argument has that value, ``{a,b=1:...}`` if both hold,
``{else:...}`` if none of those before it was there.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["CONSTANTS", "FAMILIES", "FUNCTIONS", "WORDS", "check"]

FUNCTIONS = frozenset(
    """
    Ai H He I0 I1 Im J0 J1 K0 K1 L P Re T U V W Y0 Y1 all any arccos arcosh arcsin arctan arctan2 argmax argmin
    argsort arsinh artanh cat channel_shuffle cholesky clamp conj conv copysign correlate cos cosh count crop cross
    cumprod cumsum det diag diagonal digamma eig eigh erf erfinv exp expand fft flat flip fold gcd ifft igamma inv
    irfft j0 kthvalue lcm lgamma log lu matrix_exp max mean median min mode nanmedian nextafter pad permute pinv
    pixel_shuffle polygamma put qr reduce repeat resize rfft roll rot90 round sign sin sinh softmax split squeeze
    stack svd swap take tan tanh transposed_conv transposed_resize tril triu trunc unbind unfold unsqueeze var view
    zeta
    """.split()  # noqa: SIM905
)
"""What may stand before a parenthesis."""

WORDS = frozenset(
    """
    added along and as at axis backwards bit but by channel chosen copy corner each else in its like mirrored not of or
    piece place random shaped there through time twice undefined where window winner with xor
    """.split()  # noqa: SIM905
)
"""What may stand between formulas."""

CONSTANTS = ("out", "G", "N", "C", "i", "I")
"""Names of every formula: the result, the upstream gradient, a count, that of classes, the imaginary unit, the identity."""

FAMILIES = {
    room: family
    for family, rooms in {
        "activation": "activation piecewise smooth",
        "arithmetic": "bessel choosing complex elementwise gamma polynomials powers probability special",
        "conv": "conv fractional grid pooling resize",
        "linear": "decompositions factors fft linalg rnn",
        "loss": "ctc loss margin",
        "norm": "norm",
        "other": "comparison overwriting random",
        "reduction": "cumulative order reduction",
        "shape": "diagonal embedding indexing joining masks padding scatter shape view_region windows",
    }.items()
    for room in rooms.split()
}
"""What a picture tints alike: by the file in which an operation is declared."""

_NAME = re.compile(r"(?<![\w.])[A-Za-z]\w*", re.ASCII)
_BRACES = re.compile(r"\{([^{}:]*):")
_DEFINED = re.compile(r"(?: with|,) (\w+) =")


def check(op: Any) -> None:
    """Raise TypeError if the formula of ``op`` has the wrong length or a name that a reader would not know."""
    wanted = 1 + len(op.differentiable)
    if isinstance(op.formula, str) or len(op.formula) != wanted:
        raise TypeError(f"{op.name or op.public}: a formula is the value and one derivative for each of {op.differentiable}")
    names = {*op.params, *CONSTANTS}
    for text in op.formula:
        for condition in _BRACES.findall(text):
            for each in condition.split(","):
                argument = re.split("[=≠]", each)[0]
                if argument not in op.params and each != "else":
                    raise TypeError(f"{op.name or op.public}: {each!r} in {text!r} asks of no argument")
        local = names.union(*_DEFINED.findall(text)) if " with " in text else names
        for word in _NAME.findall(_BRACES.sub("", text)):
            known = word in local or word in WORDS or word in FUNCTIONS or word.partition("_")[0] in FUNCTIONS
            if not known or (word in WORDS and word in op.params):
                raise TypeError(f"{op.name or op.public}: {word!r} in the formula {text!r} is not known")
