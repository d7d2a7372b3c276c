"""A number for every axis, or one for each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def ntuple(value: Any, n: int) -> tuple[Any, ...]:
    """``n`` times a number; a sequence as a tuple."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * n
