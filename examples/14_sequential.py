"""Sequential: a stack of layers that is described, compiled, fitted, evaluated and asked.

Look at the two tables: a Dense layer has (inputs + 1) * units parameters, 785 * 128 = 100480 for the first one.
Then look at the order of the last calls, which is that of every training: compile, fit, evaluate, predict.
"""

import contextlib
import io

import numpy as np
from lesson import beside, options, pyplot, save_plot, written

import tinygrad_edu as torch
from tinygrad_edu import keras
from tinygrad_edu.datasets import load_wine, train_test_split
from tinygrad_edu.keras import layers

chosen = options(__doc__, epochs=(40, 8), seed=(1, 1))
keras.utils.set_random_seed(chosen.seed)

# Layers learn the shape of their input when they first see one.
model = keras.Sequential([
    layers.Dense(2, activation="relu", name="layer1"),
    layers.Dense(3, activation="relu", name="layer2"),
    layers.Dense(4, name="layer3"),
])  # fmt: skip
print(model(torch.ones(3, 3)))

# With an input shape the model is whole at once, and can be described.
big = keras.Sequential([
    layers.Flatten(input_shape=(28, 28)),
    layers.Dense(128, activation="relu"),
    layers.Dense(10, activation="softmax"),
])  # fmt: skip
with contextlib.redirect_stdout(io.StringIO()) as table:
    big.summary()
print(table.getvalue())
keras.utils.plot_model(big, to_file=written(chosen, "14_model.svg"), show_shapes=True)

small = keras.Sequential()
small.add(layers.Flatten(input_shape=(28, 28)))
small.add(layers.Dense(10, activation="softmax"))
small.summary()

# A small training: three kinds of wine by 13 measurements, each scaled to mean 0 and deviation 1.
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split((X - X.mean(0)) / X.std(0), y, test_size=0.25, random_state=0, stratify=y)
model = keras.Sequential([layers.Dense(16, activation="relu", input_dim=13), layers.Dense(3, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(X_train, y_train, epochs=chosen.epochs, batch_size=8, validation_data=(X_test, y_test)).history
test_loss, test_accuracy = model.evaluate(X_test, y_test, verbose=2)
predictions = model.predict(X_test)
print("the first wine:", predictions[0].round(4), "is", np.argmax(predictions[0]), "and should be", y_test[0])

if plt := pyplot():
    figure, panels = plt.subplots(1, 2, figsize=(10, 4))
    for panel, name, label in zip(panels, ("loss", "accuracy"), ("cross-entropy", "accuracy"), strict=True):
        panel.plot(history[name], color="#0f766e", linewidth=2, label="training")
        panel.plot(history[f"val_{name}"], color="#f97316", linewidth=2, label="validation")
        panel.set(title=name, xlabel="epoch", ylabel=label, ylim=(0, None if name == "loss" else 1.03))
        panel.grid(color="#e2e8f0")
        panel.legend(frameon=False)
    save_plot(plt, chosen, "14_history.png")

NOTE = """\
Layer (type)                 Output Shape              Param #
flatten (Flatten)            (None, 784)               0
dense (Dense)                (None, 128)               100480
dense_1 (Dense)              (None, 10)                1290
Total params: 101,770
Trainable params: 101,770
Non-trainable params: 0"""
ours = "\n".join(line.rstrip() for line in table.getvalue().splitlines()[1:] if line[0] not in "_=")
beside(
    ("the table of 784-128-10", NOTE, ours),
    ("one softmax layer", "7850", small.count_params()),
    ("keys of the history", "loss accuracy val_loss val_accuracy", " ".join(history)),
    ("a prediction's sum", 1.0, round(float(predictions[0].sum()), 4)),
)
