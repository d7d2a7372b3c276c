"""How far to go in a direction: a line search for the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Point(NamedTuple):
    """A place on the line: how far along it, and the loss, its gradient and its slope along the line there."""

    t: Any
    loss: float
    grad: np.ndarray
    slope: Any


def strong_wolfe(
    evaluate: Callable[[Any], Point],
    start: Point,
    t: Any,
    size: Any,
    max_iter: int,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance: float = 1e-9,
) -> tuple[Point, int]:
    """A point where the loss has decreased enough for the distance and the slope is c2 times flatter than at the start.

    Args:
        evaluate: gives the point at a distance.
        start: the point at distance 0.
        t: the first distance to try.
        size: the largest element of the direction; a bracket that moves no parameter by ``tolerance`` is not divided.
        max_iter: how many more points may be evaluated after the first.

    Returns:
        the point, and how many were evaluated.

    Source: Nocedal and Wright, "Numerical optimization" (2006), algorithms 3.5 and 3.6.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + c1 * point.t * start.slope

    def flat_enough(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    # Go on until a good point lies between two.
    previous, point, iterations, done = start, evaluate(t), 0, False
    while iterations < max_iter:
        if too_high(point) or (iterations > 1 and point.loss >= previous.loss):
            bracket = [previous, point]
            break
        if flat_enough(point):
            bracket, done = [point], True
            break
        if point.slope >= 0:
            bracket = [previous, point]
            break
        bounds = point.t + 0.01 * (point.t - previous.t), point.t * 10
        previous, point = point, evaluate(_cubic_minimum(previous, point, bounds))
        iterations += 1
    else:
        bracket = [start, point]

    # Divide that interval.
    low, high = (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)
    stuck = False
    while not done and iterations < max_iter:
        a, b = bracket
        if abs(b.t - a.t) * size < tolerance:
            break
        t = _cubic_minimum(a, b)
        left, right = min(a.t, b.t), max(a.t, b.t)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:  # twice near an end, or beyond it, is no progress
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        point = evaluate(t)
        iterations += 1
        if too_high(point) or point.loss >= bracket[low].loss:
            bracket[high] = point
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        else:
            if flat_enough(point):
                done = True
            elif point.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = point
    return bracket[low], iterations + 1


def _cubic_minimum(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic polynomial through two points with their slopes is least, within the bounds."""
    low, high = bounds or (min(a.t, b.t), max(a.t, b.t))
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    if a.t > b.t:
        a, b = b, a
    d2 = np.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, low), high)
