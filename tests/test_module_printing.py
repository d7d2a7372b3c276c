"""Modules as they print themselves, mistakes in their use, and what small layers do."""

import pytest
from agreement import agree
from module_cases import Net, model, run, small

import tinygrad_edu as torch
from tinygrad_edu import nn

# ---- printed form and mistakes


PRINTED = """Net(
  (hidden): Linear(in_features=2, out_features=3, bias=True)
  (norm): BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
  (act): ReLU()
  (out): Sequential(
    (last): Linear(in_features=3, out_features=1, bias=False)
  )
)"""


def test_printed_form():
    assert repr(Net()) == PRINTED


def with_extra_repr(t, text):
    class Layer(t.nn.Module):
        def extra_repr(self):
            return text

    outer = Layer()
    alone = repr(outer)
    outer.inner = Layer()
    outer.none = None
    outer.register_module("absent", None)
    return alone, repr(outer)


def initialised_twice(t):
    class Twice(t.nn.Module):
        def __init__(self):
            t.nn.Module.__init__(self)
            self.lost = t.nn.Parameter(t.ones(1))
            self.plain = 5
            t.nn.Module.__init__(self)
            self.kept = t.nn.Parameter(t.ones(1))

    module = Twice()
    return hasattr(module, "lost"), module.plain, [name for name, _ in module.named_parameters()]


def uninitialised(t, act):
    class Early(t.nn.Module):
        def __init__(self):
            act(self)

    return Early()


def register_name(t, kind, name):
    value = {"parameter": t.nn.Parameter(t.ones(1)), "buffer": t.ones(1), "module": t.nn.ReLU()}[kind]
    module = small(t)
    getattr(module, f"register_{kind}")(name, value)
    return repr(module), list(module.state_dict())


NAMES = ["new", "", "a.b", 5, "weight", "steps", "child", "plain", "forward", "training"]


MISTAKES = {
    **{
        f"register {kind} {name!r}": lambda t, kind=kind, name=name: register_name(t, kind, name)
        for kind in ("parameter", "buffer", "module")
        for name in NAMES
    },
    **{
        f"extra_repr {text!r}": lambda t, text=text: with_extra_repr(t, text)
        for text in ("", "a=1", "a=1\nb=2", "a\n\nb")
    },
    "initialised twice": initialised_twice,
    "early parameter": lambda t: uninitialised(t, lambda m: setattr(m, "w", t.nn.Parameter(t.ones(1)))),
    "early module": lambda t: uninitialised(t, lambda m: setattr(m, "w", t.nn.ReLU())),
    "early buffer": lambda t: uninitialised(t, lambda m: setattr(m, "w", t.nn.Buffer(t.ones(1)))),
    "early register_buffer": lambda t: uninitialised(t, lambda m: m.register_buffer("w", None)),
    "early register_parameter": lambda t: uninitialised(t, lambda m: m.register_parameter("w", None)),
    "early add_module": lambda t: uninitialised(t, lambda m: m.add_module("w", None)),
    "early attribute": lambda t: uninitialised(t, lambda m: setattr(m, "w", 5)).w,
    "tensor for a parameter": lambda t: setattr(small(t), "weight", t.ones(1)),
    "int for a parameter": lambda t: setattr(small(t), "weight", 1),
    "module for a parameter": lambda t: repr((lambda m: (setattr(m, "weight", t.nn.Tanh()), m)[1])(small(t))),
    "tensor for a module": lambda t: setattr(small(t), "child", t.ones(1)),
    "class for a module": lambda t: setattr(small(t), "child", t.nn.ReLU),
    "function for a module": lambda t: setattr(small(t), "child", len),
    "int for a buffer": lambda t: setattr(small(t), "steps", 1),
    "list for a buffer": lambda t: setattr(small(t), "steps", [1]),
    "module for a buffer": lambda t: repr((lambda m: (setattr(m, "steps", t.nn.Tanh()), m)[1])(small(t))),
    "buffer for a parameter": lambda t: setattr(small(t), "weight", t.nn.Buffer(t.ones(1))),
    "buffer for an attribute": lambda t: setattr(small(t), "plain", t.nn.Buffer(t.ones(1))),
    "register int": lambda t: small(t).register_parameter("p", 1),
    "register tensor": lambda t: small(t).register_parameter("p", t.ones(1)),
    "register computed": lambda t: small(t).register_parameter("p", t.nn.Parameter(t.ones(1)) * 2),
    "register buffer of int": lambda t: small(t).register_buffer("p", 1),
    "add int": lambda t: small(t).add_module("p", 1),
    "add class": lambda t: small(t).add_module("p", t.nn.ReLU),
    "no attribute": lambda t: small(t).nothing,
    "delete nothing": lambda t: delattr(small(t), "nothing"),
    "delete plain": lambda t: delattr(small(t), "plain"),
    "init argument": lambda t: t.nn.Module(1),
    "init keyword": lambda t: t.nn.Module(a=1),
    "no forward": lambda t: small(t)(1),
    "train int": lambda t: small(t).train(1),
    "get_submodule": lambda t: repr(model(t).get_submodule("2.0")),
    "get_submodule self": lambda t: repr(model(t).get_submodule("")),
    "get_submodule missing": lambda t: model(t).get_submodule("2.5"),
    "get_submodule of parameter": lambda t: model(t).get_submodule("0.weight"),
    "get_parameter": lambda t: model(t).get_parameter("2.0.bias"),
    "get_parameter missing": lambda t: model(t).get_parameter("2.0.nothing"),
    "get_parameter of buffer": lambda t: model(t).get_parameter("1.running_mean"),
    "get_buffer": lambda t: model(t).get_buffer("1.running_mean"),
    "get_buffer missing": lambda t: model(t).get_buffer("1.nothing"),
    "get_buffer of parameter": lambda t: model(t).get_buffer("1.weight"),
    "set_submodule": lambda t: repr((lambda m: (m.set_submodule("2.0", t.nn.Tanh()), m)[1])(model(t))),
    "set_submodule new": lambda t: repr((lambda m: (m.set_submodule("2.new", t.nn.Tanh()), m)[1])(model(t))),
    "set_submodule strict": lambda t: model(t).set_submodule("2.new", t.nn.Tanh(), strict=True),
    "set_submodule empty": lambda t: model(t).set_submodule("", t.nn.Tanh()),
    "set_submodule int": lambda t: model(t).set_submodule("2.0", 5),
    "set_submodule over parameter": lambda t: model(t).set_submodule("0.weight", t.nn.Tanh()),
    "extra state": lambda t: [type(t.nn.ReLU().__class__.get_extra_state).__name__],
    "named_modules": lambda t: [(name, repr(m)) for name, m in model(t).named_modules(prefix="net")],
    "named_parameters": lambda t: [name for name, _ in model(t).named_parameters("net", recurse=True)],
    "own parameters": lambda t: [name for name, _ in small(t).named_parameters(recurse=False)],
    "own buffers": lambda t: list(small(t).buffers(recurse=False)),
    "children": lambda t: [name for name, _ in model(t).named_children()],
    "dir": lambda t: [name for name in dir(model(t)) if name[:1].isdigit()],
    "shared": lambda t: (
        lambda layer: [
            [
                [name for name, _ in getattr(t.nn.Sequential(layer, layer), method)(remove_duplicate=flag)]
                for flag in (True, False)
            ]
            for method in ("named_parameters", "named_modules", "named_buffers")
        ]
    )(t.nn.BatchNorm1d(2)),
    "Unflatten float": lambda t: t.nn.Unflatten(1, (2, 2.0)),
    "Unflatten int": lambda t: t.nn.Unflatten(1, 4),
    "Dropout p": lambda t: t.nn.Dropout(1.5),
    "BatchNorm1d dims": lambda t: t.nn.BatchNorm1d(3)(t.ones(3)),
    "BatchNorm1d one value": lambda t: t.nn.BatchNorm1d(3)(t.ones(1, 3)),
    "Softmax2d dims": lambda t: t.nn.Softmax2d()(t.ones(3)),
    "size_average": lambda t: t.nn.MSELoss(size_average=False).reduction,
    "reduce": lambda t: t.nn.NLLLoss(reduce=False).reduction,
    "both legacy": lambda t: t.nn.CrossEntropyLoss(size_average=True, reduce=True).reduction,
    "no such reduction": lambda t: t.nn.MSELoss(reduction="x")(t.ones(1), t.ones(1)),
    "weight of a loss": lambda t: list(t.nn.CrossEntropyLoss(weight=t.ones(3)).state_dict()),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", MISTAKES)
def test_words_agree_with_pytorch(name):
    agree(MISTAKES[name])


def test_forward_missing():
    with pytest.raises(NotImplementedError, match=r'Module \[Module\] is missing the required "forward" function'):
        nn.Module()(1)


# ---- layers


LAYERS = {
    "Identity": (lambda nn: nn.Identity(1, a=2), (2, 3)),
    "Linear": (lambda nn: nn.Linear(3, 2), (2, 3)),
    "Linear, more dimensions": (lambda nn: nn.Linear(3, 2, bias=False), (2, 4, 3)),
    "Linear, vector": (lambda nn: nn.Linear(3, 2), (3,)),
    "Linear, wrong size": (lambda nn: nn.Linear(3, 2), (2, 4)),
    "ReLU": (lambda nn: nn.ReLU(), (2, 3)),
    "Sigmoid": (lambda nn: nn.Sigmoid(), (2, 3)),
    "Tanh": (lambda nn: nn.Tanh(), (2, 3)),
    "Softmax": (lambda nn: nn.Softmax(dim=1), (2, 3)),
    "Softmax without dim": (lambda nn: nn.Softmax(), (2, 3)),
    "LogSoftmax": (lambda nn: nn.LogSoftmax(dim=0), (2, 3)),
    "LogSoftmax without dim": (lambda nn: nn.LogSoftmax(), (3,)),
    "Softmax2d": (lambda nn: nn.Softmax2d(), (2, 2, 3)),
    "Dropout": (lambda nn: nn.Dropout(0.3), (2, 3)),
    "Dropout of all": (lambda nn: nn.Dropout(1.0), (2, 3)),
    "Flatten": (lambda nn: nn.Flatten(), (2, 3, 4)),
    "Flatten some": (lambda nn: nn.Flatten(0, 1), (2, 3, 4)),
    "Unflatten": (lambda nn: nn.Unflatten(1, (2, 2)), (3, 4)),
    "BatchNorm1d": (lambda nn: nn.BatchNorm1d(3), (4, 3)),
    "BatchNorm1d of sequences": (lambda nn: nn.BatchNorm1d(3, eps=1e-3), (4, 3, 2)),
    "BatchNorm1d, mean of all": (lambda nn: nn.BatchNorm1d(3, momentum=None), (4, 3)),
    "BatchNorm1d, not affine": (lambda nn: nn.BatchNorm1d(3, affine=False), (4, 3)),
    "BatchNorm1d, no bias": (lambda nn: nn.BatchNorm1d(3, bias=False), (4, 3)),
    "BatchNorm1d, not tracking": (lambda nn: nn.BatchNorm1d(3, track_running_stats=False).eval(), (4, 3)),
    "BatchNorm1d, eval": (lambda nn: nn.BatchNorm1d(3).eval(), (4, 3)),
    "ReLU in place": (lambda nn: nn.Sequential(nn.Tanh(), nn.ReLU(inplace=True)), (2, 3)),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_layers_agree_with_pytorch(name):
    layer, shape = LAYERS[name]
    agree(lambda t: run(t, layer, *shape))


def running_statistics(t, momentum):
    t.manual_seed(0)
    norm = t.nn.BatchNorm1d(2, momentum=momentum)
    for _ in range(3):
        norm(t.randn(5, 2))
    values = norm.running_mean.round(decimals=5), norm.running_var.round(decimals=5), norm.num_batches_tracked
    norm.reset_running_stats()
    return values, dict(norm.state_dict())


@pytest.mark.oracle
@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
def test_running_statistics_agree_with_pytorch(momentum):
    agree(lambda t: running_statistics(t, momentum))


def classes(t):
    t.manual_seed(1)
    return t.randn(4, 3), t.tensor([0, 2, 1, 2])


def binary(t):
    t.manual_seed(1)
    return t.rand(4), t.tensor([0.0, 1.0, 1.0, 0.0])


LOSSES = {
    "MSELoss": (lambda t: t.nn.MSELoss(), binary),
    "MSELoss sum": (lambda t: t.nn.MSELoss(reduction="sum"), binary),
    "MSELoss none": (lambda t: t.nn.MSELoss(reduction="none"), binary),
    "MSELoss legacy": (lambda t: t.nn.MSELoss(size_average=False), binary),
    "NLLLoss": (lambda t: t.nn.NLLLoss(), classes),
    "NLLLoss weight": (lambda t: t.nn.NLLLoss(weight=t.tensor([1.0, 2.0, 0.5]), ignore_index=1), classes),
    "CrossEntropyLoss": (lambda t: t.nn.CrossEntropyLoss(), classes),
    "CrossEntropyLoss smoothed": (lambda t: t.nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), classes),
    "CrossEntropyLoss weight": (lambda t: t.nn.CrossEntropyLoss(t.tensor([1.0, 2.0, 0.5]), ignore_index=0), classes),
    "BCELoss": (lambda t: t.nn.BCELoss(), binary),
    "BCELoss weight": (lambda t: t.nn.BCELoss(weight=t.tensor([1.0, 2.0, 3.0, 4.0]), reduction="none"), binary),
    "BCEWithLogitsLoss": (lambda t: t.nn.BCEWithLogitsLoss(pos_weight=t.tensor(2.0)), binary),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LOSSES)
def test_losses_agree_with_pytorch(name):
    make, data = LOSSES[name]
    agree(lambda t: (repr(make(t)), make(t)(*data(t)).round(decimals=5)))


def test_pytorchs_longer_names_are_the_same_objects():
    import tinygrad_edu.nn.modules.linear as linear
    from tinygrad_edu.nn.modules import Linear
    from tinygrad_edu.nn.modules.batchnorm import _BatchNorm
    from tinygrad_edu.nn.modules.module import Module

    assert linear.Linear is Linear is nn.Linear
    assert Module is nn.Module
    assert issubclass(nn.BatchNorm1d, _BatchNorm)


def test_channels_last_is_for_images_only():
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3)).to(memory_format=torch.channels_last)
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert model(torch.ones(1, 2, 4, 4)).shape == (1, 3, 3, 3)
