"""Automatic differentiation: ``backward``, ``grad``, and the switches around them.

Most names are imported when they are first used: they stand on Tensor, which stands on this package.
"""

from __future__ import annotations

import importlib
from typing import Any

from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .gradcheck import gradcheck, gradgradcheck
from .variable import Variable, variable

__all__ = [
    "Function", "Variable", "backward", "detect_anomaly", "enable_grad", "functional", "grad", "gradcheck",
    "gradgradcheck", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_detect_anomaly",
    "set_grad_enabled", "variable",
]  # fmt: skip

# ``gradcheck`` and ``variable`` are functions here and modules too (``from torch.autograd.gradcheck import ...``), as
# in PyTorch. They are imported at once, so that no later import of the module puts it in the function's place.
_HOMES = {
    "Function": "function", "backward": "passes", "grad": "passes", "detect_anomaly": "anomaly_mode",
    "is_anomaly_check_nan_enabled": "anomaly_mode", "is_anomaly_enabled": "anomaly_mode",
    "set_anomaly_enabled": "anomaly_mode", "set_detect_anomaly": "anomaly_mode",
}  # fmt: skip
_SUBMODULES = frozenset(["anomaly_mode", "function", "functional", "graph"])


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_SUBMODULES})
