"""PyTorch's CPU random stream: values, state, errors, fill order, threads."""

import copy
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from rng_cases import empty, same_bits

from tinygrad_edu.rng import DEFAULT_SEED, Engine

VECTORS = np.load(Path(__file__).parent / "data" / "torch_2_13_random_vectors.npz")


# -- numbers that PyTorch 2.13 drew ------------------------------------------------------------------------------------


def kaiming_uniform(e, shape, a):
    """torch.nn.init.kaiming_uniform_ in the order of its Python floats."""
    fan_in = math.prod(shape[1:])
    bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + a**2)) / math.sqrt(fan_in))
    return e.uniform_(empty(*shape), -bound, bound)


def linear_bias(e):
    kaiming_uniform(e, (3, 4), math.sqrt(5))
    return e.uniform_(empty(3), -1 / math.sqrt(4), 1 / math.sqrt(4))


def second_normals(e):
    e.normal_(empty(3))
    return e.normal_(empty(4))


def orthogonal(e):
    q, r = np.linalg.qr(e.normal_(empty(3, 3)))
    return q * np.sign(np.diag(r))


def loader_epochs(e):
    epochs = []
    for _ in range(3):
        e.random_(np.empty((), np.int64))  # the base seed of the workers
        epochs.append(Engine(int(e.random_(np.empty((), np.int64)))).randperm(10))
    return np.concatenate(epochs)


ONE_TO_FIVE = np.arange(1, 6, dtype=np.float32)


DRAWS = {
    "rand(6) @ seed 0": lambda e: e.uniform_(empty(6)),
    "rand(6,f64) @ seed 0": lambda e: e.uniform_(empty(6, dtype="float64")),
    "randn(3) @ seed 0": lambda e: e.normal_(empty(3)),
    "randn(3,5) @ seed 777": lambda e: e.normal_(empty(3, 5)),
    "randn(16) @ seed 0": lambda e: e.normal_(empty(16)),
    "randn(20) @ seed 0": lambda e: e.normal_(empty(20)),
    "randn(16,f64) @ seed 0": lambda e: e.normal_(empty(16, dtype="float64")),
    "randn(5,f64) @ seed 0": lambda e: e.normal_(empty(5, dtype="float64")),
    "randn(3);randn(4)[cached] @ seed 1": second_normals,
    "uniform_(-2,3) @ seed 5": lambda e: e.uniform_(empty(6), -2, 3),
    "normal_(1,.02) n=20 @ seed 5": lambda e: e.normal_(empty(20), 1, 0.02),
    "randint(5,(3,)) @ seed 0": lambda e: e.random_(empty(3, dtype="int64"), 0, 5),
    "randint(10,(6,)) @ seed 777": lambda e: e.random_(empty(6, dtype="int64"), 0, 10),
    "randint(-5,2**28) @ seed 0": lambda e: e.random_(empty(3, dtype="int64"), -5, 2**28),
    "randint(2**40) @ seed 0": lambda e: e.random_(empty(3, dtype="int64"), 0, 2**40),
    "random_() i64 @ seed 0": lambda e: e.random_(empty(3, dtype="int64")),
    "randperm(10) @ seed 0": lambda e: e.randperm(10),
    "randperm(60000) @ seed 1": lambda e: e.randperm(60000),
    "bernoulli_(.5) @ seed 0": lambda e: e.bernoulli_(empty(10), 0.5),
    "bernoulli(full(.5)) @ seed 0": lambda e: e.bernoulli_(empty(10), np.full(10, 0.5, np.float32)),
    "dropout(ones(10),.3) @ seed 0": lambda e: e.dropout_mask(empty(10), 0.3),
    "exponential_ @ seed 0": lambda e: e.exponential_(empty(4)),
    "multinomial([1..5],3) @ seed 0": lambda e: e.multinomial(ONE_TO_FIVE, 3),
    "multinomial repl 8 @ seed 0": lambda e: e.multinomial(ONE_TO_FIVE, 8, replacement=True),
    "Linear(4,3).weight @ seed 1": lambda e: kaiming_uniform(e, (3, 4), math.sqrt(5)),
    "Linear(4,3).bias @ seed 1": linear_bias,
    "Conv2d(1,2,3).weight @ seed 1": lambda e: kaiming_uniform(e, (2, 1, 3, 3), math.sqrt(5)),
    "Embedding(4,3).weight @ seed 1": lambda e: e.normal_(empty(4, 3)),
    "LSTM(2,3).weight_ih @ seed 1": lambda e: e.uniform_(empty(12, 2), -1 / math.sqrt(3), 1 / math.sqrt(3)),
    "xavier_normal_(4,5) @ seed 1": lambda e: e.normal_(empty(4, 5), 0, math.sqrt(2.0 / (4 + 5))),
    "kaiming_uniform_ relu(4,5) @ seed 1": lambda e: kaiming_uniform(e, (4, 5), 0),
    "trunc_normal_(20) @ seed 1": lambda e: e.normal_(empty(20), 0, 0.02),
    "orthogonal_(3,3) ~ @ seed 1": orthogonal,
    "DataLoader(10,shuffle) 3 epochs @ seed 1": loader_epochs,
    "random_split(10,[7,3]) @ seed 1": lambda e: e.randperm(10),
}


def test_every_vector_has_its_draw():
    assert set(DRAWS) == set(VECTORS.files)


@pytest.mark.parametrize("name", DRAWS)
def test_vector(name):
    actual = DRAWS[name](Engine(int(name.rpartition("seed ")[2]))).ravel()
    if "~" in name:  # a QR decomposition after the draw
        np.testing.assert_allclose(actual, VECTORS[name], rtol=0, atol=5e-7)
    else:
        assert same_bits(actual, VECTORS[name])


# -- seeds and state ---------------------------------------------------------------------------------------------------


def test_seeds():
    e = Engine()
    assert e.initial_seed() == DEFAULT_SEED == 67280421310721
    assert e.manual_seed(-1) is e
    assert e.initial_seed() == 2**64 - 1
    assert e.manual_seed(-(2**63)).initial_seed() == 2**63
    assert e.manual_seed(np.int64(7)).initial_seed() == 7
    seeds = {e.seed() for _ in range(4)}
    assert len(seeds) == 4
    assert e.initial_seed() in seeds


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seed_out_of_range_changes_nothing(seed):
    e = Engine(3)
    with pytest.raises(ValueError, match=r"^Overflow when unpacking long long$"):
        e.manual_seed(seed)
    assert e.initial_seed() == 3


@pytest.mark.parametrize(("seed", "name"), [(1.5, "float"), ("7", "str"), (None, "NoneType"), (True, "bool")])
def test_seed_of_another_type(seed, name):
    with pytest.raises(RuntimeError, match=rf"^manual_seed expected a long, but got {name}$"):
        Engine().manual_seed(seed)


def test_seeding_restarts_the_stream_and_forgets_the_cached_normal():
    e = Engine(11)
    first = e.normal_(empty(3))
    assert same_bits(e.manual_seed(11).normal_(empty(3)), first)


def test_state_layout():
    e = Engine(5)
    state = e.get_state()
    assert state.dtype == np.uint8
    assert state.shape == (5056,)
    words = state[24:5016].view("<u8")
    assert state[:24].view("<u8").tolist() == [5, 1 | 1 << 32, 0]  # seed; left 1, seeded 1; next 0
    assert words[0] == 5
    e.uniform_(empty(10))
    assert e.get_state()[:24].view("<u8").tolist() == [5, 615 | 1 << 32, 10]
    e.uniform_(empty(614))
    assert e.get_state()[:24].view("<u8").tolist() == [5, 1 | 1 << 32, 624]
    assert not e.get_state()[5016:].any()
    e.normal_(empty(1))
    assert e.get_state()[5040] == 1
    assert e.get_state()[5024:5032].view("<f8")[0] != 0


RESTORERS = {
    "set_state": lambda e: Engine().set_state(e.get_state()),
    "clone_state": Engine.clone_state,
    "deepcopy": copy.deepcopy,
    "pickle": lambda e: pickle.loads(pickle.dumps(e)),
}


@pytest.mark.parametrize("restore", RESTORERS.values(), ids=RESTORERS)
@pytest.mark.parametrize("drawn", [0, 1, 3, 623, 624, 625])
def test_restored_engine_continues_alike_and_apart(restore, drawn):
    e = Engine(9)
    e.uniform_(empty(drawn))
    if drawn % 2:
        e.normal_(empty(1))
    other = restore(e)
    before = e.get_state()
    assert same_bits(other.get_state(), before)
    expected = other.normal_(empty(5))
    assert same_bits(e.get_state(), before)
    assert same_bits(e.normal_(empty(5)), expected)
    assert e.initial_seed() == other.initial_seed() == 9


def corrupted(offset, value, dtype):
    state = Engine(1).get_state()
    state[offset : offset + np.dtype(dtype).itemsize] = np.array([value], dtype).view(np.uint8)
    return state


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (5, TypeError, "expected a torch.ByteTensor, but got int"),
        (np.zeros(5056), TypeError, "RNG state must be a torch.ByteTensor"),
        (np.zeros(10112, np.uint8)[::2], RuntimeError, "RNG state must be contiguous"),
        (
            np.zeros(7, np.uint8),
            RuntimeError,
            "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 7",
        ),
        (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state"),
        (corrupted(8, 0, "<i4"), RuntimeError, "Invalid mt19937 state"),
        (corrupted(8, 625, "<i4"), RuntimeError, "Invalid mt19937 state"),
        (corrupted(8, 3, "<i4"), RuntimeError, "Invalid mt19937 state"),
        (corrupted(12, 0, "<i4"), RuntimeError, "Invalid mt19937 state"),
        (corrupted(16, 625, "<u8"), RuntimeError, "Invalid mt19937 state"),
    ],
)
def test_bad_state_changes_nothing(state, error, message):
    e = Engine(2)
    e.normal_(empty(3))
    before = e.get_state()
    with pytest.raises(error) as raised:
        e.set_state(state)
    assert str(raised.value) == message
    assert same_bits(e.get_state(), before)
