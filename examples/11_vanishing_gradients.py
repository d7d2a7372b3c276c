"""Vanishing gradients: eight layers with sigmoid, tanh and ReLU, and how much gradient reaches the first of them.

Look at the arrows of the picture, from the loss on the right back to layer 1: each sigmoid multiplies the gradient by at
most 0.25, and so the first of eight layers learns nothing. tanh's derivative is 1 at 0 and below it elsewhere; ReLU's is 1
wherever it is open. The weights start with the gain that makes up for what the function takes away on average
(``nn.init.calculate_gain``). With a gain of 1 tanh loses some at every layer, and the sigmoid's gain is 1: none would help.

    python examples/11_vanishing_gradients.py [--epochs N] [--quick] [--out DIR]
"""

import tinygrad_edu.nn as nn
from lesson import beside, options, progress, pyplot, save_plot, written

import tinygrad_edu as torch
from tinygrad_edu.datasets import load_wine
from tinygrad_edu.visualize import gradient_flow

DEPTH, WIDTH = 8, 32
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "ReLU": nn.ReLU}
COLOURS = {"sigmoid": "#be123c", "tanh": "#c2410c", "ReLU": "#1d4ed8"}


def deep(name, gain):
    """DEPTH linear layers, an activation function after each but the last."""
    torch.manual_seed(0)  # the same random numbers for each
    layers = nn.Sequential()
    for i in range(1, DEPTH + 1):
        linear = nn.Linear(13 if i == 1 else WIDTH, 3 if i == DEPTH else WIDTH)
        nn.init.xavier_normal_(linear.weight, gain=gain)
        nn.init.zeros_(linear.bias)
        layers.add_module(f"layer {i}", linear)
        if i < DEPTH:
            layers.add_module(f"{name} {i}", ACTIVATIONS[name]())
    return layers


def flow_of(model, name):
    """The gradient at each layer in one backward pass, before any step."""
    with gradient_flow(model, name=name) as flow:
        loss_func(model(x), y).backward()
    return flow


options = options(__doc__, epochs=(400, 100))
wine = load_wine()
x = torch.from_numpy((wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0)).float()
y = torch.from_numpy(wine.target).long()
loss_func = nn.CrossEntropyLoss()

flows, losses, accuracy = {}, {}, {}
for name in ACTIVATIONS:
    model = deep(name, nn.init.calculate_gain(name.lower()))
    flows[name] = flow = flow_of(model, name)
    print(f"\n{name}\n{flow}")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    losses[name] = []
    for _ in progress(range(options.epochs), desc=name):
        optimizer.zero_grad()
        loss = loss_func(model(x), y)
        loss.backward()
        optimizer.step()
        losses[name].append(loss.item())
    accuracy[name] = (model(x).argmax(dim=1) == y).float().mean().item()

print(f"\n            first / last layer   after {options.epochs} epochs: loss   accuracy")
for name, flow in flows.items():
    print(f"{name:<12}{flow.ratio:>18.1e}{losses[name][-1]:>26.4f}{accuracy[name]:>11.4f}")

first, *others = flows.values()
picture = first.svg(*others, title=f"Where does the gradient go? {DEPTH} layers of {WIDTH}, before the first step")
written(options, "11_gradient_flow.svg").write_text(picture, encoding="utf-8")

plt = pyplot()
if plt:
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6))
    for name, flow in flows.items():
        rms = [layer.gradient.rms for layer in flow.layers]
        left.semilogy(range(1, DEPTH + 1), rms, "o-", color=COLOURS[name], label=name)
        right.plot(losses[name], color=COLOURS[name], label=name)
    left.set(title="the gradient that reaches each layer's output", xlabel="layer (1: first)", ylabel="RMS of the gradient")
    left.set_xticks(range(1, DEPTH + 1))
    right.set(title="what comes of it", xlabel="epoch", ylabel="cross-entropy", ylim=(0, None))
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="#e2e8f0", linewidth=0.8)
        ax.legend(frameon=False)
    save_plot(plt, options, "11_vanishing_gradients.png")

gain_1 = flow_of(deep("tanh", gain=1), "tanh")
figures = {name: f"{flow.ratio:.2g}: {flow.verdict}" for name, flow in flows.items()}
times = DEPTH - 1  # activation functions between the first layer's weights and the last's
beside(
    ("sigmoid' is at most", 0.3, 0.25, "the note is wrong: see lesson 10"),
    (f"so that {times} of them pass", f"{0.3**times:.1e}", f"{0.25**times:.1e}", "at most; and the weights"),
    ("sigmoid, first / last", "close to 0", figures["sigmoid"], "measured"),
    ("tanh with a gain of 1", "still vanishes", f"{gain_1.ratio:.2g}", "it loses some at every layer"),
    ("tanh, its gain is 5/3", "-", figures["tanh"], "the gain makes up for it"),
    ("ReLU, first / last", "does not vanish", figures["ReLU"], "measured"),
    ("accuracy, sigmoid", "-", f"{accuracy['sigmoid']:.4f}", "71 of 178 wines are of one class"),
    ("accuracy, tanh", "-", f"{accuracy['tanh']:.4f}", "it learns"),
    ("accuracy, ReLU", "-", f"{accuracy['ReLU']:.4f}", "it learns"),
)
