"""``DataParallel``, ``distributed``, ``multiprocessing`` and ``checkpoint`` where one process and no GPU is all there is."""

import os

import pytest

import tinygrad_edu as torch
import tinygrad_edu.distributed as dist
import tinygrad_edu.multiprocessing as mp
from tinygrad_edu import nn
from tinygrad_edu.utils.checkpoint import checkpoint, checkpoint_sequential


@pytest.fixture
def group():
    dist.init_process_group("gloo", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_data_parallel_is_its_module_under_a_prefix():
    inner = nn.Linear(2, 3)
    model = nn.DataParallel(inner, device_ids=[0])
    assert torch.equal(model(torch.ones(1, 2)), inner(torch.ones(1, 2)))
    assert list(model.state_dict()) == ["module.weight", "module.bias"] and model.module is inner and model.device_ids == []
    assert repr(model) == "DataParallel(\n  (module): Linear(in_features=2, out_features=3, bias=True)\n)"


def test_a_group_of_one_answers(group):
    model = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
    with model.no_sync():
        model(torch.ones(1, 2)).sum().backward()
    assert model.module.weight.grad.tolist() == [[1, 1]]
    x, gathered = torch.ones(2), [torch.zeros(2)]
    dist.all_reduce(x), dist.broadcast(x, 0), dist.barrier(), dist.all_gather(gathered, x)
    assert gathered[0].tolist() == x.tolist() == [1, 1]
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend(), dist.is_initialized()) == (0, 1, "gloo", True)
    with pytest.raises(ValueError, match="trying to initialize the default process group twice!"):
        dist.init_process_group("gloo", rank=0, world_size=1)
    with pytest.raises(RuntimeError, match="is not needed when a module doesn't have any parameter"):
        nn.parallel.DistributedDataParallel(nn.ReLU())


def test_without_a_group_there_is_no_rank(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    for call in (dist.get_rank, dist.barrier, lambda: nn.parallel.DistributedDataParallel(nn.Linear(1, 1))):
        with pytest.raises(ValueError, match="Default process group has not been initialized"):
            call()
    with pytest.raises(ValueError, match="environment variable WORLD_SIZE expected, but not set"):
        dist.init_process_group("gloo")
    with pytest.raises(RuntimeError, match="groups of one process only"):
        dist.init_process_group("gloo", rank=0, world_size=2)
    with pytest.raises(RuntimeError, match="doesn't have NCCL built in"):
        dist.init_process_group("nccl", rank=0, world_size=1)
    assert not dist.is_initialized()


def _write(i, folder):
    with open(os.path.join(folder, str(i)), "w") as file:
        file.write(str(i * 2))


def _fail(i):
    raise KeyError("lost")


def test_spawn_runs_processes_and_raises_what_they_raise(tmp_path):
    mp.spawn(_write, (str(tmp_path),), nprocs=2, start_method="fork")
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["0", "2"]
    message = r"(?s)Process 0 terminated with the following error:.*KeyError: 'lost'"
    with pytest.raises(mp.ProcessRaisedException, match=message):
        mp.spawn(_fail, start_method="fork")
    assert mp.Process is __import__("multiprocessing").Process
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system"
    mp.set_sharing_strategy("file_descriptor")


def test_checkpoints_give_the_gradients_of_a_plain_run():
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    checkpoint(torch.exp, x, use_reentrant=False).sum().backward()
    assert torch.equal(x.grad, x.exp())
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    assert torch.equal(checkpoint_sequential(model, 2, x, use_reentrant=False), model(x))
