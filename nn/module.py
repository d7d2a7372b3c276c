"""``Module``, the base class of all layers and models (https://docs.pytorch.org/docs/2.13/generated/torch.nn.Module.html)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ..tensor import Tensor
from . import hooks
from .conversion import Convertible
from .hooks import *  # noqa: F403
from .hooks import call_with_hooks, every_module
from .members import Members, show
from .module_state import WithState
from .parameter import Buffer, Parameter

__all__ = ["Module", *hooks.__all__]

_ModuleT = TypeVar("_ModuleT", bound="Module")
_set = object.__setattr__
_NOTHING: tuple[()] = ()  # the members of a module whose __init__ has not run


def _forward_unimplemented(self: Any, *input: Any) -> None:
    """Define the computation performed at every call; every subclass overrides this.

    Call the module itself, not ``forward``: only that runs the hooks.
    """
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(WithState, Convertible):
    """Base class of all layers and models.

    Parameters, buffers and modules that are assigned as attributes are registered::

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(4, 8)
                self.output = nn.Linear(8, 3)

            def forward(self, x):
                return self.output(F.relu(self.hidden(x)))

    and ``parameters()``, ``state_dict()``, ``to()``, ``print`` and so on then see them. ``super().__init__()`` must be
    called before the first assignment. ``training`` says whether the module is in training or in evaluation mode.

    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Module.html
    """

    dump_patches: bool = False
    call_super_init: bool = False
    training: bool
    _parameters: Members
    _buffers: Members
    _modules: Members

    if TYPE_CHECKING:  # for type checkers only: at run time members are attributes like any other

        def __getattr__(self, name: str) -> Any: ...

    # a value, not a method: mypy would compare the signatures of the subclasses' methods with it
    forward: Callable[..., Any] = _forward_unimplemented

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                name = next(iter(kwargs))
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument '{name}'")
            if args:
                count = len(args) + 1
                raise TypeError(f"{type(self).__name__}.__init__() takes 1 positional argument but {count} were given")
        if _own(self, "_modules") is not _NOTHING:  # a second call, from a second base class, starts afresh
            for members in (self._parameters, self._buffers, self._modules):
                members.unbind(self)
        _set(self, "training", True)
        _set(self, "_parameters", Members(self))
        _set(self, "_buffers", Members(self))
        _set(self, "_modules", Members(self))
        _set(self, "_non_persistent_buffers_set", set())
        _set(self, "_hooks", None)
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` and the hooks."""
        if self._hooks or every_module._hooks:
            return call_with_hooks(self, args, kwargs)
        if kwargs:
            return self.forward(*args, **kwargs)
        if len(args) == 1:  # much the most frequent call, and twice as fast without unpacking
            return self.forward(args[0])
        return self.forward(*args)

    # ---------------------------------------------------------------- registration

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, which becomes the attribute ``name``; None stands for a parameter that is left out."""
        self._check_name("parameter", name, _own(self, "_parameters"))
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. "
                f"To express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        self._parameters[name] = None if param is None else every_module.registered("parameter", self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a buffer, state that is not a parameter, such as BatchNorm's running mean.

        It becomes the attribute ``name``, is converted by ``to`` and the like, and is part of ``state_dict`` if
        ``persistent``. None stands for a buffer that is left out.
        """
        self._check_name("buffer", name, _own(self, "_buffers"))
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = every_module.registered("buffer", self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module, which becomes the attribute ``name``."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = every_module.registered("module", self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Alias for :meth:`add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind: str, name: Any, members: Any) -> None:
        if members is _NOTHING:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in members and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def __setattr__(self, name: str, value: Any) -> None:
        parameters, modules, buffers = _own(self, "_parameters"), _own(self, "_modules"), _own(self, "_buffers")
        is_tensor = isinstance(value, Tensor)  # asked first, because it is quick
        if is_tensor and isinstance(value, Parameter):
            self._make_room(name, parameters, "parameters")
            self.register_parameter(name, value)
        elif name in parameters:
            if value is not None:
                raise _cannot_assign(value, "parameter", name, "torch.nn.Parameter or None")
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            self._make_room(name, modules, "module")
            modules[name] = every_module.registered("module", self, name, value)
        elif name in modules:
            if value is not None:
                raise _cannot_assign(value, "child module", name, "torch.nn.Module or None")
            modules[name] = every_module.registered("module", self, name, None)
        elif name in buffers or (is_tensor and isinstance(value, Buffer)):
            if value is not None and not is_tensor:
                raise _cannot_assign(value, "buffer", name, "torch.nn.Buffer, torch.Tensor or None")
            was_persistent = name not in _own(self, "_non_persistent_buffers_set")
            persistent = value.persistent if isinstance(value, Buffer) else was_persistent
            self.register_buffer(name, value, persistent)
        elif name in ("_parameters", "_buffers", "_modules"):
            self._replace_members(name, value)
        else:
            super().__setattr__(name, value)

    def _make_room(self, name: str, members: Any, kind: str) -> None:
        """Drop the attribute of another kind that has the name."""
        if members is _NOTHING:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if name in members:
            return
        for others in (self._parameters, self._buffers, self._modules):
            others.pop(name, None)
        self._non_persistent_buffers_set.discard(name)
        with contextlib.suppress(AttributeError):
            object.__delattr__(self, name)

    def _replace_members(self, name: str, value: Any) -> None:
        """``self._modules = OrderedDict(...)``: the attributes follow."""
        getattr(self, name).unbind(self)
        members = value
        if not isinstance(value, Members):
            members = Members()
            members.update(value)
        members.bind(self)
        _set(self, name, members)

    def __delattr__(self, name: str) -> None:
        for members in (self._parameters, self._buffers, self._modules):
            if name in members:
                del members[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        return sorted(name for name in {*dir(type(self)), *vars(self)} if not name[0].isdigit())

    def __getstate__(self) -> dict[str, Any]:
        return vars(self).copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            show(self, name, value)
        for members in (self._parameters, self._buffers, self._modules):
            members.bind(self)

    # ---------------------------------------------------------------- traversal

    def get_submodule(self, target: str) -> Module:
        """The submodule with that dotted name (``"block.0.conv"``); the module itself for ``""``."""
        module: Any = self
        for name in target.split(".") if target else ():
            module = _attribute(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Replace the submodule with that dotted name, or add it, unless ``strict``."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if (strict or hasattr(parent, name)) and not isinstance(_attribute(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with that dotted name."""
        path, _, name = target.rpartition(".")
        param = _attribute(self.get_submodule(path), name)
        if not isinstance(param, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return param

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with that dotted name."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        buffer = _attribute(module, name)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """The module itself and all modules below it, with their dotted names, each once.

        Args:
            memo: the modules already seen.
            prefix: what to put before every name.
            remove_duplicate: whether a module that is used twice comes once.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """The module itself and all modules below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, with their names, each once."""
        memo = set()
        for name, module in self._modules.items():
            if module is not None and module not in memo:
                memo.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        memo = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in get_members_fn(module):
                if value is None or value in memo:
                    continue
                if remove_duplicate:
                    memo.add(value)
                yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names, each once, those of submodules too if ``recurse``."""
        yield from self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, those of submodules too if ``recurse``."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names, each once, those of submodules too if ``recurse``."""
        yield from self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, those of submodules too if ``recurse``."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # ---------------------------------------------------------------- what concerns the whole tree

    def apply(self: _ModuleT, fn: Callable[[Module], None]) -> _ModuleT:
        """Call ``fn`` on every submodule and then on the module itself, to initialise weights, say."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: _ModuleT, mode: bool = True) -> _ModuleT:
        """Set training mode, in which Dropout drops and BatchNorm uses the batch's own statistics."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: _ModuleT) -> _ModuleT:
        """Set evaluation mode; the same as ``train(False)``."""
        return self.train(False)

    def requires_grad_(self: _ModuleT, requires_grad: bool = True) -> _ModuleT:
        """Set ``requires_grad`` of all parameters: False freezes the module."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of all parameters, to None or to zeros."""
        for param in self.parameters():
            if param.grad is None:
                continue
            if set_to_none:
                param.grad = None
                continue
            if param.grad.grad_fn is not None:
                param.grad.detach_()
            else:
                param.grad.requires_grad_(False)
            param.grad.zero_()

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted for PyTorch's sake: the module runs as it is."""

    # ---------------------------------------------------------------- printed form

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the parentheses of the printed form; a layer overrides it."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {indent(repr(module))}" for name, module in self._modules.items()]
        if not children and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        lines = [*(extra.split("\n") if extra else ()), *children]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


def indent(text: str) -> str:
    """Indent all lines but the first; blank lines stay empty."""
    first, *rest = text.split("\n")
    return "\n".join([first, *("  " + line if line.strip() else "" for line in rest)])


def _cannot_assign(value: Any, kind: str, name: str, expected: str) -> TypeError:
    return TypeError(f"cannot assign '{_typename(value)}' as {kind} '{name}' ({expected} expected)")


def _own(module: Module, name: str) -> Any:
    """The attribute, without asking a subclass's ``__getattr__`` for what ``Module.__init__`` has yet to make."""
    try:
        return object.__getattribute__(module, name)
    except AttributeError:
        return _NOTHING


def _attribute(module: Module, name: str) -> Any:
    if not hasattr(module, name):
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    return getattr(module, name)


def _typename(value: Any) -> str:
    """PyTorch's name of a value's type in error messages."""
    if isinstance(value, Tensor):
        return value.type()
    cls = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(cls, "__module__", None)
    return cls.__qualname__ if module in (None, "", "builtins") else f"{module}.{cls.__qualname__}"
