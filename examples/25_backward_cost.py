"""What a backward pass costs: its time over the forward pass's, for an MLP, a CNN and an LSTM.

Look at the column "products": the multiplications of the backward pass over those of the forward pass. A layer multiplies
once on the way forward, input times weight, and twice on the way back, once for each factor's gradient. So the ratio is 2
for every layer but the first, whose input is data and needs no gradient. What is no product, such as pooling, and the way
in which each kernel is written move the measured ratios around that.
"""

import importlib
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: threads that wait for each other are no cost of the pass

import numpy as np
from lesson import beside, options, progress, pyplot, save_plot

import tinygrad_edu

chosen = options(__doc__, repeats=(60, 8))


def networks(torch):
    """Name, network, input, number of classes: the same here and in PyTorch."""
    nn = torch.nn

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(32, 128, batch_first=True), nn.Linear(128, 10)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    yield "MLP", nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10),
    ), torch.randn(64, 784)  # fmt: skip
    yield "CNN", nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 10),
    ), torch.randn(64, 1, 28, 28)  # fmt: skip
    yield "LSTM", Reader(), torch.randn(16, 32, 32)


def measure(torch, network, x, repeats):
    """The best times of a forward and of a backward pass, in milliseconds: other programs only ever add to them."""
    torch.set_num_threads(1)
    target, times = torch.zeros(len(x), dtype=torch.int64), []
    for i in range(repeats + 3):
        network.zero_grad()
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(network(x), target)
        middle = time.perf_counter()
        loss.backward()
        if i >= 3:  # the first ones warm up
            times.append((middle - start, time.perf_counter() - middle))
    return 1e3 * np.min(times, axis=0)


def products(network, x):
    """How many multiplications the products of the backward pass take, over those of the forward pass."""
    forward, backward = [], []

    def count(module, inputs, output):
        (x,) = inputs
        data = not x.requires_grad  # then nobody asks for its gradient
        if isinstance(module, tinygrad_edu.nn.LSTM):
            by_input, by_state = (x.shape[0] * x.shape[1] * w.numel() for w in (module.weight_ih_l0, module.weight_hh_l0))
        else:
            by_input, by_state = output.numel() * module.weight[0].numel(), 0
        forward.append(by_input + by_state)
        backward.append((1 if data else 2) * by_input + 2 * by_state)

    hooks = [each.register_forward_hook(count) for each in network.modules() if hasattr(each, "weight")
             or isinstance(each, tinygrad_edu.nn.LSTM)]  # fmt: skip
    network(x)
    for hook in hooks:
        hook.remove()
    return sum(backward) / sum(forward)


def pytorch():
    """PyTorch, where it is installed; a short run does not wait for its import."""
    try:
        return None if chosen.quick else importlib.import_module("torch")
    except ImportError:
        return None


engines = {"here": tinygrad_edu} | ({"PyTorch": theirs} if (theirs := pytorch()) else {})
expected = {name: products(network, x) for name, network, x in networks(tinygrad_edu)}
rows = [
    (name, engine, *measure(torch, network, x, chosen.repeats))
    for engine, torch in engines.items()
    for name, network, x in progress(list(networks(torch)), desc=engine)
]
ratios = {(name, engine): backward / forward for name, engine, forward, backward in rows}

print("                forward    backward    ratio   products")
for name, engine, forward, backward in rows:
    print(f"{name:5s}{engine:8s}{forward:7.2f} ms {backward:8.2f} ms {backward / forward:8.2f} {expected[name]:10.2f}")

if plt := pyplot():
    plt.figure(figsize=(7.5, 4.2))
    bars = {"products": dict(expected), **{engine: {n: ratios[n, engine] for n in expected} for engine in engines}}
    colours = {"products": "#cbd5e1", "here": "#0f766e", "PyTorch": "#f97316"}
    width = 0.8 / len(bars)
    plt.axhspan(1.5, 2, color="#fde68a", alpha=0.5, linewidth=0, label="the note: 1.5 to 2")
    for i, (engine, heights) in enumerate(bars.items()):
        places = np.arange(3) + (i - (len(bars) - 1) / 2) * width
        label = "by counting products" if engine == "products" else f"measured {'in ' * (engine != 'here')}{engine}"
        drawn = plt.bar(places, list(heights.values()), 0.92 * width, color=colours[engine], label=label, zorder=2)
        plt.bar_label(drawn, fmt="%.2f", fontsize=9, padding=2)
    plt.xticks(range(3), list(expected))
    plt.ylim(0, 1.35 * max(max(each.values()) for each in bars.values()))
    plt.ylabel("backward / forward")
    plt.title("The cost of a backward pass in forward passes")
    plt.grid(axis="y", color="#e2e8f0", zorder=0)
    plt.legend(frameon=False, ncols=2)
    save_plot(plt, chosen, "25_cost.png")

beside(*(
    (f"{name}, {engine}", "1.5 to 2", f"{ratios[name, engine]:.2f}", f"measured; products: {expected[name]:.2f}")
    for name, engine in ratios
))  # fmt: skip
