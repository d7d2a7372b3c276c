"""Softmax and overflow: why every library subtracts the largest score before it takes exp.

Look at the first NaN or infinity: ``explain`` and ``draw`` mark the operation that made it (exp, not the division whose
result is NaN). exp(x) is infinite above 88.7 in float32 and above 709.8 in float64, and infinity / infinity is NaN. Both
forms are the same function, since exp(x - c) = exp(x) / exp(c): the factor cancels.

    python examples/09_softmax_overflow.py [--out DIR]
"""

import numpy as np
import tinygrad_edu.nn.functional as F
from lesson import beside, options, written

import tinygrad_edu as torch
from tinygrad_edu.visualize import draw, explain, record


def softmax(ws):
    exp_a = torch.exp(ws)
    sum_exp_a = torch.sum(exp_a)
    return exp_a / sum_exp_a


def softmax2(ws):
    c = torch.max(ws)
    exp_a = torch.exp(ws - c)  # the largest exponent is 0, and so the largest exp is 1
    sum_exp_a = torch.sum(exp_a)
    return exp_a / sum_exp_a


options = options(__doc__)
wsum = torch.tensor([0.9, 2.9, 4.0], dtype=torch.float64)  # the note's scores
plain, shifted = softmax(wsum), softmax2(wsum)
print(plain.numpy(), plain.sum().item())
print(shifted.numpy(), shifted.sum().item())

# The same scores, larger and larger, and far below 0, where every exp is 0 and 0 / 0 is NaN.
print("\nfloat32 scores                 plain softmax                 shifted softmax")
for scores in (wsum, wsum * 10, wsum * 22, wsum * 100, wsum - 200):
    ws = scores.float()
    print(f"{ws.numpy()!s:<31}{softmax(ws).numpy().round(4)!s:<30}{softmax2(ws).numpy().round(4)!s}")

print()
for dtype in (torch.float32, torch.float64):
    largest = np.log(torch.finfo(dtype).max)
    below, above = (torch.tensor(largest * factor, dtype=dtype).exp().item() for factor in (0.9999, 1.0001))
    print(f"{dtype}: exp({largest:.1f}) is the largest; just below {below:.3g}, just above {above}")

# A NaN does not stop a training; it eats it, since every gradient it touches is NaN. Where did it begin?
x = torch.tensor([90.0, 290.0, 400.0], requires_grad=True)
with record():
    probabilities = softmax(x)
    loss = -torch.log(probabilities[2])
    loss.backward()
names = {"x": x, "p": probabilities, "loss": loss}
print(f"\n{str(explain(loss, names=names)).partition('Backward')[0].rstrip()}\n\nplain:   x.grad = {x.grad.numpy()}")
written(options, "09_overflow.svg").write_text(draw(loss, names=names).svg(), encoding="utf-8")

# cross_entropy takes the scores themselves: it never divides, nor takes the logarithm of a probability that is 0.
x2 = torch.tensor([90.0, 290.0, 400.0], requires_grad=True)
F.cross_entropy(x2, torch.tensor(0)).backward()
by_parts = -torch.log(softmax2(x2)[0])
at_once = F.cross_entropy(x2, torch.tensor(0))
print(f"shifted: x.grad = {x2.grad.numpy()}, for class 0: p - one-hot")
print(f"the loss of class 0: -log(softmax2(x)[0]) = {by_parts.item()}, cross_entropy(x, 0) = {at_once.item()}")

last_bit = "a sum's last bit: exp's rounding"
beside(
    ("softmax", "[0.03269362 0.24157499 0.72573139]", plain.numpy()),
    ("its sum", "0.9999999999999999", plain.sum().item(), last_bit),
    ("softmax2", "[0.03269362 0.24157499 0.72573139]", shifted.numpy()),
    ("its sum", "1.0", shifted.sum().item(), last_bit),
    ("100 times larger, plain", "unstable", softmax(wsum.float() * 100).numpy(), "infinity / infinity"),
    ("100 times larger, shifted", "improved", softmax2(wsum.float() * 100).numpy(), "finite"),
)
