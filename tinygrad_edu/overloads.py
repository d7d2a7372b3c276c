"""The overloads of functions that have several, as PyTorch's error messages list them."""

from __future__ import annotations

from typing import Any

from .autograd.errors import type_name
from .dtypes import dtype

_PLACE = (
    "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, bool pin_memory = False, bool "
    "requires_grad = False"
)
_DRAW = "torch.Generator generator = None"


def _factory(*arguments: str) -> list[str]:
    return [
        f"({each}, *, {own}Tensor out = None, {_PLACE})" for each in arguments for own in ("torch.Generator generator, ", "")
    ]


def _like(*arguments: str) -> list[str]:
    return [
        f"(Tensor input{each}, *, {own}torch.memory_format memory_format = None, {_PLACE})"
        for each in arguments
        for own in ("torch.Generator generator, ", "")
    ]


_SIZE = "tuple of ints size"
_BY_NUMBER_OR_TENSOR = [
    "(Tensor input, Tensor other, *, Tensor out = None)",
    "(Tensor input, Number other, *, Tensor out = None)",
]
OVERLOADS = {
    "rand": _factory(_SIZE),
    "randn": _factory(_SIZE),
    "randint": _factory(f"int high, {_SIZE}", f"int low, int high, {_SIZE}"),
    "randperm": _factory("int n"),
    "rand_like": _like(""),
    "randn_like": _like(""),
    "randint_like": _like(", int low, int high", ", Tensor high", ", int high"),
    "normal": [
        *(
            f"({each}, *, {_DRAW}, Tensor out = None)"
            for each in ("Tensor mean, Tensor std", "Tensor mean, float std = 1", "float mean, Tensor std")
        ),
        f"(float mean, float std, {_SIZE}, *, {_DRAW}, Tensor out = None, {_PLACE})",
    ],
    "bernoulli": [f"(Tensor input, *, {_DRAW}, Tensor out = None)", f"(Tensor input, float p, *, {_DRAW})"],
    "bernoulli_": [f"(Tensor p, *, {_DRAW})", f"(float p = 0.5, *, {_DRAW})"],
    **dict.fromkeys(["eq", "ne", "lt", "le", "gt", "ge", "remainder", "fmod", "copysign"], _BY_NUMBER_OR_TENSOR),
    **{f"bitwise_{name}": _BY_NUMBER_OR_TENSOR for name in ("and", "or", "xor", "left_shift", "right_shift")},
    "ctc_loss": [
        f"(Tensor log_probs, Tensor targets, {kind} input_lengths, {kind} target_lengths, int blank = 0, int reduction = "
        "at::Reduction::Mean, bool zero_infinity = False)"
        for kind in ("tuple of ints", "Tensor")
    ],
    "rsub": ["(Tensor input, Tensor other, *, Number alpha = 1)", "(Tensor input, Number other, Number alpha = 1)"],
    "xlogy": [
        f"({each}, *, Tensor out = None)"
        for each in ("Tensor input, Tensor other", "Number self, Tensor other", "Tensor input, Number other")
    ],
    **{name: [
        f"({each}, *, Tensor out = None)"
        for each in ("Tensor input, Tensor exponent", "Number self, Tensor exponent", "Tensor input, Number exponent")
    ] for name in ("pow", "float_power")},
    "clamp": [
        "(Tensor input, Tensor min = None, Tensor max = None, *, Tensor out = None)",
        "(Tensor input, Number min = None, Number max = None, *, Tensor out = None)",
    ],
    "clamp_min": ["(Tensor input, Tensor min, *, Tensor out = None)", "(Tensor input, Number min, *, Tensor out = None)"],
    "clamp_max": ["(Tensor input, Tensor max, *, Tensor out = None)", "(Tensor input, Number max, *, Tensor out = None)"],
    "where": [
        "(Tensor condition)", "(Tensor condition, Tensor input, Tensor other, *, Tensor out = None)",
        "(Tensor condition, Number self, Tensor other)", "(Tensor condition, Tensor input, Number other)",
        "(Tensor condition, Number self, Number other)",
    ],
    **{name: [
        "(Tensor input, *, Tensor out = None)", "(Tensor input, Tensor other, *, Tensor out = None)",
        "(Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None)",
    ] for name in ("max", "min")},
    **{name: [
        "(Tensor input, *, torch.dtype dtype = None, Tensor out = None)",
        "(Tensor input, tuple of ints dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)",
    ] for name in ("sum", "mean")},
    "prod": [
        "(Tensor input, *, torch.dtype dtype = None)",
        "(Tensor input, int dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)",
    ],
    **{f"conv{n}d": [
        f"(Tensor input, Tensor weight, Tensor bias = None, tuple of ints stride = 1, {padding}, tuple of ints dilation = 1, "
        "int groups = 1)"
        for padding in ("tuple of ints padding = 0", 'str padding = "valid"')
    ] for n in (1, 2, 3)},
    **{name: [
        f"({start} start, {end} end, int steps{base}, *, Tensor out = None, {_PLACE})"
        for start, end in (("Tensor", "Tensor"), ("Number", "Tensor"), ("Tensor", "Number"), ("Number", "Number"))
    ] for name, base in (("linspace", ""), ("logspace", ", float base = 10.0"))},
    "eye": [f"(int n{m}, *, Tensor out = None, {_PLACE})" for m in ("", ", int m")],
    **{f"{letter}split": ["(Tensor input, int sections)", "(Tensor input, tuple of ints indices)"] for letter in "hvd"},
    "fill_": ["(Tensor value)", "(Number value)"],
    "masked_fill": ["(Tensor mask, Tensor value)", "(Tensor mask, Number value)"],
    "index_fill": ["(int dim, Tensor index, Tensor value)", "(int dim, Tensor index, Number value)"],
    "random_": [f"(*, {_DRAW})", f"(int from, int to, *, {_DRAW})", f"(int to, *, {_DRAW})"],
}  # fmt: skip


def combination_error(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
    """``name() received an invalid combination of arguments``: what was given (None where left out), and what is taken."""
    given = [_kind(each) for each in args]
    given += [f"{key}={_kind(each)}" for key, each in kwargs.items() if each is not None]
    return overload_error(name, ", ".join(given) + (", " if given and not args else ""))


def overload_error(name: str, received: str) -> TypeError:
    """The same from the kinds of arguments in words."""
    expected = "".join(f" * {each}\n" for each in OVERLOADS.get(name, ()))
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({received}), but expected one of:\n{expected}"
    )


def _kind(value: Any) -> str:
    return "torch.dtype" if isinstance(value, dtype) else type_name(value)
