"""The one table of samples: every public operation with its inputs, from which all generic checks are run.

``TABLE[name]`` lists :class:`Sample`\\ s. A sample calls ``name`` in a namespace ``T`` (tinygrad_edu or PyTorch), so the same
line runs in both. Arrays are NumPy arrays here and become tensors when a check runs; their strides are kept, so
``N(3, 2).T`` is a transposed tensor. A new operation needs a line here, or ``test_every_op_has_samples`` fails.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import samples_factors  # noqa: F401  # their rows
import samples_fft  # noqa: F401
import samples_more  # noqa: F401
import samples_special  # noqa: F401
from sampling import TABLE, A, B, N, P, Sample, U, Z, functional, row, s

__all__ = ["TABLE", "Sample"]

# ---- elementwise -----------------------------------------------------------------------------------------------------

T23 = N(2, 3)


def pairs(make: Any = N, second: Any = None) -> list[Sample]:
    """Operands that broadcast in every way."""
    second = second or make
    return [
        s(make(2, 3), second(2, 3)), s(make(2, 3), second(3)), s(make(2, 1), second(1, 3)), s(make(), second(2)),
        s(make(3), second()), s(make(), second()), s(make(0, 3), second(3)), s(make(2, 0), second(1)), s(make(1), second(2, 1)),
        s(make(3, 2).T, second(2, 3)), s(make(4, 3)[::2], second(2, 3)), s(make(2, 2, 2), second(2, 1, 1)),
        s(make(1, 1), second(1)),
    ]  # fmt: skip


def with_numbers(make: Any = N, numbers: Any = (2, 0.5, -3, True)) -> list[Sample]:
    return [s(make(2, 3), number) for number in numbers] + [s(make(), numbers[0]), s(make(0), numbers[1])]


ARITHMETIC_DTYPES = [
    s(Z(3), Z(3)), s(Z(3), N(3)), s(Z(2, 3).astype(np.int32), Z(3)), s(Z(3), 2.5), s(Z(3), 2), s(B(3), Z(3)),
    s(A([1, 2, 250], np.uint8), A([10, 3, 10], np.uint8)), s(A([1, 2, 100], np.int8), A(3, np.int64)),
    s(N(3).astype(np.float32), N(3)), s(N(3).astype(np.float32), N()), s(N(3).astype(np.float32), 1e-3),
    s(Z(3), N().astype(np.float32)),
]  # fmt: skip

row("add mul", *pairs(), *with_numbers(), *ARITHMETIC_DTYPES)
row("sub", *pairs(), *with_numbers(N, (2, 0.5, -3)), *[e for e in ARITHMETIC_DTYPES if e.args[0].dtype != bool])
row("add", s(B(3), B(3)), s(N(2, 3), N(3), alpha=2.5), s(N(2, 3), N(3), alpha=-1), s(Z(3), Z(3), alpha=2),
    s(N(3), 2, alpha=3), s(Z(3), 2, alpha=3))  # fmt: skip
row("sub", s(N(2, 3), N(3), alpha=2.5), s(Z(3), Z(3), alpha=2), s(N(3), 2, alpha=3))
row("mul multiply", s(B(3), B(3)), s(B(3), True), s(2.0, N(3)))
row("subtract", *pairs()[:2], s(N(3), 2, alpha=2))
row("div", *pairs(N, P), *with_numbers(N, (2, 0.5, -3)), *[e for e in ARITHMETIC_DTYPES if isinstance(e.args[1], float)])
row("div", s(Z(3), A([2, 3, -1], np.int64)), s(N(3), 0.0, smooth=False),
    s(A([1.0, 0.0, -1.0]), A([0.0, 0.0, 0.0]), smooth=False), s(B(3), True), s(1.5, P(2)))  # fmt: skip
row("div", *[s(N(2, 3), P(3), rounding_mode=mode) for mode in ("floor", "trunc")],
    s(N(3), P(3), rounding_mode=None, node="DivBackward0"))  # fmt: skip
row("div", *[s(A([-7, 7, 5, -4], np.int64), A([2, -2, 3, 4], np.int64), rounding_mode=mode) for mode in ("floor", "trunc")])
row("div", *[s(N(3), 0.7, rounding_mode=mode) for mode in ("floor", "trunc")], s(A([7, 8], np.uint8), 3, rounding_mode="floor"))
row("div", *[s(A([-3.0, 0.0, 5.0]), A([0.0, 0.0, 0.0]), rounding_mode=mode, smooth=False) for mode in ("floor", "trunc")])
row("divide true_divide", s(N(2, 3), P(3)), s(Z(3), 2))
row("floor_divide", *pairs(N, P), s(A([-7, 7, 5], np.int64), 2), s(A([-7.5, 7.5]), -2.0),
    s(A([1.0, -1.0, 0.0]), 0.0), s(A([7], np.uint8), A([2], np.uint8)), fixed=(0, 1))  # fmt: skip
row("remainder fmod", *pairs(N, P), s(N(4), -0.7), s(A([-7, 7, 5], np.int64), 3),
    s(A([-7, 7, 5], np.int64), A([-3, 2, 3], np.int64)), s(A([1.0, -2.0]), A([0.0, 0.0]), smooth=False),
    s(A([5.5, -5.5]), A([2.0, -2.0]), nonfinite=False), s(A([7, 200], np.uint8), 3))  # fmt: skip
row("rsub", s(N(2, 3), N(3)), s(N(3), 2), s(Z(3), 2.5), s(N(3), N(3), alpha=2.0), s(Z(3), Z(3)))
row("maximum minimum", *pairs(), s(Z(3), Z(3)), s(B(3), B(3)), s(Z(3), N(3)), s(A([1.0, 2.0]), A([1.0, 3.0]), smooth=False))
row("fmax fmin", *pairs()[:6], s(A([1.0, np.nan, np.nan]), A([np.nan, 2.0, np.nan]), smooth=False),
    s(A([1.0, 2.0]), A([1.0, 3.0]), smooth=False), s(Z(3), Z(3)))  # fmt: skip
row("neg negative abs absolute", s(N(2, 3)), s(N()), s(N(0)), s(Z(3)), s(N(3, 2).T), s(A([1, 2], np.uint8)))
row("abs absolute", s(A([0.0, -0.0, 1.0]), smooth=False))
row("positive", s(N(3)), s(Z(3)))
row("square", s(N(2, 3)), s(N()), s(Z(3)), s(A([3], np.int32)), s(B(3)))
row("sign", s(N(2, 3)), s(A([0.0, 1.0]), smooth=False), s(Z(3)), s(B(3)))
row("sgn", s(N(2, 3)), s(Z(3)))
row("floor ceil trunc fix round", s(N(2, 3)), s(Z(3)), s(N()), s(A([0.5, 1.5, 2.5, -0.5, -1.5]), smooth=False),
    s(A([3], np.uint8)))  # fmt: skip
row("frac", s(N(2, 3)), s(N()))
row("round", s(N(3) * 10, decimals=1), s(N(3) * 1000, decimals=-2))

UNARY = [s(N(2, 3)), s(N()), s(N(0, 2)), s(N(1)), s(N(3, 2).T), s(N(6)[::2]), s(Z(4)), s(B(3)), s(A([1, 2], np.uint8))]
POSITIVE = [s(P(2, 3)), s(P()), s(P(0, 2)), s(P(1)), s(P(3, 2).T), s(Z(4, low=1)), s(B(3))]
POSITIVE.append(s(A([0.0, 1.0, -1.0]), smooth=False))
row("exp exp2 expm1 sin cos tan sinh cosh tanh atan arctan sigmoid", *UNARY)
row("erf erfc", *UNARY)
row("asinh arcsinh", *UNARY)
row("acosh arccosh", s(P(2, 3) + 1), s(A([1.0, 0.5]), smooth=False), s(Z(3, low=1)))
row("atanh arctanh", s(U(2, 3)), s(A([1.0, -1.0, 0.0]), smooth=False), s(A([0, 0], np.int64)))
row("sigmoid tanh", s(A([1000.0, -1000.0, 0.0, 40.0, -40.0])), s(A([-745.0, 745.0, -710.0])))
row("exp", s(A([800.0, -800.0, 0.0]), smooth=False))
row("log log2 log10 log1p sqrt rsqrt reciprocal", *POSITIVE)
row("asin acos arcsin arccos", s(U(2, 3)), s(-U(3)), s(U()), s(A([1.0, -1.0, 0.0]), smooth=False), s(B(2)),
    s(A([2.0]), smooth=False))  # fmt: skip
row("logit", s(U(2, 3)), s(U(3), eps=0.2, nonfinite=False), s(A([0.0, 1.0, 0.5]), smooth=False))
row("atan2 arctan2", *pairs(), s(A([0.0, 1.0]), A([0.0, 0.0]), smooth=False), s(Z(3), Z(3)))
row("hypot", *pairs(P), s(A([0.0]), A([0.0]), smooth=False))
row("logaddexp", *pairs(), s(A([1000.0, -1000.0, -np.inf]), A([1000.0, 999.0, -np.inf]), smooth=False))
row("xlogy", *pairs(N, P), s(A([0.0, 0.0, 1.0]), A([0.0, 2.0, 0.0]), smooth=False),
    s(N(3), 2.0, node="XlogyBackward0"), s(2.0, P(3), node="XlogyBackward0"), s(Z(3), A([1, 2, 3], np.int64)))  # fmt: skip
row("deg2rad rad2deg", s(N(2, 3)), s(Z(3)))
row("nan_to_num", s(A([np.nan, np.inf, -np.inf, 1.5]), smooth=False), s(N(3)),
    s(A([np.nan, np.inf, -np.inf]), 1.0, 2.0, 3.0, smooth=False), s(Z(3)))  # fmt: skip

row("pow", *pairs(P, N), *[s(N(2, 3), e) for e in (2, 3, 1, 0, -1, -2, 2.0)], *[s(P(2, 3), e) for e in (0.5, 2.5, -1.5, -0.5)])
row("pow", s(2, N(3)), s(2.5, N(2, 3)), s(0, P(3), smooth=False), s(1, N(3)), s(-2.0, A([1.0, 2.0]), smooth=False),
    s(0.0, A([0.0, 1.0, -1.0]), smooth=False))  # fmt: skip
row("pow", s(A([0.0, 0.0, 0.0]), A([0.0, 1.0, 2.0]), smooth=False), s(A([0.0, 1.0, -1.0]), 2, smooth=True),
    s(A([0.0, 1.0]), 0.5, smooth=False), s(A([0.0, -2.0]), 3), s(A([0.0]), -1, smooth=False), s(A([0.0, 2.0]), 0),
    s(A([-1.0, -2.0]), A([2.0, 3.0]), smooth=False), s(A([0.0, 0.0]), A([-1.0, 0.5]), smooth=False),
    s(A([2.0]), 1.0), s(A([0.0]), 1), s(A([np.inf, -np.inf]), 2, smooth=False))  # fmt: skip
row("pow", s(Z(3), 2), s(A([2, 3], np.int64), A([3, 2], np.int64)), s(Z(3, low=1), 0.5),
    s(2, A([1, 2, 3], np.int64)), s(Z(3), N(3).astype(np.float32) * 0 + 2), s(A([2, 3], np.int32), 2.0),
    s(2.5, A([1, 2], np.int64)), s(B(3), 2))  # fmt: skip
row("float_power", s(P(3), 2), s(Z(3, low=1), 2), s(P(3).astype(np.float32), N(3).astype(np.float32)))
row("clamp clip", *[s(N(2, 3), *b) for b in ((-1, 1), (None, 0.5), (-0.5, None), (0.5, -0.5))], s(N(3), min=-0.3),
    s(N(3), max=0.3), s(N(), -1, 1))  # fmt: skip
row("clamp clip", s(Z(5), -2, 2), s(Z(5), 0.5, None), s(A([1, 5, 9], np.uint8), 2, 6),
    s(A([-1.0, 1.0, 0.0]), -1.0, 1.0, smooth=False), s(Z(3), min=1))  # fmt: skip
row("clamp", s(N(2, 3), N(3) - 1, N(3) + 1), s(N(2, 3), N(3)), s(N(3), None, N(2, 3)), s(N(3), N(3), N(3)),
    s(Z(3), Z(3) - 3, Z(3) + 3), s(Z(3), N(3)),
    s(A([1.0, 2.0, 3.0]), A([1.0, 2.0, 4.0]), A([1.0, 1.0, 4.0]), smooth=False))  # fmt: skip
row("clamp_min", s(N(2, 3), 0.1), s(N(3), N(3)), s(Z(3), 1), s(A([0.1, 1.0]), 0.1, smooth=False))
row("clamp_max", s(N(2, 3), 0.1), s(N(3), N(3)), s(Z(3), 1))
row("addcmul", s(N(2, 3), N(3), N(2, 1)), s(N(3), N(3), N(3), value=0.5), s(N(), N(2), N(2)), s(Z(3), Z(3), Z(3), value=2))
row("addcdiv", s(N(2, 3), N(3), P(2, 1)), s(N(3), N(3), P(3), value=0.5))
row("lerp", s(N(2, 3), N(2, 3), 0.3), s(N(2, 3), N(3), U(3)), s(N(3), N(3), 0.7), s(N(3), N(3), U()))
row("where", s(B(2, 3), N(2, 3), N(3)), s(B(3), N(2, 3), N()), s(B(2, 3), N(2, 3), 0.0), s(B(3), 1.0, N(3)),
    s(B(3), 1.0, 2.0), s(B(3), 1, 2), s(B(3), True, False), s(B(3), Z(3), N(3)), s(B(2, 1), N(3), N(2, 3)),
    s(B(0), N(0), N(0)), s(B(), N(), N()), s(B(3), Z(3), 2.5), s(A([1, 0, 2], np.uint8), N(3), N(3), dtypes=False))  # fmt: skip
row("isclose", s(N(3), N(3)), s(A([1.0, np.nan, np.inf]), A([1.0 + 1e-9, np.nan, np.inf])),
    s(A([np.nan]), A([np.nan]), equal_nan=True), s(Z(3), Z(3)), s(N(2, 3), N(3), rtol=0.5, atol=0.1))  # fmt: skip
row("allclose equal", s(T23, T23), s(N(3), N(3)), s(Z(3), Z(3)), s(N(2), N(2)))
row("eq ne lt le gt ge not_equal less less_equal greater greater_equal", *pairs(), s(Z(3), 2), s(Z(3), 1.5),
    s(N(3), 0), s(B(3), True), s(A([1.0, np.nan]), A([np.nan, np.nan])), s(Z(3), N(3)), s(A([200], np.uint8), -1),
    s(A([200], np.uint8), 300), s(B(3), B(3)), s(Z(3), B(3)))  # fmt: skip
row("logical_and logical_or logical_xor", s(B(2, 3), B(3)), s(N(3), N(3)), s(Z(3), B(3)), s(Z(3), N(3)),
    s(A([0.0, np.nan]), A([1.0, 0.0])))  # fmt: skip
row("logical_not", s(B(2, 3)), s(N(3)), s(Z(3)))
row("bitwise_and bitwise_or bitwise_xor", s(Z(2, 3), Z(3)), s(B(3), B(3)), s(Z(3), 3), s(B(3), Z(3)),
    s(A([5], np.uint8), A([3], np.int16)), s(Z(3), True))  # fmt: skip
row("bitwise_not", s(Z(3)), s(B(3)), s(A([5], np.uint8)))
row("bitwise_left_shift bitwise_right_shift", s(Z(3, low=0), A([0, 1, 2], np.int64)), s(Z(3, low=0), 1),
    s(A([200], np.uint8), 1), s(A([-8, 8], np.int64), A([64, 70], np.int64)),
    s(A([-8, 8], np.int64), A([-1, 70], np.int64)))  # fmt: skip
row("isfinite isinf isnan isposinf isneginf", s(A([1.0, np.inf, -np.inf, np.nan])), s(Z(3)), s(N(2, 3)), s(N()))
row("signbit", s(A([0.0, -0.0, -1.0])), s(Z(3)), s(B(3)))

# ---- operators ---------------------------------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "&": operator.and_, "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
for _symbol, _apply in OPERATORS.items():
    _bits = _symbol in ("&", "|", "^", "<<", ">>")
    _values = [Z(3, low=1), A([1, 2, 2], np.int64)] if _bits else [P(2, 3), P(3)]
    _operands = [(_values[0], _values[1]), (_values[0], 2), (2, _values[0]), (A([5, 6, 7], np.int64), A([1, 2, 3], np.int64))]
    _operands += [(3, A([1, 2], np.int64)), (A([1, 2], np.int64), 3)]
    if not _bits:
        _operands += [(1.5, _values[1]), (_values[0], 0.5), (A([3, 4], np.int64), 2.5), (2.5, A([3, 4], np.int64)), (A(3.0), 2)]
        _operands += [(True, _values[1])] if _symbol not in ("-", "**") else []
    else:
        _operands += [(True, B(3)), (B(3), True)] if _symbol not in ("<<", ">>") else []
    for _x, _y in _operands:  # floor division has no derivative
        fixed = (0, 1) if _symbol == "//" else ()
        row(f"x{_symbol}y", s(_x, _y, fixed=fixed, _call=lambda torch, x, y, apply=_apply: apply(x, y)))
row("-x", s(N(3), _call=lambda torch, x: -x))
row("+x", s(N(3), _call=lambda torch, x: +x))
row("~x", s(B(3), _call=lambda torch, x: ~x), s(Z(3), _call=lambda torch, x: ~x))
row("abs(x)", s(N(3), _call=lambda torch, x: abs(x)))
row("x@y", s(N(2, 3), N(3, 2), _call=lambda torch, x, y: x @ y))

# ---- reductions --------------------------------------------------------------------------------------------------------

DIMS: list[dict[str, Any]] = [
    {}, {"dim": 0}, {"dim": -1}, {"dim": 1, "keepdim": True}, {"dim": (0, 2)}, {"dim": (-1, 0), "keepdim": True}, {"dim": ()},
    {"dim": [1]},
]  # fmt: skip


def reductions(make: Any = N, several: bool = True) -> list[Sample]:
    made = [s(make(2, 3, 2), **kwargs) for kwargs in DIMS if several or not isinstance(kwargs.get("dim"), (tuple, list))]
    made += [s(make()), s(make(), dim=0), s(make(), dim=-1, keepdim=True), s(make(1)), s(make(3, 2).T, dim=0), s(make(6)[::2])]
    return [*made, s(make(2, 3), 1), s(make(2, 3), 1, True), s(make(3, 1), dim=1)]


row("sum mean", *reductions(), s(N(2, 3), axis=1), s(N(2, 3), axis=0, keepdims=True), s(Z(3), dtype="float64"),
    s(N(2, 3), dim=None, keepdim=True))  # fmt: skip
row("sum", s(N(0)), s(N(0, 3), dim=0), s(N(0, 3), dim=1), s(Z(2, 3)), s(B(2, 3), dim=1), s(A([200, 100], np.uint8)),
    s(A([100, 100], np.int8), dim=0))  # fmt: skip
row("mean", s(N(0), smooth=False), s(N(0, 3), dim=0, smooth=False))
row("nansum nanmean", *reductions()[:4], s(A([[1.0, np.nan], [np.nan, np.nan]]), dim=1, smooth=False))
# Of one element nothing is free (nan); PyTorch's gradient for dim=() divides by another count than its forward.
SPREADS = [e for e in reductions() if e.kwargs.get("dim") != ()]
for _each in SPREADS:
    _each.smooth = _each.args[0].size > (1 if len(_each.args[0].shape) < 2 else 3)
row("var std", *SPREADS, s(N(2, 3), dim=1, correction=0), s(N(2, 3), 1, False), s(N(2, 3), False),
    s(N(3), unbiased=False), s(N(2, 3), correction=2, dim=1), s(A([2.0, 2.0, 2.0]), smooth=False),
    s(N(1), correction=0, smooth=False), s(N(3), dim=0, correction=3, smooth=False),
    s(N(2, 3), dim=1, correction=0.5), twice=True)  # fmt: skip
row("var_mean std_mean", *reductions()[:6], s(N(2, 3), False), s(N(2, 3), dim=1, correction=0), nonfinite=False)
row("max min", *reductions(several=False), s(A([1.0, 3.0, 3.0, 1.0]), smooth=False),
    s(A([[1.0, 1.0], [2.0, 2.0]]), dim=1, smooth=False), s(A([[1.0, np.nan], [np.nan, 2.0]]), dim=1, smooth=False),
    s(N(2, 3), N(3)), s(Z(3)), s(Z(2, 3), dim=1), s(B(3)), s(N(0, 3), dim=1), s(N(2, 3), axis=1),
    s(A([np.nan, 1.0]), smooth=False))  # fmt: skip
row("amax amin", *reductions(), s(A([1.0, 3.0, 3.0, 1.0]), smooth=False),
    s(A([[1.0, 1.0], [2.0, 2.0]]), dim=(0, 1), smooth=False), s(Z(3)), s(B(2, 3), dim=1),
    s(A([np.nan, 1.0]), smooth=False))  # fmt: skip
row("argmax argmin", *reductions(several=False), s(Z(3)), s(A([1.0, 3.0, 3.0])), s(A([1.0, np.nan, 3.0])),
    s(N(2, 3), keepdim=True), s(N(2, 3), axis=1))  # fmt: skip
row("all any", *[s(B(2, 3, 2), **kwargs) for kwargs in DIMS], s(N(3)), s(Z(2, 3), dim=1), s(A([0, 2], np.uint8)),
    s(B(0)), s(B(0, 3), dim=1), s(B()))  # fmt: skip
row("prod", *reductions(several=False), s(A([2.0, 0.0, 3.0])), s(A([0.0, 0.0, 3.0])),
    s(A([[2.0, 0.0, 3.0], [1.0, 2.0, 3.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), dim=1), s(N(0)), s(N(0, 2), dim=0),
    s(Z(3)), s(B(3)), s(Z(3), dtype="float64"), s(N(1)), nonfinite=False)  # fmt: skip
row("cumsum", *[s(N(2, 3), dim=d) for d in (0, 1, -1)], s(N(), dim=0), s(N(0), dim=0), s(Z(3), 0), s(B(3), 0),
    s(Z(3), dim=0, dtype="float64"), s(N(3, 2).T, 1))  # fmt: skip
row("cumprod", *[s(N(2, 3), dim=d) for d in (0, 1, -1)], s(N(), dim=0), s(N(0), dim=0), s(Z(3), 0),
    s(A([1.0, 0.0, 2.0, 3.0]), 0), s(A([0.0, 2.0, 0.0]), 0), s(N(1, 4), 1), nonfinite=False)  # fmt: skip
row("logsumexp", *[s(N(2, 3, 2), **kwargs) for kwargs in DIMS[1:6]], s(N(), dim=0), s(Z(3), dim=0),
    s(A([-np.inf, -np.inf]), dim=0, smooth=False), s(A([[-np.inf, 1.0], [np.inf, 1.0]]), dim=1, smooth=False),
    s(A([1000.0, 1000.0]), dim=0), s(N(0, 3), dim=1), s(N(0, 3), dim=0, smooth=False))  # fmt: skip
row("norm", *[e for e in reductions() if len(e.args) == 1],
    *[s(N(2, 3), p, 1) for p in (1, 2, 3, 2.5, 0, np.inf, -np.inf, 0.5)], s(N(2, 3), "fro"), s(N(4), p=1),
    s(A([0.0, 0.0]), smooth=False), s(A([0.0, 0.0]), 1, smooth=False),
    s(A([[0.0, 0.0], [1.0, 0.0]]), 3, dim=1, smooth=False), s(A([1.0, -1.0]), np.inf, smooth=False),
    s(N(2, 3), p="fro", dim=(0, 1)))  # fmt: skip
row("dist", s(N(2, 3), N(3)), s(N(3), N(3), 1), s(N(3), N(3), p=3), node="LinalgVectorNormBackward0", dtypes=False)
row("median", s(N(5)), s(N(4)), s(N(2, 3), dim=1), s(N(2, 3), 0, True), s(Z(5)), s(N()))
row("count_nonzero", s(Z(3)), s(N(2, 3), dim=1), s(B(2, 3), dim=(0, 1)))
row("sort", s(N(5)), s(N(2, 3), dim=0), s(N(2, 3), descending=True), s(Z(6)),
    s(A([2.0, np.nan, 1.0]), smooth=False), s(A([1.0, 2.0, 1.0]), descending=True, stable=True, smooth=False),
    s(N()), s(N(0)))  # fmt: skip
row("argsort", s(N(5)), s(N(2, 3), dim=0), s(N(2, 3), descending=True), s(N()))
# among equals PyTorch takes any
row("topk", s(N(5), 2), s(N(2, 4), 3, dim=1), s(N(2, 4), 1, dim=0, largest=False), s(N(4), k=4), s(N(), 1),
    s(A([3, 1, 2], np.int64), 2), dtypes=False, nonfinite=False)  # fmt: skip
row("bincount", s(A([0, 2, 2, 5], np.int64)), s(A([0, 2], np.int64), A([0.5, 1.5]), fixed=(1,)),
    s(A([1], np.int64), minlength=4), dtypes=False)  # fmt: skip
row("unique", s(Z(8)), s(Z(2, 4), return_inverse=True, return_counts=True), s(A([3.0, 1.0, 3.0]), fixed=(0,)))

# ---- shapes ------------------------------------------------------------------------------------------------------------

row("reshape .reshape", s(N(2, 3), (3, 2)), s(N(2, 3), (-1,)), s(N(3, 2).T, (6,)), s(N(), (1, 1)), s(N(1), ()),
    s(N(0, 3), (3, 0)), s(N(2, 3), (2, 3)), s(N(6)[::2], (3, 1)), s(Z(4), (2, 2)))  # fmt: skip
row(".reshape .view", s(N(2, 3), 3, 2), s(N(2, 3), -1), s(N(2, 3, 2), 2, -1), s(N(0, 3), 0, 1, 3), s(N(4, 3)[::2], 2, 3, 1))
row(".view", s(N(2, 3), (3, 2)), s(N(), 1))
row(".view_as .reshape_as", s(N(2, 3), N(3, 2), fixed=(1,)))
row("transpose swapaxes swapdims", s(N(2, 3), 0, 1), s(N(2, 3, 4), -1, 0), s(N(), 0, -1), s(N(2, 3), 1, 1))
row("transpose", s(N(2, 3), dim0=1, dim1=0))
row("t adjoint", s(N(2, 3)), s(N(0, 2)))
row("t", s(N(3)), s(N()))
row("permute", s(N(2, 3, 4), (2, 0, 1)), s(N(2, 3, 4), (-1, 0, 1)), s(N(), ()), s(N(2, 3), dims=(1, 0)))
row(".permute", s(N(2, 3, 4), 2, 0, 1), s(N(2, 3), (1, 0)))
row("movedim moveaxis", s(N(2, 3, 4), 0, 2), s(N(2, 3, 4), (0, 1), (1, 2)), s(N(2, 3, 4), -1, 0))
row("squeeze", s(N(2, 1, 3)), s(N(1, 2, 1), 0), s(N(1, 2, 1), -1), s(N(2, 1, 1), (1, 2)), s(N(2, 3), 0), s(N(2, 3)),
    s(N(), 0), s(N()), s(N(1, 1), dim=(0, 1)))  # fmt: skip
row("unsqueeze", s(N(2, 3), 0), s(N(2, 3), -1), s(N(2, 3), 2), s(N(), 0), s(N(3), dim=1))
row(".expand", s(N(3), 2, 3), s(N(2, 1), 2, 3), s(N(2, 1), (-1, 4)), s(N(), 2, 2), s(N(1, 3), 0, 3), s(N(1), 0),
    s(N(0, 1), 0, 3), s(N(2, 3), 2, 3), s(Z(1), 3))  # fmt: skip
row(".expand_as", s(N(3), N(2, 3), fixed=(1,)))
row("broadcast_to", s(N(3), (2, 3)), s(N(), (2,)))
row("broadcast_tensors", s(N(3), N(2, 1)), s(N(), N(2)))
row("flatten", s(N(2, 3, 4)), s(N(2, 3, 4), 1), s(N(2, 3, 4), start_dim=0, end_dim=1), s(N()), s(N(3)),
    s(N(2, 3, 4).transpose(0, 2, 1), 1), s(N(0, 2)), s(N(2, 3, 4), 1, 1))  # fmt: skip
row("ravel", s(N(2, 3)), s(N(3, 2).T), s(N()))
row("unflatten", s(N(2, 6), 1, (2, 3)), s(N(6), -1, (-1, 2)), s(N(6), 0, [3, 2]))
row("select", s(N(2, 3), 0, 1), s(N(2, 3), -1, -1), s(N(3), 0, 2), s(N(2, 3), dim=1, index=0))
row("narrow", s(N(5), 0, 1, 3), s(N(2, 4), -1, 2, 2), s(N(4), 0, -2, 1), s(N(3), 0, 3, 0))
row("flip", s(N(2, 3), (0,)), s(N(2, 3), (0, -1)), s(N(3), dims=[0]), s(N(2, 3), ()))
row(".flip", s(N(2, 3), 0, 1), s(N(2, 3), 0))
row("fliplr flipud", s(N(2, 3)))
row("roll", s(N(2, 3), 1), s(N(2, 3), 1, 0), s(N(2, 3), (1, -1), (0, 1)), s(N(), 1), s(N(2, 3), shifts=2, dims=-1), s(N(0), 1))
row("rot90", s(N(2, 3)), s(N(2, 3), 2), s(N(2, 3), -1, [1, 0]))
row(".repeat", s(N(2, 3), 2, 1), s(N(3), 2, 2), s(N(3), (2,)), s(N(), 2), s(N(3), 0), s(N(2, 3), 1, 1, 2), s(N(2), 2, 0))
row("tile", s(N(2, 3), (2,)), s(N(3), (2, 2)), s(N(), (2,)))
row("cat concat concatenate",
    *[s(x, y, dim=d, _call=lambda torch, x, y, dim: torch.cat([x, y], dim)) for x, y,
    d in ((N(2, 3), N(1, 3), 0), (N(2, 1), N(2, 3), 1), (N(2, 1), N(2, 2), -1), (N(0), N(2, 3), 0), (N(2), N(0), 0),
    (N(0), N(0), 0), (N(3), Z(2), 0), (N(2).astype(np.float32), N(2), 0))])  # fmt: skip
row("cat", s(N(2), N(3), N(1), _call=lambda torch, *x: torch.cat(x)),
    s(N(2, 2), _call=lambda torch, x: torch.cat((x, x, x), dim=1)),
    s(N(2), _call=lambda torch, x: torch.cat((x,), axis=0)))  # fmt: skip
row("stack", *[s(x, y, dim=d, _call=lambda torch, x, y, dim: torch.stack([x, y], dim)) for x, y,
    d in ((N(2, 3), N(2, 3), 0), (N(2, 3), N(2, 3), -1), (N(2, 3), N(2, 3), 1), (N(), N(), 0), (N(0), N(0), 0),
    (N(2), Z(2), 0))], s(N(2), _call=lambda torch, x: torch.stack((x, x))))  # fmt: skip
for _name in ("hstack", "vstack", "dstack", "column_stack", "row_stack"):
    row(_name, *[s(x, y, _call=lambda torch, x, y, name=_name: getattr(torch, name)((x, y))) for x,
        y in ((N(2), N(2)), (N(2, 3), N(2, 3)), (N(1), N(1)))])  # fmt: skip
row("hstack", s(N(), N(), _call=lambda torch, x, y: torch.hstack((x, y))))
row("vstack", s(N(), N(), _call=lambda torch, x, y: torch.vstack((x, y))))
row("split", s(N(5), 2), s(N(2, 4), 3, dim=1), s(N(5), [2, 3]), s(N(2, 5), (1, 4), -1), s(N(4), 9), s(N(0), 2),
    s(N(5), split_size_or_sections=2))  # fmt: skip
row("split", s(N(5), _call=lambda torch, x: torch.split(x, 2)[1]),
    s(N(5), _call=lambda torch, x: (lambda p: (p[0] * p[2], p[0]))(x.split([1, 2, 1, 1]))))  # fmt: skip
row("split_with_sizes", s(N(5), [2, 3]), s(N(2, 5), (1, 0, 4), -1))
row("chunk", s(N(5), 2), s(N(2, 6), 4, dim=1), s(N(3), 5), s(N(4), chunks=2, dim=0))
row("unbind", s(N(2, 3)), s(N(2, 3), 1), s(N(2, 3), dim=-1), s(N(3)), s(N(2, 3), _call=lambda torch, x: torch.unbind(x)[1]))
row("iter", s(N(2, 3), _call=lambda torch, x: [row * 2 for row in x]))
row("meshgrid", s(N(2), N(3), _call=lambda torch, x, y: torch.meshgrid(x, y, indexing="ij")),
    s(N(2), N(3), _call=lambda torch, x, y: torch.meshgrid([x, y], indexing="xy")))  # fmt: skip
row("diag", s(N(3)), s(N(3), 1))
row("diag", s(N(2, 3)), s(N(3, 3), -1))
row("diagonal", s(N(2, 3)), s(N(3, 3), 1), s(N(2, 3, 3), -1, 1, 2))
row("diag_embed", s(N(3)), s(N(2, 3), 1))
row("trace", s(N(3, 3)), s(N(2, 3)))
row("tril triu", s(N(3, 3)), s(N(2, 3), 1), s(N(2, 3, 3), -1), s(N(2, 3), diagonal=-1))
row("clone", s(N(2, 3)), s(N(3, 2).T), s(Z(3)), s(N()))
row(".contiguous", s(N(3, 2).T), s(N(2, 3)))
row(".to", *[s(N(3), kind, dtypes=False, smooth=False, _call=lambda torch, x,
    kind: x.to(getattr(torch, kind))) for kind in ("float32", "float64", "float16", "int64")])  # fmt: skip
row(".T .mT", s(N(2, 3), _call=lambda torch, x: x.T), s(N(2, 3), _call=lambda torch, x: x.mT))

# ---- indexing ----------------------------------------------------------------------------------------------------------

for _index in (
    0, -1, slice(1, None), slice(None, None, 2), (0, 1), (slice(None), 1), (Ellipsis, 0), None, (None, 0), (slice(None), None),
    Ellipsis, (), slice(3, 1),
):  # fmt: skip
    row("x[i]", s(N(3, 4), _call=lambda torch, x, i=_index: x[i]))
_ROWS = [A(rows, np.int64) for rows in ([0, 2, 2], [[0], [2]], [-1], [])]
for _fancy in (*_ROWS, A([True, False, True], bool)):
    row("x[i]", s(N(3, 4), _fancy, _call=lambda torch, x, i: x[i]), s(N(2, 3), _fancy, _call=lambda torch, x, i: x[:, i]))
row("x[i]", s(N(3, 4), A([0, 1, 0], np.int64), A([1, 1, 3], np.int64), _call=lambda torch, x, i, j: x[i, j]),
    s(N(2, 3), B(2, 3), _call=lambda torch, x, m: x[m]), s(N(3, 4), _call=lambda torch, x: x[[0, 2]]))  # fmt: skip
row("gather", s(N(2, 3), 1, A([[0, 2], [1, 1]], np.int64)), s(N(2, 3), 0, A([[0, 1, 0]], np.int64)),
    s(N(3), -1, A([2, 2, 0, 1], np.int64)), s(N(), 0, A(0, np.int64)))  # fmt: skip
row("index_select", s(N(3, 2), 0, A([2, 0, 2], np.int64)), s(N(2, 3), -1, A([1], np.int32)), s(N(3), 0, A(1, np.int64)))
row("take", s(N(2, 3), A([0, 5, -1], np.int64)), s(N(2, 3), A([[1]], np.int64)))
row("put", s(N(2, 3), A([0, 4, -1], np.int64), N(3)), s(N(2, 3), A([[1, 2]], np.int64), N(1, 2), accumulate=True))
row("take_along_dim", s(N(2, 3), A([[0, 2], [1, 1]], np.int64), 1), s(N(2, 3), A([4, 0], np.int64)))
row("masked_select", s(N(2, 3), B(2, 3)), s(N(2, 3), B(3)))
row("masked_fill", s(N(2, 3), B(3), 0.5), s(N(2, 3), B(2, 3), -np.inf, dtypes=False, smooth=False),
    s(N(3), B(3), N()), s(Z(3), B(3), 2))  # fmt: skip
row("scatter", s(N(2, 3), 1, A([[0, 2], [1, 0]], np.int64), N(2, 2)), s(N(2, 3), 1, A([[0], [1]], np.int64), 1.5),
    s(A([[1, 2, 3], [4, 5, 6]], np.int64), 0, A([[0, 1, 0]], np.int64), 2, reduce="multiply"))  # fmt: skip
row("scatter_add", s(N(2, 3), 1, A([[0, 2], [1, 1]], np.int64), N(2, 2)), s(N(3), 0, A([0, 0, 0], np.int64), N(3)))
row("scatter_reduce", *[s(N(3), 0, A([2, 0], np.int64), N(2), reduce, include_self=included)
    for reduce in ("sum", "prod", "mean", "amax", "amin") for included in (True, False)], dtypes=False)  # fmt: skip
row("index_add", s(N(3, 2), 0, A([0, 0], np.int64), N(2, 2)), s(N(3, 2), 0, A([1], np.int64), N(1, 2), alpha=2),
    dtypes=False)  # fmt: skip
row("index_fill", s(N(3, 2), 0, A([0, 2], np.int64), 1.5), s(N(3, 2), 1, A([0], np.int64), N()))
row("index_copy", s(N(3, 2), 0, A([2, 0], np.int64), N(2, 2)), s(N(3), 0, A([1], np.int64), N(1)))
row("masked_scatter", s(N(2, 3), B(2, 3), N(2, 3)), s(N(2, 3), B(3), N(6)))
row("index_put", s(N(3), A([0, 2], np.int64), N(2), _call=lambda torch, x, i, v: x.index_put((i,), v)),
    s(N(3), A([0, 0], np.int64), N(2), _call=lambda torch, x, i, v: x.index_put((i,), v, accumulate=True),
    dtypes=False))  # fmt: skip
row("scatter_reduce",
    *[ s(N(2, 3), 1, A([[0, 2, 2], [1, 1, 0]], np.int64), N(2, 3), reduce=how) for how in ("sum", "prod", "mean",
    "amax", "amin") ], s(P(3), 0, A([0, 0],
    np.int64), P(2), reduce="sum", include_self=False), dtypes=False, nonfinite=False)  # fmt: skip
row("scatter", s(N(2, 3), 1, A([[0], [1]], np.int64), N(2, 1), reduce="add", fixed=(0, 3)), dtypes=False)
row("index_fill", s(N(3, 2), 0, A([0, 2], np.int64), 1.5), s(N(3, 2), 1, A([0], np.int64), N()))
row("index_copy", s(N(3, 2), 0, A([2, 0], np.int64), N(2, 2)), s(N(3), 0, A([1], np.int64), N(1)))
row("put", s(N(2, 3), A([0, 5], np.int64), N(2)), s(N(2, 3), A([0, 0], np.int64), N(2), accumulate=True), dtypes=False)
row("masked_scatter", s(N(2, 3), A([[1, 0, 1], [0, 1, 0]], bool), N(4)), s(N(3), A([False, True, True], bool), N(2)))
row("take_along_dim", s(N(2, 3), A([[0, 2], [1, 1]], np.int64), 1), s(N(2, 3), A([[0]], np.int64), 0),
    s(N(4), A([3, 0], np.int64)))  # fmt: skip
row("msort", s(N(4)), s(N(3, 2)))
row("atleast_1d atleast_2d atleast_3d", s(N()), s(N(3)), s(N(2, 3)), node="any")
row("nonzero argwhere", s(Z(2, 3)), s(B(3)))
row("repeat_interleave", s(N(3), 2, node="any"), s(N(2, 3), 2, dim=1, node="any"), s(N(3), A([1, 0, 2], np.int64)), view=False)

# ---- products ----------------------------------------------------------------------------------------------------------

row("mm matmul", s(N(2, 3), N(3, 4)), s(N(3, 2).T, N(4, 3).T), s(N(2, 0), N(0, 3)), s(N(0, 3), N(3, 2)),
    s(Z(2, 3), Z(3, 2)), s(N(1, 1), N(1, 1)))  # fmt: skip
row("bmm matmul", s(N(2, 2, 3), N(2, 3, 1)), s(N(0, 2, 3), N(0, 3, 1)),
    s(N(2, 3, 2).transpose(0, 2, 1), N(2, 3, 1)), s(Z(2, 2, 3), Z(2, 3, 1)))  # fmt: skip
row("mv matmul", s(N(2, 3), N(3)), s(N(3, 2).T, N(3)), s(N(0, 3), N(3)), s(N(2, 0), N(0)), s(Z(2, 3), Z(3)))
row("dot matmul", s(N(3), N(3)), s(N(6)[::2], N(3)), s(N(0), N(0)), s(Z(3), Z(3)))
row("matmul", s(N(3), N(3, 2)), s(N(3), N(2, 3, 2)), s(N(2, 2, 3), N(3)), s(N(2, 2, 3), N(3, 2)),
    s(N(2, 1, 2, 3), N(3, 3, 1)), s(N(2, 3), N(2, 3, 2), node="UnsafeViewBackward0"),
    s(N(1, 2, 3), N(4, 3, 2), node="UnsafeViewBackward0"), s(N(2, 2, 2, 3), N(3)), s(N(3), N(2, 2, 3, 1)))  # fmt: skip
row("outer ger", s(N(2), N(3)), s(N(0), N(3)), s(Z(2), Z(3)))
row("addmm", s(N(2, 4), N(2, 3), N(3, 4)), s(N(4), N(2, 3), N(3, 4)),
    s(N(2, 1), N(2, 3), N(3, 4), beta=0.5, alpha=2), s(N(), N(2, 3), N(3, 4)),
    s(N(2, 4), N(2, 3), N(3, 4), beta=0, alpha=1.0, nonfinite=False), s(Z(2), Z(2, 3), Z(3, 2)))  # fmt: skip
row("baddbmm", s(N(2, 2, 4), N(2, 2, 3), N(2, 3, 4)), s(N(4), N(2, 2, 3), N(2, 3, 4), beta=0.5, alpha=2))
row("addmv", s(N(2), N(2, 3), N(3)), s(N(), N(2, 3), N(3), beta=0.5, alpha=2))
row("addr", s(N(2, 3), N(2), N(3)), s(N(3), N(2), N(3), beta=0.5, alpha=2, dtypes=False))
row("inner", s(N(3), N(3), dtypes=False), s(N(2, 3), N(4, 3)), s(N(), N(3)))
row("F.linear", s(N(2, 3), N(4, 3), N(4)), s(N(2, 3), N(4, 3)), s(N(3), N(4, 3), N(4)),
    s(N(2, 2, 3), N(4, 3), N(4)), s(N(2, 2, 3), N(4, 3)), s(N(3), N(3)), s(N(0, 3), N(4, 3), N(4)))  # fmt: skip
for _equation, *_shapes in (
    ("ij,jk->ik", (2, 3), (3, 4)), ("i,i", (3,), (3,)), ("ij->j", (2, 3)), ("ii->i", (3, 3)), ("ii", (3, 3)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 4)), ("ij,ij,ij->", (2, 3), (2, 3), (2, 3)), ("...i,...i->...", (2, 3), (3,)),
    ("i,j->ji", (2,), (3,)),
    ("bhqd,bhkd->bhqk", (1, 2, 2, 3), (1, 2, 3, 3)), ("ij->ji", (2, 3)),
):  # fmt: skip
    row("einsum", s(*(N(*shape) for shape in _shapes), _call=lambda torch, *x, e=_equation: torch.einsum(e, *x), node="any"))
row("tensordot", s(N(2, 3, 4), N(3, 4, 2), 2), s(N(2, 3), N(3, 2), dims=([1], [0])))

# ---- activations, losses, normalisation ----------------------------------------------------------------------------------

row("relu F.relu", s(N(2, 3)), s(A([0.0, -0.0, 1.0]), smooth=False), s(N()), s(Z(3)), s(N(0)))
SOFTMAX = [s(N(2, 3), 1), s(N(2, 3), dim=0), s(N(2, 3, 2), -2), s(N(), 0), s(N(), -1)]
SOFTMAX += [s(N(0, 3), 1), s(N(3, 0), 1), s(N(3, 2).T, 1)]
SOFTMAX += [s(A([1000.0, -1000.0, 999.0]), 0), s(A([np.inf, 1.0]), 0, smooth=False)]
SOFTMAX += [s(A([[-np.inf, -np.inf], [0.0, -np.inf]]), 1, smooth=False)]
row("softmax log_softmax F.softmax F.log_softmax", *SOFTMAX)
row("softmax log_softmax", s(Z(3), 0, dtype="float32"), s(N(3), 0, dtype="float32"))
row("F.logsigmoid F.silu", s(N(2, 3)), s(A([1000.0, -1000.0, 0.0])), s(N()))
ALL_REDUCTIONS: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}]
row("F.mse_loss", *[s(N(2, 3), N(2, 3), **r) for r in ALL_REDUCTIONS], s(N(), N()), s(N(0), N(0), smooth=False),
    s(N(2), N(2).astype(np.float32), smooth=False, twice=False))  # fmt: skip
CLASSES = A([2, 0, 1], np.int64)
row("F.nll_loss", *[s(N(3, 4), CLASSES, **r) for r in ALL_REDUCTIONS],
    *[s(N(3, 4), CLASSES, P(4), fixed=(2,), **r) for r in ALL_REDUCTIONS], s(N(3, 4), CLASSES, ignore_index=0),
    s(N(3, 4), CLASSES, P(4), ignore_index=1, fixed=(2,)), s(N(4), A(1, np.int64)),
    s(N(2, 3, 4), Z(2, 4, low=0, high=3)), s(N(2, 3, 2, 2), Z(2, 2, 2, low=0, high=3), P(3), fixed=(2,)),
    s(N(1, 3), A([-100], np.int64), smooth=False), s(N(2, 3, 4), Z(2, 4, low=0, high=3), reduction="none"),
    s(N(0, 3), A([], np.int64), smooth=False))  # fmt: skip
row("F.cross_entropy", *[s(N(3, 4), CLASSES, **r) for r in ALL_REDUCTIONS], s(N(3, 4), CLASSES, P(4), fixed=(2,)),
    s(N(4), A(1, np.int64)), s(N(2, 3, 4), Z(2, 4, low=0, high=3)), s(N(3, 4), CLASSES, ignore_index=0),
    s(N(3, 4), CLASSES, label_smoothing=0.1), s(N(2, 3), U(2, 3)))  # fmt: skip
row("F.binary_cross_entropy", *[s(U(2, 3), U(2, 3), **r) for r in ALL_REDUCTIONS],
    s(U(2, 3), U(2, 3), P(3), fixed=(2,)), s(U(3), B(3).astype(float), fixed=(1,)),
    s(A([0.0, 1.0, 0.0, 1.0]), A([0.0, 1.0, 1.0, 0.0]), smooth=False, twice=False), s(U(), U()), nonfinite=False)  # fmt: skip
row("F.binary_cross_entropy_with_logits", *[s(N(2, 3), U(2, 3), **r) for r in ALL_REDUCTIONS],
    s(N(2, 3), U(2, 3), P(3), fixed=(2,)), s(N(2, 3), U(2, 3), pos_weight=None),
    s(N(2, 3), U(2, 3), P(3), fixed=(2,), _call=lambda torch, x, y,
    w: functional(torch).binary_cross_entropy_with_logits(x, y, pos_weight=w)), s(A([1000.0, -1000.0, 0.0]),
    U(3)), s(N(), U()))  # fmt: skip


def _write_to_part(x: Any, index: Any) -> Any:
    y = x.clone()
    y[index].mul_(2.0)
    return y * y


def _batch_norm(torch: Any, x: Any, mean: Any, var: Any, w: Any = None, b: Any = None, **kwargs: Any) -> Any:
    mean, var = mean.clone(), var.clone()
    return functional(torch).batch_norm(x, mean, var, w, b, **kwargs), mean, var


row("F.batch_norm",
    *[s(N(*shape), N(3), P(3), N(3), N(3), training=training, fixed=(1, 2), _call=_batch_norm) for shape in ((4, 3),
    (2, 3, 2), (2, 3, 2, 2)) for training in (True, False)])  # fmt: skip
row("F.batch_norm", s(N(4, 3), N(3), P(3), training=True, fixed=(1, 2), _call=_batch_norm),
    s(N(4, 3), N(3), P(3), training=False, fixed=(1, 2), _call=_batch_norm),
    s(N(4, 3), N(3), P(3), training=True, momentum=0.3, eps=1e-3, fixed=(1, 2), _call=_batch_norm),
    s(N(4, 3), N(3), P(3), N(3), training=True, fixed=(1, 2), _call=_batch_norm),
    s(N(4, 3), None, None, N(3), N(3), training=True, dtypes=False, _call=lambda torch, x, m, v, w, b,
    training: functional(torch).batch_norm(x, m, v, w, b, training=training)))  # fmt: skip
row("F.smooth_l1_loss F.huber_loss", *[s(N(2, 3), N(2, 3), **r) for r in ALL_REDUCTIONS],
    s(A([0.0, 3.0]), A([0.0, 2.0]), smooth=False, twice=False))  # fmt: skip
row("F.leaky_relu F.elu F.softplus F.gelu", s(N(2, 3)), s(N()), s(N(0)))
row("F.hardtanh", s(N(2, 3), dtypes=False), s(N(), dtypes=False), s(N(0)))
row("F.leaky_relu", s(N(3), 0.2), s(A([0.0, -0.0]), smooth=False))
row("F.elu", s(N(3), alpha=0.5))
row("F.hardtanh", s(N(4), -0.5, 0.7))
row("F.softplus", s(N(3), beta=2.0), s(A([30.0, -30.0, 19.0])))
row("F.gelu", s(N(3), approximate="tanh"))
row("F.softmin", *SOFTMAX)

# ---- complex numbers, in-place writes --------------------------------------------------------------------------------------

C = A([1 + 2j, -3.5j, 0.5 - 1j], np.complex128)
row("real imag conj conj_physical", s(C), view=False)
row("abs angle sgn exp log sqrt neg sin cos square reciprocal sigmoid tanh", s(C))
row("angle", s(N(2, 3)), s(Z(3)), s(B(3)), s(A([0.0, -0.0, np.nan, -np.inf]), smooth=False), s(A([0, -0.0, -1], np.complex128)))
row("add mul sub div", s(C, C[::-1].copy()), s(C, 2.5), s(N(3), C, fixed=(0,)), s(C, N(3).astype(np.float32), fixed=(1,)))
row("sum mean cumsum prod", s(C, dim=0))
row("complex polar", s(P(3), P(3), twice=False, smooth=False, dtypes=False, nonfinite=False))
row("view_as_real", s(C))
row("view_as_complex", s(N(3, 2), twice=False, smooth=False, dtypes=False))
row("x.fill_", s(N(3), _call=lambda torch, x: x.clone().fill_(2.0)), s(N(3), N(), _call=lambda torch, x, v: x.clone().fill_(v)))
row("x.zero_", s(N(3), _call=lambda torch, x: x.clone().zero_()))
row("x.copy_", s(N(2, 3), N(3), _call=lambda torch, x, y: x.clone().copy_(y)))
row("x.eq_", *[s(N(3), N(3), smooth=False, _call=lambda torch, x, y,
    name=name: getattr(x.clone(), name)(y)) for name in ("eq_", "ne_", "lt_", "le_", "gt_", "ge_")], node="any")  # fmt: skip
row("view.mul_", *[s(N(2, 3), _call=lambda torch, x, i=i: _write_to_part(x, i)) for i in (0, (slice(None), 1), slice(0, 1))])
row("fanout", s(N(2, 3), _call=lambda torch, x: (lambda a, b, c: a * b + c)(*torch.fanout(x, 3))),
    s(N(2), _call=lambda torch, x: torch.fanout(x, 2)[1] * 3))  # fmt: skip

import layer_samples  # noqa: E402, F401  (the part of the table that speaks of layers)
import loss_samples  # noqa: E402, F401  (the part of the table that speaks of margins)
import samples_activation  # noqa: E402, F401
import samples_rnn  # noqa: E402, F401
