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

import tinygrad_edu as torch
from tinygrad_edu import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.norm = nn.BatchNorm1d(3)
        self.act = nn.ReLU()
        self.out = nn.Sequential(OrderedDict(last=nn.Linear(3, 1, bias=False)))
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("steps", torch.zeros(1))
        self.register_buffer("scratch", torch.zeros(1), persistent=False)

    def forward(self, x, gain=1.0):
        return self.out(self.act(self.norm(self.hidden(x)))) * self.scale * gain


KINDS = ("_parameters", "_buffers", "_modules")


def consistent(module):
    """Every member is the attribute of its name, and an attribute that could be a member is one."""
    members = {name: value for kind in KINDS for name, value in getattr(module, kind).items() if isinstance(name, str)}
    for name, value in members.items():
        assert getattr(module, name) is value
        assert vars(module)[name] is value
    assert sum(len(getattr(module, kind)) for kind in KINDS) == len(members)
    for name, value in vars(module).items():
        if isinstance(value, (nn.Module, nn.Parameter)):
            assert name in members
    return True


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


def small(t, factory=None):
    m = (factory or t.nn.Module)()
    m.weight = t.nn.Parameter(t.ones(2))
    m.bias = t.nn.Parameter(t.zeros(1))
    m.register_buffer("steps", t.zeros(1))
    m.child = t.nn.Identity()
    m.plain = 3
    return m


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


# ---- calls and hooks


def test_call_passes_any_arguments_on():
    class Echo(nn.Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    echo = Echo()
    assert echo() == ((), {})
    assert echo(1) == ((1,), {})
    assert echo(1, 2, a=3) == ((1, 2), {"a": 3})


def test_an_instance_may_have_its_own_forward():
    layer = nn.Identity()
    layer.forward = lambda x: x + 1
    assert layer(1) == 2


def test_hooks_cost_nothing_once_removed():
    layer = nn.Identity()
    assert layer._hooks is None
    seen = []
    with layer.register_forward_hook(lambda module, args, output: seen.append(output)):
        layer(1)
    layer(2)
    assert seen == [1]
    assert layer._hooks is None


def test_state_is_read_without_making_tables_of_hooks():
    layer = nn.Linear(1, 1)
    layer.load_state_dict(layer.state_dict())
    assert layer._hooks is None


def test_hooks_assigned_or_written_directly_run():
    layer, other = nn.Identity(), nn.Identity()
    layer._forward_hooks[0] = lambda module, args, output: output + 1
    assert layer(1) == 2
    other._forward_hooks = layer._forward_hooks
    assert other(1) == 2
    layer._forward_hooks.clear()
    assert layer(1) == other(1) == 1


def test_global_hooks_run_first_and_can_be_removed():
    module_api = nn.modules.module
    order = []
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda module, args: order.append("own pre"))
    layer.register_forward_hook(lambda module, args, output: order.append("own"))
    handles = [
        module_api.register_module_forward_pre_hook(lambda module, args: order.append("pre")),
        module_api.register_module_forward_hook(lambda module, args, output: order.append("all")),
    ]
    layer(1)
    for handle in handles:
        handle.remove()
    layer(1)
    nn.Tanh()(torch.zeros(1))
    assert order == ["pre", "own pre", "all", "own", "own pre", "own"]
    from tinygrad_edu.nn.hooks import every_module

    assert every_module._hooks is None


def test_registration_hooks_see_and_replace():
    api = nn.modules.module
    handles = [
        api.register_module_parameter_registration_hook(lambda m, name, p: nn.Parameter(p * 2)),
        api.register_module_buffer_registration_hook(lambda m, name, b: None if b is None else b + 1),
        api.register_module_module_registration_hook(lambda m, name, child: nn.Tanh()),
    ]
    try:
        module = small(torch)
    finally:
        for handle in handles:
            handle.remove()
    assert module.weight.tolist() == [2.0, 2.0]
    assert module.steps.tolist() == [1.0]
    assert repr(module.child) == "Tanh()"


def test_deepcopied_hooks_run_in_the_copy():
    layer = nn.Identity()
    handle = layer.register_forward_hook(lambda module, args, output: output + 1)
    made = copy.deepcopy(layer)
    handle.remove()
    assert made(1) == 2
    assert layer(1) == 1


def hooked(t):
    """A linear layer with known weights."""
    layer = t.nn.Linear(2, 1)
    with t.no_grad():
        layer.weight.copy_(t.tensor([[2.0, 3.0]]))
        layer.bias.zero_()
    return layer


def input_of(t):
    return t.tensor([[1.0, 2.0]], requires_grad=True)


def all_hooks(t):
    layer, seen = hooked(t), []
    layer.register_forward_pre_hook(lambda m, args: seen.append(("pre", args)))
    layer.register_forward_pre_hook(lambda m, args, kwargs: seen.append(("pre kw", args, kwargs)), with_kwargs=True)
    layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,), prepend=True)
    layer.register_forward_hook(lambda m, args, out: seen.append(("fwd", args, out)))
    layer.register_forward_hook(lambda m, args, kwargs, out: out + 1, with_kwargs=True, prepend=True)
    layer.register_full_backward_pre_hook(lambda m, grads: seen.append(("bpre", grads)))
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append(("bwd", grad_in, grad_out)))
    x = input_of(t)
    out = layer(x)
    out.sum().backward()
    return seen, out, x.grad, layer.weight.grad


def backward_hooks_replace(t):
    layer, x = hooked(t), input_of(t)
    layer.register_full_backward_pre_hook(lambda m, grads: (grads[0] * 10,))
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0] + 1,))
    layer(x).sum().backward()
    return x.grad, layer.weight.grad


def several_inputs_and_outputs(t):
    class Two(t.nn.Module):
        def forward(self, a, flag, b):
            return a * b, "text", a + 1

    two, seen = Two(), []
    two.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    a, b = input_of(t), t.ones(1, 2)
    first, text, second = two(a, True, b)
    (first.sum() + second.sum() * 3).backward()
    return seen, text, a.grad


def no_input_needs_a_gradient(t):
    layer, seen = hooked(t), []
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    layer(t.ones(1, 2)).sum().backward()
    return seen, layer.weight.grad


def old_backward_hook(t):
    act, seen = t.nn.Tanh(), []
    act.register_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    x = input_of(t)
    act(x).sum().backward()
    (grad_in,), (grad_out,) = seen[0]
    return len(seen), grad_in.round(decimals=5), grad_out, x.grad.round(decimals=5)


def old_backward_hook_misses(t):
    class Two(t.nn.Module):
        def forward(self, x):
            return x.exp().sin()

    two = Two()
    two.register_backward_hook(lambda m, grad_in, grad_out: None)
    two(input_of(t))


def old_and_full(t):
    layer = hooked(t)
    layer.register_full_backward_hook(lambda *args: None)
    layer.register_backward_hook(lambda *args: None)


def full_and_old(t):
    layer = hooked(t)
    layer.register_backward_hook(lambda *args: None)
    layer.register_full_backward_hook(lambda *args: None)


def wrong_number_of_gradients(t):
    layer = hooked(t)
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0], grad_in[0]))
    layer(input_of(t)).sum().backward()


def wrong_number_of_output_gradients(t):
    layer = hooked(t)
    layer.register_full_backward_pre_hook(lambda m, grad_out: ())
    layer(input_of(t)).sum().backward()


def output_is_no_tensor(t):
    class Text(t.nn.Module):
        def forward(self, x):
            return {"y": x}

    text = Text()
    text.register_full_backward_hook(lambda *args: None)
    return text(input_of(t))


def pre_hook_returns_nonsense(t):
    layer = t.nn.Identity()
    layer.register_forward_pre_hook(lambda m, args, kwargs: 5, with_kwargs=True)
    layer(1)


def pre_hook_changes_kwargs(t):
    class Echo(t.nn.Module):
        def forward(self, x, gain=1):
            return x * gain

    echo = Echo()
    echo.register_forward_pre_hook(lambda m, args, kwargs: (args, {"gain": 5}), with_kwargs=True)
    return echo(2), echo(2, gain=3)


def always_called(t):
    class Fails(t.nn.Module):
        def forward(self, x):
            raise ValueError("no")

    fails, seen = Fails(), []
    fails.register_forward_hook(lambda m, args, out: seen.append("sometimes"))
    fails.register_forward_hook(lambda m, args, out: seen.append((args, out)), always_call=True)
    fails.register_forward_hook(lambda m, args, kwargs, out: 1 / 0, always_call=True, with_kwargs=True)
    try:
        fails(1)
    except ValueError as error:
        seen.append(str(error))
    return seen


def handles(t):
    layer, seen = t.nn.Identity(), []
    first = layer.register_forward_hook(lambda *args: seen.append(1))
    second = layer.register_forward_hook(lambda *args: seen.append(2))
    layer(0)
    first.remove()
    first.remove()
    layer(0)
    with second:
        layer(0)
    layer(0)
    return seen, len(layer._forward_hooks)


def hook_removes_itself(t):
    layer, seen = t.nn.Identity(), []
    handle = layer.register_forward_hook(lambda *args: (seen.append(1), handle.remove())[1])
    layer.register_forward_hook(lambda *args: seen.append(2))
    layer(0)
    layer(0)
    return seen


def no_grad_with_hooks(t):
    layer, seen = hooked(t), []
    layer.register_full_backward_hook(lambda *args: seen.append(1))
    with t.no_grad():
        return layer(input_of(t)), seen


HOOKS = [
    all_hooks, backward_hooks_replace, several_inputs_and_outputs, no_input_needs_a_gradient, old_backward_hook,
    old_backward_hook_misses, old_and_full, full_and_old, wrong_number_of_gradients, wrong_number_of_output_gradients,
    output_is_no_tensor, pre_hook_returns_nonsense, pre_hook_changes_kwargs, always_called, handles,
    hook_removes_itself, no_grad_with_hooks,
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", HOOKS)
def test_hooks_agree_with_pytorch(script):
    agree(script)


def test_backward_hooks_see_the_gradients():
    seen, _, grad, weight_grad = all_hooks(torch)
    assert [step[0] for step in seen] == ["pre", "pre kw", "fwd", "bpre", "bwd"]
    (grad_in,), (grad_out,) = seen[-1][1:]
    assert grad_in.tolist() == [[2.0, 3.0]]
    assert grad_out.tolist() == [[1.0]]
    assert grad.tolist() == [[4.0, 6.0]]
    assert weight_grad.tolist() == [[2.0, 4.0]]


# ---- state


def test_state_dict_shares_memory_and_is_detached():
    net = Net()
    state = net.state_dict()
    assert isinstance(state, OrderedDict)
    assert list(state) == [
        "scale", "steps", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "norm.running_mean",
        "norm.running_var", "norm.num_batches_tracked", "out.last.weight",
    ]  # fmt: skip
    assert state._metadata["norm"] == {"version": 2}
    assert not state["scale"].requires_grad
    state["scale"][0] = 7.0
    assert net.scale.item() == 7.0
    assert net.state_dict(keep_vars=True)["scale"] is net.scale


def test_load_state_dict_copies_values_and_reports():
    source, target = Net(), Net()
    weight = target.hidden.weight
    result = target.load_state_dict(source.state_dict())
    assert repr(result) == str(result) == "<All keys matched successfully>"
    assert target.hidden.weight is weight
    assert weight.tolist() == source.hidden.weight.tolist()
    assert target.load_state_dict({}, strict=False).unexpected_keys == []


def test_load_state_dict_assign_takes_the_tensors_over():
    layer = nn.Linear(2, 1).requires_grad_(False)
    state = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
    layer.load_state_dict(state, assign=True)
    assert isinstance(layer.weight, nn.Parameter)
    assert not layer.weight.requires_grad
    state["weight"][0, 0] = 5.0
    assert layer.weight.tolist() == [[5.0, 1.0]]
    assert consistent(layer)


def model(t):
    t.manual_seed(0)
    return t.nn.Sequential(t.nn.Linear(2, 3), t.nn.BatchNorm1d(3), t.nn.Sequential(t.nn.Linear(3, 1)))


def load(t, change, **options):
    target = model(t)
    state = model(t).state_dict()
    change(state, t)
    result = target.load_state_dict(state, **options)
    return repr(result), tuple(result), dict(target.state_dict())


def with_extra_state(t):
    class Extra(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = t.nn.Parameter(t.zeros(1))
            self.note = "new"

        def get_extra_state(self):
            return {"note": self.note}

        def set_extra_state(self, state):
            self.note = state["note"]

    first, second = Extra(), Extra()
    first.note = "old"
    state = first.state_dict()
    second.load_state_dict(state)
    del state["_extra_state"]
    return list(first.state_dict()), second.note, second.load_state_dict(state)


def old_batchnorm(t):
    norm = t.nn.BatchNorm1d(2)
    state = norm.state_dict()
    del state["num_batches_tracked"]
    state._metadata[""]["version"] = 1
    return repr(norm.load_state_dict(state))


def state_hooks(t):
    net, seen = model(t), []
    net.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append(("pre", prefix, keep)))
    net.register_state_dict_post_hook(lambda m, state, prefix, meta: state.__setitem__("more", 1))
    net[0].register_load_state_dict_pre_hook(
        lambda m, state, prefix, meta, strict, missing, unexpected, errors: seen.append((prefix, sorted(state), strict))
    )
    net.register_load_state_dict_post_hook(lambda m, keys: keys.unexpected_keys.clear())
    state = net.state_dict()
    return list(state), repr(net.load_state_dict(state)), seen


def renaming_hook(t):
    net = t.nn.Linear(1, 1)
    net._register_state_dict_hook(lambda m, state, prefix, meta: {f"new.{key}": value for key, value in state.items()})
    return list(net.state_dict())


STATES = {
    "as it is": lambda t: load(t, lambda state, t: None),
    "missing": lambda t: load(t, lambda state, t: (state.pop("0.bias"), state.pop("2.0.weight"))),
    "missing, not strict": lambda t: load(t, lambda state, t: state.pop("0.bias"), strict=False),
    "unexpected": lambda t: load(
        t, lambda state, t: state.update({"0.more": t.ones(1), "x": t.ones(1), "7.y": t.ones(1)})
    ),
    "unexpected, not strict": lambda t: load(t, lambda state, t: state.update({"x": t.ones(1)}), strict=False),
    "both": lambda t: load(t, lambda state, t: state.update({"0.other": state.pop("0.bias")})),
    "size": lambda t: load(t, lambda state, t: state.update({"0.weight": t.ones(2, 2), "0.bias": t.ones(4)})),
    "size, not strict": lambda t: load(t, lambda state, t: state.update({"0.weight": t.ones(2, 2)}), strict=False),
    "no tensor": lambda t: load(t, lambda state, t: state.update({"0.weight": [1.0]})),
    "other dtype": lambda t: load(t, lambda state, t: state.update({"0.bias": t.ones(3, dtype=t.float64)})),
    "scalar of old": lambda t: load(t, lambda state, t: state.update({"1.num_batches_tracked": t.tensor([4])})),
    "assign": lambda t: load(t, lambda state, t: state.update({"0.bias": t.ones(3, dtype=t.float64)}), assign=True),
    "no dict": lambda t: model(t).load_state_dict([1]),
    "metadata": lambda t: dict(model(t).state_dict()._metadata),
    "prefix": lambda t: list(model(t).state_dict(prefix="net.")),
    "destination": lambda t: list(model(t).state_dict(destination=OrderedDict(a=1))),
    "positional": lambda t: list(model(t).state_dict(OrderedDict(a=1), "net.", True)),
    "printed": lambda t: repr(model(t).state_dict()),
    "incompatible": lambda t: repr(model(t).load_state_dict({}, strict=False)),
    "extra": with_extra_state,
    "old batchnorm": old_batchnorm,
    "hooks": state_hooks,
    "renaming": renaming_hook,
    "hook returns": lambda t: (lambda m: (m.register_state_dict_post_hook(lambda *args: 1), m.state_dict()))(
        t.nn.Tanh()
    ),
    "post hook returns": lambda t: (
        lambda m: (m.register_load_state_dict_post_hook(lambda *args: 1), m.load_state_dict({}))
    )(t.nn.Tanh()),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", STATES)
def test_state_agrees_with_pytorch(name):
    agree(STATES[name])


def test_loading_twice_is_not_changed_by_an_assigning_load_between():
    layer = nn.Linear(1, 1)
    state = nn.Linear(1, 1).state_dict()
    layer.load_state_dict(state, assign=True)
    other = nn.Linear(1, 1)
    weight = other.weight
    other.load_state_dict(state)
    assert other.weight is weight


# ---- the whole tree


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())


def test_zero_grad():
    net = Net()
    net(torch.randn(4, 2)).sum().backward()
    grad = net.scale.grad
    net.zero_grad(set_to_none=False)
    assert net.scale.grad is grad
    assert grad.tolist() == [0.0]
    net.zero_grad()
    assert all(param.grad is None for param in net.parameters())


def test_requires_grad_freezes():
    net = Net()
    assert net.requires_grad_(False) is net
    assert not any(param.requires_grad for param in net.parameters())


def test_apply_goes_bottom_up():
    seen = []
    Net().apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Linear", "BatchNorm1d", "ReLU", "Linear", "Sequential", "Net"]


def test_conversion_keeps_the_parameter_objects_and_their_gradients():
    net = Net()
    net(torch.randn(4, 2)).sum().backward()
    params = list(net.parameters())
    assert net.double() is net
    assert all(a is b for a, b in zip(params, net.parameters(), strict=True))
    assert {param.dtype for param in params} == {param.grad.dtype for param in params} == {torch.float64}
    assert net.norm.running_mean.dtype == torch.float64
    assert net.norm.num_batches_tracked.dtype == torch.int64
    assert all(consistent(module) for module in net.modules())
    net.float()(torch.randn(4, 2)).sum().backward()
    assert params[0].grad.dtype == torch.float32


def converted(t, convert):
    layer = model(t)
    result = convert(layer)
    return result is layer, [str(value.dtype) for value in layer.state_dict().values()]


CONVERSIONS = {
    "float": lambda t: converted(t, lambda m: m.float()),
    "double": lambda t: converted(t, lambda m: m.double()),
    "half": lambda t: converted(t, lambda m: m.half()),
    "type": lambda t: converted(t, lambda m: m.type(t.float64)),
    "type name": lambda t: converted(t, lambda m: m.type("torch.DoubleTensor")),
    "to dtype": lambda t: converted(t, lambda m: m.to(t.float64)),
    "to dtype keyword": lambda t: converted(t, lambda m: m.to(dtype=t.float64)),
    "to device": lambda t: converted(t, lambda m: m.to("cpu")),
    "to device object": lambda t: converted(t, lambda m: m.to(t.device("cpu"))),
    "to both": lambda t: converted(t, lambda m: m.to("cpu", t.float64)),
    "to both keywords": lambda t: converted(t, lambda m: m.to(device="cpu", dtype=t.float16, non_blocking=True)),
    "to tensor": lambda t: converted(t, lambda m: m.to(t.ones(1, dtype=t.float64))),
    "to int": lambda t: converted(t, lambda m: m.to(t.int64)),
    "to cuda": lambda t: converted(t, lambda m: m.cuda()),
    "cpu": lambda t: converted(t, lambda m: m.cpu()),
    "to_empty": lambda t: converted(t, lambda m: m.to_empty(device="cpu")),
    "empty module to cuda": lambda t: repr(t.nn.ReLU().cuda()),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversion_agrees_with_pytorch(name):
    agree(CONVERSIONS[name])


def test_compile_is_accepted():
    layer = nn.Identity()
    assert layer.compile(fullgraph=True) is None
    assert layer(1) == 1


# ---- printed form and mistakes


PRINTED = """Net(
  (hidden): Linear(in_features=2, out_features=3, bias=True)
  (norm): BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
  (act): ReLU()
  (out): Sequential(
    (last): Linear(in_features=3, out_features=1, bias=False)
  )
)"""


def test_printed_form():
    assert repr(Net()) == PRINTED


def with_extra_repr(t, text):
    class Layer(t.nn.Module):
        def extra_repr(self):
            return text

    outer = Layer()
    alone = repr(outer)
    outer.inner = Layer()
    outer.none = None
    outer.register_module("absent", None)
    return alone, repr(outer)


def initialised_twice(t):
    class Twice(t.nn.Module):
        def __init__(self):
            t.nn.Module.__init__(self)
            self.lost = t.nn.Parameter(t.ones(1))
            self.plain = 5
            t.nn.Module.__init__(self)
            self.kept = t.nn.Parameter(t.ones(1))

    module = Twice()
    return hasattr(module, "lost"), module.plain, [name for name, _ in module.named_parameters()]


def uninitialised(t, act):
    class Early(t.nn.Module):
        def __init__(self):
            act(self)

    return Early()


def register_name(t, kind, name):
    value = {"parameter": t.nn.Parameter(t.ones(1)), "buffer": t.ones(1), "module": t.nn.ReLU()}[kind]
    module = small(t)
    getattr(module, f"register_{kind}")(name, value)
    return repr(module), list(module.state_dict())


NAMES = ["new", "", "a.b", 5, "weight", "steps", "child", "plain", "forward", "training"]

MISTAKES = {
    **{
        f"register {kind} {name!r}": lambda t, kind=kind, name=name: register_name(t, kind, name)
        for kind in ("parameter", "buffer", "module")
        for name in NAMES
    },
    **{
        f"extra_repr {text!r}": lambda t, text=text: with_extra_repr(t, text)
        for text in ("", "a=1", "a=1\nb=2", "a\n\nb")
    },
    "initialised twice": initialised_twice,
    "early parameter": lambda t: uninitialised(t, lambda m: setattr(m, "w", t.nn.Parameter(t.ones(1)))),
    "early module": lambda t: uninitialised(t, lambda m: setattr(m, "w", t.nn.ReLU())),
    "early buffer": lambda t: uninitialised(t, lambda m: setattr(m, "w", t.nn.Buffer(t.ones(1)))),
    "early register_buffer": lambda t: uninitialised(t, lambda m: m.register_buffer("w", None)),
    "early register_parameter": lambda t: uninitialised(t, lambda m: m.register_parameter("w", None)),
    "early add_module": lambda t: uninitialised(t, lambda m: m.add_module("w", None)),
    "early attribute": lambda t: uninitialised(t, lambda m: setattr(m, "w", 5)).w,
    "tensor for a parameter": lambda t: setattr(small(t), "weight", t.ones(1)),
    "int for a parameter": lambda t: setattr(small(t), "weight", 1),
    "module for a parameter": lambda t: repr((lambda m: (setattr(m, "weight", t.nn.Tanh()), m)[1])(small(t))),
    "tensor for a module": lambda t: setattr(small(t), "child", t.ones(1)),
    "class for a module": lambda t: setattr(small(t), "child", t.nn.ReLU),
    "function for a module": lambda t: setattr(small(t), "child", len),
    "int for a buffer": lambda t: setattr(small(t), "steps", 1),
    "list for a buffer": lambda t: setattr(small(t), "steps", [1]),
    "module for a buffer": lambda t: repr((lambda m: (setattr(m, "steps", t.nn.Tanh()), m)[1])(small(t))),
    "buffer for a parameter": lambda t: setattr(small(t), "weight", t.nn.Buffer(t.ones(1))),
    "buffer for an attribute": lambda t: setattr(small(t), "plain", t.nn.Buffer(t.ones(1))),
    "register int": lambda t: small(t).register_parameter("p", 1),
    "register tensor": lambda t: small(t).register_parameter("p", t.ones(1)),
    "register computed": lambda t: small(t).register_parameter("p", t.nn.Parameter(t.ones(1)) * 2),
    "register buffer of int": lambda t: small(t).register_buffer("p", 1),
    "add int": lambda t: small(t).add_module("p", 1),
    "add class": lambda t: small(t).add_module("p", t.nn.ReLU),
    "no attribute": lambda t: small(t).nothing,
    "delete nothing": lambda t: delattr(small(t), "nothing"),
    "delete plain": lambda t: delattr(small(t), "plain"),
    "init argument": lambda t: t.nn.Module(1),
    "init keyword": lambda t: t.nn.Module(a=1),
    "no forward": lambda t: small(t)(1),
    "train int": lambda t: small(t).train(1),
    "get_submodule": lambda t: repr(model(t).get_submodule("2.0")),
    "get_submodule self": lambda t: repr(model(t).get_submodule("")),
    "get_submodule missing": lambda t: model(t).get_submodule("2.5"),
    "get_submodule of parameter": lambda t: model(t).get_submodule("0.weight"),
    "get_parameter": lambda t: model(t).get_parameter("2.0.bias"),
    "get_parameter missing": lambda t: model(t).get_parameter("2.0.nothing"),
    "get_parameter of buffer": lambda t: model(t).get_parameter("1.running_mean"),
    "get_buffer": lambda t: model(t).get_buffer("1.running_mean"),
    "get_buffer missing": lambda t: model(t).get_buffer("1.nothing"),
    "get_buffer of parameter": lambda t: model(t).get_buffer("1.weight"),
    "set_submodule": lambda t: repr((lambda m: (m.set_submodule("2.0", t.nn.Tanh()), m)[1])(model(t))),
    "set_submodule new": lambda t: repr((lambda m: (m.set_submodule("2.new", t.nn.Tanh()), m)[1])(model(t))),
    "set_submodule strict": lambda t: model(t).set_submodule("2.new", t.nn.Tanh(), strict=True),
    "set_submodule empty": lambda t: model(t).set_submodule("", t.nn.Tanh()),
    "set_submodule int": lambda t: model(t).set_submodule("2.0", 5),
    "set_submodule over parameter": lambda t: model(t).set_submodule("0.weight", t.nn.Tanh()),
    "extra state": lambda t: [type(t.nn.ReLU().__class__.get_extra_state).__name__],
    "named_modules": lambda t: [(name, repr(m)) for name, m in model(t).named_modules(prefix="net")],
    "named_parameters": lambda t: [name for name, _ in model(t).named_parameters("net", recurse=True)],
    "own parameters": lambda t: [name for name, _ in small(t).named_parameters(recurse=False)],
    "own buffers": lambda t: list(small(t).buffers(recurse=False)),
    "children": lambda t: [name for name, _ in model(t).named_children()],
    "dir": lambda t: [name for name in dir(model(t)) if name[:1].isdigit()],
    "shared": lambda t: (
        lambda layer: [
            [
                [name for name, _ in getattr(t.nn.Sequential(layer, layer), method)(remove_duplicate=flag)]
                for flag in (True, False)
            ]
            for method in ("named_parameters", "named_modules", "named_buffers")
        ]
    )(t.nn.BatchNorm1d(2)),
    "Unflatten float": lambda t: t.nn.Unflatten(1, (2, 2.0)),
    "Unflatten int": lambda t: t.nn.Unflatten(1, 4),
    "Dropout p": lambda t: t.nn.Dropout(1.5),
    "BatchNorm1d dims": lambda t: t.nn.BatchNorm1d(3)(t.ones(3)),
    "BatchNorm1d one value": lambda t: t.nn.BatchNorm1d(3)(t.ones(1, 3)),
    "Softmax2d dims": lambda t: t.nn.Softmax2d()(t.ones(3)),
    "size_average": lambda t: t.nn.MSELoss(size_average=False).reduction,
    "reduce": lambda t: t.nn.NLLLoss(reduce=False).reduction,
    "both legacy": lambda t: t.nn.CrossEntropyLoss(size_average=True, reduce=True).reduction,
    "no such reduction": lambda t: t.nn.MSELoss(reduction="x")(t.ones(1), t.ones(1)),
    "weight of a loss": lambda t: list(t.nn.CrossEntropyLoss(weight=t.ones(3)).state_dict()),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", MISTAKES)
def test_words_agree_with_pytorch(name):
    agree(MISTAKES[name])


def test_forward_missing():
    with pytest.raises(NotImplementedError, match=r'Module \[Module\] is missing the required "forward" function'):
        nn.Module()(1)


# ---- layers


def run(t, layer, *shape, **options):
    t.manual_seed(3)
    x = t.randn(*shape, requires_grad=True)
    made = layer(t.nn)
    for name, value in options.items():
        setattr(made, name, value)
    t.manual_seed(4)
    out = made(x)
    out.sum().backward()
    return (
        repr(made),
        out.shape,
        list(made.state_dict()),
        out.round(decimals=4),
        x.grad.round(decimals=4),
    )


LAYERS = {
    "Identity": (lambda nn: nn.Identity(1, a=2), (2, 3)),
    "Linear": (lambda nn: nn.Linear(3, 2), (2, 3)),
    "Linear, more dimensions": (lambda nn: nn.Linear(3, 2, bias=False), (2, 4, 3)),
    "Linear, vector": (lambda nn: nn.Linear(3, 2), (3,)),
    "Linear, wrong size": (lambda nn: nn.Linear(3, 2), (2, 4)),
    "ReLU": (lambda nn: nn.ReLU(), (2, 3)),
    "Sigmoid": (lambda nn: nn.Sigmoid(), (2, 3)),
    "Tanh": (lambda nn: nn.Tanh(), (2, 3)),
    "Softmax": (lambda nn: nn.Softmax(dim=1), (2, 3)),
    "Softmax without dim": (lambda nn: nn.Softmax(), (2, 3)),
    "LogSoftmax": (lambda nn: nn.LogSoftmax(dim=0), (2, 3)),
    "LogSoftmax without dim": (lambda nn: nn.LogSoftmax(), (3,)),
    "Softmax2d": (lambda nn: nn.Softmax2d(), (2, 2, 3)),
    "Dropout": (lambda nn: nn.Dropout(0.3), (2, 3)),
    "Dropout of all": (lambda nn: nn.Dropout(1.0), (2, 3)),
    "Flatten": (lambda nn: nn.Flatten(), (2, 3, 4)),
    "Flatten some": (lambda nn: nn.Flatten(0, 1), (2, 3, 4)),
    "Unflatten": (lambda nn: nn.Unflatten(1, (2, 2)), (3, 4)),
    "BatchNorm1d": (lambda nn: nn.BatchNorm1d(3), (4, 3)),
    "BatchNorm1d of sequences": (lambda nn: nn.BatchNorm1d(3, eps=1e-3), (4, 3, 2)),
    "BatchNorm1d, mean of all": (lambda nn: nn.BatchNorm1d(3, momentum=None), (4, 3)),
    "BatchNorm1d, not affine": (lambda nn: nn.BatchNorm1d(3, affine=False), (4, 3)),
    "BatchNorm1d, no bias": (lambda nn: nn.BatchNorm1d(3, bias=False), (4, 3)),
    "BatchNorm1d, not tracking": (lambda nn: nn.BatchNorm1d(3, track_running_stats=False).eval(), (4, 3)),
    "BatchNorm1d, eval": (lambda nn: nn.BatchNorm1d(3).eval(), (4, 3)),
    "ReLU in place": (lambda nn: nn.Sequential(nn.Tanh(), nn.ReLU(inplace=True)), (2, 3)),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_layers_agree_with_pytorch(name):
    layer, shape = LAYERS[name]
    agree(lambda t: run(t, layer, *shape))


def running_statistics(t, momentum):
    t.manual_seed(0)
    norm = t.nn.BatchNorm1d(2, momentum=momentum)
    for _ in range(3):
        norm(t.randn(5, 2))
    values = norm.running_mean.round(decimals=5), norm.running_var.round(decimals=5), norm.num_batches_tracked
    norm.reset_running_stats()
    return values, dict(norm.state_dict())


@pytest.mark.oracle
@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
def test_running_statistics_agree_with_pytorch(momentum):
    agree(lambda t: running_statistics(t, momentum))


def classes(t):
    t.manual_seed(1)
    return t.randn(4, 3), t.tensor([0, 2, 1, 2])


def binary(t):
    t.manual_seed(1)
    return t.rand(4), t.tensor([0.0, 1.0, 1.0, 0.0])


LOSSES = {
    "MSELoss": (lambda t: t.nn.MSELoss(), binary),
    "MSELoss sum": (lambda t: t.nn.MSELoss(reduction="sum"), binary),
    "MSELoss none": (lambda t: t.nn.MSELoss(reduction="none"), binary),
    "MSELoss legacy": (lambda t: t.nn.MSELoss(size_average=False), binary),
    "NLLLoss": (lambda t: t.nn.NLLLoss(), classes),
    "NLLLoss weight": (lambda t: t.nn.NLLLoss(weight=t.tensor([1.0, 2.0, 0.5]), ignore_index=1), classes),
    "CrossEntropyLoss": (lambda t: t.nn.CrossEntropyLoss(), classes),
    "CrossEntropyLoss smoothed": (lambda t: t.nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), classes),
    "CrossEntropyLoss weight": (lambda t: t.nn.CrossEntropyLoss(t.tensor([1.0, 2.0, 0.5]), ignore_index=0), classes),
    "BCELoss": (lambda t: t.nn.BCELoss(), binary),
    "BCELoss weight": (lambda t: t.nn.BCELoss(weight=t.tensor([1.0, 2.0, 3.0, 4.0]), reduction="none"), binary),
    "BCEWithLogitsLoss": (lambda t: t.nn.BCEWithLogitsLoss(pos_weight=t.tensor(2.0)), binary),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LOSSES)
def test_losses_agree_with_pytorch(name):
    make, data = LOSSES[name]
    agree(lambda t: (repr(make(t)), make(t)(*data(t)).round(decimals=5)))


def test_pytorchs_longer_names_are_the_same_objects():
    import tinygrad_edu.nn.modules.linear as linear
    from tinygrad_edu.nn.modules import Linear
    from tinygrad_edu.nn.modules.batchnorm import _BatchNorm
    from tinygrad_edu.nn.modules.module import Module

    assert linear.Linear is Linear is nn.Linear
    assert Module is nn.Module
    assert issubclass(nn.BatchNorm1d, _BatchNorm)


def test_channels_last_is_for_images_only():
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3)).to(memory_format=torch.channels_last)
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert model(torch.ones(1, 2, 4, 4)).shape == (1, 3, 3, 3)
