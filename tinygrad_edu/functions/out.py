"""``out=`` for functions that are made of several operations."""

from __future__ import annotations

import functools
import types
from typing import Any

from ..autograd.errors import c_name
from ..autograd.runtime import write_out


def with_out(function: Any) -> Any:
    """``function``, whose argument ``out`` gets the result if it is given; the function itself may ignore it."""
    name = function.__name__

    @functools.wraps(function)
    def run(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return result if out is None else put_out(name, out, result)

    return run


def put_out(name: str, out: Any, result: Any) -> Any:
    """Put a result, or each of several (a named tuple), into the tensors given as ``out``."""
    named = types.SimpleNamespace(public=name.removeprefix("linalg_"))
    if not isinstance(result, tuple):
        return write_out(named, out, result._array, (result._node,))
    if not isinstance(out, (tuple, list)) or len(out) != len(result):
        raise TypeError(f"{named.public}(): argument 'out' must be tuple of Tensors, not {type(out).__name__}")
    pairs = list(zip(out, result, strict=True))
    for target, each in pairs:
        if isinstance(target, type(each)) and target._array.dtype != each._array.dtype:
            expected, given = c_name(each._array.dtype), c_name(target._array.dtype)
            raise RuntimeError(f"Expected out tensor to have dtype {expected}, but got {given} instead")
    written: Any = type(result)
    return written(tuple(write_out(named, target, each._array, (each._node,)) for target, each in pairs))
