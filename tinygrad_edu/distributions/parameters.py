"""Parameters of distributions: numbers and tensors brought to one shape; probabilities and their logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor

__all__ = ["broadcast", "clamped", "exactly_one"]


def broadcast(*values: Any) -> Any:
    """Tensors of one shape; numbers take the dtype of the tensors."""
    import tinygrad_edu as torch

    given = [each for each in values if isinstance(each, Tensor)]
    kind = given[0].dtype if given else torch.get_default_dtype()
    return torch.broadcast_tensors(*(each if isinstance(each, Tensor) else torch.tensor(each, dtype=kind) for each in values))


def exactly_one(probs: Any, logits: Any) -> None:
    """Raise PyTorch's ValueError unless one of both is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def clamped(probs: Tensor) -> Tensor:
    """Probabilities a little off 0 and 1, so that their logarithms are finite."""
    eps = float(np.finfo(probs._array.dtype).eps)
    done: Tensor = probs.clamp(eps, 1 - eps)
    return done
