"""Printing, Size and return_types: written-down output of PyTorch 2.13, and comparison with PyTorch itself."""

from __future__ import annotations

import copy
import gc
import math
import operator
import pickle
import weakref
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import printing, return_types
from tinygrad_edu.printing import format_scalar, get_printoptions, printoptions, set_printoptions, tensor_str
from tinygrad_edu.size import Size

DTYPES = [
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
DEFAULT = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    with printoptions(profile="default"):
        yield


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    return pytest.importorskip("torch")


def f32(values: Any) -> np.ndarray:
    return np.array(values, np.float32)


# Held against PyTorch itself by test_golden_is_pytorchs.
GOLDEN: list[tuple[str, np.ndarray, dict[str, Any], str]] = [
    ("integers in floats", f32([[1, 2], [3, 4]]), {}, "tensor([[1., 2.],\n        [3., 4.]])"),
    ("scalar", f32(3.14159), {}, "tensor(3.1416)"),
    ("integer scalar", np.array(7), {}, "tensor(7)"),
    ("bool", np.array([True, False]), {}, "tensor([ True, False])"),
    ("uint8", np.array([1, 20], np.uint8), {}, "tensor([ 1, 20], dtype=torch.uint8)"),
    ("float64", np.array([0.1, -0.2]), {}, "tensor([ 0.1000, -0.2000], dtype=torch.float64)"),
    ("half", np.array([0.1], np.float16), {}, "tensor([0.1000], dtype=torch.float16)"),
    ("complex", np.array([1 + 2j, -1.5 - 0.5j], np.complex64), {}, "tensor([ 1.0000+2.0000j, -1.5000-0.5000j])"),
    ("negative zero", f32([-0.0, 0, 1]), {}, "tensor([-0., 0., 1.])"),
    ("zeros", f32([0, 0]), {}, "tensor([0., 0.])"),
    ("nan among integers", f32([1, math.nan, math.inf, -math.inf]), {}, "tensor([1., nan, inf, -inf])"),
    ("nan among fractions", f32([0.5, math.nan, -math.inf]), {}, "tensor([0.5000,    nan,   -inf])"),
    ("wide ratio", f32([1, 1001]), {}, "tensor([1.0000e+00, 1.0010e+03])"),
    ("wide ratio, with zero and nan", f32([0, 1e-5, math.nan]), {}, "tensor([0.0000e+00, 1.0000e-05,        nan])"),
    ("ratio at the limit", f32([1, 1000]), {}, "tensor([   1., 1000.])"),
    ("largest at the limit", f32([1e8, 1e6]), {}, "tensor([100000000.,   1000000.])"),
    ("smallest at the limit", np.array([1e-4, 1e-3]), {}, "tensor([0.0001, 0.0010], dtype=torch.float64)"),
    ("smallest below the limit", f32([1e-4, 1e-3]), {}, "tensor([1.0000e-04, 1.0000e-03])"),
    ("large", f32([1e9]), {}, "tensor([1.0000e+09])"),
    ("empty", f32([]), {}, "tensor([])"),
    ("empty, two dimensions", np.zeros((0, 3), np.float32), {}, "tensor([], size=(0, 3))"),
    ("empty integers", np.zeros(0, np.int64), {}, "tensor([], dtype=torch.int64)"),
    ("requires_grad", f32([1]), {"requires_grad": True}, "tensor([1.], requires_grad=True)"),
    (
        "grad_fn",
        f32([[1, 2]]),
        {"requires_grad": True, "grad_fn": "AddBackward0"},
        "tensor([[1., 2.]], grad_fn=<AddBackward0>)",
    ),
    (
        "facts in order",
        np.zeros((2, 0)),
        {"requires_grad": True, "grad_fn": "MulBackward0"},
        "tensor([], size=(2, 0), dtype=torch.float64, grad_fn=<MulBackward0>)",
    ),
    ("another default", np.array([0.5]), {"default_dtype": "float64"}, "tensor([0.5000])"),
    ("class name", f32([1]), {"class_name": "Mine"}, "Mine([1.])"),
    (
        "summary",
        np.arange(1001, dtype=np.float32),
        {},
        "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])",
    ),
    (
        "summary of a matrix",
        np.arange(10000).reshape(100, 100),
        {},
        "tensor([[   0,    1,    2,  ...,   97,   98,   99],\n"
        "        [ 100,  101,  102,  ...,  197,  198,  199],\n"
        "        [ 200,  201,  202,  ...,  297,  298,  299],\n"
        "        ...,\n"
        "        [9700, 9701, 9702,  ..., 9797, 9798, 9799],\n"
        "        [9800, 9801, 9802,  ..., 9897, 9898, 9899],\n"
        "        [9900, 9901, 9902,  ..., 9997, 9998, 9999]])",
    ),
    (
        "three dimensions",
        np.arange(8).reshape(2, 2, 2),
        {},
        "tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]])",
    ),
    (
        "line breaks",
        np.arange(30),
        {},
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])",
    ),
    (
        "a fact on its own line",
        np.arange(17, dtype=np.float64) + 10,
        {"requires_grad": True, "grad_fn": "AddBackward0"},
        "tensor([10., 11., 12., 13., 14., 15., 16., 17., 18., 19., 20., 21., 22., 23.,\n"
        "        24., 25., 26.], dtype=torch.float64, grad_fn=<AddBackward0>)",
    ),
]


each_golden = pytest.mark.parametrize(
    ("array", "facts", "expected"), [pytest.param(*case, id=name) for name, *case in GOLDEN]
)


@each_golden
def test_golden(array: np.ndarray, facts: dict[str, Any], expected: str) -> None:
    assert tensor_str(array, **facts) == expected


each_option = pytest.mark.parametrize(
    ("options", "array", "expected"),
    [
        ({"precision": 2}, f32([1.12345]), "tensor([1.12])"),
        ({"precision": 0}, f32([1.5, 2.25]), "tensor([2, 2])"),
        ({"threshold": 5}, np.arange(10), "tensor([0, 1, 2,  ..., 7, 8, 9])"),
        ({"threshold": 5, "edgeitems": 1}, np.arange(10), "tensor([0,  ..., 9])"),
        ({"threshold": 5, "edgeitems": 0}, np.arange(10), "tensor([...], size=(10,))"),
        ({"sci_mode": True}, f32([1, 2]), "tensor([1.0000e+00, 2.0000e+00])"),
        ({"sci_mode": False}, f32([1e-6, 1e6]), "tensor([      0.0000, 1000000.0000])"),
        ({"linewidth": 20}, f32([0.5] * 3), "tensor([0.5000,\n        0.5000,\n        0.5000])"),
        ({"profile": "short"}, f32([1.12345]), "tensor([1.12])"),
        ({"profile": "short", "precision": 3}, f32([1.12345]), "tensor([1.123])"),
    ],
)


@each_option
def test_options(options: dict[str, Any], array: np.ndarray, expected: str) -> None:
    with printoptions(**options):
        assert tensor_str(array) == expected
    assert get_printoptions() == DEFAULT


def test_profile_full_never_summarises() -> None:
    with printoptions(profile="full"):
        assert "..." not in tensor_str(np.arange(2000))


def test_unknown_profile_changes_nothing_but_sci_mode() -> None:
    set_printoptions(precision=7, sci_mode=True)
    set_printoptions(profile="nope")  # type: ignore[arg-type]
    assert get_printoptions() == {**DEFAULT, "precision": 7}


def test_printoptions_are_restored_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), printoptions(precision=1):
        raise ZeroDivisionError
    assert get_printoptions() == DEFAULT
    with pytest.raises(TypeError, match=r"set_printoptions\(\) got an unexpected keyword argument 'digits'"):
        set_printoptions(digits=3)  # type: ignore[call-arg]


def test_options_returned_are_a_copy() -> None:
    get_printoptions()["precision"] = 9
    assert get_printoptions() == DEFAULT


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_numpy_settings_do_not_matter(dtype: str) -> None:
    """Neither np.printoptions nor np.errstate, for any value, signalling NaN and subnormal numbers included."""
    info = np.finfo(dtype)
    parts = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1, info.max, info.tiny, info.smallest_subnormal, 0], info.dtype)
    parts.view(f"u{info.dtype.itemsize}")[-1] = np.array(np.inf, info.dtype).view(f"u{info.dtype.itemsize}") + 1
    array = parts.view(dtype)
    printed = [tensor_str(array), tensor_str(array[:0]), format_scalar(None, array[0], "")]
    assert printed[0].count("nan") == 2
    with np.printoptions(precision=1, threshold=1, legacy="1.13", sign="+"), np.errstate(all="raise"):
        assert printed == [tensor_str(array), tensor_str(array[:0]), format_scalar(None, array[0], "")]


def test_summary_looks_at_the_edges_only() -> None:
    """A virtual array of 10^15 elements prints at once: nothing is computed from what is not shown."""
    array = np.broadcast_to(np.float32(0.5), (10**5, 10**5, 10**5))
    assert tensor_str(array).count("0.5000") == 6**3
    hidden = np.arange(1001, dtype=np.float32)
    hidden[500] = 1e30
    assert tensor_str(hidden) == "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])"


def test_array_is_not_changed() -> None:
    array = np.arange(4.0).reshape(2, 2).T
    array.flags.writeable = False
    assert tensor_str(array) == "tensor([[0., 2.],\n        [1., 3.]], dtype=torch.float64)"


def test_array_is_not_kept_alive() -> None:
    array = np.arange(6.0).reshape(2, 3)
    gc.disable()  # only reference counting may free it: a cycle would keep memory until the collector comes by
    try:
        alive = weakref.ref(array)
        tensor_str(array)
        del array
        assert alive() is None
    finally:
        gc.enable()


class Tensor:
    """A stand-in with the one-liners that the tensor class will have."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __repr__(self) -> str:
        return tensor_str(self.array)

    def __format__(self, spec: str) -> str:
        return format_scalar(self, self.array, spec, plain=type(self) is Tensor)


class Parameter(Tensor):
    pass


def test_format() -> None:
    assert f"{Tensor(f32(1.5)):.2f}" == "1.50"
    assert f"{Tensor(f32(0.1))}" == "0.10000000149011612"
    assert f"{Tensor(np.array(3)):03d}" == "003"
    assert f"{Tensor(np.array(True))}" == "True"
    assert f"{Tensor(np.array(1 + 2j)):.1f}" == "1.0+2.0j"
    assert f"{Tensor(f32([1, 2]))}" == "tensor([1., 2.])"
    assert f"{Parameter(f32(1.5))}" == "tensor(1.5000)"
    with pytest.raises(TypeError, match=r"^unsupported format string passed to Tensor\.__format__$"):
        f"{Tensor(f32([1, 2])):.2f}"
    with pytest.raises(TypeError, match=r"^unsupported format string passed to Parameter\.__format__$"):
        f"{Parameter(f32(1.5)):.2f}"
    with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
        f"{Tensor(f32(1.5)):d}"


# ---------------------------------------------------------------------------------------------------------------- Size


def test_size() -> None:
    size = Size([2, 3])
    assert repr(size) == str(size) == f"{size}" == "torch.Size([2, 3])"
    assert repr(Size()) == "torch.Size([])"
    assert size.numel() == 6
    assert size == (2, 3)
    assert hash(size) == hash((2, 3))
    assert isinstance(size, tuple)
    assert [Size(n).numel() for n in ((), [0, 3])] == [1, 0]
    assert [type(n) for n in Size([True, np.int64(3)])] == [int, int]
    assert type(size[0]) is int
    with pytest.raises(AttributeError):
        size.anything = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "expression",
    ["z[:1]", "z[::-1]", "z + (1,)", "z + z", "(1,) + z", "z * 2", "2 * z", "z * -1", "sum([z, z], Size())", "Size(z)"],
)
def test_size_stays_a_size(expression: str) -> None:
    result = eval(expression, {"z": Size([2, 3]), "Size": Size})
    assert type(result) is Size
    assert result == eval(expression, {"z": (2, 3), "Size": tuple})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_size_copies(protocol: int) -> None:
    for duplicate in (pickle.loads(pickle.dumps(Size([2, 3]), protocol)), copy.deepcopy(Size([2, 3]))):
        assert (type(duplicate), duplicate) == (Size, (2, 3))


def test_size_errors() -> None:
    with pytest.raises(TypeError, match=r"^torch.Size\(\) takes an iterable of 'int' \(item 1 is 'float'\)$"):
        Size([1, 1.5])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"\(item 2 is 'str'\)"):
        operator.add(Size([2, 3]), ("a",))
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        Size(2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^can only concatenate tuple \(not list\) to torch.Size$"):
        operator.add(Size([2]), [1])
    with pytest.raises(TypeError, match=r'^can only concatenate list \(not "Size"\) to list$'):
        operator.add([1], Size([2]))
    with pytest.raises(TypeError, match="must be integers or slices, not str"):
        Size([2])["a"]
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        Size([2**63])
    assert (np.array([1, 2]) == Size([2, 3]) + np.array([-1, -1])).all()


# -------------------------------------------------------------------------------------------------------- return_types


def test_return_type() -> None:
    result = return_types.max([Tensor(f32([2, 3])), Tensor(np.array([1, 0]))])
    assert repr(result) == "torch.return_types.max(\nvalues=tensor([2., 3.]),\nindices=tensor([1, 0]))"
    values, indices = result
    assert values is result.values is result[0]
    assert indices is result.indices is result[1]
    assert isinstance(result, tuple)
    assert (result.n_fields, result.n_sequence_fields, result.n_unnamed_fields) == (2, 2, 0)
    assert type(result[:]) is tuple
    assert return_types.sort((1, 2)) == (1, 2)
    assert return_types.max is return_types.max
    assert {"max", "linalg_svd"} <= set(dir(return_types))


def test_return_type_matches_a_pattern() -> None:
    max: Any = return_types.max
    match max("ab"):
        case max(values, indices=indices):
            assert (values, indices) == ("a", "b")
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_return_type_copies(protocol: int) -> None:
    result = return_types.topk((1, 2))
    for duplicate in (pickle.loads(pickle.dumps(result, protocol)), copy.copy(result), copy.deepcopy(result)):
        assert (type(duplicate), duplicate) == (return_types.topk, (1, 2))


def test_return_type_errors() -> None:
    result = return_types.max((1, 2))
    with pytest.raises(AttributeError, match="readonly attribute"):
        result.values = 1
    with pytest.raises(AttributeError, match="readonly attribute"):
        del result.indices
    for action in (lambda: result.foo, lambda: setattr(result, "foo", 1), lambda: delattr(result, "foo")):
        with pytest.raises(AttributeError, match=r"^'torch.return_types.max' object has no attribute 'foo'$"):
            action()
    with pytest.raises(TypeError, match=r"^torch.return_types.max\(\) takes a 2-sequence \(3-sequence given\)$"):
        return_types.max((1, 2, 3))
    with pytest.raises(TypeError, match="constructor requires a sequence"):
        return_types.max(1)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="has no attribute 'maximum'"):
        return_types.maximum  # noqa: B018


# -------------------------------------------------------------------------------------------------------------- oracle


@st.composite
def tensors(draw: st.DrawFn) -> np.ndarray:
    """Arrays of every dtype whose magnitudes lie around the thresholds of scientific notation, or anywhere at all."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(st.one_of(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5), st.just((30,))))
    if dtype.kind in "biu" or draw(st.booleans()):
        return draw(hnp.arrays(dtype, shape))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))

    def floats() -> np.ndarray:
        low, high = sorted(draw(st.tuples(st.integers(-6, 10), st.integers(-6, 10))))
        values = rng.choice([-1, 1], shape) * 10 ** rng.uniform(low, high, shape)
        if draw(st.booleans()):
            values = np.round(values)
        special = draw(st.lists(st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan]), max_size=3))
        return np.where(rng.random(shape) < 0.3, rng.choice([*special, 1.0], shape), values)

    with np.errstate(all="ignore"):
        return np.asarray(floats() + 1j * floats() if dtype.kind == "c" else floats()).astype(dtype)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 10),
        "threshold": st.one_of(st.integers(0, 50), st.just(math.inf)),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.integers(0, 200),
        "profile": st.sampled_from(["default", "short", "full"]),
        "sci_mode": st.booleans(),
    },
)


NODES = {"CloneBackward0": lambda x: x.clone(), "AddBackward0": lambda x: x + 0, "MulBackward0": lambda x: x * 1}


def pytorch_str(torch: ModuleType, array: np.ndarray, options: dict[str, Any], facts: dict[str, Any]) -> str:
    """Return what PyTorch prints for a tensor of these values of which these facts, as tensor_str names them, hold."""
    tensor = torch.tensor(array, requires_grad=facts.get("requires_grad", False))
    if facts.get("grad_fn"):
        tensor = NODES[facts["grad_fn"]](tensor)
    if "class_name" in facts:
        tensor = tensor.as_subclass(type(facts["class_name"], (torch.Tensor,), {}))
    before, default = torch._tensor_str.get_printoptions(), torch.get_default_dtype()
    try:
        torch.set_printoptions(**options)
        torch.set_default_dtype(getattr(torch, facts.get("default_dtype", "float32")))
        return repr(tensor)
    finally:
        torch.set_printoptions(**before)
        torch.set_default_dtype(default)


@pytest.mark.oracle
@each_golden
def test_golden_is_pytorchs(torch: ModuleType, array: np.ndarray, facts: dict[str, Any], expected: str) -> None:
    assert pytorch_str(torch, array, {}, facts) == expected


@pytest.mark.oracle
@each_option
def test_options_are_pytorchs(torch: ModuleType, options: dict[str, Any], array: np.ndarray, expected: str) -> None:
    assert pytorch_str(torch, array, options, {}) == expected


def check(torch: ModuleType, array: np.ndarray, options: dict[str, Any], facts: dict[str, Any]) -> None:
    with printoptions(**options), np.errstate(all="raise"):
        printed = tensor_str(array, **facts)
    assert printed == pytorch_str(torch, array, options, facts)


def with_grad(array: np.ndarray, kind: str) -> dict[str, Any]:
    if array.dtype.kind not in "fc" or kind == "none":
        return {}
    return {"requires_grad": True, "grad_fn": "CloneBackward0" if kind == "node" else None}


@pytest.mark.oracle
@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
@given(array=tensors(), options=OPTIONS, grad=st.sampled_from(["none", "leaf", "node"]))
def test_same_as_pytorch(torch: ModuleType, array: np.ndarray, options: dict[str, Any], grad: str) -> None:
    check(torch, array, options, with_grad(array, grad))


@pytest.mark.oracle
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(array=tensors(), grad=st.sampled_from(["none", "leaf", "node"]))
def test_same_as_pytorch_by_default(torch: ModuleType, array: np.ndarray, grad: str) -> None:
    check(torch, array, {}, with_grad(array, grad))


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1000,), (1001,), (7, 150), (1, 2000), (11, 13, 17), (2, 6, 7, 8, 9), (3000, 1)])
def test_same_as_pytorch_summarised(torch: ModuleType, dtype: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(812).normal(size=shape) * 50
    check(torch, np.abs(values).astype(dtype) if dtype.startswith("uint") else values.astype(dtype), {}, {})


@pytest.mark.oracle
@pytest.mark.parametrize("edgeitems", [0, 3])
@pytest.mark.parametrize("linewidth", range(10, 100))
def test_facts_break_lines_as_pytorch(torch: ModuleType, linewidth: int, edgeitems: int) -> None:
    options = {"linewidth": linewidth, "edgeitems": edgeitems}
    check(torch, np.arange(12.0), options, {"requires_grad": True, "grad_fn": "AddBackward0"})


@pytest.mark.oracle
@pytest.mark.parametrize("default", ["float16", "float32", "float64"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (3,)])
def test_default_dtype(torch: ModuleType, default: str, dtype: str, shape: tuple[int, ...]) -> None:
    check(torch, np.ones(shape, dtype), {}, {"default_dtype": default})


@pytest.mark.oracle
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls=st.lists(OPTIONS, min_size=1, max_size=4))
def test_options_same_as_pytorch(torch: ModuleType, calls: list[dict[str, Any]]) -> None:
    before = torch._tensor_str.get_printoptions()
    try:
        for options in calls:
            torch.set_printoptions(**options)
            set_printoptions(**options)
            assert get_printoptions() == torch._tensor_str.get_printoptions()
    finally:
        torch.set_printoptions(**before)
        set_printoptions(**before)


@pytest.mark.oracle
def test_return_types_same_as_pytorch(torch: ModuleType) -> None:
    names = {cls.__name__ for cls in torch.return_types.all_return_types if not cls.__name__.endswith("_out")}
    assert names == set(return_types._FIELDS)
    for name in sorted(names):
        ours, theirs = getattr(return_types, name), getattr(torch.return_types, name)
        assert ours.__match_args__ == theirs.__match_args__
        items = range(theirs.n_fields)
        assert repr(ours(items)) == repr(theirs(items))
        assert all(getattr(ours(items), field) == getattr(theirs(items), field) for field in ours.__match_args__)


@pytest.mark.oracle
@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.slices(5))
def test_size_same_as_pytorch(torch: ModuleType, sizes: list[int], part: slice) -> None:
    ours, theirs = Size(sizes), torch.Size(sizes)
    for operation in (lambda z: z, lambda z: z[part], lambda z: z + z, lambda z: tuple(z) + z, lambda z: z * 2):
        assert repr(operation(ours)) == repr(operation(theirs))
        assert type(operation(ours)) is Size


def test_names() -> None:
    assert all(hasattr(printing, name) for name in printing.__all__)
