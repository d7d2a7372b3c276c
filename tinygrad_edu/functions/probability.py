"""Functions of probability that are made of several operations."""

from __future__ import annotations

import math
from typing import Any

from ..ops.choosing import where
from ..ops.special import erf, erfc
from ..tensor import Tensor
from .arguments import require_tensor
from .out import put_out


def ndtr(input: Tensor, *, out: Any = None) -> Tensor:
    """The area under the normal distribution's curve up to x."""
    require_tensor("special_ndtr", input)
    x: Any = input * math.sqrt(0.5)
    size: Any = x.abs()
    tail = 0.5 * erfc.function(size)
    result = where.function(size < math.sqrt(0.5), 0.5 * (1 + erf.function(x)), where.function(x > 0, 1 - tail, tail))
    return result if out is None else put_out("special_ndtr", out, result)
