"""Reverse-mode automatic differentiation on NumPy that speaks PyTorch's API and shows every step of a backward pass.

>>> import tinygrad_edu as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from __future__ import annotations

import importlib
import os as _os
from math import e, inf, nan, pi
from typing import Any

# In an uninstalled checkout nn/ and optim/ lie beside this package, where its user wants to find them; installed, they
# are inside it.
_here = _os.path.dirname(__file__)
if not _os.path.isdir(_os.path.join(_here, "nn")) and _os.path.isdir(_os.path.join(_os.path.dirname(_here), "nn")):
    __path__.append(_os.path.dirname(_here))

from . import autograd, methods, random
from .autograd import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .creation import *
from .devices import *
from .dtypes import *
from .dtypes import DTYPES as _DTYPES
from .legacy import LEGACY_TYPES as _LEGACY_TYPES
from .legacy import set_default_tensor_type
from .printing import set_printoptions
from .random import *
from .sequences import *
from .size import Size
from .tensor import Tensor

__version__ = "0.1.0"

globals().update(_DTYPES)
globals().update(_LEGACY_TYPES)
newaxis = None

_SUBMODULES = frozenset(
    "autograd cuda datasets nn optim ops random return_types testing utils visualize".split()
)


def __getattr__(name: str) -> Any:
    """Operations are compiled, and submodules imported, when they are first used."""
    value = methods.FUNCTIONS.get(name)
    if value is not None:
        value = getattr(value, "function", value)
    elif name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *methods.FUNCTIONS, *_SUBMODULES})
