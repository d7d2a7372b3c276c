"""A parameter that is computed from others each time it is read
(https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.parametrize.register_parametrization.html).

``module.weight`` becomes a property of a class made for the module, and what it is computed from, the parameters that an
optimizer sees, lies in ``module.parametrizations.weight``.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any

from ...autograd.grad_mode import no_grad
from ...tensor import Tensor
from ..container import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

_cache_enabled = 0
_cache: dict[tuple[int, str], Tensor] = {}


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Within this context a parametrized tensor is computed once and then remembered.

    For a tensor that is used more than once in a forward pass, such as the recurrent weight of an RNN.
    """
    global _cache_enabled
    _cache_enabled += 1
    try:
        yield
    finally:
        _cache_enabled -= 1
        if not _cache_enabled:
            _cache.clear()


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _inverted(modules: Any, value: Any, strict: bool) -> Any:
    """What ``value`` is computed from: the right inverses, last first; without ``strict`` a missing one is the identity."""
    for module in reversed(modules):
        if strict and not hasattr(module, "right_inverse"):
            raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
        if strict:
            value = module.right_inverse(value)
        elif hasattr(module, "right_inverse"):
            with contextlib.suppress(NotImplementedError):
                value = module.right_inverse(value)
    return value


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied one after the other, and what the first of them is applied to.

    That is the parameter (or buffer) ``original``, or, if the first parametrization's ``right_inverse`` returns several
    tensors, ``original0``, ``original1``, ... :func:`register_parametrization` makes it.

    Args:
        modules: the parametrizations.
        original: the tensor to be parametrized.
        unsafe: whether the parametrization may change the dtype and shape; then nothing is checked.
    """

    original: Any
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new = _inverted(self, original, strict=False)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            self._keep_one(original, new)
        else:
            self._keep_many(original, new)
        if not self.unsafe:
            _check_kept(self(), "Registering a parametrization", dtype, shape)

    def _keep_one(self, original: Any, new: Any) -> None:
        """The parameter itself stays, for the optimizer's sake; its values are the new ones."""
        if original.dtype != new.dtype:
            raise ValueError(
                "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\n"
                f"right_inverse(original).dtype: {new.dtype}"
            )
        with no_grad():
            original.set_(new)
        _register(self, "original", original)

    def _keep_many(self, original: Any, new: Any) -> None:
        for i, each in enumerate(new):
            if not isinstance(each, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                    f"Got element {i} of the sequence with type {type(each).__name__}."
                )
            if isinstance(original, Parameter):
                each = Parameter(each, original.requires_grad)
            each.requires_grad_(original.requires_grad)
            _register(self, f"original{i}", each)

    def right_inverse(self, value: Any) -> None:
        """Set the original, or originals, to that from which ``value`` is computed: ``module.weight = value`` calls it.

        Raises:
            RuntimeError: if one of the parametrizations has no ``right_inverse``.
            ValueError: if one returns something else than what it returned when it was registered.
        """
        with no_grad():
            value = _inverted(self, value, strict=True)
            if self.is_tensor:
                if not isinstance(value, Tensor):
                    raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
                if value.dtype != self.original.dtype:
                    raise ValueError(
                        f"The tensor returned by `right_inverse` has dtype {value.dtype} "
                        f"while `original` has dtype {self.original.dtype}"
                    )
                self.original.set_(value)
                return
            if not isinstance(value, Sequence):
                raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}.")
            if len(value) != self.ntensors:
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(value)}."
                )
            for i, tensor in enumerate(value):
                original: Any = getattr(self, f"original{i}")
                if not isinstance(tensor, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a sequence of tensors or reference-type opaques. "
                        f"Got element {i} of type {type(tensor).__name__}."
                    )
                if original.dtype != tensor.dtype:
                    raise ValueError(
                        f"Tensor {i} returned by `right_inverse` has dtype {tensor.dtype} "
                        f"while `original{i}` has dtype {original.dtype}"
                    )
                original.set_(tensor)

    def forward(self) -> Any:
        first, *others = self
        originals = (self.original,) if self.is_tensor else (getattr(self, f"original{i}") for i in range(self.ntensors))
        value = first(*originals)
        for module in others:
            value = module(value)
        return value


def _check_kept(value: Any, what: str, dtype: Any, shape: Any, names: tuple[str, str] | None = None) -> None:
    """PyTorch's errors for a parametrization that returns no tensor or one of another dtype or shape."""
    if not isinstance(value, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")
    flag = "`unsafe`" if names is None else "the `unsafe`"
    for kind, before, after in (("dtype", dtype, value.dtype), ("shape", shape, value.shape)):
        if before != after:
            first, second = (f"unparametrized {kind}", f"parametrized {kind}") if names is None else names
            if names is not None:
                first, second = f"{first}.{kind}", f"{second}.{kind}"
            raise ValueError(
                f"{what} may not change the {kind} of the tensor, unless {flag} flag is enabled.\n"
                f"{first}: {before}\n"
                f"{second}: {after}"
            )


def _check_next(module: Module, name: str, parametrization: Any) -> None:
    """That another parametrization of a tensor maps dtype and shape to themselves, and its right inverse too."""
    before: Any = getattr(module, name)
    names = f"module.{name}", f"parametrization(module.{name})"
    after = parametrization(before)
    _check_kept(after, "Registering a parametrization", before.dtype, before.shape, names)
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(after)
    except NotImplementedError:
        return
    if not isinstance(back, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
    for kind in ("dtype", "shape"):
        wanted, found = getattr(before, kind), getattr(back, kind)
        if wanted != found:
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {kind} "
                f"as module.{name}, unless the `unsafe` flag is enabled.\n"
                f"module.{name}.{kind}: {wanted}\n"
                f"returned {kind}: {found}"
            )


# ---- the class of a parametrized module ------------------------------------------------------------------------------


def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    if id(self) not in memo:
        replica = memo[id(self)] = object.__new__(type(self))
        Module.__setstate__(replica, copy.deepcopy(Module.__getstate__(self), memo))
    return memo[id(self)]


def _getstate(self: Any) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _inject_new_class(module: Module) -> None:
    """Make the module's class one of its own, to which properties can be added."""
    cls = type(module)
    members: dict[str, Any] = {"__getstate__": _getstate}
    if not hasattr(cls, "__deepcopy__"):
        members["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), members)


def _inject_property(module: Module, name: str) -> None:
    def get(self: Any) -> Any:
        parametrization = self.parametrizations[name]
        if not _cache_enabled:
            return parametrization()
        key = id(self), name
        if key not in _cache:
            _cache[key] = parametrization()
        return _cache[key]

    def set_original(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(get, set_original))


# ---- the functions -----------------------------------------------------------------------------------------------------


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute ``module.weight`` as ``parametrization(original)`` from now on, each time that it is read.

    The original is the parameter ``module.parametrizations.weight.original``, which is trained. A second parametrization
    of the same tensor is applied to the result of the first. If the parametrization has a method ``right_inverse``, the
    original is that of the present weight, and one can assign to ``module.weight``.

    Args:
        module: the module.
        tensor_name: the name of its parameter or buffer.
        parametrization: a module; its training mode becomes that of ``module``.
        unsafe: whether it may change the dtype and shape; then nothing is checked.

    Raises:
        ValueError: if there is no such parameter or buffer, or the parametrization changes dtype or shape.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.parametrize.register_parametrization.html
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        parametrizations: Any = module.parametrizations[tensor_name]
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _inject_new_class(module)
            module.parametrizations = ModuleDict()
        _inject_property(module, tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a "
            f"parametrized element with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has a parametrization of that tensor, or of any if no name is given.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.parametrize.is_parametrized.html
    """
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make the tensor an ordinary parameter or buffer again.

    Args:
        module: the module.
        tensor_name: the name of the tensor.
        leave_parametrized: whether it keeps its present value; otherwise it gets that of the original.

    Raises:
        ValueError: if it is not parametrized, or is to get the value of the original where there is more than one.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.parametrize.remove_parametrizations.html
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations: Any = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                original.set_(getattr(module, tensor_name))
    elif leave_parametrized:
        value: Any = getattr(module, tensor_name)
        original = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor "
            "that is parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had before it was parametrized, if it is; else its class."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Give ``to_module`` the parametrizations of ``from_module``, and what they parametrize.

    Args:
        from_module: the module that has them; if it has none, nothing happens.
        to_module: the module that gets them; parameters that it does not have are made.
        tensor_name: the name of the one tensor to transfer; all if None.

    Returns:
        ``to_module``.
    """
    if not is_parametrized(from_module):
        return to_module
    for name in from_module.parametrizations if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        source: Any = from_module.parametrizations[name]
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target: Any = to_module.parametrizations[name]
        for original in ("original",) if source.is_tensor else [f"original{i}" for i in range(source.ntensors)]:
            setattr(target, original, getattr(source, original))
    return to_module
