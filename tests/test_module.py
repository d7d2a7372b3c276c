"""Module: registration, attributes, traversal, state, conversion, hooks, printed form, memory."""

import copy
import functools
import gc
import pickle
import weakref
from collections import OrderedDict

import pytest
from agreement import agree, outcome
from hypothesis import given, settings
from hypothesis import strategies as st
from module_cases import KINDS, Net, consistent, small

import tinygrad_edu as torch
from tinygrad_edu import nn

# ---- members and attributes


def test_assignment_registers():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == [
        "scale", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "out.last.weight",
    ]  # fmt: skip
    assert [name for name, _ in net.named_buffers()] == [
        "steps", "scratch", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked",
    ]  # fmt: skip
    assert all(consistent(module) for module in net.modules())


def test_members_are_found_in_the_instance_itself():
    net = Net()
    assert vars(net)["hidden"] is net._modules["hidden"]
    assert vars(net.hidden)["weight"] is net.hidden._parameters["weight"]
    assert not hasattr(nn.Module, "__getattr__")


def write_parameter(m, p, layer):
    m._parameters["weight"] = p


def write_new_parameter(m, p, layer):
    m._parameters["extra"] = p


def write_module(m, p, layer):
    m._modules["child"] = layer


def update_modules(m, p, layer):
    m._modules.update(child=layer, second=nn.ReLU())


def or_modules(m, p, layer):
    m._modules |= {"child": layer}


def replace_modules(m, p, layer):
    m._modules = OrderedDict(other=layer)


def replace_parameters(m, p, layer):
    m._parameters = {}


def assign_parameter(m, p, layer):
    m.weight = p


def assign_none(m, p, layer):
    m.weight = None


def assign_module_after_parameter(m, p, layer):
    del m.weight
    m.weight = layer


def assign_parameter_over_module(m, p, layer):
    m.child = p


def assign_parameter_over_buffer(m, p, layer):
    m.steps = p


def assign_parameter_over_attribute(m, p, layer):
    m.plain = p


def assign_module_over_attribute(m, p, layer):
    m.plain = layer


def assign_buffer(m, p, layer):
    m.steps = torch.ones(2)


def assign_none_to_buffer(m, p, layer):
    m.steps = None


def delete_parameter(m, p, layer):
    del m.weight


def delete_module(m, p, layer):
    del m.child


def delete_buffer(m, p, layer):
    del m.steps


def delete_from_dict(m, p, layer):
    del m._parameters["weight"]


def pop_from_dict(m, p, layer):
    m._modules.pop("child")
    m._modules.pop("child", None)


def popitem_from_dict(m, p, layer):
    m._parameters.popitem()


def clear_dicts(m, p, layer):
    m._parameters.clear()
    m._buffers.clear()
    m._modules.clear()


def setdefault(m, p, layer):
    m._parameters.setdefault("weight", p)
    m._parameters.setdefault("extra", p)


def register(m, p, layer):
    m.register_parameter("extra", p)
    m.register_parameter("absent", None)
    m.register_buffer("more", torch.ones(1), persistent=False)
    m.register_module("sub", layer)
    m.add_module("no", None)


CHANGES = [
    write_parameter, write_new_parameter, write_module, update_modules, or_modules, replace_modules, replace_parameters,
    assign_parameter, assign_none, assign_module_after_parameter, assign_parameter_over_module,
    assign_parameter_over_buffer, assign_parameter_over_attribute, assign_module_over_attribute, assign_buffer,
    assign_none_to_buffer, delete_parameter, delete_module, delete_buffer, delete_from_dict, pop_from_dict,
    popitem_from_dict, clear_dicts, setdefault, register,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("through", ["itself", "deepcopy", "pickle", "copy"])
def test_members_and_attributes_stay_consistent(change, through):
    module = small(torch)
    made = {
        "itself": lambda m: m,
        "deepcopy": copy.deepcopy,
        "pickle": lambda m: pickle.loads(pickle.dumps(m)),
        "copy": copy.copy,
    }[through](module)
    change(made, nn.Parameter(torch.zeros(2)), nn.Tanh())
    assert consistent(made)
    assert consistent(module)


@pytest.mark.oracle
@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_members_agree_with_pytorch(change):
    def script(t):
        m = small(t)
        if change is update_modules or change is assign_buffer or change is register:
            return None  # these make tensors and layers of our own
        change(m, t.nn.Parameter(t.full((2,), 5.0)), t.nn.Tanh())
        return (
            [(name, p) for name, p in m.named_parameters()],
            [(name, b) for name, b in m.named_buffers()],
            list(m.named_modules()).__repr__(),
            dict(m.state_dict()),
            repr(m),
            [
                getattr(m, name, "gone").__class__.__name__
                for name in ("weight", "bias", "steps", "child", "plain", "extra")
            ],
            [name for name in dir(m) if name in ("weight", "bias", "steps", "child", "plain", "extra")],
        )

    agree(script)


NAMES_OF_STEPS = st.sampled_from(["a", "b", "c"])


STEPS = {
    "parameter": lambda t, m, name: setattr(m, name, t.nn.Parameter(t.ones(1))),
    "module": lambda t, m, name: setattr(m, name, t.nn.Tanh()),
    "tensor": lambda t, m, name: setattr(m, name, t.ones(2)),
    "buffer": lambda t, m, name: setattr(m, name, t.nn.Buffer(t.ones(3), persistent=False)),
    "None": lambda t, m, name: setattr(m, name, None),
    "int": lambda t, m, name: setattr(m, name, 5),
    "del": lambda t, m, name: delattr(m, name),
    "register_parameter": lambda t, m, name: m.register_parameter(name, t.nn.Parameter(t.ones(4))),
    "register_parameter None": lambda t, m, name: m.register_parameter(name, None),
    "register_buffer": lambda t, m, name: m.register_buffer(name, t.ones(5)),
    "register_buffer None": lambda t, m, name: m.register_buffer(name, None, persistent=False),
    "add_module": lambda t, m, name: m.add_module(name, t.nn.Sigmoid()),
    "add_module None": lambda t, m, name: m.add_module(name, None),
    "del _parameters": lambda t, m, name: m._parameters.__delitem__(name),
    "pop _modules": lambda t, m, name: m._modules.pop(name, None) and None,
    "pop _buffers": lambda t, m, name: m._buffers.pop(name) and None,
    "replace _modules": lambda t, m, name: setattr(m, "_modules", dict(reversed(m._modules.items()))),
    "clear _buffers": lambda t, m, name: m._buffers.clear(),
}


def what_is_there(module):
    return (
        [[(name, type(value).__name__) for name, value in getattr(module, kind).items()] for kind in KINDS],
        [type(getattr(module, name, "gone")).__name__ for name in "abc"],
        list(module.state_dict()),
    )


@pytest.mark.oracle
@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), NAMES_OF_STEPS), max_size=12), st.integers(0, 12))
def test_any_sequence_of_changes_agrees_with_pytorch(steps, copied_at):
    def script(t):
        module, seen = t.nn.Module(), []
        for i, (step, name) in enumerate(steps):
            if i == copied_at:
                module = copy.deepcopy(module)
            change = functools.partial(STEPS[step], m=module, name=name)
            seen.append((outcome(change, t), what_is_there(module)))
            assert t is not torch or consistent(module)
        return seen

    agree(script)


def test_class_attributes_and_properties_of_the_same_name():
    class Old(nn.Module):
        bias = None

        @property
        def weight(self):
            return self._parameters["weight"] * 2

        @weight.setter
        def weight(self, value):
            raise AssertionError("never called")

    module = Old()
    module._parameters["weight"] = nn.Parameter(torch.ones(1))
    module._parameters["bias"] = nn.Parameter(torch.ones(1))
    assert module.weight.item() == 2.0
    assert module.bias.item() == 1.0
    del module.bias
    assert module.bias is None


def test_modules_as_keys_of_modules():
    module = nn.Module()
    layer = nn.ReLU()
    module._modules[layer] = layer  # seen in tutorials
    assert list(module.children()) == [layer]
    assert list(module._modules.values()) == [layer]


def test_shallow_copy_shares_members_as_pytorchs_does():
    module = small(torch)
    twin = copy.copy(module)
    twin.weight = nn.Parameter(torch.zeros(3))
    assert module.weight is twin.weight
    module.plain = 4
    assert twin.plain == 3
    twin.child = None
    assert module.child is None
    assert consistent(module) and consistent(twin)


def test_copies_by_a_setstate_of_ones_own():
    class Odd(nn.Module):
        def __getstate__(self):
            return {**self.__dict__, "cache": None}

        def __setstate__(self, state):
            self.__dict__.update(state)

    module = small(torch, Odd)
    made = copy.deepcopy(module)
    made.weight = nn.Parameter(torch.zeros(3))
    made._modules["child"] = nn.Tanh()
    assert made._parameters["weight"].shape == (3,)
    assert consistent(made) and consistent(module)


def test_deepcopy_is_independent_and_keeps_sharing():
    net = Net()
    net.tied = net.hidden
    net.also = net.hidden.weight
    made = copy.deepcopy(net)
    assert made.tied is made.hidden
    assert made.also is made.hidden.weight
    assert made.hidden.weight is not net.hidden.weight
    with torch.no_grad():
        made.hidden.weight.zero_()
    assert net.hidden.weight.abs().sum().item() > 0
    assert all(consistent(module) for module in made.modules())


def test_copies_of_the_dicts_alone_are_apart():
    module = small(torch)
    for made in (module._modules.copy(), copy.copy(module._modules), copy.deepcopy(module._modules)):
        made["child"] = None
        assert module.child is not None
        assert consistent(module)


def test_pickle_round_trip():
    net = Net().eval()
    loaded = pickle.loads(pickle.dumps(net))
    x = torch.randn(4, 2)
    assert loaded(x).tolist() == net(x).tolist()
    assert not loaded.training
    assert all(consistent(module) for module in loaded.modules())


def test_subclass_may_define_getattr():
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(self.module, name)

    wrapped = Wrapper(nn.Linear(2, 3))
    assert wrapped.out_features == 3
    with pytest.raises(AttributeError):
        wrapped.nothing  # noqa: B018


def test_a_dropped_tree_is_freed_by_reference_counting():
    gc.disable()
    try:
        net = Net()
        net.register_load_state_dict_pre_hook(lambda *args: None)
        net.register_forward_hook(lambda *args: None)
        twin = copy.copy(net)
        net.load_state_dict(net.state_dict())
        net(torch.ones(2, 2)).sum().backward()
        watched = [weakref.ref(each) for each in (net, twin, *net.modules(), *net.parameters())]
        del net, twin
        assert [ref() for ref in watched] == [None] * len(watched)
    finally:
        gc.enable()
