"""The 2-3-1 sigmoid network by hand: where a hand-written backward pass goes wrong, and how the engine finds it.

Three students' hours of study and sleep, and their marks. The note writes forward and backward pass in NumPy, sees the error
fall for 10,000 iterations, and is content. Look at ``check_backward``: from the forward pass and the note's gradients alone it
names the two steps that are wrong, both in the derivative of the sigmoid, which belongs at the sigmoid's *argument*:

    the note's o_delta  = o_error  * sigmoid'(o)            at the result of the sigmoid: applied twice
    the note's z2_delta = z2_error * sigmoid'(output_sum)   at the sum of the other layer

It learns all the same at first, since sigmoid' is positive wherever it is taken: a falling error proves no gradient right.
Then look at the two columns of the training: the note's error *rises* after some 6,000 iterations, the right one never does.
"""

import numpy as np
from lesson import beside, options, progress, pyplot, save_plot, written

import tinygrad_edu as torch
from tinygrad_edu.testing import check_backward
from tinygrad_edu.visualize import draw, record

ITERATIONS = 10_000
options = options(__doc__, with_autograd=(ITERATIONS, 2000))

np.random.seed(812)
X = np.array([[8, 8], [2, 5], [7, 6]], float)  # hours of study, hours of sleep
y = (X[:, 0] * 5 + X[:, 1] * 2).reshape(3, 1)  # the mark
X, y = X / X.max(axis=0), y / y.max(axis=0)
draws = [(np.random.randn(2, 3), np.random.randn(3, 1)) for _ in range(4)]  # the note makes its network four times


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


def sigmoid_prime(s):
    return sigmoid(s) * (1 - sigmoid(s))


# ---- by hand: the forward pass, and the gradients of E = sum((y - o)**2) / 2


def by_hand(w1, w2, note=False):
    """The output, and dE/d(every value) under the forward pass's names."""
    hidden_sum = X @ w1
    hidden = sigmoid(hidden_sum)
    output_sum = hidden @ w2
    output = sigmoid(output_sum)

    d_output = output - y  # the note's -o_error
    d_output_sum = d_output * sigmoid_prime(output if note else output_sum)  # -o_delta
    d_hidden = d_output_sum @ w2.T  # -z2_error
    d_hidden_sum = d_hidden * sigmoid_prime(output_sum if note else hidden_sum)  # -z2_delta
    gradients = {"w1": X.T @ d_hidden_sum, "w2": hidden.T @ d_output_sum}
    steps = {"hidden_sum": d_hidden_sum, "hidden": d_hidden, "output_sum": d_output_sum, "output": d_output}
    return output, gradients, steps


# ---- with the engine: the forward pass is enough


def forward(w1, w2):
    hours, marks = torch.tensor(X), torch.tensor(y)
    hidden_sum = hours @ w1
    hidden = torch.sigmoid(hidden_sum)
    output_sum = hidden @ w2
    output = torch.sigmoid(output_sum)
    loss = ((marks - output) ** 2).sum() / 2
    return loss, locals()


w1, w2 = draws[3]  # the network that the note trains
print("The note's gradients of w1 and w2:\n")
_, note_gradients, note_steps = by_hand(w1, w2, note=True)
report = check_backward(forward, note_gradients, {"w1": w1, "w2": w2})
print(report)

print("\nWith the gradients in between, each step is judged by what was handed to it:\n")
report_of_steps = check_backward(forward, note_gradients | note_steps, {"w1": w1, "w2": w2})
print("departing:", ", ".join(f"{fault.name} (from {fault.steps[0]})" for fault in report_of_steps.faults))
print(report_of_steps.first)

print("\nThe derivative taken at the argument, in both layers:\n")
_, gradients, steps = by_hand(w1, w2)
print(check_backward(forward, gradients | steps, {"w1": w1, "w2": w2}))

# An independent witness: central differences agree with autograd, and so against the note.
leaves = [torch.tensor(w, requires_grad=True) for w in (w1, w2)]
print("gradcheck:", torch.autograd.gradcheck(lambda *w: forward(*w)[0], leaves))

flat, note_flat = (np.concatenate([g["w1"].ravel(), g["w2"].ravel()]) for g in (gradients, note_gradients))
cosine = flat @ note_flat / np.linalg.norm(flat) / np.linalg.norm(note_flat)
print(f"cosine of the note's gradient and the right one: {cosine:.4f}: still downhill, so the error falls")

with record():  # the picture: upstream * local = downstream at both sigmoids
    loss, values = forward(*leaves)
    loss.backward()
draw(loss, names=values, title="The 2-3-1 network's backward pass", path=written(options, "16_network.svg"))

# ---- training: the note's pass, the right one, and no pass at all, only loss.backward()


def train(note):
    w1, w2 = (w.copy() for w in draws[3])
    errors = []
    for _ in range(ITERATIONS):
        output, gradients, _ = by_hand(w1, w2, note)
        errors.append(np.mean(np.square(y - output)))
        w1 -= gradients["w1"]
        w2 -= gradients["w2"]
    return output, errors


def train_with_autograd():
    weights = [torch.tensor(w, requires_grad=True) for w in draws[3]]
    optimizer = torch.optim.SGD(weights, lr=1.0)
    errors = []
    for _ in progress(range(options.with_autograd)):
        loss, _ = forward(*weights)
        errors.append(loss.item() * 2 / 3)  # E is half the sum, the note prints the mean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return errors


note_output, note_errors = train(note=True)
right_output, right_errors = train(note=False)
autograd_errors = train_with_autograd()
print("\niteration  the note's pass  right, by hand  loss.backward()")
for i in (1, 2, 3, 4, 5, *range(1000, ITERATIONS + 1, 1000)):
    autograd = f"{autograd_errors[i - 1]:.8f}" if i <= len(autograd_errors) else "-"
    print(f"{i:>9}  {note_errors[i - 1]:>15.8f}  {right_errors[i - 1]:>14.8f}  {autograd:>15}")
apart = max(abs(a - b) for a, b in zip(autograd_errors, right_errors, strict=False))
print(f"by hand and loss.backward() differ by at most {apart:.0e}; the note's error rises from iteration", end=" ")
print(f"{np.argmin(note_errors) + 1} on, the right one in {(np.diff(right_errors) > 0).sum()} of {ITERATIONS - 1} steps")

plt = pyplot()
if plt:
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6))
    names = [f"w1\n[{i},{j}]" for i in range(2) for j in range(3)] + [f"w2\n[{i}]" for i in range(3)]
    at = np.arange(len(names))
    left.bar(at - 0.2, flat, 0.4, color="#0f766e", label="right (by hand, and loss.backward())")
    left.bar(at + 0.2, note_flat, 0.4, color="#be123c", label="the note's")
    left.axhline(0, color="#94a3b8", linewidth=0.8)
    left.set_xticks(at, names, fontsize=9, color="#334155")
    left.set_ylabel("dE/dw")
    left.set_title("The first gradient")
    right.plot(range(1, ITERATIONS + 1), note_errors, color="#be123c", label="the note's")
    right.plot(range(1, ITERATIONS + 1), right_errors, color="#0f766e", linewidth=3, alpha=0.45, label="right, by hand")
    right.plot(range(1, len(autograd_errors) + 1), autograd_errors, "--", color="#334155", linewidth=1, label="loss.backward()")
    lowest = np.argmin(note_errors)
    right.annotate(
        "from here on it rises", (lowest + 1, note_errors[lowest]), (2500, 0.0031), color="#be123c",
        arrowprops={"arrowstyle": "->", "color": "#be123c"},
    )  # fmt: skip
    right.set_ylim(0.0029, 0.0062)
    right.set_xlabel("iteration")
    right.set_ylabel("mean squared error (it starts at 0.195)")
    right.set_title("10,000 iterations from the same weights")
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    save_plot(plt, options, "16_network_by_hand.png")

NOTE_W1 = "[[ 2.48783189  0.11697987 -1.97118428]\n [-0.48325593 -1.50361209  0.57515126]]"
NOTE_W2 = "[[-0.20672583]\n [ 0.41271104]\n [-0.57757999]]"
o_error = -by_hand(*draws[2], note=True)[2]["output"]
o_delta = -by_hand(*draws[2], note=True)[2]["output_sum"]
fault = "the note's backward pass is wrong"
beside(
    ("X", "[[1.    1.   ]\n [0.25  0.625]\n [0.875 0.75 ]]", X),
    ("y", "[[1.        ]\n [0.35714286]\n [0.83928571]]", y),
    ("w1 of seed 812", NOTE_W1, draws[0][0]),
    ("w2 of seed 812", NOTE_W2, draws[0][1]),
    ("second draw: first output", "[0.21945787]", by_hand(*draws[1])[0][0]),
    ("third draw: o_error", "[[0.70644301]\n [0.10036169]\n [0.56649547]]", o_error),
    ("its o_delta, note's way", "[[0.17285985]\n [0.02468133]\n [0.13902149]]", o_delta),
    ("its o_delta", "[[0.17285985]\n [0.02468133]\n [0.13902149]]", -by_hand(*draws[2])[2]["output_sum"], fault),
    ("fourth: first error", 0.19523515397548788, note_errors[0]),
    ("error 10,000, note's way", "0.003797838191", f"{note_errors[-1]:.12f}"),
    ("output, note's way", "[[0.92226356]\n [0.36399293]\n [0.91211178]]", note_output),
    ("error 10,000", "0.003797838191", f"{right_errors[-1]:.12f}", fault),
    ("output", "[[0.92226356]\n [0.36399293]\n [0.91211178]]", right_output, fault),
)
