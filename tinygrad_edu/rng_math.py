"""Floating-point steps of PyTorch's CPU random kernels, bit for bit, on NumPy arrays.

PyTorch's kernels are compiled with fused multiply-add (FMA: a*b + c with one rounding) and transform float32 normals by
the Cephes single-precision logarithm, sine and cosine (S. Moshier, https://www.netlib.org/cephes/, logf.c and sinf.c).
NumPy has neither, so both are built here from exactly rounded float64 and float32 operations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Float32s = NDArray[np.float32]
    Float64s = NDArray[np.float64]
    Words = NDArray[np.uint32]


def libm(function: Callable[[float], float], x: Float64s) -> Float64s:
    """`function`, one of `math`'s, of each element: the C library's own rounding, unlike NumPy's SIMD loops."""
    return np.fromiter(map(function, x.tolist()), np.float64, x.size)


def exp(x: float) -> float:
    """math.exp that overflows to infinity."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """math.log that knows log 0."""
    return math.log(x) if x else -math.inf


# -- fused multiply-add ------------------------------------------------------------------------------------------------


def two_sum(a: Float64s, b: Float64s | float) -> tuple[Float64s, Float64s]:
    """s = fl(a + b) and the error a + b - s, exactly (Knuth, TAOCP 2, 4.2.2)."""
    s = a + b
    bb = s - a
    return s, (a - (s - bb)) + (b - bb)


def two_product(a: Float64s, b: float) -> tuple[Float64s, Float64s]:
    """p = fl(a * b) and the error a * b - p, exactly, by splitting both factors in halves (Dekker, 1971)."""
    splitter = 134217729.0  # 2^27 + 1
    p = a * b
    c, d = a * splitter, b * splitter
    a_high, b_high = c - (c - a), d - (d - b)
    a_low, b_low = a - a_high, b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def nudged(s: Float64s, error: Float64s, where: NDArray[np.bool_]) -> Float64s:
    """`s` moved one unit in the last place towards the sign of `error`, `where` asked and the error is not 0."""
    towards = np.where(where & (error != 0), np.copysign(np.inf, error), s)
    return np.nextafter(s, towards)


def fma64(a: Float64s, b: float, c: float) -> Float64s:
    """a * b + c in float64 with one rounding (Boldo & Melquiond, "Emulation of FMA and correctly rounded sums", 2008).

    Exact while nothing overflows or underflows on the way, which the plain formula also needs.
    """
    if c == 0 or not 1e-250 < abs(b) < 1e250 or not abs(c) < 1e250 or abs(math.frexp(b)[0]) == 0.5:
        return a * b + c  # the sum or the product (b is a power of two) is exact
    product, product_error = two_product(a, b)
    high, low = two_sum(product_error, c)
    s, s_error = two_sum(product, high)
    rest, rest_error = two_sum(low, s_error)
    # Rounding `rest` to odd keeps the information that something was cut off, so the last sum rounds as if nothing was.
    return s + nudged(rest, rest_error, (rest.view(np.int64) & 1) == 0)


def fma32(a: Float64s, b: float, c: float, out: Float32s) -> None:
    """out = a * b + c with one rounding to float32; `a`, overwritten, and `b`, `c` hold float32 values in float64.

    The product is exact in float64. Rounding the sum twice, to float64 and then to float32, goes wrong only when the
    first rounding lands on the midpoint between two float32 neighbours; those few elements are moved off it towards the
    truth. (Results below 2^-126, float32's subnormals, are rounded twice.)
    """
    a *= b
    if c == 0:
        a += c  # -0 + 0 is 0
        out[...] = a
        return
    total = a + c
    out[...] = total
    midpoint = np.flatnonzero((total.view(np.int64) & 0x1FFFFFFF) == 0x10000000)
    if midpoint.size:
        s, error = two_sum(a[midpoint], c)
        out[midpoint] = nudged(s, error, error != 0)


# -- the Box-Muller transform ------------------------------------------------------------------------------------------
#
# PyTorch fills a contiguous tensor in blocks of 16: uniforms u[0:8] give the radii and u[8:16] the angles of 8 pairs,
# out[j] = r cos(t) std + mean and out[j + 8] = r sin(t) std + mean with r = sqrt(-2 log(1 - u[j])), t = 2 pi u[j + 8].


def box_muller64(u: Float64s, mean: float, std: float) -> Float64s:
    """Normals from as many uniforms in [0, 1), a multiple of 16."""
    radii, angles = u.reshape(-1, 2, 8).transpose(1, 0, 2).reshape(2, -1)
    radius = np.sqrt(-2.0 * libm(math.log, 1.0 - radii))
    # exp(i t) = cos t + i sin t: NumPy's complex exponential calls the C library's sine and cosine; exp(0) is 1.
    turn = np.exp(1j * (math.tau * angles))
    pairs = np.stack((fma64(radius * turn.real, std, mean), fma64(radius * turn.imag, std, mean)))
    return pairs.reshape(2, -1, 8).transpose(1, 0, 2).reshape(-1)


def as_float32(*values: float) -> tuple[float, ...]:
    """Numbers rounded to float32, as floats."""
    with np.errstate(all="ignore"):
        return tuple(np.array(values, np.float64).astype(np.float32).tolist())


def constants(dtype: type[np.floating[Any]], *values: float) -> list[NDArray[Any]]:
    """Numbers rounded to float32, as arrays without axes: NumPy adds those faster than it adds Python's floats."""
    return [np.array(value, dtype) for value in as_float32(*values)]


LOG_POLYNOMIAL = constants(
    np.float64,
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
    *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
SIN_POLYNOMIAL = constants(np.float64, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS_POLYNOMIAL = constants(np.float64, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
LN2_LOW, LN2_HIGH = constants(np.float32, -2.12194440e-4, 0.693359375)
ZERO, HALF, ONE, MINUS_TWO, LAST_PLACE = constants(np.float32, 0.0, 0.5, 1.0, -2.0, 2.0**-24)
FOUR_OVER_PI, TWO_PI = constants(np.float32, 4 / math.pi, 2 * math.pi)
# pi/4 in three parts; multiples of the first two by an octant number below 16 are exact in float32.
QUARTER_PI_1, QUARTER_PI_2 = constants(np.float32, 0.78515625, 2.4187564849853515625e-4)
(QUARTER_PI_3,) = constants(np.float64, 3.77489497744594108e-8)
SQRT_HALF_BITS = 0x3F3504F3  # of float32 sqrt(1/2)


class BoxMuller32:
    """The transform in float32 for up to `pairs` pairs at a time, with its work space: a call allocates nothing.

    A fused step multiplies and adds float32 values in float64 and rounds to float32. That is one rounding too many in
    principle, and never in fact: checked for all 2^24 uniforms.
    """

    def __init__(self, pairs: int) -> None:
        self.normals = np.empty(2 * pairs, np.float32)
        self.integers = np.empty((2, pairs), np.int32)
        self.uniforms = np.empty((2, pairs), np.float32)
        self.floats = np.empty((5, pairs), np.float32)
        self.doubles = np.empty((3, pairs), np.float64)

    def __call__(self, words: Words, mean: float, std: float) -> Float32s:
        """Normals from as many words (overwritten), u = (W mod 2^24) / 2^24, in an array that the next call reuses."""
        n = words.size // 2
        words &= 0xFFFFFF
        integers, u = self.integers[:, :n], self.uniforms[:, :n]
        # Blocks of 16 as 2 x 8 to two rows: items of 32 bytes move faster than axes of 8 elements.
        integers.view("V32")[...] = words.view("V32").reshape(-1, 2).T
        u[...] = integers
        u *= LAST_PLACE
        radius, sine, cosine, *_ = self.floats[:, :n]
        np.subtract(ONE, u[0], out=u[0])
        self._log(u[0], radius)
        radius *= MINUS_TWO
        np.sqrt(radius, out=radius)
        u[1] *= TWO_PI
        self._sincos(u[1], sine, cosine)
        np.multiply(radius, cosine, out=u[0])
        np.multiply(radius, sine, out=u[1])
        if std == 1 and mean == 0:
            u += ZERO  # -0 + 0 is 0, as in the fused step
        else:
            product = self.doubles[0, :n]
            for row in u:
                product[...] = row
                fma32(product, std, mean, row)
        out = self.normals[: 2 * n]
        out.view("V32").reshape(-1, 2).T[...] = u.view("V32")
        return out

    def _horner(self, coefficients: list[Float64s], x: Float64s, y: Float64s, rounded: Float32s) -> None:
        """y = ((c0 x + c1) x + c2) ..., each step fused and rounded to float32."""
        first, *others = coefficients
        np.multiply(x, first, out=y)
        for step, c in enumerate(others):
            if step:
                y *= x
            y += c
            rounded[...] = y
            y[...] = rounded

    def _log(self, v: Float32s, out: Float32s) -> None:
        """Natural logarithm of floats in (0, 1], by Cephes' logf; `v` is overwritten.

        v = 2^e m with sqrt(1/2) <= m < sqrt(2); x = m - 1; log v = x - x^2/2 + x^3 P(x) + e ln 2.
        """
        n = v.size
        bits = v.view(np.int32)
        _, y, e, z, _ = self.floats[:, :n]
        x64, y64, t64 = self.doubles[:, :n]
        exponent = self.integers[0, :n]
        np.subtract(bits, SQRT_HALF_BITS, out=exponent)
        exponent >>= 23
        np.left_shift(exponent, 23, out=z.view(np.int32))
        bits -= z.view(np.int32)
        e[...] = exponent
        v -= ONE
        x64[...] = v
        np.multiply(v, v, out=z)
        self._horner(LOG_POLYNOMIAL, x64, y64, y)
        y64 *= x64
        y[...] = y64
        y64[...] = y
        t64[...] = z
        y64 *= t64
        np.multiply(e, LN2_LOW, out=y)
        t64[...] = y
        y64 += t64
        y[...] = y64
        z *= HALF
        y -= z
        np.add(v, y, out=out)
        e *= LN2_HIGH
        out += e

    def _sincos(self, t: Float32s, sine: Float32s, cosine: Float32s) -> None:
        """Sine and cosine of floats in [0, 2 pi], by Cephes' sinf and cosf; `t` is overwritten.

        The angle is reduced by the nearest even multiple j of pi/4. Where j is 2 mod 4, sine and cosine change places;
        then bit 2 of j is the sign of the sine and bit 2 of j + 2 that of the cosine.
        """
        n = t.size
        z, rounded = self.floats[3:, :n]
        x64, y64, z64 = self.doubles[:, :n]
        j = self.integers[0, :n]
        np.multiply(t, FOUR_OVER_PI, out=z)
        np.copyto(j, z, casting="unsafe")
        j += 1
        j &= ~1
        octant = rounded
        octant[...] = j
        for part in (QUARTER_PI_1, QUARTER_PI_2):
            np.multiply(octant, part, out=z)
            t -= z
        y64[...] = octant
        y64 *= QUARTER_PI_3
        x64[...] = t
        x64 -= y64
        t[...] = x64
        np.multiply(t, t, out=z)
        z64[...] = z
        # cos x = 1 - z/2 + z^2 C(z), sin x = x + x z S(z), z = x^2
        self._horner(COS_POLYNOMIAL, z64, y64, rounded)
        y64 *= z64
        rounded[...] = y64
        y64[...] = rounded
        y64 *= z64
        z *= HALF
        x64[...] = z
        y64 -= x64
        cosine[...] = y64
        cosine += ONE
        self._horner(SIN_POLYNOMIAL, z64, y64, rounded)
        y64 *= z64
        rounded[...] = y64
        y64[...] = rounded
        x64[...] = t
        y64 *= x64
        y64 += x64
        sine[...] = y64
        s, c, swap, k = sine.view(np.int32), cosine.view(np.int32), z.view(np.int32), rounded.view(np.int32)
        np.left_shift(j, 30, out=swap)
        swap >>= 31  # all ones where j is 2 mod 4
        np.bitwise_xor(s, c, out=k)
        swap &= k
        s ^= swap
        c ^= swap
        np.add(j, 2, out=k)
        for octants, values in ((j, s), (k, c)):
            octants &= 4
            octants <<= 29
            values ^= octants


# -- permutations ------------------------------------------------------------------------------------------------------


def swapped(targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 ... n - 1 after swapping p[i] and p[targets[i]], targets[i] >= i, for i = 0, 1, ...

    A swap puts the value of place targets[i] at its final place i and moves the value displaced there to targets[i]. So
    the final value of i was displaced by the last earlier swap with the same target, or is the target itself if there
    was none; and the value that i displaces was displaced in turn by the last earlier swap whose target is i, or is i.
    """
    n = targets.size
    if n < 512:  # the loop costs less than the sort
        p = list(range(n))
        for i, target in enumerate(targets.tolist()):
            p[i], p[target] = p[target], p[i]
        return np.array(p, np.int64)
    indices = np.arange(n)
    keys = np.sort((targets << 32) | indices)  # swaps by target, then by time
    order, target = keys & 0xFFFFFFFF, keys >> 32
    same = target[1:] == target[:-1]
    previous = np.full(n, -1)
    previous[order[1:][same]] = order[:-1][same]
    last = np.append(~same, True)
    source = indices.copy()  # the swap that moved a value to place i before time i
    source[target[last]] = order[last]
    fixed = np.flatnonzero(targets == indices)
    source[fixed] = np.where(previous[fixed] < 0, fixed, previous[fixed])
    while not np.array_equal(source, origin := source[source]):  # follow the chains, doubling the stride
        source = origin
    return np.where(previous < 0, targets, source[previous])
