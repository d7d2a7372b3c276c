"""``python -m tinygrad_edu demo``: the main job, and what it says when something is wrong."""

import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from xml.etree import ElementTree

import pytest
from running import ROOT, output_of, python, squeezed

import tinygrad_edu as torch
from tinygrad_edu import demo

RUN = ("-m", "tinygrad_edu")
EPOCH = r"epoch :(\d{3}), \tloss :(\d\.\d{1,4}), \taccuracy :(\d\.\d{1,4})"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The default run: what it printed, and its folder."""
    folder = tmp_path_factory.mktemp("demo")
    return output_of(*RUN, "demo", "--out", folder), folder


def test_prints_the_epochs_as_the_note_does(whole):
    lines = whole[0].splitlines()[:200]
    epochs = [re.fullmatch(EPOCH, line) for line in lines]
    assert all(epochs), next(line for line, epoch in zip(lines, epochs, strict=True) if not epoch)
    assert [int(epoch[1]) for epoch in epochs] == list(range(1, 201))
    first, last = (float(epochs[i][2]) for i in (0, -1))
    assert 1.0 < first < 1.2  # near ln 3 = 1.0986, a guess among three
    assert last < 0.5


def test_prints_largest_outputs_and_test_accuracy_as_the_note_does(whole):
    tail = whole[0].partition("epoch :200")[2].partition("\n")[2]
    result = r"torch.return_types.max\(values=tensor\(\[(.*)\],grad_fn=<MaxBackward0>\),indices=tensor\(\[(.*)\]\)\)"
    largest = re.match(result, squeezed(tail))
    assert [len(group.split(",")) for group in largest.groups()] == [38, 38]
    accuracy = float(re.search(r"^test_set accuracy : (.*)$", tail, re.MULTILINE)[1])
    assert accuracy >= 0.92


def test_writes_the_plot(whole):
    printed, folder = whole
    path = folder / "iris.png"
    assert f"\nPlot: {path}\n" in printed
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert struct.unpack(">II", header[16:]) == (1950, 750)


def test_writes_a_picture_and_a_page_of_one_step(whole):
    printed, folder = whole
    assert printed.endswith(f"\nPicture: {folder / 'iris_step.svg'}\nPage: {folder / 'iris_step.html'}\n")
    picture = ElementTree.parse(folder / "iris_step.svg").getroot()
    drawn = "".join(picture.itertext())
    page = (folder / "iris_step.html").read_text(encoding="utf-8")
    for text in (drawn, page):
        assert "One step of the iris network" in text
        assert all(name in text for name in ("layer0.weight", "bn2.bias", "layer4", "loss"))
    assert page.startswith("<!doctype html>")
    assert page.count('<section class="frame backward">') == page.count('<section class="frame forward">') + 1


def test_plot_shows_both_curves_with_labelled_axes(tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib.figure")
    drawn = []
    monkeypatch.setattr(matplotlib.Figure, "savefig", lambda figure, path, **_: drawn.append(figure))
    demo.plot([1.0, 0.5, 0.25], [0.3, 0.6, 0.9], tmp_path / "plot.png")
    loss, accuracy = drawn[0].axes
    for axes, values in ((loss, [1.0, 0.5, 0.25]), (accuracy, [0.3, 0.6, 0.9])):
        (line,) = axes.lines
        assert list(line.get_xdata()) == [1, 2, 3]
        assert list(line.get_ydata()) == values
        assert axes.get_xlabel() == "epoch"
    assert [loss.get_title(), accuracy.get_title()] == ["Training loss", "Training accuracy"]
    assert [loss.get_ylabel(), accuracy.get_ylabel()] == ["mean cross-entropy", "fraction correct"]


def test_data_is_112_rows_to_train_and_38_to_test():
    X_train, X_test, y_train, y_test = demo.load_data(3)
    assert [tuple(each.shape) for each in (X_train, X_test, y_train, y_test)] == [(112, 4), (38, 4), (112,), (38,)]
    assert [each.dtype for each in (X_train, y_train)] == [torch.float32, torch.int64]


@pytest.mark.parametrize("seed", [0, 42])
def test_other_seeds_learn_too(seed):
    torch.manual_seed(seed)
    X_train, X_test, y_train, y_test = demo.load_data(seed)
    net = demo.Net()
    list(demo.train(net, X_train, y_train, 200))
    net.eval()
    assert (net(X_test).argmax(1) == y_test).float().mean().item() >= 0.92


def test_seed_decides_everything(tmp_path):
    runs = [output_of(*RUN, "demo", "--epochs", "1", "--out", tmp_path, "--seed", seed) for seed in "112"]
    assert runs[0] == runs[1] != runs[2]


# ---- what may be missing


def test_without_matplotlib_one_sentence_says_what_to_install(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('no matplotlib')")
    blocked = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    printed = output_of(*RUN, "demo", "--epochs", "1", "--out", tmp_path / "out", env=blocked)
    assert '\nNo plot: matplotlib is missing; `pip install "tinygrad-edu[viz]"` brings it.\n' in printed
    assert "test_set accuracy" in printed
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"iris_step.svg", "iris_step.html"}


def on_terminal(*arguments, **environment):
    """Everything that a run writes to a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    process = subprocess.Popen([sys.executable, *arguments], stdout=theirs, stderr=theirs, env=environment, cwd=ROOT)
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux's end of file, when the other side is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    assert process.wait() == 0
    return b"".join(pieces).decode()


def test_progress_bar_on_a_terminal_only(tmp_path, whole):
    pytest.importorskip("tqdm")
    printed = on_terminal(*RUN, "demo", "--epochs", "3", "--out", str(tmp_path))
    assert re.search(r"\| \d/3 \[", printed)
    assert len(re.findall(EPOCH, printed)) == 3
    assert "it/s" not in whole[0]


def test_no_bar_without_tqdm(tmp_path):
    (tmp_path / "tqdm.py").write_text("raise ImportError('no tqdm')")
    printed = on_terminal(
        *RUN, "demo", "--epochs", "2", "--out", str(tmp_path), PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"
    )
    assert re.match(EPOCH + "\r\n" + EPOCH + "\r\ntorch.return_types.max", printed)


# ---- the command line


def test_help_lists_the_commands():
    for arguments in ([], ["--help"]):
        printed = output_of(*RUN, *arguments)
        assert re.search(r"^    demo +Train a small network", printed, re.MULTILINE)
        assert re.search(r"^    show +Show the backward pass of a formula", printed, re.MULTILINE)
    options = output_of(*RUN, "demo", "--help")
    assert all(option in options for option in ("--seed", "--epochs", "--out"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--epochs", "-1"], "argument --epochs: must be a whole number from 1 to 1000000000, not -1"),
        (["demo", "--epochs", "0"], "argument --epochs: must be a whole number from 1 to 1000000000, not 0"),
        (["demo", "--epochs", "many"], "argument --epochs: must be a whole number from 1 to 1000000000, not many"),
        (["demo", "--epochs"], "argument --epochs: expected one argument"),
        (["demo", "--seed", "-1"], "argument --seed: must be a whole number from 0 to 4294967295, not -1"),
        (["demo", "--seed", "4294967296"], "argument --seed: must be a whole number from 0 to 4294967295"),
        (["demo", "--colour"], "unrecognized arguments: --colour"),
        (["demo", "--epoch", "3"], "unrecognized arguments: --epoch 3"),
        (["demo", "more"], "unrecognized arguments: more"),
        (["train"], "invalid choice: 'train' (choose from"),
    ],
    ids=" ".join,
)
def test_wrong_options_are_told_in_one_line(arguments, words, tmp_path):
    done = python(*RUN, *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tinygrad_edu( demo)?: error: .*\n", done.stderr)
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_is_told_before_the_training(tmp_path):
    (tmp_path / "file").touch()
    done = python(*RUN, "demo", "--out", tmp_path / "file" / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"tinygrad_edu demo: error: argument --out: cannot write to '.*': Not a directory\n", done.stderr
    )


def started(tmp_path):
    """A long run that has printed its first epoch."""
    command = [sys.executable, "-u", *RUN, "demo", "--epochs", "1000000", "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A shell's background job is born ignoring Ctrl-C, and so are its children.
    heeding = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)} if os.name == "posix" else {}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, **pipes, **heeding)
    assert process.stdout.readline().startswith("epoch :001")
    return process


def test_interrupt_ends_with_130(tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "\nInterrupted.\n")


def test_reader_that_goes_away_ends_the_run_silently(tmp_path):
    process = started(tmp_path)
    process.stdout.close()
    assert process.wait() == 141
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_full_disk_is_told_in_one_line(tmp_path):
    command = [sys.executable, *RUN, "demo", "--epochs", "1", "--out", str(tmp_path)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "tinygrad_edu demo: error: [Errno 28] No space left on device\n")
