"""MultiheadAttention and the transformer layers against PyTorch's: numbers, gradients, masks, printed form, errors."""

import contextlib
import copy
import itertools
import pickle

import numpy as np
import pytest

import tinygrad_edu as te

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def both(make):
    """The same layer on both sides, from the same seed."""
    pair = []
    for module in (torch, te):
        module.manual_seed(5)
        pair.append(make(module))
    theirs, ours = pair
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key], value, rtol=1e-6, atol=1e-7)
    return theirs, ours


def values(module, *shapes, dtype="float32"):
    rng = np.random.default_rng(1)
    return [module.tensor(rng.standard_normal(shape).astype(dtype), requires_grad=True) for shape in shapes]


def compare(theirs, ours, inputs, **options):
    """Results and all gradients; ``options`` are functions of the library."""
    found = []
    for module, layer in ((torch, theirs), (te, ours)):
        xs = inputs(module)
        result = layer(*xs, **{name: option(module) for name, option in options.items()})
        parts = [each for each in (result if isinstance(result, tuple) else (result,)) if each is not None]
        leaves = [*{id(x): x for x in xs}.values(), *layer.parameters()]
        loss = sum((part * part.detach().cos()).sum() for part in parts)
        grads = module.autograd.grad(loss, leaves, allow_unused=True) if loss.requires_grad else []
        found.append([part.detach() for part in parts] + [g for g in grads if g is not None])
    assert len(found[0]) == len(found[1])
    for expected, value in zip(*found, strict=True):
        np.testing.assert_allclose(value, expected, rtol=2e-4, atol=2e-5)


KINDS = [
    {},
    {"bias": False},
    {"batch_first": True},
    {"add_bias_kv": True, "add_zero_attn": True},
    {"kdim": 3, "vdim": 5},
    {"kdim": 3, "vdim": 5, "bias": False, "add_bias_kv": True},
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("need_weights", [True, False])
def test_attention(kind, need_weights):
    theirs, ours = both(lambda module: module.nn.MultiheadAttention(4, 2, **kind))
    k, v = kind.get("kdim", 4), kind.get("vdim", 4)
    shapes = [(3, 2, 4), (5, 2, k), (5, 2, v)]
    if kind.get("batch_first"):
        shapes = [(b, a, c) for a, b, c in shapes]
    options = {"need_weights": lambda module: need_weights, "average_attn_weights": lambda module: "bias" in kind}
    masks = {
        "attn_mask": lambda module: module.ones(3, 5, dtype=module.bool).triu(3),
        "key_padding_mask": lambda module: module.tensor([[False] * 5, [False] * 3 + [True] * 2]),
    }
    for given in ({}, masks):
        compare(theirs, ours, lambda module: values(module, *shapes), **options, **given)
    compare(theirs, ours, lambda module: values(module, (3, 4), (5, k), (5, v)), **options)


@pytest.mark.parametrize("inputs", [1, 2], ids=["self", "to a memory"])
@pytest.mark.parametrize("need_weights", [True, False])
def test_one_tensor_for_several_inputs(inputs, need_weights):
    theirs, ours = both(lambda module: module.nn.MultiheadAttention(4, 2))

    def given(module):
        q, m = values(module, (3, 2, 4), (5, 2, 4))
        return [q, q, q] if inputs == 1 else [q, m, m]

    options = {"need_weights": lambda module: need_weights}
    compare(theirs, ours, given, **options)
    if inputs == 1:
        causal = {"attn_mask": lambda module: module.nn.Transformer.generate_square_subsequent_mask(3)}
        compare(theirs, ours, given, **options, **causal, is_causal=lambda module: True)


ERRORS = {
    "no embedding": lambda m: m.nn.MultiheadAttention(0, 2),
    "heads do not divide": lambda m: m.nn.MultiheadAttention(5, 2),
    "query of one dimension": lambda m: m.nn.MultiheadAttention(4, 2)(*values(m, (4,), (4,), (4,))),
    "key without batch": lambda m: m.nn.MultiheadAttention(4, 2)(*values(m, (3, 1, 4), (3, 4), (3, 1, 4))),
    "size of the query": lambda m: m.nn.MultiheadAttention(4, 2)(*values(m, (3, 6), (3, 6), (3, 6))),
    "key and value differ": lambda m: m.nn.MultiheadAttention(4, 2)(*values(m, (3, 4), (3, 4), (2, 4))),
    "shape of the mask": lambda m: m.nn.MultiheadAttention(4, 2)(*values(m, *[(3, 4)] * 3), attn_mask=m.zeros(2, 3)),
    "dimensions of the mask": lambda m: m.nn.MultiheadAttention(4, 2)(*values(m, *[(3, 4)] * 3), attn_mask=m.zeros(3)),
    "dtype of the mask": lambda m: m.nn.MultiheadAttention(4, 2)(
        *values(m, *[(3, 4)] * 3), attn_mask=m.zeros(3, 3, dtype=m.int64)
    ),
    "length of the padding": lambda m: m.nn.MultiheadAttention(4, 2)(
        *values(m, *[(3, 1, 4)] * 3), key_padding_mask=m.zeros(1, 2)
    ),
    "hint without mask": lambda m: m.nn.MultiheadAttention(4, 2)(*values(m, *[(3, 4)] * 3), is_causal=True),
    "activation": lambda m: m.nn.TransformerEncoderLayer(4, 2, activation="tanh"),
    "batches differ": lambda m: m.nn.Transformer(4, 2, 1, 1, 8, batch_first=True)(*values(m, (2, 3, 4), (1, 3, 4))),
    "features differ": lambda m: m.nn.Transformer(4, 2, 1, 1, 8, batch_first=True)(*values(m, (3, 2, 4), (3, 2, 5))),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    errors = []
    for module in (torch, te):
        with pytest.raises((RuntimeError, ValueError, AssertionError)) as error:
            ERRORS[case](module)
        errors.append((error.type, str(error.value)))
    assert errors[1] == errors[0]


@pytest.mark.parametrize("norm_first, batch_first", [*itertools.product([False, True], repeat=2)])
@pytest.mark.parametrize("training", [True, False])
def test_encoder_and_decoder(norm_first, batch_first, training):
    kind = {"dropout": 0.0, "norm_first": norm_first, "batch_first": batch_first, "activation": "gelu", "bias": training}
    with pytest.warns(UserWarning) if not batch_first or norm_first or not training else contextlib.nullcontext():
        theirs, ours = both(lambda module: module.nn.Transformer(4, 2, 2, 1, 8, **kind).train(training))
    source, target = ((2, 5, 4), (2, 3, 4)) if batch_first else ((5, 2, 4), (3, 2, 4))
    padding = {
        "tgt_mask": lambda module: module.nn.Transformer.generate_square_subsequent_mask(3),
        "src_key_padding_mask": lambda module: module.tensor([[False] * 5, [False] * 3 + [True] * 2]),
        "memory_key_padding_mask": lambda module: module.tensor([[False] * 5, [False] * 3 + [True] * 2]),
    }
    compare(theirs, ours, lambda module: values(module, source, target))
    compare(theirs, ours, lambda module: values(module, source, target), **padding)
    compare(copy.deepcopy(theirs), copy.deepcopy(ours), lambda module: values(module, source, target))
    compare(theirs, pickle.loads(pickle.dumps(ours)), lambda module: values(module, source, target))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("norm", [False, True])
def test_padded_positions_in_evaluation(norm):
    def make(module):
        layer = module.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        return module.nn.TransformerEncoder(layer, 2, module.nn.LayerNorm(4) if norm else None).eval()

    theirs, ours = both(make)
    for ends in ([3, 5], [5, 5], [1, 2]):
        found = []
        for module, layer in ((torch, theirs), (te, ours)):
            padding = module.tensor([[i >= end for i in range(5)] for end in ends])
            with module.no_grad():
                found.append(layer(values(module, (2, 5, 4))[0], src_key_padding_mask=padding))
        np.testing.assert_allclose(found[1], found[0], rtol=2e-4, atol=2e-5)


def test_dropout_draws_as_in_pytorch():
    theirs, ours = both(lambda module: module.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5))
    found = []
    for module, layer in ((torch, theirs), (te, ours)):
        module.manual_seed(9)
        found.append(layer(values(module, (3, 2, 8))[0]).detach())
    np.testing.assert_allclose(found[1], found[0], rtol=2e-4, atol=2e-5)
