"""See a pass: its graph, its numbers, upstream × local = downstream at every node.

Everything is drawn from a :class:`~tinygrad_edu.visualize.trace.Trace`, plain data that is recorded once. The rooms:

* recording: ``record recording calls modules`` while the program runs, ``tracing names formulas looks`` afterwards,
  ``trace schema`` for the result and its JSON, ``bridge`` for PyTorch's own losses;
* formulas: ``notation writing latex`` read what declarations say; ``formula show`` compute what people type;
* pictures: ``draw`` and, from the inside out, ``numbers text widths``, ``boxes arrays card cards special style legend``,
  ``graph build fold folded``, ``layout engines ranks layered``, ``svg dot``;
* the page: ``page frames paths markup`` and ``assets/``;
* other faces: ``explain`` (text), ``export slides tikz files``, ``model layers`` (a model's layers), ``flow ladder``
  (gradient flow).
"""

from __future__ import annotations

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
