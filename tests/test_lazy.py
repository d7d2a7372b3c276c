"""Layers that learn the size of their input from the first one, beside PyTorch's."""

import copy
import gc
import weakref

import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn


def network(nn):
    return nn.Sequential(
        nn.LazyConv2d(6, kernel_size=5, padding=2), nn.LazyBatchNorm2d(), nn.Sigmoid(), nn.AvgPool2d(2),
        nn.LazyConvTranspose2d(4, 3, stride=2), nn.LazyInstanceNorm2d(), nn.Flatten(), nn.LazyLinear(10),
        nn.LazyBatchNorm1d(affine=False), nn.LazyLinear(3, bias=False),
    )  # fmt: skip


@pytest.mark.oracle
def test_a_lazy_network_is_pytorchs_before_and_after_its_first_input():
    real = pytest.importorskip("torch")
    told = []
    for library in (torch, real):
        library.manual_seed(3)
        net = network(library.nn)
        before = repr(net), repr(net[0].weight), repr(net[1].running_mean), list(net.state_dict())
        x = library.randn(8, 1, 12, 12)
        loss = net(x).pow(2).mean()
        loss.backward()
        after = repr(net), [type(each).__name__ for each in net], type(net[0].weight).__name__
        told.append((before, after, loss.item(), [p.grad.sum().item() for p in net.parameters()], net))
    (before, after, loss, grads, ours), (real_before, real_after, real_loss, real_grads, reals) = told
    assert before == real_before and after == real_after
    assert loss == pytest.approx(real_loss, rel=1e-5) and grads == pytest.approx(real_grads, rel=1e-3, abs=1e-4)
    for key, value in reals.state_dict().items():
        assert ours.state_dict()[key].numpy() == pytest.approx(value.numpy(), rel=1e-5, abs=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "misuse",
    [
        lambda nn, ones: nn.LazyLinear(3).weight.shape,
        lambda nn, ones: nn.LazyLinear(3).weight.numel(),
        lambda nn, ones: nn.LazyLinear(3).weight.share_memory_(),
        lambda nn, ones: nn.Linear(2, 3).load_state_dict(nn.LazyLinear(3).state_dict()),
        lambda nn, ones: nn.LazyConv2d(3, 3)(ones(3)),
        lambda nn, ones: nn.LazyConv2d(4, 3, groups=2)(ones(3, 5, 5)),
    ],
)
def test_misuse_is_told_in_pytorchs_words(misuse):
    real = pytest.importorskip("torch")
    errors = []
    for library in (torch, real):
        with pytest.raises((RuntimeError, ValueError)) as caught:
            misuse(library.nn, library.ones)
        errors.append((caught.type, str(caught.value)))
    assert errors[0] == errors[1]


def test_states_are_loaded_into_lazy_layers_and_out_of_them():
    lazy, known = nn.LazyLinear(3), nn.Linear(5, 3)
    lazy.load_state_dict(known.state_dict())
    assert torch.equal(lazy(torch.ones(5)), known(torch.ones(5)))
    assert type(lazy) is nn.Linear and lazy.in_features == 5
    other = nn.LazyLinear(3)
    other.load_state_dict(nn.LazyLinear(3).state_dict())
    assert isinstance(other.weight, nn.parameter.UninitializedParameter)


def test_lazy_layers_are_copied_converted_and_freed():
    layer = nn.LazyLinear(2).double().to("cpu")
    twin = copy.deepcopy(layer)
    assert layer(torch.ones(4, dtype=torch.float64)).dtype is torch.float64
    assert twin.has_uninitialized_params() and twin(torch.ones(7, dtype=torch.float64)).shape == (2,)
    gc.disable()
    try:
        gone = weakref.ref(unused := nn.LazyConv1d(2, 3))
        del unused
        assert gone() is None
    finally:
        gc.enable()
