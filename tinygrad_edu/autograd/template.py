"""The one template from which every operation's Python functions are written.

Given a declaration, it writes two functions as text: the public function (unwrap, promote, compute, wrap, record) and
the backward function (unpack what was saved, call the rules). ``print(torch.ops.mul.source)`` shows both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["backward_source", "call_record", "function_source", "has_slotted_node", "node_slots", "public_name", "signature"]

_PUBLIC = {"x": "input", "y": "other"}  # rules read better in mathematics' letters, signatures in PyTorch's words
NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}


def public_name(param: str) -> str:
    return _PUBLIC.get(param, param)


def signature(op: Any, operator: bool = False) -> str:
    """The public parameters: PyTorch's names, NumPy's names for dim and keepdim at the end, ``out`` where it may be given."""
    words, split, renamed = [], len(op.params) - op.keyword_only, _renamed(op)
    for i, param in enumerate(op.params):
        if i == split:
            words.append("*")
        name = public_name(param)
        words.append(name + ("=MISSING" if name in renamed else f"=default_{param}" if param in op.defaults else ""))
    extra = [f"{NUMPY_NAMES[p]}=None" for p in op.params if p in NUMPY_NAMES]
    if _takes_out(op, operator):
        extra.append("out=None")
    if extra and not op.keyword_only:
        words.append("*")
    return ", ".join(words + extra)


def _renamed(op: Any) -> list[str]:
    """The required parameters that need not stand where Python looks for them: one of NumPy's names, and all behind it."""
    required = [p for p in op.params[: len(op.params) - op.keyword_only] if p not in op.defaults]
    start = next((i for i, p in enumerate(required) if p in NUMPY_NAMES), len(required))
    return [public_name(p) for p in required[start:]]


def _takes_out(op: Any, operator: bool) -> bool:
    return not operator and not op.view and op.results == 1 and not op.sequence


def function_source(op: Any, operator: bool) -> str:
    """The public function. ``operator`` makes the variant behind ``a + b``, which knows NotImplemented."""
    lines = [f"def generated({signature(op, operator)}):"]
    for param in op.params:
        if param in NUMPY_NAMES:
            other = NUMPY_NAMES[param]
            lines.append(f"    if {other} is not None: {param} = {other}")
    if renamed := _renamed(op):
        lines.append(f"    if {' or '.join(f'{p} is MISSING' for p in renamed)}:")
        lines.append(f"        raise missing_arguments({op.public!r}, {', '.join(f'{p}={p}' for p in renamed)})")
    lines += _unwrap_sequence(op) if op.sequence else _unwrap(op, operator)
    lines += _promote(op)
    if op.refusal:
        lines.append(f"    if {op.tensors[0]}.dtype is not FLOAT32: refuse_complex({op.refusal!r}, {op.tensors[0]})")
    call = ", ".join(p if i < len(op.params) - op.keyword_only else f"{p}={p}" for i, p in enumerate(op.params))
    operands = op.tensors[0] if op.sequence else "(" + ", ".join(op.tensors) + ",)"
    lines += [
        "    try:",
        f"        result = run_quietly(kernel, {call})" if not op.view else f"        result = kernel({call})",
        "    except Exception as error:",
        f"        result = retry(OP, error, {operands}, {call})",
    ]
    if op.keeps:
        lines.append(f"    result, {', '.join(op.keeps)} = result")
    nodes = "nodes" if op.sequence else "(" + "".join(f"{p}_node, " for p in op.differentiable) + ")"
    if op.results > 1 or op.diff_results > 1:
        return "\n".join(lines + _wrap_several(op, nodes)) + "\n"
    if _takes_out(op, operator):
        lines.append("    if out is not None:")
        lines.append(f"        return write_out(OP, out, result, {nodes if op.name else '()'})")
    lines += [
        "    if type(result) is not ndarray:",
        "        result = asarray(result)",
        "    made = new(Tensor)",
        "    made._array = result",
        "    made._grad = None",
    ]
    if op.view:
        noted = "note_view" if op.view is True else "note_possible_view"
        lines.append(f"    {noted}({public_name(op.tensors[0])}, made)")
    else:
        lines.append("    made._family = None")
    lines += _record(op)
    return "\n".join(lines) + "\n"


def _unwrap(op: Any, operator: bool) -> list[str]:
    lines: list[str] = []
    for i, param in enumerate(op.tensors):
        name, node = public_name(param), param in op.differentiable
        if param in op.defaults and op.defaults[param] is None:
            lines += [f"    if {name} is None:", f"        {param} = None"]
            if node:
                lines.append(f"        {param}_node = None")
            lines.append(f"    elif type({name}) is Tensor or isinstance({name}, Tensor):")
        else:
            lines.append(f"    if type({name}) is Tensor or isinstance({name}, Tensor):")
        if node:
            lines.append(f"        {param}_node = {name}._node")
        lines.append(f"        {param} = {name}._array")
        if second := _is_second_operand(op, param):
            first = op.promoted[0]
            lines += [
                f"        if {first}.dtype is not {param}.dtype:",
                f"            {first}, {param} = promote({first}, {param})",
            ]
        if second and op.numbers:
            lines += [
                # A 0-d array: NumPy takes three times as long for a Python number.
                f"    elif {first}.dtype is FLOAT32 and (type({name}) is float or type({name}) is int)"
                f" and -3e38 < {name} < 3e38:",
                f"        {param} = array({name}, FLOAT32)",
            ]
            if node:
                lines.append(f"        {param}_node = None")
        lines.append("    else:")
        if operator and i == 1:
            lines += [
                f"        {param} = unwrap_operand({name})",
                f"        if {param} is NotImplemented:",
                "            return NotImplemented",
            ]
        else:
            lines.append(f"        {param} = unwrap(OP, {i}, {name})")
        if node:
            lines.append(f"        {param}_node = None")
        if second:
            lines.append(f"        {op.promoted[0]}, {param} = promote({op.promoted[0]}, {param})")
    return lines


def _unwrap_sequence(op: Any) -> list[str]:
    first = op.tensors[0]
    return [f"    {first}, nodes = unwrap_sequence(OP, {public_name(first)})"]


def _is_second_operand(op: Any, param: str) -> bool:
    """Whether ``param`` meets one other operand: the case that is worth an inlined check."""
    return len(op.promoted) == 2 and param == op.promoted[1]


def _promote(op: Any) -> list[str]:
    if op.promote is None or op.sequence:
        return []
    names = ", ".join(op.promoted)
    lines = []
    if len(op.promoted) > 2:
        lines.append(f"    {names} = promote({names})")
    if op.promote == "float":
        lines.append(f"    if {op.promoted[0]}.dtype is not FLOAT32:")
        lines.append(f"        {names} = as_floats({names})")
    return lines


def call_record(op: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    """How an observer is told of a call: each parameter, how it is told, and the words for it.

    "operand": as it was given; "tensor": its array and node; "sequence": arrays and nodes; "option": its value. What the
    operation writes to is not among them.
    """
    record: list[tuple[str, str, tuple[str, ...]]] = []
    for param in op.params:
        if op.sequence and param == op.tensors[0]:
            record.append((param, "sequence", (param, "nodes")))
        elif param in op.writes:
            continue
        elif param not in op.tensors:
            record.append((param, "option", (param,)))
        elif public_name(param) != param:
            record.append((param, "operand", (public_name(param),)))
        else:
            record.append((param, "tensor", (param, f"{param}_node" if param in op.differentiable else "None")))
    return record


def _call(op: Any) -> str:
    """The record itself: the operation, then all words."""
    return _tuple(["OP", *(word for _, _, words in call_record(op) for word in words)])


def has_slotted_node(op: Any) -> bool:
    """Whether the nodes of ``op`` keep the items of ``next`` and ``saved`` in slots, as far as their number is known."""
    return not op.sequence and op.results == 1 and op.diff_results == 1


def node_slots(op: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The slots of a node for the items of ``next`` and of ``saved``."""
    return tuple(f"next_{p}" for p in op.differentiable), tuple(f"saved_{name}" for name in op.saved)


def _record(op: Any) -> list[str]:
    """From here on the tensor exists; make its node, if anything upstream wants a gradient."""
    if op.name is None:
        return ["    made._node = None", f"    if WATCHERS: note_unrecorded(made, {_call(op)})", "    return made"]
    none = "not any(nodes)" if op.sequence else " and ".join(f"{p}_node is None" for p in op.differentiable)
    saved = _saved(op, gated=True)
    if has_slotted_node(op):
        next_slots, saved_slots = node_slots(op)
        keep = [f"    node.{slot} = {p}_node" for slot, p in zip(next_slots, op.differentiable, strict=True)]
        keep += [f"    node.{slot} = {value}" for slot, value in zip(saved_slots, saved, strict=True)]
    else:
        keep = ["    node.next = nodes", f"    node.saved = {_tuple(saved)}"]
    return [
        f"    if ({none}) or not (_mode := get_mode()):",
        "        made._node = None",
        f"        if WATCHERS: note_unrecorded(made, {_call(op)})",
        "        return made",
        "    _dtype = result.dtype",
        "    node = NodeClass() if _dtype is FLOAT32 or _dtype.kind != 'c' else ComplexNodeClass()"
        if op.holomorphic and op.saved
        else "    node = NodeClass()",
        *keep,
        "    node.seq = next_sequence_number()",
        "    node.shape = result.shape",
        "    node.dtype = _dtype",
        "    node.hooks = None",
        "    made._node = node",
        f"    if _mode is not True: _mode.created(node, made, {_call(op)})",
        "    return made",
    ]


def _wrap_several(op: Any, nodes: str) -> list[str]:
    """The same for an operation with several results."""
    source = public_name(op.tensors[0]) if op.view else "None"
    lines = [
        f"    made, node = several_results(OP, result, {nodes if op.name else '()'}, {source})",
        "    if node is None:",
        f"        if WATCHERS: note_unrecorded(made, {_call(op)})",
        "        return made",
    ]
    if op.name is None:
        return lines
    if "out" in op.saved:
        lines.append(f"    result = {'made[0]._array' if op.diff_results == 1 else '[each._array for each in made]'}")
    return [
        *lines,
        f"    node.saved = {_tuple(_saved(op, gated=False))}",
        f"    if (_mode := get_mode()) is not True: _mode.created(node, made, {_call(op)})",
        "    return made",
    ]


def _tuple(words: Iterable[str]) -> str:
    return "(" + "".join(f"{word}, " for word in words) + ")"


def _saved(op: Any, gated: bool) -> list[str]:
    """What the rules name. An input is kept only if a rule that names it will run."""
    words = []
    for name in op.saved:
        if name == "out":
            words.append("result")
        elif name.endswith("_shape") and name not in op.params:
            words.append(
                f"{name.removesuffix('_shape')}.shape" if not op.sequence else f"shapes_of({name.removesuffix('_shape')})"
            )
        elif gated and not op.joint and name in op.tensors and not op.sequence:
            users = [p for p, rule in op.rules.items() if name in rule.__code__.co_varnames[: rule.__code__.co_argcount]]
            if len(users) == len(op.differentiable):
                words.append(name)
            else:
                words.append(f"{name} if {' or '.join(f'{p}_node is not None' for p in users)} else None")
        else:
            words.append(name)
    return words


_ONE_LINERS = {
    rule.__code__.co_code: text
    for rule, text in (
        (lambda grad: grad, "grad"),
        (lambda grad: -grad, "-grad"),
        (lambda grad, y: grad * y, "grad * {}"),
    )
}
"""The rules that are written out instead of called, by their bytecode: a call takes as long as what they do."""


def _application(param: str, rule: Any) -> tuple[str, bool]:
    """The expression that applies a rule, and whether it is written out."""
    names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
    text = _ONE_LINERS.get(rule.__code__.co_code)
    return (f"rule_{param}({', '.join(('grad', *names))})", False) if text is None else (text.format(*names), True)


def backward_source(op: Any, form: str, conjugate: bool = False) -> str:
    """The backward function: ``next`` and ``saved`` back into names, then one rule per input that wants a gradient.

    ``arrays`` and ``tensors`` return the gradients; ``propagate`` hands each on as :meth:`Node.propagate` does. Those of
    complex nodes ``conjugate`` what was saved.
    """
    arrays = form != "tensors"
    arguments = "node, grad, pending, waiting, own, release" if form == "propagate" else "node, grad"
    lines = [f"def generated({arguments}):"]
    lines += _unpack(op)
    if not arrays:
        for name in op.saved:
            if name == "out":
                lines.append("    out = rewrap(out, node)")
            elif name in op.differentiable and not op.sequence:
                lines.append(f"    {name} = rewrap({name}, {name}_node)")
        if op.composed:
            names = op.composed.__code__.co_varnames[: op.composed.__code__.co_argcount]
            nodes = ", ".join(f"{p}_node" if p in op.differentiable else "None" for p in names)
            order = ", ".join(str(names.index(p)) for p in op.differentiable)
            lines.append(f"    return gradients_of(composed, ({', '.join(names)},), ({nodes},), ({order},), grad)")
            return "\n".join(lines) + "\n"
    if conjugate:
        lines += [f"    {name} = conjugate({name})" for name in op.saved if not name.endswith("_shape")]
    if not arrays and op.again:
        names = op.again.__code__.co_varnames[: op.again.__code__.co_argcount]
        lines.append(f"    {', '.join(op.keeps)}, = again({', '.join(names)})")
    if op.joint or op.sequence:
        rule = op.joint or op.rules[op.tensors[0]]
        names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
        if "needs" in names:
            known = ", ".join(f"{p}_node is not None" for p in op.differentiable)
            lines.append(f"    needs = [{'each is not None for each in nodes' if op.sequence else known}]")
        function = "joint_rule" if op.joint else f"rule_{op.tensors[0]}"
        answer = f"{function}({', '.join(('grad', *names))})"
        if form != "propagate":
            return "\n".join([*lines, f"    return {answer}"]) + "\n"
        lines.append(f"    {''.join(f'grad_{p}, ' for p in op.differentiable)}= {answer}")
    if form == "propagate":
        return "\n".join(lines + _propagation(op)) + "\n"
    calls = [_application(param, rule)[0] for param, rule in op.rules.items()]
    if len(calls) > 1:
        calls = [f"None if {p}_node is None else {call}" for p, call in zip(op.rules, calls, strict=True)]
    lines.append(f"    return ({', '.join(calls)},)")
    return "\n".join(lines) + "\n"


def _unpack(op: Any) -> list[str]:
    """``next`` and ``saved`` back into the names that the rules know."""
    saved = "".join(f"{name}, " for name in op.saved)
    if not has_slotted_node(op):
        names = "nodes " if op.sequence else "".join(f"{p}_node, " for p in op.differentiable)
        return [f"    {names}= node.next", *([f"    {saved}= node.saved"] if saved else [])]
    next_slots, saved_slots = node_slots(op)
    lines = [f"    {p}_node = node.{slot}" for p, slot in zip(op.differentiable, next_slots, strict=True)]
    lines += [f"    {name} = node.{slot}" for name, slot in zip(op.saved, saved_slots, strict=True)]
    if saved:
        lines += [f"    if {op.saved[0]}.__class__ is Withheld:", f"        {saved}= {op.saved[0]}"]
    return lines


def _propagation(op: Any) -> list[str]:
    """The body of ``propagate``, one stretch for each input: this is most of what a backward pass executes."""
    several = len(op.differentiable) > 1
    lines = ["    shape = node.shape"] if op.promote else []
    lines.append("    ready = None")
    for i, param in enumerate(op.differentiable):
        target, indent = f"{param}_node", "    "
        call, plain = (f"grad_{param}", False) if op.joint else _application(param, op.rules[param])
        if several:
            lines.append(f"    if {f'grad_{param}' if op.joint else target} is not None:")
            indent = "        "
        # An elementwise rule answers in the shape of the operation's result: two stored tuples are compared.
        shape = "shape" if op.promote else "g.shape"
        dtype = "node.dtype" if op.promote and plain else "g.dtype"
        body = [
            f"g = {call}",
            f"if {dtype} is not {target}.dtype or {shape} != {target}.shape:",
            f"    g = conform_array(g, {target})",
        ]
        if i:
            body += [f"if {target} is ready:", "    carried = carried + g", f"elif (before := pending.get({target})) is None:"]
        else:
            body += [f"before = pending.get({target})", "if before is None:"]
        body += [f"    if {target}.__class__ is AccumulateGrad:", f"        pending[{target}] = g"]
        if i:
            body += [
                "    elif ready is not None:",
                f"        pending[{target}] = g",
                f"        heappush(waiting, (-{target}.seq, {target}))",
            ]
        body += [
            "    else:",
            f"        ready, carried = {target}, g",
            f"elif {target} in own:",
            "    add(before, g, before)",
            "else:",
            f"    pending[{target}] = total = before + g",
            "    if total.__class__ is ndarray:",
            f"        own.add({target})",
        ]
        lines += [indent + line for line in body]
    if op.releases:
        first, *others = node_slots(op)[1] if has_slotted_node(op) else ["saved"]
        lines += ["    if release:", f"        node.{first} = RELEASED"]
        lines += [f"        node.{slot} = None" for slot in others]
    return [*lines, "    return None if ready is None else (ready, carried)"]
