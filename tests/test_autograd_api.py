"""backward and grad: arguments, words, edges, hooks on several gradients, hooks on what is saved, Variable."""

import gc
import importlib
import threading

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu.autograd import grad_mode, graph
from tinygrad_edu.autograd.graph import GradientEdge, get_gradient_edge


def leaf(torch=torch):
    return torch.tensor([1.5, 2.5], requires_grad=True)


# ---- backward -------------------------------------------------------------------------------------------------------


def test_backward_of_several_outputs():
    a = leaf()
    torch.autograd.backward([a.sum(), a * 2], [None, torch.tensor([1.0, 10.0])])
    assert a.grad.tolist() == [3.0, 21.0]


def test_gradients_accumulate():
    a = leaf()
    for _ in range(3):
        (a * 2).sum().backward()
    assert a.grad.tolist() == [6.0, 6.0]


def test_inputs_restrict_what_is_stored():
    a, b = leaf(), leaf()
    (a * b).sum().backward(inputs=[b])
    assert a.grad is None
    assert b.grad.tolist() == [1.5, 2.5]


@pytest.mark.parametrize("retain", [False, True])
def test_inputs_may_be_no_leaves(retain):
    a = leaf()
    b = a * 2
    if retain:
        b.retain_grad()
    (b * b).sum().backward(inputs=[b, b])
    assert b.grad.tolist() == [6.0, 10.0]
    assert a.grad is None


def test_a_second_pass_through_sums_and_views_is_possible():
    a = leaf()
    out = (a.view(2, 1) + 1).t().mean()
    out.backward()
    out.backward()
    assert a.grad.tolist() == [1.0, 1.0]


def test_a_second_pass_through_a_product_is_not():
    a = leaf()
    out = (a * a).sum()
    out.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        out.backward()


def test_passes_in_several_threads_at_once():
    leaves = [leaf() for _ in range(4)]
    threads = [threading.Thread(target=lambda x=x: (x * x).sum().backward()) for x in leaves]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [x.grad.tolist() for x in leaves] == [[3.0, 5.0]] * 4


def test_a_pass_inside_a_pass():
    a = leaf()

    class Inner(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            with torch.enable_grad():
                x = ctx.saved_tensors[0].detach().requires_grad_()
                (x * x).sum().backward()
            return x.grad * grad

    Inner.apply(a).sum().backward()
    assert a.grad.tolist() == [3.0, 5.0]


# ---- grad -----------------------------------------------------------------------------------------------------------


def test_grad_stores_nothing():
    a = leaf()
    (g,) = torch.autograd.grad((a * a).sum(), a)
    assert g.tolist() == [3.0, 5.0]
    assert a.grad is None and not g.requires_grad


def test_grad_of_a_batch_of_vectors():
    a, b = leaf(), leaf()
    vectors = torch.eye(2)
    by_a, by_b, by_none = torch.autograd.grad(a * b, [a, b, leaf()], vectors, is_grads_batched=True, allow_unused=True)
    assert by_a.tolist() == [[1.5, 0.0], [0.0, 2.5]]
    assert by_b.tolist() == [[1.5, 0.0], [0.0, 2.5]]
    assert by_none is None


# ---- agreement with PyTorch -----------------------------------------------------------------------------------------


def grad(torch, out, inputs, *args, **options):
    return torch.autograd.grad(out, inputs, *args, **options)


def twice(run):
    return lambda t, a: (lambda out: (out.backward(), out.backward(), a.grad)[2])(run(a))


SCRIPTS = {
    "input without grad": lambda t, a: grad(t, (a * 2).sum(), t.ones(2)),
    "output without grad": lambda t, a: grad(t, t.ones(2).sum(), a),
    "backward without grad": lambda t, a: t.ones(()).backward(),
    "one of two without grad": lambda t, a: t.autograd.backward([a.sum(), t.ones(())]),
    "not a scalar": lambda t, a: (a * 2).backward(),
    "not a scalar, without grad": lambda t, a: t.ones(2).backward(),
    "not used": lambda t, a: grad(t, (a * 2).sum(), t.ones(2, requires_grad=True)),
    "second not used": lambda t, a: grad(t, (a * 2).sum(), [a, t.ones(2, requires_grad=True)]),
    "allow_unused": lambda t, a: grad(t, (a * 2).sum(), [a, t.ones(2, requires_grad=True)], allow_unused=True),
    "more gradients than outputs": lambda t, a: grad(t, [(a * 2).sum()], [a], [None, None]),
    "fewer gradients": lambda t, a: t.autograd.backward([(a * 2).sum(), a.sum()], t.ones(())),
    "shape": lambda t, a: (a * 2).backward(t.ones(3)),
    "number": lambda t, a: (a * 2).backward(3),
    "numbers": lambda t, a: (a * 2).backward([1, 2]),
    "double": lambda t, a: ((a * 2).backward(t.ones(2).double()), a.grad),
    "integers": lambda t, a: ((a * 2).backward(t.tensor([1, 2])), a.grad),
    "complex vector": lambda t, a: (a * 2).backward(t.ones(2) * 1j),
    "complex output": lambda t, a: (t.ones((), dtype=t.complex64, requires_grad=True) * 2).backward(),
    "no inputs": lambda t, a: (a * 2).sum().backward(inputs=[]),
    "no inputs of grad": lambda t, a: grad(t, (a * 2).sum(), []),
    "input is a number": lambda t, a: (a * 2).sum().backward(inputs=3),
    "inputs are numbers": lambda t, a: (a * 2).sum().backward(inputs=[3]),
    "inputs without grad": lambda t, a: (a * 2).sum().backward(inputs=[t.ones(2)]),
    "inputs as dict": lambda t, a: ((a * 2).sum().backward(inputs={"a": a}), a.grad),
    "mapping": lambda t, a: (a * 2).sum().backward(inputs=__import__("types").MappingProxyType({"a": a})),
    "mapping for grad": lambda t, a: grad(t, (a * 2).sum(), __import__("types").MappingProxyType({"a": a})),
    "output is a number": lambda t, a: t.autograd.backward(3),
    "outputs are numbers": lambda t, a: t.autograd.backward([3]),
    "no outputs": lambda t, a: t.autograd.backward([]),
    "no outputs of grad": lambda t, a: grad(t, [], [a], allow_unused=True),
    "dict": lambda t, a: grad(t, (a * 2).sum(), {"a": a}),
    "materialize": lambda t, a: grad(t, (a * 2).sum(), [a, t.ones(2, requires_grad=True)], materialize_grads=True),
    "materialize, create_graph": lambda t, a: grad(
        t, (a * 2).sum(), [a, t.ones(2, requires_grad=True)], materialize_grads=True, create_graph=True
    ),
    "materialize, not unused": lambda t, a: grad(t, (a * 2).sum(), [a], materialize_grads=True, allow_unused=False),
    "only_inputs": lambda t, a: grad(t, (a * 2).sum(), [a], only_inputs=False),
    "batched": lambda t, a: grad(t, a * a, a, (t.ones(3, 2),), is_grads_batched=True),
    "batched shape": lambda t, a: grad(t, a * a, a, (t.ones(3, 3),), is_grads_batched=True),
    "batched sizes": lambda t, a: grad(t, [a * 2, a * 3], a, [t.ones(3, 2), t.ones(2, 2)], is_grads_batched=True),
    "grad_variables": lambda t, a: (t.autograd.backward(a * 2, grad_variables=t.ones(2)), a.grad),
    "both": lambda t, a: t.autograd.backward(a * 2, t.ones(2), grad_variables=t.ones(2)),
    "create_graph": lambda t, a: (a.sum().backward(create_graph=True), a.grad),
    "variable": lambda t, a: t.autograd.variable(3),
    "twice exp": twice(lambda a: a.exp().sum()),
    "twice sum": twice(lambda a: a.sum()),
    "twice times 2": twice(lambda a: (a * 2).sum()),
    "twice difference": twice(lambda a: (a - a + a).sum()),
    "twice views": twice(lambda a: a.view(2, 1).t().unsqueeze(0).expand(3, 1, 2).permute(2, 0, 1).mean()),
    "twice item": twice(lambda a: a[0] + a[1:].sum()),
    "twice index": twice(lambda a: a[[0, 1]].sum()),
    "one element": lambda t, a: (((a[:1] * 2).reshape(1, 1)).backward(), a.grad),
    "same input twice": lambda t, a: grad(t, (a * 2).sum(), [a, a]),
    "same output twice": lambda t, a: (lambda s: grad(t, [s, s], [a]))((a * 2).sum()),
    "output is input": lambda t, a: (lambda s: grad(t, s, [s]))((a * 2).sum()),
    "leaf is output": lambda t, a: grad(t, a, [a], t.ones(2)),
    "leaf backward": lambda t, a: (a.backward(t.ones(2)), a.grad),
    "no_grad": lambda t, a: t.no_grad()(lambda: (a * 2).sum().backward())(),
    "backward in no_grad": lambda t, a: (lambda s: (t.no_grad()(s.backward)(), a.grad))((a * 2).sum()),
    "intermediate": lambda t, a: (lambda b: grad(t, (b * b).sum(), [a, b]))(a * 2),
    "edge": lambda t, a: grad(t, (a * 2).sum(), t.autograd.graph.get_gradient_edge(a)),
    "edge of output": lambda t, a: grad(t, t.autograd.graph.get_gradient_edge((a * 2).sum()), a),
    "edge not scalar": lambda t, a: grad(t, t.autograd.graph.get_gradient_edge(a * 2), a),
    "edge shape": lambda t, a: grad(t, t.autograd.graph.get_gradient_edge(a * 2), a, t.ones(3)),
    "edge unused": lambda t, a: grad(t, a.sum(), t.autograd.graph.get_gradient_edge(leaf(t))),
    "edge materialized": lambda t, a: grad(
        t, a.sum(), t.autograd.graph.get_gradient_edge(leaf(t) * 1), materialize_grads=True
    ),
    "edge as input": lambda t, a: ((a * 2).sum().backward(inputs=[t.autograd.graph.get_gradient_edge(a)]), a.grad),
    "edge backward": lambda t, a: (t.autograd.backward(t.autograd.graph.get_gradient_edge((a * 2).sum())), a.grad),
    "edge of a constant": lambda t, a: t.autograd.graph.get_gradient_edge(t.ones(2)),
    "edge by hand": lambda t, a: (
        lambda u: grad(t, u[1] * 3, t.autograd.graph.GradientEdge(u[0].grad_fn, 1))
    )((a * 2).unbind()),
    "edge kept alone": lambda t, a: (
        lambda e: grad(t, e, a, t.ones(2))
    )(t.autograd.graph.get_gradient_edge((a * a).exp())),
    "modified": lambda t, a: (lambda b: (lambda c: (b.add_(1), c.sum().backward()))(b * b))(a * 1),
    "modified result": lambda t, a: (lambda c: (c.add_(1), c.sum().backward()))((a * 1).exp()),
    "modified constant": lambda t, a: (lambda b: (lambda c: (b.add_(1), c.sum().backward()))(a * b))(t.ones(2)),
    "modified split": lambda t, a: (lambda b: (b.add_(1), b.split(1)[0].sum().backward(), a.grad)[2])(a * 1),
    "version incremented": lambda t, a: (
        lambda b: (lambda c: (t.autograd.graph.increment_version(b), c.sum().backward()))(b * b)
    )(a * 1),
    "Variable": lambda t, a: [
        t.autograd.Variable(a), t.autograd.Variable(t.ones(2), requires_grad=True), isinstance(a, t.autograd.Variable),
        isinstance(3, t.autograd.Variable), t.autograd.Variable(a) is a,
    ],
    "Variable of a list": lambda t, a: t.autograd.Variable([1, 2]),
    "Variable of nothing": lambda t, a: t.autograd.Variable(),
    "Variable of integers": lambda t, a: t.autograd.Variable(t.tensor([1]), requires_grad=True),
    "volatile Variable": lambda t, a: t.autograd.Variable(t.ones(2), volatile=True),
    "Variable shares": lambda t, a: (lambda x: (t.autograd.Variable(x).add_(1), x)[1])(t.ones(2)),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", SCRIPTS)
def test_agrees(name):
    agree(lambda torch: SCRIPTS[name](torch, leaf(torch)))


# ---- the graph's tools ----------------------------------------------------------------------------------------------


def test_modules_and_names():
    assert importlib.import_module("tinygrad_edu.autograd.variable").Variable is torch.autograd.Variable
    assert torch.autograd.variable.Variable is torch.autograd.Variable
    assert {"grad", "backward", "Function", "functional", "graph"} <= set(dir(torch.autograd))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = torch.autograd.nothing


def test_every_grad_fn_is_a_node():
    a = leaf()
    assert isinstance((a * 2).grad_fn, graph.Node)
    assert isinstance((a * 2).grad_fn.next_functions[0][0], graph.Node)
    assert not isinstance(a, graph.Node)


def test_an_edge_keeps_the_graph():
    a = leaf()
    edge = get_gradient_edge((a * a).exp())
    gc.collect()
    assert isinstance(edge, GradientEdge)
    assert edge.node.name() == "ExpBackward0" and edge.output_nr == 0
    assert torch.autograd.grad(edge, a, torch.ones(2))[0].tolist() == (2 * a * (a * a).exp()).tolist()


def multi(torch, mode, use):
    calls = []
    a, b = leaf(torch), leaf(torch) * 2
    c = leaf(torch)
    handle = torch.autograd.graph.register_multi_grad_hook(
        (a, b, c), lambda grads: calls.append(grads if mode == "all" else [grads]), mode=mode
    )
    use(a, b, c).sum().backward()
    use(a, b, c).sum().backward()
    count = len(calls)
    handle.remove()
    use(a, b, c).sum().backward()
    return calls, count, len(calls)


@pytest.mark.oracle
@pytest.mark.parametrize("mode", ["all", "any", "some"])
@pytest.mark.parametrize(
    "use", [lambda a, b, c: a + b + c, lambda a, b, c: a, lambda a, b, c: b + c, lambda a, b, c: c * c]
)
def test_multi_grad_hooks_agree(mode, use):
    def script(torch):
        calls, *counts = multi(torch, mode, use)
        return [each for each in calls if mode == "all"], counts

    agree(script)


def test_hooks_on_saved_tensors():
    packed, unpacked = [], []

    def pack(tensor):
        packed.append((tensor.tolist(), tensor.requires_grad))
        return tensor.tolist()

    def unpack(numbers):
        unpacked.append(numbers)
        return torch.tensor(numbers)

    a, b = leaf(), leaf() * 2
    with graph.saved_tensors_hooks(pack, unpack):
        c = a * b
    d = c * c
    d.sum().backward()
    assert sorted(packed) == [([1.5, 2.5], True), ([3.0, 5.0], True)]
    assert sorted(unpacked) == [[1.5, 2.5], [3.0, 5.0]]
    assert a.grad.tolist() == (2 * a * b * b).tolist()


def test_hooks_on_saved_tensors_double_backward():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    with graph.save_on_cpu():
        out = (a**3).sum()
        (first,) = torch.autograd.grad(out, a, create_graph=True)
    assert torch.autograd.grad(first.sum(), a)[0].tolist() == [6.0, 12.0]
    assert grad_mode.OBSERVERS == []


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("pack", "unpack"),
    [
        (lambda torch, t: t * 2, lambda torch, t: t),
        (lambda torch, t: t.numpy(), lambda torch, t: torch.from_numpy(t)),
        (lambda torch, t: t.add_(1), lambda torch, t: t),
        (lambda torch, t: 3, lambda torch, t: 3),
    ],
)
def test_hooks_on_saved_tensors_agree(pack, unpack):
    def script(torch):
        x, packed = torch.tensor([1.0, 2.0], requires_grad=True), []

        def keep(tensor):
            packed.append((tuple(tensor.shape), torch.is_grad_enabled()))
            return pack(torch, tensor)

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda each: unpack(torch, each)):
            y = (x * 3 + 1) * x
        y.sum().backward()
        return x.grad, packed

    agree(script)


@pytest.mark.oracle
def test_hooks_on_saved_tensors_can_be_forbidden():
    def script(torch):
        graph, said = torch.autograd.graph, []
        for outer, inner in [
            (lambda: graph.disable_saved_tensors_hooks("no"), graph.save_on_cpu),
            (graph.save_on_cpu, lambda: graph.disable_saved_tensors_hooks("no")),
        ]:
            try:
                with outer(), inner():
                    said.append("entered")
            except RuntimeError as error:
                said.append(str(error))
        with graph.save_on_cpu():
            said.append("allowed again")
        return said

    agree(script)


def test_nested_hooks_on_saved_tensors_use_the_inner_pair():
    log = []

    def named(name):
        return graph.saved_tensors_hooks(lambda t: log.append(name) or t.detach(), lambda t: t)

    a = leaf()
    with named("outer"):
        with named("inner"):
            _ = a.exp()
        _ = a.exp()
    _ = a.exp()
    assert log == ["inner", "outer"]


def test_increment_version_takes_one_or_many():
    a, b = torch.ones(2), torch.ones(2)
    graph.increment_version(a)
    graph.increment_version([a, b])
    assert (a._version, b._version) == (2, 1)
