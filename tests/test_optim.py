"""SGD and Adam: every option, against PyTorch where it is installed and against its numbers where it is not."""

import copy

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import optim

START = [1.0, -2.0, 0.5]
STEPS = 20


def make_param(t, values, dtype="float64"):
    return t.tensor(values, dtype=getattr(t, dtype), requires_grad=True)


def loss_of(t, param, k):
    """A bowl that shakes: gradients change sign, so that moments and maxima matter."""
    curvature = t.tensor([1.0, 0.5, 2.0], dtype=param.dtype)
    slope = t.tensor([0.1, 0.2, 0.3], dtype=param.dtype) * (-1) ** k
    return (curvature * param * param / 2 + slope * param).sum()


def trajectory(t, name, options, dtype="float64", steps=STEPS):
    """The parameter and the optimiser's state after each step."""
    options = {key: given(t, value) for key, value in options.items()}
    param = make_param(t, START, dtype)
    optimizer = getattr(t.optim, name)([param], **options)
    seen = []
    for k in range(steps):
        optimizer.zero_grad()
        loss_of(t, param, k).backward()
        optimizer.step()
        state = {key: value.tolist() for key, value in optimizer.state[param].items()}
        seen.append({"param": param.tolist(), **state})
    return seen


def given(t, value):
    """An option's value in the world of ``t``."""
    if isinstance(value, tuple):
        return tuple(given(t, each) for each in value)
    return value(t) if callable(value) else value


def double(value):
    return lambda t: t.tensor(value, dtype=t.float64)


# What PyTorch 2.13 has after 20 steps in float64; test_trajectory_equals_pytorchs computes the same anew.
TRAJECTORIES = {
    "sgd": ("SGD", {}),
    "sgd lr": ("SGD", {"lr": 0.1}),
    "sgd lr tensor": ("SGD", {"lr": double(0.1)}),
    "sgd lr tensor of one element": ("SGD", {"lr": double([0.1])}),
    "sgd decay": ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    "sgd decay tensor": ("SGD", {"lr": 0.1, "weight_decay": double(0.3)}),
    "sgd momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "sgd dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    "sgd nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd maximize": ("SGD", {"lr": 0.05, "momentum": 0.5, "maximize": True}),
    "sgd all": ("SGD", {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.1, "nesterov": True, "maximize": True}),
    "sgd foreach": ("SGD", {"lr": 0.1, "momentum": 0.9, "foreach": True}),
    "sgd fused": ("SGD", {"lr": 0.1, "momentum": 0.9, "fused": True}),
    "adam": ("Adam", {}),
    "adam lr": ("Adam", {"lr": 0.1}),
    "adam lr tensor": ("Adam", {"lr": double(0.1)}),
    "adam betas": ("Adam", {"lr": 0.1, "betas": (0.5, 0.7)}),
    "adam betas tensor": ("Adam", {"lr": 0.1, "betas": (double(0.5), double(0.7))}),
    "adam no momentum": ("Adam", {"lr": 0.1, "betas": (0.0, 0.9)}),
    "adam eps": ("Adam", {"lr": 0.1, "eps": 0.5}),
    "adam decay": ("Adam", {"lr": 0.1, "weight_decay": 0.3}),
    "adam decoupled": ("Adam", {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True}),
    "adam amsgrad": ("Adam", {"lr": 0.3, "betas": (0.5, 0.6), "amsgrad": True}),
    "adam maximize": ("Adam", {"lr": 0.1, "maximize": True}),
    "adam all": ("Adam", {"lr": 0.3, "betas": (0.6, 0.7), "weight_decay": 0.1, "amsgrad": True, "maximize": True}),
    "adam foreach": ("Adam", {"lr": 0.1, "foreach": True}),
    "adam fused": ("Adam", {"lr": 0.1, "fused": True}),
}
