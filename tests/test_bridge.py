"""Losses of real PyTorch, traced and drawn."""

import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu.visualize import draw, trace
from tinygrad_edu.visualize.trace import Trace

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch", reason="PyTorch is the subject of this file")


def value_of(t, name):
    return next(each for each in t.values if each.name == name)


def check(t, leaves):
    """The trace's gradients are PyTorch's, and the parts of every value's gradient add up to it."""
    for name, grad in leaves.items():
        np.testing.assert_allclose(value_of(t, name).grad, grad.numpy(), rtol=1e-6, atol=1e-7)
    for value in t.values:
        parts = [t.steps[step].inputs[place].downstream for step, place in value.used_by]
        parts = [each for each in parts if each is not None]
        if parts and value.grad is not None and value.id != t.root:
            np.testing.assert_allclose(value.grad, sum(parts), rtol=1e-5, atol=1e-6)
    for step in t.steps:
        for each in step.inputs:
            if each.local is not None and each.downstream is not None:
                product = each.local * t.values[step.outputs[0]].grad
                product = product.sum(each.summed) if each.summed else product
                np.testing.assert_allclose(each.downstream, product.reshape(each.downstream.shape), rtol=1e-4, atol=1e-6)
    assert Trace.from_json(t.to_json()).to_json() == t.to_json()


def test_the_formula_of_the_card():
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
    z = (x * y + y.clamp(min=0)) * torch.sigmoid(x)
    t = trace(z, locals())
    assert x.grad is None and y.grad is None  # the pass was private
    assert [each.op for each in t.steps] == ["mul", "clamp", "add", "sigmoid", "mul"]
    assert t.ran and t.steps[0].formula == "a = x · y" and t.steps[0].inputs[0].local == -3
    z.backward()
    check(t, {"x": x.grad, "y": y.grad})


def test_a_network():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 3))
    criterion = torch.nn.CrossEntropyLoss()
    X, Y = torch.randn(2, 4), torch.tensor([0, 2])
    loss = criterion(model(X), Y)
    t = trace(loss, locals())
    assert [each.op for each in t.steps] == ["linear", "relu", "linear", "log_softmax", "nll_loss_nd"]
    assert all(each.grad is None for each in model.parameters())
    assert value_of(t, "X").kind == "data" and value_of(t, "Y").data.tolist() == [0, 2]
    assert value_of(t, "2.weight").kind == "parameter" and value_of(t, "loss").id == t.root
    loss.backward(retain_graph=True)
    check(t, {name: each.grad for name, each in model.named_parameters()})
    before = model[0].weight.grad.clone()
    trace(loss)
    assert torch.equal(model[0].weight.grad, before)
    picture = draw(loss, locals())
    assert "0.weight" in picture.svg() and "0.weight" in picture.source


def test_a_graph_that_has_been_freed():
    w = torch.ones(3, requires_grad=True)
    loss = (w.exp() * w).sum()
    loss.backward()
    t = trace(loss, locals())
    assert t.ran and [each.ran for each in t.steps] == [False] * 3
    np.testing.assert_array_equal(value_of(t, "w").grad, w.grad.numpy())
    assert [each.node for each in t.steps] == ["ExpBackward0", "MulBackward0", "SumBackward0"]


def test_broadcasting_options_several_outputs_and_numbers():
    torch.manual_seed(1)
    x, b = torch.randn(3, 4, requires_grad=True), torch.randn(4, requires_grad=True)
    p, q = torch.add(x, b, alpha=2.5).softmax(-1).split(2, dim=1)
    v, _ = q.max(dim=1)
    loss = ((p * q).mean() + v.sum() * 3).pow(2)
    t = trace(loss, locals())
    loss.backward()
    check(t, {"x": x.grad, "b": b.grad})
    softmax = next(each for each in t.steps if each.op == "softmax")
    assert softmax.options == {"dim": -1}
    assert {"p", "q", "v"} <= {each.name for each in t.values}
    added = next(each for each in t.steps if each.node == "AddBackward0")
    assert added.inputs[1].local is None or np.allclose(added.inputs[1].local, 2.5)


def test_nodes_that_are_unknown_here():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    convolution = torch.nn.Conv2d(3, 4, 3).double()
    loss = Double.apply(torch.nn.functional.layer_norm(convolution(x), (6, 6))).sum()
    t = trace(loss, locals())
    loss.backward()
    check(t, {"x": x.grad, "convolution.weight": convolution.weight.grad})
    assert "DoubleBackward" in {each.node for each in t.steps}


def test_vectors_leaves_and_data():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    t = trace(x * x, {"x": x})
    assert value_of(t, "x").grad.tolist() == [2, 4]  # of the sum
    assert trace(x, {"x": x}).values[0].kind == "leaf" and trace(torch.ones(2)).values[0].kind == "data"
    t = trace(x.to(torch.bfloat16).sum(), {"x": x})
    assert value_of(t, "x").grad.tolist() == [1, 1]


def test_torch_is_not_imported():
    program = "import sys, tinygrad_edu as T; from tinygrad_edu.visualize import trace; trace(T.ones(2))"
    subprocess.run([sys.executable, "-c", f"{program}; assert 'torch' not in sys.modules"], check=True)


def test_a_long_chain():
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(3000):
        y = y * 1.0001
    t = trace(y, {"x": x})
    assert len(t.steps) == 3000 and np.isclose(value_of(t, "x").grad, 1.0001**3000, rtol=1e-3)
