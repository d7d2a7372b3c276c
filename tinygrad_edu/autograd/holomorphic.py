"""Gradients of complex functions.

PyTorch's gradient of a real loss L by a complex z = x + iy is ``dL/dx + i dL/dy``. Through a holomorphic f, to which a
rule ``r(G) = f'(z) G`` belongs, it takes the conjugate of the derivative: ``conj(f'(z)) G``, which is
``conj(r(conj(G)))``. So rules are written as for real numbers, and the nodes of complex results do that, for every rule
that is not declared ``holomorphic=False``. (Source: https://docs.pytorch.org/docs/stable/notes/autograd.html)

A rule in which all that was saved is real commutes with conjugation: it runs as it is. So it does where the result of an
operation is real although its input is complex (``abs``, ``real``, norms), which no holomorphic function's is.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from .node import Node, Placed, Withheld

__all__ = ["complex_node_class"]


def complex_node_class(plain: type[Node]) -> type[Node]:
    """The variant of an operation's node class whose rules run between two conjugations."""

    def apply_arrays(node: Any, grad: Any) -> Any:
        if _is_real(node.saved):
            return plain.apply_arrays(node, grad)
        return [_conjugate(each, _conjugate_array) for each in plain.apply_arrays(node, _conjugate(grad, _conjugate_array))]

    def apply_tensors(node: Any, grad: Any) -> Any:
        if node.op.composed or _is_real(node.saved):
            return plain.apply_tensors(node, grad)
        from ..ops.complex import conj

        return [_conjugate(each, conj.function) for each in plain.apply_tensors(node, _conjugate(grad, conj.function))]

    body = {
        "__slots__": (),
        "__module__": plain.__module__,
        "apply_arrays": apply_arrays,
        "apply_tensors": apply_tensors,
        "propagate": Node.propagate,
    }
    return types.new_class(plain.__name__, (plain,), {}, lambda namespace: namespace.update(body))


def _conjugate(grad: Any, conj: Any) -> Any:
    """A gradient, or those of several outputs, of which each may be None."""
    if type(grad) is Placed:
        conjugates = Placed.__new__(Placed)
        conjugates.extend(_conjugate(each, conj) for each in grad)
        return conjugates
    return None if grad is None else conj(grad)


def _conjugate_array(grad: Any) -> Any:
    return np.conj(grad) if grad.dtype.kind == "c" else grad


def _is_real(saved: Any) -> bool:
    """Whether nothing that was saved is complex. What must be unpacked is not unpacked twice to find out."""
    if saved.__class__ is Withheld or isinstance(saved, complex):
        return False
    if isinstance(saved, (tuple, list)):
        return all(map(_is_real, saved))
    return bool(getattr(getattr(saved, "dtype", None), "kind", "f") != "c")
