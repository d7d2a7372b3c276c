"""``torch.distributions``: what is drawn, probabilities, entropies and divergences are PyTorch's."""

import pytest
from agreement import agree

import tinygrad_edu as torch

KINDS = {
    "categorical": lambda D, p: D.Categorical(p),
    "categorical logits": lambda D, p: D.Categorical(logits=p),
    "normal": lambda D, p: D.Normal(p, p.exp()),
    "normal numbers": lambda D, p: D.Normal(0.0, 2.0),
    "normal mixed": lambda D, p: D.Normal(p, 1),
    "bernoulli": lambda D, p: D.Bernoulli(p),
    "bernoulli logits": lambda D, p: D.Bernoulli(logits=p),
    "bernoulli number": lambda D, p: D.Bernoulli(0.3),
    "uniform": lambda D, p: D.Uniform(p, p + 2),
}


def rounded(tensor):
    return tuple(tensor.shape), pytest.approx(tensor.detach().double().reshape(-1).tolist(), rel=1e-5, abs=1e-6, nan_ok=True)


@pytest.mark.oracle
@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_is_pytorchs(kind):
    told = []
    for library in (torch, pytest.importorskip("torch")):
        library.manual_seed(4)
        p = library.rand(4, 3, requires_grad=True)
        d = KINDS[kind](library.distributions, p)
        printed = repr(d), tuple(d.batch_shape), tuple(d.event_shape), d.has_rsample
        one, two = d.sample(), d.sample((2, 1))
        numbers = [one, two, d.log_prob(one), d.log_prob(two), d.entropy(), d.mean, d.variance, d.stddev]
        if d.has_rsample:
            numbers.append(d.rsample((2,)))
        loss = sum(each.sum() for each in (d.log_prob(one), d.entropy(), *numbers[8:]))
        if loss.requires_grad:
            loss.backward()
            numbers.append(p.grad)
        told.append((printed, numbers, repr(d)))
    assert told[0][0] == told[1][0] and told[0][2] == told[1][2]
    assert len(told[0][1]) == len(told[1][1])
    for ours, real in zip(told[0][1], told[1][1], strict=True):
        assert (tuple(ours.shape), ours.detach().double().reshape(-1).tolist()) == rounded(real)


PAIRS = {
    "normal": lambda D, p: (D.Normal(p, 1.0), D.Normal(0.0, 2.0)),
    "categorical": lambda D, p: (D.Categorical(p), D.Categorical(logits=p)),
    "bernoulli": lambda D, p: (D.Bernoulli(p), D.Bernoulli(0.3)),
    "uniform": lambda D, p: (D.Uniform(p, 2.0), D.Uniform(0.0, 3.0)),
    "uniform outside": lambda D, p: (D.Uniform(p, 5.0), D.Uniform(0.0, 3.0)),
}


@pytest.mark.oracle
@pytest.mark.parametrize("pair", PAIRS)
def test_divergences_are_pytorchs(pair):
    real = pytest.importorskip("torch")
    results = []
    for library in (torch, real):
        p = library.tensor([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
        results.append(library.distributions.kl_divergence(*PAIRS[pair](library.distributions, p)))
    assert (tuple(results[0].shape), results[0].double().reshape(-1).tolist()) == rounded(results[1])


@pytest.mark.oracle
@pytest.mark.parametrize(
    "misuse",
    [
        lambda torch, D: D.Categorical(torch.tensor([-1.0, 2.0])),
        lambda torch, D: D.Normal(0.0, -1.0),
        lambda torch, D: D.Bernoulli(torch.tensor([2.0, 0.5])),
        lambda torch, D: D.Categorical(),
        lambda torch, D: D.Categorical(torch.ones(3)).log_prob(torch.tensor(7)),
        lambda torch, D: D.Bernoulli(0.5).log_prob(torch.tensor(0.5)),
        lambda torch, D: D.Uniform(1.0, 0.0),
        lambda torch, D: D.Categorical(torch.tensor(1.0)),
    ],
)
def test_misuse_is_told_in_pytorchs_words(misuse):
    errors = []
    for library in (torch, pytest.importorskip("torch")):
        with pytest.raises(ValueError) as caught:
            misuse(library, library.distributions)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


@pytest.mark.oracle
def test_bernoulli_draws_in_the_order_of_the_elements_whatever_the_strides():
    real = pytest.importorskip("torch")
    drawn = []
    for library in (torch, real):
        library.manual_seed(0)
        p = library.rand(4, 3)
        drawn.append([library.bernoulli(each).tolist() for each in (p.t(), p.expand(2, 4, 3), p[:, ::2])])
    assert drawn[0] == drawn[1]


def test_tensors_of_the_common_shape_are_not_expanded():
    x = torch.ones(2, 2, requires_grad=True)
    same, wide = torch.broadcast_tensors(x, torch.ones(2))
    assert same is x and wide.shape == (2, 2)


@pytest.mark.oracle
@pytest.mark.parametrize("dims", [0, 1, 2, 3])
def test_independent_draws(dims):
    def script(torch):
        D = torch.distributions
        torch.manual_seed(1)
        loc = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], requires_grad=True)
        p, q = D.Independent(D.Normal(loc, 2.0), dims), D.Independent(D.Normal(torch.ones(2, 3), 1.0), dims)
        shapes = [tuple(each) for each in (p.batch_shape, p.event_shape, p.sample((4,)).shape)]
        drawn = p.rsample()
        numbers = p.log_prob(torch.ones(2, 3)), p.entropy(), D.kl_divergence(p, q), p.mean, p.mode, p.variance, drawn
        p.log_prob(drawn.detach()).sum().backward()
        coins = D.Independent(D.Bernoulli(torch.tensor([0.2, 0.8])), 1)
        rest = repr(p), p.has_rsample, coins.has_rsample, coins.log_prob(torch.tensor([1.0, 0.0]))
        return shapes, [each.detach().double().numpy().round(5).tolist() for each in (*numbers, loc.grad)], rest

    agree(script)
