"""Gradients where a function has none, or none that differences find: ties, kinks, zeros, infinities, nan.

``data/op_edges.tsv`` holds an expression of ``x``, the values of ``x``, and the gradient of the expression's sum in
PyTorch 2.13
(and the second one, of the first one's sum of squares). Run as a program, this file asks the installed PyTorch and writes the
answers again.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu

RECORD = Path(__file__).parent / "data" / "op_edges.tsv"
LINES = [line.split("\t") for line in RECORD.read_text().splitlines()]


def values(text: str) -> Any:
    return eval(text, {"inf": np.inf, "nan": np.nan})


def slopes(torch: Any, source: str, given: str) -> list[Any]:
    """The gradient, and the gradient of its sum of squares (None where it is constant)."""
    x = torch.tensor(values(given), dtype=torch.float64, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = eval(source, {"torch": torch, "F": __import__(f"{torch.__name__}.nn.functional", fromlist=["x"]), "x": x})
        (first,) = torch.autograd.grad(y.sum(), x, create_graph=True, allow_unused=True)
        second = None
        if first is not None and first.requires_grad:
            (second,) = torch.autograd.grad((first * first).sum(), x, allow_unused=True)
    return [None if each is None else each.numpy(force=True).tolist() for each in (first, second)]


def zeros_for_none(value: Any, like: Any) -> np.ndarray:
    return np.zeros_like(np.asarray(like, float)) if value is None else np.asarray(value, float)


@pytest.mark.parametrize(("source", "given", "first", "second"), LINES)
def test_gradient_at_an_edge(source: str, given: str, first: str, second: str) -> None:
    got = slopes(tinygrad_edu, source, given)
    like = values(given)
    for have, want, tolerance in zip(got, map(values, (first, second)), (1e-12, 1e-10), strict=True):
        np.testing.assert_allclose(
            zeros_for_none(have, like), zeros_for_none(want, like), rtol=tolerance, atol=tolerance / 1000
        )


@pytest.mark.oracle
def test_record_is_what_pytorch_says() -> None:
    torch = pytest.importorskip("torch")
    assert [[source, given, *map(repr, slopes(torch, source, given))] for source, given, *_ in LINES] == LINES


SUMS = [
    ((100000,), 0),
    ((100000, 3), 0),
    ((3, 50000), 1),
    ((4, 50000, 3), 1),
    ((4, 50000, 3), (0, 1)),
    ((300, 300, 30), (0, 1)),
    ((64, 16, 28, 28), (0, 2, 3)),
]


@pytest.mark.parametrize(("shape", "dim"), SUMS)
def test_single_precision_sums_of_many_numbers(shape: Any, dim: Any) -> None:
    """Blocks are added before they are added up: about 10 roundings (of 6e-8) for 100,000 numbers, not 100,000."""
    x = (np.random.default_rng(0).random(shape) + 1).astype(np.float32)
    exact = x.astype(np.float64).sum(dim)
    total = tinygrad_edu.from_numpy(x).sum(dim).numpy()
    assert np.abs(total / exact - 1).max() < 10 * 2**-24
    grown = tinygrad_edu.zeros(exact.shape, requires_grad=True)
    weight = tinygrad_edu.from_numpy(np.moveaxis(x, dim, tuple(range(np.size(dim)))))
    (grown + weight).backward(weight)  # broadcasting undone is such a sum too
    assert np.abs(grown.grad.numpy() / exact - 1).max() < 10 * 2**-24


def test_half_precision_is_rounded_once() -> None:
    torch = tinygrad_edu
    x = torch.full((4096,), 60000.0, dtype=torch.float16)
    assert x.mean().item() == 60000.0
    ones = torch.ones(5000, dtype=torch.float16)
    assert ones.sum().item() == 5000.0 and ones.norm().item() == np.float16(5000**0.5)
    assert torch.sigmoid(torch.tensor([-12.0], dtype=torch.float16)).item() == np.float16(1 / (1 + np.exp(12.0)))


if __name__ == "__main__":
    import torch

    answers = ([source, given, *map(repr, slopes(torch, source, given))] for source, given, *_ in LINES)
    RECORD.write_text("".join("\t".join(answer) + "\n" for answer in answers))
