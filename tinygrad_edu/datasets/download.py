"""Fetching a file from the first mirror that has it, checked by its md5 sum, with a progress bar."""

from __future__ import annotations

import hashlib
import os
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..serialization.atomic import replacing

__all__ = ["check_integrity", "download"]

_PIECE = 2**16
_SECONDS = 30


def check_integrity(path: Any, md5: str | None = None) -> bool:
    """Whether a file is there, with this md5 sum if one is given."""
    if not os.path.isfile(path):
        return False
    if md5 is None:
        return True
    with open(path, "rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest() == md5


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def download(filename: str, mirrors: Sequence[str], folder: Any, md5: str) -> Path:
    """Fetch ``filename`` into ``folder``, unless it is there already.

    Raises:
        RuntimeError: no mirror answered, or none had the file that was expected; says what each one answered, and
            where the file can be put by hand.
    """
    path = Path(folder) / filename
    if check_integrity(path, md5):
        return path
    os.makedirs(folder, exist_ok=True)
    answers = []
    for mirror in mirrors:
        try:
            _fetch(mirror + filename, path, md5)
        except (OSError, ValueError) as error:  # URLError is an OSError
            answers.append(f"Tried {mirror}, got:\n{error}\n")
        else:
            return path
    raise RuntimeError(
        f"Error downloading {filename}:\n{''.join(answers)}Without a network, put the file at {path} (or unpacked, without "
        ".gz, beside it)."
    )


def _fetch(url: str, path: Path, md5: str) -> None:
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer, replacing(str(path)) as file:
        digest = _md5()
        with _progress(path.name, answer.headers.get("Content-Length")) as advance:
            while piece := answer.read(_PIECE):
                digest.update(piece)
                file.write(piece)
                advance(len(piece))
        if digest.hexdigest() != md5:
            raise ValueError(f"File not found or corrupted: its md5 sum is {digest.hexdigest()}, not {md5}")


class _progress:
    """tqdm's bar, where tqdm is installed."""

    def __init__(self, name: str, size: str | None) -> None:
        self._total, self._name = int(size) if size else None, name
        self._bar: Any = None

    def __enter__(self) -> Any:
        try:
            from tqdm import tqdm
        except ImportError:
            return lambda count: None
        self._bar = tqdm(total=self._total, desc=self._name, unit="B", unit_scale=True)
        return self._bar.update

    def __exit__(self, *exc: Any) -> None:
        if self._bar is not None:
            self._bar.close()
