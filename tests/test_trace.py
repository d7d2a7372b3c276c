"""Recorded passes: what a trace says is what the engine did."""

import numpy as np
import pytest
from op_checks import call, flat, samples_with_grad, tensors, weights_for
from samples import TABLE
from traced_programs import mlp, scalar, step_of, the_formula, value_of

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.visualize import record, trace
from tinygrad_edu.visualize.trace import Trace

# ---- what a trace says ------------------------------------------------------------------------------------------------


def test_the_formula_of_the_card():
    _, x, y, z = the_formula()
    t = trace(z, names=locals())
    assert [each.op for each in t.steps] == ["mul", "clamp", "add", "sigmoid", "mul"]
    assert [each.name for each in t.values] == ["x", "y", "a", "b", "c", "d", "z"]
    assert [each.kind for each in t.values] == ["leaf", "leaf", "result", "result", "result", "result", "result"]
    assert t.steps[0].formula == "a = x · y" and t.steps[0].inputs[0].rule == "y"
    assert t.ran and t.order == 1 and t.root == 6 and all(each.ran for each in t.steps)
    xs = value_of(t, "x")
    assert xs.used_by == [(0, 0), (3, 0)]
    parts = [t.steps[step].inputs[place].downstream for step, place in xs.used_by]
    assert sum(reversed(parts[1:]), start=parts[0]) == xs.grad == x.grad.numpy()
    assert value_of(t, "y").grad == y.grad.numpy()
    gate = step_of(t, "clamp")
    assert gate.inputs[0].blocked == 1 and gate.note == "gate closed" and gate.options == {"min": 0}
    assert t.steps[0].source.file == "traced_programs.py" and "torch.sigmoid(x)" in t.steps[0].source.text


def check_against_engine(t, recorded_leaves, plain_grads, whole=True):
    """Every number of a trace is the engine's, and its parts fit together; ``whole``: the root is all there was."""
    for leaf, expected in zip(recorded_leaves, plain_grads, strict=True):
        got = None if leaf.grad is None else leaf.grad.numpy()
        assert (got is None) == (expected is None)
        if got is not None:
            np.testing.assert_array_equal(got, expected)
    for value in t.values:
        assert value.data is None or value.data.shape == value.shape
        assert value.grad is None or value.grad.shape == value.shape
        for step, place in value.used_by:
            assert t.steps[step].inputs[place].value == value.id
        parts = [t.steps[step].inputs[place].downstream for step, place in value.used_by]
        parts = [each for each in parts if each is not None]
        if whole and value.grad is not None and parts and value.id != t.root:
            total = sum(parts[1:], start=parts[0])
            scale = max((float(np.abs(each[np.isfinite(each)]).max(initial=0)) for each in parts), default=0)
            np.testing.assert_allclose(value.grad, total, rtol=1e-12, atol=1e-12 * scale)
    for step in t.steps:
        assert all(each.value < min(step.outputs, default=0) for each in step.inputs)
        for each in step.inputs:
            if each.local is not None and each.downstream is not None:
                check_local(t, step, each)


def check_local(t, step, given):
    """downstream = local × upstream, summed over ``summed``; a factor that is not finite (1 / 0) is no factor."""
    if not np.isfinite(given.local).all():
        return
    upstream = t.values[step.outputs[0]].grad
    target = t.values[given.value].shape
    with np.errstate(all="ignore"):
        product = given.local * upstream
        if given.summed:
            product = product.sum(given.summed)
    product = np.broadcast_to(product.reshape(target) if product.size == given.downstream.size else product, target)
    if product.dtype.kind == "c" and given.downstream.dtype.kind != "c":
        product = product.real
    single = max(np.finfo(each.dtype).eps for each in (given.local, given.downstream, upstream))
    scale = float(np.abs(product[np.isfinite(product)]).max(initial=0))
    np.testing.assert_allclose(given.downstream, product, rtol=64 * single, atol=64 * single * scale)


def graph_of(sample, arrays, backward=True):
    """The leaves and the outputs of a sample's call."""
    positions = sample.differentiable()
    args = tensors(torch, sample, arrays, positions)
    outputs = [each for each in flat(call(torch, sample, args)) if isinstance(each, torch.Tensor) and each.requires_grad]
    if outputs and backward:
        vectors = [torch.from_numpy(w.astype(o._array.dtype)) for o, w in zip(outputs, weights_for(outputs), strict=True)]
        torch.autograd.backward(outputs, vectors)
    return [args[i] for i in positions], outputs


def no_derivative(error):
    return "is not implemented" in str(error)


@pytest.mark.parametrize("name", sorted(name for name in TABLE if samples_with_grad(name)))
def test_every_operation_is_traced_as_the_engine_ran_it(name):
    for sample in samples_with_grad(name):
        torch.manual_seed(3)
        try:
            plain, outputs = graph_of(sample, sample.args)
        except RuntimeError as error:
            assert no_derivative(error), sample
            continue
        expected = [None if each.grad is None else each.grad.numpy() for each in plain]
        torch.manual_seed(3)
        with record():
            leaves, outputs = graph_of(sample, sample.args)
        if not outputs or outputs[0].is_leaf:
            continue
        t = trace(outputs[0])
        check_against_engine(t, leaves, expected, whole=len(outputs) == 1)
        assert t.ran and t.values[t.root].grad is not None, sample
        assert all(each.formula for each in t.steps), sample
        text = t.to_json()
        assert Trace.from_json(text).to_json() == text, sample


def test_gradients_sum_exactly():
    torch.manual_seed(0)
    x = torch.randn(5, 4, requires_grad=True)
    with record():
        loss = (x.sin() + x.exp() * x + x @ torch.randn(4, 4)).sum()
        loss.backward()
    t = trace(loss, locals())
    value = value_of(t, "x")
    parts = [t.steps[step].inputs[place].downstream for step, place in value.used_by]
    assert len(parts) == 4
    total = parts[-1]
    for each in reversed(parts[:-1]):
        total = total + each
    np.testing.assert_array_equal(total, x.grad.numpy())
    np.testing.assert_array_equal(value.grad, x.grad.numpy())


def test_broadcasting_is_undone_along_the_edge():
    x, b = torch.ones(2, 3, requires_grad=True), torch.ones(3, requires_grad=True)
    c = torch.ones(2, 1, requires_grad=True)
    with record():
        loss = (x + b * c).sum()
        loss.backward()
    t = trace(loss, locals())
    of_b, of_c = step_of(t, "mul").inputs
    assert of_b.summed == (0,) and of_c.summed == (1,)
    assert of_b.downstream.shape == (3,) and of_c.downstream.shape == (2, 1) and of_b.local.shape == (2, 3)


def test_modules_name_parameters_and_steps():
    model, criterion, X, Y = mlp()
    with record() as recording:
        loss = criterion(model(X), Y)
        loss.backward()
    t = recording.trace()
    assert [each.op for each in t.steps] == ["linear", "relu", "linear", "log_softmax", "nll_loss_nd"]
    assert [each.module for each in t.steps] == ["0", "1", "2", "CrossEntropyLoss", "CrossEntropyLoss"]
    assert [(each.path, each.kind) for each in t.modules][:2] == [("0", "Linear"), ("1", "ReLU")]
    assert t.modules[0].text == "Linear(in_features=4, out_features=3, bias=True)"
    first = t.steps[0]
    assert [t.values[each.value].name for each in first.inputs][1:] == ["0.weight", "0.bias"]
    out, given = t.values[first.outputs[0]].name, t.values[first.inputs[0].value].name
    assert first.formula == f"{out} = {given} · 0.weightᵀ + 0.bias"
    weight = value_of(t, "0.weight")
    assert weight.kind == "parameter"
    np.testing.assert_array_equal(weight.grad, model[0].weight.grad.numpy())
    assert step_of(t, "relu").note.endswith("of 6 gates closed")
    assert value_of(trace(loss, locals()), "X").kind == "data"
    assert trace(loss, locals()).steps[-1].module == "criterion"
    assert [each.name for each in first.saved] == ["mat1"] and first.saved[0].bytes == 32


def test_nested_modules_and_two_models():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x):
            return x + self.fc(x).tanh()

    encoder, decoder = nn.Sequential(Block(), Block()), nn.Sequential(nn.Linear(2, 1))
    with record() as recording:
        loss = decoder(encoder(torch.ones(1, 2))).sum()
    t = recording.trace(names=locals())
    paths = {each.path: each.parent for each in t.modules}
    assert paths["encoder.0.fc"] == "encoder.0" and paths["encoder.0"] == "encoder" and paths["decoder.0"] == "decoder"
    assert [each.module for each in t.steps][:3] == ["encoder.0.fc", "encoder.0", "encoder.0"]
    assert value_of(t, "decoder.0.weight") and not t.ran
    assert {each.path for each in recording.trace().modules} >= {"Sequential.0.fc", "Sequential2.0"}
    assert value_of(t, "loss").id == t.root


def test_detach_and_no_grad_are_cuts():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record():
        y = x * 2
        with torch.no_grad():
            z = y + 1
        w = (y.detach() * y + z).sum()
        w.backward()
    t = trace(w, locals())
    cuts = {each.cut: t.values[each.outputs[0]] for each in t.steps if each.cut}
    assert set(cuts) == {"detach", "no_grad"} and all(each.kind == "cut" and each.grad is None for each in cuts.values())
    assert not any(given.needs_grad for each in t.steps if each.cut for given in each.inputs)
    assert value_of(t, "z").made_by == next(each.id for each in t.steps if each.cut == "no_grad")


def test_operations_on_data_are_steps_that_need_no_gradient():
    raw = torch.tensor([1.0, 2.0, 3.0])
    w = torch.ones(3, requires_grad=True)
    with record():
        x = (raw - raw.mean()) / 2
        loss = (w * x).sum()
        loss.backward()
    t = trace(loss, locals())
    assert [each.op for each in t.steps] == ["mean", "sub", "div", "mul", "sum"]
    assert [each.ran for each in t.steps] == [False, False, False, True, True]
    assert value_of(t, "x").kind == "result" and value_of(t, "x").grad is None and value_of(t, "raw").kind == "data"


def test_several_outputs():
    x = torch.tensor([[1.0, 5.0], [3.0, 4.0]], requires_grad=True)
    with record():
        p, q = x.unbind(0)
        v, i = x.max(dim=1)
        loss = (p * q).sum() + v.sum()
        loss.backward()
    t = trace(loss, locals())
    outs = step_of(t, "unbind").outputs
    assert [t.values[each].name for each in outs] == ["p", "q"] and [t.values[each].output for each in outs] == [0, 1]
    np.testing.assert_array_equal(value_of(t, "p").grad, [3, 4])
    assert value_of(t, "i").grad is None
    check_against_engine(t, [x], [x.grad.numpy()])


def test_one_of_several_outputs_unused():
    x = torch.arange(4.0).requires_grad_()
    with record():
        p, q = x.split(2)
        loss = (p * p).sum()
        loss.backward()
    t = trace(loss, locals())
    assert value_of(t, "q").grad is None and value_of(t, "p").grad is not None
    np.testing.assert_array_equal(value_of(t, "x").grad, [0, 2, 0, 0])


def test_writing_in_place():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with record():
        y = x * 2
        y[0] = x[1] * 3
        y[1:].mul_(2)
        y.add_(1)
        loss = (y * y).sum()
        loss.backward()
        y.detach().zero_()
    t = trace(loss, locals())
    assert "CopySlices" in [each.node for each in t.steps]
    np.testing.assert_array_equal(value_of(t, "y").data, [7, 9, 13])
    np.testing.assert_array_equal(value_of(t, "x").grad, x.grad.numpy())
    check_against_engine(t, [x], [np.array([0, 114, 104], np.float32)])


def test_values_are_those_of_their_time():
    w, x = torch.ones(2, requires_grad=True), torch.ones(2)
    with record():
        first = (w * x).sum()
        first.backward()
        with torch.no_grad():
            w -= w.grad
        x.mul_(3)
        w.grad = None
        second = (w * x).sum() + 1
        second.backward()
    one, two = trace(first, locals()), trace(second, locals())
    assert step_of(one, "mul").inputs[0].local.tolist() == [1, 1] and one.values[one.root].data == 2
    assert step_of(two, "mul").inputs[0].local.tolist() == [3, 3] and two.values[two.root].data == 1
    by_param = {each.param: one.values[each.value].data.tolist() for each in step_of(one, "mul").inputs}
    assert by_param == {"x": [1, 1], "y": [1, 1]}
    by_param = {each.param: two.values[each.value].data.tolist() for each in step_of(two, "mul").inputs}
    assert by_param == {"x": [0, 0], "y": [3, 3]}
    assert value_of(one, "w").kind == value_of(two, "w").kind == "leaf" and value_of(one, "w").grad.tolist() == [1, 1]


def test_writes_that_autograd_does_not_see():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    with record():
        y = x * 3
        y.data.clamp_(min=0)
        loss = (y * y).sum()
        y.data.zero_()
        twice = (y * 2).sum()
        twice.backward()
    t = trace(loss, locals())
    assert value_of(t, "y").data.tolist() == [3, 0] and t.steps[1].inputs[0].local.tolist() == [3, 0]
    check_against_engine(trace(twice), [x], [np.array([6, 6], np.float32)])


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, scale):
        ctx.save_for_backward(x, y)
        ctx.scale = scale
        return x * y * scale

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return y * grad * ctx.scale, x * grad * ctx.scale, None


def test_user_defined_functions():
    x, y = scalar(2), scalar(3)
    with record():
        z = Product.apply(x, y, 2.0) * 5
        z.backward()
    t = trace(z, locals())
    step = t.steps[0]
    assert (step.op, step.node, step.options) == ("Product", "ProductBackward", {"scale": 2.0})
    assert [each.param for each in step.inputs] == ["x", "y"] and [float(each.local) for each in step.inputs] == [6, 4]
    assert [each.bytes for each in step.saved] == [4, 4]
    assert x.grad == 30 and y.grad == 20


def test_second_order():
    x = scalar(2)
    with record():
        y = x**3
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        g.backward()
    t = trace(g, locals())
    assert t.order == 2 and t.ran and float(value_of(t, "x").grad) == 12 and float(t.values[t.root].data) == 12
    assert trace(y, locals()).order == 1
    with record():
        (g,) = torch.autograd.grad(x**4, x, create_graph=True)
        (h,) = torch.autograd.grad(g, x, create_graph=True)
    assert trace(h, locals()).order == 3


def test_the_target_of_grad_has_what_was_sent_to_it():
    x, w = scalar(2), scalar(5)
    with record():
        h = x * x
        y = h * 3 + h * w
        (g,) = torch.autograd.grad(y, h)
    t = trace(y, locals())
    assert value_of(t, "h").grad == g.numpy() == 8
    assert value_of(t, "x").grad is None and value_of(t, "w").grad is None and not t.steps[0].ran


def test_hooks_are_seen():
    x = scalar(2)
    x.register_hook(lambda grad: grad * 10)
    with record():
        y = x * 3
        y.register_hook(lambda grad: grad * 2)
        (y * 1).backward()
    t = trace(y, locals())
    assert value_of(t, "y").grad == 2 and value_of(t, "x").grad == x.grad.numpy() == 60
    assert step_of(t, "mul").inputs[0].downstream == 6


def test_two_passes_and_accumulation():
    x = scalar(2)
    with record() as recording:
        y = x * x
        y.backward(retain_graph=True)
        y.backward(torch.tensor(10.0))
    assert x.grad == 44
    t = trace(y, locals())
    assert value_of(t, "x").grad == 40 and value_of(t, "y").grad == 10  # of the last pass
    assert len(recording.passes) == 2


def test_the_origin_of_nan_and_inf():
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    with record():
        y = (x.sqrt().log() * 2).sum()
        y.backward()
    t = trace(y)
    assert t.steps[t.bad].op == "log" and t.steps[t.bad_backward].op == "log"
    with record():
        y = (x.sqrt() * 2).sum()
        y.backward()
    t = trace(y)
    assert t.bad is None and t.steps[t.bad_backward].op == "sqrt"
    with record():
        y = (x * torch.tensor([np.inf, 1.0])).sum()
    assert trace(y).bad is None  # it came with the data


def test_max_says_who_won():
    a, b = scalar(1), scalar(4)
    with record():
        m = torch.maximum(a, b)
        m.backward()
    assert trace(m, locals()).steps[0].note == "winner: b"


def test_those_who_win_are_counted():
    x = torch.tensor([[1.0, 5.0, 2.0], [7.0, 3.0, 4.0]], requires_grad=True)
    with record():
        v, _ = x.max(dim=1)
        loss = v.sum() + x.max()
        loss.backward()
    assert [each.note for each in trace(loss).steps][:3] == ["2 of 6 win", "", "1 of 6 wins"]
    image = torch.arange(16.0).reshape(1, 1, 4, 4).requires_grad_()
    with record():
        pooled = nn.functional.max_pool2d(image, 2)
    assert trace(pooled).steps[-1].note == "4 of 16 win"


# ---- names ------------------------------------------------------------------------------------------------------------


def test_names_are_letters_in_execution_order_and_start_again():
    x = scalar(1)
    with record():
        y = x
        for _ in range(30):
            y = y * 1.01
    names = [each.name for each in trace(y).values]
    assert names == [*"abcdefghijklmnopqrstuvwxyz", "a1", "b1", "c1", "d1", "e1"]
    assert [each.name for each in trace(y, {"a": y}).values][:3] == ["b", "c", "d"]


def test_names_from_lists_and_of_private_variables():
    leaves = [scalar(1), scalar(2)]
    _hidden = leaves[0]
    with record():
        y = leaves[0] * leaves[1]
    assert [each.name for each in trace(y, locals()).values] == ["_hidden", "leaves[1]", "y"]
    shown = _hidden
    assert trace(y, {"_hidden": _hidden, "shown": shown}).values[0].name == "shown"
    with pytest.raises(TypeError, match=r"names must be a dictionary such as locals\(\), not list"):
        trace(y, [])


def test_the_same_program_gives_the_same_text():
    def text():
        model, criterion, X, Y = mlp()
        with record():
            loss = criterion(model(X), Y)
            loss.backward()
        return trace(loss, locals()).to_json()

    assert text() == text()


# ---- graphs that were not recorded ------------------------------------------------------------------------------------


def test_a_bare_graph_before_backward():
    model, criterion, X, Y = mlp()
    loss = criterion(model(X), Y)
    t = trace(loss, locals())
    assert not t.ran and all(each.grad is None for each in t.values) and t.values[t.root].data == loss.detach().numpy()
    assert [each.op for each in t.steps] == ["linear", "relu", "linear", "log_softmax", "nll_loss_nd"]
    assert value_of(t, "0.weight").kind == "parameter" and t.steps[1].inputs[0].local is not None
    np.testing.assert_array_equal(t.values[step_of(t, "linear").inputs[0].value].data, X.numpy())


def test_a_bare_graph_after_backward():
    x, w = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    y = x * w
    y.retain_grad()
    loss = y.sum()
    loss.backward()
    t = trace(loss, locals())
    assert t.ran and value_of(t, "x").grad.tolist() == [1, 1, 1] and value_of(t, "y").grad.tolist() == [1, 1, 1]
    assert trace(loss).to_json() == trace(loss).to_json()
    assert not loss.grad_fn.metadata  # looking left nothing behind


def test_recording_only_the_backward_pass():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    with record():
        loss.backward()
    t = trace(loss, locals())
    assert t.ran and value_of(t, "x").grad.tolist() == [2, 4] and step_of(t, "mul").inputs[0].local.tolist() == [1, 2]


def test_a_tensor_without_a_graph():
    t = trace(torch.tensor([1.0, 2.0]))
    assert len(t.values) == 1 and t.steps == [] and not t.ran and t.values[0].kind == "data"
    leaf = torch.ones(2, requires_grad=True)
    assert trace(leaf, locals()).values[0].name == "leaf"
    with pytest.raises(TypeError, match="argument 'loss' must be Tensor, not float"):
        trace(1.0)
    with record() as recording:
        pass
    with pytest.raises(ValueError, match="nothing was recorded"):
        recording.trace()
