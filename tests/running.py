"""Running this repository's programs as their users do, and the same source on PyTorch."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def python(*arguments, cwd=ROOT, **options):
    """Run Python on the checkout; without colour, with UTF-8 whatever the terminal says, and with one thread.

    Tests run side by side: threads of NumPy's matrix products that wait for a core make a run of 3 seconds one of 60.
    """
    ours = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, **ours, **options.pop("env", {})}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, **options)


def output_of(*arguments, **options):
    """What a run prints that succeeds and complains of nothing."""
    done = python(*arguments, **options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def on_pytorch(path):
    """A program's source with PyTorch in our place: the promise of this project, backwards."""
    source = (ROOT / path).read_text()
    source = source.replace("import tinygrad_edu as torch", "import torch; torch.set_num_threads(1)")
    return re.sub(r"\btinygrad_edu\.(nn|optim|utils)\b", r"torch.\1", source)


def squeezed(text):
    """Text without white space: the notes have lost theirs."""
    return "".join(text.split())
