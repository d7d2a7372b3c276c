"""Transcripts: what a session with PyTorch prints, written down, and replayed against any module that speaks its API.

A transcript is a text of ``>>> code`` lines, each followed by what PyTorch 2.13 answers: the ``repr`` of an expression,
printed text, ``SomeWarning: words`` and ``SomeError: words``. A line ``# title`` starts a new session. Each session is
one test. ``python tests/transcript.py FILE...`` (with torch installed) writes the answers anew.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "transcripts"


class Session(NamedTuple):
    title: str
    steps: list[tuple[str, str]]
    """Pairs of code and answer."""


def read(path: Path) -> list[Session]:
    """The sessions of a transcript."""
    sessions: list[Session] = []
    for line in path.read_text().splitlines():
        if line.startswith("# "):
            sessions.append(Session(line[2:], []))
        elif line.startswith(">>> "):
            sessions[-1].steps.append((line[4:], ""))
        elif line.startswith("... ") or line == "...":
            code, answer = sessions[-1].steps[-1]
            sessions[-1].steps[-1] = (f"{code}\n{line[4:]}", answer)
        elif sessions and sessions[-1].steps:
            code, answer = sessions[-1].steps[-1]
            sessions[-1].steps[-1] = (code, f"{answer}{line}\n")
    return [Session(title, [(code, answer.rstrip("\n")) for code, answer in steps]) for title, steps in sessions]


def write(path: Path, sessions: list[Session]) -> None:
    """The inverse of :func:`read`."""
    blocks = []
    for title, steps in sessions:
        lines = [f"# {title}"]
        for code, answer in steps:
            first, *rest = code.split("\n")
            lines += [f">>> {first}", *(f"... {line}".rstrip() for line in rest), *([answer] if answer else [])]
        blocks.append("\n".join(lines))
    path.write_text("\n\n".join(blocks) + "\n")


def sessions(*names: str) -> list[Any]:
    """The sessions of these transcripts, each as a parameter of a test."""
    return [pytest.param(each, id=each.title) for name in names for each in read(FOLDER / f"{name}.txt")]


def check(session: Session, torch: Any) -> None:
    """``torch`` answers as the transcript says."""
    assert session.steps
    for (code, found), (_, written) in zip(replay(session, torch), session.steps, strict=True):
        assert found == written, code


def check_pytorch(session: Session) -> None:
    """PyTorch answers as the transcript says: it is no invention."""
    torch = pytest.importorskip("torch")
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        check(session, torch)
    finally:
        torch.set_warn_always(always)


def replay(session: Session, torch: Any) -> list[tuple[str, str]]:
    """The session's code with the answers that ``torch`` gives."""
    namespace: dict[str, Any] = {"torch": torch, "np": np}
    default = torch.get_default_dtype()
    try:
        return [(code, answer(code, namespace)) for code, _ in session.steps]
    finally:
        torch.set_default_dtype(default)


def answer(code: str, namespace: dict[str, Any]) -> str:
    """What a prompt would show for ``code``: printed text, warnings, then the value or the error."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed, ending = io.StringIO(), ""
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(tree, "<transcript>", "exec"), namespace)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<transcript>", "eval"), namespace)
                ending = "" if value is None else repr(value)
        except Exception as error:
            ending = f"{type(error).__name__}: {error}"
    said = [f"{each.category.__name__}: {each.message}" for each in caught if not _is_about_numpy_2(each)]
    lines = [printed.getvalue().rstrip("\n"), *dict.fromkeys(said), ending]
    return "\n".join(_tidied(line) for line in lines if line)


def _is_about_numpy_2(warning: warnings.WarningMessage) -> bool:
    """PyTorch 2.13 has not caught up with NumPy 2's protocols, and says so."""
    return warning.category is DeprecationWarning and "__array_" in str(warning.message)


def _tidied(text: str) -> str:
    """Without addresses in PyTorch's C++ sources, long lists of signatures, and trailing blanks."""
    text = re.sub(r" \(Triggered internally at .*?\)", "", text)
    text = re.sub(r", but expected one of:\n.*|, but expected \(.*", "", text, flags=re.DOTALL)
    text = re.sub(r"\nException raised from .*", "", text, flags=re.DOTALL)
    return "\n".join(line.rstrip() or "<blank>" for line in text.rstrip().split("\n"))


if __name__ == "__main__":
    import torch as _torch

    _torch.set_warn_always(True)
    for _name in sys.argv[1:]:
        _path = Path(_name)
        write(_path, [Session(each.title, replay(each, _torch)) for each in read(_path)])
