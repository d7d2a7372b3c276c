"""Images in another size: every output is a weighted sum of a few inputs, along one axis after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.op import op
from .elementwise import as_half, from_half
from .repeated import add_at


class Resampling(NamedTuple):
    """How one axis is resampled.

    Attributes:
        size: the number of inputs.
        taps: (places of the inputs, their weights) for all outputs, as often as an output has inputs. A weight of None is 1.
    """

    size: int
    taps: tuple


def _along(vector, axis):
    return vector.reshape(-1, *(1,) * (-1 - axis))


def _resampled(x, axes):
    """``x`` with its last axes resampled."""
    for axis in range(-len(axes), 0):
        total = None
        for places, weights in axes[axis].taps:
            part = np.take(x, places, axis)
            if weights is not None:
                part *= _along(weights.astype(x.dtype), axis)
            total = part if total is None else np.add(total, part, out=total)
        x = total
    return x


def _resampled_back(x, axes):
    """The adjoint: every element is given back to the inputs that it came from."""
    for axis in range(-1, -1 - len(axes), -1):
        one = axes[axis]
        shape = list(x.shape)
        shape[axis] = one.size
        result = np.zeros(shape, x.dtype)
        target = np.ascontiguousarray(np.moveaxis(result, axis, 0))
        for places, weights in one.taps:
            part = x if weights is None else x * _along(weights.astype(x.dtype), axis)
            add_at(target, places, np.moveaxis(part, axis, 0))
        x = np.moveaxis(target, 0, axis)
    return np.ascontiguousarray(x)


def _declare_resize(name, public):
    @op(
        name,
        x=lambda grad, axes: resize_back(grad, axes),
        public=public,
        formula=("resize(x)", "transposed_resize(G)"),
        symbol="resize",
    )
    def resize(x, axes):
        """The last axes of ``x`` resampled as ``axes`` say."""
        if x.dtype.kind != "f" and x.dtype != np.uint8:
            raise not_implemented(public, x.dtype)
        if x.dtype == np.uint8:
            if any(weights is not None for one in axes for _, weights in one.taps):
                return np.rint(_resampled(x.astype(np.float32), axes)).clip(0, 255).astype(np.uint8)
            return _resampled(x, axes)
        return as_half(_resampled(from_half(x), axes), x)

    return resize


_KINDS = {"nearest": "Nearest", "nearest-exact": "NearestExact", "linear": "Linear", "bilinear": "Bilinear",
          "trilinear": "Trilinear", "bicubic": "Bicubic"}  # fmt: skip
_DIMS = {"nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "linear": (1,), "bilinear": (2,), "trilinear": (3,), "bicubic": (2,)}
RESIZES = {
    (mode, n): _declare_resize(f"Upsample{_KINDS[mode]}{n}DBackward0", f"upsample_{mode.replace('-', '_')}{n}d")
    for mode, dims in _DIMS.items()
    for n in dims
}
"""The operation for each mode and number of axes."""


@op(
    "UpsampleBackwardBackward0",
    x=lambda grad, axes: resize_again(grad, axes),
    public="upsample",
    formula=("transposed_resize(x)", "resize(G)"),
)
def resize_back(x, axes):
    """The gradient of a resampling."""
    return as_half(_resampled_back(from_half(x), axes), x)


resize_again = _declare_resize("UpsampleBackward0", "upsample")
