"""Gradients of complex functions.

PyTorch's gradient of a real loss L by a complex z = x + iy is ``dL/dx + i dL/dy``. Through a holomorphic f it takes the
conjugate of the derivative: ``conj(f'(z)) G``. As ``conj(f'(z)) = f'(conj(z))`` for every formula with real coefficients,
rules are written as for real numbers, and the nodes of complex results call them with what was saved conjugated. The
compiled backward functions of such nodes differ in that alone.

A rule of which that is not true is declared ``holomorphic=False`` and written in PyTorch's convention. So is a rule whose
operation has a real result although its input is complex (``abs``, ``real``, norms), as no holomorphic function has.
(Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#autograd-for-complex-numbers)
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["conjugate"]


def conjugate(value: Any) -> Any:
    """A saved value (an array, a Tensor, a number, several of them) as the rule of a complex node is given it."""
    if isinstance(value, complex):
        return value.conjugate()
    if value.__class__ is list or value.__class__ is tuple:
        return value.__class__(map(conjugate, value))
    if getattr(getattr(value, "dtype", None), "kind", "") != "c":
        return value
    if isinstance(value, np.ndarray):
        return np.conj(value)
    from ..ops.elementwise import conj

    return conj.function(value)
