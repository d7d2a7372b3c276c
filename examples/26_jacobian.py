"""Three kinds of derivative: scalar to scalar, vector to scalar (the gradient), vector to vector (the Jacobian).

Look at the shapes: a derivative has one entry for every output and every input. backward() needs a scalar, as one pass
carries one row: for an output of several numbers it must be told which combination of the rows is meant, the upstream
gradient. The Jacobian is all rows, one pass for each, and the chain rule is the product of the Jacobians.
"""

from lesson import beside, options, written

import tinygrad_edu as torch
from tinygrad_edu.autograd.functional import hessian, jacobian
from tinygrad_edu.visualize import draw, record

options = options(__doc__)


def scalar_to_scalar(x):
    return x**3  # dy/dx = 3 x**2


def vector_to_scalar(x):
    return (x**2).sum()  # a loss: many inputs, one output; dy/dx_i = 2 x_i


def vector_to_vector(x):
    return torch.stack([x[0] * x[1], x[0] + x[1], x[0] ** 2])  # 2 inputs, 3 outputs: 3 rows, 2 columns


cases = [
    ("scalar to scalar", scalar_to_scalar, torch.tensor(2.0)),
    ("vector to scalar", vector_to_scalar, torch.tensor([1.0, 2.0, 3.0])),
    ("vector to vector", vector_to_vector, torch.tensor([2.0, 3.0])),
]
found = {}
print(f"{'':<18}{'shapes':<20}{'x':<17}{'y':<17}derivative")
for name, function, x in cases:
    found[name] = jacobian(function, x)
    shapes = f"{[*x.shape]} -> {[*function(x).shape]}: {[*found[name].shape]}"
    print(f"{name:<18}{shapes:<20}{x.tolist()!s:<17}{function(x).tolist()!s:<17}{found[name].tolist()}")

# backward() is the Jacobian's transpose times the upstream gradient: one row for a one-hot, a sum of rows otherwise.
x = torch.tensor([2.0, 3.0], requires_grad=True)
try:
    vector_to_vector(x).backward()
except RuntimeError as error:
    print(f"\nbackward() of three numbers: RuntimeError: {error}")
rows = []
for i in range(3):
    x.grad = None
    vector_to_vector(x).backward(torch.eye(3)[i])
    rows.append(x.grad)
print("row by row:", torch.stack(rows).tolist(), " the Jacobian:", torch.stack(rows).equal(found["vector to vector"]))
upstream = torch.tensor([1.0, 10.0, 100.0])
x.grad = None
with record():
    y = vector_to_vector(x)
    y.backward(upstream)
by_jacobian = upstream @ found["vector to vector"]
print(f"upstream {upstream.tolist()}: x.grad = {x.grad.tolist()} = upstream @ J: {by_jacobian.tolist()}")
draw(y, names={"x": x, "y": y}, title="Vector to vector: upstream (1, 10, 100)", path=written(options, "26_jacobian.svg"))

# The chain rule: the Jacobian of a composition is the product of the Jacobians.
x = torch.tensor([2.0, 3.0])
whole = jacobian(lambda x: vector_to_scalar(vector_to_vector(x)), x)
product = jacobian(vector_to_scalar, vector_to_vector(x)) @ jacobian(vector_to_vector, x)
print(f"\nchain rule: {whole.tolist()} = {product.tolist()}: (3,) @ (3, 2) = (2,)")

# An element-wise function's Jacobian is diagonal; so a node may multiply by its local derivative and never build it.
elementwise = jacobian(torch.sigmoid, torch.tensor([-1.0, 0.0, 1.0]))
print(f"sigmoid's Jacobian, s (1 - s) on the diagonal:\n{elementwise}")

# And the Jacobian of a gradient is the Hessian, the second derivatives.
print(f"the Hessian of the sum of squares:\n{hessian(vector_to_scalar, torch.tensor([1.0, 2.0, 3.0]))}")

beside(
    ("x**3 at 2: 3 x**2", 12.0, found["scalar to scalar"].item()),
    ("sum of squares: 2 x", [2.0, 4.0, 6.0], found["vector to scalar"].tolist()),
    ("Jacobian by hand", [[3.0, 2.0], [1.0, 1.0], [4.0, 0.0]], found["vector to vector"].tolist()),
    ("its shape", "outputs x inputs: 3 x 2", "outputs x inputs: {} x {}".format(*found["vector to vector"].shape)),
    ("chain rule", product.tolist(), whole.tolist()),
)
