"""``torch.distributed`` for a group of one process: what course code for several machines calls when it runs on one."""

from __future__ import annotations

import os
from typing import Any

from .tensor import Tensor

__all__ = [
    "ReduceOp", "all_gather", "all_reduce", "barrier", "broadcast", "destroy_process_group", "get_backend", "get_rank",
    "get_world_size", "init_process_group", "is_available", "is_gloo_available", "is_initialized", "is_mpi_available",
    "is_nccl_available", "is_torchelastic_launched", "reduce",
]  # fmt: skip

_group: dict[str, str] = {}


class ReduceOp:
    """How tensors of several processes are combined."""

    SUM, PRODUCT, MIN, MAX, AVG = "SUM", "PRODUCT", "MIN", "MAX", "AVG"


def is_available() -> bool:
    """True."""
    return True


def is_gloo_available() -> bool:
    """True: a group of one needs no connections."""
    return True


def is_nccl_available() -> bool:
    """False: there are no GPUs."""
    return False


def is_mpi_available() -> bool:
    """False."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether ``torchrun`` started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_initialized() -> bool:
    """Whether there is a process group."""
    return bool(_group)


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: Any = None,
    world_size: int = -1,
    rank: int = -1,
    **options: Any,
) -> None:
    """Begin a group of this one process.

    Raises:
        ValueError: there is a group already, or the size is told nowhere (``world_size``, or ``WORLD_SIZE``).
        RuntimeError: the group is to have more than one process, or the backend is for GPUs.
    """
    if _group:
        raise ValueError("trying to initialize the default process group twice!")
    size = world_size if world_size >= 0 else os.environ.get("WORLD_SIZE")
    if size is None:
        raise ValueError("Error initializing torch.distributed using env:// rendezvous: environment variable WORLD_SIZE "
                         "expected, but not set")  # fmt: skip
    if int(size) != 1:
        raise RuntimeError(f"tinygrad_edu runs groups of one process only (world_size is {size})")
    if backend == "nccl":
        raise RuntimeError("Distributed package doesn't have NCCL built in")
    _group["backend"] = backend or "gloo"


def destroy_process_group(group: Any = None) -> None:
    """End the group."""
    _check()
    _group.clear()


def _check() -> None:
    if not _group:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")


def get_backend(group: Any = None) -> str:
    """The backend's name."""
    _check()
    return _group["backend"]


def get_rank(group: Any = None) -> int:
    """0, the number of the only process."""
    _check()
    return 0


def get_world_size(group: Any = None) -> int:
    """1."""
    _check()
    return 1


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> None:
    """Nobody has to be waited for."""
    _check()


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> None:
    """Leaves ``tensor`` as it is: one process's sum, product, minimum, maximum and mean."""
    _check()


def reduce(tensor: Tensor, dst: int = 0, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> None:
    """As :func:`all_reduce`."""
    _check()


def broadcast(tensor: Tensor, src: int = 0, group: Any = None, async_op: bool = False) -> None:
    """Leaves ``tensor`` as it is."""
    _check()


def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> None:
    """Copies ``tensor`` into the one tensor of the list."""
    _check()
    tensor_list[0].copy_(tensor)
