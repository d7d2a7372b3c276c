"""See a pass: its graph, its numbers, upstream × local = downstream at every node."""

from __future__ import annotations

# The modules before the functions, which take their names as attributes of this package
from . import draw as _draw  # noqa: F401
from . import trace as _trace  # noqa: F401
from .draw import draw as draw
from .explain import explain as explain
from .page import Page as Page
from .page import page as page
from .record import record as record
from .tracing import trace as trace
