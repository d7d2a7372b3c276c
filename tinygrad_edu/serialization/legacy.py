"""The format before PyTorch 1.6: pickles one after the other, then the elements of the storages."""

from __future__ import annotations

import io
import pickle
import struct
import sys
from pickle import UnpicklingError
from typing import Any, BinaryIO

from .pickler import TorchPickler, elements
from .rebuild import Storage, StorageType
from .unpickler import Unpickler

__all__ = ["checked_id", "load_legacy", "save_legacy"]

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_SYSTEM = {
    "protocol_version": _PROTOCOL_VERSION,
    "little_endian": sys.byteorder == "little",
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


def save_legacy(obj: Any, file: BinaryIO, protocol: int) -> None:
    """Write ``obj`` in the old format."""
    pickled = io.BytesIO()
    for head in (_MAGIC_NUMBER, _PROTOCOL_VERSION, _SYSTEM):
        pickle.dump(head, pickled, protocol)
    pickler = TorchPickler(pickled, protocol, legacy=True)
    pickler.dump(obj)
    keys = sorted(pickler.storages)
    pickle.dump(keys, pickled, protocol)
    file.write(pickled.getvalue())
    for key in keys:
        storage = pickler.storages[key]
        file.write(struct.pack("<q", storage.nbytes // pickler.itemsize(key)))
        file.write(elements(storage).data)


def load_legacy(file: BinaryIO, make_unpickler: Any, located: Any) -> Any:
    """Read an object in the old format.

    Args:
        file: at the beginning of the object.
        make_unpickler: makes the restricted unpickler from a file and the reader of persistent ids.
        located: puts a storage where its tag says.

    Raises:
        RuntimeError: the file is not in this format, is cut off, or contradicts itself.
        EOFError: there is nothing in it, or a pickle ends too early.
    """
    start = file.tell()
    file.seek(0, io.SEEK_END)
    size = file.tell() - start
    file.seek(start)
    if not size:
        raise EOFError("Ran out of input")
    storages: dict[str, Storage] = {}

    def persistent_load(given: Any) -> Storage:
        kind, key, location, numel, view = checked_id(given)
        if key not in storages:
            announced = sum(each.nbytes for each in storages.values())
            if not 0 <= numel * kind.dtype.itemsize <= size - announced:
                raise _corrupt(f"a storage of {numel} elements in a file of {size} bytes")
            storages[key] = located(Storage(kind.dtype, numel), location)
        return storages[key] if view is None else storages[key].part(view[1], view[2])

    def next_pickle() -> Any:
        unpickler: Unpickler = make_unpickler(file, persistent_load)
        return unpickler.load()

    try:
        magic = next_pickle()
    except (UnpicklingError, EOFError):
        raise _corrupt("no pickle of PyTorch's begins it") from None
    if magic != _MAGIC_NUMBER:
        raise RuntimeError("Invalid magic number; corrupt file?")
    version = next_pickle()
    if version != _PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    system = next_pickle()
    swap = isinstance(system, dict) and system.get("little_endian", True) != (sys.byteorder == "little")
    result = next_pickle()
    keys = next_pickle()
    for key in keys:
        if key not in storages:
            raise AssertionError(f"storage key {key!r} not found in deserialized_objects")
        (numel,) = struct.unpack("<q", _exactly(file, 8))
        storage = storages[key]
        if numel != storage.numel:
            raise _corrupt(f"storage {key} has {numel} elements where {storage.numel} are announced")
        storage.fill(lambda buffer: _read_into(file, buffer), swap)
    if set(storages) - set(keys):
        raise _corrupt(f"the elements of storages {sorted(set(storages) - set(keys))} are missing")
    return result


def checked_id(given: Any) -> tuple[StorageType, str, Any, int, Any]:
    """The parts of a storage's id: its type, key, location, number of elements, and (in the old format) which part of it."""
    if isinstance(given, tuple) and len(given) in (5, 6):
        _, kind, key, location, numel, view = (*given, None)[:6]
        plain_view = view is None or (isinstance(view, tuple) and [type(each) for each in view] == [str, int, int])
        if isinstance(kind, StorageType) and type(key) is str and type(numel) is int and plain_view:
            return kind, key, location, numel, view
    raise UnpicklingError(f"unknown kind of storage: {given!r}")


def _corrupt(why: str) -> RuntimeError:
    return RuntimeError(f"torch.load: the file is corrupted, or not one that torch.save wrote: {why}")


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise _corrupt("unexpected end of the file")
    return data


def _read_into(file: BinaryIO, buffer: memoryview) -> None:
    buffer[:] = _exactly(file, len(buffer))
