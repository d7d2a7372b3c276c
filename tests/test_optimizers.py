"""Every optimiser with every option: hundreds of steps beside PyTorch's, checkpoints carried over, errors and their words."""

import copy
import pickle

import numpy as np
import pytest
from agreement import agree
from tinygrad_edu.optim.together import PART, SMALL

import tinygrad_edu as torch
from tinygrad_edu import optim

SHAPES = [(3, 4), (4,), (), (1,), (2, 0), (2, 3, 2)]

OPTIONS = {
    "SGD": [
        {}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"lr": 0.1, "maximize": True, "weight_decay": 0.3},
    ],
    "Adam": [
        {}, {"lr": 0.1, "betas": (0.5, 0.75)}, {"weight_decay": 0.1, "eps": 1e-3}, {"amsgrad": True, "lr": 0.1},
        {"maximize": True}, {"foreach": True}, {"fused": True},
    ],
    "AdamW": [{}, {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}, {"maximize": True}],
    "Adagrad": [
        {}, {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1}, {"initial_accumulator_value": 0.5, "maximize": True},
        {"fused": True, "eps": 1e-3},
    ],
    "Adafactor": [
        {}, {"lr": 0.1, "beta2_decay": -0.5, "weight_decay": 0.1}, {"eps": (1e-3, 1e-2), "d": 2.0, "maximize": True},
    ],
    "RMSprop": [
        {}, {"lr": 0.05, "momentum": 0.9}, {"centered": True, "eps": 1e-3},
        {"alpha": 0.5, "weight_decay": 0.1, "maximize": True},
        {"centered": True, "momentum": 0.5, "weight_decay": 0.1, "eps": 1e-2},
    ],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.5, "weight_decay": 0.1}, {"eps": 1e-2, "maximize": True}],
    "Adamax": [{}, {"lr": 0.05, "betas": (0.5, 0.75), "weight_decay": 0.1}, {"eps": 1e-2, "maximize": True}],
    "NAdam": [
        {}, {"lr": 0.05, "momentum_decay": 0.1, "weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True, "betas": (0.5, 0.75)},
    ],
    "RAdam": [
        {}, {"lr": 0.05, "betas": (0.5, 0.75), "weight_decay": 0.1}, {"betas": (0.9, 0.9), "eps": 1e-2},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    ],
    "ASGD": [{}, {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 20, "weight_decay": 0.1}, {"maximize": True, "t0": 0}],
    "Rprop": [{}, {"etas": (0.25, 1.5), "step_sizes": (0.01, 0.5)}, {"maximize": True, "lr": 0.25}],
}  # fmt: skip
CASES = [(name, options) for name, several in OPTIONS.items() for options in several]
IDS = [f"{name} {options}" for name, options in CASES]


def parameters(t, dtype, name=""):
    """Of all shapes; the last is transposed."""
    rng = np.random.default_rng(0)
    shapes = [shape for shape in SHAPES if name != "Adafactor" or np.prod(shape)]  # PyTorch's divides by the size
    arrays = [rng.uniform(-2, 2, shape).astype(dtype) for shape in shapes]
    made = [t.from_numpy(array.copy()).requires_grad_() for array in arrays]
    return [*made, t.from_numpy(rng.uniform(-2, 2, (3, 2)).astype(dtype).T.copy().T).requires_grad_()]


def gradients(shape, step, dtype):
    """The same in both libraries: of changing sign and size."""
    wave = np.sin(np.arange(int(np.prod(shape))) * 1.7 + step * 0.9) + 0.3 * np.cos(step * 0.31)
    return wave.reshape(shape).astype(dtype)


def run(t, optimizer, start, stop, dtype, skip=()):
    params = [param for group in optimizer.param_groups for param in group["params"]]
    for k in range(start, stop):
        for i, param in enumerate(params):
            grad = gradients(tuple(param.shape), k + i, dtype)
            if not param.is_contiguous():  # PyTorch's fused kernels want gradients of the parameter's strides
                grad = grad.T.copy().T
            param.grad = None if (k, i) in skip else t.from_numpy(grad)
        optimizer.step()


def snapshot(optimizer):
    """Parameters and state as arrays."""
    params = [param for group in optimizer.param_groups for param in group["params"]]
    found = [{"param": param.detach().numpy().copy()} for param in params]
    for param, each in zip(params, found, strict=True):
        for name, value in optimizer.state[param].items():
            each[name] = value.numpy().copy()
    return found


def assert_same(ours, theirs, rtol, atol):
    for here, there in zip(ours, theirs, strict=True):
        assert list(here) == list(there)
        for name, value in there.items():
            assert here[name].dtype == value.dtype, name
            assert here[name].shape == value.shape, name
            np.testing.assert_allclose(here[name], value, rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_hundreds_of_steps_are_pytorchs(name, options, dtype):
    oracle = pytest.importorskip("torch")
    skip = {(k, i) for i in (1, 3) for k in range(100 + i, 110)} | {(150, i) for i in range(7)}
    found = []
    for t in (torch, oracle):
        first, second = (made := parameters(t, dtype, name))[:4], made[4:]
        optimizer = getattr(t.optim, name)([{"params": first}, {"params": second, "lr": 0.03}], **options)
        seen = []
        for start, stop in ((0, 1), (1, 7), (7, 100), (100, 160), (160, 300)):
            run(t, optimizer, start, stop, dtype, skip)
            seen += snapshot(optimizer)
        found.append(seen)
    assert_same(*found, *((1e-9, 1e-11) if dtype == "float64" else (2e-3, 2e-4)))


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_checkpoint_of_pytorchs_goes_on_as_there(name, options):
    oracle = pytest.importorskip("torch")
    first = getattr(oracle.optim, name)(parameters(oracle, "float64", name), **options)
    run(oracle, first, 0, 12, "float64")
    theirs = getattr(oracle.optim, name)(first.param_groups[0]["params"], **options)
    theirs.load_state_dict(copy.deepcopy(first.state_dict()))
    ours = getattr(optim, name)(parameters(torch, "float64", name), **options)
    with torch.no_grad():
        for here, there in zip(ours.param_groups[0]["params"], theirs.param_groups[0]["params"], strict=True):
            here.copy_(torch.from_numpy(there.detach().numpy()))

    def converted(value):
        if isinstance(value, oracle.Tensor):
            return torch.from_numpy(value.numpy().copy())
        if isinstance(value, dict):
            return {key: converted(each) for key, each in value.items()}
        return [converted(each) for each in value] if isinstance(value, list) else value

    saved = converted(first.state_dict())
    before = pickle.dumps(saved)
    ours.load_state_dict(saved)
    run(oracle, theirs, 12, 40, "float64")
    run(torch, ours, 12, 40, "float64")
    assert_same(snapshot(ours), snapshot(theirs), 1e-11, 1e-12)
    assert pickle.dumps(saved) == before
    assert ours.state_dict()["param_groups"] == theirs.state_dict()["param_groups"]
    assert list(ours.state_dict()["param_groups"][0]) == list(theirs.state_dict()["param_groups"][0])


@pytest.mark.oracle
@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - {"Adafactor"}))
def test_complex_parameters_are_pairs_of_numbers(name):
    oracle = pytest.importorskip("torch")
    found = []
    for t in (torch, oracle):
        start = np.array([[1 + 2j, -1j], [0.5, -2 + 1j]])
        w = t.from_numpy(start.copy()).requires_grad_()
        optimizer = getattr(t.optim, name)([w], lr=0.05)
        for k in range(30):
            w.grad = t.from_numpy(start * np.exp(0.4j * k))
            optimizer.step()
        found.append(snapshot(optimizer))
    assert_same(*found, 1e-9, 1e-11)


# ---- stepping together changes nothing


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_parameters_step_as_if_alone(name, options):
    """Bit for bit, also when some have no gradient for a while, or one is large."""
    skip = {(k, i) for i in (1, 3) for k in range(3, 3 + i)} | {(8, i) for i in range(7)}

    def made():
        return [*parameters(torch, "float32"), torch.ones(SMALL + 1, requires_grad=True)]

    together = getattr(optim, name)(made(), **options)
    apart = [getattr(optim, name)([param], **options) for param in made()]
    run(torch, together, 0, 14, "float32", skip)
    for i, each in enumerate(apart):
        for k in range(14):
            if (k, i) not in skip:
                (param,) = each.param_groups[0]["params"]
                param.grad = torch.from_numpy(gradients(tuple(param.shape), k + i, "float32"))
                each.step()
    for here, each in zip(snapshot(together), apart, strict=True):
        (there,) = snapshot(each)
        for key, value in there.items():
            np.testing.assert_array_equal(here[key], value, err_msg=key)


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - {"Adafactor"}))
def test_large_parameters_step_in_parts_as_in_one(name):
    """Bit for bit; memory that is not in one piece is updated at once."""
    values = np.sin(np.arange(2 * PART + 2)).astype("float32").reshape(-1, 2)
    found = []
    for layout in (values.copy(), values.T.copy().T):
        param = torch.from_numpy(layout).requires_grad_()
        optimizer = getattr(optim, name)([param], lr=0.05)
        for k in range(3):
            param.grad = torch.from_numpy(values * (k - 0.5))
            optimizer.step()
        found.append(snapshot(optimizer))
    assert_same(*found, 0, 0)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("again", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_copies_go_on_alone(name, again):
    original = getattr(optim, name)(parameters(torch, "float64"), lr=0.05)
    run(torch, original, 0, 4, "float64")
    twin = again(original)
    before = snapshot(original)
    run(torch, twin, 4, 8, "float64")
    assert_same(snapshot(original), before, 0, 0)
    run(torch, original, 4, 8, "float64")
    assert_same(snapshot(original), snapshot(twin), 0, 0)


def test_state_that_others_change_counts():
    """State may be written to, exchanged or removed between steps; so may the parameter's data."""
    a, b, alone = (torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in range(3))
    both, one = optim.Adam([a, b], lr=0.1), optim.Adam([alone], lr=0.1)

    def step():
        for each in (a, b, alone):
            each.grad = torch.tensor([1.0, -3.0], dtype=torch.float64)
        both.step()
        one.step()

    def on_both(change):
        change(both.state[a], a)
        change(one.state[alone], alone)
        step()
        assert a.tolist() == alone.tolist()
        assert a.tolist() != b.tolist()
        assert both.state[a]["step"].item() == one.state[alone]["step"].item()

    for _ in range(3):
        step()
    on_both(lambda state, w: state["step"].fill_(10))
    on_both(lambda state, w: state["exp_avg"].mul_(2))
    on_both(lambda state, w: state.update(exp_avg_sq=torch.ones(2, dtype=torch.float64)))
    on_both(lambda state, w: setattr(w, "data", torch.zeros(2, dtype=torch.float64)))
    on_both(lambda state, w: state.clear())


def test_same_parameter_twice_steps_twice():
    w, v = (torch.ones(2, requires_grad=True) for _ in range(2))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        twice = optim.Adam([w, w], lr=0.1)
    once = optim.Adam([v], lr=0.1)
    for _ in range(3):
        w.grad = torch.ones(2)
        v.grad = torch.ones(2)
        twice.step()
        once.step()
        once.step()
    assert w.tolist() == v.tolist()


@pytest.mark.parametrize("name", OPTIONS)
def test_no_gradient_is_written_to(name):
    params = parameters(torch, "float32")
    optimizer = getattr(optim, name)(params, maximize=True)
    for param in params:
        param.grad = torch.ones_like(param)
    for _ in range(3):
        optimizer.step()
    assert all((param.grad == 1).all() for param in params)
    assert all(param._version == 3 for param in params)


# ---- LBFGS


def minimised(t, steps=6, dtype="float64", **options):
    """Rosenbrock's valley in two parameters."""
    x = t.tensor(-1.5, dtype=getattr(t, dtype), requires_grad=True)
    y = t.tensor([2.0], dtype=getattr(t, dtype), requires_grad=True)
    unused = t.ones(2, dtype=getattr(t, dtype), requires_grad=True)
    optimizer = t.optim.LBFGS([x, y, unused], **options)

    def closure():
        optimizer.zero_grad()
        loss = ((1 - x) ** 2 + 10 * (y - x**2) ** 2).sum()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(steps)]
    return losses, x, y, optimizer


LBFGS = [
    {"lr": 0.05}, {"line_search_fn": "strong_wolfe"}, {"lr": 0.02, "history_size": 3, "max_iter": 7},
    {"line_search_fn": "strong_wolfe", "max_iter": 5, "max_eval": 8, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "lr": 20}, {"lr": 0.05, "tolerance_grad": 1.0}, {"lr": 0.05, "tolerance_change": 0.1},
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("options", LBFGS, ids=str)
def test_lbfgs_goes_pytorchs_way(options):
    oracle = pytest.importorskip("torch")
    ours, theirs = minimised(torch, **options), minimised(oracle, **options)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-7, atol=1e-12)
    for here, there in zip(ours[1:3], theirs[1:3], strict=True):
        np.testing.assert_allclose(here.detach().numpy(), there.detach().numpy(), rtol=1e-7)
    here, there = (each[3].state_dict()["state"][0] for each in (ours, theirs))
    assert list(here) == list(there)
    assert (here["func_evals"], here["n_iter"]) == (there["func_evals"], there["n_iter"])
    assert len(here["old_dirs"]) == len(there["old_dirs"])


def test_lbfgs_finds_the_minimum():
    losses, x, y, _ = minimised(torch, steps=5, line_search_fn="strong_wolfe")
    assert losses[-1] < 1e-8
    assert x.item() == pytest.approx(1, abs=1e-3)
    assert y.item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("options", LBFGS[1:3], ids=str)
def test_lbfgs_checkpoint_goes_on_as_before(options):
    *_, original = minimised(torch, steps=2, **options)
    *_, fresh = minimised(torch, steps=0, **options)
    fresh.load_state_dict(copy.deepcopy(original.state_dict()))
    for new, old in zip(fresh.param_groups[0]["params"], original.param_groups[0]["params"], strict=True):
        new.data.copy_(old)
    for optimizer in (original, fresh):
        x, y, _ = optimizer.param_groups[0]["params"]

        def closure(optimizer=optimizer, x=x, y=y):
            optimizer.zero_grad()
            loss = ((1 - x) ** 2 + 10 * (y - x**2) ** 2).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
    assert [p.tolist() for p in original.param_groups[0]["params"]] == [p.tolist() for p in fresh.param_groups[0]["params"]]


# ---- agreement on everything else


def leaf(t):
    return t.ones(2, requires_grad=True)


def stepped(t, optimizer):
    (param,) = optimizer.param_groups[0]["params"]
    param.sum().backward()
    optimizer.step()
    return optimizer.state_dict()


def later_group(t):
    optimizer = t.optim.RMSprop([leaf(t)], lr=0.25, alpha=0.75, eps=0)
    optimizer.add_param_group({"params": leaf(t), "momentum": 0.5})
    for group in optimizer.param_groups:
        group["params"][0].grad = t.tensor([2.0, -4.0])
    optimizer.step()
    return optimizer.state_dict()


def old_checkpoint(t):
    """Of a version without the later options, with the count of steps as a number."""
    optimizer = t.optim.Adam([leaf(t)])
    state = {"step": 3, "exp_avg": t.zeros(2), "exp_avg_sq": t.zeros(2)}
    group = {"params": [0], "lr": 0.5, "betas": (0.5, 0.75), "eps": 1.0, "weight_decay": 0}
    optimizer.load_state_dict({"state": {0: state}, "param_groups": [group]})
    return stepped(t, optimizer)


def complex_factors(t):
    return stepped(t, t.optim.Adafactor([t.ones(2, dtype=t.complex64, requires_grad=True)]))


def hooks_of_all(t):
    """Hooks of all optimisers run around those of one."""
    from importlib import import_module

    module, seen = import_module(t.optim.__name__ + ".optimizer"), []
    optimizer = t.optim.SGD([leaf(t)])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    handles = [
        module.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("before all")),
        module.register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after all")),
    ]
    optimizer.step()
    for handle in handles:
        handle.remove()
    optimizer.step()
    return seen


def double_by_default(t):
    t.set_default_dtype(t.float64)
    try:
        return [stepped(t, getattr(t.optim, name)([leaf(t)])) for name in ("Adam", "ASGD", "Adagrad", "SGD")]
    finally:
        t.set_default_dtype(t.float32)


BAD = [
    ("Adafactor", {"lr": -1}), ("Adafactor", {"beta2_decay": 0.5}), ("Adafactor", {"eps": (-1, 1e-3)}),
    ("Adafactor", {"eps": (None, -1)}), ("Adafactor", {"d": 0.5}), ("Adafactor", {"weight_decay": -1}),
    ("Adagrad", {"lr": -1}), ("Adagrad", {"lr_decay": -1}), ("Adagrad", {"weight_decay": -1}),
    ("Adagrad", {"eps": -1}), ("Adagrad", {"initial_accumulator_value": -1}),
    ("Adagrad", {"fused": True, "foreach": True}), ("RMSprop", {"lr": -1}), ("RMSprop", {"alpha": -1}),
    ("RMSprop", {"eps": -1}), ("RMSprop", {"momentum": -1}), ("RMSprop", {"weight_decay": -1}),
    ("RMSprop", {"fused": True}), ("Adadelta", {"rho": 1.5}), ("Adadelta", {"eps": -1}), ("Adadelta", {"lr": -1}),
    ("Adadelta", {"weight_decay": -1}), ("Adamax", {"betas": (1.0, 0.5)}), ("Adamax", {"betas": (0.5, -1)}),
    ("Adamax", {"lr": "fast"}), ("Adamax", {"eps": float("nan")}), ("NAdam", {"momentum_decay": -1}),
    ("NAdam", {"betas": (0.5, 1)}), ("NAdam", {"lr": -1}), ("RAdam", {"betas": (2, 0)}),
    ("RAdam", {"weight_decay": -0.1}), ("RAdam", {"lr": float("nan")}), ("ASGD", {"lr": -1}),
    ("ASGD", {"weight_decay": -1}), ("Rprop", {"etas": (0.5, 0.9)}), ("Rprop", {"lr": -1}),
    ("Rprop", {"etas": (0, 2)}), ("LBFGS", {"lr": -1}), ("LBFGS", {"momentum": 1}), ("AdamW", {"lr": -1}),
    ("AdamW", {"betas": (1.0, 0)}), ("AdamW", {"decoupled_weight_decay": True}), ("AdamW", {"weight_decay": -1}),
]  # fmt: skip
NAMES = ["Adafactor", "Adagrad", "AdamW", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop", "LBFGS"]

SCRIPTS = {
    **{f"repr {name}": lambda t, name=name: repr(getattr(t.optim, name)([leaf(t)])) for name in NAMES},
    **{f"defaults {name}": lambda t, name=name: getattr(t.optim, name)([leaf(t)]).defaults for name in NAMES},
    **{f"state {n}": lambda t, n=n: stepped(t, getattr(t.optim, n)([leaf(t)], lr=0.5)) for n in ("Rprop", "SGD")},
    **{f"{n} {o}": lambda t, n=n, o=o: getattr(t.optim, n)([leaf(t)], **o) for n, o in BAD},
    **{
        f"capturable {name}": lambda t, name=name: stepped(t, getattr(t.optim, name)([leaf(t)], capturable=True))
        for name in ["Adam", *NAMES[2:-1]]
    },
    **{
        f"tensor lr {name}": lambda t, name=name: repr(getattr(t.optim, name)([leaf(t)], lr=t.tensor([0.5])))
        for name in NAMES
    },
    **{f"lr of two {name}": lambda t, name=name: getattr(t.optim, name)([leaf(t)], lr=t.ones(2)) for name in NAMES},
    "Adagrad before the first step": lambda t: t.optim.Adagrad([leaf(t)], initial_accumulator_value=0.5).state_dict(),
    "LBFGS of groups": lambda t: t.optim.LBFGS([{"params": [leaf(t)]}, {"params": [leaf(t)]}]),
    "LBFGS without closure": lambda t: t.optim.LBFGS([leaf(t)]).step(),
    "LBFGS unknown search": lambda t: minimised(t, line_search_fn="newton"),
    "later group": later_group,
    "hooks of all": hooks_of_all,
    "complex factors": complex_factors,
    "old checkpoint": old_checkpoint,
    "double by default": double_by_default,
    "AdamW is Adam": lambda t: isinstance(t.optim.AdamW([leaf(t)]), t.optim.Adam),
    "names in all": lambda t: [name in dir(t.optim) for name in NAMES],
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree(script)
