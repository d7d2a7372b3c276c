"""Reverse-mode automatic differentiation on NumPy that speaks PyTorch's API and shows every step of a backward pass.

>>> import tinygrad_edu as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

# ruff: noqa: E402, F403 -- the path comes before the imports, and what is public is written once, in each file's __all__

from __future__ import annotations

import os as _os
import typing as _typing
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi

# In an uninstalled checkout nn/ and optim/ lie beside this package, where its user wants to find them; installed, they
# are inside it.
_here = _os.path.dirname(__file__)
if not _os.path.isdir(_os.path.join(_here, "nn")) and _os.path.isdir(_os.path.join(_os.path.dirname(_here), "nn")):
    __path__.append(_os.path.dirname(_here))

from . import autograd as autograd
from . import methods
from . import random as random
from .allocator import keep_freed_memory
from .autograd import enable_grad as enable_grad
from .autograd import inference_mode as inference_mode
from .autograd import is_grad_enabled as is_grad_enabled
from .autograd import is_inference_mode_enabled as is_inference_mode_enabled
from .autograd import no_grad as no_grad
from .autograd import set_grad_enabled as set_grad_enabled
from .creation import *
from .devices import *
from .dtypes import *
from .dtypes import DTYPES as _DTYPES
from .legacy import LEGACY_TYPES as _LEGACY_TYPES
from .legacy import set_default_tensor_type as set_default_tensor_type
from .printing import set_printoptions as set_printoptions
from .random import *
from .sequences import *
from .size import Size as Size
from .tensor import Tensor as Tensor

keep_freed_memory()
newaxis = None
if _typing.TYPE_CHECKING:  # what is bound below, for editors and type checkers: tools/make_stubs.py
    from . import amp as amp
    from . import backends as backends
    from . import cuda as cuda
    from . import datasets as datasets
    from . import distributed as distributed
    from . import distributions as distributions
    from . import fft as fft
    from . import func as func
    from . import linalg as linalg
    from . import multiprocessing as multiprocessing
    from . import nn as nn  # type: ignore[attr-defined]
    from . import ops as ops
    from . import optim as optim  # type: ignore[attr-defined]
    from . import return_types as return_types
    from . import serialization as serialization
    from . import signal as signal
    from . import special as special
    from . import storage as storage
    from . import utils as utils
    from . import version as version
    from ._functions import *
    from ._names import *
    from .accelerators import accelerator as accelerator
    from .accelerators import compiler as compiler
    from .accelerators import cpu as cpu
    from .accelerators import mps as mps
    from .accelerators import xpu as xpu
    from .amp import autocast as autocast
    from .func import vmap as vmap
    from .serialization import load as load
    from .serialization import save as save
    from .settings import *
    from .storage import TypedStorage as TypedStorage
    from .storage import UntypedStorage as UntypedStorage
    from .tape import GradientTape as GradientTape
    from .tape import UnconnectedGradients as UnconnectedGradients
    from .variable import Variable as Variable
    from .version import TorchVersion as TorchVersion
    from .version import __version__ as __version__
else:
    globals().update(_DTYPES)
    globals().update(_LEGACY_TYPES)

_SUBMODULES = frozenset(
    """
    amp autograd backends cuda datasets distributed distributions fft func keras linalg multiprocessing nn optim ops
    random return_types serialization signal special storage testing utils version visualize
    """.split()  # noqa: SIM905
)
_ACCELERATORS = frozenset(("accelerator", "compiler", "cpu", "mps", "xpu"))
_HOMES = dict.fromkeys(_ACCELERATORS, "accelerators") | {
    name: module
    for module, names in {
        "amp": "autocast",
        "autograd": "is_anomaly_check_nan_enabled is_anomaly_enabled set_anomaly_enabled",
        "settings": """
            are_deterministic_algorithms_enabled compile compiled_with_cxx11_abi get_deterministic_debug_mode
            get_float32_matmul_precision get_num_interop_threads get_num_threads
            is_deterministic_algorithms_warn_only_enabled is_storage is_warn_always_enabled
            set_deterministic_debug_mode set_float32_matmul_precision set_flush_denormal set_num_interop_threads
            set_num_threads set_warn_always typename use_deterministic_algorithms
        """,
        "func": "vmap",
        "serialization": "load save",
        "storage": "TypedStorage UntypedStorage",
        "tape": "GradientTape UnconnectedGradients",
        "variable": "Variable",
        "version": "__version__ TorchVersion",
    }.items()
    for name in names.split()
}
"""Names that are imported, with the module that has them, when they are first used."""


if not _typing.TYPE_CHECKING:  # a checker that sees __getattr__ takes any name for right

    def __getattr__(name: str) -> _typing.Any:
        """Operations are compiled, and submodules imported, when they are first used."""
        from importlib import import_module

        value = methods.FUNCTIONS.get(name)
        if value is not None:
            if hasattr(value, "function"):
                value = value.function
                if value.__name__ == name:
                    value.__module__ = __name__  # where pickle and help() find it
        elif name in _SUBMODULES:
            return import_module(f".{name}", __name__)
        elif name in _HOMES:
            value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        elif name == "__all__":
            value = [each for each in __dir__() if each[0] != "_" and each not in _SUBMODULES | _ACCELERATORS]
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *methods.FUNCTIONS, *_SUBMODULES, *_HOMES} - _INTERNAL)


_INTERNAL = frozenset(
    name for name, value in globals().items() if type(value) is type(_os) and name not in _SUBMODULES
) | {"annotations"}
"""Our own modules, which are not part of PyTorch's namespace."""
