"""Modules that the tests of ``nn.Module`` share."""

from collections import OrderedDict

import tinygrad_edu as torch
from tinygrad_edu import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.norm = nn.BatchNorm1d(3)
        self.act = nn.ReLU()
        self.out = nn.Sequential(OrderedDict(last=nn.Linear(3, 1, bias=False)))
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("steps", torch.zeros(1))
        self.register_buffer("scratch", torch.zeros(1), persistent=False)

    def forward(self, x, gain=1.0):
        return self.out(self.act(self.norm(self.hidden(x)))) * self.scale * gain


KINDS = ("_parameters", "_buffers", "_modules")


def consistent(module):
    """Every member is the attribute of its name, and an attribute that could be a member is one."""
    members = {name: value for kind in KINDS for name, value in getattr(module, kind).items() if isinstance(name, str)}
    for name, value in members.items():
        assert getattr(module, name) is value
        assert vars(module)[name] is value
    assert sum(len(getattr(module, kind)) for kind in KINDS) == len(members)
    for name, value in vars(module).items():
        if isinstance(value, (nn.Module, nn.Parameter)):
            assert name in members
    return True


def small(t, factory=None):
    m = (factory or t.nn.Module)()
    m.weight = t.nn.Parameter(t.ones(2))
    m.bias = t.nn.Parameter(t.zeros(1))
    m.register_buffer("steps", t.zeros(1))
    m.child = t.nn.Identity()
    m.plain = 3
    return m


def model(t):
    t.manual_seed(0)
    return t.nn.Sequential(t.nn.Linear(2, 3), t.nn.BatchNorm1d(3), t.nn.Sequential(t.nn.Linear(3, 1)))


def run(t, layer, *shape, **options):
    t.manual_seed(3)
    x = t.randn(*shape, requires_grad=True)
    made = layer(t.nn)
    for name, value in options.items():
        setattr(made, name, value)
    t.manual_seed(4)
    out = made(x)
    out.sum().backward()
    return (
        repr(made),
        out.shape,
        list(made.state_dict()),
        out.round(decimals=4),
        x.grad.round(decimals=4),
    )
