"""Calling modules: forward, and hooks of every kind."""

import copy

import pytest
from agreement import agree
from module_cases import small

import tinygrad_edu as torch
from tinygrad_edu import nn

# ---- calls and hooks


def test_call_passes_any_arguments_on():
    class Echo(nn.Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    echo = Echo()
    assert echo() == ((), {})
    assert echo(1) == ((1,), {})
    assert echo(1, 2, a=3) == ((1, 2), {"a": 3})


def test_an_instance_may_have_its_own_forward():
    layer = nn.Identity()
    layer.forward = lambda x: x + 1
    assert layer(1) == 2


def test_hooks_cost_nothing_once_removed():
    layer = nn.Identity()
    assert layer._hooks is None
    seen = []
    with layer.register_forward_hook(lambda module, args, output: seen.append(output)):
        layer(1)
    layer(2)
    assert seen == [1]
    assert layer._hooks is None


def test_state_is_read_without_making_tables_of_hooks():
    layer = nn.Linear(1, 1)
    layer.load_state_dict(layer.state_dict())
    assert layer._hooks is None


def test_hooks_assigned_or_written_directly_run():
    layer, other = nn.Identity(), nn.Identity()
    layer._forward_hooks[0] = lambda module, args, output: output + 1
    assert layer(1) == 2
    other._forward_hooks = layer._forward_hooks
    assert other(1) == 2
    layer._forward_hooks.clear()
    assert layer(1) == other(1) == 1


def test_global_hooks_run_first_and_can_be_removed():
    module_api = nn.modules.module
    order = []
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda module, args: order.append("own pre"))
    layer.register_forward_hook(lambda module, args, output: order.append("own"))
    handles = [
        module_api.register_module_forward_pre_hook(lambda module, args: order.append("pre")),
        module_api.register_module_forward_hook(lambda module, args, output: order.append("all")),
    ]
    layer(1)
    for handle in handles:
        handle.remove()
    layer(1)
    nn.Tanh()(torch.zeros(1))
    assert order == ["pre", "own pre", "all", "own", "own pre", "own"]
    from tinygrad_edu.nn.hooks import every_module

    assert every_module._hooks is None


def test_registration_hooks_see_and_replace():
    api = nn.modules.module
    handles = [
        api.register_module_parameter_registration_hook(lambda m, name, p: nn.Parameter(p * 2)),
        api.register_module_buffer_registration_hook(lambda m, name, b: None if b is None else b + 1),
        api.register_module_module_registration_hook(lambda m, name, child: nn.Tanh()),
    ]
    try:
        module = small(torch)
    finally:
        for handle in handles:
            handle.remove()
    assert module.weight.tolist() == [2.0, 2.0]
    assert module.steps.tolist() == [1.0]
    assert repr(module.child) == "Tanh()"


def test_deepcopied_hooks_run_in_the_copy():
    layer = nn.Identity()
    handle = layer.register_forward_hook(lambda module, args, output: output + 1)
    made = copy.deepcopy(layer)
    handle.remove()
    assert made(1) == 2
    assert layer(1) == 1


def hooked(t):
    """A linear layer with known weights."""
    layer = t.nn.Linear(2, 1)
    with t.no_grad():
        layer.weight.copy_(t.tensor([[2.0, 3.0]]))
        layer.bias.zero_()
    return layer


def input_of(t):
    return t.tensor([[1.0, 2.0]], requires_grad=True)


def all_hooks(t):
    layer, seen = hooked(t), []
    layer.register_forward_pre_hook(lambda m, args: seen.append(("pre", args)))
    layer.register_forward_pre_hook(lambda m, args, kwargs: seen.append(("pre kw", args, kwargs)), with_kwargs=True)
    layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,), prepend=True)
    layer.register_forward_hook(lambda m, args, out: seen.append(("fwd", args, out)))
    layer.register_forward_hook(lambda m, args, kwargs, out: out + 1, with_kwargs=True, prepend=True)
    layer.register_full_backward_pre_hook(lambda m, grads: seen.append(("bpre", grads)))
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append(("bwd", grad_in, grad_out)))
    x = input_of(t)
    out = layer(x)
    out.sum().backward()
    return seen, out, x.grad, layer.weight.grad


def backward_hooks_replace(t):
    layer, x = hooked(t), input_of(t)
    layer.register_full_backward_pre_hook(lambda m, grads: (grads[0] * 10,))
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0] + 1,))
    layer(x).sum().backward()
    return x.grad, layer.weight.grad


def several_inputs_and_outputs(t):
    class Two(t.nn.Module):
        def forward(self, a, flag, b):
            return a * b, "text", a + 1

    two, seen = Two(), []
    two.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    a, b = input_of(t), t.ones(1, 2)
    first, text, second = two(a, True, b)
    (first.sum() + second.sum() * 3).backward()
    return seen, text, a.grad


def no_input_needs_a_gradient(t):
    layer, seen = hooked(t), []
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    layer(t.ones(1, 2)).sum().backward()
    return seen, layer.weight.grad


def old_backward_hook(t):
    act, seen = t.nn.Tanh(), []
    act.register_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    x = input_of(t)
    act(x).sum().backward()
    (grad_in,), (grad_out,) = seen[0]
    return len(seen), grad_in.round(decimals=5), grad_out, x.grad.round(decimals=5)


def old_backward_hook_misses(t):
    class Two(t.nn.Module):
        def forward(self, x):
            return x.exp().sin()

    two = Two()
    two.register_backward_hook(lambda m, grad_in, grad_out: None)
    two(input_of(t))


def old_and_full(t):
    layer = hooked(t)
    layer.register_full_backward_hook(lambda *args: None)
    layer.register_backward_hook(lambda *args: None)


def full_and_old(t):
    layer = hooked(t)
    layer.register_backward_hook(lambda *args: None)
    layer.register_full_backward_hook(lambda *args: None)


def wrong_number_of_gradients(t):
    layer = hooked(t)
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0], grad_in[0]))
    layer(input_of(t)).sum().backward()


def wrong_number_of_output_gradients(t):
    layer = hooked(t)
    layer.register_full_backward_pre_hook(lambda m, grad_out: ())
    layer(input_of(t)).sum().backward()


def output_is_no_tensor(t):
    class Text(t.nn.Module):
        def forward(self, x):
            return {"y": x}

    text = Text()
    text.register_full_backward_hook(lambda *args: None)
    return text(input_of(t))


def pre_hook_returns_nonsense(t):
    layer = t.nn.Identity()
    layer.register_forward_pre_hook(lambda m, args, kwargs: 5, with_kwargs=True)
    layer(1)


def pre_hook_changes_kwargs(t):
    class Echo(t.nn.Module):
        def forward(self, x, gain=1):
            return x * gain

    echo = Echo()
    echo.register_forward_pre_hook(lambda m, args, kwargs: (args, {"gain": 5}), with_kwargs=True)
    return echo(2), echo(2, gain=3)


def always_called(t):
    class Fails(t.nn.Module):
        def forward(self, x):
            raise ValueError("no")

    fails, seen = Fails(), []
    fails.register_forward_hook(lambda m, args, out: seen.append("sometimes"))
    fails.register_forward_hook(lambda m, args, out: seen.append((args, out)), always_call=True)
    fails.register_forward_hook(lambda m, args, kwargs, out: 1 / 0, always_call=True, with_kwargs=True)
    try:
        fails(1)
    except ValueError as error:
        seen.append(str(error))
    return seen


def handles(t):
    layer, seen = t.nn.Identity(), []
    first = layer.register_forward_hook(lambda *args: seen.append(1))
    second = layer.register_forward_hook(lambda *args: seen.append(2))
    layer(0)
    first.remove()
    first.remove()
    layer(0)
    with second:
        layer(0)
    layer(0)
    return seen, len(layer._forward_hooks)


def hook_removes_itself(t):
    layer, seen = t.nn.Identity(), []
    handle = layer.register_forward_hook(lambda *args: (seen.append(1), handle.remove())[1])
    layer.register_forward_hook(lambda *args: seen.append(2))
    layer(0)
    layer(0)
    return seen


def no_grad_with_hooks(t):
    layer, seen = hooked(t), []
    layer.register_full_backward_hook(lambda *args: seen.append(1))
    with t.no_grad():
        return layer(input_of(t)), seen


HOOKS = [
    all_hooks, backward_hooks_replace, several_inputs_and_outputs, no_input_needs_a_gradient, old_backward_hook,
    old_backward_hook_misses, old_and_full, full_and_old, wrong_number_of_gradients, wrong_number_of_output_gradients,
    output_is_no_tensor, pre_hook_returns_nonsense, pre_hook_changes_kwargs, always_called, handles,
    hook_removes_itself, no_grad_with_hooks,
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", HOOKS)
def test_hooks_agree_with_pytorch(script):
    agree(script)


def test_backward_hooks_see_the_gradients():
    seen, _, grad, weight_grad = all_hooks(torch)
    assert [step[0] for step in seen] == ["pre", "pre kw", "fwd", "bpre", "bwd"]
    (grad_in,), (grad_out,) = seen[-1][1:]
    assert grad_in.tolist() == [[2.0, 3.0]]
    assert grad_out.tolist() == [[1.0]]
    assert grad.tolist() == [[4.0, 6.0]]
    assert weight_grad.tolist() == [[2.0, 4.0]]
