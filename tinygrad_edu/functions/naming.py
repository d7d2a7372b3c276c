"""NumPy's ``axis`` and ``keepdims``, which PyTorch's functions take in place of ``dim`` and ``keepdim``.

Compiled operations know them (:mod:`..autograd.template`). A function written in Python gets them from here, in a wrapper
with its own parameters, compiled when it is first used: a wrapper of ``*args, **kwargs`` would cost several times as much.
"""

from __future__ import annotations

import builtins
import inspect
import types
from typing import Any

from ..autograd.errors import MISSING, missing_arguments
from ..autograd.template import NUMPY_NAMES

_UNLIKE_NUMPY = frozenset(["norm", "split", "unique", "unique_consecutive"])
"""Functions that PyTorch itself wrote in Python, which know no names but their own."""


def takes_numpy_names(name: str, function: Any) -> bool:
    """Whether ``function`` lacks a name of NumPy's that PyTorch's function of this name takes."""
    if type(function) is not types.FunctionType or name in _UNLIKE_NUMPY:
        return False
    code = inspect.unwrap(function).__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return any(own in names and numpys not in names for own, numpys in NUMPY_NAMES.items())


class NumpyNamed:
    """A function that takes NumPy's names too; like an operation, it is compiled when ``function`` is first read."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    @property
    def function(self) -> Any:
        made = self.__dict__.get("made")
        return made or self.__dict__.setdefault("made", with_numpy_names(self.plain))


def with_numpy_names(plain: Any) -> Any:
    """``plain`` with ``axis`` for its ``dim`` and ``keepdims`` for its ``keepdim``."""
    namespace: dict[str, Any] = {"plain": plain, "MISSING": MISSING, "missing_arguments": missing_arguments}
    words, call, required, renamed, star = [], [], [], False, False
    parameters = inspect.signature(plain).parameters
    for name, each in parameters.items():
        if each.kind is each.KEYWORD_ONLY and not star:
            words.append("*")
            star = True
        call.append(f"{name}={name}" if star else name)
        renamed = renamed or name in NUMPY_NAMES
        if each.default is not each.empty:
            namespace[f"default_{name}"] = each.default
            words.append(f"{name}=default_{name}")
        elif renamed:
            required.append(name)
            words.append(f"{name}=MISSING")
        else:
            words.append(name)
    numpys = {own: each for own, each in NUMPY_NAMES.items() if own in parameters and each not in parameters}
    lines = [f"def generated({', '.join(words + ['*'] * (not star) + [f'{each}=None' for each in numpys.values()])}):"]
    lines += [f"    if {each} is not None: {own} = {each}" for own, each in numpys.items()]
    if required:
        lines.append(f"    if {' or '.join(f'{each} is MISSING' for each in required)}:")
        lines.append(f"        raise missing_arguments({plain.__name__!r}, {', '.join(f'{each}={each}' for each in required)})")
    lines.append(f"    return plain({', '.join(call)})")
    builtins.exec("\n".join(lines), namespace)
    function = namespace["generated"]
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, attribute, getattr(plain, attribute))
    function.__annotations__ = plain.__annotations__ | dict.fromkeys(numpys.values(), "Any")
    return function
