"""The step-through page: one pass, one gate at a time, as a file that needs nothing but a browser.

The page is whole when it is written: the drawing is laid out, every step's text is there, and the script (``assets/``)
only shows what is due. Its content security policy names that script and that style by their hashes, so nothing else
runs, whatever the program's names hold, and nothing is ever loaded.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..numbers import number
from ..text import one_line
from ..trace import Trace, Value
from . import markup, paths
from .frames import Frame, frames, reveals

__all__ = ["Page", "page"]

MOST_LEAVES, MOST_FACTORS = 24, 400
"""The leaves whose paths are listed, and about how many factors the paths of one may have in all."""


class Page:
    """A page as text: ``html``. In a notebook it shows itself, in a frame of its own."""

    def __init__(self, html: str) -> None:
        self.html = html

    def __repr__(self) -> str:
        return f"Page({len(self.html.encode()):,} bytes of HTML)"

    def _repr_html_(self) -> str:
        frame = 'width="100%" height="680" sandbox="allow-scripts" title="backward pass, step by step" style="border:0"'
        return f'<iframe srcdoc="{_attribute(self.html)}" {frame}></iframe>'

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to ``path``: all of it, or nothing."""
        return write_whole(path, self.html)


def page(
    loss: Any,
    path: str | os.PathLike[str] | None = None,
    names: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> Page:
    """The backward pass of ``loss`` as a page to step through: forward, then backward, one gate at a time.

    Args:
        loss: a tensor, or a recorded :class:`Trace`.
        path: where to write it; the file opens without a server or a network.
        names: what tensors are called, ``locals()`` for example; only for a tensor.
        title: the heading; the formula or the loss's name unless given.

    Raises:
        OSError: ``path`` cannot be written. Nothing half-written is left there.
    """
    made = Page(_html(_trace(loss, names), title))
    if path is not None:
        made.write(path)
    return made


def _trace(loss: Any, names: Mapping[str, Any] | None) -> Trace:
    if isinstance(loss, Trace):
        return loss
    from ..tracing.tracing import trace

    return trace(loss, names=names)


def _html(trace: Trace, title: str | None) -> str:
    from ..pictures.draw import Drawing

    walk = frames(trace)
    css, js = asset("page.css"), asset("page.js")
    drawing = Drawing(trace).svg(header=False)
    styles = [css, *re.findall(r"<style[^>]*>(.*?)</style>", drawing, re.DOTALL)]
    root = trace.values[trace.root]
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"script-src {_hash(js)}; style-src {' '.join(map(_hash, styles))}"
    )
    parts = {
        "policy": policy,
        "title": markup.text(title if title is not None else f"Backward from {root.name}"),
        "css": css,
        "js": js,
        "svg": drawing,
        "drawing": markup.text(f"The graph of {root.name}: {len(trace.steps)} steps. The panel tells each step in words."),
        "sections": "\n".join(map(_section, walk)),
        "paths": _paths(trace),
        "data": _json(_data(trace, walk)),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], asset("page.html"))


@cache
def asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _data(trace: Trace, walk: list[Frame]) -> dict[str, Any]:
    """What the script needs to know beside what stands in the page."""
    stops = [{"p": each.phase, "c": each.focus, "e": each.edges, "s": one_line(each.say)} for each in walk]
    return {"frames": stops, "reveals": reveals(trace)}


def _section(frame: Frame) -> str:
    return f'<section class="frame {frame.phase}"><h2>{markup.text(frame.title)}</h2>{frame.body}</section>'


# ---- paths


def _paths(trace: Trace) -> str:
    """The path view: for each leaf its paths, their products, their sum. Empty for graphs of arrays."""
    every = paths.leaves(trace)
    listed = every[:MOST_LEAVES]
    if not listed:
        return ""
    choices = "".join(
        f'<button type=button class=leaf aria-pressed=false data-leaf="{leaf.id}">{markup.text(leaf.name)}</button>'
        for leaf in listed
    )
    more = markup.note(f"and {len(every) - len(listed)} more leaves") if len(every) > len(listed) else ""
    intro = markup.lead("Multiply the local gradients along a path; add over the paths.")
    views = "".join(_leaf_paths(trace, leaf) for leaf in listed)
    title = f"<h2>Every path to {markup.text(trace.values[trace.root].name)}</h2>"
    return f'<section id="ways" hidden>{title}{intro}<p class=leaves>{choices}</p>{views}{more}</section>'


def _leaf_paths(trace: Trace, leaf: Value) -> str:
    count = paths.count_paths(trace, leaf)
    shown = _first_paths(trace, leaf)
    seed = trace.values[trace.root].grad
    assert leaf.grad is not None and seed is not None
    pieces = []
    for way in shown:
        names = [leaf.name, *(trace.values[trace.steps[step].outputs[0]].name for step, _ in way.uses)]
        factors = [*map(number, way.factors), *([number(seed)] if seed.item() != 1 else [])]
        product = " × ".join(f"<mark>{markup.text(each)}</mark>" for each in _elided(factors))
        edges = " ".join(f"e{step}-{place}" for step, place in way.uses) + f" ef{leaf.id}"
        line = f"{product} = {markup.strong(number(way.product), 'backward')}"
        pieces.append(
            f'<button type=button class="card path" data-edges="{edges}" data-product="{way.product!r}">'
            f"<span class=names>{markup.text(' → '.join(_elided(names)))}</span><span class=product>{line}</span></button>"
        )
    if count > len(shown):
        rest = leaf.grad.item() - sum(way.product for way in shown)
        pieces.append(markup.note(f"These are {len(shown)} of {count:,} paths; the others add {number(rest)}."))
    total = " + ".join(number(way.product) for way in shown[:4]) + (" + …" if count > 4 else "")
    equals = f"sum: {total} = " if count > 1 else "sum: "
    pieces.append(
        f'<p class="note sum" data-grad="{leaf.grad.item()!r}">{markup.text(equals)}'
        f"{markup.strong(number(leaf.grad), 'backward')} = {markup.text(leaf.name)}.grad</p>"
    )
    return f'<div class=ways data-leaf="{leaf.id}" hidden>{"".join(pieces)}</div>'


def _first_paths(trace: Trace, leaf: Value) -> list[paths.Path]:
    """As many paths as can be listed: fewer where they are long."""
    shown: list[paths.Path] = []
    for way in itertools.islice(paths.all_paths(trace, leaf), paths.MOST_PATHS):
        shown.append(way)
        if sum(len(each.uses) for each in shown) > MOST_FACTORS:
            break
    return shown


def _elided(words: list[str]) -> list[str]:
    """The beginning and the end of a long list."""
    return words if len(words) <= 14 else [*words[:6], "…", *words[-6:]]


# ---- safe text


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """JSON inside a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")
