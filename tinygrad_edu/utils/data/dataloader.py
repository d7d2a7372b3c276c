"""`DataLoader`: batches of a data set, in the order and with the draws of PyTorch's."""

import math
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import islice, repeat
from typing import Any, Generic, TypeVar, cast

from ...random import Generator
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .fetch import fetcher
from .options import check_sampling, check_stream, check_workers, find_context
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed
from .worker import Worker, get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)


class DataLoader(Generic[T_co]):
    """Iterates over a data set in batches.

    Args:
        dataset: a `Dataset`, anything with `__getitem__` and `__len__`, or an `IterableDataset`.
        batch_size: samples in a batch; None loads single samples.
        shuffle: a new random order for each epoch.
        sampler: the order of the indices, any iterable; excludes `shuffle`.
        batch_sampler: lists of indices; excludes `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: gives the numbers that PyTorch gives with so many workers; they are computed in the calling
            process, one batch after the other.
        collate_fn: from a list of samples to a batch; by default `default_collate`, or, without batches,
            `default_convert`.
        drop_last: leave out the last batch if it is smaller.
        worker_init_fn: called with each worker's number when it starts.
        generator: the source of the random order; None is the default generator.
        prefetch_factor: how many batches for each worker are sampled ahead (2).
        persistent_workers: workers, and their random states, live on from epoch to epoch.
        pin_memory, timeout, multiprocessing_context, pin_memory_device, in_order: checked as PyTorch does, and of no
            effect in one process without an accelerator.

    Raises:
        ValueError: options that exclude each other or make no sense.
    """

    dataset: Dataset[T_co]
    batch_size: int | None
    sampler: Any
    batch_sampler: Any
    _initialized = False

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        context = find_context(multiprocessing_context, num_workers)
        self._is_stream = isinstance(dataset, IterableDataset)
        if self._is_stream:
            check_stream(shuffle, sampler, batch_sampler)
        check_sampling(batch_size, shuffle, sampler, batch_sampler, drop_last)

        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = context
        self.in_order = in_order
        self.generator = generator
        self.persistent_workers = persistent_workers

        if sampler is None:
            if self._is_stream:
                sampler = _InfiniteConstantSampler()
            elif shuffle:
                sampler = RandomSampler(cast(Sized, dataset), generator=generator)
            else:
                sampler = SequentialSampler(cast(Sized, dataset))
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(cast(Any, sampler), batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn

        self._length_told: int | None = None
        self._iterator: _BaseDataLoaderIter | None = None
        self._initialized = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def _fetcher(self, dataset: Any) -> Any:
        return fetcher(dataset, self._auto_collation, self.collate_fn, self.drop_last)

    def __iter__(self) -> "_BaseDataLoaderIter":
        if not self.num_workers:
            return _SingleProcessDataLoaderIter(self)
        if not self.persistent_workers:
            return _WorkersDataLoaderIter(self)
        if self._iterator is None:
            self._iterator = _WorkersDataLoaderIter(self)
        else:
            self._iterator.restart()
        return self._iterator

    def __len__(self) -> int:
        if not self._is_stream:
            return len(self._index_sampler)
        n = self._length_told = len(cast(Sized, self.dataset))
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)


class _BaseDataLoaderIter(Iterator[Any]):
    """One pass over a loader's data set."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        _warn_about_pinning(loader)
        self._loader = loader
        self._indices = iter(loader._index_sampler)
        self._base_seed = draw_seed(loader.generator)  # drawn whether or not there are workers to seed
        self._length_told = loader._length_told
        self._num_yielded = 0

    def restart(self) -> None:
        """Begin another pass, with the same workers."""
        self._indices = iter(self._loader._index_sampler)
        self._length_told = self._loader._length_told
        self._num_yielded = 0

    def _next_data(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        data = self._next_data()
        self._num_yielded += 1
        if self._length_told is not None and self._num_yielded > self._length_told:
            self._warn_about_length()
        return data

    def _warn_about_length(self) -> None:
        message = (
            f"Length of IterableDataset {self._loader.dataset} was reported to be {self._length_told}"
            f"(when accessing len(dataloader)), but {self._num_yielded} samples have been fetched. "
        )
        if self._loader.num_workers > 0:
            message += (
                "For multiprocessing data-loading, this could be caused by not properly configuring the "
                "IterableDataset replica at each worker. Please see "
                "https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset for examples."
            )
        warnings.warn(message, stacklevel=3)

    def __len__(self) -> int:
        return len(self._loader._index_sampler)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._source = loader._fetcher(loader.dataset)

    def _next_data(self) -> Any:
        index = next(self._indices)
        batch = self._source.rows(index)
        return self._source.fetch(index) if batch is None else batch


class _WorkersDataLoaderIter(_BaseDataLoaderIter):
    """As with PyTorch's worker processes: batches go round the workers, and the sampler runs ahead of them."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if not loader.prefetch_factor:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        self._ahead = loader.prefetch_factor * loader.num_workers
        self._workers = [
            Worker(i, loader.num_workers, self._base_seed, loader.dataset, loader.worker_init_fn, loader._fetcher)
            for i in range(loader.num_workers)
        ]
        self._begin()

    def restart(self) -> None:
        for worker in self._workers:
            worker.restart()
        self._begin()

    def _begin(self) -> None:
        super().restart()  # PyTorch, too, starts the sampler twice before the first epoch
        self._turns = deque(self._workers)
        self._tasks = deque(islice(self._indices, self._ahead))

    def _next_data(self) -> Any:
        while self._tasks and self._turns:
            task, worker = self._tasks.popleft(), self._turns[0]
            self._turns.rotate(-1)
            try:
                return worker.fetch(task)
            except StopIteration:  # the end of this worker's stream: it gets no more turns
                self._turns.remove(worker)
            finally:
                self._tasks.extend(islice(self._indices, 1))
        raise StopIteration


class _InfiniteConstantSampler(Sampler[None]):
    """The "indices" of a stream."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


_FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}


def _warn_about_pinning(loader: DataLoader[Any]) -> None:
    if not loader.pin_memory:
        return
    if loader.pin_memory_device:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the device,"
            f"ignore pin_memory_device='{loader.pin_memory_device}'.",
            stacklevel=5,
        )
    warnings.warn(
        "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
        stacklevel=5,
    )
