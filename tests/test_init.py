"""Initialisation: the formulas, and PyTorch's numbers under a seed."""

import math

import pytest
from agreement import agree
from tinygrad_edu.nn import init

import tinygrad_edu as torch
from tinygrad_edu import nn

FILLS = {
    "uniform_": lambda i, w: i.uniform_(w, -2, 3),
    "normal_": lambda i, w: i.normal_(w, 1, 0.5),
    "trunc_normal_": lambda i, w: i.trunc_normal_(w),
    "trunc_normal_ shifted": lambda i, w: i.trunc_normal_(w, mean=0.5, std=0.7, a=-0.3, b=1.1),
    "trunc_normal_ in a tail": lambda i, w: i.trunc_normal_(w, a=1.5, b=2.5),
    "trunc_normal_ far in a tail": lambda i, w: i.trunc_normal_(w, a=3.0, b=4.0),
    "constant_": lambda i, w: i.constant_(w, 0.3),
    "ones_": lambda i, w: i.ones_(w),
    "zeros_": lambda i, w: i.zeros_(w),
    "eye_": lambda i, w: i.eye_(w),
    "xavier_uniform_": lambda i, w: i.xavier_uniform_(w, gain=1.5),
    "xavier_normal_": lambda i, w: i.xavier_normal_(w),
    "kaiming_uniform_": lambda i, w: i.kaiming_uniform_(w, nonlinearity="relu"),
    "kaiming_uniform_ fan_out": lambda i, w: i.kaiming_uniform_(w, a=0.2, mode="fan_out"),
    "kaiming_normal_": lambda i, w: i.kaiming_normal_(w, mode="FAN_OUT", nonlinearity="relu"),
    "sparse_": lambda i, w: i.sparse_(w, 0.3),
}


def test_calculate_gain():
    assert (
        init.calculate_gain("linear") == init.calculate_gain("conv_transpose2d") == init.calculate_gain("sigmoid") == 1
    )
    assert init.calculate_gain("tanh") == 5 / 3
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))
    assert init.calculate_gain("leaky_relu", 0.2) == math.sqrt(2 / (1 + 0.2**2))
    assert init.calculate_gain("selu") == 0.75


def test_fans_of_a_convolution():
    assert init._calculate_fan_in_and_fan_out(torch.empty(8, 3, 5, 5)) == (75, 200)


def test_bounds_of_the_uniform_families():
    weight = torch.empty(400, 100)
    for fill, bound in [
        (init.xavier_uniform_, math.sqrt(6 / 500)),
        (init.kaiming_uniform_, math.sqrt(6 / 100)),
        (lambda w: init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"), math.sqrt(6 / 400)),
    ]:
        fill(weight)
        assert 0.99 * bound < weight.abs().max().item() <= bound


def test_spread_of_the_normal_families():
    weight = torch.empty(400, 100)
    torch.manual_seed(0)
    for fill, std in [(init.xavier_normal_, math.sqrt(2 / 500)), (init.kaiming_normal_, math.sqrt(2 / 100))]:
        fill(weight)
        assert weight.std().item() == pytest.approx(std, rel=0.02)


def test_truncated_normal_stays_inside():
    torch.manual_seed(0)
    for low, high in [(-1.0, 0.5), (1.5, 2.0)]:
        weight = init.trunc_normal_(torch.empty(1000), a=low, b=high)
        assert low <= weight.min().item()
        assert weight.max().item() <= high


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 2)])
def test_orthogonal_rows_or_columns(shape):
    weight = init.orthogonal_(torch.empty(shape), gain=2.0).reshape(shape[0], -1)
    product = weight @ weight.t() if weight.shape[0] <= weight.shape[1] else weight.t() @ weight
    assert (product - 4 * torch.eye(len(product))).abs().max().item() < 1e-5


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_dirac_makes_a_convolution_pass_its_channels_on(dims):
    weight = init.dirac_(torch.empty(4, 2, *[3] * dims), groups=2)
    assert weight.nonzero().tolist() == [
        [0, 0, *[1] * dims],
        [1, 1, *[1] * dims],
        [2, 0, *[1] * dims],
        [3, 1, *[1] * dims],
    ]


def test_fills_in_place_without_recording_and_returns_the_same_tensor():
    weight = nn.Parameter(torch.empty(4, 3))
    for fill in FILLS.values():
        if fill is not FILLS["trunc_normal_ far in a tail"]:
            assert fill(init, weight) is weight
    assert init.orthogonal_(weight) is weight
    assert weight.is_leaf
    assert weight.grad_fn is None


@pytest.mark.parametrize(
    "name", ["uniform", "normal", "xavier_uniform", "kaiming_normal", "eye", "sparse", "orthogonal"]
)
def test_names_without_underscore_warn_and_work(name):
    args = {"sparse": [0.5]}.get(name, [])
    new = getattr(init, f"{name}_")
    torch.manual_seed(0)
    expected = new(torch.empty(3, 3), *args).tolist()
    torch.manual_seed(0)
    with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`."):
        assert getattr(init, name)(torch.empty(3, 3), *args).tolist() == expected


def test_generator_is_the_source():
    state = torch.get_rng_state().tolist()
    drawn = [init.uniform_(torch.empty(3), generator=torch.Generator().manual_seed(1)).tolist() for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert torch.get_rng_state().tolist() == state


def test_default_layers_have_the_numbers_of_the_seed():
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    assert layer.weight.tolist() == [
        [-0.004322517663240433, 0.3097158372402191, -0.4751853346824646],
        [-0.4248946011066437, -0.2223689705133438, 0.15482072532176971],
    ]
    assert layer.bias.tolist() == [-0.011439144611358643, 0.45777493715286255]


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FILLS)
def test_numbers_equal_pytorchs(name, dtype):
    def script(t):
        t.manual_seed(5)
        generator_state_shows = FILLS[name](t.nn.init, t.empty(7, 5, dtype=getattr(t, dtype)))
        return generator_state_shows, t.rand(2)

    agree(script)


@pytest.mark.oracle
def test_orthogonal_numbers_are_close_to_pytorchs():
    oracle = pytest.importorskip("torch")
    for shape in [(3, 5), (5, 3), (4, 2, 2)]:
        drawn = []
        for t in (torch, oracle):
            t.manual_seed(2)
            drawn.append(t.nn.init.orthogonal_(t.empty(shape)).flatten().tolist())
        assert drawn[0] == pytest.approx(drawn[1], abs=1e-6)


LAYERS = {
    "Linear": lambda nn: nn.Linear(5, 3),
    "Linear without bias": lambda nn: nn.Linear(5, 3, bias=False),
    "Linear of many": lambda nn: nn.Linear(30, 20),
    "Bilinear": lambda nn: nn.Bilinear(2, 3, 4),
    "BatchNorm1d": lambda nn: nn.BatchNorm1d(3),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_default_parameters_equal_pytorchs(name):
    def script(t):
        t.manual_seed(11)
        return dict(LAYERS[name](t.nn).state_dict()), t.rand(2)

    agree(script)


MISTAKES = {
    "gain of nothing": lambda t: t.nn.init.calculate_gain("nothing"),
    "gain of a bool": lambda t: t.nn.init.calculate_gain("leaky_relu", True),
    "gain of a str": lambda t: t.nn.init.calculate_gain("leaky_relu", "x"),
    "fans of a vector": lambda t: t.nn.init.xavier_normal_(t.empty(3)),
    "eye of a vector": lambda t: t.nn.init.eye_(t.empty(3)),
    "dirac of a matrix": lambda t: t.nn.init.dirac_(t.empty(3, 3)),
    "dirac groups": lambda t: t.nn.init.dirac_(t.empty(3, 3, 3), groups=2),
    "mode": lambda t: t.nn.init.kaiming_normal_(t.empty(3, 3), mode="fan"),
    "no elements": lambda t: t.nn.init.kaiming_uniform_(t.empty(0, 3)).tolist(),
    "orthogonal vector": lambda t: t.nn.init.orthogonal_(t.empty(3)),
    "sparse vector": lambda t: t.nn.init.sparse_(t.empty(3), 0.1),
    "deprecated": lambda t: t.nn.init.constant(t.empty(2), 3.0),
    "trunc far from mean": lambda t: t.nn.init.trunc_normal_(t.empty(4), a=5.0, b=6.0).shape,
    "linear without inputs": lambda t: t.nn.Linear(0, 2).bias,
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_agree_with_pytorch(name):
    agree(MISTAKES[name])
