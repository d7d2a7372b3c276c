"""The picture of a pass as LaTeX: TikZ nodes that hold the cards' equations, where the layout put the cards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..files import write_whole
from ..formulas.latex import escape, is_derived, latex_number, name_latex
from ..numbers import norm, number
from ..pictures.cards import gradient_terms, is_constant, is_factor
from ..pictures.draw import Drawing
from ..pictures.graph import Edge
from ..pictures.layout import Layout
from ..pictures.style import FAMILIES
from ..text import one_line
from ..trace import Input, Step, Summary, Trace, Value
from ..tracing.tracing import trace

__all__ = ["to_tikz"]

POINT = 0.68
"""TeX points for each pixel of the layout."""

_PREAMBLE = r"""\documentclass[tikz,border=8pt]{standalone}
\usepackage{amsmath,amssymb}
\renewcommand{\familydefault}{\sfdefault}
\definecolor{value}{HTML}{0B7A6E}
\definecolor{gradient}{HTML}{BE123C}
\definecolor{module}{HTML}{CFD8F6}
\newcommand{\val}[1]{\textcolor{value}{#1}}
\newcommand{\grad}[1]{\textcolor{gradient}{#1}}
"""


def to_tikz(
    loss: Any,
    path: str | os.PathLike[str] | None = None,
    names: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> str:
    """A LaTeX document, one page with the picture of the pass; ``pdflatex`` compiles it as it is.

    Every card holds its equation with the numbers in it: ``∇x = y · 0.881 = −2.64``. Matrices have their shapes and norms.

    Args:
        loss: the tensor that was differentiated, or a :class:`Trace` of it.
        path: where to write it as well.
        names: what tensors are called, such as ``locals()``.
        title: a line above the picture.
    """
    found = loss if isinstance(loss, Trace) else trace(loss, names)
    text = "\n".join(_document(found, title)) + "\n"
    if path is not None:
        write_whole(path, text)
    return text


def _document(trace: Trace, title: str | None) -> Iterator[str]:
    picture = Drawing(trace)
    layout = picture.layout
    yield _PREAMBLE.rstrip()
    for family, (fill, border, _) in FAMILIES.items():
        for name, colour in ((family, fill), (f"{family}line", border)):
            yield rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}"
    yield r"\begin{document}"
    yield r"\begin{tikzpicture}[x=1pt, y=-1pt, font=\small, line join=round,"
    yield r"  card/.style={draw=#1line, fill=#1, rounded corners=4pt, inner sep=4pt, align=center}]"
    for path, (x, y, wide, high) in layout.boxes.items():
        yield rf"\draw[module, fill=module!20, rounded corners=6pt] {_at((x, y))} rectangle {_at((x + wide, y + high))};"
        label = escape(one_line(f"{path}  {picture.graph.groups[path].title}"))
        yield rf"\node[anchor=north west, font=\footnotesize] at {_at((x, y))} {{{label}}};"
    for edge in picture.graph.edges:
        yield _edge(edge, layout)
    for key, node in picture.graph.nodes.items():
        card, (x, y) = node.card, layout.at[key]
        size = f"minimum width={card.width * POINT:.1f}pt, minimum height={card.height * POINT:.1f}pt"
        content = _content(trace, key) or rf"\text{{{escape(one_line(card.tip))}}}"
        centre = _at((x + card.width / 2, y + card.height / 2))
        yield rf"\node[card={card.family}, {size}] ({key}) at {centre} {{{content}}};"
    if title:
        yield rf"\node[anchor=south west, font=\large\bfseries] at (0, -6) {{{escape(one_line(title))}}};"
    yield r"\end{tikzpicture}"
    yield r"\end{document}"


def _at(point: tuple[float, float]) -> str:
    return f"({point[0] * POINT:.1f}, {point[1] * POINT:.1f})"


def _edge(edge: Edge, layout: Layout) -> str:
    points = list(layout.routes[edge.key])
    path = _at(points[0])
    for i in range(1, len(points) - 1, 3):
        path += f" .. controls {_at(points[i])} and {_at(points[i + 1])} .. {_at(points[i + 2])}"
    red, green, blue = (int(edge.colour[i : i + 2], 16) for i in (1, 3, 5))
    style = ["latex-" if edge.arrow == "tail" else "-latex", f"draw={{rgb,255:red,{red};green,{green};blue,{blue}}}"]
    style.append(f"line width={edge.width * POINT:.2f}pt")
    if edge.dashed:
        style.append("dashed")
    return rf"\draw[{', '.join(style)}] {path};"


# ---- what cards say -------------------------------------------------------------------------------------------------------


def _content(trace: Trace, key: str) -> str:
    """The equations of a card; nothing for one that stands for several steps."""
    kind, number_ = key[0], key[1:]
    if kind == "s":
        return _step(trace, trace.steps[int(number_)])
    if kind == "v":
        return _value(trace, trace.values[int(number_)])
    if kind == "f":
        return _sum(trace, trace.values[int(number_)])
    return ""


def _math(derived: str, text: str) -> str:
    """A formula's LaTeX; its text, where a trace has none or something else in its place."""
    return derived if derived and is_derived(derived) else rf"\text{{{escape(one_line(text))}}}"


def _rows(rows: list[str]) -> str:
    return r"$\begin{gathered}" + r" \\ ".join(rows) + r"\end{gathered}$"


def _array(array: np.ndarray | None, macro: str) -> str:
    """A number, or a matrix's size: its norm."""
    if array is None:
        return "?"
    if _single(array):
        return rf"\{macro}{{{latex_number(number(array.reshape(())[()]))}}}"
    return rf"\{macro}{{\lVert {latex_number(number(norm(array)))} \rVert}}"


def _equals(array: np.ndarray | None, macro: str) -> str:
    """``= −2.64``; a norm stands beside a formula."""
    return (" = " if array is None or _single(array) else r"\quad ") + _array(array, macro)


def _single(array: np.ndarray) -> bool:
    return array.size == 1 and not isinstance(array, Summary)


def _factor(array: np.ndarray | None) -> str:
    text = _array(array, "grad")
    return f"({text})" if "{-" in text else text


def _shape(value: Value) -> str:
    return r"\;{\scriptstyle " + r" \times ".join(map(str, value.shape)) + "}" if value.shape else ""


def _value(trace: Trace, value: Value) -> str:
    rows = [f"{name_latex(one_line(value.name))}{_shape(value)}{_equals(value.data, 'val')}"]
    if value.kind == "data":
        rows.append(r"\scriptstyle\text{data, no gradient}")
    elif trace.ran:
        rows.append(rf"\nabla{_equals(value.grad, 'grad')}")
    return _rows(rows)


def _sum(trace: Trace, value: Value) -> str:
    name = name_latex(one_line(value.name))
    terms = [_array(each.downstream, "grad") for each in gradient_terms(trace, value)]
    rows = [rf"\scriptstyle {name} \text{{ is used }} {len(terms)} \times"]
    if trace.ran:
        rows.append(" + ".join(terms[:4] + [r"\dots"] * (len(terms) > 4)) + _equals(value.grad, "grad"))
    return _rows(rows)


def _step(trace: Trace, step: Step) -> str:
    out = trace.values[step.outputs[0]]
    formula = _math(step.formula_latex, step.formula)
    single = len(step.outputs) == 1 and out.data is not None and _single(out.data)
    rows = [formula + (_equals(out.data, "val") if single else _shape(out) if len(step.outputs) == 1 else "")]
    inputs = [each for each in step.inputs if each.needs_grad]
    if trace.ran and any(not is_factor(each.rule) for each in inputs) and len(step.outputs) == 1:
        rows.append(rf"G = \nabla {name_latex(one_line(out.name))}{_equals(out.grad, 'grad')}")
    rows += [_rule(trace, each, out) for each in inputs]
    if step.note or step.cut:
        rows.append(rf"\scriptstyle\text{{{escape(one_line(step.note or step.cut))}}}")
    return _rows(rows)


def _rule(trace: Trace, entry: Input, out: Value) -> str:
    """``∇x = y · 0.881 = −2.64``, the factor's number below it; or ``∇W = Gᵀ · x = ‖1.60‖``."""
    left = rf"\nabla {name_latex(one_line(trace.values[entry.value].name))} = "
    rule = _math(entry.rule_latex, entry.rule or "?")
    right = _equals(entry.downstream, "grad") if trace.ran else ""
    if not is_factor(entry.rule) or entry.local is None:
        return left + rule + right
    upstream = _factor(out.grad) if trace.ran else rf"\nabla {name_latex(one_line(out.name))}"
    if _single(entry.local) and not is_constant(entry.rule):
        rule = rf"\underset{{{latex_number(number(entry.local.item()))}}}{{{rule}}}"
    elif not _single(entry.local):
        upstream = rf"\nabla {name_latex(one_line(out.name))}"
    times = r"\cdot" if _single(entry.local) else r"\odot"
    return f"{left}{rule} {times} {upstream}{right}"
