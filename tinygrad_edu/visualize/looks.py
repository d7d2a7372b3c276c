"""How operations are named and grouped in pictures."""

from __future__ import annotations

from typing import Any

__all__ = ["GATES", "family_of", "symbol_of"]

_FAMILIES = {
    "elementwise": "arithmetic", "powers": "arithmetic", "special": "arithmetic", "numpy": "arithmetic",
    "complex": "arithmetic", "activation": "activation", "smooth": "activation", "linalg": "linear", "reduction": "reduction",
    "cumulative": "reduction", "shape": "shape", "view_region": "shape", "diagonal": "shape", "indexing": "shape",
    "scatter": "shape", "masks": "shape", "overwriting": "shape", "repeated": "shape", "loss": "loss", "norm": "norm",
    "conv": "conv", "pooling": "conv",
}  # fmt: skip
"""The family of each file of the derivative table."""

_FAMILY_OF_OP = dict.fromkeys("sigmoid tanh softmax log_softmax threshold".split(), "activation") | {
    "linear": "linear", "clone": "shape", "max": "reduction", "where": "shape",
}  # fmt: skip

_SYMBOLS = {
    "add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "matmul": "matmul", "mm": "matmul", "relu": "ReLU",
    "sigmoid": "σ", "sum": "Σ", "sqrt": "√", "pow": "xʸ", "square": "x²", "reciprocal": "1/x", "abs": "|x|", "t": "ᵀ",
    "maximum": "max", "minimum": "min", "leaky_relu": "LeakyReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU",
    "addmm": "linear", "nll_loss": "NLL", "mse_loss": "MSE", "relu6": "ReLU6",
}  # fmt: skip

GATES = frozenset(
    """
    relu relu6 hardtanh clamp clamp_min clamp_max threshold maximum minimum fmax fmin max min amax amin hardsigmoid
    hardswish softshrink hardshrink max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d
    """.split()  # noqa: SIM905
)
"""Operations that let the gradient through at some elements and hold it back at the others."""


def family_of(op: Any, public: str) -> str:
    """The family of an operation, by which its card is tinted."""
    if public == "linear" or hasattr(op, "family"):
        return "linear" if public == "linear" else op.family
    if public in _FAMILY_OF_OP:
        return _FAMILY_OF_OP[public]
    return "other" if op is None else _FAMILIES.get(op.__module__.rpartition(".")[2], "other")


def symbol_of(op: Any, public: str) -> str:
    """What stands in the head of a card."""
    if hasattr(op, "symbol"):
        return op.symbol
    return _SYMBOLS.get(public, public)
