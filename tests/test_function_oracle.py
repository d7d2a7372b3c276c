"""User-defined functions beside PyTorch: the same programs, the same gradients and words."""

import pytest
from agreement import agree
from function_cases import Exp, applied, forward_with, leaves, make

import tinygrad_edu as torch
from tinygrad_edu.autograd.function import once_differentiable

# ---- agreement with PyTorch -----------------------------------------------------------------------------------------


def grads_of(torch, *rest, backward=None, forward=lambda ctx, *args: args[0] * 2):
    x, y = leaves(torch)
    make(torch, backward, forward).apply(x, *(y if each is None else each for each in rest)).sum().backward()
    return [x.grad, y.grad]


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
    "double backward": lambda t, x, s, a, b: t.autograd.grad(t.autograd.grad((a + b).sum(), x, create_graph=True)[0].sum(), x),
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
