"""Where tensors live and how they lie in memory: ``torch.device``, ``torch.layout``, ``torch.memory_format``.

There is one device, the CPU, and one layout, strided. Other devices have names, so that course code can ask for them
and be told, in the words of PyTorch's CPU build, that they are not there.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "device", "get_default_device", "jagged", "layout",
    "memory_format", "preserve_format", "set_default_device", "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc",
    "sparse_csr", "strided",
]  # fmt: skip


class TorchName(type):
    """Classes that print as PyTorch's: ``<class 'torch.device'>``."""

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


_DEVICE_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
    "privateuseone"
)


class device(metaclass=TorchName):
    """Where a tensor lives: ``device('cpu')``. Other devices can be named, but hold no tensor here.

    ``with torch.device("cpu"):`` is allowed, and changes nothing.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __new__(cls, type: Any = ..., index: Any = None) -> device:
        if isinstance(type, device) and index is None:
            return type
        if isinstance(type, int) and not isinstance(type, bool) and index is None:
            if type < 0:
                raise RuntimeError("Device index must not be negative")
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if not isinstance(type, str) or not (index is None or index.__class__ is int):
            given = [each.__class__.__name__ for each, default in ((type, ...), (index, None)) if each is not default]
            raise TypeError(f"device() received an invalid combination of arguments - got ({', '.join(given)})")
        name, colon, number = type.partition(":")
        if not type:
            raise RuntimeError("Device string must not be empty")
        if colon:
            if index is not None:
                words = "type (string) must not include an index because index was passed explicitly"
                raise RuntimeError(f"{words}: {type}")
            if not (number.isascii() and number.isdigit()) or (len(number) > 1 and number[0] == "0"):
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        if not name.isalpha():
            raise RuntimeError(f"Invalid device string: '{type}'")
        if name not in _DEVICE_TYPES.split(", "):
            raise RuntimeError(f"Expected one of {_DEVICE_TYPES} device type at start of device string: {name}")
        if index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        made = object.__new__(cls)
        object.__setattr__(made, "type", name)
        object.__setattr__(made, "index", index)
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'torch.device' object has no attribute '{name}'")

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{number})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return device, (str(self),)

    def __enter__(self) -> device:
        require_cpu(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        return None


CPU = device("cpu")


def require_cpu(given: Any, caller: str = "") -> device:
    """The device that was asked for, which must be the CPU; PyTorch's CPU build words the refusal."""
    if given == "cpu" or given is None or given == CPU:
        return CPU
    if not isinstance(given, (str, device, int)) or isinstance(given, bool):
        raise TypeError(f"{caller}(): argument 'device' must be torch.device, not {type(given).__name__}")
    asked = device(given)
    if asked.type in ("cuda", "xpu"):
        raise AssertionError(f"Torch not compiled with {asked.type.upper()} enabled")
    if asked.type != "cpu":
        raise RuntimeError(f"tensors live on the cpu here, but device '{asked}' was asked for")
    return CPU


def get_default_device() -> device:
    """The device of new tensors: the CPU."""
    return CPU


def set_default_device(device: Any) -> None:
    """Accepts the CPU (or None); any other device raises at once, as making a tensor there would."""
    require_cpu(device, "set_default_device")


class _NamedConstant:
    """A constant that prints as ``torch.name``."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


class memory_format(_NamedConstant, metaclass=TorchName):
    """How a tensor's elements are ordered in memory, such as ``torch.contiguous_format``."""


class layout(_NamedConstant, metaclass=TorchName):
    """How a tensor is stored. ``torch.strided`` (dense, with strides) is the only layout that tensors have here."""


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
strided = layout("strided")
sparse_coo, sparse_csr, sparse_csc = layout("sparse_coo"), layout("sparse_csr"), layout("sparse_csc")
sparse_bsr, sparse_bsc, jagged = layout("sparse_bsr"), layout("sparse_bsc"), layout("jagged")
