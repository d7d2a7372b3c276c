"""``torch.amp``: automatic mixed precision, which NumPy lacks. Code that uses it runs in full precision."""

from __future__ import annotations

import functools
import warnings
from typing import Any

__all__ = ["GradScaler", "autocast"]


class autocast:
    """A context manager and decorator inside which everything is computed in the dtypes that it has anyway."""

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:  # fmt: skip
        self.device = device_type
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if enabled and device_type == "cuda":
            warnings.warn(
                "User provided device_type of 'cuda', but CUDA is not available. Disabling", UserWarning, stacklevel=2
            )

    @staticmethod
    def for_device(device_type: str) -> Any:
        """``autocast`` of one device type, as in ``torch.cuda.amp``."""
        return functools.partial(_autocast_on, device_type)

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exc: Any) -> None:
        return None

    def __call__(self, func: Any) -> Any:
        return func


def _autocast_on(device_type: str, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> autocast:
    return autocast(device_type, dtype, enabled, cache_enabled)


class GradScaler:
    """Scales nothing: losses keep their values, ``step`` steps."""

    def __init__(
        self, device: str = "cuda", init_scale: float = 65536.0, growth_factor: float = 2.0, backoff_factor: float =
        0.5, growth_interval: int = 2000, enabled: bool = True
    ) -> None:  # fmt: skip
        if enabled and device == "cuda":
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  "
                "Disabling.", UserWarning, stacklevel=2
            )

    def scale(self, outputs: Any) -> Any:
        """The losses themselves."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing was scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """There is no scale to update."""

    def is_enabled(self) -> bool:
        """False."""
        return False

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to load."""
