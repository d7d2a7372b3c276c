"""Switches of PyTorch's that choose among kernels, threads and compilers. Most have nothing to switch here.

They are remembered, and answer when asked, so that course code runs unchanged.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from .autograd.errors import type_name
from .tensor import Tensor

__all__ = [
    "are_deterministic_algorithms_enabled", "compile", "compiled_with_cxx11_abi", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_storage", "is_warn_always_enabled",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_num_threads", "set_warn_always", "typename", "use_deterministic_algorithms",
]  # fmt: skip

_state: dict[str, Any] = {"deterministic": 0, "matmul_precision": "highest", "warn_always": False}

# ---- what something is ---------------------------------------------------------------------------------------------


def typename(obj: Any, /) -> str:
    """The name of a value's type: ``torch.FloatTensor`` for a tensor, else with its module."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) or hasattr(obj, "__qualname__") else type(obj)
    name = getattr(kind, "__qualname__", "") or kind.__name__
    module = (getattr(kind, "__module__", "") or "").replace(__package__ or "tinygrad_edu", "torch", 1)
    return name if module in ("", "builtins") else f"{module}.{name}"


def is_storage(obj: Any, /) -> bool:
    """Whether ``obj`` is a storage."""
    from .storage import TypedStorage, UntypedStorage

    return isinstance(obj, (TypedStorage, UntypedStorage))


def compiled_with_cxx11_abi() -> bool:
    """True, as PyTorch's builds answer."""
    return True


# ---- determinism ---------------------------------------------------------------------------------------------------


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Everything here is deterministic already."""
    _state["deterministic"] = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """What :func:`use_deterministic_algorithms` was last told."""
    return _state["deterministic"] > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether :func:`use_deterministic_algorithms` was told only to warn."""
    return _state["deterministic"] == 1


def get_deterministic_debug_mode() -> int:
    """0 (default), 1 (warn) or 2 (error)."""
    return _state["deterministic"]


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """The same as :func:`use_deterministic_algorithms`: "default", "warn", "error", or 0, 1, 2."""
    modes: dict[Any, int] = {"default": 0, "warn": 1, "error": 2, 0: 0, 1: 1, 2: 2}
    if debug_mode not in modes:
        raise RuntimeError(
            f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            if isinstance(debug_mode, str)
            else f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}"
        )
    _state["deterministic"] = modes[debug_mode]


# ---- precision -----------------------------------------------------------------------------------------------------


def get_float32_matmul_precision() -> str:
    """What :func:`set_float32_matmul_precision` was last told."""
    return _state["matmul_precision"]


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted; products of float32 matrices are computed in float32 whatever is asked."""
    if precision in ("highest", "high", "medium"):
        _state["matmul_precision"] = precision
    else:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the currentsetFloat32MatmulPrecision call has "
            "no effect.",
            UserWarning,
            stacklevel=2,
        )


def set_flush_denormal(mode: bool) -> bool:
    """False: not supported on this system. (Told to leave them alone, it has nothing to do and answers True.)"""
    return not mode


# ---- threads -------------------------------------------------------------------------------------------------------


def _thread_pools() -> Any:
    """The module ``threadpoolctl``, which reaches NumPy's BLAS, or None where it is not installed."""
    try:
        import threadpoolctl  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return None
    return threadpoolctl


def get_num_threads() -> int:
    """How many threads NumPy's BLAS uses (as far as ``threadpoolctl`` can tell)."""
    pools = _thread_pools()
    counts = [pool["num_threads"] for pool in pools.threadpool_info()] if pools else []
    return max(counts, default=_state.get("threads", os.cpu_count() or 1))


def set_num_threads(num: int, /) -> None:
    """How many threads NumPy's BLAS may use. Takes effect where ``threadpoolctl`` is installed."""
    _state["threads"] = _positive(num, "set_num_threads")
    pools = _thread_pools()
    if pools is not None:
        _state["limits"] = pools.threadpool_limits(num)


def get_num_interop_threads() -> int:
    """1 unless told otherwise: one operation runs at a time."""
    return _state.get("interop_threads", 1)


def set_num_interop_threads(num: int, /) -> None:
    """Accepted; one operation runs at a time."""
    _state["interop_threads"] = _positive(num, "set_num_interop_threads")


def _positive(num: Any, caller: str) -> int:
    if not isinstance(num, int) or isinstance(num, bool):
        raise RuntimeError(f"{caller} expects an int, but got {type_name(num)}")
    if num < 1:
        raise RuntimeError(f"{caller} expects a positive integer")
    return num


# ---- warnings, compilation -----------------------------------------------------------------------------------------


def set_warn_always(b: bool, /) -> None:
    """Remembered. Python's ``warnings`` filters decide how often a warning is shown."""
    _state["warn_always"] = b


def is_warn_always_enabled() -> bool:
    """What :func:`set_warn_always` was last told."""
    return _state["warn_always"]


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None, backend: Any = "inductor", mode: str |
    None = None, options: Any = None, disable: bool = False
) -> Any:  # fmt: skip
    """The model or function itself: there is nothing to compile it to. Also a decorator, with or without arguments."""
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    return (lambda function: function) if model is None else model
