"""``nn.DataParallel`` and ``nn.parallel``: without GPUs there is one replica, the module itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .module import Module

__all__ = ["DataParallel", "DistributedDataParallel"]


class DataParallel(Module):
    """Runs its ``module``, whose parameters have the prefix ``module.`` in its state dict.

    Args:
        module: what is run.
        device_ids, output_device: GPUs, of which there are none.
        dim: the dimension along which GPUs would divide the batch.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.DataParallel.html
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Runs its ``module``, in the one process of the group that ``distributed.init_process_group`` makes.

    Args:
        module: what is run; it must have a parameter that requires a gradient.
        device_ids, output_device: None on a CPU.
        options: accepted.

    Raises:
        ValueError: before there is a process group.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.parallel.DistributedDataParallel.html
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, **options: Any) -> None:
        from ..distributed import get_rank

        super().__init__()
        get_rank()  # raises where there is no group
        if not any(param.requires_grad for param in module.parameters()):
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter that requires a gradient."
            )
        self.module = module
        self.device_ids = device_ids
        self.require_backward_grad_sync = True

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """There is nobody to exchange gradients with."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before
