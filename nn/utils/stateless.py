"""A module called with other parameters than its own
(https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.stateless.functional_call.html)."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from ...tensor import Tensor
from ..module import Module
from ..parallel import DataParallel

__all__ = ["functional_call"]

_MISSING = object()


def _all_tensors(module: Module) -> dict[str, Any]:
    return {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers(remove_duplicate=False))}


def _untied(module: Module, given: dict[str, Any]) -> dict[str, Any]:
    """What is given, also under the other names that its tensor has in the module."""
    names: dict[int, list[str]] = {}
    for name, tensor in _all_tensors(module).items():
        names.setdefault(id(tensor), []).append(name)
    result = dict(given)
    for tied in names.values():
        values = [given[name] for name in tied if name in given]
        if len(tied) < 2 or not values:
            continue
        if any(value is not values[0] for value in values):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(tied)}, "
                "which are tied. Consider using tie_weights=False"
            )
        result.update(dict.fromkeys(tied, values[0]))
    return result


def _owner(module: Any, name: str) -> tuple[Any, str]:
    """The submodule that a dotted name lies in, and its last part."""
    path, _, last = name.rpartition(".")
    for part in path.split(".") if path else ():
        if not hasattr(module, part):
            raise AttributeError(f"{module._get_name()} has no attribute `{part}`")
        module = getattr(module, part)
        if not isinstance(module, Module):
            raise TypeError(f"submodule `{path}`: {module} is not an instance of torch.nn.Module")
    return module, last


def _swap(module: Any, name: str, value: Any) -> Any:
    """Make ``value`` the tensor of that name; the result is what was there, or _MISSING."""
    module, name = _owner(module, name)
    if value is not _MISSING and value is not None and not isinstance(value, Tensor):
        raise TypeError(f"{value} is not an instance of torch.Tensor")
    for members in (module._parameters, module._buffers):
        if name in members:
            old = members[name]
            if value is _MISSING:
                del members[name]
            else:
                members[name] = value
            return old
    old = getattr(module, name, _MISSING)
    if old is not _MISSING and old is not None and not isinstance(old, Tensor):
        raise TypeError(f"attribute `{name}`: {old} is not an instance of torch.Tensor")
    if value is not _MISSING:
        setattr(module, name, value)
    elif old is not _MISSING:
        delattr(module, name)
    return old


def _swap_all(module: Module, values: dict[str, Any]) -> dict[str, Any]:
    """The same for all, or for none if one fails."""
    old: dict[str, Any] = {}
    try:
        for name, value in values.items():
            old[name] = _swap(module, name, value)
    except Exception:
        for name, value in old.items():
            _swap(module, name, value)
        raise
    return old


@contextlib.contextmanager
def _reparametrize_module(
    module: Module, parameters_and_buffers: dict[str, Any], tie_weights: bool = False, strict: bool = False
) -> Iterator[None]:
    """Within this context the module has these parameters and buffers; what it assigns to them is in the dictionary after."""
    given = _untied(module, parameters_and_buffers) if tie_weights else parameters_and_buffers
    if strict:
        known = _all_tensors(module)
        wrong = {
            "Unexpected": [name for name in given if name not in known],
            "Missing": [name for name in known if name not in given],
        }
        lines = [f"{kind} key(s): {', '.join(map(repr, names))}." for kind, names in wrong.items() if names]
        if lines:
            raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t" + "\n\t".join(lines))
    own = _swap_all(module, given)
    try:
        yield
    finally:
        new = _swap_all(module, own)
        parameters_and_buffers.update({name: new[name] for name in parameters_and_buffers if name in new})


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Deprecated: ``torch.func.functional_call`` is the newer name.

    Args:
        module: the module to call.
        parameters_and_buffers: tensors by the dotted names of those that they replace during the call.
        args: the call's arguments; one, if it is no tuple.
        kwargs: its keyword arguments.
        tie_weights: whether a tensor that has several names in the module is replaced under all of them.
        strict: whether all tensors of the module must be replaced, and nothing else.
    """
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future version "
        "of PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    if isinstance(module, DataParallel):
        raise RuntimeError("The stateless API can't be used with nn.DataParallel module")
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        return module(*args, **(kwargs or {}))
