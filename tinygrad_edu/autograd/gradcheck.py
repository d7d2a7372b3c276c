"""Gradients against finite differences: ``gradcheck`` and ``gradgradcheck``.

For ``f: R^n -> R^m``, the numerical Jacobian has the columns ``(f(x + eps e_i) - f(x - eps e_i)) / (2 eps)`` and the
analytical one the rows ``e_j^T J``, one backward pass each. Slow mode compares all of both. Fast mode compares the
numbers ``v^T J u`` for random ``u`` and ``v``. A complex input counts as its real and imaginary part, and the gradient
is the conjugate Wirtinger derivative; a complex output is checked as two real functions.

After PyTorch's ``torch/autograd/gradcheck.py``, whose algorithm, options and messages these are. (Jacobians are stored
as there: a row for each input element, a column for each output element.)
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..dtypes import from_numpy_dtype
from ..size import Size

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Tensors = tuple[Any, ...]


class GradcheckError(RuntimeError):
    """What :func:`gradcheck` and :func:`gradgradcheck` raise when a check fails."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check the gradients of ``func`` at ``inputs`` against central differences; True if they agree.

    Args:
        func: takes ``inputs`` and returns a Tensor or a tuple of Tensors.
        inputs: a Tensor or a tuple of arguments; those that require grad are checked, and should be float64.
        eps: the step of the differences.
        atol, rtol: allowed are differences up to ``atol + rtol * |numerical|``.
        raise_exception: raise GradcheckError where a check fails, instead of returning False.
        nondet_tol: how much two backward passes may differ.
        check_undefined_grad: whether outputs without a gradient must count as outputs with a gradient of zero.
        check_grad_dtypes: whether gradients must have the dtypes of their inputs.
        check_batched_grad: also compare ``autograd.grad(is_grads_batched=True)`` with single passes.
        fast_mode: compare one random projection instead of all entries.
        check_forward_ad, check_batched_forward_grad: not available, there is no forward mode here.
        masked: accepted for compatibility; it concerns sparse tensors.

    Raises:
        GradcheckError: a check failed.
        ValueError: no input requires grad.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    if check_forward_ad:
        raise NotImplementedError("there is no forward-mode automatic differentiation: check_forward_ad must be False")
    check = _Check(func, _as_tuple(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode)
    try:
        check.run(check_batched_grad, check_undefined_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check the gradients of the gradients: :func:`gradcheck` of ``(inputs, grad_outputs) -> gradients of inputs``.

    Args:
        grad_outputs: the gradients of the outputs; random in [-1, 1) by default.
        gen_non_contig_grad_outputs: make those non-contiguous in memory.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    from .passes import grad

    arguments = _as_tuple(inputs)
    if grad_outputs is None:
        outputs = _differentiable(func(*arguments))
        cotangents = tuple(_random_like(each, gen_non_contig_grad_outputs) for each in outputs)
    else:
        cotangents = _as_tuple(grad_outputs)
    count = len(cotangents)
    wanted = [i for i, each in enumerate(arguments) if _requires_grad(each)]

    def gradients(*args: Any) -> Tensors:
        args, vectors = args[:-count], args[-count:]
        found = grad(
            _differentiable(func(*args)), [args[i] for i in wanted], vectors, create_graph=True, allow_unused=True
        )
        return tuple(each for each in found if each is not None)

    return gradcheck(
        gradients,
        arguments + cotangents,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


class _Check:
    """One call of gradcheck: the function, its arguments, and the tolerances."""

    def __init__(
        self,
        func: Any,
        args: Tensors,
        eps: float,
        atol: float,
        rtol: float,
        nondet_tol: float,
        check_dtypes: bool,
        fast: bool,
    ) -> None:
        self.func, self.args = func, args
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.check_dtypes, self.fast = check_dtypes, fast
        self.inputs = [each for each in args if _requires_grad(each)]
        self.random = np.random.default_rng(0)  # the user's random state stays as it is

    def run(self, batched: bool, undefined: bool) -> None:
        self.check_inputs()
        result = _as_tuple(self.func(*self.args))
        outputs = _differentiable(result)
        compare = self.compare_projections if self.fast else self.compare_jacobians
        if any(each.is_complex() for each in result):
            places = [i for i, each in enumerate(outputs) if each.is_complex()]
            compare(_part_of(self.func, "imag"), lambda i: "imaginary" if i in places else None)
            compare(_part_of(self.func, "real"), lambda i: "real" if i in places else None)
        else:
            compare(self.func, lambda i: None)
        if batched:
            for i, each in enumerate(outputs):
                self.check_batched(each, i)
        self.check_linear_in_grad_output(outputs)
        if undefined:
            self.check_undefined(len(outputs))

    def check_inputs(self) -> None:
        for i, each in enumerate(self.args):
            if not _requires_grad(each):
                continue
            if each._array.dtype not in (np.float64, np.complex128):
                warnings.warn(
                    f"Input #{i} requires gradient and is not a double precision floating point or complex. This "
                    "check will likely fail if all the inputs are not of double precision floating point or complex. ",
                    stacklevel=4,
                )
            if any(stride == 0 and n > 1 for stride, n in zip(each._array.strides, each._array.shape, strict=True)):
                raise RuntimeError(
                    f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                    "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                    ".contiguous on the input before passing it to gradcheck."
                )
        if not self.inputs:
            raise ValueError(
                "gradcheck expects at least one input tensor to require gradient, but none of them have "
                "requires_grad=True."
            )

    # ---- slow mode: whole Jacobians

    def compare_jacobians(self, func: Any, part: Any) -> None:
        result = _as_tuple(func(*self.args))
        outputs = _differentiable(result)
        numerical = [self.numerical_jacobian(func, each, result) for each in self.inputs]
        if not outputs:
            _expect_zero(itertools.chain(*numerical), 0.0)
            return
        places = [i for i, each in enumerate(result) if _requires_grad(each)]
        for i, (place, out) in enumerate(zip(places, outputs, strict=True)):
            for j, a in enumerate(self.analytical_jacobian(out, _unit_vectors(out._array))):
                n = numerical[j][place]
                if not _close(a, n, self.rtol, self.atol):
                    raise GradcheckError(_mismatch(a, n, i, j, part(i)))

    def numerical_jacobian(self, func: Any, tensor: Any, result: Tensors) -> list[np.ndarray]:
        """For each result the Jacobian with respect to ``tensor``, from central differences of single elements."""
        x = tensor._array
        dtype = x.dtype if x.dtype.kind == "c" else None
        jacobians = [np.zeros((x.size, each._array.size), dtype or each._array.dtype) for each in result]
        for row, index in enumerate(np.ndindex(x.shape)):
            direction = np.zeros(x.shape)
            direction[index] = 1.0
            columns = self.differences(func, x, direction, direction, index)
            for jacobian, column in zip(jacobians, columns, strict=True):
                jacobian[row] = column
        return jacobians

    def differences(self, func: Any, x: np.ndarray, u: Any, v: Any, index: Any = None) -> list[np.ndarray]:
        """``J u``, or for a complex input the conjugate Wirtinger derivative along ``u`` and ``v i``."""
        real = self.difference(func, x, u, index)
        if x.dtype.kind != "c":
            return real
        return [a + 1j * b for a, b in zip(real, self.difference(func, x, v * 1j, index), strict=True)]

    def difference(self, func: Any, x: np.ndarray, direction: np.ndarray, index: Any) -> list[np.ndarray]:
        """``(f(x + eps d) - f(x - eps d)) / (2 eps)``, flattened. The input is changed under the function's feet."""
        saved, step = x.copy(), (direction * self.eps).astype(x.dtype)
        values = []
        try:
            for moved in (saved - step, saved + step):
                np.copyto(x, moved)
                values.append([each._array.copy() for each in _as_tuple(func(*self.args))])
        finally:
            np.copyto(x, saved)
        return [self.quotient(a, b, index) for a, b in zip(*values, strict=True)]

    def quotient(self, a: np.ndarray, b: np.ndarray, index: Any) -> np.ndarray:
        where = f"on index {index} " if index is not None else ""
        for what, of_a, of_b in (
            ("shape", Size(a.shape), Size(b.shape)),
            ("dtype", from_numpy_dtype(a.dtype), from_numpy_dtype(b.dtype)),
        ):
            if of_a != of_b:
                raise AssertionError(
                    f"Expected `func` to return outputs with the same {what} when inputs are perturbed {where}by "
                    f"{self.eps}, but got: {what}s {of_a} and {of_b}."
                )
        if a.dtype.kind == "b":
            a, b = a.astype(int), b.astype(int)
        return ((b - a) / (2 * self.eps)).reshape(-1)

    def analytical_jacobian(self, out: Any, vectors: list[np.ndarray]) -> list[np.ndarray]:
        """For each input the products ``v^T J`` as columns. All passes are made twice, and must agree."""
        from .passes import grad
        from .runtime import wrap

        def passes() -> list[Tensors]:
            return [grad(out, self.inputs, wrap(v.copy()), retain_graph=True, allow_unused=True) for v in vectors]

        first, again = passes(), passes()
        jacobians, types_ok, sizes_ok = self.stack(first, len(vectors))
        repeated = self.stack(again, len(vectors))[0]
        if not types_ok and self.check_dtypes:
            raise GradcheckError("Gradient has dtype mismatch")
        if not sizes_ok:
            raise GradcheckError("Analytical gradient has incorrect size")
        for a, b in zip(jacobians, repeated, strict=True):
            if a.size and np.abs(a - b).max() > self.nondet_tol:
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                    "times gives different values, although analytical gradient matches numerical gradient.The "
                    "tolerance for "
                    f"nondeterminism was {self.nondet_tol}." + _NOT_REENTRANT
                )
        return jacobians

    def stack(self, rows: list[Tensors], count: int) -> tuple[list[np.ndarray], bool, bool]:
        jacobians, types_ok, sizes_ok = [], True, True
        for j, tensor in enumerate(self.inputs):
            x = tensor._array
            jacobian = np.zeros((x.size, count), x.dtype)
            for column, row in enumerate(rows):
                gradient = row[j]
                if gradient is not None:
                    if gradient._array.shape != x.shape:
                        sizes_ok = False
                    elif gradient._array.dtype != x.dtype:
                        types_ok = False
                    jacobian[:, column] = gradient._array.reshape(-1)
            jacobians.append(jacobian)
        return jacobians, types_ok, sizes_ok

    # ---- fast mode: random projections

    def compare_projections(self, func: Any, part: Any) -> None:
        result = _as_tuple(func(*self.args))
        outputs = _differentiable(result)
        directions = [(self.unit(each._array), self.unit(each._array)) for each in self.inputs]
        vectors = [self.unit(each._array) for each in outputs]
        places = [i for i, each in enumerate(result) if _requires_grad(each)]
        numerical = []
        for tensor, (u, v) in zip(self.inputs, directions, strict=True):
            shape = tensor._array.shape
            numerical.append(self.differences(func, tensor._array, u.reshape(shape), v.reshape(shape)))
        if not outputs:
            _expect_zero(itertools.chain(*numerical), self.nondet_tol)
        for i, (place, out, w) in enumerate(zip(places, outputs, vectors, strict=True)):
            analytical = self.analytical_jacobian(out, [w.reshape(out._array.shape).astype(out._array.dtype)])
            for j, (product, (u, v)) in enumerate(zip(analytical, directions, strict=True)):
                n = np.asarray((w * numerical[j][place]).sum())
                column = product[:, 0]
                if column.dtype.kind == "c":
                    a, scale = np.asarray(column.real @ u + 1j * (column.imag @ v)), u.sum() + v.sum()
                else:
                    a, scale = np.asarray(column @ u.astype(column.dtype)), u.sum()
                if not _close(a, n, self.rtol, self.atol * float(scale) * float(w.sum())):
                    words = _mismatch(a, n, i, j, part(i))
                    raise GradcheckError(words + self.slow_words(func, result, place, out, j))

    def unit(self, array: np.ndarray) -> np.ndarray:
        """A random non-negative vector of length one."""
        vector = self.random.random(array.size)
        return vector / np.linalg.norm(vector)

    def slow_words(self, func: Any, result: Tensors, place: int, out: Any, j: int) -> str:
        """What slow mode finds where fast mode failed."""
        n = self.numerical_jacobian(func, self.inputs[j], result)[place]
        a = self.analytical_jacobian(out, _unit_vectors(out._array))[j]
        words = (
            "\nThe above quantities relating the numerical and analytical jacobians are computed \nin fast mode. "
            "See: https://github.com/pytorch/pytorch/issues/53876 for more background \nabout fast mode. Below, we "
            "recompute numerical and analytical jacobians in slow mode:\n\nNumerical:\n "
            f"{_shown(n)}\nAnalytical:\n{_shown(a)}\n\nThe max per-element difference (slow mode) is: "
            f"{np.abs(n - a).max()}.\n"
        )
        return words + _FAST_FAILED_SLOW_OK if _close(a, n, self.rtol, self.atol) else words

    # ---- the other checks

    def check_linear_in_grad_output(self, outputs: Tensors) -> None:
        from .passes import grad
        from .runtime import wrap

        zeros = [wrap(np.zeros_like(each._array, order="C")) for each in outputs]
        for found, tensor in zip(grad(outputs, self.inputs, zeros, allow_unused=True), self.inputs, strict=True):
            if found is None:
                continue
            if found._array.any():
                raise GradcheckError("backward not multiplied by grad_output")
            if found._array.dtype != tensor._array.dtype:
                raise GradcheckError("grad is incorrect type")
            if found._array.shape != tensor._array.shape:
                raise GradcheckError("grad is incorrect size")

    def check_undefined(self, count: int) -> None:
        """All outputs without a gradient, then one at a time: none of it may make a difference to zeros."""
        choices = [set(range(count))]
        if count > 1:
            choices += [{i} for i in range(count)]
        for missing in choices:
            outputs = _differentiable(self.func(*self.args))
            try:
                found = self.gradients_without(outputs, missing)
            except RuntimeError as error:
                _warn_undefined()
                raise GradcheckError(
                    f"Expected backward function to handle undefined output grads. {_NOTES}"
                ) from error
            if any(each is not None and each.any() for each in found):
                _warn_undefined()
                raise GradcheckError(
                    "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
                    + _NOTES
                )

    def gradients_without(self, outputs: Tensors, missing: set[int]) -> list[Any]:
        from .engine import run_backward
        from .node import UNDEFINED

        grads = [UNDEFINED if i in missing else np.zeros_like(each._array) for i, each in enumerate(outputs)]
        captures = dict.fromkeys(each._node for each in self.inputs)
        roots = [each._node for each in outputs]
        run_backward(roots, grads, retain_graph=False, create_graph=False, captures=captures, accumulate=False)
        return list(captures.values())

    def check_batched(self, out: Any, i: int) -> None:
        from .passes import grad
        from .runtime import wrap

        batch = self.random.standard_normal((2, *out._array.shape)).astype(out._array.dtype)
        options = {"retain_graph": True, "allow_unused": True}
        single = [grad(out, self.inputs, wrap(each), **options) for each in batch]
        together = grad(out, self.inputs, wrap(batch), is_grads_batched=True, **options)
        for j, (a, *rows) in enumerate(zip(together, *single, strict=True)):
            if a is not None and not np.allclose(a._array, np.stack([each._array for each in rows])):
                raise GradcheckError(f"For output {i} and input {j}:\n\nGot:\n{a}\n\nExpected:\n{rows}")


def _as_tuple(value: Any) -> Tensors:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _requires_grad(value: Any) -> bool:
    return getattr(value, "_node", None) is not None


def _differentiable(result: Any) -> Tensors:
    return tuple(each for each in _as_tuple(result) if each.requires_grad)


def _part_of(func: Any, part: str) -> Any:
    """``func`` with the real or imaginary part of each complex output."""
    return lambda *args: tuple(getattr(o, part) if o.is_complex() else o for o in _as_tuple(func(*args)))


def _unit_vectors(array: np.ndarray) -> list[np.ndarray]:
    return list(np.eye(array.size, dtype=array.dtype).reshape(array.size, *array.shape))


def _random_like(out: Any, noncontiguous: bool) -> Any:
    from .runtime import wrap

    random, array = np.random.default_rng(0), out._array
    shape = (*array.shape, 2) if noncontiguous and array.size > 1 else array.shape
    values = random.uniform(-1, 1, shape)
    if array.dtype.kind == "c":
        values = values + 1j * random.uniform(-1, 1, shape)
    values = np.asarray(values, array.dtype if array.dtype.kind in "fc" else np.float64)
    return wrap(values if shape == array.shape else values[..., 0]).requires_grad_()


def _close(a: np.ndarray, n: np.ndarray, rtol: float, atol: float) -> bool:
    return bool(np.allclose(a, n, rtol, atol))


def _expect_zero(jacobians: Iterator[np.ndarray], tolerance: float) -> None:
    for each in jacobians:
        if each.size and np.abs(each).max() > tolerance:
            raise GradcheckError("Numerical gradient for function expected to be zero")


def _shown(array: np.ndarray) -> str:
    from .runtime import wrap

    return repr(wrap(array))


def _mismatch(a: np.ndarray, n: np.ndarray, i: int, j: int, part: str | None) -> str:
    prefix = f"While considering the {part} part of complex outputs only, " if part else ""
    return (
        f"{prefix}Jacobian mismatch for output {i:d} with respect to input {j:d},\n"
        f"numerical:{_shown(n)}\nanalytical:{_shown(a)}\n"
    )


_NOTES = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'


def _warn_undefined() -> None:
    warnings.warn(
        "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may "
        "break existing callers of this function. If this is true for you, you can call this function with "
        '"check_undefined_grad=False" to disable the feature',
        stacklevel=5,
    )


_NOT_REENTRANT = """\n
NOTE: If your op relies on non-deterministic operations i.e., it is listed here:
https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
this failure might be expected. Then call gradcheck/gradgradcheck with `nondet_tol=<tol>` as a keyword argument.
"""

_FAST_FAILED_SLOW_OK = """
Fast gradcheck failed but element-wise differences are small. This means that the
test might've passed in slow_mode! Then call gradcheck/gradgradcheck with `fast_mode=False` as a keyword argument.
""".strip()
