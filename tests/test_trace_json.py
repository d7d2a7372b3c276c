"""A trace as JSON and back."""

import contextlib
import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from traced_programs import scalar, the_formula

import tinygrad_edu as torch
from tinygrad_edu.visualize import record, trace
from tinygrad_edu.visualize.trace import Input, Module, Saved, Source, Step, Trace, Value


def test_json_of_the_formula():
    _, x, y, z = the_formula()
    document = json.loads(trace(z, locals()).to_json())
    assert document["schema"] == "tinygrad_edu.trace" and document["version"] == 1
    assert document["values"][0] == {
        "id": 0, "name": "x", "kind": "leaf", "shape": [], "dtype": "float32",
        "data": {"shape": [], "dtype": "float32", "data": [2.0]},
        "grad": {"shape": [], "dtype": "float32", "data": [float(str(x.grad.numpy()))]},
        "made_by": None, "output": 0, "used_by": [[0, 0], [3, 0]],
    }  # fmt: skip
    assert document["steps"][1]["options"] == {"min": 0} and document["root"] == 6


def test_json_with_summaries():
    x = torch.arange(200.0).reshape(20, 10).requires_grad_()
    with record():
        loss = (x / 0).sum()
    text = trace(loss, locals()).to_json(max_elements=100, indent=1)
    t = Trace.from_json(text)
    assert t.to_json(indent=1) == text
    data = t.values[0].data
    assert data.shape == (8, 8) and data.whole_shape == (20, 10) and data.whole_dtype == "float32"
    assert data.statistics["mean"] == 99.5 and data.statistics["max"] == 199 and data.statistics["zeros"] == 1
    assert t.values[1].data.statistics["nonfinite"] == 200
    with pytest.raises(ValueError, match="max_elements must be None or an integer that is not negative, got -1"):
        t.to_json(max_elements=-1)


def document_of_a_trace():
    x = scalar(2)
    with record():
        y = x * 3
    return json.loads(trace(y, locals()).to_json())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(version=2), "this trace has version 2, and this tinygrad_edu reads up to version 1"),
        (lambda d: d.update(version="1"), "this one has '1'"),
        (lambda d: d.update(schema="other"), "is no trace"),
        (lambda d: d.pop("steps"), "trace has no field 'steps'"),
        (lambda d: d.update(more=1), "trace has an unknown field 'more'"),
        (lambda d: d.update(root=9), "trace.root refers to number 9, but there are 2"),
        (lambda d: d.update(root=True), "trace.root must be a int, not true"),
        (lambda d: d["values"][0].update(name=3), r"trace.values\[0\].name must be a str, not 3"),
        (lambda d: d["values"][1].update(id=7), r"trace.values\[1\].id must be 1"),
        (lambda d: d["values"][0]["data"].update(data=[]), "0 elements, which do not fill the shape"),
        (lambda d: d["values"][0]["data"].update(data=["x"]), "has an element that is no float32"),
        (lambda d: d["values"][0]["data"].update(dtype="object"), "name of a dtype of numbers"),
        (lambda d: d["values"][0].update(data=5), "must be a array"),
        (lambda d: d["steps"][0].update(options={"y": {}}), r"options.y must be a number, text, list or null"),
        (lambda d: d["values"][0].update(used_by=[[0]]), "must be a list of 2"),
        (lambda d: d["values"][0].update(used_by=[[0, 4]]), "refers to number 4"),
    ],
)  # fmt: skip
def test_malformed_json_is_refused(change, words):
    document = document_of_a_trace()
    Trace.from_json(json.dumps(document))
    change(document)
    with pytest.raises(ValueError, match=words):
        Trace.from_json(json.dumps(document))


def test_what_is_no_json_is_refused():
    for text in ("", "{", "[1]", "3", b"\xff", None):
        with pytest.raises(ValueError, match=r"no JSON|no trace"):
            Trace.from_json(text)


# ---- any trace ----------------------------------------------------------------------------------------------------------

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128"]
shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
maybe_array = st.none() | st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, shapes))
text = st.text(max_size=8)
axes = st.lists(st.integers(0, 3), max_size=2).map(tuple)
plain = st.none() | st.booleans() | st.integers() | st.floats() | text
option = plain | st.lists(plain, max_size=3)


@st.composite
def traces(draw):
    """A trace whose parts fit together, of whatever else."""
    n_values, n_steps = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    value_id, step_id = st.integers(0, n_values - 1), st.integers(0, n_steps - 1) if n_steps else st.nothing()
    steps = []
    for i in range(n_steps):
        inputs = draw(st.lists(st.builds(
            Input, value=value_id, param=text, needs_grad=st.booleans(), downstream=maybe_array, local=maybe_array, rule=text,
            rule_latex=text, summed=axes, blocked=st.none() | st.integers(0, 9),
        ), max_size=2))  # fmt: skip
        steps.append(draw(st.builds(
            Step, id=st.just(i), op=text, node=text, family=text, symbol=text, formula=text, formula_latex=text,
            inputs=st.just(inputs), outputs=st.lists(value_id, max_size=2), options=st.dictionaries(text, option, max_size=2),
            module=text, source=st.none() | st.builds(Source, text, st.integers(1, 99), text),
            saved=st.lists(st.builds(Saved, text, axes, text, st.integers(0, 99)), max_size=2), ran=st.booleans(),
            cut=st.sampled_from(["", "detach", "no_grad"]), note=text,
        )))  # fmt: skip
    uses = [(i, place) for i, step in enumerate(steps) for place in range(len(step.inputs))]
    values = [draw(st.builds(
        Value, id=st.just(i), name=text, kind=text, shape=axes, dtype=text, data=maybe_array, grad=maybe_array,
        made_by=st.none() | step_id, output=st.integers(0, 3),
        used_by=st.lists(st.sampled_from(uses), max_size=2) if uses else st.just([]),
    )) for i in range(n_values)]  # fmt: skip
    return Trace(
        values=values, steps=steps, modules=draw(st.lists(st.builds(Module, text, text, text, text), max_size=2)),
        root=draw(value_id), ran=draw(st.booleans()), order=draw(st.integers(1, 3)), bad=draw(st.none() | step_id),
        bad_backward=draw(st.none() | step_id),
    )  # fmt: skip


def same(a, b):
    """Whether two parts of traces are equal, NaN being equal to NaN."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, float):
        return type(b) is float and (a == b or (math.isnan(a) and math.isnan(b)))
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if hasattr(a, "__slots__") and type(a) is type(b):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__slots__)
    return type(a) is type(b) and a == b


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(traces())
def test_any_trace_survives(t):
    text = t.to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    again = Trace.from_json(text)
    assert same(t, again) and again.to_json() == text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(traces(), st.integers(0, 3))
def test_any_trace_survives_with_summaries(t, most):
    text = t.to_json(max_elements=most)
    assert Trace.from_json(text).to_json() == text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(traces(), st.data())
def test_whatever_is_broken_is_a_value_error(t, data):
    document = json.loads(t.to_json())
    place, key = document, None
    for _ in range(data.draw(st.integers(1, 6))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        if not keys:
            break
        parent, key = place, data.draw(st.sampled_from(keys))
        place = parent[key]
    if key is not None:
        parent[key] = data.draw(st.sampled_from([None, -1, 99, 1.5, "x", [], {}, [[]], True]))
    with contextlib.suppress(ValueError):
        Trace.from_json(json.dumps(document))
