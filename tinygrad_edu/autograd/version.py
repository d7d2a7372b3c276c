"""In-place writes, told apart by when they happened.

PyTorch gives every storage a version counter and compares counters for every saved tensor. Here a write stamps the
storage with the clock that also numbers the nodes. Operations that write nothing pay nothing: the engine looks at
the stamps only for nodes that are older than the latest write.

A storage is the array at the end of the chain of NumPy's ``base``: views and ``detach()`` share it. ``Tensor.data``
gets an array with a ``base`` of its own, so its writes go unnoticed, as in PyTorch.
"""

from __future__ import annotations

import functools
import weakref
from collections import deque
from typing import Any

import numpy as np

from .node import next_sequence_number

_REMEMBERED_WRITES = 64


class _Storage:
    """The writes to one storage: how many, and when the last ones happened."""

    __slots__ = ("producers", "stamps", "version", "watch")

    def __init__(self, watch: weakref.ref[Any]) -> None:
        self.watch, self.version = watch, 0
        self.producers: dict[int, type] = {}
        self.stamps: deque[int] = deque(maxlen=_REMEMBERED_WRITES)


_written: dict[int, _Storage] = {}

LAST_WRITE = [0]
"""The stamp of the latest write to any storage."""


def storage_of(array: np.ndarray) -> np.ndarray:
    """The array that stands for the memory of ``array``."""
    while (base := array.base) is not None:
        if not isinstance(base, np.ndarray):
            base = getattr(base, "base", None)  # NumPy's as_strided puts a holder in between
            if not isinstance(base, np.ndarray):
                break
        array = base
    return array


def stamp_write(*arrays: np.ndarray) -> None:
    """Note that the memory of each of ``arrays`` has been written to."""
    LAST_WRITE[0] = stamp = next_sequence_number()
    for array in arrays:
        root = array if array.base is None else storage_of(array)
        storage = _written.get(id(root))
        if storage is None:
            key = id(root)
            storage = _written[key] = _Storage(weakref.ref(root, functools.partial(_forget, key)))
        storage.version += 1
        storage.stamps.append(stamp)


def count_write(array: np.ndarray) -> None:
    """The same for memory that no graph keeps (a counter): older nodes need not look for the write."""
    before = LAST_WRITE[0]
    stamp_write(array)
    LAST_WRITE[0] = before


def _forget(key: int, watch: Any) -> None:
    _written.pop(key, None)


def first_changed(saved: Any, seq: int) -> tuple[int, np.ndarray] | None:
    """The first array among what a node saved that was written to after the node, numbered ``seq``, was made."""
    for position, value in enumerate(saved):
        if value.__class__ is np.ndarray:
            storage = _written.get(id(value if value.base is None else storage_of(value)))
            if storage is not None and storage.stamps[-1] > seq:
                return position, value
        elif value.__class__ is tuple or value.__class__ is list:
            found = first_changed(value, seq)
            if found is not None:
                return position, found[1]
    return None


def note_producer(tensor: Any) -> None:
    """Remember what kind of node a write made the history of ``tensor``: the errors name it."""
    storage = _written.get(id(storage_of(tensor._array)))
    if storage is not None:
        storage.producers[id(tensor._array)] = type(tensor._node)


def producer_of(array: np.ndarray) -> Any:
    """The class that :func:`note_producer` was told of, for the tensor of this very array."""
    storage = _written.get(id(storage_of(array)))
    return None if storage is None else storage.producers.get(id(array))


def version_of(array: np.ndarray) -> int:
    """How often the memory of ``array`` has been written to in place."""
    storage = _written.get(id(storage_of(array)))
    return 0 if storage is None else storage.version


def writes_since(array: np.ndarray, seq: int) -> int:
    """How many of the writes to the memory of ``array`` are younger than the node numbered ``seq``."""
    storage = _written.get(id(storage_of(array)))
    return 0 if storage is None else sum(stamp > seq for stamp in storage.stamps)
