"""Modules called with other tensors, fused with their batch norm, made without values; SyncBatchNorm, adaptive softmax."""

import importlib

import numpy as np
import pytest
from agreement import agree_nearly

import tinygrad_edu as torch
from tinygrad_edu import nn

# ---- functional_call -----------------------------------------------------------------------------------------------------


def tied(t):
    t.manual_seed(0)
    net = t.nn.Sequential(t.nn.Linear(3, 3), t.nn.ReLU(), t.nn.Linear(3, 3), t.nn.BatchNorm1d(3))
    net[2].weight = net[0].weight
    return net


def called(t, values, module=tied, **options):
    net = module(t)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    given = values(t)
    out = t.nn.utils.stateless.functional_call(net, given, t.arange(12.0).reshape(4, 3), **options)
    same = all(bool((before[name] == value).all()) for name, value in net.state_dict().items())
    return out, given, same, sorted(dict(net.named_parameters()))


def counter(t):
    class Counter(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", t.zeros(()))

        def forward(self, x, scale=1):
            self.seen = self.seen + 1
            return x * self.seen * scale

    module, values = Counter(), {"seen": t.tensor(4.0)}
    call = t.nn.utils.stateless.functional_call
    return call(module, values, t.ones(2)), values, module.seen, call(module, {}, (t.ones(2),), {"scale": 3}), module.seen


def gradient(t):
    module, w = t.nn.Linear(2, 2), t.arange(4.0).reshape(2, 2).requires_grad_()
    t.nn.utils.stateless.functional_call(module, {"weight": w * 2, "bias": t.zeros(2)}, t.ones(1, 2)).sum().backward()
    return w.grad, module.weight.grad


def parametrized(t):
    module = t.nn.utils.parametrizations.weight_norm(t.nn.Linear(2, 2))
    values = {"parametrizations.weight.original0": t.ones(2, 1), "parametrizations.weight.original1": t.eye(2),
        "bias": t.zeros(2)}  # fmt: skip
    return t.nn.utils.stateless.functional_call(module, values, t.arange(4.0).reshape(2, 2))


WEIGHT = lambda t: {"0.weight": t.eye(3)}  # noqa: E731
CALLS = {
    "tied": lambda t: called(t, WEIGHT),
    "not tied": lambda t: called(t, WEIGHT, tie_weights=False),
    "both, same": lambda t: called(t, lambda t: dict.fromkeys(["0.weight", "2.weight"], t.eye(3))),
    "both, different": lambda t: called(t, lambda t: {"0.weight": t.eye(3), "2.weight": t.ones(3, 3)}),
    "both, not tied": lambda t: called(t, lambda t: {"0.weight": t.eye(3), "2.weight": t.ones(3, 3)}, tie_weights=False),
    "strict": lambda t: called(t, lambda t: {"weight": t.eye(3), "bias": t.zeros(3)}, lambda t: t.nn.Linear(3, 3), strict=True),
    "missing": lambda t: called(t, lambda t: {"bias": t.zeros(3)}, lambda t: t.nn.Linear(3, 3), strict=True),
    "unexpected": lambda t: called(t, lambda t: {"weight": t.eye(3), "bias": t.zeros(3), "gone": t.ones(1)},
        lambda t: t.nn.Linear(3, 3), strict=True),
    "unexpected, not strict": lambda t: called(t, lambda t: {"gone": t.ones(1)}, lambda t: t.nn.Linear(3, 3)),
    "counter": counter,
    "gradient": gradient,
    "parametrized": parametrized,
    "data parallel": lambda t: called(t, WEIGHT, lambda t: t.nn.DataParallel(t.nn.Linear(3, 3))),
}  # fmt: skip

# ---- fusion --------------------------------------------------------------------------------------------------------------


def norm(t, kind, *args, **options):
    t.manual_seed(1)
    module = getattr(t.nn, kind)(*args, **options)
    for name in ("weight", "bias", "running_mean", "running_var"):
        if getattr(module, name) is not None:
            getattr(module, name).data.uniform_(0.5, 2)
    return module.eval()


def fused(t, function, layer, args, bn, shape, more=(), **options):
    module, bn = getattr(t.nn, layer)(*args, **options).eval(), bn(t)
    result = getattr(t.nn.utils, function)(module, bn, *more)
    out = result(t.arange(float(np.prod(shape))).reshape(shape) / 10)
    return out, dict(result.state_dict()), [p.requires_grad for p in result.parameters()], repr(result)


BN2 = lambda t: norm(t, "BatchNorm2d", 4)  # noqa: E731
FUSIONS = {
    "conv": lambda t: fused(t, "fuse_conv_bn_eval", "Conv2d", (2, 4, 2), BN2, (1, 2, 3, 3)),
    "conv without bias": lambda t: fused(t, "fuse_conv_bn_eval", "Conv2d", (2, 4, 2), BN2, (1, 2, 3, 3), bias=False),
    "bare norm": lambda t: fused(t, "fuse_conv_bn_eval", "Conv2d", (2, 4, 2), lambda t: norm(t, "BatchNorm2d", 4, affine=False),
        (1, 2, 3, 3)),
    "transposed": lambda t: fused(t, "fuse_conv_bn_eval", "ConvTranspose2d", (2, 4, 2), BN2, (1, 2, 3, 3), (True,)),
    "linear": lambda t: fused(t, "fuse_linear_bn_eval", "Linear", (3, 4), lambda t: norm(t, "BatchNorm1d", 4), (2, 3)),
    "linear, one": lambda t: fused(t, "fuse_linear_bn_eval", "Linear", (3, 1), lambda t: norm(t, "BatchNorm1d", 1), (2, 3)),
    "linear, other size": lambda t: fused(t, "fuse_linear_bn_eval", "Linear", (3, 4), lambda t: norm(t, "BatchNorm1d", 3),
        (2, 3)),
    "training": lambda t: t.nn.utils.fuse_conv_bn_eval(t.nn.Conv2d(1, 1, 1), t.nn.BatchNorm2d(1)),
    "no statistics": lambda t: t.nn.utils.fuse_conv_bn_eval(
        t.nn.Conv2d(1, 1, 1).eval(), t.nn.BatchNorm2d(1, track_running_stats=False).eval()),
}  # fmt: skip

# ---- SyncBatchNorm, adaptive softmax, the rest -----------------------------------------------------------------------------


def batch_norm(t, shape, **options):
    module = t.nn.SyncBatchNorm(3, **options)
    x = t.arange(float(np.prod(shape))).reshape(shape).requires_grad_()
    out = module(x)
    out.pow(2).sum().backward()
    return out, x.grad, dict(module.state_dict()), repr(module), module.eval()(x)


def converted(t):
    bn = t.nn.BatchNorm2d(4, 1e-3, None)
    net = t.nn.Sequential(t.nn.Conv2d(2, 4, 1), bn, t.nn.Sequential(t.nn.BatchNorm2d(4, affine=False)).eval())
    result = t.nn.SyncBatchNorm.convert_sync_batchnorm(net, "group")
    same = result is net, result[1].weight is bn.weight, result[1].running_mean is bn.running_mean
    alone = t.nn.SyncBatchNorm.convert_sync_batchnorm(bn)
    modes = [module.training for module in result.modules()]
    return repr(result), same, result[1].process_group, type(alone).__name__, modes


def adaptive(t, targets, *args, shape=(5, 8), seed=0, **options):
    t.manual_seed(seed)
    module = t.nn.AdaptiveLogSoftmaxWithLoss(*(args or (8, 10, [2, 5])), **options)
    x = t.randn(shape, requires_grad=True)
    result = module(x, t.tensor(targets))
    result.loss.backward()
    grads = [param.grad for param in module.parameters()]
    drawn = t.randn(2)
    module.reset_parameters()
    return type(result).__name__, result._fields, list(result), x.grad, grads, dict(module.state_dict()), repr(module), drawn


def predicted(t, scale):
    t.manual_seed(2)
    module, x = t.nn.AdaptiveLogSoftmaxWithLoss(6, 9, [3, 6], div_value=2.0, head_bias=True), t.randn(5, 6) * scale
    with t.no_grad():
        module.head.weight[3:] *= scale
    return module.log_prob(x), module.predict(x), module.log_prob(x).exp().sum(1)


def skipped(t):
    t.manual_seed(0)
    module = t.nn.utils.skip_init(t.nn.Linear, 3, out_features=2, dtype=t.float64)
    return repr(module), str(module.weight.dtype), list(module.weight.shape), str(module.weight.device), t.randn(2)


def without_prefix(t):
    state = t.nn.Sequential(t.nn.Linear(2, 2)).state_dict(prefix="module.")
    importlib.import_module(f"{t.__name__}.nn.modules.utils").consume_prefix_in_state_dict_if_present(state, "module.")
    return list(state), list(state._metadata)


def tuples(t):
    u = importlib.import_module(f"{t.__name__}.nn.modules.utils")
    many = [f(x) for f in (u._single, u._pair, u._triple, u._quadruple, u._ntuple(5)) for x in (2, (1, 2), [3])]
    names = [f.__name__ for f in (u._single, u._pair, u._triple, u._quadruple, u._ntuple(5))]
    sizes = u._list_with_default([None, 3], [5, 6, 7]), u._list_with_default(3, [])
    return many, names, u._reverse_repeat_tuple((1, 2), 2), sizes


CUTS = ([], [0], [3, 2], [2, 2], [10], [1.5], [2, 9])
OTHERS = {
    **{f"batch norm {shape}": lambda t, shape=shape: batch_norm(t, shape) for shape in ((4, 3), (2, 3, 2), (2, 3, 1, 2, 1))},
    "batch norm options": lambda t: batch_norm(t, (4, 3), eps=1e-3, momentum=None, bias=False),
    "batch norm bare": lambda t: batch_norm(t, (4, 3), affine=False, track_running_stats=False, process_group="group"),
    "batch norm of a vector": lambda t: t.nn.SyncBatchNorm(3)(t.ones(3)),
    "batch norm of no channels": lambda t: t.nn.SyncBatchNorm(3)(t.ones(3, 0)),
    "converted": converted,
    "adaptive": lambda t: adaptive(t, [0, 1, 3, 9, 5]),
    "adaptive shortlist": lambda t: adaptive(t, [0, 1, 1, 0, 0]),
    "adaptive rare": lambda t: adaptive(t, [7, 7, 8, 5, 6], head_bias=True, div_value=2.0),
    "adaptive options": lambda t: adaptive(t, [3, 7, 8, 5, 0], 8, 12, (4, 6, 8), 1.5, True, dtype=t.float32),
    "adaptive single": lambda t: adaptive(t, 4, shape=(8,)),
    "adaptive batch of one": lambda t: adaptive(t, [4], shape=(1, 8)),
    **{f"adaptive targets {targets}": lambda t, targets=targets: adaptive(t, targets)
        for targets in ([0, 1, 3, 10, 5], [0, -1, 3, 2, 5], [1, 2], [[1]], 3)},
    **{f"adaptive cutoffs {cut}": lambda t, cut=cut: repr(t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, cut)) for cut in CUTS},
    "adaptive vectors": lambda t: adaptive(t, [1, 2, 3, 4, 5, 6, 7, 8], shape=(8,)),
    **{f"predicted {scale}": lambda t, scale=scale: predicted(t, scale) for scale in (0.1, 1.0, 8.0)},
    "skipped": skipped,
    "skipped no module": lambda t: t.nn.utils.skip_init(dict),
    "skipped no device": lambda t: t.nn.utils.skip_init(t.nn.ReLU),
    "without prefix": without_prefix,
    "tuples": tuples,
    "too many defaults": lambda t: importlib.import_module(f"{t.__name__}.nn.modules.utils")._list_with_default([1, 2], [3]),
}  # fmt: skip
SCRIPTS = {**CALLS, **FUSIONS, **OTHERS}


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    def seeded(t):
        t.manual_seed(7)
        return script(t)

    agree_nearly(seeded, atol=1e-5)


def test_a_call_that_fails_leaves_the_module_as_it_was():
    module = nn.Linear(2, 2)
    weight = module.weight
    with pytest.raises(RuntimeError), pytest.warns(FutureWarning):
        nn.utils.stateless.functional_call(module, {"weight": torch.ones(3, 3)}, torch.ones(1, 2))
    with pytest.raises(TypeError, match="is not an instance of"), pytest.warns(FutureWarning):
        nn.utils.stateless.functional_call(module, {"weight": torch.ones(2, 2), "bias": 3}, torch.ones(1, 2))
    assert module.weight is weight and module._parameters["weight"] is weight
