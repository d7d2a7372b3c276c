"""What a card is made of: lines of text, grids of numbers, and tables of these. Each knows its size before it is drawn.

One tree of boxes is written twice, as SVG (:meth:`svg`, absolute places) and as one of Graphviz's HTML-like labels
(:meth:`html`, which Graphviz lays out itself), so that both say the same. ``base`` is the height of the line that boxes in
one row of a table share: the baseline of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..text import dot_html, measurable, text_width, xml

__all__ = ["COLOURS", "Box", "Grid", "Line", "Run", "Table", "coordinate", "element"]

COLOURS = {
    "ink": "#1b2433", "grey": "#667085", "pale": "#98a2b3", "forward": "#0b7a6e", "backward": "#be123c", "violet": "#86198f",
    "warn": "#b45309", "green": "#166534", "brown": "#92400e", "indigo": "#3730a3", "rose": "#9f1239", "slate": "#334155",
}  # fmt: skip
LINE_HEIGHT, ASCENT = 1.32, 0.98  # of the size; text sits a little above the middle of its line
CELL_SIZE = 9  # of the text in grids


def coordinate(value: float) -> str:
    """A number in SVG or DOT: at most one decimal."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def element(name: str, content: str | None = None, /, **attributes: object) -> str:
    """One SVG element; numbers are rounded, an underscore in an attribute's name is a hyphen, None leaves it out."""
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            text = coordinate(value) if isinstance(value, (int, float)) else value
            parts.append(f'{key.strip("_").replace("_", "-")}="{text}"')
    return f"<{' '.join(parts)}/>" if content is None else f"<{' '.join(parts)}>{content}</{name}>"


@dataclass(slots=True)
class Run:
    """Text in one style.

    ``mark`` holds the classes by which the page knows when to show it: ``"forward"`` for a number of the forward pass,
    ``"local"`` for a local factor, ``"backward"`` for a gradient, ``"backward upstream"`` for one that arrives, ``"backward
    term0"`` in a sum.
    """

    text: str
    size: int = 11
    colour: str = "ink"  # a key of COLOURS
    bold: bool = False
    mark: str = ""
    gap: float = 0.0  # before it, in pixels

    @property
    def width(self) -> float:
        return text_width(self.text, self.size, self.bold)


class Box:
    """Something with a size that draws itself."""

    width: float
    height: float
    base: float

    def svg(self, out: list[str], x: float, y: float, width: float) -> None:
        """Append its elements, at ``(x, y)``; ``width`` is what it was given, at least its own."""
        raise NotImplementedError

    def html(self) -> str:
        """The content of one cell of an HTML-like label."""
        raise NotImplementedError


@dataclass(slots=True)
class Line(Box):
    """One line of text in several styles."""

    runs: Sequence[Run]
    width: float = field(init=False)
    height: float = field(init=False)
    base: float = field(init=False)

    def __post_init__(self) -> None:
        self.runs = [run for run in self.runs if run.text]
        size = max((run.size for run in self.runs), default=0)
        self.width = sum(run.width + run.gap for run in self.runs)
        self.height = size * LINE_HEIGHT
        self.base = size * ASCENT

    def svg(self, out: list[str], x: float, y: float, width: float) -> None:
        for run in self.runs:
            x += run.gap
            classes = f"t{run.size} c-{run.colour}" + (" b" if run.bold else "") + (f" {run.mark}" if run.mark else "")
            guessed = not measurable(run.text, run.bold)  # then the reader's font is made to keep to the guess
            fit = {"textLength": run.width, "lengthAdjust": "spacingAndGlyphs"} if guessed else {}
            out.append(element("text", xml(run.text), x=x, y=y + self.base, class_=classes, **fit))
            x += run.width

    def html(self) -> str:
        parts = []
        for run in self.runs:
            text = dot_html(run.text)
            text = f"<B>{text}</B>" if run.bold else text
            space = "&#160;" * max(1, round(run.gap / 4)) if run.gap else ""
            parts.append(f'{space}<FONT POINT-SIZE="{run.size}" COLOR="{COLOURS[run.colour]}">{text}</FONT>')
        return "".join(parts)


@dataclass(slots=True)
class Grid(Box):
    """Coloured cells, with a number in each or with none (a heat map). Columns are as wide as their widest number."""

    cells: Sequence[Sequence[tuple[str, str]]]  # (text, fill)
    mark: str = ""
    cell: float = 0.0  # the side of a cell without text
    widths: list[float] = field(init=False)
    row_height: float = field(init=False)
    width: float = field(init=False)
    height: float = field(init=False)
    base: float = field(init=False)

    def __post_init__(self) -> None:
        columns = len(self.cells[0]) if self.cells else 0
        if self.cell:
            self.widths, self.row_height = [self.cell] * columns, self.cell
        else:
            widest = max((text_width(text, CELL_SIZE) for row in self.cells for text, _ in row), default=0)
            self.widths, self.row_height = [max(widest + 8, 20.0)] * columns, 16.0
        self.width, self.height = sum(self.widths) + 1, self.row_height * len(self.cells) + 1
        self.base = self.height / 2 + CELL_SIZE * 0.36

    def svg(self, out: list[str], x: float, y: float, width: float) -> None:
        out.append(f'<g class="grid {self.mark}">' if self.mark else '<g class="grid">')
        y += 0.5
        for row in self.cells:
            left = x + 0.5
            for (text, fill), wide in zip(row, self.widths, strict=True):
                out.append(element("rect", x=left, y=y, width=wide, height=self.row_height, fill=fill))
                if text:
                    middle = y + self.row_height / 2 + CELL_SIZE * 0.36
                    out.append(element("text", xml(text), x=left + wide / 2, y=middle, class_="t9 n"))
                left += wide
            y += self.row_height
        out.append("</g>")

    def html(self) -> str:
        rows = []
        for row in self.cells:
            cells = []
            for (text, fill), wide in zip(row, self.widths, strict=True):
                inner = f'<FONT POINT-SIZE="{CELL_SIZE}">{dot_html(text)}</FONT>' if text else ""
                cells.append(
                    f'<TD BGCOLOR="{fill}" WIDTH="{wide:.0f}" HEIGHT="{self.row_height:.0f}" CELLPADDING="0">{inner}</TD>'
                )
            rows.append("<TR>" + "".join(cells) + "</TR>")
        # A table that is not fixed would fill its cell; if its numbers need more, in a wider font, Graphviz gives it more
        across, down = self.width + len(self.widths), self.height + len(self.cells)
        size = f'FIXEDSIZE="TRUE" WIDTH="{across:.0f}" HEIGHT="{down:.0f}"'
        return (
            f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="0" COLOR="#d0d5dd" {size}>{"".join(rows)}</TABLE>'
        )


@dataclass(slots=True)
class Table(Box):
    """Boxes in rows and columns that are aligned; one row, or one column, is a table too.

    ``aligns`` has a letter for each column: ``l``, ``c``, ``r``. ``ruled`` draws lines between the columns, which then share
    what width is left over.
    """

    rows: Sequence[Sequence[Box | None]]
    aligns: str = "l"
    gap_x: float = 6.0
    gap_y: float = 2.0
    ruled: bool = False
    ports: dict[tuple[int, int], str] = field(default_factory=dict)  # of cells, for edges in DOT
    widths: list[float] = field(init=False)
    heights: list[tuple[float, float]] = field(init=False)  # above and below the base
    width: float = field(init=False)
    height: float = field(init=False)
    base: float = field(init=False)

    def __post_init__(self) -> None:
        columns = max(len(row) for row in self.rows)
        self.aligns = self.aligns + self.aligns[-1] * (columns - len(self.aligns))
        self.widths = [max((row[i].width for row in self.rows if i < len(row) and row[i]), default=0.0) for i in range(columns)]  # type: ignore[union-attr]
        self.heights = [
            (
                max((box.base for box in row if box), default=0.0),
                max((box.height - box.base for box in row if box), default=0.0),
            )
            for row in self.rows
        ]
        self.width = sum(self.widths) + self.gap_x * (columns - 1)
        self.height = sum(above + below for above, below in self.heights) + self.gap_y * (len(self.rows) - 1)
        self.base = self.heights[0][0] if len(self.rows) == 1 else self.height / 2 + 4

    def columns(self, x: float, width: float) -> list[tuple[float, float]]:
        """Where each column begins and how wide it is when the table has ``width``."""
        extra = (width - self.width) / len(self.widths) if self.ruled else 0.0
        places = []
        for wide in self.widths:
            places.append((x, wide + extra))
            x += wide + extra + self.gap_x
        return places

    def middle(self, first: int, last: int) -> float:
        """The middle of the rows from ``first`` to ``last``, from the table's top."""
        tall = [above + below for above, below in self.heights]
        top = sum(tall[:first]) + self.gap_y * first
        return top + (sum(tall[first : last + 1]) + self.gap_y * (last - first)) / 2

    def svg(self, out: list[str], x: float, y: float, width: float) -> None:
        columns = self.columns(x, width)
        for row, (above, below) in zip(self.rows, self.heights, strict=True):
            for box, (left, wide), align in zip(row, columns, self.aligns, strict=False):
                if box is not None:
                    left += (wide - box.width) * {"l": 0.0, "c": 0.5, "r": 1.0}[align]
                    box.svg(out, left, y + above - box.base, box.width)
            y += above + below + self.gap_y

    def html(self) -> str:
        rows = []
        sides = {"l": "LEFT", "c": "CENTER", "r": "RIGHT"}
        for number, row in enumerate(self.rows):
            cells = []
            for place, align in enumerate(self.aligns):
                box = row[place] if place < len(row) else None
                port = f' PORT="{self.ports[number, place]}"' if (number, place) in self.ports else ""
                cells.append(f'<TD ALIGN="{sides[align]}"{port}>{box.html() if box else ""}</TD>')
            rows.append(f"<TR>{('<VR/>' if self.ruled else '').join(cells)}</TR>")
        space = 0 if self.ruled else max(0, round(min(self.gap_x, self.gap_y * 2) / 2))
        padding = 4 if self.ruled else 1
        return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{space}" CELLPADDING="{padding}">{"".join(rows)}</TABLE>'
