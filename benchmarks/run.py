"""Time tinygrad_edu against PyTorch, and against bare NumPy.

    python benchmarks/run.py [NAME ...] [--rounds 15] [--seconds 0.15] [--threads 2]

Every file in ``workloads/`` is one workload: ``setup(torch)`` returns the function to time. A new file is picked up as it
is. Both sides run in turn (A B A B ...), each in a process of its own, each round long enough to read off the clock; what
counts is the median of the rounds' ratios. Without PyTorch installed, our own times alone are printed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import pathlib
import statistics
import subprocess
import sys
import time
import timeit
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE / "workloads")]


def load(name: str, torch: Any) -> Any:
    """The function to time of one workload, set up on one side."""
    spec = importlib.util.spec_from_file_location(f"workload_{name}", HERE / "workloads" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.setup(torch)


class Side:
    """One library in a process of its own, as its users run it: neither's heap or threads weigh on the other."""

    def __init__(self, library: str, threads: int) -> None:
        command = [sys.executable, __file__, "--serve", library, "--threads", str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words: object) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()


def serve(library: str, threads: int) -> None:
    """Answer ``load NAME`` and ``time COUNT`` (seconds per step) on standard input and output."""
    torch = importlib.import_module(library)
    if library == "torch":
        torch.set_num_threads(threads)
    else:
        for part in ("nn", "optim"):
            importlib.import_module(f"{library}.{part}")
    step: Any = None
    for line in sys.stdin:
        word, _, argument = line.strip().partition(" ")
        if word == "load":
            step = load(argument, torch)
            step()
            step()
            print("ready", flush=True)
        else:
            count = int(argument)
            start = time.perf_counter()
            for _ in range(count):
                step()
            print((time.perf_counter() - start) / count, flush=True)


def compare(name: str, sides: list[Side], rounds: int, seconds: float) -> None:
    """Print the median times and the median ratio of one workload."""
    for side in sides:
        side.ask("load", name)
    counts = [max(1, int(seconds / float(side.ask("time", 1)))) for side in sides]
    times = [[float(side.ask("time", n)) for side, n in zip(sides, counts, strict=True)] for _ in range(rounds)]
    columns = [statistics.median(column) * 1e6 for column in zip(*times, strict=True)]
    line = f"{name:24} {columns[0]:12.1f}"
    if len(sides) == 2:
        ratios = sorted(a / b for a, b in times)
        low, high = ratios[len(ratios) // 4], ratios[-len(ratios) // 4]
        line += f" {columns[1]:12.1f} {statistics.median(ratios):8.2f}   {low:.2f} .. {high:.2f}"
    print(line, flush=True)


def overhead_over_numpy(rounds: int) -> None:
    """What one operation costs beyond NumPy's own call, without and with a graph."""
    import numpy as np

    import tinygrad_edu as ours

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


def recording(rounds: int) -> None:
    """What a pass of the iris network costs while it is recorded for a picture, beside an ordinary one."""
    import tinygrad_edu as ours
    from tinygrad_edu import demo
    from tinygrad_edu.visualize import record

    (x, _, y, _), net = demo.load_data(0), demo.Net()
    criterion, optimizer = ours.nn.CrossEntropyLoss(), ours.optim.SGD(net.parameters(), lr=0.001)
    x, y = x[:4], y[:4]

    def step() -> None:
        optimizer.zero_grad()
        criterion(net(x), y).backward()
        optimizer.step()

    def recorded() -> None:
        with record():
            step()

    times = [[timeit.timeit(each, number=100) / 100 * 1e6 for each in (step, recorded)] for _ in range(max(rounds, 15))]
    plain, watched = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(b / a for a, b in times)
    print(f"\n{'a step of iris':24} {'plain us':>12} {'recorded us':>12} {'ratio':>8}")
    print(f"{'record()':24} {plain:12.1f} {watched:12.1f} {ratio:8.2f}", flush=True)


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
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads)
        return
    known = sorted(path.stem for path in (HERE / "workloads").glob("*.py"))
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are: {', '.join(known)}")

    libraries = ["tinygrad_edu", *(["torch"] if importlib.util.find_spec("torch") else [])]
    sides = [Side(library, options.threads) for library in libraries]
    print(f"{'median microseconds':24} {'ours':>12} {'PyTorch':>12} {'ratio':>8}   middle half")
    for name in options.names or known:
        compare(name, sides, options.rounds, options.seconds)
    if not options.names:
        overhead_over_numpy(options.rounds)
        recording(options.rounds)
        import_time(["numpy", *libraries], 7)


if __name__ == "__main__":
    main()
