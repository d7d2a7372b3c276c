"""Recurrent networks: a whole layer over a whole sequence in one operation.

PyTorch runs a layer of an LSTM as one operation too (MkldnnRnnLayerBackward0, whose name ours has), and a layer of the
other two step by step, cell by cell. One operation for all steps multiplies the inputs of all steps by their weights at
once, and so their gradients: that is most of the arithmetic. What is left in the loop is one product and a handful of
elementwise steps, in buffers that are made once.

The rows of all steps lie one after the other: step t's are ``rows[start:stop]``, as many as there are sequences that are
not yet over (``batch_sizes``, not increasing; of a padded input all). States are kept in buffers of the full batch, of
which a step works on the first rows. In the forward direction a sequence that is over leaves its last state there; in the
reverse direction one that has not begun finds its initial state there.

The derivatives are backpropagation through time by hand. Under ``create_graph`` they are those of the cells, step by step.
"""

from __future__ import annotations

import numpy as np

from ..autograd.conform import sum_axes
from ..autograd.op import op
from .cells import gru_cell, lstm_cell, relu_cell, spans, tanh_cell, unrolled

# ---- what the layers share -------------------------------------------------------------------------------------------


def _steps(x, batch_sizes, reverse):
    """The rows of each step, in the order in which the layer goes through them."""
    steps = spans((x.shape[1],) * len(x) if batch_sizes is None else batch_sizes)
    return steps[::-1] if reverse else steps


def _rows(x):
    """(steps, batch, features) as (steps * batch, features)."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[2])


def _shaped(rows, x):
    """The rows as the input ``x`` has them."""
    return rows if x.ndim == 2 else rows.reshape(*x.shape[:2], rows.shape[1])


def _states_before(states, first, steps):
    """For each row the state that its step began with, from the states that the steps ended with."""
    before, n = np.empty_like(states), len(first)
    if len(states) == n * len(steps):  # no sequence ends early: the same rows, a step later
        if steps[0][0] == 0:
            before[:n], before[n:] = first, states[:-n]
        else:
            before[-n:], before[:-n] = first, states[n:]
        return before
    buffer = first.copy()
    for start, stop in steps:
        before[start:stop] = buffer[: stop - start]
        buffer[: stop - start] = states[start:stop]
    return before


def _buffer(grad, like):
    """The gradient of the last state, to be carried back through the steps."""
    return np.zeros_like(like) if grad is None else grad.copy()


def _sums(rows):
    return sum_axes(rows, (0,))


# Half of tanh(z / 2) + 1 is sigmoid(z): with the gates' weights halved, one tanh serves all gates and the new value.


def _gates(z):
    """tanh of half the argument to sigmoid of the argument, in place."""
    z *= 0.5
    z += 0.5


_THROUGH = "with d = (G backwards through time)"
_BACKWARDS = (
    f"d · w_ih {_THROUGH}", f"d · w_hh {_THROUGH}", f"Σ dᵀ · x {_THROUGH}", f"Σ dᵀ · h {_THROUGH}", *(f"Σ d {_THROUGH}",) * 2,
)  # fmt: skip
"""For x, h, w_ih, w_hh, b_ih and b_hh; d is the gradient of ``x w_ihᵀ + h w_hhᵀ``, which the layers' rules spell out."""


# ---- plain recurrence ------------------------------------------------------------------------------------------------


def _rnn_rule(grad, x, h, w_ih, w_hh, batch_sizes, reverse, out, slope, needs):
    """Back through the steps: dz = slope (grad + dh), and dh = dz w_hh for the step before; at the end dw = dz' x."""
    need_x, _, need_ih, need_hh, need_bi, need_bh = needs
    grad_out, grad_h = grad
    steps = _steps(x, batch_sizes, reverse)
    dz, dh = slope(out), _buffer(grad_h, h)
    grad_out = None if grad_out is None else _rows(grad_out)
    for start, stop in steps[::-1]:
        d, step = dh[: stop - start], dz[start:stop]
        if grad_out is not None:
            d += grad_out[start:stop]
        step *= d
        np.matmul(step, w_hh, d)
    db = _sums(dz) if need_bi or need_bh else None
    return (
        _shaped(dz @ w_ih, x) if need_x else None,
        dh,
        dz.T @ _rows(x) if need_ih else None,
        dz.T @ _states_before(out, h, steps) if need_hh else None,
        db,
        db,
    )


def _declare_rnn(name, cell, activation, slope, formula):
    @op(
        name,
        x=None,
        h=None,
        w_ih=None,
        w_hh=None,
        b_ih=None,
        b_hh=None,
        joint=lambda grad, x, h, w_ih, w_hh, batch_sizes, reverse, rows, needs: _rnn_rule(
            grad, x, h, w_ih, w_hh, batch_sizes, reverse, rows, slope, needs
        ),
        keeps=("rows",),
        composed=lambda x, h, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse: unrolled(
            cell, x, (h,), (w_ih, w_hh, b_ih, b_hh), batch_sizes, reverse
        ),
        results=2,
        diff_results=2,
        formula=(f"{formula} with z = (x · w_ihᵀ + h · w_hhᵀ{{b_ih: + b_ih + b_hh}} at each time)", *_BACKWARDS),
        symbol="RNN",
    )
    def rnn_layer(x, h, w_ih, w_hh, b_ih=None, b_hh=None, batch_sizes=None, reverse=False):
        """The states of all steps and the last one, ``h' = activation(w_ih x + b_ih + w_hh h + b_hh)``."""
        out = _rows(x) @ w_ih.T
        if b_ih is not None:
            out += b_ih + b_hh
        h, product, w = h.copy(), np.empty_like(h), w_hh.T
        for start, stop in _steps(x, batch_sizes, reverse):
            n = stop - start
            z = out[start:stop]
            z += np.matmul(h[:n], w, product[:n])
            activation(z, z)
            h[:n] = z
        return (_shaped(out, x), h), out

    return rnn_layer


def _tanh_slope(out):
    slope = out * out
    return np.subtract(1, slope, slope)


def _relu_slope(out):
    slope = np.less_equal(out, 0, np.empty_like(out))  # nan passes
    return np.subtract(1, slope, slope)


rnn_tanh_layer = _declare_rnn("RnnTanhBackward0", tanh_cell, np.tanh, _tanh_slope, "tanh(z)")
rnn_relu_layer = _declare_rnn(
    "RnnReluBackward0", relu_cell, lambda z, out: np.maximum(0, z, out=out), _relu_slope, "max(z, 0)"
)


# ---- LSTM ------------------------------------------------------------------------------------------------------------

# The parts g, i, f, o in this order, in PyTorch's order i, f, g, o. Here the gates i, f, o stand side by side for the
# sigmoid, and g, i, f for the derivative, whose factor is dc.
_TO_GIFO, _TO_IFGO = [2, 0, 1, 3], [1, 2, 0, 3]


def _reordered(w, order):
    """The four parts of a weight or bias in another order, in memory of their own."""
    parts = w.reshape(4, -1, *w.shape[1:])[order]
    return parts.reshape(w.shape)


def _halved(w, start):
    """The weights of the gates, which begin at ``start``, halved."""
    w = w.copy()
    w[start:] *= 0.5
    return w


def _lstm_rule(grad, x, h, c, w_ih, w_hr, batch_sizes, reverse, steps_kept, needs):
    """Back through the steps, with dh and dc from the step after:

    dh += grad, dc += dh o (1 - tanh(c)²), dz = (dc i g', dc g i', dc c₋₁ f', dh tanh(c) o'), dh = dz w_hh, dc = dc f.
    """
    need_x, _, _, need_ih, need_hh, need_bi, need_bh, need_hr = needs
    grad_out, grad_h, grad_c = grad
    out, gates, cells, tanh_cells, w_hh = steps_kept
    steps, size = _steps(x, batch_sizes, reverse), cells.shape[1]
    g, i, f, o = (gates[:, k * size : (k + 1) * size] for k in range(4))
    # The factors of all steps at once. dz takes dc and dh in the loop.
    dz = np.empty_like(gates)
    slope_g, slope_gates = dz[:, :size], dz[:, size:]
    np.multiply(g, g, slope_g)
    np.subtract(1, slope_g, slope_g)
    slope_g *= i
    np.subtract(1, gates[:, size:], slope_gates)
    slope_gates *= gates[:, size:]
    slope_gates[:, :size] *= g
    slope_gates[:, size : 2 * size] *= _states_before(cells, c, steps)
    slope_gates[:, 2 * size :] *= tanh_cells
    slope_c = tanh_cells * tanh_cells
    np.subtract(1, slope_c, slope_c)
    slope_c *= o

    dh, dc, product = _buffer(grad_h, h), _buffer(grad_c, c), np.empty_like(c)
    dh_all = None if w_hr is None else np.empty_like(out)
    grad_out = None if grad_out is None else _rows(grad_out)
    for start, stop in steps[::-1]:
        n = stop - start
        d, d_cell, step = dh[:n], dc[:n], dz[start:stop]
        if grad_out is not None:
            d += grad_out[start:stop]
        d_full = d
        if w_hr is not None:
            dh_all[start:stop] = d
            d_full = d @ w_hr
        d_cell += np.multiply(d_full, slope_c[start:stop], product[:n])
        thirds = step[:, : 3 * size].reshape(n, 3, size)
        thirds *= d_cell[:, np.newaxis]
        last = step[:, 3 * size :]
        last *= d_full
        d_cell *= f[start:stop]
        np.matmul(step, w_hh, d)

    db = _reordered(_sums(dz), _TO_IFGO) if need_bi or need_bh else None
    return (
        _shaped(dz @ _reordered(w_ih, _TO_GIFO), x) if need_x else None,
        dh,
        dc,
        _reordered(dz.T @ _rows(x), _TO_IFGO) if need_ih else None,
        _reordered(dz.T @ _states_before(out, h, steps), _TO_IFGO) if need_hh else None,
        db,
        db,
        dh_all.T @ (o * tanh_cells) if need_hr else None,
    )


@op(
    "MkldnnRnnLayerBackward0",
    x=None,
    h=None,
    c=None,
    w_ih=None,
    w_hh=None,
    b_ih=None,
    b_hh=None,
    w_hr=None,
    joint=_lstm_rule,
    keeps=("steps_kept",),
    composed=lambda x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, batch_sizes, reverse: unrolled(
        lstm_cell, x, (h, c), (w_ih, w_hh, b_ih, b_hh, w_hr), batch_sizes, reverse
    ),
    results=3,
    diff_results=3,
    formula=(
        "σ(split(z)[3]) ⊙ tanh(k) with k = σ(split(z)[1]) ⊙ c + σ(split(z)[0]) ⊙ tanh(split(z)[2]) "
        "with z = (x · w_ihᵀ + h · w_hhᵀ{b_ih: + b_ih + b_hh} at each time)",
        *_BACKWARDS[:2],
        "G₃ backwards through time",
        *_BACKWARDS[2:],
        f"Σ d {_THROUGH}",
    ),
    symbol="LSTM",
)
def lstm_layer(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None, w_hr=None, batch_sizes=None, reverse=False):
    """The outputs h of all steps of :func:`lstm_cell`, the last h and the last c.

    Kept: the outputs, the gates, c and tanh(c) of all steps, and w_hh in the gates' order.
    """
    size = c.shape[1]
    gates = _rows(x) @ _halved(_reordered(w_ih, _TO_GIFO), size).T
    if b_ih is not None:
        gates += _halved(_reordered(b_ih + b_hh, _TO_GIFO), size)
    w_ordered = _reordered(w_hh, _TO_GIFO)
    w = _halved(w_ordered, size).T
    h, c = h.copy(), c.copy()
    cells = np.empty((len(gates), size), gates.dtype)
    tanh_cells = np.empty_like(cells)
    out = tanh_cells if w_hr is not None else np.empty_like(cells)
    product, written = np.empty((len(h), 4 * size), gates.dtype), np.empty_like(c)
    projected = None if w_hr is None else np.empty((len(gates), len(w_hr)), gates.dtype)
    for start, stop in _steps(x, batch_sizes, reverse):
        n = stop - start
        z, state, cell = gates[start:stop], h[:n], c[:n]
        z += np.matmul(state, w, product[:n])
        np.tanh(z, z)
        _gates(z[:, size:])
        g, i, f, o = z[:, :size], z[:, size : 2 * size], z[:, 2 * size : 3 * size], z[:, 3 * size :]
        cell *= f
        cell += np.multiply(g, i, written[:n])
        cells[start:stop] = cell
        tanh_cell_ = np.tanh(cell, tanh_cells[start:stop])
        if w_hr is None:
            np.multiply(o, tanh_cell_, out[start:stop])
            state[...] = out[start:stop]
        else:
            np.matmul(o * tanh_cell_, w_hr.T, projected[start:stop])
            state[...] = projected[start:stop]
    out = out if w_hr is None else projected
    return (_shaped(out, x), h, c), (out, gates, cells, tanh_cells, w_ordered)


# ---- GRU -------------------------------------------------------------------------------------------------------------


def _gru_rule(grad, x, h, w_ih, w_hh, batch_sizes, reverse, steps_kept, needs):
    """Back through the steps, with dh from the step after:

    dh += grad, dn = dh (1 - z) n', dz = dh (h₋₁ - n) z', dr = dn hn r', dhn = dn r, dh = dh z + (dr, dz, dhn) w_hh.
    """
    need_x, _, need_ih, need_hh, need_bi, need_bh = needs
    grad_out, grad_h = grad
    out, gates, hidden_n = steps_kept
    steps, size = _steps(x, batch_sizes, reverse), hidden_n.shape[1]
    r, z, n_ = (gates[:, k * size : (k + 1) * size] for k in range(3))
    before = _states_before(out, h, steps)
    # The factors of all steps at once, in the order n, r, z, hn: the first three meet x, the last three h.
    d = np.empty((len(gates), 4 * size), gates.dtype)
    dn, dr, dz, dhn = (d[:, k * size : (k + 1) * size] for k in range(4))
    np.multiply(n_, n_, dn)
    np.subtract(1, dn, dn)
    keeps_n = 1 - z
    dn *= keeps_n
    np.subtract(1, r, dr)
    dr *= r
    dr *= hidden_n
    np.subtract(before, n_, dz)
    dz *= z
    dz *= keeps_n
    dhn[...] = r

    dh, product = _buffer(grad_h, h), np.empty_like(h)
    grad_out = None if grad_out is None else _rows(grad_out)
    for start, stop in steps[::-1]:
        n = stop - start
        d_state = dh[:n]
        if grad_out is not None:
            d_state += grad_out[start:stop]
        step = d[start:stop]
        new, reset, update, hidden = (step[:, k * size : (k + 1) * size] for k in range(4))
        new *= d_state
        reset *= new
        update *= d_state
        hidden *= new
        d_state *= z[start:stop]
        d_state += np.matmul(step[:, size:], w_hh, product[:n])

    to_x, to_h = d[:, : 3 * size], d[:, size:]
    return (
        _shaped(to_x @ np.roll(w_ih, size, 0), x) if need_x else None,
        dh,
        np.roll(to_x.T @ _rows(x), -size, 0) if need_ih else None,
        to_h.T @ before if need_hh else None,
        np.roll(_sums(to_x), -size) if need_bi else None,
        _sums(to_h) if need_bh else None,
    )


@op(
    "GruBackward0",
    x=None,
    h=None,
    w_ih=None,
    w_hh=None,
    b_ih=None,
    b_hh=None,
    joint=_gru_rule,
    keeps=("steps_kept",),
    composed=lambda x, h, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse: unrolled(
        gru_cell, x, (h,), (w_ih, w_hh, b_ih, b_hh), batch_sizes, reverse
    ),
    results=2,
    diff_results=2,
    formula=(
        "n + z ⊙ (h − n) with n = tanh(x · w_ihᵀ{b_ih: + b_ih} + r ⊙ (h · w_hhᵀ{b_hh: + b_hh})) "
        "with r = σ(x · w_ihᵀ + h · w_hhᵀ{b_ih: + b_ih + b_hh}) "
        "with z = (σ(x · w_ihᵀ + h · w_hhᵀ{b_ih: + b_ih + b_hh}) at each time)",
        *_BACKWARDS,
    ),
    symbol="GRU",
)
def gru_layer(x, h, w_ih, w_hh, b_ih=None, b_hh=None, batch_sizes=None, reverse=False):
    """The states of all steps of :func:`gru_cell`, and the last one.

    Kept: the states, the gates with the new values, and h's part of the new value, of all steps.
    """
    size = h.shape[1]
    halves = np.repeat(np.array([0.5, 0.5, 1], x.dtype), size)
    gates = _rows(x) @ (w_ih * halves[:, np.newaxis]).T
    w = (w_hh * halves[:, np.newaxis]).T
    hidden_n = np.empty((len(gates), size), gates.dtype)
    if b_ih is not None:
        gates += b_ih * halves
        gates[:, : 2 * size] += (b_hh * halves)[: 2 * size]
    h, out = h.copy(), np.empty_like(hidden_n)
    product, reset = np.empty((len(h), 3 * size), gates.dtype), np.empty_like(h)
    for start, stop in _steps(x, batch_sizes, reverse):
        n = stop - start
        state, part = h[:n], product[:n]
        np.matmul(state, w, part)
        both, new, hn = gates[start:stop, : 2 * size], gates[start:stop, 2 * size :], hidden_n[start:stop]
        both += part[:, : 2 * size]
        np.tanh(both, both)
        _gates(both)
        if b_hh is None:
            hn[...] = part[:, 2 * size :]
        else:
            np.add(part[:, 2 * size :], b_hh[2 * size :], hn)
        new += np.multiply(both[:, :size], hn, reset[:n])
        np.tanh(new, new)
        state -= new
        state *= both[:, size:]
        state += new
        out[start:stop] = state
    return (_shaped(out, x), h), (out, gates, hidden_n)


# ---- the names that PyTorch prints -----------------------------------------------------------------------------------


# A layer that PyTorch runs step by step ends there in the operation that joins the steps' outputs. Here they lie in one
# array from the start; the node stands for the joining, so that the output prints as in PyTorch, and copies, so that the
# output may be written to.


def _joined(x):
    """The outputs of all steps as one tensor."""
    return x.copy()


joined_steps, joined_rows = (
    op(name, x=lambda grad: grad, public=public, formula=("x", "1"), symbol=symbol, family="shape")(_joined)
    for name, public, symbol in (("StackBackward0", "joined_steps", "stack"), ("CatBackward0", "joined_rows", "cat"))
)


# ---- packed sequences ------------------------------------------------------------------------------------------------


@op(
    "PackPaddedSequenceBackward0",
    x=lambda grad, x_shape, batch_sizes: unpack_padded(grad, x_shape, batch_sizes),
    formula=("x[batch_sizes] through time", "G through time, else 0"),
    symbol="pack",
    family="shape",
)
def pack_padded(x, batch_sizes):
    """The first ``batch_sizes[t]`` rows of each step of ``x`` (steps, batch, ...), one after the other."""
    return np.concatenate([step[:n] for step, n in zip(x, batch_sizes)])  # noqa: B905 (lengths may exceed the steps)


@op(
    "PackPaddedSequenceBackwardBackward0",
    x=lambda grad, batch_sizes: pack_padded(grad, batch_sizes),
    formula=("x through time, else 0", "G[batch_sizes] through time"),
    symbol="unpack",
    family="shape",
)
def unpack_padded(x, shape, batch_sizes):
    """Zeros of ``shape`` but for the rows that were packed."""
    result = np.zeros(shape, x.dtype)
    for step, (start, stop) in zip(result, spans(batch_sizes)):  # noqa: B905
        step[: stop - start] = x[start:stop]
    return result
