"""What formulas say of windows: convolutions, pads, channels dealt out. By loops over a kernel's places, and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["WINDOWED", "pad", "shuffled", "unshuffled"]


def _kernel_places(sizes: Any, kernel: Any, outputs: Any, scope: Any) -> Any:
    """For each place in a kernel: its index there, and the elements of a padded input that it meets."""
    stride, dilation = scope.names["stride"], scope.names["dilation"]
    for place in np.ndindex(*kernel):
        spans = zip(place, stride, dilation, outputs, strict=True)
        yield place, tuple(slice(k * d, k * d + s * (n - 1) + 1, s) for k, s, d, n in spans)


def _padded(x: Any, scope: Any) -> Any:
    return np.pad(x, [(0, 0), (0, 0), *((n, n) for n in scope.names["padding"])])


def _by_group(x: Any, axis: int, scope: Any) -> Any:
    return np.split(x, scope.names["groups"], axis)


def _conv(x: Any, weight: Any, scope: Any) -> Any:
    padded, kernel = _padded(x, scope), weight.shape[2:]
    spans = zip(padded.shape[2:], kernel, scope.names["stride"], scope.names["dilation"], strict=True)
    outputs = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in spans)
    parts = []
    for xs, ws in zip(_by_group(padded, 1, scope), _by_group(weight, 0, scope), strict=True):
        total = np.zeros((len(x), len(ws), *outputs))
        for place, met in _kernel_places(xs.shape[2:], kernel, outputs, scope):
            total += np.einsum("nc...,oc->no...", xs[(..., *met)], ws[(..., *place)])
        parts.append(total)
    return np.concatenate(parts, 1)


def _transposed_conv(grad: Any, weight: Any, scope: Any) -> Any:
    padding, kernel = scope.names["padding"], weight.shape[2:]
    sizes = tuple(n + 2 * p for n, p in zip(scope.shape[2:], padding, strict=True))
    parts = []
    for gs, ws in zip(_by_group(grad, 1, scope), _by_group(weight, 0, scope), strict=True):
        total = np.zeros((len(grad), ws.shape[1], *sizes))
        for place, met in _kernel_places(sizes, kernel, grad.shape[2:], scope):
            total[(..., *met)] += np.einsum("no...,oc->nc...", gs, ws[(..., *place)])
        parts.append(total)
    inner = tuple(slice(p, n - p) for p, n in zip(padding, sizes, strict=True))
    return np.concatenate(parts, 1)[(..., *inner)]


def _correlate(x: Any, grad: Any, scope: Any) -> Any:
    result, kernel = np.zeros(scope.shape), scope.shape[2:]
    parts = zip(_by_group(_padded(x, scope), 1, scope), _by_group(grad, 1, scope), _by_group(result, 0, scope), strict=True)
    for xs, gs, total in parts:
        for place, met in _kernel_places(xs.shape[2:], kernel, grad.shape[2:], scope):
            axes = (0, *range(2, grad.ndim))
            total[(..., *place)] = np.tensordot(gs, xs[(..., *met)], (axes, axes))
    return result


def pad(x: Any, value: Any, scope: Any) -> Any:
    return _padded_by(x, value, scope.names["pads"])


def _padded_by(x: Any, value: Any, pads: Any) -> Any:
    if not x.ndim:
        return x
    pairs = list(zip(pads[::2], pads[1::2], strict=True))[::-1]
    before_after = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    grown = np.pad(x, [(max(a, 0), max(b, 0)) for a, b in before_after], constant_values=value)
    return grown[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(grown.shape, before_after, strict=True))]


def _crop(grad: Any, scope: Any) -> Any:
    return _padded_by(grad, 0, [-n for n in scope.names["pads"]])


WINDOWED: dict[str, Any] = {
    "conv": _conv, "transposed_conv": _transposed_conv, "correlate": _correlate, "crop": _crop,
}  # fmt: skip


def shuffled(function: str, x: Any, n: int) -> Any:
    """Channels dealt out to places (pixels) or in turn."""
    if function == "channel_shuffle":
        return np.concatenate([x[:, i :: x.shape[1] // n] for i in range(x.shape[1] // n)], 1)
    *lead, channels, height, width = x.shape
    result = np.zeros((*lead, channels // (n * n), height * n, width * n))
    for i in range(n):
        for j in range(n):
            result[..., i::n, j::n] = x[..., i * n + j :: n * n, :, :]
    return result


def unshuffled(function: str, x: Any, n: int, scope: Any) -> Any:
    places = shuffled(function, np.arange(x.size, dtype=float).reshape(scope.shape), n).astype(int)
    result = np.zeros(scope.shape)
    result.reshape(-1)[places] = x
    return result
