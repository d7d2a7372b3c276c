"""Large graphs made readable: modules that are one card each, and repeated blocks that are drawn once."""

from __future__ import annotations

from .graph import Graph, build, runs_across
from .trace import Trace

__all__ = ["drawn"]


def drawn(trace: Trace, depth: int | None = None, direction: str | None = None) -> Graph:
    """The graph to draw."""
    return build(trace, runs_across(trace) if direction is None else direction == "LR")
