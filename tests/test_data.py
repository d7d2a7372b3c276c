"""Data sets, samplers, collation and loaders: PyTorch's orders, draws, batches and errors."""

import collections
import collections.abc
import random

import numpy as np
import pytest
from data_cases import Point, plain

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
