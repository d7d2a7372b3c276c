"""Large graphs made readable: modules that are one card each, and repeated blocks that are drawn once.

Steps stand in the order in which they ran, and only runs of neighbours are put together. So whatever is folded, the drawn
graph has no circle.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from .trace import Trace

__all__ = ["READABLE", "Unit", "fold"]

READABLE = 150  # cards of steps
LONG_LOOP = 60  # steps; a loop's turns stand side by side, which is wide long before it is much
LONGEST_PERIOD = 40
FEWEST_REPEATS = 3
OPEN_PERIOD = 12
CHUNKS = 40


@dataclass(slots=True)
class Unit:
    """The steps from ``start`` to before ``stop``, drawn as one card; a single step, unless ``folded``."""

    start: int
    stop: int
    path: str = ""  # of the module that it is
    last_path: str = ""  # of the last one, where several were put together
    repeats: int = 1
    folded: bool = False
    parent: str = ""  # the module in whose box it stands


def fold(trace: Trace, depth: int | None) -> list[Unit]:
    """All steps in units. A given ``depth`` opens so many levels of modules; else it is chosen where there is too much to read,
    and repeats are folded."""
    if depth is not None:
        return by_module(trace, max(0, depth))
    if len(trace.steps) <= READABLE:
        units = [Unit(step.id, step.id + 1) for step in trace.steps]
        if len(units) > LONG_LOOP and 2 * len(fewer := repeated(trace, units, modules_only=False)) <= len(units):
            return fewer
        return units
    deepest = max(step.module.count(".") + 1 if step.module else 0 for step in trace.steps)
    units = by_module(trace, 0)
    for level in range(deepest, 0, -1):
        finer = repeated(trace, by_module(trace, level), modules_only=True)
        if len(finer) <= READABLE:
            units = finer
            break
    units = repeated(trace, units, modules_only=True)
    if len(units) > READABLE:
        units = repeated(trace, units, modules_only=False)
    return chunks(units) if len(units) > READABLE else units


def by_module(trace: Trace, depth: int) -> list[Unit]:
    """Runs of steps in the same module below ``depth`` levels, each one unit; a module that ran twice makes two."""
    units: list[Unit] = []
    for step in trace.steps:
        parts = step.module.split(".") if step.module else []
        if len(parts) <= depth:
            units.append(Unit(step.id, step.id + 1))
            continue
        path = ".".join(parts[: depth + 1])
        if units and units[-1].folded and units[-1].path == path:
            units[-1].stop = step.id + 1
        else:
            units.append(Unit(step.id, step.id + 1, path, path, folded=True, parent=".".join(parts[:depth])))
    return units


def looks(trace: Trace, unit: Unit) -> Hashable:
    """What two units must share to be repeats of each other."""
    steps = trace.steps[unit.start : unit.stop]
    return unit.parent, unit.folded, tuple((step.op, tuple(trace.values[out].shape for out in step.outputs)) for step in steps)


def repeated(trace: Trace, units: list[Unit], modules_only: bool) -> list[Unit]:
    """The same with every block of units that repeats put into one."""
    names: dict[Hashable, int] = {}
    kinds = [names.setdefault(looks(trace, unit), len(names)) for unit in units]
    made: list[Unit] = []
    at = 0
    while at < len(units):
        best = (0, 0)  # steps covered, period
        for period in range(1, min(LONGEST_PERIOD, (len(units) - at) // FEWEST_REPEATS) + 1):
            block = kinds[at : at + period]
            if modules_only and not all(unit.folded for unit in units[at : at + period]):
                break
            count = 1
            while kinds[at + count * period : at + (count + 1) * period] == block:
                count += 1
            if count >= FEWEST_REPEATS and count * period > best[0]:
                best = (count * period, period)
        if not best[0]:
            made.append(units[at])
            at += 1
            continue
        covered, period = best
        # a loop's first and last turn stay open, so that what repeats can be read
        edge = (
            0
            if all(unit.folded for unit in units[at : at + period]) or period > OPEN_PERIOD or covered == 2 * period
            else period
        )
        first, last = units[at + edge], units[at + covered - edge - 1]
        path, last_path = (first.path, last.path) if period == 1 else ("", "")
        made += units[at : at + edge]
        made.append(Unit(first.start, last.stop, path, last_path, (covered - 2 * edge) // period, True, first.parent))
        made += units[at + covered - edge : at + covered]
        at += covered
    return made


def chunks(units: list[Unit]) -> list[Unit]:
    """A few dozen units of neighbours that no module and no repeat put together."""
    each = -(-len(units) // CHUNKS)
    made: list[Unit] = []
    room = 0
    for unit in units:
        if room and made[-1].parent == unit.parent:
            made[-1] = Unit(made[-1].start, unit.stop, folded=True, parent=unit.parent)
            room -= 1
        else:
            made.append(unit)
            room = each - 1
    return made
