"""In-place writes: what is refused and in which words, versions, what a write spoils, dtypes and shapes, out= forms."""

import numpy as np
import pytest
from agreement import agree

import tinygrad_edu as torch

# ---- scripts that end here as they end in PyTorch --------------------------------------------------------------------


def leaf(torch):
    return torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)


REFUSED = {
    "leaf": lambda t, x: x.add_(1),
    "leaf, augmented": lambda t, x: x.__iadd__(1),
    "view of a leaf": lambda t, x: x[0].add_(1),
    "part of a leaf": lambda t, x: x.__setitem__(0, 1),
    "mask of a leaf": lambda t, x: x.__setitem__(x > 1, 1),
    "zero_ on a leaf": lambda t, x: x.zero_(),
    "copy_ to a leaf": lambda t, x: x.copy_(t.ones(4)),
    "fill_ on a view of a leaf": lambda t, x: x[1:].fill_(0),
    "axes of a leaf": lambda t, x: x.unsqueeze_(0),
    "one of several views": lambda t, x: (x * 1).split(2)[0].mul_(2),
    "one of several views of a leaf": lambda t, x: x.split(2)[0].mul_(2),
    "row by row": lambda t, x: [row.mul_(2) for row in x.view(2, 2) * 1],
    "chunk": lambda t, x: (x * 1).chunk(2)[1].add_(1),
    "view of one of several": lambda t, x: (x * 1).split(2)[1][0].add_(1),
    "part of one of several": lambda t, x: (x * 1).split(2)[1].__setitem__(0, 1),
    "history into one of several": lambda t, x: t.zeros(4).split(2)[0].add_(x[:2]),
    "several views without history are free": lambda t, x: t.zeros(4).split(2)[0].add_(1),
    "overlapping memory": lambda t, x: t.ones(1).expand(3).add_(1),
    "overlapping memory, part": lambda t, x: t.ones(1).expand(3).__setitem__(slice(None), 1),
    "overlapping memory, one element": lambda t, x: t.ones(1).expand(3).__setitem__(0, 1),
    "overlapping memory, fill_": lambda t, x: t.ones(1).expand(3).fill_(2).sum(),
    "overlapping operand": lambda t, x: (lambda z: z[1:].add_(z[:-1]))(t.ones(4)),
    "overlapping operand, other strides": lambda t, x: (lambda z: z.add_(z.t()))(t.ones(2, 2)),
    "overlapping operand, 0-d": lambda t, x: (lambda z: z.mul_(z[0]))(t.ones(4)),
    "overlapping copy": lambda t, x: (lambda z: z.__setitem__(slice(1, None), z[:-1]))(t.ones(4)),
    "interleaved operands are free": lambda t, x: (lambda z: z[::2].add_(z[1::2]))(t.arange(4.0)),
    "itself is free": lambda t, x: (lambda z: z.add_(z))(t.arange(4.0)),
    "shape": lambda t, x: t.ones(4).add_(t.ones(2, 4)),
    "shape before dtype": lambda t, x: t.ones(4).long().add_(t.ones(2, 4)),
    "no broadcast": lambda t, x: t.ones(4).add_(t.ones(3)),
    "copy_ of a larger tensor": lambda t, x: t.ones(4).copy_(t.ones(2, 4)),
    "dtype": lambda t, x: t.ones(4).long().add_(1.5),
    "dtype of division": lambda t, x: t.ones(4).long().div_(2),
    "bool": lambda t, x: t.ones(4).bool().add_(1),
    "half takes a float": lambda t, x: t.ones(4).half().add_(t.ones(4)),
    "fill_ with a vector": lambda t, x: t.ones(4).fill_(t.ones(2)),
    "unknown operand": lambda t, x: t.ones(4).__iadd__("a"),
    "unknown operand of the method": lambda t, x: type(_error(lambda: t.ones(4).add_("a"))).__name__,
    "detach_ on a view": lambda t, x: (x * 1)[0].detach_(),
    "view made without recording": lambda t, x: _view_in_no_grad(t, x * 1).add_(1),
    "view made in inference mode": lambda t, x: _view_in_inference(t, x * 1).add_(1),
    "renewed one of several": lambda t, x: (lambda y: (lambda a, _: (y.mul_(2), a.grad_fn))(*y.split(2)))(x * 1),
    "requires_grad on a written tensor": lambda t, x: (x * 1).add_(1).requires_grad_(False),
}


def _error(call):
    try:
        call()
    except Exception as error:
        return error
    return None


def _view_in_no_grad(torch, x):
    with torch.no_grad():
        return x[0]


def _view_in_inference(torch, x):
    with torch.inference_mode():
        return x[0]


@pytest.mark.oracle
@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_in_pytorch(name):
    agree(lambda torch: str(REFUSED[name](torch, leaf(torch))))


SPOILED = {
    "the factor": lambda t, x: ((x * x).sum(), x.add_(1))[0],
    "the result": lambda t, x: (lambda y: (y.sum(), y.mul_(2))[0])(x.exp()),
    "a view of the factor": lambda t, x: (lambda v: ((v * v).sum(), v.add_(1))[0])(x[1:]),
    "the base of the factor": lambda t, x: (lambda v: ((v * v).sum(), x.add_(1))[0])(x[1:]),
    "part of the factor": lambda t, x: ((x * x).sum(), x.__setitem__(0, 1))[0],
    "masked part": lambda t, x: ((x * x).sum(), x.__setitem__(x > 1, 1))[0],
    "through detach": lambda t, x: ((x * x).sum(), x.detach().add_(1))[0],
    "through data": lambda t, x: ((x * x).sum(), x.data.add_(1))[0],
    "by out=": lambda t, x: ((x * x).sum(), t.add(t.ones(4), 1, out=x.detach()))[0],
    "by itself": lambda t, x: x.mul_(x).sum(),
    "by its own power": lambda t, x: x.pow_(x).sum(),
    "twice": lambda t, x: ((x * x).sum(), x.add_(1), x.add_(1))[0],
    "without history": lambda t, x: (lambda w: ((x * w).sum(), w.zero_())[0])(t.ones(4)),
    "fill_": lambda t, x: ((x * x).sum(), x.fill_(1))[0],
    "zero_": lambda t, x: ((x * x).sum(), x.zero_())[0],
    "copy_": lambda t, x: ((x * x).sum(), x.copy_(t.ones(4)))[0],
    "masked_fill_": lambda t, x: ((x * x).sum(), x.masked_fill_(x > 1, 2))[0],
    "one of several outputs": lambda t, x: (lambda y: ((y * y).sum(), y.add_(1))[0])(x.max(0)[0]),
    "not: the factor's factor": lambda t, x: (lambda y: (y.sum(), x.detach_().add_(1))[0])(x + 1),
    "not: a sum's input": lambda t, x: (x.sum(), x.add_(1))[0],
    "not: its own result": lambda t, x: x.sigmoid_().exp_().tanh_().sum(),
    "not: what it was": lambda t, x: x.pow_(3).mul_(t.ones(4, requires_grad=True)).sum(),
    "not: relu_": lambda t, x: x.sub_(2).relu_().sum(),
    "its own result, later": lambda t, x: (lambda y: (y.sum(), y.add_(1))[0])(x.sigmoid_()),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_as_in_pytorch(name):
    def script(torch):
        start = leaf(torch)
        SPOILED[name](torch, start * 1).backward()
        return start.grad

    agree(script)


IN_PLACE_ONE = [
    *("abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "neg", "square", "reciprocal", "rsqrt", "floor"),
    *("ceil", "round", "trunc", "sign", "log1p", "expm1"),
]
IN_PLACE_TWO = [
    *("add", "sub", "mul", "div", "pow", "fmod", "remainder", "eq", "ne", "lt", "le", "gt", "ge", "copy", "atan2", "hypot"),
    *("xlogy", "true_divide"),
]


@pytest.mark.oracle
@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize("name", IN_PLACE_ONE + IN_PLACE_TWO)
def test_methods_and_their_gradients_as_in_pytorch(name, view):
    def run(torch):
        x, y = leaf(torch), torch.tensor([0.5, 1.5, 2.0, 3.0], requires_grad=True)
        z = x * 0.75
        target, other = (z[1:], y[1:]) if view else (z, y)
        same = getattr(target, f"{name}_")(*([other] if name in IN_PLACE_TWO else []))
        assert same is target
        grads = torch.autograd.grad((z * z * (torch.arange(4.0) + 1)).sum(), (x, y), allow_unused=True, create_graph=True)
        total = sum((each * each).sum() for each in grads if each is not None)
        second = torch.autograd.grad(total, (x, y), allow_unused=True) if total.requires_grad else (None, None)
        seen = [np.zeros(4) if each is None else each.detach().numpy() for each in (z, *grads, *second)]  # None means zeros
        return seen, (type(z.grad_fn).__name__, z._version)

    (expected, names), (seen, ours) = run(pytest.importorskip("torch")), run(torch)
    assert ours == names
    np.testing.assert_allclose(seen, expected, rtol=1e-5, atol=1e-6)


# ---- versions ------------------------------------------------------------------------------------------------------

WRITES = {
    "add_": lambda t, x: x.add_(1),
    "+=": lambda t, x: x.__iadd__(1),
    "item": lambda t, x: x.__setitem__(0, 1),
    "items": lambda t, x: x.__setitem__([0, 1], 1),
    "zero_": lambda t, x: x.zero_(),
    "fill_": lambda t, x: x.fill_(1),
    "copy_": lambda t, x: x.copy_(x),
    "out": lambda t, x: t.add(x, x, out=x),
    "detach": lambda t, x: x.detach().add_(1),
    "view": lambda t, x: x.view(-1)[0].add_(1),
    "t_": lambda t, x: x.t_(),
    "eq_": lambda t, x: x.eq_(1),
    "masked_fill_": lambda t, x: x.masked_fill_(x > 0, 1),
    "no data": lambda t, x: x.data.add_(1),
    "no numpy": lambda t, x: x.numpy().fill(1),
    "no detach_": lambda t, x: x.detach_(),
    "no requires_grad_": lambda t, x: x.requires_grad_(False),
}


@pytest.mark.parametrize("name", WRITES)
def test_every_write_counts_once(name):
    x = torch.ones(4)
    views = [x[1:], x.detach(), x.view(2, 2).t()]
    data = x.data
    WRITES[name](torch, x)
    WRITES[name](torch, x)
    count = 0 if name.startswith("no ") else 2
    assert x._version == count
    assert [each._version for each in views] == [count] * 3
    assert data._version == 0


def test_reading_counts_nothing():
    x = torch.ones(4, requires_grad=True)
    (x * x).sum().backward()
    x[0], x.detach(), x.data, x.clone(), x.requires_grad_(), repr(x)
    assert x._version == 0


def test_optimizers_write_to_leaves_without_recording():
    x = torch.ones(3, requires_grad=True)
    with torch.no_grad():
        x -= 0.5 * torch.ones(3)
        x.mul_(2)
        x[0] = 7
    assert x.tolist() == [7, 1, 1] and x.is_leaf and x.requires_grad and x._version == 3
    x.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_a_gradient_in_use_is_noticed_when_the_next_pass_adds_to_it():
    x, w = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    x.sum().backward()
    product = (x.grad * w).sum()
    x.sum().backward()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


# ---- identity, values, dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**"])
def test_augmented_assignment_keeps_the_tensor(symbol):
    x = torch.tensor([7.0, -3.0])
    names = {"x": x}
    exec(f"x {symbol}= 2", names)
    assert names["x"] is x
    assert np.allclose(x.numpy(), eval(f"a {symbol} 2", {"a": np.array([7.0, -3.0])}))


@pytest.mark.parametrize("symbol", ["&", "|", "^", "<<", ">>"])
def test_augmented_assignment_of_integers(symbol):
    x = torch.tensor([5, 6])
    names = {"x": x}
    exec(f"x {symbol}= 3", names)
    assert names["x"] is x
    assert x.tolist() == [eval(f"5 {symbol} 3"), eval(f"6 {symbol} 3")]


def test_a_matrix_product_assigned_is_a_new_tensor():
    x = y = torch.eye(2)
    x @= torch.ones(2, 2)
    assert x is not y and x.tolist() == [[1, 1], [1, 1]]


def test_results_are_cast_to_the_dtype_written_to():
    assert torch.ones(2, dtype=torch.float16).add_(torch.ones(2, dtype=torch.float64)).dtype is torch.float16
    assert torch.tensor([3, 4]).eq_(3).tolist() == [1, 0]
    x = torch.tensor([1, 2])
    x[0] = 7.9
    assert x.tolist() == [7, 2]
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        x += 0.5
    assert x.tolist() == [7, 2] and x._version == 1


def test_a_refused_write_changes_nothing():
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    for call in (lambda: y.add_(torch.ones(2, 3)), lambda: y.split(2)[0].add_(1), lambda: x.add_(1), lambda: y.add_("a")):
        with pytest.raises((RuntimeError, TypeError)):
            call()
    assert y._version == x._version == 0
    assert type(y.grad_fn).__name__ == "MulBackward0" and y.tolist() == [1, 1, 1]


def test_expanded_memory_is_not_written_to():
    x = torch.ones(3).expand(2, 3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        x.add_(1)
    assert x.clone().add_(1).tolist() == [[2, 2, 2], [2, 2, 2]]


# ---- out= ----------------------------------------------------------------------------------------------------------


def test_out_may_be_an_input():
    x = torch.tensor([1.0, 2.0])
    assert torch.add(x, x, out=x) is x and x.tolist() == [2, 4]
    assert torch.mul(x, 3, out=x[:]).tolist() == [6, 12] and x.tolist() == [6, 12]


@pytest.mark.oracle
@pytest.mark.parametrize(
    "script",
    [
        lambda t: t.add(t.ones(2), 1, out=t.ones(3)),
        lambda t: t.add(t.ones(2), 1, out=t.empty(0)),
        lambda t: t.add(t.ones(2), 1.5, out=t.ones(2).long()),
        lambda t: t.add(t.ones(2), 1, out=t.ones(2).double()),
        lambda t: t.add(t.ones(2, requires_grad=True), 1, out=t.ones(2)),
        lambda t: t.add(t.ones(2), 1, out=t.ones(2, requires_grad=True)),
        lambda t: t.exp(t.ones(2), out=t.ones(1).expand(2)),
        lambda t: t.sum(t.ones(2, 3), 0, out=t.ones(3)),
    ],
)
def test_out_as_in_pytorch(script):
    def run(torch):
        result = script(torch)
        return result, result._version

    agree(run)
