"""check_backward finds what was put wrong, and nothing where all is right."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as torch
from tinygrad_edu.testing import check_backward

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(5, 2)), rng.uniform(size=(5, 1))
W1, W2 = rng.normal(size=(2, 3)), rng.normal(size=(3, 1))


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


def prime(s):
    return sigmoid(s) * (1 - sigmoid(s))


def forward(w1, w2):
    z1 = torch.tensor(X) @ w1
    a1 = torch.sigmoid(z1)
    z2 = a1 @ w2
    a2 = torch.sigmoid(z2)
    loss = ((a2 - torch.tensor(Y)) ** 2).sum() / 2
    return loss, locals()


def by_hand(prime_out=prime, prime_hidden=prime, at_out="z2", at_hidden="z1", sign=1.0):
    """The network's gradients, with slips on request."""
    v = {"z1": X @ W1}
    v["a1"] = sigmoid(v["z1"])
    v["z2"] = v["a1"] @ W2
    v["a2"] = sigmoid(v["z2"])
    a2 = sign * (v["a2"] - Y)
    z2 = a2 * prime_out(v[at_out])
    a1 = z2 @ W2.T
    z1 = a1 * prime_hidden(v[at_hidden])
    return {"w1": X.T @ z1, "w2": v["a1"].T @ z2, "a2": a2, "z2": z2, "a1": a1, "z1": z1}


def only_parameters(gradients):
    return {name: gradients[name] for name in ("w1", "w2")}


def check(gradients, **options):
    return check_backward(forward, gradients, {"w1": W1, "w2": W2}, **options)


def test_all_right():
    report = check(by_hand())
    assert report and report.right == ["w1", "w2"] and report.first is None
    assert str(report) == "all gradients are right: w1, w2"
    assert check(only_parameters(by_hand()))


def test_the_step_that_departs_is_named_once():
    report = check(by_hand(prime_hidden=lambda s: np.ones_like(s)))
    assert not report and [each.name for each in report.wrong] == ["w1"] and report.right == ["w2"]
    assert [each.name for each in report.faults] == ["z1"]  # and not w1, which follows from it
    assert report.first.steps == ["SigmoidBackward0"]
    assert "its derivative is left out" in str(report) and "SigmoidBackward0 (of a1)" in str(report)


def test_an_error_near_the_loss_is_not_seen_again_further_down():
    report = check(by_hand(prime_out=lambda s: 2 * prime(s)))
    assert [each.name for each in report.faults] == ["z2"]
    assert report.first.hint == "every entry is 2 times the right one"
    assert len(report.wrong) == 2


@pytest.mark.parametrize(
    ("slip", "step", "words"),
    [
        (by_hand(prime_out=lambda s: np.ones_like(s)), "a2", "left out"),
        (by_hand(prime_out=lambda s: prime(s) ** 2), "a2", "applied twice"),
        (by_hand(at_out="a2"), "a2", "taken at its result instead of its argument"),
        (by_hand(at_hidden="z2"), "a1", "taken at the argument that belongs to a2"),
        (by_hand(prime_hidden=lambda s: -prime(s)), "a1", "the sign is wrong"),
    ],
)
def test_a_slip_is_explained_from_the_parameters_alone(slip, step, words):
    report = check(only_parameters(slip))
    assert not report and len(report.slips) == 1 and not report.faults
    assert report.slips[0].name == step and words in report.slips[0].what
    assert report.first is report.slips[0]


def test_the_notes_two_slips():
    report = check(only_parameters(by_hand(at_out="a2", at_hidden="z2")))
    assert [(each.name, each.what.partition(" instead")[0]) for each in report.slips] == [
        ("a2", "its derivative is taken at its result"),
        ("a1", "its derivative is taken at the argument that belongs to a2"),
    ]


def test_a_mean_taken_for_a_sum():
    def mean_forward(w):
        return (torch.tensor(X) @ w).mean()

    right = X.T @ np.full((5, 3), 1 / 15)
    assert check_backward(mean_forward, {"w": right}, {"w": W1})
    report = check_backward(mean_forward, {"w": right * 15}, {"w": W1})
    assert report.slips[0].node.name() == "MeanBackward0" and "a factor 15 too many" in report.slips[0].what
    assert report.wrong[0].hint == "every entry is 15 times the right one"
    assert "1/15 times" in check_backward(mean_forward, {"w": right / 15}, {"w": W1}).wrong[0].hint


def test_nonsense_is_not_explained():
    report = check(only_parameters({"w1": np.ones((2, 3)), "w2": np.ones((3, 1))}))
    assert not report and report.slips == [] and report.first is None
    assert "6 of 6 entries" in str(report) and "... and 2 more" in str(report)


def test_single_entries():
    gradients = by_hand()
    gradients["w1"] = gradients["w1"].copy()
    gradients["w1"][1, 2] += 0.5
    report = check(gradients)
    shown = str(report)
    assert report.wrong[0].wrong.sum() == 1 and "1 of 6 entries, by up to 0.5" in shown and "w1[1, 2]: given" in shown
    assert [each.name for each in report.faults] == ["w1"] and report.faults[0].steps == ["MmBackward0"]


def test_shapes():
    gradients = by_hand()
    gradients["w1"] = gradients["w1"].T
    report = check(gradients)
    assert report.wrong[0].hint == "it is transposed" and "its shape is (3, 2), it should be (2, 3)" in str(report)


def test_zero_and_fan_out():
    def f(x):
        return (x * x + x).sum()

    assert check_backward(f, {"x": [3.0, 5.0]}, {"x": [1.0, 2.0]})
    report = check_backward(f, {"x": [0.0, 0.0]}, {"x": [1.0, 2.0]})
    assert report.wrong[0].hint == "it is zero"
    assert sorted(report.wrong[0].steps) == ["AddBackward0", "MulBackward0", "MulBackward0"]


def test_what_does_not_reach_the_loss():
    def f(x, unused):
        return (x * 2).sum()

    assert check_backward(f, {"x": [2.0], "unused": [0.0]}, {"x": [1.0], "unused": [1.0]})
    report = check_backward(f, {"x": [2.0], "unused": [1.0]}, {"x": [1.0], "unused": [1.0]})
    assert "no operation: it does not reach the loss" in str(report)


def test_tolerance():
    gradients = by_hand()
    gradients["w2"] = gradients["w2"] * (1 + 1e-4)
    assert not check(gradients) and check(gradients, rtol=1e-3)


def test_several_outputs_and_tensors_as_input():
    def f(x):
        a, b = x.split(1)
        return (a * b).sum()

    assert check_backward(f, {"x": torch.tensor([3.0, 2.0])}, {"x": torch.tensor([2.0, 3.0])})
    assert not check_backward(f, {"x": torch.tensor([2.0, 3.0])}, {"x": torch.tensor([2.0, 3.0])})


def test_misuse():
    with pytest.raises(ValueError, match="no gradient was given for w2"):
        check({"w1": W1})
    with pytest.raises(ValueError, match="gradients were given for z9, which"):
        check({**by_hand(), "z9": W1})
    with pytest.raises(ValueError, match=r"a tensor of shape \(2,\)"):
        check_backward(lambda x: x, {"x": [1.0, 1.0]}, {"x": [1.0, 1.0]})
    with pytest.raises(ValueError, match="float"):
        check_backward(lambda x: 1.0, {"x": [1.0, 1.0]}, {"x": [1.0, 1.0]})
    with pytest.raises(ValueError, match="does not depend on the parameters"):
        check_backward(lambda x: torch.tensor(1.0), {"x": [1.0, 1.0]}, {"x": [1.0, 1.0]})


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 8), st.floats(0.5, 2).filter(lambda f: abs(f - 1) > 1e-3))
def test_any_wrong_entry_is_found(place, factor):
    gradients = by_hand()
    name, index = ("w1", place) if place < 6 else ("w2", place - 6)
    changed = gradients[name].copy()
    changed.flat[index] *= factor
    gradients[name] = changed
    report = check(gradients)
    assert [each.name for each in report.wrong] == [name] == [each.name for each in report.faults]
    assert np.flatnonzero(report.wrong[0].wrong).tolist() == [index]
