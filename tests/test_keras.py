"""``tinygrad_edu.keras`` behaves as Keras does; expected numbers follow from the formulas, written here in NumPy.

Losses, metrics, layers after ``set_weights``, initialisers' scales and ``fit``'s trajectories were also held against
Keras 3.15 itself (on PyTorch). What differs is PyTorch's: RMSprop's epsilon stands outside the root, and the moving variance of
BatchNormalization is the unbiased one.
"""

import re

import numpy as np
import pytest
from keras_models import data, fresh, regression, rng

import tinygrad_edu as torch
from tinygrad_edu import keras
from tinygrad_edu.keras import layers
from tinygrad_edu.utils.data import DataLoader, TensorDataset

__all__ = ["fresh", "rng"]  # fixtures

NOTE_784_128_10 = """\
Model: "sequential_1"
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
flatten (Flatten)            (None, 784)               0         
_________________________________________________________________
dense (Dense)                (None, 128)               100480    
_________________________________________________________________
dense_1 (Dense)              (None, 10)                1290      
=================================================================
Total params: 101,770
Trainable params: 101,770
Non-trainable params: 0
_________________________________________________________________
"""  # noqa: W291

NOTE_784_10 = """\
Model: "sequential_1"
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
flatten (Flatten)            (None, 784)               0         
_________________________________________________________________
dense_2 (Dense)              (None, 10)                7850      
=================================================================
Total params: 7,850
Trainable params: 7,850
Non-trainable params: 0
_________________________________________________________________
"""  # noqa: W291


# ---- models and summaries


def test_summary_of_784_128_10_is_the_notes(capsys):
    keras.Sequential()  # the note's is its second model
    model = keras.Sequential([
        layers.Flatten(input_shape=(28, 28)), layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax"),
    ])  # fmt: skip
    model.summary()
    assert capsys.readouterr().out == NOTE_784_128_10
    assert [layer.count_params() for layer in model.layers] == [0, 100480, 1290] and model.count_params() == 101770


def test_summary_of_one_softmax_layer_is_the_notes(capsys):
    keras.Sequential([layers.Dense(3), layers.Dense(1)])
    model = keras.Sequential()
    model.add(layers.Flatten(input_shape=(28, 28)))
    model.add(layers.Dense(10, activation="softmax"))
    model.summary()
    assert capsys.readouterr().out == NOTE_784_10


def test_summary_cuts_what_is_too_long_and_counts_what_does_not_train(capsys):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(1000, name="a_name_that_is_longer_than_its_column")])
    model.add(layers.BatchNormalization())
    model.summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[4].startswith("a_name_that_is_longer_than_i (None, 1000) ") and len(lines[4]) == 65
    assert lines[-4:-1] == ["Total params: 10,000", "Trainable params: 8,000", "Non-trainable params: 2,000"]


def test_a_model_is_built_by_its_first_batch():
    model = keras.Sequential([layers.Dense(2, activation="relu", name="layer1"), layers.Dense(4, name="layer3")])
    assert not model.built and model.weights == []
    with pytest.raises(ValueError, match="This model has not yet been built"):
        model.summary()
    y = model(np.ones((3, 3)))
    assert y.shape == (3, 4) and y.dtype == torch.float32 and model.built and model.output_shape == (4,)
    assert [w.shape for w in model.get_weights()] == [(3, 2), (2,), (2, 4), (4,)]
    assert y.numpy().shape == (3, 4)  # although it has a history
    model = keras.Sequential([layers.Dense(2)])
    model.build((None, 7))
    assert model.count_params() == 16


def test_names():
    model = keras.Sequential([layers.Dense(1), layers.MaxPooling2D(), layers.LSTM(2), layers.SimpleRNN(2), layers.Dense(1)])
    assert [layer.name for layer in model.layers] == ["dense", "max_pooling2d", "lstm", "simple_rnn", "dense_1"]
    with pytest.raises(ValueError, match="unique names"):
        model.add(layers.Dense(2, name="dense"))
    with pytest.raises(TypeError, match=r"Only instances of keras\.Layer"):
        model.add(torch.nn.Linear(1, 1))
    keras.utils.clear_session()
    assert layers.Dense(1).name == "dense"


def test_dropout_drops_in_training_only():
    model = keras.Sequential([keras.Input((1000,)), layers.Dropout(0.5)])
    x = torch.ones(1, 1000)
    assert model(x).tolist() == x.tolist() == model(x, training=False).tolist()
    dropped = model(x, training=True)
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert model(x).tolist() == x.tolist()  # it was for that call
    model.train()
    assert (model(x) == 0).any() and not (model(x, training=False) == 0).any() and (model(x) == 0).any()
    assert model.predict(np.ones((1, 1000))).tolist() == x.tolist() and model.training


def test_batch_normalization_in_a_model_learns_only_in_fit(rng):
    x, y = data(rng)
    model = keras.Sequential([layers.BatchNormalization(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.predict(x)
    model.evaluate(x, y, verbose=0)
    assert model.get_weights()[2].tolist() == [0] * 4
    model.fit(x, y, verbose=0)
    assert np.abs(model.get_weights()[2]).min() > 0


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.int32, np.float64, bool])
def test_numbers_of_any_kind_are_inputs(kind):
    model = keras.Sequential([layers.Flatten(), layers.Dense(2)])
    x = (np.arange(12).reshape(3, 2, 2) % 2).astype(kind)
    np.testing.assert_array_equal(model.predict(x), model.predict(x.astype(np.float32)))
    assert model.predict(x.tolist()).shape == (3, 2)


def test_a_layer_of_ones_own(rng):
    class Scale(layers.Layer):
        def build(self, input_shape):
            self.weight = torch.nn.Parameter(torch.full((input_shape[-1],), 2.0))
            return input_shape

        def call(self, inputs):
            return inputs * self.weight

    model = keras.Sequential([Scale(input_shape=(3,))])
    assert model.predict(np.ones((1, 3))).tolist() == [[2.0] * 3] and model.layers[0].name == "scale"


# ---- fit, evaluate, predict


def test_fit_is_gradient_descent_by_hand(rng):
    x, y = data(rng)
    model = keras.Sequential([layers.Dense(1, input_dim=4)])
    model.compile(keras.optimizers.SGD(learning_rate=0.1), "mse", ["mae"])
    (w, b), losses = model.get_weights(), []
    history = model.fit(x, y, batch_size=25, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        squares = 0.0
        for i in range(0, 60, 25):
            error = x[i : i + 25] @ w + b - y[i : i + 25]
            squares += (error**2).sum()
            w, b = w - 0.2 * x[i : i + 25].T @ error / len(error), b - 0.2 * error.mean(0)
        losses.append(squares / 60)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    assert list(history.history) == ["loss", "mae"] and history.epoch == [0, 1] and history.model is model


def test_evaluate_and_predict(rng):
    x, y = data(rng)
    model = regression(metrics=["mae", "mse"])
    predictions = model.predict(x, batch_size=7)
    assert isinstance(predictions, np.ndarray) and predictions.dtype == np.float32
    np.testing.assert_allclose(predictions, model(x).detach().numpy(), rtol=1e-5, atol=1e-6)
    loss, mae, mse = model.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(((predictions - y) ** 2).mean(), rel=1e-5) and mse == pytest.approx(loss)
    assert mae == pytest.approx(np.abs(predictions - y).mean(), rel=1e-5)
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "mae": mae, "mse": mse}
    assert isinstance(regression().evaluate(x, y, verbose=0), float)
    assert all(w.grad is None for w in model.weights)


def test_validation(rng):
    x, y = data(rng)
    model = regression(metrics=["mae"])
    history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.25).history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    np.testing.assert_allclose([history["val_loss"][-1], history["val_mae"][-1]], model.evaluate(x[45:], y[45:], verbose=0))
    seen = []
    model.fit(
        x, y, verbose=0, batch_size=1, validation_split=0.25,
        callbacks=keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs=None: seen.append(batch)),
    )  # fmt: skip
    assert seen == list(range(45))
    history = model.fit(x, y, verbose=0, validation_data=(x[:9], y[:9])).history
    assert history["val_loss"] == pytest.approx([model.evaluate(x[:9], y[:9], verbose=0)[0]])


def test_fit_from_a_loader(rng):
    x, y = data(rng)
    loader = DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=16)
    one, two = regression(), regression()
    two.set_weights(one.get_weights())
    a = one.fit(loader, epochs=3, verbose=0, validation_data=loader)
    b = two.fit(x, y, epochs=3, batch_size=16, shuffle=False, verbose=0, validation_data=(x, y))
    np.testing.assert_allclose(a.history["loss"], b.history["loss"], rtol=1e-6)
    np.testing.assert_allclose(a.history["val_loss"], b.history["val_loss"], rtol=1e-6)
    assert one.evaluate(loader, verbose=0) == pytest.approx(two.evaluate(x, y, verbose=0), rel=1e-6)
    np.testing.assert_allclose(one.predict(loader), two.predict(x), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="`y` is given by the loader"):
        one.fit(loader, y)


def test_shuffling_follows_the_seed(rng):
    x, y = data(rng)
    weights = regression().get_weights()

    def losses(seed, shuffle):
        model = regression()
        model.set_weights(weights)
        keras.utils.set_random_seed(seed)
        return model.fit(x, y, epochs=2, verbose=0, shuffle=shuffle).history["loss"]

    assert losses(1, True) == losses(1, True) != losses(2, True)
    assert losses(1, False) == losses(2, False)


def test_lines_of_fit_and_evaluate(rng, capsys):
    x, y = data(rng, 64)
    model = regression(metrics=["mae"])
    model.fit(x, y, epochs=2, validation_data=(x, y))
    number = r"\d+\.\d{4}"
    line = rf"2/2 \[={{30}}\] - 0s \d+[mu]s/step - loss: {number} - mae: {number} - val_loss: {number} - val_mae: {number}\n"
    assert re.fullmatch(f"Epoch 1/2\n{line}Epoch 2/2\n{line}", capsys.readouterr().out)
    model.fit(x, y, verbose=2)
    assert re.fullmatch(rf"Epoch 1/1\n2/2 - 0s - loss: {number} - mae: {number}\n", capsys.readouterr().out)
    model.evaluate(x, y, verbose=2)
    assert re.fullmatch(rf"2/2 - 0s - loss: {number} - mae: {number}\n", capsys.readouterr().out)
    model.fit(x, y, verbose=0)
    model.predict(x)
    assert capsys.readouterr().out == ""
    model.fit(x, y, epochs=4, initial_epoch=3, verbose="auto")
    assert capsys.readouterr().out.startswith("Epoch 4/4\n")


def test_small_numbers_are_shown_with_an_exponent():
    from tinygrad_edu.keras.progress import _duration, _numbers, _per_step

    assert _numbers({"loss": 0.00012345, "mae": 12.5}) == " - loss: 1.2345e-04 - mae: 12.5000"
    assert [_duration(s) for s in (0.4, 59, 61, 3723)] == ["0s", "59s", "1:01", "1:02:03"]
    assert [_per_step(s) for s in (2.3, 0.0021, 0.000987)] == ["2s/step", "2ms/step", "987us/step"]


def test_a_bar_moves_where_there_is_a_terminal(capsys, monkeypatch):
    from tinygrad_edu.keras import progress

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    clock = iter(range(100))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    bar = progress.Progress(10, 1)
    for done in range(1, 11):
        bar.step(done, {"loss": 0.5})
    bar.finish({"loss": 0.5})
    shown = capsys.readouterr().out
    assert shown.startswith("\r 1/10 [==>...........................] - ETA: 9s - loss: 0.5000\x1b[K\r 2/10 [=====>")
    assert shown.endswith("\r10/10 [==============================] - 11s 1s/step - loss: 0.5000\x1b[K\n")


def test_misuse(rng):
    x, y = data(rng)
    model = keras.Sequential([layers.Dense(1)])
    for method in (model.fit, model.evaluate):
        with pytest.raises(RuntimeError, match=r"You must call `compile\(\)`"):
            method(x, y)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="x has 60 samples, y has 10"):
        model.fit(x, y[:10], verbose=0)
    with pytest.raises(ValueError, match="`validation_split`"):
        model.fit(x, y, verbose=0, validation_split=1.5)
    model.predict(x)
    before = model.get_weights()
    for wrong in ([np.ones((4, 1))], [np.ones((4, 1)), np.ones(2)], [np.ones((1, 4)), np.ones(1)]):
        with pytest.raises(ValueError, match=r"has weights of shapes \[\(4, 1\), \(1,\)\]"):
            model.set_weights(wrong)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    before[0][:] = 7  # a copy
    assert model.get_weights()[0][0, 0] != 7


@pytest.mark.parametrize("name", ["sgd", "adam", "AdamW", "adamax", "nadam", "RMSprop", "adagrad", "adadelta"])
def test_every_optimiser_goes_downhill(name, rng):
    x, y = data(rng)
    losses = regression(name).fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses == sorted(losses, reverse=True)


def test_a_learning_rate_can_be_changed_between_epochs(rng):
    x, y = data(rng)
    model = regression()
    assert model.optimizer.learning_rate == 0.01
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.learning_rate = 0.3
    assert optimizer.lr == 0.3


# ---- callbacks, files


def test_callbacks_are_told_in_order(rng):
    x, y = data(rng)
    told = []

    class Teller(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            told.append(("begin", self.model))

        def on_epoch_begin(self, epoch, logs=None):
            told.append(("epoch", epoch))

        def on_train_batch_end(self, batch, logs=None):
            told.append((batch, sorted(logs)))

        def on_epoch_end(self, epoch, logs=None):
            told.append(("end", sorted(logs)))

        def on_train_end(self, logs=None):
            told.append("done")

    model = regression(metrics=["mae"])
    model.fit(x, y, verbose=0, callbacks=[Teller()], validation_split=0.5)
    logs = ["loss", "mae"]
    assert told == [("begin", model), ("epoch", 0), (0, logs), ("end", [*logs, "val_loss", "val_mae"]), "done"]
    with pytest.raises(TypeError, match="no method 'on_tea'"):
        keras.callbacks.LambdaCallback(on_tea=print)


class Scripted(keras.callbacks.Callback):
    """Puts numbers of the test's own choice into the logs."""

    def __init__(self, **series):
        self.series = series

    def on_epoch_end(self, epoch, logs=None):
        logs.update({name: values[epoch] for name, values in self.series.items()})


@pytest.mark.parametrize(
    ("options", "series", "epochs"),
    [
        ({"monitor": "x"}, [3, 2, 2, 1, 1], 3),
        ({"monitor": "x", "patience": 2}, [3, 2, 2.5, 2, 1], 4),
        ({"monitor": "x", "patience": 2}, [3, 2, 2.5, 1, 1], 5),
        ({"monitor": "x", "min_delta": 0.5}, [3, 2.6, 2, 1, 0], 2),
        ({"monitor": "x", "mode": "max"}, [1, 2, 3, 3, 4], 4),
        ({"monitor": "val_accuracy"}, [1, 2, 3, 3, 4], 4),
        ({"monitor": "x", "baseline": 1, "patience": 2}, [3, 2, 2, 2, 0], 3),
        ({"monitor": "x", "start_from_epoch": 3}, [1, 2, 3, 3, 4], 5),
    ],
)
def test_early_stopping(options, series, epochs, rng):
    x, y = data(rng)
    told = [Scripted(**{options["monitor"]: series}), keras.callbacks.EarlyStopping(**options)]
    assert len(regression().fit(x, y, epochs=5, verbose=0, callbacks=told).epoch) == epochs


def test_early_stopping_goes_back_to_the_best_weights(rng, capsys):
    x, y = data(rng)
    model, kept = regression(), []
    stop = keras.callbacks.EarlyStopping("x", patience=2, restore_best_weights=True, verbose=1)
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()))
    model.fit(x, y, epochs=9, verbose=0, callbacks=[Scripted(x=[3, 1, 2, 2, 9, 9, 9, 9, 9]), stop, keep])
    assert stop.stopped_epoch == 3 and len(kept) == 4
    for a, b in zip(model.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert capsys.readouterr().out == ("Epoch 4: early stopping\nRestoring model weights from the end of the best epoch: 2.\n")
    with pytest.warns(UserWarning, match="`nothing` which is not available. Available metrics are: loss"):
        model.fit(x, y, verbose=0, callbacks=[keras.callbacks.EarlyStopping("nothing")])
    with pytest.raises(ValueError, match="`mode`"):
        keras.callbacks.EarlyStopping(mode="down")


def test_model_checkpoint(rng, tmp_path, capsys):
    x, y = data(rng)
    model = regression()
    best = keras.callbacks.ModelCheckpoint(tmp_path / "best.pt", monitor="x", save_best_only=True, verbose=1)
    every = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}-{x:.1f}.pt")
    model.fit(x, y, epochs=3, verbose=0, callbacks=[Scripted(x=[3, 1, 2]), best, every])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01-3.0.pt", "02-1.0.pt", "03-2.0.pt", "best.pt"]
    shown = capsys.readouterr().out
    assert f"\nEpoch 2: x improved from 3.00000 to 1.00000, saving model to {tmp_path / 'best.pt'}\n" in shown
    assert "\nEpoch 3: x did not improve from 1.00000\n" in shown
    other = regression()
    other.load_weights(tmp_path / "02-1.0.pt")
    second = other.get_weights()
    other.load_weights(tmp_path / "best.pt")
    for a, b, c in zip(other.get_weights(), second, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()
    with pytest.raises(ValueError, match="Only weights"):
        keras.callbacks.ModelCheckpoint("x", save_weights_only=False)


def test_weights_go_through_a_file(tmp_path, rng):
    def make():
        return keras.Sequential([
            keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(3),
        ])  # fmt: skip

    model, other, x = make(), make(), rng.normal(size=(2, 6, 6, 1))
    model.save_weights(tmp_path / "w.pt")
    other.load_weights(tmp_path / "w.pt")  # its layers have other names
    np.testing.assert_array_equal(model.predict(x), other.predict(x))
    with pytest.raises(ValueError, match="those of another model"):
        regression().load_weights(tmp_path / "w.pt")
    with pytest.raises(ValueError, match="not yet been built"):
        keras.Sequential([layers.Dense(1)]).load_weights(tmp_path / "w.pt")


# ---- with the other doors


def test_a_tape_and_apply_gradients_do_what_fit_does(rng):
    x, y = data(rng, 20)
    one, two = regression("adam"), regression("adam")
    two.set_weights(one.get_weights())
    one.fit(x, y, epochs=3, batch_size=20, shuffle=False, verbose=0)
    optimizer, loss = keras.optimizers.Adam(), keras.losses.MeanSquaredError()
    for _ in range(3):
        with torch.GradientTape() as tape:
            value = loss(torch.tensor(y), two(x, training=True))
        grads = tape.gradient(value, two.trainable_variables)
        optimizer.apply_gradients(zip(grads, two.trainable_variables, strict=True))
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert all(w.grad is None for w in two.weights)


def test_apply_gradients_changes_what_has_a_gradient_and_nothing_else():
    a, b = torch.Variable([1.0, 2.0]), torch.Variable(3.0)
    sgd = keras.optimizers.SGD(0.5)
    sgd.apply_gradients([(torch.tensor([1.0, 1.0]), a), (None, b)])
    assert a.tolist() == [0.5, 1.5] and b.item() == 3.0
    b.grad = torch.tensor(100.0)  # somebody else's
    sgd.apply_gradients([(torch.tensor([1.0, 0.0]), a)])
    assert a.tolist() == [0.0, 1.5] and b.item() == 3.0 and b.grad.item() == 100.0
    sgd.apply_gradients([(torch.tensor(2.0), b)])
    assert b.item() == 2.0
    with pytest.raises(ValueError, match="No gradients provided"):
        sgd.apply_gradients([(None, a)])
    with pytest.raises(ValueError, match="built for other variables"):
        sgd.apply_gradients([(torch.tensor(1.0), torch.Variable(0.0))])


def test_pytorchs_loop_trains_it_too(rng):
    x, y = map(torch.tensor, data(rng))
    model = regression()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0] and "dense.linear.weight" in model.state_dict()


def test_plot_model_shows_the_shapes(tmp_path):
    model = keras.Sequential([layers.Flatten(input_shape=(28, 28)), layers.Dense(10, activation="softmax")])
    picture = keras.utils.plot_model(model, to_file=tmp_path / "model.svg", show_shapes=True)
    text = (tmp_path / "model.svg").read_text()
    assert "(None, 784)" in text and "(None, 10)" in text and "784" in picture.source


def test_to_categorical():
    assert keras.utils.to_categorical([0, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert keras.utils.to_categorical([[1], [0]], 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    with pytest.raises(ValueError, match="2 classes do not hold"):
        keras.utils.to_categorical([0, 2], 2)


def test_it_learns_digits_with_a_convolution():
    sklearn = pytest.importorskip("sklearn.datasets")
    digits = sklearn.load_digits()
    x, y = digits.images[..., None] / 16, digits.target
    model = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(x[:1400], y[:1400], epochs=10, verbose=0)
    assert model.evaluate(x[1400:], y[1400:], verbose=0)[1] >= 0.9
