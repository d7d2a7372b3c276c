"""Whether operations are recorded: ``no_grad``, ``enable_grad``, ``set_grad_enabled``, ``inference_mode``.

The mode is a context variable, hence per thread and per asynchronous task.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])


class Observer:
    """A mode that records the graph, as ``True`` does, and is told of every node that is made."""

    def created(self, node: Any, made: Any, call: tuple[Any, ...]) -> None:
        """``made`` is the Tensor that belongs to the node, or the tuple of all Tensors that the operation returned; ``call``
        what it was called with (:func:`~tinygrad_edu.autograd.template.call_record`).
        """
        raise NotImplementedError


class Watcher:
    """What is told of the tensors that are made without a node."""

    def unrecorded(self, made: Any, call: tuple[Any, ...] | None) -> None:
        """A result (or a tuple of all) that needs no gradient, or was made while recording was off; or, without a call, a new
        leaf.
        """

    def detached(self, tensor: Any, source: Any) -> None:
        """``source`` without its history."""


INFERENCE = None
"""The mode inside ``inference_mode``: nothing is recorded and new tensors stay out of every graph."""

_mode: ContextVar[bool | Observer | None] = ContextVar("grad_mode", default=True)
get_mode = _mode.get
set_mode = _mode.set
reset_mode = _mode.reset

OBSERVERS: list[Observer] = []
"""What is told of new nodes (anomaly detection, say). While there are any, :data:`OBSERVED` stands for ``True``."""


class _Observed(Observer):
    def created(self, node: Any, made: Any, call: tuple[Any, ...]) -> None:
        for each in tuple(OBSERVERS):
            each.created(node, made, call)


OBSERVED = _Observed()


def recording_mode() -> bool | Observer:
    """The mode of an enabled graph: plain, or under observation."""
    return OBSERVED if OBSERVERS else True


def observe(observer: Observer, first: bool = False) -> None:
    """Tell ``observer`` of every node that is made from now on; ``first``, before others may change what it saved."""
    OBSERVERS.insert(0 if first else len(OBSERVERS), observer)
    renew_mode()


def unobserve(observer: Observer) -> None:
    """Stop telling ``observer``."""
    OBSERVERS.remove(observer)
    renew_mode()


def renew_mode() -> None:
    """Have this thread's (or task's) mode show whether there are observers."""
    if get_mode():
        set_mode(recording_mode())


WATCHERS: list[Watcher] = []
"""Non-empty while any thread is inside ``inference_mode``, which marks new tensors, or inside a recording."""


def note_unrecorded(made: Any, call: tuple[Any, ...] | None = None) -> None:
    """Tell the watchers of what was made without a node."""
    for each in tuple(WATCHERS):
        each.unrecorded(made, call)


def is_grad_enabled() -> bool:
    """Whether operations are recorded for a backward pass."""
    return bool(get_mode())


def is_inference_mode_enabled() -> bool:
    """Whether :class:`inference_mode` is in force."""
    return get_mode() is INFERENCE


class _Mode:
    """A mode as a context manager and as a decorator of functions, generators and coroutines."""

    prev: bool | Observer | None

    def _chosen(self) -> bool | Observer | None:
        raise NotImplementedError

    def clone(self) -> _Mode:
        return type(self)()

    def __enter__(self) -> None:
        self.prev = get_mode()
        set_mode(self._chosen())

    def __exit__(self, *exc: Any) -> None:
        set_mode(recording_mode() if self.prev else self.prev)  # observers may have come or gone meanwhile

    def __call__(self, func: F) -> F:
        if inspect.isclass(func):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly "
                "decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )

            def run_class(*args: Any, **kwargs: Any) -> Any:
                with self.clone():
                    return func(*args, **kwargs)

            return run_class  # type: ignore[return-value]
        if inspect.isgeneratorfunction(func):
            return self._wrap_generator(func)  # type: ignore[return-value]
        if inspect.iscoroutinefunction(func):

            @functools.wraps(func)
            async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self.clone():
                    return await func(*args, **kwargs)

            return run_coroutine  # type: ignore[return-value]

        @functools.wraps(func)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
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
                    with self.clone():
                        item = resume()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield item
                except GeneratorExit:
                    with self.clone():
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


class no_grad(_NoParamMode):
    """Switch recording off: results of operations have ``requires_grad=False``.

    A context manager and a decorator (with or without parentheses). Factories still obey ``requires_grad=True``.
    """

    def _chosen(self) -> bool | Observer | None:
        return get_mode() and False


class enable_grad(_NoParamMode):
    """Switch recording on, inside :class:`no_grad`, say. It has no effect inside :class:`inference_mode`."""

    def _chosen(self) -> bool | Observer | None:
        return INFERENCE if get_mode() is INFERENCE else recording_mode()


class set_grad_enabled(_Mode):
    """Switch recording on or off, at once when called as a function, or for a ``with`` block."""

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            kind = type(mode).__name__
            raise TypeError(f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {kind}")
        self.mode = mode
        self.prev = get_mode()
        set_mode(self._chosen())

    def _chosen(self) -> bool | Observer | None:
        if get_mode() is INFERENCE:
            return INFERENCE
        return recording_mode() if self.mode else False

    def clone(self) -> _Mode:
        return type(self)(self.mode)

    def __call__(self, func: F) -> F:
        self.__exit__()  # used as a decorator, it leaves the mode of the module alone
        return super().__call__(func)

    def __enter__(self) -> None:
        set_mode(self._chosen())

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.{type(self).__name__}(mode={self.mode})"


class inference_mode(_Mode):
    """:class:`no_grad` for good: tensors made inside can never take part in a graph.

    ``inference_mode(False)`` switches recording on.
    """

    def __new__(cls, mode: Any = True) -> Any:
        return object.__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def _chosen(self) -> bool | Observer | None:
        return INFERENCE if self.mode else recording_mode()

    def __enter__(self) -> None:
        if self.mode:
            from .inference import MARKER

            WATCHERS.append(MARKER)
        super().__enter__()

    def __exit__(self, *exc: Any) -> None:
        if self.mode:
            from .inference import MARKER, guard_tensors

            WATCHERS.remove(MARKER)
            guard_tensors()
        super().__exit__(*exc)

    def clone(self) -> _Mode:
        return type(self)(self.mode)
