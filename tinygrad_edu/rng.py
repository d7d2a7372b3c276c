"""PyTorch's CPU random stream: the same numbers from the same seed, bit for bit, on NumPy arrays.

The words W are those of the Mersenne Twister MT19937 (Matsumoto & Nishimura, 1998), which NumPy also has. Two of them
make a 64-bit draw D = W1 2^32 + W2. How a distribution uses them is PyTorch's way (ATen/core/DistributionsHelper.h and
ATen/native/cpu/DistributionTemplates.h), measured against PyTorch 2.13 on x86-64: values and state are the same bits in
float16, float32, float64 and the integers. Not the same: `multinomial`'s order of equal quotients, and subnormals.
"""

from __future__ import annotations

import math
import operator
import os
import threading
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from .errstate import quiet
from .rng_checks import (
    NAMES,
    assign,
    check_continuous,
    check_multinomial,
    check_uniform,
    integer_range,
    largest,
    memory_order,
    require,
)
from .rng_math import (
    BoxMuller32,
    as_float32,
    box_muller64,
    exp,
    fma32,
    fma64,
    libm,
    log,
    swapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray

    from .rng_checks import Array
    from .rng_math import Float32s, Float64s, Words

DEFAULT_SEED = 67280421310721
BLOCK = 1 << 14  # elements per step of a large draw: the work arrays stay in a cache

# Arrays without axes: NumPy takes those faster than Python's numbers, which shows in small draws.
BITS_21, BITS_24 = np.array(2**21 - 1, np.uint32), np.array(2**24 - 1, np.uint32)
TO_UPPER, TO_UNIT64, TO_UNIT32 = np.array(2.0**32), np.array(2.0**-53), np.array(2.0**-24, np.float32)

# The memory of PyTorch's get_rng_state(): 5056 bytes.
STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "normal", "normal_valid"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", 624), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": 5056,
    }
)


class Engine:
    """A random stream: a Mersenne Twister and the second half of the last small normal draw.

    Methods with PyTorch's trailing underscore fill the array `out` in place, in the order of its memory, and return it.
    Every draw is atomic: threads may share an engine.
    """

    def __init__(self, seed: SupportsIndex = DEFAULT_SEED) -> None:
        self._lock = threading.Lock()
        self._twister: np.random.MT19937 | None = None
        self.manual_seed(seed)

    # -- seed and state ------------------------------------------------------------------------------------------------

    def manual_seed(self, seed: SupportsIndex) -> Engine:
        """Restart the stream. Seeds are in [-2^63, 2^64), a negative one means seed + 2^64; 32 bits of it are used."""
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        number = operator.index(seed)
        if not -(2**63) <= number < 2**64:
            raise ValueError("Overflow when unpacking long long")
        with self._lock:
            self._seed = number % 2**64
            self._unused = True  # no word drawn since seeding
            self._normal: float | None = None
            if self._twister is not None:
                self._start()
        return self

    def _start(self) -> np.random.MT19937:
        """NumPy's generator, seeded. Left to the first draw: numpy.random takes time to import."""
        if self._twister is None:
            self._twister = np.random.MT19937(0)
            self._uint32s = np.random.Generator(self._twister).integers
        np.random.RandomState(self._twister).seed(self._seed & 0xFFFFFFFF)
        return self._twister

    def seed(self) -> int:
        """Restart the stream from a seed of the operating system's and return that seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed in use, in [0, 2^64)."""
        return self._seed

    def get_state(self) -> NDArray[np.uint8]:
        """The state as PyTorch's 5056 bytes."""
        with self._lock:
            twister: Any = (self._twister or self._start()).state["state"]
            state = np.zeros((), STATE)
            state["seed"] = self._seed
            state["left"] = 625 - twister["pos"]
            state["seeded"] = 1
            state["next"] = 0 if self._unused else twister["pos"]
            state["words"] = twister["key"]
            if self._normal is not None:
                state["normal"], state["normal_valid"] = self._normal, 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, new_state: Array) -> Engine:
        """Continue from a state of get_state(), ours or PyTorch's."""
        if not isinstance(new_state, np.ndarray):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if new_state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if not new_state.flags.c_contiguous:
            raise RuntimeError("RNG state must be contiguous")
        if new_state.size != STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE.itemsize} but found the input RNG state size to be "
                f"{new_state.size}"
            )
        state = np.frombuffer(new_state.tobytes(), STATE)[0]
        left, position = int(state["left"]), int(state["next"])
        # With left = 1 the next draw makes new words, wherever `next` points.
        if not (state["seeded"] and 0 < left <= 624 and position <= 624 and (left == 1 or left == 625 - position)):
            raise RuntimeError("Invalid mt19937 state")
        with self._lock:
            twister: Any = {"key": state["words"].astype(np.uint32), "pos": 625 - left}
            (self._twister or self._start()).state = {"bit_generator": "MT19937", "state": twister}
            self._seed = int(state["seed"])
            self._unused = position == 0 and left == 1
            self._normal = float(state["normal"]) if state["normal_valid"] else None
        return self

    def clone_state(self) -> Engine:
        """A new engine that continues as this one would."""
        return Engine().set_state(self.get_state())

    __getstate__ = get_state  # pickle and copy

    def __setstate__(self, state: Array) -> None:
        Engine.__init__(self)
        self.set_state(state)

    # -- words and uniforms (the lock is held) -------------------------------------------------------------------------

    def _words(self, n: int) -> Words:
        """The next n words."""
        twister = self._twister or self._start()
        if n:
            self._unused = False
        if n <= 1024:  # cheaper to call, dearer per word
            return twister.random_raw(n).astype(np.uint32)
        return self._uint32s(0, 1 << 32, n, np.uint32)

    def _uint64s(self, n: int) -> NDArray[np.uint64]:
        """The next n 64-bit draws D."""
        words = self._words(2 * n)
        draws = words[::2].astype(np.uint64)
        draws <<= np.uint64(32)
        draws |= words[1::2]
        return draws

    def _doubles(self, n: int) -> Float64s:
        """n uniforms (D mod 2^53) / 2^53."""
        words = self._words(2 * n)
        uniforms = (words[::2] & BITS_21).astype(np.float64)
        uniforms *= TO_UPPER
        uniforms += words[1::2].astype(np.float64)
        uniforms *= TO_UNIT64
        return uniforms

    def _floats(self, n: int) -> Float32s:
        """n uniforms (W mod 2^24) / 2^24."""
        words = self._words(n)
        words &= BITS_24
        uniforms = words.view(np.int32).astype(np.float32)
        uniforms *= TO_UNIT32
        return uniforms

    def _fill(self, out: Array, draw: Callable[[Array], None], block: int = BLOCK) -> Array:
        """Let `draw` fill `out` block by block, in the order of memory: axes by decreasing stride."""
        contiguous = out.flags.c_contiguous
        flat = out.reshape(-1) if contiguous else np.empty(out.size, out.dtype)
        with self._lock, quiet():
            for start in range(0, flat.size, block):
                draw(flat[start : start + block])
        if not contiguous:
            axes = memory_order(out)
            target = out.transpose(axes)
            target[...] = flat.reshape(target.shape)
        return out

    # -- continuous distributions --------------------------------------------------------------------------------------

    def uniform_(self, out: Array, low: float = 0.0, high: float = 1.0) -> Array:
        """Fill with uniforms in [low, high): fma(u, high - low, low), and low for a value rounded up to high."""
        dtype = out.dtype
        check_uniform(dtype, low, high)
        unit = low == 0 and high == 1
        wide = dtype == np.float64  # float16 is drawn in float32
        base, span = low, high - low
        if not (wide or unit):
            base, top = as_float32(low, high)
            (span,) = as_float32(top - base)

        def draw(part: Array) -> None:
            if wide:
                u = self._doubles(part.size)
                part[...] = u if unit else fma64(u, span, base)
            elif unit:
                part[...] = self._floats(part.size)
            else:
                values = np.empty(part.size, np.float32)
                fma32(self._floats(part.size).astype(np.float64), span, base, values)
                part[...] = values
            if not unit or dtype == np.float16:
                part[part == dtype.type(high)] = low  # a value that was rounded up to `high`

        return self._fill(out, draw)

    def normal_(self, out: Array, mean: float = 0.0, std: float = 1.0) -> Array:
        """Fill with normals: 16 or more contiguous elements by the block transform, others by the scalar one."""
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        if out.size:
            require(out.dtype, "f", "normal_kernel_cpu")
        if out.size < 16 or not out.flags.c_contiguous:
            return self._fill(out, lambda part: assign(part, self._normals(part.size, mean, std)))
        with self._lock, quiet():
            self._fill_normal(out.reshape(-1), mean, std)
        return out

    def _fill_normal(self, flat: Array, mean: float, std: float) -> None:
        """The block transform of rng_math over a contiguous array."""
        n = flat.size
        draw: Callable[[int], Array]
        transform: Callable[[Any, float, float], Array]
        if flat.dtype == np.float64:
            draw, transform = self._doubles, box_muller64
        else:
            mean, std = as_float32(mean, std)
            draw, transform = self._words, BoxMuller32(min(n, BLOCK) // 2 + 8)
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            whole = size - size % 16
            draws: Array = draw(whole if flat.dtype == np.float16 else size)
            if size > whole:  # the incomplete block is drawn, but not in float16; then 16 new for the last 16 elements
                draws = np.concatenate((draws[:whole], draw(16)))
            values = transform(draws, mean, std)
            flat[start : start + whole] = values[:whole]
            if size > whole:
                flat[n - 16 :] = values[whole:]

    def _normals(self, n: int, mean: float, std: float) -> Float64s:
        """n normals one by one, in float64: each pair of uniforms gives two, and the second waits in the engine.

        r = sqrt(-2 log1p(-u2)), t = 2 pi u1: first r cos t, then r sin t.
        """
        values = [] if self._normal is None else [self._normal]
        uniforms = self._doubles((n - len(values) + 1) // 2 * 2).tolist()
        for u1, u2 in zip(uniforms[::2], uniforms[1::2], strict=True):
            radius, angle = math.sqrt(-2.0 * math.log1p(-u2)), math.tau * u1
            values += radius * math.cos(angle), radius * math.sin(angle)
        self._normal = values.pop() if len(values) > n else None
        return fma64(np.array(values), std, mean)

    def normal(self, mean: float | Array, std: float | Array) -> Array:
        """Normals with a mean or a standard deviation, or both, per element: a new array of the first array's dtype.

        n std + mean in two roundings, unlike normal_(mean, std).
        """
        with quiet():
            if not isinstance(std, np.ndarray):
                mean = np.asarray(mean)
                out = self.normal_(np.empty(mean.shape, mean.dtype), 0.0, std)
            else:
                if std.size and not std.min() >= 0:
                    raise RuntimeError("normal expects all elements of std >= 0.0")
                mean = mean if isinstance(mean, np.ndarray) else np.array(mean, std.dtype)
                out = self.normal_(np.empty(np.broadcast_shapes(mean.shape, std.shape), mean.dtype))
                np.multiply(out, std, out=out, casting="same_kind")
            return np.add(out, mean, out=out, casting="same_kind")

    def log_normal_(self, out: Array, mean: float = 1.0, std: float = 2.0) -> Array:
        """Fill with exp of normals, which are drawn one by one whatever the size."""
        if not std > 0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        if out.size:
            require(out.dtype, "f", "log_normal_cpu")
        return self._fill(out, lambda part: assign(part, libm(exp, self._normals(part.size, mean, std))))

    def exponential_(self, out: Array, lambd: float = 1.0) -> Array:
        """Fill with -1/lambd log(1 - u)."""
        if not lambd > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        if out.size:
            check_continuous(out.dtype, "Exponential", name=0)
        scale = -1.0 / lambd
        return self._fill(out, lambda part: assign(part, scale * libm(math.log1p, -self._doubles(part.size))))

    def cauchy_(self, out: Array, median: float = 0.0, sigma: float = 1.0) -> Array:
        """Fill with median + sigma tan(pi (u - 1/2))."""
        if not sigma > 0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
        check_continuous(out.dtype, "Cauchy", name=1)

        def draw(part: Array) -> None:
            assign(part, fma64(libm(math.tan, math.pi * (self._doubles(part.size) - 0.5)), sigma, median))

        return self._fill(out, draw)

    # -- discrete distributions ----------------------------------------------------------------------------------------

    def geometric_(self, out: Array, p: float) -> Array:
        """Fill with ceil(log u / log(1 - p)): the trials up to and with the first success."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        if out.size:
            require(out.dtype, "iuf", "geometric_cpu")
        log_failure = math.log1p(-p)
        return self._fill(out, lambda part: assign(part, np.ceil(libm(log, self._doubles(part.size)) / log_failure)))

    def random_(self, out: Array, low: int | None = None, high: int | None = None) -> Array:
        """Fill with integers: [low, high); from low to the dtype's largest; or, with neither, from 0 to the largest.

        "Largest" for a float is 2^24 (float32), 2^53 (float64), 2^11 (float16): up to there every integer has a float.
        low + W mod range, or low + D mod range from a range of 2^28 on.
        """
        dtype = out.dtype
        if low is None and high is None:
            if out.size:
                require(dtype, "biuf", "random_kernel_cpu")
            wide, base, count = dtype.itemsize == 8, 0, largest(dtype) + 1
        elif high is None and low == -(2**63):
            if dtype not in (np.int64, np.float64, np.float32):
                raise RuntimeError(
                    "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16"
                )
            wide, base, count = True, low, 0
        else:
            base, count = integer_range(low or 0, high, dtype)
            wide = count >= 2**28

        def draw(part: Array) -> None:
            draws: Array = self._uint64s(part.size) if wide else self._words(part.size)
            if count == 0:
                values = draws.view(np.int64)
            else:
                # draws mod count; NumPy divides faster by a constant than it takes remainders
                draws -= draws // draws.dtype.type(count) * draws.dtype.type(count)
                values = draws.astype(np.int64)
                values += base
            assign(part, values)

        return self._fill(out, draw)

    def randperm(self, n: int, dtype: DTypeLike = np.int64) -> Array:
        """A random permutation of 0 ... n - 1 by Fisher and Yates: for each i swap p[i] and p[i + W mod (n - i)].

        (PyTorch takes another way from 2^32 / 20 elements on.)
        """
        dtype = np.dtype(dtype)
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
        require(dtype, "iuf", "randperm")
        if dtype.kind == "f":
            if n > largest(dtype) + 1:
                bound = "2049" if dtype == np.float16 else f"2^{np.finfo(dtype).nmant + 1}+1"
                raise RuntimeError(f"n cannot be greater than {bound} for {NAMES[dtype.name][0]} type.")
        elif n > largest(dtype):
            raise RuntimeError(f"value cannot be converted to type {dtype.name}_t without overflow")
        with self._lock:
            words = self._words(max(n - 1, 0))
        targets = np.arange(n)
        targets[: n - 1] += (words % np.arange(n, 1, -1, dtype=np.uint32)).astype(np.int64)
        return swapped(targets).astype(dtype)

    def _trials(self, n: int, p: float) -> NDArray[np.bool_]:
        """n Bernoulli trials D mod 2^53 < p 2^53, decided by the upper 21 of the 53 bits unless these are equal."""
        words = self._words(2 * n)
        upper, lower = divmod(math.ceil(p * 2.0**53), 2**32)
        draws = words[::2] & BITS_21
        success = draws < upper
        if lower:
            undecided = np.flatnonzero(draws == upper)
            success[undecided] = words[1::2][undecided] < lower
        return success

    def bernoulli_(self, out: Array, p: float | Array = 0.5) -> Array:
        """Fill with 1 with probability p and 0 otherwise; `p` is a number or an array that broadcasts to `out`.

        A number and a float64 array are compared with D-uniforms, other arrays with float32 ones.
        """
        if not isinstance(p, np.ndarray):
            if not 0 <= p <= 1:
                raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
            if out.size:
                require(out.dtype, "biuf", "bernoulli_scalar_cpu_")
            return self._fill(out, lambda part: assign(part, self._trials(part.size, p)))
        if not out.size:
            return out
        require(out.dtype, "biuf", "bernoulli_tensor_cpu_self_")
        require(p.dtype, "f", "bernoulli_tensor_cpu_p_")
        if not (p.min() >= 0 and p.max() <= 1):
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  "
                "If so, please report an enhancement request to PyTorch.)"
            )
        probabilities = np.broadcast_to(p, out.shape).transpose(memory_order(out)).ravel()
        uniforms = self._doubles if p.dtype == np.float64 else self._floats
        return self._fill(out, lambda part: assign(part, uniforms(part.size) < probabilities), block=out.size)

    def dropout_mask(self, out: Array, p: float) -> Array:
        """Fill with the factors of dropout: 0 with probability p, else 1 / (1 - p); p = 0 and p = 1 draw nothing."""
        if not 0 <= p <= 1:
            raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
        if p in (0, 1):
            out[...] = 1 - p
            return out
        computed = np.float64 if out.dtype == np.float64 else np.float32
        scale = computed(1) / computed(1 - p)

        def draw(part: Array) -> None:
            np.multiply(self._trials(part.size, 1 - p), scale, out=part, casting="same_kind")

        return self._fill(out, draw)

    def multinomial(self, weights: Array, num_samples: int, replacement: bool = False) -> NDArray[np.int64]:
        """Indices drawn in proportion to the last axis of `weights` (one or two dimensions).

        With replacement: the first whose cumulative weight is >= u. Without, or one: the largest w / q, q exponential.
        Equal quotients (zero weights that must be drawn, or chance) may come in another order than PyTorch's.
        """
        check_multinomial(weights, num_samples, replacement)
        shape = (*weights.shape[:-1], num_samples)
        if 0 in shape:
            return np.empty(shape, np.int64)
        if not replacement or num_samples == 1:
            quotients = self.exponential_(np.empty_like(weights))
            with quiet():
                np.divide(weights, quotients, out=quotients)
            if num_samples == 1:
                return quotients.argmax(-1, keepdims=True)
            return np.argsort(-quotients, axis=-1, kind="stable")[..., :num_samples]
        computed = np.float64 if weights.dtype == np.float64 else np.float32
        samples = np.empty(shape, np.int64)
        with self._lock, quiet():
            cumulative: Array = np.cumsum(weights, -1, computed)
            cumulative = (cumulative / cumulative[..., -1:]).astype(np.float64)
            cumulative[..., -1] = 1
            for row in np.ndindex(shape[:-1]):
                samples[row] = cumulative[row].searchsorted(self._doubles(num_samples))
        return samples
