"""``torch.backends``: libraries that PyTorch may be built with. Their switches are remembered and change nothing."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any


def _backend(name: str, available: bool = False, **switches: Any) -> Any:
    """A module ``torch.backends.name`` with attributes that may be assigned to, importable by its path."""
    module = types.ModuleType(f"{__name__}.{name}", f"``torch.backends.{name}``.")
    module.is_available = lambda: available  # type: ignore[attr-defined]
    module.is_built = lambda: available  # type: ignore[attr-defined]

    @contextlib.contextmanager
    def flags(**settings: Any) -> Iterator[None]:
        before = {key: getattr(module, key) for key in settings}
        vars(module).update(settings)
        try:
            yield
        finally:
            vars(module).update(before)

    module.flags = flags  # type: ignore[attr-defined]
    vars(module).update(switches)
    sys.modules[module.__name__] = module
    return module


_matmul = types.SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)
cudnn = _backend(
    "cudnn", benchmark=False, benchmark_limit=10, deterministic=False, enabled=True, allow_tf32=True,
    version=lambda: None,
)  # fmt: skip
cuda = _backend(
    "cuda", matmul=_matmul, flash_sdp_enabled=lambda: True, math_sdp_enabled=lambda: True,
    enable_flash_sdp=lambda enabled: None, enable_math_sdp=lambda enabled: None, enable_mem_efficient_sdp=lambda
    enabled: None,
)  # fmt: skip
mps = _backend("mps")
mkl = _backend("mkl")
mkldnn = _backend("mkldnn", enabled=True)
openmp = _backend("openmp")
opt_einsum = _backend("opt_einsum", enabled=True)
xnnpack = _backend("xnnpack", enabled=False)
cpu = _backend("cpu", True, get_cpu_capability=lambda: "DEFAULT")
