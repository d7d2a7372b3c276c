"""Pictures and pages of backward passes: from the course card's formula to a recurrent step and a second derivative.

    python examples/gallery.py [--out DIR]

writes NAME.svg, and NAME.html, in which the pass runs step by step, for each of them (open a page and press the space bar),
and gradient_flow.svg: where the gradient goes in deep networks of three activations.
"""

import tinygrad_edu.nn as nn
import tinygrad_edu.nn.functional as F
from lesson import options, written

import tinygrad_edu as torch
from tinygrad_edu.demo import Net, load_data
from tinygrad_edu.visualize import draw, gradient_flow, page, record


def formula():
    """The course card's formula: z = (x·y + max(y, 0)) · σ(x)"""
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(-3.0, requires_grad=True)
    z = (x * y + torch.relu(y)) * torch.sigmoid(x)  # x and y are used twice: fan-out
    z.backward()
    return z, {"x": x, "y": y, "z": z}


def mlp():
    """Two layers and cross-entropy"""
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3))
    x, y = torch.randn(2, 4), torch.tensor([0, 2])
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    return loss, {"x": x, "y": y, "logits": logits, "loss": loss, "model": model}


def iris():
    """One step of the iris network: five layers, three batch normalisations"""
    x, _, y, _ = load_data(0)
    net = Net()
    loss = F.cross_entropy(net(x[:4]), y[:4])
    loss.backward()
    return loss, {"net": net, "loss": loss}  # the net has to be alive for its layers to have names


def residual():
    """A residual block: the gradient has a way around the layers"""
    x = torch.randn(2, 3, requires_grad=True)
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    y = F.relu(x + second(F.relu(first(x))))  # x is used twice: its gradients add
    loss = (y**2).mean()
    loss.backward()
    return loss, {"x": x, "y": y, "loss": loss, "first": first, "second": second}


def gated():
    """One step of a gated recurrent unit, written out by hand"""
    x, h = torch.randn(1, 3), torch.randn(1, 2, requires_grad=True)
    wz, wr, wn = (torch.randn(5, 2, requires_grad=True) for _ in range(3))
    both = torch.cat([x, h], dim=1)
    z = torch.sigmoid(both @ wz)  # how much of the old state stays
    r = torch.sigmoid(both @ wr)  # how much of it the candidate sees
    n = torch.tanh(torch.cat([x, r * h], dim=1) @ wn)  # the candidate
    new = (1 - z) * n + z * h
    loss = new.sum()
    loss.backward()
    names = {"x": x, "h": h, "W_z": wz, "W_r": wr, "W_n": wn, "z": z, "r": r, "n": n, "h_new": new, "loss": loss}
    return loss, names


def second_order():
    """The graph of a gradient: the second derivative of x³"""
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x * x
    (slope,) = torch.autograd.grad(y, x, create_graph=True)
    slope.backward()  # 6 x = 12
    return slope, {"x": x, "y": y, "slope": slope}


def deep(activation):
    """Seven layers of 64 units with one activation, and a last one; every weight starts as suits the activation."""
    layers = []
    for _ in range(7):
        layers += [nn.Linear(64, 64), activation()]
        if activation is nn.ReLU:
            nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
        else:
            nn.init.xavier_normal_(layers[-2].weight)
    return nn.Sequential(*layers, nn.Linear(64, 10))


if __name__ == "__main__":
    chosen = options(__doc__)
    for build in (formula, mlp, iris, residual, gated, second_order):
        torch.manual_seed(1)
        with record():
            loss, names = build()
        draw(loss, names=names, title=build.__doc__, path=written(chosen, f"{build.__name__}.svg"))
        page(loss, written(chosen, f"{build.__name__}.html"), names=names, title=build.__doc__)
    x, y = torch.randn(128, 64), torch.randint(10, (128,))
    flows = []
    for activation in (nn.ReLU, nn.Tanh, nn.Sigmoid):
        torch.manual_seed(1)
        model = deep(activation)
        with gradient_flow(model, name=activation.__name__) as flow:
            F.cross_entropy(model(x), y).backward()
        flows.append(flow)
    written(chosen, "gradient_flow.svg").write_text(flows[0].svg(*flows[1:]), encoding="utf-8")
