"""Recurrent networks as PyTorch's functions: layers stacked and in both directions, and single cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.runtime import wrap
from ..ops import cells as _cells
from ..ops import rnn as _rnn
from ..ops.joining import cat, stack, unbind
from ..ops.shape import transpose
from ..tensor import Tensor
from .dropout import dropout as _dropout

__all__ = ["gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell"]


def lstm(input: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM over whole sequences: (output, last h, last c).

    Two forms, as in PyTorch: ``lstm(input, (h, c), params, has_biases, num_layers, dropout, train, bidirectional,
    batch_first)`` for input (steps, batch, features), and ``lstm(data, batch_sizes, (h, c), params, has_biases,
    num_layers, dropout, train, bidirectional)`` for a packed sequence. ``params`` are the weights and biases of layer
    after layer, of each both directions.

    Source: Hochreiter & Schmidhuber, "Long short-term memory", 1997.
    """
    packed = bool(args) and isinstance(args[0], Tensor)
    return recurrent("LSTM", input, *args, **kwargs) if packed else recurrent("LSTM", input, None, *args, **kwargs)


def gru(input: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Gated recurrent units over whole sequences: (output, last h). The arguments are those of :func:`lstm`, with one state.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014 (https://arxiv.org/abs/1406.1078).
    """
    return _one_state("GRU", input, *args, **kwargs)


def rnn_tanh(input: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """A plain recurrent network with tanh: (output, last h). The arguments are those of :func:`lstm`, with one state."""
    return _one_state("RNN_TANH", input, *args, **kwargs)


def rnn_relu(input: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """A plain recurrent network with relu: (output, last h). The arguments are those of :func:`lstm`, with one state."""
    return _one_state("RNN_RELU", input, *args, **kwargs)


def _one_state(mode: str, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    packed = len(args) > 1 and isinstance(args[1], Tensor)  # batch_sizes, state and not state, params
    return recurrent(mode, input, *args, **kwargs) if packed else recurrent(mode, input, None, *args, **kwargs)


_LAYERS = {
    "LSTM": _rnn.lstm_layer,
    "GRU": _rnn.gru_layer,
    "RNN_TANH": _rnn.rnn_tanh_layer,
    "RNN_RELU": _rnn.rnn_relu_layer,
}


def recurrent(
    mode: str,
    input: Tensor,
    batch_sizes: Tensor | None,
    hx: Any,
    params: Sequence[Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool = False,
) -> Any:
    """Layer upon layer of ``mode``, each in one direction or both, with dropout between them: (output, last states ...)."""
    layer = _LAYERS[mode].function
    if batch_first:
        input = transpose.function(input, 0, 1)
    if not len(input if batch_sizes is None else batch_sizes):
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    sizes = None if batch_sizes is None else tuple(batch_sizes.tolist())
    each = len(params) // (num_layers * (2 if bidirectional else 1))
    weights = [_weights(params[i : i + each], has_biases) for i in range(0, len(params), each)]
    first = list(zip(*map(_of_each_layer, hx if mode == "LSTM" else (hx,)), strict=True))
    _check_dtypes(input, first[0], weights[0][0])
    out: Any = input
    last = []
    for k in range(num_layers):
        outs = []
        for i in (2 * k, 2 * k + 1) if bidirectional else (k,):
            result, *states = layer(out, *first[i], *weights[i], batch_sizes=sizes, reverse=bidirectional and i % 2 == 1)
            outs.append(result)
            last.append(states)
        out = cat.function(outs, -1) if bidirectional else outs[0]
        if dropout and train and k < num_layers - 1:
            out = _dropout(out, dropout, True)
    # PyTorch's output names what joined the steps, except where one operation of oneDNN's is the whole layer.
    if not bidirectional and not (mode == "LSTM" and sizes is None and each in (2, 4) and out._array.dtype == np.float32):
        out = (_rnn.joined_steps if sizes is None else _rnn.joined_rows).function(out)
    if batch_first:
        out = transpose.function(out, 0, 1) if mode == "LSTM" else out.transpose_(0, 1)  # PyTorch's nodes
    return (out, *(stack.function(list(states)) for states in zip(*last, strict=True)))


def _of_each_layer(state: Tensor) -> Sequence[Tensor]:
    """The initial state of each layer and direction. Those without a gradient need no node: zeros, mostly."""
    return [wrap(each) for each in state._array] if state._node is None else unbind.function(state)


def _weights(params: Sequence[Tensor], has_biases: bool) -> list[Tensor | None]:
    """w_ih, w_hh, b_ih, b_hh, and w_hr where there is a projection."""
    if has_biases:
        return list(params)
    return [*params[:2], None, None, *params[2:]]


def _check_dtypes(input: Tensor, states: Any, weight: Any) -> None:
    dtype = weight._array.dtype
    for each in (input, *states):
        if each._array.dtype is not dtype and each._array.dtype != dtype:
            names = each.dtype.legacy_name, weight.dtype.legacy_name
            raise RuntimeError("mat1 and mat2 must have the same dtype, but got {} and {}".format(*names))


# ---- cells -----------------------------------------------------------------------------------------------------------


def lstm_cell(
    input: Tensor, hx: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: c' = f c + i g and h' = o tanh(c'), with ``hx`` = (h, c); returns (h', c').

    Shapes: input (batch, features), h and c (batch, hidden), w_ih (4 hidden, features), w_hh (4 hidden, hidden).
    """
    if not isinstance(hx, (list, tuple)) or len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    _check_cell(input, hx, w_ih, w_hh, 4)
    h, c = _cells.lstm_cell(input, hx, w_ih, w_hh, b_ih, b_hh)
    return h, c


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One step of gated recurrent units: h' = (1 - z) n + z h with the gates r and z."""
    _check_cell(input, (hx,), w_ih, w_hh, 3)
    return _cells.gru_cell(input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """h' = tanh(w_ih x + b_ih + w_hh h + b_hh)."""
    _check_cell(input, (hx,), w_ih, w_hh, 1)
    return _cells.tanh_cell(input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """h' = relu(w_ih x + b_ih + w_hh h + b_hh)."""
    _check_cell(input, (hx,), w_ih, w_hh, 1)
    return _cells.relu_cell(input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def _check_cell(input: Tensor, states: Any, w_ih: Tensor, w_hh: Tensor, parts: int) -> None:
    features, size = w_ih.size(1), w_hh.size(0) // parts
    if input.size(1) != features:
        raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {features}")
    for i, state in enumerate(states):
        if input.size(0) != state.size(0):
            raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{i} batch size {state.size(0)}")
        if state.size(1) != size:
            raise RuntimeError(f"hidden{i} has inconsistent hidden_size: got {state.size(1)}, expected {size}")
