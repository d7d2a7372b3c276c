"""What the tests of recorded passes share."""

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.visualize import record


def scalar(value):
    return torch.tensor(float(value), requires_grad=True)


def step_of(t, op):
    return next(each for each in t.steps if each.op == op)


def value_of(t, name):
    return next(each for each in t.values if each.name == name)


def the_formula():
    x, y = scalar(2), scalar(-3)
    with record() as recording:
        z = (x * y + y.clamp(min=0)) * torch.sigmoid(x)
        z.backward()
    return recording, x, y, z


def mlp():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3))
    return model, nn.CrossEntropyLoss(), torch.randn(2, 4), torch.tensor([0, 2])
