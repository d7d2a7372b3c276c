"""``vmap``: a function of one example as a function of a batch.

The function runs on one slice after the other, and its results are stacked: the same values and derivatives as
PyTorch's, which computes with whole batches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

from ..functions.shape import stack
from ..generator import default_generator
from ..tensor import Tensor
from ..utils.nested import flatten, rebuild
from .trees import spread, structure

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that maps ``func`` over an axis of its arguments.

    Args:
        in_dims: the axis, for each argument if it is a tuple (nested like them); None for what all calls share.
        out_dims: where the axis stands in the results.
        randomness: "error" refuses random numbers, "different" draws them for each call, "same" the same for all.
        chunk_size: how many examples PyTorch takes at once; here it is one.

    Raises:
        ValueError: the axes do not fit the arguments or results.
        RuntimeError: ``func`` draws random numbers under "error".

    >>> from tinygrad_edu.func import vmap
    >>> vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3))
    tensor([3., 3.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        name = _name(func)
        leaves = list(flatten(args))
        dims = _input_axes(f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): ", name, in_dims, args, leaves)
        size = _batch_size(leaves, dims)
        draws = _Draws(randomness)
        results = []
        for i in range(max(size, 1)):
            with draws:
                results.append(func(*rebuild(args, iter(_slices(leaves, dims, i, size))), **kwargs))
        return _joined(results, out_dims, name, size)

    return wrapper


def _name(func: Any) -> str:
    if hasattr(func, "__name__"):
        return str(func.__name__)
    return f"functools.partial({_name(func.func)}, ...)" if isinstance(func, partial) else repr(func)


def _input_axes(start: str, name: str, in_dims: Any, args: Any, leaves: list[Any]) -> list[int | None]:
    if not isinstance(in_dims, (int, tuple, list)):
        raise ValueError(
            f"{start}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: "
            f"{type(in_dims)}."
        )
    if not leaves:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    dims = spread(tuple(in_dims) if isinstance(in_dims, list) else in_dims, args)
    if dims is None:
        raise ValueError(
            f"{start}in_dims is not compatible with the structure of `inputs`. in_dims has structure {structure(in_dims)} "
            f"but inputs has structure {structure(args)}."
        )
    for dim, leaf in zip(dims, leaves, strict=True):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(f"{start}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None.")
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"{start}Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over "
                "non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -leaf.dim() <= dim < leaf.dim():
            raise ValueError(
                f"{start}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {leaf.dim()} so "
                f"expected in_dim to satisfy -{leaf.dim()} <= in_dim < {leaf.dim()}."
            )
    return dims


def _batch_size(leaves: list[Any], dims: list[int | None]) -> int:
    sizes = [leaf.size(dim) for leaf, dim in zip(leaves, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped "
            "dimension"
        )
    size: int = sizes[0]
    return size


def _slices(leaves: list[Any], dims: list[int | None], i: int, size: int) -> list[Any]:
    """The i-th example; of an empty batch, zeros that show the results' shape."""
    if not size:
        return [
            leaf if dim is None else leaf.new_zeros([n for k, n in enumerate(leaf.shape) if k != dim % leaf.dim()])
            for leaf, dim in zip(leaves, dims, strict=True)
        ]
    return [leaf if dim is None else leaf.select(dim, i) for leaf, dim in zip(leaves, dims, strict=True)]


class _Draws:
    """What the calls of the function do with the stream of random numbers."""

    def __init__(self, randomness: str) -> None:
        self.randomness = randomness
        self.start: Any = None if randomness == "different" else default_generator._engine.get_state()

    def __enter__(self) -> None:
        if self.randomness == "same":
            default_generator._engine.set_state(self.start)

    def __exit__(self, *error: Any) -> None:
        if self.randomness != "error" or error[0] is not None:
            return
        if not np.array_equal(self.start, default_generator._engine.get_state()):
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
                "randomness flags on vmap or perform the randomness operation out of vmap"
            )


def _joined(results: list[Any], out_dims: Any, name: str, size: int) -> Any:
    """The results of all calls, stacked leaf by leaf."""
    first = results[0]
    dims = spread(out_dims, first)
    if dims is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of "
            f"`outputs`. out_dims has structure {structure(out_dims)} but outputs has structure {structure(first)}."
        )
    joined = []
    for dim, *values in zip(dims, *map(flatten, results), strict=True):
        if dim is None:
            joined.append(values[0])
        elif not isinstance(dim, int):
            raise ValueError(
                f"vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of ints "
                "representing where in the outputs the vmapped dimension should appear."
            )
        elif not isinstance(values[0], Tensor):
            raise ValueError(
                f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(values[0])}. Did you mean to set "
                "out_dims= to None for output?"
            )
        else:
            whole = stack(values, dim)
            joined.append(whole if size else whole.narrow(dim, 0, 0))
    return rebuild(first, iter(joined))
