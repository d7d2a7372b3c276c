"""``out=`` for functions that are made of several operations."""

from __future__ import annotations

import functools
import types
from typing import Any

from ..autograd.runtime import write_out


def with_out(function: Any) -> Any:
    """``function``, whose argument ``out`` gets the result if it is given; the function itself may ignore it."""
    named = types.SimpleNamespace(public=function.__name__)

    @functools.wraps(function)
    def run(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return result if out is None else write_out(named, out, result._array, (result._node,))

    return run
