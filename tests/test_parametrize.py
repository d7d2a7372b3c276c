"""Parametrized modules, weights as length and direction or of norm one, by parametrization and by hook; beside PyTorch's."""

import copy
import importlib
import pickle

import numpy as np
import pytest
from agreement import agree_nearly
from tinygrad_edu.nn.utils import parametrizations, parametrize

import tinygrad_edu as torch
from tinygrad_edu import nn


def room(t, name):
    return importlib.import_module(f"{t.__name__}.nn.utils.{name}")


def utils(t):
    return t.nn.utils, room(t, "parametrize")


def kinds(t):
    """Parametrizations of several kinds."""

    class Symmetric(t.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    class Double(t.nn.Module):
        def forward(self, x):
            return 2 * x

    class RankOne(t.nn.Module):
        def forward(self, x, y):
            return x.unsqueeze(-1) @ y.unsqueeze(-2)

        def right_inverse(self, z):
            return z[:, 0].clone(), z[0].clone()

    class Refuses(Double):
        def right_inverse(self, x):
            raise NotImplementedError

    class Cast(t.nn.Module):
        def forward(self, x):
            return x.double()

    class Shrink(t.nn.Module):
        def forward(self, x):
            return x[:1]

    class Inverse(t.nn.Module):
        def __init__(self, result):
            super().__init__()
            self.result = result

        def forward(self, *x):
            return x[0]

        def right_inverse(self, x):
            return self.result(x)

    return {name: value for name, value in locals().items() if name != "t"}


def state(module):
    return repr(module), dict(module.state_dict()), [name for name, _ in module.named_parameters()]


def trained(t, module, *shape, steps=2):
    """The state after some steps of training, and the gradients of the last."""
    optimizer = t.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        (module(t.arange(float(np.prod(shape))).reshape(shape) / 7) ** 2).mean().backward()
        optimizer.step()
    return state(module), [param.grad for param in module.parameters()]


def seeded(t, name="Linear", *args):
    t.manual_seed(3)
    return getattr(t.nn, name)(*(args or (3, 3)))


def register(t, *names, module=None, tensor="weight", **options):
    module = seeded(t) if module is None else module
    for name in names:
        utils(t)[1].register_parametrization(module, tensor, kinds(t)[name](), **options)
    return module


def assigned(t, *names):
    module = register(t, *names)
    module.weight = t.arange(9.0).reshape(3, 3)
    return state(module), module.weight


def cached(t):
    P, module, calls = utils(t)[1], seeded(t), []

    class Counted(t.nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 2

    P.register_parametrization(module, "weight", Counted())
    made = len(calls)
    with P.cached():
        with P.cached():
            same = module.weight is module.weight
        again = module.weight is module.weight
    return made, len(calls) - made, same, again, module.weight is module.weight


def removed(t, *names, leave=True, which="weight"):
    P, module = utils(t)[1], register(t, *names)
    before = id(getattr(module.parametrizations.weight, "original", None))
    result = P.remove_parametrizations(module, which, leave_parametrized=leave)
    same = id(module.weight) == before
    return state(module), type(module).__name__, result is module, same, P.is_parametrized(module), module.weight


def two_tensors(t):
    P, module = utils(t)[1], register(t, "Symmetric")
    register(t, "Double", module=module, tensor="bias")
    names = P.is_parametrized(module), P.is_parametrized(module, "bias"), P.is_parametrized(module, "gone")
    before = P.type_before_parametrizations(module).__name__
    P.remove_parametrizations(module, "weight")
    return names, before, state(module), P.type_before_parametrizations(t.nn.ReLU()).__name__


def copied(t):
    module = register(t, "RankOne")
    other = copy.deepcopy(module)
    with t.no_grad():
        other.parametrizations.weight.original0.zero_()
    return state(other), module.weight, other.weight, type(other).__name__, repr(t.nn.Sequential(other))


def pickled(t):
    return pickle.dumps(register(t, "Double"))


def transferred(t, *names):
    P, module, other = utils(t)[1], register(t, *names), t.nn.Linear(3, 3)
    P.transfer_parametrizations_and_params(module, other)
    P.transfer_parametrizations_and_params(t.nn.Linear(2, 2), other)
    return state(other), other.weight, module.weight


def buffers(t):
    module = seeded(t, "BatchNorm1d", 3)
    register(t, "Double", module=module, tensor="running_mean")
    return state(module), module(t.arange(12.0).reshape(4, 3)), [name for name, _ in module.named_buffers()]


def loaded(t):
    source, target = register(t, "RankOne"), register(t, "RankOne", module=t.nn.Linear(3, 3))
    keys = repr(target.load_state_dict(source.state_dict()))
    return keys, target.weight, t.nn.Linear(3, 3).load_state_dict(source.state_dict())


def normed(t, kind, layer, *args, steps=2, **options):
    """A layer with one of the parametrizations of PyTorch's, trained."""
    shape = {"Linear": (2, 3), "Conv2d": (1, 2, 4, 4), "ConvTranspose2d": (1, 2, 3, 3), "LSTM": (2, 2, 3)}[layer]
    module = seeded(t, layer, *args)
    function = getattr(room(t, "parametrizations"), kind)
    assert function(module, **options) is module
    return trained(t, module, *shape, steps=steps), module.eval()(t.ones(shape))


def hooked(t, kind, layer, *args, **options):
    """The same by hook, then removed."""
    shape = {"Linear": (2, 3), "Conv2d": (1, 2, 4, 4), "ConvTranspose2d": (1, 2, 3, 3)}[layer]
    module, functions = seeded(t, layer, *args), utils(t)[0]
    assert getattr(functions, kind)(module, **options) is module
    result = trained(t, module, *shape), module.eval()(t.ones(shape))
    getattr(functions, f"remove_{kind}")(module, *([options["name"]] if "name" in options else []))
    return result, state(module), len(module._forward_pre_hooks)


def recurrent(t, kind, hook):
    t.manual_seed(2)
    module = t.nn.LSTM(3, 2)
    (utils(t)[0] if hook else room(t, "parametrizations")).__dict__[kind](module, "weight_hh_l0")
    out, _ = module(t.ones(3, 2, 3))
    out.sum().backward()
    return state(module), out, [param.grad for param in module.parameters()]


def old_states(t):
    """What the hook saved is loaded by the parametrization."""
    old = utils(t)[0].weight_norm(seeded(t))
    new = room(t, "parametrizations").weight_norm(t.nn.Linear(3, 3))
    return repr(new.load_state_dict(old.state_dict())), state(new)


def old_spectral_state(t):
    """A state dict without a version: v is computed from the weight."""
    norm = utils(t)[0].spectral_norm
    source, target = norm(seeded(t)), norm(t.nn.Linear(3, 3))
    source(t.ones(2, 3))
    full = source.state_dict()
    bare = {key: value for key, value in full.items() if not key.endswith("_v")}
    bare["weight"] = source.weight.detach()
    keys = repr(target.load_state_dict(bare))
    return keys, state(target), dict(full._metadata), repr(target.load_state_dict(dict(full)))


def backward_twice(t, kind, hook):
    """Two forward passes before one backward pass, as GANs do; and the second derivative."""
    module = seeded(t)
    (utils(t)[0] if hook else room(t, "parametrizations")).__dict__[kind](module)
    x = t.arange(6.0).reshape(2, 3) / 5
    out = (module(x) - module(x + 1)).pow(3).sum()
    params = list(module.parameters())
    grads = t.autograd.grad(out, params, create_graph=True, allow_unused=True)
    if kind == "weight_norm":  # PyTorch's own second derivative fails its gradgradcheck
        return grads
    total = sum((grad * grad).sum() for grad in grads if grad is not None)
    return grads, t.autograd.grad(total, params, allow_unused=True)


def orthogonal(t, *size, dtype="float32", assign=False, **options):
    t.manual_seed(5)
    module = t.nn.Linear(*size, dtype=getattr(t, dtype))
    room(t, "parametrizations").orthogonal(module, **options)
    weight = module.weight
    (weight * t.arange(float(weight.numel())).reshape(weight.shape)).abs().sum().backward()
    first = state(module), weight, [param.grad for param in module.parameters()]
    if assign:
        other = t.nn.init.orthogonal_(t.empty(weight.shape, dtype=weight.dtype))
        module.weight = other
        return first, module.weight, state(module)
    return first


def orthogonal_batch(t, kind):
    t.manual_seed(1)
    module = t.nn.Module()
    module.register_parameter("stack", t.nn.Parameter(t.randn(2, 4, 3)))
    room(t, "parametrizations").orthogonal(module, "stack", kind)
    module.stack.pow(3).sum().backward()
    return module.stack, module.parametrizations.stack.original.grad


SPECTRAL = [("Linear", 3, 4), ("Conv2d", 2, 3, 2), ("ConvTranspose2d", 2, 3, 2)]
SCRIPTS = {
    "one": lambda t: trained(t, register(t, "Symmetric"), 2, 3),
    "two": lambda t: trained(t, register(t, "Symmetric", "Double"), 2, 3),
    "several tensors": lambda t: trained(t, register(t, "RankOne", "Double"), 2, 3),
    "weight": lambda t: (register(t, "Symmetric").weight, register(t, "Refuses").weight),
    "no inverse": lambda t: state(register(t, "Refuses", "Double")),
    "unsafe": lambda t: (register(t, "Cast", unsafe=True).weight, register(t, "Shrink", unsafe=True).weight),
    "unsafe second": lambda t: register(t, "Double", "Cast", unsafe=True).weight,
    "other dtype": lambda t: register(t, "Cast"),
    "other shape": lambda t: register(t, "Shrink"),
    "other dtype second": lambda t: register(t, "Double", "Cast"),
    "other shape second": lambda t: register(t, "Double", "Shrink"),
    "several second": lambda t: register(t, "Double", "RankOne"),
    "unknown name": lambda t: register(t, "Double", tensor="gone"),
    "no modules": lambda t: utils(t)[1].ParametrizationList([], t.ones(2)),
    "assigned": lambda t: assigned(t, "Symmetric"),
    "assigned several": lambda t: assigned(t, "RankOne"),
    "assigned without inverse": lambda t: assigned(t, "Double"),
    "assigned second without inverse": lambda t: assigned(t, "Symmetric", "Double"),
    "assigned refused": lambda t: assigned(t, "Refuses"),
    "cached": cached,
    "removed": lambda t: removed(t, "Symmetric", "Double"),
    "removed, original": lambda t: removed(t, "Symmetric", leave=False),
    "removed several": lambda t: removed(t, "RankOne"),
    "removed several, original": lambda t: removed(t, "RankOne", leave=False),
    "removed, none there": lambda t: removed(t, "Double", which="bias"),
    "two tensors": two_tensors,
    "copied": copied,
    "pickled": pickled,
    "transferred": lambda t: transferred(t, "Symmetric", "Double"),
    "transferred several": lambda t: transferred(t, "RankOne"),
    "buffers": buffers,
    "loaded": loaded,
    "eval": lambda t: register(t, "Double", module=seeded(t).eval()).parametrizations.weight[0].training,
    "sequence": lambda t: register(t, "Double").parametrizations.weight.right_inverse(1),
    **{
        f"inverse returns {name}": lambda t, result=result: utils(t)[1].register_parametrization(
            seeded(t), "weight", kinds(t)["Inverse"](result)
        )
        for name, result in {
            "a number": lambda x: 3,
            "another dtype": lambda x: x.double(),
            "numbers": lambda x: (x, 3),
            "another shape": lambda x: x[:1],
        }.items()
    },
    **{
        f"{kind} {args} {options}": lambda t, kind=kind, args=args, options=options: normed(t, kind, *args, **options)
        for kind, many in {"weight_norm": ({}, {"dim": 1}, {"dim": None}, {"name": "bias"}),
            "spectral_norm": ({}, {"n_power_iterations": 3, "eps": 1e-6}, {"dim": 1}, {"name": "bias"})}.items()
        for args in SPECTRAL for options in many
    },
    **{
        f"hook {kind} {args} {options}": lambda t, kind=kind, args=args, options=options: hooked(t, kind, *args, **options)
        for kind, many in {"weight_norm": ({}, {"dim": 1}, {"dim": None}, {"name": "bias"}),
            "spectral_norm": ({}, {"n_power_iterations": 3, "eps": 1e-6}, {"dim": 1})}.items()
        for args in SPECTRAL for options in many
    },
    **{
        f"{what.__name__} {kind} {hook}": lambda t, what=what, kind=kind, hook=hook: what(t, kind, hook)
        for what in (recurrent, backward_twice) for kind in ("weight_norm", "spectral_norm") for hook in (True, False)
    },
    "old states": old_states,
    "old spectral state": old_spectral_state,
    "spectral_norm of a lack": lambda t: utils(t)[0].spectral_norm(t.nn.Linear(2, 2, bias=False), "bias"),
    **{
        f"{kind} twice": lambda t, kind=kind: [getattr(utils(t)[0], kind)(module) for module in [t.nn.Linear(2, 2)] * 2]
        for kind in ("weight_norm", "spectral_norm")
    },
    **{
        f"remove {kind} of none": lambda t, kind=kind: getattr(utils(t)[0], f"remove_{kind}")(t.nn.Linear(2, 2))
        for kind in ("weight_norm", "spectral_norm")
    },
    **{
        f"{kind} of a lazy layer": lambda t, kind=kind: getattr(utils(t)[0], kind)(t.nn.LazyLinear(2))
        for kind in ("weight_norm", "spectral_norm")
    },
    **{
        f"parametrization error {i}": lambda t, use=use: use(room(t, "parametrizations"), t.nn)
        for i, use in enumerate((
            lambda p, nn: p.spectral_norm(nn.Linear(2, 2), "gone"),
            lambda p, nn: p.spectral_norm(nn.Linear(2, 2), dim=2),
            lambda p, nn: p.spectral_norm(nn.Linear(2, 2), n_power_iterations=0),
            lambda p, nn: p.weight_norm(nn.Linear(2, 2), "gone"),
            lambda p, nn: p.orthogonal(nn.Linear(2, 2), "gone"),
            lambda p, nn: p.orthogonal(nn.Linear(2, 2), "bias"),
            lambda p, nn: p.orthogonal(nn.Linear(2, 2), orthogonal_map="qr"),
            lambda p, nn: p.orthogonal(nn.Linear(2, 2), use_trivialization=False).__setattr__("weight", 1),
            lambda p, nn: setattr(p.orthogonal(nn.Linear(2, 3)), "weight", nn.Linear(3, 2).weight.data),
        ))
    },
    "spectral_norm hook without power": lambda t: utils(t)[0].spectral_norm(t.nn.Linear(2, 2), n_power_iterations=0),
    **{
        f"orthogonal {size} {kind} {trivial}": lambda t, size=size, kind=kind, trivial=trivial: orthogonal(
            t, *size, orthogonal_map=kind, use_trivialization=trivial, assign=trivial or kind == "householder"
        )
        for size in ((3, 3), (2, 4), (4, 2)) for kind in ("matrix_exp", "cayley", "householder") for trivial in (True, False)
    },
    "orthogonal default": lambda t: (orthogonal(t, 3, 3), orthogonal(t, 3, 4)),
    "orthogonal double": lambda t: orthogonal(t, 3, 5, dtype="float64"),
    "orthogonal complex householder": lambda t: orthogonal(t, 3, 2, dtype="complex64", orthogonal_map="householder"),
    **{f"orthogonal batch {kind}": lambda t, kind=kind: orthogonal_batch(t, kind)
        for kind in ("matrix_exp", "cayley", "householder")},
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree_nearly(script, atol=2e-5)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("dim", [0, 1, 2, None])
def test_second_derivative_of_weight_norm(dim):
    torch.manual_seed(0)
    v = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    g = torch.norm_except_dim(v.detach(), 2, -1 if dim is None else dim).mul(2).requires_grad_()
    norm = parametrizations._WeightNorm(dim)
    assert torch.autograd.gradcheck(norm, (g, v)) and torch.autograd.gradgradcheck(norm, (g, v))


def test_a_parametrized_weight_is_no_cycle_and_follows_its_original():
    module = nn.Linear(2, 2)
    parametrize.register_parametrization(module, "weight", nn.Softplus())
    with torch.no_grad():
        module.parametrizations.weight.original.fill_(0.0)
    np.testing.assert_allclose(module.weight.detach().numpy(), np.log(2.0), rtol=1e-6)
    removed = parametrize.remove_parametrizations(module, "weight")
    assert type(removed) is nn.Linear and isinstance(removed.weight, nn.Parameter) and removed.weight.is_leaf


def test_an_orthogonal_weight_stays_orthogonal():
    torch.manual_seed(0)
    module = parametrizations.orthogonal(nn.Linear(4, 6))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    for _ in range(5):
        optimizer.zero_grad()
        (module(torch.randn(8, 4)) ** 3).mean().backward()
        optimizer.step()
    np.testing.assert_allclose((module.weight.mT @ module.weight).detach().numpy(), np.eye(4), atol=1e-5)
