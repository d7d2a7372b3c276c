"""What operations say to wrong arguments.

``data/op_errors.tsv`` holds one expression in each line, and the exception that PyTorch 2.13 raises for it: its type and its
text, without the list of overloads at its end. ``z`` is ``torch.zeros``. Run as a program, this file asks the installed PyTorch
and writes the answers again.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import tinygrad_edu.nn.functional

import tinygrad_edu

RECORD = Path(__file__).parent / "data" / "op_errors.tsv"
LINES = [line.split("\t") for line in RECORD.read_text().splitlines()]


def outcome(torch: Any, source: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            eval(source, {"torch": torch, "z": torch.zeros})
        except Exception as error:
            text = str(error).split("\nException raised from")[0].split("but expected one of:")[0].strip()
            return f"{type(error).__name__}: {text}".replace("\n", "\\n")
    return "no error"


@pytest.mark.parametrize(("source", "expected"), LINES)
def test_error(source: str, expected: str) -> None:
    assert outcome(tinygrad_edu, source) == expected


@pytest.mark.oracle
def test_record_is_what_pytorch_says() -> None:
    torch = pytest.importorskip("torch")
    assert [[source, outcome(torch, source)] for source, _ in LINES] == LINES


if __name__ == "__main__":
    import torch

    RECORD.write_text("".join(f"{source}\t{outcome(torch, source)}\n" for source, *_ in LINES))
