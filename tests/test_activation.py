"""nn's activation modules: printed form, options, and PyTorch's values for them."""

import warnings

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn

PRINTED = """
CELU(alpha=1.0) | CELU()
CELU(alpha=2, inplace=True) | CELU(2, True)
ELU(alpha=1.0) | ELU()
ELU(alpha=0.5, inplace=True) | ELU(0.5, inplace=True)
GELU(approximate='none') | GELU()
GELU(approximate='tanh') | GELU("tanh")
GLU(dim=-1) | GLU()
GLU(dim=1) | GLU(1)
Hardshrink(0.5) | Hardshrink()
Hardshrink(1) | Hardshrink(1)
Hardsigmoid() | Hardsigmoid(True)
Hardswish() | Hardswish()
Hardtanh(min_val=-1.0, max_val=1.0) | Hardtanh()
Hardtanh(min_val=-2, max_val=2, inplace=True) | Hardtanh(-2, 2, True)
LeakyReLU(negative_slope=0.01) | LeakyReLU()
LeakyReLU(negative_slope=0.2, inplace=True) | LeakyReLU(0.2, inplace=True)
LogSigmoid() | LogSigmoid()
LogSoftmax(dim=1) | LogSoftmax(1)
Mish() | Mish()
PReLU(num_parameters=1) | PReLU()
PReLU(num_parameters=4) | PReLU(4, 0.1)
RReLU(lower=0.125, upper=0.3333333333333333) | RReLU()
RReLU(lower=0.1, upper=0.2, inplace=True) | RReLU(0.1, 0.2, True)
ReLU() | ReLU()
ReLU(inplace=True) | ReLU(inplace=True)
ReLU6() | ReLU6()
ReLU6(inplace=True) | ReLU6(True)
SELU() | SELU()
SELU(inplace=True) | SELU(True)
SiLU() | SiLU()
SiLU(inplace=True) | SiLU(True)
Sigmoid() | Sigmoid()
Softmax(dim=1) | Softmax(1)
Softmax2d() | Softmax2d()
Softmin(dim=0) | Softmin(0)
Softplus(beta=1.0, threshold=20.0) | Softplus()
Softplus(beta=2, threshold=3) | Softplus(2, 3)
Softshrink(0.5) | Softshrink()
Softsign() | Softsign()
Tanh() | Tanh()
Tanhshrink() | Tanhshrink()
Threshold(threshold=0.1, value=20) | Threshold(0.1, 20)
Threshold(threshold=1, value=2, inplace=True) | Threshold(1, 2, True)
""".strip().split("\n")
CASES = [line.split(" | ") for line in PRINTED]


def made(library, text):
    return eval(text, vars(library.nn))


def test_every_activation_is_covered():
    assert {text.partition("(")[0] for _, text in CASES} == set(nn.activation.__all__)


@pytest.mark.parametrize(("printed", "text"), CASES)
def test_printed_form(printed, text):
    assert repr(made(torch, text)) == printed


@pytest.mark.oracle
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("printed", "text"), CASES)
def test_like_pytorch(printed, text, training):
    real = pytest.importorskip("torch")
    found = []
    for library in (real, torch):
        module = made(library, text).train(training)
        assert repr(module) == printed
        library.manual_seed(4)
        x = library.randn(2, 4, 2, 2, requires_grad=True)
        out = module(x * 1)
        slope = library.cos(out.detach() * 7)
        parameters = list(module.parameters())
        grads = library.autograd.grad(out, [x, *parameters], slope)
        drawn = library.rand(3)
        found.append([each.detach().numpy() for each in (out, *grads, drawn)])
        found[-1].append(out.grad_fn.name())
    (*theirs, their_node), (*ours, our_node) = found
    assert our_node == their_node
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(("printed", "text"), [case for case in CASES if "True" in case[1]])
def test_in_place_modules_write_into_their_input(printed, text):
    module = made(torch, text).eval()
    x = torch.tensor([-1.0, 2.5, 0.3])
    values = x.clone()
    module.inplace = False
    expected = module(values)
    assert values.equal(x)
    module.inplace = True
    assert module(x) is x
    assert x.equal(expected)


def test_in_place_after_a_layer_needs_only_its_result():
    x = torch.tensor([[-1.0, 2.0, -0.5]], requires_grad=True)
    for module in (nn.LeakyReLU(0.1), nn.ELU(0.7), nn.CELU(0.7), nn.SELU(), nn.Threshold(0.1, 0.05)):
        (plain,) = torch.autograd.grad(module(x * 2).sum(), x)
        module.inplace = True
        (in_place,) = torch.autograd.grad(module(x * 2).sum(), x)
        np.testing.assert_allclose(in_place.numpy(), plain.numpy(), rtol=1e-6)


def test_parameters_of_prelu():
    module = nn.PReLU(3, 0.5, dtype=torch.float64)
    assert list(module.state_dict()) == ["weight"]
    assert module.weight.tolist() == [0.5, 0.5, 0.5]
    assert module.weight.dtype is torch.float64
    module(torch.tensor([[-1.0, 2.0, -3.0]], dtype=torch.float64)).sum().backward()
    assert module.weight.grad.tolist() == [-1.0, 0.0, -3.0]


def test_old_names_of_hardtanh():
    with pytest.warns(FutureWarning, match="^keyword argument `min_value` is deprecated and renamed to `min_val`$"):
        module = nn.Hardtanh(min_value=-3)
    with pytest.warns(FutureWarning, match="^keyword argument `max_value` is deprecated and renamed to `max_val`$"):
        nn.Hardtanh(max_value=3)
    assert (module.min_val, module.max_val) == (-3, 1.0)
    with pytest.raises(AssertionError, match=r"^max_val \(1\) must be greater than min_val \(1\)$"):
        nn.Hardtanh(1, 1)


def test_softmin_without_dim_warns():
    with pytest.warns(UserWarning, match="^Implicit dimension choice for softmin has been deprecated"):
        nn.Softmin()(torch.ones(2, 2))


def test_hard_gumbel_softmax_is_one_hot_with_a_soft_gradient():
    torch.manual_seed(0)
    logits = torch.randn(5, 4, requires_grad=True)
    out = nn.functional.gumbel_softmax(logits, 0.7, hard=True)
    assert sorted(set(out.round().tolist()[0])) == [0.0, 1.0]
    np.testing.assert_allclose(out.detach().sum(1).numpy(), np.ones(5), rtol=1e-6)
    (out * torch.arange(4.0)).sum().backward()
    assert logits.grad.abs().sum() > 0


def test_every_slope_of_rrelu_is_drawn_within_its_bounds():
    torch.manual_seed(1)
    x = -torch.ones(500)
    slopes = -nn.RReLU(0.25, 0.5)(x)
    assert 0.25 <= slopes.min() < 0.26 and 0.49 < slopes.max() <= 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nn.RReLU(0.25, 0.5).eval()(x).tolist() == [-0.375] * 500
