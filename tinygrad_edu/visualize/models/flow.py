"""Where the gradient goes: activations and gradients, layer by layer, over one step or many.

>>> with gradient_flow(model) as flow:
...     for x, y in batches:
...         optimizer.zero_grad()
...         criterion(model(x), y).backward()
...         optimizer.step()
>>> print(flow)
"""

from __future__ import annotations

import functools
import math
import re
import weakref
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...autograd.engine import current_pass
from ...nn.module import Module
from ...nn.rnn import RNNBase
from ...tensor import Tensor
from ..numbers import number, rms
from ..trace import Step, Trace
from ..tracing.tracing import trace

__all__ = ["Flow", "LayerFlow", "gradient_flow"]

VANISHING, EXPLODING, DEAD = 1e-3, 1e3, 0.5
"""The verdict: "exploding" if a gradient is not finite or the first layer's is more than 1000 times the last layer's, "dead" if
in some layer more than half of the units were zero for every sample, "vanishing" if the first layer's gradient is less than a
thousandth of the last layer's, else "healthy". The layers' gradients are compared by their root mean square."""

BINS = 24


class Histogram:
    """How often which values came, over arrays that come one after the other: the range doubles as they need."""

    def __init__(self) -> None:
        self.counts = np.zeros(BINS, np.int64)
        self.low = self.high = 0.0

    def add(self, array: np.ndarray) -> None:
        """Count the finite elements."""
        values = array[np.isfinite(array)].astype(np.float64)
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if not self.counts.any():
            spread = high - low or abs(high) or 1.0
            self.low, self.high = (low, high) if high > low else (low - spread / 2, high + spread / 2)
        while low < self.low:
            self._widen(down=True)
        while high > self.high:
            self._widen(down=False)
        self.counts += np.histogram(values, BINS, (self.low, self.high))[0]

    def _widen(self, down: bool) -> None:
        """Twice the range: two bins become one."""
        pairs = self.counts.reshape(-1, 2).sum(1)
        rest = np.zeros(BINS // 2, np.int64)
        span = self.high - self.low
        if down:
            self.low -= span
            self.counts = np.concatenate([rest, pairs])
        else:
            self.high += span
            self.counts = np.concatenate([pairs, rest])


@dataclass
class Moments:
    """The root mean square and the standard deviation over arrays that come one after the other."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    finite: bool = True

    def add(self, array: np.ndarray) -> None:
        size = rms(array)
        self.finite = self.finite and math.isfinite(size)
        if math.isfinite(size):
            self.count += array.size
            with np.errstate(all="ignore"):
                self.total += float(array.sum(dtype=np.float64))
            self.squares += size * size * array.size

    @property
    def rms(self) -> float:
        if not self.finite:
            return math.inf
        return math.sqrt(self.squares / self.count) if self.count else 0.0

    @property
    def std(self) -> float:
        if not self.count or not self.finite:
            return math.nan
        return math.sqrt(max(self.squares / self.count - (self.total / self.count) ** 2, 0.0))


@dataclass
class LayerFlow:
    """What came of one layer with weights: what it handed on to the next, and the gradient that came back there.

    Attributes:
        activations, gradients: histograms; ``activation``, ``gradient``, ``weight_gradient``: moments.
        dead: the share of its units (columns, channels) that were 0 for every sample; None where none were seen.
        update: ‖Δw‖ / ‖w‖ of the last update, None if none was seen.
    """

    name: str
    kind: str
    text: str
    activations: Histogram = field(default_factory=Histogram)
    gradients: Histogram = field(default_factory=Histogram)
    activation: Moments = field(default_factory=Moments)
    gradient: Moments = field(default_factory=Moments)
    weight_gradient: Moments = field(default_factory=Moments)
    update: float | None = None
    alive: np.ndarray | None = None  # for each unit, whether it ever was anything but 0

    @property
    def dead(self) -> float | None:
        return None if self.alive is None or not self.alive.size else float(1 - self.alive.mean())

    def saw(self, array: np.ndarray) -> None:
        """Note what the layer handed on."""
        self.activations.add(array)
        self.activation.add(array)
        spatial = int(self.kind[-2]) if re.fullmatch(r"Conv(Transpose)?[123]d", self.kind) else 0
        axis = 1 if array.ndim == spatial + 2 else array.ndim - 1
        if array.ndim > 1 and array.size:
            alive = (array != 0).any(axis=tuple(i for i in range(array.ndim) if i != axis))
            self.alive = alive if self.alive is None or self.alive.shape != alive.shape else self.alive | alive

    def got(self, array: np.ndarray) -> None:
        """Note the gradient that came back."""
        self.gradients.add(array)
        self.gradient.add(array)


class Flow:
    """The flow of the gradient through a model's layers. A context manager: it watches the steps of the block.

    Attributes:
        layers: a :class:`LayerFlow` for each layer with a weight matrix, in the order in which they ran.
        steps: how many backward passes were seen.
    """

    def __init__(self, model: Any, name: str = "") -> None:
        if not isinstance(model, Module):
            raise TypeError(f"gradient_flow(): argument 'model' must be Module, not {type(model).__name__}")
        self.model, self.name = model, name or type(model).__name__
        self.layers: list[LayerFlow] = []
        self.steps = 0
        self._weighted = {each: path for path, each in model.named_modules() if _weight(each) is not None}
        self._known: dict[Any, LayerFlow] = {}
        self._handles: list[Any] = []
        self._before: dict[Any, np.ndarray] = {}  # the weights when they were last used
        self._last: tuple[Any, Any, Any] | None = None  # the layer that ran last, its input and result
        self._pass: Any = lambda: None
        self._ran = False  # whether a backward pass has run since the last forward pass

    # ---- watching

    def __enter__(self) -> Flow:
        for each in self._weighted:
            self._handles.append(each.register_forward_pre_hook(self._enters))
            self._handles.append(each.register_forward_hook(self._leaves))
            weight = _weight(each)
            if weight.requires_grad:
                self._handles.append(weight.register_hook(functools.partial(self._weight_gradient, each)))
        self._handles.append(self.model.register_forward_hook(self._ends))
        return self

    def __exit__(self, *exc: Any) -> None:
        self.step()
        while self._handles:
            self._handles.pop().remove()

    def step(self) -> None:
        """Note the weights' update since the last forward pass; the next one and the block's end do this by themselves."""
        for module, before in self._before.items():
            now, size = _weight(module)._array, rms(before)
            if now.shape == before.shape and not np.array_equal(now, before):
                with np.errstate(all="ignore"):
                    self._layer(module).update = rms(now - before) / size if size else math.inf
        self._before, self._ran = {}, False

    def _enters(self, module: Any, args: Any) -> None:
        if self._ran:
            self.step()
        first = _first_tensor(args)
        if first is not None and self._last is not None:
            previous, given, made = self._last
            # the next layer's input is what this one handed on, unless it cannot come from it: both read the same, or data
            other = first is given or first._array.dtype.kind not in "fc" or made.requires_grad > first.requires_grad
            self._watch(previous, made if other else first)
            self._last = None

    def _leaves(self, module: Any, args: Any, result: Any) -> None:
        made = _first_tensor(result)
        if made is not None:
            self._before.setdefault(module, _weight(module)._array.copy())
            self._last = module, _first_tensor(args), made

    def _ends(self, module: Any, args: Any, result: Any) -> None:
        if self._last is not None:
            self._watch(self._last[0], self._last[2])
            self._last = None

    def _layer(self, module: Any) -> LayerFlow:
        if module not in self._known:
            kind = type(module).__name__
            into, out = _sizes(module)
            self._known[module] = LayerFlow(self._weighted[module] or kind, kind, f"{into} → {out}")
            self.layers.append(self._known[module])
        return self._known[module]

    def _watch(self, module: Any, tensor: Any) -> None:
        layer = self._layer(module)
        layer.saw(tensor._array)
        if tensor.requires_grad:
            tensor.register_hook(functools.partial(self._gradient, layer))

    def _gradient(self, layer: LayerFlow, grad: Any) -> None:
        layer.got(grad._array)
        running = current_pass()
        if self._pass() is not running:
            self._pass, self._ran = weakref.ref(running), True
            self.steps += 1

    def _weight_gradient(self, module: Any, grad: Any) -> None:
        self._layer(module).weight_gradient.add(grad._array)

    # ---- what came of it

    @property
    def ratio(self) -> float:
        """The first layer's gradient over the last layer's; NaN if no gradient came."""
        if not self.steps or not self.layers:
            return math.nan
        first, last = self.layers[0].gradient.rms, self.layers[-1].gradient.rms
        if not (math.isfinite(first) and math.isfinite(last)):
            return math.inf
        return first / last if last else (math.nan if not first else math.inf)

    @property
    def verdict(self) -> str:
        """``"vanishing"``, ``"healthy"``, ``"exploding"`` or ``"dead"``; ``"backward has not run"`` before that."""
        if not self.steps:
            return "backward has not run"
        ratio = self.ratio
        if any(not each.gradient.finite for each in self.layers) or ratio > EXPLODING:
            return "exploding"
        if any(each.dead is not None and each.dead > DEAD for each in self.layers[:-1]):
            return "dead"
        return "vanishing" if math.isnan(ratio) or ratio < VANISHING else "healthy"

    def reason(self) -> str:
        """The verdict with the number that it rests on, and its threshold."""
        verdict = self.verdict
        if verdict == "backward has not run":
            return verdict
        if verdict == "dead":
            worst = max(self.layers[:-1], key=lambda each: each.dead or 0.0)
            share = f"{(worst.dead or 0) * 100:.0f} %"
            return f"in layer {worst.name}, {share} of the units are 0 for every sample (more than {DEAD * 100:.0f} %)"
        if any(not each.gradient.finite for each in self.layers):
            return "a gradient is not finite"
        if math.isnan(self.ratio):
            return "every gradient is 0"
        limits = {"vanishing": f"less than {VANISHING:g}", "exploding": f"more than {EXPLODING:g}"}
        limit = limits.get(verdict, f"between {VANISHING:g} and {EXPLODING:g}")
        return f"the first layer's gradient is {number(self.ratio)} × the last layer's ({limit})"

    def table(self) -> str:
        """The layers as a text table, then the verdict."""
        rows = [("layer", "shape", "σ activation", "RMS ∇ output", "RMS ∇ weight", "update ratio", "dead")]
        rows += [
            (
                f"{each.name} ({each.kind})",
                each.text,
                number(each.activation.std),
                number(each.gradient.rms) if each.gradient.count or not each.gradient.finite else "—",
                number(each.weight_gradient.rms) if each.weight_gradient.count else "—",
                "—" if each.update is None else number(each.update),
                "—" if each.dead is None else f"{each.dead * 100:.0f} %",
            )
            for each in self.layers
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = []
        for row in rows:
            left, right = zip(row[:2], widths[:2], strict=True), zip(row[2:], widths[2:], strict=True)
            cells = [f"{cell:<{wide}}" for cell, wide in left] + [f"{cell:>{wide}}" for cell, wide in right]
            lines.append("  ".join(cells).rstrip())
        lines.insert(1, "-" * max(map(len, lines)))
        steps = f"{self.steps} step" + "s" * (self.steps != 1)
        return "\n".join([*lines, "", f"{self.verdict}: {self.reason()}; {steps}" if self.steps else self.verdict])

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        return f"<gradient flow of {self.name}: {len(self.layers)} layers, {self.steps} steps, {self.verdict}>"

    def svg(self, *others: Flow, title: str = "Where does the gradient go?") -> str:
        """The picture: a ladder of layers with histograms; with ``others`` below it, for comparison."""
        from .ladder import ladder_svg

        return ladder_svg([self, *others], title)

    def _repr_svg_(self) -> str:
        return self.svg()


def _weight(module: Any) -> Any:
    """The weight matrix of a layer, or None if it has none: vectors belong to normalisations."""
    for each in module._parameters.values():
        if each is not None and each._array.ndim > 1:
            return each
    return None


_SIZES = (
    ("in_features", "out_features"), ("in_channels", "out_channels"), ("num_embeddings", "embedding_dim"),
    ("embed_dim", "embed_dim"), ("input_size", "hidden_size"),
)  # fmt: skip
"""The attributes with the sizes of a layer's input and output, layer type by layer type."""


def _sizes(module: Any) -> tuple[int, int]:
    """The sizes of a layer's input and output: its weight's shape does not tell of gates, groups and directions."""
    for into, out in _SIZES:
        if hasattr(module, into) and hasattr(module, out):
            size = getattr(module, out)
            if out == "hidden_size":
                size = (getattr(module, "proj_size", 0) or size) * (1 + getattr(module, "bidirectional", False))
            return getattr(module, into), size
    out, into = _weight(module).shape[:2]
    return into, out


def gradient_flow(model: Any, loss: Any = None, name: str = "") -> Flow:
    """The gradient's flow through ``model``: layer by layer the activations, the gradients, the updates, and a verdict.

    Args:
        model: its layers are its modules with a weight matrix. A layer hands on what reaches the next one, so that an
            activation function belongs to the layer before it.
        loss: a loss that was made inside :class:`record` and whose backward pass has run: the flow of that one step. Without
            it the result is a context manager that watches the steps of its block.
        name: what the picture calls the model.

    The verdict compares the root mean squares of the gradients: "vanishing" if the first layer's is less than 0.001 of the
    last layer's, "exploding" if it is more than 1000 times that or not finite, "dead" if in a layer before the last more than
    half of the units were 0 for every sample, else "healthy". A healthy update ratio is about 0.001.

    Raises:
        ValueError: ``loss`` was not made inside :class:`record`, or no layer of ``model`` had a part in it.
    """
    flow = Flow(model, name)
    if loss is not None:
        _read(flow, loss)
    return flow


def _first_tensor(values: Any) -> Any:
    """The tensor itself, or the first one in a tuple or list."""
    if isinstance(values, (tuple, list)):
        values = next((each for each in values if isinstance(each, Tensor)), None)
    return values if isinstance(values, Tensor) else None


def _read(flow: Flow, loss: Any) -> None:
    """The flow of a recorded step."""
    found = loss if isinstance(loss, Trace) else trace(loss, {"model": flow.model})
    flow.steps = int(found.ran)
    owners: dict[str, Any] = {}
    for module, path in flow._weighted.items():
        for name, each in module._parameters.items():
            if each is _weight(module):
                inner = f"{path}.{name}" if path else name
                owners[inner] = owners[f"model.{inner}"] = module
    runs = [
        (module := owners[value.name], value, _whole(found, step) if isinstance(module, RNNBase) else step.outputs[0])
        for step in found.steps
        for each in step.inputs
        if (value := found.values[each.value]).kind == "parameter" and value.name in owners
    ]
    if not runs:
        raise ValueError("gradient_flow(): no layer of the model had a part in this loss")
    if any(found.values[out].data is None for _, _, out in runs):
        raise ValueError(
            "gradient_flow(): the loss was not recorded: run the forward and the backward pass inside `with record():`, or "
            "inside `with gradient_flow(model) as flow:` without a loss"
        )
    later = {out for _, _, out in runs}
    for module, weight, out in runs:
        layer, value = flow._layer(module), found.values[_handed_on(found, out, later)]
        if value.data is not None:
            layer.saw(value.data)
        if value.grad is not None:
            layer.got(value.grad)
        if weight.grad is not None:
            layer.weight_gradient.add(weight.grad)


def _whole(found: Trace, step: Step) -> int:
    """The result of a recurrent layer of which ``step`` is one sublayer in one direction: what is used outside it."""
    waiting = [step.outputs[0]]
    for value in waiting:
        users = [found.steps[user] for user, _ in found.values[value].used_by]
        if not users or any(user.module != step.module for user in users):
            return value
        waiting += dict.fromkeys(user.outputs[0] for user in users if user.outputs[0] not in waiting)
    return waiting[0]


def _handed_on(found: Trace, value: int, later: set[int]) -> int:
    """What the next layer takes of this layer's result: past operations on it alone.

    Where no layer follows, only operations that keep its shape belong to this one.
    """
    kept, same = value, True
    while len(uses := found.values[value].used_by) == 1:
        step = found.steps[uses[0][0]]
        out = step.outputs[0]
        if out in later:
            return value
        if step.op in _OF_LOSSES or step.family == "loss":
            break
        same = same and found.values[out].shape == found.values[value].shape
        value, kept = out, out if same else kept
    return kept


_OF_LOSSES = ("log_softmax", "logsumexp")
"""Operations that belong to a loss, not to the last layer."""
