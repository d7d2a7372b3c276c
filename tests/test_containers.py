"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

from collections import OrderedDict

import pytest
from agreement import agree

import tinygrad_edu as torch
from tinygrad_edu import nn


def chain(t):
    return t.nn.Sequential(t.nn.Linear(1, 2), t.nn.ReLU(), t.nn.Linear(2, 1))


def test_sequential_runs_in_order():
    class Add(nn.Module):
        def __init__(self, text):
            super().__init__()
            self.text = text

        def forward(self, x):
            return x + self.text

    assert nn.Sequential(Add("b"), Add("c"))("a") == "abc"
    assert nn.Sequential()("a") == "a"
    assert nn.Sequential(OrderedDict(x=Add("1"), y=Add("2")))("") == "12"


def test_sequential_is_indexed_and_sliced():
    net = chain(torch)
    assert net[0] is net._modules["0"]
    assert net[-1] is net[2]
    assert isinstance(net[:2], nn.Sequential)
    assert list(net[1:]) == [net[1], net[2]]
    assert getattr(net, "1") is net[1]


def test_deletion_renumbers():
    net = chain(torch)
    first, last = net[0], net[2]
    del net[1]
    assert list(net._modules) == ["0", "1"]
    assert [net[0], net[1]] == [first, last]
    assert getattr(net, "1") is last
    assert not hasattr(net, "2")


def test_module_list_registers():
    layers = nn.ModuleList(nn.Linear(1, 1) for _ in range(3))
    assert len(list(layers.parameters())) == 6
    with pytest.raises(NotImplementedError):
        layers(torch.ones(1))


def test_parameter_list_makes_parameters():
    params = nn.ParameterList([torch.ones(1), nn.Parameter(torch.zeros(2)), "text"])
    assert [type(each).__name__ for each in params] == ["Parameter", "Parameter", "str"]
    assert len(list(params.parameters())) == 2


def test_parameter_dict_makes_parameters():
    params = nn.ParameterDict({"b": torch.ones(1), "a": 5})
    assert list(params) == ["a", "b"]
    assert isinstance(params["b"], nn.Parameter)
    assert [name for name, _ in params.named_parameters()] == ["b"]


def changed(t, make, change):
    """The container after a change, and what the change returned."""
    container = make(t)
    result = change(container, t)
    parts = [repr(part) for part in container] if hasattr(container, "__len__") else []
    return repr(container), len(container), parts, sorted(container.state_dict()), describe(result, container)


def describe(result, container):
    return "itself" if result is container else repr(result)


def dictionary(t):
    return t.nn.ModuleDict({"b": t.nn.ReLU(), "a": t.nn.Linear(1, 1)})


def parameters(t):
    return t.nn.ParameterList([t.ones(2), t.zeros(1, 3), 5, "x"])


def parameter_dict(t):
    return t.nn.ParameterDict({"b": t.ones(2), "a": t.zeros(1, 3), "c": 5})


def modules(t):
    return t.nn.ModuleList([t.nn.Linear(1, 1), t.nn.ReLU(), t.nn.ReLU(), t.nn.Linear(1, 1, bias=False)])


LISTS = {
    "as it is": lambda c, t: None,
    "index": lambda c, t: c[1],
    "negative": lambda c, t: c[-1],
    "too large": lambda c, t: c[4],
    "too small": lambda c, t: c[-5],
    "float": lambda c, t: c[1.0],
    "slice": lambda c, t: c[1:],
    "steps": lambda c, t: c[::2],
    "set": lambda c, t: c.__setitem__(0, t.nn.Tanh()),
    "set last": lambda c, t: c.__setitem__(-1, t.nn.Tanh()),
    "set too large": lambda c, t: c.__setitem__(9, t.nn.Tanh()),
    "set int": lambda c, t: c.__setitem__(0, 5),
    "append": lambda c, t: c.append(t.nn.Tanh()),
    "append int": lambda c, t: c.append(5),
    "extend": lambda c, t: c.extend([t.nn.Tanh(), t.nn.Sigmoid()]),
    "extend int": lambda c, t: c.extend(5),
    "iadd": lambda c, t: c.__iadd__(t.nn.Sequential(t.nn.Tanh())),
}
MODULE_LISTS = LISTS | {
    "del": lambda c, t: c.__delitem__(0),
    "del last": lambda c, t: c.__delitem__(-1),
    "del slice": lambda c, t: c.__delitem__(slice(0, 2)),
    "del too large": lambda c, t: c.__delitem__(9),
    "pop": lambda c, t: c.pop(1),
    "pop slice": lambda c, t: c.pop(slice(1, None)),
    "insert": lambda c, t: c.insert(1, t.nn.Tanh()),
    "insert last": lambda c, t: c.insert(len(c), t.nn.Tanh()),
    "insert int": lambda c, t: c.insert(0, 5),
    "add": lambda c, t: c + t.nn.Sequential(t.nn.Tanh()),
    "add list": lambda c, t: c.__add__([t.nn.Tanh()]),
    "iadd list": lambda c, t: c.__iadd__([t.nn.Tanh()]),
    "dir": lambda c, t: [name for name in dir(c) if name.isdigit()],
    "call": lambda c, t: c(t.ones(1, 1)).shape,
}
SEQUENTIALS = MODULE_LISTS | {
    "insert negative": lambda c, t: c.insert(-1, t.nn.Tanh()),
    "insert too large": lambda c, t: c.insert(9, t.nn.Tanh()),
    "mul": lambda c, t: c * 2,
    "rmul": lambda c, t: 3 * c,
    "imul": lambda c, t: c.__imul__(2),
    "mul 0": lambda c, t: c * 0,
    "mul float": lambda c, t: c * 1.5,
    "imul -1": lambda c, t: c.__imul__(-1),
    "of names": lambda c, t: t.nn.Sequential(OrderedDict(a=t.nn.ReLU(), b=t.nn.Tanh()))[1:],
    "of a list": lambda c, t: t.nn.Sequential([t.nn.ReLU()]),
    "of None": lambda c, t: t.nn.Sequential(None),
}
DICTIONARIES = {
    "as it is": lambda c, t: None,
    "get": lambda c, t: c["a"],
    "missing": lambda c, t: c["z"],
    "set": lambda c, t: c.__setitem__("z", t.nn.Tanh()),
    "replace": lambda c, t: c.__setitem__("a", t.nn.Tanh()),
    "set int": lambda c, t: c.__setitem__("z", 5),
    "int key": lambda c, t: c.__setitem__(5, t.nn.Tanh()),
    "dotted": lambda c, t: c.__setitem__("a.b", t.nn.Tanh()),
    "name taken": lambda c, t: c.__setitem__("keys", t.nn.Tanh()),
    "del": lambda c, t: c.__delitem__("a"),
    "del missing": lambda c, t: c.__delitem__("z"),
    "pop": lambda c, t: c.pop("a"),
    "pop missing": lambda c, t: c.pop("z"),
    "clear": lambda c, t: c.clear(),
    "contains": lambda c, t: ("a" in c, "z" in c),
    "keys": lambda c, t: list(c.keys()),
    "values": lambda c, t: list(c.values()),
    "items": lambda c, t: list(c.items()),
    "update": lambda c, t: c.update({"z": t.nn.Tanh(), "y": t.nn.ReLU()}),
    "update pairs": lambda c, t: c.update([("z", t.nn.Tanh()), ["y", t.nn.ReLU()]]),
    "update int": lambda c, t: c.update(5),
    "update ints": lambda c, t: c.update([5]),
    "update triples": lambda c, t: c.update([(1, 2, 3)]),
    "attribute": lambda c, t: c.a,
}
PARAMETER_LISTS = {name: LISTS[name] for name in LISTS if name not in ("iadd", "set int")} | {
    "set": lambda c, t: c.__setitem__(0, t.ones(1)),
    "append": lambda c, t: c.append(t.ones(1)),
    "extend": lambda c, t: c.extend([t.ones(1), "text"]),
    "extend tensor": lambda c, t: c.extend(t.ones(1)),
    "iadd": lambda c, t: c.__iadd__([t.ones(1)]),
    "call": lambda c, t: c(1),
    "dir": lambda c, t: [name for name in dir(c) if name.isdigit()],
}
PARAMETER_DICTS = {
    name: DICTIONARIES[name]
    for name in DICTIONARIES
    if name not in ("set int", "name taken", "dotted", "items", "values", "keys")
} | {
    "items": lambda c, t: list(c.items()),
    "keys": lambda c, t: list(c.keys()),
    "values": lambda c, t: list(c.values()),
    "update": lambda c, t: c.update({"z": t.ones(1), "y": t.zeros(1)}),
    "update ordered": lambda c, t: c.update(OrderedDict(z=t.ones(1), y=t.zeros(1))),
    "reversed": lambda c, t: list(reversed(c)),
    "copy": lambda c, t: c.copy(),
    "setdefault": lambda c, t: (c.setdefault("a", 1), c.setdefault("n"), c.setdefault("z", t.ones(1))),
    "popitem": lambda c, t: c.popitem(),
    "popitem of none": lambda c, t: t.nn.ParameterDict().popitem(),
    "get": lambda c, t: (c.get("c"), c.get("z"), c.get("z", 3)),
    "fromkeys": lambda c, t: c.fromkeys(["q", "r"], 2),
    "or": lambda c, t: c | t.nn.ParameterDict({"z": t.ones(1)}),
    "ior": lambda c, t: c.__ior__(t.nn.ParameterDict({"z": t.ones(1)})),
    "call": lambda c, t: c(1),
}

CASES = [
    (make, name, change)
    for make, changes in [
        (lambda t: chain(t).append(t.nn.Tanh()), SEQUENTIALS),
        (modules, MODULE_LISTS),
        (dictionary, DICTIONARIES),
        (parameters, PARAMETER_LISTS),
        (parameter_dict, PARAMETER_DICTS),
    ]
    for name, change in changes.items()
]


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("make", "change"),
    [pytest.param(make, change, id=f"{make.__name__}-{name}") for make, name, change in CASES],
)
def test_containers_agree_with_pytorch(make, change):
    def script(t):
        t.manual_seed(0)
        return changed(t, make, change)

    agree(script)


PRINTED_LIST = """ModuleList(
  (0): Linear(in_features=1, out_features=1, bias=True)
  (1-2): 2 x ReLU()
  (3): Linear(in_features=1, out_features=1, bias=False)
)"""


def test_printed_forms():
    assert repr(modules(torch)) == PRINTED_LIST
    assert repr(nn.ModuleList()) == "ModuleList()"
    assert repr(nn.ModuleList([nn.ModuleList([nn.Tanh(), nn.Tanh()])])) == (
        "ModuleList(\n  (0): ModuleList(\n    (0-1): 2 x Tanh()\n  )\n)"
    )
    assert repr(nn.ParameterList([torch.ones(2, 3)])) == (
        "ParameterList(  (0): Parameter containing: [torch.float32 of size 2x3])"
    )
