"""Padding as modules (https://docs.pytorch.org/docs/2.13/nn.html#padding-layers).

``padding`` is one number for all sides, or (left, right), (left, right, top, bottom), (left, right, top, bottom, front, back).
"""

from __future__ import annotations

from typing import Any

from . import functional as F
from ._tuples import ntuple
from .module import Module

__all__ = [f"{kind}Pad{n}d" for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero") for n in (1, 2, 3)]


class _PadNd(Module):
    _axes: int
    _mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self._axes)

    def forward(self, input: Any) -> Any:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """A signal (N, C, L) between ``value``s."""

    _axes = 1


class ConstantPad2d(_ConstantPadNd):
    """Images (N, C, H, W) in a frame of ``value``s."""

    _axes = 2


class ConstantPad3d(_ConstantPadNd):
    """Volumes (N, C, D, H, W) in a shell of ``value``s."""

    _axes = 3


class _ZeroPad:
    """Constant padding by 0."""

    padding: tuple[int, ...]

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)  # type: ignore[call-arg]

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """A signal (N, C, L) between zeros."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Images (N, C, H, W) in a frame of zeros."""


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Volumes (N, C, D, H, W) in a shell of zeros."""


class ReflectionPad1d(_PadNd):
    """A signal continued by its reflection at the last element: 3 2 | 1 2 3 | 2 1."""

    _axes, _mode = 1, "reflect"


class ReflectionPad2d(_PadNd):
    """Images continued by their reflection at the outermost pixels."""

    _axes, _mode = 2, "reflect"


class ReflectionPad3d(_PadNd):
    """Volumes continued by their reflection at the outermost elements."""

    _axes, _mode = 3, "reflect"


class ReplicationPad1d(_PadNd):
    """A signal continued by its first and its last element: 1 1 | 1 2 3 | 3 3."""

    _axes, _mode = 1, "replicate"


class ReplicationPad2d(_PadNd):
    """Images continued by their outermost pixels."""

    _axes, _mode = 2, "replicate"


class ReplicationPad3d(_PadNd):
    """Volumes continued by their outermost elements."""

    _axes, _mode = 3, "replicate"


class _CircularPadNd(_PadNd):
    _mode = "circular"

    def forward(self, input: Any) -> Any:
        n = self._axes
        if input.dim() not in (n + 1, n + 2):
            raise ValueError(f"expected {n + 1}D or {n + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """A signal continued from its other end: 2 3 | 1 2 3 | 1 2."""

    _axes = 1


class CircularPad2d(_CircularPadNd):
    """Images continued from their other side."""

    _axes = 2


class CircularPad3d(_CircularPadNd):
    """Volumes continued from their other side."""

    _axes = 3
