"""Optimisation methods, with the names and behaviour of ``torch.optim``; each reads as its formula."""

from .adam import Adam
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer"]
