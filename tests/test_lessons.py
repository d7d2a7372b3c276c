"""Every lesson runs in quick mode, complains of nothing, and ends with the note's figures beside its own.

``lesson_figures/NN_topic.txt`` holds what a lesson must print, line by line, in that order and without regard to white
space. What is compared by size instead of digit by digit is in test_lessons_*.py, with the whole runs of those that take
less than a minute.
"""

import atexit
import functools
import importlib.util
import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from running import ROOT, output_of, squeezed

LESSONS = sorted((ROOT / "examples").glob("[0-9][0-9]_*.py"), key=lambda path: path.name)
FIGURES = Path(__file__).parent / "lesson_figures"


@functools.cache
def ran(name, *options):
    """A lesson's quick run, or the one with these options: its output, its table, and the folder of its files.

    The table's rows are (what, the note's figure, ours[, why they differ]).
    """
    if importlib.util.find_spec("matplotlib"):
        importlib.import_module("matplotlib.font_manager")  # its first import says on stderr that it looks for fonts
    folder = Path(tempfile.mkdtemp(prefix="lesson-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    figures = folder / "figures.json"
    environment = {"LESSON_FIGURES": str(figures), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    output = output_of(f"examples/{name}", *(options or ["--quick"]), "--out", folder, env=environment)
    return output, json.loads(figures.read_text(encoding="utf-8")), folder


def figures_of(name, *options):
    """A lesson's own figures by what they are of."""
    return {what: ours for what, _, ours, *_ in ran(name, *options)[1]}


@pytest.mark.parametrize("name", [path.name for path in LESSONS])
def test_ends_with_the_notes_figures_beside_its_own(name):
    """And has written the files that it announces, and printed its figures (one test: it runs once)."""
    output, rows, folder = ran(name)
    before, table = re.split(r"\n---- +the note +here\n", output)
    assert before.strip()
    assert rows
    assert table.strip()
    assert "DIFFERENT" not in table
    for path in re.findall(r"^written: (.+)$", output, re.MULTILINE):
        assert Path(path).parent == folder
        assert Path(path).stat().st_size > 1000
    expected, rest = FIGURES / Path(name).with_suffix(".txt"), squeezed(output)
    for figure in expected.read_text(encoding="utf-8").splitlines() if expected.exists() else ():
        skipped, found, rest = rest.partition(squeezed(figure))
        assert found, f"{figure!r} is missing after what came before it; there is {skipped[:200]!r}"


def test_every_list_of_figures_belongs_to_a_lesson():
    assert {path.stem for path in FIGURES.glob("*.txt")} <= {path.stem for path in LESSONS}


@pytest.mark.parametrize("name", [path.name for path in LESSONS])
def test_first_line_says_what_it_is_about(name):
    first, _, rest = (ROOT / "examples" / name).read_text(encoding="utf-8").partition("\n")
    assert re.fullmatch(r'"""[A-Z].{20,120}[.:]', first)
    assert rest.startswith("\n")  # then what to look at
