"""The Tensor's protocol: sessions with PyTorch written down (transcripts/), and what only this package decides."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import transcript
from agreement import agree
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as torch

SESSIONS = transcript.sessions("tensor", "python", "conversion")


@pytest.mark.parametrize("session", SESSIONS)
def test_session(session: transcript.Session) -> None:
    transcript.check(session, torch)


@pytest.mark.oracle
@pytest.mark.parametrize("session", SESSIONS)
def test_session_is_pytorchs(session: transcript.Session) -> None:
    transcript.check_pytorch(session)


# ---- what PyTorch can do and this package cannot, or does otherwise -------------------------------------------------


def test_bfloat16_is_a_name_that_makes_no_tensor() -> None:
    assert repr(torch.bfloat16) == "torch.bfloat16"
    x = torch.ones(1)
    for attempt in (lambda: x.bfloat16(), lambda: x.to(torch.bfloat16), lambda: torch.zeros(1, dtype=torch.bfloat16)):
        with pytest.raises(TypeError, match=r"torch.bfloat16 tensors cannot be made here: NumPy has no such type"):
            attempt()


@pytest.mark.parametrize("device", ["meta", "mps", "cpu:0", "cpu"])
def test_other_devices_are_refused_in_one_sentence(device: str) -> None:
    if device.startswith("cpu"):
        assert torch.zeros(1, device=device).device == torch.device("cpu")
        return
    with pytest.raises(RuntimeError, match=f"tensors live on the cpu here, but device '{device}' was asked for"):
        torch.zeros(1, device=device)


def test_pinning_memory_is_accepted() -> None:
    x = torch.ones(1)
    assert x.pin_memory() is x


def test_storage() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    with pytest.warns(UserWarning, match="TypedStorage is deprecated"):
        storage = x.storage()
    assert storage.data_ptr() == x.data_ptr() == x[0].untyped_storage().data_ptr()
    assert x.untyped_storage() == x[1].untyped_storage() != x.clone().untyped_storage()
    assert x[1].untyped_storage().nbytes() == storage.nbytes() == 24


# ---- memory ---------------------------------------------------------------------------------------------------------


def test_data_shares_memory_unnoticed_by_autograd() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    x.data.mul_(10)
    y.backward()
    assert x.tolist() == [10, 20]
    assert x.grad is not None
    assert x.grad.tolist() == [20, 40]
    assert x._version == 0


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32", "float64", "complex64", "uint64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_data_keeps_dtype_shape_and_strides(dtype: str, shape: tuple[int, ...]) -> None:
    x = torch.zeros(shape, dtype=getattr(torch, dtype)).t() if len(shape) < 3 else torch.zeros(shape)
    assert (x.data.dtype, x.data.shape, x.data.stride()) == (x.dtype, x.shape, x.stride())
    assert x.data._array.dtype is x._array.dtype  # dtypes are compared by identity


def test_numpy_gives_a_view_that_can_be_reshaped_in_place() -> None:
    x = torch.zeros(4)
    array = x.numpy()
    array.shape = (2, 2)
    array[0, 1] = 5
    assert x.tolist() == [0, 5, 0, 0]


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["float32", "int64", "bool", "uint8", "complex64"])
def test_the_elements_of_a_storage(kind: str) -> None:
    def script(torch: Any) -> Any:
        warnings.simplefilter("ignore")  # PyTorch warns once in a process
        x = torch.tensor([[4, 1, 0], [5, 3, 2]], dtype=getattr(torch, kind))
        row, said = x.t()[1:].storage(), []
        before = repr(row), repr(x.untyped_storage()), len(row), row.size(), row.tolist(), str(row.dtype), str(row.device)
        row[0], row[4:] = 1, 0
        for index in (6, -7, "a", slice(2)):
            try:
                said.append(row[index])
            except (IndexError, RuntimeError) as error:
                said.append(str(error))
        copied = row.clone().fill_(1)
        after = x, row[-1], list(row), x.untyped_storage()[0], row.element_size(), row.type(), torch.is_storage(row)
        return before, said, after, row.copy_(copied).tolist(), x, row == x.storage(), copied == row

    agree(script)


def test_resizing_within_the_storage_finds_the_elements_again() -> None:
    x = torch.arange(4.0)
    whole = x.view(4)
    assert x.resize_(2).tolist() == [0, 1]
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    x[0, 0] = 9
    assert whole[0] == 9


# ---- copies and pickles ---------------------------------------------------------------------------------------------


class Tagged(torch.Tensor):
    """A user's subclass with an attribute."""

    tag: list[str]


def test_subclasses_keep_class_and_attributes() -> None:
    x = Tagged([1.0, 2.0])
    x.tag = ["kept"]
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x)):
        assert type(y) is Tagged
        assert y.tag == ["kept"]
        assert y.tolist() == [1, 2]
    assert copy.deepcopy(x).tag is not x.tag
    assert repr(x) == "Tagged([1., 2.])"


def test_pickles_name_no_class_for_plain_tensors() -> None:
    """``Tensor`` prints as ``torch.Tensor``, where pickle would not find it."""
    assert repr(torch.Tensor) == "<class 'torch.Tensor'>"
    written = pickle.dumps(torch.ones(2).requires_grad_())
    assert b"ctorch" not in written
    assert b"\x05torch" not in written
    script = f"import pickle, sys; x = pickle.loads({written!r}); assert 'torch' not in sys.modules; print(x)"
    read = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert read.stdout == "tensor([1., 1.], requires_grad=True)\n"


def test_a_pickle_of_views_holds_their_storage_once() -> None:
    base = torch.zeros(1000)
    assert len(pickle.dumps([base, base[10:], base.view(10, 100).t()])) < 5000 + 1000
    a, b = pickle.loads(pickle.dumps((base[1:], base[:2])))
    a[0] = 7
    assert b.tolist() == [0, 7]


def test_deepcopy_copies_neither_hooks_nor_graph() -> None:
    calls: list[Any] = []
    x = torch.ones(2, requires_grad=True)
    x.register_hook(calls.append)
    y = copy.deepcopy(x)
    (y * 2).sum().backward()
    assert calls == []
    assert y.grad is not None
    assert x.grad is None
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)


@pytest.mark.parametrize("name", ["relu", "zeros", "softmax", "float32", "Size", "device", "FloatTensor", "no_grad"])
def test_public_names_pickle(name: str) -> None:
    value = getattr(torch, name)
    assert pickle.loads(pickle.dumps(value)) is value


# ---- signatures, help, attributes -----------------------------------------------------------------------------------


def test_signatures_show_pytorchs_names() -> None:
    assert list(inspect.signature(torch.relu).parameters) == ["input", "out"]
    assert list(inspect.signature(torch.mul).parameters)[:2] == ["input", "other"]
    assert list(inspect.signature(torch.sum).parameters)[:3] == ["input", "dim", "keepdim"]
    assert next(iter(inspect.signature(torch.Tensor.view).parameters)) == "self"


def test_help_prints() -> None:
    import pydoc

    text = io.StringIO()
    pydoc.Helper(output=text)(torch.softmax)
    assert "softmax(" in text.getvalue()
    assert (torch.softmax.__doc__ or "").split("\n")[0] in text.getvalue()
    assert "requires_grad" in dir(torch.ones(1))
    assert "class Tensor" in pydoc.plain(pydoc.render_doc(torch.Tensor))


def test_methods_are_functions_of_the_class() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert torch.Tensor.relu(x).tolist() == [0, 2]
    assert torch.Tensor.add(x, 1).tolist() == [0, 3]
    assert torch.Tensor.sum(x).item() == 1
    assert torch.Tensor.__add__(x, x).tolist() == [-2, 4]
    assert torch.Tensor.shape.__get__(x) == (2,)


def test_every_attribute_answers() -> None:
    """Lazily bound methods compile, whatever is looked up first."""
    x = torch.ones(2, 2)
    names = [name for name in dir(x) if name not in ("volatile", "imag")]
    methods = [name for name in names if inspect.ismethod(getattr(x, name)) and not name.startswith("_")]
    assert len(methods) > 250
    assert all(getattr(x, name).__name__ for name in methods)


# ---- against PyTorch over many values -------------------------------------------------------------------------------

ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_, np.complex64, np.float16]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)


@pytest.mark.oracle
@settings(max_examples=60, deadline=None)
@given(array=ARRAYS, spec=st.sampled_from(["", ".3f", "10", "e"]))
def test_values_and_texts_are_pytorchs(array: np.ndarray, spec: str) -> None:
    oracle = pytest.importorskip("torch")
    ours, theirs = torch.from_numpy(array.copy()), oracle.from_numpy(array.copy())
    assert repr(ours) == repr(theirs)
    assert repr(ours.tolist()) == repr(theirs.tolist())
    assert (ours.is_contiguous(), ours.type()) == (theirs.is_contiguous(), theirs.type())
    assert not array.size or ours.clone().stride() == theirs.clone().stride()
    assert _outcome(lambda t: format(t, spec), ours) == _outcome(lambda t: format(t, spec), theirs)
    for convert in (float, int, bool, complex, len, list):
        assert _outcome(convert, ours) == _outcome(convert, theirs)


def _outcome(function: Any, tensor: Any) -> Any:
    try:
        return repr(function(tensor))
    except Exception as error:
        return type(error).__name__, str(error).replace("torch.Tensor.__format__", "Tensor.__format__")
