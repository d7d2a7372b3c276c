"""GradientTape, TensorFlow's way to ask for gradients: watch, calculate, ask.

Look at what a tape is: a stretch of time in which certain tensors are followed. The graph is the same as that of
``requires_grad`` and ``backward()``; only the question is asked in another way, and nothing is stored in ``x.grad``.
"""

from lesson import beside, options, written

import tinygrad_edu as torch
from tinygrad_edu import GradientTape, Variable
from tinygrad_edu.visualize import draw, record

chosen = options(__doc__)

# z = (sum of x)^2, so dz/dx = 2 * 4 for each of the four elements.
x = torch.ones(2, 2)
with record() as recording:  # for the picture only
    with GradientTape() as t:
        t.watch(x)
        y = torch.sum(x)
        z = torch.multiply(y, y)
    dz_dx = t.gradient(z, x)
print("y: ", y)
print("z: ", z)
print(dz_dx)
draw(recording.trace(z, locals())).render(outfile=written(chosen, "13_tape.svg"))
for i in [0, 1]:
    for j in [0, 1]:
        assert dz_dx[i][j].numpy() == 8.0

# The answer frees the graph. A second question needs a tape that persists.
try:
    t.gradient(y, x)
except RuntimeError as error:
    print("asked twice:", error)

x = torch.tensor(3.0)
with GradientTape(persistent=True) as t:
    t.watch(x)
    y = x * x
    z = y * y  # z = x^4
dz_dx_persistent = t.gradient(z, x)  # 4 x^3 at x = 3
dy_dx_persistent = t.gradient(y, x)  # 2 x at x = 3
print(dz_dx_persistent, dy_dx_persistent)
del t  # the graph lives as long as the tape


# Loops and conditions are Python's own: the tape sees the multiplications that happened.
def f(x, n):
    output = 1.0
    for i in range(n):
        if 1 < i < 5:  # i = 2, 3, 4
            output = torch.multiply(x, output)
    return output


def grad(x, n):
    with GradientTape() as t:
        t.watch(x)
        out = f(x, n)
    return t.gradient(out, x)


x = torch.tensor(2.0)
flow = [grad(x, n).numpy() for n in (6, 5, 4)]  # x^3, x^3, x^2
print(*flow)

# A tape around a tape differentiates the gradient. A Variable is watched without being asked for.
x = Variable(1.0)
print(x)
with GradientTape() as t:
    with GradientTape() as t2:
        y = x * x * x
    dy_dx = t2.gradient(y, x)  # 3 x^2 at x = 1
d2y_dx2 = t.gradient(dy_dx, x)  # 6 x at x = 1
print(dy_dx, d2y_dx2)

# The same two numbers, asked for in PyTorch's way.
w = torch.tensor(1.0, requires_grad=True)
(first,) = torch.autograd.grad(w**3, w, create_graph=True)
(second,) = torch.autograd.grad(first, w)

beside(
    ("d(sum x)^2 / dx", "[[8.0, 8.0], [8.0, 8.0]]", dz_dx.tolist()),
    ("dx^4 / dx at 3", 108.0, dz_dx_persistent.numpy()),
    ("dx^2 / dx at 3", 6.0, dy_dx_persistent.numpy()),
    ("loops of 6, 5, 4 at 2", "12.0 12.0 4.0", "{} {} {}".format(*flow)),
    ("a Variable", "<tf.Variable 'Variable:0' shape=() dtype=float32, numpy=1.0>", x, "the same but for tf."),
    ("dx^3 / dx at 1", 3.0, dy_dx.numpy()),
    ("d2x^3 / dx2 at 1", 6.0, d2y_dx2.numpy()),
    ("both, by autograd.grad", "3.0 6.0", f"{first.item()} {second.item()}"),
)
