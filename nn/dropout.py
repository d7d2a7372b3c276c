"""Dropout as a module (https://docs.pytorch.org/docs/2.13/nn.html#dropout-layers)."""

from __future__ import annotations

from typing import Any

from . import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training, sets each element to zero with probability ``p`` and multiplies the others by 1 / (1 - p).

    Source: Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012.
    """

    def forward(self, input: Any) -> Any:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """In training, sets whole channels of (N, C, L) or (C, L) to zero with probability ``p`` and scales the others.

    Source: Tompson et al., "Efficient object localization using convolutional networks", 2014.
    """

    def forward(self, input: Any) -> Any:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """In training, sets whole channels of (N, C, H, W) to zero with probability ``p`` and scales the others.

    Source: Tompson et al., "Efficient object localization using convolutional networks", 2014.
    """

    def forward(self, input: Any) -> Any:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """In training, sets whole channels of (N, C, D, H, W) to zero with probability ``p`` and scales the others."""

    def forward(self, input: Any) -> Any:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """In training, sets elements to the value of SELU for very negative numbers, then scales to the old mean and variance.

    Source: Klambauer et al., "Self-normalizing neural networks", 2017 (https://arxiv.org/abs/1706.02515).
    """

    def forward(self, input: Any) -> Any:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """:class:`AlphaDropout` of whole channels."""

    def forward(self, input: Any) -> Any:
        return F.feature_alpha_dropout(input, self.p, self.training)
