"""Sampling of images at given places: ``nn.functional.grid_sample`` and ``affine_grid``."""

from __future__ import annotations

import warnings
from typing import Any

from ..ops import grid as ops
from ..tensor import Tensor
from .arguments import require_tensor
from .reduction import _title

__all__ = ["affine_grid", "grid_sample"]

_DEFAULT = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The image ``input`` (N, C, H, W) read at the places ``grid`` (N, h, w, 2): (N, C, h, w); or volumes, with one axis more.

    Args:
        grid: x and y of each place, -1 and 1 at the edges: of the corner elements' centres for ``align_corners``, else of
            the corner elements' outer sides.
        mode: "bilinear", "nearest" or (for images) "bicubic".
        padding_mode: what lies beyond the edge: "zeros", the elements at the "border", or the "reflection".

    Raises:
        ValueError: an unknown mode.
        RuntimeError: shapes or dtypes that do not fit.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(_DEFAULT, stacklevel=2)
        align_corners = False
    require_tensor("grid_sampler", input)
    require_tensor("grid_sampler", grid, "grid", 2)
    _check_shapes(list(input.shape), list(grid.shape), mode)
    if input.dtype != grid.dtype:
        raise RuntimeError(f"expected scalar type {_title(input)} but found {_title(grid)}")
    operation = ops.grid_sample_2d if input.ndim == 4 else ops.grid_sample_3d
    return operation.function(input, grid, mode, padding_mode, align_corners)


def _check_shapes(image: list[int], grid: list[int], mode: str) -> None:
    both = f"got input with sizes {image} and grid with sizes {grid}"
    if len(image) not in (4, 5) or len(image) != len(grid):
        raise RuntimeError(
            f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but {both}"
        )
    if image[0] != grid[0]:
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, but {both}")
    n = len(image) - 2
    if grid[-1] != n:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {n} in last dimension, but got grid with sizes {grid}"
        )
    for d, size in enumerate(image[2:], 2):
        if size == 0:
            raise RuntimeError(
                f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {image} with "
                f"dimension {d} being empty"
            )
    if n == 3 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places for :func:`grid_sample` that an affine map sends the elements of an image of ``size`` to.

    Shapes: theta (N, 2, 3) and size (N, C, H, W) give (N, H, W, 2); theta (N, 3, 4) and size (N, C, D, H, W) volumes.
    """
    if align_corners is None:
        warnings.warn(_DEFAULT, stacklevel=2)
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {size}."
        )
    if theta.ndim != 3 or tuple(theta.shape[-2:]) != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {size}. Got {theta.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is not "
            "an intended use case of affine_grid. See the documentation of affine_grid for details.",
            stacklevel=2,
        )
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return ops.affine_grid_generator.function(theta, tuple(size[2:]), align_corners)
