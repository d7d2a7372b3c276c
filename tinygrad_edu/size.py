"""``torch.Size``: the shape of a tensor, a tuple of integers that stays a Size when it is sliced or joined."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any, SupportsIndex

__all__ = ["Size"]


class Size(tuple[int, ...]):
    """The shape of a tensor, ``torch.Size([2, 3])``.

    Takes an iterable of integers, or of what can stand for one (NumPy integers, integer tensors of one element).
    A float or any other item is a TypeError, an integer beyond 64 bits a ValueError. A caller that holds a valid shape,
    such as ``array.shape``, spares the check with ``tuple.__new__(Size, array.shape)``.

    See https://docs.pytorch.org/docs/stable/size.html
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[SupportsIndex] = (), /) -> Size:
        return tuple.__new__(cls, [_length(item, position) for position, item in enumerate(sizes)])

    def numel(self) -> int:
        """Return the number of elements of a tensor of this shape: the product, 1 for no dimensions."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return tuple.__new__(Size, item) if type(item) is tuple else item

    def __add__(self, other: Any) -> Any:
        if isinstance(other, tuple):
            return Size(tuple(self) + other)
        if hasattr(other, "__radd__"):  # a number, an array: its word, or Python's
            return NotImplemented
        raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")

    def __radd__(self, other: Any) -> Any:
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: Any) -> Any:
        return tuple.__new__(Size, tuple.__mul__(self, times))

    __rmul__ = __mul__


def _length(item: Any, position: int) -> int:
    """Return ``item``, found at ``position``, as the int that it stands for."""
    try:
        length = operator.index(item)
    except TypeError:
        received = f"item {position} is {type(item).__name__!r}"
        raise TypeError(f"torch.Size() takes an iterable of 'int' ({received})") from None
    if not -(2**63) <= length < 2**63:
        raise ValueError("Overflow when unpacking long long")
    return length
