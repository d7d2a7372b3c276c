"""Filling tensors in place with random numbers, in graphs too, and sequences of calls beside PyTorch."""

import pytest
from random_cases import ERRORS

import tinygrad_edu as torch

# -- in place and in graphs --------------------------------------------------------------------------------------------

FILLS = {
    "UniformBackward0": lambda x: x.uniform_(),
    "NormalBackward0": lambda x: x.normal_(),
    "RandomBackward0": lambda x: x.random_(1, 9),
    "RandomBackward1": lambda x: x.random_(9),
    "RandomBackward2": lambda x: x.random_(),
    "BernoulliBackward2": lambda x: x.bernoulli_(),
    "BernoulliBackward1": lambda x: x.bernoulli_(torch.full_like(x.detach(), 0.5)),
    "ExponentialBackward0": lambda x: x.exponential_(),
    "GeometricBackward0": lambda x: x.geometric_(0.4),
    "CauchyBackward0": lambda x: x.cauchy_(),
    "LogNormalBackward0": lambda x: x.log_normal_(),
}


@pytest.mark.parametrize("name", FILLS)
def test_filling_forgets_history(name):
    leaf = torch.ones(2, 3, requires_grad=True)
    x = leaf * 2
    assert FILLS[name](x) is x
    assert type(x.grad_fn).__name__ == name
    x.sum().backward()
    assert leaf.grad.equal(torch.zeros(2, 3))


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_leaves_are_refused_outside_no_grad(fill):
    leaf = torch.ones(3, requires_grad=True)
    state = torch.get_rng_state()
    with pytest.raises(
        RuntimeError, match=r"^a leaf Variable that requires grad is being used in an in-place operation\.$"
    ):
        fill(leaf)
    with pytest.raises(
        RuntimeError, match=r"^a view of a leaf Variable that requires grad is being used in an in-place"
    ):
        fill(leaf[:2])
    assert leaf.tolist() == [1, 1, 1]
    assert torch.get_rng_state().equal(state)
    with torch.no_grad():
        fill(leaf)
    assert leaf.is_leaf
    assert leaf.requires_grad


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_fill_in_the_order_of_memory(fill):
    torch.manual_seed(2)
    dense = fill(torch.empty(3, 4))
    after_dense = torch.get_rng_state()
    torch.manual_seed(2)
    transposed = fill(torch.empty(3, 4).t())
    assert transposed.t().equal(dense)
    assert torch.get_rng_state().equal(after_dense)


def test_filling_a_view():
    leaf = torch.ones(4, requires_grad=True)
    x = leaf * 2
    x[:2].uniform_()
    assert type(x.grad_fn).__name__ == "CopySlices"
    x.sum().backward()
    assert leaf.grad.tolist() == [0, 0, 2, 2]
    y = torch.zeros(4)
    y[1:3].normal_(5, 0)
    assert y.tolist() == [0, 5, 5, 0]
    assert y._version == 1


def test_filling_what_was_saved_is_noticed():
    leaf = torch.ones(3, requires_grad=True)
    x = leaf * 2
    y = x * x
    with torch.no_grad():
        x.uniform_()
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.sum().backward()


def test_tensors_as_parameters():
    mean, std = torch.zeros(3, requires_grad=True), torch.ones(2, 3, requires_grad=True)
    names = [
        type(each.grad_fn).__name__
        for each in (torch.normal(mean, 1.0), torch.normal(0.0, std), torch.normal(mean, std), torch.bernoulli(mean))
    ]
    assert names == ["NormalBackward1", "NormalBackward2", "NormalBackward3", "BernoulliBackward0"]
    torch.normal(mean, std).sum().backward()
    assert mean.grad.equal(torch.zeros(3))
    assert std.grad.equal(torch.zeros(2, 3))
    with pytest.raises(RuntimeError, match=r"^derivative for aten::bernoulli is not implemented$"):
        torch.bernoulli(mean, 0.5).sum().backward()
    assert torch.multinomial(std, 2).grad_fn is None


def test_constants_have_no_history():
    for draw in (torch.rand, torch.randn):
        assert draw(2).grad_fn is None
    assert torch.normal(torch.zeros(2), torch.ones(2)).grad_fn is None
    assert torch.zeros(2).uniform_().grad_fn is None


# -- against PyTorch ---------------------------------------------------------------------------------------------------


def sequences():
    from hypothesis import strategies as st

    size = st.lists(st.integers(0, 9), max_size=3).map(tuple)
    real = st.sampled_from(["float32", "float64", "float16"])
    whole = st.sampled_from(["int64", "int32", "uint8", "float32", "float64"])
    bound = st.sampled_from([1, 2, 100, 2**20])
    number = st.floats(-3, 3, width=16)
    positive = st.floats(0.0625, 3, width=16)
    probability = st.floats(0, 1)
    transposed = st.booleans()

    def method(name, *arguments):
        return st.tuples(st.just("fill"), st.just(name), size, real, transposed, st.tuples(*arguments))

    return st.lists(
        st.one_of(
            st.tuples(st.just("rand"), size, real),
            st.tuples(st.just("randn"), size, real),
            st.tuples(st.just("randint"), bound, size, whole),
            st.tuples(st.just("randperm"), st.integers(0, 40)),
            st.tuples(st.just("normal"), number, positive, size),
            st.tuples(st.just("normals"), st.integers(0, 40), number, positive),
            st.tuples(st.just("bernoulli"), st.integers(0, 40), probability, real),
            st.tuples(st.just("multinomial"), st.integers(2, 20), st.integers(1, 2), st.booleans()),
            st.tuples(st.just("dropout"), size, probability, real),
            method("uniform_"),
            method("uniform_", st.just(-2.0), positive),
            method("normal_", number, positive),
            method("random_"),
            method("random_", st.integers(1, 2048)),
            method("bernoulli_", probability),
            method("exponential_", positive),
            method("geometric_", st.floats(0.1, 0.9)),
            method("cauchy_", number, positive),
            method("log_normal_", number, positive),
        ),
        min_size=1,
        max_size=12,
    )


def perform(module, call):
    """The call in ``module``, torch or ours, as an array."""
    kind, *rest = call
    if kind == "fill":
        name, shape, dtype, is_transposed, arguments = rest
        x = module.zeros(shape, dtype=getattr(module, dtype))
        if is_transposed and len(shape) > 1:
            x = x.transpose(0, 1)
        made = getattr(x, name)(*arguments)
    elif kind in ("rand", "randn"):
        made = getattr(module, kind)(rest[0], dtype=getattr(module, rest[1]))
    elif kind == "randint":
        made = module.randint(
            rest[0] if rest[2] != "uint8" else min(rest[0], 200), rest[1], dtype=getattr(module, rest[2])
        )
    elif kind == "normals":
        made = module.normal(module.full((rest[0],), rest[1]), module.full((2, rest[0]), rest[2]))
    elif kind == "bernoulli":
        made = module.bernoulli(module.full((rest[0],), rest[1], dtype=getattr(module, rest[2])))
    elif kind == "multinomial":
        made = module.multinomial(module.arange(1.0, rest[0] + 1.0), rest[1], rest[2])
    elif kind == "dropout":
        made = module.dropout(module.ones(rest[0], dtype=getattr(module, rest[2])), rest[1], True)
    else:
        made = getattr(module, kind)(*rest)
    return made.numpy()


@pytest.mark.oracle
def test_sequences_of_calls():
    real = pytest.importorskip("torch")
    from hypothesis import given, settings
    from hypothesis import strategies as st

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32), sequences())
    def check(seed, calls):
        real.manual_seed(seed)
        torch.manual_seed(seed)
        for call in calls:
            expected, actual = perform(real, call), perform(torch, call)
            assert actual.dtype == expected.dtype
            assert actual.shape == expected.shape
            assert actual.tobytes() == expected.tobytes(), call
            assert torch.get_rng_state().numpy().tobytes() == real.get_rng_state().numpy().tobytes(), call

    check()


@pytest.mark.oracle
@pytest.mark.parametrize("draw", ["rand", "randn"])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("size", [3, 40])
def test_complex_numbers(draw, dtype, size):
    real = pytest.importorskip("torch")
    real.manual_seed(4)
    torch.manual_seed(4)
    expected = getattr(real, draw)(size, dtype=getattr(real, dtype)).numpy()
    assert getattr(torch, draw)(size, dtype=getattr(torch, dtype)).numpy().tobytes() == expected.tobytes()


@pytest.mark.oracle
@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_are_those_of_torch(call, error, message, monkeypatch):
    real = pytest.importorskip("torch")
    monkeypatch.setitem(call.__globals__, "torch", real)
    monkeypatch.setitem(call.__globals__, "WEIGHTS", real.arange(1.0, 6.0))
    monkeypatch.setitem(call.__globals__, "FLOAT", real.float32)
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


@pytest.mark.oracle
def test_states_are_exchanged_with_torch():
    real = pytest.importorskip("torch")
    real.manual_seed(12)
    real.randn(5)
    torch.set_rng_state(torch.from_numpy(real.get_rng_state().numpy()))
    assert torch.randn(7).tolist() == real.randn(7).tolist()
    torch.rand(1000)
    real.set_rng_state(real.from_numpy(torch.get_rng_state().numpy()))
    assert torch.rand(7).tolist() == real.rand(7).tolist()
