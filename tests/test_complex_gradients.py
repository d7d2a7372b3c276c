"""Gradients of complex functions: by differences along the real and the imaginary axis, and PyTorch's.

The gradient of a real L by z = x + iy is dL/dx + i dL/dy; a real operand of a complex function gets its real part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as ours
from tinygrad_edu.visualize import trace

try:
    import torch
except ImportError:
    torch = None

RNG = np.random.default_rng(7)


def C(*shape: int) -> np.ndarray:
    return RNG.uniform(0.4, 1.6, shape) * np.exp(1j * RNG.uniform(-3, 3, shape))


def R(*shape: int) -> np.ndarray:
    return RNG.uniform(0.4, 1.6, shape)


Z, W, V = C(3), C(3), R(3)
M, K, Q = C(3, 3), C(3, 2), C(2, 3)
DEFINITE = lambda T, m: m @ m.mH + 2 * T.eye(3)  # noqa: E731
FLAT = (Z,)
ELEMENTARY = (
    "exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal square sin cos tan sinh cosh tanh asin acos atan asinh acosh "
    "atanh sigmoid neg conj conj_physical abs angle sgn real imag view_as_real sum mean prod"
)

Calls = dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]]
CALLS: Calls = {
    **{name: (lambda T, z, name=name: getattr(T, name)(z), FLAT) for name in ELEMENTARY.split()},
    **{
        f"{name} of {words}": (lambda T, x, y, name=name: getattr(T, name)(x, y), operands)
        for name in ("add", "sub", "mul", "div", "pow", "logaddexp")
        for words, operands in {"two": (Z, W), "real and complex": (V, W), "complex and real": (Z, V)}.items()
        if name != "logaddexp" or words == "two"
    },
    "alpha": (lambda T, x, y: T.add(x, y, alpha=1 - 2j) - T.sub(x, y, alpha=2j), (Z, W)),
    "rsub": (lambda T, x, y: T.rsub(x, y, alpha=1 - 2j), (Z, W)),
    "complex number": (lambda T, x: (x * (1 + 2j) + 1j) / (2 - 1j) - (1 + 1j) / x, (V,)),
    "powers": (lambda T, z: z**2 + z**3 + z**-1 + z**0.5 + z ** (1 + 2j), FLAT),
    "number to a power": (lambda T, z: 2**z + (1 + 1j) ** z, FLAT),
    "zero to a power": (lambda T, z: T.zeros(3, dtype=z.dtype) ** (z.real.abs() + 1) + 0 ** (z + 2), FLAT),
    "power at zero": (lambda T, z: (z * 0) ** 2 + (z * 0) ** 1, FLAT),
    "float_power": (lambda T, z: T.float_power(z, 2.5), FLAT),
    "sgn at zero": (lambda T, z: T.sgn(z * T.tensor([1.0, 0.0, 1.0])) + T.abs(z * T.tensor([0.0, 1.0, 1.0])), FLAT),
    "addcmul": (lambda T, x, y, z: T.addcmul(x, y, z, value=1 - 2j), (Z, W, C(3))),
    "addcdiv": (lambda T, x, y, z: T.addcdiv(x, y, z, value=1 - 2j), (Z, W, C(3))),
    "lerp": (lambda T, x, y, z: T.lerp(x, y, z) + T.lerp(x, y, 0.3), (Z, W, C(3))),
    "complex": (lambda T, x, y: T.complex(x, y) * T.complex(y, x), (V, R(3))),
    "polar": (lambda T, x, y: T.polar(x, y) * T.polar(y, x), (V, R(3))),
    "view_as_complex": (lambda T, x: T.view_as_complex(x) ** 2, (R(3, 2),)),
    "parts": (lambda T, z: z.real * z.imag + z.conj().angle(), FLAT),
    "to complex": (lambda T, x: x.to(T.complex64).exp().to(T.complex128), (V,)),
    "broadcast": (lambda T, x, y: x * y, (C(2, 1), C(3))),
    "where": (lambda T, x, y: T.where(T.tensor([True, False, True]), x, y * 1j) * x, (Z, V)),
    "masked": (lambda T, z: z.masked_fill(T.tensor([True, False, True]), 2j) * z, FLAT),
    "index": (lambda T, z: z[[0, 0, 2]] * z[1:].sum(), FLAT),
    "gather": (lambda T, z: z.gather(0, T.tensor([2, 0])) ** 2, FLAT),
    "cat": (lambda T, x, y: T.cat([x, y]).prod() + T.stack([x, y]).flip(0).sum(), (Z, W)),
    "in place": (lambda T, z: (z * 1).mul_(z).add_(2j).exp_(), FLAT),
    "written part": (lambda T, z: _written(z), FLAT),
    "prod over dim": (lambda T, m: m.prod(0) + m.cumprod(1).sum(0), (M,)),
    "prod with zeros": (lambda T, z: (z * T.tensor([0.0, 1.0, 1.0])).prod(), FLAT),
    "cumsum": (lambda T, z: z.cumsum(0) * z, FLAT),
    "logsumexp": (lambda T, m: m.logsumexp(1), (M,)),
    "logcumsumexp": (lambda T, m: m.logcumsumexp(1), (M,)),
    "var": (lambda T, m: m.var(1) + m.std(1), (M,)),
    "var_mean": (lambda T, m: sum(T.var_mean(m, 1)) + sum(T.std_mean(m, 1)), (M,)),
    **{
        f"norm {p}": (lambda T, m, p=p: T.linalg.vector_norm(m, p, 1), (M,))
        for p in (0, 0.5, 1, 1.5, 2, 3, float("inf"), -float("inf"))
    },
    "mse": (lambda T, x, y: (x - y).abs().square().mean() + T.nn.functional.l1_loss(x, y), (Z, W)),
    "corrcoef": (lambda T, m: T.cov(m) + T.corrcoef(m), (Q,)),
    "mm": (lambda T, x, y: x @ y, (M, K)),
    "bmm": (lambda T, x, y: T.bmm(x, y), (C(2, 2, 3), C(2, 3, 2))),
    "batched": (lambda T, x, y: x @ y, (C(2, 2, 3), K)),
    "mv": (lambda T, x, y: x @ y, (M, Z)),
    "addmm": (lambda T, x, y, z: T.addmm(x, y, z, beta=1j, alpha=2 - 1j), (C(2), M, K)),
    "baddbmm": (lambda T, x, y, z: T.baddbmm(x, y, z, beta=1j, alpha=2 - 1j), (C(2), C(2, 2, 3), C(2, 3, 2))),
    "addmv": (lambda T, x, y, z: T.addmv(x, y, z, beta=1j, alpha=2 - 1j), (C(3), M, Z)),
    "addr": (lambda T, x, y, z: T.addr(x, y, z, beta=1j, alpha=2 - 1j), (C(3, 3), W, Z)),
    "dot": (lambda T, x, y: T.dot(x, y) + T.vdot(x, y) * 2, (Z, W)),
    "outer": (lambda T, x, y: T.outer(x, y), (Z, W)),
    "einsum": (lambda T, x, y: T.einsum("ij,jk->k", x, y), (M, K)),
    "linear": (lambda T, x, y, z: T.nn.functional.linear(x, y, z), (Q, K.T.copy(), C(2))),
    "conv1d": (lambda T, x, y: T.nn.functional.conv1d(x, y), (C(1, 2, 5), C(2, 2, 3))),
    "cross": (lambda T, x, y: T.linalg.cross(x, y), (Z, W)),
    "inv": (lambda T, m: T.linalg.inv(m), (M,)),
    "det": (lambda T, m: T.linalg.det(m), (M,)),
    "slogdet": (lambda T, m: T.linalg.slogdet(m)[0] * 2 + T.linalg.slogdet(m)[1], (M,)),
    "logdet": (lambda T, m: T.logdet(m), (M,)),
    "solve": (lambda T, m, b: T.linalg.solve(m, b), (M, K)),
    "solve from the right": (lambda T, m, b: T.linalg.solve(m, b, left=False), (M, Q)),
    "solve_triangular": (lambda T, m, b: T.linalg.solve_triangular(m, b, upper=True), (M, K)),
    "cholesky": (lambda T, m: T.linalg.cholesky(DEFINITE(T, m)), (M,)),
    "upper cholesky": (lambda T, m: T.linalg.cholesky(DEFINITE(T, m), upper=True), (M,)),
    "eigvalsh": (lambda T, m: T.linalg.eigvalsh(DEFINITE(T, m)), (M,)),
    "eigh": (lambda T, m: T.linalg.eigh(DEFINITE(T, m))[1].abs(), (M,)),
    "eigvals": (lambda T, m: T.linalg.eigvals(m).pow(3).sum() + T.linalg.eigvals(m).exp().prod(), (M,)),
    "eigvals of real": (lambda T, m: T.linalg.eigvals(m).exp().sum(), (R(3, 3),)),
    "eig": (lambda T, m: (lambda w, v: v.abs().prod(0) * w)(*T.linalg.eig(m)).sum(), (M,)),
    "eig of real": (lambda T, m: (lambda w, v: v.abs().prod(0) * w)(*T.linalg.eig(m)).sum(), (R(3, 3),)),
    "svdvals": (lambda T, m: T.linalg.svdvals(m), (M,)),
    "svd": (lambda T, m: (lambda u, s, vh: u[:, :1] @ vh[:1] + s[0] * u.abs())(*T.linalg.svd(m)), (M,)),
    "tall svd": (lambda T, m: (lambda u, s, vh: u[:, :1] @ vh[:1])(*T.linalg.svd(m, full_matrices=False)), (K,)),
    "wide svd": (lambda T, m: (lambda u, s, vh: u[:, :1] @ vh[:1])(*T.linalg.svd(m)), (Q,)),
    "qr": (lambda T, m: (lambda q, r: q @ q.mT + r)(*T.linalg.qr(m)), (M,)),
    "wide qr": (lambda T, m: T.linalg.qr(m)[1], (Q,)),
    "pinv": (lambda T, m: T.linalg.pinv(m), (Q,)),
    "matrix_exp": (lambda T, m: T.linalg.matrix_exp(m), (M,)),
    "matrix_power": (lambda T, m: T.linalg.matrix_power(m, -3), (M,)),
    "nuclear norm": (lambda T, m: T.linalg.matrix_norm(m, "nuc") + T.linalg.matrix_norm(m, 2) + T.linalg.cond(m), (M,)),
    "lstsq": (lambda T, m, b: T.linalg.lstsq(m, b).solution, (M, K)),
    "trace": (lambda T, m: m.trace() * m.mH.diagonal() + m.tril().sum(0), (M,)),
}


def _written(z: Any) -> Any:
    made = z * 2j
    made[1:] = z[:2] * made[0].clone()
    made[0].mul_(z[2])
    return made * z


def tensors(T: Any, arrays: Any, single: bool = False) -> list[Any]:
    narrow = {"c": np.complex64, "f": np.float32}
    return [T.from_numpy(each.astype(narrow[each.dtype.kind]) if single else each.copy()).requires_grad_() for each in arrays]


def weights(T: Any, like: Any) -> Any:
    """Numbers in the shape and dtype of a tensor, the same for both libraries."""
    rng = np.random.default_rng(3)
    shape = tuple(like.shape)
    numbers = rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)
    return T.from_numpy(np.asarray(numbers if like.is_complex() else numbers.real)).to(like.dtype)


def results(T: Any, function: Any, arrays: Any, single: bool = False, second: bool = True) -> list[Any]:
    """The value, the gradients of both passes, and the gradients of the gradients."""
    operands = tensors(T, arrays, single)
    out = function(T, *operands)
    plain = T.autograd.grad(function(T, *operands), operands, weights(T, out), allow_unused=True)
    slopes = T.autograd.grad(out, operands, weights(T, out), create_graph=True, allow_unused=True)
    further = [each for each in slopes if second and each is not None and each.requires_grad]
    twice = T.autograd.grad(further, operands, [weights(T, g) for g in further], allow_unused=True) if further else ()
    found = (out, *plain, *slopes, *twice)
    return [each if each is None else each.detach().resolve_conj() if T is torch else each.detach() for each in found]


def agree(ours_: Any, theirs: Any, tolerance: float) -> None:
    assert len(ours_) == len(theirs)
    for mine, other in zip(ours_, theirs, strict=True):
        if mine is None or other is None:
            assert all(each is None or not each.any() for each in (mine, other))
            continue
        assert str(mine.dtype).partition(".")[2] == str(other.dtype).partition(".")[2]
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=tolerance, atol=tolerance)


AT_ZERO = {"sgn at zero"}
"""PyTorch's second derivatives are nan there."""


@pytest.mark.oracle
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients_are_pytorch_s(name: str) -> None:
    pytest.importorskip("torch")
    function, arrays = CALLS[name]
    mine, other = (results(T, function, arrays, second=name not in AT_ZERO) for T in (ours, torch))
    agree(mine, other, 1e-7 if name != "to complex" else 1e-5)


@pytest.mark.oracle
@pytest.mark.parametrize("name", sorted(set(CALLS) - {"to complex"}))
def test_in_single_precision(name: str) -> None:
    pytest.importorskip("torch")
    function, arrays = CALLS[name]
    agree(*(results(T, function, arrays, single=True, second=False) for T in (ours, torch)), 2e-3)


NOT_SMOOTH = {"norm 0", "to complex", "sgn at zero", "power at zero", "zero to a power"}


@pytest.mark.parametrize("name", sorted(set(CALLS) - NOT_SMOOTH))
def test_gradient_by_differences_along_both_axes(name: str) -> None:
    function, arrays = CALLS[name]
    operands = tensors(ours, arrays)
    out = function(ours, *operands)
    weight = weights(ours, out).numpy()
    grads = ours.autograd.grad(out, operands, weights(ours, out), allow_unused=True)

    def loss(*moved: np.ndarray) -> float:
        with ours.no_grad():
            return float(np.sum(np.conj(weight) * function(ours, *map(ours.from_numpy, moved)).numpy()).real)

    for place, (array, grad) in enumerate(zip(arrays, grads, strict=True)):
        if grad is None:
            continue
        for axis in (1.0, 1j) if array.dtype.kind == "c" else (1.0,):
            direction = np.random.default_rng(place).uniform(-1, 1, array.shape) * axis
            step = 1e-6 * direction
            moved = [[*arrays[:place], array + sign * step, *arrays[place + 1 :]] for sign in (1, -1)]
            slope = (loss(*moved[0]) - loss(*moved[1])) / 2e-6
            assert slope == pytest.approx(float(np.sum(np.conj(grad.numpy()) * direction).real), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", ["mul of two", "div of two", "pow of two", "tanh", "abs", "sgn", "angle", "prod", "mm"])
def test_gradcheck_and_gradgradcheck(name: str) -> None:
    function, arrays = CALLS[name]
    operands = tuple(tensors(ours, arrays))
    assert ours.autograd.gradcheck(lambda *x: function(ours, *x), operands)
    assert ours.autograd.gradgradcheck(lambda *x: function(ours, *x), operands)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["eigh", "svd"])
def test_a_loss_that_depends_on_the_vectors_phases_is_refused(name: str) -> None:
    pytest.importorskip("torch")
    words = []
    for T in (ours, torch):
        (m,) = tensors(T, (M,))
        with pytest.raises(RuntimeError) as error:
            getattr(T.linalg, name)(m)[-1 if name == "eigh" else 0].real.sum().backward()
        words.append(str(error.value))
    assert words[0] == words[1]


def test_a_complex_result_needs_its_gradient() -> None:
    z = ours.tensor([1 + 1j], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"real scalar outputs but got torch\.complex64"):
        (z * 2).sum().backward()


def test_nothing_is_conjugated_where_all_that_was_saved_is_real() -> None:
    z = ours.tensor([1 + 1j, 2j], requires_grad=True)
    (slope,) = ours.autograd.grad((z * ours.tensor([2.0, 3.0])).sum(), z, ours.tensor(1j), create_graph=True)
    assert not slope.requires_grad
    assert slope.tolist() == [2j, 3j]


def test_a_saved_value_is_unpacked_once() -> None:
    unpacked = []

    def unpack(each: Any) -> Any:
        unpacked.append(each)
        return each

    z = ours.tensor([1 + 1j, 2j], requires_grad=True)
    with ours.autograd.graph.saved_tensors_hooks(lambda each: each, unpack):
        out = z.exp().sum()
    out.backward(ours.tensor(1 + 0j))
    assert len(unpacked) == 1
    np.testing.assert_allclose(z.grad.numpy(), np.conj(np.exp(z.detach().numpy())), rtol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["asin", "acos", "asinh", "acosh", "atan", "atanh", "sqrt", "log", "rsqrt"])
def test_gradients_on_cuts_are_pytorch_s(name: str) -> None:
    pytest.importorskip("torch")
    on_cuts = np.array([2, -2, 2j, -2j, 0.5, -0.5, complex(2, -0.0), complex(-0.0, 2)])
    mine, other = (results(T, lambda T, z: getattr(T, name)(z), (on_cuts,), second=False)[1] for T in (ours, torch))
    np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-7)


@pytest.mark.oracle
def test_zeros_have_pytorch_s_signs() -> None:
    pytest.importorskip("torch")
    printed = []
    for T in (ours, torch):
        z = T.tensor([2 + 0j, -2 + 0j, 1j, -1 - 0j], requires_grad=True)
        w = T.tensor([1 + 0j, -1j, -2 + 0j, 3], requires_grad=True)
        (z * w + z**2 + z.exp() * 3).abs().sum().backward()
        printed.append((str(z.grad), str(w.grad)))
    assert printed[0] == printed[1]


def _parts_written(name: str) -> Any:
    def run(T: Any, z: Any) -> Any:
        w = z * 1
        WRITES[name](T, w, z)
        return w * (1 + 2j)

    return run


WRITES: dict[str, Any] = {
    "real": lambda T, w, z: w.real.mul_(2.0),
    "imag": lambda T, w, z: w.imag.fill_(2.0),
    "real of a row": lambda T, w, z: w[0].real.exp_(),
    "row of imag": lambda T, w, z: w.imag[0].mul_(z[1].real),
    "column of imag": lambda T, w, z: w[:, 1:].imag.copy_(z.real[:, :1]),
    "transposed": lambda T, w, z: w.T.real.mul_(3.0),
    "view_as_real": lambda T, w, z: T.view_as_real(w)[..., 0].exp_(),
    "assigned": lambda T, w, z: setattr(w, "imag", z.real * z.imag),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", WRITES)
def test_writing_to_the_parts_of_complex_numbers(name: str) -> None:
    pytest.importorskip("torch")
    agree(*(results(T, _parts_written(name), (M[:2, :2],)) for T in (ours, torch)), 1e-7)


@pytest.mark.oracle
@pytest.mark.parametrize("part", [slice(None), slice(1, None), 0])
def test_writing_to_complex_numbers_made_of_parts(part: Any) -> None:
    pytest.importorskip("torch")

    def run(T: Any, x: Any) -> Any:
        x = x * 1
        T.view_as_complex(x)[part].mul_(2j)
        return x**3

    arrays = (R(3, 2),)
    agree(*(results(T, run, arrays) for T in (ours, torch)), 1e-7)


_OF_ONE = """
    sign floor ceil trunc round frac erf erfc relu sort argsort msort argmax argmin max min amax amin median nanmedian unique
    unique_consecutive lgamma digamma aminmax mode histc bincount deg2rad rad2deg logit isposinf isneginf signbit erfinv nansum
    nanmean
"""
_OF_TWO = """
    lt le gt ge maximum minimum fmax fmin atan2 hypot copysign heaviside floor_divide remainder fmod isin searchsorted bucketize
    clamp clamp_min clamp_max
"""
REFUSALS: dict[str, Callable[[Any, Any], Any]] = {
    **{
        name: lambda T, z, name=name: getattr(T, name)(z)
        for name in _OF_ONE.split()
    },
    **{
        f"{name} of two": lambda T, z, name=name: getattr(T, name)(z, z)
        for name in _OF_TWO.split()
    },
    **{
        f"{name} over dim": lambda T, z, name=name: getattr(T, name)(z, 0)
        for name in ("max", "min", "amax", "argmax", "median", "nanmedian", "mode", "cummax", "cummin", "softmax")
    },
    "topk": lambda T, z: z.topk(1),
    "kthvalue": lambda T, z: z.kthvalue(1),
    "clamp to numbers": lambda T, z: z.clamp(0, 1),
    "rounded to digits": lambda T, z: z.round(decimals=2),
    "rows": lambda T, z: T.unique(z.reshape(1, -1), dim=0),
    "cdist": lambda T, z: T.cdist(z.reshape(1, -1), z.reshape(1, -1)),
    **{
        f"F.{name}": lambda T, z, name=name: getattr(T.nn.functional, name)(z)
        for name in ("gelu", "elu", "softplus", "hardtanh", "relu6", "leaky_relu", "mish", "selu")
    },
    "F.kl_div": lambda T, z: T.nn.functional.kl_div(z, z, reduction="sum"),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", REFUSALS)
def test_what_needs_an_order_refuses_complex_numbers_in_pytorch_s_words(name: str) -> None:
    pytest.importorskip("torch")
    said = []
    for T in (ours, torch):
        with pytest.raises((RuntimeError, NotImplementedError)) as error:
            REFUSALS[name](T, T.tensor([1 + 1j, 2, 0]))
        said.append((error.type, str(error.value).split("\n")[0]))
    assert said[0] == said[1]


def test_pictures_say_what_is_conjugated() -> None:
    z = ours.tensor([1 + 1j, 2j], requires_grad=True)
    w = ours.tensor([1j, 2.0 + 0j], requires_grad=True)
    y = (z * w).sum().abs()
    step = next(each for each in trace(y, names={"z": z, "w": w}).steps if each.op == "mul")
    assert [each.rule for each in step.inputs] == ["conj(w)", "conj(z)"]
    np.testing.assert_array_equal(step.inputs[0].local, np.conj(w.detach().numpy()))
