"""User-defined functions that the tests of ``autograd.Function`` share."""

import tinygrad_edu as torch
from tinygrad_edu.autograd import Function


def make(torch, backward=None, forward=lambda ctx, *args: args[0] * 2):
    """A Function named X from two plain functions."""
    rule = backward or (lambda ctx, *grads: grads[0])
    body = {"forward": staticmethod(forward), "backward": staticmethod(lambda ctx, *grads: rule(ctx, *grads))}
    return type(torch.autograd.Function)("X", (torch.autograd.Function,), body)


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        result = x.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad):
        (result,) = ctx.saved_tensors
        return grad * result


def leaves(torch=torch):
    return torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)


def forward_with(action, result=lambda x: x * 2):
    def forward(ctx, x):
        action(ctx, x)
        return result(x)

    return forward


def applied(torch, forward, x=None):
    x = leaves(torch)[0] if x is None else x
    return make(torch, forward=forward).apply(x)
