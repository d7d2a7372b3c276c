"""A pass for other programs: as a networkx graph, and as a file in the format that its suffix names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..explain import explain
from ..files import write_whole
from ..numbers import rms
from ..pages.page import page
from ..pictures.draw import draw
from ..trace import Summary, Trace
from ..tracing.tracing import trace
from .tikz import to_tikz

__all__ = ["save", "to_networkx"]

NO_NETWORKX = "to_networkx() needs networkx: pip install tinygrad-edu[viz] (or: pip install networkx)"


def _trace(loss: Any, names: Mapping[str, Any] | None) -> Trace:
    return loss if isinstance(loss, Trace) else trace(loss, names)


def to_networkx(loss: Any, names: Mapping[str, Any] | None = None) -> Any:
    """The pass as a :class:`networkx.MultiDiGraph`, edges in the direction of the values.

    Values are the nodes ``"v0"``, ``"v1"`` ..., operations ``"s0"``, ``"s1"`` .... Attributes are words, numbers and truth
    values, so that every format of networkx can hold them; what is not known is left out. Nodes have ``label`` and ``what``
    (``"value"`` or ``"step"``); values ``kind``, ``shape``, ``dtype``, ``value`` and ``grad`` (of one number) or ``rms`` and
    ``grad_rms``; steps ``op``, ``node``, ``family``, ``formula``, ``module``, ``ran``. Edges into a step have ``param``,
    ``rule``, ``needs_grad`` and ``downstream`` or ``downstream_rms``: parallel edges where a value is used twice.

    Raises:
        ModuleNotFoundError: networkx is not installed.
    """
    try:
        import networkx
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(NO_NETWORKX, name="networkx") from error
    found = _trace(loss, names)
    graph = networkx.MultiDiGraph(root=f"v{found.root}", ran=found.ran)
    for value in found.values:
        own: dict[str, Any] = {"shape": str(tuple(value.shape)), "dtype": value.dtype, "kind": value.kind}
        own |= _size("value", value.data) | _size("grad", value.grad)
        graph.add_node(f"v{value.id}", what="value", label=value.name, **own)
    for step in found.steps:
        own = {"op": step.op, "node": step.node, "family": step.family, "formula": step.formula, "module": step.module}
        graph.add_node(f"s{step.id}", what="step", label=step.symbol, **own, ran=step.ran)
        for place, each in enumerate(step.inputs):
            own = {"param": each.param, "place": place, "rule": each.rule, "needs_grad": each.needs_grad}
            graph.add_edge(f"v{each.value}", f"s{step.id}", **own, **_size("downstream", each.downstream))
        for place, output in enumerate(step.outputs):
            graph.add_edge(f"s{step.id}", f"v{output}", place=place)
    return graph


def _size(name: str, array: np.ndarray | None) -> dict[str, Any]:
    """A single number, or the root of the mean square of several."""
    if array is None:
        return {}
    if array.size == 1 and not isinstance(array, Summary) and array.dtype.kind in "fiub":
        return {name: array.reshape(())[()].item()}
    return {"rms" if name == "value" else f"{name}_rms": float(rms(array))}


def save(
    loss: Any, path: str | os.PathLike[str], names: Mapping[str, Any] | None = None, title: str | None = None
) -> Path:
    """Write the pass to ``path``, in the format of its suffix, whole or not at all.

    ``.svg`` a picture, ``.png`` and ``.pdf`` the same (these need Graphviz), ``.dot`` or ``.gv`` for Graphviz, ``.html`` the
    page to step through, ``.tex`` for LaTeX, ``.json`` the trace itself, ``.txt`` the walk as text.

    Args:
        loss: the tensor that was differentiated, or a :class:`Trace` of it.
        path: where to write.
        names: what tensors are called, such as ``locals()``.
        title: the picture's or page's title; the name of the loss otherwise.

    Returns:
        the path.

    Raises:
        ValueError: for another suffix.
        RuntimeError: for a format that needs Graphviz where there is none.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"save(): {os.fspath(path)!r} does not end in one of {', '.join(FORMATS)}")
    return write_whole(path, FORMATS[suffix](_trace(loss, names), title))


def _picture(form: str) -> Callable[[Trace, str | None], bytes]:
    return lambda found, title: draw(found, format=form, title=title).pipe()  # type: ignore[no-any-return]


FORMATS: dict[str, Callable[[Trace, str | None], str | bytes]] = {
    ".svg": _picture("svg"),
    ".png": _picture("png"),
    ".pdf": _picture("pdf"),
    ".dot": _picture("dot"),
    ".gv": _picture("gv"),
    ".html": lambda found, title: page(found, title=title).html,
    ".tex": lambda found, title: to_tikz(found, title=title),
    ".json": lambda found, title: found.to_json(),
    ".txt": lambda found, title: explain(found),
}
