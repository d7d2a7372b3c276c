"""Whether operations are recorded: ``no_grad``, ``enable_grad``, ``set_grad_enabled``, ``inference_mode``.

The mode is a context variable, hence per thread and per asynchronous task.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled"]

F = TypeVar("F", bound=Callable[..., Any])


class Observer:
    """A mode that records the graph, as ``True`` does, and is told of every node that is made."""

    def created(self, node: Any, tensor: Any) -> None:
        raise NotImplementedError


INFERENCE = None
"""The mode inside ``inference_mode``: nothing is recorded and new tensors stay out of every graph."""

_mode: ContextVar[bool | Observer | None] = ContextVar("grad_mode", default=True)
get_mode = _mode.get
set_mode = _mode.set
reset_mode = _mode.reset

OBSERVERS: list[Observer] = []
"""What is told of new nodes (anomaly detection); while there are any, the last one stands for ``True``."""


def recording_mode() -> bool | Observer:
    """The mode of an enabled graph: plain, or under observation."""
    return OBSERVERS[-1] if OBSERVERS else True


def is_grad_enabled() -> bool:
    """Whether operations are recorded for a backward pass."""
    return bool(get_mode())


def is_inference_mode_enabled() -> bool:
    """Whether :class:`inference_mode` is in force."""
    return get_mode() is INFERENCE


class _Mode:
    """A mode as a context manager and as a decorator of functions, generators, coroutines and classes' methods."""

    def _chosen(self) -> bool | Observer | None:
        raise NotImplementedError

    def _clone(self) -> _Mode:
        return type(self)()

    def __enter__(self) -> None:
        self.prev = get_mode()
        set_mode(self._chosen())

    def __exit__(self, *exc: Any) -> None:
        set_mode(self.prev)

    def __call__(self, func: F) -> F:
        if inspect.isgeneratorfunction(func):
            return self._wrap_generator(func)  # type: ignore[return-value]
        if inspect.iscoroutinefunction(func):

            @functools.wraps(func)
            async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._clone():
                    return await func(*args, **kwargs)

            return run_coroutine  # type: ignore[return-value]

        @functools.wraps(func)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self._clone():
                return func(*args, **kwargs)

        return run  # type: ignore[return-value]

    def _wrap_generator(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The generator runs in this mode between its yields, and its caller in the caller's."""

        @functools.wraps(func)
        def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            generator = func(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with self._clone():
                        item = resume()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield item
                except GeneratorExit:
                    with self._clone():
                        generator.close()
                    raise
                except BaseException as error:
                    resume = functools.partial(generator.throw, error)
                else:
                    resume = functools.partial(generator.send, sent)

        return run


class _NoParamMode(_Mode):
    def __new__(cls, orig_func: Any = None) -> Any:
        mode = object.__new__(cls)
        return mode if orig_func is None else mode(orig_func)

    def __init__(self, orig_func: Any = None) -> None:
        pass


class no_grad(_NoParamMode):  # noqa: N801
    """Switch recording off: results of operations have ``requires_grad=False``.

    A context manager and a decorator (with or without parentheses). Factories still obey ``requires_grad=True``.
    """

    def _chosen(self) -> bool | Observer | None:
        return get_mode() and False


class enable_grad(_NoParamMode):  # noqa: N801
    """Switch recording on, inside :class:`no_grad`, say. It has no effect inside :class:`inference_mode`."""

    def _chosen(self) -> bool | Observer | None:
        return INFERENCE if get_mode() is INFERENCE else recording_mode()


class set_grad_enabled(_Mode):  # noqa: N801
    """Switch recording on or off, at once when called as a function, or for a ``with`` block."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.prev = get_mode()
        set_mode(self._chosen())

    def _chosen(self) -> bool | Observer | None:
        if get_mode() is INFERENCE:
            return INFERENCE
        return recording_mode() if self.mode else False

    def _clone(self) -> _Mode:
        return type(self)(self.mode)

    def __call__(self, func: F) -> F:
        set_mode(self.prev)  # used as a decorator, it leaves the mode of the module alone
        return super().__call__(func)

    def __enter__(self) -> None:
        set_mode(self._chosen())

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mode={self.mode})"


class inference_mode(_Mode):  # noqa: N801
    """:class:`no_grad` for good: tensors made inside can never take part in a graph.

    ``inference_mode(False)`` inside it switches recording back on.
    """

    def __new__(cls, mode: Any = True) -> Any:
        made = object.__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()
        return made(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def _chosen(self) -> bool | Observer | None:
        if self.mode:
            return INFERENCE
        return recording_mode() if get_mode() is INFERENCE else get_mode()

    def _clone(self) -> _Mode:
        return type(self)(self.mode)


@contextlib.contextmanager
def grad_mode(enabled: bool) -> Generator[None, None, None]:
    """The engine's own switch: ``create_graph`` decides, whatever the caller's mode."""
    token = set_mode(recording_mode() if enabled else False)
    try:
        yield
    finally:
        reset_mode(token)
