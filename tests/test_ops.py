"""Generic checks of every operation, over the one table of samples.

Each test takes one name of the table and runs all its samples. What it checks is the name of the test. The references are
central differences, complex steps, and, where it is installed, PyTorch 2.13 (``-m oracle``).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from op_checks import (  # fmt: skip
    OURS_ALONE,
    call,
    compare,
    copy_with_strides,
    differentiable_run,
    flat,
    gradients,
    numpy_of,
    report,
    samples_with_grad,
    tensors,
    weights_for,
)
from samples import TABLE, Sample

import tinygrad_edu as T
from tinygrad_edu.autograd import grad as grad_of
from tinygrad_edu.autograd.op import ALL_OPS

NAMES = sorted(TABLE)
every_name = pytest.mark.parametrize("name", NAMES)


# ---- references without PyTorch ----------------------------------------------------------------------------------------


def loss_at(sample: Sample, arrays: Any, weights: list[np.ndarray], kept: list[int]) -> float:
    with T.no_grad():
        results = flat(call(T, sample, tensors(T, sample, arrays)))
    return sum(float((numpy_of(results[k]) * w).sum()) for k, w in zip(kept, weights, strict=True))


STEP = 1e-6
"""Central differences of a smooth float64 function are off by about step^2 plus 1e-16 / step: 1e-10 relative to its size."""


def differences(f: Any, arrays: Any, position: int) -> np.ndarray:
    """The gradient of the number ``f(arrays)`` with respect to one array, by central differences."""
    x = arrays[position]
    result = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        values = []
        for step in (STEP, -STEP):
            moved = copy_with_strides(x)
            moved[index] += step
            values.append(f([moved if i == position else a for i, a in enumerate(arrays)]))
        result[index] = (values[0] - values[1]) / (2 * STEP)
    return result


def kept_outputs(sample: Sample) -> list[int]:
    args = tensors(T, sample, sample.args, sample.differentiable())
    return [k for k, each in enumerate(flat(call(T, sample, args))) if getattr(each, "requires_grad", False)]


@every_name
def test_gradient_by_central_differences(name: str) -> None:
    failures = []
    for sample in samples_with_grad(name, double=True):
        _, inputs, outputs = differentiable_run(sample, sample.args)
        if not outputs:
            continue
        weights, kept = weights_for(outputs), kept_outputs(sample)
        got = gradients(T, grad_of, outputs, inputs, weights)
        for position, g in zip(sample.differentiable(), got, strict=True):
            want = differences(lambda arrays, s=sample, w=weights, k=kept: loss_at(s, arrays, w, k), sample.args, position)
            have = np.zeros_like(want) if g is None else numpy_of(g)
            if not np.allclose(have, want, rtol=2e-6, atol=2e-8 * max(1.0, float(np.abs(want).max(initial=0)))):
                failures.append(f"{sample!r} argument {position}: rule {have.tolist()} differences {want.tolist()}")
    report(failures)


@every_name
def test_second_order_by_central_differences(name: str) -> None:
    """The derivative of <gradient, v> through create_graph against differences of the first-order gradient."""
    failures = []
    for sample in samples_with_grad(name, double=True):
        positions = sample.differentiable()
        if not sample.twice:
            continue

        def slope(arrays: Any, s: Sample = sample, create: bool = False) -> Any:
            _, inputs, outputs = differentiable_run(s, arrays)
            got = gradients(T, grad_of, outputs, inputs, weights_for(outputs), create_graph=create) if outputs else []
            return inputs, got

        inputs, first = slope(sample.args, create=True)
        live = [k for k, g in enumerate(first) if g is not None]
        vectors = weights_for([first[k] for k in live], salt=3)

        def projection(arrays: Any, live: Any = live, vectors: Any = vectors) -> float:
            got = slope(arrays)[1]
            return sum(float((numpy_of(got[k]) * v).sum()) for k, v in zip(live, vectors, strict=True))

        recorded = [(first[k], v) for k, v in zip(live, vectors, strict=True) if first[k].requires_grad]
        second = [None] * len(inputs)
        if recorded:
            second = gradients(T, grad_of, [g for g, _ in recorded], inputs, [v for _, v in recorded])
        rounding = 4 * np.finfo(float).eps * abs(projection(sample.args)) / STEP  # of the differences themselves
        for position, g in zip(positions, second, strict=True):
            want = differences(projection, sample.args, position) if live else np.zeros(sample.args[position].shape)
            have = np.zeros_like(want) if g is None else numpy_of(g)
            atol = 5e-8 * max(1.0, float(np.abs(want).max(initial=0))) + rounding
            if not np.allclose(have, want, rtol=5e-6, atol=atol):
                failures.append(f"{sample!r} argument {position}: rule {have.tolist()} differences {want.tolist()}")
    report(failures)


@every_name
def test_gradient_of_the_gradient_by_the_upstream_gradient(name: str) -> None:
    """A gradient is linear in the upstream gradient w: J^T w. Its own gradient by w is J v, a directional difference."""
    failures = []
    for sample in samples_with_grad(name, double=True):
        _, inputs, outputs = differentiable_run(sample, sample.args)
        if not outputs or not sample.twice:
            continue
        upstream = [
            T.from_numpy(w.astype(numpy_of(o).dtype)).requires_grad_()
            for w, o in zip(weights_for(outputs), outputs, strict=True)
        ]
        slopes = grad_of(outputs, inputs, upstream, create_graph=True, allow_unused=True)
        live = [(p, g) for p, g in zip(sample.differentiable(), slopes, strict=True) if g is not None]
        vectors = weights_for([g for _, g in live], salt=5)
        recorded = [(g, T.from_numpy(v)) for (_, g), v in zip(live, vectors, strict=True) if g.requires_grad]
        got = [None] * len(upstream)
        if recorded:
            got = grad_of([g for g, _ in recorded], upstream, [v for _, v in recorded], allow_unused=True)
        sides = []
        for step in (STEP, -STEP):
            arrays = list(sample.args)
            for (p, _), v in zip(live, vectors, strict=True):
                arrays[p] = np.asarray(arrays[p] + step * v)
            results = flat(call(T, sample, tensors(T, sample, arrays)))
            sides.append([numpy_of(results[k]).astype(float) for k in kept_outputs(sample)])
        for have, plus, minus in zip(got, *sides, strict=True):
            want = (plus - minus) / (2 * STEP)
            have = np.zeros_like(want) if have is None else numpy_of(have)
            if not np.allclose(have, want, rtol=2e-6, atol=2e-8 * max(1.0, float(np.abs(want).max(initial=0)))):
                failures.append(f"{sample!r}: rules {have.tolist()} differences {want.tolist()}")
    report(failures)


@every_name
def test_array_rule_equals_tensor_rule(name: str) -> None:
    """An ordinary backward pass and one under create_graph give the same gradients, and the latter records them."""
    failures = []
    for sample in samples_with_grad(name):
        _, inputs, outputs = differentiable_run(sample, sample.args)
        if not outputs:
            continue
        weights = weights_for(outputs)
        tensor_way = gradients(T, grad_of, outputs, inputs, weights, create_graph=True, retain_graph=True)
        array_way = gradients(T, grad_of, outputs, inputs, weights)
        for a, b, x in zip(array_way, tensor_way, inputs, strict=True):
            if (a is None) != (b is None):
                failures.append(f"{sample!r}: {a} {b}")
            elif a is not None:
                same = np.allclose(numpy_of(a), numpy_of(b), rtol=1e-12, atol=1e-13, equal_nan=True)
                if not same or a.dtype != x.dtype or b.dtype != x.dtype or a.shape != x.shape or b.shape != x.shape:
                    failures.append(f"{sample!r}: arrays {a} tensors {b}")
    report(failures)


@every_name
def test_inputs_are_not_mutated_and_gradients_not_aliased(name: str) -> None:
    failures = []
    for sample in TABLE[name]:
        args, inputs, outputs = differentiable_run(sample, sample.args)
        for before, after in zip(sample.args, args, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(
                before, numpy_of(after), equal_nan=before.dtype.kind == "f"
            ):
                failures.append(f"{sample!r} changed its input")
        if not outputs:
            continue
        kept = [(o, numpy_of(o).copy()) for o in outputs]
        given = [T.from_numpy(w.astype(numpy_of(o).dtype)) for w, o in zip(weights_for(outputs), outputs, strict=True)]
        values = [numpy_of(g).copy() for g in given]
        T.autograd.backward(outputs, given)
        grads = [x.grad for x in inputs if x.grad is not None]
        for i, g in enumerate(grads):
            others = [*grads[:i], *given, *outputs, *[a for a in args if isinstance(a, T.Tensor)]]
            if any(np.shares_memory(numpy_of(g), numpy_of(o)) for o in others):
                failures.append(f"{sample!r}: gradient {i} shares memory")
            if not g._array.flags.writeable or not g._array.flags.c_contiguous:
                failures.append(f"{sample!r}: gradient {i} is not a plain array")
        for (o, value), g, v in zip(kept, given, values, strict=True):
            if not np.array_equal(numpy_of(o), value, equal_nan=True) or not np.array_equal(numpy_of(g), v):
                failures.append(f"{sample!r}: the backward pass changed an output or its gradient")
    report(failures)


@every_name
def test_no_numpy_warning_whatever_the_user_asked_of_numpy(name: str) -> None:
    """Values and gradients at the samples and at inf and nan, with every floating point event an error."""
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=UserWarning)
        for sample in TABLE[name]:
            for arrays in (sample.args, with_nonfinite(sample)):
                if arrays is None:
                    continue
                _, inputs, outputs = differentiable_run(sample, arrays)
                if outputs:
                    gradients(T, grad_of, outputs, inputs, weights_for(outputs), create_graph=True)


@every_name
def test_gradients_keep_the_dtype_of_their_tensor(name: str) -> None:
    failures = []
    for sample in samples_with_grad(name):
        if not sample.dtypes:
            continue
        for dtype in (np.float32, np.float16):
            arrays = [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a for a in sample.args]
            _, inputs, outputs = differentiable_run(sample, arrays)
            for x, g in zip(
                inputs, gradients(T, grad_of, outputs, inputs, weights_for(outputs)) if outputs else [], strict=False
            ):
                if g is not None and (g.dtype != x.dtype or g.shape != x.shape):
                    failures.append(f"{sample!r} in {dtype.__name__}: {g.dtype} {g.shape} for {x.dtype} {x.shape}")
    report(failures)


# ---- complex step --------------------------------------------------------------------------------------------------------

ANALYTIC = [
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "square",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "asin",
    "acos",
    "atan",
    "pow",
    "sum",
    "mean",
    "cumsum",
    "prod",
    "mm",
    "bmm",
    "mv",
    "dot",
    "matmul",
    "outer",
    "addmm",
    "reshape",
    ".view",
    "transpose",
    "t",
    "permute",
    "squeeze",
    "unsqueeze",
    ".expand",
    "flatten",
    "select",
    "narrow",
    "flip",
    "roll",
    ".repeat",
    "cat",
    "stack",
    "split",
    "unbind",
    "diag",
    "trace",
    "tril",
    "triu",
    "addcmul",
    "addcdiv",
    "lerp",
    "x*y",
    "x+y",
    "x/y",
    "x-y",
]
"""Operations whose forward continues analytically into the complex plane, so that Im f(x + ih) / h has no cancellation."""


@pytest.mark.parametrize("name", ANALYTIC)
def test_gradient_by_complex_step(name: str) -> None:
    failures, compared, h = [], 0, 1e-30
    for sample in samples_with_grad(name, double=True):
        positions = sample.differentiable()
        if sample.kwargs.get("rounding_mode") or any(np.abs(sample.args[p]).max(initial=0) > 50 for p in positions):
            continue  # not analytic; or exp overflows, which is nan for complex numbers
        _, inputs, outputs = differentiable_run(sample, sample.args)
        weights, kept = weights_for(outputs), kept_outputs(sample)
        got = gradients(T, grad_of, outputs, inputs, weights) if outputs else []
        for position, g in zip(positions, got, strict=True):
            want = np.zeros(sample.args[position].shape)
            for index in np.ndindex(*want.shape):
                arrays = [a.astype(complex) if i in positions else a for i, a in enumerate(sample.args)]
                arrays[position][index] += 1j * h
                results = flat(call(T, sample, [T.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arrays]))
                want[index] = sum(float((numpy_of(results[k]).imag * w).sum()) for k, w in zip(kept, weights, strict=True)) / h
            have = np.zeros_like(want) if g is None else numpy_of(g)
            compared += want.size
            if not np.allclose(have, want, rtol=1e-12, atol=1e-13 * max(1.0, float(np.abs(want).max(initial=0)))):
                failures.append(f"{sample!r} argument {position}: rule {have.tolist()} complex step {want.tolist()}")
    report(failures)
    assert compared


# ---- PyTorch as the reference ----------------------------------------------------------------------------------------------


@pytest.mark.oracle
@every_name
def test_like_pytorch(name: str) -> None:
    pytest.importorskip("torch")
    if name in OURS_ALONE:
        return
    failures = []
    for sample in TABLE[name]:
        difference = compare(sample, sample.args)
        if difference:
            failures.append(f"{sample!r}: {difference}")
    report(failures)


SWEEP = ("float32", "float16", "int64", "int32", "uint8", "bool")


@pytest.mark.oracle
@every_name
def test_other_dtypes_like_pytorch(name: str) -> None:
    """The samples again with their float arrays in every other dtype: the same values, dtypes and exceptions."""
    pytest.importorskip("torch")
    if name in OURS_ALONE:
        return
    failures = []
    for sample in TABLE[name]:
        if not sample.dtypes or not any(isinstance(a, np.ndarray) and a.dtype == np.float64 for a in sample.args):
            continue
        empty = any(isinstance(a, np.ndarray) and not a.size for a in sample.args)
        for dtype in SWEEP[:2] if empty else SWEEP:  # PyTorch does not look at a dtype where there is nothing to do
            with np.errstate(all="ignore"):
                arrays = [cast(a, dtype) for a in sample.args]
            difference = compare(sample, arrays, order=1)
            if difference:
                failures.append(f"{sample!r} in {dtype}: {difference}")
    report(failures)


def cast(array: Any, dtype: str) -> Any:
    if not isinstance(array, np.ndarray) or array.dtype != np.float64:
        return array
    if not dtype.startswith("float"):
        array = np.asarray(np.nan_to_num(array, nan=1, posinf=3, neginf=2 if dtype in ("uint8", "bool") else -3))
        array = np.abs(array) if dtype == "uint8" else array
    return np.asarray(array, dtype)


SPECIAL = np.array([np.nan, 1.0, np.inf, -1.0, -np.inf, 0.0, -0.0, 2.0])


def with_nonfinite(sample: Sample) -> Any:
    """The sample's arguments with nan, infinities and zeros in its float arrays, or None."""
    floats = [i for i, a in enumerate(sample.args) if isinstance(a, np.ndarray) and a.dtype == np.float64]
    if not sample.nonfinite or not floats:
        return None
    return [np.roll(np.resize(SPECIAL, a.shape), i) if i in floats else a for i, a in enumerate(sample.args)]


@pytest.mark.oracle
@every_name
def test_nonfinite_numbers_like_pytorch(name: str) -> None:
    pytest.importorskip("torch")
    if name in OURS_ALONE:
        return
    failures = []
    for sample in TABLE[name]:
        arrays = with_nonfinite(sample)
        difference = arrays and compare(sample, arrays, order=1)
        if difference:
            failures.append(f"{sample!r} at {[a.tolist() for a in arrays if isinstance(a, np.ndarray)]}: {difference}")
    report(failures)


# ---- every declared operation is reached -------------------------------------------------------------------------------------

UNREACHED = {
    "tinygrad_edu.ops.random": "what is drawn has no samples; tests/test_random.py draws it",
    "tinygrad_edu.ops.overwriting": "histories of writes that compute by themselves: tests/test_inplace.py",
    "tinygrad_edu.ops.view_region": "histories of views after writes of every kind: tests/test_inplace.py",
}
"""Families that the samples need not reach, each with its reason."""


def nodes_behind(outputs: list[Any]) -> list[Any]:
    nodes = [each.grad_fn for each in outputs if each.grad_fn is not None]
    for node in nodes:  # grows while it is walked
        nodes += [following for following, _ in node.next_functions if following is not None and following not in nodes]
    return nodes


def test_every_op_has_samples() -> None:
    reached: set[int] = set()

    def watched(op: Any, kernel: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            reached.add(id(op))
            return kernel(*args, **kwargs)

        return run

    compiled = [f for op in ALL_OPS for f in (op.function, op.__dict__.get("operator")) if f]
    kernels = [op.kernel for op in ALL_OPS]
    before = [(f.__globals__, f.__globals__["kernel"]) for f in compiled]
    try:
        for op in ALL_OPS:  # rules may call an operation on arrays alone
            op.kernel = watched(op, op.kernel)
        for f in compiled:
            f.__globals__["kernel"] = watched(f.__globals__["OP"], f.__globals__["kernel"])
        for name in NAMES:
            for sample in TABLE[name]:
                _, inputs, outputs = differentiable_run(sample, sample.args)
                for _ in range(2):
                    reached |= {id(node.op) for node in nodes_behind(outputs)}
                    if outputs:
                        upstream = [
                            T.from_numpy(w.astype(numpy_of(o).dtype)).requires_grad_()
                            for w, o in zip(weights_for(outputs), outputs, strict=True)
                        ]
                        slopes = grad_of(outputs, inputs, upstream, create_graph=True, allow_unused=True)
                        inputs, outputs = upstream, [g for g in slopes if g is not None and g.requires_grad]
    finally:
        for op, kernel in zip(ALL_OPS, kernels, strict=True):
            op.kernel = kernel
        for namespace, kernel in before:
            namespace["kernel"] = kernel
    missing = [
        f"{op.public}: {op.__name__} ({op.name})" for op in ALL_OPS if id(op) not in reached and op.__module__ not in UNREACHED
    ]
    assert not missing, missing
