"""Freed memory is kept for the next step.

A training step makes and drops arrays of a megabyte or so. glibc gives such memory back to the kernel as soon as it is
free, and the next step has it mapped and zeroed anew, page by page: a third of an LSTM's step, half of a convolutional
net's. How much it gives back follows the largest block that was ever freed (``mallopt(3)``, "dynamic mmap threshold"):
freeing one of 32 MB, which is never touched and hence costs nothing, makes it keep up to 64 MB.

Other allocators do not care. Whoever sets ``MALLOC_TRIM_THRESHOLD_`` or ``MALLOC_MMAP_THRESHOLD_`` in the environment turns
this off, too: glibc then keeps to what it is told.
"""

from __future__ import annotations

import numpy as np

_LARGEST = (32 << 20) - (64 << 10)  # glibc follows up to 32 MB, its own bytes around the block included


def keep_freed_memory() -> None:
    """Free a block of the size up to which glibc follows."""
    np.empty(_LARGEST, np.uint8)
