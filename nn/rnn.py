"""Recurrent layers (https://docs.pytorch.org/docs/2.13/nn.html#recurrent-layers).

A layer's parameters are named ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0`` and so on: from the
input (ih) or the hidden state (hh) of layer 0, with ``_reverse`` for the reverse direction.
"""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from ..creation import empty, zeros
from ..functions import rnn as _rnn
from . import init
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_PARTS = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What :class:`RNN`, :class:`LSTM` and :class:`GRU` share: parameters, checks, and the forward pass.

    ``mode`` is ``"LSTM"``, ``"GRU"``, ``"RNN_TANH"`` or ``"RNN_RELU"``; the other arguments are those of :class:`LSTM`.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_options(dropout)
        self._all_weights: list[list[str]] = []
        rows, outputs, directions = _PARTS[mode] * hidden_size, proj_size or hidden_size, 2 if bidirectional else 1
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[:directions]:
                inputs = input_size if layer == 0 else outputs * directions
                shapes: dict[str, Any] = {"weight_ih": (rows, inputs), "weight_hh": (rows, outputs)}
                if bias:
                    shapes |= {"bias_ih": rows, "bias_hh": rows}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])
                for name, shape in zip(self._all_weights[-1], shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def _check_options(self, dropout: Any) -> None:
        if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool) or not 0 <= self.dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
                f"greater than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
            if kind is int and value <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _PARTS:
            raise ValueError("Unrecognized RNN mode: " + self.mode)

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for names in self._all_weights for name in names]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Nothing: in PyTorch this lays the weights out for cuDNN, and is without effect on a CPU."""

    def reset_parameters(self) -> None:
        """Draw all parameters anew from U(-√k, √k), where k = 1 / hidden_size."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    # ---- checks

    def check_input(self, input: Any, batch_sizes: Any) -> None:
        """Raise PyTorch's error if the input does not fit the weights."""
        weight = getattr(self, self._all_weights[0][0])
        if input._array.dtype != weight._array.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def get_expected_hidden_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """The shape of the hidden state: (layers * directions, batch, hidden)."""
        return self._state_size(self._batch(input, batch_sizes), self.proj_size or self.hidden_size)

    def _state_size(self, batch: int, size: int) -> tuple[int, int, int]:
        return self.num_layers * (2 if self.bidirectional else 1), batch, size

    def _batch(self, input: Any, batch_sizes: Any) -> int:
        if batch_sizes is not None:
            return int(batch_sizes[0])
        return input.size(0 if self.batch_first else 1)

    def check_hidden_size(
        self, hx: Any, expected_hidden_size: tuple[int, int, int], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Raise PyTorch's error if the state has another shape."""
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: Any, hidden: Any, batch_sizes: Any) -> None:
        """Raise PyTorch's error if input or state do not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() not in (2, 3):
            tensor = " tensor" if self.mode.startswith("RNN") else ""
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D{tensor} instead")

    # ---- states: a tensor, or for LSTM a pair, which overrides what follows

    def permute_hidden(self, hx: Any, permutation: Any) -> Any:
        """The state with its batch in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def _initial_state(self, input: Any, batch: int) -> Any:
        return zeros(self._state_size(batch, self.proj_size or self.hidden_size), dtype=input.dtype)

    def _given_state(self, hx: Any, batched: bool) -> Any:
        """The state of the user, with a batch dimension."""
        if hx.dim() != (3 if batched else 2):
            kind, wanted = ("batched 3-D", "3-D") if batched else ("unbatched 2-D", "2-D")
            raise RuntimeError(f"For {kind} input, hx should also be {wanted} but got {hx.dim()}-D tensor")
        return hx if batched else hx.unsqueeze(1)

    def _result_state(self, states: tuple[Any, ...]) -> Any:
        return states[0]

    def _unbatched(self, hidden: Any) -> Any:
        return hidden.squeeze(1)

    # ---- forward

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        self._check_input_dim(input)
        batched, batch_dim = input.dim() == 3, 0 if self.batch_first else 1
        if not batched:
            input = input.unsqueeze(batch_dim)
        hx = self._initial_state(input, input.size(batch_dim)) if hx is None else self._given_state(hx, batched)
        self.check_forward_args(input, hx, None)
        output, *states = self._run(input, None, hx, self.batch_first)
        hidden = self._result_state(tuple(states))
        return (output, hidden) if batched else (output.squeeze(batch_dim), self._unbatched(hidden))

    def _forward_packed(self, input: Any, hx: Any) -> Any:
        data, batch_sizes, sorted_indices, unsorted_indices = input
        if hx is None:
            hx = self._initial_state(data, self._batch(data, batch_sizes))
        else:
            hx = self.permute_hidden(hx, sorted_indices)
        self.check_forward_args(data, hx, batch_sizes)
        output, *states = self._run(data, batch_sizes, hx)
        packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        return packed, self.permute_hidden(self._result_state(tuple(states)), unsorted_indices)

    def _run(self, input: Any, batch_sizes: Any, hx: Any, batch_first: bool = False) -> Any:
        return _rnn.recurrent(
            self.mode,
            input,
            batch_sizes,
            hx,
            self._flat_weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            batch_first,
        )

    def extra_repr(self) -> str:
        words = [f"{self.input_size}, {self.hidden_size}"]
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False}
        words += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join(words)


class RNN(RNNBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh) from step to step (relu in place of tanh if ``nonlinearity="relu"``).

    Args:
        input_size, hidden_size: sizes of x and h.
        num_layers: how many layers, each on the outputs of the one below.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias: whether there are biases.
        batch_first: whether input and output are (batch, steps, features) and not (steps, batch, features).
        dropout: the probability for dropout on the outputs of each layer but the last.
        bidirectional: whether a second set of weights reads the sequence from its end.

    Shapes: input (L, N, input_size), or (L, input_size) without a batch, or a :class:`PackedSequence`; ``hx`` (D · layers,
    N, hidden_size), zeros by default; output (L, N, D · hidden_size) with D = 2 for both directions, and the last h.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.RNN.html
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: c' = f c + i g and h' = o tanh(c') from step to step.

    The gates i, f, o = sigmoid(...) and the new value g = tanh(...) are computed from W_ih x + b_ih + W_hh h + b_hh, of
    which each is a quarter, in the order i, f, g, o.

    Args:
        input_size, hidden_size: sizes of x and of c.
        num_layers: how many layers, each on the outputs of the one below.
        bias: whether there are biases.
        batch_first: whether input and output are (batch, steps, features) and not (steps, batch, features).
        dropout: the probability for dropout on the outputs of each layer but the last.
        bidirectional: whether a second set of weights reads the sequence from its end.
        proj_size: if not 0, h is projected to this size.

    Shapes: input (L, N, input_size), or (L, input_size) without a batch, or a :class:`PackedSequence`; ``hx`` = (h, c) of
    shape (D · layers, N, size of each), zeros by default; output (L, N, D · size of h) with D = 2 for both directions, and
    the last (h, c).

    Source: Hochreiter & Schmidhuber, "Long short-term memory", 1997;
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LSTM.html
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """The shape of c: (layers * directions, batch, hidden)."""
        return self._state_size(self._batch(input, batch_sizes), self.hidden_size)

    def check_forward_args(self, input: Any, hidden: Any, batch_sizes: Any) -> None:
        self.check_input(input, batch_sizes)
        sizes = self.get_expected_hidden_size(input, batch_sizes), self.get_expected_cell_size(input, batch_sizes)
        for i, size in enumerate(sizes):
            self.check_hidden_size(hidden[i], size, f"Expected hidden[{i}] size {{}}, got {{}}")

    def permute_hidden(self, hx: Any, permutation: Any) -> Any:
        if permutation is None:
            return hx
        return hx[0].index_select(1, permutation), hx[1].index_select(1, permutation)

    def _initial_state(self, input: Any, batch: int) -> Any:
        return super()._initial_state(input, batch), zeros(self._state_size(batch, self.hidden_size), dtype=input.dtype)

    def _given_state(self, hx: Any, batched: bool) -> Any:
        h, c = hx[0], hx[1]
        if h.dim() != c.dim() or h.dim() != (3 if batched else 2):
            kind, wanted = ("batched 3-D", "3-D") if batched else ("unbatched 2-D", "2-D")
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {wanted} but got ({h.dim()}-D, {c.dim()}-D) tensors"
            )
        return (h, c) if batched else (h.unsqueeze(1), c.unsqueeze(1))

    def _result_state(self, states: tuple[Any, ...]) -> Any:
        return states

    def _unbatched(self, hidden: Any) -> Any:
        return hidden[0].squeeze(1), hidden[1].squeeze(1)


class GRU(RNNBase):
    """Gated recurrent units: h' = (1 - z) n + z h from step to step.

    The gates r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh) and the new value n = tanh(W_in x + b_in + r (W_hn h + b_hn)).

    Args:
        input_size, hidden_size: sizes of x and h.
        num_layers: how many layers, each on the outputs of the one below.
        bias: whether there are biases.
        batch_first: whether input and output are (batch, steps, features) and not (steps, batch, features).
        dropout: the probability for dropout on the outputs of each layer but the last.
        bidirectional: whether a second set of weights reads the sequence from its end.

    Shapes: those of :class:`RNN`.

    Source: Cho et al., 2014 (https://arxiv.org/abs/1406.1078); https://docs.pytorch.org/docs/2.13/generated/torch.nn.GRU.html
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


# ---- cells -----------------------------------------------------------------------------------------------------------


class RNNCellBase(Module):
    """What the cells share: their parameters, drawn from U(-√k, √k) with k = 1 / hidden_size."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), device=device, dtype=dtype))
        if bias:
            self.bias_ih = Parameter(empty(rows, device=device, dtype=dtype))
            self.bias_hh = Parameter(empty(rows, device=device, dtype=dtype))
        else:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        words = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            words += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            words += f", nonlinearity={self.nonlinearity}"
        return words

    def _check_dims(self, **tensors: Any) -> None:
        for name, each in tensors.items():
            if each is not None and each.dim() not in (1, 2):
                raise ValueError(f"{type(self).__name__}: Expected {name} to be 1D or 2D, got {each.dim()}D instead")

    def _step(self, cell: Any, input: Any, hx: Any) -> Any:
        """One step with a single state, with or without a batch."""
        self._check_dims(input=input, hidden=hx)
        batched = input.dim() == 2
        if not batched:
            input, hx = input.unsqueeze(0), None if hx is None else hx.unsqueeze(0)
        if hx is None:
            hx = zeros(input.size(0), self.hidden_size, dtype=input.dtype)
        result = cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return result if batched else result.squeeze(0)


class RNNCell(RNNCellBase):
    """One step of :class:`RNN`: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or with relu.

    Shapes: input (N, input_size) or (input_size,); ``hx`` and the result (N, hidden_size) or (hidden_size,).

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.RNNCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        cells = {"tanh": _rnn.rnn_tanh_cell, "relu": _rnn.rnn_relu_cell}
        if self.nonlinearity not in cells:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(cells[self.nonlinearity], input, hx)


class LSTMCell(RNNCellBase):
    """One step of :class:`LSTM`: (h, c) to (h', c').

    Shapes: input (N, input_size) or (input_size,); ``hx`` = (h, c) and the result each (N, hidden_size) or (hidden_size,).

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LSTMCell.html
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        self._check_dims(input=input, **({} if hx is None else {f"hx[{i}]": each for i, each in enumerate(hx)}))
        batched = input.dim() == 2
        if not batched:
            input, hx = input.unsqueeze(0), None if hx is None else (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        if hx is None:
            start = zeros(input.size(0), self.hidden_size, dtype=input.dtype)
            hx = (start, start)
        h, c = _rnn.lstm_cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of :class:`GRU`: h' = (1 - z) n + z h.

    Shapes: input (N, input_size) or (input_size,); ``hx`` and the result (N, hidden_size) or (hidden_size,).

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.GRUCell.html
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        return self._step(_rnn.gru_cell, input, hx)
