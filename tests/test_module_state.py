"""``state_dict`` and ``load_state_dict``, and what is done to a whole tree of modules."""

from collections import OrderedDict

import pytest
from agreement import agree
from module_cases import Net, consistent, model

import tinygrad_edu as torch
from tinygrad_edu import nn

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
