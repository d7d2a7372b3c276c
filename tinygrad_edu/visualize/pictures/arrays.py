"""An array as a box: a number, a grid of numbers, a heat map, or a thumbnail with mean and deviation."""

from __future__ import annotations

import numpy as np

from ..numbers import number, shape_text, sign_colour, stats, top_of
from .boxes import Box, Grid, Line, Run, Table

__all__ = ["array_box", "heat_box", "is_scalar", "labelled", "scalar_run"]

GRID_ROWS, GRID_COLUMNS = 4, 5
HEAT_ROWS, HEAT_COLUMNS = 8, 12
THUMBNAIL = 8
HEAT_CELL = 9.0
DASH = "–"


def is_scalar(array: np.ndarray | None, shape: tuple[int, ...]) -> bool:
    """Whether one number says it all."""
    return (array.size if array is not None else int(np.prod(shape))) == 1


def scalar_run(array: np.ndarray | None, mark: str, size: int = 13, bold: bool = True) -> Run:
    """The one number of an array in the colour of its direction (its first mark); a dash where it is not known."""
    if array is None:
        return Run(DASH, size, "pale", mark=mark)
    return Run(number(array), size, (mark.split() or ["ink"])[0] if mark != "local" else "ink", bold, mark)


def array_box(array: np.ndarray | None, mark: str = "", size: int = 13, bold: bool = True) -> Box:
    """The box for ``array``; ``mark`` is ``"forward"`` or ``"backward"``."""
    if array is None:
        return Line([Run(DASH, size, "pale", mark=mark)])
    if array.size == 1:
        return Line([scalar_run(array, mark, size, bold)])
    if array.size == 0:
        return Line([Run(f"empty {shape_text(array.shape)}", 9, "grey", mark=mark)])
    flat = flattened(array)
    rows, columns = flat.shape
    top = top_of(flat)
    short = array.dtype.kind in "iub" and top < 100
    if rows <= GRID_ROWS and columns <= (HEAT_COLUMNS if short else GRID_COLUMNS):
        return Grid([[(number(v), sign_colour(v, top)) for v in row] for row in flat.tolist()], mark)
    if min(rows, columns) <= HEAT_ROWS and max(rows, columns) <= HEAT_COLUMNS:
        return heat(flat, top, mark)
    mean, deviation = stats(flat)
    small = blocks(flat)
    text = Line([Run(f"μ {number(mean)}   σ {number(deviation)}", 9, "grey", mark=mark)])
    return Table([[heat(small, top_of(small), mark)], [text]], "c", gap_y=1)


def flattened(array: np.ndarray) -> np.ndarray:
    """Its rows, one below the other."""
    return array.reshape(1, -1) if array.ndim < 2 else array.reshape(-1, array.shape[-1])


def heat_box(array: np.ndarray, mark: str) -> Grid:
    """A heat map without numbers, however small the array."""
    return heat(flattened(array), top_of(array), mark)


def heat(flat: np.ndarray, top: float, mark: str) -> Grid:
    return Grid([[("", sign_colour(v, top)) for v in row] for row in flat.tolist()], mark, HEAT_CELL)


def blocks(flat: np.ndarray) -> np.ndarray:
    """At most 8 × 8 (one row: 8) means of equal pieces of ``flat``; a piece that holds a NaN or an infinity stays one."""
    if flat.dtype.kind == "c":
        flat = np.abs(flat)
    with np.errstate(all="ignore"):
        flat = flat.astype(np.float64)
        for axis in (0, 1):
            if flat.shape[axis] > THUMBNAIL:
                starts = np.arange(THUMBNAIL) * flat.shape[axis] // THUMBNAIL
                lengths = np.diff(np.append(starts, flat.shape[axis]))
                sums = np.add.reduceat(flat, starts, axis=axis)
                flat = sums / (lengths[:, None] if axis == 0 else lengths)
    return flat


def labelled(label: str, colour: str, box: Box) -> Table:
    """``box`` under its label."""
    return Table([[Line([Run(label, 9, colour)])], [box]], "c", gap_y=1.5)
