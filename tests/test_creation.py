"""Making tensors: sessions with PyTorch written down (transcripts/), and properties over many values."""

from __future__ import annotations

import array as arrays
import collections
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import transcript
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as torch
from tinygrad_edu.sequences import _spaced

SESSIONS = transcript.sessions("values", "arrays", "factories", "sequences", "legacy")


@pytest.mark.parametrize("session", SESSIONS)
def test_session(session: transcript.Session) -> None:
    transcript.check(session, torch)


@pytest.mark.oracle
@pytest.mark.parametrize("session", SESSIONS)
def test_session_is_pytorchs(session: transcript.Session) -> None:
    transcript.check_pytorch(session)


# ---- every factory's common keywords --------------------------------------------------------------------------------

FACTORIES: dict[str, Any] = {
    "empty": lambda **k: torch.empty(2, **k),
    "zeros": lambda **k: torch.zeros(2, **k),
    "ones": lambda **k: torch.ones(2, **k),
    "full": lambda **k: torch.full((2,), 1.0, **k),
    "eye": lambda **k: torch.eye(2, **k),
    "arange": lambda **k: torch.arange(2.0, **k),
    "linspace": lambda **k: torch.linspace(0, 1, 2, **k),
    "logspace": lambda **k: torch.logspace(0, 1, 2, **k),
    "scalar_tensor": lambda **k: torch.scalar_tensor(1.0, **k),
    "tensor": lambda **k: torch.tensor([1.0], **k),
    "zeros_like": lambda **k: torch.zeros_like(torch.ones(2), **k),
    "ones_like": lambda **k: torch.ones_like(torch.ones(2), **k),
    "empty_like": lambda **k: torch.empty_like(torch.ones(2), **k),
    "full_like": lambda **k: torch.full_like(torch.ones(2), 3, **k),
    "empty_strided": lambda **k: torch.empty_strided((2,), (1,), **k),
    "new_zeros": lambda **k: torch.ones(1).new_zeros(2, **k),
    "new_ones": lambda **k: torch.ones(1).new_ones(2, **k),
    "new_full": lambda **k: torch.ones(1).new_full((2,), 3, **k),
    "new_empty": lambda **k: torch.ones(1).new_empty(2, **k),
    "new_tensor": lambda **k: torch.ones(1).new_tensor([2], **k),
}


@pytest.mark.parametrize("name", FACTORIES)
def test_common_keywords(name: str) -> None:
    make = FACTORIES[name]
    for device in ("cpu", "cpu:0", torch.device("cpu"), torch.device("cpu", 0), None):
        assert make(device=device).device == torch.device("cpu")
    assert make(dtype=torch.float64).dtype is torch.float64
    assert make(dtype=float).dtype is torch.float64
    made = make(requires_grad=True)
    assert made.requires_grad
    assert made.is_leaf
    with torch.no_grad():
        assert make(requires_grad=True).requires_grad
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        make(device="cuda")
    with pytest.raises(RuntimeError, match=r"tensors live on the cpu here, but device 'meta' was asked for"):
        make(device="meta")
    with pytest.raises(TypeError, match=r"must be torch.dtype, not str"):
        make(dtype="float32")
    with pytest.raises(RuntimeError, match="Only Tensors of floating point and complex dtype can require gradients"):
        make(dtype=torch.int64, requires_grad=True)
    with pytest.raises(TypeError):
        make(nonsense=1)


def test_sparse_layouts_and_pinned_memory_are_refused() -> None:
    with pytest.raises(RuntimeError, match=r"tensors are strided here, but layout torch.sparse_coo was asked for"):
        torch.zeros(2, layout=torch.sparse_coo)
    with pytest.raises(RuntimeError, match=r"pin_memory=True requires a CUDA"):
        torch.ones(2, pin_memory=True)


def test_more_memory_than_there_is() -> None:
    with pytest.raises(RuntimeError, match="DefaultCPUAllocator: can't allocate memory: you tried to allocate"):
        torch.ones(2**50)


# ---- arrays are taken or copied, never mangled ----------------------------------------------------------------------


def test_foreign_byte_order_is_copied() -> None:
    array = np.array([1.0, 2.0], ">f4")
    for make in (torch.from_numpy, torch.as_tensor, torch.tensor, torch.asarray):
        made = make(array)
        assert made.tolist() == [1, 2]
        assert made.dtype is torch.float32
        assert made.numpy().dtype == np.dtype("float32")
    assert array.tolist() == [1, 2]


@pytest.mark.parametrize("index", [np.s_[::-1], np.s_[::-2], np.s_[3:0:-1]])
def test_negative_strides_are_copied(index: Any) -> None:
    array = np.arange(5.0)
    for make in (torch.from_numpy, torch.as_tensor, torch.tensor):
        made = make(array[index])
        assert made.tolist() == array[index].tolist()
        assert made.stride()[0] > 0


def test_fields_of_records_are_copied_when_their_elements_lie_oddly() -> None:
    records = np.zeros(3, dtype=[("a", np.int8), ("b", np.float32)])
    records["b"] = [1, 2, 3]
    made = torch.from_numpy(records["b"])
    assert made.tolist() == [1, 2, 3]
    assert (made + made).tolist() == [2, 4, 6]
    even = np.zeros(3, dtype=[("a", np.float32), ("b", np.float32)])
    shared = torch.from_numpy(even["b"])
    shared[1] = 5
    assert even["b"].tolist() == [0, 5, 0]
    assert shared.stride() == (2,)


def test_memory_maps_share_their_file(tmp_path: Any) -> None:
    mapped = np.memmap(tmp_path / "data", np.float32, "w+", shape=(4,))
    made = torch.from_numpy(mapped)
    made[2] = 3
    mapped.flush()
    assert np.fromfile(tmp_path / "data", np.float32).tolist() == [0, 0, 3, 0]
    assert type(made.numpy()) is np.ndarray


def test_subclasses_of_arrays_are_taken_as_arrays() -> None:
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    assert type(torch.from_numpy(masked).numpy()) is np.ndarray
    assert torch.tensor(masked).tolist() == [1, 2]


def test_readonly_arrays_warn_and_cannot_be_written() -> None:
    array = np.zeros(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="The given NumPy array is not writable"):
        made = torch.from_numpy(array)
    with pytest.raises(RuntimeError, match="read-only"):
        made += 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copied = torch.tensor(array)
    copied += 1
    assert array.tolist() == [0, 0]


def test_shape_of_the_array_can_change_afterwards() -> None:
    array = np.arange(6)
    made = torch.from_numpy(array)
    array.shape = (2, 3)
    assert made.shape == (6,)


def test_longlong_shares_memory() -> None:
    array = np.zeros(2, np.longlong)
    made = torch.from_numpy(array)
    made[0] = 1
    assert array.tolist() == [1, 0]
    assert made._array.dtype is np.dtype("int64")


@pytest.mark.parametrize("kind", [list, tuple, collections.deque, lambda x: arrays.array("d", x), np.array])
def test_sequences_of_every_kind(kind: Any) -> None:
    assert torch.tensor(kind([1.0, 2.0])).tolist() == [1, 2]
    assert torch.tensor([kind([1.0, 2.0])] * 2 if kind is not np.array else kind([[1.0, 2.0]] * 2)).shape == (2, 2)


def test_numbers_of_every_kind() -> None:
    class Celsius(float):
        pass

    assert torch.tensor([Celsius(1.5)]).dtype is torch.float32
    assert torch.tensor([Fraction(1, 2)], dtype=torch.float32).tolist() == [0.5]
    assert torch.tensor([np.float64(1)]).dtype is torch.float64
    assert torch.tensor(np.array(2, np.int8)).dtype is torch.int8


# ---- against PyTorch over many values -------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.booleans(), st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-300, 300),
    st.floats(width=32), st.floats(), st.complex_numbers(max_magnitude=1e6),
    st.sampled_from([np.float32(1.5), np.int16(3), np.bool_(True), np.float64(2), "a"]),
)  # fmt: skip
DATA = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner), max_leaves=8)
DTYPES = [
    None,
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "uint16",
]


@pytest.mark.oracle
@settings(max_examples=400, deadline=None)
@given(data=DATA, dtype=st.sampled_from(DTYPES))
def test_tensor_reads_data_as_pytorch(data: Any, dtype: str | None) -> None:
    oracle = pytest.importorskip("torch")
    assert _made(torch, data, dtype) == _made(oracle, data, dtype)


def _made(library: Any, data: Any, dtype: str | None) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = library.tensor(data, dtype=None if dtype is None else getattr(library, dtype))
    except Exception as error:
        return type(error).__name__, str(error)
    return str(made.dtype), tuple(made.shape), repr(made.tolist())


@pytest.mark.oracle
@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(-20, 20) | st.floats(-20, 20, width=16),
    end=st.integers(-20, 20) | st.floats(-20, 20, width=16),
    step=st.sampled_from([1, 2, 3, -1, -2, 0.5, 0.1, 0.3, -0.25, 1.5]),
    dtype=st.sampled_from([None, "float32", "float64", "int64", "int32", "uint8"]),
)
def test_arange_is_pytorchs(start: Any, end: Any, step: Any, dtype: str | None) -> None:
    oracle = pytest.importorskip("torch")

    def make(library: Any) -> Any:
        return library.arange(start, end, step, dtype=dtype and getattr(library, dtype))

    assert _outcome(make, torch) == _outcome(make, oracle)


def _outcome(function: Any, library: Any) -> Any:
    try:
        made = function(library)
    except Exception as error:
        return type(error).__name__, str(error)
    return str(made.dtype), made.tolist()


@pytest.mark.oracle
@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(-20, 20) | st.floats(-20, 20, width=16),
    end=st.integers(-20, 20) | st.floats(-20, 20, width=16),
    steps=st.integers(0, 70),
    dtype=st.sampled_from(["float32", "float64", "int64", "int32"]),
)
def test_linspace_is_pytorchs(start: Any, end: Any, steps: int, dtype: str) -> None:
    oracle = pytest.importorskip("torch")
    ours = torch.linspace(start, end, steps, dtype=getattr(torch, dtype))
    assert ours.tolist() == oracle.linspace(start, end, steps, dtype=getattr(oracle, dtype)).tolist()


def test_linspace_counts_from_both_ends() -> None:
    values = _spaced(0.1, 0.7, 101, np.dtype("float32"))
    assert values[0] == np.float32(0.1)
    assert values[-1] == np.float32(0.7)
    assert np.all(np.diff(values) > 0)
