"""One step of a two-layer GRU over 32 steps with SGD: batch 16, 32 features, hidden size 64, a loss at every step."""


def setup(torch):
    nn = torch.nn
    torch.manual_seed(0)
    x, y = torch.randn(32, 16, 32), torch.randn(32, 16, 1)
    gru, head = nn.GRU(32, 64, num_layers=2), nn.Linear(64, 1)
    optimizer = torch.optim.SGD([*gru.parameters(), *head.parameters()], lr=0.01)

    def step():
        loss = nn.functional.mse_loss(head(gru(x)[0]), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step
