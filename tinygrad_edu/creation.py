"""Making tensors: filled, counted out, or from values and arrays.

Every factory takes PyTorch's keywords ``dtype``, ``device``, ``requires_grad`` (and accepts ``layout``, ``pin_memory``,
``memory_format``). Sizes may be given as ints or as one sequence.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .autograd.errors import type_name
from .autograd.grad_mode import WATCHERS, get_mode, note_unrecorded
from .devices import channels_last, channels_last_3d, contiguous_format, layout, preserve_format, require_cpu, strided
from .dtypes import default_numpy_dtype, from_numpy_dtype, scalar_dtype, to_numpy_dtype
from .errstate import quiet
from .inplace import write_values
from .tensor import Tensor
from .values import array_of, checked_scalar, native_dtype, number_of

__all__ = [
    "as_tensor", "asarray", "empty", "empty_like", "empty_strided", "from_dlpack", "from_numpy", "frombuffer", "full",
    "full_like", "is_tensor", "ones", "ones_like", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip

_new = object.__new__


def finish(array: np.ndarray, requires_grad: bool = False, caller: str = "tensor") -> Tensor:
    """A new leaf over ``array``."""
    made: Tensor = _new(Tensor)  # new_leaf, written out: everything is made here
    made._array = array
    made._node = made._grad = made._family = None
    if requires_grad is not False:
        if type(requires_grad) is not bool:
            raise TypeError(f"{caller}(): argument 'requires_grad' must be bool, not {type_name(requires_grad)}")
        if array.dtype.kind not in "fc":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made.requires_grad_()
    if WATCHERS:
        note_unrecorded(made)
    return made


# ---- arguments -----------------------------------------------------------------------------------------------------


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
    for n in sizes:
        if type(n) is not int or not 0 <= n < 2**63:
            break
    else:
        return sizes
    if len(sizes) > 1 and isinstance(sizes[0], (tuple, list)):
        raise TypeError(f"{name}() takes 1 positional argument but {len(sizes)} were given")
    shape = tuple(_length(n, i, name, position, in_sequence) for i, n in enumerate(sizes))
    for n in shape:
        if n < 0:
            if name == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    return shape


def _length(n: Any, index: int, name: str, position: int, in_sequence: bool) -> int:
    """One length: an int or what stands for one."""
    if type(n) is not int:
        try:
            if isinstance(n, bool) and not index:
                raise TypeError
            n = n.__index__()
        except (AttributeError, TypeError):
            kind = type_name(n)
            if index:
                raise TypeError(
                    f"{name}(): argument 'size' failed to unpack the object at pos {index + 1} with error \"type must "
                    "be "
                    f'tuple of ints,but got {kind}"'
                ) from None
            found = f"but found element of type {kind} at pos 0" if in_sequence else f"not {kind}"
            raise TypeError(f"{name}(): argument 'size' (position {position}) must be tuple of ints, {found}") from None
    if not -(2**63) <= n < 2**63:
        raise TypeError(
            f"{name}(): argument 'size' failed to unpack the object at pos {index + 1} with error \"Overflow when "
            "unpacking long long"
        )
    return n


def chosen_dtype(dtype: Any, place: Any = None, caller: str = "") -> np.dtype[Any]:
    """The dtype that was asked for, or the default one."""
    if place is not None:
        require_cpu(place, caller)
    return default_numpy_dtype() if dtype is None else to_numpy_dtype(dtype, caller)


def check_options(caller: str, place: Any, given_layout: Any = None, pin_memory: Any = False) -> None:
    """Refuse what a CPU with NumPy arrays does not have."""
    if place is not None:
        require_cpu(place, caller)
    if given_layout is not None and given_layout is not strided:
        if not isinstance(given_layout, layout):
            raise TypeError(f"{caller}(): argument 'layout' must be torch.layout, not {type_name(given_layout)}")
        raise RuntimeError(f"{caller}(): tensors are strided here, but layout {given_layout!r} was asked for")
    if pin_memory:
        raise RuntimeError(
            "pin_memory=True requires a CUDA or other accelerator backend; no pinned memory allocator is available on "
            "this system."
        )


def out_or_new(out: Any, array: np.ndarray, requires_grad: bool, caller: str, dtype: Any = None) -> Tensor:
    if out is None:
        return finish(array, requires_grad, caller)
    if not isinstance(out, Tensor):
        raise TypeError(f"{caller}(): argument 'out' must be Tensor, not {type_name(out)}")
    if dtype is not None and to_numpy_dtype(dtype) != out._array.dtype:
        raise RuntimeError(
            f"dtype {from_numpy_dtype(to_numpy_dtype(dtype)).legacy_name} does not match dtype of out parameter "
            f"({out.dtype.legacy_name})"
        )
    if out._node is not None and get_mode():
        raise RuntimeError(
            f"aten::{caller}(): functions with out=... arguments don't support automatic differentiation, but one of "
            "the arguments requires grad."
        )
    if out._array.shape != array.shape:
        out._array = np.empty(array.shape, out._array.dtype)
    write_values(out, array)
    return out.requires_grad_() if requires_grad else out


def _allocated(make: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """``np.empty`` or ``np.zeros``, with PyTorch's words for more memory than there is."""
    try:
        return make(shape, dtype)
    except MemoryError:
        raise RuntimeError(
            f"DefaultCPUAllocator: can't allocate memory: you tried to allocate {math.prod(shape) * dtype.itemsize} "
            "bytes."
        ) from None
    except ValueError as error:
        if "too big" in str(error) or "Maximum allowed" in str(error):
            raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}") from None
        raise


# ---- filled --------------------------------------------------------------------------------------------------------


def empty(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None
) -> Tensor:  # fmt: skip
    """A tensor whose elements are whatever was in memory."""
    if layout is not None or device is not None or pin_memory:
        check_options("empty", device, layout, pin_memory)
    numpy_dtype = default_numpy_dtype() if dtype is None else to_numpy_dtype(dtype, "empty")
    array = _allocated(np.empty, size_of(sizes, "empty", size), numpy_dtype)
    if memory_format is not None:
        array = in_format(array, memory_format)
    if out is None:
        return finish(array, requires_grad, "empty")
    return out_or_new(out, array, requires_grad, "empty", dtype)


def zeros(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """A tensor of zeros."""
    if layout is not None or device is not None or pin_memory:
        check_options("zeros", device, layout, pin_memory)
    numpy_dtype = default_numpy_dtype() if dtype is None else to_numpy_dtype(dtype, "zeros")
    array = _allocated(np.zeros, size_of(sizes, "zeros", size), numpy_dtype)
    if out is None:
        return finish(array, requires_grad, "zeros")
    return out_or_new(out, array, requires_grad, "zeros", dtype)


def ones(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """A tensor of ones."""
    if layout is not None or device is not None or pin_memory:
        check_options("ones", device, layout, pin_memory)
    numpy_dtype = default_numpy_dtype() if dtype is None else to_numpy_dtype(dtype, "ones")
    array = _allocated(np.empty, size_of(sizes, "ones", size), numpy_dtype)
    array.fill(1)
    if out is None:
        return finish(array, requires_grad, "ones")
    return out_or_new(out, array, requires_grad, "ones", dtype)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """A tensor of one value, whose kind decides the dtype (bool, int64 or the default float)."""
    if layout is not None or device is not None or pin_memory:
        check_options("full", device, layout, pin_memory)
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type_name(size)}")
    value = number_of(fill_value, "full", "fill_value", 2)
    if dtype is not None:
        numpy_dtype = to_numpy_dtype(dtype, "full")
    elif isinstance(fill_value, Tensor):
        numpy_dtype = fill_value._array.dtype
    else:
        numpy_dtype = scalar_dtype(value) if out is None else out._array.dtype
    array = _allocated(np.empty, size_of((size,), "full"), numpy_dtype)
    array.fill(checked_scalar(value, numpy_dtype))
    return out_or_new(out, array, requires_grad, "full", dtype)


def _like(input: Any, name: str, dtype: Any, given_layout: Any, place: Any, memory_format: Any) -> np.ndarray:
    """An uninitialised array in the shape and, where they do not overlap or leave gaps, the strides of the input."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if given_layout is not None or place is not None:
        check_options(name, place, given_layout)
    source = input._array
    numpy_dtype = source.dtype if dtype is None else to_numpy_dtype(dtype, name)
    if memory_format is not None and memory_format is not preserve_format:
        return in_format(np.empty(source.shape, numpy_dtype), memory_format)
    return np.empty_like(source, numpy_dtype, "C" if 0 in source.strides else "K", False)


def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None
) -> Tensor:  # fmt: skip
    """Zeros of the input's shape and dtype."""
    array = _like(input, "zeros_like", dtype, layout, device, memory_format)
    array.fill(0)
    return finish(array, requires_grad, "zeros_like")


def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None
) -> Tensor:  # fmt: skip
    """Ones of the input's shape and dtype."""
    array = _like(input, "ones_like", dtype, layout, device, memory_format)
    array.fill(1)
    return finish(array, requires_grad, "ones_like")


def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None
) -> Tensor:  # fmt: skip
    """Uninitialised memory of the input's shape and dtype."""
    return finish(_like(input, "empty_like", dtype, layout, device, memory_format), requires_grad, "empty_like")


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool
    = False, memory_format: Any = None
) -> Tensor:  # fmt: skip
    """One value in the input's shape and dtype."""
    array = _like(input, "full_like", dtype, layout, device, memory_format)
    array.fill(checked_scalar(number_of(fill_value, "full_like", "fill_value", 2), array.dtype))
    return finish(array, requires_grad, "full_like")


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """Uninitialised memory with strides (in elements) of one's own; they must not overlap."""
    check_options("empty_strided", device, layout, pin_memory)
    numpy_dtype, shape = chosen_dtype(dtype, device, "empty_strided"), size_of((size,), "empty_strided")
    if len(shape) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    extent = 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
    memory = np.empty(extent, numpy_dtype)
    strides = [s * numpy_dtype.itemsize for s in stride]
    return finish(np.lib.stride_tricks.as_strided(memory, shape, strides), requires_grad, "empty_strided")


def in_format(array: np.ndarray, memory_format: Any) -> np.ndarray:
    """The array, copied into the memory format if it does not have it."""
    if memory_format is channels_last and array.ndim == 4:
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if memory_format is channels_last_3d and array.ndim == 5:
        return np.ascontiguousarray(array.transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)
    if memory_format is contiguous_format:
        return array.copy() if not array.flags.c_contiguous else array
    if memory_format is preserve_format:
        return array
    if isinstance(memory_format, type(preserve_format)):
        rank = 4 if memory_format is channels_last else 5
        raise RuntimeError(f"required rank {rank} tensor to use {memory_format._name} format")
    raise TypeError(f"argument 'memory_format' must be torch.memory_format, not {type_name(memory_format)}")


# ---- from values ---------------------------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """A new tensor with a copy of ``data``: a number, nested sequences of numbers, a NumPy array.

    Without ``dtype`` Python's floats become the default dtype, its ints int64; arrays keep theirs.
    """
    if device is not None or pin_memory:
        check_options("tensor", device, None, pin_memory)
    numpy_dtype = None if dtype is None else to_numpy_dtype(dtype, "tensor")
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    return finish(copied(data, numpy_dtype), requires_grad)


def copied(data: Any, numpy_dtype: np.dtype[Any] | None) -> np.ndarray:
    """A new array of what :func:`tensor` takes."""
    if isinstance(data, Tensor):
        data = data._array
    if isinstance(data, np.ndarray):
        target = native_dtype(data) if numpy_dtype is None else numpy_dtype
        with quiet():
            return np.array(data, target, copy=True, order="K", subok=False)
    return array_of(data, numpy_dtype)


def shared(source: np.ndarray) -> np.ndarray:
    """A view of the array's memory that a tensor can hold.

    A copy where that cannot be: foreign byte order, negative strides, elements that do not lie a whole number of
    elements apart (fields of records). PyTorch refuses all of these.
    """
    native = native_dtype(source)
    if source.dtype is not native:
        source = source.view(native) if source.dtype == native else source.astype(native)
    if not source.flags.forc and any(step < 0 or step % native.itemsize for step in source.strides):
        source = source.copy()
    return source.view(np.ndarray)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, sharing memory where that is possible (tensors keep their history)."""
    if device is not None:
        require_cpu(device, "as_tensor")
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    numpy_dtype = None if dtype is None else to_numpy_dtype(dtype, "as_tensor")
    if isinstance(data, np.ndarray):
        return finish(_converted(_writable(data, 3), numpy_dtype))
    return finish(array_of(data, numpy_dtype))


def _converted(array: np.ndarray, numpy_dtype: np.dtype[Any] | None) -> np.ndarray:
    if numpy_dtype is None or array.dtype is numpy_dtype:
        return array
    with quiet():
        return array.astype(numpy_dtype)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:  # fmt: skip
    """``obj`` as a tensor; ``copy`` says whether memory must (True) or must not (False) be copied."""
    if device is not None:
        require_cpu(device, "asarray")
    numpy_dtype = None if dtype is None else to_numpy_dtype(dtype, "asarray")
    if isinstance(obj, Tensor):
        return _tensor_as_array(obj, numpy_dtype, copy, requires_grad)
    if isinstance(obj, np.ndarray):
        array = _writable(obj, 3)
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        array = np.frombuffer(obj, default_numpy_dtype() if numpy_dtype is None else numpy_dtype)
    elif copy is False:
        raise ValueError("can't alias arbitrary sequence into a tensor.")
    else:
        return finish(array_of(obj, numpy_dtype), bool(requires_grad))
    _check_alias(array.dtype, numpy_dtype, copy)
    array = _converted(array, numpy_dtype)
    return finish(array.copy() if copy else array, bool(requires_grad))


def _tensor_as_array(
    obj: Tensor, numpy_dtype: np.dtype[Any] | None, copy: bool | None, requires_grad: bool | None
) -> Tensor:  # fmt: skip
    _check_alias(obj._array.dtype, numpy_dtype, copy)
    if requires_grad is None and obj.requires_grad:
        warnings.warn(
            "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of False. Pass "
            "requires_grad=False explicitly to get the old behavior and silence this warning.",
            UserWarning,
            stacklevel=3,
        )
    made = obj.clone() if copy else obj
    made = made if numpy_dtype is None else made.to(from_numpy_dtype(numpy_dtype))
    if requires_grad is None or requires_grad == made.requires_grad:
        return made
    return made.detach().requires_grad_(requires_grad)


def _check_alias(own: np.dtype[Any], asked: np.dtype[Any] | None, copy: bool | None) -> None:
    if copy is False and asked is not None and asked != own:
        names = [from_numpy_dtype(each).legacy_name for each in (own, asked)]
        raise ValueError("can't alias tensor with dtype '{}' into dtype '{}'.".format(*names))


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor over the array's own memory: writes to one show in the other (see :func:`shared` for the exceptions)."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type_name(ndarray)})")
    return finish(_writable(ndarray, 3))


def _writable(array: np.ndarray, stacklevel: int) -> np.ndarray:
    """The array's memory, with PyTorch's warning if it is read-only. (In-place writes to such a tensor raise.)"""
    if not array.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
            "writing to this tensor will result in undefined behavior. You may want to copy the array to protect its "
            "data or make it writable before converting it to a tensor. This type of warning will be suppressed for "
            "the rest of this program.",
            UserWarning,
            stacklevel=stacklevel,
        )
    return shared(array)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of another library's tensor on the CPU."""
    check_options("from_dlpack", device)
    return finish(shared(np.from_dlpack(ext_tensor, copy=copy)))


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor over the memory of a bytes-like object."""
    array = np.frombuffer(buffer, to_numpy_dtype(dtype, "frombuffer"), count, offset)
    return finish(_writable(array, 3), requires_grad, "frombuffer")


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory:
    bool = False
) -> Tensor:  # fmt: skip
    """A 0-d tensor of the default dtype."""
    check_options("scalar_tensor", device, layout, pin_memory)
    numpy_dtype = chosen_dtype(dtype, device, "scalar_tensor")
    value = checked_scalar(number_of(s, "scalar_tensor", "s", 1), numpy_dtype)
    return finish(np.array(value, numpy_dtype), requires_grad, "scalar_tensor")


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)
