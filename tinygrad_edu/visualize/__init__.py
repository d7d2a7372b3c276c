"""See a pass: its graph, its numbers, upstream × local = downstream at every node."""

from __future__ import annotations

# The modules before the functions, which take their names as attributes of this package
from . import draw as _draw  # noqa: F401
from . import trace as _trace  # noqa: F401
from .draw import draw as draw
from .explain import explain as explain
from .export import save as save
from .export import to_networkx as to_networkx
from .flow import gradient_flow as gradient_flow
from .model import plot_model as plot_model
from .model import summary as summary
from .page import Page as Page
from .page import page as page
from .record import record as record
from .slides import slides as slides
from .tikz import to_tikz as to_tikz
from .tracing import trace as trace
