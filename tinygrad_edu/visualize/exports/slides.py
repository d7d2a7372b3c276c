"""One picture for each step of a pass, for slides: forward, then backward, as the page steps through it."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..pages.frames import Frame, frames, reveals
from ..pictures.boxes import COLOURS
from ..pictures.draw import draw
from ..pictures.style import UNUSED
from ..text import one_line, text_width
from ..trace import Trace
from ..tracing.tracing import trace

__all__ = ["slides"]

_SVG = "http://www.w3.org/2000/svg"
_NAME = re.compile(r"\d{3,}-(start|forward|backward)\.svg")
LINE, MARGIN = 20, 16


def slides(
    loss: Any, folder: str | os.PathLike[str], names: Mapping[str, Any] | None = None, title: str | None = None
) -> list[Path]:
    """One SVG for each step: the inputs, each operation forward, then each backward; numbers appear when they are computed.

    The files are called ``001-start.svg``, ``002-forward.svg`` ... and have one size. Each is written whole or not at all,
    and slides of a longer pass that stood in the folder go.

    Args:
        loss: the tensor that was differentiated, or a :class:`Trace` of it.
        folder: made if it is not there.
        names: what tensors are called, such as ``locals()``.
        title: the pictures' title; the name of the loss otherwise.

    Returns:
        the files in their order.
    """
    found = loss if isinstance(loss, Trace) else trace(loss, names)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (frame, text) in enumerate(_pictures(found, title), 1):
        written.append(write_whole(target / f"{number:03d}-{frame.phase}.svg", text))
    for each in target.iterdir():
        if _NAME.fullmatch(each.name) and each not in written:
            each.unlink()
    return written


def _pictures(trace: Trace, title: str | None) -> Iterator[tuple[Frame, str]]:
    ET.register_namespace("", _SVG)
    root = ET.fromstring(draw(trace, title=title).svg())
    places = {each.get("id"): each for each in root.iter() if each.get("id")}
    timed = list(_timed(trace, places))
    edges = list(_edges(root, trace))
    walk = frames(trace)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    captions = [_caption(frame, width - 2 * MARGIN) for frame in walk]
    whole = height + LINE * max(map(len, captions)) + MARGIN
    root.set("height", f"{whole:g}")
    root.set("viewBox", f"0 0 {width:g} {whole:g}")
    for at, (frame, lines) in enumerate(zip(walk, captions, strict=True)):
        for element, due in timed:
            _set(element, "visibility", "hidden" if due > at else None)
        for edge, arrow, due, (colour, wide) in edges:
            _set(edge, "stroke", UNUSED if due > at else colour)
            _set(edge, "stroke-width", "1.3" if due > at else wide)
            _set(arrow, "visibility", "hidden" if due > at else None)
        card = places.get(frame.focus)
        outline = next((each for each in card.iter() if each.get("class") == "card"), None) if card is not None else None
        _set(outline, "style", "stroke-width:4px")
        caption = _text(root, lines, height)
        yield frame, ET.tostring(root, encoding="unicode") + "\n"
        root.remove(caption)
        _set(outline, "style", None)


def _set(element: ET.Element | None, attribute: str, value: str | None) -> None:
    if element is None:
        return
    if value is None:
        element.attrib.pop(attribute, None)
    else:
        element.set(attribute, value)


def _timed(trace: Trace, places: Mapping[Any, ET.Element]) -> Iterator[tuple[ET.Element, int]]:
    """The elements that show a number, each with the frame in which it becomes known."""
    for key, when in reveals(trace).items():
        for element in places[key].iter() if key in places else ():
            classes = element.get("class", "").split()
            if "forward" in classes and "f" in when:
                yield element, when["f"]  # type: ignore[misc]
            elif {"backward", "local"} & set(classes) and "b" in when:
                term = next((each for each in classes if re.fullmatch(r"term\d+", each)), "")
                if term and "t" in when:
                    yield element, when["t"][int(term[4:])]  # type: ignore[index]
                else:
                    yield element, when.get("u", when["b"]) if "upstream" in classes else when["b"]  # type: ignore[misc]


def _edges(root: ET.Element, trace: Trace) -> Iterator[tuple[ET.Element, ET.Element | None, int, tuple[str, str]]]:
    """Each edge with its arrowhead, the frame in which a gradient has come along it, and its colour and width then."""
    when = reveals(trace)
    group = next((each for each in root.iter() if each.get("class") == "edges"), None)
    children = list(group) if group is not None else []
    for i, edge in enumerate(children):
        match = re.fullmatch(r"e(?:f(\d+)|(\d+)-\d+)", edge.get("id", ""))
        if match:
            card = when.get(f"f{match[1]}" if match[1] else f"s{match[2]}", {})
            follows = children[i + 1] if i + 1 < len(children) and children[i + 1].get("class") == "arrow" else None
            look = edge.get("stroke", UNUSED), edge.get("stroke-width", "1.3")
            yield edge, follows, card.get("b", 0), look  # type: ignore[misc]


def _caption(frame: Frame, width: float) -> list[tuple[str, bool]]:
    """What the step says, as lines with whether they are bold."""
    said = one_line(frame.say)
    title = one_line(frame.title)
    if said.startswith(title):
        said = said[len(title) :].lstrip(":. ")
    lines, line = [(title, True)], ""
    for word in said.split():
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, 13) > width:
            lines.append((line, False))
            longer = word
        line = longer
    return [*lines, (line, False)] if line else lines


def _text(root: ET.Element, lines: list[tuple[str, bool]], top: float) -> ET.Element:
    group = ET.SubElement(root, f"{{{_SVG}}}g", {"class": "caption"})
    for i, (line, bold) in enumerate(lines):
        style = {"class": "t15 b" if bold else "t13", "x": str(MARGIN), "y": f"{top + LINE * i + 12:g}", "fill": COLOURS["ink"]}
        ET.SubElement(group, f"{{{_SVG}}}text", style).text = line
    return group
