"""What all distributions share (https://docs.pytorch.org/docs/2.13/distributions.html)."""

from __future__ import annotations

from typing import Any

from ..autograd.grad_mode import no_grad
from ..size import Size
from ..tensor import Tensor

__all__ = ["Distribution"]


class Distribution:
    """A batch of independent distributions of one kind.

    Args:
        batch_shape: the shape of the batch, that of the parameters, broadcast.
        event_shape: the shape of one draw.
        validate_args: whether parameters and values are checked; True by default.
    """

    has_rsample = False
    _parameters: tuple[str, ...] = ()
    """The names of the parameters; the printed form shows those that were given, or computed from them."""

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        self._validate_args = validate_args is not False

    def _require(self, name: str, holds: Any, constraint: str) -> None:
        """Raise PyTorch's ValueError unless ``holds`` everywhere."""
        value = getattr(self, name)
        if self._validate_args and not bool(holds(value.detach()).all()):
            raise ValueError(
                f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                f"{self!r} to satisfy the constraint {constraint}, but found invalid values:\n{value}"
            )

    def _require_value(self, value: Any, holds: Any, constraint: str) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        if not bool(holds(value.detach()).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
                f"({constraint}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw of one of them."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError

    @property
    def variance(self) -> Tensor:
        """The expected squared distance from the mean."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """√variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of shape ``sample_shape + batch_shape + event_shape``, without a way back to the parameters."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws as a function of the parameters, through which gradients flow (the reparameterisation trick)."""
        raise NotImplementedError

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the probability, or of its density, at ``value``."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The expected value of -log p."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """exp(entropy)."""
        return self.entropy().exp()

    def __repr__(self) -> str:
        values = ((name, getattr(self, name)) for name in self._parameters if name in vars(self))
        parts = [f"{name}: {value if value.numel() == 1 else value.size()}" for name, value in values]
        return f"{type(self).__name__}({', '.join(parts)})"
