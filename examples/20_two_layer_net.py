"""Numerical gradient against back-propagation: SimpleNet to its last digit, TwoLayerNet trained, and the cost counted.

Look at the cost. A numerical gradient needs two forward passes for every parameter, 159,020 for TwoLayerNet's 79,510; back-
propagation needs one forward and one backward pass for all of them. The note never gets through its 10,000 steps; here they
take seconds. Look also at the note's gradient of SimpleNet: no slip explains it, but it is the gradient of some other draw of
W, as what it says about the prediction is a probability.

    python examples/20_two_layer_net.py [--data DIR] [--steps N] [--out DIR]

The images are MNIST's, where --data holds its IDX files, and otherwise scikit-learn's digits, enlarged to 28 x 28.
"""

import argparse
import sys
import time

import numpy as np
import tinygrad_edu.nn as nn
import tinygrad_edu.nn.functional as F
from lesson import beside, options, progress, pyplot, save_plot

import tinygrad_edu as torch
from tinygrad_edu.datasets import MNIST, load_digits
from tinygrad_edu.testing import check_backward

parser = argparse.ArgumentParser(add_help=False)
parser.add_argument("--data", metavar="DIR")
own, sys.argv[1:] = parser.parse_known_args()
options = options(__doc__, steps=(10_000, 500))
BATCH, LEARNING_RATE = 100, 0.1


def numerical_gradient(f, w, h=1e-4):
    """Central differences: two evaluations of f for every entry of w, which is changed and restored."""
    gradient = np.zeros_like(w)
    for i in np.ndindex(w.shape):
        kept = w[i]
        w[i] = kept + h
        above = f(w)
        w[i] = kept - h
        gradient[i] = (above - f(w)) / (2 * h)
        w[i] = kept
    return gradient


# ---- SimpleNet: one matrix, softmax, cross-entropy

W = np.array([[1.81509164, -1.47779898, -0.44327992], [1.1835035, 0.70338014, 1.76561574]])  # as the note prints it
x = torch.tensor([0.6, 0.9], dtype=torch.float64)


def simple_loss(W, answer=0):
    return F.cross_entropy(x @ torch.as_tensor(W), torch.tensor(answer))


prediction = (x @ torch.tensor(W)).numpy()
losses = [f"{simple_loss(W, answer).item():.3f}" for answer in (0, 1)]
print("prediction:", prediction, "  loss if the answer is 0, 1:", *losses)
numerical = numerical_gradient(lambda W: simple_loss(W).item(), W)
weights = torch.tensor(W, requires_grad=True)
simple_loss(weights).backward()
print(f"numerical gradient:\n{numerical}\nautograd:\n{weights.grad.numpy()}")
print("check_backward on the numerical one:", check_backward(simple_loss, {"W": numerical}, {"W": W}))
NOTE_GRADIENT = np.array([[-0.35356551, 0.11583533, 0.23773018], [-0.53034826, 0.173753, 0.35659526]])
print(f"\ncheck_backward on the note's:\n{check_backward(simple_loss, {'W': NOTE_GRADIENT}, {'W': W})}")
# dL/dW = x' (p - t), so each row says what p was
for row, each in zip(NOTE_GRADIENT, x.numpy(), strict=True):
    p = row / each + [1, 0, 0]
    print(f"the note's row for {each}: p = {p.round(4)}, sum {p.sum():.4f}")
print("here p =", F.softmax(torch.tensor(prediction), dim=0).numpy().round(4))


# ---- TwoLayerNet


class TwoLayerNet(nn.Module):
    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01):
        super().__init__()
        self.W1 = nn.Parameter(weight_init_std * torch.randn(input_size, hidden_size))
        self.b1 = nn.Parameter(torch.zeros(hidden_size))
        self.W2 = nn.Parameter(weight_init_std * torch.randn(hidden_size, output_size))
        self.b2 = nn.Parameter(torch.zeros(output_size))

    def forward(self, x):
        return torch.sigmoid(x @ self.W1 + self.b1) @ self.W2 + self.b2  # cross_entropy takes the softmax itself


def load_data():
    """Images as rows of 784 numbers from 0 to 1, and labels: to train, and to test."""
    if own.data:
        parts = (MNIST(own.data, train) for train in (True, False))
        return "MNIST", *((part.data.reshape(-1, 784) / 255, part.targets) for part in parts)
    digits = load_digits()
    images = np.kron(digits.images / 16, np.ones((3, 3)))  # 8 x 8 to 24 x 24
    images = torch.tensor(np.pad(images, ((0, 0), (2, 2), (2, 2))).reshape(-1, 784), dtype=torch.float32)
    order, labels = torch.randperm(len(images)), torch.tensor(digits.target)
    return "scikit-learn's digits", *((images[part], labels[part]) for part in (order[:1500], order[1500:]))


torch.manual_seed(0)
try:
    name, (x_train, t_train), (x_test, t_test) = load_data()
except (ImportError, RuntimeError) as error:  # no scikit-learn, or no files where they were said to be
    raise SystemExit(str(error)) from None
net = TwoLayerNet(784, 100, 10)
count = sum(p.numel() for p in net.parameters())
print(f"\n{name}: {len(x_train)} images to train, {len(x_test)} to test; TwoLayerNet has {count:,} parameters")


def accuracy(x, t):
    with torch.no_grad():
        return (net(x).argmax(dim=1) == t).float().mean().item()


# What a gradient costs, on one mini-batch in double precision; and that the two agree, on b1, b2 and W2
double = TwoLayerNet(784, 100, 10).double()
x_batch, t_batch = x_train[:BATCH].double(), t_train[:BATCH]


def batch_loss(_=None):
    with torch.no_grad():
        return F.cross_entropy(double(x_batch), t_batch).item()


def seconds(f, times):
    start = time.perf_counter()
    for _ in range(times):
        f()
    return (time.perf_counter() - start) / times


def backpropagate():
    double.zero_grad()
    F.cross_entropy(double(x_batch), t_batch).backward()


backpropagate()
checked = {"b1": double.b1, "b2": double.b2} | ({} if options.quick else {"W2": double.W2})
apart = max(np.abs(numerical_gradient(batch_loss, p.detach().numpy()) - p.grad.numpy()).max() for p in checked.values())
forward_time, both_time = seconds(batch_loss, 50), seconds(backpropagate, 50)
passes = 2 * count
numerical_time = passes * forward_time
print(f"{', '.join(checked)}: the numerical gradient and autograd's differ by at most {apart:.0e}")
print(f"numerical: 2 * {count:,} = {passes:,} forward passes of {forward_time * 1e3:.2f} ms: {numerical_time:.0f} s a step")
print(f"back-propagation: {both_time * 1e3:.2f} ms a step, {numerical_time / both_time:,.0f} times less\n")

history, marks = [], [(0, accuracy(x_train, t_train), accuracy(x_test, t_test))]
every = max(1, options.steps // 50)
optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
for step in progress(range(options.steps), desc="mini-batches"):
    batch = torch.randint(len(x_train), (BATCH,))  # with replacement, as the note chooses
    loss = F.cross_entropy(net(x_train[batch]), t_train[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if (step + 1) % every == 0:
        marks.append((step + 1, accuracy(x_train, t_train), accuracy(x_test, t_test)))
    if (step + 1) % (5 * every) == 0:
        _, training, test = marks[-1]
        print(f"step {step + 1:>6}: loss {loss.item():.4f}, accuracy {training:.4f} (training), {test:.4f} (test)")

plt = pyplot()
if plt:
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4))
    left.plot(range(1, len(history) + 1), history, color="#be123c", linewidth=0.7)
    left.set(title=f"TwoLayerNet on {name}", xlabel="step (mini-batches of 100)", ylabel="cross-entropy", ylim=(0, None))
    steps, *curves = zip(*marks, strict=True)
    right.plot(steps, curves[0], color="#0f766e", label="training")
    right.plot(steps, curves[1], "--", color="#64748b", label="test")
    right.set(title="Accuracy", xlabel="step", ylabel="accuracy", ylim=(0, 1.02))
    right.legend(frameon=False, loc="lower right")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    save_plot(plt, options, "20_two_layer_net.png")

beside(
    ("prediction", "[ 2.15420814 -0.25363727 1.32308622]", prediction, "it had more digits of W than it prints"),
    ("loss if the answer is 0", "0.422", losses[0]),
    ("loss if the answer is 1", "2.830", losses[1]),
    ("gradient of W", NOTE_GRADIENT.round(4), numerical.round(4), "the note prints another draw's gradient"),
    ("shapes of W1, b1", "((784, 100), (100, ))", f"({tuple(net.W1.shape)}, ({net.b1.numel()}, ))"),
    ("shapes of W2, b2", "((100, 10), (10, ))", f"({tuple(net.W2.shape)}, ({net.b2.numel()}, ))"),
    ("parameters", "79,510", f"{count:,}"),
    ("times images in a batch", "7,951,000", f"{count * BATCH:,}"),
    ("forward passes a step", "79,510 derivatives", f"{passes:,}", "a central difference takes two"),
)
