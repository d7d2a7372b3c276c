"""Gradient descent on x0**2 + x1**2 from (-3, 4): a learning rate that fits, one too large, and one too small.

Look at the factor by which a step multiplies x: 1 - 2 lr. With lr = 0.1 it is 0.8 and x goes to 0; with 10 it is -19 and x
leaps from side to side, ever further out; with 1e-10 it is nearly 1 and x stands still. And look at what the note calls the
result of lr = 10: its numerical gradient is of no use where x + 1e-4 has lost its last digits, so it stops at 1e13. The exact
gradient goes on, to 1e128.

    python examples/19_gradient_descent.py [--out DIR]
"""

import numpy as np
from lesson import beside, options, pyplot, save_plot

import tinygrad_edu as torch

options = options(__doc__)
START, STEPS = [-3.0, 4.0], 100


def function_2(x):
    return x[0] ** 2 + x[1] ** 2


def descend(lr, steps=STEPS):
    """The path and the gradients on it, by autograd: forward, backward, step."""
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=lr)
    path, gradients = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        function_2(x).backward()
        path.append(x.detach().numpy().copy())
        gradients.append(x.grad.numpy().copy())
        optimizer.step()  # x = x - lr * gradient
    return np.array([*path, x.detach().numpy()]), np.array(gradients)


def descend_numerically(lr, steps=STEPS, h=1e-4):
    """Where the note's way ends: two evaluations of f for each coordinate and step."""
    x = np.array(START)
    for _ in range(steps):
        gradient = np.zeros_like(x)
        for i in range(x.size):
            step = np.zeros_like(x)
            step[i] = h
            gradient[i] = (function_2(x + step) - function_2(x - step)) / (2 * h)
        x = x - lr * gradient
    return x


paths = {lr: descend(lr) for lr in (0.1, 10.0, 1e-10)}
path, gradients = paths[0.1]
for i in (*range(4), *range(10, STEPS, 15), STEPS - 1):
    print(f"step {i + 1:>3}   x: {path[i]!s:<36} gradient: {gradients[i]}")
print(f"after {STEPS}   x: {path[-1]}\n")

print(f"{'lr':>6}   {'1 - 2 lr':>12}   {'after 100 steps':<36} {'with the numerical gradient':<36}")
ends = {lr: descend_numerically(lr) for lr in paths}
for lr, (path_lr, _) in paths.items():
    print(f"{lr:>6g}   {1 - 2 * lr:>12.10g}   {path_lr[-1]!s:<36} {ends[lr]!s:<36}")

plt = pyplot()
if plt:
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5.4))
    x0, x1 = np.meshgrid(np.linspace(-5, 5, 201), np.linspace(-5, 5, 201))
    left.contour(x0, x1, function_2([x0, x1]), levels=[0.25, 1, 4, 9, 16, 25, 36], colors="#cbd5e1", linewidths=0.9)
    left.plot(*path[:21].T, "-o", color="#be123c", markersize=5, linewidth=1, label="lr = 0.1, 20 steps")
    left.plot(*START, "o", color="#334155", markersize=8, label="start (-3, 4)")
    left.set(title="The path", xlabel="x0", ylabel="x1", xlim=(-4.5, 4.5), ylim=(-4.5, 4.5))
    left.set_aspect("equal")
    left.legend(frameon=False, loc="lower right")
    for (lr, (path_lr, _)), colour in zip(paths.items(), ("#0f766e", "#be123c", "#64748b"), strict=True):
        right.semilogy(np.linalg.norm(path_lr, axis=1), color=colour, linewidth=2, label=f"lr = {lr:g}")
    right.set(title="Distance from the minimum", xlabel="step", ylabel="|x|")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    save_plot(plt, options, "19_gradient_descent.png")

rounding = "rounding, of numbers near 1e13, in the numerical gradient"
beside(
    ("x at step 2", "[-2.4 3.2]", path[1]),
    ("its gradient", "[-4.8 6.4]", gradients[1]),
    ("x at step 10", "[-0.40265318 0.53687091]", path[9]),
    ("x at step 100", "[-7.63888491e-10 1.01851799e-09]", path[99]),
    ("its gradient", "[-1.52777698e-09 2.03703598e-09]", gradients[99]),
    ("after 100 steps", "[-6.11110793e-10 8.14814391e-10]", path[100]),
    ("the same, numerically", "[-6.11110793e-10 8.14814391e-10]", ends[0.1]),
    ("lr = 10, numerically", "[-2.58983747e+13 -1.29524862e+12]", ends[10.0]),
    ("lr = 10, autograd", "[-2.58983747e+13 -1.29524862e+12]", paths[10.0][0][-1], rounding),
    ("lr = 1e-10", "[-2.99999994 3.99999992]", paths[1e-10][0][-1]),
)
