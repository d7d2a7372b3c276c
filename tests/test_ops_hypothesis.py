"""Operations on inputs that hypothesis draws: shapes, views, dtypes, and random graphs of operations."""

from __future__ import annotations

import math
import operator
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as T
from tinygrad_edu.autograd import grad as grad_of

# ---- dtypes: every pair of operands, in every rank ---------------------------------------------------------------------------

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128"]
NUMBERS = (True, 2, 1.5, 1 + 2j)
BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "==": operator.eq, "<": operator.lt, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift,
}  # fmt: skip
FUNCTIONS = ["maximum", "fmax", "atan2", "logical_and", "where", "pow", "hypot", "xlogy", "isclose"]


def operands(torch: Any) -> dict[str, Any]:
    """A tensor of each dtype with a dimension, one without, and Python's numbers."""
    made: dict[str, Any] = {}
    for name in DTYPES:
        made[name] = torch.tensor([1, 2]).to(getattr(torch, name))
        made[f"0-d {name}"] = torch.tensor(2).to(getattr(torch, name))
    return made | {repr(number): number for number in NUMBERS}


def answer(run: Any) -> tuple[str, Any]:
    """(dtype, shape and values) or (exception's kind, nothing)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = run()
        except (RuntimeError, TypeError) as error:  # NotImplementedError is a RuntimeError
            return "TypeError" if isinstance(error, TypeError) else "RuntimeError", None
    if not hasattr(result, "dtype"):
        return type(result).__name__, result
    return f"{result.dtype} {tuple(result.shape)}", result.resolve_conj().numpy() if hasattr(
        result, "resolve_conj"
    ) else result.numpy()


def apply(torch: Any, name: str, a: Any, b: Any) -> Any:
    if name in BINARY:
        return BINARY[name](a, b)
    if name == "where":
        return torch.where(torch.tensor([True, False]), a, b)
    return getattr(torch, name)(a, b)


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*BINARY, *FUNCTIONS])
def test_promotion_table_like_pytorch(name: str) -> None:
    """All dtypes, with a dimension, without one, and as Python's numbers, on both sides."""
    torch = pytest.importorskip("torch")
    ours, theirs = operands(T), operands(torch)
    failures = []
    for a in ours:
        for b in ours:
            if a in map(repr, NUMBERS) and b in map(repr, NUMBERS):
                continue
            if "float16" in a + b and ("complex" in a + b or "j" in a + b):
                continue  # PyTorch's half complex numbers: NumPy has none
            got = answer(lambda a=a, b=b: apply(T, name, ours[a], ours[b]))
            want = answer(lambda a=a, b=b: apply(torch, name, theirs[a], theirs[b]))
            tolerance = 4e-3 if "float16" in got[0] else 1e-5  # a few roundings
            same = got[0] == want[0] and (got[1] is None or np.allclose(got[1], want[1], rtol=tolerance, equal_nan=True))
            if not same:
                failures.append(f"{a} {name} {b}: {got}, PyTorch {want}")
    assert not failures, f"{len(failures)}\n" + "\n".join(failures[:10])


# ---- shapes and views ------------------------------------------------------------------------------------------------------

elements = st.floats(-3, 3, width=32).filter(lambda v: abs(v) > 0.05)


@st.composite
def broadcasting(draw: Any, count: int = 2) -> list[np.ndarray]:
    """Arrays whose shapes broadcast, some with axes of length 0 or 1, some transposed or strided."""
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=3, min_side=0))
    arrays = []
    for shape in shapes.input_shapes:
        array = draw(hnp.arrays(np.float64, shape, elements=elements))
        layout = draw(st.sampled_from(["dense", "fortran", "strided"]))
        if layout == "fortran":
            array = np.asfortranarray(array)
        elif layout == "strided" and array.ndim:
            wide = np.repeat(array, 2, axis=-1)
            array = wide[..., ::2]
        arrays.append(np.asarray(array))
    return arrays


SMOOTH = {
    "add": lambda torch, x, y: x + y, "sub": lambda torch, x, y: x - y, "mul": lambda torch, x, y: x * y,
    "div": lambda torch, x, y: x / (y * y + 0.5), "pow": lambda torch, x, y: (x * x + 0.5) ** y,
    "atan2": lambda torch, x, y: torch.atan2(x, y), "lerp": lambda torch, x, y: torch.lerp(x, y, 0.25),
    "where": lambda torch, x, y: torch.where(x.detach() > 0, x, y), "maximum": lambda torch, x, y: torch.maximum(x, y),
}  # fmt: skip


def numerical(f: Any, arrays: list[np.ndarray], position: int, weight: np.ndarray, step: float = 1e-6) -> np.ndarray:
    result = np.zeros(arrays[position].shape)
    for index in np.ndindex(*result.shape):
        sides = []
        for sign in (1, -1):
            moved = [np.array(a) for a in arrays]
            moved[position][index] += sign * step
            with T.no_grad():
                sides.append(float((f(*map(T.from_numpy, moved))._array * weight).sum()))
        result[index] = (sides[0] - sides[1]) / (2 * step)
    return result


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(SMOOTH)), arrays=broadcasting())
def test_gradients_undo_broadcasting(name: str, arrays: list[np.ndarray]) -> None:
    x, y = arrays
    if name in ("maximum", "where", "atan2") and not np.all(np.abs(np.subtract(x, y)) > 1e-3):
        return  # at a kink
    inputs = [T.from_numpy(np.array(a, order="K")).requires_grad_() for a in arrays]
    out = SMOOTH[name](T, *inputs)
    assert tuple(out.shape) == np.broadcast_shapes(x.shape, y.shape)
    weight = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)) + 1.5
    grads = grad_of(out, inputs, T.from_numpy(np.asarray(weight)))
    for position, got in enumerate(grads):
        assert got.shape == inputs[position].shape
        want = numerical(lambda a, b: SMOOTH[name](T, a, b), arrays, position, weight)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-6)


SHAPERS = [
    lambda x: x.reshape(-1), lambda x: x.unsqueeze(0), lambda x: x.unsqueeze(-1), lambda x: x.squeeze(), lambda x: x.flatten(),
    lambda x: x.transpose(0, -1) if x.ndim else x, lambda x: x.flip(0) if x.ndim else x, lambda x: x[..., None],
    lambda x: x[1:] if x.ndim else x, lambda x: x[::2] if x.ndim else x, lambda x: x.repeat(*(2,) * max(x.ndim, 1)),
    lambda x: x.expand(2, *x.shape), lambda x: x.sum(0) if x.ndim else x, lambda x: x.cumsum(-1) if x.ndim else x,
    lambda x: x.movedim(0, -1) if x.ndim else x, lambda x: x.roll(1), lambda x: x.clone(), lambda x: x.T if x.ndim == 2 else x,
    lambda x: type(x).__module__ and x * 2, lambda x: x.unbind(0)[0] if x.ndim and len(x) else x,
    lambda x: x.split(2, 0)[-1] if x.ndim and len(x) else x, lambda x: x.chunk(2)[0] if x.ndim and len(x) else x,
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    array=hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3), elements=elements),
    steps=st.lists(st.sampled_from(range(len(SHAPERS))), min_size=1, max_size=6),
)
def test_chains_of_views_are_linear_and_so_are_their_gradients(array: np.ndarray, steps: list[int]) -> None:
    """A chain of shape operations is a linear map A: <A v, w> = <v, A^T w> for the gradient A^T w, exactly."""
    x = T.from_numpy(np.array(array)).requires_grad_()
    out = x
    for step in steps:
        if out.numel() > 500 or out.ndim > 6:
            break
        out = SHAPERS[step](out)
    w = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)) + 0.5
    if out is x:
        return
    (g,) = grad_of(out, x, T.from_numpy(np.asarray(w)))
    left, right = float((out.detach().numpy() * w).sum()), float((array * g.numpy()).sum())
    assert math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


# ---- random graphs ---------------------------------------------------------------------------------------------------------

# Smooth everywhere: a value may come out as exactly 0, or a column as constant.
UNARY = [
    lambda torch, x: torch.tanh(x), lambda torch, x: torch.sigmoid(x), lambda torch, x: torch.sin(x), lambda torch, x: x * x,
    lambda torch, x: torch.exp(-x * x), lambda torch, x: torch.log(x * x + 1), lambda torch, x: torch.sqrt(x * x + 1),
    lambda torch, x: torch.softmax(x, -1), lambda torch, x: torch.log_softmax(x, 0),
    lambda torch, x: x.sum(1, keepdim=True) + x,
    lambda torch, x: x - x.mean(0), lambda torch, x: x.t() @ x, lambda torch, x: x / (1 + (x * x).mean()), lambda torch, x: -x,
    lambda torch, x: x.cumsum(0), lambda torch, x: torch.cat([x[1:], x[:1]]), lambda torch, x: x.flip(1), lambda torch, x: x**3,
    lambda torch, x: x.logsumexp(0) + x, lambda torch, x: (x.var(0) + 1).sqrt() * x, lambda torch, x: ((x * x).sum() + 1) * x,
    lambda torch, x: 1 / (x * x + 1),
]  # fmt: skip
PAIRED = [
    lambda torch, x, y: x + y, lambda torch, x, y: x * y, lambda torch, x, y: x - y, lambda torch, x, y: x @ y,
    lambda torch, x, y: torch.where(torch.eye(3) > 0, x, y), lambda torch, x, y: x / (y * y + 1),
    lambda torch, x, y: torch.addmm(x, x, y),
    lambda torch, x, y: torch.stack([x, y]).sum(0), lambda torch, x, y: torch.einsum("ij,jk->ik", x, y),
]  # fmt: skip


def build(torch: Any, plan: list[tuple[int, int, int]], inputs: list[Any]) -> Any:
    """A graph over 3x3 matrices: each step takes two of the values so far; squashed, so that nothing grows."""
    values = list(inputs)
    for kind, i, j in plan:
        x, y = values[i % len(values)], values[j % len(values)]
        made = UNARY[kind](torch, x) if kind < len(UNARY) else PAIRED[kind - len(UNARY)](torch, x, y)
        values.append(torch.tanh(made * 0.5))
    return sum((v * v).sum() for v in values[len(inputs) :])


plans = st.lists(
    st.tuples(st.integers(0, len(UNARY) + len(PAIRED) - 1), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=7
)
matrices = st.lists(hnp.arrays(np.float64, (3, 3), elements=elements), min_size=2, max_size=2)


@settings(max_examples=60, deadline=None)
@given(plan=plans, arrays=matrices)
def test_random_graphs_by_directional_differences(plan: Any, arrays: list[np.ndarray]) -> None:
    """First and second derivatives along random directions of graphs in which values are used several times."""
    inputs = [T.from_numpy(a.copy()).requires_grad_() for a in arrays]
    directions = [np.cos(1 + np.arange(9) * (2 + k)).reshape(3, 3) for k in range(2)]
    loss = build(T, plan, inputs)
    grads = grad_of(loss, inputs, create_graph=True, allow_unused=True, materialize_grads=True)
    slope = sum((g * T.from_numpy(d)).sum() for g, d in zip(grads, directions, strict=True))

    def along(step: float) -> tuple[float, float]:
        moved = [T.from_numpy(a + step * d).requires_grad_() for a, d in zip(arrays, directions, strict=True)]
        value = build(T, plan, moved)
        gs = grad_of(value, moved, allow_unused=True, materialize_grads=True)
        return value.item(), sum(float((g.numpy() * d).sum()) for g, d in zip(gs, directions, strict=True))

    (up, slope_up), (down, slope_down) = along(1e-5), along(-1e-5)
    assert math.isclose(slope.item(), (up - down) / 2e-5, rel_tol=1e-5, abs_tol=1e-6)
    second = [np.zeros((3, 3))] * 2
    if slope.requires_grad:
        second = [g.numpy() for g in grad_of(slope, inputs, allow_unused=True, materialize_grads=True)]
    curvature = sum(float((g * d).sum()) for g, d in zip(second, directions, strict=True))
    assert math.isclose(curvature, (slope_up - slope_down) / 2e-5, rel_tol=1e-4, abs_tol=1e-5)


@pytest.mark.oracle
@settings(max_examples=60, deadline=None)
@given(plan=plans, arrays=matrices)
def test_random_graphs_like_pytorch(plan: Any, arrays: list[np.ndarray]) -> None:
    torch = pytest.importorskip("torch")
    ours = [T.from_numpy(a.copy()).requires_grad_() for a in arrays]
    theirs = [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]
    build(T, plan, ours).backward()
    build(torch, plan, theirs).backward()
    for a, b in zip(ours, theirs, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-9, atol=1e-10)
