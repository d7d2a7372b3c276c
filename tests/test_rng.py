"""PyTorch's CPU random stream: values, state, errors, fill order, threads."""

import copy
import math
import pickle
import random
import threading
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.rng import BLOCK, DEFAULT_SEED, Engine
from tinygrad_edu.rng_math import fma32, fma64, swapped

VECTORS = np.load(Path(__file__).parent / "data" / "torch_2_13_random_vectors.npz")
FLOATS = ("float16", "float32", "float64")


def empty(*shape, dtype="float32"):
    return np.empty(shape, dtype)


def same_bits(actual, expected):
    return actual.dtype == expected.dtype and actual.shape == expected.shape and actual.tobytes() == expected.tobytes()


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


# -- errors ------------------------------------------------------------------------------------------------------------

# (method, dtype of `out`, arguments, error, PyTorch's words); multinomial's first argument stands in place of `out`.
NAN = float("nan")
ERRORS = [
    (
        "uniform_",
        "float32",
        (2, 1),
        RuntimeError,
        "uniform_ expects to return a [from, to) range, but found from=2 > to=1",
    ),
    ("uniform_", "float32", (0, 1e39), RuntimeError, "to is out of bounds for float"),
    ("uniform_", "float32", (NAN, 1), RuntimeError, "from is out of bounds for float"),
    ("uniform_", "float16", (0, 1e6), RuntimeError, "to is out of bounds for c10::Half"),
    (
        "uniform_",
        "float32",
        (-3e38, 3e38),
        RuntimeError,
        "uniform_ expects to-from <= std::numeric_limits<Float>::max(), but found to=3e+38 and from=-3e+38 which "
        "result in to-from to exceed the limit",
    ),
    ("uniform_", "int64", (0, 1), NotImplementedError, "\"check_uniform_bounds\" not implemented for 'Long'"),
    ("normal_", "float32", (0, -0.1234567), RuntimeError, "normal expects std >= 0.0, but found std -0.123457"),
    ("normal_", "float32", (0, NAN), RuntimeError, "normal expects std >= 0.0, but found std nan"),
    ("normal_", "int64", (0, 1), NotImplementedError, "\"normal_kernel_cpu\" not implemented for 'Long'"),
    ("log_normal_", "float32", (1, 0), RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
    ("log_normal_", "int32", (1, 1), NotImplementedError, "\"log_normal_cpu\" not implemented for 'Int'"),
    ("exponential_", "float32", (0,), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=0"),
    (
        "exponential_",
        "int32",
        (1,),
        RuntimeError,
        "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
        "specified Int",
    ),
    ("cauchy_", "float32", (0, 0), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=0"),
    (
        "cauchy_",
        "int32",
        (0, 1),
        RuntimeError,
        "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you "
        "specified int",
    ),
    ("geometric_", "float32", (1,), RuntimeError, "geometric_ expects p to be in (0, 1), but got p=1"),
    ("geometric_", "bool", (0.5,), NotImplementedError, "\"geometric_cpu\" not implemented for 'Bool'"),
    ("bernoulli_", "float32", (1.5,), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=1.5"),
    (
        "bernoulli_",
        "complex64",
        (0.5,),
        NotImplementedError,
        "\"bernoulli_scalar_cpu_\" not implemented for 'ComplexFloat'",
    ),
    (
        "bernoulli_",
        "float32",
        (np.array([0.5, 1.5, 0]),),
        RuntimeError,
        "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
        "please report an enhancement request to PyTorch.)",
    ),
    (
        "bernoulli_",
        "float32",
        (np.array([0, 1, 0]),),
        NotImplementedError,
        "\"bernoulli_tensor_cpu_p_\" not implemented for 'Long'",
    ),
    ("random_", "float32", (3, 3), RuntimeError, "random_ expects 'from' to be less than 'to', but got from=3 >= to=3"),
    ("random_", "int8", (0, 300), RuntimeError, "to - 1 is out of bounds for signed char"),
    ("random_", "int8", (-300, 3), RuntimeError, "from is out of bounds for signed char"),
    ("random_", "bool", (0, 3), RuntimeError, "to - 1 is out of bounds for bool"),
    ("random_", "uint8", (-3, None), RuntimeError, "from is out of bounds for unsigned char"),
    ("random_", "uint16", (0, 70000), RuntimeError, "to - 1 is out of bounds for short unsigned int"),
    ("random_", "float16", (0, 70000), RuntimeError, "to - 1 is out of bounds for c10::Half"),
    ("random_", "float16", (70000, None), RuntimeError, "from is out of bounds for c10::Half"),
    (
        "random_",
        "float32",
        (2**24 + 2, None),
        RuntimeError,
        "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
        "from=16777218 > to_inc=16777216",
    ),
    ("random_", "int64", (0, 2**63), ValueError, "Overflow when unpacking long long"),
    ("random_", "uint64", (0, None), RuntimeError, "to - 1 is out of bounds for long unsigned int"),
    ("random_", "uint16", (), NotImplementedError, "\"random_kernel_cpu\" not implemented for 'UInt16'"),
    (
        "random_",
        "int32",
        (-(2**63), None),
        RuntimeError,
        "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16",
    ),
    (
        "multinomial",
        np.ones(3),
        (4,),
        RuntimeError,
        "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
    ),
    ("multinomial", np.ones(3), (0,), RuntimeError, "cannot sample n_sample <= 0 samples"),
    ("multinomial", np.zeros(3), (1,), RuntimeError, "invalid multinomial distribution (sum of probabilities <= 0)"),
    (
        "multinomial",
        np.array([[1.0, 1], [0, 0]]),
        (2, True),
        RuntimeError,
        "invalid multinomial distribution (sum of probabilities <= 0)",
    ),
    (
        "multinomial",
        np.array([1, -1.0]),
        (1, True),
        RuntimeError,
        "probability tensor contains either `inf`, `nan` or element < 0",
    ),
    (
        "multinomial",
        np.array([1, NAN]),
        (1,),
        RuntimeError,
        "probability tensor contains either `inf`, `nan` or element < 0",
    ),
    (
        "multinomial",
        np.ones(3, int),
        (1,),
        RuntimeError,
        "multinomial only supports floating-point dtypes for input, got: Long",
    ),
    ("multinomial", np.ones((2, 2, 2)), (1,), RuntimeError, "prob_dist must be 1 or 2 dim"),
    (
        "multinomial",
        np.ones((2, 0)),
        (1, True),
        RuntimeError,
        "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.",
    ),
]


@pytest.mark.parametrize(("method", "target", "arguments", "error", "message"), ERRORS)
def test_error_draws_nothing(method, target, arguments, error, message):
    e = Engine(4)
    before = e.get_state()
    target = np.empty(3, target) if isinstance(target, str) else target
    with pytest.raises(error) as raised:
        getattr(e, method)(target, *arguments)
    assert str(raised.value) == message
    assert same_bits(e.get_state(), before)


@pytest.mark.oracle
@pytest.mark.parametrize(("method", "target", "arguments", "error", "message"), ERRORS)
def test_error_is_that_of_torch(method, target, arguments, error, message):
    torch = pytest.importorskip("torch")
    target = torch.empty(3, dtype=getattr(torch, target)) if isinstance(target, str) else torch.tensor(target)
    arguments = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    with pytest.raises(error) as raised:
        getattr(target, method)(*arguments)
    assert str(raised.value).partition("\nException raised from")[0] == message


RANDPERM_ERRORS = [
    (-1, "int64", RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    (300, "uint8", RuntimeError, "value cannot be converted to type uint8_t without overflow"),
    (2050, "float16", RuntimeError, "n cannot be greater than 2049 for Half type."),
    (2**24 + 2, "float32", RuntimeError, "n cannot be greater than 2^24+1 for Float type."),
    (5, "bool", NotImplementedError, "\"randperm\" not implemented for 'Bool'"),
]


@pytest.mark.parametrize(("n", "dtype", "error", "message"), RANDPERM_ERRORS)
def test_randperm_error(n, dtype, error, message):
    with pytest.raises(error) as raised:
        Engine().randperm(n, dtype)
    assert str(raised.value) == message


@pytest.mark.oracle
@pytest.mark.parametrize(("n", "dtype", "error", "message"), RANDPERM_ERRORS)
def test_randperm_error_is_that_of_torch(n, dtype, error, message):
    torch = pytest.importorskip("torch")
    with pytest.raises(error) as raised:
        torch.randperm(n, dtype=getattr(torch, dtype))
    assert str(raised.value) == message


def test_normal_with_arrays_checks_std():
    with pytest.raises(RuntimeError, match=r"^normal expects all elements of std >= 0\.0$"):
        Engine().normal(0.0, np.array([1.0, -1.0]))


def test_integers_beyond_a_floats_precision_warn():
    with pytest.warns(
        UserWarning, match=r"^to - 1 is out of bounds \[-\(2\^24\), 2\^24\]\. Due to precision limitations float"
    ):
        out = Engine(0).random_(empty(100), 0, 2**30)
    assert out.max() < 2**30


@pytest.mark.parametrize(("n", "dtype"), [(255, "uint8"), (2049, "float16")])
def test_largest_permutation_of_a_dtype(n, dtype):
    assert sorted(Engine(0).randperm(n, dtype).astype(int).tolist()) == list(np.arange(n).astype(dtype).astype(int))


def test_dropout_probability_out_of_range():
    with pytest.raises(RuntimeError, match=r"^dropout probability has to be between 0 and 1, but got 1\.5$"):
        Engine().dropout_mask(empty(3), 1.5)


# -- what is drawn -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0, 1])
def test_dropout_of_all_or_nothing_draws_nothing(p):
    e = Engine(1)
    before = e.get_state()
    assert e.dropout_mask(empty(5), p).tolist() == [1.0 - p] * 5
    assert same_bits(e.get_state(), before)


def test_empty_arrays_draw_nothing():
    e = Engine(1)
    before = e.get_state()
    for draw in (e.uniform_, e.normal_, e.random_, e.bernoulli_, e.exponential_, e.cauchy_, e.log_normal_):
        assert draw(empty(0, 3)).shape == (0, 3)
    assert e.randperm(0).shape == (0,)
    assert e.randperm(1).tolist() == [0]
    assert e.multinomial(np.ones((0, 3)), 2).shape == (0, 2)
    assert same_bits(e.get_state(), before)


FILLS = {
    "uniform": lambda e, out: e.uniform_(out),
    "uniform between": lambda e, out: e.uniform_(out, -0.1, 0.3),
    "small normal": lambda e, out: e.normal_(out) if out.size < 16 else e.log_normal_(out),
    "integers": lambda e, out: e.random_(out, 0, 1000),
    "trials": lambda e, out: e.bernoulli_(out, 0.3),
    "dropout": lambda e, out: e.dropout_mask(out, 0.3),
    "exponential": lambda e, out: e.exponential_(out),
}


@st.composite
def strided(draw):
    """A writable view of a larger array, permuted, sliced and perhaps of size 0, with that array."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    steps = draw(st.lists(st.integers(1, 3), min_size=len(shape), max_size=len(shape)))
    base = np.full([n * step for n, step in zip(shape, steps, strict=True)], 7.0, draw(st.sampled_from(FLOATS)))
    view = base[(*(slice(None, None, step) for step in steps), ...)]
    return base, view.transpose(draw(st.permutations(range(len(shape)))))


@settings(deadline=None)
@given(strided(), st.sampled_from(sorted(FILLS)))
def test_fill_order_is_that_of_memory(arrays, name):
    base, out = arrays
    addresses = np.arange(base.size).reshape(base.shape)
    elements = np.lib.stride_tricks.as_strided(
        addresses, out.shape, [stride // base.itemsize * addresses.itemsize for stride in out.strides]
    ).ravel()
    expected = FILLS[name](Engine(3), np.empty(out.size, out.dtype))
    assert FILLS[name](Engine(3), out) is out
    flat = base.ravel()
    assert flat[np.sort(elements)].tobytes() == expected.tobytes()
    assert (np.delete(flat, elements) == 7).all()


def test_normals_of_a_transposed_array_are_drawn_one_by_one():
    out = empty(5, 4).T
    expected = np.concatenate([(e := Engine(6)).normal_(empty(15)), e.normal_(empty(5))])
    Engine(6).normal_(out)
    assert same_bits(out.T.ravel(), expected)


@pytest.mark.parametrize("name", ["uniform", "integers", "trials", "exponential"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_draw_is_many_small_ones(name, dtype):
    n = BLOCK + 1000
    large, e = FILLS[name](Engine(8), np.empty(n, dtype)), Engine(8)
    small = np.concatenate([FILLS[name](e, np.empty(size, dtype)) for size in (1, 7, 500, n - 508)])
    assert same_bits(large, small)


@pytest.mark.parametrize("dtype", FLOATS)
def test_no_floating_point_warning_and_no_change_of_numpys_settings(dtype):
    old = np.geterr()
    with np.errstate(all="raise"):
        raising = np.geterr()
        e = Engine(0)
        for n in (3, 1000):
            for mean, std in ((0, 1), (1e5, 1e-3), (0, 1e-39), (1e38, 1e38), (0, 0), (math.inf, 1)):
                e.normal_(np.empty(n, dtype), mean, std)
                e.normal(np.full(n, mean, "float64").clip(-1e4, 1e4).astype(dtype), std)
            e.normal(0.0, np.full(n, 6e4, dtype))
            e.normal(1e39, np.ones(n, dtype))
            for low, high in ((0, 1), (-1e-7, 1e-7), (0, 6e4), (1, 1)):
                e.uniform_(np.empty(n, dtype), low, high)
            e.exponential_(np.empty(n, dtype), 1e-30)
            e.exponential_(np.empty(n, dtype), 1e300)
            e.log_normal_(np.empty(n, dtype), 500.0, 300.0)
            e.cauchy_(np.empty(n, dtype), 0.0, 1e30)
            e.geometric_(np.empty(n, dtype), 1e-9)
            e.geometric_(np.empty(n, np.int8), 1e-9)
            e.dropout_mask(np.empty(n, dtype), 1 - 2**-53)
            e.random_(np.empty(n, dtype))
            e.multinomial((np.arange(n) % 5).astype(dtype), 2)
            e.multinomial((np.arange(n) % 5).astype(dtype), 2, replacement=True)
        assert np.geterr() == raising
    assert np.geterr() == old


def test_threads_share_an_engine():
    rounds, shared, drawn = 150, Engine(12), []

    def work():
        for _ in range(rounds):
            drawn.append(shared.uniform_(empty(40)).tobytes())
            drawn.append(shared.normal_(empty(2)).tobytes())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Draws of two normals take four words and leave none in the cache, so the stream can be cut again as it was drawn.
    alone, remaining = Engine(12), sorted(drawn)
    expected = []
    counts = {40 * 4: 4 * rounds, 2 * 4: 4 * rounds}
    while any(counts.values()):
        before = alone.get_state()
        piece = alone.uniform_(empty(40)).tobytes()
        if piece not in remaining:
            alone.set_state(before)
            piece = alone.normal_(empty(2)).tobytes()
        counts[len(piece)] -= 1
        remaining.remove(piece)  # fails where no thread drew it
        expected.append(piece)
    assert sorted(expected) == sorted(drawn)
    assert same_bits(alone.get_state(), shared.get_state())


# -- exact arithmetic --------------------------------------------------------------------------------------------------

reasonable = st.floats(1e-100, 1e100).flatmap(lambda x: st.sampled_from([x, -x]))


@settings(max_examples=400)
@given(reasonable, reasonable, reasonable, st.integers(-60, 60))
def test_fma64_rounds_once(a, b, c, exponent):
    near = math.ldexp(-a * b, exponent) if 1e-200 < abs(a * b) < 1e200 else c
    for addend in (c, near, -a * b):
        expected = float(Fraction(a) * Fraction(b) + Fraction(addend))
        assert fma64(np.array([a]), b, addend)[0] == expected


def nearest_float32(x):
    """The float32 nearest to a fraction, ties to even."""
    guess = np.float32(float(x))
    candidates = [guess, np.nextafter(guess, np.float32(np.inf)), np.nextafter(guess, np.float32(-np.inf))]
    return min(candidates, key=lambda f: (abs(Fraction(float(f)) - x), int(f.view(np.int32)) & 1))


def fma32_of(a, b, c):
    out = empty(1)
    fma32(np.array([a]), b, c, out)
    return out[0]


significands = st.integers(1, 2**24 - 1)


@settings(max_examples=400)
@given(significands, significands, significands, st.integers(-60, 60), st.integers(-60, 60))
def test_fma32_rounds_once(a, b, c, shift, sign):
    a, b, c = float(a), math.ldexp(b, shift), math.copysign(c, sign)
    assert fma32_of(a, b, c) == nearest_float32(Fraction(a) * Fraction(b) + Fraction(c))


@pytest.mark.parametrize("k", range(15, 24))
@pytest.mark.parametrize("c", [2**24, 2**24 + 2, 2**25 - 2, 2**24 + 4094])
@pytest.mark.parametrize("sign", [1, -1])
def test_fma32_beside_a_midpoint(k, c, sign):
    """c + 1 is midway between two float32 numbers, and (1 + 2^-k)(1 - 2^-k) is below 1 by less than float64 shows."""
    a, b, c = 1 + 2.0**-k, sign * (1 - 2.0**-k), float(sign * c)
    assert fma32_of(a, b, c) == nearest_float32(Fraction(a) * Fraction(b) + Fraction(c)) == c


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 2**32))
def test_swaps_at_once_are_swaps_in_turn(n, seed):
    generator = np.random.default_rng(seed)
    targets = np.array([generator.integers(i, n) for i in range(n)], np.int64)
    expected = list(range(n))
    for i, j in enumerate(targets.tolist()):
        expected[i], expected[j] = expected[j], expected[i]
    assert swapped(targets).tolist() == expected


# -- against PyTorch ---------------------------------------------------------------------------------------------------

SIZES = (1, 2, 3, 5, 15, 16, 17, 31, 32, 100, 1000, BLOCK + 21)
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")


class Pair:
    """One call on an Engine and on a torch.Generator; both answers as arrays."""

    def __init__(self, torch, seed):
        self.torch, self.engine, self.generator = torch, Engine(seed), torch.Generator().manual_seed(seed)
        self.random = random.Random(seed)

    def out(self, dtype):
        """The same array, sometimes a permuted or sliced view, for NumPy and for PyTorch (which shares its memory)."""
        choose = self.random
        layout = choose.choice(["flat"] * 4 + ["transposed", "sliced", "permuted", "scalar"])
        n = choose.choice(SIZES)
        rows = max(1, n // 7)
        ours, theirs = (np.zeros(()), None) if layout == "scalar" else (None, None)
        if layout == "flat":
            ours, theirs = np.zeros(n, dtype), self.torch.zeros(n, dtype=getattr(self.torch, dtype))
        elif layout == "scalar":
            ours, theirs = np.zeros((), dtype), self.torch.zeros((), dtype=getattr(self.torch, dtype))
        elif layout == "transposed":
            ours, theirs = np.zeros((rows, 7), dtype).T, self.torch.zeros(rows, 7, dtype=getattr(self.torch, dtype)).t()
        elif layout == "sliced":
            ours = np.zeros((rows, 14), dtype)[:, ::2]
            theirs = self.torch.zeros(rows, 14, dtype=getattr(self.torch, dtype))[:, ::2]
        else:
            ours = np.zeros((rows, 2, 3), dtype).transpose(2, 0, 1)
            theirs = self.torch.zeros(rows, 2, 3, dtype=getattr(self.torch, dtype)).permute(2, 0, 1)
        return ours, theirs

    def fill(self, dtype, method, *arguments):
        ours, theirs = self.out(dtype)
        getattr(self.engine, method)(ours, *arguments)
        getattr(theirs, method)(*arguments, generator=self.generator)
        return ours, theirs.numpy()

    def call(self):
        """One random call: (what was called, our array, PyTorch's array)."""
        choose, torch, g = self.random, self.torch, self.generator
        dtype = choose.choice(FLOATS)
        mean, std = choose.choice([(0, 1), (0, 0.02), (1, 0.02), (-3.3, 2.0), (100, 1), (0, 0), (5, 0)])
        low = choose.choice([0, -1, -0.1, 1e-3, -123.4])
        p = choose.choice([0.5, 0.1, 0.9, 1 / 3, 2**-30, 1 - 2**-30, 0, 1])
        inner = choose.choice([0.5, 0.1, 0.9, 1 / 3, 1e-4])
        name = choose.choice(sorted(self.CALLS))
        return (name, dtype, mean, std, low, p, inner), *self.CALLS[name](
            self, g, torch, dtype, mean, std, low, p, inner
        )

    def normal_of_arrays(self, g, torch, dtype, mean, std, *_):
        n = self.random.choice(SIZES)
        means, stds = np.linspace(-3, 3, n).astype(dtype), np.linspace(0, 3, n).astype(dtype)
        m, s = self.random.choice([(means, float(std)), (float(mean), stds), (means, stds), (means[:, None], stds[:2])])
        as_tensor = [torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in (m, s)]
        return self.engine.normal(m, s), torch.normal(*as_tensor, generator=g).numpy()

    def bernoulli_of_array(self, g, torch, dtype, *_):
        ours, theirs = self.out(self.random.choice(FLOATS + INTEGERS))
        p = np.linspace(0, 1, ours.size).astype(dtype).reshape(ours.shape)
        if ours.ndim and self.random.random() < 0.3:
            p = p[..., :1]
        return self.engine.bernoulli_(ours, p), theirs.bernoulli_(torch.from_numpy(p.copy()), generator=g).numpy()

    def dropout(self, g, torch, dtype, mean, std, low, p, inner):
        ours, theirs = self.out(dtype)
        noise = theirs.bernoulli_(1 - inner, generator=g).div_(1 - inner)
        return self.engine.dropout_mask(ours, inner), noise.numpy()

    def integers(self, g, torch, *_):
        dtype = self.random.choice([*FLOATS, *INTEGERS, "bool", "uint16", "uint32", "uint64"])
        choices = [(0, 2), (0, 1)]
        if dtype != "bool":
            choices += [(0, 10), (3, 100)]
        if dtype not in ("bool", "uint8", "uint16", "uint32", "uint64"):
            choices += [(-5, 6), (-100, None)]
        if dtype in ("int64", "float64", "uint64"):
            choices += [(0, 2**28 - 1), (0, 2**28), (7, 2**40)]
        if dtype in ("int64", "float32", "float64"):
            choices += [(-(2**63), None)] * 2
        if dtype == "int64":
            choices += [(0, None), (-(2**63), 2**63 - 1), (-(2**63) + 1, None)]
        if not dtype.startswith("uint") or dtype == "uint8":
            choices += [()] * 4
        with warnings.catch_warnings(action="ignore"):
            return self.fill(dtype, "random_", *self.random.choice(choices))

    def permutation(self, g, torch, *_):
        n, dtype = self.random.choice(SIZES), self.random.choice(["int64", "int32", "float32", "float64"])
        return self.engine.randperm(n, dtype), torch.randperm(n, dtype=getattr(torch, dtype), generator=g).numpy()

    def multinomial(self, g, torch, *_):
        n, dtype = self.random.choice([1, 2, 5, 40]), self.random.choice(["float32", "float64"])
        weights = np.array([self.random.random() for _ in range(n)], dtype) * 3
        if self.random.random() < 0.4:
            weights = np.stack([weights, weights[::-1] + 0.5])
        replacement = self.random.random() < 0.5
        count = self.random.randint(1, 60 if replacement else n)
        theirs = torch.multinomial(torch.from_numpy(weights), count, replacement, generator=g)
        return self.engine.multinomial(weights, count, replacement), theirs.numpy()

    CALLS = {  # noqa: RUF012
        "uniform": lambda self, g, torch, d, *_: self.fill(d, "uniform_"),
        "uniform between": lambda self, g, torch, d, m, s, low, *_: self.fill(d, "uniform_", low, low + 1.7),
        "normal": lambda self, g, torch, d, mean, std, *_: self.fill(d, "normal_", mean, std),
        "standard normal": lambda self, g, torch, d, *_: self.fill(d, "normal_"),
        "normal of arrays": normal_of_arrays,
        "log normal": lambda self, g, torch, d, mean, std, *_: self.fill(d, "log_normal_", mean / 10, std + 0.1),
        "exponential": lambda self, g, torch, d, m, s, low, p, inner: self.fill(d, "exponential_", inner),
        "geometric": lambda self, g, torch, d, m, s, low, p, inner: self.fill(
            self.random.choice([d, *INTEGERS[2:]]), "geometric_", inner
        ),
        "cauchy": lambda self, g, torch, d, mean, std, *_: self.fill(d, "cauchy_", mean, std + 0.1),
        "bernoulli": lambda self, g, torch, d, m, s, low, p, i: self.fill(
            self.random.choice([d, "bool", *INTEGERS]), "bernoulli_", p
        ),
        "bernoulli of array": bernoulli_of_array,
        "dropout": dropout,
        "integers": integers,
        "permutation": permutation,
        "multinomial": multinomial,
    }


@pytest.mark.oracle
@pytest.mark.parametrize("first", range(0, 600, 60))
def test_sequences_of_calls_are_those_of_torch(first):
    """60 sequences of 30 mixed calls: the same bits and the same state after every call."""
    torch = pytest.importorskip("torch")
    for seed in range(first, first + 60):
        pair = Pair(torch, seed)
        for _ in range(30):
            label, ours, theirs = pair.call()
            assert same_bits(np.ascontiguousarray(ours), np.ascontiguousarray(theirs)), (seed, label)
            assert same_bits(pair.engine.get_state(), pair.generator.get_state().numpy()), (seed, label)


@pytest.mark.oracle
def test_states_cross_over():
    torch = pytest.importorskip("torch")
    e, g = Engine(21), torch.Generator().manual_seed(21)
    e.normal_(empty(5))
    g.set_state(torch.from_numpy(e.get_state()))
    assert same_bits(e.normal_(empty(20)), torch.randn(20, generator=g).numpy())
    torch.randn(3, generator=g)
    e.set_state(g.get_state().numpy())
    assert same_bits(e.normal_(empty(4)), torch.randn(4, generator=g).numpy())
    assert e.initial_seed() == g.initial_seed() == 21


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [0, 1, -1, 2**32, 2**63, 2**64 - 1, -(2**63), 67280421310721])
def test_seeds_are_those_of_torch(seed):
    torch = pytest.importorskip("torch")
    e, g = Engine(seed), torch.Generator().manual_seed(seed)
    assert e.initial_seed() == g.initial_seed()
    assert same_bits(e.get_state(), g.get_state().numpy())
