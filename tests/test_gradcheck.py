"""gradcheck finds what is wrong, passes what is right, and says so in PyTorch's words."""

import re
import sys

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck


def point(torch=torch):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    return x, y


def function(torch, backward, forward=lambda ctx, x: x * 2):
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(torch.autograd.Function)("F", (torch.autograd.Function,), body).apply


def unmaterialized(ctx, x):
    ctx.set_materialize_grads(False)
    return x * 2


def two_unmaterialized(ctx, x):
    ctx.set_materialize_grads(False)
    return x * 2, x * 3


def both_or_one(ctx, g, h):
    total = None if g is None else g * 2
    return total if h is None else h * 3 if total is None else total + h * 3


def test_the_function_is_also_a_module():
    assert callable(torch.autograd.gradcheck)
    assert torch.autograd.gradcheck is gradcheck
    assert sys.modules["tinygrad_edu.autograd.gradcheck"].GradcheckError is GradcheckError


@pytest.mark.parametrize("fast_mode", [False, True])
def test_right_gradients_pass(fast_mode):
    x, y = point()
    assert gradcheck(lambda x, y: (x * y, y.exp(), x.sum()), (x, y), fast_mode=fast_mode) is True
    assert gradgradcheck(lambda x, y: (x * y.exp(),), (x, y), fast_mode=fast_mode) is True
    assert gradcheck(lambda x: (x.argmax(), torch.ones(2, dtype=torch.float64), x * 2), x, fast_mode=fast_mode) is True
    assert gradcheck(torch.sin, torch.ones(0, dtype=torch.float64, requires_grad=True), fast_mode=fast_mode)
    assert x.tolist() == [1.0, 2.0] and x.grad is None


@pytest.mark.parametrize("fast_mode", [False, True])
def test_wrong_gradients_fail(fast_mode):
    x, _ = point()
    wrong = function(torch, lambda ctx, g: g * 3)
    with pytest.raises(GradcheckError, match=r"Jacobian mismatch for output 0 with respect to input 0,\nnumerical:"):
        gradcheck(wrong, x, fast_mode=fast_mode)
    assert gradcheck(wrong, x, fast_mode=fast_mode, raise_exception=False) is False


def test_the_message_shows_both_jacobians():
    x, _ = point()
    with pytest.raises(GradcheckError) as caught:
        gradcheck(function(torch, lambda ctx, g: g * 3), x)
    assert str(caught.value) == (
        "Jacobian mismatch for output 0 with respect to input 0,\n"
        "numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 2.0000]], dtype=torch.float64)\n"
        "analytical:tensor([[3., 0.],\n        [0., 3.]], dtype=torch.float64)\n"
    )


def test_a_constant_second_derivative_is_found():
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    cube = function(torch, lambda ctx, g: g * 3 * ctx.saved_tensors[0].detach() ** 2, forward)
    x, _ = point()
    assert gradcheck(cube, x)
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradgradcheck(cube, x)


def test_the_users_random_numbers_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3).tolist()
    torch.manual_seed(1)
    x, _ = point()
    gradcheck(torch.sin, x, fast_mode=True)
    gradgradcheck(torch.sin, x)
    assert torch.rand(3).tolist() == expected


def test_single_precision_warns():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision") as caught:
        assert gradcheck(torch.sin, x, eps=1e-2, atol=1e-2)
    assert caught[0].filename == __file__


def test_a_perturbed_input_is_restored_after_an_error():
    x, _ = point()

    def fails(x):
        if x.detach()[0].item() != 1.0:
            raise ValueError("perturbed")
        return x * 2

    with pytest.raises(ValueError, match="perturbed"):
        gradcheck(fails, x)
    assert x.tolist() == [1.0, 2.0]


def test_forward_mode_does_not_exist():
    with pytest.raises(NotImplementedError, match="check_forward_ad"):
        gradcheck(torch.sin, point()[0], check_forward_ad=True)


# ---- agreement with PyTorch -----------------------------------------------------------------------------------------


def counted(torch):
    calls = iter(range(1, 1000))
    return function(torch, lambda ctx, g: g * 2 + 1e-9 * next(calls))


def hooked(x):
    def hook(grad):
        if grad is None:
            raise RuntimeError("x is undefined")

    y = x.clone()
    y.register_hook(hook)
    return y


def changes(what):
    return lambda x: x * 2 if x.detach()[0].item() == 1.0 else what(x * 2)


CHECKS = {
    "sin": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, x, **o),
    "several": lambda t, x, y, **o: t.autograd.gradcheck(lambda x, y: (x * y, x.sum(), y.exp()), (x, y), **o),
    "list": lambda t, x, y, **o: t.autograd.gradcheck(lambda x, y: [x * y, y], [x, y], **o),
    "wrong": lambda t, x, y, **o: t.autograd.gradcheck(function(t, lambda c, g: g * 3), x, **o),
    "wrong second": lambda t, x, y, **o: t.autograd.gradcheck(
        lambda x, y: (x * y, function(t, lambda c, g: g * 3)(y)), (x, y), **o
    ),
    "wrong, no exception": lambda t, x, y, **o: t.autograd.gradcheck(
        function(t, lambda c, g: g * 3), x, raise_exception=False, **o
    ),
    "not linear": lambda t, x, y, **o: t.autograd.gradcheck(
        function(t, lambda c, g: t.ones(2, dtype=t.float64), lambda c, x: x.sum()), x, **o
    ),
    "not reentrant": lambda t, x, y, **o: t.autograd.gradcheck(counted(t), x, **o),
    "tolerated": lambda t, x, y, **o: t.autograd.gradcheck(counted(t), x, nondet_tol=1e-3, **o),
    "detached": lambda t, x, y, **o: t.autograd.gradcheck(lambda x: x.detach() * 2, x, **o),
    "constant": lambda t, x, y, **o: t.autograd.gradcheck(lambda x: t.ones(2, dtype=t.float64), x, **o),
    "integer": lambda t, x, y, **o: t.autograd.gradcheck(lambda x: x.argmax(), x, **o),
    "mixed": lambda t, x, y, **o: t.autograd.gradcheck(
        lambda x: (x * 2, x.argmax(), t.ones(2, dtype=t.float64)), x, **o
    ),
    "unused": lambda t, x, y, **o: t.autograd.gradcheck(lambda x, y: x * 2, (x, y), **o),
    "other arguments": lambda t, x, y, **o: t.autograd.gradcheck(lambda x, n, s: x**n, (x, 3, "s"), **o),
    "identity": lambda t, x, y, **o: t.autograd.gradcheck(lambda x: x, x, **o),
    "view": lambda t, x, y, **o: t.autograd.gradcheck(lambda x: x.view(2, 1), x, **o),
    "in place": lambda t, x, y, **o: t.autograd.gradcheck(lambda x: x.clone().mul_(x), x, **o),
    "scalar": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, t.tensor(1.0, dtype=t.float64, requires_grad=True), **o),
    "transposed": lambda t, x, y, **o: t.autograd.gradcheck(
        t.sin, t.arange(6.0, dtype=t.float64).reshape(2, 3).t().requires_grad_(), **o
    ),
    "no gradient": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, x.detach(), **o),
    "no tensor": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, (3,), **o),
    "expanded": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, x[:1].expand(3), **o),
    "float": lambda t, x, y, **o: t.autograd.gradcheck(
        t.sin, t.tensor([1.0], requires_grad=True), eps=1e-2, atol=1e-2, **o
    ),
    "undefined hook": lambda t, x, y, **o: t.autograd.gradcheck(hooked, x, **o),
    "undefined fails": lambda t, x, y, **o: t.autograd.gradcheck(
        function(t, lambda c, g: g * 2, unmaterialized), x, **o
    ),
    "undefined unchecked": lambda t, x, y, **o: t.autograd.gradcheck(
        function(t, lambda c, g: g * 2, unmaterialized), x, check_undefined_grad=False, **o
    ),
    "undefined is not zero": lambda t, x, y, **o: t.autograd.gradcheck(
        function(t, lambda c, g: t.ones(2, dtype=t.float64) if g is None else g * 2, unmaterialized), x, **o
    ),
    "undefined among two": lambda t, x, y, **o: t.autograd.gradcheck(
        function(t, both_or_one, two_unmaterialized), x, **o
    ),
    "undefined after operations": lambda t, x, y, **o: t.autograd.gradcheck(
        lambda x: function(t, both_or_one, two_unmaterialized)(x)[0].sum(), x, **o
    ),
    "batched": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, x, check_batched_grad=True, **o),
    "nothing": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, x, check_backward_ad=False, **o),
    "batched without backward": lambda t, x, y, **o: t.autograd.gradcheck(
        t.sin, x, check_batched_grad=True, check_forward_ad=True, check_backward_ad=False, **o
    ),
    "batched forward": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, x, check_batched_forward_grad=True, **o),
    "dtypes": lambda t, x, y, **o: t.autograd.gradcheck(t.sin, x, check_grad_dtypes=True, **o),
    "second": lambda t, x, y, **o: t.autograd.gradgradcheck(lambda x, y: x * y.exp(), (x, y), **o),
    "second, not contiguous": lambda t, x, y, **o: t.autograd.gradgradcheck(
        lambda x, y: x * y.exp(), (x, y), gen_non_contig_grad_outputs=True, **o
    ),
    "second, given": lambda t, x, y, **o: t.autograd.gradgradcheck(lambda x, y: x * y, (x, y), x, **o),
    "second, nothing": lambda t, x, y, **o: t.autograd.gradgradcheck(t.sin, x, check_rev_over_rev=False, **o),
    "complex": lambda t, x, y, **o: t.autograd.gradcheck(
        lambda z: (z + z.real, z - 1), (x * (1 + 2j)).detach().requires_grad_(), **o
    ),
    "complex parts": lambda t, x, y, **o: t.autograd.gradcheck(
        lambda z: z.real * z.imag, (x * (1 + 2j)).detach().requires_grad_(), **o
    ),
    "complex wrong": lambda t, x, y, **o: t.autograd.gradcheck(
        function(t, lambda c, g: g * 3), (x * (1 + 2j)).detach().requires_grad_(), **o
    ),
    "complex to real": lambda t, x, y, **o: t.autograd.gradcheck(
        lambda z: z.abs(), (x * (1 + 2j)).detach().requires_grad_(), **o
    ),
}


def script_of(name, fast_mode):
    def script(torch):
        try:
            return CHECKS[name](torch, *point(torch), fast_mode=fast_mode)
        except RuntimeError as error:
            # Advice is shorter here, and fast mode's random numbers differ.
            text = re.sub(r"(?s)(NOTE: If your op|Fast gradcheck failed).*", "", str(error))
            if fast_mode:
                text = re.sub(r"(?s)numerical:.*?\nanalytical:.*?\n|The max per-element.*", "", text)
            raise type(error)(text) from None

    return script


@pytest.mark.oracle
@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("name", CHECKS)
def test_agrees(name, fast_mode):
    agree(script_of(name, fast_mode))


@pytest.mark.oracle
@pytest.mark.parametrize("what", ["shape", "dtype"])
def test_outputs_must_not_change_agrees(what):
    change = (lambda y: y[:1]) if what == "shape" else (lambda y: y.float())
    calls = iter(range(100))

    def script(torch):
        def func(x):
            return x * 2 if next(calls) % 3 != 2 else change(x * 2)

        return torch.autograd.gradcheck(func, point(torch)[0])

    agree(script)
