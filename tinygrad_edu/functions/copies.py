"""Views as copies (``view_copy`` and its like), scattering into a copy of what a view shows, and marks that are never set."""

from __future__ import annotations

from typing import Any

from ..ops.complex import view_as_complex, view_as_real
from ..ops.shape import axis_of
from ..tensor import Tensor
from .arguments import require_tensor
from .out import put_out

_COPIES = """
    as_strided diagonal expand permute select split split_with_sizes squeeze t transpose unbind unsqueeze view_as_complex
    view_as_real
""".split()  # noqa: SIM905

__all__ = [
    "alias_copy", "as_strided_scatter", "detach_copy", "diagonal_scatter", "resolve_conj", "resolve_neg", "select_scatter",
    "slice_copy", "slice_scatter", "unfold_copy", "view_copy", *(f"{view}_copy" for view in _COPIES),
]  # fmt: skip


def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugation is carried out at once."""
    require_tensor("resolve_conj", input)
    return input


def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negation is carried out at once."""
    require_tensor("resolve_neg", input)
    return input


# ---- copies ------------------------------------------------------------------------------------------------------------


def _copied(name: str, result: Any, out: Any) -> Any:
    if isinstance(result, (tuple, list)):
        made = tuple(each.clone() for each in result)
        if out is None:
            return made
        for target, each in zip(out, made, strict=True):
            put_out(name, target, each)
        return None
    made = result.clone()
    return made if out is None else put_out(name, out, made)


def _declare(view: str) -> Any:
    def copy(input: Tensor, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        require_tensor(f"{view}_copy", input)
        function = _PARTS[view].function if view in _PARTS else getattr(Tensor, view)
        return _copied(f"{view}_copy", function(input, *args, **kwargs), out)

    copy.__name__ = copy.__qualname__ = f"{view}_copy"
    copy.__doc__ = f":func:`{view}` in memory of its own."
    return copy


_PARTS = {"view_as_complex": view_as_complex, "view_as_real": view_as_real}  # that are no methods
globals().update({f"{view}_copy": _declare(view) for view in _COPIES})


def alias_copy(input: Tensor, *, out: Any = None) -> Tensor:
    """A copy."""
    require_tensor("alias_copy", input)
    return _copied("alias_copy", input, out)


def detach_copy(input: Tensor, *, out: Any = None) -> Tensor:
    """A copy. It has a history, as PyTorch's has."""
    require_tensor("detach_copy", input)
    return _copied("detach_copy", input, out)


def slice_copy(
    input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1, *, out: Any = None
) -> Tensor:
    """The elements from ``start`` to ``end`` along ``dim``, ``step`` apart, as a copy."""
    require_tensor("slice_copy", input)
    return _copied("slice_copy", _slice(input, dim, start, end, step), out)


def unfold_copy(input: Tensor, dimension: int, size: int, step: int, *, out: Any = None) -> Tensor:
    """:meth:`Tensor.unfold` in memory of its own."""
    require_tensor("unfold_copy", input)
    return _copied("unfold_copy", input.unfold(dimension, size, step), out)


def view_copy(input: Tensor, size: Any, *, out: Any = None) -> Tensor:
    """:meth:`Tensor.view` in memory of its own; ``size`` may be a dtype."""
    require_tensor("view_copy", input)
    return _copied("view_copy", input.view(size), out)


def _slice(input: Tensor, dim: int, start: int | None, end: int | None, step: int) -> Tensor:
    if not input.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    return input[(*(slice(None),) * axis_of(dim, input.ndim), slice(start, end, step))]


# ---- scattering into a copy --------------------------------------------------------------------------------------------


def _scattered(input: Tensor, src: Tensor, view: Any) -> Tensor:
    result = input.clone()
    shown = view(result)
    if shown.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(shown.shape)}"
        )
    shown.copy_(src)
    return result


def _finished(name: str, out: Any, result: Tensor) -> Tensor:
    return result if out is None else put_out(name, out, result)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int, *, out: Any = None) -> Tensor:
    """A copy of ``input`` with ``src`` in the place of ``input.select(dim, index)``."""
    require_tensor("select_scatter", input)
    require_tensor("select_scatter", src, "src", 2)
    return _finished("select_scatter", out, _scattered(input, src, lambda x: x.select(dim, index)))


def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
    *,
    out: Any = None,
) -> Tensor:
    """A copy of ``input`` with ``src`` in the place of the elements from ``start`` to ``end`` along ``dim``."""
    require_tensor("slice_scatter", input)
    require_tensor("slice_scatter", src, "src", 2)
    return _finished("slice_scatter", out, _scattered(input, src, lambda x: _slice(x, dim, start, end, step)))


def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1, *, out: Any = None
) -> Tensor:
    """A copy of ``input`` with ``src`` on its diagonal."""
    require_tensor("diagonal_scatter", input)
    require_tensor("diagonal_scatter", src, "src", 2)
    return _finished("diagonal_scatter", out, _scattered(input, src, lambda x: x.diagonal(offset, dim1, dim2)))


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None, *, out: Any = None
) -> Tensor:
    """A copy of ``input`` with ``src`` where these sizes and strides point."""
    require_tensor("as_strided_scatter", input)
    require_tensor("as_strided_scatter", src, "src", 2)
    view = lambda x: x.as_strided(size, stride, storage_offset or 0)  # noqa: E731
    return _finished("as_strided_scatter", out, _scattered(input, src, view))


