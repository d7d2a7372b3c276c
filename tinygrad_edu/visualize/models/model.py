"""A model's layers: as a table (:func:`summary`), and as a picture (:func:`plot_model`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import graphviz

from ...nn.module import Module
from ..pictures.boxes import Line, Run, Table
from ..pictures.card import Card, Section
from ..pictures.dot import dot_body
from ..pictures.draw import Drawing
from ..pictures.graph import Edge, Graph, set_ports
from ..pictures.svg import svg_text
from .layers import Layer, run_model

__all__ = ["ModelPicture", "ModelSummary", "plot_model", "summary"]


# ---- the table -----------------------------------------------------------------------------------------------------


class ModelSummary(str):
    """The table's text, with its totals as ``total_params`` and ``trainable_params``."""

    total_params: int
    trainable_params: int

    def __repr__(self) -> str:
        return str(self)


def summary(
    model: Any, input_size: Any = None, *, input: Any = None, depth: int | None = None, verbose: bool | None = None
) -> ModelSummary:
    """The table of a model's layers: name and type, output shape, number of parameters, and the totals.

    Args:
        input_size: the shape of the input with its batch axis, ``(64, 1, 28, 28)``, or without it where the model takes
            batches only, ``(1, 28, 28)``; a list of shapes for several inputs. The model is run once on zeros, in evaluation
            mode and unrecorded. Without it, and without ``input``, no shapes are shown.
        input: the input itself, or a tuple of them.
        depth: how many levels of modules are shown; all by default.
        verbose: whether the table is printed too; by default unless Python is interactive, which shows the result itself.

    A parameter that several layers share is counted once, where it stands first; a layer that is shown again after that says
    "(shared)". Of a layer that is called several times the first shape is shown.
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary(): argument 'model' must be Module, not {type(model).__name__}")
    shapes: dict[str, list[tuple[int, ...]]] = {}
    batch = False
    if input_size is not None or input is not None or getattr(model, "input_shape", None) is not None:
        run = run_model(model, input_size, input, caller="summary")
        shapes, batch = run.shapes, run.batch
    counted: set[int] = set()
    rows = [("Layer (type)", "Output Shape", "Param #")]
    for path, prefix, module, level in _tree(model):
        whole = level == depth or getattr(module, "shown_whole", False)
        inner = list(module.parameters(recurse=whole))
        fresh = [each for each in inner if id(each) not in counted]
        if depth is None or level <= depth:
            count = f"{sum(each.numel() for each in fresh):,}" if fresh else "(shared)" if inner else "—"
            name = path.rpartition(".")[2]
            title = f"{name} ({type(module).__name__})" if name else type(module).__name__
            shape = " ".join(_shape_text(each, batch) for each in shapes.get(path, ())[:1]) or "—"
            rows.append((prefix + title, shape, count))
        counted.update(map(id, fresh))
    total = sum(each.numel() for each in model.parameters())
    trainable = sum(each.numel() for each in model.parameters() if each.requires_grad)
    text = ModelSummary(_table(rows, total, trainable))
    text.total_params, text.trainable_params = total, trainable
    if verbose or (verbose is None and not hasattr(sys, "ps1")):
        print(text)
    return text


def _tree(model: Any) -> list[tuple[str, str, Any, int]]:
    """Every module with its path, the branches of the tree before its name, and its level; without recursion."""
    rows: list[tuple[str, str, Any, int]] = []
    waiting: list[tuple[str, str, str, Any, int]] = [("", "", "", model, 0)]
    while waiting:
        path, before, branch, module, level = waiting.pop()
        rows.append((path, before + branch, module, level))
        if getattr(module, "shown_whole", False):
            continue
        inside = before + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        children = list(module.named_children())
        for i, (name, child) in reversed(list(enumerate(children))):
            last = "└─ " if i == len(children) - 1 else "├─ "
            waiting.append((f"{path}.{name}" if path else name, inside, last, child, level + 1))
    return rows


def _table(rows: list[tuple[str, str, str]], total: int, trainable: int) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}   {b:<{widths[1]}}   {c:>{widths[2]}}" for a, b, c in rows]
    totals = [
        f"Total params: {total:,}",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]
    wide = max(map(len, [*lines, *totals]))
    return "\n".join(["=" * wide, lines[0], "-" * wide, *lines[1:], "=" * wide, *totals, "=" * wide])


def _shape_text(shape: tuple[int, ...], batch: bool) -> str:
    """A shape as Python prints it; with ``batch`` its first axis may have any length: None."""
    return str((None, *shape[1:]) if batch and shape else shape)


# ---- the picture ---------------------------------------------------------------------------------------------------


class ModelPicture(Drawing):
    """The picture of a model's layers: a :class:`graphviz.Digraph` that draws itself as SVG without Graphviz."""

    def __init__(self, graph: Graph, title: str, format: str | None = None) -> None:
        graphviz.Digraph.__init__(self, "model", format=format or "svg")
        self.graph, self.title = graph, title
        self.body = dot_body(graph)

    def svg(self, header: bool = True) -> str:
        """The picture as SVG."""
        return svg_text(self.graph, self.layout)


def plot_model(
    model: Any,
    input_size: Any = None,
    *,
    input: Any = None,
    to_file: str | os.PathLike[str] | None = None,
    show_shapes: bool = True,
    depth: int | None = None,
    rankdir: str = "TB",
) -> ModelPicture:
    """The picture of a model's layers as boxes with their input and output shapes, in the order in which they run.

    Operations between the layers (a sum of two branches, a reshaping) are small boxes.

    Args:
        input_size: the shape of the input with its batch axis, or a list of shapes; a Keras model knows its own.
        input: the input itself, or a tuple of them.
        to_file: a file to write, in the format that its suffix names; PNG and PDF need Graphviz.
        show_shapes: whether the shapes are shown.
        depth: how many levels of modules are opened; deeper ones are one box each. All by default.
        rankdir: ``"TB"``, from top to bottom, or ``"LR"``, from left to right.
    """
    if rankdir not in ("TB", "LR"):
        raise ValueError(f"plot_model(): rankdir must be 'TB' or 'LR', but got {rankdir!r}")
    run = run_model(model, input_size, input, depth)
    graph = Graph(across=rankdir == "LR")
    for i, layer in enumerate(run.layers):
        graph.add(_card(i, layer, show_shapes, run.batch))
        for source in layer.sources:
            graph.edges.append(Edge(f"e{source}-{i}", f"s{source}", f"s{i}", colour="#667085", width=1.4, arrow="head"))
    set_ports(graph)
    form = Path(to_file).suffix[1:].lower() if to_file is not None else None
    picture = ModelPicture(graph, type(model).__name__, form)
    if to_file is not None:
        picture.render(outfile=to_file)
    return picture


_FAMILIES = {
    "Input": "data", "Linear": "linear", "Dense": "linear", "Bilinear": "linear", "Embedding": "linear", "Flatten": "shape",
    "Unflatten": "shape", "InputLayer": "data", "Identity": "other",
}  # fmt: skip


def _family(kind: str) -> str:
    """The tint of a layer, by the name of its type."""
    for word, family in (("Conv", "conv"), ("Pool", "conv"), ("Norm", "norm"), ("Drop", "other"), ("Loss", "loss")):
        if word in kind:
            return family
    if any(word in kind for word in ("LSTM", "GRU", "RNN", "Transformer", "Attention")):
        return "linear"
    return _FAMILIES.get(kind, "activation" if kind[:1].isupper() and len(kind) < 12 else "other")


def _card(number: int, layer: Layer, show_shapes: bool, batch: bool) -> Card:
    is_module = layer.module is not None
    kind = layer.kind if is_module and layer.kind != layer.name else ""
    title = [Run(layer.name, 13 if is_module else 11, "ink", True), Run(kind, 11, "indigo", gap=8)]
    family, key = _family(layer.kind) if layer.kind else layer.family, f"s{number}"
    if not show_shapes:
        return Card(key, family, [Section(Line(title))])
    if not is_module:
        return Card(key, family, [Section(Line([*title, Run(_shapes_text(layer.outputs, batch), 11, "grey", gap=8)]))])
    rows = [
        [Line([Run(name, 11, "grey")]), Line([Run(_shapes_text(shapes, batch), 11, "forward")])]
        for name, shapes in (("input", layer.inputs), ("output", layer.outputs))
    ]
    count = sum(each.numel() for each in layer.module.parameters())
    if count:
        rows.append([Line([Run("params", 11, "grey")]), Line([Run(f"{count:,}", 11, "ink")])])
    return Card(key, family, [Section(Line(title)), Section(Table(rows, "ll", gap_x=10))])


def _shapes_text(shapes: list[tuple[int, ...]], batch: bool) -> str:
    return ", ".join(_shape_text(each, batch) for each in shapes)
