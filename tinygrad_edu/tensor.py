"""The Tensor: an array, its gradient, and the node that produced it.

Everything a tensor *does* is declared elsewhere (:mod:`tinygrad_edu.ops`, :mod:`tinygrad_edu.functions`) and bound to
the class in one table (:mod:`tinygrad_edu.methods`). Here is what it *is*.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .autograd import runtime
from .autograd.grad_mode import INFERENCE, get_mode
from .autograd.node import AccumulateGrad, Node, grad_fn_of
from .autograd.runtime import BarredView, wrap
from .autograd.version import version_of
from .devices import CPU, device, layout, strided
from .dtypes import c_name, default_numpy_dtype, dtype, from_numpy_dtype
from .printing import format_scalar, tensor_str
from .size import Size

if TYPE_CHECKING:
    from ._methods import TensorMethods  # generated: what tinygrad_edu.methods binds to the class
else:
    TensorMethods = object

__all__ = ["Tensor", "new_leaf", "type_string", "wrap"]


def type_string(array: np.ndarray) -> str:
    """The legacy type's name, ``torch.FloatTensor``."""
    return f"torch.{from_numpy_dtype(array.dtype).legacy_name}Tensor"


class fact(property):
    """A property that complains in PyTorch's words when it is assigned to."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, instance: Any, value: Any) -> None:
        if self.fset is None:
            raise AttributeError(f"attribute '{self.name}' of 'torch._C.TensorBase' objects is not writable")
        self.fset(instance, value)


OWN_STATE = frozenset(("_inference", "_taped"))
"""What the package itself notes in a tensor's ``__dict__``, which is the user's: no copy has it and ``dir`` hides it."""


class Tensor(TensorMethods):
    """A multi-dimensional array that remembers how it was computed.

    ``Tensor(2, 3)`` makes an uninitialised float tensor of that size and ``Tensor([1, 2])`` a float tensor of those
    values, as PyTorch's legacy constructor does; prefer :func:`tinygrad_edu.tensor`.

    Attributes:
        grad: the gradient, after ``backward()``, of a leaf (or of a tensor that called ``retain_grad()``).
        grad_fn: the node of the backward graph that made this tensor; None for leaves.
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_family", "_grad", "_node")

    _array: np.ndarray
    _node: Node | None
    _grad: Tensor | None
    _family: Any
    """The base of a view, or a base's views; see :func:`tinygrad_edu.autograd.runtime.note_view`."""

    __array_priority__ = 1000  # NumPy's operators leave the work to ours

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        from .legacy import legacy_tensor

        return legacy_tensor(cls, args, kwargs)

    # ---- the graph

    @fact
    def grad_fn(self) -> Node | None:
        """The node of the backward graph that made this tensor; None for leaves."""
        node = self._node
        return None if node is None else grad_fn_of(node)

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to (or through) this tensor, or to the base that it is a view of."""
        return self._node is not None or ((base := self._base) is not None and base._node is not None)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if type(value) is not bool:
            raise RuntimeError("requires_grad must be a bool")
        if value and not self.is_leaf:
            raise RuntimeError("you can only change requires_grad flags of leaf variables.")
        if value and self._array.dtype.kind not in "fc":
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this leaf ask for a gradient, or no longer."""
        if type(requires_grad) is not bool:
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                f"{type(requires_grad).__name__}"
            )
        node = self._node
        if not requires_grad:
            if node is not None and type(node) is not AccumulateGrad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            self._node = None
        elif node is None:
            if self._array.dtype.kind not in "fc":
                raise RuntimeError("only Tensors of floating point dtype can require gradients")
            if self.is_inference() and get_mode() is not INFERENCE:
                words = "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
                raise RuntimeError(words)
            self._node = AccumulateGrad(self)
        return self

    @fact
    def is_leaf(self) -> bool:
        """Whether the user made this tensor: no operation on tensors that require grad did."""
        return self._node is None or type(self._node) is AccumulateGrad

    @fact
    def output_nr(self) -> int:
        """Which of its node's outputs this tensor is."""
        return getattr(self._node, "index", 0)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have added up; assign None to start afresh."""
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated for "
                "a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by "
                "mistake, make sure you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for "
                "more information.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            self._check_gradient(value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _check_gradient(self, value: Any) -> None:
        from .autograd.errors import type_name

        if not isinstance(value, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type_name(value)}")
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        own, given = self._array, value._array
        if given.dtype != own.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{c_name(given.dtype)}' to a tensor with grad_dtype "
                f"'{self.dtype.legacy_name}'. The gradient must match the tensor's grad_dtype (defaults to the "
                "tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to "
                "allow any dtype. Set grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may "
                "break downstream systems that assume they match."
            )
        if given.shape != own.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(given.shape)}' to a tensor of size "
                f"'{list(own.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )

    @fact
    def grad_dtype(self) -> dtype:
        """The dtype that ``grad`` has: the tensor's own."""
        return self.dtype

    @fact
    def retains_grad(self) -> bool:
        """Whether ``retain_grad()`` was called on this non-leaf."""
        hooks = None if self.is_leaf else self._node.hooks  # type: ignore[union-attr]
        return hooks is not None and hooks.retain is not None and hooks.retain() is self

    @property
    def data(self) -> Tensor:
        """The same memory without history. Writes through it are not noticed by autograd."""
        array = self._array
        # An array over a memoryview has a storage of its own in the eyes of autograd.version.
        return new_leaf(Tensor, np.asarray(array.data) if array.size else array.view())

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self._node is not None and value._array.dtype.kind not in "fc":
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        self._array = value._array
        if type(self._node) is AccumulateGrad:
            self._node.describe(self._array)

    @data.deleter
    def data(self) -> None:
        raise RuntimeError("Deleting tensor data is not allowed. Delete tensor instead!")

    @fact
    def _version(self) -> int:
        if self.is_inference():
            raise RuntimeError("Inference tensors do not track version counter.")
        return version_of(self._array)

    @property
    def _base(self) -> Tensor | None:
        """The tensor whose memory this one shows, if it is a view."""
        family = self._family
        kind = family.__class__
        if family is None or kind is list:
            return None
        return family.base if kind is BarredView else family

    def _is_view(self) -> bool:
        return self._base is not None

    def is_inference(self) -> bool:
        """Whether the tensor was made inside ``inference_mode``."""
        return "_inference" in self.__dict__

    # ---- facts

    @fact
    def shape(self) -> Size:
        """The length of every dimension."""
        return tuple.__new__(Size, self._array.shape)

    @fact
    def dtype(self) -> dtype:
        """The type of the elements."""
        return from_numpy_dtype(self._array.dtype)

    @fact
    def device(self) -> device:
        """Where the tensor lives: the CPU."""
        return CPU

    @fact
    def layout(self) -> layout:
        """How the tensor is stored: strided."""
        return strided

    @fact
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    @fact
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self._array.itemsize

    @fact
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self._array.nbytes

    @property
    def volatile(self) -> bool:
        """PyTorch's old switch for what ``no_grad`` does now."""
        warnings.warn("volatile was removed (Variable.volatile is always False)", UserWarning, stacklevel=2)
        return False

    @volatile.setter
    def volatile(self, value: Any) -> None:
        warnings.warn(
            "volatile was removed and now has no effect. Use `with torch.no_grad():` "
            "instead.", UserWarning, stacklevel=2
        )

    is_cuda = is_ipu = is_maia = is_meta = is_mkldnn = is_mps = is_mtia = is_nested = is_quantized = is_sparse = False
    is_sparse_csr = is_vulkan = is_xla = is_xpu = False
    is_cpu = True

    # ---- Python's protocols

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        node = self.grad_fn
        return tensor_str(
            self._array,
            requires_grad=self.requires_grad,
            grad_fn=None if node is None else type(node).__name__,
            default_dtype=default_numpy_dtype().name,
            class_name="tensor" if type(self) is Tensor else type(self).__name__,
        )

    def __format__(self, spec: str) -> str:
        return format_scalar(self, self._array, spec, plain=type(self) is Tensor)

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self._array.ndim else self

    __hash__ = object.__hash__  # by identity; optimisers look every parameter up in every step

    def __dir__(self) -> list[str]:
        return sorted({*dir(type(self)), *self.__dict__} - OWN_STATE)

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous"
                if not self._array.size
                else "Boolean value of Tensor with more than one value is ambiguous"
            )
        return bool(self._array.item())

    def _scalar(self, c_type: str) -> Any:
        """The single element for Python's ``float()``, ``int()``, ``complex()``."""
        if self._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        value = self._array.item()
        if c_type and type(value) is complex:
            if value.imag or (c_type == "int64_t" and not -(2.0**63) <= value.real < 2.0**63):
                raise RuntimeError(f"value cannot be converted to type {c_type} without overflow")
            return value.real
        return value

    def __float__(self) -> float:
        if self.requires_grad:
            warnings.warn(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\nConsider "
                "using tensor.detach() first.",
                UserWarning,
                stacklevel=2,
            )
        return float(self._scalar("double"))

    def __int__(self) -> int:
        return int(self._scalar("int64_t"))

    def __complex__(self) -> complex:
        return complex(self._scalar(""))

    def __index__(self) -> int:
        if self._array.size != 1 or self._array.dtype.kind not in "biu":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, (Tensor, int, float, bool, complex)):
            return bool((element == self).any().item())  # type: ignore[union-attr]
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Tensor:
        """NumPy's ufuncs on a tensor answer with a tensor."""
        array = np.asarray(array)
        return wrap(array.astype(np.uint8) if array.dtype == bool else array)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a "
                "torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        from .copying import deep_copy

        return deep_copy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        from .copying import reduced

        return reduced(self)

    # ---- out of the tensor

    def item(self) -> Any:
        """The single element as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        return self._array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers, or one number for a 0-d tensor."""
        return self._array.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """An array over the tensor's memory. A tensor that requires grad must be detached first, or ``force`` used."""
        if not force and self.requires_grad and get_mode() and "_taped" not in self.__dict__:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self._array.view()  # a view, so that nobody reshapes the tensor's own array


runtime.Tensor = Tensor
Tensor.__module__ = "torch"
"""``print(type(x))`` stands in many notes. (Pickles do not name plain tensors' class: :mod:`tinygrad_edu.copying`.)"""


def new_leaf(cls: type[Tensor], array: np.ndarray) -> Any:
    """A tensor of a subclass over ``array``, without history."""
    made = object.__new__(cls)
    made._array = array
    made._node = made._grad = made._family = None
    return made
