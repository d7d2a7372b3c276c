"""The other forms of every operation, over the table of samples: ``out=``, in place, and as a method."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from op_checks import OURS_ALONE, agree, flat, gradients, outputs_with_grad, single, tensors, weights_for, words
from samples import TABLE, Sample

import tinygrad_edu as T
from tinygrad_edu import methods
from tinygrad_edu.autograd import grad as grad_of

PLAIN = sorted(name for name in TABLE if name in methods.FUNCTIONS and name not in OURS_ALONE)
NO_OUT = [
    "adjoint",
    "allclose",
    "atleast_1d",
    "broadcast_tensors",
    "broadcast_to",
    "chunk",
    "clone",
    "count_nonzero",
    "diag_embed",
    "diagonal",
    "dist",
    "einsum",
    "equal",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isreal",
    "imag",
    "meshgrid",
    "movedim",
    "moveaxis",
    "permute",
    "positive",
    "prod",
    "ravel",
    "real",
    "repeat_interleave",
    "reshape",
    "roll",
    "rot90",
    "rsub",
    "select",
    "split",
    "split_with_sizes",
    "squeeze",
    "std_mean",
    "swapaxes",
    "swapdims",
    "t",
    "tile",
    "trace",
    "transpose",
    "unbind",
    "unflatten",
    "unique",
    "unsqueeze",
    "var_mean",
    "view_as_complex",
    "view_as_real",
    "where",
    "median",
    "argwhere",
    "index_add",
    "index_put",
    "masked_fill",
    "conj",
    "clip",
    "narrow",
    "bincount",
    "all",
    "any",
    "relu",
    "nonzero",
    "msort",
    "scatter_reduce",
    "take_along_dim",
    "index_copy",
    "index_fill",
    "masked_scatter",
    "put",
    "scatter",
    "take",
    "argsort",
]
"""Names without ``out=`` in PyTorch, or whose ``out=`` is not one tensor; and, of indexing, those that have none here."""
WITH_OUT = [name for name in PLAIN if name not in NO_OUT]
IN_PLACE = sorted(name for name in methods._IN_PLACE if name in TABLE)


PASSES_THROUGH = ["logical_and", "logical_not", "logical_or", "logical_xor"]
"""In place, PyTorch forgets that these overwrote the value and passes the gradient on; here the backward pass raises."""


def own_call(sample: Sample) -> bool:
    """Whether the sample calls the function of its name with its arguments as they stand."""
    return getattr(sample.call, "args", None) == (sample.name,) and isinstance(sample.args[0], np.ndarray)


def attempt(run: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return run()
        except Exception as error:
            return error


def differ(ours: Any, theirs: Any) -> str | None:
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        if isinstance(ours, Exception) and isinstance(theirs, Exception):
            return None if words(ours) == words(theirs) else f"raises {words(ours)!r}, PyTorch {words(theirs)!r}"
        return f"{ours!r}, PyTorch {theirs!r}"
    left, right = flat(ours), flat(theirs)
    if len(left) != len(right):
        return f"{len(left)} results, PyTorch {len(right)}"
    return next((d for d in map(agree, left, right) if d), None)


def keywords(torch: Any, sample: Sample) -> dict[str, Any]:
    return {k: getattr(torch, v) if k == "dtype" else v for k, v in sample.kwargs.items()}


@pytest.mark.oracle
@pytest.mark.parametrize("name", WITH_OUT)
def test_out_like_pytorch(name: str) -> None:
    """``out=`` an empty tensor or one of the right shape; an integer one for floats raises (PyTorch's texts differ)."""
    torch = pytest.importorskip("torch")
    failures = []
    for sample in TABLE[name]:
        plain = own_call(sample) and attempt(
            lambda s=sample: getattr(torch, name)(*tensors(torch, s, s.args), **keywords(torch, s))
        )
        if not hasattr(plain, "shape"):
            continue

        def run(lib: Any, shape: Any, dtype: str, s: Sample = sample) -> Any:
            out = lib.zeros(shape, dtype=getattr(lib, dtype))
            result = getattr(lib, name)(*tensors(lib, s, s.args), **keywords(lib, s), out=out)
            return [result, lib.tensor(result is out)]

        if isinstance(attempt(lambda p=plain: run(torch, 0, str(p.dtype).removeprefix("torch."))), TypeError):
            continue  # an overload of PyTorch's without out=
        dtype = str(plain.dtype).removeprefix("torch.")
        for shape in (0, tuple(plain.shape)):
            ours, theirs = (attempt(lambda lib=lib, n=shape, d=dtype: run(lib, n, d)) for lib in (T, torch))
            difference = differ(ours, theirs)
            if difference:
                failures.append(f"{sample!r} out {shape}: {difference}")
        if dtype == "float64" and plain.numel():
            unsafe = attempt(lambda p=plain: run(T, tuple(p.shape), "int64"))
            if not isinstance(unsafe, RuntimeError):
                failures.append(f"{sample!r} out int64: {unsafe}")
    assert not failures, "\n".join(failures[:8])


@pytest.mark.oracle
@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_like_pytorch(name: str) -> None:
    """``x.name_(...)``: the value, whose object it is, the exception; and the gradients of what went in."""
    torch = pytest.importorskip("torch")
    failures = []
    for sample in TABLE[name]:
        if not own_call(sample) or sample.args[0].dtype.kind == "c":
            continue
        positions = sample.differentiable()

        def run(lib: Any, grads: Any, s: Sample = sample) -> Any:
            args = tensors(lib, s, s.args, grads)
            x = args[0].clone()
            result = getattr(x, f"{name}_")(*args[1:], **keywords(lib, s))
            return args, [result, lib.tensor(result is x)]

        for grads in ((), positions):
            ours, theirs = attempt(lambda g=grads: run(T, g)), attempt(lambda g=grads: run(torch, g))
            if isinstance(ours, Exception) or isinstance(theirs, Exception):
                both = isinstance(ours, Exception) and isinstance(theirs, Exception)  # for reasons worded differently
                difference = None if both else f"{ours!r}, PyTorch {theirs!r}"
            else:
                difference = differ(ours[1], theirs[1])
                left, right = outputs_with_grad(ours[1]), outputs_with_grad(theirs[1])
                if not difference and len(left) != len(right) and sample.args[0].dtype.kind == "f":
                    difference = f"requires_grad {bool(left)}, PyTorch {bool(right)}"
                if not difference and left and right and name not in PASSES_THROUGH:
                    a = attempt(lambda g=grads, o=ours, r=left: slopes(T, grad_of, o[0], r, g))
                    b = attempt(lambda g=grads, o=theirs, r=right: slopes(torch, torch.autograd.grad, o[0], r, g))
                    if isinstance(a, Exception):
                        difference = differ(a, b)
                    elif not isinstance(b, Exception):  # PyTorch lacks some derivatives in place
                        pairs = [(p, q) for p, q in zip(a, b, strict=True) if p is not None and q is not None]
                        loosen = 4e5 if single(sample) else 10.0
                        difference = next((d for d in (agree(p, q, loosen, 1.0) for p, q in pairs) if d), None)
            if difference:
                failures.append(f"{sample!r} grads {list(grads)}: {difference}")
    assert not failures, "\n".join(failures[:8])


def slopes(torch: Any, autograd_grad: Any, args: Any, outputs: Any, positions: Any) -> Any:
    return gradients(torch, autograd_grad, outputs, [args[i] for i in positions], weights_for(outputs))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", [n for n in PLAIN if callable(getattr(T.Tensor, n, None)) and n != "where"])
def test_method_is_the_function(name: str) -> None:
    """Of all but ``x.where(condition, y)``, whose arguments stand in another order (test_op_info has it)."""
    for sample in TABLE[name]:
        if own_call(sample):
            function = getattr(T, name)(*tensors(T, sample, sample.args), **keywords(T, sample))
            first, *rest = tensors(T, sample, sample.args)
            for a, b in zip(flat(function), flat(getattr(first, name)(*rest, **keywords(T, sample))), strict=True):
                same = (
                    np.array_equal(a._array, b._array, equal_nan=a._array.dtype.kind in "fc")
                    if isinstance(a, T.Tensor)
                    else a == b
                )
                assert same, sample


@pytest.mark.parametrize("join", [T.cat, T.concat, T.stack])
def test_tensors_are_joined_along_numpys_axis(join):
    x = T.arange(4.0).view(2, 2)
    assert T.equal(join((x, x), axis=1), join((x, x), 1))


def test_axes_are_named_as_numpy_names_them():
    x = T.arange(4.0).view(2, 1, 2)
    assert x.squeeze(axis=1).shape == T.squeeze(x, axis=1).shape == (2, 2)
    assert [part.tolist() for part in x.unbind(axis=2)] == [part.tolist() for part in x.unbind(2)]
    assert [part.tolist() for part in T.chunk(x, 2, axis=2)] == [part.tolist() for part in T.chunk(x, 2, 2)]
