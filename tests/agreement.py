"""The same script run here and in PyTorch, and what came of it: value or error, and warnings."""

import re
import warnings

import pytest


def plain(value):
    """Values that the two libraries have in common; tensors as (dtype, shape, numbers)."""
    if hasattr(value, "requires_grad") and hasattr(value, "tolist"):
        return str(value.dtype), tuple(value.shape), value.tolist(), value.requires_grad
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and type(value).__repr__ in (list.__repr__, tuple.__repr__):
        return [plain(item) for item in value]
    return spelt(value) if isinstance(value, (str, BaseException)) else value


def spelt(text):
    """Text with our names of modules and objects' addresses in PyTorch's spelling."""
    text = re.sub(r"0x[0-9a-f]+", "0x", str(text))
    text = re.sub(r" \(Triggered internally at .*\)$", "", text)
    return re.sub(r"\b(torch|tinygrad_edu)(\.\w+)*\.(?=[A-Z])", "torch.", text)


def outcome(script, torch):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = "value", plain(script(torch))
        except Exception as error:
            result = type(error).__name__, spelt(error)
    return result, [(each.category.__name__, spelt(each.message)) for each in caught]


def agree(script):
    """The script has the same outcome here and in PyTorch."""
    oracle = pytest.importorskip("torch")
    import tinygrad_edu

    assert outcome(script, tinygrad_edu) == outcome(script, oracle)
