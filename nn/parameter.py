"""Tensors that a module registers when they are assigned to it (https://docs.pytorch.org/docs/2.13/nn.html#parameter)."""

from __future__ import annotations

from typing import Any

from ..creation import empty
from ..tensor import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter"]


class _ParameterMeta(type(Tensor)):  # type: ignore[misc]
    """A tensor of the user's own class that was made a parameter keeps its class, and counts as a Parameter."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return cls is Parameter and isinstance(instance, Tensor) and getattr(instance, "_is_param", False)


class Parameter(Tensor, metaclass=_ParameterMeta):
    """A tensor that is a parameter of the module to which it is assigned: it appears in ``module.parameters()``.

    It shares the memory of ``data`` and is a leaf of the backward graph. Modules keep other state, such as the last
    hidden state of a recurrent network, in plain tensors, which are not registered.

    Args:
        data: the values; an empty tensor if None.
        requires_grad: whether a gradient is computed, ``no_grad`` or not.
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is None:
            data = empty(0)
        if type(data) is Tensor or type(data) is Parameter:
            if requires_grad and not (data.is_floating_point() or data.is_complex()):
                raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
            param = object.__new__(cls)
            param._array = data._array
            param._node = param._grad = param._family = None
            return param.requires_grad_(requires_grad)
        tensor = data.detach().requires_grad_(requires_grad)
        if type(tensor) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns "
                f"an instance of the same type, but return type {type(tensor).__name__} was found instead. To use the "
                "type as a Parameter, please correct the detach() semantics defined by its __torch_dispatch__() "
                "implementation."
            )
        tensor._is_param = True
        return tensor

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Parameter containing:\n{self.detach().requires_grad_(self.requires_grad)!r}"


class _BufferMeta(type(Tensor)):  # type: ignore[misc]
    """``Buffer(data)`` is a tensor of the class of ``data`` that counts as a Buffer."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor that becomes a buffer of the module to which it is assigned: state that is not a parameter.

    Args:
        data: the values; an empty tensor if None.
        persistent: whether the buffer is part of the module's ``state_dict``.
    """

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        if data is None:
            data = empty(0)
        tensor = data.detach().requires_grad_(data.requires_grad)
        tensor.persistent = persistent
        tensor._is_buffer = True
        return tensor


class _Uninitialized(Tensor):
    """What has no shape yet: it can be converted and given one, and nothing can be computed with it."""

    cls_to_become: Any

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a plain parameter or buffer of that shape, with arbitrary values."""
        own = self.data
        self.data = empty(shape, device=own.device if device is None else device, dtype=dtype or own.dtype)
        self.__class__ = self.cls_to_become

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` to "
            "initialize the parameters before accessing their attributes."
        )

    def detach(self) -> Any:
        """Itself: a state dict keeps that it has no shape."""
        return self

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __getattribute__(self, name: str) -> Any:
        if name[0] != "_" and name not in _ALLOWED and callable(getattr(Tensor, name, None)):
            raise ValueError(
                f"Attempted to use an uninitialized parameter in <method '{name}' of 'torch._C.TensorBase' objects>. This "
                "error happens when you are using a `LazyModule` or explicitly manipulating "
                f"`torch.nn.parameter.{type(self).__name__}` objects. When using LazyModules Call `forward` with a dummy "
                "batch to initialize the parameters before calling torch functions"
            )
        return super().__getattribute__(name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad,)

    def __repr__(self) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"


_ALLOWED = frozenset(
    """
    bfloat16 char copy_ cpu cuda detach double float get_device half int is_complex is_floating_point long share_memory_
    short size to type
    """.split()  # noqa: SIM905
)


def is_lazy(param: Any) -> bool:
    """Whether ``param`` is an :class:`UninitializedParameter` or :class:`UninitializedBuffer`."""
    return isinstance(param, _Uninitialized)


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter of a lazy module, whose shape the first input will tell."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        param = Parameter(empty(0, device=device, dtype=dtype), requires_grad)
        param.__class__ = cls
        return param


class UninitializedBuffer(_Uninitialized):
    """A buffer of a lazy module, whose shape the first input will tell."""

    cls_to_become = Tensor

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True) -> Any:
        buffer: Any = empty(0, device=device, dtype=dtype).requires_grad_(requires_grad)
        buffer.__class__ = cls
        buffer.persistent, buffer._is_buffer = persistent, True
        return buffer
