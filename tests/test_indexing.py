"""Elements by index: x[...] and x[...] = y, gather and scatter, masks; against NumPy, and against PyTorch where installed."""

import re
import warnings

import numpy as np
import pytest
from agreement import agree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_cases import IN_PLACE, NAMED, READ, RECORDED, WRITTEN, environment, small_environment

import tinygrad_edu as torch

# ---- against PyTorch -----------------------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("case", READ)
def test_reading_as_pytorch(case):
    def script(torch):
        result = eval(case, small_environment(torch))
        return tuple(result) if case.endswith(".shape") else result

    agree(shortened(script))


@pytest.mark.oracle
@pytest.mark.parametrize("case", WRITTEN)
def test_writing_as_pytorch(case):
    def script(torch):
        names = small_environment(torch)
        exec(case, names)
        return names["x"], names["z"], names["i"]

    agree(shortened(script))


@pytest.mark.oracle
@pytest.mark.parametrize("case", RECORDED)
def test_histories_as_pytorch(case):
    def script(torch):
        names = environment(torch)
        x, b, v = names["x"], names["b"], names["v"]
        exec(case, names)
        result = names["b"]
        weights = torch.arange(float(result.numel())).reshape(tuple(result.shape))
        grads = torch.autograd.grad((result * weights).sum(), (x, v), allow_unused=True)
        return type(result.grad_fn).__name__, result._version, result, b, grads

    agree(shortened(script))


@pytest.mark.oracle
@pytest.mark.parametrize("case", NAMED + IN_PLACE)
def test_functions_as_pytorch(case):
    agree(shortened(lambda torch: derivatives(torch, case)))


def derivatives(torch, case):
    """The value of a case, its node's name, what it wrote, and first and second derivatives of a weighted square."""
    names = environment(torch)
    result = eval(case, names)
    first = result[0] if isinstance(result, tuple) and result else result
    seen = [list(result) if isinstance(result, tuple) else result]
    if case.startswith("b"):
        first = names["b"]
        seen += [first, first._version]
    if not getattr(first, "requires_grad", False):
        return seen
    seen.append(type(first.grad_fn).__name__)
    leaves = [names[name] for name in ("x", "y", "v", "v2", "s")]
    weights = torch.arange(float(first.numel())).reshape(tuple(first.shape)) + 1
    try:
        grads = torch.autograd.grad((first * first * weights).sum(), leaves, create_graph=True, allow_unused=True)
    except RuntimeError as error:
        return [*seen, str(error)]
    total = sum((each * each).sum() for each in grads if each is not None)
    return [*seen, grads, torch.autograd.grad(total, leaves, allow_unused=True)]


def shortened(script):
    """PyTorch's warnings name the C++ line that raised them, and are raised once; only their kind is compared."""

    def run(torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = script(torch)
        kinds = {str(each.message)[:30] for each in caught if "deprecated" in str(each.message)}
        return value, sorted(kind for kind in kinds if kind.startswith(("indexing with", "Using a non")))

    return run


# ---- random indices ------------------------------------------------------------------------------------------------

SHAPE = (3, 4, 2)


@st.composite
def indices(draw):
    """An index into an array of SHAPE, as text."""
    parts, axis = [], 0
    count = draw(st.integers(0, 3))
    length = draw(st.integers(1, 3))
    while axis < count:
        n = SHAPE[axis]
        kind = draw(st.sampled_from(["int", "slice", "slice", "none", "list", "tensor", "mask", "matrix"]))
        if kind == "none":
            parts.append("None")
            continue
        if kind == "int":
            parts.append(str(draw(st.integers(-n, n - 1))))
        elif kind == "slice":
            start, stop = (draw(st.one_of(st.none(), st.integers(-n - 1, n + 1))) for _ in range(2))
            step = draw(st.sampled_from(["", ":1", ":2"]))
            parts.append(f"{'' if start is None else start}:{'' if stop is None else stop}{step}")
        elif kind == "mask":
            parts.append(f"torch.tensor({draw(st.lists(st.booleans(), min_size=n, max_size=n))})")
        else:
            chosen = draw(st.lists(st.integers(-n, n - 1), min_size=length, max_size=length))
            forms = {"list": f"{chosen}", "tensor": f"torch.tensor({chosen})", "matrix": f"torch.tensor([{chosen}])"}
            parts.append(forms[kind])
        axis += 1
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), "...")
    return ", ".join(parts) + "," if parts else "..."


def selects_nothing(index):
    """Whether the result is empty: then PyTorch, unlike NumPy, does not look at the indices."""
    oracle = pytest.importorskip("torch")
    try:
        return not eval(f"x[{index}]", {"x": oracle.zeros(SHAPE), "torch": oracle}).numel()
    except IndexError:
        return False


many = settings(max_examples=300, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.oracle
@many
@given(indices())
def test_random_reads_and_their_gradients_as_pytorch(index):
    if selects_nothing(index):
        return

    def script(torch):
        x = torch.arange(24.0).reshape(SHAPE).requires_grad_()
        result = eval(f"x[{index}]", {"x": x, "torch": torch})
        weights = torch.arange(float(result.numel())).reshape(tuple(result.shape)) + 1
        (grad,) = torch.autograd.grad((result * result * weights).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad((grad * grad).sum(), x, allow_unused=True)
        return result, type(result.grad_fn).__name__, result._is_view(), grad, second

    agree(script)


@pytest.mark.oracle
@many
@given(indices(), st.booleans(), st.booleans())
def test_random_writes_and_their_gradients_as_pytorch(index, number, recorded):
    if selects_nothing(index):
        return

    def script(torch):
        leaf = torch.arange(24.0).reshape(SHAPE).requires_grad_(recorded)
        x, w = leaf * 2, torch.tensor([0.5, 1.5], requires_grad=True)
        exec(f"x[{index}] = {'7' if number else 'w[0] * w[1]'}", {"x": x, "w": w, "torch": torch})
        weights = torch.arange(24.0).reshape(SHAPE)
        grads = None
        if x.requires_grad:
            grads = torch.autograd.grad((x * x * weights).sum(), [w, *([leaf] if recorded else [])], allow_unused=True)
        return x, type(x.grad_fn).__name__, x._version, grads

    agree(script)


@many
@given(indices())
def test_random_reads_equal_numpys(index):
    """Where no int stands among arrays, PyTorch's rule and NumPy's agree."""
    x = np.arange(24.0).reshape(SHAPE)
    if re.search(r"(^|, )-?\d", index) and "[" in index:
        return
    text = index.replace("torch.tensor", "np.array")
    try:
        expected = eval(f"x[{text}]", {"x": x, "np": np})
    except IndexError:
        return
    result = eval(f"x[{index}]", {"x": torch.from_numpy(x), "torch": torch})
    assert np.array_equal(result.numpy(), expected)


# ---- written down --------------------------------------------------------------------------------------------------


def test_basic_indices_are_views_and_advanced_ones_are_copies():
    x = torch.zeros(3, 4)
    for view in (x[0], x[1:], x[:, 1], x[None], x[...], x[()], x[..., None, 0], x[torch.tensor(1)]):
        assert view._base is x
    for copy in (x[[0, 1]], x[x == 0], x[torch.tensor([0])], x[True], x[0, [1]], x[np.array([0])]):
        assert copy._base is None
        copy += 1
    assert (x == 0).all()


def test_gradients_where_an_index_repeats():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x[[0, 0, 2]] * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [11, 0, 100]


@pytest.mark.parametrize("shape", [(50,), (50, 3), (5, 10, 3)])
def test_gradients_of_many_repetitions_equal_add_at(shape):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=shape)).requires_grad_()
    for index in (rng.integers(0, shape[0], 200), rng.integers(-shape[0], shape[0], (20, 7))):
        for key in ((index,), (..., index % shape[-1]), (index % shape[0], ..., index % shape[-1])):
            if len(shape) == 1 and len(key) == 3:
                continue
            weights = rng.normal(size=x.detach().numpy()[key].shape)
            (grad,) = torch.autograd.grad(
                (x[tuple(torch.from_numpy(k) if k is not ... else k for k in key)] * torch.from_numpy(weights)).sum(), x
            )
            expected = np.zeros(shape)
            np.add.at(expected, key, weights)
            assert np.allclose(grad.numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("index", [0, [0, 1], ..., (slice(None), [1])])
def test_leading_axes_of_length_1_do_not_count(index):
    x, value = torch.zeros(2, 3), torch.tensor([[[7.0]]], requires_grad=True)
    x[index] = value
    written = (x == 7).sum().item()
    assert written == x[index].numel()
    x.sum().backward()
    assert value.grad.tolist() == [[[written]]]


def test_an_index_tensor_that_was_changed_is_noticed():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    index = torch.tensor([0, 1])
    y = x[index].sum()
    index += 1
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation: \[torch.LongTensor \[2\]\] is at version 1"):
        y.backward()
    array = np.array([0, 1])
    y = x[array].sum()
    array += 1
    y.backward()
    assert x.grad.tolist() == [1, 1, 0]


def test_sources_larger_than_the_index_get_zeros_where_they_were_not_used():
    """PyTorch refuses this gradient: "returned an invalid gradient"."""
    index = torch.tensor([[0, 1]])
    for function in (torch.scatter, torch.scatter_add):
        x, src = torch.zeros(2, 2), torch.ones(2, 2, requires_grad=True)
        function(x, 0, index, src).sum().backward()
        assert src.grad.tolist() == [[1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("x[5]", IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
        ("x[0, -5]", IndexError, "index -5 is out of bounds for dimension 1 with size 4"),
        ("x[0, 0, 0]", IndexError, "too many indices for tensor of dimension 2"),
        ("x[[7]]", IndexError, "index 7 is out of bounds for dimension 0 with size 3"),
        ("x[::-1]", ValueError, "step must be greater than zero"),
        ("x[1.5]", IndexError, "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid"),
        ("x[torch.ones(2).bool()]", IndexError, "The shape of the mask [2] at index 0 does not match the shape of the indexed"),
        ("x[[0, 1], [0, 1, 2]]", IndexError, "indexing tensors could not be broadcast together with shapes [2], [3]"),
        ("x[0].sum()[0]", IndexError, "invalid index of a 0-dim tensor. Use `tensor.item()`"),
        ("x.__setitem__(0, [1])", TypeError, "can't assign a list to a torch.FloatTensor"),
        ("x.__setitem__(0, torch.ones(3))", RuntimeError, "expanded size of the tensor (4) must match the existing size (3)"),
        ("x.__setitem__([0], torch.ones(3))", RuntimeError, "shape mismatch: value tensor of shape [3] cannot be broadcast"),
        ("x.__setitem__([0], torch.ones(4).long())", RuntimeError, "Index put requires the source and destination dtypes"),
        ("x.gather(0, torch.tensor([[9]]))", RuntimeError, "index 9 is out of bounds for dimension 0 with size 3"),
        ("x.index_select(0, torch.tensor([9]))", IndexError, "index out of range in self"),
        ("x.take(torch.tensor([99]))", IndexError, "out of range: tried to access index 99 on a tensor of 12 elements."),
        ("x.masked_fill(x, 1)", RuntimeError, "masked_fill_ only supports boolean masks, but got mask with dtype float"),
    ],
)
def test_errors(statement, kind, words):
    x = torch.arange(12.0).reshape(3, 4)
    before = x.clone()
    with pytest.raises(kind, match=re.escape(words)):
        eval(statement, {"x": x, "torch": torch})
    assert torch.equal(x, before)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "arguments",
    [
        "(torch.tensor([0]),), torch.ones(5)",
        "(torch.tensor([0]), torch.tensor([1, 2, 3])), torch.ones(5)",
        "(torch.tensor([0]),) * 3, torch.ones(1)",
        "(torch.tensor([7]),), torch.tensor(1.0)",
        "(torch.tensor([0, 0]),), torch.ones(3, 4), True",
        "(torch.tensor([True, False]),), torch.ones(1)",
        "(torch.tensor([0, 0]),), torch.ones(2, 4), True",
    ],
)
@pytest.mark.parametrize("method", ["index_put", "index_put_"])
def test_what_index_put_refuses(method, arguments):
    agree(lambda torch: eval(f"torch.zeros(3, 4).{method}({arguments})", {"torch": torch}))
