"""Calls of layers whose outcome in PyTorch 2.13 is written down in data/torch_2_13_layers.json; see functional_cases.

The inputs are multiples of 1/8, so that sums of products are exact in whatever order they are added.

``python tests/layer_cases.py`` writes the file anew (PyTorch 2.13 must be installed).
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import functional_cases

RECORDED = Path(__file__).parent / "data" / "torch_2_13_layers.json"


def namespace(torch: Any, functional: Any) -> dict[str, Any]:
    """The inputs, in PyTorch's tensors or ours."""

    def eighths(*shape: int) -> Any:
        count = 1
        for n in shape:
            count *= n
        return ((torch.arange(count) * 7 % 23 - 11) / 8).reshape(shape)

    return {
        "torch": torch,
        "F": functional,
        "nn": importlib.import_module(f"{torch.__name__}.nn"),
        "T": torch.tensor,
        "x": eighths(2, 4, 6, 6).requires_grad_(),
        "x1": eighths(2, 4, 6).requires_grad_(),
        "x3": eighths(1, 4, 3, 4, 4).requires_grad_(),
        "w": eighths(6, 4, 3, 3).requires_grad_(),
        "b": eighths(6),
        "w4": eighths(4).requires_grad_(),
        "w6": eighths(6).requires_grad_(),
        "E": eighths(5, 3).requires_grad_(),
        "i": torch.tensor([[0, 1], [1, 4]]),
        "columns": eighths(2, 12, 25),
    }


CASES = """
F.conv2d(x, w, b).sum((0, 2, 3))
F.conv2d(x[0], w, b)[:, 1]
F.conv2d(x, w, b, padding="same").shape
F.conv2d(x, w[:, :, :2, :2], b, padding="same").shape
F.conv2d(x, w, b, padding="foo")
F.conv2d(x, w, b, padding="same", stride=2)
F.conv2d(x, w, b, padding="valid").shape
F.conv2d(x.long(), w.detach().long())[0, 0]
F.conv2d(x.double(), w)
F.conv2d(x, w, b.double())
F.conv2d(x, w.detach().bool())
F.conv2d(x.bool(), w.detach().bool())
F.conv2d(x.long(), w)
F.conv2d(x, w.detach().long())
F.conv2d(x[0, 0], w)
F.conv2d(x, w[0])
F.conv2d(x, w, b, groups=2)
F.conv2d(x, w, b, groups=4)
F.conv2d(x, w, b, groups=0)
F.conv2d(x, w, b, groups=-1)
F.conv2d(x, w, b, groups=7)
F.conv2d(x, w, b[:2])
F.conv2d(x, w, b, stride=0)
F.conv2d(x, w, b, stride=-1)
F.conv2d(x, w, b, padding=-1)
F.conv2d(x, w, b, dilation=0)
F.conv2d(x, w, b, dilation=4)
F.conv2d(x, w, b, stride=(1, 2, 3))
F.conv2d(x, w, b, padding=(1, 2, 3))
F.conv2d(x, w, b, dilation=(1, 1, 1))
F.conv2d(x, w, b, stride=(2,)).shape
F.conv2d(x, w, b, stride=1.5)
F.conv2d(x, w, b, stride="a")
F.conv2d(x, w, b, groups=1.0)
F.conv2d(x, w, b, groups=True)
F.conv2d(x, w, (1, 1))
F.conv2d(3, w)
F.conv2d(x, 3)
F.conv2d(x, w, 3)
F.conv2d(x[:, :2], w)
F.conv2d(x[:0], w).shape
F.conv2d(x[:, :, :0], w)
F.conv2d(x, w[:0])
F.conv2d(x[:, :, :2], w)
F.conv2d(x, w.view(6, 36))
F.conv2d(x, w, padding=T(1)).shape
F.conv1d(x, w[0])
F.conv1d(x1, w[:, :, 0], stride=(1, 2))
F.conv1d(x1, w[:, :, 0], b).sum((0, 2))
F.conv3d(x, w[:, :, None])
F.conv_transpose2d(x, w[:4])[0, :, 0]
F.conv_transpose2d(x, w)
F.conv_transpose2d(x[0], w[:4], b[:4]).shape
F.conv_transpose2d(x, w[:4], b)
F.conv_transpose2d(x, w[:4], stride=2, output_padding=1).shape
F.conv_transpose2d(x, w[:4], stride=2, output_padding=2)
F.conv_transpose2d(x, w[:4], stride=2, output_padding=2, dilation=3).shape
F.conv_transpose2d(x, w[:4], padding="same")
F.conv_transpose2d(x, w[:4], groups=3)
F.conv_transpose2d(x, w[:4], output_padding=-1)
F.conv_transpose2d(x[0, 0], w[:4])
F.conv_transpose1d(x, w[0])
F.max_pool2d(x, 2)[0]
F.max_pool2d(x[0], 2).shape
F.max_pool2d(x, 2, return_indices=True)[1][0]
F.max_pool2d(x[0, 0], 2)
F.max_pool2d(x, 0)
F.max_pool2d(x, 2, 0)
F.max_pool2d(x, 2, padding=2)
F.max_pool2d(x, 2, padding=-1)
F.max_pool2d(x, 2, dilation=0)
F.max_pool2d(x, 7)
F.max_pool2d(x, (2, 2, 2))
F.max_pool2d(x, 2, (1, 2, 3))
F.max_pool2d(x, 2, padding=(1, 2, 3))
F.max_pool2d(x, 2, dilation=(1, 2, 3))
F.max_pool2d(x.long(), 2)[0, 0]
F.max_pool2d(x.bool(), 2)
F.max_pool2d(x[:0], 2).shape
F.max_pool2d(x[:, :0], 2)
F.max_pool2d(x[:, :, :0], 2)
F.max_pool2d(x, 1.5)
F.max_pool2d(3, 2)
F.max_pool2d(x, [2]).shape
F.max_pool2d(x, 2, []).shape
F.max_pool1d(x1, 2)
F.max_pool1d(x1, 7)
F.max_pool1d(x1, 0)
F.max_pool1d(x1, 2, padding=2)
F.max_pool1d(x1, 2, 0)
F.max_pool1d(x, 2)
F.max_pool1d(x1, (2, 2))
F.max_pool1d(x1.long(), 2)
F.max_pool3d(x3, 2)
F.max_pool3d(x[0], 2)
F.max_pool3d(x3, 5)
F.avg_pool2d(x, 2)[0, 0]
F.avg_pool2d(x.long(), 2)[0, 0]
F.avg_pool2d(x, 2, divisor_override=0)
F.avg_pool2d(x, 2, padding=2)
F.avg_pool2d(x, 7)
F.avg_pool2d(x, 0)
F.avg_pool2d(x, 2, 0)
F.avg_pool2d(x[0, 0], 2)
F.avg_pool2d(x, (2, 2, 2))
F.avg_pool2d(x, 2, (1, 1, 1))
F.avg_pool2d(x, 2, padding=(1, 1, 1))
F.avg_pool1d(x1, 2)
F.avg_pool1d(x1, 7)
F.avg_pool1d(x, 2)
F.avg_pool3d(x3, 5)
F.avg_pool2d(x[:, :0], 2)
F.adaptive_avg_pool2d(x, 1)
F.adaptive_avg_pool2d(x, (2, 3))[0, 0]
F.adaptive_avg_pool2d(x, (None, 3)).shape
F.adaptive_avg_pool2d(x.long(), 2)
F.adaptive_avg_pool2d(x, 0).shape
F.adaptive_avg_pool2d(x, -1)
F.adaptive_avg_pool2d(x, (1, 2, 3))
F.adaptive_avg_pool2d(x[0, 0], 2)
F.adaptive_avg_pool2d(x[:, :, :0], 2)
F.adaptive_avg_pool1d(x1, ())
F.adaptive_max_pool2d(x, 2)[0]
F.adaptive_max_pool2d(x.long(), 2)
F.adaptive_max_pool2d(x[0, 0], 2)
F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)[0, 0]
F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2, output_size=(9, 9))
F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2, output_size=(7, 7)).shape
F.pad(x, (1, 1))[0, 0]
F.pad(x, (1, 1, 1, 1), "reflect")[0, 0]
F.pad(x, (1, 1, 1, 1), "replicate")[0, 0]
F.pad(x.detach(), (1, 1, 1, 1), "circular")[0, 0]
F.pad(x1[0, 0], (1, 1), "reflect")
F.pad(x, (1, 1), "reflect")
F.pad(x, (6, 1, 0, 0), "reflect")
F.pad(x, (7, 1, 0, 0), "circular")
F.pad(x, (1,))
F.pad(x, (1,) * 10)
F.pad(x, (-7, 0))
F.pad(x, (-1, 2), value=3.5)[0, 0, 0]
F.pad(x, (1, 1, 1, 1), "reflect", value=3)
F.pad(x, (1, 1, 1, 1), "foo")
F.pad(x, 1)
F.pad(x, (1.5, 1))
F.pad(x.long(), (1, 1), value=2.5)[0, 0, 0]
F.pad(x.bool(), (1, 1, 1, 1), "replicate")
F.pad(x[:, :, :0], (0, 0, 1, 1), "replicate")
F.unfold(x, 2)[0, 0]
F.unfold(x[0, 0], 2)
F.unfold(x, 9)
F.unfold(x, 0)
F.unfold(x, 2, stride=0)
F.unfold(x, (2, 2, 2))
F.unfold(x.long(), 2)
F.fold(columns, (6, 6), 2)[0, 0]
F.fold(columns[:, :, 1:], (6, 6), 2)
F.fold(columns[:, 1:], (6, 6), 2)
F.fold(columns[None], (6, 6), 2)
F.fold(columns, (-6, 6), 2)
F.pixel_shuffle(x, 2)[0, 0, 0]
F.pixel_shuffle(x[:, :3], 2)
F.pixel_shuffle(x[0, 0], 2)
F.pixel_unshuffle(x[..., :5], 2)
F.channel_shuffle(x, 2)[0, :, 0, 0]
F.layer_norm(x, 6)
F.layer_norm(x, (5,))
F.layer_norm(x, ())
F.layer_norm(x, [6], w4)
F.layer_norm(x, [6], w6, w4)
F.layer_norm(x, [6, 6], w6)
F.layer_norm(x.long(), [6])
F.layer_norm(x, [6], w6.double())
F.layer_norm(3, [6])
F.layer_norm(x, [6], 3)
F.layer_norm(x, (6,), w6).shape
F.group_norm(x, 3)
F.group_norm(x, 0)
F.group_norm(x, 2, w6)
F.group_norm(x, 2, w4, w6)
F.group_norm(x.long(), 2)
F.group_norm(x[:1, :2, 0, 0], 2)
F.group_norm(w4, 1)
F.group_norm(x, 2, w4.double())
F.group_norm(x, 2).shape
F.instance_norm(x, use_input_stats=False)
F.instance_norm(x1[..., :1])
F.instance_norm(x1).shape
F.rms_norm(x, (5,))
F.rms_norm(x, (6,), w4)
F.rms_norm(x.long(), (6,))
F.local_response_norm(x1[0], 2)
F.embedding(i, E)
F.embedding(i, E, padding_idx=-1)
F.embedding(i, E, padding_idx=5)
F.embedding(i, E, padding_idx=-6)
F.embedding(i.int(), E).shape
F.embedding(i.float(), E)
F.embedding(i.bool(), E)
F.embedding(i + 1, E)
F.embedding(i - 1, E)
F.embedding(i, E[0])
F.embedding(i, E.detach(), max_norm=1.0)
F.embedding(T(2), E)
F.embedding(i, E.long())
F.embedding(E, i)
F.embedding(3, E)
F.embedding_bag(i, E)
F.embedding_bag(i, E.detach(), mode="max")
F.embedding_bag(i, E, mode="foo")
F.embedding_bag(i, E, T([0, 1]))
F.embedding_bag(i[0], E)
F.embedding_bag(i[0], E, T([[0]]))
F.embedding_bag(i[0], E, T([1]))
F.embedding_bag(i[0], E, T([0, 3]))
F.embedding_bag(i[0], E, T([0, 1, 1]), mode="sum")
F.embedding_bag(i[None], E)
F.embedding_bag(i, E[0])
F.embedding_bag(i, E, per_sample_weights=w4)
F.embedding_bag(i, E, per_sample_weights=torch.ones(2, 2))
F.embedding_bag(i, E, mode="max", scale_grad_by_freq=True)
F.dropout1d(x1)
F.dropout1d(x1[0])
F.dropout1d(x)
F.dropout2d(x)[:, :, 0]
F.dropout2d(x1)
F.dropout2d(x1[0])
F.dropout2d(x, 1.5)
F.dropout2d(x, 1.0)[0, 0, 0]
F.dropout2d(x * 1, 0.3, True, True)[:, :, 0, 0]
F.dropout3d(x3)[:, :, 0, 0]
F.dropout3d(x)[:, :, 0, 0]
F.dropout3d(x1)
F.alpha_dropout(x1)
F.alpha_dropout(x1, training=True)
F.alpha_dropout(x1, 1.0, True)
F.alpha_dropout(x1, 1.5, True)
F.alpha_dropout(x1 * 1, 0.3, True, True)
F.feature_alpha_dropout(x1, training=True)
F.feature_alpha_dropout(x1[0, 0], training=True)
torch.feature_dropout(x1, 0.5, True)
torch.alpha_dropout(x1, 0.5, True)
torch.feature_alpha_dropout(x1, 0.5, True)
F.interpolate(x1, scale_factor=1.5)[0]
F.interpolate(x, scale_factor=2, mode="bilinear")[0, 0]
F.interpolate(x)
F.interpolate(x, 2, 2)
F.interpolate(x, scale_factor=2, mode="linear")
F.interpolate(x, scale_factor=2, mode="foo")
F.interpolate(x, scale_factor=2, align_corners=True)
F.interpolate(x, (3, 4, 5))
F.interpolate(x, scale_factor=(3, 4, 5))
F.interpolate(x, 3, recompute_scale_factor=True)
F.interpolate(x1, 3, mode="bilinear", antialias=True)
nn.Conv2d(1, 2, 3)
nn.Conv2d(4, 6, (3, 2), 2, (1, 0), (1, 2), 2, False, "reflect")
nn.Conv1d(1, 2, 3, padding="same")
nn.Conv3d(1, 2, 3, dilation=2)
nn.Conv2d(1, 2, 3, groups=0)
nn.Conv2d(3, 2, 3, groups=2)
nn.Conv2d(2, 3, 3, groups=2)
nn.Conv2d(1, 2, 3, padding="same", stride=2)
nn.Conv2d(1, 2, 3).weight
nn.Conv2d(1, 2, 3).bias
nn.Conv2d(4, 2, 3)(x[:, :3])
nn.ConvTranspose2d(1, 2, 3, 2, 1, 1)
nn.ConvTranspose1d(4, 2, 3, groups=2, bias=False, dilation=3)
nn.ConvTranspose2d(1, 2, 3, padding_mode="reflect")
nn.ConvTranspose2d(4, 2, 3, stride=2)(x, output_size=(14, 14)).shape
nn.ConvTranspose2d(4, 2, 3, stride=2)(x, output_size=(20, 14)).shape
nn.ConvTranspose2d(4, 2, 3, stride=2)(x, output_size=(14,)).shape
nn.ConvTranspose2d(1, 2, 3).weight
nn.MaxPool2d(2)
nn.MaxPool2d(2)(x)[0]
nn.MaxPool1d(2, padding=1, ceil_mode=True)
nn.MaxPool2d((2, 3), stride=1, return_indices=True)
nn.AvgPool1d(2)
nn.AvgPool2d(2)
nn.AvgPool3d(2, 1)
nn.AdaptiveAvgPool2d((None, 3))
nn.AdaptiveMaxPool2d(2)
nn.LPPool2d(2, 3, stride=2)
nn.MaxUnpool2d(2)
nn.ReflectionPad2d(1)
nn.ZeroPad2d((1, 2, 3, 4))
nn.ConstantPad1d(2, 3.5)
nn.ConstantPad3d(1, 0)
nn.ZeroPad1d(2)
nn.CircularPad2d(1)
nn.CircularPad2d(1)(x1[0])
nn.Fold(6, 2)
nn.Unfold((2, 3), (1, 1), (0, 0), (2, 1))
nn.PixelShuffle(2)
nn.PixelUnshuffle(2)
nn.ChannelShuffle(2)
nn.Upsample(scale_factor=2)
nn.Upsample(12, mode="bilinear")
nn.UpsamplingBilinear2d(scale_factor=2)
nn.LayerNorm(6)
nn.LayerNorm((2, 6), eps=1e-3, elementwise_affine=False)
nn.LayerNorm(6, bias=False)
nn.GroupNorm(2, 4)
nn.GroupNorm(3, 4)
nn.GroupNorm(2, 4, affine=False)
nn.InstanceNorm2d(3)
nn.InstanceNorm2d(3, affine=True, track_running_stats=True)
nn.InstanceNorm1d(3)(x)
nn.InstanceNorm2d(3)(x).shape
nn.InstanceNorm2d(3, affine=True)(x)
nn.InstanceNorm2d(4)(x[0]).shape
nn.RMSNorm(6)
nn.RMSNorm((6,), eps=1e-3, elementwise_affine=False)
nn.LocalResponseNorm(2)
nn.BatchNorm2d(3)(x1)
nn.BatchNorm3d(3)(x1)
nn.Embedding(5, 3)
nn.Embedding(5, 3).weight
nn.Embedding(5, 3, padding_idx=1).weight
nn.Embedding(5, 3, padding_idx=0, max_norm=1, scale_grad_by_freq=True)
nn.Embedding(5, 3, padding_idx=5)
nn.Embedding(5, 3, padding_idx=-6)
nn.Embedding(5, 3, padding_idx=-1)
nn.Embedding(5, 3, _weight=torch.ones(4, 3))
nn.Embedding(5, 3, sparse=True)
nn.Embedding.from_pretrained(torch.ones(4, 3))
nn.Embedding.from_pretrained(torch.ones(4, 3)).weight.requires_grad
nn.Embedding.from_pretrained(torch.ones(4))
nn.EmbeddingBag(5, 3)
nn.EmbeddingBag(5, 3, mode="sum", padding_idx=1).weight
nn.EmbeddingBag(5, 3, mode="sum", padding_idx=-1, max_norm=2)
nn.EmbeddingBag(5, 3, padding_idx=7)
nn.EmbeddingBag.from_pretrained(torch.ones(4, 3))(T([[0, 1]]))
nn.Dropout2d(0.3)
nn.AlphaDropout()
nn.FeatureAlphaDropout(inplace=True)
""".strip().split("\n")


def outcome(torch: Any, functional: Any, case: str) -> dict[str, Any]:
    """What evaluating the case gives."""
    return functional_cases.outcome(torch, functional, case, namespace)


if __name__ == "__main__":
    import torch

    recorded = {case: outcome(torch, torch.nn.functional, case) for case in CASES}
    RECORDED.write_text(json.dumps(recorded, indent=0, ensure_ascii=False) + "\n")
