"""Traces written by hand, for tests of what draws them: no engine takes part, so a picture changes only when drawing does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tinygrad_edu.visualize.trace import Input, Module, Saved, Source, Step, Trace, Value

Rule = Callable[[np.ndarray], np.ndarray]


@dataclass
class Tape:
    """Records values and steps, then sends gradients back."""

    values: list[Value] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    rules: list[list[Rule | None]] = field(default_factory=list)
    path: str = ""

    def value(self, name: str, data: object, kind: str = "leaf", made_by: int | None = None) -> Value:
        array = np.asarray(data)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        made = Value(len(self.values), name, kind, array.shape, str(array.dtype), array, None, made_by)
        self.values.append(made)
        return made

    def module(self, path: str, kind: str, text: str) -> None:
        self.modules.append(Module(path, kind, text, path.rpartition(".")[0]))

    def step(
        self, op: str, symbol: str, family: str, name: str, formula: str, data: object,
        inputs: list[tuple[Value, str, object]], *, note: str = "", cut: str = "", **options: object,
    ) -> Value:  # fmt: skip
        """``inputs`` are (value, rule's text, rule): an array is a local factor, a function of the upstream, None."""
        at = len(self.steps)
        made_inputs, rules = [], []
        for place, (value, text, rule) in enumerate(inputs):
            needs = rule is not None and value.kind != "data"
            local = None if callable(rule) or not needs else np.broadcast_to(np.float32(rule), np.shape(data)).copy()
            made_inputs.append(Input(value.id, "xyzwvu"[place], needs, None, local, text, text))
            value.used_by.append((at, place))
            rules.append(None if not needs else rule if callable(rule) else lambda up, local=local: up * local)
        out = self.value(name, data, "cut" if cut else "result", at)
        source = Source("notes.py", 10 + at, f"{name} = …")
        saved = [
            Saved(i.param, self.values[i.value].shape, "float32", 4 * self.values[i.value].data.size)
            for i in made_inputs
            if i.needs_grad
        ]
        self.steps.append(
            Step(
                at,
                op,
                op.title() + "Backward0",
                family,
                symbol,
                formula,
                formula,
                made_inputs,
                [out.id],
                options,
                self.path,
                source,
                saved,
                False,
                cut,
                note,
            )
        )
        self.rules.append(rules)
        return out

    def trace(self, root: Value, backward: bool = True, **more: object) -> Trace:
        if backward:
            root.grad = np.ones_like(root.data)
            for step, rules in zip(reversed(self.steps), reversed(self.rules), strict=True):
                upstream = self.values[step.outputs[0]].grad
                if upstream is None or step.cut:
                    continue
                step.ran = True
                for entry, rule in zip(step.inputs, rules, strict=True):
                    if rule is None:
                        continue
                    value = self.values[entry.value]
                    full = rule(upstream)
                    entry.downstream, entry.summed = unbroadcast(full, value.shape)
                    if entry.local is not None and not entry.local.all():
                        entry.blocked = int((entry.local == 0).sum())
                    value.grad = entry.downstream if value.grad is None else value.grad + entry.downstream
        return Trace(self.values, self.steps, self.modules, root.id, backward, **more)  # type: ignore[arg-type]


def unbroadcast(array: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, ...]]:
    extra = array.ndim - len(shape)
    axes = (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and array.shape[i + extra] != 1))
    return array.sum(axes).reshape(shape) if axes else array, axes


def formula_trace(backward: bool = True) -> Trace:
    """``z = (x*y + max(y, 0)) * sigmoid(x)`` at x = 2, y = -3."""
    tape = Tape()
    x, y = tape.value("x", 2.0), tape.value("y", -3.0)
    a = tape.step("mul", "×", "arithmetic", "a", "a = x · y", -6.0, [(x, "y", y.data), (y, "x", x.data)])
    b = tape.step("relu", "max", "activation", "b", "b = max(y, 0)", 0.0, [(y, "1[y > 0]", 0.0)], note="gate closed")
    c = tape.step("add", "+", "arithmetic", "c", "c = a + b", -6.0, [(a, "1", 1.0), (b, "1", 1.0)])
    s = 1 / (1 + np.exp(np.float32(-2)))
    d = tape.step("sigmoid", "σ", "activation", "d", "d = σ(x)", s, [(x, "d · (1 − d)", s * (1 - s))])
    z = tape.step("mul", "×", "arithmetic", "z", "z = c · d", -6 * s, [(c, "d", d.data), (d, "c", c.data)])
    return tape.trace(z, backward)


def mlp_trace(backward: bool = True, batch: int = 2, hidden: int = 3, features: int = 4, classes: int = 3) -> Trace:
    """Linear, ReLU, Linear, cross-entropy, in modules."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape).round(2).astype(np.float32)  # noqa: E731
    tape = Tape()
    x = tape.value("x", draw(batch, features), "data")
    W1, b1 = tape.value("fc1.weight", draw(hidden, features), "parameter"), tape.value("fc1.bias", draw(hidden), "parameter")
    W2, b2 = tape.value("fc2.weight", draw(classes, hidden), "parameter"), tape.value("fc2.bias", draw(classes), "parameter")
    y = tape.value("y", np.arange(batch) * 2 % classes, "data")
    tape.module("", "MLP", "MLP")
    tape.module("fc1", "Linear", f"Linear(in_features={features}, out_features={hidden}, bias=True)")
    tape.module("act", "ReLU", "ReLU()")
    tape.module("fc2", "Linear", f"Linear(in_features={hidden}, out_features={classes}, bias=True)")
    tape.path = "fc1"
    h = linear(tape, "h", x, W1, b1)
    tape.path = "act"
    closed = int((h.data <= 0).sum())
    a = tape.step("relu", "ReLU", "activation", "a", "a = max(h, 0)", np.maximum(h.data, 0), [(h, "1[h > 0]", h.data > 0)],
                  note=f"{closed} of {h.data.size} gates closed")  # fmt: skip
    tape.path = "fc2"
    o = linear(tape, "o", a, W2, b2)
    tape.path = ""
    loss = cross_entropy(tape, o, y)
    return tape.trace(loss, backward)


def linear(tape: Tape, name: str, x: Value, w: Value, b: Value) -> Value:
    inputs = [(x, f"G · {w.name}", lambda g: g @ w.data), (w, f"Gᵀ · {x.name}", lambda g: g.T @ x.data), (b, "G", lambda g: g)]
    formula = f"{name} = {x.name} · {w.name}ᵀ + {b.name}"
    return tape.step("linear", "linear", "linear", name, formula, x.data @ w.data.T + b.data, inputs)


def cross_entropy(tape: Tape, o: Value, y: Value) -> Value:
    logp = o.data - o.data.max(1, keepdims=True)
    logp = logp - np.log(np.exp(logp).sum(1, keepdims=True))
    lp = tape.step("log_softmax", "log softmax", "activation", "logp", f"logp = log softmax({o.name})", logp,
                   [(o, "G − softmax · ΣG", lambda g: g - np.exp(logp) * g.sum(1, keepdims=True))], dim=1)  # fmt: skip
    rows = np.arange(len(y.data))

    def rule(g: np.ndarray) -> np.ndarray:
        out = np.zeros_like(logp)
        out[rows, y.data] = -g / len(rows)
        return out

    return tape.step("nll_loss", "NLL", "loss", "loss", "loss = −mean logp[n, yₙ]", -logp[rows, y.data].mean(),
                     [(lp, "−G/N at [n, yₙ]", rule), (y, "", None)], reduction="mean")  # fmt: skip
