"""Divergences of two distributions of different kinds."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_edu as torch

from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .continuous_bernoulli import ContinuousBernoulli
from .exponential import Exponential
from .gamma import Gamma
from .gumbel import Gumbel
from .kl import register_kl
from .laplace import Laplace
from .normal import Normal
from .pareto import Pareto
from .poisson import Poisson
from .uniform import Uniform
from .utils import euler_constant

_BOUNDED = (Beta, ContinuousBernoulli, Pareto, Uniform)
_INFINITE: tuple[Any, ...] = (
    ("concentration1", Beta, (Pareto,)),
    ("probs", ContinuousBernoulli, (Pareto,)),
    ("rate", Exponential, _BOUNDED),
    ("concentration", Gamma, _BOUNDED),
    ("loc", Gumbel, (*_BOUNDED, Exponential, Gamma)),
    ("loc", Laplace, (*_BOUNDED, Exponential, Gamma)),
    ("loc", Normal, (*_BOUNDED, Exponential, Gamma)),
    ("scale", Pareto, (Beta, ContinuousBernoulli, Uniform)),
    ("rate", Poisson, (Bernoulli, Binomial)),
)
"""Where p draws what q cannot: a parameter of p whose shape the answer has, p's class, and q's."""

for _name, _p, _qs in _INFINITE:
    for _q in _qs:
        register_kl(_p, _q)(lambda p, q, name=_name: torch.full_like(getattr(p, name), math.inf))


def _gamma_norm(q: Any) -> Any:
    return q.concentration.lgamma() - q.concentration * q.rate.log()


def _to_normal(p: Any, q: Any) -> Any:
    """-E log q = log(scale √(2π)) + E (x - loc)² / (2 scale²), less p's entropy."""
    squares = p.variance + (p.mean - q.loc).pow(2)
    return -p.entropy() + 0.5 * math.log(2 * math.pi) + q.scale.log() + squares / (2 * q.scale.pow(2))


for _p in (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Uniform):
    register_kl(_p, Normal)(_to_normal)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._cont_bern_log_norm()


def _to_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


for _p in (Beta, ContinuousBernoulli, Gamma):
    register_kl(_p, Exponential)(_to_exponential)


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Any:
    log_mean = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return -p.entropy() + _gamma_norm(q) - (q.concentration - 1) * log_mean + q.rate * p.mean


@register_kl(Beta, Uniform)
def _beta_uniform(p: Any, q: Any) -> Any:
    result = -p.entropy() + (q.high - q.low).log()
    return result.masked_fill((q.low > 0) | (q.high < 1), math.inf)


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    result = -p.entropy() + (q.high - q.low).log()
    return torch.where((q.low >= 0) | (q.high <= 1), math.inf, result)


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    ratio, a = q.rate / p.rate, q.concentration
    return -a * ratio.log() + ratio + a.lgamma() + a * euler_constant - (1 + euler_constant)


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Any:
    product, loc = p.rate * q.scale, q.loc / q.scale
    return product.log() - 1 - loc + loc.exp() * product / (product + 1) + product.reciprocal()


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Any:
    product, loc, a = p.rate * q.scale, q.loc / q.scale, p.concentration
    start = (a - 1) * a.digamma() - a.lgamma() - a + product.log() + a / product
    return start + loc.exp() * (1 + product.reciprocal()).pow(-a) - loc


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Any:
    mean, variance, loc = p.loc / q.scale, (p.scale / q.scale).pow(2), q.loc / q.scale
    tail = torch.exp(-mean + 0.5 * variance + loc)
    return -variance.log() * 0.5 + mean - loc + tail - 0.5 * (1 + math.log(2 * math.pi))


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    distance = p.loc - q.loc
    z = distance / p.scale
    size = math.sqrt(2 / math.pi) * p.scale * torch.exp(-0.5 * z.pow(2)) + distance * torch.erf(math.sqrt(0.5) * z)
    return -(p.scale / q.scale).log() + size / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Any:
    product = p.scale * q.rate
    result = (p.alpha / product).log() - p.alpha.reciprocal() + p.alpha * product / (p.alpha - 1) - 1
    return result.masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Any:
    log_mean = p.scale.log() + p.alpha.reciprocal()
    result = p.alpha.log() - log_mean + _gamma_norm(q) + (1 - q.concentration) * log_mean
    return (result + q.rate * p.alpha * p.scale / (p.alpha - 1) - 1).masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Any:
    common = p.scale / (p.alpha - 1)
    squares = p.alpha * common.pow(2) / (p.alpha - 2) + (p.alpha * common - q.loc).pow(2)
    result = (math.sqrt(2 * math.pi) * q.scale * p.alpha / p.scale).log() - p.alpha.reciprocal()
    return (result + squares / (2 * q.scale.pow(2)) - 1).masked_fill(p.alpha <= 2, math.inf)


def _log_mean(p: Any) -> Any:
    """E log x of a uniform x."""
    width = p.high - p.low
    return (torch.xlogy(p.high, p.high) - torch.xlogy(p.low, p.low) - width) / width


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    a, b, width = q.concentration1, q.concentration0, p.high - p.low
    mirrored = (torch.xlogy(1 - p.high, 1 - p.high) - torch.xlogy(1 - p.low, 1 - p.low) + width) / width
    result = (b - 1) * mirrored + a.lgamma() + b.lgamma() - (a + b).lgamma() - width.log() - (a - 1) * _log_mean(p)
    return result.masked_fill((p.high > 1) | (p.low < 0), math.inf)


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    result = -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._cont_bern_log_norm()
    return torch.where((p.high >= 1) | (p.low <= 0), math.inf, result)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Any:
    result = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    return result.masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Any:
    result = -p.entropy() + _gamma_norm(q) + (1 - q.concentration) * _log_mean(p) + q.rate * (p.high + p.low) / 2
    return result.masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Any:
    width, high, low = q.scale / (p.high - p.low), (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return width.log() + 0.5 * (high + low) - width * (torch.exp(-high) - torch.exp(-low))


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    width = (q.alpha * q.scale.pow(q.alpha) * (p.high - p.low)).log()
    result = _log_mean(p) * (q.alpha + 1) - width
    return result.masked_fill(p.low < q.scale, math.inf)
