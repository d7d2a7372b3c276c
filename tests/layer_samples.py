"""Samples of layers: convolution, pooling, padding, normalisation, embedding. A part of the table in samples.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from sampling import A, B, N, P, Z, functional, row, s

# ---- convolution -----------------------------------------------------------------------------------------------------

# PyTorch's kernels skip the padding, or multiply it by zero, or transform the input: with inf each gives another nan.
CONVOLUTION: dict[str, Any] = {"nonfinite": False}
row("F.conv1d conv1d", s(N(2, 3, 5), N(4, 3, 2), N(4)), s(N(3, 5), N(2, 3, 3), N(2), padding=1), s(N(1, 2, 6), N(2, 2, 2),
    padding="same"), s(N(2, 4, 5), N(6, 2, 2), N(6), 2, 1, 2, 2), s(N(0, 3, 5), N(4, 3, 2), N(4)), **CONVOLUTION)  # fmt: skip
row("F.conv2d conv2d", s(N(2, 2, 4, 5), N(3, 2, 2, 3), N(3)), s(N(2, 4, 4), N(1, 2, 3, 3)), s(N(1, 2, 5, 5), N(2, 2, 3, 2),
    N(2), (2, 1), (1, 2), (1, 2)), s(N(1, 4, 3, 4), N(4, 2, 2, 2), N(4), groups=2), s(N(1, 2, 3, 4), N(4, 1, 2, 2),
    groups=2, padding=1), s(N(1, 2, 4, 4), N(1, 2, 2, 3), N(1), padding="same"), s(N(1, 1, 4, 4), N(2, 1, 1, 1), N(2)),
    s(N(1, 2, 4, 4), N(1, 2, 2, 2), padding="valid", stride=2), s(N(3, 2, 4).transpose(1, 0, 2), N(1, 2, 2, 2)),
    **CONVOLUTION)  # fmt: skip
row("F.conv3d conv3d", s(N(1, 2, 3, 3, 3), N(2, 2, 2, 2, 2), N(2)), s(N(1, 3, 3, 2), N(1, 1, 2, 2, 1), padding=(1, 0, 1),
    stride=(1, 2, 1)), **CONVOLUTION)  # fmt: skip
row("F.conv_transpose1d conv_transpose1d", s(N(2, 3, 4), N(3, 2, 3), N(2)), s(N(3, 4), N(3, 2, 2), N(2), 2, 1, 1),
    s(N(1, 4, 3), N(4, 2, 2), N(4), 2, 1, 0, 2, 3), **CONVOLUTION)  # fmt: skip
row("F.conv_transpose2d conv_transpose2d", s(N(1, 2, 3, 3), N(2, 3, 2, 2), N(3)), s(N(2, 3, 2), N(2, 2, 3, 2), stride=2),
    s(N(1, 2, 3, 2), N(2, 1, 3, 3), N(1), (2, 1), 1, (1, 0)), s(N(1, 4, 2, 2), N(4, 1, 2, 2), N(2), 2, 0, 1, 2),
    s(N(1, 1, 2, 3), N(1, 1, 2, 2), dilation=2, padding=1), **CONVOLUTION)  # fmt: skip
row("F.conv_transpose3d conv_transpose3d", s(N(1, 2, 2, 2, 2), N(2, 1, 2, 2, 2), N(1)), s(N(1, 2, 2, 2), N(1, 2, 2, 1, 2),
    stride=2, output_padding=1), **CONVOLUTION)  # fmt: skip

row("F.conv2d", s(N(1, 2, 3, 3) + 1j * N(1, 2, 3, 3), N(2, 2, 2, 2) - 1j * N(2, 2, 2, 2), A([1j, 2.0], np.complex128)),
    node="any", **CONVOLUTION)  # fmt: skip

# ---- pooling ---------------------------------------------------------------------------------------------------------

TIES = A([1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 0.0, 2.0, 2.0]).reshape(1, 3, 3)
ALL_NAN = np.full((1, 3, 3), np.nan)
# PyTorch's max_pool1d has kernels of its own where no gradient is asked for; they refuse integers, and the others bools.
row("F.max_pool1d max_pool1d", s(N(2, 3, 6), 2), s(N(3, 5), 3, 1), s(N(1, 2, 7), 3, 2, 1), s(N(1, 2, 7), 2, 2, 1, 2, True),
    s(N(1, 1, 5), (2,), (1,)))  # fmt: skip
row("F.max_pool1d", s(N(2, 2, 6), 2, return_indices=True))
row("max_pool1d_with_indices", s(N(2, 2, 6), 2), s(N(2, 5), 2, 1))
row("F.max_pool2d max_pool2d", s(N(2, 2, 4, 6), 2), s(N(2, 4, 4), (2, 1)), s(N(1, 2, 5, 5), 3, 1), s(N(1, 1, 5, 6), 3, 2, 1),
    s(N(1, 2, 5, 5), 2, 2, 1, 2, True), s(N(1, 1, 5, 4), 2, ceil_mode=True), s(TIES, 2, 1, smooth=False),
    s(ALL_NAN, 2, 1, smooth=False), s(np.full((1, 3, 3), -np.inf), 2, 1, 1, smooth=False), s(N(0, 2, 4, 4), 2),
    s(N(1, 1, 6, 6), (3, 2), (2, 3), (1, 0)), s(np.moveaxis(N(4, 4, 2), 2, 0), 2))  # fmt: skip
row("F.max_pool2d", s(N(2, 2, 4, 4), 2, return_indices=True), s(TIES, 2, 1, 1, return_indices=True, smooth=False),
    s(N(1, 1, 5, 5), 3, 2, 1, return_indices=True), s(np.full((1, 3, 3), -np.inf), 2, 1, 1, smooth=False,
    return_indices=True))  # fmt: skip
row("F.max_pool3d max_pool3d", s(N(1, 2, 2, 4, 4), 2), s(N(1, 3, 3, 3), 2, 1), s(N(1, 1, 3, 4, 4), (1, 2, 3), 2, (0, 1, 1)))
row("F.max_pool3d", s(N(1, 3, 3, 3), 2, 1, return_indices=True))
row("F.adaptive_max_pool1d", s(N(2, 3, 6), 4), s(N(2, 5), 5), s(N(1, 1, 4), 2, return_indices=True))
row("F.adaptive_max_pool2d", s(N(1, 2, 5, 4), 2), s(N(1, 5, 4), (3, None)), s(N(1, 1, 3, 3), (4, 2), return_indices=True),
    s(N(1, 1, 4, 4), 1))  # fmt: skip
row("F.adaptive_max_pool3d", s(N(1, 1, 3, 4, 3), 2))
row("F.avg_pool1d avg_pool1d", s(N(2, 3, 6), 2), s(N(3, 5), 3, 1), s(N(1, 2, 7), 3, 2, 1), s(N(1, 1, 6), 3, 2, 1, True, False))
row("F.avg_pool2d", s(N(2, 2, 4, 6), 2), s(N(2, 4, 4), (2, 1)), s(N(1, 2, 5, 5), 3, 1), s(N(1, 1, 5, 6), 3, 2, 1),
    s(N(1, 1, 5, 4), 2, 2, 1, True), s(N(1, 1, 5, 4), 2, 2, 1, True, False), s(N(1, 1, 4, 4), 2, divisor_override=3),
    s(N(1, 1, 5, 5), 3, 2, 1, count_include_pad=False), s(N(0, 2, 4, 4), 2))  # fmt: skip
row("F.avg_pool3d", s(N(1, 1, 2, 4, 4), 2), s(N(1, 3, 3, 3), 2, 1, 1, count_include_pad=False),
    s(N(1, 1, 2, 3, 3), 2, 1, divisor_override=2), dtypes=False)  # fmt: skip  # PyTorch has no kernel for half
row("F.adaptive_avg_pool1d adaptive_avg_pool1d", s(N(2, 3, 6), 3), s(N(2, 5), 3), s(N(1, 1, 4), 1))
row("F.adaptive_avg_pool2d", s(N(1, 2, 4, 4), 2), s(N(1, 5, 4), (3, None)), s(N(1, 1, 3, 3), (4, 2)), s(N(2, 2, 3, 3), 1))
row("F.adaptive_avg_pool3d", s(N(1, 1, 3, 4, 3), 2), s(N(1, 1, 2, 2, 2), 1))
row("F.lp_pool1d F.lp_pool2d", s(P(1, 2, 4, 4)[0], 2, 2), s(P(1, 2, 4), 3.0, 2, 1))
row("F.lp_pool2d", s(P(1, 1, 4, 4), 2, (2, 1)))
row("F.lp_pool3d", s(P(1, 1, 2, 2, 2), 2, 2, dtypes=False))


def _unpool(n: int) -> Any:
    def call(torch: Any, x: Any, *args: Any) -> Any:
        f = functional(torch)
        pooled, indices = getattr(f, f"max_pool{n}d")(x, *args, return_indices=True)
        return getattr(f, f"max_unpool{n}d")(pooled, indices, *args)

    return call


row("F.max_unpool1d", s(N(2, 3, 6), 2, _call=_unpool(1)), s(N(1, 1, 6), 3, _call=_unpool(1)), dtypes=False, nonfinite=False)
row("F.max_unpool2d", s(N(1, 2, 4, 4), 2, _call=_unpool(2)), s(N(1, 4, 4), 2, _call=_unpool(2)), dtypes=False, nonfinite=False)
row("F.max_unpool3d", s(N(1, 1, 2, 4, 4), 2, _call=_unpool(3)), dtypes=False, nonfinite=False)

# ---- padding, windows as columns -------------------------------------------------------------------------------------

row("F.pad", s(N(2, 3), (1, 2)), s(N(2, 3), (1, 0, 2, 1)), s(N(2, 3), (-1, 1), value=2.5), s(N(2, 3), (0, -1, 1, 0)),
    s(N(3), [1, 1], "constant", 0.5), s(N(2, 0), (1, 1)), s(B(2, 3), (1, 1)), s(Z(3), (1, 1), value=7), s(N(), ()))  # fmt: skip
for _mode in ("reflect", "replicate", "circular"):
    # PyTorch's circular padding writes piece after piece into a new tensor.
    row("F.pad", s(N(1, 2, 4), (2, 3), _mode), s(N(2, 4), (1, 0), _mode), s(N(1, 2, 3, 4), (1, 2, 0, 2), _mode),
        s(N(2, 3, 3), (0, 1, 1, 0), _mode), s(N(1, 2, 2, 3, 3), (1, 1, 2, 0, 1, 0), _mode), s(N(1, 1, 4), (-1, 2), _mode),
        dtypes=_mode != "circular")  # fmt: skip
row("constant_pad_nd", s(N(2, 3), (1, 1)), s(N(2, 3), (1, 1), 2.0))
row("F.unfold", s(N(2, 2, 4, 5), 2), s(N(2, 4, 4), (2, 3), 1, 1, 2), s(N(1, 1, 5, 5), 2, 2, 1), s(N(0, 2, 3, 3), 2))
row("F.fold", s(N(2, 8, 6), (3, 4), 2), s(N(4, 9), 5, 2, 2, 0), s(N(1, 4, 9), 4, 2, 1, 1, 2))
row("F.pixel_shuffle pixel_shuffle", s(N(1, 8, 2, 3), 2), s(N(9, 1, 2), 3))
row("F.pixel_unshuffle pixel_unshuffle", s(N(1, 2, 4, 2), 2), s(N(1, 3, 6), 3))
row("F.channel_shuffle channel_shuffle", s(N(1, 6, 2, 2), 2), s(N(2, 6, 3), 3))

# ---- normalisation, embedding ----------------------------------------------------------------------------------------

row("F.layer_norm", s(N(2, 3), (3,)), s(N(2, 3, 2), (3, 2), N(3, 2), N(3, 2)), s(N(4), [4], N(4)), s(N(2, 2, 3), (3,), None,
    N(3), 1e-2), s(N(0, 3), (3,), N(3), N(3)), s(A([[2.0, 2.0, 2.0]]), (3,), nonfinite=False, smooth=False))  # fmt: skip
row("layer_norm", s(N(2, 3), (3,), N(3), N(3)))
row("F.group_norm group_norm", s(N(2, 4), 2, dtypes=False), s(N(2, 4, 3), 2, N(4), N(4)), s(N(1, 4, 2, 2), 1, N(4)),
    s(N(2, 3, 2), 3, dtypes=False))  # fmt: skip
row("F.instance_norm", s(N(2, 3, 4)), s(N(2, 3, 2, 2), weight=None), s(N(1, 2, 4), N(2), P(2), N(2), N(2), False,
    fixed=(1, 2)), dtypes=False)  # fmt: skip
row("F.rms_norm rms_norm", s(N(2, 3), (3,)), s(N(2, 3, 2), (3, 2), N(3, 2), 1e-3), s(N(4), [4], N(4)), s(N(0, 3), (3,)))
row("F.local_response_norm", s(N(2, 4, 3), 2), s(N(1, 5, 2, 2), 3, 0.5, 0.75, 2.0), s(N(1, 3, 2, 1, 2), 3, alpha=1.0),
    dtypes=False)  # fmt: skip
INDICES = A([[0, 1], [1, 3]], np.int64)
# What padding_idx and scale_grad_by_freq do to gradients is not a derivative.
row("F.embedding", s(INDICES, N(4, 3)), s(A([2, 0, 2], np.int32), N(3, 2), 2, smooth=False), s(INDICES, N(4, 2), -3,
    smooth=False), s(INDICES, N(4, 2), scale_grad_by_freq=True, smooth=False), s(INDICES, N(4, 2), 1, scale_grad_by_freq=True,
    smooth=False), s(A(1, np.int64), N(2, 3)), s(np.zeros((0, 2), np.int64), N(2, 3)))  # fmt: skip
row("embedding", s(N(4, 3), INDICES), s(N(4, 2), INDICES, 1, True, smooth=False))
row("F.embedding_bag", s(INDICES, N(4, 3)), s(INDICES, N(4, 3), mode="sum"), s(INDICES, N(4, 3), mode="max", node="any"),
    s(A([2, 0, 2, 1], np.int64), N(3, 2), A([0, 1, 1], np.int64)), s(A([2, 0, 2], np.int64), N(3, 2), A([0, 1, 3], np.int64),
    mode="sum", include_last_offset=True, padding_idx=2), s(INDICES, N(4, 2), padding_idx=1), s(A([0, 1], np.int64), N(3, 2),
    A([0, 0], np.int64), mode="max"), twice=False, dtypes=False, nonfinite=False)  # fmt: skip
row("F.embedding_bag", s(INDICES, N(4, 3), P(2, 2), twice=False, dtypes=False, nonfinite=False,
    _call=lambda torch, i, w, p: functional(torch).embedding_bag(i, w, mode="sum", per_sample_weights=p)))  # fmt: skip

# ---- other sizes -----------------------------------------------------------------------------------------------------

# PyTorch's kernels for uint8 round in integers of their own; with inf each way to the weighted sum gives another nan.
SIZES: dict[str, Any] = {"dtypes": False, "nonfinite": False}
for _mode in ("nearest", "nearest-exact"):
    row("F.interpolate", s(N(1, 2, 4), 7, mode=_mode), s(N(1, 2, 3, 4), (5, 2), mode=_mode),
        s(N(1, 1, 3, 3), scale_factor=1.7, mode=_mode), s(N(1, 1, 2, 2, 3), scale_factor=2, mode=_mode), **SIZES)  # fmt: skip
for _mode, _shape in (
    ("linear", (1, 2, 4)), ("bilinear", (1, 2, 3, 4)), ("trilinear", (1, 1, 2, 3, 2)), ("bicubic", (1, 1, 3, 4)),
):  # fmt: skip
    row("F.interpolate", s(N(*_shape), scale_factor=2, mode=_mode), s(N(*_shape), 5, mode=_mode, align_corners=True),
        s(N(*_shape), scale_factor=1.7, mode=_mode), s(N(*_shape), 2, mode=_mode),
        s(N(*_shape), scale_factor=1.7, mode=_mode, recompute_scale_factor=True), **SIZES)  # fmt: skip
row("F.interpolate", s(N(1, 1, 4, 3), 2, mode="area"), s(N(1, 2, 4), scale_factor=0.5, mode="area"), **SIZES)
row("F.upsample", s(N(1, 1, 2, 2), scale_factor=2), **SIZES)
row("F.upsample_nearest F.upsample_bilinear", s(N(1, 1, 2, 2), scale_factor=2), **SIZES)

# ---- at given places -------------------------------------------------------------------------------------------------

for _n, _modes in ((2, ("bilinear", "nearest", "bicubic")), (3, ("bilinear", "nearest"))):
    _image, _grid = (2, 2, 3, 4, 2)[: _n + 2], (2, 2, 3, 2)[: _n + 1]
    for _mode in _modes:
        for _padding in ("zeros", "border", "reflection"):
            _cases = [s(N(*_image), 0.7 * N(*_grid, _n), _mode, _padding, _corners) for _corners in (True, False)]
            row("F.grid_sample", *_cases, **SIZES)
    row("F.affine_grid", *[s(N(2, _n, _n + 1), (2, 1, *_image[2:]), _corners) for _corners in (True, False)], **SIZES)

# PyTorch's own second derivative fails torch.autograd.gradgradcheck.
row("_weight_norm", s(N(3, 4), P(3, 1)), s(N(3, 4), N(1, 4), 1), s(N(2, 3, 2), P(2, 1, 1), 0), s(N(2, 3, 2), P(1, 3, 1), 1),
    s(N(3), N(3)), s(N(3, 2), P(), -1), dtypes=False, nonfinite=False, twice=False)  # fmt: skip
row("norm_except_dim", s(N(3, 4)), s(N(2, 3, 2), 2, 1), s(N(3, 4), 3, 1), s(N(3, 4), 2, -1), s(N(3)), node="any", view=False,
    dtypes=False)  # fmt: skip

FRACTIONS = A([0.1, 0.8, 0.4, 0.6, 0.9, 0.2]).reshape(1, 2, 3)
row("F.fractional_max_pool2d", s(N(1, 2, 5, 6), 2, 3, None, False, FRACTIONS[..., :2].copy(), fixed=(5,)), twice=False,
    dtypes=False, nonfinite=False)  # fmt: skip
row("F.fractional_max_pool3d", s(N(1, 2, 4, 4, 5), 2, (2, 2, 3), None, False, FRACTIONS, fixed=(5,)), twice=False,
    dtypes=False, nonfinite=False)  # fmt: skip
