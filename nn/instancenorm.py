"""Instance normalisation (https://docs.pytorch.org/docs/2.13/generated/torch.nn.InstanceNorm2d.html)."""

from __future__ import annotations

import warnings
from typing import Any

from . import functional as F
from .batchnorm import _NormBase

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _InstanceNorm(_NormBase):
    _unbatched: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input: Any) -> None:
        n = self._unbatched
        if input.dim() not in (n, n + 1):
            raise ValueError(f"expected {n}D or {n + 1}D input (got {input.dim()}D input)")

    def forward(self, input: Any) -> Any:
        self._check_input_dim(input)
        axis = input.dim() - self._unbatched
        if input.size(axis) != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={axis} to match num_features ({self.num_features}), but got: "
                    f"{input.size(axis)}."
                )
            warnings.warn(
                f"input's size at dim={axis} does not match num_features. You can silence this warning by not passing in "
                "num_features, which is not used because affine=False",
                stacklevel=2,
            )
        if axis == 0:
            return self._normalised(input.unsqueeze(0)).squeeze(0)
        return self._normalised(input)

    def _normalised(self, input: Any) -> Any:
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """y = (x - mean) / √(variance + eps) · weight + bias, per channel of each example of a signal (N, C, L) or (C, L).

    The arguments are those of :class:`BatchNorm1d`, but ``affine`` and ``track_running_stats`` are False by default.

    Source: Ulyanov, Vedaldi & Lempitsky, "Instance normalization", 2016 (https://arxiv.org/abs/1607.08022).
    """

    _unbatched = 2


class InstanceNorm2d(_InstanceNorm):
    """:class:`InstanceNorm1d` for images (N, C, H, W) or (C, H, W)."""

    _unbatched = 3


class InstanceNorm3d(_InstanceNorm):
    """:class:`InstanceNorm1d` for volumes (N, C, D, H, W) or (C, D, H, W)."""

    _unbatched = 4
