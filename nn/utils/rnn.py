"""Sequences of different lengths: padded to one length, or packed without padding.

A packed sequence holds the first elements of all sequences, then the second elements of those that have one, and so on:
``batch_sizes`` says how many there are at each step. The sequences are in the order of decreasing length for that.
Source: https://docs.pytorch.org/docs/2.13/nn.html#utility-functions-in-other-modules
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ...autograd.errors import type_name
from ...autograd.runtime import wrap
from ...creation import as_tensor
from ...dtypes import DTYPES
from ...ops import rnn as _rnn
from ...tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class PackedSequence_(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequence_):
    """The data of a batch of sequences without padding; made by :func:`pack_padded_sequence` and :func:`pack_sequence`.

    Attributes:
        data: the elements, of all sequences step by step.
        batch_sizes: how many sequences have an element at each step (int64).
        sorted_indices: how the sequences were ordered by decreasing length, or None if they came so.
        unsorted_indices: the inverse of that.
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequence with its data on a device or in a dtype; itself if it is so already."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequence on a GPU, which raises as in PyTorch where there is none."""
        return type(self)(self.data.cuda(*args, **kwargs), self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequence in the CPU's memory."""
        return self

    def pin_memory(self) -> PackedSequence:
        """As :meth:`Tensor.pin_memory`."""
        return type(self)(self.data.pin_memory(), self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def double(self) -> PackedSequence:
        return self.to(dtype=DTYPES["float64"])

    def float(self) -> PackedSequence:
        return self.to(dtype=DTYPES["float32"])

    def half(self) -> PackedSequence:
        return self.to(dtype=DTYPES["float16"])

    def long(self) -> PackedSequence:
        return self.to(dtype=DTYPES["int64"])

    def int(self) -> PackedSequence:
        return self.to(dtype=DTYPES["int32"])

    def short(self) -> PackedSequence:
        return self.to(dtype=DTYPES["int16"])

    def char(self) -> PackedSequence:
        return self.to(dtype=DTYPES["int8"])

    def byte(self) -> PackedSequence:
        return self.to(dtype=DTYPES["uint8"])

    @property
    def is_cuda(self) -> bool:
        """Whether the data lie on a GPU."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """As :meth:`Tensor.is_pinned`."""
        return self.data.is_pinned()


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes ``permutation``."""
    if permutation is None:
        return None
    inverse = np.empty_like(permutation._array)
    inverse[permutation._array] = np.arange(inverse.size)
    return wrap(inverse)


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch: ``input`` (steps, batch, ...), or (batch, steps, ...) if ``batch_first``.

    Args:
        lengths: the length of each sequence, a tensor or a list.
        enforce_sorted: False if the sequences do not come by decreasing length: they are ordered, and
            :func:`pad_packed_sequence` and the recurrent layers give back their order.
    """
    lengths = lengths.to(DTYPES["int64"]) if isinstance(lengths, Tensor) else as_tensor(lengths, dtype=DTYPES["int64"])
    order = None
    if not enforce_sorted:
        lengths, order = lengths.sort(descending=True)
        input = input.index_select(0 if batch_first else 1, order)
    if lengths.dim() != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.dim()}D cpu "
            f"{lengths.dtype.legacy_name} tensor"
        )
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    padded = input.transpose(0, 1) if batch_first else input
    sizes, batch = lengths._array, padded.size(1)
    if len(sizes) != batch:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(sizes)} (batch_size={batch})")
    if sizes[-1] <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if (sizes[1:] > sizes[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not "
            "need ONNX exportability."
        )
    batch_sizes = (sizes > np.arange(sizes[0])[:, np.newaxis]).sum(1)
    data = _rnn.pack_padded.function(padded, tuple(batch_sizes.tolist()))
    return PackedSequence(data, wrap(batch_sizes), order, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: builtins.float = 0.0,
    total_length: builtins.int | None = None,
) -> tuple[Tensor, Tensor]:
    """The inverse of :func:`pack_padded_sequence`: the padded batch, and the lengths of its sequences.

    ``total_length`` is the number of steps of the result, if it is to be more than that of the longest sequence.
    """
    batch_sizes = sequence.batch_sizes._array
    steps = len(batch_sizes)
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {steps}"
            )
        steps = total_length
    data, batch = sequence.data, builtins.int(batch_sizes[0])
    padded = data.new_full((steps, batch, *data.shape[1:]), padding_value)
    # Steps of equally many sequences are written together.
    changes = [0, *(np.flatnonzero(np.diff(batch_sizes)) + 1).tolist(), len(batch_sizes)]
    row = 0
    for first, last in pairwise(changes):
        n = builtins.int(batch_sizes[first])
        rows = (last - first) * n
        part = padded.narrow(0, first, last - first).narrow(1, 0, n)
        part.copy_(data[row : row + rows].view(last - first, n, *data.shape[1:]))
        row += rows
    if batch_first:
        padded = padded.transpose(0, 1)
    lengths = wrap((batch_sizes[:, np.newaxis] > np.arange(batch)).sum(0))
    if sequence.unsorted_indices is None:
        return padded, lengths
    back = sequence.unsorted_indices
    return padded.index_select(0 if batch_first else 1, back), lengths[back]


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: builtins.float = 0.0, padding_side: str = "right"
) -> Tensor:
    """The sequences, tensors of shape (length, ...), padded to the longest, as (steps, batch, ...).

    Args:
        batch_first: whether the result is (batch, steps, ...).
        padding_side: ``"right"`` or ``"left"``.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    sequences = tuple(sequences)
    for i, each in enumerate(sequences):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type_name(each)}")
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    if not all(each.dim() for each in sequences):
        raise RuntimeError("ArrayRef: invalid slice, N = 1; size = 0")
    steps, batch = max(len(each) for each in sequences), len(sequences)
    shape = (batch, steps) if batch_first else (steps, batch)
    padded = sequences[0].new_full((*shape, *sequences[0].shape[1:]), padding_value)
    for i, each in enumerate(sequences):
        part = slice(0, len(each)) if padding_side == "right" else slice(steps - len(each), steps)
        padded[(i, part) if batch_first else (part, i)].copy_(each)
    return padded


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each with its own length."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    kept = np.arange(padded_sequences.size(1)) < lengths._array[:, np.newaxis]
    return [each[wrap(mask)] for each, mask in zip(padded_sequences, kept, strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack the sequences, tensors of shape (length, ...)."""
    lengths = as_tensor([each.size(0) for each in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The inverse of :func:`pack_sequence`."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
