"""The restricted Boltzmann machine, and the deep belief network that a stack of them becomes (lesson 24)."""

from itertools import pairwise

import tinygrad_edu.nn as nn
import tinygrad_edu.nn.functional as F
from lesson import progress

import tinygrad_edu as torch


class RBM(nn.Module):
    """Binary visible units v and hidden units h, joined by W, with no connection inside a layer.

    E(v, h) = -b·v - c·h - h·Wv,  p(v, h) ∝ exp(-E(v, h)): the units of one layer are independent given the other's.

    Source: G. Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14 (2002),
    1771-1800, and "A practical guide to training restricted Boltzmann machines" (2010).
    """

    def __init__(self, visible, hidden):
        super().__init__()
        self.W = nn.Parameter(0.01 * torch.randn(hidden, visible))
        self.b = nn.Parameter(torch.zeros(visible))
        self.c = nn.Parameter(torch.zeros(hidden))

    def hidden(self, v):
        """p(h = 1 | v)"""
        return torch.sigmoid(F.linear(v, self.W, self.c))

    def visible(self, h):
        """p(v = 1 | h)"""
        return torch.sigmoid(F.linear(h, self.W.t(), self.b))

    def free_energy(self, v):
        """-log of the sum over all h of exp(-E(v, h)), of each row of v."""
        return -v @ self.b - F.softplus(F.linear(v, self.W, self.c)).sum(dim=1)

    @torch.no_grad()
    def gibbs(self, v, steps=1):
        """Sample h given v, then v given h, ``steps`` times; the last v as probabilities, which are less noisy."""
        for _ in range(steps):
            v = self.visible(torch.bernoulli(self.hidden(v)))
        return v

    def contrastive_divergence(self, v):
        """CD-1: a loss whose gradient lowers the energy of the data and raises that of what the machine makes of it."""
        return (self.free_energy(v) - self.free_energy(self.gibbs(v))).mean()


def train_rbm(rbm, data, epochs, lr=0.1, batch_size=32):
    """Contrastive divergence with momentum; the reconstruction error (mean square) after each epoch."""
    optimizer = torch.optim.SGD(rbm.parameters(), lr=lr, momentum=0.5, weight_decay=1e-4)
    errors = []
    for epoch in progress(range(epochs), desc="RBM"):
        optimizer.param_groups[0]["momentum"] = 0.5 if epoch < 5 else 0.9  # Hinton's advice
        for batch in torch.randperm(len(data)).split(batch_size):
            optimizer.zero_grad()
            rbm.contrastive_divergence(data[batch]).backward()
            optimizer.step()
        errors.append(F.mse_loss(rbm.gibbs(data), data).item())
    return errors


def deep_belief_network(data, sizes, classes, epochs):
    """Train an RBM for each pair of layers on what the one below makes of the data: greedily, without a label.

    Returns the network of sigmoid layers with the machines' weights and a new linear layer for the classes, to be
    fine-tuned by back-propagation; the machines; and each one's errors.

    Source: G. Hinton, S. Osindero, Y.-W. Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18
    (2006), 1527-1554.
    """
    layers, machines, errors = [], [], []
    for visible, hidden in pairwise(sizes):
        rbm = RBM(visible, hidden)
        machines.append(rbm)
        errors.append(train_rbm(rbm, data, epochs))
        linear = nn.Linear(visible, hidden)
        linear.load_state_dict({"weight": rbm.W.detach(), "bias": rbm.c.detach()})
        layers += [linear, nn.Sigmoid()]
        data = rbm.hidden(data).detach()
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(sizes[-1], classes)), machines, errors
