"""Which arguments PyTorch's random functions accept, in its words, and how they convert numbers between dtypes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# PyTorch's two names of a dtype, its own and that of C++, as its error messages have them.
NAMES = {
    "bool": ("Bool", "bool"),
    "uint8": ("Byte", "unsigned char"),
    "int8": ("Char", "signed char"),
    "int16": ("Short", "short"),
    "int32": ("Int", "int"),
    "int64": ("Long", "long"),
    "uint16": ("UInt16", "short unsigned int"),
    "uint32": ("UInt32", "unsigned int"),
    "uint64": ("UInt64", "long unsigned int"),
    "float16": ("Half", "c10::Half"),
    "float32": ("Float", "float"),
    "float64": ("Double", "double"),
    "complex64": ("ComplexFloat", "c10::complex<float>"),
    "complex128": ("ComplexDouble", "c10::complex<double>"),
}


def require(dtype: np.dtype[Any], kinds: str, kernel: str) -> None:
    """PyTorch's error for a dtype that a kernel does not have; of the unsigned kind "u" they have uint8 only."""
    if dtype.kind not in kinds or (dtype.kind == "u" and dtype.itemsize > 1):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{NAMES[dtype.name][0]}'")


def memory_order(array: Array) -> list[int]:
    """The axes by decreasing stride."""
    return sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))


def assign(part: Array, values: Array) -> None:
    """part = values as C++ converts: to float16 by way of float32, from float to a small integer by way of int64."""
    if values.dtype.kind == "f" and part.dtype.kind in "iu":
        values = values.astype(np.int64)
    elif part.dtype == np.float16:
        values = values.astype(np.float32)
    part[...] = values


def largest(dtype: np.dtype[Any]) -> int:
    """The largest integer of a dtype, or the largest up to which every integer is a float of that dtype."""
    if dtype.kind == "f":
        return 2 ** (np.finfo(dtype).nmant + 1)
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)


def integer_range(low: int, high: int | None, dtype: np.dtype[Any]) -> tuple[int, int]:
    """First value and number of values of random_(low, high), in the integers that `dtype` has."""
    if any(not -(2**63) <= bound < 2**63 for bound in (low, high or 0)):
        raise ValueError("Overflow when unpacking long long")
    if high is not None and not low < high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    last = largest(dtype) if high is None else high - 1
    if dtype.kind == "f":
        digits = np.finfo(dtype).nmant + 1
        # Move the bounds inward to the next float where the conversion would carry them outside.
        if (above := converted(low + 1, dtype)) < low:
            low = above + (1 << (abs(low + 1).bit_length() - digits))
        if high is None:
            if not low < last:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but "
                    f"got from={low} > to_inc={last}"
                )
        else:
            if (below := converted(high - 1, dtype)) >= high:
                high = below - (1 << (abs(high - 1).bit_length() - digits))
            last = high - 1
            if not low < high:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
                    f"from={low} >= to={high}"
                )
        minimum, maximum = -float(np.finfo(dtype).max), float(np.finfo(dtype).max)
    else:
        minimum = 0 if dtype.kind == "b" else int(np.iinfo(dtype).min)
        maximum = min(largest(dtype), 2**63 - 1)
    for value, bound in ((low, "from"), (last, "to - 1")):
        if not minimum <= value <= maximum:
            raise RuntimeError(f"{bound} is out of bounds for {NAMES[dtype.name][1]}")
        if dtype.kind == "f" and abs(value) > 2**digits:
            warnings.warn(
                f"{bound} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations "
                f"{NAMES[dtype.name][1]} can support discrete uniform distribution only within this range. This "
                "warning will become an error in version 1.7 release, please fix the code in advance",
                stacklevel=4,
            )
    return low, last - low + 1


def converted(integer: int, dtype: np.dtype[Any]) -> int:
    """The int64 as a float of `dtype` and back, as x86-64 converts: -2^63 stands for what int64 does not have."""
    with np.errstate(all="ignore"):
        number = float(np.array(integer, np.int64).astype(dtype))
    return int(number) if -(2.0**63) <= number < 2.0**63 else -(2**63)


def check_uniform(dtype: np.dtype[Any], low: float, high: float) -> None:
    """PyTorch's conditions on the arguments of uniform_."""
    require(dtype, "f", "check_uniform_bounds")
    limit = float(np.finfo(dtype).max)
    for value, bound in ((low, "from"), (high, "to")):
        if not -limit <= value <= limit:
            raise RuntimeError(f"{bound} is out of bounds for {NAMES[dtype.name][1]}")
    if not low <= high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > limit:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{NAMES[dtype.name][0]}>::max(), but found to={high:g} "
            f"and from={low:g} which result in to-from to exceed the limit"
        )


def check_continuous(dtype: np.dtype[Any], distribution: str, name: int) -> None:
    """PyTorch's error for the integers where it has words of its own; `name` selects one of its NAMES."""
    if dtype.kind != "f":
        raise RuntimeError(
            f"{distribution} distribution is a continuous probability distribution. dtype must be a floating point but "
            f"you specified {NAMES[dtype.name][name]}"
        )


def check_multinomial(weights: Array, num_samples: int, replacement: bool) -> None:
    """PyTorch's conditions on the arguments of multinomial."""
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if weights.dtype.kind != "f":
        name = NAMES[weights.dtype.name][0]
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {name}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    categories = weights.shape[-1]
    if not replacement and num_samples > categories:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if categories > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    if weights.ndim == 2 and not len(weights):
        return
    if not categories:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if not (weights.min() >= 0 and weights.max() < np.inf):
        if not replacement or num_samples == 1:
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        reason = "= infinity or NaN" if (weights >= 0).all() else "< 0"
        raise RuntimeError(f"invalid multinomial distribution (encountering probability entry {reason})")
    if not weights.any(-1).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
