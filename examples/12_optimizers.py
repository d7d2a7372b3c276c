"""Optimisers: gradient descent, stochastic and mini-batch descent, momentum, AdaGrad, RMSProp, Adam and LBFGS as paths.

Look at the plot. Top left: the fewer samples a step sees, the more steps a pass over the data gives, and the less steady
they are. Top right: in a long valley the gradient points across it; plain descent zigzags, momentum rolls like a ball,
AdaGrad and RMSProp give each coordinate its own rate, Adam does both, LBFGS learns the curvature. Below left: what an
evaluation of the loss and its gradient buys. Below right: two valleys; momentum can roll past the first.
The paths are PyTorch's, digit by digit (tests/test_lessons_training.py runs this file on PyTorch).

    python examples/12_optimizers.py [--out DIR]
"""

import math

import tinygrad_edu.optim as optim
from lesson import beside, contours, options, pyplot, save_plot

import tinygrad_edu as torch

OPTIMIZERS = {  # with the learning rates that suit this valley
    "gradient descent": lambda params: optim.SGD(params, lr=0.95),
    "momentum": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    "AdaGrad": lambda params: optim.Adagrad(params, lr=1.5),
    "RMSProp": lambda params: optim.RMSprop(params, lr=0.3),
    "Adam": lambda params: optim.Adam(params, lr=0.3),
    "LBFGS": lambda params: optim.LBFGS(params, max_iter=1, line_search_fn="strong_wolfe"),
}
COLOURS = dict(zip(OPTIMIZERS, ["#64748b", "#2563eb", "#16a34a", "#ea580c", "#be123c", "#7c3aed"], strict=True))


def descend(make_optimizer, loss_of, start, batches):
    """The points of a path, and how many evaluations each took since the start."""
    point = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make_optimizer([point])
    path, evaluations, count = [tuple(start)], [0], 0
    for batch in batches:

        def closure(batch=batch):
            nonlocal count
            count += 1
            optimizer.zero_grad()
            loss = loss_of(point, batch)
            loss.backward()
            return loss

        optimizer.step(closure)  # LBFGS evaluates the loss where it likes; the others once
        path.append(tuple(point.tolist()))
        evaluations.append(count)
    return path, evaluations


def line_loss(point, batch):
    """The mean squared error of the line w x + b on some samples."""
    return ((point[0] * inputs[batch] + point[1] - targets[batch]) ** 2).mean()


def valley(point, _=None):
    return point[0] ** 2 / 20 + point[1] ** 2


def two_valleys(point, _=None):
    return point[0] ** 4 / 4 - point[0] ** 2 + 0.3 * point[0] + point[1] ** 2 / 2


def show(name, path, loss):
    *_, last = path
    steps = "  ".join(f"({path[i][0]:8.4f}, {path[i][1]:8.4f})" for i in (1, 2, 10))
    print(f"{name:<17} {steps}  ({last[0]:8.4f}, {last[1]:8.4f}) {loss:9.1e}")


options = options(__doc__)
torch.manual_seed(0)
inputs = torch.randn(40, dtype=torch.float64)
targets = 2 * inputs + 1 + 0.5 * torch.randn(40, dtype=torch.float64)
everything = torch.arange(40)

print("a line through 40 samples, 10 passes over them, lr 0.1\nsamples per step   steps        w        b     loss")
noisy = {}
for name, size in (("gradient descent", 40), ("mini-batch, 8", 8), ("stochastic, 1", 1)):
    batches = [batch for _ in range(10) for batch in torch.randperm(40).split(size)]
    path, _ = descend(lambda params: optim.SGD(params, lr=0.1), line_loss, (-1.0, 3.0), batches)
    noisy[name] = path
    loss = line_loss(path[-1], everything).item()
    print(f"{size:>16}   {len(batches):>5} {path[-1][0]:>8.4f} {path[-1][1]:>8.4f} {loss:>8.4f}")

print(f"\nx²/20 + y² from (-7, 2): after 1, 2, 10 and 30 steps\n{'':<94}     loss")
paths, evaluations = {}, {}
for name, make in OPTIMIZERS.items():
    paths[name], evaluations[name] = descend(make, valley, (-7.0, 2.0), range(30))
    show(name, paths[name], valley(paths[name][-1]))

print("\ntwo valleys, the deeper one at x = -1.48, from (2.2, 1.5)")
TWO = {
    "gradient descent": lambda params: optim.SGD(params, lr=0.05),
    "momentum": lambda params: optim.SGD(params, lr=0.05, momentum=0.9),
    "Adam": lambda params: optim.Adam(params, lr=0.05),
}
caught = {name: descend(make, two_valleys, (2.2, 1.5), range(200))[0] for name, make in TWO.items()}
for name, path in caught.items():
    show(name, path, two_valleys(path[-1]))


def draw_path(ax, name, path, colour):
    ax.plot(*zip(*path, strict=True), "o-", color=colour, label=name, markersize=3, linewidth=1.3)


plt = pyplot()
if plt:
    _, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(13, 10))
    samples = list(zip(inputs.tolist(), targets.tolist(), strict=True))
    contours(a, lambda point: sum((point[0] * x + point[1] - t) ** 2 for x, t in samples) / 40, (-1.5, 3.0), (-0.2, 3.4))
    for (name, path), colour in zip(reversed(noisy.items()), ("#ea580c", "#2563eb", "#0f172a"), strict=True):
        draw_path(a, f"{name}: {len(path) - 1} steps", path, colour)
    a.set(title="samples per step: 10 passes over 40 samples", xlabel="w", ylabel="b")
    contours(b, valley, (-8, 3), (-2.6, 2.6))
    for name, path in paths.items():
        draw_path(b, name, path, COLOURS[name])
        c.semilogy(evaluations[name], [valley(point) for point in path], color=COLOURS[name], label=name, linewidth=1.8)
    b.set(title="x²/20 + y²: 30 steps from (−7, 2)", xlabel="x", ylabel="y")
    c.set(title="what an evaluation buys", xlabel="evaluations of the loss and its gradient", ylabel="x²/20 + y²", xlim=(0, 32))
    c.set_ylim(1e-8, 10)
    c.grid(color="#e2e8f0")
    contours(d, two_valleys, (-2.5, 2.5), (-2, 2))
    for name, path in caught.items():
        draw_path(d, name, path, COLOURS[name])
    d.set(title="two valleys: 200 steps from (2.2, 1.5)", xlabel="x", ylabel="y")
    for ax in (a, b, c, d):
        ax.legend(fontsize=9, loc="lower left" if ax is c else "best")
    save_plot(plt, options, "12_optimizers.png")

rates = [1.5 / math.sqrt(sum((x / 10) ** 2 for x, _ in paths["AdaGrad"][:steps])) for steps in (1, 30)]
beside(
    ("steps in 10 passes", "few against many", " ".join(str(len(path) - 1) for path in noisy.values()), "all, 8, 1 samples"),
    ("momentum", "rolls like a ball", f"to x = {max(x for x, _ in paths['momentum']):.2f}", "past the minimum at 0"),
    ("AdaGrad's rate for x", "decays", f"{rates[0]:.2f} to {rates[1]:.2f}", "30 steps"),
    ("Adam", "momentum and AdaGrad", f"loss {valley(paths['Adam'][-1]):.1e}", "30 steps"),
    ("BFGS", "of second order", f"loss {valley(paths['LBFGS'][-1]):.1e}", f"{evaluations['LBFGS'][-1]} evaluations"),
    ("gradient descent", "caught in a local minimum", f"x = {caught['gradient descent'][-1][0]:.2f}", "the shallower valley"),
    ("with momentum", "gets out", f"x = {caught['momentum'][-1][0]:.2f}", "the deeper valley"),
)
