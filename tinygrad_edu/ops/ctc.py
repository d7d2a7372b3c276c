"""Connectionist temporal classification: all alignments of a sequence of labels with the steps of an input.

An alignment names a label or a blank for each step; repetitions and then blanks are dropped. It goes through the *states*
blank, label, blank, label, ..., blank: from one step to the next it stays, advances by one, or by two where that skips a
blank between different labels. Arrays of states are (batch, states), or (time, batch, states).

Source: Graves et al., "Connectionist temporal classification", 2006 (https://www.cs.toronto.edu/~graves/icml_2006.pdf).
"""

from __future__ import annotations

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .choosing import where
from .elementwise import exp
from .joining import stack
from .reduction import logsumexp, sum
from .scatter import gather
from .shape import reshape, select

_NEVER = -1e30
"""The logarithm of no probability, with which one can calculate where -inf gives nan."""


def _skips(labels):
    """Which states an alignment may reach from two before: labels that differ from the label before."""
    skips = np.zeros(labels.shape, bool)
    skips[:, 3::2] = labels[:, 3::2] != labels[:, 1:-2:2]
    return skips


def _shifted(states, by):
    """The states ``by`` places later (earlier if negative), and -inf where there is none."""
    result = np.full_like(states, -np.inf)
    if abs(by) < states.shape[1]:
        result[:, max(by, 0) : states.shape[1] + min(by, 0)] = states[:, max(-by, 0) : states.shape[1] - max(by, 0)]
    return result


def _emissions(x, labels):
    """The log-probabilities of the states."""
    return np.take_along_axis(x, np.broadcast_to(labels, (len(x), *labels.shape)), 2)


def _ctc_rule(grad, x, labels, input_lengths, target_lengths, zero_infinity, out, alpha):
    """exp(x) - p, with p the share of alignments that name the label at the step: backward through the states."""
    emitted, skips = _emissions(x, labels), _skips(labels)
    leaps = np.zeros_like(skips)
    leaps[:, :-2] = skips[:, 2:]
    last, final = (2 * target_lengths)[:, np.newaxis], input_lengths - 1
    states = np.arange(labels.shape[1])
    ends = (states == last) | ((states == last - 1) & (last > 0))
    beta = np.full_like(emitted, -np.inf)
    after = np.full_like(emitted[0], -np.inf)
    for step in range(len(x) - 1, -1, -1):
        moved = np.logaddexp(after, _shifted(after, -1))
        moved = np.logaddexp(moved, np.where(leaps, _shifted(after, -2), -np.inf))
        moved = np.where((final == step)[:, np.newaxis], np.where(ends, x.dtype.type(0), -np.inf), moved)
        after = np.add(moved, emitted[step], out=beta[step])
    through, total = alpha + beta, np.full_like(x, -np.inf)
    for state in states:  # a label may stand in several states
        where_ = (slice(None), np.arange(len(labels)), labels[:, state])
        total[where_] = np.logaddexp(total[where_], through[:, :, state])
    dx = (np.exp(x) - np.exp(total + out[:, np.newaxis] - x)) * grad[:, np.newaxis]
    unused = np.arange(len(x))[:, np.newaxis] >= input_lengths
    if zero_infinity:
        unused = unused | (out == np.inf)
    dx[unused] = 0
    return dx


def _ctc_composed(x, labels, input_lengths, target_lengths, zero_infinity):
    """The same through operations. The sum of all probabilities is added, whose derivative is the first term of the rule's;
    its value, which is the length of the input, does not count.
    """
    steps, batch, kind = x.shape[0], x.shape[1], x._array.dtype
    count, skips, states = labels.shape[1], _skips(labels), np.arange(labels.shape[1])
    emitted = gather(x, 2, np.ascontiguousarray(np.broadcast_to(labels, (steps, batch, count))))
    last = (2 * target_lengths)[:, np.newaxis]
    never = np.full((batch, count), _NEVER, kind)

    def later(alpha, by, allowed):
        index = np.ascontiguousarray(np.broadcast_to(np.maximum(states - by, 0), (batch, count)))
        return where(allowed & (states >= by), gather(alpha, 1, index), never)

    alpha = where(states < np.minimum(last + 1, 2), select(emitted, 0, 0), never)
    for step in range(1, steps):
        moved = logsumexp(stack([alpha, later(alpha, 1, True), later(alpha, 2, skips)], 0), 0) + select(emitted, 0, step)
        alpha = where((step < input_lengths)[:, np.newaxis], moved, alpha)
    label = where(last > 0, gather(alpha, 1, np.maximum(last - 1, 0)), never[:, :1])
    likelihood = reshape(logsumexp(stack([gather(alpha, 1, last), label], 0), 0), (batch,))
    possible = (likelihood._array > _NEVER / 2) & (input_lengths > 0)
    shares = np.where(possible, 1.0, 0.0 if zero_infinity else np.nan).astype(kind)
    used = np.arange(steps)[:, np.newaxis, np.newaxis] < input_lengths[:, np.newaxis]
    probabilities = sum(where(used, exp(x), np.zeros(x.shape, kind)), (0, 2))
    return where(possible, -likelihood, np.zeros(batch, kind)) + probabilities * shares


@op(
    "CtcLossBackward0",
    x=_ctc_rule,
    labels=None,
    input_lengths=None,
    target_lengths=None,
    keeps=("alpha",),
    composed=_ctc_composed,
    formula=(
        "−log(Σ_alignments Π_time exp(x))",
        "G ⊙ (exp(x) − p) with p = Σ_through Π_time exp(x) / Σ_alignments Π_time exp(x)",
    ),
    symbol="CTC",
)
def ctc_loss(x, labels, input_lengths, target_lengths, zero_infinity=False):
    """The negative log-likelihood of each sequence of labels: forward through the states, step by step.

    Shapes: x (time, batch, C), log-probabilities; labels (batch, states), the blanks among them; lengths (batch,).
    The gradient is that of the logits under a softmax, which has the log-probabilities as its logarithm.

    Kept: the log-probabilities of all beginnings of alignments, by step and state.
    """
    if x.dtype.char not in "fd":
        raise not_implemented("ctc_loss_cpu", x.dtype)
    emitted, skips = _emissions(x, labels), _skips(labels)
    alpha = np.full_like(emitted, -np.inf)
    alpha[:1, :, 0] = emitted[:1, :, 0]
    alpha[:1, :, 1:2] = np.where(target_lengths[:, np.newaxis] > 0, emitted[:1, :, 1:2], -np.inf)
    for step in range(1, len(x)):
        before = alpha[step - 1]
        moved = np.logaddexp(before, _shifted(before, 1))
        moved = np.logaddexp(moved, np.where(skips, _shifted(before, 2), -np.inf))
        np.add(moved, emitted[step], out=alpha[step])
    last, step = (2 * target_lengths)[:, np.newaxis], input_lengths - 1
    ends = alpha[np.maximum(step, 0), np.arange(len(labels))]
    blank = np.take_along_axis(ends, last, 1)
    label = np.where(last > 0, np.take_along_axis(ends, np.maximum(last - 1, 0), 1), -np.inf)
    likelihood = np.logaddexp(blank, label)[:, 0]
    nothing = np.where(target_lengths == 0, x.dtype.type(0), x.dtype.type(-np.inf))
    return -np.where(input_lengths == 0, nothing, likelihood), alpha
