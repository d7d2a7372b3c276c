"""SGD and Adam: every option, against PyTorch where it is installed and against its numbers where it is not."""

import re
from typing import Any

import numpy as np
import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu import optim

START = [1.0, -2.0, 0.5]
STEPS = 20


def make_param(t, values, dtype="float64"):
    return t.tensor(values, dtype=getattr(t, dtype), requires_grad=True)


def loss_of(t, param, k):
    """A bowl that shakes: gradients change sign, so that moments and maxima matter."""
    curvature = t.tensor([1.0, 0.5, 2.0], dtype=param.dtype)
    slope = t.tensor([0.1, 0.2, 0.3], dtype=param.dtype) * (-1) ** k
    return (curvature * param * param / 2 + slope * param).sum()


def trajectory(t, name, options, dtype="float64", steps=STEPS):
    """The parameter and the optimiser's state after each step."""
    options = {key: given(t, value) for key, value in options.items()}
    param = make_param(t, START, dtype)
    optimizer = getattr(t.optim, name)([param], **options)
    seen = []
    for k in range(steps):
        optimizer.zero_grad()
        loss_of(t, param, k).backward()
        optimizer.step()
        state = {key: value.tolist() for key, value in optimizer.state[param].items()}
        seen.append({"param": param.tolist(), **state})
    return seen


def given(t, value):
    """An option's value in the world of ``t``."""
    if isinstance(value, tuple):
        return tuple(given(t, each) for each in value)
    return value(t) if callable(value) else value


def double(value):
    return lambda t: t.tensor(value, dtype=t.float64)


# What PyTorch 2.13 has after 20 steps in float64 (test_trajectory_equals_pytorchs computes it anew).
TRAJECTORIES: dict[str, tuple[str, dict[str, Any], list[float]]] = {
    "sgd": ("SGD", {}, [0.9801898558818, -1.980093720092, 0.4803813717629]),
    "sgd lr": ("SGD", {"lr": 0.1}, [0.1261999353559, -0.710392213252, 0.0222391206056]),
    "sgd lr tensor": ("SGD", {"lr": double(0.1)}, [0.1261999353559, -0.710392213252, 0.0222391206056]),
    "sgd lr tensor of one element": ("SGD", {"lr": double([0.1])}, [0.1261999353559, -0.710392213252, 0.0222391206056]),
    "sgd decay": ("SGD", {"lr": 0.1, "weight_decay": 0.3}, [0.06673176388046, -0.368935547171, 0.01954218141068]),
    "sgd decay tensor": (
        "SGD",
        {"lr": 0.1, "weight_decay": double(0.3)},
        [0.06673176388046, -0.368935547171, 0.01954218141068],
    ),
    "sgd momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}, [0.3455834517983, 0.263697144574, -0.1661092680221]),
    "sgd dampening": (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.4},
        [0.1165457949632, 0.7027063007962, 0.07712158746842],
    ),
    "sgd nesterov": (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        [0.1268371285758, 0.1632033363209, 0.006894620033508],
    ),
    "sgd maximize": (
        "SGD",
        {"lr": 0.05, "momentum": 0.5, "maximize": True},
        [5.470589695972, -4.867263522324, 11.43827744966],
    ),
    "sgd all": (
        "SGD",
        {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.1, "nesterov": True, "maximize": True},
        [16.29237654322, -8.17483336532, 72.21888108782],
    ),
    "sgd foreach": (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "foreach": True},
        [0.3455834517983, 0.263697144574, -0.1661092680221],
    ),
    "sgd fused": (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "fused": True},
        [0.3455834517983, 0.263697144574, -0.1661092680221],
    ),
    "adam": ("Adam", {}, [0.980160724635, -1.98030156014, 0.4809560710191]),
    "adam lr": ("Adam", {"lr": 0.1}, [-0.2667812725978, -0.2557234262611, -0.006557676560065]),
    "adam lr tensor": ("Adam", {"lr": double(0.1)}, [-0.2667812725978, -0.2557234262611, -0.006557676560065]),
    "adam betas": ("Adam", {"lr": 0.1, "betas": (0.5, 0.7)}, [0.01955829492364, -0.2923058207156, 0.01611616739292]),
    "adam betas tensor": (
        "Adam",
        {"lr": 0.1, "betas": (double(0.5), double(0.7))},
        [0.01955829492364, -0.2923058207156, 0.01611616739292],
    ),
    "adam no momentum": (
        "Adam",
        {"lr": 0.1, "betas": (0.0, 0.9)},
        [0.03628290365153, -0.478586480976, 0.04466596212783],
    ),
    "adam eps": ("Adam", {"lr": 0.1, "eps": 0.5}, [-0.003693747522103, -0.8292523506242, -0.11689203758]),
    "adam decay": ("Adam", {"lr": 0.1, "weight_decay": 0.3}, [-0.2683899317091, -0.232692368973, 0.004277342765602]),
    "adam decoupled": (
        "Adam",
        {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True},
        [-0.2015645483171, 0.0697922558901, 0.01971688965741],
    ),
    "adam amsgrad": (
        "Adam",
        {"lr": 0.3, "betas": (0.5, 0.6), "amsgrad": True},
        [0.00735051994334, 0.01256532588192, 0.02115773565165],
    ),
    "adam maximize": ("Adam", {"lr": 0.1, "maximize": True}, [3.091756386047, -4.049722338319, 2.586849810878]),
    "adam all": (
        "Adam",
        {"lr": 0.3, "betas": (0.6, 0.7), "weight_decay": 0.1, "amsgrad": True, "maximize": True},
        [7.157492458876, -8.096997547979, 6.647095432945],
    ),
    "adam foreach": ("Adam", {"lr": 0.1, "foreach": True}, [-0.2667812725978, -0.2557234262611, -0.006557676560065]),
    "adam fused": ("Adam", {"lr": 0.1, "fused": True}, [-0.2667812725978, -0.2557234262611, -0.006557676560065]),
}


@pytest.mark.parametrize("case", TRAJECTORIES)
def test_trajectory_ends_where_pytorchs_ends(case):
    name, options, end = TRAJECTORIES[case]
    np.testing.assert_allclose(trajectory(torch, name, options)[-1]["param"], end, rtol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("case", TRAJECTORIES)
def test_trajectory_equals_pytorchs(case, dtype, tolerance):
    oracle = pytest.importorskip("torch")
    name, options, _ = TRAJECTORIES[case]
    ours, theirs = trajectory(torch, name, options, dtype), trajectory(oracle, name, options, dtype)
    for here, there in zip(ours, theirs, strict=True):
        assert here.keys() == there.keys()
        for key, value in there.items():
            np.testing.assert_allclose(here[key], value, rtol=tolerance, atol=tolerance, err_msg=key)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", TRAJECTORIES)
def test_dtype_of_parameter_and_state_is_kept(case, dtype):
    name, options, _ = TRAJECTORIES[case]
    param = make_param(torch, START, dtype)
    optimizer = getattr(optim, name)([param], **{key: given(torch, value) for key, value in options.items()})
    for k in range(2):
        loss_of(torch, param, k).backward()
        optimizer.step()
    assert str(param.dtype) == f"torch.{dtype}"
    for key, value in optimizer.state[param].items():
        assert str(value.dtype) == ("torch.float32" if key == "step" else f"torch.{dtype}"), key


# ---- by hand: the formulas, one step at a time


def test_sgd_by_hand():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    (w * torch.tensor([3.0, 4.0])).sum().backward()
    optimizer.step()
    assert w.tolist() == [-0.5, 0.0]
    assert optimizer.state == {}  # plain descent remembers nothing


def test_momentum_by_hand():
    w = torch.tensor(1.0, requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5, dampening=0.25)
    for grad, buffer, value in [(2.0, 2.0, -1.0), (4.0, 0.5 * 2 + 0.75 * 4, -5.0), (0.0, 2.0, -7.0)]:
        w.grad = torch.tensor(grad)
        optimizer.step()
        assert optimizer.state[w]["momentum_buffer"].item() == buffer
        assert w.item() == value


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_first_step_of_adam_is_the_learning_rate_against_the_sign(shape):
    w = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    optimizer = optim.Adam([w], lr=0.125, eps=0)
    w.grad = torch.full(shape, -3.0, dtype=torch.float64)
    optimizer.step()
    np.testing.assert_allclose(w.detach().numpy(), 0.125, rtol=1e-15)
    assert w.shape == shape
    assert optimizer.state[w]["step"].item() == 1.0


# ---- parameters


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_parameter_without_gradient_is_left_alone(name):
    used, unused = (torch.ones(2, requires_grad=True) for _ in range(2))
    optimizer = getattr(optim, name)([used, unused], weight_decay=0.5)
    used.sum().backward()
    optimizer.step()
    assert unused.tolist() == [1.0, 1.0]
    assert unused not in optimizer.state
    assert used.tolist() != [1.0, 1.0]


def test_groups_have_options_of_their_own():
    a, b, c = (torch.tensor(1.0, requires_grad=True) for _ in range(3))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.25)
    optimizer.add_param_group({"params": [c], "maximize": True})
    (a + b + c).backward()
    optimizer.step()
    assert [a.item(), b.item(), c.item()] == [0.75, 0.5, 1.25]
    optimizer.param_groups[0]["lr"] = 1.0  # as schedulers do
    optimizer.step()
    assert a.item() == -0.25


def test_groups_given_are_not_changed():
    w = torch.ones(1, requires_grad=True)
    group = {"params": (w,)}
    optimizer = optim.SGD([group], lr=0.1)
    assert optimizer.param_groups[0]["params"] == [w]
    assert optimizer.param_groups[0] is not group or group["params"] == [w]


def test_parameter_shared_by_two_optimisers():
    w = torch.tensor(1.0, requires_grad=True)
    first, second = optim.SGD([w], lr=0.5), optim.SGD([w], lr=0.25, momentum=0.9)
    w.grad = torch.tensor(1.0)
    first.step()
    second.step()
    assert w.item() == 0.25
    assert w not in first.state
    assert w in second.state


def test_zero_grad():
    w = torch.ones(2, requires_grad=True)
    optimizer = optim.SGD([w])
    w.sum().backward()
    grad = w.grad
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is grad
    assert grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert w.grad is None
    assert grad.tolist() == [0.0, 0.0]


def test_zero_grad_in_place_cuts_the_gradients_history():
    w = torch.ones(2, requires_grad=True)
    optimizer = optim.SGD([w])
    (w.grad,) = torch.autograd.grad((w * w).sum(), [w], create_graph=True)
    assert w.grad.grad_fn is not None
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.grad_fn is None
    assert not w.grad.requires_grad


def test_step_counts_as_an_in_place_write():
    w = torch.ones(2, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    version = w._version
    optimizer.step()
    assert w._version == version + 1
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*is at version 1; expected version 0"):
        loss.backward()


def test_step_keeps_memory_and_history_free_leaves():
    w = torch.ones(2, requires_grad=True)
    array = w.detach().numpy()
    optimizer = optim.Adam([w], lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)
    w.sum().backward()
    optimizer.step()
    assert w.is_leaf
    assert w.detach().numpy() is array or np.shares_memory(w.detach().numpy(), array)
    assert array[0] == w[0].item()


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_gradient_is_left_as_it_is(name):
    w = torch.ones(3, requires_grad=True)
    optimizer = getattr(optim, name)([w], lr=0.1, weight_decay=0.1, maximize=True)
    w.grad = torch.tensor([1.0, -2.0, 0.0])
    for _ in range(2):
        optimizer.step()
    assert w.grad.tolist() == [1.0, -2.0, 0.0]


def test_momentum_buffer_is_not_the_gradient():
    w = torch.ones(1, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
    w.sum().backward()
    optimizer.step()
    w.grad.zero_()
    assert optimizer.state[w]["momentum_buffer"].item() == 1.0


def test_numpys_settings_do_not_matter():
    w = torch.tensor([1.0], requires_grad=True)
    optimizer = optim.Adam([w], lr=0.1, eps=0)
    w.grad = torch.tensor([0.0])
    with np.errstate(all="raise"):
        optimizer.step()
    assert np.isnan(w.item())  # 0 / 0, as in PyTorch


# ---- closures and hooks


def test_closure_runs_with_gradients_and_its_loss_is_returned():
    w = torch.tensor(2.0, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = w * w
        loss.backward()
        return loss

    with torch.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 4.0
    assert w.item() == 1.0
    assert optimizer.step() is None


def hooked(t):
    """What hooks see and change, in the order in which they run."""
    w = t.tensor(1.0, requires_grad=True)
    optimizer = t.optim.SGD([w], lr=1.0, momentum=0.5)
    seen = []

    def closure():
        w.grad = t.tensor(0.25)
        seen.append("closure")
        return 5

    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("pre", args == (o,), kwargs)))
    change = optimizer.register_step_pre_hook(lambda o, args, kwargs: (args, {"closure": closure}))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("post", w.item(), list(kwargs))))
    seen.append(optimizer.step())
    before.remove()
    change.remove()
    seen.append(optimizer.step())

    optimizer.register_state_dict_pre_hook(lambda o: seen.append("state pre"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("state pre, first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: seen.append(sorted(state)))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
    saved = optimizer.state_dict()
    seen.append(sorted(saved))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("load post"))
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(sorted(state)))
    optimizer.register_load_state_dict_pre_hook(lambda o, state: {"state": {}, "param_groups": state["param_groups"]})
    optimizer.load_state_dict(saved)
    return [*seen, len(optimizer.state)]


def test_hooks():
    assert hooked(torch) == [
        ("pre", True, {}), "closure", ("post", 0.75, ["closure"]), 5, ("post", 0.375, []), None,
        "state pre, first", "state pre", ["param_groups", "state"], ["more", "param_groups", "state"],
        ["more", "param_groups", "state"], "load post", 0,
    ]  # fmt: skip


@pytest.mark.oracle
def test_hooks_run_as_pytorchs():
    agree(hooked)


def test_pre_hook_that_returns_nonsense():
    optimizer = optim.SGD([torch.ones(1, requires_grad=True)])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    words = re.escape("must return None or a tuple of (new_args, new_kwargs), but got 3.")
    with pytest.raises(RuntimeError, match=words):
        optimizer.step()


def own_optimizer(t):
    """An optimiser as PyTorch's users write it: a class of their own with a ``step``."""

    class SignDescent(t.optim.Optimizer):
        def __init__(self, params, lr=0.5):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            with t.no_grad():
                for group in self.param_groups:
                    for param in group["params"]:
                        self.state[param].setdefault("steps", 0)
                        self.state[param]["steps"] += 1
                        param -= group["lr"] * param.grad.sign()
            return "done"

    w = t.tensor([1.0, -1.0], requires_grad=True)
    optimizer = SignDescent([w])
    seen = []
    optimizer.register_step_pre_hook(lambda *_: seen.append("pre"))
    optimizer.register_step_post_hook(lambda *_: seen.append("post"))
    (w * w).sum().backward()
    seen.append(optimizer.step())
    return seen, w, optimizer.state_dict(), repr(optimizer)


def test_optimizer_of_ones_own():
    seen, w, state, _ = own_optimizer(torch)
    assert seen == ["pre", "post", "done"]
    assert w.tolist() == [0.5, -0.5]
    assert state == {"state": {0: {"steps": 1}}, "param_groups": [{"lr": 0.5, "params": [0]}]}


@pytest.mark.oracle
def test_optimizer_of_ones_own_runs_as_in_pytorch():
    agree(own_optimizer)
