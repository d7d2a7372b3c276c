"""What all optimisers share: parameter groups, state, and the loop of ``step``."""

from __future__ import annotations

import copy
import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.grad_mode import enable_grad
from ..autograd.runtime import wrap
from ..autograd.version import stamp_write
from ..errstate import quiet
from ..tensor import Tensor, type_string
from ..utils.hooks import HookDict, RemovableHandle, add_hook
from .formula import count
from .together import COUNTS, PART, Plan, update_in_parts

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]


class Optimizer:
    """Base class of all optimisers.

    A subclass checks its hyper-parameters, passes them as ``defaults``, and defines :meth:`update`, which reads as its
    formula: it changes one parameter's array in place.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dictionaries that define parameter groups
            (``{"params": [...], "lr": 0.1}``).
        defaults: the values of options that a group does not give.

    Attributes:
        param_groups: the groups, each a dictionary with ``"params"`` and the options.
        state: for each parameter, a dictionary of what the method remembers (momentum, moments, step).

    Source: https://docs.pytorch.org/docs/2.13/optim.html
    """

    defaults: dict[str, Any]
    state: defaultdict[Tensor, Any]
    param_groups: list[dict[str, Any]]
    _step_pre_hooks: HookDict
    _step_post_hooks: HookDict
    _state_dict_pre_hooks: HookDict
    _state_dict_post_hooks: HookDict
    _load_pre_hooks: HookDict
    _load_post_hooks: HookDict
    _plans: dict[int, Plan]
    _elementwise = True  # a formula that knows no shapes may be given many parameters at once, or parts of one
    _capturable = "params and state_steps"
    _devices: tuple[str, ...] = ("cuda", "xpu", "hpu", "privateuseone", "xla")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.step)  # type: ignore[method-assign]

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        Optimizer.__setstate__(self, {"defaults": defaults})
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + type_string(params._array)
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))

    # ---- groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with options of its own, to those that are optimised."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        else:
            params = list(params)
        named = [isinstance(each, tuple) for each in params]
        if any(named):
            if not all(named):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = [name for name, _ in params]
            params = [each for _, each in params]
        self._check_params(params, param_group)
        param_group["params"] = params
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    def _check_params(self, params: list[Any], group: dict[str, Any]) -> None:
        for each in params:
            if not isinstance(each, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type_name(each)}")
            if not (each.is_leaf or each.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        if len({id(each) for each in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=4,
            )
        present = {id(each) for other in self.param_groups for each in other["params"]}
        if not present.isdisjoint(id(each) for each in params):
            raise ValueError("some parameters appear in more than one parameter group")
        for other in self.param_groups:
            if ("param_names" in other) != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{'with' if 'param_names' in group else 'without'} names to the optimizer"
                )

    # ---- one step

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients: set them to None, or to zeros in place if ``set_to_none`` is False."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param._grad = None
                elif param._grad is not None:
                    if param._grad.grad_fn is not None:
                        param._grad.detach_()
                    param._grad._node = None
                    param._grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        Args:
            closure: evaluates the model again and returns the loss, which ``step`` then returns.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with quiet():
            for group in self.param_groups:
                self.update_group(group)
        return loss

    def update_group(self, group: dict[str, Any]) -> None:
        """Change the parameters of one group."""
        if group.get("capturable"):
            raise AssertionError(f"If capturable=True, {self._capturable} must be on supported devices: {[*self._devices]}.")
        params, states = [param for param in group["params"] if param._grad is not None], self.state
        if not self._elementwise:
            for param in params:
                self._update_alone(param, group)
            return
        plan = self._plans.get(id(group))
        if plan is None or not plan.fits(params, states):
            plan = self._plans[id(group)] = Plan(params, states)
        for each in plan.together:
            each.update(self.update, group)
        for param in plan.alone:
            self._update_alone(param, group)

    def _update_alone(self, param: Tensor, group: dict[str, Any]) -> None:
        """Change one parameter; a complex one as twice as many real numbers."""
        array, grad = param._array, param._grad._array  # type: ignore[union-attr]
        state = self.state.get(param, {})
        arrays = {name: each._array for name, each in state.items() if isinstance(each, Tensor)}
        w = array
        if array.dtype.kind == "c":
            w, grad = _as_real(array), _as_real(grad)
            arrays = {name: each if name in COUNTS else _as_real(each) for name, each in arrays.items()}
        update = update_in_parts if w.size > PART and arrays and self._elementwise else type(self).update
        update(self, w, -grad if group["maximize"] else grad, arrays, group)
        if w is not array:
            array[...] = _as_complex(w, array)
        for name, each in arrays.items():
            if w is not array and name not in COUNTS:
                each = _as_complex(each, array)
                if name in state:
                    state[name]._array[...] = each
            if state.get(name) is None:
                state[name] = wrap(each)
        if state:  # a method that remembers nothing has no entry
            self.state[param] = state
        stamp_write(array)

    def update(self, w: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change an array of parameters in place, and with it its state.

        Args:
            w: one parameter, or many small ones side by side.
            grad: its gradient, not to be written to.
            state: what the method remembers, arrays that are changed in place; empty at the first step. One of
                :data:`~tinygrad_edu.optim.together.COUNTS` has no dimensions, all others the shape of ``w``.
            group: the options.
        """
        raise NotImplementedError

    # ---- hooks

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(optimizer, args, kwargs)`` before each step."""
        return add_hook(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(optimizer, args, kwargs)`` after each step."""
        return add_hook(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Run ``hook(optimizer)`` before the state dict is made."""
        return add_hook(self._state_dict_pre_hooks, hook, prepend=prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Run ``hook(optimizer, state_dict)`` on the state dict; a returned dictionary replaces it."""
        return add_hook(self._state_dict_post_hooks, hook, prepend=prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Run ``hook(optimizer, state_dict)`` before loading; a returned dictionary replaces it."""
        return add_hook(self._load_pre_hooks, hook, prepend=prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Run ``hook(optimizer)`` after loading."""
        return add_hook(self._load_post_hooks, hook, prepend=prepend)

    # ---- state

    def state_dict(self) -> dict[str, Any]:
        """``{"state": ..., "param_groups": ...}`` with parameters as numbers in the groups' order.

        The tensors are those of the optimiser, not copies.
        """
        for hook in tuple(self._state_dict_pre_hooks.values()):
            hook(self)
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
        groups = []
        for group in self.param_groups:
            options = {name: value for name, value in group.items() if name != "params"}
            groups.append({**options, "params": [numbers[id(param)] for param in group["params"]]})
        state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in tuple(self._state_dict_post_hooks.values()):
            result = _replaced(hook(self, result), result)
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state and options of ``state_dict`` (copied; floating point state in each parameter's dtype).

        Raises:
            ValueError: its groups do not fit this optimiser's; nothing is changed then.
        """
        state_dict = dict(state_dict)
        for hook in tuple(self._load_pre_hooks.values()):
            state_dict = _replaced(hook(self, state_dict), state_dict)
        saved, groups = copy.deepcopy(state_dict["param_groups"]), self.param_groups
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, saved, strict=True)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        numbers = [number for group in saved for number in group["params"]]
        params = dict(zip(numbers, (p for group in groups for p in group["params"]), strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            param = params.get(key)
            state[key if param is None else param] = _for_param(value, param)
        self.state = state
        for group, new in zip(groups, saved, strict=True):
            new["params"] = group["params"]
            if "param_names" in group and "param_names" not in new:
                new["param_names"] = group["param_names"]
        self.param_groups = saved
        self._complete_groups()
        self._plans.clear()
        for hook in tuple(self._load_post_hooks.values()):
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, kind in Optimizer.__annotations__.items():
            if kind == "HookDict":
                self.__dict__.setdefault(name, HookDict())
        self._plans = {}
        self.__dict__.update(state)
        self._complete_groups()

    def _complete_groups(self) -> None:
        """Options and tensors that checkpoints of older versions lack."""
        for group in self.__dict__.get("param_groups", ()):
            for name, value in _LATER.items():
                if name in self.defaults:
                    group.setdefault(name, value)
            for param in group["params"]:
                state = self.state.get(param, {})
                for name in COUNTS & state.keys():
                    if not isinstance(state[name], Tensor):
                        state[name] = wrap(count(state[name]))

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [f"Parameter Group {i}"] if not i else ["", f"Parameter Group {i}"]
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


_LATER = {
    "momentum": 0, "centered": False, "nesterov": False, "amsgrad": False, "decoupled_weight_decay": False,
    "maximize": False, "foreach": None, "capturable": False, "differentiable": False, "fused": None,
}  # fmt: skip
"""Options that some optimiser got after its first version, and what it did before."""


_BEFORE_ALL, _AFTER_ALL = HookDict(), HookDict()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(optimizer, args, kwargs)`` before each step of every optimiser."""
    return add_hook(_BEFORE_ALL, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(optimizer, args, kwargs)`` after each step of every optimiser."""
    return add_hook(_AFTER_ALL, hook)


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A ``step`` between the hooks that run before and after it; those before may replace its arguments."""
    if hasattr(step, "hooked"):
        return step

    @functools.wraps(step)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        self = args[0]
        for hook in (*_BEFORE_ALL.values(), *self._step_pre_hooks.values()):
            replaced = hook(self, args, kwargs)
            if replaced is not None:
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {replaced}.")
                args, kwargs = replaced
        result = step(*args, **kwargs)
        for hook in (*self._step_post_hooks.values(), *_AFTER_ALL.values()):
            hook(self, args, kwargs)
        return result

    hooked.hooked = True  # type: ignore[attr-defined]
    return hooked


Optimizer.step = _with_hooks(Optimizer.step)  # type: ignore[method-assign]


def _replaced(answer: Any, before: Any) -> Any:
    return before if answer is None else answer


def _for_param(value: Any, param: Tensor | None, key: str | None = None) -> Any:
    """A copy of loaded state; floats in the parameter's dtype, except the count of steps."""
    if isinstance(value, Tensor):
        array = value._array
        if param is not None and key != "step" and param._array.dtype.kind == "f":
            return wrap(array.astype(param._array.dtype))
        return wrap(array.copy())
    if isinstance(value, dict):
        return {name: _for_param(each, param, name) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_for_param(each, param) for each in value)  # type: ignore[call-arg]
    return value


def _as_real(array: np.ndarray) -> np.ndarray:
    """A copy of complex numbers as twice as many real ones, side by side."""
    return array.flatten().view(array.real.dtype)


def _as_complex(real: np.ndarray, like: np.ndarray) -> np.ndarray:
    return real.view(like.dtype).reshape(like.shape)
