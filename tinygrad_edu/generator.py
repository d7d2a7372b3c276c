"""Generators of random numbers: their seeds and states."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .autograd.runtime import wrap
from .dtypes import CPU, device, require_cpu
from .rng import DEFAULT_SEED, Engine
from .tensor import Tensor


class Generator:
    """A stream of random numbers of its own. Copies and pickles continue where the original stands."""

    __slots__ = ("__weakref__", "_engine")

    def __init__(self, device: Any = "cpu") -> None:
        require_cpu(device)
        self._engine = Engine(DEFAULT_SEED)

    @property
    def device(self) -> device:
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream from ``seed``, in [-2^63, 2^64)."""
        self._engine.manual_seed(seed)
        return self

    def seed(self) -> int:
        """Restart the stream from a seed that the operating system draws, and return that seed."""
        return self._engine.seed()

    def initial_seed(self) -> int:
        """The seed from which the stream started."""
        return self._engine.initial_seed()

    def get_state(self) -> Tensor:
        """The state of the stream: PyTorch's 5056 bytes."""
        return wrap(self._engine.get_state())

    def set_state(self, new_state: Tensor) -> Generator:
        """Continue from a state of :meth:`get_state`, ours or PyTorch's."""
        self._engine.set_state(new_state._array if isinstance(new_state, Tensor) else new_state)
        return self

    def clone_state(self) -> Generator:
        """A new generator that continues as this one would."""
        return Generator().set_state(self.get_state())

    def get_offset(self) -> int:
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int) -> Generator:
        raise RuntimeError("CPU Generator does not use offset")

    def __reduce__(self) -> Any:
        return Generator, (CPU,), (self.initial_seed(), None, self.get_state())

    def __setstate__(self, state: tuple[int, None, Tensor]) -> None:
        self.set_state(state[2])


default_generator = Generator()
"""What draws where no generator is given."""


def manual_seed(seed: Any) -> Generator:
    """Restart the default generator from ``int(seed)``, in [-2^63, 2^64), and return it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restart the default generator from a seed that the operating system draws, and return that seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed from which the default generator started."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state, a ByteTensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default generator from a state of :func:`get_rng_state`."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, _caller: str = "fork_rng", _devices_kw: str = "devices", device_type: Any = None
) -> Iterator[None]:
    """Leave the default generator after the block as it was before. ``devices`` are other devices; here is only the CPU."""
    if device_type is not None:
        device(device_type)
    if not enabled or device_type == "meta":
        yield
        return
    before = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(before)
