"""See a pass: its graph, its numbers, upstream × local = downstream at every node."""

from __future__ import annotations

from . import trace as _trace  # noqa: F401 (before the function takes the module's place as an attribute)
from .record import record as record
from .tracing import trace as trace
from .draw import draw as draw  # noqa: E402 (as above)
