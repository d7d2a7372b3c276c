"""One step of every optimiser on 20 small parameters."""


def setup(torch):
    names = ["SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"]
    torch.manual_seed(0)
    optimizers = []
    for name in names:
        params = [torch.randn(*shape, requires_grad=True) for shape in [(16, 16), (16,)] * 10]
        for param in params:
            param.grad = torch.randn(*param.shape)
        optimizers.append(getattr(torch.optim, name)(params, lr=1e-3))

    def step():
        for optimizer in optimizers:
            optimizer.step()

    return step
