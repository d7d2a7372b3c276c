"""Connectionist temporal classification, beside PyTorch's and by summing over all alignments."""

import itertools

import numpy as np
import pytest
from agreement import agree_nearly
from tinygrad_edu.nn import functional as F

import tinygrad_edu as torch


def logits(t, steps=6, batch=4, classes=5, dtype="float64"):
    t.manual_seed(steps + batch)
    return t.randn(steps, batch, classes, dtype=getattr(t, dtype), requires_grad=True)


TARGETS = [[1, 2, 3], [1, 1, 2], [4, 4, 4], [2, 0, 0]]


def loss(t, targets=TARGETS, inputs=(6, 5, 5, 3), lengths=(3, 2, 3, 1), dtype="float64", twice=False, **options):
    """Loss and gradient; the mean of an impossible alignment is infinite, its gradient nan."""
    x = logits(t, dtype=dtype)
    targets = t.tensor(targets) if isinstance(targets, list) else targets(t)
    inputs, lengths = (each(t) if callable(each) else each for each in (inputs, lengths))
    result = t.nn.CTCLoss(**options)(x.log_softmax(2), targets, inputs, lengths)
    (result * (t.arange(result.numel()).reshape(result.shape) + 1)).sum().backward()
    return result, result.grad_fn.name(), x.grad


def raw(t, targets=((1, 2, 3), (1, 1, 2)), inputs=(5, 5), lengths=(3, 2), shape=(5, 2, 4), dtype="float32", **options):
    x = logits(t, 5, 2, 4, "float64").detach().log_softmax(2).reshape(-1)[: int(np.prod(shape))].reshape(shape)
    targets = t.tensor(targets)
    return t.nn.functional.ctc_loss(x.to(getattr(t, dtype)), targets, inputs, lengths, **options)


def refused(t, **options):
    """What was received; PyTorch goes on to say why each overload does not fit."""
    with pytest.raises(TypeError) as error:
        raw(t, **options)
    return str(error.value).split("but expected one of")[0]


def single(t, **options):
    x = logits(t, 6, 5, 1)
    result = t.nn.functional.ctc_loss(x.squeeze(2).log_softmax(1), t.tensor([1, 2]), t.tensor(6), t.tensor([2]), **options)
    result.backward()
    return result, result.grad_fn.name(), x.grad


REDUCTIONS = ("mean", "sum", "none")
SCRIPTS = {
    **{f"{r} {zero}": lambda t, r=r, zero=zero: loss(t, reduction=r, zero_infinity=zero)
        for r in REDUCTIONS for zero in (True, False)},
    **{f"single {r} {zero}": lambda t, r=r, zero=zero: single(t, reduction=r, zero_infinity=zero)
        for r in REDUCTIONS for zero in (True, False)},
    "float32": lambda t: loss(t, dtype="float32", reduction="sum"),
    "blank": lambda t: loss(t, blank=3, targets=[[1, 2, 0], [1, 1, 2], [4, 4, 4], [2, 0, 0]]),
    "one after another": lambda t: loss(t, [1, 2, 3, 1, 1, 4, 4, 4, 2]),
    "tensors": lambda t: loss(t, inputs=lambda t: t.tensor([6, 5, 5, 3]), lengths=lambda t: t.tensor([3, 2, 3, 1])),
    "lists, int32": lambda t: loss(t, lambda t: t.tensor(TARGETS).int(), [6, 5, 5, 3], [3, 2, 3, 1]),
    "float targets": lambda t: loss(t, lambda t: t.tensor(TARGETS).float()),
    "empty targets": lambda t: loss(t, lengths=(0, 2, 0, 1), reduction="none"),
    "all targets empty": lambda t: loss(t, lengths=(0, 0, 0, 0)),
    "no targets": lambda t: loss(t, lambda t: t.zeros(4, 0).long(), lengths=(0, 0, 0, 0)),
    "empty inputs": lambda t: loss(t, inputs=(0, 5, 1, 0), lengths=(0, 2, 1, 1), reduction="none"),
    "empty inputs, zero": lambda t: loss(t, inputs=(0, 5, 1, 0), lengths=(0, 2, 1, 1), zero_infinity=True),
    "too short": lambda t: loss(t, inputs=(2, 3, 4, 1), reduction="none"),
    "too short, zero": lambda t: loss(t, inputs=(2, 3, 4, 1), reduction="none", zero_infinity=True),
    "padded with what is no class": lambda t: loss(t, [[1, 2, 3], [1, 1, -1], [4, 4, 4], [2, 99, -5]]),
    "torch.ctc_loss": lambda t: [
        t.ctc_loss(logits(t).log_softmax(2), t.tensor(TARGETS), (6, 5, 5, 3), (3, 2, 1, 1), 0, r, True) for r in (0, 1, 2)
    ],
    "minus infinity": lambda t: t.nn.functional.ctc_loss(
        t.tensor([[[0.0, -np.inf, -np.inf]], [[-0.7, -0.7, -np.inf]], [[-1.0, -1.0, -1.0]]]), t.tensor([[1]]), (3,), (1,)),
    "repr": lambda t: [repr(t.nn.CTCLoss(reduction="sum")), t.nn.CTCLoss(2, "sum", True).__dict__["blank"]],
    "bad reduction": lambda t: raw(t, reduction="xx"),
    "long input": lambda t: raw(t, inputs=(5, 6)),
    "long target": lambda t: raw(t, lengths=(4, 2)),
    "few inputs": lambda t: raw(t, inputs=(5,)),
    "few lengths": lambda t: raw(t, lengths=(5,)),
    "large blank": lambda t: raw(t, blank=4),
    "negative blank": lambda t: raw(t, blank=-1),
    "too many targets": lambda t: raw(t, targets=(1, 2, 3, 1, 2, 3)),
    "float lengths": lambda t: raw(t, inputs=t.tensor([5.0, 5.0]), lengths=t.tensor([3, 2])),
    "float target lengths": lambda t: raw(t, inputs=t.tensor([5, 5]), lengths=t.tensor([3.0, 2.0])),
    "negative length": lambda t: raw(t, lengths=(-1, 2)),
    "negative input length": lambda t: raw(t, inputs=(-1, 2)),
    "four axes": lambda t: raw(t, shape=(1, 5, 2, 4)),
    "one axis": lambda t: raw(t, shape=(5,)),
    "target of three axes": lambda t: raw(t, targets=[[[1, 2]]]),
    "empty": lambda t: raw(t, shape=(5, 0, 4)),
    "half": lambda t: raw(t, dtype="float16"),
    "integers": lambda t: raw(t, dtype="int64"),
    "numbers": lambda t: refused(t, inputs=5, lengths=3),
    "mixed": lambda t: refused(t, inputs=(5, 5), lengths=t.tensor([3, 2])),
    "float blank": lambda t: refused(t, blank=1.5),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree_nearly(script, rtol=1e-5, atol=1e-6)


def collapsed(alignment, blank=0):
    return [label for label, _ in itertools.groupby(alignment) if label != blank]


@pytest.mark.parametrize("target", [[], [1], [1, 1], [1, 2], [2, 1, 2]])
def test_sums_over_all_alignments(target):
    torch.manual_seed(0)
    x = torch.randn(4, 1, 3, dtype=torch.float64).log_softmax(2)
    probabilities = x.exp().numpy()[:, 0]
    total = sum(
        np.prod(probabilities[np.arange(4), list(path)])
        for path in itertools.product(range(3), repeat=4)
        if collapsed(path) == target
    )
    targets = torch.tensor([target], dtype=torch.int64)
    found = F.ctc_loss(x, targets, (4,), (len(target),), reduction="sum").item()
    assert found == pytest.approx(-np.log(total), rel=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_both_derivatives(reduction):
    x = logits(torch, 5, 4, 4)

    def through_softmax(x):
        return F.ctc_loss(
            x.log_softmax(2), torch.tensor([[1, 2], [1, 1], [3, 0], [3, 3]]), (5, 4, 5, 2), (2, 2, 0, 2), 0, reduction, True
        )

    assert torch.autograd.gradcheck(through_softmax, x)
    assert torch.autograd.gradgradcheck(through_softmax, x)


def test_a_target_that_is_no_class_is_refused():
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        F.ctc_loss(torch.zeros(3, 1, 4).log_softmax(2), torch.tensor([[7]]), (3,), (1,))
