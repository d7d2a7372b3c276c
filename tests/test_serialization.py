"""Saving and loading: PyTorch's files both ways, what is refused, and what a damaged or hostile file can do: nothing."""

import collections
import io
import os
import pickle
import stat
import struct
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import pytest
from serialization_cases import DTYPES, around, described, rezipped, saved

import tinygrad_edu as torch


def everything(torch, zipped=True):
    """What a checkpoint can hold, made in either library."""
    torch.manual_seed(0)
    base = torch.arange(6.0).reshape(2, 3)
    tagged, with_state = torch.ones(2), torch.nn.Parameter(base.clone())
    tagged.note, with_state.note = [1], "kept"
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    names = [name for name in DTYPES if zipped or not name.startswith(("uint16", "uint32", "uint64"))]
    return {
        "base": base, "slice": base[:, 1:], "transposed": base.t(), "repeated": torch.ones(3, 1).expand(3, 4),
        "parameter": torch.nn.Parameter(base.clone()), "with state": with_state, "tagged": tagged,
        "leaf": torch.ones(2, requires_grad=True), "no leaf": torch.ones(2, requires_grad=True) * 2,
        "empty": [torch.empty(0), torch.empty(0, 3)], "number": torch.tensor(3),
        "dtypes": [torch.tensor([1, 0], dtype=getattr(torch, name)) for name in names],
        "names": [torch.float16, torch.bfloat16, torch.device("cpu"), torch.device("cuda:1"), base.shape],
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "ordered": OrderedDict(x=1), "count": Counter("aab"),
        "plain": (1, 2.5, None, True, "é\U0001f600", b"bytes", 2**80, -5, 1e308, 3 + 4j, {1, 2}, bytearray(b"q"), (), []),
        "deep": [({"base": base},)], 3: {(1, 2): "tuple key"},
    }  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("zipped", [True, False])
def test_files_open_in_pytorch_and_pytorchs_files_here(zipped, weights_only):
    real = pytest.importorskip("torch")
    for writer, reader in ((torch, real), (real, torch), (torch, torch)):
        value, file = everything(writer, zipped), io.BytesIO()
        writer.save(value, file, _use_new_zipfile_serialization=zipped)
        file.seek(0)
        loaded = reader.load(file, weights_only=weights_only)
        value["no leaf"] = value["no leaf"].detach().requires_grad_()  # a file has no history
        assert described(loaded) == described(value)
        loaded["base"][0, 1] = 100
        assert loaded["slice"][0, 0] == loaded["transposed"][1, 0] == loaded["deep"][0][0]["base"][0, 1] == 100


@pytest.mark.oracle
def test_the_archive_is_laid_out_as_pytorchs(tmp_path):
    real = pytest.importorskip("torch")
    for library, name in ((torch, "ours"), (real, "real")):
        library.save({"x": library.ones(3), "y": library.zeros(2)}, tmp_path / f"{name}.pt")
    with zipfile.ZipFile(tmp_path / "ours.pt") as ours, zipfile.ZipFile(tmp_path / "real.pt") as theirs:
        assert ours.read("ours/data.pkl") == theirs.read("real/data.pkl")
        assert ours.testzip() is None
        names = {name.partition("/")[2]: name for name in theirs.namelist()}
        for name in ("data.pkl", "byteorder", "version", "data/0", "data/1"):
            assert ours.read(f"ours/{name}") == theirs.read(names[name])
        for info in ours.infolist():
            with open(tmp_path / "ours.pt", "rb") as file:
                file.seek(info.header_offset + 26)
                lengths = struct.unpack("<HH", file.read(4))
            assert (info.header_offset + 30 + sum(lengths)) % 64 == 0 and info.compress_type == zipfile.ZIP_STORED
    mapped = real.load(tmp_path / "ours.pt", mmap=True)
    assert mapped["y"].tolist() == [0, 0]


@pytest.mark.oracle
def test_bfloat16_becomes_float32():
    real = pytest.importorskip("torch")
    values = real.tensor([1.0, -2.5, float("inf"), 3e38, 1e-40], dtype=real.bfloat16)
    for zipped in (True, False):
        file = io.BytesIO()
        real.save([values, values[1:3]], file, _use_new_zipfile_serialization=zipped)
        file.seek(0)
        with pytest.warns(UserWarning, match="bfloat16 tensors; NumPy has no such type, so they are loaded as float32"):
            whole, part = torch.load(file)
        assert whole.dtype is torch.float32 and whole.tolist() == values.float().tolist()
        whole[1] = 7
        assert part[0] == 7


@pytest.mark.oracle
def test_numpys_values_need_weights_only_false():
    real = pytest.importorskip("torch")
    value = {"accuracy": np.float64(0.5), "curve": np.arange(6.0).reshape(2, 3).T, "n": np.int32(3)}
    value["names"] = np.array(["a", "bc"])
    for library in (torch, real):
        file = io.BytesIO()
        library.save(value, file)
        file.seek(0)
        with pytest.raises(UnpicklingError, match=r"GLOBAL numpy\.\S+ was not an allowed global by default"):
            torch.load(file)
        file.seek(0)
        loaded = torch.load(file, weights_only=False)
        for key, each in value.items():
            assert type(loaded[key]) is type(each) and np.array_equal(loaded[key], each) and loaded[key].dtype == each.dtype
    file = saved(value)
    assert real.load(file, weights_only=False)["curve"].tolist() == value["curve"].tolist()
    with pytest.raises(UnpicklingError, match="not loaded: only numbers and strings"):
        around(np.array([{}, print], dtype=object), weights_only=False)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "location", ["cpu", torch.device("cpu"), {"cpu": "cpu"}, {}, lambda storage, tag: storage, lambda storage, tag: None]
)
def test_map_location_takes_every_kind(location):
    assert torch.load(saved(torch.ones(2)), map_location=location).tolist() == [1, 1]


@pytest.mark.oracle
def test_map_location_is_refused_as_in_pytorch():
    real = pytest.importorskip("torch")
    for location in ("cuda", "cuda:0", {"cpu": "cuda:1"}, "nowhere", lambda storage, tag: "no storage"):
        words = []
        for library in (torch, real):
            with pytest.raises((RuntimeError, TypeError)) as caught:
                library.load(saved(torch.ones(2)), map_location=location)
            words.append((type(caught.value), str(caught.value).splitlines()[-1]))
        assert words[0] == words[1]


def test_tags_of_other_devices_are_mapped():
    data = saved([torch.ones(2)]).getvalue()
    data = rezipped(data, {"data.pkl": record(data, "data.pkl").replace(b"\x03\x00\x00\x00cpu", b"\x06\x00\x00\x00cuda:0")})
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        torch.load(io.BytesIO(data))
    tags = []
    torch.load(io.BytesIO(data), map_location=lambda storage, tag: tags.append((storage.nbytes(), tag)) or storage)
    assert tags == [(8, "cuda:0")]
    assert torch.load(io.BytesIO(data), map_location="cpu")[0].tolist() == [1, 1]


# ---- files ----------------------------------------------------------------------------------------------------------


def test_paths_and_files(tmp_path):
    value = {"x": torch.arange(3)}
    for target in (tmp_path / "a.pt", str(tmp_path / "b.pt")):
        torch.save(value, target)
        assert torch.load(target)["x"].tolist() == [0, 1, 2]
    with open(tmp_path / "c.pt", "wb") as file:
        torch.save(value, file)
    with open(tmp_path / "c.pt", "rb") as file:
        assert torch.load(file)["x"].tolist() == [0, 1, 2]
    assert torch.load(tmp_path / "a.pt", mmap=True)["x"].tolist() == [0, 1, 2]
    assert (tmp_path / "c.pt").read_bytes() == saved(value).getvalue()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.pt", "b.pt", "c.pt"]


@pytest.mark.oracle
def test_wrong_files_are_errors_as_in_pytorch(tmp_path):
    real = pytest.importorskip("torch")
    good = saved(torch.ones(2)).getvalue()
    for call in (
        lambda t: t.save(1, 3), lambda t: t.save(1, tmp_path / "no" / "x.pt"), lambda t: t.load(3),
        lambda t: t.load(tmp_path / "no.pt"), lambda t: t.load(io.BytesIO(good), mmap=True),
        lambda t: t.load(io.BytesIO(good), pickle_module=pickle, weights_only=True), lambda t: t.load(io.BytesIO(good[:99])),
        lambda t: t.load(io.BytesIO(good[:-9])), lambda t: t.load(tmp_path),
        lambda t: t.save([x := t.ones(4), x.view(t.int32)], io.BytesIO()),
    ):  # fmt: skip
        found = []
        for library in (torch, real):
            with pytest.raises(Exception) as caught:
                call(library)
            found.append((type(caught.value), str(caught.value)))
        assert found[0] == found[1]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    torch.save(1, path)
    path.chmod(0o640)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        torch.save([torch.ones(3), lambda: 0], path)
    assert torch.load(path) == 1

    def full(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        torch.save(2, path)
    monkeypatch.undo()
    assert torch.load(path) == 1 and [each.name for each in tmp_path.iterdir()] == ["x.pt"]
    torch.save(3, path)
    assert torch.load(path) == 3 and stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_are_followed_and_devices_written(tmp_path):
    (tmp_path / "link.pt").symlink_to(tmp_path / "real.pt")
    torch.save(1, tmp_path / "link.pt")
    assert (tmp_path / "link.pt").is_symlink() and torch.load(tmp_path / "real.pt") == 1
    torch.save(1, os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_the_same_content_gives_the_same_bytes():
    assert saved({"x": torch.ones(3)}).getvalue() == saved({"x": torch.ones(3)}).getvalue()


def test_memory_is_the_files_own(tmp_path):
    array = np.arange(12.0).reshape(3, 4)
    loaded = around({"gaps": torch.from_numpy(array[:, ::2]), "column": torch.from_numpy(array.T)})
    assert loaded["gaps"].tolist() == array[:, ::2].tolist() and loaded["column"].tolist() == array.T.tolist()
    loaded["gaps"].zero_()
    assert array[0, 2] == 2 and loaded["column"][0].tolist() == [0, 0, 0]


# ---- what is refused ----------------------------------------------------------------------------------------------------


class Trusted:
    """A class of the user's."""

    def __init__(self, x):
        self.x = x


class Net(torch.nn.Module):
    """A model of the user's, with all that a layer may hold."""

    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.Dropout(0.0))
        self.rest = torch.nn.ModuleList([torch.nn.LSTM(3, 2), torch.nn.Transformer(8, 2, 1, 1, 16, batch_first=True)])
        self.scales = torch.nn.ParameterList([torch.ones(1)])
        self.register_buffer("shift", torch.ones(3), persistent=False)
        self.activation, self.last, self.options = torch.nn.functional.relu, torch.tanh, {"sizes": [1, None]}

    def forward(self, x):
        return self.last(self.activation(self.body(x)) * self.scales[0] + self.shift)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_whole_model_needs_its_class_and_weights_only_false(zipped):
    model, x = Net(), torch.randn(4, 2)
    same = around({"model": model, "epoch": 3}, weights_only=False, _use_new_zipfile_serialization=zipped)["model"]
    assert type(same) is Net and repr(same) == repr(model) and same.options == model.options
    assert torch.equal(same(x), model(x)) and list(same.state_dict()) == list(model.state_dict())
    same.train()(x).sum().backward()
    assert all(each.grad is not None for each in same.body.parameters()) and model.body[0].weight.grad is None
    file = saved(torch.nn.Linear(2, 2))
    with pytest.raises(UnpicklingError, match=r"GLOBAL tinygrad_edu\.nn\.linear\.Linear .*") as caught:
        torch.load(file)
    assert "`weights_only=False` reads models whose classes" in str(caught.value)


@pytest.mark.parametrize(
    "program",
    [
        b"ctinygrad_edu.nn.linear\nLinear\n(K\x02K\x02tR.",  # a call of the class
        b"ctinygrad_edu.nn.functional\nrelu\n(K\x02tR.",  # a call of a function
        b"ctinygrad_edu.nn.module\n_attribute\n.",
        b"ctinygrad_edu.serialization\nload\n)R.",
        b"ctinygrad_edu.nn.never.imported\nLinear\n.",
        b"ctinygrad_edu.nn.linear\nLinear.forward\n.",
    ],
)
def test_what_a_file_with_a_model_may_not_do(program):
    archive = rezipped(saved(1).getvalue(), {"data.pkl": b"\x80\x02" + program})
    with pytest.raises(UnpicklingError):
        torch.load(io.BytesIO(archive), weights_only=False)


def test_classes_are_refused_with_help_unless_trusted():
    file = saved(Trusted(torch.ones(2)))
    with torch.serialization.safe_globals([Trusted]):
        assert torch.load(file).x.tolist() == [1, 1]
        assert torch.serialization.get_safe_globals() == [Trusted]
    file.seek(0)
    with pytest.raises(UnpicklingError, match="Trusted was not an allowed global"):
        torch.load(file)
    torch.serialization.add_safe_globals([(Trusted, f"{Trusted.__module__}.Trusted")])
    file.seek(0)
    assert torch.load(file).x.tolist() == [1, 1]
    torch.serialization.clear_safe_globals()
    assert not torch.serialization.get_safe_globals()


def test_the_unsafe_names_of_a_file_can_be_listed(tmp_path):
    torch.save({"model": Trusted(1), "x": torch.ones(1)}, tmp_path / "x.pt")
    names = torch.serialization.get_unsafe_globals_in_checkpoint(tmp_path / "x.pt")
    assert f"{Trusted.__module__}.Trusted" in names and not any(name.startswith("torch.") for name in names)
    torch.save({"x": torch.ones(1)}, tmp_path / "x.pt")
    assert torch.serialization.get_unsafe_globals_in_checkpoint(tmp_path / "x.pt") == []


def test_plain_data_beyond_pytorchs_list_needs_weights_only_false():
    import argparse

    value = [range(3), slice(1, None), frozenset([1]), collections.defaultdict(list, a=[1]), argparse.Namespace(lr=0.1)]
    assert around(value, weights_only=False) == value
    for each in value:
        with pytest.raises(UnpicklingError, match="was not an allowed global by default"):
            around(each)


class Evil:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


MARK = "/tmp/tinygrad_edu_was_run"


HOSTILE = {
    "system": Evil(os.system, f"touch {MARK}"), "exec": Evil(exec, f"open({MARK!r}, 'w')"), "eval": Evil(eval, "1"),
    "getattr": Evil(getattr, "x", "upper"), "import": Evil(__import__, "antigravity"),
    "open": Evil(open, MARK, "w"), "path": Evil(Path, MARK), "defaultdict": collections.defaultdict(Trusted),
    "partial": Evil(__import__("functools").partial, print), "map": Evil(map, print, [1]),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("weights_only", [True, False])
def test_code_is_never_run(name, weights_only):
    for protocol in (2, 4):
        data = pickle.dumps([HOSTILE[name]], protocol)
        archive = rezipped(saved(1).getvalue(), {"data.pkl": data})
        with pytest.raises(UnpicklingError):
            torch.load(io.BytesIO(archive), weights_only=weights_only)
        head = b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {}))
        for file in (data, head + data):
            with pytest.raises((UnpicklingError, RuntimeError)):
                torch.load(io.BytesIO(file), weights_only=weights_only)
    assert not os.path.exists(MARK)


PROGRAMS = {
    "a blocked module": (b"cposix\nsystem\n(U\x02lstR.", "module posix is blocked"),
    "an attribute of what is allowed": (b"ccollections\nOrderedDict.fromkeys\n.", "not an allowed global"),
    "a call of what is no function": (b"]K\x01\x85R.", "unrecognized function"),
    "a call of a dtype": (b"ctorch\nfloat32\n)R.", "unrecognized function"),
    "a call of the class of tensors": (b"ctorch\nTensor\nK\x05\x85R.", "unrecognized function"),
    "a new object of a builtin": (b"c__builtin__\nset\n)\x81.", "Can only create new object"),
    "state for a list": (b"]}b.", "Can only build"),
    "items for a tuple": (b")K\x01K\x02s.", "Can only SETITEM for dict"),
    "an append to a dictionary": (b"}K\x01a.", "Can only append to lists"),
    "memory by the gigabyte": (b"c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R.", "bytearray is for bytes"),
    "an unknown code page": (b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R.", "latin1 or utf-8"),
    "an extension": (b"\x82\x01.", "Unsupported operand 130"),
    "an instance": (b"(iposix\nsystem\n.", "Unsupported operand 105"),
    "another persistent id": (b"K\x01\x85Q.", "Only persistent_load of storage"),
    "an empty stack": (b".", "stack is empty"),
    "a missing memo": (b"h\x07.", "corrupt pickle"),
    "a list as a key": (b"}]K\x01s.", "corrupt pickle"),
    "sizes below zero": (None, "must not be negative"),
    "sizes beyond the storage": (None, "out of bounds for storage of size 8"),
}


def tensor_program(offset, size, stride, numel=2):
    """The pickle of one tensor with these facts."""
    pid = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + pushed(numel) + b"tQ"
    numbers = pushed(offset) + b"(" + b"".join(map(pushed, size)) + b"t(" + b"".join(map(pushed, stride)) + b"t"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + pid + numbers + b"\x89ccollections\nOrderedDict\n)RtR."


def pushed(n):
    data = pickle.encode_long(n)
    return b"\x8a" + bytes([len(data)]) + data


@pytest.mark.parametrize("name", PROGRAMS)
def test_hostile_programs_are_refused(name):
    program, words = PROGRAMS[name]
    if name == "sizes below zero":
        program = tensor_program(0, [-1], [1])
    elif name == "sizes beyond the storage":
        program = tensor_program(1, [2, 2**40], [0, 1])
    archive = rezipped(saved(torch.ones(2)).getvalue(), {"data.pkl": b"\x80\x02" + program})
    with pytest.raises((UnpicklingError, RuntimeError), match=words):
        torch.load(io.BytesIO(archive))


def test_storages_must_have_the_size_that_is_announced():
    good = saved(torch.ones(2)).getvalue()
    for numel in (3, 2**60, -1):
        program = b"\x80\x02" + tensor_program(0, [2], [1], numel)
        with pytest.raises(RuntimeError, match="does not match expected size"):
            torch.load(io.BytesIO(rezipped(good, {"data.pkl": program})))
    with pytest.raises(RuntimeError, match=r"record size \(4 bytes\) does not match expected size \(8 bytes = 2 elements"):
        torch.load(io.BytesIO(rezipped(good, {"data/0": b"1234"})))


def test_records_cannot_overlap():
    """Many names for the same bytes would announce more memory than the file has."""
    good = bytearray(saved([torch.ones(64), torch.zeros(64)]).getvalue())
    names = [good.rindex(b"archive/data/%d" % i) for i in (0, 1)]
    first = good[names[0] - 4 : names[0]]
    good[names[1] - 4 : names[1]] = first  # where its record begins
    with zipfile.ZipFile(io.BytesIO(bytes(good))) as archive:
        assert archive.getinfo("archive/data/1").header_offset == archive.getinfo("archive/data/0").header_offset
    with pytest.raises(RuntimeError, match="PytorchStreamReader failed"):
        torch.load(io.BytesIO(bytes(good)))


# ---- damaged files ------------------------------------------------------------------------------------------------------


def record(data, name):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(f"archive/{name}")
