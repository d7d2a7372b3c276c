"""``assert_close``, as https://docs.pytorch.org/docs/2.13/testing.html describes it, with its messages."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..creation import as_tensor
from ..dtypes import from_numpy_dtype
from ..errstate import quiet
from ..size import Size
from ..tensor import Tensor

__all__ = ["assert_allclose", "assert_close"]

_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
"""(rtol, atol) by dtype; integers and bools must be equal."""


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Assert that two tensors, arrays, numbers, or sequences or mappings of them are close.

    Args:
        actual, expected: what is compared.
        allow_subclasses: whether a tensor may be compared with one of a subclass.
        rtol, atol: close is ``|actual - expected| <= atol + rtol * |expected|``; both or neither, by dtype if neither.
        equal_nan: whether nan is close to nan.
        check_device, check_layout: accepted; everything is on the CPU and strided.
        check_dtype, check_stride: whether these must be equal.
        msg: the message of a failure, or a function of the message that there would be.

    Raises:
        AssertionError: they are not close.
        TypeError: they cannot be compared.
        ValueError: one of ``rtol`` and ``atol`` is missing.
    """
    if (rtol is None) is not (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
    for path, mine, theirs, problem in list(_pairs(actual, expected, allow_subclasses)):
        if problem is None:
            problem = _difference(mine, theirs, rtol, atol, equal_nan, check_dtype, check_stride)
        if problem is not None:
            if path:
                problem += f"\n\nThe failure occurred for item {''.join(f'[{key!r}]' for key in path)}"
            raise AssertionError(msg(problem) if callable(msg) else msg or problem)


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = True, msg: str = ""
) -> None:
    """Deprecated: :func:`assert_close` that compares neither dtypes nor strides."""
    if not isinstance(actual, Tensor):
        actual = as_tensor(actual)
    if not isinstance(expected, Tensor):
        expected = as_tensor(expected, dtype=actual.dtype)
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


_Pair = tuple[tuple[Any, ...], Any, Any, str | None]


def _pairs(actual: Any, expected: Any, subclasses: bool, path: tuple[Any, ...] = ()) -> Iterator[_Pair]:
    """What is to be compared inside containers: where it stands, both sides, and what is wrong with the containers."""
    both = (actual, expected)
    if all(isinstance(each, Sequence) and not isinstance(each, str) for each in both):
        if len(actual) != len(expected):
            yield path, actual, expected, f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            return
        for i, (mine, theirs) in enumerate(zip(actual, expected, strict=True)):
            yield from _pairs(mine, theirs, subclasses, (*path, i))
    elif all(isinstance(each, Mapping) for each in both):
        if actual.keys() != expected.keys():
            missing, additional = (
                sorted(a.keys() - b.keys(), key=str) for a, b in ((expected, actual), (actual, expected))
            )
            words = "The keys of the mappings do not match:\nMissing keys in the actual mapping: "
            yield path, actual, expected, f"{words}{missing}\nAdditional keys in the actual mapping: {additional}"
            return
        keys = list(actual)
        for key in sorted(keys) if all(isinstance(key, type(keys[0])) for key in keys) else keys:
            yield from _pairs(actual[key], expected[key], subclasses, (*path, key))
    else:
        if not _comparable(actual, expected, subclasses):
            kinds = f"inputs of type {type(actual)} and {type(expected)}"
            raise TypeError(f"No comparison pair was able to handle {kinds}.")
        yield path, actual, expected, None


def _comparable(actual: Any, expected: Any, subclasses: bool) -> bool:
    if actual is None or expected is None:
        return True
    if isinstance(actual, numbers.Number) and isinstance(expected, numbers.Number):
        return True
    for kind in (Tensor, np.ndarray):
        if isinstance(actual, kind) and isinstance(expected, kind):
            return subclasses or type(actual) is type(expected)
    return False


def _difference(
    actual: Any, expected: Any, rtol: Any, atol: Any, equal_nan: bool, check_dtype: bool, check_stride: bool
) -> str | None:
    """What is to be said of two values that are not close; None if they are."""
    if actual is None or expected is None:
        return None if actual is expected else f"None mismatch: {actual} is not {expected}"
    if isinstance(actual, (bool, np.bool_)) and isinstance(expected, (bool, np.bool_)):
        return None if bool(actual) is bool(expected) else f"Booleans mismatch: {actual} is not {expected}"
    if isinstance(actual, numbers.Number):
        if check_dtype and type(actual) is not type(expected):
            return f"The (d)types do not match: {type(actual)} != {type(expected)}."
        mine, theirs = np.asarray(actual), np.asarray(expected)
    else:
        mine, theirs = (each.detach()._array if isinstance(each, Tensor) else each for each in (actual, expected))
        facts: list[tuple[str, Any, Any]] = [("shape", Size(mine.shape), Size(theirs.shape))]
        if check_stride:
            mine_steps, their_steps = (tuple(n // each.itemsize for n in each.strides) for each in (mine, theirs))
            facts.append(("stride()", mine_steps, their_steps))
        if check_dtype:
            facts.append(("dtype", from_numpy_dtype(mine.dtype), from_numpy_dtype(theirs.dtype)))
        for name, one, other in facts:
            if one != other:
                return f"The values for attribute '{name}' do not match: {one} != {other}."
    if rtol is None:
        known = [_TOLERANCES.get(each.dtype.name, (0.0, 0.0)) for each in (mine, theirs)]
        rtol, atol = max(each[0] for each in known), max(each[1] for each in known)
    with quiet():
        return _numbers(mine, theirs, rtol, atol, equal_nan)


def _numbers(actual: np.ndarray, expected: np.ndarray, rtol: float, atol: float, equal_nan: bool) -> str | None:
    common = np.result_type(actual.dtype, expected.dtype)
    if common.kind in "biu":
        common = np.dtype(np.int64)
    mine, theirs = actual.astype(common), expected.astype(common)
    close = mine == theirs
    near = np.abs(mine - theirs)
    close |= np.isfinite(near) & (near <= atol + rtol * np.abs(theirs))
    if equal_nan:
        close |= np.isnan(mine) & np.isnan(theirs)
    if close.all():
        return None
    word = "equal" if rtol == 0 and atol == 0 else "close"
    allowed = [""] * 2 if word == "equal" else [f" (up to {tolerance} allowed)" for tolerance in (atol, rtol)]
    absolute = np.where(close, np.zeros((), near.dtype), near)
    relative = absolute / np.abs(theirs)
    if common.kind not in "fc":
        relative = relative.astype(np.float32) if actual.ndim else relative
    if actual.ndim == 0:
        return (
            f"Scalars are not {word}!\n\nExpected {expected.item()} but got {actual.item()}.\n"
            f"Absolute difference: {absolute.item()}{allowed[0]}\nRelative difference: {relative.item()}{allowed[1]}"
        )
    relative = np.where(close, np.zeros((), relative.dtype), relative)
    count, size = int((~close).sum()), close.size
    lines = [f"Tensor-likes are not {word}!\n", f"Mismatched elements: {count} / {size} ({count / size:.1%})"]
    for name, values, words in (("absolute", absolute, allowed[0]), ("relative", relative, allowed[1])):
        place = tuple(int(i) for i in np.unravel_index(int(values.argmax()), values.shape))
        lines.append(f"Greatest {name} difference: {values[place].item()} at index {place}{words}")
    return "\n".join(lines)
