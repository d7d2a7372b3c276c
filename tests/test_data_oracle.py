"""Data loading beside PyTorch: the same scripts, seeds and mistakes."""

import random
import types
import warnings

import numpy as np
import pytest
from data_cases import Point, plain
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygrad_edu as torch

COLLATED = {
    "tensors": lambda t: [t.tensor([1.0, 2.0]), t.tensor([3.0, 4.0])],
    "0-d tensors": lambda t: [t.tensor(1), t.tensor(2)],
    "arrays": lambda t: [np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)],
    "float16 arrays": lambda t: [np.ones(2, np.float16)],
    "NumPy scalars": lambda t: [np.float32(1), np.float32(2)],
    "NumPy doubles": lambda t: [np.float64(1), np.float64(2)],
    "NumPy ints": lambda t: [np.int32(1), np.int32(2)],
    "NumPy bools": lambda t: [np.bool_(True), np.bool_(False)],
    "floats": lambda t: [1.5, 2.5],
    "ints": lambda t: [1, 2, 3],
    "bools": lambda t: [True, False],
    "strings": lambda t: ["a", "b"],
    "bytes": lambda t: [b"a", b"b"],
    "tuples": lambda t: [(1, "a", 0.5), (2, "b", 1.5)],
    "lists": lambda t: [[1, 2], [3, 4]],
    "nested": lambda t: [{"a": (1, [2.0])}, {"a": (3, [4.0])}],
    "dictionaries": lambda t: [{"a": 0, "b": 1}, {"b": 2, "a": 3}],
    "read-only mappings": lambda t: [types.MappingProxyType({"a": 1}), types.MappingProxyType({"a": 2})],
    "named tuples": lambda t: [Point(0, np.zeros(2)), Point(1, np.ones(2))],
    "ranges": lambda t: [range(3), range(3)],
    "a stack as the batch": lambda t: t.tensor([[1.0], [2.0]]),
}


NOT_COLLATED = {
    "objects": lambda t: [object()],
    "None": lambda t: [None, None],
    "string arrays": lambda t: [np.array("a")],
    "unequal lengths": lambda t: [(1, 2), (1,)],
    "unequal shapes": lambda t: [t.zeros(2), t.zeros(3)],
    "nothing": lambda t: [],
}


# The same scripts in PyTorch: each takes the module and returns what can be compared


@pytest.fixture(scope="module")
def oracle():
    return pytest.importorskip("torch", minversion="2.13")


def outcome(script, t):
    """What a script returns, or the type and text of its error, and the state in which it leaves the generator."""
    torch_seed = 2**40 + 5
    t.manual_seed(torch_seed), np.random.seed(0), random.seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(script(t))
        except Exception as error:
            result = type(error).__name__, str(error)
    texts = [str(w.message) for w in caught if "worker processes in total" not in str(w.message)]
    return result, texts, t.randint(2**20, (3,)).tolist(), np.random.rand(), random.random()


def agree(script, oracle):
    assert outcome(script, torch) == outcome(script, oracle)


def classes(t):
    """The data sets of the scripts, in either library."""
    data = t.utils.data

    class Pairs(data.Dataset):
        def __init__(self, n):
            self.n = n

        def __getitem__(self, i):
            return t.tensor([float(i), 0.5]), i * i

        def __len__(self):
            return self.n

    class Noisy(Pairs):
        def __getitem__(self, i):
            return i, random.random(), float(np.random.normal()), t.randn(2)

    class Stream(data.IterableDataset):
        def __init__(self, n):
            self.n = n

        def __iter__(self):
            info = data.get_worker_info()
            for i in range(info.id if info else 0, self.n, 3):
                yield i, t.rand(1)

        def __len__(self):
            return self.n

    def tensors(n):
        return data.TensorDataset(t.arange(2.0 * n).view(n, 2), t.arange(n))

    def part(n):
        return data.Subset(tensors(n), list(range(0, n, 2)))

    def stacked(n):
        return data.StackDataset(x=tensors(n), y=Pairs(n))

    return {"Pairs": Pairs, "Noisy": Noisy, "Stream": Stream, "tensors": tensors, "part": part, "stacked": stacked,
            "concat": lambda n: Pairs(n) + Pairs(2), "array": lambda n: np.arange(n)}  # fmt: skip


@pytest.mark.oracle
@given(
    kind=st.sampled_from(["Pairs", "Noisy", "Stream", "tensors", "part", "stacked", "concat", "array"]),
    n=st.integers(0, 20),
    options=st.fixed_dictionaries(
        {},
        optional={
            "batch_size": st.sampled_from([None, 1, 2, 3, 5, 40, 0, -1, True]),
            "shuffle": st.sampled_from([None, False, True]),
            "drop_last": st.booleans(),
            "timeout": st.sampled_from([0, -1]),
            "pin_memory": st.booleans(),
            "prefetch_factor": st.sampled_from([None, 1]),
            "persistent_workers": st.just(True),
            "multiprocessing_context": st.just("fork"),
            "sampler": st.sampled_from([range(3), [0, 0]]),
            "batch_sampler": st.sampled_from([[[0, 1], [2]], [[], [0]]]),
            "num_workers": st.sampled_from([0, -1]),
        },
    ),
    own_generator=st.booleans(),
    taken=st.lists(st.integers(0, 12), min_size=1, max_size=3),
    told=st.booleans(),
)
def test_epochs_equal_pytorchs(oracle, kind, n, options, own_generator, taken, told):
    """Whole and broken-off epochs, with any options: batches, draws, warnings and errors."""

    def script(t):
        generator = t.Generator().manual_seed(11) if own_generator else None
        loader = t.utils.data.DataLoader(classes(t)[kind](n), generator=generator, **options)
        seen = [len(loader)] if told else []
        seen += [[batch for _, batch in zip(range(most), loader, strict=False)] for most in taken]
        seen.append(list(loader))
        if generator is not None:
            seen.append(t.randint(2**20, (2,), generator=generator))
        return seen

    agree(script, oracle)


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["Noisy", "Stream", "tensors"])
@pytest.mark.parametrize(
    "options",
    [
        {"num_workers": 1, "batch_size": 4},
        {"num_workers": 2, "batch_size": 3},
        {"num_workers": 3, "batch_size": 2, "drop_last": True, "prefetch_factor": 1},
        {"num_workers": 2, "persistent_workers": True, "batch_size": 2},
        {"num_workers": 2, "batch_size": None},
        {"num_workers": 2, "batch_size": 4, "worker_init_fn": np.random.seed},
        {"num_workers": 2, "multiprocessing_context": "threads"},
        {"num_workers": 2, "multiprocessing_context": "fork", "timeout": 60},
    ],
    ids=lambda options: ",".join(f"{k}={getattr(v, '__name__', v)}" for k, v in options.items()),
)
@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
def test_workers_give_the_numbers_of_pytorchs_processes(oracle, kind, options, own_generator):
    def script(t):
        generator = t.Generator().manual_seed(5) if own_generator else None
        shuffle = kind != "Stream"
        loader = t.utils.data.DataLoader(classes(t)[kind](11), shuffle=shuffle, generator=generator, **options)
        iterator = iter(loader)
        seen = [t.rand(1), next(iterator), t.rand(1)]
        if generator is not None:
            seen.append(t.randint(2**20, (2,), generator=generator))
        return [*seen, list(iterator), list(loader)]

    agree(script, oracle)


@pytest.mark.oracle
@given(
    n=st.integers(0, 40),
    replacement=st.booleans(),
    num_samples=st.none() | st.integers(0, 100),
    own_generator=st.booleans(),
    taken=st.integers(0, 50),
)
def test_random_sampler_equals_pytorchs(oracle, n, replacement, num_samples, own_generator, taken):
    def script(t):
        generator = t.Generator().manual_seed(1) if own_generator else None
        sampler = t.utils.data.RandomSampler(range(n), replacement, num_samples, generator)
        some = [i for i, _ in zip(sampler, range(taken), strict=False)]
        return len(sampler), some, list(sampler), t.randint(99, (3,), generator=generator)

    agree(script, oracle)


@pytest.mark.oracle
@given(
    weights=st.lists(st.just(0.0) | st.floats(1e-3, 5), min_size=1, max_size=12),
    num_samples=st.integers(1, 12),
    replacement=st.booleans(),
)
def test_weighted_and_subset_samplers_equal_pytorchs(oracle, weights, num_samples, replacement):
    # Zero weights that must be drawn all the same tie, and PyTorch's order among ties is nobody's promise.
    assume(replacement or num_samples <= sum(weight > 0 for weight in weights) or num_samples > len(weights))

    def script(t):
        data = t.utils.data
        subset = list(data.SubsetRandomSampler(list(range(len(weights)))))
        return subset, list(data.WeightedRandomSampler(weights, num_samples, replacement))

    agree(script, oracle)


@pytest.mark.oracle
@given(
    n=st.integers(0, 30),
    lengths=st.sampled_from(
        [[0.5, 0.5], [0.3, 0.3, 0.4], [1.0], [0.9, 0.1], [1 / 3] * 3, [0.0, 1.0], [-0.5, 1.5], [10, 20], [7], [0], []]
    ),
    own_generator=st.booleans(),
)
def test_random_split_equals_pytorchs(oracle, n, lengths, own_generator):
    def script(t):
        options = {"generator": t.Generator().manual_seed(2)} if own_generator else {}
        return [part.indices for part in t.utils.data.random_split(range(n), lengths, **options)]

    agree(script, oracle)


@pytest.mark.oracle
@given(
    n=st.integers(1, 20),
    replicas=st.integers(1, 24),
    data=st.data(),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    epoch=st.integers(0, 3),
)
def test_distributed_sampler_equals_pytorchs(oracle, n, replicas, data, shuffle, drop_last, epoch):
    rank = data.draw(st.integers(-1, replicas))

    def script(t):
        from_module = t.utils.data.DistributedSampler
        sampler = from_module(range(n), replicas, rank, shuffle, 7, drop_last)
        sampler.set_epoch(epoch)
        return len(sampler), list(sampler)

    agree(script, oracle)


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*COLLATED, *NOT_COLLATED])
def test_collation_equals_pytorchs(oracle, name):
    make = (COLLATED | NOT_COLLATED)[name]
    agree(lambda t: t.utils.data.default_collate(make(t)), oracle)


@pytest.mark.oracle
@pytest.mark.parametrize("name", COLLATED)
def test_conversion_equals_pytorchs(oracle, name):
    agree(lambda t: t.utils.data.default_convert(COLLATED[name](t)), oracle)


@pytest.mark.oracle
def test_signatures_and_names_equal_pytorchs(oracle):
    import inspect

    import tinygrad_edu.utils.data as ours

    theirs = oracle.utils.data
    for name in ours.__all__:
        if name in ("Dataset", "IterableDataset", "Sampler"):
            continue
        expected = [p.replace(annotation=p.empty) for p in inspect.signature(getattr(theirs, name)).parameters.values()]
        actual = [p.replace(annotation=p.empty) for p in inspect.signature(getattr(ours, name)).parameters.values()]
        if name == "random_split":
            expected, actual = expected[:2], actual[:2]
        assert actual == expected, name
    pipes = {"DFIterDataPipe", "DataChunk", "IterDataPipe", "MapDataPipe", "argument_validation", "functional_datapipe"}
    pipes |= {"guaranteed_datapipes_determinism", "non_deterministic", "runtime_validation"}
    assert set(theirs.__all__) - set(ours.__all__) - pipes == {"_DatasetKind", "runtime_validation_disabled"}
