"""Which module an operation runs in: the one whose ``forward`` is on the stack."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from types import CodeType
from typing import Any

from ..nn.module import Module

__all__ = ["Line", "ModuleTable", "Place", "Where", "around", "line_number"]

_PACKAGE = __name__.partition(".")[0]
_EXAMPLES = f"{_PACKAGE}.demo"


_OURS, _THEIRS, _FORWARD, _THEIR_FORWARD = range(4)
_kinds: dict[int, tuple[int, Any]] = {}
"""What the code of a frame is, by its id (it takes long to hash, and is kept alive here): this package's or the user's, and
whether it may be a module's ``forward``."""
_MOST = 4096


def _kind(frame: Any) -> int:
    code, name = frame.f_code, frame.f_globals.get("__name__")
    theirs = name is not None and (name.partition(".")[0] != _PACKAGE or name == _EXAMPLES)
    kind = theirs + 2 * (code.co_name == "forward" and code.co_argcount > 0)
    if len(_kinds) >= _MOST:
        _kinds.clear()
    _kinds[id(code)] = kind, code
    return kind


Line = tuple[CodeType, int]
"""A line of the program as Python knows it while it runs: code and a place in it. To find the line's number takes a while, so
that is done when a trace is made (:func:`line_number`)."""

Where = tuple["Line | None", Any, Any]
"""A place in the program: the innermost line that is not this package's, the innermost module whose ``forward`` runs, or None,
and the frame of that. A plain tuple, for there is one at every operation."""


def line_number(line: Line) -> int:
    """The number of a line in its file."""
    code, place = line
    for start, end, number in code.co_lines():
        if start <= place < end and number is not None:
            return number
    return code.co_firstlineno


def around(frame: Any) -> Where:
    """Where the call in ``frame`` is."""
    line = module = inside = None
    while frame is not None:
        code = frame.f_code
        entry = _kinds.get(id(code))
        kind = _kind(frame) if entry is None else entry[0]
        if kind:
            if line is None and kind != _FORWARD:
                line = code, frame.f_lasti
            if kind >= _FORWARD and module is None:
                module, inside = _module_of(frame), frame
            if line is not None and module is not None:
                break
        frame = frame.f_back
    return line, module, inside


def _module_of(frame: Any) -> Any:
    """The module whose ``forward`` runs in this frame."""
    owner = frame.f_locals.get(frame.f_code.co_varnames[0])
    return owner if isinstance(owner, Module) else None


def _modules_around(frame: Any) -> list[Any]:
    """The modules whose ``forward`` runs in this frame and around it, the outermost first."""
    modules = []
    while frame is not None:
        if _kind(frame) >= _FORWARD:
            module = _module_of(frame)
            if module is not None:
                modules.append(module)
        frame = frame.f_back
    return modules[::-1]


class Place:
    """A module by its outermost module and its path in there."""

    __slots__ = ("kind", "path", "reference", "root")

    def __init__(self, module: Any, root: int, path: str) -> None:
        self.reference, self.root, self.path, self.kind = weakref.ref(module), root, path, type(module).__name__

    @property
    def text(self) -> str:
        """The module as it prints itself, without what is in it."""
        module = self.reference()
        if module is None or any(True for _ in module.children()):
            return f"{self.kind}(...)"
        return repr(module)


class ModuleTable:
    """The modules that a recording has met. It keeps none of them alive."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.roots: list[int] = []  # the places of modules that were called from outside
        self._known: dict[int, int] = {}  # by id

    def _place(self, module: Any) -> int | None:
        place = self._known.get(id(module))
        return place if place is not None and self.places[place].reference() is module else None

    def innermost(self, where: Where) -> int | None:
        """The place of the module around a call."""
        _, module, frame = where
        if module is None:
            return None
        known = self._known.get(id(module))
        if known is None or self.places[known].reference() is not module:
            for each in _modules_around(frame):
                if not self.knows(each):
                    self.add_root(each)
            known = self._place(module)
        return known

    def knows(self, module: Any) -> bool:
        """Whether this is one of them."""
        return self._place(module) is not None

    def add_root(self, module: Any) -> None:
        """Know ``module`` and what is in it."""
        root = len(self.roots)
        self.roots.append(len(self.places))
        waiting = [("", module)]
        for path, each in waiting:  # grows while it is walked
            if self.knows(each):
                continue
            self._known[id(each)] = len(self.places)
            self.places.append(Place(each, root, path))
            start = f"{path}." if path else ""
            waiting += [(start + name, child) for name, child in each._modules.items() if child is not None]

    def tensors(self) -> Iterator[tuple[Any, int, str]]:
        """The parameters and buffers of the modules that are still there: tensor, root, name in there."""
        for place in self.places:
            module = place.reference()
            for table in () if module is None else (module._parameters, module._buffers):
                for name, tensor in table.items():
                    if tensor is not None:
                        yield tensor, place.root, f"{place.path}.{name}" if place.path else name

    def composite(self, place: int) -> bool:
        """Whether there are modules in this one."""
        mine = self.places[place]
        return any(each.root == mine.root and each is not mine for each in self.places)
