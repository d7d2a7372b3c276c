"""The nodes of the course card, one at a time, and then the chain through them.

Look at one rule in every line: downstream = upstream * local. A node knows nothing but its own derivative; what the
rest of the graph is, the upstream gradient says. Fan-out is the one node with several upstream gradients: it sums them.
"""

from lesson import beside, options, written

import tinygrad_edu as torch
from tinygrad_edu.visualize import draw, explain, page, record

chosen = options(__doc__)
seen = []


def show(name, upstream, local, tensor):
    """One line: the product, and the gradient that the engine found."""
    downstream, grad = f"{upstream * local:.4f}", f"{tensor.grad.item():.4f}"
    print(f"{name:<22} {upstream:>7.4f} * {local:>7.4f} = {downstream:>8}   engine: {grad:>8}")
    seen.append((name, downstream, grad))


def inputs(*values):
    return [torch.tensor(value, requires_grad=True) for value in values]


print("node, input            upstream *  local = downstream\n")

x, y = inputs(3.0, -4.0)
(x + y).backward(torch.tensor(2.0))
show("add, x", 2.0, 1.0, x)  # addition passes the gradient on as it is
show("add, y", 2.0, 1.0, y)

x, y = inputs(3.0, -4.0)
(x * y).backward(torch.tensor(2.0))
show("mul, x", 2.0, -4.0, x)  # multiplication exchanges the inputs
show("mul, y", 2.0, 3.0, y)

(x,) = inputs(0.5)
s = torch.sigmoid(x)
s.backward(torch.tensor(2.0))
show("sigmoid, x", 2.0, s.item() * (1 - s.item()), x)  # s (1 - s): the output is all it needs

x, y = inputs(3.0, -4.0)
torch.maximum(x, y).backward(torch.tensor(2.0))
show("max, x (larger)", 2.0, 1.0, x)  # max is a switch: all of the gradient to the larger input
show("max, y (smaller)", 2.0, 0.0, y)

x, y = inputs(3.0, -4.0)
x.relu().backward(torch.tensor(2.0))
y.relu().backward(torch.tensor(2.0))
show("ReLU, x > 0", 2.0, 1.0, x)  # ReLU is max(0, x)
show("ReLU, x < 0", 2.0, 0.0, y)

(x,) = inputs(3.0)
a, b, c = torch.fanout(x, 3)
print("\nfan-out makes copies:", a.grad_fn.name(), [branch.item() for branch in (a, b, c)])
torch.autograd.backward([a, b, c], [torch.tensor(g) for g in (2.0, 3.0, -1.0)])
print("fan-out sums what comes back: 2 + 3 - 1 =", x.grad.item())
seen.append(("fan-out, x", "4.0000", f"{x.grad.item():.4f}"))

# The chain: each node's downstream is the next one's upstream.
w, x, b = inputs(0.5, 2.0, -3.0)
with record():  # for the picture below
    product = w * x
    total = product + b
    squashed = torch.sigmoid(total)
    out = torch.maximum(squashed, torch.tensor(0.0))
    for tensor in (product, total, squashed):
        tensor.retain_grad()
    out.backward()
s = squashed.item()
print("\nthe chain out = max(sigmoid(w * x + b), 0), from its end\n")
show("max", 1.0, 1.0, squashed)
show("sigmoid", squashed.grad.item(), s * (1 - s), total)
show("add, w * x", total.grad.item(), 1.0, product)
show("add, b", total.grad.item(), 1.0, b)
show("mul, w", product.grad.item(), x.item(), w)
show("mul, x", product.grad.item(), w.item(), x)

node, names = out.grad_fn, []
while node is not None:  # the graph that backward walked
    names.append(type(node).__name__)
    node = node.next_functions[0][0] if node.next_functions else None
print("\nthe nodes:", " -> ".join(names))

# The same walk as a text, as a picture, and as a page that goes through it step by step.
names = {"w": w, "x": x, "b": b, "product": product, "total": total, "squashed": squashed, "out": out}
print(f"\n{explain(out, names=names)}")
draw(out, names=names, path=written(chosen, "02_chain.svg"))
page(out, written(chosen, "02_chain.html"), names=names)

beside(*seen)
