"""Pruning: parameters of which a mask keeps some (https://docs.pytorch.org/docs/2.13/nn.html#module-torch.nn.utils.prune).

The parameter ``weight`` becomes the parameter ``weight_orig`` and the buffer ``weight_mask``, whose product a hook computes
before each forward pass.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from ...creation import ones_like, zeros_like
from ...functions.ordering import kthvalue
from ...functions.reduction import norm, topk
from ...random import rand, rand_like
from ..module import Module
from .convert_parameters import parameters_to_vector

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class BasePruningMethod(ABC):
    """How to prune; a subclass defines :meth:`compute_mask` and ``PRUNING_TYPE``.

    That is ``"unstructured"`` (element by element), ``"structured"`` (whole slices along ``dim``) or ``"global"``.
    """

    _tensor_name: str

    def __call__(self, module: Any, inputs: Any) -> None:
        """The hook: compute the product."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """A mask of the shape of ``t`` (the importance of each element), which prunes what ``default_mask`` prunes too."""

    def apply_mask(self, module: Any) -> Any:
        """The product of the original parameter and the mask."""
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        mask, original = getattr(module, self._tensor_name + "_mask"), getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def _method_for(cls, module: Any, name: str, *args: Any, **kwargs: Any) -> BasePruningMethod:
        """The method, in a container with those that the parameter is pruned by already, whose hook is removed."""
        hooks = module._forward_pre_hooks
        found = [key for key, hook in hooks.items() if isinstance(hook, BasePruningMethod) and hook._tensor_name == name]
        if len(found) > 1:
            raise AssertionError(
                "Avoid adding multiple pruning hooks to the "
                f"same tensor {name} of module {module}. Use a PruningContainer."
            )
        old = [hooks.pop(key) for key in found]
        method = cls(*args, **kwargs)
        method._tensor_name = name
        if not old:
            return method
        container = old[0] if isinstance(old[0], PruningContainer) else PruningContainer(old[0])
        container.add_pruning_method(method)
        return container

    @classmethod
    def apply(cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any) -> Any:
        """Prune the parameter ``name`` of ``module``, once more if it is pruned already.

        Args:
            module: the module.
            name: the name of its parameter.
            importance_scores: a tensor of its shape, of which small elements are pruned first; itself if None.
            args, kwargs: what the method's own constructor takes.
        """
        method = cls._method_for(module, name, *args, **kwargs)
        original: Any = getattr(module, name)
        if importance_scores is None:
            importance_scores = original
        elif importance_scores.shape != original.shape:
            raise AssertionError(
                "importance_scores should have the same shape as parameter "
                f"{name} of {module}, got {importance_scores.shape} vs {original.shape}"
            )
        first = not isinstance(method, PruningContainer)
        if first:
            module.register_parameter(name + "_orig", original)
            del module._parameters[name]
            default_mask = ones_like(original)
        else:
            default_mask = getattr(module, name + "_mask").detach().clone()
        try:
            mask = method.compute_mask(importance_scores, default_mask=default_mask)
            module.register_buffer(name + "_mask", mask)
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if first:
                module.register_parameter(name, getattr(module, name + "_orig"))
                del module._parameters[name + "_orig"]
            raise
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """The tensor ``t`` times the mask that :meth:`compute_mask` makes for it.

        Args:
            t: the tensor.
            default_mask: what is pruned already; nothing if None.
            importance_scores: a tensor of the shape of ``t``, of which small elements are pruned first; ``t`` if None.
        """
        if importance_scores is None:
            importance_scores = t
        elif importance_scores.shape != t.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as tensor t, got {importance_scores.shape} vs {t.shape}"
            )
        default_mask = default_mask if default_mask is not None else ones_like(t)
        return t * self.compute_mask(importance_scores, default_mask=default_mask)

    def remove(self, module: Any) -> None:
        """Make the product the parameter. What is pruned stays zero."""
        name = self._tensor_name
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters[name + "_orig"]
        original.data = weight.data
        del module._parameters[name + "_orig"]
        del module._buffers[name + "_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods of pruning one tensor, the later ones what the earlier ones left.

    Args:
        args: the methods.
    """

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[Any, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method, which must be of the same tensor."""
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on "
                f"the parameter named '{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Any:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask of the last method, applied to what ``default_mask`` has left."""
        method, mask = self._pruning_methods[-1], default_mask.to(dtype=t.dtype)
        left = _what_is_left(method, t, default_mask)
        mask[left] = method.compute_mask(t[left], default_mask=default_mask[left]).to(dtype=mask.dtype)
        return mask


def _what_is_left(method: Any, t: Any, mask: Any) -> Any:
    """The index of the elements that a method may prune."""
    axes = t.dim()
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    if method.PRUNING_TYPE == "global":
        return (slice(None),) * axes
    if method.PRUNING_TYPE != "structured":
        raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
    if not hasattr(method, "dim"):
        raise AttributeError('Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.')
    dim = method.dim if method.dim >= 0 else method.dim + axes
    if dim < 0:
        raise IndexError(f"Index is out of bounds for tensor with dimensions {axes}")
    return _along(axes, dim, mask.sum(dim=[each for each in range(axes) if each != dim]) != 0)


def _along(axes: int, dim: int, index: Any) -> Any:
    """``[:, ..., index, :, ...]`` with the index at ``dim``."""
    where: list[Any] = [slice(None)] * axes
    where[dim] = index
    return tuple(where)


class Identity(BasePruningMethod):
    """Prunes nothing; the mask is of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return default_mask

    @classmethod
    def apply(cls, module: Any, name: str) -> Any:  # type: ignore[override]
        return super().apply(module, name)


class RandomUnstructured(BasePruningMethod):
    """Prunes elements at random.

    Args:
        amount: how many, or which part if it is a float.
    """

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Any) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return self._without(default_mask, self.amount, t.nelement(), lambda: rand_like(t), largest=True)

    @staticmethod
    def _without(mask: Any, amount: Any, size: int, scores: Any, largest: bool) -> Any:
        """The mask, with the elements of the largest or smallest scores pruned too."""
        count = _count(amount, size)
        mask = mask.clone()
        if count != 0:
            mask.view(-1)[topk(scores().view(-1), k=count, largest=largest).indices] = 0
        return mask

    @classmethod
    def apply(cls, module: Any, name: str, amount: Any) -> Any:  # type: ignore[override]
        return super().apply(module, name, amount=amount)


class L1Unstructured(RandomUnstructured):
    """Prunes the elements of least absolute value.

    Args:
        amount: how many, or which part if it is a float.
    """

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return self._without(default_mask, self.amount, t.nelement(), t.abs, largest=False)

    @classmethod
    def apply(cls, module: Any, name: str, amount: Any, importance_scores: Any = None) -> Any:  # type: ignore[override]
        return BasePruningMethod.apply.__func__(  # type: ignore[attr-defined]
            cls, module, name, amount=amount, importance_scores=importance_scores
        )


class _Structured(BasePruningMethod):
    PRUNING_TYPE = "structured"
    amount: Any
    dim: int

    def _size(self, t: Any) -> tuple[int, int]:
        """How many slices there are, and how many to prune."""
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to "
                f"multidimensional tensors. Found tensor of shape {t.shape} with {t.dim()} dims"
            )
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        size = t.shape[self.dim]
        return size, _count(self.amount, size)

    def _mask(self, t: Any, default_mask: Any, kept: Any) -> Any:
        mask: Any = zeros_like(t)
        mask[_along(t.dim(), self.dim, kept)] = 1
        mask *= default_mask.to(dtype=mask.dtype)
        return mask


class RandomStructured(_Structured):
    """Prunes slices at random.

    Args:
        amount: how many, or which part if it is a float.
        dim: the axis that counts them.
    """

    def __init__(self, amount: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        size, count = self._size(t)
        if count == 0:
            return default_mask
        scores: Any = rand(size)
        return self._mask(t, default_mask, scores > kthvalue(scores, k=count).values)

    @classmethod
    def apply(cls, module: Any, name: str, amount: Any, dim: int = -1) -> Any:  # type: ignore[override]
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Structured):
    """Prunes the slices of least norm.

    Args:
        amount: how many, or which part if it is a float.
        n: the order of the norm.
        dim: the axis that counts them.
    """

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        size, count = self._size(t)
        axes = list(range(t.dim()))
        axes.remove(self.dim % t.dim())
        kept = topk(norm(t, p=self.n, dim=axes), k=size - count, largest=True).indices
        return default_mask if count == 0 else self._mask(t, default_mask, kept)

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None
    ) -> Any:
        return super().apply(module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores)


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module: Any, name: str, mask: Any) -> Any:  # type: ignore[override]
        return super().apply(module, name, mask=mask)


def identity(module: Any, name: str) -> Any:
    """Mask the parameter ``name`` of ``module``, but prune nothing; returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune ``amount`` elements (a float: that part of them) at random; returns the module.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.prune.random_unstructured.html
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: Any, importance_scores: Any = None) -> Any:
    """Prune the ``amount`` elements (a float: that part of them) of least absolute value; returns the module.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.prune.l1_unstructured.html
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: Any, dim: int) -> Any:
    """Prune ``amount`` slices along ``dim`` (a float: that part of them) at random; returns the module.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.prune.random_structured.html
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None) -> Any:
    """Prune the ``amount`` slices along ``dim`` (a float: that part of them) of least norm of order ``n``; returns the module.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.prune.ln_structured.html
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any) -> None:
    """Prune parameters together: which elements are pruned is decided among all of them.

    Args:
        parameters: pairs of a module and a name.
        pruning_method: a class whose ``PRUNING_TYPE`` is ``"unstructured"``.
        importance_scores: a dictionary from such pairs to tensors, of which small elements are pruned first.
        kwargs: what the class takes, such as ``amount``.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.prune.global_unstructured.html
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = importance_scores if importance_scores is not None else {}
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    importance = parameters_to_vector(
        [scores.get((module, name), getattr(module, name)) for module, name in parameters]
    )
    default_mask = parameters_to_vector(
        [getattr(module, name + "_mask", ones_like(getattr(module, name))) for module, name in parameters]
    )
    container, method = PruningContainer(), pruning_method(**kwargs)
    container._tensor_name = method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for '
            f"the `pruning_method`. Found method {pruning_method} of type {method.PRUNING_TYPE}"
        )
    container.add_pruning_method(method)
    mask, start = container.compute_mask(importance, default_mask), 0
    for module, name in parameters:
        param: Any = getattr(module, name)
        end = start + param.numel()
        custom_from_mask(module, name, mask=mask[start:end].view_as(param))
        start = end


def custom_from_mask(module: Any, name: str, mask: Any) -> Any:
    """Prune where ``mask`` is zero; returns the module.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.prune.custom_from_mask.html
    """
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Any, name: str) -> Any:
    """Make the pruned parameter an ordinary one, in which what is pruned is zero; returns the module.

    Raises:
        ValueError: if it is not pruned.
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module: Module) -> bool:
    """Whether the module, or one below it, has a pruned parameter."""
    hooks = (hook for each in module.modules() for hook in each._existing_hooks("_forward_pre_hooks").values())
    return any(isinstance(hook, BasePruningMethod) for hook in hooks)


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if (whole and amount < 0) or (not whole and not 0.0 <= float(amount) <= 1.0):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")


def _count(amount: Any, size: int) -> int:
    """How many of ``size`` to prune."""
    whole = isinstance(amount, numbers.Integral)
    if not whole:
        return round(amount * size)
    if amount > size:
        raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={size}")
    return int(amount)
