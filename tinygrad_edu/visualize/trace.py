"""One forward and backward pass as plain data.

Every face of the visualiser (:func:`draw`, :func:`page`, :func:`explain`, the exports) reads a :class:`Trace` and nothing
else: no face walks the engine. A trace holds NumPy arrays and plain Python values, so that it can be written as JSON and
read back (:meth:`Trace.to_json`, :meth:`Trace.from_json`).

The graph has two kinds of points. A :class:`Value` is a tensor: a leaf, data, or a result. A :class:`Step` is an operation
that took values and made values. Both stand in the order in which they came to be, so a step's inputs have smaller numbers
than its outputs, and ``reversed(trace.steps)`` is an order of the backward pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["SCHEMA_VERSION", "Input", "Module", "Saved", "Source", "Step", "Summary", "Trace", "Value"]

SCHEMA_VERSION = 1
"""Of the JSON form. A reader refuses a newer one."""


class Summary(np.ndarray):
    """What stands for a large array in a trace that was read from JSON: a picture of it in at most 8×8 elements.

    Each is the mean of the elements that lie there, the array being seen as a matrix of its last dimension (of the absolute
    values where they are complex).

    Attributes:
        whole_shape, whole_dtype: the array's own.
        statistics: ``mean`` and ``std`` of all elements, ``min`` and ``max`` of the finite ones, and how many are
            ``nonfinite`` and ``zeros``.
    """

    whole_shape: tuple[int, ...]
    whole_dtype: str
    statistics: dict[str, float]

    def __new__(cls, cells: Any, shape: tuple[int, ...], dtype: str, statistics: dict[str, float]) -> Summary:
        made = np.asarray(cells, np.float32).view(cls)
        made.whole_shape, made.whole_dtype, made.statistics = shape, dtype, statistics
        return made


@dataclass(slots=True)
class Source:
    """A line of the user's program."""

    file: str  # the base name, never a path
    line: int
    text: str  # the line itself, stripped; "" where it is not known


@dataclass(slots=True)
class Value:
    """A tensor of the pass.

    ``kind`` is ``"parameter"`` (a leaf that is an nn.Parameter), ``"leaf"`` (another leaf that requires grad), ``"data"``
    (no gradient needed), ``"result"`` (made by a recorded step) or ``"cut"`` (made from the graph, but behind ``detach`` or
    under ``no_grad``: its gradient goes no further; ``made_by`` names the step).
    """

    id: int
    name: str  # "x", "fc1.weight", or a, b, c in execution order
    kind: str
    shape: tuple[int, ...]
    dtype: str  # "float32"
    data: np.ndarray | None  # the numbers, None where they are not known
    grad: np.ndarray | None  # what arrived here in all; None: none needed, or backward has not run
    made_by: int | None  # the step, None for leaves and data
    output: int = 0  # its place among that step's outputs
    used_by: list[tuple[int, int]] = field(default_factory=list)  # (step, place among its inputs), every use


@dataclass(slots=True)
class Input:
    """One argument of a step that is a tensor, and what flows back along it."""

    value: int  # the Value's id
    param: str  # the declaration's name of the argument: "x", "y", "weight"
    needs_grad: bool
    downstream: np.ndarray | None  # what this step sent back along this edge (broadcasting undone)
    local: np.ndarray | None  # the local factor where the step works element by element: downstream = local * upstream
    rule: str  # the declaration's rule for people, in the pass's names: "y", "G · Wᵀ"
    rule_latex: str
    summed: tuple[int, ...] = ()  # axes over which broadcasting's copies were summed
    blocked: int | None = None  # how many elements got no gradient because a gate was closed (max, ReLU, clamp, pooling)


@dataclass(slots=True)
class Saved:
    """What a step kept for its backward pass."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int


@dataclass(slots=True)
class Step:
    """An operation that ran."""

    id: int
    op: str  # the public name: "mul", "relu", "linear"
    node: str  # the node's name: "MulBackward0"
    family: str  # a tint: "arithmetic", "activation", "linear", "reduction", "shape", "loss", "norm", "conv", "other"
    symbol: str  # what a card's head shows: "×", "+", "ReLU", "σ", "linear"
    formula: str  # in the pass's names: "a = x · y"
    formula_latex: str
    inputs: list[Input]
    outputs: list[int]  # Value ids
    options: dict[str, object]  # arguments that are no tensors: {"dim": 1}
    module: str  # path of the innermost module it ran in: "fc1", "" outside every module
    source: Source | None
    saved: list[Saved]
    ran: bool  # whether the backward pass reached it
    cut: str = ""  # "detach" or "no_grad" where recording was off
    note: str = ""  # one line of its own: "3 of 6 gates closed", "winner: y"


@dataclass(slots=True)
class Module:
    """A module in which steps ran, with its description as it prints itself: ``Linear(4 → 3)``."""

    path: str
    kind: str  # "Linear"
    text: str  # "Linear(in_features=4, out_features=3, bias=True)"
    parent: str


@dataclass(slots=True)
class Trace:
    """A recorded pass. ``ran`` says whether its backward pass has run; without it no value has a gradient."""

    values: list[Value]
    steps: list[Step]
    modules: list[Module]
    root: int  # the Value that was differentiated: the loss
    ran: bool
    order: int = 1  # 2: the graph of a gradient
    bad: int | None = None  # the first step that made a NaN or Inf from finite numbers
    bad_backward: int | None = None  # the same for gradients, in backward order

    def to_json(self, max_elements: int | None = None, indent: int | None = None) -> str:
        """The trace as JSON text.

        Args:
            max_elements: arrays with more elements are written as a summary; None writes all of them whole.
            indent: as in :func:`json.dumps`; None writes one line.

        The form, version 1. The document is an object with ``"schema": "tinygrad_edu.trace"``, ``"version": 1`` and the fields
        of :class:`Trace`; every dataclass is an object of its fields, in their order. None is ``null``, a tuple is a list.
        An array is an object with ``shape``, ``dtype`` (NumPy's name) and ``data``, the elements in one list, the last
        dimension running fastest; a complex number is a list of its two parts; a float is written with as few digits as tell
        it from its neighbours in its dtype. A number that is not finite is one of the strings ``"NaN"``, ``"Infinity"``,
        ``"-Infinity"``, among ``options`` an object ``{"number": "NaN"}``. An array with more than ``max_elements`` elements
        has, in place of ``data``, ``summary`` (an object with ``mean``, ``std``, ``min``, ``max``, ``nonfinite``, ``zeros``)
        and ``thumbnail`` (a list of at most 8 rows of at most 8 numbers; see :class:`Summary`). Times, paths and addresses do
        not occur: the same program writes the same text.
        """
        from .schema import to_json

        return to_json(self, max_elements, indent)

    @classmethod
    def from_json(cls, text: str) -> Trace:
        """The trace that :meth:`to_json` wrote. Summaries stay summaries.

        Raises:
            ValueError: the text is no JSON, no trace, of a newer version, or malformed; the message says where.
        """
        from .schema import from_json

        return from_json(text)  # type: ignore[no-any-return]
