"""The zip archive of PyTorch's files (``caffe2/serialize/inline_container.cc``).

``NAME/data.pkl`` is the pickle of the object, ``NAME/data/KEY`` the bytes of one storage, ``NAME/byteorder`` their order and
``NAME/version`` the format's number. Records are stored, never compressed, and begin at multiples of 64. Nothing is ever
unpacked to a path: records are looked up by name and read into memory, and only as much as the file really has.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .pickler import elements

__all__ = ["Archive", "is_archive", "write_archive"]

_ALIGNMENT = 64
_CORRUPT = (
    " This is an internal miniz error. If you are seeing this error, there is a high likelihood that your checkpoint file is "
    "corrupted. This can happen if the checkpoint was not saved properly, was transferred incorrectly, or the file was "
    "modified after saving."
)


# ---- writing


def write_archive(file: BinaryIO, name: str, pickled: bytes, storages: Mapping[str, np.ndarray]) -> None:
    """Write a pickle and its storages under the archive's name. The same content gives the same bytes."""
    with zipfile.ZipFile(file, "w") as target:
        start = target.fp.tell()  # type: ignore[union-attr]

        def write(record: str, data: Any, size: int) -> None:
            info = zipfile.ZipInfo(f"{name}/{record}")
            offset = target.fp.tell() - start + 30 + len(info.filename.encode())  # type: ignore[union-attr]
            large = size >= 2**31
            padding = -(offset + 4 + (20 if large else 0)) % _ALIGNMENT
            info.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
            with target.open(info, "w", force_zip64=large) as record_file:
                record_file.write(data)

        texts = {"data.pkl": pickled, ".format_version": b"1", ".storage_alignment": b"%d" % _ALIGNMENT}
        for record, text in (texts | {"byteorder": sys.byteorder.encode()}).items():
            write(record, text, len(text))
        for key, storage in storages.items():
            write(f"data/{key}", elements(storage), storage.nbytes)
        write("version", b"3\n", 2)


# ---- reading


def is_archive(file: BinaryIO) -> bool:
    """Whether a zip archive begins here; the position is kept."""
    start = file.tell()
    head = file.read(4)
    file.seek(start)
    return head == b"PK\x03\x04"


class Archive:
    """The records of a file that begins at the present position of ``file``.

    Raises:
        RuntimeError: the file is cut off or no archive of PyTorch's.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, OverflowError):
            words = "PytorchStreamReader failed reading zip archive: failed finding central directory."
            raise RuntimeError(words + _CORRUPT) from None
        file.seek(0, io.SEEK_END)
        self._size = file.tell()
        if sum(info.compress_size for info in infos) > self._size:
            words = "PytorchStreamReader failed reading zip archive: its records overlap or are longer than the file."
            raise RuntimeError(words + _CORRUPT)
        self.name = infos[0].filename.partition("/")[0] if infos else ""
        self._infos = {info.filename: info for info in infos}

    def __contains__(self, record: str) -> bool:
        return f"{self.name}/{record}" in self._infos

    def size(self, record: str) -> int:
        """The bytes of a record."""
        return self._info(record).file_size

    def read(self, record: str) -> bytes:
        """A record's bytes."""
        data = bytearray(self.size(record))
        self.read_into(record, memoryview(data))
        return bytes(data)

    def read_into(self, record: str, buffer: memoryview) -> None:
        """Read a record into a buffer of its size."""
        info, done = self._info(record), 0
        try:
            with self._zip.open(info) as source:
                while done < len(buffer) and (count := source.readinto(buffer[done:])):  # type: ignore[attr-defined]
                    done += count
                source.read(1)  # at the end the checksum is compared
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError) as error:
            raise self._failure("reading", record, str(error) or "unexpected end of the file") from None
        if done < len(buffer):
            raise self._failure("reading", record, "unexpected end of the file")

    def _info(self, record: str) -> zipfile.ZipInfo:
        info = self._infos.get(f"{self.name}/{record}")
        if info is None:
            raise self._failure("locating", record, "file not found")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise self._failure("reading", record, "the record is compressed or encrypted, which torch.save never does")
        if info.file_size != info.compress_size:
            raise self._failure("reading", record, f"{info.file_size} bytes are announced, but {info.compress_size} stored")
        return info

    def _failure(self, doing: str, record: str, why: str) -> RuntimeError:
        return RuntimeError(f"PytorchStreamReader failed {doing} file {record}: {why}.{_CORRUPT}")
