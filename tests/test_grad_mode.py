"""no_grad, enable_grad, set_grad_enabled, inference_mode: as blocks, decorators, across threads, tasks and errors."""

import asyncio
import gc
import threading

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu.autograd import grad_mode
from tinygrad_edu.autograd.inference import INFERENCE_MEMORY

MODES = {"no_grad": False, "enable_grad": True}


@pytest.fixture(autouse=True)
def mode_stays():
    yield
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert grad_mode.WATCHERS == []


def leaf(torch=torch):
    return torch.ones(2, requires_grad=True)


# ---- blocks ---------------------------------------------------------------------------------------------------------


def test_results_in_no_grad_have_no_history():
    x = leaf()
    with torch.no_grad():
        y = x * 2
        assert not torch.is_grad_enabled()
        assert torch.ones(2, requires_grad=True).requires_grad
    assert not y.requires_grad and y.grad_fn is None and y.is_leaf
    assert (x * 2).requires_grad


def test_enable_grad_inside_no_grad():
    x = leaf()
    with torch.no_grad(), torch.enable_grad():
        assert (x * 2).requires_grad


@pytest.mark.parametrize("mode", ["no_grad", "enable_grad", "inference_mode"])
def test_the_mode_comes_back_after_an_error(mode):
    with pytest.raises(ValueError, match="out"), getattr(torch, mode)():
        raise ValueError("out")
    assert torch.is_grad_enabled()


def test_set_grad_enabled_is_a_function_and_a_block():
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    later = torch.set_grad_enabled(True)
    assert repr(later) == "torch.autograd.grad_mode.set_grad_enabled(mode=True)"


def test_names_are_where_pytorch_has_them():
    assert torch.autograd.grad_mode.no_grad is torch.no_grad is torch.autograd.no_grad
    assert torch.autograd.inference_mode is torch.inference_mode


# ---- decorators -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decorator", [torch.no_grad, torch.no_grad(), torch.inference_mode, torch.inference_mode()])
def test_decorators_with_and_without_parentheses(decorator):
    @decorator
    def function(a, *, b=2):
        """What it does."""
        return torch.is_grad_enabled(), a, b

    assert function(1, b=3) == (False, 1, 3)
    assert function.__name__ == "function" and function.__doc__ == "What it does."
    assert torch.is_grad_enabled()


def test_set_grad_enabled_decorates_without_switching_the_module():
    @torch.set_grad_enabled(False)
    def function():
        return torch.is_grad_enabled()

    assert torch.is_grad_enabled()
    assert function() is False


def test_a_decorated_function_may_call_itself():
    @torch.no_grad()
    def countdown(n):
        return [torch.is_grad_enabled()] + (countdown(n - 1) if n else [])

    assert countdown(3) == [False] * 4
    assert torch.is_grad_enabled()


def test_methods():
    class Model:
        @torch.no_grad()
        def instance(self):
            return self, torch.is_grad_enabled()

        @classmethod
        @torch.no_grad()
        def of_class(cls):
            return cls, torch.is_grad_enabled()

        @staticmethod
        @torch.no_grad()
        def static():
            return torch.is_grad_enabled()

    model = Model()
    assert model.instance() == (model, False)
    assert Model.of_class() == (Model, False)
    assert Model.static() is False


def test_decorating_a_class_warns():
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

        @torch.no_grad
        class Model:
            def __init__(self):
                self.enabled = torch.is_grad_enabled()

    assert Model().enabled is False


def test_a_generator_runs_in_the_mode_and_its_caller_does_not():
    log = []

    @torch.no_grad()
    def generator():
        try:
            log.append(("started", torch.is_grad_enabled()))
            received = yield 1
            log.append((received, torch.is_grad_enabled()))
            try:
                yield 2
            except ValueError:
                log.append(("caught", torch.is_grad_enabled()))
            yield 3
        finally:
            log.append(("closed", torch.is_grad_enabled()))

    running = generator()
    assert [next(running), torch.is_grad_enabled()] == [1, True]
    assert [running.send("sent"), torch.is_grad_enabled()] == [2, True]
    assert [running.throw(ValueError()), torch.is_grad_enabled()] == [3, True]
    running.close()
    assert torch.is_grad_enabled()
    assert log == [("started", False), ("sent", False), ("caught", False), ("closed", False)]


def test_a_generator_in_enable_grad_called_inside_no_grad():
    @torch.enable_grad()
    def generator():
        while True:
            yield torch.is_grad_enabled()

    running = generator()
    with torch.no_grad():
        assert next(running) is True
        assert not torch.is_grad_enabled()
    assert next(running) is True


def test_a_generators_return_value_and_error():
    @torch.no_grad()
    def returning():
        return (yield 1)

    @torch.no_grad()
    def failing():
        yield 1
        raise ValueError("inside")

    running = returning()
    next(running)
    with pytest.raises(StopIteration) as stopped:
        running.send(7)
    assert stopped.value.value == 7
    running = failing()
    next(running)
    with pytest.raises(ValueError, match="inside"):
        next(running)
    assert torch.is_grad_enabled()


def test_a_coroutine_runs_in_the_mode():
    @torch.no_grad()
    async def coroutine():
        await asyncio.sleep(0)
        return torch.is_grad_enabled()

    assert asyncio.run(coroutine()) is False


# ---- threads and tasks ----------------------------------------------------------------------------------------------


def test_every_thread_has_its_own_mode():
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_every_task_has_its_own_mode():
    async def inside(event):
        with torch.no_grad():
            event.set()
            await asyncio.sleep(0)
            return torch.is_grad_enabled()

    async def outside(event):
        await event.wait()
        return torch.is_grad_enabled()

    async def both():
        event = asyncio.Event()
        return await asyncio.gather(inside(event), outside(event))

    assert asyncio.run(both()) == [False, True]


# ---- inference mode -------------------------------------------------------------------------------------------------


def test_tensors_made_in_inference_mode_are_marked():
    x = leaf()
    with torch.inference_mode():
        made = torch.ones(2), x * 2, x.clone(), torch.zeros_like(x), x.sum(), torch.stack([x, x])
        shown = x.view(2), x.detach(), x[0], *x.split(1)
    assert [each.is_inference() for each in made] == [True] * 6
    assert [each.is_inference() for each in shown] == [False] * 5
    assert not any(each.requires_grad for each in made)


def test_inference_tensors_cannot_be_saved_for_backward():
    x = leaf()
    with torch.inference_mode():
        i = torch.ones(2)
    for save in (lambda: x * i, lambda: x * i[0], lambda: i.view(2) * x, lambda: x @ i):
        with pytest.raises(RuntimeError, match=r"^Inference tensors cannot be saved for backward\. "):
            save()
    assert (x + i).requires_grad
    assert (x * i.clone()).requires_grad


def test_the_guard_goes_with_the_last_inference_tensor():
    gc.collect()
    assert not INFERENCE_MEMORY
    with torch.inference_mode():
        i = torch.ones(2)
    assert grad_mode.get_mode() is not True
    del i
    assert (leaf() * 2).requires_grad
    assert grad_mode.get_mode() is True


def test_nothing_is_guarded_where_nothing_is_left():
    x = leaf()
    with torch.inference_mode():
        (x * 2).sum()
    assert grad_mode.get_mode() is True


# ---- agreement with PyTorch -----------------------------------------------------------------------------------------


def inference(torch, make=lambda t: t.ones(2)):
    with torch.inference_mode():
        return make(torch)


def view_made_in(torch, mode):
    base = leaf(torch) * 1
    with getattr(torch, mode)():
        return base.view(2)


def states(torch, *modes):
    """The state after entering each mode, and after leaving each."""
    seen, entered = [], []
    for mode in modes:
        entered.append(mode(torch))
        entered[-1].__enter__()
        seen.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled(), (leaf(torch) * 2).requires_grad))
    while entered:
        entered.pop().__exit__(None, None, None)
        seen.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled()))
    return seen


SCRIPTS = {
    "no_grad, inference_mode(False)": lambda t: states(t, lambda t: t.no_grad(), lambda t: t.inference_mode(False)),
    "inference_mode, no_grad": lambda t: states(t, lambda t: t.inference_mode(), lambda t: t.no_grad()),
    "inference_mode, inference_mode(False)": lambda t: states(
        t, lambda t: t.inference_mode(), lambda t: t.inference_mode(False)
    ),
    "no_grad, enable_grad": lambda t: states(t, lambda t: t.no_grad(), lambda t: t.enable_grad()),
    "no_grad, set_grad_enabled(True)": lambda t: states(t, lambda t: t.no_grad(), lambda t: t.set_grad_enabled(True)),
    "save": lambda t: leaf(t) * inference(t),
    "save a view": lambda t: leaf(t) * inference(t)[0],
    "add": lambda t: leaf(t) + inference(t),
    "ordinary result": lambda t: (inference(t) * 2).is_inference(),
    "view": lambda t: inference(t).view(2).is_inference(),
    "detach": lambda t: inference(t).detach().is_inference(),
    "clone": lambda t: inference(t).clone().is_inference(),
    "write": lambda t: inference(t).add_(1),
    "write to view": lambda t: inference(t).view(2).add_(1),
    "write in no_grad": lambda t: t.no_grad()(lambda: inference(t).add_(1))(),
    "write to item": lambda t: inference(t).__setitem__(0, 1),
    "write from": lambda t: t.ones(2).add_(inference(t)),
    "write inside": lambda t: inference(t, lambda t: t.ones(2).add_(1)),
    "requires_grad_": lambda t: inference(t).requires_grad_(),
    "requires_grad_(False)": lambda t: inference(t).requires_grad_(False),
    "requires_grad": lambda t: setattr(inference(t), "requires_grad", True),
    "requires_grad inside": lambda t: inference(t, lambda t: t.ones(2).requires_grad_()),
    "version": lambda t: inference(t)._version,
    "backward inside": lambda t: inference(t, lambda t: leaf(t).sum().backward()),
    "backward outside": lambda t: inference(t).sum().backward(),
    "save in a Function": lambda t: type(t.autograd.Function)(
        "X", (t.autograd.Function,), {"forward": staticmethod(lambda ctx, x, y: (ctx.save_for_backward(y), x * 2)[1])}
    ).apply(leaf(t), inference(t)),
    "write to a view made in no_grad": lambda t: view_made_in(t, "no_grad").add_(1),
    "write to a view made in inference_mode": lambda t: view_made_in(t, "inference_mode").add_(1),
    "write to split": lambda t: (leaf(t) * 1).split(1)[0].add_(1),
    "write to unbind": lambda t: (leaf(t) * 1).unbind()[1].add_(1),
    "graph written to inside": lambda t: inference(t, lambda t: (y := leaf(t) * 1, y.mul_(2)) and y.tolist()),
    "set_grad_enabled(0)": lambda t: t.set_grad_enabled(0),
    "set_grad_enabled(None)": lambda t: t.set_grad_enabled(None),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", SCRIPTS)
def test_agrees(name):
    agree(SCRIPTS[name])
