"""Convolution, pooling, padding, normalisation, embedding: written-down outcomes, modules, and random options."""

import itertools
import json

import layer_cases
import numpy as np
import pytest
from agreement import agree
from module_cases import run
from test_functional_nn import compare, floats
from tinygrad_edu.nn import functional as F

import tinygrad_edu as torch
from tinygrad_edu import nn

RECORDED = json.loads(layer_cases.RECORDED.read_text())


def test_every_case_is_recorded():
    assert list(RECORDED) == layer_cases.CASES


@pytest.mark.parametrize("case", layer_cases.CASES)
def test_outcome(case):
    assert layer_cases.outcome(torch, F, case) == RECORDED[case]


@pytest.mark.oracle
@pytest.mark.parametrize("case", layer_cases.CASES)
def test_recorded_outcomes_are_those_of_torch(case):
    real = pytest.importorskip("torch")
    assert layer_cases.outcome(real, real.nn.functional, case) == RECORDED[case]


# -- modules -------------------------------------------------------------------------------------------------------------

LAYERS = {
    "Conv1d": (lambda nn: nn.Conv1d(2, 3, 2), (2, 2, 5)),
    "Conv1d, one example": (lambda nn: nn.Conv1d(2, 3, 2, stride=2), (2, 5)),
    "Conv2d": (lambda nn: nn.Conv2d(2, 3, 3, padding=1), (2, 2, 4, 5)),
    "Conv2d, strides": (lambda nn: nn.Conv2d(2, 4, (3, 2), (2, 1), (1, 0), (1, 2), 2, False), (1, 2, 5, 6)),
    "Conv2d, same": (lambda nn: nn.Conv2d(1, 2, 3, padding="same", dilation=2), (1, 1, 4, 4)),
    "Conv2d, depthwise": (lambda nn: nn.Conv2d(3, 6, 3, groups=3), (2, 3, 5, 5)),
    "Conv2d, 1x1": (lambda nn: nn.Conv2d(3, 2, 1), (2, 3, 3, 3)),
    "Conv3d": (lambda nn: nn.Conv3d(1, 2, 2), (1, 1, 3, 3, 3)),
    "ConvTranspose1d": (lambda nn: nn.ConvTranspose1d(2, 3, 3, 2), (1, 2, 4)),
    "ConvTranspose2d": (lambda nn: nn.ConvTranspose2d(2, 4, 3, 2, 1, 1, 2, dilation=2), (2, 2, 3, 3)),
    "ConvTranspose3d": (lambda nn: nn.ConvTranspose3d(1, 1, 2, bias=False), (1, 1, 2, 2, 2)),
    "MaxPool1d": (lambda nn: nn.MaxPool1d(2), (2, 3, 5)),
    "MaxPool2d": (lambda nn: nn.MaxPool2d(3, 2, 1, ceil_mode=True), (2, 2, 5, 6)),
    "MaxPool3d": (lambda nn: nn.MaxPool3d(2), (1, 1, 4, 4, 4)),
    "AvgPool1d": (lambda nn: nn.AvgPool1d(2), (2, 3, 5)),
    "AvgPool2d": (lambda nn: nn.AvgPool2d(3, 2, 1, True, False), (2, 2, 5, 6)),
    "AvgPool3d": (lambda nn: nn.AvgPool3d(2), (1, 1, 4, 4, 4)),
    "AdaptiveAvgPool1d": (lambda nn: nn.AdaptiveAvgPool1d(3), (1, 2, 5)),
    "AdaptiveAvgPool2d": (lambda nn: nn.AdaptiveAvgPool2d((2, None)), (1, 2, 5, 3)),
    "AdaptiveAvgPool2d, 1": (lambda nn: nn.AdaptiveAvgPool2d(1), (2, 3, 4, 4)),
    "AdaptiveAvgPool3d": (lambda nn: nn.AdaptiveAvgPool3d(2), (1, 1, 3, 4, 5)),
    "AdaptiveMaxPool1d": (lambda nn: nn.AdaptiveMaxPool1d(3), (1, 2, 5)),
    "AdaptiveMaxPool2d": (lambda nn: nn.AdaptiveMaxPool2d(2), (1, 2, 5, 3)),
    "AdaptiveMaxPool3d": (lambda nn: nn.AdaptiveMaxPool3d(2), (1, 1, 3, 4, 5)),
    "LPPool1d": (lambda nn: nn.LPPool1d(2, 2), (1, 2, 4)),
    "LPPool2d": (lambda nn: nn.LPPool2d(2, 2), (1, 2, 4, 4)),
    "ReflectionPad1d": (lambda nn: nn.ReflectionPad1d(2), (1, 2, 4)),
    "ReflectionPad3d": (lambda nn: nn.ReflectionPad3d(1), (1, 1, 2, 3, 2)),
    "ReplicationPad2d": (lambda nn: nn.ReplicationPad2d((1, 2, 0, 1)), (1, 2, 3, 3)),
    "CircularPad1d": (lambda nn: nn.CircularPad1d((1, 2)), (1, 2, 4)),
    "ConstantPad2d": (lambda nn: nn.ConstantPad2d(1, 0.5), (1, 2, 3, 3)),
    "ZeroPad3d": (lambda nn: nn.ZeroPad3d(1), (1, 1, 2, 2, 2)),
    "Unfold": (lambda nn: nn.Unfold(2), (1, 2, 3, 4)),
    "Fold": (lambda nn: nn.Fold((3, 4), 2), (1, 8, 6)),
    "PixelShuffle": (lambda nn: nn.PixelShuffle(2), (1, 4, 2, 3)),
    "PixelUnshuffle": (lambda nn: nn.PixelUnshuffle(2), (1, 1, 4, 2)),
    "ChannelShuffle": (lambda nn: nn.ChannelShuffle(2), (1, 4, 2, 2)),
    "Upsample": (lambda nn: nn.Upsample(scale_factor=2), (1, 1, 2, 3)),
    "UpsamplingBilinear2d": (lambda nn: nn.UpsamplingBilinear2d(5), (1, 1, 2, 3)),
    "BatchNorm2d": (lambda nn: nn.BatchNorm2d(3), (2, 3, 2, 2)),
    "BatchNorm3d": (lambda nn: nn.BatchNorm3d(2), (2, 2, 2, 2, 2)),
    "BatchNorm2d, eval": (lambda nn: nn.BatchNorm2d(3).eval(), (2, 3, 2, 2)),
    "LayerNorm": (lambda nn: nn.LayerNorm(4), (2, 3, 4)),
    "LayerNorm, several": (lambda nn: nn.LayerNorm([3, 4], bias=False), (2, 3, 4)),
    "GroupNorm": (lambda nn: nn.GroupNorm(2, 4), (2, 4, 3)),
    "InstanceNorm1d": (lambda nn: nn.InstanceNorm1d(3), (2, 3, 4)),
    "InstanceNorm2d": (lambda nn: nn.InstanceNorm2d(3, affine=True, track_running_stats=True), (2, 3, 2, 3)),
    "InstanceNorm3d": (lambda nn: nn.InstanceNorm3d(2), (2, 2, 2, 2, 2)),
    "InstanceNorm2d, eval": (lambda nn: nn.InstanceNorm2d(3, track_running_stats=True).eval(), (2, 3, 2, 3)),
    "RMSNorm": (lambda nn: nn.RMSNorm(4), (2, 3, 4)),
    "LocalResponseNorm": (lambda nn: nn.LocalResponseNorm(3, alpha=0.5), (2, 4, 3, 3)),
    "Dropout1d": (lambda nn: nn.Dropout1d(0.4), (3, 4, 5)),
    "Dropout2d": (lambda nn: nn.Dropout2d(0.4), (3, 4, 2, 2)),
    "Dropout3d": (lambda nn: nn.Dropout3d(0.4), (3, 4, 2, 2, 2)),
    "AlphaDropout": (lambda nn: nn.AlphaDropout(0.4), (3, 7)),
    "FeatureAlphaDropout": (lambda nn: nn.FeatureAlphaDropout(0.4), (3, 4, 2)),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LAYERS)
def test_layers_agree_with_pytorch(name):
    layer, shape = LAYERS[name]
    agree(lambda t: run(t, layer, *shape))


@pytest.mark.oracle
@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 0), "same", "valid"])
def test_padding_modes_agree_with_pytorch(mode, padding):
    agree(lambda t: run(t, lambda nn: nn.Conv2d(2, 1, (3, 2), padding=padding, padding_mode=mode), 1, 2, 4, 4))


def test_parameters_of_a_seed():
    """PyTorch's numbers: torch.manual_seed(0); nn.Conv2d(1, 1, 2); nn.Embedding(2, 2)."""
    torch.manual_seed(0)
    conv, table = nn.Conv2d(1, 1, 2), nn.Embedding(2, 2)
    np.testing.assert_allclose(conv.weight.detach().numpy().ravel(), SEEDED["conv"], rtol=0, atol=1e-7)
    np.testing.assert_allclose(table.weight.detach().numpy().ravel(), SEEDED["table"], rtol=0, atol=1e-7)


SEEDED = {
    "conv": [-0.003743410110473633, 0.26822179555892944, -0.4115225672721863, -0.3679695129394531],
    "table": [0.5507453083992004, 0.2703641355037689, 0.6472479701042175, 0.24900221824645996],
}


@pytest.mark.oracle
@pytest.mark.parametrize("options", [{}, {"padding_idx": 1}, {"scale_grad_by_freq": True}, {"max_norm": 1.0}])
def test_embedding_agrees_with_pytorch(options):
    def script(t):
        t.manual_seed(1)
        layer = t.nn.Embedding(5, 3, **options)
        out = layer(t.tensor([[0, 1, 1], [4, 1, 0]]))
        (out * out).sum().backward()
        return repr(layer), out.round(decimals=4), layer.weight.grad.round(decimals=4), layer.weight.round(decimals=4)

    agree(script)


@pytest.mark.oracle
def test_running_statistics_of_instances_agree_with_pytorch():
    def script(t):
        t.manual_seed(2)
        layer = t.nn.InstanceNorm2d(3, momentum=0.3, track_running_stats=True)
        for _ in range(2):
            layer(t.randn(2, 3, 4, 4))
        return [each.round(decimals=5) for each in (layer.running_mean, layer.running_var)], layer.num_batches_tracked

    agree(script)


# -- what is written down nowhere else -----------------------------------------------------------------------------------


def test_sparse_gradients_are_refused():
    layer = nn.Embedding(3, 2, sparse=True)
    with pytest.raises(NotImplementedError, match=r"^sparse gradients are not supported"):
        layer(torch.tensor([0]))


def test_a_bag_is_its_rows_reduced():
    rng = np.random.default_rng(3)
    index, starts = rng.integers(0, 9, 20), [0, 3, 3, 10, 20]
    for mode in ("sum", "mean", "max"):
        weight = torch.from_numpy(rng.standard_normal((9, 4))).requires_grad_()
        out = F.embedding_bag(torch.from_numpy(index), weight, torch.tensor(starts), mode=mode, include_last_offset=True)
        rows = weight.detach()[torch.from_numpy(index)].numpy()
        parts = [rows[a:b] for a, b in itertools.pairwise(starts)]
        expected = [getattr(part, mode)(0) if len(part) else np.zeros(4) for part in parts]
        np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-12, atol=1e-14)
        assert torch.autograd.gradcheck(
            lambda w, mode=mode: F.embedding_bag(torch.from_numpy(index), w, torch.tensor(starts[:-1]), mode=mode), [weight]
        )


def test_max_norm_shortens_the_rows_in_place():
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]])
    F.embedding(torch.tensor([0, 1, 0]), weight, max_norm=1.0)
    np.testing.assert_allclose(weight.numpy(), [[0.6, 0.8], [0.3, 0.4], [6.0, 8.0]], rtol=1e-6)


def test_gradient_of_many_repeated_rows():
    rng = np.random.default_rng(0)
    index, grad = rng.integers(0, 7, 1000), rng.standard_normal((1000, 3))
    weight = torch.zeros(7, 3, dtype=torch.float64, requires_grad=True)
    (F.embedding(torch.from_numpy(index), weight) * torch.from_numpy(grad)).sum().backward()
    expected = np.zeros((7, 3))
    np.add.at(expected, index, grad)
    np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-12)


def test_a_tie_goes_to_the_first_of_the_window():
    x = torch.zeros(1, 1, 4, 4, requires_grad=True)
    out, indices = F.max_pool2d(x, 2, return_indices=True)
    out.sum().backward()
    assert indices.flatten().tolist() == [0, 2, 8, 10]
    assert x.grad.flatten().nonzero().flatten().tolist() == [0, 2, 8, 10]


def test_convolution_by_its_definition():
    rng = np.random.default_rng(1)
    x, w, b = rng.standard_normal((2, 4, 7, 6)), rng.standard_normal((6, 2, 3, 2)), rng.standard_normal(6)
    out = F.conv2d(*map(torch.from_numpy, (x, w, b)), stride=(2, 1), padding=(1, 2), dilation=(2, 3), groups=2)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2)))
    expected = np.empty(tuple(out.shape))
    for n, o, i, j in np.ndindex(*expected.shape):
        window = padded[n, o // 3 * 2 : o // 3 * 2 + 2, 2 * i : 2 * i + 5 : 2, j : j + 4 : 3]
        expected[n, o, i, j] = (window * w[o]).sum() + b[o]
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-12)


def test_transposed_convolution_is_the_adjoint():
    rng = np.random.default_rng(2)
    x, w = torch.from_numpy(rng.standard_normal((1, 2, 5, 5))), torch.from_numpy(rng.standard_normal((3, 2, 3, 3)))
    y = torch.from_numpy(rng.standard_normal((1, 3, 3, 3)))
    geometry = {"stride": 2, "padding": 1}
    left, right = (F.conv2d(x, w, **geometry) * y).sum(), (F.conv_transpose2d(y, w, **geometry) * x).sum()
    assert left.item() == pytest.approx(right.item(), rel=1e-12)


def test_fold_counts_the_windows_of_each_pixel():
    ones = torch.ones(1, 1, 4, 4)
    counts = F.fold(F.unfold(ones, 2), 4, 2)
    assert counts[0, 0].tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]


# -- random options against PyTorch ---------------------------------------------------------------------------------------


def sampled(max_examples):
    """Hypothesis with strategies, or a skipped test."""
    real = pytest.importorskip("torch")
    from hypothesis import given, settings
    from hypothesis import strategies as st

    return real, given, settings(max_examples=max_examples, deadline=None), st


@pytest.mark.oracle
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_convolution_over_options(dims, transposed):
    real, given, settings, st = sampled(20)
    per_axis = [st.tuples(*[st.integers(low, high)] * dims) for low, high in ((1, 5), (1, 3), (1, 3), (0, 2), (1, 2), (0, 1))]

    @settings
    @given(st.integers(0, 3), st.sampled_from([(1, 2, 3), (2, 1, 2), (3, 1, 1), (2, 2, 1)]), *per_axis, st.booleans())
    def check(n, channels, sizes, kernel, stride, padding, dilation, extra, biased):
        groups, inputs, outputs = channels
        sizes = [max(m, d * (k - 1) + 1 - 2 * p, 1) for m, d, k, p in zip(sizes, dilation, kernel, padding, strict=True)]
        outer, inner = (inputs, outputs) if transposed else (outputs, inputs)
        x, w = floats((n, groups * inputs, *sizes), seed=n), floats((groups * outer, inner, *kernel), seed=1)
        b = floats((groups * outputs,), seed=2)
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if transposed:
            extra = options["output_padding"] = tuple(
                min(e, max(s, d) - 1) for e, s, d in zip(extra, stride, dilation, strict=True)
            )
            spans = zip(sizes, kernel, stride, padding, dilation, extra, strict=True)
            if any((m - 1) * s - 2 * p + d * (k - 1) + e < 0 for m, k, s, p, d, e in spans):
                return

        def build(module, functional, x, w, b):
            function = getattr(functional, f"conv{'_transpose' * transposed}{dims}d")
            return function(x, w, b if biased else None, **options) + 0 * b.sum()

        compare(real, build, [x, w, b], 1e-9)

    check()


@pytest.mark.oracle
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pooling_over_options(kind, dims):
    real, given, settings, st = sampled(40)
    per_axis = [st.tuples(*[st.integers(1, high)] * dims) for high in (6, 3, 3, 2)]

    @settings
    @given(st.integers(1, 2), *per_axis, st.booleans(), st.booleans(), st.booleans(), st.booleans())
    def check(n, sizes, kernel, stride, dilation, padded, ceil_mode, ties, option):
        # Where a whole window lies in the padding PyTorch's index points beyond the image, and its gradient writes there.
        dilation = dilation if kind == "max" and not padded else (1,) * dims
        padding = tuple(k // 2 if padded else 0 for k in kernel)
        if kind == "avg" and dims == 3:
            sizes = tuple(map(max, sizes, kernel))
        if any(m + 2 * p < d * (k - 1) + 1 for m, p, d, k in zip(sizes, padding, dilation, kernel, strict=True)):
            return
        x = floats((n, 2, *sizes), seed=n)
        x = np.round(x) if ties else x

        def build(module, functional, x):
            pool = getattr(functional, f"{kind}_pool{dims}d")
            if kind == "avg":
                return pool(x, kernel, stride, padding, ceil_mode, option)
            out, indices = pool(x, kernel, stride, padding, dilation, ceil_mode, return_indices=True)
            return out + indices * 1e-3

        compare(real, build, [x], 1e-9)

    check()


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_adaptive_pooling_over_sizes(kind):
    real = pytest.importorskip("torch")
    for size in range(1, 8):
        for count in range(1, 8):
            x = floats((1, 2, size, 3), seed=size)
            compare(real, lambda _, f, x, n=count: getattr(f, f"adaptive_{kind}_pool2d")(x, (n, 2)), [x], 1e-9)


@pytest.mark.oracle
def test_resizing_over_sizes():
    real, given, settings, st = sampled(80)
    modes = ["nearest", "nearest-exact", "bilinear", "bicubic"]

    @settings
    @given(
        st.sampled_from(modes), st.integers(1, 6), st.integers(1, 9), st.booleans(),
        st.sampled_from([None, 0.5, 1.3, 2.0, 3.1]), st.sampled_from(["float64", "float32"]),
    )  # fmt: skip
    def check(mode, size, count, align, factor, dtype):
        if factor is not None and int(size * factor) < 1:
            return
        if mode == "bicubic" and factor is not None and int(size * factor) == size:
            return  # PyTorch's gradient is that of a copy, though its forward resamples
        options = {} if mode.startswith("nearest") else {"align_corners": align}
        options |= {"size": (count, 3)} if factor is None else {"scale_factor": (factor, 1.0)}

        def build(module, functional, x):
            return functional.interpolate(x, mode=mode, **options)

        compare(real, build, [floats((1, 2, size, 3), seed=size, dtype=dtype)], 1e-9 if dtype == "float64" else 1e-4)

    check()


@pytest.mark.oracle
@pytest.mark.parametrize("momentum", [0.1, None])
def test_a_batch_of_nothing_moves_no_statistics(momentum):
    def seen(t):
        layer = t.nn.BatchNorm2d(3, momentum=momentum)
        out = layer(t.zeros(0, 3, 2, 2))
        return [out.shape[0], layer.running_mean, layer.running_var, layer.num_batches_tracked]

    agree(seen)


def test_a_bag_with_an_index_out_of_range_is_refused():
    """PyTorch's words for it depend on the processor."""
    with pytest.raises(RuntimeError, match=r"Index 1 of input takes value 5 which is not in the valid range \[0, 5\)"):
        torch.nn.functional.embedding_bag(torch.tensor([[0, 5]]), torch.ones(5, 3))
