"""The overloads of PyTorch's random functions, as its error messages list them."""

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
        f"({each}, *, {own}Tensor out = None, {_PLACE})"
        for each in arguments
        for own in ("torch.Generator generator, ", "")
    ]


def _like(*arguments: str) -> list[str]:
    return [
        f"(Tensor input{each}, *, {own}torch.memory_format memory_format = None, {_PLACE})"
        for each in arguments
        for own in ("torch.Generator generator, ", "")
    ]


_SIZE = "tuple of ints size"
OVERLOADS = {
    "rand": _factory(_SIZE),
    "randn": _factory(_SIZE),
    "randint": _factory(f"int high, {_SIZE}", f"int low, int high, {_SIZE}"),
    "randperm": _factory("int n"),
    "rand_like": _like(""),
    "randn_like": _like(""),
    "randint_like": _like(", int low, int high", ", Tensor high", ", int high"),
    "normal": [
        *(f"({each}, *, {_DRAW}, Tensor out = None)" for each in ("Tensor mean, Tensor std", "Tensor mean, float std = 1", "float mean, Tensor std")),
        f"(float mean, float std, {_SIZE}, *, {_DRAW}, Tensor out = None, {_PLACE})",
    ],
    "bernoulli": [f"(Tensor input, *, {_DRAW}, Tensor out = None)", f"(Tensor input, float p, *, {_DRAW})"],
    "bernoulli_": [f"(Tensor p, *, {_DRAW})", f"(float p = 0.5, *, {_DRAW})"],
    "random_": [f"(*, {_DRAW})", f"(int from, int to, *, {_DRAW})", f"(int to, *, {_DRAW})"],
}  # fmt: skip


def combination_error(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
    """``name() received an invalid combination of arguments``: what was given (arguments left out are None), and what is taken."""
    given = [_kind(each) for each in args]
    given += [f"{key}={_kind(each)}" for key, each in kwargs.items() if each is not None]
    received = ", ".join(given) + (", " if given and not args else "")
    expected = "".join(f" * {each}\n" for each in OVERLOADS[name])
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({received}), but expected one of:\n{expected}"
    )


def _kind(value: Any) -> str:
    return "torch.dtype" if isinstance(value, dtype) else type_name(value)
