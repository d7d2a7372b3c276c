"""Cells of recurrent networks: one step, composed of other operations, and a layer as a chain of them.

The chain is what is differentiated under ``create_graph`` in place of the layers' own rules (:mod:`.rnn`).
"""

from __future__ import annotations

from itertools import accumulate

from .activation import relu
from .elementwise import sigmoid, tanh
from .joining import cat, stack, unsafe_split
from .linalg import addmm, mm
from .shape import select, slice_, t


def _linear(x, weight, bias):
    return mm(x, t(weight)) if bias is None else addmm(bias, x, t(weight))


def _chunks(gates, count):
    n = gates.shape[1] // count
    return unsafe_split(gates, (n,) * count, 1)


def tanh_cell(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    """``h' = tanh(w_ih x + b_ih + w_hh h + b_hh)``; the state is (h,)."""
    return (tanh(_linear(state[0], w_hh, b_hh) + _linear(x, w_ih, b_ih)),)


def relu_cell(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    """``h' = relu(w_ih x + b_ih + w_hh h + b_hh)``; the state is (h,)."""
    return (relu(_linear(state[0], w_hh, b_hh) + _linear(x, w_ih, b_ih)),)


def lstm_cell(x, state, w_ih, w_hh, b_ih=None, b_hh=None, w_hr=None):
    """``c' = f c + i g`` and ``h' = o tanh(c')`` (times w_hr), with i, f, g, o from ``w_ih x + b_ih + w_hh h + b_hh``.

    i, f and o are gates (sigmoid), g is the new value (tanh). The state is (h, c).
    """
    h, c = state
    i, f, g, o = _chunks(_linear(h, w_hh, b_hh) + _linear(x, w_ih, b_ih), 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return (h if w_hr is None else mm(h, t(w_hr)), c)


def gru_cell(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    """``h' = n + z (h - n)`` with gates r and z (sigmoid), and n = tanh(x's part + r times h's part). The state is (h,)."""
    h = state[0]
    xr, xz, xn = _chunks(_linear(x, w_ih, b_ih), 3)
    hr, hz, hn = _chunks(_linear(h, w_hh, b_hh), 3)
    r, z = sigmoid(hr + xr), sigmoid(hz + xz)
    n = tanh(xn + hn * r)
    return ((h - n) * z + n,)


def unrolled(cell, x, state, weights, batch_sizes, reverse):
    """The layer as a chain of cells: (output, the last state ...)."""
    outs = []
    steps = range(len(x)) if batch_sizes is None else spans(batch_sizes)
    for step in reversed(steps) if reverse else steps:
        if batch_sizes is None:
            state = cell(select(x, 0, step), state, *weights)
            outs.append(state[0])
            continue
        start, stop = step
        n = stop - start
        fresh = cell(slice_(x, 0, start, stop, 1), [slice_(each, 0, 0, n, 1) for each in state], *weights)
        outs.append(fresh[0])
        rest = [slice_(each, 0, n, None, 1) for each in state]
        state = [cat([new, old], 0) if len(old) else new for new, old in zip(fresh, rest, strict=True)]
    if reverse:
        outs.reverse()
    return (stack(outs, 0) if batch_sizes is None else cat(outs, 0), *state)


def spans(batch_sizes):
    """The rows of each step."""
    stops = list(accumulate(batch_sizes))
    return [(stop - n, stop) for n, stop in zip(batch_sizes, stops, strict=True)]
