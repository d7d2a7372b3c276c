"""Numbers as every face of the visualiser shows them: three digits, a real minus sign, one map of colours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .trace import Summary

__all__ = [
    "MINUS",
    "edge_colour",
    "edge_share",
    "edge_width",
    "mix",
    "norm",
    "number",
    "rms",
    "shape_text",
    "sign_colour",
    "size_text",
    "stats",
    "top_of",
    "whole_shape",
]

MINUS = "−"
NEGATIVE, POSITIVE, ZERO = "#5b93f5", "#f5a62b", "#ffffff"  # blue and orange: told apart by every kind of eye
HEAT = ("#fdb565", "#f9845a", "#ee4f55", "#cf1f4c", "#a3123f", "#6f0c2f")  # gradients, from small to large


def number(value: Any, digits: int = 3) -> str:
    """``value`` with three significant digits: ``"−0.630"``, ``"1.20e−5"``; whole numbers of whole types as they are.

    >>> [number(v) for v in (-0.63, 2.0, 3, 0.0, float("-inf"), 12345.678, 1e-5)]
    ['−0.630', '2.00', '3', '0', '−∞', '12346', '1.00e−5']
    """
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.item()
    if isinstance(value, (bool, int)):
        return f"{value:d}".replace("-", MINUS)
    if isinstance(value, complex):
        return number(value.real, digits) + ("+" if not value.imag < 0 else "") + number(value.imag, digits) + "i"
    if math.isnan(value):
        return "NaN"
    size = abs(value)
    if size == 0:
        return "0"
    if math.isinf(size):
        text = "∞"
    elif 1e-3 <= size < 99999.5:
        text = f"{size:.{digits}g}"
        if "e" in text or size >= 10**digits - 0.5:  # four and five digits stay whole: 12346, not 1.23e4
            text = f"{size:.0f}"
        else:
            decimals = digits - 1 - math.floor(math.log10(float(text)))
            text = f"{size:.{decimals}f}" if decimals > 0 else text
    else:
        mantissa, _, power = f"{size:.{digits - 1}e}".partition("e")
        text = f"{mantissa}e{int(power)}".replace("-", MINUS)
    return MINUS + text if value < 0 else text


def rms(array: np.ndarray) -> float:
    """The root of the mean square; 0 for no elements."""
    if isinstance(array, Summary):
        return math.hypot(array.statistics["mean"], array.statistics["std"])
    if not array.size:
        return 0.0
    with np.errstate(all="ignore"):
        size = np.abs(array).astype(np.float64, copy=False)
        top = float(size.max())
        if top == 0 or not math.isfinite(top):
            return top
        return top * math.sqrt(float(np.mean(np.square(size / top))))  # squares of tiny numbers would vanish


def norm(array: np.ndarray) -> float:
    """The Euclidean norm of all elements."""
    return rms(array) * math.sqrt(math.prod(whole_shape(array)))


def stats(array: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation (of the population)."""
    if isinstance(array, Summary):
        return array.statistics["mean"], array.statistics["std"]
    if not array.size:
        return math.nan, math.nan
    with np.errstate(all="ignore"):
        wide = array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
        return wide.mean().item(), float(wide.std())


def whole_shape(array: np.ndarray) -> tuple[int, ...]:
    """The shape, of a summary that of the array it stands for."""
    return array.whole_shape if isinstance(array, Summary) else array.shape


def shape_text(shape: tuple[int, ...]) -> str:
    """``(2, 3)``, as Python prints it."""
    return str(tuple(int(length) for length in shape))


def size_text(count: int) -> str:
    """A number of bytes: ``"48 B"``, ``"1.50 KB"``."""
    size, unit = float(count), "B"
    for larger in ("KB", "MB", "GB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{count} B" if unit == "B" else f"{number(size)} {unit}"


def mix(a: str, b: str, share: float) -> str:
    """The colour ``share`` of the way from ``a`` to ``b``, both ``#rrggbb``."""
    parts = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in parts)


def sign_colour(value: Any, top: float) -> str:
    """The colour of a cell: blue below zero, orange above, paler the nearer to zero; ``top`` has the full colour."""
    if isinstance(value, complex):
        value = abs(value)
    value = float(value)
    if math.isnan(value):
        return "#f3b6c6"
    if value == 0 or not (top > 0 or math.isinf(value)):
        return ZERO
    share = 1.0 if math.isinf(value) else min(1.0, abs(value) / top)
    return mix(ZERO, NEGATIVE if value < 0 else POSITIVE, 0.12 + 0.88 * share)


def top_of(array: np.ndarray) -> float:
    """The largest finite size in ``array``: what has the full colour."""
    size = np.abs(array[np.isfinite(array)]) if array.dtype.kind in "fc" else np.abs(array.astype(np.float64))
    return float(size.max()) if size.size else 0.0


def edge_share(size: float, low: float, high: float) -> float:
    """Where ``size`` stands between ``low`` and ``high`` on a logarithmic scale, from 0 to 1."""
    if not math.isfinite(size):
        return 1.0
    if not (0 < low < high and size > 0):
        return 0.5 if size > 0 else 0.0
    return min(1.0, max(0.0, math.log(size / low) / math.log(high / low)))


def edge_colour(share: float) -> str:
    """The colour of a gradient at ``share`` (see :func:`edge_share`)."""
    place = share * (len(HEAT) - 1)
    left = min(int(place), len(HEAT) - 2)
    return mix(HEAT[left], HEAT[left + 1], place - left)


def edge_width(share: float) -> float:
    """The width of an edge at ``share``, in pixels."""
    return round(1.3 + 3.2 * share, 2)
