"""What pictures know of operations beside what these declare."""

from __future__ import annotations

__all__ = ["GATES", "WINNERS"]

GATES = frozenset(
    """
    relu relu6 hardtanh clamp clamp_min clamp_max threshold maximum minimum fmax fmin max min amax amin hardsigmoid
    hardswish softshrink hardshrink max_pool1d max_pool2d max_pool3d adaptive_max_pool2d adaptive_max_pool3d
    """.split()  # noqa: SIM905
)
"""Operations that let the gradient through at some elements and hold it back at the others."""

WINNERS = frozenset(name for name in GATES if name in ("max", "min", "amax", "amin") or "max_pool" in name)
"""Those of them that choose a few of their input's elements."""
