"""User-defined functions: values, histories, error words, life time."""

import gc
import weakref

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu.autograd import Function
from tinygrad_edu.autograd.function import InplaceFunction, once_differentiable


def make(torch, backward=None, forward=lambda ctx, *args: args[0] * 2):
    """A Function named X from two plain functions."""
    rule = backward or (lambda ctx, *grads: grads[0])
    body = {"forward": staticmethod(forward), "backward": staticmethod(lambda ctx, *grads: rule(ctx, *grads))}
    return type(torch.autograd.Function)("X", (torch.autograd.Function,), body)


class Multiply(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y, grad * x


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        result = x.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad):
        (result,) = ctx.saved_tensors
        return grad * result


def leaves(torch=torch):
    return torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)


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


# ---- agreement with PyTorch -----------------------------------------------------------------------------------------


def grads_of(torch, *rest, backward=None, forward=lambda ctx, *args: args[0] * 2):
    x, y = leaves(torch)
    make(torch, backward, forward).apply(x, *(y if each is None else each for each in rest)).sum().backward()
    return [x.grad, y.grad]


def forward_with(action, result=lambda x: x * 2):
    def forward(ctx, x):
        action(ctx, x)
        return result(x)

    return forward


def applied(torch, forward, x=None):
    x = leaves(torch)[0] if x is None else x
    return make(torch, forward=forward).apply(x)


def write_to_output(torch, forward):
    out = applied(torch, forward)
    (out[0] if isinstance(out, tuple) else out).add_(1)
    return out


def dirty(result):
    def forward(ctx, x):
        x.add_(1)
        ctx.mark_dirty(x)
        return result(x)

    return forward


SCRIPTS = {
    "one gradient too many": lambda t: grads_of(t, backward=lambda c, g: (g, g)),
    "None too many": lambda t: grads_of(t, backward=lambda c, g: (g, None, None)),
    "one too few": lambda t: grads_of(t, None, backward=lambda c, g: g),
    "for a number": lambda t: grads_of(t, 3, backward=lambda c, g: (g, g)),
    "a float": lambda t: grads_of(t, backward=lambda c, g: 3.0),
    "an array": lambda t: grads_of(t, backward=lambda c, g: g.numpy()),
    "a list": lambda t: grads_of(t, backward=lambda c, g: [g]),
    "wrong shape": lambda t: grads_of(t, backward=lambda c, g: t.ones(3)),
    "too small": lambda t: grads_of(t, backward=lambda c, g: t.ones(1)),
    "0-d": lambda t: grads_of(t, backward=lambda c, g: t.ones(())),
    "summed down": lambda t: grads_of(t, backward=lambda c, g: t.ones(5, 2)),
    "wrong shape at 1": lambda t: grads_of(t, 3, None, backward=lambda c, g: (g, None, t.ones(3))),
    "double": lambda t: grads_of(t, backward=lambda c, g: g.double()),
    "int": lambda t: grads_of(t, backward=lambda c, g: g.long()),
    "complex": lambda t: grads_of(t, backward=lambda c, g: g * 1j),
    "None": lambda t: grads_of(t, backward=lambda c, g: None),
    "error in backward": lambda t: grads_of(t, backward=lambda c, g: 1 / 0),
    "save a number": lambda t: applied(t, forward_with(lambda c, x: c.save_for_backward(3))),
    "save a list": lambda t: applied(t, forward_with(lambda c, x: c.save_for_backward(x, [x]))),
    "save None": lambda t: applied(t, forward_with(lambda c, x: c.save_for_backward(None, x))).grad_fn.saved_tensors,
    "save for forward": lambda t: applied(t, forward_with(lambda c, x: c.save_for_forward(3))),
    "mark shared": lambda t: applied(t, forward_with(lambda c, x: c.mark_shared_storage((x, x)))),
    "mark dirty a number": lambda t: applied(t, forward_with(lambda c, x: c.mark_dirty(3))),
    "mark a number": lambda t: applied(t, forward_with(lambda c, x: c.mark_non_differentiable(3))),
    "dirty leaf": lambda t: applied(t, dirty(lambda x: x)),
    "dirty, not returned": lambda t: applied(t, dirty(lambda x: x * 2), leaves(t)[0].clone()),
    "dirty, no input": lambda t: applied(t, lambda c, x: (r := x * 2, c.mark_dirty(r))[0]),
    "dirty view among several": lambda t: applied(t, dirty(lambda x: (x, x * 2)), leaves(t)[0].clone()[:1]),
    "saved in forward": lambda t: applied(
        t, lambda c, x: (c.save_for_backward(x), c.saved_tensors, c.needs_input_grad, c.name(), x * 2)[1:]
    )[:3],
    "returns None": lambda t: applied(t, lambda c, x: None),
    "returns a list": lambda t: applied(t, lambda c, x: [x * 2]),
    "returns many things": lambda t: applied(t, lambda c, x: (x * 2, 3, None, "s", x.long())),
    "returns input": lambda t: [(r := applied(t, lambda c, x: x)), r._is_view()],
    "returns constant input": lambda t: [(r := applied(t, lambda c, x: x, t.ones(2))), r._is_view()],
    "input marked": lambda t: applied(t, lambda c, x: (c.mark_non_differentiable(x), x)[1]),
    "write to returned input": lambda t: write_to_output(t, lambda c, x: x),
    "write to view of input": lambda t: write_to_output(t, lambda c, x: x.view(-1)),
    "write to one of several views": lambda t: write_to_output(t, lambda c, x: (x.view(-1), x * 2)),
    "write to one of several": lambda t: write_to_output(t, lambda c, x: (x * 1, x * 2)),
    "no forward": lambda t: type(t.autograd.Function)("X", (t.autograd.Function,), {}).apply(leaves(t)[0]),
    "no backward": lambda t: (
        type(t.autograd.Function)("X", (t.autograd.Function,), {"forward": staticmethod(lambda c, x: x * 2)})
        .apply(leaves(t)[0])
        .sum()
        .backward()
    ),
    "too few arguments": lambda t: make(t, forward=lambda ctx, x, y: x * y).apply(leaves(t)[0]),
    "keyword": lambda t: make(t, forward=lambda ctx, x, y: x * y).apply(y=leaves(t)[0], x=leaves(t)[1]),
    "unknown keyword": lambda t: make(t, forward=lambda ctx, x, y=1: x * y).apply(leaves(t)[0], z=1),
    "gap": lambda t: make(t, forward=lambda ctx, x, y=1, z=1: x * y).apply(leaves(t)[0], z=1),
    "first missing": lambda t: make(t, forward=lambda ctx, x, y=1: x * y).apply(y=1),
    "instance": lambda t: make(t)() and None,
    "call": lambda t: make(t)()(leaves(t)[0]),
    "jvp": lambda t: t.autograd.Function.jvp(None),
    "vmap": lambda t: t.autograd.Function.vmap(None, None),
    "setup_context": lambda t: t.autograd.Function.setup_context(None, (), None),
    "unknown attribute": lambda t: applied(t, lambda c, x: x * 2).grad_fn.zzz,
    "call of the node": lambda t: applied(t, lambda c, x: x * 2).grad_fn(t.ones(2)),
    "no_grad": lambda t: t.no_grad()(lambda: applied(t, lambda c, x: (x, c.needs_input_grad)))(),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", SCRIPTS)
def test_agrees(name):
    agree(SCRIPTS[name])


def saved_then(change):
    def script(torch):
        class Saving(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                results = x * x, x * 3
                ctx.save_for_backward(x, *results)
                return results

            @staticmethod
            def backward(ctx, a, b):
                x, y, z = ctx.saved_tensors
                return a * y + b * z * x

        x = leaves(torch)[0]
        start = x * 1
        return change(torch, x, start, *Saving.apply(start))

    return script


HISTORIES = {
    "second pass": lambda t, x, s, a, b: ((a + b).sum().backward(), (a + b).sum().backward()),
    "access after the pass": lambda t, x, s, a, b: ((a + b).sum().backward(), a.grad_fn.saved_tensors)[1],
    "deprecated name": lambda t, x, s, a, b: a.grad_fn.saved_variables,
    "retained": lambda t, x, s, a, b: (a.sum().backward(retain_graph=True), b.sum().backward(), x.grad)[2],
    "input written": lambda t, x, s, a, b: (s.add_(1), a.sum().backward()),
    "output written": lambda t, x, s, a, b: (a.add_(1), a.sum().backward()),
    "other output written": lambda t, x, s, a, b: (b.mul_(2), a.sum().backward()),
    "saved outputs": lambda t, x, s, a, b: [
        (each.grad_fn is a.grad_fn, each.output_nr, each.is_leaf, each is a) for each in a.grad_fn.saved_tensors[1:]
    ],
    "double backward": lambda t, x, s, a, b: t.autograd.grad(
        t.autograd.grad((a + b).sum(), x, create_graph=True)[0].sum(), x
    ),
    "gradient of a saved output": lambda t, x, s, a, b: t.autograd.grad(
        t.autograd.grad(a.sum(), x, create_graph=True)[0].sum(), a, allow_unused=True
    ),
    "edge": lambda t, x, s, a, b: t.autograd.grad(a.sum() + 2 * b.sum(), t.autograd.graph.get_gradient_edge(b)),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", HISTORIES)
def test_saved_tensors_agree(name):
    agree(saved_then(HISTORIES[name]))


def once(torch, vector):
    wrapper = torch.autograd.function.once_differentiable

    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @wrapper
        def backward(ctx, grad):
            assert not torch.is_grad_enabled()
            return 2 * ctx.saved_tensors[0] * grad

    x, _ = leaves(torch)
    (grad,) = torch.autograd.grad(Once.apply(x), x, vector(torch), create_graph=True)
    return grad


@pytest.mark.oracle
@pytest.mark.parametrize("requires_grad", [False, True])
def test_once_differentiable_agrees(requires_grad):
    agree(lambda torch: once(torch, lambda t: t.ones(2, requires_grad=requires_grad)).detach())
    agree(lambda torch: once(torch, lambda t: t.ones(2, requires_grad=requires_grad)).sum().backward())


def test_once_differentiable_refuses_the_second_time():
    grad = once(torch, lambda t: t.ones(2, requires_grad=True))
    assert grad.tolist() == [2.0, 4.0]
    with pytest.raises(RuntimeError, match="trying to differentiate twice a function that was marked with @once_diff"):
        grad.sum().backward()
    assert once_differentiable(Exp.forward).__name__ == "forward"


@pytest.mark.oracle
@pytest.mark.parametrize("both", [False, True])
def test_vjp_is_another_name_of_backward(both):
    def script(torch):
        body = {"forward": staticmethod(lambda ctx, x: x * 2), "vjp": staticmethod(lambda ctx, g: g * 7)}
        if both:
            body["backward"] = staticmethod(lambda ctx, g: g)
        x, _ = leaves(torch)
        type(torch.autograd.Function)("X", (torch.autograd.Function,), body).apply(x).sum().backward()
        return x.grad

    agree(script)


@pytest.mark.oracle
def test_an_input_returned_as_is_cannot_be_saved_by_setup_context():
    def script(torch):
        body = {
            "forward": staticmethod(lambda x: x),
            "setup_context": staticmethod(lambda ctx, inputs, output: ctx.save_for_backward(output)),
        }
        return type(torch.autograd.Function)("X", (torch.autograd.Function,), body).apply(leaves(torch)[0])

    agree(script)


@pytest.mark.oracle
@pytest.mark.parametrize("where", ["whole", "view"])
def test_in_place_functions_agree(where):
    def script(torch):
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            ctx.save_for_backward(x)
            return x

        def backward(ctx, grad):
            assert ctx.saved_tensors[0].grad_fn is ctx
            return grad * 2 * ctx.saved_tensors[0]

        x, _ = leaves(torch)
        a = x.clone()
        part = a if where == "whole" else a[1:]
        before = part._version
        out = make(torch, backward, forward).apply(part)
        facts = [out is part, part._version - before, a.detach().clone()]
        a.sum().backward()
        return [*facts, x.grad]

    agree(script)
