"""How a sample is written down: arrays of several kinds, the call, and what is known of it."""

from __future__ import annotations

import functools
import importlib
import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

_rng = np.random.default_rng(20240817)


def _spread(shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
    """Numbers between the bounds in random order, no two closer than the spacing allows: no accidental ties or kinks."""
    size = int(np.prod(shape))
    grid = low + (high - low) * (np.arange(size) + 0.5 + 0.3 * _rng.uniform(-1, 1, size)) / max(size, 1)
    return _rng.permutation(grid).reshape(shape)


def N(*shape: int) -> np.ndarray:
    """Positive and negative numbers."""
    return _spread(shape, -2.2, 2.3)


def P(*shape: int) -> np.ndarray:
    """Positive numbers."""
    return _spread(shape, 0.3, 2.5)


def U(*shape: int) -> np.ndarray:
    """Numbers inside (0, 1)."""
    return _spread(shape, 0.03, 0.95)


def Z(*shape: int, low: int = -4, high: int = 5) -> np.ndarray:
    """Integers."""
    return _rng.integers(low, high, shape)


def B(*shape: int) -> np.ndarray:
    """Booleans."""
    return _rng.integers(0, 2, shape).astype(bool)


def A(values: Any, dtype: Any = np.float64) -> np.ndarray:
    """The array of these values."""
    return np.array(values, dtype)


@dataclass
class Sample:
    """One call.

    Attributes:
        smooth: the function has derivatives here, so that finite differences hold (not at ties and kinks).
        fixed: positions of float arrays that have no gradient (weights of a loss), or whose gradient is not asked for.
        dtypes: whether the call may be repeated with other dtypes.
        nonfinite: whether it may be repeated with inf and nan among its inputs.
        twice: whether second derivatives are compared too.
        node: the node's name where it is not PyTorch's ("any": whatever it is).
        view: whether it is a view where PyTorch's result is one (theirs may show a temporary of which ours has none).
    """

    call: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True
    fixed: tuple[int, ...] = ()
    dtypes: bool = True
    nonfinite: bool = True
    twice: bool = True
    node: str | None = None
    view: bool = True
    name: str = ""

    def __repr__(self) -> str:
        words = [f"{a.dtype.name}{list(a.shape)}" if isinstance(a, np.ndarray) else repr(a) for a in self.args]
        words += [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"{self.name}({', '.join(words)})"

    def run(self, torch: Any, args: Any) -> Any:
        return self.call(torch, *args, **self.kwargs)

    def differentiable(self) -> list[int]:
        """The positions of the float arrays (also inside a list that is the first argument: see ``flat``)."""
        floats = [i for i, a in enumerate(self.args) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        return [i for i in floats if i not in self.fixed]


def s(*args: Any, _call: Any = None, **kwargs: Any) -> Sample:
    """A sample of the operation in whose row it stands. Keywords that are fields of Sample are its flags."""
    flags = {
        key: kwargs.pop(key) for key in ("smooth", "fixed", "dtypes", "nonfinite", "twice", "node", "view") if key in kwargs
    }
    return Sample(_call, args, kwargs, **flags)


TABLE: dict[str, list[Sample]] = {}


def row(names: str, *samples: Sample, **flags: Any) -> None:
    """Samples for the operations ``names`` (words); flags are given to all of them."""
    for name in names.split():
        for each in samples:
            call = each.call or functools.partial(_call, name)
            made = replace(each, call=call, name=name)
            for key, value in flags.items():
                setattr(made, key, value)
            TABLE.setdefault(name, []).append(made)


def _call(name: str, torch: Any, *args: Any, **kwargs: Any) -> Any:
    """``torch.name(...)``, ``x.name(...)`` for names that start with a dot, ``F.name(...)`` for those with ``F.``."""
    if name.startswith("."):
        return getattr(args[0], name[1:])(*args[1:], **kwargs)
    if name.startswith("F."):
        return getattr(functional(torch), name[2:])(*args, **kwargs)
    return operator.attrgetter(name)(torch)(*args, **kwargs)


def functional(torch: Any) -> Any:
    """``torch.nn.functional``."""
    return importlib.import_module(f"{torch.__name__}.nn.functional")
