"""Fetching the batch that belongs to an index, or to a list of indices."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor import Tensor, wrap
from .collate import stacks_rows
from .dataset import IterableDataset, Subset, TensorDataset, samples

_PLAIN_INDICES = ({int}, {np.int64})


def fetcher(dataset: Any, in_batches: bool, collate_fn: Callable[..., Any], drop_last: bool) -> Any:
    """The fetcher for this kind of data set."""
    if isinstance(dataset, IterableDataset):
        return StreamFetcher(dataset, in_batches, collate_fn, drop_last)
    return MapFetcher(dataset, in_batches, collate_fn)


class MapFetcher:
    """Fetches from a data set that has keys."""

    def __init__(self, dataset: Any, in_batches: bool, collate_fn: Callable[..., Any]) -> None:
        self.dataset = dataset
        self.in_batches = in_batches
        self.collate_fn = collate_fn
        self.stacks_rows = in_batches and stacks_rows(collate_fn)

    def fetch(self, index: Any) -> Any:
        return self.collate_fn(samples(self.dataset, index) if self.in_batches else self.dataset[index])

    def rows(self, index: Any) -> list[Tensor] | None:
        """What `fetch` returns, taken from the tensors at once; None where only `fetch` knows."""
        return take_rows(self.dataset, index) if self.stacks_rows else None


class StreamFetcher:
    """Fetches from a data set that is a stream; StopIteration at its end."""

    def __init__(
        self, dataset: IterableDataset[Any], in_batches: bool, collate_fn: Callable[..., Any], drop_last: bool
    ) -> None:
        self.stream = iter(dataset)
        self.in_batches = in_batches
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.ended = False

    def fetch(self, index: Any) -> Any:
        if self.ended:
            raise StopIteration
        if not self.in_batches:
            return self.collate_fn(next(self.stream))
        batch = []
        for _ in index:
            try:
                batch.append(next(self.stream))
            except StopIteration:
                self.ended = True
                break
        if not batch or (self.drop_last and self.ended):
            raise StopIteration
        return self.collate_fn(batch)

    def rows(self, index: Any) -> None:
        return None


def take_rows(dataset: Any, indices: Any) -> list[Tensor] | None:
    """The default batch of a `TensorDataset`, or of a `Subset` of one, by one selection from each tensor.

    None means that samples must be fetched and collated one by one: for other data sets, subclasses with their own
    `__getitem__`, tensors with a gradient (the graph shows their stacking), indices that are not plain integers or
    out of range (the general way raises its error).
    """
    kind = type(dataset)
    if isinstance(dataset, Subset) and kind.__getitems__ is Subset.__getitems__:
        return take_rows(dataset.dataset, [dataset.indices[i] for i in indices])
    if (
        getattr(kind, "__getitem__", None) is not TensorDataset.__getitem__
        or getattr(dataset, "__getitems__", None)
        or set(map(type, indices)) not in _PLAIN_INDICES
        or any(type(tensor) is not Tensor or tensor.requires_grad for tensor in dataset.tensors)
    ):
        return None
    index = np.array(indices)
    try:
        return [wrap(_take(tensor._array, index)) for tensor in dataset.tensors]
    except IndexError:
        return None


def _take(array: np.ndarray, index: np.ndarray) -> np.ndarray:
    """`array[index]` in C order, as stacking makes it: `take` is the fastest, but copies all of a strided array."""
    return array.take(index, 0) if array.flags.c_contiguous else np.ascontiguousarray(array[index])
