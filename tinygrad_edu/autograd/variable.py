"""``torch.autograd.Variable``: the name under which code from before PyTorch 0.4 knows Tensor."""

from __future__ import annotations

import warnings
from typing import Any

__all__ = ["Variable", "VariableMeta", "variable"]


class VariableMeta(type):
    """Every Tensor is an instance of Variable."""

    def __instancecheck__(cls, instance: Any) -> bool:
        from ..tensor import Tensor

        return isinstance(instance, Tensor)


class Variable(metaclass=VariableMeta):
    """``Variable(data, requires_grad=False)``: a Tensor that shares ``data``'s memory and is a leaf.

    Raises:
        TypeError: ``data`` is no Tensor.
    """

    def __new__(
        cls, data: Any = None, requires_grad: bool = False, volatile: bool = False, name: str | None = None
    ) -> Any:
        from ..creation import tensor
        from ..tensor import Tensor

        if volatile:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.",
                UserWarning,
                stacklevel=2,
            )
        if data is None:
            data = tensor([])
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        if requires_grad and data._array.dtype.kind not in "fc":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made: Any = data.detach()  # type: ignore[attr-defined]
        if name is not None:
            made.__dict__["name"] = name
        return made.requires_grad_(requires_grad)


def variable(*args: Any, **kwargs: Any) -> Any:
    """Deprecated; :func:`torch.tensor`."""
    raise RuntimeError("torch.autograd.variable(...) is deprecated, use torch.tensor(...) instead")


variable.Variable = Variable  # type: ignore[attr-defined]
