"""A formula as people write it, computed with tensors: ``"z = (x*y + max(y, 0)) * sigmoid(x)"``.

The text is read by Python's own parser and only the parts named here are ever computed: nothing is evaluated, no attribute
is looked up, and every size has a limit. What cannot be read is told with its place.
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import reduce
from typing import Any

import tinygrad_edu as torch

__all__ = ["FUNCTIONS", "Formula", "FormulaError", "read_value"]

MOST_CHARACTERS = 2000
MOST_PARTS = 300
"""Numbers, names, operators and calls: more steps than that nobody reads one by one."""
MOST_NUMBERS = 1000
"""In one vector or matrix."""
LARGEST_EXPONENT = 100

SPELLINGS = str.maketrans({"−": "-", "×": "*", "·": "*", "÷": "/", "（": "(", "）": ")"})
"""Signs as they are printed, one for one, so that every place stays what it was."""


class FormulaError(ValueError):
    """A formula that cannot be read or computed. Its text shows the place with carets."""

    def __init__(self, message: str, text: str = "", start: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.message, self.text, self.start, self.end = message, text, start, max(end, start + 1)

    def __str__(self) -> str:
        if not self.text:
            return self.message
        before, shown = self.text[: self.start], self.text[self.start : self.end]
        return f"{self.message}\n  {self.text}\n  {' ' * _columns(before)}{'^' * max(1, _columns(shown))}"


def _columns(text: str) -> int:
    """How wide ``text`` is on a terminal."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


# ---- what a formula may call


def _largest(*values: Any) -> Any:
    if len(values) == 1:
        return torch.max(values[0])
    return reduce(_pair(torch.maximum), values)


def _smallest(*values: Any) -> Any:
    if len(values) == 1:
        return torch.min(values[0])
    return reduce(_pair(torch.minimum), values)


def _pair(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def of_two(a: Any, b: Any) -> Any:
        if function is torch.maximum and 0 in (each for each in (a, b) if isinstance(each, float)):
            return torch.relu(_tensor(a if isinstance(b, float) else b))  # as the course notes name it
        return function(_tensor(a), _tensor(b))

    return of_two


def _last(function: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda value: function(value, dim=-1)


def _transpose(value: Any) -> Any:
    return value.t()


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "max": (_largest, 1, 20),
    "min": (_smallest, 1, 20),
    "pow": (lambda a, b: torch.pow(_tensor(a), b), 2, 2),
    "dot": (torch.dot, 2, 2),
    "matmul": (torch.matmul, 2, 2),
    "softmax": (_last(torch.softmax), 1, 1),
    "log_softmax": (_last(torch.log_softmax), 1, 1),
    "softplus": (lambda value: torch.nn.functional.softplus(value), 1, 1),
    "leaky_relu": (lambda value: torch.nn.functional.leaky_relu(value), 1, 1),
    "transpose": (_transpose, 1, 1),
    "σ": (torch.sigmoid, 1, 1),
    **{
        name: (getattr(torch, name), 1, 1)
        for name in (
            "abs", "cos", "cosh", "exp", "log", "log10", "log2", "mean", "prod", "relu", "sigmoid", "sin", "sinh", "sqrt",
            "square", "sum", "tan", "tanh",
        )
    },
}  # fmt: skip
"""Name, function, fewest and most arguments."""

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.MatMult: lambda a, b: a @ b,
}
CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}
NOT_HERE: dict[type[ast.AST], str] = {
    ast.BitXor: "a power is written **, not ^",
    ast.Attribute: "a name ends here: nothing can be looked up in it",
    ast.Compare: "comparisons are no part of a formula",
    ast.Lambda: "functions cannot be made here",
    ast.AugAssign: "write a new name = ...",
    ast.Tuple: "a list of numbers is written in square brackets",
}


# ---- reading and computing


class Formula:
    """A formula that has been read: statements ``name = expression`` separated by ``;``, the last one the result.

    Raises:
        FormulaError: there is something in it that is no part of a formula.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.statements: list[tuple[str, ast.expr]] = []
        for statement in self._parse():
            if isinstance(statement, ast.Expr):
                name = ""
            elif isinstance(statement, ast.Assign):
                name = self._target(statement)
            else:
                raise self._error("expected name = formula", statement)
            self.statements.append((name, statement.value))
        if not self.statements:
            raise FormulaError("there is no formula")

    def _parse(self) -> list[ast.stmt]:
        if len(self.text) > MOST_CHARACTERS:
            raise FormulaError(f"the formula has {len(self.text):,} characters; {MOST_CHARACTERS:,} are the most")
        if match := re.search(r"[\x00-\x1f\x7f]", self.text):
            raise self._at("expected one line of printable characters", match.start(), match.end())
        try:
            with warnings.catch_warnings():  # of spellings that Python is about to forbid: what is read here decides
                warnings.simplefilter("ignore")
                tree = ast.parse(self.text.translate(SPELLINGS).strip())
        except SyntaxError as error:
            start = len(self.text) - len(self.text.lstrip()) + max((error.offset or 1) - 1, 0)
            end = start + max(1, (error.end_offset or 0) - (error.offset or 0))
            raise self._at(f"cannot be read: {error.msg}", start, end) from None
        except (ValueError, RecursionError, MemoryError):
            raise FormulaError("the formula is nested too deep, or has too large a number") from None
        parts = sum(isinstance(node, (ast.expr, ast.stmt)) for node in ast.walk(tree))
        if parts > MOST_PARTS:
            raise FormulaError(f"the formula has {parts} parts; {MOST_PARTS} are the most")
        return tree.body

    def _target(self, statement: ast.Assign) -> str:
        target = statement.targets[0]
        if len(statement.targets) > 1 or not isinstance(target, ast.Name):
            raise self._error("expected one name before =", statement.targets[-1])
        if target.id in FUNCTIONS:
            raise self._error(f"{target.id} is a function", target)
        if any(target.id == name for name, _ in self.statements):
            raise self._error(f"{target.id} has been given already", target)
        return target.id

    @property
    def names(self) -> list[str]:
        """The names that need a value, in the order in which they are used."""
        made: set[str] = set()
        needed: dict[str, None] = {}
        for name, expression in self.statements:
            called = {id(node.func) for node in ast.walk(expression) if isinstance(node, ast.Call)}
            found = [node for node in ast.walk(expression) if isinstance(node, ast.Name) and id(node) not in called]
            for node in sorted(found, key=lambda each: each.col_offset):
                if node.id not in made and node.id not in CONSTANTS:
                    needed[node.id] = None
            made.add(name)
        return list(needed)

    @property
    def title(self) -> str:
        """The formula as it is printed: ``z = (x · y + max(y, 0)) · σ(x)``."""
        text = "; ".join((f"{name} = " if name else "") + ast.unparse(value) for name, value in self.statements)
        powers = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
        text = re.sub(r" \*\* (\d+)(?![\w.])", lambda match: match[1].translate(powers), text)
        return text.replace(" ** ", "^").replace(" * ", " · ").replace("-", "−").replace("sigmoid(", "σ(")

    def compute(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Compute every statement. Gives all tensors by name; the result is the last.

        Args:
            values: a number, or a list of numbers or of lists, for each of :attr:`names`.

        Raises:
            FormulaError: a value is missing or not used, shapes do not fit, or the result is no single number.
        """
        for name in values:
            if any(name == made for made, _ in self.statements):
                raise FormulaError(f"{name} has a value, and the formula computes it as well")
        known = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in values.items()}
        last = self.statements[-1]
        for name, expression in self.statements:
            result = self._value(expression, known)
            known[name or ("result" if expression is last[1] else "")] = _tensor(result)
            known.pop("", None)
        result = list(known.values())[-1]
        used = {node.id for _, each in self.statements for node in ast.walk(each) if isinstance(node, ast.Name)}
        for name in values:
            if name not in used or name in FUNCTIONS:
                raise FormulaError(f"{name} has a value, but stands nowhere in the formula")
        if not result.requires_grad:
            raise self._error("there is nothing to differentiate: no name with a value stands in it", last[1])
        if result.numel() != 1:
            shape = tuple(result.shape)
            message = f"the result has the shape {shape}: a gradient begins at one number; try sum() or mean()"
            raise self._error(message, last[1])
        return known

    # One method for each kind of part. A result is a float where no name stands in it, else a tensor.

    def _value(self, node: ast.expr, known: Mapping[str, Any]) -> Any:
        read = PARTS.get(type(node))
        if read is None:
            raise self._error(NOT_HERE.get(type(node), "expected numbers, names, + - * / ** @, brackets and functions"), node)
        try:
            value = read(self, node, known)
        except FormulaError:
            raise
        except ZeroDivisionError:
            raise self._error("division by zero", node) from None
        except (OverflowError, RuntimeError, ValueError, TypeError, IndexError) as error:
            raise self._error(str(error).partition("\n")[0], node) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error("not a number" if math.isnan(value) else "this number is too large", node)
        if isinstance(value, torch.Tensor) and value.numel() > MOST_NUMBERS:
            raise self._error(f"{value.numel():,} numbers; {MOST_NUMBERS:,} are the most", node)
        return value

    def _constant(self, node: ast.Constant, known: Mapping[str, Any]) -> float:
        if type(node.value) not in (int, float):
            raise self._error("expected a number", node)
        return float(node.value)  # type: ignore[arg-type]

    def _name(self, node: ast.Name, known: Mapping[str, Any]) -> Any:
        if node.id in known:
            return known[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id in FUNCTIONS:
            raise self._error(f"{node.id} is a function: write {node.id}(...)", node)
        raise self._error(f"{node.id} has no value: give it one, as in {node.id}=1", node)

    def _unary(self, node: ast.UnaryOp, known: Mapping[str, Any]) -> Any:
        if not isinstance(node.op, (ast.USub, ast.UAdd)):
            raise self._error("expected a sign + or -", node)
        value = self._value(node.operand, known)
        return -value if isinstance(node.op, ast.USub) else value

    def _binary(self, node: ast.BinOp, known: Mapping[str, Any]) -> Any:
        if not isinstance(node.op, (ast.Pow, *OPERATORS)):
            raise self._error(NOT_HERE.get(type(node.op), "expected + - * / ** or @"), node)
        left, right = self._value(node.left, known), self._value(node.right, known)
        if not isinstance(node.op, ast.Pow):
            return OPERATORS[type(node.op)](left, right)
        if isinstance(right, float) and abs(right) > LARGEST_EXPONENT:
            raise self._error(f"the exponent is larger than {LARGEST_EXPONENT}", node.right)
        result = left**right
        if isinstance(result, complex):
            raise self._error("no real number", node)
        return result

    def _call(self, node: ast.Call, known: Mapping[str, Any]) -> Any:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            name = node.func.id if isinstance(node.func, ast.Name) else "that"
            near = get_close_matches(name, FUNCTIONS, 1) or get_close_matches(name.lower(), FUNCTIONS, 1)
            other = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FUNCTIONS))}"
            raise self._error(f"there is no function {name}; {other}", node.func)
        if node.keywords:
            raise self._error("expected values without names", node.keywords[0])
        function, fewest, most = FUNCTIONS[node.func.id]
        if not fewest <= len(node.args) <= most:
            count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise self._error(f"{node.func.id} takes {count} value{'s' * (most > 1)}, not {len(node.args)}", node)
        values = [self._value(each, known) for each in node.args]
        if all(isinstance(each, float) for each in values):
            return float(function(*map(_tensor, values)).item())
        return function(*(_tensor(each) for each in values) if most == 1 else values)

    def _list(self, node: ast.List, known: Mapping[str, Any]) -> Any:
        values = [self._value(each, known) for each in node.elts]
        if not values:
            raise self._error("expected at least one number", node)
        if len({tuple(_tensor(each).shape) for each in values}) > 1:
            raise self._error("the rows have different lengths", node)
        return torch.stack([_tensor(each) for each in values])

    def _subscript(self, node: ast.Subscript, known: Mapping[str, Any]) -> Any:
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        places = [self._value(each, known) for each in parts]
        if not all(isinstance(each, float) and each.is_integer() for each in places):
            raise self._error("expected a whole number", node.slice)
        return _tensor(self._value(node.value, known))[tuple(int(each) for each in places)]

    # ---- errors

    def _error(self, message: str, node: Any) -> FormulaError:
        """At a node: Python counts bytes of the stripped text."""
        text = self.text.translate(SPELLINGS).strip().encode()
        lead = len(self.text) - len(self.text.lstrip())
        start = len(text[: node.col_offset].decode(errors="replace"))
        end = len(text[: node.end_col_offset].decode(errors="replace"))
        return self._at(message, start + lead, end + lead)

    def _at(self, message: str, start: int, end: int) -> FormulaError:
        shown = "".join(char if char.isprintable() else "�" for char in self.text)
        start = min(start, len(shown))
        return FormulaError(message, shown, start, min(max(end, start + 1), max(len(shown), start + 1)))


PARTS: dict[type[ast.expr], Callable[[Formula, Any, Mapping[str, Any]], Any]] = {
    ast.Constant: Formula._constant,
    ast.Name: Formula._name,
    ast.UnaryOp: Formula._unary,
    ast.BinOp: Formula._binary,
    ast.Call: Formula._call,
    ast.List: Formula._list,
    ast.Subscript: Formula._subscript,
}
"""All that a formula may hold. Nothing else is ever computed."""


def _tensor(value: Any) -> Any:
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else value


def read_value(text: str) -> Any:
    """A number or a list of numbers from text: ``"-3"``, ``"[1, 2/3]"``, ``"[[1, 2], [3, 4]]"``.

    Raises:
        FormulaError: it is something else.
    """
    formula = Formula(text)
    if len(formula.statements) != 1 or formula.statements[0][0]:
        raise FormulaError("expected a number or a list of numbers", text, 0, len(text))
    return _tensor(formula._value(formula.statements[0][1], {})).tolist()
