"""Keras's progress line."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

__all__ = ["Progress"]

_WIDTH = 30


class Progress:
    """One epoch's line: ``32/32 [====...] - 0s 1ms/step - loss: 0.0819``.

    Args:
        steps: how many batches there are.
        verbose: 0 silent, 1 a bar (which moves where there is a terminal), 2 one line at the end.
    """

    def __init__(self, steps: int, verbose: int) -> None:
        self.steps, self.verbose = steps, verbose
        self.start = self.shown = time.monotonic()
        self.moves = verbose == 1 and sys.stdout.isatty()

    def step(self, done: int, logs: Mapping[str, float]) -> None:
        """A batch is done; draw the bar at most twenty times a second."""
        now = time.monotonic()
        if self.moves and done < self.steps and now - self.shown >= 0.05:
            self.shown = now
            left = (now - self.start) / done * (self.steps - done)
            print(f"\r{self._bar(done)} - ETA: {_duration(left)}{_numbers(logs)}\x1b[K", end="", flush=True)

    def finish(self, logs: Mapping[str, float]) -> None:
        """The epoch is done."""
        if not self.verbose:
            return
        seconds = time.monotonic() - self.start
        start = "\r" if self.moves else ""
        if self.verbose == 2:
            print(f"{self.steps}/{self.steps} - {_duration(seconds)}{_numbers(logs)}")
        else:
            per_step = _per_step(seconds / max(1, self.steps))
            end = "\x1b[K" if self.moves else ""
            print(f"{start}{self._bar(self.steps)} - {_duration(seconds)} {per_step}{_numbers(logs)}{end}")

    def _bar(self, done: int) -> str:
        counted = f"{done:{len(str(self.steps))}d}/{self.steps}"
        filled = int(_WIDTH * done / max(1, self.steps))
        if done >= self.steps:
            return f"{counted} [{'=' * _WIDTH}]"
        return f"{counted} [{('=' * max(0, filled - 1) + '>' if filled else '').ljust(_WIDTH, '.')}]"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest}s"


def _per_step(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


def _numbers(logs: Mapping[str, float]) -> str:
    return "".join(f" - {name}: {value:.{'4f' if abs(value) > 1e-3 else '4e'}}" for name, value in logs.items())
