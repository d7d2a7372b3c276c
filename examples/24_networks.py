"""Convolutional and recurrent networks, the Boltzmann machine and the deep belief network, all on scikit-learn's digits.

The note only names them; here each is trained on 1,347 images of 8 x 8 and tested on 450. Look at the filters: the kernels
of the convolution are small edges, the Boltzmann machine's are spots and strokes, found without a label. Then look at the
two curves of the deep belief network: the same layers and the same fine-tuning, once from the stacked machines' weights
and once from random ones, which begin at chance. The machines and their learning rule are in boltzmann.py.

    python examples/24_networks.py [--epochs N] [--quick] [--out DIR]
"""

import sys

import tinygrad_edu.nn as nn
import tinygrad_edu.nn.functional as F
from boltzmann import deep_belief_network
from lesson import beside, options, progress, pyplot, save_plot, written

import tinygrad_edu as torch
from tinygrad_edu.datasets import load_digits, train_test_split
from tinygrad_edu.visualize import plot_model, summary

options = options(__doc__, epochs=(25, 6))
torch.set_num_threads(1)  # the matrices are small: threads would wait for each other
try:
    digits = load_digits()
except ImportError as error:
    print(error)
    sys.exit()
x_train, x_test, y_train, y_test = train_test_split(digits.images / 16, digits.target, test_size=450, random_state=0)
x_train, x_test = (torch.from_numpy(x).float().unsqueeze(1) for x in (x_train, x_test))  # (N, 1, 8, 8), from 0 to 1
y_train, y_test = (torch.from_numpy(y).long() for y in (y_train, y_test))


class Recurrent(nn.Module):
    """Reads a digit as a sequence: eight steps, one row of eight pixels each; then says what it was."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer(8, 64, batch_first=True)
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        states, _ = self.layer(x.squeeze(1))
        return self.out(states[:, -1])


def accuracy(model):
    model.eval()
    with torch.no_grad():
        right = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
    model.train()
    return right


def fit(name, model, lr=0.003):
    """Train by back-propagation with Adam; the test accuracy after each epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    reached = []
    for _ in progress(range(options.epochs), desc=name):
        for batch in torch.randperm(len(x_train)).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(x_train[batch]), y_train[batch]).backward()
            optimizer.step()
        reached.append(accuracy(model))
    print(f"{name:<24}{sum(p.numel() for p in model.parameters()):>7,} parameters, test accuracy {reached[-1]:.4f}")
    return reached


torch.manual_seed(0)
cnn = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10),
)  # fmt: skip
summary(cnn, (1, 1, 8, 8), verbose=True)
plot_model(cnn, (1, 1, 8, 8), to_file=written(options, "24_cnn.svg"))
curves = {"CNN": fit("CNN", cnn), "RNN": fit("RNN", Recurrent(nn.RNN)), "LSTM": fit("LSTM", Recurrent(nn.LSTM))}

rows, sizes = x_train.flatten(1), [64, 256, 128]
dbn, machines, errors = deep_belief_network(rows, sizes, 10, options.epochs)
curves["DBN, pre-trained"] = fit("DBN, pre-trained", dbn, lr=0.001)
random = nn.Sequential(
    nn.Flatten(), nn.Linear(64, 256), nn.Sigmoid(), nn.Linear(256, 128), nn.Sigmoid(), nn.Linear(128, 10)
)  # fmt: skip
curves["the same, random"] = fit("the same, random", random, lr=0.001)

# Contrastive divergence is usually written by hand: <h v> of the data less <h v> of one step of Gibbs sampling. Here the
# engine takes the gradient of the free energies instead; with the same random numbers the two are the same.
rbm, v = machines[0], rows[:100]
torch.manual_seed(1)
rbm.zero_grad()
rbm.contrastive_divergence(v).backward()
torch.manual_seed(1)
v1 = rbm.gibbs(v)
by_hand = -(rbm.hidden(v).t() @ v - rbm.hidden(v1).t() @ v1) / len(v)
apart = (rbm.W.grad - by_hand).abs().max().item()
print(f"CD-1's gradient, by autograd and by hand: {apart:.1e} apart; RMS {by_hand.pow(2).mean().sqrt().item():.1e}")


def tiles(ax, title, images, columns, **colours):
    """Small images in rows of ``columns``, with a line between them."""
    n, height, width = images.shape
    sheet = torch.full((-(-n // columns) * (height + 1) - 1, columns * (width + 1) - 1), float("nan"))
    for i, image in enumerate(images):
        y, x = i // columns * (height + 1), i % columns * (width + 1)
        sheet[y : y + height, x : x + width] = image
    ax.imshow(sheet.numpy(), interpolation="nearest", **colours)
    ax.set_title(title, fontsize=11)
    ax.axis("off")


def weights(images):
    """Each image by its own largest weight: from -1, orange, over 0, white, to 1, blue."""
    return images.detach() / images.detach().abs().amax(dim=(1, 2), keepdim=True)


plt = pyplot()
if plt:
    from matplotlib.colors import LinearSegmentedColormap

    orange_blue = LinearSegmentedColormap.from_list("signed", ["#9a3412", "#f97316", "white", "#3b82f6", "#1e3a8a"])
    signed = {"cmap": orange_blue.with_extremes(bad="#cbd5e1"), "vmin": -1, "vmax": 1}
    grey = {"cmap": plt.get_cmap("Greys").with_extremes(bad="#cbd5e1"), "vmin": 0}
    with torch.no_grad():
        maps = F.relu(cnn[0](x_test[:1]))[0]
        seen = torch.cat([x_test[:12].squeeze(1), rbm.gibbs(x_test[:12].flatten(1)).reshape(12, 8, 8)])
        dreams = rbm.gibbs(torch.bernoulli(torch.full((24, 64), 0.5)), steps=500).reshape(24, 8, 8)
    _, axes = plt.subplots(3, 2, figsize=(13, 6), height_ratios=(3, 3, 2))
    tiles(axes[0, 0], "CNN: the 16 kernels of its first layer, 3 x 3", weights(cnn[0].weight.squeeze(1)), 8, **signed)
    tiles(axes[0, 1], f"and what they find in a test image, a {y_test[0].item()}", maps, 8, **grey)
    first = weights(rbm.W[:36].reshape(36, 8, 8))
    tiles(axes[1, 0], "RBM: the weights of 36 of its 256 hidden units", first, 12, **signed)
    second = weights((machines[1].W[:36] @ rbm.W).reshape(36, 8, 8))
    tiles(axes[1, 1], "DBN: 36 units of its second layer, through the first layer", second, 12, **signed)
    tiles(axes[2, 0], "RBM: test images, and below what one step of it makes of them", seen, 12, **grey)
    tiles(axes[2, 1], "RBM: after 500 steps of Gibbs sampling, from noise", dreams, 12, **grey)
    save_plot(plt, options, "24_filters.png")

    _, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6))
    for (name, curve), colour in zip(curves.items(), ["#2563eb", "#16a34a", "#ea580c", "#0f766e", "#94a3b8"], strict=True):
        left.plot(range(1, options.epochs + 1), curve, color=colour, label=name, linewidth=1.8)
    left.set(title="back-propagation", xlabel="epoch", ylabel="test accuracy", ylim=(0, 1.02))
    for name, error, colour in zip(("64-256", "256-128"), errors, ("#0f766e", "#be123c"), strict=True):
        right.plot(range(1, options.epochs + 1), error, color=colour, label=f"RBM {name}", linewidth=1.8)
    right.set(title="contrastive divergence, without labels", xlabel="epoch", ylabel="reconstruction error (mean square)")
    right.set_ylim(0)
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="#e2e8f0", linewidth=0.8)
        ax.legend(frameon=False)
    save_plot(plt, options, "24_networks.png")

named, short = "named, no figure", f"{options.epochs} epochs"
beside(
    ("digits to train, to test", "-", f"{len(x_train)} {len(x_test)}", "scikit-learn's, 8 x 8"),
    ("convolutional network", named, f"{curves['CNN'][-1]:.4f}", short),
    ("recurrent network, RNN", named, f"{curves['RNN'][-1]:.4f}", short),
    ("recurrent network, LSTM", named, f"{curves['LSTM'][-1]:.4f}", short),
    ("Boltzmann machine's error", named, f"{errors[0][0]:.4f} to {errors[0][-1]:.4f}", "CD-1, per pixel"),
    ("CD-1, autograd - by hand", "-", f"{apart:.0e}", "rounding"),
    ("deep belief network", named, f"{curves['DBN, pre-trained'][-1]:.4f}", short),
    ("its first epoch", "-", f"{curves['DBN, pre-trained'][0]:.4f}", "pre-trained"),
    ("from random weights", "-", f"{curves['the same, random'][0]:.4f}", "and its first epoch"),
)
