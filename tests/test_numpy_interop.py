"""NumPy and Python around tensors: sessions with PyTorch written down (transcripts/), and what works here beyond them.

PyTorch 2.13 answers ``np.mean(t)`` and ``array * t`` with errors under NumPy 2; here they work.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
import transcript

import tinygrad_edu as torch

SESSIONS = transcript.sessions("numpy_interop")


@pytest.mark.parametrize("session", SESSIONS)
def test_session(session: transcript.Session) -> None:
    transcript.check(session, torch)


@pytest.mark.oracle
@pytest.mark.parametrize("session", SESSIONS)
def test_session_is_pytorchs(session: transcript.Session) -> None:
    transcript.check_pytorch(session)


# ---- NumPy's functions on tensors -----------------------------------------------------------------------------------

T = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
A = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


ONE_ARRAY = """
    exp log sqrt sin abs square floor negative sign isnan isfinite transpose ravel
    mean sum cumsum unique sort max min dot
"""


@pytest.mark.parametrize("name", ONE_ARRAY.split())
def test_functions_of_one_array(name: str) -> None:
    function: Any = getattr(np, name)
    arguments = (T, T) if name == "dot" else (T,)
    expected = function(*((A,) * len(arguments)))
    found = function(*arguments)
    assert np.array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("name", ["stack", "concatenate", "vstack", "hstack"])
def test_joining(name: str) -> None:
    function: Any = getattr(np, name)
    assert np.array_equal(function([T, T]), function([A, A]))
    assert type(function([T, T])) is np.ndarray


@pytest.mark.parametrize("axis", [0, 1])
def test_reductions_along_an_axis(axis: int) -> None:
    assert np.array_equal(np.asarray(np.sum(T, axis=axis)), A.sum(axis))
    assert np.array_equal(np.asarray(np.mean(T, axis=axis)), A.mean(axis))


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv, operator.mod]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("function", OPERATORS + COMPARISONS, ids=lambda f: f.__name__)
def test_operators_with_arrays_in_both_orders(function: Any) -> None:
    other = np.array([[2.0, 2.0], [1.0, 4.0]])
    for left, right, a, b in ((T, other, A, other), (other, T, other, A)):
        found = function(left, right)
        assert isinstance(found, torch.Tensor)
        assert np.allclose(found.numpy(), function(a, b))


@pytest.mark.parametrize("function", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.int8])
def test_operators_with_numpys_numbers_keep_the_dtype(function: Any, kind: Any) -> None:
    for left, right, a, b in ((T, kind(2), A, 2), (kind(2), T, 2, A)):
        found = function(left, right)
        assert isinstance(found, torch.Tensor)
        assert found.dtype is torch.float32
        assert np.allclose(found.numpy(), function(a, b))


def test_matrix_products_with_arrays() -> None:
    assert (A.astype(np.float32) @ T).tolist() == (T @ A).tolist() == (A @ A).tolist()


def test_gradients_flow_past_arrays() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (np.array([3.0, 4.0]) * x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 4]
    assert x.grad.dtype is torch.float32


# ---- memory ---------------------------------------------------------------------------------------------------------


def test_array_protocol_copies_when_asked() -> None:
    assert np.shares_memory(np.asarray(T), T.numpy())
    assert np.shares_memory(np.array(T, copy=False), T.numpy())
    assert not np.shares_memory(np.array(T), T.numpy())
    assert not np.shares_memory(np.array(T, copy=True), T.numpy())
    assert np.asarray(T, np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.array(T, np.float64, copy=False)


def test_dlpack_in_both_directions() -> None:
    x = torch.arange(3.0)
    array = np.from_dlpack(x)
    x[0] = 7
    assert array.tolist() == [7, 1, 2]
    y = torch.from_dlpack(np.arange(3))
    assert y.tolist() == [0, 1, 2]


def test_no_array_of_a_tensor_that_requires_grad() -> None:
    x = torch.ones(2, requires_grad=True)
    for function in (np.asarray, np.exp, np.array, lambda t: t.numpy(), np.concatenate):
        with pytest.raises(RuntimeError, match="Can't call numpy"):
            function([x] if function is np.concatenate else x)
    with torch.no_grad():
        assert x.numpy().tolist() == [1, 1]
    assert x.numpy(force=True).tolist() == [1, 1]


def test_matplotlib_takes_tensors() -> None:
    figures = pytest.importorskip("matplotlib.figure")
    axes = figures.Figure().subplots()
    (line,) = axes.plot(torch.linspace(0, 1, 3), torch.tensor([1, 4, 9]))
    assert line.get_ydata().tolist() == [1, 4, 9]
    image = axes.imshow(torch.zeros(2, 2))
    assert image.get_array().shape == (2, 2)
    bars = axes.bar(range(2), torch.tensor([1.0, 2.0]))
    assert bars[1].get_height() == 2
    points = axes.scatter(torch.arange(3), torch.arange(3.0), c=torch.arange(3))
    assert len(points.get_offsets()) == 3
    counts, _, _ = axes.hist(torch.tensor([1.0, 1.0, 2.0]), bins=2)
    assert counts.tolist() == [2, 1]
