"""``torch.cuda`` where there is none: questions are answered as PyTorch's CPU build answers them, orders are refused.

What a CPU run of course code calls anyway (seeding, emptying caches, memory counts) does nothing.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

from .amp import GradScaler, autocast

if TYPE_CHECKING:  # much of the module is made in loops

    def __getattr__(name: str) -> Any: ...


_MISSING = "Torch not compiled with CUDA enabled"


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def get_arch_list() -> list[str]:
    """No architecture."""
    return []


def _does_nothing(name: str, result: Any = None) -> Any:
    def function(*args: Any, **kwargs: Any) -> Any:
        return result

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Accepted; there is no device." if result is None else f"{result}: there is no device."
    return function


def _refuses(name: str) -> Any:
    def function(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(_MISSING)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Raises as PyTorch does without CUDA."
    return function


_IGNORED = """
    empty_cache ipc_collect manual_seed manual_seed_all reset_max_memory_allocated reset_peak_memory_stats
"""
_ZERO = """
    max_memory_allocated max_memory_cached max_memory_reserved memory_allocated memory_cached memory_reserved
"""
_REFUSED = """
    current_device current_stream default_stream get_device_capability get_device_name get_device_properties
    get_rng_state init initial_seed mem_get_info memory_stats memory_summary seed seed_all set_device set_rng_state
    synchronize utilization
"""
globals().update({name: _does_nothing(name) for name in _IGNORED.split()})
globals().update({name: _does_nothing(name, 0) for name in _ZERO.split()})
globals().update({name: _refuses(name) for name in _REFUSED.split()})


class _Unavailable:
    """Streams, events and device contexts, which a CPU does not have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"torch.cuda.{type(self).__name__} requires CUDA support")


class Stream(_Unavailable):
    """Raises: there is no CUDA."""


class Event(_Unavailable):
    """Raises: there is no CUDA."""


class device:
    """A context in which a CUDA device is current: refused when it is entered, except for ``device(None)``."""

    def __init__(self, device: Any) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None and self.idx != -1:
            raise RuntimeError("PyTorch was compiled without CUDA support")

    def __exit__(self, *exc: Any) -> None:
        return None


class _TensorType(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"type torch.cuda.{cls.__name__} not available. {_MISSING}.")

    def __instancecheck__(cls, instance: Any) -> bool:
        return False

    def __repr__(cls) -> str:
        return f"<class 'torch.cuda.{cls.__name__}'>"


for _name in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Byte", "Char", "Bool"):
    globals()[f"{_name}Tensor"] = _TensorType(f"{_name}Tensor", (), {"__module__": "torch.cuda"})

amp = types.ModuleType(f"{__name__}.amp", "``torch.cuda.amp``.")
amp.GradScaler, amp.autocast = GradScaler, autocast.for_device("cuda")  # type: ignore[attr-defined]
sys.modules[amp.__name__] = amp
