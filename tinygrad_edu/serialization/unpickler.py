"""Reading a pickle without running it: a small interpreter that builds plain data and what an allow-list names.

A pickle is a program for a stack machine. Python's own machine calls whatever the program names; this one looks every
name up in :mod:`tinygrad_edu.serialization.allowed`, calls only what stands there, and never imports anything. The words
of its refusals are PyTorch's (``torch/_weights_only_unpickler.py``), which reads protocol 2 in the same way.
"""

from __future__ import annotations

import pickle
import pickletools
import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, BinaryIO

from .allowed import AllowList

__all__ = ["Unpickler"]

_PIECE = 2**20
_MAPPINGS = (dict, OrderedDict, Counter)
_STRUCTS = {
    "BININT": "<i", "BININT1": "<B", "BININT2": "<H", "BINFLOAT": ">d",
}  # fmt: skip
_SIZED = {
    "BINUNICODE": "<I", "SHORT_BINUNICODE": "<B", "BINUNICODE8": "<Q", "BINBYTES": "<I", "SHORT_BINBYTES": "<B",
    "BINBYTES8": "<Q", "BYTEARRAY8": "<Q", "SHORT_BINSTRING": "<B", "BINSTRING": "<i", "LONG1": "<B", "LONG4": "<i",
}  # fmt: skip
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "EMPTY_TUPLE": tuple, "EMPTY_LIST": list,
    "EMPTY_DICT": dict, "EMPTY_SET": set,
}  # fmt: skip


class Unpickler:
    """One pickle from a binary file.

    Args:
        file: where the pickle begins.
        allowed: what its names may stand for.
        persistent_load: what stands for a persistent id, which is how a file refers to its storages.
        encoding: of Python 2's byte strings; "bytes" leaves them as they are.
    """

    def __init__(
        self, file: BinaryIO, allowed: AllowList, persistent_load: Callable[[Any], Any] | None = None, encoding: str = "utf-8"
    ) -> None:
        self.file = file
        self.allowed = allowed
        self.persistent_load = persistent_load
        self.encoding = encoding
        self.memo: dict[int, Any] = {}
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []

    def load(self) -> Any:
        """The object.

        Raises:
            UnpicklingError: the pickle names something that is not allowed, or is no pickle.
            EOFError: it ends too early.
        """
        while True:
            code = self.file.read(1)
            if not code:
                raise EOFError("Ran out of input")
            if not isinstance(code, bytes):
                raise AssertionError(f"Expected bytes, got {type(code).__name__}")
            if code == pickle.STOP:
                return self._pop()
            name = _NAMES.get(code)
            if name is None:
                raise UnpicklingError(f"Unsupported operand {code[0]}")
            if name == "BINPERSID":  # the storage's errors are its own
                self._persistent_id()
                continue
            try:
                self._step(name)
            except (LookupError, TypeError, ValueError, AttributeError, struct.error) as error:
                raise UnpicklingError(f"corrupt pickle: {name} failed with {type(error).__name__}: {error}") from error

    def _step(self, name: str) -> None:
        if name in _STRUCTS:
            self.stack.append(self._number(_STRUCTS[name]))
        elif name in _SIZED:
            self.stack.append(self._sized(name, self._number(_SIZED[name])))
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        else:
            getattr(self, f"_{name.lower()}")()

    # ---- reading

    def _read(self, size: int) -> bytes:
        parts, left = [], size
        while left > 0:  # piece by piece: the size may be a lie
            parts.append(self.file.read(min(left, _PIECE)))
            left -= len(parts[-1])
            if not parts[-1]:
                break
        if left:
            raise EOFError("Ran out of input")
        return b"".join(parts)

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._read(struct.calcsize(form)))[0]

    def _line(self) -> bytes:
        line = self.file.readline()
        if line[-1:] != b"\n":
            raise EOFError("Ran out of input")
        return line[:-1]

    def _sized(self, name: str, size: int) -> Any:
        data = self._read(size)
        if "UNICODE" in name:
            return str(data, "utf-8", "surrogatepass")
        if "LONG" in name:
            return pickle.decode_long(data)
        if "STRING" in name:
            return data if self.encoding == "bytes" else data.decode(self.encoding)
        return bytearray(data) if name == "BYTEARRAY8" else data

    def _proto(self) -> None:
        self._read(1)

    def _frame(self) -> None:
        self._read(8)

    def _unicode(self) -> None:
        self.stack.append(self._line().decode("raw-unicode-escape"))

    def _int(self) -> None:
        line = self._line()
        self.stack.append(line == b"01" if line in (b"00", b"01") else int(line))

    def _long(self) -> None:
        self.stack.append(int(self._line().rstrip(b"L")))

    def _float(self) -> None:
        self.stack.append(float(self._line()))

    # ---- the stack and the memo

    def _pop(self) -> Any:
        if not self.stack:
            raise UnpicklingError("corrupt pickle: the stack is empty")
        return self.stack.pop()

    def _mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def _pop_mark(self) -> None:
        self._since_mark()

    def _dup(self) -> None:
        self.stack.append(self.stack[-1])

    def _put_at(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def _put(self) -> None:
        self._put_at(int(self._line()))

    def _binput(self) -> None:
        self._put_at(self._number("<B"))

    def _long_binput(self) -> None:
        self._put_at(self._number("<I"))

    def _memoize(self) -> None:
        self._put_at(len(self.memo))

    def _get(self) -> None:
        self.stack.append(self.memo[int(self._line())])

    def _binget(self) -> None:
        self.stack.append(self.memo[self._number("<B")])

    def _long_binget(self) -> None:
        self.stack.append(self.memo[self._number("<I")])

    # ---- containers

    def _tuple(self) -> None:
        items = self._since_mark()  # before the stack is named: it is another one then
        self.stack.append(tuple(items))

    def _tuple1(self) -> None:
        self._last_as_tuple(1)

    def _tuple2(self) -> None:
        self._last_as_tuple(2)

    def _tuple3(self) -> None:
        self._last_as_tuple(3)

    def _last_as_tuple(self, n: int) -> None:
        if len(self.stack) < n:
            raise IndexError("the stack is empty")
        self.stack[-n:] = [tuple(self.stack[-n:])]

    def _list(self) -> None:
        items = self._since_mark()
        self.stack.append(items)

    def _dict(self) -> None:
        items = self._since_mark()
        self.stack.append(dict(zip(items[::2], items[1::2], strict=True)))

    def _frozenset(self) -> None:
        items = self._since_mark()
        self.stack.append(frozenset(items))

    def _append(self) -> None:
        item = self._pop()
        self._extend([item], "append to")

    def _appends(self) -> None:
        self._extend(self._since_mark(), "extend")

    def _extend(self, items: list[Any], word: str) -> None:
        if type(self.stack[-1]) is not list:
            raise UnpicklingError(f"Can only {word} lists, but got {type(self.stack[-1])}")
        self.stack[-1].extend(items)

    def _additems(self) -> None:
        items = self._since_mark()
        if type(self.stack[-1]) is not set:
            raise UnpicklingError(f"Can only add to sets, but got {type(self.stack[-1])}")
        self.stack[-1].update(items)

    def _setitem(self) -> None:
        value, key = self._pop(), self._pop()
        self._set_items("SETITEM", [key, value])

    def _setitems(self) -> None:
        self._set_items("SETITEMS", self._since_mark())

    def _set_items(self, code: str, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in _MAPPINGS and not self.allowed.is_mapping(target):
            raise UnpicklingError(
                f"Can only {code} for dict, collections.OrderedDict, collections.Counter, but got {type(target)}"
            )
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

    # ---- what is allowed

    def _global(self) -> None:
        module, name = self._line().decode("utf-8"), self._line().decode("utf-8")
        if (module, name) in NAME_MAPPING:  # as Python 2 called it
            module, name = NAME_MAPPING[module, name]
        self.stack.append(self.allowed.find(IMPORT_MAPPING.get(module, module), name))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("STACK_GLOBAL requires str")
        self.stack.append(self.allowed.find(module, name))

    def _reduce(self) -> None:
        arguments = self._pop()
        self.stack[-1] = self.allowed.call(self.stack[-1], arguments)

    def _newobj(self) -> None:
        arguments = self._pop()
        self.stack[-1] = self.allowed.new(self.stack[-1], arguments, {})

    def _newobj_ex(self) -> None:
        keywords, arguments = self._pop(), self._pop()
        self.stack[-1] = self.allowed.new(self.stack[-1], arguments, keywords)

    def _build(self) -> None:
        state = self._pop()
        self.allowed.build(self.stack[-1], state)

    def _persistent_id(self) -> None:
        given = self._pop()
        if type(given) is not tuple and type(given) is not int:
            raise UnpicklingError(f"persistent_load id must be tuple or int, but got {type(given)}")
        if type(given) is tuple and given and given[0] not in ("storage", b"storage"):
            raise UnpicklingError(f"Only persistent_load of storage is allowed, but got {type(given[0])}")
        if self.persistent_load is None:
            raise UnpicklingError("unsupported persistent id encountered")
        self.stack.append(self.persistent_load(given))


_NAMES = {
    code.code.encode("latin-1"): code.name
    for code in pickletools.opcodes
    if code.name in {*_STRUCTS, *_SIZED, *_CONSTANTS, "BINPERSID"} or hasattr(Unpickler, f"_{code.name.lower()}")
}
"""The operations that are understood; others are refused by number."""
