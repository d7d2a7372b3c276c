"""Binary cross-entropy, term by term: the note's sum of four terms is negative, which no cross-entropy can be.

Look at the second term: for a label 0 the note takes -(0 * log(0.2)) = 0, but the loss of a label 0 is -log(1 - p), the second
half of the formula, without which predicting 1 always would cost nothing. Then look at the sign of the third: 0.223 is
computed, and subtracted. Each -log of a probability is at least 0, so a negative sum says that a term is wrong: which one,
``reduction="none"`` says.

    L(y, p) = -(y * log(p) + (1 - y) * log(1 - p))
"""

import tinygrad_edu.nn.functional as F
from lesson import beside, options, pyplot, save_plot

import tinygrad_edu as torch
from tinygrad_edu.testing import check_backward

options = options(__doc__)
y = torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=torch.float64)
p = torch.tensor([0.9, 0.2, 0.8, 0.95], dtype=torch.float64, requires_grad=True)

first_half = -(y * torch.log(p))  # all that the note computes
second_half = -((1 - y) * torch.log(1 - p))
terms = F.binary_cross_entropy(p, y, reduction="none")
note_terms = torch.tensor([0.105, 0.0, 0.223, 0.051])
added = torch.tensor([0.105, 0.0, -0.223, 0.051])  # as the note adds them

print(f"{'y':>2} {'p':>6} {'-y log p':>10} {'-(1-y) log(1-p)':>17} {'loss':>8} {'the note':>10} {'it adds':>9}")
for row in zip(y, p, first_half, second_half, terms, note_terms, added, strict=True):
    values = [each.item() + 0.0 for each in row]  # + 0.0: no -0
    print("{:>2g} {:>6g} {:>10.3f} {:>17.3f} {:>8.3f} {:>10.3f} {:>+9.3f}".format(*values))
total, mean = terms.sum(), F.binary_cross_entropy(p, y)
sums = first_half.sum(), second_half.sum(), total, note_terms.sum(), added.sum()
print("sum       {:>10.3f} {:>17.3f} {:>8.3f} {:>10.3f} {:>+9.3f}".format(*sums))
print(f"mean, which is what binary_cross_entropy returns: {mean:.4f}")

# The gradient sees it too: without the second half, p[1] gets none, so nothing would ever push it towards 0.
total.backward()
print("\ndL/dp =", p.grad, "  (-1/p for label 1, 1/(1 - p) for label 0)")
note_gradient = [-1 / 0.9, 0.0, +1 / 0.8, -1 / 0.95]  # of the sum that the note adds up
report = check_backward(lambda p: F.binary_cross_entropy(p, y, reduction="sum"), {"p": note_gradient}, {"p": p})
print(f"\ncheck_backward on the gradient of the note's sum:\n{report}")

plt = pyplot()
if plt:
    _, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
    at = torch.arange(4).numpy()
    left.bar(at - 0.2, terms.tolist(), 0.4, color="#0f766e", label=f"right, sum {total.item():.3f}")
    left.bar(at + 0.2, added.tolist(), 0.4, color="#be123c", label=f"as the note adds, sum {added.sum().item():.3f}")
    left.axhline(0, color="#94a3b8", linewidth=0.8)
    left.set_xticks(at, [f"y = {a:g}\np = {b:g}" for a, b in zip(y.tolist(), p.tolist(), strict=True)])
    left.set(title="The four terms", ylabel="loss")
    probability = torch.linspace(0.005, 0.995, 199)
    for label, colour in ((1.0, "#1d4ed8"), (0.0, "#ea580c")):
        loss = F.binary_cross_entropy(probability, torch.full_like(probability, label), reduction="none")
        right.plot(probability.numpy(), loss.numpy(), color=colour, linewidth=2, label=f"y = {label:g}")
    for a, b, loss in zip(y.tolist(), p.tolist(), terms.tolist(), strict=True):
        right.plot(b, loss, "o", color="#1d4ed8" if a else "#ea580c", markeredgecolor="white", markersize=8)
    right.set(title="Loss of a prediction", xlabel="p, predicted probability of 1", ylabel="loss")
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    save_plot(plt, options, "22_binary_cross_entropy.png")

beside(
    ("L(1, 0.9)", 0.105, f"{terms[0]:.3f}"),
    ("L(0, 0.2)", "-0", f"{terms[1]:.3f}", "the note leaves out -(1 - y) log(1 - p)"),
    ("L(1, 0.8)", 0.223, f"{terms[2]:.3f}"),
    ("L(1, 0.95)", 0.051, f"{terms[3]:.3f}"),
    ("0.105 + 0 - 0.223 + 0.051", -0.067, f"{added.sum():.3f}"),
    ("sum of the note's terms", -0.067, f"{note_terms.sum():.3f}", "the note subtracts the third term"),
    ("sum", -0.067, f"{total:.3f}", "with all four terms, added"),
    ("mean", "-", f"{mean:.4f}", "what binary_cross_entropy returns"),
)
