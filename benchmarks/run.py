"""Time tinygrad_edu against PyTorch, and against bare NumPy.

    python benchmarks/run.py [NAME ...] [--rounds 15] [--seconds 0.15] [--threads 2]

Every file in ``workloads/`` is one workload: ``setup(torch)`` returns the function to time. A new file is picked up as it
is. Both sides run in turn in the same process (A B A B ...), each round long enough to read off the clock; what counts is
the median of the rounds' ratios. Without PyTorch installed, our own times alone are printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import pathlib
import statistics
import subprocess
import sys
import time
import timeit
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]


def load(name: str, torch: Any) -> Any:
    """The function to time of one workload, set up on one side."""
    spec = importlib.util.spec_from_file_location(f"workload_{name}", HERE / "workloads" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.setup(torch)


def seconds_of(step: Any, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def compare(name: str, ours: Any, theirs: Any, rounds: int, seconds: float) -> None:
    """Print the median times and the median ratio of one workload."""
    sides = [load(name, side) for side in (ours, theirs) if side is not None]
    for step in sides:
        step()
        step()
    counts = [max(1, int(seconds / seconds_of(step, 1))) for step in sides]
    times = [[seconds_of(step, n) for step, n in zip(sides, counts, strict=True)] for _ in range(rounds)]
    columns = [statistics.median(column) * 1e6 for column in zip(*times, strict=True)]
    line = f"{name:24} {columns[0]:12.1f}"
    if theirs is not None:
        ratios = sorted(a / b for a, b in times)
        low, high = ratios[len(ratios) // 4], ratios[-len(ratios) // 4]
        line += f" {columns[1]:12.1f} {statistics.median(ratios):8.2f}   {low:.2f} .. {high:.2f}"
    print(line, flush=True)


def overhead_over_numpy(ours: Any, rounds: int) -> None:
    """What one operation costs beyond NumPy's own call, without and with a graph."""
    import numpy as np

    a, b = np.ones((3, 4), np.float32), np.ones((3, 4), np.float32)
    x, y = ours.ones(3, 4), ours.ones(3, 4)
    g = ours.ones(3, 4, requires_grad=True)
    print(f"\n{'over bare NumPy':24} {'NumPy ns':>12} {'ours ns':>12} {'over ns':>8}   recorded, over ns")
    for source, bare in (
        ("a * b", "a * b"),
        ("a + b", "a + b"),
        ("a.sum()", "a.sum()"),
        ("a @ b.T", "a @ b.T"),
        ("a.exp()", "np.exp(a)"),
    ):
        best = [
            min(timeit.repeat(code, globals=names, number=5000, repeat=max(rounds, 15))) / 5000 * 1e9
            for code, names in ((bare, {"a": a, "b": b, "np": np}), (source, {"a": x, "b": y}), (source, {"a": g, "b": y}))
        ]
        print(f"{source:24} {best[0]:12.0f} {best[1]:12.0f} {best[1] - best[0]:8.0f}   {best[2] - best[0]:.0f}", flush=True)


def import_time(modules: list[str], rounds: int) -> None:
    """The whole process of ``python -c "import ..."`` less that of an empty one."""

    def once(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parent)
        return time.perf_counter() - start

    for name in modules:
        once(f"import {name}")
    rows = [[once("pass"), *(once(f"import {name}") for name in modules)] for _ in range(rounds)]
    print("\nimport, ms (less an empty interpreter's start)")
    for i, name in enumerate(modules, 1):
        print(f"{name:24} {statistics.median(row[i] - row[0] for row in rows) * 1e3:12.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="workloads (default: all)")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one round of one side")
    parser.add_argument("--threads", type=int, default=2, help="PyTorch's threads")
    options = parser.parse_args()
    known = sorted(path.stem for path in (HERE / "workloads").glob("*.py"))
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    import tinygrad_edu.nn
    import tinygrad_edu.optim

    import tinygrad_edu as ours

    try:
        import torch as theirs

        theirs.set_num_threads(options.threads)
    except ImportError:
        theirs = None
    print(f"{'median microseconds':24} {'ours':>12} {'PyTorch':>12} {'ratio':>8}   middle half")
    for name in options.names or known:
        compare(name, ours, theirs, options.rounds, options.seconds)
    if not options.names:
        overhead_over_numpy(ours, options.rounds)
        import_time(["numpy", "tinygrad_edu", *(["torch"] if theirs else [])], 7)


if __name__ == "__main__":
    main()
