"""The lessons on GradientTape, on Sequential with compile and fit, and on the cost of a backward pass show the notes' figures."""

import gzip
import hashlib
import json
import re

import numpy as np
import pytest
from running import ROOT, output_of, python

import tinygrad_edu as torch
from tinygrad_edu import datasets, visualize
from tinygrad_edu.datasets.idx import read_idx, write_idx

FILES = {
    "train-images-idx3-ubyte": (0x803, 2000), "train-labels-idx1-ubyte": (0x801, 2000),
    "t10k-images-idx3-ubyte": (0x803, 300), "t10k-labels-idx1-ubyte": (0x801, 300),
}  # fmt: skip


def run(number, tmp_path, *options):
    """What a lesson prints, and the figures at its end: what it is about, the note's figure, ours."""
    (path,) = (ROOT / "examples").glob(f"{number}_*.py")
    figures = tmp_path / "figures.json"
    printed = output_of(path, "--out", tmp_path, *options, env={"LESSON_FIGURES": str(figures), "OPENBLAS_NUM_THREADS": "1"})
    rows = json.loads(figures.read_text())
    assert "DIFFERENT" not in printed.partition("\n----")[2]
    return printed, {what: (note, ours) for what, note, ours, *_ in rows}


def numbers(text):
    return [float(each) for each in re.findall(r"[-+.\d]+(?:e[-+]\d+)?", text)]


# ---- 13


def test_the_tape_gives_the_notes_numbers(tmp_path):
    printed, figures = run("13", tmp_path, "--quick")
    assert [ours for _, ours in figures.values()] == [
        "[[8.0, 8.0], [8.0, 8.0]]", "108.0", "6.0", "12.0 12.0 4.0",
        "<Variable 'Variable:0' shape=() dtype=float32, numpy=1.0>", "3.0", "6.0", "3.0 6.0",
    ]  # fmt: skip
    assert "asked twice: A non-persistent GradientTape can only be used to compute one set of gradients" in printed
    picture = (tmp_path / "13_tape.svg").read_text()
    assert ">x<" in picture and "8.00" in picture and "16.0" in picture


def test_a_recording_knows_what_a_tape_watched_by_its_name():
    x = torch.ones(2)
    with visualize.record() as recording:
        with torch.GradientTape() as tape:
            tape.watch(x)
            y = (x * x).sum()
        tape.gradient(y, x)
    assert recording.find(x) is not None and recording.find(torch.ones(2)) is None
    assert ">x<" in visualize.draw(recording.trace(y, {"x": x, "y": y})).svg()


# ---- 14


def test_the_tables_are_the_notes_and_the_training_is_keras(tmp_path):
    printed, figures = run("14", tmp_path, "--quick")
    for line in (
        'Model: "sequential_1"', "flatten (Flatten)            (None, 784)               0",
        "dense (Dense)                (None, 128)               100480", "dense_1 (Dense)              (None, 10)                1290",
        "Total params: 101,770", 'Model: "sequential_2"', "dense_2 (Dense)              (None, 10)                7850",
        "Total params: 7,850", "Epoch 8/8",
    ):  # fmt: skip
        assert line in printed
    assert re.search(
        r"\n17/17 \[={30}\] - \d+s \d+[mu]s/step - loss: \d.\d{4} - accuracy: \d.\d{4} - val_loss: \d.\d{4} - val_accuracy: ", printed
    )
    assert figures["one softmax layer"] == ("7850", "7850")
    assert {"14_model.svg", "14_history.png"} <= {path.name for path in tmp_path.iterdir()}
    picture = (tmp_path / "14_model.svg").read_text()
    assert all(shape in picture for shape in ("(None, 28, 28)", "(None, 784)", "(None, 128)", "(None, 10)"))


def test_the_wine_is_learned(tmp_path):
    printed, _ = run("14", tmp_path)
    assert numbers(re.search(r"\n2/2 - \d+s - loss: .* - accuracy: (.*)", printed)[1])[0] >= 0.95


# ---- 15


def striped(n, rng):
    """Grey images with a bright bar whose place is their class, under noise; and their labels."""
    labels = rng.integers(0, 10, n).astype(np.uint8)
    images = rng.integers(0, 90, (n, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label + 4 : 2 * label + 7, 4:24] = 220
    return images, labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the four IDX files, packed as they are distributed."""
    folder, rng = tmp_path_factory.mktemp("idx"), np.random.default_rng(0)
    for part, n in (("train", 2000), ("t10k", 300)):
        images, labels = striped(n, rng)
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels)
    return folder


def test_the_files_have_the_structure_that_the_format_asks_for(folder):
    for name, (magic, n) in FILES.items():
        data = gzip.decompress((folder / f"{name}.gz").read_bytes())
        assert int.from_bytes(data[:4], "big") == magic and int.from_bytes(data[4:8], "big") == n
        shape = (n, 28, 28) if magic == 0x803 else (n,)
        assert [int.from_bytes(data[i : i + 4], "big") for i in range(4, 4 + 4 * len(shape), 4)] == list(shape)
        array = read_idx(folder / f"{name}.gz")
        assert array.shape == shape and array.tobytes() == data[4 + 4 * len(shape) :]


@pytest.mark.parametrize("kind", ["FashionMNIST", "MNIST"])
def test_784_128_10_learns_from_idx_files(folder, tmp_path, kind):
    printed, figures = run("15", tmp_path, "--data", folder, "--images", kind, "--epochs", "3")
    assert "(None, 128)               100480" in printed and "\n63/63 - " in printed and "\n10/10 - " in printed
    assert figures["parameters, 128 hidden"] == ("101770", "101770")
    assert float(figures["test accuracy, 128 hidden"][1]) >= 0.95 and float(figures["test accuracy, one layer"][1]) >= 0.9
    assert (tmp_path / "15_predictions.png").stat().st_size > 10_000


def test_a_checksum_tells_a_file_that_is_another(folder, tmp_path, monkeypatch):
    """Downloading takes a file that is there when its md5 sum is right, and no other."""
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        (raw / f"{name}.gz").write_bytes((folder / f"{name}.gz").read_bytes())
    sums = [(f"{name}.gz", hashlib.md5((raw / f"{name}.gz").read_bytes()).hexdigest()) for name in FILES]
    monkeypatch.setattr(datasets.FashionMNIST, "resources", sums)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [])
    (train, labels), (test, _) = torch.keras.datasets.fashion_mnist.load_data(tmp_path)
    assert train.shape == (2000, 28, 28) and test.shape == (300, 28, 28) and labels.dtype == train.dtype == np.uint8
    np.testing.assert_array_equal(labels, read_idx(folder / "train-labels-idx1-ubyte.gz"))


def test_a_folder_without_files_is_told_of(tmp_path):
    done = python(ROOT / "examples" / "15_fashion_mnist.py", "--data", tmp_path, "--out", tmp_path)
    assert done.returncode == 1 and "not found" in done.stderr and "Traceback" not in done.stderr


def test_digits_reach_95_percent(tmp_path):
    pytest.importorskip("sklearn")
    _, figures = run("15", tmp_path, "--images", "digits", "--epochs", "2")
    assert float(figures["test accuracy, 128 hidden"][1]) >= 0.95
    assert figures["parameters, 128 hidden"][1] == "9610"


# ---- 17


def test_regression_falls_as_in_the_note(tmp_path):
    printed, figures = run("17", tmp_path, "--quick")
    assert figures["the history's keys"][1] == "loss mae mse" and printed.count("32/32 [====") == 50
    (first, _), (last, mae) = (numbers(figures[f"{which} epoch: mse, mae"][1]) for which in ("first", "last"))
    assert 0.06 < first < 0.1 and 0.008 < last < 0.013 and mae < 0.1
    assert (tmp_path / "17_history.png").exists()


# ---- 25


def test_a_backward_pass_is_counted_and_measured(tmp_path):
    printed, figures = run("25", tmp_path, "--quick")
    assert list(figures) == ["MLP, here", "CNN, here", "LSTM, here"]
    for network, products in (
        # every weight twice, but that of the first layer; of each convolution as often as it is applied
        ("MLP", 2 - 784 * 512 / (784 * 512 + 2 * 512 * 512 + 512 * 10)),
        ("CNN", 2 - 25 * 6 * 784 / (25 * 6 * 784 + 150 * 16 * 100 + 400 * 120 + 1200)),
        ("LSTM", 2 - 32 * 32 * 512 / (32 * (32 + 128) * 512 + 1280)),
    ):
        forward, backward, ratio, counted = numbers(re.search(rf"\n{network} +here(.*)", printed)[1])
        assert forward > 0 and backward > 0 and ratio == float(figures[f"{network}, here"][1]) and counted == round(products, 2)
    assert (tmp_path / "25_cost.png").exists()
