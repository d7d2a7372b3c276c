"""Attention against PyTorch, and what a causal mask and a full one mean."""

from __future__ import annotations

import numpy as np
import pytest
from tinygrad_edu.nn import functional as F

import tinygrad_edu as torch

CASES = {
    "plain": {},
    "three dimensions": {"shape": (2, 4, 5)},
    "two dimensions": {"shape": (4, 5)},
    "other value size": {"value_size": 7},
    "causal": {"is_causal": True},
    "scale": {"scale": 0.3},
    "groups": {"key_heads": 1, "enable_gqa": True},
    "bool mask": {"mask": "bool"},
    "added mask": {"mask": "float"},
    "nothing allowed": {"mask": "none"},
}


def run(library, functional, shape=(2, 4, 3, 5), value_size=None, key_heads=None, mask=None, **options):
    library.manual_seed(3)
    *batch, _, size = shape
    others = [*batch[:-1], key_heads or batch[-1]] if batch else []
    query = library.randn(*shape, dtype=library.float64, requires_grad=True)
    key = library.randn(*others, 6, size, dtype=library.float64, requires_grad=True)
    value = library.randn(*others, 6, value_size or size, dtype=library.float64, requires_grad=True)
    scores = library.randn(shape[-2], 6, dtype=library.float64)
    masks = {"bool": scores > 0, "float": scores, "none": (scores > 0) & (library.arange(shape[-2]) > 0).unsqueeze(1)}
    out = functional.scaled_dot_product_attention(query, key, value, masks.get(mask), **options)
    slopes = library.autograd.grad((out * out.detach().cos()).sum(), [query, key, value])
    return [each.detach().numpy() for each in (out, *slopes)]


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
def test_like_pytorch(name):
    real = pytest.importorskip("torch")
    for ours, theirs in zip(run(torch, F, **CASES[name]), run(real, real.nn.functional, **CASES[name]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


def test_a_position_does_not_see_those_after_it():
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 4, 3) for _ in range(3))
    before = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    key[:, 2:], value[:, 2:] = 5.0, -7.0
    after = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.equal(before[:, 2:], after[:, 2:])
    assert torch.allclose(before[:, 0], value[:, 0])


def test_who_may_attend_to_nothing_gets_zeros_and_no_gradient():
    query = torch.randn(2, 3, requires_grad=True)
    mask = torch.tensor([[True, False], [False, False]])
    out = F.scaled_dot_product_attention(query, torch.randn(2, 3), torch.randn(2, 3), mask)
    out.sum().backward()
    assert out[1].tolist() == [0.0, 0.0, 0.0]
    assert query.grad[1].tolist() == [0.0, 0.0, 0.0]


def test_dropout_of_the_weights():
    torch.manual_seed(0)
    x = torch.ones(1, 50, 4)
    out = F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)
    assert 0.5 < out.mean() < 1.5
    assert len(set(out[0, :, 0].tolist())) > 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda q, k, v: (q, k.double(), v),
            "Expected query, key, and value to have the same dtype, but got query.dtype: float key.dtype: double and "
            "value.dtype: float instead.",
        ),
        (
            lambda q, k, v: (q[0], k[0], v[0]),
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: 1 key.dim: 1 and "
            "value.dim: 1 instead.",
        ),
        (
            lambda q, k, v: (q, k, v, torch.ones(2, 2, dtype=torch.int64)),
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: long int and  "
            "query.dtype: float instead.",
        ),
    ],
)
def test_mistakes(change, words):
    with pytest.raises(RuntimeError) as caught:
        F.scaled_dot_product_attention(*change(*(torch.randn(2, 3) for _ in range(3))))
    assert str(caught.value) == words
