"""Calls out of PyTorch's own table of operations (``op_db``) that once came out differently here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as ours

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

CALLS: list[Callable[[Any], Any]] = [
    lambda T: T.zeros(5, 5, 0) @ T.zeros(0, 5),
    lambda T: T.arange(4.0).where(T.arange(4) > 1, -T.ones(4)),
    lambda T: T.arange(3).repeat_interleave(T.tensor([1, 0, 2]), dim=0, output_size=3),
    lambda T: T.tensordot(T.ones(1, 2), T.arange(6).reshape(3, 2), dims=((0, 1), (0, 1))),
    lambda T: T.tensordot(T.ones(1, 2), T.arange(6.0).reshape(3, 2), dims=((0, 1), (0, 1))),
    lambda T: T.tensor([200, 100], dtype=T.uint8).sum(dtype=T.uint8),
    lambda T: T.tensor([200, 100], dtype=T.uint8).prod(0, dtype=T.uint8),
    lambda T: T.tensor([200, 100], dtype=T.uint8).cumsum(0, dtype=T.uint8),
    lambda T: T.tensor([20, 100], dtype=T.uint8).cumprod(0, dtype=T.uint8),
    lambda T: T.tensor([2.0, 3.0]).cumprod_(0),
    lambda T: T.unique(T.tensor(3.0), return_inverse=True)[1].shape,
    lambda T: T.unique_consecutive(T.tensor(3.0), return_inverse=True)[1].shape,
    lambda T: T.movedim(T.ones(2, 3), (0, 1), (0,)),
    lambda T: T.movedim(T.ones(2, 3), (0, -2), (0, 1)),
    lambda T: T.movedim(T.ones(2, 3), (0, 1), (1, 1)),
    lambda T: T.narrow(T.ones(5), 0, 6, 0),
    lambda T: T.narrow(T.ones(5), 0, -6, 0),
    lambda T: T.narrow(T.ones(5), 0, T.tensor([1, 2]), 1),
    lambda T: T.narrow(T.ones(5), 0, T.tensor(True), 1),
    lambda T: T.narrow(T.arange(5), 0, T.tensor(-2), 2),
    lambda T: T.roll(T.ones(5), ()),
    lambda T: T.roll(T.tensor(1.0), 1, 0),
    lambda T: T.rot90(T.ones(5)),
    lambda T: T.rot90(T.ones(5, 5), dims=(1, -1)),
    lambda T: T.diff(T.ones(3, requires_grad=True), 0),
    lambda T: T.diff(T.ones(2), 0, prepend=T.ones(1)),
    lambda T: T.combinations(T.tensor([1.0, 2.0, 3.0], requires_grad=True)),
    lambda T: T.unravel_index(T.tensor([5, 7], dtype=T.uint8), (4, 300))[0].dtype,
    lambda T: T.ones(2, 3).sum_to_size(()),
    lambda T: T.ones(2, 3, requires_grad=True).sum_to_size(1, 3),
    lambda T: T.tensor([True, False]).sum_to_size(()),
    lambda T: T.cov(T.tensor([[1, 2, 4], [3, 5, 9]])),
    lambda T: T.corrcoef(T.tensor([[1, 2, 4], [3, 5, 9]])),
    lambda T: T.cov(T.tensor([1.0, 2.0, 4.0]), fweights=T.tensor([1, 2, 1]), aweights=T.tensor([0.5, 1.0, 2.0])),
    lambda T: T.cov(T.tensor([1.0])),
    lambda T: T.cov(T.ones(2), fweights=T.ones(2, 2)),
    lambda T: T.cov(T.ones(2), fweights=T.ones(2)),
    lambda T: T.cov(T.ones(2), aweights=T.ones(2).long()),
    lambda T: T.cov(T.ones(2), aweights=T.ones(3)),
    lambda T: T.cov(T.ones(2), aweights=-T.ones(2)),
    lambda T: T.cov(T.ones(2), aweights=T.zeros(2)),
    lambda T: T.take_along_dim(T.arange(4.0).reshape(2, 2), T.tensor([[-1], [0]]), 1),
    lambda T: T.zeros(3, dtype=T.uint8).index_add(0, T.tensor([1]), T.ones(1, dtype=T.uint8), alpha=-1),
    lambda T: T.tensor([True, False]).scatter_reduce(0, T.tensor([0]), T.tensor([False]), "amax", include_self=False),
    lambda T: T.eq(2, T.tensor([1, 2])),
    lambda T: T.lt(2.0, T.tensor([1, 2])),
    lambda T: T.bitwise_and(2, T.tensor([1, 2])),
    lambda T: T.mean(T.ones(2), (), dtype=T.int64),
    lambda T: T.linalg.matrix_rank(T.ones(2, 3, 3), atol=T.tensor([0.0, 9.0])),
    lambda T: T.linalg.matrix_rank(T.ones(2, 3, 3), rtol=T.tensor([0.0, 9.0])),
    lambda T: T.linalg.matrix_rank(T.tensor([[1.0, 5.0], [0.0, 0.0]]), hermitian=True),
    lambda T: T.linalg.matrix_rank(T.zeros(2, 2)),
    lambda T: T.linalg.pinv(T.tensor([[2.0, 5.0], [0.0, 4.0]]), hermitian=True),
    lambda T: T.linalg.vander(T.tensor([[1, 2], [3, 4]], dtype=T.uint8)),
    lambda T: T.linalg.vander(T.tensor([2.0, 3.0], requires_grad=True), N=3),
    lambda T: T.linalg.vander(T.tensor(2), N=3),
    lambda T: T.linalg.vander(T.tensor([2.0]), N=1),
    lambda T: T.linalg.cross(T.ones(5, 2), T.ones(5, 2), dim=2),
    lambda T: T.norm(T.ones(2, 2), "nuc"),
    lambda T: [T.linalg.matrix_norm(T.ones(2, 3).half(), order) for order in ("fro", 1, -1, float("inf"))],
    lambda T: T.linalg.matrix_norm(T.ones(2, 3).half(), "nuc"),
    lambda T: T.norm(T.ones(2, 2, 1), "nuc", (0, 1), True),
    lambda T: T.norm(T.ones(3), "nuc"),
    lambda T: T.nn.functional.grid_sample(T.zeros(1, 1, 2, 2), T.zeros(1, 2, 2, 2).double()),
    lambda T: T.nn.functional.grid_sample(T.zeros(1, 1, 2, 2), T.zeros(2, 2, 2, 2), align_corners=True),
    lambda T: T.nn.functional.grid_sample(T.zeros(1, 1, 2, 2), T.zeros(1, 2, 2, 3), align_corners=True),
    lambda T: T.nn.functional.grid_sample(T.zeros(1, 1, 0, 2), T.zeros(1, 2, 2, 2), align_corners=True),
    lambda T: T.nn.functional.grid_sample(T.zeros(1, 1, 2, 2, 2), T.zeros(1, 2, 2, 2, 3), "bicubic"),
    lambda T: T.nn.functional.grid_sample(T.zeros(1, 1, 2, 2), T.zeros(1, 2, 2, 2), "linear"),
    lambda T: T.nn.functional.grid_sample(T.zeros(1, 1, 2, 2), T.zeros(1, 2, 2, 2), padding_mode="same"),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 1, 2, 2), T.full((1, 2, 2, 2), float("nan"))),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 1, 2, 2), T.full((1, 2, 2, 2), float("inf"))),
    lambda T: T.nn.functional.adaptive_avg_pool2d(T.ones(2, 2), (2, 2)),
    lambda T: T.nn.functional.adaptive_max_pool2d(T.ones(2, 2), 2),
    lambda T: T.nn.functional.affine_grid(T.zeros(2, 2, 3).long(), (2, 1, 2, 2)),
    lambda T: T.nn.functional.affine_grid(T.zeros(2, 2, 2), (2, 1, 2, 2)),
    lambda T: T.nn.functional.affine_grid(T.zeros(2, 2, 3), (2, 1, 2)),
    lambda T: T.nn.functional.affine_grid(T.ones(1, 2, 3), (1, 1, 1, 1), True),
    # NumPy's names
    lambda T: T.unsqueeze(T.arange(2), axis=0),
    lambda T: T.arange(4).reshape(2, 2).gather(axis=1, index=T.tensor([[0], [1]])),
    lambda T: T.arange(4).reshape(2, 2).index_select(axis=1, index=T.tensor([0])),
    lambda T: T.arange(4.0).reshape(2, 2).logsumexp(axis=1, keepdims=True),
    lambda T: T.arange(4.0).reshape(2, 2).topk(1, axis=0),
    lambda T: T.median(T.arange(4.0).reshape(2, 2), axis=0, keepdims=True),
    lambda T: T.arange(4.0).reshape(2, 2).softmax(axis=0),
    lambda T: T.special.log_softmax(T.arange(4.0).reshape(2, 2), axis=0),
    lambda T: T.arange(4).reshape(2, 2).scatter(axis=0, index=T.tensor([[0]]), value=7),
    lambda T: T.arange(4.0).reshape(2, 2).cumsum_(axis=0),
    lambda T: T.diff(T.arange(4).reshape(2, 2), axis=0),
    lambda T: T.linalg.norm(T.arange(4.0).reshape(2, 2), axis=0, keepdims=True),
    lambda T: T.arange(4).reshape(2, 2).swapaxes(axis0=0, axis1=1),
    lambda T: T.unsqueeze(T.ones(2)),
    lambda T: T.gather(T.ones(2)),
    lambda T: T.index_add(T.ones(2), axis=0, index=T.tensor([0])),
    lambda T: T.ones(2).cumsum(),
]  # fmt: skip


def outcome(package: Any, call: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The printed result or the error's type and first line, and the warnings."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            result: tuple[Any, ...] = (repr(call(package)),)
        except Exception as error:
            result = (type(error).__name__, str(error).splitlines()[0])
    return (*result, [str(each.message).split(" (Triggered")[0] for each in heard])


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_calls_of_op_info(call: Callable[[Any], Any]) -> None:
    assert outcome(ours, call) == outcome(torch, call)


@pytest.mark.parametrize("n", [1, 2])
def test_max_unpool_adds_second_derivatives_of_repeated_indices(n: int) -> None:
    def second(package: Any) -> Any:
        x = package.arange(4.0).reshape((1, 1, 4) if n == 1 else (1, 1, 2, 2)).requires_grad_()
        indices = package.zeros_like(x).long()
        unpool = getattr(package.nn.functional, f"max_unpool{n}d")
        upstream = package.ones_like(unpool(x, indices, 2)).requires_grad_()
        (g,) = package.autograd.grad(unpool(x, indices, 2), x, upstream, create_graph=True)
        return package.autograd.grad((g * package.arange(1.0, 5).reshape(g.shape)).sum(), upstream)[0].numpy()

    assert np.array_equal(second(ours), second(torch))
