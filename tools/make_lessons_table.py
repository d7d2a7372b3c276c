"""Run every lesson and write examples/README.md: each figure of the course notes beside this engine's.

    python tools/make_lessons_table.py [--quick]

It takes some minutes; with --quick every lesson is cut short, as in the tests.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tinygrad_edu.lessons import lessons  # noqa: E402

HEAD = """# The course notes, row by row

Each lesson is one idea and runs alone: `python examples/NN_topic.py`, or `python -m tinygrad_edu lessons NN` from an
installed package. `--quick` makes it short, `--out DIR` says where plots and pages go. `gallery.py` draws the pictures of
[docs/pictures.md](../docs/pictures.md).

This file is written by `python tools/make_lessons_table.py`, which runs every lesson whole.

| row | lesson | what | the note | here | |
| --- | --- | --- | --- | --- | --- |
"""


def cell(text):
    """Text as a table's cell."""
    lines = " ".join(line.strip() for line in str(text).splitlines())
    shown = lines if len(lines) <= 90 else lines[:87] + "..."
    return shown.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def figures(path, options):
    """What a lesson compares: (what, the note's figure, ours[, why they differ])."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "figures.json")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "LESSON_FIGURES": str(file)}
        command = [sys.executable, str(path), "--out", folder, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        return json.loads(file.read_text(encoding="utf-8"))


def main():
    options = sys.argv[1:]
    lines = []
    for number, path, title in lessons():
        print(number, title, flush=True)
        for i, (what, note, ours, *why) in enumerate(figures(path, options)):
            same = "".join(note.split()) == "".join(ours.split())
            verdict = "same" if same else (*why, "different")[0]
            lesson = f"[{path.stem[3:].replace('_', ' ')}]({path.name})" if i == 0 else ""
            lines.append(f"| {number if i == 0 else ''} | {lesson} | {' | '.join(map(cell, (what, note, ours, verdict)))} |\n")
    (ROOT / "examples" / "README.md").write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
