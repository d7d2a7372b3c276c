"""The picture of a gradient's flow: for each model a panel, in it the layers with their histograms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..numbers import MINUS, edge_colour, edge_share, edge_width, number
from ..pictures.boxes import COLOURS, Line, Run, coordinate, element
from ..pictures.style import FAMILIES, GROUP_BORDER, GROUP_FILL, PAPER
from ..text import FONT, clip, text_width, xml

__all__ = ["ladder_svg"]

CARD, GAP, HEIGHT, ROW = 186.0, 46.0, 168.0, 8  # of a card, between cards, of a card, cards in a row
PLOT_WIDTH, PLOT_HEIGHT, LEAST = 74.0, 52.0, 12  # of a histogram, and how many bins it has at least
MARGIN, HEAD = 16.0, 40.0
VERDICTS = {"healthy": "green", "vanishing": "warn", "exploding": "backward", "dead": "warn"}


CAPTION = (
    "Arrows: the gradient that comes back to a layer's output; width and colour show its RMS on a logarithmic scale.",
    "Histograms: how often which values came; the tallest bin has full height.",
)


def ladder_svg(flows: list[Any], title: str) -> str:
    """One panel for each flow, in the order in which the layers run; the gradient comes from the right."""
    columns = max((min(len(flow.layers), ROW) for flow in flows), default=0)
    heads = [_heading(flow) for flow in flows]
    texts = [_width(head) for head in heads] + [text_width(line, 11) - 2 * MARGIN for line in CAPTION]
    inner = max(columns * CARD + max(columns - 1, 0) * GAP, *texts)
    sizes = [edge.gradient.rms for flow in flows for edge in flow.layers if 0 < edge.gradient.rms < math.inf]
    low, high = (min(sizes), max(sizes)) if sizes else (0.0, 0.0)
    body: list[str] = []
    top = MARGIN + 72
    for flow, head in zip(flows, heads, strict=True):
        rows = max(1, math.ceil(len(flow.layers) / ROW))
        tall = HEAD + rows * (HEIGHT + 18) + 4
        body.append(element("rect", x=MARGIN, y=top, width=inner + 2 * MARGIN, height=tall, rx=12, class_="panel"))
        _line(body, head, 2 * MARGIN, top + 10)
        for i, layer in enumerate(flow.layers):
            x, y = 2 * MARGIN + (i % ROW) * (CARD + GAP), top + HEAD + (i // ROW) * (HEIGHT + 18)
            _card(body, layer, x, y)
            if i + 1 < len(flow.layers):
                _arrow(body, flow.layers[i].gradient, x, y, last=(i + 1) % ROW == 0, low=low, high=high)
        top += tall + 14
    width, height = inner + 4 * MARGIN, top + MARGIN
    size = f'width="{coordinate(width)}" height="{coordinate(height)}" viewBox="0 0 {coordinate(width)} {coordinate(height)}"'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" {size} role="img">', f"<title>{xml(title)}</title>"]
    out.append(f"<style>{_style()}</style>")
    out.append(f'<rect width="100%" height="100%" fill="{PAPER}"/>')
    _line(out, [Run(clip(title, inner, 18, True), 18, "ink", True)], MARGIN, MARGIN)
    for i, text in enumerate(CAPTION):
        _line(out, [Run(text, 11, "grey")], MARGIN, MARGIN + 28 + 15 * i)
    return "\n".join([*out, *body, "</svg>", ""])


def _style() -> str:
    rules = [f"text{{font-family:{FONT};white-space:pre}}", ".n{text-anchor:middle}", ".e{text-anchor:end}"]
    rules += [f".t{size}{{font-size:{size}px}}" for size in (9, 11, 13, 15, 18)]
    rules += [f".c-{name}{{fill:{colour}}}" for name, colour in COLOURS.items()]
    rules += [".b{font-weight:bold}", ".forward{fill:#5fd3c1}", ".backward{fill:#be123c}"]
    rules.append(f".panel{{fill:{GROUP_FILL};stroke:{GROUP_BORDER}}}")
    rules.append(f".card{{fill:{PAPER};stroke:{FAMILIES['data'][1]};stroke-width:1.2}}")
    rules.append(f".axis{{stroke:{COLOURS['pale']};stroke-width:.8;fill:none}}")
    return "".join(f".flow {rule}" for rule in rules)


def _heading(flow: Any) -> list[Run]:
    runs = [Run(clip(flow.name, 240, 15, True), 15, "indigo", True), Run(flow.reason(), 11, "grey", gap=12)]
    if flow.steps:
        runs.append(Run("→", 11, "grey", gap=8))
        runs.append(Run(flow.verdict, 13, VERDICTS[flow.verdict], True, gap=8))
        runs.append(Run(f"{flow.steps} step{'s' * (flow.steps != 1)}", 11, "grey", gap=12))
    return runs


def _width(runs: list[Run]) -> float:
    return sum(run.gap + run.width for run in runs)


def _line(out: list[str], runs: list[Run], x: float, y: float) -> None:
    Line(runs).svg(out, x, y, 0)


def _text(out: list[str], text: str, x: float, y: float, classes: str) -> None:
    out.append(element("text", xml(text), x=x, y=y, class_=classes))


def _card(out: list[str], layer: Any, x: float, y: float) -> None:
    """A layer: name, two histograms with axes, and the numbers below."""
    out.append(f'<g class="layer" transform="translate({coordinate(x)},{coordinate(y)})">')
    out.append(element("rect", class_="card", width=CARD, height=HEIGHT, rx=8))
    _line(out, [Run(clip(layer.name, 96, 13, True), 13, "ink", True), Run(clip(layer.text, 70, 11), 11, "grey", gap=7)], 9, 4)
    out.append(element("path", class_="axis", d=f"M0 25H{coordinate(CARD)}"))
    _plot(out, layer.activations, 9.0, "activations", "forward")
    _plot(out, layer.gradients, CARD - 9 - PLOT_WIDTH, "∇ at output", "backward")
    if layer.activation.count:
        _text(out, f"σ {number(layer.activation.std)}", 9 + PLOT_WIDTH / 2, 127, "t11 n c-forward")
    if layer.gradient.count or not layer.gradient.finite:
        _text(out, f"RMS {number(layer.gradient.rms)}", CARD - 9 - PLOT_WIDTH / 2, 127, "t11 n b c-backward")
    facts = []
    if layer.weight_gradient.count:
        facts.append(f"∇ weight {number(layer.weight_gradient.rms)}")
    if layer.update is not None:
        facts.append(f"update {number(layer.update)}")
    _text(out, "   ".join(facts), CARD / 2, 144, "t9 n c-grey")
    if layer.dead is not None:
        dead = layer.dead > 0.5
        _text(out, f"dead units {layer.dead * 100:.0f} %", CARD / 2, 158, f"t9 n c-{'warn b' if dead else 'grey'}")
    out.append("</g>")


def _plot(out: list[str], histogram: Any, x: float, title: str, mark: str) -> None:
    """Bars over a labelled axis."""
    top, bottom = 44.0, 44.0 + PLOT_HEIGHT
    _text(out, title, x + PLOT_WIDTH / 2, 39, f"t9 n c-{mark}")
    used = np.flatnonzero(histogram.counts)
    if not used.size:
        _text(out, "none", x + PLOT_WIDTH / 2, (top + bottom) / 2 + 3, "t9 n c-pale")
        return
    first, last = int(used[0]), int(used[-1]) + 1  # the range may be wider than what came
    around = max(0, LEAST - (last - first)) // 2  # equal values are a peak, not a plateau
    first, last = max(0, first - around), min(len(histogram.counts), last + around)
    counts, bin_width = histogram.counts[first:last], (histogram.high - histogram.low) / len(histogram.counts)
    low, high = histogram.low + first * bin_width, histogram.low + last * bin_width
    wide, most = PLOT_WIDTH / len(counts), int(counts.max())
    bars = "".join(
        f"M{coordinate(x + i * wide)} {coordinate(bottom)}v{coordinate(-max(PLOT_HEIGHT * int(n) / most, 0.6))}"
        f"h{coordinate(wide)}V{coordinate(bottom)}z"
        for i, n in enumerate(counts)
        if n
    )
    out.append(element("path", class_=mark, d=bars))
    zero = x + PLOT_WIDTH * -low / (high - low)
    ticks = [x, x + PLOT_WIDTH] + ([zero] if x + 4 < zero < x + PLOT_WIDTH - 4 else [])
    marks = "".join(f"M{coordinate(tick)} {coordinate(bottom)}v3" for tick in ticks)
    out.append(element("path", class_="axis", d=f"M{coordinate(x)} {coordinate(bottom)}h{coordinate(PLOT_WIDTH)}{marks}"))
    left, right = _tick(low), _tick(high)
    _text(out, left, x, bottom + 12, "t9 c-grey")
    _text(out, right, x + PLOT_WIDTH, bottom + 12, "t9 e c-grey")
    if x + text_width(left, 9) + 6 < zero < x + PLOT_WIDTH - text_width(right, 9) - 6:
        _text(out, "0", zero, bottom + 12, "t9 n c-grey")


def _tick(value: float) -> str:
    """An axis's number: two digits."""
    digits, _, power = f"{value:.2g}".partition("e")
    return (f"{digits}e{int(power)}" if power else digits).replace("-", MINUS)


def _arrow(out: list[str], gradient: Any, x: float, y: float, last: bool, low: float, high: float) -> None:
    """From the next layer back to this one; at the end of a row it comes from below."""
    size = gradient.rms
    middle = y + HEIGHT / 2
    left, right = x + CARD + 3, x + CARD + GAP - 3
    if last:
        right = x + CARD + 16
    if not size > 0:
        line = f"M{coordinate(right)} {coordinate(middle)}H{coordinate(left)}"
        out.append(element("path", d=line, class_="axis", stroke_dasharray="4 3"))
        return
    share = edge_share(size, low, high)
    colour, wide = edge_colour(share), 1.5 * edge_width(share)
    head = 7 + wide * 1.3
    line = f"M{coordinate(right)} {coordinate(middle)}H{coordinate(left + head * 0.8)}"
    out.append(element("path", d=line, stroke=colour, stroke_width=wide))
    half = 3.5 + wide * 0.8
    tip = f"M{coordinate(left)} {coordinate(middle)}l{coordinate(head)} {coordinate(-half)}v{coordinate(2 * half)}z"
    out.append(element("path", f"<title>RMS {xml(number(size))}</title>", d=tip, fill=colour))
