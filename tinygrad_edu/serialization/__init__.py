"""``torch.save`` and ``torch.load``, in PyTorch's file format, both ways.

A file that is written here opens in PyTorch, under ``weights_only=True`` too, and the other way round. Loading never runs
code out of a file: see :mod:`tinygrad_edu.serialization.unpickler`. Saving a file replaces the old one whole, or leaves it.

See https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import warnings
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from ..devices import device
from ..storage import UntypedStorage
from .allowed import AllowList, add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .archive import Archive, is_archive, write_archive
from .atomic import replacing
from .legacy import checked_id, load_legacy, save_legacy
from .pickler import TorchPickler
from .rebuild import Storage
from .unpickler import Unpickler

__all__ = [
    "add_safe_globals", "clear_safe_globals", "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load", "safe_globals",
    "save",
]  # fmt: skip

DEFAULT_PROTOCOL = 2


# ---- saving ----------------------------------------------------------------------------------------------------------


def save(
    obj: object,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object to a file: tensors, parameters, state dicts, and plain Python data around them.

    Tensors keep their strides, and views of one storage stay views of one storage. A file's name is given to the new
    content when all of it is on the disk: a failure leaves the old file as it was.

    Args:
        obj: what is saved. Objects of your own classes are saved too, but :func:`load` reads them only after
            :func:`add_safe_globals`.
        f: a path, or a binary file with ``write``.
        pickle_module: accepted; the pickles are PyTorch's in any case.
        pickle_protocol: of the pickle.
        _use_new_zipfile_serialization: False writes the format of PyTorch before 1.6.

    Raises:
        AttributeError: ``f`` is neither a path nor a file, or ``obj`` cannot be pickled.
        RuntimeError: the folder does not exist, or one storage is saved in two dtypes.
    """
    if not isinstance(f, (str, os.PathLike)):
        if not hasattr(f, "write"):
            raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
        _write(obj, f, "archive", pickle_protocol, _use_new_zipfile_serialization)
        return
    path = os.fspath(f)
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        raise RuntimeError(f"Parent directory {parent} does not exist.")
    stem = Path(path).stem
    with replacing(path) as file:
        _write(obj, file, stem if stem.isascii() and stem else "archive", pickle_protocol, _use_new_zipfile_serialization)


def _write(obj: object, file: Any, name: str, protocol: int, zipped: bool) -> None:
    if not zipped:
        save_legacy(obj, file, protocol)
        return
    pickled = io.BytesIO()
    pickler = TorchPickler(pickled, protocol)
    pickler.dump(obj)  # before anything is written: this is what fails
    write_archive(file, name, pickled.getvalue(), pickler.storages)


# ---- loading ---------------------------------------------------------------------------------------------------------


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load an object that :func:`save` saved, here or in PyTorch. Code out of a file is never run.

    Args:
        f: a path, or a binary file with ``read``, ``readline``, ``tell`` and ``seek``.
        map_location: where storages go, as in PyTorch; there is only the CPU, so for a file from a GPU: "cpu".
        pickle_module: accepted; the reader is always our own.
        weights_only: True (the default) reads what PyTorch reads under it; False also NumPy's arrays and more of Python's
            plain data, and models whose classes the program has defined or imported. Other classes, and functions, are read
            only after :func:`add_safe_globals`.
        mmap: accepted for paths; the storages are read in any case.
        pickle_load_args: ``encoding`` of byte strings from Python 2 (utf-8).

    Raises:
        pickle.UnpicklingError: the file holds something that is not allowed.
        RuntimeError: the file is damaged, or its tensors belong on a device that is not there.
        FileNotFoundError, EOFError: there is no such file; there is nothing in it.
    """
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if weights_only is None:
        weights_only = pickle_module is None
    unknown = sorted(set(pickle_load_args) - {"encoding", "errors", "fix_imports"})
    if unknown:
        raise TypeError(f"load() got an unexpected keyword argument '{unknown[0]}'")
    if pickle_load_args and weights_only:
        warnings.warn("pickle_load_args only works if `weights_only=False`.", stacklevel=2)
    encoding = pickle_load_args.get("encoding", "utf-8")
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return _read(file, map_location, weights_only, encoding)
    _check_seekable(f)
    if mmap:
        raise ValueError("f must be a file path in order to use the mmap argument")
    return _read(f, map_location, weights_only, encoding)


def _check_seekable(f: Any) -> None:
    for name in ("seek", "tell"):
        if not hasattr(f, name):
            raise AttributeError(
                f"'{type(f).__name__}' object has no attribute '{name}'. You can only torch.load from a file that is "
                "seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
            )


def _read(file: Any, map_location: Any, weights_only: bool, encoding: str) -> Any:
    allowed, place = AllowList(weights_only), _placing(map_location)

    def make_unpickler(source: Any, persistent_load: Any) -> Unpickler:
        return Unpickler(source, allowed, persistent_load, encoding)

    try:
        if is_archive(file):
            return _read_archive(Archive(file), make_unpickler, place)
        return load_legacy(file, make_unpickler, place)
    except UnpicklingError as error:
        raise UnpicklingError(_explained(str(error), weights_only)) from error


def _read_archive(archive: Archive, make_unpickler: Any, place: Any) -> Any:
    if "constants.pkl" in archive:
        raise RuntimeError("torch.load received a TorchScript archive: it holds a program, which is not run here")
    order = archive.read("byteorder").decode("ascii", "replace") if "byteorder" in archive else "little"
    if order not in ("little", "big"):
        raise ValueError(f"Unknown endianness type: {order}")
    storages: dict[str, Storage] = {}

    def persistent_load(given: Any) -> Storage:
        kind, key, location, numel = checked_id(given)[:4]
        if key not in storages:
            record, expected = f"data/{key}", numel * kind.dtype.itemsize
            if archive.size(record) != expected:
                raise RuntimeError(
                    f"record size ({archive.size(record)} bytes) does not match expected size ({expected} bytes = {numel} "
                    f"elements * {kind.dtype.itemsize} bytes/element) for dtype {kind.dtype.legacy_name}"
                )
            storage = Storage(kind.dtype, numel)
            storage.fill(lambda buffer: archive.read_into(record, buffer), order != sys.byteorder)
            storages[key] = place(storage, location)
        return storages[key]

    return make_unpickler(io.BytesIO(archive.read("data.pkl")), persistent_load).load()


_TRUST = (
    "tinygrad_edu never runs code out of a file; `weights_only=False` reads models whose classes your program has defined or "
    "imported. Otherwise save `model.state_dict()` and load it into a model that your own code makes, or name the classes "
    "that you trust to `torch.serialization.add_safe_globals`."
)


def _explained(message: str, weights_only: bool) -> str:
    """The unpickler's complaint, in PyTorch's frame, with what can be done here."""
    if not weights_only:
        return f"{message}\n\n{_TRUST}"
    if "was not an allowed global by default" in message:
        return f"Weights only load failed. {_TRUST}\n\tWeightsUnpickler error: {message}"
    return f"Weights only load failed.\n\n{message}"


# ---- where tensors go --------------------------------------------------------------------------------------------------


def _placing(map_location: Any) -> Any:
    """The function that puts a storage where ``map_location`` and its tag in the file say."""

    def place(storage: Storage, tag: Any) -> Storage:
        tag = tag.decode("ascii") if isinstance(tag, bytes) else tag
        if isinstance(map_location, (str, bytes, device)):
            tag = map_location.decode() if isinstance(map_location, bytes) else str(map_location)
        elif isinstance(map_location, dict):
            tag = map_location.get(tag, tag)
        elif map_location is not None:
            answer = map_location(UntypedStorage(storage.array), tag)
            if answer is not None:
                if not isinstance(answer, UntypedStorage):
                    raise TypeError(f"Argument 'wrap_storage' must be UntypedStorage, but got {type(answer)}")
                storage.array = answer._array
                return storage
        _require_cpu(str(tag))
        return storage

    return place


def _require_cpu(tag: str) -> None:
    if tag == "cpu":
        return
    if tag.startswith("cuda"):
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running "
            "on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to "
            "the CPU."
        )
    raise RuntimeError(f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with {tag})")


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The names in a file that :func:`load` would refuse; an empty list means that it opens."""
    import pickletools

    with open(f, "rb") as file:
        pickled = Archive(file).read("data.pkl")
    allowed, unsafe = AllowList(True), set()
    strings: list[str] = []
    for code, argument, _ in pickletools.genops(pickled):
        if code.name == "GLOBAL":
            module, _, name = str(argument).partition(" ")
        elif code.name == "STACK_GLOBAL" and len(strings) > 1:
            module, name = strings[-2:]
        else:
            if isinstance(argument, str):
                strings.append(argument)
            continue
        try:
            allowed.find(module, name)
        except UnpicklingError:
            unsafe.add(f"{module}.{name}")
    return sorted(unsafe)
