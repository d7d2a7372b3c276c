"""2,000 tiny operations in a chain, forward and backward."""


def setup(torch):
    x = torch.ones(3, 4, requires_grad=True)
    w = torch.full((3, 4), 1.001)

    def step():
        x.grad = None
        y = x
        for _ in range(1000):
            y = y * w + x
        y.sum().backward()

    return step
