"""One value used 500 times: its 500 gradients add up."""


def setup(torch):
    x = torch.ones(3, 4, requires_grad=True)

    def step():
        x.grad = None
        total = x * 0
        for _ in range(500):
            total = total + x * 1.5
        total.sum().backward()

    return step
