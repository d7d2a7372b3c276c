"""User-defined functions: values, histories, error words, life time."""

import gc
import weakref

import pytest
from function_cases import Exp, applied, forward_with, leaves, make

import tinygrad_edu as torch
from tinygrad_edu.autograd import Function
from tinygrad_edu.autograd.function import InplaceFunction


class Multiply(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y, grad * x


# ---- values and histories -------------------------------------------------------------------------------------------


def test_gradients_of_a_product():
    x, y = leaves()
    z = Multiply.apply(x, y)
    z.backward(torch.tensor([1.0, 10.0]))
    assert z.tolist() == [3.0, 8.0]
    assert x.grad.tolist() == [3.0, 40.0]
    assert y.grad.tolist() == [1.0, 20.0]


def test_the_context_is_the_grad_fn():
    x, y = leaves()
    z = Multiply.apply(x, y)
    ctx = z.grad_fn
    assert type(ctx).__name__ == ctx.name() == "MultiplyBackward"
    assert repr(ctx).startswith("<torch.autograd.function.MultiplyBackward object at 0x")
    assert repr(z) == "tensor([3., 8.], grad_fn=<MultiplyBackward>)"
    assert isinstance(ctx, Multiply._backward_cls)
    assert isinstance(ctx, torch.autograd.graph.Node)
    assert ctx.needs_input_grad == (True, True)
    first, second = ctx.next_functions
    assert first[0].variable is x and second[0].variable is y
    assert ctx.saved_tensors[0] is x
    assert (z + 1).grad_fn.next_functions[0] == (ctx, 0)


def test_names_that_users_like_do_not_disturb_the_engine():
    seen = []

    class Reserved(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.shape, ctx.dtype, ctx.next, ctx.saved = x.shape, 1, 2, 3
            ctx.hooks, ctx.seq, ctx.outputs, ctx.op = 4, 5, 6, 7
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            seen.append((ctx.shape, ctx.dtype, ctx.next, ctx.saved, ctx.hooks, ctx.seq, ctx.outputs, ctx.op))
            return grad * 2

    x, _ = leaves()
    Reserved.apply(x).sum().backward()
    assert seen == [(torch.Size([2]), 1, 2, 3, 4, 5, 6, 7)]
    assert x.grad.tolist() == [2.0, 2.0]


def test_third_order():
    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 3 * x * x * grad

    x = torch.tensor(2.0, requires_grad=True)
    first = torch.autograd.grad(Cube.apply(x), x, create_graph=True)[0]
    second = torch.autograd.grad(first, x, create_graph=True)[0]
    third = torch.autograd.grad(second, x)[0]
    assert [first.item(), second.item(), third.item()] == [12.0, 12.0, 6.0]


def test_second_order_through_a_saved_output():
    x, _ = leaves()
    (first,) = torch.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert second.tolist() == x.exp().tolist()


def test_second_order_through_one_of_several_saved_outputs():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            a, b = x.exp(), x * x
            ctx.save_for_backward(a, x)
            return a, b

        @staticmethod
        def backward(ctx, grad_a, grad_b):
            a, x = ctx.saved_tensors
            return grad_a * a + 2 * x * grad_b

    x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Two.apply, x)
    assert torch.autograd.gradgradcheck(Two.apply, x)


def test_setup_context_gets_inputs_with_defaults_and_output():
    seen = []

    class Scale(Function):
        @staticmethod
        def forward(x, factor=3):
            return x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            seen.append((len(inputs), inputs[1], output.tolist()))
            ctx.factor = inputs[1]

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.factor, None

    x, _ = leaves()
    Scale.apply(x).sum().backward()
    Scale.apply(x, factor=2).sum().backward()
    assert seen == [(2, 3, [3.0, 6.0]), (2, 2, [2.0, 4.0])]
    assert x.grad.tolist() == [5.0, 5.0]


def test_forward_runs_unrecorded_and_backward_as_create_graph_says():
    modes = []

    class Modes(Function):
        @staticmethod
        def forward(ctx, x):
            modes.append(torch.is_grad_enabled())
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            modes.append(torch.is_grad_enabled())
            return grad * 2

    x, _ = leaves()
    out = Modes.apply(x).sum()
    torch.autograd.grad(out, x, retain_graph=True)
    torch.autograd.grad(out, x, create_graph=True)
    assert modes == [False, False, True]
    assert torch.is_grad_enabled()


def test_the_mode_comes_back_after_an_error_in_forward():
    def fail(ctx, x):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        make(torch, forward=fail).apply(leaves()[0])
    assert torch.is_grad_enabled()


def test_gradients_of_outputs_are_materialized():
    seen = []

    def forward(ctx, x):
        results = x * 2, x * 3, 5, x.long()
        ctx.mark_non_differentiable(results[1])
        return results

    def backward(ctx, *grads):
        seen.append([None if each is None else (each.tolist(), str(each.dtype)) for each in grads])
        return grads[0]

    x, _ = leaves()
    outputs = make(torch, backward, forward).apply(x)
    assert [each.requires_grad for each in (outputs[0], outputs[1], outputs[3])] == [True, False, False]
    outputs[0].sum().backward()
    f, i = "torch.float32", "torch.int64"
    assert seen == [[([1.0, 1.0], f), ([0.0, 0.0], f), None, ([0, 0], i)]]


def test_gradients_of_outputs_are_none_without_materialization():
    seen = []

    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    def backward(ctx, *grads):
        seen.append([each is None for each in grads])
        return grads[1]

    x, _ = leaves()
    make(torch, backward, forward).apply(x)[1].sum().backward()
    assert seen == [[True, False]]
    assert x.grad.tolist() == [1.0, 1.0]


def test_a_returned_input_becomes_a_view():
    x, _ = leaves()
    out = make(torch, lambda ctx, g: g * 5, lambda ctx, x: x).apply(x)
    assert out is not x and out._is_view() and out._base is x
    out.sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_none_for_an_input_leaves_its_grad_alone():
    x, y = leaves()
    make(torch, lambda ctx, g: (None, g)).apply(x, y).sum().backward()
    assert x.grad is None
    assert y.grad.tolist() == [1.0, 1.0]


def test_the_same_tensor_twice():
    x, _ = leaves()
    Multiply.apply(x, x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_returned_gradients_are_not_shared():
    x, y = leaves()
    make(torch, lambda ctx, g: (g, g)).apply(x, y).backward(torch.ones(2))
    x.grad.add_(1)
    assert y.grad.tolist() == [1.0, 1.0]


def test_a_gradient_kept_by_backward_is_not_taken_over():
    kept = []

    def backward(ctx, grad):
        kept.append(grad * 3)
        return kept[-1]

    x, _ = leaves()
    make(torch, backward).apply(x).sum().backward()
    x.grad.add_(1)
    assert kept[0].tolist() == [3.0, 3.0]


def test_hooks_of_the_node():
    x, _ = leaves()
    out = make(torch, lambda ctx, g: g * 2).apply(x)
    seen = []
    out.grad_fn.register_prehook(lambda grads: (grads[0] * 10,))
    out.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs[0].tolist(), outputs[0].tolist())))
    out.sum().backward()
    assert seen == [([20.0, 20.0], [10.0, 10.0])]
    assert x.grad.tolist() == [20.0, 20.0]


def test_boxed_gradients_and_one_time_saved_tensors():
    class Boxed(Function):
        boxed_grads_call = True
        clear_saved_tensors_on_access = True

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grads):
            (x,) = ctx.saved_tensors
            return 2 * x * grads.pop()

    x, _ = leaves()
    Boxed.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    again = Boxed.apply(x)
    assert again.grad_fn.saved_tensors[0] is x
    with pytest.raises(RuntimeError, match="can only be accessed once"):
        again.sum().backward()


def test_set_materialize_grads_takes_a_bool():
    with pytest.raises(TypeError, match="set_materialize_grads"):
        applied(torch, forward_with(lambda ctx, x: ctx.set_materialize_grads(3)))


# ---- in-place functions ---------------------------------------------------------------------------------------------


class Double(InplaceFunction):
    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


def test_an_in_place_function_returns_its_input():
    x, _ = leaves()
    a = x * 1
    assert Double.apply(a) is a
    assert a.grad_fn.name() == "DoubleBackward"
    a.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_an_in_place_function_on_a_view_rewrites_the_base():
    x, _ = leaves()
    a = x * 1
    Double.apply(a[:1])
    a.sum().backward()
    assert a.tolist() == [2.0, 2.0]
    assert x.grad.tolist() == [2.0, 1.0]


def test_a_dirty_input_spoils_what_was_saved_before():
    x, _ = leaves()
    a = x * 1
    b = a * a
    Double.apply(a)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        b.sum().backward()


# ---- life time ------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def saving(ctx, x):
    out = x * 2
    other = x * 3
    ctx.save_for_backward(x, out, other)
    return out, other


@pytest.mark.parametrize("function", [Multiply, Exp, make(torch, forward=saving), Double], ids=lambda f: f.__name__)
def test_the_graph_is_freed_without_the_garbage_collector(no_collector, function):
    x, y = leaves()
    a = x * 1
    out = function.apply(a, y) if function is Multiply else function.apply(a)
    out = out[0] if isinstance(out, tuple) else out
    ctx = weakref.ref(out.grad_fn)
    del out, a
    assert ctx() is None


def test_saved_tensors_are_freed_by_the_pass(no_collector):
    x, _ = leaves()
    a = x * 1
    saved = weakref.ref(a)
    out = Multiply.apply(a, x).sum()
    del a
    assert saved() is not None
    out.backward()
    assert saved() is None


def test_a_long_chain_of_functions_runs_and_falls_to_pieces():
    x = torch.ones(1, requires_grad=True)
    step, y = make(torch), x
    for _ in range(20_000):
        y = step.apply(y)
    y.backward(torch.ones(1))
    assert x.grad.item() == 1.0
    del y
    assert x.grad.item() == 1.0
