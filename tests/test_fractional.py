"""Fractional max pooling, beside PyTorch's."""

import pytest
from agreement import agree

import tinygrad_edu as torch


def pooled(t, n, shape, *args, dtype="float32", **options):
    t.manual_seed(3)
    x = t.randn(shape, dtype=getattr(t, dtype), requires_grad=True)
    module = getattr(t.nn, f"FractionalMaxPool{n}d")(*args, return_indices=True, **options)
    out, indices = module(x)
    (out * t.arange(out.numel(), dtype=x.dtype).reshape(out.shape)).sum().backward()
    return out, indices, x.grad, out.grad_fn.name(), repr(module), list(module.state_dict()), t.randn(2)


def function(t, n, *args, shape=None, **options):
    t.manual_seed(1)
    x = t.randn(shape or ((2, 3, 7, 7) if n == 2 else (1, 2, 5, 5, 5)))
    return getattr(t.nn.functional, f"fractional_max_pool{n}d")(x, *args, **options)


def with_nan(t):
    x = t.arange(36.0).reshape(1, 6, 6).flip(2)
    x[0, 2, 3] = x[0, 3, 3] = float("nan")
    out, indices = t.nn.functional.fractional_max_pool2d_with_indices(x, 3, 2, _random_samples=t.full((1, 1, 2), 0.4))
    return out.isnan(), out.nan_to_num(), indices


SCRIPTS = {
    "size": lambda t: pooled(t, 2, (2, 3, 9, 7), 3, (4, 3)),
    "ratio": lambda t: pooled(t, 2, (2, 3, 9, 7), (2, 3), output_ratio=(0.5, 0.4)),
    "one ratio": lambda t: pooled(t, 2, (1, 1, 20, 20), 2, output_ratio=0.7),
    "one image": lambda t: pooled(t, 2, (3, 9, 7), 2, 3),
    "one output": lambda t: pooled(t, 2, (2, 2, 5, 5), 3, 1),
    "double": lambda t: pooled(t, 2, (2, 3, 16, 16), 2, 11, dtype="float64"),
    "three axes": lambda t: pooled(t, 3, (2, 2, 6, 7, 5), 2, (3, 4, 3)),
    "three axes, ratio": lambda t: pooled(t, 3, (2, 6, 7, 5), (2, 1, 2), output_ratio=0.6),
    "function": lambda t: function(t, 2, 2, 3),
    "function ratio": lambda t: function(t, 2, 2, output_ratio=(0.5, 0.5)),
    "samples": lambda t: function(t, 2, 2, 3, _random_samples=t.full((2, 3, 2), 0.3)),
    "nan": with_nan,
    "large": lambda t: function(t, 2, 8, output_size=2),
    "large output": lambda t: function(t, 2, 3, output_size=6),
    "one too large 3d": lambda t: function(t, 3, 2, output_size=4),
    "large 3d": lambda t: function(t, 3, 3, output_size=4),
    "three sizes": lambda t: function(t, 2, (3, 3, 3), output_size=2),
    "three outputs": lambda t: function(t, 2, 3, output_size=(2, 2, 2)),
    "two sizes": lambda t: function(t, 3, (1, 2), output_size=2),
    "three ratios": lambda t: function(t, 2, 3, output_ratio=(0.5, 0.5, 0.5)),
    "neither": lambda t: function(t, 2, 3),
    "neither 3d": lambda t: function(t, 3, 3),
    "flat samples": lambda t: function(t, 2, 3, 2, _random_samples=t.rand(3, 2)),
    "few samples": lambda t: function(t, 2, 3, 2, _random_samples=t.rand(1, 3, 2)),
    "double samples": lambda t: function(t, 2, 3, 2, _random_samples=t.rand(2, 3, 2).double()),
    "no channels": lambda t: function(t, 2, 3, 2, shape=(2, 0, 7, 7)),
    "no batch": lambda t: function(t, 2, 3, 2, shape=(0, 3, 7, 7)),
    **{f"module {n} {options}": lambda t, n=n, options=options: getattr(t.nn, f"FractionalMaxPool{n}d")(**options)
        for n in (2, 3) for options in ({"kernel_size": 2}, {"kernel_size": 2, "output_size": 2, "output_ratio": 0.5},
            {"kernel_size": 2, "output_ratio": 1.5})},
    "module of no size": lambda t: t.nn.FractionalMaxPool3d(0, 2),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree(script)


def test_both_derivatives():
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    samples = torch.rand(1, 2, 2, dtype=torch.float64)

    def pool(x):
        return torch.nn.functional.fractional_max_pool2d(x, 2, 3, _random_samples=samples) ** 2

    assert torch.autograd.gradcheck(pool, x) and torch.autograd.gradgradcheck(pool, x)
