"""Recurrent layers and cells against PyTorch, and what needs no PyTorch: packing, errors, copies, writes.

The operations themselves are among the samples (``tests/samples.py``), with their second derivatives.
"""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinygrad_edu.nn.utils import rnn as utils

import tinygrad_edu as torch
from tinygrad_edu import nn

LAYERS = ["RNN", "LSTM", "GRU"]
OPTIONS = [
    {},
    {"num_layers": 2},
    {"bias": False, "batch_first": True},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "dropout": 0.4},
    {"num_layers": 2, "dropout": 0.5, "batch_first": True},
    {"num_layers": 2, "dropout": 1.0},
]
EXTRA = [
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {"proj_size": 2}),
    ("LSTM", {"proj_size": 3, "num_layers": 2, "bidirectional": True}),
]
MODULES = [(name, options) for name in LAYERS for options in OPTIONS] + EXTRA


def tensors_of(result):
    """The tensors among the results, in order."""
    if isinstance(result, (tuple, list)):
        return [each for part in result for each in tensors_of(part)]
    return [] if result is None else [result]


def arrays_of(result):
    return [each.detach().numpy() for each in tensors_of(result)]


def same(ours, theirs, tolerance=2e-6):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# ---- against PyTorch -------------------------------------------------------------------------------------------------


def run(library, name, options, call):
    """(the module, arrays, names) of a call of a fresh module."""
    library.manual_seed(7)
    module = getattr(library.nn, name)(4, 6, **options)
    results = call(library, module)
    outputs = [each for each in tensors_of(results) if each.requires_grad]
    loss = sum((each * each.detach().cos()).sum() for each in outputs)
    loss.backward()
    grads = [each.grad.numpy() for each in module.parameters()]
    after = library.rand(3)
    return module, arrays_of(results) + grads + arrays_of(after), [each.grad_fn.name() for each in outputs]


def compare(name, options, call):
    real = pytest.importorskip("torch")
    theirs, their_arrays, their_nodes = run(real, name, options, call)
    ours, our_arrays, our_nodes = run(torch, name, options, call)
    assert repr(ours) == repr(theirs)
    assert [key for key, _ in ours.named_parameters()] == [key for key, _ in theirs.named_parameters()]
    same([each.detach().numpy() for each in ours.parameters()], [each.detach().numpy() for each in theirs.parameters()], 1e-7)
    assert our_nodes == their_nodes
    same(our_arrays, their_arrays, 1e-5)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize(("name", "options"), MODULES)
def test_layer_like_pytorch(name, options):
    compare(name, options, lambda library, module: module(library.randn(5, 3, 4)))


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_given_states_and_no_batch_like_pytorch(name):
    def states(library, *shape):
        return tuple(library.randn(*shape) for _ in range(2)) if name == "LSTM" else library.randn(*shape)

    compare(name, {"bidirectional": True}, lambda library, module: module(library.randn(5, 3, 4), states(library, 2, 3, 6)))
    compare(name, {"batch_first": True}, lambda library, module: module(library.randn(5, 4), states(library, 1, 6)))
    compare(name, {"num_layers": 2}, lambda library, module: module(library.randn(5, 4)))


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "dropout": 0.3}])
@pytest.mark.parametrize(("lengths", "enforce_sorted"), [([5, 3, 3, 1], True), ([2, 5, 1, 4], False), ([2, 2, 2, 2], True)])
def test_packed_sequence_like_pytorch(name, options, lengths, enforce_sorted):
    def call(library, module):
        pad = library.nn.utils.rnn
        packed = pad.pack_padded_sequence(library.randn(5, 4, 4), lengths, enforce_sorted=enforce_sorted)
        out, hidden = module(packed)
        return pad.pad_packed_sequence(out), hidden

    compare(name, options, call)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "options"),
    [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu", "bias": False}), ("LSTMCell", {}), ("LSTMCell", {"bias": False}),
     ("GRUCell", {}), ("GRUCell", {"bias": False})],
)  # fmt: skip
def test_cell_like_pytorch(name, options):
    def steps(library, module):
        state, results = None, []
        for _ in range(3):
            state = module(library.randn(2, 4), state)
            results.append(state)
        return results

    compare(name, options, steps)
    compare(name, options, lambda library, module: module(library.randn(4)))


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_second_derivative_like_pytorch(name):
    real = pytest.importorskip("torch")
    found = []
    for library in (real, torch):
        library.manual_seed(1)
        module = getattr(library.nn, name)(3, 4, num_layers=2, bidirectional=True).double()
        x = library.randn(4, 2, 3, dtype=library.float64, requires_grad=True)
        out = module(x)[0]
        slopes = library.autograd.grad((out * out).sum(), [x, *module.parameters()], create_graph=True)
        penalty = sum((each * each).sum() for each in slopes)
        found.append([each.numpy() for each in library.autograd.grad(penalty, [x, *module.parameters()])])
    same(found[1], found[0], 1e-9)


MISTAKES = """
nn.LSTM(2, 0) | ValueError | hidden_size must be greater than zero
nn.LSTM(0, 2) | ValueError | input_size must be greater than zero
nn.GRU(2, 3, 0) | ValueError | num_layers must be greater than zero
nn.RNN(2.5, 3) | TypeError | input_size should be of type int, got: float
nn.RNN(2, "a") | TypeError | hidden_size should be of type int, got: str
nn.LSTM(2, 3, dropout=2) | ValueError | dropout should be a number in range [0, 1] representing the probability of an element being zeroed
nn.LSTM(2, 3, dropout=True) | ValueError | dropout should be a number in range [0, 1] representing the probability of an element being zeroed
nn.LSTM(2, 3, bias=1) | TypeError | bias should be of type bool, got: int
nn.LSTM(2, 3, batch_first=1) | TypeError | batch_first should be of type bool, got: int
nn.LSTM(2, 3, proj_size=-1) | ValueError | proj_size should be a positive integer or zero to disable projections
nn.LSTM(2, 3, proj_size=3) | ValueError | proj_size has to be smaller than hidden_size
nn.LSTM(2, 3, foo=1) | TypeError | RNNBase.__init__() got an unexpected keyword argument 'foo'
nn.GRU(2, 3, proj_size=1) | ValueError | proj_size argument is only supported for LSTM, not RNN or GRU
nn.RNN(2, 3, nonlinearity="foo") | ValueError | Unknown nonlinearity 'foo'. Select from 'tanh' or 'relu'.
nn.RNNBase("foo", 2, 3) | ValueError | Unrecognized RNN mode: foo
nn.LSTM() | TypeError | RNNBase.__init__() missing 2 required positional arguments: 'input_size' and 'hidden_size'
lstm(x[..., :1]) | RuntimeError | input.size(-1) must be equal to input_size. Expected 2, got 1
lstm(x[0, 0]) | ValueError | LSTM: Expected input to be 2D or 3D, got 1D instead
gru(x[0, 0]) | ValueError | GRU: Expected input to be 2D or 3D, got 1D instead
rnn(x[0, 0]) | ValueError | RNN: Expected input to be 2D or 3D, got 1D tensor instead
lstm(x, (Z(1, 2, 3), Z(1, 2, 3))) | RuntimeError | Expected hidden[0] size (1, 3, 3), got [1, 2, 3]
lstm(x, (Z(1, 3, 3), Z(1, 3, 4))) | RuntimeError | Expected hidden[1] size (1, 3, 3), got [1, 3, 4]
lstm(x, (Z(3, 3), Z(3, 3))) | RuntimeError | For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors
lstm(x[0], (Z(1, 2, 3), Z(1, 2, 3))) | RuntimeError | For unbatched 2-D input, hx and cx should also be 2-D but got (3-D, 3-D) tensors
gru(x, Z(2, 3, 3)) | RuntimeError | Expected hidden size (1, 3, 3), got [2, 3, 3]
gru(x, Z(3, 3)) | RuntimeError | For batched 3-D input, hx should also be 3-D but got 2-D tensor
rnn(x[0], Z(1, 3, 3)) | RuntimeError | For unbatched 2-D input, hx should also be 2-D but got 3-D tensor
rnn(x.double()) | ValueError | RNN input dtype (torch.float64) does not match weight dtype (torch.float32). Convert input: input.to(torch.float32), or convert model: model.to(torch.float64)
rnn(x, Z(1, 3, 3).double()) | RuntimeError | mat1 and mat2 must have the same dtype, but got Double and Float
lstm(x[:0]) | RuntimeError | Expected sequence length to be larger than 0 in RNN
nn.LSTMCell(2, 3)(x) | ValueError | LSTMCell: Expected input to be 1D or 2D, got 3D instead
nn.LSTMCell(2, 3)(x[0], (Z(1, 3, 4), Z(3, 4))) | ValueError | LSTMCell: Expected hx[0] to be 1D or 2D, got 3D instead
nn.LSTMCell(2, 3)(x[0], (Z(3, 3), Z(2, 3))) | RuntimeError | Input batch size 3 doesn't match hidden1 batch size 2
nn.GRUCell(2, 3)(x[0], Z(3, 4)) | RuntimeError | hidden0 has inconsistent hidden_size: got 4, expected 3
nn.GRUCell(2, 3)(x[0][:, :1]) | RuntimeError | input has inconsistent input_size: got 1 expected 2
nn.RNNCell(2, 3)(x[0], Z(3, 4, 5)) | ValueError | RNNCell: Expected hidden to be 1D or 2D, got 3D instead
nn.RNNCell(2, 3, nonlinearity="foo")(x[0]) | RuntimeError | Unknown nonlinearity: foo
pad.pack_padded_sequence(x, [1, 4, 2]) | RuntimeError | `lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not need ONNX exportability.
pad.pack_padded_sequence(x, [4, 2]) | RuntimeError | Expected `len(lengths)` to be equal to batch_size, but got 2 (batch_size=3)
pad.pack_padded_sequence(x, [4, 2, 0]) | RuntimeError | Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0
pad.pack_padded_sequence(x, 3) | RuntimeError | 'lengths' argument should be a 1D CPU int64 tensor, but got 0D cpu Long tensor
pad.pack_padded_sequence(Z(0, 0, 2), []) | RuntimeError | Cannot pack empty tensors.
pad.pad_packed_sequence(pad.pack_sequence([Z(3)]), total_length=1) | ValueError | Expected total_length to be at least the length of the longest sequence in input, but got total_length=1 and max sequence length being 3
pad.pad_sequence([]) | RuntimeError | received an empty list of sequences
pad.pad_sequence(3) | RuntimeError | pad_sequence: Expected iterable for input sequences, but got arg of type: <class 'int'>
pad.pad_sequence([1, 2]) | TypeError | expected Tensor as element 0 in argument 0, but got int
pad.pad_sequence([Z(2, 3), Z(2, 4)]) | RuntimeError | The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1
pad.pad_sequence([Z(2)], padding_side="middle") | RuntimeError | Expected padding_side to be one of left or right, but got middle.
pad.PackedSequence(x) | AssertionError | Expected data to be a list or tuple of length 2
""".strip().split("\n")  # noqa: E501 (PyTorch's sentences are as long as they are)


def failure(library, case):
    names = {
        "nn": library.nn, "pad": library.nn.utils.rnn, "Z": library.zeros, "x": library.zeros(4, 3, 2),
        "lstm": library.nn.LSTM(2, 3), "gru": library.nn.GRU(2, 3), "rnn": library.nn.RNN(2, 3),
    }  # fmt: skip
    with pytest.raises(Exception) as caught:
        eval(case, names)
    return [type(caught.value).__name__, str(caught.value).split("\nException raised from")[0]]


@pytest.mark.parametrize("line", MISTAKES)
def test_mistakes(line):
    case, *expected = line.split(" | ")
    assert failure(torch, case) == expected


@pytest.mark.oracle
@pytest.mark.parametrize("line", MISTAKES)
def test_mistakes_are_those_of_pytorch(line):
    case, *expected = line.split(" | ")
    assert failure(pytest.importorskip("torch"), case) == expected


# ---- what a layer is -------------------------------------------------------------------------------------------------


def test_a_layer_is_a_chain_of_cells():
    torch.manual_seed(0)
    layer, cell = nn.LSTM(3, 4), nn.LSTMCell(3, 4)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x = torch.randn(6, 2, 3)
    out, (h, c) = layer(x)
    state, steps = None, []
    for row in x:
        state = cell(row, state)
        steps.append(state[0])
    np.testing.assert_allclose(out.detach(), torch.stack(steps).detach(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(c[0].detach(), state[1].detach(), rtol=1e-5, atol=1e-6)
    assert torch.equal(h[0], out[-1])


def test_padding_does_not_matter_to_a_packed_sequence():
    torch.manual_seed(0)
    layer = nn.GRU(2, 3, bidirectional=True).double()
    sequences = [torch.randn(n, 2, dtype=torch.float64) for n in (2, 5, 3)]
    out, hidden = layer(utils.pack_sequence(sequences, enforce_sorted=False))
    for i, (each, got) in enumerate(zip(sequences, utils.unpack_sequence(out), strict=True)):
        alone, last = layer(each)
        np.testing.assert_allclose(got.detach(), alone.detach(), rtol=1e-12)
        np.testing.assert_allclose(hidden[:, i].detach(), last.detach(), rtol=1e-12)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.booleans(), st.sampled_from(["left", "right"]))
@settings(max_examples=40, deadline=None)
def test_packing_and_padding_are_inverse(lengths, batch_first, side):
    sequences = [torch.randn(n, 2) for n in lengths]
    padded = utils.pad_sequence(sequences, batch_first, -7.0)
    assert padded.shape == ((len(lengths), max(lengths), 2) if batch_first else (max(lengths), len(lengths), 2))
    packed = utils.pack_padded_sequence(padded, lengths, batch_first, enforce_sorted=False)
    assert packed.data.shape == (sum(lengths), 2)
    again, sizes = utils.pad_packed_sequence(packed, batch_first, -7.0)
    assert torch.equal(again, padded)
    assert sizes.tolist() == lengths
    for before, after in zip(sequences, utils.unpack_sequence(packed), strict=True):
        assert torch.equal(before, after)
    left = utils.pad_sequence(sequences, True, -7.0, side)
    for row, each in zip(left, sequences, strict=True):
        assert torch.equal(row[-len(each) :] if side == "left" else row[: len(each)], each)


def test_packed_sequence_is_a_named_tuple():
    packed = utils.pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])])
    data, batch_sizes, sorted_indices, unsorted_indices = packed
    assert data.tolist() == [1, 4, 2, 5, 3]
    assert batch_sizes.tolist() == [2, 2, 1]
    assert sorted_indices is unsorted_indices is None
    assert packed.to(torch.int64) is packed
    assert packed.float().data.dtype is torch.float32
    assert not packed.is_cuda
    assert repr(packed) == (
        "PackedSequence(data=tensor([1, 4, 2, 5, 3]), batch_sizes=tensor([2, 2, 1]), sorted_indices=None, "
        "unsorted_indices=None)"
    )


# ---- parameters ------------------------------------------------------------------------------------------------------


def test_names_and_shapes_of_the_parameters():
    layer = nn.LSTM(3, 5, num_layers=2, bidirectional=True, proj_size=2)
    shapes = {name: tuple(value.shape) for name, value in layer.state_dict().items()}
    one = {"weight_ih": (20, 3), "weight_hh": (20, 2), "bias_ih": (20,), "bias_hh": (20,), "weight_hr": (2, 5)}
    expected = {}
    for i in range(2):
        for suffix in ("", "_reverse"):
            expected |= {f"{name}_l{i}{suffix}": shape for name, shape in one.items()}
        one["weight_ih"] = (20, 4)
    assert list(shapes.items()) == list(expected.items())
    assert [[each is getattr(layer, name) for each in group] for group, name in zip(layer.all_weights, expected, strict=False)]
    assert [len(group) for group in layer.all_weights] == [5, 5, 5, 5]
    assert layer.flatten_parameters() is None


def test_assigned_weights_are_used():
    layer = nn.RNN(2, 3)
    layer.weight_ih_l0 = nn.Parameter(torch.zeros(3, 2))
    layer.bias_ih_l0.data.zero_()
    layer.bias_hh_l0.data.fill_(1.0)
    out, _ = layer(torch.randn(1, 1, 2))
    np.testing.assert_allclose(out.detach().numpy(), np.full((1, 1, 3), np.tanh(1.0)), rtol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_copies_compute_the_same(name):
    layer = getattr(nn, name)(3, 4, 2, bidirectional=True)
    x = torch.randn(3, 2, 3)
    expected = layer(x)[0]
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x)[0], expected)
        assert other.all_weights[0][0] is other.weight_ih_l0
        assert other.weight_ih_l0 is not layer.weight_ih_l0
    assert torch.equal(layer.double()(x.double())[0].float().round(decimals=4), expected.round(decimals=4))


def test_dropout_without_a_second_layer_warns():
    words = "so non-zero dropout expects num_layers greater than 1, but got dropout=0.5 and num_layers=1"
    with pytest.warns(UserWarning, match=f"{re.escape(words)}$") as caught:
        nn.LSTM(2, 3, dropout=0.5)
    assert caught[0].filename == __file__


def test_dropout_is_for_training():
    torch.manual_seed(0)
    layer = nn.GRU(3, 8, num_layers=2, dropout=0.5)
    x = torch.randn(4, 2, 3)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


# ---- the graph -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RNN", "GRU"])
def test_the_output_may_be_written_to(name):
    torch.manual_seed(0)
    layer, x = getattr(nn, name)(3, 4), torch.randn(5, 2, 3)
    layer(x)[0].mul_(2).sum().backward()
    written = [each.grad.clone() for each in layer.parameters()]
    layer.zero_grad()
    (layer(x)[0] * 2).sum().backward()
    for each, before in zip(layer.parameters(), written, strict=True):
        assert torch.equal(each.grad, before)


def test_writing_to_what_an_lstm_saved_is_noticed():
    layer = nn.LSTM(3, 4)
    out, _ = layer(torch.randn(5, 2, 3))
    out.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


@pytest.mark.parametrize("name", LAYERS)
def test_inputs_stay_and_gradients_are_their_own(name):
    layer = getattr(nn, name)(3, 4, 2, bidirectional=True)
    x = torch.randn(5, 2, 3, requires_grad=True)
    h = torch.randn(4, 2, 4, requires_grad=True)
    values = x.detach().clone(), h.detach().clone()
    out, hidden = layer(x, (h, h) if name == "LSTM" else h)
    (out.sum() + sum(each.sum() for each in tensors_of(hidden))).backward()
    assert torch.equal(x, values[0]) and torch.equal(h, values[1])
    grads = [x.grad, h.grad, *(each.grad for each in layer.parameters())]
    for i, each in enumerate(grads):
        assert not any(np.shares_memory(each.numpy(), other.numpy()) for other in grads[:i])


def test_only_what_is_asked_for_gets_a_gradient():
    layer = nn.LSTM(3, 4)
    layer.weight_ih_l0.requires_grad_(False)
    out, (_, c) = layer(torch.randn(5, 2, 3))
    c.sum().backward()
    assert layer.weight_ih_l0.grad is None
    assert layer.weight_hh_l0.grad.abs().sum() > 0
    assert out.requires_grad
    with torch.no_grad():
        assert not layer(torch.randn(5, 2, 3))[0].requires_grad


def test_a_batch_of_nothing():
    for name in LAYERS:
        layer = getattr(nn, name)(3, 4)
        out, _ = layer(torch.zeros(2, 0, 3))
        assert out.shape == (2, 0, 4)
        out.sum().backward()
        assert layer.weight_hh_l0.grad.abs().sum() == 0
