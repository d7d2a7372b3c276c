"""Other dtypes, sizes and strides, and what only methods do: the graph's switches on a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.node import AccumulateGrad
from ..autograd.runtime import wrap
from ..creation import empty, full, ones, tensor, zeros
from ..dtypes import DTYPES, device, dtype, require_cpu, to_numpy_dtype
from ..ops.elementwise import convert
from ..ops.shape import axis_of, permute
from ..ops.shape import transpose as _transpose
from ..tensor import Tensor, type_string

# ---- dtype and device ----------------------------------------------------------------------------------------------


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor in another dtype (or on another device, of which there is one): itself where nothing changes.

    ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``, each with ``non_blocking`` and ``copy``.
    """
    target, copy = kwargs.pop("dtype", None), kwargs.pop("copy", False)
    place = kwargs.pop("device", None)
    other = kwargs.pop("other", None)
    flags = []
    for name in ("non_blocking", "memory_format"):
        kwargs.pop(name, None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    for each in (*args, other):
        if each is None:
            continue
        if isinstance(each, bool):
            flags.append(each)
        elif isinstance(each, dtype) or each in (float, int, complex):
            target = each
        elif isinstance(each, Tensor):
            target = each.dtype
        elif isinstance(each, (str, device, int)):
            place = each
        else:
            raise TypeError(
                f"to() received an invalid combination of arguments - got ({type(each).__name__}), but expected one of: "
                "(torch.device device, torch.dtype dtype, ...), (torch.dtype dtype, ...) or (Tensor other, ...)"
            )
    if place is not None:
        require_cpu(place)
    if target is None:
        return self.clone() if copy or len(flags) > 1 and flags[1] else self
    return cast(self, to_numpy_dtype(target), copy or (len(flags) > 1 and flags[1]))


def cast(self: Tensor, numpy_dtype: np.dtype[Any], copy: bool = False) -> Tensor:
    """The tensor in a NumPy dtype."""
    if self._array.dtype == numpy_dtype and not copy:
        return self
    if numpy_dtype.kind not in "fc" or self._node is None:
        return convert.function(self.detach() if self._node is not None else self, numpy_dtype)
    return convert.function(self, numpy_dtype)


def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy name (``torch.FloatTensor``), or the tensor converted to a type given by dtype, name or class."""
    if dtype is None:
        return type_string(self._array)
    return cast(self, to_numpy_dtype(dtype_of_legacy_type(dtype)))


def dtype_of_legacy_type(given: Any) -> Any:
    """A dtype from itself, from ``torch.FloatTensor``, or from the string ``"torch.FloatTensor"``."""
    if isinstance(given, str):
        for each in DTYPES.values():
            if given == f"torch.{each.legacy_name}Tensor":
                return each
        raise ValueError(f"invalid type: '{given}'")
    return getattr(given, "dtype", given) if isinstance(given, LegacyType) else given


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of ``other``."""
    return cast(self, other._array.dtype)


def _caster(name: str) -> Any:
    numpy_dtype = DTYPES[name]

    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return cast(self, numpy_dtype.numpy)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {numpy_dtype}."
    return method


CASTERS = {
    "bool": _caster("bool"), "byte": _caster("uint8"), "char": _caster("int8"), "short": _caster("int16"),
    "int": _caster("int32"), "long": _caster("int64"), "half": _caster("float16"), "float": _caster("float32"),
    "double": _caster("float64"), "cfloat": _caster("complex64"), "cdouble": _caster("complex128"),
    "bfloat16": _caster("bfloat16"),
}  # fmt: skip


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Raises as PyTorch does without CUDA."""
    raise AssertionError("Torch not compiled with CUDA enabled")


def get_device(self: Tensor) -> int:
    """-1: the CPU has no number."""
    return -1


class LegacyType(__import__("builtins").type):
    """The class of ``FloatTensor`` and its siblings: they make tensors, and ``isinstance`` asks for the dtype."""

    dtype: Any

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Tensor:
        from ..creation import legacy_tensor

        return wrap(legacy_tensor(cls.dtype.numpy, args, kwargs))

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


LEGACY_TYPES = {
    f"{each.legacy_name}Tensor": LegacyType(f"{each.legacy_name}Tensor", (), {"dtype": each, "__module__": "torch"})
    for each in dict.fromkeys(DTYPES.values())
    if each._numpy is not None
}

# ---- sizes ---------------------------------------------------------------------------------------------------------


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or the length of one axis."""
    if dim is None:
        return self.shape
    if not self._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return self._array.shape[axis_of(dim, self._array.ndim)]


def dim(self: Tensor) -> int:
    """How many axes there are."""
    return self._array.ndim


def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many elements lie between neighbours along each axis (or one)."""
    strides = tuple(s // self._array.itemsize for s in self._array.strides)
    return strides if dim is None else strides[axis_of(dim, len(strides))]


def storage_offset(self: Tensor) -> int:
    """Where in its memory the tensor begins, counted in elements."""
    from ..autograd.version import storage_of

    return (self._array.ctypes.data - storage_of(self._array).ctypes.data) // self._array.itemsize


def data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    return self._array.ctypes.data


def element_size(self: Tensor) -> int:
    """The bytes of one element."""
    return self._array.itemsize


def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether memory is row-major without gaps."""
    return self._array.flags.c_contiguous


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating point type."""
    return input._array.dtype.kind == "f"


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex."""
    return input._array.dtype.kind == "c"


def is_signed(self: Tensor) -> bool:
    """Whether the dtype can hold negative numbers."""
    return self._array.dtype.kind in "ifc"


def is_same_size(self: Tensor, other: Tensor) -> bool:
    """Whether both shapes are equal."""
    return self._array.shape == other._array.shape


def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Another size in place; elements that fit keep their order, new ones are uninitialised."""
    from .shape import ints

    if self._node is not None:
        raise RuntimeError("cannot resize variables that require grad")
    shape = ints(sizes, "resize_")
    fresh = np.empty(shape, self._array.dtype)
    keep = min(fresh.size, self._array.size)
    fresh.reshape(-1)[:keep] = self._array.reshape(-1)[:keep]
    self._array = fresh
    return self


def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: there is no device to pin memory for."""
    return self


def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself: threads share memory already."""
    return self


# ---- transposed views as attributes ----------------------------------------------------------------------------------


def T(self: Tensor) -> Tensor:  # noqa: N802 (Tensor.T)
    """The axes in reverse order."""
    n = self._array.ndim
    if n == 2:
        return permute.function(self, (1, 0))
    if n != 0:
        import warnings

        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an "
            "error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=2,
        )
    return permute.function(self, tuple(range(n - 1, -1, -1)))


def mT(self: Tensor) -> Tensor:  # noqa: N802 (Tensor.mT)
    """The last two axes exchanged."""
    if self._array.ndim < 2:
        raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got {self._array.ndim}-D tensor.")
    return _transpose.function(self, -2, -1)


# ---- new tensors of the same kind ------------------------------------------------------------------------------------


def _new(factory: Any) -> Any:
    def method(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any) -> Tensor:  # fmt: skip
        chosen = self.dtype if dtype is None else dtype
        return factory(*args, dtype=chosen, device=device, requires_grad=requires_grad, **kwargs)

    method.__name__ = method.__qualname__ = f"new_{factory.__name__}"
    method.__doc__ = f":func:`{factory.__name__}` in this tensor's dtype, unless ``dtype`` is given."
    return method


NEW_METHODS = {f"new_{factory.__name__}": _new(factory) for factory in (empty, zeros, ones, full, tensor)}


def new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The legacy constructor in this tensor's dtype."""
    from ..creation import legacy_tensor

    return wrap(legacy_tensor(self._array.dtype, args, kwargs))


# ---- the graph -------------------------------------------------------------------------------------------------------


def backward(self: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None) -> None:  # fmt: skip
    """Compute the gradient of this tensor with respect to the leaves of its graph, and add it to their ``grad``.

    Args:
        gradient: the gradient with respect to this tensor; may be left out for a scalar.
        retain_graph: keep what the graph saved, for another pass (default: as ``create_graph``).
        create_graph: record the pass itself, for higher derivatives.
        inputs: the leaves to compute for; all by default.
    """
    from ..autograd import backward

    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def detach(self: Tensor) -> Tensor:
    """The same memory without history."""
    made = wrap(self._array)
    if self.__dict__ and self.is_inference():
        made.__dict__["_inference"] = True
    return made


def detach_(self: Tensor) -> Tensor:
    """Cut this tensor from its history in place: it becomes a leaf."""
    if self._is_view():
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, "
            "and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be "
            "called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
            "torch/optim/optimizer.py as a solution."
        )
    self._node = None
    return self


def retain_grad(self: Tensor) -> None:
    """Keep this non-leaf's gradient in ``grad`` after a backward pass."""
    import weakref

    if self._node is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if not isinstance(self._node, AccumulateGrad):
        self._node.ensure_hooks().retain = weakref.ref(self)


def register_hook(self: Tensor, hook: Any) -> Any:
    """Run ``hook(grad)`` when this tensor's gradient is computed; a returned tensor replaces it. Returns a handle."""
    from ..utils.hooks import add_hook

    if self._node is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    return add_hook(self._node.ensure_hooks().tensor_pre, hook)


def register_post_accumulate_grad_hook(self: Tensor, hook: Any) -> Any:
    """Run ``hook(self)`` after this leaf's gradient has been stored. Returns a handle."""
    from ..utils.hooks import add_hook

    if self._node is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if not isinstance(self._node, AccumulateGrad):
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return add_hook(self._node.ensure_hooks().accumulated, hook)


