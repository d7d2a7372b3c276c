"""A differentiable function of one's own: multiplication, with its backward pass written by hand.

Look at ``backward``: it is given the gradient that arrives from above (upstream), multiplies it by the derivative of
this node alone (local), and hands the products on (downstream), one for each input.
"""

from lesson import beside

import tinygrad_edu as torch


class Multiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)  # the local derivatives need them
        return x * y

    @staticmethod
    def backward(ctx, grad_z):
        x, y = ctx.saved_tensors
        grad_x = y * grad_z  # dz/dx * dL/dz
        grad_y = x * grad_z  # dz/dy * dL/dz
        return grad_x, grad_y


x = torch.tensor(3.0, requires_grad=True)
y = torch.tensor(4.0, requires_grad=True)
z = Multiply.apply(x, y)
print("z =", z)

g = torch.tensor(5.0)  # as if L, far above, had the derivative 5 with respect to z
z.backward(g)

up, x_, y_, z_, dx, dy = (f"{each.item():g}" for each in (g, x, y, z, x.grad, y.grad))
print(f"""
    forward                  backward

    x = {x_} --+                dL/dx = {dx} <--+
            |                              |
           (*)--> z = {z_}                  (*)<-- dL/dz = {up}
            |                              |
    y = {y_} --+                dL/dy = {dy} <--+

    input   upstream   *   local           =   downstream
      x     dL/dz = {up}  *   dz/dx = y = {y_}   =   {dx}
      y     dL/dz = {up}  *   dz/dy = x = {x_}   =   {dy}""")

beside(
    ("dL/dx = y * dL/dz", y.item() * g.item(), x.grad.item()),
    ("dL/dy = x * dL/dz", x.item() * g.item(), y.grad.item()),
)
