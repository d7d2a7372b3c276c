"""The colours of a picture, once, for DOT and for SVG's style sheet."""

from __future__ import annotations

from ..text import FONT
from .boxes import COLOURS

__all__ = ["FAMILIES", "Tint", "style_sheet"]

Tint = tuple[str, str, str]  # fill, border, a colour of the head's text

FAMILIES: dict[str, Tint] = {
    "arithmetic": ("#f8fafc", "#8a97a8", "slate"),
    "activation": ("#fffbeb", "#cf9a54", "brown"),
    "linear": ("#f5f6ff", "#8b91d8", "indigo"),
    "reduction": ("#f0f9ff", "#74afd3", "slate"),
    "shape": ("#f9fafb", "#b0b7c3", "slate"),
    "loss": ("#fff1f3", "#d98a9a", "rose"),
    "norm": ("#f7fee7", "#9dbb63", "slate"),
    "conv": ("#faf5ff", "#b18fe0", "indigo"),
    "other": ("#ffffff", "#9aa5b5", "slate"),
    # what is no operation
    "leaf": ("#f0fdf4", "#4d9a66", "green"),
    "parameter": ("#f0fdf4", "#3f8f5b", "green"),
    "data": ("#fbfcfe", "#b6c0ce", "slate"),
    "cut": ("#f4f4f5", "#a1a1aa", "slate"),
    "sum": ("#fdf4ff", "#c78ad9", "violet"),
    "folded": ("#f8f9ff", "#a3a9e0", "indigo"),
}
GROUP_FILL, GROUP_BORDER = "#f6f8ff", "#cfd8f6"
BLOCKED, UNUSED, BAD = "#8b95a5", "#c3cad5", "#e11d48"
PAPER = "#ffffff"


def style_sheet() -> str:
    """CSS for one picture, every rule inside ``.pass`` so that it touches nothing else on a page."""
    rules = [f"text{{font-family:{FONT};fill:{COLOURS['ink']};white-space:pre}}"]
    rules += [f".t{size}{{font-size:{size}px}}" for size in (9, 11, 13, 15, 18)]
    rules += [f".c-{name}{{fill:{colour}}}" for name, colour in COLOURS.items() if name != "ink"]
    rules += [".b{font-weight:bold}", ".n{text-anchor:middle}", ".grid rect{stroke:#d3d9e2;stroke-width:.8}"]
    rules += [f".f-{name}>.card{{fill:{fill};stroke:{edge}}}" for name, (fill, edge, _) in FAMILIES.items()]
    rules += [f".f-{name}>.rule{{stroke:{edge}}}" for name, (_, edge, _) in FAMILIES.items()]
    rules += [
        ".card{stroke-width:1.2}",
        ".f-leaf>.card,.f-parameter>.card{stroke-width:2}",
        ".rule{stroke-width:.7;opacity:.75;fill:none}",
    ]
    rules += [f".bad>.card{{stroke:{BAD};stroke-width:3}}", ".faded{opacity:.55}"]
    rules += [
        f".module>rect{{fill:{GROUP_FILL};stroke:{GROUP_BORDER};fill-opacity:.75}}",
        f".title text{{paint-order:stroke;stroke:{GROUP_FILL};stroke-width:4px;stroke-linejoin:round}}",
        ".edge{fill:none;stroke-linecap:round}",
        f".cut{{stroke:{COLOURS['warn']};stroke-width:1.5;fill:none;stroke-linecap:round}}",
    ]
    return "".join(".pass " + rule.replace(",.", ",.pass .") for rule in rules)
