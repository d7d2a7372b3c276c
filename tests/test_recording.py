"""What recording costs and leaves behind: nothing."""

import asyncio
import gc
import threading
import weakref

import numpy as np
import pytest
from traced_programs import mlp, scalar, value_of

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.autograd import engine, grad_mode
from tinygrad_edu.visualize import record, trace
from tinygrad_edu.visualize.record import _Forward
from tinygrad_edu.visualize.trace import Trace


@pytest.fixture(autouse=True)
def nothing_stays():
    yield
    assert not grad_mode.WATCHERS and not engine.RECORDERS and not any(type(o) is _Forward for o in grad_mode.OBSERVERS)


def test_results_are_the_same_inside():
    model, criterion, X, Y = mlp()
    criterion(model(X), Y).backward()
    expected = [each.grad.numpy().copy() for each in model.parameters()]
    model.zero_grad()
    with record():
        criterion(model(X), Y).backward()
    for parameter, before in zip(model.parameters(), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad.numpy(), before)


def test_everything_is_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        model, criterion, X, Y = mlp()
        with record() as recording:
            loss = criterion(model(X), Y)
            loss.backward()
            second = (X @ X.t()).sum()
        watch = weakref.ref(recording)
        t = recording.trace()
        del recording
        assert watch() is not None  # the loss knows it
        del loss, second
        assert watch() is None
        assert t.ran
        with record() as recording:
            torch.autograd.grad(criterion(model(X), Y), model[0].weight, create_graph=True)
        watch = weakref.ref(recording)
        del recording
        assert watch() is None
    finally:
        gc.enable()


def test_nothing_is_there_while_no_recording_is():
    source = torch.ops.mul.source
    with record():
        assert torch.ops.mul.source == source
    x = scalar(1)
    y = x * x
    assert not y.grad_fn.metadata
    assert source.count("WATCHERS") == 1 and source.count("mode is not True") == 1


def test_an_exception_ends_the_recording():
    model = nn.Linear(2, 2)
    with pytest.raises(RuntimeError, match="mat1 and mat2"), record() as recording:
        model(torch.ones(1, 2))
        model(torch.ones(1, 3))
    assert [each.public for each in recording.steps][:2] == ["t", "addmm"]

    class Failing(nn.Module):
        def forward(self, x):
            if x.sum() > 0:
                raise ValueError("no")
            return x * 2

    failing = Failing()
    x = torch.zeros(1, requires_grad=True)
    with record():
        with pytest.raises(ValueError, match="no"):
            failing(torch.ones(1))
        y = x * 1
    assert trace(y).steps[0].module == ""


def test_a_failing_backward_pass_leaves_the_recording_usable():
    x = scalar(1)
    with record():
        y = torch.floor_divide(x, 2.0)
        with pytest.raises(RuntimeError, match="not implemented"):
            (y * 2).backward()
        z = x * 3
        z.backward()
    t = trace(z, locals())
    assert t.ran and t.order == 1 and value_of(t, "x").grad == 3


def test_a_pass_that_fails_inside_another():
    class Inner(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            with torch.enable_grad():
                a = torch.ones(2, requires_grad=True)
                b = a * a
                with torch.no_grad():
                    a.mul_(2)
                with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                    b.sum().backward()
            return grad

    x = scalar(1)
    with record() as recording:
        y = Inner.apply(x) * 2
        y.backward()
    assert x.grad == 2 and value_of(recording.trace(y, locals()), "x").grad == 2


def test_nested_recordings():
    x = scalar(2)
    with record() as outer:
        y = x * 3
        with record() as inner:
            z = y * 4
            z.backward()
        w = x + 1
    assert [each.op for each in outer.trace(z).steps] == ["mul", "mul"]
    assert [each.op for each in inner.trace().steps] == ["mul", "mul"] and inner.trace().steps[0].source is None
    assert trace(z).steps[0].source is None  # the inner one is the latest
    assert outer.trace(w, locals()).ran is False
    assert [len(each.steps) for each in (outer, inner)] == [3, 2]  # each operation once


def test_what_an_operation_writes_to_is_no_input():
    norm, x = torch.nn.BatchNorm1d(2), torch.randn(3, 2)
    with record() as recording:
        loss = norm(x).sum()
    assert [each.param for each in recording.trace(loss).steps[0].inputs] == ["x", "weight", "bias"]
    norm.eval()
    with record() as recording:
        loss = norm(x).sum()
    assert [each.param for each in recording.trace(loss).steps[0].inputs] == ["x", "weight", "bias", "mean", "var"]


def test_other_threads_are_not_recorded():
    x = scalar(2)
    seen = []

    def work():
        y = x * 5
        y.backward()
        seen.append(y)

    with record() as recording:
        z = x * 3
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        z.backward()
    assert len(recording.steps) == 1 and len(recording.passes) == 1
    assert value_of(trace(z, locals()), "x").grad == 13 or value_of(trace(z, locals()), "x").grad == 3
    assert not seen[0].grad_fn.metadata


def test_recordings_in_several_threads():
    seen = []

    def work(number):
        model = nn.Linear(2, 2)
        for _ in range(20):
            with record() as recording:
                loss = model(torch.full((1, 2), float(number))).sum()
                loss.backward()
            t = recording.trace()
            seen.append(([each.op for each in t.steps], t.ran, t.values[t.root].data == loss.detach().numpy()))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen == [(["linear", "sum"], True, True)] * 80


def test_tasks_keep_their_modules_apart():
    class Slow(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(1, 1)

        def forward(self, x):
            return self.fc(x) * 2

    async def run(model, x):
        with record() as recording:
            y = model(x)
            await asyncio.sleep(0)
            y = y + 1
            await asyncio.sleep(0)
        return recording.trace(y)

    async def main():
        return await asyncio.gather(*(run(Slow(), torch.ones(1, 1)) for _ in range(3)))

    for t in asyncio.run(main()):
        assert [(each.op, each.module) for each in t.steps] == [("linear", "fc"), ("mul", ""), ("add", "")]


def test_together_with_anomaly_mode():
    x = torch.tensor([0.0], requires_grad=True)
    with pytest.warns(UserWarning), torch.autograd.detect_anomaly(), record():
        y = (x.sqrt() * 0).sum()
        with pytest.raises(RuntimeError, match="returned nan values"):
            y.backward()
    t = trace(y, locals())
    assert t.ran and [each.ran for each in t.steps] == [False, True, True]


def test_together_with_saved_tensor_hooks():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda each: each.numpy(force=True).copy(), torch.from_numpy), record():
        y = (x.exp() * x).sum()
    with record():
        y.backward()
    t = trace(y, locals())
    np.testing.assert_allclose(value_of(t, "x").grad, x.grad.numpy())


def test_no_warnings_come_out_of_it():
    x = torch.tensor([3e38, 0.0, -1.0], requires_grad=True)
    with np.errstate(all="raise"), record():
        y = (x * 2).exp() + x.log() + x / x
        loss = y.sum()
        loss.backward()
    with np.errstate(all="raise"):
        t = trace(loss, locals())
        assert Trace.from_json(t.to_json(max_elements=2)).bad == t.bad == 0


def test_inference_mode_inside():
    x = torch.ones(2, requires_grad=True)
    with record():
        with torch.inference_mode():
            frozen = x * 2
        y = (x * frozen.clone()).sum()
        y.backward()
    t = trace(y, locals())
    assert value_of(t, "frozen").kind == "cut" and frozen.is_inference() and x.grad.tolist() == [2, 2]


