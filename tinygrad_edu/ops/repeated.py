"""Adding at indices that may repeat: what reading by index means backwards."""

from __future__ import annotations

import numpy as np


def add_at(target, index, values):
    """``target[index] += values`` where indices may repeat.

    ``np.add.at`` is slow. A mask does not repeat; rows are sorted and their runs reduced; else every element's position in
    memory is looked up and the values are counted there.
    """
    if isinstance(index, tuple) and len(index) == 1:
        index = index[0]
    if isinstance(index, np.ndarray):
        if index.dtype == bool:
            target[index] += values
        else:
            _add_rows(target, index, values)
        return
    positions = np.arange(target.size).reshape(target.shape)[index]
    add_at_positions(target, positions, np.broadcast_to(values, positions.shape))


def _add_rows(target, index, values):
    rows = np.broadcast_to(values, (*index.shape, *target.shape[1:])).reshape(index.size, *target.shape[1:])
    if not index.size:
        return
    flat = index.reshape(-1) % target.shape[0]
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    if len(starts) == len(flat):
        target[flat] += rows
    else:
        target[ordered[starts]] += np.add.reduceat(rows[order], starts, axis=0)


def add_at_positions(target, positions, values):
    """Add ``values`` at ``positions`` among the elements of ``target``, which is contiguous."""
    flat = target.reshape(-1)
    if target.dtype.kind == "f" and positions.size * 8 > flat.size:
        sums = np.bincount(positions.reshape(-1), values.reshape(-1), flat.size)
        flat += sums.astype(flat.dtype)
    else:
        np.add.at(flat, positions, values)
