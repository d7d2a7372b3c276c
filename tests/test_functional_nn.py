"""nn.functional against PyTorch: written-down outcomes, and live values and derivatives over random options."""

import json

import functional_cases
import numpy as np
import pytest
from tinygrad_edu.nn import functional as F

import tinygrad_edu as torch

RECORDED = json.loads(functional_cases.RECORDED.read_text())


def test_every_case_is_recorded():
    assert list(RECORDED) == functional_cases.CASES


@pytest.mark.parametrize("case", functional_cases.CASES)
def test_outcome(case):
    assert functional_cases.outcome(torch, F, case) == RECORDED[case]


@pytest.mark.oracle
@pytest.mark.parametrize("case", functional_cases.CASES)
def test_recorded_outcomes_are_those_of_torch(case):
    real = pytest.importorskip("torch")
    assert functional_cases.outcome(real, real.nn.functional, case) == RECORDED[case]


# -- what is written down nowhere else ---------------------------------------------------------------------------------


def test_functions_that_change_nothing_return_their_input():
    x = torch.ones(3, requires_grad=True)
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x
    assert torch.dropout(x, 0.5, False) is x


@pytest.mark.parametrize(
    "call", [lambda x: F.dropout(x, 0.0), lambda x: F.dropout(x, 1.0), lambda x: F.dropout(x, 0.5, False)]
)
def test_dropout_that_draws_nothing(call):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    call(torch.ones(20))
    assert torch.get_rng_state().equal(before)


def test_dropout_scales_what_it_keeps():
    torch.manual_seed(0)
    x = torch.ones(1000, requires_grad=True)
    out = F.dropout(x, 0.3)
    assert sorted(set(out.tolist())) == [0.0, float(np.float32(1) / np.float32(0.7))]
    out.sum().backward()
    assert x.grad.equal(out.detach())


def test_in_place_activations_write_into_their_input():
    for function in (F.relu, F.leaky_relu, F.elu, F.selu, F.hardtanh, F.relu6, F.silu):
        x = torch.tensor([-1.0, 2.0])
        expected = function(x)
        assert function(x, inplace=True) is x
        assert x.equal(expected)


def test_cross_entropy_of_the_course_note():
    torch.manual_seed(777)
    logits = torch.randn(3, 5, requires_grad=True)
    target = torch.randint(5, (3,))
    loss = F.cross_entropy(logits, target)
    assert repr(loss) == "tensor(2.2163, grad_fn=<NllLossBackward0>)"
    loss.backward()
    one_hot = torch.zeros(3, 5).scatter(1, target.unsqueeze(1), 1)
    expected = (F.softmax(logits, 1) - one_hot) / 3
    np.testing.assert_allclose(logits.grad.numpy(), expected.detach().numpy(), rtol=0, atol=2e-8)


def test_targets_far_outside_do_not_wrap_around():
    x = torch.zeros(2, 3)
    for bad in (3, -1, -3, -4, 2**40, -(2**62)):
        with pytest.raises(IndexError, match=rf"^Target {bad} is out of bounds\.$"):
            F.cross_entropy(x, torch.tensor([0, bad]))


def test_what_a_loss_does_to_its_target_is_nothing():
    target = torch.tensor([0, -100, 1])
    x = torch.zeros(3, 2, requires_grad=True)
    F.cross_entropy(x, target).backward()
    assert target.tolist() == [0, -100, 1]
    assert x.grad.tolist() == [[-0.25, 0.25], [0, 0], [0.25, -0.25]]


def test_a_target_changed_before_the_backward_pass_does_not_matter():
    target = torch.tensor([0, 1])
    x = torch.zeros(2, 2, requires_grad=True)
    loss = F.cross_entropy(x, target)
    target.zero_()
    loss.backward()
    assert x.grad.tolist() == [[-0.25, 0.25], [0.25, -0.25]]


def test_batch_norm_result_may_be_written_to():
    x = torch.randn(4, 3, requires_grad=True)
    F.batch_norm(x, None, None, training=True).relu_().sum().backward()
    expected = x.grad.clone()
    x.grad = None
    F.batch_norm(x, None, None, training=True).relu().sum().backward()
    assert x.grad.equal(expected)


def test_running_statistics():
    mean, var = torch.zeros(2), torch.ones(2)
    x = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    F.batch_norm(x, mean, var, training=True, momentum=0.25)
    assert mean.tolist() == [0.5, 1.0]
    assert var.tolist() == [1.25, 2.75]  # 0.75 + 0.25 * 2, 0.75 + 0.25 * 8
    F.batch_norm(x, mean, var)
    assert mean.tolist() == [0.5, 1.0]


# -- derivatives against finite differences, without PyTorch -----------------------------------------------------------


def slopes(function, x, step=1e-6):
    """Central differences of a scalar function of an array."""
    result = np.empty_like(x)
    for index in np.ndindex(x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * step
            ends.append(function(torch.from_numpy(moved)).item())
        result[index] = (ends[0] - ends[1]) / (2 * step)
    return result


TARGET = torch.tensor([2, 0, 1, 2])
SCALARS = {
    "cross_entropy": lambda x: F.cross_entropy(x, TARGET),
    "cross_entropy, all options": lambda x: F.cross_entropy(
        x, TARGET, torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64), ignore_index=1, label_smoothing=0.1
    ),
    "softmax": lambda x: (F.softmax(x, 1) ** 2).sum(),
    "log_softmax": lambda x: (F.log_softmax(x, 0) ** 2).sum(),
    "logsigmoid": lambda x: F.logsigmoid(x).sum(),
    "mse_loss": lambda x: F.mse_loss(x, x * x),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(torch.sigmoid(x), torch.sigmoid(2 * x)),
    "with logits": lambda x: F.binary_cross_entropy_with_logits(
        x, torch.sigmoid(2 * x), pos_weight=torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    ),
    "batch_norm": lambda x: (F.batch_norm(x, None, None, x[0] + 2, x[1], training=True) ** 3).sum(),
    "batch_norm, evaluation": lambda x: (F.batch_norm(x, *STATISTICS, x[0] + 2, x[1]) ** 3).sum(),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, 2 * x + 0.25, beta=0.7),
    "huber_loss": lambda x: F.huber_loss(x, 2 * x + 0.25, delta=0.7),
    "leaky_relu": lambda x: (F.leaky_relu(x) ** 2).sum(),
    "elu": lambda x: (F.elu(x, 1.5) ** 2).sum(),
    "gelu": lambda x: F.gelu(x).sum(),
    "gelu, tanh": lambda x: F.gelu(x, approximate="tanh").sum(),
    "softplus": lambda x: F.softplus(x, 2.0).sum(),
    "silu": lambda x: F.silu(x).sum(),
    "normalize": lambda x: (F.normalize(x, dim=0) ** 3).sum(),
}
STATISTICS = torch.tensor([0.5, 1, -1], dtype=torch.float64), torch.tensor([0.5, 1, 2], dtype=torch.float64)
POINT = np.array([[0.6, -1.3, 2.1], [0.4, 0.9, -0.7], [-1.9, 0.2, 1.1], [1.4, -0.3, 0.8]])


@pytest.mark.parametrize("name", SCALARS)
def test_first_and_second_derivative(name):
    function = SCALARS[name]
    x = torch.from_numpy(POINT.copy()).requires_grad_()
    (plain,) = torch.autograd.grad(function(x), x)
    np.testing.assert_allclose(plain.numpy(), slopes(function, POINT), rtol=1e-6, atol=1e-8)
    (recorded,) = torch.autograd.grad(function(x), x, create_graph=True)
    np.testing.assert_allclose(recorded.detach().numpy(), plain.numpy(), rtol=1e-12, atol=1e-14)
    direction = torch.from_numpy(np.sin(np.arange(12.0)).reshape(4, 3))

    def first(y):
        y.requires_grad_()
        return (torch.autograd.grad(function(y), y)[0] * direction).sum()

    (second,) = torch.autograd.grad((recorded * direction).sum(), x)
    np.testing.assert_allclose(second.numpy(), slopes(first, POINT), rtol=1e-5, atol=1e-7)


# -- against PyTorch, live ---------------------------------------------------------------------------------------------


def compare(real, build, inputs, tolerance=2e-5):
    """Values, gradients and second derivatives of ``build(torch, F, *inputs)`` in PyTorch and here."""
    found = []
    for module, functional in ((real, real.nn.functional), (torch, F)):
        tensors = [module.from_numpy(each.copy()) for each in inputs]
        for each in tensors:
            each.requires_grad_(each.is_floating_point())
        leaves = [each for each in tensors if each.requires_grad]
        out = build(module, functional, *tensors)
        seed = module.from_numpy(np.cos(np.arange(out.numel())).reshape(tuple(out.shape)))
        grads = module.autograd.grad((out * seed).sum(), leaves, create_graph=True)
        # Where a first derivative is constant, ours may have no graph and PyTorch's second derivative is zero.
        curved = sum((each * each).sum() for each in grads if each.requires_grad)
        seconds = [None] * len(leaves)
        if not isinstance(curved, int):
            seconds = module.autograd.grad(curved, leaves, allow_unused=True)
        found.append((out, *grads, *seconds))
    for theirs, ours in zip(*found, strict=True):
        given = [None if each is None else each.numpy(force=True) for each in (theirs, ours)]
        if None in (theirs, ours):
            assert all(each is None or not each.any() for each in given)
            continue
        expected, actual = given
        assert actual.dtype == expected.dtype
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def floats(shape, low=-3.0, high=3.0, seed=0, dtype="float64"):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def options():
    from hypothesis import strategies as st

    reduction = st.sampled_from(["mean", "sum", "none"])
    seed = st.integers(0, 1000)
    dtype = st.sampled_from(["float64", "float64", "float32"])
    return st, reduction, seed, dtype


@pytest.mark.oracle
def test_cross_entropy_and_nll_over_options():
    real = pytest.importorskip("torch")
    from hypothesis import given, settings

    st, reduction, seed, dtype = options()

    @settings(max_examples=120, deadline=None)
    @given(
        st.integers(0, 4), st.integers(1, 4), st.lists(st.integers(1, 3), max_size=3), reduction, seed, dtype,
        st.booleans(), st.sampled_from([0.0, 0.0, 0.3, 1.0]), st.sampled_from([-100, 0, 1]), st.booleans(), st.booleans(),
    )  # fmt: skip
    def check(n, classes, places, reduction, seed, dtype, weighted, smoothing, ignore_index, ignore, log):
        x = floats((n, classes, *places), seed=seed, dtype=dtype)
        rng = np.random.default_rng(seed)
        target = rng.integers(0, classes, (n, *places))
        if ignore:
            target = np.where(rng.uniform(size=target.shape) < 0.3, ignore_index, target)
        if target.shape == x.shape:
            return
        weight = rng.uniform(0.1, 2, classes).astype(dtype) if weighted else None

        def build(module, functional, x, target):
            w = None if weight is None else module.from_numpy(weight)
            if log:
                return functional.nll_loss(x, target, w, ignore_index=ignore_index, reduction=reduction)
            return functional.cross_entropy(
                x, target, w, ignore_index=ignore_index, reduction=reduction, label_smoothing=smoothing
            )

        compare(real, build, [x, target])

    check()


@pytest.mark.oracle
def test_probability_targets_over_options():
    real = pytest.importorskip("torch")
    from hypothesis import given, settings

    st, reduction, seed, dtype = options()

    @settings(max_examples=50, deadline=None)
    @given(
        st.lists(st.integers(1, 3), min_size=1, max_size=4),
        reduction,
        seed,
        dtype,
        st.booleans(),
        st.sampled_from([0.0, 0.2]),
    )
    def check(shape, reduction, seed, dtype, weighted, smoothing):
        x, target = floats(shape, seed=seed, dtype=dtype), floats(shape, 0, 1, seed + 1, dtype)
        weight = floats(shape[1] if len(shape) > 1 else shape[0], 0.1, 2, seed, dtype)

        def build(module, functional, x, target):
            w = module.from_numpy(weight) if weighted else None
            return functional.cross_entropy(x, target, w, reduction=reduction, label_smoothing=smoothing)

        compare(real, build, [x, target])

    check()


PAIRS = {
    "mse_loss": (lambda F, x, y, **o: F.mse_loss(x, y, **o), -3, 3),
    "mse_loss, weight": (lambda F, x, y, **o: F.mse_loss(x, y, weight=y.detach().abs(), **o), -3, 3),
    "l1_loss": (lambda F, x, y, **o: F.l1_loss(x, y, **o), -3, 3),
    "smooth_l1_loss": (lambda F, x, y, **o: F.smooth_l1_loss(x, y, beta=1.5, **o), -3, 3),
    "huber_loss": (lambda F, x, y, **o: F.huber_loss(x, y, delta=1.5, **o), -3, 3),
    "binary_cross_entropy": (lambda F, x, y, **o: F.binary_cross_entropy(x, y, **o), 0.05, 0.95),
    "binary_cross_entropy, weight": (lambda F, x, y, **o: F.binary_cross_entropy(x, y, y.detach()[:1], **o), 0.05, 0.95),
    "with logits": (lambda F, x, y, **o: F.binary_cross_entropy_with_logits(x, y, **o), -3, 3),
    "with logits, weights": (
        lambda F, x, y, **o: F.binary_cross_entropy_with_logits(x, y, y.detach()[:1], pos_weight=x.detach()[0], **o), -3, 3,
    ),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_losses_of_two_tensors(name, reduction, dtype):
    real = pytest.importorskip("torch")
    function, low, high = PAIRS[name]
    inputs = [floats((3, 4), low, high, 1, dtype), floats((3, 4), low, high, 2, dtype)]
    compare(real, lambda module, functional, x, y: function(functional, x, y, reduction=reduction), inputs, 1e-4)


@pytest.mark.oracle
def test_batch_norm_over_options():
    real = pytest.importorskip("torch")
    from hypothesis import given, settings

    st, _, seed, dtype = options()

    @settings(max_examples=80, deadline=None)
    @given(
        st.integers(2, 5), st.integers(1, 4), st.lists(st.integers(1, 3), max_size=2), seed, dtype,
        *[st.booleans()] * 4, st.floats(0, 1), st.sampled_from([1e-5, 0.1]),
    )  # fmt: skip
    def check(n, channels, places, seed, dtype, weighted, biased, training, running, momentum, eps):
        x = floats((n, channels, *places), seed=seed, dtype=dtype)
        weight, bias = floats(channels, 0.5, 2, seed + 1, dtype), floats(channels, seed=seed + 2, dtype=dtype)
        mean, var = floats(channels, seed=seed + 3, dtype=dtype), floats(channels, 0.5, 2, seed + 4, dtype)
        weighted |= biased or not training  # PyTorch cannot differentiate the other cases twice
        kept = []

        def build(module, functional, x, weight, bias):
            statistics = (
                [module.from_numpy(each.copy()) for each in (mean, var)] if running or not training else [None, None]
            )
            kept.append(statistics)
            used = functional.batch_norm(
                x, *statistics, weight if weighted else None, bias if biased else None, training, momentum, eps
            )
            return used + 0 * (weight.sum() + bias.sum())

        # Two rows without spread have slopes of 1 / sqrt(eps): rounding is amplified.
        compare(real, build, [x, weight, bias], 1e-9 if dtype == "float64" else 5e-2)
        for theirs, ours in zip(*kept, strict=True):
            if theirs is not None:
                np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)

    check()


UNARY = {
    "relu": lambda F, x: F.relu(x),
    "sigmoid": lambda F, x: F.sigmoid(x),
    "tanh": lambda F, x: F.tanh(x),
    "softmax": lambda F, x: F.softmax(x, 1),
    "log_softmax": lambda F, x: F.log_softmax(x, 0),
    "softmin": lambda F, x: F.softmin(x, -1),
    "logsigmoid": lambda F, x: F.logsigmoid(x),
    "dropout": lambda F, x: F.dropout(x, 0.0),
    "leaky_relu": lambda F, x: F.leaky_relu(x, 0.3),
    "elu": lambda F, x: F.elu(x, 0.7),
    "selu": lambda F, x: F.selu(x),
    "gelu": lambda F, x: F.gelu(x),
    "gelu, tanh": lambda F, x: F.gelu(x, approximate="tanh"),
    "softplus": lambda F, x: F.softplus(x, 3, 2),
    "hardtanh": lambda F, x: F.hardtanh(x, -0.4, 1.2),
    "relu6": lambda F, x: F.relu6(x * 4),
    "silu": lambda F, x: F.silu(x),
    "normalize": lambda F, x: F.normalize(x),
    "normalize, 3": lambda F, x: F.normalize(x, 3.0, 0),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_of_one_tensor(name, dtype):
    real = pytest.importorskip("torch")
    inputs = [floats((3, 4), seed=5, dtype=dtype)]
    compare(
        real, lambda module, functional, x: UNARY[name](functional, x), inputs, 1e-4 if dtype == "float32" else 1e-9
    )


@pytest.mark.oracle
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("inplace", [False, True])
def test_dropout_draws_as_torch(p, inplace):
    real = pytest.importorskip("torch")
    found = []
    for module, functional in ((real, real.nn.functional), (torch, F)):
        module.manual_seed(11)
        x = module.ones(5, 7).t()
        found.append((functional.dropout(x, p, True, inplace).tolist(), module.get_rng_state().tolist()))
    assert found[0] == found[1]


def test_bilinear_is_a_product_of_three():
    x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0, 5.0]])
    weight = torch.arange(12.0).reshape(2, 2, 3).requires_grad_()
    result = F.bilinear(x, y, weight, torch.tensor([1.0, -1.0]))
    expected = [sum(x[0, i] * weight[o, i, j] * y[0, j] for i in range(2) for j in range(3)).item() for o in range(2)]
    assert result.tolist() == [[expected[0] + 1, expected[1] - 1]]
    result.sum().backward()
    assert weight.grad[1].tolist() == [[3, 4, 5], [6, 8, 10]]
    with pytest.raises(RuntimeError, match=r"bilinear\(\): input2 size does not match weight size: got 2 but expected 3"):
        F.bilinear(x, x, weight)
