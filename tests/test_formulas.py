"""The formula beside every declaration: complete, readable, and what the code computes.

Every call of the table of samples is watched, with its backward pass and that of its gradient. The written formulas are then
computed by :mod:`formula_values` from the arguments that the operations were called with, and compared with their results and
with the gradients that their rules give.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
from formula_values import Classes, Scope, Unknown, evaluate
from op_checks import differentiable_run, numpy_of, weights_for
from samples import TABLE

import tinygrad_edu as T
from tinygrad_edu import ops
from tinygrad_edu.autograd import grad as grad_of
from tinygrad_edu.autograd import grad_mode
from tinygrad_edu.autograd.conform import conform_array
from tinygrad_edu.autograd.formula import FAMILIES, FUNCTIONS, WORDS
from tinygrad_edu.autograd.op import ALL_OPS, Op, op
from tinygrad_edu.visualize.formulas.notation import chosen, parse, shown
from tinygrad_edu.visualize.formulas.writing import conjugated

# ---- what was called ----------------------------------------------------------------------------------------------------


class Call:
    """One call of an operation: its arguments by the declaration's names, its results, its node."""

    def __init__(self, frame: Any, node: Any) -> None:
        self.op: Op = frame.f_globals["OP"]
        self.arguments = {name: _copy(frame.f_locals[name]) for name in self.op.params}  # what is written in place later
        self.result = _copy(frame.f_locals["result"])
        self.node = node

    def __repr__(self) -> str:
        given = [each.shape if isinstance(each, np.ndarray) else shown(each) for each in self.arguments.values()]
        return f"{self.op!r} of {given}"


def _copy(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(map(_copy, value))
    return value.copy() if isinstance(value, np.ndarray) else value


class Watch(grad_mode.Observer, grad_mode.Watcher):
    """Collects calls from the frames of the operations' functions."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def created(self, node: Any, made: Any, call: Any) -> None:
        frame: Any = sys._getframe(1)
        while frame.f_code.co_name in ("created", "unrecorded", "note_unrecorded"):
            frame = frame.f_back
        if frame.f_code.co_name == "generated" and isinstance(frame.f_globals.get("OP"), Op):
            self.calls.append(Call(frame, node))

    def unrecorded(self, made: Any, call: Any) -> None:
        self.created(None, made, call)


class Finding:
    """What the formulas of one operation were found to be worth."""

    def __init__(self) -> None:
        self.values = self.rules = self.locals = 0
        self.failures: list[str] = []
        self.unknown: Counter[str] = Counter()


def watched_calls(sample: Any) -> list[Call]:
    """The calls of a sample, of its backward pass, and of the backward pass of its gradient."""
    watch = Watch()
    grad_mode.observe(watch)
    grad_mode.WATCHERS.append(watch)
    try:
        _, inputs, outputs = differentiable_run(sample, sample.args)
        if outputs:
            upstream = [
                T.from_numpy(w.astype(numpy_of(o).dtype)).requires_grad_()
                for w, o in zip(weights_for(outputs), outputs, strict=True)
            ]
            slopes = [g for g in grad_of(outputs, inputs, upstream, create_graph=True, allow_unused=True) if g is not None]
            slopes = [g for g in slopes if g.requires_grad]
            if slopes and sample.twice:
                ones = [T.ones_like(g) for g in slopes]
                grad_of(slopes, [*inputs, *upstream], ones, create_graph=True, allow_unused=True)
    finally:
        grad_mode.unobserve(watch)
        grad_mode.WATCHERS.remove(watch)
    return watch.calls


@pytest.fixture(scope="module")
def findings() -> dict[Op, Finding]:
    found: dict[Op, Finding] = {each: Finding() for each in ALL_OPS}
    seen: set[Any] = set()
    for name in sorted(TABLE):
        for sample in TABLE[name]:
            for call in watched_calls(sample):
                if (key := _key(call)) not in seen:
                    seen.add(key)
                    judge(call, found[call.op])
    return found


def _key(call: Call) -> Any:
    """What makes two calls the same to a formula, so that each is computed once."""
    parts = [
        (each.shape, each.dtype.str, each.tobytes()) if isinstance(each, np.ndarray) else repr(each)
        for each in call.arguments.values()
    ]
    return call.op.name, id(call.op), call.node is None, *parts


WINDOWS = "windows are described in words"
REGION = "a view's region of memory has no formula"
IN_WORDS = {
    "nan_to_num": "the value names three numbers",
    "scatter_by": "PyTorch has no derivative for it, and its value depends on a word",
    "scatter_reduce": "its value depends on a word",
    "scatter_counts": "counted in words",
    "restrided": REGION,
    **dict.fromkeys(["erfinv", "ndtri"], "NumPy has no such function; its derivative is computed"),
    **dict.fromkeys(
        ["eig", "eigh", "matrix_exp", "qr", "svd", "triangles"], "factors of a matrix are several results, or a series"
    ),
    **dict.fromkeys(["unfold", "_fold", "_unfold_copy"], WINDOWS),
    **dict.fromkeys(["take_region", "spread_region", "insert_region", "clear_region"], REGION),
    **dict.fromkeys(["edge_pad", "edges_back", "padded_again"], "which elements are copied depends on the mode"),
    **dict.fromkeys(["im2col", "col2im", "_maximum_pool", "_maximum_pool_and_indices", "_mean_pool", "_unpool"], WINDOWS),
    "fractional_max_pool": WINDOWS,
    **dict.fromkeys(["rnn_layer", "lstm_layer", "gru_layer", "pack_padded", "unpack_padded"], "time is told in words"),
    **dict.fromkeys(["multi_margin_loss", "multilabel_margin_loss"], "the sums run over the other classes"),
    **dict.fromkeys(["bag_sums", "bag_maxima"], "which rows are in a bag is said in words"),
    **dict.fromkeys(["grid_sample", "affine_grid_generator"], "which elements are read, and with what weights, is the point"),
    "unpool_again": "indices may repeat",
    "ctc_loss": "the sums run over alignments",
    **dict.fromkeys(["bessel_function", "polynomial", "incomplete", "zeta"], "NumPy has no such functions"),
    **dict.fromkeys(["resize", "resize_back"], "which elements are added, and with what weights, depends on the mode"),
    **dict.fromkeys(["spread_winners", "take_winners", "spread_means", "take_flat"], WINDOWS),
}
"""Forwards whose value is not computed here, each with its reason."""
RULES_IN_WORDS = {*IN_WORDS, "scaled_rows", "fft_c2r"} - {"erfinv", "ndtri", "nan_to_num", "scatter_reduce"}
"""Forwards whose rules are not: no sample asks for the gradient of an embedding's gradient's gradient; which numbers of a
halved spectrum have a mirror image is said in words."""


SINGLE = ("hardsigmoid", "hardswish", "_celu")
"""Forwards whose constants PyTorch has in single precision, whatever the input's."""


# ---- computed ------------------------------------------------------------------------------------------------------------

_TOLERANCE = {"float64": 1e-9, "float32": 2e-5, "float16": 4e-3}


def judge(call: Call, finding: Finding) -> None:
    """Compute the value and the derivatives of one call as its formula says."""
    arrays = [each for each in call.arguments.values() if isinstance(each, np.ndarray)]
    results = call.result if isinstance(call.result, (list, tuple)) else [call.result]
    if call.op.public.endswith("shift") and not _representable(*arrays):
        return
    if not all(np.isfinite(each).all() for each in (*arrays, *results) if np.asarray(each).dtype.kind in "fc"):
        return
    dtypes = [np.asarray(each).dtype.name for each in (*arrays, *results) if np.asarray(each).dtype.kind == "f"]
    tolerance = max((_TOLERANCE[each] for each in dtypes), default=1e-9)
    if call.op.public.rstrip("_") in ("celu", "hardsigmoid"):
        tolerance = max(tolerance, 1e-7)  # PyTorch's factors there are C floats
    known = {**call.op.defaults, **call.arguments}
    texts = [chosen(text, known) for text in call.op.formula]
    names = {name: _wide(value) for name, value in known.items()}
    if call.op.public in ("batch_norm", "group_norm", "convolution", "conv_transpose"):
        # what belongs to a channel lines up with axis 1
        column = (-1, *(1,) * (names["x"].ndim - 2))
        vectors = {name: each for name, each in names.items() if isinstance(each, np.ndarray) and each.ndim == 1}
        names |= {name: each.reshape(column) for name, each in vectors.items()}
    name = call.op.forward.__name__
    tolerance = max(tolerance, 1e-7 if name in SINGLE else 0)
    with np.errstate(all="ignore"):
        if name not in IN_WORDS:
            _judge_value(call, texts[0], names, results, tolerance, finding)
        if call.node is not None and name not in RULES_IN_WORDS:
            _judge_rules(call, texts[1:], names, results, tolerance, finding)


def _representable(x: Any, y: Any) -> bool:
    """Whether a shift is a product or quotient: no bits are lost on the left, and there are as many places."""
    return bool(np.all((y >= 0) & (y < 8 * x.dtype.itemsize)) and np.all(np.abs(x) * 2.0**y <= np.iinfo(x.dtype).max))


def _wide(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(np.float64)
    return [_wide(each) for each in value] if isinstance(value, list) else value


def _judge_value(call: Call, text: str, names: dict[str, Any], results: Any, tolerance: float, finding: Finding) -> None:
    try:
        shape = np.shape(results[0])
        got = evaluate(parse(text), Scope({**names, **_counts(call, results)}, shape, call.op.family == "linear"))
    except Unknown as reason:
        finding.unknown[f"value: {reason}"] += 1
        return
    except (LookupError, TypeError, ValueError) as error:
        finding.failures.append(f"{call!r}: value {text}: {error!r}")
        return
    got = got if isinstance(got, list) else [got] * len(results)
    finding.values += sum(
        _compare(f"{call!r}: value {text}", g, w, tolerance, finding) for g, w in zip(got, results, strict=True)
    )


def _judge_rules(call: Call, texts: list[str], names: dict[str, Any], results: Any, tolerance: float, finding: Finding) -> None:
    node, declared = call.node, call.op
    several = declared.diff_results != 1
    upstream = [_upstream(each) for each in (results[: declared.diff_results] if declared.diff_results > 0 else results)]
    try:
        sent = node.apply_arrays(upstream if several else upstream[0])
    except RuntimeError as error:
        assert "is not implemented" in str(error) and texts[0] == "undefined"
        finding.rules += 1
        return
    names = {**names, **_counts(call, results)}
    names["out"] = _wide(results[0])
    wide = [_wide(each) if each.dtype.kind != "c" else each for each in upstream]
    names["G"] = wide if declared.diff_results < 0 else wide[0]
    names |= {f"G{digit}": each for digit, each in zip("₁₂", wide, strict=False)}
    names = _with_kept_axes(call, names)
    holomorphic = declared.holomorphic and np.iscomplexobj(results[0])
    complex_names = [name for name in (*declared.tensors, "out") if holomorphic and np.iscomplexobj(names[name])]
    ones = None if not declared.elementwise else node.apply_arrays(np.ones_like(upstream[0]))
    for i, text in enumerate(texts * len(node.next) if declared.sequence else texts):
        target = node.next[i]
        if target is None:
            continue
        want = conform_array(np.asarray(sent[i]), target)
        if ones is not None:  # upstream × local = downstream
            product = _wide(np.asarray(ones[i])) * wide[0]
            finding.locals += _compare(f"{call!r}: local × upstream", product, want, tolerance, finding, target)
        try:
            tree = conjugated(parse(text), complex_names)
            got = evaluate(tree, Scope({**names, "place": i}, target.shape, declared.family == "linear"))
        except Unknown as reason:
            finding.unknown[f"rule: {reason}"] += 1
            continue
        except (LookupError, TypeError, ValueError) as error:
            finding.failures.append(f"{call!r}: {text}: {error!r}")
            continue
        if ones is not None:
            got = got * wide[0]
        finding.rules += _compare(f"{call!r}: {text}", got, want, tolerance, finding, target)


def _upstream(result: Any) -> np.ndarray:
    result = np.asarray(result)
    values = (np.cos(1.0 + 1.7 * np.arange(result.size)) + 1.5).reshape(result.shape)
    return np.asarray(values.astype(result.dtype))


def _counts(call: Call, results: Any) -> dict[str, Any]:
    """N, and a classification's target as what it indexes."""
    x = call.arguments.get("x")
    if "include_self" in call.arguments and "src" in call.arguments:
        return {"N": _met(results[0], **call.arguments)}
    if "scale_grad_by_freq" in call.arguments:
        index = call.arguments["index"]
        _, where, counts = np.unique(index, return_inverse=True, return_counts=True)
        return {"N": counts[where].reshape(*index.shape, 1)}
    if call.op.sequence or not isinstance(x, np.ndarray):
        return {}
    if "ignore_index" in call.arguments:
        target = call.arguments["target"]
        counted = target != call.arguments["ignore_index"]
        return {"target": Classes(target, counted, x.shape), "N": np.count_nonzero(counted)}
    if call.op.family == "loss":
        return {"N": x.size}
    return {"N": x.size // np.size(results[0]) if np.size(results[0]) else 1}


def _met(out: Any, x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
    """How many elements have a share in each result of scatter_reduce: all of a mean, the equals of an extremum."""
    if not x.ndim:
        x, out, index, src = (np.reshape(each, 1) for each in (x, out, index, src))
    extremum = reduce.startswith("am")
    count = (x == out).astype(float) if extremum else np.full(x.shape, float(include_self))
    places = list(np.ix_(*(np.arange(n) for n in index.shape)))
    places[dim] = index
    src = src[tuple(slice(n) for n in index.shape)]
    np.add.at(count, tuple(places), (src == out[tuple(places)]).astype(float) if extremum else 1.0)
    return np.maximum(count, 1)


def _with_kept_axes(call: Call, names: dict[str, Any]) -> dict[str, Any]:
    """A reduction's result and upstream gradient with the axes that it dropped."""
    x, dim = call.arguments.get("x"), call.arguments.get("dim")
    if "keepdim" not in call.arguments or call.arguments["keepdim"] or not np.ndim(x):
        return names
    axes = range(x.ndim) if dim in (None, (), []) else [d % x.ndim for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    shape = tuple(1 if d in axes else n for d, n in enumerate(x.shape))
    kept = ("out", "G", "G₁", "G₂", "indices")
    return {name: np.reshape(value, shape) if name in kept else value for name, value in names.items()}


def _compare(what: str, got: Any, want: Any, tolerance: float, finding: Finding, target: Any = None) -> int:
    """How many elements were compared. Where a formula divides by zero it says nothing, and the code has a convention."""
    want, got = np.asarray(want), np.asarray(got)
    try:
        if got.size == want.size:
            got = got.reshape(want.shape)
        elif target is not None:
            got = _summed(got, want.shape)
        got = np.broadcast_to(got, want.shape)
    except ValueError:
        finding.failures.append(f"{what}: the shape {got.shape}, not {want.shape}")
        return 0
    if target is not None and target.dtype.kind != "c":
        got = np.real(got)  # of a real input: see conform_array
    if want.dtype.kind in "iu" and got.dtype.kind == "f":
        got = np.trunc(got)
    said = np.isfinite(got)
    tolerance = max(tolerance, _TOLERANCE.get(want.dtype.name, 0))
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    close = np.isclose(got, want, rtol=tolerance, atol=tolerance * scale)
    if not close[said].all():
        finding.failures.append(f"{what} is {got.tolist()}, the code says {want.tolist()}")
    return int(said.sum())


def _summed(got: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Broadcasting undone; and a number for all, which a rule leaves out."""
    if got.ndim < len(shape):
        return np.broadcast_to(got, shape)
    got = got.sum(tuple(range(got.ndim - len(shape))))
    return np.broadcast_to(got.sum(tuple(d for d, n in enumerate(shape) if n == 1), keepdims=True), shape)


# ---- the findings --------------------------------------------------------------------------------------------------------


def test_formulas_say_what_the_code_computes(findings: dict[Op, Finding]) -> None:
    wrong = [each for finding in findings.values() for each in finding.failures]
    assert not wrong, f"{len(wrong)} wrong\n" + "\n".join(each[:600] for each in wrong[:12])


HISTORIES = [
    each for each in ALL_OPS if each.forward.__module__.endswith((".overwriting", ".random")) or each.name == "CopyBackwards"
]
"""What in-place writes leave behind: their nodes are made by hand, not by a call."""


@pytest.mark.parametrize("declared", HISTORIES, ids=lambda each: each.name)
def test_formulas_of_histories(declared: Op) -> None:
    numbers = np.random.default_rng(3)
    arguments = {param: numbers.standard_normal(() if param == "value" else (2, 3)) for param in declared.params}
    if "drawn" not in arguments:
        result = declared.kernel(*arguments.values())
        value = evaluate(parse(declared.formula[0]), Scope(arguments, result.shape))
        assert np.array_equal(np.broadcast_to(value, result.shape), result)
    upstream = numbers.standard_normal((2, 3))
    for param, text in zip(declared.differentiable, declared.formula[1:], strict=True):
        if text != "undefined":
            assert np.array_equal(declared.rules[param](upstream), upstream * evaluate(parse(text), Scope(arguments, (2, 3))))


def test_formulas_of_complex_conjugates() -> None:
    z = T.tensor([1 + 2j, -3.5j], requires_grad=True)
    upstream = np.array([2 + 1j, -1 + 0.5j], np.complex64)
    for declared in (ops.conj, ops.conj_physical):
        made = declared.function(z)
        [want] = made.grad_fn.apply_arrays(upstream)
        assert np.array_equal(evaluate(parse(declared.formula[0]), Scope({"x": numpy_of(z)}, (2,))), numpy_of(made))
        assert np.array_equal(evaluate(parse(declared.formula[1]), Scope({"G": upstream}, (2,))), want)


def test_every_formula_is_computed(findings: dict[Op, Finding]) -> None:
    missing = []
    for declared, finding in findings.items():
        name = declared.forward.__name__
        if declared in HISTORIES or name.startswith("conj"):
            continue  # above
        if not finding.values and name not in IN_WORDS:
            missing.append(f"value of {declared!r} ({name}): {dict(finding.unknown)}")
        undefined = "undefined" in declared.formula
        if declared.differentiable and not finding.rules and not undefined and name not in RULES_IN_WORDS:
            missing.append(f"rules of {declared!r} ({name}): {dict(finding.unknown)}")
        if declared.elementwise and not finding.locals and not undefined and name not in RULES_IN_WORDS:
            missing.append(f"local factors of {declared!r} ({name})")
    assert not missing, missing


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("mul", ("x · y", "x", "x")), ("mul", ("x + y", "y", "x")), ("sigmoid", ("σ(x)", "x · (1 − x)")),
        ("mm", ("x · mat2", "G · mat2", "xᵀ · G")), ("softmax", ("softmax_dim(x)", "out ⊙ (G − Σ (out ⊙ G))")),
        ("mean", ("mean_dim(x)", "G")), ("div", ("x / y", "1 / y", "x / y²")), ("relu", ("max(x, 0)", "1[x < 0]")),
        ("cumsum", ("cumsum_dim(x)", "cumsum_dim(G)")),
        ("gather", ("x[index] along axis dim", "G at [index] along axis dim, else 0")),
    ],
)  # fmt: skip
def test_a_wrong_formula_is_found(name: str, wrong: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding()
    for sample in TABLE[name]:
        for call in watched_calls(sample):
            if call.op.public == name and len(call.op.formula) == len(wrong):
                monkeypatch.setattr(call.op, "formula", wrong)
                judge(call, finding)
    assert finding.failures


# ---- declared ------------------------------------------------------------------------------------------------------------


def test_every_operation_has_a_formula_a_family_and_a_symbol() -> None:
    assert not [each for each in ALL_OPS if not each.formula]
    assert all(len(each.formula) == 1 + len(each.differentiable) for each in ALL_OPS)
    rooms = {each.forward.__module__.rpartition(".")[2] for each in ALL_OPS if "tinygrad_edu.ops" in each.forward.__module__}
    assert not rooms - set(FAMILIES), "a file of operations has no family in autograd/formula.py"
    assert all(each.symbol and each.family in {*FAMILIES.values()} for each in ALL_OPS)


def test_local_factors_and_rules_are_not_mixed() -> None:
    """Without G a derivative is a local factor, and then all of the operation's are."""
    for each in ALL_OPS:
        local = [not re.search("G(?![a-z])", text) for text in each.formula[1:]]
        assert all(local) or not any(local), each.formula


@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        (("x · y", "y"), "one derivative for each"),
        (("x · y", "y", "x", "x"), "one derivative for each"),
        ("x · y", "one derivative for each"),
        (("x · y", "y", "w"), "'w' in the formula 'w' is not known"),
        (("mult(x, y)", "y", "x"), "'mult' in the formula"),
        (("x · y", "y{w: · 2}", "x"), "asks of no argument"),
        (("x by hand", "y", "x"), "'hand' in the formula"),
    ],
)
def test_declarations_with_wrong_formulas_fail(formula: Any, complaint: str) -> None:
    count = len(ALL_OPS)
    with pytest.raises(TypeError, match=re.escape(complaint)):
        op("MulBackward0", x=lambda grad, y: grad * y, y=lambda grad, x: grad * x, formula=formula)(np.multiply)
    assert len(ALL_OPS) == count


def test_words_are_no_functions() -> None:
    assert not WORDS & FUNCTIONS
