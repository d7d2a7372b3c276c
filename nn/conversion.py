"""Converting and moving the tensors of a module: the part of ``Module`` behind ``to``, ``float`` and ``cuda``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..autograd.grad_mode import no_grad
from ..creation import empty_like
from ..dtypes import dtype
from ..tensor import Tensor

_T = TypeVar("_T", bound="Convertible")


class Convertible:
    """Methods that replace the data of all parameters, gradients and buffers of a module and return the module."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    children: Callable[[], Iterator[Any]]

    def _apply(self: _T, fn: Callable[[Any], Any], recurse: bool = True) -> _T:
        """Replace the data of every parameter, gradient and buffer by ``fn`` of it; parameters stay the same."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            with no_grad():
                param.data = fn(param)
                if param.grad is not None:
                    param.grad.data = fn(param.grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self: _T, *args: Any, **kwargs: Any) -> _T:
        """Move or convert parameters and buffers in place: ``to(device, dtype)``, ``to(dtype)`` or ``to(tensor)``.

        A dtype must be a floating point or complex one, and applies to floating point and complex tensors only.
        """
        given = (each.dtype if isinstance(each, Tensor) else each for each in (*args, *kwargs.values()))
        targets = [each for each in given if isinstance(each, dtype)]
        for target in targets:
            if not (target.is_floating_point or target.is_complex):
                raise TypeError(
                    f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={target}"
                )
            if target.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may change, and some "
                    "modules might not work as expected when using complex tensors as parameters or buffers.",
                    stacklevel=2,
                )

        without_format = {name: value for name, value in kwargs.items() if name != "memory_format"}

        def convert(tensor: Any) -> Any:
            floating = tensor.is_floating_point() or tensor.is_complex()
            if targets and not floating:
                return tensor
            return tensor.to(*args, **(kwargs if tensor.dim() in (4, 5) else without_format))

        return self._apply(convert)

    def type(self: _T, dst_type: Any) -> _T:
        """Convert all parameters and buffers to ``dst_type``."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self: _T) -> _T:
        """Convert floating point parameters and buffers to float32."""
        return self._apply(lambda tensor: tensor.float() if tensor.is_floating_point() else tensor)

    def double(self: _T) -> _T:
        """Convert floating point parameters and buffers to float64."""
        return self._apply(lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)

    def half(self: _T) -> _T:
        """Convert floating point parameters and buffers to float16."""
        return self._apply(lambda tensor: tensor.half() if tensor.is_floating_point() else tensor)

    def bfloat16(self: _T) -> _T:
        """Convert floating point parameters and buffers to bfloat16."""
        return self._apply(lambda tensor: tensor.bfloat16() if tensor.is_floating_point() else tensor)

    def cpu(self: _T) -> _T:
        """Move parameters and buffers to the CPU."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self: _T, device: Any = None) -> _T:
        """Move parameters and buffers to a GPU, which raises as in PyTorch where there is none."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def to_empty(self: _T, *, device: Any, recurse: bool = True) -> _T:
        """Move parameters and buffers to ``device`` without their values."""
        return self._apply(lambda tensor: empty_like(tensor, device=device), recurse=recurse)

    def share_memory(self: _T) -> _T:
        """Move parameters and buffers to memory that processes share."""
        return self._apply(lambda tensor: tensor.share_memory_())
