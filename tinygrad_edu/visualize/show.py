"""Show the backward pass of a formula, step by step, in a page.

Example: ``python -m tinygrad_edu show "z = (x*y + max(y, 0)) * sigmoid(x)" x=2 y=-3 --open``
"""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import Any

__all__ = ["add_options", "formula_page", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("formula", help='such as "z = (x*y + max(y, 0)) * sigmoid(x)"; statements are separated by ;')
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help="such as x=2, y=-3, w=[1,2], W=[[1,2],[3,4]]")
    parser.add_argument(
        "--out", type=Path, default=Path("out", "formula.html"), metavar="FILE", help="where it is written (out/formula.html)"
    )
    parser.add_argument("--open", action="store_true", help="open it in a browser")


def formula_page(text: str, values: dict[str, Any]) -> Any:
    """The page of a formula; see :mod:`.formula` for what one may hold."""
    from .formulas.formula import Formula
    from .pages.page import page
    from .recording.record import record
    from .tracing.tracing import trace

    formula = Formula(text)
    with record():
        names = formula.compute(values)
        loss = list(names.values())[-1]
        loss.backward()
    seen = trace(loss, names=names)
    for step in seen.steps:
        step.source = None  # the formula is the title; the line of ours that computed it says nothing
    return page(seen, title=formula.title)


def run(options: argparse.Namespace) -> None:
    from .formulas.formula import FormulaError

    try:
        made = formula_page(options.formula, _values(options.values))
    except FormulaError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    options.out.parent.mkdir(parents=True, exist_ok=True)
    path = made.write(options.out)
    print("Page:", path)
    if options.open:
        webbrowser.open(path.resolve().as_uri())


def _values(pairs: list[str]) -> dict[str, Any]:
    """``["x=2", "w=[1, 2]"]`` as names and values."""
    from .formulas.formula import FormulaError, read_value

    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise FormulaError("expected NAME=VALUE, as in x=2", pair, 0, len(pair))
        if name in values:
            raise FormulaError(f"{name} has two values", pair, 0, len(pair))
        values[name] = read_value(text)
    return values
