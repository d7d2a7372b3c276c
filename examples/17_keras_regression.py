"""Regression with compile and fit: marks out of hours of study and sleep.

Look at the dashed line of the plot: it is the error of somebody who always says the mean. After 50 epochs of plain gradient
descent the network is hardly better: an mse of 0.01 looks small, but the marks themselves vary by no more than that.
"""

import numpy as np
from lesson import beside, options, pyplot, save_plot

from tinygrad_edu.keras import Sequential
from tinygrad_edu.keras.layers import Dense
from tinygrad_edu.keras.utils import set_random_seed

chosen = options(__doc__, epochs=(50, 50), seed=(22, 22))
set_random_seed(chosen.seed)


def make_samples(n=1000):
    study = np.random.uniform(1, 8, (n, 1))
    sleep = np.random.uniform(1, 8, (n, 1))
    y = 5 * study + 2 * sleep + 40
    X = np.append(study, sleep, axis=1)
    X = X / np.amax(X, axis=0)  # each column's largest is 1
    return X, y / 100


X, y = make_samples()

model = Sequential()
model.add(Dense(3, input_dim=2, activation="sigmoid"))
model.add(Dense(1, activation="sigmoid"))
model.compile(optimizer="sgd", loss="mse", metrics=["mae", "mse"])
results = model.fit(X, y, epochs=chosen.epochs)

history = results.history
print(history.keys())
print(f"always saying the mean: mse {y.var():.4f}")

if plt := pyplot():
    plt.figure(figsize=(7, 4.2))
    plt.plot(results.epoch, history["mae"], color="#be123c", linewidth=2, label="mae: mean absolute error")
    plt.plot(results.epoch, history["loss"], color="#0f766e", linewidth=2, label="loss: mean squared error")
    plt.axhline(y.var(), color="#64748b", linewidth=1, linestyle="--", label="mse of always saying the mean")
    plt.title("5 · study + 2 · sleep + 40, learned by a 2-3-1 sigmoid network")
    plt.xlabel("epoch")
    plt.ylabel("error (marks / 100)")
    plt.ylim(bottom=0)
    plt.grid(color="#e2e8f0")
    plt.legend(frameon=False)
    save_plot(plt, chosen, "17_history.png")

draw = "another draw: no seed in the note"
beside(
    ("the history's keys", "loss mae mse", " ".join(history)),
    ("batches in an epoch", "32", -(-len(X) // 32)),
    ("first epoch: mse, mae", "0.0819 0.2704", f"{history['mse'][0]:.4f} {history['mae'][0]:.4f}", draw),
    ("last epoch: mse, mae", "0.0099 0.0832", f"{history['mse'][-1]:.4f} {history['mae'][-1]:.4f}", draw),
)
