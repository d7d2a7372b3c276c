"""A loader's workers, played in the calling process.

PyTorch starts `num_workers` processes, gives each a copy of the data set and its own random state, and sends batches
to them in turn. What a batch holds depends on that: on the worker's seed where the data set draws random numbers, on
`get_worker_info()` where a stream divides itself, on `worker_init_fn`. So the same is done here without processes:
each worker has its own random states, which are put in place while it fetches. Same code, same numbers; batches are
made one after the other, and when they are asked for.
"""

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...random import get_rng_state, manual_seed, set_rng_state
from .dataset import Dataset

__all__ = ["WorkerInfo", "get_worker_info"]


@dataclass(frozen=True)
class WorkerInfo:
    """What `get_worker_info` tells: `id`, `num_workers`, `seed`, and the worker's (shallow) copy of the `dataset`."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_current: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The worker in which this code runs; None outside of workers."""
    return _current


class Worker:
    """One of a loader's workers.

    Args:
        id: its number, from 0.
        num_workers: how many there are.
        base_seed: what the loader drew; this worker's seed is `base_seed + id`.
        dataset: the data set, of which the worker gets a copy: what `worker_init_fn` sets there stays there.
        init_fn: `worker_init_fn`, called with `id`.
        make_fetcher: makes the fetcher from the copy.
    """

    def __init__(
        self,
        id: int,
        num_workers: int,
        base_seed: int,
        dataset: Any,
        init_fn: Callable[[int], Any] | None,
        make_fetcher: Callable[[Any], Any],
    ) -> None:
        if isinstance(dataset, Dataset):  # a plain list or array has nothing to set, and its copy is dear
            dataset = copy.copy(dataset)
        self.info = WorkerInfo(id, num_workers, base_seed + id, dataset)
        # NumPy gets other numbers than Python's generator, which is also an MT19937 seeded with `seed`.
        self._numpy_entropy = [id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
        self._states: tuple[Any, Any, Any] | None = None
        self._make_fetcher = make_fetcher
        if init_fn is not None:
            with self._active():
                init_fn(id)
        self.restart()

    def restart(self) -> None:
        """Begin an epoch."""
        with self._active():
            self._fetcher = self._make_fetcher(self.info.dataset)

    def fetch(self, index: Any) -> Any:
        """The batch for an index; StopIteration at the end of a stream."""
        batch = self._fetcher.rows(index)
        if batch is not None:  # nothing was drawn
            return batch
        with self._active():
            return self._fetcher.fetch(index)

    @contextmanager
    def _active(self) -> Iterator[None]:
        """While this holds, `get_worker_info` and all three default random generators are the worker's."""
        global _current
        outer, outer_states = _current, _random_states()
        _current = self.info
        if self._states is None:
            self._seed()
        else:
            _set_random_states(self._states)
        try:
            yield
        finally:
            self._states = _random_states()
            _set_random_states(outer_states)
            _current = outer

    def _seed(self) -> None:
        random.seed(self.info.seed)
        manual_seed(self.info.seed)
        np.random.seed(np.random.SeedSequence(self._numpy_entropy).generate_state(4))


def _random_states() -> tuple[Any, Any, Any]:
    return random.getstate(), np.random.get_state(), get_rng_state()


def _set_random_states(states: tuple[Any, Any, Any]) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])
    set_rng_state(states[2])
