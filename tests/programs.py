"""Random programs of views, in-place and out-of-place operations, run here and in PyTorch side by side."""

import numpy as np
from hypothesis import strategies as st

LEAVES = ((3, 4), (4,), ())

VIEWS = {
    "x[0]": lambda torch, x: x[0],
    "x[-1:]": lambda torch, x: x[-1:],
    "x[::2]": lambda torch, x: x[::2],
    "x[...]": lambda torch, x: x[...],
    "x[None]": lambda torch, x: x[None],
    "x[..., 1]": lambda torch, x: x[..., 1],
    "x.view(-1)": lambda torch, x: x.view(-1),
    "x.reshape(-1)": lambda torch, x: x.reshape(-1),
    "x.transpose(0, -1)": lambda torch, x: x.transpose(0, -1),
    "x.t()": lambda torch, x: x.t(),
    "x.unsqueeze(-1)": lambda torch, x: x.unsqueeze(-1),
    "x.squeeze()": lambda torch, x: x.squeeze(),
    "x.expand": lambda torch, x: x.expand(2, *x.shape),
    "x.narrow": lambda torch, x: x.narrow(0, 1, 1),
    "x.detach()": lambda torch, x: x.detach(),
    "x.split(2)[0]": lambda torch, x: x.split(2)[0],
    "x.unbind()[-1]": lambda torch, x: x.unbind()[-1],
}
PLAIN = {
    "x * 2": lambda torch, x: x * 2,
    "x.sin()": lambda torch, x: x.sin(),
    "x.sigmoid()": lambda torch, x: x.sigmoid(),
    "x.clone()": lambda torch, x: x.clone(),
    "x * x": lambda torch, x: x * x,
    "x.sum()": lambda torch, x: x.sum(),
    "x[[0, 0]]": lambda torch, x: x[[0, 0]],
    "x[x > 0]": lambda torch, x: x[x > 0],
}
PLAIN_TWO = {
    "x + y": lambda torch, x, y: x + y,
    "x * y": lambda torch, x, y: x * y,
}
WRITES = {
    "x.add_(1)": lambda torch, x: x.add_(1),
    "x.mul_(0.5)": lambda torch, x: x.mul_(0.5),
    "x.mul_(x)": lambda torch, x: x.mul_(x),
    "x.sin_()": lambda torch, x: x.sin_(),
    "x.sigmoid_()": lambda torch, x: x.sigmoid_(),
    "x.relu_()": lambda torch, x: x.relu_(),
    "x.pow_(2)": lambda torch, x: x.pow_(2),
    "x.zero_()": lambda torch, x: x.zero_(),
    "x.fill_(0.25)": lambda torch, x: x.fill_(0.25),
    "x[0] = 0.5": lambda torch, x: x.__setitem__(0, 0.5),
    "x[1:] = -1": lambda torch, x: x.__setitem__(slice(1, None), -1),
    "x[..., 0] = 2": lambda torch, x: x.__setitem__((..., 0), 2),
    "x[[0, -1]] = 3": lambda torch, x: x.__setitem__([0, -1], 3),
    "x[x > 0.5] = 0": lambda torch, x: x.__setitem__(x > 0.5, 0),
    "x.masked_fill_": lambda torch, x: x.masked_fill_(x > 0.5, 0.125),
    "x.clamp_": lambda torch, x: x.clamp_(-0.5, 0.5),
    "x.t_()": lambda torch, x: x.t_(),
    "x.unsqueeze_(0)": lambda torch, x: x.unsqueeze_(0),
    "x.requires_grad_()": lambda torch, x: x.requires_grad_(),
}
WRITES_TWO = {
    "x.add_(y)": lambda torch, x, y: x.add_(y),
    "x.mul_(y)": lambda torch, x, y: x.mul_(y),
    "x.sub_(y, alpha=2)": lambda torch, x, y: x.sub_(y, alpha=2),
    "x.copy_(y)": lambda torch, x, y: x.copy_(y),
    "x[0] = y": lambda torch, x, y: x.__setitem__(0, y),
    "x[...] = y": lambda torch, x, y: x.__setitem__(..., y),
    "x[[0]] = y": lambda torch, x, y: x.__setitem__([0], y),
    "x.fill_(y)": lambda torch, x, y: x.fill_(y),
    "x.lerp_": lambda torch, x, y: x.lerp_(y, 0.5),
}
ONE = VIEWS | PLAIN | WRITES
TWO = PLAIN_TWO | WRITES_TWO

_steps = st.tuples(
    st.sampled_from([*VIEWS, *VIEWS, *PLAIN, *WRITES, *WRITES, *PLAIN_TWO, *WRITES_TWO, *WRITES_TWO]),
    st.integers(0, 7),
    st.integers(0, 7),
    st.sampled_from([False, False, False, False, True]),
)
programs = st.tuples(
    st.lists(st.booleans(), min_size=len(LEAVES), max_size=len(LEAVES)), st.lists(_steps, min_size=1, max_size=9)
)
"""Which leaves require grad; and steps: an operation, its operands (counted from the latest tensor), whether under no_grad."""


class Machine:
    """The tensors of a program in one library."""

    def __init__(self, torch, requires_grad):
        self.torch = torch
        values = np.random.default_rng(5).uniform(-1, 1, 17).tolist()
        self.leaves = [
            torch.tensor(np.reshape(values[: int(np.prod(shape))], shape).tolist(), requires_grad=wanted)
            for shape, wanted in zip(LEAVES, requires_grad, strict=True)
        ]
        self.tensors = [*self.leaves, *(leaf * 1 for leaf in self.leaves)]

    def run(self, step):
        """Execute a step; the error, or None."""
        name, i, j, no_grad = step
        x, y = self.tensors[-1 - i % len(self.tensors)], self.tensors[-1 - j % len(self.tensors)]
        grad = self.torch.no_grad() if no_grad else self.torch.enable_grad()
        try:
            with grad:
                result = ONE[name](self.torch, x) if name in ONE else TWO[name](self.torch, x, y)
        except (RuntimeError, IndexError) as error:
            return error
        if result is not None and not any(result is each for each in self.tensors):
            self.tensors.append(result)
        return None

    def operand(self, step):
        return self.tensors[-1 - step[1] % len(self.tensors)]

    def state(self):
        """What can be seen of every tensor: values, kind, history and version."""
        return [
            (
                tuple(each.shape),
                np.round(each.detach().numpy().astype(float), 4).tolist(),
                each.requires_grad,
                each.is_leaf,
                None if each._is_view() else type(each.grad_fn).__name__,
                each._version,
                each._is_view(),
            )
            for each in self.tensors
        ]

    def backward(self):
        """The gradients of a weighted sum of all tensors; the error, or None."""
        parts = [(each * (k + 1)).sum() for k, each in enumerate(self.tensors) if each.requires_grad]
        try:
            if parts:
                sum(parts).backward()
        except RuntimeError as error:
            return error
        return None

    def gradients(self):
        grads = [leaf.grad if leaf.is_leaf else None for leaf in self.leaves]
        return [None if grad is None else np.round(grad.numpy().astype(float), 3).tolist() for grad in grads]
