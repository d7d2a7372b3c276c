"""A card: a rounded box of sections, with places on its rim where edges arrive."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..text import dot_string, xml
from .boxes import Box, Table, coordinate, element
from .style import BAD, FAMILIES

__all__ = ["Card", "Section"]

RADIUS = 8.0


@dataclass(slots=True)
class Section:
    """A part of a card, between two lines. A ruled table takes the card's whole width."""

    box: Box
    pad_x: float = 10.0
    pad_y: float = 5.0
    align: str = "c"
    line: bool = True  # above it

    @property
    def height(self) -> float:
        return self.box.height + 2 * self.pad_y

    @property
    def width(self) -> float:
        return self.box.width + 2 * self.pad_x


@dataclass(slots=True)
class Card:
    """A node of the picture. ``ports`` are places where edges attach, relative to its upper left corner."""

    key: str  # the element's id: "s3", "v0", "f0"
    family: str
    sections: list[Section]
    tip: str = ""
    classes: str = "step"
    bad: bool = False
    faded: bool = False
    width: float = field(init=False)
    height: float = field(init=False)
    inputs: Section | None = None  # the one whose table shows the inputs
    input_rows: list[tuple[int, int]] = field(default_factory=list)  # in it: the first and last row of each
    ports: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.width = float(round(max(section.width for section in self.sections) + 0.5))
        self.height = float(round(sum(section.height for section in self.sections) + 0.5))

    def places(self) -> list[tuple[Section, float, float, float]]:
        """Each section with the left edge, top and width of its box."""
        made, y = [], 0.0
        for section in self.sections:
            wide = self.width - 2 * section.pad_x
            ruled = isinstance(section.box, Table) and section.box.ruled
            share = {"l": 0.0, "c": 0.5, "r": 1.0}[section.align]
            x = section.pad_x + (0.0 if ruled else (wide - section.box.width) * share)
            made.append((section, x, y + section.pad_y, wide if ruled else section.box.width))
            y += section.height
        return made

    def svg(self, x: float, y: float) -> str:
        """Its ``<g>``, moved to ``(x, y)``."""
        classes = f"{self.classes} f-{self.family}" + (" bad" if self.bad else "") + (" faded" if self.faded else "")
        out = [f'<g id="{self.key}" class="{classes}" transform="translate({coordinate(x)},{coordinate(y)})">']
        if self.tip:
            out.append(f"<title>{xml_lines(self.tip)}</title>")
        out.append(element("rect", class_="card", width=self.width, height=self.height, rx=RADIUS))
        lines = []
        for section, left, top, wide in self.places():
            edge = top - section.pad_y
            if section.line and edge > 0:
                lines.append(f"M0 {coordinate(edge)}H{coordinate(self.width)}")
            if isinstance(section.box, Table) and section.box.ruled:
                columns = section.box.columns(left, wide)
                lines += [
                    f"M{coordinate(at - section.box.gap_x / 2)} {coordinate(edge)}v{coordinate(section.height)}"
                    for at, _ in columns[1:]
                ]
        if lines:
            out.append(f'<path class="rule" d="{"".join(lines)}"/>')
        for section, left, top, wide in self.places():
            section.box.svg(out, left, top, wide)
        out.append("</g>")
        return "\n".join(out)

    def dot(self) -> str:
        """Its line of DOT: a node with an HTML-like label that holds the same boxes."""
        fill, border, _ = FAMILIES[self.family]
        rows: list[str] = []
        for section in self.sections:
            align = {"l": "LEFT", "c": "CENTER", "r": "RIGHT"}[section.align]
            if rows and section.line:
                rows.append("<HR/>")
            ruled = isinstance(section.box, Table) and section.box.ruled
            rows.append(f'<TR><TD ALIGN="{align}" CELLPADDING="{0 if ruled else 4}">{section.box.html()}</TD></TR>')
        colour, pen = (BAD, 2) if self.bad else (border, 2 if self.family in ("leaf", "parameter") else 1)
        look = f'STYLE="ROUNDED" BORDER="{pen}" COLOR="{colour}" BGCOLOR="{fill}"'
        table = f'<TABLE {look} CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(rows)}</TABLE>'
        tip = f" tooltip={dot_string(self.tip)}" if self.tip else ""
        return f"{self.key} [id={self.key}{tip} label=<{table}>]"


def xml_lines(text: str) -> str:
    """Escaped, with its lines kept."""
    return "\n".join(xml(line) for line in text.split("\n"))
