"""The random engine in any order of memory, in threads, to the last bit, and beside PyTorch."""

import math
import random
import threading
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rng_cases import empty, same_bits

from tinygrad_edu.rng import BLOCK, Engine
from tinygrad_edu.rng_math import fma32, fma64, swapped

FLOATS = ("float16", "float32", "float64")


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
