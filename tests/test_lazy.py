"""Lazy layers: the same printed form, state and numbers as PyTorch's before and after the first input."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn

LAYERS = {
    "LazyLinear": ((5,), {}, (4, 3)),
    "LazyLinear without bias": ((5,), {"bias": False}, (3,)),
    "LazyConv1d": ((4, 3), {"padding": 1}, (2, 3, 7)),
    "LazyConv2d": ((4, 3), {"groups": 2, "stride": 2}, (2, 6, 7, 7)),
    "LazyConv2d unbatched": ((4, 3), {"bias": False}, (3, 7, 7)),
    "LazyConv3d": ((2, 2), {}, (1, 3, 4, 4, 4)),
    "LazyConvTranspose1d": ((4, 3), {"output_padding": 1, "stride": 2}, (2, 3, 5)),
    "LazyConvTranspose2d": ((4, 3), {"groups": 2}, (2, 6, 5, 5)),
    "LazyConvTranspose3d": ((2, 2), {}, (1, 3, 3, 3, 3)),
    "LazyBatchNorm1d": ((), {}, (4, 3)),
    "LazyBatchNorm2d": ((), {"affine": False}, (4, 3, 2, 2)),
    "LazyBatchNorm2d without bias": ((1e-3,), {"bias": False, "track_running_stats": False}, (4, 3, 2, 2)),
    "LazyBatchNorm3d": ((), {"momentum": None}, (4, 3, 2, 2, 2)),
    "LazyInstanceNorm1d": ((), {}, (4, 3, 5)),
    "LazyInstanceNorm2d": ((), {}, (4, 3, 5, 2)),
    "LazyInstanceNorm3d": ((), {"affine": False}, (4, 3, 2, 2, 2)),
}


def make(module, name):
    arguments, options, _ = LAYERS[name]
    return getattr(module, name.split()[0])(*arguments, **options)


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_as_in_pytorch(name):
    torch = pytest.importorskip("torch")
    theirs, ours = make(torch.nn, name), make(nn, name)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert str(ours.state_dict()) == str(theirs.state_dict())
    torch.manual_seed(3), te.manual_seed(3)
    x, y = torch.randn(LAYERS[name][2]), te.randn(LAYERS[name][2])
    expected, result = theirs(x), ours(y)
    assert repr(ours) == repr(theirs) and type(ours).__name__ == type(theirs).__name__
    np.testing.assert_allclose(result.detach(), expected.detach(), rtol=1e-5, atol=1e-6)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key], value, rtol=1e-6, atol=1e-7)
    assert all(type(param) is nn.Parameter and param.requires_grad for param in ours.parameters())


@pytest.mark.oracle
@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.LazyLinear(3).weight.shape,
        lambda m: m.LazyLinear(3).weight.numel(),
        lambda m: m.LazyLinear(3).weight.sum(),
        lambda m: m.LazyLinear(3).share_memory(),
        lambda m: m.Linear(2, 3).load_state_dict(m.LazyLinear(3).state_dict()),
    ],
)
def test_use_before_the_first_input(use):
    torch = pytest.importorskip("torch")
    with pytest.raises((RuntimeError, ValueError)) as expected:
        use(torch.nn)
    with pytest.raises(type(expected.value)) as found:
        use(nn)
    assert str(found.value) == str(expected.value)


def test_state_of_an_initialised_layer_initialises():
    source, target = nn.Linear(3, 2), nn.Sequential(nn.LazyLinear(2))
    target[0].load_state_dict(source.state_dict())
    assert type(target[0]) is nn.LazyLinear
    x = te.randn(4, 3)
    assert te.equal(target(x), source(x))
    assert type(target[0]) is nn.Linear and target[0].in_features == 3
    with pytest.raises(AssertionError, match=r"from input: 5 is not equal to in_features from self\.weight: 3"):
        lazy = nn.LazyLinear(2)
        lazy.load_state_dict(source.state_dict())
        lazy(te.randn(4, 5))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
def test_copies_are_lazy_and_independent(again):
    layer = nn.LazyBatchNorm1d(dtype=te.float64)
    other = again(layer)
    other(te.randn(4, 3, dtype=te.float64))
    assert type(other) is nn.BatchNorm1d and other.weight.dtype is te.float64
    assert type(layer) is nn.LazyBatchNorm1d and nn.parameter.is_lazy(layer.weight)


def test_converted_before_the_first_input():
    layer = nn.LazyConv2d(2, 3).double()
    assert layer(te.zeros(1, 3, 4, 4, dtype=te.float64)).dtype is te.float64


def test_trains_with_an_optimizer_made_before_the_first_input():
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1))
    optimizer = te.optim.SGD(model.parameters(), lr=0.1)
    model(te.ones(2, 3))
    before = model[0].weight.clone()
    model(te.randn(5, 3)).sum().backward()
    optimizer.step()
    assert not te.equal(before, model[0].weight)
