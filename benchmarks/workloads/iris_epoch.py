"""One epoch of the notes' iris network: 112 rows in batches of 4, five Linear and three BatchNorm1d layers, SGD."""


def setup(torch):
    from torch_data import batches

    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer0 = nn.Linear(4, 128)
            self.layer1 = nn.Linear(128, 64)
            self.layer2 = nn.Linear(64, 32)
            self.layer3 = nn.Linear(32, 16)
            self.layer4 = nn.Linear(16, 3)
            self.bn0 = nn.BatchNorm1d(128)
            self.bn1 = nn.BatchNorm1d(64)
            self.bn2 = nn.BatchNorm1d(32)
            self.act = nn.ReLU()

        def forward(self, x):
            x = self.act(self.bn0(self.layer0(x)))
            x = self.act(self.bn1(self.layer1(x)))
            x = self.act(self.bn2(self.layer2(x)))
            x = self.act(self.layer3(x))
            return self.layer4(x)

    torch.manual_seed(0)
    loader = batches(torch, rows=112, columns=4, classes=3, batch_size=4)
    net, criterion = Net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001)

    def step():
        total, correct = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            output = net(x)
            loss = criterion(output, y)
            loss.backward()
            optimizer.step()
            _, predicted = torch.max(output, dim=1)
            correct += (predicted == y).sum().item()
            total += loss.item()

    return step
