"""Views and in-place writes: random programs against PyTorch, and the written-down rules of their histories."""

import re
import warnings

import pytest
from agreement import agree
from hypothesis import HealthCheck, given, settings
from programs import VIEWS, Machine, programs

import tinygrad_edu as torch

# What PyTorch refuses and we need not: a barred view fails here in the backward pass instead of in its next use; strides of
# axes of length 1 differ between NumPy and PyTorch, and with them what "partial overlap" means.
LATER = ("its base or another view of its base", "some elements of the input tensor", "more than one element")


def words(error):
    """An error without the details that depend on which tensor saved the array."""
    if error is None:
        return None
    return type(error).__name__, re.sub(r", which is output .*?,|Tensor \[.*?\]|t_?\(\) expects", "", str(error))


def sensible(step, x, machine):
    """Steps that mean something: PyTorch's views under no_grad claim to require grad without being able to."""
    name, _, _, no_grad = step
    if no_grad and x.requires_grad and (name in VIEWS or name in ("x.t_()", "x.unsqueeze_(0)")):
        return False
    is_base = any(each._base is x for each in machine.tensors)
    return name != "x.requires_grad_()" or not (is_base or x._is_view())


@pytest.mark.oracle
@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs)
def test_random_programs_of_views_and_writes_behave_as_in_pytorch(program):
    oracle = pytest.importorskip("torch")
    requires_grad, steps = program
    theirs, ours = Machine(oracle, requires_grad), Machine(torch, requires_grad)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in steps:
            if not sensible(step, theirs.operand(step), theirs):
                continue
            expected, error = theirs.run(step), ours.run(step)
            if any(each in f"{expected} {error}" for each in LATER) and words(expected) != words(error):
                return
            assert (expected is None) == (error is None)
            if "=" in step[0] or step[0].endswith("_"):
                assert words(expected) == words(error)
            try:
                state = theirs.state()
            except RuntimeError as error:
                assert LATER[0] in str(error)
                return
            assert ours.state() == state
        expected, error = theirs.backward(), ours.backward()
        if not any(each in str(expected) for each in LATER):
            assert words(error) == words(expected)
            if error is None:
                assert ours.gradients() == theirs.gradients()


# ---- what is a view ------------------------------------------------------------------------------------------------


def base():
    return torch.arange(12.0).reshape(3, 4).requires_grad_() * 1


@pytest.mark.parametrize("name", [name for name in VIEWS if name not in ("x.detach()", "x.reshape(-1)")])
def test_views_share_memory_and_know_their_root(name):
    x = base()
    view = VIEWS[name](torch, x)
    assert view._is_view() and view._base is x
    assert VIEWS["x[...]"](torch, view)._base is x
    with torch.no_grad():
        x.fill_(7)
    assert (view == 7).all()
    assert view._version == x._version == 1


def test_copies_are_no_views():
    x = base()
    for copy in (x[[0, 1]], x[x > 3], x.clone(), x + 0, x.t().reshape(-1), x[True]):
        assert not copy._is_view() and copy._base is None
        assert copy._version == 0
    detached = x.detach()
    assert not detached._is_view() and detached._version == 0
    detached.add_(1)
    assert x._version == detached._version == 1
    x.data.add_(1)
    assert x._version == 1 and x[0, 0] == 2


def test_a_view_keeps_its_base_but_not_the_other_way_round():
    import gc
    import weakref

    x = torch.ones(3)
    first = weakref.ref(x)
    view = x[1:]
    second = weakref.ref(view)
    gc.disable()
    try:
        del x
        assert first() is not None
        del view
        assert first() is None and second() is None
    finally:
        gc.enable()


# ---- histories after writes ----------------------------------------------------------------------------------------


def names(node):
    """The chain of first inputs, by name."""
    chain = []
    while node is not None:
        chain.append(type(node).__name__)
        node = node.next_functions[0][0] if node.next_functions else None
    return chain


def test_a_write_to_a_view_rewrites_the_history_of_base_and_views():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    view, other = y[1:], y[:2]
    view.mul_(10)
    assert names(y.grad_fn) == ["CopySlices", "MulBackward0", "AccumulateGrad"]
    assert names(view.grad_fn) == ["AsStridedBackward0", "CopySlices", "MulBackward0", "AccumulateGrad"]
    assert names(other.grad_fn) == ["AsStridedBackward0", "CopySlices", "MulBackward0", "AccumulateGrad"]
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    other.sum().backward()
    assert x.grad.tolist() == [2, 20, 0]


def test_a_write_to_the_base_renews_its_views():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    view = y[1:]
    y.mul_(3)
    assert names(view.grad_fn) == ["AsStridedBackward0", "MulBackward0", "MulBackward0", "AccumulateGrad"]
    view.sum().backward()
    assert x.grad.tolist() == [0, 6, 6]


def test_views_of_views_and_several_views_of_one_base():
    x = torch.arange(6.0, requires_grad=True)
    y = (x * 1).view(2, 3)
    column, row = y[:, 1], y[0]
    corner = row[1:]
    corner.add_(column)  # y[0, 1] is read by the write and written by it
    (y * torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).sum().backward()
    assert y[0].tolist() == [0, 1 + 1, 2 + 4]
    assert x.grad.tolist() == [1, 2 + 2, 3, 4, 5 + 3, 6]


def test_a_base_without_history_gets_one():
    x = torch.zeros(3)
    view = x[1:]
    w = torch.tensor([5.0, 6.0], requires_grad=True)
    view.copy_(w)
    assert x.requires_grad and view.requires_grad and not x.is_leaf
    (x * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert w.grad.tolist() == [2, 3]


def test_transposed_bases_and_expanded_views():
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    y = (x * 1).t().clone().t()
    wide = y.t()[0].expand(3, 2)
    y[0] = 1
    assert wide.tolist() == [[1, 3]] * 3
    wide.sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [3, 0, 0]]


def test_second_derivatives_through_a_written_base():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * x
    y[1:].mul_(x[1:])  # x1^3, x2^3
    (grad,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert grad.tolist() == [2, 12, 27]
    (second,) = torch.autograd.grad(grad.sum(), x)
    assert second.tolist() == [2, 12, 18]


@pytest.mark.parametrize(
    ("method", "name"),
    [
        (lambda x: x.t_(), "TBackward1"),
        (lambda x: x.transpose_(0, 1), "TransposeBackward1"),
        (lambda x: x.swapaxes_(0, 1), "TransposeBackward1"),
        (lambda x: x.unsqueeze_(0), "UnsqueezeBackward1"),
        (lambda x: x.squeeze_(), "SqueezeBackward3"),
        (lambda x: x.squeeze_(0), "SqueezeBackward4"),
        (lambda x: x.squeeze_((0, 1)), "SqueezeBackward5"),
    ],
)
def test_axes_exchanged_in_place(method, name):
    x = base()
    same = method(x)
    assert same is x and x._version == 1
    assert type(x.grad_fn).__name__ == name
    x.sum().backward()


def test_retained_gradients_follow_and_hooks_stay():
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    seen = []
    y.register_hook(lambda grad: seen.append(("before", grad.tolist())))
    y.retain_grad()
    y.mul_(3)
    y.register_hook(lambda grad: seen.append(("after", grad.tolist())))
    y.sum().backward()
    assert seen == [("after", [1, 1, 1]), ("before", [3, 3, 3])]
    assert y.grad.tolist() == [1, 1, 1] and y.retains_grad


BY_ROWS = """
x.sum(0) | x.sum(0, True) | x.mean(1) | x.var(0) | x.std(0, keepdim=True) | x.prod(0) | x.amax(0) | x.any(0) | x.logsumexp(0)
x.norm(dim=0) | x.softmax(1) | x.log_softmax(2) | x.cumsum(0) | x.cumprod(1) | torch.cat([x, x], 2) | torch.stack([x, x])
x[:, [0, 1]] | x[:, [0, 2], 1] | x[0, :, [1, 2]] | x[:, x[0, :, 0] >= 0] | x.masked_fill(x > 0, 1)
x.scatter(0, torch.zeros(2, 4, 3, dtype=torch.int64), 1.0)
"""


@pytest.mark.oracle
@pytest.mark.parametrize("code", [each.strip() for line in BY_ROWS.split("\n") for each in line.split("|") if each.strip()])
def test_what_can_be_viewed_in_one_row(code):
    """NumPy keeps the order of the axes that it reads; PyTorch gives these results by rows, and code takes views of them."""

    def script(torch):
        x = (torch.arange(24.0).view(2, 3, 4) / 24).transpose(1, 2)
        result = eval(code, {"torch": torch, "x": x})
        return result.view(-1).round(decimals=4).tolist()

    agree(script)
