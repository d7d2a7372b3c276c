"""Helpers for modules and what they are fed (https://docs.pytorch.org/docs/2.13/nn.html#utilities)."""

from . import rnn as rnn
