"""``explain``: the walk through a pass as text, for a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO

import numpy as np

from .numbers import norm, number, shape_text, stats, whole_shape
from .text import one_line
from .trace import Input, Step, Summary, Trace, Value
from .tracing.tracing import trace

__all__ = ["Text", "explain"]

ROWS, COLUMNS = 6, 8
"""Up to so many numbers are shown; of more, their mean, spread and size."""
NARROWEST = 40
MOST_TERMS = 4
HARD = "\u00a0"
"""A space at which no line is broken."""


class Text(str):
    """Text that a prompt and a notebook show as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def explain(
    loss: Any,
    *,
    width: int = 88,
    precision: int = 3,
    max_nodes: int | None = None,
    names: Any = None,
    file: TextIO | None = None,
) -> Text:
    """The pass in words and numbers: the values, then node by node *upstream*, *local* and *downstream*.

    Args:
        loss: the tensor that was differentiated, or a :class:`Trace` of it.
        width: no line is longer, unless a single number is; at least 40.
        precision: significant digits.
        max_nodes: how many nodes are told of; "… 12 more nodes" stands for the others.
        names: what tensors are called, such as ``locals()``.
        file: a text file to write to as well, ``sys.stdout`` say.

    Raises:
        ValueError: a width below 40, or a precision or number of nodes below 1.
    """
    for name, value, least in (("width", width, NARROWEST), ("precision", precision, 1), ("max_nodes", max_nodes, 1)):
        if value is not None and value < least:
            raise ValueError(f"explain(): {name} must be at least {least}, but got {value}")
    found = loss if isinstance(loss, Trace) else trace(loss, names)
    text = Text("\n".join(_Walk(found, width, precision, max_nodes).lines()).replace(HARD, " "))
    if file is not None:
        print(text, file=file)
    return text


# ---- text in columns ------------------------------------------------------------------------------------------------------


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def padded(text: str, width: int, right: bool = False) -> str:
    """``text`` in a column of that width."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def on_the_point(numbers: list[str]) -> list[str]:
    """A column of numbers, their points one below the other."""
    parts = [text.partition(".") for text in numbers]
    left, right = (max(len(part[i]) for part in parts) for i in (0, 2))
    point = any(part[1] for part in parts)
    return [f"{a:>{left}}{b or ' ' * point}{c:<{right}}" for a, b, c in parts]


def shape_of(shape: tuple[int, ...]) -> str:
    """``(2, 3)`` as one word."""
    return shape_text(shape).replace(" ", HARD)


def wrapped(text: str, width: int, indent: str, hang: str = "  ") -> Iterator[str]:
    """``text`` in lines; what follows the first is further in. A word that is too long is broken."""
    line, bare = indent, True
    for word in text.split(" "):  # two spaces in a row stay
        if bare and not word:
            continue
        if not bare and cells(line) + 1 + cells(word) > width:
            yield line.rstrip()
            line, bare = indent + hang, True
        line, bare = line + ("" if bare else " ") + word, False
        while cells(line) > width:
            end = next(i for i in range(len(line), 0, -1) if cells(line[:i]) <= width)
            yield line[:end]
            line = indent + hang + line[end:]
    if not bare:
        yield line.rstrip()


class Block:
    """Lines that stand beside those of other blocks."""

    def __init__(self, title: str, rows: list[str]) -> None:
        self.title, self.rows = title, rows
        self.width = max(map(cells, [title, *rows]))


def fits(blocks: list[Block], signs: int, width: int, indent: str) -> bool:
    """Whether blocks with so many signs between them make one row."""
    return len(indent) + sum(block.width for block in blocks) + 5 * signs <= width


def beside(blocks: list[Block], signs: list[str], width: int, indent: str) -> Iterator[str]:
    """Blocks in a row with a sign between two of them, titles above; one below the other where the row does not fit."""
    if not fits(blocks, len(signs), width, indent):
        yield from _below(blocks, signs, width, indent)
        return
    for i in range(-1, max(len(block.rows) for block in blocks)):
        line = indent
        for sign, block in zip(["", *signs], blocks, strict=True):
            line += f"  {sign if i == 0 else ' '}  " if sign else ""
            line += padded(block.title if i < 0 else block.rows[i] if i < len(block.rows) else "", block.width)
        if line.strip():
            yield line.rstrip()


def _below(blocks: list[Block], signs: list[str], width: int, indent: str) -> Iterator[str]:
    titles = [f"{sign} {block.title}".rstrip() for sign, block in zip([" ", *signs], blocks, strict=True)]
    column = max(map(cells, titles)) + 2
    level = len(indent) + column + max(cells(row) for block in blocks for row in block.rows) <= width
    for title, block in zip(titles, blocks, strict=True):
        if not level:
            yield from wrapped(title, width, indent)
        for i, row in enumerate(block.rows):
            lead = indent + (padded(title if not i else "", column) if level else "  ")
            if cells(lead + row) <= width:
                yield lead + row
            else:
                yield from wrapped(row, width, lead)


# ---- the walk --------------------------------------------------------------------------------------------------------------


class _Walk:
    def __init__(self, trace: Trace, width: int, precision: int, max_nodes: int | None) -> None:
        self.trace, self.width, self.precision, self.max_nodes = trace, width, precision, max_nodes
        self.modules = {module.path: module for module in trace.modules}

    def lines(self) -> Iterator[str]:
        trace = self.trace
        root = one_line(trace.values[trace.root].name)
        yield from self._heading("Forward: the values")
        yield from self._forward()
        yield ""
        if not trace.ran:
            yield from self._heading("Backward has not run")
            said = f"Call {root}.backward(), and this is where its gradients stand. The local factors are known."
            yield from wrapped(said, self.width, "")
        else:
            yield from self._heading("Backward: upstream × local = downstream")
            yield from wrapped(self._beginning(root), self.width, "")
        steps = [step for step in reversed(trace.steps) if step.ran or not trace.ran]
        for step in islice(steps, self.max_nodes):
            yield ""
            yield from self._step(step)
            yield from self._sums(step)
        yield from self._more(len(steps))
        if trace.ran:
            yield from self._unreached(steps)
            yield from self._leaves()

    def _beginning(self, root: str) -> str:
        if self.trace.steps and not any(step.ran for step in self.trace.steps):
            return "It was not recorded: inside `with record():` every step is told. Known are the gradients of the leaves."
        return f"It starts at {root} with ∂{root}/∂{root} = {self._start()}."

    def _heading(self, text: str) -> Iterator[str]:
        yield text
        yield "─" * min(cells(text), self.width)

    def _more(self, count: int) -> Iterator[str]:
        rest = 0 if self.max_nodes is None else count - self.max_nodes
        if rest > 0:
            yield ""
            yield f"… {rest} more node{'s' * (rest > 1)}"

    def _start(self) -> str:
        grad = self.trace.values[self.trace.root].grad
        return "1" if grad is None else self._short(grad)

    # ---- numbers

    def number(self, value: Any) -> str:
        return number(value, self.precision)

    def _short(self, array: np.ndarray | None) -> str:
        """An array in one line."""
        if array is None:
            return "none" if self.trace.ran else "?"
        if array.size == 1 and not isinstance(array, Summary):
            return self.number(array.reshape(())[()])
        shape = shape_of(whole_shape(array))
        if not array.size:
            return f"{shape}  empty"
        mean, spread = stats(array)
        return f"{shape}  mean {self.number(mean)}  σ {self.number(spread)}  ‖·‖ {self.number(norm(array))}"

    def _rows(self, array: np.ndarray | None, room: int) -> list[str]:
        """An array as lines: a small one as a grid whose columns are aligned, a large one by its statistics."""
        if array is None:
            return [self._short(None)]
        if isinstance(array, Summary):
            return self._short(array).split("  ")
        if array.size == 1 and array.ndim < 2:
            return [self._short(array)]
        if array.size and array.ndim <= 2:
            grid = array.reshape(1, -1) if array.ndim == 1 else array
            if grid.shape[0] <= ROWS and grid.shape[1] <= COLUMNS:
                columns = [on_the_point([self.number(each) for each in column]) for column in grid.T]
                rows = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
                if max(map(cells, rows)) <= room:
                    return rows
        return self._short(array).split("  ")

    def _blocks(self, titles: list[str], arrays: list[np.ndarray | None], room: int) -> list[Block]:
        """Arrays that stand beside each other; short vectors that must stand below each other have common columns."""
        blocks = [Block(title, self._rows(each, room)) for title, each in zip(titles, arrays, strict=True)]
        known = [each for each in arrays if each is not None and each.ndim == 1 and not isinstance(each, Summary)]
        alike = len(known) == len(arrays) and len({each.shape for each in known}) == 1 and 0 < known[0].size <= COLUMNS
        if not alike or fits(blocks, len(blocks) - 1, self.width, "      "):
            return blocks
        columns = [on_the_point([self.number(each) for each in column]) for column in zip(*known, strict=True)]
        rows = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
        if max(map(cells, rows)) > room:
            return blocks
        return [Block(title, [row]) for title, row in zip(titles, rows, strict=True)]

    # ---- forward

    def _forward(self) -> Iterator[str]:
        trace = self.trace
        shown = {step.id for step in islice(trace.steps, self.max_nodes)}
        entries: list[tuple[str, Value, str]] = []
        for value in trace.values:
            if value.made_by is None:
                if not value.used_by or any(step in shown for step, _ in value.used_by):
                    entries.append((one_line(value.name), value, {"data": "data, no gradient"}.get(value.kind, value.kind)))
            elif value.made_by in shown:
                step = trace.steps[value.made_by]
                if value.output:
                    entries.append((one_line(f"{value.name}, beside {trace.values[step.outputs[0]].name}"), value, ""))
                else:
                    entries.append((one_line(step.formula), value, self._remark(step)))
        scalars = [cells(text) for text, value, _ in entries if value.data is None or value.data.size == 1]
        column = min(max(scalars, default=0), self.width // 2)
        for text, value, remark in entries:
            yield from self._value(text, value, remark, column)
        yield from self._more(len(trace.steps))

    def _remark(self, step: Step) -> str:
        remark = step.note
        if step.cut:
            remark = f"{step.cut}: the gradient goes no further"
        if step.id == self.trace.bad:
            remark = "the first NaN or infinity" + (f"; {remark}" if remark else "")
        return remark

    def _value(self, text: str, value: Value, remark: str, column: int) -> Iterator[str]:
        if value.data is None or (value.data.size == 1 and value.data.ndim < 2):
            known = "?" if value.data is None else self._short(value.data)
            shown = f"= {known}" if value.data is not None or not value.shape else shape_of(value.shape)
            line = f"  {padded(text, column)}  {shown}"
            if remark:
                line = f"{padded(line, column + 4 + 12)}  {remark}"
            if cells(line) <= self.width:
                yield line
            else:
                yield from wrapped(f"{text} {shown}" + (f" ({remark})" if remark else ""), self.width, "  ", "    ")
            return
        head = f"{text}  {shape_of(value.shape)}" + (f"  {remark}" if remark else "")
        yield from wrapped(head, self.width, "  ", "    ")
        yield from self._lines(value.data, "      ")

    # ---- backward

    def _step(self, step: Step) -> Iterator[str]:
        head, place = one_line(f"through {step.symbol}:  {step.formula}"), self._place(step)
        if note := self._note(step):
            head = f"{head}  ({note})"
        gap = self.width - cells(head) - cells(place)
        if gap >= 2 or not place:
            head = (head + " " * gap + place).rstrip()
            yield from [head] if cells(head) <= self.width else wrapped(head, self.width, "", "    ")
        else:
            yield from wrapped(head, self.width, "", "    ")
            yield from wrapped(place, self.width, "    ", "")
        inputs = [each for each in step.inputs if each.needs_grad]
        if not inputs:
            yield from wrapped("nothing before it needs a gradient", self.width, "    ")
        elif self._is_scalar(step, inputs):
            yield from self._equations(step, inputs)
        else:
            yield from self._matrices(step, inputs)

    def _note(self, step: Step) -> str:
        notes = [self._remark(step)]
        if step.id == self.trace.bad_backward:
            notes.append("the first NaN or infinity among the gradients")
        return "; ".join(each for each in notes if each)

    def _place(self, step: Step) -> str:
        parts = [step.module] if step.module else []
        if step.source is not None:
            parts.append(f"{step.source.file}:{step.source.line}")
        return one_line(", ".join(parts))

    def _upstream(self, step: Step) -> np.ndarray | None:
        return self.trace.values[step.outputs[0]].grad if self.trace.ran else None

    def _is_scalar(self, step: Step, inputs: list[Input]) -> bool:
        """Whether the step can be told as one line of numbers for each input."""
        values = [self.trace.values[each] for each in (*step.outputs, *(entry.value for entry in inputs))]
        return len(step.outputs) == 1 and all(int(np.prod(value.shape)) == 1 for value in values)

    def _equations(self, step: Step, inputs: list[Input]) -> Iterator[str]:
        """``to x    y = −3.00  ×  0.881  =  −2.64``, in columns."""
        upstream = self._short(self._upstream(step))
        table = [["", "local", "", "upstream", "", "downstream"]]
        for entry in inputs:
            name = one_line(self.trace.values[entry.value].name)
            table.append([f"to {name}", self._factor(entry), "×", upstream, "=", self._short(entry.downstream)])
        widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
        if sum(widths) + 14 <= self.width:
            for row in table:
                yield ("    " + "  ".join(padded(text, w) for text, w in zip(row, widths, strict=True))).rstrip()
            return
        for row in table[1:]:
            said = f"{row[0]}:  local {row[1]} × upstream {row[3]} = downstream {row[5]}"
            yield from wrapped(said, self.width, "    ")

    def _factor(self, entry: Input) -> str:
        """A local factor with its formula, if that says more."""
        rule, value = one_line(entry.rule), self._short(entry.local) if entry.local is not None else ""
        if not value:
            return rule or "?"
        if _is_number(rule):
            return rule
        if not rule or not is_local(rule):
            return value
        return f"{rule} = {value}"

    def _matrices(self, step: Step, inputs: list[Input]) -> Iterator[str]:
        upstream = [self.trace.values[each] for each in step.outputs]
        local = [entry for entry in inputs if entry.local is not None and is_local(entry.rule)]
        if len(local) < len(inputs):  # a rule names G: it is shown once
            for i, value in enumerate(upstream):
                letter = "G" if len(upstream) == 1 else f"G{'₁₂₃₄₅₆₇₈₉'[i] if i < 9 else i + 1}"
                yield f"    upstream {letter}" + (f" {shape_of(value.shape)}" if value.shape else "")
                yield from self._lines(value.grad if self.trace.ran else None, "      ")
        for entry in inputs:
            yield from self._entry(step, entry)

    def _lines(self, array: np.ndarray | None, indent: str) -> Iterator[str]:
        """An array below a line that tells its shape."""
        rows = self._rows(array, self.width - len(indent))
        if array is not None and rows[0] == shape_of(whole_shape(array)):
            yield from wrapped("  ".join(rows[1:]), self.width, indent)
        else:
            yield from (indent + row for row in rows)

    def _entry(self, step: Step, entry: Input) -> Iterator[str]:
        value = self.trace.values[entry.value]
        shape = f" {shape_of(value.shape)}" if value.shape else ""
        target = f"to {one_line(value.name)}{shape}"
        summed = _axes(entry.summed)
        if entry.local is not None and is_local(entry.rule):
            rule, room = one_line(entry.rule), self.width - 20
            yield from wrapped(f"{target}:  local {rule}", self.width, "    ")
            titles, arrays = ["upstream", f"downstream{summed}"], [self._upstream(step), entry.downstream]
            if rule != "1" and not _is_number(rule):
                titles, arrays = ["local", *titles], [_gates(entry.local), *arrays]
            blocks = self._blocks(titles, arrays, room)
            if rule != "1" and _is_number(rule):
                blocks.insert(0, Block("local", [rule]))
            yield from beside(blocks, ["×", "="][-len(blocks) + 1 :], self.width, "      ")
            return
        rule = one_line(entry.rule)
        said = f"{target}:  downstream = {rule}{summed}" if rule else f"{target}:  downstream{summed}"
        yield from wrapped(said, self.width, "    ")
        yield from self._lines(entry.downstream, "      ")

    # ---- sums

    def _terms(self, value: Value) -> list[tuple[int, Input]]:
        """What came back to ``value``, in the order in which it arrived."""
        uses = [(step, self.trace.steps[step].inputs[place]) for step, place in sorted(value.used_by, reverse=True)]
        return [(step, entry) for step, entry in uses if entry.needs_grad and not self.trace.steps[step].cut]

    def _sums(self, step: Step) -> Iterator[str]:
        """Values whose last gradient came from this step, of several: their sum."""
        if not self.trace.ran:
            return
        for place in dict.fromkeys(entry.value for entry in step.inputs if entry.needs_grad):
            value = self.trace.values[place]
            terms = [entry for _, entry in self._terms(value) if entry.downstream is not None]
            if len(terms) < 2 or min(each for each, _ in self._terms(value)) != step.id:
                continue
            yield from self._sum(value, [entry.downstream for entry in terms])

    def _sum(self, value: Value, terms: list[Any]) -> Iterator[str]:
        name = one_line(value.name)
        said = f"{name} is used {len(terms)} times: its gradients add"
        yield ""
        if all(each.size == 1 for each in terms):
            shown = [self._short(each) for each in terms]
            yield from wrapped(f"{said}: {' + '.join(shown)} = {self._short(value.grad)}", self.width, "", "    ")
            return
        yield from wrapped(said, self.width, "", "    ")
        shown_terms = terms if len(terms) <= MOST_TERMS else terms[: MOST_TERMS - 1]
        room = self.width - 10
        blocks = self._blocks([""] * (len(shown_terms) + 1), [*shown_terms, value.grad], room)
        if len(terms) > len(shown_terms):
            blocks.insert(-1, Block("", [f"{len(terms) - len(shown_terms)} more"]))
        yield from beside(blocks, ["+"] * (len(blocks) - 2) + ["="], self.width, "    ")

    # ---- the end

    def _unreached(self, reached: list[Step]) -> Iterator[str]:
        """Steps of the graph that no gradient came to."""
        if not reached:
            return
        steps = [step for step in self.trace.steps if not step.ran and any(each.needs_grad for each in step.inputs)]
        live = [one_line(self.trace.values[step.outputs[0]].name) for step in steps if not step.cut]
        if live:
            yield ""
            some = ", ".join(live[:8]) + (" …" if len(live) > 8 else "")
            yield from wrapped(f"No gradient came to {some}.", self.width, "")

    def _leaves(self) -> Iterator[str]:
        leaves = [value for value in self.trace.values if value.kind in ("leaf", "parameter") and value.grad is not None]
        if not leaves:
            return
        yield ""
        yield from self._heading("The gradients of the leaves")
        names = [f"{one_line(value.name)}.grad" for value in leaves]
        column = min(max(map(cells, names)), self.width // 2)
        for name, value in zip(names, leaves, strict=True):
            rows = self._rows(value.grad, self.width - column - 8)
            lines = [f"  {padded(name, column)}  = {rows[0]}", *(" " * (column + 6) + row for row in rows[1:])]
            if rows[0] == shape_of(value.shape):
                lines = [f"  {padded(name, column)}  = {'  '.join(rows)}"]
            for line in lines:
                if cells(line) <= self.width:
                    yield line
                else:
                    yield from wrapped(line.strip(), self.width, "  ", "    ")


def is_local(rule: str) -> bool:
    """Whether a rule is a local factor: it does not name ``G``."""
    return not re.search(r"(?<![\w.])G(?![A-Za-z\d_.])", rule)


def _gates(local: np.ndarray) -> np.ndarray:
    """Zeros and ones as whole numbers."""
    return local.astype(np.int64) if not isinstance(local, Summary) and np.isin(local, (-1, 0, 1)).all() else local


def _is_number(rule: str) -> bool:
    return re.fullmatch(r"[−-]?[\d.]+", rule) is not None


def _axes(axes: tuple[int, ...]) -> str:
    """What undoing broadcasting did."""
    if not axes:
        return ""
    return f", summed over ax{'i' if len(axes) == 1 else 'e'}s {', '.join(map(str, axes))}"
