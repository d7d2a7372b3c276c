"""Data for the workloads, made alike on both sides."""


def batches(torch, rows, columns, classes, batch_size):
    """A shuffling loader over normal features and random classes."""
    data = __import__(f"{torch.__name__}.utils.data", fromlist=["DataLoader"])
    x, y = torch.randn(rows, columns), torch.randint(0, classes, (rows,))
    return data.DataLoader(data.TensorDataset(x, y), batch_size=batch_size, shuffle=True)
