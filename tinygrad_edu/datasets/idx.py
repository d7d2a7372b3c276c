"""IDX, the file format of MNIST: a magic number, the sizes, and the elements, high bytes first.

====== ======================================================
bytes  meaning
====== ======================================================
2      zero
1      the type of the elements: 8 is uint8, 13 is float32 ...
1      the number of dimensions
4 each the sizes
rest   the elements, the last index running fastest
====== ======================================================

See http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["read_idx", "write_idx"]

_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_CODES = {np.dtype(name).newbyteorder("="): code for code, name in _TYPES.items()}


def read_idx(path: Any) -> np.ndarray:
    """The array in an IDX file, packed with gzip or not.

    Raises:
        ValueError: the file is no IDX file, or is longer or shorter than it says.
        FileNotFoundError: there is no such file.
    """
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            return _parsed(file, path)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def _parsed(file: Any, path: Any) -> np.ndarray:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= 8:
        raise ValueError(f"{path} is no IDX file: it begins with the bytes {head.hex(' ') or '(none)'}")
    dtype, ndim = np.dtype(_TYPES[head[2]]), head[3]
    sizes = file.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise ValueError(f"{path} ends within its sizes")
    shape = struct.unpack(f">{ndim}I", sizes)
    data = file.read()
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise ValueError(
            f"{path} announces {' x '.join(map(str, shape))} elements of {dtype.name}, which are {expected} bytes, but has "
            f"{len(data)}"
        )
    return np.frombuffer(bytearray(data), dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def write_idx(path: Any, array: np.ndarray) -> None:
    """Write an array as an IDX file; packed where ``path`` ends with ``.gz``.

    Raises:
        ValueError: the format has no such dtype, or no array without dimensions.
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None or not 1 <= array.ndim <= 8:
        raise ValueError(f"IDX has no arrays of dtype {array.dtype} with {array.ndim} dimensions")
    head = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    data = head + array.astype(_TYPES[code]).tobytes()
    Path(path).write_bytes(gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)
