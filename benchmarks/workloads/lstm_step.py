"""One step of an LSTM classifier with Adam: batch 16, 32 steps of 64 features, hidden size 128."""


def setup(torch):
    nn = torch.nn
    torch.manual_seed(0)
    x, y = torch.randn(16, 32, 64), torch.randint(0, 10, (16,))

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(64, 128, batch_first=True)
            self.head = nn.Linear(128, 10)

        def forward(self, x):
            output, _ = self.lstm(x)
            return self.head(output[:, -1])

    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters())

    def step():
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step
