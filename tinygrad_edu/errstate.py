"""NumPy's floating point warnings, silenced around our own arithmetic at the cost of one context variable.

PyTorch computes ``inf`` and ``nan`` silently, whatever the user told NumPy (``np.seterr``). ``np.errstate`` would do
that for 0.7 microseconds per operation. NumPy keeps the setting in a context variable, so a call inside a context in
which that variable says "ignore" does the same for 0.03: ``run_quietly(function, *args)``.

A context can be entered once at a time. When another thread is inside (NumPy lets go of the interpreter's lock in large
operations), or a finaliser runs in the middle of a call, the second entry is refused and the caller falls back on
``with quiet():``, which sets the variable and sets it back.
"""

from __future__ import annotations

import contextvars
from typing import Any

import numpy as np


def _error_state_variable() -> tuple[contextvars.ContextVar[Any], Any]:
    """The context variable that ``np.errstate`` sets, and the value that silences everything."""
    before = dict(contextvars.copy_context().items())
    with np.errstate(all="ignore"):
        for variable, value in contextvars.copy_context().items():
            if before.get(variable) is not value:
                return variable, value
    raise ImportError(f"NumPy {np.__version__} keeps its error state elsewhere; NumPy 2.0 to 2.x is needed")


_variable, QUIET = _error_state_variable()
SILENCE = _variable.set
RESTORE = _variable.reset


_context = contextvars.copy_context()
_context.run(SILENCE, QUIET)
run_quietly = _context.run


def was_busy(error: Exception) -> bool:
    """Whether ``run_quietly`` refused because the context is in use."""
    return type(error) is RuntimeError and str(error).startswith("cannot enter context")


class quiet:
    """``with quiet():`` for code that is not on a hot path."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = SILENCE(QUIET)

    def __exit__(self, *exc: Any) -> None:
        RESTORE(self._token)
