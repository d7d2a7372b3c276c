"""List the lessons of the course notes, or run one: lessons 03.

The lessons are programs of their own, in examples/ of a checkout and beside the package where it is installed.
"""

from __future__ import annotations

import argparse
import ast
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["add_options", "lessons", "run"]

_HERE = Path(__file__).parent


def folder() -> Path:
    """Where the lessons are."""
    checkout = _HERE.parent / "examples"
    return checkout if (checkout / "lesson.py").exists() else _HERE / "examples"


def lessons() -> Iterator[tuple[str, Path, str]]:
    """Each lesson's number, its file, and what it is about: its first line."""
    for path in sorted(folder().glob("[0-9][0-9]_*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        yield path.name[:2], path, text.partition("\n")[0]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The number of a lesson, and that lesson's own options."""
    parser.add_argument("lesson", nargs="?", help="the lesson's number")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="the lesson's own options: --quick, --out DIR, --help")


def run(options: argparse.Namespace) -> None:
    """List the lessons, or run one as if its file had been called.

    Raises:
        argparse.ArgumentTypeError: there is no such lesson.
    """
    found = list(lessons())
    if options.lesson is None:
        for number, _, title in found:
            print(f"{number}  {title}")
        print("\nRun one with `python -m tinygrad_edu lessons NUMBER`; add --quick for a short run.")
        return
    path = next((path for number, path, _ in found if number == options.lesson.zfill(2)), None)
    if path is None:
        raise argparse.ArgumentTypeError(f"there is no lesson {options.lesson!r}; there are {found[0][0]} to {found[-1][0]}")
    arguments, sys.argv = sys.argv, [str(path), *options.options]
    sys.path.insert(0, str(path.parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv = arguments
        sys.path.remove(str(path.parent))
