"""Deep copies and pickles of tensors, which keep what PyTorch's keep: strides, and memory that tensors share.

A tensor is written as its storage (the array at the end of NumPy's chain of ``base``) and its place in it. Python's
memo then sees to it that two views of one storage are views of one storage again.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .autograd.version import storage_of
from .tensor import OWN_STATE, Tensor, new_leaf


def on_storage(storage: np.ndarray, dtype: np.dtype[Any], offset: int, shape: Any, strides: Any) -> np.ndarray:
    """The array at ``offset`` (in bytes, as ``strides``) in the memory of ``storage``."""
    flat = storage.reshape(-1, order="A")
    return np.ndarray(shape, dtype, flat, offset, strides)


def place_in_storage(array: np.ndarray) -> tuple[np.ndarray, int] | None:
    """The storage of an array and its offset there in bytes; None if the storage has gaps of its own."""
    storage = storage_of(array)
    if not storage.flags.forc:
        return None
    return storage, array.ctypes.data - storage.ctypes.data if array.size else 0


def deep_copy(tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    """A leaf over a copy of the tensor's storage, with copies of its gradient and attributes, without its hooks."""
    if id(tensor) in memo:
        return memo[id(tensor)]
    made: Tensor = new_leaf(type(tensor), _copied(tensor._array, memo))
    memo[id(tensor)] = made
    made.requires_grad_(tensor.requires_grad)
    if tensor._grad is not None:
        made._grad = copy.deepcopy(tensor._grad, memo)
    for name, value in tensor.__dict__.items():
        if name not in OWN_STATE:
            made.__dict__[name] = copy.deepcopy(value, memo)
    return made


def _copied(array: np.ndarray, memo: dict[int, Any]) -> np.ndarray:
    place = place_in_storage(array)
    if place is None:
        return array.copy(order="K")
    storage, offset = place
    key = id(storage)
    if key not in memo:
        memo[key] = storage.copy(order="K")
        memo.setdefault(id(memo), []).append(storage)  # as copy.deepcopy keeps what it has copied alive
    return memo[key] if array is storage else on_storage(memo[key], array.dtype, offset, array.shape, array.strides)


def reduced(tensor: Tensor) -> Any:
    """What ``copy.copy`` and ``pickle`` make a tensor of: a leaf, even where the original is none."""
    cls = None if type(tensor) is Tensor else type(tensor)  # torch.Tensor cannot be found by its printed name
    state = {name: value for name, value in tensor.__dict__.items() if name not in OWN_STATE} or None
    array = tensor._array
    place = place_in_storage(array)
    if place is None or place[0] is array:
        return _rebuild, (cls, array, tensor.requires_grad), state
    storage, offset = place
    return _rebuild_view, (cls, storage, array.dtype, offset, array.shape, array.strides, tensor.requires_grad), state


def _rebuild(cls: type[Tensor] | None, array: np.ndarray, requires_grad: bool) -> Tensor:
    made: Tensor = new_leaf(cls or Tensor, array)
    return made.requires_grad_(requires_grad)


def _rebuild_view(
    cls: Any, storage: np.ndarray, dtype: Any, offset: int, shape: Any, strides: Any, requires_grad: bool
) -> Tensor:  # fmt: skip
    return _rebuild(cls, on_storage(storage, dtype, offset, shape, strides), requires_grad)
