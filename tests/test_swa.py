"""Averaged models and their schedule, beside PyTorch's; the averages by hand."""

import pytest
from agreement import agree
from tinygrad_edu.optim import swa_utils

import tinygrad_edu as torch


def network(t):
    model = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.BatchNorm1d(2))
    with t.no_grad():
        for i, param in enumerate(model.parameters()):
            param.fill_(0.25 * (i + 1))
    return model


def inputs(t):
    return t.tensor([[1.0, -2.0], [0.5, 4.0], [-1.0, 0.25]])


def averaged(t, use_buffers=False, steps=4, **options):
    """The averaged parameters and buffers after each of some steps."""
    options = {name: make(t.optim.swa_utils) for name, make in options.items()}
    model = network(t)
    average = t.optim.swa_utils.AveragedModel(model, use_buffers=use_buffers, **options)
    seen = [list(average.state_dict())]
    for _ in range(steps):
        model(inputs(t))
        with t.no_grad():
            for param in model.parameters():
                param.mul_(2.0)
        average.update_parameters(model)
        seen.append([rounded(each.tolist()) for each in average.state_dict().values()])
    average.eval()
    return [*seen, rounded(average(inputs(t)).tolist()), next(average.parameters()).requires_grad]


def rounded(value):
    return [rounded(each) for each in value] if isinstance(value, list) else float(f"{value:.5g}")


def own_average(s):
    return lambda average, current, n: average + (current - average) * 0.25


def own_averages(s):
    def update(averages, currents, n):
        for average, current in zip(averages, currents, strict=True):
            average.add_(current)

    return update


def statistics(t):
    """Running statistics anew; the model's mode and momentum as before."""
    model = network(t).eval()
    model[1].momentum = 0.3
    t.optim.swa_utils.update_bn([inputs(t), (inputs(t) * 2, "label")], model)
    return rounded(model[1].running_mean.tolist()), rounded(model[1].running_var.tolist()), model.training, model[1].momentum


def schedule(t, *args, **options):
    parameters = [{"params": [t.ones(1, requires_grad=True)]}, {"params": [t.ones(1, requires_grad=True)], "lr": 0.5}]
    optimizer = t.optim.SGD(parameters, lr=0.1)
    scheduler = t.optim.swa_utils.SWALR(optimizer, *args, **options)
    seen = [scheduler.get_last_lr()]
    for _ in range(7):
        optimizer.step()
        scheduler.step()
        seen.append([float(f"{lr:.12g}") for lr in scheduler.get_last_lr()])
    return seen, sorted(set(scheduler.state_dict()) - {"_anneal_strategy"})


SCRIPTS = {
    "plain average": averaged,
    "plain average of buffers": lambda t: averaged(t, use_buffers=True, avg_fn=lambda s: s.get_swa_avg_fn()),
    "exponential average": lambda t: averaged(t, avg_fn=lambda s: s.get_ema_avg_fn(0.75)),
    "exponential averages": lambda t: averaged(t, multi_avg_fn=lambda s: s.get_ema_multi_avg_fn(0.75)),
    "plain averages": lambda t: averaged(t, multi_avg_fn=lambda s: s.get_swa_multi_avg_fn()),
    "own average": lambda t: averaged(t, avg_fn=own_average),
    "own averages": lambda t: averaged(t, use_buffers=False, multi_avg_fn=own_averages),
    "both": lambda t: averaged(t, avg_fn=own_average, multi_avg_fn=own_averages),
    "decay": lambda t: t.optim.swa_utils.get_ema_avg_fn(1.5),
    "statistics": statistics,
    "statistics of nothing": lambda t: t.optim.swa_utils.update_bn([], t.nn.Linear(1, 1)),
    "schedule": lambda t: schedule(t, 0.05),
    "linear schedule": lambda t: schedule(t, swa_lr=[0.05, 0.01], anneal_epochs=3, anneal_strategy="linear"),
    "schedule at once": lambda t: schedule(t, 0.05, 0),
    "strategy": lambda t: schedule(t, 0.05, anneal_strategy="square"),
    "epochs": lambda t: schedule(t, 0.05, -1),
}


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree(script)


def test_average_by_hand():
    model = torch.nn.Linear(1, 1, bias=False)
    average = swa_utils.AveragedModel(model)
    for value in (1.0, 2.0, 6.0):
        with torch.no_grad():
            model.weight.fill_(value)
        average.update_parameters(model)
    assert average.module.weight.item() == 3.0
    assert average.n_averaged.item() == 3
    assert model.weight.item() == 6.0
