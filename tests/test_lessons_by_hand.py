"""What the lessons on gradients by hand (16 and 18 to 22) find, whole runs among them, and the same programs on PyTorch."""

import re

import numpy as np
import pytest
from running import ROOT, on_pytorch, output_of, python
from test_lessons import figures_of, ran

from tinygrad_edu.datasets.idx import write_idx


def test_autograd_trains_the_network_as_the_right_hand_written_pass_does():
    """All 10,000 iterations: the columns of the table, and the largest difference of any two errors."""
    output, _, folder = ran("16_network_by_hand.py", "--with-autograd", 10_000)
    rows = re.findall(r"^ *(\d+) +([\d.]+) +([\d.]+) +([\d.]+)$", output, re.MULTILINE)
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4, 5, *range(1000, 10_001, 1000)]
    assert all(by_hand == autograd for _, _, by_hand, autograd in rows)
    assert float(re.search(r"differ by at most (\S+);", output)[1]) < 1e-12
    picture = (folder / "16_network.svg").read_text(encoding="utf-8")
    assert "σ(hidden_sum)" in picture
    assert "hidden · (1 − hidden)" in picture  # the local derivative, at the argument's own sigmoid


def test_the_notes_pass_gives_the_notes_figures_and_the_right_one_others():
    figures = figures_of("16_network_by_hand.py")
    assert figures["error 10,000, note's way"] == "0.003797838191"
    assert figures["error 10,000"] == "0.003176761554"


def test_the_numerical_gradient_stalls_where_the_exact_one_diverges():
    figures = figures_of("19_gradient_descent.py")
    stalled, diverged = (np.fromstring(figures[f"lr = 10, {way}"].strip("[]"), sep=" ") for way in ("numerically", "autograd"))
    assert np.abs(stalled).max() < 1e14
    np.testing.assert_allclose(diverged, np.array([-3, 4]) * 19.0**100, rtol=1e-7)


def test_two_layer_net_learns_the_digits():
    """All 10,000 steps; and the numerical gradient of three parameters whole."""
    output, _, _ = ran("20_two_layer_net.py", "--steps", 10_000)
    assert float(re.search(r"b1, b2, W2: .* differ by at most (\S+)", output)[1]) < 1e-8
    accuracies = [float(each) for each in re.findall(r"([\d.]+) \(test\)", output)]
    assert len(accuracies) == 10
    assert accuracies[-1] >= 0.95


def test_two_layer_net_reads_mnist_from_its_files(tmp_path):
    """Ten classes of images that differ by a bright row each."""
    labels = np.arange(200, dtype=np.uint8) % 10
    images = np.zeros((200, 28, 28), np.uint8)
    images[np.arange(200), 2 * labels] = 255
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", images)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", labels)
    output, _, _ = ran("20_two_layer_net.py", "--quick", "--data", tmp_path)
    assert "MNIST: 200 images to train, 200 to test" in output
    assert "accuracy 1.0000 (training), 1.0000 (test)" in output


def test_two_layer_net_says_where_there_are_no_files(tmp_path):
    done = python("examples/20_two_layer_net.py", "--quick", "--data", tmp_path / "nowhere", "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Dataset not found. You can use download=True to download it\n"


def test_one_layer_never_learns_xor():
    figures = figures_of("21_perceptrons.py")
    assert figures["XOR, one layer: loss"] == "0.6931"
    assert figures["XOR, two layers"] == "[0, 1, 1, 0]"


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["19_gradient_descent.py", "21_perceptrons.py"])
def test_prints_what_pytorch_prints(name):
    pytest.importorskip("torch")
    ours, _, folder = ran(name)
    theirs = output_of("-c", on_pytorch(f"examples/{name}"), "--quick", "--out", folder, cwd=ROOT / "examples")
    assert ours == theirs
