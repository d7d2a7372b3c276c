"""A network as a module: its layers, its parameters, and its gradients before and after backward().

Look at ``layer4.bias``: a leaf, whose gradient is None until the loss has been followed back to it.
"""

import tinygrad_edu.nn as nn
from lesson import beside

import tinygrad_edu as torch
from tinygrad_edu.demo import Net

torch.manual_seed(0)
net = Net()
print(net)

# Linear layers have a weight (outputs x inputs) and a bias; BatchNorm1d has a scale and a shift.
params = list(net.parameters())
for param in params:
    print(param.size())

ex_X, ex_y = torch.randn([4, 4]), torch.tensor([1, 0, 2, 0])
output = net(ex_X)
print(output)
loss = nn.CrossEntropyLoss()(output, ex_y)
print("loss:", loss.item())

net.zero_grad()
print("layer4.bias.grad before backward:", before := net.layer4.bias.grad)
print("layer4.bias.is_leaf:", net.layer4.bias.is_leaf)
loss.backward()
print("layer4.bias.grad after backward:", net.layer4.bias.grad)

# One step against the gradient: new weight = weight - learning rate * gradient.
optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
optimizer.step()
print("loss after one step:", nn.CrossEntropyLoss()(net(ex_X), ex_y).item())

NOTE_NET = """\
Net(
  (layer0): Linear(in_features=4, out_features=128, bias=True)
  (layer1): Linear(in_features=128, out_features=64, bias=True)
  (layer2): Linear(in_features=64, out_features=32, bias=True)
  (layer3): Linear(in_features=32, out_features=16, bias=True)
  (layer4): Linear(in_features=16, out_features=3, bias=True)
  (bn0): BatchNorm1d(128, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (bn1): BatchNorm1d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (bn2): BatchNorm1d(32, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (act): ReLU()
)"""
NOTE_SIZES = [[128, 4], [128], [64, 128], [64], [32, 64], [32], [16, 32], [16], [3, 16], [3], *([n] for n in
              (128, 128, 64, 64, 32, 32))]  # fmt: skip
sizes = "\n".join(f"torch.Size({size})" for size in NOTE_SIZES)
beside(
    ("print(net)", NOTE_NET, net, "as PyTorch 2.13 prints it, with BatchNorm's bias=True"),
    ("parameter sizes", sizes, "\n".join(str(p.size()) for p in params)),
    ("the output's grad_fn", "<AddmmBackward>", f"<{output.grad_fn.name()}>", "the name since PyTorch 1.9"),
    ("gradient before backward", None, before),
    ("is_leaf", True, net.layer4.bias.is_leaf),
    ("sum of layer4.bias.grad", 0.0001, f"{abs(net.layer4.bias.grad.sum().item()):.4f}", "zero but for rounding"),
    ("loss", 1.1750612258911133, loss.item(), "another draw: no seed in the note"),
)
