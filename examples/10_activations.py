"""Activation functions: their values and derivatives, and the largest derivative of the sigmoid, which is 0.25.

Look at the derivatives: what a layer multiplies into the gradient that passes it. A note says that the sigmoid's is at most
0.3; autograd's largest value is s (1 - s) at 0, which is 1/4, and ``gradcheck`` (central differences) agrees with autograd.

    python examples/10_activations.py [--out DIR]
"""

import tinygrad_edu.nn.functional as F
from lesson import beside, options, pyplot, save_plot

import tinygrad_edu as torch

FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "leaky ReLU (0.01)": F.leaky_relu,
    "softplus": F.softplus,
    "softmax, first of (x, 1, 0)": lambda x: F.softmax(torch.stack([x, torch.ones_like(x), torch.zeros_like(x)]), dim=0)[0],
    "step": lambda x: (x > 0).to(x.dtype),  # a comparison has no derivative: the graph ends here
}


def derivative(function, x):
    """f'(x) for each element of x, by autograd: the sum's gradient, as no element reaches another's result."""
    x = x.detach().requires_grad_()
    y = function(x)
    if y.grad_fn is None:
        return torch.zeros_like(x)
    (grad,) = torch.autograd.grad(y.sum(), x)
    return grad


options = options(__doc__)
points = torch.tensor([-5.0, -1.0, 0.0, 1.0, 5.0], dtype=torch.float64)
x = torch.linspace(-6, 6, 1201, dtype=torch.float64)
curves = {name: (function(x), derivative(function, x)) for name, function in FUNCTIONS.items()}

print(f"{'':<30}" + "".join(f"{f'x = {point:g}':>10}" for point in points.tolist()) + "   largest derivative")
for name, function in FUNCTIONS.items():
    values, slopes = function(points).tolist(), derivative(function, points).tolist()
    print(f"{name:<30}" + "".join(f"{value:>10.4f}" for value in values))
    print(f"{'   derivative':<30}" + "".join(f"{slope:>10.4f}" for slope in slopes) + f"{curves[name][1].max().item():>13.4f}")

inputs = torch.linspace(-6, 6, 13, dtype=torch.float64).add(0.25).requires_grad_()  # not at 0, where ReLU has a corner
for name, function in FUNCTIONS.items():
    if name != "step":
        assert torch.autograd.gradcheck(function, (inputs,))
print("\ngradcheck: autograd and central differences agree on all but the step, which has no gradient to compare")

plt = pyplot()
if plt:
    figure, axes = plt.subplots(2, 4, figsize=(14, 6.6))
    for ax, (name, (values, slopes)) in zip(axes.flat, curves.items(), strict=False):
        ax.plot(x.numpy(), values.numpy(), color="#0f766e", linewidth=2.2, label="f(x)")
        ax.plot(x.numpy(), slopes.numpy(), color="#be123c", linewidth=1.6, label="f′(x)")
        ax.set_title(name, color="#1e293b")
        unbounded = values.max().item() > 1
        ax.set_ylim(-1.15 if name == "tanh" else -0.3, 2.5 if unbounded else 1.15)
    last = axes.flat[-1]  # the derivatives on one scale
    for name, colour in (("sigmoid", "#be123c"), ("tanh", "#c2410c"), ("ReLU", "#1d4ed8")):
        last.plot(x.numpy(), curves[name][1].numpy(), color=colour, linewidth=1.8, label=f"{name}′")
    last.axhline(0.3, color="#94a3b8", linestyle=":", label="0.3 (note)")
    last.axhline(0.25, color="#94a3b8", linestyle="--", label="0.25")
    last.set_xlim(-8, 6)
    last.set_title("derivatives compared", color="#1e293b")
    for ax in axes.flat:
        ax.axhline(0, color="#cbd5e1", linewidth=0.8, zorder=0)
        ax.axvline(0, color="#cbd5e1", linewidth=0.8, zorder=0)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=9, loc="upper left")
    for ax in axes[1]:
        ax.set_xlabel("x")
    save_plot(plt, options, "10_activations.png")

span = {name: f"{values.min().item():.2f} to {values.max().item():.2f}" for name, (values, _) in curves.items()}
three = F.softmax(torch.tensor([0.9, 2.9, 4.0], dtype=torch.float64), dim=0)
beside(
    ("largest sigmoid'", 0.3, f"{curves['sigmoid'][1].max().item():.4f}", "the note is wrong: s (1 - s) <= 1/4"),
    ("largest tanh'", "above the sigmoid's", f"{curves['tanh'][1].max().item():.4f}", "at x = 0"),
    ("ReLU' for x > 0", 1, f"{derivative(F.relu, points)[-1].item():g}"),
    ("ReLU of x < 0", 0, f"{F.relu(points)[0].item():g}"),
    ("leaky ReLU of -5", "a very small number", f"{F.leaky_relu(points)[0].item():g}", "0.01 x"),
    ("sigmoid", "0 to 1", span["sigmoid"], "for x from -6 to 6"),
    ("tanh", "-1 to 1", span["tanh"], "for x from -6 to 6"),
    ("softmax's sum", 1, f"{three.sum().item():g}"),
)
