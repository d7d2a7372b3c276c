"""Files that the tests of saving and loading share."""

import io
import zipfile

import tinygrad_edu as torch

DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "float32", "float64",
    "complex64", "complex128",
]  # fmt: skip


def saved(value, **options):
    """A file, at its start, with ``value`` in it."""
    file = io.BytesIO()
    torch.save(value, file, **options)
    file.seek(0)
    return file


def around(value, weights_only=True, **options):
    return torch.load(saved(value, **options), weights_only=weights_only)


def described(x):
    """All that must survive, as plain data that compares with ``==``, for this library and PyTorch alike."""
    if hasattr(x, "storage_offset"):
        strides = x.stride() if x.numel() else None
        facts = (type(x).__name__, str(x.dtype), tuple(x.shape), strides, x.storage_offset(), x.requires_grad, x.is_leaf)
        return (*facts, x.tolist(), x.__dict__, x.untyped_storage().nbytes())
    if isinstance(x, dict):
        return type(x).__name__, {key: described(value) for key, value in x.items()}, getattr(x, "_metadata", None)
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [described(each) for each in x]
    return repr(x)


def rezipped(data, records, compression=zipfile.ZIP_STORED, prefix="archive"):
    """The archive with other records; None leaves one out."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w", compression) as target:
        for name in source.namelist():
            part = name.partition("/")[2]
            if records.get(part, b"") is not None:
                target.writestr(f"{prefix}/{part}", records.get(part, source.read(name)))
    return made.getvalue()
