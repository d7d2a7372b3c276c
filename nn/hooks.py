"""Hooks of modules: functions that run before and after ``forward`` and ``backward``.

Semantics: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Module.html. The hooks of all modules
(``register_module_forward_hook`` and the like) are kept by one object in the way in which a module keeps its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..utils.hooks import HookDict, RemovableHandle, add_hook
from .backward_hook import BackwardHook, hook_last_node

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


class HookTable:
    """A dictionary of hooks that its owner gets when somebody first asks for it.

    All tables of a module live in ``module._hooks``, which is None for the many modules that nobody hooks:
    ``Module.__call__`` has one thing to test.
    """

    def __set_name__(self, cls: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        if owner is None:
            return self
        if owner._hooks is None:
            owner._hooks = {}
        return owner._hooks.setdefault(self.name, HookDict())

    def __set__(self, owner: Any, table: HookDict) -> None:
        owner._hooks = {**(owner._hooks or {}), self.name: table}


class Hooked:
    """What has hooks: a module, or :data:`every_module`."""

    _hooks: dict[str, HookDict] | None  # set in __init__: a class attribute would slow its look-up down
    _is_full_backward_hook: bool | None = None
    _hooks_belong = "on a single Module"

    _forward_pre_hooks = HookTable()
    _forward_pre_hooks_with_kwargs = HookTable()
    _forward_hooks = HookTable()
    _forward_hooks_with_kwargs = HookTable()
    _forward_hooks_always_called = HookTable()
    _backward_pre_hooks = HookTable()
    _backward_hooks = HookTable()

    def _existing_hooks(self, name: str) -> dict[int, Any]:
        """The table of that name; unlike the attribute, this does not make one."""
        return (self._hooks or {}).get(name, {})

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every ``forward``; what it returns, if not None, replaces ``args``.

        A single value is wrapped into a tuple. With ``with_kwargs`` the hook is called as
        ``hook(module, args, kwargs)`` and returns None or both. ``prepend`` puts it before the module's other hooks.
        Returns a handle with ``remove()``.
        """
        options = self._forward_pre_hooks_with_kwargs
        handle = add_hook(self._forward_pre_hooks, hook, prepend=prepend, extra_dict=options)
        if with_kwargs:
            options[handle.id] = True
        return handle

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after every ``forward``; a result other than None replaces ``output``.

        With ``with_kwargs`` the hook is called as ``hook(module, args, kwargs, output)``; with ``always_call`` also
        when ``forward`` raises. ``prepend`` puts it before the other hooks. Returns a handle with ``remove()``.
        """
        options = [self._forward_hooks_with_kwargs, self._forward_hooks_always_called]
        handle = add_hook(self._forward_hooks, hook, prepend=prepend, extra_dict=options)
        for option, chosen in zip(options, (with_kwargs, always_call), strict=True):
            if chosen:
                option[handle.id] = True
        return handle

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known.

        ``grad_output`` is a tuple; what the hook returns, if not None, takes its place. Inputs and outputs of a module
        with backward hooks must not be modified in place. Returns a handle with ``remove()``.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known.

        Both are tuples, with None for what is no tensor; what the hook returns, if not None, is used in place of
        ``grad_input``. Inputs and outputs of a module with backward hooks must not be modified in place. Returns a
        handle with ``remove()``.
        """
        return self._add_backward_hook(hook, full=True, prepend=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Deprecated: a hook that sees the gradients of the module's last operation only.

        See :meth:`register_full_backward_hook`.
        """
        return self._add_backward_hook(hook, full=False)

    def _add_backward_hook(self, hook: Callable[..., Any], full: bool, prepend: bool = False) -> RemovableHandle:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                f"Cannot use both regular backward hooks and full backward hooks {self._hooks_belong}. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = full
        return add_hook(self._backward_hooks, hook, prepend=prepend)


class _EveryModule(Hooked):
    _hooks_belong = "as a global Module hook"

    _buffer_registration_hooks = HookTable()
    _module_registration_hooks = HookTable()
    _parameter_registration_hooks = HookTable()

    def __init__(self) -> None:
        self._hooks = None

    def registered(self, kind: str, module: Any, name: str, value: Any) -> Any:
        """What is to be registered as ``module.name``, after the hooks that may replace it."""
        for hook in self._existing_hooks(f"_{kind}_registration_hooks").values():
            replaced = hook(module, name, value)
            if replaced is not None:
                value = replaced
        return value


every_module = _EveryModule()


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module(*args, **kwargs)`` for a module that has hooks, or had some."""
    for holder in (every_module, module):
        if holder._hooks and not any(holder._hooks.values()):
            holder._hooks = None  # all of them have been removed
    result = None
    called: set[int] = set()

    def call(hook: Callable[..., Any], with_kwargs: bool) -> Any:
        replaced = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
        return result if replaced is None else replaced

    try:
        args, kwargs = _run_forward_pre_hooks(module, args, kwargs)
        backward = {full: _backward_hooks(module, full) for full in (True, False)}
        pre_hooks = [
            hook for holder in (every_module, module) for hook in holder._existing_hooks("_backward_pre_hooks").values()
        ]
        watcher = BackwardHook(module, backward[True], pre_hooks) if backward[True] or pre_hooks else None
        if watcher:
            args = watcher.watch_inputs(args)
        result = module.forward(*args, **kwargs)
        for key, hook, with_kwargs, _ in list(_forward_hooks(module)):
            called.add(key)
            result = call(hook, with_kwargs)
        if watcher:
            result = watcher.watch_outputs(result)
        if backward[False]:
            hook_last_node(module, backward[False], args, result)
    except Exception:
        for key, hook, with_kwargs, always_call in list(_forward_hooks(module)):
            if always_call and key not in called:
                try:
                    result = call(hook, with_kwargs)
                except Exception as error:
                    kind = "module" if key in module._existing_hooks("_forward_hooks") else "global module"
                    warnings.warn(
                        f"{kind} forward hook with ``always_call=True`` raised an exception that was silenced as "
                        f"another error was raised in forward: {error}",
                        stacklevel=3,
                    )
        raise
    return result


def _forward_hooks(module: Any) -> Iterator[tuple[int, Callable[..., Any], bool, bool]]:
    for holder in (every_module, module):
        with_kwargs = holder._existing_hooks("_forward_hooks_with_kwargs")
        always_called = holder._existing_hooks("_forward_hooks_always_called")
        for key, hook in holder._existing_hooks("_forward_hooks").items():
            yield key, hook, key in with_kwargs, key in always_called


def _backward_hooks(module: Any, full: bool) -> list[Any]:
    holders = (holder for holder in (every_module, module) if holder._is_full_backward_hook is full)
    return [hook for holder in holders for hook in holder._existing_hooks("_backward_hooks").values()]


def _run_forward_pre_hooks(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for holder in (every_module, module):
        with_kwargs = holder._existing_hooks("_forward_pre_hooks_with_kwargs")
        for key, hook in list(holder._existing_hooks("_forward_pre_hooks").items()):
            if key not in with_kwargs:
                replaced = hook(module, args)
                if replaced is not None:
                    args = replaced if isinstance(replaced, tuple) else (replaced,)
            elif (both := hook(module, args, kwargs)) is not None:
                if not (isinstance(both, tuple) and len(both) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {both}."
                    )
                args, kwargs = both
    return args, kwargs


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before every ``forward`` of every module, before the module's own hooks."""
    return every_module.register_forward_pre_hook(hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every ``forward`` of every module, before the module's own hooks."""
    return every_module.register_forward_hook(hook, with_kwargs=with_kwargs, always_call=always_call)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """A full backward pre-hook for every module, called before the module's own."""
    return every_module.register_full_backward_pre_hook(hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """A full backward hook for every module, called before the module's own."""
    return every_module.register_full_backward_hook(hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Deprecated: a non-full backward hook for every module."""
    return every_module.register_backward_hook(hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when a buffer is registered; a result takes its place."""
    return add_hook(every_module._buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when a submodule is registered; a result takes its place."""
    return add_hook(every_module._module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, param)`` when a parameter is registered; a result takes its place."""
    return add_hook(every_module._parameter_registration_hooks, hook)
