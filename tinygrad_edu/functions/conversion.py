"""Other dtypes, sizes and strides, and what only methods do: the graph's switches on a tensor."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..creation import as_tensor as as_tensor
from ..creation import copied, empty, empty_strided, finish, full, in_format, ones, zeros
from ..devices import channels_last, channels_last_3d, device, memory_format, preserve_format, require_cpu
from ..dtypes import DTYPES, c_name, dtype, to_numpy_dtype
from ..legacy import dtype_of_type
from ..legacy import new as new
from ..ops.complex import conj as _conj
from ..ops.complex import conj_physical as _conj_physical
from ..ops.complex import imag as _imaginary_view
from ..ops.complex import real as _real_view
from ..ops.elementwise import clone, convert
from ..ops.shape import axis_of, permute
from ..ops.shape import transpose as _transpose
from ..tensor import Tensor, fact, type_string

# ---- dtype and device ----------------------------------------------------------------------------------------------


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor in another dtype (or on another device, of which there is one): itself where nothing changes.

    ``to(dtype)``, ``to(device, dtype=None)``, ``to(other)``, each with ``non_blocking``, ``copy`` and
    ``memory_format``.
    """
    if len(args) == 1 and not kwargs and args[0].__class__ is dtype:
        return cast(self, args[0].numpy)
    if not args and not kwargs:
        return self
    given = _to_arguments(args, kwargs)
    target = given.get("dtype")
    if (place := given.get("device")) is not None:
        require_cpu(place, "to")
    numpy_dtype = self._array.dtype if target is None else to_numpy_dtype(target, "to")
    result = cast(self, numpy_dtype, given.get("copy", False))
    order = given.get("memory_format")
    return result if order is None else in_memory_format(result, order)


def _to_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of ``to`` by name; those of ``to(other)`` as a dtype."""
    names = ["device", "dtype", "non_blocking", "copy"]
    if args and (_is_dtype(args[0]) or isinstance(args[0], Tensor)):
        del names[0]
        if isinstance(args[0], Tensor):
            args = (args[0].dtype, *args[1:])
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    allowed = {
        "device": lambda x: isinstance(x, (str, device)) or x.__class__ is int,
        "dtype": _is_dtype,
        "non_blocking": lambda x: isinstance(x, bool),
        "copy": lambda x: isinstance(x, bool),
        "memory_format": lambda x: isinstance(x, memory_format),
    }
    fits = all(name in allowed and (value is None or allowed[name](value)) for name, value in given.items())
    if not fits or len(given) < len(args) + len(kwargs):
        words = [type_name(each) for each in args] + [f"{name}={type_name(value)}" for name, value in kwargs.items()]
        if kwargs and not args:
            words.append("")  # PyTorch leaves a comma behind
        raise TypeError(f"to() received an invalid combination of arguments - got ({', '.join(words)})")
    return given


def _is_dtype(value: Any) -> bool:
    return value.__class__ is dtype or value in (float, int, bool, complex)


def in_memory_format(tensor: Tensor, order: Any) -> Tensor:
    """The tensor itself, or a copy, whose memory is laid out in this order."""
    if is_contiguous(tensor, order):
        return tensor
    result: Tensor = clone.function(tensor)
    result._array = in_format(result._array, order)
    return result


def cast(self: Tensor, numpy_dtype: np.dtype[Any], copy: bool = False) -> Tensor:
    """The tensor in a NumPy dtype."""
    array = self._array
    if array.dtype is numpy_dtype and not copy:
        return self
    source = self
    if array.dtype.kind == "c" and numpy_dtype.kind not in "cb":
        warnings.warn("Casting complex values to real discards the imaginary part", UserWarning, stacklevel=3)
        source = _real_view.function(self)
    if numpy_dtype.kind not in "fc" and source._node is not None:
        source = source.detach()
    return convert.function(source, numpy_dtype)


def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy name (``torch.FloatTensor``), or the tensor converted to a type given by dtype, name or class."""
    if dtype is None:
        return type_string(self._array)
    return cast(self, dtype_of_type(dtype).numpy)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of ``other``."""
    if not isinstance(other, Tensor):
        raise TypeError(f"type_as(): argument 'other' (position 1) must be Tensor, not {type_name(other)}")
    return cast(self, other._array.dtype)


def _caster(name: str) -> Any:
    target = DTYPES[name]

    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return cast(self, target.numpy)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {target}."
    return method


CASTERS = {
    "bool": _caster("bool"), "byte": _caster("uint8"), "char": _caster("int8"), "short": _caster("int16"),
    "int": _caster("int32"), "long": _caster("int64"), "half": _caster("float16"), "float": _caster("float32"),
    "double": _caster("float64"), "cfloat": _caster("complex64"), "cdouble": _caster("complex128"),
    "bfloat16": _caster("bfloat16"), "chalf": _caster("complex32"),
}  # fmt: skip


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Raises as PyTorch does without CUDA."""
    raise AssertionError("Torch not compiled with CUDA enabled")


def get_device(input: Tensor) -> int:
    """-1: the CPU has no number."""
    return -1


def view_dtype(self: Tensor, dtype: Any) -> Tensor:
    """The tensor's bytes read as another dtype; the last axis shrinks or grows with the size of an element."""
    target, array = to_numpy_dtype(dtype, "view"), self._array
    old, new = self.dtype.legacy_name, DTYPES[target.name].legacy_name
    different = f"to view {old} as {new} (different element sizes)"
    if target.itemsize != array.itemsize:
        if not array.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 {different}")
        if array.strides[-1] != array.itemsize:
            raise RuntimeError(f"self.stride(-1) must be 1 {different}, but got {array.strides[-1] // array.itemsize}")
        ratio = target.itemsize // array.itemsize
        if ratio > 1 and array.shape[-1] % ratio:
            raise RuntimeError(f"self.size(-1) must be divisible by {ratio} {different}, but got {array.shape[-1]}")
    return wrap(array.view(target))


# ---- sizes ---------------------------------------------------------------------------------------------------------


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or the length of one axis."""
    if dim is None:
        return self.shape
    return self._array.shape[_axis("size", dim, self._array.ndim)]


def _axis(caller: str, dim: Any, ndim: int) -> int:
    if dim.__class__ is not int and not hasattr(dim, "__index__"):
        raise TypeError(f"{caller}(): argument 'dim' (position 1) must be int, not {type_name(dim)}")
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return axis_of(dim, ndim)


def dim(self: Tensor) -> int:
    """How many axes there are."""
    return self._array.ndim


def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many elements lie between neighbours along each axis (or one)."""
    array = self._array
    if array.size:
        strides = tuple(step // array.itemsize for step in array.strides)
    else:  # NumPy writes zeros where there is nothing to step over
        strides, step = (), 1
        for n in reversed(array.shape):
            strides, step = (step, *strides), step * max(n, 1)
    return strides if dim is None else strides[_axis("stride", dim, len(strides))]


def storage_offset(self: Tensor) -> int:
    """Where in its memory the tensor begins, counted in elements."""
    from ..autograd.version import storage_of

    return (self._array.ctypes.data - storage_of(self._array).ctypes.data) // self._array.itemsize


def data_ptr(self: Tensor) -> int:
    """The address of the first element (0 where there is none)."""
    return self._array.ctypes.data if self._array.size else 0


def element_size(self: Tensor) -> int:
    """The bytes of one element."""
    return self._array.itemsize


def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether memory is row-major (or in the order of ``memory_format``) without gaps."""
    array = self._array
    if memory_format is channels_last:
        return array.ndim == 4 and array.transpose(0, 2, 3, 1).flags.c_contiguous
    if memory_format is channels_last_3d:
        return array.ndim == 5 and array.transpose(0, 2, 3, 4, 1).flags.c_contiguous
    return array.flags.c_contiguous or memory_format is preserve_format


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both show the same memory in the same way."""
    a, b = self._array, tensor._array
    return a.ctypes.data == b.ctypes.data and (a.shape, a.strides, a.dtype) == (b.shape, b.strides, b.dtype)


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating point type."""
    return _tensor(input, "is_floating_point")._array.dtype.kind == "f"


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex."""
    return _tensor(input, "is_complex")._array.dtype.kind == "c"


def is_signed(input: Tensor) -> bool:
    """Whether the dtype can hold negative numbers."""
    return _tensor(input, "is_signed")._array.dtype.kind in "ifc"


def is_nonzero(input: Tensor) -> bool:
    """Whether the single element is not zero."""
    return bool(_tensor(input, "is_nonzero"))


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both shapes are equal."""
    return _tensor(input, "is_same_size")._array.shape == other._array.shape


def is_conj(input: Tensor) -> bool:
    """False: conjugation is carried out at once."""
    return False


def is_neg(input: Tensor) -> bool:
    """False: negation is carried out at once."""
    return False


def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made inside ``inference_mode``."""
    return input.is_inference()


def _tensor(value: Any, caller: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"{caller}(): argument 'input' (position 1) must be Tensor, not {type_name(value)}")
    return value


# ---- memory ----------------------------------------------------------------------------------------------------------


def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Another size in place, over the same memory while that is large enough; new elements are uninitialised."""
    from ..copying import on_storage, place_in_storage
    from .shape import ints

    if self._node is not None:
        raise RuntimeError("cannot resize variables that require grad")
    shape, array = ints(sizes, "resize_"), self._array
    if any(n < 0 for n in shape):
        raise RuntimeError("numel: integer multiplication overflow")
    count, place = math.prod(shape), place_in_storage(array)
    if place is not None and place[1] + count * array.itemsize <= place[0].nbytes:
        fresh = np.empty(shape, array.dtype)  # for its strides
        self._array = on_storage(place[0], array.dtype, place[1], shape, fresh.strides) if count else fresh
        return self
    fresh = np.empty(count, array.dtype)
    keep = min(count, array.size)
    fresh[:keep] = array.reshape(-1)[:keep]
    self._array = fresh.reshape(shape)
    return self


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """:func:`resize_` to the size of another tensor."""
    return resize_(self, the_template._array.shape)


def resize(self: Tensor, *sizes: Any) -> Tensor:
    """Deprecated in PyTorch: a view in another size of as many elements."""
    from .shape import contiguous, ints, view

    warnings.warn("non-inplace resize is deprecated", UserWarning, stacklevel=2)
    shape, own = ints(sizes, "resize"), self._array
    if math.prod(shape) != own.size:
        size, elements = "x".join(map(str, shape)), math.prod(shape)
        raise RuntimeError(
            f"requested resize to {size} ({elements} elements in total), but the given tensor has a size of "
            f"{'x'.join(map(str, own.shape))} ({own.size} elements). autograd's resize can only change the shape of a "
            "given tensor, while preserving the number of elements. "
        )
    return view(contiguous(self), shape)


def set_(self: Tensor, source: Any = None) -> Tensor:
    """Show the memory of ``source`` (of none, if it is left out) from now on."""
    from ..inplace import check_in_place

    check_in_place(self)
    if source is None:
        self._array = np.empty(0, self._array.dtype)
        return self
    if source._array.dtype != self._array.dtype:
        names = [c_name(each._array.dtype) for each in (source, self)]
        raise RuntimeError("Could not set tensor of type {} to a tensor of type {}".format(*names))
    self._array = source._array
    return self


def apply_(self: Tensor, callable: Any) -> Tensor:
    """Replace each element by ``callable(element)``: slow, for CPU tensors, without gradients."""
    return _each_element(self, "apply_", callable)


def map_(self: Tensor, tensor: Tensor, callable: Any) -> Tensor:
    """Replace each element by ``callable(element, element of tensor)``."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"map_(): argument 'other' (position 1) must be Tensor, not {type_name(tensor)}")
    return _each_element(self, "map_", callable, tensor)


def _each_element(self: Tensor, name: str, function: Any, *others: Tensor) -> Tensor:
    from ..inplace import write_values

    if self._node is not None or any(each._node is not None for each in others):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    columns = [np.broadcast_to(each._array, self._array.shape).reshape(-1).tolist() for each in (self, *others)]
    values = np.array([function(*row) for row in zip(*columns, strict=True)], self._array.dtype)
    write_values(self, values.reshape(self._array.shape))
    return self


def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: there is no device to pin memory for."""
    return self


def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: there is no device to pin memory for."""
    return False


def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself: threads share memory already."""
    return self


def is_shared(self: Tensor) -> bool:
    """Whether other processes see the memory: they do not."""
    return False


# ---- views as attributes ---------------------------------------------------------------------------------------------


def T(self: Tensor) -> Tensor:
    """The axes in reverse order."""
    n = self._array.ndim
    if n == 2:
        return permute.function(self, (1, 0))
    if n == 0:
        warnings.warn(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these "
            "cases.", UserWarning, stacklevel=2
        )
    else:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=2,
        )
    return permute.function(self, tuple(range(n - 1, -1, -1)))


def mT(self: Tensor) -> Tensor:
    """The last two axes exchanged."""
    return _matrix_transpose(self, "mT")


def _matrix_transpose(self: Tensor, name: str) -> Tensor:
    if self._array.ndim < 2:
        raise RuntimeError(
            f"tensor.{name} is only supported on matrices or batches of matrices. Got {self._array.ndim}-D tensor."
        )
    return _transpose.function(self, -2, -1)


def mH(self: Tensor) -> Tensor:
    """The last two axes exchanged, and complex numbers conjugated."""
    return _conjugated(_matrix_transpose(self, "mH"))


def H(self: Tensor) -> Tensor:
    """A matrix transposed, and complex numbers conjugated."""
    n = self._array.ndim
    if n == 0:
        warnings.warn("Tensor.H is deprecated on 0-D tensors. Consider using x.conj().", UserWarning, stacklevel=2)
        return _conjugated(self)
    if n != 2:
        advice = " For batches of matrices, consider using tensor.mH" if n > 2 else ""
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {n}-D tensor.{advice}")
    return _conjugated(_transpose.function(self, 0, 1))


def _conjugated(self: Tensor) -> Tensor:
    return _conj.function(self) if self._array.dtype.kind == "c" else self


def conj(input: Tensor) -> Tensor:
    """Complex numbers conjugated; a real tensor itself."""
    return _conjugated(_tensor(input, "conj"))


def conj_physical(input: Tensor, *, out: Any = None) -> Tensor:
    """Complex numbers conjugated; a real tensor itself."""
    real = out is None and _tensor(input, "conj_physical")._array.dtype.kind != "c"
    return input if real else _conj_physical.function(input, out=out)


def real(input: Tensor) -> Tensor:
    """The real part, as a view; a real tensor is its own."""
    return _real_view.function(input) if _tensor(input, "real")._array.dtype.kind == "c" else input


def imag(input: Tensor) -> Tensor:
    """The imaginary part of a complex tensor, as a view."""
    return _imaginary_view.function(input)


def _set_part(part: Any) -> Any:
    def assign(self: Tensor, value: Any) -> None:
        part(self).copy_(value)

    return assign


ATTRIBUTES = {"T": fact(T), "mT": fact(mT), "H": fact(H), "mH": fact(mH)}
ATTRIBUTES.update({"real": fact(real, _set_part(real)), "imag": fact(imag, _set_part(imag))})
for _name, _attribute in ATTRIBUTES.items():
    _attribute.name = _name

# ---- new tensors of the same kind ------------------------------------------------------------------------------------


def _new(factory: Any) -> Any:
    name = factory.__name__

    def method(self: Tensor, *args: Any, dtype: Any = None, **options: Any) -> Tensor:
        try:
            return factory(*args, dtype=self.dtype if dtype is None else dtype, **options)
        except TypeError as error:
            raise TypeError(str(error).replace(f"{name}()", f"new_{name}()")) from None

    method.__name__ = method.__qualname__ = f"new_{name}"
    method.__doc__ = f":func:`{name}` in this tensor's dtype, unless ``dtype`` is given."
    return method


def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any =
    None, pin_memory: bool = False
) -> Tensor:  # fmt: skip
    """:func:`tensor` in this tensor's dtype, unless ``dtype`` is given."""
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than tensor.new_tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    if device is not None:
        require_cpu(device, "new_tensor")
    numpy_dtype = self._array.dtype if dtype is None else to_numpy_dtype(dtype, "new_tensor")
    return finish(copied(data, numpy_dtype), requires_grad, "new_tensor")


NEW_METHODS = {f"new_{factory.__name__}": _new(factory) for factory in (empty, empty_strided, zeros, ones, full)}
