"""Random numbers: the same as PyTorch's on a CPU, from the same seed and the same calls.

The stream is :class:`tinygrad_edu.rng.Engine`; here are PyTorch's functions, methods and errors around it. Functions
that draw take ``generator``, a :class:`Generator`, in place of the default one that :func:`manual_seed` seeds.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from .autograd.errors import type_name
from .autograd.grad_mode import get_mode
from .autograd.runtime import write_out
from .autograd.version import stamp_write
from .creation import chosen_dtype, finish, size_of
from .dtypes import from_numpy_dtype, to_numpy_dtype
from .generator import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .generator import fork_rng as fork_rng  # torch.random.fork_rng; not in torch itself
from .inplace import check_in_place, check_memory, set_history
from .ops.random import DRAWN
from .rng import Engine
from .tensor import Tensor

__all__ = [
    "Generator", "bernoulli", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "multinomial",
    "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed", "set_rng_state",
]  # fmt: skip


# ---- arguments -----------------------------------------------------------------------------------------------------


def combination_error(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
    """No overload of ``name`` takes these arguments."""
    from .overloads import combination_error

    return combination_error(name, args, kwargs)


def engine_of(generator: Any, name: str) -> Engine:
    """The stream of ``generator``, or the default one."""
    if generator is None:
        return default_generator._engine
    if type(generator) is not Generator:
        raise TypeError(f"{name}(): argument 'generator' must be torch.Generator, not {type_name(generator)}")
    return generator._engine


def _is_integer(value: Any) -> bool:
    """An int or what PyTorch takes for one: NumPy's integers, integer tensors of one element."""
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._array.dtype.kind in "iu"
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """A real number, or a 0-d tensor of one that requires no grad."""
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._node is None and value._array.dtype.kind != "c"
    return isinstance(value, (int, float, np.integer, np.floating, np.bool_))


def _integer(value: Any, argument: str, position: int, name: str) -> int:
    if type(value) is not int:
        if not _is_integer(value):
            raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be int, not {type_name(value)}")
        value = int(value)
    if not -(2**63) <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")
    return value


def _number(value: Any, argument: str, position: int, name: str) -> float:
    if type(value) is not float:
        if not _is_number(value):
            raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be float, not {type_name(value)}")
        value = float(value)
    return value


def _tensor(value: Any, name: str, argument: str = "input") -> Any:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name}(): argument '{argument}' (position 1) must be Tensor, not {type_name(value)}")
    return value._array


def _sized(sizes: tuple[Any, ...], given: Any, name: str, generator: Any) -> tuple[int, ...]:
    """The size from ``rand(2, 3)``, ``rand((2, 3))`` or ``rand(size=(2, 3))``."""
    if (
        (given is None and not sizes)
        or (given is not None and sizes)
        or (len(sizes) > 1 and not hasattr(sizes[0], "__index__"))
        or not isinstance(generator, (Generator, type(None)))
    ):
        raise combination_error(name, sizes, {"size": given, "generator": generator})
    return size_of(sizes, name, given)


# ---- new tensors ---------------------------------------------------------------------------------------------------


def _new(
    shape: tuple[int, ...], dtype: Any, place: Any, out: Any, requires_grad: bool, name: str, draw: Callable[[Any], Any]
) -> Tensor:
    """A new tensor (or ``out``) of this size that ``draw`` fills."""
    if out is None:
        array = np.empty(shape, chosen_dtype(dtype, place))
        draw(array)
        return finish(array, requires_grad)
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type_name(out)}")
    if dtype is not None and to_numpy_dtype(dtype) != out._array.dtype:
        asked = from_numpy_dtype(to_numpy_dtype(dtype))
        raise RuntimeError(f"dtype {asked.legacy_name} does not match dtype of out parameter ({out.dtype.legacy_name})")
    if out._node is not None and get_mode():
        raise RuntimeError(
            f"aten::{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    if out._array.shape != shape:
        out._array = np.empty(shape, out._array.dtype)
    check_memory(out._array)
    draw(out._array)
    stamp_write(out._array)
    return out


def rand(
    *size: Any,
    generator: Generator | None = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **named: Any,
) -> Tensor:
    """Uniform random numbers in [0, 1)."""
    shape = _sized(size, named.pop("size", None), "rand", generator)
    _no_more(named, "rand")
    engine = engine_of(generator, "rand")
    return _new(shape, dtype, device, out, requires_grad, "rand", lambda array: engine.uniform_(_reals(array)))


def randn(
    *size: Any,
    generator: Generator | None = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **named: Any,
) -> Tensor:
    """Normal random numbers with mean 0 and standard deviation 1 (a complex number's variance is 1)."""
    shape = _sized(size, named.pop("size", None), "randn", generator)
    _no_more(named, "randn")
    engine = engine_of(generator, "randn")
    return _new(shape, dtype, device, out, requires_grad, "randn", lambda array: _fill_normal(engine, array, 0.0, 1.0))


def _no_more(named: dict[str, Any], name: str) -> None:
    if named:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")


def _reals(array: np.ndarray) -> np.ndarray:
    """A complex array as its real and imaginary parts, along a new last axis; any other array as it is."""
    return array[..., np.newaxis].view(array.real.dtype) if array.dtype.kind == "c" else array


def _fill_normal(engine: Engine, array: np.ndarray, mean: float, std: float) -> None:
    if array.dtype.kind == "c":  # half of the variance in each part
        engine.normal_(_reals(array), 0.0, std / 2**0.5)
        array += mean
    else:
        engine.normal_(array, mean, std)


def randint(
    *args: Any,
    generator: Generator | None = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    **named: Any,
) -> Tensor:
    """Random integers (int64 unless ``dtype`` is given) in [low, high): ``randint(low=0, high, size)``."""
    low, high, size = _randint_arguments(args, named, generator)
    start = 0 if low is None else _integer(low, "low", 1, "randint")
    stop = _integer(high, "high", 1 if low is None else 2, "randint")
    shape = size_of((size,), "randint", position=2 if low is None else 3)
    engine = engine_of(generator, "randint")
    if dtype is None and out is None:
        dtype = int
    return _new(shape, dtype, device, out, requires_grad, "randint", lambda array: engine.random_(array, start, stop))


def _randint_arguments(args: tuple[Any, ...], named: dict[str, Any], generator: Any) -> tuple[Any, Any, Any]:
    """``low`` (None where it is left out), ``high`` and ``size``."""
    if len(args) == 2 and not named and _is_integer(args[0]):
        low, (high, size) = None, args
    else:
        given = {**dict(zip(("low", "high", "size")[-len(args) - len(named) :], args, strict=False)), **named}
        low, high, size = given.pop("low", None), given.pop("high", None), given.pop("size", None)
        fits = low is None or (_is_integer(low) and _is_integer(high) and isinstance(size, (tuple, list)))
        if given or not fits or high is None or size is None or len(args) + len(named) != 2 + (low is not None):
            raise combination_error("randint", args, {**named, "generator": generator})
    if not isinstance(generator, (Generator, type(None))):
        raise combination_error("randint", args, {**named, "generator": generator})
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"randint(): argument 'size' (position 2) must be tuple of ints, not {type_name(size)}")
    return low, high, size


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A random permutation of the integers 0 to n - 1 (int64 unless ``dtype`` is given)."""
    count = _integer(n, "n", 1, "randperm")
    engine = engine_of(generator, "randperm")
    if dtype is None:
        dtype = int if out is None else out.dtype
    values = engine.randperm(count, chosen_dtype(dtype, device))

    def draw(array: Any) -> None:
        array[...] = values

    return _new(values.shape, dtype, device, out, requires_grad, "randperm", draw)


def normal(
    mean: Any,
    std: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Normal random numbers: ``normal(mean, std)`` with tensors of means, of standard deviations (default 1), or both; or
    ``normal(mean, std, size)`` with two numbers.
    """
    tensors = isinstance(mean, Tensor), isinstance(std, Tensor)
    numbers_only = _is_number(mean) and _is_number(std) and isinstance(size, (tuple, list))
    if size is not None or not any(tensors):
        if not numbers_only:
            raise combination_error("normal", tuple(each for each in (mean, std, size) if each is not None), {})
        engine, (mu, sigma) = engine_of(generator, "normal"), (float(mean), float(std))
        shape = size_of((size,), "normal", position=3)
        return _new(shape, dtype, device, out, requires_grad, "normal", lambda array: _fill_normal(engine, array, mu, sigma))
    std = 1.0 if std is None else std
    if not all(is_tensor or _is_number(each) for each, is_tensor in zip((mean, std), tensors, strict=True)):
        raise combination_error("normal", (mean, std), {})
    parents = [each for each in (mean, std) if isinstance(each, Tensor)]
    values = _normal_array(mean, std, engine_of(generator, "normal"))
    name = {(True, False): "NormalBackward1", (False, True): "NormalBackward2", (True, True): "NormalBackward3"}[tensors]
    if out is not None:
        return write_out(DRAWN[name], out, values, tuple(each._node for each in parents))
    return DRAWN[name].function(*parents, values)


def _normal_array(mean: Any, std: Any, engine: Engine) -> np.ndarray:
    from .autograd.errors import broadcast_error

    arrays = [each._array if isinstance(each, Tensor) else float(each) for each in (mean, std)]
    mismatch = broadcast_error([each.shape for each in arrays if isinstance(each, np.ndarray)])
    if mismatch is not None:
        raise mismatch
    return np.asarray(engine.normal(*arrays))


def _like(input: Any, dtype: Any, place: Any, requires_grad: bool, name: str, draw: Callable[[Any], Any]) -> Tensor:
    source = _tensor(input, name)
    array = np.empty_like(source, dtype=source.dtype if dtype is None else chosen_dtype(dtype, place))
    draw(array)
    return finish(array, requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """:func:`rand` in the input's shape, dtype and memory order."""
    engine = engine_of(generator, "rand_like")
    return _like(input, dtype, device, requires_grad, "rand_like", lambda array: engine.uniform_(_reals(array)))


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """:func:`randn` in the input's shape, dtype and memory order."""
    engine = engine_of(generator, "randn_like")
    return _like(input, dtype, device, requires_grad, "randn_like", lambda array: _fill_normal(engine, array, 0.0, 1.0))


def randint_like(
    input: Tensor,
    *bounds: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
    **named: Any,
) -> Tensor:
    """:func:`randint` in the input's shape, dtype and memory order: ``randint_like(input, low=0, high)``."""
    _tensor(input, "randint_like")
    given = [*bounds, *(named[key] for key in ("low", "high") if key in named)]
    if named.keys() - {"low", "high"} or len(given) not in (1, 2) or not all(map(_is_integer, given)):
        raise combination_error("randint_like", (input, *bounds), named)
    low = _integer(given[0], "low", 2, "randint_like") if len(given) == 2 else 0
    high = _integer(given[-1], "high", 3, "randint_like")
    engine = engine_of(generator, "randint_like")
    return _like(input, dtype, device, requires_grad, "randint_like", lambda array: engine.random_(array, low, high))


def bernoulli(input: Tensor, p: Any = None, *, generator: Generator | None = None, out: Any = None) -> Tensor:
    """1 with the probability that the input's element gives (or with probability ``p`` for all), else 0."""
    source = _tensor(input, "bernoulli")
    if p is not None and (isinstance(p, Tensor) or not _is_number(p) or out is not None):
        raise combination_error("bernoulli", (input, p), {"generator": generator, "out": out})
    engine = engine_of(generator, "bernoulli")
    if out is not None:
        if input._node is not None and get_mode():
            raise RuntimeError(
                "bernoulli(): functions with out=... arguments don't support automatic differentiation, but one of the "
                "arguments requires grad."
            )
        return _new(source.shape, None, None, out, False, "bernoulli", lambda array: engine.bernoulli_(array, source))
    drawn = engine.bernoulli_(np.empty(source.shape, source.dtype), source if p is None else float(p))
    return DRAWN["BernoulliBackward0" if p is None else "NotImplemented"].function(input, drawn)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """Indices drawn in proportion to the weights in each row of ``input`` (one or two dimensions), as int64."""
    weights = _tensor(input, "multinomial")
    count = _integer(num_samples, "num_samples", 2, "multinomial")
    if not isinstance(replacement, bool):
        raise TypeError(f"multinomial(): argument 'replacement' (position 3) must be bool, not {type_name(replacement)}")
    if out is not None and out._array.dtype != np.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype.legacy_name}")
    samples = engine_of(generator, "multinomial").multinomial(weights, count, replacement)

    def draw(array: Any) -> None:
        array[...] = samples

    return finish(samples) if out is None else _new(samples.shape, None, None, out, False, "multinomial", draw)


# ---- in place ------------------------------------------------------------------------------------------------------


def fill_in_place(tensor: Tensor, node_name: str, draw: Callable[[Any], Any], *parents: Tensor) -> Tensor:
    """Let ``draw`` fill the tensor's memory, stamp the write, and forget the history of what was overwritten."""
    check_in_place(tensor)
    array = tensor._array
    check_memory(array)
    draw(array)
    stamp_write(array)
    if get_mode() and (tensor._node is not None or any(each._node is not None for each in parents)):
        set_history(tensor, DRAWN[node_name].function(tensor, *parents, array)._node)
    return tensor


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **named: Any) -> Tensor:
    """Fill with uniform random numbers in [from, to)."""
    low = _number(named.pop("from", from_), "from", 1, "uniform_")
    high = _number(to, "to", 2, "uniform_")
    _no_more(named, "uniform_")
    engine = engine_of(generator, "uniform_")
    return fill_in_place(self, "UniformBackward0", lambda array: engine.uniform_(_reals(array), low, high))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal random numbers."""
    mu, sigma = _number(mean, "mean", 1, "normal_"), _number(std, "std", 2, "normal_")
    engine = engine_of(generator, "normal_")
    return fill_in_place(self, "NormalBackward0", lambda array: _fill_normal(engine, array, mu, sigma))


def random_(self: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Fill with random integers: ``random_(from, to)`` in [from, to), ``random_(to)`` in [0, to), ``random_()`` from 0 to the
    largest value of the dtype (for floats: the largest up to which every integer has a float of its own).
    """
    if len(bounds) > 2:
        raise TypeError(f"random_() takes 2 positional arguments but {len(bounds)} were given")
    given = list(bounds)
    if len(given) < 2 and "to" in named and ("from" in named) + len(given) < 2:
        given = [*given, *([named.pop("from")] if "from" in named else []), named.pop("to")]
    upper = given[1] if len(given) == 2 else 0
    if named or not all(map(_is_integer, given[:1])) or not (upper is None or _is_integer(upper)):
        raise combination_error("random_", bounds, named)
    low = _integer(given[0], "from", 1, "random_") if len(given) == 2 else (0 if given else None)
    high = None if not given or given[-1] is None else _integer(given[-1], "to", 2, "random_")
    engine = engine_of(generator, "random_")
    return fill_in_place(self, f"RandomBackward{2 - len(given)}", lambda array: engine.random_(array, low, high))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability ``p`` (a number, or a tensor that broadcasts) and 0 otherwise."""
    engine = engine_of(generator, "bernoulli_")
    if isinstance(p, Tensor):
        probabilities = p._array
        _check_expands(probabilities, self._array)
        return fill_in_place(self, "BernoulliBackward1", lambda array: engine.bernoulli_(array, probabilities), p)
    if not _is_number(p):
        raise combination_error("bernoulli_", (p,), {})
    return fill_in_place(self, "BernoulliBackward2", lambda array: engine.bernoulli_(array, float(p)))


def _check_expands(source: np.ndarray, target: np.ndarray) -> None:
    if source.ndim > target.ndim:
        raise RuntimeError(
            f"expand(torch.{from_numpy_dtype(source.dtype).legacy_name}Tensor{{{list(source.shape)}}}, size="
            f"{list(target.shape)}): the number of sizes provided ({target.ndim}) must be greater or equal to the number of "
            f"dimensions in the tensor ({source.ndim})"
        )


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponential random numbers of rate ``lambd``."""
    rate, engine = _number(lambd, "lambd", 1, "exponential_"), engine_of(generator, "exponential_")
    return fill_in_place(self, "ExponentialBackward0", lambda array: engine.exponential_(array, rate))


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of trials up to the first success, of probability ``p``."""
    chance, engine = _number(p, "p", 1, "geometric_"), engine_of(generator, "geometric_")
    return fill_in_place(self, "GeometricBackward0", lambda array: engine.geometric_(array, chance))


def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with Cauchy random numbers."""
    centre, width = _number(median, "median", 1, "cauchy_"), _number(sigma, "sigma", 2, "cauchy_")
    engine = engine_of(generator, "cauchy_")
    return fill_in_place(self, "CauchyBackward0", lambda array: engine.cauchy_(array, centre, width))


def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers whose logarithms are normal with this mean and standard deviation."""
    mu, sigma = _number(mean, "mean", 1, "log_normal_"), _number(std, "std", 2, "log_normal_")
    engine = engine_of(generator, "log_normal_")
    return fill_in_place(self, "LogNormalBackward0", lambda array: engine.log_normal_(array, mu, sigma))


METHODS = (
    bernoulli, bernoulli_, cauchy_, exponential_, geometric_, log_normal_, multinomial, normal_, random_, uniform_,
)  # fmt: skip
"""What Tensors have as methods."""
