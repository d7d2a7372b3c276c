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

import tinygrad_edu as torch
from tinygrad_edu.utils.data import DataLoader, TensorDataset, random_split

VECTORS = np.load(Path(__file__).parent / "data" / "torch_2_13_random_vectors.npz")
FLOAT = torch.float32


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


WEIGHTS = torch.arange(1.0, 6.0)
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


ERRORS = [
    (lambda: torch.rand(2.0), TypeError, "rand(): argument 'size' (position 1) must be tuple of ints, not float"),
    (lambda: torch.rand(True), TypeError, "rand(): argument 'size' (position 1) must be tuple of ints, not bool"),
    (lambda: torch.rand(None), TypeError, "rand(): argument 'size' (position 1) must be tuple of ints, not NoneType"),
    (lambda: torch.rand(size=3), TypeError, "rand(): argument 'size' must be tuple of ints, not int"),
    (
        lambda: torch.rand([2.5]),
        TypeError,
        "rand(): argument 'size' (position 1) must be tuple of ints, but found element of type float at pos 0",
    ),
    (
        lambda: torch.rand(2, 3.5),
        TypeError,
        "rand(): argument 'size' failed to unpack the object at pos 2 with error \"type must be tuple of ints,but got float\"",
    ),
    (lambda: torch.randn(2, -1), RuntimeError, "Trying to create tensor with negative dimension -1: [2, -1]"),
    (
        lambda: torch.rand(2, dtype=torch.int64),
        NotImplementedError,
        "\"check_uniform_bounds\" not implemented for 'Long'",
    ),
    (
        lambda: torch.randn(2, dtype=torch.int64),
        NotImplementedError,
        "\"normal_kernel_cpu\" not implemented for 'Long'",
    ),
    (
        lambda: torch.rand(3, out=torch.empty(3, dtype=torch.float64), dtype=FLOAT),
        RuntimeError,
        "dtype Float does not match dtype of out parameter (Double)",
    ),
    (
        lambda: torch.rand(3, out=torch.empty(3, requires_grad=True)),
        RuntimeError,
        "aten::rand(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
        "requires grad.",
    ),
    (lambda: torch.randint(5.0, (3,)), TypeError, "randint(): argument 'high' (position 1) must be int, not float"),
    (lambda: torch.randint(True, (3,)), TypeError, "randint(): argument 'high' (position 1) must be int, not bool"),
    (lambda: torch.randint(5, 3), TypeError, "randint(): argument 'size' (position 2) must be tuple of ints, not int"),
    (lambda: torch.randint(5, (-1,)), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    (
        lambda: torch.randint(5, 2, (3,)),
        RuntimeError,
        "random_ expects 'from' to be less than 'to', but got from=5 >= to=2",
    ),
    (lambda: torch.randint(2**63, (3,)), ValueError, "Overflow when unpacking long long"),
    (lambda: torch.randint(300, (3,), dtype=torch.uint8), RuntimeError, "to - 1 is out of bounds for unsigned char"),
    (lambda: torch.randperm(5.0), TypeError, "randperm(): argument 'n' (position 1) must be int, not float"),
    (lambda: torch.randperm(-1), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    (lambda: torch.normal(0, -1, (3,)), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (
        lambda: torch.normal(torch.zeros(3), -torch.ones(3)),
        RuntimeError,
        "normal expects all elements of std >= 0.0",
    ),
    (
        lambda: torch.normal(torch.zeros(3), torch.ones(2)),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
    ),
    (lambda: torch.bernoulli(0.5), TypeError, "bernoulli(): argument 'input' (position 1) must be Tensor, not float"),
    (
        lambda: torch.bernoulli(torch.tensor([1, 2])),
        NotImplementedError,
        "\"bernoulli_tensor_cpu_p_\" not implemented for 'Long'",
    ),
    (lambda: torch.bernoulli(torch.zeros(2), 2), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=2"),
    (
        lambda: torch.multinomial([1.0], 1),
        TypeError,
        "multinomial(): argument 'input' (position 1) must be Tensor, not list",
    ),
    (
        lambda: torch.multinomial(WEIGHTS, 1.5),
        TypeError,
        "multinomial(): argument 'num_samples' (position 2) must be int, not float",
    ),
    (
        lambda: torch.multinomial(WEIGHTS, 1, 3),
        TypeError,
        "multinomial(): argument 'replacement' (position 3) must be bool, not int",
    ),
    (
        lambda: torch.multinomial(WEIGHTS, 1, out=torch.empty(1)),
        RuntimeError,
        "multinomial expects Long tensor out, got: Float",
    ),
    (lambda: torch.rand_like([1]), TypeError, "rand_like(): argument 'input' (position 1) must be Tensor, not list"),
    (
        lambda: torch.zeros(3).uniform_("a"),
        TypeError,
        "uniform_(): argument 'from' (position 1) must be float, not str",
    ),
    (
        lambda: torch.zeros(3).uniform_(0, "a"),
        TypeError,
        "uniform_(): argument 'to' (position 2) must be float, not str",
    ),
    (lambda: torch.zeros(3).uniform_(a=1), TypeError, "uniform_() got an unexpected keyword argument 'a'"),
    (
        lambda: torch.zeros(3).normal_(1j),
        TypeError,
        "normal_(): argument 'mean' (position 1) must be float, not complex",
    ),
    (
        lambda: torch.zeros(3).normal_(generator=3),
        TypeError,
        "normal_(): argument 'generator' must be torch.Generator, not int",
    ),
    (lambda: torch.zeros(3).random_(1, 2, 3), TypeError, "random_() takes 2 positional arguments but 3 were given"),
    (
        lambda: torch.zeros(3).geometric_("a"),
        TypeError,
        "geometric_(): argument 'p' (position 1) must be float, not str",
    ),
    (
        lambda: torch.zeros(3).bernoulli_(torch.ones(2, 3)),
        RuntimeError,
        "expand(torch.FloatTensor{[2, 3]}, size=[3]): the number of sizes provided (1) must be greater or equal to the number "
        "of dimensions in the tensor (2)",
    ),
    (
        lambda: torch.zeros(1).expand(3).uniform_(),
        RuntimeError,
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
        "clone() the tensor before performing the operation.",
    ),
]


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


# -- in place and in graphs --------------------------------------------------------------------------------------------

FILLS = {
    "UniformBackward0": lambda x: x.uniform_(),
    "NormalBackward0": lambda x: x.normal_(),
    "RandomBackward0": lambda x: x.random_(1, 9),
    "RandomBackward1": lambda x: x.random_(9),
    "RandomBackward2": lambda x: x.random_(),
    "BernoulliBackward2": lambda x: x.bernoulli_(),
    "BernoulliBackward1": lambda x: x.bernoulli_(torch.full_like(x.detach(), 0.5)),
    "ExponentialBackward0": lambda x: x.exponential_(),
    "GeometricBackward0": lambda x: x.geometric_(0.4),
    "CauchyBackward0": lambda x: x.cauchy_(),
    "LogNormalBackward0": lambda x: x.log_normal_(),
}


@pytest.mark.parametrize("name", FILLS)
def test_filling_forgets_history(name):
    leaf = torch.ones(2, 3, requires_grad=True)
    x = leaf * 2
    assert FILLS[name](x) is x
    assert type(x.grad_fn).__name__ == name
    x.sum().backward()
    assert leaf.grad.equal(torch.zeros(2, 3))


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_leaves_are_refused_outside_no_grad(fill):
    leaf = torch.ones(3, requires_grad=True)
    state = torch.get_rng_state()
    with pytest.raises(
        RuntimeError, match=r"^a leaf Variable that requires grad is being used in an in-place operation\.$"
    ):
        fill(leaf)
    with pytest.raises(
        RuntimeError, match=r"^a view of a leaf Variable that requires grad is being used in an in-place"
    ):
        fill(leaf[:2])
    assert leaf.tolist() == [1, 1, 1]
    assert torch.get_rng_state().equal(state)
    with torch.no_grad():
        fill(leaf)
    assert leaf.is_leaf
    assert leaf.requires_grad


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_fill_in_the_order_of_memory(fill):
    torch.manual_seed(2)
    dense = fill(torch.empty(3, 4))
    after_dense = torch.get_rng_state()
    torch.manual_seed(2)
    transposed = fill(torch.empty(3, 4).t())
    assert transposed.t().equal(dense)
    assert torch.get_rng_state().equal(after_dense)


def test_filling_a_view():
    leaf = torch.ones(4, requires_grad=True)
    x = leaf * 2
    x[:2].uniform_()
    assert type(x.grad_fn).__name__ == "CopySlices"
    x.sum().backward()
    assert leaf.grad.tolist() == [0, 0, 2, 2]
    y = torch.zeros(4)
    y[1:3].normal_(5, 0)
    assert y.tolist() == [0, 5, 5, 0]
    assert y._version == 1


def test_filling_what_was_saved_is_noticed():
    leaf = torch.ones(3, requires_grad=True)
    x = leaf * 2
    y = x * x
    with torch.no_grad():
        x.uniform_()
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.sum().backward()


def test_tensors_as_parameters():
    mean, std = torch.zeros(3, requires_grad=True), torch.ones(2, 3, requires_grad=True)
    names = [
        type(each.grad_fn).__name__
        for each in (torch.normal(mean, 1.0), torch.normal(0.0, std), torch.normal(mean, std), torch.bernoulli(mean))
    ]
    assert names == ["NormalBackward1", "NormalBackward2", "NormalBackward3", "BernoulliBackward0"]
    torch.normal(mean, std).sum().backward()
    assert mean.grad.equal(torch.zeros(3))
    assert std.grad.equal(torch.zeros(2, 3))
    with pytest.raises(RuntimeError, match=r"^derivative for aten::bernoulli is not implemented$"):
        torch.bernoulli(mean, 0.5).sum().backward()
    assert torch.multinomial(std, 2).grad_fn is None


def test_constants_have_no_history():
    for draw in (torch.rand, torch.randn):
        assert draw(2).grad_fn is None
    assert torch.normal(torch.zeros(2), torch.ones(2)).grad_fn is None
    assert torch.zeros(2).uniform_().grad_fn is None


# -- against PyTorch ---------------------------------------------------------------------------------------------------


def sequences():
    from hypothesis import strategies as st

    size = st.lists(st.integers(0, 9), max_size=3).map(tuple)
    real = st.sampled_from(["float32", "float64", "float16"])
    whole = st.sampled_from(["int64", "int32", "uint8", "float32", "float64"])
    bound = st.sampled_from([1, 2, 100, 2**20])
    number = st.floats(-3, 3, width=16)
    positive = st.floats(0.0625, 3, width=16)
    probability = st.floats(0, 1)
    transposed = st.booleans()

    def method(name, *arguments):
        return st.tuples(st.just("fill"), st.just(name), size, real, transposed, st.tuples(*arguments))

    return st.lists(
        st.one_of(
            st.tuples(st.just("rand"), size, real),
            st.tuples(st.just("randn"), size, real),
            st.tuples(st.just("randint"), bound, size, whole),
            st.tuples(st.just("randperm"), st.integers(0, 40)),
            st.tuples(st.just("normal"), number, positive, size),
            st.tuples(st.just("normals"), st.integers(0, 40), number, positive),
            st.tuples(st.just("bernoulli"), st.integers(0, 40), probability, real),
            st.tuples(st.just("multinomial"), st.integers(2, 20), st.integers(1, 2), st.booleans()),
            st.tuples(st.just("dropout"), size, probability, real),
            method("uniform_"),
            method("uniform_", st.just(-2.0), positive),
            method("normal_", number, positive),
            method("random_"),
            method("random_", st.integers(1, 2048)),
            method("bernoulli_", probability),
            method("exponential_", positive),
            method("geometric_", st.floats(0.1, 0.9)),
            method("cauchy_", number, positive),
            method("log_normal_", number, positive),
        ),
        min_size=1,
        max_size=12,
    )


def perform(module, call):
    """The call in ``module``, torch or ours, as an array."""
    kind, *rest = call
    if kind == "fill":
        name, shape, dtype, is_transposed, arguments = rest
        x = module.zeros(shape, dtype=getattr(module, dtype))
        if is_transposed and len(shape) > 1:
            x = x.transpose(0, 1)
        made = getattr(x, name)(*arguments)
    elif kind in ("rand", "randn"):
        made = getattr(module, kind)(rest[0], dtype=getattr(module, rest[1]))
    elif kind == "randint":
        made = module.randint(
            rest[0] if rest[2] != "uint8" else min(rest[0], 200), rest[1], dtype=getattr(module, rest[2])
        )
    elif kind == "normals":
        made = module.normal(module.full((rest[0],), rest[1]), module.full((2, rest[0]), rest[2]))
    elif kind == "bernoulli":
        made = module.bernoulli(module.full((rest[0],), rest[1], dtype=getattr(module, rest[2])))
    elif kind == "multinomial":
        made = module.multinomial(module.arange(1.0, rest[0] + 1.0), rest[1], rest[2])
    elif kind == "dropout":
        made = module.dropout(module.ones(rest[0], dtype=getattr(module, rest[2])), rest[1], True)
    else:
        made = getattr(module, kind)(*rest)
    return made.numpy()


@pytest.mark.oracle
def test_sequences_of_calls():
    real = pytest.importorskip("torch")
    from hypothesis import given, settings
    from hypothesis import strategies as st

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32), sequences())
    def check(seed, calls):
        real.manual_seed(seed)
        torch.manual_seed(seed)
        for call in calls:
            expected, actual = perform(real, call), perform(torch, call)
            assert actual.dtype == expected.dtype
            assert actual.shape == expected.shape
            assert actual.tobytes() == expected.tobytes(), call
            assert torch.get_rng_state().numpy().tobytes() == real.get_rng_state().numpy().tobytes(), call

    check()


@pytest.mark.oracle
@pytest.mark.parametrize("draw", ["rand", "randn"])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("size", [3, 40])
def test_complex_numbers(draw, dtype, size):
    real = pytest.importorskip("torch")
    real.manual_seed(4)
    torch.manual_seed(4)
    expected = getattr(real, draw)(size, dtype=getattr(real, dtype)).numpy()
    assert getattr(torch, draw)(size, dtype=getattr(torch, dtype)).numpy().tobytes() == expected.tobytes()


@pytest.mark.oracle
@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_are_those_of_torch(call, error, message, monkeypatch):
    real = pytest.importorskip("torch")
    monkeypatch.setitem(call.__globals__, "torch", real)
    monkeypatch.setitem(call.__globals__, "WEIGHTS", real.arange(1.0, 6.0))
    monkeypatch.setitem(call.__globals__, "FLOAT", real.float32)
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


@pytest.mark.oracle
def test_states_are_exchanged_with_torch():
    real = pytest.importorskip("torch")
    real.manual_seed(12)
    real.randn(5)
    torch.set_rng_state(torch.from_numpy(real.get_rng_state().numpy()))
    assert torch.randn(7).tolist() == real.randn(7).tolist()
    torch.rand(1000)
    real.set_rng_state(real.from_numpy(torch.get_rng_state().numpy()))
    assert torch.rand(7).tolist() == real.rand(7).tolist()
