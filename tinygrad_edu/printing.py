"""The printed form of a tensor, character for character PyTorch's: ``tensor([1., 2.], grad_fn=<AddBackward0>)``.

Everything here works on a NumPy array plus keyword facts, so that the tensor class needs one line per method::

    class Tensor:
        def __repr__(self):
            return tensor_str(self.array, requires_grad=self.requires_grad, grad_fn=name_of(self.grad_fn))

    class Parameter(Tensor):
        def __repr__(self):
            return "Parameter containing:\\n" + super().__repr__()

The numbers are formatted by Python's ``float``, never by NumPy: ``np.printoptions`` cannot change the output and
``np.seterr`` cannot make printing fail. A long tensor is cut down to its edges before any of its values is looked at.

Source of the rules: PyTorch 2.13, ``torch.set_printoptions`` and ``torch/_tensor_str.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal

import numpy as np

__all__ = ["format_scalar", "get_printoptions", "printoptions", "set_printoptions", "tensor_str"]

_PROFILES: dict[str | None, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options: dict[str, Any] = {**_PROFILES["default"], "sci_mode": None}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: Literal["default", "short", "full"] | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed.

    Args:
        precision: digits after the decimal point (default 4).
        threshold: a tensor of more elements than this is summarised to its edges (default 1000).
        edgeitems: elements shown at each end of a summarised dimension (default 3).
        linewidth: characters per line (default 80).
        profile: values for all of the above at once, each of which may still be given; an unknown name changes nothing.
        sci_mode: scientific notation always (``True``), never (``False``), where magnitudes ask for it (``None``).
            Unlike the others it is set by every call: leaving it out means ``None``.

    See https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update(_PROFILES.get(profile, {}))
    _options.update({name: value for name, value in given.items() if value is not None})
    _options["sci_mode"] = sci_mode


def get_printoptions() -> dict[str, Any]:
    """Return the current options as a new dict, to be given back as ``set_printoptions(**options)``."""
    return dict(_options)


@contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """Context manager that sets print options, named as in :func:`set_printoptions`, and restores them at its end."""
    before = get_printoptions()
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_str(
    array: np.ndarray,
    *,
    requires_grad: bool = False,
    grad_fn: str | None = None,
    default_dtype: str = "float32",
    class_name: str = "tensor",
) -> str:
    """Return PyTorch's ``repr`` of a tensor with the values of ``array``.

    Args:
        array: any shape; bool, integer, float16 to float64, complex64 or complex128.
        requires_grad: adds ``requires_grad=True``, unless there is a ``grad_fn``, which says as much.
        grad_fn: the name of the node's class, ``"AddBackward0"``, or None for a leaf.
        default_dtype: the name of ``torch.get_default_dtype()``; a dtype that literals would not give is printed.
        class_name: ``"tensor"`` for Tensor and Parameter, the class's own name for any other subclass.
    """
    prefix = class_name + "("
    empty = array.size == 0
    facts = []
    # "[]" shows the shape (0,) only, and a summary without edges shows none.
    if (empty and array.ndim != 1) or not (empty or _options["edgeitems"]):
        facts.append(f"size={array.shape}")
    # The dtypes that a literal would give: an empty list gives the default one, whatever it was meant to hold.
    implied = {default_dtype}
    if not empty:
        implied |= {"bool", "int64", "complex128" if default_dtype == "float64" else "complex64"}
    if array.dtype.name not in implied:
        facts.append(f"dtype=torch.{array.dtype.name}")
    if grad_fn is not None:
        facts.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        facts.append("requires_grad=True")
    body = "[]" if empty else _values_str(array, len(prefix))
    return _append_facts(prefix + body, facts, len(prefix)) + ")"


def format_scalar(tensor: object, array: np.ndarray, spec: str, *, plain: bool = True) -> str:
    """Return ``format(tensor, spec)``, which is that of the Python number for a tensor without dimensions.

    Any other tensor, and any instance of a subclass (``plain=False``: PyTorch excepts Parameter too), has its ``str``
    for the empty spec and no other format (TypeError). ``Tensor.__format__`` is
    ``return format_scalar(self, self.array, spec, plain=type(self) is Tensor)``.
    """
    return format(array.item(), spec) if plain and array.ndim == 0 else object.__format__(tensor, spec)


def _append_facts(text: str, facts: list[str], indent: int) -> str:
    """Append ``, fact`` for each, on a new line where the line would become too long."""
    width = len(text) - text.rfind("\n") + 1  # of the last line; two too many, as PyTorch counts
    for fact in facts:
        if width + len(fact) + 2 > _options["linewidth"]:
            text += ",\n" + " " * indent + fact
            width = indent + len(fact)
        else:
            text += ", " + fact
            width += len(fact) + 2
    return text


def _values_str(array: np.ndarray, indent: int) -> str:
    """Return the nested brackets with the values of a nonempty array, whose first line starts at column ``indent``."""
    edge = _options["edgeitems"]
    summarize = array.size > _options["threshold"]
    cut = [summarize and n > 2 * edge for n in array.shape]
    if any(cut):
        array = array[np.ix_(*([*range(edge), *range(n - edge, n)] if n > 2 * edge else range(n) for n in array.shape))]
    texts, width = _cells(array)
    return _layout(iter(texts), width, array.shape, cut, indent)


def _layout(cells: Iterator[str], width: int, shape: tuple[int, ...], cut: list[bool], indent: int) -> str:
    """Lay out a (sub-)array of this shape from its cells in order; ``cut`` marks dimensions that lack their middle."""
    if not shape:
        return next(cells)
    length, *inner = shape
    edge, margin = _options["edgeitems"], " " * (indent + 1)
    if inner:
        items = [_layout(cells, width, shape[1:], cut[1:], indent + 1) for _ in range(length)]
    else:
        items = list(islice(cells, length))
    if cut[0]:
        items.insert(edge, "..." if inner or not edge else " ...")
    if inner:
        return "[" + ("," + "\n" * len(inner) + margin).join(items) + "]"
    per_line = max(1, math.floor((_options["linewidth"] - indent) / (width + len(", "))))
    lines = (", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line))
    return "[" + (",\n" + margin).join(lines) + "]"


def _cells(array: np.ndarray) -> tuple[list[str], int]:
    """Return the printed elements in order, and the width that line breaking counts for each."""
    if array.dtype.kind == "c":
        reals, real_width = _cells(array.real)
        imags, imag_width = _cells(array.imag)
        return list(map(_complex_str, reals, imags)), real_width + imag_width + 1
    values = array.ravel().tolist()
    if array.dtype.kind == "f":
        return _float_cells(values)
    texts = list(map(str, values))
    return _align(texts, max(map(len, texts), default=1))


def _complex_str(real: str, imag: str) -> str:
    imag = imag.lstrip()  # only the real parts are aligned
    return f"{real}{imag}j" if imag[0] == "-" else f"{real}+{imag}j"


def _float_cells(values: list[float]) -> tuple[list[str], int]:
    """Format floats alike: scientific, as integers with a trailing point, or with ``precision`` decimals.

    The nonzero finite values alone decide on the format and on the width; ``-0.0000`` and ``-inf`` may stick out.
    """
    precision, scientific = _options["precision"], _options["sci_mode"]
    decisive = [value for value in values if value and math.isfinite(value)]
    if not decisive:
        scientific = False
    elif scientific is None:
        largest, smallest = max(map(abs, decisive)), min(map(abs, decisive))
        scientific = largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4

    point = ""
    if scientific:
        spec = f".{precision}e"
    elif all(value.is_integer() for value in decisive):
        spec, point = ".0f", "."
    else:
        spec = f".{precision}f"
    texts = [format(value, spec) + (point if math.isfinite(value) else "") for value in values]
    widths = (len(text) for value, text in zip(values, texts, strict=True) if value and math.isfinite(value))
    return _align(texts, max(widths, default=1))


def _align(texts: list[str], width: int) -> tuple[list[str], int]:
    return [text.rjust(width) for text in texts], width
