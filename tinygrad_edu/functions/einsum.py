"""Einstein's summation convention, as products of batches of matrices.

``einsum("ij,jk->ik", a, b)``: every letter is an axis; letters that the result lacks are summed over. Operands are
multiplied from left to right, each pair as one batched matrix product, as PyTorch does.
"""

from __future__ import annotations

import string
from typing import Any

from ..autograd.errors import type_name
from ..ops import linalg as ops
from ..ops.diagonal import diagonal
from ..tensor import Tensor
from .reduction import sum as sum_over
from .shape import permute, reshape

__all__ = ["einsum"]


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Sums of products of the operands' elements, as the ``equation`` says. Letters are axes, "..." stands for several."""
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {type_name(equation)}")
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError("einsum(): must provide at least one operand")
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        more = "more" if len(operands) > len(terms) else "fewer"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the equation")
    letters = [_expand_ellipsis(term, each._array.ndim, i) for i, (term, each) in enumerate(zip(terms, operands, strict=True))]
    hidden = max((sorted(c for c in each if c in _HIDDEN) for each in letters), key=len)
    if arrow:
        target = result.replace("...", "".join(hidden))
    else:
        seen = "".join(letters)
        target = "".join(hidden) + "".join(sorted(c for c in set(seen) if seen.count(c) == 1 and c not in _HIDDEN))
    _check_sizes(letters, operands, target)
    parts = [_without_repeats(each, axes) for each, axes in zip(operands, letters, strict=True)]
    x, axes = parts[0]
    for k, (y, other) in enumerate(parts[1:], 1):
        needed = set(target).union(*(rest for _, rest in parts[k + 1 :]))
        x, axes = _product(x, axes, y, other, needed)
    x, axes = _sum_out(x, axes, set(target))
    order = [axes.index(c) for c in target]
    return x if order == list(range(len(order))) else permute(x, order)


_HIDDEN = string.digits
"""The axes behind "...", counted from the right."""


def _expand_ellipsis(term: str, ndim: int, index: int) -> str:
    named = term.replace("...", "")
    if not all(c in string.ascii_letters for c in named):
        bad = next(c for c in named if c not in string.ascii_letters)
        raise RuntimeError(
            f"einsum(): invalid subscript given at index {term.index(bad)} in the equation string, subscripts must be in "
            "[a-zA-Z]"
        )
    if len(named) > ndim or (len(named) != ndim and "..." not in term):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(named)}) does not match the number of dimensions "
            f"({ndim}) for operand {index} and no ellipsis was given"
            if "..." not in term
            else f"einsum(): the number of subscripts in the equation ({len(named)}) is more than the number of dimensions "
            f"({ndim}) for operand {index}"
        )
    return term.replace("...", "".join(reversed(_HIDDEN[: ndim - len(named)])))


def _check_sizes(letters: list[str], operands: tuple[Any, ...], target: str) -> None:
    sizes: dict[str, int] = {}
    for i, (axes, each) in enumerate(zip(letters, operands, strict=True)):
        for c, n in zip(axes, each._array.shape, strict=True):
            before = sizes.setdefault(c, n)
            if before != n and 1 not in (before, n):
                raise RuntimeError(
                    f"einsum(): subscript {c} has size {n} for operand {i} which does not broadcast with previously seen size "
                    f"{before}"
                )
            sizes[c] = max(before, n)
    for c in target:
        if c not in sizes:
            raise RuntimeError(f"einsum(): output subscript {c} does not appear in the equation for any input operand")


def _without_repeats(x: Tensor, axes: str) -> tuple[Tensor, str]:
    """A letter that an operand has twice means its diagonal."""
    for c in axes:
        while axes.count(c) > 1:
            first, second = axes.index(c), axes.rindex(c)
            x = diagonal.function(x, 0, first, second)
            axes = "".join(a for i, a in enumerate(axes) if i not in (first, second)) + c
    return x, axes


def _sum_out(x: Tensor, axes: str, needed: set[str]) -> tuple[Tensor, str]:
    gone = tuple(i for i, c in enumerate(axes) if c not in needed)
    return (sum_over(x, gone), "".join(c for c in axes if c in needed)) if gone else (x, axes)


def _product(x: Tensor, x_axes: str, y: Tensor, y_axes: str, needed: set[str]) -> tuple[Tensor, str]:
    """Two operands as one batched product: (batch, left, summed) by (batch, summed, right)."""
    x, x_axes = _sum_out(x, x_axes, needed | set(y_axes))
    y, y_axes = _sum_out(y, y_axes, needed | set(x_axes))
    x_sizes = dict(zip(x_axes, x._array.shape, strict=True))
    y_sizes = dict(zip(y_axes, y._array.shape, strict=True))
    shared = [c for c in x_axes if c in y_sizes]
    batch, summed = [c for c in shared if c in needed], [c for c in shared if c not in needed]
    left, right = [c for c in x_axes if c not in y_sizes], [c for c in y_axes if c not in x_sizes]
    sizes = {c: max(x_sizes.get(c, 1), y_sizes.get(c, 1)) for c in (*x_axes, *y_axes)}
    if any(x_sizes[c] != y_sizes[c] for c in shared):  # an axis of length 1 broadcasts
        x = x.expand([sizes[c] for c in x_axes])
        y = y.expand([sizes[c] for c in y_axes])

    def size(axes: list[str]) -> int:
        count = 1
        for c in axes:
            count *= sizes[c]
        return count

    axes = "".join((*batch, *left, *right))
    if not summed:
        first = reshape(permute(x, [x_axes.index(c) for c in (*batch, *left)]), [sizes[c] if c in x_sizes else 1 for c in axes])
        return first * permute(y, [y_axes.index(c) for c in (*batch, *right)]).reshape(
            [sizes[c] if c in y_sizes else 1 for c in axes]
        ), axes
    first = reshape(permute(x, [x_axes.index(c) for c in (*batch, *left, *summed)]), size(batch), size(left), size(summed))
    second = reshape(permute(y, [y_axes.index(c) for c in (*batch, *summed, *right)]), size(batch), size(summed), size(right))
    product = ops.bmm.function(first, second)
    return reshape(product, [sizes[c] for c in axes]), axes
