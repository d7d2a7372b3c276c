"""``torch.accelerator``, ``torch.mps``, ``torch.xpu``, ``torch.cpu``, ``torch.compiler``: small modules of answers."""

from __future__ import annotations

import sys
import types
from typing import Any


def _module(name: str, **members: Any) -> Any:
    """A module ``torch.name`` with these functions, importable by its path."""
    module = types.ModuleType(f"{__package__}.{name}", f"``torch.{name}``.")
    for key, value in members.items():
        setattr(module, key, value if callable(value) else (lambda *args, value=value, **kwargs: value))
    sys.modules[module.__name__] = module
    return module


_NONE: dict[str, Any] = {
    "is_available": False, "device_count": 0, "manual_seed": None, "manual_seed_all": None, "empty_cache": None,
    "synchronize": None,
}  # fmt: skip

accelerator = _module("accelerator", current_accelerator=None, is_available=False, device_count=0, synchronize=None)
mps = _module("mps", **_NONE, current_allocated_memory=0, driver_allocated_memory=0)
xpu = _module("xpu", **_NONE, memory_allocated=0, is_initialized=False)
cpu = _module("cpu", is_available=True, device_count=1, current_device="cpu", synchronize=None, is_initialized=True)
compiler = _module(
    "compiler", is_compiling=False, is_dynamo_compiling=False, is_exporting=False, reset=None,
    disable=lambda fn=None, recursive=True: fn or (lambda f: f), cudagraph_mark_step_begin=None,
)  # fmt: skip
MODULES = {"accelerator": accelerator, "mps": mps, "xpu": xpu, "cpu": cpu, "compiler": compiler}
