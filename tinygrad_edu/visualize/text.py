"""Text that is safe to draw and whose width is known before anything draws it.

A card is as wide as its text, and must be so in a browser, in Graphviz and in our own layout alike. So widths come from one
table (:mod:`.widths`), never from a font that happens to be installed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .widths import BOLD, REGULAR

__all__ = ["FONT", "clip", "dot_html", "dot_string", "one_line", "text_width", "wrap", "xml"]

FONT = "Helvetica,Arial,Liberation Sans,sans-serif"

REPLACEMENT = "�"
WIDTHS = tuple({char: width for width, chars in table.items() for char in chars} for table in (REGULAR, BOLD))
# What no XML document may hold, lone surrogates, and the marks that turn the direction of the text around them
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]"
)


def one_line(text: object) -> str:
    """``text`` as one line that can stand in any document: no control characters, no marks that change the direction."""
    return FORBIDDEN.sub(REPLACEMENT, re.sub(r"[ \t]*[\r\n\u2028\u2029]+[ \t]*", " ⏎ ", str(text)).replace("\t", " "))


def xml(text: object) -> str:
    """``text`` for XML and HTML, as an element's content or an attribute's value."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;")


def dot_html(text: object) -> str:
    """``text`` inside one of Graphviz's HTML-like labels.

    They drop soft spaces at ends, and read ``\\N`` and its like as the node's name whatever stands before them: such a
    backslash becomes the sign for a difference of sets.
    """
    return re.sub(r"\\(?=[EGHLNT])", "\u2216", xml(text)).replace(" ", "\u00a0")


def dot_string(text: object) -> str:
    """``text`` as a quoted string of the DOT language, with nothing left for Graphviz to interpret (``\\N``, ``\\n``)."""
    text = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = 11, bold: bool = False) -> float:
    """The width of ``text`` at ``size`` in Helvetica's metrics; generous for characters that are not in the table."""
    table = WIDTHS[bold]
    return sum(table.get(char) or _unknown(char) for char in text) * size / 1000


def _unknown(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 1050 if unicodedata.east_asian_width(char) in "WF" else 850


def measurable(text: str, bold: bool = False) -> bool:
    """Whether every character of ``text`` is in the table, so that its width needs no guess."""
    return all(char in WIDTHS[bold] for char in text)


def wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """``text`` in lines of this width, broken at spaces and before a "with" that explains; the last of ``most`` is clipped."""
    text = one_line(text)
    if text_width(text, size) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and len(lines) < most and (word == "with" or text_width(longer, size) > width):
            lines.append(word)
        else:
            lines[-1] = longer
    return [clip(line, width, size) for line in lines]


def clip(text: str, width: float, size: float = 11, bold: bool = False) -> str:
    """``text``, or as much of its beginning as fits into ``width``, and an ellipsis."""
    text = one_line(text)
    if text_width(text, size, bold) <= width:
        return text
    width -= text_width("…", size, bold)
    for end, char in enumerate(text):
        width -= text_width(char, size, bold)
        if width < 0:
            return text[:end].rstrip() + "…"
    return text
