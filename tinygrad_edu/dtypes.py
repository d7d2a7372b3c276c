"""Data types and their promotion: PyTorch's names over NumPy's dtypes.

Every tensor stores a NumPy array; :class:`dtype` is the public face of the array's dtype. Promotion follows
PyTorch (https://pytorch.org/docs/stable/tensor_attributes.html): operands fall into the categories bool, integer,
floating point and complex, and a scalar or 0-d tensor widens the result only when its category is higher.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .devices import CPU as CPU
from .devices import TorchName
from .devices import device as device
from .devices import require_cpu as require_cpu

__all__ = [
    "can_cast", "dtype", "finfo", "get_default_dtype", "iinfo", "promote_types", "result_type", "set_default_dtype",
]  # fmt: skip

# PyTorch's name, its other names, NumPy's dtype (None: a dtype that NumPy lacks), the prefix of its legacy tensor type.
_TABLE: tuple[tuple[str, tuple[str, ...], str | None, str], ...] = (
    ("bool", (), "bool", "Bool"),
    ("uint8", (), "uint8", "Byte"),
    ("int8", (), "int8", "Char"),
    ("int16", ("short",), "int16", "Short"),
    ("int32", ("int",), "int32", "Int"),
    ("int64", ("long",), "int64", "Long"),
    ("uint16", (), "uint16", "UInt16"),
    ("uint32", (), "uint32", "UInt32"),
    ("uint64", (), "uint64", "UInt64"),
    ("float16", ("half",), "float16", "Half"),
    ("bfloat16", (), None, "BFloat16"),
    ("float32", ("float",), "float32", "Float"),
    ("float64", ("double",), "float64", "Double"),
    ("complex32", ("chalf",), None, "ComplexHalf"),
    ("complex64", ("cfloat",), "complex64", "ComplexFloat"),
    ("complex128", ("cdouble",), "complex128", "ComplexDouble"),
)

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


class dtype(metaclass=TorchName):
    """A tensor's element type, such as ``torch.float32``. Each exists once, so ``is`` compares them.

    ``torch.bfloat16`` and ``torch.complex32`` exist as names only: NumPy has no such types.
    """

    __slots__ = ("_name", "_numpy", "legacy_name")
    _name: str
    _numpy: np.dtype[Any] | None
    legacy_name: str

    def __new__(cls, *args: Any) -> dtype:
        raise TypeError("cannot create 'torch.dtype' instances")

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype that stores this type."""
        if self._numpy is None:
            substitute = "float32" if self.kind == "f" else "complex64"
            raise TypeError(f"{self!r} tensors cannot be made here: NumPy has no such type; use torch.{substitute}")
        return self._numpy

    @property
    def kind(self) -> str:
        """The letter of its category: b(ool), u(nsigned), i(nteger), f(loat) or c(omplex)."""
        return ("c" if "complex" in self._name else "f") if self._numpy is None else self._numpy.kind

    @property
    def is_floating_point(self) -> bool:
        return self.kind == "f"

    @property
    def is_complex(self) -> bool:
        return self.kind == "c"

    @property
    def is_signed(self) -> bool:
        return self.kind in "ifc"

    @property
    def itemsize(self) -> int:
        return (4 if self.kind == "c" else 2) if self._numpy is None else self._numpy.itemsize

    def to_real(self) -> dtype:
        """The dtype of a complex number's real part; any other dtype is its own."""
        return DTYPES[f"float{self.itemsize * 4}"] if self.is_complex else self

    def to_complex(self) -> dtype:
        """The complex dtype with parts of this dtype."""
        if self.is_complex:
            return self
        if self.is_floating_point:
            return DTYPES["complex64" if self._name == "bfloat16" else f"complex{self.itemsize * 16}"]
        raise RuntimeError(f"Unknown Complex ScalarType for {self.legacy_name}")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'torch.dtype' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"'torch.dtype' object has no attribute '{name}'")

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> Any:
        return _dtype_named, (self._name,)

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: Any) -> dtype:
        return self


def _dtype_named(name: str) -> dtype:
    return DTYPES[name]


def _make_dtypes() -> tuple[dict[str, dtype], dict[Any, dtype]]:
    by_name, by_numpy = {}, {}
    for name, aliases, numpy_name, legacy_name in _TABLE:
        made = object.__new__(dtype)
        numpy_dtype = None if numpy_name is None else np.dtype(numpy_name)
        for slot, value in (("_name", name), ("legacy_name", legacy_name), ("_numpy", numpy_dtype)):
            object.__setattr__(made, slot, value)
        for each in (name, *aliases):
            by_name[each] = made
        if numpy_name is not None:
            by_numpy[made._numpy] = made
    return by_name, by_numpy


DTYPES, _BY_NUMPY = _make_dtypes()
"""Every public name of a dtype, aliases included."""

float64, int64 = DTYPES["float64"], DTYPES["int64"]

_C_NAMES = {
    "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "int32": "int", "int64": "long int",
    "uint16": "short unsigned int", "uint32": "unsigned int", "uint64": "long unsigned int", "float16": "c10::Half",
    "float32": "float", "float64": "double", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def c_name(numpy_dtype: np.dtype[Any]) -> str:
    """The C++ type that PyTorch's messages name."""
    return _C_NAMES.get(numpy_dtype.name, numpy_dtype.name)


_default = np.dtype("float32")


def __getattr__(name: str) -> dtype:
    """The dtypes are attributes of this module, but not its globals, where they would hide Python's float and int."""
    if name in DTYPES:
        return DTYPES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def from_numpy_dtype(numpy_dtype: np.dtype[Any]) -> dtype:
    """PyTorch's dtype for NumPy's (of either byte order)."""
    found = _BY_NUMPY.get(numpy_dtype)
    if found is None:
        found = _BY_NUMPY.get(numpy_dtype.newbyteorder("=")) if numpy_dtype.kind in "biufc" else None
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{numpy_dtype.type.__name__}. The only supported types are: "
            "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, "
            "uint8, and bool."
        )
    return found


_PYTHON_TYPES = {kind: np.dtype(kind) for kind in (bool, int, float, complex)}


def to_numpy_dtype(given: Any, caller: str = "", argument: str = "'dtype'") -> np.dtype[Any]:
    """NumPy's dtype for a torch dtype; Python's ``float``, ``int`` and ``bool`` are taken as PyTorch takes them."""
    if type(given) is dtype:
        return given.numpy
    try:
        return _PYTHON_TYPES[given]
    except (KeyError, TypeError):
        raise TypeError(f"{caller}(): argument {argument} must be torch.dtype, not {type(given).__name__}") from None


def default_numpy_dtype() -> np.dtype[Any]:
    return _default


def get_default_dtype() -> dtype:
    """The dtype that Python floats become (:func:`set_default_dtype`)."""
    return from_numpy_dtype(_default)


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` the dtype of new floating point tensors. Only floating point types are accepted."""
    global _default
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d.numpy


# ---- promotion -----------------------------------------------------------------------------------------------------

_promoted: dict[tuple[Any, Any], np.dtype[Any]] = {}
_SEPARATE = frozenset(map(np.dtype, ("uint16", "uint32", "uint64")))
"""PyTorch promotes these with real floating point types only."""


def promote_numpy(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The smallest dtype of the higher category that holds both (NumPy's rule within a category)."""
    if a == b:
        return a
    result = _promoted.get((a, b))
    if result is None:
        higher, lower = (a, b) if _CATEGORY[a.kind] >= _CATEGORY[b.kind] else (b, a)
        same = _CATEGORY[a.kind] == _CATEGORY[b.kind]
        if higher.kind != "f" and not _SEPARATE.isdisjoint((a, b)):
            raise _unpromotable(from_numpy_dtype(a), from_numpy_dtype(b))
        result = np.promote_types(a, b) if same or (higher.kind, lower.kind) == ("c", "f") else higher
        _promoted[a, b] = result
    return result


def _unpromotable(a: dtype, b: dtype) -> RuntimeError:
    return RuntimeError(
        "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
        f"{a.legacy_name} and {b.legacy_name}"
    )


def scalar_dtype(value: Any) -> np.dtype[Any]:
    """The dtype a Python number takes on its own: bool, int64, the default float, or its complex."""
    if isinstance(value, bool):
        return np.dtype("bool")
    if isinstance(value, int):
        return np.dtype("int64")
    if isinstance(value, float):
        return _default
    return np.dtype("complex128" if _default.itemsize == 8 else "complex64")


def common_dtype(*operands: Any) -> np.dtype[Any]:
    """The dtype in which arrays and Python numbers meet: dimensioned arrays first, then 0-d arrays, then numbers.

    A lower rank changes the result only when its category is higher than all before it.
    """
    ranks: list[np.dtype[Any] | None] = [None, None, None]
    for operand in operands:
        if isinstance(operand, np.ndarray):
            rank, found = (0 if operand.ndim else 1), operand.dtype
        else:
            rank, found = 2, scalar_dtype(operand)
        before = ranks[rank]
        ranks[rank] = found if before is None else promote_numpy(before, found)
    result = None
    for found in ranks:
        if found is None:
            continue
        if result is None:
            result = found
        elif _CATEGORY[found.kind] > _CATEGORY[result.kind]:
            if result.kind == "f":  # a float keeps its precision beside a complex number of lower rank
                result = promote_numpy(result, np.dtype("complex64"))
            else:
                result = promote_numpy(result, found) if result.kind == "b" else found
    assert result is not None
    return result


def float_dtype(numpy_dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which a function with real values answers: integers and bools become the default float."""
    return numpy_dtype if numpy_dtype.kind in "fc" else _default


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that is not smaller, nor of lower kind, than either."""
    names_only = [each for each in (type1, type2) if isinstance(each, dtype) and each._numpy is None]
    if names_only:
        return _promote_name(type1, type2, names_only[0])
    a = to_numpy_dtype(type1, "promote_types", "'type1' (position 1)")
    return from_numpy_dtype(promote_numpy(a, to_numpy_dtype(type2, "promote_types", "'type2' (position 2)")))


def _promote_name(a: dtype, b: dtype, name: dtype) -> dtype:
    """Promotion of bfloat16 and complex32, which stand beside and below the types that NumPy has."""
    other = b if name is a else a
    if name.is_complex and other._numpy in _SEPARATE:
        raise _unpromotable(a, b)
    if other is name or _CATEGORY[other.kind] < _CATEGORY[name.kind]:
        if name.is_complex and other.is_floating_point and other.itemsize > 2:
            return other.to_complex()
        return DTYPES["complex64"] if name.is_complex and other is DTYPES["bfloat16"] else name
    if name.is_floating_point and other is DTYPES["float16"]:
        return DTYPES["float32"]
    return DTYPES["complex64"] if name.is_floating_point and other is DTYPES["complex32"] else other


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype of an arithmetic operation on the two tensors or numbers."""
    operands = [getattr(each, "_array", each) for each in (tensor1, tensor2)]
    operands = [each.item() if isinstance(each, np.generic) else each for each in operands]
    if not all(isinstance(each, (np.ndarray, bool, int, float, complex)) for each in operands):
        given = ", ".join(type(each).__name__ for each in (tensor1, tensor2))
        raise TypeError(f"result_type() received an invalid combination of arguments - got ({given})")
    return from_numpy_dtype(common_dtype(*operands))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a conversion keeps the category: float to int, for one, is refused. Sizes and signs do not matter."""
    kinds = []
    for each, argument in ((from_, "'from_' (position 1)"), (to, "'to' (position 2)")):
        kinds.append(each.kind if isinstance(each, dtype) else to_numpy_dtype(each, "can_cast", argument).kind)
    return _CATEGORY[kinds[0]] <= _CATEGORY[kinds[1]]


def can_cast_result(a: np.dtype[Any], b: np.dtype[Any]) -> bool:
    """Whether a result of dtype ``a`` may be written into a tensor of dtype ``b``."""
    return a is b or _CATEGORY[a.kind] <= _CATEGORY[b.kind]


# ---- limits --------------------------------------------------------------------------------------------------------


class _Limits:
    """What finfo and iinfo share: equality by dtype, and a repr that lists fields with C's ``%g``."""

    dtype: str
    _fields: tuple[str, ...]

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={getattr(self, name):g}" for name in self._fields)
        return f"{type(self).__name__}({facts}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.dtype == self.dtype  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.dtype)


class finfo(_Limits, metaclass=TorchName):
    """Limits of a floating point dtype: ``bits, eps, max, min, tiny, smallest_normal, resolution, dtype``."""

    _fields = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")

    def __init__(self, type: Any = None) -> None:
        if type is DTYPES["bfloat16"]:
            self.bits, self.eps, self.max, self.tiny, digits = 16, 2.0**-7, (2 - 2.0**-7) * 2.0**127, 2.0**-126, 2
            self.dtype = "bfloat16"
        else:
            numpy_dtype = _default if type is None else to_numpy_dtype(type, "finfo", "'type' (position 1)")
            if numpy_dtype.kind not in "fc":
                words = "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
                raise TypeError(words)
            info = np.finfo(numpy_dtype)
            self.bits, self.eps, self.max, self.tiny = info.bits, float(info.eps), float(info.max), float(info.tiny)
            self.dtype, digits = str(info.dtype), info.precision
        self.min, self.smallest_normal, self.resolution = -self.max, self.tiny, float(f"1e-{digits}")


class iinfo(_Limits, metaclass=TorchName):
    """Limits of an integer dtype: ``bits, max, min, dtype``."""

    _fields = ("min", "max")

    def __init__(self, type: Any) -> None:
        numpy_dtype = to_numpy_dtype(type, "iinfo", "'type' (position 1)")
        if numpy_dtype.kind == "b":
            raise TypeError("torch.bool is not supported by torch.iinfo")
        if numpy_dtype.kind not in "iu":
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        info = np.iinfo(numpy_dtype)
        self.bits, self.max, self.min, self.dtype = info.bits, int(info.max), int(info.min), str(numpy_dtype)
