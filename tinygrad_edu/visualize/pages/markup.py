"""The pieces of HTML of which the page's panel is made. What comes from the user's program passes through :func:`text`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..numbers import number, top_of
from ..text import xml as text

__all__ = ["text"]

LEVELS = 6
"""Shades of each sign on the page's map of colours; see ``page.css``."""


# ---- paragraphs


def lead(words: str) -> str:
    return f"<p class=lead>{text(words)}</p>"


def keys() -> str:
    return "<p class=keyboard><kbd>→</kbd> steps on, <kbd>space</kbd> plays, <kbd>?</kbd> lists the keys.</p>"


def note(words: str, kind: str = "plain") -> str:
    return f'<p class="note {kind}">{text(words)}</p>'


def place(module: str, line: str) -> str:
    """Where a step happened: its module's path and the line of the program."""
    pieces = f"<span class=module>{text(module)}</span>" if module else ""
    return f"<p class=where>{pieces}{f'<code>{text(line)}</code>' if line else ''}</p>" if pieces or line else ""


def card(inner: str) -> str:
    return f"<div class=card>{inner}</div>"


def definitions(rows: Iterable[tuple[str, str, str]]) -> str:
    listed = "".join(f"<tr><th>{text(name)}<td>{value}<td class=kind>{text(kind)}" for name, kind, value in rows)
    return f"<table class=values>{listed}</table>" if listed else ""


# ---- formulas


def equation(inner: str, words: str, more: bool = False) -> str:
    """A line of mathematics and how it is read. ``more``: it goes on from the line above."""
    return f'<p class="eq{" more" if more else ""}" role=group aria-label="{text(words)}">{inner}</p>'


def fraction(over: str, under: str, kind: str = "") -> str:
    return f'<span class="frac {kind}"><span>{text(over)}</span><span>{text(under)}</span></span>'


def strong(words: str, kind: str) -> str:
    return f"<b class={kind}>{text(words)}</b>"


def small(words: str) -> str:
    return f"<small>{text(words)}</small>"


def scalar(array: np.ndarray | None) -> str:
    return strong("?" if array is None else number(array.reshape(())), "forward")


def local(named: str, factor: str) -> str:
    """A local factor: its formula, and its number, which the quiz keeps back."""
    if not named:
        return f"<mark>{text(factor)}</mark>"
    return f"<mark>{text(named)}<span class=known> = {text(factor)}</span></mark>"


def ask(name: str, answer: float, shown: str, slack: float, hint: str) -> str:
    """A gradient that the quiz asks for. An answer within ``slack`` of it is right."""
    if not (isinstance(answer, (int, float)) and math.isfinite(answer)):
        return strong(shown, "backward")
    data = f'data-answer="{answer!r}" data-slack="{slack:.3g}" data-name="{text(name)}" data-hint="{text(hint)}"'
    return f"<span class=ask {data}><b class=backward>{text(shown)}</b></span>"


# ---- arrays


def row(figures: Iterable[str]) -> str:
    inner = "".join(figures)
    return f"<div class=arrays>{inner}</div>" if inner else ""


def figure(title: str, shape: tuple[int, ...], body: str | None, size: str, kind: str) -> str:
    caption = f"<b>{text(title)}</b> <span>{text(str(tuple(shape)))} {text(size)}</span>"
    return f"<figure class={kind}><figcaption>{caption}</figcaption>{body or ''}</figure>"


def grid(array: np.ndarray, ask: tuple[int, str] | None = None) -> str:
    """An array as a table of numbers. ``ask``: the place of the one that the quiz asks for, and its HTML."""
    rows, place = [], 0
    cells = array.reshape(-1)
    top, columns = top_of(array), array.shape[-1] if array.ndim else 1
    for start in range(0, cells.size, max(columns, 1)):
        listed = ""
        for value in cells[start : start + columns]:
            inner = ask[1] if ask and ask[0] == place else text(number(value))
            listed += f"<td class={_level(value, top)}>{inner}"
            place += 1
        rows.append(f"<tr>{listed}")
    return f"<table class=grid>{''.join(rows)}</table>" if rows else "<p class=empty>no elements</p>"


def heat(array: np.ndarray) -> str:
    """An array as a table of colours."""
    top = top_of(array)
    rows = array.reshape(-1, array.shape[-1])
    listed = "".join("<tr>" + "".join(f"<td class={_level(value, top)}>" for value in line) for line in rows)
    return f"<table class=heat aria-hidden=true>{listed}</table>"


def statistics(count: int, mean: float | complex, deviation: float) -> str:
    return f"<p class=stats>{count:,} numbers: μ {text(number(mean))}, σ {text(number(deviation))}</p>"


def _level(value: Any, top: float) -> str:
    """The class of a cell's colour: ``n6`` (most negative) to ``p6``, ``z`` for 0, ``nan``."""
    size = float(abs(value))
    if math.isnan(size):
        return "nan"
    if not size or not top:
        return "z"
    level = LEVELS if math.isinf(size) else max(1, math.ceil(LEVELS * min(1.0, size / top)))
    return f"{'n' if not np.iscomplexobj(value) and value < 0 else 'p'}{level}"
