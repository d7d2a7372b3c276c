"""The Tensor: an array, its gradient, and the node that produced it.

Everything a tensor *does* is declared elsewhere (:mod:`tinygrad_edu.ops`, :mod:`tinygrad_edu.functions`) and bound to the
class in one table (:mod:`tinygrad_edu.methods`). Here is what it *is*.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from .autograd.grad_mode import INFERENCE, get_mode
from .autograd.node import AccumulateGrad, Node, grad_fn_of
from .autograd.runtime import BarredView, wrap
from .autograd.version import version_of
from .devices import CPU, device, layout, strided
from .dtypes import default_numpy_dtype, dtype, from_numpy_dtype
from .printing import format_scalar, tensor_str
from .size import Size

__all__ = ["Tensor", "type_string", "wrap"]


def type_string(array: np.ndarray) -> str:
    """The legacy type's name, ``torch.FloatTensor``."""
    return f"torch.{from_numpy_dtype(array.dtype).legacy_name}Tensor"


class Tensor:
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
        from .creation import legacy_tensor

        made = object.__new__(cls)
        made._array = legacy_tensor(default_numpy_dtype(), args, kwargs)
        made._node = made._grad = made._family = None
        return made

    # ---- the graph

    @property
    def grad_fn(self) -> Node | None:
        node = self._node
        return None if node is None else grad_fn_of(node)

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to (or through) this tensor, or to the base that it is a view of."""
        return self._node is not None or ((base := self._base) is not None and base._node is not None)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this leaf ask for a gradient, or no longer."""
        node = self._node
        if not requires_grad:
            if node is not None and type(node) is not AccumulateGrad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
                    "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            self._node = None
        elif node is None:
            if self._array.dtype.kind not in "fc":
                raise RuntimeError("only Tensors of floating point dtype can require gradients")
            if self.is_inference() and get_mode() is not INFERENCE:
                raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
            self._node = AccumulateGrad(self)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the user made this tensor: no operation on tensors that require grad did."""
        return self._node is None or type(self._node) is AccumulateGrad

    @property
    def output_nr(self) -> int:
        return getattr(self._node, "index", 0)

    @property
    def grad(self) -> Tensor | None:
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
                "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf "
                "Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure "
                "you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more informations.",
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
        if not isinstance(value, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value._array.dtype != self._array.dtype:
            raise RuntimeError(
                "attempting to assign a gradient with dtype "
                f"'{_c_type(value._array)}' to a tensor with grad_dtype '{_c_type(self._array)}'. The gradient must match "
                "the tensor's grad_dtype (defaults to the tensor's dtype). You can set the tensor's grad_dtype attribute "
                "with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging the dtypes of a "
                "tensor and its gradient may break downstream systems that assume they match."
            )
        if value._array.shape != self._array.shape:
            raise RuntimeError(
                f"assigned grad has data of a different size: expected {list(self._array.shape)}, got "
                f"{list(value._array.shape)}"
            )

    @property
    def retains_grad(self) -> bool:
        """Whether ``retain_grad()`` was called on this non-leaf."""
        hooks = None if self.is_leaf else self._node.hooks  # type: ignore[union-attr]
        return hooks is not None and hooks.retain is not None and hooks.retain() is self

    @property
    def data(self) -> Tensor:
        """The same memory without history. Writes through it are not noticed by autograd."""
        return wrap(np.asarray(memoryview(self._array)) if self._array.size else self._array.view())

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self._array = value._array
        if type(self._node) is AccumulateGrad:
            self._node.describe(self._array)

    @property
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

    @property
    def shape(self) -> Size:
        return tuple.__new__(Size, self._array.shape)

    @property
    def dtype(self) -> dtype:
        return from_numpy_dtype(self._array.dtype)

    @property
    def device(self) -> device:
        return CPU

    @property
    def layout(self) -> layout:
        return strided

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def itemsize(self) -> int:
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        return self._array.nbytes

    is_cuda = is_mps = is_xpu = is_sparse = is_quantized = is_meta = is_nested = False
    is_cpu = True
    names: tuple[None, ...]

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

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous"
                if not self._array.size
                else "Boolean value of Tensor with more than one value is ambiguous"
            )
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

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
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Tensor:
        array = np.asarray(array)
        return wrap(array if array.dtype != object else array.astype(float))

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  "
                "If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, "
                "see https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]
        made = object.__new__(type(self))
        memo[id(self)] = made
        made._array = self._array.copy()
        made._node = made._family = None
        made._grad = None if self._grad is None else copy.deepcopy(self._grad, memo)
        made.requires_grad_(self.requires_grad)
        for name, value in self.__dict__.items():
            made.__dict__[name] = copy.deepcopy(value, memo)
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the pickle protocol; detach() this one"
            )
        return _rebuild, (type(self), np.asarray(self._array, order="C"), self.requires_grad), self.__dict__ or None

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
        """The array itself (shared memory). A tensor that requires grad must be detached first, or ``force`` used."""
        if self._node is not None and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self._array


def _rebuild(cls: type[Tensor], array: np.ndarray, requires_grad: bool) -> Tensor:
    made = object.__new__(cls)
    made._array = array
    made._node = made._grad = made._family = None
    return made.requires_grad_(requires_grad)


def _c_type(array: np.ndarray) -> str:
    names = {"float32": "float", "float64": "double", "int64": "long int", "float16": "c10::Half", "int32": "int"}
    return names.get(array.dtype.name, array.dtype.name)
