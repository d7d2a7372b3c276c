"""Anomaly detection: which line of the forward pass made the node whose backward failed or returned nan.

While it is on, an observer keeps the stack of every node that is made, and a recorder looks at every gradient. While it
is off, nothing of this exists.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from contextvars import ContextVar
from typing import Any

import numpy as np

from .engine import RECORDERS, Recorder
from .grad_mode import OBSERVERS, Observer, observe, unobserve

__all__ = [
    "detect_anomaly",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "set_anomaly_enabled",
    "set_detect_anomaly",
]

_HERE = os.path.dirname(__file__)

_running: ContextVar[Any] = ContextVar("anomaly_running", default=None)
"""The node whose backward runs: nodes that are made meanwhile (``create_graph``) were induced by it."""


class _Tracer(Observer):
    """Notes where nodes are made."""

    def created(self, node: Any, made: Any, call: Any) -> None:
        node.metadata["traceback_"] = _stack()
        if (parent := _running.get()) is not None:
            node.metadata["parent_"] = parent


class _Detective(Recorder):
    """Watches a backward pass for nan and for errors."""

    tells_forward = True
    check_nan = True

    def before(self, node: Any, grad: Any) -> None:
        _running.set(node)

    def after(self, node: Any, grads: tuple[Any, ...]) -> None:
        _running.set(None)
        if not self.check_nan:
            return
        for i, each in enumerate(grads):
            array = getattr(each, "_array", each)
            if isinstance(array, (np.ndarray, np.generic)) and array.dtype.kind in "fc" and np.isnan(array).any():
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")

    def failed(self, node: Any, error: Exception) -> None:
        _running.set(None)
        if getattr(error, "_told", False):
            return  # from a backward pass inside this one
        error._told = True  # type: ignore[attr-defined]
        stack = node.metadata.get("traceback_")
        if stack is None:
            words = (
                "No forward pass information available. Enable detect anomaly during forward pass for more information."
            )
        else:
            words = "Traceback of forward call that caused the error:\n" + "".join(stack)
        _warn(f"Error detected in {node.name()}. {words}")
        while (node := node.metadata.get("parent_")) is not None:
            stack = "".join(node.metadata.get("traceback_", ()))
            _warn(
                f"\n\nPrevious calculation was induced by {node.name()}. Traceback of forward call that induced the "
                f"previous calculation:\n{stack}"
            )


_tracer, _detective = _Tracer(), _Detective()


def _stack() -> list[str]:
    """The calls that led here, without our own last ones."""
    frame: Any = sys._getframe(1)
    while frame is not None and (frame.f_code.co_filename.startswith(("<", _HERE)) and frame.f_back is not None):
        frame = frame.f_back
    return traceback.format_stack(frame)


def _warn(message: str) -> None:
    """Point the warning at the call that is outside this package."""
    depth, frame = 1, sys._getframe()
    package = os.path.dirname(_HERE)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=depth)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return _tracer in OBSERVERS


def is_anomaly_check_nan_enabled() -> bool:
    """Whether a nan in a backward pass is an error."""
    return _detective.check_nan


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch anomaly detection on or off."""
    _detective.check_nan = check_nan
    if mode and not is_anomaly_enabled():
        observe(_tracer)
        RECORDERS.append(_detective)
    elif not mode and is_anomaly_enabled():
        unobserve(_tracer)
        RECORDERS.remove(_detective)


class set_detect_anomaly:
    """Switch anomaly detection on or off: at once, and as a context manager until the end of the block.

    Args:
        mode: on or off.
        check_nan: whether a backward that returns nan raises an error.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev, self.prev_check_nan = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: Any) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


class detect_anomaly:
    """Inside the block, a backward that fails or returns nan names the line of the forward pass that it belongs to.

    Raises, in the backward pass:
        RuntimeError: a node returned nan (unless ``check_nan=False``).
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.prev, self.prev_check_nan = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *exc: Any) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)
