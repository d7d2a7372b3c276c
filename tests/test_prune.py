"""nn.utils.prune, beside PyTorch's."""

import importlib

import pytest
from agreement import agree_nearly
from tinygrad_edu.nn.utils import prune

import tinygrad_edu as torch
from tinygrad_edu import nn


def room(t):
    return importlib.import_module(f"{t.__name__}.nn.utils.prune")


def layer(t, kind="Linear", *args):
    t.manual_seed(4)
    return getattr(t.nn, kind)(*(args or (4, 3)))


def state(module, name="weight"):
    hooks = [type(hook).__name__ for hook in module._forward_pre_hooks.values()]
    return dict(module.state_dict()), [n for n, _ in module.named_parameters()], getattr(module, name), hooks, repr(module)


def pruned(t, *calls, kind="Linear", args=(), name="weight", shape=(2, 4)):
    module, functions = layer(t, kind, *args), room(t)
    for function, given, options in calls:
        given = [each(t) if callable(each) else each for each in given]
        options = {key: each(t) if callable(each) else each for key, each in options.items()}
        assert getattr(functions, function)(module, name, *given, **options) is module
    before = state(module, name)
    out = module(t.ones(shape))
    out.sum().backward()
    grads = [param.grad for param in module.parameters()]
    is_pruned = functions.is_pruned(t.nn.Sequential(module))
    functions.remove(module, name)
    return before, out, grads, is_pruned, state(module, name), functions.is_pruned(module)


def call(function, *args, **options):
    return function, args, options


def together(t, method="L1Unstructured", scores=False, twice=False, **options):
    t.manual_seed(1)
    net = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.ReLU(), t.nn.Linear(4, 2))
    pairs = [(net[0], "weight"), (net[2], "weight"), (net[2], "bias")]
    importance = {pairs[1]: t.arange(8.0).reshape(2, 4)} if scores else None
    functions = room(t)
    for _ in range(1 + twice):
        functions.global_unstructured(pairs, getattr(functions, method), importance, **options)
    return dict(net.state_dict()), net(t.ones(1, 3)), [state(module, name)[3] for module, name in pairs]


def containers(t):
    module, functions = layer(t), room(t)
    functions.random_unstructured(module, "weight", 2)
    functions.ln_structured(module, "weight", 1, 2, 0)
    functions.l1_unstructured(module, "weight", 2)
    (container,) = module._forward_pre_hooks.values()
    kinds = [type(each).__name__ for each in container]
    return kinds, len(container), type(container[1]).__name__, container._tensor_name, state(module)


def own_method(t, kind, dim=None):
    functions = room(t)

    class Every(functions.BasePruningMethod):
        PRUNING_TYPE = kind

        def compute_mask(self, x, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    if dim is not None:
        Every.dim = dim
    module = layer(t)
    functions.identity(module, "weight")
    Every.apply(module, "weight")
    return state(module)


def failing(t, first):
    """A method that fails leaves the module as it was."""
    functions, module = room(t), layer(t)
    if not first:
        functions.identity(module, "weight")

    class Fails(functions.Identity):
        def compute_mask(self, x, default_mask):
            raise ValueError("no mask")

    with pytest.raises(ValueError, match="no mask"):
        Fails.apply(module, "weight")
    return sorted(module.state_dict()), len(module._forward_pre_hooks)


SCORES = lambda t: t.arange(12.0).reshape(3, 4).flip(1)  # noqa: E731
CONV = {"kind": "Conv2d", "args": (2, 3, 2), "shape": (1, 2, 3, 3)}
SCRIPTS = {
    **{f"{function} {amount}": lambda t, f=function, a=amount: pruned(t, call(f, a))
        for function in ("random_unstructured", "l1_unstructured") for amount in (0, 3, 0.0, 0.3, 1.0, 12)},
    **{f"random_structured {amount} {dim}": lambda t, a=amount, d=dim: pruned(t, call("random_structured", a, dim=d))
        for amount in (0, 1, 0.5, 2) for dim in (0, 1, -1)},
    **{f"ln_structured {amount} {n} {dim}": lambda t, a=amount, n=n, d=dim: pruned(t, call("ln_structured", a, n, d))
        for amount in (0, 1, 0.5) for n in (1, 2, float("inf"), -float("inf"), "fro") for dim in (0, -1)},
    "conv": lambda t: pruned(t, call("ln_structured", 0.4, n=2, dim=1), **CONV),
    "conv random": lambda t: pruned(t, call("random_structured", amount=0.4, dim=0), **CONV),
    "bias": lambda t: pruned(t, call("l1_unstructured", amount=1), name="bias"),
    "identity": lambda t: pruned(t, call("identity")),
    "custom": lambda t: pruned(t, call("custom_from_mask", lambda t: t.arange(12).reshape(3, 4) % 2)),
    "scores": lambda t: pruned(t, call("l1_unstructured", 5, importance_scores=SCORES)),
    "scores of slices": lambda t: pruned(t, call("ln_structured", 1, 1, 1, importance_scores=SCORES)),
    "twice": lambda t: pruned(t, call("l1_unstructured", 3), call("l1_unstructured", 0.5)),
    "structured, then not": lambda t: pruned(t, call("ln_structured", 1, 2, 0), call("random_unstructured", 3)),
    "three": lambda t: pruned(t, call("random_unstructured", 2), call("ln_structured", 1, 2, 1), call("identity")),
    "containers": containers,
    "global": lambda t: together(t, amount=7),
    "global part": lambda t: together(t, amount=0.4, twice=True),
    "global random": lambda t: together(t, "RandomUnstructured", amount=5),
    "global scores": lambda t: together(t, scores=True, amount=9),
    "global structured": lambda t: together(t, "LnStructured", amount=1, n=2),
    "global of nothing": lambda t: room(t).global_unstructured(3, room(t).L1Unstructured, amount=1),
    "global scores no dict": lambda t: room(t).global_unstructured([], room(t).L1Unstructured, [1], amount=1),
    **{f"own {kind} {dim}": lambda t, kind=kind, dim=dim: own_method(t, kind, dim)
        for kind, dim in (("unstructured", None), ("structured", 1), ("structured", None), ("global", None), ("other", None),
            ("structured", -3))},
    "failing": lambda t: failing(t, True),
    "method alone": lambda t: [
        room(t).L1Unstructured(2).prune(t.arange(6.0) - 3), room(t).L1Unstructured(2).prune(t.ones(6), None, t.arange(6.0)),
        room(t).LnStructured(1, 2, 0).prune(t.arange(6.0).reshape(2, 3), t.tensor([[1, 1, 0], [0, 1, 1]])),
    ],
    "method alone, other shape": lambda t: room(t).L1Unstructured(2).prune(t.ones(6), None, t.ones(5)),
    "too many": lambda t: room(t).l1_unstructured(layer(t), "weight", 13),
    "too many slices": lambda t: room(t).random_structured(layer(t), "weight", 4, 0),
    "negative": lambda t: room(t).l1_unstructured(layer(t), "weight", -1),
    "more than all": lambda t: room(t).l1_unstructured(layer(t), "weight", 1.2),
    "text": lambda t: room(t).l1_unstructured(layer(t), "weight", "much"),
    "vector": lambda t: room(t).ln_structured(layer(t), "bias", 1, 2, 0),
    "no such axis": lambda t: room(t).ln_structured(layer(t), "weight", 1, 2, 2),
    "mask of another shape": lambda t: room(t).custom_from_mask(layer(t), "weight", t.ones(2, 2)),
    "scores of another shape": lambda t: room(t).l1_unstructured(layer(t), "weight", 1, t.ones(2, 2)),
    "remove of none": lambda t: room(t).remove(layer(t), "weight"),
    "container of a number": lambda t: room(t).PruningContainer().add_pruning_method(3),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree_nearly(script)


def test_pruned_elements_stay_zero_while_training():
    torch.manual_seed(0)
    module = prune.l1_unstructured(nn.Linear(4, 4), "weight", 0.5)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    zero = (module.weight == 0).clone()
    for _ in range(3):
        optimizer.zero_grad()
        module(torch.randn(5, 4)).pow(2).sum().backward()
        optimizer.step()
    module(torch.randn(5, 4))
    assert int(zero.sum()) == 8 and bool(((module.weight == 0) == zero).all())
