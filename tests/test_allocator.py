"""Freed memory stays with the process (glibc): a second round of arrays touches no fresh pages."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as torch

ROUNDS = """
import resource
import numpy as np
import tinygrad_edu

def arrays():
    return [np.ones(1 << 18, np.float32) for _ in range(8)]

arrays()
arrays()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    arrays()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 10)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have other habits")
def test_freed_arrays_are_not_given_back_to_the_kernel() -> None:
    environment = {"PYTHONPATH": str(Path(torch.__file__).parent.parent), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", ROUNDS], capture_output=True, text=True, env=environment, check=True)
    assert int(done.stdout) < 100  # of the 2048 pages of 8 MB
