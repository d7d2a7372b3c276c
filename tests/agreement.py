"""The same script run here and in PyTorch, and what came of it: value or error, and warnings."""

import re
import warnings

import numpy as np
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


def nearly(ours, theirs, rtol, atol):
    """Whether two outcomes are the same but for rounding of their floats."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return bool(np.isclose(ours, theirs, rtol, atol, equal_nan=True))
    if isinstance(ours, complex) and isinstance(theirs, complex):
        return bool(np.isclose(ours, theirs, rtol, atol))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(nearly(ours[key], theirs[key], rtol, atol) for key in ours)
    if isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
        same = type(ours) is type(theirs) and len(ours) == len(theirs)
        return same and all(nearly(a, b, rtol, atol) for a, b in zip(ours, theirs, strict=True))
    return ours == theirs


def agree_nearly(script, rtol=2e-5, atol=2e-6):
    """As :func:`agree`, where the two may add up in another order."""
    oracle = pytest.importorskip("torch")
    import tinygrad_edu

    ours, theirs = outcome(script, tinygrad_edu), outcome(script, oracle)
    assert nearly(ours, theirs, rtol, atol), f"ours: {ours}\ntheirs: {theirs}"
