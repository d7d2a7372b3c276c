"""Fashion-MNIST, MNIST or scikit-learn's digits: images in, one of ten classes out.

The real images are read from their IDX files in ``--data DIR``, or downloaded where there is a network; where there is
neither, the same code learns scikit-learn's digits, 8 x 8 pixels. Look at the pictures that are named wrongly (in orange),
and at the bars beside them: a wrong answer is seldom a confident one.

    python examples/15_fashion_mnist.py [--data DIR] [--images FashionMNIST|MNIST|digits] [--quick]
"""

import argparse
import sys

import numpy as np
from lesson import beside, options, pyplot, save_plot

from tinygrad_edu import datasets, keras
from tinygrad_edu.keras import layers

parser = argparse.ArgumentParser(add_help=False)
parser.add_argument("--data", metavar="DIR")
parser.add_argument("--images", choices=["FashionMNIST", "MNIST", "digits"])
own, sys.argv[1:] = parser.parse_known_args()
chosen = options(__doc__, epochs=(5, 1), seed=(1, 1))
keras.utils.set_random_seed(chosen.seed)


def load_data():
    """Name, names of the classes, and images with labels to train and to test with; pixels from 0 to 1."""
    if own.images != "digits" and (own.data or not chosen.quick):
        kind = own.images or "FashionMNIST"
        try:
            found = [getattr(datasets, kind)(own.data or "data", train=train, download=not own.data) for train in (True, False)]
        except RuntimeError as error:
            if own.data:
                raise SystemExit(str(error)) from None
            print("No network and no --data DIR: scikit-learn's digits.")
        else:
            return kind, found[0].classes, *((each.data.numpy() / 255.0, each.targets.numpy()) for each in found)
    digits = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images, labels = digits.images[order] / 16.0, digits.target[order]
    return "digits", [str(i) for i in range(10)], (images[:1437], labels[:1437]), (images[1437:], labels[1437:])


def train(*stack, epochs):
    """A network of these layers, trained; and its accuracy on the test images."""
    model = keras.Sequential([layers.Flatten(input_shape=train_images.shape[1:]), *stack])
    model.summary()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train_images, train_labels, epochs=epochs, verbose=2)
    test_loss, test_accuracy = model.evaluate(test_images, test_labels, verbose=2)
    print("Test loss:", test_loss, "\nTest accuracy:", test_accuracy)
    return model, test_accuracy, f"{name}, {epochs} epochs"


name, class_names, (train_images, train_labels), (test_images, test_labels) = load_data()
epochs = chosen.epochs * (8 if name == "digits" else 1)  # fewer images, more epochs
model, deep, deep_run = train(layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax"), epochs=epochs)
_, flat, flat_run = train(layers.Dense(10, activation="softmax"), epochs=2 * epochs)

predictions = model.predict(test_images)
print(predictions[0], np.argmax(predictions[0]), "should be", test_labels[0])

if plt := pyplot():
    rows, columns = 5, 3
    figure, panels = plt.subplots(rows, 2 * columns, figsize=(11, 9.5))
    wrong = np.flatnonzero(predictions.argmax(1) != test_labels)
    # The first twelve, and three that are named wrongly, which might not be among the first.
    shown = list(dict.fromkeys([*range(rows * columns - 3), *wrong[:3], *range(len(test_labels))]))
    for i, (picture, bars) in zip(shown, panels.reshape(-1, 2), strict=False):
        predicted, true = predictions[i].argmax(), test_labels[i]
        right = "#2563eb" if predicted == true else "#ea580c"
        picture.imshow(test_images[i], cmap="binary")
        said = f"{class_names[predicted]}: {100 * predictions[i].max():.0f}%"
        picture.set_xlabel(said + ("" if predicted == true else f"\n(is {class_names[true]})"), color=right)
        colours = ["#cbd5e1"] * 10
        colours[predicted], colours[true] = "#ea580c", "#2563eb"
        bars.bar(range(10), predictions[i], color=colours)
        bars.set(ylim=(0, 1))
        bars.set_xticks(range(10), range(10), fontsize=7)
        for panel in (picture, bars):
            panel.set_yticks([])
        picture.set_xticks([])
        bars.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle(f"{name}: {len(test_labels)} test images, {deep:.1%} named rightly. "
                    "Blue: the true class. Orange: a wrong prediction.")  # fmt: skip
    save_plot(plt, chosen, "15_predictions.png")

size = train_images[0].size
count = (size + 1) * 128 + 129 * 10
smaller = None if size == 784 else f"images of {size} pixels: ({size} + 1) * 128 + 129 * 10 = {count}"
beside(
    ("parameters, 128 hidden", 101770, model.count_params(), *([smaller] if smaller else [])),
    ("test accuracy, 128 hidden", 0.8665, round(deep, 4), deep_run),
    ("test accuracy, one layer", 0.8429, round(flat, 4), flat_run),
)
