"""Formulas computed: a declaration's text as numbers, by NumPy alone.

:func:`evaluate` walks the tree that :mod:`tinygrad_edu.visualize.formulas` reads from a formula. Nothing of an operation's own
kernel or rule is used, so that a formula that says something else than the code gives other numbers.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from formula_windows import WINDOWED, pad, shuffled, unshuffled

from tinygrad_edu.visualize.formulas.notation import Term


class Unknown(Exception):
    """A formula, or a case of it, that says in words what no function here computes."""


class Classes(NamedTuple):
    """The target of a classification: one class for each place beside the axis of classes, of which some do not count."""

    target: np.ndarray
    counted: np.ndarray
    shape: tuple[int, ...]

    def places(self) -> tuple[np.ndarray, ...]:
        if len(self.shape) == 1:
            return (self.target,)
        grid = np.meshgrid(*(np.arange(n) for n in self.target.shape), indexing="ij")
        return (grid[0], self.target, *grid[1:])


class Scope:
    """What a formula's names stand for.

    Attributes:
        names: arguments, ``out``, ``G``, ``N`` ...
        shape: the shape of what is computed: of the result, or of the input whose gradient it is.
        matrices: whether ``·`` of two arrays is a matrix product.
    """

    def __init__(self, names: dict[str, Any], shape: Any, matrices: bool = False) -> None:
        self.names, self.shape, self.matrices = names, shape, matrices
        self.axis: int | None = None
        self.bits = False

    def axes(self, subscript: Term | None, ndim: int) -> tuple[int, ...]:
        """The axes that a subscript names; all without one."""
        if subscript is None:
            return tuple(range(ndim))
        name = subscript.parts[0]
        if name == "matrix":
            return ndim - 2, ndim - 1
        if name == "batch":
            return tuple(d for d in range(ndim) if d != 1)
        if name == "slice":  # along dim
            return tuple(d for d in range(ndim) if d != self.names["dim"])
        if name in ("row", "rows"):  # the last axes make a row
            last = self.names["dims"]
            return tuple(range(ndim - last, ndim) if name == "row" else range(ndim - last))
        dim = self.names[name]
        if dim is None or (dim in ((), []) and name == "dim") or not ndim:
            return tuple(range(ndim))
        return tuple(d % ndim for d in (dim if isinstance(dim, (tuple, list)) else (dim,)))


def evaluate(term: Term, scope: Scope) -> Any:
    kind, parts = term
    if kind in ("name", "number"):
        return _leaf(parts[0], scope)
    if kind in _BINARY:
        left, right = (evaluate(each, scope) for each in parts)
        if kind == "·" and scope.matrices and np.ndim(left) and np.ndim(right):
            return _matrix_product(left, right)
        if kind == "^":
            return np.power(np.asarray(left, complex if np.iscomplexobj(left) else float), right)
        return _BINARY[kind](left, right)
    if kind in _UNARY:
        return _UNARY[kind](evaluate(parts[0], scope))
    if kind == "transposed":
        x = evaluate(parts[0], scope)
        if x.ndim < 2:
            return x.reshape(1, -1) if scope.matrices and x.ndim else x
        return np.swapaxes(x, -1, -2)
    if kind in ("sum", "product"):
        x = np.asarray(evaluate(parts[1], scope))
        return (np.sum if kind == "sum" else np.prod)(x, axis=scope.axes(parts[0], x.ndim), keepdims=x.ndim > 0)
    if kind == "indicator":
        return np.asarray(evaluate(parts[0], scope), bool).astype(float)
    if kind == "compare":
        values = [each if isinstance(each, str) else evaluate(each, scope) for each in parts]
        holds = True
        for left, sign, right in zip(values[::2], values[1::2], values[2::2], strict=False):
            holds = holds & _COMPARE[sign](left, right)
        return holds
    if kind in ("and", "or", "xor", "not"):
        return _logic(kind, [evaluate(each, scope) for each in parts], scope.bits)
    if kind == "call":
        return _call(term, scope)
    if kind == "index":
        x = evaluate(parts[0], scope)
        where = _indices(parts[1], scope)
        if isinstance(where, Classes):
            return _chosen(x, where)
        if isinstance(where, np.ndarray) and where.dtype == bool:
            x, where = np.broadcast_arrays(x, where)
        return x[_full(where, x.shape, scope.axis)]
    if kind == "tuple":
        return [evaluate(each, scope) for each in parts]
    if kind == "with":
        inner = Scope(dict(scope.names), scope.shape, scope.matrices)
        for name, meaning in reversed(list(zip(parts[1::2], parts[2::2], strict=True))):
            inner.names[name] = evaluate(meaning, inner)
        return evaluate(parts[0], inner)
    if kind == "phrase":
        return _phrase(parts, scope)
    raise Unknown(kind)


def _leaf(name: str, scope: Scope) -> Any:
    if name in scope.names:
        return scope.names[name]
    if name in ("π", "∞"):
        return math.pi if name == "π" else math.inf
    if name == "i":
        return 1j
    if name == "I":
        return np.eye(*scope.shape)
    if name[0].isdigit():
        return float(name) if "." in name else int(name)
    raise Unknown(name)


def _matrix_product(left: Any, right: Any) -> Any:
    if left.ndim == 1 and right.ndim == 2 and right.shape[0] == 1:
        left = left.reshape(-1, 1)  # a column
    product = left @ right
    return product.reshape(()) if product.size == 1 and left.ndim == 2 and right.ndim == 1 and len(left) == 1 else product


_BINARY: dict[str, Any] = {
    "+": np.add, "−": np.subtract, "·": np.multiply, "⊙": np.multiply, "/": np.true_divide, "^": np.power,
}  # fmt: skip
_UNARY: dict[str, Any] = {
    "negative": np.negative, "root": np.sqrt, "abs": np.abs, "floor": np.floor, "ceil": np.ceil,
}  # fmt: skip
_COMPARE: dict[str, Any] = {
    "=": np.equal, "≠": np.not_equal, "<": np.less, ">": np.greater, "≤": np.less_equal, "≥": np.greater_equal,
}  # fmt: skip


def _logic(kind: str, operands: list[Any], bits: bool) -> Any:
    if not bits:
        operands = [np.asarray(each) != 0 for each in operands]
    if kind == "not":
        return np.invert(operands[0])
    return {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}[kind](*operands)


# ---- functions ----------------------------------------------------------------------------------------------------------


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _each(function: Any) -> Any:
    return np.vectorize(function, otypes=[float])


def _inverse(x: Any) -> Any:
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:  # one over zero
        return np.full_like(x, math.inf)


def _polygamma(n: int, x: Any) -> Any:
    """The series, and what Euler and Maclaurin say of the rest."""
    terms, rest = x[..., None] + np.arange(1000.0), x + 1000
    if n == 0:
        return np.log(rest) - 1 / (2 * rest) - 1 / (12 * rest**2) - (1 / terms).sum(-1)
    total = (terms ** -(n + 1.0)).sum(-1) + rest**-float(n) / n + rest ** -(n + 1.0) / 2 + (n + 1) / 12 * rest ** -(n + 2.0)
    return (-1) ** (n + 1) * math.factorial(n) * total


_PLAIN: dict[str, Any] = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan, "arctan2": np.arctan2,
    "arsinh": np.arcsinh, "arcosh": np.arccosh, "artanh": np.arctanh, "σ": _sigmoid, "erf": _each(math.erf),
    "Φ": _each(lambda x: (1 + math.erf(x / math.sqrt(2))) / 2), "sign": lambda x: np.sign(1 * x), "trunc": np.trunc,
    "φ": lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi), "Re": np.real, "Im": np.imag, "conj": np.conj,
    "clamp": lambda x, low, high: np.minimum(np.maximum(x, low), high), "tril": np.tril, "triu": np.triu,
    "round": lambda x, decimals=0: np.round(x, decimals), "flat": np.ravel, "repeat": np.tile,
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "swap": lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x, "permute": np.transpose,
    "roll": lambda x, shifts, dims: np.roll(x, shifts if dims else sum(shifts), dims or None),
    "rot90": lambda x, k, dims: np.rot90(x, k, dims), "copysign": np.copysign, "nextafter": np.nextafter, "gcd": np.gcd,
    "lcm": np.lcm, "inv": _inverse, "det": np.linalg.det, "cholesky": np.linalg.cholesky, "pinv": np.linalg.pinv,
    "polygamma": lambda n, x: _polygamma(n, np.asarray(x)), "digamma": lambda x: _polygamma(0, np.asarray(x)),
    "lgamma": _each(lambda x: math.lgamma(x) if x > 0 or x % 1 else math.inf),
}  # fmt: skip

def _modified_bessel(order: int, x: Any) -> Any:
    """The mean of exp(x cos t) cos(n t) over a whole turn, which equal steps give to all digits."""
    t = np.arange(128) * (2 * math.pi / 128)
    return (np.exp(np.asarray(x, float)[..., None] * np.cos(t)) * np.cos(order * t)).mean(-1)


_TRANSFORMS = ("fft", "ifft", "rfft", "irfft")

_REDUCTIONS: dict[str, Any] = {
    "max": np.max, "min": np.min, "mean": np.mean, "all": np.all, "any": np.any, "var": np.var,
}  # fmt: skip


def _call(term: Term, scope: Scope) -> Any:
    function, inverse, subscript, arguments = term.parts
    values = [evaluate(each, scope) for each in arguments]
    x = values[0]
    ndim = 0 if isinstance(x, list) else np.ndim(x)
    if inverse:
        if function == "permute":
            return np.transpose(x, np.argsort([d % max(ndim, 1) for d in values[1]]))
        if function == "roll":
            return _PLAIN["roll"](x, tuple(-n for n in values[1]), values[2])
        if function in ("pixel_shuffle", "channel_shuffle"):
            return unshuffled(function, x, values[1], scope)
        raise Unknown(function)
    if function in ("max", "min") and len(values) == 2:
        return (np.fmax if function == "max" else np.fmin)(*values)
    if function == "mean" and isinstance(scope.names.get("target"), Classes):
        return np.sum(x) / scope.names["N"]
    if function in ("all", "any") and scope.names["dim"] in ((), []):
        return x
    if subscript is not None and subscript.parts[0] == "group":
        rows = np.reshape(x, (len(x) * scope.names["groups"], -1))
        return np.broadcast_to(_REDUCTIONS[function](rows, axis=1, keepdims=True), rows.shape).reshape(x.shape)
    if function in ("I0", "I1"):
        return _modified_bessel(int(function[1]), x)
    if function in _TRANSFORMS:
        return _transformed(function, x, scope)
    if function in WINDOWED:
        return WINDOWED[function](*values, scope)
    if function in _REDUCTIONS:
        return _REDUCTIONS[function](x, axis=scope.axes(subscript, ndim), keepdims=ndim > 0)
    if function in ("kthvalue", "mode", "nanmedian") and ndim:  # the place is given
        index, axis = scope.names["indices"], scope.axes(subscript, ndim)[0]
        return np.take_along_axis(x, index if np.ndim(index) == ndim else np.expand_dims(index, axis), axis)
    if function == "cross":
        return np.cross(*np.broadcast_arrays(*values), axis=scope.names["dim"])
    if function == "median":
        axes = scope.axes(subscript, ndim)
        return np.quantile(x, 0.5, axis=axes, method="inverted_cdf", keepdims=True) if ndim else x
    if function in ("argmax", "argmin"):
        axes = scope.axes(subscript, ndim)
        whole = subscript is None or scope.names[subscript.parts[0]] is None
        return getattr(np, function)(x, axis=None if whole else axes[0]) if ndim else np.array(0)
    if function == "softmax":
        e = np.exp(x - np.max(x, axis=scope.axes(subscript, ndim), keepdims=True, initial=-np.inf))
        return e / e.sum(axis=scope.axes(subscript, ndim), keepdims=True)
    if function in ("cumsum", "cumprod"):
        return getattr(np, function)(x, axis=scope.axes(subscript, ndim)[0]) if ndim else x
    if function == "flip":
        return np.flip(x, scope.axes(subscript, ndim)) if scope.names["dims"] else x
    if function == "squeeze":
        if len(values) == 1:
            return np.squeeze(x)
        dims = values[1] if isinstance(values[1], (tuple, list)) else (values[1],)
        return np.squeeze(x, tuple({d % ndim for d in dims if x.shape[d] == 1})) if ndim else x
    if function == "expand":
        shape = values[1]
        lead = len(shape) - ndim
        return np.broadcast_to(x, [x.shape[i - lead] if n == -1 else n for i, n in enumerate(shape)])
    if function in ("diagonal", "diag"):
        return _diagonal(function, x, values[1] if len(values) > 1 else 0, scope)
    if function == "take":
        return np.take(np.ravel(x), values[1]) if np.size(x) else np.zeros(np.shape(values[1]))
    if function == "put":
        result = np.zeros(scope.shape, np.result_type(x, float))
        np.add.at(result.reshape(-1), values[1], np.reshape(x, np.shape(values[1])))
        return result
    if function == "argsort":
        if not ndim:
            return np.array(0)
        return np.argsort(-x if scope.names["descending"] else x, axis=scope.axes(subscript, ndim)[0], kind="stable")
    if function in ("cat", "stack"):
        return _joined(function, x if isinstance(x, list) else values, scope)
    if function == "split":
        return np.split(x, np.cumsum(values[1])[:-1], scope.names["dim"])
    if function == "unbind":
        return [np.take(x, i, scope.names["dim"]) for i in range(x.shape[scope.names["dim"]])]
    if function in ("pixel_shuffle", "channel_shuffle"):
        return shuffled(function, *values)
    if function == "pad" and "value" in scope.names:
        return pad(x, values[1] if len(values) > 1 else 0, scope)
    if function in _PLAIN:
        return _PLAIN[function](*values)
    raise Unknown(function)


def _transformed(function: str, x: Any, scope: Scope) -> Any:
    """A Fourier transform; an inverse one has the divisor that its opposite lacks."""
    dim, norm, size = scope.names["dim"], scope.names["norm"], scope.names.get("size")
    if not dim:
        return x
    if function in ("ifft", "irfft"):
        norm = {"backward": "forward", "ortho": "ortho", "forward": "backward"}[norm]
    lengths = [scope.shape[d] for d in dim] if function == "ifft" else [x.shape[d] for d in dim]
    if function == "irfft":
        lengths[-1] = size
    return getattr(np.fft, f"{function}n")(x, lengths, dim, norm)


def _joined(function: str, parts: list[Any], scope: Scope) -> Any:
    dim = scope.names.get("dim", -1)
    if function == "stack":
        return np.stack(parts, dim)
    return np.concatenate([each for each in parts if each.shape != (0,)] or parts, dim)


def _diagonal(function: str, x: Any, offset: int, scope: Scope) -> Any:
    dims = scope.names.get("dim1", 0), scope.names.get("dim2", 1)
    if function == "diagonal":
        return np.diagonal(x, offset, *dims)
    result = np.zeros(scope.shape, np.result_type(x, float))
    result.reshape(-1)[np.diagonal(np.arange(result.size).reshape(result.shape), offset, *dims)] = x
    return result


# ---- indices and words --------------------------------------------------------------------------------------------------


def _indices(terms: tuple[Term, ...], scope: Scope) -> Any:
    if len(terms) > 1:
        return tuple(Ellipsis if each.parts == ("…",) else evaluate(each, scope) for each in terms)
    term = terms[0]
    if term.kind == "slice":
        return slice(*(None if each is None else evaluate(each, scope) for each in term.parts))
    return evaluate(term, scope)


def _full(where: Any, shape: tuple[int, ...], axis: int | None) -> Any:
    """The index of NumPy that ``where`` (along ``axis``, if one is named) means in an array of ``shape``."""
    if axis is None or not shape:
        return () if axis is not None else where
    axis %= len(shape)
    if isinstance(where, np.ndarray) and where.ndim == len(shape):
        grid = list(np.ix_(*(np.arange(n) for n in where.shape)))
        grid[axis] = where
        return tuple(grid)
    return (*(slice(None),) * axis, where)


def _chosen(x: Any, classes: Classes) -> Any:
    """``x[target]``: of log-probabilities the target's, of weights the target's; nothing where the target does not count."""
    target = np.where(classes.counted, classes.target, 0)
    picked = x[classes._replace(target=target).places()] if x.shape == classes.shape else x[target]
    return np.where(classes.counted, picked, 0.0)


def _placed(values: Any, where: Any, base: Any, axis: int | None, add: bool = False) -> Any:
    result = np.array(base, dtype=np.result_type(base, values, float), copy=True)
    if isinstance(where, Classes):
        target = np.where(where.counted, where.target, 0)
        np.add.at(result, where._replace(target=target).places(), np.where(where.counted, values, 0.0))
        return result
    if isinstance(where, np.ndarray) and where.dtype == bool:
        shape = np.broadcast_shapes(result.shape, where.shape)
        result, where = np.array(np.broadcast_to(result, shape)), np.broadcast_to(where, shape)
        values = np.ravel(values)[: np.count_nonzero(where)] if np.ndim(values) else values
    where = _full(where, result.shape, axis)
    if not result.ndim:
        return result + np.reshape(values, ()) if add else np.reshape(values, ())
    shape = result[where].shape
    if np.ndim(values) and np.shape(values) != shape:  # a source that is larger than its index, or an index of no dimension
        fits = np.size(values) == math.prod(shape)
        values = np.reshape(values, shape) if fits else np.broadcast_to(values[tuple(slice(n) for n in shape)], shape)
    if add:
        np.add.at(result, where, values)
    else:
        result[where] = values
    return result


def _phrase(parts: tuple[Any, ...], scope: Scope) -> Any:
    words = " ".join("_" if isinstance(each, Term) else each for each in parts)
    terms = [each for each in parts if isinstance(each, Term)]
    if words.startswith(("_ at _", "_ added at ", "_ but _ at ")):
        return _placement(words, terms, scope)
    if words == "_ where _ , else _":
        x, condition, y = (evaluate(each, scope) for each in terms)
        return np.where(condition, x, y)
    if words == "_ along axis _":
        scope.axis = evaluate(terms[1], scope)
        try:
            return evaluate(terms[0], scope)
        finally:
            scope.axis = None
    if words == "_ shaped _":
        return np.reshape(evaluate(terms[0], scope), evaluate(terms[1], scope))
    if words == "_ shaped like _":
        return np.reshape(evaluate(terms[0], scope), np.shape(evaluate(terms[1], scope)))
    if words == "_ backwards" and terms[0].parts[0] == "cumsum":
        x = evaluate(terms[0].parts[3][0], scope)
        if not x.ndim:
            return x
        axis = scope.axes(terms[0].parts[2], x.ndim)[0]
        return np.flip(np.cumsum(np.flip(x, axis), axis), axis)
    if words == "_ where _" and terms[0].kind == "sum":
        x, kept = evaluate(terms[0].parts[1], scope), evaluate(terms[1], scope)
        return np.sum(np.where(kept, x, 0.0), axis=scope.axes(terms[0].parts[0], x.ndim), keepdims=True)
    if words == "_ but _ where _":
        x, other, condition = (evaluate(each, scope) for each in terms)
        return np.where(condition.reshape(condition.shape + (1,) * (x.ndim - condition.ndim)), other, x)
    if words == "_ as _":
        return evaluate(terms[0], scope).astype(evaluate(terms[1], scope))
    if words == "_ , else _":
        values = evaluate(terms[0], scope)
        result = np.zeros(scope.shape, np.result_type(values, float))
        result.reshape(-1)[: values.size] = values
        return result
    if words == "piece _ of _":
        place, x = (evaluate(each, scope) for each in terms)
        return np.split(x, 2, scope.names["dim"])[place - 1]
    if words == "its piece of _ along axis _":
        return _piece(*(evaluate(each, scope) for each in terms), scope)
    if words == "_ each piece of _":
        x, repeats = evaluate(terms[1], scope), scope.names["repeats"]
        shape = (1,) * (len(repeats) - len(scope.shape)) + scope.shape
        pairs = [n for pair in zip(repeats, shape, strict=True) for n in pair]
        return x.reshape(pairs).sum(tuple(range(0, len(pairs), 2))).reshape(scope.shape)
    if words == "corner of _ shaped like _":
        x, like = (evaluate(each, scope) for each in terms)
        return x[tuple(slice(n) for n in like.shape)]
    if words == "_ at its corner, else _":
        x = evaluate(terms[0], scope)
        result = np.zeros(scope.shape, np.result_type(x, float))
        result[tuple(slice(n) for n in x.shape)] = x
        return result
    if words == "_ , bit by bit":
        scope.bits = True
        return evaluate(terms[0], scope)
    if words == "_ each _":
        return sum(evaluate(terms[1], scope)[1:], evaluate(terms[1], scope)[0])
    raise Unknown(words)


def _piece(grad: Any, axis: int, scope: Scope) -> Any:
    """What came from one of several inputs that were joined."""
    place, shapes = scope.names["place"], [each.shape for each in scope.names["tensors"]]
    if all(grad.ndim > len(shape) for shape in shapes):  # stacked
        return np.take(grad, place, axis)
    lengths = [0 if shape == (0,) else shape[axis] for shape in shapes]
    start = sum(lengths[:place])
    return np.take(grad, range(start, start + lengths[place]), axis).reshape(scope.shape)


def _placement(words: str, terms: list[Term], scope: Scope) -> Any:
    """``A at [i] along axis d, else B``; ``A added at [i]``; ``B but A at [i]``."""
    if words == "_ added at _ but _ at _":
        base = _placement("_ added at _", terms[:2], scope)
        return _placed(evaluate(terms[2], scope), _indices(terms[3].parts[0], scope), base, None)
    if len(terms) < 2:
        raise Unknown(words)
    axis = evaluate(terms[-1 - words.endswith(", else _")], scope) if "along axis" in words else None
    place = terms[2 if "but" in words else 1]
    if place.kind != "list":
        raise Unknown(words)
    values, where = evaluate(terms[1 if "but" in words else 0], scope), _indices(place.parts[0], scope)
    base = np.array(evaluate(terms[0], scope)) if "but" in words else np.zeros(scope.shape)
    return _placed(values, where, base, axis, add="added" in words)
