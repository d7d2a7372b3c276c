"""What the tests of operations share: samples as tensors, results as arrays, comparisons in words."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
from samples import TABLE, Sample

import tinygrad_edu as T
from tinygrad_edu.autograd import grad as grad_of

OURS_ALONE = {"fanout"}
"""Names that PyTorch does not have."""


def dtype_words(torch: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    return {k: getattr(torch, v) if k == "dtype" else v for k, v in kwargs.items()}


def tensors(torch: Any, sample: Sample, arrays: Any, grads: Any = ()) -> list[Any]:
    """The sample's arguments with ``arrays`` as tensors over memory of their own, strides kept."""
    made = []
    for i, each in enumerate(arrays):
        if isinstance(each, np.ndarray):
            each = torch.from_numpy(copy_with_strides(each))
            if i in grads:
                each.requires_grad_()
        made.append(each)
    return made


def copy_with_strides(array: np.ndarray) -> np.ndarray:
    """A copy that lies in memory as the original does (``[::2]`` stays strided)."""
    if not array.size:
        return array.copy()
    low, high = np.lib.array_utils.byte_bounds(array)
    offset = array.__array_interface__["data"][0] - low
    twin = np.ndarray(array.shape, array.dtype, np.empty(high - low, np.uint8), offset, array.strides)
    twin[...] = array
    return twin


def call(torch: Any, sample: Sample, args: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return sample.call(torch, *args, **dtype_words(torch, sample.kwargs))


def flat(results: Any) -> list[Any]:
    """The tensors and values among the results, in order."""
    if isinstance(results, (tuple, list)):
        return [each for part in results for each in flat(part)]
    return [results]


def numpy_of(value: Any) -> np.ndarray:
    return value.detach().numpy(force=True) if hasattr(value, "detach") else np.asarray(value)


def outputs_with_grad(results: Any) -> list[Any]:
    return [each for each in flat(results) if hasattr(each, "requires_grad") and each.requires_grad]


def weights_for(outputs: list[Any], salt: int = 0) -> list[np.ndarray]:
    """Fixed gradients of the outputs, all different and none near zero."""
    made = []
    for k, each in enumerate(outputs):
        n = int(np.prod(each.shape))
        made.append((np.cos(1.0 + salt + k + 1.7 * np.arange(n)) + 1.5).reshape(tuple(each.shape)))
    return made


def gradients(
    torch: Any, autograd_grad: Any, outputs: list[Any], inputs: list[Any], weights: list[np.ndarray], **kwargs: Any
) -> list[Any]:
    """The vector-Jacobian product; None where the outputs do not depend on an input."""
    vectors = [torch.from_numpy(w.astype(numpy_of(o).dtype)) for w, o in zip(weights, outputs, strict=True)]
    return list(autograd_grad(outputs, inputs, vectors, allow_unused=True, **kwargs))


def differentiable_run(sample: Sample, arrays: Any, torch: Any = T) -> tuple[list[Any], list[Any], list[Any]]:
    """(all arguments, those that want a gradient, the outputs that have one)."""
    positions = sample.differentiable()
    args = tensors(torch, sample, arrays, positions)
    return args, [args[i] for i in positions], outputs_with_grad(call(torch, sample, args))


def report(failures: list[str]) -> None:
    assert not failures, f"{len(failures)} failures\n" + "\n".join(failures[:12])


def samples_with_grad(name: str, double: bool = False) -> list[Sample]:
    """The samples that have gradients; with ``double``, those that finite differences can judge."""
    chosen = [each for each in TABLE[name] if each.differentiable()]
    if double:
        chosen = [each for each in chosen if each.smooth and each.kwargs.get("dtype") != "float32" and not single(each)]
    return chosen


def single(sample: Sample) -> bool:
    return any(isinstance(a, np.ndarray) and a.dtype.kind == "f" and a.dtype != np.float64 for a in sample.args)


TOLERANCE = {"float64": 1e-11, "complex128": 1e-11, "float32": 4e-6, "complex64": 4e-6, "float16": 4e-3}
"""A few roundings of each dtype (half: a few of 2^-11): sums are added in another order than PyTorch's."""


def agree(ours: Any, theirs: Any, loosen: float = 1.0, least: float = 0.0) -> str | None:
    """What differs between two results, in words, or None. Errors are relative to the largest element, or to ``least``."""
    if not hasattr(theirs, "detach"):
        return None if type(ours) is type(theirs) and ours == theirs else f"{ours!r}, PyTorch {theirs!r}"
    if not isinstance(ours, T.Tensor):
        return f"{ours!r}, PyTorch {theirs!r}"
    if str(ours.dtype) != str(theirs.dtype) or tuple(ours.shape) != tuple(theirs.shape):
        return f"{ours.dtype} {list(ours.shape)}, PyTorch {theirs.dtype} {list(theirs.shape)}"
    a, b = numpy_of(ours), numpy_of(theirs)
    tolerance = TOLERANCE.get(a.dtype.name, 0) * loosen
    scale = float(np.abs(b[np.isfinite(b)]).max(initial=least)) if tolerance else 0
    if not np.allclose(a, b, rtol=tolerance, atol=tolerance * min(scale, 1e30), equal_nan=a.dtype.kind in "fc"):
        return f"{a.tolist()}, PyTorch {b.tolist()}"
    return None


def words(error: Exception) -> str:
    """The exception in words: without PyTorch's C++ trace, its kernels' names, and its lists of overloads."""
    text = str(error).split("\nException raised from")[0].split("but expected one of:")[0]
    return f"{type(error).__name__}: " + re.sub(r'^"\w+" not implemented', "not implemented", text)


def node_name(tensor: Any) -> str:
    return tensor.grad_fn.name().removeprefix("torch::autograd::")


def outcome(torch: Any, sample: Sample, arrays: Any, grads: Any) -> Any:
    """(arguments, results), or the exception."""
    args = tensors(torch, sample, arrays, grads)
    try:
        return args, call(torch, sample, args)
    except Exception as error:
        return error


def compare(sample: Sample, arrays: Any, loosen: float = 1.0, order: int = 2) -> str | None:
    """Run the call here and in PyTorch: the exception, or values, node names, views, gradients and second derivatives."""
    import torch

    positions = [i for i in sample.differentiable() if arrays[i].dtype.kind in "fc"]
    ours, theirs = outcome(T, sample, arrays, positions), outcome(torch, sample, arrays, positions)
    if sample.kwargs.get("dtype") == "float32" or single(sample):
        loosen *= TOLERANCE["float32"] / TOLERANCE["float64"]  # some of the way is in single precision
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        if isinstance(ours, Exception) and isinstance(theirs, Exception):
            same = words(ours) == words(theirs)
            return None if same else f"raises {words(ours)!r}, PyTorch {words(theirs)!r}"
        if isinstance(ours, Exception):
            return f"raises {words(ours)!r}, PyTorch gives {flat(theirs[1])}"
        return f"gives {flat(ours[1])}, PyTorch raises {words(theirs)!r}"
    (_, our_results), (their_args, their_results) = ours, theirs
    left, right = flat(our_results), flat(their_results)
    if len(left) != len(right):
        return f"{len(left)} results, PyTorch {len(right)}"
    for a, b in zip(left, right, strict=True):
        difference = agree(a, b, loosen)
        if difference:
            return difference
        if not hasattr(b, "grad_fn"):
            continue
        if a.requires_grad != b.requires_grad:
            return f"requires_grad is {a.requires_grad}, PyTorch {b.requires_grad}"
        if b.grad_fn is not None:
            name = node_name(b)
            if name == "NotImplemented":
                return None
            if sample.node != "any" and node_name(a) != (sample.node or name):
                return f"node {node_name(a)}, PyTorch {name}"
        if sample.view and sample.node != "any" and b._is_view() != a._is_view() and not any(b is each for each in their_args):
            return f"_is_view {a._is_view()}, PyTorch {b._is_view()}"
    return compare_gradients(sample, positions, ours, theirs, loosen, order)


def compare_gradients(sample: Sample, positions: list[int], ours: Any, theirs: Any, loosen: float, order: int) -> str | None:
    import torch

    ours_in, theirs_in = [[args[i] for i in positions] for args, _ in (ours, theirs)]
    ours_out, theirs_out = outputs_with_grad(ours[1]), outputs_with_grad(theirs[1])
    for step in range(order if sample.twice else 1):
        if not theirs_out:
            return None
        weights = weights_for(ours_out, salt=step)
        last = step == order - 1
        left = gradients(T, grad_of, ours_out, ours_in, weights, create_graph=not last)
        right = gradients(torch, torch.autograd.grad, theirs_out, theirs_in, weights, create_graph=not last)
        for position, a, b in zip(positions, left, right, strict=True):
            if a is None and b is None:
                continue
            if a is None or b is None:  # zero and nothing are the same derivative
                a = T.zeros_like(ours_in[positions.index(position)]) if a is None else a
                b = torch.zeros_like(theirs_in[positions.index(position)]) if b is None else b
            difference = agree(a, b, loosen * 10**step, least=1.0)  # terms of size 1 may cancel
            if difference:
                return f"derivative {step + 1} of argument {position}: {difference}"
        both = [
            (a, b)
            for a, b in zip(left, right, strict=True)
            if a is not None and b is not None and a.requires_grad and b.requires_grad
        ]
        ours_out, theirs_out = [a for a, _ in both], [b for _, b in both]
    return None
