"""Making tensors: from values, from arrays, or filled.

Every factory takes PyTorch's keywords ``dtype``, ``device``, ``requires_grad`` (and accepts ``layout``, ``pin_memory``,
``memory_format``). Sizes may be given as ints or as one sequence.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from .autograd.errors import type_name
from .autograd.runtime import INFERENCE_TENSORS, note_inference, wrap
from .dtypes import default_numpy_dtype, from_numpy_dtype, require_cpu, scalar_dtype, to_numpy_dtype
from .errstate import quiet
from .inplace import write_values
from .tensor import Tensor

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "is_tensor",
    "linspace", "logspace", "ones", "ones_like", "range", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip


def finish(array: np.ndarray, requires_grad: bool = False) -> Tensor:
    """A new leaf over ``array``."""
    made = wrap(array)
    if requires_grad:
        if array.dtype.kind not in "fc":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made.requires_grad_()
    if INFERENCE_TENSORS:
        note_inference(made)
    return made


# ---- sizes ---------------------------------------------------------------------------------------------------------


def size_of(sizes: tuple[Any, ...], name: str, given: Any = None, position: int = 1) -> tuple[int, ...]:
    """The size from ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``, where it is the argument at ``position``."""
    if given is not None:
        if sizes:
            raise TypeError(f"{name}() got multiple values for argument 'size'")
        sizes = (given,)
    in_sequence = len(sizes) == 1 and isinstance(sizes[0], (tuple, list))
    if in_sequence:
        sizes = tuple(sizes[0])
    elif given is not None:
        raise TypeError(f"{name}(): argument 'size' must be tuple of ints, not {type_name(given)}")
    elif not sizes:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    elif len(sizes) > 1 and isinstance(sizes[0], (tuple, list)):
        raise TypeError(f"{name}() takes 1 positional argument but {len(sizes)} were given")
    shape = tuple(as_length(n, i, name, position, in_sequence) for i, n in enumerate(sizes))
    for n in shape:
        if n < 0:
            if name == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    return shape


def as_length(n: Any, index: int, name: str, position: int, in_sequence: bool) -> int:
    """One length: an int or what stands for one."""
    if type(n) is int:
        return n
    if isinstance(n, (bool, float, str)) or not hasattr(n, "__index__"):
        kind = type_name(n)
        if index:
            raise TypeError(
                f"{name}(): argument 'size' failed to unpack the object at pos {index + 1} with error \"type must be "
                f'tuple of ints,but got {kind}"'
            )
        found = f"but found element of type {kind} at pos 0" if in_sequence else f"not {kind}"
        raise TypeError(f"{name}(): argument 'size' (position {position}) must be tuple of ints, {found}")
    return n.__index__()


def chosen_dtype(dtype: Any, device: Any) -> np.dtype[Any]:
    if device is not None:
        require_cpu(device)
    return default_numpy_dtype() if dtype is None else to_numpy_dtype(dtype)


def empty(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None, **named: Any) -> Tensor:  # fmt: skip
    """A tensor whose elements are whatever was in memory."""
    shape = size_of(size, "empty", named.pop("size", None))
    return _out_or_new(out, np.empty(shape, chosen_dtype(dtype, device)), requires_grad)


def zeros(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **named: Any) -> Tensor:  # fmt: skip
    """A tensor of zeros."""
    shape = size_of(size, "zeros", named.pop("size", None))
    return _out_or_new(out, np.zeros(shape, chosen_dtype(dtype, device)), requires_grad)


def ones(*size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **named: Any) -> Tensor:  # fmt: skip
    """A tensor of ones."""
    shape = size_of(size, "ones", named.pop("size", None))
    return _out_or_new(out, np.ones(shape, chosen_dtype(dtype, device)), requires_grad)


def full(size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of one value, whose kind decides the dtype (bool, int64 or the default float)."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    numpy_dtype = scalar_dtype(fill_value) if dtype is None else chosen_dtype(dtype, device)
    if device is not None:
        require_cpu(device)
    return _out_or_new(out, _filled(size_of((size,), "full"), fill_value, numpy_dtype), requires_grad)


def _filled(shape: tuple[int, ...], value: Any, numpy_dtype: np.dtype[Any]) -> np.ndarray:
    return np.full(shape, checked_number(value, numpy_dtype), numpy_dtype)


def checked_number(value: Any, numpy_dtype: np.dtype[Any]) -> Any:
    """``value`` as one element of ``numpy_dtype``, or PyTorch's error where it does not fit."""
    if isinstance(value, complex) and numpy_dtype.kind != "c":
        if value.imag:
            raise RuntimeError(f"value cannot be converted to type {numpy_dtype.name} without overflow")
        value = value.real
    if numpy_dtype.kind in "iu" and not isinstance(value, bool):
        info = np.iinfo(numpy_dtype)
        low = -int(info.max) - 1 if numpy_dtype.kind == "u" else int(info.min)
        if not (math.isfinite(value) and low <= int(value) <= int(info.max)):
            raise RuntimeError(f"value cannot be converted to type {_c_name(numpy_dtype)} without overflow")
        return np.array(int(value) & ((1 << info.bits) - 1), np.uint64).astype(numpy_dtype)
    with quiet():
        return np.array(value).astype(numpy_dtype)


def _c_name(numpy_dtype: np.dtype[Any]) -> str:
    return {"int64": "int64_t", "int32": "int", "int16": "int16_t", "int8": "int8_t"}.get(numpy_dtype.name, numpy_dtype.name)


def _out_or_new(out: Tensor | None, array: np.ndarray, requires_grad: bool) -> Tensor:
    if out is None:
        return finish(array, requires_grad)
    if out._array.shape != array.shape:
        out._array = np.empty(array.shape, out._array.dtype)
    write_values(out, array)
    return out


def _like(make: Any, input: Tensor, fill: Any, dtype: Any, device: Any, requires_grad: bool, name: str) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    numpy_dtype = input._array.dtype if dtype is None else chosen_dtype(dtype, device)
    if device is not None:
        require_cpu(device)
    if fill is not None:
        fill = checked_number(fill, numpy_dtype)
    arguments = (fill,) if fill is not None else ()
    return finish(make(input._array, *arguments, dtype=numpy_dtype), requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Zeros of the input's shape and dtype."""
    return _like(np.zeros_like, input, None, dtype, device, requires_grad, "zeros_like")


def ones_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Ones of the input's shape and dtype."""
    return _like(np.ones_like, input, None, dtype, device, requires_grad, "ones_like")


def empty_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Uninitialised memory of the input's shape and dtype."""
    return _like(np.empty_like, input, None, dtype, device, requires_grad, "empty_like")


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """One value in the input's shape and dtype."""
    return _like(np.full_like, input, fill_value, dtype, device, requires_grad, "full_like")


# ---- sequences -----------------------------------------------------------------------------------------------------


def arange(start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """``start, start + step, ...`` below ``end``; int64 if all three are integers."""
    if end is None:
        start, end = 0, start
    start, end, step = (each.item() if isinstance(each, Tensor) else each for each in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all(isinstance(each, numbers.Integral) for each in (start, end, step))
    numpy_dtype = (np.dtype("int64") if whole else default_numpy_dtype()) if dtype is None else chosen_dtype(dtype, device)
    if device is not None:
        require_cpu(device)
    count = -((start - end) // step) if whole else math.ceil((end - start) / step)
    steps = np.arange(count)
    with quiet():
        values = (start + steps * step).astype(numpy_dtype)
    return _out_or_new(out, values, requires_grad)


def range(start: Any = 0, end: Any = None, step: Any = 1, **options: Any) -> Tensor:
    """Deprecated in PyTorch: like :func:`arange`, of floats, with ``end`` included."""
    import warnings

    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    if end is None:
        start, end = 0, start
    count = int((end - start) / step) + 1
    dtype = options.pop("dtype", None) or from_numpy_dtype(default_numpy_dtype())
    return finish((start + np.arange(count) * step).astype(to_numpy_dtype(dtype)), options.get("requires_grad", False))


def linspace(start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``steps`` values evenly spaced from ``start`` to ``end``, both included."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    start, end = (each.item() if isinstance(each, Tensor) else each for each in (start, end))
    numpy_dtype = chosen_dtype(dtype, device)
    return _out_or_new(out, _spaced(start, end, steps, numpy_dtype), requires_grad)


def _spaced(start: Any, end: Any, steps: int, numpy_dtype: np.dtype[Any]) -> np.ndarray:
    """PyTorch counts from both ends in the dtype's own arithmetic: ``start + i step``, then ``end - (n - 1 - i) step``."""
    if steps < 2 or numpy_dtype.kind != "f":
        return np.linspace(start, end, steps).astype(numpy_dtype)
    kind = numpy_dtype.type
    step = (kind(end) - kind(start)) / kind(steps - 1)
    i = np.arange(steps)
    up = (float(kind(start)) + i * float(step)).astype(numpy_dtype)
    down = (float(kind(end)) - (steps - 1 - i) * float(step)).astype(numpy_dtype)
    return np.where(i < steps // 2, up, down)


def logspace(start: float, end: float, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``base`` to the powers :func:`linspace` gives."""
    return finish((float(base) ** np.linspace(start, end, steps)).astype(chosen_dtype(dtype, device)), requires_grad)


def eye(n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an ``n`` by ``m`` matrix of zeros."""
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"n must be greater or equal to 0, got {n}" if n < 0 else f"m must be greater or equal to 0, got {m}")
    return _out_or_new(out, np.eye(n, m, dtype=chosen_dtype(dtype, device)), requires_grad)


# ---- from values ---------------------------------------------------------------------------------------------------


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A new tensor with a copy of ``data``: a number, nested sequences of numbers, a NumPy array.

    Without ``dtype`` Python's floats become the default dtype, its ints int64; arrays keep theirs.
    """
    if device is not None:
        require_cpu(device)
    if isinstance(data, Tensor):
        import warnings

        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        data = data._array
    numpy_dtype = None if dtype is None else to_numpy_dtype(dtype)
    return finish(array_from(data, numpy_dtype, "new()", copy=True), requires_grad)


def array_from(data: Any, numpy_dtype: np.dtype[Any] | None, caller: str, copy: bool) -> np.ndarray:
    """An array of ``data`` in PyTorch's reading of Python's numbers."""
    if isinstance(data, np.ndarray):
        native = native_dtype(data)
        target = native if numpy_dtype is None else numpy_dtype
        with quiet():
            return np.array(data, dtype=target, order="C" if copy else "K", copy=True if copy else None)
    if isinstance(data, str):
        raise TypeError(f"{caller}: invalid data type 'str'")
    leaf, depth = _first_leaf(data)
    if isinstance(leaf, Tensor) or (depth and _has_tensor(data)):
        data = _without_tensors(data)
        leaf, _ = _first_leaf(data)
    if isinstance(leaf, str):
        raise ValueError("too many dimensions 'str'")
    if leaf is not None and not isinstance(leaf, (int, float, complex, np.generic, np.ndarray)):
        raise RuntimeError(f"Could not infer dtype of {type(leaf).__name__}")
    try:
        array = np.array(data)
    except ValueError:
        _explain_ragged(data)
        raise
    if array.dtype.kind not in "biufc":
        _explain_objects(data)
    if numpy_dtype is None:
        numpy_dtype = array.dtype
        plain = not isinstance(leaf, (np.generic, np.ndarray))
        if (plain and numpy_dtype.kind in "fc") or array.size == 0:
            numpy_dtype = scalar_dtype(1j if numpy_dtype.kind == "c" else 1.0)
            if plain and array.size and not isinstance(leaf, (float, complex)) and (found := _numpy_leaf(data)) is not None:
                numpy_dtype = found
    elif array.dtype.kind == "c" and numpy_dtype.kind != "c":
        raise TypeError("must be real number, not complex")
    if array.dtype.kind in "biuf" and numpy_dtype.kind in "iu" and array.ndim == 0:
        array = np.asarray(checked_number(array.item(), numpy_dtype))
    if array.dtype.kind == "u" and numpy_dtype == array.dtype and isinstance(leaf, int):
        raise ValueError("Overflow when unpacking long long")
    with quiet():
        return np.ascontiguousarray(array, dtype=numpy_dtype).reshape(array.shape)


def native_dtype(array: np.ndarray) -> np.dtype[Any]:
    """The array's dtype in this machine's byte order; raises for what tensors cannot hold."""
    return from_numpy_dtype(array.dtype).numpy


def _first_leaf(data: Any) -> tuple[Any, int]:
    depth = 0
    while isinstance(data, (list, tuple)) or (not isinstance(data, (Tensor, np.ndarray, str, dict)) and _is_sequence(data)):
        if not len(data):
            return None, depth + 1
        data, depth = data[0], depth + 1
    if data is None:
        raise RuntimeError("Could not infer dtype of NoneType")
    return data, depth


def _is_sequence(data: Any) -> bool:
    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, np.generic)


def _has_tensor(data: Any) -> bool:
    return isinstance(data, (list, tuple)) and any(isinstance(each, Tensor) or _has_tensor(each) for each in data)


def _numpy_leaf(data: Any) -> np.dtype[Any] | None:
    """The dtype of NumPy's scalars among Python's numbers, if there are any."""
    if isinstance(data, (list, tuple)):
        found = [each for each in map(_numpy_leaf, data) if each is not None]
        return np.result_type(*found) if found else None
    return data.dtype if isinstance(data, np.generic) and data.dtype.kind in "fc" else None


def _without_tensors(data: Any) -> Any:
    if isinstance(data, Tensor):
        if data._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return data._array.reshape(-1)[0]
    return [_without_tensors(each) for each in data] if isinstance(data, (list, tuple)) else data


def _shape_of(data: Any) -> list[int]:
    shape = []
    while isinstance(data, (list, tuple)):
        shape.append(len(data))
        if not data:
            break
        data = data[0]
    return shape


def _explain_ragged(data: Any) -> None:
    """Find the sequence whose length differs from the first at its depth."""
    shape = _shape_of(data)
    level = [data]
    for depth, length in enumerate(shape):
        for each in level:
            if not isinstance(each, (list, tuple)):
                raise TypeError("not a sequence")
            if len(each) != length:
                raise ValueError(f"expected sequence of length {length} at dim {depth} (got {len(each)})")
        level = [inner for each in level for inner in each]
    if any(isinstance(each, (list, tuple)) for each in level):
        raise TypeError("must be real number, not list")


def _explain_objects(data: Any) -> None:
    """Why NumPy found no numeric dtype for ``data``."""
    stack = [data]
    while stack:
        each = stack.pop()
        if isinstance(each, (list, tuple)):
            stack.extend(reversed(each))
        elif isinstance(each, int):
            if not -(2**63) <= each < 2**63:
                raise ValueError("Overflow when unpacking long long")
        elif isinstance(each, str):
            raise ValueError("too many dimensions 'str'")
        elif not isinstance(each, (float, complex, np.generic, np.ndarray)):
            raise RuntimeError(f"Could not infer dtype of {type(each).__name__}")
    raise TypeError(f"must be real number, not {type(data).__name__}")


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, sharing memory where that is possible (tensors keep their history)."""
    if device is not None:
        require_cpu(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    numpy_dtype = None if dtype is None else to_numpy_dtype(dtype)
    return finish(array_from(data, numpy_dtype, "new()", copy=False))


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``obj`` as a tensor; ``copy`` says whether memory must (True) or must not (False) be copied."""
    if isinstance(obj, Tensor):
        made = obj.clone() if copy else obj
        return made if dtype is None else made.to(dtype)
    array = array_from(obj, None if dtype is None else to_numpy_dtype(dtype), "asarray()", copy=bool(copy))
    if copy is False and not (isinstance(obj, np.ndarray) and np.shares_memory(array, obj)):
        raise ValueError("can't alias memory of the given object: a copy is needed")
    return finish(array, requires_grad)


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor over the array's own memory: writes to one show in the other.

    Arrays in the other byte order are copied, since tensors hold native numbers.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type_name(ndarray)})")
    native = native_dtype(ndarray)
    if not ndarray.flags.writeable:
        import warnings

        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing "
            "to this tensor will result in undefined behavior. You may want to copy the array to protect its data or make "
            "it writable before converting it to a tensor. This type of warning will be suppressed for the rest of this "
            "program.",
            UserWarning,
            stacklevel=2,
        )
    array = np.asarray(ndarray)
    return finish(array if array.dtype.isnative and array.dtype is native else array.astype(native))


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor of the default dtype."""
    return finish(np.array(s, chosen_dtype(dtype, device)), requires_grad)


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)


def legacy_tensor(numpy_dtype: np.dtype[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> np.ndarray:
    """The array behind ``Tensor(2, 3)``, ``Tensor([1, 2])``, ``LongTensor(other)``."""
    if kwargs.pop("device", None) not in (None, "cpu") or kwargs:
        raise TypeError(f"new() got an unexpected keyword argument '{next(iter(kwargs), 'device')}'")
    if not args:
        return np.empty(0, numpy_dtype)
    first = args[0]
    if len(args) == 1:
        if isinstance(first, Tensor):
            if first._array.dtype != numpy_dtype:
                raise TypeError(
                    f"expected a tensor of dtype {numpy_dtype.name} (got {first._array.dtype.name}); convert it with .to()"
                )
            return first._array
        if type(first).__name__ == "Size":
            return np.empty(tuple(first), numpy_dtype)
        if isinstance(first, str):
            raise TypeError("new(): invalid data type 'str'")
        if isinstance(first, (float, complex)) or (isinstance(first, np.generic) and first.dtype.kind not in "iu"):
            raise TypeError(f"new(): data must be a sequence (got {type_name(first)})")
        if not isinstance(first, (int, np.integer)):
            return array_from(first, numpy_dtype, "new()", copy=False)
    if not all(isinstance(n, (int, np.integer)) for n in args):
        kinds = ", ".join(type(n).__name__ for n in args)
        raise TypeError(f"new() received an invalid combination of arguments - got ({kinds})")
    return np.empty(size_of(args, "empty"), numpy_dtype)


