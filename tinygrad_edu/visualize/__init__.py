"""See a pass: its graph, its numbers, upstream × local = downstream at every node.

Everything is drawn from a :class:`~tinygrad_edu.visualize.trace.Trace`, plain data that is made once. The rooms:

* ``recording/`` while the program runs, ``tracing/`` afterwards (also from PyTorch's own graphs); ``trace schema``, the result
  and its JSON;
* ``formulas/`` reads what declarations say and what people type;
* ``pictures/``, ``pages/`` (the page to step through), ``models/`` (a model's layers, the flow of gradients), ``exports/``, and
  ``explain``, the same as text; ``show`` is the command line's;
* ``numbers text widths files`` is what all of them write with.
"""

from __future__ import annotations

from .explain import explain as explain
from .exports.export import save as save
from .exports.export import to_networkx as to_networkx
from .exports.slides import slides as slides
from .exports.tikz import to_tikz as to_tikz
from .models.flow import gradient_flow as gradient_flow
from .models.model import plot_model as plot_model
from .models.model import summary as summary
from .pages.page import Page as Page
from .pages.page import page as page
from .pictures.draw import draw as draw
from .recording.record import record as record
from .tracing.tracing import trace as trace
