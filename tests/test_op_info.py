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
    lambda T: T.nn.functional.cosine_similarity(T.eye(2), T.ones(2, 2), axis=0),
    lambda T: T.arange(4).reshape(2, 2).swapaxes(axis0=0, axis1=1),
    lambda T: T.unsqueeze(T.ones(2)),
    lambda T: T.gather(T.ones(2)),
    lambda T: T.index_add(T.ones(2), axis=0, index=T.tensor([0])),
    lambda T: T.ones(2).cumsum(),
    # overloads that do not exist
    lambda T: T.eq(2, 3),
    lambda T: T.fmod(2, T.tensor([1])),
    lambda T: T.remainder(2, 3),
    lambda T: T.bitwise_left_shift(2, 3),
    lambda T: T.copysign(2, T.tensor([1])),
    lambda T: T.rsub(2, T.tensor([1])),
    lambda T: T.xlogy("a", T.tensor([1])),
    lambda T: T.max(2, 3),
    lambda T: T.min(2, T.tensor([1])),
    lambda T: T.float_power(T.ones(1), "a"),
    lambda T: T.linspace(0, 3, 1.0),
    lambda T: T.logspace(T.ones(2), T.ones(()), 3),
    lambda T: T.eye(),
    lambda T: T.hsplit(T.ones(5, 5), "abc"),
    lambda T: T.topk(T.tensor([True]), 1),
    lambda T: T.Tensor.__rmod__(T.tensor([2, 3]), T.tensor([7, 7])),
    lambda T: T.tensor([True]).conj(),
    lambda T: T.ones(2, requires_grad=True).conj_physical(),
    lambda T: T.nn.functional.feature_alpha_dropout(T.ones(3), 0.5, False),
    lambda T: T.feature_dropout(T.ones(3), 0.5, True),
    lambda T: T.ones(2).float_power_(2),
    lambda T: T.full((2,), 3.0).double().float_power_(2),
    lambda T: T.full((2,), 3.0).mvlgamma_(2),
    lambda T: T.ones(2).polygamma_(1),
    lambda T: T.arange(4).as_strided_((2, 2), (1, 1)),
    *(
        lambda T, shape=shape, name=name: T.linalg.lstsq(T.eye(*shape), T.ones(shape[0], 1), driver=name)
        for shape in ((3, 2), (2, 2))
        for name in (None, "gels", "gelsd")
    ),
    lambda T: T.linalg.lstsq(T.ones(3), T.ones(3)),
    lambda T: T.linalg.lstsq(T.ones(3, 2), T.ones(2, 1)),
    lambda T: T.linalg.lstsq(T.ones(3, 2), T.ones(3), driver="svd"),
    # dtypes and sizes that PyTorch refuses
    lambda T: T.logcumsumexp(T.arange(3), 0),
    lambda T: T.cdist(T.ones(2, 2), T.ones(2, 2).long()),
    lambda T: T.unravel_index(T.tensor([True]), (2, 2)),
    lambda T: T.linalg.vander(T.tensor([True]), N=2),
    lambda T: T.triu_indices(2, 2, dtype=T.float32),
    lambda T: T.bucketize(T.tensor([True]), T.tensor([False, True])),
    lambda T: T.histogram(T.arange(3), 2),
    lambda T: T.trapezoid(T.ones(2), T.tensor([True, False])),
    lambda T: T.cumulative_trapezoid(T.tensor([True])),
    lambda T: T.zeros(2).bool().scatter_reduce(0, T.tensor([0]), T.tensor([True]), "mean"),
    lambda T: T.cumsum(T.ones(2), 0, dtype=T.bool),
    lambda T: T.isin(T.tensor([True]), T.tensor([True])),
    lambda T: T.bincount(T.ones(2)),
    lambda T: T.linalg.solve_triangular(T.ones(2, 2).long(), T.ones(2, 2).long(), upper=True),
    lambda T: T.nn.functional.max_unpool1d(T.ones(1, 1, 2).long(), T.zeros(1, 1, 2).long(), 2),
    lambda T: T.nn.functional.max_unpool1d(T.ones(8, 8), T.zeros(8, 7).long(), 3, 2),
    lambda T: T.nn.functional.conv1d(T.ones(1, 1, 4), T.ones(1, 1, 2), dilation=-1),
    lambda T: T.nn.functional.conv2d(T.ones(1, 1, 4, 3), T.ones(1, 2, 2), padding="same"),
    lambda T: T.nn.functional.adaptive_max_pool1d(T.ones(1, 1), -3),
    lambda T: T.nn.functional.adaptive_max_pool3d(T.ones(1, 1, 1, 1, 1), (-1, 0, 2)),
    lambda T: T.nn.functional.max_pool1d(T.ones(1, 1, 49), 2, 50, 4, return_indices=True),
    lambda T: T.aminmax(T.ones(5, 0), dim=1),
    lambda T: T.multinomial(T.tensor([1.0, float("nan")]), 2, True),
    lambda T: T.multinomial(T.tensor([1.0, float("inf")]), 2, True),
    lambda T: T.multinomial(T.tensor([1.0, -1.0]), 1),
    lambda T: T.ones(5, 1).double().float_power_(T.ones(5)),
    lambda T: T.resize_as_(T.ones(4), T.ones(2, 2)),
]  # fmt: skip

GRADIENTS: list[Callable[[Any, Any], Any]] = [
    lambda T, x: T.linalg.eigvalsh(x, "U"),
    lambda T, x: T.linalg.eigh(x, "U")[1] ** 2,
    lambda T, x: T.linalg.eigh(x)[1] ** 2,
    lambda T, x: sum((part**2).cumsum(0).sum() for part in T.linalg.svd(x[:, :2])[::2]),
    lambda T, x: T.linalg.matrix_power(x, 0),
    lambda T, x: T.nextafter(x, x + 1),
    lambda T, x: T.quantile(x[0], x[1].sigmoid()),
    lambda T, x: T.nanquantile(x[0], x[1].sigmoid()),
    lambda T, x: T.nanquantile(x[0], x[1].sigmoid(), interpolation="midpoint"),
]


WRITERS: list[Callable[[Any, Any], Any]] = [
    lambda T, out: T.linalg.eigh(T.tensor([[2.0, 1.0], [1.0, 3.0]]), out=out((2,), (2, 2))),
    lambda T, out: T.linalg.qr(T.tensor([[2.0, 1.0], [1.0, 3.0]]), out=out((2, 2), (2, 2))),
    lambda T, out: T.linalg.svd(T.tensor([[2.0, 1.0], [1.0, 3.0]]), out=out((0,), (0,), (0,))),
    lambda T, out: T.linalg.slogdet(T.tensor([[2.0, 1.0], [1.0, 3.0]]), out=out((), (1,))),
    lambda T, out: T.histogram(T.arange(4.0), 2, out=out((2,), (3,))),
    lambda T, out: T.aminmax(T.arange(4.0), out=out((), (2,))),
    lambda T, out: T.sort(T.arange(4.0), out=out((4,), (4,))),
    lambda T, out: T.sort(T.arange(4), out=out((4,), (4,), dtype="int64")),
    lambda T, out: T.topk(T.arange(4), 2, out=out((4,), (4,), dtype="int64")),
    lambda T, out: T.max(T.arange(4).reshape(2, 2), 1, out=out((2,), (2,), dtype="int64")),
]


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


@pytest.mark.parametrize("call", WRITERS, ids=range(len(WRITERS)))
def test_several_results_are_written_out(call: Callable[[Any, Any], Any]) -> None:
    def written(package: Any) -> Any:
        given: list[Any] = []

        def out(*shapes: tuple[int, ...], dtype: str = "float32") -> tuple[Any, ...]:
            given.extend(package.zeros(shape, dtype=getattr(package, dtype)) for shape in shapes)
            return tuple(given)

        heard = outcome(package, lambda _: [a is b for a, b in zip(call(package, out), given, strict=True)])
        return heard, [each.abs().tolist() for each in given]

    (found, values), (expected, right) = written(ours), written(torch)
    assert found == expected
    for value, wanted in zip(values, right, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5)


def test_elements_at_indices_can_be_viewed() -> None:
    assert ours.arange(24).reshape(2, 3, 4)[:, :, [0, 2]].view(-1).tolist() == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]


@pytest.mark.parametrize("call", GRADIENTS, ids=range(len(GRADIENTS)))
def test_gradients_of_op_info(call: Callable[[Any, Any], Any]) -> None:
    def gradient(package: Any) -> Any:
        x = package.tensor([[3.0, -1.0, 0.5], [2.0, 5.0, 1.5], [-0.25, 1.0, -2.0]], dtype=package.float64, requires_grad=True)
        return package.autograd.grad((call(package, x) ** 2).sum(), x)[0].numpy()

    np.testing.assert_allclose(gradient(ours), gradient(torch), rtol=1e-9, atol=1e-12)


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


def test_one_singular_matrix_spoils_no_other():
    A = ours.tensor([[[2.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 4.0]], [[4.0, 0.0], [0.0, 5.0]]], requires_grad=True)
    good = ours.tensor([0, 2])
    for made, alone in (
        (ours.linalg.inv_ex(A), ours.linalg.inv(A[good])),
        (ours.linalg.solve_ex(A, ours.ones(3, 2)), ours.linalg.solve(A[good], ours.ones(2, 2))),
        (ours.linalg.cholesky_ex(A), ours.linalg.cholesky(A[good])),
    ):
        assert made[1].tolist() == [0, 2, 0]
        assert ours.equal(made[0][good], alone) and made[0][1].isnan().all()
        slope, wanted = (ours.autograd.grad(each.sum(), A, allow_unused=True)[0] for each in (made[0][good], alone))
        assert ours.allclose(slope[good], wanted[good])
