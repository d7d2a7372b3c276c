"""Activation functions as PyTorch's ``nn.functional`` has them: with ``inplace``, defaults and deprecated arguments."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import type_name
from ..autograd.runtime import wrap
from ..inplace import in_place
from ..ops import activation as _activation
from ..ops import elementwise as _elementwise
from ..ops import piecewise as _piecewise
from ..ops import smooth as _smooth
from ..random import default_generator
from ..tensor import Tensor
from .reduction import log_softmax as _log_softmax
from .reduction import softmax as _softmax

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6", "relu_",
    "rrelu", "rrelu_", "selu", "selu_", "sigmoid", "silu", "softmax", "softmin", "softplus", "softshrink", "softsign",
    "tanh", "tanhshrink", "threshold", "threshold_",
]  # fmt: skip


def _in_place(op: Any, name: str) -> Callable[..., Any]:
    """The in-place form ``name`` of an operation, which is compiled when it is first called."""
    method = in_place(lambda *args: op.function(*args), name)

    def function(input: Tensor, *args: Any) -> Tensor:
        _require_tensor(name, input)
        return method(input, *args)

    return function


def _require_tensor(name: str, value: Any, argument: str = "input", position: int = 1) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type_name(value)}")


_relu_ = _in_place(_activation.relu, "relu_")
_leaky_relu_ = _in_place(_piecewise.leaky_relu_, "leaky_relu_")
_elu_ = _in_place(_smooth.elu_, "elu_")
_celu_ = _in_place(_smooth.celu_, "celu_")
_hardtanh_ = _in_place(_piecewise.hardtanh, "hardtanh_")
_hardsigmoid_ = _in_place(_piecewise.hardsigmoid, "hardsigmoid_")
_hardswish_ = _in_place(_piecewise.hardswish, "hardswish_")
_silu_ = _in_place(_smooth.silu, "silu_")
_mish_ = _in_place(_smooth.mish, "mish_")
_threshold_ = _in_place(_piecewise.threshold_, "threshold_")
_rrelu_with_noise_ = _in_place(_piecewise.rrelu_with_noise_, "rrelu_")


# ---- the rectifier and its relatives -------------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(0, x), element by element."""
    return _relu_(input) if inplace else _activation.relu.function(input)


def relu_(input: Tensor) -> Tensor:
    """In-place version of :func:`relu`."""
    return _relu_(input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is above ``threshold``, else ``value``."""
    return (_threshold_ if inplace else _piecewise.threshold.function)(input, threshold, value)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In-place version of :func:`threshold`."""
    return _threshold_(input, threshold, value)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``negative_slope`` · x."""
    return (_leaky_relu_ if inplace else _piecewise.leaky_relu.function)(input, negative_slope)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In-place version of :func:`leaky_relu`."""
    return _leaky_relu_(input, negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where it is positive, else ``weight`` · x, with one weight or one for each channel (the second dimension).

    Source: He et al., "Delving deep into rectifiers", 2015 (https://arxiv.org/abs/1502.01852).
    """
    _require_tensor("prelu", input)
    _require_tensor("prelu", weight, "weight", 2)
    x, slopes = input._array, weight._array
    if x.dtype != slopes.dtype:
        names = input.dtype.legacy_name, weight.dtype.legacy_name
        raise RuntimeError("prelu: Type promoting not supported. Got {} and {}".format(*names))
    if slopes.size != 1:
        if not x.ndim:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = x.shape[1] if x.ndim > 1 else 1
        if channels != slopes.size:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {slopes.size} and channel "
                f"size = {channels}."
            )
    if slopes.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {slopes.ndim}")
    if x.ndim != slopes.ndim:
        shape = [1] * x.ndim
        if x.ndim > 1:
            shape[1] = slopes.size
        weight = weight.reshape(shape)
    return _piecewise.prelu_kernel.function(input, weight)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """x where it is positive, else a · x, in training with a drawn from U(lower, upper), otherwise a = (lower + upper) / 2.

    Source: Xu et al., "Empirical evaluation of rectified activations", 2015 (https://arxiv.org/abs/1505.00853).
    """
    _require_tensor("rrelu", input)
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    noise = None
    if training:
        x = input._array
        if x.dtype.kind != "f" or x.dtype.itemsize < 4:
            raise _elementwise.not_implemented("rrelu_with_noise_out_cpu", x.dtype)
        noise = np.ones(x.shape, x.dtype)
        below = x <= 0
        drawn = np.empty(np.count_nonzero(below))  # in double precision, as PyTorch draws them
        noise[below] = default_generator._engine.uniform_(drawn, float(lower), float(upper))
    function = _rrelu_with_noise_ if inplace else _piecewise.rrelu_with_noise.function
    return function(input, None if noise is None else wrap(noise), (lower + upper) / 2)


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """In-place version of :func:`rrelu`."""
    return rrelu(input, lower, upper, training, True)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``alpha`` · (exp(x) - 1)."""
    return (_elu_ if inplace else _smooth.elu.function)(input, alpha)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place version of :func:`elu`."""
    return _elu_(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """:func:`elu` with the alpha, and times the scale, that keep mean 0 and variance 1 (https://arxiv.org/abs/1706.02515)."""
    _require_tensor("selu_" if inplace else "selu", input)
    return (_elu_ if inplace else _smooth.elu.function)(input, *_SELU)


def selu_(input: Tensor) -> Tensor:
    """In-place version of :func:`selu`."""
    return selu(input, True)


_SELU = 1.6732632423543772, 1.0507009873554805


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, else ``alpha`` · (exp(x / alpha) - 1), which is smooth for every alpha."""
    return (_celu_ if inplace else _smooth.celu.function)(input, alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place version of :func:`celu`."""
    return _celu_(input, alpha)


# ---- smooth gates --------------------------------------------------------------------------------------------------


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), element by element."""
    return _elementwise.sigmoid.function(input)


def tanh(input: Tensor) -> Tensor:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), element by element."""
    return _elementwise.tanh.function(input)


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + exp(-x))), element by element."""
    return _activation.log_sigmoid.function(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(``beta`` · x)) / ``beta``; x itself where ``beta`` · x is above ``threshold``."""
    return _smooth.softplus.function(input, beta, threshold)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|), element by element."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x), element by element."""
    return input - input.tanh()


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x), element by element."""
    return (_silu_ if inplace else _smooth.silu.function)(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(softplus(x)), element by element."""
    return (_mish_ if inplace else _smooth.mish.function)(input)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x · Φ(x) with Φ the normal distribution function, or its approximation by tanh."""
    return _smooth.gelu.function(input, approximate=approximate)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a · sigmoid(b), where a and b are the halves of x along ``dim``."""
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return _smooth.glu.function(input, dim)


# ---- straight pieces -----------------------------------------------------------------------------------------------


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x, but not below ``min_val`` and not above ``max_val``."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return (_hardtanh_ if inplace else _piecewise.hardtanh.function)(input, min_val, max_val)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """In-place version of :func:`hardtanh`."""
    return _hardtanh_(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(0, x), 6), element by element."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1 / 2, but not below 0 and not above 1."""
    return (_hardsigmoid_ if inplace else _piecewise.hardsigmoid.function)(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · hardsigmoid(x), element by element."""
    return (_hardswish_ if inplace else _piecewise.hardswish.function)(input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x outside [-``lambd``, ``lambd``], 0 inside."""
    return _piecewise.hardshrink.function(input, lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by ``lambd``, and 0 inside [-``lambd``, ``lambd``]."""
    return _piecewise.softshrink.function(input, lambd)


# ---- along a dimension ---------------------------------------------------------------------------------------------


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(xᵢ) / Σⱼ exp(xⱼ) along ``dim``; computed in ``dtype`` if given."""
    if dim is None:
        dim = _implicit_dim("softmax", input, _stacklevel)
    return _softmax(input, dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(exp(xᵢ) / Σⱼ exp(xⱼ)) along ``dim``; computed in ``dtype`` if given."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input, _stacklevel)
    return _log_softmax(input, dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """:func:`softmax` of -x."""
    if dim is None:
        dim = _implicit_dim("softmin", input, _stacklevel)
    return _softmax(_elementwise.neg.function(input), dim, dtype)


def _implicit_dim(name: str, input: Tensor, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input._array.ndim in (0, 1, 3) else 1


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A draw from the Gumbel-softmax distribution: softmax((x + g) / ``tau``) with g = -log e, e ~ Exp(1).

    If ``hard``, the result is the nearest one-hot vector, with the gradient of the soft one.

    Sources: https://arxiv.org/abs/1611.00712, https://arxiv.org/abs/1611.01144
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    draws = wrap(np.empty(logits._array.shape, logits._array.dtype))
    gumbels = -draws.exponential_().log()
    soft = ((logits + gumbels) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    chosen = wrap(np.zeros(logits._array.shape, logits._array.dtype)).scatter_(dim, index, 1.0)
    return chosen - soft.detach() + soft
