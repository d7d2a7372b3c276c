"""What optimisers keep: state dicts, copies, pickles; what they print, and what they refuse."""

import copy
import pickle

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu import optim


def trained(t, name="Adam", dtype="float32", steps=2, **options):
    """An optimiser of two parameters in two groups after some steps."""
    a = t.tensor([1.0, 2.0], dtype=getattr(t, dtype), requires_grad=True)
    b = t.tensor(3.0, dtype=getattr(t, dtype), requires_grad=True)
    optimizer = getattr(t.optim, name)([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.25, **options)
    run(optimizer, steps)
    return optimizer


def params(optimizer):
    return [param for group in optimizer.param_groups for param in group["params"]]


def run(optimizer, steps):
    """Steps with gradients that binary fractions hold, so that both libraries have the same numbers."""
    for _ in range(steps):
        optimizer.zero_grad()
        a, b = params(optimizer)
        (a.sum() * 2 + b * 0.5).backward()
        optimizer.step()


def values(optimizer):
    return [param.tolist() for param in params(optimizer)]


MOMENTUM = {"name": "SGD", "momentum": 0.5}
KINDS = [{}, {"amsgrad": True}, MOMENTUM, {"name": "SGD"}]


@pytest.mark.parametrize("options", KINDS)
def test_state_dict_round_trip_goes_on_as_before(options):
    original, fresh = trained(torch, **options), trained(torch, steps=0, **options)
    with torch.no_grad():
        for new, old in zip(params(fresh), params(original), strict=True):
            new.copy_(old)
    fresh.load_state_dict(original.state_dict())
    run(original, 3)
    run(fresh, 3)
    assert values(fresh) == values(original)


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("again", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_copies_go_on_as_before_and_alone(options, again):
    original = trained(torch, **options)
    before = values(original)
    twin = again(original)
    run(twin, 3)
    assert values(original) == before
    run(original, 3)
    assert values(twin) == values(original)
    assert type(twin) is type(original)


def test_state_dict_has_pytorchs_shape():
    state = trained(torch, **MOMENTUM).state_dict()
    assert list(state) == ["state", "param_groups"]
    assert list(state["state"]) == [0, 1]
    assert state["state"][1]["momentum_buffer"].item() == 0.75
    assert [group["params"] for group in state["param_groups"]] == [[0], [1]]
    assert [group["lr"] for group in state["param_groups"]] == [0.25, 0.5]


def test_state_dict_holds_the_optimisers_own_tensors():
    optimizer = trained(torch, **MOMENTUM)
    saved = optimizer.state_dict()["state"][0]["momentum_buffer"]
    run(optimizer, 1)
    assert saved is optimizer.state_dict()["state"][0]["momentum_buffer"]


def test_loaded_state_is_not_shared():
    original, fresh = trained(torch), trained(torch, steps=0)
    saved = original.state_dict()
    fresh.load_state_dict(saved)
    run(fresh, 1)
    assert saved["state"][0]["step"].item() == 2.0
    assert saved["state"][0]["exp_avg"].tolist() != fresh.state_dict()["state"][0]["exp_avg"].tolist()
    assert saved["param_groups"][0]["lr"] == 0.25


def load_elsewhere(t):
    """Load into parameters of another dtype, with other options; the loaded ones count."""
    fresh = trained(t, dtype="float64", steps=0, amsgrad=True, weight_decay=0.5)
    fresh.load_state_dict(trained(t).state_dict())
    return fresh.state_dict()


def test_loading_converts_to_the_parameters_dtype():
    state = load_elsewhere(torch)["state"][0]
    assert state["exp_avg"].dtype is torch.float64
    assert state["step"].dtype is torch.float32
    assert "max_exp_avg_sq" not in state


def load_more(t):
    """State of things that are no parameters is kept, and numbers of parameters may be any."""
    optimizer = trained(t, steps=0, **MOMENTUM)
    saved = trained(t, **MOMENTUM).state_dict()
    saved["state"]["note"] = {"epochs": [1, (2, 3)]}
    saved["param_groups"][0]["params"], saved["param_groups"][1]["params"] = [7], [5]
    saved["state"] = {{0: 7, 1: 5}.get(key, key): value for key, value in saved["state"].items()}
    saved["param_groups"][0]["initial_lr"] = 1.0
    optimizer.load_state_dict(saved)
    return optimizer.state_dict()


def load_wrong_groups(t):
    optimizer = trained(t)
    saved = optimizer.state_dict()
    optimizer.load_state_dict({**saved, "param_groups": saved["param_groups"][:1]})


def load_wrong_sizes(t):
    optimizer = trained(t)
    saved = optimizer.state_dict()
    saved["param_groups"][0]["params"] = [0, 7]
    optimizer.load_state_dict(saved)


def test_state_dict_that_does_not_fit_changes_nothing():
    optimizer = trained(torch)
    before = repr(optimizer.state_dict())
    with pytest.raises(ValueError, match="loaded state dict has a different number of parameter groups"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        load = optimizer.state_dict()
        load["param_groups"][0]["params"] = []
        optimizer.load_state_dict(load)
    assert repr(optimizer.state_dict()) == before


# ---- names


def named(t, *groups, **options):
    pairs = [[(name, t.ones(1, requires_grad=True)) for name in group] for group in groups]
    return t.optim.SGD([{"params": each} for each in pairs], **options)


def names_come_and_go(t):
    """Names that a loaded dict has count; where it has none, the present ones stay."""
    optimizer, other = named(t, "ab", "c"), named(t, "xy", "z")
    without = optimizer.state_dict()
    for group in without["param_groups"]:
        del group["param_names"]
    optimizer.load_state_dict(without)
    first = [group["param_names"] for group in optimizer.param_groups]
    optimizer.load_state_dict(other.state_dict())
    return first, [group["param_names"] for group in optimizer.param_groups], repr(optimizer)


def test_named_parameters():
    assert names_come_and_go(torch)[:2] == ([["a", "b"], ["c"]], [["x", "y"], ["z"]])
    linear = torch.nn.Linear(2, 1)
    optimizer = optim.SGD(linear.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"] == [linear.weight, linear.bias]


# ---- printed form


def test_printed_form():
    w = torch.ones(1, requires_grad=True)
    optimizer = optim.SGD([{"params": [w]}, {"params": [torch.ones(1, requires_grad=True)], "lr": 0.1}], momentum=0.9)
    assert (
        repr(optimizer)
        == """\
SGD (
Parameter Group 0
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.001
    maximize: False
    momentum: 0.9
    nesterov: False
    weight_decay: 0

Parameter Group 1
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.1
    maximize: False
    momentum: 0.9
    nesterov: False
    weight_decay: 0
)"""
    )


# ---- agreement with PyTorch: results, errors and their words, warnings


def leaf(t):
    return t.ones(2, requires_grad=True)


def computed_and_retained(t):
    w = leaf(t) * 2
    w.retain_grad()
    return t.optim.SGD([w]).param_groups[0]["lr"]


def added_twice(t):
    w = leaf(t)
    t.optim.SGD([{"params": [w]}, {"params": [w]}])


def names_for_some_groups(t, first, second):
    optimizer = t.optim.SGD([("a", leaf(t))] if first else [leaf(t)])
    optimizer.add_param_group({"params": [("b", leaf(t))] if second else [leaf(t)]})


def lost_lr_check(t):
    """A learning rate set later is not checked."""
    w = leaf(t)
    optimizer = t.optim.SGD([w], lr=1.0)
    optimizer.param_groups[0]["lr"] = -1.0
    w.sum().backward()
    optimizer.step()
    return w


SCRIPTS = {
    "load elsewhere": load_elsewhere,
    "load more": load_more,
    "load wrong groups": load_wrong_groups,
    "load wrong sizes": load_wrong_sizes,
    "names": names_come_and_go,
    "state of sgd": lambda t: trained(t, "SGD").state_dict(),
    "state of momentum": lambda t: trained(t, **MOMENTUM).state_dict(),
    "state of adam before steps": lambda t: trained(t, steps=0).state_dict(),
    "repr sgd": lambda t: repr(t.optim.SGD([leaf(t)], lr=0.5)),
    "repr sgd tensor lr": lambda t: repr(t.optim.SGD([leaf(t)], lr=t.tensor(0.5))),
    "repr adam": lambda t: repr(t.optim.Adam([leaf(t)], betas=(0.5, 0.75))),
    "repr adam tensor betas": lambda t: repr(t.optim.Adam([leaf(t)], betas=(t.tensor([0.5]), t.tensor(0.75)))),
    "defaults": lambda t: t.optim.Adam([leaf(t)]).defaults,
    "retained": computed_and_retained,
    "lost check": lost_lr_check,
    "tensor": lambda t: t.optim.SGD(leaf(t)),
    "empty": lambda t: t.optim.SGD([]),
    "empty group": lambda t: repr(t.optim.SGD([{"params": []}])),
    "generator": lambda t: len(t.optim.SGD(leaf(t) for _ in range(3)).param_groups[0]["params"]),
    "number": lambda t: t.optim.SGD([leaf(t), 3]),
    "text": lambda t: t.optim.SGD(["w"]),
    "set": lambda t: t.optim.SGD([{"params": {leaf(t)}}]),
    "group that is no dict": lambda t: t.optim.SGD([leaf(t)]).add_param_group([leaf(t)]),
    "group without params": lambda t: t.optim.SGD([{"lr": 1}]),
    "computed": lambda t: t.optim.SGD([leaf(t) * 2]),
    "without gradient": lambda t: repr(t.optim.SGD([t.ones(1)])),
    "added twice": added_twice,
    "twice in a group": lambda t: len(t.optim.SGD([w := leaf(t), w]).param_groups[0]["params"]),
    "names for some": lambda t: t.optim.SGD([("a", leaf(t)), leaf(t)]),
    "names for second group": lambda t: names_for_some_groups(t, False, True),
    "names for first group": lambda t: names_for_some_groups(t, True, False),
    **{
        f"{name} {options}": lambda t, name=name, options=options: getattr(t.optim, name)([leaf(t)], **options)
        for name, options in [
            ("SGD", {"lr": -0.1}), ("SGD", {"momentum": -1}), ("SGD", {"weight_decay": -1.0}),
            ("SGD", {"nesterov": True}), ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
            ("SGD", {"fused": True, "foreach": True}),
            ("SGD", {"fused": True, "differentiable": True}), ("SGD", {"unknown": 1}), ("SGD", {"lr": "fast"}),
            ("Adam", {"lr": -1}), ("Adam", {"lr": float("nan")}), ("Adam", {"eps": -1e-8}),
            ("Adam", {"weight_decay": -1}), ("Adam", {"betas": (1.0, 0.9)}),
            ("Adam", {"betas": (0.9, -0.1)}), ("Adam", {"betas": (0, 0.9)}),
            ("Adam", {"betas": (0.9,)}), ("Adam", {"fused": True, "foreach": True}),
            ("Adam", {"fused": True, "differentiable": True}),
        ]
        for options in [options]
    },
    "sgd lr of two": lambda t: t.optim.SGD([leaf(t)], lr=t.ones(2)),
    "adam lr of two": lambda t: t.optim.Adam([leaf(t)], lr=t.ones(2)),
    "adam lr tensor foreach": lambda t: t.optim.Adam([leaf(t)], lr=t.tensor(0.1), foreach=True),
    "adam mixed betas": lambda t: t.optim.Adam([leaf(t)], betas=(0.9, t.tensor(0.9))),
    "adam betas of two": lambda t: t.optim.Adam([leaf(t)], betas=(t.tensor([0.9, 0.8]), t.tensor(0.9))),
    "adam tensor betas foreach": lambda t: t.optim.Adam([leaf(t)], betas=(t.tensor(0.9), t.tensor(0.9)), foreach=True),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree(script)


# What PyTorch says to the commonest mistakes, where it is not installed.
WORDS = [
    ("tensor", TypeError, "should be an iterable of Tensors or dicts, but got torch.FloatTensor"),
    ("empty", ValueError, "optimizer got an empty parameter list"),
    ("number", TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
    ("set", TypeError, "optimizer parameters need to be organized in ordered collections"),
    ("computed", ValueError, "can't optimize a non-leaf Tensor"),
    ("added twice", ValueError, "some parameters appear in more than one parameter group"),
    ("names for some", ValueError, "all optimizer params should be with/without names"),
    ("SGD {'lr': -0.1}", ValueError, "Invalid learning rate: -0.1"),
    ("SGD {'nesterov': True}", ValueError, "Nesterov momentum requires a momentum and zero dampening"),
    ("Adam {'betas': (1.0, 0.9)}", ValueError, "Invalid beta parameter at index 0: 1.0"),
    ("adam lr of two", ValueError, "Tensor lr must be 1-element"),
]


@pytest.mark.parametrize(("name", "kind", "words"), WORDS, ids=[name for name, *_ in WORDS])
def test_words_of_errors(name, kind, words):
    with pytest.raises(kind, match=words):
        SCRIPTS[name](torch)


def test_duplicates_in_a_group_are_warned_of():
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        SCRIPTS["twice in a group"](torch)


def test_recorded_steps_are_refused():
    with pytest.raises(RuntimeError, match="differentiable=True is not supported"):
        optim.SGD([leaf(torch)], differentiable=True)
