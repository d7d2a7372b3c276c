"""Modules without initial values (https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.skip_init.html)."""

from __future__ import annotations

import inspect
from typing import Any

from ...random import get_rng_state, set_rng_state
from ..module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A module of this class, whose parameters' values are arbitrary; no random numbers are drawn.

    Args:
        module_cls: a class of modules, whose constructor takes ``device``.
        args, kwargs: what else it takes.

    Raises:
        RuntimeError: if it is no such class.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = get_rng_state()
    try:
        return module_cls(*args, **{**kwargs, "device": kwargs.get("device", "cpu")})
    finally:
        set_rng_state(state)
