"""The histories of random numbers.

What is drawn does not depend on the tensor that it is drawn into, nor (smoothly) on the parameters of its distribution:
every rule answers with zeros. The drawing itself happens in :mod:`tinygrad_edu.random`; ``drawn`` is its array.
"""

from __future__ import annotations

from ..autograd.op import op
from .elementwise import zeros_like

__all__ = ["DRAWN"]


def _zeros(grad):
    return zeros_like(grad)


def _underivable(grad):
    raise RuntimeError("derivative for aten::bernoulli is not implemented")


def _drawn(x, drawn):
    return drawn


def _drawn_from_both(x, y, drawn):
    return drawn


_NAMES = {
    "uniform_": ["UniformBackward0"],
    "normal_": ["NormalBackward0"],
    "normal": ["NormalBackward1", "NormalBackward2"],  # tensors: mean; std
    "random_": ["RandomBackward0", "RandomBackward1", "RandomBackward2"],  # random_(from, to); (to); ()
    "bernoulli": ["BernoulliBackward0"],
    "bernoulli_": ["BernoulliBackward2"],
    "exponential_": ["ExponentialBackward0"],
    "geometric_": ["GeometricBackward0"],
    "cauchy_": ["CauchyBackward0"],
    "log_normal_": ["LogNormalBackward0"],
    "poisson": ["PoissonBackward0"],
}

_ONE, _BOTH = ("chosen at random", "0"), ("chosen at random", "0", "0")

DRAWN = {name: op(name, x=_zeros, public=public, formula=_ONE)(_drawn) for public, names in _NAMES.items() for name in names}
"""A tensor that was overwritten, or a new one whose distribution has a tensor as parameter: by the name of its node."""

DRAWN["NormalBackward3"] = op("NormalBackward3", x=_zeros, y=_zeros, public="normal", formula=_BOTH)(_drawn_from_both)
DRAWN["BernoulliBackward1"] = op("BernoulliBackward1", x=_zeros, y=_zeros, public="bernoulli_", formula=_BOTH)(
    _drawn_from_both
)
DRAWN["NotImplemented"] = op(
    "NotImplemented", x=_underivable, public="bernoulli", formula=("chosen at random", "undefined")
)(_drawn)
