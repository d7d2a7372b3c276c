"""More of what stands at a place in an order: the k-th, the most frequent, the least and the greatest at once."""

from __future__ import annotations

from ..autograd.op import op
from .reduction import _WINNER as WINNER
from .reduction import _even_rule, _extremum_rule, _has_nan, amax, amin, declare_choice, median_all

__all__ = ["aminmax", "choose_kth", "choose_mode", "choose_nanmedian", "nanmedian_all"]

_SHARE = "G{0} ⊙ 1[x = {1}_dim(x)] / Σ_dim 1[x = {1}_dim(x)]"
_SHARED = f"{_SHARE.format('₁', 'min')} + {_SHARE.format('₂', 'max')}"
choose_nanmedian = declare_choice("NanmedianBackward1", "nanmedian")
choose_kth = declare_choice("KthvalueBackward0", "kthvalue")
choose_mode = declare_choice("ModeBackward0", "mode")


@op(
    "NanmedianBackward0",
    x=lambda grad, x, out: _even_rule(grad, x, out),
    public="nanmedian",
    formula=("median(x)", WINNER),
)
def nanmedian_all(x):
    """The lower median of all elements that are not nan; nan if there are none."""
    return median_all(x[x == x] if _has_nan(x) else x)


@op(
    "AminmaxBackward0",
    x=lambda grad, x, dim, keepdim: _aminmax_rule(grad, x, dim, keepdim),
    results=2,
    diff_results=2,
    formula=("min_dim(x), max_dim(x)", _SHARED),
)
def aminmax(x, dim=(), keepdim=False):
    """:func:`amin` and :func:`amax` as a pair."""
    for axis in dim if isinstance(dim, tuple) else (dim,):
        if x.ndim > axis >= -x.ndim and not x.shape[axis]:
            raise IndexError(f"aminmax: Expected reduction dim {axis % x.ndim} to have non-zero size.")
    return amin(x, dim, keepdim), amax(x, dim, keepdim)


def _aminmax_rule(grads, x, dim, keepdim):
    of_min, of_max = grads
    total = None if of_min is None else _extremum_rule(of_min, x, amin(x, dim, keepdim), dim, keepdim)
    if of_max is None:
        return total
    share = _extremum_rule(of_max, x, amax(x, dim, keepdim), dim, keepdim)
    return share if total is None else total + share
