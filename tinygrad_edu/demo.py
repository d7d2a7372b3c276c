"""Train a small network on Fisher's iris flowers, plot its progress, and draw one of its steps.

The data, the network and the training loop are those of the course note, with PyTorch's names and one line changed:
``import tinygrad_edu as torch``. ``examples/05_iris.py`` uses them too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import tinygrad_edu as torch
import tinygrad_edu.nn as nn
from tinygrad_edu.datasets import load_iris, train_test_split
from tinygrad_edu.utils.data import DataLoader, TensorDataset

SEED = 9
"""The seed below 10 whose epochs begin and end nearest to the note's (which sets none): 1.08, 0.37; accuracy 0.9737."""


class Net(nn.Module):
    """4 features in, 3 classes out; batch normalisation after the three widest layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer0 = nn.Linear(4, 128)
        self.layer1 = nn.Linear(128, 64)
        self.layer2 = nn.Linear(64, 32)
        self.layer3 = nn.Linear(32, 16)
        self.layer4 = nn.Linear(16, 3)
        self.bn0 = nn.BatchNorm1d(128)
        self.bn1 = nn.BatchNorm1d(64)
        self.bn2 = nn.BatchNorm1d(32)
        self.act = nn.ReLU()

    def forward(self, x: Any) -> Any:
        x = self.act(self.bn0(self.layer0(x)))
        x = self.act(self.bn1(self.layer1(x)))
        x = self.act(self.bn2(self.layer2(x)))
        x = self.act(self.layer3(x))
        return self.layer4(x)


def load_data(seed: int) -> tuple[Any, Any, Any, Any]:
    """112 flowers to train with and 38 to test with: X_train, X_test, y_train, y_test."""
    iris = load_iris()
    X_train, X_test, y_train, y_test = train_test_split(iris.data, iris.target, test_size=0.25, random_state=seed)
    return (
        torch.from_numpy(X_train).float(),
        torch.from_numpy(X_test).float(),
        torch.from_numpy(y_train).long(),
        torch.from_numpy(y_test).long(),
    )


def train(net: Any, X_train: Any, y_train: Any, epochs: int) -> Iterator[tuple[float, float]]:
    """Train with batches of 4; give the mean loss and the accuracy of each epoch."""
    train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=4, shuffle=True)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
    criterion = nn.CrossEntropyLoss()
    for _ in range(epochs):
        epoch_loss, correct = 0.0, 0
        for X, y in train_loader:
            optimizer.zero_grad()
            output = net(X)
            loss = criterion(output, y)
            loss.backward()
            optimizer.step()
            _, predicted = torch.max(output, dim=1)
            correct += (predicted == y).sum().item()
            epoch_loss += loss.item()
        yield epoch_loss / len(train_loader), correct / len(X_train)


def report(epoch: int, loss: float, accuracy: float) -> str:
    """One epoch's line, as the note prints it."""
    return f"epoch :{str(epoch).zfill(3)}, \tloss :{round(loss, 4)}, \taccuracy :{round(accuracy, 4)}"


def plot(losses: list[float], accuracies: list[float], path: Path) -> None:
    """Write the note's two panels, loss and accuracy by epoch, to ``path``.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import MaxNLocator

    layout = ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.2)
    figure = Figure(figsize=(13, 5), layout=layout)  # a figure of its own: no window, no global state
    epochs = range(1, len(losses) + 1)
    panels = (("loss", losses, "#c44e52"), ("accuracy", accuracies, "#4c72b0"))
    for axes, (name, values, colour) in zip(figure.subplots(1, 2), panels, strict=True):
        axes.plot(epochs, values, color=colour, linewidth=1.6, marker="o" if len(values) == 1 else None)
        axes.set_title(f"Training {name}", fontsize=16, pad=10)
        axes.set_xlabel("epoch", fontsize=14)
        axes.set_ylabel("mean cross-entropy" if name == "loss" else "fraction correct", fontsize=14)
        axes.tick_params(labelsize=12)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color="#dddddd", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.02)
    figure.savefig(path, dpi=150)


def show_step(net: Any, X: Any, y: Any, folder: Path) -> tuple[Path, Path]:
    """One step of the training on one batch, as a picture and as a page to step through; their paths."""
    from tinygrad_edu.visualize import draw, page, record, trace

    net.train()
    net.zero_grad()
    with record():
        output = net(X)
        loss = nn.CrossEntropyLoss()(output, y)
        loss.backward()
    seen = trace(loss, names={"X": X, "y": y, "net": net, "output": output, "loss": loss})
    picture, stepped = folder / "iris_step.svg", folder / "iris_step.html"
    picture.write_text(draw(seen, title="One step of the iris network").svg(), encoding="utf-8")
    page(seen, stepped, title="One step of the iris network")
    return picture, stepped


# ---- the command


def add_options(parser: argparse.ArgumentParser) -> None:
    seeds, counts = _whole(0, 2**32 - 1), _whole(1, 10**9)
    parser.add_argument("--seed", type=seeds, default=SEED, metavar="N", help=f"of all random numbers ({SEED})")
    parser.add_argument("--epochs", type=counts, default=200, metavar="N", help="passes over the data (200)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="folder of what is written (out)")


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = lowest - 1
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"must be a whole number from {lowest} to {highest}, not {text}")
        return value

    return parse


def run(options: argparse.Namespace) -> None:
    _check_writable(options.out)
    torch.manual_seed(options.seed)
    X_train, X_test, y_train, y_test = load_data(options.seed)
    net = Net()
    losses, accuracies = [], []
    epochs, say = _progress(train(net, X_train, y_train, options.epochs), options.epochs)
    for epoch, (loss, accuracy) in enumerate(epochs, start=1):
        say(report(epoch, loss, accuracy))
        losses.append(loss)
        accuracies.append(accuracy)

    net.eval()  # normalise by what training has seen, not by the test's own mean and variance
    output = net(X_test)
    print(torch.max(output, dim=1))
    _, predicted = torch.max(output, dim=1)
    print("test_set accuracy :", round((predicted == y_test).sum().item() / len(y_test), 4))

    path = options.out / "iris.png"
    try:
        plot(losses, accuracies, path)
    except ImportError:
        print('No plot: matplotlib is missing; `pip install "tinygrad-edu[viz]"` brings it.')
    else:
        print("Plot:", path)
    picture, stepped = show_step(net, X_train[:4], y_train[:4], options.out)
    print("Picture:", picture)
    print("Page:", stepped)


def _check_writable(folder: Path) -> None:
    """Complain before the training rather than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise argparse.ArgumentTypeError(f"argument --out: cannot write to {str(folder)!r}: {reason}") from None


def _progress(results: Iterable[Any], total: int) -> tuple[Iterable[Any], Callable[[str], Any]]:
    """The results behind a progress bar where somebody watches and tqdm is installed; and how to print beside it."""
    if sys.stderr is not None and sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            pass
        else:
            bar = tqdm(results, total=total, unit="epoch", leave=False)
            return bar, bar.write
    return results, print
