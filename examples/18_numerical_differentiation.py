"""Numerical differentiation: a step that is too small, the central difference, and a slip that makes 6.0 into 6e-08.

Look at the step h: with 1e-50, x + h is x and the slope is 0; the central difference with h = 1e-4 is right to ten digits.
Then look at the note's gradient of x0**2 + x1**2: it divides by 2 and *multiplies* by h, as ``/ 2*h`` is read from the left,
and ``check_backward`` says by which factor every entry is wrong.
"""

import numpy as np
from lesson import beside, options, pyplot, save_plot

import tinygrad_edu as torch
from tinygrad_edu.testing import check_backward

options = options(__doc__)


def function_1(x, a=0.01):
    return a * x**2 + 0.1 * x  # the note writes a = 0.001, but its slopes are those of a = 0.01


def function_2(x):
    return x[0] ** 2 + x[1] ** 2


def forward_difference(f, x, h):
    return (f(x + h) - f(x)) / h


def numerical_diff(f, x, h=1e-4):
    """The central difference: its error falls with h**2, the forward difference's with h."""
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_gradient(f, x, h=1e-4, slip=False):
    """One central difference for each coordinate; ``slip`` is the note's way of dividing."""
    gradient = np.zeros_like(x)
    for i in range(x.size):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        below = f(x)
        x[i] = kept
        gradient[i] = (above - below) / 2 * h if slip else (above - below) / (2 * h)
    return gradient


def autograd(f, x):
    """The same gradient from one forward and one backward pass, exact but for rounding."""
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    f(x).backward()
    return x.grad.numpy()


# ---- the step

with np.errstate(divide="ignore"):
    reciprocal = 1 / np.float32(1e-50)
print("np.float32(1e-50) =", np.float32(1e-50), "  1 / np.float32(1e-50) =", reciprocal)
print("5 + 1e-50 == 5:", 5 + 1e-50 == 5, "  so the slope with h = 1e-50 is", forward_difference(function_1, 5, 1e-50))
print(f"\n{'f(x) = 0.01 x**2 + 0.1 x':<28}{'x = 5':>18}{'x = 10':>18}")
slopes = {x: numerical_diff(function_1, x) for x in (5, 10)}
print(f"{'central difference':<28}" + "".join(f"{slopes[x]:>18.13f}" for x in slopes))
print(f"{'autograd':<28}" + "".join(f"{autograd(function_1, x).item():>18.13f}" for x in slopes))

# ---- partial derivatives: every other variable is a constant

by_x0 = numerical_diff(lambda x0: x0**2 + 4.0**2, 3.0)
by_x1 = numerical_diff(lambda x1: 3.0**2 + x1**2, 4.0)
print(f"\nat (3, 4): df/dx0 = {by_x0:.1f}, df/dx1 = {by_x1:.1f}")

# ---- the gradient: all partial derivatives, and the note's slip

points = [[3.0, 4.0], [2.0, 3.0], [1.0, 2.0], [0.0, 0.0]]
print(f"\n{'gradient at':<14}{'the note, / 2*h':<20}{'/ (2*h)':<20}{'autograd'}")
slipped = [numerical_gradient(function_2, np.array(point), slip=True) for point in points]
right = [numerical_gradient(function_2, np.array(point)) for point in points]
for point, bad, good in zip(points, slipped, right, strict=True):
    print(f"{point!s:<14}{bad!s:<20}{good.round(8)!s:<20}{autograd(function_2, point)}")
print("\ncheck_backward on the note's gradient at (3, 4):")
report = check_backward(function_2, {"x": slipped[0]}, {"x": points[0]})
print(report)  # 1e8 is 1 / h**2: it was multiplied by h where it had to be divided
print("\ncheck_backward on the right one:", check_backward(function_2, {"x": right[0]}, {"x": points[0]}))


def tangents(axes):
    x = np.arange(0.0, 20.0, 0.1)
    axes.plot(x, function_1(x), color="#0f766e", linewidth=2.2, label="f(x) = 0.01 x² + 0.1 x")
    for at, colour in ((5, "#be123c"), (10, "#c2410c")):
        line = function_1(at) + slopes[at] * (x - at)
        axes.plot(x, line, color=colour, linewidth=1.2, label=f"tangent at {at}: slope {slopes[at]:.2f}")
        axes.plot(at, function_1(at), "o", color=colour)
    axes.set(title="Tangent lines", xlabel="x", ylabel="f(x)")
    axes.legend(frameon=False, loc="upper left")


def error_of_step(axes):
    steps = np.logspace(-16, 0, 97)
    exact = np.exp(1.0)
    for difference, name, colour in (
        (forward_difference, "forward difference", "#be123c"),
        (numerical_diff, "central difference", "#0f766e"),
    ):
        errors = [abs(difference(np.exp, 1.0, h) - exact) + 1e-17 for h in steps]
        axes.loglog(steps, errors, color=colour, label=name)
    axes.axvline(1e-4, color="#64748b", linestyle=":", label="h = 1e-4")
    axes.set(title="Error of the slope of exp at 1", xlabel="h", ylabel="error", ylim=(1e-13, 10))
    axes.legend(frameon=False)


def surface(axes):
    x0, x1 = np.meshgrid(np.arange(-3, 3.05, 0.25), np.arange(-3, 3.05, 0.25))
    axes.plot_wireframe(x0, x1, function_2([x0, x1]), color="#0f766e", linewidth=0.7)
    axes.set(title="f(x0, x1) = x0² + x1²", xlabel="x0", ylabel="x1", zlabel="f")


def arrows(axes):
    x0, x1 = np.meshgrid(np.arange(-2, 2.25, 0.25), np.arange(-2, 2.25, 0.25))
    x = torch.tensor(np.stack([x0.ravel(), x1.ravel()]), requires_grad=True)
    function_2(x).sum().backward()  # the sum, as no point reaches another point's value: all gradients in one pass
    g0, g1 = x.grad.numpy()
    axes.quiver(x0, x1, -g0, -g1, angles="xy", color="#be123c", width=0.003)
    axes.set(title="Minus the gradient: the way down", xlabel="x0", ylabel="x1", xlim=(-2.1, 2.1), ylim=(-2.1, 2.1))
    axes.set_aspect("equal")
    axes.grid(color="#e2e8f0")
    axes.set_axisbelow(True)


plt = pyplot()
if plt:
    figure = plt.figure(figsize=(12, 9.5))
    for place, picture in enumerate((tangents, error_of_step, surface, arrows), start=1):
        axes = figure.add_subplot(2, 2, place, projection="3d" if picture is surface else None)
        picture(axes)
        if picture is not surface:
            axes.spines[["top", "right"]].set_visible(False)
    save_plot(plt, options, "18_numerical_differentiation.png")

slope_as_written = numerical_diff(lambda x: function_1(x, a=0.001), 5)
wrong = "the note is wrong: / 2*h is / 2 * h"
beside(
    ("np.float32(1e-50)", 0.0, np.float32(1e-50)),
    ("1 / np.float32(1e-50)", "inf", reciprocal),
    ("slope, a = 0.01, at 5", 0.2, f"{slopes[5]:.1f}"),
    ("slope, a = 0.01, at 10", 0.3, f"{slopes[10]:.1f}"),
    ("slope, a = 0.001, at 5", 0.2, f"{slope_as_written:.2f}", "the note's 0.001 is a misprint of 0.01"),
    ("df/dx0 at (3, 4)", "6.0", f"{by_x0:.1f}"),
    ("df/dx1 at (3, 4)", "8.0", f"{by_x1:.1f}"),
    *((f"at {point}, / 2*h", note, here) for point, note, here in
      zip(points, ("[6.e-08 8.e-08]", "[4.e-08 6.e-08]", "[2.e-08 4.e-08]", "[0. 0.]"), slipped, strict=True)),
    ("at [3.0, 4.0], / (2*h)", "[6.e-08 8.e-08]", right[0].round(8), wrong),
)  # fmt: skip
