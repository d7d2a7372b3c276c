"""Parameters and buffers: what they are, how they print, copy and pickle."""

import copy
import pickle

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu import nn


def test_parameter_is_a_leaf_that_shares_memory_and_requires_grad():
    data = torch.zeros(2)
    param = nn.Parameter(data)
    data[0] = 5.0
    assert type(param) is nn.Parameter
    assert isinstance(param, torch.Tensor)
    assert param.is_leaf
    assert param.requires_grad
    assert not data.requires_grad
    assert param.tolist() == [5.0, 0.0]


def test_parameter_of_a_computed_tensor_is_a_leaf():
    computed = torch.ones(2, requires_grad=True) * 2
    param = nn.Parameter(computed)
    assert param.is_leaf
    assert param.grad_fn is None


def test_parameter_collects_a_gradient():
    param = nn.Parameter(torch.ones(2))
    (param * torch.tensor([2.0, 3.0])).sum().backward()
    assert param.grad.tolist() == [2.0, 3.0]


def test_results_of_operations_are_tensors():
    param = nn.Parameter(torch.ones(2))
    for result in (param * 2, param[0], param.detach(), param.data, param.clone()):
        assert type(result) is torch.Tensor
        assert not isinstance(result, nn.Parameter)


def test_printed_form():
    assert repr(nn.Parameter(torch.tensor([1.0, 2.0]))) == (
        "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
    )
    assert str(nn.Parameter(torch.tensor(1.0), requires_grad=False)) == "Parameter containing:\ntensor(1.)"


def test_empty_parameter():
    assert nn.Parameter().shape == (0,)


def test_deepcopy_has_its_own_memory_and_no_gradient():
    param = nn.Parameter(torch.ones(2), requires_grad=True)
    param.sum().backward()
    other, again = copy.deepcopy([param, param])
    assert other is again
    assert type(other) is nn.Parameter
    assert other.requires_grad
    other.data[0] = 7.0
    assert param.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("requires_grad", [True, False])
def test_pickle_keeps_class_values_requires_grad_and_attributes(requires_grad):
    param = nn.Parameter(torch.tensor([1.0, 2.0]), requires_grad)
    param.note = "kept"
    loaded = pickle.loads(pickle.dumps(param))
    assert type(loaded) is nn.Parameter
    assert loaded.tolist() == [1.0, 2.0]
    assert loaded.requires_grad is requires_grad
    assert loaded.note == "kept"


def test_a_tensor_class_of_ones_own_stays_and_counts_as_parameter():
    class Mine(torch.Tensor):
        def detach(self):
            return Mine(self.tolist())

    param = nn.Parameter(Mine([1.0, 2.0]))
    assert type(param) is Mine
    assert isinstance(param, nn.Parameter)
    assert param.requires_grad
    module = nn.Module()
    module.weight = param
    assert [each is param for each in module.parameters()] == [True]


def test_buffer_is_a_plain_tensor_that_counts_as_buffer():
    buffer = nn.Buffer(torch.ones(2), persistent=False)
    assert type(buffer) is torch.Tensor
    assert isinstance(buffer, nn.Buffer)
    assert not isinstance(torch.ones(2), nn.Buffer)
    assert not isinstance(buffer, nn.Parameter)
    assert buffer.persistent is False
    assert nn.Buffer().shape == (0,)


def test_buffer_is_registered_when_assigned():
    module = nn.Module()
    module.kept = nn.Buffer(torch.ones(1))
    module.lost = nn.Buffer(torch.zeros(1), persistent=False)
    assert [name for name, _ in module.named_buffers()] == ["kept", "lost"]
    assert list(module.state_dict()) == ["kept"]


SCRIPTS = {
    "repr": lambda t: repr(t.nn.Parameter(t.ones(2, 2))),
    "integers": lambda t: t.nn.Parameter(t.tensor([1, 2])),
    "integers without gradient": lambda t: t.nn.Parameter(t.tensor([1, 2]), requires_grad=False),
    "list": lambda t: t.nn.Parameter([1.0]),
    "deepcopy repr": lambda t: repr(copy.deepcopy(t.nn.Parameter(t.ones(2)))),
    "data": lambda t: repr(t.nn.Parameter(t.ones(2)).data),
    "list of parameters": lambda t: repr([t.nn.Parameter(t.ones(2))]),
    "format": lambda t: f"{t.nn.Parameter(t.ones(2))}",
    "buffer repr": lambda t: repr(t.nn.Buffer(t.ones(2))),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", SCRIPTS)
def test_agrees_with_pytorch(name):
    agree(SCRIPTS[name])
