"""A million normal numbers: PyTorch's own stream, bit for bit (the aim is 8 times PyTorch's time, not less than it)."""


def setup(torch):
    return lambda: torch.randn(1000, 1000)
