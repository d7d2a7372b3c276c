"""One epoch of the notes' wine network: 104 rows in batches of 16, 13-96-32-2, SGD."""


def setup(torch):
    from torch_data import batches

    nn, F = torch.nn, torch.nn.functional

    class CNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(13, 96)
            self.fc2 = nn.Linear(96, 32)
            self.fc3 = nn.Linear(32, 2)

        def forward(self, x):
            out = F.relu(self.fc1(x))
            out = F.relu(self.fc2(out))
            return self.fc3(out)

    torch.manual_seed(0)
    loader = batches(torch, rows=104, columns=13, classes=2, batch_size=16)
    model, criterion = CNet(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()

    return step
