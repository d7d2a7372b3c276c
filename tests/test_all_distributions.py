"""Every distribution of ``torch.distributions`` beside PyTorch's: draws, probabilities, moments, divergences, errors."""

import itertools

import pytest

import tinygrad_edu as torch

N = {
    "Beta": lambda D, p: D.Beta(p, p + 1),
    "Beta numbers": lambda D, p: D.Beta(2.0, 3.0),
    "Binomial": lambda D, p: D.Binomial(7, p),
    "Binomial many": lambda D, p: D.Binomial(100, logits=p),
    "Cauchy": lambda D, p: D.Cauchy(p, p.exp()),
    "Chi2": lambda D, p: D.Chi2(p + 1),
    "ContinuousBernoulli": lambda D, p: D.ContinuousBernoulli(p),
    "Dirichlet": lambda D, p: D.Dirichlet(p + 0.1),
    "Dirichlet large": lambda D, p: D.Dirichlet(20 * (p + 0.5)),
    "Exponential": lambda D, p: D.Exponential(p),
    "FisherSnedecor": lambda D, p: D.FisherSnedecor(p + 5, p + 6),
    "Gamma": lambda D, p: D.Gamma(p, p + 1),
    "Gamma large": lambda D, p: D.Gamma(p * 30 + 1, 2.0),
    "GeneralizedPareto": lambda D, p: D.GeneralizedPareto(p.float(), p.float() + 1, p.float() - 0.3),
    "Geometric": lambda D, p: D.Geometric(p),
    "Gumbel": lambda D, p: D.Gumbel(p, p + 1),
    "HalfCauchy": lambda D, p: D.HalfCauchy(p),
    "HalfNormal": lambda D, p: D.HalfNormal(p),
    "InverseGamma": lambda D, p: D.InverseGamma(p + 2, p),
    "Kumaraswamy": lambda D, p: D.Kumaraswamy(p + 1, p + 2),
    "LKJCholesky": lambda D, p: D.LKJCholesky(3, p),
    "Laplace": lambda D, p: D.Laplace(p, p + 1),
    "LogNormal": lambda D, p: D.LogNormal(p, 0.5),
    "LogisticNormal": lambda D, p: D.LogisticNormal(p, 0.5),
    "LowRankMultivariateNormal": lambda D, p: D.LowRankMultivariateNormal(p, p[0].reshape(3, 1), p[1] + 1),
    "MixtureSameFamily": lambda D, p: D.MixtureSameFamily(D.Categorical(p), D.Normal(p, p + 1)),
    "Multinomial": lambda D, p: D.Multinomial(5, p),
    "MultivariateNormal": lambda D, p: D.MultivariateNormal(p, p.T @ p + p.new_tensor([1.0, 2.0, 3.0]).diag()),
    "MultivariateNormal precision": lambda D, p: D.MultivariateNormal(
        p, precision_matrix=p.T @ p + p.new_tensor([1.0, 2.0, 3.0]).diag()
    ),
    "NegativeBinomial": lambda D, p: D.NegativeBinomial(4, p),
    "OneHotCategorical": lambda D, p: D.OneHotCategorical(p),
    "OneHotCategoricalStraightThrough": lambda D, p: D.OneHotCategoricalStraightThrough(logits=p),
    "Pareto": lambda D, p: D.Pareto(p + 1, p + 3),
    "Poisson": lambda D, p: D.Poisson(p * 8),
    "RelaxedBernoulli": lambda D, p: D.RelaxedBernoulli(p.new_tensor(0.7), p),
    "RelaxedOneHotCategorical": lambda D, p: D.RelaxedOneHotCategorical(p.new_tensor(0.7), p),
    "StudentT": lambda D, p: D.StudentT(p + 3, p, p + 1),
    "VonMises": lambda D, p: D.VonMises(p, p + 2),
    "Weibull": lambda D, p: D.Weibull(p + 1, p + 1),
    "Wishart": lambda D, p: D.Wishart(p.new_tensor(5.0), p.T @ p + p.new_tensor([1.0, 2.0, 3.0]).diag()),
    "Transformed": lambda D, p: D.TransformedDistribution(
        D.Uniform(p * 0, p * 0 + 1), [D.SigmoidTransform().inv, D.AffineTransform(p, p + 1)]
    ),
}
"""A distribution for parameters ``p``, 2 × 3 in [0, 1)."""


def outcome(compute):
    """Shape, dtype and numbers, or the error's kind and words."""
    try:
        result = compute()
    except (NotImplementedError, ValueError, RuntimeError, TypeError) as error:
        return type(error).__name__, str(error).replace("tinygrad_edu", "torch")
    if not hasattr(result, "detach"):
        return str(result)
    return str(result.dtype).rpartition(".")[2], tuple(result.shape), result.detach().double().reshape(-1).tolist()


def same(ours, real, tolerance=1e-5):
    if isinstance(ours, tuple) and len(ours) == 3:
        assert ours[:2] == real[:2]
        assert ours[2] == pytest.approx(real[2], rel=10 * tolerance, abs=tolerance, nan_ok=True)
    else:
        assert ours == real


def told(library, make):
    library.manual_seed(4)
    p = library.rand(2, 3, dtype=library.float64).add(0.05).clamp(max=0.95).requires_grad_()
    d = make(library.distributions, p)
    wide = d.expand((4, *d.batch_shape))
    drawn = d.sample((2,))
    results = {"repr": str(d), "wide": str(wide), "has": str((d.has_rsample, d.has_enumerate_support))}
    results |= {"shapes": str((tuple(wide.batch_shape), tuple(wide.event_shape))), "support": str(d.support)}
    values = {"drawn": lambda: drawn, "one": d.sample, "log_prob": lambda: d.log_prob(drawn)}
    values |= {name: lambda name=name: getattr(d, name) for name in ("mean", "mode", "variance", "stddev")}
    values |= {"entropy": d.entropy, "cdf": lambda: d.cdf(drawn), "enumerate": d.enumerate_support}
    values["icdf"] = lambda: d.icdf(library.full((2, 3), 0.3, dtype=library.float64))
    values |= {"wide draw": wide.sample, "wide log_prob": lambda: wide.log_prob(drawn[0]), "perplexity": d.perplexity}
    values |= {"narrow": lambda: d.log_prob(drawn * library.nan), "no tensor": lambda: d.log_prob("x")}
    if d.has_rsample:
        values["rsample"] = d.rsample
        values["slope"] = lambda: library.autograd.grad((d.rsample() ** 2).sum(), p)[0]
    values["slope of log_prob"] = lambda: library.autograd.grad(d.log_prob(drawn).sum(), p)[0]
    return results | {name: outcome(each) for name, each in values.items()}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", N)
def test_a_distribution_is_pytorchs(kind):
    ours, real = (told(library, N[kind]) for library in (torch, pytest.importorskip("torch")))
    for name in real:
        same(ours[name], real[name])


def divergence(library, first, second):
    p, D = library.linspace(0.1, 0.9, 6, dtype=library.float64).reshape(2, 3), library.distributions
    return outcome(lambda: D.kl_divergence(first(D, p), second(D, p.flip(1))))


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_divergences_are_pytorchs():
    oracle = pytest.importorskip("torch")
    plain = {"Bernoulli": lambda D, p: D.Bernoulli(p), "Normal": lambda D, p: D.Normal(p, p + 1)}
    plain |= {"Uniform": lambda D, p: D.Uniform(p * 0.4, p * 0.4 + 0.5), "Categorical": lambda D, p: D.Categorical(p)}
    kinds = N | plain
    ways = 0
    for first, second in itertools.product(kinds, kinds):
        results = [divergence(library, kinds[first], kinds[second]) for library in (torch, oracle)]
        same(*results)
        ways += len(results[0]) == 3
    assert ways > 70
