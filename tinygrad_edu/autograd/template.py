"""The one template from which every operation's Python functions are written.

Given a declaration, it writes two functions as text: the public function (unwrap, promote, compute, wrap, record) and
the backward function (unpack what was saved, call the rules). ``print(torch.ops.mul.source)`` shows both.
"""

from __future__ import annotations

from typing import Any

__all__ = ["backward_source", "function_source", "signature"]

_PUBLIC = {"x": "input", "y": "other"}  # rules read better in mathematics' letters, signatures in PyTorch's words
_NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}


def public_name(param: str) -> str:
    return _PUBLIC.get(param, param)


def signature(op: Any) -> str:
    """The public parameters: PyTorch's names, NumPy's names for dim and keepdim at the end, ``out`` where it may be given."""
    words, split = [], len(op.params) - op.keyword_only
    for i, param in enumerate(op.params):
        if i == split:
            words.append("*")
        words.append(public_name(param) + (f"=default_{param}" if param in op.defaults else ""))
    extra = [f"{_NUMPY_NAMES[p]}=None" for p in op.params if p in _NUMPY_NAMES]
    if _takes_out(op):
        extra.append("out=None")
    if extra and not op.keyword_only:
        words.append("*")
    return ", ".join(words + extra)


def _takes_out(op: Any) -> bool:
    return not op.view and op.results == 1 and not op.sequence


def function_source(op: Any, operator: bool) -> str:
    """The public function. ``operator`` makes the variant behind ``a + b``, which knows NotImplemented."""
    lines = [f"def generated({signature(op)}):"]
    for param in op.params:
        if param in _NUMPY_NAMES:
            other = _NUMPY_NAMES[param]
            lines.append(f"    if {other} is not None: {param} = {other}")
    lines += _unwrap_sequence(op) if op.sequence else _unwrap(op, operator)
    lines += _promote(op)
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
        grads = nodes if op.name else "()"
        saved = f"lambda result: ({_saved(op, gated=False)})" if op.name else "None"
        source = public_name(op.tensors[0]) if op.view else "None"
        lines.append(f"    return several_results(OP, result, {grads}, {saved}, {source})")
        return "\n".join(lines) + "\n"
    if _takes_out(op):
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


def _record(op: Any) -> list[str]:
    """From here on the tensor exists; make its node, if anything upstream wants a gradient."""
    if op.name is None:
        return ["    made._node = None", "    if INFERENCE_TENSORS: note_inference(made)", "    return made"]
    if op.sequence:
        none, following = "not any(nodes)", "nodes"
    else:
        none = " and ".join(f"{p}_node is None" for p in op.differentiable)
        following = "(" + "".join(f"{p}_node, " for p in op.differentiable) + ")"
    return [
        f"    if ({none}) or not (mode := get_mode()):",
        "        made._node = None",
        "        if INFERENCE_TENSORS: note_inference(made)",
        "        return made",
        "    node = new(NodeClass)",
        f"    node.next = {following}",
        f"    node.saved = ({_saved(op, gated=True)})",
        "    node.seq = next_sequence_number()",
        "    node.shape = result.shape",
        "    node.dtype = result.dtype",
        "    node.hooks = None",
        "    made._node = node",
        "    if mode is not True: mode.created(node, made)",
        "    return made",
    ]


def _saved(op: Any, gated: bool) -> str:
    """The tuple of what the rules name. An input is kept only if a rule that names it will run."""
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
    return "".join(f"{word}, " for word in words)


def _pass_on(grad: Any) -> Any:
    return grad


def backward_source(op: Any, form: str) -> str:
    """The backward function: ``next`` and ``saved`` back into names, then one rule per input that wants a gradient.

    ``arrays`` and ``tensors`` return the gradients; ``propagate`` hands each on as :meth:`Node.propagate` does.
    """
    arrays = form != "tensors"
    arguments = "node, grad, pending, waiting, own, release" if form == "propagate" else "node, grad"
    lines = [f"def generated({arguments}):"]
    if op.sequence:
        lines.append("    nodes = node.next")
    else:
        lines.append("    " + "".join(f"{p}_node, " for p in op.differentiable) + "= node.next")
    if op.saved:
        lines.append("    " + "".join(f"{name}, " for name in op.saved) + "= node.saved")
        if not arrays:
            for name in op.saved:
                if name == "out":
                    lines.append("    out = rewrap(out, node)")
                elif name in op.tensors and not op.sequence:
                    node = f"{name}_node" if name in op.differentiable else None
                    if node:
                        lines.append(f"    {name} = rewrap({name}, {node})")
            if op.composed:
                names = op.composed.__code__.co_varnames[: op.composed.__code__.co_argcount]
                nodes = ", ".join(f"{p}_node" if p in op.differentiable else "None" for p in names)
                order = ", ".join(str(names.index(p)) for p in op.differentiable)
                lines.append(f"    return gradients_of(composed, ({', '.join(names)},), ({nodes},), ({order},), grad)")
                return "\n".join(lines) + "\n"
            if op.again:
                names = op.again.__code__.co_varnames[: op.again.__code__.co_argcount]
                lines.append(f"    {', '.join(op.keeps)}, = again({', '.join(names)})")
    if op.joint or op.sequence:
        rule = op.joint or op.rules[op.tensors[0]]
        names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
        if "needs" in names:
            source = "nodes" if op.sequence else "node.next"
            lines.append(f"    needs = [each is not None for each in {source}]")
        function = "joint_rule" if op.joint else f"rule_{op.tensors[0]}"
        lines.append(f"    return {function}({', '.join(('grad', *names))})")
        return "\n".join(lines) + "\n"
    calls = []
    for param, rule in op.rules.items():
        names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
        passes_on = rule.__code__.co_code == _pass_on.__code__.co_code  # add, expand: nothing to call
        calls.append("grad" if passes_on else f"rule_{param}({', '.join(('grad', *names))})")
    if form == "propagate":
        return "\n".join(lines + _propagation(op, calls)) + "\n"
    if len(calls) > 1:
        calls = [f"None if {p}_node is None else {call}" for p, call in zip(op.rules, calls, strict=True)]
    lines.append(f"    return ({', '.join(calls)},)")
    return "\n".join(lines) + "\n"


def _propagation(op: Any, calls: list[str]) -> list[str]:
    """The body of ``propagate``, one stretch for each input: this is most of what a backward pass executes."""
    several = len(calls) > 1
    lines = ["    shape = node.shape"] if op.promote else []
    if several:
        lines.append("    ready = None")
    for i, (param, call) in enumerate(zip(op.rules, calls, strict=True)):
        target, indent = f"{param}_node", "    "
        if several:
            lines.append(f"    if {target} is not None:")
            indent = "        "
        # An elementwise rule answers in the shape of the operation's result: two stored tuples are compared.
        shape = "shape" if op.promote else "g.shape"
        if not several:
            wait = [f"    ready = {target}", "else:", "    ready = None"]
        elif i == 0:
            wait = [f"    ready = {target}"]
        else:
            wait = [
                "    if ready is None:",
                f"        ready = {target}",
                "    else:",
                f"        heappush(waiting, (-{target}.seq, {target}))",
            ]
        body = [
            f"g = {call}",
            f"if g.dtype is not {target}.dtype or {shape} != {target}.shape:",
            f"    g = conform_array(g, {target})",
            f"before = pending.get({target})",
            "if before is None:",
            f"    pending[{target}] = g",
            f"    if {target}.__class__ is not AccumulateGrad:",
            *("    " + line for line in wait),
            f"elif {target} in own:",
            "    add(before, g, before)",
            *(["    ready = None"] if not several else []),
            "else:",
            f"    pending[{target}] = total = before + g",
            "    if total.__class__ is ndarray:",
            f"        own.add({target})",
            *(["    ready = None"] if not several else []),
        ]
        lines += [indent + line for line in body]
    if op.releases:
        lines += ["    if release:", "        node.saved = RELEASED"]
    return [*lines, "    return ready"]
