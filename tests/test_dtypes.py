"""Dtypes, devices, sizes and settings: sessions with PyTorch written down (transcripts/), full promotion tables."""

from __future__ import annotations

import copy
import importlib
import itertools
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import transcript
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu import dtypes
from tinygrad_edu.version import TorchVersion

SESSIONS = transcript.sessions("dtypes", "settings")
NAMES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128",
]  # fmt: skip


@pytest.fixture(autouse=True)
def default_dtype() -> Iterator[None]:
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("session", SESSIONS)
def test_session(session: transcript.Session) -> None:
    transcript.check(session, torch)


@pytest.mark.oracle
@pytest.mark.parametrize("session", SESSIONS)
def test_session_is_pytorchs(session: transcript.Session) -> None:
    transcript.check_pytorch(session)


# ---- tables ---------------------------------------------------------------------------------------------------------

# What promotes to what, one row for each dtype in the order of NAMES; x: PyTorch refuses.
PROMOTION = """
    bool uint8 int8 int16 int32 int64 x x x float16 bfloat16 float32 float64 complex32 complex64 complex128
    uint8 uint8 int16 int16 int32 int64 x x x float16 bfloat16 float32 float64 complex32 complex64 complex128
    int8 int16 int8 int16 int32 int64 x x x float16 bfloat16 float32 float64 complex32 complex64 complex128
    int16 int16 int16 int16 int32 int64 x x x float16 bfloat16 float32 float64 complex32 complex64 complex128
    int32 int32 int32 int32 int32 int64 x x x float16 bfloat16 float32 float64 complex32 complex64 complex128
    int64 int64 int64 int64 int64 int64 x x x float16 bfloat16 float32 float64 complex32 complex64 complex128
    x x x x x x uint16 x x float16 bfloat16 float32 float64 x x x
    x x x x x x x uint32 x float16 bfloat16 float32 float64 x x x
    x x x x x x x x uint64 float16 bfloat16 float32 float64 x x x
    float16 float16 float16 float16 float16 float16 float16 float16 float16 float16 float32 float32 float64 complex32 complex64 complex128
    bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 float32 bfloat16 float32 float64 complex64 complex64 complex128
    float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float64 complex64 complex64 complex128
    float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 complex128 complex128 complex128
    complex32 complex32 complex32 complex32 complex32 complex32 x x x complex32 complex64 complex64 complex128 complex32 complex64 complex128
    complex64 complex64 complex64 complex64 complex64 complex64 x x x complex64 complex64 complex64 complex128 complex64 complex64 complex128
    complex128 complex128 complex128 complex128 complex128 complex128 x x x complex128 complex128 complex128 complex128 complex128 complex128 complex128
"""  # noqa: E501
TABLE = dict(zip(itertools.product(NAMES, NAMES), PROMOTION.split(), strict=True))


def promoted(library: Any, a: str, b: str) -> str:
    try:
        return str(library.promote_types(getattr(library, a), getattr(library, b))).removeprefix("torch.")
    except RuntimeError as error:
        assert str(error).startswith(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
        )
        return "x"


def test_promotion_table() -> None:
    assert {pair: promoted(torch, *pair) for pair in TABLE} == TABLE


@pytest.mark.oracle
def test_promotion_table_is_pytorchs() -> None:
    oracle = pytest.importorskip("torch")
    assert {pair: promoted(oracle, *pair) for pair in TABLE} == TABLE


@pytest.mark.oracle
def test_casts_and_results_are_pytorchs() -> None:
    oracle = pytest.importorskip("torch")
    assert all(
        torch.can_cast(getattr(torch, a), getattr(torch, b)) == oracle.can_cast(getattr(oracle, a), getattr(oracle, b))
        for a, b in TABLE
    )
    assert all(_result_types(torch, a, b) == _result_types(oracle, a, b) for a, b in TABLE if {a, b} <= HAVE)


HAVE = set(NAMES) - {"bfloat16", "complex32"}


def _result_types(library: Any, a: str, b: str) -> list[str]:
    """Vectors, 0-d tensors and numbers, each with each."""

    def operands(name: str) -> list[Any]:
        return [library.zeros(size, dtype=getattr(library, name)) for size in ((2,), ())]

    found = []
    for x, y in itertools.product(operands(a), [*operands(b), True, 3, 2.5, 1j]):
        try:
            # float16 with a complex number: there is no complex32 here
            found.append(str(library.result_type(x, y)).replace("complex32", "complex64"))
        except RuntimeError as error:
            found.append(str(error))
    return found


def test_can_cast_asks_for_the_category_only() -> None:
    assert torch.can_cast(torch.float64, torch.float16)
    assert torch.can_cast(torch.int64, torch.uint8)
    assert not torch.can_cast(torch.float16, torch.int64)
    assert not torch.can_cast(torch.uint8, torch.bool)
    assert torch.can_cast(torch.bfloat16, torch.complex32)


# ---- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", dtypes.DTYPES)
def test_every_dtype_is_one_object(name: str) -> None:
    dtype = getattr(torch, name)
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert copy.copy(dtype) is copy.deepcopy(dtype) is dtype
    assert getattr(torch, repr(dtype).removeprefix("torch.")) is dtype
    assert getattr(dtypes, name) is dtype
    assert isinstance(dtype, torch.dtype)


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*dtypes.DTYPES, *NAMES])
def test_facts_of_dtypes_are_pytorchs(name: str) -> None:
    oracle = pytest.importorskip("torch")
    assert _facts(getattr(torch, name)) == _facts(getattr(oracle, name))


def _facts(dtype: Any) -> list[Any]:
    facts = [repr(dtype), dtype.itemsize, dtype.is_floating_point, dtype.is_complex, dtype.is_signed]
    for convert in (dtype.to_real, dtype.to_complex):
        try:
            facts.append(repr(convert()))
        except RuntimeError:
            facts.append(None)
    return facts


@pytest.mark.parametrize(
    "name", ["float16", "float32", "float64", "complex64", "int8", "uint8", "int16", "int32", "int64"]
)
def test_limits_are_numpys(name: str) -> None:
    dtype = getattr(torch, name)
    ours: Any
    theirs: Any
    if dtype.is_floating_point or dtype.is_complex:
        ours, theirs = torch.finfo(dtype), np.finfo(name)
        assert (ours.eps, ours.tiny, ours.bits) == (float(theirs.eps), float(theirs.tiny), theirs.bits)
        assert ours.smallest_normal == ours.tiny
    else:
        ours, theirs = torch.iinfo(dtype), np.iinfo(name)
        assert ours.bits == theirs.bits
    assert (ours.min, ours.max) == (theirs.min, theirs.max)


def test_default_dtype_reaches_every_factory() -> None:
    torch.set_default_dtype(torch.float64)
    made = [
        torch.tensor(1.0),
        torch.zeros(1),
        torch.ones(1),
        torch.empty(1),
        torch.full((1,), 2.0),
        torch.eye(1),
        torch.Tensor([1]),
    ]
    made += [
        torch.arange(2.0),
        torch.linspace(0, 1, 2),
        torch.logspace(0, 1, 2),
        torch.tensor([]),
        torch.rand(1),
        torch.randn(1),
    ]
    made += [torch.tensor([1]) / 2, torch.tensor([1]).exp(), torch.scalar_tensor(1)]
    assert {each.dtype for each in made} == {torch.float64}
    assert torch.tensor(1j).dtype is torch.complex128
    assert repr(torch.tensor([1.0])) == "tensor([1.])"
    assert repr(torch.tensor([1.0], dtype=torch.float32)) == "tensor([1.], dtype=torch.float32)"


# ---- devices, versions, settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["cpu", "cuda", "cuda:1", "mps", "meta"])
def test_devices_survive_pickling(text: str) -> None:
    device = torch.device(text)
    assert pickle.loads(pickle.dumps(device)) == copy.deepcopy(device) == device
    assert str(device) == text


def test_default_device_must_be_the_cpu() -> None:
    torch.set_default_device("cpu")
    torch.set_default_device(None)
    assert torch.get_default_device() == torch.device("cpu")
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.set_default_device("cuda")


def test_version_names_pytorchs_and_our_own() -> None:
    assert torch.__version__ == "2.13.0+tinygrad.edu.0.1.0"
    assert isinstance(torch.__version__, str)
    assert torch.__version__.split(".")[:2] == ["2", "13"]
    assert torch.__version__ >= "1.9"
    assert torch.__version__ >= (2, 0)
    assert not torch.__version__ < "2.13"
    assert hash(torch.__version__) == hash(str(torch.__version__))


@pytest.mark.oracle
@pytest.mark.parametrize("own", ["2.13.0", "2.13.0+cpu", "1.9.1", "2.0.0a0", "2.1.dev3"])
def test_versions_compare_as_pytorchs(own: str) -> None:
    oracle = pytest.importorskip("torch.torch_version")
    others = ["2.13.0", "2.13", "2.9", "1.10.0", "3", "2.13.0+cpu", "2.0.0", (2, 13), (2, 13, 0), (1, 9)]
    for other in others:
        compared = [
            (v < other, v <= other, v == other, v > other, v >= other)
            for v in (TorchVersion(own), oracle.TorchVersion(own))
        ]
        assert compared[0] == compared[1], other


def test_compile_returns_what_it_is_given() -> None:
    def double(x: Any) -> Any:
        return 2 * x

    assert torch.compile(double) is double
    assert torch.compile(mode="max-autotune", fullgraph=True)(double) is double
    assert torch.compiler.is_compiling() is False
    with pytest.raises(RuntimeError, match="Either mode or options can be specified"):
        torch.compile(double, mode="default", options={})


def test_backends_are_importable_and_remember_switches() -> None:
    cudnn = importlib.import_module("tinygrad_edu.backends.cudnn")
    assert cudnn is torch.backends.cudnn
    cudnn.benchmark = True
    assert torch.backends.cudnn.benchmark
    cudnn.benchmark = False
    with torch.backends.cudnn.flags(enabled=False, deterministic=True):
        assert (cudnn.enabled, cudnn.deterministic) == (False, True)
    assert (cudnn.enabled, cudnn.deterministic) == (True, False)


def test_mixed_precision_runs_in_full_precision() -> None:
    with pytest.warns(UserWarning, match="CUDA is not available"):
        scaler = torch.cuda.amp.GradScaler()
    with pytest.warns(UserWarning, match="CUDA is not available"), torch.autocast("cuda"):
        loss = torch.ones(1).sum()
    assert scaler.scale(loss) is loss
    assert (scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()) == (False, 1.0, {})


def test_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)
    assert torch.get_num_threads() == before


def test_cuda_refuses_orders() -> None:
    for order in (torch.cuda.current_device, torch.cuda.synchronize, torch.cuda.get_device_name, torch.cuda.set_device):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            order()
    for kind in (torch.cuda.Stream, torch.cuda.Event):
        with pytest.raises(RuntimeError, match="requires CUDA support"):
            kind()


@pytest.mark.oracle
@pytest.mark.parametrize(
    "code",
    [
        "torch.tensor([2, 3], dtype=torch.int16).prod()",
        "torch.tensor([[2, 3]], dtype=torch.int16).prod(1)",
        "torch.tensor([True, False]).conj()",
        "[str(each) for each in torch.tensor([3.0, -3.0, 0.0, 4.0, float('inf'), float('nan')]) % -3]",
        "[str(each) for each in torch.tensor([3.0, -3.0, -4.0]) % torch.tensor([-3.0, 3.0, float('inf')])]",
        "torch.arange(3, dtype=torch.uint8) ** 300",
        "torch.arange(3, dtype=torch.int8) ** 3",
        "None / torch.ones(2)",
        "'a' / torch.ones(2)",
        "2 / torch.ones(2)",
        "torch.ones(2).__delitem__(0)",
        "torch.ones(2).copy_(3)",
        "torch.ones(2, dtype=torch.int64).copy_(True)",
        "torch.ones(2).copy_([1])",
    ],
)
def test_arithmetic_as_in_pytorch(code):
    agree(lambda torch: eval(code, {"torch": torch}))


@pytest.mark.parametrize("write", ["fill_('a')", "masked_fill(x > 0, 'a')", "index_fill(0, torch.tensor([0]), None)"])
def test_a_value_that_is_no_number(write):
    with pytest.raises(TypeError, match=r"received an invalid combination of arguments - got .*, but expected one of:"):
        eval(f"x.{write}", {"torch": torch, "x": torch.ones(2)})
