"""The layers, losses and metrics of ``tinygrad_edu.keras`` are Keras's formulas, written here in NumPy."""

import re

import numpy as np
import pytest
from keras_models import fresh, rng

import tinygrad_edu as torch
from tinygrad_edu import keras
from tinygrad_edu.keras import layers

__all__ = ["fresh", "rng"]  # fixtures

# ---- layers


@pytest.mark.parametrize(
    ("make", "shape", "result", "count"),
    [
        (lambda: layers.Dense(5), (4,), (5,), 25),
        (lambda: layers.Dense(5, use_bias=False), (3, 4), (3, 5), 20),
        (lambda: layers.Flatten(), (3, 4, 2), (24,), 0),
        (lambda: layers.Dropout(0.5), (3, 4), (3, 4), 0),
        (lambda: layers.Activation("softmax"), (7,), (7,), 0),
        (lambda: layers.Conv2D(6, 3), (9, 11, 2), (7, 9, 6), 114),
        (lambda: layers.Conv2D(6, (3, 2), strides=2, padding="same"), (9, 11, 2), (5, 6, 6), 78),
        (lambda: layers.Conv2D(6, 3, strides=(2, 3), use_bias=False), (9, 11, 2), (4, 3, 6), 108),
        (lambda: layers.MaxPooling2D(), (9, 11, 2), (4, 5, 2), 0),
        (lambda: layers.MaxPooling2D((2, 3), strides=1, padding="same"), (9, 11, 2), (9, 11, 2), 0),
        (lambda: layers.BatchNormalization(), (9, 11, 2), (9, 11, 2), 8),
        (lambda: layers.Embedding(10, 4), (6,), (6, 4), 40),
        (lambda: layers.SimpleRNN(4), (6, 3), (4,), 32),
        (lambda: layers.SimpleRNN(4, activation="relu", return_sequences=True), (6, 3), (6, 4), 32),
        (lambda: layers.LSTM(4), (6, 3), (4,), 128),
        (lambda: layers.LSTM(4, return_sequences=True, use_bias=False), (6, 3), (6, 4), 112),
    ],
)
def test_shapes_and_counts(make, shape, result, count):
    layer = make()
    assert not layer.built
    out = layer(torch.ones(2, *shape))
    assert tuple(out.shape) == (2, *result) and layer.output_shape == result
    assert layer.count_params() == count == sum(w.size for w in layer.get_weights())
    before = layer.get_weights()
    layer.set_weights([w + 1 for w in before])
    for new, old in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(new, old + 1)


def set_to(layer, rng, shape):
    layer.ensure_built(shape)
    weights = [rng.normal(size=w.shape).astype(np.float32) for w in layer.get_weights()]
    layer.set_weights(weights)
    return weights


def test_dense_is_its_formula_in_kerass_layout(rng):
    x = rng.normal(size=(5, 3, 4)).astype(np.float32)
    layer = layers.Dense(2, activation="sigmoid")
    kernel, bias = set_to(layer, rng, (3, 4))
    np.testing.assert_allclose(layer(torch.tensor(x)).detach().numpy(), 1 / (1 + np.exp(-(x @ kernel + bias))), rtol=1e-5)


def test_conv_is_its_formula_in_kerass_layout(rng):
    x = rng.normal(size=(2, 5, 6, 3)).astype(np.float32)
    layer = layers.Conv2D(4, (3, 2), padding="same")
    kernel, bias = set_to(layer, rng, (5, 6, 3))
    padded = np.pad(x, [(0, 0), (1, 1), (0, 1), (0, 0)])  # TensorFlow's odd one comes last
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 2), (1, 2))
    expected = np.einsum("nhwcij,ijco->nhwo", windows, kernel) + bias
    np.testing.assert_allclose(layer(torch.tensor(x)).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_pooling_of_negative_numbers_does_not_see_its_padding():
    x = -torch.ones(1, 3, 3, 1)
    assert layers.MaxPooling2D(2, padding="same")(x).tolist() == (-torch.ones(1, 2, 2, 1)).tolist()


def test_lstm_is_its_formula_in_kerass_layout(rng):
    x = rng.normal(size=(2, 5, 3)).astype(np.float32)
    layer = layers.LSTM(4)
    kernel, recurrent, bias = set_to(layer, rng, (5, 3))
    h = c = np.zeros((2, 4), np.float32)
    for step in range(5):
        z = x[:, step] @ kernel + h @ recurrent + bias
        i, f, g, o = np.split(z, 4, 1)
        i, f, o = (1 / (1 + np.exp(-each)) for each in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
    np.testing.assert_allclose(layer(torch.tensor(x)).detach().numpy(), h, rtol=1e-4, atol=1e-6)


def test_simple_rnn_is_its_formula_in_kerass_layout(rng):
    x = rng.normal(size=(2, 5, 3)).astype(np.float32)
    layer = layers.SimpleRNN(4, return_sequences=True)
    kernel, recurrent, bias = set_to(layer, rng, (5, 3))
    h, states = np.zeros((2, 4), np.float32), []
    for step in range(5):
        h = np.tanh(x[:, step] @ kernel + h @ recurrent + bias)
        states.append(h)
    np.testing.assert_allclose(layer(torch.tensor(x)).detach().numpy(), np.stack(states, 1), rtol=1e-4, atol=1e-6)


def test_batch_normalization(rng):
    x = rng.normal(2, 3, size=(50, 6, 4)).astype(np.float32)
    layer = layers.BatchNormalization()
    out = layer(torch.tensor(x)).detach().numpy()  # in training: a layer alone is an nn.Module
    flat = x.reshape(-1, 4)
    np.testing.assert_allclose(out, (x - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3), rtol=1e-3, atol=1e-4)
    gamma, beta, mean, var = layer.get_weights()
    assert gamma.tolist() == [1] * 4 and beta.tolist() == [0] * 4
    np.testing.assert_allclose(mean, 0.01 * flat.mean(0), rtol=1e-4)
    np.testing.assert_allclose(var, 0.99 + 0.01 * flat.var(0, ddof=1), rtol=1e-4)
    layer.eval()
    expected = (x - mean) / np.sqrt(var + 1e-3)
    np.testing.assert_allclose(layer(torch.tensor(x)).detach().numpy(), expected, rtol=1e-4)
    assert len(layer.trainable_variables) == 2 == len(layer.trainable_weights)


def test_initial_values():
    dense, lstm, table = layers.Dense(300), layers.LSTM(50), layers.Embedding(200, 100)
    kernel, bias = (dense.ensure_built((200,)), dense.get_weights())[1]
    limit = np.sqrt(6 / 500)  # Glorot's
    assert 0.99 * limit < np.abs(kernel).max() <= limit and abs(kernel.std() - limit / 3**0.5) < 0.01 * limit
    assert not bias.any()
    lstm.ensure_built((5, 20))
    kernel, recurrent, bias = lstm.get_weights()
    assert np.abs(kernel).max() <= np.sqrt(6 / 220)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(50), atol=1e-5)
    assert bias.tolist() == [0] * 50 + [1] * 50 + [0] * 100  # the forget gate's
    assert 0.049 < np.abs(table.get_weights()[0]).max() <= 0.05


@pytest.mark.parametrize(
    ("name", "std", "largest"),
    [
        ("he_normal", np.sqrt(2 / 200), 2 / 0.87962566), ("lecun_normal", np.sqrt(1 / 200), 2 / 0.87962566),
        ("glorot_normal", np.sqrt(2 / 500), 2 / 0.87962566), ("he_uniform", np.sqrt(2 / 200), 3**0.5),
        ("lecun_uniform", np.sqrt(1 / 200), 3**0.5), ("random_normal", 0.05, 9), ("random_uniform", 0.05 / 3**0.5, 3**0.5),
        ("truncated_normal", 0.05 * 0.87962566, 2 / 0.87962566), ("zeros", 0, 0), ("normal", 0.05, 9),
    ],
)  # fmt: skip
def test_initialisers_have_their_scales(name, std, largest):
    layer = layers.Dense(300, kernel_initializer=name, use_bias=False)
    layer.ensure_built((200,))
    (kernel,) = layer.get_weights()
    assert abs(kernel.std() - std) <= 0.01 * std and np.abs(kernel).max() <= largest * std * 1.0001


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "exponential": np.exp,
    "relu6": lambda x: np.clip(x, 0, 6),
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_their_formulas(name, rng):
    x = rng.normal(0, 3, size=(4, 5)).astype(np.float32)
    out = layers.Activation(name)(torch.tensor(x)).numpy()
    np.testing.assert_allclose(out, ACTIVATIONS[name](x.astype(np.float64)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dense(0), "invalid value for `units`"),
        (lambda: layers.Dense(2, activation="none"), "Unknown activation: 'none'"),
        (lambda: layers.Dense(2, kernel_initializer="none"), "Unknown initializer: 'none'"),
        (lambda: layers.Dropout(1.5), "between 0 and 1"),
        (lambda: layers.Conv2D(2, 0), "`kernel_size` must be"),
        (lambda: layers.Conv2D(2, 3, padding="full"), "'valid' or 'same'"),
        (lambda: layers.Conv2D(2, 3)(torch.ones(1, 5, 5)), r"samples of shape \(height, width, channels\)"),
        (lambda: layers.Conv2D(2, 3)(torch.ones(1, 2, 5, 1)), "does not fit"),
        (lambda: layers.LSTM(2)(torch.ones(1, 5)), r"samples of shape \(steps, features\)"),
        (lambda: layers.SimpleRNN(2, activation="gelu"), "'tanh' or 'relu'"),
        (lambda: layers.InputLayer(), "needs a shape"),
        (lambda: keras.optimizers.get("none"), "Unknown optimizer: 'none'"),
        (lambda: keras.optimizers.get(1), "a name or one of"),
        (lambda: keras.losses.get("none"), "Unknown loss: 'none'"),
        (lambda: keras.metrics.get("none"), "Unknown metric: 'none'"),
    ],
)
def test_layers_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---- losses and metrics


def probabilities(rng, *shape):
    p = np.exp(rng.normal(size=shape))
    return (p / p.sum(-1, keepdims=True)).astype(np.float32)


def test_losses_are_their_formulas(rng):
    z, p, q = rng.normal(size=(7, 4)).astype(np.float32), probabilities(rng, 7, 4), probabilities(rng, 7, 4)
    bits, labels = rng.integers(0, 2, (7, 4)).astype(np.float32), rng.integers(0, 4, 7)
    one_hot = keras.utils.to_categorical(labels, 4).astype(np.float32)
    log_softmax = z - np.log(np.exp(z).sum(1, keepdims=True))
    s, d = 1 / (1 + np.exp(-z)), np.abs(z - p)
    L = keras.losses
    for loss, true, pred, expected in [
        ("mse", z, p, (d**2).mean()),
        ("mean_squared_error", z, p, (d**2).mean()),
        ("mae", z, p, d.mean()),
        (L.Huber(0.7), z, p, np.where(d <= 0.7, d**2 / 2, 0.7 * (d - 0.35)).mean()),
        ("hinge", bits, z, np.maximum(1 - (2 * bits - 1) * z, 0).mean()),
        ("hinge", 2 * bits - 1, z, np.maximum(1 - (2 * bits - 1) * z, 0).mean()),
        ("kl_divergence", p, q, (p * np.log(p / q)).sum(1).mean()),
        ("binary_crossentropy", bits, s, -np.log(np.where(bits == 1, s, 1 - s)).mean()),
        (L.BinaryCrossentropy(from_logits=True), bits, z, -np.log(np.where(bits == 1, s, 1 - s)).mean()),
        (L.BinaryCrossentropy(label_smoothing=0.2), bits, s,
         -((0.8 * bits + 0.1) * np.log(s) + (0.9 - 0.8 * bits) * np.log(1 - s)).mean()),
        ("categorical_crossentropy", one_hot, p, -np.log(p[range(7), labels]).mean()),
        (L.CategoricalCrossentropy(from_logits=True), one_hot, z, -log_softmax[range(7), labels].mean()),
        (L.CategoricalCrossentropy(label_smoothing=0.2), one_hot, p, -((0.8 * one_hot + 0.05) * np.log(p)).sum(1).mean()),
        ("sparse_categorical_crossentropy", labels, p, -np.log(p[range(7), labels]).mean()),
        ("sparse_categorical_crossentropy", labels[:, None], p, -np.log(p[range(7), labels]).mean()),
        (L.SparseCategoricalCrossentropy(from_logits=True), labels, z, -log_softmax[range(7), labels].mean()),
        (lambda t, y: (t - y).abs().sum(1), z, p, d.sum(1).mean()),
    ]:  # fmt: skip
        found = keras.losses.get(loss)(torch.tensor(true), torch.tensor(pred))
        assert found.shape == () and found.item() == pytest.approx(expected, rel=1e-5), loss


def test_losses_stay_finite_at_the_ends_and_have_gradients():
    right, wrong = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]])
    for name in ("binary_crossentropy", "categorical_crossentropy"):
        assert keras.losses.get(name)(right, wrong).item() == pytest.approx(-np.log(1e-7), rel=1e-2)
    p = torch.tensor([[0.25, 0.75]], requires_grad=True)
    keras.losses.get("sparse_categorical_crossentropy")(torch.tensor([1]), p).backward()
    np.testing.assert_allclose(p.grad.numpy(), [[1.0, 1 - 1 / 0.75]], rtol=1e-5)  # probabilities are normalised first


def test_shapes_of_targets():
    mse, sparse = keras.losses.get("mse"), keras.losses.get("sparse_categorical_crossentropy")
    assert mse(torch.zeros(3), torch.ones(3, 1)).item() == 1 and mse(torch.zeros(3, 1), torch.ones(3)).item() == 1
    for loss, true, pred in [(mse, (3, 2), (3, 1)), (mse, (3,), (4,)), (mse, (2, 2, 3), (2, 6)), (sparse, (3, 2), (3, 5))]:
        with pytest.raises(ValueError, match=re.escape(f"shape {true}, the predictions {pred}")):
            loss(torch.zeros(true), torch.zeros(pred))


def test_metrics_are_means_over_all_batches(rng):
    p, labels = probabilities(rng, 7, 4), rng.integers(0, 4, 7)
    one_hot, bits = np.eye(4)[labels], rng.integers(0, 2, (7, 1))
    s, z, t = rng.uniform(size=(7, 1)), rng.normal(size=(7, 4)), rng.normal(size=(7, 4))
    right = (p.argmax(1) == labels).mean()
    for name, true, pred, expected in [
        ("accuracy", labels, p, right),
        ("acc", labels[:, None], p, right),
        ("accuracy", one_hot, p, right),
        ("accuracy", bits, s, ((s > 0.5) == bits).mean()),
        ("accuracy", bits[:, 0], s, ((s > 0.5) == bits).mean()),
        ("binary_accuracy", one_hot, p, ((p > 0.5) == one_hot).mean()),
        ("categorical_accuracy", one_hot, p, right),
        ("sparse_categorical_accuracy", labels, p, right),
        ("mse", t, z, ((t - z) ** 2).mean()),
        ("mae", t, z, np.abs(t - z).mean()),
        ("root_mean_squared_error", t, z, np.sqrt(((t - z) ** 2).mean())),
        ("sparse_categorical_crossentropy", labels, p, -np.log(p[range(7), labels]).mean()),
    ]:
        metric = keras.metrics.get(name)
        assert metric.name == name and metric.result() == 0
        for part in (slice(0, 3), slice(3, 7)):
            metric.update_state(true[part], pred[part])
        assert metric.result() == pytest.approx(expected, rel=1e-5), name
        metric.reset_state()
        assert metric(true, pred) == pytest.approx(expected, rel=1e-5)
    assert keras.metrics.BinaryAccuracy().name == "binary_accuracy"
