"""Perceptrons: AND and OR with one layer, XOR only with two.

One unit divides the plane by one straight line. Look at the third panel: no line has (0,1) and (1,0) on one side and (0,0)
and (1,1) on the other, so the best a single layer finds for XOR is 0.5 everywhere, a loss of ln 2. Two hidden units bend the
plane first. Then look at the note's table: its weights are right for the step function, but it calls the function a sigmoid,
and sigmoid(1*1 + 0*1 - 1) is 0.5, not 0.

    python examples/21_perceptrons.py [--out DIR]
"""

import math

import tinygrad_edu.nn as nn
from lesson import beside, options, pyplot, save_plot

import tinygrad_edu as torch

options = options(__doc__)
inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


def step(x):
    return (x > 0).to(x.dtype)  # 0 at 0, as the note's table needs it


# ---- the note's weights for XOR: n1 is NOT AND, n2 is OR, and y is n1 AND n2

W1, b1 = torch.tensor([[-2.0, 2.0], [-2.0, 2.0]]), torch.tensor([3.0, -1.0])
W2, b2 = torch.tensor([[1.0], [1.0]]), torch.tensor([-1.0])


def two_layers(activation, gain=1.0, b2=b2):
    """n1, n2 and y for the four inputs; ``gain`` makes all weights that much larger."""
    hidden = activation(gain * (inputs @ W1 + b1))
    return hidden, activation(gain * (hidden @ W2 + b2))


(n, y), (n_sigmoid, y_sigmoid) = two_layers(step), two_layers(torch.sigmoid)
_, y_sharp = two_layers(torch.sigmoid, gain=10.0, b2=torch.tensor([-1.5]))
print("x1 x2   step: n1 n2 y   sigmoid:  n1     n2      y     sharp sigmoid: y   XOR")
for i, (a, b) in enumerate(inputs.int().tolist()):
    with_step = "  ".join(f"{each.item():g}" for each in (*n[i], y[i]))
    with_sigmoid = "  ".join(f"{each.item():.3f}" for each in (*n_sigmoid[i], y_sigmoid[i]))
    print(f" {a}  {b}         {with_step}            {with_sigmoid}         {y_sharp[i].item():.3f}          {GATES['XOR'][i]}")
print("sharp: all weights times 10, and b2 = -1.5, between the sums 1 and 2 that it must tell apart")
print(f"shapes: {[*inputs.shape]} @ {[*W1.shape]} = {[*n.shape]}, {[*n.shape]} @ {[*W2.shape]} = {[*y.shape]}")

# ---- learned weights


def train(gate, *layers):
    """Fit a network to a gate; the network, its outputs for the four inputs, and the loss."""
    torch.manual_seed(1)  # two hidden units are few: of the seeds 0 to 11, seven stick at a poor minimum
    model = nn.Sequential(*(make() for make in layers))
    targets = torch.tensor(GATES[gate]).float().unsqueeze(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(1000):
        loss = nn.functional.binary_cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, model(inputs).detach().flatten(), loss.item()


one_layer = (lambda: nn.Linear(2, 1), nn.Sigmoid)
hidden_layer = (lambda: nn.Linear(2, 2), nn.Sigmoid)
runs = {
    "AND, one layer": train("AND", *one_layer),
    "OR, one layer": train("OR", *one_layer),
    "XOR, one layer": train("XOR", *one_layer),
    "XOR, two layers": train("XOR", *hidden_layer, *one_layer),
}
print(f"\n{'outputs for':<18}" + "".join(f"({a}, {b})  " for a, b in inputs.int().tolist()) + "  loss")
for name, (_, outputs, loss) in runs.items():
    print(f"{name:<18}" + "".join(f"{each:<8.3f}" for each in outputs.tolist()) + f"{loss:>8.4f}")

plt = pyplot()
if plt:
    from matplotlib.colors import LinearSegmentedColormap

    _, panels = plt.subplots(1, 4, figsize=(15, 4.3), sharey=True)
    colours = LinearSegmentedColormap.from_list("classes", ["#fdba74", "#ffffff", "#93c5fd"])  # 0: orange, 1: blue
    edge = torch.linspace(-0.5, 1.5, 201)
    grid_x, grid_y = torch.meshgrid(edge, edge, indexing="xy")
    points = torch.stack([grid_x.flatten(), grid_y.flatten()], dim=1)
    for axes, (name, (model, _, loss)) in zip(panels, runs.items(), strict=True):
        with torch.no_grad():
            region = model(points).reshape(201, 201).numpy()
        axes.imshow(region, extent=(-0.5, 1.5, -0.5, 1.5), origin="lower", cmap=colours, vmin=0, vmax=1, aspect="auto")
        if region.max() - region.min() > 0.1:  # a boundary
            axes.contour(edge.numpy(), edge.numpy(), region, levels=[0.5], colors="#334155", linewidths=1.6)
        for (a, b), target in zip(inputs.tolist(), GATES[name.partition(",")[0]], strict=True):
            axes.plot(a, b, "o", markersize=13, color="#1d4ed8" if target else "#ea580c", markeredgecolor="white")
            axes.text(a, b, target, color="white", ha="center", va="center", fontsize=9, fontweight="bold")
        axes.set(title=f"{name}\nloss {loss:.3f}", xlabel="x1", xticks=[0, 1], yticks=[0, 1])
    panels[0].set_ylabel("x2")
    save_plot(plt, options, "21_perceptrons.png")


def table(outputs):
    return [int(each > 0.5) for each in outputs.flatten().tolist()]


beside(
    *((f"{gate}, one layer", GATES[gate], table(runs[f"{gate}, one layer"][1])) for gate in ("AND", "OR")),
    ("XOR, one layer: loss", f"{math.log(2):.4f}", f"{runs['XOR, one layer'][2]:.4f}"),
    ("XOR, two layers", GATES["XOR"], table(runs["XOR, two layers"][1])),
    ("n1, the note's weights", [1, 1, 1, 0], table(n[:, 0])),
    ("n2, the note's weights", [0, 1, 1, 1], table(n[:, 1])),
    ("y_out, step", GATES["XOR"], table(y)),
    ("y_out, sigmoid", GATES["XOR"], table(y_sigmoid), "the table holds for the step, not for the sigmoid"),
    ("y_out, sharp sigmoid", GATES["XOR"], table(y_sharp)),
)
