"""The first real training: 150 iris flowers, 4 measurements, 3 species.

Look at the loss: it falls unsteadily, because every step sees four flowers only. Then look at the two test accuracies:
the note forgot ``net.eval()``, so that batch normalisation used the mean and variance of the test flowers themselves.
The code of the training is that of ``python -m tinygrad_edu demo``: see tinygrad_edu/demo.py.

    python examples/05_iris.py [--epochs N] [--quick]
"""

from lesson import beside, options

import tinygrad_edu as torch
from tinygrad_edu.demo import SEED, Net, load_data, report, train

epochs = options(__doc__, epochs=(200, 15)).epochs

torch.manual_seed(SEED)
X_train, X_test, y_train, y_test = load_data(SEED)
net = Net()
history = []
for epoch, (loss, accuracy) in enumerate(train(net, X_train, y_train, epochs), start=1):
    print(report(epoch, loss, accuracy))
    history.append((round(loss, 4), round(accuracy, 4)))


def test():
    output = net(X_test)
    print(torch.max(output, dim=1))
    _, predicted = torch.max(output, dim=1)
    return round((predicted == y_test).sum().item() / len(y_test), 4)


net.eval()  # normalise by the running mean and variance, which training has gathered
right = test()
print("test_set accuracy :", right)

net.train()  # the note's way: normalise by the mean and variance of this very batch
note_way = test()
print("test_set accuracy, as the note measures it :", note_way)

another = "another draw: no seed in the note"
beside(
    ("rows to train, to test", "112 38", f"{len(X_train)} {len(X_test)}"),
    ("first epoch: loss, accuracy", "1.0802 0.3929", "{} {}".format(*history[0]), another),
    (f"epoch {epochs}: loss, accuracy", "0.3668 0.8839 (200)", "{} {}".format(*history[-1]), another),
    ("test accuracy, note's way", 0.9737, note_way, another),
    ("test accuracy, net.eval()", "-", right, "one flower in 38 is 0.0263"),
)
