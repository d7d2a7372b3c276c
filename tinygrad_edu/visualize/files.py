"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], data: str | bytes) -> Path:
    """Write ``data`` to ``path`` (text as UTF-8). What stood there stays until all of the new is written.

    Raises:
        OSError: ``path`` cannot be written. Nothing half-written is left there.
    """
    target = Path(path)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # as open() would have made it
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    return target
