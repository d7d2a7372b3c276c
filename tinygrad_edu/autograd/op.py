"""How an operation is declared.

>>> mul = op("MulBackward0", x=lambda grad, y: grad * y, y=lambda grad, x: grad * x, promote="common")(np.multiply)

A declaration is a forward in NumPy and one rule per differentiable input. The names of a rule's parameters are its save
list: an argument of the forward, the result ``out``, or an input's shape (``x_shape``). What no rule names is not kept.

A rule is written once and serves every order: it uses operators and other operations only. In an ordinary backward pass
it runs on arrays, where every operation means its NumPy forward; under ``create_graph`` it runs on Tensors, where
operations record themselves. These are the two *worlds* of :func:`in_array_world`.

From a declaration :class:`Op` compiles, on first use, one small function per operation: unwrap, promote, compute, wrap,
record. ``op.source`` shows it.
"""

from __future__ import annotations

import builtins
import itertools
import linecache
import re
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from . import formula
from .node import Node, PlainNode, slotted_node
from .real_only import complex_refusal
from .template import backward_source, function_source, has_slotted_node, node_slots

__all__ = ["Op", "op"]

ARRAY_ARGUMENTS = frozenset(["index", "indices", "order", "target", "weight", "running_mean", "running_var"])
"""Arguments that are arrays although they are no tensors of the operation: indices, mostly."""

ALL_OPS: list[Op] = []
"""Every declaration, in the order of the files; the generic tests walk it."""


class _at_first_use:
    """A property that becomes an ordinary attribute when it is first read. (``functools.cached_property`` takes a lock in
    Python 3.11, and threads that compile operations which name each other would wait for one another.)
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.make, self.__doc__ = make, make.__doc__

    def __get__(self, owner: Any, kind: type) -> Any:
        return owner.__dict__.setdefault(self.make.__name__, self.make(owner))


class Op:
    """A declared operation: its forward, its rules, and the functions compiled from them.

    Attributes:
        name: the node's name in the backward graph (``MulBackward0``), or None where nothing is differentiable.
        forward: the NumPy function.
        rules: a rule (or None) for each tensor argument, in the order of the forward's arguments.
        joint: one rule for all inputs together, where they share work; it is given ``needs``.
        composed: a function that computes the same from other operations: under ``create_graph`` it is differentiated.
        holomorphic: whether the rules, written as for real numbers, want conjugated values where the result is complex.
        releases: whether a node keeps arrays, which a backward pass frees; one that keeps only shapes can run again.
        formula: the value and the derivatives as people write them (:mod:`.formula` has the notation).
        family, symbol: what pictures tint alike ("activation"), and the short name they show ("ReLU").
    """

    def __init__(self, name: str | None, forward: Any, rules: dict[str, Any], options: dict[str, Any], room: str) -> None:
        self.name = name
        self.forward = forward
        self.joint: Any = options.pop("joint", None)
        self.promote: str | None = options.pop("promote", None)
        self.numbers: bool | str = options.pop("numbers", True)
        self.view: bool | str = options.pop("view", False)
        self.results: int = options.pop("results", 1)
        self.diff_results: int = options.pop("diff_results", 1)
        self.sequence: bool = options.pop("sequence", False)
        self.keeps: tuple[str, ...] = options.pop("keeps", ())
        self.again: Any = options.pop("again", None)
        self.composed: Any = options.pop("composed", None)
        self.holomorphic: bool = options.pop("holomorphic", True)
        self.writes: tuple[str, ...] = options.pop("writes", ())
        self.public: str = options.pop("public", "")
        self.formula: tuple[str, ...] = options.pop("formula", ())
        self.family: str = options.pop("family", "") or formula.FAMILIES.get(room.rpartition(".")[2], "other")
        self.symbol: str = options.pop("symbol", "")
        if options:
            raise TypeError(f"{name}: unknown options {sorted(options)}")
        if isinstance(forward, np.ufunc):
            self.params, self.keyword_only = list(rules), 0
            self.defaults: dict[str, Any] = {}
            self.__name__ = forward.__name__
        else:
            self._read_signature(forward)
            self.__name__ = forward.__name__.rstrip("_")
        self.public = self.public or self.__name__
        self.refusal = complex_refusal(self.public, self.__name__)
        self.symbol = self.symbol or self.public.replace("_", " ").strip()
        self.__doc__ = forward.__doc__
        self.__module__ = getattr(forward, "__module__", __name__)
        self.tensors = [p for p in self.params if p in rules]
        self.differentiable = [p for p in self.tensors if self.joint or rules[p] is not None]
        self.rules = {p: rules[p] for p in self.differentiable if not self.joint}
        self.promoted = (self.differentiable or self.tensors) if self.promote else []
        self.saved = self._save_list()
        self.releases = not self.view and any(
            name in self.tensors or name == "out" or name in self.keeps or name in ARRAY_ARGUMENTS for name in self.saved
        )
        if set(rules) - set(self.params):
            raise TypeError(f"{name}: {self.__name__}() has no argument {sorted(set(rules) - set(self.params))}")
        if self.formula:
            formula.check(self)
        ALL_OPS.append(self)

    def _read_signature(self, forward: Any) -> None:
        code = forward.__code__
        positional = list(code.co_varnames[: code.co_argcount])
        keywords = list(code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount])
        self.params = positional + keywords
        self.keyword_only = len(keywords)
        given = forward.__defaults__ or ()
        self.defaults = dict(zip(positional[len(positional) - len(given) :], given, strict=True))
        self.defaults.update(forward.__kwdefaults__ or {})

    def _save_list(self) -> list[str]:
        """What the rules name, each once, and nothing that does not exist."""
        names: dict[str, None] = {}
        for rule in self._rule_functions():
            code = rule.__code__
            for parameter in code.co_varnames[1 : code.co_argcount]:
                if parameter == "needs" and (self.joint or self.sequence):
                    continue
                base = parameter.removesuffix("_shape")
                if parameter not in (*self.params, *self.keeps, "out") and base not in self.tensors:
                    raise TypeError(f"{self.name}: a rule names {parameter!r}, which {self.__name__}() does not have")
                names[parameter] = None
        for function in (self.again, self.composed):
            if function is not None:
                names.update(dict.fromkeys(function.__code__.co_varnames[: function.__code__.co_argcount]))
        return list(names)

    @property
    def elementwise(self) -> bool:
        """Whether every derivative is a local factor: downstream = local × upstream, element by element."""
        return bool(self.differentiable) and not any(re.search("G(?![A-Za-z])", text) for text in self.formula[1:])

    def _rule_functions(self) -> list[Any]:
        return [self.joint] if self.joint else list(self.rules.values())

    # ---- compiled on first use

    @_at_first_use
    def kernel(self) -> Any:
        """The forward in the world of arrays: operations that it calls mean their forwards."""
        return in_array_world(self.forward)

    @_at_first_use
    def node_class(self) -> type[Node] | None:
        if self.name is None:
            return None
        body = {"op": self, "outputs": self.diff_results, "releases": self.releases, **self._backward_functions(False)}
        slotted = has_slotted_node(self)
        body |= slotted_node(*node_slots(self)) if slotted else {"__slots__": ()}
        return self._class_of_nodes(Node if slotted else PlainNode, body)

    @_at_first_use
    def complex_node_class(self) -> type[Node] | None:
        """The class of the nodes whose results are complex: their rules get what was saved conjugated."""
        plain = self.node_class
        if plain is None or not self.holomorphic or not self.saved:
            return plain
        return self._class_of_nodes(plain, {"__slots__": (), **self._backward_functions(True)})

    def _backward_functions(self, conjugate: bool) -> dict[str, Any]:
        forms = {"apply_arrays": "arrays", "apply_tensors": "tensors"}
        if not (self.sequence or self.diff_results != 1):
            forms["propagate"] = "propagate"
        return {attribute: _LazyBackward(form, conjugate) for attribute, form in forms.items()}

    def _class_of_nodes(self, base: type[Node], body: dict[str, Any]) -> type[Node]:
        body["__module__"] = Node.__module__
        return types.new_class(self.name or "", (base,), {}, lambda namespace: namespace.update(body))

    def node_class_of(self, dtype: Any) -> Any:
        """The class of the nodes whose results have this dtype."""
        return self.complex_node_class if dtype.kind == "c" else self.node_class

    @_at_first_use
    def function(self) -> Any:
        """The public function: takes and returns Tensors."""
        return self._compile(operator=False)

    @_at_first_use
    def operator(self) -> Any:
        """The function behind ``a + b``: answers NotImplemented to an operand it does not know."""
        return self._compile(operator=True)

    def _compile(self, operator: bool) -> Any:
        from ..tensor import Tensor
        from . import runtime

        namespace = {"Tensor": Tensor, "OP": self, "kernel": self.kernel, "NodeClass": self.node_class}
        namespace["ComplexNodeClass"] = self.complex_node_class
        namespace.update({name: getattr(runtime, name) for name in runtime.__all__})
        namespace["promote"] = runtime.PROMOTIONS[self.promote]
        namespace.update({f"default_{name}": value for name, value in self.defaults.items()})
        return _compile(function_source(self, operator), self.public, namespace, self)

    def compile_backward(self, form: str, conjugate: bool) -> Any:
        """A node class's ``apply_arrays`` ("arrays"), ``apply_tensors`` ("tensors") or ``propagate``, also of complex nodes."""
        from . import runtime

        arrays = form != "tensors"
        namespace: dict[str, Any] = dict(runtime.BACKWARD_NAMES)
        namespace["again"], namespace["composed"] = self.again, self.composed
        for p, rule in self.rules.items():
            namespace[f"rule_{p}"] = in_array_world(rule) if arrays and rule else rule
        if self.joint:
            namespace["joint_rule"] = in_array_world(self.joint) if arrays else self.joint
        return _compile(backward_source(self, form, conjugate), f"{self.name}.{form}", namespace, self)

    @property
    def source(self) -> str:
        """The compiled function and backward pass, as text."""
        parts = [function_source(self, operator=False)]
        if self.name is not None:
            parts.append(backward_source(self, "arrays"))
        return "\n".join(parts)

    def saved_value(self, node: Node, name: str) -> Any:
        """``grad_fn._saved_self`` and its like, in PyTorch's words: self, other, result, or an argument's name."""
        name = {"self": "x", "input": "x", "other": "y", "result": "out"}.get(name, name)
        if name not in self.saved:
            raise AttributeError(f"'{self.name}' object has no attribute '_saved_{name}'")
        from .runtime import rewrap

        value = node.saved[self.saved.index(name)]
        if name == "out":
            return rewrap(value, node)
        return rewrap(value, node.next[self.differentiable.index(name)] if name in self.differentiable else None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What a rule calls. Without a Tensor among the arguments it just computes; beside one, arrays (indices, masks,
        targets, which rules get as they were saved) are taken as tensors.
        """
        from ..tensor import Tensor, wrap

        first = args[0]
        operands = first if self.sequence else (*args, *kwargs.values())
        if not any(isinstance(each, Tensor) for each in operands):
            return self.kernel(*args, **kwargs)
        args = tuple(
            wrap(each) if isinstance(each, np.ndarray) and param in self.tensors else each
            for param, each in zip(self.params, args)  # noqa: B905 (fewer arguments than parameters)
        )
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<op {self.public} ({self.name})>"


class _LazyBackward:
    """A node class's backward function, compiled when a backward pass first reaches such a node."""

    __slots__ = ("attribute", "conjugate", "form")

    def __init__(self, form: str, conjugate: bool) -> None:
        self.form, self.conjugate = form, conjugate

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name

    def __get__(self, node: Any, owner: Any) -> Any:
        function = owner.op.compile_backward(self.form, self.conjugate)
        setattr(owner, self.attribute, function)
        return function.__get__(node, owner)


def op(name: str | None, /, **rules: Any) -> Callable[[Any], Op]:
    """Declare an operation; see the module's text. ``name`` is the node's name in PyTorch.

    Keywords that are not rules:
        promote: ``"common"``, operands meet in PyTorch's common dtype; ``"float"``, and integers become floats;
            ``"no bool"``, and bools are refused.
        numbers: whether a Python number may stand for one of the promoted operands (the default); "second", for the second.
        view: the results share the first input's memory; ``"possibly"``, unless the forward had to copy.
        results, diff_results: how many results the forward returns, and how many of them have gradients.
        sequence: the first argument is a sequence of tensors; its rule returns one gradient for each.
        joint: one rule for all inputs, returning a tuple, given ``needs`` if it asks for it.
        keeps: names of what the forward returns after its result, by which rules know it (such an operation is not for use
            in rules). It is constant, or else needs
        again: a function that computes what is kept once more: under ``create_graph`` it runs on Tensors, through
            operations, so that second derivatives pass through what was kept.
        composed: a function that computes the results of the operation from (some of) its arguments through other
            operations. Under ``create_graph`` it runs on Tensors and is differentiated in place of the rules, which then
            need not be made of operations: for loops over buffers that would be slow otherwise.
        holomorphic: False where the derivative by a complex input is no complex number times the gradient (an absolute value,
            a conjugate): then the rules are written in PyTorch's convention. Others are written as for real numbers; see
            :mod:`.holomorphic`.
        writes: names of arguments that the forward writes to instead of reading them.
        public: the public name, where it is not the forward's.
        formula: the value, and the derivative for each differentiable input, as people write them.
        symbol: what a picture shows in the operation's head, where it is not the public name.
        family: what a picture tints alike, where the operation does not belong to its file's family.
    """
    options = {key: rules.pop(key) for key in _OPTIONS & rules.keys()}
    room = sys._getframe(1).f_globals["__name__"]
    return lambda forward: Op(name, forward, rules, options, room)


_OPTIONS = {
    "promote", "numbers", "view", "results", "diff_results", "sequence", "joint", "public", "keeps", "again", "formula",
    "symbol", "family", "composed", "holomorphic", "writes",
}  # fmt: skip


# ---- the two worlds ------------------------------------------------------------------------------------------------

_array_worlds: dict[int, dict[str, Any]] = {}
_building = threading.RLock()


def in_array_world(function: Any) -> Any:
    """``function`` with every operation that it names replaced by that operation's NumPy forward.

    Its floating point literals become 0-d arrays: NumPy takes three times as long for a Python number. Only those that
    float32 holds exactly; they are read-only, so that an ``+=`` on one is an error.
    """
    if not isinstance(function, types.FunctionType) or not (function.__module__ or "").startswith(_OPS_PACKAGE):
        return function
    code = function.__code__
    code = code.replace(co_consts=tuple(map(_as_array_constant, code.co_consts)))
    with _building:  # worlds refer to each other, so a world is known before it is complete
        world = _array_world_of(function.__globals__)
    twin = types.FunctionType(code, world, function.__name__, function.__defaults__, function.__closure__)
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__module__ = function.__module__
    return twin


def _as_array_constant(value: Any) -> Any:
    if type(value) is not float or not -3e38 < value < 3e38 or float(np.float32(value)) != value:
        return value
    constant = np.array(value, np.float32)
    constant.flags.writeable = False
    return constant


def _array_world_of(module_globals: dict[str, Any]) -> dict[str, Any]:
    world = _array_worlds.get(id(module_globals))
    if world is None:
        world = _array_worlds[id(module_globals)] = dict(module_globals)
        for name, value in module_globals.items():
            if isinstance(value, Op):
                world[name] = value.kernel
            elif isinstance(value, types.FunctionType):
                world[name] = in_array_world(value)
    return world


_OPS_PACKAGE = __name__.rpartition(".")[0].rpartition(".")[0] + ".ops"

_serial = itertools.count()


def _compile(source: str, name: str, namespace: dict[str, Any], declared: Op) -> Any:
    """Compile ``source``, keep it for tracebacks, and dress the function that it defines."""
    filename = f"<{declared.name or declared.public} {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    builtins.exec(compile(source, filename, "exec"), namespace)
    function = namespace["generated"]
    function.__name__ = name
    function.__qualname__ = name
    function.__module__ = declared.__module__
    function.__doc__ = declared.__doc__
    return function
