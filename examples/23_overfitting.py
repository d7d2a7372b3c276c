"""Over-fitting and dropout, Xavier's and He's initial weights, and batch, mini-batch and stochastic descent.

Look at the plots, two interleaved half moons each. Above: without dropout the boundary bends around single points, and the
test loss rises while the training loss goes on falling; dropout takes half of the units away at every step, at random.
Below left: through 20 layers the numbers vanish, explode, or keep their size. Below right: an epoch shows every descent
the same points; the fewer a step sees, the more steps it makes of them, and the less steady they are.

    python examples/23_overfitting.py [--epochs N] [--quick] [--out DIR]
"""

import math
import time
from itertools import pairwise

import tinygrad_edu.nn as nn
import tinygrad_edu.nn.functional as F
from lesson import beside, options, progress, pyplot, save_plot

import tinygrad_edu as torch
from tinygrad_edu.visualize import gradient_flow

options = options(__doc__, epochs=(500, 120), passes=(30, 5))
torch.set_num_threads(1)  # the matrices are small: threads would wait for each other
DEPTH, WIDTH = 20, 100


def moons(n):
    """n points of two half moons, every other one of the upper moon, blurred so that they overlap."""
    angle, label = math.pi * torch.rand(n), torch.arange(n) % 2
    side = 1 - 2 * label.float()
    x = torch.stack([side * torch.cos(angle) + label, side * torch.sin(angle) + label / 2], dim=1)
    return x + 0.3 * torch.randn(n, 2), label


def measure(model, x, y):
    """Loss and accuracy in evaluation mode: without dropout."""
    model.eval()
    with torch.no_grad():
        output = model(x)
        result = F.cross_entropy(output, y).item(), (output.argmax(dim=1) == y).float().mean().item()
    model.train()
    return result


def fit(model, optimizer, epochs, batch_size, name):
    """The training loss, the test loss and the seconds of each epoch."""
    curves = []
    for _ in progress(range(epochs), desc=name):
        started = time.perf_counter()
        for batch in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
        seconds = time.perf_counter() - started
        curves.append((measure(model, x, y)[0], measure(model, x_test, y_test)[0], seconds))
    return curves


torch.manual_seed(1)
x, y = moons(100)
x_test, y_test = moons(1000)

# ---- over-fitting: a network of 10,502 parameters, and 100 points
models, curves, reached, lowest = {}, {}, {}, {}
print("                train loss  test loss   lowest (epoch)   train / test accuracy")
for p in (0, 0.5):
    name = f"dropout {p}" if p else "no dropout"
    torch.manual_seed(1)
    models[name] = model = nn.Sequential(
        nn.Linear(2, WIDTH), nn.ReLU(), nn.Dropout(p), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Dropout(p), nn.Linear(WIDTH, 2)
    )
    curves[name] = fit(model, torch.optim.Adam(model.parameters(), lr=0.01), options.epochs, len(x), name)
    train, tests, _ = zip(*curves[name], strict=True)
    reached[name] = [measure(model, *data)[1] for data in ((x, y), (x_test, y_test))]
    lowest[name] = f"{min(tests):.4f}", tests.index(min(tests)) + 1, f"{tests[-1]:.4f}"
    best = "{} ({})".format(*lowest[name])
    print(f"{name:<14}{train[-1]:>12.4f}{tests[-1]:>11.4f}{best:>17}{reached[name][0]:>12.4f} / {reached[name][1]:.4f}")

# ---- initial weights: 20 layers with ReLU
INITS = {
    "N(0, 0.01²)": lambda weight: nn.init.normal_(weight, std=0.01),
    "N(0, 1)": nn.init.normal_,
    "Xavier": nn.init.xavier_normal_,
    "He": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
}
sizes, starts = {}, {}
print(f"\n{DEPTH} layers with ReLU   std of layer 1's output   of layer {DEPTH - 1}'s   loss: before   after training")
for name, init in INITS.items():
    torch.manual_seed(1)
    linears = [nn.Linear(2 if i == 0 else WIDTH, 2 if i == DEPTH - 1 else WIDTH) for i in range(DEPTH)]
    for linear in linears:
        init(linear.weight)
        nn.init.zeros_(linear.bias)
    deep = nn.Sequential(*(layer for linear in linears for layer in (linear, nn.ReLU())))[:-1]
    first, _ = measure(deep, x, y)
    with gradient_flow(deep) as flow:
        F.cross_entropy(deep(x), y).backward()
    sizes[name] = [layer.activation.std for layer in flow.layers]
    optimizer = torch.optim.SGD(deep.parameters(), lr=0.02)
    starts[name] = [first, *(train for train, *_ in fit(deep, optimizer, options.passes, 10, name))]
    print(f"{name:<19}{sizes[name][0]:>24.4f}{sizes[name][-2]:>16.1e}{first:>15.4g}{starts[name][-1]:>17.4g}")

# ---- batch, mini-batch, stochastic: how many points a step sees
descents, rises, step = {}, {}, {}
print(f"\n{options.passes} epochs            steps   ms a step   train loss   test loss   largest rise")
for name, size in (("batch, 100", 100), ("mini-batch, 10", 10), ("stochastic, 1", 1)):
    torch.manual_seed(1)
    small = nn.Sequential(nn.Linear(2, 30), nn.Tanh(), nn.Linear(30, 2))
    descents[name] = fit(small, torch.optim.SGD(small.parameters(), lr=0.1), options.passes, size, name)
    train, test, seconds = zip(*descents[name], strict=True)
    steps, late = len(x) // size, train[options.passes // 2 :]
    rises[name] = max(0.0, *(after - before for before, after in pairwise(late)))
    step[name] = f"{1000 * min(seconds) / steps:.2f}"
    print(f"{name:<17}{steps * options.passes:>8}{step[name]:>12}{train[-1]:>13.4f}{test[-1]:>12.4f}{rises[name]:>15.4f}")


def boundary(ax, name):
    """The probability of the upper moon by colour, the boundary as a line, the training points as dots."""
    across, up = torch.linspace(-2.1, 3.1, 160), torch.linspace(-1.6, 2.1, 120)
    grid = torch.stack(torch.meshgrid(across, up, indexing="xy"), dim=-1)
    models[name].eval()
    with torch.no_grad():
        upper = F.softmax(models[name](grid), dim=-1)[..., 0].numpy()
    axes = across.numpy(), up.numpy()
    ax.contourf(*axes, upper, levels=[i / 10 for i in range(11)], cmap=orange_blue, alpha=0.45)
    ax.contour(*axes, upper, levels=[0.5], colors="#1e293b", linewidths=1.6)
    for label, colour in ((0, "#2563eb"), (1, "#ea580c")):
        ax.scatter(*x[y == label].t().numpy(), s=22, color=colour, edgecolor="white", linewidth=0.7)
    ax.set_title(f"{name}: {reached[name][0]:.0%} of these are right, {reached[name][1]:.1%} of the test's", fontsize=11)
    ax.set(xticks=[], yticks=[])


plt = pyplot()
if plt:
    from matplotlib.colors import LinearSegmentedColormap

    orange_blue = LinearSegmentedColormap.from_list("classes", ["#ea580c", "#fed7aa", "white", "#bfdbfe", "#2563eb"])
    _, axes = plt.subplots(2, 3, figsize=(15, 8.6))
    boundary(axes[0, 0], "no dropout")
    boundary(axes[0, 1], "dropout 0.5")
    losses, layers, begins, epochs = axes[0, 2], *axes[1]
    for ax, lines, colours in (
        (losses, curves, ("#be123c", "#0f766e")),
        (epochs, descents, ("#64748b", "#0f766e", "#ea580c")),
    ):
        for (name, line), colour in zip(lines.items(), colours, strict=True):
            train, test, _ = zip(*line, strict=True)
            ax.plot(range(1, len(line) + 1), test, color=colour, label=f"{name}: test", linewidth=1.8)
            ax.plot(range(1, len(line) + 1), train, color=colour, label="train", linewidth=1.2, linestyle="--")
        ax.set(xlabel="epoch", ylabel="cross-entropy")
        ax.set_ylim(0)
    for (name, size), colour in zip(sizes.items(), ("#64748b", "#be123c", "#ea580c", "#0f766e"), strict=True):
        layers.semilogy(range(1, DEPTH), size[:-1], "o-", color=colour, label=name, markersize=3.5)
        dashed = "--" if name == "Xavier" else "-"  # it would hide N(0, 0.01²), as high
        begins.plot(starts[name], dashed, color=colour, label=name, linewidth=1.8)
    losses.set_title("over-fitting: the test loss rises again", fontsize=11)
    layers.set(xlabel="layer", ylabel="standard deviation of its output", xticks=range(1, DEPTH, 3))
    layers.set_title("initial weights: 20 layers of 100 with ReLU", fontsize=11)
    begins.set(xlabel="epoch", ylabel="training cross-entropy", ylim=(0, 1.25))
    begins.set_title("and their training; N(0, 1) begins at 10¹⁶ and overflows", fontsize=11)
    epochs.set_title("points in a step", fontsize=11)
    for ax in (losses, layers, begins, epochs):
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="#e2e8f0", linewidth=0.8)
        ax.legend(frameon=False, fontsize=9)
    save_plot(plt, options, "23_overfitting.png")

low, at, end = lowest["no dropout"]
deepest = {name: f"{size[-2]:.1e} at layer {DEPTH - 1}" for name, size in sizes.items()}
beside(
    ("many hidden units", "may over-fit", f"{low} to {end}", f"the test loss, from epoch {at} on"),
    ("dropout", "against over-fitting", lowest["dropout 0.5"][2], "the same, at the end"),
    ("std with N(0, 0.01²)", "only to learn with", deepest["N(0, 0.01²)"], "vanishes"),
    ("std with N(0, 1)", "-", deepest["N(0, 1)"], "explodes"),
    ("std with Xavier", "for the sigmoid", deepest["Xavier"], "ReLU halves the mean square"),
    ("std with He", "for ReLU", deepest["He"], "which He doubles"),
    ("a step of batch descent", "takes long", f"{step['batch, 100']} ms", "100 points; measured"),
    ("a stochastic step", "fast", f"{step['stochastic, 1']} ms", "1 point; measured"),
    ("batch: the loss rises by", "-", f"{rises['batch, 100']:.4f}", "at most, from one epoch to the next"),
    ("stochastic", "unsteady", f"{rises['stochastic, 1']:.4f}", "in the second half"),
)
