"""The sampler of a loader that sees one share of a data set."""

import math
from collections.abc import Iterator, Sized

from ...random import Generator, randperm
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index of a data set, from `rank` on, in an order that all replicas share.

    Args:
        dataset: the data set.
        num_replicas: the number of shares. There are no process groups here, so it must be given.
        rank: which share, from 0.
        shuffle: permute the indices, by a generator seeded with `seed + epoch`; call `set_epoch` for a new order.
        seed: the same number on every replica.
        drop_last: drop the tail that does not divide evenly, instead of repeating indices from the start.

    Raises:
        ValueError: `num_replicas` or `rank` is missing, or `rank` is not in [0, num_replicas - 1].
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise ValueError(
                "Default process group has not been initialized, please make sure to call init_process_group."
            )
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        n = len(dataset)
        self.num_samples = n // num_replicas if drop_last else math.ceil(n / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        indices = list(range(n))
        if self.shuffle:
            generator = Generator()
            generator.manual_seed(self.seed + self.epoch)
            indices = randperm(n, generator=generator).tolist()
        whole = (indices * math.ceil(self.total_size / n))[: self.total_size] if n else []
        return iter(whole[self.rank :: self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation of the next iteration."""
        self.epoch = epoch
