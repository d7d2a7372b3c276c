"""The lessons on GradientTape, on Sequential with compile and fit, and on the cost of a backward pass, where sizes matter."""

import gzip
import hashlib
import re

import numpy as np
import pytest
from running import ROOT, python
from test_lessons import figures_of, ran

import tinygrad_edu as torch
from tinygrad_edu import datasets, visualize
from tinygrad_edu.datasets.idx import read_idx, write_idx

FILES = {
    "train-images-idx3-ubyte": (0x803, 2000), "train-labels-idx1-ubyte": (0x801, 2000),
    "t10k-images-idx3-ubyte": (0x803, 300), "t10k-labels-idx1-ubyte": (0x801, 300),
}  # fmt: skip


def numbers(text):
    return [float(each) for each in re.findall(r"[-+.\d]+(?:e[-+]\d+)?", text)]


# ---- 13


def test_the_picture_of_a_tape_has_values_and_gradients():
    _, _, folder = ran("13_gradient_tape.py")
    picture = (folder / "13_tape.svg").read_text(encoding="utf-8")
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


def test_the_model_is_drawn_with_its_shapes():
    picture = (ran("14_sequential.py")[2] / "14_model.svg").read_text(encoding="utf-8")
    assert all(shape in picture for shape in ("(None, 28, 28)", "(None, 784)", "(None, 128)", "(None, 10)"))


def test_progress_lines_are_kerass():
    line = r"\n17/17 \[={30}\] - \d+s \d+[mu]s/step - loss: \d.\d{4} - accuracy: \d.\d{4} - val_loss: \d.\d{4} - val_acc"
    assert len(re.findall(line, ran("14_sequential.py")[0])) == 8


def test_the_wine_is_learned():
    printed, _, _ = ran("14_sequential.py", "--epochs", "40")
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
def test_784_128_10_learns_from_idx_files(folder, kind):
    options = ("--data", str(folder), "--images", kind, "--epochs", "3")
    (printed, _, written), figures = ran("15_fashion_mnist.py", *options), figures_of("15_fashion_mnist.py", *options)
    assert "(None, 128)               100480" in printed and "\n63/63 - " in printed and "\n10/10 - " in printed
    assert figures["parameters, 128 hidden"] == "101770"
    assert float(figures["test accuracy, 128 hidden"]) >= 0.95 and float(figures["test accuracy, one layer"]) >= 0.9
    assert (written / "15_predictions.png").stat().st_size > 10_000


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


def test_digits_reach_95_percent():
    pytest.importorskip("sklearn")
    figures = figures_of("15_fashion_mnist.py", "--images", "digits", "--epochs", "2")
    assert float(figures["test accuracy, 128 hidden"]) >= 0.95 and figures["parameters, 128 hidden"] == "9610"


# ---- 17


def test_regression_falls_as_in_the_note():
    figures = figures_of("17_keras_regression.py")
    (first, _), (last, mae) = (numbers(figures[f"{which} epoch: mse, mae"]) for which in ("first", "last"))
    assert 0.06 < first < 0.1 and 0.008 < last < 0.013 and mae < 0.1
    assert ran("17_keras_regression.py")[0].count("\n32/32 [====") == 50


# ---- 25


def test_a_backward_pass_is_counted_and_measured():
    printed, figures = ran("25_backward_cost.py")[0], figures_of("25_backward_cost.py")
    assert list(figures) == ["MLP, here", "CNN, here", "LSTM, here"]
    for network, products in (
        # 2 for every layer but the first, whose input needs no gradient
        ("MLP", 2 - 784 * 512 / (784 * 512 + 2 * 512 * 512 + 512 * 10)),
        ("CNN", 2 - 25 * 6 * 784 / (25 * 6 * 784 + 150 * 16 * 100 + 400 * 120 + 1200)),
        ("LSTM", 2 - 32 * 32 * 512 / (32 * (32 + 128) * 512 + 1280)),
    ):
        forward, backward, ratio, counted = numbers(re.search(rf"\n{network} +here(.*)", printed)[1])
        assert forward > 0 and backward > 0 and ratio == float(figures[f"{network}, here"]) and counted == round(products, 2)
