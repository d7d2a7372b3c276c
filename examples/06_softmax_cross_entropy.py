"""Softmax and cross-entropy, three ways to the same number: every digit of the course note.

Look at the last three lines: a sum over a one-hot mask, the same with log_softmax, and cross_entropy are one value; the
node that made it differs.
"""

import tinygrad_edu.nn.functional as F
from lesson import beside

import tinygrad_edu as torch

torch.manual_seed(777)  # the seed that draws PyTorch's numbers draws them here
wsum = torch.randn(3, 5, requires_grad=True)
print(wsum)
hypothesis = F.softmax(wsum, dim=1)  # each row sums to 1
print()
print(hypothesis)
print()
y = torch.randint(5, (3,)).long()
print(y)
print()
y_zero = torch.zeros_like(hypothesis)
print(y_zero)
print()
y_one_hot = y_zero.scatter(1, y.unsqueeze(dim=1), 1)  # dimension, where, what to write
print(y_one_hot)
by_row = -(y_one_hot * torch.log(F.softmax(wsum, dim=1))).sum(dim=1)
by_hand = -(y_one_hot * torch.log(F.softmax(wsum, dim=1))).sum(dim=1).mean()
by_log_softmax = -(y_one_hot * torch.log_softmax(wsum, dim=1)).sum(dim=1).mean()
by_cross_entropy = F.cross_entropy(wsum, y)
print(by_row)
print(by_hand)
print(by_log_softmax)
print(by_cross_entropy)

NOTE = {
    "wsum": """tensor([[-0.4015, -0.5934,  1.6885,  0.5554, -0.9433],
        [-0.6758,  1.4425, -1.4711, -1.3173,  2.3271],
        [ 0.0894,  0.6558, -0.5836, -0.1074,  0.0367]],
       requires_grad=True)""",
    "softmax": """tensor([[0.0764, 0.0630, 0.6174, 0.1988, 0.0444],
        [0.0329, 0.2732, 0.0148, 0.0173, 0.6618],
        [0.1983, 0.3494, 0.1012, 0.1629, 0.1882]],
       grad_fn=<SoftmaxBackward0>)""",
    "y": "tensor([3, 0, 0])",
    "one-hot": """tensor([[0., 0., 0., 1., 0.],
        [1., 0., 0., 0., 0.],
        [1., 0., 0., 0., 0.]])""",
    "by row": "tensor([1.6154, 3.4157, 1.6178], grad_fn=<NegBackward0>)",
    "softmax, log, mean": "tensor(2.2163, grad_fn=<NegBackward0>)",
    "log_softmax, mean": "tensor(2.2163, grad_fn=<NegBackward0>)",
    "cross_entropy": "tensor(2.2163, grad_fn=<NllLossBackward0>)",
}
ours = [wsum, hypothesis, y, y_one_hot, by_row, by_hand, by_log_softmax, by_cross_entropy]
beside(*((what, note, here) for (what, note), here in zip(NOTE.items(), ours, strict=True)))
