"""Averages of a model's parameters along its way (https://docs.pytorch.org/docs/2.13/optim.html#weight-averaging-swa-and-ema)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from ..autograd.grad_mode import no_grad
from ..creation import tensor
from ..dtypes import int64
from ..nn.batchnorm import _BatchNorm
from ..nn.module import Module
from ..tensor import Tensor
from .optimizer import Optimizer
from .schedule import LRScheduler, for_each_group

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_swa_avg_fn() -> Callable[..., Any]:
    """The plain average of all models: ``average + (param - average) / (n + 1)``."""

    @no_grad()
    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """The exponential moving average: ``decay * average + (1 - decay) * param``."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """:func:`get_swa_avg_fn` for lists of parameters, in place."""
    return _for_lists(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """:func:`get_ema_avg_fn` for lists of parameters, in place."""
    return _for_lists(get_ema_avg_fn(decay))


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _for_lists(average: Callable[..., Any]) -> Callable[..., None]:
    def update(averaged_params: Any, current_params: Any, num_averaged: Any) -> None:
        for averaged, current in zip(averaged_params, current_params, strict=True):
            averaged.copy_(average(averaged, current, num_averaged))

    return update


class AveragedModel(Module):
    """A copy of a model whose parameters are the average of those it has been shown.

    Args:
        model: the model; it is copied.
        device: where the copy is.
        avg_fn: a function of the average, a parameter and how many were averaged; the plain average if None.
        multi_avg_fn: a function of lists of averages and parameters that works in place, instead.
        use_buffers: whether buffers are averaged too; otherwise they are copied.

    Source: Izmailov et al., "Averaging weights leads to wider optima and better generalization" (2018),
    https://arxiv.org/abs/1803.05407; https://docs.pytorch.org/docs/2.13/generated/torch.optim.swa_utils.AveragedModel.html
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[..., Any] | None = None,
        multi_avg_fn: Callable[..., None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take another model into the average."""

        def averaged_in(module: Module) -> list[Tensor]:
            buffers = module.buffers() if self.use_buffers else ()
            return [each.detach() for each in itertools.chain(module.parameters(), buffers)]

        averages, currents = averaged_in(self.module), averaged_in(model)
        if self.n_averaged == 0:
            for average, current in zip(averages, currents, strict=True):
                average.copy_(current)
        elif self.multi_avg_fn is not None:
            self.multi_avg_fn(averages, currents, self.n_averaged)
        else:
            _for_lists(self.avg_fn or get_swa_avg_fn())(averages, currents, self.n_averaged)
        if not self.use_buffers:
            for ours, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
                ours.detach().copy_(theirs.detach())
        self.n_averaged += 1


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of batch normalisation anew from a data set.

    Args:
        loader: batches; of tuples and lists the first is the input.
        model: the model, which has its own mode again afterwards.
        device: where the inputs go.
    """
    layers = [each for each in model.modules() if isinstance(each, _BatchNorm)]
    if not layers:
        return
    momenta, was_training = [each.momentum for each in layers], model.training
    model.train()
    for each in layers:
        each.reset_running_stats()
        each.momentum = None
    for batch in loader:
        input = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(input if device is None else input.to(device))
    for each, momentum in zip(layers, momenta, strict=True):
        each.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the present learning rate to ``swa_lr`` in ``anneal_epochs``, and then constant.

    Args:
        optimizer: the optimiser.
        swa_lr: the last learning rate, for all groups or each.
        anneal_epochs: how many epochs it takes.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: the number of steps done, when training goes on.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.optim.swa_utils.SWALR.html
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for lr, group in zip(for_each_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        """How much of the last learning rate there is at a step."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        lrs = []
        for group in self.optimizer.param_groups:
            last = group["swa_lr"]
            first = last if before == 1 else (group["lr"] - before * last) / (1 - before)
            lrs.append(last * now + first * (1 - now))
        return lrs
