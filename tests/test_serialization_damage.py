"""Damaged files and random programs: an error or harmless."""

import contextlib
import io
import pickle
import zipfile
from pickle import UnpicklingError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serialization_cases import DTYPES, around, described, rezipped, saved

import tinygrad_edu as torch


def test_missing_and_foreign_records():
    good = saved(torch.tensor([1.0, 2.0])).getvalue()
    for name in ("data.pkl", "data/0"):
        with pytest.raises(RuntimeError, match=f"PytorchStreamReader failed locating file {name}: file not found"):
            torch.load(io.BytesIO(rezipped(good, {name: None})))
    with pytest.raises(ValueError, match="Unknown endianness type: middle"):
        torch.load(io.BytesIO(rezipped(good, {"byteorder": b"middle"})))
    big = rezipped(good, {"byteorder": b"big", "data/0": np.array([1, 2], ">f4").tobytes()})
    assert torch.load(io.BytesIO(big)).tolist() == [1, 2]
    assert torch.load(io.BytesIO(rezipped(good, {"byteorder": None}))).tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="compressed or encrypted"):
        torch.load(io.BytesIO(rezipped(good, {}, zipfile.ZIP_DEFLATED)))
    for prefix in ("..", "/etc", "../../x", "C:\\x"):
        file = io.BytesIO(rezipped(good, {}, prefix=prefix))
        if "/" in prefix:
            with pytest.raises(RuntimeError, match="PytorchStreamReader failed locating"):
                torch.load(file)
        else:  # a name like any other: nothing is unpacked
            assert torch.load(file).tolist() == [1, 2]
    scripted = io.BytesIO(good)
    with zipfile.ZipFile(scripted, "a") as archive:
        archive.writestr("archive/constants.pkl", b"")
    scripted.seek(0)
    with pytest.raises(RuntimeError, match="TorchScript"):
        torch.load(scripted)
    with pytest.raises(RuntimeError, match="PytorchStreamReader failed"):
        torch.load(io.BytesIO(zipped_nothing()))


def zipped_nothing():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("readme", b"")
    return made.getvalue()


def test_what_is_no_file_of_pytorchs():
    with pytest.raises(EOFError, match="Ran out of input"):
        torch.load(io.BytesIO())
    for data in (b"hello world", b"\x80", b"<html></html>", b"\x93NUMPY", pickle.dumps({"a": 1}), b"PK\x03\x04"):
        with pytest.raises((RuntimeError, UnpicklingError)):
            torch.load(io.BytesIO(data))
    with pytest.raises(RuntimeError, match="Invalid magic number; corrupt file"):
        torch.load(io.BytesIO(pickle.dumps(1, 2)))
    with pytest.raises((AssertionError, TypeError)):
        torch.load(io.StringIO("text"))


EXPECTED = (UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, AssertionError, NotImplementedError)


SMALL = {"w": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "n": [1, "a"]}


@pytest.mark.parametrize("zipped", [True, False])
def test_every_truncation_is_noticed(zipped):
    data = saved(SMALL, _use_new_zipfile_serialization=zipped).getvalue()
    for end in range(len(data)):
        with pytest.raises(EXPECTED):
            torch.load(io.BytesIO(data[:end]))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), zipped=st.booleans(), weights_only=st.booleans())
def test_damage_is_an_error_or_harmless(data, zipped, weights_only):
    good = bytearray(saved(SMALL, _use_new_zipfile_serialization=zipped).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(EXPECTED):
        torch.load(io.BytesIO(bytes(good)), weights_only=weights_only)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_random_programs_do_no_harm(program):
    archive = rezipped(saved(torch.ones(2)).getvalue(), {"data.pkl": b"\x80\x02" + program + b"."})
    with contextlib.suppress(EXPECTED):
        torch.load(io.BytesIO(archive), weights_only=False)


def nested(inner):
    """Containers of what ``inner`` draws."""
    return st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4) | st.tuples(inner, inner)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=20)


PLAIN = LEAVES | nested(LEAVES) | nested(LEAVES | nested(LEAVES))


@settings(max_examples=100, deadline=None)
@given(PLAIN, st.sampled_from([2, 3, 4, 5]), st.booleans())
def test_plain_data_comes_back(value, protocol, zipped):
    assert around(value, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped) == value


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=0, max_size=3), st.sampled_from(DTYPES), st.data())
def test_tensors_come_back(shape, name, data):
    x = torch.arange(int(np.prod(shape))).reshape(shape).to(getattr(torch, name))
    if shape:
        x = x.permute(*data.draw(st.permutations(range(len(shape)))))
        start = data.draw(st.integers(0, x.shape[0]))
        x = x[start :: data.draw(st.integers(1, 2))]
    if x.numel():
        assert described(around(x)) == described(x)
    else:
        assert (around(x).shape, around(x).dtype) == (x.shape, x.dtype)
