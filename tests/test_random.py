"""torch's random functions and methods: values, state, arguments, errors, histories."""

import copy
import math
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from random_cases import ERRORS, WEIGHTS

import tinygrad_edu as torch
from tinygrad_edu.utils.data import DataLoader, TensorDataset, random_split

VECTORS = np.load(Path(__file__).parent / "data" / "torch_2_13_random_vectors.npz")


# -- numbers that PyTorch 2.13 drew ------------------------------------------------------------------------------------


def kaiming_uniform(shape, a):
    """torch.nn.init.kaiming_uniform_ in the order of its Python floats."""
    fan_in = math.prod(shape[1:])
    bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + a**2)) / math.sqrt(fan_in))
    return torch.empty(shape).uniform_(-bound, bound)


def after(first, second):
    """What the second call draws after the first."""
    first()
    return second()


def loader_epochs():
    loader = DataLoader(TensorDataset(torch.arange(10)), shuffle=True)
    return torch.cat([batch[0] for _ in range(3) for batch in loader])


def orthogonal():
    q, r = np.linalg.qr(torch.randn(3, 3).numpy())
    return torch.from_numpy(q * np.sign(np.diag(r)))


DRAWS = {
    "rand(6) @ seed 0": lambda: torch.rand(6),
    "rand(6,f64) @ seed 0": lambda: torch.rand(6, dtype=torch.float64),
    "randn(3) @ seed 0": lambda: torch.randn(3),
    "randn(3,5) @ seed 777": lambda: torch.randn(3, 5),
    "randn(16) @ seed 0": lambda: torch.randn(16),
    "randn(20) @ seed 0": lambda: torch.randn(20),
    "randn(16,f64) @ seed 0": lambda: torch.randn(16, dtype=torch.float64),
    "randn(5,f64) @ seed 0": lambda: torch.randn(5, dtype=torch.float64),
    "randn(3);randn(4)[cached] @ seed 1": lambda: after(lambda: torch.randn(3), lambda: torch.randn(4)),
    "uniform_(-2,3) @ seed 5": lambda: torch.empty(6).uniform_(-2, 3),
    "normal_(1,.02) n=20 @ seed 5": lambda: torch.empty(20).normal_(1, 0.02),
    "randint(5,(3,)) @ seed 0": lambda: torch.randint(5, (3,)),
    "randint(10,(6,)) @ seed 777": lambda: torch.randint(10, (6,)),
    "randint(-5,2**28) @ seed 0": lambda: torch.randint(-5, 2**28, (3,)),
    "randint(2**40) @ seed 0": lambda: torch.randint(2**40, (3,)),
    "random_() i64 @ seed 0": lambda: torch.empty(3, dtype=torch.int64).random_(),
    "randperm(10) @ seed 0": lambda: torch.randperm(10),
    "randperm(60000) @ seed 1": lambda: torch.randperm(60000),
    "bernoulli_(.5) @ seed 0": lambda: torch.empty(10).bernoulli_(0.5),
    "bernoulli(full(.5)) @ seed 0": lambda: torch.bernoulli(torch.full((10,), 0.5)),
    "dropout(ones(10),.3) @ seed 0": lambda: torch.dropout(torch.ones(10), 0.3, True),
    "exponential_ @ seed 0": lambda: torch.empty(4).exponential_(),
    "multinomial([1..5],3) @ seed 0": lambda: torch.multinomial(WEIGHTS, 3),
    "multinomial repl 8 @ seed 0": lambda: torch.multinomial(WEIGHTS, 8, replacement=True),
    "Linear(4,3).weight @ seed 1": lambda: kaiming_uniform((3, 4), math.sqrt(5)),
    "Linear(4,3).bias @ seed 1": lambda: after(
        lambda: kaiming_uniform((3, 4), math.sqrt(5)),
        lambda: torch.empty(3).uniform_(-1 / math.sqrt(4), 1 / math.sqrt(4)),
    ),
    "Conv2d(1,2,3).weight @ seed 1": lambda: kaiming_uniform((2, 1, 3, 3), math.sqrt(5)),
    "Embedding(4,3).weight @ seed 1": lambda: torch.empty(4, 3).normal_(),
    "LSTM(2,3).weight_ih @ seed 1": lambda: torch.empty(12, 2).uniform_(-1 / math.sqrt(3), 1 / math.sqrt(3)),
    "xavier_normal_(4,5) @ seed 1": lambda: torch.empty(4, 5).normal_(0, math.sqrt(2.0 / (4 + 5))),
    "kaiming_uniform_ relu(4,5) @ seed 1": lambda: kaiming_uniform((4, 5), 0),
    "trunc_normal_(20) @ seed 1": lambda: torch.empty(20).normal_(0, 0.02),
    "orthogonal_(3,3) ~ @ seed 1": orthogonal,
    "DataLoader(10,shuffle) 3 epochs @ seed 1": loader_epochs,
    "random_split(10,[7,3]) @ seed 1": lambda: torch.tensor(
        [i for part in random_split(range(10), [7, 3]) for i in part.indices]
    ),
}


def test_every_vector_has_its_draw():
    assert set(DRAWS) == set(VECTORS.files)


@pytest.mark.parametrize("name", DRAWS)
def test_vector(name):
    torch.manual_seed(int(name.rpartition("seed ")[2]))
    actual, expected = DRAWS[name]().numpy().ravel(), VECTORS[name]
    if "~" in name:  # a QR decomposition after the draw
        np.testing.assert_allclose(actual, expected, rtol=0, atol=5e-7)
    else:
        assert actual.dtype == expected.dtype
        assert actual.tobytes() == expected.tobytes()


def test_the_course_note():
    torch.manual_seed(777)
    assert repr(torch.randn(3, 5, requires_grad=True)) == (
        "tensor([[-0.4015, -0.5934,  1.6885,  0.5554, -0.9433],\n"
        "        [-0.6758,  1.4425, -1.4711, -1.3173,  2.3271],\n"
        "        [ 0.0894,  0.6558, -0.5836, -0.1074,  0.0367]], requires_grad=True)"
    )
    assert repr(torch.randint(5, (3,)).long()) == "tensor([3, 0, 0])"


# -- generators and state ----------------------------------------------------------------------------------------------


def test_import_leaves_numpy_random_alone():
    code = "import sys, tinygrad_edu.random; sys.exit('numpy.random' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_default_generator():
    assert torch.random.default_generator is torch.default_generator
    assert torch.manual_seed(3) is torch.default_generator
    assert torch.initial_seed() == torch.random.initial_seed() == 3
    assert torch.default_generator.device == torch.device("cpu")
    assert torch.manual_seed("5").initial_seed() == 5
    assert torch.manual_seed(5.7).initial_seed() == 5
    assert torch.manual_seed(torch.tensor(-1)).initial_seed() == 2**64 - 1
    assert torch.seed() == torch.initial_seed()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seed_out_of_range(seed):
    with pytest.raises(ValueError, match=r"^Overflow when unpacking long long$"):
        torch.manual_seed(seed)


def test_generator():
    g = torch.Generator()
    assert g.initial_seed() == 67280421310721
    assert g.manual_seed(4) is g
    assert g.get_state().dtype == torch.uint8
    assert g.get_state().shape == (5056,)
    assert torch.Generator("cpu").device == g.device == torch.device("cpu")
    for other in (copy.copy(g), copy.deepcopy(g), pickle.loads(pickle.dumps(g)), g.clone_state()):
        assert other is not g
        assert other.initial_seed() == 4
        assert other.get_state().equal(g.get_state())
        torch.rand(3, generator=other)
        assert not other.get_state().equal(g.get_state())
    with pytest.raises(RuntimeError, match=r"^CPU Generator does not use offset$"):
        g.get_offset()
    with pytest.raises(RuntimeError, match=r"^manual_seed expected a long, but got str$"):
        g.manual_seed("5")
    with pytest.raises(TypeError, match=r"^expected a torch.ByteTensor, but got int$"):
        g.set_state(5)
    with pytest.raises(TypeError, match=r"^RNG state must be a torch.ByteTensor$"):
        g.set_state(torch.zeros(5056))


def test_state_is_a_snapshot():
    torch.manual_seed(1)
    torch.randn(3)
    state = torch.get_rng_state()
    first = torch.randn(5)
    torch.set_rng_state(state)
    assert torch.randn(5).equal(first)


def test_fork_rng():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        torch.rand(5)
    assert torch.get_rng_state().equal(before)
    with pytest.raises(ZeroDivisionError), torch.random.fork_rng():
        torch.rand(5)
        raise ZeroDivisionError
    assert torch.get_rng_state().equal(before)
    with torch.random.fork_rng(enabled=False):
        torch.rand(5)
    assert not torch.get_rng_state().equal(before)


CALLS = {
    "rand": lambda **g: torch.rand(2, 3, **g),
    "randn": lambda **g: torch.randn(2, 3, **g),
    "randint": lambda **g: torch.randint(7, (2, 3), **g),
    "randperm": lambda **g: torch.randperm(7, **g),
    "normal": lambda **g: torch.normal(0.0, 2.0, (3,), **g),
    "normal tensors": lambda **g: torch.normal(torch.zeros(3), torch.ones(3), **g),
    "bernoulli": lambda **g: torch.bernoulli(torch.full((9,), 0.5), **g),
    "bernoulli p": lambda **g: torch.zeros(9).bernoulli(0.5, **g),
    "multinomial": lambda **g: torch.ones(9).multinomial(4, **g),
    "rand_like": lambda **g: torch.rand_like(torch.zeros(3), **g),
    "randn_like": lambda **g: torch.randn_like(torch.zeros(3), **g),
    "randint_like": lambda **g: torch.randint_like(torch.zeros(3), 9, **g),
    "uniform_": lambda **g: torch.zeros(3).uniform_(**g),
    "normal_": lambda **g: torch.zeros(3).normal_(**g),
    "random_": lambda **g: torch.zeros(3).random_(**g),
    "bernoulli_": lambda **g: torch.zeros(9).bernoulli_(**g),
    "exponential_": lambda **g: torch.zeros(3).exponential_(**g),
    "geometric_": lambda **g: torch.zeros(9).geometric_(0.2, **g),
    "cauchy_": lambda **g: torch.zeros(3).cauchy_(**g),
    "log_normal_": lambda **g: torch.zeros(3).log_normal_(**g),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_generator_argument(call):
    torch.manual_seed(6)
    expected = call()
    state = torch.get_rng_state()
    actual = call(generator=torch.Generator().manual_seed(6))
    assert actual.equal(expected)
    assert torch.get_rng_state().equal(state)
    with pytest.raises(TypeError):
        call(generator=3)
    assert torch.get_rng_state().equal(state)


def test_threads_share_a_generator_without_losing_draws():
    g = torch.Generator().manual_seed(8)
    drawn = []

    def work():
        drawn.extend([tuple(torch.rand(7, generator=g).tolist()) for _ in range(50)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    g.manual_seed(8)
    assert sorted(drawn) == sorted(tuple(torch.rand(7, generator=g).tolist()) for _ in range(200))


# -- arguments ---------------------------------------------------------------------------------------------------------


def test_sizes_and_dtypes():
    assert (
        torch.rand(2, 3).shape == torch.rand((2, 3)).shape == torch.rand([2, 3]).shape == torch.rand(size=(2, 3)).shape
    )
    assert torch.rand(()).shape == ()
    assert torch.randn(torch.Size([2])).shape == torch.randn(torch.tensor(2)).shape == (2,)
    assert torch.rand(2).dtype == torch.float32
    assert torch.rand(2, dtype=torch.float64).dtype == torch.float64
    assert torch.randint(3, (2,)).dtype == torch.randperm(3).dtype == torch.int64
    assert torch.randint(3, (2,), dtype=torch.float32).dtype == torch.float32
    assert torch.randperm(3, dtype=torch.int32).dtype == torch.int32
    assert torch.randn(2, dtype=torch.complex64).dtype == torch.complex64
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.rand(2).dtype == torch.randn(2).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_requires_grad():
    for made in (torch.rand(2, requires_grad=True), torch.randn_like(torch.zeros(3), requires_grad=True)):
        assert made.requires_grad
        assert made.is_leaf
    with pytest.raises(RuntimeError, match=r"^Only Tensors of floating point and complex dtype can require gradients$"):
        torch.randint(3, (2,), requires_grad=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.randint(2, 9, (5,)),
        lambda: torch.randint(2, 9, [5]),
        lambda: torch.randint(2, 9, size=(5,)),
        lambda: torch.randint(2, high=9, size=(5,)),
        lambda: torch.randint(low=2, high=9, size=(5,)),
        lambda: torch.randint(torch.tensor(2), np.int64(9), torch.Size([5])),
        lambda: torch.randint_like(torch.zeros(5, dtype=torch.int64), 2, 9),
        lambda: torch.randint_like(torch.zeros(5), low=2, high=9, dtype=torch.int64),
        lambda: torch.empty(5, dtype=torch.int64).random_(2, 9),
        lambda: torch.empty(5, dtype=torch.int64).random_(2, to=9),
        lambda: torch.empty(5, dtype=torch.int64).random_(**{"from": 2, "to": 9}),
    ],
)
def test_forms_of_randint(call):
    torch.manual_seed(3)
    assert call().tolist() == [7, 5, 5, 6, 2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.randint(9, (4,)),
        lambda: torch.randint(9, size=(4,)),
        lambda: torch.randint(high=9, size=(4,)),
        lambda: torch.empty(4, dtype=torch.int64).random_(9),
        lambda: torch.empty(4, dtype=torch.int64).random_(to=9),
    ],
)
def test_forms_without_low(call):
    torch.manual_seed(3)
    assert call().equal(torch.randint(0, 9, (4,), generator=torch.Generator().manual_seed(3)))


def test_out():
    torch.manual_seed(0)
    expected = torch.rand(3)
    out = torch.empty(6)
    every_other = out[::2]
    torch.manual_seed(0)
    assert torch.rand(3, out=every_other) is every_other
    assert out[::2].equal(expected)
    assert out._version == 1
    assert torch.randint(3, (4,), out=torch.empty(2, dtype=torch.int32)).dtype == torch.int32
    assert sorted(torch.randperm(4, out=torch.empty(0)).tolist()) == [0, 1, 2, 3]
    assert torch.bernoulli(torch.ones(2), out=torch.empty(2, dtype=torch.int64)).tolist() == [1, 1]
    assert torch.normal(torch.tensor([1.0, 2.0]), 0.0, out=torch.empty(2)).tolist() == [1, 2]
    assert torch.multinomial(torch.tensor([0.0, 1.0]), 1, out=torch.empty(1, dtype=torch.int64)).tolist() == [1]


def test_like_keeps_the_order_of_memory():
    source = torch.zeros(2, 3).t()
    made = torch.rand_like(source, generator=torch.Generator().manual_seed(1))
    assert made.stride() == (1, 3)
    assert made.t().equal(torch.rand(2, 3, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_error(call, error, message):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize(
    ("call", "received"),
    [
        (lambda: torch.rand(), "rand() received an invalid combination of arguments - got ()"),
        (
            lambda: torch.rand(2, generator=3),
            "rand() received an invalid combination of arguments - got (int, generator=int)",
        ),
        (lambda: torch.rand((2,), 3), "rand() received an invalid combination of arguments - got (tuple, int)"),
        (lambda: torch.randint(5), "randint() received an invalid combination of arguments - got (int)"),
        (
            lambda: torch.randint(0, 5.5, (3,)),
            "randint() received an invalid combination of arguments - got (int, float, tuple)",
        ),
        (
            lambda: torch.randint(0, 5, 7),
            "randint() received an invalid combination of arguments - got (int, int, int)",
        ),
        (lambda: torch.normal(0.0, 1.0), "normal() received an invalid combination of arguments - got (float, float)"),
        (lambda: torch.normal(0, 1, 3), "normal() received an invalid combination of arguments - got (int, int, int)"),
        (lambda: torch.zeros(3).random_("a"), "random_() received an invalid combination of arguments - got (str)"),
        (
            lambda: torch.zeros(3).random_(**{"from": 1}),
            "random_() received an invalid combination of arguments - got (from=int, )",
        ),
        (
            lambda: torch.zeros(3).bernoulli_("a"),
            "bernoulli_() received an invalid combination of arguments - got (str)",
        ),
    ],
)
def test_no_such_overload(call, received):
    with pytest.raises(TypeError) as raised:
        call()
    assert str(raised.value).startswith(received + ", but expected one of:\n * (")
