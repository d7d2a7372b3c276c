"""Passes whose pages are tested, and the sizes of the windows that show them."""

import tinygrad_edu.nn as nn

import tinygrad_edu as torch
from tinygrad_edu.visualize import page, record, trace
from tinygrad_edu.visualize.show import formula_page

CARD = "z = (x*y + max(y, 0)) * sigmoid(x)"


def card_page():
    """The formula of the course card at x = 2, y = −3."""
    return formula_page(CARD, {"x": 2.0, "y": -3.0})


def mlp_trace():
    """A network with two layers and cross-entropy on two examples."""
    torch.manual_seed(0)
    fc1, act, fc2 = nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3)
    x, y = torch.randn(2, 4), torch.tensor([0, 2])
    with record():
        loss = nn.CrossEntropyLoss()(fc2(act(fc1(x))), y)
        loss.backward()
    return trace(loss, names={"x": x, "y": y, "fc1": fc1, "act": act, "fc2": fc2, "loss": loss})


def mlp_page():
    return page(mlp_trace(), title="two layers and cross-entropy")


def fan_out_page():
    """Arrays that are used several times, broadcast, indexed and normalised; a detached one; gates."""
    torch.manual_seed(1)
    w, b = torch.randn(3, 12, requires_grad=True), torch.randn(12, requires_grad=True)
    with record():
        h = torch.tanh(torch.ones(2, 3) @ w + b)
        r = h + torch.relu(h) * h.detach()
        a, c = torch.split(r, 6, dim=1)
        loss = (torch.softmax(a, dim=1) * c).sum() + w[0].exp().mean() + (b * b).max()
        loss.backward()
    return page(loss, names={"w": w, "b": b, "h": h, "r": r, "loss": loss})


PAGES = {"card": card_page, "mlp": mlp_page, "arrays": fan_out_page}
SIZES = {"wide": (1280, 800), "phone": (390, 844)}
