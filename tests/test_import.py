"""What ``import tinygrad_edu`` does and leaves undone, the module's namespace, and its type stubs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as torch

ROOT = Path(torch.__file__).parent.parent
HEAVY = ["graphviz", "matplotlib", "sklearn", "tqdm", "torch", "scipy", "pandas", "PIL", "IPython"]


def run(script: str, *flags: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *flags, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout


def test_import_loads_little_beyond_numpy() -> None:
    script = """
import sys
import numpy
before = set(sys.modules)
import tinygrad_edu
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""
    added = set(run(script).split())
    assert added <= {"__future__", "_heapq", "heapq", "tinygrad_edu", "threading", "string", "_string"}
    assert not added & set(HEAVY)


def test_import_starts_nothing() -> None:
    script = """
import sys
events = []
sys.addaudithook(lambda event, args: events.append(event))
import numpy
events.clear()
import tinygrad_edu
import threading
forbidden = ("socket.", "subprocess.", "os.system", "os.posix_spawn", "os.exec", "os.fork", "ctypes.dlopen", "urllib.")
print([event for event in events if event.startswith(forbidden)], threading.active_count())
"""
    assert run(script).split("\n")[0] == "[] 1"


def test_lazy_parts_stay_out_until_used() -> None:
    script = """
import sys
import tinygrad_edu as torch
parts = "nn optim cuda backends settings storage version amp datasets utils.data visualize".split()
print([part for part in parts if f"tinygrad_edu.{part}" in sys.modules])
torch.cuda.is_available(), torch.__version__, torch.backends.cudnn
print([part for part in parts if f"tinygrad_edu.{part}" in sys.modules])
"""
    assert run(script).splitlines() == ["[]", "['cuda', 'backends', 'version', 'amp']"]


def test_random_numbers_of_numpy_are_not_touched() -> None:
    script = """
import sys, numpy
before = "numpy.random" in sys.modules
import tinygrad_edu
print(before == ("numpy.random" in sys.modules))
"""
    assert run(script) == "True\n"


def test_functions_win_over_submodules_of_the_same_name() -> None:
    script = """
import tinygrad_edu
import tinygrad_edu.tensor, tinygrad_edu.random, tinygrad_edu.autograd.functional, tinygrad_edu.utils.data
from tinygrad_edu.tensor import Tensor
from tinygrad_edu import tensor
import tinygrad_edu.tensor
print(callable(tensor), tensor([1]), tinygrad_edu.tensor is tensor, Tensor is tinygrad_edu.Tensor)
print(tinygrad_edu.random.manual_seed is tinygrad_edu.manual_seed, tinygrad_edu.complex(tensor(1.), tensor(2.)))
"""
    assert run(script).splitlines() == ["True tensor([1]) True True", "True tensor(1.+2.j)"]


def test_star_import_gives_pytorchs_names() -> None:
    names: dict[str, object] = {}
    exec("from tinygrad_edu import *", names)
    assert {"tensor", "relu", "softmax", "float32", "Tensor", "no_grad", "manual_seed", "FloatTensor", "pi"} <= set(
        names
    )
    assert not {"annotations", "methods", "values", "nn", "Any"} & set(names)
    assert names["relu"] is torch.relu


def test_dir_lists_what_can_be_had() -> None:
    listed = dir(torch)
    assert {"relu", "zeros", "nn", "float32", "cuda", "Size", "compile"} <= set(listed)
    assert not {"values", "methods", "creation", "legacy"} & set(listed)
    assert all(hasattr(torch, name) for name in listed if name not in ("testing", "visualize"))


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="module 'tinygrad_edu' has no attribute 'softmaxx'"):
        torch.softmaxx  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(torch, "nope")


# ---- types ----------------------------------------------------------------------------------------------------------


def test_stubs_are_current() -> None:
    """``python tools/make_stubs.py`` writes them anew."""
    command = [sys.executable, str(ROOT / "tools" / "make_stubs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "stale: nothing\n"), done.stdout + done.stderr


GOOD = """
import tinygrad_edu as torch

x: torch.Tensor = torch.randn(2, 3, requires_grad=True)
y = (2 * x + 1).relu().sum(dim=1, keepdim=True)
torch.softmax(y, dim=0).mean().backward()
count: int = len(x)
rows = [row.tolist() for row in x]
w = torch.zeros(2, 3, dtype=torch.float32, device="cpu")
w += 1
w.add_(2).clamp_(0, 1)[0] = 5
if torch.cuda.is_available() and torch.__version__ >= "2":
    w = w.to("cuda")
print(x.grad, w.T, torch.tensor([1, 2]).float() @ torch.ones(2), x.shape[0], torch.pi, w == x)
model = torch.nn.Linear(2, 3)
"""
BAD = {
    "torch.softmaxx(torch.ones(1))": "has no attribute",
    "torch.ones(1).sun()": "has no attribute",
    "torch.relu('a')": "incompatible type",
    "torch.zeros(2, dtyp=torch.float32)": "Unexpected keyword",
    "torch.ones(2).softmax()": "Missing positional",
    "torch.ones(2).sum(keepdim=3.5)": "incompatible type",
}


def test_type_checkers_see_functions_and_methods(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    package = tmp_path / "site" / "tinygrad_edu"
    package.mkdir(parents=True)
    for each in [*(ROOT / "tinygrad_edu").iterdir(), ROOT / "nn", ROOT / "optim"]:
        if not (package / each.name).exists():
            (package / each.name).symlink_to(each)
    program = tmp_path / "program.py"
    mistakes = "\n".join(BAD)
    program.write_text(f"{GOOD}\n{mistakes}\n")
    environment = {**os.environ, "MYPYPATH": str(tmp_path / "site")}
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--cache-dir",
        str(tmp_path),
        str(program),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    first = GOOD.count("\n") + 2
    expected = {first + i: words for i, words in enumerate(BAD.values())}
    found = {int(line.split(":")[1]): line for line in errors}
    assert set(found) == set(expected), done.stdout + done.stderr
    assert all(words in found[line] for line, words in expected.items()), done.stdout
