"""``torch.version`` and the class of ``torch.__version__``.

Course code asks ``torch.__version__`` which PyTorch API it may use: it splits it, compares it with strings and tuples,
and prints it. So it begins with the PyTorch release whose API this package speaks, and names the package and its own
version after the plus sign, where PyTorch's builds say ``+cpu``.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["TorchVersion"]

PACKAGE_VERSION = "0.1.0"
PYTORCH_VERSION = "2.13.0"

cuda = hip = xpu = rocm = None
debug = False
git_version = "Unknown"


class TorchVersion(str):
    """A version string that compares as versions do, with strings and with tuples: ``torch.__version__ >= (2, 0)``."""

    __slots__ = ()

    def __lt__(self, other: Any) -> bool:
        return _key(self) < _key(other)

    def __le__(self, other: Any) -> bool:
        return _key(self) <= _key(other)

    def __gt__(self, other: Any) -> bool:
        return _key(self) > _key(other)

    def __ge__(self, other: Any) -> bool:
        return _key(self) >= _key(other)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, (str, tuple, list)) and _key(self) == _key(other)

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return str.__hash__(self)


def _key(version: Any) -> tuple[Any, ...]:
    """Release numbers without trailing zeros, then final after pre-release, then with after without a local label."""
    text = str(version) if isinstance(version, str) else ".".join(map(str, version))
    public, plus, local = text.partition("+")
    match = re.match(r"v?(\d+(?:\.\d+)*)(.*)", public)
    if match is None:
        raise ValueError(f"Invalid version: '{text}'")
    release = tuple(map(int, match[1].split(".")))
    while release and not release[-1]:
        release = release[:-1]
    suffix = match[2].lstrip("._-")
    stage = 0 if suffix.startswith("dev") else 1 if suffix[:1] in ("a", "b", "r") else 2
    return release, stage, suffix, plus, local


__version__ = TorchVersion(f"{PYTORCH_VERSION}+tinygrad.edu.{PACKAGE_VERSION}")
