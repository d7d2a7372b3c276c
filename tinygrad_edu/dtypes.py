"""Data types, their promotion, and devices: PyTorch's names over NumPy's dtypes.

Every tensor stores a NumPy array; :class:`dtype` is the public face of the array's dtype. Promotion follows
PyTorch (https://pytorch.org/docs/stable/tensor_attributes.html): operands fall into the categories bool, integer,
floating point and complex, and a scalar or 0-d tensor widens the result only when its category is higher.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "can_cast",
    "channels_last",
    "contiguous_format",
    "device",
    "dtype",
    "finfo",
    "get_default_dtype",
    "iinfo",
    "memory_format",
    "preserve_format",
    "promote_types",
    "result_type",
    "set_default_dtype",
    "strided",
]

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
    ("complex64", ("cfloat",), "complex64", "ComplexFloat"),
    ("complex128", ("cdouble",), "complex128", "ComplexDouble"),
)

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


class dtype:  # noqa: N801 (torch.dtype)
    """A tensor's element type, such as ``torch.float32``. Each exists once, so ``is`` compares them."""

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
            raise TypeError(f"{self!r} is not supported: NumPy has no such type; use torch.float32")
        return self._numpy

    @property
    def kind(self) -> str:
        return "f" if self._numpy is None else self._numpy.kind

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
        return 2 if self._numpy is None else self._numpy.itemsize

    def to_real(self) -> dtype:
        """The dtype of a complex number's real part; any other dtype is its own."""
        return from_numpy_dtype(np.empty(0, self.numpy).real.dtype)

    def to_complex(self) -> dtype:
        """The complex dtype with parts of this dtype."""
        if self.is_complex:
            return self
        return from_numpy_dtype(np.dtype("complex128" if self._name == "float64" else "complex64"))

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: Any) -> dtype:
        return self


def _make_dtypes() -> tuple[dict[str, dtype], dict[Any, dtype]]:
    by_name, by_numpy = {}, {}
    for name, aliases, numpy_name, legacy_name in _TABLE:
        made = object.__new__(dtype)
        made._name, made.legacy_name = name, legacy_name
        made._numpy = None if numpy_name is None else np.dtype(numpy_name)
        for each in (name, *aliases):
            by_name[each] = made
        if numpy_name is not None:
            by_numpy[made._numpy] = made
    return by_name, by_numpy


DTYPES, _BY_NUMPY = _make_dtypes()
"""Every public name of a dtype, aliases included."""

float64, int64 = DTYPES["float64"], DTYPES["int64"]

_FLOATS = frozenset(d for d in _BY_NUMPY if d.kind == "f")
_default = np.dtype("float32")


def from_numpy_dtype(numpy_dtype: np.dtype[Any]) -> dtype:
    """PyTorch's dtype for NumPy's (of either byte order)."""
    found = _BY_NUMPY.get(numpy_dtype)
    if found is None:
        found = _BY_NUMPY.get(numpy_dtype.newbyteorder("=")) if numpy_dtype.kind in "biufc" else None
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{numpy_dtype.type.__name__}. The only supported types are: float64, "
            "float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
        )
    return found


def to_numpy_dtype(given: Any) -> np.dtype[Any]:
    """NumPy's dtype for a torch dtype; Python's ``float``, ``int`` and ``bool`` are taken as PyTorch takes them."""
    if isinstance(given, dtype):
        return given.numpy
    if given is float:
        return np.dtype("float64")
    if given is int:
        return np.dtype("int64")
    if given is bool:
        return np.dtype("bool")
    if given is complex:
        return np.dtype("complex128")
    raise TypeError(f"dtype must be torch.dtype, not {type(given).__name__}")


def default_numpy_dtype() -> np.dtype[Any]:
    return _default


def get_default_dtype() -> dtype:
    """The dtype that Python floats become (:func:`set_default_dtype`)."""
    return from_numpy_dtype(_default)


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` the dtype of new floating point tensors. Only floating point types are accepted."""
    global _default
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d.numpy


# ---- promotion -----------------------------------------------------------------------------------------------------

_promoted: dict[tuple[Any, Any], np.dtype[Any]] = {}


def promote_numpy(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The smallest dtype of the higher category that holds both (NumPy's rule within a category)."""
    if a == b:
        return a
    result = _promoted.get((a, b))
    if result is None:
        higher, lower = (a, b) if _CATEGORY[a.kind] >= _CATEGORY[b.kind] else (b, a)
        same = _CATEGORY[a.kind] == _CATEGORY[b.kind] or (higher.kind, lower.kind) == ("c", "f")
        result = np.promote_types(a, b) if same else higher
        if higher.kind in "iu" and result.kind == "f":  # uint64 with a signed integer has no common integer type
            raise RuntimeError(
                f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                f"{_legacy_scalar_name(a)} and {_legacy_scalar_name(b)}"
            )
        _promoted[a, b] = result
    return result


def _legacy_scalar_name(numpy_dtype: np.dtype[Any]) -> str:
    return from_numpy_dtype(numpy_dtype).legacy_name


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
            result = promote_numpy(result, found)
    assert result is not None
    return result


def float_dtype(numpy_dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which a function with real values answers: integers and bools become the default float."""
    return numpy_dtype if numpy_dtype.kind in "fc" else _default


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that is not smaller, nor of lower kind, than either."""
    return from_numpy_dtype(promote_numpy(to_numpy_dtype(type1), to_numpy_dtype(type2)))


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype of an arithmetic operation on the two tensors or numbers."""
    return from_numpy_dtype(common_dtype(*(getattr(each, "_array", each) for each in (tensor1, tensor2))))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a conversion keeps the category (float to int, for one, is refused)."""
    a, b = to_numpy_dtype(from_), to_numpy_dtype(to)
    return _CATEGORY[a.kind] <= _CATEGORY[b.kind] and not (b.kind == "u" and a.kind == "i")


def can_cast_result(a: np.dtype[Any], b: np.dtype[Any]) -> bool:
    """Whether a result of dtype ``a`` may be written into a tensor of dtype ``b``."""
    return a is b or _CATEGORY[a.kind] <= _CATEGORY[b.kind]


class finfo:  # noqa: N801 (torch.finfo)
    """Limits of a floating point dtype: ``bits, eps, max, min, tiny, smallest_normal, resolution, dtype``."""

    def __init__(self, type: dtype | None = None) -> None:
        numpy_dtype = _default if type is None else to_numpy_dtype(type)
        if numpy_dtype.kind not in "fc":
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{type!r}'")
        info = np.finfo(numpy_dtype)
        self.bits = info.bits
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = float(info.resolution)
        self.dtype = str(numpy_dtype)

    def __repr__(self) -> str:
        facts = ", ".join(
            f"{name}={getattr(self, name):g}" for name in ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        )
        return f"finfo({facts}, dtype={self.dtype})"


class iinfo:  # noqa: N801 (torch.iinfo)
    """Limits of an integer dtype: ``bits, max, min, dtype``."""

    def __init__(self, type: dtype) -> None:
        numpy_dtype = to_numpy_dtype(type)
        if numpy_dtype.kind not in "iu":
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type!r}'")
        info = np.iinfo(numpy_dtype)
        self.bits, self.max, self.min, self.dtype = info.bits, int(info.max), int(info.min), str(numpy_dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


# ---- devices, layouts ----------------------------------------------------------------------------------------------

_DEVICE_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
    "privateuseone"
)


class device:  # noqa: N801 (torch.device)
    """Where a tensor lives: ``device('cpu')``. Other devices can be named, but hold no tensor here."""

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __new__(cls, type: Any, index: int | None = None) -> device:
        if isinstance(type, device):
            return type
        if isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' (position 1) must be str, not {type.__class__.__name__}")
        name, colon, number = type.partition(":")
        if colon:
            if index is not None:
                raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        if name not in _DEVICE_TYPES.split(", "):
            raise RuntimeError(f"Expected one of {_DEVICE_TYPES} device type at start of device string: {name}")
        made = object.__new__(cls)
        object.__setattr__(made, "type", name)
        object.__setattr__(made, "index", index)
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __repr__(self) -> str:
        return f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        return require_cpu(self)

    def __exit__(self, *exc: Any) -> None:
        return None


CPU = device("cpu")


def require_cpu(given: Any) -> device:
    """The device that was asked for, which must be the CPU; PyTorch's CPU build words the refusal."""
    asked = CPU if given is None else device(given)
    if asked.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if asked.type != "cpu":
        raise RuntimeError(f"tensors live on the cpu here, but device '{asked}' was asked for")
    return asked


class memory_format:  # noqa: N801 (torch.memory_format)
    """How a tensor's elements are laid out in memory, such as ``torch.contiguous_format``."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


class layout(memory_format):  # noqa: N801 (torch.layout)
    """``torch.strided``: dense storage with strides, the only layout here."""


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
strided = layout("strided")
