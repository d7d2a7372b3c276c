"""Callbacks of ``fit`` (https://keras.io/api/callbacks)."""

from __future__ import annotations

import math
import warnings
from typing import Any

__all__ = ["Callback", "EarlyStopping", "History", "LambdaCallback", "ModelCheckpoint"]


class Callback:
    """The base: every method does nothing. ``self.model`` is the model, ``logs`` what has been measured."""

    model: Any = None

    def set_model(self, model: Any) -> None:
        """Told before training begins."""
        self.model = model

    def on_train_begin(self, logs: Any = None) -> None: ...

    def on_train_end(self, logs: Any = None) -> None: ...

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None: ...

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None: ...

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None: ...

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None: ...


class LambdaCallback(Callback):
    """A callback of functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: ...)``."""

    def __init__(self, **functions: Any) -> None:
        for name, function in functions.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise TypeError(f"A callback has no method {name!r}.")
            setattr(self, name, function)


class History(Callback):
    """What ``fit`` returns: ``history["loss"]`` is a list with a number for each epoch, ``epoch`` the epochs' numbers."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class _Monitor(Callback):
    """Watches whether a measured number gets better; accuracies are to grow, everything else to fall."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"`mode` must be 'auto', 'min' or 'max'. Received: {mode!r}")
        grows = mode == "max" or (mode == "auto" and any(word in monitor for word in ("acc", "auc")))
        self.monitor, self.sign, self.min_delta = monitor, 1 if grows else -1, abs(min_delta)

    def current(self, logs: Any) -> float | None:
        """The number of this epoch; None, and a warning, if it is not measured."""
        if self.monitor in (logs or {}):
            return float(logs[self.monitor])
        known = ",".join(logs or {})
        warnings.warn(
            f"{type(self).__name__} conditioned on metric `{self.monitor}` which is not available. "
            f"Available metrics are: {known}",
            stacklevel=2,
        )
        return None

    def better(self, value: float, best: float) -> bool:
        return self.sign * value > self.sign * best + self.min_delta

    @property
    def worst(self) -> float:
        return -self.sign * math.inf


class EarlyStopping(_Monitor):
    """Stop when a number has not got better for ``patience`` epochs.

    Args:
        monitor: its name.
        min_delta: what counts as better.
        patience: how many epochs without are suffered.
        mode: "min", "max", or "auto" by the name.
        baseline: what must be beaten from the start.
        restore_best_weights: whether the model goes back to its best epoch in the end.
        start_from_epoch: how many epochs are waited before anything is watched.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.stopped_epoch = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best, self.best_weights = self.worst, None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = self.current(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(_Monitor):
    """Save the weights after every epoch, or after those that are the best so far.

    Args:
        filepath: where, with the epoch and the measured numbers as fields: ``"{epoch:02d}-{val_loss:.2f}.pt"``.
        save_best_only: whether worse epochs are left out.
        monitor, mode: what is compared, and how.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = True,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode)
        if not save_weights_only:
            raise ValueError("Only weights are saved: a file never holds code. Make the model anew and load_weights().")
        self.filepath, self.verbose, self.save_best_only = str(filepath), verbose, save_best_only
        self.best = self.worst

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        told = f"\nEpoch {epoch + 1}: saving model to {path}"
        if self.save_best_only:
            value = self.current(logs)
            if value is None:
                return
            if not self.better(value, self.best):
                if self.verbose:
                    print(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                return
            verb = f"improved from {self.best:.5f} to {value:.5f}"
            told = f"\nEpoch {epoch + 1}: {self.monitor} {verb}, saving model to {path}"
            self.best = value
        if self.verbose:
            print(told)
        self.model.save_weights(path)
