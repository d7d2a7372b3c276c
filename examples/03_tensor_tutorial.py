"""The course's first tutorial: tensors that remember how they were made, and backward().

Look at ``grad_fn``: leaves have none, results carry the node that made them; ``backward()`` follows those nodes.
"""

from lesson import beside

import tinygrad_edu as torch

# A tensor of one's own is a leaf: nothing made it.
x = torch.ones(2, 2, requires_grad=True)
print(x)
print(x.grad_fn)

# Every result names the node that made it.
y = x + 2
z = y * y * 3
out = z.mean()
print(y)
print(z)
print(out)

# Without requires_grad nothing is recorded; requires_grad_() switches it on, and results inherit it.
torch.manual_seed(0)
a = torch.randn(2, 2)
print(a.requires_grad)
a.requires_grad_(True)
print(a.requires_grad)
b = (a * a).sum()
print(b)
print(b.requires_grad)

# Only leaves keep their gradients; retain_grad() asks for one in the middle.
y.retain_grad()
x.retain_grad()  # a leaf keeps it anyway
z.retain_grad()
out.backward(retain_graph=True)  # retain_graph: the graph can be walked again
print(x.grad)
print(y.grad)
print(z.grad)

figures = [
    ("y = x + 2", "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)", y),
    ("z = y * y * 3", "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)", z),
    ("out = z.mean()", "tensor(27., grad_fn=<MeanBackward0>)", out),
    ("x.grad", "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])", str(x.grad)),
    ("y.grad", "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])", y.grad),
    ("z.grad", "tensor([[0.2500, 0.2500],\n        [0.2500, 0.2500]])", z.grad),
]

# A second walk adds to the leaves' gradients; without retain_graph a third one is an error.
out.backward()
print(x.grad)
try:
    out.backward()
except RuntimeError as error:
    print("RuntimeError:", error)

# .data is the same numbers without history; norm() is the root of the sum of squares.
x = (torch.tensor([-368.7681, -1364.7264, 336.7958]) / 1024).requires_grad_()  # what the note's randn(3) drew
print(x)
y = x * 2
print(y)
while y.data.norm() < 1000:
    y = y * 2
print(y)
figures.append(("doubled to a norm of 1000", "tensor([ -368.7681, -1364.7264, 336.7958], grad_fn=<MulBackward0>)", y))

# no_grad() stops the recording, not the flag of what is already there; detach() gives the same numbers, unrecorded.
print(x.requires_grad)
with torch.no_grad():
    print(inside := x.requires_grad)
    print((x**2).requires_grad)
y = x.detach()
print(y.requires_grad)
print(x.eq(y).all())
figures.append(("x.eq(x.detach()).all()", "tensor(True)", x.eq(y).all()))
figures.append(("inside no_grad()", "x.requires_grad False", f"x.requires_grad {inside}",
                "the note is wrong: PyTorch says True"))  # fmt: skip

beside(*figures)
