"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from typing import Any

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str) -> Iterator[Any]:
    """A new binary file that takes the place of ``path`` when the block ends, and vanishes if the block fails.

    The bytes are on the disk before the name is given to them, so that neither a failure nor a power cut destroys what
    the name stood for. A link is followed; what is no ordinary file (a pipe, a device) is written as it is.
    """
    path = os.path.realpath(path)
    old = _mode(path)
    if old is not None and not stat.S_ISREG(old):
        with open(path, "wb") as file:
            yield file
        return
    temporary = f"{path}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "xb") as file:
            if old is not None:
                os.chmod(temporary, stat.S_IMODE(old))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None
