"""``torch.distributions.transforms`` and the registries of constraints: values, determinants, shapes, errors PyTorch's."""

import pytest
from agreement import agree

KINDS = {
    "abs": lambda D: D.AbsTransform(),
    "affine": lambda D: D.AffineTransform(1.0, -2.0, event_dim=1),
    "cat": lambda D: D.CatTransform([D.ExpTransform(), D.TanhTransform()], dim=-1, lengths=[2, 4]),
    "cdf": lambda D: D.CumulativeDistributionTransform(D.Normal(0.0, 1.0)),
    "compose": lambda D: D.ComposeTransform([D.ExpTransform(), D.AffineTransform(0.0, 3.0), D.StickBreakingTransform()]),
    "correlation": lambda D: D.CorrCholeskyTransform(),
    "exp": lambda D: D.ExpTransform(),
    "inverse": lambda D: D.ComposeTransform([D.TanhTransform(), D.AffineTransform(2.0, 1.0)]).inv.inv,
    "independent": lambda D: D.IndependentTransform(D.SoftplusTransform(), 1),
    "power": lambda D: D.ComposeTransform([D.ExpTransform(), D.PowerTransform(2.0)]),
    "reshape": lambda D: D.ReshapeTransform((6,), (2, 3)),
    "sigmoid": lambda D: D.SigmoidTransform(cache_size=1),
    "softmax": lambda D: D.SoftmaxTransform(),
    "softplus": lambda D: D.SoftplusTransform(),
    "stack": lambda D: D.StackTransform([D.ExpTransform(), D.SigmoidTransform()], dim=0),
    "sticks": lambda D: D.StickBreakingTransform(),
    "tanh": lambda D: D.TanhTransform(),
}


def rounded(tensor):
    return tuple(tensor.shape), tensor.detach().numpy().round(6).tolist()


@pytest.mark.oracle
@pytest.mark.parametrize("kind", KINDS)
def test_a_transform_is_pytorchs(kind):
    def script(t):
        transform = KINDS[kind](t.distributions)
        x = t.linspace(-1.5, 1.0, 12, dtype=t.float64).reshape(2, 6).requires_grad_()
        y = transform(x)
        back = transform.inv(y.detach() + 0)
        facts = [repr(transform), repr(transform.inv), repr(transform.domain), repr(transform.codomain), transform.bijective]
        facts += [list(transform.forward_shape(x.shape)), list(transform.inverse_shape(y.shape)), transform == transform.inv]
        numbers = [rounded(y), rounded(back)]
        if transform.bijective:
            determinant = transform.log_abs_det_jacobian(x, y)
            determinant.sum().backward()
            numbers += [rounded(determinant), None if x.grad is None else rounded(x.grad)]
        return facts, numbers, transform.inv.inv is transform

    agree(script)


ERRORS = {
    "shape": lambda D: D.ReshapeTransform((2,), (3,)),
    "shape of a value": lambda D: D.ReshapeTransform((2,), (1, 2)).forward_shape((3,)),
    "cache": lambda D: D.ExpTransform(cache_size=2),
    "lengths": lambda D: D.CatTransform([D.ExpTransform()], lengths=[1, 2]),
    "no transforms": lambda D: D.CatTransform([1]),
    "correlation": lambda D: D.CorrCholeskyTransform().forward_shape((4,)),
    "not square": lambda D: D.CorrCholeskyTransform().inverse_shape((4, 3)),
    "no list": lambda D: D.TransformedDistribution(D.Normal(0.0, 1.0), 3),
    "list": lambda D: D.TransformedDistribution(D.Normal(0.0, 1.0), [3]),
    "too few axes": lambda D: D.TransformedDistribution(D.Normal(0.0, 1.0), D.StickBreakingTransform()),
    "no transform for it": lambda D: D.biject_to(D.constraints.lower_cholesky),
    "no constraint": lambda D: D.transform_to.register(3, lambda c: c),
    "dependent": lambda D: D.constraints.dependent.check(1),
    "event_dim of dependent": lambda D: D.constraints.dependent.event_dim,
    "no bounds": lambda D: D.constraints.independent(3, 1),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", ERRORS)
def test_misuse_is_refused_in_pytorchs_words(name):
    agree(lambda t: ERRORS[name](t.distributions))


@pytest.mark.oracle
def test_constraints_and_their_transforms_are_pytorchs():
    def script(t):
        D, c = t.distributions, t.distributions.constraints
        names = """
            boolean corr_cholesky lower_cholesky lower_triangular nonnegative nonnegative_integer one_hot positive
            positive_definite positive_integer real real_vector simplex square symmetric unit_interval
        """
        known = {name: getattr(c, name) for name in names.split()}
        known |= {"interval": c.interval(-1.0, 2.0), "above": c.greater_than(1.0), "below": c.less_than(3.0)}
        known |= {"half": c.half_open_interval(0.0, 1.0), "cat": c.cat([c.real, c.positive], -1, [1, 2])}
        known |= {"stack": c.stack([c.real, c.positive, c.real], -1), "counts": c.multinomial(3)}
        values = [t.eye(3), -t.eye(3), t.ones(3, 3) / 3, t.arange(9.0).view(3, 3)]
        matrices = t.eye(3), -t.eye(3), t.diag(t.tensor([1.0, 0.0, 2.0]))
        told = {"semidefinite": [c.positive_semidefinite.check(each) for each in matrices]}  # where no rounding decides
        for name, constraint in known.items():
            told[name] = [repr(constraint), constraint.event_dim, constraint.is_discrete]
            told[name] += [constraint.check(value) for value in values]
            for registry in (D.biject_to, D.transform_to):
                try:
                    told[name] += [repr(registry(constraint))]
                except NotImplementedError as error:
                    told[name] += [str(error)]
        return told

    agree(script)
