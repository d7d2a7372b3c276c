"""``summary``, ``plot_model`` and ``gradient_flow``: what they say of a model is true, and the model is left alone."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import tinygrad_edu.nn.functional as F

import tinygrad_edu as torch
from tinygrad_edu import keras, nn, optim
from tinygrad_edu.visualize import gradient_flow, plot_model, record, summary
from tinygrad_edu.visualize.models.layers import run_model


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.a, self.b = nn.Linear(n, n), nn.Linear(n, n)

    def forward(self, x):
        return F.relu(x + self.b(F.relu(self.a(x))))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat, self.fc1, self.norm = nn.Flatten(), nn.Linear(12, 8), nn.BatchNorm1d(8)
        self.act, self.block, self.drop, self.out = nn.ReLU(inplace=True), Block(8), nn.Dropout(), nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.drop(self.block(self.act(self.norm(self.fc1(self.flat(x)))))))


# ---- summary ----------------------------------------------------------------------------------------------------------


def test_summary(capsys):
    text = summary(Net(), (2, 3, 4))
    assert capsys.readouterr().out == text + "\n"
    lines = text.splitlines()
    row = {line.split(" (")[0].strip("│├└─ "): line for line in lines if " (" in line}
    assert re.search(r"fc1 \(Linear\) +\(2, 8\) +104$", row["fc1"])
    assert re.search(r"norm \(BatchNorm1d\) +\(2, 8\) +16$", row["norm"])
    assert re.search(r"│  └─ b \(Linear\) +\(2, 8\) +72$", "\n".join(lines), re.MULTILINE)
    assert lines[-4:-1] == ["Total params: 291", "Trainable params: 291", "Non-trainable params: 0"]
    assert text.total_params == text.trainable_params == 291
    assert len({len(line) for line in lines if line[0] in "=-"}) == 1


def test_summary_without_shapes_with_depth_frozen_and_shared():
    net = Net()
    net.fc1.requires_grad_(False)
    net.block.b.weight = net.block.a.weight
    text = summary(net, verbose=False)
    assert "Trainable params: 123" in text and "Non-trainable params: 104" in text and "(2," not in text
    assert re.search(r"b \(Linear\) +— +8$", text, re.MULTILINE)
    shallow = summary(net, depth=1, verbose=False)
    assert "├─ a (" not in shallow and re.search(r"block \(Block\) +— +80$", shallow, re.MULTILINE)
    net.block.b = net.block.a
    assert re.search(r"a \(Linear\) +— +72$", summary(net, verbose=False), re.MULTILINE)
    with pytest.raises(TypeError, match=r"summary\(\): argument 'model' must be Module, not int"):
        summary(3)


def test_summary_of_a_keras_model():
    layers = [keras.layers.Flatten(input_shape=(28, 28)), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10)]
    text = summary(keras.Sequential(layers), verbose=False)
    assert "(None, 128)" in text and "100,480" in text and "1,290" in text and "Total params: 101,770" in text


# ---- plot_model --------------------------------------------------------------------------------------------------------


def test_the_layers_and_what_feeds_which():
    run = run_model(Net(), (2, 3, 4))
    names = [each.name for each in run.layers]
    assert names == ["input", "flat", "fc1", "norm", "act", "block.a", "ReLU", "block.b", "+", "ReLU", "drop", "out"]
    place = {name: i for i, name in enumerate(names)}
    assert run.layers[place["+"]].sources == [place["act"], place["block.b"]]
    assert run.layers[place["drop"]].sources == [place["+"] + 1] and run.layers[place["out"]].sources == [place["drop"]]
    assert run.layers[place["fc1"]].inputs == [(2, 12)] and run.layers[place["fc1"]].outputs == [(2, 8)]


def test_the_model_is_left_alone():
    net = Net()
    net.block.eval()
    modes = [each.training for each in net.modules()]
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    plot_model(net, (2, 3, 4))
    summary(net, (2, 3, 4), verbose=False)
    assert torch.equal(torch.rand(1), expected) and [each.training for each in net.modules()] == modes
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    assert all(not each._hooks or not any(each._hooks.values()) for each in net.modules())


def test_the_picture(tmp_path):
    picture = plot_model(Net(), (2, 3, 4), to_file=tmp_path / "net.svg")
    text = (tmp_path / "net.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"block.a", "Linear", "(2, 8)", "(2, 3, 4)", "+"} <= set(words)
    assert "digraph" in picture.source and picture.svg() == text
    assert "(2, 8)" not in plot_model(Net(), (2, 3, 4), show_shapes=False).svg()
    whole = plot_model(Net(), (2, 3, 4), depth=1, rankdir="LR").svg()
    assert ">Block<" in whole and "block.a" not in whole


def test_several_inputs_and_errors():
    class Two(nn.Module):
        def forward(self, a, b):
            return torch.cat([a, b], 1)

    assert [each.name for each in run_model(Two(), [(2, 3), (2, 1)]).layers][:2] == ["input", "input"]
    assert run_model(Two(), input=(torch.ones(1, 1), torch.ones(1, 2))).layers[-1].outputs == [(1, 3)]
    with pytest.raises(ValueError, match=r"plot_model\(\) needs the shape of an input: input_size=\(batch, ...\)"):
        plot_model(Two())
    with pytest.raises(TypeError, match="must be a tuple of ints or a list of them, got 'x'"):
        plot_model(Two(), "x")
    with pytest.raises(ValueError, match="rankdir must be 'TB' or 'LR'"):
        plot_model(Two(), (1, 1), rankdir="BT")


def test_keras_draws_through_here(tmp_path):
    model = keras.Sequential([keras.layers.Dense(4, input_shape=(3,)), keras.layers.Dense(2)])
    keras.utils.plot_model(model, to_file=str(tmp_path / "model.svg"), show_shapes=True)
    assert "(None, 3)" in (tmp_path / "model.svg").read_text(encoding="utf-8")


# ---- gradient_flow -----------------------------------------------------------------------------------------------------


def deep(activation, depth=8, width=32):
    torch.manual_seed(0)
    layers = [each for _ in range(depth - 1) for each in (nn.Linear(width, width), activation())]
    for each in layers[::2]:
        nn.init.kaiming_normal_(each.weight)
    return nn.Sequential(*layers, nn.Linear(width, 10)), torch.randn(64, width), torch.randint(10, (64,))


def test_verdicts_of_deep_networks():
    criterion, verdicts = nn.CrossEntropyLoss(), {}
    for activation in (nn.ReLU, nn.Tanh, nn.Sigmoid):
        model, x, y = deep(activation)
        with gradient_flow(model) as flow:
            criterion(model(x), y).backward()
        verdicts[activation.__name__] = flow.verdict
        assert len(flow.layers) == 8 and flow.steps == 1
    assert verdicts == {"ReLU": "healthy", "Tanh": "healthy", "Sigmoid": "vanishing"}


def test_numbers_are_those_of_the_pass():
    model, x, y = deep(nn.Tanh, 3)
    hidden = []

    def keep(module, args, out):
        out.retain_grad()
        hidden.append(out)

    for each in (model[1], model[3], model[4]):
        each.register_forward_hook(keep)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with gradient_flow(model) as flow:
        nn.CrossEntropyLoss()(model(x), y).backward()
        before = model[0].weight.detach().clone()
        optimizer.step()
    hidden_grads = [each.grad.numpy() for each in hidden]
    for layer, value, grad in zip(flow.layers, hidden, hidden_grads, strict=True):
        assert np.isclose(layer.activation.std, value.detach().numpy().std(), rtol=1e-4)
        assert np.isclose(layer.gradient.rms, np.sqrt((grad**2).mean()), rtol=1e-5)
        assert layer.activations.counts.sum() == value.numel() and layer.gradients.counts.sum() == grad.size
    weight = model[0].weight.detach()
    ratio = float((weight - before).norm() / before.norm())
    assert np.isclose(flow.layers[0].update, ratio, rtol=1e-4)
    assert np.isclose(flow.layers[0].weight_gradient.rms, np.sqrt((model[0].weight.grad.numpy() ** 2).mean()), rtol=1e-5)
    assert np.isclose(flow.ratio, flow.layers[0].gradient.rms / flow.layers[-1].gradient.rms)


def test_a_recorded_step_says_the_same():
    model, x, y = deep(nn.ReLU, 4)
    criterion = nn.CrossEntropyLoss()
    with record(), gradient_flow(model) as watched:
        loss = criterion(model(x), y)
        loss.backward()
    read = gradient_flow(model, loss)
    assert read.verdict == watched.verdict and len(read.layers) == 4
    for a, b in zip(read.layers, watched.layers, strict=True):
        assert a.name == b.name and np.isclose(a.gradient.rms, b.gradient.rms) and a.dead == b.dead
        assert np.isclose(a.activation.std, b.activation.std) and np.isclose(a.weight_gradient.rms, b.weight_gradient.rms)
    with record():
        loss = criterion(model(x), y)
    assert gradient_flow(model, loss).verdict == "backward has not run"


def test_dead_and_exploding():
    model, x, y = deep(nn.ReLU, 3)
    model[0].bias.data.fill_(-100.0)
    with gradient_flow(model) as flow:
        nn.CrossEntropyLoss()(model(x), y).backward()
    assert flow.verdict == "dead" and flow.layers[0].dead == 1 and "100 % of the units" in flow.reason()
    model, x, y = deep(nn.ReLU, 3)
    for each in (model[2], model[4]):
        each.weight.data.mul_(1e3)
    with gradient_flow(model) as flow:
        model(x).sum().backward()
    assert flow.verdict == "exploding" and "more than 1000" in flow.reason()
    model, x, y = deep(nn.ReLU, 2)
    with gradient_flow(model) as flow:
        (model(x).sum() * float("nan")).backward()
    assert flow.verdict == "exploding" and flow.reason() == "a gradient is not finite"


def test_large_and_infinite_numbers_make_no_warnings():
    model, x, _ = deep(nn.ReLU, 3)
    model[2].weight.data.fill_(3e38)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    with np.errstate(all="raise"), gradient_flow(model) as flow:
        model(x).sum().backward()
        optimizer.step()
    assert flow.verdict == "exploding" and "exploding" in str(flow) and flow.svg()


def test_many_steps_and_the_picture():
    model, x, y = deep(nn.Tanh, 3)
    optimizer, criterion = optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()
    with gradient_flow(model, name='<b>"tanh"&</b>') as flow:
        for _ in range(4):
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
    assert flow.steps == 4 and all(each.update > 0 for each in flow.layers)
    text = str(flow)
    assert text.splitlines()[0].split()[:2] == ["layer", "shape"] and "healthy: the first layer's gradient is" in text
    picture = flow.svg(flow)
    root = ElementTree.fromstring(picture)
    assert picture == flow.svg(flow) and '<b>"tanh"' not in picture
    assert len(root.findall(".//{http://www.w3.org/2000/svg}g[@class='layer']")) == 6
    assert not any(each._hooks and any(each._hooks.values()) for each in model.modules())
    with pytest.raises(TypeError, match=r"gradient_flow\(\): argument 'model' must be Module, not str"):
        gradient_flow("model")
    assert ElementTree.fromstring(gradient_flow(nn.ReLU()).svg()) is not None


class Reader(nn.Module):
    """The rows of a picture as a sequence."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.out = layer, nn.Linear(6, 3)

    def forward(self, x):
        return self.out(self.layer(x)[0][:, -1])


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.LSTM(4, 6, batch_first=True), "4 → 6"),
        (nn.RNN(4, 6, batch_first=True), "4 → 6"),
        (nn.GRU(4, 3, 2, bidirectional=True, batch_first=True), "4 → 6"),
        (nn.LSTM(4, 5, proj_size=3, bidirectional=True, batch_first=True), "4 → 6"),
    ],
)
def test_the_flow_through_recurrent_layers(layer, text):
    """The sizes are the layer's, not those of its gates; a recorded step gives what the hooks give."""
    torch.manual_seed(0)
    model, x, y = Reader(layer), torch.randn(5, 7, 4), torch.tensor([0, 1, 2, 0, 1])
    with gradient_flow(model) as watched:
        nn.functional.cross_entropy(model(x), y).backward()
    model.zero_grad()
    with record():
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
    read = gradient_flow(model, loss)
    assert [each.text for each in watched.layers] == [each.text for each in read.layers] == [text, "6 → 3"]
    for ours, theirs in zip(read.layers, watched.layers, strict=True):
        assert ours.activation.std == pytest.approx(theirs.activation.std)
        assert ours.gradient.rms == pytest.approx(theirs.gradient.rms)
        assert ours.weight_gradient.rms == pytest.approx(theirs.weight_gradient.rms)
    assert watched.layers[0].activation.count == 5 * 6  # what reaches the next layer: the last step


def test_the_flow_through_convolutions_and_pooling():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(4, 8, 3, groups=2, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.ConvTranspose2d(8, 6, 2), nn.ReLU(),
        nn.Flatten(), nn.Linear(54, 3),
    )  # fmt: skip
    with torch.no_grad():
        model[0].weight[2:5], model[0].bias[2:5] = 0.0, -1.0  # three dead channels of eight
    x, y = torch.randn(5, 4, 4, 4), torch.tensor([0, 1, 2, 0, 1])
    with gradient_flow(model) as watched:
        nn.functional.cross_entropy(model(x), y).backward()
    with record():
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
    read = gradient_flow(model, loss)
    for flow in (watched, read):
        assert [each.text for each in flow.layers] == ["4 → 8", "8 → 6", "54 → 3"]
        assert flow.layers[0].dead == 3 / 8
        assert [each.activation.count for each in flow.layers] == [5 * 8 * 2 * 2, 5 * 54, 5 * 3]


@pytest.mark.parametrize(
    ("layer", "after", "x"),
    [
        (nn.Conv1d(2, 4, 1), nn.Conv1d(4, 1, 1), torch.linspace(-1, 1, 30).reshape(3, 2, 5)),
        (nn.Linear(2, 4), nn.Linear(4, 1), torch.linspace(-1, 1, 30).reshape(3, 5, 2)),
    ],
    ids=["channels in the middle", "features at the end"],
)
def test_dead_units_of_a_sequence(layer, after, x):
    with torch.no_grad():
        layer.bias[:] = 3.0
        layer.weight[1], layer.bias[1] = 0.0, -1.0
    model = nn.Sequential(layer, nn.ReLU(), after)
    with gradient_flow(model) as flow:
        model(x).sum().backward()
    assert flow.layers[0].dead == 1 / 4


def test_a_cells_result_is_not_the_next_steps_input():
    """A cell that runs step by step is followed by itself, and its first argument is the next row of the data."""
    torch.manual_seed(0)
    cell, out, x = nn.RNNCell(4, 6), nn.Linear(6, 3), 100 * torch.ones(5, 7, 4)
    model = nn.ModuleDict({"cell": cell, "out": out})
    with gradient_flow(model) as flow:
        h = torch.zeros(5, 6)
        for t in range(7):
            h = cell(x[:, t], h)
        out(h).sum().backward()
    assert [each.text for each in flow.layers] == ["4 → 6", "6 → 3"]
    assert flow.layers[0].activation.count == 7 * 5 * 6
    assert flow.layers[0].activation.std <= 1  # tanh's, not the data's


def test_a_loss_that_was_not_recorded_is_refused():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    loss = model(torch.ones(1, 2)).sum()
    loss.backward()
    with pytest.raises(ValueError, match="the loss was not recorded"):
        gradient_flow(model, loss)
    with record():
        loss = nn.Linear(2, 1)(torch.ones(1, 2)).sum()
        loss.backward()
    with pytest.raises(ValueError, match="no layer of the model"):
        gradient_flow(model, loss)


def test_a_model_that_begins_with_an_embedding_takes_indices():
    model = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(12, 2))
    assert "(5, 3, 4)" in summary(model, (5, 3), verbose=False)
    assert "(5, 3)" in plot_model(model, (5, 3)).svg()


def test_the_shape_of_a_sample_will_do() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 14 * 14, 10))
    sample, batch = (summary(model, size, verbose=False) for size in ((1, 28, 28), (1, 1, 28, 28)))
    assert "(None, 4, 14, 14)" in sample and "(1, 4, 14, 14)" in batch
    assert sample.total_params == batch.total_params == 40 + 7850
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(4x225 and 784x10\)"):
        summary(model, (1, 30, 30))
