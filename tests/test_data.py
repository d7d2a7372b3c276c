"""Data sets, samplers, collation and loaders: PyTorch's orders, draws, batches and errors."""

import collections
import collections.abc
import random
import types
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygrad_edu as torch
from tinygrad_edu.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    random_split,
)


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(i)
        return torch.tensor([float(i), 0.5]), i * i

    def __len__(self):
        return self.n


class Count(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.n


def rows(n):
    return TensorDataset(torch.arange(n * 2).view(n, 2), torch.arange(n))


def plain(value):
    """Tensors as (dtype, shape, values), inside of whatever holds them: comparable between two libraries."""
    if hasattr(value, "dtype") and hasattr(value, "tolist") and hasattr(value, "grad_fn"):
        return str(value.dtype), tuple(value.shape), value.tolist()
    if isinstance(value, collections.abc.Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(item) for item in value]
    return value


# Orders under a seed, written down from PyTorch 2.13.0

SHUFFLED_SEED_0 = [[6, 7, 1, 4], [2, 0, 9, 8], [3, 5], [2, 4, 7, 0], [8, 9, 5, 3], [6, 1]]
AFTER_SHUFFLED_SEED_0 = 497
GENERATOR_SEED_42 = [[4, 5, 0], [1, 2, 3], [3, 0, 5], [4, 2, 1]]
AFTER_GENERATOR_SEED_42 = 899
SPLIT_SEED_1 = [[5, 6, 1, 2, 0], [8, 9, 3], [7, 4]]
WEIGHTED_SEED_3 = [1, 3, 4, 1, 4, 4, 2, 4]
WEIGHTED_ONCE_SEED_3 = [4, 2, 5, 3, 1]


def test_shuffled_epochs_have_pytorchs_order():
    torch.manual_seed(0)
    loader = DataLoader(torch.arange(10), batch_size=4, shuffle=True)
    assert [batch.tolist() for _ in range(2) for batch in loader] == SHUFFLED_SEED_0
    assert torch.randint(1000, (1,)).item() == AFTER_SHUFFLED_SEED_0


def test_generator_gives_the_order_and_is_drawn_from():
    generator = torch.Generator().manual_seed(42)
    loader = DataLoader(torch.arange(6), batch_size=3, shuffle=True, generator=generator)
    assert [batch.tolist() for _ in range(2) for batch in loader] == GENERATOR_SEED_42
    assert torch.randint(1000, (1,), generator=generator).item() == AFTER_GENERATOR_SEED_42


def test_random_split_has_pytorchs_indices():
    generator = torch.Generator().manual_seed(1)
    parts = random_split(range(10), [0.5, 0.3, 0.2], generator=generator)
    assert [part.indices for part in parts] == SPLIT_SEED_1


def test_weighted_sampler_has_pytorchs_indices():
    torch.manual_seed(3)
    weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]
    assert list(WeightedRandomSampler(weights, 8)) == WEIGHTED_SEED_3
    assert list(WeightedRandomSampler(weights, 5, replacement=False)) == WEIGHTED_ONCE_SEED_3


def test_an_iterator_draws_a_seed_even_without_shuffling():
    torch.manual_seed(0)
    iter(DataLoader(torch.arange(4)))
    drawn = torch.randint(1000, (1,)).item()
    torch.manual_seed(0)
    torch.empty((), dtype=torch.int64).random_()
    assert drawn == torch.randint(1000, (1,)).item()


# Data sets


def test_tensor_dataset():
    dataset = rows(5)
    assert len(dataset) == 5
    assert plain(dataset[1]) == ("tuple", [("torch.int64", (2,), [2, 3]), ("torch.int64", (), 1)])
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        TensorDataset(torch.zeros(3), torch.zeros(4))


def test_datasets_add_up():
    both = Squares(3) + Squares(2)
    assert isinstance(both, ConcatDataset) and len(both) == 5
    assert [both[i][1] for i in (0, 2, 3, -1)] == [0, 4, 0, 1]
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        both[-6]
    streams = Count(2) + Count(3)
    assert isinstance(streams, ChainDataset) and len(streams) == 5 and list(streams) == [0, 1, 0, 1, 2]


def test_what_cannot_be_joined():
    with pytest.raises(AssertionError, match="datasets should not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="ConcatDataset does not support IterableDataset"):
        ConcatDataset([Count(2)])
    with pytest.raises(AssertionError, match="ChainDataset only supports IterableDataset"):
        list(ChainDataset([Squares(2)]))
    with pytest.raises(NotImplementedError, match=r"should implement __getitem__"):
        Dataset()[0]
    with pytest.raises(TypeError, match="has no len"):
        len(Dataset())


def test_stack_dataset():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    named = StackDataset(x=Subset([1, 2, 3], [2, 0]), y="ab")
    assert named[0] == {"x": 3, "y": "a"} and len(named) == 2
    assert named.__getitems__([1, 0]) == [{"x": 1, "y": "b"}, {"x": 3, "y": "a"}]
    for args, kwargs in [(([1],), {"y": [1]}), ((), {}), (([1], [1, 2]), {})]:
        with pytest.raises(ValueError):
            StackDataset(*args, **kwargs)


def test_subset():
    subset = Subset(Squares(10), [7, 2, 5])
    assert len(subset) == 3 and subset[1][1] == 4
    assert Subset(np.arange(10), [7, 2, 5])[[0, 2]].tolist() == [7, 5]
    assert [sample[1] for sample in subset.__getitems__([2, 0])] == [25, 49]

    class Doubled(Subset):
        def __getitem__(self, i):
            return 2 * super().__getitem__(i)

    with pytest.raises(NotImplementedError, match="Doubled overrides __getitem__ but not __getitems__"):
        Doubled([1, 2], [0])


def test_random_split_rounds_as_pytorch_and_refuses():
    assert [len(part) for part in random_split(range(11), [0.3, 0.3, 0.4])] == [4, 3, 4]
    with pytest.raises(ValueError, match="does not equal the length of the input dataset"):
        random_split(range(10), [3, 3])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [-0.5, 1.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])


# Samplers


def test_sampler_lengths_and_batches():
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert sorted(RandomSampler("abc")) == [0, 1, 2]
    assert len(RandomSampler("abc", num_samples=7)) == 7
    assert sorted(SubsetRandomSampler([5, 3, 9])) == [3, 5, 9]
    assert list(BatchSampler(range(5), 2, False)) == [[0, 1], [2, 3], [4]]
    assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
    assert len(BatchSampler(range(5), 2, False)) == 3 and len(BatchSampler(range(5), 2, True)) == 2
    with pytest.raises(NotImplementedError):
        iter(Sampler())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomSampler("abc", replacement=1), TypeError, "replacement should be a boolean value"),
        (lambda: RandomSampler(""), ValueError, "positive integer value, but got num_samples=0"),
        (lambda: WeightedRandomSampler([1.0], 0), ValueError, "positive integer value, but got num_samples=0"),
        (lambda: WeightedRandomSampler([1.0], 1, 1), ValueError, "replacement should be a boolean value"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, r"weights have shape \(1, 1\)"),
        (lambda: BatchSampler("abc", True, False), ValueError, "batch_size=True"),
        (lambda: BatchSampler("abc", 2, 1), ValueError, "drop_last=1"),
        (lambda: DistributedSampler("abc", 2, 2), ValueError, r"rank should be in the interval \[0, 1\]"),
        (lambda: DistributedSampler("abc"), ValueError, "process group has not been initialized"),
    ],
)
def test_samplers_refuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


# Collation

Point = collections.namedtuple("Point", "x y")

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


def test_collated_values():
    assert plain(default_collate([(0, 1.0), (2, 3.0)])) == (
        "list",
        [("torch.int64", (2,), [0, 2]), ("torch.float64", (2,), [1.0, 3.0])],
    )
    assert plain(default_collate([{"a": "x"}, {"a": "y"}])) == {"a": ("list", ["x", "y"])}
    assert plain(default_collate([Point(1, "a"), Point(2, "b")])).__repr__().startswith("('Point'")


def test_collation_refuses():
    with pytest.raises(TypeError, match=r"default_collate: batch must contain .* found <class 'object'>"):
        default_collate([object()])
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        default_collate([(1, 2), (1,)])


def test_collation_keeps_the_type_of_a_mapping():
    batch = default_collate([collections.OrderedDict(a=1), collections.OrderedDict(a=2)])
    assert type(batch) is collections.OrderedDict and batch["a"].tolist() == [1, 2]


def test_collation_tracks_gradients():
    x = torch.ones(2, requires_grad=True)
    assert default_collate([x, x]).requires_grad
    (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size=2)))
    assert batch.requires_grad and type(batch.grad_fn).__name__ == "StackBackward0"


def test_convert():
    array = np.array([0, 1])
    converted = default_convert({"a": (array, "text"), "b": np.float32(1), "c": np.array(["x"])})
    assert converted["a"][0].tolist() == [0, 1] and converted["a"][1] == "text"
    assert converted["b"].item() == 1 and converted["c"].tolist() == ["x"]
    assert default_convert(7) == 7 and default_convert(np.str_("s")) == "s"


# Loaders


def test_lengths():
    assert len(DataLoader(Squares(10), batch_size=3)) == 4
    assert len(DataLoader(Squares(10), batch_size=3, drop_last=True)) == 3
    assert len(DataLoader(Squares(10), batch_size=None)) == 10
    assert len(DataLoader(Count(10), batch_size=4)) == 3
    assert len(iter(DataLoader(Squares(10), batch_size=3))) == 4


def test_the_default_batch_of_rows_is_their_stack():
    dataset = rows(7)
    for wrapped in (dataset, Subset(dataset, [6, 0, 3, 3]), Subset(Subset(dataset, range(1, 7)), np.array([5, 0]))):
        general = DataLoader(wrapped, batch_size=3, collate_fn=lambda batch: default_collate(batch))
        assert plain(list(DataLoader(wrapped, batch_size=3))) == plain(list(general))


def test_a_batch_shares_no_memory_with_the_data():
    x = torch.zeros(4)
    (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size=4)))
    batch += 1
    assert x.tolist() == [0, 0, 0, 0]


def test_batches_of_a_transposed_tensor_are_contiguous():
    x = torch.arange(6.0).view(2, 3).t()
    (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size=2)))
    assert batch.is_contiguous() and batch.tolist() == [[0, 3], [1, 4]]


def test_own_getitem_of_a_tensor_dataset_is_called():
    class Doubled(TensorDataset):
        def __getitem__(self, i):
            return tuple(2 * part for part in super().__getitem__(i))

    class InBatches(TensorDataset):
        def __getitems__(self, indices):
            return [i + 100 for i in indices]

    for wrap in (lambda d: d, lambda d: Subset(d, [0, 1, 2])):
        assert next(iter(DataLoader(wrap(Doubled(torch.arange(3))), batch_size=3)))[0].tolist() == [0, 2, 4]
        assert next(iter(DataLoader(wrap(InBatches(torch.arange(3))), batch_size=3))).tolist() == [100, 101, 102]


def test_own_collate_function_receives_the_samples():
    received = []
    list(DataLoader(rows(3), batch_size=2, collate_fn=received.append))
    assert [[type(sample) for sample in batch] for batch in received] == [[tuple, tuple], [tuple]]
    assert received[0][1][0].tolist() == [2, 3]


def test_an_extended_collate_map_is_used(monkeypatch):
    from tinygrad_edu.utils.data.collate import default_collate_fn_map

    monkeypatch.setitem(default_collate_fn_map, torch.Tensor, lambda batch, *, collate_fn_map: len(batch))
    assert next(iter(DataLoader(rows(3), batch_size=2))) == [2, 2]


def test_unusual_indices_of_rows():
    dataset = rows(4)
    assert next(iter(DataLoader(dataset, sampler=[-1, 0], batch_size=2)))[1].tolist() == [3, 0]
    assert next(iter(DataLoader(dataset, batch_sampler=[np.array([2, 1])])))[1].tolist() == [2, 1]
    assert next(iter(DataLoader(dataset, batch_sampler=[torch.tensor([2, 1])])))[1].tolist() == [2, 1]
    assert next(iter(DataLoader(dataset, batch_sampler=[[[0, 1], [2, 3]]])))[1].tolist() == [[0, 1], [2, 3]]
    with pytest.raises(IndexError, match="index 4 is out of bounds for dimension 0 with size 4"):
        next(iter(DataLoader(dataset, sampler=[4])))


def test_streams():
    assert [batch.tolist() for batch in DataLoader(Count(5), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [batch.tolist() for batch in DataLoader(Count(5), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Count(3), batch_size=None)) == [0, 1, 2]


def test_a_stream_longer_than_it_said_warns():
    class Liar(Count):
        def __len__(self):
            return 1

    loader = DataLoader(Liar(2), batch_size=None)
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="was reported to be 1"):
        list(loader)


def test_attributes():
    dataset = Squares(3)
    loader = DataLoader(dataset, 2, shuffle=True)
    assert loader.dataset is dataset and loader.batch_size == 2 and loader.drop_last is False
    assert isinstance(loader.sampler, RandomSampler) and isinstance(loader.batch_sampler, BatchSampler)
    assert loader.collate_fn is default_collate and loader.num_workers == 0
    with pytest.raises(ValueError, match="batch_size attribute should not be set after DataLoader is initialized"):
        loader.batch_size = 3
    loader.note = "other attributes may be set"


def test_workers_need_something_to_prefetch():
    with pytest.raises(AssertionError, match="prefetch_factor must be greater than 0"):
        iter(DataLoader(Squares(2), num_workers=1, prefetch_factor=0))


def test_pinned_memory_warns_as_pytorch():
    loader = DataLoader(Squares(2), pin_memory=True)
    with pytest.warns(UserWarning, match="no accelerator is found"):
        next(iter(loader))


# Workers


class Draws(Dataset):
    """Samples that depend on all three random generators of a worker."""

    def __init__(self, n):
        self.n = n

    def __getitem__(self, i):
        return i, random.random(), float(np.random.normal()), torch.randn(2)

    def __len__(self):
        return self.n


class Share(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, 7, info.num_workers)) if info else iter(range(7))


def test_workers_share_a_stream():
    assert [b.tolist() for b in DataLoader(Share(), batch_size=2)] == [[0, 1], [2, 3], [4, 5], [6]]
    assert [b.tolist() for b in DataLoader(Share(), batch_size=2, num_workers=2)] == [[0, 2], [1, 3], [4, 6], [5]]
    assert get_worker_info() is None


def test_workers_leave_the_callers_random_states_alone():
    def after(dataset, **options):
        torch.manual_seed(0), np.random.seed(0), random.seed(0)
        list(DataLoader(dataset, batch_size=2, **options))
        return torch.rand(1).item(), np.random.rand(), random.random()

    assert after(Draws(6), num_workers=2, worker_init_fn=np.random.seed) == after(Squares(6))


def test_worker_init_function_configures_its_own_copy():
    def configure(worker_id):
        get_worker_info().dataset.n = worker_id + 1

    dataset = Count(9)
    loader = DataLoader(dataset, batch_size=None, num_workers=3, worker_init_fn=configure)
    assert list(loader) == [0, 0, 0, 1, 1, 2] and dataset.n == 9


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
