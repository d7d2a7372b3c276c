"""Learning rate schedulers: every number, state dict, warning and error beside PyTorch's."""

import copy
import gc
import math
import pickle
import warnings
import weakref

import pytest
from agreement import agree
from tinygrad_edu.optim import lr_scheduler

import tinygrad_edu as torch


def optimizer_of(t, name="SGD", groups=2, tensor=False, **options):
    params = [{"params": [t.ones(1, requires_grad=True)]} for _ in range(groups)]
    if groups > 1:
        params[1]["lr"] = t.tensor(0.5) if tensor else 0.5
    return getattr(t.optim, name)(params, lr=t.tensor(0.1) if tensor else 0.1, **options)


class Halving:
    def __init__(self):
        self.rate = 0.5

    def __call__(self, epoch):
        return self.rate**epoch


MAKERS = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "LambdaLR, each": lambda s, o: s.LambdaLR(o, [lambda epoch: epoch // 3, Halving()]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 1 / (epoch + 1)),
    "MultiplicativeLR, each": lambda s, o: s.MultiplicativeLR(o, (lambda epoch: 0.9, Halving())),
    "StepLR": lambda s, o: s.StepLR(o, 3),
    "StepLR, gamma": lambda s, o: s.StepLR(o, step_size=4, gamma=0.3),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], 0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR, options": lambda s, o: s.ConstantLR(o, 0.25, 7),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR, options": lambda s, o: s.LinearLR(o, 0.5, 0.1, 8),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o),
    "PolynomialLR, power": lambda s, o: s.PolynomialLR(o, total_iters=9, power=2.5),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 5, 0.01),
    "CosineAnnealingLR, once": lambda s, o: s.CosineAnnealingLR(o, T_max=25),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
    "CosineAnnealingWarmRestarts, longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.1, step_size_up=4),
    "CyclicLR, triangular2": lambda s, o: s.CyclicLR(o, [0.01, 0.1], [0.1, 0.2], 3, 5, "triangular2", base_momentum=0.7),
    "CyclicLR, exp_range": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 3, mode="exp_range", gamma=0.9, cycle_momentum=False),
    "CyclicLR, function": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 3, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "CyclicLR, object": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 3, scale_fn=Halving(), scale_mode="iterations"),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.2, 25),
    "OneCycleLR, linear": lambda s, o: s.OneCycleLR(o, [0.2, 0.3], epochs=5, steps_per_epoch=6, anneal_strategy="linear"),
    "OneCycleLR, three phases": lambda s, o: s.OneCycleLR(o, 0.2, 30, three_phase=True, pct_start=0.25, div_factor=10),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 6), s.ExponentialLR(o, 0.5)], milestones=[4, 10]
    ),
    "SequentialLR, in a sequence": lambda s, o: s.SequentialLR(
        o, [s.SequentialLR(o, [s.ConstantLR(o, 0.1), s.StepLR(o, 2)], [3]), s.ExponentialLR(o, 0.9)], [8]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)], optimizer=o),
    "ChainedScheduler, three": lambda s, o: s.ChainedScheduler([s.StepLR(o, 3), s.LinearLR(o), s.CosineAnnealingLR(o, 8)]),
}  # fmt: skip
OPTIMIZERS = {"SGD": {"momentum": 0.9}, "Adam": {}}


def described(scheduler):
    """The state dict without what belongs to one library's way of writing it."""
    state = {key: value for key, value in scheduler.state_dict().items() if not callable(value)}
    if "_schedulers" in state:
        state["_schedulers"] = [described(each) for each in scheduler._schedulers]
    return dict(sorted(state.items()))


def watched(optimizer):
    options = ("lr", "initial_lr", "momentum", "betas", "max_momentum", "base_momentum", "max_lr", "min_lr")
    return [{key: copy.copy(group[key]) for key in options if key in group} for group in optimizer.param_groups]


def schedule(t, name, optimizer_name="SGD", tensor=False, steps=25, **options):
    """All that can be seen in 25 epochs."""
    optimizer = optimizer_of(t, optimizer_name, tensor=tensor, **OPTIMIZERS[optimizer_name])
    scheduler = MAKERS[name](t.optim.lr_scheduler, optimizer)
    seen = [watched(optimizer), scheduler.get_last_lr(), described(scheduler)]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        seen += [watched(optimizer), scheduler.get_last_lr()]
    return [*seen, described(scheduler)]


@pytest.mark.oracle
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MAKERS)
def test_schedule_is_pytorchs(name, optimizer):
    agree(lambda t: schedule(t, name, optimizer))


@pytest.mark.oracle
@pytest.mark.parametrize("name", MAKERS)
def test_schedule_of_tensors_is_pytorchs(name):
    agree(lambda t: schedule(t, name, tensor=True, steps=10))


def jumped(t, name):
    """``step(epoch)`` takes the closed form, where there is one."""
    optimizer = optimizer_of(t, momentum=0.9)
    scheduler = MAKERS[name](t.optim.lr_scheduler, optimizer)
    seen = []
    for epoch in (0, 3, 7, 2, 11):
        optimizer.step()
        scheduler.step(epoch)
        seen.append((watched(optimizer), scheduler.last_epoch))
    scheduler.step()
    return [*seen, watched(optimizer)]


@pytest.mark.oracle
@pytest.mark.parametrize("name", MAKERS)
def test_jumps_are_pytorchs(name):
    agree(lambda t: jumped(t, name))


def resumed(t, name):
    """A new scheduler that is told ``last_epoch``."""
    kind = name.split(",")[0]
    optimizer = optimizer_of(t, momentum=0.9)
    scheduler = MAKERS[name](t.optim.lr_scheduler, optimizer)
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    arguments = {"StepLR": (3,), "ExponentialLR": (0.9,), "CosineAnnealingLR": (5, 0.01), "LinearLR": (), "PolynomialLR": (),
                 "ConstantLR": (), "MultiStepLR": ([2, 5, 5, 9], 0.5), "OneCycleLR": (0.2, 25), "CyclicLR": (0.01, 0.1, 4),
                 "CosineAnnealingWarmRestarts": (4,), "LambdaLR": (lambda epoch: 0.95**epoch,)}[kind]  # fmt: skip
    again = getattr(t.optim.lr_scheduler, kind)(optimizer, *arguments, last_epoch=scheduler.last_epoch)
    seen = [watched(optimizer)]
    for _ in range(4):
        optimizer.step()
        again.step()
        seen.append(watched(optimizer))
    return seen


RESUMABLE = [
    "StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR", "PolynomialLR", "ConstantLR", "MultiStepLR", "OneCycleLR",
    "CyclicLR", "CosineAnnealingWarmRestarts", "LambdaLR",
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", RESUMABLE)
def test_resumed_schedule_is_pytorchs(name):
    agree(lambda t: resumed(t, name))


@pytest.mark.filterwarnings("ignore:Detected call")  # PyTorch's too, where a sequence in a sequence is made
@pytest.mark.parametrize("name", MAKERS)
def test_state_dict_round_trip_goes_on_as_before(name):
    original, fresh = optimizer_of(torch, momentum=0.9), optimizer_of(torch, momentum=0.9)
    one, two = (MAKERS[name](lr_scheduler, each) for each in (original, fresh))
    for _ in range(6):
        original.step()
        one.step()
    fresh.step()
    saved = one.state_dict()
    before = repr(saved)
    two.load_state_dict(pickle.loads(pickle.dumps(saved)))
    fresh.load_state_dict(original.state_dict())
    for _ in range(8):
        for optimizer, scheduler in ((original, one), (fresh, two)):
            optimizer.step()
            scheduler.step()
        assert watched(fresh) == watched(original)
        assert one.get_last_lr() == two.get_last_lr()
    assert "_schedulers" in saved or repr(saved) == before


def test_step_lr_by_hand():
    optimizer = optimizer_of(torch, groups=1)
    scheduler = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    seen = []
    for _ in range(6):
        seen += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    assert seen == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]


def test_cosine_by_hand():
    optimizer = optimizer_of(torch, groups=1)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for epoch in range(1, 11):
        optimizer.step()
        scheduler.step()
        assert scheduler.get_last_lr()[0] == pytest.approx(0.05 * (1 + math.cos(math.pi * epoch / 10)), abs=1e-15)


# ---- plateau

METRICS = [3.0, 2.0, 2.0, 1.9999, 2.5, 1.5, float("nan"), 1.6, 1.7, 1.8, 1.49, 5.0, 5.0, 5.0, 5.0, 5.0, 0.1, 0.2, 0.3, 0.4, 0.5]
PLATEAUS = [
    {"patience": 2}, {"patience": 0, "factor": 0.5}, {"mode": "max", "patience": 1}, {"patience": 1, "cooldown": 2},
    {"threshold_mode": "abs", "threshold": 0.6, "patience": 1}, {"mode": "max", "threshold_mode": "abs", "patience": 1},
    {"patience": 0, "min_lr": [0.01, 0.2]}, {"patience": 0, "min_lr": 0.03}, {"patience": 0, "eps": 0.02},
]  # fmt: skip


def plateau(t, tensor=False, **options):
    optimizer = optimizer_of(t, tensor=tensor)
    scheduler = t.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    seen = [scheduler.get_last_lr()]
    for metric in METRICS:
        scheduler.step(t.tensor(metric) if tensor else metric)
        seen += [watched(optimizer), scheduler.get_last_lr(), scheduler.in_cooldown, scheduler.num_bad_epochs]
    return [*seen, described(scheduler)]


@pytest.mark.oracle
@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateau_is_pytorchs(options, tensor):
    agree(lambda t: repr(plateau(t, tensor, **options)))


def plateau_with_new_group(t, **options):
    optimizer = optimizer_of(t)
    scheduler = t.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, **options)
    optimizer.add_param_group({"params": [t.ones(1)], "lr": 4.0})
    scheduler.step(1)
    scheduler.step(2, 5)
    return watched(optimizer), scheduler.last_epoch


def plateau_state(t):
    one = t.optim.lr_scheduler.ReduceLROnPlateau(optimizer_of(t), "max", 0.5, 3)
    one.step(3)
    two = t.optim.lr_scheduler.ReduceLROnPlateau(optimizer_of(t))
    two.load_state_dict(one.state_dict())
    two.step(2)
    return described(two), two.mode_worse


# ---- warnings and errors


def scheduled_first(t):
    optimizer = optimizer_of(t)
    scheduler = t.optim.lr_scheduler.StepLR(optimizer, 1)
    scheduler.step()
    scheduler.step()
    return watched(optimizer)


def step_replaced(t):
    optimizer = optimizer_of(t)
    scheduler = t.optim.lr_scheduler.StepLR(optimizer, 1)
    optimizer.step = lambda: None
    optimizer.step()
    scheduler.step()
    return watched(optimizer)


def own_scheduler(t, base):
    class Own(getattr(t.optim.lr_scheduler, base)):
        def __init__(self, optimizer, power, last_epoch=-1):
            self.power = power
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            return [lr * (self.last_epoch + 1) ** self.power for lr in self.base_lrs]

    optimizer = optimizer_of(t)
    scheduler = Own(optimizer, 2)
    optimizer.step()
    scheduler.step()
    return watched(optimizer), described(scheduler)


def counted_steps(t):
    """The optimiser's step stays a method with its hooks and closures."""
    optimizer, seen = optimizer_of(t), []
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(len(args)))
    scheduler = t.optim.lr_scheduler.StepLR(optimizer, 1)
    t.optim.lr_scheduler.StepLR(optimizer, 2)
    seen.append(optimizer.step(lambda: 3))
    scheduler.step()
    return seen, optimizer.step.__name__


def lost_group(t):
    optimizer = optimizer_of(t)
    scheduler = t.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0)
    optimizer.add_param_group({"params": [t.ones(1)]})
    optimizer.step()
    scheduler.step()


def too_many_steps(t):
    optimizer = optimizer_of(t, momentum=0.9)
    scheduler = t.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 3)
    for _ in range(5):
        optimizer.step()
        scheduler.step()


def outside(t, name):
    optimizer = optimizer_of(t, momentum=0.9)
    return MAKERS[name](t.optim.lr_scheduler, optimizer).get_lr()


def sequence(t, *milestones, wrong=None):
    s, o = t.optim.lr_scheduler, optimizer_of(t)
    one = {
        None: lambda: s.StepLR(o, 1), "other": lambda: s.StepLR(optimizer_of(t), 1), "number": lambda: 3,
        "plateau": lambda: s.ReduceLROnPlateau(o),
    }[wrong]()  # fmt: skip
    return s.SequentialLR(o, [s.StepLR(o, 1), one], [*milestones])


def chain(t, wrong):
    s, o = t.optim.lr_scheduler, optimizer_of(t)
    one = {"other": lambda: s.StepLR(optimizer_of(t), 1), "plateau": lambda: s.ReduceLROnPlateau(o)}[wrong]()
    return s.ChainedScheduler([s.StepLR(o, 1), one])


CALLS = {
    "no optimiser": lambda s, o: s.StepLR(3, 1),
    "no optimiser, plateau": lambda s, o: s.ReduceLROnPlateau(3),
    "no optimiser, cycle": lambda s, o: s.CyclicLR(3, 1, 2),
    "no optimiser, one cycle": lambda s, o: s.OneCycleLR(3, 1, 2),
    "no initial_lr": lambda s, o: s.StepLR(o, 1, last_epoch=3),
    "too many functions": lambda s, o: s.LambdaLR(o, [abs] * 3),
    "no function": lambda s, o: s.MultiplicativeLR(o, 3),
    "factor above 1": lambda s, o: s.ConstantLR(o, 1.5),
    "start of 0": lambda s, o: s.LinearLR(o, 0),
    "end above 1": lambda s, o: s.LinearLR(o, end_factor=2),
    "T_0 of 0": lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
    "T_0 of 1.5": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1.5),
    "T_mult of 0": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 0),
    "eta_min of text": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 1, "0"),
    "negative epoch": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1).step(-1),
    "lrs of three": lambda s, o: s.CyclicLR(o, [1, 2, 3], 4),
    "unknown mode": lambda s, o: s.CyclicLR(o, 1, 2, mode="square"),
    "no momentum": lambda s, o: s.CyclicLR(o, 1, 2),
    "no momentum, one cycle": lambda s, o: s.OneCycleLR(o, 1, 2),
    "no total": lambda s, o: s.OneCycleLR(o, 1),
    "total of 0": lambda s, o: s.OneCycleLR(o, 1, 0),
    "epochs of 0": lambda s, o: s.OneCycleLR(o, 1, epochs=0, steps_per_epoch=1),
    "steps of 1.5": lambda s, o: s.OneCycleLR(o, 1, epochs=1, steps_per_epoch=1.5),
    "part of 2": lambda s, o: s.OneCycleLR(o, 1, 5, pct_start=2),
    "strategy": lambda s, o: s.OneCycleLR(o, 1, 5, anneal_strategy="square"),
    "plateau factor": lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
    "plateau mode": lambda s, o: s.ReduceLROnPlateau(o, "least"),
    "plateau threshold mode": lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="some"),
    "plateau bounds": lambda s, o: s.ReduceLROnPlateau(o, min_lr=[1]),
    "plateau verbose": lambda s, o: s.ReduceLROnPlateau(o, verbose=True),
    "empty sequence": lambda s, o: s.SequentialLR(o, [], []),
    "empty chain": lambda s, o: s.ChainedScheduler([]),
    "base class": lambda s, o: s.LRScheduler(o),
    "names": lambda s, o: sorted(s.__all__),
    "old name": lambda s, o: (s._LRScheduler.__name__, issubclass(s._LRScheduler, s.LRScheduler)),
}

SCRIPTS = {
    **{name: lambda t, call=call: call(t.optim.lr_scheduler, optimizer_of(t, "Adagrad")) for name, call in CALLS.items()},
    **{f"get_lr outside of step: {name}": lambda t, name=name: outside(t, name) for name in MAKERS if "SequentialLR" not in name
       and "Chained" not in name},
    "scheduled first": scheduled_first,
    "step replaced": step_replaced,
    "own scheduler": lambda t: own_scheduler(t, "LRScheduler"),
    "own scheduler, old name": lambda t: own_scheduler(t, "_LRScheduler"),
    "counted steps": counted_steps,
    "lost group": lost_group,
    "too many steps": too_many_steps,
    "sequence with too many milestones": lambda t: sequence(t, 1, 2),
    "sequence of another optimiser": lambda t: sequence(t, 1, wrong="other"),
    "sequence of numbers": lambda t: sequence(t, 1, wrong="number"),
    "sequence with plateau": lambda t: sequence(t, 1, wrong="plateau"),
    "chain of another optimiser": lambda t: chain(t, "other"),
    "chain with plateau": lambda t: chain(t, "plateau"),
    "plateau with new group": plateau_with_new_group,
    "plateau with new group, bounds": lambda t: plateau_with_new_group(t, min_lr=[0.1, 0.1]),
    "plateau state": plateau_state,
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_agrees_with_pytorch(script):
    agree(script)


def test_scheduler_before_optimiser_is_warned_of():
    optimizer = optimizer_of(torch)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()


def test_scheduled_optimiser_can_be_copied_and_is_freed_at_once():
    optimizer = optimizer_of(torch, momentum=0.9)
    lr_scheduler.StepLR(optimizer, 1)
    twin = pickle.loads(pickle.dumps(copy.deepcopy(optimizer)))
    twin.step()
    assert not hasattr(optimizer, "_opt_called")
    gc.collect()
    gc.disable()
    try:
        watch = weakref.ref(optimizer)
        del optimizer
        assert watch() is None
    finally:
        gc.enable()
