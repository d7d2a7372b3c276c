"""A trace as JSON, and back. :meth:`Trace.to_json` describes the form."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import types
import typing
from typing import Any

import numpy as np

from .numbers import stats
from .trace import SCHEMA_VERSION, Summary, Trace

__all__ = ["from_json", "to_json"]

_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_THUMBNAIL = 8


# ---- writing -------------------------------------------------------------------------------------------------------


def to_json(trace: Any, max_elements: int | None, indent: int | None) -> str:
    """See :meth:`Trace.to_json`."""
    if max_elements is not None and (isinstance(max_elements, bool) or not isinstance(max_elements, int) or max_elements < 0):
        raise ValueError(f"max_elements must be None or an integer that is not negative, got {max_elements!r}")
    document = {"schema": "tinygrad_edu.trace", "version": SCHEMA_VERSION, **_plain(trace, max_elements)}
    separators = (",", ":") if indent is None else None
    return json.dumps(document, allow_nan=False, ensure_ascii=False, indent=indent, separators=separators)


def _plain(value: Any, most: int | None) -> Any:
    if isinstance(value, Summary):
        return _summary(value)
    if isinstance(value, np.ndarray):
        return _array(value, most)
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), most) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): _written_option(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, most) for each in value]
    return _number(value) if isinstance(value, float) else value


def _written_option(value: Any) -> Any:
    """A number that is not finite is an object here: a string may be the option itself."""
    if isinstance(value, (list, tuple)):
        return [_written_option(each) for each in value]
    return {"number": _number(value)} if isinstance(value, float) and not math.isfinite(value) else value


def _array(array: np.ndarray, most: int | None) -> dict[str, Any]:
    if most is not None and array.size > most:
        return _summary(summarise(array))
    return {"shape": list(array.shape), "dtype": _dtype_name(array), "data": [_element(each) for each in array.ravel()]}


def _element(value: Any) -> Any:
    """A NumPy scalar with as few digits as tell it from its neighbours."""
    kind = value.dtype.kind
    if kind == "c":
        return [_element(value.real), _element(value.imag)]
    if kind == "f":
        return _number(float(str(value)))
    return value.item()


def _number(value: float) -> Any:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _dtype_name(array: np.ndarray) -> str:
    return array.dtype.name


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "shape": list(summary.whole_shape),
        "dtype": summary.whole_dtype,
        "summary": {name: _number(value) if isinstance(value, float) else value for name, value in summary.statistics.items()},
        "thumbnail": [[_element(each) for each in row] for row in np.asarray(summary)],
    }


def summarise(array: np.ndarray) -> Summary:
    """The statistics of an array, and its picture."""
    wide = (np.abs(array) if array.dtype.kind == "c" else array).astype(np.float64)
    mean, std = stats(wide)
    finite = wide[np.isfinite(wide)]
    statistics = {
        "mean": float(mean),
        "std": std,
        "min": float(finite.min()) if finite.size else math.nan,
        "max": float(finite.max()) if finite.size else math.nan,
        "nonfinite": wide.size - finite.size,
        "zeros": int((wide == 0).sum()),
    }
    plane = wide.reshape(-1, wide.shape[-1]) if wide.ndim else wide.reshape(1, 1)
    return Summary(_thumbnail(plane), array.shape, _dtype_name(array), statistics)


def _thumbnail(plane: np.ndarray) -> np.ndarray:
    rows, columns = (_edges(n) for n in plane.shape)
    with np.errstate(all="ignore"):
        cells = [[plane[a:b, c:d].mean() for c, d in columns] for a, b in rows]
        return np.array(cells, np.float32).reshape(len(rows), len(columns))


def _edges(n: int) -> list[tuple[int, int]]:
    cells = min(n, _THUMBNAIL)
    return list(itertools.pairwise(n * i // cells for i in range(cells + 1)))


# ---- reading -------------------------------------------------------------------------------------------------------


def from_json(text: str) -> Any:
    """See :meth:`Trace.from_json`."""
    try:
        document = json.loads(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"this is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != "tinygrad_edu.trace":
        raise ValueError('this JSON is no trace: it has no "schema": "tinygrad_edu.trace"')
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"a trace has a version, a whole number from 1; this one has {version!r}")
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"this trace has version {version}, and this tinygrad_edu reads up to version {SCHEMA_VERSION}: "
            "pip install --upgrade tinygrad-edu"
        )
    content = {name: value for name, value in document.items() if name not in ("schema", "version")}
    found = _read_dataclass(content, Trace, "trace")
    _check(found)
    return found


def _read_dataclass(value: Any, kind: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(where, kind.__name__, value)
    hints = _hints(kind)
    for name in value:
        if name not in hints:
            raise ValueError(f"{where} has an unknown field {name!r}")
    for field in dataclasses.fields(kind):
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if field.name not in value and not optional:
            raise ValueError(f"{where} has no field {field.name!r}")
    return kind(**{name: _read(each, hints[name], f"{where}.{name}") for name, each in value.items()})


def _hints(kind: Any) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = typing.get_type_hints(kind)
    return _HINTS[kind]


_HINTS: dict[Any, dict[str, Any]] = {}


def _read(value: Any, hint: Any, where: str) -> Any:
    """``value`` as what the dataclasses' annotation says."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        if value is None and type(None) in inner:
            return None
        return _read(value, np.ndarray if np.ndarray in inner else inner[0], where)
    if origin is list:
        return [_read(each, inner[0], f"{where}[{i}]") for i, each in enumerate(_list(value, where))]
    if origin is tuple:
        kinds = inner[:1] * len(_list(value, where)) if inner[1:] == (...,) else inner
        if len(kinds) != len(value):
            raise _wrong(where, f"list of {len(kinds)}", value)
        return tuple(_read(each, kind, f"{where}[{i}]") for i, (each, kind) in enumerate(zip(value, kinds, strict=True)))
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, "object", value)
        return {name: _option(each, f"{where}.{name}") for name, each in value.items()}
    if hint is np.ndarray:
        return _read_array(value, where)
    if dataclasses.is_dataclass(hint):
        return _read_dataclass(value, hint, where)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise _wrong(where, hint.__name__, value)
    return value


def _option(value: Any, where: str) -> Any:
    if isinstance(value, list):
        return [_option(each, where) for each in value]
    if isinstance(value, dict):
        if value.keys() != {"number"} or value["number"] not in _SPECIAL:
            raise _wrong(where, "number, text, list or null", value)
        return _SPECIAL[value["number"]]
    return value


def _list(value: Any, where: str) -> Any:
    if not isinstance(value, list):
        raise _wrong(where, "list", value)
    return value


def _wrong(where: str, expected: str, value: Any) -> ValueError:
    return ValueError(f"{where} must be a {expected}, not {_short(value)}")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _read_array(value: Any, where: str) -> Any:
    if not isinstance(value, dict) or not {"shape", "dtype"} <= value.keys() or not {"data", "summary"} & value.keys():
        raise _wrong(where, "array (with shape, dtype, and data or summary)", value)
    shape = _read(value["shape"], tuple[int, ...], f"{where}.shape")
    try:
        dtype = np.dtype(value["dtype"])
    except TypeError:
        raise _wrong(f"{where}.dtype", "name of a dtype", value["dtype"]) from None
    if dtype.kind not in "biufc":
        raise _wrong(f"{where}.dtype", "name of a dtype of numbers", value["dtype"])
    if "summary" in value:
        return _read_summary(value, shape, dtype, where)
    data = _list(value["data"], f"{where}.data")
    if any(n < 0 for n in shape) or len(data) != math.prod(shape):
        raise ValueError(f"{where} has {len(data)} elements, which do not fill the shape {list(shape)}")
    try:
        elements = [_read_element(each, dtype.kind) for each in data]
        return np.array(elements, dtype).reshape(shape)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{where}.data has an element that is no {dtype.name}") from None


def _read_element(value: Any, kind: str) -> Any:
    if kind == "c":
        real, imaginary = (_read_element(each, "f") for each in value)
        return complex(real, imaginary)
    if kind == "f" and isinstance(value, str):
        return _SPECIAL[value] if value in _SPECIAL else float("no number")
    if (kind == "b") is not isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    if kind in "iu" and not isinstance(value, int):
        raise TypeError(value)
    return value


def _read_summary(value: Any, shape: tuple[int, ...], dtype: Any, where: str) -> Summary:
    numbers, rows = value["summary"], value.get("thumbnail")
    try:
        statistics: dict[str, float] = {name: _read_element(numbers[name], "f") for name in ("mean", "std", "min", "max")}
        statistics |= {name: _read_element(numbers[name], "i") for name in ("nonfinite", "zeros")}
        cells = np.array([[_read_element(each, "f") for each in row] for row in rows], np.float32)
    except (TypeError, KeyError, ValueError):
        raise ValueError(f"{where} has a summary that is incomplete or malformed") from None
    if cells.ndim != 2 or not 0 < max(cells.shape) <= _THUMBNAIL or not cells.size:
        raise ValueError(f"{where}.thumbnail must have 1 to {_THUMBNAIL} rows and columns")
    return Summary(cells, shape, dtype.name, statistics)


def _check(trace: Any) -> None:
    """What the parts say of each other: that what they refer to is there."""
    values, steps = len(trace.values), len(trace.steps)
    _check_ids(trace.values, "values")
    _check_ids(trace.steps, "steps")
    _check_index(trace.root, values, "trace.root")
    for name in ("bad", "bad_backward"):
        _check_index(getattr(trace, name), steps, f"trace.{name}")
    for i, value in enumerate(trace.values):
        _check_index(value.made_by, steps, f"trace.values[{i}].made_by")
        for step, place in value.used_by:
            _check_index(step, steps, f"trace.values[{i}].used_by")
            _check_index(place, len(trace.steps[step].inputs), f"trace.values[{i}].used_by")
    for i, step in enumerate(trace.steps):
        for each in (*step.outputs, *(each.value for each in step.inputs)):
            _check_index(each, values, f"trace.steps[{i}]")


def _check_ids(parts: list[Any], name: str) -> None:
    for i, each in enumerate(parts):
        if each.id != i:
            raise ValueError(f"trace.{name}[{i}].id must be {i}, its place, not {each.id}")


def _check_index(index: int | None, count: int, where: str) -> None:
    if index is not None and not 0 <= index < count:
        raise ValueError(f"{where} refers to number {index}, but there are {count}")
