"""What every lesson shares: its options, its plots and progress bars, and its end, the note's figures beside its own."""

import argparse
import json
import os
import sys
from itertools import zip_longest
from pathlib import Path

import numpy as np

WIDTH = 28
FIGURES = "LESSON_FIGURES"
"""An environment variable: the file to which a lesson also writes its figures (for the table in README.md)."""


def options(doc, **numbers):
    """The lesson's options: --quick, --out, and an integer option for each of ``numbers``, given as (whole, quick).

    >>> options(__doc__, epochs=(1000, 20)).epochs
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where plots and pages go (out)")
    for name, (whole, quick) in numbers.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help=f"{whole}, or {quick} with --quick")
    chosen = parser.parse_args()
    for name, (whole, quick) in numbers.items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, quick if chosen.quick else whole)
    return chosen


def pyplot():
    """Matplotlib's pyplot, or None and a sentence where it is missing."""
    try:
        import matplotlib
    except ImportError:
        print("No plot: matplotlib is missing (pip install tinygrad-edu[viz]).")
        return None
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in ("darwin", "win32")):
        matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def save_plot(plt, options, name):
    """Write the current figure to ``--out``, and show it where there is a display."""
    path = written(options, name)
    plt.tight_layout()
    plt.savefig(path, dpi=120)
    if plt.get_backend().lower() != "agg" and not options.quick:
        plt.show()
    plt.close()


def contours(ax, function, x, y):
    """A function of a point by its contour lines, closer where it is low, with a star at the lowest point of the range.

    Args:
        function: is called with a pair of NumPy arrays, the coordinates.
        x, y: the ranges, as (from, to).
    """
    xs, ys = np.meshgrid(np.linspace(*x, 121), np.linspace(*y, 121))
    heights = function((xs, ys))
    roots = np.sqrt(heights - heights.min())
    ax.contourf(xs, ys, roots, levels=24, cmap="Blues", alpha=0.35)
    ax.contour(xs, ys, roots, levels=24, colors="#cbd5e1", linewidths=0.6)
    lowest = roots.argmin()
    ax.plot(xs.flat[lowest], ys.flat[lowest], "*", color="#facc15", markeredgecolor="#1e293b", markersize=15, zorder=3)
    ax.set(xlim=x, ylim=y)


def written(options, name):
    """The path of a file in ``--out``, announced."""
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / name
    print(f"written: {path}")
    return path


def progress(iterable, **keywords):
    """``iterable`` with a progress bar, where tqdm is installed and somebody is looking."""
    try:
        from tqdm import tqdm
    except ImportError:
        return iterable
    return tqdm(iterable, leave=False, disable=None, **keywords)


def beside(*rows):
    """Print rows of (what, the note's figure, ours[, why they differ]); "same" means the same but for spaces."""
    table = [(what, str(note), str(ours), *why) for what, note, ours, *why in rows]
    print("\n" + "----".ljust(WIDTH) + "the note".ljust(WIDTH) + "here")
    for what, note, ours, *why in table:
        verdict = "same" if "".join(note.split()) == "".join(ours.split()) else (*why, "DIFFERENT")[0]
        if all(len(line) < WIDTH for line in (note + "\n" + ours).splitlines()):
            columns = [what], note.splitlines(), ours.splitlines(), [verdict]
            for cells in zip_longest(*columns, fillvalue=""):
                print("".join(cell.ljust(WIDTH) for cell in cells).rstrip())
        else:  # too wide for columns: one below the other
            print(f"{what}: {verdict}")
            print(" note  " + note.replace("\n", "\n       "))
            print(" here  " + ours.replace("\n", "\n       "))
    if FIGURES in os.environ:
        Path(os.environ[FIGURES]).write_text(json.dumps(table), encoding="utf-8")
