"""From a list of samples to one batch: `default_collate`, and `default_convert` for single samples."""

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...creation import as_tensor, tensor
from ...dtypes import float64
from ...ops.joining import stack
from ...tensor import Tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

CollateMap = dict[Any, Callable[..., Any]]

_MESSAGE = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def default_convert(data: Any) -> Any:
    """Turn NumPy arrays and scalars into tensors, also inside of mappings and sequences; leave the rest as it is.

    This is a loader's `collate_fn` when it does not batch.

    Example:
        >>> default_convert([np.array([0, 1]), "a"])
        [tensor([0, 1]), 'a']
    """
    if isinstance(data, Tensor):
        return data
    if type(data).__module__ == "numpy" and not isinstance(data, np.str_):
        return data if isinstance(data, np.ndarray) and _holds_objects(data) else as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if _is_namedtuple(data):
        return type(data)(*(default_convert(item) for item in data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(item) for item in data])
    return data


def default_collate(batch: Any) -> Any:
    """Turn a list of samples into one batch; the samples' form is kept.

    ====================================  ===========================================
    samples are                           the batch is
    ====================================  ===========================================
    tensors, NumPy arrays                 their stack, with a new first dimension
    NumPy scalars                         a tensor of their dtype
    `float`                               a float64 tensor
    `int`, `bool`                         an int64, or a bool, tensor
    `str`, `bytes`                        the list itself
    mappings                              a mapping of batches
    named tuples                          a named tuple of batches
    tuples                                a list of batches
    other sequences                       a sequence of batches
    ====================================  ===========================================

    Raises:
        TypeError: samples of another kind.
        RuntimeError: tensors of unequal shapes, or sequences of unequal lengths.

    Example:
        >>> default_collate([{"a": 0, "b": 1}, {"a": 100, "b": 100}])
        {'a': tensor([  0, 100]), 'b': tensor([  1, 100])}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Collate by a map from types to functions `f(batch, *, collate_fn_map)`; mappings and sequences go item-wise.

    Args:
        batch: the list of samples, all alike: the first one decides.
        collate_fn_map: an exact type is looked up first, then the first key of which a sample is an instance.

    Raises:
        TypeError: samples of a kind that is neither in the map nor a mapping nor a sequence.
        RuntimeError: sequences of unequal lengths.
    """
    first = batch[0]
    function = _function_for(first, collate_fn_map or {})
    if function is not None:
        return function(batch, collate_fn_map=collate_fn_map)

    def of_items(columns: Any) -> list[Any]:
        return [collate(column, collate_fn_map=collate_fn_map) for column in columns]

    if isinstance(first, Mapping):
        columns = ([sample[key] for sample in batch] for key in first)
        return _like_mapping(first, dict(zip(first, of_items(columns), strict=True)))
    if _is_namedtuple(first):
        return type(first)(*of_items(zip(*batch, strict=False)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return _like_sequence(first, of_items(zip(*batch, strict=True)))
    raise TypeError(_MESSAGE.format(type(first)))


def _function_for(sample: Any, functions: CollateMap) -> Callable[..., Any] | None:
    exact = functions.get(type(sample))
    if exact is not None:
        return exact
    return next((function for kind, function in functions.items() if isinstance(sample, kind)), None)


def collate_tensor_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Stack tensors."""
    return stack(batch, 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Turn arrays into tensors, and collate these."""
    if _holds_objects(batch[0]):
        raise TypeError(_MESSAGE.format(batch[0].dtype))
    return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Make one tensor of the scalars' dtype."""
    return as_tensor(batch)


def collate_float_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Make one float64 tensor: a Python float has that precision."""
    return tensor(batch, dtype=float64)


def collate_int_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Make one integer, or bool, tensor."""
    return tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Leave strings as they are."""
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,  # np.float64 is a float: so this stands first
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}
_PRISTINE = default_collate_fn_map.copy()


def stacks_rows(collate_fn: Any) -> bool:
    """Whether `collate_fn` is `default_collate` and nobody has extended its map."""
    return collate_fn is default_collate and default_collate_fn_map == _PRISTINE


def _holds_objects(array: np.ndarray) -> bool:
    """Strings and objects, in PyTorch's terms: `[SaUO]` in the code of the dtype."""
    return array.dtype.kind in "SUO"


def _is_namedtuple(data: Any) -> bool:
    return isinstance(data, tuple) and hasattr(data, "_fields")


def _like_mapping(mapping: Any, items: dict[Any, Any]) -> Any:
    """The items in a mapping of the same type where that can be made."""
    try:
        if isinstance(mapping, MutableMapping):
            clone = copy.copy(mapping)  # keeps what the type holds besides its items
            clone.update(items)
            return clone
        return type(mapping)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _like_sequence(sequence: Any, items: list[Any]) -> Any:
    """The items in a sequence of the same type where that can be made; a tuple becomes a list, as in PyTorch."""
    if isinstance(sequence, tuple):
        return items
    try:
        if isinstance(sequence, MutableSequence):
            clone = copy.copy(sequence)
            for i, item in enumerate(items):
                clone[i] = item
            return clone
        return type(sequence)(items)  # type: ignore[call-arg]
    except TypeError:
        return items
