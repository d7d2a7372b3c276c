"""The walk through a trace as the step-through page shows it: first the numbers forward, then the gradients backward.

A :class:`Frame` is one picture of the walk: which card is looked at, along which edges something moves, what the panel
says, and the same as one sentence for a reader who listens. When each number of the drawing becomes known stands in
:func:`reveals`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..numbers import MINUS, norm, number, stats
from ..pictures.cards import bracketed, is_constant, is_factor
from ..trace import Input, Step, Summary, Trace, Value
from . import markup as html

__all__ = ["Frame", "frames", "reveals"]

GRID, HEAT = (4, 5), (8, 12)
"""Up to how many rows and columns an array shows its numbers, or its colours."""


MOST_TERMS = 8
"""Of a sum that is written out."""


@dataclass(slots=True)
class Frame:
    """One stop of the walk. ``phase`` is ``"start"``, ``"forward"`` or ``"backward"``."""

    phase: str
    step: int | None
    title: str
    body: str  # the panel's HTML
    say: str  # the same for a reader who listens
    focus: str  # the card's id
    edges: list[str] = field(default_factory=list)  # along which a value or gradient moves


@dataclass(slots=True)
class Arrived:
    """The gradients that have come back to a value so far; ``total`` is how many there will be."""

    total: int
    terms: list[np.ndarray] = field(default_factory=list)
    sum: np.ndarray | None = None

    def add(self, grad: np.ndarray) -> None:
        self.terms.append(grad)
        with np.errstate(all="ignore"):
            self.sum = grad if self.sum is None else self.sum + grad

    @property
    def missing(self) -> int:
        return self.total - len(self.terms)


def frames(trace: Trace) -> list[Frame]:
    """The stops in order: the inputs, each step forward, the loss's own gradient, each step backward."""
    walk = [_start(trace), *(_forward(trace, step) for step in trace.steps)]
    if _went_back(trace):
        walk.append(_seed(trace))
        arrived = {value: Arrived(len(uses)) for value, uses in _contributions(trace).items()}
        walk += [_backward(trace, step, arrived) for step in _backward_steps(trace)]
    return walk


def reveals(trace: Trace) -> dict[str, dict[str, int | list[int]]]:
    """At which frame the numbers of each card appear.

    ``f``: values; ``u``: the upstream gradient; ``b``: the gradients that the card itself sends back, or a leaf's whole
    gradient; ``t``: a fan-out card's terms in the order in which they arrive.
    """
    first = len(trace.steps) + _went_back(trace)  # the frame of the loss's own gradient, or the last
    frame_of = {step.id: first + 1 + i for i, step in enumerate(_backward_steps(trace))}
    terms = _contributions(trace)
    whole = {value: max(frame_of.get(step, 0) for step, _ in uses) for value, uses in terms.items() if frame_of}
    whole[trace.root] = max(first, whole.get(trace.root, 0))
    shown: dict[str, dict[str, int | list[int]]] = {}
    for value in trace.values:
        if value.made_by is None:
            shown[f"v{value.id}"] = {"f": 0, "b": whole.get(value.id, first)}
        uses = terms.get(value.id, [])
        if len(uses) > 1 and frame_of:
            shown[f"f{value.id}"] = {"b": whole[value.id], "t": [frame_of[step] for step, _ in uses]}
    for place, step in enumerate(trace.steps, start=1):
        upstream = max((whole.get(output, first) for output in step.outputs), default=first)
        shown[f"s{step.id}"] = {"f": place, "u": upstream, "b": frame_of.get(step.id, upstream)}
    return shown


# ---- what flows


def _went_back(trace: Trace) -> bool:
    """Whether the backward pass is known step by step; of a graph that was not recorded only its end is."""
    return trace.ran and (trace.values[trace.root].grad is not None or any(step.ran for step in trace.steps))


def _uses(step: Step) -> Iterator[tuple[int, int]]:
    """The places of a step along which a gradient came back."""
    for place, taken in enumerate(step.inputs):
        if step.ran and taken.needs_grad and taken.downstream is not None:
            yield step.id, place


def _backward_steps(trace: Trace) -> list[Step]:
    return [step for step in reversed(trace.steps) if any(True for _ in _uses(step))]


def _contributions(trace: Trace) -> dict[int, list[tuple[int, int]]]:
    """Of each value the uses from which gradients come, in the order of the backward pass."""
    terms: dict[int, list[tuple[int, int]]] = {}
    for step in _backward_steps(trace):
        for use in _uses(step):
            terms.setdefault(step.inputs[use[1]].value, []).append(use)
    return terms


# ---- the stops


def _start(trace: Trace) -> Frame:
    inputs = [value for value in trace.values if value.made_by is None]
    root = trace.values[trace.root]
    scalars = [value for value in inputs if _single(value.data)]
    given = ", ".join(f"{value.name} = {_number(value.data)}" for value in scalars[:8])
    more = len(inputs) - min(len(scalars), 8)
    if _went_back(trace):
        back = "then the gradients come back"
    elif trace.ran:
        back = "the way back was not recorded, only the gradients at its end are known"
    else:
        back = "backward has not run: there are no gradients to show"
    count = f"{len(trace.steps)} step{'s' * (len(trace.steps) != 1)}"
    body = html.lead(f"{count} from the inputs to {root.name}; {back}.") + html.keys()
    body += html.definitions((value.name, value.kind, html.scalar(value.data)) for value in scalars[:8])
    shown = [value for value in inputs if not _single(value.data)][:4]
    body += html.row(_array(value.name, value.data, value.shape, "forward") for value in shown)
    hidden = len(inputs) - min(len(scalars), 8) - len(shown)
    if hidden > 0:
        body += html.note(f"and {hidden} more")
    say = f"The inputs: {given or 'arrays'}{f', and {more} more' if more and given else ''}. {count} to {root.name}; {back}."
    return Frame("start", None, "The inputs", body, say, "")


def _forward(trace: Trace, step: Step) -> Frame:
    outputs = [trace.values[output] for output in step.outputs]
    made = ", ".join(value.name for value in outputs)
    single = all(_single(trace.values[taken.value].data) for taken in step.inputs) and all(
        _single(value.data) for value in outputs
    )
    body = html.equation(html.text(step.formula), step.formula)
    say = f"{step.symbol} makes {made}: {step.formula}"
    if single and len(outputs) == 1:
        known = {trace.values[taken.value].name: _number(trace.values[taken.value].data) for taken in step.inputs}
        right = step.formula.partition("=")[2].strip()
        filled = _filled(right, known)
        result = _number(outputs[0].data)
        numbers = "" if filled in (right, result) else f"= {html.text(filled)} "
        body += html.equation(f"{numbers}= {html.strong(result, 'forward')}", f"{outputs[0].name} = {result}", more=True)
        say += f" = {filled} = {result}" if numbers else f" = {result}"
    else:
        values = [trace.values[taken.value] for taken in step.inputs]
        shown = {value.id: value for value in [*values, *outputs]}.values()
        body += html.row(_array(value.name, value.data, value.shape, "forward") for value in shown)
        shapes = " and ".join(f"{value.name} {_shape(value.shape)}" for value in values)
        say += f"; {shapes or 'nothing'} to {', '.join(_shape(value.shape) for value in outputs)}"
    if step.options:
        body += html.note(", ".join(f"{name} = {value}" for name, value in step.options.items()), "options")
    if step.note:
        body += html.note(step.note, "gate")
        say += f". {step.note}"
    if step.cut:
        cut = f"{step.cut}: the gradient will stop here"
        body += html.note(cut, "gate")
        say += f". {cut}"
    if trace.bad == step.id:
        body += html.note("the first NaN or infinity is made here, from finite numbers", "bad")
        say += ". The first NaN or infinity is made here"
    if step.saved:
        names = {"out": made} | {taken.param: trace.values[taken.value].name for taken in step.inputs}
        kept = ", ".join(
            f"{names.get(saved.name, saved.name)}{f' {tuple(saved.shape)}' if saved.shape else ''}" for saved in step.saved
        )
        body += html.note(f"kept for the way back: {kept}", "saved")
    body = _where(step) + body
    edges = [f"e{step.id}-{place}" for place in range(len(step.inputs))]
    return Frame("forward", step.id, f"{step.symbol} makes {made}", body, say + ".", f"s{step.id}", edges)


def _seed(trace: Trace) -> Frame:
    root = trace.values[trace.root]
    ratio = html.fraction("∂" + root.name, "∂" + root.name)
    if _single(root.grad):
        seed = _number(root.grad)
        body = html.equation(f"{ratio} = {html.strong(seed, 'backward')}", f"∂{root.name}/∂{root.name} = {seed}")
        say = f"Backward begins at {root.name}: its gradient with respect to itself is {seed}."
    else:  # an array, or not kept
        body = html.row([_array(f"∇{root.name}", root.grad, root.shape, "backward")])
        say = f"Backward begins at {root.name} with the gradient that it was given."
    body += html.lead("From here on, each step multiplies what arrives (upstream) by its own derivative (local).")
    focus = f"v{root.id}" if root.made_by is None else f"s{root.made_by}"
    return Frame("backward", None, f"Backward begins at {root.name}", body, say, focus)


def _backward(trace: Trace, step: Step, arrived: dict[int, Arrived]) -> Frame:
    """The step's stop; it adds to ``arrived``, of each value, what it sends back."""
    out = trace.values[step.outputs[0]]
    pieces, said = [_where(step)], []
    title = f"upstream G = ∂{trace.values[trace.root].name}/∂{out.name}"
    if not _single(out.grad):
        pieces.append(html.row([_array(title, out.grad, out.shape, "backward")]))
    elif any(not _single(step.inputs[place].downstream) for _, place in _uses(step)):
        upstream = _number(out.grad)
        pieces.append(html.equation(f"{html.text(title)} = {html.strong(upstream, 'backward')}", f"{title} = {upstream}"))
    for _, place in _uses(step):
        taken = step.inputs[place]
        value = trace.values[taken.value]
        assert taken.downstream is not None
        arrived[value.id].add(taken.downstream)
        chain, words = _chain(trace, value, out, arrived[value.id].total > 1, len(step.outputs))
        single = _single(taken.downstream) and _single(out.grad)
        if single and (taken.local is None or _single(taken.local)):
            equation, more = _scalar_equation(taken, value, out)
            pieces.append(html.card(html.equation(chain, words) + equation))
            said.append(f"{words}, {more}")
        else:
            pieces.append(html.card(html.equation(chain, words) + _array_equation(trace, step, taken, value, out)))
            said.append(f"the gradient of {value.name} is {_rule(taken)}, its norm {_norm(taken.downstream)}")
        for kind, note in _notes(taken, value, arrived[value.id]):
            pieces.append(html.note(note, kind))
            said.append(note)
    if trace.bad_backward == step.id:
        pieces.append(html.note("the first NaN or infinity among the gradients is made here", "bad"))
        said.append("the first NaN or infinity among the gradients is made here")
    title = f"through {step.symbol} ({out.name})"
    edges = [f"e{step.id}-{place}" for _, place in _uses(step)]
    back = dict.fromkeys(step.inputs[place].value for _, place in _uses(step))
    edges += [f"ef{value}" for value in back if arrived[value].total > 1 and not arrived[value].missing]
    return Frame("backward", step.id, title, "".join(pieces), ". ".join([title, *said]) + ".", f"s{step.id}", edges)


def _where(step: Step) -> str:
    """The module and the line of the program."""
    line = f"{step.source.file}:{step.source.line} {step.source.text}".strip() if step.source else ""
    return html.place(step.module, line)


# ---- the chain rule


def _chain(trace: Trace, value: Value, out: Value, several: bool, outputs: int) -> tuple[str, str]:
    """The chain rule with names: as HTML and as words."""
    root = trace.values[trace.root].name
    via = f" via {out.name}" if several else ""
    whole, local, upstream = (f"∂{root}", f"∂{value.name}"), (f"∂{out.name}", f"∂{value.name}"), (f"∂{root}", f"∂{out.name}")
    words = f"∂{root}/∂{value.name}{via} = ∂{out.name}/∂{value.name} × ∂{root}/∂{out.name}"
    via = html.small(via) if via else ""
    return (
        f"{html.fraction(*whole)}{via} = {html.fraction(*local)} × {html.fraction(*upstream, 'backward')}"
        + (html.small(" summed over its results") if outputs > 1 else ""),
        words,
    )


def _scalar_equation(taken: Input, value: Value, out: Value) -> tuple[str, str]:
    local, grad, arrived = taken.local, taken.downstream, out.grad
    assert grad is not None
    assert arrived is not None
    upstream, result = _number(arrived), _number(grad)
    if local is None:  # a rule with G, on single numbers
        rule = _rule(taken)
        hint, words = f"{rule}, with G = {upstream}", f"= {rule} = {result}"
        ask = html.ask(value.name, grad.item(), result, _slack(grad), hint)
        return html.equation(f"= {html.text(rule)} = {ask}", words, more=True), words
    factor = _number(local)
    named = taken.rule if is_factor(taken.rule) and not is_constant(taken.rule) else ""
    filled = f"{named} = {factor}" if named else factor
    hint = f"local × upstream: {factor} × {upstream}" if named else f"the local factor is {factor}: it passes {upstream} on"
    spread = abs(local.item()) * _half(arrived) + abs(arrived.item()) * _half(local)  # the reader multiplies what is shown
    ask = html.ask(value.name, grad.item(), result, _slack(grad) + spread, hint)
    shown = html.local(named, factor)
    text = f"= {shown} × {html.strong(upstream, 'backward')} = {ask}"
    words = f"= {filled} × {upstream} = {result}"
    return html.equation(text, words, more=True), words


def _array_equation(trace: Trace, step: Step, taken: Input, value: Value, out: Value) -> str:
    """The rule, and the matrices with their shapes."""
    text = f"∇{value.name} = {_rule(taken)}"
    arrays = []
    if taken.local is not None and not np.all(taken.local == 1):
        named = f"local {taken.rule}".strip() if is_factor(taken.rule) else f"local ∂{out.name}/∂{value.name}"
        arrays.append(_array(named, taken.local, taken.local.shape, "local"))
    elif taken.local is None:  # the operands that the rule names
        tensors = [trace.values[other.value] for other in step.inputs] + [trace.values[output] for output in step.outputs]
        operands = [each for each in {each.id: each for each in tensors}.values() if re.search(_token(each.name), taken.rule)]
        arrays += [_array(f"local {other.name}", other.data, other.shape, "local") for other in operands]
    grad = taken.downstream
    assert grad is not None
    plain = _fits(grad.shape, GRID) and np.isrealobj(grad) and grad.size and not isinstance(grad, Summary)
    ask = _ask_one(grad, value.name, text, step.id) if plain else None
    arrays.append(_array(f"downstream ∇{value.name}", grad, grad.shape, "backward", ask))
    return html.equation(html.text(text), text, more=True) + html.row(arrays)


def _ask_one(grad: np.ndarray, name: str, rule: str, step: int) -> tuple[int, str]:
    """The entry of an array that the quiz asks for: one that is not small beside the others, which are shown rounded."""
    flat, top = grad.reshape(-1), float(np.abs(grad).max())
    places = np.flatnonzero(np.abs(flat) >= 0.1 * top)
    place = int(places[(step * 5 + 2) % len(places)]) if len(places) else 0
    answer, where = flat[place], _index(place, grad.shape)
    slack = _slack(answer) + 0.01 * top
    return place, html.ask(f"{name} at {where}", answer.item(), _number(answer), slack, f"{rule}, at {where}")


def _rule(taken: Input) -> str:
    """How the downstream gradient follows from G, the upstream one."""
    if taken.rule and not is_factor(taken.rule):
        rule = taken.rule
    elif taken.local is None:
        rule = "(this step's own rule)"
    elif np.all(taken.local == 1):
        rule = "G"
    else:
        rule = f"{bracketed(taken.rule or 'local')} × G"
    return f"Σ {rule}" if taken.summed else rule


def _notes(taken: Input, value: Value, arrived: Arrived) -> Iterator[tuple[str, str]]:
    grad = taken.downstream
    assert grad is not None
    if taken.blocked:
        if _single(grad):
            yield "gate", "gradient blocked: the gate was closed in the forward pass"
        else:
            yield "gate", f"{taken.blocked} of {int(np.prod(value.shape))} gates closed: their gradient is 0"
    if taken.summed:
        axes = ", ".join(map(str, taken.summed))
        yield "summed", f"{value.name} was broadcast: the gradients of its copies are summed over {_axes(taken.summed)} {axes}"
    name = f"{value.name}.grad" if value.made_by is None else f"∇{value.name}"
    status = f"({arrived.missing} more to come)" if arrived.missing else "✓ complete"
    whole = value.grad if not arrived.missing and value.grad is not None else arrived.sum
    if arrived.total > 1 and _single(grad):
        terms = arrived.terms
        if len(terms) <= MOST_TERMS:
            listed = [_number(each) for each in terms]
        else:
            listed = [
                _number(terms[0]),
                _number(terms[1]),
                f"… ({len(terms) - 4} more) …",
                _number(terms[-2]),
                _number(terms[-1]),
            ]
        equals = f" = {_number(whole)}" if len(terms) > 1 else ""
        yield "sum", f"{name} accumulates: {' + '.join(listed)}{equals} {status}"
    elif arrived.total > 1:
        norms = f", its norm is {_norm(whole)}" if not arrived.missing else ""
        yield "sum", f"{name} accumulates: {len(arrived.terms)} of {arrived.total} gradients have arrived{norms} {status}"
    elif value.made_by is None and _single(grad):
        yield "sum", f"{name} = {_number(grad)} {status}"


def _axes(summed: tuple[int, ...]) -> str:
    return "axis" if len(summed) == 1 else "axes"


# ---- numbers


def _single(array: np.ndarray | None) -> bool:
    return array is not None and array.size == 1 and not isinstance(array, Summary)


def _number(array: np.ndarray | None) -> str:
    return "?" if array is None else number(array.reshape(()))


def _norm(array: np.ndarray | None) -> str:
    return "?" if array is None or isinstance(array, Summary) else number(norm(array))


def _shape(shape: tuple[int, ...]) -> str:
    return str(tuple(shape)) if shape else "a number"


def _half(value: np.ndarray) -> float:
    """Half a unit of the last of three digits: by how much a shown number may be off."""
    size = abs(value.item())
    return 0.5 * 10.0 ** (np.floor(np.log10(size)) - 2) if size and np.isfinite(size) else 0.0


def _slack(value: np.ndarray) -> float:
    """By how much an answer may be off: the digits that are shown."""
    return 1.02 * _half(value) or 5e-4


def _fits(shape: tuple[int, ...], most: tuple[int, int]) -> bool:
    rows, columns = (int(np.prod(shape[:-1])), shape[-1]) if shape else (1, 1)
    return rows <= most[0] and columns <= most[1]


def _index(flat: int, shape: tuple[int, ...]) -> str:
    """``row 2, column 1``, counted from 1."""
    if len(shape) < 2:
        return f"place {flat + 1}"
    return f"row {flat // shape[-1] + 1}, column {flat % shape[-1] + 1}"


def _array(title: str, array: np.ndarray | None, shape: tuple[int, ...], kind: str, ask: tuple[int, str] | None = None) -> str:
    """An array with its shape and norm: its numbers, its colours, or its statistics, by its size."""
    if array is None:
        return html.figure(title, shape, None, "not known", kind)
    if isinstance(array, Summary):  # read from a file that keeps large arrays in brief
        mean, deviation = array.statistics["mean"], array.statistics["std"]
        return html.figure(title, shape, html.statistics(int(np.prod(shape)), mean, deviation), "", kind)
    size = f"‖·‖ {_norm(array)}" if kind != "forward" and array.dtype.kind in "fc" else ""
    if _fits(shape, GRID):
        return html.figure(title, shape, html.grid(array, ask), size, kind)
    if _fits(shape, HEAT):
        return html.figure(title, shape, html.heat(array), size, kind)
    return html.figure(title, shape, html.statistics(array.size, *stats(array)), size, kind)


# ---- names in formulas


RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ"


def _token(name: str) -> str:
    """A name as a whole word, which may be raised to a power or transposed."""
    return rf"(?<![\w.]){re.escape(name)}(?=[{RAISED}]|[^\w.]|$)"


def _filled(formula: str, known: dict[str, str]) -> str:
    """A formula with numbers in the place of names; negative ones in parentheses where something stands before them."""
    if not known:
        return formula
    names = "|".join(_token(name) for name in sorted(known, key=len, reverse=True))

    def fill(match: re.Match[str]) -> str:
        text = known[match[0]]
        before, after = formula[: match.start()].rstrip(), formula[match.end() : match.end() + 1]
        inside = (before and before[-1] not in "(,[=") or (after and after in RAISED + "^")
        return f"({text})" if text.startswith(MINUS) and inside else text

    return re.sub(names, fill, formula)
