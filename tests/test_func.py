"""``torch.func``: derivatives of functions that nest, batches, modules as functions; values and errors PyTorch's."""

import warnings

import pytest
from agreement import agree

import tinygrad_edu as torch


@pytest.fixture(autouse=True, scope="module")
def forward_mode_is_loaded():
    """PyTorch warns of its own use of torch.jit when forward mode is first used."""
    oracle = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle.func.jvp(lambda x: x.sin(), (oracle.ones(1),), (oracle.ones(1),))


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    if not hasattr(value, "detach"):
        return value
    return tuple(value.shape), value.requires_grad, value.detach().double().numpy().round(5).tolist()


VALUES = {
    "grad": lambda t, F, x: F.grad(lambda x: (x**3).sum())(x),
    "grad of grad": lambda t, F, x: F.grad(F.grad(lambda x: x**3))(x[0]),
    "grad, argnums": lambda t, F, x: F.grad(lambda a, b: (a * b).sum(), argnums=(1, 0))(x, x + 1),
    "grad, aux": lambda t, F, x: F.grad(lambda x: (x.sum(), {"x": x}), has_aux=True)(x),
    "grad of a dictionary": lambda t, F, x: F.grad(lambda d: (d["a"] * d["b"]).sum())({"b": x, "a": x * 2}),
    "grad of nothing": lambda t, F, x: F.grad(lambda x: t.tensor(3.0))(x),
    "grad under no_grad": lambda t, F, x: t.no_grad()(F.grad(lambda x: (x**2).sum()))(x),
    "grad of what requires grad": lambda t, F, x: F.grad(lambda x: (x**2).sum())(x.clone().requires_grad_()),
    "captured": lambda t, F, x: (lambda w: F.grad(lambda y: (y * w).sum())(t.ones(3)))(x.clone().requires_grad_()),
    "grad_and_value": lambda t, F, x: F.grad_and_value(lambda x: (x.sum(), x), has_aux=True)(x),
    "vjp": lambda t, F, x: (lambda out, pull: (out, pull(t.ones(3))))(*F.vjp(lambda x: x.sin(), x)),
    "jvp": lambda t, F, x: F.jvp(lambda x, y: x.sin() * y, (x, x + 1), (x, x * 2)),
    "jvp, aux": lambda t, F, x: F.jvp(lambda x: (x.sin(), x), (x,), (x,), has_aux=True),
    "jvp of a constant": lambda t, F, x: F.jvp(lambda x: t.ones(2), (x,), (x,)),
    "jacrev": lambda t, F, x: F.jacrev(lambda x: (x**2, {"sum": x.sum()}))(x),
    "jacrev, argnums": lambda t, F, x: F.jacrev(lambda a, b: a * b, argnums=(0, 1))(x, x + 1),
    "jacfwd": lambda t, F, x: F.jacfwd(lambda x: x.exp())(x),
    "hessian": lambda t, F, x: F.hessian(lambda x: (x**3).sum() + x[0] * x[1])(x),
    "hessian of two": lambda t, F, x: F.hessian(lambda a, b: (a * b**2).sum(), argnums=(0, 1))(x, x + 1),
    "vmap": lambda t, F, x: F.vmap(t.dot)(x.repeat(2, 1), t.ones(2, 3)),
    "vmap, axes": lambda t, F, x: F.vmap(lambda a, b: a + b, in_dims=(1, None), out_dims=1)(x.repeat(2, 1), x[:2]),
    "vmap of vmap": lambda t, F, x: F.vmap(F.vmap(lambda a, b: a * b, (None, 0)), (0, None))(x, x + 1),
    "vmap of a dictionary": lambda t, F, x: F.vmap(lambda d: {"y": d["x"] * 2, "z": d["x"].sum()})({"x": x.view(3, 1)}),
    "vmap of grad": lambda t, F, x: F.vmap(F.grad(lambda w, x: (w * x).sin().sum()), (None, 0))(x, x.repeat(4, 1)),
    "grad of vmap": lambda t, F, x: F.grad(lambda x: F.vmap(lambda a: a * x.sum())(x).sum())(x),
    "vmap of jacrev": lambda t, F, x: F.vmap(F.jacrev(lambda x: x**2))(x.repeat(2, 1)),
    "vmap, empty": lambda t, F, x: F.vmap(lambda a: a.sum())(t.ones(0, 3)),
    "vmap, chunks": lambda t, F, x: F.vmap(lambda a: a * 2, chunk_size=2)(x),
    "vmap, same": lambda t, F, x: F.vmap(lambda a: t.randn(2) + 0 * a, randomness="same")(x),
    "linearize": lambda t, F, x: (lambda out, push: (out, push(x), push(x * 2)))(*F.linearize(lambda x: x.sin(), x)),
}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node:UserWarning")
@pytest.mark.parametrize("name", VALUES)
def test_values_are_pytorchs(name):
    results = []
    for library in (torch, pytest.importorskip("torch")):
        library.manual_seed(3)
        results.append(rounded(VALUES[name](library, library.func, library.tensor([0.5, -1.0, 2.0]))))
    assert results[0] == results[1]


ERRORS = {
    "not scalar": lambda t, F, x: F.grad(lambda x: x)(x),
    "no tensor": lambda t, F, x: F.grad(lambda x: 3)(x),
    "argnum": lambda t, F, x: F.grad(lambda x: x.sum(), argnums=1)(x),
    "argnums kind": lambda t, F, x: F.grad(lambda x: x.sum(), argnums="a")(x),
    "argnums empty": lambda t, F, x: F.grad(lambda x: x.sum(), argnums=())(x),
    "argnums twice": lambda t, F, x: F.grad(lambda x: x.sum(), argnums=(0, 0))(x),
    "no aux": lambda t, F, x: F.grad(lambda x: x.sum(), has_aux=True)(x),
    "number": lambda t, F, x: F.grad(lambda x: x.sum())(3.0),
    "integers": lambda t, F, x: F.grad(lambda x: x.sum())(x.long()),
    "vjp shape": lambda t, F, x: F.vjp(lambda x: x, x)[1](t.ones(2)),
    "vjp structure": lambda t, F, x: F.vjp(lambda x: (x, x), x)[1](t.ones(3)),
    "vjp output": lambda t, F, x: F.vjp(lambda x: 3, x),
    "jvp primals": lambda t, F, x: F.jvp(lambda x: x, x, x),
    "jvp structure": lambda t, F, x: F.jvp(lambda x: x, (x,), (x, x)),
    "jvp shape": lambda t, F, x: F.jvp(lambda x: x, (x,), (x[:2],)),
    "jvp tangents": lambda t, F, x: F.jvp(lambda x: x, (x,), (3,)),
    "jvp output": lambda t, F, x: F.jvp(lambda x: 3, (x,), (x,)),
    "jacrev chunks": lambda t, F, x: F.jacrev(lambda x: x, chunk_size=0)(x),
    "jacrev output": lambda t, F, x: F.jacrev(lambda x: 3)(x),
    "vmap chunks": lambda t, F, x: F.vmap(lambda x: x, chunk_size=0)(x),
    "vmap output": lambda t, F, x: F.vmap(lambda x: 3)(x),
    "vmap random": lambda t, F, x: F.vmap(lambda x: x + t.randn(()))(x),
    "vmap randomness": lambda t, F, x: F.vmap(lambda x: x, randomness="b")(x),
    "vmap out_dims": lambda t, F, x: F.vmap(lambda x: x, out_dims=(0, 0))(x),
    "vmap in_dims": lambda t, F, x: F.vmap(lambda x: x, in_dims=(0, 1))(x),
    "vmap in_dim": lambda t, F, x: F.vmap(lambda x: x, in_dims=1)(x),
    "vmap sizes": lambda t, F, x: F.vmap(lambda x, y: x)(x, x[:2]),
    "vmap number": lambda t, F, x: F.vmap(lambda x, y: x)(x, 2.0),
    "vmap nothing": lambda t, F, x: F.vmap(lambda: 1)(),
    "vmap no axis": lambda t, F, x: F.vmap(lambda x: x, in_dims=None)(x),
    "no models": lambda t, F, x: F.stack_module_state([]),
    "modes": lambda t, F, x: F.stack_module_state([t.nn.Linear(1, 1), t.nn.Linear(1, 1).eval()]),
    "strict": lambda t, F, x: F.functional_call(t.nn.Linear(1, 1), {"weight": x, "b": x}, x, strict=True),
    "twice": lambda t, F, x: F.functional_call(t.nn.Linear(1, 1), [{"bias": x}, {"bias": x}], x),
    "no dictionary": lambda t, F, x: F.functional_call(t.nn.Linear(1, 1), 3, x),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", ERRORS)
def test_misuse_is_refused_in_pytorchs_words(name):
    agree(lambda t: ERRORS[name](t, t.func, t.tensor([0.5, -1.0, 2.0])))


@pytest.mark.oracle
def test_per_sample_gradients_and_ensembles_of_the_tutorials():
    def script(t):
        F = t.func
        t.manual_seed(1)
        models = [t.nn.Sequential(t.nn.Linear(3, 4), t.nn.Tanh(), t.nn.Linear(4, 1)) for _ in range(3)]
        params, buffers = F.stack_module_state(models)
        x, y = t.randn(5, 3), t.randn(5, 1)

        def loss(params, x, y):
            return ((F.functional_call(models[0], params, x) - y) ** 2).mean()

        outputs = F.vmap(lambda p, b, x: F.functional_call(models[0], (p, b), (x,)), in_dims=(0, 0, None))(params, buffers, x)
        own = {name: each.detach() for name, each in models[0].named_parameters()}
        samples = F.vmap(F.grad(loss), in_dims=(None, 0, 0))(own, x, y)
        weight = F.grad(loss)(own, x, y)["0.weight"]
        return rounded([params, outputs, samples, weight, t.stack([model(x) for model in models])])

    agree(script)


def test_a_module_keeps_its_own_parameters():
    layer = torch.nn.Linear(2, 1)
    weight = layer.weight
    with pytest.raises(RuntimeError):
        torch.func.functional_call(layer, {"weight": torch.ones(1, 3)}, torch.ones(2))
    assert layer.weight is weight and layer._parameters["weight"] is weight


def test_gradients_pass_through_to_autograd():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    torch.func.grad(lambda y: (y**3).sum())(x).sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]
    outer = torch.tensor(3.0, requires_grad=True)
    slope = torch.func.vmap(torch.func.grad(lambda y: outer * y**2))(torch.tensor([1.0, 2.0]))
    slope.sum().backward()
    assert outer.grad.item() == 6.0
