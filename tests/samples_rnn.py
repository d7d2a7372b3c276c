"""Samples of recurrent networks: torch.lstm and its like, single cells, packing and padding."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from sampling import A, N, Sample, row, s

PARTS = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def _recurrent(name: str, layers: int, bias: bool, both: bool, first: bool, sizes: Any) -> Any:
    """A call of torch.lstm and its like on input, states, and parameters."""

    def call(torch: Any, x: Any, *rest: Any) -> Any:
        states, params = (rest[:2], rest[2:]) if name == "lstm" else (rest[0], rest[1:])
        options = (states, list(params), bias, layers, 0.0, False, both)
        function = getattr(torch, name)
        return function(x, torch.tensor(sizes), *options) if sizes else function(x, *options, first)

    return call


def recurrent(name: str, layers: int = 1, bias: bool = True, both: bool = False, first: bool = False, sizes: Any = None,
    projection: int = 0) -> Sample:  # fmt: skip
    directions, batch, size = 2 if both else 1, 2, 3
    out = projection or size
    x = N(sum(sizes), 2) if sizes else N(batch, 3, 2) if first else N(3, batch, 2)
    states = [N(layers * directions, batch, n) for n in ((out, size) if name == "lstm" else (size,))]
    params = []
    for layer in range(layers):
        for _ in range(directions):
            shapes = [(PARTS[name] * size, 2 if layer == 0 else out * directions), (PARTS[name] * size, out)]
            shapes += [(PARTS[name] * size,)] * 2 if bias else []
            params += [N(*shape) / 2 for shape in (*shapes, *([(projection, size)] if projection else []))]
    return s(x, *states, *params, dtypes=False, nonfinite=False, view=False,
        _call=_recurrent(name, layers, bias, both, first, sizes))  # fmt: skip


def _cell(name: str) -> Any:
    def call(torch: Any, x: Any, *rest: Any) -> Any:
        return getattr(torch, f"{name}_cell")(x, *((rest[:2], *rest[2:]) if name == "lstm" else rest))

    return call


for _name in PARTS:
    row(_name, recurrent(_name), recurrent(_name, bias=False, first=True), recurrent(_name, 2, both=True),
        recurrent(_name, sizes=(2, 2, 1)), recurrent(_name, both=True, sizes=(2, 1, 1)))  # fmt: skip
    _weights = [N(3 * PARTS[_name], 2) / 2, N(3 * PARTS[_name], 3) / 2, N(3 * PARTS[_name]) / 2, N(3 * PARTS[_name]) / 2]
    _states = [N(2, 3) for _ in range(2 if _name == "lstm" else 1)]
    row(f"{_name}_cell", *[s(N(2, 2), *_states, *weights, _call=_cell(_name)) for weights in (_weights, _weights[:2])],
        dtypes=False)  # fmt: skip
row("lstm", recurrent("lstm", projection=2), recurrent("lstm", 2, bias=False, both=True, projection=2))


def _packed(torch: Any, x: Any, lengths: Any, **kwargs: Any) -> Any:
    packed = importlib.import_module(f"{torch.__name__}.nn.utils.rnn").pack_padded_sequence(x, lengths.tolist(), **kwargs)
    return [each for each in packed if each is not None]


def _padded(torch: Any, x: Any, sizes: Any, **kwargs: Any) -> Any:
    rnn = importlib.import_module(f"{torch.__name__}.nn.utils.rnn")
    return rnn.pad_packed_sequence(rnn.PackedSequence(x, sizes), **kwargs)


row("pack_padded_sequence", s(N(3, 2, 2), A([3, 1], np.int64), _call=_packed),
    s(N(2, 3), A([1, 3], np.int64), batch_first=True, enforce_sorted=False, _call=_packed), dtypes=False)  # fmt: skip
row("pad_packed_sequence", s(N(5, 2), A([2, 2, 1], np.int64), _call=_padded),
    s(N(4), A([2, 1, 1], np.int64), batch_first=True, padding_value=-1.5, total_length=5, _call=_padded),
    dtypes=False, view=False)  # fmt: skip
row("pad_sequence", s(N(3, 2), N(1, 2), _call=lambda torch, *x: importlib.import_module(f"{torch.__name__}.nn.utils.rnn").
    pad_sequence(x, padding_value=0.5)), dtypes=False)  # fmt: skip
