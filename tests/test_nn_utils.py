"""nn.utils: gradients clipped, parameters as vectors; beside PyTorch's."""

import numpy as np
import pytest
from agreement import agree, plain

import tinygrad_edu as torch
from tinygrad_edu import nn

INF = float("inf")


def params(t, *grads, dtype="float32"):
    made = []
    for grad in grads:
        param = t.ones(np.shape(grad), dtype=getattr(t, dtype), requires_grad=True)
        param.grad = t.tensor(grad, dtype=getattr(t, dtype))
        made.append(param)
    return made


GRADS = [[3.0, -4.0, 0.0]], [[1.0, 2.0], [-2.0, 4.0]], [[[1.5]]]


def clipped(t, name, *args, grads=GRADS, dtype="float32", more=(), **options):
    given = [*params(t, *grads, dtype=dtype), *more]
    result = getattr(t.nn.utils, name)(given, *args, **options)
    return result, [each.grad for each in given], [each._version for each in given]


def shared(t):
    """A tensor in place of a list; parameters without gradients; a generator."""
    (one,) = params(t, [6.0, 8.0])
    without = t.ones(2, requires_grad=True)
    first = t.nn.utils.clip_grad_norm_(one, 5.0)
    second = t.nn.utils.clip_grad_norm_((each for each in [without, one]), 1.0)
    t.nn.utils.clip_grad_value_((each for each in [without, one]), 0.5)
    return first, second, one.grad, without.grad


def mixed(t):
    one, two = params(t, [3.0, 4.0]) + params(t, [12.0], dtype="float64")
    return t.nn.utils.clip_grad_norm_([one, two], 1.0), one.grad, two.grad


def half(t):
    (one,) = params(t, [3.0, 4.0], dtype="float16")
    return t.nn.utils.clip_grad_norm_([one], 1.0), one.grad


def in_parts(t):
    given = params(t, *GRADS)
    total = t.nn.utils.get_total_norm([each.grad for each in given], 1)
    t.nn.utils.clip_grads_with_norm_(given, 2.0, total)
    return total, [each.grad for each in given], t.nn.utils.get_total_norm(t.tensor([3.0, 4.0]))


def vectors(t):
    linear = t.nn.Linear(3, 2)
    with t.no_grad():
        for i, param in enumerate(linear.parameters()):
            param.fill_(i)
    vector = t.nn.utils.parameters_to_vector(linear.parameters())
    (vector * vector).sum().backward()
    new = t.arange(8.0)
    t.nn.utils.vector_to_parameters(new, linear.parameters())
    new[0] = 9.0
    return vector.detach(), vector.grad_fn is not None, linear.bias.grad, linear.weight, linear.bias


SCRIPTS = {
    **{f"norm {p}": lambda t, p=p: clipped(t, "clip_grad_norm_", 2.0, p) for p in (2, 1, 3, 0.5, 0, INF, -INF, 2.5)},
    "norm text": lambda t: clipped(t, "clip_grad_norm_", 2.0, "inf"),
    "norm keyword": lambda t: clipped(t, "clip_grad_norm_", max_norm=2, norm_type=2.0, foreach=False),
    "norm foreach": lambda t: clipped(t, "clip_grad_norm_", 2, foreach=True),
    "norm large bound": lambda t: clipped(t, "clip_grad_norm_", 100),
    "norm double": lambda t: clipped(t, "clip_grad_norm_", 1, dtype="float64"),
    "norm zero": lambda t: clipped(t, "clip_grad_norm_", 1.0, grads=([0.0],)),
    "norm inf": lambda t: [str(each) for each in clipped(t, "clip_grad_norm_", 1.0, grads=([INF, 1.0],))],
    "norm nan": lambda t: [str(each) for each in clipped(t, "clip_grad_norm_", 1.0, grads=([float("nan"), 1.0],))],
    "norm inf refused": lambda t: clipped(t, "clip_grad_norm_", 1, error_if_nonfinite=True, grads=([INF, 1.0],)),
    "norm nan refused": lambda t: clipped(t, "clip_grad_norm_", 1, INF, True, grads=([float("nan"), 1.0],)),
    "norm finite": lambda t: clipped(t, "clip_grad_norm_", 1, error_if_nonfinite=True),
    "norm of nothing": lambda t: t.nn.utils.clip_grad_norm_([], 1.0),
    "norm of empty generator": lambda t: t.nn.utils.clip_grad_norm_((p for p in []), 1.0),
    "norm of empty": lambda t: clipped(t, "clip_grad_norm_", 1.0, grads=([], [2.0])),
    "norm of text": lambda t: clipped(t, "clip_grad_norm_", "one"),
    "norm of numbers": lambda t: t.nn.utils.clip_grad_norm_([1, 2], 1.0),
    "old name": lambda t: clipped(t, "clip_grad_norm", 1.0),
    "value": lambda t: clipped(t, "clip_grad_value_", 1.75),
    "value int": lambda t: clipped(t, "clip_grad_value_", 1, foreach=False),
    "value negative": lambda t: clipped(t, "clip_grad_value_", -1),
    "value nan": lambda t: [str(each) for each in clipped(t, "clip_grad_value_", 1, grads=([float("nan"), -INF],))],
    "shared": shared,
    "mixed": mixed,
    "half": half,
    "in parts": in_parts,
    "vectors": vectors,
    "vector of a list": lambda t: t.nn.utils.vector_to_parameters([1], []),
    "vector too short": lambda t: t.nn.utils.vector_to_parameters(t.ones(1), params(t, [1.0, 2.0])),
    "vector of nothing": lambda t: t.nn.utils.parameters_to_vector([]),
}


def close(value):
    """Floats to seven digits: norms are sums, in another order."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return type(value)(map(close, value)) if isinstance(value, (list, tuple)) else value


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree(lambda t: close(plain(script(t))))


def test_norm_by_hand():
    given = params(torch, [3.0], [4.0])
    assert nn.utils.clip_grad_norm_(given, 1.0).item() == 5.0
    assert [each.grad.item() for each in given] == pytest.approx([0.6, 0.8], rel=1e-6)


def test_complex_gradients_count_with_their_absolute_value():
    param = torch.ones(2, dtype=torch.complex64, requires_grad=True)
    param.grad = torch.tensor([3j, -4.0 + 0j], dtype=torch.complex64)
    assert nn.utils.clip_grad_norm_(param, 1.0).item() == pytest.approx(5)
    assert param.grad.tolist() == pytest.approx([0.6j, -0.8], rel=1e-6)
