"""What the random engine refuses, and that a refused call draws nothing."""

import numpy as np
import pytest
from rng_cases import empty, same_bits

from tinygrad_edu.rng import Engine

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
