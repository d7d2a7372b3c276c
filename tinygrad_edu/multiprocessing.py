"""``torch.multiprocessing``: Python's own, and :func:`spawn`. Tensors are copied between processes, not shared."""

from __future__ import annotations

import multiprocessing
import traceback
from multiprocessing import *  # noqa: F403 -- PyTorch's module is Python's with a few names more
from typing import Any

__all__ = [
    *multiprocessing.__all__, "ProcessException", "ProcessExitedException", "ProcessRaisedException",
    "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn",
]  # fmt: skip


class ProcessException(Exception):
    """A process of :func:`spawn` failed; ``error_index`` is its number, ``error_pid`` its id."""

    def __init__(self, msg: str, error_index: int, pid: int | None) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.error_pid = msg, error_index, pid


class ProcessRaisedException(ProcessException):
    """It raised an exception, whose traceback is the message."""


class ProcessExitedException(ProcessException):
    """It ended without one; ``exit_code`` tells how."""

    def __init__(self, msg: str, error_index: int, pid: int | None, exit_code: int | None) -> None:
        super().__init__(msg, error_index, pid)
        self.exit_code = exit_code


def get_all_sharing_strategies() -> set[str]:
    """The names that :func:`set_sharing_strategy` takes."""
    return {"file_descriptor", "file_system"}


_strategy = ["file_descriptor"]


def get_sharing_strategy() -> str:
    """What :func:`set_sharing_strategy` was given."""
    return _strategy[0]


def set_sharing_strategy(new_strategy: str) -> None:
    """Remembered; nothing is shared."""
    if new_strategy not in get_all_sharing_strategies():
        raise AssertionError(f"invalid sharing strategy: {new_strategy}")
    _strategy[0] = new_strategy


def _run(fn: Any, i: int, args: tuple[Any, ...], sender: Any) -> None:
    try:
        fn(i, *args)
    except BaseException:
        sender.send(traceback.format_exc())
        raise SystemExit(1) from None


def spawn(
    fn: Any, args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = "spawn"
) -> Any:
    """Run ``fn(i, *args)`` in ``nprocs`` processes, i from 0.

    Returns:
        None, when all have ended; with ``join=False`` the processes.

    Raises:
        ProcessRaisedException: the first that failed, with its traceback; the others are ended.
        ProcessExitedException: it ended otherwise.
    """
    context = multiprocessing.get_context(start_method)
    pipes = [context.Pipe(False) for _ in range(nprocs)]
    processes = [
        context.Process(target=_run, args=(fn, i, args, sender), daemon=daemon)  # type: ignore[attr-defined]
        for i, (_, sender) in enumerate(pipes)
    ]
    for each in processes:
        each.start()
    if not join:
        return processes
    for i, (process, (receiver, _)) in enumerate(zip(processes, pipes, strict=True)):
        process.join()
        if process.exitcode == 0:
            continue
        for other in processes:
            other.terminate()
        if receiver.poll():
            told = f"\n\n-- Process {i} terminated with the following error:\n{receiver.recv()}"
            raise ProcessRaisedException(told, i, process.pid)
        message = f"process {i} terminated with exit code {process.exitcode}"
        raise ProcessExitedException(message, i, process.pid, process.exitcode)
    return None
