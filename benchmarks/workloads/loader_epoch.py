"""The loader alone: one epoch over 6,000 rows in shuffled batches of 32."""


def setup(torch):
    from torch_data import batches

    torch.manual_seed(0)
    loader = batches(torch, rows=6000, columns=20, classes=10, batch_size=32)

    def step():
        for _ in loader:
            pass

    return step
