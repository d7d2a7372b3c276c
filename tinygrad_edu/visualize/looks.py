"""What pictures know of operations beside what these declare."""

from __future__ import annotations

__all__ = ["GATES"]

GATES = frozenset(
    """
    relu relu6 hardtanh clamp clamp_min clamp_max threshold maximum minimum fmax fmin max min amax amin hardsigmoid
    hardswish softshrink hardshrink max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d
    """.split()  # noqa: SIM905
)
"""Operations that let the gradient through at some elements and hold it back at the others."""
